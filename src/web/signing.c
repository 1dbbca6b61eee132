/* web/signing.c: see signing.h. */
#include "web/signing.h"

#include "web/dispatch.h"
#include "web/identify.h"

static void end(Call *call, Err err, const Problems *problems)
{
    Signing *signing = call->state;
    signing->done(call, err, problems);
}

/* ---- beginning a session ---- */

static Err write_session(Db *db, void *context)
{
    Signing *signing = context;
    if (!signing->job.right) /* no password was asked for: another membership of the same session */
        return session_replace(db, signing->ended, &signing->session);
    TRY(credential_recheck(db, &signing->credential));
    if (signing->ended.len)
        TRY(session_end(db, signing->ended));
    if (signing->job.fresh_len)
        TRY(credential_renew(db, signing->login, signing->credential.hash,
                             (Str){ signing->job.fresh, signing->job.fresh_len }));
    return session_start(db, &signing->session);
}

static void session_written(Call *call, Err err)
{
    Signing *signing = call->state;
    if (!err.kind) {
        call->as = CALL_AS_SESSION;
        call->session = signing->session;
        call->actor = signing->actor;
        call->ctx.actor = &call->actor;
        cookie_set(call, signing->secret);
    }
    end(call, err, NULL);
}

/* The running membership of person to act as: the one asked for, else the oldest. */
static Err choose_membership(Call *call, Str person, Str asked, Actor *out)
{
    Actor *choices;
    size_t count;
    TRY(actor_choices(&call->ctx, person, &choices, &count));
    for (size_t i = 0; i < count; i++)
        if (!asked.len || str_eq(choices[i].membership, asked)) {
            *out = choices[i];
            return ERR_OK;
        }
    return err_make(ECODE_SIGN_IN_NO_MEMBERSHIP, "");
}

static void begin_session(Call *call, Str person, int64_t created_ms)
{
    Signing *signing = call->state;
    Err      err = choose_membership(call, person, signing->membership, &signing->actor);
    if (err.kind) {
        end(call, err, NULL);
        return;
    }
    signing->secret = secret_make(call->ctx.city, call->ctx.arena);
    signing->session = (Session){ .key = secret_key(call->ctx.arena, signing->secret),
                                  .person = person,
                                  .membership = signing->actor.membership,
                                  .created_ms = created_ms,
                                  .seen_ms = call->ctx.now_ms };
    call_write(call, write_session, signing, session_written);
}

/* ---- the password ---- */

static void password_checked(Call *call, Err err)
{
    Signing *signing = call->state;
    if (err.kind) {
        end(call, err, NULL);
        return;
    }
    if (!signing->job.right) {
        end(call, err_make(ECODE_SIGN_IN_WRONG, ""), NULL);
        return;
    }
    sign_in_gate_give_back(call->app->gate, signing->login, call_peer(call), call->ctx.now_ms);
    signing->ended = call->as == CALL_AS_SESSION ? call->session.key : STR_NONE;
    begin_session(call, signing->credential.person, call->ctx.now_ms);
}

static void rate_limited(Call *call, Err err, int64_t wait_s)
{
    Problems problems = call_problems(call);
    call_retry_after(call, wait_s, &problems);
    end(call, err, &problems);
}

/* The credential is copied whether or not it exists, and its hash is then empty: both ways take the same time. */
static Err find_credential(Call *call, Signing *signing)
{
    bool found;
    TRY(credential_find(call->ctx.db, call->ctx.arena, signing->login, &signing->credential, &found));
    if (!found)
        signing->credential = (Credential){ 0 };
    return ERR_OK;
}

void signing_in(Call *call, Signing *signing)
{
    int64_t wait_s;
    call->state = signing;
    if (call->from == CALL_NETWORK) {
        Err err = sign_in_gate_take(call->app->gate, signing->login, call_peer(call), call->ctx.now_ms, &wait_s);
        if (err.kind) {
            rate_limited(call, err, wait_s);
            return;
        }
    }
    Err err = find_credential(call, signing);
    if (err.kind) {
        end(call, err, NULL);
        return;
    }
    signing->job = (PasswordJob){ .password = signing->password, .stored = signing->credential.hash };
    call_password(call, &signing->job, password_checked);
}

/* ---- switching and ending ---- */

void signing_switch(Call *call, Str membership, void (*done)(Call *call, Err err, const Problems *problems))
{
    Signing *signing = ARENA_NEW(call->ctx.arena, Signing);
    *signing = (Signing){ .membership = membership, .done = done };
    call->state = signing;
    if (call->as != CALL_AS_SESSION) {
        end(call, err_make(ECODE_SIGN_IN_NEEDED, "no session"), NULL);
        return;
    }
    signing->ended = call->session.key;
    begin_session(call, call->session.person, call->session.created_ms);
}

static Err write_end(Db *db, void *context) { return session_end(db, ((const Signing *)context)->ended); }

static void session_ended(Call *call, Err err)
{
    if (!err.kind)
        cookie_clear(call);
    end(call, err, NULL);
}

void signing_out(Call *call, void (*done)(Call *call, Err err, const Problems *problems))
{
    Signing *signing = ARENA_NEW(call->ctx.arena, Signing);
    *signing = (Signing){ .ended = call->session.key, .done = done };
    call->state = signing;
    if (call->as == CALL_AS_SESSION)
        call_write(call, write_end, signing, session_ended);
    else
        end(call, ERR_OK, NULL);
}
