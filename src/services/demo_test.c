/* The demo city of the shipped pack comes about by steps that the pack's own rules allow. */
#include "kernel/demo.h"
#include "kernel/testing/testing.h"
#include "services/effects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

static const DemoUser *user(const DemoRun *run, const char *login)
{
    for (size_t i = 0; i < run->user_count; i++)
        if (str_eq(run->users[i].login, str_from(login)))
            return &run->users[i];
    fail_msg("no %s", login);
    return NULL;
}

static void set_clock(void *fixed, int64_t now_ms) { ((EnvFixed *)fixed)->now_ms = now_ms; }

/* As of init, so many days after the city was made as its first step is old. */
static Err fill_from(TestCity *test, const PackSource *source, DemoRun *run)
{
    Ctx ctx = test_ctx(test, &actor_system);
    *run = (DemoRun){ .set_clock = set_clock, .clock = &test->fixed, .problems = { .arena = test->arena } };
    test->city->effects = &service_effects;
    ctx.now_ms += demo_age(test->arena, source) * DAY_MS;
    return demo_run(&ctx, source, run);
}

static void fill(TestCity *test, const char *pack, DemoRun *run)
{
    PackSource source;
    assert_int_equal(pack_source_read(test->arena, str_from(pack), &source).kind, ERR_NONE);
    Err err = fill_from(test, &source, run);
    if (err.kind)
        fail_msg("%.*s: %s %.*s", STR_FMT(err_row(err.code)->code), err.context,
                 STR_FMT(run->problems.count ? run->problems.items[0].text.in[LANG_EN] : STR_NONE));
}

static void every_step_of_the_shanghai_demo_is_allowed(void **state)
{
    (void)state;
    TestCity *test = test_city_new("packs/shanghai");
    DemoRun   run;
    fill(test, "packs/shanghai", &run);
    assert_true(run.steps > 20);
    assert_int_equal(run.user_count, 15 + 8); /* expert, expert2 … expert9 */
    assert_true(str_eq(run.users[0].login, STR("operator")));
    Ctx   ctx = test_ctx(test, &actor_system);
    Actor manager;
    assert_int_equal(actor_load(&ctx, user(&run, "manager")->membership, &manager).kind, ERR_NONE);
    assert_true(test_list(test, &manager, "result", "state = 'pool'", "").len > 0);
    assert_true(test_list(test, &manager, "gate_review", "state = 'open'", "").len > 0);
    assert_true(test_list(test, &manager, "gate_review", "state = 'prepared'", "").len > 0);
    assert_true(test_list(test, &manager, "seed_list", "state = 'final'", "").len > 0); /* of its past */
    test_city_free(test);
}

static void a_pack_without_demo_files_gets_one_user_a_role(void **state)
{
    (void)state;
    TestCity *test = test_city_new("tests/packs/mini");
    DemoRun   run;
    fill(test, "tests/packs/mini", &run);
    assert_int_equal(run.user_count, 5); /* admin author reviewer reviewer2 reader */
    assert_int_equal(run.steps, 0);
    test_city_free(test);
}

/* A step of three days before, then one of a day given. */
static Err run_steps(TestCity *test, const char *day, DemoRun *run)
{
    Str steps = str_printf(
        test->arena,
        "{\"on\":-3,\"as\":\"author\",\"type\":\"paper\",\"action\":\"create\",\"ref\":\"p\",\"fields\":"
        "{\"title\":\"T\"}}\n{\"on\":%s,\"as\":\"author\",\"type\":\"paper\",\"record\":\"p\","
        "\"action\":\"edit\",\"input\":{\"title\":\"U\"}}\n",
        day);
    PackFile   file = { .path = STR("demo/steps.jsonl"), .bytes = steps };
    PackSource source = { &file, 1 };
    return fill_from(test, &source, run);
}

static void steps_of_before_stand_at_their_day_and_go_forward(void **state)
{
    (void)state;
    TestCity *test = test_city_new("tests/packs/mini");
    DemoRun   run;
    int64_t   made = test->fixed.now_ms;
    Err       err = run_steps(test, "-1", &run);
    if (err.kind)
        fail_msg("%s %.*s", err.context, STR_FMT(run.where));
    assert_int_equal(test->fixed.now_ms, made + 3 * DAY_MS);
    Ctx               ctx = test_ctx(test, &actor_system);
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    assert_int_equal(db_query(ctx.db, STR("SELECT \"created\", \"changed\" FROM \"r_paper\""), NULL, 0, &rows).kind,
                     ERR_NONE);
    assert_int_equal(rows_next(rows, &more).kind, ERR_NONE);
    assert_int_equal(instant_day(rows_int(rows, 0), 480), instant_day(made, 480));
    assert_int_equal(instant_day(rows_int(rows, 1), 480), instant_day(made, 480) + 2);
    rows_done(rows);
    rows = NULL;
    test_city_free(test);
}

static void a_step_of_a_day_that_is_over_is_refused(void **state)
{
    static const char *const days[] = { "-4", "1", "\"x\"" };
    (void)state;
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        TestCity *test = test_city_new("tests/packs/mini");
        DemoRun   run;
        assert_int_equal(run_steps(test, days[i], &run).code, ECODE_DEMO_UNKNOWN);
        assert_true(str_eq(run.where, STR("demo/steps.jsonl:2")));
        test_city_free(test);
    }
}

/* A hundred years either way, so that no date leaves its range: neither a step's day nor one in its fields. */
static void days_out_of_reach_are_refused(void **state)
{
    static const char *const lines[] = {
        "{\"on\":-36501,\"as\":\"author\",\"type\":\"paper\",\"action\":\"create\",\"fields\":{\"title\":\"T\"}}",
        "{\"on\":-9007199254740993,\"as\":\"author\",\"type\":\"paper\",\"action\":\"create\",\"fields\":{}}",
        "{\"as\":\"author\",\"type\":\"paper\",\"action\":\"create\",\"fields\":{\"title\":{\"day\":36501}}}",
        "{\"as\":\"author\",\"type\":\"paper\",\"action\":\"create\",\"fields\":{\"title\":{\"day\":-99999999999}}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        TestCity  *test = test_city_new("tests/packs/mini");
        DemoRun    run;
        PackFile   file = { .path = STR("demo/steps.jsonl"), .bytes = str_from(lines[i]) };
        PackSource source = { &file, 1 };
        assert_int_equal(fill_from(test, &source, &run).code, ECODE_DEMO_UNKNOWN);
        assert_true(str_eq(run.where, STR("demo/steps.jsonl:1")));
        test_city_free(test);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_of_the_shanghai_demo_is_allowed),
        cmocka_unit_test(steps_of_before_stand_at_their_day_and_go_forward),
        cmocka_unit_test(a_step_of_a_day_that_is_over_is_refused),
        cmocka_unit_test(days_out_of_reach_are_refused),
        cmocka_unit_test(a_pack_without_demo_files_gets_one_user_a_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
