/* web/jobs.c: a job by its own address, and the file of the rows that it refused. */
#include "services/jobs.h"
#include "base/csv.h"
#include "base/decimal.h"
#include "kernel/import.h"
#include "kernel/job.h"
#include "sheet/xlsx_write.h"
#include "web/aside.h"
#include "web/dispatch.h"
#include "web/export.h"
#include "web/handlers.h"
#include "web/shapes.h"
#include "web/stream.h"

#include <stdio.h>

#define PIECE_ROWS 256

static Err find_job(Call *call, Record *out)
{
    const Type *type = call_pack(call)->job;
    return type ? find_one(&call->ctx, type, call->params[0], out) : err_make(ECODE_RECORD_UNSEEN, "no jobs");
}

static Err show_data(Call *call, Json **out, Problems *problems)
{
    Record job;
    TRY(find_job(call, &job));
    return shape_record(call, &job, out, problems);
}

void jobs_show(Call *call)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    Err      err = show_data(call, &json, &problems);
    call_answer(call, err, json, &problems);
}

/* ---- refused rows, as they were ---- */

typedef struct Errors { /* on their way; lives as long as the call */
    char    job[64];
    int64_t after; /* the line of the last one */
    bool    begun;
    bool    csv;   /* the cells are as they stood in CSV, where an apostrophe keeps one from being a formula */
    size_t  heads; /* of a spreadsheet: cells under a head but reasons, */
    size_t  width; /* and of its widest row, with the reasons */
    bool    is_reasons[CSV_CELLS_MAX];
} Errors;

static Str plain_cell(const Errors *errors, Str cell) { return errors->csv ? csv_text(cell) : cell; }

/* Whoever looks into what was refused opens it in a spreadsheet: what came as a formula is none there. Numbers stay. */
static void put_cell(const Errors *errors, Buf *out, Str cell)
{
    Decimal number;
    if (decimal_parse(str_trim(cell), &number))
        csv_write_cell(out, cell);
    else
        csv_write_text(out, plain_cell(errors, cell));
    buf_char(out, ',');
}

/* Without a column of reasons from an earlier import. */
static void put_cells(const Errors *errors, Buf *out, const Json *cells, Str reasons)
{
    size_t at = 0;
    JSON_EACH(cell, cells) {
        if (at >= CSV_CELLS_MAX || !errors->is_reasons[at])
            put_cell(errors, out, json_text(cell));
        at++;
    }
    csv_write_text(out, reasons);
    buf_add(out, STR("\r\n"));
}

static void put_object(Buf *out, const Json *given, Str reasons)
{
    Arena *arena = out->arena;
    Json  *json = json_object(arena);
    if (given->kind == JSON_OBJECT)
        JSON_EACH(member, given)
            if (!str_eq(member->key, IMPORT_ERRORS))
                json_set(json, member->key, json_dup(arena, member));
    if (given->kind != JSON_OBJECT)
        json_set(json, STR("line"), json_dup(arena, given));
    json_set_str(arena, json, IMPORT_ERRORS, reasons);
    json_write(out, json);
    buf_char(out, '\n');
}

static Err errors_piece(Call *call, Str *out, Problems *problems)
{
    Errors        *errors = call->state;
    Buf            buf = buf_new(call->ctx.arena, SIZE_MAX);
    const Json    *columns;
    ImportRefusal *rows;
    size_t         count;
    (void)problems;
    TRY(import_columns(&call->ctx, str_from(errors->job), &columns));
    TRY(import_refusals(&call->ctx, str_from(errors->job), errors->after, PIECE_ROWS, &rows, &count));
    if (!errors->begun && columns) {
        buf_add(&buf, STR(CSV_BYTE_ORDER_MARK));
        put_cells(errors, &buf, columns, IMPORT_ERRORS);
    }
    errors->begun = true;
    for (size_t i = 0; i < count; i++) {
        errors->after = rows[i].line;
        if (columns)
            put_cells(errors, &buf, rows[i].given, rows[i].reasons);
        else
            put_object(&buf, rows[i].given, rows[i].reasons);
    }
    *out = buf_str(&buf);
    return ERR_OK;
}

/* ---- the same as a spreadsheet ---- */

/* The cells under a head, the reasons, then what stood beyond the head and is a reason. */
static Err sheet_row(const Errors *errors, Arena *arena, const ImportRefusal *row, XlsxWriter *writer)
{
    Str   *cells = ARENA_ARRAY(arena, Str, errors->width);
    size_t at = 0, count = 0;
    for (size_t i = 0; i < errors->width; i++)
        cells[i] = STR("");
    JSON_EACH(cell, row->given) {
        bool kept = at >= CSV_CELLS_MAX || !errors->is_reasons[at];
        count += kept && count == errors->heads; /* there the reasons stand */
        if (kept && count < errors->width)
            cells[count++] = plain_cell(errors, json_text(cell));
        at++;
    }
    cells[errors->heads] = row->reasons;
    return xlsx_add(writer, cells);
}

static Err sheet_page(Call *page, Errors *errors, XlsxWriter *writer, size_t *count)
{
    ImportRefusal *rows;
    TRY(stream_still_allowed(page));
    TRY(import_refusals(&page->ctx, str_from(errors->job), errors->after, PIECE_ROWS, &rows, count));
    for (size_t i = 0; i < *count; i++) {
        errors->after = rows[i].line;
        TRY(sheet_row(errors, page->ctx.arena, &rows[i], writer));
    }
    return ERR_OK;
}

static Err sheet_rows(Call *copy, void *context, XlsxWriter *writer, Problems *problems)
{
    (void)problems;
    for (size_t count = 1; count;) {
        OWNED(arena) Arena *arena = arena_new();
        Call                page = *copy;
        page.ctx.arena = arena;
        if (aside_ends(copy))
            return err_make(ECODE_SHUTTING_DOWN, "refused rows");
        TRY(call_snapshot_open(copy));
        page.ctx.now_ms = env_now(&copy->ctx.city->env);
        Err err = sheet_page(&page, context, writer, &count);
        call_snapshot_close(copy);
        TRY(err);
    }
    return ERR_OK;
}
/* In the order of the file, without a column of reasons from an earlier import; those are new. What is beyond the head
 * has none. */
static Err sheet_send_errors(Call *call, Errors *errors, const Json *columns)
{
    size_t      widest, count = 0;
    Arena      *arena = call->ctx.arena;
    SheetSource source = { .name = STR("errors.xlsx"), .sheet = IMPORT_ERRORS, .rows = sheet_rows };
    TRY(import_widest(&call->ctx, str_from(errors->job), &widest));
    errors->width = widest + 1;
    XlsxColumn *heads = ARENA_ARRAY(arena, XlsxColumn, errors->width);
    size_t      at = 0;
    JSON_EACH(column, columns)
        if (!errors->is_reasons[at++])
            heads[count++].head = plain_cell(errors, column->text);
    errors->heads = count;
    heads[count].head = IMPORT_ERRORS;
    source.columns = heads;
    source.count = errors->width;
    source.context = errors;
    sheet_send(call, &source);
    return ERR_OK;
}

/* ---- who may have them, and how ---- */

/* Only whoever started it has seen the rows. */
static Err find_errors(Call *call, Errors *errors, const Json **columns)
{
    Record job;
    size_t at = 0;
    TRY(jobs_find_own(&call->ctx, call->params[0], &job));
    snprintf(errors->job, sizeof errors->job, "%.*s", STR_FMT(record_id(&job)));
    errors->csv = !str_ends(job_value(&job, "file").text, STR(".xlsx"));
    TRY(import_columns(&call->ctx, record_id(&job), columns));
    for (const Json *column = *columns ? (*columns)->first : NULL; column && at < CSV_CELLS_MAX; column = column->next)
        errors->is_reasons[at++] = str_eq(json_text(column), IMPORT_ERRORS);
    return ERR_OK;
}

static void send_text(Call *call, Errors *errors, bool table)
{
    call->state = errors;
    export_attach(call, table ? STR("errors.csv") : STR("errors.jsonl"));
    call_stream(call, table ? STR("text/csv; charset=utf-8") : STR("application/jsonl"), errors_piece, NULL);
}

/* A table comes as what it came as, unless another format is asked for; JSON Lines are no table. */
void jobs_errors(Call *call)
{
    static const Str formats[][2] = { { STR_INIT("xlsx"), STR_INIT("csv") }, { STR_INIT("csv"), STR_INIT("xlsx") } };
    const Json      *columns;
    Problems         problems = call_problems(call);
    Errors          *errors = ARENA_NEW(call->ctx.arena, Errors);
    Err              err = find_errors(call, errors, &columns);
    const Str       *words = formats[errors->csv];
    Str              format = err.kind ? STR_NONE : words[export_word(call, "format", words, 2, &problems)];
    if (!err.kind && problems.count)
        err = err_make(ECODE_QUERY_INVALID, "errors of a job");
    if (!err.kind && columns && str_eq(format, STR("xlsx")))
        err = sheet_send_errors(call, errors, columns);
    else if (!err.kind)
        send_text(call, errors, columns != NULL);
    if (err.kind)
        call_fail(call, err, &problems);
}
