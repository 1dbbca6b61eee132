/* base/date.c: see date.h.
 *
 * Source   the civil-day count: years are taken to begin on 1 March, so that the leap day is the last of its year, and
 *          400 years are 146097 days. */
#include "base/date.h"

#include <assert.h>

enum {
    DAYS_IN_400_YEARS = 146097,
    DAYS_IN_100_YEARS = 36524,
    DAYS_IN_4_YEARS = 1461,
    DAYS_TO_1970 = 719468, /* from 0000-03-01 */
    MINUTE_MS = 60000,
};

static int64_t floor_div(int64_t number, int64_t by)
{
    int64_t quotient = number / by;
    return number % by < 0 ? quotient - 1 : quotient;
}

static int64_t floor_mod(int64_t number, int64_t by) { return number - floor_div(number, by) * by; }

/* ---- dates ---- */

static bool leap_year(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

bool date_exists(Date date)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (date.year < 1 || date.year > 9999 || date.month < 1 || date.month > 12)
        return false;
    int length = lengths[date.month - 1] + (date.month == 2 && leap_year(date.year));
    return date.day >= 1 && date.day <= length;
}

int64_t date_to_day(Date date)
{
    assert(date_exists(date));
    int     year = date.month > 2 ? date.year : date.year - 1; /* 0 .. 9999 */
    int     month = (date.month + 9) % 12;                     /* 0 March … 11 February */
    int64_t before_year = 365LL * year + year / 4 - year / 100 + year / 400;
    return before_year + (153 * month + 2) / 5 + date.day - 1 - DAYS_TO_1970;
}

Date date_from_day(int64_t day)
{
    assert(day >= DATE_DAY_MIN && day <= DATE_DAY_MAX);
    int count = (int)day + DAYS_TO_1970;
    int era = count / DAYS_IN_400_YEARS, in_era = count % DAYS_IN_400_YEARS;
    int in_era_year = (in_era - in_era / (DAYS_IN_4_YEARS - 1) + in_era / DAYS_IN_100_YEARS -
                       in_era / (DAYS_IN_400_YEARS - 1)) /
                      365;
    int  in_year = in_era - (365 * in_era_year + in_era_year / 4 - in_era_year / 100);
    int  month = (5 * in_year + 2) / 153;
    Date date = { .day = in_year - (153 * month + 2) / 5 + 1, .month = month < 10 ? month + 3 : month - 9 };
    date.year = era * 400 + in_era_year + (date.month <= 2);
    return date;
}

/* Exactly count digits at s.ptr + *at, below or at max; moves *at past them. */
static bool take_digits(Str s, size_t *at, int count, int max, int *out)
{
    int number = 0;
    for (int i = 0; i < count; i++, ++*at) {
        if (*at >= s.len || s.ptr[*at] < '0' || s.ptr[*at] > '9')
            return false;
        number = number * 10 + (s.ptr[*at] - '0');
    }
    *out = number;
    return number <= max;
}

static bool take_char(Str s, size_t *at, char c)
{
    if (*at >= s.len || s.ptr[*at] != c)
        return false;
    ++*at;
    return true;
}

static bool take_date(Str s, size_t *at, int64_t *out_day)
{
    Date date;
    if (!take_digits(s, at, 4, 9999, &date.year) || !take_char(s, at, '-') || !take_digits(s, at, 2, 12, &date.month) ||
        !take_char(s, at, '-') || !take_digits(s, at, 2, 31, &date.day) || !date_exists(date))
        return false;
    *out_day = date_to_day(date);
    return true;
}

bool date_parse(Str s, int64_t *out_day)
{
    size_t  at = 0;
    int64_t day;
    if (!take_date(s, &at, &day) || at != s.len)
        return false;
    *out_day = day;
    return true;
}

/* Lists write thousands of dates: digit by digit costs a tenth of printf. */
static char *put_digits(char *at, int number, int width)
{
    for (int i = width; i > 0; i--, number /= 10)
        at[i - 1] = (char)('0' + number % 10);
    return at + width;
}

static char *put_date(char *at, int64_t day)
{
    Date date = date_from_day(day);
    at = put_digits(at, date.year, 4);
    *at++ = '-';
    at = put_digits(at, date.month, 2);
    *at++ = '-';
    return put_digits(at, date.day, 2);
}

Str date_text(Arena *arena, int64_t day)
{
    char *text = arena_alloc(arena, 10);
    return (Str){ text, (size_t)(put_date(text, day) - text) };
}

int date_weekday(int64_t day) { return (int)floor_mod(day + 3, 7) + 1; /* day 0 was a Thursday */ }

/* ---- instants ---- */

/* ".5", ".50" or ".500" as 500; nothing as 0. */
static bool take_fraction_ms(Str s, size_t *at, int *out_ms)
{
    *out_ms = 0;
    if (!take_char(s, at, '.'))
        return true;
    int digit, unit = 100;
    for (; unit && take_digits(s, at, 1, 9, &digit); unit /= 10)
        *out_ms += digit * unit;
    return unit < 100; /* at least one digit */
}

static bool take_offset_minutes(Str s, size_t *at, int *out_minutes)
{
    *out_minutes = 0;
    if (take_char(s, at, 'Z'))
        return true;
    bool west = take_char(s, at, '-');
    int  hours, minutes;
    if ((!west && !take_char(s, at, '+')) || !take_digits(s, at, 2, 23, &hours) || !take_char(s, at, ':') ||
        !take_digits(s, at, 2, 59, &minutes))
        return false;
    *out_minutes = (west ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

bool instant_parse(Str s, int64_t *out_ms)
{
    size_t  at = 0;
    int64_t day;
    int     hour, minute, second, ms, offset;
    if (!take_date(s, &at, &day) || !take_char(s, &at, 'T') || !take_digits(s, &at, 2, 23, &hour) ||
        !take_char(s, &at, ':') || !take_digits(s, &at, 2, 59, &minute) || !take_char(s, &at, ':') ||
        !take_digits(s, &at, 2, 59, &second) || !take_fraction_ms(s, &at, &ms) ||
        !take_offset_minutes(s, &at, &offset) || at != s.len)
        return false;
    int64_t instant = day * DAY_MS + ((hour * 60 + minute - offset) * 60 + second) * 1000LL + ms;
    int64_t utc_day = instant_day(instant, 0);
    if (utc_day < DATE_DAY_MIN || utc_day > DATE_DAY_MAX) /* the offset can lead out of the years 1 to 9999 */
        return false;
    *out_ms = instant;
    return true;
}

Str instant_text(Arena *arena, int64_t ms)
{
    int   in_day = (int)floor_mod(ms, DAY_MS);
    char *text = arena_alloc(arena, 24), *at = put_date(text, instant_day(ms, 0));
    *at++ = 'T';
    at = put_digits(at, in_day / 3600000, 2);
    *at++ = ':';
    at = put_digits(at, (int)(in_day / MINUTE_MS % 60), 2);
    *at++ = ':';
    at = put_digits(at, in_day / 1000 % 60, 2);
    *at++ = '.';
    at = put_digits(at, in_day % 1000, 3);
    *at++ = 'Z';
    return (Str){ text, (size_t)(at - text) };
}

int64_t instant_day(int64_t ms, int offset_minutes)
{
    return floor_div(ms + (int64_t)offset_minutes * MINUTE_MS, DAY_MS);
}
