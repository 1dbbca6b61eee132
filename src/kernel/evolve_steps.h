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
/* What a value of the field of before becomes; *fits: under all rules of the field of today. *field NULL, and the value
 * missing: it goes. */
void evolve_value_planned(const EvolveNames *planned, Arena *arena, const Field *before, Value value,
                          const Field **field, Value *out, bool *fits);

/* ---- values (evolve_fit.c) ---- */

/* The value as the field holds it; cells of columns that it does not have are left out. False when it breaks a rule of
 * the field (kind, range, length, choices); *out is then the nearest thing that the field's column can hold: the value
 * beyond its range, or missing. */
bool evolve_fit(Arena *arena, const Field *field, Value value, Value *out);

#endif
