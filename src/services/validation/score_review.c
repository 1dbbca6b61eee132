#include "services/validation/score_review.h"

#include "kernel/effect.h"
#include "kernel/find.h"
#include "kernel/rows.h"

typedef struct Sheet {
    Arena       *arena;
    const Field *scores;
    Record      *given, *rows; /* as the reviewer gives them; a row for each criterion */
    size_t       given_count, count;
} Sheet;

static Value *at(Record *record, const char *field)
{
    return &record->values[type_field(record->type, str_from(field))->index];
}

/* The round of the review's result; *found is false when it is in none. */
static Err read_round(const Ctx *ctx, Record *review, Record *round, bool *found, Problems *problems)
{
    const Pack *pack = ctx->city->pack;
    Record      result;
    Value       reference = *at(review, "result");
    *found = false;
    if (reference.kind == VALUE_MISSING)
        return ERR_OK;
    Err err = find_one(ctx, pack_type(pack, STR("result")), reference.text, &result);
    if (err.kind == ERR_UNSEEN) { /* with a conflict one sees it no more */
        PROBLEM(problems, ECODE_ACTION_CLAUSE_HIDDEN, STR_NONE, STR_NONE);
        return err_make(ECODE_ACTION_REFUSED, "unseen");
    }
    TRY(err);
    Value id = *at(&result, "screening_round");
    if (id.kind == VALUE_MISSING)
        return ERR_OK;
    TRY(find_one(ctx, pack_type(pack, STR("screening_round")), id.text, round));
    *found = true;
    return ERR_OK;
}

static void add_criterion(Sheet *sheet, Record *criterion)
{
    Record *row = &sheet->rows[sheet->count++];
    *row = (Record){ .type = sheet->scores->rows,
                     .values = ARENA_ARRAY(sheet->arena, Value, sheet->scores->rows->field_count) };
    *at(row, "criterion") = *at(criterion, "criterion");
    *at(row, "weight") = *at(criterion, "weight");
}

/* Of several criteria of one name the first that has no score yet. */
static Record *row_of(const Sheet *sheet, Value criterion)
{
    Record *found = NULL;
    for (size_t i = 0; i < sheet->count; i++) {
        Record *row = &sheet->rows[i];
        if (value_eq(*at(row, "criterion"), criterion) && (!found || at(found, "score")->kind != VALUE_MISSING))
            found = row;
    }
    return found;
}

/* The scores that were given go to their criteria. */
static Err take_scores(Sheet *sheet, Problems *problems)
{
    size_t before = problems->count;
    for (size_t i = 0; i < sheet->given_count; i++) {
        Value   criterion = *at(&sheet->given[i], "criterion"), score = *at(&sheet->given[i], "score");
        Record *row = row_of(sheet, criterion);
        if (!row && (criterion.kind != VALUE_MISSING || score.kind != VALUE_MISSING))
            PROBLEM(problems, ECODE_SCREENING_CRITERION, STR("scores"), STR_NONE,
                    ARG("criterion", criterion.kind == VALUE_MISSING ? STR("—") : criterion.text));
        else if (row && at(row, "score")->kind != VALUE_MISSING)
            PROBLEM(problems, ECODE_SCREENING_TWICE, STR("scores"), STR_NONE, ARG("criterion", criterion.text));
        else if (row)
            *at(row, "score") = score;
    }
    return problems->count == before ? ERR_OK : err_make(ECODE_RECORD_INVALID, "scores");
}

/* Weights are whole per cents, so that hundredths are exact. */
static Value total_of(const Sheet *sheet)
{
    int64_t hundredths = 0;
    for (size_t i = 0; i < sheet->count; i++) {
        Value score = *at(&sheet->rows[i], "score"), weight = *at(&sheet->rows[i], "weight");
        if (score.kind != VALUE_INTEGER || weight.kind != VALUE_INTEGER)
            return VALUE_NONE;
        hundredths += score.number * weight.number;
    }
    return sheet->count ? value_decimal((Decimal){ hundredths, 2 }) : VALUE_NONE;
}

Err score_review(const Ctx *ctx, Record *review, bool *set, Computed *kept, Problems *problems)
{
    Record round, *criteria;
    size_t count;
    bool   found;
    (void)kept;
    TRY(read_round(ctx, review, &round, &found, problems));
    if (!found)
        return ERR_OK;
    Sheet        sheet = { .arena = ctx->arena, .scores = type_field(review->type, STR("scores")) };
    const Field *rubric = type_field(round.type, STR("criteria"));
    TRY(rows_read(ctx->arena, rubric, NULL, round.values[rubric->index], &criteria, &count));
    TRY(rows_read(ctx->arena, sheet.scores, NULL, *at(review, "scores"), &sheet.given, &sheet.given_count));
    sheet.rows = ARENA_ARRAY(ctx->arena, Record, count);
    for (size_t i = 0; i < count; i++)
        add_criterion(&sheet, &criteria[i]);
    TRY(take_scores(&sheet, problems));
    effect_set(review, set, type_field(review->type, STR("screening_round")), value_id(record_id(&round)));
    effect_set(review, set, sheet.scores, rows_value(ctx->arena, sheet.scores, sheet.rows, sheet.count));
    effect_set(review, set, type_field(review->type, STR("total")), total_of(&sheet));
    return ERR_OK;
}
