/* services/jobs.h: what a job's page shows beyond its record: how far it is, the first rows that it refused, and how
 * the columns of its file were understood. */
#ifndef FM_SERVICES_JOBS_H
#define FM_SERVICES_JOBS_H

#include "kernel/find.h"

#define JOBS_REFUSED_SHOWN 20

/* ServiceView of the page "job": {total (null: not known yet), done, added, updated, unchanged, refused,
 * refusals: [{line, reasons}], errors: address of the file of all of them}; refusals and errors only for whoever
 * started it, and when there are any. */
Err jobs_view(const Ctx *ctx, const Record *record, Json **out) MUST_CHECK;
/* Did the actor start it? What its file held nobody else has seen. */
bool jobs_own(const Ctx *ctx, const Record *job);
/* ECODE_RECORD_UNSEEN, too, for a job that somebody else started. */
Err jobs_find_own(const Ctx *ctx, Str id, Record *out) MUST_CHECK;
/* The input with which the same file begins once more, as it was but for `dry_run`. */
Json *jobs_again(const Ctx *ctx, const Record *job);
/* {about: the type's name, columns: [{column, field, near, passed, values: of the first rows}], fields: names that a
 * column may be}, of an import that one has started oneself. No columns: it has not begun, or they are kept no longer.
 * ECODE_RECORD_UNSEEN also when it imports nothing that the actor knows. */
Err jobs_columns(const Ctx *ctx, const Record *job, Json **out) MUST_CHECK;

#endif
