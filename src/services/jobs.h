/* services/jobs.h: what a job's page shows beyond its record: how far it is, and the first rows that it refused. */
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

#endif
