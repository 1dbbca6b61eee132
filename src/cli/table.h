/* cli/table.h: rows of cells on stdout: aligned for people at a terminal, separated by tabs for programs. */
#ifndef FM_CLI_TABLE_H
#define FM_CLI_TABLE_H

#include "base/buf.h"

typedef struct Table {
    Arena *arena;
    size_t columns;
    Str   *cells; /* row by row; borrowed */
    size_t rows, capacity;
} Table;

Table table_new(Arena *arena, size_t columns);
void  table_row(Table *table, const Str *cells);
/* The text: aligned by the columns that characters take on a terminal, or tab-separated; tabs and line ends
 * inside a cell become blanks. */
Str  table_text(const Table *table, bool aligned);
void table_print(const Table *table); /* aligned when stdout is a terminal */

#endif
