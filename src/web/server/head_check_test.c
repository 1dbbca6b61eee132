#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "web/server/read_all.h"
#include "web/server/reject_cases.h"

static Head read_one(Str bytes)
{
    size_t scanned = 0, length = 0;
    Head   head;
    Reader reader;
    assert_int_equal(head_scan(bytes, &scanned, &length).kind, ERR_NONE);
    assert_int_equal(length, bytes.len);
    Err err = reader_head(&reader, bytes, &head);
    if (err.kind)
        fail_msg("%.*s: %s", STR_FMT(bytes), err.context);
    return head;
}

static void what_two_servers_might_read_differently_is_refused(void **state)
{
    (void)state;
    OWNED(arena) Arena *arena = arena_new();
    for (size_t i = 0; i < REJECT_CASES; i++) {
        ReadAll all = read_all(arena, reject_cases[i].bytes, reject_cases[i].bytes.len);
        if (err_http(all.err.kind) != reject_cases[i].status)
            fail_msg("%s: %d %s", reject_cases[i].name, err_http(all.err.kind), all.err.context);
    }
}

static void a_refusal_does_not_depend_on_how_the_bytes_are_cut(void **state)
{
    (void)state;
    OWNED(arena) Arena *arena = arena_new();
    for (size_t i = 0; i < REJECT_CASES; i++)
        for (size_t step = 1; step <= 7; step++)
            if (err_http(read_all(arena, reject_cases[i].bytes, step).err.kind) != reject_cases[i].status)
                fail_msg("%s, %zu bytes at a time", reject_cases[i].name, step);
}

static void a_plain_head_is_read(void **state)
{
    (void)state;
    Head head = read_one(
        STR("PATCH /a?b HTTP/1.1\r\nHost: a.example:80\r\nX-Y:  v w \t\r\nContent-Length: 12\r\n\r\n"));
    assert_int_equal(head.method, METHOD_PATCH);
    assert_true(str_eq(head.target, STR("/a?b")));
    assert_true(str_eq(head.host, STR("a.example:80")));
    assert_int_equal(head.minor, 1);
    assert_int_equal(head.header_count, 3);
    assert_true(str_eq(head.headers[1].name, STR("X-Y")));
    assert_true(str_eq(head.headers[1].value, STR("v w")));
    assert_int_equal(head.content_length, 12);
    assert_true(head.keep_alive && !head.chunked && !head.expects_continue);
}

static void each_method_is_known_by_its_name(void **state)
{
    (void)state;
    OWNED(arena) Arena *arena = arena_new();
    for (Method method = METHOD_GET; method < METHOD_COUNT; method++) {
        Str line = str_printf(arena, "%.*s / HTTP/1.1\r\nHost: a\r\n\r\n", STR_FMT(method_name(method)));
        assert_int_equal(read_one(line).method, method);
    }
}

static void keeping_alive_follows_version_and_connection(void **state)
{
    (void)state;
    static const struct {
        const char *version, *connection;
        bool        keep_alive;
    } cases[] = {
        { "1.1", "", true },
        { "1.1", "Connection: close\r\n", false },
        { "1.1", "Connection: X, Close\r\n", false },
        { "1.1", "Connection: keep-alive\r\nConnection: close\r\n", false },
        { "1.1", "Connection: upgrade\r\nUpgrade: websocket\r\n", true },
        { "1.0", "", false },
        { "1.0", "Connection: Keep-Alive\r\n", true },
        { "1.0", "Connection: keep-alive, close\r\n", false },
    };
    OWNED(arena) Arena *arena = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Str bytes = str_printf(arena, "GET / HTTP/%s\r\nHost: a\r\n%s\r\n", cases[i].version, cases[i].connection);
        if (read_one(bytes).keep_alive != cases[i].keep_alive)
            fail_msg("HTTP/%s %s", cases[i].version, cases[i].connection);
    }
}

static void hosts_are_names_and_addresses_with_ports(void **state)
{
    (void)state;
    static const char *const good[] = { "a",           "127.0.0.1:8080", "[::1]", "[2001:db8::1]:80",
                                        "a_b.example", "a.b-c.example:1" };
    OWNED(arena) Arena      *arena = arena_new();
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        Head head = read_one(str_printf(arena, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", good[i]));
        assert_true(str_eq(head.host, str_from(good[i])));
    }
    assert_null(read_one(STR("GET / HTTP/1.0\r\n\r\n")).host.ptr);
}

static void one_empty_line_may_come_first(void **state)
{
    (void)state;
    assert_int_equal(read_one(STR("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")).method, METHOD_GET);
}

static void headers_may_be_utf8(void **state)
{
    (void)state;
    Head head = read_one(STR("GET / HTTP/1.1\r\nHost: a\r\nX: 上海\r\n\r\n"));
    assert_true(str_eq(head.headers[1].value, STR("上海")));
}

/* A request line of line bytes, then count headers, of which the last makes all headers
 * total bytes (0: as they come). */
static Str sized_head(Arena *arena, size_t line, size_t count, size_t total)
{
    Buf buf = buf_new(arena, 1 << 20);
    Str ends = STR("GET / HTTP/1.1");
    buf_add(&buf, STR("GET /"));
    for (size_t i = ends.len; i < line; i++)
        buf_char(&buf, 'a');
    buf_add(&buf, STR(" HTTP/1.1\r\n"));
    size_t start = buf.len;
    buf_add(&buf, STR("Host: a\r\n"));
    for (size_t i = 1; i + 1 < count; i++)
        buf_printf(&buf, "X%zu: b\r\n", i);
    buf_add(&buf, STR("X: "));
    while (buf.len - start + 4 < total)
        buf_char(&buf, 'c');
    buf_add(&buf, STR("\r\n\r\n"));
    return buf_str(&buf);
}

static ErrKind kind_of(Arena *arena, Str bytes)
{
    ErrKind whole = read_all(arena, bytes, bytes.len).err.kind;
    assert_int_equal(read_all(arena, bytes, 999).err.kind, whole);
    return whole;
}

static void heads_have_limits(void **state)
{
    (void)state;
    OWNED(arena) Arena *arena = arena_new();
    assert_int_equal(kind_of(arena, sized_head(arena, LIMIT_REQUEST_LINE, 2, 0)), ERR_NONE);
    assert_int_equal(kind_of(arena, sized_head(arena, LIMIT_REQUEST_LINE + 1, 2, 0)), ERR_MALFORMED);
    assert_int_equal(kind_of(arena, sized_head(arena, 100000, 2, 0)), ERR_MALFORMED);
    assert_int_equal(kind_of(arena, sized_head(arena, 0, LIMIT_HEADER_COUNT, 0)), ERR_NONE);
    assert_int_equal(kind_of(arena, sized_head(arena, 0, LIMIT_HEADER_COUNT + 1, 0)), ERR_HEADERS);
    assert_int_equal(kind_of(arena, sized_head(arena, 0, 2, LIMIT_HEADER_BYTES)), ERR_NONE);
    assert_int_equal(kind_of(arena, sized_head(arena, 0, 2, LIMIT_HEADER_BYTES + 1)), ERR_HEADERS);
    assert_int_equal(kind_of(arena, sized_head(arena, 0, 2, 100000)), ERR_HEADERS);
    assert_int_equal(kind_of(arena, sized_head(arena, LIMIT_REQUEST_LINE, 2, LIMIT_HEADER_BYTES)), ERR_NONE);
}

static Str padded_body(Arena *arena, const char *before, size_t padding, const char *after)
{
    Buf buf = buf_new(arena, 1 << 20);
    buf_add(&buf, STR(CHUNKED));
    buf_add(&buf, str_from(before));
    for (size_t i = 0; i < padding; i++)
        buf_char(&buf, 'p');
    buf_add(&buf, str_from(after));
    return buf_str(&buf);
}

static void chunk_lines_and_trailers_have_limits(void **state)
{
    (void)state;
    OWNED(arena) Arena *arena = arena_new();
    enum { LINE = LIMIT_CHUNK_LINE - 4 /* "1;", CR, LF */, TRAILERS = LIMIT_TRAILER_BYTES - 6 /* "X:", twice CRLF */ };
    assert_int_equal(kind_of(arena, padded_body(arena, "1;", LINE, "\r\nZ\r\n0\r\n\r\n")), ERR_NONE);
    assert_int_equal(kind_of(arena, padded_body(arena, "1;", LINE + 1, "\r\nZ\r\n0\r\n\r\n")), ERR_MALFORMED);
    assert_int_equal(kind_of(arena, padded_body(arena, "0\r\nX:", TRAILERS, "\r\n\r\n")), ERR_NONE);
    assert_int_equal(kind_of(arena, padded_body(arena, "0\r\nX:", TRAILERS + 1, "\r\n\r\n")), ERR_HEADERS);
}

static void requests_follow_each_other(void **state)
{
    (void)state;
    static const Str    stream = STR_INIT(CHUNKED "5\r\nhello\r\n1;name=value\r\n!\r\n0\r\nX: trailer\r\n\r\n"
                                                     "POST /b?c=d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                                                     "\r\n" GET_HEAD "\r\n"
                                                     "PUT /e HTTP/1.1\r\nHost: a\r\ntransfer-encoding: Chunked\r\n\r\n"
                                                     "0000000A\r\n0123456789\r\n00\r\n\r\n");
    OWNED(arena) Arena *arena = arena_new();
    for (size_t step = 1; step <= stream.len; step++) {
        ReadAll all = read_all(arena, stream, step);
        assert_int_equal(all.err.kind, ERR_NONE);
        assert_int_equal(all.used, stream.len);
        assert_true(str_eq(buf_str(&all.text), STR("\n/  hello!\n/b c=d abc\n/  \n/e  0123456789")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_two_servers_might_read_differently_is_refused),
        cmocka_unit_test(a_refusal_does_not_depend_on_how_the_bytes_are_cut),
        cmocka_unit_test(a_plain_head_is_read),
        cmocka_unit_test(each_method_is_known_by_its_name),
        cmocka_unit_test(keeping_alive_follows_version_and_connection),
        cmocka_unit_test(hosts_are_names_and_addresses_with_ports),
        cmocka_unit_test(one_empty_line_may_come_first),
        cmocka_unit_test(headers_may_be_utf8),
        cmocka_unit_test(heads_have_limits),
        cmocka_unit_test(chunk_lines_and_trailers_have_limits),
        cmocka_unit_test(requests_follow_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
