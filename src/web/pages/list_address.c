/* web/pages/list_address.c: see list_address.h. */
#include "web/pages/list_address.h"

#include "web/pages/view.h"

#define PAIRS_MAX 7

ListAddress list_address_here(const Call *call, const Type *type, const char *page)
{
    return (ListAddress){ .type = type,
                          .page = page,
                          .filter = call_query(call, STR("filter")),
                          .sort = call_query(call, STR("sort")),
                          .limit = call_query(call, STR("limit")),
                          .fields = call_query(call, STR("fields")),
                          .view = call_query(call, STR("view")) };
}

/* Those that are there, in the order of the address. */
static size_t pairs_of(const ListAddress *address, Pair pairs[PAIRS_MAX])
{
    const Pair all[PAIRS_MAX] = {
        { STR("filter"), address->filter }, { STR("sort"), address->sort }, { STR("limit"), address->limit },
        { STR("fields"), address->fields }, { STR("view"), address->view }, { STR("choosing"), address->choosing },
        { STR("cursor"), address->cursor },
    };
    size_t count = 0;
    for (size_t i = 0; i < PAIRS_MAX; i++)
        if (all[i].value.len)
            pairs[count++] = all[i];
    return count;
}

Str list_address(const Call *call, const ListAddress *address)
{
    Pair   pairs[PAIRS_MAX];
    size_t count = pairs_of(address, pairs);
    Buf    buf = buf_new(call->ctx.arena, SIZE_MAX);
    buf_printf(&buf, "%.*s%s%s", STR_FMT(view_list_href(call, address->type)), address->page ? "/" : "",
               address->page ? address->page : "");
    for (size_t i = 0; i < count; i++)
        buf_printf(&buf, "%c%.*s=%.*s", i ? '&' : '?', STR_FMT(pairs[i].name),
                   STR_FMT(uri_escape(call->ctx.arena, pairs[i].value)));
    return buf_str(&buf);
}

bool list_address_asks(const ListAddress *address)
{
    return address->filter.len || address->sort.len || address->fields.len;
}

Json *list_address_kept(const Call *call, const ListAddress *address)
{
    Pair   pairs[PAIRS_MAX];
    size_t count = pairs_of(address, pairs);
    Json  *list = json_array(call->ctx.arena);
    for (size_t i = 0; i < count; i++)
        view_keep(call, list, pairs[i].name, pairs[i].value);
    return list;
}
