/* web/pages/record.c: one record: what it is, where it stands, what can be done, what belongs
 * to it, how it came about. */
#include "kernel/history.h"
#include "web/pages/changes.h"
#include "web/pages/clocks.h"
#include "web/pages/computation.h"
#include "web/pages/gate.h"
#include "web/pages/job.h"
#include "web/pages/line.h"
#include "web/pages/parts.h"
#include "web/pages/proof.h"
#include "web/pages/rests.h"
#include "web/pages/show.h"
#include "web/pages/steps.h"
#include "web/pages/view.h"
#include "web/shapes.h"

#define CHILD_ROWS      10  /* of a table of children; the list shows the rest */
#define CHILD_COLUMNS   4   /* beside the name */
#define LOG_EVENTS      20  /* at first */
#define LOG_EVENTS_MORE 200 /* of each further page of the history */
#define LOG_POINTS      160 /* of a text in the history */

typedef struct RecordView {
    Call       *call;
    const Json *data;
    Json       *page;
    Show       *show;
    const Type *type;
    Record      record;     /* with the actor's clearance */
    int         state;      /* -1: does not show */
    const Json *events;     /* of the history, newest first, and one more when there are */
    size_t      event_most; /* that are shown of these */
    bool        events_cut; /* there are more, too long for one page */
    const Json *milestones; /* events that say when the record came to its states */
    Str         title;
} RecordView;

static const Json *member(const RecordView *view, const Field *field) { return show_member(view->data, field); }

static Str number_of(const RecordView *view) { return json_text(member(view, &view->type->fields[SYS_NUMBER])); }

/* ---- head ---- */

/* "Dual-validation gate: low-pressure interlayer" for a record without a name of its own. */
static Err heading(const RecordView *view, Str *out)
{
    const Type  *type = view->type;
    const Field *parent = type->parent >= 0 ? &type->fields[type->parent] : NULL;
    Shown        of = { 0 };
    bool         own = type->title != SYS_NUMBER && member(view, &type->fields[type->title]);
    if (!own && parent)
        TRY(show_value(view->show, parent, member(view, parent), SHOW_IN_TEXT, &of));
    if (!of.text.len)
        return show_title(view->show, type, view->data, out);
    *out = SAY(view->call, "say.record.titled", ARG_TEXT("label", type->label), ARG("title", of.text));
    return ERR_OK;
}

static void put_disclosure(const RecordView *view)
{
    Call         *call = view->call;
    const Field  *field = &view->type->fields[SYS_DISCLOSURE];
    const Choice *level = field_choice(field, json_text(member(view, field)));
    if (!level) {
        put_null(call, view->page, STR("disclosure"));
        return;
    }
    Json *json = json_set(view->page, STR("disclosure"), json_object(call->ctx.arena));
    put(call, json, STR("label"), in_words(call, level->label));
    put(call, json, STR("icon"), str_eq(level->code, class_names[CLASS_PUBLIC]) ? STR("i-open") : STR("i-lock"));
}

static Err put_head(RecordView *view)
{
    Call *call = view->call;
    Shown owner;
    TRY(heading(view, &view->title));
    TRY(show_value(view->show, &view->type->fields[SYS_OWNER], member(view, &view->type->fields[SYS_OWNER]),
                   SHOW_IN_TEXT, &owner));
    put(call, view->page, STR("title"), view->title);
    put(call, view->page, STR("title_lang"), show_lang(call, view->title));
    put(call, view->page, STR("number"), number_of(view));
    put(call, view->page, STR("owner"), owner.text);
    json_set_int(call->ctx.arena, view->page, STR("version"), record_version(&view->record));
    line_state(call, view->type, view->state, view->page);
    put_disclosure(view);
    return ERR_OK;
}

/* ---- sections: those of the type; where it has none, by compartment ---- */

static bool in_sections(const RecordView *view, const Field *field)
{
    return !field->system && !field->clock && field->index != view->type->title &&
           (int)field->index != view->type->parent && !shape_translation(field) &&
           access_shows(&view->record.clearance, field) && !computation_raw(field) && !job_raw(field);
}

/* Does anybody fill the field in by editing? Of those that only a step fills in, it says
 * nothing that they are empty. */
static bool filled_by_hand(const Field *field)
{
    const Action *edit = type_action(field->type, STR("edit"));
    return edit && field_among(edit->inputs, edit->input_count, field);
}

static Err put_field(const RecordView *view, const Field *field, const Parts *parts)
{
    return parts_field(view->show, view->call, field, view->data, filled_by_hand(field), parts);
}

static Err put_by_section(const RecordView *view, Json *sections)
{
    Call *call = view->call;
    for (size_t i = 0; i < view->type->section_count; i++) {
        const Section *section = &view->type->sections[i];
        Parts          parts = parts_new(call->ctx.arena);
        for (size_t f = 0; f < section->field_count; f++)
            if (in_sections(view, &view->type->fields[section->fields[f]]))
                TRY(put_field(view, &view->type->fields[section->fields[f]], &parts));
        parts_put(call, str_printf(call->ctx.arena, "%zu", i + 1), in_words(call, section->label), &parts, sections);
    }
    return ERR_OK;
}

static Err put_by_compartment(const RecordView *view, Json *sections)
{
    Call       *call = view->call;
    const Pack *pack = call_pack(call);
    for (size_t c = 0; c < pack->compartment_count; c++) {
        Parts parts = parts_new(call->ctx.arena);
        for (size_t i = 0; i < view->type->field_count; i++)
            if (view->type->fields[i].compartment == c && in_sections(view, &view->type->fields[i]))
                TRY(put_field(view, &view->type->fields[i], &parts));
        parts_put(call, pack->compartments[c].name, in_words(call, pack->compartments[c].label), &parts, sections);
    }
    return ERR_OK;
}

static Err put_sections(const RecordView *view)
{
    Json *sections = json_set(view->page, STR("sections"), json_array(view->call->ctx.arena));
    bool  own = view->type->section_count && view->type->sections[0].label.in[LANG_ZH].len;
    return own ? put_by_section(view, sections) : put_by_compartment(view, sections);
}

/* ---- children ---- */

typedef struct Children { /* or other records that refer to this one */
    const Type  *type;
    const Field *link;
    Str          filter; /* those of this record */
    uint16_t     columns[CHILD_COLUMNS];
    size_t       column_count;
} Children;

static bool lists_state(const Type *type)
{
    for (size_t i = 0; i < type->column_count; i++)
        if (type->columns[i] == SYS_STATE)
            return true;
    return false;
}

/* The first columns of the type's list; how far each child has come is told in any case, if the list tells it. */
static void children_of(const RecordView *view, const Type *type, const Field *link, Children *out)
{
    *out = (Children){ .type = type,
                       .link = link,
                       .filter = str_printf(view->call->ctx.arena, "%.*s = '%.*s'", STR_FMT(link->name),
                                            STR_FMT(record_id(&view->record))) };
    size_t room = CHILD_COLUMNS - (lists_state(type) ? 1 : 0);
    for (size_t i = 0; i < type->column_count; i++) {
        const Field *field = &type->fields[type->columns[i]];
        bool         state = field->index == SYS_STATE;
        bool         apart = field->index == type->title || field->index == SYS_NUMBER || field == link;
        if (apart || !(room || state) || !shape_field_known(view->call, field))
            continue;
        out->columns[out->column_count++] = field->index;
        room -= state ? 0 : 1;
    }
}

static Err child_row(const RecordView *view, const Children *children, const Record *record, Json *rows)
{
    Call *call = view->call;
    Json *data, *row = json_push(rows, json_object(call->ctx.arena)), *cell;
    Str   name, under;
    TRY(record_json(&call->ctx, record, NULL, &data));
    TRY(show_row_name(view->show, children->type, data, &name));
    under = json_text(show_member(data, &children->type->fields[SYS_NUMBER]));
    put(call, row, STR("name"), name);
    put(call, row, STR("name_lang"), show_lang(call, name));
    put(call, row, STR("href"), view_href(call, children->type, record_id(record), STR_NONE));
    put(call, row, STR("under"), str_eq(under, name) ? STR_NONE : under);
    Json *cells = json_set(row, STR("cells"), json_array(call->ctx.arena));
    for (size_t i = 0; i < children->column_count; i++) {
        const Field *field = &children->type->fields[children->columns[i]];
        const Json  *value = show_member(data, field);
        TRY(show_cell(view->show, field, data, i + 1 < children->column_count && field->index != SYS_STATE, &cell));
        put(call, json_push(cells, cell), STR("kind"),
            field->index == SYS_STATE && value ? line_kind(children->type, record_state(record)) : STR_NONE);
    }
    return ERR_OK;
}

static Err child_table(const RecordView *view, const Children *children, const Found *found, Json *section)
{
    Call *call = view->call;
    if (!found->count) {
        put_null(call, section, STR("table"));
        return ERR_OK;
    }
    const Type  *type = children->type;
    const Field *title = &type->fields[type->title];
    Json        *table = json_set(section, STR("table"), json_object(call->ctx.arena));
    Json        *columns = json_set(table, STR("columns"), json_array(call->ctx.arena));
    for (size_t i = 0; i <= children->column_count; i++) {
        const Field *field = i ? &type->fields[children->columns[i - 1]] : title;
        Json        *column = json_push(columns, json_object(call->ctx.arena));
        put(call, column, STR("column"),
            i || shape_field_known(call, title) ? show_label(call, field) : say(call, "say.list.name"));
        json_set_bool(call->ctx.arena, column, STR("numeric"), i && show_numeric(field));
    }
    Json *rows = json_set(table, STR("rows"), json_array(call->ctx.arena));
    for (size_t i = 0; i < found->count; i++)
        TRY(child_row(view, children, &found->records[i], rows));
    return ERR_OK;
}

static bool is_child(const Field *link) { return (int)link->index == link->type->parent; }

/* What both are children of: a trial of a route is one of the route's result. NULL: nothing. */
static const Field *shared_parent(const RecordView *view, const Field *link)
{
    if (link->type->parent < 0 || view->type->parent < 0 || is_child(link))
        return NULL;
    const Field *parent = &link->type->fields[link->type->parent];
    return parent->target == view->type->fields[view->type->parent].target ? parent : NULL;
}

/* Would the actor be allowed to add one that refers to this record, whatever else the form asks for? NULL: no. */
static Err child_add(const RecordView *view, const Children *children, Json **out)
{
    Call         *call = view->call;
    const Field  *link = children->link, *shared = shared_parent(view, link);
    Str           id = record_id(&view->record), of = STR_NONE;
    const Action *creates;
    Change       *change;
    Problems      problems = call_problems(call);
    *out = NULL;
    if (!is_child(link) && !shared)
        return ERR_OK;
    TRY(view_creates(call, children->type, &creates));
    bool fits = false;
    if (creates)
        TRY(act_fits(&call->ctx, creates, NULL, link, &view->record, 1, &fits));
    if (!fits)
        return ERR_OK;
    Json *input = json_object(call->ctx.arena);
    json_set_str(call->ctx.arena, input, link->name, id);
    if (shared)
        of = json_text(show_member(view->data, &view->type->fields[view->type->parent]));
    if (of.len)
        json_set_str(call->ctx.arena, input, shared->name, of);
    ActRequest request = { .type = children->type, .action = creates->name, .input = input, .if_match = -1 };
    Err        err = act_prepare(&call->ctx, &request, &change, &problems);
    if (err.kind == ERR_DENIED || err.kind == ERR_REFUSED)
        return ERR_OK;
    Str href = view_new_href(call, children->type, link, id);
    if (of.len)
        href = str_printf(call->ctx.arena, "%.*s&%.*s=%.*s", STR_FMT(href), STR_FMT(shared->name), STR_FMT(of));
    *out = view_link(call, in_words(call, creates->label), href);
    return ERR_OK;
}

/* Does the field lead to this record's type? One that holds several has no index, and is not asked. A link that the
 * role never sees would tell whose a record is; and what an organisation owns, or a person registered, is in lists. */
static bool leads_here(const RecordView *view, const Field *field)
{
    return !field->system && field->kind == FIELD_REFERENCE && field->target == view->type &&
           shape_field_known(view->call, field);
}

/* What such a table is called: by its type, and by the field where that refers to this one's type in several. */
static Str children_label(const RecordView *view, const Field *link)
{
    const Type *type = link->type;
    for (size_t i = SYS_COUNT; i < type->field_count; i++)
        if (&type->fields[i] != link && leads_here(view, &type->fields[i]) && !is_child(link))
            return SAY(view->call, "say.record.referring", ARG_TEXT("label", type->plural),
                       ARG_TEXT("field", link->label));
    return in_words(view->call, type->plural);
}

/* Children stand there even when there are none yet; of others only what there is, or can be added. */
static Err put_children_of(const RecordView *view, const Field *link, Json *list)
{
    Call       *call = view->call;
    const Type *type = link->type;
    Children    children;
    Found       found;
    Str         total = STR_NONE;
    Json       *add;
    Problems    none = call_problems(call);
    children_of(view, type, link, &children);
    Query query = { .filter = children.filter, .sort = STR("created"), .limit = CHILD_ROWS };
    TRY(find(&call->ctx, type, &query, &found, &none));
    TRY(child_add(view, &children, &add));
    if (!found.count && !add && !is_child(link))
        return ERR_OK;
    if (found.next.len)
        TRY(view_count(call, type, children.filter, &total));
    else if (found.count > 1)
        total = show_count(call->ctx.arena, (int64_t)found.count, VIEW_COUNT_MAX);
    Json *section = json_push(list, json_object(call->ctx.arena));
    put(call, section, STR("id"),
        str_printf(call->ctx.arena, "all-%.*s%s%.*s", STR_FMT(type->name), is_child(link) ? "" : ".",
                   STR_FMT(is_child(link) ? STR_NONE : link->name)));
    put(call, section, STR("label"), children_label(view, link));
    put(call, section, STR("note"), total.len ? SAY(call, "say.record.rows", ARG("count", total)) : STR_NONE);
    TRY(child_table(view, &children, &found, section));
    put(call, section, STR("more_href"), found.next.len ? view_filtered_href(call, type, children.filter) : STR_NONE);
    json_set(section, STR("add"), add ? add : json_null(call->ctx.arena));
    return ERR_OK;
}

/* First the children, then what else refers to the record: of a round the results in it, and their reviews. */
static Err put_children(const RecordView *view)
{
    const Pack *pack = call_pack(view->call);
    Json       *list = json_set(view->page, STR("children"), json_array(view->call->ctx.arena));
    for (int children = 1; children >= 0; children--)
        for (size_t i = 0; i < pack->type_count; i++)
            for (size_t f = SYS_COUNT; f < pack->types[i].field_count; f++) {
                const Field *field = &pack->types[i].fields[f];
                if (leads_here(view, field) && is_child(field) == (bool)children)
                    TRY(put_children_of(view, field, list));
            }
    return ERR_OK;
}

/* ---- history ---- */

/* No type has an action of this name: what the city's pack brought, or changed as it was changed itself. */
static bool by_the_pack(const RecordView *view, Str action)
{
    return str_eq(action, STR("pack")) && !type_action(view->type, action);
}

static Str event_did(const RecordView *view, const Json *event)
{
    Str action = json_text(json_get(event, STR("action")));
    if (str_eq(action, STR("edit")))
        return say(view->call, "say.record.edited");
    if (by_the_pack(view, action))
        return say(view->call, "say.record.packed");
    return SAY(view->call, "say.record.did", ARG("action", json_text(json_get(event, STR("label")))));
}

/* What a record began with stands in its sections, and what was there before each later change in that change. */
static Err put_event(const RecordView *view, const Proofs *proofs, const Json *event, Json *events)
{
    Call   *call = view->call;
    Json   *json = json_push(events, json_object(call->ctx.arena));
    Str     time = json_text(json_get(event, STR("time")));
    int64_t version;
    bool    first = json_int(json_get(event, STR("version")), &version) && version == 1;
    put(call, json, STR("instant"), time);
    put(call, json, STR("date"), show_day(call, time));
    put(call, json, STR("who"), show_by(call, json_get(event, STR("by"))));
    put(call, json, STR("did"), event_did(view, event));
    TRY(proof_put(proofs, event, json));
    Json *changes = json_set(json, STR("changes"), json_array(call->ctx.arena));
    JSON_EACH(change, json_get(event, STR("changes")))
        if (!first)
            TRY(change_put(call, view->show, view->type, change, LOG_POINTS, changes));
    return ERR_OK;
}

static Str log_note(const RecordView *view, size_t all, size_t shown)
{
    Call *call = view->call;
    bool  earlier = call_query(call, STR("log")).len && !str_eq(call_query(call, STR("log")), STR("all"));
    Str   count = str_printf(call->ctx.arena, "%zu", shown);
    if (earlier)
        return SAY(call, "say.record.steps_before", ARG("shown", count));
    return shown == all && !view->events_cut ? say_count(call, "say.record.steps", all)
                                             : SAY(call, "say.record.steps_newest", ARG("shown", count));
}

/* What leads to the events before these: to more of the newest at first, then page by page. */
static Str log_more(const RecordView *view, const Json *last)
{
    Call   *call = view->call;
    int64_t sequence = 0;
    Str     at = STR("all");
    if (view->event_most > LOG_EVENTS && json_int(json_get(last, STR("sequence")), &sequence))
        at = str_printf(call->ctx.arena, "%lld", (long long)sequence);
    return str_printf(call->ctx.arena, "%.*s?log=%.*s#log-h",
                      STR_FMT(view_href(call, view->type, record_id(&view->record), STR_NONE)), STR_FMT(at));
}

static Err put_log(const RecordView *view)
{
    Call       *call = view->call;
    const Json *last = NULL;
    Proofs      proofs;
    size_t      all = view->events->count, shown = all > view->event_most ? view->event_most : all;
    Json *log = json_set(view->page, STR("log"), json_object(call->ctx.arena)), *events = json_array(call->ctx.arena);
    TRY(proofs_read(call, &view->record, &proofs));
    JSON_EACH(event, view->events) {
        if (events->count == shown)
            break;
        TRY(put_event(view, &proofs, event, events));
        last = event;
    }
    put(call, log, STR("note"), log_note(view, all, shown));
    put(call, log, STR("more_href"), shown < all || view->events_cut ? log_more(view, last) : STR_NONE);
    json_set(log, STR("events"), events);
    at_pick(call, view->type, view->data, STR_NONE, json_set(log, STR("day"), json_object(call->ctx.arena)));
    return ERR_OK;
}

/* ---- beside ---- */

static Err put_dates(const RecordView *view)
{
    static const struct {
        SystemField field;
        const char *label;
    } dates[] = { { SYS_CREATED, "say.record.created" }, { SYS_CHANGED, "say.record.changed" } };
    Json *items = json_array(view->call->ctx.arena);
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        const Field *field = &view->type->fields[dates[i].field];
        Shown        shown;
        TRY(show_value(view->show, field, member(view, field), SHOW_IN_TABLE, &shown));
        if (!shown.text.len)
            continue;
        Json *fact = json_push(items, json_object(view->call->ctx.arena));
        put(view->call, fact, STR("fact"), say(view->call, dates[i].label));
        show_put(view->show, &shown, fact);
    }
    put_block(view->call, view->page, STR("dates"), STR("items"), items);
    return ERR_OK;
}

static Err put_link(const RecordView *view, const Field *field, Json *items)
{
    Call *call = view->call;
    Shown shown;
    TRY(show_value(view->show, field, member(view, field), SHOW_IN_TEXT, &shown));
    if (!shown.text.len && !shown.hidden)
        return ERR_OK;
    Json *link = json_push(items, json_object(call->ctx.arena));
    put(call, link, STR("link"), shown.text);
    put(call, link, STR("href"), shown.href);
    put(call, link, STR("link_lang"), show_lang(call, shown.text));
    put(call, link, STR("about"), in_words(call, field->label));
    json_set_bool(call->ctx.arena, link, STR("hidden"), shown.hidden);
    return ERR_OK;
}

/* Where the reader sees a text by which records of the type are compared. */
static void put_alike_link(const RecordView *view, Json *items)
{
    Call *call = view->call;
    bool  some = false;
    for (size_t i = 0; i < view->type->alike_count; i++)
        some = some || member(view, &view->type->fields[view->type->alike[i]]);
    if (!some)
        return;
    Str   id = json_text(json_get(view->data, STR("id")));
    Json *link = json_push(items, json_object(call->ctx.arena));
    put(call, link, STR("link"), say(call, "say.record.alike"));
    put(call, link, STR("href"),
        str_printf(call->ctx.arena, "/search?type=%.*s&like=%.*s", STR_FMT(view->type->name), STR_FMT(id)));
    put(call, link, STR("about"), say(call, "say.record.alike_helps"));
    json_set_bool(call->ctx.arena, link, STR("hidden"), false);
}

static Err put_links(const RecordView *view)
{
    const Type *type = view->type;
    Json       *items = json_array(view->call->ctx.arena);
    if (type->parent >= 0)
        TRY(put_link(view, &type->fields[type->parent], items));
    TRY(put_link(view, &type->fields[SYS_OWNER], items));
    TRY(put_link(view, &type->fields[SYS_CREATOR], items));
    put_alike_link(view, items);
    put_block(view->call, view->page, STR("links"), STR("items"), items);
    return ERR_OK;
}

/* What can be printed of the record as it stands. */
static void put_documents(const RecordView *view)
{
    Call *call = view->call;
    Json *items = json_array(call->ctx.arena);
    for (size_t i = 0; i < view->type->document_count; i++) {
        const Document *document = &view->type->documents[i];
        if (shape_document_fits(document, view->state))
            json_push(
                items,
                view_link(call, in_words(call, document->label),
                          str_printf(call->ctx.arena, "%.*s/%.*s",
                                     STR_FMT(view_href(call, view->type, record_id(&view->record), STR("documents"))),
                                     STR_FMT(document->name))));
    }
    put_block(call, view->page, STR("documents"), STR("items"), items);
}

/* ---- the page ---- */

/* A child stands below its parent: Proof of concept > Results > POC-2025-00042 > Dual-validation gate. */
static Err put_crumbs(const RecordView *view, Json *crumbs)
{
    Call        *call = view->call;
    const Type  *type = view->type;
    const Field *field = type->parent >= 0 ? &type->fields[type->parent] : NULL;
    const Json  *above = field ? member(view, field) : NULL;
    Str          id = above && above->kind == JSON_STRING ? above->text : STR_NONE, name;
    Name         parent = { 0 };
    if (id.len)
        TRY(show_name(view->show, field->target, id, &parent));
    view_crumbs_of(call, crumbs, parent.seen ? field->target : type, true);
    if (parent.seen)
        view_crumb(call, crumbs, parent.number.len ? parent.number : parent.title,
                   view_href(call, field->target, id, STR_NONE));
    TRY(show_title(view->show, type, view->data, &name));
    view_crumb(call, crumbs, number_of(view).len ? number_of(view) : name, STR_NONE);
    return ERR_OK;
}

static Err read_events(const RecordView *view, int64_t before, size_t most, const Json **out, bool *cut)
{
    Json   *events;
    int64_t next;
    TRY(history_list(&view->call->ctx, &view->record, before, (int64_t)most, &events, &next));
    *cut = next && events->count < most;
    *out = events;
    return ERR_OK;
}

/* Of a long history the newest events serve the page; only the dates of its states lie further back. */
static Err load_history(RecordView *view)
{
    Call   *call = view->call;
    Line    line;
    bool    cut;
    int64_t before = 0;
    Str     log = call_query(call, STR("log"));
    TRY(read_events(view, 0, LOG_EVENTS + 1, &view->events, &view->events_cut));
    view->milestones = view->events;
    view->event_most = LOG_EVENTS;
    line_of(view->type, &line);
    if (view->events->count <= LOG_EVENTS && !view->events_cut)
        return ERR_OK;
    if (line.count > 1)
        TRY(read_events(view, 0, LOG_EVENTS_MORE, &view->milestones, &cut));
    if (!str_eq(log, STR("all")) && !(str_int(log, &before) && before > 0))
        return ERR_OK;
    view->event_most = LOG_EVENTS_MORE;
    return read_events(view, before, LOG_EVENTS_MORE + 1, &view->events, &view->events_cut);
}

static Err load(RecordView *view)
{
    Call *call = view->call;
    TRY(call_type(call, 0, &view->type));
    TRY(find_one(&call->ctx, view->type, json_text(json_get(view->data, STR("id"))), &view->record));
    view->state = json_get(view->data, STR("state")) ? record_state(&view->record) : -1;
    return load_history(view);
}

Err view_record(Call *call, const Json *data, PageOut *out)
{
    RecordView view = { .call = call, .data = data, .page = out->page, .show = show_new(call) };
    TRY(load(&view));
    TRY(put_head(&view));
    TRY(view_frame(call, out, view.title, view.type));
    TRY(put_crumbs(&view, view_trail(call, out)));
    line_mile(call, view.type, view.state, view.milestones, view.page);
    TRY(steps_put(call, &view.record, data, view.page));
    TRY(put_sections(&view));
    TRY(put_children(&view));
    TRY(put_log(&view));
    clocks_put(call, data, view.page);
    rests_put(call, data, view.page);
    TRY(put_dates(&view));
    TRY(put_links(&view));
    put_documents(&view);
    if (str_eq(view.type->page, STR("job")) && json_get(data, STR("job"))) {
        out->template = STR("job");
        job_put(call, &view.record, data, out);
    }
    if (json_get(data, STR("computation"))) {
        out->template = STR("computation");
        TRY(computation_put(call, view.show, data, out->page));
    }
    if (!str_eq(view.type->page, STR("gate")))
        return ERR_OK;
    out->template = STR("gate");
    return gate_put(call, view.show, &view.record, data, view.page);
}
