/* What bounds an expression, and what its caller gives: parameters and codes. What expressions mean is in cases/, run
 * by expression_cases_test.c. */
#include "engines/expression/expression_schema.h"

#include "base/limits.h"
#include "base/testing.h"

/* ---- limits ---- */

static Str repeated(Arena *arena, Str unit, size_t times)
{
    Buf buf = buf_new(arena, 1 << 22);
    for (size_t i = 0; i < times; i++)
        buf_add(&buf, unit);
    return buf_str(&buf);
}

static Err parse(Arena *arena, Str text, Expr **out)
{
    Problems problems = { .arena = arena };
    Err      err = expr_parse(arena, text, out, &problems);
    assert_int_equal(problems.count, err.kind ? 1 : 0);
    return err;
}

static void depth_is_bounded(void **state)
{
    static const struct {
        Str before, inside, after;
    } nests[] = {
        { STR_INIT("("), STR_INIT("active"), STR_INIT(")") },
        { STR_INIT("not "), STR_INIT("active"), STR_INIT("") },
        { STR_INIT("- "), STR_INIT("level"), STR_INIT("") },
        { STR_INIT("abs("), STR_INIT("level"), STR_INIT(")") },
        { STR_INIT("any(review where "), STR_INIT("passed"), STR_INIT(")") },
        { STR_INIT("parent."), STR_INIT("active"), STR_INIT("") },
    };
    Expr *expr;
    for (size_t i = 0; i < sizeof nests / sizeof *nests; i++) {
        for (size_t depth = LIMIT_EXPRESSION_DEPTH - 1; depth <= LIMIT_EXPRESSION_DEPTH + 1; depth++) {
            Str parts[] = { repeated(*state, nests[i].before, depth), nests[i].inside,
                            repeated(*state, nests[i].after, depth) };
            Str text = str_join(*state, parts, 3, STR_NONE);
            if (depth < LIMIT_EXPRESSION_DEPTH)
                assert_ok(parse(*state, text, &expr));
            else if (depth > LIMIT_EXPRESSION_DEPTH)
                assert_err(parse(*state, text, &expr), ECODE_EXPR_LIMIT);
        }
    }
}

static void huge_text_is_refused_without_being_read(void **state)
{
    static const Str units[] = { STR_INIT("("),
                                 STR_INIT("not "),
                                 STR_INIT("-"),
                                 STR_INIT("abs("),
                                 STR_INIT("1+"),
                                 STR_INIT("parent."),
                                 STR_INIT("any(review where ") };
    Expr            *expr;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        OWNED(arena) Arena *arena = arena_new();
        Str                 text = repeated(*state, units[i], 100000);
        assert_err(parse(arena, text, &expr), ECODE_EXPR_LIMIT);
        assert_true(arena_used(arena) < LIMIT_FILTER_BYTES); /* a message, nothing of the text */
    }
    assert_err(parse(*state, repeated(*state, STR("("), LIMIT_FILTER_BYTES), &expr), ECODE_EXPR_LIMIT);
    assert_err(parse(*state, repeated(*state, STR("-"), LIMIT_FILTER_BYTES), &expr), ECODE_EXPR_LIMIT);
    assert_err(parse(*state, repeated(*state, STR("1"), LIMIT_FILTER_BYTES), &expr), ECODE_EXPR_SYNTAX);
    assert_err(parse(*state, repeated(*state, STR("1+"), LIMIT_FILTER_BYTES / 2), &expr), ECODE_EXPR_LIMIT);
    assert_err(parse(*state, (Str){ "a = '\xff'", 7 }, &expr), ECODE_EXPR_SYNTAX);
    assert_err(parse(*state, (Str){ "a = '\0'", 7 }, &expr), ECODE_EXPR_SYNTAX);
}

/* ---- parameters ---- */

static Err only_of_the_root(void *context, ExprRow root, Str code, Value *out)
{
    const World *world = context;
    assert_str_equal(code, STR("min_level"));
    assert_ptr_equal(root.row, world->records[0]); /* and not the child that is looked at */
    *out = value_int(4);
    return ERR_OK;
}

static Err unreadable(void *context, ExprRow root, Str code, Value *out)
{
    (void)context, (void)root, (void)code, (void)out;
    return err_make(ECODE_INTERNAL, "no parameters today");
}

static void a_parameter_is_asked_for_the_record_in_question(void **state)
{
    World       world = world_new(*state);
    ExprEnv     env = world_env(&world);
    ExprScope   scope = test_scope(false);
    Problems    problems = { .arena = *state };
    TestRecord *record = world_add_json(&world, TEST_PROJECT, STR("{\"review\":[{\"level\":3},{\"level\":4}]}"));
    ExprClause *clauses;
    size_t      count;
    Expr       *expr;
    Value       value;
    assert_ok(expr_parse(*state, STR("any(review where level >= param('min_level'))"), &expr, &problems));
    assert_ok(expr_check(*state, expr, &scope, TEST_PROJECT, VALUE_BOOLEAN, false, &problems));
    env.parameter = only_of_the_root;
    assert_ok(expr_eval(*state, expr, &env, test_row(record), &value));
    assert_int_equal(value.number, 1);
    assert_ok(expr_explain(*state, expr, &scope, &env, test_row(record), &clauses, &count));
    assert_true(clauses[0].holds);
    env.parameter = NULL; /* every parameter is missing */
    assert_ok(expr_eval(*state, expr, &env, test_row(record), &value));
    assert_int_equal(value.number, 0);
    env.parameter = unreadable;
    assert_err(expr_eval(*state, expr, &env, test_row(record), &value), ECODE_INTERNAL);
    assert_err(expr_explain(*state, expr, &scope, &env, test_row(record), &clauses, &count), ECODE_INTERNAL);
}

/* A scope without codes and parameters: any text goes, no parameter is known. */
static void codes_and_parameters_are_the_scopes_to_offer(void **state)
{
    ExprScope scope = test_scope(false);
    Problems  problems = { .arena = *state };
    Expr     *expr;
    scope.code = NULL;
    scope.parameter = NULL;
    assert_ok(expr_parse(*state, STR("state = 'nosuch' and tags contains 'nosuch'"), &expr, &problems));
    assert_ok(expr_check(*state, expr, &scope, TEST_PROJECT, VALUE_BOOLEAN, true, &problems));
    assert_ok(expr_parse(*state, STR("level = param('min_level')"), &expr, &problems));
    assert_err(expr_check(*state, expr, &scope, TEST_PROJECT, VALUE_BOOLEAN, false, &problems), ECODE_EXPR_PARAMETER);
}

static void work_is_bounded(void **state)
{
    World    world = world_new(*state);
    ExprEnv  env = world_env(&world);
    Problems problems = { .arena = *state };
    Expr    *expr;
    Value    value;
    Buf      json = buf_new(*state, 1 << 20);
    buf_add(&json, STR("{\"review\":[{}"));
    for (size_t i = 1; i < 200; i++)
        buf_add(&json, STR(",{}"));
    buf_add(&json, STR("]}"));
    TestRecord *record = world_add_json(&world, TEST_PROJECT, buf_str(&json));
    assert_non_null(record);
    assert_ok(expr_parse(*state,
                         STR("count(review where count(project.review where count(project.review where "
                             "count(project.review) > 0) > 0) > 0) > 0"),
                         &expr, &problems));
    ExprScope scope = test_scope(false);
    assert_ok(expr_check(*state, expr, &scope, TEST_PROJECT, VALUE_BOOLEAN, false, &problems));
    assert_err(expr_eval(*state, expr, &env, test_row(record), &value), ECODE_EXPR_LIMIT);
}

/* Whatever passes the check of a filter is a statement that SQLite takes: its parser and its depth of trees are bounded
 * too. */
static void every_accepted_filter_can_be_prepared(void **state)
{
    static const struct {
        const TestType *type;
        Str             before, inside, after;
        int             least; /* so deep at least a filter may be */
    } nests[] = {
        { TEST_PROJECT, STR_INIT("active or (active and ("), STR_INIT("level = 1"), STR_INIT("))"), 5 },
        { TEST_PROJECT, STR_INIT("not (active or "), STR_INIT("level = 1"), STR_INIT(")"), 8 },
        { TEST_PROJECT, STR_INIT("("), STR_INIT("active"), STR_INIT(" = true)"), 8 },
        { TEST_REVIEW, STR_INIT("any(project.review where not "), STR_INIT("passed"), STR_INIT(")"), 2 },
        { TEST_PROJECT, STR_INIT("any(project where "), STR_INIT("active"), STR_INIT(")"), 4 },
        { TEST_PROJECT, STR_INIT("count(project where "), STR_INIT("active"), STR_INIT(") > 1"), 3 },
        { TEST_PROJECT, STR_INIT("not all(project where "), STR_INIT("active"), STR_INIT(")"), 3 },
        { TEST_PROJECT, STR_INIT("parent."), STR_INIT("active"), STR_INIT(""), 5 },
        { TEST_PROJECT, STR_INIT("parent."), STR_INIT("tags contains parent.parent.title"), STR_INIT(""), 4 },
        { TEST_PROJECT, STR_INIT("not (tags contains title or "), STR_INIT("tags contains parent.title"), STR_INIT(")"),
          7 },
        { TEST_PROJECT, STR_INIT("any(materials where cost > 1 and "), STR_INIT("vital"), STR_INIT(")"), 1 },
        { TEST_PROJECT, STR_INIT("tags contains 'ai' or "), STR_INIT("active"), STR_INIT(""), 100 },
        { TEST_PROJECT, STR_INIT("title = 'a' or "), STR_INIT("active"), STR_INIT(""), 200 },
        { TEST_PROJECT, STR_INIT("not any(review) and "), STR_INIT("active"), STR_INIT(""), 150 },
        { TEST_TASK, STR_INIT("x or "), STR_INIT("x"), STR_INIT(""), 780 }, /* as many operands as a filter can have */
    };
    World      world = world_new(*state);
    sqlite3   *db = world_database(&world);
    ExprScope  scope = test_scope(false);
    ExprSqlEnv env = world_sql_env(&world);
    for (size_t i = 0; i < sizeof nests / sizeof *nests; i++) {
        int deepest = 0;
        for (int depth = 1; depth < 1000; depth += 1 + depth / 20) {
            OWNED(arena) Arena *arena = arena_new();
            Expr               *expr;
            Problems            problems = { .arena = arena };
            sqlite3_stmt       *statement = NULL;
            const TestType     *type = nests[i].type;
            Str                 parts[] = { repeated(arena, nests[i].before, (size_t)depth), nests[i].inside,
                                            repeated(arena, nests[i].after, (size_t)depth) };
            ExprSql             sql = expr_sql_new(arena);
            if (expr_parse(arena, str_join(arena, parts, 3, STR_NONE), &expr, &problems).kind ||
                expr_check(arena, expr, &scope, type, VALUE_BOOLEAN, true, &problems).kind)
                break;
            buf_printf(&sql.sql, "SELECT 1 FROM %.*s AS t0 WHERE ", STR_FMT(type->name));
            if (expr_sql(expr, &env, STR("t0"), &sql).kind)
                break;
            if (sqlite3_prepare_v2(db, buf_str(&sql.sql).ptr, (int)sql.sql.len, &statement, NULL) != SQLITE_OK)
                fail_msg("depth %d of %.*s: %s", depth, STR_FMT(nests[i].before), sqlite3_errmsg(db));
            sqlite3_finalize(statement);
            deepest = depth;
        }
        if (deepest < nests[i].least)
            fail_msg("%.*s: only %d levels", STR_FMT(nests[i].before), deepest);
    }
    sqlite3_close(db);
}

/* Statements and values are made where no list of problems is at hand to name a value in. */
static void errors_without_a_problem_say_nothing_of_values(void **state)
{
    static const ErrCode codes[] = { ECODE_EXPR_LIMIT, ECODE_EXPR_OVERFLOW };
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        for (Lang lang = 0; lang < LANG_COUNT; lang++) {
            Str detail = err_row(codes[i])->detail.in[lang];
            assert_int_equal(str_find(detail, STR("{")), detail.len);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_without_a_problem_say_nothing_of_values),
        TEST(depth_is_bounded),
        TEST(huge_text_is_refused_without_being_read),
        TEST(a_parameter_is_asked_for_the_record_in_question),
        TEST(codes_and_parameters_are_the_scopes_to_offer),
        TEST(work_is_bounded),
        TEST(every_accepted_filter_can_be_prepared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
