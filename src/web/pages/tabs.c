/* web/pages/tabs.c: see tabs.h. */
#include "web/pages/tabs.h"

#include "kernel/act.h"
#include "services/saved_views.h"
#include "web/pages/view.h"

/* ---- what a tab leads to ---- */

static ListAddress held_by(const ListAddress *at, const SavedView *view)
{
    return (ListAddress){ .type = at->type,
                          .page = view->board ? "board" : NULL,
                          .filter = view->filter,
                          .sort = view->sort,
                          .fields = view->columns,
                          .view = record_id(&view->record) };
}

bool tabs_lead(const Call *call, ListAddress *to)
{
    SavedView view;
    if (!to->view.len || list_address_asks(to) || saved_view_find(&call->ctx, to->type, to->view, &view).kind)
        return false;
    *to = held_by(to, &view);
    return to->page || list_address_asks(to);
}

/* ---- tabs ---- */

static void put_tab(const Call *call, Str label, Str href, bool here, bool shared, Json *tabs)
{
    Json *tab = json_push(tabs, json_object(call->ctx.arena));
    put(call, tab, STR("tab"), label);
    put(call, tab, STR("tab_href"), href);
    json_set_bool(call->ctx.arena, tab, STR("tab_here"), here);
    json_set_bool(call->ctx.arena, tab, STR("tab_shared"), shared);
}

static void put_view(const Call *call, const ListAddress *at, const Record *record, bool here, Json *tabs)
{
    ListAddress to = { .type = at->type, .view = record_id(record) };
    put_tab(call, record_title(&call->ctx, record), list_address(call, &to), here, saved_view_shared(record), tabs);
}

/* All, then the saved views by name; the one that one is in stands there also when there are too many. */
static void put_tabs(const Call *call, const ListAddress *at, const Found *found, const SavedView *in, Json *views)
{
    Json       *tabs = json_set(views, STR("tabs"), json_array(call->ctx.arena));
    ListAddress all = { .type = at->type, .page = at->page };
    bool        listed = false;
    put_tab(call, say(call, "say.list.all"), list_address(call, &all), !in && !list_address_asks(at), false, tabs);
    for (size_t i = 0; i < found->count; i++) {
        bool here = in && str_eq(record_id(&found->records[i]), record_id(&in->record));
        put_view(call, at, &found->records[i], here, tabs);
        listed = listed || here;
    }
    if (in && !listed)
        put_view(call, at, &in->record, true, tabs);
}

/* ---- saving ---- */

static Json *what_shows(const Call *call, const ListAddress *at)
{
    Json *keep = json_array(call->ctx.arena);
    view_keep(call, keep, STR("layout"), at->page ? STR("board") : STR("list"));
    view_keep(call, keep, STR("filter"), at->filter);
    view_keep(call, keep, STR("sort"), at->sort);
    view_keep(call, keep, STR("columns"), at->fields);
    return keep;
}

static Err put_add(const Call *call, const ListAddress *at, const Type *type, Json *views)
{
    bool may;
    TRY(act_may_create(&call->ctx, type, &may));
    if (!may) {
        put_null(call, views, STR("add"));
        return ERR_OK;
    }
    Json *add = json_set(views, STR("add"), json_object(call->ctx.arena));
    Json *keep = json_set(add, STR("keep"), what_shows(call, at));
    view_keep(call, keep, STR("about"), at->type->name);
    put(call, add, STR("action"), view_list_href(call, type));
    json_set_int(call->ctx.arena, add, STR("max"), type_field(type, STR("title"))->max_points);
    return ERR_OK;
}

static bool differs(const ListAddress *at, const SavedView *in)
{
    return in->lacks || (at->page != NULL) != in->board || !str_eq(at->filter, in->filter) ||
           !str_eq(at->sort, in->sort) || !str_eq(at->fields, in->columns);
}

static Json *change_form(const Call *call, const ListAddress *at, const SavedView *in)
{
    Json *change = json_object(call->ctx.arena);
    Json *keep = json_set(change, STR("keep"), what_shows(call, at));
    view_keep(call, keep, STR("version"), str_printf(call->ctx.arena, "%lld", (long long)record_version(&in->record)));
    put(call, change, STR("action"), view_href(call, in->record.type, record_id(&in->record), STR("edit")));
    return change;
}

/* The steps that can be taken on the view one is in: what is shown now is saved into it at once, others have a form. */
static Err put_doing(const Call *call, const ListAddress *at, const SavedView *in, Json *views)
{
    Json *options = NULL, *links = json_array(call->ctx.arena), *change = json_null(call->ctx.arena);
    if (in)
        TRY(act_options(&call->ctx, &in->record, &options));
    JSON_EACH(option, options) {
        Str  name = json_text(json_get(option, STR("name")));
        bool allowed = false;
        json_truth(json_get(option, STR("allowed")), &allowed);
        if (allowed && !str_eq(name, STR("edit")))
            json_push(links, view_link(call, json_text(json_get(option, STR("label"))),
                                       view_href(call, in->record.type, record_id(&in->record), name)));
        else if (allowed && differs(at, in))
            change = change_form(call, at, in);
    }
    if (!links->count && change->kind == JSON_NULL) {
        put_null(call, views, STR("doing"));
        return ERR_OK;
    }
    Json *doing = json_set(views, STR("doing"), json_object(call->ctx.arena));
    json_set(doing, STR("change"), change);
    json_set(doing, STR("links"), links);
    return ERR_OK;
}

/* ---- the whole ---- */

static Str notice_of(const Call *call, const ListAddress *at, const SavedView *in)
{
    if (in)
        return in->lacks ? say(call, "say.list.view_lacks") : STR_NONE;
    return at->view.len ? say(call, "say.list.view_gone") : STR_NONE;
}

Err tabs_put(Call *call, const ListAddress *at, Json *page)
{
    const Type *type = call_pack(call)->saved_view;
    SavedView   view, *in = NULL;
    Found       found;
    if (!type) {
        put_null(call, page, STR("views"));
        return ERR_OK;
    }
    TRY(saved_views(&call->ctx, at->type, &found));
    Err err = at->view.len ? saved_view_find(&call->ctx, at->type, at->view, &view) : ERR_OK;
    if (err.kind && err.kind != ERR_UNSEEN)
        return err;
    if (at->view.len && !err.kind)
        in = &view;
    Json *views = json_set(page, STR("views"), json_object(call->ctx.arena));
    Str   of_type = str_printf(call->ctx.arena, "about = %.*s", STR_FMT(expr_quote(call->ctx.arena, at->type->name)));
    put_tabs(call, at, &found, in, views);
    put(call, views, STR("more_href"), found.next.len ? view_filtered_href(call, type, of_type) : STR_NONE);
    put(call, views, STR("notice"), notice_of(call, at, in));
    TRY(put_add(call, at, type, views));
    return put_doing(call, at, in, views);
}
