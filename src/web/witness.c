#include "web/witness.h"

#include "base/limits.h"
#include "web/server/server.h"

#include <stdio.h>

#define CHECKPOINT_PATH "/checkpoint"

static void reply(Exchange *exchange, int status, Str type, Str body)
{
    Header *headers = ARENA_ARRAY(exchange_arena(exchange), Header, 2);
    headers[0] = (Header){ STR("Content-Type"), type };
    headers[1] = (Header){ STR("X-Content-Type-Options"), STR("nosniff") };
    exchange_reply(exchange, status, headers, 2, body);
}

static void reply_plain(Exchange *exchange, int status, Str body)
{
    reply(exchange, status, STR("text/plain; charset=utf-8"), body);
}

static void reply_failed(Exchange *exchange, Err err)
{
    fprintf(stderr, "witness: %.*s: %s\n", STR_FMT(err_row(err.code)->code), err.context);
    reply_plain(exchange, err_http(err.kind), STR("try again later\n"));
}

static Str reason_of(int status)
{
    switch (status) {
    case 400: return STR("not a request as of C2SP tlog-witness, or the old size is past the checkpoint\n");
    case 403: return STR("not signed by the key that this witness knows of that log\n");
    case 404: return STR("this witness does not watch that log\n");
    default: return STR("not the continuation of what was cosigned last\n");
    }
}

static void add_checkpoint(const WitnessServe *how, Exchange *exchange)
{
    WitnessAnswer answer;
    Err           err = witness_add_checkpoint(how->witness, exchange_arena(exchange), exchange_body(exchange),
                                               env_now(&how->env) / 1000, &answer);
    if (err.kind)
        reply_failed(exchange, err);
    else if (answer.status == 409)
        reply(exchange, 409, STR("text/x.tlog.size"), answer.body);
    else
        reply_plain(exchange, answer.status, answer.status == 200 ? answer.body : reason_of(answer.status));
}

static void last_checkpoint(const WitnessServe *how, Exchange *exchange, Str origin_hash)
{
    Str note = STR_NONE;
    Err err = witness_last(how->witness, exchange_arena(exchange), origin_hash, &note);
    if (err.kind)
        reply_failed(exchange, err);
    else if (!note.len)
        reply_plain(exchange, 404, STR("nothing was cosigned of that log\n"));
    else
        reply_plain(exchange, 200, note);
}

static void handle(Exchange *exchange, void *context)
{
    const WitnessServe *how = context;
    Method              method = exchange_method(exchange);
    Str                 path = exchange_path(exchange);
    if (str_eq(path, STR("/add-checkpoint")))
        method == METHOD_POST ? add_checkpoint(how, exchange) : reply_plain(exchange, 405, STR("POST only\n"));
    else if ((method == METHOD_GET || method == METHOD_HEAD) && str_ends(path, STR(CHECKPOINT_PATH)) &&
             path.len > STR(CHECKPOINT_PATH).len)
        last_checkpoint(how, exchange, str_slice(path, 1, path.len - STR(CHECKPOINT_PATH).len));
    else
        reply_plain(exchange, 404, STR("there are POST /add-checkpoint and GET /<origin hash>/checkpoint\n"));
}

static void ready(void *context, Str address)
{
    const WitnessServe *how = context;
    how->ready(how->context, address);
}

Err witness_serve(const WitnessServe *how)
{
    ServerSignals before;
    ServerLimits  limits = server_limits();
    ServerConfig  config = { .listen = how->listen,
                             .behind_proxy = how->behind_proxy,
                             .loops = 1, /* the witness is of one thread */
                             .limits = &limits,
                             .env = how->env,
                             .context = (void *)how,
                             .handle = handle,
                             .ready = ready };
    limits.body_bytes = LIMIT_WITNESS_BYTES;
    Server *server = server_new(&config);
    server_signals_take(server, &before);
    Err err = server_run(server);
    server_signals_give_back(&before);
    server_free(server);
    return err;
}
