/* kernel/clock_view.h: how the clocks of a record stand, for people and programs. */
#ifndef FM_KERNEL_CLOCK_VIEW_H
#define FM_KERNEL_CLOCK_VIEW_H

#include "kernel/find.h"

/* Of each clock of the record that runs or is paused, and whose fields show to the actor, in the pack's order:
 *   {"name", "label", "kind": "working" or "calendar", "from", "days", "due" or "paused", "days_left", "late",
 *    "provisional", "text", "source"?}
 * days_left: of the clock's own days, 0 on the last one, negative when it is over. late: it is a limit, and over.
 * provisional: the due day rests on a year that the calendar does not know. text: all this in words of ctx's language.
 * NULL when there is none. wanted as record_json(): a clock of which neither `due` nor `paused` is asked for is left
 * out. */
Json *clocks_json(const Ctx *ctx, const Record *record, int64_t now_ms, const Wanted *wanted);
/* The same of one that runs or is paused, whether it shows or not. */
Json *clock_stand_json(const Ctx *ctx, const Record *record, const Clock *clock);

#endif
