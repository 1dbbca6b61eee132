/* web/pages/rests.h: the policy parameters that what a page shows rests on, from the `parameters` of a record's JSON
 * (kernel/parameter.h). Private to web/pages. */
#ifndef FM_WEB_PAGES_RESTS_H
#define FM_WEB_PAGES_RESTS_H

#include "web/page.h"

/* Sets `rests` of a record's page: a block of items. */
void rests_put(const Call *call, const Json *record, Json *page);

#endif
