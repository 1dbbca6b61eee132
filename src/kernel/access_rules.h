/* kernel/access_rules.h: what the parts of access.h share, and nobody else includes: access.c decides for a record in
 * hand, access_env.c is what expressions find, access_sql.c writes the same rules as SQL. */
#ifndef FM_KERNEL_ACCESS_RULES_H
#define FM_KERNEL_ACCESS_RULES_H

#include "kernel/access.h"

bool access_rule_for(const AccessRule *rule, const Actor *actor); /* is it one of the actor's role? */
bool access_rule_sees(const AccessRule *rule);                    /* does it give anything at all? */
bool access_rule_always(const AccessRule *rule);                  /* has it no condition but the role? */
/* Are the record's state and level among the rule's? */
bool access_rule_fits(const AccessRule *rule, const Record *record);
/* Adds what the rule gives. */
void access_raise(Clearance *clearance, const AccessRule *rule);
void access_full(Clearance *out);
/* Whose ids the field holds, when it can hold one that the reader does not see: not the record's own. NULL: none. */
const Type *access_refers_to(const Field *field);
/* Asks the database whether the relation holds for the record as it is stored. */
Err access_sql_holds(const Ctx *ctx, const Relation *relation, const Record *record, bool *out) MUST_CHECK;

#endif
