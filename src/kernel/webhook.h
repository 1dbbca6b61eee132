/* kernel/webhook.h: programs elsewhere that are told what happened.
 *
 * Acts as  a membership: what is sent of a record, and whether anything is, is what that membership may see of it when
 *          it is sent. With the membership the webhook falls silent.
 * Message  Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks): headers webhook-id,
 *          webhook-timestamp (seconds), webhook-signature: "v1," and base64(HMAC-SHA256(key, id.timestamp.body)).
 *          The id of a delivery never changes, so that who gets it twice can tell.
 * Secret   "whsec_" and the key in base64: derived from the city's own secret, so that neither the database nor a
 *          backup holds it; a city with a new key has new secrets. Renewing it has both sign for WEBHOOK_OVERLAP_MS.
 * Table    webhook: operational, not events; in a backup, not rebuilt. What is sent: kernel/delivery.h. */
#ifndef FM_KERNEL_WEBHOOK_H
#define FM_KERNEL_WEBHOOK_H

#include "kernel/city.h"

#define WEBHOOK_OVERLAP_MS (INT64_C(24) * 3600 * 1000)

typedef struct Webhook {
    Str id, person, membership, url;
    Str types, actions;                       /* names with commas between; empty: all */
    bool private;                             /* its url may lead into a private network: the operator has said so */
    int64_t secret;                           /* how often it was renewed */
    int64_t renewed_ms, created_ms, ended_ms; /* 0: not */
    int64_t sequence;                         /* of the last event that has been turned into deliveries */
} Webhook;

/* Does it want to hear of such a step on such a record? type empty: of a type that it wants. */
bool webhook_wants(const Webhook *webhook, Str type, Str action);
Str  webhook_secret(const City *city, Arena *arena, const Webhook *webhook, int64_t number);
/* The value of webhook-signature: one signature, or two while both secrets sign. */
Str webhook_signature(const City *city, Arena *arena, const Webhook *webhook, Str id, int64_t now_ms, Str body);

Err webhook_list(Db *db, Arena *arena, Webhook **out, size_t *count) MUST_CHECK; /* oldest first */
/* ECODE_RECORD_UNSEEN, also for one that has ended. */
Err webhook_find(Db *db, Arena *arena, Str id, Webhook *out) MUST_CHECK;
Err webhook_known(Db *db, Str id, bool *out) MUST_CHECK; /* also one that has ended */
/* On the writer, these three. A new one hears of what happens from now on. ECODE_WEBHOOK_MANY. The others:
 * ECODE_RECORD_UNSEEN. Ending drops what still waits (kernel/delivery.h). */
Err webhook_add(Db *db, const Webhook *webhook) MUST_CHECK;
Err webhook_renew(Db *db, Str id, int64_t now_ms) MUST_CHECK;
Err webhook_end(Db *db, Str id, int64_t now_ms) MUST_CHECK;
/* On the writer: has a delivery that ended sent again (kernel/delivery.h). ECODE_RECORD_UNSEEN, also of a webhook that
 * ended. */
Err webhook_resend(Db *db, Str id, Str delivery, int64_t now_ms) MUST_CHECK;
/* On the writer: events up to that one have been turned into deliveries. */
Err webhook_passed(Db *db, Str id, int64_t sequence) MUST_CHECK;

#endif
