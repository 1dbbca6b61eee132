/* web/pages/rows.h: child rows as a table. Private to web/pages. */
#ifndef FM_WEB_PAGES_ROWS_H
#define FM_WEB_PAGES_ROWS_H

#include "web/pages/show.h"

/* {table_id, table_label, columns, lines, total} as web/templates/README.md says. The amounts of a column are added up
 * when there are several and all are of one currency. rows: the field's value as the contract spells it. */
Err rows_table(Show *show, const Call *call, const Field *field, const Json *rows, Json **out) MUST_CHECK;

#endif
