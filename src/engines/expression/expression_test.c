/* Runs the files of cases/, and the limits. A case is a few lines `key: value`; an empty line ends it, `#` starts a
 * comment:
 *
 *   expression: level >= target
 *   as: guard                          guard (the default), filter, or value (any type)
 *   record: {"level": 3, "target": 4}  fields and children as expression_schema.h says
 *   param: min_level integer:4         value_encode() of a parameter's value; without it the parameter is missing
 *   actor: no                          actor() and organisation() are not offered; they are by default
 *   result: boolean:false              value_encode() of the value
 *   error: expression.overflow         instead: what evaluation refuses with
 *   clause: fails                      fails, holds or hidden; then, unless hidden, rule | values in both languages
 *   zh: 评定等级不低于目标等级 | 评定等级 3，目标等级 4
 *   en: assessed level is at least target level | assessed level 3, target level 4
 *   sql: t0.level >= t0.target         the condition over the row t0
 *   params: integer:3 text:a           its values
 *   reads: project.level               every field that the expression reads, in order
 *   problem: expression.name 7 没有名为    code, character, part of its text; one line for each problem */
#include "engines/expression/expression_schema.h"

#include "base/limits.h"
#include "base/testing.h"

#include <dirent.h>

enum { CASE_LINES_MAX = 64 };

typedef struct Line {
    Str key, value;
} Line;

typedef struct Case {
    Arena *arena;
    Str    name; /* file:line */
    Line   lines[CASE_LINES_MAX];
    size_t count;
} Case;

#define case_fail(test_case, format, ...) fail_msg("%.*s: " format, STR_FMT((test_case)->name), ##__VA_ARGS__)

static void same(const Case *test_case, const char *what, Str found, Str expected)
{
    if (!str_eq(found, expected))
        case_fail(test_case, "%s\n  found    %.*s\n  expected %.*s", what, STR_FMT(found), STR_FMT(expected));
}

static const Str *value_of(const Case *test_case, const char *key)
{
    for (size_t i = 0; i < test_case->count; i++)
        if (str_eq(test_case->lines[i].key, str_from(key)))
            return &test_case->lines[i].value;
    return NULL;
}

static bool says(const Case *test_case, const char *key, const char *value)
{
    const Str *found = value_of(test_case, key);
    return found && str_eq(*found, str_from(value));
}

/* ---- one expectation each ---- */

static void problems_are_as_told(const Case *test_case, const Problems *problems)
{
    size_t next = 0;
    for (size_t i = 0; i < test_case->count; i++) {
        if (!str_eq(test_case->lines[i].key, STR("problem")))
            continue;
        if (next == problems->count)
            case_fail(test_case, "only %zu problems", problems->count);
        const Problem *problem = &problems->items[next++];
        Str            text = test_case->lines[i].value;
        Str            code = str_cut(&text, ' '), position = str_cut(&text, ' ');
        same(test_case, "code", err_row(problem->code)->code, code);
        same(test_case, "character", problem->args[0].value.in[LANG_ZH], position);
        if (str_find(problem->text.in[LANG_ZH], text) == problem->text.in[LANG_ZH].len && text.len &&
            str_find(problem->text.in[LANG_EN], text) == problem->text.in[LANG_EN].len)
            case_fail(test_case, "“%.*s” is not in: %.*s %.*s", STR_FMT(text), STR_FMT(problem->text.in[LANG_ZH]),
                      STR_FMT(problem->text.in[LANG_EN]));
    }
    if (next != problems->count)
        case_fail(test_case, "unexpected problem: %.*s", STR_FMT(problems->items[next].text.in[LANG_EN]));
}

static Expr *case_expression(const Case *test_case, const ExprScope *scope)
{
    Expr    *expr;
    Problems problems = { .arena = test_case->arena };
    bool     filter = says(test_case, "as", "filter") || value_of(test_case, "sql");
    Err      err = expr_parse(test_case->arena, *value_of(test_case, "expression"), &expr, &problems);
    if (!err.kind)
        err = expr_check(test_case->arena, expr, scope, TEST_PROJECT,
                         says(test_case, "as", "value") ? VALUE_KIND_COUNT : VALUE_BOOLEAN, filter, &problems);
    problems_are_as_told(test_case, &problems);
    assert_int_equal(err.kind != ERR_NONE, problems.count > 0);
    if (problems.count)
        assert_int_equal(err.code, problems.items[0].code);
    return err.kind ? NULL : expr;
}

static void clause_is_as_told(const Case *test_case, size_t *line, const ExprClause *clause)
{
    const char *truth = clause->hidden ? "hidden" : clause->holds ? "holds" : "fails";
    same(test_case, "clause", str_from(truth), test_case->lines[(*line)++].value);
    for (Lang lang = 0; lang < LANG_COUNT; lang++) {
        Str text = str_printf(test_case->arena, "%.*s | %.*s", STR_FMT(clause->rule.in[lang]),
                              STR_FMT(clause->found.in[lang]));
        if (clause->hidden)
            same(test_case, "words of a hidden clause", text, STR(" | "));
        else if (*line < test_case->count && str_eq(test_case->lines[*line].key, lang_tag(lang)))
            same(test_case, "words", text, test_case->lines[(*line)++].value);
        else
            case_fail(test_case, "a clause has a line %.*s: %.*s", STR_FMT(lang_tag(lang)), STR_FMT(text));
    }
}

static void clauses_are_as_told(const Case *test_case, const Expr *expr, const ExprScope *scope, const ExprEnv *env,
                                ExprRow row)
{
    ExprClause *clauses;
    size_t      count, next = 0;
    assert_ok(expr_explain(test_case->arena, expr, scope, env, row, &clauses, &count));
    for (size_t i = 0; i < test_case->count;) {
        if (!str_eq(test_case->lines[i].key, STR("clause"))) {
            i++;
            continue;
        }
        if (next == count)
            case_fail(test_case, "only %zu clauses", count);
        clause_is_as_told(test_case, &i, &clauses[next++]);
    }
    if (next != count)
        case_fail(test_case, "a clause more: %.*s", STR_FMT(clauses[next].source));
}

static void set_params(const Case *test_case, World *world)
{
    for (size_t i = 0; i < test_case->count; i++) {
        Str    value = test_case->lines[i].value, code = str_cut(&value, ' ');
        size_t place = 0;
        if (!str_eq(test_case->lines[i].key, STR("param")))
            continue;
        while (place < TEST_PARAMS && !str_eq(test_params[place].code, code))
            place++;
        if (place == TEST_PARAMS || !value_decode(value, &world->params[place]) ||
            world->params[place].kind != test_params[place].type.kind)
            case_fail(test_case, "no such parameter, or not of its type: %.*s", STR_FMT(code));
    }
}

static void evaluation_is_as_told(const Case *test_case, const Expr *expr, const ExprScope *scope)
{
    World       world = world_new(test_case->arena);
    ExprEnv     env = world_env(&world);
    const Str  *json = value_of(test_case, "record"), *error = value_of(test_case, "error");
    TestRecord *record = world_add_json(&world, TEST_PROJECT, json ? *json : STR("{}"));
    Value       value;
    if (!record)
        case_fail(test_case, "the record does not fit the schema");
    set_params(test_case, &world);
    Err err = expr_eval(test_case->arena, expr, &env, test_row(record), &value);
    if (error)
        same(test_case, "error", err_row(err.code)->code, *error);
    else
        assert_ok(err);
    if (value_of(test_case, "result"))
        same(test_case, "result", value_encode(test_case->arena, value), *value_of(test_case, "result"));
    if (value_of(test_case, "clause"))
        clauses_are_as_told(test_case, expr, scope, &env, test_row(record));
}

static void sql_is_as_told(const Case *test_case, const Expr *expr)
{
    ExprSqlEnv env = world_sql_env(true);
    ExprSql    sql = expr_sql_new(test_case->arena);
    Buf        params = buf_new(test_case->arena, 4096);
    assert_ok(expr_sql(expr, &env, STR("t0"), &sql));
    same(test_case, "sql", buf_str(&sql.sql), *value_of(test_case, "sql"));
    for (size_t i = 0; i < sql.count; i++) {
        buf_add(&params, i ? STR(" ") : STR(""));
        buf_add(&params, value_encode(test_case->arena, sql.params[i]));
    }
    const Str *expected = value_of(test_case, "params");
    same(test_case, "params", buf_str(&params), expected ? *expected : STR(""));
}

static void note_field(void *context, const void *type, const void *field)
{
    Buf *buf = context;
    buf_add(buf, buf->len ? STR(" ") : STR(""));
    buf_printf(buf, "%.*s.%.*s", STR_FMT(((const TestType *)type)->name), STR_FMT(((const TestField *)field)->name));
}

static void run_case(const Case *test_case)
{
    static const char *const expectations[] = { "result", "error", "clause", "sql", "reads", "problem" };
    size_t                   expected = 0;
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++)
        expected += value_of(test_case, expectations[i]) != NULL;
    if (!value_of(test_case, "expression") || !expected)
        case_fail(test_case, "a case has an expression and something expected of it");
    ExprScope scope = test_scope(!says(test_case, "actor", "no"));
    Expr     *expr = case_expression(test_case, &scope);
    if (!expr)
        return;
    if (value_of(test_case, "result") || value_of(test_case, "error") || value_of(test_case, "clause"))
        evaluation_is_as_told(test_case, expr, &scope);
    if (value_of(test_case, "sql"))
        sql_is_as_told(test_case, expr);
    if (value_of(test_case, "reads")) {
        Buf fields = buf_new(test_case->arena, 4096);
        expr_fields(expr, note_field, &fields);
        same(test_case, "reads", buf_str(&fields), *value_of(test_case, "reads"));
    }
}

/* ---- files ---- */

static void add_line(Case *test_case, Str line)
{
    static const char *const keys[] = { "expression", "as", "record", "param", "actor",  "result", "error",
                                        "clause",     "zh", "en",     "sql",   "params", "reads",  "problem" };
    Str                      key = str_cut(&line, ':');
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (str_eq(key, str_from(keys[i])) && test_case->count < CASE_LINES_MAX) {
            if (str_starts(line, STR(" ")))
                line = str_slice(line, 1, line.len);
            test_case->lines[test_case->count++] = (Line){ key, line };
            return;
        }
    case_fail(test_case, "no such key, or too many lines: %.*s", STR_FMT(key));
}

static size_t run_file(Arena *arena, Str path)
{
    Str    text;
    size_t number = 0, count = 0;
    Case   test_case = { .arena = arena };
    assert_ok(file_read(arena, path, 1 << 20, &text));
    while (text.len || test_case.count) {
        Str line = str_cut(&text, '\n');
        number++;
        if (str_starts(line, STR("#")))
            continue;
        if (!test_case.count)
            test_case.name = str_printf(arena, "%.*s:%zu", STR_FMT(path), number);
        if (line.len) {
            add_line(&test_case, line);
            continue;
        }
        if (test_case.count) {
            run_case(&test_case);
            count++;
        }
        test_case.count = 0;
    }
    return count;
}

static void every_case_comes_out_as_told(void **state)
{
    static const char folder[] = "src/engines/expression/cases";
    size_t            count = 0;
    DIR              *entries = opendir(folder);
    assert_non_null(entries);
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        if (str_ends(str_from(entry->d_name), STR(".txt")))
            count += run_file(*state, str_printf(*state, "%s/%s", folder, entry->d_name));
    closedir(entries);
    print_message("%zu cases\n", count);
    assert_true(count > 100);
}

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
    Expr *expr;
    assert_err(parse(*state, repeated(*state, STR("("), 100000), &expr), ECODE_EXPR_LIMIT);
    assert_err(parse(*state, repeated(*state, STR("("), LIMIT_FILTER_BYTES), &expr), ECODE_EXPR_LIMIT);
    assert_err(parse(*state, repeated(*state, STR("-"), LIMIT_FILTER_BYTES), &expr), ECODE_EXPR_LIMIT);
    assert_err(parse(*state, repeated(*state, STR("1"), LIMIT_FILTER_BYTES), &expr), ECODE_EXPR_SYNTAX);
    assert_err(parse(*state, repeated(*state, STR("1+"), LIMIT_FILTER_BYTES / 2), &expr), ECODE_EXPR_LIMIT);
    assert_err(parse(*state, (Str){ "a = '\xff'", 7 }, &expr), ECODE_EXPR_SYNTAX);
    assert_err(parse(*state, (Str){ "a = '\0'", 7 }, &expr), ECODE_EXPR_SYNTAX);
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
        { TEST_PROJECT, STR_INIT("title = 'a' or "), STR_INIT("active"), STR_INIT(""), 200 },
        { TEST_PROJECT, STR_INIT("not any(review) and "), STR_INIT("active"), STR_INIT(""), 150 },
        { TEST_TASK, STR_INIT("x or "), STR_INIT("x"), STR_INIT(""), 780 }, /* as many operands as a filter can have */
    };
    World      world = world_new(*state);
    sqlite3   *db = world_database(&world);
    ExprScope  scope = test_scope(false);
    ExprSqlEnv env = world_sql_env(false);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_case_comes_out_as_told),
        TEST(depth_is_bounded),
        TEST(huge_text_is_refused_without_being_read),
        TEST(work_is_bounded),
        TEST(every_accepted_filter_can_be_prepared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
