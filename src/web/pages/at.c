/* web/pages/at.c: one record as it stood at the end of a day: what was known of it then, nothing to be done. */
#include "web/pages/line.h"
#include "web/pages/rows.h"
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

static void put_state(const AtView *view)
{
    Call *call = view->call;
    int   state = type_state(view->type, json_text(json_get(view->data, STR("state"))));
    if (state < 0) {
        put_null(call, view->page, STR("state"));
        return;
    }
    Json *json = json_set(view->page, STR("state"), json_object(call->ctx.arena));
    put(call, json, STR("label"), in_words(call, view->type->states[state].label));
    put(call, json, STR("kind"), line_kind(view->type, state));
}

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
    put_state(view);
    return ERR_OK;
}

/* ---- sections ---- */

static Err put_field(const AtView *view, const Field *field, Json *texts, Json *facts, Json *tables)
{
    Call       *call = view->call;
    const Json *value = show_member(view->data, field);
    Shown       shown;
    TRY(show_field(view->show, field, view->data, SHOW_IN_TEXT, &shown));
    if (!shown.text.len && !shown.hidden && !shown.erased)
        return ERR_OK;
    if (field->kind == FIELD_ROWS && value) {
        Json *table;
        TRY(rows_table(view->show, call, field, value, &table));
        json_push(tables, table);
    } else if (field_kinds[field->kind].lines && shown.text.len) {
        Json *text = json_push(texts, json_object(call->ctx.arena));
        put(call, text, STR("text_label"), in_words(call, field->label));
        put(call, text, STR("text"), shown.text);
        put(call, text, STR("text_lang"), show_lang(call, shown.text));
    } else {
        Json *fact = json_push(facts, json_object(call->ctx.arena));
        put(call, fact, STR("fact"), in_words(call, field->label));
        json_set_bool(call->ctx.arena, fact, STR("computed"), false);
        put_null(call, fact, STR("formula"));
        show_put(view->show, &shown, fact);
    }
    return ERR_OK;
}

/* A section of the type, or one with all fields where it declares none. */
static Err put_section(const AtView *view, const Section *section, size_t number, Json *sections)
{
    Call  *call = view->call;
    Arena *arena = call->ctx.arena;
    Json  *texts = json_array(arena), *facts = json_array(arena), *tables = json_array(arena);
    Str    label = in_words(call, section->label);
    for (size_t i = 0; i < section->field_count; i++) {
        const Field *field = &view->type->fields[section->fields[i]];
        if (field->index != view->type->title && !shape_translation(field))
            TRY(put_field(view, field, texts, facts, tables));
    }
    if (!texts->count && !facts->count && !tables->count)
        return ERR_OK;
    Json *json = json_push(sections, json_object(arena));
    put(call, json, STR("id"), str_printf(arena, "part-%zu", number));
    put(call, json, STR("label"), label.len ? label : say(call, "say.at.fields"));
    json_set(json, STR("texts"), texts);
    put_block(call, json, STR("facts"), STR("items"), facts);
    json_set(json, STR("tables"), tables);
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
    Json *sections = json_set(view.page, STR("sections"), json_array(call->ctx.arena));
    for (size_t i = 0; i < view.type->section_count; i++)
        TRY(put_section(&view, &view.type->sections[i], i + 1, sections));
    return ERR_OK;
}
