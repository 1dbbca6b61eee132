/* web/pages/mail.c: whether notices come by mail as well, and the page that a mail leads to when no more is wanted. */
#include "web/pages/show.h"
#include "web/pages/view.h"

static bool is_true(const Json *json, const char *name)
{
    bool truth = false;
    json_truth(json_get(json, str_from(name)), &truth);
    return truth;
}

/* What the newest mail met, when it has not arrived. */
static Str trouble(Call *call, const Json *last)
{
    Str     state = json_text(json_get(last, STR("state"))), problem = json_text(json_get(last, STR("problem")));
    int64_t status = 0;
    if (!state.len || str_eq(state, STR("delivered")) || str_eq(state, STR("dropped")))
        return STR_NONE;
    if (json_int(json_get(last, STR("status")), &status))
        problem = str_printf(call->ctx.arena, "%lld", (long long)status);
    return SAY(call, str_eq(state, STR("dead")) ? "say.mail.dead" : "say.mail.tried",
               ARG("day", show_day(call, json_text(json_get(last, STR("time"))))), ARG("problem", problem));
}

static void put_wants(Call *call, const Json *data, Json *page)
{
    static const char *const names[] = { "each", "daily", "off" };
    Str                      wants = json_text(json_get(data, STR("wants")));
    bool                     address = json_get(data, STR("address")) != NULL;
    Json                    *choices = json_set(page, STR("choices"), json_array(call->ctx.arena));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        Str   path = str_printf(call->ctx.arena, "say.mail.%s", names[i]);
        Json *choice = json_push(choices, json_object(call->ctx.arena));
        put(call, choice, STR("code"), str_from(names[i]));
        put(call, choice, STR("choice"), say(call, str_dup_z(call->ctx.arena, path)));
        json_set_bool(call->ctx.arena, choice, STR("chosen"), address ? str_eq(wants, str_from(names[i])) : i == 0);
    }
}

/* {title, text} of how things stand. */
static void put_state(Call *call, const Json *data, Json *page)
{
    Str address = json_text(json_get(data, STR("address")));
    if (!address.len)
        put_null(call, page, STR("state"));
    else if (is_true(data, "confirmed"))
        put(call, page, STR("state"), SAY(call, "say.mail.confirmed", ARG("address", address)));
    else if (is_true(data, "waits"))
        put(call, page, STR("state"), SAY(call, "say.mail.waits", ARG("address", address)));
    else
        put(call, page, STR("state"), SAY(call, "say.mail.lapsed", ARG("address", address)));
}

Err view_mail(Call *call, const Json *data, PageOut *out)
{
    const Json *error = json_get(data, STR("error"));
    Json       *page = out->page;
    bool        waits = is_true(data, "waits"), code = str_eq(json_text(json_get(data, STR("form"))), STR("code"));
    Str         title = say(call, "say.mail.title"), address = json_text(json_get(data, STR("address")));
    TRY(view_frame(call, out, error ? SAY(call, "say.title.error", ARG("title", title)) : title, NULL));
    Json *crumbs = view_trail(call, out);
    view_crumb(call, crumbs, say(call, "say.notices.title"), STR("/notices"));
    view_crumb(call, crumbs, title, STR_NONE);
    view_errors(call, error, code ? "code" : "address", page);
    json_set_bool(call->ctx.arena, page, STR("sends"), is_true(data, "sends"));
    put_state(call, data, page);
    put(call, page, STR("trouble"), trouble(call, json_get(data, STR("last"))));
    json_set_bool(call->ctx.arena, page, STR("waits"), waits);
    json_set_bool(call->ctx.arena, page, STR("code_bad"), error && code);
    json_set_bool(call->ctx.arena, page, STR("address_bad"), error && !code);
    put(call, page, STR("code"), code ? json_text(json_get(data, STR("said"))) : STR_NONE);
    put(call, page, STR("address"), error && !code ? json_text(json_get(data, STR("said"))) : address);
    json_set_bool(call->ctx.arena, page, STR("known"), address.len > 0);
    put_wants(call, data, page);
    return ERR_OK;
}

Err view_mail_off(Call *call, const Json *data, PageOut *out)
{
    Arena *arena = call->ctx.arena;
    bool   done = is_true(data, "done");
    TRY(view_frame(call, out, say(call, done ? "say.mail.off_done" : "say.mail.off_title"), NULL));
    put(call, out->page, STR("title"), say(call, done ? "say.mail.off_done" : "say.mail.off_title"));
    json_set_bool(arena, out->page, STR("done"), done);
    put(call, out->page, STR("action"),
        str_printf(arena, "/mail/off?person=%.*s&key=%.*s", STR_FMT(json_text(json_get(data, STR("person")))),
                   STR_FMT(json_text(json_get(data, STR("key"))))));
    return ERR_OK;
}
