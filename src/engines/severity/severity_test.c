#include "engines/severity/severity.h"

#include "base/testing.h"

__extension__ typedef __int128 Wide;

/* ---- an oracle: the normal equations of all results and judges, bordered by one sum to 0 for each component, solved
 * in fractions ---- */

typedef struct Fraction {
    Wide up, down;
} Fraction;

static Fraction fraction(Wide up, Wide down)
{
    Wide a = up < 0 ? -up : up, b = down;
    while (b) {
        Wide rest = a % b;
        a = b;
        b = rest;
    }
    return a ? (Fraction){ up / a, down / a } : (Fraction){ 0, 1 };
}

static Fraction minus(Fraction a, Fraction b) { return fraction(a.up * b.down - b.up * a.down, a.down * b.down); }
static Fraction product(Fraction a, Fraction b)
{
    Fraction one = fraction(a.up, b.down), other = fraction(b.up, a.down);
    return (Fraction){ one.up * other.up, one.down * other.down };
}
static Fraction inverse(Fraction a) { return a.up < 0 ? (Fraction){ -a.down, -a.up } : (Fraction){ a.down, a.up }; }

#define SIDE 14

typedef struct Oracle {
    size_t   side;
    Fraction rows[SIDE][2 * SIDE + 1]; /* the equations, their right side, and what becomes their inverse */
} Oracle;

static void add(Oracle *oracle, size_t row, size_t column, Wide number)
{
    Fraction *at = &oracle->rows[row][column];
    *at = minus(*at, (Fraction){ -number, 1 });
}

static void set_up(Oracle *oracle, const SeverityProblem *problem, const SeverityFit *fit)
{
    size_t results = problem->results, judges = problem->judges;
    oracle->side = results + judges + fit->components;
    for (size_t r = 0; r < oracle->side; r++)
        for (size_t c = 0; c <= 2 * oracle->side; c++)
            oracle->rows[r][c] = (Fraction){ c == oracle->side + 1 + r, 1 };
    for (size_t i = 0; i < problem->count; i++) {
        size_t r = problem->scores[i].result, j = results + problem->scores[i].judge;
        add(oracle, r, r, 1);
        add(oracle, j, j, 1);
        add(oracle, r, j, -1);
        add(oracle, j, r, -1);
        add(oracle, r, oracle->side, problem->scores[i].score);
        add(oracle, j, oracle->side, -problem->scores[i].score);
    }
    for (size_t j = 0; j < judges; j++) {
        add(oracle, results + j, results + judges + fit->judges[j].component, 1);
        add(oracle, results + judges + fit->judges[j].component, results + j, 1);
    }
}

static void eliminate(Oracle *oracle)
{
    size_t width = 2 * oracle->side + 1;
    for (size_t c = 0; c < oracle->side; c++) {
        size_t pivot = c;
        while (!oracle->rows[pivot][c].up)
            pivot++;
        for (size_t i = 0; i < width; i++) {
            Fraction kept = oracle->rows[c][i];
            oracle->rows[c][i] = oracle->rows[pivot][i];
            oracle->rows[pivot][i] = kept;
        }
        Fraction by = inverse(oracle->rows[c][c]);
        for (size_t i = 0; i < width; i++)
            oracle->rows[c][i] = product(oracle->rows[c][i], by);
        for (size_t r = 0; r < oracle->side; r++) {
            Fraction times = oracle->rows[r][c];
            for (size_t i = 0; r != c && times.up && i < width; i++)
                oracle->rows[r][i] = minus(oracle->rows[r][i], product(times, oracle->rows[c][i]));
        }
    }
}

static int64_t rounded(Fraction f)
{
    Wide size = f.up < 0 ? -f.up : f.up, whole = (2 * size + f.down) / (2 * f.down);
    return (int64_t)(f.up < 0 ? -whole : whole);
}

static int64_t rounded_root(Fraction f)
{
    assert_true(f.down > 0);
    if (f.down <= 0) /* an analyser does not know that cmocka ends the test */
        return 0;
    Wide four = 4 * f.up / f.down, root = 0;
    while ((root + 1) * (root + 1) <= four)
        root++;
    return (int64_t)((root + 1) / 2);
}

/* The root of variance times share; within a 2^24th of a half it may have gone either way. */
static void assert_error(int64_t found, Fraction variance, Fraction share)
{
    static const Fraction less = { (1 << 24) - 1, 1 << 24 }, more = { (1 << 24) + 1, 1 << 24 };
    Fraction              exact = product(variance, share);
    if (found != rounded_root(product(exact, less)))
        assert_int_equal(found, rounded_root(product(exact, more)));
}

static void assert_exact(const SeverityProblem *problem, const SeverityFit *fit)
{
    static Oracle oracle;
    size_t        results = problem->results, side = results + problem->judges + fit->components;
    Fraction      squares = { 0, 1 };
    set_up(&oracle, problem, fit);
    eliminate(&oracle);
    for (size_t i = 0; i < problem->count; i++) {
        const SeverityScore *score = &problem->scores[i];
        Fraction             over = minus(oracle.rows[score->result][side], oracle.rows[results + score->judge][side]);
        over = minus(over, (Fraction){ score->score, 1 });
        squares = minus(squares, product(product(over, over), (Fraction){ -1, 1 }));
    }
    Fraction variance = fit->freedom ? product(squares, (Fraction){ 1, fit->freedom }) : squares;
    assert_int_equal(fit->freedom, problem->count + fit->components - results - problem->judges);
    assert_int_equal(fit->residual, fit->freedom ? rounded_root(variance) : -1);
    for (size_t r = 0; r < results; r++) {
        assert_int_equal(fit->results[r].corrected, rounded(oracle.rows[r][side]));
        if (fit->freedom)
            assert_error(fit->results[r].error, variance, oracle.rows[r][side + 1 + r]);
        else
            assert_int_equal(fit->results[r].error, -1);
    }
    for (size_t j = 0; j < problem->judges; j++) {
        size_t at = results + j;
        assert_int_equal(fit->judges[j].severity, rounded(oracle.rows[at][side]));
        if (fit->freedom)
            assert_error(fit->judges[j].error, variance, oracle.rows[at][side + 1 + at]);
        else
            assert_int_equal(fit->judges[j].error, -1);
    }
}

/* ---- against it ---- */

#define MOST 16

/* So many scores, each result and judge with one at least, the rest wherever the lot falls. */
static SeverityProblem drawn(Rng *rng, SeverityScore *scores, uint32_t values)
{
    SeverityProblem problem = { .results = 1 + rng_below(rng, 5), .judges = 1 + rng_below(rng, 4), .scores = scores };
    size_t          least = problem.results > problem.judges ? problem.results : problem.judges;
    problem.count = least + rng_below(rng, MOST - least + 1);
    for (size_t i = 0; i < problem.count; i++) {
        bool each = i < least;
        scores[i] = (SeverityScore){ (uint32_t)(each ? i % problem.results : rng_below(rng, problem.results)),
                                     (uint32_t)(each ? i % problem.judges : rng_below(rng, problem.judges)),
                                     (int32_t)rng_below(rng, values) };
    }
    return problem;
}

static void as_the_normal_equations_in_fractions(void **state)
{
    Rng    rng = rng_new();
    size_t loose = 0, unsure = 0;
    for (int round = 0; round < 3000; round++) {
        SeverityScore   scores[MOST];
        SeverityProblem problem = drawn(&rng, scores, round % 2 ? 10001 : 9);
        SeverityFit     fit;
        assert_ok(severity_fit(*state, &problem, &fit));
        assert_exact(&problem, &fit);
        loose += fit.components > 1;
        unsure += !fit.freedom;
    }
    assert_true(loose > 300 && loose < 2700 && unsure > 30);
}

/* Searle, Linear Models (1971), chapter 7: seconds beyond three minutes that two quarts of water take to boil, on four
 * stoves in three makes of pan; stoves for results, pans for judges. The residual sum of squares is 12, on 3 degrees of
 * freedom. */
static void stoves_and_pans(void **state)
{
    static const SeverityScore scores[] = { { 0, 0, 18 }, { 0, 1, 12 }, { 0, 2, 24 }, { 1, 2, 9 }, { 2, 0, 3 },
                                            { 2, 2, 15 }, { 3, 0, 6 },  { 3, 1, 3 },  { 3, 2, 18 } };
    static const int64_t       corrected[] = { 18, 1, 6, 9 }, severity[] = { 2, 6, -8 };
    const SeverityProblem      problem = { 4, 3, 9, scores };
    SeverityFit                fit;
    assert_ok(severity_fit(*state, &problem, &fit));
    assert_int_equal(fit.components, 1);
    assert_int_equal(fit.freedom, 3);
    assert_int_equal(fit.residual, 2);
    for (size_t r = 0; r < 4; r++)
        assert_int_equal(fit.results[r].corrected, corrected[r]);
    for (size_t j = 0; j < 3; j++)
        assert_int_equal(fit.judges[j].severity, severity[j]);
    assert_exact(&problem, &fit);
}

/* ---- what holds whatever the numbers ---- */

#define PANEL   7
#define RESULTS 40

/* Some judges of the panel judge each result; all hangs together. */
static SeverityProblem panel(Rng *rng, SeverityScore *scores)
{
    SeverityProblem problem = { RESULTS, PANEL, 0, scores };
    for (uint32_t r = 0; r < RESULTS; r++)
        for (uint32_t j = 0; j < PANEL; j++)
            if (j == r % PANEL || j == (r + 1) % PANEL || rng_below(rng, 2))
                scores[problem.count++] = (SeverityScore){ r, j, (int32_t)(3000 + rng_below(rng, 5000)) };
    return problem;
}

static void who_gives_everybody_more_changes_no_distance(void **state)
{
    Rng             rng = rng_new();
    SeverityScore   scores[RESULTS * PANEL];
    SeverityProblem problem = panel(&rng, scores);
    SeverityFit     before, after;
    size_t          generous = rng_below(&rng, PANEL);
    assert_ok(severity_fit(*state, &problem, &before));
    for (size_t i = 0; i < problem.count; i++)
        scores[i].score += scores[i].judge == generous ? 100 * PANEL : 0;
    assert_ok(severity_fit(*state, &problem, &after));
    for (size_t r = 0; r < RESULTS; r++) /* all rise by the seventh part that the panel's mean severity has fallen by */
        assert_int_equal(after.results[r].corrected, before.results[r].corrected + 100);
    for (size_t j = 0; j < PANEL; j++)
        assert_int_equal(after.judges[j].severity, before.judges[j].severity + 100 - (j == generous ? 100 * PANEL : 0));
    assert_int_equal(after.residual, before.residual);
}

static void where_all_have_judged_all_the_means_stay(void **state)
{
    Rng             rng = rng_new();
    SeverityScore   scores[RESULTS * PANEL];
    SeverityProblem problem = { RESULTS, PANEL, RESULTS * PANEL, scores };
    SeverityFit     fit;
    for (uint32_t i = 0; i < RESULTS * PANEL; i++)
        scores[i] = (SeverityScore){ i / PANEL, i % PANEL, (int32_t)rng_below(&rng, 10001) };
    assert_ok(severity_fit(*state, &problem, &fit));
    for (size_t r = 0; r < RESULTS; r++)
        assert_int_equal(fit.results[r].corrected, fit.results[r].mean);
}

/* Scores without an error: what is found is what they were made of, with no doubt. */
static void what_scores_are_made_of_is_found(void **state)
{
    Rng             rng = rng_new();
    SeverityScore   scores[RESULTS * PANEL];
    SeverityProblem problem = panel(&rng, scores);
    SeverityFit     fit;
    for (size_t i = 0; i < problem.count; i++) /* severities from -300 to 300 */
        scores[i].score = (int32_t)(4000 + 50 * scores[i].result + 300 - 100 * scores[i].judge);
    assert_ok(severity_fit(*state, &problem, &fit));
    assert_int_equal(fit.residual, 0);
    for (size_t r = 0; r < RESULTS; r++) {
        assert_int_equal(fit.results[r].corrected, 4000 + 50 * (int64_t)r);
        assert_int_equal(fit.results[r].error, 0);
    }
    for (size_t j = 0; j < PANEL; j++)
        assert_int_equal(fit.judges[j].severity, 100 * (int64_t)j - 300);
}

/* Two halves that nobody joins are two components, each with severities of its own; one score more joins them. */
static void what_nobody_joins_is_told(void **state)
{
    SeverityScore   scores[] = { { 0, 0, 50 }, { 0, 1, 70 }, { 2, 2, 10 }, { 1, 1, 90 }, { 2, 3, 20 }, { 1, 3, 90 } };
    SeverityProblem problem = { 3, 4, 5, scores };
    SeverityFit     fit;
    assert_ok(severity_fit(*state, &problem, &fit));
    assert_int_equal(fit.components, 2);
    assert_int_equal(fit.results[0].component, 0);
    assert_int_equal(fit.results[1].component, 0);
    assert_int_equal(fit.results[2].component, 1);
    assert_int_equal(fit.judges[3].component, 1);
    assert_int_equal(fit.judges[0].severity + fit.judges[1].severity, 0);
    assert_int_equal(fit.judges[2].severity + fit.judges[3].severity, 0);
    assert_int_equal(fit.freedom, 0);
    assert_int_equal(fit.residual, -1);
    problem.count = 6;
    assert_ok(severity_fit(*state, &problem, &fit));
    assert_int_equal(fit.components, 1);
    assert_int_equal(fit.judges[3].component, 0);
}

/* As many judges as there may be, each joined to the next by one result alone. */
static void a_long_chain_settles(void **state)
{
    enum { LINKS = SEVERITY_JUDGES_MAX - 1 };
    SeverityScore  *scores = ARENA_ARRAY(*state, SeverityScore, 2 * LINKS);
    SeverityProblem problem = { LINKS, LINKS + 1, 2 * LINKS, scores };
    SeverityFit     fit;
    for (uint32_t r = 0; r < LINKS; r++) { /* each next judge gives 10 less */
        scores[2 * r] = (SeverityScore){ r, r, (int32_t)(5000 + r % 7) };
        scores[2 * r + 1] = (SeverityScore){ r, r + 1, (int32_t)(4990 + r % 7) };
    }
    assert_ok(severity_fit(*state, &problem, &fit));
    for (size_t j = 0; j <= LINKS; j++)
        assert_int_equal(fit.judges[j].severity, 10 * (int64_t)j - 5 * LINKS);
}

static void beyond_its_bounds_it_is_refused(void **state)
{
    SeverityScore         scores[] = { { 0, 0, 5 }, { 0, 0, 6 } };
    const SeverityProblem sound = { 1, 1, 2, scores };
    SeverityProblem       wrong[4] = { sound, sound, sound, sound };
    SeverityFit           fit = { .components = 77 };
    wrong[0].results = 2; /* one that nobody judged */
    wrong[1].judges = 2;  /* one who judged nothing */
    wrong[2].judges = SEVERITY_JUDGES_MAX + 1;
    wrong[3].scores = (SeverityScore[]){ { 0, 0, 5 }, { 0, 1, 5 } };
    for (size_t i = 0; i < 4; i++)
        assert_err(severity_fit(*state, &wrong[i], &fit), ECODE_EXPR_OVERFLOW);
    for (int32_t score = -1; score <= SEVERITY_SCORE_MAX + 1; score += SEVERITY_SCORE_MAX + 2) {
        scores[1].score = score;
        assert_err(severity_fit(*state, &sound, &fit), ECODE_EXPR_OVERFLOW);
    }
    assert_int_equal(fit.components, 77);
    scores[1].score = 6;
    assert_ok(severity_fit(*state, &sound, &fit));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(as_the_normal_equations_in_fractions),
        TEST(stoves_and_pans),
        TEST(who_gives_everybody_more_changes_no_distance),
        TEST(where_all_have_judged_all_the_means_stay),
        TEST(what_scores_are_made_of_is_found),
        TEST(what_nobody_joins_is_told),
        TEST(a_long_chain_settles),
        TEST(beyond_its_bounds_it_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
