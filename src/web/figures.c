/* web/figures.c: records in numbers: a board of one type by state, its matrix, and the figures of all types.
 *
 * Each number is find_count() of the `filter` that stands beside it, so it is what the list of that filter holds for
 * who asks: what they may not see is not in it. */
#include "base/limits.h"
#include "kernel/clock.h"
#include "web/costly.h"
#include "web/handlers.h"
#include "web/shapes.h"

#define BOARD_CARDS 10 /* of a state */

/* ---- counting ---- */

/* Adds filter, count and more; count is null when counting takes too long. Once that has been seen of a call nothing is
 * counted for it any more: what it holds up is bounded by one statement. */
static Err put_count(Call *call, const Type *type, Str filter, Json *into)
{
    Arena   *arena = call->ctx.arena;
    int64_t  count = 0;
    Problems problems = call_problems(call);
    Err      err = call->stopped ? err_make(ECODE_STORE_SLOW, "stopped before")
                                 : find_count(&call->ctx, type, filter, SHAPE_COUNT_MAX, &count, &problems);
    if (err.kind && err.code != ECODE_STORE_SLOW)
        return err;
    call->stopped = call->stopped || err.kind;
    json_set(into, STR("filter"), filter.len ? json_string(arena, filter) : json_null(arena));
    json_set(into, STR("count"),
             err.kind ? json_null(arena) : json_number(arena, count > SHAPE_COUNT_MAX ? SHAPE_COUNT_MAX : count));
    json_set_bool(arena, into, STR("more"), !err.kind && count > SHAPE_COUNT_MAX);
    return ERR_OK;
}

/* The records of a state, of those that a sound filter lets through. */
static Str in_state(const Call *call, const Type *type, size_t state, Str filter)
{
    Arena *arena = call->ctx.arena;
    Str    quoted = expr_quote(arena, type->states[state].name);
    Str    name = type->fields[SYS_STATE].name;
    if (!filter.len)
        return str_printf(arena, "%.*s = %.*s", STR_FMT(name), STR_FMT(quoted));
    return str_printf(arena, "(%.*s) and %.*s = %.*s", STR_FMT(filter), STR_FMT(name), STR_FMT(quoted));
}

static Json *state_json(const Call *call, const Type *type, size_t state, Json *list)
{
    Json *json = json_push(list, json_object(call->ctx.arena));
    json_set_str(call->ctx.arena, json, STR("state"), type->states[state].name);
    json_set_str(call->ctx.arena, json, STR("label"), type->states[state].label.in[call->ctx.lang]);
    return json;
}

/* ---- the board ---- */

/* A filter must be sound by itself: one that only the brackets around it make sound would say something else. */
static Err filter_sound(const Call *call, const Type *type, Str filter, Problems *problems)
{
    Expr     *expr;
    ExprScope scope = pack_scope(call_pack(call), false);
    if (!filter.len)
        return ERR_OK;
    TRY(expr_parse(call->ctx.arena, filter, &expr, problems));
    return expr_check(call->ctx.arena, expr, &scope, type, VALUE_BOOLEAN, true, problems);
}

static Err board_column(Call *call, const Type *type, const Query *query, Json *column, Problems *problems)
{
    Found found;
    Ctx   ctx = call->ctx;
    TRY(put_count(call, type, query->filter, column));
    TRY(find(&call->ctx, type, query, &found, problems));
    Json *items = json_set(column, STR("items"), json_array(call->ctx.arena));
    find_remember(&ctx);
    for (size_t i = 0; i < found.count; i++) {
        Json *item;
        TRY(record_json(&ctx, &found.records[i], NULL, &item));
        json_push(items, item);
    }
    return ERR_OK;
}

static Err board_data(Call *call, Json **out, Problems *problems)
{
    Arena      *arena = call->ctx.arena;
    const Type *type;
    Str         filter = call_query(call, STR("filter"));
    Query       query = { .sort = call_query(call, STR("sort")), .limit = BOARD_CARDS };
    TRY(shape_type_find(call, call->params[0], &type, problems));
    TRY(costly_admit(call, problems));
    TRY(filter_sound(call, type, filter, problems));
    *out = json_object(arena);
    json_set_str(arena, *out, STR("type"), type->name);
    Json *columns = json_set(*out, STR("columns"), json_array(arena));
    bool  shown = shape_field_known(call, &type->fields[SYS_STATE]);
    for (size_t i = 0; shown && i < type->state_count; i++) {
        query.filter = in_state(call, type, i, filter);
        TRY(board_column(call, type, &query, state_json(call, type, i, columns), problems));
    }
    return ERR_OK;
}

void records_board(Call *call)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    Err      err = board_data(call, &json, &problems);
    call_answer(call, err, json, &problems);
    costly_charge(call, &problems);
}

/* ---- the matrix ---- */

static Str both(const Call *call, Str one, Str other)
{
    if (!one.len || !other.len)
        return one.len ? one : other;
    return str_printf(call->ctx.arena, "(%.*s) and (%.*s)", STR_FMT(one), STR_FMT(other));
}

static Err put_axis(Call *call, const Type *type, const MatrixAxis *axis, Str filter, Json *into)
{
    Arena *arena = call->ctx.arena;
    json_set_str(arena, into, STR("label"), axis->label.in[call->ctx.lang]);
    Json *list = json_set(into, STR("classes"), json_array(arena));
    for (size_t i = 0; i < axis->count; i++) {
        Json *json = json_push(list, json_object(arena));
        json_set_str(arena, json, STR("name"), axis->classes[i].name);
        json_set_str(arena, json, STR("label"), axis->classes[i].label.in[call->ctx.lang]);
        TRY(put_count(call, type, both(call, filter, axis->classes[i].text), json));
    }
    return ERR_OK;
}

/* Whether the record stands in the cell; one that does not show stands in none. */
static Err put_here(Call *call, const Type *type, Str filter, Str id, Json *cell)
{
    int64_t  count = 0;
    Problems problems = call_problems(call);
    if (uuid_valid(id) && !call->stopped) {
        Str one = str_printf(call->ctx.arena, "id = '%.*s'", STR_FMT(id));
        TRY(find_count(&call->ctx, type, both(call, filter, one), 1, &count, &problems));
    }
    json_set_bool(call->ctx.arena, cell, STR("here"), count > 0);
    return ERR_OK;
}

static Err put_cells(Call *call, const Type *type, Str filter, Json *into)
{
    const MatrixAxis *rows = &type->matrix->axes[MATRIX_ROWS], *columns = &type->matrix->axes[MATRIX_COLUMNS];
    for (size_t r = 0; r < rows->count; r++) {
        Json *row = json_push(into, json_array(call->ctx.arena));
        for (size_t c = 0; c < columns->count; c++) {
            Json *cell = json_push(row, json_object(call->ctx.arena));
            Str   crossed = both(call, rows->classes[r].text, columns->classes[c].text);
            TRY(put_count(call, type, both(call, filter, crossed), cell));
            TRY(put_here(call, type, crossed, call_query(call, STR("here")), cell));
        }
    }
    return ERR_OK;
}

static Err matrix_data(Call *call, Json **out, Problems *problems)
{
    static const Str sides[MATRIX_AXES] = { STR_INIT("rows"), STR_INIT("columns") };
    Arena           *arena = call->ctx.arena;
    const Type      *type;
    Str              filter = call_query(call, STR("filter"));
    TRY(shape_type_find(call, call->params[0], &type, problems));
    if (!shape_matrix_known(call, type))
        return err_make(ECODE_PAGE_UNSEEN, "no matrix of %.*s", STR_FMT(type->name));
    TRY(costly_admit(call, problems));
    TRY(filter_sound(call, type, filter, problems));
    *out = json_object(arena);
    json_set_str(arena, *out, STR("type"), type->name);
    json_set_str(arena, *out, STR("label"), type->matrix->label.in[call->ctx.lang]);
    TRY(put_count(call, type, filter, *out));
    for (int side = 0; side < MATRIX_AXES; side++)
        TRY(put_axis(call, type, &type->matrix->axes[side], filter, json_set(*out, sides[side], json_object(arena))));
    return put_cells(call, type, filter, json_set(*out, STR("cells"), json_array(arena)));
}

void records_matrix(Call *call)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    Err      err = matrix_data(call, &json, &problems);
    call_answer(call, err, json, &problems);
    costly_charge(call, &problems);
}

/* ---- figures of all types ---- */

static Err put_late(Call *call, const Type *type, Json *into)
{
    Json *late = json_set(into, STR("late"), json_array(call->ctx.arena));
    for (size_t i = 0; i < type->clock_count; i++) {
        const Clock *clock = &type->clocks[i];
        const Field *due = clock_field(type, clock, CLOCK_DUE);
        if (!clock_limits(clock) || !shape_field_known(call, due))
            continue;
        Json *json = json_push(late, json_object(call->ctx.arena));
        json_set_str(call->ctx.arena, json, STR("clock"), clock->name);
        json_set_str(call->ctx.arena, json, STR("label"), clock->label.in[call->ctx.lang]);
        TRY(put_count(call, type, str_printf(call->ctx.arena, "%.*s < today()", STR_FMT(due->name)), json));
    }
    return ERR_OK;
}

static Err type_figures(Call *call, const Type *type, Json *json)
{
    json_set_str(call->ctx.arena, json, STR("type"), type->name);
    json_set_str(call->ctx.arena, json, STR("label"), type->plural.in[call->ctx.lang]);
    TRY(put_count(call, type, STR_NONE, json));
    Json *states = json_set(json, STR("states"), json_array(call->ctx.arena));
    bool  shown = shape_field_known(call, &type->fields[SYS_STATE]);
    for (size_t i = 0; shown && i < type->state_count; i++)
        TRY(put_count(call, type, in_state(call, type, i, STR_NONE), state_json(call, type, i, states)));
    return put_late(call, type, json);
}

static Err statistics_data(Call *call, Json **out)
{
    const Pack *pack = call_pack(call);
    *out = json_object(call->ctx.arena);
    json_set_str(call->ctx.arena, *out, STR("today"), date_text(call->ctx.arena, ctx_today(&call->ctx)));
    Json *items = json_set(*out, STR("items"), json_array(call->ctx.arena));
    for (size_t i = 0; i < pack->type_count; i++)
        if (shape_listed(call, &pack->types[i]))
            TRY(type_figures(call, &pack->types[i], json_push(items, json_object(call->ctx.arena))));
    return ERR_OK;
}

void statistics_show(Call *call)
{
    Json *json = NULL;
    Err   err = statistics_data(call, &json);
    call_answer(call, err, json, NULL);
}
