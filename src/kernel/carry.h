/* kernel/carry.h: steps that an action takes along: when a list is published, each result on it is listed.
 *
 * Whole    they are taken in the same transaction, each in an event of its own behind that of the action, by whoever
 *          acted: all or none. What refuses one of them refuses the action, and says which. Guards and rules of all
 *          are asked before the first is taken; on the writer once more, with which records they are.
 * Rights   the pack's word stands for them: who may take the action may have its steps taken along, whether they see
 *          the records or not. Of one that they do not see nothing is told but that there is a condition.
 * Reach    a record that several name is stepped on once; the record that is acted upon never. */
#ifndef FM_KERNEL_CARRY_H
#define FM_KERNEL_CARRY_H

#include "kernel/access.h"

typedef struct CarryItem {
    Str    id;
    Value *sets; /* as carry->sets */
} CarryItem;

/* The records on which the step is to be taken, as the record stands with its new values. ECODE_ACTION_CARRY_LIMIT
 * beyond LIMIT_CARRIED. */
Err carry_items(const Ctx *ctx, const Carry *carry, const Record *record, CarryItem **out, size_t *count) MUST_CHECK;

#endif
