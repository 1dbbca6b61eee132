/* server_bench [SECONDS]: a server of two loops that answers "ok", under load by wrk with one thread and 32
 * connections: alone, and beside 2,000 clients that never finish their request. Also the memory of 2,000 idle
 * connections. Prints one JSON object. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "web/server/server.h"

enum { IDLE = 2000, OUTPUT_MAX = 65536 };

typedef struct Bench {
    Server   *server;
    pthread_t thread;
    sem_t     ready;
    char      address[64];
    Err       ended;
} Bench;

extern char **environ;

static void handle(Exchange *exchange, void *context)
{
    (void)context;
    static const Header type = { STR_INIT("Content-Type"), STR_INIT("text/plain") };
    exchange_reply(exchange, 200, &type, 1, STR("ok\n"));
}

static void on_ready(void *context, Str address)
{
    Bench *bench = context;
    snprintf(bench->address, sizeof bench->address, "%.*s", STR_FMT(address));
    sem_post(&bench->ready);
}

static void *run(void *context)
{
    Bench *bench = context;
    bench->ended = server_run(bench->server);
    sem_post(&bench->ready);
    return NULL;
}

/* Output of a program, or "" when it cannot be run. */
static Str output_of(const char *const words[], char room[OUTPUT_MAX])
{
    int                        ends[2];
    pid_t                      child;
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return STR("");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    int failed = posix_spawnp(&child, words[0], &actions, NULL, (char *const *)words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    size_t  length = 0;
    ssize_t step;
    while ((step = read(ends[0], room + length, OUTPUT_MAX - length)) > 0)
        length += (size_t)step;
    close(ends[0]);
    if (failed)
        return STR("");
    waitpid(child, NULL, 0);
    return (Str){ room, length };
}

/* What follows name in wrk's report, up to the end of the line. */
static Str figure(Str report, Str name)
{
    size_t at = str_find(report, name);
    if (at == report.len)
        return STR("null");
    Str rest = str_slice(report, at + name.len, report.len);
    return str_trim(str_cut(&rest, '\n'));
}

/* "512.00us" and "1.20ms" in microseconds. */
static double microseconds(Str text)
{
    char  plain[32];
    char *unit;
    snprintf(plain, sizeof plain, "%.*s", STR_FMT(text));
    double number = strtod(plain, &unit); /* lint: allow banned: a figure of wrk's report, not an amount */
    return unit[0] == 'm' ? number * 1000 : unit[0] == 's' ? number * 1e6 : number;
}

/* Resident memory without shared pages, in bytes. */
static int64_t memory_used(void)
{
    char  line[256];
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || !fgets(line, sizeof line, file))
        return 0;
    fclose(file);
    int64_t resident = 0, shared = 0;
    Str     rest = str_from(line);
    str_cut(&rest, ' ');
    str_int(str_cut(&rest, ' '), &resident);
    str_int(str_cut(&rest, ' '), &shared);
    return (resident - shared) * sysconf(_SC_PAGESIZE);
}

/* Opens IDLE connections on each of which text is sent, and an answer awaited when there is one. */
static bool open_clients(const Bench *bench, Str text, bool answered, int fds[IDLE])
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    int64_t            port = 0;
    char               answer[512];
    Str                rest = str_from(bench->address);
    str_cut(&rest, ':');
    str_int(rest, &port);
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < IDLE; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fds[i] < 0 || connect(fds[i], (struct sockaddr *)&address, sizeof address) != 0 ||
            send(fds[i], text.ptr, text.len, MSG_NOSIGNAL) < 0 ||
            (answered && recv(fds[i], answer, sizeof answer, 0) <= 0))
            return false;
    }
    return true;
}

static void close_clients(const int fds[IDLE])
{
    for (int i = 0; i < IDLE; i++)
        close(fds[i]);
}

typedef struct Load {
    Str    rate;
    double p50_us, p99_us;
} Load;

static Load load(const Bench *bench, const char *seconds)
{
    static char room[OUTPUT_MAX];
    char        url[96], duration[32];
    snprintf(url, sizeof url, "http://%s/", bench->address);
    snprintf(duration, sizeof duration, "-d%s", seconds);
    const char *const wrk[] = { "wrk", "-t1", "-c32", duration, "--latency", url, NULL };
    Str               report = output_of(wrk, room);
    return (Load){ figure(report, STR("Requests/sec:")), microseconds(figure(report, STR("50%"))),
                   microseconds(figure(report, STR("99%"))) };
}

/* The figures, one after the other; false when clients cannot connect. */
static bool measure(const Bench *bench, const char *seconds)
{
    static int fds[IDLE];
    Load       alone = load(bench, seconds);
    printf("{\"requests_per_second\":%.*s,\"p50_us\":%.0f,\"p99_us\":%.0f", STR_FMT(alone.rate), alone.p50_us,
           alone.p99_us);
    int64_t before = memory_used();
    if (!open_clients(bench, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), true, fds))
        return false;
    printf(",\"idle_connection_bytes\":%lld", (long long)(memory_used() - before) / IDLE);
    close_clients(fds);
    if (!open_clients(bench, STR("GET / HTTP/1.1\r\nHost:"), false, fds))
        return false;
    Load beside = load(bench, seconds);
    printf(",\"beside_slow_clients\":{\"requests_per_second\":%.*s,\"p99_us\":%.0f,\"clients\":%d}",
           STR_FMT(beside.rate), beside.p99_us, IDLE);
    close_clients(fds);
    printf(",\"loops\":2,\"client\":\"wrk -t1 -c32\"}\n");
    return true;
}

int main(int count, char **words)
{
    Bench        bench = { 0 };
    ServerLimits limits = server_limits();
    limits.connections_per_address = limits.connections;
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 16384, 16384 });
    sem_init(&bench.ready, 0, 0);
    ServerConfig config = { .listen = STR("127.0.0.1:0"),
                            .loops = 2,
                            .limits = &limits,
                            .env = env_system(),
                            .context = &bench,
                            .handle = handle,
                            .ready = on_ready };
    bench.server = server_new(&config);
    pthread_create(&bench.thread, NULL, run, &bench);
    sem_wait(&bench.ready);
    bool done = bench.address[0] && measure(&bench, count > 1 ? words[1] : "3");
    server_stop(bench.server);
    pthread_join(bench.thread, NULL);
    if (!done)
        fprintf(stderr, "server_bench: %s\n", bench.ended.kind ? bench.ended.context : "clients cannot connect");
    server_free(bench.server);
    sem_destroy(&bench.ready);
    return done ? 0 : 1;
}
