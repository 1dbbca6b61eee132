/* web/pages/clocks.h: legal time limits on pages: a word, a sign and a colour for how each stands, from the `clocks` of
 * a record's JSON (kernel/clock_view.h). Private to web/pages. */
#ifndef FM_WEB_PAGES_CLOCKS_H
#define FM_WEB_PAGES_CLOCKS_H

#include "web/page.h"

/* How one of them stands: {day, said, kind}. */
void clock_put(const Call *call, const Json *clock, Json *into);
/* Is it the day that a clock is due? */
bool clock_due_field(const Field *field);
/* What a table shows in its place: {day, said, kind}, without a day while the clock is paused; null when the field is
 * none, or its clock does not run. */
Json *clock_cell(const Call *call, const Field *field, const Json *record);
/* Sets `clocks` of a record's page: a block of items. */
void clocks_put(const Call *call, const Json *record, Json *page);
/* Sets `ready` of a list's page: a filter for what is late, of each clock that the role knows and `filter` does not ask
 * for yet. address makes the list's address with a filter. */
void clocks_ready(const Call *call, const Type *type, Str filter, Str (*address)(const void *context, Str filter),
                  const void *context, Json *page);

#endif
