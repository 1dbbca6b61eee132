/* web/pages/choose.h: which fields are columns of a list's page, and in which order. Private to web/pages.
 *
 * The address says it (`fields=a,b,c`, as the API has it); without, the type does. The record's name stands first and
 * is no column of these. Of fields only those that the role ever sees; at most LIMIT_LIST_COLUMNS. */
#ifndef FM_WEB_PAGES_CHOOSE_H
#define FM_WEB_PAGES_CHOOSE_H

#include "base/limits.h"
#include "web/pages/list_address.h"

void columns_of(const Call *call, const Type *type, Str fields, uint16_t columns[LIMIT_LIST_COLUMNS], size_t *count);
/* Did the address send the choice? Then to->fields has it: those that were there in their order, then the new ones. */
bool columns_chosen(const Call *call, ListAddress *to);
/* page.choose: {open, keep, boxes, order, usual_href, most} (web/templates/README.md). */
void choose_put(const Call *call, const ListAddress *at, const uint16_t *columns, size_t count, Json *page);

#endif
