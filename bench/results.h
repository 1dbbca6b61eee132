/* bench/results.h: results as an institution would send them, RESULT_COLUMNS columns a row, as files.
 *
 * Errors   false, with the reason on stderr. */
#ifndef FM_BENCH_RESULTS_H
#define FM_BENCH_RESULTS_H

#include "base/err.h"
#include "load.h"

enum { RESULT_COLUMNS = 12 };

bool well(Err err); /* complains when it is none */
void result_cells(Arena *arena, int64_t rows, int64_t at, Str cells[RESULT_COLUMNS]);
bool results_csv(Arena *arena, Str path, int64_t rows);
bool results_xlsx(Str folder, Str path, int64_t rows);

#endif
