#include "services/validation/order_trials.h"

#include "engines/trials/trials.h"
#include "kernel/effect.h"
#include "kernel/find.h"
#include "kernel/rows.h"

#define DIGITS 2 /* of an amount */

/* ---- the engine ---- */

static Err not_there(const char *what) { return err_make(ECODE_COMPUTATION_INPUT, "no %s", what); }

static bool int_in(const Json *json, const char *name, int64_t most, int64_t *out)
{
    const Json *value = json_get(json, str_from(name));
    return value && json_int(value, out) && *out >= 0 && *out <= most;
}

/* Which of the trials the id names. */
static bool index_of(const Json *trials, Str id, size_t *out)
{
    *out = 0;
    JSON_EACH(one, trials) {
        if (str_eq(json_text(json_get(one, STR("trial"))), id))
            return true;
        ++*out;
    }
    return false;
}

static Err read_trial(const Json *trials, const Json *json, Trial *out)
{
    int64_t chance;
    size_t  before;
    *out = (Trial){ 0 };
    if (!json_text(json_get(json, STR("trial"))).len || !int_in(json, "cost", TRIALS_COST_MAX, &out->cost) ||
        !int_in(json, "chance", 100, &chance))
        return not_there("trial, cost or chance");
    out->chance = (int32_t)chance;
    JSON_EACH(id, json_get(json, STR("after"))) {
        if (!index_of(trials, json_text(id), &before))
            return not_there("such trial");
        out->after |= UINT32_C(1) << before;
    }
    return ERR_OK;
}

static Err read_trials(const Json *input, Trial *out, size_t *count)
{
    const Json *trials = json_get(input, STR("trials"));
    *count = 0;
    if (!trials || trials->kind != JSON_ARRAY || !trials->count)
        return not_there("trials");
    if (trials->count > TRIALS_MAX)
        return err_make(ECODE_TRIALS_MANY, "%zu trials", trials->count);
    JSON_EACH(one, trials)
        TRY(read_trial(trials, one, &out[(*count)++]));
    return ERR_OK;
}

static Str trial_id(const Json *input, size_t index)
{
    const Json *at = json_get(input, STR("trials"))->first;
    while (index--)
        at = at->next;
    return json_text(json_get(at, STR("trial")));
}

static Err run_trials(Arena *arena, const Pack *pack, const Json *input, const Json *parameters, Json **out)
{
    Trial      trials[TRIALS_MAX];
    TrialOrder order;
    size_t     count;
    (void)pack;
    (void)parameters;
    TRY(read_trials(input, trials, &count));
    TRY(trials_order(arena, trials, count, &order));
    Json *json = *out = json_object(arena);
    json_set_int(arena, json, STR("expected"), order.expected);
    json_set_int(arena, json, STR("entered"), order.entered);
    json_set_int(arena, json, STR("whole"), order.whole);
    json_set_int(arena, json, STR("worlds"), (int64_t)order.worlds);
    json_set_int(arena, json, STR("kept"), (int64_t)order.kept);
    Json *steps = json_set(json, STR("steps"), json_array(arena));
    for (size_t i = 0; i < order.count; i++) {
        Json *step = json_push(steps, json_object(arena));
        json_set_str(arena, step, STR("trial"), trial_id(input, order.steps[i].trial));
        json_set_int(arena, step, STR("reach"), order.steps[i].reach);
        json_set_int(arena, step, STR("so_far"), order.steps[i].so_far);
        json_set_bool(arena, step, STR("decides"), order.steps[i].decides);
    }
    return ERR_OK;
}

const Engine engine_trials = { STR_INIT("trials"), 1, run_trials };

/* ---- reading ---- */

typedef struct Ordering {
    const Ctx *ctx;
    Record    *route;
    bool      *set;
    Record    *trials; /* planned, as they were entered */
    size_t     count;
    Json      *input;
    Json      *result;
} Ordering;

static Value of(const Record *record, const char *field)
{
    return record->values[type_field(record->type, str_from(field))->index];
}

/* One more than are taken, to see that there are more. */
static Err find_planned(Ordering *ordering, int64_t *total)
{
    const Ctx *ctx = ordering->ctx;
    Found      found = { .next = STR_NONE };
    Problems   problems = { .arena = ctx->arena };
    Query      query = { .sort = STR("id"), .limit = TRIALS_MAX, .total = true };
    query.filter = str_printf(ctx->arena, "technical_route = '%.*s' and state = 'planned'",
                              STR_FMT(record_id(ordering->route)));
    TRY(find(ctx, pack_type(ctx->city->pack, STR("trial")), &query, &found, &problems));
    ordering->trials = found.records;
    ordering->count = found.count;
    *total = found.total;
    return ERR_OK;
}

static bool is_estimated(const Ordering *ordering)
{
    bool all = ordering->count > 0;
    for (size_t i = 0; i < ordering->count; i++) {
        Value cost = of(&ordering->trials[i], "planned_cost"), chance = of(&ordering->trials[i], "failure_chance");
        all = all && cost.kind == VALUE_DECIMAL && chance.kind == VALUE_INTEGER;
    }
    return all;
}

static Err trial_json(const Ordering *ordering, const Record *trial, Json *json)
{
    Arena  *arena = ordering->ctx->arena;
    Value   cost = of(trial, "planned_cost"), after = of(trial, "after");
    Decimal hundredths;
    if (!decimal_rescale((Decimal){ cost.number, cost.scale }, DIGITS, &hundredths))
        return err_make(ECODE_EXPR_OVERFLOW, "a cost");
    json_set_str(arena, json, STR("trial"), record_id(trial));
    json_set_int(arena, json, STR("cost"), hundredths.units);
    json_set_int(arena, json, STR("chance"), of(trial, "failure_chance").number);
    Json *list = json_set(json, STR("after"), json_array(arena));
    for (size_t i = 0; i < ordering->count; i++)
        if (value_list_holds(after, record_id(&ordering->trials[i])))
            json_push(list, json_string(arena, record_id(&ordering->trials[i])));
    return ERR_OK;
}

static Err make_input(Ordering *ordering)
{
    Arena *arena = ordering->ctx->arena;
    ordering->input = json_object(arena);
    Json *list = json_set(ordering->input, STR("trials"), json_array(arena));
    for (size_t i = 0; i < ordering->count; i++)
        TRY(trial_json(ordering, &ordering->trials[i], json_push(list, json_object(arena))));
    return ERR_OK;
}

/* Of what stands in a circle, by the names of its records. */
static Str circle_text(const Ordering *ordering)
{
    Trial    trials[TRIALS_MAX];
    size_t   count;
    Buf      text = buf_new(ordering->ctx->arena, SIZE_MAX);
    Err      err = read_trials(ordering->input, trials, &count);
    uint32_t circle = err.kind ? 0 : trials_circle(trials, count);
    for (size_t i = 0; i < ordering->count; i++)
        if (circle >> i & 1)
            buf_printf(&text, "%s%.*s", text.len ? "; " : "",
                       STR_FMT(record_title(ordering->ctx, &ordering->trials[i])));
    return buf_str(&text);
}

static Err work_out(Ordering *ordering, Problems *problems)
{
    const Ctx *ctx = ordering->ctx;
    Err        err = engine_trials.run(ctx->arena, ctx->city->pack, ordering->input, NULL, &ordering->result);
    if (err.code == ECODE_TRIALS_CYCLE)
        PROBLEM(problems, err.code, STR("trial_order"), STR_NONE, ARG("trials", circle_text(ordering)));
    if (err.code == ECODE_TRIALS_SETS)
        PROBLEM(problems, err.code, STR("trial_order"), STR_NONE);
    return err.code == ECODE_TRIALS_CYCLE || err.code == ECODE_TRIALS_SETS ? err_make(ECODE_ACTION_REFUSED, "no order")
                                                                           : err;
}

/* ---- writing ---- */

static int64_t number(const Json *json, const char *name)
{
    int64_t found = 0;
    json_int(json_get(json, str_from(name)), &found);
    return found;
}

static Value amount(const Json *json, const char *name)
{
    return value_decimal((Decimal){ number(json, name), DIGITS });
}

static void put(Record *row, const char *column, Value value)
{
    row->values[type_field(row->type, str_from(column))->index] = value;
}

static void set_field(const Ordering *ordering, const char *field, Value value)
{
    effect_set(ordering->route, ordering->set, type_field(ordering->route->type, str_from(field)), value);
}

static void write_order(const Ordering *ordering)
{
    Arena       *arena = ordering->ctx->arena;
    const Json  *result = ordering->result;
    const Field *order = type_field(ordering->route->type, STR("trial_order"));
    Record      *rows = ARENA_ARRAY(arena, Record, ordering->count);
    size_t       place = 0, index = 0;
    JSON_EACH(step, json_get(result, STR("steps"))) {
        Record *row = &rows[place++];
        Str     id = json_text(json_get(step, STR("trial")));
        bool    decides = false;
        *row = (Record){ .type = order->rows, .values = ARENA_ARRAY(arena, Value, order->rows->field_count) };
        index_of(json_get(ordering->input, STR("trials")), id, &index);
        json_truth(json_get(step, STR("decides")), &decides);
        put(row, "place", value_int((int64_t)place));
        put(row, "trial", value_id(id));
        put(row, "cost", of(&ordering->trials[index], "planned_cost"));
        put(row, "chance", of(&ordering->trials[index], "failure_chance"));
        put(row, "reach", value_decimal((Decimal){ number(step, "reach"), 1 }));
        put(row, "so_far", amount(step, "so_far"));
        put(row, "decides", value_bool(decides));
    }
    set_field(ordering, "trial_order", rows_value(arena, order, rows, place));
    set_field(ordering, "order_expected", amount(result, "expected"));
    set_field(ordering, "order_entered", amount(result, "entered"));
    set_field(ordering, "order_whole", amount(result, "whole"));
    set_field(ordering, "order_kept", value_int(number(result, "kept")));
    set_field(ordering, "order_worlds", value_int(number(result, "worlds")));
    set_field(ordering, "ordered_on", value_date(ctx_today(ordering->ctx)));
}

Err order_trials(const Ctx *ctx, Record *route, bool *set, Computed *kept, Problems *problems)
{
    Ordering ordering = { .ctx = ctx, .route = route, .set = set };
    int64_t  total;
    TRY(find_planned(&ordering, &total));
    if (total > TRIALS_MAX) {
        PROBLEM(problems, ECODE_TRIALS_MANY, STR("trial_order"), STR_NONE,
                ARG("found", str_printf(ctx->arena, "%lld", (long long)total)),
                ARG("max", str_printf(ctx->arena, "%d", TRIALS_MAX)));
        return err_make(ECODE_ACTION_REFUSED, "too many trials");
    }
    if (!is_estimated(&ordering))
        return ERR_OK;
    TRY(make_input(&ordering));
    TRY(work_out(&ordering, problems));
    write_order(&ordering);
    *kept = (Computed){ .engine = &engine_trials, .input = ordering.input, .result = ordering.result };
    return ERR_OK;
}
