/* kernel/file_type_test.c: which files are taken by name and content, however they arrive. */
#include "kernel/file_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

static void the_ending_says_the_type(void **state)
{
    static const struct {
        const char *name, *code;
    } cases[] = { { "a.pdf", "pdf" }, { "报告.PDF", "pdf" }, { "a.b.JPeg", "jpg" },
                  { "a.jpg", "jpg" }, { "a.exe", "" },       { "a.pdf.exe", "" },
                  { "pdf", "" },      { ".pdf", "" },        { "a.", "" },
                  { "", "" } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const FileType *type = file_type_of(str_from(cases[i].name));
        if (!str_eq(type ? type->code : STR_NONE, str_from(cases[i].code)))
            fail_msg("%s is %.*s", cases[i].name, STR_FMT(type ? type->code : STR_NONE));
    }
    assert_true(file_type_count < 64);
}

/* The bytes in pieces of that size. */
static bool fits(Str bytes, size_t size, const char *code)
{
    FileSniff sniff = { 0 };
    for (size_t at = 0; at < bytes.len; at += size)
        file_sniff_add(&sniff, str_slice(bytes, at, at + size < bytes.len ? at + size : bytes.len));
    file_sniff_add(&sniff, STR_NONE);
    return file_sniff_fits(&sniff, file_type_coded(str_from(code)));
}

static void the_content_must_be_what_the_ending_says(void **state)
{
    static const struct {
        Str         bytes;
        const char *types; /* the codes that it fits, in the order of the table */
    } cases[] = {
        { STR_INIT("%PDF-1.7\n..."), "pdf csv txt " },
        { STR_INIT("%PDF-1.7\n\0..."), "pdf " },
        { STR_INIT("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "png " },
        { STR_INIT("\xff\xd8\xff\xe0\0\x10JFIF"), "jpg " },
        { STR_INIT("PK\003\004\024\0.........................word/document.xml...."), "docx zip " },
        { STR_INIT("PK\003\004\024\0.........................xl/workbook.xml......"), "xlsx zip " },
        { STR_INIT("PK\003\004\024\0.........................ppt/presentation.xml."), "pptx zip " },
        { STR_INIT("PK\003\004\024\0.........................OFD.xml.............."), "ofd zip " },
        { STR_INIT("PK\005\006\0\0\0\0"), "zip " },
        { STR_INIT("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...."), "doc xls " },
        { STR_INIT("\0\0\0\x18"
                   "ftypmp42"),
          "mp4 " },
        { STR_INIT("编号,题名\r\n"), "csv txt " },
        { STR_INIT("\xd6\xd0\xce\xc4"), "csv txt " }, /* GB 18030 */
        { STR_INIT("MZ\x90\0\3"), "" },
        { STR_INIT(".%PDF-1.7\0"), "" },
        { STR_INIT(""), "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t size = 1; size <= 64; size++) {
            char   found[200] = "";
            size_t length = 0;
            for (size_t t = 0; t < file_type_count; t++)
                if (fits(cases[i].bytes, size, file_types[t].code.ptr))
                    length += (size_t)snprintf(found + length, sizeof found - length, "%s ", file_types[t].code.ptr);
            if (strcmp(found, cases[i].types) != 0)
                fail_msg("case %zu in pieces of %zu fits \"%s\", not \"%s\"", i, size, found, cases[i].types);
        }
}

static void a_name_is_one_that_can_be_saved_and_shows_what_it_is(void **state)
{
    static const struct {
        const char *given, *clean;
    } cases[] = {
        { "报告.pdf", "报告.pdf" },
        { "C:\\Users\\x\\报告.pdf", "报告.pdf" },
        { "../../etc/passwd", "passwd" },
        { "  a b.pdf ", "a b.pdf" },
        { "a\xe2\x80\xae"
          "fdp.exe",
          "afdp.exe" },
        { "a\xe2\x80\x8b.pdf\n", "a.pdf" },
        { "a<b>:\"|?*.pdf", "ab.pdf" },
        { "..pdf", "pdf" },
        { "e\xcc\x81.pdf", "\xc3\xa9.pdf" },
        { "/", "" },
        { "\xff.pdf", "" },
        { "", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Str clean = file_name_clean(*state, str_from(cases[i].given));
        if (!str_eq(clean, str_from(cases[i].clean)))
            fail_msg("\"%s\" becomes \"%.*s\"", cases[i].given, STR_FMT(clean));
    }
}

static void a_long_name_keeps_its_ending(void **state)
{
    Str name = STR("字");
    while (name.len < 4 * FILE_NAME_BYTES)
        name = str_printf(*state, "%.*s%.*s", STR_FMT(name), STR_FMT(name));
    Str clean = file_name_clean(*state, str_printf(*state, "%.*s.pdf", STR_FMT(name)));
    assert_true(clean.len <= FILE_NAME_BYTES && clean.len > FILE_NAME_BYTES - 3);
    assert_true(str_ends(clean, STR("字.pdf")));
}

static int arena_setup(void **state)
{
    *state = arena_new();
    return 0;
}

static int arena_teardown(void **state)
{
    arena_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ending_says_the_type),
        cmocka_unit_test(the_content_must_be_what_the_ending_says),
        cmocka_unit_test_setup_teardown(a_name_is_one_that_can_be_saved_and_shows_what_it_is, arena_setup,
                                        arena_teardown),
        cmocka_unit_test_setup_teardown(a_long_name_keeps_its_ending, arena_setup, arena_teardown),
    };
    return cmocka_run_group_tests_name("file_type", tests, NULL, NULL);
}
