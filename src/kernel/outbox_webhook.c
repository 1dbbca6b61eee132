/* kernel/outbox_webhook.c: steps to deliveries, and deliveries to signed messages. */
#include "base/limits.h"
#include "kernel/evolve.h"
#include "kernel/history.h"
#include "kernel/outbox_channel.h"
#include "kernel/webhook.h"

#define FAN_OUT_EVENTS 500 /* of one writer's job */

static const Str sql_last = STR_INIT("SELECT coalesce(max(sequence), 0) FROM event");
static const Str sql_events = STR_INIT("SELECT e.sequence, r.item, r.type, r.record, e.action FROM event e"
                                       " JOIN event_record r ON r.sequence = e.sequence"
                                       " WHERE e.sequence > ? AND e.sequence <= ? ORDER BY e.sequence, r.item");

/* ---- events to deliveries ---- */

typedef struct FanOut {
    WriterJob      job;
    const Webhook *webhook;
    Delivery      *deliveries;
    size_t         count;
    int64_t        sequence;
} FanOut;

static Err fan_out_write(Db *db, WriterJob *job)
{
    const FanOut *out = (const FanOut *)job;
    for (size_t i = 0; i < out->count; i++)
        TRY(delivery_add(db, &out->deliveries[i]));
    return webhook_passed(db, out->webhook->id, out->sequence);
}

static Err last_event(Db *db, int64_t *out)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    TRY(db_query(db, sql_last, NULL, 0, &rows));
    TRY(rows_next(rows, &more));
    *out = rows_int(rows, 0);
    return ERR_OK;
}

static Delivery delivery_new(const Ctx *ctx, const Webhook *webhook, const Rows *rows)
{
    int64_t now = env_now(&ctx->city->env);
    return (Delivery){ .id = delivery_id(ctx->city, ctx->arena),
                       .target = webhook->id,
                       .type = str_dup(ctx->arena, rows_borrow_text(rows, 2)),
                       .record = str_dup(ctx->arena, rows_borrow_text(rows, 3)),
                       .sequence = rows_int(rows, 0),
                       .item = rows_int(rows, 1),
                       .next_ms = now,
                       .created_ms = now };
}

/* A type that was given another name is wanted under either. */
static bool is_wanted(const Ctx *ctx, const Webhook *webhook, const Rows *rows)
{
    Str         type = rows_borrow_text(rows, 2), action = rows_borrow_text(rows, 4);
    const Type *today = evolve_type(ctx->city->names, rows_int(rows, 0), type);
    if (webhook_wants(webhook, type, action) || (today && webhook_wants(webhook, today->name, action)))
        return true;
    for (Str rest = webhook->types; today && rest.len;)
        if (evolve_type(ctx->city->names, 1, str_cut(&rest, ',')) == today)
            return webhook_wants(webhook, STR_NONE, action);
    return false;
}

static Err wanted_events(const Ctx *ctx, FanOut *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_int(out->webhook->sequence), value_int(out->sequence) };
    size_t            capacity = 0;
    bool              more;
    TRY(db_query(ctx->db, sql_events, params, 2, &rows));
    for (;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        if (!is_wanted(ctx, out->webhook, rows))
            continue;
        ARENA_ROOM(ctx->arena, out->deliveries, out->count, capacity);
        out->deliveries[out->count++] = delivery_new(ctx, out->webhook, rows);
    }
}

/* The events themselves are the queue behind the one of deliveries. */
static Err fan_out_one(const Ctx *ctx, const Webhook *webhook, int64_t last)
{
    int64_t waiting;
    if (webhook->ended_ms || webhook->sequence >= last)
        return ERR_OK;
    TRY(delivery_waiting(ctx->db, webhook->id, &waiting));
    if (waiting >= LIMIT_DELIVERIES_WAITING)
        return ERR_OK;
    FanOut out = { .job = { .run = fan_out_write },
                   .webhook = webhook,
                   .sequence = webhook->sequence + FAN_OUT_EVENTS };
    if (out.sequence > last)
        out.sequence = last;
    TRY(wanted_events(ctx, &out));
    return writer_run(ctx->city->writer, &out.job);
}

Err webhook_fan_out(const Ctx *ctx)
{
    Webhook *webhooks;
    size_t   count;
    int64_t  last;
    TRY(webhook_list(ctx->db, ctx->arena, &webhooks, &count));
    TRY(last_event(ctx->db, &last));
    for (size_t i = 0; i < count; i++)
        TRY(fan_out_one(ctx, &webhooks[i], last));
    return ERR_OK;
}

/* ---- what is sent ---- */

/* What the actor may know of that step on that record; NULL: nothing. */
static Err message_of(const Ctx *ctx, const Delivery *delivery, Json **out)
{
    const Type *type = evolve_type(ctx->city->names, delivery->sequence, delivery->type);
    Record      record;
    Json       *events, *shown;
    int64_t     next, sequence = 0;
    *out = NULL;
    if (!type)
        return ERR_OK;
    Err err = find_one(ctx, type, delivery->record, &record);
    if (err.kind == ERR_UNSEEN)
        return ERR_OK;
    if (err.kind)
        return err;
    TRY(history_list(ctx, &record, delivery->sequence + 1, 1, &events, &next));
    if (!json_int(json_get(events->first, STR("sequence")), &sequence) || sequence != delivery->sequence)
        return ERR_OK;
    TRY(record_json(ctx, &record, NULL, &shown));
    Json *message = json_object(ctx->arena);
    Str   action = json_text(json_get(events->first, STR("action")));
    json_set_str(ctx->arena, message, STR("type"),
                 str_printf(ctx->arena, "%.*s.%.*s", STR_FMT(type->name), STR_FMT(action)));
    json_set_str(ctx->arena, message, STR("timestamp"), json_text(json_get(events->first, STR("time"))));
    Json *data = json_set(message, STR("data"), json_object(ctx->arena));
    json_set(data, STR("event"), json_dup(ctx->arena, events->first));
    json_set(data, STR("record"), shown);
    *out = message;
    return ERR_OK;
}

static Err message_read(Ctx *ctx, const Webhook *webhook, const Delivery *delivery, Json **out)
{
    Actor *actor = ARENA_NEW(ctx->arena, Actor);
    *out = NULL;
    Err err = actor_load(ctx, webhook->membership, actor);
    if (err.code == ECODE_SIGN_IN_NO_MEMBERSHIP)
        return ERR_OK;
    if (err.kind)
        return err;
    ctx->actor = actor;
    return message_of(ctx, delivery, out);
}

static Post signed_post(const Ctx *ctx, const Webhook *webhook, const Delivery *delivery, const Json *message)
{
    Arena *arena = ctx->arena;
    Buf    body = buf_new(arena, SIZE_MAX);
    json_write(&body, message);
    Post post = { .url = webhook->url, .body = buf_str(&body), .private = webhook->private };
    Str  signature = webhook_signature(ctx->city, arena, webhook, delivery->id, ctx->now_ms, post.body);
    post.headers[0] = STR("Content-Type: application/json");
    post.headers[1] = STR("User-Agent: firstmile");
    post.headers[2] = str_printf(arena, "webhook-id: %.*s", STR_FMT(delivery->id));
    post.headers[3] = str_printf(arena, "webhook-timestamp: %lld", (long long)(ctx->now_ms / 1000));
    post.headers[4] = str_printf(arena, "webhook-signature: %.*s", STR_FMT(signature));
    return post;
}

Err webhook_compose(Ctx *ctx, const Delivery *delivery, Post *out, Compose *how)
{
    Webhook  webhook;
    Json    *message;
    Problems problems = { .arena = ctx->arena };
    TRY(webhook_find(ctx->db, ctx->arena, delivery->target, &webhook));
    TRY(message_read(ctx, &webhook, delivery, &message));
    *how = COMPOSE_NOTHING;
    if (!message)
        return ERR_OK;
    *out = signed_post(ctx, &webhook, delivery, message);
    *how = COMPOSE_SEND;
    if (post_url_check(ctx->arena, out->url, out->private, &problems).kind) {
        out->problem = "address";
        *how = COMPOSE_NOWHERE;
    }
    return ERR_OK;
}
