/* engines/expression/expression_fuzz.c: any bytes either parse and check, or give problems with a character inside the
 * text; what passes has a value, an explanation that recombines to it and, as a filter, SQL that agrees. */
#include "engines/expression/expression_schema.h"

#include "base/utf8.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char record[] =
    "{\"title\":\"a\",\"state\":\"draft\",\"level\":3,\"budget\":\"1.50\",\"due\":\"2025-03-04\",\"active\":true,"
    "\"score\":5,\"ready\":true,\"tags\":[\"ai\",\"bio\"],\"partners\":[{\"name\":\"c\"},{}],"
    "\"lead\":{\"name\":\"b\",\"hidden\":[\"name\"]},\"parent\":{\"review\":[{\"level\":1}],\"tags\":[\"battery\"]},"
    "\"materials\":[{\"name\":\"x\",\"cost\":\"3.10\",\"pieces\":2,\"vital\":true},{}],"
    "\"review\":[{\"level\":2,\"passed\":true,\"marks\":[\"ai\"],\"task\":[{\"hours\":5}]},{\"hidden\":[\"level\"]}]}";
enum { RECORDS_MAX = 32 };

static World world_for(Arena *arena)
{
    World world = world_new(arena);
    world.params[0] = value_int(INT64_MAX);
    world.params[1] = value_decimal((Decimal){ 250, 2 });
    world.params[3] = value_bool(true);
    world.params[4] = value_text(STR("ai"));
    return world;
}

static void check_problems(Str text, const Problems *problems)
{
    size_t length = utf8_valid(text) ? utf8_length(text) : 0;
    for (size_t i = 0; i < problems->count; i++) {
        const Problem *problem = &problems->items[i];
        int64_t        position = 0;
        if (problem->code == ECODE_EXPR_LIMIT) /* of the whole */
            continue;
        assert(problem->arg_count > 0 && str_int(problem->args[0].value.in[LANG_EN], &position));
        assert(position >= 1 && (size_t)position <= length + 1);
    }
}

/* The clauses recombine to the result, and say nothing of what is hidden. */
static void check_clauses(Arena *arena, const Expr *expr, const ExprScope *scope, const ExprEnv *env, ExprRow row,
                          const Value *result)
{
    ExprClause *clauses;
    size_t      count;
    bool        holds = true;
    Err         err = expr_explain(arena, expr, scope, env, row, &clauses, &count);
    assert(!err.kind || err.code == ECODE_EXPR_LIMIT);
    for (size_t i = 0; !err.kind && i < count; i++) {
        holds &= clauses[i].holds;
        for (Lang lang = 0; lang < LANG_COUNT; lang++)
            assert(clauses[i].hidden ? !clauses[i].rule.in[lang].len && !clauses[i].found.in[lang].len
                                     : clauses[i].rule.in[lang].len > 0);
    }
    assert(err.kind || !result || holds == (result->number != 0));
}

/* The filter selects the record just when the evaluator says so, what is hidden being missing. */
static void check_filter(Arena *arena, const Expr *expr, World *world, ExprRow row)
{
    bool    chosen[RECORDS_MAX] = { false };
    ExprEnv env = world_env(world);
    Value   value;
    assert(world->count <= RECORDS_MAX);
    world->blind = true;
    sqlite3 *db = world_database(world);
    Err      selected = world_select(world, db, arena, expr, TEST_PROJECT, chosen);
    sqlite3_close(db);
    Err evaluated = expr_eval(arena, expr, &env, row, &value);
    assert(!selected.kind || selected.code == ECODE_EXPR_OVERFLOW || selected.code == ECODE_EXPR_LIMIT);
    assert(selected.kind || evaluated.kind || chosen[0] == (value.number != 0));
}

static void use(Arena *arena, const Expr *expr, const ExprScope *scope, bool filter)
{
    World   world = world_for(arena);
    ExprEnv env = world_env(&world);
    ExprRow row = test_row(world_add_json(&world, TEST_PROJECT, str_from(record)));
    Value   value;
    assert(row.row);
    Err evaluated = expr_eval(arena, expr, &env, row, &value);
    assert(!evaluated.kind || evaluated.code == ECODE_EXPR_OVERFLOW || evaluated.code == ECODE_EXPR_LIMIT);
    check_clauses(arena, expr, scope, &env, row, evaluated.kind ? NULL : &value);
    if (filter)
        check_filter(arena, expr, &world, row);
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
        check_problems(text, &problems);
        if (!err.kind)
            use(arena, expr, &scope, filter);
    }
    return 0;
}
