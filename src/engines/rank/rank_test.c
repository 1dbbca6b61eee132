#include "engines/rank/rank.h"

#include "base/testing.h"

/* The counts of docs/examples/worlds.py, which shares nothing with rank.c but what rank.h says. */
static void counts_are_as_documented(void **state)
{
    static const int32_t  weights[] = { 60, 40 };
    static const size_t   firsts[] = { 0, 3, 5, 6, 8 }, bands[] = { 1, 2 };
    static const int32_t  scores[] = { 80, 70, 75, 90, 60, 95, 82, 70, 70, 80, 50, 50, 79, 75, 81, 74 };
    static const uint32_t known[] = { 344, 403, 253, 16, 244, 740, 0, 0, 1000, 640, 353, 7 };
    RankProblem           problem = { 4, 2, weights, firsts, scores, 20, 1000, STR("3312.45"), bands, 2 };
    uint32_t              counts[12];
    (void)state;
    assert_ok(rank_worlds(&problem, counts));
    assert_memory_equal(counts, known, sizeof known);
}

/* The same by the two other rules. */
static void counts_by_other_rules_are_as_documented(void **state)
{
    static const int32_t  weights[] = { 60, 40 };
    static const size_t   firsts[] = { 0, 3, 8, 9, 12 }, bands[] = { 1, 2 };
    static const int32_t  scores[] = { 80, 70, 75, 90, 60, 95, 82, 70, 70, 80, 88, 60,
                                       40, 99, 50, 50, 79, 75, 81, 74, 66, 90, 99, 30 };
    static const uint32_t known[2][12] = { { 262, 265, 473, 14, 53, 933, 486, 428, 86, 238, 254, 508 },
                                           { 262, 218, 520, 48, 112, 840, 452, 431, 117, 238, 239, 523 } };
    RankProblem           problem = { 4, 2, weights, firsts, scores, 20, 1000, STR("3312.45"), bands, 2, RANK_BY_MEAN };
    uint32_t              counts[12];
    (void)state;
    for (int rule = 0; rule < 2; rule++) {
        problem.rule = rule ? RANK_BY_MEDIAN : RANK_BY_TRIMMED_MEAN;
        assert_ok(rank_worlds(&problem, counts));
        assert_memory_equal(counts, known[rule], sizeof known[rule]);
    }
}

/* ---- against all worlds that there are ---- */

#define SMALL 4 /* alternatives, two judgements each: 2^8 worlds, as likely as each other */

/* How many of the 256 have each alternative at each rank. */
static void enumerate(const int32_t *scores, int64_t *shares)
{
    for (unsigned world = 0; world < 256; world++) {
        int64_t means[SMALL];
        for (size_t a = 0; a < SMALL; a++)
            means[a] = scores[2 * a + (world >> (2 * a) & 1)] + scores[2 * a + (world >> (2 * a + 1) & 1)];
        for (size_t a = 0; a < SMALL; a++) {
            size_t rank = 0;
            for (size_t b = 0; b < SMALL; b++)
                rank += means[b] > means[a] || (b < a && means[b] == means[a]);
            shares[a * SMALL + rank]++;
        }
    }
}

/* 40,000 worlds of 12 problems: each share within five standard errors of the true one; the seeds are fixed. */
static void shares_are_those_of_all_worlds(void **state)
{
    static const int32_t weight[] = { 1 };
    static const size_t  firsts[] = { 0, 2, 4, 6, 8 }, bands[] = { 1, 2, 3 };
    Rng                  rng = { .state = 20261127 };
    for (int round = 0; round < 12; round++) {
        int32_t     scores[2 * SMALL];
        int64_t     shares[SMALL * SMALL] = { 0 };
        uint32_t    counts[SMALL * SMALL];
        Str         seed = str_printf(*state, "%d", round);
        RankProblem problem = { SMALL, 1, weight, firsts, scores, 0, 40000, seed, bands, 3 };
        for (size_t i = 0; i < 2 * SMALL; i++)
            scores[i] = (int32_t)rng_below(&rng, 8);
        enumerate(scores, shares);
        assert_ok(rank_worlds(&problem, counts));
        for (size_t i = 0; i < SMALL * SMALL; i++) {
            double share = (double)shares[i] / 256, error = (double)counts[i] - share * 40000;
            assert_true(error * error <= 25 * 40000 * share * (1 - share));
        }
    }
}

/* ---- what holds whatever the numbers ---- */

#define MANY 60

static void every_world_fills_every_band(void **state)
{
    static const size_t  bands[] = { 5, 10, 20 };
    static const int32_t weights[] = { 40, 35, 25 };
    Rng                  rng = rng_new();
    size_t               firsts[MANY + 1] = { 0 };
    for (size_t a = 0; a < MANY; a++)
        firsts[a + 1] = firsts[a] + 1 + rng_below(&rng, 9);
    int32_t    *scores = ARENA_ARRAY(*state, int32_t, firsts[MANY] * 3);
    uint32_t    counts[MANY * 4], totals[4] = { 0 };
    RankProblem problem = { MANY, 3, weights, firsts, scores, 20, 300, STR("x"), bands, 3 };
    for (size_t s = 0; s < firsts[MANY] * 3; s++)
        scores[s] = (int32_t)rng_below(&rng, 101);
    assert_ok(rank_worlds(&problem, counts));
    for (size_t a = 0; a < MANY; a++) {
        uint32_t all = 0;
        for (size_t band = 0; band < 4; band++) {
            all += counts[a * 4 + band];
            totals[band] += counts[a * 4 + band];
        }
        assert_int_equal(all, 300);
    }
    assert_int_equal(totals[0], 5 * 300);
    assert_int_equal(totals[1], 5 * 300);
    assert_int_equal(totals[2], 10 * 300);
    assert_int_equal(totals[3], 40 * 300);
}

/* Whose worst judgement is better by each criterion than another's best is ahead of it in every world. */
static void the_better_by_all_judges_is_ahead_always(void **state)
{
    static const int32_t weights[] = { 50, 50 };
    static const size_t  firsts[] = { 0, 2, 4 }, bands[] = { 1 };
    static const int32_t scores[] = { 10, 60, 20, 50, 61, 61, 90, 62 };
    RankProblem          problem = { 2, 2, weights, firsts, scores, 100, 500, STR("x"), bands, 1 };
    uint32_t             counts[4];
    (void)state;
    assert_ok(rank_worlds(&problem, counts));
    assert_int_equal(counts[2], 500);
    assert_int_equal(counts[1], 500);
}

static void without_doubt_there_is_one_ranking(void **state)
{
    static const int32_t  weights[] = { 1000 }, scores[] = { 7, 1000, 7, 0 };
    static const size_t   firsts[] = { 0, 1, 2, 3, 4 }, bands[] = { 1, 2, 3 };
    static const uint32_t known[] = { 0, 9, 0, 0, 9, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 9 };
    RankProblem           problem = { 4, 1, weights, firsts, scores, 0, 9, STR_NONE, bands, 3 };
    uint32_t              counts[16];
    (void)state;
    assert_ok(rank_worlds(&problem, counts));
    assert_memory_equal(counts, known, sizeof known);
}

static void nothing_is_ranked_in_no_time(void **state)
{
    static const int32_t weight = 1;
    static const size_t  none = 0;
    RankProblem          problem = { .criteria = 1, .weights = &weight, .firsts = &none, .worlds = SIZE_MAX };
    (void)state;
    assert_ok(rank_worlds(&problem, (uint32_t[]){ 0 }));
}

static void beyond_its_bounds_it_is_refused(void **state)
{
    static const size_t firsts[] = { 0, 1, 1 }, one[] = { 0, 1 }, bands[] = { 2, 2 };
    int32_t             weight = 1, score = 5, many[RANK_CRITERIA_MAX];
    int32_t            *scores = ARENA_ARRAY(*state, int32_t, 8192 * RANK_CRITERIA_MAX);
    uint32_t            counts[6];
    RankProblem         sound = { 1, 1, &weight, one, &score, 0, 1, STR("x"), bands, 1 }, wrong[7];
    for (size_t c = 0; c < RANK_CRITERIA_MAX; c++)
        many[c] = RANK_WEIGHT_MAX;
    for (size_t i = 0; i < 8192 * RANK_CRITERIA_MAX; i++)
        scores[i] = RANK_SCORE_MAX;
    assert_ok(rank_worlds(&sound, counts));
    for (size_t i = 0; i < 7; i++)
        wrong[i] = sound;
    wrong[0].alternatives = 2, wrong[0].firsts = firsts; /* one that nobody judged */
    wrong[1].criteria = 0;
    wrong[2].spread = 101;
    wrong[3].band_count = 2; /* that do not rise */
    wrong[4].weights = &(int32_t){ RANK_WEIGHT_MAX + 1 };
    wrong[5].scores = &(int32_t){ -1 };
    wrong[6].criteria = RANK_CRITERIA_MAX; /* sums of 64 bits */
    wrong[6].firsts = (size_t[]){ 0, 8192 };
    wrong[6].weights = many, wrong[6].scores = scores;
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(rank_worlds(&wrong[i], counts).code, ECODE_EXPR_OVERFLOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(counts_are_as_documented),
        TEST(counts_by_other_rules_are_as_documented),
        TEST(shares_are_those_of_all_worlds),
        TEST(every_world_fills_every_band),
        TEST(the_better_by_all_judges_is_ahead_always),
        TEST(without_doubt_there_is_one_ranking),
        TEST(nothing_is_ranked_in_no_time),
        TEST(beyond_its_bounds_it_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
