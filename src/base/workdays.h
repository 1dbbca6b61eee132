/* base/workdays.h: working days of a calendar.
 *
 * A calendar lists, for the years it knows, the days that differ from its week: holidays, and days worked in their
 * place (调休). Outside these years the week alone counts, and the answer is provisional.
 * Day one of a time limit is the next working day: from a Friday, the Monday after is 1 working day away.
 * Cost is that of the listed days, never of the days between. */
#ifndef FM_BASE_WORKDAYS_H
#define FM_BASE_WORKDAYS_H

#include "base/date.h"
#include "base/lang.h"

typedef struct WorkException { /* a day that is not as its week says */
    int64_t day;
    bool    works;
    Text    name; /* "春节" */
} WorkException;

typedef struct WorkCalendar {
    Str                  name;
    Text                 label;
    uint8_t              week;       /* bit per weekday that is worked, Monday is bit 0 */
    const WorkException *exceptions; /* sorted by day, none twice */
    size_t               exception_count;
    const int           *years; /* that are known whole, sorted */
    size_t               year_count;
} WorkCalendar;

#define WORK_WEEK_USUAL 0x1F /* Monday to Friday */

/* calendar NULL: Monday to Friday, every year provisional. */
bool workday(const WorkCalendar *calendar, int64_t day);
/* Working days after `from`, up to and including `to`; negative when `to` is before `from`. */
int64_t workdays_between(const WorkCalendar *calendar, int64_t from, int64_t to);
/* The day that is `count` >= 0 working days after `from` (0: from itself); false beyond the last date. */
bool workdays_after(const WorkCalendar *calendar, int64_t from, int64_t count, int64_t *out);
/* Whether the calendar knows every year from the one day to the other; if not, what is counted is provisional. */
bool workdays_known(const WorkCalendar *calendar, int64_t from, int64_t to);

#endif
