/* cli/sheet.h: a table in a file, row by row, as fields of a type.
 *
 * Formats  CSV (base/csv.h) with a header line, and JSON Lines, one object a line; each also as .gz. UTF-8 with or
 *          without byte order mark; blank lines are skipped.
 * Columns  of CSV: the header; of JSON Lines: every member that some object has. Without a map each is the name of a
 *          field, or its label in either language; one that is none is a fault of the whole file, found before its
 *          first row is given out. A column "errors" that is no field is skipped, so that a file of refused rows can
 *          be mended and imported as it is; and columns of what the city keeps itself or works out (number, state,
 *          computed fields), so that what was exported can be imported. An object with an object `fields` is a record
 *          as the API shows it: the members are those of `fields`.
 * Map      a JSON object {field: column}; then only mapped columns are read.
 * Values   of CSV by the field's kind, as input_from_text() reads them and csv_write_text() wrote them; truths are also
 *          yes, no, 是, 否, choices also their labels; an empty cell is missing. JSON values go as they are; an array
 *          for a text field is joined by "；". What does not fit is left as text, for the API to refuse with its
 *          reason.
 * Errors   ECODE_IMPORT_FORMAT, _MAP, _HEADER, _COLUMN, _TWICE, ECODE_TEXT_ENCODING, ECODE_CSV_SYNTAX (anywhere
 *          in the file: nothing is given out), file errors. A row of its own fault (cells, JSON) is given out
 *          with its problems. */
#ifndef FM_CLI_SHEET_H
#define FM_CLI_SHEET_H

#include "base/csv.h"
#include "base/json.h"
#include "kernel/type.h"

#define SHEET_COLUMNS_MAX CSV_CELLS_MAX
#define SHEET_ERRORS      "errors" /* the column that sheet_refused_row() adds */

typedef struct SheetChoice {
    Str  code;
    Text label;
} SheetChoice;

typedef struct SheetField {
    Str          name;
    FieldKind    kind;
    Text         label;
    SheetChoice *choices;
    size_t       choice_count;
    bool         later; /* no new record takes it, another step does: the API refuses a row that has a value of it */
} SheetField;

typedef struct SheetType {
    Text        label;
    SheetField *fields; /* those that people give */
    size_t      count;
    SheetField *kept; /* those that nobody gives: the city keeps them, or works them out */
    size_t      kept_count;
} SheetType;

typedef struct SheetLink { /* a column that is read, and into what */
    const SheetField *field;
    size_t            column;
} SheetLink;

typedef struct Sheet {
    const SheetType *type;
    bool             lines; /* JSON Lines, not CSV */
    Str              text;
    Str             *columns;
    size_t           column_count;
    SheetLink       *links;
    size_t           link_count;
    Str             *passed_over; /* columns of what the city keeps */
    size_t           passed_count;
    size_t           rows; /* all there are */
    /* where it stands: */
    Csv    csv;
    Str    rest;
    size_t line;
} Sheet;

typedef struct SheetRow {
    size_t      line;     /* where it begins, counted from 1 */
    Json       *fields;   /* for the API; NULL when problems say what is wrong */
    Problems    problems; /* of the row itself */
    Str        *cells;    /* CSV: as they were */
    size_t      cell_count;
    const Json *object; /* JSON Lines: as it was; NULL when the line is no object */
    Str         text;   /* JSON Lines: the line */
} SheetRow;

/* Fields from what GET /api/v1/types/{type} says in each language: those that its creating step takes, and those of
 * later steps. */
SheetType sheet_type(Arena *arena, const Json *const described[LANG_COUNT]);

/* map.ptr NULL: none. problems get everything that is wrong with the columns. */
Err sheet_open(Arena *arena, Str path, Str map, const SheetType *type, Sheet *out, Problems *problems) MUST_CHECK;
/* The same for text in hand; lines as in Sheet; map is the parsed map or NULL. */
Err sheet_read(Arena *arena, Str text, bool lines, const Json *map, const SheetType *type, Sheet *out,
               Problems *problems) MUST_CHECK;
/* The next row, in the arena; false at the end. */
bool sheet_next(Sheet *sheet, Arena *arena, SheetRow *out);

/* A file of refused rows in the sheet's format: its head, then each row with what was wrong. */
void sheet_refused_head(const Sheet *sheet, Buf *out);
void sheet_refused_row(const Sheet *sheet, Buf *out, const SheetRow *row, Str errors);

#endif
