/* web/pages/field.h: what one field of a form asks with: its control, its choices, its rows. Private to web/pages.
 *
 * Control  one of line, number, date, area, select, radio, boxes and table is set; web/templates/README.md says what
 *          each needs. Few choices stand side by side, more are a list; records likewise, and of too many one types
 *          their numbers or titles. Child rows are a table of controls: those that are there and some empty ones. */
#ifndef FM_WEB_PAGES_FIELD_H
#define FM_WEB_PAGES_FIELD_H

#include "web/pages/show.h"

typedef struct Asked {
    Call         *call;
    Show         *show;
    const Json   *data; /* of the page: values and errors */
    const Field  *field;
    const Json   *value;    /* as the contract spells it, or as it was sent; NULL: none */
    Str           name;     /* "amount"; of a cell "expenses[2].amount" */
    Str           first;    /* what stands there when there is no value */
    Str           more;     /* address that a button for more rows is sent to */
    bool          required; /* cannot be emptied */
    bool          cell;     /* of child rows: narrower, and its label is the column's */
    const Action *action;   /* that asks, so that it offers what it could take; NULL: whatever there is */
    const Record *record;   /* on which; of one that is created what is known of it, or NULL */
    const Found  *records;  /* of a cell: what a reference may be chosen from, looked up once a column */
} Asked;

/* Sets value, value_lang, unit, size, max, rows, unset, choices, many, table and the control; *help is what else is to
 * be said. */
Err field_put(const Asked *asked, Str *help, Json *json) MUST_CHECK;

/* "f-amount", "f-expenses-2-amount" */
Str field_id(Arena *arena, Str name);
/* What is wrong with the value of that name, in words; empty: nothing. Of a field that is no table also what is wrong
 * with one of its items. */
Str field_error(const Call *call, const Json *data, Str name, bool items);
Str field_error_text(const Call *call, const Json *error);

#endif
