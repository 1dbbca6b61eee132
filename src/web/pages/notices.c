/* web/pages/notices.c: what somebody was told of, newest first. */
#include "web/pages/show.h"
#include "web/pages/view.h"

static Str number_text(Arena *arena, const Json *json)
{
    int64_t number = 0;
    json_int(json, &number);
    return str_printf(arena, "%lld", (long long)number);
}

static void put_item(Call *call, const Json *notice, Json *items)
{
    const Json *record = json_get(notice, STR("record"));
    const Type *type = pack_type(call_pack(call), json_text(json_get(record, STR("type"))));
    Str         title = json_text(json_get(record, STR("title"))), time = json_text(json_get(notice, STR("time")));
    Str         number = json_text(json_get(record, STR("number")));
    bool        read = false;
    Json       *item = json_push(items, json_object(call->ctx.arena));
    json_truth(json_get(notice, STR("read")), &read);
    put(call, item, STR("instant"), time);
    put(call, item, STR("date"), show_day(call, time));
    put(call, item, STR("who"), show_by(call, json_get(notice, STR("by"))));
    put(call, item, STR("did"), SAY(call, "say.record.did", ARG("action", json_text(json_get(notice, STR("label"))))));
    put(call, item, STR("kind"), in_words(call, type->label));
    put(call, item, STR("title"), title.len ? title : number.len ? number : in_words(call, type->label));
    put(call, item, STR("title_lang"), show_lang(call, title));
    put(call, item, STR("href"), view_href(call, type, json_text(json_get(record, STR("id"))), STR_NONE));
    put(call, item, STR("unread"), read ? STR_NONE : number_text(call->ctx.arena, json_get(notice, STR("id"))));
}

Err view_notices(Call *call, const Json *data, PageOut *out)
{
    Arena      *arena = call->ctx.arena;
    const Json *list = json_get(data, STR("items")), *next = json_get(data, STR("next"));
    int64_t     unread = 0;
    TRY(view_frame(call, out, say(call, "say.notices.title"), NULL));
    view_crumb(call, view_trail(call, out), say(call, "say.notices.title"), STR_NONE);
    Json *items = json_array(arena);
    JSON_EACH(notice, list)
        put_item(call, notice, items);
    json_int(json_get(data, STR("unread")), &unread);
    put_block(call, out->page, STR("list"), STR("items"), items);
    bool older = next && next->kind == JSON_NUMBER;
    put(call, out->page, STR("older_href"),
        older ? str_printf(arena, "/notices?before=%.*s", STR_FMT(number_text(arena, next))) : STR_NONE);
    put(call, out->page, STR("until"),
        unread && list->first ? number_text(arena, json_get(list->first, STR("id"))) : STR_NONE);
    return ERR_OK;
}
