/* web/pages/filter.h: a list's filter as its parts: shown as chips, added to by a form, taken away by
 * a link. Private to web/pages.
 *
 * The expression engine does the reading (expr_parse, expr_parts); here is what people add in words. A filter that
 * cannot be read has no parts: the page shows it as it was typed, with what is wrong. */
#ifndef FM_WEB_PAGES_FILTER_H
#define FM_WEB_PAGES_FILTER_H

#include "web/page.h"

typedef struct Sign {
    Str         code; /* in the form: "ge" */
    Str         sign; /* in an expression: ">=" */
    const char *word; /* path in the locale */
} Sign;
extern const Sign   filter_signs[];
extern const size_t filter_sign_count;

void filter_parts(Arena *arena, Str filter, ExprPart **out, size_t *count);
/* The filter without one of its parts; count for all of them. */
Str filter_without(Arena *arena, const ExprPart *parts, size_t count, size_t gone);
/* The filter and one more condition; a condition that is there already is not added again. */
Str filter_with(Arena *arena, Str filter, Str condition);

/* The field that a part asks about, following references; NULL when the part is no plain condition, or when the actor's
 * role never sees a field on the way. *label: how people call it. */
const Field *filter_field(const Call *call, const Type *type, const ExprPart *part, Str *label);

/* Can a condition on the field be made by the form? */
bool filter_takes(const Call *call, const Field *field);
/* The condition as an expression: `state = 'draft'`. value as people write it: labels for codes, thousand marks, and
 * for a reference an id or the title of what it names.
 * Errors   ECODE_RECORD_INVALID, with a problem about the value; those of expr_check, when sign and
 *          field do not fit. */
Err filter_condition(Call *call, const Field *field, const Sign *sign, Str value, Str *out,
                     Problems *problems) MUST_CHECK;

#endif
