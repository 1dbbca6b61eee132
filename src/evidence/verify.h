/* evidence/verify.h: what a receipt shows to who checks it, by a program or by a page: the event that it is about, its
 * place in the log, who has witnessed that. Pure: no network, no database. */
#ifndef FM_EVIDENCE_VERIFY_H
#define FM_EVIDENCE_VERIFY_H

#include "base/json.h"
#include "evidence/policy.h"
#include "evidence/receipt.h"

typedef struct Verified { /* in a receipt that is true; parts of its text, or in the arena */
    Receipt    receipt;
    NoteKey    key;
    Checkpoint head;
    bool       own_key; /* nobody but the receipt vouches for it */
    /* Whom the given policy names, or else the receipt's own; asked false: there is neither. */
    bool       asked, own_policy;
    Policy     policy;
    PolicySeen seen;
    bool       stamped, timed; /* there is a time stamp; its authority was checked */
    Stamps     stamps;
} Verified;

/* key: the log's, as text; NULL: the receipt's own. Errors: those of receipt_parse() and receipt_verify();
 * ECODE_LOG_KEY where the key cannot be read. */
Err verify_receipt(Arena *arena, Str text, Str key, Verified *out) MUST_CHECK;
/* Then: which witnesses of the policy have signed; whether they are enough stands in seen. policy.ptr NULL: the
 * receipt's own. ECODE_LOG_POLICY, of its own ECODE_RECEIPT_FORM; ECODE_LOG_POLICY_OTHER when the given one is not of
 * this log; ECODE_LOG_SIGNATURE for a cosignature that does not verify. */
Err verify_witnesses(Arena *arena, Str policy, Verified *out) MUST_CHECK;

/* Then: its time stamp, by these certificates of CAs as of that moment (receipt_time()). Without them what it says is
 * read, and whether it is over the checkpoint; and that there is none is no error. */
Err verify_time(Str ca, int64_t at_ms, Verified *out) MUST_CHECK;

/* The manifest's lines before its commitments: what happened, when, by whom and to what. */
Str verified_head(const Verified *found);
/* {log, key, key_from_receipt, index, size, manifest, stamped, time_checked, time and until (where there
 * are), values: [{name, value}]}, and where there is a policy {quorum,
 * policy_from_receipt, witnesses: [{name, time}]}, without a time for who has not signed. */
Json *verified_json(Arena *arena, const Verified *found);

#endif
