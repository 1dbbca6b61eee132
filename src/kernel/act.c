#include "kernel/act_steps.h"

#include "kernel/rules.h"

/* ---- all phases, waiting ---- */

typedef struct ActJob {
    WriterJob job;
    Change   *change;
} ActJob;

static Err act_job_run(Db *db, WriterJob *job) { return act_commit(db, ((ActJob *)job)->change); }

Err act_result(const Ctx *ctx, const Change *change, Record *out)
{
    *out = change->deltas[0].record;
    return access_clearance(ctx, out, &out->clearance);
}

Err act(const Ctx *ctx, const ActRequest *request, Record *out, Problems *problems)
{
    Err err = ERR_OK;
    for (int attempt = 0; attempt < ACT_TRIES; attempt++) {
        ActJob job = { .job = { .run = act_job_run } };
        problems->count = 0;
        TRY(act_prepare(ctx, request, &job.change, problems));
        err = writer_run(ctx->city->writer, &job.job);
        if (!err.kind)
            return act_result(ctx, job.change, out);
        if (err.code != ECODE_RECORD_CONTENDED)
            return err;
    }
    return err;
}

/* ---- what one may do ---- */

#define CARRIED_LOOKED_AT 20 /* records of a carry, to say beforehand whether the step can be taken */

/* What the step itself takes from the actor can still be given with it, and nothing that rests on it is decided yet. */
static const bool *open_fields(const Ctx *ctx, const Action *action, const Record *record)
{
    bool *open = ARENA_ARRAY(ctx->arena, bool, record->type->field_count);
    for (size_t i = 0; i < action->input_count; i++)
        open[action->inputs[i]] = access_shows(&record->clearance, &record->type->fields[action->inputs[i]]);
    return open;
}

static Err option_reasons(const Ctx *ctx, const Action *action, const Record *record, Permit permit, Problems *out)
{
    bool hold;
    if (permit == PERMIT_NOT) {
        act_explain_denied(ctx, action, out);
        return ERR_OK;
    }
    if (!act_state_fits(action, record)) {
        act_explain_state(action, record, out);
        return ERR_OK;
    }
    const bool *open = open_fields(ctx, action, record);
    for (size_t i = 0; i < action->required_count; i++) {
        const Field *field = &record->type->fields[action->required[i]];
        if (!open[field->index] && record->values[field->index].kind == VALUE_MISSING)
            act_explain_required(action, record, field, out);
    }
    TRY(act_guards_hold(ctx, action, record, open, &hold));
    if (!hold)
        return act_explain_guards(ctx, action, record, open, out);
    /* which records they are may come with the step's input, and of many it is told when the step is taken */
    Carried carried;
    return action->input_count ? ERR_OK : act_carried(ctx, action, record, CARRIED_LOOKED_AT, &carried, out);
}

static Json *reason_json(const Ctx *ctx, const Problem *problem)
{
    Json *reason = json_object(ctx->arena);
    json_set_str(ctx->arena, reason, STR("code"), err_row(problem->code)->code);
    json_set_str(ctx->arena, reason, STR("text"), problem->text.in[ctx->lang]);
    if (problem->field.len)
        json_set_str(ctx->arena, reason, STR("field"), problem->field);
    if (problem->rule.len)
        json_set_str(ctx->arena, reason, STR("clause"), problem->rule);
    for (size_t i = 0; i < problem->arg_count; i++)
        json_set_str(ctx->arena, reason, str_from(problem->args[i].name), problem->args[i].value.in[ctx->lang]);
    return reason;
}

Err act_option(const Ctx *ctx, const Action *action, const Record *record, Json **out)
{
    Permit   permit;
    Problems problems = { .arena = ctx->arena };
    *out = NULL;
    TRY(access_permits(ctx, action, record, &permit));
    if (action->creates || permit == PERMIT_NEVER)
        return ERR_OK;
    TRY(option_reasons(ctx, action, record, permit, &problems));
    Json *option = json_object(ctx->arena);
    json_set_str(ctx->arena, option, STR("name"), action->name);
    json_set_str(ctx->arena, option, STR("label"), action->label.in[ctx->lang]);
    json_set_bool(ctx->arena, option, STR("allowed"), problems.count == 0);
    Json *reasons = json_set(option, STR("reasons"), json_array(ctx->arena));
    for (size_t p = 0; p < problems.count; p++)
        json_push(reasons, reason_json(ctx, &problems.items[p]));
    *out = option;
    return ERR_OK;
}

Err act_options(const Ctx *ctx, const Record *record, Json **out)
{
    Json *options = json_array(ctx->arena), *option;
    for (size_t i = 0; i < record->type->action_count; i++) {
        TRY(act_option(ctx, &record->type->actions[i], record, &option));
        if (option)
            json_push(options, option);
    }
    *out = options;
    return ERR_OK;
}

/* The record that the step would be taken on, with values of its own; of a new one what is known of it. */
static Err fitted(const Ctx *ctx, const Action *action, const Type *type, const Record *record, Record *out)
{
    const Actor *actor = ctx->actor;
    if (record)
        *out = act_with_state(ctx->arena, record, record->values[SYS_STATE]);
    else
        *out = (Record){ .type = type, .values = ARENA_ARRAY(ctx->arena, Value, type->field_count) };
    if (!action->creates)
        return ERR_OK;
    if (actor->organisation.len)
        out->values[SYS_OWNER] = value_id(actor->organisation);
    if (actor->person.len)
        out->values[SYS_CREATOR] = value_id(actor->person);
    return access_clearance(ctx, out, &out->clearance);
}

typedef struct Fit {
    const Action *action;
    const bool   *one;    /* the field that is asked about */
    const bool   *others; /* that are still to be given */
} Fit;

/* A guard or a rule that the field decides. What cannot be worked out bars nothing: the step itself will say so, and
 * one record must not close a whole form. */
static Err decided(const Ctx *ctx, const Fit *fit, const Expr *when, const Record *record, bool *bars)
{
    if (*bars || !rules_read(when, record->type, fit->one) || rules_read(when, record->type, fit->others))
        return ERR_OK;
    Err err = act_bars(ctx, when, record, bars);
    if (err.code != ECODE_EXPR_OVERFLOW && err.code != ECODE_STORE_SLOW)
        return err;
    *bars = false;
    return ERR_OK;
}

static Err field_bars(const Ctx *ctx, const Fit *fit, const Record *record, bool *bars)
{
    const Type *type = record->type;
    *bars = false;
    for (size_t i = 0; i < fit->action->guard_count; i++)
        TRY(decided(ctx, fit, fit->action->guards[i].when, record, bars));
    for (size_t i = 0; i < type->rule_count; i++)
        TRY(decided(ctx, fit, type->rules[i].when, record, bars));
    return ERR_OK;
}

Err act_fits(const Ctx *ctx, const Action *action, const Record *record, const Field *field, const Record *candidates,
             size_t count, bool *out)
{
    const Type         *type = field->type;
    bool               *one = ARENA_ARRAY(ctx->arena, bool, type->field_count);
    bool               *others = ARENA_ARRAY(ctx->arena, bool, type->field_count);
    OWNED(arena) Arena *scratch = arena_new(); /* what one candidate reads is let go of: there may be many */
    Ctx                 inner = *ctx;
    Record              asked;
    inner.arena = scratch;
    TRY(fitted(ctx, action, type, record, &asked));
    for (size_t i = 0; i < action->input_count; i++) {
        uint16_t input = action->inputs[i];
        bool     known = action->creates && asked.values[input].kind != VALUE_MISSING;
        others[input] = input != field->index && !known;
    }
    one[field->index] = true;
    const Fit fit = { action, one, others };
    for (size_t i = 0; i < count; i++) {
        bool bars;
        asked.values[field->index] = value_id(record_id(&candidates[i]));
        TRY(field_bars(&inner, &fit, &asked, &bars));
        out[i] = !bars;
        arena_reset(scratch);
    }
    return ERR_OK;
}

Err act_may_create(const Ctx *ctx, const Type *type, bool *out)
{
    *out = false;
    for (size_t i = 0; i < type->action_count && !*out; i++) {
        Permit permit;
        if (!type->actions[i].creates)
            continue;
        TRY(access_permits(ctx, &type->actions[i], NULL, &permit));
        *out = permit == PERMIT_YES;
    }
    return ERR_OK;
}

Err act_inputs(const Ctx *ctx, const Action *action, const Type *type, const Record *record, uint16_t **out,
               size_t *count)
{
    *out = ARENA_ARRAY(ctx->arena, uint16_t, action->input_count);
    *count = 0;
    for (size_t i = 0; i < action->input_count; i++) {
        const Field *field = &type->fields[action->inputs[i]];
        if (!record || access_shows(&record->clearance, field))
            (*out)[(*count)++] = field->index;
    }
    return ERR_OK;
}
