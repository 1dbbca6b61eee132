#include "engines/rank/rank.h"

#include "base/arena.h"

#include <stdlib.h>

#define PART_BITS 16 /* of a mean, behind the point */

/* ---- the generator ---- */

static uint64_t next(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static size_t below(uint64_t *state, size_t n) { return (size_t)(((next(state) >> 32) * n) >> 32); }

static uint64_t begin(Arena *arena, Str seed)
{
    Hash     hash = sha256(str_printf(arena, "firstmile worlds 1\n%.*s\n", STR_FMT(seed)));
    uint64_t state = 0;
    for (int i = 0; i < 8; i++)
        state = state << 8 | hash.bytes[i];
    return state;
}

/* ---- a world ---- */

typedef struct Ranked {
    int64_t mean;
    size_t  alternative;
} Ranked;

static int by_mean(const void *left, const void *right)
{
    const Ranked *a = left, *b = right;
    if (a->mean != b->mean)
        return a->mean > b->mean ? -1 : 1;
    return a->alternative < b->alternative ? -1 : 1;
}

typedef struct World {
    const RankProblem *problem;
    uint64_t           state;
    int64_t           *sums;  /* weighted, per judgement */
    int64_t           *drawn; /* those of one alternative */
    Ranked            *ranked;
} World;

static void weigh(World *world)
{
    const RankProblem *problem = world->problem;
    int64_t            weights[RANK_CRITERIA_MAX];
    size_t             judgements = problem->firsts[problem->alternatives], most = 2 * (size_t)problem->spread + 1;
    for (size_t c = 0; c < problem->criteria; c++)
        weights[c] = problem->weights[c] * (100 - problem->spread + (int64_t)below(&world->state, most));
    for (size_t j = 0; j < judgements; j++) {
        const int32_t *scores = &problem->scores[j * problem->criteria];
        int64_t        sum = 0;
        for (size_t c = 0; c < problem->criteria; c++)
            sum += weights[c] * scores[c];
        world->sums[j] = sum;
    }
}

static int by_size(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Of the n that were drawn. */
static int64_t value_of(const World *world, size_t n)
{
    size_t  from = 0, to = n;
    int64_t sum = 0;
    if (world->problem->rule != RANK_BY_MEAN)
        qsort(world->drawn, n, sizeof *world->drawn, by_size);
    if (world->problem->rule == RANK_BY_TRIMMED_MEAN && n >= 3)
        from = 1, to = n - 1;
    if (world->problem->rule == RANK_BY_MEDIAN && n)
        from = (n - 1) / 2, to = n / 2 + 1;
    for (size_t k = from; k < to; k++)
        sum += world->drawn[k];
    return to > from ? (sum << PART_BITS) / (int64_t)(to - from) : 0;
}

static void rank(World *world)
{
    const RankProblem *problem = world->problem;
    for (size_t a = 0; a < problem->alternatives; a++) {
        size_t first = problem->firsts[a], n = problem->firsts[a + 1] - first;
        for (size_t k = 0; k < n; k++)
            world->drawn[k] = world->sums[first + below(&world->state, n)];
        world->ranked[a] = (Ranked){ value_of(world, n), a };
    }
    qsort(world->ranked, problem->alternatives, sizeof *world->ranked, by_mean);
}

static void count(const World *world, uint32_t *counts)
{
    const RankProblem *problem = world->problem;
    size_t             band = 0;
    for (size_t i = 0; i < problem->alternatives; i++) {
        while (band < problem->band_count && i >= problem->bands[band])
            band++;
        counts[world->ranked[i].alternative * (problem->band_count + 1) + band]++;
    }
}

/* ---- all of them ---- */

#define ONES_MAX 8192 /* judgements of an alternative */

/* Is a sum, in 65,536th parts, of 63 bits? */
static bool sums_fit(const RankProblem *problem, size_t judgements)
{
    __extension__ typedef unsigned __int128 Wide;
    Wide                                    weights = 0, score = 0, ones = 0;
    for (size_t c = 0; c < problem->criteria; c++)
        weights += (Wide)problem->weights[c] * (unsigned)(100 + problem->spread);
    for (size_t s = 0; s < judgements * problem->criteria; s++)
        score = (Wide)problem->scores[s] > score ? (Wide)problem->scores[s] : score;
    for (size_t a = 0; a < problem->alternatives; a++)
        ones = problem->firsts[a + 1] - problem->firsts[a] > ones ? problem->firsts[a + 1] - problem->firsts[a] : ones;
    return weights * score * ones << PART_BITS <= INT64_MAX;
}

static bool is_sound(const RankProblem *problem)
{
    size_t judgements = problem->firsts[problem->alternatives];
    bool   sound = problem->criteria > 0 && problem->criteria <= RANK_CRITERIA_MAX && problem->spread >= 0 &&
                 problem->spread <= 100 && problem->band_count <= RANK_BANDS_MAX && problem->firsts[0] == 0 &&
                 judgements <= RANK_JUDGEMENTS_MAX;
    for (size_t a = 0; sound && a < problem->alternatives; a++)
        sound = problem->firsts[a + 1] > problem->firsts[a] && problem->firsts[a + 1] - problem->firsts[a] <= ONES_MAX;
    for (size_t c = 0; sound && c < problem->criteria; c++)
        sound = problem->weights[c] >= 0 && problem->weights[c] <= RANK_WEIGHT_MAX;
    for (size_t s = 0; sound && s < judgements * problem->criteria; s++)
        sound = problem->scores[s] >= 0 && problem->scores[s] <= RANK_SCORE_MAX;
    for (size_t b = 1; sound && b < problem->band_count; b++)
        sound = problem->bands[b] > problem->bands[b - 1];
    return sound && sums_fit(problem, judgements);
}

Err rank_worlds(const RankProblem *problem, uint32_t *counts)
{
    OWNED(arena) Arena *arena = arena_new();
    memset(counts, 0, problem->alternatives * (problem->band_count + 1) * sizeof *counts);
    if (!is_sound(problem))
        return err_make(ECODE_EXPR_OVERFLOW, "a ranking beyond its bounds");
    World world = { .problem = problem,
                    .state = begin(arena, problem->seed),
                    .sums = ARENA_ARRAY(arena, int64_t, problem->firsts[problem->alternatives]),
                    .drawn = ARENA_ARRAY(arena, int64_t, ONES_MAX),
                    .ranked = ARENA_ARRAY(arena, Ranked, problem->alternatives) };
    for (size_t i = 0; problem->alternatives && i < problem->worlds; i++) {
        weigh(&world);
        rank(&world);
        count(&world, counts);
    }
    return ERR_OK;
}
