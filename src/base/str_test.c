#include "base/str.h"

#include "base/testing.h"

static void beginnings_and_ends_are_found(void **state)
{
    (void)state;
    assert_true(str_starts(STR("record"), STR("rec")) && str_starts(STR("record"), STR_NONE));
    assert_false(str_starts(STR("rec"), STR("record")) || str_starts(STR("record"), STR("rek")));
    assert_true(str_ends(STR("a.gz"), STR(".gz")) && str_ends(STR_NONE, STR("")));
    assert_false(str_ends(STR("gz"), STR(".gz")) || str_ends(STR("a.gz"), STR(".gx")));
}

static void case_is_folded_for_ascii_alone(void **state)
{
    (void)state;
    assert_true(str_eq_ascii_fold(STR("Content-TYPE"), STR("content-type")));
    assert_false(str_eq_ascii_fold(STR("@"), STR("`"))); /* 32 apart like letters, but none */
    assert_false(str_eq_ascii_fold(STR("É"), STR("é")));
    assert_false(str_eq_ascii_fold(STR("ab"), STR("abc")));
}

static void order_is_that_of_bytes(void **state)
{
    (void)state;
    const Str ordered[] = { STR_INIT(""), STR_INIT("a"), STR_INIT("aa"), STR_INIT("b"), STR_INIT("é"), STR_INIT("中") };
    int       count = sizeof ordered / sizeof *ordered;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++) {
            int order = str_cmp(ordered[i], ordered[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    assert_int_equal(str_cmp(STR_NONE, STR("")), 0);
}

static size_t find_slowly(Str s, Str needle)
{
    for (size_t i = 0; i + needle.len <= s.len; i++)
        if (str_eq(str_slice(s, i, i + needle.len), needle))
            return i;
    return s.len;
}

static void a_needle_is_found_where_a_plain_scan_finds_it(void **state)
{
    Rng rng = rng_new();
    for (int i = 0; i < 20000; i++) {
        Str s = rng_text(&rng, *state, STR("ab"), 12), needle = rng_text(&rng, *state, STR("ab"), 4);
        assert_int_equal(str_find(s, needle), find_slowly(s, needle));
    }
    assert_int_equal(str_find(STR_NONE, STR("a")), 0);
}

static void space_is_trimmed_at_both_ends(void **state)
{
    (void)state;
    assert_str_equal(str_trim(STR(" \t\r\n a b \v\f")), STR("a b"));
    assert_str_equal(str_trim(STR("  ")), STR(""));
    assert_str_equal(str_trim(STR_NONE), STR(""));
    assert_str_equal(str_trim(STR("\xC2\xA0")), STR("\xC2\xA0")); /* no-break space is not ASCII */
}

static void cutting_takes_all_parts(void **state)
{
    (void)state;
    Str rest = STR("fi/record//12");
    assert_str_equal(str_cut(&rest, '/'), STR("fi"));
    assert_str_equal(rest, STR("record//12"));
    assert_str_equal(str_cut(&rest, '/'), STR("record"));
    assert_str_equal(str_cut(&rest, '/'), STR(""));
    assert_str_equal(str_cut(&rest, '/'), STR("12"));
    assert_str_equal(rest, STR(""));
    assert_str_equal(str_cut(&rest, '/'), STR(""));
    rest = STR_NONE;
    assert_str_equal(str_cut(&rest, '/'), STR(""));
}

static void whole_numbers_are_read_and_nothing_else(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int64_t     number;
    } good[] = { { "0", 0 },
                 { "-0", 0 },
                 { "007", 7 },
                 { "-12", -12 },
                 { "9223372036854775807", INT64_MAX },
                 { "-9223372036854775808", INT64_MIN } };
    const char *bad[] = { "",
                          "-",
                          "+1",
                          " 1",
                          "1 ",
                          "1.0",
                          "0x1",
                          "--1",
                          "1-",
                          "9223372036854775808",
                          "-9223372036854775809",
                          "99999999999999999999",
                          "１" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t number = 1;
        assert_true(str_int(str_from(good[i].text), &number));
        assert_int_equal(number, good[i].number);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t number = 1;
        assert_false(str_int(str_from(bad[i]), &number));
        assert_int_equal(number, 1);
    }
}

static void null_is_no_text(void **state)
{
    (void)state;
    assert_null(str_from(NULL).ptr);
    assert_true(str_eq(str_from(NULL), STR("")));
    assert_true(str_eq(str_slice(STR_NONE, 0, 0), STR_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(beginnings_and_ends_are_found),
        TEST(case_is_folded_for_ascii_alone),
        TEST(order_is_that_of_bytes),
        TEST(a_needle_is_found_where_a_plain_scan_finds_it),
        TEST(space_is_trimmed_at_both_ends),
        TEST(cutting_takes_all_parts),
        TEST(whole_numbers_are_read_and_nothing_else),
        TEST(null_is_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
