#include "base/date.h"

#include "base/testing.h"

static void two_centuries_agree_with_the_c_library(void **state)
{
    (void)state;
    struct tm start = { .tm_year = 0, .tm_mon = 0, .tm_mday = 1 };
    int64_t   first = timegm(&start) / 86400;
    for (int64_t day = first;; day++) {
        time_t    seconds = (time_t)(day * 86400);
        struct tm expected;
        assert_non_null(gmtime_r(&seconds, &expected));
        if (expected.tm_year > 200)
            break;
        Date date = date_from_day(day);
        assert_int_equal(date.year, expected.tm_year + 1900);
        assert_int_equal(date.month, expected.tm_mon + 1);
        assert_int_equal(date.day, expected.tm_mday);
        assert_int_equal(date_to_day(date), day);
        assert_int_equal(date_weekday(day) % 7, expected.tm_wday);
    }
}

static void every_day_follows_its_eve(void **state)
{
    (void)state;
    Date last = { 0, 12, 31 };
    for (int64_t day = DATE_DAY_MIN; day <= DATE_DAY_MAX; day++) {
        Date date = date_from_day(day);
        bool next_day = date.year == last.year && date.month == last.month && date.day == last.day + 1;
        bool next_month = date.day == 1 && last.day >= 28 &&
                          (date.year - last.year) * 12 + date.month - last.month == 1;
        if (!(next_day || next_month) || !date_exists(date) || date_to_day(date) != day)
            fail_msg("day %lld", (long long)day);
        last = date;
    }
    assert_true(last.year == 9999 && last.month == 12 && last.day == 31);
}

static void the_edges_have_their_numbers(void **state)
{
    assert_int_equal(date_to_day((Date){ 1, 1, 1 }), DATE_DAY_MIN);
    assert_int_equal(date_to_day((Date){ 9999, 12, 31 }), DATE_DAY_MAX);
    assert_int_equal(date_to_day((Date){ 1970, 1, 1 }), 0);
    assert_str_equal(date_text(*state, DATE_DAY_MIN), STR("0001-01-01"));
    assert_str_equal(date_text(*state, DATE_DAY_MAX), STR("9999-12-31"));
    assert_int_equal(date_weekday(DATE_DAY_MIN), 1); /* a Monday, in the proleptic calendar */
    assert_int_equal(date_weekday(-1), 3);
    assert_true(date_exists((Date){ 2000, 2, 29 }) && date_exists((Date){ 2024, 2, 29 }));
    assert_false(date_exists((Date){ 1900, 2, 29 }) || date_exists((Date){ 2025, 2, 29 }) ||
                 date_exists((Date){ 0, 1, 1 }) || date_exists((Date){ 2025, 4, 31 }) ||
                 date_exists((Date){ 2025, 13, 1 }) || date_exists((Date){ 2025, 1, 0 }));
}

static void only_whole_existing_dates_are_read(void **state)
{
    Rng rng = rng_new();
    for (int i = 0; i < 2000; i++) {
        int64_t day = DATE_DAY_MIN + (int64_t)rng_below(&rng, DATE_DAY_MAX - DATE_DAY_MIN + 1), again;
        assert_true(date_parse(date_text(*state, day), &again));
        assert_int_equal(again, day);
    }
    const char *bad[] = {
        "",           "2025-02-30", "2025-02-29",  "2025-2-3",   "25-02-03",    "2025-02-03 ", " 2025-02-03",
        "2025/02/03", "20250203",   "0000-01-01",  "2025-00-01", "2025-13-01",  "2025-01-00",  "2025-01-32",
        "2025-01-0a", "-025-01-01", "12025-01-01", "2025-01",    "2025-02-03T", "２025-01-01"
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t day = 7;
        if (date_parse(str_from(bad[i]), &day))
            fail_msg("\"%s\" is read", bad[i]);
        assert_int_equal(day, 7);
    }
}

static void instants_are_read_with_any_offset(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int64_t     ms;
    } good[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "1970-01-01T08:00:00+08:00", 0 },
        { "1969-12-31T16:30:00-07:30", 0 },
        { "1970-01-01T00:00:00.5Z", 500 },
        { "1970-01-01T00:00:00.05Z", 50 },
        { "1970-01-01T00:00:00.005Z", 5 },
        { "1969-12-31T23:59:59.999Z", -1 },
        { "2025-03-04T05:06:07.089Z", 1741064767089 },
        { "0001-01-01T00:00:00Z", DATE_DAY_MIN * DAY_MS },
        { "9999-12-31T23:59:59.999Z", (DATE_DAY_MAX + 1) * DAY_MS - 1 },
        { "2025-03-04T00:00:00-00:00", 1741046400000 },
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t ms = 7;
        if (!instant_parse(str_from(good[i].text), &ms) || ms != good[i].ms)
            fail_msg("\"%s\" is read as %lld", good[i].text, (long long)ms);
    }
    const char *bad[] = { "",
                          "2025-03-04",
                          "2025-03-04T05:06:07",
                          "2025-03-04T05:06Z",
                          "2025-03-04 05:06:07Z",
                          "2025-03-04t05:06:07z",
                          "2025-03-04T05:06:60Z",
                          "2025-03-04T05:60:00Z",
                          "2025-03-04T24:00:00Z",
                          "2025-02-30T00:00:00Z",
                          "2025-03-04T05:06:07.Z",
                          "2025-03-04T05:06:07.1234Z",
                          "2025-03-04T05:06:07,5Z",
                          "2025-03-04T05:06:07+8:00",
                          "2025-03-04T05:06:07+0800",
                          "2025-03-04T05:06:07+24:00",
                          "2025-03-04T05:06:07+08:60",
                          "2025-03-04T05:06:07ZZ",
                          "2025-03-04T05:06:07+08:00Z",
                          "2025-03-04T5:06:07Z",
                          "0001-01-01T00:00:00+00:01",
                          "9999-12-31T23:59:59-00:01" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t ms = 7;
        if (instant_parse(str_from(bad[i]), &ms))
            fail_msg("\"%s\" is read", bad[i]);
        assert_int_equal(ms, 7);
    }
}

static void an_instant_reads_back_from_its_text(void **state)
{
    Rng rng = rng_new();
    for (int i = 0; i < 20000; i++) {
        int64_t days = DATE_DAY_MIN + (int64_t)rng_below(&rng, DATE_DAY_MAX - DATE_DAY_MIN + 1), again;
        int64_t ms = days * DAY_MS + (int64_t)rng_below(&rng, DAY_MS);
        assert_true(instant_parse(instant_text(*state, ms), &again));
        assert_int_equal(again, ms);
        assert_int_equal(instant_day(ms, 0), days);
    }
}

static void the_date_on_the_wall_depends_on_the_offset(void **state)
{
    (void)state;
    assert_int_equal(instant_day(0, 0), 0);
    assert_int_equal(instant_day(-1, 0), -1);
    assert_int_equal(instant_day(16 * 3600000 - 1, 480), 0);
    assert_int_equal(instant_day(16 * 3600000, 480), 1); /* midnight in Shanghai */
    assert_int_equal(instant_day(0, -1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_centuries_agree_with_the_c_library),
        TEST(every_day_follows_its_eve),
        TEST(the_edges_have_their_numbers),
        TEST(only_whole_existing_dates_are_read),
        TEST(instants_are_read_with_any_offset),
        TEST(an_instant_reads_back_from_its_text),
        TEST(the_date_on_the_wall_depends_on_the_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
