/* kernel/access_sql.c: the rules of access.c as SQL. */
#include "kernel/access_rules.h"

/* ---- values ---- */

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
 * the order of lists: a statement that began at a frequent value would have to pass, and sort, all that have it. */
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

Err access_sql_holds(const Ctx *ctx, const Relation *relation, const Record *record, bool *out)
{
    ExprSql sql = expr_sql_new(ctx->arena);
    buf_printf(&sql.sql, "SELECT 1 FROM \"%.*s\" t0 WHERE t0.\"id\" = ", STR_FMT(record->type->table));
    expr_sql_param(&sql, record->values[SYS_ID]);
    add(&sql, STR(" AND "));
    TRY(sql_relation(ctx, &sql, STR("t0"), relation));
    OWNED(rows) Rows *rows = NULL;
    TRY(db_query(ctx->db, buf_str(&sql.sql), sql.params, sql.count, &rows));
    return rows_next(rows, out);
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
        bool              gives = compartment < 0 ? access_rule_sees(rule) : rule->clearance[compartment] >= class;
        if (!access_rule_for(rule, ctx->actor) || !gives)
            continue;
        *always |= access_rule_always(rule);
        out[count++] = rule;
    }
    return count;
}

/* ---- ways: rules as conditions on a row, whatever they give ---- */

static bool holds_all(uint64_t one, uint64_t other) { return one == 0 || (other && !(other & ~one)); } /* 0 are all */

/* Is every row of `other` one of `one`? */
static bool way_covers(const AccessRule *one, const AccessRule *other)
{
    return (one->who.relation == RELATION_ANY || one->who.relation == other->who.relation) &&
           holds_all(one->states, other->states) && holds_all(one->levels, other->levels);
}

static uint64_t both(uint64_t one, uint64_t other) { return one && other ? one | other : 0; }

/* Makes one rule of two, where one can say it. */
static bool way_join(AccessRule *one, const AccessRule *other)
{
    if (way_covers(one, other))
        return true;
    bool same = one->states == other->states || one->levels == other->levels || way_covers(other, one);
    if (one->who.relation != other->who.relation || !same)
        return false;
    one->states = both(one->states, other->states);
    one->levels = (uint8_t)both(one->levels, other->levels);
    return true;
}

/* What a relation may ask: nothing, columns of the row, other records. */
static int way_cost(const AccessRule *rule)
{
    int relation = rule->who.relation;
    return relation == RELATION_ANY ? 0 : relation == RELATION_OWN || relation == RELATION_CREATOR ? 1 : 2;
}

/* As few conditions as say the same, those first that ask little. */
static size_t ways_of(Arena *arena, const AccessRule **rules, size_t count, AccessRule **out)
{
    AccessRule *ways = ARENA_ARRAY(arena, AccessRule, count);
    size_t      used = 0;
    for (int cost = 0; cost <= 2; cost++)
        for (size_t i = 0; i < count; i++) {
            size_t w = 0;
            if (way_cost(rules[i]) != cost)
                continue;
            while (w < used && !way_join(&ways[w], rules[i]))
                w++;
            if (w == used)
                ways[used++] = *rules[i];
        }
    *out = ways;
    return used;
}

static Err sql_any_rule(const Ctx *ctx, ExprSql *sql, Str alias, const Type *type, const AccessRule **rules,
                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (access_rule_always(rules[i])) {
            add(sql, STR("TRUE"));
            return ERR_OK;
        }
    AccessRule *ways;
    size_t      used = ways_of(ctx->arena, rules, count, &ways);
    add(sql, STR("("));
    for (size_t i = 0; i < used; i++) {
        add(sql, i ? STR(" OR ") : STR_NONE);
        TRY(sql_rule(ctx, sql, alias, type, &ways[i]));
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

/* Each item of a list as the actor sees it. A list is short (LIMIT_LIST_ITEMS), its items need no escapes in JSON. */
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
    const Type *target = access_refers_to(field);
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

/* ---- asking ---- */

Err access_numbers(const Ctx *ctx, const ExprSql *sql, Numbers *out)
{
    if (buf_full(&sql->sql))
        return err_make(ECODE_INTERNAL, "statement too long");
    return db_numbers(ctx->db, ctx->arena, ctx->actor ? ctx->actor->membership : STR_NONE, buf_str(&sql->sql),
                      sql->params, sql->count, out);
}

/* ---- rows by what makes them show ---- */

#define SEARCHES_MAX 32 /* SQLite takes 64 queries in one */

/* The ways in which rows of the type show to the actor; none when all do or nobody asks. */
static size_t ways_to_see(const Ctx *ctx, const Type *type, AccessRule **out)
{
    bool               always;
    const AccessRule **rules = ARENA_ARRAY(ctx->arena, const AccessRule *, type->access_count);
    if (!ctx->actor || ctx->actor->system)
        return 0;
    size_t count = rules_that_give(ctx, type, -1, CLASS_PUBLIC, rules, &always);
    return always ? 0 : ways_of(ctx->arena, rules, count, out);
}

/* "SELECT … FROM <tables> WHERE <condition>" of one way. It gives where the rows lie (rowid), under the name "row", or,
 * to be counted, whatever there is one of for each; each once, or PROBED: as often as it comes. */
typedef enum SearchFor { SEARCH_ROWS, SEARCH_FITTING, SEARCH_COUNTED, SEARCH_PROBED } SearchFor;

/* Rows that await somebody are few among all of an owner, or of all that a relation must be asked of: there is an index
 * from the state (kernel/record.c). led: the relation leads to its rows. */
static bool state_leads(const AccessRule *way, SearchFor purpose, bool led)
{
    int relation = way->who.relation;
    return relation == RELATION_ANY || (purpose == SEARCH_FITTING && (relation <= RELATION_CREATOR || !led));
}

static Err sql_way(const Ctx *ctx, ExprSql *sql, const Type *type, const AccessRule *way, SearchFor purpose)
{
    ExprSqlEnv env = sql_env(ctx, true);
    Str        row = sql_alias(sql);
    ExprSearch search = { .from = expr_sql_new(ctx->arena), .where = expr_sql_new(ctx->arena), .once = true };
    if (way->who.relation == RELATION_ANY)
        add(&search.where, STR("TRUE"));
    else
        TRY(expr_sql_search(type->relations[way->who.relation].when, &env, type, row, &sql->aliases, ctx->arena,
                            &search));
    bool rows = purpose == SEARCH_ROWS || purpose == SEARCH_FITTING;
    bool led = search.id.len || search.has_row;
    bool needs_row = rows || way->states || way->levels || !search.id.len;
    if (needs_row && !search.has_row) {
        buf_printf(&search.from.sql, "%s\"%.*s\" AS %.*s", search.id.len ? " CROSS JOIN " : "", STR_FMT(type->table),
                   STR_FMT(row));
        if (search.id.len)
            buf_printf(&search.where.sql, " AND %.*s.\"id\" = %.*s", STR_FMT(row), STR_FMT(search.id));
    }
    sql_standing(&search.where, row, type, way, state_leads(way, purpose, led));
    if (needs_row || search.has_row)
        search.id = str_printf(ctx->arena, "%.*s.rowid", STR_FMT(row));
    bool counted = purpose == SEARCH_PROBED || (purpose == SEARCH_COUNTED && search.once);
    buf_printf(&sql->sql, "SELECT %s%.*s%s FROM ", counted || search.once ? "" : "DISTINCT ",
               STR_FMT(counted ? STR("1") : search.id), rows ? " AS \"row\"" : "");
    expr_sql_add(sql, &search.from);
    add(sql, STR(" WHERE "));
    expr_sql_add(sql, &search.where);
    return ERR_OK;
}

static Err sql_ways(const Ctx *ctx, ExprSql *sql, const Type *type, const AccessRule *ways, size_t count,
                    SearchFor purpose)
{
    for (size_t i = 0; i < count; i++) {
        add(sql, i == 0 ? STR_NONE : purpose == SEARCH_PROBED ? STR(" UNION ALL ") : STR(" UNION "));
        TRY(sql_way(ctx, sql, type, &ways[i], purpose));
    }
    return ERR_OK;
}

Err access_sql_rows(const Ctx *ctx, ExprSql *sql, const Type *type)
{
    AccessRule *ways;
    size_t      count = ways_to_see(ctx, type, &ways);
    assert(count);
    return sql_ways(ctx, sql, type, ways, count, SEARCH_ROWS);
}

Err access_sql_counted(const Ctx *ctx, ExprSql *sql, const Type *type, bool *out)
{
    AccessRule *ways;
    *out = ways_to_see(ctx, type, &ways) == 1;
    return *out ? sql_way(ctx, sql, type, ways, SEARCH_COUNTED) : ERR_OK;
}

Err access_few(const Ctx *ctx, const Type *type, bool *out)
{
    AccessRule *ways;
    size_t      count = ways_to_see(ctx, type, &ways);
    *out = false;
    if (count == 0 || count > SEARCHES_MAX)
        return ERR_OK;
    ExprSql sql = expr_sql_new(ctx->arena);
    Numbers more;
    add(&sql, STR("SELECT 1 FROM ("));
    TRY(sql_ways(ctx, &sql, type, ways, count, SEARCH_PROBED));
    add(&sql, STR(") LIMIT 1 OFFSET "));
    expr_sql_param(&sql, value_int(ACCESS_FEW));
    TRY(access_numbers(ctx, &sql, &more));
    *out = more.count == 0;
    return ERR_OK;
}

/* ---- whom rows await ---- */

/* Those of the actor's role, as few as say the same. */
static size_t ways_of_role(const Ctx *ctx, const AccessRule *ways, size_t count, AccessRule **out)
{
    const AccessRule **own = ARENA_ARRAY(ctx->arena, const AccessRule *, count);
    size_t             used = 0;
    for (size_t i = 0; ctx->actor && !ctx->actor->system && i < count; i++)
        if (access_rule_for(&ways[i], ctx->actor))
            own[used++] = &ways[i];
    return used ? ways_of(ctx->arena, own, used, out) : 0;
}

Err access_sql_fits(const Ctx *ctx, ExprSql *sql, Str alias, const Type *type, const AccessRule *ways, size_t count)
{
    AccessRule        *own;
    size_t             used = ways_of_role(ctx, ways, count, &own);
    const AccessRule **each = ARENA_ARRAY(ctx->arena, const AccessRule *, used);
    for (size_t i = 0; i < used; i++)
        each[i] = &own[i];
    if (used)
        return sql_any_rule(ctx, sql, alias, type, each, used);
    add(sql, STR("FALSE"));
    return ERR_OK;
}

/* Each way ends when it has given enough, also where they are put together. */
Err access_sql_fitting(const Ctx *ctx, ExprSql *sql, const Type *type, const AccessRule *ways, size_t count,
                       int64_t most, bool *out)
{
    AccessRule *own;
    size_t      used = ways_of_role(ctx, ways, count, &own);
    *out = used > 0;
    if (used > SEARCHES_MAX)
        return err_make(ECODE_INTERNAL, "%zu ways to fit", used);
    for (size_t i = 0; i < used; i++) {
        add(sql, i ? STR(" UNION SELECT * FROM (") : STR("SELECT * FROM ("));
        TRY(sql_way(ctx, sql, type, &own[i], SEARCH_FITTING));
        add(sql, STR(" LIMIT "));
        expr_sql_param(sql, value_int(most));
        add(sql, STR(")"));
    }
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

int access_plan_width(const AccessPlan *plan) { return plan->column_count; }

void access_plan_clearance(const AccessPlan *plan, const Rows *rows, int first_column, Record *record)
{
    Clearance clearance = { { CLASS_NONE } };
    if (plan->ctx.actor && plan->ctx.actor->system)
        access_full(&clearance);
    for (size_t i = 0; i < plan->rule_count; i++) {
        const AccessRule *rule = plan->rules[i];
        int               relation = rule->who.relation;
        bool              is = plan->alone || relation == RELATION_ANY ||
                  rows_int(rows, first_column + plan->column_of[relation]) == 1;
        if (is && access_rule_fits(rule, record))
            access_raise(&clearance, rule);
    }
    record->clearance = clearance;
}
