#include "kernel/effect.h"

static const EffectField fix_pool[] = {
    { NULL, NULL, "pool", FIELD_LONG_TEXT, NULL },
    { NULL, "seats", "group", FIELD_CHOICE, NULL },
    { NULL, "seats", "places", FIELD_INTEGER, NULL },
    { "expert", NULL, "person", FIELD_REFERENCE, "person" },
    { "expert", NULL, "organisation", FIELD_REFERENCE, "organisation" },
    { "expert", NULL, "group", FIELD_CHOICE, NULL },
    { "conflict", NULL, "person", FIELD_REFERENCE, "person" },
    { "conflict", NULL, "organisation", FIELD_REFERENCE, "organisation" },
};
static const EffectField draw_panel[] = {
    { NULL, NULL, "seed", FIELD_TEXT, NULL },
    { NULL, NULL, "pool", FIELD_LONG_TEXT, NULL },
    { NULL, "seats", "group", FIELD_CHOICE, NULL },
    { NULL, "seats", "places", FIELD_INTEGER, NULL },
    { NULL, "drawn", "place", FIELD_INTEGER, NULL },
    { NULL, "drawn", "expert", FIELD_REFERENCE, "expert" },
    { NULL, "drawn", "group", FIELD_CHOICE, NULL },
    { NULL, NULL, "panel", FIELD_REFERENCES, "person" },
    { "expert", NULL, "person", FIELD_REFERENCE, "person" },
    { "expert", NULL, "group", FIELD_CHOICE, NULL },
};
static const EffectField rank_seeds[] = {
    { NULL, NULL, "screening_round", FIELD_REFERENCE, "screening_round" },
    { NULL, "items", "place", FIELD_INTEGER, NULL },
    { NULL, "items", "result", FIELD_REFERENCE, "result" },
    { NULL, "items", "reviews", FIELD_INTEGER, NULL },
    { NULL, "items", "mean", FIELD_DECIMAL, NULL },
    { NULL, "items", "spread", FIELD_DECIMAL, NULL },
    { "screening_round", NULL, "places", FIELD_INTEGER, NULL },
    { "review", NULL, "screening_round", FIELD_REFERENCE, "screening_round" },
    { "review", NULL, "result", FIELD_REFERENCE, "result" },
    { "review", NULL, "total", FIELD_DECIMAL, NULL },
};
static const EffectField score_review[] = {
    { NULL, NULL, "result", FIELD_REFERENCE, "result" },
    { NULL, NULL, "screening_round", FIELD_REFERENCE, "screening_round" },
    { NULL, "scores", "criterion", FIELD_TEXT, NULL },
    { NULL, "scores", "weight", FIELD_INTEGER, NULL },
    { NULL, "scores", "score", FIELD_INTEGER, NULL },
    { NULL, NULL, "total", FIELD_DECIMAL, NULL },
    { "result", NULL, "screening_round", FIELD_REFERENCE, "screening_round" },
    { "screening_round", "criteria", "criterion", FIELD_TEXT, NULL },
    { "screening_round", "criteria", "weight", FIELD_INTEGER, NULL },
};

static const EffectField order_trials[] = {
    { NULL, "trial_order", "place", FIELD_INTEGER, NULL },
    { NULL, "trial_order", "trial", FIELD_REFERENCE, "trial" },
    { NULL, "trial_order", "cost", FIELD_MONEY, NULL },
    { NULL, "trial_order", "chance", FIELD_INTEGER, NULL },
    { NULL, "trial_order", "reach", FIELD_DECIMAL, NULL },
    { NULL, "trial_order", "so_far", FIELD_DECIMAL, NULL },
    { NULL, "trial_order", "decides", FIELD_BOOLEAN, NULL },
    { NULL, NULL, "order_expected", FIELD_MONEY, NULL },
    { NULL, NULL, "order_entered", FIELD_MONEY, NULL },
    { NULL, NULL, "order_whole", FIELD_MONEY, NULL },
    { NULL, NULL, "order_kept", FIELD_INTEGER, NULL },
    { NULL, NULL, "order_worlds", FIELD_INTEGER, NULL },
    { NULL, NULL, "ordered_on", FIELD_DATE, NULL },
    { "trial", NULL, "technical_route", FIELD_REFERENCE, "technical_route" },
    { "trial", NULL, "planned_cost", FIELD_MONEY, NULL },
    { "trial", NULL, "failure_chance", FIELD_INTEGER, NULL },
    { "trial", NULL, "after", FIELD_REFERENCES, "trial" },
};

#define FIELDS(list) list, sizeof(list) / sizeof *(list)

const EffectRow effect_rows[EFFECT_COUNT] = {
    [EFFECT_NONE] = { STR_INIT(""), NULL, 0 },
    [EFFECT_FIX_POOL] = { STR_INIT("fix_pool"), FIELDS(fix_pool) },
    [EFFECT_DRAW_PANEL] = { STR_INIT("draw_panel"), FIELDS(draw_panel) },
    [EFFECT_RANK_SEEDS] = { STR_INIT("rank_seeds"), FIELDS(rank_seeds) },
    [EFFECT_SCORE_REVIEW] = { STR_INIT("score_review"), FIELDS(score_review) },
    [EFFECT_ORDER_TRIALS] = { STR_INIT("order_trials"), FIELDS(order_trials) },
};

void effect_set(Record *record, bool *set, const Field *field, Value value)
{
    if (value_eq(record->values[field->index], value))
        return;
    record->values[field->index] = value;
    set[field->index] = true;
}
