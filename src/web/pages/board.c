/* web/pages/board.c: records of a type by state: a column a state, its head leads to the list of that state. */
#include "web/pages/clocks.h"
#include "web/pages/line.h"
#include "web/pages/list_address.h"
#include "web/pages/show.h"
#include "web/pages/tabs.h"
#include "web/pages/view.h"

typedef struct BoardView {
    Call       *call;
    const Json *data;
    Json       *page;
    Show       *show;
    const Type *type;
} BoardView;

static int64_t number(const Json *json, const char *member)
{
    int64_t n = 0;
    json_int(json_get(json, str_from(member)), &n);
    return n;
}

/* The clock that is due first, or over for longest; null when none runs. */
static void put_clock(const BoardView *view, const Json *record, Json *card)
{
    const Json *first = NULL;
    JSON_EACH(clock, json_get(record, STR("clocks")))
        if (json_get(clock, STR("due")) && (!first || number(clock, "days_left") < number(first, "days_left")))
            first = clock;
    if (first)
        clock_put(view->call, first, json_set(card, STR("clock"), json_object(view->call->ctx.arena)));
    else
        put_null(view->call, card, STR("clock"));
}

/* What names a record: its title; of one without a title of its own what it belongs to. */
static Err card_name(const BoardView *view, const Json *record, Str *out)
{
    const Type  *type = view->type;
    const Field *parent = type->parent >= 0 ? &type->fields[type->parent] : NULL;
    Shown        of = { 0 };
    if (type->title == SYS_NUMBER && parent)
        TRY(show_value(view->show, parent, show_member(record, parent), SHOW_IN_TABLE, &of));
    *out = of.text;
    return of.text.len ? ERR_OK : show_row_name(view->show, type, record, out);
}

static Err put_card(const BoardView *view, const Json *record, Json *cards)
{
    Call *call = view->call;
    Json *card = json_push(cards, json_object(call->ctx.arena));
    Str   name, number = json_text(show_member(record, &view->type->fields[SYS_NUMBER]));
    TRY(card_name(view, record, &name));
    put(call, card, STR("name"), name);
    put(call, card, STR("name_lang"), show_lang(call, name));
    put(call, card, STR("href"), view_href(call, view->type, json_text(json_get(record, STR("id"))), STR_NONE));
    put(call, card, STR("under"), str_eq(number, name) ? STR_NONE : number);
    put_clock(view, record, card);
    return ERR_OK;
}

static Err put_column(const BoardView *view, const Json *data, Json *columns)
{
    Call       *call = view->call;
    const Json *items = json_get(data, STR("items")), *count = json_get(data, STR("count"));
    Str         state = json_text(json_get(data, STR("state"))), counted = view_figure(call, data);
    bool        all = count->kind == JSON_NUMBER && number(data, "count") == (int64_t)items->count;
    Json       *column = json_push(columns, json_object(call->ctx.arena));
    put(call, column, STR("id"), str_printf(call->ctx.arena, "state-%.*s", STR_FMT(state)));
    put(call, column, STR("label"), json_text(json_get(data, STR("label"))));
    put(call, column, STR("kind"), line_kind(view->type, type_state(view->type, state)));
    put(call, column, STR("count"), counted);
    put(call, column, STR("href"), view_filtered_href(call, view->type, json_text(json_get(data, STR("filter")))));
    put(call, column, STR("more"), all || !counted.len ? STR_NONE : SAY(call, "say.board.more", ARG("count", counted)));
    Json *cards = json_set(column, STR("cards"), json_array(call->ctx.arena));
    JSON_EACH(record, items)
        TRY(put_card(view, record, cards));
    return ERR_OK;
}

Err view_board(Call *call, const Json *data, PageOut *out)
{
    BoardView view = { .call = call, .data = data, .page = out->page, .show = show_new(call) };
    TRY(call_type(call, 0, &view.type));
    ListAddress at = list_address_here(call, view.type, "board"), list = at;
    list.page = NULL;
    Str title = SAY(call, "say.board.title", ARG_TEXT("label", view.type->plural));
    TRY(view_frame(call, out, title, view.type));
    Json *crumbs = view_trail(call, out);
    view_crumbs_of(call, crumbs, view.type, true);
    view_crumb(call, crumbs, say(call, "list.board"), STR_NONE);
    put(call, out->page, STR("title"), title);
    put(call, out->page, STR("list_href"), list_address(call, &list));
    put(call, out->page, STR("filter"), at.filter);
    TRY(tabs_put(call, &at, out->page));
    Json *columns = json_set(out->page, STR("columns"), json_array(call->ctx.arena));
    JSON_EACH(column, json_get(data, STR("columns")))
        TRY(put_column(&view, column, columns));
    return ERR_OK;
}
