/* Time limits: by hand (clock_cases.txt), against a counter that goes day by day, and at the ends of what can be. */
#include "kernel/clock.h"
#include "kernel/pack.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/testing.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants these first */
#include <cmocka.h>

static int64_t day_of(const char *text)
{
    int64_t day;
    assert_true(date_parse(str_from(text), &day));
    return day;
}

static const WorkCalendar *shanghai(Arena *arena)
{
    PackSource  source;
    const Pack *pack;
    Problems    problems = { .arena = arena };
    assert_int_equal(pack_source_read(arena, STR("packs/shanghai"), &source).kind, ERR_NONE);
    assert_int_equal(pack_load(arena, &source, &pack, &problems).kind, ERR_NONE);
    return pack->calendar;
}

/* ---- by hand ---- */

typedef struct Case { /* a line of clock_cases.txt */
    Clock   clock;
    int64_t start, days, due;
    int64_t pause, resume; /* 0: none */
    int64_t counted[64];
    size_t  count;
} Case;

static int64_t day_read(Str word)
{
    int64_t day;
    assert_true(date_parse(word, &day));
    return day;
}

/* "01-23" in the year of the day before it, or in the next. */
static int64_t counted_day(Arena *arena, Str word, int64_t before)
{
    int     year = date_from_day(before).year;
    int64_t day = day_read(str_printf(arena, "%04d-%.*s", year, STR_FMT(word)));
    return day > before ? day : day_read(str_printf(arena, "%04d-%.*s", year + 1, STR_FMT(word)));
}

static void case_head_read(Str head, Case *out)
{
    out->clock = (Clock){ .ends = CLOCK_DAY_MINUTES };
    out->start = day_read(str_cut(&head, ' '));
    Str kind = str_cut(&head, ' ');
    out->clock.working = str_eq(kind, STR("working"));
    out->clock.rolls = str_eq(kind, STR("rolling"));
    assert_true(str_int(str_cut(&head, ' '), &out->days));
    while (head.len) {
        Str     what = str_cut(&head, ' ');
        int64_t day = day_read(str_cut(&head, ' '));
        *(str_eq(what, STR("due")) ? &out->due : str_eq(what, STR("pause")) ? &out->pause : &out->resume) = day;
    }
}

static void case_read(Arena *arena, Str line, Case *out)
{
    Str head = str_cut(&line, ':');
    *out = (Case){ 0 };
    case_head_read(head, out);
    for (Str rest = str_trim(line); rest.len;) {
        int64_t before = out->count ? out->counted[out->count - 1] : out->start;
        out->counted[out->count++] = counted_day(arena, str_cut(&rest, ' '), before);
    }
}

static bool listed(const Case *one, int64_t day)
{
    for (size_t i = 0; i < one->count; i++)
        if (one->counted[i] == day)
            return true;
    return false;
}

/* That the hand forgot no day and wrote none too many: the file is checked, too. */
static void case_is_whole(const WorkCalendar *calendar, const Case *one)
{
    int64_t last = one->counted[one->count - 1];
    assert_int_equal(one->count, one->days);
    for (int64_t day = one->start + 1; day <= last; day++) {
        bool paused = one->pause && day >= one->pause && day <= one->resume;
        assert_int_equal(listed(one, day), !paused && (!one->clock.working || workday(calendar, day)));
    }
    for (int64_t day = last; one->clock.rolls && day < one->due; day++)
        assert_false(workday(calendar, day));
    assert_true(one->clock.rolls ? workday(calendar, one->due) : one->due == last);
}

static void limits_worked_out_by_hand_agree(void **state)
{
    (void)state;
    OWNED(arena) Arena *arena = arena_new();
    const WorkCalendar *calendar = shanghai(arena);
    Str                 text;
    size_t              cases = 0;
    assert_int_equal(file_read(arena, STR("src/kernel/clock_cases.txt"), 1 << 16, &text).kind, ERR_NONE);
    while (text.len) {
        Str        line = str_cut(&text, '\n');
        Case       one;
        ClockStand stand = { 0 };
        if (!line.len || line.ptr[0] == '#')
            continue;
        case_read(arena, line, &one);
        case_is_whole(calendar, &one);
        assert_true(clock_start(&one.clock, calendar, one.start, one.days, &stand));
        if (one.pause) {
            clock_pause(one.pause, &stand);
            assert_true(stand.paused && !stand.runs);
            assert_true(clock_resume(&one.clock, calendar, one.resume, &stand));
        }
        print_message("%.*s\n", STR_FMT(str_slice(line, 0, str_find(line, STR(":")))));
        assert_int_equal(stand.due, one.due);
        assert_false(clock_provisional(&one.clock, calendar, &stand));
        cases++;
    }
    assert_true(cases >= 10);
}

/* ---- against a counter that goes day by day ---- */

#define SPAN 400

typedef struct Random {
    uint64_t at;
} Random;

static int64_t below(Random *random, int64_t n)
{
    random->at = random->at * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((random->at >> 33) % (uint64_t)n);
}

/* Days off and worked at random around `first`. */
static WorkCalendar random_calendar(Random *random, int64_t first, WorkException *room)
{
    WorkCalendar calendar = { .week = (uint8_t)(1 + below(random, 127)), .exceptions = room };
    for (int64_t day = first; day < first + SPAN; day++)
        if (below(random, 6) == 0)
            room[calendar.exception_count++] = (WorkException){ .day = day, .works = below(random, 2) };
    return calendar;
}

typedef struct Counter { /* the rules of clock.h, day by day */
    const WorkCalendar *calendar;
    bool                working, rolls;
    int64_t             day, left; /* days that still have to pass after `day` */
} Counter;

static void counter_go(Counter *counter, int64_t until)
{
    while (counter->day < until && counter->left > 0) {
        counter->day++;
        counter->left -= !counter->working || workday(counter->calendar, counter->day);
    }
}

static int64_t counter_due(Counter counter)
{
    counter_go(&counter, INT64_MAX);
    while (counter.rolls && !workday(counter.calendar, counter.day))
        counter.day++;
    return counter.day;
}

static void clocks_count_as_a_counter_of_days_does(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20000; seed++) {
        Random        random = { seed };
        int64_t       day = day_of("2025-01-01") + below(&random, 300), days = 1 + below(&random, 60);
        WorkException room[SPAN];
        WorkCalendar  calendar = random_calendar(&random, day, room);
        Clock         clock = { .working = below(&random, 2), .ends = CLOCK_DAY_MINUTES };
        clock.rolls = !clock.working && below(&random, 2);
        Counter    counter = { &calendar, clock.working, clock.rolls, day, days };
        ClockStand stand = { 0 };
        assert_true(clock_start(&clock, &calendar, day, days, &stand));
        for (int pauses = (int)below(&random, 4); pauses > 0; pauses--) {
            Counter ahead = counter;
            counter_go(&ahead, INT64_MAX); /* to its last day, before it rolls */
            int64_t pause = counter.day + below(&random, ahead.day - counter.day + 1);
            int64_t resume = pause + below(&random, 40);
            counter_go(&counter, pause - 1);
            clock_pause(pause, &stand);
            counter.day = resume;
            assert_true(clock_resume(&clock, &calendar, resume, &stand));
        }
        if (stand.due != counter_due(counter))
            fail_msg("seed %llu: due %lld, counted %lld", (unsigned long long)seed, (long long)stand.due,
                     (long long)counter_due(counter));
    }
}

/* ---- what a clock does not do ---- */

static const Clock plain = { .ends = CLOCK_DAY_MINUTES };

static void a_length_that_is_none_starts_nothing(void **state)
{
    (void)state;
    static const int64_t lengths[] = { INT64_MIN, -1, 0, LIMIT_CLOCK_DAYS + 1, INT64_MAX };
    ClockStand           stand = { 0 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        assert_false(clock_start(&plain, NULL, day_of("2025-01-01"), lengths[i], &stand));
    assert_false(stand.runs);
    assert_true(clock_start(&plain, NULL, day_of("2025-01-01"), LIMIT_CLOCK_DAYS, &stand));
}

static void no_limit_ends_after_the_last_date(void **state)
{
    (void)state;
    static const Clock working = { .working = true, .ends = CLOCK_DAY_MINUTES };
    static const Clock rolling = { .rolls = true, .ends = CLOCK_DAY_MINUTES };
    WorkCalendar       never = { .week = 0 };
    ClockStand         stand = { 0 };
    assert_true(clock_start(&plain, NULL, DATE_DAY_MAX - 1, 1, &stand));
    assert_int_equal(stand.due, DATE_DAY_MAX);
    assert_false(clock_start(&plain, NULL, DATE_DAY_MAX, 1, &stand));
    assert_false(clock_start(&working, &never, day_of("2025-01-01"), 1, &stand));
    assert_false(clock_start(&rolling, &never, day_of("2025-01-01"), 1, &stand));
    assert_int_equal(stand.due, DATE_DAY_MAX);
}

static void a_year_without_calendar_is_provisional(void **state)
{
    (void)state;
    OWNED(arena) Arena *arena = arena_new();
    const WorkCalendar *calendar = shanghai(arena);
    static const Clock  working = { .working = true, .ends = CLOCK_DAY_MINUTES };
    ClockStand          stand = { 0 };
    assert_true(clock_start(&working, calendar, day_of("2026-12-30"), 1, &stand));
    assert_false(clock_provisional(&working, calendar, &stand)); /* 31 December 2026 */
    assert_true(clock_start(&working, calendar, day_of("2026-12-30"), 2, &stand));
    assert_int_equal(stand.due, day_of("2027-01-01")); /* a Friday, by the week alone */
    assert_true(clock_provisional(&working, calendar, &stand));
    assert_true(clock_provisional(&working, NULL, &stand));
    assert_false(clock_provisional(&plain, calendar, &stand));
    clock_pause(day_of("2026-12-31"), &stand);
    assert_false(clock_provisional(&working, calendar, &stand)); /* it has no due day */
}

static void what_does_not_run_is_neither_paused_nor_resumed(void **state)
{
    (void)state;
    ClockStand stand = { 0 };
    clock_pause(day_of("2025-03-03"), &stand);
    assert_false(stand.paused);
    assert_true(clock_resume(&plain, NULL, day_of("2025-03-03"), &stand));
    assert_false(stand.runs);
    assert_true(clock_start(&plain, NULL, day_of("2025-03-03"), 2, &stand));
    assert_true(clock_resume(&plain, NULL, day_of("2025-03-04"), &stand));
    assert_int_equal(stand.due, day_of("2025-03-05")); /* it was not paused: nothing is counted anew */
    clock_pause(day_of("2025-03-06"), &stand);
    assert_true(stand.runs && !stand.paused); /* it was over */
    clock_stop(&stand);
    assert_false(stand.runs || stand.paused);
}

static void a_pause_of_a_day_takes_that_day_once(void **state)
{
    (void)state;
    int64_t    start = day_of("2025-03-03");
    ClockStand stand = { 0 };
    assert_true(clock_start(&plain, NULL, start, 10, &stand));
    for (int again = 0; again < 3; again++) {
        clock_pause(start + 4, &stand);
        assert_int_equal(clock_left(&plain, NULL, &stand, start + 4), 7); /* three days are used */
        assert_true(clock_resume(&plain, NULL, start + 4, &stand));
    }
    assert_int_equal(stand.due, start + 11);
    clock_pause(start + 2, &stand); /* a day before it went on: of a clock that was set back */
    assert_int_equal(clock_left(&plain, NULL, &stand, start + 2), 7);
}

static void a_clock_ends_with_its_day_in_the_city(void **state)
{
    (void)state;
    static const Clock office = { .ends = 17 * 60 };
    int64_t            day = day_of("2025-03-05"), midnight = (day + 1) * DAY_MS - 8 * 3600000LL;
    assert_int_equal(clock_ended(&plain, midnight - 1, 8 * 60), day - 1);
    assert_int_equal(clock_ended(&plain, midnight, 8 * 60), day);
    assert_int_equal(clock_ends(&plain, day, 8 * 60), midnight);
    assert_int_equal(clock_ends(&office, day, 8 * 60), midnight - 7 * 3600000LL);
    assert_int_equal(clock_ended(&office, midnight - 7 * 3600000LL - 1, 8 * 60), day - 1);
    assert_int_equal(clock_ended(&office, midnight - 7 * 3600000LL, 8 * 60), day);
}

static void days_left_are_days_of_the_clock(void **state)
{
    (void)state;
    OWNED(arena) Arena *arena = arena_new();
    const WorkCalendar *calendar = shanghai(arena);
    static const Clock  working = { .working = true, .ends = CLOCK_DAY_MINUTES };
    ClockStand          stand = { 0 };
    assert_true(clock_start(&working, calendar, day_of("2025-09-26"), 5, &stand));
    assert_int_equal(stand.due, day_of("2025-10-10"));
    assert_int_equal(clock_left(&working, calendar, &stand, day_of("2025-09-26")), 5);
    assert_int_equal(clock_left(&working, calendar, &stand, day_of("2025-10-04")), 2);
    assert_int_equal(clock_left(&working, calendar, &stand, day_of("2025-10-10")), 0);
    assert_int_equal(clock_left(&working, calendar, &stand, day_of("2025-10-13")), -2); /* Sat 11 is worked */
}

static void a_record_keeps_how_a_clock_last_ran(void **state)
{
    (void)state;
    Value      values[1 + CLOCK_FIELDS] = { 0 };
    bool       set[1 + CLOCK_FIELDS] = { 0 };
    Clock      clock = { .first = 1, .ends = CLOCK_DAY_MINUTES };
    ClockStand stand = clock_stand(&clock, values);
    assert_false(stand.runs || stand.paused);
    assert_true(clock_start(&clock, NULL, day_of("2025-03-03"), 2, &stand));
    clock_keep(&clock, &stand, values, set);
    assert_true(set[1] && set[2] && set[3] && !set[4] && !set[0]);
    ClockStand again = clock_stand(&clock, values);
    assert_true(again.runs && again.from == stand.from && again.days == 2 && again.due == stand.due);
    memset(set, 0, sizeof set);
    clock_stop(&stand);
    clock_keep(&clock, &stand, values, set);
    assert_true(set[3] && !set[1] && !set[2]);
    assert_int_equal(values[1 + CLOCK_DUE].kind, VALUE_MISSING);
    assert_int_equal(values[1 + CLOCK_FROM].number, day_of("2025-03-03"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_worked_out_by_hand_agree),
        cmocka_unit_test(clocks_count_as_a_counter_of_days_does),
        cmocka_unit_test(a_length_that_is_none_starts_nothing),
        cmocka_unit_test(no_limit_ends_after_the_last_date),
        cmocka_unit_test(a_year_without_calendar_is_provisional),
        cmocka_unit_test(what_does_not_run_is_neither_paused_nor_resumed),
        cmocka_unit_test(a_pause_of_a_day_takes_that_day_once),
        cmocka_unit_test(a_clock_ends_with_its_day_in_the_city),
        cmocka_unit_test(days_left_are_days_of_the_clock),
        cmocka_unit_test(a_record_keeps_how_a_clock_last_ran),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
