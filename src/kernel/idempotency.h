/* kernel/idempotency.h: a request that comes twice is done once.
 *
 * Method   Who asks names the request by a key of their own. The change and the row that remembers the key are one
 *          transaction, so that a crash leaves both or neither; requests that carry the same key at the same time meet
 *          on the writer, which lets the first through. Only what was committed is remembered: a refusal may be tried
 *          again. What is remembered is which record it was, never an answer: whoever asks again is answered from the
 *          record as they may see it then.
 * Scope    a key belongs to a person and an endpoint. The same key with another body is a mistake of the caller's.
 * Source   draft-ietf-httpapi-idempotency-key-header; the contract, section 3.
 *
 * An operational table: in the backup, not an event, not rebuilt. */
#ifndef FM_KERNEL_IDEMPOTENCY_H
#define FM_KERNEL_IDEMPOTENCY_H

#include "base/hash.h"
#include "kernel/duties.h"

#define IDEMPOTENCY_KEPT_MS (INT64_C(7) * 24 * 3600 * 1000)

typedef struct IdempotencyKey IdempotencyKey;
struct IdempotencyKey {
    Str     person;   /* who asks; empty: the operator of the machine */
    Str     endpoint; /* method and path */
    Str     key;
    int64_t part; /* of a request that does many things: which of them */
    Hash    body;
};

typedef struct IdempotencyDone { /* what it did */
    Str     type, record;        /* of a record; empty for anything else */
    int64_t time_ms;             /* out: when */
} IdempotencyDone;

/* Has it been done within the time that keys are kept? ECODE_KEY_REUSED when any part of it was, with another body. */
Err idempotency_find(Db *db, Arena *arena, const IdempotencyKey *key, int64_t now_ms, IdempotencyDone *out,
                     bool *found) MUST_CHECK;
/* Remembers it. On the writer, in the savepoint of the change, when idempotency_find() there has not found it. */
Err idempotency_keep(Db *db, const IdempotencyKey *key, int64_t now_ms, const IdempotencyDone *done) MUST_CHECK;
/* The duty "keys": forgets what is older. */
Err idempotency_duty(DutyRun *run) MUST_CHECK;

#endif
