/* Runs the files of cases/, and the examples of docs/EXPRESSIONS.md. A case is a few lines `key: value`; an empty line
 * ends it, `#` starts a comment:
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
#include "engines/expression/expression_internal.h"
#include "engines/expression/expression_schema.h"

#include "base/testing.h"

#include <dirent.h>

enum { CASE_LINES_MAX = 64 };

typedef struct Line {
    Str key, value;
} Line;

/* ---- what of the language the cases show ---- */

typedef enum Shown { SHOWN_VALUE, SHOWN_PROBLEM, SHOWN_WORDS, SHOWN_SQL, SHOWN_COUNT } Shown;

static const struct Word {
    const char *word; /* of a call or a collection: its name */
    NodeKind    kind;
    bool        in_filter;
    Operator    sign; /* of a comparison, or of an operand of a sum or product */
    bool        negated;
} words[] = {
    { "today", NODE_CALL, true },
    { "days", NODE_CALL, false },
    { "workdays", NODE_CALL, false },
    { "param", NODE_CALL, false },
    { "coalesce", NODE_CALL, false },
    { "min", NODE_CALL, false },
    { "max", NODE_CALL, false },
    { "abs", NODE_CALL, false },
    { "round", NODE_CALL, false },
    { "length", NODE_CALL, false },
    { "wilson_low", NODE_CALL, false },
    { "wilson_high", NODE_CALL, false },
    { "actor", NODE_CALL, true },
    { "organisation", NODE_CALL, true },
    { "count", NODE_COLLECTION, true },
    { "any", NODE_COLLECTION, true },
    { "all", NODE_COLLECTION, true },
    { "sum", NODE_COLLECTION, false },
    { "min", NODE_COLLECTION, false },
    { "max", NODE_COLLECTION, false },
    { "a.b", NODE_PATH, true },
    { "-a", NODE_NEGATE, false },
    { "+", NODE_SUM, false, OPERATOR_ADD },
    { "-", NODE_SUM, false, OPERATOR_SUB },
    { "*", NODE_PRODUCT, false, OPERATOR_MUL },
    { "/", NODE_PRODUCT, false, OPERATOR_DIV },
    { "=", NODE_COMPARE, true, OPERATOR_EQ },
    { "!=", NODE_COMPARE, true, OPERATOR_NE },
    { "<", NODE_COMPARE, true, OPERATOR_LT },
    { "<=", NODE_COMPARE, true, OPERATOR_LE },
    { ">", NODE_COMPARE, true, OPERATOR_GT },
    { ">=", NODE_COMPARE, true, OPERATOR_GE },
    { "in", NODE_IN, true },
    { "not in", NODE_IN, true, .negated = true },
    { "contains", NODE_CONTAINS, true },
    { "is missing", NODE_MISSING, true },
    { "is not missing", NODE_MISSING, true, .negated = true },
    { "not", NODE_NOT, true },
    { "and", NODE_AND, true },
    { "or", NODE_OR, true },
};
enum { WORD_COUNT = sizeof words / sizeof *words };

typedef struct Coverage {
    bool seen[WORD_COUNT][SHOWN_COUNT];
} Coverage;

static bool joined_by(const Expr *chain, Operator sign)
{
    for (const Expr *operand = chain->first->next; operand; operand = operand->next)
        if (operand->join == sign)
            return true;
    return false;
}

static bool uses(const Expr *expr, const struct Word *word)
{
    if (expr->kind != word->kind || expr->negated != word->negated)
        return false;
    switch (expr->kind) {
    case NODE_CALL:
    case NODE_COLLECTION: return str_eq(expr->name, str_from(word->word));
    case NODE_PATH: return expr->step_count > 1;
    case NODE_SUM:
    case NODE_PRODUCT: return joined_by(expr, word->sign);
    default: return expr->sign == word->sign;
    }
}

static void note(Coverage *coverage, const Expr *expr, Shown shown)
{
    for (size_t i = 0; i < WORD_COUNT; i++)
        coverage->seen[i][shown] |= uses(expr, &words[i]);
    for (const Expr *operand = expr->first; operand; operand = operand->next)
        note(coverage, operand, shown);
}

/* ---- a case ---- */

typedef struct Case {
    Arena    *arena;
    Coverage *coverage;
    Str       name; /* file:line */
    Line      lines[CASE_LINES_MAX];
    size_t    count;
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
    bool     parsed = !err.kind;
    if (parsed)
        err = expr_check(test_case->arena, expr, scope, TEST_PROJECT,
                         says(test_case, "as", "value") ? VALUE_KIND_COUNT : VALUE_BOOLEAN, filter, &problems);
    problems_are_as_told(test_case, &problems);
    if (parsed && problems.count)
        note(test_case->coverage, expr, SHOWN_PROBLEM);
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
    ExprSqlEnv env = world_sql_env(NULL);
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
    if (value_of(test_case, "result"))
        note(test_case->coverage, expr, SHOWN_VALUE);
    if (value_of(test_case, "clause"))
        note(test_case->coverage, expr, SHOWN_WORDS);
    if (value_of(test_case, "sql"))
        note(test_case->coverage, expr, SHOWN_SQL);
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

/* Reads the cases of a text line by line; of a page only what stands between ```case and ```. */
static size_t run_file(Arena *arena, Str path, Coverage *coverage)
{
    Str    text;
    size_t number = 0, count = 0;
    bool   page = str_ends(path, STR(".md")), inside = !page;
    Case   test_case = { .arena = arena, .coverage = coverage };
    assert_ok(file_read(arena, path, 1 << 20, &text));
    while (text.len || test_case.count) {
        Str  line = str_cut(&text, '\n');
        bool fence = page && str_starts(line, STR("```"));
        number++;
        inside = fence ? str_eq(line, STR("```case")) : inside;
        if ((!inside && !fence) || str_starts(line, STR("#")))
            continue;
        if (!test_case.count)
            test_case.name = str_printf(arena, "%.*s:%zu", STR_FMT(path), number);
        if (line.len && !fence) {
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

static size_t run_folder(Arena *arena, Coverage *coverage)
{
    static const char folder[] = "src/engines/expression/cases";
    size_t            count = 0;
    DIR              *entries = opendir(folder);
    assert_non_null(entries);
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        if (str_ends(str_from(entry->d_name), STR(".txt")))
            count += run_file(arena, str_printf(arena, "%s/%s", folder, entry->d_name), coverage);
    closedir(entries);
    return count;
}

static void every_case_comes_out_as_told(void **state)
{
    Coverage coverage = { 0 };
    size_t   count = run_folder(*state, &coverage);
    print_message("%zu cases\n", count);
    assert_true(count > 300);
}

static void every_word_of_the_language_has_its_cases(void **state)
{
    static const char *const lacking[SHOWN_COUNT] = { "its value", "a mistake in it", "its words", "its SQL" };
    Coverage                 coverage = { 0 };
    size_t                   missing = 0, kinds[NODE_KIND_COUNT] = { 0 };
    for (size_t i = 0; i < WORD_COUNT; i++)
        kinds[words[i].kind]++;
    assert_int_equal(kinds[NODE_CALL], FUNCTION_COUNT); /* whoever adds a word adds its row, and so its cases */
    assert_int_equal(kinds[NODE_COLLECTION], COLLECTION_KIND_COUNT);
    for (NodeKind kind = NODE_PATH; kind < NODE_KIND_COUNT; kind++)
        assert_true(kinds[kind] > 0);
    run_folder(*state, &coverage);
    for (size_t i = 0; i < WORD_COUNT; i++)
        for (Shown shown = 0; shown < SHOWN_COUNT; shown++)
            if (!coverage.seen[i][shown] && (shown != SHOWN_SQL || words[i].in_filter)) {
                print_error("no case of `%s` shows %s\n", words[i].word, lacking[shown]);
                missing++;
            }
    assert_int_equal(missing, 0);
}

/* ---- the page about the language ---- */

/* The code in the first cell of a table's row: "| `level > 3` | …". */
static Str cell_code(Str line)
{
    Str rest = str_slice(line, strlen("| `"), line.len);
    return str_cut(&rest, '`');
}

static void the_examples_of_the_page_are_right(void **state)
{
    const Str path = STR("docs/EXPRESSIONS.md");
    Coverage  coverage = { 0 };
    Str       text;
    size_t    cases = run_file(*state, path, &coverage), cells = 0;
    bool      filter = false, expression = false;
    assert_ok(file_read(*state, path, 1 << 20, &text));
    while (text.len) {
        Str line = str_cut(&text, '\n');
        if (str_starts(line, STR("| Filter |")) || str_starts(line, STR("| Expression |"))) {
            expression = true;
            filter = str_starts(line, STR("| Filter |"));
        }
        expression = expression && str_starts(line, STR("|"));
        if (!expression || !str_starts(line, STR("| `")))
            continue;
        Case      test_case = { .arena = *state, .name = path, .coverage = &coverage };
        ExprScope scope = test_scope(true);
        test_case.lines[test_case.count++] = (Line){ STR("expression"), cell_code(line) };
        test_case.lines[test_case.count++] = (Line){ STR("as"), filter ? STR("filter") : STR("value") };
        assert_non_null(case_expression(&test_case, &scope));
        cells++;
    }
    print_message("%zu cases, %zu expressions in tables\n", cases, cells);
    assert_true(cases > 5 && cells > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_case_comes_out_as_told),
        TEST(every_word_of_the_language_has_its_cases),
        TEST(the_examples_of_the_page_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
