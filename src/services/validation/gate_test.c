/* The two sides of a gate over the shipped pack: from nothing recorded to a gate that opens. */
#include "kernel/testing/testing.h"
#include "services/validation/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

typedef struct Cast {
    TestCity *test;
    Actor     researcher, manager, officer;
    Record    result, gate;
} Cast;

static int setup(void **state)
{
    Cast *cast = mem_alloc(sizeof *cast);
    *cast = (Cast){ .test = test_city_new("packs/shanghai") };
    TestCity *test = cast->test;
    Str       university = test_organisation(test, "University"), city = test_organisation(test, "City");
    cast->researcher = test_actor(test, "R", university, "researcher");
    cast->manager = test_actor(test, "M", university, "manager");
    cast->officer = test_actor(test, "O", city, "officer");
    cast->result = test_act(test, &cast->researcher, "result", STR_NONE, "create",
                            STR("{\"title\":\"Cell\",\"abstract\":\"How.\",\"discipline\":\"Materials\"}"));
    cast->result = test_act(test, &cast->researcher, "result", record_id(&cast->result), "submit", STR_NONE);
    cast->gate = test_act(test, &cast->manager, "gate_review", STR_NONE, "create",
                          str_printf(test->arena, "{\"result\":\"%.*s\"}", STR_FMT(record_id(&cast->result))));
    *state = cast;
    return 0;
}

static int teardown(void **state)
{
    Cast *cast = *state;
    test_city_free(cast->test);
    free(cast);
    return 0;
}

static Record assess(Cast *cast, int assessed, int target)
{
    Record record = test_act(
        cast->test, &cast->manager, "trl_assessment", STR_NONE, "create",
        str_printf(cast->test->arena,
                   "{\"result\":\"%.*s\",\"element\":\"Layer\",\"assessed_level\":%d,\"target_level\":%d,"
                   "\"evidence\":\"Report 7.\",\"criteria\":[{\"level\":%d,\"criterion\":\"Holds\","
                   "\"outcome\":\"met\",\"evidence\":\"Report 7.\"}]}",
                   STR_FMT(record_id(&cast->result)), assessed, target, assessed));
    return test_act(cast->test, &cast->manager, "trl_assessment", record_id(&record), "submit", STR_NONE);
}

static void validate(Cast *cast, const char *cost)
{
    Record record = test_act(
        cast->test, &cast->manager, "market_validation", STR_NONE, "create",
        str_printf(cast->test->arena,
                   "{\"result\":\"%.*s\",\"need_verdict\":\"pass\",\"need_evidence\":\"12 interviews\","
                   "\"competition_verdict\":\"pass\",\"competition_evidence\":\"Table\","
                   "\"cost_verdict\":\"%s\",\"cost_evidence\":\"Bill of materials\"}",
                   STR_FMT(record_id(&cast->result)), cost));
    test_act(cast->test, &cast->manager, "market_validation", record_id(&record), "submit", STR_NONE);
}

static Str verdict(Cast *cast, const Actor *actor, const char *side)
{
    Ctx    ctx = test_ctx(cast->test, actor);
    Record gate;
    Json  *json;
    assert_int_equal(find_one(&ctx, cast->gate.type, record_id(&cast->gate), &gate).kind, ERR_NONE);
    assert_int_equal(gate_view(&ctx, &gate, &json).kind, ERR_NONE);
    return json_text(json_get(json_get(json, str_from(side)), STR("verdict")));
}

static size_t refusals(Cast *cast)
{
    Record   out;
    Problems problems;
    Err      err = test_try(cast->test, &cast->officer, "gate_review", record_id(&cast->gate), "open", STR_NONE, &out,
                            &problems);
    assert_true(err.kind == ERR_NONE || err.code == ECODE_ACTION_REFUSED);
    return err.kind ? problems.count : 0;
}

static uint64_t random_below(uint64_t *seed,
                             uint64_t  bound) /* xorshift64: repeatable, and enough for a choice of cases */
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed % bound;
}

static void with_nothing_recorded_both_sides_are_missing_and_two_clauses_refuse(void **state)
{
    Cast *cast = *state;
    assert_true(str_eq(verdict(cast, &cast->manager, "technical"), STR("missing")));
    assert_true(str_eq(verdict(cast, &cast->manager, "market"), STR("missing")));
    assert_int_equal(refusals(cast), 2);
}

static void it_opens_when_both_sides_pass(void **state)
{
    Cast *cast = *state;
    assess(cast, 4, 4);
    assert_true(str_eq(verdict(cast, &cast->manager, "technical"), STR("pass")));
    assert_int_equal(refusals(cast), 1);
    validate(cast, "pass");
    assert_true(str_eq(verdict(cast, &cast->manager, "market"), STR("pass")));
    assert_int_equal(refusals(cast), 0);
}

static void a_standing_failure_keeps_it_shut_until_it_is_withdrawn(void **state)
{
    Cast  *cast = *state;
    Record low = assess(cast, 3, 4);
    assess(cast, 4, 4);
    validate(cast, "pass");
    assert_true(str_eq(verdict(cast, &cast->manager, "technical"), STR("fail")));
    assert_int_equal(refusals(cast), 1);
    test_act(cast->test, &cast->manager, "trl_assessment", record_id(&low), "withdraw", STR_NONE);
    assert_true(str_eq(verdict(cast, &cast->manager, "technical"), STR("pass")));
    assert_int_equal(refusals(cast), 0);
}

static void a_failed_market_part_is_named(void **state)
{
    Cast *cast = *state;
    assess(cast, 5, 4);
    validate(cast, "fail");
    assert_true(str_eq(verdict(cast, &cast->manager, "market"), STR("fail")));
    assert_int_equal(refusals(cast), 2); /* no passing one, and one that stands and fails */
}

/* The page's words and the pack's guard are written apart: over random records they say the same. */
static void both_sides_pass_exactly_when_the_guard_lets_the_gate_open(void **state)
{
    Cast    *cast = *state;
    uint64_t seed = 20261125;
    size_t   opens = 0;
    for (int round = 0; round < 60; round++) {
        cast->result = test_act(cast->test, &cast->researcher, "result", STR_NONE, "create",
                                STR("{\"title\":\"Cell\",\"abstract\":\"How.\",\"discipline\":\"Materials\"}"));
        cast->gate = test_act(
            cast->test, &cast->manager, "gate_review", STR_NONE, "create",
            str_printf(cast->test->arena, "{\"result\":\"%.*s\"}", STR_FMT(record_id(&cast->result))));
        for (int n = (int)(random_below(&seed, 3)); n > 0; n--) {
            Record one = assess(cast, 3 + (int)random_below(&seed, 3), 4);
            if (random_below(&seed, 3) == 0)
                test_act(cast->test, &cast->manager, "trl_assessment", record_id(&one), "withdraw", STR_NONE);
        }
        for (int n = (int)random_below(&seed, 3); n > 0; n--)
            validate(cast, random_below(&seed, 3) ? "pass" : "fail");
        bool pass = str_eq(verdict(cast, &cast->manager, "technical"), STR("pass")) &&
                    str_eq(verdict(cast, &cast->manager, "market"), STR("pass"));
        bool open = refusals(cast) == 0;
        if (pass != open)
            fail_msg("round %d: sides %d, guard %d", round, pass, open);
        opens += open;
    }
    assert_true(opens > 5 && opens < 50);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(with_nothing_recorded_both_sides_are_missing_and_two_clauses_refuse),
        CASE(it_opens_when_both_sides_pass),
        CASE(a_standing_failure_keeps_it_shut_until_it_is_withdrawn),
        CASE(a_failed_market_part_is_named),
        CASE(both_sides_pass_exactly_when_the_guard_lets_the_gate_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
