#include "base/workdays.h"

#include "base/csv.h"
#include "base/testing.h"

static int64_t day(const char *text)
{
    int64_t out = 0;
    assert_true(date_parse(str_from(text), &out));
    return out;
}

/* ---- the oracle: one day after the other ---- */

static bool works_on(const WorkCalendar *calendar, int64_t on)
{
    for (size_t i = 0; i < calendar->exception_count; i++)
        if (calendar->exceptions[i].day == on)
            return calendar->exceptions[i].works;
    return calendar->week >> (date_weekday(on) - 1) & 1;
}

static int64_t counted(const WorkCalendar *calendar, int64_t from, int64_t to)
{
    int64_t count = 0;
    for (int64_t on = from + 1; on <= to; on++)
        count += works_on(calendar, on);
    for (int64_t on = to + 1; on <= from; on++)
        count -= works_on(calendar, on);
    return count;
}

static void assert_as_counted(const WorkCalendar *calendar, int64_t from, int64_t to)
{
    int64_t expected = counted(calendar, from, to), after;
    assert_int_equal(workday(calendar, to), works_on(calendar, to));
    assert_int_equal(workdays_between(calendar, from, to), expected);
    if (to < from || (expected > 0 && !works_on(calendar, to)))
        return;
    assert_true(workdays_after(calendar, from, expected, &after)); /* the first day with this count */
    assert_int_equal(after, expected ? to : from);
}

/* ---- calendars ---- */

static WorkCalendar random_calendar(Rng *rng, Arena *arena, int64_t first, size_t days)
{
    WorkException *exceptions = ARENA_ARRAY(arena, WorkException, days);
    size_t         count = 0, one_in = 1 + rng_below(rng, 20);
    for (size_t i = 0; i < days; i++)
        if (rng_below(rng, one_in) == 0)
            exceptions[count++] = (WorkException){ .day = first + (int64_t)i, .works = rng_below(rng, 2) };
    return (WorkCalendar){ .week = (uint8_t)rng_below(rng, 128), .exceptions = exceptions, .exception_count = count };
}

/* The holidays of the State Council's notices as the calendar of a city. */
static WorkCalendar real_calendar(Arena *arena)
{
    static const int years[] = { 2024, 2025, 2026 };
    Csv              csv = csv_open(shared_read(arena, "calendar/cn_2024_2026.csv"));
    WorkException   *exceptions = ARENA_ARRAY(arena, WorkException, 366 * 3);
    size_t           count = 0, cell_count;
    Str             *cells;
    bool             more = true;
    assert_ok(csv_next(&csv, arena, &cells, &cell_count, &more));
    assert_str_equal(str_join(arena, cells, cell_count, STR(",")), STR("date,kind,name_zh,name_en"));
    for (;;) {
        assert_ok(csv_next(&csv, arena, &cells, &cell_count, &more));
        if (!more)
            break;
        WorkException exception = { .works = str_eq(cells[1], STR("work_day")), .name = { { cells[2], cells[3] } } };
        assert_true(date_parse(cells[0], &exception.day));
        exceptions[count++] = exception;
    }
    return (WorkCalendar){ .week = WORK_WEEK_USUAL,
                           .exceptions = exceptions,
                           .exception_count = count,
                           .years = years,
                           .year_count = sizeof years / sizeof *years };
}

/* ---- tests ---- */

static void random_calendars_agree_with_a_walk_over_the_days(void **state)
{
    Rng rng = rng_new();
    for (int round = 0; round < 200; round++) {
        int64_t      first = DATE_DAY_MIN + (int64_t)rng_below(&rng, 3600000);
        WorkCalendar calendar = random_calendar(&rng, *state, first + 50, 100);
        for (int pair = 0; pair < 100; pair++)
            assert_as_counted(&calendar, first + (int64_t)rng_below(&rng, 200), first + (int64_t)rng_below(&rng, 200));
    }
}

static void the_real_calendar_agrees_with_a_walk_over_the_days(void **state)
{
    WorkCalendar calendar = real_calendar(*state);
    int64_t      first = day("2023-12-01"), last = day("2027-01-31");
    assert_int_equal(counted(&calendar, day("2024-12-31"), day("2025-12-31")), 248);
    for (int64_t from = first; from <= last; from += 5) {
        int64_t expected = 0;
        for (int64_t to = from + 1; to <= last; to++) {
            expected += works_on(&calendar, to);
            assert_int_equal(workdays_between(&calendar, from, to), expected);
        }
    }
}

static void time_limits_run_over_the_holidays_of_2025(void **state)
{
    WorkCalendar calendar = real_calendar(*state);
    static const struct {
        const char *from, *to;
        int64_t     days;
    } cases[] = {
        { "2025-01-24", "2025-01-26", 1 },  /* the Sunday before Spring Festival is worked */
        { "2025-01-27", "2025-02-05", 1 },  /* eight days off */
        { "2025-01-27", "2025-02-08", 4 },  /* Wednesday to Friday, and the Saturday worked in place */
        { "2025-02-05", "2025-01-27", -1 }, /* backwards: the day it comes from counts */
        { "2025-09-26", "2025-09-28", 1 },  /* the Sunday before National Day is worked */
        { "2025-09-30", "2025-10-09", 1 },
        { "2025-09-30", "2025-10-13", 4 }, /* 9, 10, 11 (a Saturday worked), 13 October */
        { "2025-03-07", "2025-03-10", 1 }, /* from a Friday, the Monday after */
        { "2025-03-07", "2025-03-07", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(workdays_between(&calendar, day(cases[i].from), day(cases[i].to)), cases[i].days);
    int64_t end;
    assert_true(workdays_after(&calendar, day("2025-09-30"), 5, &end));
    assert_int_equal(end, day("2025-10-14"));
    assert_true(workdays_after(&calendar, day("2025-10-01"), 0, &end));
    assert_int_equal(end, day("2025-10-01"));
}

static void without_a_calendar_the_week_alone_counts(void **state)
{
    int64_t end;
    (void)state;
    assert_true(workday(NULL, day("2025-01-28")));
    assert_false(workday(NULL, day("2025-02-01")));
    assert_int_equal(workdays_between(NULL, DATE_DAY_MIN, DATE_DAY_MIN + 7 * 100000), 5 * 100000);
    assert_int_equal(workdays_between(NULL, DATE_DAY_MAX, DATE_DAY_MIN),
                     -workdays_between(NULL, DATE_DAY_MIN, DATE_DAY_MAX));
    assert_true(workdays_after(NULL, day("2025-01-27"), 1, &end));
    assert_int_equal(end, day("2025-01-28"));
}

static void nothing_lies_beyond_the_last_date(void **state)
{
    WorkCalendar never = { .week = 0 };
    int64_t      end = 7;
    (void)state;
    assert_true(workdays_after(NULL, DATE_DAY_MAX - 1, 1, &end)); /* 9999-12-31 is a Friday */
    assert_int_equal(end, DATE_DAY_MAX);
    assert_false(workdays_after(NULL, DATE_DAY_MAX, 1, &end));
    assert_false(workdays_after(NULL, DATE_DAY_MIN, INT64_MAX, &end));
    assert_false(workdays_after(&never, DATE_DAY_MIN, 1, &end));
    assert_int_equal(end, DATE_DAY_MAX); /* untouched */
    assert_int_equal(workdays_between(&never, DATE_DAY_MIN, DATE_DAY_MAX), 0);
}

static void a_span_is_known_when_all_its_years_are(void **state)
{
    static const int years[] = { 2023, 2025, 2026 };
    WorkCalendar     calendar = { .week = WORK_WEEK_USUAL, .years = years, .year_count = 3 };
    (void)state;
    assert_true(workdays_known(&calendar, day("2025-01-01"), day("2026-12-31")));
    assert_true(workdays_known(&calendar, day("2026-12-31"), day("2025-01-01")));
    assert_true(workdays_known(&calendar, day("2023-05-05"), day("2023-05-05")));
    assert_false(workdays_known(&calendar, day("2024-12-31"), day("2025-01-01")));
    assert_false(workdays_known(&calendar, day("2023-01-01"), day("2025-01-01")));
    assert_false(workdays_known(&calendar, day("2026-01-01"), day("2027-01-01")));
    assert_false(workdays_known(&calendar, day("2022-01-01"), day("2022-01-02")));
    assert_false(workdays_known(NULL, day("2025-01-01"), day("2025-01-02")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(random_calendars_agree_with_a_walk_over_the_days),
        TEST(the_real_calendar_agrees_with_a_walk_over_the_days),
        TEST(time_limits_run_over_the_holidays_of_2025),
        TEST(without_a_calendar_the_week_alone_counts),
        TEST(nothing_lies_beyond_the_last_date),
        TEST(a_span_is_known_when_all_its_years_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
