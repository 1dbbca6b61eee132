/* services/views.h: what a type's own page shows beyond its record, by the page's name in the pack (Type.page).
 *
 * A view reads through find.h as the actor, so it can show nothing that the actor may not see, and it changes nothing.
 * The API gives its JSON as a member of the single record, under the page's name. */
#ifndef FM_SERVICES_VIEWS_H
#define FM_SERVICES_VIEWS_H

#include "kernel/find.h"

typedef Err (*ServiceView)(const Ctx *ctx, const Record *record, Json **out);

/* NULL when no service has a page of that name. */
ServiceView service_view(Str page);

#endif
