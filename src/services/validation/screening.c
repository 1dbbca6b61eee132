#include "services/validation/screening.h"

#include "base/limits.h"
#include "engines/rank/rank.h"
#include "engines/severity/severity.h"

#include <stdlib.h>

#define TOTAL_MOST   1000000 /* in hundredths */
#define REVIEWS_MOST 1000    /* of one result: four times the squares of so many totals, times so many, are 62 bits */
#define POINTS_MOST  1000    /* of one criterion */

#define SPREAD       20 /* per cent by which a weight could have been another */
#define WORLDS_MOST  4000
#define WORLDS_LEAST 200
#define DRAWS_MOST   4000000 /* of sheets, in all worlds */

typedef struct Score { /* of one result; totals in hundredths */
    Str     id;
    size_t  result; /* its number */
    int64_t reviews, sum, squares;
    int64_t mean, spread; /* spread -1: of a single review */
    int64_t score;
} Score;

typedef struct Sheet {
    size_t   result, judge;
    int64_t  total;
    int32_t *points; /* per criterion */
} Sheet;

typedef struct Screen {
    Arena      *arena;
    Str         aggregation, seed, ranked_by;
    RankRule    rule;
    size_t      places, criteria, results, judges, count;
    int32_t     weights[RANK_CRITERIA_MAX];
    Sheet      *sheets;
    Score      *scores; /* by number, then by place */
    SeverityFit fit;    /* results NULL: not fitted */
    size_t     *firsts; /* per place: where its totals or sheets begin */
    uint32_t   *within; /* per place; NULL: not worked out */
    size_t      worlds;
} Screen;

/* ---- reading ---- */

static Err not_there(const char *what) { return err_make(ECODE_COMPUTATION_INPUT, "no %s", what); }

static bool size_in(const Json *value, size_t most, size_t *out)
{
    int64_t number;
    bool    good = value && json_int(value, &number) && number >= 0 && (uint64_t)number <= most;
    *out = good ? (size_t)number : 0;
    return good;
}

static Err read_weights(Screen *screen, const Json *weights)
{
    size_t weight;
    if (!weights || weights->count > RANK_CRITERIA_MAX)
        return not_there("weights");
    JSON_EACH(one, weights) {
        if (!size_in(one, RANK_WEIGHT_MAX, &weight))
            return not_there("weight");
        screen->weights[screen->criteria++] = (int32_t)weight;
    }
    return ERR_OK;
}

static Err read_results(Screen *screen, const Json *results)
{
    if (!results || !results->count)
        return not_there("results");
    screen->scores = ARENA_ARRAY(screen->arena, Score, results->count);
    JSON_EACH(one, results) {
        if (one->kind != JSON_STRING)
            return not_there("result");
        screen->scores[screen->results] = (Score){ .id = one->text, .result = screen->results };
        screen->results++;
    }
    return ERR_OK;
}

static Err read_sheet(Screen *screen, const Json *json, Sheet *out)
{
    const Json *at = json->first;
    size_t      total, points;
    bool        good = json->kind == JSON_ARRAY && json->count == 3 + screen->criteria;
    good = good && size_in(at, screen->results - 1, &out->result) &&
           size_in(at->next, screen->judges ? screen->judges - 1 : 0, &out->judge) &&
           size_in(at->next->next, TOTAL_MOST, &total);
    if (!good)
        return not_there("sheet");
    out->total = (int64_t)total;
    out->points = ARENA_ARRAY(screen->arena, int32_t, screen->criteria);
    at = at->next->next->next;
    for (size_t c = 0; c < screen->criteria; c++, at = at->next) {
        if (!size_in(at, POINTS_MOST, &points))
            return not_there("points");
        out->points[c] = (int32_t)points;
    }
    return ERR_OK;
}

static Err read_input(Screen *screen, const Json *input)
{
    static const Str rules[] = { STR_INIT("mean"), STR_INIT("trimmed_mean"), STR_INIT("median"),
                                 STR_INIT("corrected_mean") };
    const Json      *sheets = json_get(input, STR("sheets"));
    bool             known = false;
    screen->aggregation = json_text(json_get(input, STR("aggregation")));
    screen->seed = json_text(json_get(input, STR("seed")));
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        known = known || str_eq(rules[i], screen->aggregation);
    if (!known || !sheets || !size_in(json_get(input, STR("places")), LIMIT_ROWS, &screen->places) ||
        !size_in(json_get(input, STR("judges")), sheets->count, &screen->judges))
        return not_there("rule, places, judges or sheets");
    TRY(read_weights(screen, json_get(input, STR("weights"))));
    TRY(read_results(screen, json_get(input, STR("results"))));
    screen->sheets = ARENA_ARRAY(screen->arena, Sheet, sheets->count);
    JSON_EACH(one, sheets)
        TRY(read_sheet(screen, one, &screen->sheets[screen->count++]));
    return ERR_OK;
}

/* ---- statistics, exact ---- */

static int64_t root(int64_t number) /* floor of the square root */
{
    int64_t low = 0, high = 3037000499; /* whose square is the last of 63 bits */
    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2;
        if (middle <= number / middle)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static int64_t mean_of(int64_t sum, int64_t count) { return count ? (2 * sum + count) / (2 * count) : 0; }

static Err add_up(const Screen *screen)
{
    for (size_t i = 0; i < screen->count; i++) {
        const Sheet *sheet = &screen->sheets[i];
        Score       *score = &screen->scores[sheet->result];
        if (++score->reviews > REVIEWS_MOST)
            return err_make(ECODE_EXPR_OVERFLOW, "too many reviews of one result");
        score->sum += sheet->total;
        score->squares += sheet->total * sheet->total;
    }
    for (size_t r = 0; r < screen->results; r++) {
        Score  *score = &screen->scores[r];
        int64_t n = score->reviews;
        if (!n)
            return not_there("review");
        score->mean = mean_of(score->sum, n);
        score->spread = -1;
        if (n > 1)
            score->spread = (root(4 * (n * score->squares - score->sum * score->sum) / (n * (n - 1))) + 1) / 2;
    }
    return ERR_OK;
}

static int by_size(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Of so many totals, which it sorts. */
static int64_t middle_of(int64_t *totals, size_t count, RankRule rule)
{
    size_t  from = 0, to = count;
    int64_t sum = 0;
    qsort(totals, count, sizeof *totals, by_size);
    if (rule == RANK_BY_TRIMMED_MEAN && count >= 3)
        from = 1, to = count - 1;
    if (rule == RANK_BY_MEDIAN)
        from = (count - 1) / 2, to = count / 2 + 1;
    for (size_t i = from; i < to; i++)
        sum += totals[i];
    return mean_of(sum, (int64_t)(to - from));
}

static void find_middles(Screen *screen)
{
    int64_t *totals = ARENA_ARRAY(screen->arena, int64_t, screen->count);
    size_t  *ends = ARENA_ARRAY(screen->arena, size_t, screen->results + 1);
    for (size_t r = 0; r < screen->results; r++)
        ends[r + 1] = ends[r] + (size_t)screen->scores[r].reviews;
    size_t *at = ARENA_ARRAY(screen->arena, size_t, screen->results);
    memcpy(at, ends, screen->results * sizeof *at);
    for (size_t i = 0; i < screen->count; i++)
        totals[at[screen->sheets[i].result]++] = screen->sheets[i].total;
    for (size_t r = 0; r < screen->results; r++)
        screen->scores[r].score = middle_of(&totals[ends[r]], ends[r + 1] - ends[r], screen->rule);
}

/* ---- severity ---- */

/* By the totals, or by the points of a criterion in hundredths. */
static Err fit_scores(const Screen *screen, bool totals, size_t criterion, SeverityFit *out)
{
    SeverityScore  *scores = ARENA_ARRAY(screen->arena, SeverityScore, screen->count);
    SeverityProblem problem = { screen->results, screen->judges, screen->count, scores };
    for (size_t i = 0; i < screen->count; i++) {
        const Sheet *sheet = &screen->sheets[i];
        int64_t      score = totals ? sheet->total : (int64_t)sheet->points[criterion] * 100;
        scores[i] = (SeverityScore){ (uint32_t)sheet->result, (uint32_t)sheet->judge, (int32_t)score };
    }
    return severity_fit(screen->arena, &problem, out);
}

static Str why_not(const Screen *screen)
{
    bool few = screen->judges < SCREENING_JUDGES;
    for (size_t r = 0; r < screen->results; r++)
        few = few || screen->scores[r].reviews < SCREENING_REVIEWS;
    return !screen->judges              ? STR("mean_untold")
           : !screen->fit.results       ? STR("mean_many")
           : screen->fit.components > 1 ? STR("mean_unconnected")
           : few                        ? STR("mean_few")
                                        : STR_NONE;
}

/* What ranks, and by which rule. */
static void choose(Screen *screen)
{
    bool corrected = str_eq(screen->aggregation, STR("corrected_mean"));
    Str  bar = corrected ? why_not(screen) : STR_NONE;
    screen->ranked_by = bar.len ? bar : screen->aggregation;
    screen->rule = str_eq(screen->aggregation, STR("trimmed_mean")) ? RANK_BY_TRIMMED_MEAN
                   : str_eq(screen->aggregation, STR("median"))     ? RANK_BY_MEDIAN
                                                                    : RANK_BY_MEAN;
    find_middles(screen);
    for (size_t r = 0; r < screen->results && corrected && !bar.len; r++)
        screen->scores[r].score = screen->fit.results[r].corrected;
}

static Err fit_judges(Screen *screen)
{
    bool fits = screen->judges > 0 && screen->judges <= SEVERITY_JUDGES_MAX && screen->count <= SEVERITY_COUNT_MAX;
    return fits ? fit_scores(screen, true, 0, &screen->fit) : ERR_OK;
}

/* ---- the order ---- */

static int by_rank(const void *left, const void *right)
{
    const Score *a = left, *b = right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->spread != b->spread) /* of a single review nobody knows how far others would be */
        return b->spread < 0 || (a->spread >= 0 && a->spread < b->spread) ? -1 : 1;
    return str_cmp(a->id, b->id);
}

/* Points of the sheets by place, each result's in the order of the sheets. */
static size_t *put_points(Screen *screen, int32_t *points)
{
    size_t *places = ARENA_ARRAY(screen->arena, size_t, screen->results);
    size_t *at = ARENA_ARRAY(screen->arena, size_t, screen->results);
    size_t *sheets = ARENA_ARRAY(screen->arena, size_t, screen->count); /* where each stands now */
    screen->firsts = ARENA_ARRAY(screen->arena, size_t, screen->results + 1);
    for (size_t i = 0; i < screen->results; i++) {
        places[screen->scores[i].result] = i;
        screen->firsts[i + 1] = screen->firsts[i] + (size_t)screen->scores[i].reviews;
    }
    memcpy(at, screen->firsts, screen->results * sizeof *at);
    for (size_t i = 0; i < screen->count; i++) {
        sheets[i] = at[places[screen->sheets[i].result]]++;
        memcpy(&points[sheets[i] * screen->criteria], screen->sheets[i].points, screen->criteria * sizeof *points);
    }
    return sheets;
}

/* In hundredths, each with the severity of its judge; the least of all is 0, which changes no order. */
static Err correct_points(const Screen *screen, const size_t *sheets, int32_t *points)
{
    int32_t least = INT32_MAX;
    for (size_t c = 0; c < screen->criteria; c++) {
        SeverityFit fit;
        TRY(fit_scores(screen, false, c, &fit));
        for (size_t i = 0; i < screen->count; i++) {
            int32_t *at = &points[sheets[i] * screen->criteria + c];
            *at = *at * 100 + (int32_t)fit.judges[screen->sheets[i].judge].severity;
            least = *at < least ? *at : least;
        }
    }
    for (size_t i = 0; i < screen->count * screen->criteria; i++)
        points[i] -= least;
    return ERR_OK;
}

static Err ask_worlds(Screen *screen)
{
    if (!screen->criteria || screen->count > RANK_JUDGEMENTS_MAX)
        return ERR_OK;
    int32_t    *points = ARENA_ARRAY(screen->arena, int32_t, screen->count * screen->criteria);
    uint32_t   *counts = ARENA_ARRAY(screen->arena, uint32_t, screen->results * 2);
    size_t     *sheets = put_points(screen, points), worlds = DRAWS_MOST / screen->count;
    RankProblem problem = { .alternatives = screen->results,
                            .criteria = screen->criteria,
                            .weights = screen->weights,
                            .firsts = screen->firsts,
                            .scores = points,
                            .spread = SPREAD,
                            .worlds = worlds > WORLDS_MOST    ? WORLDS_MOST
                                      : worlds < WORLDS_LEAST ? WORLDS_LEAST
                                                              : worlds,
                            .seed = screen->seed,
                            .bands = &screen->places,
                            .band_count = 1,
                            .rule = screen->rule };
    if (str_eq(screen->ranked_by, STR("corrected_mean")))
        TRY(correct_points(screen, sheets, points));
    TRY(rank_worlds(&problem, counts));
    screen->within = ARENA_ARRAY(screen->arena, uint32_t, screen->results);
    screen->worlds = problem.worlds;
    for (size_t i = 0; i < screen->results; i++)
        screen->within[i] = counts[2 * i];
    return ERR_OK;
}

/* ---- telling it ---- */

static void set_number(Arena *arena, Json *json, const char *name, int64_t hundredths)
{
    json_set_str(arena, json, str_from(name), decimal_text(arena, (Decimal){ hundredths, SCREENING_DIGITS }));
}

static Json *judges_json(const Screen *screen)
{
    Arena *arena = screen->arena;
    Json  *list = json_array(arena);
    for (size_t j = 0; j < screen->judges; j++) {
        const SeverityJudge *judge = &screen->fit.judges[j];
        Json                *json = json_push(list, json_object(arena));
        json_set_int(arena, json, STR("judge"), (int64_t)j);
        json_set_int(arena, json, STR("reviews"), judge->count);
        json_set_int(arena, json, STR("component"), judge->component);
        set_number(arena, json, "severity", judge->severity);
        if (judge->error >= 0)
            set_number(arena, json, "error", judge->error);
    }
    return list;
}

static Json *result_json(const Screen *screen, size_t place)
{
    Arena       *arena = screen->arena;
    const Score *score = &screen->scores[place];
    Json        *json = json_object(arena);
    json_set_int(arena, json, STR("place"), (int64_t)place + 1);
    json_set_str(arena, json, STR("result"), score->id);
    json_set_int(arena, json, STR("reviews"), score->reviews);
    set_number(arena, json, "mean", score->mean);
    if (score->spread >= 0)
        set_number(arena, json, "spread", score->spread);
    set_number(arena, json, "score", score->score);
    if (screen->fit.results) {
        const SeverityResult *fitted = &screen->fit.results[score->result];
        json_set_int(arena, json, STR("component"), fitted->component);
        set_number(arena, json, "corrected", fitted->corrected);
        if (fitted->error >= 0)
            set_number(arena, json, "error", fitted->error);
    }
    if (screen->within)
        json_set_int(arena, json, STR("within"), screen->within[place]);
    return json;
}

static Json *screen_json(const Screen *screen)
{
    Arena *arena = screen->arena;
    Json  *json = json_object(arena);
    json_set_str(arena, json, STR("ranked_by"), screen->ranked_by);
    if (screen->fit.results) {
        json_set_int(arena, json, STR("components"), (int64_t)screen->fit.components);
        json_set_int(arena, json, STR("freedom"), screen->fit.freedom);
        if (screen->fit.residual >= 0)
            set_number(arena, json, "residual", screen->fit.residual);
        json_set(json, STR("judges"), judges_json(screen));
    }
    if (screen->within)
        json_set_int(arena, json, STR("worlds"), (int64_t)screen->worlds);
    Json *list = json_set(json, STR("results"), json_array(arena));
    for (size_t i = 0; i < screen->results; i++)
        json_push(list, result_json(screen, i));
    return json;
}

static Err run_screening(Arena *arena, const Pack *pack, const Json *input, const Json *parameters, Json **out)
{
    Screen screen = { .arena = arena };
    (void)pack;
    (void)parameters;
    TRY(read_input(&screen, input));
    TRY(add_up(&screen));
    TRY(fit_judges(&screen));
    choose(&screen);
    qsort(screen.scores, screen.results, sizeof *screen.scores, by_rank);
    TRY(ask_worlds(&screen));
    *out = screen_json(&screen);
    return ERR_OK;
}

const Engine engine_screening = { STR_INIT("screening"), 1, run_screening };
