/* web/app.c: see app.h. */
#include "web/app.h"

#include "base/limits.h"
#include "kernel/duties.h"
#include "services/effects.h"
#include "web/dispatch.h"

#include <stdio.h>
#include <stdlib.h>

Err app_new(const AppConfig *config, App **out)
{
    App  *app = mem_alloc(sizeof *app);
    Look *look;
    app->config = *config;
    config->city->effects = &service_effects;
    app->arena = arena_new();
    pthread_mutex_init(&app->mutex, NULL);
    pthread_cond_init(&app->home, NULL);
    app->gate = sign_in_gate_new(config->city, config->rates);
    for (AsideKind kind = 0; kind < ASIDE_KINDS; kind++)
        app->asides[kind] = aside_new(config->city, kind);
    app->filters = rate_new(hmac_sha256(hash_str(&config->city->secret), STR("firstmile costly filters 1")));
    Err err = look_new(app->arena, &look);
    app->look = look;
    if (!err.kind)
        err = sign_in_queue_new(config->city, 0, LIMIT_SIGN_IN_QUEUE, &app->passwords);
    if (err.kind) {
        app_free(app);
        return err_within(err, "application");
    }
    *out = app;
    return ERR_OK;
}

void app_free(App *app)
{
    if (!app)
        return;
    for (AsideKind kind = 0; kind < ASIDE_KINDS; kind++)
        aside_free(app->asides[kind]);
    app_wait_home(app); /* nobody posts to an exchange from here on */
    server_free(atomic_load(&app->server));
    sign_in_queue_free(app->passwords);
    sign_in_gate_free(app->gate);
    rate_free(app->filters);
    pthread_mutex_destroy(&app->mutex);
    pthread_cond_destroy(&app->home);
    arena_free(app->arena);
    free(app);
}

/* ---- loops ---- */

static Err loop_open(void *context, unsigned index, void **out)
{
    App *app = context;
    Db  *db;
    if (index >= LOOPS_MAX)
        return err_make(ECODE_INTERNAL, "over %d loops", LOOPS_MAX);
    TRY(city_reader(app->config.city, &db));
    Loop *loop = mem_alloc(sizeof *loop);
    loop->db = db;
    app->loops[index] = loop;
    atomic_store(&app->loop_count, index + 1);
    *out = loop;
    return ERR_OK;
}

static void loop_close(void *context, void *state)
{
    App  *app = context;
    Loop *loop = state;
    atomic_store(&app->loop_count, 0);
    db_close(loop->db);
    free(loop);
}

/* ---- serving ---- */

static void print_ready(void *context, Str address)
{
    (void)context;
    printf("listening on http://%.*s\n", STR_FMT(address));
    fflush(stdout);
}

/* Not before: a city that cannot be served is left as it is. */
static Err listening(void *context) { return duties_start(((App *)context)->config.city); }

static void ready(void *context, Str address)
{
    App *app = context;
    if (app->serve->ready)
        app->serve->ready(app->serve->context, address);
    else
        print_ready(NULL, address);
}

Err app_serve(App *app, const AppServe *serve)
{
    City         *city = app->config.city;
    ServerSignals before;
    ServerConfig  config = { .listen = serve->listen,
                             .unix_path = city->socket_path,
                             .behind_proxy = serve->behind_proxy,
                             .loopback_only = city->demo || app->config.test_clock,
                             .loops = serve->loops,
                             .env = city->env,
                             .context = app,
                             .handle = dispatch_exchange,
                             .refuse = dispatch_refuse,
                             .body_max = dispatch_body_max,
                             .body_begin = dispatch_body_begin,
                             .loop_open = loop_open,
                             .loop_close = loop_close,
                             .listening = listening,
                             .ready = ready };
    app->serve = serve;
    Server *server = server_new(&config);
    atomic_store(&app->server, server);
    server_signals_take(server, &before);
    if (atomic_load(&app->stopped))
        server_stop(server);
    Err err = server_run(server);
    duties_stop(city);
    server_signals_give_back(&before);
    return err; /* the server itself goes in app_free: who stops it may still hold it */
}

void app_stop(App *app)
{
    atomic_store(&app->stopped, true);
    Server *server = atomic_load(&app->server);
    if (server)
        server_stop(server);
}
