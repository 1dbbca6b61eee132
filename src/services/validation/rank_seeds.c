#include "services/validation/rank_seeds.h"

#include "base/limits.h"
#include "engines/rank/rank.h"
#include "kernel/effect.h"
#include "kernel/find.h"
#include "kernel/rows.h"
#include "services/validation/screening.h"

#include <stdlib.h>

typedef struct Sheet {     /* of one review */
    Str     result, judge; /* judge empty: not told */
    int64_t total;         /* in hundredths */
    int32_t points[RANK_CRITERIA_MAX];
} Sheet;

typedef struct Ranking {
    const Ctx   *ctx;
    const Type  *review;
    const Field *reviewer; /* NULL: the pack has none */
    int32_t      weights[RANK_CRITERIA_MAX];
    size_t       criteria; /* 0: what the reviews say of each cannot be told */
    Str          seed, aggregation;
    Sheet       *sheets; /* as the reviews, by their ids */
    size_t       count, capacity;
    Str         *results; /* each once, by their ids */
    size_t       result_count;
} Ranking;

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

static Err read_points(Ranking *ranking, const Record *review, Sheet *sheet)
{
    const Field *scores = type_field(review->type, STR("scores"));
    Record      *rows;
    size_t       count;
    TRY(rows_read(ranking->ctx->arena, scores, NULL, review->values[scores->index], &rows, &count));
    if (count != ranking->criteria)
        ranking->criteria = 0;
    for (size_t i = 0; i < ranking->criteria; i++) {
        sheet->points[i] = number_in(&rows[i], "score", 1000);
        if (sheet->points[i] < 0)
            ranking->criteria = 0;
    }
    return ERR_OK;
}

static Err add_review(Ranking *ranking, const Record *review)
{
    Value   total = of(review, "total"), result = of(review, "result"), judge = VALUE_NONE;
    Decimal hundredths;
    if (result.kind == VALUE_MISSING || total.kind != VALUE_DECIMAL ||
        !decimal_round((Decimal){ total.number, total.scale }, SCREENING_DIGITS, &hundredths))
        return ERR_OK;
    if (ranking->reviewer)
        judge = review->values[ranking->reviewer->index];
    ARENA_ROOM(ranking->ctx->arena, ranking->sheets, ranking->count, ranking->capacity);
    Sheet *sheet = &ranking->sheets[ranking->count++];
    *sheet = (Sheet){ .result = result.text, .judge = judge.text, .total = hundredths.units };
    return ranking->criteria ? read_points(ranking, review, sheet) : ERR_OK;
}

static bool has(const Type *type, const char *rows, const char *name, FieldKind kind)
{
    const Field *field = rows ? type_field(type, str_from(rows)) : NULL;
    if (rows)
        type = field && field->kind == FIELD_ROWS ? field->rows : NULL;
    field = type ? type_field(type, str_from(name)) : NULL;
    return field && field->kind == kind;
}

/* Results that an upheld objection to a list of the round names are left out; a pack may know no objections. */
static Str reviews_filter(const Ranking *ranking, Str round)
{
    Arena      *arena = ranking->ctx->arena;
    const Type *objection = pack_type(ranking->ctx->city->pack, STR("objection"));
    Str         filter = str_printf(arena, "screening_round = '%.*s' and state = 'submitted'", STR_FMT(round));
    if (!objection || !has(objection, NULL, "result", FIELD_REFERENCE) ||
        !has(objection, NULL, "seed_list", FIELD_REFERENCE))
        return filter;
    return str_printf(
        arena, "%.*s and not any(result.objection where state = 'upheld' and seed_list.screening_round = '%.*s')",
        STR_FMT(filter), STR_FMT(round));
}

static Err read_reviews(Ranking *ranking, Str round)
{
    Found    found = { .next = STR_NONE };
    Problems problems = { .arena = ranking->ctx->arena };
    Str      filter = reviews_filter(ranking, round);
    do {
        Query query = { .filter = filter, .sort = STR("id"), .limit = LIMIT_LIST_ROWS, .cursor = found.next };
        TRY(find(ranking->ctx, ranking->review, &query, &found, &problems));
        for (size_t i = 0; i < found.count; i++)
            TRY(add_review(ranking, &found.records[i]));
    } while (found.next.len);
    return ERR_OK;
}

/* A city whose pack is older has no place for it. */
static bool wants_firmness(const Ranking *ranking, const Type *list, const Type *round)
{
    return has(list, "items", "acceptability", FIELD_DECIMAL) && has(list, NULL, "worlds", FIELD_INTEGER) &&
           has(round, NULL, "seed", FIELD_TEXT) && has(round, "criteria", "weight", FIELD_INTEGER) &&
           has(ranking->review, "scores", "score", FIELD_INTEGER);
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

/* By which rule; a pack that has no place for it, or for what comes of it, ranks by the mean. */
static void read_rule(Ranking *ranking, const Record *list, const Record *round)
{
    bool asked = has(round->type, NULL, "aggregation", FIELD_CHOICE) &&
                 has(list->type, NULL, "ranked_by", FIELD_CHOICE);
    Value rule = asked ? of(round, "aggregation") : VALUE_NONE;
    ranking->aggregation = rule.kind == VALUE_MISSING ? STR("mean") : rule.text;
    ranking->reviewer = has(ranking->review, NULL, "reviewer", FIELD_REFERENCE)
                            ? type_field(ranking->review, STR("reviewer"))
                            : NULL;
}

/* How many it has places for. */
static size_t places_of(const Record *round)
{
    Value places = of(round, "places");
    bool  fit = places.kind == VALUE_INTEGER && places.number > 0 && places.number < LIMIT_ROWS;
    return fit ? (size_t)places.number : LIMIT_ROWS;
}

/* ---- the engine's input ---- */

static int by_text(const void *left, const void *right) { return str_cmp(*(const Str *)left, *(const Str *)right); }

static void name_results(Ranking *ranking)
{
    ranking->results = ARENA_ARRAY(ranking->ctx->arena, Str, ranking->count);
    for (size_t i = 0; i < ranking->count; i++)
        ranking->results[i] = ranking->sheets[i].result;
    qsort(ranking->results, ranking->count, sizeof(Str), by_text);
    for (size_t i = 0; i < ranking->count; i++)
        if (!i || !str_eq(ranking->results[i], ranking->results[ranking->result_count - 1]))
            ranking->results[ranking->result_count++] = ranking->results[i];
}

static int64_t number_of(const Ranking *ranking, Str result)
{
    const Str *found = bsearch(&result, ranking->results, ranking->result_count, sizeof(Str), by_text);
    return found - ranking->results;
}

/* A number for each judge as they come first; by nothing that their records tell. */
typedef struct Judges {
    Str   *all;
    size_t count;
    bool   told; /* of each review */
} Judges;

static int64_t judge_number(Judges *judges, Str judge)
{
    size_t i = 0;
    while (i < judges->count && !str_eq(judges->all[i], judge))
        i++;
    if (i == judges->count)
        judges->all[judges->count++] = judge;
    return (int64_t)i;
}

static Json *sheet_json(const Ranking *ranking, const Sheet *sheet, Judges *judges)
{
    Arena *arena = ranking->ctx->arena;
    Json  *json = json_array(arena);
    json_push(json, json_number(arena, number_of(ranking, sheet->result)));
    json_push(json, json_number(arena, judges->told ? judge_number(judges, sheet->judge) : 0));
    json_push(json, json_number(arena, sheet->total));
    for (size_t c = 0; c < ranking->criteria; c++)
        json_push(json, json_number(arena, sheet->points[c]));
    return json;
}

static Json *input_json(const Ranking *ranking, size_t places)
{
    Arena *arena = ranking->ctx->arena;
    Json  *input = json_object(arena), *sheets = json_array(arena);
    Judges judges = { .all = ARENA_ARRAY(arena, Str, ranking->count), .told = true };
    json_set_str(arena, input, STR("aggregation"), ranking->aggregation);
    json_set_int(arena, input, STR("places"), (int64_t)places);
    json_set_str(arena, input, STR("seed"), ranking->seed);
    Json *weights = json_set(input, STR("weights"), json_array(arena));
    for (size_t c = 0; c < ranking->criteria; c++)
        json_push(weights, json_number(arena, ranking->weights[c]));
    Json *results = json_set(input, STR("results"), json_array(arena));
    for (size_t r = 0; r < ranking->result_count; r++)
        json_push(results, json_string(arena, ranking->results[r]));
    for (size_t i = 0; i < ranking->count; i++)
        judges.told = judges.told && ranking->sheets[i].judge.len;
    for (size_t i = 0; i < ranking->count; i++)
        json_push(sheets, sheet_json(ranking, &ranking->sheets[i], &judges));
    json_set_int(arena, input, STR("judges"), (int64_t)judges.count);
    json_set(input, STR("sheets"), sheets);
    return input;
}

/* ---- writing ---- */

typedef struct List {
    const Ctx  *ctx;
    Record     *record;
    bool       *set;
    const Json *result; /* the engine's */
} List;

static int64_t int_in(const Json *json, const char *name)
{
    int64_t number = 0;
    json_int(json_get(json, str_from(name)), &number);
    return number;
}

/* Where the row has such a column. */
static void put(Record *row, const char *column, Value value)
{
    const Field *field = type_field(row->type, str_from(column));
    if (field)
        row->values[field->index] = value;
}

static void put_decimal(Record *row, const char *column, const Json *number)
{
    Decimal decimal;
    if (decimal_parse(json_text(number), &decimal))
        put(row, column, value_decimal(decimal));
}

/* Tenths of a per cent, half away from zero. */
static Value share(int64_t within, int64_t worlds)
{
    return value_decimal((Decimal){ (2000 * within + worlds) / (2 * worlds), 1 });
}

static void write_row(const List *list, const Json *item, Record *row)
{
    Str  ranked_by = json_text(json_get(list->result, STR("ranked_by")));
    bool by_mean = str_starts(ranked_by, STR("mean"));
    put(row, "place", value_int(int_in(item, "place")));
    put(row, "result", value_id(json_text(json_get(item, STR("result")))));
    put(row, "reviews", value_int(int_in(item, "reviews")));
    put_decimal(row, "mean", json_get(item, STR("mean")));
    if (int_in(item, "reviews") >= SCREENING_REVIEWS)
        put_decimal(row, "spread", json_get(item, STR("spread")));
    if (!by_mean)
        put_decimal(row, "ranked_score", json_get(item, STR("score")));
    if (str_eq(ranked_by, STR("corrected_mean")))
        put_decimal(row, "error", json_get(item, STR("error")));
    if (json_get(list->result, STR("worlds")))
        put(row, "acceptability", share(int_in(item, "within"), int_in(list->result, "worlds")));
}

static void write_list(const List *list, size_t most)
{
    Arena       *arena = list->ctx->arena;
    const Type  *type = list->record->type;
    const Field *items = type_field(type, STR("items")), *ranked_by = type_field(type, STR("ranked_by"));
    const Json  *worlds = json_get(list->result, STR("worlds"));
    Record      *rows = ARENA_ARRAY(arena, Record, most);
    size_t       count = 0;
    JSON_EACH(item, json_get(list->result, STR("results"))) {
        if (count == most)
            break;
        rows[count] = (Record){ .type = items->rows, .values = ARENA_ARRAY(arena, Value, items->rows->field_count) };
        write_row(list, item, &rows[count++]);
    }
    effect_set(list->record, list->set, items, rows_value(arena, items, rows, count));
    if (worlds)
        effect_set(list->record, list->set, type_field(type, STR("worlds")), value_int(int_in(list->result, "worlds")));
    if (ranked_by)
        effect_set(list->record, list->set, ranked_by, value_text(json_text(json_get(list->result, STR("ranked_by")))));
}

Err rank_seeds(const Ctx *ctx, Record *list, bool *set, Computed *kept, Problems *problems)
{
    const Pack *pack = ctx->city->pack;
    Ranking     ranking = { .ctx = ctx, .review = pack_type(pack, STR("review")) };
    Record      found;
    Json       *result;
    Value       round = of(list, "screening_round");
    if (round.kind == VALUE_MISSING)
        return err_make(ECODE_INTERNAL, "a list without a round");
    TRY(find_one(ctx, pack_type(pack, STR("screening_round")), round.text, &found));
    if (wants_firmness(&ranking, list->type, found.type))
        TRY(read_rubric(&ranking, &found));
    read_rule(&ranking, list, &found);
    TRY(read_reviews(&ranking, round.text));
    if (!ranking.count) {
        PROBLEM(problems, ECODE_SCREENING_UNSCORED, STR("screening_round"), STR_NONE);
        return err_make(ECODE_ACTION_REFUSED, "no review");
    }
    name_results(&ranking);
    Json *input = input_json(&ranking, places_of(&found));
    TRY(engine_screening.run(ctx->arena, pack, input, NULL, &result));
    write_list(&(List){ ctx, list, set, result }, places_of(&found));
    *kept = (Computed){ .engine = &engine_screening, .input = input, .result = result, .seed = ranking.seed };
    return ERR_OK;
}
