/* web/export.c: all records of a list, as one file, page by page of find(); see export.h. */
#include "web/export.h"

#include "base/csv.h"
#include "base/limits.h"
#include "web/costly.h"
#include "web/handlers.h"
#include "web/shapes.h"

#include <time.h>

/* A page has about as many rows as make one piece. One that is costly to find (its sort has no index, so that each page
 * looks at all rows) has more of them, for there to be fewer. */
enum {
    ROWS_FIRST = 32,
    ROWS_MOST = 256,
    ROWS_MOST_COSTLY = LIMIT_LIST_ROWS,
    PIECE_BYTES = 64 * 1024,
    PIECE_BYTES_COSTLY = 1024 * 1024,
    COSTLY_US = 4000,
};

/* ---- CSV ---- */

static void csv_line_end(Buf *out) { buf_add(out, STR("\r\n")); }

static Err csv_head(Export *export, const Call *call, Buf *out)
{
    buf_add(out, STR(CSV_BYTE_ORDER_MARK)); /* spreadsheets take UTF-8 for something else without */
    for (size_t i = 0; i < export->count; i++) {
        const Field *field = export->columns[i].field;
        if (i)
            buf_char(out, ',');
        csv_write_text(out, export->labels ? field->label.in[call->ctx.lang] : field->name);
    }
    csv_line_end(out);
    return ERR_OK;
}

/* One item of a list, or a value that is a word. */
static Str word_of(const Json *value)
{
    if (value->kind != JSON_OBJECT)
        return json_text(value);
    const Json *file = json_get(value, STR("name"));
    return file ? file->text : STR("hidden"); /* as filters see a hidden reference */
}

static Str list_of(Arena *arena, const Json *items)
{
    Str   *words = ARENA_ARRAY(arena, Str, items->count);
    size_t count = 0;
    JSON_EACH(item, items)
        words[count++] = word_of(item);
    return str_join(arena, words, count, STR(CSV_LIST_SEPARATOR));
}

static Str rows_of(Arena *arena, const Json *rows)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    json_write(&buf, rows);
    return buf_str(&buf);
}

Str export_cell_text(Arena *arena, const ExportColumn *column, const Json *value)
{
    if (!value)
        return STR("");
    switch (value->kind) {
    case JSON_TRUE: return STR("true");
    case JSON_FALSE: return STR("false");
    case JSON_NUMBER:
    case JSON_STRING: return value->text;
    case JSON_OBJECT: return word_of(value);
    case JSON_ARRAY: return column->field->kind == FIELD_ROWS ? rows_of(arena, value) : list_of(arena, value);
    case JSON_NULL: break;
    }
    return STR("");
}

/* What somebody typed is kept from being a formula; numbers, dates, ids and rows are none. */
static void csv_cell(Buf *out, const ExportColumn *column, const Json *value)
{
    Str  text = export_cell_text(out->arena, column, value);
    bool typed = value && column->text &&
                 (value->kind == JSON_STRING || value->kind == JSON_ARRAY || value->kind == JSON_OBJECT);
    if (typed && column->field->kind != FIELD_ROWS)
        csv_write_text(out, text);
    else
        csv_write_cell(out, text);
}

/* Puts the members of object into the cells of their columns. They come in the order of the columns, of which some are
 * missing; so each is looked for from behind the one before. */
static void place(const Json *object, const ExportColumn *columns, size_t count, const Json **cells)
{
    size_t at = 0;
    JSON_EACH(member, object)
        for (size_t i = 0; i < count; i++) {
            size_t column = (at + i) % count;
            if (!str_eq(columns[column].field->name, member->key))
                continue;
            cells[column] = member;
            at = column + 1;
            break;
        }
}

const Json **export_cells(Arena *arena, const Export *export, const Json *record)
{
    const Json **cells = ARENA_ARRAY(arena, const Json *, export->count);
    size_t       heads = export->head_count;
    place(record, export->columns, heads, cells);
    place(json_get(record, STR("fields")), export->columns + heads, export->count - heads, cells + heads);
    return cells;
}

static Err csv_row(Export *export, const Call *call, const Json *record, Buf *out)
{
    const Json **cells = export_cells(out->arena, export, record);
    (void)call;
    for (size_t i = 0; i < export->count; i++) {
        if (i)
            buf_char(out, ',');
        csv_cell(out, &export->columns[i], cells[i]);
    }
    csv_line_end(out);
    return ERR_OK;
}

/* ---- JSON Lines ---- */

static Err lines_head(Export *export, const Call *call, Buf *out)
{
    (void)export, (void)call, (void)out;
    return ERR_OK;
}

static Err lines_row(Export *export, const Call *call, const Json *record, Buf *out)
{
    (void)export, (void)call;
    json_write(out, record);
    buf_char(out, '\n');
    return ERR_OK;
}

/* ---- what was asked for ---- */

static const ExportFormat  export_csv = { "csv", "text/csv; charset=utf-8", csv_head, csv_row };
static const ExportFormat  export_lines = { "jsonl", "application/jsonl", lines_head, lines_row };
static const ExportFormat *formats[] = { &export_csv, &export_lines, &export_xlsx };

size_t export_word(const Call *call, const char *name, const Str *words, size_t count, Problems *problems)
{
    Str key = str_from(name), found = call_query(call, key);
    for (size_t i = 0; i < count; i++)
        if (str_eq(found, words[i]))
            return i;
    if (found.ptr)
        PROBLEM(problems, ECODE_HTTP_PARAMETER, key, STR_NONE, ARG("name", key),
                ARG("expected", str_join(problems->arena, words, count, STR(", "))));
    return 0;
}

static const ExportFormat *query_format(const Call *call, Problems *problems)
{
    Str words[sizeof formats / sizeof formats[0]];
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        words[i] = str_from(formats[i]->name);
    return formats[export_word(call, "format", words, sizeof formats / sizeof formats[0], problems)];
}

static bool is_plain(ValueKind kind)
{
    return kind == VALUE_INTEGER || kind == VALUE_DECIMAL || kind == VALUE_BOOLEAN || kind == VALUE_DATE ||
           kind == VALUE_INSTANT;
}

static void add_column(Export *export, const Field *field)
{
    export->columns[export->count++] = (ExportColumn){ field, !is_plain(field_expr_type(field).kind) };
}

/* Where record_json() has it: beside `fields`, or among them; `erased` is no value of the record. */
static bool is_beside(const Field *field)
{
    return field->index < SYS_COUNT && field->index != SYS_DISCLOSURE && field->index != SYS_ERASED;
}

static bool is_among(const Field *field) { return field->index >= SYS_COUNT || field->index == SYS_DISCLOSURE; }

static bool has_column(const Export *export, const Field *field)
{
    for (size_t i = 0; i < export->count; i++)
        if (export->columns[i].field == field)
            return true;
    return false;
}

/* In the order in which they are asked for, each once; that was checked before. */
static void add_asked(Export *export, Str names)
{
    while (names.len) {
        const Field *field = type_field(export->type, str_trim(str_cut(&names, ',')));
        if (is_among(field) && !has_column(export, field))
            add_column(export, field);
    }
}

/* In the order of record_json(), unless fields are asked for. */
static void choose_columns(const Call *call, Export *export)
{
    const Type *type = export->type;
    export->columns = ARENA_ARRAY(call->ctx.arena, ExportColumn, type->field_count);
    for (size_t i = 0; i < SYS_COUNT; i++)
        if (i == SYS_ID || (is_beside(&type->fields[i]) && shape_field_known(call, &type->fields[i])))
            add_column(export, &type->fields[i]);
    export->head_count = export->count;
    add_asked(export, call_query(call, STR("fields")));
    for (size_t i = 0; !export->wanted.fields && i < type->field_count; i++)
        if (is_among(&type->fields[i]) && shape_field_known(call, &type->fields[i]))
            add_column(export, &type->fields[i]);
}

static Err export_read(Call *call, Export *export, Problems *problems)
{
    static const Str headers[] = { STR_INIT("names"), STR_INIT("labels") };
    TRY(shape_type_find(call, call->params[0], &export->type, problems));
    size_t before = problems->count;
    export->format = query_format(call, problems);
    export->labels = export_word(call, "header", headers, 2, problems) == 1;
    if (problems->count > before)
        return err_make(ECODE_QUERY_INVALID, "export of %.*s", STR_FMT(export->type->name));
    TRY(shape_wanted(call, export->type, &export->wanted, problems));
    TRY(costly_admit(call, problems));
    export->query = (Query){ .filter = call_query(call, STR("filter")),
                             .sort = call_query(call, STR("sort")),
                             .limit = ROWS_FIRST };
    export->cursor = buf_new(call->ctx.arena, SIZE_MAX);
    choose_columns(call, export);
    return ERR_OK;
}

/* ---- page by page ---- */

static Err page_write(Call *call, Export *export, const Found *found, Buf *out)
{
    Ctx ctx = call->ctx;
    find_remember(&ctx);
    if (!export->begun)
        TRY(export->format->head(export, call, out));
    for (size_t i = 0; i < found->count; i++) {
        Json *record;
        TRY(record_json(&ctx, &found->records[i], &export->wanted, &record));
        TRY(export->format->row(export, call, record, out));
    }
    return ERR_OK;
}

/* Processor time of this thread. */
static int64_t worked_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* Where the next page goes on, and how many rows it may have. */
static void page_turn(Export *export, const Found *found, size_t written, int64_t took_us)
{
    bool    costly = took_us > COSTLY_US;
    int64_t most = costly ? ROWS_MOST_COSTLY : ROWS_MOST, rows = export->query.limit;
    size_t  room = costly ? PIECE_BYTES_COSTLY : PIECE_BYTES;
    if (written > room)
        rows = rows / 2 ? rows / 2 : 1;
    else if (written <= room / 2)
        rows = rows * 2 < most ? rows * 2 : most;
    export->query.limit = rows;
    export->begun = true;
    export->ended = !found->next.len;
    export->cursor.len = 0;
    buf_add(&export->cursor, found->next);
}

Err export_page(Call *call, Export *export, Buf *out, Problems *problems)
{
    Found found;
    export->query.cursor = buf_str(&export->cursor);
    int64_t begun_us = worked_us();
    Err     err = find(&call->ctx, export->type, &export->query, &found, problems);
    int64_t took_us = worked_us() - begun_us;
    costly_charge(call, problems);
    TRY(err);
    TRY(page_write(call, export, &found, out));
    page_turn(export, &found, out->len, took_us);
    return ERR_OK;
}

static Err page_next(Call *call, Str *out, Problems *problems)
{
    Export *export = call->state;
    Buf text = buf_new(call->ctx.arena, SIZE_MAX);
    if (export->ended)
        return ERR_OK;
    TRY(export_page(call, export, &text, problems));
    *out = buf_str(&text);
    return ERR_OK;
}

static Err head_next(Call *call, Str *out, Problems *problems)
{
    Export *export = call->state;
    Buf text = buf_new(call->ctx.arena, SIZE_MAX);
    (void)problems;
    if (export->begun)
        return ERR_OK;
    export->begun = true;
    TRY(export->format->head(export, call, &text));
    *out = buf_str(&text);
    return ERR_OK;
}

void export_head(Call *call, Export *export)
{
    export->format = &export_csv;
    call->state = export;
    export_attach(call, export_name(call, export->type, export->format->name));
    call_stream(call, str_from(export->format->media), head_next, NULL);
}

Str export_name(Call *call, const Type *type, const char *suffix)
{
    return str_printf(call->ctx.arena, "%.*s-%.*s.%s", STR_FMT(type->name),
                      STR_FMT(date_text(call->ctx.arena, ctx_today(&call->ctx))), suffix);
}

void export_attach(Call *call, Str name)
{
    call_set_header(call, STR("Content-Disposition"),
                    str_printf(call->ctx.arena, "attachment; filename=\"%.*s\"", STR_FMT(name)));
}

void records_export(Call *call)
{
    Problems problems = call_problems(call);
    Export *export = ARENA_NEW(call->ctx.arena, Export);
    Err err = export_read(call, export, &problems);
    if (err.kind) {
        call_fail(call, err, &problems);
        return;
    }
    if (export->format == &export_xlsx) {
        export_sheet(call, export);
        return;
    }
    call->state = export;
    export_attach(call, export_name(call, export->type, export->format->name));
    call_stream(call, str_from(export->format->media), page_next, NULL);
}
