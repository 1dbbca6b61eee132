/* kernel/delivery.h: what is to be sent outside, tried until it has arrived or is given up.
 *
 * Target   whoever it goes to: the id of a webhook (kernel/webhook.h), or DELIVERY_MAIL, the relay that takes mail
 *          (kernel/mail.h). One at a time for each.
 * Holds    ids only: what is sent is read when it is sent.
 *              of a webhook   the step on a record: sequence and item of the event, type and record
 *              of mail        type "notices" or "code", record the person; of "notices" sequence is the number of the
 *                             newest notice that it tells of, and item that of the newest that it does not
 * State    waiting, then delivered; dead after DELIVERY_TRIES, or when the receiver wants no more of it; dropped when
 *          there is nothing that may be sent. What has ended is kept DELIVERY_KEPT_MS and can be sent again.
 * Tables   delivery, delivery_try: operational, not events; in a backup, not rebuilt. */
#ifndef FM_KERNEL_DELIVERY_H
#define FM_KERNEL_DELIVERY_H

#include "base/json.h"
#include "kernel/city.h"

#define DELIVERY_MAIL     STR("mail")
#define DELIVERY_TRIES    12 /* of one, in about two days; then it is dead */
#define DELIVERY_FIRST_MS (INT64_C(10) * 1000)
#define DELIVERY_LATER_MS (INT64_C(12) * 3600 * 1000) /* the longest wait between two */
#define DELIVERY_KEPT_MS  (INT64_C(30) * 24 * 3600 * 1000)

typedef struct Delivery {
    Str     id, target, type, record, state;
    int64_t sequence, item;
    int64_t tries, next_ms, created_ms, ended_ms;
} Delivery;

/* Newest first, of what was made before that one (empty: from the newest), at most LIMIT_DELIVERIES. state empty: all.
 * Each is {id, event, type, record, state, created, next, ended, tries: [{time, status, problem}]}; `event` of a
 * webhook's only, `record` of a webhook's, `person` of mail. */
Err delivery_log(Db *db, Arena *arena, Str target, Str state, Str before, Json **out) MUST_CHECK;
/* The newest to the target about that record, as in the log; NULL when there is none. */
Err delivery_newest(Db *db, Arena *arena, Str target, Str record, Json **out) MUST_CHECK;
/* The oldest that is due; *found false when none is. */
Err delivery_due(Db *db, Arena *arena, Str target, int64_t now_ms, Delivery *out, bool *found) MUST_CHECK;
Err delivery_waiting(Db *db, Str target, int64_t *out) MUST_CHECK;
Err delivery_any_old(Db *db, int64_t now_ms, bool *out) MUST_CHECK; /* is there something to sweep? */
/* On the writer, the rest. A sweep deletes a bounded part of what has been kept long enough. */
Err delivery_add(Db *db, const Delivery *delivery) MUST_CHECK; /* once for target, sequence, item and record */
/* Writes down a try (status 0: problem says why there was no answer) and what the delivery is now. */
Err delivery_tried(Db *db, const Delivery *delivery, int64_t now_ms, int status, Str problem) MUST_CHECK;
/* Sends it again from the first try on. ECODE_RECORD_UNSEEN when the target has none of that id that has ended. */
Err delivery_resend(Db *db, Str target, Str id, int64_t now_ms) MUST_CHECK;
Err delivery_drop(Db *db, Str target, int64_t now_ms) MUST_CHECK; /* all that wait */
Err delivery_sweep(Db *db, int64_t now_ms) MUST_CHECK;

#endif
