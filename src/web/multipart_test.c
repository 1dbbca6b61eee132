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

static void a_form_with_a_file_is_read(void **state)
{
    Part  *parts;
    size_t count;
    Buf    buf = buf_new(*state, SIZE_MAX);
    buf_add(&buf, STR("--b\r\n" HEAD("form-data; name=\"csrf\"")));
    buf_add(&buf, STR("\r\ntoken\r\n--b\r\n"));
    buf_add(&buf, STR(HEAD("form-data; name=\"file\"; filename=\"a %22b%22; c.csv\"")));
    buf_add(&buf, STR("Content-Type: text/csv\r\n\r\ntitle\r\n-- b\r\n\0x\r\n--b\r\n"));
    buf_add(&buf, STR(HEAD("form-data; name=how")));
    buf_add(&buf, STR("\r\n\r\n--b--\r\n"));
    assert_int_equal(multipart_read(*state, STR("b"), buf_str(&buf), &parts, &count).kind, ERR_NONE);
    assert_int_equal(count, 3);
    assert_str(parts[0].name, "csrf");
    assert_str(parts[0].bytes, "token");
    assert_false(parts[0].is_file);
    assert_true(parts[1].is_file);
    assert_str(parts[1].filename, "a \"b\"; c.csv");
    assert_true(str_eq(parts[1].bytes, STR("title\r\n-- b\r\n\0x")));
    assert_str(parts[2].name, "how");
    assert_int_equal(parts[2].bytes.len, 0);
}

static void no_parts_are_a_form_too(void **state)
{
    Part  *parts;
    size_t count;
    assert_int_equal(multipart_read(*state, STR("b"), STR("--b--"), &parts, &count).kind, ERR_NONE);
    assert_int_equal(count, 0);
}

static void what_is_broken_is_refused(void **state)
{
    static const Str bodies[] = {
        STR_INIT(""),
        STR_INIT("x"),
        STR_INIT("--b"),
        STR_INIT("--c\r\n\r\n--c--"),
        STR_INIT("--b\r\n" HEAD("form-data; name=\"a\"") "\r\nopen"),
        STR_INIT("--b\r\n" HEAD("form-data; name=\"a\"") "\r\n--b--"),
        STR_INIT("--b\r\n" HEAD("form-data") "\r\nx\r\n--b--"),
        STR_INIT("--b\r\n" HEAD("attachment; name=\"a\"") "\r\nx\r\n--b--"),
        STR_INIT("--b\r\nX: y\r\n\r\nx\r\n--b--"),
        STR_INIT("--b\r\n" HEAD("form-data; name=\"\xFF\"") "\r\nx\r\n--b--"),
        STR_INIT("--b\r\n" HEAD("form-data; name=\"a\"") "\r\n\xFF\r\n--b--"),
        STR_INIT("--bx" HEAD("form-data; name=\"a\"") "\r\nx\r\n--b--"),
    };
    Part  *parts;
    size_t count;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        if (multipart_read(*state, STR("b"), bodies[i], &parts, &count).code != ECODE_HTTP_MULTIPART)
            fail_msg("body %zu is taken", i);
}

static void so_many_parts_are_too_many(void **state)
{
    Part  *parts;
    size_t count;
    Buf    body = buf_new(*state, SIZE_MAX);
    for (int i = 0; i <= MULTIPART_PARTS_MAX; i++)
        buf_add(&body, STR("--b\r\n" HEAD("form-data; name=\"a\"") "\r\nx\r\n"));
    buf_add(&body, STR("--b--"));
    assert_int_equal(multipart_read(*state, STR("b"), buf_str(&body), &parts, &count).code, ECODE_HTTP_MULTIPART);
}

static void the_media_type_says_the_boundary(void **state)
{
    Str boundary;
    (void)state;
    assert_true(multipart_boundary(STR("multipart/form-data; boundary=----x1"), &boundary));
    assert_str(boundary, "----x1");
    assert_true(multipart_boundary(STR("Multipart/Form-Data; charset=utf-8; boundary=\"a;b\""), &boundary));
    assert_str(boundary, "a;b");
    assert_false(multipart_boundary(STR("multipart/form-data"), &boundary));
    assert_false(multipart_boundary(STR("multipart/form-data; boundary="), &boundary));
    assert_false(multipart_boundary(STR("multipart/mixed; boundary=x"), &boundary));
    assert_false(multipart_boundary(STR("application/json"), &boundary));
    assert_false(multipart_boundary(STR_NONE, &boundary));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_form_with_a_file_is_read, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(no_parts_are_a_form_too, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(what_is_broken_is_refused, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(so_many_parts_are_too_many, arena_setup, arena_teardown),
        cmocka_unit_test(the_media_type_says_the_boundary),
    };
    return cmocka_run_group_tests_name("multipart", tests, NULL, NULL);
}
