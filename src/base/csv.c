/* base/csv.c: see csv.h. A cell borrows from the text; only one with doubled quotes is copied. */
#include "base/csv.h"

Csv csv_open(Str text)
{
    if (str_starts(text, STR(CSV_BYTE_ORDER_MARK)))
        text = str_slice(text, strlen(CSV_BYTE_ORDER_MARK), text.len);
    return (Csv){ .rest = text, .line = 0, .next_line = 1 };
}

static Err err_syntax(Csv *csv, size_t line, const char *why)
{
    csv->line = line;
    return err_make(ECODE_CSV_SYNTAX, "line %zu: %s", line, why);
}

static void skip(Csv *csv, size_t count) { csv->rest = str_slice(csv->rest, count, csv->rest.len); }

/* The length of the line end at the front of rest: 0 when there is none. */
static size_t line_end(Str rest) { return str_starts(rest, STR("\n")) ? 1 : str_starts(rest, STR("\r\n")) ? 2 : 0; }

static Str undouble_quotes(Arena *arena, Str quoted, size_t pairs)
{
    char  *text = arena_alloc(arena, quoted.len - pairs);
    size_t length = 0;
    for (size_t i = 0; i < quoted.len; i++) {
        text[length++] = quoted.ptr[i];
        i += quoted.ptr[i] == '"';
    }
    return (Str){ text, length };
}

static Err quoted_cell(Csv *csv, Arena *arena, Str *out)
{
    size_t opening_line = csv->next_line, pairs = 0;
    Str    rest = str_slice(csv->rest, 1, csv->rest.len);
    for (size_t i = 0; i < rest.len; i++) {
        csv->next_line += rest.ptr[i] == '\n';
        if (rest.ptr[i] != '"')
            continue;
        if (i + 1 < rest.len && rest.ptr[i + 1] == '"') {
            pairs++;
            i++;
            continue;
        }
        Str inside = str_slice(rest, 0, i);
        *out = pairs ? undouble_quotes(arena, inside, pairs) : inside;
        csv->rest = str_slice(rest, i + 1, rest.len);
        if (csv->rest.len && csv->rest.ptr[0] != ',' && !line_end(csv->rest))
            return err_syntax(csv, csv->next_line, "text after a closing quote");
        return ERR_OK;
    }
    return err_syntax(csv, opening_line, "a quote is never closed");
}

static Err bare_cell(Csv *csv, Str *out)
{
    size_t length = 0;
    for (; length < csv->rest.len; length++) {
        char c = csv->rest.ptr[length];
        if (c == '"')
            return err_syntax(csv, csv->next_line, "a quote inside an unquoted cell");
        bool ends = c == '\n' || c == '\r'; /* asked first: it is so seldom */
        if (c == ',' || (ends && line_end(str_slice(csv->rest, length, csv->rest.len))))
            break;
    }
    *out = str_slice(csv->rest, 0, length);
    skip(csv, length);
    return ERR_OK;
}

Err csv_next(Csv *csv, Arena *arena, Str **cells, size_t *count, bool *more)
{
    *more = csv->rest.len > 0;
    if (!*more)
        return ERR_OK;
    size_t row_line = csv->next_line, found = 0, capacity = 0;
    Str   *row = NULL;
    for (bool row_ends = false; !row_ends;) {
        if (found == CSV_CELLS_MAX) {
            csv->line = row_line;
            return err_make(ECODE_CSV_CELLS, "line %zu: more than %d cells", row_line, CSV_CELLS_MAX);
        }
        ARENA_ROOM(arena, row, found, capacity);
        Str *cell = &row[found++];
        if (str_starts(csv->rest, STR("\"")))
            TRY(quoted_cell(csv, arena, cell));
        else
            TRY(bare_cell(csv, cell));
        row_ends = !str_starts(csv->rest, STR(","));
        skip(csv, row_ends ? line_end(csv->rest) : 1);
    }
    csv->next_line++;
    csv->line = row_line;
    *cells = row;
    *count = found;
    return ERR_OK;
}

void csv_write_cell(Buf *buf, Str cell)
{
    bool quoted = str_starts(cell, STR(CSV_BYTE_ORDER_MARK)); /* else lost at the start of a file */
    for (size_t i = 0; i < cell.len && !quoted; i++)
        quoted = cell.ptr[i] == ',' || cell.ptr[i] == '"' || cell.ptr[i] == '\n' || cell.ptr[i] == '\r';
    if (!quoted) {
        buf_add(buf, cell);
        return;
    }
    buf_char(buf, '"');
    while (cell.len) {
        size_t quote = str_find(cell, STR("\""));
        size_t end = quote < cell.len ? quote + 1 : quote;
        buf_add(buf, str_slice(cell, 0, end));
        if (quote < cell.len)
            buf_char(buf, '"');
        cell = str_slice(cell, end, cell.len);
    }
    buf_char(buf, '"');
}

/* What begins a formula; the wide ones where Chinese or Japanese is typed. */
static const Str formula_signs[] = {
    STR_INIT("="),  STR_INIT("+"),  STR_INIT("-"),  STR_INIT("@"),  STR_INIT("\t"), STR_INIT("\r"),
    STR_INIT("\n"), STR_INIT("＝"), STR_INIT("＋"), STR_INIT("－"), STR_INIT("＠"),
};

/* Would it be a formula, or is it one behind apostrophes? *out_marks: how many of them. */
static bool is_formula(Str cell, size_t *out_marks)
{
    size_t at = 0;
    while (at < cell.len && cell.ptr[at] == '\'')
        at++;
    *out_marks = at;
    for (size_t i = 0; i < sizeof formula_signs / sizeof *formula_signs; i++)
        if (str_starts(str_slice(cell, at, cell.len), formula_signs[i]))
            return true;
    return false;
}

void csv_write_text(Buf *buf, Str cell)
{
    size_t marks;
    if (!is_formula(cell, &marks)) {
        csv_write_cell(buf, cell);
        return;
    }
    csv_write_cell(buf, str_printf(buf->arena, "'%.*s", STR_FMT(cell)));
}

Str csv_text(Str cell)
{
    size_t marks;
    return is_formula(cell, &marks) && marks ? str_slice(cell, 1, cell.len) : cell;
}
