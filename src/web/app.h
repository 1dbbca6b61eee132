/* web/app.h: the application: a city, its pages and addresses, and what serving them needs. main builds it; once it
 * serves it is only read, but for counters and the gate and queue of sign-ins, which look after themselves. */
#ifndef FM_WEB_APP_H
#define FM_WEB_APP_H

#include "web/call.h"

/* Lines on stderr. Notable is what failed on our side, was refused for who asked, or took longer than APP_SLOW_MS. */
typedef enum AppLog {
    APP_LOG_NOTABLE,
    APP_LOG_ALL,    /* every request */
    APP_LOG_FAULTS, /* what failed on our side alone */
    APP_LOG_NONE
} AppLog;

typedef struct AppConfig {
    City       *city;  /* open; the app does not close it */
    SignInRates rates; /* zero: no bound; SIGN_IN_RATES by default of the command line */
    AppLog      log;
    EnvAhead   *test_clock; /* the city's clock, for POST /api/v1/test-clock; NULL: there is no such address */
} AppConfig;

#define APP_SLOW_MS           100
#define APP_SLOW_STATEMENT_MS 100
#define APP_VERSION           "0.1.0"

/* For city_watch_slow(): a line on stderr for each statement that took APP_SLOW_STATEMENT_MS, with marks in place of
 * its values. */
extern const DbSlow app_slow_statements;

/* ECODE_TEMPLATE_* when a page's template has a problem. */
Err                app_new(const AppConfig *config, App **out) MUST_CHECK;
void               app_free(App *app); /* NULL does nothing */
static inline void app_freep(App **app) { app_free(*app); }

/* ---- serving ---- */

typedef struct AppServe {
    Str      listen;                           /* "127.0.0.1:8080"; port 0 picks one; empty: only the Unix socket */
    Str      behind_proxy;                     /* address of the proxy that speaks TLS, or empty */
    unsigned loops;                            /* 0: as many as cores */
    void (*ready)(void *context, Str address); /* everything listens; NULL: prints "listening on http://ADDRESS" */
    void *context;
} AppServe;

/* Serves TCP and DIR/socket until app_stop(), SIGTERM or SIGINT; then drains and returns. Once for each app. A demo
 * city, and one on a test clock, refuse any address but loopback (ECODE_PORT_DEMO). Errors as server_run(). */
Err  app_serve(App *app, const AppServe *serve) MUST_CHECK;
void app_stop(App *app); /* from any thread or a signal handler, before app_free() */

/* ---- the same addresses without a server, for verbs of the command line ---- */

typedef struct AppSink { /* takes a body that comes in pieces; an error of its own ends it */
    Err (*take)(void *context, Str piece);
    void *context;
} AppSink;

typedef struct AppRequest {
    Method         method;
    Str            target; /* "/api/v1/records/result?limit=10", percent-encoded */
    Str            as;     /* login to act as; empty: the first operator */
    Str            body;   /* or empty */
    Str            media;  /* of the body; empty: application/json */
    Str            if_match;
    Lang           lang;
    const AppSink *sink; /* where the address answers in pieces; any other body is in the reply all the same */
} AppRequest;

typedef struct AppReply {
    int           status;
    const Header *headers;
    size_t        header_count;
    Str           body;
} AppReply;

/* Runs one request as the operator of this machine, waiting for what it waits for. reply lives in arena. Errors: of the
 * sink, or what ended a body in pieces half-way. */
Err app_call(App *app, Db *db, Arena *arena, const AppRequest *request, AppReply *out) MUST_CHECK;

#endif
