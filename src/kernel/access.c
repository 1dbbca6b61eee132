#include "kernel/access.h"

#include "kernel/parameter.h"
#include "kernel/rows.h"

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

/* ---- records that a value refers to ---- */

/* Whose ids the field holds, when it can hold one that the reader does not see: not the record's own. */
static const Type *refers_to(const Field *field)
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

/* Puts ACCESS_HIDDEN in the place of each id in the field's value that the actor does not see. */
static Err hide_targets(const Ctx *ctx, const Field *field, Value value, Value *out)
{
    const Type *target = refers_to(field);
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
    Ctx     ctx;
    bool    truth; /* nobody reads an explanation: hidden is not computed */
    EnvUse *use;   /* so far, that of formulas included */
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
    EnvState inner = { .ctx = state->ctx, .truth = true, .use = state->use };
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
    return parameter_on(&state->ctx, parameter, reference_day(&state->ctx, root.row), out, NULL);
}

static ExprEnv env_of(EnvState *state)
{
    const Ctx *ctx = &state->ctx;
    return (ExprEnv){ .context = state,
                      .get = env_get,
                      .follow = env_follow,
                      .children = env_children,
                      .parameter = env_parameter,
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
    EnvState            state = { .ctx = *ctx, .truth = true, .use = &use };
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

/* ---- the same rule as SQL ---- */

static void add(ExprSql *sql, Str text) { buf_add(&sql->sql, text); }

static void add_column(ExprSql *sql, Str alias, Str name)
{
    buf_printf(&sql->sql, "%.*s.\"%.*s\"", STR_FMT(alias), STR_FMT(name));
}

static Str sql_alias(ExprSql *sql) { return str_printf(sql->arena, "t%zu", ++sql->aliases); }

static ExprSqlEnv sql_env(const Ctx *ctx, bool truth);

/* The true value: of a computed field its formula, which the loader has found to be of the filter subset. */
static Err sql_true_value(const Ctx *ctx, ExprSql *sql, Str alias, const Field *field)
{
    if (field->kind != FIELD_COMPUTED) {
        add_column(sql, alias, field->name);
        return ERR_OK;
    }
    ExprSqlEnv env = sql_env(ctx, true);
    assert(field->filterable);
    add(sql, STR("coalesce("));
    TRY(expr_sql(field->formula, &env, alias, sql));
    add(sql, STR(", FALSE)"));
    return ERR_OK;
}

typedef Err (*SqlValue)(const Ctx *ctx, ExprSql *sql, Str alias, const Field *field);

/* Does an index lead from a value of the field to few rows? Then a condition may begin there. The other indexes are for
 * the order of lists: a statement that began at one of a frequent value would have to pass, and sort, all that has it. */
static bool leads_to_few(const Field *field)
{
    return field->type->row_of || field->unique != UNIQUE_NO || field->index == SYS_ID ||
           (field->kind == FIELD_REFERENCE && field->index != SYS_CREATOR);
}

/* The value in a condition, such that only an index which leads to few rows is taken for it. */
static Err sql_aside(const Ctx *ctx, ExprSql *sql, Str alias, const Field *field, SqlValue write)
{
    if (field->kind == FIELD_COMPUTED || leads_to_few(field))
        return write(ctx, sql, alias, field);
    add(sql, STR("coalesce("));
    TRY(write(ctx, sql, alias, field));
    add(sql, STR(", NULL)"));
    return ERR_OK;
}

static Err sql_true_column(void *context, ExprSql *sql, Str alias, const void *type, const void *field)
{
    (void)type;
    return sql_aside(context, sql, alias, field, sql_true_value);
}

static Err sql_true_link(void *context, ExprSql *sql, Str alias, const void *type, const void *field)
{
    (void)type;
    return sql_true_value(context, sql, alias, field);
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

static Err sql_shown(const Ctx *ctx, ExprSql *sql, Str alias, const Field *field, SqlValue write);

static Err sql_filter_value(const Ctx *ctx, ExprSql *sql, Str alias, const Field *field);

static Err sql_seen_column(void *context, ExprSql *sql, Str alias, const void *type, const void *field)
{
    (void)type;
    return sql_shown(context, sql, alias, field, sql_filter_value);
}

static Err sql_seen_rows(void *context, ExprSql *sql, Str alias, const void *type)
{
    return access_sql_visible(context, sql, alias, type);
}

static Err sql_link(void *context, ExprSql *sql, Str alias, const void *type, const void *field)
{
    (void)type;
    return sql_shown(context, sql, alias, field, sql_true_value);
}

/* An id that the reader sees is what the column holds: its index finds the rows, and what they see is asked of these
 * alone. Of one that they do not see it is known beforehand, and takes no longer than of none. */
static Err sql_lead(void *context, ExprSql *sql, Str alias, const void *field, Value id)
{
    const Field *of = field;
    bool         seen;
    if (of->kind != FIELD_REFERENCE || !leads_to_few(of) || !uuid_valid(id.text) || !access_field_always(context, of))
        return ERR_OK;
    TRY(access_sees_id(context, of->target, id.text, &seen));
    if (!seen) {
        add(sql, STR("FALSE AND "));
        return ERR_OK;
    }
    add_column(sql, alias, of->name);
    add(sql, STR(" = "));
    expr_sql_param(sql, id);
    add(sql, STR(" AND "));
    return ERR_OK;
}

static ExprSqlEnv sql_env(const Ctx *ctx, bool truth)
{
    Ctx *kept = ARENA_NEW(ctx->arena, Ctx);
    *kept = *ctx;
    return (ExprSqlEnv){ .context = kept,
                         .column = truth ? sql_true_column : sql_seen_column,
                         .link = truth ? sql_true_link : sql_link,
                         .lead = truth ? NULL : sql_lead,
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

static void sql_among(ExprSql *sql, Str alias, Str column, bool leads, const Str *names, size_t count)
{
    add(sql, leads ? STR_NONE : STR("coalesce("));
    add_column(sql, alias, column);
    add(sql, leads ? STR(" IN (") : STR(", NULL) IN ("));
    for (size_t i = 0; i < count; i++) {
        add(sql, i ? STR(", ") : STR_NONE);
        expr_sql_param(sql, value_text(names[i]));
    }
    add(sql, STR(")"));
}

/* " AND state IN (…)", " AND disclosure IN (…)". leads: a search may begin at it. */
static void sql_standing(ExprSql *sql, Str alias, const Type *type, const AccessRule *rule, bool leads)
{
    Str    names[STATES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < type->state_count; i++)
        if (rule->states >> i & 1)
            names[count++] = type->states[i].name;
    if (rule->states) {
        add(sql, STR(" AND "));
        sql_among(sql, alias, type->fields[SYS_STATE].name, leads, names, count);
    }
    count = 0;
    for (int c = CLASS_PUBLIC; c < CLASS_COUNT; c++)
        if (rule->levels >> c & 1)
            names[count++] = class_names[c];
    if (rule->levels) {
        add(sql, STR(" AND "));
        sql_among(sql, alias, type->fields[SYS_DISCLOSURE].name, leads, names, count);
    }
}

static Err sql_rule(const Ctx *ctx, ExprSql *sql, Str alias, const Type *type, const AccessRule *rule)
{
    add(sql, STR("("));
    if (rule->who.relation == RELATION_ANY)
        add(sql, STR("TRUE"));
    else
        TRY(sql_relation(ctx, sql, alias, &type->relations[rule->who.relation]));
    sql_standing(sql, alias, type, rule, false);
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
    for (size_t i = 0; i < count; i++)
        if (rule_unconditional(rules[i])) {
            add(sql, STR("TRUE"));
            return ERR_OK;
        }
    add(sql, STR("("));
    for (size_t i = 0; i < count; i++) {
        add(sql, i ? STR(" OR ") : STR_NONE);
        TRY(sql_rule(ctx, sql, alias, type, rules[i]));
    }
    add(sql, STR(")"));
    return ERR_OK;
}

static Err sql_row_visible(const Ctx *ctx, ExprSql *sql, Str alias, const Field *row_of);

Err access_sql_visible(const Ctx *ctx, ExprSql *sql, Str alias, const Type *type)
{
    if (type->row_of)
        return sql_row_visible(ctx, sql, alias, type->row_of);
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

/* What `write` writes, missing in rows where the field does not show. A child row that shows, shows whole. */
static Err sql_shown(const Ctx *ctx, ExprSql *sql, Str alias, const Field *field, SqlValue write)
{
    if (field->type->row_of)
        return write(ctx, sql, alias, field);
    FieldRules shown = field_rules(ctx, field);
    if (shown.always)
        return write(ctx, sql, alias, field);
    if (shown.count == 0) {
        add(sql, STR("NULL"));
        return ERR_OK;
    }
    add(sql, STR("CASE WHEN "));
    TRY(sql_any_rule(ctx, sql, alias, field->type, shown.rules, shown.count));
    add(sql, STR(" THEN "));
    TRY(write(ctx, sql, alias, field));
    add(sql, STR(" END"));
    return ERR_OK;
}

/* A child row shows where the record's field shows that holds it; the record itself is the collection's to ask. */
static Err sql_row_visible(const Ctx *ctx, ExprSql *sql, Str alias, const Field *row_of)
{
    FieldRules shown = field_rules(ctx, row_of);
    if (shown.always || shown.count == 0) {
        add(sql, shown.always ? STR("TRUE") : STR("FALSE"));
        return ERR_OK;
    }
    Str parent = sql_alias(sql);
    buf_printf(&sql->sql, "EXISTS (SELECT 1 FROM \"%.*s\" AS %.*s WHERE %.*s.\"id\" = ", STR_FMT(row_of->type->table),
               STR_FMT(parent), STR_FMT(parent));
    add_column(sql, alias, row_of->rows->fields[ROW_PARENT].name);
    add(sql, STR(" AND "));
    TRY(sql_any_rule(ctx, sql, parent, row_of->type, shown.rules, shown.count));
    add(sql, STR(")"));
    return ERR_OK;
}

/* "CASE WHEN EXISTS (a row of target with id that the actor sees) THEN id ELSE 'hidden' END" */
static Err sql_seen_id(const Ctx *ctx, ExprSql *sql, const Type *target, Str id)
{
    Str alias = sql_alias(sql);
    buf_printf(&sql->sql, "CASE WHEN EXISTS (SELECT 1 FROM \"%.*s\" AS %.*s WHERE %.*s.\"id\" = %.*s AND ",
               STR_FMT(target->table), STR_FMT(alias), STR_FMT(alias), STR_FMT(id));
    TRY(access_sql_visible(ctx, sql, alias, target));
    buf_printf(&sql->sql, ") THEN %.*s ELSE '" ACCESS_HIDDEN "' END", STR_FMT(id));
    return ERR_OK;
}

/* Each item of a list as the actor sees it. A list is short (LIMIT_LIST_ITEMS) and its items need no escapes in JSON. */
static Err sql_seen_items(const Ctx *ctx, ExprSql *sql, const Type *target, Str column)
{
    Str items = sql_alias(sql);
    add(sql, STR("(SELECT group_concat("));
    TRY(sql_seen_id(ctx, sql, target, str_printf(sql->arena, "%.*s.value", STR_FMT(items))));
    buf_printf(&sql->sql, ") FROM json_each('[\"' || replace(%.*s, ',', '\",\"') || '\"]') AS %.*s)", STR_FMT(column),
               STR_FMT(items));
    return ERR_OK;
}

/* In a condition of a filter. */
static Err sql_filter_value(const Ctx *ctx, ExprSql *sql, Str alias, const Field *field)
{
    return sql_aside(ctx, sql, alias, field, access_sql_value);
}

/* The true value, with 'hidden' in place of each id of a record that the actor does not see. */
Err access_sql_value(const Ctx *ctx, ExprSql *sql, Str alias, const Field *field)
{
    const Type *target = refers_to(field);
    if (field->kind == FIELD_COMPUTED || !target || access_always(ctx, target))
        return sql_true_value(ctx, sql, alias, field);
    Str column = str_printf(sql->arena, "%.*s.\"%.*s\"", STR_FMT(alias), STR_FMT(field->name));
    if (field->kind == FIELD_REFERENCES)
        return sql_seen_items(ctx, sql, target, column);
    buf_printf(&sql->sql, "CASE WHEN %.*s IS NOT NULL THEN ", STR_FMT(column));
    TRY(sql_seen_id(ctx, sql, target, column));
    add(sql, STR(" END"));
    return ERR_OK;
}

Err access_sql_column(const Ctx *ctx, ExprSql *sql, Str alias, const Field *field)
{
    return sql_shown(ctx, sql, alias, field, access_sql_value);
}

Err access_sql_shows(const Ctx *ctx, ExprSql *sql, Str alias, const Field *field)
{
    FieldRules shown = field_rules(ctx, field);
    if (!shown.always && shown.count)
        return sql_any_rule(ctx, sql, alias, field->type, shown.rules, shown.count);
    add(sql, shown.always ? STR("TRUE") : STR("FALSE"));
    return ERR_OK;
}

/* ---- rows by what makes them show ---- */

#define SEARCHES_MAX 32 /* rules of one role; SQLite takes 64 queries in one */

/* "SELECT <id> FROM <tables> WHERE <condition>" of one rule; counted: what it gives is not looked at, and an index need not
 * lead on to the row for it. */
static Err sql_rule_ids(const Ctx *ctx, ExprSql *sql, const Type *type, const AccessRule *rule, bool counted)
{
    ExprSqlEnv env = sql_env(ctx, true);
    Str        row = sql_alias(sql);
    ExprSearch search = { .from = expr_sql_new(ctx->arena), .where = expr_sql_new(ctx->arena) };
    if (rule->who.relation == RELATION_ANY)
        add(&search.where, STR("TRUE"));
    else
        TRY(expr_sql_search(type->relations[rule->who.relation].when, &env, type, row, &sql->aliases, ctx->arena,
                            &search));
    if (!search.has_row && (rule->states || rule->levels || !search.id.len)) {
        buf_printf(&search.from.sql, "%s\"%.*s\" AS %.*s", search.id.len ? ", " : "", STR_FMT(type->table),
                   STR_FMT(row));
        if (search.id.len)
            buf_printf(&search.where.sql, " AND %.*s.\"id\" = %.*s", STR_FMT(row), STR_FMT(search.id));
        search.id = str_printf(ctx->arena, "%.*s.\"id\"", STR_FMT(row));
    }
    sql_standing(&search.where, row, type, rule, rule->who.relation == RELATION_ANY);
    Str given = counted ? STR("1") : search.id;
    buf_printf(&sql->sql, "SELECT %.*s FROM ", STR_FMT(given));
    expr_sql_add(sql, &search.from);
    add(sql, STR(" WHERE "));
    expr_sql_add(sql, &search.where);
    return ERR_OK;
}

static Err sql_all_ids(const Ctx *ctx, ExprSql *sql, const Type *type, const AccessRule **rules, size_t count,
                       bool counted)
{
    for (size_t i = 0; i < count; i++) {
        add(sql, i ? STR(" UNION ALL ") : STR_NONE);
        TRY(sql_rule_ids(ctx, sql, type, rules[i], counted));
    }
    return ERR_OK;
}

Err access_sql_ids(const Ctx *ctx, ExprSql *sql, const Type *type)
{
    bool               always;
    const AccessRule **rules = ARENA_ARRAY(ctx->arena, const AccessRule *, type->access_count);
    size_t             count = rules_that_give(ctx, type, -1, CLASS_PUBLIC, rules, &always);
    assert(count && !always);
    return sql_all_ids(ctx, sql, type, rules, count, false);
}

Err access_few(const Ctx *ctx, const Type *type, bool *out)
{
    bool               always;
    const AccessRule **rules = ARENA_ARRAY(ctx->arena, const AccessRule *, type->access_count);
    *out = false;
    if (!ctx->actor || ctx->actor->system)
        return ERR_OK;
    size_t count = rules_that_give(ctx, type, -1, CLASS_PUBLIC, rules, &always);
    if (count == 0 || count > SEARCHES_MAX || always)
        return ERR_OK;
    ExprSql           sql = expr_sql_new(ctx->arena);
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    add(&sql, STR("SELECT count(*) FROM ("));
    TRY(sql_all_ids(ctx, &sql, type, rules, count, true));
    add(&sql, STR(" LIMIT "));
    expr_sql_param(&sql, value_int(ACCESS_FEW + 1));
    add(&sql, STR(")"));
    TRY(db_query(ctx->db, buf_str(&sql.sql), sql.params, sql.count, &rows));
    TRY(rows_next(rows, &more));
    *out = rows_int(rows, 0) <= ACCESS_FEW;
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
    bool               alone; /* there is one rule: it fits every row that shows, and nothing need be asked */
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
    plan->alone = plan->rule_count == 1;
    for (size_t i = 0; i < plan->rule_count && !plan->alone; i++) {
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
        bool              is = plan->alone || relation == RELATION_ANY ||
                  rows_int(rows, first_column + plan->column_of[relation]) == 1;
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
