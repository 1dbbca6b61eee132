/* web/pages/clocks.c: see clocks.h. */
#include "web/pages/clocks.h"

#include "kernel/clock.h"
#include "web/pages/filter.h"
#include "web/pages/show.h"
#include "web/pages/view.h"
#include "web/shapes.h"

#define SOON_DAYS 3 /* left: from then on a clock waits for somebody */

static bool truth(const Json *clock, const char *member)
{
    bool is = false;
    return json_truth(json_get(clock, str_from(member)), &is) && is;
}

static int64_t number(const Json *clock, const char *member)
{
    int64_t n = 0;
    json_int(json_get(clock, str_from(member)), &n);
    return n;
}

static Str clock_kind(const Json *clock)
{
    bool waits = json_get(clock, STR("paused")) || number(clock, "days_left") <= SOON_DAYS;
    return truth(clock, "late") ? STR("late") : waits ? STR("wait") : STR("here");
}

static Str clock_day(const Json *clock)
{
    const Json *due = json_get(clock, STR("due"));
    return json_text(due ? due : json_get(clock, STR("paused")));
}

void clock_put(const Call *call, const Json *clock, Json *into)
{
    put(call, into, STR("day"), clock_day(clock));
    put(call, into, STR("said"), json_text(json_get(clock, STR("text"))));
    put(call, into, STR("kind"), clock_kind(clock));
}

bool clock_due_field(const Field *field) { return field->clock && clock_field_kind(field) == CLOCK_DUE; }

Json *clock_cell(const Call *call, const Field *field, const Json *record)
{
    if (!clock_due_field(field))
        return json_null(call->ctx.arena);
    JSON_EACH(clock, json_get(record, STR("clocks"))) {
        if (!str_eq(json_text(json_get(clock, STR("name"))), field->clock->name))
            continue;
        Json *stand = json_object(call->ctx.arena);
        clock_put(call, clock, stand);
        if (json_get(clock, STR("paused")))
            put_null(call, stand, STR("day"));
        return stand;
    }
    return json_null(call->ctx.arena);
}

/* "counted from 2025-03-03: 15 working days" */
static Str counted(const Call *call, const Json *clock)
{
    bool working = str_eq(json_text(json_get(clock, STR("kind"))), STR("working"));
    Str  days = say_count(call, working ? "say.clock.working" : "say.clock.calendar", (size_t)number(clock, "days"));
    return SAY(call, "say.clock.counted", ARG("from", json_text(json_get(clock, STR("from")))), ARG("days", days));
}

void clocks_put(const Call *call, const Json *record, Json *page)
{
    Json *items = json_array(call->ctx.arena);
    JSON_EACH(clock, json_get(record, STR("clocks"))) {
        Json *item = json_push(items, json_object(call->ctx.arena));
        clock_put(call, clock, item);
        put(call, item, STR("clock_label"), json_text(json_get(clock, STR("label"))));
        put(call, item, STR("counted"), counted(call, clock));
        put(call, item, STR("source"), json_text(json_get(clock, STR("source"))));
        json_set_bool(call->ctx.arena, item, STR("paused"), json_get(clock, STR("paused")) != NULL);
        json_set_bool(call->ctx.arena, item, STR("provisional"), truth(clock, "provisional"));
    }
    put_block(call, page, STR("clocks"), STR("items"), items);
}

void clocks_ready(const Call *call, const Type *type, Str filter, Str (*address)(const void *context, Str filter),
                  const void *context, Json *page)
{
    Json *ready = json_set(page, STR("ready"), json_array(call->ctx.arena));
    for (size_t i = 0; i < type->clock_count; i++) {
        const Clock *clock = &type->clocks[i];
        const Field *due = clock_field(type, clock, CLOCK_DUE);
        Str          late = str_printf(call->ctx.arena, "%.*s < today()", STR_FMT(due->name));
        if (!shape_field_known(call, due) || str_find(filter, late) < filter.len)
            continue;
        Json *link = view_link(call, SAY(call, "say.clock.late", ARG("clock", in_words(call, clock->label))),
                               address(context, filter_with(call->ctx.arena, filter, late)));
        json_push(ready, link);
    }
}
