/* kernel/webhook.h: programs elsewhere that are told what happened.
 *
 * Acts as  a membership: what is sent of a record, and whether anything is, is what that membership may see of it when
 *          it is sent. With the membership the webhook falls silent.
 * Message  Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks): headers webhook-id,
 *          webhook-timestamp (seconds), webhook-signature: "v1," and base64(HMAC-SHA256(key, id.timestamp.body)).
 *          The id of a delivery never changes, so that who gets it twice can tell.
 * Secret   "whsec_" and the key in base64: derived from the city's own secret, so that neither the database nor a
 *          backup holds it; a city with a new key has new secrets. Renewing it has both sign for WEBHOOK_OVERLAP_MS.
 * Tables   webhook, delivery, delivery_try: operational, not events; in a backup, not rebuilt. */
#ifndef FM_KERNEL_WEBHOOK_H
#define FM_KERNEL_WEBHOOK_H

#include "base/json.h"
#include "kernel/city.h"

#define WEBHOOK_OVERLAP_MS (INT64_C(24) * 3600 * 1000)
#define WEBHOOK_TRIES      12 /* of one delivery, in about two days; then it is dead */
#define WEBHOOK_FIRST_MS   (INT64_C(10) * 1000)
#define WEBHOOK_LATER_MS   (INT64_C(12) * 3600 * 1000) /* the longest wait between two */
#define WEBHOOK_KEPT_MS    (INT64_C(30) * 24 * 3600 * 1000)

typedef struct Webhook {
    Str id, person, membership, url;
    Str types, actions;                       /* names with commas between; empty: all */
    bool private;                             /* its url may lead into a private network: the operator has said so */
    int64_t secret;                           /* how often it was renewed */
    int64_t renewed_ms, created_ms, ended_ms; /* 0: not */
    int64_t sequence;                         /* of the last event that has been turned into deliveries */
} Webhook;

/* Does it want to hear of such a step on such a record? */
bool webhook_wants(const Webhook *webhook, Str type, Str action);
Str  webhook_secret(const City *city, Arena *arena, const Webhook *webhook, int64_t number);
/* The value of webhook-signature: one signature, or two while both secrets sign. */
Str webhook_signature(const City *city, Arena *arena, const Webhook *webhook, Str id, int64_t now_ms, Str body);

Err webhook_list(Db *db, Arena *arena, Webhook **out, size_t *count) MUST_CHECK; /* oldest first */
/* ECODE_RECORD_UNSEEN, also for one that has ended. */
Err webhook_find(Db *db, Arena *arena, Str id, Webhook *out) MUST_CHECK;
/* On the writer, these three. A new one hears of what happens from now on. ECODE_WEBHOOK_MANY. The others:
 * ECODE_RECORD_UNSEEN. Ending drops what still waits. */
Err webhook_add(Db *db, const Webhook *webhook) MUST_CHECK;
Err webhook_renew(Db *db, Str id, int64_t now_ms) MUST_CHECK;
Err webhook_end(Db *db, Str id, int64_t now_ms) MUST_CHECK;

/* ---- deliveries ----
 * State    waiting, then delivered; dead after WEBHOOK_TRIES, or when the receiver says 410 Gone; dropped when there is
 *          nothing that the membership may see. What has ended is kept WEBHOOK_KEPT_MS. */
typedef struct Delivery {
    Str     id, webhook, type, record, state;
    int64_t sequence, item;
    int64_t tries, next_ms, created_ms, ended_ms;
} Delivery;

/* Newest first, before that event (0: from the newest), at most LIMIT_DELIVERIES. state empty: all. Each is
 * {id, event, type, record, state, created, next, ended, tries: [{time, status, problem}]}. */
Err delivery_log(Db *db, Arena *arena, Str webhook, Str state, int64_t before, Json **out) MUST_CHECK;
/* The oldest that is due; *found false when none is. */
Err delivery_due(Db *db, Arena *arena, Str webhook, int64_t now_ms, Delivery *out, bool *found) MUST_CHECK;
Err delivery_waiting(Db *db, Str webhook, int64_t *out) MUST_CHECK;
Err delivery_any_old(Db *db, int64_t now_ms, bool *out) MUST_CHECK; /* is there something to sweep? */
/* On the writer, the rest. A sweep deletes a bounded part of what has been kept long enough. */
Err delivery_add(Db *db, const Delivery *delivery) MUST_CHECK; /* once for webhook, event and item */
Err webhook_passed(Db *db, Str id, int64_t sequence) MUST_CHECK;
/* Writes down a try (status 0: problem says why there was no answer) and what the delivery is now. */
Err delivery_tried(Db *db, const Delivery *delivery, int64_t now_ms, int status, Str problem) MUST_CHECK;
/* Sends it again from the first try on. ECODE_RECORD_UNSEEN when there is none of the webhook that has ended. */
Err delivery_resend(Db *db, Str webhook, Str id, int64_t now_ms) MUST_CHECK;
Err delivery_sweep(Db *db, int64_t now_ms) MUST_CHECK;

#endif
