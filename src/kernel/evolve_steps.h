/* kernel/evolve_steps.h: what the files of kernel/evolve.h share among themselves. */
#ifndef FM_KERNEL_EVOLVE_STEPS_H
#define FM_KERNEL_EVOLVE_STEPS_H

#include "kernel/event.h"
#include "kernel/evolve.h"

/* ---- what was what (evolve_match.c): a thing of the new pack in the pack before, or NULL (-1) when it is new ---- */

const Type  *evolve_type_before(const Pack *from, const Type *type);
const Field *evolve_field_before(const Type  *from,
                                 const Field *field); /* stored ones; columns too, with from their type */
int          evolve_state_before(const Type *from, const Type *to, size_t state);
int          evolve_choice_before(const Field *from, const Field *to, size_t choice);
/* Can the values of a field of before stay, if they fit? Kinds go together, and so do targets and currencies. */
bool evolve_fields_fit(const Pack *from_pack, const Field *from, const Field *to);

/* ---- names (evolve_names.c) ---- */

/* Does the step change a name, so that events of before need it? */
bool evolve_step_names(EvolveKind kind);
/* The steps that change names, as the value `steps` of the event; empty when there are none. */
Str evolve_steps_text(Arena *arena, const EvolveStep *steps, size_t count);
/* The names of before a change that is being planned: what `steps` say comes after all events. */
const EvolveNames *evolve_names_planned(Arena *arena, const Pack *to, const EvolveStep *steps, size_t count);
/* Do the steps call something otherwise that a value of the field of before can hold: a state, a field that was erased,
 * a code, a column? */
bool evolve_names_turn(const EvolveNames *planned, Arena *arena, const Field *before);
/* What a value of the field of before becomes; *fits: under all rules of the field of today. *field NULL, and the value
 * missing: it goes. */
void evolve_value_planned(const EvolveNames *planned, Arena *arena, const Field *before, Value value,
                          const Field **field, Value *out, bool *fits);

/* ---- records of a type that changes (evolve_turn.c) ---- */

typedef struct EvolveTurn {
    const EvolveNames *names; /* planned */
    const Type        *from, *to;
    const Field      **fields; /* per stored field of `to`: the one of before whose values it has, or NULL */
    bool              *turns;  /* per stored field of `from`: its values may become others */
    bool               any;    /* some may, or a new field has a default */
} EvolveTurn;

/* fields alone, for what comes before the names are known. */
const Field **evolve_turn_fields(Arena *arena, const Type *from, const Type *to);
EvolveTurn    evolve_turn(const EvolveNames *names, Arena *arena, const Type *from, const Type *to);

typedef struct EvolveTurned { /* one record */
    Record before, after;
    bool  *set;     /* per field of after: it holds another value than before */
    bool  *misfits; /* per field of before: its value breaks a rule of the new field */
    bool   touched; /* some field is set */
} EvolveTurned;

/* Reads records of before in the order of their ids, at most EVOLVE_ITEMS after the id (empty: from the first), from
 * the table of that name, and turns them. */
Err evolve_turn_read(const EvolveTurn *turn, Db *db, Arena *arena, Str table, Str after, EvolveTurned **out,
                     size_t *count) MUST_CHECK;

/* ---- touched records (evolve.c) ---- */

typedef struct EvolveWriting { /* on the writer */
    Db         *db;
    Arena      *arena; /* of what is written at a time */
    const Env  *env;
    const Pack *pack; /* the new one, and its number */
    int64_t     pack_number;
} EvolveWriting;

typedef struct EvolveTouch {
    Record record; /* as it is to be, but for its version and times; that of a new one is missing */
    bool  *set;
} EvolveTouch;

/* Writes the records and the event that says so; nothing when there are none. At most EVOLVE_ITEMS. */
Err evolve_touch(const EvolveWriting *writing, EvolveTouch *touches, size_t count) MUST_CHECK;

/* ---- clocks that run (evolve_clocks.c): due on another day under another calendar, or counted otherwise ---- */

/* How many are: of records still in the table of before. None of a clock that has not all its fields from there. */
Err evolve_clock_count(Db *db, Arena *arena, const Type *from, const Type *to, const Clock *clock,
                       int64_t *out) MUST_CHECK;
/* Gives all of the new pack's types their days, once the tables are made. */
Err evolve_clocks(const EvolveWriting *writing) MUST_CHECK;

/* ---- records that the pack brings (evolve_records.c) ---- */

typedef struct EvolveRecord { /* one of them, and the record that holds it */
    const PackRecord *brought;
    EvolveTouch       touch;
    bool              kept; /* people have changed the record: it stays */
} EvolveRecord;

/* The next type of which the pack brings records, and which they are: pack->records[*from .. *from + *count). NULL
 * after the last. Both begin at 0. */
const Type *evolve_brought_type(const Pack *pack, size_t *from, size_t *count);
/* What is to be done with records of one type, given all that the city has of it; those of which nothing is to be done
 * are left out. */
Err evolve_records_moves(Db *db, Arena *arena, UuidMaker *ids, const PackRecord *brought, size_t brought_count,
                         const Record *records, size_t count, EvolveRecord **out, size_t *out_count) MUST_CHECK;
/* Does it, for a new city and for a changed pack. */
Err evolve_records(const EvolveWriting *writing, UuidMaker *ids) MUST_CHECK;

#endif
