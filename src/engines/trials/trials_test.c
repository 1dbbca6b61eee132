#include "engines/trials/trials.h"

#include "base/testing.h"

__extension__ typedef __int128 Wide;

/* ---- an oracle: all orders, one by one ---- */

#define FEW 7

typedef struct Oracle {
    const Trial *trials;
    size_t       count;
    size_t       order[FEW];
    Wide         least; /* in 100^-count; -1: no order yet */
    int64_t      orders;
} Oracle;

/* In 100^-count of the unit. */
static Wide cost_of(const Trial *trials, const size_t *order, size_t count)
{
    Wide cost = 0, reach = 1;
    for (size_t i = 0; i < count; i++)
        reach *= 100;
    for (size_t i = 0; i < count; i++) {
        cost += reach * trials[order[i]].cost;
        reach = reach / 100 * (100 - trials[order[i]].chance); /* still whole: 100^(count - i) is in it */
    }
    return cost;
}

static void all_orders(Oracle *oracle, size_t at, uint32_t done)
{
    if (at == oracle->count || at == FEW) {
        Wide cost = cost_of(oracle->trials, oracle->order, at);
        oracle->least = oracle->least < 0 || cost < oracle->least ? cost : oracle->least;
        oracle->orders++;
        return;
    }
    for (size_t i = 0; i < oracle->count; i++) {
        if (done >> i & 1 || oracle->trials[i].after & ~done)
            continue;
        oracle->order[at] = i;
        all_orders(oracle, at + 1, done | UINT32_C(1) << i);
    }
}

static Oracle ask_oracle(const Trial *trials, size_t count)
{
    Oracle oracle = { .trials = trials, .count = count, .least = -1 };
    all_orders(&oracle, 0, 0);
    return oracle;
}

static int64_t rounded(Wide number, size_t power)
{
    Wide scale = 1;
    while (power--)
        scale *= 100;
    return (int64_t)((2 * number + scale) / (2 * scale));
}

static void assert_best(const Trial *trials, size_t count, const TrialOrder *found)
{
    Oracle   oracle = ask_oracle(trials, count);
    size_t   order[FEW];
    uint32_t done = 0;
    Wide     reach = 1000;
    assert_int_equal(found->count, count);
    for (size_t i = 0; i < count; i++) {
        size_t trial = order[i] = found->steps[i].trial;
        assert_true(trial < count && !(done >> trial & 1) && !(trials[trial].after & ~done));
        assert_int_equal(found->steps[i].reach, rounded(reach, i));
        reach *= 100 - trials[trial].chance;
        done |= UINT32_C(1) << trial;
    }
    assert_true(cost_of(trials, order, count) == oracle.least);
    assert_int_equal(found->expected, rounded(oracle.least, count));
    assert_int_equal(found->steps[count - 1].so_far, found->expected);
    assert_true(found->entered >= found->expected && found->whole >= found->entered);
}

/* ---- against it ---- */

/* With so many per cent of the pairs in order; after an order that need not be that in which they are entered. */
static size_t drawn(Rng *rng, Trial *trials, size_t density)
{
    size_t count = 1 + rng_below(rng, FEW), at[FEW] = { 0 }, costs = rng_below(rng, 2) ? 4 : 10000000;
    for (size_t i = 0; i < count; i++) {
        size_t k = rng_below(rng, i + 1);
        at[i] = at[k];
        at[k] = i;
        trials[i] = (Trial){ (int64_t)rng_below(rng, costs), 0, 0 };
        trials[i].chance = (int32_t)(costs == 4 ? 50 * rng_below(rng, 3) : rng_below(rng, 101));
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (rng_below(rng, 100) < density)
                trials[at[i]].after |= UINT32_C(1) << at[k];
    return count;
}

static void the_best_of_all_orders(void **state)
{
    Rng     rng = rng_new();
    int64_t orders = 0, saved = 0;
    for (int round = 0; round < 1500; round++) {
        Trial      trials[FEW];
        TrialOrder found;
        size_t     count = drawn(&rng, trials, (size_t[]){ 0, 10, 25, 50, 100 }[round % 5]);
        ArenaMark  mark = arena_mark(*state);
        assert_ok(trials_order(*state, trials, count, &found));
        arena_release(*state, mark);
        assert_best(trials, count, &found);
        orders += ask_oracle(trials, count).orders;
        saved += found.entered > found.expected;
    }
    assert_true(orders > 100000 && saved > 300);
}

/* Each world is a problem of its own: the same again by hand. */
static void firmness_is_that_of_its_worlds(void **state)
{
    Rng    rng = rng_new();
    size_t turned = 0;
    for (int round = 0; round < 300; round++) {
        Trial      trials[FEW];
        TrialOrder found, other;
        size_t     count = drawn(&rng, trials, 20), worlds = 0, kept = 0;
        ArenaMark  mark = arena_mark(*state);
        assert_ok(trials_order(*state, trials, count, &found));
        for (size_t i = 0; i < count; i++) {
            size_t  at = found.steps[i].trial;
            int32_t chance = trials[at].chance;
            bool    decides = false;
            for (int side = 0; side < 2; side++) {
                trials[at].chance = side ? (chance > 90 ? 100 : chance + 10) : (chance < 10 ? 0 : chance - 10);
                if (trials[at].chance == chance)
                    continue;
                assert_ok(trials_order(*state, trials, count, &other));
                worlds++;
                kept += other.steps[0].trial == found.steps[0].trial;
                decides |= other.steps[0].trial != found.steps[0].trial;
            }
            trials[at].chance = chance;
            assert_int_equal(found.steps[i].decides, decides);
            turned += decides;
        }
        assert_int_equal(found.worlds, worlds);
        assert_int_equal(found.kept, kept);
        arena_release(*state, mark);
    }
    assert_true(turned > 15);
}

/* ---- by hand ---- */

/* 10,000 at 50 %, 3,000 at 10 %, 20,000 at 90 %: per chance 200, 300, 222. In that order 10,000 + 20,000 / 2 +
 * 3,000 x 0.05; as entered 10,000 + 1,500 + 20,000 x 0.45. */
static void cheap_and_doubtful_first(void **state)
{
    static const Trial trials[] = { { 1000000, 50, 0 }, { 300000, 10, 0 }, { 2000000, 90, 0 } };
    TrialOrder         found;
    assert_ok(trials_order(*state, trials, 3, &found));
    assert_int_equal(found.steps[0].trial, 0);
    assert_int_equal(found.steps[1].trial, 2);
    assert_int_equal(found.steps[2].trial, 1);
    assert_int_equal(found.expected, 2015000);
    assert_int_equal(found.entered, 2050000);
    assert_int_equal(found.whole, 3300000);
    assert_int_equal(found.steps[1].reach, 500);
    assert_int_equal(found.steps[2].reach, 50);
    assert_int_equal(found.steps[1].so_far, 2000000);
}

/* A dear trial that seldom fails goes first for the sake of the one behind it, where taking always the best that may
 * follow would leave it for last. */
static void what_it_opens_counts(void **state)
{
    static const Trial trials[] = { { 100, 1, 0 }, { 10, 90, 1 }, { 300, 60, 0 } };
    TrialOrder         found;
    assert_ok(trials_order(*state, trials, 3, &found));
    assert_int_equal(found.steps[0].trial, 0);
    assert_int_equal(found.steps[1].trial, 1);
    assert_int_equal(found.steps[2].trial, 2);
    assert_int_equal(found.expected, 140); /* 100 + 9.90 + 29.70 */
}

static void equal_ones_as_they_were_entered(void **state)
{
    static const Trial  same[] = { { 200, 20, 0 }, { 100, 10, 0 }, { 0, 0, 0 }, { 5, 0, 0 }, { 300, 30, 0 } };
    static const Trial  sure[] = { { 7, 100, 0 }, { 9, 50, 1 }, { 9, 50, 1 }, { 4, 20, 1 } };
    static const size_t by_ratio[] = { 0, 1, 4, 2, 3 }, behind[] = { 0, 1, 2, 3 };
    TrialOrder          found;
    assert_ok(trials_order(*state, same, 5, &found));
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(found.steps[i].trial, by_ratio[i]);
    assert_ok(trials_order(*state, sure, 4, &found)); /* what follows costs nothing: it is never reached */
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(found.steps[i].trial, behind[i]);
    assert_int_equal(found.expected, 7);
}

/* As many as there may be, at the highest costs: by the ratio alone, in one set for each. */
static void thirty_without_precedence(void **state)
{
    Trial      trials[TRIALS_MAX + 1] = { 0 };
    TrialOrder found;
    for (size_t i = 0; i < TRIALS_MAX; i++)
        trials[i] = (Trial){ TRIALS_COST_MAX - (int64_t)i, 1, 0 };
    assert_ok(trials_order(*state, trials, TRIALS_MAX, &found));
    for (size_t i = 0; i < TRIALS_MAX; i++)
        assert_int_equal(found.steps[i].trial, TRIALS_MAX - 1 - i);
    assert_true(found.expected < found.entered && found.whole == 30 * TRIALS_COST_MAX - 435);
    assert_int_equal(found.steps[TRIALS_MAX - 1].reach, 747); /* 0.99^29 */
    assert_err(trials_order(*state, trials, TRIALS_MAX + 1, &found), ECODE_TRIALS_MANY);
}

static void a_circle_is_told(void **state)
{
    /* 0 before the circle 1, 2, 3; 4 behind it; 5 apart */
    static const Trial trials[] = { { 1, 1, 0 },      { 1, 1, 1 | 8 },  { 1, 1, 2 },
                                    { 1, 1, 1 << 2 }, { 1, 1, 1 << 3 }, { 1, 1, 0 } };
    static const Trial itself = { 1, 1, 1 };
    TrialOrder         found;
    assert_int_equal(trials_circle(trials, 6), 2 | 4 | 8);
    assert_err(trials_order(*state, trials, 6, &found), ECODE_TRIALS_CYCLE);
    assert_int_equal(trials_circle(trials, 1), 0);
    assert_err(trials_order(*state, &itself, 1, &found), ECODE_TRIALS_CYCLE);
}

/* Pairs of which the second comes after the first leave 3 sets each to pass through. */
static void more_sets_than_can_be_compared_are_refused(void **state)
{
    Trial      trials[TRIALS_MAX] = { 0 };
    TrialOrder found = { .worlds = 77 };
    for (size_t i = 0; i < TRIALS_MAX; i++)
        trials[i] = (Trial){ 10 + (int64_t)i, 10, i % 2 ? UINT32_C(1) << (i - 1) : 0 };
    assert_err(trials_order(*state, trials, 18, &found), ECODE_TRIALS_SETS); /* 19,683 */
    assert_int_equal(found.worlds, 77);
    assert_ok(trials_order(*state, trials, 16, &found)); /* 6,561 */
    assert_int_equal(found.worlds, 32);
}

static void beyond_its_bounds_it_is_refused(void **state)
{
    const Trial sound = { 5, 50, 0 },
                wrong[] = { { -1, 50, 0 }, { TRIALS_COST_MAX + 1, 50, 0 }, { 5, 101, 0 }, { 5, -1, 0 }, { 5, 50, 2 } };
    TrialOrder found;
    assert_ok(trials_order(*state, &sound, 1, &found));
    assert_err(trials_order(*state, &sound, 0, &found), ECODE_EXPR_OVERFLOW);
    for (size_t i = 0; i < 5; i++)
        assert_err(trials_order(*state, &wrong[i], 1, &found), ECODE_EXPR_OVERFLOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_best_of_all_orders),
        TEST(firmness_is_that_of_its_worlds),
        TEST(cheap_and_doubtful_first),
        TEST(what_it_opens_counts),
        TEST(equal_ones_as_they_were_entered),
        TEST(thirty_without_precedence),
        TEST(a_circle_is_told),
        TEST(more_sets_than_can_be_compared_are_refused),
        TEST(beyond_its_bounds_it_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
