/* web/webhooks.c: the webhooks of a city and what became of their deliveries, for the operator of this machine. */
#include "kernel/delivery.h"
#include "kernel/duties.h"
#include "kernel/post.h"
#include "kernel/webhook.h"
#include "web/handlers.h"
#include "web/local.h"
#include "web/shapes.h"

/* ---- showing ---- */

static void names_json(Arena *arena, Json *into, Str key, Str names)
{
    Json *list = json_set(into, key, json_array(arena));
    while (names.len)
        json_push(list, json_string(arena, str_cut(&names, ',')));
}

static Json *webhook_json(Arena *arena, const Webhook *webhook)
{
    Json *json = json_object(arena);
    json_set_str(arena, json, STR("id"), webhook->id);
    json_set_str(arena, json, STR("url"), webhook->url);
    json_set_str(arena, json, STR("person"), webhook->person);
    json_set_str(arena, json, STR("membership"), webhook->membership);
    names_json(arena, json, STR("types"), webhook->types);
    names_json(arena, json, STR("actions"), webhook->actions);
    json_set_bool(arena, json, STR("private"), webhook->private);
    json_set_str(arena, json, STR("created"), instant_text(arena, webhook->created_ms));
    if (webhook->ended_ms)
        json_set_str(arena, json, STR("ended"), instant_text(arena, webhook->ended_ms));
    return json;
}

static Err list_json(Call *call, Json **out)
{
    Webhook *list;
    size_t   count;
    TRY(webhook_list(call->ctx.db, call->ctx.arena, &list, &count));
    *out = json_object(call->ctx.arena);
    Json *items = json_set(*out, STR("items"), json_array(call->ctx.arena));
    for (size_t i = 0; i < count; i++)
        json_push(items, webhook_json(call->ctx.arena, &list[i]));
    return ERR_OK;
}

void webhooks_list(Call *call)
{
    Json *json = NULL;
    Err   err = list_json(call, &json);
    call_answer(call, err, json, NULL);
}

/* ---- adding ---- */

/* Whether the pack has a type, or in one of its types a step, of that name. */
static bool known_type(const Pack *pack, Str name) { return pack_type(pack, name) != NULL; }

static bool known_action(const Pack *pack, Str name)
{
    for (size_t i = 0; i < pack->type_count; i++)
        if (type_action(&pack->types[i], name))
            return true;
    return false;
}

/* The texts of an array that the pack knows, with commas between. */
static Err read_names(Call *call, const char *member, bool (*known)(const Pack *pack, Str name), Str *out,
                      Problems *problems)
{
    const Json *list = json_get(call->body, str_from(member));
    Buf         names = buf_new(call->ctx.arena, SIZE_MAX);
    JSON_EACH(item, list) {
        if (item->kind != JSON_STRING || !known(call_pack(call), item->text)) {
            PROBLEM(problems, ECODE_WEBHOOK_NAME, str_from(member), STR_NONE, ARG("name", item->text));
            return err_make(ECODE_RECORD_INVALID, "%s", member);
        }
        if (names.len)
            buf_char(&names, ',');
        buf_add(&names, item->text);
    }
    *out = buf_str(&names);
    return ERR_OK;
}

static Err read_webhook(Call *call, Webhook *webhook, Problems *problems)
{
    TRY(SHAPE(call->body, problems, { "login", JSON_STRING, true }, { "membership", JSON_STRING, false },
              { "url", JSON_STRING, true }, { "types", JSON_ARRAY, false }, { "actions", JSON_ARRAY, false },
              { "private", JSON_TRUE, false }));
    Actor actor;
    TRY(local_membership(call, &actor, problems));
    json_truth(json_get(call->body, STR("private")), &webhook->private);
    webhook->id = uuid_make(call->ctx.city->ids, call->ctx.arena);
    webhook->person = actor.person;
    webhook->membership = actor.membership;
    webhook->url = json_text(json_get(call->body, STR("url")));
    webhook->created_ms = call->ctx.now_ms;
    TRY(post_url_check(call->ctx.arena, webhook->url, webhook->private, problems));
    TRY(read_names(call, "types", known_type, &webhook->types, problems));
    return read_names(call, "actions", known_action, &webhook->actions, problems);
}

static Err write_add(Db *db, void *context) { return webhook_add(db, ((const Call *)context)->state); }

/* The secret is told this once. */
static void added(Call *call, Err err)
{
    const Webhook *webhook = call->state;
    Json          *json = webhook_json(call->ctx.arena, webhook);
    json_set_str(call->ctx.arena, json, STR("secret"),
                 webhook_secret(call->ctx.city, call->ctx.arena, webhook, webhook->secret));
    if (err.kind)
        call_fail(call, err, NULL);
    else
        call_data(call, 201, json);
}

void webhooks_add(Call *call)
{
    Problems problems = call_problems(call);
    Webhook *webhook = ARENA_NEW(call->ctx.arena, Webhook);
    Err      err = read_webhook(call, webhook, &problems);
    call->state = webhook;
    if (err.kind)
        call_fail(call, err, &problems);
    else
        call_write(call, write_add, call, added);
}

/* ---- renewing, ending ---- */

static Err write_renew(Db *db, void *context)
{
    Call *call = context;
    TRY(webhook_renew(db, call->params[0], call->ctx.now_ms));
    return webhook_find(db, call->ctx.arena, call->params[0], call->state);
}

static void renewed(Call *call, Err err)
{
    const Webhook *webhook = call->state;
    Json          *json = json_object(call->ctx.arena);
    if (err.kind) {
        call_fail(call, err, NULL);
        return;
    }
    json_set_str(call->ctx.arena, json, STR("id"), webhook->id);
    json_set_str(call->ctx.arena, json, STR("secret"),
                 webhook_secret(call->ctx.city, call->ctx.arena, webhook, webhook->secret));
    call_data(call, 200, json);
}

void webhooks_renew(Call *call)
{
    call->state = ARENA_NEW(call->ctx.arena, Webhook);
    call_write(call, write_renew, call, renewed);
}

static Err write_end(Db *db, void *context)
{
    const Call *call = context;
    return webhook_end(db, call->params[0], call->ctx.now_ms);
}

void webhooks_end(Call *call) { call_write(call, write_end, call, call_done); }

/* ---- deliveries, of webhooks and of mail ---- */

static bool state_known(Str state)
{
    static const Str states[] = { STR_INIT("waiting"), STR_INIT("delivered"), STR_INIT("dead"), STR_INIT("dropped") };
    bool             known = !state.ptr;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        known = known || str_eq(state, states[i]);
    return known;
}

static Err log_json(Call *call, Str target, Json **out, Problems *problems)
{
    Json *items;
    if (!state_known(call_query(call, STR("state")))) {
        PROBLEM(problems, ECODE_HTTP_PARAMETER, STR("state"), STR_NONE, ARG("name", STR("state")),
                ARG("expected", STR("waiting, delivered, dead, dropped")));
        return shape_problem(problems);
    }
    TRY(delivery_log(call->ctx.db, call->ctx.arena, target, call_query(call, STR("state")),
                     call_query(call, STR("before")), &items));
    *out = json_object(call->ctx.arena);
    json_set(*out, STR("items"), items);
    return ERR_OK;
}

static void answer_log(Call *call, Str target)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    Err      err = log_json(call, target, &json, &problems);
    call_answer(call, err, json, &problems);
}

void webhooks_log(Call *call)
{
    bool known;
    Err  err = webhook_known(call->ctx.db, call->params[0], &known);
    if (err.kind || !known)
        call_fail(call, err.kind ? err : err_make(ECODE_RECORD_UNSEEN, "webhook"), NULL);
    else
        answer_log(call, call->params[0]);
}

void relay_log(Call *call) { answer_log(call, DELIVERY_MAIL); }

static void resent(Call *call, Err err)
{
    if (!err.kind)
        duties_wake(call->ctx.city, "outbox");
    call_done(call, err);
}

static Err write_resend(Db *db, void *context)
{
    const Call *call = context;
    return webhook_resend(db, call->params[0], call->params[1], call->ctx.now_ms);
}

void webhooks_resend(Call *call) { call_write(call, write_resend, call, resent); }

static Err write_mail_again(Db *db, void *context)
{
    const Call *call = context;
    return delivery_resend(db, DELIVERY_MAIL, call->params[0], call->ctx.now_ms);
}

void relay_resend(Call *call) { call_write(call, write_mail_again, call, resent); }
