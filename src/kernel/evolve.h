/* kernel/evolve.h: a changed pack in a running city.
 *
 * Plan     compares the frozen pack with a new one and says what changes, step by step, and what stands against it. A
 *          field, state, choice, type or role that the new pack no longer has is dropped when nothing holds a value of
 *          it; otherwise it is refused unless the new pack says `was:` (renamed) or `drops:` (its data may go). A
 *          `was:` that the frozen pack says already has been carried out, and counts no more.
 * Apply    in one transaction: freezes the new pack under the next number, writes one event `pack` that names the
 *          steps, makes the tables of changed types anew from the old ones (the others stay, with the indexes that the
 *          rights of today want), and touches the records whose values change (defaults of new fields, renamed codes,
 *          converted kinds, days on which clocks are due) in events of their own.
 * Replay   events keep the names of their day. EvolveNames leads what an event of then says to the terms of today, or
 *          to nothing when it was dropped since; the fold and the history ask it.
 *
 * Event    action `pack`, by the system, one record of type `pack`: the pack's name, in the version that is its number
 *          in the city, with `digest` (hash of its files) and, when names changed, `steps`: a JSON array of
 *          {"step","type","name"?,"to"?}, all of them in names of before. The touched records follow, at most
 *          EVOLVE_ITEMS an event, also with the action `pack`. */
#ifndef FM_KERNEL_EVOLVE_H
#define FM_KERNEL_EVOLVE_H

#include "kernel/city.h"

#define EVOLVE_ITEMS 1000

typedef enum EvolveKind {
    EVOLVE_TYPE_ADD,
    EVOLVE_TYPE_RENAME,
    EVOLVE_TYPE_DROP,
    EVOLVE_FIELD_ADD,    /* of a field of child rows too: name is then FIELD.COLUMN */
    EVOLVE_FIELD_RENAME, /* the same */
    EVOLVE_FIELD_DROP,   /* the same */
    EVOLVE_FIELD_CHANGE, /* kind, limits, choices: what is stored stays valid */
    EVOLVE_STATE_ADD,
    EVOLVE_STATE_RENAME,
    EVOLVE_STATE_DROP,  /* its records go to the first state */
    EVOLVE_CODE_RENAME, /* name: FIELD.CODE, or FIELD.COLUMN.CODE */
    EVOLVE_CODE_DROP,   /* the same; values that are it become missing */
    EVOLVE_DEFAULT,     /* records get the default of a new field */
    EVOLVE_RULES,       /* labels, access, actions, guards, forms: nothing that is stored */
    EVOLVE_RECORD,      /* one that the pack brings is added or changed: of records/TYPE.yaml, a row of a parameter */
    EVOLVE_KEPT,        /* the same, but it was edited in the city and stays so */
    EVOLVE_CLOCK,       /* clocks that run are due on another day: the calendar has changed, or how the clock counts */
    EVOLVE_KIND_COUNT
} EvolveKind;
extern const Str evolve_kind_names[EVOLVE_KIND_COUNT]; /* "type_add" … */

typedef struct EvolveStep {
    EvolveKind kind;
    Str        type, name, to; /* names of before; `to`: the new one, without what stands before it */
    int64_t    records;        /* that it touches */
    Text       text;           /* for people */
} EvolveStep;

typedef struct EvolvePlan {
    const Pack       *from, *to; /* from: the city's, as long as it is open */
    const PackSource *source;
    EvolveStep       *steps; /* none: the city has this very pack */
    size_t            count;
} EvolvePlan;

/* Who wants to know how far a long change has come; called on the writer's thread. */
typedef struct EvolveWatch {
    void (*tell)(void *context, int64_t records);
    void *context;
} EvolveWatch;

/* ECODE_PACK_INVALID with the new pack's problems; ECODE_PACK_OTHER when it is no version of the city's;
 * ECODE_PACK_LOSES with one Problem for each thing that would be lost or cannot be, and how to say that it may. *out is
 * filled in that case too. Reads through the writer: nobody may change the city between plan and apply. */
Err evolve_plan(const Ctx *ctx, const PackSource *source, EvolvePlan *out, Problems *problems) MUST_CHECK;
/* Carries it out through the writer; the city must be opened anew afterwards. watch may be NULL. */
Err evolve_apply(const Ctx *ctx, const EvolvePlan *plan, const EvolveWatch *watch) MUST_CHECK;

/* ---- what events of before say, in the terms of today ---- */

typedef struct EvolveNames EvolveNames;
/* What the city's pack events say about names; city_open keeps one as city->names. pack is the one of today. */
Err evolve_names(Db *db, Arena *arena, const Pack *pack, const EvolveNames **out) MUST_CHECK;
/* The type and the field of today for the names in an event of that sequence; NULL when dropped since, and when the
 * pack knows no such thing. */
const Type  *evolve_type(const EvolveNames *names, int64_t sequence, Str type);
const Field *evolve_field(const EvolveNames *names, int64_t sequence, Str type, Str field);
/* One row of event_value, for an item of that type: *field as above, and its value as that field holds it today:
 * states, codes and columns by the names of today, numbers in its scale. Missing when there is no such field, when the
 * value was dropped with its name, and when it was erased (kernel/erase.h). ECODE_STORE_CORRUPT when it cannot be
 * read. */
Err evolve_read(const EvolveNames *names, Arena *arena, int64_t sequence, Str type, Str name, Str encoded,
                const Field **field, Value *out) MUST_CHECK;
/* All names that the field has had in events, today's first. */
const Str *evolve_field_names(const EvolveNames *names, Arena *arena, const Field *field, size_t *count);

/* The value of one field as another holds it; cells of columns that it does not have are left out. False when it breaks
 * a rule of the field (kind, range, length, choices); *out is then the nearest thing that the field's column can hold:
 * the value beyond its range, or missing. */
bool evolve_fit(Arena *arena, const Field *field, Value value, Value *out);

#endif
