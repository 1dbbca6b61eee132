/* web/pages/rests.c: see rests.h. */
#include "web/pages/rests.h"

#include "web/pages/view.h"

static Str text_of(const Json *use, const char *name) { return json_text(json_get(use, str_from(name))); }

/* "80 pages", or that none is in force. */
static Str value_of(const Call *call, const Json *use)
{
    Str value = text_of(use, "value"), unit = text_of(use, "unit");
    if (!json_get(use, STR("record")))
        return say(call, "say.rests.none");
    return unit.len ? str_printf(call->ctx.arena, "%.*s %.*s", STR_FMT(value), STR_FMT(unit)) : value;
}

/* "from 2024-01-01 to 2025-12-31, on 2024-05-01": the row's days, and the day of the case. */
static Str days_of(const Call *call, const Json *use)
{
    Str from = text_of(use, "valid_from"), to = text_of(use, "valid_to");
    return SAY(call, "say.rests.days", ARG("from", from.len ? from : STR("…")), ARG("to", to.len ? to : STR("…")),
               ARG("day", text_of(use, "day")));
}

static void put_use(const Call *call, const Json *use, Json *item)
{
    const Json *confirmed = json_get(use, STR("confirmed"));
    Str         id = text_of(use, "record");
    put(call, item, STR("rest_label"), text_of(use, "label"));
    put(call, item, STR("value"), value_of(call, use));
    put(call, item, STR("days"), id.len ? days_of(call, use) : STR_NONE);
    put(call, item, STR("source"), text_of(use, "source"));
    put(call, item, STR("href"), id.len ? str_printf(call->ctx.arena, "/parameter/%.*s", STR_FMT(id)) : STR_NONE);
    json_set_bool(call->ctx.arena, item, STR("unconfirmed"), confirmed && confirmed->kind == JSON_FALSE);
}

void rests_put(const Call *call, const Json *record, Json *page)
{
    Json *items = json_array(call->ctx.arena);
    JSON_EACH(use, json_get(record, STR("parameters")))
        put_use(call, use, json_push(items, json_object(call->ctx.arena)));
    put_block(call, page, STR("rests"), STR("items"), items);
}
