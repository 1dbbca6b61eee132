/* kernel/history.h: what happened to one record, as one reader may know it. A read like any other (kernel/find.h); the
 * events themselves are kernel/event.h's. */
#ifndef FM_KERNEL_HISTORY_H
#define FM_KERNEL_HISTORY_H

#include "kernel/file_store.h"
#include "kernel/find.h"

/* The record's history as JSON, newest first: sequence, time, action (name, label), by (person, organisation; each
 * absent where hidden, all of it with the creator), version, changes [{field, label, old, new}] for fields that the
 * actor may see, as find.h's value_seen() shows them, {"erased":true} for one that was erased. Nothing shows that the
 * actor could not have seen at the time, in the state and under the disclosure of then: what stood in a draft stays
 * with those who see drafts. before: sequence to go on from, 0 for the newest. *next: from where the next page goes
 * on, which may be empty; 0 when this was the last one. A page ends early when 10,000 steps or 64 MiB have been read
 * for it; ECODE_STORE_SLOW when none of these shows. */
Err history_list(const Ctx *ctx, const Record *record, int64_t before, int64_t limit, Json **out,
                 int64_t *next) MUST_CHECK;

/* The record as it stood at the end of that day by the city's clock: record_json() of then with "at", the day. The
 * actor must have found the record as it is now, and sees of then the lower of what they see now and would have seen.
 * Computed fields are left out: they are not kept, and what they are computed from may have changed. `erased` also
 * names fields whose value of then was erased since. A day to come: as it is now. With `pack` and `labels`, the words
 * of that day (kernel/past_words.h). since, which may be NULL: an earlier day; then also `since` and `changes`, as of a
 * step of the history: what is otherwise at the end of the later day, each side as it showed then.
 * ECODE_RECORD_UNSEEN when it was not there yet on that day, or would not have shown. */
Err history_at(const Ctx *ctx, const Record *record, int64_t day, const int64_t *since, const Wanted *wanted,
               Json **out) MUST_CHECK;

/* The record as the step of that sequence left it, with what the actor sees of it: the lower of now and then. The actor
 * has found the record as it is now. */
Err history_then(const Ctx *ctx, const Record *record, int64_t sequence, Record *out) MUST_CHECK;

/* The file of that id which a value of the record names, now or in a step before, in a field that shows to the reader:
 * of before by the rights of then and now. */
Err history_file(const Ctx *ctx, const Record *record, Str id, FileRef *out, bool *found) MUST_CHECK;

#endif
