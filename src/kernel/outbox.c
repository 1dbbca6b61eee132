#include "kernel/outbox.h"

#include "base/limits.h"
#include "kernel/history.h"
#include "kernel/post.h"
#include "kernel/webhook.h"

#define FAN_OUT_EVENTS 500 /* of one writer's job */
#define WAIT_MS        200 /* for an answer, before new events are looked for */
#define STATUS_GONE    410 /* the receiver wants no more of it */

static const Str sql_last = STR_INIT("SELECT coalesce(max(sequence), 0) FROM event");
static const Str sql_events = STR_INIT("SELECT e.sequence, r.item, r.type, r.record, e.action FROM event e"
                                       " JOIN event_record r ON r.sequence = e.sequence"
                                       " WHERE e.sequence > ? AND e.sequence <= ? ORDER BY e.sequence, r.item");

typedef struct Sending { /* a delivery under way */
    Arena   *arena;      /* NULL: none */
    Webhook  webhook;
    Delivery delivery;
    Post     post;
} Sending;

typedef struct Outbox { /* of one run of the duty */
    DutyRun *run;
    Posts   *posts;
    Sending  sending[OUTBOX_AT_ONCE];
    size_t   under_way;
} Outbox;

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
    return (Delivery){ .id = str_printf(ctx->arena, "msg_%.*s", STR_FMT(uuid_make(ctx->city->ids, ctx->arena))),
                       .webhook = webhook->id,
                       .type = str_dup(ctx->arena, rows_borrow_text(rows, 2)),
                       .record = str_dup(ctx->arena, rows_borrow_text(rows, 3)),
                       .sequence = rows_int(rows, 0),
                       .item = rows_int(rows, 1),
                       .next_ms = now,
                       .created_ms = now };
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
        if (!webhook_wants(out->webhook, rows_borrow_text(rows, 2), rows_borrow_text(rows, 4)))
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

static Err fan_out(const Ctx *ctx)
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
    const Type *type = pack_type(ctx->city->pack, delivery->type);
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

static Err message_read(const Ctx *duty, Sending *sending, Json **out)
{
    Ctx   ctx = *duty;
    Actor actor;
    ctx.arena = sending->arena;
    ctx.now_ms = env_now(&ctx.city->env);
    Err err = actor_load(&ctx, sending->webhook.membership, &actor);
    *out = NULL;
    if (err.code == ECODE_SIGN_IN_NO_MEMBERSHIP)
        return ERR_OK;
    if (err.kind)
        return err;
    ctx.actor = &actor;
    return message_of(&ctx, &sending->delivery, out);
}

static Err message_within(const Ctx *duty, Sending *sending, Json **out)
{
    TRY(db_snapshot_begin(duty->db));
    Err err = message_read(duty, sending, out);
    db_snapshot_end(duty->db);
    return err;
}

static void sign_post(const City *city, Sending *sending, const Json *message)
{
    Arena  *arena = sending->arena;
    int64_t now = env_now(&city->env);
    Buf     body = buf_new(arena, SIZE_MAX);
    json_write(&body, message);
    sending->post = (Post){ .url = sending->webhook.url, .body = buf_str(&body), .private = sending->webhook.private };
    Str  signature = webhook_signature(city, arena, &sending->webhook, sending->delivery.id, now, sending->post.body);
    Str *headers = sending->post.headers;
    headers[0] = STR("Content-Type: application/json");
    headers[1] = STR("User-Agent: firstmile");
    headers[2] = str_printf(arena, "webhook-id: %.*s", STR_FMT(sending->delivery.id));
    headers[3] = str_printf(arena, "webhook-timestamp: %lld", (long long)(now / 1000));
    headers[4] = str_printf(arena, "webhook-signature: %.*s", STR_FMT(signature));
}

/* ---- how it went ---- */

typedef struct Outcome {
    WriterJob       job;
    const Delivery *delivery;
    int64_t         now_ms;
    int             status;
    Str             problem;
} Outcome;

static Err outcome_write(Db *db, WriterJob *job)
{
    const Outcome *outcome = (const Outcome *)job;
    return delivery_tried(db, outcome->delivery, outcome->now_ms, outcome->status, outcome->problem);
}

static int64_t wait_after(const Env *env, int64_t tries)
{
    int64_t  wait = WEBHOOK_FIRST_MS;
    uint32_t random;
    for (int64_t i = 1; i < tries && wait < WEBHOOK_LATER_MS; i++)
        wait *= 3;
    if (wait > WEBHOOK_LATER_MS)
        wait = WEBHOOK_LATER_MS;
    env_random(env, &random, sizeof random);
    return wait * 4 / 5 + (int64_t)(random % 1024) * (wait * 2 / 5) / 1024;
}

static Err delivery_ends(const City *city, Sending *sending, const char *state, Str problem)
{
    Outcome outcome = { .job = { .run = outcome_write }, .delivery = &sending->delivery, .problem = problem };
    outcome.now_ms = env_now(&city->env);
    outcome.status = sending->post.status;
    sending->delivery.state = str_from(state);
    sending->delivery.ended_ms = strcmp(state, "waiting") == 0 ? 0 : outcome.now_ms;
    return writer_run(city->writer, &outcome.job);
}

static Err post_ended(const City *city, Sending *sending)
{
    Delivery *delivery = &sending->delivery;
    int       status = sending->post.status;
    Str       problem = str_from(sending->post.problem);
    delivery->tries++;
    if (status >= 200 && status < 300)
        return delivery_ends(city, sending, "delivered", problem);
    if (status == STATUS_GONE || delivery->tries >= WEBHOOK_TRIES)
        return delivery_ends(city, sending, "dead", problem);
    delivery->next_ms = env_now(&city->env) + wait_after(&city->env, delivery->tries);
    return delivery_ends(city, sending, "waiting", problem);
}

/* ---- the duty ---- */

static void sending_free(Outbox *box, Sending *sending)
{
    arena_free(sending->arena);
    *sending = (Sending){ 0 };
    box->under_way--;
}

static Err send_one(Outbox *box, Sending *sending)
{
    const City *city = box->run->ctx.city;
    Json       *message;
    Problems    problems = { .arena = sending->arena };
    TRY(message_within(&box->run->ctx, sending, &message));
    if (!message)
        return delivery_ends(city, sending, "dropped", STR("unseen"));
    sign_post(city, sending, message);
    if (post_url_check(sending->arena, sending->post.url, sending->post.private, &problems).kind) {
        sending->post.problem = "address";
        return post_ended(city, sending);
    }
    return posts_add(box->posts, &sending->post);
}

static bool is_under_way(const Outbox *box, Str webhook)
{
    for (size_t i = 0; i < OUTBOX_AT_ONCE; i++)
        if (box->sending[i].arena && str_eq(box->sending[i].webhook.id, webhook))
            return true;
    return false;
}

static Sending *free_place(Outbox *box)
{
    for (size_t i = 0; i < OUTBOX_AT_ONCE; i++)
        if (!box->sending[i].arena)
            return &box->sending[i];
    return NULL;
}

/* Takes the place for the next delivery of the webhook; *taken false when none is due. */
static Err start_one(Outbox *box, Sending *sending, Str webhook, bool *taken)
{
    Db *db = box->run->ctx.db;
    *taken = false;
    sending->arena = arena_new();
    box->under_way++;
    Err err = webhook_find(db, sending->arena, webhook, &sending->webhook);
    if (!err.kind)
        err = delivery_due(db, sending->arena, webhook, env_now(&box->run->ctx.city->env), &sending->delivery, taken);
    if (!err.kind && *taken)
        err = send_one(box, sending);
    if (err.kind || !*taken || !sending->post.easy) /* ended already: dropped, or not to be sent there */
        sending_free(box, sending);
    return err.kind == ERR_UNSEEN ? ERR_OK : err;
}

/* Each webhook that has none under way gets its next one, as far as there are places. */
static Err start_due(Outbox *box, const Ctx *ctx, bool *any)
{
    Webhook *webhooks;
    size_t   count, first;
    TRY(webhook_list(ctx->db, ctx->arena, &webhooks, &count));
    *any = false;
    first = count ? (size_t)(env_now(&ctx->city->env) / WAIT_MS) % count : 0; /* not always the same ones first */
    for (size_t i = 0; i < count; i++) {
        const Webhook *webhook = &webhooks[(first + i) % count];
        Sending       *sending = free_place(box);
        bool           taken;
        if (!sending)
            return ERR_OK;
        if (webhook->ended_ms || is_under_way(box, webhook->id))
            continue;
        TRY(start_one(box, sending, webhook->id, &taken));
        *any = *any || taken;
    }
    return ERR_OK;
}

static Err take_ended(Outbox *box)
{
    for (Post *post = posts_wait(box->posts, WAIT_MS); post; post = posts_wait(box->posts, 0)) {
        for (size_t i = 0; i < OUTBOX_AT_ONCE; i++) {
            if (post != &box->sending[i].post)
                continue;
            Err err = post_ended(box->run->ctx.city, &box->sending[i]);
            sending_free(box, &box->sending[i]);
            TRY(err);
        }
    }
    return ERR_OK;
}

static Err run_box(Outbox *box)
{
    bool any = true;
    while ((any || box->under_way) && !duty_ends(box->run)) {
        OWNED(arena) Arena *scratch = arena_new();
        Ctx                 ctx = box->run->ctx;
        ctx.arena = scratch;
        TRY(fan_out(&ctx));
        TRY(start_due(box, &ctx, &any));
        TRY(take_ended(box));
    }
    return ERR_OK;
}

typedef struct Sweep {
    WriterJob job;
    int64_t   now_ms;
} Sweep;

static Err sweep_write(Db *db, WriterJob *job) { return delivery_sweep(db, ((const Sweep *)job)->now_ms); }

static Err sweep(const DutyRun *run)
{
    Sweep one = { .job = { .run = sweep_write }, .now_ms = env_now(&run->ctx.city->env) };
    bool  old;
    TRY(delivery_any_old(run->ctx.db, one.now_ms, &old));
    return old ? writer_run(run->ctx.city->writer, &one.job) : ERR_OK;
}

Err outbox_duty(DutyRun *run)
{
    Outbox box = { .run = run, .posts = posts_new() };
    Err    err = run_box(&box);
    posts_free(box.posts);
    for (size_t i = 0; i < OUTBOX_AT_ONCE; i++)
        arena_free(box.sending[i].arena);
    if (!err.kind)
        err = sweep(run);
    run->next_ms = env_now(&run->ctx.city->env) + OUTBOX_LOOK_MS;
    return err;
}
