#include "sheet/cells.h"

#include "base/decimal.h"
#include "base/testing.h"

static void places_are_read_and_named(void **state)
{
    const struct {
        const char *reference;
        size_t      column, line;
    } cases[] = {
        { "A1", 0, 1 }, { "Z9", 25, 9 }, { "AA10", 26, 10 }, { "BC12", 54, 12 }, { "XFD1048576", 16383, 1048576 }
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t column, line;
        assert_true(cell_place(str_from(cases[i].reference), &column, &line));
        assert_int_equal(column, cases[i].column);
        assert_int_equal(line, cases[i].line);
        assert_str_equal(cell_name(*state, column, line), str_from(cases[i].reference));
    }
    const char *const wrong[] = {
        "", "A", "1", "A0", "a1", "A1B", "XFE1", "A1048577", "AAAAAAAAAAAAAAAA1", "A99999999999999"
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        size_t column, line;
        assert_false(cell_place(str_from(wrong[i]), &column, &line));
    }
}

static void numbers_are_as_a_spreadsheet_shows_them(void **state)
{
    const char *const cases[][2] = {
        { "1234.50", "1234.50" },
        { "0.30000000000000004", "0.3" },
        { "1.1000000000000001", "1.1" },
        { "1E-3", "0.001" },
        { "1.5e+3", "1500" },
        { "-2.5E1", "-25" },
        { "123456789012345678", "123456789012346000" },
        { "9.9999999999999995E-2", "0.1" },
        { "1e300", "1e300" },
        { "0E0", "0" },
        { ".5", "0.5" },
        { "n/a", "n/a" },
        { "0x10", "0x10" },
        { "inf", "inf" },
        { "", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_str_equal(cell_number(*state, str_from(cases[i][0])), str_from(cases[i][1]));
}

/* What has at most 15 digits comes back from the nearest double, as a file spells it, as it was. */
static void short_decimals_survive_the_double(void **state)
{
    Rng rng = rng_new();
    (void)state;
    for (int i = 0; i < 20000; i++) {
        OWNED(arena) Arena *arena = arena_new();
        int64_t             units = (int64_t)(rng_next(&rng) % 1000000000000000ULL) + 1;
        Str                 plain = decimal_text(arena, (Decimal){ units, (uint8_t)rng_below(&rng, 9) });
        Str                 stored = str_printf(arena, "%.17g", atof(plain.ptr));
        Str                 found = cell_number(arena, stored);
        while (memchr(plain.ptr, '.', plain.len) && strchr("0.", plain.ptr[plain.len - 1])) {
            bool point = plain.ptr[plain.len - 1] == '.';
            plain.len--;
            if (point)
                break;
        }
        bool untouched = str_eq(found, stored) && !memchr(stored.ptr, '.', stored.len);
        if (!untouched)
            assert_str_equal(found, plain);
    }
}

static void formats_are_told_apart(void **state)
{
    (void)state;
    const struct {
        const char *code;
        CellFormat  format;
    } cases[] = {
        { "General", CELL_PLAIN },
        { "0.00", CELL_PLAIN },
        { "#,##0.00\"days\"", CELL_PLAIN },
        { "[Red]0.0", CELL_PLAIN },
        { "yyyy-mm-dd", CELL_DATE },
        { "d/m/yy;@", CELL_DATE },
        { "yyyy\"年\"m\"月\"", CELL_DATE },
        { "h:mm", CELL_TIME },
        { "[h]:mm:ss", CELL_TIME },
        { "yyyy/m/d h:mm", CELL_DATE_TIME },
        { "0\\d", CELL_PLAIN },
        { "[$-804]yyyy-m-d", CELL_DATE },
        { "\"", CELL_PLAIN },
        { "[", CELL_PLAIN },
        { "\\", CELL_PLAIN },
        { "0.0%", CELL_PLAIN },
        { "@", CELL_PLAIN },
        { "", CELL_PLAIN },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (cell_format_of(str_from(cases[i].code)) != cases[i].format)
            fail_msg("format %s", cases[i].code);
    assert_int_equal(cell_format_built_in(14), CELL_DATE);
    assert_int_equal(cell_format_built_in(22), CELL_DATE_TIME);
    assert_int_equal(cell_format_built_in(46), CELL_TIME);
    assert_int_equal(cell_format_built_in(57), CELL_DATE);
    assert_int_equal(cell_format_built_in(10), CELL_PLAIN);
}

static void dates_count_from_their_year(void **state)
{
    const struct {
        const char *stored;
        CellFormat  format;
        bool        since_1904;
        const char *text; /* NULL: none */
    } cases[] = {
        { "1", CELL_DATE, false, "1900-01-01" },
        { "59", CELL_DATE, false, "1900-02-28" },
        { "60", CELL_DATE, false, NULL }, /* 29 February 1900, which there was not */
        { "61", CELL_DATE, false, "1900-03-01" },
        { "45658", CELL_DATE, false, "2025-01-01" },
        { "45658.75", CELL_DATE, false, "2025-01-01" },
        { "45658.75", CELL_DATE_TIME, false, "2025-01-01T18:00:00" },
        { "45658", CELL_DATE_TIME, false, "2025-01-01" },
        { "45658.9999999", CELL_DATE_TIME, false, "2025-01-02" },
        { "0", CELL_DATE, true, "1904-01-01" },
        { "44196", CELL_DATE, true, "2025-01-01" },
        { "0.5", CELL_TIME, false, "12:00:00" },
        { "2958465", CELL_DATE, false, "9999-12-31" },
        { "2958466", CELL_DATE, false, NULL },
        { "-1", CELL_DATE, false, NULL },
        { "0", CELL_DATE, false, NULL },
        { "1e300", CELL_DATE, false, NULL },
        { "soon", CELL_DATE, false, NULL },
        { "45658", CELL_PLAIN, false, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Str  text;
        bool good = cell_date(*state, str_from(cases[i].stored), cases[i].format, cases[i].since_1904, &text);
        assert_int_equal(good, cases[i].text != NULL);
        if (good)
            assert_str_equal(text, str_from(cases[i].text));
    }
}

static void what_xml_cannot_say_is_said(void **state)
{
    assert_str_equal(cell_unescape(*state, STR("a_x000A_b")), STR("a\nb"));
    assert_str_equal(cell_unescape(*state, STR("_x4E2D_文")), STR("中文"));
    assert_str_equal(cell_unescape(*state, STR("_x005F_x000A_")), STR("_x000A_"));
    assert_str_equal(cell_unescape(*state, STR("a_b _x00_ _xZZZZ_ _x0000_ _xD800_ _x")),
                     STR("a_b _x00_ _xZZZZ_ _x0000_ _xD800_ _x"));
}

static void what_only_looks_escaped_stays(void **state)
{
    const char *const texts[] = {
        "_x0041_", "a_x000A_b", "_x005F_x0041_", "__x0041__x0041_", "_x00_", "_", "plain", ""
    };
    assert_str_equal(cell_escape(*state, STR("_x0041_")), STR("_x005F_x0041_"));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_str_equal(cell_unescape(*state, cell_escape(*state, str_from(texts[i]))), str_from(texts[i]));
    assert_int_equal(cell_units(STR("a字😀")), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(places_are_read_and_named),         TEST(numbers_are_as_a_spreadsheet_shows_them),
        TEST(short_decimals_survive_the_double), TEST(formats_are_told_apart),
        TEST(dates_count_from_their_year),       TEST(what_xml_cannot_say_is_said),
        TEST(what_only_looks_escaped_stays),
    };
    return cmocka_run_group_tests_name("cells", tests, NULL, NULL);
}
