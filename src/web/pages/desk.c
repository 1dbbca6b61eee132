/* web/pages/desk.c: what waits for a person: late, theirs, waiting for others. */
#include "kernel/desk.h"

#include "base/limits.h"
#include "kernel/clock.h"
#include "web/pages/clocks.h"
#include "web/pages/show.h"
#include "web/pages/view.h"

typedef struct DeskView {
    Call       *call;
    const Json *data;
    Json       *page;
} DeskView;

static const char *const piles[] = { "late", "mine", "waiting" };

static bool truth(const Json *json, const char *member)
{
    bool is = false;
    return json_truth(json_get(json, str_from(member)), &is) && is;
}

static int64_t number(const Json *json, const char *member)
{
    int64_t n = 0;
    json_int(json_get(json, str_from(member)), &n);
    return n;
}

static const Json *pile_of(const DeskView *view, const char *pile) { return json_get(view->data, str_from(pile)); }

/* "1,284", "1,000+" */
static Str count_text(const DeskView *view, int64_t count, bool more)
{
    return show_count(view->call->ctx.arena, count + more, more ? count : count + 1);
}

static Str total_text(const DeskView *view, const Json *of)
{
    return count_text(view, number(of, "total"), truth(of, "more"));
}

/* ---- numbers ---- */

static void put_number(const DeskView *view, const char *word, Str count, Str href, bool late, Json *list)
{
    Call *call = view->call;
    Json *item = json_push(list, json_object(call->ctx.arena));
    put(call, item, STR("count"), count);
    put(call, item, STR("label"), say(call, word));
    put(call, item, STR("href"), href);
    json_set_bool(call->ctx.arena, item, STR("late"), late);
}

static void put_tally(const DeskView *view)
{
    static const char *const words[] = { "say.desk.late_count", "say.desk.mine_count", "say.desk.waiting_count" };
    Json                    *tally = json_set(view->page, STR("tally"), json_array(view->call->ctx.arena));
    int64_t                  today = number(view->data, "due_today");
    for (size_t i = 0; i < sizeof piles / sizeof *piles; i++) {
        const Json *pile = pile_of(view, piles[i]);
        bool        some = number(pile, "total") > 0;
        put_number(view, words[i], total_text(view, pile),
                   some ? str_printf(view->call->ctx.arena, "#%s", piles[i]) : STR_NONE, i == 0 && some, tally);
        if (i == 0)
            put_number(view, "say.desk.due_today", count_text(view, today, false), today ? STR("#mine") : STR_NONE,
                       false, tally);
    }
}

/* ---- rows ---- */

static const Type *type_of(const DeskView *view, const Json *json)
{
    return pack_type(call_pack(view->call), json_text(json_get(json, STR("type"))));
}

static void put_what(const DeskView *view, const Json *record, Json *row)
{
    Call       *call = view->call;
    const Type *type = type_of(view, record);
    Str         title = json_text(json_get(record, STR("title"))), number = json_text(json_get(record, STR("number")));
    Str         of = json_text(json_get(record, STR("of")));
    bool        named = title.len && !str_eq(title, number);
    Str         name = named ? title : of.len ? of : number.len ? number : in_words(call, type->label);
    bool        under = number.len && !str_eq(name, number);
    put(call, row, STR("name"), name);
    put(call, row, STR("name_lang"), show_lang(call, name));
    put(call, row, STR("href"), view_href(call, type, json_text(json_get(record, STR("id"))), STR_NONE));
    put(call, row, STR("under"),
        under ? str_printf(call->ctx.arena, "%.*s%.*s%.*s", STR_FMT(in_words(call, type->label)),
                           STR_FMT(say(call, "top.between")), STR_FMT(number))
              : in_words(call, type->label));
}

/* Working days from the day of the last step on, today included; on a weekend that follows it there are none. */
static Str waits_text(const DeskView *view, Str since)
{
    Call   *call = view->call;
    int64_t day, today = ctx_today(&call->ctx), days;
    if (!date_parse(since, &day) || day >= today)
        return say(call, "say.desk.waits_today");
    days = workdays_between(call_pack(call)->calendar, day, today);
    return days > 0 ? say_count(call, "say.desk.waits", (size_t)days) : say(call, "say.desk.waits_free");
}

static void put_when(const DeskView *view, const Json *item, bool waiting, Json *row)
{
    Call       *call = view->call;
    const Json *limit = json_get(item, STR("limit"));
    Str         since = show_day(call, json_text(json_get(item, STR("since"))));
    bool        limited = limit && limit->kind == JSON_OBJECT;
    put(call, row, STR("waits"), waits_text(view, since));
    put(call, row, STR("since"),
        waiting && limited
            ? SAY(call, "say.desk.limit", ARG("date", since), ARG("limit", json_text(json_get(limit, STR("due")))))
            : SAY(call, "say.desk.since", ARG("date", since)));
    if (!limited) {
        put_null(call, row, STR("clock"));
        return;
    }
    Json *clock = json_set(row, STR("clock"), json_object(call->ctx.arena));
    clock_put(call, limit, clock);
    json_set_bool(call->ctx.arena, clock, STR("late"), truth(limit, "late"));
}

/* Where the step is taken: the form of a new record, of the step itself, or beside the record what it lacks or which
 * others there are. */
static Str do_href(const DeskView *view, const Json *step, const Json *record)
{
    Call       *call = view->call;
    Str         id = json_text(json_get(record, STR("id"))), begun = json_text(json_get(step, STR("type")));
    const Type *type = begun.len ? type_of(view, step) : type_of(view, record);
    if (begun.len)
        return view_new_href(call, type, &type->fields[type->parent], id);
    bool one = truth(step, "allowed") && !json_get(step, STR("or"));
    return view_href(call, type, id, one ? json_text(json_get(step, STR("name"))) : STR_NONE);
}

static Str joined(const DeskView *view, const Json *list)
{
    Call  *call = view->call;
    Str   *items = ARENA_ARRAY(call->ctx.arena, Str, list->count);
    size_t count = 0;
    JSON_EACH(item, list)
        items[count++] = json_text(item);
    return str_join(call->ctx.arena, items, count, call->ctx.lang == LANG_ZH ? STR("、") : STR(", "));
}

/* The first that says something; NULL: there is none. */
static const Json *first_reason(const Json *step)
{
    const Json *reasons = json_get(step, STR("reasons"));
    JSON_EACH(reason, reasons)
        if (!str_eq(json_text(json_get(reason, STR("code"))), err_row(ECODE_ACTION_CLAUSE_HIDDEN)->code))
            return reason;
    return reasons ? reasons->first : NULL;
}

static void put_step(const DeskView *view, const Json *item, Json *row)
{
    Call       *call = view->call;
    const Json *step = json_get(item, STR("step")), *record = json_get(item, STR("record"));
    const Json *reason = first_reason(step);
    bool        allowed = truth(step, "allowed");
    Str         rule = json_text(json_get(reason, STR("rule"))), label = json_text(json_get(step, STR("label")));
    const Json *limit = json_get(item, STR("limit")), *others = json_get(step, STR("or"));
    bool        pressing = truth(limit, "late") || (json_get(limit, STR("due")) && number(limit, "days_left") == 0);
    if (others)
        label = SAY(call, "say.desk.either", ARG("one", label), ARG("others", joined(view, others)));
    put(call, row, STR("step"), label);
    put(call, row, STR("reason"),
        rule.len ? SAY(call, "say.desk.needs", ARG("rule", rule)) : json_text(json_get(reason, STR("text"))));
    put(call, row, STR("do"), allowed && !others ? label : say(call, "desk.open"));
    put(call, row, STR("do_href"), do_href(view, step, record));
    json_set_bool(call->ctx.arena, row, STR("main"), allowed && pressing);
}

/* "Zhou Lan, Lingang University"; "transfer manager" where no name shows. */
static Str who_text(const DeskView *view, const Json *awaits)
{
    Str roles = json_text(json_get(awaits, STR("label"))), names = joined(view, json_get(awaits, STR("names")));
    return names.len ? names : roles.len ? roles : say(view->call, "say.desk.others");
}

static void put_who(const DeskView *view, const Json *item, Json *row)
{
    Call *call = view->call;
    Json *texts = json_array(call->ctx.arena);
    JSON_EACH(awaits, json_get(item, STR("awaits")))
        json_push(texts, json_string(call->ctx.arena, who_text(view, awaits)));
    put(call, row, STR("who"), joined(view, texts));
    put(call, row, STR("state"), json_text(json_get(json_get(item, STR("record")), STR("state_label"))));
}

static void put_row(const DeskView *view, const Json *item, bool waiting, Json *rows)
{
    Json *row = json_push(rows, json_object(view->call->ctx.arena));
    put_what(view, json_get(item, STR("record")), row);
    put_when(view, item, waiting, row);
    if (waiting)
        put_who(view, item, row);
    else
        put_step(view, item, row);
}

/* ---- a list that is longer than the page ---- */

/* The records of the type in the states that wait: the nearest list that a filter can ask for. */
static Str list_href(const DeskView *view, const Json *type)
{
    Arena *arena = view->call->ctx.arena;
    Buf    filter = buf_new(arena, SIZE_MAX);
    buf_add(&filter, STR("state in ("));
    JSON_EACH(state, json_get(type, STR("states"))) {
        buf_add(&filter, state == json_get(type, STR("states"))->first ? STR_NONE : STR(", "));
        buf_add(&filter, expr_quote(arena, json_text(state)));
    }
    buf_char(&filter, ')');
    return str_printf(arena, "%.*s?filter=%.*s", STR_FMT(view_list_href(view->call, type_of(view, type))),
                      STR_FMT(uri_escape(arena, buf_str(&filter))));
}

static void put_all(const DeskView *view, const Json *pile, Json *into)
{
    Call *call = view->call;
    if (number(pile, "total") <= (int64_t)json_get(pile, STR("items"))->count) {
        put_null(call, into, STR("all"));
        return;
    }
    Json *all = json_set(into, STR("all"), json_object(call->ctx.arena));
    Json *links = json_set(all, STR("links"), json_array(call->ctx.arena));
    JSON_EACH(type, json_get(pile, STR("types")))
        json_push(links, view_link(call,
                                   SAY(call, "say.desk.items", ARG("label", json_text(json_get(type, STR("label")))),
                                       ARG("count", total_text(view, type))),
                                   list_href(view, type)));
}

static void put_pile(const DeskView *view, const char *name)
{
    Call       *call = view->call;
    const Json *pile = pile_of(view, name), *items = json_get(pile, STR("items"));
    if (!items->count) {
        put_null(call, view->page, str_from(name));
        return;
    }
    Json *into = json_set(view->page, str_from(name), json_object(call->ctx.arena));
    put(call, into, STR("total"), total_text(view, pile));
    put_all(view, pile, into);
    Json *rows = json_set(into, STR("rows"), json_array(call->ctx.arena));
    JSON_EACH(item, items)
        put_row(view, item, str_eq(str_from(name), STR("waiting")), rows);
}

/* ---- what to begin ---- */

static Json *next_link(const DeskView *view, const Json *next)
{
    return view_link(view->call, json_text(json_get(next, STR("label"))),
                     view_new_href(view->call, type_of(view, next), NULL, STR_NONE));
}

#define NEXT_SHOWN 2

static void put_next(const DeskView *view)
{
    Call       *call = view->call;
    const Json *next = json_get(view->data, STR("next"));
    bool        waits = number(pile_of(view, "late"), "total") || number(pile_of(view, "mine"), "total");
    if (waits && next->first)
        json_set(view->page, STR("create"), next_link(view, next->first));
    else
        put_null(call, view->page, STR("create"));
    if (waits) {
        put_null(call, view->page, STR("empty"));
        return;
    }
    Json *empty = json_set(view->page, STR("empty"), json_object(call->ctx.arena)),
         *items = json_array(call->ctx.arena);
    JSON_EACH(item, next) {
        if (items->count == NEXT_SHOWN)
            break;
        Json *link = json_push(items, next_link(view, item));
        json_set_bool(call->ctx.arena, link, STR("main"), items->count == 1);
    }
    put_block(call, empty, STR("first"), STR("next"), items);
}

Err view_desk(Call *call, const Json *data, PageOut *out)
{
    DeskView view = { .call = call, .data = data, .page = out->page };
    TRY(view_frame(call, out, say(call, "say.desk.title"), NULL));
    put(call, out->page, STR("lead"),
        SAY(call, "say.desk.lead", ARG("date", show_spoken(call, ctx_today(&call->ctx)))));
    put_tally(&view);
    put_next(&view);
    for (size_t i = 0; i < sizeof piles / sizeof *piles; i++)
        put_pile(&view, piles[i]);
    return ERR_OK;
}
