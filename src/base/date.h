/* base/date.h: dates and instants.
 *
 * A date is a day number, days since 1970-01-01 in the proleptic Gregorian calendar; an instant is milliseconds since
 * 1970-01-01T00:00:00Z. Years 0001 to 9999. A city's wall clock is a fixed offset from UTC (China has had no other
 * since 1991), a setting of the city. */
#ifndef FM_BASE_DATE_H
#define FM_BASE_DATE_H

#include "base/arena.h"

#define DAY_MS       86400000LL
#define DATE_DAY_MIN (-719162) /* 0001-01-01 */
#define DATE_DAY_MAX 2932896   /* 9999-12-31 */

typedef struct Date {
    int year, month, day; /* 1-based */
} Date;

int64_t date_to_day(Date date);     /* of an existing date */
Date    date_from_day(int64_t day); /* DATE_DAY_MIN .. DATE_DAY_MAX, as all that writes a date or an instant */
bool    date_exists(Date date);
/* "2025-02-28" exactly; false for anything else, "2025-02-30" included. */
bool date_parse(Str s, int64_t *out_day);
Str  date_text(Arena *arena, int64_t day);
int  date_weekday(int64_t day); /* 1 Monday … 7 Sunday */
/* RFC 3339 with Z or an offset, seconds 0-59, up to three digits of fraction. */
bool    instant_parse(Str s, int64_t *out_ms);
Str     instant_text(Arena *arena, int64_t ms);      /* "2025-03-04T05:06:07.089Z" */
int64_t instant_day(int64_t ms, int offset_minutes); /* the date on the wall there */

#endif
