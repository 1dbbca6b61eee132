/* web/pages/home.c: the first page: what there is to open, by service, and what to begin. */
#include "web/pages/view.h"

static Err home_type(Call *call, const Type *type, Json *types)
{
    Str           count;
    const Action *creates;
    TRY(view_count(call, type, STR_NONE, &count));
    TRY(view_creates(call, type, &creates));
    Json *json = json_push(types, json_object(call->ctx.arena));
    put(call, json, STR("type_label"), in_words(call, type->plural));
    put(call, json, STR("type_href"), view_list_href(call, type));
    put(call, json, STR("type_count"), count);
    if (creates)
        json_set(json, STR("create"),
                 view_link(call, in_words(call, creates->label), view_new_href(call, type, NULL, STR_NONE)));
    else
        put_null(call, json, STR("create"));
    return ERR_OK;
}

Err view_home(Call *call, const Json *data, PageOut *out)
{
    ServiceTypes *services;
    size_t        count;
    (void)data; /* the same types as the API gives, as the side bar orders them */
    TRY(view_frame(call, out, say(call, "say.home.title"), NULL));
    view_services(call, &services, &count);
    Json *list = json_set(out->page, STR("services"), json_array(call->ctx.arena));
    for (size_t i = 0; i < count; i++) {
        Json *service = json_push(list, json_object(call->ctx.arena));
        put(call, service, STR("id"), services[i].name);
        put(call, service, STR("label"), services[i].label);
        put(call, service, STR("icon"), services[i].icon);
        Json *types = json_set(service, STR("types"), json_array(call->ctx.arena));
        for (size_t t = 0; t < services[i].count; t++)
            TRY(home_type(call, services[i].types[t], types));
    }
    return ERR_OK;
}
