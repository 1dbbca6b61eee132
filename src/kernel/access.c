#include "kernel/access.h"

static bool rule_for_role(const AccessRule *rule, const Actor *actor)
{
    return rule->who.roles == 0 || (rule->who.roles >> actor->role & 1);
}

static bool rule_sees(const AccessRule *rule)
{
    for (size_t i = 0; i < COMPARTMENTS_MAX; i++)
        if (rule->clearance[i] >= CLASS_PUBLIC)
            return true;
    return false;
}

static bool rule_unconditional(const AccessRule *rule)
{
    return rule->who.relation == RELATION_ANY && rule->states == 0 && rule->levels == 0;
}

static void clearance_full(Clearance *out) { memset(out->in, CLASS_SECRET, sizeof out->in); }

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

/* ---- expressions over records ---- */

typedef struct EnvState {
    Ctx  ctx;
    bool truth; /* nobody reads an explanation: hidden is not computed */
} EnvState;

static Err env_get(void *context, ExprRow row, const void *field, Value *out, bool *hidden)
{
    const EnvState *state = context;
    const Record   *record = row.row;
    const Field    *of = field;
    *out = record->values[of->index];
    *hidden = !state->truth && !access_shows(&record->clearance, of);
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
    Str             id = ((const Record *)row.row)->values[of->index].text;
    *out = (ExprRow){ .type = of->target };
    *hidden = !state->truth && !access_shows(&((const Record *)row.row)->clearance, of);
    if (id.len == 0)
        return ERR_OK;
    Record *record = ARENA_NEW(state->ctx.arena, Record);
    bool    found;
    TRY(record_load(state->ctx.db, state->ctx.arena, of->target, id, record, &found));
    if (!found)
        return ERR_OK;
    TRY(env_see(state, record, hidden));
    out->row = record;
    return ERR_OK;
}

static Err env_children(void *context, ExprRow row, const ExprChild *child, ExprRow **out, size_t *count, bool *hidden)
{
    const EnvState *state = context;
    Record         *records;
    *hidden = false;
    TRY(record_children(state->ctx.db, state->ctx.arena, child->type, child->link, record_id(row.row), &records,
                        count));
    *out = ARENA_ARRAY(state->ctx.arena, ExprRow, *count);
    for (size_t i = 0; i < *count; i++) {
        TRY(env_see(state, &records[i], hidden));
        (*out)[i] = (ExprRow){ .type = child->type, .row = &records[i] };
    }
    return ERR_OK;
}

static ExprEnv env_make(const Ctx *ctx, bool truth)
{
    EnvState *state = ARENA_NEW(ctx->arena, EnvState);
    *state = (EnvState){ .ctx = *ctx, .truth = truth };
    return (ExprEnv){ .context = state,
                      .get = env_get,
                      .follow = env_follow,
                      .children = env_children,
                      .today = ctx_today(ctx),
                      .actor = ctx->actor ? ctx->actor->person : STR_NONE,
                      .organisation = ctx->actor ? ctx->actor->organisation : STR_NONE };
}

ExprEnv access_env(const Ctx *ctx) { return env_make(ctx, false); }

ExprEnv access_env_truth(const Ctx *ctx) { return env_make(ctx, true); }

static Err holds(const Ctx *ctx, const Expr *expr, const Record *record, bool *out)
{
    ExprEnv env = access_env_truth(ctx);
    Value   value;
    TRY(expr_eval(ctx->arena, expr, &env, (ExprRow){ record->type, record }, &value));
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
        TRY(holds(ctx, record->type->relations[relation].when, record, &is));
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

static void raise(Clearance *clearance, const AccessRule *rule)
{
    for (size_t i = 0; i < COMPARTMENTS_MAX; i++)
        if (rule->clearance[i] > clearance->in[i])
            clearance->in[i] = rule->clearance[i];
}

static bool rule_fits(const AccessRule *rule, const Record *record)
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
        clearance_full(&clearance);
    for (size_t i = 0; ctx->actor && !ctx->actor->system && i < type->access_count; i++) {
        const AccessRule *rule = &type->access[i];
        if (!rule_for_role(rule, ctx->actor) || !rule_raises(rule, &clearance) || !rule_fits(rule, record))
            continue;
        bool is;
        TRY(related(ctx, record, rule->who.relation, &known, &is));
        if (is)
            raise(&clearance, rule);
    }
    *out = clearance;
    return ERR_OK;
}

bool access_always(const Ctx *ctx, const Type *type)
{
    if (!ctx->actor)
        return false;
    if (ctx->actor->system)
        return true;
    for (size_t i = 0; i < type->access_count; i++)
        if (rule_for_role(&type->access[i], ctx->actor) && rule_unconditional(&type->access[i]) &&
            rule_sees(&type->access[i]))
            return true;
    return false;
}

/* ---- the same rule as SQL ---- */

static void add(ExprSql *sql, Str text) { buf_add(&sql->sql, text); }

static void add_column(ExprSql *sql, Str alias, Str name)
{
    buf_printf(&sql->sql, "%.*s.\"%.*s\"", STR_FMT(alias), STR_FMT(name));
}

static Err sql_true_column(void *context, ExprSql *sql, Str alias, const void *type, const void *field)
{
    (void)context, (void)type;
    add_column(sql, alias, ((const Field *)field)->name);
    return ERR_OK;
}

static Err sql_table(void *context, ExprSql *sql, const void *type)
{
    (void)context;
    buf_printf(&sql->sql, "\"%.*s\"", STR_FMT(((const Type *)type)->table));
    return ERR_OK;
}

static Err sql_everything(void *context, ExprSql *sql, Str alias, const void *type)
{
    (void)context, (void)alias, (void)type;
    add(sql, STR("TRUE"));
    return ERR_OK;
}

static Err sql_seen_column(void *context, ExprSql *sql, Str alias, const void *type, const void *field)
{
    (void)type;
    return access_sql_column(context, sql, alias, field);
}

static Err sql_seen_rows(void *context, ExprSql *sql, Str alias, const void *type)
{
    return access_sql_visible(context, sql, alias, type);
}

static ExprSqlEnv sql_env(const Ctx *ctx, bool truth)
{
    Ctx *kept = ARENA_NEW(ctx->arena, Ctx);
    *kept = *ctx;
    return (ExprSqlEnv){ .context = kept,
                         .column = truth ? sql_true_column : sql_seen_column,
                         .link = truth ? sql_true_column : sql_seen_column,
                         .table = sql_table,
                         .visible = truth ? sql_everything : sql_seen_rows,
                         .today = ctx_today(ctx),
                         .actor = ctx->actor ? ctx->actor->person : STR_NONE,
                         .organisation = ctx->actor ? ctx->actor->organisation : STR_NONE };
}

ExprSqlEnv access_sql_env(const Ctx *ctx) { return sql_env(ctx, false); }

static Err sql_relation(const Ctx *ctx, ExprSql *sql, Str alias, const Relation *relation)
{
    ExprSqlEnv env = sql_env(ctx, true);
    add(sql, STR("("));
    TRY(expr_sql(relation->when, &env, alias, sql));
    add(sql, STR(")"));
    return ERR_OK;
}

static void sql_among(ExprSql *sql, Str alias, Str column, const Str *names, size_t count)
{
    add_column(sql, alias, column);
    add(sql, STR(" IN ("));
    for (size_t i = 0; i < count; i++) {
        add(sql, i ? STR(", ") : STR_NONE);
        expr_sql_param(sql, value_text(names[i]));
    }
    add(sql, STR(")"));
}

static Err sql_rule(const Ctx *ctx, ExprSql *sql, Str alias, const Type *type, const AccessRule *rule)
{
    Str    names[STATES_MAX];
    size_t count = 0;
    if (rule_unconditional(rule)) {
        add(sql, STR("TRUE"));
        return ERR_OK;
    }
    add(sql, STR("("));
    if (rule->who.relation != RELATION_ANY)
        TRY(sql_relation(ctx, sql, alias, &type->relations[rule->who.relation]));
    if (rule->states) {
        for (size_t i = 0; i < type->state_count; i++)
            if (rule->states >> i & 1)
                names[count++] = type->states[i].name;
        add(sql, rule->who.relation != RELATION_ANY ? STR(" AND ") : STR_NONE);
        sql_among(sql, alias, type->fields[SYS_STATE].name, names, count);
    }
    if (rule->levels) {
        count = 0;
        for (int c = CLASS_PUBLIC; c < CLASS_COUNT; c++)
            if (rule->levels >> c & 1)
                names[count++] = class_names[c];
        add(sql, rule->who.relation != RELATION_ANY || rule->states ? STR(" AND ") : STR_NONE);
        sql_among(sql, alias, type->fields[SYS_DISCLOSURE].name, names, count);
    }
    add(sql, STR(")"));
    return ERR_OK;
}

/* The rules of the actor's role that give at least `class` in `compartment` (compartment -1: anything at all). */
static size_t rules_that_give(const Ctx *ctx, const Type *type, int compartment, Class class, const AccessRule **out,
                              bool *always)
{
    size_t count = 0;
    *always = false;
    for (size_t i = 0; i < type->access_count; i++) {
        const AccessRule *rule = &type->access[i];
        bool              gives = compartment < 0 ? rule_sees(rule) : rule->clearance[compartment] >= class;
        if (!rule_for_role(rule, ctx->actor) || !gives)
            continue;
        *always |= rule_unconditional(rule);
        out[count++] = rule;
    }
    return count;
}

static Err sql_any_rule(const Ctx *ctx, ExprSql *sql, Str alias, const Type *type, const AccessRule **rules,
                        size_t count)
{
    add(sql, STR("("));
    for (size_t i = 0; i < count; i++) {
        add(sql, i ? STR(" OR ") : STR_NONE);
        TRY(sql_rule(ctx, sql, alias, type, rules[i]));
    }
    add(sql, STR(")"));
    return ERR_OK;
}

Err access_sql_visible(const Ctx *ctx, ExprSql *sql, Str alias, const Type *type)
{
    bool               always = ctx->actor && ctx->actor->system;
    const AccessRule **rules = ARENA_ARRAY(ctx->arena, const AccessRule *, type->access_count);
    size_t             count = ctx->actor && !always ? rules_that_give(ctx, type, -1, CLASS_PUBLIC, rules, &always) : 0;
    if (always)
        add(sql, STR("TRUE"));
    else if (count == 0)
        add(sql, STR("FALSE"));
    else
        return sql_any_rule(ctx, sql, alias, type, rules, count);
    return ERR_OK;
}

typedef struct FieldRules { /* the rules of the actor's role that show a field */
    const AccessRule **rules;
    size_t             count;
    bool               always; /* it shows in every row that the actor sees */
} FieldRules;

static FieldRules field_rules(const Ctx *ctx, const Field *field)
{
    const Type        *type = field->type;
    FieldRules         found = { .always = ctx->actor && ctx->actor->system };
    const AccessRule **seen = ARENA_ARRAY(ctx->arena, const AccessRule *, type->access_count);
    bool               seen_always;
    if (!ctx->actor || found.always)
        return found;
    found.rules = ARENA_ARRAY(ctx->arena, const AccessRule *, type->access_count);
    found.count = rules_that_give(ctx, type, field->compartment, field->class, found.rules, &found.always);
    /* when every rule that shows the row shows the field */
    found.always |= found.count && found.count == rules_that_give(ctx, type, -1, CLASS_PUBLIC, seen, &seen_always);
    return found;
}

bool access_field_always(const Ctx *ctx, const Field *field) { return field_rules(ctx, field).always; }

Err access_sql_column(const Ctx *ctx, ExprSql *sql, Str alias, const Field *field)
{
    FieldRules shown = field_rules(ctx, field);
    if (shown.always) {
        add_column(sql, alias, field->name);
        return ERR_OK;
    }
    if (shown.count == 0) {
        add(sql, STR("NULL"));
        return ERR_OK;
    }
    add(sql, STR("CASE WHEN "));
    TRY(sql_any_rule(ctx, sql, alias, field->type, shown.rules, shown.count));
    add(sql, STR(" THEN "));
    add_column(sql, alias, field->name);
    add(sql, STR(" END"));
    return ERR_OK;
}

/* ---- clearance of the rows of a list ---- */

struct AccessPlan {
    Ctx                ctx;
    const Type        *type;
    const AccessRule **rules; /* of the actor's role */
    size_t             rule_count;
    int                column_of[RELATIONS_MAX]; /* place of a relation among the added columns, or -1 */
    int                relations[RELATIONS_MAX];
    int                column_count;
};

Err access_plan(const Ctx *ctx, const Type *type, AccessPlan **out)
{
    AccessPlan *plan = ARENA_NEW(ctx->arena, AccessPlan);
    bool        always;
    *plan = (AccessPlan){ .ctx = *ctx, .type = type };
    memset(plan->column_of, -1, sizeof plan->column_of);
    plan->rules = ARENA_ARRAY(ctx->arena, const AccessRule *, type->access_count);
    if (ctx->actor && !ctx->actor->system)
        plan->rule_count = rules_that_give(ctx, type, -1, CLASS_PUBLIC, plan->rules, &always);
    for (size_t i = 0; i < plan->rule_count; i++) {
        int relation = plan->rules[i]->who.relation;
        if (relation == RELATION_ANY || plan->column_of[relation] >= 0)
            continue;
        plan->relations[plan->column_count] = relation;
        plan->column_of[relation] = plan->column_count++;
    }
    *out = plan;
    return ERR_OK;
}

Err access_plan_columns(const AccessPlan *plan, ExprSql *sql, Str alias)
{
    for (int i = 0; i < plan->column_count; i++) {
        add(sql, STR(", "));
        TRY(sql_relation(&plan->ctx, sql, alias, &plan->type->relations[plan->relations[i]]));
    }
    return ERR_OK;
}

void access_plan_clearance(const AccessPlan *plan, const Rows *rows, int first_column, Record *record)
{
    Clearance clearance = { { CLASS_NONE } };
    if (plan->ctx.actor && plan->ctx.actor->system)
        clearance_full(&clearance);
    for (size_t i = 0; i < plan->rule_count; i++) {
        const AccessRule *rule = plan->rules[i];
        int               relation = rule->who.relation;
        bool is = relation == RELATION_ANY || rows_int(rows, first_column + plan->column_of[relation]) == 1;
        if (is && rule_fits(rule, record))
            raise(&clearance, rule);
    }
    record->clearance = clearance;
}

/* ---- who may take a step ---- */

Err access_permits(const Ctx *ctx, const Action *action, const Record *record, Permit *out)
{
    Related known = { { UNASKED } };
    Permit  permit = PERMIT_NEVER;
    if (ctx->actor && ctx->actor->system)
        permit = PERMIT_YES;
    for (size_t i = 0; ctx->actor && permit != PERMIT_YES && i < action->who_count; i++) {
        const Who *who = &action->who[i];
        if (who->roles && !(who->roles >> ctx->actor->role & 1))
            continue;
        bool is = true; /* without a record: might be, once there is one */
        if (record)
            TRY(related(ctx, record, who->relation, &known, &is));
        permit = is ? PERMIT_YES : PERMIT_NOT;
    }
    *out = permit;
    return ERR_OK;
}
