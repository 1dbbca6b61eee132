/* web/identify.c: see identify.h. */
#include "web/identify.h"

#include "web/dispatch.h"

#include <stdlib.h>

#define COOKIE_SECURE "__Host-sid"
#define COOKIE_PLAIN  "sid"

/* ---- the cookie ---- */

Str cookie_name(const Call *call) { return call->secure ? STR(COOKIE_SECURE) : STR(COOKIE_PLAIN); }

void cookie_set(Call *call, Str secret)
{
    call_set_header(call, STR("Set-Cookie"),
                    str_printf(call->ctx.arena, "%.*s=%.*s; HttpOnly; SameSite=Lax; Path=/%s",
                               STR_FMT(cookie_name(call)), STR_FMT(secret), call->secure ? "; Secure" : ""));
}

void cookie_clear(Call *call)
{
    call_set_header(call, STR("Set-Cookie"),
                    str_printf(call->ctx.arena, "%.*s=; Max-Age=0; HttpOnly; SameSite=Lax; Path=/%s",
                               STR_FMT(cookie_name(call)), call->secure ? "; Secure" : ""));
}

/* ---- `seen`, written behind the reply ---- */

typedef struct Touch {
    WriterJob job;
    App      *app;
    int64_t   now_ms;
    char      key[2 * HASH_SIZE];
} Touch;

static Err touch_run(Db *db, WriterJob *job)
{
    const Touch *touch = (const Touch *)job;
    return session_touch(db, (Str){ touch->key, sizeof touch->key }, touch->now_ms);
}

static void touch_done(WriterJob *job, Err err)
{
    (void)err; /* the next request of the session tries again */
    Touch *touch = (Touch *)job;
    App   *app = touch->app;
    free(touch);
    app_comes_home(app);
}

static void session_seen(Call *call)
{
    if (call->ctx.now_ms < call->session.seen_ms + SESSION_SEEN_MS)
        return;
    Touch *touch = mem_alloc(sizeof *touch);
    *touch = (Touch){ .job = { .run = touch_run, .done = touch_done }, .app = call->app, .now_ms = call->ctx.now_ms };
    memcpy(touch->key, call->session.key.ptr, sizeof touch->key);
    app_goes_abroad(call->app);
    if (writer_submit(call->ctx.city->writer, &touch->job).kind)
        touch_done(&touch->job, ERR_OK);
}

/* ---- who ---- */

static Err act_as(Call *call, CallAs as, Str person, Str membership)
{
    call->as = as;
    TRY(actor_load(&call->ctx, membership, &call->actor));
    if (!str_eq(call->actor.person, person))
        return err_make(ECODE_SIGN_IN_NO_MEMBERSHIP, "the membership is somebody else's");
    call->ctx.actor = &call->actor;
    return ERR_OK;
}

static Err by_token(Call *call, Str authorization)
{
    Str   rest = authorization, scheme = str_cut(&rest, ' ');
    Token token;
    bool  found = false;
    if (str_eq_ascii_fold(scheme, STR("Bearer")) && str_starts(str_trim(rest), STR(TOKEN_PREFIX)))
        TRY(token_find(call->ctx.db, call->ctx.arena, secret_key(call->ctx.arena, str_trim(rest)), &token, &found));
    if (!found)
        return err_make(ECODE_SIGN_IN_NEEDED, "token unknown or ended");
    return act_as(call, CALL_AS_TOKEN, token.person, token.membership);
}

static Err by_cookie(Call *call, Str secret)
{
    bool found;
    if (secret.len != SECRET_TEXT_SIZE)
        return ERR_OK;
    TRY(session_find(call->ctx.db, call->ctx.arena, secret_key(call->ctx.arena, secret), call->ctx.now_ms,
                     &call->session, &found));
    if (!found)
        return ERR_OK;
    session_seen(call);
    return act_as(call, CALL_AS_SESSION, call->session.person, call->session.membership);
}

/* A person acts as the membership that is oldest, of those with role when role is not -1. */
static Err membership_of(Call *call, Str person, int role, Actor *out, bool *found)
{
    Actor *choices;
    size_t count;
    TRY(actor_choices(&call->ctx, person, &choices, &count));
    for (size_t i = 0; i < count; i++)
        if (role < 0 || choices[i].role == role) {
            *out = choices[i];
            *found = true;
            return ERR_OK;
        }
    return ERR_OK;
}

static Err by_login(Call *call, Str login)
{
    Credential credential;
    Actor      actor;
    bool       known, found = false;
    TRY(credential_find(call->ctx.db, call->ctx.arena, login, &credential, &known));
    if (!known)
        return err_make(ECODE_LOGIN_UNKNOWN, "%.*s", STR_FMT(login));
    TRY(membership_of(call, credential.person, -1, &actor, &found));
    if (!found)
        return err_make(ECODE_SIGN_IN_NO_MEMBERSHIP, "%.*s", STR_FMT(login));
    return act_as(call, CALL_AS_LOGIN, actor.person, actor.membership);
}

/* The operator whose credential is oldest; a city may have none yet, and then nobody acts. */
static Err by_default(Call *call)
{
    Credential *list;
    size_t      count;
    Actor       actor, first;
    int64_t     oldest = INT64_MAX;
    TRY(credential_list(call->ctx.db, call->ctx.arena, &list, &count));
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        if (list[i].created_ms < oldest)
            TRY(membership_of(call, list[i].person, ROLE_OPERATOR, &actor, &found));
        if (found) {
            oldest = list[i].created_ms;
            first = actor;
        }
    }
    return oldest == INT64_MAX ? ERR_OK : act_as(call, CALL_AS_LOGIN, first.person, first.membership);
}

Err identify(Call *call)
{
    Str as = call_header(call, STR("Firstmile-As"));
    if (call->from == CALL_NETWORK && as.ptr)
        return err_make(ECODE_HTTP_MALFORMED, "Firstmile-As from the network");
    Str authorization = call_header(call, STR("Authorization"));
    if (authorization.ptr)
        return by_token(call, authorization);
    if (call->from != CALL_NETWORK)
        return as.len ? by_login(call, as) : by_default(call);
    Str secret = call_cookie(call, cookie_name(call));
    return secret.len ? by_cookie(call, secret) : ERR_OK;
}
