/* kernel/clock_steps.h: clocks of records: what steps do to them, and what is done when one has run out.
 *
 * Steps    an action may start, stop, pause and resume clocks of its type; the event of the step stores what they
 *          become, with the day of the event as the day of the step.
 * Lapsed   a clock whose end has come. When the pack names an action for that (Clock.expires), the system takes it, in
 *          an event of its own without a person: the clock stops, the record goes where the action leads. Neither guard
 *          nor rule is asked, for nothing may hold up time. Of several clocks of a record the one that was due first
 *          goes first; a clock that such an action starts counts from the day that was due, so that it does not
 *          matter when the city comes to it. Without such an action a lapsed clock stays, and is late.
 * When     before any other step on the record (kernel/act.h), and by the duty "clocks" while the city is served: many
 *          records in one event, at most CLOCK_BATCH, and each batch a job of its own, so that people need not wait. */
#ifndef FM_KERNEL_CLOCK_STEPS_H
#define FM_KERNEL_CLOCK_STEPS_H

#include "kernel/clock.h"
#include "kernel/duties.h"
#include "kernel/record.h"

#define CLOCK_BATCH 500

/* That each clock that the action starts has a length: a Problem for each that has none on the record's reference
 * date. */
Err clock_steps_check(const Ctx *ctx, const Action *action, const Record *record, Problems *problems) MUST_CHECK;
/* What the action does to the clocks of the record on that day; set (per field) gains what changes. Before the row and
 * the event are written. ECODE_RECORD_CONTENDED when a length has gone meanwhile. */
Err clock_steps(const Ctx *writer, const Action *action, Record *record, bool *set, int64_t day) MUST_CHECK;

/* The clock of the record that is to be settled next; NULL: none. */
const Clock *clock_lapsed(const Ctx *ctx, const Record *record);
/* Makes of a record in hand what settling will leave of it, with the actor's clearance, and has it settled soon;
 * ECODE_RECORD_UNSEEN when the actor will see no more of it. */
Err clock_settled(const Ctx *ctx, Record *record) MUST_CHECK;
/* On the writer: settles all lapsed clocks of the record that can be, one event after the other. */
Err clock_settle(const Ctx *writer, const Type *type, Str id) MUST_CHECK;
/* On the writer: one batch of records whose clock has lapsed. *settled: how many there were. */
Err clock_settle_batch(const Ctx *writer, const Type *type, const Clock *clock, size_t *settled) MUST_CHECK;

/* For how long the first of the clocks that the city settles has run out; 0: all are settled. */
Err clock_lag(const Ctx *ctx, int64_t *lag_ms) MUST_CHECK;

/* The duty: settles whatever has lapsed in all types, and comes again when the next clock ends. */
Err clock_duty(DutyRun *run);

#endif
