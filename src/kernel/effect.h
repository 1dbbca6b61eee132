/* kernel/effect.h: what a step works out that no expression can say: the action's `effect` in the pack.
 *
 * An effect is a function from what was read to what the record becomes. It runs while the step is prepared, after its
 * inputs and before rules and guards, and only sets fields of the record; the event holds what it gave, so that replay
 * runs none of it. On the writer it runs once more over what it gave, and must give the same: else something that it
 * read has changed, and the step is prepared anew. Its name and what it needs of the pack's types stand here, where
 * packs are checked; the function is a service's (services/effects.h), and the city is given them when it is opened.
 *
 * What an effect has worked out by an engine can be kept so that anybody can work it out again: it names engine, input
 * and result, and the computation is made with the step (kernel/computation.h), where the pack has a place for one
 * about the record. */
#ifndef FM_KERNEL_EFFECT_H
#define FM_KERNEL_EFFECT_H

#include "kernel/access.h"

struct Computed;
struct Engine;

typedef enum EffectId {
    EFFECT_NONE,
    EFFECT_FIX_POOL,     /* who takes part in the draw of a round: services/validation/draw_panel.h */
    EFFECT_DRAW_PANEL,   /* draws the experts of a round: the same */
    EFFECT_RANK_SEEDS,   /* puts the best results of a round on a list: services/validation/rank_seeds.h */
    EFFECT_SCORE_REVIEW, /* holds a review to the criteria of its round: services/validation/score_review.h */
    EFFECT_ORDER_TRIALS, /* puts the planned trials of a route in order: services/validation/order_trials.h */
    EFFECT_COUNT
} EffectId;

/* Refusals are ERR_REFUSED or ERR_INVALID, with a Problem for each. set: per field, whether the step changes it. kept:
 * empty; left so, nothing is kept. */
typedef Err (*EffectRun)(const Ctx *ctx, Record *record, bool *set, struct Computed *kept, Problems *problems);

typedef struct Effects {
    EffectRun                   run[EFFECT_COUNT];
    const struct Engine *const *engines; /* by which they work, to work their results out again */
    size_t                      engine_count;
} Effects;

typedef struct EffectField { /* what it needs */
    const char *type;        /* of this type; NULL: of the action's own */
    const char *rows;        /* a column of that field's child rows; NULL: a field */
    const char *field;
    FieldKind   kind;
    const char *target; /* of a reference; NULL: any */
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
