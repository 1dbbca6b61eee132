#include "engines/severity/severity.h"

__extension__ typedef __int128 Wide;

#define BITS     40 /* behind the point */
#define ONE      ((Wide)1 << BITS)
#define SETTLED  ((Wide)1 << (BITS - 30)) /* of a step of the refinement */
#define STEPS    40
#define HALF_GAP (ONE >> 20) /* what counts as a half */

typedef struct Fit {
    const SeverityProblem *problem;
    SeverityResult        *results;
    SeverityJudge         *judges;
    size_t                 components;
    size_t                *first;    /* scores of result r, by their place in `by`: first[r] .. first[r + 1] */
    const SeverityScore  **by;       /* scores, result by result */
    Wide                  *links;    /* judges x judges: what joins two of them, by all results that both have judged */
    Wide                  *factors;  /* judges x judges: what is left of them, divided, as each judge is eliminated */
    Wide                  *pivots;   /* per judge; 0: the last of its component */
    Wide                  *severity; /* per judge */
    Wide                  *values;   /* per result */
} Fit;

/* ---- numbers ---- */

static Wide floored(Wide number, Wide by) /* by > 0 */
{
    Wide quotient = number / by;
    return quotient - (number % by < 0);
}

static Wide divided(Wide number, Wide by) { return floored(2 * number + by, 2 * by); }

static Wide times(Wide a, Wide b) { return divided(a * b, ONE); }

static int64_t rounded(Wide number)
{
    Wide size = number < 0 ? -number : number;
    Wide whole = (size + ONE / 2 + HALF_GAP) / ONE;
    return (int64_t)(number < 0 ? -whole : whole);
}

/* The root of number, of BITS bits behind the point. */
static int64_t rounded_root(Wide number)
{
    Wide four = (4 * number + HALF_GAP) / ONE, low = 0, high = (Wide)1 << 44;
    while (low < high) {
        Wide middle = (low + high + 1) / 2;
        if (middle * middle <= four)
            low = middle;
        else
            high = middle - 1;
    }
    return (int64_t)((low + 1) / 2);
}

/* ---- what hangs together ---- */

static size_t head_of(size_t *heads, size_t at)
{
    while (heads[at] != at)
        at = heads[at] = heads[heads[at]];
    return at;
}

/* Results, then judges, by disjoint sets. */
static void find_components(Arena *arena, Fit *fit)
{
    const SeverityProblem *problem = fit->problem;
    size_t                 all = problem->results + problem->judges;
    size_t                *heads = ARENA_ARRAY(arena, size_t, all), *number = ARENA_ARRAY(arena, size_t, all);
    for (size_t i = 0; i < all; i++)
        heads[i] = i;
    for (size_t i = 0; i < problem->count; i++)
        heads[head_of(heads, problem->results + problem->scores[i].judge)] = head_of(heads, problem->scores[i].result);
    for (size_t r = 0; r < problem->results; r++) {
        size_t head = head_of(heads, r);
        if (!number[head])
            number[head] = ++fit->components;
        fit->results[r].component = (uint32_t)number[head] - 1;
    }
    for (size_t j = 0; j < problem->judges; j++)
        fit->judges[j].component = (uint32_t)number[head_of(heads, problem->results + j)] - 1;
}

static void sort_scores(Arena *arena, Fit *fit)
{
    const SeverityProblem *problem = fit->problem;
    size_t                *at = ARENA_ARRAY(arena, size_t, problem->results);
    fit->first = ARENA_ARRAY(arena, size_t, problem->results + 1);
    fit->by = ARENA_ARRAY(arena, const SeverityScore *, problem->count);
    for (size_t r = 0; r < problem->results; r++)
        at[r] = fit->first[r + 1] = fit->first[r] + fit->results[r].count;
    for (size_t i = problem->count; i-- > 0;)
        fit->by[--at[problem->scores[i].result]] = &problem->scores[i];
}

/* ---- the equations of the judges, those of the results put in: a Laplacian ---- */

static void link_judges(Fit *fit)
{
    size_t judges = fit->problem->judges;
    for (size_t r = 0; r < fit->problem->results; r++)
        for (size_t a = fit->first[r]; a < fit->first[r + 1]; a++)
            for (size_t b = fit->first[r]; b < fit->first[r + 1]; b++)
                fit->links[fit->by[a]->judge * judges + fit->by[b]->judge] += divided(ONE, fit->results[r].count);
    for (size_t j = 0; j < judges; j++)
        fit->links[j * judges + j] = 0;
}

/* Judges go one by one; what joined two of them by way of the one that goes joins them now itself. Nothing is taken
 * away from anything, so that nothing cancels; what is joined stays joined. */
static void eliminate(Arena *arena, Fit *fit)
{
    size_t judges = fit->problem->judges;
    Wide  *left = ARENA_ARRAY(arena, Wide, judges * judges);
    memcpy(left, fit->links, judges * judges * sizeof *left);
    for (size_t k = 0; k < judges; k++) {
        for (size_t i = k + 1; i < judges; i++)
            fit->pivots[k] += left[k * judges + i];
        for (size_t i = k + 1; i < judges && fit->pivots[k]; i++)
            fit->factors[k * judges + i] = divided(left[k * judges + i] * ONE, fit->pivots[k]);
        for (size_t i = k + 1; i < judges && fit->pivots[k]; i++)
            for (size_t j = k + 1; j < judges && left[k * judges + i]; j++) {
                Wide through = left[k * judges + i] * left[k * judges + j];
                if (i != j && through)
                    left[i * judges + j] += through < fit->pivots[k] ? 1 : divided(through, fit->pivots[k]);
            }
    }
}

/* Takes each component's mean from its judges. */
static void centre(const Fit *fit, Wide *values)
{
    for (size_t c = 0; c < fit->components; c++) {
        Wide sum = 0;
        Wide count = 0;
        for (size_t j = 0; j < fit->problem->judges; j++)
            if (fit->judges[j].component == c) {
                sum += values[j];
                count++;
            }
        for (size_t j = 0; j < fit->problem->judges; j++)
            if (fit->judges[j].component == c)
                values[j] -= divided(sum, count);
    }
}

/* right becomes what solves the equations with it. */
static void solve(const Fit *fit, Wide *right)
{
    size_t judges = fit->problem->judges;
    for (size_t k = 0; k < judges; k++)
        for (size_t i = k + 1; i < judges; i++)
            right[i] += times(fit->factors[k * judges + i], right[k]);
    for (size_t k = judges; k-- > 0;) {
        right[k] = fit->pivots[k] ? divided(right[k] * ONE, fit->pivots[k]) : 0;
        for (size_t i = k + 1; i < judges; i++)
            right[k] += times(fit->factors[k * judges + i], right[i]);
    }
    centre(fit, right);
}

/* What the results are worth by the severities; by how much each judge is above it in all, in `over`. */
static void measure(const Fit *fit, Wide *over)
{
    memset(over, 0, fit->problem->judges * sizeof *over);
    for (size_t r = 0; r < fit->problem->results; r++) {
        Wide sum = 0;
        for (size_t i = fit->first[r]; i < fit->first[r + 1]; i++)
            sum += fit->by[i]->score * ONE + fit->severity[fit->by[i]->judge];
        fit->values[r] = divided(sum, fit->results[r].count);
        for (size_t i = fit->first[r]; i < fit->first[r + 1]; i++) {
            const SeverityScore *score = fit->by[i];
            over[score->judge] += fit->values[r] - fit->severity[score->judge] - score->score * ONE;
        }
    }
}

static Err refine(Arena *arena, const Fit *fit)
{
    Wide *step = ARENA_ARRAY(arena, Wide, fit->problem->judges);
    bool  settled = false;
    for (int i = 0; i < STEPS && !settled; i++) {
        settled = true;
        measure(fit, step);
        solve(fit, step);
        for (size_t j = 0; j < fit->problem->judges; j++) {
            settled = settled && step[j] < SETTLED && step[j] > -SETTLED;
            fit->severity[j] += step[j];
        }
    }
    measure(fit, step);
    return settled ? ERR_OK : err_make(ECODE_EXPR_OVERFLOW, "severities that do not settle");
}

/* ---- how sure it is ---- */

/* The variance of one error, BITS behind the point. Of least squares it is stationary in what was fitted: where that is
 * off by 2^-30, the sum of squares is by its square, so that residuals are taken in full. */
static Wide variance_of(const Fit *fit, int64_t freedom)
{
    Wide squares = 0;
    for (size_t i = 0; i < fit->problem->count; i++) {
        const SeverityScore *score = &fit->problem->scores[i];
        Wide                 over = fit->values[score->result] - fit->severity[score->judge] - score->score * ONE;
        squares += divided(over * over, (Wide)1 << 24);
    }
    return divided(squares, (Wide)freedom << (BITS - 24));
}

/* variance times share, and its root. share: BITS behind the point. */
static int64_t error_of(Wide variance, Wide share)
{
    return rounded_root(divided(variance * divided(share, 256), (Wide)1 << (BITS - 8)));
}

/* Covariances of the severities, of errors of variance 1: a column per judge. */
static Wide *covariances(Arena *arena, const Fit *fit)
{
    size_t judges = fit->problem->judges;
    Wide  *all = ARENA_ARRAY(arena, Wide, judges * judges);
    for (size_t k = 0; k < judges; k++) {
        all[k * judges + k] = ONE;
        centre(fit, &all[k * judges]);
        solve(fit, &all[k * judges]);
    }
    return all;
}

static void put_errors(Arena *arena, const Fit *fit, Wide variance)
{
    size_t      judges = fit->problem->judges;
    const Wide *covariance = covariances(arena, fit);
    for (size_t j = 0; j < judges; j++)
        fit->judges[j].error = error_of(variance, covariance[j * judges + j]);
    for (size_t r = 0; r < fit->problem->results; r++) {
        Wide sum = 0, count = fit->results[r].count;
        for (size_t a = fit->first[r]; a < fit->first[r + 1]; a++)
            for (size_t b = fit->first[r]; b < fit->first[r + 1]; b++)
                sum += covariance[fit->by[a]->judge * judges + fit->by[b]->judge];
        fit->results[r].error = error_of(variance, divided(ONE, count) + divided(sum, count * count));
    }
}

/* ---- all of it ---- */

static bool is_sound(const SeverityProblem *problem)
{
    bool sound = problem->judges <= SEVERITY_JUDGES_MAX && problem->count <= SEVERITY_COUNT_MAX &&
                 problem->results <= problem->count;
    for (size_t i = 0; sound && i < problem->count; i++) {
        const SeverityScore *score = &problem->scores[i];
        sound = score->result < problem->results && score->judge < problem->judges && score->score >= 0 &&
                score->score <= SEVERITY_SCORE_MAX;
    }
    return sound;
}

static Fit fit_new(Arena *arena, const SeverityProblem *problem)
{
    size_t judges = problem->judges;
    return (Fit){ .problem = problem,
                  .results = ARENA_ARRAY(arena, SeverityResult, problem->results),
                  .judges = ARENA_ARRAY(arena, SeverityJudge, judges),
                  .links = ARENA_ARRAY(arena, Wide, judges * judges),
                  .factors = ARENA_ARRAY(arena, Wide, judges * judges),
                  .pivots = ARENA_ARRAY(arena, Wide, judges),
                  .severity = ARENA_ARRAY(arena, Wide, judges),
                  .values = ARENA_ARRAY(arena, Wide, problem->results) };
}

/* Counts and sums; false where one has no score. */
static bool count_scores(const Fit *fit)
{
    bool all = true;
    for (size_t i = 0; i < fit->problem->count; i++) {
        const SeverityScore *score = &fit->problem->scores[i];
        fit->results[score->result].count++;
        fit->results[score->result].mean += score->score;
        fit->judges[score->judge].count++;
    }
    for (size_t r = 0; r < fit->problem->results; r++)
        all = all && fit->results[r].count;
    for (size_t j = 0; j < fit->problem->judges; j++)
        all = all && fit->judges[j].count;
    return all;
}

static void conclude(Arena *arena, const Fit *fit, SeverityFit *out)
{
    const SeverityProblem *problem = fit->problem;
    int64_t                freedom = (int64_t)(problem->count + fit->components) - (int64_t)problem->results;
    freedom -= (int64_t)problem->judges;
    *out = (SeverityFit){ .results = fit->results,
                          .judges = fit->judges,
                          .components = fit->components,
                          .freedom = freedom,
                          .residual = -1 };
    for (size_t r = 0; r < problem->results; r++) {
        SeverityResult *result = &fit->results[r];
        int64_t         count = result->count;
        result->mean = (2 * result->mean + count) / (2 * count);
        result->corrected = rounded(fit->values[r]);
        result->error = -1;
    }
    for (size_t j = 0; j < problem->judges; j++) {
        fit->judges[j].severity = rounded(fit->severity[j]);
        fit->judges[j].error = -1;
    }
    if (freedom <= 0)
        return;
    Wide variance = variance_of(fit, freedom);
    out->residual = rounded_root(variance);
    put_errors(arena, fit, variance);
}

Err severity_fit(Arena *arena, const SeverityProblem *problem, SeverityFit *out)
{
    if (!is_sound(problem))
        return err_make(ECODE_EXPR_OVERFLOW, "severities beyond their bounds");
    Fit fit = fit_new(arena, problem);
    if (!count_scores(&fit))
        return err_make(ECODE_EXPR_OVERFLOW, "a judge or a result without a score");
    find_components(arena, &fit);
    sort_scores(arena, &fit);
    link_judges(&fit);
    eliminate(arena, &fit);
    TRY(refine(arena, &fit));
    conclude(arena, &fit, out);
    return ERR_OK;
}
