/* web/pages/statistics.c: all types in numbers, each of which opens its records. */
#include "web/pages/line.h"
#include "web/pages/show.h"
#include "web/pages/view.h"
#include "web/shapes.h"

#define BAR_TENTHS 1000 /* of the longest bar: 100.0 */

typedef struct FiguresView {
    Call       *call;
    const Json *data;
    Json       *page;
} FiguresView;

static Str label_of(const Json *json) { return json_text(json_get(json, STR("label"))); }

static const Type *type_of(const FiguresView *view, const Json *item)
{
    return pack_type(call_pack(view->call), json_text(json_get(item, STR("type"))));
}

static void put_figure(const FiguresView *view, const Type *type, Str label, const Json *figure, Json *into)
{
    put(view->call, into, STR("label"), label);
    view_figure_put(view->call, type, figure, into);
}

/* ---- what is late ---- */

static void put_late(const FiguresView *view)
{
    Call *call = view->call;
    Json *items = json_array(call->ctx.arena);
    JSON_EACH(item, json_get(view->data, STR("items"))) {
        JSON_EACH(clock, json_get(item, STR("late"))) {
            Json *late = json_push(items, json_object(call->ctx.arena));
            put_figure(view, type_of(view, item),
                       SAY(call, "say.statistics.late", ARG("label", label_of(item)), ARG("clock", label_of(clock))),
                       clock, late);
            json_set_bool(call->ctx.arena, late, STR("late"), view_figure_count(clock) > 0);
        }
    }
    put_block(call, view->page, STR("late"), STR("items"), items);
}

/* ---- a type ---- */

static Str share(const Call *call, int64_t count, int64_t total)
{
    int64_t tenths = total ? (count * 1000 + total / 2) / total : 0;
    return str_printf(call->ctx.arena, "%lld.%lld%%", (long long)(tenths / 10), (long long)(tenths % 10));
}

/* Of the states on the way through the type's work in the accent, of the ways out in grey. */
static void put_bar(const FiguresView *view, const Type *type, const Json *state, int64_t most, int64_t total,
                    Json *bars)
{
    Call *call = view->call;
    Line  line;
    line_of(type, &line);
    int64_t tenths = most ? view_figure_count(state) * BAR_TENTHS / most : 0;
    Json   *bar = json_push(bars, json_object(call->ctx.arena));
    put_figure(view, type, label_of(state), state, bar);
    put(call, bar, STR("width"),
        str_printf(call->ctx.arena, "%lld.%lld", (long long)tenths / 10, (long long)tenths % 10));
    json_set_bool(call->ctx.arena, bar, STR("way"),
                  line_at(&line, type_state(type, json_text(json_get(state, STR("state"))))) >= 0);
    put(call, bar, STR("share"), share(call, view_figure_count(state), total));
}

/* Bars begin at nothing, and end at the largest. */
static void put_bars(const FiguresView *view, const Type *type, const Json *item, Json *figure)
{
    Call       *call = view->call;
    const Json *states = json_get(item, STR("states"));
    int64_t     most = 0, total = 0;
    Json       *bars = json_array(call->ctx.arena);
    JSON_EACH(state, states) {
        most = view_figure_count(state) > most ? view_figure_count(state) : most;
        total += view_figure_count(state);
    }
    JSON_EACH(state, states)
        if (states->count > 1 && total)
            put_bar(view, type, state, most, total, bars);
    put_block(call, figure, STR("chart"), STR("bars"), bars);
    put(call, figure, STR("most"), show_count(call->ctx.arena, most, SHAPE_COUNT_MAX));
}

static void put_type(const FiguresView *view, const Json *item, Json *figures)
{
    Call       *call = view->call;
    const Type *type = type_of(view, item);
    Json       *figure = json_push(figures, json_object(call->ctx.arena));
    put(call, figure, STR("id"), str_printf(call->ctx.arena, "of-%.*s", STR_FMT(type->name)));
    put_figure(view, type, label_of(item), item, figure);
    put_bars(view, type, item, figure);
}

/* ---- the page ---- */

static const Json *figures_of(const FiguresView *view, const Type *type)
{
    JSON_EACH(item, json_get(view->data, STR("items")))
        if (str_eq(json_text(json_get(item, STR("type"))), type->name))
            return item;
    return NULL;
}

Err view_statistics(Call *call, const Json *data, PageOut *out)
{
    FiguresView   view = { .call = call, .data = data, .page = out->page };
    ServiceTypes *services;
    size_t        count;
    int64_t       today = ctx_today(&call->ctx);
    TRY(view_frame(call, out, say(call, "statistics.title"), NULL));
    put(call, out->page, STR("date"), SAY(call, "say.statistics.date", ARG("date", show_spoken(call, today))));
    put_late(&view);
    view_services(call, &services, &count);
    Json *list = json_set(out->page, STR("services"), json_array(call->ctx.arena));
    for (size_t i = 0; i < count; i++) {
        Json *service = json_push(list, json_object(call->ctx.arena));
        put(call, service, STR("id"), services[i].name);
        put(call, service, STR("label"), services[i].label);
        put(call, service, STR("icon"), services[i].icon);
        Json *figures = json_set(service, STR("figures"), json_array(call->ctx.arena));
        for (size_t t = 0; t < services[i].count; t++)
            put_type(&view, figures_of(&view, services[i].types[t]), figures);
    }
    return ERR_OK;
}
