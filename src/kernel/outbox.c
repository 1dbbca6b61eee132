#include "kernel/outbox.h"

#include "kernel/outbox_channel.h"
#include "kernel/webhook.h"

#include <stdio.h>

#define WAIT_MS 200 /* for an answer, before new events are looked for */

typedef struct Sending { /* a delivery under way */
    Arena   *arena;      /* NULL: none */
    Delivery delivery;
    Post     post;
} Sending;

typedef struct Outbox { /* of one run of the duty */
    DutyRun *run;
    Posts   *posts;
    Sending  sending[OUTBOX_AT_ONCE];
    size_t   under_way;
} Outbox;

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
    int64_t  wait = DELIVERY_FIRST_MS;
    uint32_t random;
    for (int64_t i = 1; i < tries && wait < DELIVERY_LATER_MS; i++)
        wait *= 3;
    if (wait > DELIVERY_LATER_MS)
        wait = DELIVERY_LATER_MS;
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
    Str       problem = str_from(sending->post.problem);
    delivery->tries++;
    if (sending->post.taken)
        return delivery_ends(city, sending, "delivered", problem);
    if (sending->post.refused || delivery->tries >= DELIVERY_TRIES)
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

static bool is_mail(Str target) { return str_eq(target, DELIVERY_MAIL); }

/* The message as it stands now. One that cannot be read is this delivery's trouble and nobody else's. */
static Err compose(const Outbox *box, Sending *sending, Compose *how)
{
    Ctx ctx = box->run->ctx;
    ctx.arena = sending->arena;
    ctx.now_ms = env_now(&ctx.city->env);
    TRY(db_snapshot_begin(ctx.db));
    Err err = is_mail(sending->delivery.target) ? mail_compose(&ctx, &sending->delivery, &sending->post, how)
                                                : webhook_compose(&ctx, &sending->delivery, &sending->post, how);
    db_snapshot_end(ctx.db);
    if (!err.kind || err.kind == ERR_UNSEEN)
        return err;
    fprintf(stderr, "outbox: %.*s: %.*s: %s\n", STR_FMT(sending->delivery.id), STR_FMT(err_row(err.code)->code),
            err.context);
    sending->post = (Post){ .problem = "unreadable" };
    *how = COMPOSE_NOWHERE;
    return ERR_OK;
}

static Err send_one(Outbox *box, Sending *sending)
{
    const City *city = box->run->ctx.city;
    Compose     how;
    TRY(compose(box, sending, &how));
    switch (how) {
    case COMPOSE_SEND: return posts_add(box->posts, &sending->post);
    case COMPOSE_NOTHING: return delivery_ends(city, sending, "dropped", STR("unseen"));
    default: return post_ended(city, sending);
    }
}

static bool is_under_way(const Outbox *box, Str target)
{
    for (size_t i = 0; i < OUTBOX_AT_ONCE; i++)
        if (box->sending[i].arena && str_eq(box->sending[i].delivery.target, target))
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

/* Takes the place for the next delivery to the target; *taken false when none is due. */
static Err start_one(Outbox *box, Sending *sending, Str target, bool *taken)
{
    const Ctx *ctx = &box->run->ctx;
    sending->arena = arena_new();
    box->under_way++;
    Err err = delivery_due(ctx->db, sending->arena, target, env_now(&ctx->city->env), &sending->delivery, taken);
    if (!err.kind && *taken)
        err = send_one(box, sending);
    if (err.kind || !*taken || !sending->post.easy) /* ended already: dropped, or not to be sent there */
        sending_free(box, sending);
    return err.kind == ERR_UNSEEN ? ERR_OK : err; /* a webhook that ended meanwhile */
}

/* Those to whom something may be due: the webhooks that run, and mail. */
static Err all_targets(const Ctx *ctx, Str **out, size_t *count)
{
    Webhook *webhooks;
    size_t   webhook_count;
    TRY(webhook_list(ctx->db, ctx->arena, &webhooks, &webhook_count));
    *out = ARENA_ARRAY(ctx->arena, Str, webhook_count + 1);
    *count = 0;
    for (size_t i = 0; i < webhook_count; i++)
        if (!webhooks[i].ended_ms)
            (*out)[(*count)++] = webhooks[i].id;
    (*out)[(*count)++] = DELIVERY_MAIL;
    return ERR_OK;
}

/* Each target that has none under way gets its next one, as far as there are places. */
static Err start_due(Outbox *box, const Ctx *ctx, bool *any)
{
    Str   *targets;
    size_t count, first;
    TRY(all_targets(ctx, &targets, &count));
    *any = false;
    first = (size_t)(env_now(&ctx->city->env) / WAIT_MS) % count; /* not always the same ones first */
    for (size_t i = 0; i < count; i++) {
        Str      target = targets[(first + i) % count];
        Sending *sending = free_place(box);
        bool     taken;
        if (!sending)
            return ERR_OK;
        if (is_under_way(box, target))
            continue;
        TRY(start_one(box, sending, target, &taken));
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

static Err run_box(Outbox *box)
{
    bool any = true;
    while ((any || box->under_way) && !duty_ends(box->run)) {
        OWNED(arena) Arena *scratch = arena_new();
        Ctx                 ctx = box->run->ctx;
        ctx.arena = scratch;
        TRY(webhook_fan_out(&ctx));
        TRY(mail_fan_out(&ctx));
        TRY(start_due(box, &ctx, &any));
        TRY(take_ended(box));
        TRY(sweep(box->run));
    }
    return ERR_OK;
}

Err outbox_duty(DutyRun *run)
{
    Outbox box = { .run = run, .posts = posts_new() };
    Err    err = run_box(&box);
    posts_free(box.posts);
    for (size_t i = 0; i < OUTBOX_AT_ONCE; i++)
        arena_free(box.sending[i].arena);
    run->next_ms = env_now(&run->ctx.city->env) + OUTBOX_LOOK_MS;
    return err;
}
