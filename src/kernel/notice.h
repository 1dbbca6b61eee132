/* kernel/notice.h: what happened that somebody should know of: an action's `notify` says whom it is told to.
 *
 * Method   like webhooks (kernel/outbox.h), a notice is made from the event that was committed; how far the events have
 *          been read moves in the same transaction, so that none is left out and none comes twice.
 * Whom     `to` gives a person, or an organisation: then all who act for it; with `roles` those in these roles. It is
 *          worked out over true values, once, when the notice is made. Who took the step is not told of it.
 * Rights   a notice holds ids only. What it says is read when it is looked at, by the rights of then: a step that the
 *          reader may not see is not in their list, and not in its count.
 * Tables   notice, notice_state: operational, not events; in a backup, not rebuilt. A notice is kept NOTICE_KEPT_MS. */
#ifndef FM_KERNEL_NOTICE_H
#define FM_KERNEL_NOTICE_H

#include "base/json.h"
#include "kernel/duties.h"

#define NOTICE_KEPT_MS   (INT64_C(90) * 24 * 3600 * 1000)
#define NOTICE_COUNT_MAX 9 /* of those unread; more are "9+" */

/* The person's, newest first, as ctx's actor may see them: {id, time, read, action, label, by (as kernel/history.h),
 * record: {type, id, title, number}}. before: id to go on from, 0 for the newest. *next: from where the next page goes
 * on; 0 when nothing more shows. Of a person's notices the newest 1,000 are looked at, shown or not. */
Err notice_list(const Ctx *ctx, int64_t before, int64_t limit, Json **out, int64_t *next) MUST_CHECK;
/* Those unread that show, up to NOTICE_COUNT_MAX + 1. */
Err notice_unread(const Ctx *ctx, int64_t *out) MUST_CHECK;
/* On the writer: the person has read the notices up to that id. */
Err notice_read(Db *db, Str person, int64_t id) MUST_CHECK;
Err notice_read_one(Db *db, Str person, int64_t id) MUST_CHECK; /* that one alone */

/* The duty "notices". */
Err notice_duty(DutyRun *run) MUST_CHECK;

#endif
