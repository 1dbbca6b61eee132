/* kernel/cosign.h: the checkpoints of the city's log, with what its witnesses have signed under them.
 *
 * Policy   text of a policy (evidence/policy.h), among the settings. Another log (city_log_renew) begins without one.
 * Duty     while the city is served, its newest checkpoint is handed to all witnesses at the same time, at most every
 *          COSIGN_PERIOD_MS and only when it is longer than the last one that met the quorum. Each gets the proof from
 *          what it cosigned last, and is asked once more when it says that this was something else (409). What it gives
 *          is verified before it is kept. A round ends COSIGN_GRACE_MS after the quorum is met, in any case when all
 *          have had LIMIT_POST_MS twice; nothing waits for it: writes and receipts go on without.
 * Kept     table log_checkpoint: each checkpoint that met the quorum, and the newest that did not, if it has any
 *          cosignature. A note that met it changes under another policy alone. */
#ifndef FM_KERNEL_COSIGN_H
#define FM_KERNEL_COSIGN_H

#include "evidence/policy.h"
#include "kernel/duties.h"

#define COSIGN_PERIOD_MS 3000
#define COSIGN_GRACE_MS  1000
#define COSIGN_RETRY_MS  10000 /* after a round in which nobody signed */

/* Empty: there is none. */
Err cosign_policy(Db *db, Arena *arena, Str *text) MUST_CHECK;
/* Of a city that nobody serves. ECODE_LOG_POLICY, ECODE_TEXT_ENCODING;
 * ECODE_LOG_POLICY_OTHER: it lists logs, and not this one; ECODE_LOG_POLICY_URL: a witness cannot be asked. */
Err cosign_policy_set(const City *city, Str text) MUST_CHECK;

typedef struct Cosigned {
    Str  policy;   /* empty: there is none */
    bool required; /* it asks for witnesses */
    Str  note;     /* a checkpoint of this log that meets it; empty: there is none */
} Cosigned;

/* The smallest with at least so many leaves. Of those that were gathered under a policy of before a few are looked at,
 * then the newest. */
Err cosigned_find(Db *db, Arena *arena, const NoteKey *log, uint64_t at_least, Cosigned *out) MUST_CHECK;
Err cosigned_newest(Db *db, Arena *arena, const NoteKey *log, Cosigned *out) MUST_CHECK;

/* Does that note of this log have what the text of a policy asks? */
bool cosigned_meets(Arena *arena, const NoteKey *log, Str policy, Str note);

/* The duty "witnesses". */
Err cosign_duty(DutyRun *run) MUST_CHECK;

#endif
