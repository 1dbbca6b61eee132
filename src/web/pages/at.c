/* web/pages/at.c: one record as it stood at the end of a day: what was known of it then, nothing to be done. */
#include "web/pages/changes.h"
#include "web/pages/clocks.h"
#include "web/pages/line.h"
#include "web/pages/parts.h"
#include "web/pages/show.h"
#include "web/pages/view.h"
#include "web/shapes.h"

#define COMPARED_POINTS 2000 /* of a text */

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

/* A form cannot write a day into an address: it comes as /{type}/{id}/at/day?date=DAY, and is led on from there, with
 * the day to compare with. */
bool at_before(Call *call)
{
    const Type *type;
    Str         day = call_query(call, STR("date"));
    if (!day.ptr || call_type(call, 0, &type).kind)
        return false;
    Str id = uri_escape(call->ctx.arena, call->params[1]);
    Str since = call_query(call, STR("since"));
    Str href = day.len ? day_href(call, type, id, day) : view_href(call, type, id, STR_NONE);
    if (day.len && since.len)
        href = str_printf(call->ctx.arena, "%.*s?since=%.*s", STR_FMT(href),
                          STR_FMT(uri_escape(call->ctx.arena, since)));
    call_redirect(call, href);
    return true;
}

void at_pick(const Call *call, const Type *type, const Json *record, Str day, Json *into)
{
    Str today = date_text(call->ctx.arena, ctx_today(&call->ctx));
    put(call, into, STR("action"), day_href(call, type, json_text(json_get(record, STR("id"))), STR("day")));
    put(call, into, STR("first"), show_day(call, json_text(json_get(record, STR("created")))));
    put(call, into, STR("last"), today);
    put(call, into, STR("day"), day.len ? day : today);
    put(call, into, STR("since"), json_text(json_get(record, STR("since"))));
}

/* ---- the words of that day ---- */

static void reword(const Call *call, const Json *labels, Str name, Text *label)
{
    const Json *then = json_get(labels, name);
    if (then)
        label->in[call->ctx.lang] = then->text;
}

static const Choice *choices_then(const Call *call, const Field *field, const Json *labels)
{
    Choice *choices = ARENA_ARRAY(call->ctx.arena, Choice, field->choice_count);
    for (size_t i = 0; i < field->choice_count; i++) {
        choices[i] = field->choices[i];
        reword(call, labels, choices[i].code, &choices[i].label);
    }
    return choices;
}

/* The type as the pack of that day spoke of it (kernel/past_words.h): names, kinds and rights are those of today. */
static const Type *type_then(const Call *call, const Type *now, const Json *labels)
{
    Arena      *arena = call->ctx.arena;
    Type       *type = ARENA_NEW(arena, Type);
    Field      *fields = ARENA_ARRAY(arena, Field, now->field_count);
    State      *states = ARENA_ARRAY(arena, State, now->state_count);
    const Json *choices = json_get(labels, STR("choices"));
    *type = *now;
    reword(call, labels, STR("type"), &type->label);
    for (size_t i = 0; i < now->field_count; i++) {
        fields[i] = now->fields[i];
        reword(call, json_get(labels, STR("fields")), fields[i].name, &fields[i].label);
        if (json_get(choices, fields[i].name))
            fields[i].choices = choices_then(call, &now->fields[i], json_get(choices, fields[i].name));
    }
    for (size_t i = 0; i < now->state_count; i++) {
        states[i] = now->states[i];
        reword(call, json_get(labels, STR("states")), states[i].name, &states[i].label);
    }
    type->fields = fields;
    type->states = states;
    return type;
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
    Str note = SAY(call, "say.at.note", ARG("date", show_spoken(call, day)));
    if (json_get(view->data, STR("labels")))
        note = str_printf(call->ctx.arena, "%.*s %.*s", STR_FMT(note), STR_FMT(say(call, "say.at.words")));
    put(call, view->page, STR("note"), note);
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

/* ---- compared with another day ---- */

static Err put_compared(const AtView *view)
{
    Call       *call = view->call;
    const Json *since = json_get(view->data, STR("since"));
    int64_t     day = 0;
    if (!since)
        return ERR_OK;
    (void)date_parse(since->text, &day); /* the handler wrote it */
    Json *compared = json_set(view->page, STR("compared"), json_object(call->ctx.arena));
    put(call, compared, STR("heading"), SAY(call, "say.at.since", ARG("date", show_spoken(call, day))));
    Json *changes = json_set(compared, STR("changes"), json_array(call->ctx.arena));
    JSON_EACH(change, json_get(view->data, STR("changes")))
        TRY(change_put(call, view->show, view->type, change, COMPARED_POINTS, changes));
    return ERR_OK;
}

/* ---- the page ---- */

Err view_at(Call *call, const Json *data, PageOut *out)
{
    AtView view = { .call = call, .data = data, .page = out->page, .show = show_new(call) };
    Str    id = json_text(json_get(data, STR("id"))), day = json_text(json_get(data, STR("at")));
    TRY(call_type(call, 0, &view.type));
    if (json_get(data, STR("labels")))
        view.type = type_then(call, view.type, json_get(data, STR("labels")));
    TRY(put_head(&view));
    TRY(put_compared(&view));
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
