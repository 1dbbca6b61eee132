#include "kernel/carry.h"

#include "base/limits.h"

typedef struct Gathering {
    const Ctx    *ctx;
    const Carry  *carry;
    const Record *record;
    ExprEnv       env;
    CarryItem    *items;
    size_t        count, capacity;
} Gathering;

static bool is_there(const Gathering *g, Str id)
{
    if (str_eq(id, record_id(g->record)))
        return true;
    for (size_t i = 0; i < g->count; i++)
        if (str_eq(g->items[i].id, id))
            return true;
    return false;
}

static Err add(Gathering *g, ExprRow row, Str id)
{
    Arena *arena = g->ctx->arena;
    if (is_there(g, id))
        return ERR_OK;
    if (g->count == LIMIT_CARRIED)
        return err_make(ECODE_ACTION_CARRY_LIMIT, "%.*s", STR_FMT(g->carry->action->name));
    ARENA_ROOM(arena, g->items, g->count, g->capacity);
    CarryItem *item = &g->items[g->count++];
    *item = (CarryItem){ str_dup(arena, id), ARENA_ARRAY(arena, Value, g->carry->set_count) };
    for (size_t i = 0; i < g->carry->set_count; i++)
        TRY(expr_eval(arena, g->carry->sets[i].value, &g->env, row, &item->sets[i]));
    return ERR_OK;
}

/* What `on` gives over the row: a record, several, or none. */
static Err add_named(Gathering *g, ExprRow row)
{
    Value value;
    TRY(expr_eval(g->ctx->arena, g->carry->on, &g->env, row, &value));
    Str rest = value.kind == VALUE_ID || value.kind == VALUE_LIST ? value.text : STR_NONE;
    while (rest.len)
        TRY(add(g, row, value_list_next(&rest)));
    return ERR_OK;
}

static Err add_child(Gathering *g, ExprRow child)
{
    Value fits = value_bool(true);
    if (g->carry->when)
        TRY(expr_eval(g->ctx->arena, g->carry->when, &g->env, child, &fits));
    if (fits.kind != VALUE_BOOLEAN || !fits.number)
        return ERR_OK;
    return g->carry->on ? add_named(g, child) : add(g, child, record_id(child.row));
}

Err carry_items(const Ctx *ctx, const Carry *carry, const Record *record, CarryItem **out, size_t *count)
{
    Gathering g = { .ctx = ctx, .carry = carry, .record = record, .env = access_env_truth(ctx) };
    ExprRow   row = { record->type, record }, *children;
    size_t    child_count = 0;
    bool      hidden;
    if (!carry->has_each)
        TRY(add_named(&g, row));
    else
        TRY(g.env.children(g.env.context, row, &carry->each, &children, &child_count, &hidden));
    for (size_t i = 0; i < child_count; i++)
        TRY(add_child(&g, children[i]));
    *out = g.items;
    *count = g.count;
    return ERR_OK;
}
