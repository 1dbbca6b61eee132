/* kernel/effect.h: what a step works out that no expression can say: the action's `effect` in the pack.
 *
 * An effect is a function from what was read to what the record becomes. It runs while the step is prepared, after its
 * inputs and before rules and guards, over what the actor sees, and only sets fields of the record; the event holds
 * what it gave, so that replay runs none of it. Its name and the fields that it needs stand here, where packs are
 * checked; the function is a service's (services/effects.h), and the city is given them when it is opened. */
#ifndef FM_KERNEL_EFFECT_H
#define FM_KERNEL_EFFECT_H

#include "kernel/access.h"

typedef enum EffectId {
    EFFECT_NONE,
    EFFECT_DRAW_PANEL,   /* draws the experts of a round: services/validation/draw_panel.h */
    EFFECT_RANK_SEEDS,   /* puts the best results of a round on a list: services/validation/rank_seeds.h */
    EFFECT_SCORE_REVIEW, /* holds a review to the criteria of its round: services/validation/score_review.h */
    EFFECT_COUNT
} EffectId;

/* Refusals are ERR_REFUSED or ERR_INVALID, with a Problem for each. set: per field, whether the step changes it. */
typedef Err (*EffectRun)(const Ctx *ctx, Record *record, bool *set, Problems *problems);

typedef struct Effects {
    EffectRun run[EFFECT_COUNT];
} Effects;

typedef struct EffectField { /* what the type of the action must have */
    Str         field;
    FieldKind   kind;
    const char *columns; /* of child rows: names with blanks between */
} EffectField;

typedef struct EffectRow {
    Str                name;
    const EffectField *fields;
    size_t             field_count;
} EffectRow;

extern const EffectRow effect_rows[EFFECT_COUNT];

/* Sets the field to the value, where it is another. For effects. */
void effect_set(Record *record, bool *set, const Field *field, Value value);

#endif
