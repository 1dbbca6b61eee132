/* web/bulk.c: one step on many records: of those that a program names, or of those that a list holds.
 *
 * A page asks for the step with the ids of the records in its form: what is confirmed is what was seen, whatever comes
 * into the list meanwhile. Each record is a step of its own, taken whole or refused with its reasons, as if it were the
 * only one; LIMIT_IMPORT_CHUNK_ROWS at most, as with an import. */
#include "base/limits.h"
#include "web/costly.h"
#include "web/filled.h"
#include "web/forms.h"
#include "web/handlers.h"
#include "web/page.h"
#include "web/shapes.h"

#define BULK_MAX LIMIT_IMPORT_CHUNK_ROWS
#define NAMED    10 /* records that a form says by name */

typedef struct Bulk {
    const Type   *type;
    const Action *action;
    Str           ids; /* of a page: as its form holds them, with commas between */
    ActRequest   *requests;
    size_t        count;
    Problems      names; /* of references: what was typed names no record, or several */
} Bulk;

/* ---- which ---- */

static Err bulk_action(Bulk *bulk, Str name, Problems *problems)
{
    bulk->action = type_action(bulk->type, name);
    if (bulk->action && forms_of_many(bulk->action))
        return ERR_OK;
    PROBLEM(problems, ECODE_ACTION_UNKNOWN, STR_NONE, STR_NONE, ARG("action", name));
    return err_make(ECODE_ACTION_UNKNOWN, "");
}

static Err too_many(size_t count, Problems *problems)
{
    PROBLEM(problems, ECODE_HTTP_PARAMETER, STR("ids"), STR_NONE, ARG("name", STR("ids")),
            ARG("expected", str_printf(problems->arena, "1–%d", BULK_MAX)));
    return err_make(ECODE_HTTP_PARAMETER, "%zu ids", count);
}

static void bulk_add(Call *call, Bulk *bulk, Str id, const Json *input)
{
    if (!bulk->requests)
        bulk->requests = ARENA_ARRAY(call->ctx.arena, ActRequest, BULK_MAX);
    bulk->requests[bulk->count++] = (ActRequest){
        .type = bulk->type, .record = id, .action = bulk->action->name, .input = input, .if_match = -1
    };
}

/* ---- what came of it ---- */

static void refused_tell(Call *call, Str id, const ActResult *result, Json *list)
{
    Arena   *arena = call->ctx.arena;
    Json    *json = json_push(list, json_object(arena));
    Problems told = result->problems;
    if (told.count > LIMIT_IMPORT_ROW_ERRORS)
        told.count = LIMIT_IMPORT_ROW_ERRORS;
    json_set_str(arena, json, STR("id"), id);
    json_set_str(arena, json, STR("code"), err_row(result->err.code)->code);
    json_set_str(arena, json, STR("detail"), err_detail(arena, result->err, &result->problems, call->ctx.lang));
    json_set(json, STR("errors"), call_errors(call, result->err, &told));
}

static Json *bulk_json(Call *call, const Bulk *bulk, const ActResult *results)
{
    Arena *arena = call->ctx.arena;
    Json  *json = json_object(arena), *taken, *refused;
    json_set_str(arena, json, STR("type"), bulk->type->name);
    json_set_str(arena, json, STR("action"), bulk->action->name);
    taken = json_set(json, STR("taken"), json_array(arena));
    refused = json_set(json, STR("refused"), json_array(arena));
    for (size_t i = 0; i < bulk->count; i++) {
        if (results[i].err.kind)
            refused_tell(call, bulk->requests[i].record, &results[i], refused);
        else
            json_push(taken, json_string(arena, bulk->requests[i].record));
    }
    return json;
}

/* ---- for programs ---- */

static void many_done(Call *call, const ActResult *results, size_t count)
{
    const Bulk *bulk = call->state;
    if (call_all_failed(results, count))
        call_fail(call, results[0].err, &results[0].problems);
    else
        call_data(call, 200, bulk_json(call, bulk, results));
}

static Err many_read(Call *call, Bulk *bulk, Problems *problems)
{
    TRY(shape_type_find(call, call->params[0], &bulk->type, problems));
    TRY(bulk_action(bulk, call->params[1], problems));
    TRY(SHAPE(call->body, problems, { "ids", JSON_ARRAY, true }, { "input", JSON_OBJECT, false }));
    const Json *ids = json_get(call->body, STR("ids")), *input = json_get(call->body, STR("input"));
    if (!ids->count || ids->count > BULK_MAX)
        return too_many(ids->count, problems);
    JSON_EACH(id, ids)
        bulk_add(call, bulk, json_text(id), input && input->kind == JSON_OBJECT ? input : NULL);
    return ERR_OK;
}

void records_act_many(Call *call)
{
    Problems problems = call_problems(call);
    Bulk    *bulk = ARENA_NEW(call->ctx.arena, Bulk);
    Err      err = many_read(call, bulk, &problems);
    call->state = bulk;
    if (err.kind)
        call_fail(call, err, &problems);
    else
        call_act_many(call, bulk->requests, bulk->count, false, many_done);
}

/* ---- for pages: the steps that a list has ---- */

static bool takes(const Action *action, const Record *record)
{
    int state = record_state(record);
    return state >= 0 && action->from >> state & 1;
}

/* How many of the records are in a state from which the step is taken; the first of them, or NULL. */
static const Record *takeable(const Action *action, const Found *found, int64_t *count)
{
    const Record *first = NULL;
    *count = 0;
    for (size_t i = 0; i < found->count; i++) {
        if (!takes(action, &found->records[i]))
            continue;
        first = first ? first : &found->records[i];
        (*count)++;
    }
    return first;
}

static Err put_steps(Call *call, const Type *type, const Found *found, Json *list)
{
    for (size_t i = 0; i < type->action_count; i++) {
        const Action *action = &type->actions[i];
        int64_t       count;
        const Record *first = forms_of_many(action) ? takeable(action, found, &count) : NULL;
        Json         *option = NULL;
        if (first)
            TRY(act_option(&call->ctx, action, first, &option));
        if (!option)
            continue;
        Json *json = json_push(list, json_object(call->ctx.arena));
        json_set_str(call->ctx.arena, json, STR("name"), action->name);
        json_set_str(call->ctx.arena, json, STR("label"), action->label.in[call->ctx.lang]);
        json_set_str(call->ctx.arena, json, STR("help"), action->help.in[call->ctx.lang]);
        json_set_int(call->ctx.arena, json, STR("count"), count);
    }
    return ERR_OK;
}

/* ---- the form of a step ---- */

/* {"ids","count","names"}: of the records that the step is taken on. */
static void put_records(Call *call, const Bulk *bulk, Json *into)
{
    Arena *arena = call->ctx.arena;
    Json  *records = json_set(into, STR("records"), json_object(arena));
    Str    rest = bulk->ids;
    json_set_str(arena, records, STR("ids"), bulk->ids);
    Json   *named = json_set(records, STR("named"), json_array(arena));
    int64_t count = 0;
    for (; rest.len; count++) {
        Str id = str_cut(&rest, ',');
        if (count < NAMED)
            json_push(named, json_string(arena, id));
    }
    json_set_int(arena, records, STR("count"), count);
}

static Err bulk_form(Call *call, const Bulk *bulk, Json **out)
{
    TRY(forms_step(call, bulk->type, bulk->action, NULL, out));
    put_records(call, bulk, *out);
    return ERR_OK;
}

/* Opens for those who could ever take the step on the first of them, as the form of one record does. */
static Err bulk_opens(Call *call, const Bulk *bulk, const Found *found)
{
    int64_t       count;
    Json         *option = NULL;
    const Record *first = takeable(bulk->action, found, &count);
    if (first)
        TRY(act_option(&call->ctx, bulk->action, first, &option));
    return first && !option ? err_make(ECODE_ACTION_DENIED, "%.*s", STR_FMT(bulk->action->name)) : ERR_OK;
}

static Str ids_of(Call *call, const Action *action, const Found *found)
{
    Buf         buf = buf_new(call->ctx.arena, SIZE_MAX);
    const char *between = "";
    for (size_t i = 0; i < found->count; i++) {
        if (!takes(action, &found->records[i]))
            continue;
        buf_printf(&buf, "%s%.*s", between, STR_FMT(record_id(&found->records[i])));
        between = ",";
    }
    return buf_str(&buf);
}

static Err steps_data(Call *call, Json **out, Problems *problems)
{
    Bulk  bulk = { 0 };
    Found found;
    Str   step = call_query(call, STR("step"));
    Query query = { .filter = call_query(call, STR("filter")),
                    .sort = call_query(call, STR("sort")),
                    .limit = BULK_MAX };
    TRY(call_type(call, 0, &bulk.type));
    TRY(costly_admit(call, problems));
    TRY(find(&call->ctx, bulk.type, &query, &found, problems));
    if (step.len) {
        TRY(bulk_action(&bulk, step, problems));
        TRY(bulk_opens(call, &bulk, &found));
        bulk.ids = ids_of(call, bulk.action, &found);
        if (bulk.ids.len) /* else the steps that there are */
            return bulk_form(call, &bulk, out);
    }
    *out = json_object(call->ctx.arena);
    json_set_str(call->ctx.arena, *out, STR("type"), bulk.type->name);
    json_set_int(call->ctx.arena, *out, STR("count"), (int64_t)found.count);
    json_set_bool(call->ctx.arena, *out, STR("more"), found.next.len > 0);
    return put_steps(call, bulk.type, &found, json_set(*out, STR("steps"), json_array(call->ctx.arena)));
}

void bulk_show(Call *call)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    Err      err = steps_data(call, &json, &problems);
    call_answer(call, err, json, &problems);
    costly_charge(call, &problems);
}

/* ---- sending it ---- */

static void form_again(Call *call, const Bulk *bulk, Err err, const Problems *found)
{
    Json *json = NULL;
    Err   shown = bulk_form(call, bulk, &json);
    forms_again(call, err, found, &bulk->names, shown, json);
}

static void sent_done(Call *call, const ActResult *results, size_t count)
{
    const Bulk *bulk = call->state;
    if (call_all_failed(results, count))
        call_fail(call, results[0].err, &results[0].problems);
    else if (call_none_taken(results, count) && results[0].err.kind == ERR_INVALID)
        form_again(call, bulk, results[0].err, &results[0].problems);
    else
        call_data(call, 200, bulk_json(call, bulk, results));
}

/* What the form says of the step itself, apart from what it was filled in with: no field has a point in its name. */
static void form_part(Call *call, Str *step, Str *ids)
{
    Pair  *rest = ARENA_ARRAY(call->ctx.arena, Pair, call->form_count);
    size_t count = 0;
    for (size_t i = 0; i < call->form_count; i++) {
        if (str_eq(call->form[i].name, STR(".step")))
            *step = call->form[i].value;
        else if (str_eq(call->form[i].name, STR(".ids")))
            *ids = call->form[i].value;
        else
            rest[count++] = call->form[i];
    }
    call->form = rest;
    call->form_count = count;
}

/* What was filled in: an empty field leaves each record's own value alone. */
static Json *filled_in(Call *call, const Json *input)
{
    Json *out = json_object(call->ctx.arena);
    JSON_EACH(value, input)
        if (value->kind != JSON_NULL && !(value->kind == JSON_ARRAY && !value->count))
            json_set(out, value->key, json_dup(call->ctx.arena, value));
    return out;
}

static Err sent_read(Call *call, Bulk *bulk, Problems *problems)
{
    Record none = { 0 };
    Json  *input;
    Str    step = STR_NONE, rest;
    TRY(call_type(call, 0, &bulk->type));
    form_part(call, &step, &bulk->ids);
    TRY(bulk_action(bulk, step, problems));
    TRY(filled_input(call, bulk->type, &none, &input, &bulk->names));
    input = filled_in(call, input);
    for (rest = bulk->ids; rest.len && bulk->count < BULK_MAX;)
        bulk_add(call, bulk, str_cut(&rest, ','), input);
    return rest.len || !bulk->count ? too_many(bulk->count, problems) : ERR_OK;
}

void bulk_send(Call *call)
{
    Problems problems = call_problems(call);
    Bulk    *bulk = ARENA_NEW(call->ctx.arena, Bulk);
    Json    *json;
    bulk->names = call_problems(call);
    Err err = sent_read(call, bulk, &problems);
    call->state = bulk;
    if (!err.kind && filled_more(call)) {
        err = bulk_form(call, bulk, &json);
        call_answer(call, err, json, &problems);
    } else if (err.kind) {
        call_fail(call, err, &problems);
    } else {
        call_act_many(call, bulk->requests, bulk->count, false, sent_done);
    }
}
