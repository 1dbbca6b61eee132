/* kernel/clock.c: see clock.h. */
#include "kernel/clock.h"

#include "base/limits.h"

/* ---- as fields ---- */

ClockStand clock_stand(const Clock *clock, const Value *values)
{
    const Value *own = &values[clock->first];
    return (ClockStand){ .runs = own[CLOCK_DUE].kind != VALUE_MISSING,
                         .paused = own[CLOCK_PAUSED].kind != VALUE_MISSING,
                         .from = own[CLOCK_FROM].number,
                         .days = own[CLOCK_DAYS].number,
                         .due = own[CLOCK_DUE].number,
                         .since = own[CLOCK_PAUSED].number };
}

static void keep(const Clock *clock, ClockField field, Value value, Value *values, bool *set)
{
    size_t index = clock->first + (size_t)field;
    if (value_eq(values[index], value))
        return;
    values[index] = value;
    set[index] = true;
}

void clock_keep(const Clock *clock, const ClockStand *stand, Value *values, bool *set)
{
    if (stand->runs || stand->paused) {
        keep(clock, CLOCK_FROM, value_date(stand->from), values, set);
        keep(clock, CLOCK_DAYS, value_int(stand->days), values, set);
    }
    keep(clock, CLOCK_DUE, stand->runs ? value_date(stand->due) : VALUE_NONE, values, set);
    keep(clock, CLOCK_PAUSED, stand->paused ? value_date(stand->since) : VALUE_NONE, values, set);
}

/* ---- counting ---- */

bool clock_due(const Clock *clock, const WorkCalendar *calendar, int64_t from, int64_t days, int64_t *out)
{
    int64_t least = clock->until ? -LIMIT_CLOCK_DAYS : 1;
    if (days < least || days > LIMIT_CLOCK_DAYS || from + days > DATE_DAY_MAX)
        return false;
    int64_t due = from + days;
    if (clock->working && !workdays_after(calendar, from, days, &due))
        return false;
    if (clock->rolls && !workdays_after(calendar, due - 1, 1, &due)) /* the day itself, when it is worked */
        return false;
    *out = due;
    return true;
}

/* Days of the clock's kind after the one, up to and including the other. */
static int64_t days_between(const Clock *clock, const WorkCalendar *calendar, int64_t from, int64_t to)
{
    return clock->working ? workdays_between(calendar, from, to) : to - from;
}

/* What is left of the days when a pause begins: that day has not been used. */
static int64_t days_at_pause(const Clock *clock, const WorkCalendar *calendar, const ClockStand *stand)
{
    int64_t last_used = stand->since - 1;
    return last_used > stand->from ? stand->days - days_between(clock, calendar, stand->from, last_used) : stand->days;
}

/* ---- steps ---- */

bool clock_start(const Clock *clock, const WorkCalendar *calendar, int64_t day, int64_t days, ClockStand *stand)
{
    ClockStand begun = { .runs = true, .from = day, .days = days };
    if (!clock_due(clock, calendar, day, days, &begun.due))
        return false;
    *stand = begun;
    return true;
}

void clock_pause(int64_t day, ClockStand *stand)
{
    if (!stand->runs || day > stand->due)
        return;
    stand->runs = false;
    stand->paused = true;
    stand->since = day;
}

bool clock_resume(const Clock *clock, const WorkCalendar *calendar, int64_t day, ClockStand *stand)
{
    int64_t left = days_at_pause(clock, calendar, stand);
    /* under a calendar that has changed meanwhile there may be none left: the next day is then the last */
    return !stand->paused || clock_start(clock, calendar, day, left < 1 ? 1 : left, stand);
}

void clock_stop(ClockStand *stand) { stand->runs = stand->paused = false; }

/* ---- as of now ---- */

int64_t clock_ended(const Clock *clock, int64_t now_ms, int utc_offset_minutes)
{
    return instant_day(now_ms - clock->ends * INT64_C(60000), utc_offset_minutes);
}

int64_t clock_ends(const Clock *clock, int64_t day, int utc_offset_minutes)
{
    return day * DAY_MS + (clock->ends - utc_offset_minutes) * INT64_C(60000);
}

int64_t clock_left(const Clock *clock, const WorkCalendar *calendar, const ClockStand *stand, int64_t today)
{
    return stand->paused ? days_at_pause(clock, calendar, stand) : days_between(clock, calendar, today, stand->due);
}

bool clock_provisional(const Clock *clock, const WorkCalendar *calendar, const ClockStand *stand)
{
    int64_t first = clock->working ? stand->from : stand->due;
    return stand->runs && (clock->working || clock->rolls) && !workdays_known(calendar, first, stand->due);
}
