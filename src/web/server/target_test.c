#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "web/server/target.h"

static void targets_are_taken_apart_and_decoded_once(void **state)
{
    (void)state;
    static const struct {
        const char *target, *path, *query;
    } cases[] = {
        { "/", "/", "" },
        { "/a/b?c=d", "/a/b", "c=d" },
        { "/a?", "/a", "" },
        { "/a?b?c", "/a", "b?c" },
        { "/%E4%B8%8A%e6%b5%b7", "/上海", "" },
        { "/a%20b", "/a b", "" },
        { "/a+b", "/a+b", "" },
        { "/%252e%252e/a", "/%2e%2e/a", "" },
        { "/a%3Fb%23c", "/a?b#c", "" },
        { "/a/...", "/a/...", "" },
        { "/a/.well-known/..b", "/a/.well-known/..b", "" },
        { "/a?b=%2F..%2f%5c", "/a", "b=%2F..%2f%5c" },
        { "http://h:80/a?b", "/a", "b" },
        { "HTTP://H:80", "/", "" },
        { "https://h:80?b", "/", "b" },
    };
    OWNED(arena) Arena *arena = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Str path = STR_NONE, query = STR_NONE;
        Err err = target_read(arena, str_from(cases[i].target), STR("h:80"), &path, &query);
        if (err.kind || !str_eq(path, str_from(cases[i].path)) || !str_eq(query, str_from(cases[i].query)))
            fail_msg("%s: %s, path %.*s, query %.*s", cases[i].target, err.context, STR_FMT(path), STR_FMT(query));
    }
}

static void what_could_mean_two_paths_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        ErrCode     code;
    } cases[] = {
        { "*", ECODE_HTTP_UNSUPPORTED },       { "a", ECODE_HTTP_TARGET },
        { "/a/..", ECODE_HTTP_TARGET },        { "/..", ECODE_HTTP_TARGET },
        { "/./", ECODE_HTTP_TARGET },          { "/%2E/a", ECODE_HTTP_TARGET },
        { "/a%2fb", ECODE_HTTP_TARGET },       { "/a%5Cb", ECODE_HTTP_TARGET },
        { "/a\\b", ECODE_HTTP_TARGET },        { "/a?b\\c", ECODE_HTTP_TARGET },
        { "/%00", ECODE_HTTP_TARGET },         { "/%7f", ECODE_HTTP_TARGET },
        { "/%0d%0a", ECODE_HTTP_TARGET },      { "/%c0%af", ECODE_HTTP_TARGET },
        { "/%e4%b8", ECODE_HTTP_TARGET },      { "/%", ECODE_HTTP_TARGET },
        { "/%a", ECODE_HTTP_TARGET },          { "/%zz", ECODE_HTTP_TARGET },
        { "/a?%", ECODE_HTTP_TARGET },         { "/a?b=%00", ECODE_HTTP_TARGET },
        { "/a?%ff", ECODE_HTTP_TARGET },       { "/a#b", ECODE_HTTP_TARGET },
        { "ftp://h:80/", ECODE_HTTP_TARGET },  { "http:/a", ECODE_HTTP_TARGET },
        { "h:80", ECODE_HTTP_TARGET },         { "http://h/", ECODE_HTTP_MALFORMED },
        { "http:///a", ECODE_HTTP_MALFORMED }, { "http://h:80@x/", ECODE_HTTP_MALFORMED },
    };
    OWNED(arena) Arena *arena = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Str path, query;
        Err err = target_read(arena, str_from(cases[i].target), STR("h:80"), &path, &query);
        if (err.kind == ERR_NONE || err.code != cases[i].code)
            fail_msg("%s: %s", cases[i].target, err.context);
    }
}

static void forms_are_read_pair_by_pair(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pairs; /* "name=value;" each */
    } cases[] = {
        { "", "" },
        { "a=b", "a=b;" },
        { "a=b&c=d", "a=b;c=d;" },
        { "a", "a=;" },
        { "a=", "a=;" },
        { "=b", "=b;" },
        { "&&a=b&&&c=d&", "a=b;c=d;" },
        { "a=b=c", "a=b=c;" },
        { "a+b=c%2Bd+e", "a b=c+d e;" },
        { "a=1&a=2", "a=1;a=2;" },
        { "%E5%90%8D=%e4%B8%8a", "名=上;" },
        { "a=line%0D%0Aline", "a=line\r\nline;" },
        { "a%26b=c%3Dd", "a&b=c=d;" },
    };
    OWNED(arena) Arena *arena = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Str  name, value, all = STR("");
        Form form = form_open(arena, str_from(cases[i].text));
        while (form_next(&form, &name, &value))
            all = str_printf(arena, "%.*s%.*s=%.*s;", STR_FMT(all), STR_FMT(name), STR_FMT(value));
        assert_false(form.bad);
        assert_string_equal(str_dup_z(arena, all), cases[i].pairs);
    }
}

static void bad_forms_end_at_the_bad_pair(void **state)
{
    (void)state;
    static const Str    bad[] = { STR_INIT("a=%"),    STR_INIT("a=%2"),     STR_INIT("a=%2x"),
                                  STR_INIT("a=%00"),  STR_INIT("%00=a"),    STR_INIT("a=\0"),
                                  STR_INIT("a=\xff"), STR_INIT("a=%C0%80"), STR_INIT("a%=b") };
    OWNED(arena) Arena *arena = arena_new();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        Str  name, value;
        Form form = form_open(arena, str_printf(arena, "x=y&%.*s&z=0", STR_FMT(bad[i])));
        if (memchr(bad[i].ptr, '\0', bad[i].len))
            form = form_open(arena, bad[i]);
        else
            assert_true(form_next(&form, &name, &value));
        assert_false(form_next(&form, &name, &value));
        assert_true(form.bad);
        assert_false(form_next(&form, &name, &value));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_taken_apart_and_decoded_once),
        cmocka_unit_test(what_could_mean_two_paths_is_refused),
        cmocka_unit_test(forms_are_read_pair_by_pair),
        cmocka_unit_test(bad_forms_end_at_the_bad_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
