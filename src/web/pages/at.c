/* web/pages/at.c: one record as it stood at the end of a day: what was known of it then, nothing to be done. */
#include "web/pages/clocks.h"
#include "web/pages/line.h"
#include "web/pages/parts.h"
#include "web/pages/show.h"
#include "web/pages/view.h"
#include "web/shapes.h"

typedef struct AtView {
    Call       *call;
    const Json *data; /* the contract's record of then */
    Show       *show;
    const Type *type;
    Json       *page;
    Str         title; /* of then */
} AtView;

static Str day_href(const Call *call, const Type *type, Str id, Str day)
{
    return str_printf(call->ctx.arena, "%.*s/%.*s", STR_FMT(view_href(call, type, id, STR("at"))),
                      STR_FMT(uri_escape(call->ctx.arena, day)));
}

/* A form cannot write a day into an address: it comes as /{type}/{id}/at/day?date=DAY, and is led on from there. */
bool at_before(Call *call)
{
    const Type *type;
    Str         day = call_query(call, STR("date"));
    if (!day.ptr || call_type(call, 0, &type).kind)
        return false;
    Str id = uri_escape(call->ctx.arena, call->params[1]);
    call_redirect(call, day.len ? day_href(call, type, id, day) : view_href(call, type, id, STR_NONE));
    return true;
}

void at_pick(const Call *call, const Type *type, const Json *record, Str day, Json *into)
{
    Str today = date_text(call->ctx.arena, ctx_today(&call->ctx));
    put(call, into, STR("action"), day_href(call, type, json_text(json_get(record, STR("id"))), STR("day")));
    put(call, into, STR("first"), show_day(call, json_text(json_get(record, STR("created")))));
    put(call, into, STR("last"), today);
    put(call, into, STR("day"), day.len ? day : today);
}

/* ---- head ---- */

static Err put_head(AtView *view)
{
    Call        *call = view->call;
    const Field *owner = &view->type->fields[SYS_OWNER];
    int64_t      day = 0;
    Shown        owned;
    TRY(show_title(view->show, view->type, view->data, &view->title));
    TRY(show_value(view->show, owner, show_member(view->data, owner), SHOW_IN_TEXT, &owned));
    (void)date_parse(json_text(json_get(view->data, STR("at"))), &day); /* the handler wrote it */
    put(call, view->page, STR("title"), view->title);
    put(call, view->page, STR("title_lang"), show_lang(call, view->title));
    put(call, view->page, STR("number"), json_text(json_get(view->data, STR("number"))));
    put(call, view->page, STR("owner"), owned.text);
    put(call, view->page, STR("note"), SAY(call, "say.at.note", ARG("date", show_spoken(call, day))));
    put_null(call, view->page, STR("disclosure"));
    put_null(call, view->page, STR("edit"));
    line_state(call, view->type, type_state(view->type, json_text(json_get(view->data, STR("state")))), view->page);
    return ERR_OK;
}

/* ---- sections ---- */

/* A section of the type, or one with all fields where it declares none. */
static Err put_section(const AtView *view, const Section *section, size_t number, Json *sections)
{
    Call *call = view->call;
    Parts parts = parts_new(call->ctx.arena);
    Str   label = in_words(call, section->label);
    for (size_t i = 0; i < section->field_count; i++) {
        const Field *field = &view->type->fields[section->fields[i]];
        if (field->index != view->type->title && !shape_translation(field))
            TRY(parts_field(view->show, call, field, view->data, false, &parts));
    }
    parts_put(call, str_printf(call->ctx.arena, "%zu", number), label.len ? label : say(call, "say.at.fields"), &parts,
              sections);
    return ERR_OK;
}

/* ---- the page ---- */

Err view_at(Call *call, const Json *data, PageOut *out)
{
    AtView view = { .call = call, .data = data, .page = out->page, .show = show_new(call) };
    Str    id = json_text(json_get(data, STR("id"))), day = json_text(json_get(data, STR("at")));
    TRY(call_type(call, 0, &view.type));
    TRY(put_head(&view));
    TRY(view_frame(call, out, SAY(call, "say.at.title", ARG("title", view.title), ARG("date", day)), view.type));
    Json *crumbs = view_trail(call, out);
    view_crumbs_of(call, crumbs, view.type, true);
    view_crumb(call, crumbs, view.title, view_href(call, view.type, id, STR_NONE));
    view_crumb(call, crumbs, day, STR_NONE);
    at_pick(call, view.type, data, day, json_set(view.page, STR("pick"), json_object(call->ctx.arena)));
    put(call, view.page, STR("now_href"), view_href(call, view.type, id, STR_NONE));
    clocks_put(call, data, view.page);
    Json *sections = json_set(view.page, STR("sections"), json_array(call->ctx.arena));
    for (size_t i = 0; i < view.type->section_count; i++)
        TRY(put_section(&view, &view.type->sections[i], i + 1, sections));
    return ERR_OK;
}
