/* web/local.c: what only the operator of this machine may do: sign-ins and tokens. A first operator, and one that
 * recovers a city, comes in by people.c. */
#include "web/local.h"
#include "base/utf8.h"
#include "web/handlers.h"
#include "web/shapes.h"

/* ---- sign-ins ---- */

static Err user_json(Call *call, const Credential *credential, Json **out)
{
    Arena      *arena = call->ctx.arena;
    const Type *person_type = call_pack(call)->person;
    Json       *json = json_object(arena);
    Record      person;
    Actor      *choices;
    size_t      count;
    bool        found;
    json_set_str(arena, json, STR("login"), credential->login);
    json_set_str(arena, json, STR("person"), credential->person);
    TRY(record_load(call->ctx.db, arena, person_type, credential->person, &person, &found));
    json_set_str(arena, json, STR("name"), found ? person.values[person_type->title].text : STR_NONE);
    json_set_str(arena, json, STR("created"), instant_text(arena, credential->created_ms));
    TRY(actor_choices(&call->ctx, credential->person, &choices, &count));
    Json *memberships = json_set(json, STR("memberships"), json_array(arena));
    for (size_t i = 0; i < count; i++) {
        Json *one = json_push(memberships, json_object(arena));
        json_set_str(arena, one, STR("id"), choices[i].membership);
        shape_role(call, &choices[i], one);
    }
    *out = json;
    return ERR_OK;
}

static Err users_json(Call *call, Json **out)
{
    Credential *list;
    size_t      count;
    TRY(credential_list(call->ctx.db, call->ctx.arena, &list, &count));
    *out = json_object(call->ctx.arena);
    Json *items = json_set(*out, STR("items"), json_array(call->ctx.arena));
    for (size_t i = 0; i < count; i++) {
        Json *user;
        TRY(user_json(call, &list[i], &user));
        json_push(items, user);
    }
    return ERR_OK;
}

static void answer_made(Call *call, Err err, Json *json, const Problems *problems)
{
    if (err.kind)
        call_fail(call, err, problems);
    else
        call_data(call, 201, json);
}

void local_users(Call *call)
{
    Json *json = NULL;
    Err   err = users_json(call, &json);
    call_answer(call, err, json, NULL);
}

NewCredential local_new_credential(const Call *call)
{
    return (NewCredential){ .login = json_text(json_get(call->body, STR("login"))),
                            .job = { .password = json_text(json_get(call->body, STR("password"))), .make = true },
                            .now_ms = call->ctx.now_ms };
}

void local_check_credential(const NewCredential *made, Problems *problems)
{
    Str password = made->job.password;
    if (!login_valid(made->login))
        PROBLEM(problems, ECODE_LOGIN_FORM, STR("login"), STR_NONE,
                ARG("max", str_printf(problems->arena, "%d", LOGIN_BYTES_MAX)));
    if (utf8_length(password) < PASSWORD_POINTS_MIN || password.len > PASSWORD_BYTES_MAX)
        PROBLEM(problems, ECODE_PASSWORD_LENGTH, STR("password"), STR_NONE,
                ARG("min", str_printf(problems->arena, "%d", PASSWORD_POINTS_MIN)),
                ARG("max", str_printf(problems->arena, "%d", PASSWORD_BYTES_MAX)));
}

void local_login_taken(Err err, Str login, Problems *problems)
{
    if (err.code == ECODE_LOGIN_TAKEN)
        PROBLEM(problems, ECODE_LOGIN_TAKEN, STR("login"), STR_NONE, ARG("login", login));
}

Err local_write_credential(Db *db, void *context)
{
    const NewCredential *made = context;
    return credential_put(db, made->person, made->login, (Str){ made->job.fresh, made->job.fresh_len }, made->now_ms);
}

static void credential_written(Call *call, Err err)
{
    const NewCredential *made = call->state;
    Problems             problems = call_problems(call);
    Json                *json = json_object(call->ctx.arena);
    json_set_str(call->ctx.arena, json, STR("login"), made->login);
    json_set_str(call->ctx.arena, json, STR("person"), made->person);
    local_login_taken(err, made->login, &problems);
    answer_made(call, err, json, &problems);
}

static void password_made(Call *call, Err err)
{
    if (err.kind)
        call_fail(call, err, NULL);
    else
        call_write(call, local_write_credential, call->state, credential_written);
}

static Err check_credential(Call *call, const NewCredential *made, Problems *problems)
{
    Record person;
    bool   found = false;
    if (uuid_valid(made->person))
        TRY(record_load(call->ctx.db, call->ctx.arena, call_pack(call)->person, made->person, &person, &found));
    if (!found)
        PROBLEM(problems, ECODE_FIELD_REFERENCE, STR("person"), STR_NONE,
                ARG_TEXT("label", call_pack(call)->person->label));
    local_check_credential(made, problems);
    return problems->count ? err_make(ECODE_RECORD_INVALID, "credential") : ERR_OK;
}

void local_credential_put(Call *call)
{
    Problems       problems = call_problems(call);
    Err            err = SHAPE(call->body, &problems, { "person", JSON_STRING, true }, { "login", JSON_STRING, true },
                               { "password", JSON_STRING, true });
    NewCredential *made = ARENA_NEW(call->ctx.arena, NewCredential);
    if (!err.kind) {
        *made = local_new_credential(call);
        made->person = json_text(json_get(call->body, STR("person")));
        err = check_credential(call, made, &problems);
    }
    if (err.kind) {
        call_fail(call, err, &problems);
        return;
    }
    call->state = made;
    call_password(call, &made->job, password_made);
}

static Err write_credential_end(Db *db, void *context)
{
    const Call *call = context;
    return credential_end(db, call->params[0], call->ctx.now_ms);
}

static void credential_ended(Call *call, Err err)
{
    Problems problems = call_problems(call);
    PROBLEM(&problems, ECODE_LOGIN_UNKNOWN, STR_NONE, STR_NONE, ARG("login", call->params[0]));
    if (err.code == ECODE_LOGIN_UNKNOWN)
        call_fail(call, err, &problems);
    else
        call_done(call, err);
}

void local_credential_end(Call *call) { call_write(call, write_credential_end, call, credential_ended); }

/* ---- tokens ---- */

static Err tokens_json(Call *call, Json **out)
{
    Arena *arena = call->ctx.arena;
    Token *list;
    size_t count;
    TRY(token_list(call->ctx.db, arena, &list, &count));
    *out = json_object(arena);
    Json *items = json_set(*out, STR("items"), json_array(arena));
    for (size_t i = 0; i < count; i++) {
        Json *one = json_push(items, json_object(arena));
        json_set_str(arena, one, STR("id"), list[i].id);
        json_set_str(arena, one, STR("person"), list[i].person);
        json_set_str(arena, one, STR("membership"), list[i].membership);
        json_set_str(arena, one, STR("label"), list[i].label);
        json_set_str(arena, one, STR("created"), instant_text(arena, list[i].created_ms));
        if (list[i].ended_ms)
            json_set_str(arena, one, STR("ended"), instant_text(arena, list[i].ended_ms));
    }
    return ERR_OK;
}

void local_tokens(Call *call)
{
    Json *json = NULL;
    Err   err = tokens_json(call, &json);
    call_answer(call, err, json, NULL);
}

typedef struct NewToken {
    Token token;
    Str   secret;
} NewToken;

static Err write_token(Db *db, void *context) { return token_add(db, &((const NewToken *)context)->token); }

/* The secret is told this once. */
static void token_written(Call *call, Err err)
{
    const NewToken *made = call->state;
    Json           *json = json_object(call->ctx.arena);
    json_set_str(call->ctx.arena, json, STR("id"), made->token.id);
    json_set_str(call->ctx.arena, json, STR("token"), made->secret);
    json_set_str(call->ctx.arena, json, STR("membership"), made->token.membership);
    answer_made(call, err, json, NULL);
}

static Err login_person(Call *call, Str login, Str *out, Problems *problems)
{
    Credential credential;
    bool       found;
    TRY(credential_find(call->ctx.db, call->ctx.arena, login, &credential, &found));
    if (!found) {
        PROBLEM(problems, ECODE_LOGIN_UNKNOWN, STR_NONE, STR_NONE, ARG("login", login));
        return err_make(ECODE_LOGIN_UNKNOWN, "%.*s", STR_FMT(login));
    }
    *out = credential.person;
    return ERR_OK;
}

Err local_membership(Call *call, Actor *out, Problems *problems)
{
    Str    asked = json_text(json_get(call->body, STR("membership"))), person;
    Actor *choices;
    size_t count, at = 0;
    TRY(login_person(call, json_text(json_get(call->body, STR("login"))), &person, problems));
    TRY(actor_choices(&call->ctx, person, &choices, &count));
    while (at < count && asked.len && !str_eq(choices[at].membership, asked))
        at++;
    if (at == count)
        return err_make(ECODE_SIGN_IN_NO_MEMBERSHIP, "");
    *out = choices[at];
    return ERR_OK;
}

static Err new_token(Call *call, NewToken *made, Problems *problems)
{
    TRY(SHAPE(call->body, problems, { "login", JSON_STRING, true }, { "membership", JSON_STRING, false },
              { "label", JSON_STRING, false }));
    Token *token = &made->token;
    Actor  actor;
    TRY(local_membership(call, &actor, problems));
    made->secret = str_printf(call->ctx.arena, TOKEN_PREFIX "%.*s",
                              STR_FMT(secret_make(call->ctx.city, call->ctx.arena)));
    token->id = uuid_make(call->ctx.city->ids, call->ctx.arena);
    token->key = secret_key(call->ctx.arena, made->secret);
    token->person = actor.person;
    token->membership = actor.membership;
    token->label = json_text(json_get(call->body, STR("label")));
    token->created_ms = call->ctx.now_ms;
    return ERR_OK;
}

void local_token_add(Call *call)
{
    Problems  problems = call_problems(call);
    NewToken *made = ARENA_NEW(call->ctx.arena, NewToken);
    Err       err = new_token(call, made, &problems);
    call->state = made;
    if (err.kind)
        call_fail(call, err, &problems);
    else
        call_write(call, write_token, made, token_written);
}

static Err write_token_end(Db *db, void *context)
{
    const Call *call = context;
    return token_end(db, call->params[0], call->ctx.now_ms);
}

void local_token_end(Call *call) { call_write(call, write_token_end, call, call_done); }
