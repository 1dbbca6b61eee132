/* What a form of a step was filled in with. */
#include "web/filled.h"

#include "web/pages/testing/stage.h"

#define PAIRS(...) ((const Pair[]){ __VA_ARGS__ }), sizeof((const Pair[]){ __VA_ARGS__ }) / sizeof(Pair)
#define SENT(name_, value_)                                                                                            \
    {                                                                                                                  \
        STR_INIT(name_), STR_INIT(value_)                                                                              \
    }

/* The input of a step on the record (NULL: of a new paper), as JSON. */
static Str input_of(Stage *stage, const Record *record, const Pair *pairs, size_t count)
{
    Call    *call = &stage->call;
    Record   none = { 0 };
    Json    *input;
    Problems names = call_problems(call);
    Buf      buf = buf_new(stage->test->arena, SIZE_MAX);
    Pair    *sent = ARENA_ARRAY(stage->test->arena, Pair, count); /* for again() */
    memcpy(sent, pairs, count * sizeof *sent);
    call->form = sent;
    call->form_count = count;
    assert_int_equal(filled_input(call, stage->paper, record ? record : &none, &input, &names).kind, ERR_NONE);
    json_write(&buf, input);
    return buf_str(&buf);
}

/* What the field shows again, after input_of(), as JSON; empty: not sent. */
static Str again(Stage *stage, const Record *record, const char *name)
{
    Record none = { 0 };
    Json  *shown;
    Buf    buf = buf_new(stage->test->arena, SIZE_MAX);
    assert_int_equal(
        filled_again(&stage->call, record ? record : &none, type_field(stage->paper, str_from(name)), &shown).kind,
        ERR_NONE);
    if (shown)
        json_write(&buf, shown);
    return buf_str(&buf);
}

static void lists_and_rows_are_put_together_from_their_parts(void **state)
{
    Stage *stage = *state;
    stage_call(stage, &stage->author, LANG_EN);
    assert_str(input_of(stage, NULL, PAIRS(SENT("topics", ""), SENT("topics[steam]", "true"), SENT("topics[ice]", ""))),
               "{\"topics\":[\"steam\"]}");
    assert_str(input_of(stage, NULL, PAIRS(SENT("topics", ""))), "{\"topics\":null}");
    assert_str(input_of(stage, NULL,
                        PAIRS(SENT("expenses", ""), SENT("expenses[3].item", " Glass "),
                              SENT("expenses[1].amount", "1,200.00"), SENT("expenses[1].item", ""),
                              SENT("expenses[2].item", " "), SENT("version", "1"))),
               "{\"expenses\":[{\"amount\":\"1200.00\"},{},{\"item\":\"Glass\"}]}");
    assert_str(input_of(stage, NULL, PAIRS(SENT("expenses", ""), SENT("expenses[1].item", ""))), "{\"expenses\":[{}]}");
    assert_str(input_of(stage, NULL, PAIRS(SENT("expenses", ""))), "{\"expenses\":[]}");
}

static void what_is_no_part_of_a_field_is_left_to_be_refused(void **state)
{
    static const char *const names[] = { "expenses[0].item", "expenses[501].item", "expenses[1].nothing",
                                         "expenses[1]",      "expenses[x].item",   "topics[ice].x",
                                         "title[1]",         "frobnicate" };
    Stage                   *stage = *state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Pair pair = { str_from(names[i]), STR("x") };
        assert_str(input_of(stage, NULL, &pair, 1),
                   str_dup_z(stage->test->arena, str_printf(stage->test->arena, "{\"%s\":\"x\"}", names[i])));
    }
}

static void an_instant_is_a_time_on_the_citys_wall(void **state)
{
    static const char *const cases[][2] = {
        { "2026-11-26 10:05", "2026-11-26T02:05:00.000Z" },
        { " 2026-11-26  00:00:07 ", "2026-11-25T16:00:07.000Z" },
        { "2026-11-26T02:05:00.000Z", "2026-11-26T02:05:00.000Z" },
        { "soon", "soon" },
    };
    Stage  *stage = *state;
    int64_t ms;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Pair pair = { STR("logged"), str_from(cases[i][0]) };
        assert_str(input_of(stage, NULL, &pair, 1),
                   str_dup_z(stage->test->arena, str_printf(stage->test->arena, "{\"logged\":\"%s\"}", cases[i][1])));
    }
    assert_true(instant_parse(STR("2026-11-25T16:00:00.000Z"), &ms));
    assert_str(filled_instant(stage->test->arena, ms, 480), "2026-11-26 00:00");
    assert_str(filled_instant(stage->test->arena, ms + 7000, 480), "2026-11-26 00:00:07");
    assert_str(filled_instant(stage->test->arena, ms + 7089, 480), "2026-11-26 00:00:07.089");
    assert_str(filled_instant(stage->test->arena, ms, -90), "2026-11-25 14:30");
}

/* The contact is a person whom a colleague does not see. */
static void a_date_is_written_in_several_ways(void **state)
{
    Stage                   *stage = *state;
    static const char        one[] = "2025-03-04";
    static const char *const same[] = {
        "2025-03-04", "2025-3-4", "2025/03/4", "2025.3.04", " 20250304 ", "2025年3月4日"
    };
    static const char *const none[] = { "",          "4/3/2025", "2025-03",     "2025 03 04", "2025-03-04x",
                                        "202503045", "25-3-4",   "2025-3-4日日" };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_str(filled_date(stage->test->arena, str_from(same[i])), one);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) /* the kernel refuses it as it was typed */
        assert_str(filled_date(stage->test->arena, str_from(none[i])), none[i]);
    assert_str(filled_date(stage->test->arena, STR("2025-13-45")), "2025-13-45");
}

static void a_hidden_reference_stays_unless_another_takes_its_place(void **state)
{
    Stage *stage = *state;
    Record paper = test_act(stage->test, &stage->author, "paper", STR_NONE, "create", STR("{\"title\":\"Ice\"}"));
    Actor  colleague = test_actor(stage->test, "Colleague", stage->author.organisation, "author");
    stage_call(stage, &colleague, LANG_EN);
    assert_int_equal(find_one(&stage->call.ctx, stage->paper, record_id(&paper), &paper).kind, ERR_NONE);
    assert_str(input_of(stage, &paper, PAIRS(SENT("contact", ""), SENT("title", "Snow"))), "{\"title\":\"Snow\"}");
    assert_str(again(stage, &paper, "contact"), "{\"hidden\":true}");
    assert_str(again(stage, &paper, "title"), "\"Snow\"");
    Pair other = { STR("contact"), colleague.person };
    assert_str(input_of(stage, &paper, &other, 1),
               str_dup_z(stage->test->arena,
                         str_printf(stage->test->arena, "{\"contact\":\"%.*s\"}", STR_FMT(colleague.person))));
    stage_call(stage, &stage->author, LANG_EN); /* who sees it takes it away */
    assert_str(input_of(stage, &paper, PAIRS(SENT("contact", ""))), "{\"contact\":null}");
}

static const char tour[] = "type: tour\n"
                           "label: {zh: 参观, en: Tour}\n"
                           "plural: {zh: 参观, en: Tours}\n"
                           "title: title\n"
                           "fields:\n"
                           "  - {name: title, kind: text, label: {zh: 名称, en: Title}}\n"
                           "  - {name: guests, kind: references, target: person, label: {zh: 来宾, en: Guests}}\n"
                           "  - name: stops\n"
                           "    kind: rows\n"
                           "    label: {zh: 站点, en: Stops}\n"
                           "    columns:\n"
                           "      - {name: place, kind: text, label: {zh: 地点, en: Place}}\n"
                           "      - {name: guide, kind: reference, target: person, label: {zh: 讲解人, en: Guide}}\n"
                           "states: [{name: open, label: {zh: 在办, en: Open}}]\n"
                           "access: [{clearance: secret}]\n"
                           "actions:\n"
                           "  - {name: create, label: {zh: 登记, en: Register}, who: [{roles: [admin]}]}\n"
                           "  - {name: edit, label: {zh: 编辑, en: Edit}, from: [open], who: [{roles: [author]}]}\n";

static int tour_setup(void **state) { return stage_setup_with(state, "types/tour.yaml", tour); }

/* The author sees no guide and no guest; the second stop is emptied. */
static void a_form_sends_back_what_it_does_not_show(void **state)
{
    Stage *stage = *state;
    Str    guest = stage->admin.person;
    Str    input = str_printf(stage->test->arena,
                              "{\"title\":\"x\",\"guests\":[\"%.*s\"],"
                                 "\"stops\":[{\"place\":\"Hall\",\"guide\":\"%.*s\"},"
                                 "{\"place\":\"Yard\"},{\"place\":\"Mill\",\"guide\":\"%.*s\"}]}",
                              STR_FMT(guest), STR_FMT(guest), STR_FMT(stage->reviewer.person));
    Record made = test_act(stage->test, &stage->admin, "tour", STR_NONE, "create", input), now;
    Pair   pairs[] = { SENT("guests", ""),
                       SENT("stops", ""),
                       SENT("stops[1].place", "Hall"),
                       SENT("stops[1].guide", ""),
                       SENT("stops[2].place", ""),
                       SENT("stops[2].guide", ""),
                       SENT("stops[3].place", "Pond"),
                       SENT("stops[3].guide", "") };
    stage_call(stage, &stage->author, LANG_EN);
    stage->paper = made.type;
    assert_int_equal(find_one(&stage->call.ctx, made.type, record_id(&made), &now).kind, ERR_NONE);
    Str sent = input_of(stage, &now, pairs, sizeof pairs / sizeof *pairs);
    assert_str(sent, "{\"guests\":null,\"stops\":[{\"place\":\"Hall\",\"guide\":{\"hidden\":true}},{},"
                     "{\"place\":\"Pond\",\"guide\":{\"hidden\":true}}]}");
    assert_str(again(stage, &now, "guests"), "[{\"hidden\":true}]");
    assert_str(again(stage, &now, "stops"), "[{\"place\":\"Hall\",\"guide\":{\"hidden\":true}},"
                                            "{\"place\":\"\",\"guide\":\"\"},"
                                            "{\"place\":\"Pond\",\"guide\":{\"hidden\":true}}]");
    now = test_act(stage->test, &stage->author, "tour", record_id(&made), "edit", sent);
    assert_true(str_eq(now.values[type_field(now.type, STR("guests"))->index].text, stage->admin.person));
    Str wanted = str_printf(stage->test->arena,
                            "[{\"place\":\"text:Hall\",\"guide\":\"id:%.*s\"},"
                            "{\"place\":\"text:Pond\",\"guide\":\"id:%.*s\"}]",
                            STR_FMT(stage->admin.person), STR_FMT(stage->reviewer.person));
    assert_true(str_eq(now.values[type_field(now.type, STR("stops"))->index].text, wanted));
}

static void so_many_names_are_looked_up_for_one_form(void **state)
{
    Stage   *stage = *state;
    Buf      lines = buf_new(stage->test->arena, SIZE_MAX);
    Record   none = { 0 };
    Json    *input;
    Problems problems = { .arena = stage->test->arena };
    Pair     pair = { .name = STR("partners") };
    Arena   *arena = stage->test->arena;
    stage_call(stage, &stage->author, LANG_EN);
    for (int i = 0; i < 102; i++)
        buf_printf(&lines, "College\nNowhere %d\n", i); /* College is one, however often */
    pair.value = str_dup(arena, buf_str(&lines));
    stage->call.form = &pair;
    stage->call.form_count = 1;
    assert_int_equal(filled_input(&stage->call, stage->paper, &none, &input, &problems).kind, ERR_NONE);
    size_t known = 0, refused = 0;
    JSON_EACH(item, json_get(input, STR("partners")))
        known += uuid_valid(item->text);
    for (size_t i = 0; i < problems.count; i++)
        refused += problems.items[i].code == ECODE_FIELD_KIND;
    assert_int_equal(known, 102);
    assert_int_equal(problems.count - refused, 99); /* names of nothing */
    assert_int_equal(refused, 3);
}

static void what_was_typed_stands_there_again(void **state)
{
    Stage *stage = *state;
    stage_call(stage, &stage->author, LANG_EN);
    input_of(stage, NULL,
             PAIRS(SENT("partners", "P-1\r\nCollege\r\n"), SENT("partners[1]", "true"), SENT("expenses", ""),
                   SENT("expenses[2].amount", "1,5"), SENT("expenses[4].amount", ""), SENT("more[expenses]", "1")));
    assert_true(filled_more(&stage->call));
    assert_str(again(stage, NULL, "partners"), "[\"P-1\",\"College\",\"1\"]");
    assert_str(again(stage, NULL, "expenses"), "[{},{\"amount\":\"1,5\"},{},{\"amount\":\"\"}]");
    assert_str(again(stage, NULL, "title"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_and_rows_are_put_together_from_their_parts),
        cmocka_unit_test(what_is_no_part_of_a_field_is_left_to_be_refused),
        cmocka_unit_test(an_instant_is_a_time_on_the_citys_wall),
        cmocka_unit_test(a_date_is_written_in_several_ways),
        cmocka_unit_test(a_hidden_reference_stays_unless_another_takes_its_place),
        cmocka_unit_test_setup_teardown(a_form_sends_back_what_it_does_not_show, tour_setup, stage_teardown),
        cmocka_unit_test(so_many_names_are_looked_up_for_one_form),
        cmocka_unit_test(what_was_typed_stands_there_again),
    };
    return cmocka_run_group_tests(tests, stage_setup, stage_teardown);
}
