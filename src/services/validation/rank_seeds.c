#include "services/validation/rank_seeds.h"

#include "base/limits.h"
#include "engines/rank/rank.h"
#include "kernel/find.h"
#include "kernel/rows.h"

#include <stdlib.h>

#define DIGITS       2       /* behind the point of totals, means and spreads */
#define TOTAL_MOST   1000000 /* in hundredths */
#define REVIEWS_MOST 1000    /* of one result: four times the squares of so many totals, times so many, are 62 bits */

#define SPREAD       20 /* per cent by which a weight could have been another */
#define WORLDS_MOST  4000
#define WORLDS_LEAST 200
#define DRAWS_MOST   4000000 /* of reviews, in all worlds */

typedef struct Score { /* of one result; totals in hundredths */
    Str     result;
    int64_t reviews, sum, squares;
    int64_t mean, spread; /* spread -1: of a single review */
    size_t  rank;
} Score;

typedef struct Sheet { /* of one review */
    Str     result;
    int32_t scores[RANK_CRITERIA_MAX];
} Sheet;

typedef struct Ranking {
    const Ctx *ctx;
    Score     *scores;
    size_t     count, capacity;
    int32_t    weights[RANK_CRITERIA_MAX];
    size_t     criteria; /* 0: what the reviews say of each cannot be told */
    Str        seed;
    Sheet     *sheets; /* as the reviews, by their ids */
    size_t     sheet_count, sheet_capacity;
    uint32_t  *within; /* per result, in the order of the ranking; NULL: not worked out */
    size_t     worlds;
} Ranking;

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

static void conclude(Score *score)
{
    int64_t n = score->reviews;
    score->mean = (2 * score->sum + n) / (2 * n);
    score->spread = -1;
    if (n < 2)
        return;
    int64_t numerator = n * score->squares - score->sum * score->sum, denominator = n * (n - 1);
    score->spread = (root(4 * numerator / denominator) + 1) / 2;
}

static int by_result(const void *left, const void *right)
{
    return str_cmp(((const Score *)left)->result, ((const Score *)right)->result);
}

static int by_rank(const void *left, const void *right)
{
    const Score *a = left, *b = right;
    if (a->mean != b->mean)
        return a->mean > b->mean ? -1 : 1;
    if (a->spread != b->spread) /* of a single review nobody knows how far others would be */
        return b->spread < 0 || (a->spread >= 0 && a->spread < b->spread) ? -1 : 1;
    return by_result(left, right);
}

/* ---- reading ---- */

static Value of(const Record *record, const char *field)
{
    return record->values[type_field(record->type, str_from(field))->index];
}

/* The whole number in a row's column; -1 where there is none that the engine takes. */
static int32_t number_in(const Record *row, const char *column, int32_t most)
{
    Value value = of(row, column);
    return value.kind == VALUE_INTEGER && value.number >= 0 && value.number <= most ? (int32_t)value.number : -1;
}

static Err add_sheet(Ranking *ranking, const Record *review, Str result)
{
    const Field *scores = type_field(review->type, STR("scores"));
    Record      *rows;
    size_t       count;
    TRY(rows_read(ranking->ctx->arena, scores, NULL, review->values[scores->index], &rows, &count));
    ARENA_ROOM(ranking->ctx->arena, ranking->sheets, ranking->sheet_count, ranking->sheet_capacity);
    Sheet *sheet = &ranking->sheets[ranking->sheet_count++];
    *sheet = (Sheet){ .result = result };
    if (count != ranking->criteria)
        ranking->criteria = 0;
    for (size_t i = 0; i < ranking->criteria; i++) {
        sheet->scores[i] = number_in(&rows[i], "score", RANK_SCORE_MAX);
        if (sheet->scores[i] < 0)
            ranking->criteria = 0;
    }
    return ERR_OK;
}

static Err add_review(Ranking *ranking, const Record *review)
{
    Value   total = of(review, "total"), result = of(review, "result");
    Decimal hundredths;
    if (result.kind == VALUE_MISSING || total.kind != VALUE_DECIMAL ||
        !decimal_round((Decimal){ total.number, total.scale }, DIGITS, &hundredths))
        return ERR_OK;
    if (hundredths.units < 0 || hundredths.units > TOTAL_MOST)
        return err_make(ECODE_EXPR_OVERFLOW, "a total is no score");
    ARENA_ROOM(ranking->ctx->arena, ranking->scores, ranking->count, ranking->capacity);
    ranking->scores[ranking->count++] = (Score){
        .result = result.text, .reviews = 1, .sum = hundredths.units, .squares = hundredths.units * hundredths.units
    };
    return ranking->criteria ? add_sheet(ranking, review, result.text) : ERR_OK;
}

static Err read_reviews(Ranking *ranking, Str round)
{
    const Type *review = pack_type(ranking->ctx->city->pack, STR("review"));
    Found       found = { .next = STR_NONE };
    Problems    problems = { .arena = ranking->ctx->arena };
    Str filter = str_printf(ranking->ctx->arena, "screening_round = '%.*s' and state = 'submitted'", STR_FMT(round));
    do {
        Query query = { .filter = filter, .sort = STR("id"), .limit = LIMIT_LIST_ROWS, .cursor = found.next };
        TRY(find(ranking->ctx, review, &query, &found, &problems));
        for (size_t i = 0; i < found.count; i++)
            TRY(add_review(ranking, &found.records[i]));
    } while (found.next.len);
    return ERR_OK;
}

/* Those of one result as one. */
static Err join(Ranking *ranking)
{
    size_t joined = 0;
    if (ranking->count)
        qsort(ranking->scores, ranking->count, sizeof *ranking->scores, by_result);
    for (size_t i = 0; i < ranking->count; i++) {
        const Score *score = &ranking->scores[i];
        if (joined && str_eq(ranking->scores[joined - 1].result, score->result)) {
            Score *last = &ranking->scores[joined - 1];
            if (++last->reviews > REVIEWS_MOST)
                return err_make(ECODE_EXPR_OVERFLOW, "too many reviews of one result");
            last->sum += score->sum;
            last->squares += score->squares;
        } else {
            ranking->scores[joined++] = *score;
        }
    }
    ranking->count = joined;
    for (size_t i = 0; i < joined; i++)
        conclude(&ranking->scores[i]);
    if (joined)
        qsort(ranking->scores, joined, sizeof *ranking->scores, by_rank);
    return ERR_OK;
}

/* ---- how firm it is ---- */

static bool has(const Type *type, const char *rows, const char *name, FieldKind kind)
{
    const Field *field = rows ? type_field(type, str_from(rows)) : NULL;
    if (rows)
        type = field && field->kind == FIELD_ROWS ? field->rows : NULL;
    field = type ? type_field(type, str_from(name)) : NULL;
    return field && field->kind == kind;
}

/* A city whose pack is older has no place for it. */
static bool wants_firmness(const Ranking *ranking, const Type *list, const Type *round)
{
    const Type *review = pack_type(ranking->ctx->city->pack, STR("review"));
    return has(list, "items", "acceptability", FIELD_DECIMAL) && has(list, NULL, "worlds", FIELD_INTEGER) &&
           has(round, NULL, "seed", FIELD_TEXT) && has(round, "criteria", "weight", FIELD_INTEGER) &&
           has(review, "scores", "score", FIELD_INTEGER);
}

/* The seed and the weights of the round. */
static Err read_rubric(Ranking *ranking, const Record *round)
{
    const Field *criteria = type_field(round->type, STR("criteria"));
    Value        seed = of(round, "seed");
    Record      *rows;
    size_t       count;
    TRY(rows_read(ranking->ctx->arena, criteria, NULL, round->values[criteria->index], &rows, &count));
    ranking->seed = seed.kind == VALUE_TEXT ? seed.text : STR_NONE;
    ranking->criteria = seed.kind == VALUE_TEXT && count <= RANK_CRITERIA_MAX ? count : 0;
    for (size_t i = 0; i < ranking->criteria; i++) {
        ranking->weights[i] = number_in(&rows[i], "weight", RANK_WEIGHT_MAX);
        if (ranking->weights[i] < 0)
            ranking->criteria = 0;
    }
    return ERR_OK;
}

static int by_name(const void *left, const void *right)
{
    return str_cmp((*(Score *const *)left)->result, (*(Score *const *)right)->result);
}

static int named(const void *name, const void *score)
{
    return str_cmp(*(const Str *)name, (*(Score *const *)score)->result);
}

/* Sheets in the order of the ranking, each result's together. */
static void put_sheets(const Ranking *ranking, size_t *firsts, int32_t *scores)
{
    Arena  *arena = ranking->ctx->arena;
    Score **names = ARENA_ARRAY(arena, Score *, ranking->count);
    size_t *at = ARENA_ARRAY(arena, size_t, ranking->count);
    for (size_t i = 0; i < ranking->count; i++) {
        names[i] = &ranking->scores[i];
        names[i]->rank = i;
        firsts[i + 1] = firsts[i] + (size_t)ranking->scores[i].reviews;
    }
    qsort(names, ranking->count, sizeof(Score *), by_name);
    for (size_t i = 0; i < ranking->count; i++)
        at[i] = firsts[i];
    for (size_t i = 0; i < ranking->sheet_count; i++) {
        const Sheet *sheet = &ranking->sheets[i];
        Score      **found = bsearch(&sheet->result, names, ranking->count, sizeof(Score *), named);
        memcpy(&scores[at[(*found)->rank]++ * ranking->criteria], sheet->scores, ranking->criteria * sizeof *scores);
    }
}

static Err work_out(Ranking *ranking, size_t places)
{
    Arena *arena = ranking->ctx->arena;
    if (!ranking->criteria || ranking->sheet_count > RANK_JUDGEMENTS_MAX)
        return ERR_OK;
    size_t     *firsts = ARENA_ARRAY(arena, size_t, ranking->count + 1);
    int32_t    *scores = ARENA_ARRAY(arena, int32_t, ranking->sheet_count * ranking->criteria);
    uint32_t   *counts = ARENA_ARRAY(arena, uint32_t, ranking->count * 2);
    size_t      worlds = DRAWS_MOST / ranking->sheet_count;
    RankProblem problem = { .alternatives = ranking->count,
                            .criteria = ranking->criteria,
                            .weights = ranking->weights,
                            .firsts = firsts,
                            .scores = scores,
                            .spread = SPREAD,
                            .worlds = worlds > WORLDS_MOST    ? WORLDS_MOST
                                      : worlds < WORLDS_LEAST ? WORLDS_LEAST
                                                              : worlds,
                            .seed = ranking->seed,
                            .bands = &places,
                            .band_count = 1 };
    put_sheets(ranking, firsts, scores);
    TRY(rank_worlds(&problem, counts));
    ranking->within = ARENA_ARRAY(arena, uint32_t, ranking->count);
    ranking->worlds = problem.worlds;
    for (size_t i = 0; i < ranking->count; i++)
        ranking->within[i] = counts[2 * i];
    return ERR_OK;
}

/* ---- writing ---- */

/* Tenths of a per cent, half away from zero. */
static Value share(const Ranking *ranking, size_t i)
{
    int64_t worlds = (int64_t)ranking->worlds, tenths = (2000 * (int64_t)ranking->within[i] + worlds) / (2 * worlds);
    return value_decimal((Decimal){ tenths, 1 });
}

static void put(Record *row, const char *column, Value value)
{
    row->values[type_field(row->type, str_from(column))->index] = value;
}

static void write_items(const Ranking *ranking, size_t count, Record *list, bool *set)
{
    Arena       *arena = ranking->ctx->arena;
    const Field *items = type_field(list->type, STR("items"));
    Record      *rows = ARENA_ARRAY(arena, Record, count);
    for (size_t i = 0; i < count; i++) {
        const Score *score = &ranking->scores[i];
        rows[i] = (Record){ .type = items->rows, .values = ARENA_ARRAY(arena, Value, items->rows->field_count) };
        put(&rows[i], "place", value_int((int64_t)i + 1));
        put(&rows[i], "result", value_id(score->result));
        put(&rows[i], "reviews", value_int(score->reviews));
        put(&rows[i], "mean", value_decimal((Decimal){ score->mean, DIGITS }));
        if (score->spread >= 0)
            put(&rows[i], "spread", value_decimal((Decimal){ score->spread, DIGITS }));
        if (ranking->within)
            put(&rows[i], "acceptability", share(ranking, i));
    }
    effect_set(list, set, items, rows_value(arena, items, rows, count));
    if (ranking->within)
        effect_set(list, set, type_field(list->type, STR("worlds")), value_int((int64_t)ranking->worlds));
}

/* How many it has places for. */
static size_t places_of(const Record *round)
{
    Value places = of(round, "places");
    bool  fit = places.kind == VALUE_INTEGER && places.number > 0 && places.number < LIMIT_ROWS;
    return fit ? (size_t)places.number : LIMIT_ROWS;
}

Err rank_seeds(const Ctx *ctx, Record *list, bool *set, Problems *problems)
{
    Ranking ranking = { .ctx = ctx };
    Record  found;
    Value   round = of(list, "screening_round");
    if (round.kind == VALUE_MISSING)
        return err_make(ECODE_INTERNAL, "a list without a round");
    TRY(find_one(ctx, pack_type(ctx->city->pack, STR("screening_round")), round.text, &found));
    if (wants_firmness(&ranking, list->type, found.type))
        TRY(read_rubric(&ranking, &found));
    TRY(read_reviews(&ranking, round.text));
    if (!ranking.count) {
        PROBLEM(problems, ECODE_SCREENING_UNSCORED, STR("screening_round"), STR_NONE);
        return err_make(ECODE_ACTION_REFUSED, "no review");
    }
    TRY(join(&ranking));
    size_t places = places_of(&found);
    TRY(work_out(&ranking, places));
    write_items(&ranking, ranking.count < places ? ranking.count : places, list, set);
    return ERR_OK;
}
