/* kernel/event.h: what happened, once and for all.
 *
 * An event stores results, not intentions: the complete typed values of every field that each touched record gained.
 * Replay is a fold (kernel/rebuild.h): no guard, clock or expression runs.
 *
 * Manifest canonical UTF-8 text, lines end in LF, kept for ever as it was first written:
 *              evidence-manifest/v1
 *              sequence <n> · time <RFC 3339> · pack <name> <number> · action <name> · person <id|system>
 *              · membership <id|-> · organisation <id|->                   (one line each, in this order)
 *              record <item> <type> <id> <version>                      (one per touched record, item counts from 0)
 *              <item>.<field> <base64(SHA-256(salt || "<item>.<field>" || 0x00 || value))>   (sorted by bytes)
 *          salt: 16 random bytes per value, value: value_encode() of base/value.h. Values and salts stand in
 *          event_value, so that a value can be erased without touching the manifest.
 * Leaf     each event is a leaf of the evidence log (evidence/log.h), written in the same transaction, which commits to
 *          its manifest. */
#ifndef FM_KERNEL_EVENT_H
#define FM_KERNEL_EVENT_H

#include "kernel/record.h"

extern const Str    kernel_migrations[];
extern const size_t kernel_migration_count;

typedef struct EventHead {
    int64_t sequence, time_ms; /* from event_next */
    Str     pack_name;
    int64_t pack_number;
    Str     action;
    Str     person, membership, organisation; /* empty: the system */
} EventHead;

typedef struct EventSeal { /* one value as an event keeps it */
    Value of;
    Str   field;
    Str   name;       /* "<item>.<field>" */
    Str   salt;       /* base64 */
    Str   value;      /* encoded */
    Str   commitment; /* base64 */
} EventSeal;

typedef struct EventItem { /* one touched record */
    Str                     type, record;
    int64_t                 version;
    const Str              *fields; /* names, with their values after the step; in their order it is written fastest */
    const Value            *values;
    size_t                  count;
    const EventSeal *const *seals; /* of these, NULL where there is none; NULL: of no value */
} EventItem;

/* Seals the values of the event's item of that index, out[i] of values[i], where there is more time than on the writer.
 * A seal whose value has become another one by then is left alone, and each goes into one event only. */
void event_seal(Arena *arena, const Env *env, size_t index, const EventItem *item, EventSeal *out);
/* The next event's place: sequence = last + 1, time = max(last, now). To write one, on the writer, and only there. */
Err event_next(Db *db, int64_t now_ms, int64_t *sequence, int64_t *time_ms) MUST_CHECK;
Err event_write(Db *db, Arena *arena, const Env *env, const EventHead *head, const EventItem *items,
                size_t count) MUST_CHECK;
/* Leaves for the events that have none yet, in their order, until all have or (about) that many were added. On the
 * writer, at the end of each transaction that writes events, where they are few; and when a city of before the log is
 * opened. */
Err event_leaves(Db *db, const Env *env, int64_t most, bool *all) MUST_CHECK;
/* Recomputes a manifest from its stored values and salts; true when it is the same text. The commitment of an erased
 * value (kernel/erase.h) is taken as the manifest gives it. */
Err event_verify(Db *db, Arena *arena, int64_t sequence, bool *same) MUST_CHECK;

/* Folds all events, oldest first, into freshly made record tables, in the terms of this pack (kernel/evolve.h). In one
 * transaction of the caller's. */
Err event_fold(Db *db, const Pack *pack, int64_t *events) MUST_CHECK;

#endif
