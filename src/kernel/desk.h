/* kernel/desk.h: what waits for a person: the steps that a pack says are awaited (Action.awaited).
 *
 * Mine     records that the actor sees, with their state, in a state from which an awaited step leads that `who` lets
 *          them take: one row a record. Its step is the first of these that can be taken now, else the first, with what
 *          it lacks.
 *          A new record that is awaited on a record (Begun) stands there as a step on it, by relation and state alone.
 * Limit    the earliest running clock that an awaited step of the type stops, else the earliest one of the record; of
 *          those that show to the actor and are limits (clock_limits). Late is what is over its limit; it comes first,
 *          then what is due next, then what has no limit, by how long nobody has taken a step on it.
 * Waiting  records in a state in which a step is awaited, none of them the actor's, of the actor's organisation where
 *          that shows to them, that they registered, or on which they take other steps. Whom it waits for: the roles,
 *          and of the persons and organisations that a relation names those whom the actor sees.
 * Bounds   DESK_ROWS rows a list. Counted are DESK_COUNT_MAX of a type and list. Of a role and relation the oldest
 *          DESK_LOOKED records of a type are looked at, beside all that are late; beyond either, there are more. Once
 *          what guards have read fills DESK_STEPS_BYTES, it is not looked at any more which steps can be taken. */
#ifndef FM_KERNEL_DESK_H
#define FM_KERNEL_DESK_H

#include "base/json.h"
#include "kernel/access.h"

#define DESK_ROWS        50
#define DESK_COUNT_MAX   1000
#define DESK_LOOKED      2000
#define DESK_STEPS_BYTES (24 << 20)
#define DESK_FRAME_MAX   99 /* of the number on every page; more are "99+" */

/* {"today", "due_today", "late", "mine", "waiting": {"items", "total", "more", "types"}, "next"}. total: exact unless
 * `more`; due_today counts alike. types: what the list is of, by type: {"type", "label", "states", "total", "more"}.
 * An item: {"record": {"id", "type", "number", "title", "of" (the parent's title), "state", "state_label"}, "limit": a
 * clock as kernel/clock_view.h tells it, or null, "since": the last step} and, of one's own, "step": {"name", "label",
 * "allowed", "reasons"} (as act_options; without the last two where it is not looked at; of a new record instead of
 * the reasons "type", whose parent the record would be; of several that can be taken it is the first, with "or": the
 * labels of the others), else "awaits": [{"label": roles, may be empty, "names": [names]}]. next: what the actor's role
 * may make, what is likelier first: [{"type", "label"}]. ECODE_STORE_SLOW. */
Err desk_json(const Ctx *ctx, Json **out) MUST_CHECK;
/* How many are late or mine, up to DESK_FRAME_MAX + 1. */
Err desk_count(const Ctx *ctx, int64_t *out) MUST_CHECK;

#endif
