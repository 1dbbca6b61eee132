/* web/forms.h: what the form of a step is made of, of one record and of many (web/page.h). Private to web/. */
#ifndef FM_WEB_FORMS_H
#define FM_WEB_FORMS_H

#include "web/call.h"

/* {"type","action","inputs","values"} of the step, with what stands in each field: what was sent, else what the address
 * gives, else what the record has. record NULL: of none in particular. */
Err forms_step(Call *call, const Type *type, const Action *action, const Record *record, Json **out) MUST_CHECK;
/* Replies with the form that was sent, `json` as made anew or why it could not be (shown): what the kernel found, with
 * what is known better about the names that were typed. */
void forms_again(Call *call, Err err, const Problems *found, const Problems *names, Err shown, Json *json);
/* Can the step be taken on several records? Not making one, nor changing fields, for which one must have seen the
 * version. */
bool forms_of_many(const Action *action);

#endif
