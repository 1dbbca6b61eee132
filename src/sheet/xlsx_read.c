#include "sheet/xlsx_read.h"

#include "base/buf.h"
#include "base/csv.h"
#include "base/limits.h"
#include "sheet/xlsx_book.h"

#include <stdlib.h>

#define MERGED_TOLD 5 /* addresses */

#define NAMED(element, word) str_eq((element), STR(word))

struct XlsxReader {
    XlsxBook     book;
    XlsxWork     work;
    Part        *part;
    PartHandlers handlers;
    Problems    *problems; /* of the call */
    Err          err;
    bool         ends; /* the rows are over */
    Arena       *out;  /* of the row */
    XlsxRow      row;
    size_t       room, row_bytes, line, column; /* of the cell at hand; the next one's when it does not say */
    char         kind;                          /* of its value: n s b e t (text) d, as its attribute t begins */
    int64_t      style;
    bool         taking, formula, valued; /* within <v> or <t>; has <f>; has a value */
    int          phonetic;
    Buf          text;
    Buf          merged;
    size_t       merged_count;
};

/* ---- a cell ---- */

static CellFormat format_of(const XlsxReader *reader)
{
    const XlsxBook *book = &reader->book;
    return reader->style >= 0 && (uint64_t)reader->style < book->format_count ? book->formats[reader->style]
                                                                              : CELL_PLAIN;
}

static void refuse(XlsxReader *reader, ErrCode code, const char *name, Str value)
{
    const ErrArg args[] = { ARG(name, value) };
    if (reader->err.kind)
        return;
    problem_add(reader->problems, code, STR_NONE, STR_NONE, args, 1);
    reader->err = err_make(code, "%.*s", STR_FMT(value));
}

static Str shared(XlsxReader *reader, Str index)
{
    int64_t number;
    Str     out = STR_NONE;
    if (!str_int(index, &number) || !book_string(&reader->book, number, &out))
        refuse(reader, ECODE_SHEET_DAMAGED, "part", cell_name(reader->problems->arena, reader->column, reader->line));
    return out;
}

/* Dates that the file spells out; midnight is no time. */
static Str spelled_date(Str text)
{
    static const Str midnight = STR_INIT("T00:00:00");
    size_t           at = str_find(text, midnight);
    return at < text.len ? str_slice(text, 0, at) : text;
}

static Str cell_text(XlsxReader *reader)
{
    Str stored = buf_str(&reader->text), out;
    switch (reader->kind) {
    case 's': return str_dup(reader->out, shared(reader, str_trim(stored)));
    case 'b': return str_eq(str_trim(stored), STR("1")) ? STR("true") : STR("false");
    case 'd': return str_dup(reader->out, spelled_date(str_trim(stored)));
    case 'e':
    case 't': return str_dup(reader->out, cell_unescape(reader->out, stored));
    default: break;
    }
    stored = str_trim(stored);
    if (cell_date(reader->out, stored, format_of(reader), reader->book.since_1904, &out))
        return out;
    return str_dup(reader->out, cell_number(reader->out, stored));
}

static void keep_cell(XlsxReader *reader, Str text)
{
    XlsxRow *row = &reader->row;
    size_t   had = row->count;
    reader->row_bytes += text.len;
    if (reader->column >= CSV_CELLS_MAX || reader->row_bytes > LIMIT_SHEET_ROW_BYTES) {
        refuse(reader, ECODE_SHEET_LARGE, "part", cell_name(reader->problems->arena, reader->column, reader->line));
        return;
    }
    while (reader->room <= reader->column)
        row->cells = arena_room(reader->out, row->cells, reader->room, &reader->room, sizeof *row->cells);
    for (; row->count < reader->column; row->count++)
        row->cells[row->count] = STR("");
    row->cells[reader->column] = text;
    reader->work.cells += reader->column + 1 - had;
    row->count = reader->column + 1;
}

static void cell_end(XlsxReader *reader)
{
    if (reader->formula && !reader->valued)
        refuse(reader, ECODE_SHEET_FORMULA, "cell", cell_name(reader->problems->arena, reader->column, reader->line));
    if (buf_full(&reader->text))
        refuse(reader, ECODE_SHEET_LARGE, "part", cell_name(reader->problems->arena, reader->column, reader->line));
    Str text = reader->valued && !reader->err.kind ? cell_text(reader) : STR_NONE;
    if (text.len >= CELL_UNITS_MAX && cell_units(text) >= CELL_UNITS_MAX)
        refuse(reader, ECODE_SHEET_FULL, "cell", cell_name(reader->problems->arena, reader->column, reader->line));
    if (text.len && reader->column < reader->row.count) /* cells come in their order */
        refuse(reader, ECODE_SHEET_DAMAGED, "part", cell_name(reader->problems->arena, reader->column, reader->line));
    if (text.len && !reader->err.kind)
        keep_cell(reader, text);
    reader->column++;
}

static char kind_of(Str type)
{
    if (!type.len)
        return 'n';
    return str_eq(type, STR("str")) || str_eq(type, STR("inlineStr")) ? 't' : type.ptr[0];
}

static void cell_start(XlsxReader *reader, const char **attributes)
{
    Str    reference = attribute(attributes, STR("r"));
    size_t line = reader->line;
    reader->kind = kind_of(attribute(attributes, STR("t")));
    reader->formula = reader->valued = false;
    reader->text.len = 0;
    reader->text.full = false;
    if (!str_int(attribute(attributes, STR("s")), &reader->style))
        reader->style = 0;
    if (reference.ptr && (!cell_place(reference, &reader->column, &line) || line != reader->line))
        refuse(reader, ECODE_SHEET_DAMAGED, "part", str_dup(reader->problems->arena, reference));
}

/* ---- the sheet ---- */

static void row_start(XlsxReader *reader, const char **attributes)
{
    int64_t line = (int64_t)reader->line + 1, given;
    if (str_int(attribute(attributes, STR("r")), &given)) {
        if (given < line)
            refuse(reader, ECODE_SHEET_DAMAGED, "part", str_printf(reader->problems->arena, "%lld", (long long)given));
        line = given;
    }
    if (line > LIMIT_SHEET_ROWS)
        refuse(reader, ECODE_SHEET_LARGE, "part", str_printf(reader->problems->arena, "%lld", (long long)line));
    reader->line = (size_t)line;
    reader->column = reader->room = reader->row_bytes = 0;
    reader->row = (XlsxRow){ .line = reader->line };
}

static void merged_add(XlsxReader *reader, Str cells)
{
    if (!memchr(cells.len ? cells.ptr : "", ':', cells.len))
        return; /* one cell alone */
    if (++reader->merged_count > MERGED_TOLD)
        return;
    if (reader->merged.len)
        buf_add(&reader->merged, STR(", "));
    buf_add(&reader->merged, cells);
}

static void sheet_start(void *context, Str name, const char **attributes)
{
    XlsxReader *reader = context;
    if (NAMED(name, "c"))
        cell_start(reader, attributes);
    else if (NAMED(name, "row"))
        row_start(reader, attributes);
    else if (NAMED(name, "f"))
        reader->formula = true;
    else if (NAMED(name, "rPh"))
        reader->phonetic++;
    else if (NAMED(name, "mergeCell"))
        merged_add(reader, attribute(attributes, STR("ref")));
    reader->taking = NAMED(name, "v") || (NAMED(name, "t") && !reader->phonetic);
    reader->valued = reader->valued || reader->taking;
}

static void sheet_text(void *context, Str text)
{
    XlsxReader *reader = context;
    if (reader->taking)
        buf_add(&reader->text, text);
}

static void sheet_end(void *context, Str name)
{
    XlsxReader *reader = context;
    reader->taking = false;
    if (NAMED(name, "c"))
        cell_end(reader);
    else if (NAMED(name, "rPh"))
        reader->phonetic--;
    else if (NAMED(name, "row") && reader->row.count && !reader->err.kind)
        part_pause(reader->part);
    reader->ends = reader->ends || NAMED(name, "sheetData");
}

static Err begin_rows(XlsxReader *reader)
{
    part_close(reader->part);
    reader->part = NULL;
    reader->ends = false;
    reader->line = 0;
    reader->phonetic = 0;
    reader->row = (XlsxRow){ 0 };
    TRY(part_open(reader->book.package, reader->book.sheet, &reader->handlers, &reader->part, reader->problems));
    return reader->part ? ERR_OK : part_damaged(reader->problems, reader->book.sheet, "not there");
}

/* To the end of the next row that has a value, or of the part. */
static Err read_row(XlsxReader *reader, Arena *arena, bool *more)
{
    bool ended;
    reader->out = arena;
    reader->row = (XlsxRow){ 0 };
    reader->room = 0;
    TRY(part_read(reader->part, &ended, reader->problems));
    *more = !ended;
    return ERR_OK;
}

static Err scan(XlsxReader *reader)
{
    OWNED(arena) Arena *scratch = arena_new();
    for (bool more;;) {
        arena_reset(scratch);
        TRY(read_row(reader, scratch, &more));
        if (!more)
            break;
        reader->work.rows++;
    }
    if (reader->merged_count > MERGED_TOLD)
        buf_add(&reader->merged, STR(" …"));
    if (reader->merged_count)
        refuse(reader, ECODE_SHEET_MERGED, "cells", buf_str(&reader->merged));
    return reader->err;
}

static Err open_all(XlsxReader *reader, Str path, Str sheet)
{
    TRY(book_open(&reader->book, arena_new(), path, sheet, &reader->work, reader->problems));
    reader->text = buf_new(reader->book.arena, LIMIT_SHEET_CELL_BYTES);
    reader->merged = buf_new(reader->book.arena, SIZE_MAX);
    reader->handlers = (PartHandlers){ sheet_start, sheet_end, sheet_text, reader, &reader->err };
    TRY(begin_rows(reader));
    TRY(scan(reader));
    return begin_rows(reader);
}

Err xlsx_open(Str path, Str sheet, XlsxReader **out, XlsxWork *work, Problems *problems)
{
    XlsxReader *reader = mem_alloc(sizeof *reader);
    reader->problems = problems;
    Err err = open_all(reader, path, sheet);
    *work = reader->work;
    if (err.kind) {
        xlsx_close(reader);
        return err;
    }
    *out = reader;
    return ERR_OK;
}

Err xlsx_next(XlsxReader *reader, Arena *arena, XlsxRow *out, bool *more, Problems *problems)
{
    reader->problems = problems;
    *more = false;
    if (!reader->ends)
        TRY(read_row(reader, arena, more));
    *out = reader->row;
    return ERR_OK;
}

void xlsx_close(XlsxReader *reader)
{
    if (!reader)
        return;
    part_close(reader->part);
    book_close(&reader->book);
    arena_free(reader->book.arena);
    free(reader);
}
