#include "kernel/act_steps.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "kernel/carry.h"
#include "kernel/clock_steps.h"
#include "kernel/computation.h"
#include "kernel/effect.h"
#include "kernel/evolve.h"
#include "kernel/find.h"
#include "kernel/input.h"
#include "kernel/job.h"
#include "kernel/parameter.h"
#include "kernel/rows.h"
#include "kernel/rules.h"

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
    act_explain_denied(p->ctx, p->action, p->problems);
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
    if (p->action->creates || act_state_fits(p->action, &p->before))
        return ERR_OK;
    act_explain_state(p->action, &p->before, p->problems);
    return err_make(ECODE_ACTION_REFUSED, "state");
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

/* The rows of the record that the reference names, as far as the field has columns for them; nothing of what the actor
 * may not see. */
static Err fill_rows(Prepare *p, const Field *field)
{
    const Field *reference = &p->request->type->fields[field->fill->reference];
    const Field *from = &reference->target->fields[field->fill->rows];
    Record       source;
    Value        rows;
    Err          err = find_one(p->ctx, reference->target, p->delta->record.values[reference->index].text, &source);
    if (err.kind == ERR_UNSEEN)
        return ERR_OK;
    TRY(err);
    if (access_shows(&source.clearance, from) && evolve_fit(p->ctx->arena, field, source.values[from->index], &rows))
        effect_set(&p->delta->record, p->delta->set, field, rows);
    return ERR_OK;
}

/* Child rows that a step which takes the reference leaves empty. */
static Err prepare_fills(Prepare *p)
{
    const Type *type = p->request->type;
    for (size_t i = SYS_COUNT; i < type->stored_count; i++) {
        const Field *field = &type->fields[i];
        if (!field->fill || p->unread[i] || p->delta->record.values[i].kind != VALUE_MISSING)
            continue;
        const Field *reference = &type->fields[field->fill->reference];
        if (field_among(p->action->inputs, p->action->input_count, reference) &&
            p->delta->record.values[reference->index].kind == VALUE_ID)
            TRY(fill_rows(p, field));
    }
    return ERR_OK;
}

static void prepare_required(Prepare *p)
{
    for (size_t i = 0; i < p->action->required_count; i++) {
        const Field *field = &p->request->type->fields[p->action->required[i]];
        if (p->delta->record.values[field->index].kind == VALUE_MISSING)
            act_explain_required(p->action, &p->before, field, p->problems);
    }
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
    return delta_days_change(p->delta) ? parameter_overlap(p->ctx, &p->delta->record, p->problems) : ERR_OK;
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
    Computed       kept = { 0 }; /* by the writer, if at all */
    if (p->action->effect == EFFECT_NONE || p->problems->count > before)
        return ERR_OK;
    if (!effects)
        return err_make(ECODE_INTERNAL, "no effects");
    TRY(effects->run[p->action->effect](p->ctx, &p->delta->record, p->delta->set, &kept, p->problems));
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
    TRY(prepare_fills(p));
    prepare_required(p);
    TRY(prepare_effect(p, before));
    TRY(prepare_parameter(p));
    if (p->action->creates && p->request->type == p->ctx->city->pack->job)
        TRY(job_check(p->ctx, after, p->problems));
    if (p->action->creates) /* only now is it known how the actor stands to it */
        TRY(access_clearance(p->ctx, after, &after->clearance));
    TRY(rules_check(p->ctx, after, set, p->unread, p->problems));
    TRY(once_check(p->ctx, after, set, p->problems));
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
        asked = act_with_state(p->ctx->arena, &asked, p->before.values[SYS_STATE]);
    TRY(act_guards_hold(p->ctx, p->action, &asked, NULL, &hold));
    if (hold)
        return ERR_OK;
    TRY(act_explain_guards(p->ctx, p->action, &asked, NULL, p->problems));
    return err_make(ECODE_ACTION_REFUSED, "guard");
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

#define CARRIED_TOLD 5 /* refusals of one carry */

/* Another carry of the action has named it already. */
static bool is_stepped_on(const Change *changes, size_t count, Str id)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(record_id(&changes[i].deltas[0].record), id))
            return true;
    return false;
}

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

Err act_carried(const Ctx *ctx, const Action *action, const Record *record, size_t most, Carried *out,
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
    TRY(act_carried(p->ctx, p->action, &p->delta->record, LIMIT_CARRIED, &carried, p->problems));
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
    change_seal(ctx, change);
    for (size_t i = 0; i < change->carried_count; i++)
        change_seal(ctx, &change->carried[i]);
    *out = change;
    return ERR_OK;
}
