/* SQL. What reads no record is computed here and bound as a value; the rest becomes columns, scalar subqueries
 * (references) and EXISTS or counts (collections).
 *
 * SQL has three truth values, the language two. A condition is written in one of two ways: `exact` gives TRUE or FALSE
 * and nothing else; otherwise it may give NULL for false, which is enough where only truth counts (WHERE, and below AND
 * and OR there). So a comparison stays bare until a NOT, or its use as a value, stands above it. */
#include "engines/expression/expression_internal.h"

#include <assert.h>

enum {
    SQL_BYTES_MAX = 262144,
    SQL_PARAMS_MAX = 400 /* of one expression; a statement takes 512, and the caller adds some */
};

typedef struct Emit {
    const ExprSqlEnv *env;
    ExprSql          *sql;
    Str               given; /* alias of the caller's row */
} Emit;

static Err condition(Emit *emit, const Expr *expr, Str alias, bool exact);

ExprSql expr_sql_new(Arena *arena) { return (ExprSql){ .sql = buf_new(arena, SQL_BYTES_MAX), .arena = arena }; }

void expr_sql_param(ExprSql *sql, Value value)
{
    ARENA_ROOM(sql->arena, sql->params, sql->count, sql->capacity);
    sql->params[sql->count++] = value;
    buf_char(&sql->sql, '?');
}

static void write(Emit *emit, const char *text) { buf_add(&emit->sql->sql, str_from(text)); }

static Err write_truth(Emit *emit, bool truth)
{
    write(emit, truth ? "TRUE" : "FALSE");
    return ERR_OK;
}

static Str next_alias(Emit *emit)
{
    Str alias;
    do
        alias = str_printf(emit->sql->arena, "t%zu", ++emit->sql->aliases);
    while (str_eq(alias, emit->given));
    return alias;
}

/* ---- what is known beforehand ----
 * What the reader never sees of any record is NULL or FALSE as it is written; then what is made of it is known, too,
 * and a condition that never holds is found out before a row is read. */

typedef struct Mark { /* a place in what has been written */
    size_t len, params;
} Mark;

static Mark mark_here(const Emit *emit) { return (Mark){ .len = emit->sql->sql.len, .params = emit->sql->count }; }

static void write_back(Emit *emit, Mark to)
{
    emit->sql->sql.len = to.len;
    emit->sql->count = to.params;
}

static bool written_is(const Emit *emit, Mark since, Str text)
{
    Str written = buf_str(&emit->sql->sql);
    return str_eq(str_slice(written, since.len, written.len), text);
}

static Err write_instead(Emit *emit, Mark of, bool truth)
{
    write_back(emit, of);
    return write_truth(emit, truth);
}

static Err constant(Emit *emit, const Expr *expr, Value *out)
{
    ExprEnv env = { .today = emit->env->today, .actor = emit->env->actor, .organisation = emit->env->organisation };
    Eval    eval = { .env = &env };
    return eval_value(&eval, expr, (ExprRow){ 0 }, out) ? ERR_OK : eval.err;
}

/* ---- values ---- */

/* "(SELECT <column> FROM <type> AS t1 WHERE t1.id = <reference> AND <visible>)": before the reference, and after it. */
static void open_referred(Emit *emit, Str alias)
{
    buf_printf(&emit->sql->sql, " AS %.*s WHERE %.*s.id = ", STR_FMT(alias), STR_FMT(alias));
}

static Err close_referred(Emit *emit, Str alias, const void *type)
{
    write(emit, " AND ");
    TRY(emit->env->visible(emit->env->context, emit->sql, alias, type));
    write(emit, ")");
    return ERR_OK;
}

/* The path up to step `last`. Text goes from the outside in: the last field first, the row's own column innermost.
 * followed: the value only leads on to the record it refers to. */
static Err write_path(Emit *emit, const PathStep *steps, size_t last, Str row_alias, bool followed)
{
    const ExprSqlEnv *env = emit->env;
    const PathStep   *step = &steps[last];
    Err (*column)(void *, ExprSql *, Str, const void *, const void *) = followed ? env->link : env->column;
    if (last == 0)
        return column(env->context, emit->sql, row_alias, step->type, step->field);
    Str  alias = next_alias(emit);
    Mark start = mark_here(emit);
    write(emit, "(SELECT ");
    Mark value = mark_here(emit);
    TRY(column(env->context, emit->sql, alias, step->type, step->field));
    bool missing = written_is(emit, value, STR("NULL"));
    write(emit, " FROM ");
    TRY(env->table(env->context, emit->sql, step->type));
    open_referred(emit, alias);
    Mark link = mark_here(emit);
    TRY(write_path(emit, steps, last - 1, row_alias, true));
    missing |= written_is(emit, link, STR("NULL"));
    TRY(close_referred(emit, alias, step->type));
    if (missing) {
        write_back(emit, start);
        write(emit, "NULL");
    }
    return ERR_OK;
}

/* The id of the record whose children a collection runs over; a hidden one has no id here, so no children. */
static Err write_parent(Emit *emit, const Expr *expr, Str row_alias)
{
    const ExprSqlEnv *env = emit->env;
    if (!expr->referred) {
        buf_printf(&emit->sql->sql, "%.*s.id", STR_FMT(row_alias));
        return ERR_OK;
    }
    const PathStep *link = &expr->steps[0];
    Str             alias = next_alias(emit);
    buf_printf(&emit->sql->sql, "(SELECT %.*s.id FROM ", STR_FMT(alias));
    TRY(env->table(env->context, emit->sql, link->field_type.target));
    open_referred(emit, alias);
    TRY(env->link(env->context, emit->sql, row_alias, link->type, link->field));
    return close_referred(emit, alias, link->field_type.target);
}

/* Belongs to the collection: its boolean field, and its condition. */
static Err write_member(Emit *emit, const Expr *expr, Str child, bool exact)
{
    const ExprSqlEnv *env = emit->env;
    if (expr->has_field) {
        write(emit, exact ? "coalesce(" : "");
        TRY(env->column(env->context, emit->sql, child, expr->steps[1].type, expr->steps[1].field));
        write(emit, exact ? " = TRUE, FALSE)" : " = TRUE");
    }
    if (!expr->first)
        return ERR_OK;
    write(emit, expr->has_field ? " AND " : "");
    return condition(emit, expr->first, child, exact);
}

/* Writes again what was written between two marks, with its values. */
static void write_again(Emit *emit, Mark start, Mark end)
{
    buf_add(&emit->sql->sql, str_dup(emit->sql->arena, str_slice(buf_str(&emit->sql->sql), start.len, end.len)));
    ExprSql part = { .params = emit->sql->params + start.params, .count = end.params - start.params };
    expr_sql_add(emit->sql, &part);
}

/* Those that the reader sees, and of them the members. *none: the reader sees no record of the type at all. The
 * condition is looked at in those alone that they see: how long it takes must not tell what is in the others, and the
 * database would begin with what it takes to be cheaper. What they see is asked once more before it, where an index can
 * lead. *none also when none ever is a member. */
static Err write_members(Emit *emit, const Expr *expr, Str alias, bool *none)
{
    bool outsiders = expr->collection == COLLECTION_ALL; /* all: there is none that does not belong */
    bool asked = expr->has_field || expr->first;
    Mark start = mark_here(emit);
    TRY(emit->env->visible(emit->env->context, emit->sql, alias, expr->child.type));
    Mark end = mark_here(emit);
    *none = written_is(emit, start, STR("FALSE"));
    bool all = written_is(emit, start, STR("TRUE"));
    if (*none || !asked)
        return ERR_OK;
    if (!all) {
        write(emit, " AND CASE WHEN ");
        write_again(emit, start, end);
    }
    write(emit, all ? " AND " : " THEN ");
    write(emit, outsiders ? "NOT " : "");
    Mark member = mark_here(emit);
    TRY(write_member(emit, expr, alias, outsiders));
    *none = written_is(emit, member, outsiders ? STR("TRUE") : STR("FALSE"));
    write(emit, all ? "" : " ELSE FALSE END");
    return ERR_OK;
}

static Err write_children(Emit *emit, const Expr *expr, Str row_alias, bool *none)
{
    const ExprSqlEnv *env = emit->env;
    Str               alias = next_alias(emit);
    TRY(env->table(env->context, emit->sql, expr->child.type));
    buf_printf(&emit->sql->sql, " AS %.*s WHERE ", STR_FMT(alias));
    TRY(env->link(env->context, emit->sql, alias, expr->child.type, expr->child.link));
    write(emit, " = ");
    TRY(write_parent(emit, expr, row_alias));
    write(emit, " AND ");
    return write_members(emit, expr, alias, none);
}

static Err write_collection(Emit *emit, const Expr *expr, Str alias)
{
    if (expr->collection == COLLECTION_ALL && !expr->has_field && !expr->first)
        return write_truth(emit, true);
    static const struct {
        const char *head, *of_none;
    } forms[] = {
        [COLLECTION_COUNT] = { "(SELECT count(*) FROM ", "0" },
        [COLLECTION_ANY] = { "EXISTS (SELECT 1 FROM ", "FALSE" },
        [COLLECTION_ALL] = { "NOT EXISTS (SELECT 1 FROM ", "TRUE" },
    };
    assert(expr->collection <= COLLECTION_ALL);
    Mark start = mark_here(emit);
    bool none;
    write(emit, forms[expr->collection].head);
    TRY(write_children(emit, expr, alias, &none));
    write(emit, ")");
    if (!none)
        return ERR_OK;
    write_back(emit, start); /* so that no row is read to find that it has no children to see */
    write(emit, forms[expr->collection].of_none);
    return ERR_OK;
}

static bool may_be_missing(const Expr *expr) { return expr->kind == NODE_PATH; }

/* A value that depends on the row. */
static Err operand(Emit *emit, const Expr *expr, Str alias)
{
    if (expr->kind == NODE_PATH)
        return write_path(emit, expr->steps, expr->step_count - 1, alias, false);
    if (expr->kind == NODE_COLLECTION && expr->collection == COLLECTION_COUNT)
        return write_collection(emit, expr, alias);
    assert(expr->type.kind == VALUE_BOOLEAN);
    write(emit, "(");
    TRY(condition(emit, expr, alias, true));
    write(emit, ")");
    return ERR_OK;
}

static void write_value(Emit *emit, Value value)
{
    if (value.kind == VALUE_BOOLEAN)
        write(emit, value.number ? "TRUE" : "FALSE");
    else
        expr_sql_param(emit->sql, value);
}

/* ---- comparisons ---- */

static const char *const signs[OPERATOR_COUNT] = {
    [OPERATOR_EQ] = " = ",  [OPERATOR_NE] = " != ", [OPERATOR_LT] = " < ",
    [OPERATOR_LE] = " <= ", [OPERATOR_GT] = " > ",  [OPERATOR_GE] = " >= ",
};

static const Operator mirrored[OPERATOR_COUNT] = {
    [OPERATOR_EQ] = OPERATOR_EQ, [OPERATOR_NE] = OPERATOR_NE, [OPERATOR_LT] = OPERATOR_GT,
    [OPERATOR_LE] = OPERATOR_GE, [OPERATOR_GT] = OPERATOR_LT, [OPERATOR_GE] = OPERATOR_LE,
};

/* `!=` is true of a missing value and so always exact; the others are false of it. */
static void open_comparison(Emit *emit, Operator sign, bool exact)
{
    write(emit, exact || sign == OPERATOR_NE ? "coalesce(" : "");
}

static void close_comparison(Emit *emit, Operator sign, bool exact)
{
    if (sign == OPERATOR_NE)
        write(emit, ", TRUE)");
    else if (exact)
        write(emit, ", FALSE)");
}

static Err write_present(Emit *emit, const Expr *expr, Str alias, bool present)
{
    Mark start = mark_here(emit);
    if (!may_be_missing(expr))
        return write_truth(emit, present);
    TRY(operand(emit, expr, alias));
    if (written_is(emit, start, STR("NULL")))
        return write_instead(emit, start, !present);
    write(emit, present ? " IS NOT NULL" : " IS NULL");
    return ERR_OK;
}

/* Before the comparison of expr with value: what an index can lead by, and AND; or nothing. */
static Err write_lead(Emit *emit, const Expr *expr, Operator sign, Value value, Str alias)
{
    const ExprSqlEnv *env = emit->env;
    bool              leads = env->lead && sign == OPERATOR_EQ && value.kind == VALUE_ID && expr->kind == NODE_PATH &&
                 expr->step_count == 1;
    return leads ? env->lead(env->context, emit->sql, alias, expr->steps[0].field, value) : ERR_OK;
}

static Err compare_value(Emit *emit, const Expr *expr, Operator sign, Value value, Str alias, bool exact)
{
    Mark start = mark_here(emit);
    open_comparison(emit, sign, exact);
    TRY(write_lead(emit, expr, sign, value, alias));
    Mark asked = mark_here(emit);
    TRY(operand(emit, expr, alias));
    if (written_is(emit, asked, STR("NULL")))
        return write_instead(emit, start, sign == OPERATOR_NE);
    if (expr->kind == NODE_COLLECTION && written_is(emit, asked, STR("0"))) /* a count of none */
        return write_instead(emit, start, values_compare(sign, value_int(0), value));
    write(emit, signs[sign]);
    write_value(emit, value);
    close_comparison(emit, sign, exact);
    return ERR_OK;
}

static uint8_t scale_of(ExprType type) { return type.kind == VALUE_DECIMAL ? type.scale : 0; }

/* A value as the column holds it, a number in its units; false when the column cannot hold it. */
static bool to_column(ExprType type, Value *value)
{
    Decimal decimal;
    if (type.kind == VALUE_ID) /* the text of a UUID is one */
        value->kind = VALUE_ID;
    if (!kind_is_number(value->kind))
        return true;
    if (!decimal_rescale(value_number(*value), scale_of(type), &decimal))
        return false;
    *value = type.kind == VALUE_INTEGER ? value_int(decimal.units) : value_decimal(decimal);
    return true;
}

/* Against a number that the column cannot hold: it lies between two that it can, or beyond all of them. With whole
 * cents, price < 1.005 is price <= 1.00. */
static Err compare_between(Emit *emit, const Expr *expr, Operator sign, Value value, Str alias, bool exact)
{
    bool less = sign == OPERATOR_LT || sign == OPERATOR_LE;
    if (sign == OPERATOR_EQ || sign == OPERATOR_NE)
        return write_truth(emit, sign == OPERATOR_NE);
    Decimal number = value_number(value), below;
    if (!decimal_round(number, scale_of(expr->type), &below)) {
        bool beyond = number.units > 0;
        return less == beyond ? write_present(emit, expr, alias, true) : write_truth(emit, false);
    }
    below.units -= decimal_cmp(below, number) > 0;
    value = expr->type.kind == VALUE_INTEGER ? value_int(below.units) : value_decimal(below);
    return compare_value(emit, expr, less ? OPERATOR_LE : OPERATOR_GT, value, alias, exact);
}

static Err compare_constant(Emit *emit, const Expr *expr, Operator sign, Value value, Str alias, bool exact)
{
    if (value.kind == VALUE_MISSING)
        return write_truth(emit, sign == OPERATOR_NE);
    if (!to_column(expr->type, &value))
        return compare_between(emit, expr, sign, value, alias, exact);
    return compare_value(emit, expr, sign, value, alias, exact);
}

static Err write_compare(Emit *emit, const Expr *expr, Str alias, bool exact)
{
    const Expr *left = expr->first, *right = expr->last;
    Value       value;
    if (left->constant) {
        TRY(constant(emit, left, &value));
        return compare_constant(emit, right, mirrored[expr->sign], value, alias, exact);
    }
    if (right->constant) {
        TRY(constant(emit, right, &value));
        return compare_constant(emit, left, expr->sign, value, alias, exact);
    }
    Mark start = mark_here(emit);
    open_comparison(emit, expr->sign, exact);
    Mark side = mark_here(emit);
    TRY(operand(emit, left, alias));
    bool missing = written_is(emit, side, STR("NULL"));
    write(emit, signs[expr->sign]);
    side = mark_here(emit);
    TRY(operand(emit, right, alias));
    if (missing || written_is(emit, side, STR("NULL")))
        return write_instead(emit, start, expr->sign == OPERATOR_NE);
    close_comparison(emit, expr->sign, exact);
    return ERR_OK;
}

/* 'x' in (a, b): one comparison for each, as each column has its own scale. */
static Err write_constant_in(Emit *emit, const Expr *expr, Str alias, bool exact)
{
    Value value, same;
    TRY(constant(emit, expr->first, &value));
    write(emit, "(");
    for (const Expr *item = expr->first->next; item; item = item->next) {
        if (item->constant) {
            TRY(constant(emit, item, &same));
            TRY(write_truth(emit, values_compare(OPERATOR_EQ, value, same)));
        } else {
            TRY(compare_constant(emit, item, OPERATOR_EQ, value, alias, exact));
        }
        write(emit, item->next ? " OR " : ")");
    }
    return ERR_OK;
}

/* The items that the left side can equal, with commas. */
static Err write_items(Emit *emit, const Expr *expr, Str alias, size_t *count)
{
    const Expr *left = expr->first;
    Value       value;
    *count = 0;
    for (const Expr *item = left->next; item; item = item->next) {
        if (item->constant) {
            TRY(constant(emit, item, &value));
            if (value.kind == VALUE_MISSING || !to_column(left->type, &value))
                continue;
        }
        write(emit, *count ? ", " : "");
        if (item->constant)
            write_value(emit, value);
        else
            TRY(operand(emit, item, alias));
        ++*count;
    }
    return ERR_OK;
}

static Err write_in(Emit *emit, const Expr *expr, Str alias, bool exact)
{
    exact |= expr->negated;
    Mark   start = mark_here(emit);
    size_t count;
    write(emit, expr->negated ? "NOT " : "");
    if (expr->first->constant)
        return write_constant_in(emit, expr, alias, exact);
    write(emit, exact ? "coalesce(" : "");
    Mark asked = mark_here(emit);
    TRY(operand(emit, expr->first, alias));
    bool missing = written_is(emit, asked, STR("NULL"));
    write(emit, " IN (");
    TRY(write_items(emit, expr, alias, &count));
    write(emit, exact ? "), FALSE)" : ")");
    if (count && !missing)
        return ERR_OK;
    return write_instead(emit, start, expr->negated); /* nothing can be equal: PostgreSQL knows no empty list */
}

/* ",a,b," holds ",a,". No item has a comma or is empty: a constant of this kind is no item, and in a column each comma
 * is doubled, which no list holds. */
static Err write_list_contains(Emit *emit, const Expr *expr, Str alias, bool exact)
{
    const Expr *item = expr->last;
    Value       value = VALUE_NONE;
    if (item->constant) {
        TRY(constant(emit, item, &value));
        if (value.kind == VALUE_MISSING || value.text.len == 0 || memchr(value.text.ptr, ',', value.text.len))
            return write_truth(emit, false);
    }
    Mark start = mark_here(emit);
    write(emit, exact ? "coalesce(instr(',' || " : "instr(',' || ");
    Mark asked = mark_here(emit);
    TRY(operand(emit, expr->first, alias));
    if (written_is(emit, asked, STR("NULL")))
        return write_instead(emit, start, false);
    write(emit, " || ',', ");
    if (item->constant) {
        expr_sql_param(emit->sql, value_text(str_printf(emit->sql->arena, ",%.*s,", STR_FMT(value.text))));
    } else {
        write(emit, "',' || replace(");
        TRY(operand(emit, item, alias));
        write(emit, ", ',', ',,') || ','");
    }
    write(emit, exact ? ") > 0, FALSE)" : ") > 0");
    return ERR_OK;
}

/* The one place where the databases differ: PostgreSQL calls it strpos. Both give 1 for an empty part. */
static Err write_contains(Emit *emit, const Expr *expr, Str alias, bool exact)
{
    Value values[2] = { { .kind = VALUE_TEXT }, { .kind = VALUE_TEXT } };
    if (expr->first->type.kind == VALUE_LIST)
        return write_list_contains(emit, expr, alias, exact);
    if (expr->first->constant)
        TRY(constant(emit, expr->first, &values[0]));
    if (expr->last->constant)
        TRY(constant(emit, expr->last, &values[1]));
    if (values[0].kind == VALUE_MISSING || values[1].kind == VALUE_MISSING)
        return write_truth(emit, false);
    Mark start = mark_here(emit);
    bool missing = false;
    write(emit, exact ? "coalesce(instr(" : "instr(");
    for (size_t i = 0; i < 2; i++) {
        const Expr *side = i ? expr->last : expr->first;
        write(emit, i ? ", " : "");
        Mark asked = mark_here(emit);
        if (side->constant)
            write_value(emit, values[i]);
        else
            TRY(operand(emit, side, alias));
        missing |= written_is(emit, asked, STR("NULL"));
    }
    if (missing)
        return write_instead(emit, start, false);
    write(emit, exact ? ") > 0, FALSE)" : ") > 0");
    return ERR_OK;
}

/* ---- logic ---- */

/* Flat: LIMIT_FILTER_BYTES allows some 820 operands, and SQLite takes trees up to a depth of 1000. Parts of which the
 * truth is known fall away, or decide it. */
static Err write_chain(Emit *emit, const Expr *expr, bool all, Str alias, bool exact)
{
    Str    passed = all ? STR("TRUE") : STR("FALSE"), decides = all ? STR("FALSE") : STR("TRUE");
    Mark   start = mark_here(emit);
    size_t count = 0;
    write(emit, "(");
    for (const Expr *part = expr->first; part; part = part->next) {
        Mark before = mark_here(emit);
        write(emit, count == 0 ? "" : all ? " AND " : " OR ");
        Mark asked = mark_here(emit);
        TRY(condition(emit, part, alias, exact));
        if (written_is(emit, asked, decides))
            return write_instead(emit, start, !all);
        if (written_is(emit, asked, passed))
            write_back(emit, before);
        else
            count++;
    }
    if (count == 0)
        return write_instead(emit, start, all);
    write(emit, ")");
    return ERR_OK;
}

static Err write_not(Emit *emit, const Expr *expr, Str alias)
{
    const Expr *inner = expr->first;
    if (inner->kind == NODE_MISSING)
        return write_present(emit, inner->first, alias, !inner->negated);
    Mark start = mark_here(emit);
    write(emit, "NOT ");
    Mark asked = mark_here(emit);
    TRY(condition(emit, inner, alias, true));
    bool truth = written_is(emit, asked, STR("TRUE"));
    return truth || written_is(emit, asked, STR("FALSE")) ? write_instead(emit, start, !truth) : ERR_OK;
}

static Err condition(Emit *emit, const Expr *expr, Str alias, bool exact)
{
    Value value;
    if (expr->constant) {
        TRY(constant(emit, expr, &value));
        return write_truth(emit, value.kind == VALUE_BOOLEAN && value.number);
    }
    switch (expr->kind) {
    case NODE_AND: return write_chain(emit, expr, true, alias, exact);
    case NODE_OR: return write_chain(emit, expr, false, alias, exact);
    case NODE_NOT: return write_not(emit, expr, alias);
    case NODE_COMPARE: return write_compare(emit, expr, alias, exact);
    case NODE_IN: return write_in(emit, expr, alias, exact);
    case NODE_CONTAINS: return write_contains(emit, expr, alias, exact);
    case NODE_MISSING: return write_present(emit, expr->first, alias, expr->negated);
    case NODE_COLLECTION: return write_collection(emit, expr, alias);
    default:
        assert(expr->kind == NODE_PATH);
        return compare_value(emit, expr, OPERATOR_EQ, value_bool(true), alias, exact);
    }
}

Err expr_sql(const Expr *expr, const ExprSqlEnv *env, Str alias, ExprSql *sql)
{
    Emit   emit = { .env = env, .sql = sql, .given = alias };
    size_t before = sql->count;
    assert(expr->type.kind == VALUE_BOOLEAN);
    TRY(condition(&emit, expr, alias, false));
    if (buf_full(&sql->sql))
        return err_make(ECODE_EXPR_LIMIT, "more than %d bytes of SQL", SQL_BYTES_MAX);
    if (sql->count - before > SQL_PARAMS_MAX)
        return err_make(ECODE_EXPR_LIMIT, "more than %d values in SQL", SQL_PARAMS_MAX);
    return ERR_OK;
}

static Err leads(Emit *emit, const Expr *expr, Str alias)
{
    if (expr->kind == NODE_AND)
        for (const Expr *part = expr->first; part; part = part->next)
            TRY(leads(emit, part, alias));
    if (expr->kind != NODE_COMPARE || expr->first->constant == expr->last->constant)
        return ERR_OK;
    const Expr *asked = expr->first->constant ? expr->last : expr->first;
    Value       value;
    TRY(constant(emit, expr->first->constant ? expr->first : expr->last, &value));
    return to_column(asked->type, &value) ? write_lead(emit, asked, expr->sign, value, alias) : ERR_OK;
}

Err expr_sql_leads(const Expr *expr, const ExprSqlEnv *env, Str alias, ExprSql *sql)
{
    Emit emit = { .env = env, .sql = sql, .given = alias };
    return leads(&emit, expr, alias);
}

/* ---- conditions as a search ---- */

typedef struct Search {
    Emit     emit; /* of the condition */
    ExprSql *from;
    bool     again; /* a row may come several times: once for each of its children */
} Search;

static Err searched(Search *search, const Expr *expr, Str alias);

/* ", <table> AS t1" */
static Err add_table(Search *search, const void *type, Str alias)
{
    const ExprSqlEnv *env = search->emit.env;
    buf_add(&search->from->sql, search->from->sql.len ? STR(", ") : STR_NONE);
    TRY(env->table(env->context, search->from, type));
    buf_printf(&search->from->sql, " AS %.*s", STR_FMT(alias));
    return ERR_OK;
}

static Err search_member(Search *search, const Expr *expr, Str child)
{
    Emit             *emit = &search->emit;
    const ExprSqlEnv *env = emit->env;
    TRY(add_table(search, expr->child.type, child));
    TRY(env->visible(env->context, emit->sql, child, expr->child.type));
    if (expr->has_field) {
        write(emit, " AND ");
        TRY(env->column(env->context, emit->sql, child, expr->steps[1].type, expr->steps[1].field));
        write(emit, " = TRUE");
    }
    if (!expr->first)
        return ERR_OK;
    write(emit, " AND ");
    return searched(search, expr->first, child);
}

static Err search_children(Search *search, const Expr *expr, Str alias)
{
    Emit             *emit = &search->emit;
    const ExprSqlEnv *env = emit->env;
    Str               child = next_alias(emit);
    search->again = true;
    TRY(env->link(env->context, emit->sql, child, expr->child.type, expr->child.link));
    buf_printf(&emit->sql->sql, " = %.*s.id AND ", STR_FMT(alias));
    return search_member(search, expr, child);
}

/* path = value, through references: the records on the way are tables of the search. */
static Err search_path(Search *search, const Expr *path, const Expr *constant_side, Str alias)
{
    Emit             *emit = &search->emit;
    const ExprSqlEnv *env = emit->env;
    size_t            last = path->step_count - 1;
    Value             value;
    TRY(constant(emit, constant_side, &value));
    if (value.kind == VALUE_MISSING || !to_column(path->type, &value))
        return write_truth(emit, false);
    for (size_t i = 0; i < last; i++) {
        const PathStep *step = &path->steps[i];
        Str             next = next_alias(emit);
        TRY(add_table(search, path->steps[i + 1].type, next));
        buf_printf(&emit->sql->sql, "%.*s.id = ", STR_FMT(next));
        TRY(env->link(env->context, emit->sql, alias, step->type, step->field));
        write(emit, " AND ");
        TRY(env->visible(env->context, emit->sql, next, path->steps[i + 1].type));
        write(emit, " AND ");
        alias = next;
    }
    TRY(env->column(env->context, emit->sql, alias, path->steps[last].type, path->steps[last].field));
    write(emit, " = ");
    write_value(emit, value);
    return ERR_OK;
}

static bool leads_on(const Expr *side) { return side->kind == NODE_PATH && side->step_count > 1; }

static bool is_some_child(const Expr *expr)
{
    return expr->kind == NODE_COLLECTION && expr->collection == COLLECTION_ANY && !expr->referred;
}

static Err searched(Search *search, const Expr *expr, Str alias)
{
    if (expr->kind == NODE_AND) {
        for (const Expr *part = expr->first; part; part = part->next) {
            TRY(searched(search, part, alias));
            write(&search->emit, part->next ? " AND " : "");
        }
        return ERR_OK;
    }
    if (is_some_child(expr))
        return search_children(search, expr, alias);
    if (expr->kind == NODE_COMPARE && expr->sign == OPERATOR_EQ && leads_on(expr->first) && expr->last->constant)
        return search_path(search, expr->first, expr->last, alias);
    if (expr->kind == NODE_COMPARE && expr->sign == OPERATOR_EQ && leads_on(expr->last) && expr->first->constant)
        return search_path(search, expr->last, expr->first, alias);
    return condition(&search->emit, expr, alias, false);
}

Err expr_sql_search(const Expr *expr, const ExprSqlEnv *env, const void *type, Str alias, size_t *aliases, Arena *arena,
                    ExprSearch *out)
{
    ExprSearch found = { .from = expr_sql_new(arena), .where = expr_sql_new(arena), .has_row = !is_some_child(expr) };
    Search     search = { .emit = { .env = env, .sql = &found.where, .given = alias }, .from = &found.from };
    found.where.aliases = *aliases;
    if (found.has_row) {
        TRY(add_table(&search, type, alias));
        TRY(searched(&search, expr, alias));
        found.id = str_printf(arena, "%.*s.id", STR_FMT(alias));
    } else {
        Str     child = next_alias(&search.emit);
        ExprSql id = expr_sql_new(arena);
        TRY(env->link(env->context, &id, child, expr->child.type, expr->child.link));
        TRY(search_member(&search, expr, child));
        found.id = buf_str(&id.sql);
    }
    found.once = found.has_row && !search.again;
    *aliases = found.where.aliases;
    if (buf_full(&found.where.sql) || found.where.count > SQL_PARAMS_MAX)
        return err_make(ECODE_EXPR_LIMIT, "a search that is too long");
    *out = found;
    return ERR_OK;
}

void expr_sql_add(ExprSql *sql, const ExprSql *part)
{
    buf_add(&sql->sql, buf_str(&part->sql));
    for (size_t i = 0; i < part->count; i++) {
        ARENA_ROOM(sql->arena, sql->params, sql->count, sql->capacity);
        sql->params[sql->count++] = part->params[i];
    }
}
