#include "kernel/act.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "kernel/carry.h"
#include "kernel/clock_steps.h"
#include "kernel/decision.h"
#include "kernel/effect.h"
#include "kernel/erase.h"
#include "kernel/find.h"
#include "kernel/input.h"
#include "kernel/job.h"
#include "kernel/number.h"
#include "kernel/parameter.h"
#include "kernel/rows.h"
#include "kernel/rules.h"

/* ---- the conditions of a step, asked the same way before and inside the writer ---- */

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

static Err guards_hold(const Ctx *ctx, const Action *action, const Record *record, bool *out)
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

static bool state_fits(const Action *action, const Record *record)
{
    int state = record_state(record);
    return state >= 0 && (action->from >> state & 1);
}

static void explain_state(const Action *action, const Record *record, Problems *problems)
{
    const Field *state = &record->type->fields[SYS_STATE];
    if (access_shows(&record->clearance, state))
        PROBLEM(problems, ECODE_ACTION_STATE, STR_NONE, STR("state"), ARG_TEXT("action", action->label),
                ARG_TEXT("needed", needed_states(problems->arena, record->type, action)),
                ARG_TEXT("found", value_label(problems->arena, state, record->values[SYS_STATE])));
    else
        PROBLEM(problems, ECODE_ACTION_CLAUSE_HIDDEN, STR_NONE, STR_NONE);
}

/* Fields that must be there when the step is done. Of one that the actor may not see not even
 * its absence is told by name. */
static void explain_required(const Action *action, const Record *record, const Field *field, Problems *problems)
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

/* Every clause that fails, and every hidden one whether it fails or not: which of the hidden
 * ones failed must not show. */
static Err explain_guards(const Ctx *ctx, const Action *action, const Record *record, Problems *problems)
{
    ExprEnv   env = access_env(ctx);
    ExprScope scope = pack_scope(ctx->city->pack, true);
    for (size_t i = 0; i < action->guard_count; i++) {
        ExprClause *clauses;
        size_t      count;
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

static void explain_denied(const Ctx *ctx, const Action *action, Problems *problems)
{
    PROBLEM(problems, ECODE_ACTION_DENIED, STR_NONE, STR_NONE, ARG_TEXT("action", action->label),
            ARG_TEXT("who", who_text(ctx->arena, ctx->city->pack, action)));
}

/* Guards ask about the record with its new values in its old state: what the step would rest on. */
static Record with_state(Arena *arena, const Record *after, Value state)
{
    Record record = *after;
    record.values = ARENA_ARRAY(arena, Value, after->type->field_count);
    memcpy(record.values, after->values, after->type->field_count * sizeof(Value));
    record.values[SYS_STATE] = state;
    return record;
}

/* ---- phase one: prepare ---- */

typedef struct Prepare {
    const Ctx        *ctx;
    const ActRequest *request;
    Problems         *problems;
    const Action     *action;
    Record            before; /* values NULL: create */
    Delta            *delta;
    bool             *unread; /* per field: what was given for it could not be read */
} Prepare;

static Err prepare_find(Prepare *p)
{
    if (p->request->record.len)
        TRY(find_one(p->ctx, p->request->type, p->request->record, &p->before));
    if (p->request->record.len)
        TRY(clock_settled(p->ctx, &p->before));
    p->action = type_action(p->request->type, p->request->action);
    if (p->action && p->action->creates == (p->request->record.len == 0))
        return ERR_OK;
    PROBLEM(p->problems, ECODE_ACTION_UNKNOWN, STR_NONE, STR_NONE, ARG("action", p->request->action));
    return err_make(ECODE_ACTION_UNKNOWN, "%.*s", STR_FMT(p->request->action));
}

static Err prepare_right(Prepare *p, const Record *record)
{
    Permit permit;
    TRY(access_permits(p->ctx, p->action, record, &permit));
    if (permit == PERMIT_YES)
        return ERR_OK;
    explain_denied(p->ctx, p->action, p->problems);
    return err_make(ECODE_ACTION_DENIED, "%.*s", STR_FMT(p->action->name));
}

static Err prepare_version(Prepare *p)
{
    if (p->action->creates)
        return ERR_OK;
    if (p->request->if_match < 0)
        return p->request->must_match ? err_make(ECODE_RECORD_NO_MATCH, "%.*s", STR_FMT(p->action->name)) : ERR_OK;
    if (p->request->if_match == record_version(&p->before))
        return ERR_OK;
    PROBLEM(p->problems, ECODE_RECORD_STALE, STR_NONE, STR_NONE,
            ARG("version", str_printf(p->ctx->arena, "%lld", (long long)record_version(&p->before))));
    return err_make(ECODE_RECORD_STALE, "has version %lld", (long long)record_version(&p->before));
}

static Err prepare_state(Prepare *p)
{
    if (p->action->creates || state_fits(p->action, &p->before))
        return ERR_OK;
    explain_state(p->action, &p->before, p->problems);
    return err_make(ECODE_ACTION_REFUSED, "state");
}

static void delta_set(Delta *delta, SystemField field, Value value)
{
    delta->record.values[field] = value;
    delta->set[field] = true;
}

static void delta_begin(Prepare *p)
{
    Arena      *arena = p->ctx->arena;
    const Type *type = p->request->type;
    Delta      *delta = p->delta = ARENA_NEW(arena, Delta);
    delta->record = (Record){ .type = type, .values = ARENA_ARRAY(arena, Value, type->field_count) };
    delta->set = ARENA_ARRAY(arena, bool, type->field_count);
    p->unread = ARENA_ARRAY(arena, bool, type->field_count);
    if (!p->action->creates) {
        memcpy(delta->record.values, p->before.values, type->field_count * sizeof(Value));
        delta->record.clearance = p->before.clearance;
        delta->base_version = record_version(&p->before);
        return;
    }
    const Actor *actor = p->ctx->actor;
    delta->record.values[SYS_ID] = value_id(uuid_make(p->ctx->city->ids, arena));
    delta_set(delta, SYS_DISCLOSURE, value_text(class_names[type->disclosure]));
    delta_set(delta, SYS_STATE, value_text(type->states[p->action->to < 0 ? 0 : p->action->to].name));
    if (actor->organisation.len) /* the system has none, unless it acts for one (kernel/demo.h) */
        delta_set(delta, SYS_OWNER, value_id(actor->organisation));
    if (actor->person.len)
        delta_set(delta, SYS_CREATOR, value_id(actor->person));
}

/* A field that the actor may not see is as unknown as one that does not exist. */
static const Field *input_field(Prepare *p, const Json *given)
{
    const Field *field = type_field(p->request->type, given->key);
    bool         hidden = field && !p->action->creates && !access_shows(&p->before.clearance, field);
    if (!field || hidden) {
        PROBLEM(p->problems, ECODE_FIELD_UNKNOWN, given->key, STR_NONE, ARG("field", given->key));
        return NULL;
    }
    if (!field_among(p->action->inputs, p->action->input_count, field)) {
        PROBLEM(p->problems, ECODE_FIELD_READ_ONLY, field->name, STR_NONE, ARG_TEXT("label", field->label));
        return NULL;
    }
    return field;
}

static Value default_value(const Ctx *ctx, const Field *field)
{
    switch (field->default_kind) {
    case DEFAULT_VALUE: return field->default_value;
    case DEFAULT_TODAY: return value_date(ctx_today(ctx));
    case DEFAULT_NOW: return value_instant(ctx->now_ms);
    case DEFAULT_ACTOR: return ctx->actor->person.len ? value_id(ctx->actor->person) : VALUE_NONE;
    case DEFAULT_ORGANISATION: return ctx->actor->organisation.len ? value_id(ctx->actor->organisation) : VALUE_NONE;
    case DEFAULT_NONE: break;
    }
    return VALUE_NONE;
}

/* Of a new record, what was not given at all; null is given. */
static void prepare_defaults(Prepare *p)
{
    const Type *type = p->request->type;
    for (size_t i = SYS_COUNT; p->action->creates && i < type->stored_count; i++) {
        const Field *field = &type->fields[i];
        if (field->default_kind == DEFAULT_NONE || json_get(p->request->input, field->name))
            continue;
        p->delta->record.values[i] = default_value(p->ctx, field);
        p->delta->set[i] = p->delta->record.values[i].kind != VALUE_MISSING;
    }
}

static Err prepare_inputs(Prepare *p)
{
    JSON_EACH(given, p->request->input) {
        const Field *field = input_field(p, given);
        Value        value;
        bool         good;
        if (!field)
            continue;
        Value before = p->action->creates ? VALUE_NONE : p->before.values[field->index];
        TRY(input_value(p->ctx, field, given, before, &value, &good, p->problems));
        p->unread[field->index] = !good;
        if (!good)
            continue;
        /* Every record has a disclosure: cleared, it is the type's own. */
        if (field->index == SYS_DISCLOSURE && value.kind == VALUE_MISSING)
            value = value_text(class_names[p->request->type->disclosure]);
        if (value_eq(value, p->delta->record.values[field->index]))
            continue;
        p->delta->record.values[field->index] = value;
        p->delta->set[field->index] = true;
    }
    return ERR_OK;
}

static void prepare_required(Prepare *p)
{
    for (size_t i = 0; i < p->action->required_count; i++) {
        const Field *field = &p->request->type->fields[p->action->required[i]];
        if (p->delta->record.values[field->index].kind == VALUE_MISSING)
            explain_required(p->action, &p->before, field, p->problems);
    }
}

/* May the step have a row count on days on which it did not? */
static bool days_change(const Delta *delta)
{
    const Type *type = delta->record.type;
    return delta->set[SYS_STATE] || delta->set[type_field(type, STR("code"))->index] ||
           delta->set[type_field(type, STR("valid_from"))->index] ||
           delta->set[type_field(type, STR("valid_to"))->index];
}

/* A row of a parameter: a step that leaves code and value alone may also end one whose code the pack has no more. */
static Err prepare_parameter(Prepare *p)
{
    const Type *type = p->request->type;
    const bool *set = p->delta->set;
    if (type != p->ctx->city->pack->parameter)
        return ERR_OK;
    if (set[type_field(type, STR("code"))->index] || set[type_field(type, STR("value"))->index])
        parameter_check(p->ctx, &p->delta->record, p->problems);
    return days_change(p->delta) ? parameter_overlap(p->ctx, &p->delta->record, p->problems) : ERR_OK;
}

/* A field holds no more by an effect than by hand. */
static Err check_size(Prepare *p, const Field *field)
{
    Record *rows;
    Value   value = p->delta->record.values[field->index];
    size_t  found = value.kind == VALUE_TEXT ? utf8_length(value.text) : 0, most = (size_t)field->max_points;
    for (Str rest = value.kind == VALUE_LIST ? value.text : STR_NONE; rest.len; most = LIMIT_LIST_ITEMS) {
        value_list_next(&rest);
        found++;
    }
    if (field->kind == FIELD_ROWS) {
        TRY(rows_read(p->ctx->arena, field, NULL, value, &rows, &found));
        most = LIMIT_ROWS;
    }
    if (found > most && (field_kinds[field->kind].text || field_kinds[field->kind].list || field->kind == FIELD_ROWS))
        PROBLEM(p->problems, ECODE_EFFECT_SIZE, field->name, STR_NONE, ARG_TEXT("label", field->label),
                ARG("found", str_printf(p->problems->arena, "%zu", found)),
                ARG("max", str_printf(p->problems->arena, "%zu", most)));
    return ERR_OK;
}

/* Of inputs that are in order; before: the problems there were without them. */
static Err prepare_effect(Prepare *p, size_t before)
{
    const Effects *effects = p->ctx->city->effects;
    if (p->action->effect == EFFECT_NONE || p->problems->count > before)
        return ERR_OK;
    if (!effects)
        return err_make(ECODE_INTERNAL, "no effects");
    TRY(effects->run[p->action->effect](p->ctx, &p->delta->record, p->delta->set, p->problems));
    for (size_t i = SYS_COUNT; i < p->request->type->stored_count; i++)
        if (p->delta->set[i])
            TRY(check_size(p, &p->request->type->fields[i]));
    return p->problems->count == before ? ERR_OK : err_make(ECODE_RECORD_INVALID, "an effect gave too much");
}

/* What the record becomes, with all that is wrong with it at once. */
static Err prepare_record(Prepare *p)
{
    size_t  before = p->problems->count;
    Record *after = &p->delta->record;
    bool   *set = p->action->creates ? NULL : p->delta->set;
    prepare_defaults(p);
    TRY(prepare_inputs(p));
    prepare_required(p);
    TRY(prepare_effect(p, before));
    TRY(prepare_parameter(p));
    if (p->action->creates && p->request->type == p->ctx->city->pack->job)
        TRY(job_check(p->ctx, after, p->problems));
    if (p->action->creates) /* only now is it known how the actor stands to it */
        TRY(access_clearance(p->ctx, after, &after->clearance));
    TRY(rules_check(p->ctx, after, set, p->unread, p->problems));
    TRY(unique_check(p->ctx, after, set, p->problems));
    if (p->problems->count > before)
        return err_make(ECODE_RECORD_INVALID, "%zu fields", p->problems->count - before);
    return ERR_OK;
}

static Err prepare_guards(Prepare *p)
{
    Record asked = p->delta->record;
    bool   hold;
    if (!p->action->creates)
        asked = with_state(p->ctx->arena, &asked, p->before.values[SYS_STATE]);
    TRY(guards_hold(p->ctx, p->action, &asked, &hold));
    if (hold)
        return ERR_OK;
    TRY(explain_guards(p->ctx, p->action, &asked, p->problems));
    return err_make(ECODE_ACTION_REFUSED, "guard");
}

static bool delta_empty(const Delta *delta)
{
    for (size_t i = 0; i < delta->record.type->field_count; i++)
        if (delta->set[i])
            return false;
    return true;
}

static void prepare_state_change(Prepare *p)
{
    const Type *type = p->request->type;
    if (p->action->creates || p->action->to < 0)
        return;
    Value state = value_text(type->states[p->action->to].name);
    if (!value_eq(state, p->delta->record.values[SYS_STATE]))
        delta_set(p->delta, SYS_STATE, state);
}

static void change_make(const Prepare *p, Change *out)
{
    /* an edit that changes nothing leaves no event; any other step has been taken, whatever it changes */
    bool nothing = str_eq(p->action->name, STR("edit")) && delta_empty(p->delta) && !p->action->erase_count;
    *out = (Change){ .city = p->ctx->city,
                     .action = p->action,
                     .actor = *p->ctx->actor,
                     .deltas = p->delta,
                     .delta_count = nothing ? 0 : 1,
                     .arena = p->ctx->arena,
                     .problems = p->problems };
}

/* ---- what an event keeps of it ---- */

/* Id and version stand with the record's name. */
static bool is_kept(const Delta *delta, size_t field)
{
    return delta->set[field] && field != SYS_ID && field != SYS_VERSION;
}

static EventItem delta_item(Arena *arena, const Delta *delta)
{
    const Type       *type = delta->record.type;
    Str              *fields = ARENA_ARRAY(arena, Str, type->field_count);
    Value            *values = ARENA_ARRAY(arena, Value, type->field_count);
    const EventSeal **seals = delta->seals ? ARENA_ARRAY(arena, const EventSeal *, type->field_count) : NULL;
    EventItem         item = { .type = type->name,
                               .record = record_id(&delta->record),
                               .version = record_version(&delta->record),
                               .fields = fields,
                               .values = values,
                               .seals = seals };
    for (size_t at = 0; at < type->field_count; at++) {
        size_t i = type->by_name[at];
        if (!is_kept(delta, i))
            continue;
        if (seals)
            seals[item.count] = delta->seals[i];
        fields[item.count] = type->fields[i].name;
        values[item.count++] = delta->record.values[i];
    }
    return item;
}

/* The writer, for which all others wait, then only has to seal what it alone knows. */
static void seal_deltas(const Ctx *ctx, Change *change)
{
    for (size_t d = 0; d < change->delta_count; d++) {
        Delta     *delta = &change->deltas[d];
        EventItem  item = delta_item(ctx->arena, delta);
        EventSeal *seals = ARENA_ARRAY(ctx->arena, EventSeal, item.count);
        event_seal(ctx->arena, &ctx->city->env, d, &item, seals);
        delta->seals = ARENA_ARRAY(ctx->arena, const EventSeal *, delta->record.type->field_count);
        for (size_t i = 0; i < delta->record.type->field_count; i++) {
            size_t field = delta->record.type->by_name[i];
            if (is_kept(delta, field))
                delta->seals[field] = seals++;
        }
    }
}

/* ---- steps that it takes along ---- */

/* An expression may give a number with fewer digits behind the point. */
static Value in_scale(Value value, const Field *field)
{
    ExprType type = field_expr_type(field);
    Decimal  number = { value.number, value.kind == VALUE_DECIMAL ? value.scale : 0 };
    bool     is_number = value.kind == VALUE_DECIMAL || value.kind == VALUE_INTEGER;
    if (type.kind != VALUE_DECIMAL || !is_number)
        return value;
    return decimal_rescale(number, type.scale, &number) ? value_decimal(number) : VALUE_NONE;
}

static void carried_sets(Prepare *p, const Carry *carry, const CarryItem *item)
{
    for (size_t i = 0; i < carry->set_count; i++) {
        const Field *field = &carry->type->fields[carry->sets[i].field];
        Value        value = in_scale(item->sets[i], field);
        if (value_eq(value, p->delta->record.values[field->index]))
            continue;
        p->delta->record.values[field->index] = value;
        p->delta->set[field->index] = true;
    }
}

/* As act_prepare(), but that nobody is asked whether they see the record and may take the step. */
static Err carried_step(Prepare *p, const Carry *carry, const CarryItem *item, bool *found)
{
    TRY(record_load(p->ctx->db, p->ctx->arena, carry->type, item->id, &p->before, found));
    if (!*found)
        return err_make(ECODE_RECORD_UNSEEN, "%.*s", STR_FMT(item->id));
    TRY(access_clearance(p->ctx, &p->before, &p->before.clearance));
    TRY(clock_settled(p->ctx, &p->before));
    TRY(prepare_state(p));
    delta_begin(p);
    carried_sets(p, carry, item);
    prepare_state_change(p);
    TRY(prepare_record(p));
    TRY(prepare_guards(p));
    return clock_steps_check(p->ctx, p->action, &p->delta->record, p->problems);
}

/* Once: how many there are tells something, too. */
static bool has_hidden(const Problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        if (problems->items[i].code == ECODE_ACTION_CLAUSE_HIDDEN)
            return true;
    return false;
}

/* What is wrong with it, as far as the actor sees the record. */
static void explain_carried(const Prepare *p, bool found, Problems *problems)
{
    bool hidden = !found || !access_sees(&p->before.clearance);
    if (hidden && !has_hidden(problems))
        PROBLEM(problems, ECODE_ACTION_CLAUSE_HIDDEN, STR_NONE, STR_NONE);
    if (hidden)
        return;
    Text why = p->problems->count ? p->problems->items[0].text : err_row(ECODE_ACTION_REFUSED)->title;
    PROBLEM(problems, ECODE_ACTION_CARRIED, STR_NONE, STR_NONE, ARG_TEXT("action", p->action->label),
            ARG("record", record_title(p->ctx, &p->before)), ARG_TEXT("why", why));
}

static Err prepare_item(const Ctx *ctx, const Carry *carry, const CarryItem *item, Change *out, bool *refused,
                        Problems *problems)
{
    bool             found = false;
    const ActRequest request = { .type = carry->type, .record = item->id, .if_match = -1 };
    Problems        *own = ARENA_NEW(ctx->arena, Problems);
    Prepare          p = { .ctx = ctx, .request = &request, .problems = own, .action = carry->action };
    *own = (Problems){ .arena = ctx->arena };
    Err err = carried_step(&p, carry, item, &found);
    if (err.kind == ERR_REFUSED || err.kind == ERR_INVALID || err.code == ECODE_RECORD_UNSEEN) {
        explain_carried(&p, found, problems);
        *refused = true;
        return ERR_OK;
    }
    TRY(err);
    change_make(&p, out);
    out->is_carried = true;
    if (access_sees(&p.before.clearance)) /* what the commit finds wrong with it is told with the action's own */
        out->problems = problems;
    return ERR_OK;
}

#define CARRIED_TOLD      5  /* refusals of one carry */
#define CARRIED_LOOKED_AT 20 /* records of a carry, to say beforehand whether the step can be taken */

/* Another carry of the action has named it already. */
static bool is_stepped_on(const Change *changes, size_t count, Str id)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(record_id(&changes[i].deltas[0].record), id))
            return true;
    return false;
}

typedef struct Carried {
    Change *changes;
    size_t  count, capacity;
    bool    refused;  /* one of them cannot be taken; problems say why */
    bool    too_many; /* more than were asked for */
} Carried;

static Err prepare_items(const Ctx *ctx, const Carry *carry, const CarryItem *items, size_t count, Carried *out,
                         Problems *problems)
{
    size_t before = problems->count;
    for (size_t i = 0; i < count && problems->count < before + CARRIED_TOLD; i++) {
        bool refused = false;
        if (is_stepped_on(out->changes, out->count, items[i].id))
            continue;
        ARENA_ROOM(ctx->arena, out->changes, out->count, out->capacity);
        TRY(prepare_item(ctx, carry, &items[i], &out->changes[out->count], &refused, problems));
        out->count += !refused;
        out->refused |= refused;
    }
    return ERR_OK;
}

/* record: as it stands with its new values. most: of the records of one carry; of more than these none is looked at. */
static Err prepare_carried(const Ctx *ctx, const Action *action, const Record *record, size_t most, Carried *out,
                           Problems *problems)
{
    *out = (Carried){ 0 };
    for (size_t c = 0; c < action->carry_count; c++) {
        CarryItem *items;
        size_t     count;
        Err        err = carry_items(ctx, &action->carries[c], record, &items, &count);
        if (err.code == ECODE_ACTION_CARRY_LIMIT)
            PROBLEM(problems, err.code, STR_NONE, STR_NONE, ARG("max", str_printf(ctx->arena, "%d", LIMIT_CARRIED)));
        TRY(err);
        out->too_many |= count > most;
        if (count <= most)
            TRY(prepare_items(ctx, &action->carries[c], items, count, out, problems));
    }
    return ERR_OK;
}

static Err prepare_along(Prepare *p, Change *change)
{
    Carried carried;
    TRY(prepare_carried(p->ctx, p->action, &p->delta->record, LIMIT_CARRIED, &carried, p->problems));
    change->carried = carried.changes;
    change->carried_count = carried.count;
    return carried.refused ? err_make(ECODE_ACTION_REFUSED, "carried") : ERR_OK;
}

Err act_prepare(const Ctx *ctx, const ActRequest *request, Change **out, Problems *problems)
{
    Prepare p = { .ctx = ctx, .request = request, .problems = problems };
    if (!ctx->actor)
        return err_make(ECODE_SIGN_IN_NEEDED, "%.*s", STR_FMT(request->action));
    TRY(prepare_find(&p));
    TRY(prepare_right(&p, p.action->creates ? NULL : &p.before));
    TRY(prepare_version(&p));
    TRY(prepare_state(&p));
    delta_begin(&p);
    prepare_state_change(&p);
    TRY(prepare_record(&p));
    if (p.action->creates)
        TRY(prepare_right(&p, &p.delta->record));
    TRY(prepare_guards(&p));
    TRY(clock_steps_check(ctx, p.action, &p.delta->record, problems));
    Change *change = ARENA_NEW(ctx->arena, Change);
    change_make(&p, change);
    TRY(prepare_along(&p, change));
    seal_deltas(ctx, change);
    for (size_t i = 0; i < change->carried_count; i++)
        seal_deltas(ctx, &change->carried[i]);
    *out = change;
    return ERR_OK;
}

/* ---- phase two: commit ---- */

static Err contended(const Delta *delta)
{
    return err_make(ECODE_RECORD_CONTENDED, "%.*s changed meanwhile", STR_FMT(record_id(&delta->record)));
}

/* The record as it stands, its lapsed clocks settled. What the system alone writes is taken over into the delta, which
 * may have been prepared on what a settled record would be. */
static Err commit_load(const Ctx *writer, Delta *delta, Record *now)
{
    const Type *type = delta->record.type;
    bool        found;
    TRY(record_load(writer->db, writer->arena, type, record_id(&delta->record), now, &found));
    if (found && clock_lapsed(writer, now)) {
        TRY(clock_settle(writer, type, record_id(now)));
        TRY(record_load(writer->db, writer->arena, type, record_id(now), now, &found));
    }
    if (!found || record_version(now) != delta->base_version)
        return contended(delta);
    delta->record.values[SYS_NUMBER] = now->values[SYS_NUMBER];
    delta->record.values[SYS_ERASED] = now->values[SYS_ERASED];
    return ERR_OK;
}

static bool values_same(const Record *one, const Record *other)
{
    for (size_t i = SYS_COUNT; i < one->type->stored_count; i++)
        if (!value_eq(one->values[i], other->values[i]))
            return false;
    return true;
}

/* What the effect gives now, over what it gave: an effect that runs again changes nothing by itself. */
static Err effect_stands(const Ctx *writer, const Change *change, const Record *record, bool *out)
{
    Record   again = with_state(writer->arena, record, record->values[SYS_STATE]);
    Problems problems = { .arena = writer->arena };
    *out = true;
    if (change->action->effect == EFFECT_NONE || change->is_carried)
        return ERR_OK;
    bool *set = ARENA_ARRAY(writer->arena, bool, record->type->field_count);
    Err   err = writer->city->effects->run[change->action->effect](writer, &again, set, &problems);
    *out = !err.kind && values_same(&again, record);
    return err.kind == ERR_REFUSED || err.kind == ERR_INVALID || err.kind == ERR_UNSEEN ? ERR_OK : err;
}

/* Which records are stepped on, and with what: others may have come or gone since. */
static Err carried_stand(const Ctx *writer, const Change *change, bool *out)
{
    Carried  again;
    Problems problems = { .arena = writer->arena };
    *out = true;
    if (!change->action->carry_count)
        return ERR_OK;
    TRY(prepare_carried(writer, change->action, &change->deltas[0].record, LIMIT_CARRIED, &again, &problems));
    *out = !again.refused && again.count == change->carried_count;
    for (size_t i = 0; i < again.count && *out; i++) {
        const Delta *now = &again.changes[i].deltas[0], *then = &change->carried[i].deltas[0];
        *out = str_eq(record_id(&now->record), record_id(&then->record)) && now->base_version == then->base_version &&
               values_same(&now->record, &then->record);
    }
    return ERR_OK;
}

/* Rights, versions, guard and rules as they stand now: what was prepared may have been overtaken. */
static Err commit_recheck(const Ctx *writer, Change *change, Delta *delta)
{
    bool     hold;
    Permit   permit;
    Record   now = delta->record, asked = delta->record;
    Problems broken = { .arena = writer->arena };
    if (delta->base_version) {
        TRY(commit_load(writer, delta, &now));
        asked = with_state(writer->arena, &delta->record, now.values[SYS_STATE]);
    }
    if (!change->is_carried) {
        TRY(access_permits(writer, change->action, &now, &permit));
        if (permit != PERMIT_YES)
            return contended(delta);
    }
    TRY(guards_hold(writer, change->action, &asked, &hold));
    if (hold)
        TRY(effect_stands(writer, change, &delta->record, &hold));
    if (hold)
        TRY(carried_stand(writer, change, &hold));
    if (hold)
        TRY(rules_check(writer, &delta->record, delta->base_version ? delta->set : NULL, NULL, &broken));
    return hold && !broken.count ? decision_keep(writer, change->action, &asked, &change->kept) : contended(delta);
}

/* Only here is it certain that nobody else takes the value meanwhile. */
static Err commit_unique(const Ctx *writer, const Change *change, const Delta *delta)
{
    size_t before = change->problems->count;
    if (!delta->base_version && delta->record.type == change->city->pack->job)
        TRY(job_check(writer, &delta->record, change->problems)); /* many may have begun at once */
    TRY(unique_check(writer, &delta->record, delta->base_version ? delta->set : NULL, change->problems));
    if (delta->record.type == change->city->pack->parameter && days_change(delta))
        TRY(parameter_overlap(writer, &delta->record, change->problems));
    return change->problems->count == before ? ERR_OK
                                             : err_make(ECODE_RECORD_INVALID, "taken by another record meanwhile");
}

static Err commit_number(const Ctx *writer, Delta *delta)
{
    const Type *type = delta->record.type;
    bool        given = delta->record.values[SYS_NUMBER].kind != VALUE_MISSING;
    bool        begun = type->state_count == 1 || record_state(&delta->record) > 0;
    if (given || type->number.len == 0 || !begun)
        return ERR_OK;
    Value number;
    TRY(number_next(writer, type, delta->record.values[SYS_OWNER].text, &number));
    delta_set(delta, SYS_NUMBER, number);
    return ERR_OK;
}

static Err commit_event(const Ctx *writer, const Change *change)
{
    Arena     *arena = writer->arena;
    EventHead  head = { .sequence = change->sequence,
                        .time_ms = change->time_ms,
                        .pack_name = change->city->pack->name,
                        .pack_number = change->city->pack_number,
                        .action = change->action->name,
                        .person = change->actor.person,
                        .membership = change->actor.membership,
                        .organisation = change->actor.organisation };
    ArenaMark  mark = arena_mark(arena); /* an import has many rows, and memory that is new costs more than the rest */
    EventItem *items = ARENA_ARRAY(arena, EventItem, change->delta_count);
    for (size_t d = 0; d < change->delta_count; d++)
        items[d] = delta_item(arena, &change->deltas[d]);
    Err err = event_write(writer->db, arena, &change->city->env, &head, items, change->delta_count);
    arena_release(arena, mark);
    return err;
}

static Err commit_row(const Ctx *writer, const Delta *delta)
{
    return delta->base_version ? record_update(writer->db, writer->arena, &delta->record, delta->set)
                               : record_insert(writer->db, &delta->record);
}

static Err write_delta(const Ctx *writer, const Change *change, Delta *delta)
{
    int64_t day = instant_day(change->time_ms, writer->city->pack->utc_offset_minutes);
    delta_set(delta, SYS_VERSION, value_int(delta->base_version + 1));
    delta_set(delta, SYS_CHANGED, value_instant(change->time_ms));
    if (delta->base_version == 0)
        delta_set(delta, SYS_CREATED, value_instant(change->time_ms));
    if (!change->expiry)
        TRY(clock_steps(writer, change->action, &delta->record, delta->set, day));
    TRY(commit_number(writer, delta));
    TRY(erase_commit(writer, change->action, &delta->record, delta->set, change->sequence));
    return commit_row(writer, delta);
}

Err act_write(const Ctx *writer, Change *change)
{
    TRY(event_next(writer->db, writer->now_ms, &change->sequence, &change->time_ms));
    for (size_t d = 0; d < change->delta_count; d++)
        TRY(write_delta(writer, change, &change->deltas[d]));
    return commit_event(writer, change);
}

static Err commit_checks(const Ctx *writer, Change *change)
{
    for (size_t d = 0; d < change->delta_count; d++) {
        TRY(commit_recheck(writer, change, &change->deltas[d]));
        TRY(commit_unique(writer, change, &change->deltas[d]));
    }
    return ERR_OK;
}

Err act_commit(Db *db, Change *change)
{
    Ctx writer = { .city = change->city,
                   .db = db,
                   .arena = change->arena,
                   .actor = &change->actor,
                   .now_ms = env_now(&change->city->env) };
    if (change->delta_count == 0)
        return ERR_OK;
    TRY(actor_recheck(&writer));
    TRY(commit_checks(&writer, change));
    for (size_t i = 0; i < change->carried_count; i++)
        TRY(commit_checks(&writer, &change->carried[i]));
    TRY(act_write(&writer, change));
    for (size_t i = 0; i < change->carried_count; i++) {
        TRY(commit_unique(&writer, &change->carried[i], &change->carried[i].deltas[0])); /* beside those before it */
        TRY(act_write(&writer, &change->carried[i]));
    }
    return change->kept ? act_write(&writer, change->kept) : ERR_OK;
}

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

static Err option_reasons(const Ctx *ctx, const Action *action, const Record *record, Permit permit, Problems *out)
{
    bool hold;
    if (permit == PERMIT_NOT) {
        explain_denied(ctx, action, out);
        return ERR_OK;
    }
    if (!state_fits(action, record)) {
        explain_state(action, record, out);
        return ERR_OK;
    }
    for (size_t i = 0; i < action->required_count; i++) {
        const Field *field = &record->type->fields[action->required[i]];
        /* what the step itself takes can still be given with it */
        if (!field_among(action->inputs, action->input_count, field) &&
            record->values[field->index].kind == VALUE_MISSING)
            explain_required(action, record, field, out);
    }
    TRY(guards_hold(ctx, action, record, &hold));
    if (!hold)
        return explain_guards(ctx, action, record, out);
    /* which records they are may come with the step's input, and of many it is told when the step is taken */
    Carried carried;
    return action->input_count ? ERR_OK : prepare_carried(ctx, action, record, CARRIED_LOOKED_AT, &carried, out);
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
