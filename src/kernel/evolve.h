/* kernel/evolve.h: a changed pack in a running city.
 *
 * Plan     compares the frozen pack with a new one and says what changes, step by step, and what stands against it. A
 *          field, state, choice, type or role that the new pack no longer has is dropped when nothing holds a value of
 *          it; otherwise it is refused unless the new pack says `was:` (renamed) or `drops:` (its data may go).
 * Apply    in one transaction: freezes the new pack under the next number, writes one event `pack` that names the
 *          steps, touches the records whose values change (defaults of new fields, renamed codes) in events of their
 *          own, and makes the tables of changed types anew from the old ones.
 * Replay   events keep the names of their day. EvolveNames leads a name of then to the name of today, or to nothing
 *          when it was dropped since; the fold and the history ask it. */
#ifndef FM_KERNEL_EVOLVE_H
#define FM_KERNEL_EVOLVE_H

#include "kernel/city.h"

typedef enum EvolveKind {
    EVOLVE_TYPE_ADD,
    EVOLVE_TYPE_RENAME,
    EVOLVE_TYPE_DROP,
    EVOLVE_FIELD_ADD,
    EVOLVE_FIELD_RENAME,
    EVOLVE_FIELD_DROP,
    EVOLVE_FIELD_CHANGE, /* kind, limits, choices: what is stored stays valid */
    EVOLVE_STATE_RENAME,
    EVOLVE_CODE_RENAME,
    EVOLVE_DEFAULT,   /* records get the default of a new field */
    EVOLVE_RULES,     /* labels, access, actions, guards, forms: nothing that is stored */
    EVOLVE_PARAMETER, /* a row added or changed */
    EVOLVE_KEPT,      /* a parameter row that was edited in the city and stays so */
    EVOLVE_KIND_COUNT
} EvolveKind;

typedef struct EvolveStep {
    EvolveKind kind;
    Str        type, name, to; /* names of before; `to`: the new one */
    int64_t    records;        /* that it touches */
    Text       text;           /* for people */
} EvolveStep;

typedef struct EvolvePlan {
    const Pack       *from, *to;
    const PackSource *source;
    EvolveStep       *steps;
    size_t            count;
} EvolvePlan;

/* ECODE_PACK_INVALID with the new pack's problems; ECODE_PACK_LOSES with one Problem for each thing that would be
 * lost, and how to say that it may. *out is filled in that case too. */
Err evolve_plan(const Ctx *ctx, const PackSource *source, EvolvePlan *out, Problems *problems) MUST_CHECK;
/* Carries it out through the writer; the city must be opened anew afterwards. */
Err evolve_apply(const Ctx *ctx, const EvolvePlan *plan) MUST_CHECK;

typedef struct EvolveNames EvolveNames;
/* What the city's pack events say about names. */
Err evolve_names(Db *db, Arena *arena, const Pack *pack, const EvolveNames **out) MUST_CHECK;
/* The type and the field of today for the names in an event of that sequence; NULL when dropped since. */
const Type  *evolve_type(const EvolveNames *names, int64_t sequence, Str type);
const Field *evolve_field(const EvolveNames *names, int64_t sequence, Str type, Str field);

#endif
