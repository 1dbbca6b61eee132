/* kernel/decision.h: the engine that keeps what a guard decided on: an action with `decides: true`.
 *
 * Method   while the guards of the step are asked, on the writer, over true values, whatever they read is taken down:
 *          values, where references lead, child records, parameters, the day, who acts. That is the input. From it
 *          alone, with the frozen pack's names and calendar, the result is worked out: whether each clause holds, and
 *          what was found, in words.
 * Input    {type, root, today, actor, organisation, guards: [{when, rule}], records: {NAME: {fields: {field: value},
 *          refs: {field: NAME or null}, lists: {TYPE.FIELD: [NAME, …]}}}}; NAME is TYPE/ID, or of a child row that of
 *          its record, the field and its place. Values as base/value.h encodes them.
 * People   stand in it by number, 00000000-0000-7000-8000-000000000001 for who acts, then as they are read; words call
 *          them #1, #2. So it can be worked out again whether two are the same, while who they are is told by the
 *          record and its history alone, to whom they tell it. An id that a guard spells out stays.
 * Result   {holds, guards: [{holds, rule, clauses: [{clause, holds, rule, found}]}]}, words as {zh, en} */
#ifndef FM_KERNEL_DECISION_H
#define FM_KERNEL_DECISION_H

#include "kernel/computation.h"

/* What the step's guards find of the record, as a change that keeps it; asked: its new values in its old state. On the
 * writer. NULL: the action does not say `decides`. */
Err decision_keep(const Ctx *writer, const Action *action, const Record *asked, Change **out) MUST_CHECK;

#endif
