/* web/pages/steps.h: what the actor can do with a record now, and what not yet, with the reasons. Private to web/pages.
 *
 * Source   the record's `actions` (kernel/act.h). "Not yet" leaves out what never can be: steps of other people, and
 *          steps from states to which no way leads back. */
#ifndef FM_WEB_PAGES_STEPS_H
#define FM_WEB_PAGES_STEPS_H

#include "web/page.h"

/* Sets `edit` and `steps` of the page. data: the contract's record. */
Err steps_put(Call *call, const Record *record, const Json *data, Json *page) MUST_CHECK;
/* The actor's entry in `actions` for the step that moves the record to its next stop; NULL when it is not theirs. */
const Json *steps_forward(const Type *type, int state, const Json *data);

#endif
