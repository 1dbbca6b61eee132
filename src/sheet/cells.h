/* sheet/cells.h: what a cell of a spreadsheet file says, as text. Pure; the manual of xlsx_read.h says which texts.
 *
 * Source   ECMA-376 part 1: 18.3.1.4 (c), 18.8.30 (numFmt), 18.17.4.1 (dates), 22.9.2.19 (ST_Xstring). */
#ifndef FM_SHEET_CELLS_H
#define FM_SHEET_CELLS_H

#include "base/arena.h"

/* "BC12" -> column 54 (A is 0), line 12; false for anything else, and past column XFD or line 1048576. */
bool cell_place(Str reference, size_t *column, size_t *line);
Str  cell_name(Arena *arena, size_t column, size_t line);

typedef enum CellFormat { CELL_PLAIN, CELL_DATE, CELL_TIME, CELL_DATE_TIME } CellFormat;
/* How a number format shows a number: of the built-in ones, those of East Asia included, and of a format's own code. */
CellFormat cell_format_built_in(int64_t id);
CellFormat cell_format_of(Str code);

/* A stored number as a spreadsheet shows it: plain, at most 15 significant digits. What is no number stays as it is. */
Str cell_number(Arena *arena, Str stored);
/* A stored number as a date or time; false when it is none. since_1904: the file counts days from 1904. */
bool cell_date(Arena *arena, Str stored, CellFormat format, bool since_1904, Str *out);
#define CELL_UNITS_MAX 32767 /* UTF-16 units of a cell's text; a spreadsheet cuts what is longer */
size_t cell_units(Str text);
/* "_x000A_" is the character that XML cannot say. */
Str cell_unescape(Arena *arena, Str text);
/* The other way: what only looks like such a character is written so that it stays as it is. */
Str  cell_escape(Arena *arena, Str text);
bool cell_escapes(Str text, size_t at); /* does such a thing begin there? */

#endif
