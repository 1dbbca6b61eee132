/* web/mail.c: notices by mail (kernel/mail.h): what a person wants of it, and where the operator hands mail over. */
#include "kernel/mail.h"
#include "kernel/delivery.h"
#include "kernel/duties.h"
#include "web/handlers.h"
#include "web/page.h"
#include "web/shapes.h"

/* ---- showing ---- */

static void mail_json(Call *call, const Mail *mail, Json *out)
{
    json_set_str(call->ctx.arena, out, STR("address"), mail->address);
    json_set_str(call->ctx.arena, out, STR("wants"), mail_wants_name(mail->wants));
    json_set_bool(call->ctx.arena, out, STR("confirmed"), mail->confirmed_ms != 0);
    json_set_bool(call->ctx.arena, out, STR("waits"), mail_waits(mail, call->ctx.now_ms));
}

/* What became of the newest mail to the person: {state, time, status or problem}; absent before the first try. */
static Err put_last(Call *call, Json *out)
{
    Json *delivery;
    TRY(delivery_newest(call->ctx.db, call->ctx.arena, DELIVERY_MAIL, call->ctx.actor->person, &delivery));
    const Json *tries = json_get(delivery, STR("tries"));
    if (!tries || !tries->last)
        return ERR_OK;
    Json *last = json_set(out, STR("last"), json_dup(call->ctx.arena, tries->last));
    json_set_str(call->ctx.arena, last, STR("state"), json_text(json_get(delivery, STR("state"))));
    return ERR_OK;
}

static Err mail_data(Call *call, Json **out)
{
    Mail      mail;
    MailRelay relay;
    bool      found, set;
    *out = json_object(call->ctx.arena);
    TRY(mail_relay_read(call->ctx.city, call->ctx.arena, &relay, &set));
    TRY(mail_find(call->ctx.db, call->ctx.arena, call->ctx.actor->person, &mail, &found));
    json_set_bool(call->ctx.arena, *out, STR("sends"), set);
    if (!found || !mail.address.len) {
        json_set_str(call->ctx.arena, *out, STR("wants"), mail_wants_name(MAIL_OFF));
        return ERR_OK;
    }
    mail_json(call, &mail, *out);
    return put_last(call, *out);
}

void mail_show(Call *call)
{
    Json *json = NULL;
    Err   err = mail_data(call, &json);
    call_answer(call, err, json, NULL);
}

/* ---- changing ---- */

typedef struct Changing {
    Mail        asked;
    Str         code;
    bool        right;
    const char *form; /* of the page: where a problem is shown */
} Changing;

/* What was said, of JSON or of a form. */
static Str said(const Call *call, Str name)
{
    return str_trim(call->page ? call_form(call, name) : json_text(json_get(call->body, name)));
}

static void refuse(Call *call, Err err, const Problems *problems)
{
    const Changing *changing = call->state;
    Json           *json;
    if (!call->page || (err.kind != ERR_INVALID && err.kind != ERR_REFUSED) || mail_data(call, &json).kind) {
        call_fail(call, err, problems);
        return;
    }
    json_set(json, STR("error"), call_error(call, err, problems));
    json_set_str(call->ctx.arena, json, STR("form"), str_from(changing->form));
    json_set_str(call->ctx.arena, json, STR("said"), said(call, str_from(changing->form)));
    call_data(call, err.kind == ERR_INVALID ? 422 : 409, json);
}

static void changed(Call *call, Err err)
{
    Problems problems = call_problems(call);
    if (err.code == ECODE_MAIL_CODES)
        PROBLEM(&problems, err.code, STR_NONE, STR_NONE, ARG("max", str_printf(call->ctx.arena, "%d", MAIL_CODES)));
    if (err.kind) {
        refuse(call, err, &problems);
        return;
    }
    duties_wake(call->ctx.city, "outbox");
    if (call->page)
        call_redirect(call, STR("/mail"));
    else
        mail_show(call);
}

static Err write_change(Db *db, void *context)
{
    const Call     *call = context;
    const Changing *changing = call->state;
    return mail_set(call->ctx.city, db, &changing->asked, call->ctx.now_ms);
}

static Err read_change(Call *call, Mail *out, Problems *problems)
{
    MailRelay relay;
    bool      set;
    if (!call->page)
        TRY(SHAPE(call->body, problems, { "address", JSON_STRING, true }, { "wants", JSON_STRING, true }));
    out->person = call->ctx.actor->person;
    out->address = said(call, STR("address"));
    out->lang = call->ctx.lang;
    if (!mail_wants_parse(said(call, STR("wants")), &out->wants))
        PROBLEM(problems, ECODE_HTTP_PARAMETER, STR("wants"), STR_NONE, ARG("name", STR("wants")),
                ARG("expected", STR("each, daily, off")));
    if (!mail_address_fits(out->address))
        PROBLEM(problems, ECODE_MAIL_ADDRESS, STR("address"), STR_NONE);
    if (problems->count)
        return err_make(ECODE_RECORD_INVALID, "mail");
    TRY(mail_relay_read(call->ctx.city, call->ctx.arena, &relay, &set));
    return set ? ERR_OK : err_make(ECODE_MAIL_NONE, "");
}

void mail_change(Call *call)
{
    Problems  problems = call_problems(call);
    Changing *changing = ARENA_NEW(call->ctx.arena, Changing);
    changing->form = "address";
    call->state = changing;
    Err err = read_change(call, &changing->asked, &problems);
    if (err.kind)
        refuse(call, err, &problems);
    else
        call_write(call, write_change, call, changed);
}

/* ---- the code ---- */

/* A wrong one is written down, so it is no error of the change. */
static Err write_code(Db *db, void *context)
{
    const Call *call = context;
    Changing   *changing = call->state;
    return mail_confirm(call->ctx.city, db, call->ctx.actor->person, changing->code, call->ctx.now_ms,
                        &changing->right);
}

static void code_tried(Call *call, Err err)
{
    const Changing *changing = call->state;
    Problems        problems = call_problems(call);
    if (!err.kind && !changing->right) {
        PROBLEM(&problems, ECODE_MAIL_CODE, STR("code"), STR_NONE,
                ARG("max", str_printf(call->ctx.arena, "%d", MAIL_CODE_TRIES)));
        err = err_make(ECODE_RECORD_INVALID, "code");
    }
    if (err.kind)
        refuse(call, err, &problems);
    else
        changed(call, err);
}

void mail_code_given(Call *call)
{
    Problems  problems = call_problems(call);
    Changing *changing = ARENA_NEW(call->ctx.arena, Changing);
    Err       err = call->page ? ERR_OK : SHAPE(call->body, &problems, { "code", JSON_STRING, true });
    changing->form = "code";
    changing->code = said(call, STR("code"));
    call->state = changing;
    if (err.kind)
        call_fail(call, err, &problems);
    else
        call_write(call, write_code, call, code_tried);
}

/* ---- the end ---- */

static Err write_forget(Db *db, void *context) { return mail_end(db, ((const Call *)context)->ctx.actor->person); }

static void forgotten(Call *call, Err err)
{
    if (!err.kind && call->page)
        call_redirect(call, STR("/mail"));
    else
        call_done(call, err);
}

void mail_forget(Call *call) { call_write(call, write_forget, call, forgotten); }

/* The page asks; a program that follows the address posts at once (RFC 8058). Whether the key is right is told by
 * following it alone. */
static Json *off_data(Call *call, bool done)
{
    Json *json = json_object(call->ctx.arena);
    json_set_str(call->ctx.arena, json, STR("person"), call_query(call, STR("person")));
    json_set_str(call->ctx.arena, json, STR("key"), call_query(call, STR("key")));
    json_set_bool(call->ctx.arena, json, STR("done"), done);
    return json;
}

void mail_off_show(Call *call) { call_data(call, 200, off_data(call, false)); }

static Err write_off(Db *db, void *context)
{
    const Call *call = context;
    return mail_off(call->ctx.city, db, call_query(call, STR("person")), call_query(call, STR("key")));
}

static void is_off(Call *call, Err err) { call_answer(call, err, off_data(call, true), NULL); }

/* Nobody is signed in: what is wrong does not come as far as the writer. */
void mail_off_follow(Call *call)
{
    Err err = mail_off_check(call->ctx.city, call->ctx.db, call_query(call, STR("person")),
                             call_query(call, STR("key")));
    if (err.kind)
        call_fail(call, err, NULL);
    else
        call_write(call, write_off, call, is_off);
}

/* ---- the relay ---- */

/* Without the password, which is told to nobody. */
static Json *relay_json(Call *call, const MailRelay *relay, bool set)
{
    Arena *arena = call->ctx.arena;
    Json  *json = json_object(arena);
    json_set_bool(arena, json, STR("sends"), set);
    if (!set)
        return json;
    json_set_str(arena, json, STR("url"), relay->url);
    json_set_str(arena, json, STR("from"), relay->from);
    json_set_str(arena, json, STR("link"), relay->link);
    if (relay->login.len)
        json_set_str(arena, json, STR("login"), relay->login);
    json_set_bool(arena, json, STR("plain"), relay->plain);
    return json;
}

void relay_show(Call *call)
{
    MailRelay relay = { 0 };
    bool      set = false;
    Err       err = mail_relay_read(call->ctx.city, call->ctx.arena, &relay, &set);
    call_answer(call, err, relay_json(call, &relay, set), NULL);
}

static Err relay_asked(Call *call, MailRelay *out, Problems *problems)
{
    const Json *body = call->body;
    TRY(SHAPE(body, problems, { "url", JSON_STRING, true }, { "from", JSON_STRING, true },
              { "link", JSON_STRING, true }, { "login", JSON_STRING, false }, { "password", JSON_STRING, false },
              { "plain", JSON_TRUE, false }));
    *out = (MailRelay){ .url = json_text(json_get(body, STR("url"))),
                        .from = json_text(json_get(body, STR("from"))),
                        .link = json_text(json_get(body, STR("link"))),
                        .login = json_text(json_get(body, STR("login"))),
                        .password = json_text(json_get(body, STR("password"))) };
    json_truth(json_get(body, STR("plain")), &out->plain);
    return mail_relay_check(call->ctx.arena, out, problems);
}

void relay_put(Call *call)
{
    MailRelay relay;
    Problems  problems = call_problems(call);
    Err       err = relay_asked(call, &relay, &problems);
    if (!err.kind)
        err = mail_relay_write(call->ctx.city, &relay);
    if (!err.kind)
        duties_wake(call->ctx.city, "outbox");
    call_answer(call, err, err.kind ? NULL : relay_json(call, &relay, true), &problems);
}

void relay_forget(Call *call) { call_done(call, mail_relay_end(call->ctx.city)); }
