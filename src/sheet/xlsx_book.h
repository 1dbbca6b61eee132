/* sheet/xlsx_book.h: what stands around the rows of a spreadsheet file: its sheets, shared strings, and the formats of
 * its cells. Private to sheet/. */
#ifndef FM_SHEET_XLSX_BOOK_H
#define FM_SHEET_XLSX_BOOK_H

#include "sheet/cells.h"
#include "sheet/xlsx_part.h"

typedef struct XlsxBook {
    Arena      *arena;
    Package    *package;
    XlsxWork   *work;
    Str         sheet; /* name of the part with the rows */
    bool        since_1904;
    char       *text; /* all shared strings, one behind the other */
    size_t      text_len, text_room;
    size_t     *string_ends;
    size_t      string_count, string_room;
    CellFormat *formats; /* by the style of a cell */
    size_t      format_count, format_room;
} XlsxBook;

/* Errors and sheet as xlsx_open() says; work lives as long as the book. */
Err  book_open(XlsxBook *book, Arena *arena, Str path, Str sheet, XlsxWork *work, Problems *problems) MUST_CHECK;
void book_close(XlsxBook *book);
/* False when there is no such string. */
bool book_string(const XlsxBook *book, int64_t index, Str *out);

#endif
