/* kernel/rules.h: what must hold of a record after every step, whichever it is: the rules of its type, and values that
 * no other record may have.
 *
 * `set` says per field what the step changes; NULL: the record is new, so everything counts. A rule is asked when it
 * reads a field that the step changes, child rows and what a computed field is worked out from included. It rests on
 * true values; who may not see all of them hears only that a condition is not met. */
#ifndef FM_KERNEL_RULES_H
#define FM_KERNEL_RULES_H

#include "kernel/access.h"

/* Does the condition read one of these fields (per field of the type), child rows and what a computed field is worked
 * out from included? */
bool rules_read(const Expr *when, const Type *type, const bool *fields);
/* Adds a Problem for each rule that does not hold of the record as it stands after the step. Rules that read a field in
 * `unread` (NULL: none) are passed over: what was given for it could not be read. */
Err rules_check(const Ctx *ctx, const Record *after, const bool *set, const bool *unread,
                Problems *problems) MUST_CHECK;
/* Adds a Problem for each value of a column that another row of the record has before it, where each may stand once. */
Err once_check(const Ctx *ctx, const Record *after, const bool *set, Problems *problems) MUST_CHECK;
/* Adds a Problem for each unique field whose value another record has, of the same owner or of the whole city. Certain
 * inside the writer alone: two may ask at once. */
Err unique_check(const Ctx *ctx, const Record *after, const bool *set, Problems *problems) MUST_CHECK;

#endif
