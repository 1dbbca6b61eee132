/* sheet/xlsx_write.h: a spreadsheet file of one table, row by row; the book around the rows is libxlsxwriter's, and
 * libzip packs it.
 *
 * Head     bold, kept in sight, with a filter, and a note where a column has one. A column that takes one of a few
 *          words has a drop-down of them, for XLSX_OPEN_ROWS rows below the head.
 * Cells    text is text whatever it begins with, and runs as no formula; dates and numbers are such, with their digits.
 *          A number of more digits than a spreadsheet keeps (15) is written as text, so that none is
 *          lost. Text that does not fit is cut, and fills its cell with "…"; the reader refuses such a cell.
 * Memory   a row at a time: rows go to a temporary file in folder, which has no name there. finish() packs it, which
 *          takes about as long as writing all rows did, into a file beside it that then takes its name. */
#ifndef FM_SHEET_XLSX_WRITE_H
#define FM_SHEET_XLSX_WRITE_H

#include "base/err.h"

#define XLSX_ROWS_MAX  1048575 /* below the head */
#define XLSX_OPEN_ROWS 10000   /* of a template */

typedef enum XlsxKind { XLSX_TEXT, XLSX_NUMBER, XLSX_DATE, XLSX_TRUTH } XlsxKind;

typedef struct XlsxColumn {
    Str        head;
    Str        note; /* may be empty */
    XlsxKind   kind;
    unsigned   scale; /* XLSX_NUMBER: digits shown after the point */
    const Str *words; /* of the drop-down */
    size_t     word_count;
} XlsxColumn;

typedef struct XlsxWriter XlsxWriter;

/* path: made anew. sheet: the name of the sheet, cut to what spreadsheets allow. Errors as file_write(). */
Err xlsx_begin(Str path, Str folder, Str sheet, const XlsxColumn *columns, size_t count, XlsxWriter **out) MUST_CHECK;
/* One cell a column, as text: a number plain, a date YYYY-MM-DD, a truth "true" or "false"; empty: nothing.
 * ECODE_SHEET_ROWS beyond XLSX_ROWS_MAX. */
Err xlsx_add(XlsxWriter *writer, const Str *cells) MUST_CHECK;
/* Packs the file, and frees the writer, also when it fails. May run on another thread than the rest. */
Err  xlsx_finish(XlsxWriter *writer) MUST_CHECK;
void xlsx_drop(XlsxWriter *writer); /* instead: the file goes; NULL does nothing */

#endif
