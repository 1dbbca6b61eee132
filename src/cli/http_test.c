/* The client's half of HTTP: requests as bytes, heads of answers, and exchanges over a pair of sockets. */
#include "cli/http.h"

#include "base/testing.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static void a_request_says_who_asks_and_how_long_it_is(void **state)
{
    Str        bytes;
    AppRequest request = { .method = METHOD_POST,
                           .target = STR("/api/v1/records/result"),
                           .as = STR("ada"),
                           .body = STR("{}"),
                           .if_match = STR("\"3\""),
                           .lang = LANG_EN };
    assert_ok(http_request(*state, &request, &bytes));
    assert_str_equal(bytes, STR("POST /api/v1/records/result HTTP/1.1\r\nHost: localhost\r\nAccept-Language: en\r\n"
                                "Firstmile-As: ada\r\nIf-Match: \"3\"\r\nContent-Type: application/json\r\n"
                                "Content-Length: 2\r\n\r\n{}"));
}

static void nothing_that_is_given_begins_a_line_of_its_own(void **state)
{
    Str        bytes;
    AppRequest request = { .method = METHOD_GET, .target = STR("/"), .as = STR("a\r\nX: y") };
    assert_err(http_request(*state, &request, &bytes), ECODE_INTERNAL);
    request = (AppRequest){ .method = METHOD_GET, .target = STR("/ HTTP/1.1\r\nX: y") };
    assert_err(http_request(*state, &request, &bytes), ECODE_INTERNAL);
}

static void a_head_is_read_when_it_is_whole(void **state)
{
    Str      text = STR("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\ncontent-length: 12\r\n"
                             "Connection: close\r\n\r\n{}");
    HttpHead head;
    bool     whole;
    for (size_t length = 0; length < text.len - 2; length++) {
        assert_ok(http_head(*state, str_slice(text, 0, length), &head, &whole));
        assert_false(whole);
    }
    assert_ok(http_head(*state, text, &head, &whole));
    assert_true(whole);
    assert_int_equal(head.reply.status, 201);
    assert_int_equal(head.body_len, 12);
    assert_int_equal(head.head_len, text.len - 2);
    assert_int_equal(head.reply.header_count, 3);
    assert_str_equal(head.reply.headers[0].value, STR("application/json"));
    assert_true(head.closes);
}

static void heads_that_are_not_ours_are_refused(void **state)
{
    static const char *const cases[] = {
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 700 Odd\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: 1\r\n\r\n",
    };
    HttpHead head;
    bool     whole;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_err(http_head(*state, str_from(cases[i]), &head, &whole), ECODE_INTERNAL);
}

static void an_endless_head_is_refused(void **state)
{
    HttpHead head;
    bool     whole;
    char    *text = arena_alloc(*state, HTTP_HEAD_MAX);
    memset(text, 'a', HTTP_HEAD_MAX);
    assert_err(http_head(*state, (Str){ text, HTTP_HEAD_MAX }, &head, &whole), ECODE_INTERNAL);
}

/* ---- over sockets ---- */

typedef struct Peer { /* answers what it is told to, a byte at a time, then hangs up */
    int         fd;
    const char *answer;
    bool        stays; /* and does not hang up */
} Peer;

static void *peer_run(void *context)
{
    const Peer *peer = context;
    char        request[4096];
    if (recv(peer->fd, request, sizeof request, 0) > 0)
        for (const char *at = peer->answer; *at; at++)
            if (send(peer->fd, at, 1, MSG_NOSIGNAL) != 1)
                break;
    if (!peer->stays)
        close(peer->fd);
    return NULL;
}

static Err exchange_into(Arena *arena, Peer *peer, const AppSink *sink, AppReply *reply, bool *closes)
{
    int       fds[2];
    pthread_t thread;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    peer->fd = fds[1];
    struct timeval time = { .tv_usec = 300000 };
    setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    assert_int_equal(pthread_create(&thread, NULL, peer_run, peer), 0);
    AppRequest request = { .method = METHOD_GET, .target = STR("/"), .sink = sink };
    Err        err = http_exchange(fds[0], arena, &request, reply, closes);
    pthread_join(thread, NULL);
    close(fds[0]);
    if (peer->stays)
        close(peer->fd);
    return err;
}

static Err exchange(Arena *arena, Peer *peer, AppReply *reply, bool *closes)
{
    return exchange_into(arena, peer, NULL, reply, closes);
}

static void an_answer_in_pieces_is_put_together(void **state)
{
    Peer     peer = { .answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" };
    AppReply reply;
    bool     closes;
    assert_ok(exchange(*state, &peer, &reply, &closes));
    assert_str_equal(reply.body, STR("hello"));
    assert_false(closes);
}

static void an_answer_without_body_needs_none(void **state)
{
    Peer     peer = { .answer = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n" };
    AppReply reply;
    bool     closes;
    assert_ok(exchange(*state, &peer, &reply, &closes));
    assert_int_equal(reply.status, 204);
    assert_int_equal(reply.body.len, 0);
    assert_true(closes);
}

/* ---- chunks ---- */

#define CHUNKED_HEAD "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static Err add_to(void *buf, Str piece)
{
    buf_add(buf, piece);
    return ERR_OK;
}

static Err refuse(void *context, Str piece)
{
    (void)context, (void)piece;
    return err_make(ECODE_STORE_FULL, "test");
}

static Err chunks(Arena *arena, const char *answer, Str *out)
{
    Buf      buf = buf_new(arena, SIZE_MAX);
    AppSink  sink = { .take = add_to, .context = &buf };
    Peer     peer = { .answer = answer };
    AppReply reply;
    bool     closes;
    Err      err = exchange_into(arena, &peer, &sink, &reply, &closes);
    *out = buf_str(&buf);
    return err;
}

static void chunks_go_to_the_sink(void **state)
{
    Str body;
    assert_ok(chunks(*state, CHUNKED_HEAD "5\r\nhello\r\n0\r\n\r\n", &body));
    assert_str_equal(body, STR("hello"));
    assert_ok(chunks(*state, CHUNKED_HEAD "1\r\na\r\n00000002\r\nbc\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n",
                     &body));
    assert_str_equal(body, STR("abcabcdefghijklmnopqrstuvwxyz"));
    assert_ok(chunks(*state, CHUNKED_HEAD "0\r\n\r\n", &body));
    assert_str_equal(body, STR(""));
}

static void half_of_the_chunks_is_not_the_whole(void **state)
{
    static const char whole[] = CHUNKED_HEAD "5\r\nhello\r\n0\r\n\r\n";
    Str               body;
    for (size_t length = sizeof CHUNKED_HEAD - 1; length < sizeof whole - 1; length++)
        assert_err(chunks(*state, str_dup_z(*state, (Str){ whole, length }), &body), ECODE_SHUTTING_DOWN);
}

static void chunks_that_are_not_ours_are_refused(void **state)
{
    static const char *const cases[] = {
        CHUNKED_HEAD "\r\n",
        CHUNKED_HEAD "G\r\n",
        CHUNKED_HEAD "5;a=b\r\nhello\r\n0\r\n\r\n",
        CHUNKED_HEAD "+5\r\nhello\r\n0\r\n\r\n",
        CHUNKED_HEAD "000000005\r\nhello\r\n0\r\n\r\n",
        CHUNKED_HEAD "ffffffffff",
        CHUNKED_HEAD "4\r\nhello\r\n0\r\n\r\n",
        CHUNKED_HEAD "5\r\nhello0\r\n\r\n",
        CHUNKED_HEAD "0\r\nX: a\r\n\r\n",
    };
    Str body;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_err(chunks(*state, cases[i], &body), ECODE_INTERNAL);
}

static void a_sink_may_end_it(void **state)
{
    const AppSink sink = { .take = refuse };
    Peer          peer = { .answer = CHUNKED_HEAD "5\r\nhello\r\n" };
    AppReply      reply;
    bool          closes;
    assert_err(exchange_into(*state, &peer, &sink, &reply, &closes), ECODE_STORE_FULL);
    assert_err(exchange(*state, &peer, &reply, &closes), ECODE_INTERNAL); /* chunks, and nobody who takes them */
}

static void a_cut_connection_and_silence_mean_try_again(void **state)
{
    AppReply reply;
    bool     closes;
    Peer     cut = { .answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel" };
    assert_err(exchange(*state, &cut, &reply, &closes), ECODE_SHUTTING_DOWN);
    Peer silent = { .answer = "", .stays = true };
    assert_err(exchange(*state, &silent, &reply, &closes), ECODE_CITY_LOCKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_says_who_asks_and_how_long_it_is),
        TEST(nothing_that_is_given_begins_a_line_of_its_own),
        TEST(a_head_is_read_when_it_is_whole),
        TEST(heads_that_are_not_ours_are_refused),
        TEST(an_endless_head_is_refused),
        TEST(an_answer_in_pieces_is_put_together),
        TEST(an_answer_without_body_needs_none),
        TEST(chunks_go_to_the_sink),
        TEST(half_of_the_chunks_is_not_the_whole),
        TEST(chunks_that_are_not_ours_are_refused),
        TEST(a_sink_may_end_it),
        TEST(a_cut_connection_and_silence_mean_try_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
