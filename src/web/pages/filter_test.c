/* Filters as people handle them: apart, together again without a part or with one more, and made from words. */
#include "web/pages/filter.h"
#include "web/pages/testing/stage.h"

static Str joined(Stage *stage, const char *filter, size_t gone)
{
    ExprPart *parts;
    size_t    count;
    filter_parts(stage->test->arena, str_from(filter), &parts, &count);
    return filter_without(stage->test->arena, parts, count, gone == SIZE_MAX ? count : gone);
}

static void a_filter_comes_apart_at_its_ands(void **state)
{
    static const struct {
        const char *filter, *sources[3];
    } cases[] = {
        { "", { NULL } },
        { "pages > 3", { "pages > 3" } },
        { "pages > 3 and open = true", { "pages > 3", "open = true" } },
        { "pages > 3 and (open = true and score < 2)", { "pages > 3", "open = true", "score < 2" } },
        { "title = 'a and b' and not open", { "title = 'a and b'", "not open" } },
        { "pages > 3 or open = true", { "(pages > 3 or open = true)" } },
        { "(pages > 3 or open = true) and score < 2", { "(pages > 3 or open = true)", "score < 2" } },
        { "any(review where state = 'given' and verdict = 'accept')",
          { "any(review where state = 'given' and verdict = 'accept')" } },
        { "title = 'it''s'  and  due is not missing", { "title = 'it''s'", "due is not missing" } },
        { "pages >", { NULL } }, /* cannot be read: no parts */
    };
    Stage *stage = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ExprPart *parts;
        size_t    count, wanted = 0;
        filter_parts(stage->test->arena, str_from(cases[i].filter), &parts, &count);
        while (wanted < 3 && cases[i].sources[wanted])
            wanted++;
        assert_int_equal(count, wanted);
        for (size_t p = 0; p < count; p++)
            assert_str(parts[p].source, cases[i].sources[p]);
    }
}

static void joined_again_a_filter_has_the_same_parts(void **state)
{
    static const char *const filters[] = {
        "pages > 3",
        "pages > 3 and (open = true or score < 2) and title contains 'x'",
        "pages > 3 or open = true",
        "(pages > 3 and open = true) and (score = -1.50 or not (due < date '2026-01-01'))",
        "not (a = 1 and b = 2) and c in (1, 2) and number is missing",
        "title = '''' and title != ')' and title = '(a or b'",
    };
    Stage *stage = *state;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        Str once = joined(stage, filters[i], SIZE_MAX);
        Str twice = joined(stage, str_dup_z(stage->test->arena, once), SIZE_MAX);
        assert_true(once.len > 0);
        assert_true(str_eq(once, twice));
    }
}

static void a_part_is_taken_away_and_the_rest_keeps_its_order(void **state)
{
    Stage *stage = *state;
    assert_str(joined(stage, "a = 1 and (b = 2 or c = 3) and d = 4", 0), "(b = 2 or c = 3) and d = 4");
    assert_str(joined(stage, "a = 1 and (b = 2 or c = 3) and d = 4", 1), "a = 1 and d = 4");
    assert_str(joined(stage, "a = 1", 0), "");
}

static void an_or_is_put_in_brackets_before_anything_is_added(void **state)
{
    Stage *stage = *state;
    Arena *arena = stage->test->arena;
    assert_str(filter_with(arena, STR_NONE, STR("a = 1")), "a = 1");
    assert_str(filter_with(arena, STR("b = 2 or c = 3"), STR("a = 1")), "(b = 2 or c = 3) and a = 1");
    assert_str(filter_with(arena, STR("b = 2 and a = 1"), STR("a = 1")), "b = 2 and a = 1"); /* not twice */
}

static void a_plain_condition_is_read_as_path_sign_and_value(void **state)
{
    Stage    *stage = *state;
    ExprPart *parts;
    size_t    count;
    filter_parts(stage->test->arena,
                 STR("paper.title contains 'x' and score = -1.5 and due is missing and 3 < pages and pages > score"),
                 &parts, &count);
    assert_int_equal(count, 5);
    assert_str(parts[0].path, "paper.title");
    assert_str(parts[0].sign, "contains");
    assert_str(parts[0].value.text, "x");
    assert_int_equal(parts[1].value.number, -15);
    assert_str(parts[2].sign, "is missing");
    assert_int_equal(parts[2].value.kind, VALUE_MISSING);
    assert_int_equal(parts[3].path.len, 0);
    assert_int_equal(parts[4].path.len, 0);
}

static Str condition(Stage *stage, const Type *type, const char *field, const char *code, const char *value)
{
    Problems    problems = { .arena = stage->test->arena };
    const Sign *sign = NULL;
    Str         out;
    for (size_t i = 0; i < filter_sign_count; i++)
        if (str_eq(filter_signs[i].code, str_from(code)))
            sign = &filter_signs[i];
    assert_non_null(sign);
    Err err = filter_condition(&stage->call, type_field(type, str_from(field)), sign, str_from(value), &out, &problems);
    if (!err.kind)
        return out;
    assert_true(problems.count > 0);
    return problems.items[0].text.in[stage->call.ctx.lang];
}

static void a_condition_is_made_from_words(void **state)
{
    static const struct {
        const char *field, *code, *value, *wanted;
    } cases[] = {
        { "pages", "ge", " 1,000 ", NULL }, /* over the field's own maximum */
        { "pages", "ge", "1,0,0", NULL },   /* no thousand marks */
        { "fee", "ge", "12,50", NULL },     /* twelve and a half to some */
        { "score", "lt", "-0", "score < 0.00" },
        { "score", "lt", "2.5", "score < 2.50" },
        { "title", "contains", "it's", "title contains 'it''s'" },
        { "category", "eq", "letter", "category = 'letter'" },
        { "category", "eq", "LETTER", "category = 'letter'" }, /* the label */
        { "category", "ne", "poem", NULL },
        { "state", "eq", "Submitted", "state = 'submitted'" },
        { "open", "eq", "Yes", "open = true" },
        { "due", "le", "2026-02-28", "due <= date '2026-02-28'" },
        { "due", "le", "2026年2月8日", "due <= date '2026-02-08'" },
        { "due", "le", "2026-02-30", NULL },
        { "due", "missing", "whatever", "due is missing" },
        { "title", "present", "", "title is not missing" },
        { "title", "eq", "  ", NULL }, /* nothing to compare with */
        { "open", "lt", "yes", NULL }, /* truths have no order */
        { "pages", "contains", "3", NULL },
        { "topics", "contains", "Ice", "topics contains 'ice'" },
        { "topics", "eq", "steam", "topics contains 'steam'" }, /* of a list, is means that it is among them */
        { "topics", "contains", "poem", NULL },
        { "topics", "lt", "ice", NULL },
        { "topics", "missing", "", "topics is missing" },
        { "partners", "contains", "nobody", NULL },
        { "fee", "ge", "1,000", "fee >= 1000.00" },
        { "fee", "ge", "much", NULL },
        { "lengthy", "eq", "yes", "lengthy = true" },
        { "lengthy", "eq", "perhaps", NULL },
    };
    Stage *stage = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Str made = condition(stage, stage->paper, cases[i].field, cases[i].code, cases[i].value);
        if (cases[i].wanted)
            assert_str(made, cases[i].wanted);
        else
            assert_true(str_ends(made, STR("."))); /* a sentence that says what is wrong */
    }
}

static void a_list_of_records_is_asked_by_the_title_of_one(void **state)
{
    Stage *stage = *state;
    Str    made = condition(stage, stage->paper, "partners", "contains", "College");
    assert_str(made, str_dup_z(stage->test->arena, str_printf(stage->test->arena, "partners contains '%.*s'",
                                                              STR_FMT(stage->author.organisation))));
}

static void what_has_no_column_is_not_offered(void **state)
{
    static const char *const names[] = { "expenses", "expense_total", "pages_left", "logged", "id" };
    Stage                   *stage = *state;
    stage_call(stage, &stage->author, LANG_EN);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_false(filter_takes(&stage->call, type_field(stage->paper, str_from(names[i]))));
    assert_true(filter_takes(&stage->call, type_field(stage->paper, STR("lengthy"))));
}

static void a_reference_is_asked_for_by_title_or_id(void **state)
{
    Stage *stage = *state;
    stage_call(stage, &stage->admin, LANG_EN);
    assert_str(condition(stage, stage->review, "paper", "contains", "Ice"), "paper.title contains 'Ice'");
    Record paper = test_act(stage->test, &stage->author, "paper", STR_NONE, "create", STR("{\"title\":\"Ice\"}"));
    Str    id = record_id(&paper);
    Str    wanted = str_printf(stage->test->arena, "paper = '%.*s'", STR_FMT(id));
    assert_str(condition(stage, stage->review, "paper", "eq", str_dup_z(stage->test->arena, id)),
               str_dup_z(stage->test->arena, wanted));
}

static const Field *asked(Stage *stage, const Type *type, const char *filter, Str *label)
{
    ExprPart *parts;
    size_t    count;
    filter_parts(stage->test->arena, str_from(filter), &parts, &count);
    assert_int_equal(count, 1);
    return filter_field(&stage->call, type, &parts[0], label);
}

static void a_part_is_called_by_the_label_of_its_field(void **state)
{
    Stage *stage = *state;
    Str    label;
    stage_call(stage, &stage->admin, LANG_EN);
    assert_non_null(asked(stage, stage->review, "paper.pages > 3", &label));
    assert_str(label, "Pages of Paper");
    assert_non_null(asked(stage, stage->review, "paper.title = 'Ice'", &label)); /* the reference alone names it */
    assert_str(label, "Paper");
    assert_null(asked(stage, stage->review, "nothing = 1", &label));
}

static void a_field_that_the_role_never_sees_has_no_label(void **state)
{
    Stage *stage = *state;
    Str    label;
    stage_call(stage, &stage->author, LANG_EN);
    assert_non_null(asked(stage, stage->paper, "authors = 'x'", &label));
    stage_call(stage, &stage->reader, LANG_EN);
    assert_null(asked(stage, stage->paper, "authors = 'x'", &label));
    assert_false(filter_takes(&stage->call, type_field(stage->paper, STR("authors"))));
    assert_true(filter_takes(&stage->call, type_field(stage->paper, STR("title"))));
    assert_false(filter_takes(&stage->call, &stage->paper->fields[SYS_CREATED])); /* an instant cannot be written */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_comes_apart_at_its_ands),
        cmocka_unit_test(joined_again_a_filter_has_the_same_parts),
        cmocka_unit_test(a_part_is_taken_away_and_the_rest_keeps_its_order),
        cmocka_unit_test(an_or_is_put_in_brackets_before_anything_is_added),
        cmocka_unit_test(a_plain_condition_is_read_as_path_sign_and_value),
        cmocka_unit_test(a_condition_is_made_from_words),
        cmocka_unit_test(a_list_of_records_is_asked_by_the_title_of_one),
        cmocka_unit_test(what_has_no_column_is_not_offered),
        cmocka_unit_test(a_reference_is_asked_for_by_title_or_id),
        cmocka_unit_test(a_part_is_called_by_the_label_of_its_field),
        cmocka_unit_test(a_field_that_the_role_never_sees_has_no_label),
    };
    return cmocka_run_group_tests(tests, stage_setup, stage_teardown);
}
