/* engines/expression/expression_fuzz.c: any bytes either parse and check, or give problems with a character inside the
 * text; what passes has a value, an explanation and, as a filter, SQL. */
#include "engines/expression/expression_schema.h"

#include "base/utf8.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char record[] = "{\"title\":\"a\",\"level\":3,\"budget\":\"1.50\",\"due\":\"2025-03-04\",\"active\":true,"
                             "\"lead\":{\"name\":\"b\",\"hidden\":[\"name\"]},\"parent\":{\"review\":[{\"level\":1}]},"
                             "\"review\":[{\"level\":2,\"passed\":true,\"task\":[{\"hours\":5}]},{}]}";

static void check_problems(Arena *arena, Str text, const Problems *problems)
{
    size_t length = utf8_valid(text) ? utf8_length(text) : 0;
    for (size_t i = 0; i < problems->count; i++) {
        const Problem *problem = &problems->items[i];
        int64_t        position = 0;
        assert(problem->arg_count > 0 && str_int(problem->args[0].value.in[LANG_EN], &position));
        assert(problem->code == ECODE_EXPR_LIMIT || (position >= 1 && (size_t)position <= length + 1));
    }
    (void)arena;
}

static void use(Arena *arena, Expr *expr, const ExprScope *scope, bool filter)
{
    World       world = world_new(arena);
    ExprEnv     env = world_env(&world);
    ExprSqlEnv  sql_env = world_sql_env(false);
    ExprSql     sql = expr_sql_new(arena);
    ExprRow     row = test_row(world_add_json(&world, TEST_PROJECT, str_from(record)));
    ExprClause *clauses;
    size_t      count;
    Value       value;
    assert(row.row);
    Err evaluated = expr_eval(arena, expr, &env, row, &value);
    Err explained = expr_explain(arena, expr, scope, &env, row, &clauses, &count);
    assert(!evaluated.kind || evaluated.code == ECODE_EXPR_OVERFLOW || evaluated.code == ECODE_EXPR_LIMIT);
    assert(!explained.kind || explained.code == ECODE_EXPR_LIMIT);
    if (!filter)
        return;
    Err written = expr_sql(expr, &sql_env, STR("t0"), &sql);
    assert(!written.kind || written.code == ECODE_EXPR_OVERFLOW || written.code == ECODE_EXPR_LIMIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str       text = { (const char *)data, size };
    ExprScope scope = test_scope(true);
    for (int filter = 0; filter < 2; filter++) {
        OWNED(arena) Arena *arena = arena_new();
        Problems            problems = { .arena = arena };
        Expr               *expr = NULL;
        Err                 err = expr_parse(arena, text, &expr, &problems);
        if (!err.kind)
            err = expr_check(arena, expr, &scope, TEST_PROJECT, VALUE_BOOLEAN, filter, &problems);
        assert((err.kind != ERR_NONE) == (problems.count > 0));
        check_problems(arena, text, &problems);
        if (!err.kind)
            use(arena, expr, &scope, filter);
    }
    return 0;
}
