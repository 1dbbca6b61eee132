/* kernel/history.h: what happened to one record, as one reader may know it. A read like any other (kernel/find.h); the
 * events themselves are kernel/event.h's. */
#ifndef FM_KERNEL_HISTORY_H
#define FM_KERNEL_HISTORY_H

#include "kernel/find.h"

/* The record's history as JSON, newest first: sequence, time, action (name, label), by (person, organisation; each
 * absent where hidden, all of it with the creator), version, changes [{field, label, old, new}] for fields that the
 * actor may see, as find.h's value_seen() shows them. Nothing shows that the actor could not have seen at the time, in
 * the state and under the disclosure of then: what stood in a draft stays with those who see drafts. before: sequence
 * to go on from, 0 for the newest. ECODE_STORE_SLOW when the page would need more than 10,000 steps, which takes many
 * that the actor may not see. */
Err history_list(const Ctx *ctx, const Record *record, int64_t before, int64_t limit, Json **out) MUST_CHECK;

#endif
