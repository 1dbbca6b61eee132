/* cli/serve.c: firstmile serve: the server over a city, until SIGTERM or SIGINT. */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/verbs.h"
#include "kernel/event.h"
#include "web/app.h"

#include <signal.h>
#include <stdio.h>

#define LISTEN_DEFAULT "127.0.0.1:8080"

static void print_ready(void *context, Str address)
{
    Cli *cli = context;
    Str  url = str_printf(cli->arena, "http://%.*s", STR_FMT(address));
    if (cli->json) {
        Json *json = json_object(cli->arena);
        json_set_str(cli->arena, json, STR("listening"), url);
        cli_print_json(cli, json);
    } else {
        cli_print(
            str_printf(cli->arena, "listening on %.*s", STR_FMT(url))); /* in both languages: programs wait for it */
    }
    fflush(stdout);
}

/* A city that ran ahead before goes on from there. */
static Err catch_up(const City *city, EnvAhead *clock)
{
    OWNED(db) Db *db = NULL;
    int64_t       sequence, last;
    TRY(city_reader(city, &db));
    TRY(event_next(db, 0, &sequence, &last));
    env_advance(clock, last);
    return ERR_OK;
}

static Err serve(Cli *cli, City *city, EnvAhead *clock)
{
    OWNED(app) App *app = NULL;
    Str             listen = cli_option(cli, "listen");
    AppConfig       config = { .city = city,
                               .rates = SIGN_IN_RATES,
                               .log = cli_switch(cli, "quiet") ? APP_LOG_FAULTS : APP_LOG_NOTABLE,
                               .test_clock = clock };
    AppServe        how = { .listen = listen.ptr ? listen : STR(LISTEN_DEFAULT),
                            .behind_proxy = cli_option(cli, "behind-proxy"),
                            .ready = print_ready,
                            .context = cli };
    if (clock)
        TRY(catch_up(city, clock));
    if (city_writes(city).kind)
        cli_note(err_row(city_writes(city).code)->detail.in[cli->lang]);
    city_watch_slow(city, &app_slow_statements);
    signal(SIGPIPE, SIG_IGN); /* a client that has gone is no reason to end */
    TRY(app_new(&config, &app));
    Err err = app_serve(app, &how);
    if (!err.kind)
        return ERR_OK;
    return CLI_FAIL(cli, err, ARG("address", how.listen), ARG("proxy", how.behind_proxy),
                    ARG("path", city->socket_path));
}

static Err open_city(Cli *cli, Str dir, City **out)
{
    TRY(client_refuse_served(dir));
    return city_open(dir, cli_option(cli, "key-dir"), cli->env, out);
}

static Err run(Cli *cli)
{
    EnvAhead          clock = { 0 };
    bool              ahead = cli_switch(cli, "test-clock");
    OWNED(city) City *city = NULL;
    Str               dir = cli_argument(cli, "DIR");
    if (ahead)
        cli->env = env_ahead(&clock);
    Err err = open_city(cli, dir, &city);
    return err.kind ? CLI_FAIL(cli, err, ARG("dir", dir), ARG("path", dir)) : serve(cli, city, ahead ? &clock : NULL);
}

const Verb verb_serve = {
    .name = "serve",
    .summary = TEXT_INIT("提供网页和接口服务", "serve pages and API"),
    .notes = TEXT_INIT(
        "输出 listening on … 后即可访问；收到 SIGTERM 后办完手头的请求再停。演示城市只监听本机。",
        "Ready when it prints listening on …; SIGTERM lets running requests end first. A demo city listens on\n"
        "loopback only."),
    .arguments = { ARGUMENT_DIR },
    .options = { { "listen", "ADDR:PORT",
                   TEXT_INIT("监听地址（默认 " LISTEN_DEFAULT "；端口 0 为任选）",
                             "where to listen (default: " LISTEN_DEFAULT "; port 0 picks one)") },
                 { "behind-proxy", "ADDR",
                   TEXT_INIT("前置 TLS 代理的地址；只信任它转达的来源",
                             "address of the proxy that speaks TLS, the only one believed") },
                 OPTION_KEY_DIR,
                 { "test-clock", NULL,
                   TEXT_INIT("测试用：城市的时钟可由 POST /api/v1/test-clock 向前拨；只监听本机",
                             "for tests: POST /api/v1/test-clock sets the city's clock forward; loopback only") },
                 { "quiet", NULL, TEXT_INIT("只记录程序自身的错误", "log only what fails on our side") } },
    .run = run,
};
