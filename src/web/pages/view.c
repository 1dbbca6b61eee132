/* web/pages/view.c: see view.h. */
#include "web/pages/view.h"

#include "web/pages/show.h"
#include "web/shapes.h"

/* ---- words ---- */

Str say(const Call *call, const char *path) { return look_text(page_look(call), call->ctx.lang, str_from(path)); }

Str say_filled(const Call *call, const char *path, const ErrArg *args, size_t count)
{
    return text_fill(call->ctx.arena, say(call, path), args, count, call->ctx.lang);
}

Str say_count(const Call *call, const char *path, size_t count)
{
    if (count == 1)
        return look_text(page_look(call), call->ctx.lang, str_printf(call->ctx.arena, "%s_one", path));
    return SAY(call, path, ARG("count", str_printf(call->ctx.arena, "%zu", count)));
}

Str say_sentence(const Call *call, Str phrase)
{
    bool small = phrase.len && phrase.ptr[0] >= 'a' && phrase.ptr[0] <= 'z';
    if (!small)
        return phrase;
    return str_printf(call->ctx.arena, "%c%.*s", phrase.ptr[0] - 'a' + 'A', STR_FMT(str_slice(phrase, 1, phrase.len)));
}

/* ---- building ---- */

void put(const Call *call, Json *json, Str key, Str text)
{
    json_set(json, key, text.len ? json_string(call->ctx.arena, text) : json_null(call->ctx.arena));
}

void put_null(const Call *call, Json *json, Str key) { json_set(json, key, json_null(call->ctx.arena)); }

void put_block(const Call *call, Json *json, Str key, Str name, Json *items)
{
    if (!items->count) {
        put_null(call, json, key);
        return;
    }
    json_set(json_set(json, key, json_object(call->ctx.arena)), name, items);
}

static void error_item(Call *call, Str to, Str problem, Json *items)
{
    Json *item = json_push(items, json_object(call->ctx.arena));
    put(call, item, STR("to"), to);
    put(call, item, STR("problem"), problem);
}

void view_errors(Call *call, const Json *problem, const char *to, Json *page)
{
    if (!problem) {
        put_null(call, page, STR("errors"));
        return;
    }
    Json *errors = json_set(page, STR("errors"), json_object(call->ctx.arena));
    Json *items = json_set(errors, STR("items"), json_array(call->ctx.arena));
    JSON_EACH(part, json_get(problem, STR("errors")))
        error_item(call, to ? str_from(to) : json_text(json_get(part, STR("field"))),
                   json_text(json_get(part, STR("text"))), items);
    if (!items->count)
        error_item(call, to ? str_from(to) : STR_NONE, json_text(json_get(problem, STR("detail"))), items);
    put(call, errors, STR("errors_title"), say_count(call, "say.form.errors", items->count));
}

void view_keep(const Call *call, Json *list, Str name, Str value)
{
    Json *item = json_push(list, json_object(call->ctx.arena));
    put(call, item, STR("keep_name"), name);
    put(call, item, STR("keep_value"), value);
}

Json *view_link(const Call *call, Str label, Str href)
{
    Json *link = json_object(call->ctx.arena);
    put(call, link, STR("label"), label);
    put(call, link, STR("href"), href);
    return link;
}

/* ---- addresses ---- */

Str view_list_href(const Call *call, const Type *type)
{
    return str_printf(call->ctx.arena, "/%.*s", STR_FMT(type->name));
}

Str view_steps_href(const Call *call, const Type *type)
{
    return str_printf(call->ctx.arena, "/%.*s/steps", STR_FMT(type->name));
}

Str view_filtered_href(const Call *call, const Type *type, Str filter)
{
    return str_printf(call->ctx.arena, "%.*s%s%.*s", STR_FMT(view_list_href(call, type)), filter.len ? "?filter=" : "",
                      STR_FMT(uri_escape(call->ctx.arena, filter)));
}

Str view_href(const Call *call, const Type *type, Str id, Str step)
{
    return str_printf(call->ctx.arena, "/%.*s/%.*s%s%.*s", STR_FMT(type->name), STR_FMT(id), step.len ? "/" : "",
                      STR_FMT(step));
}

Str view_new_href(const Call *call, const Type *type, const Field *field, Str id)
{
    if (!field)
        return str_printf(call->ctx.arena, "/%.*s/new", STR_FMT(type->name));
    return str_printf(call->ctx.arena, "/%.*s/new?%.*s=%.*s", STR_FMT(type->name), STR_FMT(field->name), STR_FMT(id));
}

/* ---- what the actor's role meets ---- */

Err view_creates(const Call *call, const Type *type, const Action **out)
{
    bool may;
    *out = NULL;
    if (type_begun_there(type))
        return ERR_OK;
    TRY(act_may_create(&call->ctx, type, &may));
    for (size_t i = 0; may && i < type->action_count && !*out; i++)
        if (type->actions[i].creates)
            *out = &type->actions[i];
    return ERR_OK;
}

static bool belongs(const Call *call, const Type *type, int service)
{
    return type->service == service && shape_listed(call, type);
}

/* Types without a service stand at the end, under the name of the pack. */
void view_services(const Call *call, ServiceTypes **out, size_t *count)
{
    const Pack   *pack = call_pack(call);
    ServiceTypes *services = ARENA_ARRAY(call->ctx.arena, ServiceTypes, pack->service_count + 1);
    *count = 0;
    for (size_t s = 0; s <= pack->service_count; s++) {
        bool         named = s < pack->service_count;
        ServiceTypes service = { .name = named ? pack->services[s].name : pack->name,
                                 .label = in_words(call, named ? pack->services[s].label : pack->label),
                                 .icon = named ? pack->services[s].icon : STR("i-page"),
                                 .types = ARENA_ARRAY(call->ctx.arena, const Type *, pack->type_count) };
        for (size_t t = 0; t < pack->type_count; t++)
            if (belongs(call, &pack->types[t], named ? (int)s : -1))
                service.types[service.count++] = &pack->types[t];
        if (service.count)
            services[(*count)++] = service;
    }
    *out = services;
}

/* ---- chrome ---- */

Err view_count(Call *call, const Type *type, Str filter, Str *out)
{
    int64_t  count;
    Problems none = call_problems(call);
    *out = STR_NONE;
    Err err = find_count(&call->ctx, type, filter, VIEW_COUNT_MAX, &count, &none);
    if (err.kind && err.code != ECODE_STORE_SLOW)
        return err;
    if (err.kind)
        call->stopped = call->stopped || filter.len;
    else
        *out = show_count(call->ctx.arena, count, VIEW_COUNT_MAX);
    return ERR_OK;
}

Str view_figure(const Call *call, const Json *figure)
{
    int64_t count;
    bool    more = false;
    if (!json_int(json_get(figure, STR("count")), &count))
        return STR_NONE;
    json_truth(json_get(figure, STR("more")), &more);
    return show_count(call->ctx.arena, count + more, more ? count : count + 1);
}

int64_t view_figure_count(const Json *figure)
{
    int64_t count = 0;
    json_int(json_get(figure, STR("count")), &count);
    return count;
}

void view_figure_put(const Call *call, const Type *type, const Json *figure, Json *into)
{
    bool opens = view_figure_count(figure) > 0;
    put(call, into, STR("count"), view_figure(call, figure));
    put(call, into, STR("href"),
        opens ? view_filtered_href(call, type, json_text(json_get(figure, STR("filter")))) : STR_NONE);
}

static Err nav_type(Call *call, const Type *type, const Type *here, Json *types)
{
    Json *json = json_push(types, json_object(call->ctx.arena));
    Str   count;
    TRY(view_count(call, type, STR_NONE, &count));
    put(call, json, STR("type_label"), in_words(call, type->plural));
    put(call, json, STR("type_href"), view_list_href(call, type));
    json_set_bool(call->ctx.arena, json, STR("type_here"), type == here);
    put(call, json, STR("type_count"), count);
    return ERR_OK;
}

static Err nav(Call *call, const Type *here, Json *ui)
{
    ServiceTypes *services;
    size_t        count;
    Json         *list = json_set(ui, STR("nav"), json_array(call->ctx.arena));
    if (!call->ctx.actor)
        return ERR_OK;
    view_services(call, &services, &count);
    for (size_t i = 0; i < count; i++) {
        const ServiceTypes *service = &services[i];
        Json               *json = json_push(list, json_object(call->ctx.arena));
        bool                open = here && here->service == service->types[0]->service;
        put(call, json, STR("label"), service->label);
        put(call, json, STR("icon"), service->icon);
        put(call, json, STR("href"), view_list_href(call, service->types[0]));
        json_set_bool(call->ctx.arena, json, STR("here"), open);
        Json *types = json_set(json, STR("types"), json_array(call->ctx.arena));
        for (size_t t = 0; open && t < service->count; t++)
            TRY(nav_type(call, service->types[t], here, types));
    }
    return ERR_OK;
}

Err view_frame(Call *call, PageOut *out, Str title, const Type *here)
{
    put(call, out->ui, STR("title"), title);
    return nav(call, here, out->ui);
}

Json *view_trail(const Call *call, PageOut *out)
{
    Json *trail = json_set(out->ui, STR("trail"), json_object(call->ctx.arena));
    return json_set(trail, STR("crumbs"), json_array(call->ctx.arena));
}

void view_crumb(const Call *call, Json *crumbs, Str crumb, Str href)
{
    Json *json = json_push(crumbs, json_object(call->ctx.arena));
    put(call, json, STR("crumb"), crumb);
    put(call, json, STR("crumb_href"), href);
}

void view_crumbs_of(const Call *call, Json *crumbs, const Type *type, bool linked)
{
    const Pack *pack = call_pack(call);
    if (type->service >= 0) {
        const Named *service = &pack->services[type->service];
        view_crumb(call, crumbs, in_words(call, service->label),
                   str_printf(call->ctx.arena, "/#%.*s", STR_FMT(service->name)));
    }
    view_crumb(call, crumbs, in_words(call, type->plural), linked ? view_list_href(call, type) : STR_NONE);
}
