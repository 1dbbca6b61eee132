/* web/pages/line.c: see line.h. */
#include "web/pages/line.h"

#include "web/pages/show.h"
#include "web/pages/view.h"

#define SMALL_FIRST_TENTHS 40 /* of a unit of the small drawing: its first stop … */
#define SMALL_LAST_TENTHS  400

/* ---- the line ---- */

/* States that an action leads to from the state, itself left out. */
static uint64_t successors(const Type *type, int state)
{
    uint64_t found = 0;
    for (size_t i = 0; i < type->action_count; i++) {
        const Action *action = &type->actions[i];
        if (!action->creates && action->to >= 0 && action->to != state && (action->from >> state & 1))
            found |= UINT64_C(1) << action->to;
    }
    return found;
}

static uint64_t later_than(int state) { return state >= STATES_MAX - 1 ? 0 : ~UINT64_C(0) << (state + 1); }

static bool way_out(const Type *type, int state)
{
    int entries = 0;
    if (successors(type, state) & later_than(state))
        return false;
    for (int earlier = 0; earlier < state; earlier++)
        entries += (int)(successors(type, earlier) >> state & 1);
    return entries > 1;
}

void line_of(const Type *type, Line *out)
{
    int state = 0;
    *out = (Line){ .stops = { 0 }, .count = 1 };
    for (int next = 1; next < (int)type->state_count; next++) {
        if (!(successors(type, state) >> next & 1) || way_out(type, next))
            continue;
        out->stops[out->count++] = next;
        state = next;
    }
}

int line_at(const Line *line, int state)
{
    for (size_t i = 0; i < line->count; i++)
        if (line->stops[i] == state)
            return (int)i;
    return -1;
}

bool line_reaches(const Type *type, int state, uint64_t states)
{
    uint64_t seen = UINT64_C(1) << state, grown = 0;
    while (seen != grown) {
        grown = seen;
        for (int s = 0; s < (int)type->state_count; s++)
            if (seen >> s & 1)
                seen |= successors(type, s);
    }
    return (seen & states) != 0;
}

Str line_kind(const Type *type, int state)
{
    Line line;
    line_of(type, &line);
    int at = line_at(&line, state);
    if (at <= 0 || line.count == 1)
        return STR("not");
    return (size_t)at + 1 == line.count ? STR("done") : STR("here");
}

void line_state(const Call *call, const Type *type, int state, Json *page)
{
    if (state < 0) {
        put_null(call, page, STR("state"));
        return;
    }
    Json *json = json_set(page, STR("state"), json_object(call->ctx.arena));
    put(call, json, STR("label"), in_words(call, type->states[state].label));
    put(call, json, STR("kind"), line_kind(type, state));
}

/* ---- small ---- */

Json *line_small(const Call *call, const Type *type, int state)
{
    Line line;
    line_of(type, &line);
    int   at = line_at(&line, state);
    Json *json = json_null(call->ctx.arena);
    if (line.count < 2 || state < 0)
        return json;
    json = json_object(call->ctx.arena);
    Json *stops = json_set(json, STR("stops"), json_array(call->ctx.arena));
    for (int i = 0; i < (int)line.count; i++) {
        int   x = SMALL_FIRST_TENTHS + i * (SMALL_LAST_TENTHS - SMALL_FIRST_TENTHS) / ((int)line.count - 1);
        Json *stop = json_push(stops, json_object(call->ctx.arena));
        put(call, stop, STR("stop"), i == at ? STR("d-ring") : i < at ? STR("d-past") : STR("d-next"));
        put(call, stop, STR("x"), str_printf(call->ctx.arena, "%d.%d", x / 10, x % 10));
        json_set_int(call->ctx.arena, stop, STR("r"), i == at ? 3 : 2);
    }
    return json;
}

/* ---- of a record ---- */

/* The day on which the record last came to the state; empty when no event says so. */
static Str entered(const Call *call, const Type *type, int state, const Json *events)
{
    JSON_EACH(event, events) {
        JSON_EACH(change, json_get(event, STR("changes")))
            if (str_eq(json_text(json_get(change, STR("field"))), type->fields[SYS_STATE].name) &&
                str_eq(json_text(json_get(change, STR("new"))), type->states[state].name))
                return show_day(call, json_text(json_get(event, STR("time"))));
    }
    return STR_NONE;
}

static void mile_stop(const Call *call, Json *stops, Str label, Str note, bool past, bool here)
{
    Json *stop = json_push(stops, json_object(call->ctx.arena));
    put(call, stop, STR("stop"), label);
    put(call, stop, STR("note"), note);
    json_set_bool(call->ctx.arena, stop, STR("past"), past);
    json_set_bool(call->ctx.arena, stop, STR("here"), here);
}

static Str since(const Call *call, Str day) { return day.len ? SAY(call, "say.record.since", ARG("date", day)) : day; }

void line_mile(const Call *call, const Type *type, int state, const Json *events, Json *page)
{
    Line  line;
    Json *stops = json_array(call->ctx.arena);
    line_of(type, &line);
    int at = line_at(&line, state);
    for (int i = 0; state >= 0 && line.count > 1 && i < (int)line.count; i++) {
        int  stop = line.stops[i];
        Str  day = at >= 0 && i > at ? STR_NONE : entered(call, type, stop, events);
        bool here = i == at;
        if (at < 0 && !day.len) /* it left before it came here */
            continue;
        mile_stop(call, stops, in_words(call, type->states[stop].label), here ? since(call, day) : day,
                  at < 0 || i < at, here);
    }
    if (state >= 0 && line.count > 1 && at < 0)
        mile_stop(call, stops, in_words(call, type->states[state].label),
                  since(call, entered(call, type, state, events)), false, true);
    put_block(call, page, STR("mile"), STR("stops"), stops);
}

/* ---- what follows ---- */

static Str step_between(const Call *call, const Type *type, int from, int to)
{
    for (size_t i = 0; i < type->action_count; i++)
        if (type->actions[i].to == to && (type->actions[i].from >> from & 1))
            return in_words(call, type->actions[i].label);
    return STR_NONE;
}

void line_after(const Call *call, const Type *type, int to, Json *page)
{
    Line  line;
    Json *stops = json_array(call->ctx.arena);
    line_of(type, &line);
    int at = line_at(&line, to);
    for (int i = at; at >= 0 && line.count > 1 && i < (int)line.count; i++)
        mile_stop(call, stops, in_words(call, type->states[line.stops[i]].label),
                  i > at ? step_between(call, type, line.stops[i - 1], line.stops[i]) : STR_NONE, false, i == at);
    put_block(call, page, STR("after"), STR("stops"), stops);
}
