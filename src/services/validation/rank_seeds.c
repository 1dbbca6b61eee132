#include "services/validation/rank_seeds.h"

#include "base/limits.h"
#include "kernel/find.h"
#include "kernel/rows.h"

#include <stdlib.h>

#define DIGITS       2       /* behind the point of totals, means and spreads */
#define TOTAL_MOST   1000000 /* in hundredths */
#define REVIEWS_MOST 1000    /* of one result: four times the squares of so many totals, times so many, are 62 bits */

typedef struct Score { /* of one result; totals in hundredths */
    Str     result;
    int64_t reviews, sum, squares;
    int64_t mean, spread; /* spread -1: of a single review */
} Score;

typedef struct Ranking {
    const Ctx *ctx;
    Score     *scores;
    size_t     count, capacity;
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
    ranking->scores[ranking->count++] = (Score){ result.text, 1, hundredths.units, hundredths.units * hundredths.units,
                                                 0,           0 };
    return ERR_OK;
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

/* ---- writing ---- */

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
    }
    effect_set(list, set, items, rows_value(arena, items, rows, count));
}

/* How many the round has places for. */
static Err places_of(const Ctx *ctx, Str round, size_t *out)
{
    Record found;
    *out = LIMIT_ROWS;
    TRY(find_one(ctx, pack_type(ctx->city->pack, STR("screening_round")), round, &found));
    Value places = of(&found, "places");
    if (places.kind == VALUE_INTEGER && places.number >= 0 && (size_t)places.number < *out)
        *out = (size_t)places.number;
    return ERR_OK;
}

Err rank_seeds(const Ctx *ctx, Record *list, bool *set, Problems *problems)
{
    Ranking ranking = { .ctx = ctx };
    size_t  places;
    Value   round = of(list, "screening_round");
    if (round.kind == VALUE_MISSING)
        return err_make(ECODE_INTERNAL, "a list without a round");
    TRY(places_of(ctx, round.text, &places));
    TRY(read_reviews(&ranking, round.text));
    if (!ranking.count) {
        PROBLEM(problems, ECODE_SCREENING_UNSCORED, STR("screening_round"), STR_NONE);
        return err_make(ECODE_ACTION_REFUSED, "no review");
    }
    TRY(join(&ranking));
    write_items(&ranking, ranking.count < places ? ranking.count : places, list, set);
    return ERR_OK;
}
