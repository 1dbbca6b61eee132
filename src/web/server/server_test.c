/* Drives a server in this process over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "web/server/reject_cases.h"
#include "web/server/server.h"

enum {
    LOOPS = 2,
    WORKERS_MAX = 600,
    ANSWER_MAX = 12 * 1024 * 1024,
    LARGE_BYTES = 8 * 1024 * 1024,
    PATIENCE_MS = 20000, /* for what must happen; a sanitizer on a busy machine is slow */
    QUIET_MS = 150,      /* for what must not */
};

#define WHOLE_GET GET_HEAD "\r\n"

/* ---- the application under the server ---- */

typedef struct Worker { /* a thread that answers one request */
    pthread_t     thread;
    struct World *world;
    Exchange     *exchange;
} Worker;

typedef struct World { /* a server, its thread, and what its application needs */
    Arena          *arena;
    ServerLimits    limits;
    ServerConfig    config;
    Server         *server;
    pthread_t       thread;
    sem_t           ready;
    Str             address;
    unsigned short  port;
    Err             ended;
    char           *large;
    unsigned        loop_marks[LOOPS];
    atomic_uint     loops_closed, answered_gone, refused, handled;
    atomic_uint     pieces_made, producers_ended;
    atomic_uint     sunk, sinks_begun, sinks_ended; /* bytes that sinks took, and the sinks */
    sem_t           held, released;                 /* a request to /hold has come; it may be answered */
    pthread_mutex_t lock;
    Worker          workers[WORKERS_MAX];
    size_t          worker_count;
    bool            stopped;
} World;

static void say(Exchange *exchange, Str text) { exchange_reply(exchange, 200, NULL, 0, text); }

static void say_echo(Exchange *exchange, World *world)
{
    (void)world;
    Str query = exchange_query(exchange), path = exchange_path(exchange), body = exchange_body(exchange);
    Str method = method_name(exchange_method(exchange));
    say(exchange, str_printf(exchange_arena(exchange), "%.*s %.*s %.*s %.*s", STR_FMT(method), STR_FMT(path),
                             STR_FMT(query), STR_FMT(body)));
}

static void say_peer(Exchange *exchange, World *world)
{
    (void)world;
    Str peer = exchange_peer(exchange);
    say(exchange, str_printf(exchange_arena(exchange), "%.*s %s %s", STR_FMT(peer),
                             exchange_secure(exchange) ? "secure" : "plain",
                             exchange_from_unix_socket(exchange) ? "unix" : "tcp"));
}

static void say_loop(Exchange *exchange, World *world)
{
    const unsigned *mark = exchange_loop_state(exchange);
    say(exchange, str_printf(exchange_arena(exchange), "%d", (int)(mark - world->loop_marks)));
}

static void say_large(Exchange *exchange, World *world) { say(exchange, (Str){ world->large, LARGE_BYTES }); }

static void say_split(Exchange *exchange, World *world)
{
    (void)world;
    const Header header = { STR("Location"), STR("/a\r\nX-Evil: 1") };
    exchange_reply(exchange, 303, &header, 1, STR(""));
}

enum { PIECE_BYTES = 60000, ENDLESS = 1000000 };

typedef struct Feed { /* a body in pieces: the first letter of the alphabet so often, then the second … */
    World *world;
    Arena *arena;
    int    made, count;
    bool   fails; /* instead of an end */
} Feed;

static Err feed_next(void *context, Str *out)
{
    Feed *feed = context;
    if (feed->made == feed->count)
        return feed->fails ? err_make(ECODE_STORE_SLOW, "test") : ERR_OK;
    arena_reset(feed->arena);
    char *piece = arena_alloc(feed->arena, PIECE_BYTES);
    memset(piece, 'a' + feed->made++ % 26, PIECE_BYTES);
    atomic_fetch_add(&feed->world->pieces_made, 1);
    *out = (Str){ piece, PIECE_BYTES };
    return ERR_OK;
}

static void feed_end(void *context)
{
    Feed *feed = context;
    arena_free(feed->arena);
    atomic_fetch_add(&feed->world->producers_ended, 1);
}

static void feed(Exchange *exchange, World *world, int count, bool fails)
{
    Feed *made = ARENA_NEW(exchange_arena(exchange), Feed);
    *made = (Feed){ .world = world, .arena = arena_new(), .count = count, .fails = fails };
    const Header   type = { STR("Content-Type"), STR("text/csv") };
    const Producer producer = { .next = feed_next, .end = feed_end, .context = made, .arena = made->arena };
    exchange_stream(exchange, 200, &type, 1, &producer);
}

/* "/pieces?3": three of them. */
static void say_pieces(Exchange *exchange, World *world)
{
    int64_t count = 0;
    assert_true(str_int(exchange_query(exchange), &count));
    feed(exchange, world, (int)count, false);
}

static void say_half(Exchange *exchange, World *world) { feed(exchange, world, 2, true); }
static void say_endless(Exchange *exchange, World *world) { feed(exchange, world, ENDLESS, false); }

static void say_pieces_split(Exchange *exchange, World *world)
{
    const Header   header = { STR("Content-Disposition"), STR("x\r\nX-Evil: 1") };
    Feed          *made = ARENA_NEW(exchange_arena(exchange), Feed);
    const Producer producer = { .next = feed_next, .end = feed_end, .context = made };
    *made = (Feed){ .world = world, .arena = arena_new() };
    exchange_stream(exchange, 200, &header, 1, &producer);
}

static void pieces_when_gone(Exchange *exchange, void *world)
{
    if (exchange_client_gone(exchange))
        say_endless(exchange, world);
    else
        exchange_post(exchange, pieces_when_gone, world);
}

static void say_pieces_when_gone(Exchange *exchange, World *world)
{
    sem_post(&world->held);
    exchange_post(exchange, pieces_when_gone, world);
}

static void say_nothing(Exchange *exchange, World *world)
{
    (void)world;
    exchange_reply(exchange, 204, NULL, 0, STR_NONE);
}

static void answer_posted(Exchange *exchange, void *arg)
{
    (void)arg;
    say(exchange, str_printf(exchange_arena(exchange), "later %.*s", STR_FMT(exchange_query(exchange))));
}

static void answer_when_gone(Exchange *exchange, void *arg)
{
    World *world = arg;
    if (!exchange_client_gone(exchange)) {
        exchange_post(exchange, answer_when_gone, world);
        return;
    }
    atomic_fetch_add(&world->answered_gone, 1);
    say(exchange, STR("nobody hears this"));
}

static void say_when_gone(Exchange *exchange, World *world)
{
    sem_post(&world->held);
    exchange_post(exchange, answer_when_gone, world);
}

static void *work_later(void *arg)
{
    Worker *worker = arg;
    exchange_post(worker->exchange, answer_posted, worker->world);
    return NULL;
}

static void *work_held(void *arg)
{
    Worker *worker = arg;
    sem_post(&worker->world->held);
    sem_wait(&worker->world->released);
    exchange_post(worker->exchange, answer_posted, worker->world);
    return NULL;
}

static void start_worker(Exchange *exchange, World *world, void *(*work)(void *))
{
    pthread_mutex_lock(&world->lock);
    Worker *worker = &world->workers[world->worker_count++];
    pthread_mutex_unlock(&world->lock);
    worker->world = world;
    worker->exchange = exchange;
    pthread_create(&worker->thread, NULL, work, worker);
}

static void say_later(Exchange *exchange, World *world) { start_worker(exchange, world, work_later); }
static void say_when_released(Exchange *exchange, World *world) { start_worker(exchange, world, work_held); }

static void handle(Exchange *exchange, void *context)
{
    static const struct {
        Str path;
        void (*answer)(Exchange *exchange, World *world);
    } routes[] = {
        { STR_INIT("/later"), say_later },
        { STR_INIT("/hold"), say_when_released },
        { STR_INIT("/peer"), say_peer },
        { STR_INIT("/loop"), say_loop },
        { STR_INIT("/large"), say_large },
        { STR_INIT("/split"), say_split },
        { STR_INIT("/nothing"), say_nothing },
        { STR_INIT("/gone"), say_when_gone },
        { STR_INIT("/pieces"), say_pieces },
        { STR_INIT("/half"), say_half },
        { STR_INIT("/endless"), say_endless },
        { STR_INIT("/pieces-split"), say_pieces_split },
        { STR_INIT("/pieces-gone"), say_pieces_when_gone },
    };
    World *world = context;
    atomic_fetch_add(&world->handled, 1);
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (str_eq(exchange_path(exchange), routes[i].path)) {
            routes[i].answer(exchange, world);
            return;
        }
    say_echo(exchange, world);
}

static void refuse_in_json(Exchange *exchange, Err err, void *context)
{
    static const Header type = { STR_INIT("Content-Type"), STR_INIT("application/problem+json") };
    atomic_fetch_add(&((World *)context)->refused, 1);
    exchange_reply(exchange, err_http(err.kind), &type, 1, err_row(err.code)->code);
}

static size_t more_for_imports(const Exchange *head, void *context)
{
    (void)context;
    return str_eq(exchange_path(head), STR("/import")) ? LIMIT_BULK_BODY_BYTES : 100;
}

static Err mark_loop(void *context, unsigned index, void **out_state)
{
    *out_state = &((World *)context)->loop_marks[index];
    return ERR_OK;
}

static Err fail_second_loop(void *context, unsigned index, void **out_state)
{
    return index == 1 ? err_make(ECODE_STORE_CORRUPT, "test") : mark_loop(context, index, out_state);
}

static void unmark_loop(void *context, void *state)
{
    assert_non_null(state);
    atomic_fetch_add(&((World *)context)->loops_closed, 1);
}

static void on_ready(void *context, Str address)
{
    World  *world = context;
    int64_t port = 0;
    size_t  colon = address.len;
    world->address = str_dup(world->arena, address);
    while (colon && address.ptr[colon - 1] != ':')
        colon--;
    str_int(str_slice(address, colon, address.len), &port);
    world->port = (unsigned short)port;
    sem_post(&world->ready);
}

/* ---- starting and stopping it ---- */

static World *world_new(void)
{
    World *world = mem_alloc(sizeof *world);
    world->arena = arena_new();
    world->limits = server_limits();
    world->config = (ServerConfig){ .listen = STR("127.0.0.1:0"),
                                    .loops = LOOPS,
                                    .limits = &world->limits,
                                    .env = env_system(),
                                    .context = world,
                                    .handle = handle,
                                    .loop_open = mark_loop,
                                    .loop_close = unmark_loop,
                                    .ready = on_ready };
    world->large = mem_alloc(LARGE_BYTES);
    memset(world->large, 'x', LARGE_BYTES);
    sem_init(&world->ready, 0, 0);
    sem_init(&world->held, 0, 0);
    sem_init(&world->released, 0, 0);
    pthread_mutex_init(&world->lock, NULL);
    return world;
}

static void *run_server(void *arg)
{
    World *world = arg;
    world->ended = server_run(world->server);
    sem_post(&world->ready);
    return NULL;
}

static void world_start(World *world)
{
    world->server = server_new(&world->config);
    pthread_create(&world->thread, NULL, run_server, world);
    sem_wait(&world->ready);
    if (world->address.len == 0) {
        pthread_join(world->thread, NULL);
        fail_msg("the server did not start: %s", world->ended.context);
    }
}

static void world_stop(World *world)
{
    server_stop(world->server);
    pthread_join(world->thread, NULL);
    world->stopped = true;
    assert_int_equal(world->ended.kind, ERR_NONE);
    assert_int_equal(world->loops_closed, world->config.loops);
}

static void world_free(World *world)
{
    if (world->server && !world->stopped)
        world_stop(world);
    for (size_t i = 0; i < world->worker_count; i++)
        pthread_join(world->workers[i].thread, NULL);
    server_free(world->server);
    sem_destroy(&world->ready);
    sem_destroy(&world->held);
    sem_destroy(&world->released);
    pthread_mutex_destroy(&world->lock);
    arena_free(world->arena);
    free(world->large);
    free(world);
}

/* ---- a client ---- */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_ms(int ms) { poll(NULL, 0, ms); }

static int connect_tcp(const World *world)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(world->port) };
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static bool send_all(int fd, Str bytes)
{
    while (bytes.len) {
        ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes = str_slice(bytes, (size_t)sent, bytes.len);
    }
    return true;
}

/* Reads until `wanted` bytes are there (0: the end), or the time is over; returns how many.
 * *closed: the server ended. */
static size_t read_some(int fd, char *room, size_t have, size_t wanted, int patience_ms, bool *closed)
{
    int64_t until = now_ms() + patience_ms;
    *closed = false;
    while (!wanted || have < wanted) {
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        int64_t       left = until - now_ms();
        if (left <= 0 || poll(&wait, 1, (int)left) <= 0)
            break;
        ssize_t length = recv(fd, room + have, wanted ? wanted - have : ANSWER_MAX - have, 0);
        if (length <= 0) {
            *closed = true;
            break;
        }
        have += (size_t)length;
    }
    return have;
}

typedef struct Answer {
    int  status; /* 0: none came */
    Str  head, body;
    bool closed; /* instead of an answer, or of its end */
} Answer;

static Str header_of(Answer answer, Str name)
{
    for (Str rest = answer.head; rest.len;) {
        Str line = str_cut(&rest, '\n');
        Str field = str_cut(&line, ':');
        if (str_eq_ascii_fold(field, name))
            return str_trim(line);
    }
    return STR_NONE;
}

/* One answer and not a byte more. bodiless: to HEAD. */
static Answer read_answer_of(Arena *arena, int fd, bool bodiless, int patience_ms)
{
    Answer answer = { 0 };
    char  *head = arena_alloc(arena, 4096);
    size_t length = 0;
    while (length < 4096 && !str_ends((Str){ head, length }, STR("\r\n\r\n")) && !answer.closed) {
        size_t before = length;
        length = read_some(fd, head, length, length + 1, patience_ms, &answer.closed);
        if (length == before)
            return answer;
    }
    int64_t status = 0, body_length = 0;
    answer.head = (Str){ head, length };
    str_int(str_slice(answer.head, 9, 12), &status);
    answer.status = (int)status;
    str_int(header_of(answer, STR("Content-Length")), &body_length);
    if (bodiless || body_length == 0)
        return answer;
    char *body = arena_alloc(arena, (size_t)body_length);
    answer.body = (Str){ body, read_some(fd, body, 0, (size_t)body_length, patience_ms, &answer.closed) };
    return answer;
}

static Answer read_answer(Arena *arena, int fd) { return read_answer_of(arena, fd, false, PATIENCE_MS); }

static bool closes(int fd, int patience_ms)
{
    bool closed;
    char rest[16];
    assert_int_equal(read_some(fd, rest, 0, 1, patience_ms, &closed), 0);
    return closed;
}

static Answer ask_on(World *world, int fd, Str request)
{
    send_all(fd, request); /* may fail when the server has answered and closed already */
    return read_answer(world->arena, fd);
}

static Answer ask(World *world, Str request)
{
    int    fd = connect_tcp(world);
    Answer answer = ask_on(world, fd, request);
    close(fd);
    return answer;
}

static void assert_str(Str found, const char *expected)
{
    if (!str_eq(found, str_from(expected)))
        fail_msg("expected \"%s\", found \"%.*s\"", expected, STR_FMT(found));
}

static int start(void **state)
{
    World *world = world_new();
    world_start(world);
    *state = world;
    return 0;
}

static int prepare(void **state) /* the test sets limits and starts it */
{
    *state = world_new();
    return 0;
}

static int stop(void **state)
{
    world_free(*state);
    return 0;
}

/* ---- answers ---- */

static void an_answer_carries_the_headers_of_the_server(void **state)
{
    World *world = *state;
    Answer answer = ask(world, STR(WHOLE_GET));
    assert_int_equal(answer.status, 200);
    assert_str(answer.body, "GET /  ");
    assert_true(str_starts(answer.head, STR("HTTP/1.1 200 OK\r\n")));
    assert_str(header_of(answer, STR("Content-Length")), "7");
    assert_str(header_of(answer, STR("Connection")), "keep-alive");
    Str date = header_of(answer, STR("Date")), id = header_of(answer, STR("X-Request-Id"));
    assert_int_equal(date.len, 29);
    assert_true(str_ends(date, STR(" GMT")));
    assert_int_equal(id.len, 16);
    for (size_t i = 0; i < id.len; i++)
        assert_non_null(memchr("0123456789abcdef", id.ptr[i], 16));
    assert_false(str_eq(id, header_of(ask(world, STR(WHOLE_GET)), STR("X-Request-Id"))));
}

static int64_t at_a_known_second(void *context)
{
    (void)context;
    return 784111777000; /* RFC 9110's example of a date */
}

static void the_date_is_written_as_http_wants_it(void **state)
{
    World *world = *state;
    world->config.env.now_ms = at_a_known_second;
    world_start(world);
    assert_str(header_of(ask(world, STR(WHOLE_GET)), STR("Date")), "Sun, 06 Nov 1994 08:49:37 GMT");
}

static void head_gets_the_length_without_the_body(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    send_all(fd, STR("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" WHOLE_GET));
    Answer head = read_answer_of(world->arena, fd, true, PATIENCE_MS);
    assert_str(header_of(head, STR("Content-Length")), "8");
    assert_str(read_answer(world->arena, fd).body, "GET /  ");
    send_all(fd, STR("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n" WHOLE_GET));
    Answer nothing = read_answer(world->arena, fd);
    assert_int_equal(nothing.status, 204);
    assert_null(header_of(nothing, STR("Content-Length")).ptr);
    assert_str(read_answer(world->arena, fd).body, "GET /  ");
    close(fd);
}

static void an_answer_cannot_be_split_by_a_header(void **state)
{
    World *world = *state;
    Answer answer = ask(world, STR("GET /split HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_int_equal(answer.status, 500);
    assert_null(header_of(answer, STR("X-Evil")).ptr);
    assert_null(header_of(answer, STR("Location")).ptr);
}

static void a_connection_is_kept_for_many_requests(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    for (int i = 0; i < 300; i++) {
        Str request = str_printf(world->arena, "POST /%d?q HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n%02d", i,
                                 i % 100);
        Str expected = str_printf(world->arena, "POST /%d q %02d", i, i % 100);
        assert_str(ask_on(world, fd, request).body, str_dup_z(world->arena, expected));
    }
    close(fd);
}

static void a_connection_ends_when_the_client_says_so(void **state)
{
    static const struct {
        Str  request;
        bool stays;
    } cases[] = {
        { STR_INIT(WHOLE_GET), true },
        { STR_INIT(GET_HEAD "Connection: close\r\n\r\n"), false },
        { STR_INIT("GET / HTTP/1.0\r\n\r\n"), false },
        { STR_INIT("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), true },
    };
    World *world = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int    fd = connect_tcp(world);
        Answer answer = ask_on(world, fd, cases[i].request);
        assert_int_equal(answer.status, 200);
        assert_str(header_of(answer, STR("Connection")), cases[i].stays ? "keep-alive" : "close");
        assert_int_equal(closes(fd, cases[i].stays ? QUIET_MS : PATIENCE_MS), !cases[i].stays);
        close(fd);
    }
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    World *world = *state;
    Buf    requests = buf_new(world->arena, 1 << 20);
    for (int i = 0; i < 120; i++)
        buf_printf(&requests, "GET /%s?%d HTTP/1.1\r\nHost: a\r\n\r\n", i % 3 ? "now" : "later", i);
    int fd = connect_tcp(world);
    send_all(fd, buf_str(&requests));
    for (int i = 0; i < 120; i++) {
        Str expected = str_printf(world->arena, i % 3 ? "GET /now %d " : "later %d", i);
        assert_str(read_answer(world->arena, fd).body, str_dup_z(world->arena, expected));
    }
    close(fd);
}

static void an_upgrade_is_served_as_http(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    Str    request = STR(GET_HEAD "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n");
    for (int i = 0; i < 2; i++)
        assert_str(ask_on(world, fd, request).body, "GET /  ");
    close(fd);
}

/* ---- bodies, however they arrive ---- */

static const Str two_requests = STR_INIT("POST /a?b=c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                         "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n"
                                         "PUT /d HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");

static void assert_two_answers(World *world, int fd)
{
    assert_str(read_answer(world->arena, fd).body, "POST /a b=c hello world");
    assert_str(read_answer(world->arena, fd).body, "PUT /d  body");
}

static void bytes_may_be_cut_anywhere(void **state)
{
    World *world = *state;
    for (size_t cut = 1; cut < two_requests.len; cut++) {
        int fd = connect_tcp(world);
        send_all(fd, str_slice(two_requests, 0, cut));
        sleep_ms(1);
        send_all(fd, str_slice(two_requests, cut, two_requests.len));
        assert_two_answers(world, fd);
        close(fd);
    }
}

static void bytes_may_come_one_by_one(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    for (size_t i = 0; i < two_requests.len; i++) {
        send_all(fd, str_slice(two_requests, i, i + 1));
        if (i % 8 == 0)
            sleep_ms(1);
    }
    assert_two_answers(world, fd);
    close(fd);
}

static void a_body_of_many_reads_arrives_whole(void **state)
{
    World *world = *state;
    enum { LENGTH = 900000 };
    char *body = arena_alloc(world->arena, LENGTH);
    for (size_t i = 0; i < LENGTH; i++)
        body[i] = (char)('a' + i % 23);
    int fd = connect_tcp(world);
    send_all(fd, str_printf(world->arena, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", LENGTH));
    send_all(fd, (Str){ body, LENGTH });
    Answer answer = read_answer(world->arena, fd);
    assert_int_equal(answer.body.len, LENGTH + 7);
    assert_memory_equal(answer.body.ptr + 7, body, LENGTH);
    close(fd);
}

static void wait_for(const atomic_uint *counter, unsigned wanted)
{
    for (int64_t until = now_ms() + PATIENCE_MS; now_ms() < until && atomic_load(counter) < wanted;)
        sleep_ms(5);
    assert_int_equal(atomic_load(counter), wanted);
}

/* ---- bodies that go elsewhere ---- */

enum { SINK_FULL = 3000000 };

static Err sink_take(void *context, Str piece)
{
    World *world = context;
    return atomic_fetch_add(&world->sunk, (unsigned)piece.len) + piece.len > SINK_FULL
               ? err_make(ECODE_STORE_FULL, "a sink")
               : ERR_OK;
}

static void sink_end(void *context) { atomic_fetch_add(&((World *)context)->sinks_ended, 1); }

static Err sink_begin(Exchange *head, void *context, BodySink *out)
{
    World *world = context;
    if (str_eq(exchange_path(head), STR("/denied")))
        return err_make(ECODE_ACTION_DENIED, "a sink");
    if (str_eq(exchange_path(head), STR("/"))) /* into memory */
        return ERR_OK;
    atomic_fetch_add(&world->sinks_begun, 1);
    *out = (BodySink){ sink_take, sink_end, world };
    return ERR_OK;
}

static size_t sink_room(const Exchange *head, void *context)
{
    (void)head, (void)context;
    return 2 * (size_t)SINK_FULL;
}

static World *with_sinks(void **state)
{
    World *world = *state;
    world->config.body_begin = sink_begin;
    world->config.body_max = sink_room;
    world->config.refuse = refuse_in_json;
    world_start(world);
    return world;
}

static int put_to(World *world, const char *path, size_t said, size_t sent)
{
    int   fd = connect_tcp(world);
    char *body = arena_alloc(world->arena, sent);
    memset(body, 'x', sent);
    send_all(fd, str_printf(world->arena, "PUT %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", path, said));
    send_all(fd, (Str){ body, sent });
    return fd;
}

static void a_body_goes_where_it_is_sent_and_none_of_it_is_kept(void **state)
{
    World *world = with_sinks(state);
    int    fd = put_to(world, "/sink", SINK_FULL, SINK_FULL);
    Answer answer = read_answer(world->arena, fd);
    assert_str(answer.body, "PUT /sink  "); /* as if it had no body */
    assert_int_equal(world->sunk, SINK_FULL);
    assert_str(ask_on(world, fd, STR(POST_HEAD "Content-Length: 2\r\n\r\nok")).body, "POST /  ok");
    close(fd);
    wait_for(&world->sinks_ended, 1);
}

static void a_sink_may_refuse_before_and_in_the_middle(void **state)
{
    World *world = with_sinks(state);
    int    fd = put_to(world, "/denied", 1000, 0);
    assert_int_equal(read_answer(world->arena, fd).status, 403);
    close(fd);
    fd = put_to(world, "/sink", 2 * SINK_FULL - 1, SINK_FULL + 65536);
    assert_int_equal(read_answer(world->arena, fd).status, 503);
    close(fd);
    wait_for(&world->sinks_ended, 1);
    assert_int_equal(world->sinks_begun, 1);
}

static void a_body_that_breaks_off_ends_its_sink(void **state)
{
    World *world = with_sinks(state);
    for (int i = 0; i < 20; i++)
        close(put_to(world, "/sink", SINK_FULL, 1000 + 5000 * (size_t)i));
    wait_for(&world->sinks_ended, 20);
    assert_int_equal(world->sinks_begun, 20);
}

static void who_expects_a_go_ahead_gets_one(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    send_all(fd, STR(POST_HEAD "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
    Answer go_on = read_answer(world->arena, fd);
    assert_int_equal(go_on.status, 100);
    assert_str(go_on.head, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_str(ask_on(world, fd, STR("ok")).body, "POST /  ok");
    /* The body came along: no go-ahead is needed. */
    assert_str(ask_on(world, fd, STR(POST_HEAD "Content-Length: 2\r\nExpect: 100-continue\r\n\r\nok")).body,
               "POST /  ok");
    send_all(fd, str_printf(world->arena, POST_HEAD "Content-Length: %d\r\nExpect: 100-continue\r\n\r\n",
                            LIMIT_BODY_BYTES + 1));
    assert_int_equal(read_answer(world->arena, fd).status, 413);
    assert_true(closes(fd, PATIENCE_MS));
    close(fd);
}

/* ---- what is refused ---- */

static void what_two_servers_might_read_differently_ends_the_connection(void **state)
{
    World *world = *state;
    for (size_t i = 0; i < REJECT_CASES; i++) {
        int    fd = connect_tcp(world);
        Answer answer = ask_on(world, fd, reject_cases[i].bytes);
        if (answer.status != reject_cases[i].status)
            fail_msg("%s: %d", reject_cases[i].name, answer.status);
        assert_str(header_of(answer, STR("Connection")), "close");
        send_all(fd, STR(WHOLE_GET)); /* must find nobody */
        if (!closes(fd, PATIENCE_MS))
            fail_msg("%s: the connection goes on", reject_cases[i].name);
        close(fd);
    }
    assert_int_equal(world->handled, 0);
}

static void a_good_request_before_a_bad_one_is_answered(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    send_all(fd, STR(WHOLE_GET "BAD\r\n\r\n" WHOLE_GET));
    assert_int_equal(read_answer(world->arena, fd).status, 200);
    assert_int_equal(read_answer(world->arena, fd).status, 400);
    assert_true(closes(fd, PATIENCE_MS));
    assert_int_equal(world->handled, 1);
    close(fd);
}

static void the_application_may_write_the_refusal(void **state)
{
    World *world = *state;
    world->config.refuse = refuse_in_json;
    world_start(world);
    int    fd = connect_tcp(world);
    Answer answer = ask_on(world, fd, STR("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_int_equal(answer.status, 501);
    assert_str(answer.body, "http.unsupported");
    assert_str(header_of(answer, STR("Content-Type")), "application/problem+json");
    assert_true(closes(fd, PATIENCE_MS));
    assert_int_equal(world->refused, 1);
    close(fd);
}

static void bodies_have_limits(void **state)
{
    World *world = *state;
    world->config.body_max = more_for_imports;
    world_start(world);
    Str large = str_printf(world->arena, "%0101d", 0);
    Str request = str_printf(world->arena, POST_HEAD "Content-Length: 101\r\n\r\n%.*s", STR_FMT(large));
    assert_int_equal(ask(world, request).status, 413);
    request = str_printf(world->arena, CHUNKED "65\r\n%.*s\r\n0\r\n\r\n", STR_FMT(large));
    assert_int_equal(ask(world, request).status, 413);
    request = str_printf(world->arena, CHUNKED "64\r\n%.*s\r\n0\r\n\r\n", STR_FMT(str_slice(large, 1, 101)));
    assert_int_equal(ask(world, request).status, 200);
    request = str_printf(world->arena, "POST /import HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n%.*s",
                         STR_FMT(large));
    assert_int_equal(ask(world, request).status, 200);
}

static void a_refusal_reaches_a_client_that_goes_on_sending(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    send_all(fd, str_printf(world->arena, POST_HEAD "Content-Length: %d\r\n\r\n", LARGE_BYTES));
    send_all(fd, (Str){ world->large, 300000 });
    sleep_ms(20);
    send_all(fd, (Str){ world->large, 300000 });
    assert_int_equal(read_answer(world->arena, fd).status, 413);
    close(fd);
}

static void memory_in_flight_is_bounded(void **state)
{
    World *world = *state;
    world->limits.in_flight_bytes = 100000;
    world_start(world);
    int           first = connect_tcp(world), second = connect_tcp(world);
    Str           begin = STR(POST_HEAD "Content-Length: 200000\r\n\r\n"), part = { world->large, 60000 };
    struct pollfd answered[] = { { .fd = first, .events = POLLIN }, { .fd = second, .events = POLLIN } };
    assert_true(send_all(first, begin) && send_all(first, part));
    assert_true(send_all(second, begin) && send_all(second, part));
    assert_int_equal(poll(answered, 2, PATIENCE_MS), 1); /* whoever came last */
    Answer answer = read_answer(world->arena, answered[0].revents ? first : second);
    assert_int_equal(answer.status, 503);
    assert_str(header_of(answer, STR("Retry-After")), "1");
    close(first);
    close(second);
    Str request = str_printf(world->arena, POST_HEAD "Content-Length: 40000\r\n\r\n%040000d", 0);
    for (int64_t until = now_ms() + PATIENCE_MS; now_ms() < until;) /* what was counted is given back */
        if (ask(world, request).status == 200)
            break;
    for (int i = 0; i < 20; i++)
        assert_int_equal(ask(world, request).status, 200);
}

static void connections_are_counted(void **state)
{
    World *world = *state;
    world->limits.connections = 3;
    world->limits.connections_per_address = 3;
    world_start(world);
    int open[3];
    for (int i = 0; i < 3; i++) {
        open[i] = connect_tcp(world);
        assert_int_equal(ask_on(world, open[i], STR(WHOLE_GET)).status, 200);
    }
    int    fd = connect_tcp(world);
    Answer answer = read_answer(world->arena, fd);
    assert_int_equal(answer.status, 503);
    assert_true(closes(fd, PATIENCE_MS));
    close(fd);
    for (int i = 0; i < 3; i++)
        close(open[i]);
    for (int64_t until = now_ms() + PATIENCE_MS; now_ms() < until;) /* their places come free */
        if (ask(world, STR(WHOLE_GET)).status == 200)
            return;
    fail_msg("the places of closed connections do not come free");
}

static void connections_of_one_address_are_counted(void **state)
{
    World *world = *state;
    world->limits.connections_per_address = 2;
    world_start(world);
    int first = connect_tcp(world), second = connect_tcp(world);
    assert_int_equal(ask_on(world, first, STR(WHOLE_GET)).status, 200);
    assert_int_equal(ask_on(world, second, STR(WHOLE_GET)).status, 200);
    int fd = connect_tcp(world);
    assert_int_equal(read_answer(world->arena, fd).status, 429);
    assert_true(closes(fd, PATIENCE_MS));
    close(fd);
    close(first);
    close(second);
}

/* ---- who is too slow ---- */

static void slow_clients_are_cut_off_without_an_answer(void **state)
{
    static const char *const cases[] = {
        "",
        "GET / HT",
        POST_HEAD "Content-Length: 1000\r\n\r\n",
        POST_HEAD "Content-Length: 1000\r\n\r\n0123456789",
    };
    World *world = *state;
    world->limits.header_ms = world->limits.slow_grace_ms = 200;
    world->limits.body_bytes_per_s = 1000;
    world_start(world);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t begun = now_ms();
        int     fd = connect_tcp(world);
        send_all(fd, str_from(cases[i]));
        assert_true(closes(fd, PATIENCE_MS));
        assert_true(now_ms() - begun >= 150);
        close(fd);
    }
}

static void an_idle_connection_ends_after_its_own_time(void **state)
{
    World *world = *state;
    world->limits.keep_alive_ms = 600;
    world_start(world);
    int fd = connect_tcp(world);
    assert_int_equal(ask_on(world, fd, STR(WHOLE_GET)).status, 200);
    int64_t begun = now_ms();
    assert_true(closes(fd, PATIENCE_MS));
    assert_true(now_ms() - begun >= 500);
    close(fd);
}

static void a_body_fast_enough_takes_its_time(void **state)
{
    World *world = *state;
    world->limits.slow_grace_ms = 200;
    world->limits.body_bytes_per_s = 100;
    world_start(world);
    int fd = connect_tcp(world);
    send_all(fd, STR(POST_HEAD "Content-Length: 500\r\n\r\n"));
    send_all(fd, (Str){ world->large, 100 });
    for (int i = 0; i < 4; i++) {
        sleep_ms(100);
        send_all(fd, (Str){ world->large, 100 });
    }
    assert_int_equal(read_answer(world->arena, fd).status, 200);
    close(fd);
}

static void a_slow_reader_is_cut_off(void **state)
{
    World *world = *state;
    world->limits.slow_grace_ms = 200;
    world->limits.reader_bytes_per_s = 1000 * 1000 * 1000;
    world_start(world);
    int fd = connect_tcp(world);
    send_all(fd, STR("GET /large HTTP/1.1\r\nHost: a\r\n\r\n"));
    sleep_ms(1000); /* reads nothing meanwhile */
    Answer answer = read_answer(world->arena, fd);
    assert_int_equal(answer.status, 200);
    assert_true(answer.closed);
    assert_true(answer.body.len < LARGE_BYTES);
    close(fd);
}

static void a_large_answer_arrives_whole(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    for (int i = 0; i < 2; i++) {
        Answer answer = ask_on(world, fd, STR("GET /large HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_int_equal(answer.body.len, LARGE_BYTES);
        assert_memory_equal(answer.body.ptr, world->large, LARGE_BYTES);
    }
    close(fd);
}

/* ---- answers in pieces ---- */

#define PIECES(query) "GET /pieces?" query " HTTP/1.1\r\nHost: a\r\n\r\n"
static const Str endless_get = STR_INIT("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");

/* Chunks up to the last one. *whole: it came. */
static Str read_chunks(Arena *arena, int fd, bool *whole)
{
    Buf body = buf_new(arena, ANSWER_MAX);
    for (*whole = false;;) {
        char   line[32];
        size_t length = 0;
        bool   closed = false;
        while (length < sizeof line && !str_ends((Str){ line, length }, STR("\r\n")) && !closed)
            length = read_some(fd, line, length, length + 1, PATIENCE_MS, &closed);
        if (closed)
            return buf_str(&body);
        assert_true(length > 2 && length < sizeof line);
        line[length] = '\0';
        size_t size = strtoul(line, NULL, 16);
        char  *chunk = arena_alloc(arena, size + 2);
        size_t got = read_some(fd, chunk, 0, size + 2, PATIENCE_MS, &closed);
        buf_add(&body, (Str){ chunk, got < size ? got : size });
        if (got < size + 2)
            return buf_str(&body);
        assert_memory_equal(chunk + size, "\r\n", 2);
        *whole = size == 0;
        if (*whole)
            return buf_str(&body);
    }
}

static void assert_pieces(Str body, int count)
{
    assert_int_equal(body.len, (size_t)count * PIECE_BYTES);
    for (size_t i = 0; i < body.len; i++)
        if (body.ptr[i] != (char)('a' + i / PIECE_BYTES % 26))
            fail_msg("byte %zu is '%c'", i, body.ptr[i]);
}

static void an_answer_in_pieces_comes_in_chunks(void **state)
{
    static const int counts[] = { 3, 0, 1, 100 };
    World           *world = *state;
    int              fd = connect_tcp(world);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) { /* on one connection, which goes on */
        bool whole;
        send_all(fd, str_printf(world->arena, PIECES("%d"), counts[i]));
        Answer answer = read_answer_of(world->arena, fd, true, PATIENCE_MS);
        assert_int_equal(answer.status, 200);
        assert_str(header_of(answer, STR("Transfer-Encoding")), "chunked");
        assert_str(header_of(answer, STR("Content-Type")), "text/csv");
        assert_str(header_of(answer, STR("Connection")), "keep-alive");
        assert_null(header_of(answer, STR("Content-Length")).ptr);
        assert_pieces(read_chunks(world->arena, fd, &whole), counts[i]);
        assert_true(whole);
        wait_for(&world->producers_ended, (unsigned)i + 1);
    }
    assert_int_equal(world->pieces_made, 104);
    close(fd);
}

static void requests_behind_an_answer_in_pieces_wait_for_it(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    bool   whole;
    send_all(fd, STR(PIECES("2") WHOLE_GET PIECES("1")));
    assert_int_equal(read_answer_of(world->arena, fd, true, PATIENCE_MS).status, 200);
    assert_pieces(read_chunks(world->arena, fd, &whole), 2);
    assert_str(read_answer(world->arena, fd).body, "GET /  ");
    assert_int_equal(read_answer_of(world->arena, fd, true, PATIENCE_MS).status, 200);
    assert_pieces(read_chunks(world->arena, fd, &whole), 1);
    assert_true(whole);
    close(fd);
}

static void an_old_client_gets_pieces_until_the_end(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    bool   closed;
    char  *body = arena_alloc(world->arena, ANSWER_MAX);
    send_all(fd, STR("GET /pieces?5 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    Answer answer = read_answer_of(world->arena, fd, true, PATIENCE_MS);
    assert_null(header_of(answer, STR("Transfer-Encoding")).ptr);
    assert_null(header_of(answer, STR("Content-Length")).ptr);
    assert_str(header_of(answer, STR("Connection")), "close");
    assert_pieces((Str){ body, read_some(fd, body, 0, 0, PATIENCE_MS, &closed) }, 5);
    assert_true(closed);
    close(fd);
}

static void head_asks_for_no_piece(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    send_all(fd, STR("HEAD /endless HTTP/1.1\r\nHost: a\r\n\r\n"));
    Answer answer = read_answer_of(world->arena, fd, true, PATIENCE_MS);
    assert_str(header_of(answer, STR("Transfer-Encoding")), "chunked");
    assert_str(ask_on(world, fd, STR(WHOLE_GET)).body, "GET /  ");
    assert_int_equal(world->pieces_made, 0);
    assert_int_equal(world->producers_ended, 1);
    close(fd);
}

static void what_ends_half_way_never_looks_whole(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    bool   whole;
    char   rest;
    send_all(fd, STR("GET /half HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_int_equal(read_answer_of(world->arena, fd, true, PATIENCE_MS).status, 200);
    read_chunks(world->arena, fd, &whole);
    assert_false(whole);
    close(fd);
    fd = connect_tcp(world); /* without chunks only a reset tells */
    send_all(fd, STR("GET /half HTTP/1.0\r\n\r\n"));
    wait_for(&world->producers_ended, 2);
    ssize_t length;
    do
        length = recv(fd, &rest, 1, 0);
    while (length > 0);
    assert_int_equal(length, -1);
    assert_int_equal(errno, ECONNRESET);
    close(fd);
}

static void a_header_splits_no_answer_in_pieces(void **state)
{
    World *world = *state;
    Answer answer = ask(world, STR("GET /pieces-split HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_int_equal(answer.status, 500);
    assert_null(header_of(answer, STR("X-Evil")).ptr);
    assert_int_equal(world->producers_ended, 1);
}

/* The next piece is made when the one before has been taken, never ahead. */
static void pieces_wait_for_who_reads_them(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    send_all(fd, endless_get);
    for (unsigned before = UINT32_MAX, now; (now = atomic_load(&world->pieces_made)) != before; before = now)
        sleep_ms(QUIET_MS); /* until the kernel takes no more */
    unsigned made = atomic_load(&world->pieces_made);
    assert_in_range(made, 1, 400);
    assert_int_equal(ask(world, STR(WHOLE_GET)).status, 200);
    assert_int_equal(atomic_load(&world->pieces_made), made);
    assert_int_equal(world->producers_ended, 0);
    close(fd);
    wait_for(&world->producers_ended, 1);
}

/* More than that: one that was fast at first has no leave to stand still. */
static void who_stops_reading_pieces_is_cut_off(void **state)
{
    World *world = *state;
    bool   whole;
    world->limits.slow_grace_ms = 300;
    world->limits.reader_bytes_per_s = 1000 * 1000;
    world_start(world);
    int   fd = connect_tcp(world);
    char *room = arena_alloc(world->arena, ANSWER_MAX);
    send_all(fd, endless_get);
    assert_int_equal(read_answer_of(world->arena, fd, true, PATIENCE_MS).status, 200);
    assert_int_equal(read_some(fd, room, 0, ANSWER_MAX - 1, PATIENCE_MS, &whole), ANSWER_MAX - 1);
    int64_t stopped = now_ms();
    wait_for(&world->producers_ended, 1);
    assert_true(now_ms() - stopped < 5000); /* its twelve megabytes would have bought twelve seconds */
    close(fd);
}

/* What the kernel takes ahead is no reason to call a slow reader too slow. */
static void who_reads_pieces_slowly_is_served(void **state)
{
    enum { BYTES_PER_MS = 400, FOR_MS = 6000 };
    World *world = *state;
    bool   closed = false;
    world->limits.slow_grace_ms = 500;
    world->limits.reader_bytes_per_s = 100 * 1000;
    world_start(world);
    int   fd = connect_tcp(world);
    char *room = arena_alloc(world->arena, ANSWER_MAX);
    send_all(fd, endless_get);
    int64_t begun = now_ms();
    for (size_t got = 0; now_ms() < begun + FOR_MS && !closed; sleep_ms(20)) {
        size_t due = (size_t)(now_ms() - begun) * BYTES_PER_MS;
        if (due > got)
            got += read_some(fd, room, 0, due - got, PATIENCE_MS, &closed);
    }
    assert_false(closed);
    assert_int_equal(world->producers_ended, 0);
    close(fd);
}

static void an_endless_answer_leaves_others_their_turn(void **state)
{
    enum { READERS = 4 };
    World *world = *state;
    world->config.loops = 1;
    world_start(world);
    int   fds[READERS];
    bool  closed;
    char *room = arena_alloc(world->arena, ANSWER_MAX);
    for (int i = 0; i < READERS; i++) {
        fds[i] = connect_tcp(world);
        send_all(fds[i], endless_get);
    }
    int fd = connect_tcp(world);
    for (int i = 0; i < 50; i++) {
        read_some(fds[i % READERS], room, 0, 500000, PATIENCE_MS, &closed);
        assert_str(ask_on(world, fd, STR(WHOLE_GET)).body, "GET /  ");
    }
    for (int i = 0; i < READERS; i++)
        close(fds[i]);
    wait_for(&world->producers_ended, READERS);
    assert_str(ask_on(world, fd, STR(WHOLE_GET)).body, "GET /  ");
    close(fd);
}

static void pieces_count_as_memory_in_flight(void **state)
{
    enum { READERS = 3 };
    World *world = *state;
    int    fds[READERS];
    world->limits.in_flight_bytes = 5 * PIECE_BYTES;
    world_start(world);
    for (int i = 0; i < READERS; i++) { /* none of them reads: the third finds no room in the half that is for them */
        fds[i] = connect_tcp(world);
        send_all(fds[i], endless_get);
        for (unsigned before = 0, now; (now = atomic_load(&world->pieces_made)) != before; before = now)
            sleep_ms(QUIET_MS);
    }
    wait_for(&world->producers_ended, 1);
    Str request = str_printf(world->arena, POST_HEAD "Content-Length: 40000\r\n\r\n%040000d", 0);
    assert_int_equal(ask(world, request).status, 200); /* the other half is for bodies */
    for (int i = 0; i < READERS; i++)
        close(fds[i]);
    wait_for(&world->producers_ended, READERS);
    int fd = connect_tcp(world); /* all of it was given back */
    for (int i = 0; i < READERS; i++) {
        bool whole;
        send_all(fd, STR(PIECES("40")));
        read_answer_of(world->arena, fd, true, PATIENCE_MS);
        assert_pieces(read_chunks(world->arena, fd, &whole), 40);
        assert_true(whole);
    }
    close(fd);
}

static void no_piece_is_made_for_who_has_gone(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    send_all(fd, STR("GET /pieces-gone HTTP/1.1\r\nHost: a\r\n\r\n"));
    sem_wait(&world->held);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
    close(fd);
    wait_for(&world->producers_ended, 1);
    assert_int_equal(world->pieces_made, 0);
}

static void a_stopping_server_ends_what_is_endless(void **state)
{
    World *world = *state;
    world->limits.drain_ms = 300;
    world_start(world);
    int   fd = connect_tcp(world), slow = connect_tcp(world);
    bool  closed = false;
    char *room = arena_alloc(world->arena, ANSWER_MAX);
    send_all(fd, endless_get);
    send_all(slow, endless_get); /* and reads nothing */
    read_some(fd, room, 0, PIECE_BYTES, PATIENCE_MS, &closed);
    server_stop(world->server);
    while (!closed)
        read_some(fd, room, 0, PIECE_BYTES, PATIENCE_MS, &closed);
    world_stop(world);
    assert_int_equal(world->producers_ended, 2);
    close(fd);
    close(slow);
}

static void a_stopping_server_lets_pieces_end(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    bool   whole;
    send_all(fd, STR(PIECES("150")));
    assert_int_equal(read_answer_of(world->arena, fd, true, PATIENCE_MS).status, 200);
    server_stop(world->server);
    assert_pieces(read_chunks(world->arena, fd, &whole), 150);
    assert_true(whole);
    assert_true(closes(fd, PATIENCE_MS));
    close(fd);
}

/* ---- other threads ---- */

static void other_threads_answer(void **state)
{
    enum { CLIENTS = 16, ROUNDS = 20 };
    World *world = *state;
    int    fds[CLIENTS];
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = connect_tcp(world);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CLIENTS; i++)
            send_all(fds[i], str_printf(world->arena, "GET /later?%d.%d HTTP/1.1\r\nHost: a\r\n\r\n", round, i));
        for (int i = 0; i < CLIENTS; i++) {
            Str expected = str_printf(world->arena, "later %d.%d", round, i);
            assert_str(read_answer(world->arena, fds[i]).body, str_dup_z(world->arena, expected));
        }
    }
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
}

static const Str held_get = STR_INIT("GET /hold?x HTTP/1.1\r\nHost: a\r\n\r\n");

static void an_exchange_outlives_its_client(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    send_all(fd, STR("GET /gone HTTP/1.1\r\nHost: a\r\n\r\n"));
    sem_wait(&world->held);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger)); /* leaves with a reset */
    close(fd);
    for (int64_t until = now_ms() + PATIENCE_MS; now_ms() < until && !world->answered_gone;)
        sleep_ms(5);
    assert_int_equal(world->answered_gone, 1);
    assert_int_equal(ask(world, STR(WHOLE_GET)).status, 200);
}

static void who_has_only_ended_sending_gets_the_answer(void **state)
{
    World *world = *state;
    int    fd = connect_tcp(world);
    send_all(fd, held_get);
    send_all(fd, STR(WHOLE_GET));
    shutdown(fd, SHUT_WR);
    sem_wait(&world->held);
    sleep_ms(QUIET_MS);
    sem_post(&world->released);
    assert_str(read_answer(world->arena, fd).body, "later x");
    assert_str(read_answer(world->arena, fd).body, "GET /  ");
    assert_true(closes(fd, PATIENCE_MS));
    close(fd);
}

static void requests_wait_in_bounded_room(void **state)
{
    enum { REQUESTS = 400000 };
    World *world = *state;
    int    fd = connect_tcp(world);
    Buf    flood = buf_new(world->arena, REQUESTS * sizeof WHOLE_GET);
    for (int i = 0; i < REQUESTS; i++)
        buf_add(&flood, STR(WHOLE_GET));
    send_all(fd, held_get);
    sem_wait(&world->held);
    size_t  sent = 0;
    int64_t quiet_since = now_ms();
    while (now_ms() - quiet_since < QUIET_MS) { /* until the server and the kernel take no more */
        ssize_t step = send(fd, flood.ptr + sent, flood.len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (step > 0) {
            sent += (size_t)step;
            quiet_since = now_ms();
        }
    }
    assert_true(sent < flood.len);
    assert_int_equal(world->handled, 1);
    sem_post(&world->released);
    assert_str(read_answer(world->arena, fd).body, "later x");
    for (int i = 0; i < 5000; i++)
        assert_int_equal(read_answer(world->arena, fd).status, 200);
    close(fd);
}

/* ---- loops ---- */

static void connections_are_shared_among_loops(void **state)
{
    enum { CLIENTS = 8 };
    World *world = *state;
    int    fds[CLIENTS], on_first = 0;
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = connect_tcp(world);
    for (int i = 0; i < CLIENTS; i++)
        on_first += str_eq(ask_on(world, fds[i], STR("GET /loop HTTP/1.1\r\nHost: a\r\n\r\n")).body, STR("0"));
    assert_in_range(on_first, CLIENTS / 2 - 1, CLIENTS / 2 + 1);
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
}

static void a_loop_that_cannot_open_ends_the_start(void **state)
{
    World *world = *state;
    world->config.loop_open = fail_second_loop;
    world->server = server_new(&world->config);
    Err err = server_run(world->server);
    assert_int_equal(err.code, ECODE_STORE_CORRUPT);
    assert_int_equal(world->loops_closed, 1);
    world->stopped = true;
}

/* ---- the end ---- */

static void running_requests_end_before_the_server(void **state)
{
    World *world = *state;
    int    busy = connect_tcp(world), idle = connect_tcp(world);
    assert_int_equal(ask_on(world, idle, STR(WHOLE_GET)).status, 200);
    send_all(busy, held_get);
    sem_wait(&world->held);
    server_stop(world->server);
    assert_true(closes(idle, PATIENCE_MS));
    int                late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(world->port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_not_equal(connect(late, (struct sockaddr *)&address, sizeof address), 0);
    sem_post(&world->released);
    Answer answer = read_answer(world->arena, busy);
    assert_str(answer.body, "later x");
    assert_str(header_of(answer, STR("Connection")), "close");
    assert_true(closes(busy, PATIENCE_MS));
    close(busy);
    close(idle);
    close(late);
    int64_t begun = now_ms();
    world_stop(world);
    assert_true(now_ms() - begun < LIMIT_DRAIN_MS / 2);
}

static void the_server_does_not_wait_for_ever(void **state)
{
    World *world = *state;
    world->limits.drain_ms = 300;
    world_start(world);
    int fd = connect_tcp(world);
    send_all(fd, held_get);
    sem_wait(&world->held);
    int64_t begun = now_ms();
    world_stop(world);
    assert_true(now_ms() - begun >= 250);
    assert_true(closes(fd, PATIENCE_MS));
    sem_post(&world->released); /* its worker now posts to a server that has ended, which must be harmless */
    close(fd);
}

static void a_server_may_be_stopped_before_it_runs(void **state)
{
    World *world = *state;
    world->server = server_new(&world->config);
    server_stop(world->server);
    assert_int_equal(server_run(world->server).kind, ERR_NONE);
    world->stopped = true;
}

/* ---- addresses ---- */

static Err run_on(World *world, Str listen, Str unix_path, Str behind_proxy)
{
    ServerConfig config = world->config;
    config.listen = listen;
    config.unix_path = unix_path;
    config.behind_proxy = behind_proxy;
    config.ready = NULL;
    Server *server = server_new(&config);
    server_stop(server); /* what can listen ends at once */
    Err err = server_run(server);
    server_free(server);
    return err;
}

static void a_port_in_use_is_taken(void **state)
{
    World *world = *state;
    assert_int_equal(run_on(world, world->address, STR_NONE, STR_NONE).code, ECODE_PORT_TAKEN);
}

static void only_loopback_is_served_without_a_proxy(void **state)
{
    static const struct {
        const char *listen, *proxy;
        ErrCode     code;
    } cases[] = {
        { "0.0.0.0:0", "", ECODE_PORT_REFUSED },
        { "[::]:0", "", ECODE_PORT_REFUSED },
        { "192.0.2.1:0", "", ECODE_PORT_REFUSED },
        { "192.0.2.1:0", "127.0.0.1", ECODE_PORT_UNAVAILABLE }, /* an address for documents (RFC 5737): nobody's */
        { "127.0.0.2:0", "", ECODE_OK },
        { "0.0.0.0:0", "127.0.0.1", ECODE_OK },
        { "0.0.0.0:0", "proxy.example", ECODE_PORT_PROXY },
    };
    World *world = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Err err = run_on(world, str_from(cases[i].listen), STR_NONE, str_from(cases[i].proxy));
        if (err.code != cases[i].code)
            fail_msg("%s: %s", cases[i].listen, err.context);
    }
}

static void what_is_no_address_and_port_is_told_so(void **state)
{
    static const char *const wrong[] = {
        "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:99999", "127.0.0.1:-1", "localhost:80",
        ":80",       "8080",       "[127.0.0.1]:0",   "::1:80",          "0.0.0.0"
    };
    World *world = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        Err err = run_on(world, str_from(wrong[i]), STR_NONE, STR_NONE);
        if (err.code != ECODE_PORT_ADDRESS || err.kind != ERR_USAGE)
            fail_msg("%s: %s", wrong[i], err.context);
    }
}

static void loopback_only_holds_behind_a_proxy_too(void **state)
{
    World *world = *state;
    world->config.loopback_only = true;
    assert_int_equal(run_on(world, STR("0.0.0.0:0"), STR_NONE, STR("127.0.0.1")).code, ECODE_PORT_DEMO);
    assert_int_equal(run_on(world, STR("0.0.0.0:0"), STR_NONE, STR_NONE).code, ECODE_PORT_DEMO);
    assert_int_equal(run_on(world, STR("127.0.0.1:0"), STR_NONE, STR("127.0.0.1")).code, ECODE_OK);
}

static void ipv6_is_served(void **state)
{
    World              *world = *state;
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    int                 fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool                here = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    if (!here)
        skip(); /* a machine without IPv6 */
    world->config.listen = STR("[::1]:0");
    world_start(world);
    assert_true(str_starts(world->address, STR("[::1]:")));
    address.sin6_port = htons(world->port);
    fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_str(ask_on(world, fd, STR("GET /peer HTTP/1.1\r\nHost: [::1]\r\n\r\n")).body, "::1 plain tcp");
    close(fd);
}

static void only_the_proxy_speaks_for_others(void **state)
{
    World *world = *state;
    world->config.behind_proxy = STR("127.0.0.1");
    world_start(world);
    static const struct {
        const char *headers, *expected;
    } cases[] = {
        { "", "127.0.0.1 plain tcp" },
        { "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n", "203.0.113.7 secure tcp" },
        { "X-Forwarded-For: 10.0.0.1, 203.0.113.7\r\nX-Forwarded-Proto: http\r\n", "203.0.113.7 plain tcp" },
        { "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 2001:DB8::7\r\n", "2001:db8::7 plain tcp" },
        { "X-Forwarded-For: <script>\r\n", "127.0.0.1 plain tcp" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Str request = str_printf(world->arena, "GET /peer HTTP/1.1\r\nHost: a\r\n%s\r\n", cases[i].headers);
        assert_str(ask(world, request).body, cases[i].expected);
    }
}

static void nobody_else_speaks_for_others(void **state)
{
    World *world = *state;
    Str    request = STR(
           "GET /peer HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n\r\n");
    assert_str(ask(world, request).body, "127.0.0.1 plain tcp");
}

static void the_unix_socket_is_the_owners_alone(void **state)
{
    World             *world = *state;
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    struct stat        status;
    char               folder[] = "/tmp/firstmile-server-XXXXXX";
    assert_non_null(mkdtemp(folder));
    Str path = str_printf(world->arena, "%s/socket", folder);
    memcpy(name.sun_path, path.ptr, path.len);

    int stale = socket(AF_UNIX, SOCK_STREAM, 0); /* left behind by a server that was killed */
    assert_int_equal(bind(stale, (struct sockaddr *)&name, sizeof name), 0);
    close(stale);

    world->config.unix_path = path;
    world_start(world);
    assert_int_equal(stat(name.sun_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    Str request = STR("GET /peer HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n");
    assert_str(ask_on(world, fd, request).body, "unix plain unix");
    close(fd);
    assert_int_equal(run_on(world, STR_NONE, path, STR_NONE).code, ECODE_PORT_TAKEN);
    assert_int_equal(stat(name.sun_path, &status), 0); /* who failed did not remove it */

    world_stop(world);
    assert_int_not_equal(stat(name.sun_path, &status), 0);
    FILE *file = fopen(name.sun_path, "w");
    fclose(file);
    assert_int_equal(run_on(world, STR_NONE, path, STR_NONE).code, ECODE_PORT_PATH);
    assert_int_equal(stat(name.sun_path, &status), 0); /* a file that is no socket is left alone */
    unlink(name.sun_path);
    rmdir(folder);
}

#define STARTED(test)  cmocka_unit_test_setup_teardown(test, start, stop)
#define PREPARED(test) cmocka_unit_test_setup_teardown(test, prepare, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STARTED(an_answer_carries_the_headers_of_the_server),
        PREPARED(the_date_is_written_as_http_wants_it),
        STARTED(head_gets_the_length_without_the_body),
        STARTED(an_answer_cannot_be_split_by_a_header),
        STARTED(a_connection_is_kept_for_many_requests),
        STARTED(a_connection_ends_when_the_client_says_so),
        STARTED(pipelined_requests_are_answered_in_order),
        STARTED(an_upgrade_is_served_as_http),
        STARTED(bytes_may_be_cut_anywhere),
        STARTED(bytes_may_come_one_by_one),
        STARTED(a_body_of_many_reads_arrives_whole),
        PREPARED(a_body_goes_where_it_is_sent_and_none_of_it_is_kept),
        PREPARED(a_sink_may_refuse_before_and_in_the_middle),
        PREPARED(a_body_that_breaks_off_ends_its_sink),
        STARTED(who_expects_a_go_ahead_gets_one),
        STARTED(what_two_servers_might_read_differently_ends_the_connection),
        STARTED(a_good_request_before_a_bad_one_is_answered),
        PREPARED(the_application_may_write_the_refusal),
        PREPARED(bodies_have_limits),
        STARTED(a_refusal_reaches_a_client_that_goes_on_sending),
        PREPARED(memory_in_flight_is_bounded),
        PREPARED(connections_are_counted),
        PREPARED(connections_of_one_address_are_counted),
        PREPARED(slow_clients_are_cut_off_without_an_answer),
        PREPARED(an_idle_connection_ends_after_its_own_time),
        PREPARED(a_body_fast_enough_takes_its_time),
        PREPARED(a_slow_reader_is_cut_off),
        STARTED(a_large_answer_arrives_whole),
        STARTED(an_answer_in_pieces_comes_in_chunks),
        STARTED(requests_behind_an_answer_in_pieces_wait_for_it),
        STARTED(an_old_client_gets_pieces_until_the_end),
        STARTED(head_asks_for_no_piece),
        STARTED(what_ends_half_way_never_looks_whole),
        STARTED(a_header_splits_no_answer_in_pieces),
        STARTED(pieces_wait_for_who_reads_them),
        PREPARED(who_stops_reading_pieces_is_cut_off),
        PREPARED(who_reads_pieces_slowly_is_served),
        PREPARED(an_endless_answer_leaves_others_their_turn),
        PREPARED(pieces_count_as_memory_in_flight),
        STARTED(no_piece_is_made_for_who_has_gone),
        PREPARED(a_stopping_server_ends_what_is_endless),
        STARTED(a_stopping_server_lets_pieces_end),
        STARTED(other_threads_answer),
        STARTED(an_exchange_outlives_its_client),
        STARTED(who_has_only_ended_sending_gets_the_answer),
        STARTED(requests_wait_in_bounded_room),
        STARTED(connections_are_shared_among_loops),
        PREPARED(a_loop_that_cannot_open_ends_the_start),
        STARTED(running_requests_end_before_the_server),
        PREPARED(the_server_does_not_wait_for_ever),
        PREPARED(a_server_may_be_stopped_before_it_runs),
        STARTED(a_port_in_use_is_taken),
        PREPARED(only_loopback_is_served_without_a_proxy),
        PREPARED(what_is_no_address_and_port_is_told_so),
        PREPARED(loopback_only_holds_behind_a_proxy_too),
        PREPARED(ipv6_is_served),
        PREPARED(only_the_proxy_speaks_for_others),
        STARTED(nobody_else_speaks_for_others),
        PREPARED(the_unix_socket_is_the_owners_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
