/* web/pages/changes.h: what a field was and what it became, in the history and between two days. Private to web/pages.
 *
 * Child rows are told one by one: those that went and those that came; a row that was edited is one of each. */
#ifndef FM_WEB_PAGES_CHANGES_H
#define FM_WEB_PAGES_CHANGES_H

#include "web/pages/show.h"

/* Adds {changed, old, new, text_lang, rows, rows_more} (web/templates/README.md) for a change as kernel/history.h tells
 * it, texts cut to so many code points. */
Err change_put(Call *call, Show *show, const Type *type, const Json *change, size_t points, Json *changes) MUST_CHECK;

#endif
