/* web/pages/tabs.h: saved views above a list and its board (services/saved_views.h). Private to web/pages.
 *
 * The tab of a saved view is the address `/TYPE?view=ID`, which leads to the address of what it holds: that one holds
 * the whole list, and may be changed, kept and sent on like any other. `view` stays in it, to say where one came from:
 * it marks the tab, and what was changed may be saved into it. */
#ifndef FM_WEB_PAGES_TABS_H
#define FM_WEB_PAGES_TABS_H

#include "web/pages/list_address.h"

/* Is the address that of a saved view that holds more than the usual list? Then `to` is the address of that. */
bool tabs_lead(const Call *call, ListAddress *to);
/* page.views: null in a city without saved views, else {tabs, notice, more_href, add, doing} (web/templates/README.md).
 */
Err tabs_put(Call *call, const ListAddress *at, Json *page) MUST_CHECK;

#endif
