/* The way of a record, read off the actions of its type. */
#include "web/pages/line.h"
#include "web/pages/testing/stage.h"

#define STATE(n) (UINT64_C(1) << (n))

/* A type of so many states with moves between them, "01 12 20": from and to. */
static void make_type(Arena *arena, size_t states, const char *moves, Type *out)
{
    static const Text none;
    State            *all = ARENA_ARRAY(arena, State, states);
    Action           *actions = ARENA_ARRAY(arena, Action, strlen(moves) / 2 + 1);
    size_t            count = 0;
    for (size_t i = 0; i < states; i++)
        all[i] = (State){ str_printf(arena, "s%zu", i), text_same(str_printf(arena, "S%zu", i)) };
    actions[count++] = (Action){ .name = STR("create"), .creates = true, .label = none };
    for (const char *at = moves; *at; at += at[2] ? 3 : 2)
        actions[count++] = (Action){ .name = STR("go"),
                                     .from = STATE(at[0] - '0'),
                                     .to = at[1] - '0',
                                     .label = text_same(str_printf(arena, "go %c", at[1])) };
    *out = (Type){ .states = all, .state_count = states, .actions = actions, .action_count = count };
}

static Str line_text(Stage *stage, const Type *type)
{
    Line line;
    Buf  text = buf_new(stage->test->arena, SIZE_MAX);
    line_of(type, &line);
    for (size_t i = 0; i < line.count; i++)
        buf_int(&text, line.stops[i]);
    return buf_str(&text);
}

static void the_line_follows_the_actions_and_leaves_out_ways_out(void **state)
{
    static const struct {
        size_t      states;
        const char *moves, *line;
    } cases[] = {
        { 1, "", "0" },
        { 2, "01", "01" },
        { 3, "01 12", "012" },
        { 3, "01 10 02 12", "01" },     /* 2: withdrawn from anywhere */
        { 4, "01 12 23 21", "0123" },   /* a step back is no way on */
        { 4, "01 12 03 13 23", "012" }, /* 3: refused from anywhere */
        { 4, "01 03 12 13 23 32", "012" },
        { 3, "02", "02" },          /* nothing leads to 1 */
        { 4, "01 02 13 23", "01" }, /* two ways that meet again: the first, and no end that both claim */
    };
    Stage *stage = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Type type;
        make_type(stage->test->arena, cases[i].states, cases[i].moves, &type);
        assert_str(line_text(stage, &type), cases[i].line);
    }
    assert_str(line_text(stage, stage->paper), "012");
}

static void the_sign_of_a_state_says_how_far_it_is(void **state)
{
    Stage *stage = *state;
    Type   type;
    make_type(stage->test->arena, 4, "01 12 03 13 23", &type);
    assert_str(line_kind(&type, 0), "not");
    assert_str(line_kind(&type, 1), "here");
    assert_str(line_kind(&type, 2), "done");
    assert_str(line_kind(&type, 3), "not");
}

static void a_state_is_reached_by_actions_alone(void **state)
{
    Stage *stage = *state;
    Type   type;
    make_type(stage->test->arena, 4, "01 12 10 03", &type);
    assert_true(line_reaches(&type, 0, STATE(2)));
    assert_true(line_reaches(&type, 1, STATE(3))); /* back to 0, then 3 */
    assert_true(line_reaches(&type, 2, STATE(2)));
    assert_false(line_reaches(&type, 2, STATE(0) | STATE(1)));
    assert_false(line_reaches(&type, 3, STATE(0)));
}

static Str text_of(Stage *stage, const Json *json)
{
    Buf text = buf_new(stage->test->arena, SIZE_MAX);
    json_write(&text, json);
    return buf_str(&text);
}

static void the_small_line_has_one_ring(void **state)
{
    Stage *stage = *state;
    Type   type;
    make_type(stage->test->arena, 4, "01 12 03 13 23", &type);
    assert_str(text_of(stage, line_small(&stage->call, &type, 1)),
               "{\"stops\":[{\"stop\":\"d-past\",\"x\":\"4.0\",\"r\":2},{\"stop\":\"d-ring\",\"x\":\"22.0\",\"r\":3},"
               "{\"stop\":\"d-next\",\"x\":\"40.0\",\"r\":2}]}");
    assert_int_equal(line_small(&stage->call, &type, -1)->kind, JSON_NULL);
    make_type(stage->test->arena, 1, "", &type);
    assert_int_equal(line_small(&stage->call, &type, 0)->kind, JSON_NULL);
}

/* Stops of the line of a record whose events entered the states of `entered`, newest first. */
static Str mile(Stage *stage, const Type *type, int now, const char *entered)
{
    Arena *arena = stage->test->arena;
    Json  *events = json_array(arena), *page = json_object(arena);
    for (size_t i = 0; entered[i]; i++) {
        Json *event = json_push(events, json_object(arena));
        json_set_str(arena, event, STR("time"), str_printf(arena, "2026-01-0%zuT00:00:00Z", strlen(entered) - i));
        Json *change = json_push(json_set(event, STR("changes"), json_array(arena)), json_object(arena));
        json_set_str(arena, change, STR("field"), STR("state"));
        json_set_str(arena, change, STR("new"), type->states[entered[i] - '0'].name);
    }
    line_mile(&stage->call, type, now, events, page);
    Buf text = buf_new(arena, SIZE_MAX);
    JSON_EACH(stop, json_get(json_get(page, STR("mile")), STR("stops"))) {
        bool here = json_get(stop, STR("here"))->kind == JSON_TRUE,
             past = json_get(stop, STR("past"))->kind == JSON_TRUE;
        buf_printf(&text, "%s%.*s %s %.*s", text.len ? "; " : "", STR_FMT(json_text(json_get(stop, STR("stop")))),
                   here   ? "here"
                   : past ? "past"
                          : "next",
                   STR_FMT(json_text(json_get(stop, STR("note")))));
    }
    return buf_str(&text);
}

static void the_line_of_a_record_has_the_days_of_its_events(void **state)
{
    Stage *stage = *state;
    Type   type;
    make_type(stage->test->arena, 4, "01 12 10 03 13 23", &type);
    Field *fields = ARENA_ARRAY(stage->test->arena, Field, SYS_COUNT);
    fields[SYS_STATE].name = STR("state");
    type.fields = fields;
    assert_str(mile(stage, &type, 0, "0"), "S0 here since 2026-01-01; S1 next ; S2 next ");
    assert_str(mile(stage, &type, 1, "1010"), /* came twice: the last time counts */
               "S0 past 2026-01-03; S1 here since 2026-01-04; S2 next ");
    assert_str(mile(stage, &type, 2, "210"), "S0 past 2026-01-01; S1 past 2026-01-02; S2 here since 2026-01-03");
    assert_str(mile(stage, &type, 3, "30"), "S0 past 2026-01-01; S3 here since 2026-01-02");
    assert_str(mile(stage, &type, -1, "0"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_follows_the_actions_and_leaves_out_ways_out),
        cmocka_unit_test(the_sign_of_a_state_says_how_far_it_is),
        cmocka_unit_test(a_state_is_reached_by_actions_alone),
        cmocka_unit_test(the_small_line_has_one_ring),
        cmocka_unit_test(the_line_of_a_record_has_the_days_of_its_events),
    };
    return cmocka_run_group_tests(tests, stage_setup, stage_teardown);
}
