/* The demo city of the shipped pack comes about by steps that the pack's own rules allow. */
#include "kernel/demo.h"
#include "kernel/testing/testing.h"

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

static void fill(TestCity *test, const char *pack, DemoRun *run)
{
    PackSource source;
    Ctx        ctx = test_ctx(test, &actor_system);
    *run = (DemoRun){ .problems = { .arena = test->arena } };
    assert_int_equal(pack_source_read(test->arena, str_from(pack), &source).kind, ERR_NONE);
    Err err = demo_run(&ctx, &source, run);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_of_the_shanghai_demo_is_allowed),
        cmocka_unit_test(a_pack_without_demo_files_gets_one_user_a_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
