/* web/pages/parts.h: what a record's page says under one heading, today and of a day in the past. Private to web/pages.
 *
 * Parts    long texts stand by themselves, child rows are tables, everything else is a fact with its label;
 *          web/templates/README.md says what each needs. */
#ifndef FM_WEB_PAGES_PARTS_H
#define FM_WEB_PAGES_PARTS_H

#include "web/pages/show.h"

typedef struct Parts {
    Json *texts, *facts, *tables;
} Parts;

Parts parts_new(Arena *arena);
/* Adds the field of the record; empty: also when it has no value. */
Err parts_field(Show *show, Call *call, const Field *field, const Json *record, bool empty,
                const Parts *parts) MUST_CHECK;
/* Adds the section "part-ID"; without parts there is none. */
void parts_put(const Call *call, Str id, Str label, const Parts *parts, Json *sections);

#endif
