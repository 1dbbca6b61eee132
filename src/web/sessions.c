/* web/sessions.c: who am I, and signing in and out for programs. */
#include "base/limits.h"
#include "web/handlers.h"
#include "web/shapes.h"
#include "web/signing.h"

/* Who acts, as which of their memberships. */
static Err who_json(Call *call, Json **out)
{
    Arena       *arena = call->ctx.arena;
    const Actor *actor = call->ctx.actor;
    Actor       *choices;
    size_t       count;
    TRY(actor_choices(&call->ctx, actor->person, &choices, &count));
    Json *json = json_object(arena);
    json_set(json, STR("person"), shape_party(arena, actor->person, actor->name));
    json_set_str(arena, json, STR("membership"), actor->membership);
    shape_role(call, actor, json);
    Json *memberships = json_set(json, STR("memberships"), json_array(arena));
    for (size_t i = 0; i < count; i++) {
        Json *one = json_push(memberships, json_object(arena));
        json_set_str(arena, one, STR("id"), choices[i].membership);
        shape_role(call, &choices[i], one);
        json_set_bool(arena, one, STR("current"), str_eq(choices[i].membership, actor->membership));
    }
    *out = json;
    return ERR_OK;
}

static void reply_who(Call *call, int status)
{
    Json *json;
    Err   err = who_json(call, &json);
    if (err.kind)
        call_fail(call, err, NULL);
    else
        call_data(call, status, json);
}

void sessions_show(Call *call) { reply_who(call, 200); }

static void signed_in(Call *call, Err err, const Problems *problems)
{
    if (err.kind)
        call_fail(call, err, problems);
    else
        reply_who(call, 201);
}

void sessions_start(Call *call)
{
    Problems problems = call_problems(call);
    Signing *signing = ARENA_NEW(call->ctx.arena, Signing);
    Err      err = SHAPE(call->body, &problems, { "login", JSON_STRING, true }, { "password", JSON_STRING, true },
                         { "membership", JSON_STRING, false });
    if (err.kind) {
        call_fail(call, err, &problems);
        return;
    }
    *signing = (Signing){ .login = json_text(json_get(call->body, STR("login"))),
                          .password = json_text(json_get(call->body, STR("password"))),
                          .membership = json_text(json_get(call->body, STR("membership"))),
                          .done = signed_in };
    signing_in(call, signing);
}

static void switched(Call *call, Err err, const Problems *problems)
{
    if (err.kind)
        call_fail(call, err, problems);
    else
        reply_who(call, 200);
}

void sessions_switch(Call *call)
{
    Problems problems = call_problems(call);
    Err      err = SHAPE(call->body, &problems, { "membership", JSON_STRING, true });
    if (err.kind)
        call_fail(call, err, &problems);
    else
        signing_switch(call, json_text(json_get(call->body, STR("membership"))), switched);
}

static void signed_out(Call *call, Err err, const Problems *problems)
{
    if (err.kind)
        call_fail(call, err, problems);
    else
        call_empty(call);
}

void sessions_end(Call *call) { signing_out(call, signed_out); }
