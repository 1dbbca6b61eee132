/* web/check.c: a receipt, checked against the key of this city's log, for everybody. Nothing of it is kept. */
#include "evidence/keeper.h"
#include "evidence/verify.h"
#include "kernel/authority.h"
#include "kernel/cosign.h"
#include "web/handlers.h"
#include "web/shapes.h"

static Err begun(Call *call, NoteKey *log, Json **data)
{
    Arena *arena = call->ctx.arena;
    if (!keeper_key(call->ctx.city->log, log))
        return keeper_closed(call->ctx.city->log);
    *data = json_object(arena);
    json_set_str(arena, *data, STR("log"), log->name);
    json_set_str(arena, *data, STR("key"), note_key_text(arena, log));
    return ERR_OK;
}

void check_show(Call *call)
{
    NoteKey log;
    Json   *data = NULL;
    Err     err = begun(call, &log, &data);
    call_answer(call, err, data, NULL);
}

/* As it came from a text area: with the line ends of a form, and what is around it. */
static Str pasted(Arena *arena, Str text)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    for (Str rest = str_trim(text); rest.len;) {
        Str line = str_cut(&rest, '\n');
        buf_add(&buf, str_ends(line, STR("\r")) ? str_slice(line, 0, line.len - 1) : line);
        buf_char(&buf, '\n');
    }
    return buf_str(&buf);
}

static void put_answer(Arena *arena, Json *data, const char *name, bool known, bool answer)
{
    json_set(data, str_from(name), known ? json_bool(arena, answer) : json_null(arena));
}

static void put_error(Call *call, Json *data, Err err)
{
    Problems problems = call_problems(call);
    Str      what = str_from(err.context);
    PROBLEM(&problems, err.code, STR_NONE, STR_NONE, ARG("where", what), ARG("name", what));
    json_set(data, STR("error"), call_error(call, err, &problems));
}

/* A receipt that says of itself that it is of another log is neither true nor changed here. */
static bool of_another(Arena *arena, const Verified *found, Str key)
{
    NoteKey own;
    return found->receipt.key.len && !note_key_parse(found->receipt.key, &own).kind &&
           !str_eq(note_key_text(arena, &own), key);
}

/* Under the city's own policy: what a receipt says of its witnesses, anybody can write. */
static Err witnessed(const Call *call, Verified *found)
{
    Str policy;
    TRY(cosign_policy(call->ctx.db, call->ctx.arena, &policy));
    return policy.len ? verify_witnesses(call->ctx.arena, policy, found) : ERR_OK;
}

/* By the certificates that the city keeps of its authorities; a time that nobody vouches for is not told. */
static Err timed(const Call *call, Verified *found)
{
    Authority authority;
    bool      some;
    TRY(authority_read(call->ctx.db, call->ctx.arena, &authority, &some));
    Str ca = authority_certificates(call->ctx.arena, &authority);
    if (!some || !found->receipt.tokens.len || verify_time(ca, env_now(&call->ctx.city->env), found).kind)
        found->stamped = found->timed = false;
    return ERR_OK;
}

static void put_found(Call *call, Str text, Json *data)
{
    Arena    *arena = call->ctx.arena;
    Verified *found = ARENA_NEW(arena, Verified);
    Str       key = json_text(json_get(data, STR("key")));
    Err       err = verify_receipt(arena, text, key, found);
    bool      other = err.kind && err.code != ECODE_RECEIPT_FORM && of_another(arena, found, key);
    if (!err.kind)
        err = witnessed(call, found);
    if (!err.kind)
        err = timed(call, found);
    put_answer(arena, data, "unchanged", !other, !err.kind);
    put_answer(arena, data, "of_this_log", other || !err.kind, !other);
    put_answer(arena, data, "witnessed", !err.kind && found->asked && found->policy.quorum != POLICY_NONE,
               found->seen.met);
    if (err.kind)
        put_error(call, data, err);
    else
        json_set(data, STR("receipt"), verified_json(arena, found));
}

static Err read_receipt(Call *call, Str *out, Problems *problems)
{
    Str file = call_form(call, STR("file"));
    if (!call->page && call->body) {
        TRY(SHAPE(call->body, problems, { "receipt", JSON_STRING, true }));
        *out = json_text(json_get(call->body, STR("receipt")));
    } else {
        *out = file.len ? file : pasted(call->ctx.arena, call_form(call, STR("text")));
    }
    return ERR_OK;
}

void check_receipt(Call *call)
{
    Problems problems = call_problems(call);
    NoteKey  log;
    Json    *data = NULL;
    Str      text = STR_NONE;
    Err      err = begun(call, &log, &data);
    if (!err.kind)
        err = read_receipt(call, &text, &problems);
    if (!err.kind && text.len) /* of nothing there is nothing to say: the form again */
        put_found(call, text, data);
    call_answer(call, err, data, &problems);
}
