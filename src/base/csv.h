/* base/csv.h: comma-separated values, row by row.
 *
 * Source   RFC 4180; LF and CRLF, a UTF-8 byte order mark, a last line without its end are taken. A quote inside an
 *          unquoted cell, text after a closing quote and an open quote at the end are errors at their line.
 * Formulas A spreadsheet takes a cell that begins with = + - @, a tab, CR or LF for a formula, and runs it; in East
 *          Asia also one that begins with their wide forms. So what somebody typed is written with an apostrophe
 *          before such a sign, and one more where apostrophes stand before it already, so that reading gets back
 *          exactly what was written. Numbers and dates are no such text.
 * Shape    Csv walks over text that the caller keeps. */
#ifndef FM_BASE_CSV_H
#define FM_BASE_CSV_H

#include "base/buf.h"
#include "base/err.h"

#define CSV_CELLS_MAX       512
#define CSV_BYTE_ORDER_MARK "\xEF\xBB\xBF"
#define CSV_LIST_SEPARATOR  ";" /* of several codes or ids in one cell */

typedef struct Csv {
    Str    rest;
    size_t line;      /* of the row last read, counted from 1; after an error, of the fault */
    size_t next_line; /* where the next row begins: a quoted cell may span lines */
} Csv;

Csv csv_open(Str text);
/* Next row into cells (arena); *more is false at the end. ECODE_CSV_SYNTAX, ECODE_CSV_CELLS. */
Err  csv_next(Csv *csv, Arena *arena, Str **cells, size_t *count, bool *more) MUST_CHECK;
void csv_write_cell(Buf *buf, Str cell); /* quoted where it must be */
void csv_write_text(Buf *buf, Str cell); /* so that it is no formula */
Str  csv_text(Str cell);                 /* what csv_write_text() wrote, without its apostrophe */

#endif
