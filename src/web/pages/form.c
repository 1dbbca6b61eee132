/* web/pages/form.c: the form of a step: what it asks for, what was typed, what is wrong with
 * it, and what comes after. */
#include "web/pages/line.h"
#include "web/pages/show.h"
#include "web/pages/view.h"

#define RADIO_MAX      5   /* choices that stand side by side; more are a list */
#define REFERENCES_MAX 200 /* records to choose from; beyond, one types a number or title */
#define AREA_ROWS      4
#define AREA_ROWS_LONG 8
#define AREA_LONG      5000 /* characters of a text that gets the taller field */

typedef struct FormView {
    Call         *call;
    const Json   *data;
    Json         *page;
    Show         *show;
    const Type   *type;
    const Action *action;
    const Json   *record; /* NULL: one is created */
    bool          stale;  /* somebody else changed the record meanwhile */
} FormView;

static Str record_href(const FormView *view, Str step)
{
    return view_href(view->call, view->type, json_text(json_get(view->record, STR("id"))), step);
}

static bool is_edit(const FormView *view) { return str_eq(view->action->name, STR("edit")); }

/* ---- what is wrong ---- */

static Str field_id(const FormView *view, Str name)
{
    return str_printf(view->call->ctx.arena, "f-%.*s", STR_FMT(name));
}

static Str error_text(const FormView *view, const Json *error)
{
    Str text = say_sentence(view->call, json_text(json_get(error, STR("text")))),
        helps = json_text(json_get(json_get(error, STR("values")), STR("helps")));
    if (!helps.len)
        return text;
    return SAY(view->call, "say.form.helps", ARG("text", text), ARG("helps", helps));
}

static const Json *error_of(const FormView *view, Str field)
{
    JSON_EACH(error, json_get(view->data, STR("errors")))
        if (str_eq(json_text(json_get(error, STR("field"))), field))
            return error;
    return NULL;
}

static bool asked(const FormView *view, Str name)
{
    JSON_EACH(input, json_get(view->data, STR("inputs")))
        if (str_eq(json_text(json_get(input, STR("name"))), name))
            return true;
    return false;
}

static void put_problem(const FormView *view, Str to, Str problem, Json *items)
{
    Json *item = json_push(items, json_object(view->call->ctx.arena));
    put(view->call, item, STR("to"), to);
    put(view->call, item, STR("problem"), problem);
}

/* What concerns the whole comes first, then the fields from top to bottom. */
static void put_problems(const FormView *view, const Json *whole, Json *items)
{
    Call *call = view->call;
    JSON_EACH(error, json_get(view->data, STR("errors")))
        if (!asked(view, json_text(json_get(error, STR("field")))))
            put_problem(view, STR_NONE, error_text(view, error), items);
    JSON_EACH(input, json_get(view->data, STR("inputs"))) {
        Str         name = json_text(json_get(input, STR("name")));
        const Json *error = error_of(view, name);
        if (error)
            put_problem(view, field_id(view, name), error_text(view, error), items);
    }
    if (view->stale)
        put_problem(view, STR_NONE, say(call, "say.form.stale"), items);
    else if (!items->count)
        put_problem(view, STR_NONE, json_text(json_get(whole, STR("detail"))), items);
}

static void put_errors(const FormView *view)
{
    Call       *call = view->call;
    const Json *whole = json_get(view->data, STR("error"));
    Json       *items = json_array(call->ctx.arena);
    bool        fields = false;
    if (!whole) {
        put_null(call, view->page, STR("errors"));
        return;
    }
    put_problems(view, whole, items);
    JSON_EACH(item, items)
        fields = fields || json_text(json_get(item, STR("to"))).len;
    Json *errors = json_set(view->page, STR("errors"), json_object(call->ctx.arena));
    put(call, errors, STR("errors_title"),
        fields ? say_count(call, is_edit(view) ? "say.form.errors_save" : "say.form.errors", items->count)
               : json_text(json_get(whole, STR("title"))));
    json_set(errors, STR("items"), items);
}

/* ---- one field ---- */

/* Who may see a record is always said: at first as the type has it. */
static bool always_set(const Field *field) { return field->index == SYS_DISCLOSURE; }

static Str value_text_of(const FormView *view, const Field *field)
{
    const Json *value = json_get(json_get(view->data, STR("values")), field->name);
    Str         first = always_set(field) && !view->record ? class_names[view->type->disclosure] : STR_NONE;
    if (!value)
        return first;
    if (value->kind == JSON_TRUE || value->kind == JSON_FALSE)
        return value->kind == JSON_TRUE ? STR("true") : STR("false");
    bool number = field->kind == FIELD_INTEGER || field->kind == FIELD_DECIMAL;
    bool typed = json_get(view->data, STR("error")) != NULL;
    return number && !typed ? show_thousands(view->call->ctx.arena, value->text) : value->text;
}

static void put_choice(const FormView *view, Json *choices, Str code, Str label, bool chosen)
{
    Json *choice = json_push(choices, json_object(view->call->ctx.arena));
    put(view->call, choice, STR("code"), code);
    put(view->call, choice, STR("choice"), label);
    put_null(view->call, choice, STR("about"));
    json_set_bool(view->call->ctx.arena, choice, STR("chosen"), chosen);
}

/* A group of buttons cannot be emptied by itself: one more button stands for "not given" where that is allowed. */
static void put_unset(const FormView *view, Json *choices, bool required, Str value)
{
    if (!required)
        put_choice(view, choices, STR_NONE, say(view->call, "value.none"), !value.len);
}

static Str put_choices(const FormView *view, const Field *field, Str value, bool required, Json *choices)
{
    bool radio = field->choice_count <= RADIO_MAX;
    for (size_t i = 0; i < field->choice_count; i++)
        put_choice(view, choices, field->choices[i].code, in_words(view->call, field->choices[i].label),
                   str_eq(field->choices[i].code, value));
    if (radio)
        put_unset(view, choices, required || always_set(field), value);
    return radio ? STR("radio") : STR("select");
}

static Str put_truths(const FormView *view, Str value, bool required, Json *choices)
{
    put_choice(view, choices, STR("true"), say(view->call, "say.values.yes"), str_eq(value, STR("true")));
    put_choice(view, choices, STR("false"), say(view->call, "say.values.no"), str_eq(value, STR("false")));
    put_unset(view, choices, required, value);
    return STR("radio");
}

static Str reference_label(const FormView *view, const Name *name)
{
    if (!name->number.len || str_eq(name->number, name->title))
        return name->title;
    return SAY(view->call, "say.form.reference", ARG("title", name->title), ARG("number", name->number));
}

/* Records that the actor sees, newest first. Too many to choose from: *help says what to
 * type, and how to do without. */
static Err put_references(const FormView *view, const Field *field, Str value, Json *choices, Str *widget, Str *help)
{
    Call    *call = view->call;
    Found    found;
    Name     name = { 0 };
    Problems none = call_problems(call);
    Query    query = { .sort = STR("-created"), .limit = REFERENCES_MAX };
    TRY(find(&call->ctx, field->target, &query, &found, &none));
    if (value.len)
        TRY(show_name(view->show, field->target, value, &name));
    *widget = found.next.len ? STR("line") : STR("select");
    if (found.next.len) {
        bool parent = (int)field->index == view->type->parent;
        *help = name.seen ? SAY(call, "say.form.by_number_now", ARG("title", reference_label(view, &name)))
                          : SAY(call, parent ? "say.form.by_parent" : "say.form.by_number",
                                ARG_TEXT("label", field->target->label));
        return ERR_OK;
    }
    for (size_t i = 0; i < found.count; i++) {
        Str id = record_id(&found.records[i]);
        TRY(show_name(view->show, field->target, id, &name));
        put_choice(view, choices, id, reference_label(view, &name), str_eq(id, value));
    }
    return ERR_OK;
}

/* Adds the choices and says which control serves the field. */
static Err put_widget(const FormView *view, const Field *field, Str value, bool required, Json *choices, Str *widget,
                      Str *help)
{
    switch (field->kind) {
    case FIELD_LONG_TEXT: *widget = STR("area"); break;
    case FIELD_INTEGER:
    case FIELD_DECIMAL: *widget = STR("number"); break;
    case FIELD_DATE: *widget = STR("date"); break;
    case FIELD_CHOICE: *widget = put_choices(view, field, value, required, choices); break;
    case FIELD_BOOLEAN: *widget = put_truths(view, value, required, choices); break;
    case FIELD_REFERENCE: return put_references(view, field, value, choices, widget, help);
    default: *widget = STR("line"); break;
    }
    return ERR_OK;
}

/* What stands there now, when somebody else changed it since the form was opened. */
static Err stale_help(const FormView *view, const Field *field, Str value, Str *help)
{
    const Json *now = show_member(view->record, field);
    Shown       shown;
    TRY(show_value(view->show, field, now, SHOW_IN_TEXT, &shown));
    if (!str_eq(value, now && now->text.len ? now->text : STR_NONE) && shown.text.len)
        *help = SAY(view->call, "say.form.now", ARG("value", shown.text));
    return ERR_OK;
}

static bool takes(const Action *action, const Field *field)
{
    for (size_t i = 0; i < action->input_count; i++)
        if (action->inputs[i] == field->index)
            return true;
    return false;
}

/* Is there a step that refuses without the field and does not ask for it itself? Then it is not called optional. */
static bool needed(const FormView *view, const Field *field)
{
    for (size_t a = 0; a < view->type->action_count; a++) {
        const Action *action = &view->type->actions[a];
        for (size_t i = 0; !takes(action, field) && i < action->required_count; i++)
            if (action->required[i] == field->index)
                return true;
    }
    return false;
}

static Err put_field(const FormView *view, const Field *field, bool required, Json *fields)
{
    Call       *call = view->call;
    const Json *error = error_of(view, field->name);
    Json       *json = json_push(fields, json_object(call->ctx.arena)), *choices = json_array(call->ctx.arena);
    Str         value = value_text_of(view, field), help = in_words(call, field->help), widget;
    bool        text = field->kind == FIELD_TEXT || field->kind == FIELD_LONG_TEXT;
    TRY(put_widget(view, field, value, required, choices, &widget, &help));
    if (view->stale)
        TRY(stale_help(view, field, value, &help));
    put(call, json, STR("id"), field_id(view, field->name));
    put(call, json, STR("name"), field->name);
    put(call, json, STR("label"), in_words(call, field->label));
    put(call, json, STR("help"), help);
    put(call, json, STR("error"), error ? error_text(view, error) : STR_NONE);
    json_set_bool(call->ctx.arena, json, STR("optional"), !required && !always_set(field) && !needed(view, field));
    json_set_bool(call->ctx.arena, json, STR("required"), required);
    put(call, json, STR("value"), value);
    put(call, json, STR("value_lang"), show_lang(call, value));
    put(call, json, STR("unit"), in_words(call, field->unit));
    put_null(call, json, STR("size"));
    if (text)
        json_set_int(call->ctx.arena, json, STR("max"), field->max_points);
    else
        put_null(call, json, STR("max"));
    json_set_int(call->ctx.arena, json, STR("rows"), field->max_points > AREA_LONG ? AREA_ROWS_LONG : AREA_ROWS);
    json_set(json, STR("choices"), choices);
    json_set_bool(call->ctx.arena, json, widget, true);
    return ERR_OK;
}

static Err put_parts(const FormView *view)
{
    Call *call = view->call;
    Json *parts = json_set(view->page, STR("parts"), json_array(call->ctx.arena));
    Json *part = json_push(parts, json_object(call->ctx.arena));
    put_null(call, part, STR("part"));
    Json *fields = json_set(part, STR("fields"), json_array(call->ctx.arena));
    JSON_EACH(input, json_get(view->data, STR("inputs"))) {
        const Field *field = type_field(view->type, json_text(json_get(input, STR("name"))));
        bool         required = false;
        json_truth(json_get(input, STR("required")), &required);
        TRY(put_field(view, field, required, fields));
    }
    return ERR_OK;
}

/* ---- around the fields ---- */

static Str form_title(const FormView *view)
{
    return is_edit(view) ? SAY(view->call, "say.form.edit", ARG_TEXT("label", view->type->label))
                         : in_words(view->call, view->action->label);
}

static void put_version(const FormView *view)
{
    int64_t version;
    /* what is sent again rests on what the page now shows */
    const Json *from = view->stale ? json_get(view->record, STR("version")) : json_get(view->data, STR("version"));
    if (json_int(from, &version))
        json_set_int(view->call->ctx.arena, view->page, STR("version"), version);
    else
        put_null(view->call, view->page, STR("version"));
}

static void put_around(const FormView *view, Str title)
{
    Call *call = view->call;
    put(call, view->page, STR("title"), title);
    put(call, view->page, STR("lead"), in_words(call, view->action->help));
    put(call, view->page, STR("action"),
        view->record ? record_href(view, view->action->name) : view_list_href(call, view->type));
    put_version(view);
    put(call, view->page, STR("submit"),
        is_edit(view) ? say(call, "say.form.save") : in_words(call, view->action->label));
    put(call, view->page, STR("cancel_href"),
        view->record ? record_href(view, STR_NONE) : view_list_href(call, view->type));
    json_set(view->page, STR("keep"), json_array(call->ctx.arena));
    if (is_edit(view))
        put_null(call, view->page, STR("after"));
    else
        line_after(call, view->type, view->action->to < 0 && view->action->creates ? 0 : view->action->to, view->page);
}

static Err put_frame(const FormView *view, PageOut *out, Str title)
{
    Call *call = view->call;
    Str   name = STR_NONE, number = json_text(json_get(view->record, STR("number")));
    bool  wrong = json_get(view->data, STR("error")) != NULL;
    TRY(view_frame(call, out, wrong ? SAY(call, "say.title.error", ARG("title", title)) : title, view->type));
    Json *crumbs = view_trail(call, out);
    view_crumbs_of(call, crumbs, view->type, true);
    if (view->record) {
        TRY(show_title(view->show, view->type, view->record, &name));
        view_crumb(call, crumbs, number.len ? number : name, record_href(view, STR_NONE));
    }
    view_crumb(call, crumbs, title, STR_NONE);
    return ERR_OK;
}

Err view_form(Call *call, const Json *data, PageOut *out)
{
    FormView view = {
        .call = call, .data = data, .page = out->page, .show = show_new(call), .record = json_get(data, STR("record"))
    };
    TRY(call_type(call, 0, &view.type));
    view.action = type_action(view.type, json_text(json_get(json_get(data, STR("action")), STR("name"))));
    view.stale = view.record &&
                 str_eq(json_text(json_get(json_get(data, STR("error")), STR("type"))), STR("/errors/record.stale"));
    Str title = form_title(&view);
    TRY(put_frame(&view, out, title));
    put_around(&view, title);
    put_errors(&view);
    return put_parts(&view);
}
