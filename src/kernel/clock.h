/* kernel/clock.h: legal time limits, as arithmetic on dates. Pure: no I/O, and no time but what is given.
 *
 * Counting a limit of n days counts n days after the day on which it starts: day one is the next day, of a limit in
 *          working days the next working day of the city's calendar. The last of them is the day on which it is due,
 *          and the limit ends with it: at 24:00 by the city's time, unless the pack says an hour. A limit in all days
 *          may roll: a last day that is not worked gives way to the next one that is.
 * Pauses   paused days do not count, and each is counted whole: neither the day on which the pause begins nor the one
 *          on which it ends. Going on, the limit is counted anew, with the days that were left, from the day on which
 *          it goes on. A limit that is over cannot be paused any more.
 * Kept     as fields of the record (ClockField): from + days = due can be counted by hand at any time. A clock that was
 *          stopped, or has run out and made the system act, has no `due`; `from` and `days` say how it last ran.
 * Calendar a year that it does not know is counted by the week alone, and the due day is provisional.
 * Reminder a clock that runs out some days before a limit does, so that the system tells people. It is no limit: nobody
 *          is late by it. Where those days are over when it would start, it does not start.
 * Waiting  time that others have, such as to object. It is no limit, either: when it is over, one can go on.
 * Lengths  1 .. LIMIT_CLOCK_DAYS; until a given day also 0 (that day itself) and less (it starts late). A due day after
 *          the last date there is cannot be. */
#ifndef FM_KERNEL_CLOCK_H
#define FM_KERNEL_CLOCK_H

#include "kernel/type.h"

#define CLOCK_DAY_MINUTES (24 * 60)

typedef struct ClockStand { /* how a clock stands; all days are dates (base/date.h) */
    bool    runs, paused;   /* at most one of them; neither: it does not run */
    int64_t from, days;     /* of the last run, when there was one */
    int64_t due;            /* when it runs */
    int64_t since;          /* when it is paused */
} ClockStand;

/* From and into the values of a record; set (per field) gains what changes. */
ClockStand clock_stand(const Clock *clock, const Value *values);
void       clock_keep(const Clock *clock, const ClockStand *stand, Value *values, bool *set);

/* The last day of a limit of so many days from that day on; false for a length that is none, and beyond the last
 * date. */
bool clock_due(const Clock *clock, const WorkCalendar *calendar, int64_t from, int64_t days, int64_t *out);
/* Begins anew, also when it runs already. False as clock_due(); *stand is then untouched. */
bool clock_start(const Clock *clock, const WorkCalendar *calendar, int64_t day, int64_t days, ClockStand *stand);
/* A clock that does not run, is paused already or is over stays as it is. */
void clock_pause(int64_t day, ClockStand *stand);
/* A clock that is not paused stays as it is. False beyond the last date; *stand is then untouched. */
bool clock_resume(const Clock *clock, const WorkCalendar *calendar, int64_t day, ClockStand *stand);
void clock_stop(ClockStand *stand);

/* The last date whose end, for this clock, has come. */
int64_t clock_ended(const Clock *clock, int64_t now_ms, int utc_offset_minutes);
/* When that day ends, as an instant. */
int64_t clock_ends(const Clock *clock, int64_t day, int utc_offset_minutes);
/* Days left after today, in the clock's own days: 0 on the last day, negative when it is over, by so many; of a paused
 * one what it will have when it goes on. */
int64_t clock_left(const Clock *clock, const WorkCalendar *calendar, const ClockStand *stand, int64_t today);
/* Does the due day rest on a year that the calendar does not know? */
bool clock_provisional(const Clock *clock, const WorkCalendar *calendar, const ClockStand *stand);

static inline bool clock_reminds(const Clock *clock) { return clock->before > 0; }
/* May somebody be late by it? */
static inline bool clock_limits(const Clock *clock) { return !clock->waits && !clock_reminds(clock); }

/* A field of the clock; which of them a field is. */
static inline const Field *clock_field(const Type *type, const Clock *clock, ClockField field)
{
    return &type->fields[clock->first + field];
}
static inline ClockField clock_field_kind(const Field *field)
{
    return (ClockField)(field->index - field->clock->first);
}

#endif
