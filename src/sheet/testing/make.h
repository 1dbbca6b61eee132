/* sheet/testing/make.h: spreadsheet files as tests want them: right ones, and such as no program would write. */
#ifndef FM_SHEET_TESTING_MAKE_H
#define FM_SHEET_TESTING_MAKE_H

#include "base/arena.h"

typedef struct MadePart {
    const char *name;
    Str         text;
} MadePart;

/* A zip of these parts. */
void make_package(const char *path, const MadePart *parts, size_t count);
/* A workbook with the one sheet "Data", whose sheetData is rows; behind: what follows sheetData. Its styles: 1 a date,
 * 2 a date with a time, 3 a percentage, 4 a time, 5 "yyyy年m月d日". Its shared strings: 0 "first", 1 "二" (with a reading
 * aloud), 2 "rich text" in runs. */
void make_workbook(Arena *arena, const char *path, const char *rows, const char *behind);
/* The same with the bytes of one part in place of its own: 0 the relations, 1 the workbook, 2 its relations, 3 styles,
 * 4 shared strings, 5 the sheet. */
#define MADE_PARTS 6
void make_workbook_with(Arena *arena, const char *path, size_t part, Str text);

#endif
