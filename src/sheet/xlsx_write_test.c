#include "sheet/xlsx_write.h"

#include "base/buf.h"
#include "base/testing.h"
#include "sheet/xlsx_read.h"

#include <unistd.h>

static const char *file_of(Arena *arena)
{
    return str_printf(arena, "/tmp/firstmile-xlsx-write-%d.xlsx", (int)getpid()).ptr;
}

static const Str        words[] = { STR_INIT("甲"), STR_INIT("b, \"c\"") };
static const XlsxColumn columns[] = {
    { .head = STR_INIT("名称"), .note = STR_INIT("要填") },
    { .head = STR_INIT("amount"), .kind = XLSX_NUMBER, .scale = 2 },
    { .head = STR_INIT("day"), .kind = XLSX_DATE },
    { .head = STR_INIT("yes"), .kind = XLSX_TRUTH },
    { .head = STR_INIT("choice"), .words = words, .word_count = 2 },
};
#define COLUMNS (sizeof columns / sizeof *columns)

static Str read_back(Arena *arena, const char *path)
{
    OWNED(xlsx) XlsxReader *reader = NULL;
    Problems                problems = { .arena = arena };
    XlsxWork                work;
    Buf                     buf = buf_new(arena, SIZE_MAX);
    assert_ok(xlsx_open(str_from(path), STR_NONE, &reader, &work, &problems));
    for (bool more;;) {
        XlsxRow row;
        assert_ok(xlsx_next(reader, arena, &row, &more, &problems));
        if (!more)
            return buf_str(&buf);
        buf_printf(&buf, "%zu[%.*s]", row.line, STR_FMT(str_join(arena, row.cells, row.count, STR("|"))));
    }
}

static Str round_trip(Arena *arena, const Str *rows, size_t count)
{
    const char *path = file_of(arena);
    XlsxWriter *writer;
    assert_ok(xlsx_begin(str_from(path), STR("/tmp"), STR("成果: [a]/b"), columns, COLUMNS, &writer));
    for (size_t i = 0; i < count; i++)
        assert_ok(xlsx_add(writer, rows + i * COLUMNS));
    assert_ok(xlsx_finish(writer));
    Str out = read_back(arena, path);
    unlink(path);
    return out;
}

static void what_is_written_is_read_again(void **state)
{
    const Str rows[] = {
        STR("第一"),       STR("1234.50"),  STR("2025-01-31"), STR("true"),
        STR("甲"),         STR("=1+1"),     STR("-0.1"),       STR("1899-12-31"),
        STR("false"),      STR("b, \"c\""), STR("@_x0041_"),   STR("9007199254740993.25"),
        STR("9999-12-31"), STR(""),         STR(""),           STR(" <a&b>\n行"),
        STR("0.07"),       STR(""),         STR(""),           STR("x"),
    };
    assert_str_equal(round_trip(*state, rows, 4),
                     STR("1[名称|amount|day|yes|choice]2[第一|1234.5|2025-01-31|true|甲]"
                         "3[=1+1|-0.1|1899-12-31|false|b, \"c\"]4[@_x0041_|9007199254740993.25|9999-12-31]"
                         "5[ <a&b>\n行|0.07|||x]"));
}

static void text_is_kept_whatever_it_is_made_of(void **state)
{
    static const Str texts[] = { STR_INIT("a\rb\001c\037"),
                                 STR_INIT("<c r=\"A1\"/>&amp;"),
                                 STR_INIT(" leads"),
                                 STR_INIT("ends\t"),
                                 STR_INIT("\n"),
                                 STR_INIT("]]>"),
                                 STR_INIT("_x0001_&_xD800_"),
                                 STR_INIT("𠮷\x7f"),
                                 STR_INIT("=A1&B1") };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        Str row[COLUMNS] = { texts[i] };
        assert_str_equal(round_trip(*state, row, 1),
                         str_printf(*state, "1[名称|amount|day|yes|choice]2[%.*s]", STR_FMT(texts[i])));
    }
}

static void a_template_has_its_head_alone(void **state)
{
    assert_str_equal(round_trip(*state, NULL, 0), STR("1[名称|amount|day|yes|choice]"));
}

static Str long_text(Arena *arena, const char *part, int times)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    for (int i = 0; i < times; i++)
        buf_add(&buf, str_from(part));
    return buf_str(&buf);
}

/* Written without an error, and refused when it is read: nobody takes the cut text for the whole. */
static void a_text_that_does_not_fit_is_known_by_its_cell(void **state)
{
    const Str texts[] = { long_text(*state, "字😀", 20000), long_text(*state, "a", 32768),
                          long_text(*state, "_x0041_", 4600), long_text(*state, "b", 32767) };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        XlsxReader *reader = NULL;
        XlsxWriter *writer;
        Problems    problems = { .arena = *state };
        XlsxWork    work;
        const char *path = file_of(*state);
        Str         row[COLUMNS] = { texts[i] };
        assert_ok(xlsx_begin(str_from(path), STR("/tmp"), STR("a"), columns, COLUMNS, &writer));
        assert_ok(xlsx_add(writer, row));
        assert_ok(xlsx_finish(writer));
        assert_err(xlsx_open(str_from(path), STR_NONE, &reader, &work, &problems), ECODE_SHEET_FULL);
        unlink(path);
    }
}

static void a_text_that_just_fits_is_whole(void **state)
{
    Str row[COLUMNS] = { long_text(*state, "字", 32766) };
    assert_str_equal(round_trip(*state, row, 1),
                     str_printf(*state, "1[名称|amount|day|yes|choice]2[%.*s]", STR_FMT(row[0])));
}

/* Digits that come back: every decimal of at most 15 digits. */
static void numbers_keep_their_digits(void **state)
{
    Rng rng = rng_new();
    Buf wanted = buf_new(*state, SIZE_MAX);
    Str rows[200 * COLUMNS] = { 0 };
    buf_add(&wanted, STR("1[名称|amount|day|yes|choice]"));
    for (size_t i = 0; i < 200; i++) {
        uint64_t units = rng_next(&rng) % 99999999999999ULL * 10 + 1 +
                         rng_below(&rng, 9); /* its last digit is no zero */
        Str cell = str_printf(*state, "%llu.%04llu", (unsigned long long)(units / 10000),
                              (unsigned long long)(units % 10000));
        rows[i * COLUMNS + 1] = cell;
        buf_printf(&wanted, "%zu[|%.*s]", i + 2, STR_FMT(cell));
    }
    assert_str_equal(round_trip(*state, rows, 200), buf_str(&wanted));
}

static void a_folder_that_is_not_there_is_refused(void **state)
{
    XlsxWriter *writer;
    (void)state;
    assert_ok(xlsx_begin(STR("/nowhere/a.xlsx"), STR("/tmp"), STR("a"), columns, COLUMNS, &writer));
    assert_int_equal(xlsx_finish(writer).kind != ERR_NONE, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read_again),         TEST(text_is_kept_whatever_it_is_made_of),
        TEST(a_template_has_its_head_alone),         TEST(a_text_that_does_not_fit_is_known_by_its_cell),
        TEST(a_text_that_just_fits_is_whole),        TEST(numbers_keep_their_digits),
        TEST(a_folder_that_is_not_there_is_refused),
    };
    return cmocka_run_group_tests_name("xlsx_write", tests, NULL, NULL);
}
