#include "base/utf8.h"

#include "base/buf.h"
#include "base/testing.h"

#include <uninorm.h>
#include <unistr.h>

/* ---- checking, against libunistring ---- */

static void assert_agrees(const uint8_t *bytes, size_t length)
{
    const uint8_t *fault = u8_check(bytes, length);
    size_t         expected = fault ? (size_t)(fault - bytes) : length;
    size_t         found = utf8_valid_until((Str){ (const char *)bytes, length });
    if (found != expected)
        fail_msg("%02x %02x %02x %02x (%zu bytes): %zu instead of %zu", bytes[0], bytes[1], bytes[2], bytes[3], length,
                 found, expected);
}

static void every_short_sequence_is_judged_right(void **state)
{
    (void)state;
    static const uint8_t edges[] = { 0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xE0, 0xFF };
    for (unsigned lead = 0; lead < 256; lead++)
        for (unsigned second = 0; second < 256; second++)
            for (size_t third = 0; third < sizeof edges; third++)
                for (size_t fourth = 0; fourth < sizeof edges; fourth++) {
                    uint8_t bytes[] = { (uint8_t)lead, (uint8_t)second, edges[third], edges[fourth] };
                    for (size_t length = 1; length <= 4; length++)
                        assert_agrees(bytes, length);
                }
}

static void faults_are_found_at_every_place(void **state)
{
    Rng                      rng = rng_new();
    static const char *const pieces[] = {
        "a", "abcdefgh", "é", "中", "𠀀", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\xE4\xB8"
    };
    for (int i = 0; i < 20000; i++) {
        Str    parts[8];
        size_t count = rng_below(&rng, 9), choices = rng_below(&rng, 2) ? 5 : 10;
        for (size_t j = 0; j < count; j++)
            parts[j] = str_from(pieces[rng_below(&rng, choices)]);
        Str text = str_join(*state, parts, count, STR_NONE);
        assert_int_equal(utf8_valid(text), choices == 5 || u8_check((const uint8_t *)text.ptr, text.len) == NULL);
        Str padded = str_printf(*state, "%.*s....", STR_FMT(text));
        assert_agrees((const uint8_t *)padded.ptr, padded.len);
    }
}

/* ---- walking ---- */

static void every_code_point_is_walked_over(void **state)
{
    for (uint32_t point = 0; point <= 0x10FFFF; point++) {
        uint8_t bytes[8];
        int     length = u8_uctomb(bytes, point, sizeof bytes);
        if (length < 0)
            continue; /* a surrogate */
        size_t at = 0;
        Str    s = { (const char *)bytes, (size_t)length };
        if (!utf8_valid(s) || utf8_next(s, &at) != point || at != s.len || utf8_length(s) != 1)
            fail_msg("U+%04X", point);
    }
    (void)state;
}

static void length_and_clip_count_code_points(void **state)
{
    (void)state;
    Str text = STR("aé中𠀀z");
    assert_int_equal(utf8_length(text), 5);
    assert_int_equal(utf8_length(STR_NONE), 0);
    const Str clipped[] = { STR_INIT(""),       STR_INIT("a"),       STR_INIT("aé"),     STR_INIT("aé中"),
                            STR_INIT("aé中𠀀"), STR_INIT("aé中𠀀z"), STR_INIT("aé中𠀀z") };
    for (size_t i = 0; i < sizeof clipped / sizeof *clipped; i++)
        assert_str_equal(utf8_clip(text, i), clipped[i]);
}

static void white_space_of_any_script_is_trimmed(void **state)
{
    (void)state;
    assert_str_equal(utf8_trim(STR(" \t\r\n\u3000\u00A0甲 \u3000乙\u2003\u2028\u3000 ")), STR("甲 \u3000乙"));
    assert_str_equal(utf8_trim(STR("\u3000 \u3000")), STR(""));
    assert_str_equal(utf8_trim(STR("é")), STR("é"));
    assert_str_equal(utf8_trim(STR("\u200B")), STR("\u200B")); /* has no width, and is no space */
    assert_str_equal(utf8_trim(STR_NONE), STR(""));
}

static void control_and_override_characters_are_not_for_people(void **state)
{
    (void)state;
    assert_true(utf8_printable(STR("上海 “x”–𠀀\u200D\u00A0"), false));
    assert_true(utf8_printable(STR("a\tb\nc"), true));
    const char *never[] = { "\x01",   "\x1F",   "\x7F",   "\xC2\x80", "\xC2\x9F", "\r",    "\v",
                            "\uFFFE", "\uFFFF", "\u202A", "\u202E",   "\u2066",   "\u2069" };
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        assert_false(utf8_printable(str_from(never[i]), true) || utf8_printable(str_from(never[i]), false));
    assert_false(utf8_printable(STR("a\0b"), true));
    assert_false(utf8_printable(STR("a\tb"), false) || utf8_printable(STR("a\nb"), false));
    const char *beside[] = { "\u2027", "\u202F", "\u2065", "\u206A", "\uFFFD", " ", "~", "\u00A0" };
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        assert_true(utf8_printable(str_from(beside[i]), false));
}

/* ---- normal form, against libunistring without the short cut ---- */

static Str compose(Arena *arena, Str s)
{
    size_t   length;
    uint8_t *composed = u8_normalize(UNINORM_NFC, (const uint8_t *)s.ptr, s.len, NULL, &length);
    assert_non_null(composed);
    Str copy = str_dup(arena, (Str){ (const char *)composed, length });
    free(composed);
    return copy;
}

static void every_code_point_takes_its_normal_form(void **state)
{
    for (uint32_t point = 0; point <= 0x10FFFF; point++) {
        uint8_t bytes[8];
        int     length = u8_uctomb(bytes, point, sizeof bytes);
        if (length < 0 || point == '\r')
            continue;
        arena_reset(*state);
        Str s = { (const char *)bytes, (size_t)length };
        Str normal = utf8_normal(*state, s);
        if (!str_eq(normal, compose(*state, s)) || (str_eq(normal, s) && normal.ptr != s.ptr))
            fail_msg("U+%04X", point);
    }
}

static void any_company_of_code_points_takes_its_normal_form(void **state)
{
    Rng                   rng = rng_new();
    static const uint32_t blocks[] = { 0x0,    0xC0,   0x300,  0x340,  0x2000, 0x2010, 0x2020, 0x2120,
                                       0x3000, 0x3020, 0x3040, 0x3090, 0x30A0, 0x30F0, 0x1100, 0x1160,
                                       0x11A0, 0xAC00, 0x4E00, 0xFF00, 0xFFE0, 0xF900, 0x0900, 0x1D160 };
    for (int i = 0; i < 30000; i++) {
        arena_reset(*state);
        uint8_t bytes[64];
        size_t  length = 0;
        for (size_t count = rng_below(&rng, 8); count; count--) {
            uint32_t point = blocks[rng_below(&rng, sizeof blocks / sizeof *blocks)] + (uint32_t)rng_below(&rng, 64);
            if (point != '\r')
                length += (size_t)u8_uctomb(bytes + length, point, (ptrdiff_t)(sizeof bytes - length));
        }
        Str s = { (const char *)bytes, length };
        assert_str_equal(utf8_normal(*state, s), compose(*state, s));
    }
}

static void line_ends_become_line_feeds(void **state)
{
    assert_str_equal(utf8_normal(*state, STR("a\r\nb\rc\n\r\r\n\r")), STR("a\nb\nc\n\n\n\n"));
    assert_str_equal(utf8_normal(*state, STR("e\u0301\r\n")), STR("é\n"));
    assert_str_equal(utf8_normal(*state, STR_NONE), STR(""));
    Str same = STR("上海，技术\n");
    assert_ptr_equal(utf8_normal(*state, same).ptr, same.ptr);
}

static void a_heap_of_accents_takes_no_long_time(void **state)
{
    enum { MARKS = 500000 };
    Buf text = buf_new(*state, SIZE_MAX);
    buf_char(&text, 'a');
    for (int i = 0; i < MARKS; i++)
        buf_add(&text, i % 2 ? STR("\u0301") : STR("\u0327"));
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    assert_str_equal(utf8_normal(*state, buf_str(&text)), compose(*state, buf_str(&text)));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    assert_true(to.tv_sec - from.tv_sec < 10); /* quadratic would be minutes */
}

static void wide_characters_take_two_columns(void **state)
{
    (void)state;
    assert_int_equal(utf8_columns(STR("")), 0);
    assert_int_equal(utf8_columns(STR_NONE), 0);
    assert_int_equal(utf8_columns(STR("abc")), 3);
    assert_int_equal(utf8_columns(STR("成果a")), 5);
    assert_int_equal(utf8_columns(STR("e\xCC\x81")), 1); /* e, combining acute */
}

static void text_without_anything_to_see_is_told_from_text(void **state)
{
    (void)state;
    static const char *const nothing[] = { "",       " ",      "\u3000",     "\u200b",
                                           "\ufeff", "\u3164", "\U000E0041", " \u200b\u00a0" };
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        assert_false(utf8_visible(str_from(nothing[i])));
    assert_true(utf8_visible(STR("\u200b甲")));
    assert_true(utf8_visible(STR(".")));
    assert_false(utf8_printable(STR("a\u2028b"), false));
    assert_true(utf8_printable(STR("a\u2028b"), true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_short_sequence_is_judged_right),
        TEST(faults_are_found_at_every_place),
        TEST(every_code_point_is_walked_over),
        TEST(length_and_clip_count_code_points),
        TEST(white_space_of_any_script_is_trimmed),
        TEST(control_and_override_characters_are_not_for_people),
        TEST(every_code_point_takes_its_normal_form),
        TEST(any_company_of_code_points_takes_its_normal_form),
        TEST(line_ends_become_line_feeds),
        TEST(a_heap_of_accents_takes_no_long_time),
        TEST(wide_characters_take_two_columns),
        TEST(text_without_anything_to_see_is_told_from_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
