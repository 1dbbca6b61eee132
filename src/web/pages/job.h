/* web/pages/job.h: what a job's page shows beyond its record. Private to web/pages. */
#ifndef FM_WEB_PAGES_JOB_H
#define FM_WEB_PAGES_JOB_H

#include "web/page.h"

/* Fields that hold what only the program reads: the name of the kept file, the map of its columns. Shown as words
 * instead. */
bool job_raw(const Field *field);
/* Sets job, and refresh of the frame while ?follow=1 asks for it, from the record's member "job" (services/jobs.h). */
void job_put(Call *call, const Record *record, const Json *data, PageOut *out);

#endif
