/* Forms that send a file: what browsers write, and what nobody should. */
#include "web/multipart.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

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

static void assert_str(Str found, const char *wanted)
{
    if (!str_eq(found, str_from(wanted)))
        fail_msg("\"%.*s\", not \"%s\"", STR_FMT(found), wanted);
}

#define HEAD(disposition) "Content-Disposition: " disposition "\r\n"
#define PARTS_MAX         8

typedef struct Found {
    Arena *arena;
    struct {
        Str  name, file;
        bool is_file;
        Buf  bytes;
    } parts[PARTS_MAX];
    size_t begun, ended;
} Found;

static Err begin(void *context, Str name, Str file)
{
    Found *found = context;
    assert_int_equal(found->begun, found->ended);
    assert_true(found->begun < PARTS_MAX);
    found->parts[found->begun].name = str_dup(found->arena, name);
    found->parts[found->begun].file = str_dup(found->arena, file);
    found->parts[found->begun].is_file = file.ptr != NULL;
    found->parts[found->begun++].bytes = buf_new(found->arena, SIZE_MAX);
    return ERR_OK;
}

static Err data(void *context, Str bytes)
{
    Found *found = context;
    assert_int_equal(found->begun, found->ended + 1);
    buf_add(&found->parts[found->ended].bytes, bytes);
    return ERR_OK;
}

static Err end(void *context)
{
    Found *found = context;
    found->ended++;
    return ERR_OK;
}

/* The body in pieces of that size. */
static Err read_in(Arena *arena, Str body, size_t size, Found *found)
{
    *found = (Found){ .arena = arena };
    Multipart *form = multipart_new(STR("b"), &(MultipartTaker){ begin, data, end, found });
    Err        err = ERR_OK;
    while (!err.kind && body.len) {
        size_t most = size < body.len ? size : body.len;
        err = multipart_add(form, str_slice(body, 0, most));
        body = str_slice(body, most, body.len);
    }
    if (!err.kind)
        err = multipart_end(form);
    multipart_free(form);
    return err;
}

static void a_form_with_a_file_is_read_however_it_arrives(void **state)
{
    Found found;
    Buf   buf = buf_new(*state, SIZE_MAX);
    buf_add(&buf, STR("--b\r\n" HEAD("form-data; name=\"csrf\"")));
    buf_add(&buf, STR("\r\ntoken\r\n--b\r\n"));
    buf_add(&buf, STR(HEAD("form-data; name=\"file\"; filename=\"a %22b\\\"; c.csv\"")));
    buf_add(&buf, STR("Content-Type: text/csv\r\n\r\ntitle\r\n-- b\r\n\0x\r\n--b\r\n"));
    buf_add(&buf, STR(HEAD("form-data; name=\"none\"; filename=\"\"")));
    buf_add(&buf, STR("\r\n\r\n--b--\r\nand more"));
    for (size_t size = 1; size <= buf.len; size++) {
        assert_int_equal(read_in(*state, buf_str(&buf), size, &found).kind, ERR_NONE);
        assert_int_equal(found.ended, 3);
        assert_str(found.parts[0].name, "csrf");
        assert_str(buf_str(&found.parts[0].bytes), "token");
        assert_false(found.parts[0].is_file);
        assert_str(found.parts[1].file, "a \"b\"; c.csv");
        assert_true(str_eq(buf_str(&found.parts[1].bytes), STR("title\r\n-- b\r\n\0x")));
        assert_true(found.parts[2].is_file && !found.parts[2].file.len && !found.parts[2].bytes.len);
    }
}

/* Nothing of a large file is kept: what has come goes on, but for the bytes that a delimiter may begin with. */
static void a_large_part_is_handed_on_at_once(void **state)
{
    Found      found = { .arena = *state };
    Multipart *form = multipart_new(STR("b"), &(MultipartTaker){ begin, data, end, &found });
    assert_int_equal(multipart_add(form, STR("--b\r\n" HEAD("form-data; name=\"a\"") "\r\n")).kind, ERR_NONE);
    for (size_t sent = 0; sent < 64 * 1024; sent += 4) {
        assert_int_equal(multipart_add(form, STR("\r\n--")).kind, ERR_NONE);
        assert_true(sent + 4 - found.parts[0].bytes.len <= strlen("\r\n--b"));
    }
    multipart_free(form);
}

static void no_parts_are_a_form_too(void **state)
{
    Found found;
    assert_int_equal(read_in(*state, STR("--b--"), 1, &found).kind, ERR_NONE);
    assert_int_equal(found.ended, 0);
}

static void what_is_broken_is_refused(void **state)
{
    static const Str bodies[] = {
        STR_INIT(""),
        STR_INIT("x"),
        STR_INIT("--b"),
        STR_INIT("--b-"),
        STR_INIT("--b\r\n"),
        STR_INIT("--c\r\n\r\n--c--"),
        STR_INIT("--b\r\n" HEAD("form-data; name=\"a\"") "\r\nopen"),
        STR_INIT("--b\r\n" HEAD("form-data; name=\"a\"") "\r\n--b--"),
        STR_INIT("--b\r\n" HEAD("form-data") "\r\nx\r\n--b--"),
        STR_INIT("--b\r\n" HEAD("form-data; name=a") "\r\nx\r\n--b--"),
        STR_INIT("--b\r\n" HEAD("form-data; name=\"a") "\r\nx\r\n--b--"),
        STR_INIT("--b\r\n" HEAD("form-data; name=\"\"") "\r\nx\r\n--b--"),
        STR_INIT("--b\r\n" HEAD("form-data; name=\"a\"; name=\"b\"") "\r\nx\r\n--b--"),
        STR_INIT("--b\r\n" HEAD("form-data; name=\"a\"") HEAD("form-data; name=\"b\"") "\r\nx\r\n--b--"),
        STR_INIT("--b\r\n" HEAD("attachment; name=\"a\"") "\r\nx\r\n--b--"),
        STR_INIT("--b\r\nX: y\r\n\r\nx\r\n--b--"),
        STR_INIT("--b\r\n" HEAD("form-data; name=\"\xFF\"") "\r\nx\r\n--b--"),
        STR_INIT("--bx" HEAD("form-data; name=\"a\"") "\r\nx\r\n--b--"),
    };
    Found found;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        for (size_t size = 1; size <= 100; size += 99)
            if (read_in(*state, bodies[i], size, &found).code != ECODE_HTTP_MULTIPART)
                fail_msg("body %zu in pieces of %zu is taken", i, size);
}

static void a_head_without_an_end_is_refused(void **state)
{
    Found      found = { .arena = *state };
    Multipart *form = multipart_new(STR("b"), &(MultipartTaker){ begin, data, end, &found });
    Err        err = multipart_add(form, STR("--b\r\n"));
    size_t     sent = 0;
    for (; !err.kind && sent < 1000 * MULTIPART_HEAD; sent += 8)
        err = multipart_add(form, STR("X: yyyyy"));
    assert_int_equal(err.code, ECODE_HTTP_MULTIPART);
    assert_true(sent <= MULTIPART_HEAD + 16);
    multipart_free(form);
}

static void the_media_type_says_the_boundary(void **state)
{
    (void)state;
    assert_str(multipart_boundary(STR("multipart/form-data; boundary=----x1")), "----x1");
    assert_str(multipart_boundary(STR("Multipart/Form-Data; charset=utf-8; boundary=\"a,b\"")), "a,b");
    static const char *const none[] = { "multipart/form-data",
                                        "multipart/form-data; boundary=",
                                        "multipart/form-data; boundary=\"a\rb\"",
                                        "multipart/mixed; boundary=x",
                                        "application/json",
                                        "" };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(multipart_boundary(str_from(none[i])).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_form_with_a_file_is_read_however_it_arrives, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(no_parts_are_a_form_too, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(what_is_broken_is_refused, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(a_large_part_is_handed_on_at_once, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(a_head_without_an_end_is_refused, arena_setup, arena_teardown),
        cmocka_unit_test(the_media_type_says_the_boundary),
    };
    return cmocka_run_group_tests_name("multipart", tests, NULL, NULL);
}
