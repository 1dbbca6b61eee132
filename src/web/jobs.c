/* web/jobs.c: a job by its own address, and the file of the rows that it refused. */
#include "services/jobs.h"
#include "base/csv.h"
#include "base/decimal.h"
#include "kernel/import.h"
#include "kernel/job.h"
#include "web/handlers.h"
#include "web/shapes.h"

#include <stdio.h>

#define ERRORS_COLUMN "errors"
#define PIECE_ROWS    256

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

typedef struct Errors {
    char    job[64];
    int64_t after;
    bool    begun;
} Errors;

static bool is_errors(const Json *columns, size_t at)
{
    const Json *column = columns ? columns->first : NULL;
    while (column && at--)
        column = column->next;
    return str_eq(json_text(column), STR(ERRORS_COLUMN));
}

/* Whoever looks into what was refused opens it in a spreadsheet: what came as a formula is none there. Numbers stay. */
static void put_cell(Buf *out, Str cell)
{
    Decimal number;
    if (decimal_parse(str_trim(cell), &number))
        csv_write_cell(out, cell);
    else
        csv_write_text(out, csv_text(cell));
    buf_char(out, ',');
}

/* Without a column of reasons from an earlier import. */
static void put_cells(Buf *out, const Json *columns, const Json *cells, Str reasons)
{
    size_t at = 0;
    JSON_EACH(cell, cells)
        if (!is_errors(columns, at++))
            put_cell(out, json_text(cell));
    csv_write_text(out, reasons);
    buf_add(out, STR("\r\n"));
}

static void put_object(Buf *out, const Json *given, Str reasons)
{
    Arena *arena = out->arena;
    Json  *json = json_object(arena);
    if (given->kind == JSON_OBJECT)
        JSON_EACH(member, given)
            if (!str_eq(member->key, STR(ERRORS_COLUMN)))
                json_set(json, member->key, json_dup(arena, member));
    if (given->kind != JSON_OBJECT)
        json_set(json, STR("line"), json_dup(arena, given));
    json_set_str(arena, json, STR(ERRORS_COLUMN), reasons);
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
        put_cells(&buf, columns, columns, STR(ERRORS_COLUMN));
    }
    errors->begun = true;
    for (size_t i = 0; i < count; i++) {
        errors->after = rows[i].line;
        if (columns)
            put_cells(&buf, columns, rows[i].given, rows[i].reasons);
        else
            put_object(&buf, rows[i].given, rows[i].reasons);
    }
    *out = buf_str(&buf);
    return ERR_OK;
}

/* Only whoever started it has seen the rows. */
static Err find_errors(Call *call, const Json **columns)
{
    Record job;
    TRY(find_job(call, &job));
    if (!jobs_own(&call->ctx, &job))
        return err_make(ECODE_RECORD_UNSEEN, "another's rows");
    return import_columns(&call->ctx, call->params[0], columns);
}

void jobs_errors(Call *call)
{
    const Json *columns;
    Errors     *errors = ARENA_NEW(call->ctx.arena, Errors);
    Err         err = find_errors(call, &columns);
    if (err.kind) {
        call_fail(call, err, NULL);
        return;
    }
    snprintf(errors->job, sizeof errors->job, "%.*s", STR_FMT(call->params[0]));
    call->state = errors;
    call_set_header(call, STR("Content-Disposition"),
                    columns ? STR("attachment; filename=\"errors.csv\"")
                            : STR("attachment; filename=\"errors.jsonl\""));
    call_stream(call, columns ? STR("text/csv; charset=utf-8") : STR("application/jsonl"), errors_piece, NULL);
}
