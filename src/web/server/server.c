#include "web/server/server.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "web/server/listen.h"
#include "web/server/loop.h"

enum { OTHER_FILES = 256 }; /* open files besides connections: database, loops, uploads */

ServerLimits server_limits(void)
{
    return (ServerLimits){
        .connections = LIMIT_CONNECTIONS,
        .connections_per_address = LIMIT_CONNECTIONS_PER_ADDRESS,
        .body_bytes = LIMIT_BODY_BYTES,
        .in_flight_bytes = LIMIT_IN_FLIGHT_BYTES,
        .header_ms = LIMIT_HEADER_MS,
        .keep_alive_ms = LIMIT_KEEP_ALIVE_MS,
        .slow_grace_ms = LIMIT_SLOW_GRACE_MS,
        .linger_ms = LIMIT_LINGER_MS,
        .drain_ms = LIMIT_DRAIN_MS,
        .body_bytes_per_s = LIMIT_BODY_BYTES_PER_S,
        .reader_bytes_per_s = LIMIT_READER_BYTES_PER_S,
    };
}

static bool take_within(Server *server, size_t size, size_t most)
{
    size_t before = atomic_fetch_add(&server->in_flight, size);
    bool   fits = before + size <= most;
    if (!fits)
        atomic_fetch_sub(&server->in_flight, size);
    return fits;
}

bool memory_take(Server *server, size_t size) { return take_within(server, size, server->limits.in_flight_bytes); }

bool memory_take_piece(Server *server, size_t size)
{
    return take_within(server, size, server->limits.in_flight_bytes / 2);
}

void memory_give(Server *server, size_t size)
{
    if (size)
        atomic_fetch_sub(&server->in_flight, size);
}

Server *server_new(const ServerConfig *config)
{
    Server *server = mem_alloc(sizeof *server);
    Arena  *arena = arena_new();
    *server = (Server){ .arena = arena,
                        .config = *config,
                        .limits = config->limits ? *config->limits : server_limits(),
                        .stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
                        .tcp_fd = -1,
                        .unix_fd = -1,
                        .loop_count = config->loops ? config->loops : uv_available_parallelism() };
    server->config.listen = str_dup(arena, config->listen);
    server->config.unix_path = str_dup(arena, config->unix_path);
    server->config.behind_proxy = str_dup(arena, config->behind_proxy);
    server->config.limits = &server->limits;
    server->admission = admission_new(&server->config.env, server->limits.connections,
                                      server->limits.connections_per_address);
    server->loops = arena_array(arena, server->loop_count, sizeof *server->loops);
    return server;
}

void server_free(Server *server)
{
    if (!server)
        return;
    for (unsigned i = 0; i < server->loop_count; i++)
        if (server->loops[i].server)
            loop_free(&server->loops[i]);
    admission_free(server->admission);
    close(server->stop_fd);
    arena_free(server->arena);
    free(server);
}

void server_stop(Server *server)
{
    uint64_t one = 1;
    ssize_t  written = write(server->stop_fd, &one, sizeof one);
    (void)written; /* fails only when it is readable already, which is all that is wanted */
}

/* Each connection needs a file; the limit that shells set is often below ours. */
static void allow_files(size_t connections)
{
    struct rlimit limit;
    rlim_t        wanted = (rlim_t)connections + OTHER_FILES;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static Err listen_all(Server *server, Str *out_bound)
{
    const ServerConfig     *config = &server->config;
    struct sockaddr_storage proxy;
    bool                    proxied = config->behind_proxy.len > 0;
    ErrCode elsewhere = config->loopback_only ? ECODE_PORT_DEMO : proxied ? ECODE_OK : ECODE_PORT_REFUSED;
    *out_bound = config->unix_path;
    if (proxied) {
        if (!address_parse(config->behind_proxy, &proxy))
            return err_make(ECODE_PORT_PROXY, "the proxy %.*s is not an address", STR_FMT(config->behind_proxy));
        server->proxy = address_text(server->arena, &proxy, false);
    }
    if (config->unix_path.len)
        TRY(listen_unix(config->unix_path, &server->unix_fd));
    if (config->listen.len)
        TRY(listen_tcp(server->arena, config->listen, elsewhere, &server->tcp_fd, out_bound));
    return ERR_OK;
}

static void unlisten(Server *server)
{
    if (server->tcp_fd >= 0)
        close(server->tcp_fd);
    if (server->unix_fd >= 0) {
        unlink(str_dup_z(server->arena, server->config.unix_path));
        close(server->unix_fd);
    }
}

/* Starts the threads, waits for all of them. */
static Err run_loops(Server *server, Str bound)
{
    const ServerConfig *config = &server->config;
    Err                 err = config->listening ? config->listening(config->context) : ERR_OK;
    unsigned            started = 0;
    while (started < server->loop_count && !err.kind) {
        err = loop_start(&server->loops[started]);
        started += !err.kind;
    }
    if (err.kind)
        server_stop(server);
    else if (config->ready)
        config->ready(config->context, bound);
    for (unsigned i = 0; i < started; i++)
        loop_join(&server->loops[i]);
    return err;
}

static Err open_and_run(Server *server)
{
    Str      bound;
    Err      err = listen_all(server, &bound);
    unsigned opened = 0;
    while (!err.kind && opened < server->loop_count) {
        err = loop_open(&server->loops[opened], server, opened);
        opened += !err.kind;
    }
    if (err.kind)
        server_stop(server);
    else
        err = run_loops(server, bound);
    for (unsigned i = 0; i < opened; i++)
        loop_close(&server->loops[i]);
    return err;
}

Err server_run(Server *server)
{
    allow_files(server->limits.connections);
    Err err = open_and_run(server);
    unlisten(server);
    return err;
}

/* ---- signals ---- */

/* A signal handler is given no argument; this is the server that SIGTERM and SIGINT end. */
static _Atomic(Server *) signalled;

static void on_signal(int number)
{
    (void)number;
    Server *server = atomic_load(&signalled);
    if (server)
        server_stop(server);
}

void server_signals_take(Server *server, ServerSignals *before)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    sigemptyset(&action.sa_mask);
    atomic_store(&signalled, server);
    sigaction(SIGTERM, &action, &before->term);
    sigaction(SIGINT, &action, &before->interrupt);
}

void server_signals_give_back(const ServerSignals *before)
{
    sigaction(SIGTERM, &before->term, NULL);
    sigaction(SIGINT, &before->interrupt, NULL);
    atomic_store(&signalled, NULL);
}
