/* Token buckets: what a minute allows, what is given back, what is charged afterwards. The crowded
 * table is signin_test.c's. */
#include "kernel/rate.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants these first */
#include <cmocka.h>

static const RateSide ann = { 'p', STR_INIT("ann"), 3 };

static int setup(void **state)
{
    *state = rate_new(sha256(STR("test")));
    return 0;
}

static int teardown(void **state)
{
    rate_free(*state);
    return 0;
}

static void tokens_come_back_evenly(void **state)
{
    for (int i = 0; i < 3; i++)
        assert_int_equal(rate_take(*state, &ann, 1, 0), 0);
    assert_int_equal(rate_take(*state, &ann, 1, 0), 20000);
    assert_int_equal(rate_wait_ms(*state, &ann, 1, 19999), 1);
    assert_int_equal(rate_take(*state, &ann, 1, 20000), 0);
    assert_int_equal(rate_wait_ms(*state, &ann, 1, 20000), 20000);
}

static void asking_how_long_takes_nothing(void **state)
{
    for (int i = 0; i < 100; i++)
        assert_int_equal(rate_wait_ms(*state, &ann, 1, 0), 0);
}

static void what_is_given_back_was_never_taken(void **state)
{
    for (int i = 0; i < 100; i++) {
        assert_int_equal(rate_take(*state, &ann, 1, 0), 0);
        rate_give_back(*state, &ann, 1, 0);
    }
    rate_give_back(*state, &ann, 1, 0); /* and a full bucket holds no more than it holds */
    for (int i = 0; i < 3; i++)
        assert_int_equal(rate_take(*state, &ann, 1, 0), 0);
    assert_int_equal(rate_take(*state, &ann, 1, 0), 20000);
}

static void a_charge_empties_the_bucket_and_no_more(void **state)
{
    for (int i = 0; i < 50; i++)
        rate_charge(*state, &ann, 1, 0);
    assert_int_equal(rate_wait_ms(*state, &ann, 1, 0), 20000);
    assert_int_equal(rate_wait_ms(*state, &ann, 1, 60000), 0);
}

static void names_and_kinds_do_not_meet(void **state)
{
    RateSide sides[] = { ann, { 'p', STR_INIT("bob"), 1 } }, other = { 'q', STR_INIT("ann"), 1 };
    assert_int_equal(rate_take(*state, sides, 2, 0), 0);
    assert_int_equal(rate_take(*state, sides, 2, 0), 60000); /* bob has none, and ann keeps hers */
    assert_int_equal(rate_take(*state, &other, 1, 0), 0);
    assert_int_equal(rate_take(*state, &ann, 1, 0), 0);
    assert_int_equal(rate_take(*state, &ann, 1, 0), 0);
    assert_int_equal(rate_take(*state, &ann, 1, 0), 20000);
}

static void no_rate_is_no_bound(void **state)
{
    RateSide free_side = { 'p', STR_INIT("carol"), 0 };
    for (int i = 0; i < 100; i++)
        assert_int_equal(rate_take(*state, &free_side, 1, 0), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(tokens_come_back_evenly),
        CASE(asking_how_long_takes_nothing),
        CASE(what_is_given_back_was_never_taken),
        CASE(a_charge_empties_the_bucket_and_no_more),
        CASE(names_and_kinds_do_not_meet),
        CASE(no_rate_is_no_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
