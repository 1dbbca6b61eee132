/* Values as people read them. */
#include "web/pages/show.h"
#include "web/pages/testing/stage.h"

static void numbers_have_thousand_marks(void **state)
{
    static const char *const cases[][2] = {
        { "0", "0" },
        { "999", "999" },
        { "1000", "1,000" },
        { "-1234", "-1,234" },
        { "1234567", "1,234,567" },
        { "1234.5678", "1,234.5678" },
        { "-100.00", "-100.00" },
        { "100000", "100,000" },
        { "", "" },
        { "9223372036854775807", "9,223,372,036,854,775,807" },
    };
    Stage *stage = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_str(show_thousands(stage->test->arena, str_from(cases[i][0])), cases[i][1]);
}

static void a_count_says_when_there_are_more(void **state)
{
    Stage *stage = *state;
    assert_str(show_count(stage->test->arena, 0, 1000), "0");
    assert_str(show_count(stage->test->arena, 1000, 1000), "1,000");
    assert_str(show_count(stage->test->arena, 1001, 1000), "1,000+");
}

static void dates_are_spoken_in_text(void **state)
{
    Stage  *stage = *state;
    int64_t day;
    assert_true(date_parse(STR("2025-03-04"), &day));
    assert_str(show_spoken(stage_call(stage, &stage->author, LANG_ZH), day), "2025年3月4日");
    assert_str(show_spoken(stage_call(stage, &stage->author, LANG_EN), day), "4 March 2025");
    assert_true(date_parse(STR("2024-12-31"), &day));
    assert_str(show_spoken(&stage->call, day), "31 December 2024");
}

static void an_instant_is_the_day_on_the_citys_wall(void **state)
{
    Stage *stage = *state;
    assert_str(show_day(&stage->call, STR("2025-03-04T15:59:59.999Z")), "2025-03-04");
    assert_str(show_day(&stage->call, STR("2025-03-04T16:00:00.000Z")), "2025-03-05");
    assert_str(show_day(&stage->call, STR("soon")), "");
}

static void chinese_is_marked_on_a_page_in_another_language(void **state)
{
    Stage *stage = *state;
    stage_call(stage, &stage->author, LANG_EN);
    assert_str(show_lang(&stage->call, STR("硫化物界面层 LiPON")), "zh-CN");
    assert_str(show_lang(&stage->call, STR("Gate: 界面层")), "");
    assert_str(show_lang(&stage->call, STR("2025-03-04")), "");
    stage_call(stage, &stage->author, LANG_ZH);
    assert_str(show_lang(&stage->call, STR("硫化物界面层")), "");
}

static Shown shown(Stage *stage, const Type *type, const char *field, const char *json, ShowAs as)
{
    Json *value = NULL;
    Shown out;
    if (json)
        assert_int_equal(json_parse(stage->test->arena, str_from(json), &value).kind, ERR_NONE);
    assert_int_equal(show_value(show_new(&stage->call), type_field(type, str_from(field)), value, as, &out).kind,
                     ERR_NONE);
    return out;
}

static void each_kind_of_value_reads_as_its_field_says(void **state)
{
    static const struct {
        const char *field, *json, *table, *text;
    } cases[] = {
        { "title", "\"Ice\"", "Ice", "Ice" },
        { "pages", "1200", "1,200", "1,200 pages" },
        { "score", "\"1234.50\"", "1,234.50", "1,234.50" },
        { "due", "\"2026-03-04\"", "2026-03-04", "4 March 2026" },
        { "open", "true", "yes", "yes" },
        { "open", "false", "no", "no" },
        { "category", "\"letter\"", "Letter", "Letter" },
        { "category", "\"gone\"", "gone", "gone" }, /* a code that the pack no longer knows speaks for itself */
        { "state", "\"draft\"", "Draft", "Draft" },
        { "changed", "\"2026-03-04T20:00:00.000Z\"", "2026-03-05", "5 March 2026" },
        { "title", NULL, "", "" },
        { "topics", "[\"ice\",\"steam\"]", "Ice, Steam", "Ice, Steam" },
        { "fee", "\"1234.50\"", "1,234.50", "1,234.50 CNY" },
        { "grant", "\"1234.50\"", "1,234.50", "1,234.50" }, /* another field says the currency */
        { "expenses", "[{},{}]", "2", "2 rows" },
        { "expenses", "[{}]", "1", "1 row" },
        { "expense_total", "\"1234.50\"", "1,234.50", "1,234.50" },
        { "lengthy", "true", "yes", "yes" },
        { "pages_left", "1200", "1,200", "1,200 pages" },
    };
    Stage *stage = *state;
    stage_call(stage, &stage->author, LANG_EN);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_str(shown(stage, stage->paper, cases[i].field, cases[i].json, SHOW_IN_TABLE).text, cases[i].table);
        assert_str(shown(stage, stage->paper, cases[i].field, cases[i].json, SHOW_IN_TEXT).text, cases[i].text);
    }
}

static Shown shown_in(Stage *stage, const char *field, const char *json)
{
    Json *record;
    Shown out;
    assert_int_equal(json_parse(stage->test->arena, str_from(json), &record).kind, ERR_NONE);
    assert_int_equal(
        show_field(show_new(&stage->call), type_field(stage->paper, str_from(field)), record, SHOW_IN_TEXT, &out).kind,
        ERR_NONE);
    return out;
}

static void a_field_knows_what_stands_beside_it(void **state)
{
    static const char record[] = "{\"fields\":{\"title\":\"冰\",\"title_en\":\"Ice\",\"grant\":\"1234.50\","
                                 "\"grant_currency\":\"USD\"},\"erased\":[\"authors\"]}";
    Stage            *stage = *state;
    stage_call(stage, &stage->author, LANG_EN);
    assert_str(shown_in(stage, "title", record).text, "Ice");
    assert_str(shown_in(stage, "grant", record).text, "1,234.50 US dollar");
    assert_true(shown_in(stage, "authors", record).erased);
    assert_false(shown_in(stage, "body", record).erased);
    assert_str(shown_in(stage, "grant", "{\"fields\":{\"grant\":\"2.00\"}}").text, "2.00");
    stage_call(stage, &stage->author, LANG_ZH);
    assert_str(shown_in(stage, "title", record).text, "冰"); /* not translated into it: the field itself */
}

/* Child rows stand nowhere but in their table. */
static void a_text_of_a_child_row_is_whole(void **state)
{
    Stage       *stage = *state;
    const Field *item = type_field(type_field(stage->paper, STR("expenses"))->rows, STR("item"));
    Str          text = str_printf(stage->test->arena, "\"%059d and more\"", 0);
    Json        *json;
    Shown        out;
    stage_call(stage, &stage->author, LANG_EN);
    assert_int_equal(json_parse(stage->test->arena, text, &json).kind, ERR_NONE);
    assert_int_equal(show_value(show_new(&stage->call), item, json, SHOW_IN_TABLE, &out).kind, ERR_NONE);
    assert_true(str_ends(out.text, STR(" and more")));
    const Field *title = type_field(stage->paper, STR("title"));
    assert_int_equal(show_value(show_new(&stage->call), title, json, SHOW_IN_TABLE, &out).kind, ERR_NONE);
    assert_true(str_ends(out.text, STR("…")));
}

static void a_value_that_a_history_calls_erased_is_no_text(void **state)
{
    Stage *stage = *state;
    Shown  out = shown(stage, stage->paper, "authors", "{\"erased\":true}", SHOW_IN_TEXT);
    assert_true(out.erased && !out.hidden && !out.text.len);
}

static void a_list_of_references_has_a_link_for_each_that_one_may_see(void **state)
{
    Stage *stage = *state;
    Str    json = str_printf(stage->test->arena, "[\"%.*s\",{\"hidden\":true}]", STR_FMT(stage->author.organisation));
    stage_call(stage, &stage->author, LANG_EN);
    Shown out = shown(stage, stage->paper, "partners", str_dup_z(stage->test->arena, json), SHOW_IN_TEXT);
    assert_int_equal(out.each_count, 2);
    assert_str(out.each[0].text, "College");
    assert_true(str_starts(out.each[0].href, STR("/organisation/")));
    assert_true(out.each[1].hidden && !out.each[1].href.len);
    assert_str(out.text, "College, a record you may not see");
    assert_int_equal(
        shown(stage, stage->paper, "partners", str_dup_z(stage->test->arena, json), SHOW_IN_TABLE).each_count, 0);
}

static void a_long_text_is_clipped_in_a_table_only(void **state)
{
    Stage *stage = *state;
    Buf    json = buf_new(stage->test->arena, SIZE_MAX);
    buf_char(&json, '"');
    for (int i = 0; i < 100; i++)
        buf_add(&json, STR("冰"));
    buf_char(&json, '"');
    const char *text = str_dup_z(stage->test->arena, buf_str(&json));
    assert_int_equal(shown(stage, stage->paper, "body", text, SHOW_IN_TABLE).text.len, 60 * 3 + 3);
    assert_int_equal(shown(stage, stage->paper, "body", text, SHOW_IN_TEXT).text.len, 100 * 3);
}

static void a_reference_reads_as_the_title_of_what_one_may_see(void **state)
{
    Stage *stage = *state;
    Record paper = test_act(stage->test, &stage->author, "paper", STR_NONE, "create", STR("{\"title\":\"Ice\"}"));
    Str    json = str_printf(stage->test->arena, "\"%.*s\"", STR_FMT(record_id(&paper)));
    stage_call(stage, &stage->author, LANG_EN);
    Shown seen = shown(stage, stage->review, "paper", str_dup_z(stage->test->arena, json), SHOW_IN_TEXT);
    assert_false(seen.hidden);
    assert_str(seen.text, "Ice");
    assert_true(str_starts(seen.href, STR("/paper/")));
    stage_call(stage, &stage->reader, LANG_EN); /* a secret draft */
    Shown hidden = shown(stage, stage->review, "paper", str_dup_z(stage->test->arena, json), SHOW_IN_TEXT);
    assert_true(hidden.hidden);
    assert_str(hidden.text, "");
    assert_str(hidden.href, "");
    assert_true(shown(stage, stage->review, "paper", "{\"hidden\":true}", SHOW_IN_TEXT).hidden);
}

typedef Err (*Naming)(Show *show, const Type *type, const Json *record, Str *out);

static Str called(Stage *stage, Naming naming, const Type *type, const char *json)
{
    Json *record;
    Str   out;
    assert_int_equal(json_parse(stage->test->arena, str_from(json), &record).kind, ERR_NONE);
    assert_int_equal(naming(show_new(&stage->call), type, record, &out).kind, ERR_NONE);
    return out;
}

static Str title(Stage *stage, const Type *type, const char *json) { return called(stage, show_title, type, json); }

static void a_record_without_a_title_is_called_by_number_then_by_type(void **state)
{
    Stage *stage = *state;
    stage_call(stage, &stage->author, LANG_EN);
    assert_str(title(stage, stage->paper, "{\"number\":\"P-2026-001\",\"fields\":{\"title\":\"Ice\"}}"), "Ice");
    assert_str(title(stage, stage->paper, "{\"number\":\"P-2026-001\",\"fields\":{}}"), "P-2026-001");
    assert_str(title(stage, stage->paper, "{\"fields\":{}}"), "Paper");
    assert_str(title(stage, stage->review, "{\"fields\":{\"verdict\":\"accept\"}}"), "Accept");
}

static void in_a_table_a_record_without_a_number_says_so(void **state)
{
    Stage *stage = *state;
    stage_call(stage, &stage->author, LANG_EN);
    assert_str(called(stage, show_row_name, stage->paper, "{\"fields\":{\"title\":\"Ice\"}}"), "Ice");
    assert_str(called(stage, show_row_name, stage->paper, "{\"number\":\"P-2026-001\",\"fields\":{}}"), "P-2026-001");
    assert_str(called(stage, show_row_name, stage->paper, "{\"fields\":{}}"), "no number yet");
    stage_call(stage, &stage->author, LANG_ZH);
    assert_str(called(stage, show_row_name, stage->paper, "{\"fields\":{}}"), "尚无编号");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_thousand_marks),
        cmocka_unit_test(a_count_says_when_there_are_more),
        cmocka_unit_test(dates_are_spoken_in_text),
        cmocka_unit_test(an_instant_is_the_day_on_the_citys_wall),
        cmocka_unit_test(chinese_is_marked_on_a_page_in_another_language),
        cmocka_unit_test(each_kind_of_value_reads_as_its_field_says),
        cmocka_unit_test(a_field_knows_what_stands_beside_it),
        cmocka_unit_test(a_value_that_a_history_calls_erased_is_no_text),
        cmocka_unit_test(a_text_of_a_child_row_is_whole),
        cmocka_unit_test(a_list_of_references_has_a_link_for_each_that_one_may_see),
        cmocka_unit_test(a_long_text_is_clipped_in_a_table_only),
        cmocka_unit_test(a_reference_reads_as_the_title_of_what_one_may_see),
        cmocka_unit_test(a_record_without_a_title_is_called_by_number_then_by_type),
        cmocka_unit_test(in_a_table_a_record_without_a_number_says_so),
    };
    return cmocka_run_group_tests(tests, stage_setup, stage_teardown);
}
