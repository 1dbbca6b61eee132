/* kernel/act_steps.h: what the files of kernel/act.h share among themselves. */
#ifndef FM_KERNEL_ACT_STEPS_H
#define FM_KERNEL_ACT_STEPS_H

#include "kernel/act.h"

/* ---- conditions (act_conditions.c), asked the same way before and inside the writer ----
 *
 * What explains adds a Problem for each condition that fails, as far as the actor may see it. Of hidden ones it tells
 * that there is one, whether it fails or not: which of them failed must not show. */

bool act_state_fits(const Action *action, const Record *record);
void act_explain_state(const Action *action, const Record *record, Problems *problems);
/* A field that must be there when the step is done and is not. */
void act_explain_required(const Action *action, const Record *record, const Field *field, Problems *problems);
/* Whether all guards hold, on the truth and not on what the actor sees; a binding one also needs its parameters
 * confirmed. record: with its new values in its old state. open (NULL: none): per field, that the step
 * can still be given another value for it; guards that read one are passed over. */
Err act_guards_hold(const Ctx *ctx, const Action *action, const Record *record, const bool *open, bool *out) MUST_CHECK;
Err act_explain_guards(const Ctx *ctx, const Action *action, const Record *record, const bool *open,
                       Problems *problems) MUST_CHECK;
/* Does this one fail, for reasons that the actor sees? */
Err  act_bars(const Ctx *ctx, const Expr *when, const Record *record, bool *out) MUST_CHECK;
void act_explain_denied(const Ctx *ctx, const Action *action, Problems *problems);
/* Guards ask about the record with its new values in its old state: what the step would rest on. Values are copied into
 * arena. */
Record act_with_state(Arena *arena, const Record *after, Value state);

/* ---- what a record becomes (act_delta.c) ---- */

void delta_set(Delta *delta, SystemField field, Value value);
bool delta_empty(const Delta *delta);
/* Of a row of a parameter: may the step have it count on days on which it did not? */
bool delta_days_change(const Delta *delta);
/* What an event keeps of it: fields by name, with the seals there are. */
EventItem delta_item(Arena *arena, const Delta *delta);
/* Seals values where the step is prepared: the writer, for which all others wait, then only has to seal what it alone
 * knows. */
void change_seal(const Ctx *ctx, Change *change);

/* ---- steps that a step takes along (act_prepare.c; kernel/carry.h) ---- */

typedef struct Carried {
    Change *changes;
    size_t  count, capacity;
    bool    refused;  /* one of them cannot be taken; problems say why */
    bool    too_many; /* more than were asked for */
} Carried;

/* record: as it stands with its new values. most: of the records of one carry; of more than these none is looked at. */
Err act_carried(const Ctx *ctx, const Action *action, const Record *record, size_t most, Carried *out,
                Problems *problems) MUST_CHECK;

#endif
