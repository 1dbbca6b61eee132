/* Forms: how they are laid out, and what stands in them. */
#include "web/pages/testing/stage.h"
#include "web/pages/view.h"

#define MANY 201 /* one more than stand in a list to choose from */

/* The form that creates a review, with this in its field `paper`; the field as the template gets it. */
static const Json *paper_field(Stage *stage, Str value)
{
    Arena  *arena = stage->test->arena;
    Call   *call = stage_call(stage, &stage->author, LANG_EN);
    PageOut out = { .ui = json_object(arena), .page = json_object(arena) };
    Json   *data;
    Str     text = str_printf(arena,
                              "{\"type\":\"review\",\"action\":{\"name\":\"create\"},\"inputs\":[{\"name\":\"paper\"}],"
                                  "\"values\":{\"paper\":\"%.*s\"}}",
                              STR_FMT(value));
    call->params[0] = STR("review");
    assert_int_equal(json_parse(arena, text, &data).kind, ERR_NONE);
    assert_int_equal(view_form(call, data, &out).kind, ERR_NONE);
    return json_get(json_get(out.page, STR("parts"))->first, STR("fields"))->first;
}

static bool is(const Json *field, const char *widget)
{
    bool truth = false;
    return json_truth(json_get(field, str_from(widget)), &truth) && truth;
}

static void of_too_many_records_one_is_typed_by_number_or_title(void **state)
{
    Stage *stage = *state;
    Record paper = { 0 };
    for (int i = 1; i < MANY; i++) { /* there is one already */
        if (i == MANY - 1)
            assert_true(is(paper_field(stage, STR_NONE), "select"));
        paper = test_act(stage->test, &stage->author, "paper", STR_NONE, "create", STR("{\"title\":\"Ice\"}"));
    }
    const Json *field = paper_field(stage, STR_NONE);
    assert_true(is(field, "line"));
    assert_str(json_text(json_get(field, STR("help"))),
               "Paper: give its number or its exact title. Easiest: open that record and take this step there.");
    field = paper_field(stage, record_id(&paper));
    assert_str(json_text(json_get(field, STR("help"))), "Now: Ice. For another, give its number or its exact title.");
}

/* The page of the form that data describes: of a paper. */
static Json *form_of(Stage *stage, const char *data_text)
{
    Arena  *arena = stage->test->arena;
    Call   *call = stage_call(stage, &stage->author, LANG_EN);
    PageOut out = { .ui = json_object(arena), .page = json_object(arena) };
    Json   *data;
    call->params[0] = STR("paper");
    assert_int_equal(json_parse(arena, str_from(data_text), &data).kind, ERR_NONE);
    assert_int_equal(view_form(call, data, &out).kind, ERR_NONE);
    return out.page;
}

static const Json *field_of(const Json *page, const char *name)
{
    JSON_EACH(part, json_get(page, STR("parts")))
        JSON_EACH(field, json_get(part, STR("fields")))
            if (str_eq(json_text(json_get(field, STR("name"))), str_from(name)))
                return field;
    return NULL;
}

static void a_hidden_reference_has_no_id_in_its_form(void **state)
{
    Stage      *stage = *state;
    Str         ice = STR("{\"title\":\"Ice\"}");
    Record      paper = test_act(stage->test, &stage->author, "paper", STR_NONE, "create", ice);
    Str         data = str_printf(stage->test->arena,
                                  "{\"type\":\"paper\",\"action\":{\"name\":\"edit\"},\"record\":{\"id\":\"%.*s\"},"
                                          "\"inputs\":[{\"name\":\"contact\"},{\"name\":\"partners\"}],\"values\":"
                                          "{\"contact\":{\"hidden\":true},\"partners\":[{\"hidden\":true}]}}",
                                  STR_FMT(record_id(&paper)));
    const Json *page = form_of(stage, data.ptr);
    const Json *field = field_of(page, "contact");
    assert_true(is(field, "select"));
    assert_str(json_text(json_get(field, STR("value"))), "");
    assert_str(json_text(json_get(field, STR("unset"))), "Leave as it is");
    assert_str(json_text(json_get(field, STR("help"))), "Now a record you may not see; left empty, it stays.");
    field = field_of(page, "partners");
    assert_true(is(field, "boxes"));
    assert_true(str_starts(json_text(json_get(field, STR("help"))), STR("Some of the records are not visible")));
    JSON_EACH(choice, json_get(field, STR("choices")))
        assert_false(is(choice, "chosen"));
}

static void rows_have_empty_ones_behind_them_and_errors_at_their_cells(void **state)
{
    Stage      *stage = *state;
    const Json *page = form_of(
        stage, "{\"type\":\"paper\",\"action\":{\"name\":\"create\"},\"inputs\":[{\"name\":\"expenses\"}],"
               "\"values\":{\"expenses\":[{\"item\":\"Glass\"},{\"amount\":\"x\"}]},\"error\":{\"title\":\"No\"},"
               "\"errors\":[{\"field\":\"expenses[2].amount\",\"text\":\"wrong\"},"
               "{\"field\":\"expenses[1]\",\"text\":\"odd\"}]}");
    const Json *table = json_get(field_of(page, "expenses"), STR("table")), *lines = json_get(table, STR("lines"));
    const Json *first = lines->first, *second = first->next;
    assert_int_equal(lines->count, 5);
    assert_str(json_text(json_get(first, STR("line_error"))), "Odd");
    const Json *item = json_get(first, STR("cells"))->first, *amount = json_get(second, STR("cells"))->first->next;
    assert_str(json_text(json_get(item, STR("value"))), "Glass");
    assert_str(json_text(json_get(item, STR("cell_label"))), "Row 1, Item");
    assert_str(json_text(json_get(amount, STR("name"))), "expenses[2].amount");
    assert_str(json_text(json_get(amount, STR("error"))), "Wrong");
    const Json *problems = json_get(json_get(page, STR("errors")), STR("items"));
    assert_str(json_text(json_get(problems->first, STR("to"))), "f-expenses-2-amount");
    assert_str(json_text(json_get(problems->last, STR("to"))), "f-expenses-1");
    assert_str(json_text(json_get(problems->first, STR("problem"))), "Row 2: Wrong");
    assert_str(json_text(json_get(problems->last, STR("problem"))), "Row 1: Odd");
}

static void a_translation_says_where_it_is_shown(void **state)
{
    Stage      *stage = *state;
    const Json *page = form_of(stage, "{\"type\":\"paper\",\"action\":{\"name\":\"create\"},\"values\":{},"
                                      "\"inputs\":[{\"name\":\"title\"},{\"name\":\"title_en\"}]}");
    const Json *fields = json_get(json_get(page, STR("parts"))->first, STR("fields"));
    assert_str(json_text(json_get(fields->last, STR("label"))), "Title (in English)");
    assert_str(json_text(json_get(fields->last, STR("help"))), "Filled in, it is what pages in English show.");
}

static void a_step_that_erases_says_what_goes(void **state)
{
    Stage  *stage = *state;
    Arena  *arena = stage->test->arena;
    Call   *call = stage_call(stage, &stage->admin, LANG_EN);
    PageOut out = { .ui = json_object(arena), .page = json_object(arena) };
    Json   *data;
    call->params[0] = STR("person");
    assert_int_equal(
        json_parse(arena, STR("{\"type\":\"person\",\"action\":{\"name\":\"erase\"},\"inputs\":[]}"), &data).kind,
        ERR_NONE);
    assert_int_equal(view_form(call, data, &out).kind, ERR_NONE);
    assert_str(json_text(json_get(out.page, STR("lead"))), " This erases for good: Name, Phone.");
}

static void sections_lay_out_what_the_step_asks_for(void **state)
{
    Stage      *stage = *state;
    const Json *page = form_of(
        stage, "{\"type\":\"paper\",\"action\":{\"name\":\"create\"},\"inputs\":[{\"name\":\"disclosure\"},"
               "{\"name\":\"due\"},{\"name\":\"title_en\"},{\"name\":\"body\"},{\"name\":\"title\"}],"
               "\"values\":{}}");
    const Json *parts = json_get(page, STR("parts")), *text = json_get(parts->first, STR("fields"));
    assert_int_equal(parts->count, 3); /* of the three sections one has nothing to ask; what is in none comes last */
    assert_str(json_text(json_get(parts->first, STR("part"))), "Text");
    assert_str(json_text(json_get(text->first, STR("name"))), "title");
    assert_str(json_text(json_get(text->first->next, STR("name"))), "title_en");
    assert_str(json_text(json_get(text->last, STR("later"))), "needed for \u201cSubmit\u201d");
    assert_str(json_text(json_get(json_get(parts->last, STR("fields"))->first, STR("name"))), "disclosure");
}

static const char outing[] =
    "type: outing\n"
    "label: {zh: 外出, en: Outing}\n"
    "plural: {zh: 外出, en: Outings}\n"
    "title: title\n"
    "fields:\n"
    "  - {name: title, kind: text, label: {zh: 题名, en: Title}}\n"
    "  - {name: paper, kind: reference, target: paper, label: {zh: 论文, en: Paper}}\n"
    "states: [{name: open, label: {zh: 在办, en: Open}}]\n"
    "access: [{clearance: secret}]\n"
    "actions:\n"
    "  - {name: create, label: {zh: 登记, en: Register}, who: [{roles: [author]}]}\n"
    "  - name: edit\n"
    "    label: {zh: 修改, en: Edit}\n"
    "    from: [open]\n"
    "    who: [{roles: [author]}]\n"
    "    guard: [{when: \"paper is missing or paper.pages < 20\", rule: {zh: 短, en: it is short}}]\n";

static int outing_setup(void **state) { return stage_setup_with(state, "types/outing.yaml", outing); }

static Str paper_of(Stage *stage, int length)
{
    Str    input = str_printf(stage->test->arena, "{\"title\":\"Ice\",\"pages\":%d}", length);
    Record paper = test_act(stage->test, &stage->author, "paper", STR_NONE, "create", input);
    return record_id(&paper);
}

static const Json *choice_of(const Json *field, Str code)
{
    JSON_EACH(choice, json_get(field, STR("choices")))
        if (str_eq(json_text(json_get(choice, STR("code"))), code))
            return choice;
    return NULL;
}

static void what_stands_there_is_offered_also_when_the_step_would_refuse_it(void **state)
{
    Stage  *stage = *state;
    Arena  *arena = stage->test->arena;
    Str     fits = paper_of(stage, 3), given = paper_of(stage, 30), other = paper_of(stage, 40);
    Str     input = str_printf(arena, "{\"paper\":\"%.*s\"}", STR_FMT(given));
    Record  record = test_act(stage->test, &stage->author, "outing", STR_NONE, "create", input);
    bool    chosen = false;
    Str     data = str_printf(arena,
                              "{\"type\":\"outing\",\"action\":{\"name\":\"edit\"},\"record\":{\"id\":\"%.*s\"},"
                                  "\"inputs\":[{\"name\":\"paper\"}],\"values\":{\"paper\":\"%.*s\"}}",
                              STR_FMT(record_id(&record)), STR_FMT(given));
    Call   *call = stage_call(stage, &stage->author, LANG_EN);
    PageOut out = { .ui = json_object(arena), .page = json_object(arena) };
    Json   *parsed;
    call->params[0] = STR("outing");
    assert_int_equal(json_parse(arena, data, &parsed).kind, ERR_NONE);
    assert_int_equal(view_form(call, parsed, &out).kind, ERR_NONE);
    const Json *field = field_of(out.page, "paper");
    assert_non_null(choice_of(field, fits));
    assert_null(choice_of(field, other));
    assert_true(json_truth(json_get(choice_of(field, given), STR("chosen")), &chosen) && chosen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hidden_reference_has_no_id_in_its_form),
        cmocka_unit_test(rows_have_empty_ones_behind_them_and_errors_at_their_cells),
        cmocka_unit_test(a_translation_says_where_it_is_shown),
        cmocka_unit_test(a_step_that_erases_says_what_goes),
        cmocka_unit_test(sections_lay_out_what_the_step_asks_for),
        cmocka_unit_test(of_too_many_records_one_is_typed_by_number_or_title),
    };
    const struct CMUnitTest outings[] = {
        cmocka_unit_test(what_stands_there_is_offered_also_when_the_step_would_refuse_it),
    };
    return cmocka_run_group_tests(tests, stage_setup, stage_teardown) +
           cmocka_run_group_tests(outings, outing_setup, stage_teardown);
}
