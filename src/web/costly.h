/* web/costly.h: filters that cost too much. Private to web/.
 *
 * One that is stopped has held its thread for LIMIT_READ_MS, and others' requests with it. Whose filters are stopped
 * again and again waits before the next filter; one that was cheap costs nothing, and a list without a filter is never
 * refused. */
#ifndef FM_WEB_COSTLY_H
#define FM_WEB_COSTLY_H

#include "web/call.h"

/* The `filter` of the address, before it is used: its size, and whether who asks must wait. ECODE_EXPR_LIMIT,
 * ECODE_RATE_LIMITED. */
Err costly_admit(Call *call, Problems *problems) MUST_CHECK;
/* Afterwards: counts it when a statement of this call was stopped for its length. problems are those of the read. */
void costly_charge(Call *call, const Problems *problems);

#endif
