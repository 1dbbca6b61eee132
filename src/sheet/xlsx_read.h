/* sheet/xlsx_read.h: the rows of a spreadsheet file, one after the other.
 *
 * Source   ECMA-376 part 1 (Office Open XML, SpreadsheetML), by libzip and expat: shared and inline strings, numbers,
 *          truths, dates in the systems of 1900 and 1904.
 * Cells    are given as text, as somebody would type them: numbers plain and with the 15 significant digits that
 *          spreadsheets show (0.1 + 0.2 is 0.3), percentages as the number they stand for (15 % is 0.15), dates
 *          YYYY-MM-DD, dates with a time YYYY-MM-DDTHH:MM:SS without zone, truths true and false, errors as #N/A. Of a
 *          formula counts the value that was last worked out for it. Hidden rows and columns are rows and columns.
 * Rows     without any value are passed over. Rows and cells may be missing; a row ends at its last value.
 * Refused  merged cells, since nobody can say whose value it is; a formula without a value; a file with a password, or
 *          of the old .xls kind; a file with a document type, or that unpacks to more than the limits say.
 * Memory   a row at a time, and all shared strings of the file (LIMIT_SHEET_TEXT_BYTES). */
#ifndef FM_SHEET_XLSX_READ_H
#define FM_SHEET_XLSX_READ_H

#include "base/err.h"

typedef struct XlsxReader XlsxReader;

/* What reading a file came to, counted: what a hostile one costs is bounded by these, and tests hold it to them. */
typedef struct XlsxWork {
    size_t rows;     /* that have a value */
    size_t cells;    /* of them, the empty ones before a value too */
    size_t bytes;    /* unpacked */
    size_t elements; /* of XML */
    size_t strings;  /* shared ones, kept */
    size_t lookups;  /* comparisons for the number formats of cells */
} XlsxWork;

typedef struct XlsxRow {
    size_t line; /* counted from 1, as the spreadsheet shows it */
    Str   *cells;
    size_t count;
} XlsxRow;

/* The sheet of that name, or else of that place, counted from 1; empty: the first one that is not hidden. Reads the
 * whole sheet once, so that nothing of a file that is refused is taken; *work: what that came to, also when it is
 * refused. Errors, each with its problem: ECODE_SHEET_FOREIGN, _LOCKED, _DAMAGED, _LARGE, _MERGED, _FORMULA, _NONE;
 * ECODE_FILE_MISSING. */
Err xlsx_open(Str path, Str sheet, XlsxReader **out, XlsxWork *work, Problems *problems) MUST_CHECK;
/* The next row that has a value, in the arena; *more is false at the end. Errors as above. */
Err                xlsx_next(XlsxReader *reader, Arena *arena, XlsxRow *out, bool *more, Problems *problems) MUST_CHECK;
void               xlsx_close(XlsxReader *reader); /* NULL does nothing */
static inline void xlsx_freep(XlsxReader **reader) { xlsx_close(*reader); }

#endif
