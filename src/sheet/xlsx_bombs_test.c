/* Files that cost much more than they weigh. What reading them comes to is counted, never timed. */
#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/testing.h"
#include "sheet/testing/make.h"
#include "sheet/xlsx_read.h"

#include <stdlib.h>
#include <unistd.h>

#define FORMATS     65536
#define OWN_FORMATS 1024
#define LOOKUP      11 /* comparisons at most, for one of OWN_FORMATS */

enum { RELATIONS, WORKBOOK, WORKBOOK_RELATIONS, STYLES, STRINGS, SHEET };

typedef struct Found {
    XlsxWork work;
    ErrCode  code; /* 0: read to the end */
} Found;

static const char *file_of(Arena *arena) { return str_printf(arena, "/tmp/firstmile-bomb-%d.xlsx", (int)getpid()).ptr; }

static Found read_file(Arena *arena)
{
    OWNED(xlsx) XlsxReader *reader = NULL;
    Problems                problems = { .arena = arena };
    Found                   found = { 0 };
    XlsxRow                 row;
    Err                     err = xlsx_open(str_from(file_of(arena)), STR_NONE, &reader, &found.work, &problems);
    bool                    more = true;
    while (!err.kind && more)
        err = xlsx_next(reader, arena, &row, &more, &problems);
    assert_int_equal(problems.count, err.kind ? 1 : 0);
    unlink(file_of(arena));
    found.code = err.kind ? err.code : (ErrCode)0;
    return found;
}

static Found read_part(Arena *arena, size_t part, Str text)
{
    make_workbook_with(arena, file_of(arena), part, text);
    return read_file(arena);
}

static Found read_rows(Arena *arena, Str rows)
{
    make_workbook(arena, file_of(arena), str_dup_z(arena, rows), "");
    return read_file(arena);
}

static void add_times(Buf *buf, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buf_add(buf, str_from(text));
}

static void a_leap_over_rows_makes_none(void **state)
{
    Found past = read_rows(*state, STR("<row r=\"178000000\"><c><v>1</v></c></row>"));
    assert_int_equal(past.code, ECODE_SHEET_LARGE);
    assert_int_equal(past.work.rows + past.work.cells, 0);
    Found last = read_rows(*state, STR("<row r=\"1048576\"><c><v>1</v></c></row>"));
    assert_int_equal(last.code, 0);
    assert_int_equal(last.work.rows, 1);
    assert_int_equal(last.work.cells, 1);
    Found count = read_rows(*state, STR("<row r=\"18446744073709551617\"><c><v>1</v></c></row>"));
    assert_int_equal(count.work.rows, 1);
    assert_int_equal(count.work.cells, 1);
}

static void a_million_empty_rows_are_none(void **state)
{
    Buf buf = buf_new(*state, SIZE_MAX);
    add_times(&buf, "<row ht=\"15\"><c s=\"1\"/></row>", 1000000);
    Found found = read_rows(*state, buf_str(&buf));
    assert_int_equal(found.code, 0);
    assert_int_equal(found.work.rows + found.work.cells, 0);
    assert_in_range(found.work.elements, 2000000, 2000100);
}

/* Every cell format of the file asks for a number format that stands behind, or before, all that the file brings. */
static void cell_formats_are_looked_up_by_halves(void **state)
{
    Buf buf = buf_new(*state, SIZE_MAX);
    buf_add(&buf, STR("<styleSheet><numFmts>"));
    for (int i = 0; i < OWN_FORMATS + 1000; i++)
        buf_printf(&buf, "<numFmt numFmtId=\"%d\" formatCode=\"0.0\"/>", 100000 - i);
    buf_add(&buf, STR("</numFmts><cellXfs>"));
    for (int i = 0; i < FORMATS + 1000; i++)
        buf_printf(&buf, "<xf numFmtId=\"%d\"/>", i % 2 ? 200000 : 170);
    buf_add(&buf, STR("</cellXfs></styleSheet>"));
    Found found = read_part(*state, STYLES, buf_str(&buf));
    assert_int_equal(found.code, 0);
    assert_in_range(found.work.lookups, FORMATS * (LOOKUP - 1), (FORMATS + OWN_FORMATS) * LOOKUP);
}

static void cells_need_no_comparison_for_their_format(void **state)
{
    Buf buf = buf_new(*state, SIZE_MAX);
    add_times(&buf, "<row><c s=\"5\"><v>45658</v></c></row>", 1);
    Found one = read_rows(*state, buf_str(&buf));
    add_times(&buf, "<row><c s=\"5\"><v>45658</v></c></row>", 1000);
    Found many = read_rows(*state, buf_str(&buf));
    assert_int_equal(many.work.rows, 1001);
    assert_int_equal(many.work.lookups, one.work.lookups);
}

static const char unordered[] =
    "<styleSheet><numFmts><numFmt numFmtId=\"180\" formatCode=\"h:mm\"/>"
    "<numFmt numFmtId=\"170\" formatCode=\"yyyy-mm-dd\"/>"
    "<numFmt numFmtId=\"175\" formatCode=\"0.00\"/><numFmt numFmtId=\"170\" formatCode=\"0\"/></numFmts><cellXfs>"
    "<xf numFmtId=\"0\"/><xf numFmtId=\"0\"/><xf numFmtId=\"0\"/><xf numFmtId=\"0\"/><xf numFmtId=\"0\"/>"
    "<xf numFmtId=\"170\"/></cellXfs></styleSheet>";

/* The cell's style, 5, asks for the format 170; of two of that name the first counts. */
static void formats_in_any_order_are_found(void **state)
{
    OWNED(xlsx) XlsxReader *reader = NULL;
    Problems                problems = { .arena = *state };
    XlsxWork                work;
    XlsxRow                 row;
    bool                    more;
    make_workbook_with(*state, file_of(*state), STYLES, str_from(unordered));
    assert_ok(xlsx_open(str_from(file_of(*state)), STR_NONE, &reader, &work, &problems));
    assert_ok(xlsx_next(reader, *state, &row, &more, &problems));
    assert_str_equal(row.cells[1], STR("2025-01-01"));
    unlink(file_of(*state));
}

static void a_table_of_strings_is_as_long_as_it_is(void **state)
{
    Found found = read_part(
        *state, STRINGS,
        STR("<sst count=\"4294967295\" uniqueCount=\"4294967295\"><si><t>a</t></si><si><t>b</t></si>"
            "</sst>"));
    assert_int_equal(found.code, 0);
    assert_int_equal(found.work.strings, 2);
    Found past = read_rows(*state, STR("<row><c t=\"s\"><v>4294967294</v></c></row>"));
    assert_int_equal(past.code, ECODE_SHEET_DAMAGED);
    assert_int_equal(past.work.cells, 0);
}

static void every_part_is_bounded_in_depth(void **state)
{
    for (size_t part = 0; part < MADE_PARTS; part++) {
        Buf buf = buf_new(*state, SIZE_MAX);
        add_times(&buf, "<x>", 1000000);
        Found found = read_part(*state, part, buf_str(&buf));
        assert_int_equal(found.code, ECODE_SHEET_LARGE);
        assert_in_range(found.work.elements, LIMIT_SHEET_DEPTH, LIMIT_SHEET_DEPTH + 100);
    }
}

/* A billion laughs: what the entities stand for would be 10^9 words; not even the element around them is begun. */
static void every_part_is_free_of_entities(void **state)
{
    Buf buf = buf_new(*state, SIZE_MAX);
    buf_add(&buf, STR("<!DOCTYPE x [<!ENTITY a0 \"laugh\">"));
    for (int i = 1; i < 10; i++) {
        buf_printf(&buf, "<!ENTITY a%d \"", i);
        add_times(&buf, str_printf(*state, "&a%d;", i - 1).ptr, 10);
        buf_add(&buf, STR("\">"));
    }
    buf_add(&buf, STR("]><sheetData><row><c t=\"str\"><v>&a9;</v></c></row></sheetData>"));
    for (size_t part = 0; part < MADE_PARTS; part++) {
        size_t before = part ? read_part(*state, part, STR("<")).work.elements : 0;
        Found  found = read_part(*state, part, buf_str(&buf));
        assert_int_equal(found.code, ECODE_SHEET_DAMAGED);
        assert_int_equal(found.work.elements, before);
        assert_int_equal(found.work.rows, 0);
    }
}

/* ---- the zip around them ---- */

static char *entry_of(Str zip, const char *name)
{
    for (size_t i = 0; i + 46 + strlen(name) <= zip.len; i++)
        if (memcmp(zip.ptr + i, "PK\1\2", 4) == 0 && memcmp(zip.ptr + i + 46, name, strlen(name)) == 0)
            return (char *)zip.ptr + i;
    fail_msg("no entry %s", name);
    abort(); /* fail_msg() does not return, which the compiler is not told */
}

static Str made_file(Arena *arena)
{
    Str bytes;
    assert_ok(file_read(arena, str_from(file_of(arena)), SIZE_MAX, &bytes));
    return bytes;
}

/* All entries lead to the one large sheet: each part that is read costs its own bytes once more, and no other does. */
static void entries_that_overlap_are_read_once_each(void **state)
{
    static const char *const others[] = { "xl/styles.xml", "xl/sharedStrings.xml" };
    Buf                      buf = buf_new(*state, SIZE_MAX);
    add_times(&buf, "<row><c><v>1</v></c></row>", 100000);
    make_workbook(*state, file_of(*state), str_dup_z(*state, buf_str(&buf)), "");
    Str   zip = made_file(*state);
    char *sheet = entry_of(zip, "xl/worksheets/sheet1.xml");
    for (size_t i = 0; i < 2; i++) {
        char *other = entry_of(zip, others[i]);
        memcpy(other + 10, sheet + 10, 18); /* method, time, checksum, both sizes */
        memcpy(other + 42, sheet + 42, 4);  /* where it begins */
    }
    assert_ok(file_write(str_from(file_of(*state)), zip, 0600));
    Found found = read_file(*state);
    assert_int_equal(found.code, 0);
    assert_int_equal(found.work.rows, 100000);
    assert_in_range(found.work.bytes, 3 * buf_str(&buf).len, 3 * buf_str(&buf).len + 4096);
}

static void a_name_that_is_there_twice_is_refused(void **state)
{
    MadePart parts[] = { { "_rels/.rels", STR("<Relationships/>") }, { "_rels/.relz", STR("<Relationships><x/>") } };
    unlink(file_of(*state));
    make_package(file_of(*state), parts, 2);
    Str zip = made_file(*state);
    entry_of(zip, "_rels/.relz")[46 + 10] = 's';
    assert_ok(file_write(str_from(file_of(*state)), zip, 0600));
    Found found = read_file(*state);
    assert_int_equal(found.code, ECODE_SHEET_DAMAGED);
    assert_int_equal(found.work.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_leap_over_rows_makes_none),
        TEST(a_million_empty_rows_are_none),
        TEST(cell_formats_are_looked_up_by_halves),
        TEST(cells_need_no_comparison_for_their_format),
        TEST(formats_in_any_order_are_found),
        TEST(a_table_of_strings_is_as_long_as_it_is),
        TEST(every_part_is_bounded_in_depth),
        TEST(every_part_is_free_of_entities),
        TEST(entries_that_overlap_are_read_once_each),
        TEST(a_name_that_is_there_twice_is_refused),
    };
    return cmocka_run_group_tests_name("xlsx_bombs", tests, NULL, NULL);
}
