/* Forms: a reference to one of many records. */
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
    for (int i = 0; i < MANY; i++) {
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_too_many_records_one_is_typed_by_number_or_title),
    };
    return cmocka_run_group_tests(tests, stage_setup, stage_teardown);
}
