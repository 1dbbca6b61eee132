/* web/notices.c: what a person was told of (kernel/notice.h), and that they have read it. */
#include "kernel/notice.h"

#include "base/limits.h"
#include "web/handlers.h"
#include "web/page.h"
#include "web/shapes.h"

#define NOTICES_USUAL 50

static Err list_data(Call *call, Json **out, Problems *problems)
{
    int64_t before = 0, limit = NOTICES_USUAL, next, unread;
    Json   *items;
    shape_number(call, "before", 1, INT64_MAX, &before, problems);
    shape_number(call, "limit", 1, LIMIT_LIST_ROWS, &limit, problems);
    TRY(shape_problem(problems));
    TRY(notice_list(&call->ctx, before, limit, &items, &next));
    TRY(notice_unread(&call->ctx, &unread));
    *out = json_object(call->ctx.arena);
    json_set(*out, STR("items"), items);
    json_set(*out, STR("next"), next ? json_number(call->ctx.arena, next) : json_null(call->ctx.arena));
    json_set_int(call->ctx.arena, *out, STR("unread"), unread);
    return ERR_OK;
}

void notices_list(Call *call)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    Err      err = list_data(call, &json, &problems);
    call_answer(call, err, json, &problems);
}

/* ---- read ---- */

typedef struct Reading {
    Str     person;
    int64_t until;
} Reading;

static Err write_read(Db *db, void *context)
{
    const Reading *reading = context;
    return notice_read(db, reading->person, reading->until);
}

static void read_until(Call *call, int64_t until, void (*then)(Call *call, Err err))
{
    Reading *reading = ARENA_NEW(call->ctx.arena, Reading);
    *reading = (Reading){ call->ctx.actor->person, until };
    call_write(call, write_read, reading, then);
}

void notices_read(Call *call)
{
    Problems problems = call_problems(call);
    int64_t  until = 0;
    Err      err = SHAPE(call->body, &problems, { "until", JSON_NUMBER, true });
    if (!err.kind && (!json_int(json_get(call->body, STR("until")), &until) || until < 0)) {
        PROBLEM(&problems, ECODE_HTTP_PARAMETER, STR("until"), STR_NONE, ARG("name", STR("until")),
                ARG("expected", STR("0 …")));
        err = shape_problem(&problems);
    }
    if (err.kind)
        call_fail(call, err, &problems);
    else
        read_until(call, until, call_done);
}

static void led_back(Call *call, Err err)
{
    if (err.kind)
        call_fail(call, err, NULL);
    else
        call_redirect(call, STR("/notices"));
}

/* Those that the page showed, and older ones: what came since stays unread. */
void notices_form(Call *call)
{
    Problems problems = call_problems(call);
    int64_t  until;
    if (str_int(call_form(call, STR("until")), &until) && until >= 0) {
        read_until(call, until, led_back);
        return;
    }
    PROBLEM(&problems, ECODE_HTTP_PARAMETER, STR("until"), STR_NONE, ARG("name", STR("until")),
            ARG("expected", STR("0 …")));
    call_fail(call, shape_problem(&problems), &problems);
}
