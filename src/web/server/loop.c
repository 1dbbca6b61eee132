#include "web/server/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/date.h"
#include "web/server/listen.h"

enum {
    TICK_MS = 100,       /* how late a slow client may be cut off */
    ACCEPTS_AT_ONCE = 8, /* before other work has its turn */
};

/* ---- connections come in ---- */

static void hand_back(Loop *loop, const Arrival *arrival)
{
    close(arrival->fd);
    if (!arrival->from_unix)
        admission_leave(loop->server->admission, arrival->key);
    atomic_fetch_sub(&loop->connection_count, 1);
}

static void on_tick(uv_timer_t *timer);

static void welcome(Loop *loop, const Arrival *arrival)
{
    if (loop->draining) {
        hand_back(loop, arrival);
        return;
    }
    if (!uv_is_active((uv_handle_t *)&loop->tick))
        uv_timer_start(&loop->tick, on_tick, TICK_MS, TICK_MS);
    connection_open(loop, arrival);
}

static void arrivals_add(Arrivals *arrivals, const Arrival *arrival)
{
    if (arrivals->count == arrivals->capacity) {
        arrivals->capacity = arrivals->capacity ? arrivals->capacity * 2 : 16;
        arrivals->items = mem_grow(arrivals->items, arrivals->capacity * sizeof *arrivals->items);
    }
    arrivals->items[arrivals->count++] = *arrival;
}

/* Gives the connection to the loop that has fewest, so that no loop works while another idles. */
static void hand_on(Loop *self, const Arrival *arrival)
{
    Loop *to = self;
    for (unsigned i = 0; i < self->server->loop_count; i++) {
        Loop *other = &self->server->loops[i];
        if (atomic_load(&other->connection_count) < atomic_load(&to->connection_count))
            to = other;
    }
    atomic_fetch_add(&to->connection_count, 1);
    if (to == self) {
        welcome(self, arrival);
        return;
    }
    pthread_mutex_lock(&to->inbox.lock);
    bool open = to->inbox.open;
    if (open) {
        arrivals_add(&to->inbox.arrivals, arrival);
        uv_async_send(&to->wake);
    }
    pthread_mutex_unlock(&to->inbox.lock);
    if (!open)
        hand_back(to, arrival);
}

#define TURNED_AWAY(status) "HTTP/1.1 " status "\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

/* Answers a connection that is not taken; the text fits into any new socket's buffer. */
static void turn_away(int fd, Verdict verdict)
{
    Str text = verdict == VERDICT_FULL ? STR(TURNED_AWAY("503 Service Unavailable"))
                                       : STR(TURNED_AWAY("429 Too Many Requests"));
    if (send(fd, text.ptr, text.len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        shutdown(fd, SHUT_WR);
    close(fd);
}

/* IPv4 that came by way of an IPv6 socket is IPv4. */
static void unmap(struct sockaddr_storage *address)
{
    struct sockaddr_in6 v6 = *(struct sockaddr_in6 *)address;
    if (v6.sin6_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
        return;
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = v6.sin6_port };
    memcpy(&v4.sin_addr, &v6.sin6_addr.s6_addr[12], sizeof v4.sin_addr);
    memcpy(address, &v4, sizeof v4);
}

static void admit_tcp(Loop *loop, int fd, struct sockaddr_storage *address)
{
    Arrival arrival = { .fd = fd };
    Str     proxy = loop->server->proxy;
    unmap(address);
    const void *ip = address->ss_family == AF_INET ? (const void *)&((struct sockaddr_in *)address)->sin_addr
                                                   : (const void *)&((struct sockaddr_in6 *)address)->sin6_addr;
    inet_ntop(address->ss_family, ip, arrival.peer, sizeof arrival.peer);
    bool from_proxy = proxy.len && str_eq(proxy, str_from(arrival.peer));
    arrival.key = from_proxy ? 0 : address_key(address); /* the proxy speaks for many */
    Verdict verdict = admission_enter(loop->server->admission, arrival.key);
    if (verdict == VERDICT_WELCOME)
        hand_on(loop, &arrival);
    else
        turn_away(fd, verdict);
}

/* No file descriptor is left: uses the spare one to turn one client away, so that it does not wait for ever and the
 * socket does not report it again and again. */
static void turn_away_without_file(Loop *loop, int listening)
{
    close(loop->spare_fd);
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        turn_away(fd, VERDICT_FULL);
    loop->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    Loop *loop = poll->data;
    bool  from_unix = poll == &loop->unix_poll;
    int   listening = from_unix ? loop->server->unix_fd : loop->server->tcp_fd;
    (void)status, (void)events;
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct sockaddr_storage address = { 0 };
        socklen_t               size = sizeof address;
        int fd = accept4(listening, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE)
                turn_away_without_file(loop, listening);
            return; /* none, or one that left while it waited */
        }
        if (from_unix)
            hand_on(loop, &(Arrival){ .fd = fd, .from_unix = true, .peer = "unix" });
        else
            admit_tcp(loop, fd, &address);
    }
}

/* ---- posts ---- */

void exchange_post(Exchange *exchange, void (*run)(Exchange *exchange, void *arg), void *arg)
{
    Inbox *inbox = &exchange->loop->inbox;
    pthread_mutex_lock(&inbox->lock);
    if (inbox->open) {
        Posts *posts = &inbox->posts;
        if (posts->count == posts->capacity) {
            posts->capacity = posts->capacity ? posts->capacity * 2 : 16;
            posts->items = mem_grow(posts->items, posts->capacity * sizeof *posts->items);
        }
        posts->items[posts->count++] = (Post){ exchange, run, arg };
        uv_async_send(&exchange->loop->wake);
    }
    pthread_mutex_unlock(&inbox->lock);
}

static void on_wake(uv_async_t *wake)
{
    Loop    *loop = wake->data;
    Posts    posts = loop->posts;
    Arrivals arrivals = loop->arrivals;
    pthread_mutex_lock(&loop->inbox.lock);
    loop->posts = loop->inbox.posts;
    loop->arrivals = loop->inbox.arrivals;
    loop->inbox.posts = posts;
    loop->inbox.arrivals = arrivals;
    pthread_mutex_unlock(&loop->inbox.lock);
    for (size_t i = 0; i < loop->arrivals.count; i++)
        welcome(loop, &loop->arrivals.items[i]);
    for (size_t i = 0; i < loop->posts.count; i++)
        exchange_run(&loop->posts.items[i]);
    loop->posts.count = loop->arrivals.count = 0;
}

/* ---- time and the end ---- */

static void end(Loop *loop)
{
    loop->ended = true;
    pthread_mutex_lock(&loop->inbox.lock);
    loop->inbox.open = false;
    pthread_mutex_unlock(&loop->inbox.lock);
    for (size_t i = 0; i < loop->inbox.arrivals.count; i++)
        hand_back(loop, &loop->inbox.arrivals.items[i]);
    loop->inbox.arrivals.count = 0;
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->tick, NULL);
    uv_close((uv_handle_t *)&loop->turn, NULL);
}

void loop_check_idle(Loop *loop)
{
    if (loop->connections || loop->ended)
        return;
    if (!loop->draining)
        uv_timer_stop(&loop->tick);
    else if (!loop->exchanges || loop->cut_off)
        end(loop);
}

static void on_tick(uv_timer_t *timer)
{
    Loop *loop = timer->data;
    bool  over = loop->draining && uv_now(&loop->uv) >= loop->drain_until;
    loop->cut_off |= over;
    for (Connection *connection = loop->connections; connection; connection = connection->next) {
        if (over)
            connection_close(connection);
        else
            connection_check_time(connection);
    }
    if (loop->draining)
        loop_check_idle(loop);
}

static void stop_accepting(uv_poll_t *poll, int fd)
{
    if (fd < 0)
        return;
    uv_close((uv_handle_t *)poll, NULL);
    shutdown(fd, SHUT_RDWR); /* for all loops at once: who connects now is told so and does not wait */
}

static void on_stop(uv_poll_t *poll, int status, int events)
{
    Loop *loop = poll->data;
    (void)status, (void)events;
    uv_close((uv_handle_t *)poll, NULL);
    stop_accepting(&loop->tcp_poll, loop->server->tcp_fd);
    stop_accepting(&loop->unix_poll, loop->server->unix_fd);
    loop->draining = true;
    loop->drain_until = uv_now(&loop->uv) + loop->server->limits.drain_ms;
    uv_timer_start(&loop->tick, on_tick, TICK_MS, TICK_MS);
    for (Connection *connection = loop->connections; connection; connection = connection->next)
        connection_drain(connection);
    loop_check_idle(loop);
}

Str loop_date_line(Loop *loop)
{
    static const char days[] = "MonTueWedThuFriSatSun", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t           now_s = env_now(&loop->server->config.env) / 1000;
    if (now_s != loop->date_s) {
        int64_t day = now_s / 86400;
        int     second = (int)(now_s % 86400);
        Date    date = date_from_day(day);
        loop->date_s = now_s;
        snprintf(loop->date_line, sizeof loop->date_line, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
                 days + 3 * (date_weekday(day) - 1), date.day, months + 3 * (date.month - 1), date.year, second / 3600,
                 second / 60 % 60, second % 60);
    }
    return (Str){ loop->date_line, DATE_LINE };
}

/* ---- the thread ---- */

static void poll_open(Loop *loop, uv_poll_t *poll, int fd, uv_poll_cb on_readable)
{
    if (fd < 0)
        return;
    uv_poll_init(&loop->uv, poll, fd);
    poll->data = loop;
    uv_poll_start(poll, UV_READABLE, on_readable);
}

Err loop_open(Loop *loop, Server *server, unsigned index)
{
    const ServerConfig *config = &server->config;
    *loop = (Loop){ .date_s = -1 };
    if (uv_loop_init(&loop->uv) != 0)
        return err_make(ECODE_INTERNAL, "no event loop: %m");
    Err err = config->loop_open ? config->loop_open(config->context, index, &loop->state) : ERR_OK;
    if (err.kind) {
        uv_loop_close(&loop->uv);
        return err;
    }
    loop->server = server;
    pthread_mutex_init(&loop->inbox.lock, NULL);
    loop->inbox.open = true;
    loop->read_buffer = mem_alloc(READ_BYTES);
    loop->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    env_random(&config->env, &loop->id_state, sizeof loop->id_state);
    uv_async_init(&loop->uv, &loop->wake, on_wake);
    uv_timer_init(&loop->uv, &loop->tick);
    uv_idle_init(&loop->uv, &loop->turn);
    loop->wake.data = loop->tick.data = loop->turn.data = loop;
    poll_open(loop, &loop->stop_poll, server->stop_fd, on_stop);
    poll_open(loop, &loop->tcp_poll, server->tcp_fd, on_acceptable);
    poll_open(loop, &loop->unix_poll, server->unix_fd, on_acceptable);
    return ERR_OK;
}

static void *run(void *loop)
{
    uv_run(&((Loop *)loop)->uv, UV_RUN_DEFAULT);
    return NULL;
}

/* The thread inherits a mask of all signals but those that a fault of its own raises. SIGPIPE is blocked with the rest:
 * a write to who has gone is an error like others. */
Err loop_start(Loop *loop)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };
    sigset_t         blocked, before;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int failed = pthread_create(&loop->thread, NULL, run, loop);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed ? err_make(ECODE_INTERNAL, "no thread for a loop") : ERR_OK;
}

void loop_join(Loop *loop) { pthread_join(loop->thread, NULL); }

void loop_close(Loop *loop)
{
    const ServerConfig *config = &loop->server->config;
    uv_run(&loop->uv, UV_RUN_DEFAULT); /* one that was never started drains here: stop_fd is readable */
    uv_loop_close(&loop->uv);
    if (config->loop_close)
        config->loop_close(config->context, loop->state);
    close(loop->spare_fd);
    free(loop->read_buffer);
}

static void exchanges_free(Exchange *exchange)
{
    while (exchange) {
        Exchange *next = exchange->next;
        arena_free(exchange->arena);
        free(exchange);
        exchange = next;
    }
}

void loop_free(Loop *loop)
{
    while (loop->exchanges)
        exchange_free(loop->exchanges);
    exchanges_free(loop->spare);
    pthread_mutex_destroy(&loop->inbox.lock);
    free(loop->inbox.posts.items);
    free(loop->inbox.arrivals.items);
    free(loop->posts.items);
    free(loop->arrivals.items);
}
