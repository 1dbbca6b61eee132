#include "kernel/effect.h"

static const EffectField draw_panel[] = {
    { STR_INIT("seed"), FIELD_TEXT, NULL },        { STR_INIT("seats"), FIELD_ROWS, "group places" },
    { STR_INIT("pool"), FIELD_LONG_TEXT, NULL },   { STR_INIT("drawn"), FIELD_ROWS, "place expert group key" },
    { STR_INIT("panel"), FIELD_REFERENCES, NULL },
};
static const EffectField rank_seeds[] = {
    { STR_INIT("screening_round"), FIELD_REFERENCE, NULL },
    { STR_INIT("items"), FIELD_ROWS, "place result reviews mean spread" },
};
static const EffectField score_review[] = {
    { STR_INIT("result"), FIELD_REFERENCE, NULL },
    { STR_INIT("screening_round"), FIELD_REFERENCE, NULL },
    { STR_INIT("scores"), FIELD_ROWS, "criterion weight score" },
    { STR_INIT("total"), FIELD_DECIMAL, NULL },
};

#define FIELDS(list) list, sizeof(list) / sizeof *(list)

const EffectRow effect_rows[EFFECT_COUNT] = {
    [EFFECT_NONE] = { STR_INIT(""), NULL, 0 },
    [EFFECT_DRAW_PANEL] = { STR_INIT("draw_panel"), FIELDS(draw_panel) },
    [EFFECT_RANK_SEEDS] = { STR_INIT("rank_seeds"), FIELDS(rank_seeds) },
    [EFFECT_SCORE_REVIEW] = { STR_INIT("score_review"), FIELDS(score_review) },
};

void effect_set(Record *record, bool *set, const Field *field, Value value)
{
    if (value_eq(record->values[field->index], value))
        return;
    record->values[field->index] = value;
    set[field->index] = true;
}
