/* bench/load.c: see load.h. */
#include "load.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MAX = 4096, EVENTS_MAX = 64, ANSWER_FIRST = 16384, SILENCE_MS = 30000, LATENCIES_FIRST = 65536 };

typedef struct Connection {
    int     fd;
    char   *bytes; /* of the answer so far */
    size_t  len, capacity;
    int64_t sent_ns;
} Connection;

typedef struct Run {
    const LoadTarget *target;
    const LoadPlan   *plan;
    char              request[REQUEST_MAX];
    char             *number; /* in request, or NULL when it has no mark */
    int64_t           next_number;
    int               epoll;
    Connection        connections[LOAD_CONNECTIONS];
    int               opened, waiting;  /* connections; those that wait for an answer */
    int64_t           begin_ns, end_ns; /* of the measured time */
    int64_t           server_ns, client_ns;
    int64_t           answered;
    uint32_t         *latencies_us; /* of the answers within the measured time */
    size_t            latency_count, latency_capacity;
} Run;

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now = { 0 };
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
static int64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

static int64_t processor_ns(pid_t pid)
{
    clockid_t clock;
    return clock_getcpuclockid(pid, &clock) == 0 ? clock_ns(clock) : 0;
}

bool complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return false;
}

static bool trouble(const char *what)
{
    return complain("%s: %s", what, errno ? strerror(errno) : "the server ended the connection");
}

/* ---- one connection ---- */

static bool dial(Connection *connection, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *connection = (Connection){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .capacity = ANSWER_FIRST };
    if (connection->fd < 0)
        return trouble("opening a socket");
    connection->bytes = mem_alloc(ANSWER_FIRST);
    if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) != 0)
        return trouble("connecting");
    return setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)) == 0;
}

static void hang_up(Connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    free(connection->bytes);
}

/* Appends what has come; false when the connection is over or the answer has no end. */
static bool receive(Connection *connection, int flags)
{
    if (connection->len == connection->capacity) {
        if (connection->capacity >= LOAD_ANSWER_MAX)
            return complain("an answer over %d bytes", LOAD_ANSWER_MAX);
        connection->capacity *= 2;
        connection->bytes = mem_grow(connection->bytes, connection->capacity);
    }
    errno = 0;
    ssize_t got = recv(connection->fd, connection->bytes + connection->len, connection->capacity - connection->len,
                       flags);
    if (got > 0)
        connection->len += (size_t)got;
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        return trouble("reading an answer");
    return true;
}

static bool deliver(const Connection *connection, Str request)
{
    errno = 0;
    ssize_t sent = send(connection->fd, request.ptr, request.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent == (ssize_t)request.len || trouble("sending a request");
}

Str load_header(Str head, Str name)
{
    while (head.len) {
        Str value = str_cut(&head, '\n');
        if (str_eq_ascii_fold(str_cut(&value, ':'), name))
            return str_trim(value);
    }
    return STR_NONE;
}

/* Whether bytes are a whole answer; *broken when they can never be one. */
static bool answer_whole(Str bytes, Answer *out, bool *broken)
{
    int64_t status = 0, length = 0;
    size_t  head = str_find(bytes, STR("\r\n\r\n"));
    if (head == bytes.len)
        return false;
    *out = (Answer){ .head = str_slice(bytes, 0, head), .body = str_slice(bytes, head + 4, bytes.len) };
    *broken = head < 12 || !str_int(str_slice(bytes, 9, 12), &status) ||
              !str_int(load_header(out->head, STR("Content-Length")), &length) || length < 0 ||
              out->body.len > (size_t)length;
    out->status = (int)status;
    return !*broken && out->body.len == (size_t)length;
}

bool load_once(Arena *arena, const LoadTarget *target, Str request, Answer *out)
{
    Connection connection;
    Answer     answer = { 0 };
    bool       whole = false, broken = false;
    bool       well = dial(&connection, target->port) && deliver(&connection, request);
    while (well && !whole && !broken) {
        well = receive(&connection, 0);
        whole = well && answer_whole((Str){ connection.bytes, connection.len }, &answer, &broken);
    }
    if (broken)
        complain("not an answer: %.*s", (int)connection.len, connection.bytes);
    if (whole)
        *out = (Answer){ answer.status, str_dup(arena, answer.head), str_dup(arena, answer.body) };
    hang_up(&connection);
    return whole;
}

/* ---- many ---- */

static bool ask(Run *run, Connection *connection)
{
    if (run->number) {
        char digits[sizeof LOAD_NUMBER];
        snprintf(digits, sizeof digits, "%0*lld", (int)sizeof LOAD_NUMBER - 1, (long long)run->next_number++);
        memcpy(run->number, digits, sizeof digits - 1);
    }
    connection->len = 0;
    connection->sent_ns = now_ns();
    run->waiting++;
    return deliver(connection, (Str){ run->request, run->plan->request.len });
}

static void keep_latency(Run *run, int64_t took_ns)
{
    if (run->latency_count == run->latency_capacity) {
        run->latency_capacity = run->latency_capacity ? 2 * run->latency_capacity : LATENCIES_FIRST;
        run->latencies_us = mem_grow(run->latencies_us, run->latency_capacity * sizeof *run->latencies_us);
    }
    run->latencies_us[run->latency_count++] = (uint32_t)(took_ns / 1000);
}

/* Counts a whole answer, and asks again while the time is not over. */
static bool answered(Run *run, Connection *connection, const Answer *answer)
{
    int64_t now = now_ns();
    run->waiting--;
    run->answered++;
    if (answer->status != run->plan->status)
        return complain("status %d instead of %d: %.*s\n%.*s", answer->status, run->plan->status, STR_FMT(answer->head),
                        STR_FMT(answer->body));
    if (now >= run->begin_ns && now < run->end_ns)
        keep_latency(run, now - connection->sent_ns);
    return now >= run->end_ns || ask(run, connection);
}

static bool advance(Run *run, Connection *connection)
{
    Answer answer;
    bool   broken = false;
    if (!receive(connection, MSG_DONTWAIT))
        return false;
    if (answer_whole((Str){ connection->bytes, connection->len }, &answer, &broken))
        return answered(run, connection, &answer);
    return !broken || complain("not an answer: %.*s", (int)connection->len, connection->bytes);
}

/* Reads the processor clocks when the measured time begins and, the other way round, when it ends. */
static void read_clocks(Run *run, int sign)
{
    run->server_ns += sign * processor_ns(run->target->pid);
    run->client_ns += sign * clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

/* Until the time is over and every connection has its answer. */
static bool serve_events(Run *run)
{
    bool began = false, ended = false;
    while (run->waiting > 0) {
        struct epoll_event events[EVENTS_MAX];
        int                count = epoll_wait(run->epoll, events, EVENTS_MAX, SILENCE_MS);
        if (count == 0)
            return complain("no answer for %d s", SILENCE_MS / 1000);
        if (count < 0 && errno != EINTR)
            return trouble("waiting");
        for (int i = 0; i < count; i++)
            if (!advance(run, events[i].data.ptr))
                return false;
        int64_t now = now_ns();
        if (!began && now >= run->begin_ns)
            read_clocks(run, -1), began = true;
        if (!ended && now >= run->end_ns)
            read_clocks(run, 1), ended = true;
    }
    return true;
}

static bool start(Run *run)
{
    run->begin_ns = now_ns() + (int64_t)(LOAD_WARM_UP_S * 1e9);
    run->end_ns = run->begin_ns + (int64_t)(run->plan->seconds * 1e9);
    while (run->opened < run->plan->connections) {
        Connection        *connection = &run->connections[run->opened++];
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
        if (!dial(connection, run->target->port))
            return false;
        if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0)
            return trouble("watching a socket");
        if (!ask(run, connection))
            return false;
    }
    return true;
}

static int latency_order(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static LoadFigures figures_of(const Run *run)
{
    double count = (double)run->latency_count;
    qsort(run->latencies_us, run->latency_count, sizeof *run->latencies_us, latency_order);
    return (LoadFigures){ .requests_per_second = (double)run->latency_count / run->plan->seconds,
                          .p50_us = run->latencies_us[run->latency_count / 2],
                          .p99_us = run->latencies_us[run->latency_count * 99 / 100],
                          .server_cpu_us = (double)run->server_ns / 1e3 / count,
                          .client_cpu_us = (double)run->client_ns / 1e3 / count,
                          .answered = run->answered };
}

bool load_run(const LoadTarget *target, const LoadPlan *plan, LoadFigures *out)
{
    assert(plan->request.len <= REQUEST_MAX && plan->connections <= LOAD_CONNECTIONS);
    Run *run = mem_alloc(sizeof *run);
    run->target = target;
    run->plan = plan;
    memcpy(run->request, plan->request.ptr, plan->request.len);
    size_t mark = str_find(plan->request, STR(LOAD_NUMBER));
    run->number = mark < plan->request.len ? run->request + mark : NULL;
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    bool well = run->epoll >= 0 && start(run) && serve_events(run);
    if (well && !run->latency_count)
        well = complain("no answer within the measured time");
    if (well)
        *out = figures_of(run);
    for (int i = 0; i < run->opened; i++)
        hang_up(&run->connections[i]);
    close(run->epoll);
    free(run->latencies_us);
    free(run);
    return well;
}
