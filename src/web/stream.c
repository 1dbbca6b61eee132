/* web/stream.c: see stream.h. */
#include "web/stream.h"

#include "web/dispatch.h"
#include "web/identify.h"

typedef struct Stream {
    Call     *call;
    Arena    *arena; /* of one piece at a time */
    CallPiece next;
    void (*end)(Call *call);
    Str     first; /* made before there was a reply */
    bool    has_first;
    int64_t spent_us; /* on the reply, without waiting for its reader */
} Stream;

/* ---- one piece ---- */

/* With the stream's arena in place of the call's own. */
static Err piece_make(Stream *stream, Str *out, Problems *problems)
{
    Call  *call = stream->call;
    Arena *own = call->ctx.arena;
    call->ctx.arena = stream->arena;
    Err err = stream->next(call, out, problems);
    call->ctx.arena = own;
    return err;
}

/* A session may have ended since the last piece, a membership too. */
Err stream_still_allowed(const Call *call)
{
    Call         again = *call;
    const Actor *actor = call->ctx.actor;
    if (!actor)
        return ERR_OK;
    again.ctx.actor = NULL;
    again.ctx.now_ms = env_now(&again.app->config.city->env);
    TRY(identify(&again));
    bool same = again.ctx.actor && again.ctx.actor->role == actor->role &&
                str_eq(again.ctx.actor->membership, actor->membership);
    return same ? ERR_OK : err_make(ECODE_SIGN_IN_NEEDED, "not the same any more");
}

static Err piece_read(Stream *stream, Str *out)
{
    Problems problems = { .arena = stream->arena };
    Call     piece = *stream->call;
    TRY(call_snapshot_open(stream->call));
    piece.ctx.arena = stream->arena;
    Err err = stream_still_allowed(&piece);
    if (!err.kind)
        err = piece_make(stream, out, &problems);
    call_snapshot_close(stream->call);
    return err;
}

static Err stream_next(void *context, Str *out)
{
    Stream *stream = context;
    Call   *call = stream->call;
    int64_t begun_us = monotonic_us();
    *out = STR_NONE;
    if (stream->has_first) {
        *out = stream->first;
        stream->has_first = false;
        return ERR_OK;
    }
    arena_reset(stream->arena);
    Err err = piece_read(stream, out);
    if (err.kind) { /* what the log says of the reply; the client was told another status, and sees no end */
        call->reply.err = err;
        call->reply.status = err_http(err.kind);
    }
    stream->spent_us += monotonic_us() - begun_us;
    return err;
}

static void stream_end(void *context)
{
    const Stream *stream = context;
    if (stream->end)
        stream->end(stream->call);
    stream->call->transport->start_us = monotonic_us() - stream->spent_us;
    call_ended(stream->call);
    arena_free(stream->arena);
}

/* ---- the whole ---- */

void call_stream(Call *call, Str media, CallPiece next, void (*end)(Call *call))
{
    Stream  *stream = ARENA_NEW(call->ctx.arena, Stream);
    Problems problems = call_problems(call);
    *stream = (Stream){ .call = call, .arena = arena_new(), .next = next, .end = end, .has_first = true };
    Err err = piece_make(stream, &stream->first, &problems);
    if (err.kind) {
        call_fail(call, err, &problems);
        if (end)
            end(call);
        arena_free(stream->arena);
        return;
    }
    call_bytes(call, 200, media, STR_NONE);
    call->stream = stream;
}

void stream_begin(Call *call)
{
    Stream        *stream = call->stream;
    const Producer producer = { .next = stream_next, .end = stream_end, .context = stream, .arena = stream->arena };
    stream->spent_us = monotonic_us() - call->transport->start_us;
    if (call->transport->exchange)
        exchange_stream(call->transport->exchange, call->reply.status, call->reply.headers, call->reply.header_count,
                        &producer);
}

Err stream_run(Call *call)
{
    const AppSink *sink = call->transport->request->sink;
    Str            piece;
    Err            err = sink ? ERR_OK : err_make(ECODE_INTERNAL, "nobody takes what comes in pieces");
    while (!err.kind) {
        err = stream_next(call->stream, &piece);
        if (err.kind || !piece.len)
            break;
        err = sink->take(sink->context, piece);
    }
    stream_end(call->stream);
    return err;
}
