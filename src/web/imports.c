/* web/imports.c: many records at once: rows in a request, which is answered when they are in, or a file, which becomes
 * a job. Both go row by row through kernel/import.h. */
#include "kernel/import.h"

#include "base/limits.h"
#include "kernel/duties.h"
#include "kernel/job.h"
#include "web/aside.h"
#include "web/body.h"
#include "web/handlers.h"
#include "web/imports.h"
#include "web/shapes.h"

/* ---- rows in a request ---- */

typedef struct Asked { /* one row */
    ImportStep step;
    Err        err; /* it is refused before it is tried */
    Problems   problems;
} Asked;

typedef struct Many {
    bool        dry_run;
    Asked      *rows;
    size_t      count;
    ActRequest *requests; /* of the rows that are tried */
    size_t     *tried;    /* row of each */
    size_t      tried_count;
} Many;

static Err row_shape(const Json *row, Problems *problems)
{
    static const Member members[] = { { "fields", JSON_OBJECT, true },
                                      { "id", JSON_STRING, false },
                                      { "number", JSON_STRING, false },
                                      { "version", JSON_NUMBER, false } };
    if (row->kind == JSON_OBJECT)
        return shape_check(row, members, sizeof members / sizeof *members, problems);
    PROBLEM(problems, ECODE_HTTP_PARAMETER, STR_NONE, STR_NONE, ARG("name", STR("rows")),
            ARG_TEXT("expected", TEXT("对象的数组", "an array of objects")));
    return err_make(ECODE_RECORD_INVALID, "shape");
}

static ImportRow row_of(const Json *row)
{
    ImportRow asked = { .id = json_text(json_get(row, STR("id"))),
                        .number = json_text(json_get(row, STR("number"))),
                        .version = -1,
                        .fields = json_get(row, STR("fields")) };
    json_int(json_get(row, STR("version")), &asked.version);
    return asked;
}

/* The error is one that stops the whole; a refusal stands in the row. */
static Err row_read(Call *call, const Type *type, const Json *row, Many *many)
{
    Asked     *asked = &many->rows[many->count];
    ActRequest request = { .if_match = -1 };
    asked->problems = call_problems(call);
    if (row_shape(row, &asked->problems).kind) {
        asked->err = err_make(ECODE_RECORD_INVALID, "shape");
    } else {
        ImportRow given = row_of(row);
        asked->err = import_step(&call->ctx, type, &given, &asked->step, &request, &asked->problems);
    }
    if (!asked->err.kind && asked->step != IMPORT_NOTHING) {
        many->tried[many->tried_count] = many->count;
        many->requests[many->tried_count++] = request;
    }
    many->count++;
    return asked->err.kind && !import_refuses(asked->err) ? asked->err : ERR_OK;
}

static Err many_read(Call *call, const Type *type, Many *many, Problems *problems)
{
    TRY(SHAPE(call->body, problems, { "rows", JSON_ARRAY, true }, { "dry_run", JSON_TRUE, false }));
    const Json *rows = json_get(call->body, STR("rows"));
    if (rows->count > LIMIT_IMPORT_CHUNK_ROWS) {
        PROBLEM(problems, ECODE_HTTP_PARAMETER, STR("rows"), STR_NONE, ARG("name", STR("rows")),
                ARG("expected", str_printf(problems->arena, "0–%d", LIMIT_IMPORT_CHUNK_ROWS)));
        return err_make(ECODE_HTTP_PARAMETER, "%zu rows", rows->count);
    }
    json_truth(json_get(call->body, STR("dry_run")), &many->dry_run);
    many->rows = ARENA_ARRAY(call->ctx.arena, Asked, rows->count);
    many->requests = ARENA_ARRAY(call->ctx.arena, ActRequest, rows->count);
    many->tried = ARENA_ARRAY(call->ctx.arena, size_t, rows->count);
    JSON_EACH(row, rows)
        TRY(row_read(call, type, row, many));
    return ERR_OK;
}

static void row_refuse(Call *call, Json *refused, size_t row, Err err, const Problems *problems)
{
    Arena *arena = call->ctx.arena;
    Json  *json = json_push(refused, json_object(arena));
    /* A row may have as many errors as its body has room for, and each is longer than its cause. */
    Problems told = *problems;
    if (told.count > LIMIT_IMPORT_ROW_ERRORS)
        told.count = LIMIT_IMPORT_ROW_ERRORS;
    Json *errors = call_errors(call, err, &told);
    json_set_int(arena, json, STR("row"), (int64_t)row);
    if (!errors->count) { /* nothing in particular: the whole row */
        Json *whole = json_push(errors, json_object(arena));
        json_set_str(arena, whole, STR("code"), err_row(err.code)->code);
        json_set_str(arena, whole, STR("text"), err_detail(arena, err, problems, call->ctx.lang));
        json_set(whole, STR("values"), json_object(arena));
    }
    json_set(json, STR("errors"), errors);
    if (problems->count > told.count)
        json_set_bool(arena, json, STR("more"), true);
}

/* Nothing went in, for a reason that is not in the rows: that is the answer to the whole request,
 * and the client tries again. */
static bool many_stopped(const ActResult *results, size_t count)
{
    return call_all_failed(results, count) || (call_none_taken(results, count) && results[0].err.kind == ERR_DENIED);
}

typedef struct Told { /* the answer, on its way */
    Json  *ids, *refused;
    size_t counts[3]; /* by ImportStep */
} Told;

static void row_tell(Call *call, const Many *many, size_t row, const ActResult *result, Told *told)
{
    const Asked    *asked = &many->rows[row];
    Err             err = result ? result->err : asked->err;
    const Problems *problems = result ? &result->problems : &asked->problems;
    if (err.kind) {
        row_refuse(call, told->refused, row, err, problems);
        return;
    }
    told->counts[asked->step]++;
    if (!many->dry_run && result)
        json_push(told->ids, json_string(call->ctx.arena, record_id(&result->record)));
}

static void many_done(Call *call, const ActResult *results, size_t count)
{
    Many  *many = call->state;
    Arena *arena = call->ctx.arena;
    Json  *json = json_object(arena);
    Told   told = { .ids = json_array(arena), .refused = json_array(arena) };
    if (many_stopped(results, count)) {
        call_fail(call, results[0].err, &results[0].problems);
        return;
    }
    for (size_t row = 0, at = 0; row < many->count; row++) {
        bool tried = at < count && many->tried[at] == row;
        row_tell(call, many, row, tried ? &results[at++] : NULL, &told);
    }
    size_t added = told.counts[IMPORT_CREATE], updated = told.counts[IMPORT_EDIT];
    size_t unchanged = told.counts[IMPORT_NOTHING];
    json_set_int(arena, json, STR("accepted"), (int64_t)(added + updated + unchanged));
    json_set_int(arena, json, STR("added"), (int64_t)added);
    json_set_int(arena, json, STR("updated"), (int64_t)updated);
    json_set_int(arena, json, STR("unchanged"), (int64_t)unchanged);
    json_set(json, STR("ids"), told.ids);
    json_set(json, STR("refused"), told.refused);
    call_data(call, 200, json);
}

static void import_rows(Call *call, const Type *type)
{
    Problems problems = call_problems(call);
    Many    *many = ARENA_NEW(call->ctx.arena, Many);
    Err      err = many_read(call, type, many, &problems);
    call->state = many;
    if (err.kind)
        call_fail(call, err, &problems);
    else
        call_act_many(call, many->requests, many->tried_count, many->dry_run, many_done);
}

/* ---- a file ---- */

typedef struct Sent {
    Call       *call;
    const Type *type;
    Str         name, mapping, sheet; /* mapping and sheet may be empty */
    bool        dry_run;
    Arena      *arena; /* the call's, which its own thread leaves alone meanwhile */
    Str         staged;
    void (*then)(Call *call, const ActResult *result);
} Sent;

static Err sent_stage(Call *copy, void *context, Problems *problems)
{
    Sent *sent = context;
    (void)copy, (void)problems;
    return import_stage(sent->call->ctx.city, sent->arena, sent->call->ctx.actor->person, sent->name, sent->sheet,
                        sent->call->files[0].staged, &sent->staged);
}

static void sent_failed(Call *call, Err err)
{
    const Sent *sent = call->state;
    Problems    problems = call_problems(call);
    if (err.code == ECODE_IMPORT_FORMAT || err.code == ECODE_IMPORT_SHEET)
        PROBLEM(&problems, err.code, err.code == ECODE_IMPORT_SHEET ? STR("sheet") : STR_NONE, STR_NONE,
                ARG("file", sent->name));
    ActResult result = { .err = err, .problems = problems };
    sent->then(call, &result);
}

static void sent_done(Call *call, const ActResult *result)
{
    const Sent *sent = call->state;
    sent->then(call, result);
}

static void sent_staged(Call *call, Err err, const Problems *none)
{
    const Sent *sent = call->state;
    Arena      *arena = call->ctx.arena;
    Json       *input = json_object(arena);
    (void)none;
    if (err.kind) {
        sent_failed(call, err);
        return;
    }
    json_set_str(arena, input, STR("title"), sent->name);
    json_set_str(arena, input, STR("kind"), STR("import"));
    json_set_str(arena, input, STR("about"), sent->type->name);
    json_set_str(arena, input, STR("file"), sent->staged);
    json_set_str(arena, input, STR("language"), lang_tag(call->ctx.lang));
    json_set_bool(arena, input, STR("dry_run"), sent->dry_run);
    if (sent->mapping.len)
        json_set_str(arena, input, STR("mapping"), sent->mapping);
    if (sent->sheet.len)
        json_set_str(arena, input, STR("sheet"), sent->sheet);
    ActRequest request = { .type = call_pack(call)->job, .action = STR("create"), .input = input, .if_match = -1 };
    call_act(call, &request, sent_done);
}

/* Of a type that nobody of the role may make or change each row would be refused alike. */
static Err may_send(Call *call, const Type *type, Problems *problems)
{
    Change    *change;
    ActRequest request = { .type = type, .action = STR("create"), .if_match = -1 };
    if (shape_imports(call, type))
        return ERR_OK;
    if (!call_pack(call)->job)
        return err_make(ECODE_JOB_NONE, "");
    Err err = act_prepare(&call->ctx, &request, &change, problems);
    return err.kind ? err : err_make(ECODE_ACTION_DENIED, "import");
}

/* The file becomes one of the city's, then a job of the starter's. */
static void send_file(Call *call, Sent made)
{
    Sent *sent = ARENA_NEW(call->ctx.arena, Sent);
    *sent = made;
    sent->call = call;
    sent->arena = call->ctx.arena;
    call->state = sent;
    call_aside(call, ASIDE_FILE, sent_stage, sent, sent_staged);
}

void imports_begun(Call *call, const ActResult *result)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    if (result->err.kind) {
        call_fail(call, result->err, &result->problems);
        return;
    }
    duties_wake(call->ctx.city, "jobs");
    Err err = shape_record(call, &result->record, &json, &problems);
    call_set_header(call, STR("Location"),
                    str_printf(call->ctx.arena, "/api/v1/jobs/%.*s", STR_FMT(record_id(&result->record))));
    if (err.kind) { /* it stands all the same */
        json = json_object(call->ctx.arena);
        json_set_str(call->ctx.arena, json, STR("id"), record_id(&result->record));
        json_set_str(call->ctx.arena, json, STR("type"), result->record.type->name);
    }
    call_data(call, 202, json);
}

static Err file_asked(Call *call, const Type *type, Sent *out, Problems *problems)
{
    Str dry_run = call_query(call, STR("dry_run"));
    *out = (Sent){ .type = type,
                   .name = call_query(call, STR("name")),
                   .mapping = call_query(call, STR("mapping")),
                   .sheet = call_query(call, STR("sheet")),
                   .dry_run = str_eq(dry_run, STR("1")),
                   .then = imports_begun };
    if (!out->name.len)
        PROBLEM(problems, ECODE_HTTP_PARAMETER, STR("name"), STR_NONE, ARG("name", STR("name")),
                ARG_TEXT("expected", TEXT("文件名，如 results.csv", "the name of the file, such as results.csv")));
    if (dry_run.ptr && !out->dry_run && !str_eq(dry_run, STR("0")))
        PROBLEM(problems, ECODE_HTTP_PARAMETER, STR("dry_run"), STR_NONE, ARG("name", STR("dry_run")),
                ARG("expected", STR("0, 1")));
    return problems->count ? err_make(ECODE_HTTP_PARAMETER, "import") : ERR_OK;
}

void records_import(Call *call)
{
    const Type *type;
    Sent        sent;
    Problems    problems = call_problems(call);
    Err         err = shape_type_find(call, call->params[0], &type, &problems);
    if (!err.kind && call->file_count)
        err = may_send(call, type, &problems);
    if (!err.kind && call->file_count)
        err = file_asked(call, type, &sent, &problems);
    if (err.kind)
        call_fail(call, err, &problems);
    else if (call->file_count)
        send_file(call, sent);
    else
        import_rows(call, type);
}

/* ---- the form ---- */

static Json *form_data(Call *call, const Type *type, Err err, const Problems *problems)
{
    Arena *arena = call->ctx.arena;
    Json  *json = json_object(arena);
    json_set(json, STR("type"), shape_type(call, type));
    if (err.kind)
        json_set(json, STR("error"), call_error(call, err, problems));
    return json;
}

/* A type that one could ever add to or change; to others the address does not exist. */
static Err form_type(Call *call, const Type **out)
{
    TRY(call_type(call, 0, out));
    return shape_type(call, *out) && shape_imports(call, *out) ? ERR_OK : err_make(ECODE_PAGE_UNSEEN, "");
}

void imports_form(Call *call)
{
    const Type *type;
    Err         err = form_type(call, &type);
    if (err.kind)
        call_fail(call, err, NULL);
    else
        call_data(call, 200, form_data(call, type, ERR_OK, NULL));
}

void imports_follow(Call *call, const Record *job)
{
    duties_wake(call->ctx.city, "jobs");
    call_redirect(call, str_printf(call->ctx.arena, "%.*s?follow=1",
                                   STR_FMT(shape_record_path(call, job->type, record_id(job)))));
}

static void form_sent(Call *call, const ActResult *result)
{
    const Sent *sent = call->state;
    if (!result->err.kind)
        imports_follow(call, &result->record);
    else if (result->err.kind == ERR_INVALID || result->err.kind == ERR_MALFORMED)
        call_data(call, 422, form_data(call, sent->type, result->err, &result->problems));
    else
        call_fail(call, result->err, &result->problems);
}

void imports_send(Call *call)
{
    const Type *type;
    Problems    problems = call_problems(call);
    Err         err = form_type(call, &type);
    if (err.kind) {
        call_fail(call, err, NULL);
        return;
    }
    if (!call->file_count || !staged_size(call->files[0].staged)) {
        PROBLEM(&problems, ECODE_IMPORT_EMPTY, STR("file"), STR_NONE);
        call_data(call, 422, form_data(call, type, err_make(ECODE_IMPORT_EMPTY, "no file"), &problems));
        return;
    }
    send_file(call, (Sent){ .type = type,
                            .name = call->files[0].name,
                            .sheet = str_trim(call_form(call, STR("sheet"))),
                            .dry_run = str_eq(call_form(call, STR("how")), STR("check")),
                            .then = form_sent });
}
