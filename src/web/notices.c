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

typedef struct Reading { /* `until`: that one and older ones; `id`: that one alone */
    Str     person;
    int64_t until, id; /* -1: not said */
} Reading;

static Err write_read(Db *db, void *context)
{
    const Reading *reading = context;
    return reading->id >= 0 ? notice_read_one(db, reading->person, reading->id)
                            : notice_read(db, reading->person, reading->until);
}

static Err wrong(const char *name, Problems *problems)
{
    PROBLEM(problems, ECODE_HTTP_PARAMETER, str_from(name), STR_NONE, ARG("name", str_from(name)),
            ARG("expected", STR("0 …")));
    return shape_problem(problems);
}

/* Exactly one of the two. */
static Err reading_check(const Reading *reading, Problems *problems)
{
    return (reading->until >= 0) != (reading->id >= 0) ? ERR_OK : wrong("until", problems);
}

static Err read_body(Call *call, Reading *out, Problems *problems)
{
    const Json *until = json_get(call->body, STR("until")), *id = json_get(call->body, STR("id"));
    TRY(SHAPE(call->body, problems, { "until", JSON_NUMBER, false }, { "id", JSON_NUMBER, false }));
    if (until && (!json_int(until, &out->until) || out->until < 0))
        return wrong("until", problems);
    if (id && (!json_int(id, &out->id) || out->id < 0))
        return wrong("id", problems);
    return reading_check(out, problems);
}

static Reading *reading_new(const Call *call)
{
    Reading *reading = ARENA_NEW(call->ctx.arena, Reading);
    *reading = (Reading){ call->ctx.actor->person, -1, -1 };
    return reading;
}

void notices_read(Call *call)
{
    Problems problems = call_problems(call);
    Reading *reading = reading_new(call);
    Err      err = read_body(call, reading, &problems);
    if (err.kind)
        call_fail(call, err, &problems);
    else
        call_write(call, write_read, reading, call_done);
}

static void led_back(Call *call, Err err)
{
    if (err.kind)
        call_fail(call, err, NULL);
    else
        call_redirect(call, STR("/notices"));
}

/* Those that the page showed, and older ones: what came since stays unread. Or one of them. */
void notices_form(Call *call)
{
    Problems problems = call_problems(call);
    Reading *reading = reading_new(call);
    Str      until = call_form(call, STR("until")), id = call_form(call, STR("id"));
    bool     numbers = (!until.ptr || str_int(until, &reading->until)) && (!id.ptr || str_int(id, &reading->id));
    Err      err = numbers ? reading_check(reading, &problems) : wrong("until", &problems);
    if (err.kind)
        call_fail(call, err, &problems);
    else
        call_write(call, write_read, reading, led_back);
}
