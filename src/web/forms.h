/* web/forms.h: what the form of a step is made of, of one record and of many (web/page.h). Private to web/. */
#ifndef FM_WEB_FORMS_H
#define FM_WEB_FORMS_H

#include "web/call.h"

/* {"type","action","inputs","values"} of the step, with what stands in each field: what was sent, else what the address
 * gives, else what the record has. record NULL: of none in particular. */
Err forms_step(Call *call, const Type *type, const Action *action, const Record *record, Json **out) MUST_CHECK;
/* What the kernel found, with what is known better about the names that were typed. */
Problems forms_with_names(Call *call, const Problems *problems, const Problems *names);

#endif
