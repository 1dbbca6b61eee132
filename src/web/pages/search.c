/* web/pages/search.c: records of all types by words, a section a type. */
#include "web/pages/show.h"
#include "web/pages/view.h"

static Err put_record(Call *call, Show *show, const Type *type, const Json *record, Json *rows)
{
    Json *row = json_push(rows, json_object(call->ctx.arena));
    Str   name, under;
    TRY(show_row_name(show, type, record, &name));
    TRY(show_under(show, type, record, &under));
    put(call, row, STR("name"), name);
    put(call, row, STR("name_lang"), show_lang(call, name));
    put(call, row, STR("href"), view_href(call, type, json_text(json_get(record, STR("id"))), STR_NONE));
    put(call, row, STR("under"), under);
    Json       *cells = json_set(row, STR("cells"), json_array(call->ctx.arena)), *cell;
    SystemField shown[] = { SYS_STATE, SYS_CHANGED };
    for (size_t i = 0; i < 2; i++) {
        TRY(show_cell(show, &type->fields[shown[i]], record, false, &cell));
        json_push(cells, cell);
    }
    return ERR_OK;
}

/* "title 87 %, abstract 41 %" */
static Str likeness_text(const Call *call, const Json *likeness)
{
    Buf     buf = buf_new(call->ctx.arena, SIZE_MAX);
    int64_t percent = 0;
    JSON_EACH(field, json_get(likeness, STR("fields"))) {
        json_int(json_get(field, STR("percent")), &percent);
        buf_printf(&buf, "%s%.*s %d %%",
                   !buf.len                    ? ""
                   : call->ctx.lang == LANG_ZH ? "，"
                                               : ", ",
                   STR_FMT(json_text(json_get(field, STR("label")))), (int)percent);
    }
    return buf_str(&buf);
}

/* The words stand in the order of the rows. */
static void put_likeness(const Call *call, const Json *data, Json *rows)
{
    Json *row = rows->first;
    JSON_EACH(one, json_get(data, STR("likeness"))) {
        put(call, row, STR("likeness"), likeness_text(call, one));
        row = row->next;
    }
}

static Err put_group(Call *call, Show *show, const Json *data, Json *groups)
{
    const Type *type = pack_type(call_pack(call), json_text(json_get(data, STR("type"))));
    Json       *group = json_push(groups, json_object(call->ctx.arena));
    bool        more = false;
    json_truth(json_get(data, STR("more")), &more);
    put(call, group, STR("id"), str_printf(call->ctx.arena, "of-%.*s", STR_FMT(type->name)));
    put(call, group, STR("label"), in_words(call, type->plural));
    put(call, group, STR("state_label"), show_label(call, &type->fields[SYS_STATE]));
    put(call, group, STR("changed_label"), show_label(call, &type->fields[SYS_CHANGED]));
    put(call, group, STR("more_href"),
        more ? view_filtered_href(call, type, json_text(json_get(data, STR("filter")))) : STR_NONE);
    put(call, group, STR("more_label"),
        more ? SAY(call, "say.search.more", ARG_TEXT("label", type->plural)) : STR_NONE);
    Json *rows = json_set(group, STR("rows"), json_array(call->ctx.arena));
    JSON_EACH(record, json_get(data, STR("items")))
        TRY(put_record(call, show, type, record, rows));
    put_likeness(call, data, rows);
    return ERR_OK;
}

/* Which record the others are like. */
static void put_like(Call *call, const Json *data, PageOut *out)
{
    const Type *type = pack_type(call_pack(call), call_query(call, STR("type")));
    Str         title = json_text(json_get(data, STR("like")));
    Json       *like = json_set(out->page, STR("like"), json_object(call->ctx.arena));
    put(call, like, STR("title"), title);
    put(call, like, STR("title_lang"), show_lang(call, title));
    put(call, like, STR("href"), view_href(call, type, call_query(call, STR("like")), STR_NONE));
}

Err view_search(Call *call, const Json *data, PageOut *out)
{
    Str         q = str_trim(call_query(call, STR("q")));
    const Json *items = json_get(data, STR("items")), *errors = json_get(data, STR("errors"));
    bool        stopped = false;
    Show       *show = show_new(call);
    json_truth(json_get(data, STR("stopped")), &stopped);
    bool like = json_get(data, STR("like")) != NULL;
    TRY(view_frame(call, out, say(call, like ? "search.alike" : "search.title"), NULL));
    if (like)
        put_like(call, data, out);
    put(call, out->ui, STR("q"), q);
    put(call, out->page, STR("q"), q);
    put(call, out->page, STR("error"),
        errors && errors->first ? json_text(json_get(errors->first, STR("text"))) : STR_NONE);
    json_set_bool(call->ctx.arena, out->page, STR("none"), (q.len || like) && !errors && !stopped && !items->count);
    json_set_bool(call->ctx.arena, out->page, STR("stopped"), stopped);
    Json *groups = json_set(out->page, STR("groups"), json_array(call->ctx.arena));
    JSON_EACH(group, items)
        TRY(put_group(call, show, group, groups));
    return ERR_OK;
}
