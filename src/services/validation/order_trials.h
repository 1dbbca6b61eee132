/* services/validation/order_trials.h: the effect `order_trials`: the planned trials of a technical route in the order
 * that finds a failure at the least expected cost; and its engine, `trials` (engines/trials/trials.h).
 *
 * Reads    of the trials of the route those in the state `planned` that the actor sees, as they were entered: their
 *          `planned_cost`, `failure_chance` and `after`, of which trials that are not among these count no more: they
 *          run, have ended, or are another route's.
 * Input    {trials: [{trial: id, cost: in hundredths, chance: per cent, after: [id, …]}, …]}
 * Result   {expected, entered, whole, worlds, kept, steps: [{trial, reach: tenths of a per cent, so_far, decides}]},
 *          amounts in hundredths.
 * Writes   `trial_order` (rows: place, trial, cost, chance, reach, so_far, decides), `order_expected`, `order_entered`,
 *          `order_whole`, `order_kept`, `order_worlds` and `ordered_on`.
 * Keeps    the engine's input and result.
 * Leaves   all as it is where there is no planned trial, or one without cost or chance: what then refuses the step, and
 *          says why, is its guard in the pack.
 * Refuses  more trials than TRIALS_MAX; trials that come after each other in a circle, by name; and what leaves more
 *          orders than can be compared. */
#ifndef FM_SERVICES_VALIDATION_ORDER_TRIALS_H
#define FM_SERVICES_VALIDATION_ORDER_TRIALS_H

#include "kernel/computation.h"

/* ECODE_COMPUTATION_INPUT for an input that is none; else those of trials_order(). */
extern const Engine engine_trials;

Err order_trials(const Ctx *ctx, Record *route, bool *set, Computed *kept, Problems *problems) MUST_CHECK;

#endif
