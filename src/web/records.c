/* web/records.c: lists, records and steps, for programs and for pages. */
#include "base/limits.h"
#include "kernel/history.h"
#include "web/costly.h"
#include "web/handlers.h"
#include "web/shapes.h"

#define EVENTS_LIMIT_DEFAULT 50

/* ---- parameters of the address ---- */

static void query_flag(const Call *call, const char *name, bool *out, Problems *problems)
{
    int64_t number = 0;
    shape_number(call, name, 0, 1, &number, problems);
    *out = number == 1;
}

/* ---- lists ---- */

static Err list_json(Call *call, const Found *found, const Wanted *wanted, Json **out)
{
    Arena *arena = call->ctx.arena;
    Ctx    ctx = call->ctx;
    Json  *json = json_object(arena), *items = json_set(json, STR("items"), json_array(arena));
    find_remember(&ctx);
    for (size_t i = 0; i < found->count; i++) {
        Json *item;
        TRY(record_json(&ctx, &found->records[i], wanted, &item));
        json_push(items, item);
    }
    json_set(json, STR("next"), found->next.len ? json_string(arena, found->next) : json_null(arena));
    json_set(json, STR("total"), found->total >= 0 ? json_number(arena, found->total) : json_null(arena));
    *out = json;
    return ERR_OK;
}

static Err list_data(Call *call, Json **out, Problems *problems)
{
    const Type *type;
    Found       found;
    Wanted      wanted;
    Query       query = { .filter = call_query(call, STR("filter")),
                          .sort = call_query(call, STR("sort")),
                          .cursor = call_query(call, STR("cursor")) };
    TRY(shape_type_find(call, call->params[0], &type, problems));
    shape_number(call, "limit", 1, LIMIT_LIST_ROWS, &query.limit, problems);
    query_flag(call, "total", &query.total, problems);
    TRY(shape_problem(problems));
    TRY(shape_wanted(call, type, &wanted, problems));
    if (call->page) /* its columns are chosen there; a row has a name besides, an amount its currency */
        wanted.fields = NULL;
    TRY(costly_admit(call, problems));
    TRY(find(&call->ctx, type, &query, &found, problems));
    return list_json(call, &found, &wanted, out);
}

/* A page shows what was wrong with filter or sort beside the filter. */
static void list_refused(Call *call, Err err, const Problems *problems)
{
    Arena *arena = call->ctx.arena;
    Json  *json = json_object(arena);
    json_set(json, STR("items"), json_array(arena));
    json_set(json, STR("next"), json_null(arena));
    json_set(json, STR("total"), json_null(arena));
    json_set(json, STR("errors"), call_errors(call, err, problems));
    call_data(call, err_http(err.kind), json);
}

void records_list(Call *call)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    Err      err = list_data(call, &json, &problems);
    if (!err.kind)
        call_data(call, 200, json);
    else if (call->page && err.kind == ERR_INVALID && problems.count)
        list_refused(call, err, &problems);
    else
        call_fail(call, err, &problems);
    costly_charge(call, &problems);
}

/* ---- one record ---- */

static Err show_data(Call *call, Json **out, Problems *problems)
{
    const Type *type;
    Record      record;
    TRY(shape_type_find(call, call->params[0], &type, problems));
    TRY(find_one(&call->ctx, type, call->params[1], &record));
    return shape_record(call, &record, out, problems);
}

void records_show(Call *call)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    Err      err = show_data(call, &json, &problems);
    call_answer(call, err, json, &problems);
}

static Err events_data(Call *call, Json **out, Problems *problems)
{
    const Type *type;
    Record      record;
    Json       *items;
    int64_t     before = 0, limit = EVENTS_LIMIT_DEFAULT, next;
    TRY(shape_type_find(call, call->params[0], &type, problems));
    TRY(find_one(&call->ctx, type, call->params[1], &record));
    shape_number(call, "before", 1, INT64_MAX, &before, problems);
    shape_number(call, "limit", 1, LIMIT_LIST_ROWS, &limit, problems);
    TRY(shape_problem(problems));
    TRY(history_list(&call->ctx, &record, before, limit, &items, &next));
    *out = json_object(call->ctx.arena);
    json_set(*out, STR("items"), items);
    json_set(*out, STR("next"), next ? json_number(call->ctx.arena, next) : json_null(call->ctx.arena));
    return ERR_OK;
}

void records_events(Call *call)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    Err      err = events_data(call, &json, &problems);
    call_answer(call, err, json, &problems);
}

static void read_day(Str text, const char *name, int64_t *out, Problems *problems)
{
    if (!date_parse(text, out))
        PROBLEM(problems, ECODE_HTTP_PARAMETER, str_from(name), STR_NONE, ARG("name", str_from(name)),
                ARG("expected", STR("YYYY-MM-DD")));
}

/* An earlier day to compare with; of a form that was sent without one, none. */
static const int64_t *read_since(const Call *call, int64_t day, int64_t *out, Problems *problems)
{
    Str text = call_query(call, STR("since"));
    if (!text.len)
        return NULL;
    read_day(text, "since", out, problems);
    if (!problems->count && *out > day)
        PROBLEM(problems, ECODE_HTTP_PARAMETER, STR("since"), STR_NONE, ARG("name", STR("since")),
                ARG("expected", str_printf(problems->arena, "<= %.*s", STR_FMT(call->params[2]))));
    return out;
}

static Err at_data(Call *call, Json **out, Problems *problems)
{
    const Type *type;
    Record      record;
    Wanted      wanted;
    int64_t     day, earlier;
    TRY(shape_type_find(call, call->params[0], &type, problems));
    TRY(find_one(&call->ctx, type, call->params[1], &record));
    read_day(call->params[2], "date", &day, problems);
    const int64_t *since = read_since(call, day, &earlier, problems);
    TRY(shape_problem(problems));
    TRY(shape_wanted(call, type, &wanted, problems));
    return history_at(&call->ctx, &record, day, since, &wanted, out);
}

void records_at(Call *call)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    Err      err = at_data(call, &json, &problems);
    call_answer(call, err, json, &problems);
}

/* ---- steps ---- */

/* The record after a step. A step may take it out of the actor's sight, or it may be too much to read just now; then
 * its id alone is told. The step is taken: no answer may say that it is not. */
static Json *after_step(Call *call, const ActResult *result)
{
    const Type *type = result->record.type;
    Str         id = record_id(&result->record);
    Problems    problems = call_problems(call);
    Record      record;
    Json       *json;
    Err         err = find_one(&call->ctx, type, id, &record);
    if (!err.kind)
        err = shape_record(call, &record, &json, &problems);
    if (!err.kind)
        return json;
    json = json_object(call->ctx.arena);
    json_set_str(call->ctx.arena, json, STR("id"), id);
    json_set_str(call->ctx.arena, json, STR("type"), type->name);
    return json;
}

static void step_reply(Call *call, const ActResult *result, int status)
{
    if (result->err.kind)
        call_fail(call, result->err, &result->problems);
    else
        call_data(call, status, after_step(call, result));
}

static void created(Call *call, const ActResult *result)
{
    if (!result->err.kind)
        call_set_header(call, STR("Location"),
                        shape_record_path(call, result->record.type, record_id(&result->record)));
    step_reply(call, result, 201);
}

static void changed(Call *call, const ActResult *result) { step_reply(call, result, 200); }

/* The step that the address and the body ask for; `inputs` is the body's member with the values. */
static Err step_request(Call *call, const char *inputs, Str action, ActRequest *out, Problems *problems)
{
    *out = (ActRequest){ .action = action, .if_match = -1, .must_match = str_eq(action, STR("edit")) };
    TRY(shape_type_find(call, call->params[0], &out->type, problems));
    out->record = call->params[1];
    TRY(SHAPE(call->body, problems, { inputs, JSON_OBJECT, false }));
    out->input = json_get(call->body, str_from(inputs));
    if (out->input && out->input->kind == JSON_NULL)
        out->input = NULL;
    return call_if_match(call, &out->if_match, problems);
}

static void step_begin(Call *call, const char *inputs, Str action, void (*then)(Call *call, const ActResult *result))
{
    ActRequest request;
    Problems   problems = call_problems(call);
    Err        err = step_request(call, inputs, action, &request, &problems);
    if (err.kind)
        call_fail(call, err, &problems);
    else
        call_act(call, &request, then);
}

void records_create(Call *call) { step_begin(call, "fields", STR("create"), created); }

void records_edit(Call *call) { step_begin(call, "fields", STR("edit"), changed); }

void records_act(Call *call) { step_begin(call, "input", call->params[2], changed); }
