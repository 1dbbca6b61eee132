#include "kernel/access_rules.h"

/* ---- rules ---- */

bool access_rule_for(const AccessRule *rule, const Actor *actor)
{
    return rule->who.roles == 0 || (rule->who.roles >> actor->role & 1);
}

bool access_rule_sees(const AccessRule *rule)
{
    for (size_t i = 0; i < COMPARTMENTS_MAX; i++)
        if (rule->clearance[i] >= CLASS_PUBLIC)
            return true;
    return false;
}

bool access_rule_always(const AccessRule *rule)
{
    return rule->who.relation == RELATION_ANY && rule->states == 0 && rule->levels == 0;
}

void access_full(Clearance *out) { memset(out->in, CLASS_SECRET, sizeof out->in); }

static Class level_of(const Record *record)
{
    for (int c = CLASS_PUBLIC; c < CLASS_COUNT; c++)
        if (str_eq(class_names[c], record->values[SYS_DISCLOSURE].text))
            return (Class)c;
    return CLASS_SECRET;
}

bool access_sees(const Clearance *clearance)
{
    for (size_t i = 0; i < COMPARTMENTS_MAX; i++)
        if (clearance->in[i] >= CLASS_PUBLIC)
            return true;
    return false;
}

/* ---- records that a value refers to ---- */

const Type *access_refers_to(const Field *field)
{
    bool own = field->index == (field->type->row_of ? (int)ROW_PARENT : (int)SYS_ID);
    return own ? NULL : field->target;
}

Err access_sees_id(const Ctx *ctx, const Type *type, Str id, bool *out)
{
    Record    record;
    Clearance clearance;
    *out = false;
    if (!ctx->actor || !uuid_valid(id))
        return ERR_OK;
    TRY(record_load(ctx->db, ctx->arena, type, id, &record, out));
    if (!*out)
        return ERR_OK;
    TRY(access_clearance(ctx, &record, &clearance));
    *out = access_sees(&clearance);
    return ERR_OK;
}

/* ---- relations ---- */

/* Over the record in hand, with what a step would make of it; over the stored one where there are more children than an
 * evaluation reads: who may see such a record is asked of the index. */
static Err holds(const Ctx *ctx, const Relation *relation, const Record *record, bool *out)
{
    ExprEnv env = access_env_truth(ctx);
    Value   value;
    Err     err = expr_eval(ctx->arena, relation->when, &env, (ExprRow){ record->type, record }, &value);
    if (err.code == ECODE_EXPR_OVERFLOW || err.code == ECODE_STORE_SLOW)
        return access_sql_holds(ctx, relation, record, out);
    TRY(err);
    *out = value.kind == VALUE_BOOLEAN && value.number;
    return ERR_OK;
}

/* Each relation is asked at most once a record. */
typedef struct Related {
    enum { UNASKED, NO, YES } is[RELATIONS_MAX];
} Related;

static Err related(const Ctx *ctx, const Record *record, int relation, Related *known, bool *out)
{
    *out = true;
    if (relation == RELATION_ANY)
        return ERR_OK;
    if (known->is[relation] == UNASKED) {
        bool is;
        TRY(holds(ctx, &record->type->relations[relation], record, &is));
        known->is[relation] = is ? YES : NO;
    }
    *out = known->is[relation] == YES;
    return ERR_OK;
}

/* ---- a record in hand ---- */

static bool rule_raises(const AccessRule *rule, const Clearance *so_far)
{
    for (size_t i = 0; i < COMPARTMENTS_MAX; i++)
        if (rule->clearance[i] > so_far->in[i])
            return true;
    return false;
}

void access_raise(Clearance *clearance, const AccessRule *rule)
{
    for (size_t i = 0; i < COMPARTMENTS_MAX; i++)
        if (rule->clearance[i] > clearance->in[i])
            clearance->in[i] = rule->clearance[i];
}

bool access_rule_fits(const AccessRule *rule, const Record *record)
{
    int state = record_state(record);
    if (rule->states && (state < 0 || !(rule->states >> state & 1)))
        return false;
    return rule->levels == 0 || (rule->levels >> level_of(record) & 1);
}

Err access_clearance(const Ctx *ctx, const Record *record, Clearance *out)
{
    Clearance   clearance = { { CLASS_NONE } };
    Related     known = { { UNASKED } };
    const Type *type = record->type;
    if (ctx->actor && ctx->actor->system)
        access_full(&clearance);
    for (size_t i = 0; ctx->actor && !ctx->actor->system && i < type->access_count; i++) {
        const AccessRule *rule = &type->access[i];
        if (!access_rule_for(rule, ctx->actor) || !rule_raises(rule, &clearance) || !access_rule_fits(rule, record))
            continue;
        bool is;
        TRY(related(ctx, record, rule->who.relation, &known, &is));
        if (is)
            access_raise(&clearance, rule);
    }
    *out = clearance;
    return ERR_OK;
}

bool access_field_ever(const Actor *actor, const Field *field)
{
    if (field->type->row_of) /* a column is as open as the field whose rows it is of */
        field = field->type->row_of;
    const Type *type = field->type;
    if (field->index == SYS_ERASED) /* told for each field by itself: a record's "erased" */
        return false;
    if (!actor || actor->system)
        return actor != NULL;
    for (size_t i = 0; i < type->access_count; i++)
        if (access_rule_for(&type->access[i], actor) && type->access[i].clearance[field->compartment] >= field->class)
            return true;
    return false;
}

bool access_always(const Ctx *ctx, const Type *type)
{
    if (!ctx->actor)
        return false;
    if (ctx->actor->system)
        return true;
    for (size_t i = 0; i < type->access_count; i++)
        if (access_rule_for(&type->access[i], ctx->actor) && access_rule_always(&type->access[i]) &&
            access_rule_sees(&type->access[i]))
            return true;
    return false;
}

/* ---- who may take a step ---- */

static bool who_is_for(const Who *who, const Actor *actor) { return !who->roles || who->roles >> actor->role & 1; }

bool access_action_ever(const Actor *actor, const Action *action)
{
    for (size_t i = 0; actor && !actor->system && i < action->who_count; i++)
        if (who_is_for(&action->who[i], actor))
            return true;
    return actor && actor->system;
}

typedef struct Reading {
    const Actor *actor;
    bool         known;
} Reading;

static void note_read(void *context, const void *type, const void *field)
{
    Reading *reading = context;
    (void)type;
    reading->known = reading->known && access_field_ever(reading->actor, field);
}

bool access_expr_ever(const Actor *actor, const Expr *expr)
{
    Reading reading = { actor, true };
    expr_fields(expr, note_read, &reading);
    return reading.known;
}

Err access_stands(const Ctx *ctx, const Who *who, const Record *record, bool *out)
{
    Related known = { { UNASKED } };
    *out = false;
    return ctx->actor && !ctx->actor->system && who_is_for(who, ctx->actor)
               ? related(ctx, record, who->relation, &known, out)
               : ERR_OK;
}

Err access_permits(const Ctx *ctx, const Action *action, const Record *record, Permit *out)
{
    Related known = { { UNASKED } };
    Permit  permit = PERMIT_NEVER;
    if (ctx->actor && ctx->actor->system)
        permit = PERMIT_YES;
    for (size_t i = 0; ctx->actor && permit != PERMIT_YES && i < action->who_count; i++) {
        const Who *who = &action->who[i];
        if (!who_is_for(who, ctx->actor))
            continue;
        bool is = true; /* without a record: might be, once there is one */
        if (record)
            TRY(related(ctx, record, who->relation, &known, &is));
        permit = is ? PERMIT_YES : PERMIT_NOT;
    }
    *out = permit;
    return ERR_OK;
}
