/* kernel/access_env.c: records as expressions find them, and values as their reader does. */
#include "kernel/access_rules.h"
#include "kernel/find.h"
#include "kernel/parameter.h"
#include "kernel/rows.h"

/* Puts ACCESS_HIDDEN in the place of each id in the field's value that the actor does not see. */
static Err hide_targets(const Ctx *ctx, const Field *field, Value value, Value *out)
{
    const Type *target = access_refers_to(field);
    Buf         items = buf_new(ctx->arena, SIZE_MAX);
    Str         rest = value.text;
    bool        hidden = false;
    *out = value;
    if (!target || value.kind == VALUE_MISSING || access_always(ctx, target))
        return ERR_OK;
    while (rest.len) {
        Str  item = value_list_next(&rest);
        bool seen;
        TRY(access_sees_id(ctx, target, item, &seen));
        buf_add(&items, items.len ? STR(",") : STR_NONE);
        buf_add(&items, seen ? item : STR(ACCESS_HIDDEN));
        hidden |= !seen;
    }
    if (hidden)
        *out = (Value){ .kind = value.kind == VALUE_ID ? VALUE_TEXT : VALUE_LIST, .text = buf_str(&items) };
    return ERR_OK;
}

/* ---- expressions over records ---- */

/* What one env reads at most: records, child rows, parameters, formulas. Each costs a look into the database or a walk
 * over an expression, and one formula may ask the next; and it keeps what it has read until its arena ends. */
#define ENV_READS_MAX 200000
#define ENV_BYTES_MAX (64 << 20)

typedef struct EnvUse {
    size_t reads;
    size_t bytes; /* of the arena before the first of them */
} EnvUse;

typedef struct EnvState {
    Ctx              ctx;
    bool             truth;      /* nobody reads an explanation: hidden is not computed */
    EnvUse          *use;        /* so far, that of formulas included */
    ParameterMemory *parameters; /* NULL: every one is looked up */
} EnvState;

static Err env_spend(const EnvState *state, size_t reads)
{
    EnvUse *use = state->use;
    use->reads += reads;
    if (use->reads <= ENV_READS_MAX && arena_used(state->ctx.arena) - use->bytes <= ENV_BYTES_MAX)
        return ERR_OK;
    return err_make(ECODE_STORE_SLOW, "an expression over %zu records", use->reads);
}

static ExprEnv env_of(EnvState *state);

/* Over true values, whoever asks. What is out of range, or over more children than an expression reads, is missing: one
 * such record must not close a whole list. */
static Err env_formula(const EnvState *state, const Record *record, const Field *field, Value *out)
{
    EnvState inner = { .ctx = state->ctx, .truth = true, .use = state->use, .parameters = state->parameters };
    ExprEnv  env = env_of(&inner);
    TRY(env_spend(state, 1));
    Err err = expr_eval(state->ctx.arena, field->formula, &env, (ExprRow){ record->type, record }, out);
    if (err.kind && err.code != ECODE_EXPR_OVERFLOW)
        return err;
    if (err.kind)
        *out = VALUE_NONE;
    if (out->kind == VALUE_MISSING && field->result.kind == VALUE_BOOLEAN)
        *out = value_bool(false);
    return ERR_OK;
}

static Err env_get(void *context, ExprRow row, const void *field, Value *out, bool *hidden)
{
    const EnvState *state = context;
    const Record   *record = row.row;
    const Field    *of = field;
    *out = record->values[of->index];
    *hidden = !state->truth && !access_shows(&record->clearance, of);
    if (of->kind == FIELD_COMPUTED)
        TRY(env_formula(state, record, of, out));
    if (state->truth || *hidden)
        return ERR_OK;
    Value seen;
    TRY(hide_targets(&state->ctx, of, *out, &seen));
    *hidden = !value_eq(seen, *out);
    return ERR_OK;
}

static Err env_see(const EnvState *state, Record *record, bool *hidden)
{
    if (state->truth)
        return ERR_OK;
    TRY(access_clearance(&state->ctx, record, &record->clearance));
    *hidden |= !access_sees(&record->clearance);
    return ERR_OK;
}

static Err env_follow(void *context, ExprRow row, const void *field, ExprRow *out, bool *hidden)
{
    const EnvState *state = context;
    const Field    *of = field;
    const Record   *from = row.row;
    Str             id = from->values[of->index].text;
    *out = (ExprRow){ .type = of->target };
    *hidden = !state->truth && !access_shows(&from->clearance, of);
    if (id.len == 0)
        return ERR_OK;
    Record *record = ARENA_NEW(state->ctx.arena, Record);
    bool    found;
    TRY(env_spend(state, 1));
    TRY(record_load(state->ctx.db, state->ctx.arena, of->target, id, record, &found));
    if (!found)
        return ERR_OK;
    TRY(env_see(state, record, hidden));
    out->row = record;
    return ERR_OK;
}

/* Child rows lie in the record itself, and show as the field that holds them. */
static Err env_rows(const EnvState *state, const Record *parent, const Field *field, Record **out, size_t *count,
                    bool *hidden)
{
    *hidden = !state->truth && !access_shows(&parent->clearance, field);
    return rows_read(state->ctx.arena, field, parent, parent->values[field->index], out, count);
}

static Err env_records(const EnvState *state, const Record *parent, const ExprChild *child, Record **out, size_t *count,
                       bool *hidden)
{
    Err err = record_children(state->ctx.db, state->ctx.arena, child->type, child->link, record_id(parent), out, count);
    if (err.code == ECODE_EXPR_OVERFLOW) /* they have been read all the same */
        TRY(env_spend(state, CHILDREN_MAX));
    TRY(err);
    for (size_t i = 0; i < *count; i++) {
        Record *record = &(*out)[i];
        TRY(env_see(state, record, hidden));
        *hidden |= !state->truth && !access_shows(&record->clearance, child->link);
    }
    return ERR_OK;
}

static Err env_children(void *context, ExprRow row, const ExprChild *child, ExprRow **out, size_t *count, bool *hidden)
{
    const EnvState *state = context;
    const Type     *type = child->type;
    Record         *records;
    *hidden = false;
    if (type->row_of)
        TRY(env_rows(state, row.row, type->row_of, &records, count, hidden));
    else
        TRY(env_records(state, row.row, child, &records, count, hidden));
    *out = ARENA_ARRAY(state->ctx.arena, ExprRow, *count);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = (ExprRow){ .type = type, .row = &records[i] };
    return env_spend(state, *count + 1);
}

static Err env_parameter(void *context, ExprRow root, Str code, Value *out)
{
    const EnvState  *state = context;
    const Parameter *parameter = pack_parameter(state->ctx.city->pack, code);
    *out = VALUE_NONE;
    if (!parameter)
        return ERR_OK;
    TRY(env_spend(state, 1));
    return parameter_value(&state->ctx, state->parameters, parameter, reference_day(&state->ctx, root.row), out);
}

/* By its title, as far as the reader sees it; what is asked of true values alone has no reader. */
static Str env_called(void *context, const void *type, Str id)
{
    const EnvState *state = context;
    Record          record;
    if (state->truth || !type || env_spend(state, 1).kind || find_one(&state->ctx, type, id, &record).kind)
        return STR_NONE;
    return record_title(&state->ctx, &record);
}

static ExprEnv env_of(EnvState *state)
{
    const Ctx *ctx = &state->ctx;
    return (ExprEnv){ .context = state,
                      .get = env_get,
                      .follow = env_follow,
                      .children = env_children,
                      .parameter = env_parameter,
                      .called = env_called,
                      .calendar = ctx->city->pack->calendar,
                      .today = ctx_today(ctx),
                      .actor = ctx->actor ? ctx->actor->person : STR_NONE,
                      .organisation = ctx->actor ? ctx->actor->organisation : STR_NONE };
}

static ExprEnv env_make(const Ctx *ctx, bool truth)
{
    EnvState *state = ARENA_NEW(ctx->arena, EnvState);
    *state = (EnvState){ .ctx = *ctx, .truth = truth, .use = ARENA_NEW(ctx->arena, EnvUse) };
    state->use->bytes = arena_used(ctx->arena);
    return env_of(state);
}

ExprEnv access_env(const Ctx *ctx) { return env_make(ctx, false); }

ExprEnv access_env_truth(const Ctx *ctx) { return env_make(ctx, true); }

/* ---- values as the actor finds them ---- */

Err access_seen(const Ctx *ctx, const Record *record, const Field *field, Value *out)
{
    *out = VALUE_NONE;
    if (!access_shows(&record->clearance, field))
        return ERR_OK;
    return hide_targets(ctx, field, record->values[field->index], out);
}

static Err compute(const EnvState *state, Arena *arena, Record *record)
{
    const Type *type = record->type;
    for (size_t i = type->stored_count; i < type->field_count; i++) {
        Value *value = &record->values[i];
        if (!access_shows(&record->clearance, &type->fields[i]))
            continue;
        TRY(env_formula(state, record, &type->fields[i], value));
        value->text = str_dup(arena, value->text);
    }
    return ERR_OK;
}

/* What a formula reads is let go of after each record: a page may have a thousand. */
Err access_computed(const Ctx *ctx, Record *records, size_t count, size_t *done)
{
    *done = count;
    if (count == 0 || records->type->stored_count == records->type->field_count)
        return ERR_OK;
    OWNED(arena) Arena *scratch = arena_new();
    EnvUse              use = { 0 };
    EnvState            state = { .ctx = *ctx, .truth = true, .use = &use, .parameters = parameter_memory(ctx->arena) };
    state.ctx.arena = scratch;
    for (size_t i = 0; i < count; i++) {
        Err err = compute(&state, ctx->arena, &records[i]);
        if (err.code == ECODE_STORE_SLOW && i) {
            *done = i;
            return ERR_OK;
        }
        TRY(err);
        arena_reset(scratch);
    }
    return ERR_OK;
}
