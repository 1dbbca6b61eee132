#include "sheet/xlsx_read.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/testing.h"
#include "sheet/testing/make.h"

#include <unistd.h>

static const char *file_of(Arena *arena) { return str_printf(arena, "/tmp/firstmile-xlsx-%d.xlsx", (int)getpid()).ptr; }

/* All rows as "line[cell|cell]", or "!code" where the file is refused. */
static Str counted(Arena *arena, const char *path, Str sheet, XlsxWork *work)
{
    OWNED(xlsx) XlsxReader *reader = NULL;
    Problems                problems = { .arena = arena };
    size_t                  found = 0;
    Buf                     buf = buf_new(arena, SIZE_MAX);
    Err                     err = xlsx_open(str_from(path), sheet, &reader, work, &problems);
    while (!err.kind) {
        XlsxRow row;
        bool    more;
        err = xlsx_next(reader, arena, &row, &more, &problems);
        if (err.kind || !more)
            break;
        found++;
        buf_printf(&buf, "%zu[%.*s]", row.line, STR_FMT(str_join(arena, row.cells, row.count, STR("|"))));
    }
    if (err.kind)
        buf_printf(&buf, "!%.*s", STR_FMT(err_row(err.code)->code));
    else
        assert_int_equal(found, work->rows);
    assert_int_equal(problems.count, err.kind && err.code != ECODE_FILE_MISSING ? 1 : 0);
    return buf_str(&buf);
}

static Str summary(Arena *arena, const char *path, Str sheet)
{
    XlsxWork work;
    return counted(arena, path, sheet, &work);
}

static Str read_rows(Arena *arena, const char *rows, const char *behind)
{
    const char *path = file_of(arena);
    make_workbook(arena, path, rows, behind);
    Str out = summary(arena, path, STR_NONE);
    unlink(path);
    return out;
}

static void every_kind_of_cell_is_text(void **state)
{
    Str rows = read_rows(*state,
                         "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c>"
                         "<c r=\"C1\" t=\"s\"><v>2</v></c></row>"
                         "<row r=\"2\"><c r=\"A2\"><v>0.30000000000000004</v></c><c r=\"B2\" t=\"b\"><v>1</v></c>"
                         "<c r=\"C2\" t=\"b\"><v>0</v></c><c r=\"D2\" t=\"e\"><v>#N/A</v></c>"
                         "<c r=\"E2\" t=\"inlineStr\"><is><r><t>in</t></r><r><t>line</t></r></is></c>"
                         "<c r=\"F2\" t=\"str\"><f>A1&amp;B1</f><v>told</v></c><c r=\"G2\"><f>1+1</f><v>2</v></c></row>"
                         "<row r=\"3\"><c r=\"A3\" s=\"1\"><v>45658</v></c><c r=\"B3\" s=\"2\"><v>45658.75</v></c>"
                         "<c r=\"C3\" s=\"3\"><v>0.15</v></c><c r=\"D3\" s=\"4\"><v>0.5</v></c>"
                         "<c r=\"E3\" s=\"5\"><v>45658</v></c><c r=\"F3\" t=\"d\"><v>2025-01-31T00:00:00</v></c></row>",
                         "");
    assert_str_equal(rows, STR("1[first|二|rich text]2[0.3|true|false|#N/A|inline|told|2]"
                               "3[2025-01-01|2025-01-01T18:00:00|0.15|12:00:00|2025-01-01|2025-01-31]"));
}

static void a_shared_string_may_be_empty(void **state)
{
    const char *path = file_of(*state);
    make_workbook_with(*state, path, 4, STR("<sst><si><t></t></si><si/></sst>"));
    assert_str_equal(summary(*state, path, STR_NONE), STR("1[|2025-01-01]"));
    unlink(path);
}

static void gaps_and_empty_rows_are_passed_over(void **state)
{
    Str rows = read_rows(*state,
                         "<row><c t=\"s\"><v>0</v></c><c/><c><v>3</v></c></row><row/>"
                         "<row r=\"5\"><c r=\"B5\"><v>5</v></c><c r=\"D5\"><v>7</v></c><c r=\"E5\" s=\"1\"/></row>"
                         "<row r=\"9\"><c r=\"A9\" t=\"s\"/><c r=\"B9\" t=\"inlineStr\"><is><t></t></is></c></row>",
                         "<mergeCells><mergeCell ref=\"A1\"/></mergeCells>");
    assert_str_equal(rows, STR("1[first||3]5[|5||7]"));
}

static void what_cannot_be_understood_is_refused(void **state)
{
    const char *const cases[][3] = {
        { "<row><c t=\"s\"><v>99</v></c></row>", "", "!sheet.damaged" },
        { "<row><c t=\"s\"><v>-1</v></c></row>", "", "!sheet.damaged" },
        { "<row><c t=\"s\"><v>x</v></c></row>", "", "!sheet.damaged" },
        { "<row><c><f>A1+1</f></c></row>", "", "!sheet.formula" },
        { "<row><c><v>1</v></c></row>", "<mergeCells><mergeCell ref=\"A1:B2\"/></mergeCells>", "!sheet.merged" },
        { "<row r=\"2\"><c><v>1</v></c></row><row r=\"2\"><c><v>1</v></c></row>", "", "!sheet.damaged" },
        { "<row r=\"1\"><c r=\"B1\"><v>1</v></c><c r=\"A1\"><v>1</v></c></row>", "", "!sheet.damaged" },
        { "<row r=\"1\"><c r=\"A7\"><v>1</v></c></row>", "", "!sheet.damaged" },
        { "<row r=\"1\"><c r=\"ZZ1\"><v>1</v></c></row>", "", "!sheet.large" },
        { "<row><c><v>1</c></row>", "", "!sheet.damaged" },
        { "<row><c><v>&undeclared;</v></c></row>", "", "!sheet.damaged" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Str found = read_rows(*state, cases[i][0], cases[i][1]);
        assert_str_equal(found, str_from(cases[i][2]));
    }
}

static Str repeat(Arena *arena, const char *text, size_t times)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    for (size_t i = 0; i < times; i++)
        buf_add(&buf, str_from(text));
    buf_char(&buf, '\0');
    return buf_str(&buf);
}

static void bombs_are_refused(void **state)
{
    Str deep = repeat(*state, "<x>", LIMIT_SHEET_DEPTH + 1), long_cell = repeat(*state, "0123456789", 14000);
    Str wide = repeat(*state, str_printf(*state, "<c t=\"str\"><v>%.*s</v></c>", 30000, long_cell.ptr).ptr, 200);
    assert_str_equal(read_rows(*state, str_printf(*state, "<row>%s</row>", wide.ptr).ptr, ""), STR("!sheet.large"));
    assert_str_equal(read_rows(*state, "<row r=\"1048577\"/>", ""), STR("!sheet.large"));
    Str tag = repeat(*state, "0123456789", LIMIT_SHEET_TAG_BYTES / 5);
    assert_str_equal(read_rows(*state, deep.ptr, ""), STR("!sheet.large"));
    assert_str_equal(
        read_rows(*state, str_printf(*state, "<row><c t=\"str\"><v>%s</v></c></row>", long_cell.ptr).ptr, ""),
        STR("!sheet.large"));
    assert_str_equal(read_rows(*state, str_printf(*state, "<row a=\"%s\"/>", tag.ptr).ptr, ""), STR("!sheet.large"));
}

/* A short file that has a great deal kept of it, or read. */
static void directories_and_names_are_bounded(void **state)
{
    const char *path = file_of(*state);
    Str         name = repeat(*state, "0123456789", 5000), target = STR("xl/workbook.xml");
    Buf         relations = buf_new(*state, SIZE_MAX);
    buf_add(&relations, STR("<Relationships>"));
    for (int i = 0; i < 3000; i++)
        buf_printf(&relations, "<Relationship Id=\"%d%.900s\" Type=\"x/officeDocument\" Target=\"%s\"/>", i, name.ptr,
                   target.ptr);
    buf_add(&relations, STR("</Relationships>"));
    const MadePart parts[] = { { "_rels/.rels", buf_str(&relations) } };
    make_package(path, parts, 1);
    assert_str_equal(summary(*state, path, STR_NONE), STR("!sheet.foreign"));
    MadePart *many = ARENA_ARRAY(*state, MadePart, LIMIT_SHEET_PARTS + 1);
    for (size_t i = 0; i <= LIMIT_SHEET_PARTS; i++)
        many[i] = (MadePart){ str_printf(*state, "%zu", i).ptr, STR("") };
    unlink(path);
    make_package(path, many, LIMIT_SHEET_PARTS + 1);
    assert_str_equal(summary(*state, path, STR_NONE), STR("!sheet.large"));
    unlink(path);
}

static void a_document_type_is_refused(void **state)
{
    const char    *path = file_of(*state);
    const MadePart parts[] = { { "_rels/.rels",
                                 STR("<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>"
                                     "<Relationships>&b;</Relationships>") } };
    make_package(path, parts, 1);
    assert_str_equal(summary(*state, path, STR_NONE), STR("!sheet.damaged"));
    unlink(path);
}

static void foreign_files_are_told_apart(void **state)
{
    const char *path = file_of(*state);
    const struct {
        Str         bytes;
        const char *told;
    } cases[] = {
        { STR("name,value\n1,2\n"), "!sheet.foreign" },
        { STR(""), "!sheet.foreign" },
        { { "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 a password", 20 }, "!sheet.locked" },
        { { "PK\x03\x04 cut", 8 }, "!sheet.foreign" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(file_write(str_from(path), cases[i].bytes, 0600));
        assert_str_equal(summary(*state, path, STR_NONE), str_from(cases[i].told));
    }
    const MadePart parts[] = { { "word/document.xml", STR("<document/>") } };
    unlink(path);
    make_package(path, parts, 1);
    assert_str_equal(summary(*state, path, STR_NONE), STR("!sheet.foreign"));
    unlink(path);
    assert_str_equal(summary(*state, path, STR_NONE), STR("!file.missing"));
}

static void a_sheet_is_chosen_by_name(void **state)
{
    const char *path = file_of(*state);
    make_workbook(*state, path, "<row><c><v>1</v></c></row>", "");
    assert_str_equal(summary(*state, path, STR("Data")), STR("1[1]"));
    assert_str_equal(summary(*state, path, STR("2")), STR("1[1]"));
    assert_str_equal(summary(*state, path, STR("0")), STR("!sheet.none"));
    assert_str_equal(summary(*state, path, STR("3")), STR("!sheet.none"));
    assert_str_equal(summary(*state, path, STR("Other")), STR("!sheet.none"));
    assert_str_equal(summary(*state, path, STR("Hidden")), STR("!sheet.damaged")); /* the file does not hold it */
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_shared_string_may_be_empty),
        TEST(every_kind_of_cell_is_text),
        TEST(gaps_and_empty_rows_are_passed_over),
        TEST(what_cannot_be_understood_is_refused),
        TEST(bombs_are_refused),
        TEST(directories_and_names_are_bounded),
        TEST(a_document_type_is_refused),
        TEST(foreign_files_are_told_apart),
        TEST(a_sheet_is_chosen_by_name),
    };
    return cmocka_run_group_tests_name("xlsx_read", tests, NULL, NULL);
}
