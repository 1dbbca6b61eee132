#include "kernel/act_steps.h"

#include "kernel/parameter.h"
#include "kernel/rules.h"

/* A row that is not there makes the condition itself fail. */
static bool is_unconfirmed(const ParameterUse *use) { return use->row.values && !use->confirmed; }

static Err all_confirmed(const Ctx *ctx, const Guard *guard, const Record *record, bool *out)
{
    ParameterUse *uses;
    size_t        count;
    TRY(parameter_uses(ctx, guard->when, record, &uses, &count));
    for (size_t i = 0; i < count; i++)
        *out = *out && !is_unconfirmed(&uses[i]);
    return ERR_OK;
}

static bool is_open(const Guard *guard, const Type *type, const bool *open)
{
    return open && rules_read(guard->when, type, open);
}

Err act_guards_hold(const Ctx *ctx, const Action *action, const Record *record, const bool *open, bool *out)
{
    *out = true;
    if (!action->guard_count)
        return ERR_OK;
    OWNED(arena) Arena *scratch = arena_new(); /* what they read is let go of: an import has many rows */
    Ctx                 inner = *ctx;
    inner.arena = scratch;
    ExprEnv env = access_env_truth(&inner);
    for (size_t i = 0; i < action->guard_count && *out; i++) {
        Value value;
        if (is_open(&action->guards[i], record->type, open))
            continue;
        TRY(expr_eval(scratch, action->guards[i].when, &env, (ExprRow){ record->type, record }, &value));
        *out = value.kind == VALUE_BOOLEAN && value.number;
        if (*out && action->guards[i].binding)
            TRY(all_confirmed(&inner, &action->guards[i], record, out));
    }
    return ERR_OK;
}

static Text list_text(Arena *arena, const Text *words, size_t count)
{
    static const Text between = TEXT_INIT("、", ", ");
    Text              out;
    Str              *parts = ARENA_ARRAY(arena, Str, count);
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        for (size_t i = 0; i < count; i++)
            parts[i] = words[i].in[lang];
        out.in[lang] = str_join(arena, parts, count, between.in[lang]);
    }
    return out;
}

static Text needed_states(Arena *arena, const Type *type, const Action *action)
{
    Text   labels[STATES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < type->state_count; i++)
        if (action->from >> i & 1)
            labels[count++] = type->states[i].label;
    return list_text(arena, labels, count);
}

bool act_state_fits(const Action *action, const Record *record)
{
    int state = record_state(record);
    return state >= 0 && (action->from >> state & 1);
}

void act_explain_state(const Action *action, const Record *record, Problems *problems)
{
    const Field *state = &record->type->fields[SYS_STATE];
    if (access_shows(&record->clearance, state))
        PROBLEM(problems, ECODE_ACTION_STATE, STR_NONE, STR("state"), ARG_TEXT("action", action->label),
                ARG_TEXT("needed", needed_states(problems->arena, record->type, action)),
                ARG_TEXT("found", value_label(problems->arena, state, record->values[SYS_STATE])));
    else
        PROBLEM(problems, ECODE_ACTION_CLAUSE_HIDDEN, STR_NONE, STR_NONE);
}

/* Of a field that the actor may not see not even its absence is told by name. */
void act_explain_required(const Action *action, const Record *record, const Field *field, Problems *problems)
{
    if (action->creates || access_shows(&record->clearance, field))
        PROBLEM(problems, ECODE_FIELD_REQUIRED, field->name, STR_NONE, ARG_TEXT("label", field->label));
    else
        PROBLEM(problems, ECODE_ACTION_CLAUSE_HIDDEN, STR_NONE, STR_NONE);
}

static void explain_clause(const Guard *guard, const ExprClause *clause, Problems *problems)
{
    if (clause->hidden) {
        PROBLEM(problems, ECODE_ACTION_CLAUSE_HIDDEN, STR_NONE, STR_NONE);
        return;
    }
    ErrArg args[4] = { ARG_TEXT("rule", guard->rule.in[0].len ? guard->rule : clause->rule),
                       ARG_TEXT("found", clause->found) };
    size_t count = 2;
    if (guard->source.in[0].len)
        args[count++] = ARG_TEXT("source", guard->source);
    if (guard->helps.in[0].len)
        args[count++] = ARG_TEXT("helps", guard->helps);
    problem_add(problems, ECODE_ACTION_CLAUSE, STR_NONE, clause->source, args, count);
}

static Text who_text(Arena *arena, const Pack *pack, const Action *action)
{
    Text     labels[ROLES_MAX];
    size_t   count = 0;
    uint64_t roles = 0;
    for (size_t i = 0; i < action->who_count; i++)
        roles |= action->who[i].roles;
    if (!action->who_count)
        return TEXT("系统", "the city itself");
    if (!roles)
        return TEXT("与这条记录有相应关系的人", "whoever stands to the record as the step demands");
    for (size_t i = 0; i < pack->role_count; i++)
        if (roles >> i & 1)
            labels[count++] = pack->roles[i].label;
    return list_text(arena, labels, count);
}

/* Parameters have names that everybody may know; of their rows nothing is told. */
static Err explain_unconfirmed(const Ctx *ctx, const Guard *guard, const Record *record, Problems *problems)
{
    ParameterUse *uses;
    size_t        count;
    const Pack   *pack = ctx->city->pack;
    const Action *confirm = pack->parameter ? type_action(pack->parameter, STR("confirm")) : NULL;
    TRY(parameter_uses(ctx, guard->when, record, &uses, &count));
    for (size_t i = 0; i < count; i++)
        if (is_unconfirmed(&uses[i]))
            PROBLEM(problems, ECODE_ACTION_UNCONFIRMED, STR_NONE, uses[i].parameter->name,
                    ARG_TEXT("parameter", uses[i].parameter->label),
                    ARG_TEXT("who", confirm ? who_text(ctx->arena, pack, confirm) : TEXT("—", "—")));
    return ERR_OK;
}

Err act_explain_guards(const Ctx *ctx, const Action *action, const Record *record, const bool *open, Problems *problems)
{
    ExprEnv   env = access_env(ctx);
    ExprScope scope = pack_scope(ctx->city->pack, true);
    for (size_t i = 0; i < action->guard_count; i++) {
        ExprClause *clauses;
        size_t      count;
        if (is_open(&action->guards[i], record->type, open))
            continue;
        TRY(expr_explain(ctx->arena, action->guards[i].when, &scope, &env, (ExprRow){ record->type, record }, &clauses,
                         &count));
        for (size_t c = 0; c < count; c++)
            if (clauses[c].hidden || !clauses[c].holds)
                explain_clause(&action->guards[i], &clauses[c], problems);
        if (action->guards[i].binding)
            TRY(explain_unconfirmed(ctx, &action->guards[i], record, problems));
    }
    return ERR_OK;
}

Err act_bars(const Ctx *ctx, const Expr *when, const Record *record, bool *out)
{
    ExprEnv     truth = access_env_truth(ctx), env = access_env(ctx);
    ExprScope   scope = pack_scope(ctx->city->pack, true);
    ExprRow     row = { record->type, record };
    Value       value;
    ExprClause *clauses;
    size_t      count;
    TRY(expr_eval(ctx->arena, when, &truth, row, &value));
    *out = value.kind != VALUE_BOOLEAN || !value.number;
    if (!*out)
        return ERR_OK;
    TRY(expr_explain(ctx->arena, when, &scope, &env, row, &clauses, &count));
    for (size_t i = 0; i < count; i++)
        *out = *out && !clauses[i].hidden;
    return ERR_OK;
}

void act_explain_denied(const Ctx *ctx, const Action *action, Problems *problems)
{
    PROBLEM(problems, ECODE_ACTION_DENIED, STR_NONE, STR_NONE, ARG_TEXT("action", action->label),
            ARG_TEXT("who", who_text(ctx->arena, ctx->city->pack, action)));
}

Record act_with_state(Arena *arena, const Record *after, Value state)
{
    Record record = *after;
    record.values = ARENA_ARRAY(arena, Value, after->type->field_count);
    memcpy(record.values, after->values, after->type->field_count * sizeof(Value));
    record.values[SYS_STATE] = state;
    return record;
}
