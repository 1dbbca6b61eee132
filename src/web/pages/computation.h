/* web/pages/computation.h: what a computation's page shows beyond its record: whether it works out the same, and in
 * words what was decided on; of a screening its judges by number, how severe each is, and what that makes of each
 * result. Private to web/pages. */
#ifndef FM_WEB_PAGES_COMPUTATION_H
#define FM_WEB_PAGES_COMPUTATION_H

#include "web/page.h"
#include "web/pages/show.h"

/* Is it one of the fields that hold JSON? The page says it in words; whoever wants the bytes takes the page as data. */
bool computation_raw(const Field *field);
/* Sets `computation` from the record's member of that name (kernel/computation.h) and what the reader sees of it. */
Err computation_put(Call *call, Show *show, const Json *data, Json *page) MUST_CHECK;

#endif
