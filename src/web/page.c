/* web/page.c: see page.h. */
#include "web/page.h"

#include "kernel/desk.h"
#include "kernel/notice.h"
#include "web/dispatch.h"
#include "web/idempotent.h"

#define PAGE_BYTES_MAX ((size_t)16 * 1024 * 1024)

const Look *page_look(const Call *call) { return call->app->look; }

/* This address with other values of lang and format; without its own query where nothing may depend on the address. */
static Str address_with(Call *call, bool whole, Str name, Str value)
{
    Buf buf = buf_new(call->ctx.arena, SIZE_MAX);
    if (whole)
        buf_add(&buf, uri_escape(call->ctx.arena, call->path));
    buf_char(&buf, '?');
    for (size_t i = 0; whole && i < call->query_count; i++) {
        const Pair *pair = &call->query[i];
        if (str_eq(pair->name, name))
            continue;
        buf_add(&buf, uri_escape(call->ctx.arena, pair->name));
        buf_char(&buf, '=');
        buf_add(&buf, uri_escape(call->ctx.arena, pair->value));
        buf_char(&buf, '&');
    }
    buf_printf(&buf, "%.*s=%.*s", STR_FMT(name), STR_FMT(value));
    return buf_str(&buf);
}

static void frame_languages(Call *call, bool whole, Json *ui)
{
    Arena *arena = call->ctx.arena;
    Json  *languages = json_set(ui, STR("languages"), json_object(arena));
    for (Lang lang = 0; lang < LANG_COUNT; lang++) {
        Json *row = json_set(languages, lang_tag(lang), json_object(arena));
        json_set_str(arena, row, STR("href"), address_with(call, whole, STR("lang"), lang_tag(lang)));
        json_set_bool(arena, row, STR("here"), lang == call->ctx.lang);
    }
}

/* How many notices are unread; "9+" when there are more. A page does without the number when it cannot be had. */
static void frame_notices(Call *call, Json *ui)
{
    Arena  *arena = call->ctx.arena;
    int64_t unread = 0;
    Json   *notices = json_set(ui, STR("notices"), json_object(arena));
    json_set_str(arena, notices, STR("href"), STR("/notices"));
    if (notice_unread(&call->ctx, &unread).kind || !unread)
        json_set(notices, STR("count"), json_null(arena));
    else
        json_set_str(arena, notices, STR("count"),
                     unread > NOTICE_COUNT_MAX ? str_printf(arena, "%d+", NOTICE_COUNT_MAX)
                                               : str_printf(arena, "%d", (int)unread));
}

/* What waits for the actor; "99+" when there is more, and no number when there is nothing, or when it cannot be had. */
static void frame_desk(Call *call, PageKind kind, Json *ui)
{
    Arena  *arena = call->ctx.arena;
    int64_t waits = 0;
    Json   *desk = json_set(ui, STR("desk"), json_object(arena));
    json_set_str(arena, desk, STR("href"), STR("/desk"));
    json_set_bool(arena, desk, STR("here"), kind == PAGE_DESK);
    if (desk_count(&call->ctx, &waits).kind || !waits)
        json_set(desk, STR("count"), json_null(arena));
    else
        json_set_str(arena, desk, STR("count"),
                     waits > DESK_FRAME_MAX ? str_printf(arena, "%d+", DESK_FRAME_MAX)
                                            : str_printf(arena, "%d", (int)waits));
}

static void frame_person(Call *call, PageKind kind, Json *ui)
{
    Arena       *arena = call->ctx.arena;
    const Actor *actor = call->ctx.actor;
    if (!actor || actor->system) {
        json_set(ui, STR("person"), json_null(arena));
        json_set(ui, STR("csrf"), json_null(arena));
        json_set(ui, STR("once"), json_null(arena));
        json_set(ui, STR("notices"), json_null(arena));
        json_set(ui, STR("desk"), json_null(arena));
        return;
    }
    Json *person = json_set(ui, STR("person"), json_object(arena));
    json_set_str(arena, person, STR("name"), actor->name);
    json_set_str(arena, person, STR("organisation"), actor->organisation_name);
    json_set_str(arena, person, STR("role"), call_pack(call)->roles[actor->role].label.in[call->ctx.lang]);
    frame_notices(call, ui);
    frame_desk(call, kind, ui);
    bool forms = call->as == CALL_AS_SESSION;
    json_set(ui, STR("csrf"),
             forms ? json_string(arena, session_form_token(call->ctx.city, arena, call->session.key))
                   : json_null(arena));
    json_set(ui, STR("once"), forms ? json_string(arena, idempotent_fresh(call)) : json_null(arena));
}

static Json *frame_facts(Call *call, PageKind kind)
{
    Arena *arena = call->ctx.arena;
    Json  *ui = json_object(arena);
    bool   whole = kind != PAGE_ERROR && (call->method == METHOD_GET || call->method == METHOD_HEAD);
    json_set_str(arena, ui, STR("home_href"), STR("/desk"));
    json_set_str(arena, ui, STR("sign_out_href"), STR("/sign-out"));
    if (kind == PAGE_SIGN_IN)
        json_set(ui, STR("sign_in_href"), json_null(arena));
    else
        json_set_str(arena, ui, STR("sign_in_href"), STR("/sign-in"));
    if (whole)
        json_set_str(arena, ui, STR("json_href"), address_with(call, true, STR("format"), STR("json")));
    else
        json_set(ui, STR("json_href"), json_null(arena));
    json_set_bool(arena, ui, STR("demo"), call->ctx.city->demo);
    json_set(ui, STR("clock"),
             call->app->config.test_clock && kind != PAGE_ERROR
                 ? json_string(arena, date_text(arena, ctx_today(&call->ctx)))
                 : json_null(arena));
    frame_languages(call, whole, ui);
    frame_person(call, kind, ui);
    return ui;
}

static Err render(Call *call, PageKind kind, const Json *data, Str *out)
{
    Arena  *arena = call->ctx.arena;
    PageOut made = { .template = pages[kind].template, .ui = frame_facts(call, kind), .page = json_object(arena) };
    TRY(pages[kind].view(call, data, &made));
    Json *context = json_object(arena);
    json_set(context, STR("ui"), made.ui);
    json_set(context, STR("page"), made.page);
    Buf buf = buf_new(arena, PAGE_BYTES_MAX);
    TRY(look_render(call->app->look, made.template, call->ctx.lang, context, &buf));
    *out = buf_str(&buf);
    return ERR_OK;
}

Err page_render(Call *call, PageKind kind, const Json *data, Str *out)
{
    int64_t began_us = monotonic_us();
    Err     err = render(call, kind, data, out);
    call->transport->spent.render_us += monotonic_us() - began_us;
    return err;
}
