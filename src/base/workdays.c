/* base/workdays.c: see workdays.h. The days of whole weeks are counted by arithmetic, the listed days one by one. */
#include "base/workdays.h"

static const WorkCalendar usual = { .week = WORK_WEEK_USUAL };

static const WorkCalendar *calendar_or_usual(const WorkCalendar *calendar) { return calendar ? calendar : &usual; }

/* ---- the week ---- */

static bool week_works(const WorkCalendar *calendar, int64_t day)
{
    return calendar->week >> (date_weekday(day) - 1) & 1;
}

/* Days from the first date up to and including `day` that the week works; the first date, 0001-01-01, is a Monday. */
static int64_t week_count(const WorkCalendar *calendar, int64_t day)
{
    unsigned week = calendar->week & 0x7F;
    int64_t  days = day - DATE_DAY_MIN + 1;
    unsigned begun = week & ((1U << days % 7) - 1); /* of the week that `day` does not end */
    return days / 7 * __builtin_popcount(week) + __builtin_popcount(begun);
}

/* ---- the listed days ---- */

/* Index of the first exception on `day` or later. */
static size_t exception_from(const WorkCalendar *calendar, int64_t day)
{
    size_t low = 0, high = calendar->exception_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (calendar->exceptions[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool workday(const WorkCalendar *calendar, int64_t day)
{
    calendar = calendar_or_usual(calendar);
    size_t place = exception_from(calendar, day);
    if (place < calendar->exception_count && calendar->exceptions[place].day == day)
        return calendar->exceptions[place].works;
    return week_works(calendar, day);
}

/* ---- spans ---- */

int64_t workdays_between(const WorkCalendar *calendar, int64_t from, int64_t to)
{
    if (to < from)
        return -workdays_between(calendar, to, from);
    calendar = calendar_or_usual(calendar);
    int64_t count = week_count(calendar, to) - week_count(calendar, from);
    for (size_t i = exception_from(calendar, from + 1); i < calendar->exception_count; i++) {
        const WorkException *exception = &calendar->exceptions[i];
        if (exception->day > to)
            break;
        count += exception->works - week_works(calendar, exception->day);
    }
    return count;
}

/* The first day by which so many have passed: the number never falls as the days go on, so halving finds it. */
bool workdays_after(const WorkCalendar *calendar, int64_t from, int64_t count, int64_t *out)
{
    int64_t low = from, high = DATE_DAY_MAX;
    if (workdays_between(calendar, from, high) < count)
        return false;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (workdays_between(calendar, from, middle) < count)
            low = middle + 1;
        else
            high = middle;
    }
    *out = low;
    return true;
}

bool workdays_known(const WorkCalendar *calendar, int64_t from, int64_t to)
{
    if (to < from)
        return workdays_known(calendar, to, from);
    int    first = date_from_day(from).year, last = date_from_day(to).year;
    size_t place = 0, count = calendar ? calendar->year_count : 0;
    while (place < count && calendar->years[place] < first)
        place++;
    size_t end = place + (size_t)(last - first); /* sorted and none twice: the years between are there, or this fails */
    return end < count && calendar->years[place] == first && calendar->years[end] == last;
}
