/* web/pages/form.c: the form of a step: what it asks for, what was typed, what is wrong with
 * it, and what comes after. */
#include "web/pages/field.h"
#include "web/pages/line.h"
#include "web/pages/parts.h"
#include "web/pages/show.h"
#include "web/pages/view.h"
#include "web/shapes.h"

#define ANCHORS_MIN 3 /* parts of a form that is long enough to have a way to each */

typedef struct FormView {
    Call         *call;
    const Json   *data;
    Json         *page;
    Show         *show;
    const Type   *type;
    const Action *action;
    const Json   *record;  /* NULL: one is created, or the step is taken on several */
    const Record *on;      /* the record with its values, as conditions read them */
    const Json   *records; /* which these are (web/bulk.c); NULL: on one */
    bool          stale;   /* somebody else changed the record meanwhile */
} FormView;

static Str record_href(const FormView *view, Str step)
{
    return view_href(view->call, view->type, json_text(json_get(view->record, STR("id"))), step);
}

static bool is_edit(const FormView *view) { return str_eq(view->action->name, STR("edit")); }

static Str action_href(const FormView *view)
{
    if (view->records)
        return view_steps_href(view->call, view->type);
    return view->record ? record_href(view, view->action->name) : view_list_href(view->call, view->type);
}

/* ---- what is wrong ---- */

static const Json *input_of(const FormView *view, Str name)
{
    JSON_EACH(input, json_get(view->data, STR("inputs")))
        if (str_eq(json_text(json_get(input, STR("name"))), name))
            return input;
    return NULL;
}

/* Of "expenses[2].amount" the field. */
static Str base_of(Str at) { return str_slice(at, 0, str_find(at, STR("["))); }

/* Where the problem shows: the cell of a table, else the whole field. */
static Str place_of(const FormView *view, Str at)
{
    const Field *field = type_field(view->type, base_of(at));
    return field_id(view->call->ctx.arena, field->kind == FIELD_ROWS ? at : field->name);
}

/* In the list above the form a problem in a table says in which row; at the cell that is seen. */
static Str problem_text(const FormView *view, const Json *error)
{
    Call *call = view->call;
    Str   at = json_text(json_get(error, STR("field"))), text = field_error_text(call, error), row = at;
    str_cut(&row, '[');
    row = str_cut(&row, ']');
    if (!row.len || type_field(view->type, base_of(at))->kind != FIELD_ROWS)
        return text;
    return SAY(call, "say.form.row_problem", ARG("row", row), ARG("text", text));
}

static void put_problem(const FormView *view, Str to, Str problem, Json *items)
{
    Json *item = json_push(items, json_object(view->call->ctx.arena));
    put(view->call, item, STR("to"), to);
    put(view->call, item, STR("problem"), problem);
}

static bool is_told(const Json *items, Str place)
{
    JSON_EACH(item, items)
        if (str_eq(json_text(json_get(item, STR("to"))), place))
            return true;
    return false;
}

/* What concerns the whole comes first, then the fields from top to bottom, of each place the first: what a value that
 * cannot be read breaks besides is no second thing to mend. */
static void put_problems(const FormView *view, const Json *whole, Json *items)
{
    Call       *call = view->call;
    const Json *errors = json_get(view->data, STR("errors"));
    JSON_EACH(error, errors)
        if (!input_of(view, base_of(json_text(json_get(error, STR("field"))))))
            put_problem(view, STR_NONE, field_error_text(call, error), items);
    JSON_EACH(input, json_get(view->data, STR("inputs")))
        JSON_EACH(error, errors) {
            Str at = json_text(json_get(error, STR("field")));
            if (str_eq(base_of(at), json_text(json_get(input, STR("name")))) && !is_told(items, place_of(view, at)))
                put_problem(view, place_of(view, at), problem_text(view, error), items);
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

/* As words that people compare, without the marks of thousands that they may have typed. */
static void add_words(Buf *buf, const Json *value)
{
    for (size_t i = 0; value && i < value->text.len; i++)
        if (value->text.ptr[i] != ',')
            buf_char(buf, value->text.ptr[i]);
    if (value && (value->kind == JSON_TRUE || value->kind == JSON_FALSE))
        buf_add(buf, value->kind == JSON_TRUE ? STR("true") : STR("false"));
    JSON_EACH(item, value) {
        buf_char(buf, ',');
        add_words(buf, item);
    }
}

static bool alike(const FormView *view, const Json *one, const Json *other)
{
    Buf a = buf_new(view->call->ctx.arena, SIZE_MAX), b = buf_new(view->call->ctx.arena, SIZE_MAX);
    add_words(&a, one);
    add_words(&b, other);
    return str_eq(buf_str(&a), buf_str(&b));
}

/* What stands there now, when somebody else changed it since the form was opened. */
static Err stale_help(const FormView *view, const Field *field, const Json *value, Str *help)
{
    Shown shown;
    TRY(show_value(view->show, field, show_member(view->record, field), SHOW_IN_TEXT, &shown));
    if (shown.text.len && !alike(view, value, show_member(view->record, field)))
        *help = SAY(view->call, "say.form.now", ARG("value", shown.text));
    return ERR_OK;
}

/* The step that refuses without the field and does not ask for it itself; NULL when there is none. */
static const Action *step_that_needs(const FormView *view, const Field *field)
{
    for (size_t a = 0; a < view->type->action_count; a++) {
        const Action *action = &view->type->actions[a];
        if (action != view->action && field_among(action->required, action->required_count, field) &&
            !field_among(action->inputs, action->input_count, field))
            return action;
    }
    return NULL;
}

static Lang language_of(const Field *translation)
{
    const Field *of = &translation->type->fields[translation->translation_of];
    return of->translations[LANG_ZH] == translation->index ? LANG_ZH : LANG_EN;
}

/* A field that holds the text in one language is called by the field and the language. */
static Str label_of(const Call *call, const Field *field)
{
    static const char *const words[LANG_COUNT] = { [LANG_ZH] = "say.form.in_zh", [LANG_EN] = "say.form.in_en" };
    if (!shape_translation(field))
        return in_words(call, field->label);
    return SAY(call, words[language_of(field)], ARG_TEXT("label", field->type->fields[field->translation_of].label));
}

/* What to write stands at the field itself; at its translations, where each is shown. */
static Str help_of(const Call *call, const Field *field)
{
    static const char *const words[LANG_COUNT] = { [LANG_ZH] = "say.form.shown_zh", [LANG_EN] = "say.form.shown_en" };
    return shape_translation(field) ? say(call, words[language_of(field)]) : in_words(call, field->help);
}

/* Must it be given now, will a later step ask for it, or is it optional? One of the three, or none of them. */
static void put_mark(const FormView *view, const Field *field, bool required, Json *json)
{
    Call         *call = view->call;
    const Action *needs = required ? NULL : step_that_needs(view, field);
    json_set_bool(call->ctx.arena, json, STR("required"), required);
    put(call, json, STR("later"), needs ? SAY(call, "say.form.later", ARG_TEXT("action", needs->label)) : STR_NONE);
    json_set_bool(call->ctx.arena, json, STR("optional"), !required && !needs && !always_set(field));
}

/* What is known of a record that is created: whose child it is, where it was begun there. NULL: nothing. */
static const Record *known_of(const FormView *view)
{
    const Type *type = view->type;
    Str         id = type->parent < 0
                         ? STR_NONE
                         : json_text(json_get(json_get(view->data, STR("values")), type->fields[type->parent].name));
    if (!view->action->creates || !uuid_valid(id))
        return NULL;
    Arena  *arena = view->call->ctx.arena;
    Record *known = ARENA_NEW(arena, Record);
    *known = (Record){ .type = type, .values = ARENA_ARRAY(arena, Value, type->field_count) };
    known->values[type->parent] = value_id(id);
    return known;
}

static Err put_field(const FormView *view, const Json *input, Json *fields)
{
    Call        *call = view->call;
    const Field *field = type_field(view->type, json_text(json_get(input, STR("name"))));
    Json        *json = json_push(fields, json_object(call->ctx.arena));
    Str          help = help_of(call, field);
    bool         required = false;
    json_truth(json_get(input, STR("required")), &required);
    Asked asked = { .call = call,
                    .show = view->show,
                    .data = view->data,
                    .field = field,
                    .value = json_get(json_get(view->data, STR("values")), field->name),
                    .name = field->name,
                    .more = action_href(view),
                    .required = required || always_set(field),
                    .action = view->records ? NULL : view->action,
                    .record = view->on ? view->on : known_of(view) };
    if (always_set(field) && view->action->creates)
        asked.first = class_names[view->type->disclosure];
    TRY(field_put(&asked, &help, json));
    if (view->stale)
        TRY(stale_help(view, field, asked.value, &help));
    put(call, json, STR("id"), field_id(call->ctx.arena, field->name));
    put(call, json, STR("name"), field->name);
    put(call, json, STR("label"), label_of(call, field));
    put_null(call, json, STR("cell_label"));
    put(call, json, STR("help"), help);
    put(call, json, STR("error"), field_error(call, view->data, field->name, field->kind != FIELD_ROWS));
    put_mark(view, field, required, json);
    return ERR_OK;
}

/* ---- parts: the sections of the type, then what stands in none ---- */

/* The field when the step takes it, and what it says in each language below it. */
static Err put_with_translations(const FormView *view, const Field *field, Json *fields)
{
    const Json *input = input_of(view, field->name);
    if (input)
        TRY(put_field(view, input, fields));
    for (Lang lang = 0; field->has_translations && lang < LANG_COUNT; lang++) {
        input = input_of(view, view->type->fields[field->translations[lang]].name);
        if (input)
            TRY(put_field(view, input, fields));
    }
    return ERR_OK;
}

static Json *put_part(const FormView *view, const Section *section, size_t index, Json *fields)
{
    Call *call = view->call;
    Json *part = json_object(call->ctx.arena);
    Str   label = section ? in_words(call, section->label) : STR_NONE;
    put(call, part, STR("part"), label);
    put(call, part, STR("part_id"), label.len ? str_printf(call->ctx.arena, "part-%zu", index + 1) : STR_NONE);
    put(call, part, STR("part_help"), section ? in_words(call, section->help) : STR_NONE);
    json_set(part, STR("fields"), fields);
    return part;
}

static bool in_a_section(const Type *type, const Field *field)
{
    for (size_t i = 0; i < type->section_count; i++)
        if (field_among(type->sections[i].fields, type->sections[i].field_count, field))
            return true;
    return false;
}

static Err put_rest(const FormView *view, Json *fields)
{
    JSON_EACH(input, json_get(view->data, STR("inputs"))) {
        const Field *field = type_field(view->type, json_text(json_get(input, STR("name"))));
        const Field *of = shape_translation(field) ? &view->type->fields[field->translation_of] : field;
        if (of == field && !in_a_section(view->type, field))
            TRY(put_with_translations(view, field, fields));
    }
    return ERR_OK;
}

static Err put_parts(const FormView *view)
{
    Call       *call = view->call;
    const Type *type = view->type;
    Json       *parts = json_set(view->page, STR("parts"), json_array(call->ctx.arena));
    Json       *anchors = json_array(call->ctx.arena), *rest = json_array(call->ctx.arena);
    for (size_t i = 0; i < type->section_count; i++) {
        const Section *section = &type->sections[i];
        Json          *fields = json_array(call->ctx.arena);
        for (size_t f = 0; f < section->field_count; f++)
            if (!shape_translation(&type->fields[section->fields[f]]))
                TRY(put_with_translations(view, &type->fields[section->fields[f]], fields));
        if (!fields->count)
            continue;
        Json *part = json_push(parts, put_part(view, section, i, fields));
        Str   id = json_text(json_get(part, STR("part_id")));
        if (id.len)
            json_push(anchors, view_link(call, in_words(call, section->label),
                                         str_printf(call->ctx.arena, "#%.*s", STR_FMT(id))));
    }
    TRY(put_rest(view, rest));
    if (rest->count)
        json_push(parts, put_part(view, NULL, 0, rest));
    put_block(call, view->page, STR("anchors"), STR("items"),
              anchors->count < ANCHORS_MIN ? json_array(call->ctx.arena) : anchors);
    return ERR_OK;
}

/* ---- around the fields ---- */

static Str form_title(const FormView *view)
{
    int64_t count;
    if (json_int(json_get(view->records, STR("count")), &count))
        return SAY(view->call, "say.bulk.title", ARG_TEXT("action", view->action->label),
                   ARG("count", show_thousands(view->call->ctx.arena,
                                               str_printf(view->call->ctx.arena, "%lld", (long long)count))));
    return is_edit(view) ? SAY(view->call, "say.form.edit", ARG_TEXT("label", view->type->label))
                         : in_words(view->call, view->action->label);
}

/* Files are sent in another way than words, which is longer: only where there may be some. */
static void put_files(const FormView *view)
{
    bool files = false;
    JSON_EACH(input, json_get(view->data, STR("inputs"))) {
        const Field *field = type_field(view->type, json_text(json_get(input, STR("name"))));
        files = files || (field && field_kinds[field->kind].file);
    }
    json_set_bool(view->call->ctx.arena, view->page, STR("files"), files);
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

/* What the step is for; of one that erases, also what goes, as far as the reader may know of it. */
static Str lead_of(const FormView *view)
{
    Call         *call = view->call;
    const Action *action = view->action;
    Str           help = in_words(call, action->help), *labels = ARENA_ARRAY(call->ctx.arena, Str, action->erase_count);
    size_t        count = 0;
    for (size_t i = 0; i < action->erase_count; i++) {
        const Field *field = &view->type->fields[action->erases[i]];
        if (!shape_translation(field) && shape_field_known(call, field))
            labels[count++] = in_words(call, field->label);
    }
    if (!count)
        return help;
    return SAY(call, "say.form.erases", ARG("lead", help),
               ARG("fields", str_join(call->ctx.arena, labels, count, say(call, "say.values.between"))));
}

/* The step on several, and on which: what is sent is what was shown. */
static void put_keep(const FormView *view, Json *list)
{
    if (!view->records)
        return;
    view_keep(view->call, list, STR(".step"), view->action->name);
    view_keep(view->call, list, STR(".ids"), json_text(json_get(view->records, STR("ids"))));
}

static void put_around(const FormView *view, Str title)
{
    Call *call = view->call;
    put(call, view->page, STR("title"), title);
    put(call, view->page, STR("lead"), lead_of(view));
    put(call, view->page, STR("action"), action_href(view));
    put_version(view);
    put_files(view);
    put(call, view->page, STR("submit"),
        is_edit(view) ? say(call, "say.form.save") : in_words(call, view->action->label));
    put(call, view->page, STR("cancel_href"),
        view->record ? record_href(view, STR_NONE) : view_list_href(call, view->type));
    put_keep(view, json_set(view->page, STR("keep"), json_array(call->ctx.arena)));
    if (is_edit(view))
        put_null(call, view->page, STR("after"));
    else
        line_after(call, view->type, view->action->to < 0 && view->action->creates ? 0 : view->action->to, view->page);
}

/* Did a step that leads to the record's state need it? */
static bool led_here(const FormView *view, const Field *field)
{
    const Type *type = view->type;
    bool        found = false;
    for (size_t i = 0; i < type->action_count && view->on; i++) {
        const Action *action = &type->actions[i];
        found = found || (action->to >= 0 && action->to == record_state(view->on) &&
                          field_among(action->required, action->required_count, field));
    }
    return found;
}

/* Does the form of a step say it beside what it asks for? What the list shows of a record, what the step needs, and on
 * what the record is as far as it is, files too: who signs reads what. */
static bool stands_beside(const FormView *view, const Field *field)
{
    const Type   *type = view->type;
    const Action *action = view->action, *create = type_action(type, STR("create"));
    if (field->system || shape_translation(field) || field_among(action->inputs, action->input_count, field))
        return false;
    if (is_edit(view)) /* its form has the rest */
        return (int)field->index == type->parent;
    return field_kinds[field->kind].file || led_here(view, field) ||
           field_among(type->columns, type->column_count, field) ||
           field_among(action->required, action->required_count, field) ||
           (create && field_among(create->required, create->required_count, field));
}

/* The first of several, each with its link; and how many more there are. */
static Err put_several(const FormView *view, Json *facts)
{
    Call       *call = view->call;
    const Json *named = json_get(view->records, STR("named"));
    Name        name;
    int64_t     count = 0;
    Shown       shown = { .each = ARENA_ARRAY(call->ctx.arena, Shown, named ? named->count + 1 : 1) };
    JSON_EACH(id, named) {
        TRY(show_name(view->show, view->type, id->text, &name));
        Str title = name.number.len && !str_eq(name.number, name.title)
                        ? str_printf(call->ctx.arena, "%.*s %.*s", STR_FMT(name.number), STR_FMT(name.title))
                        : name.title;
        shown.each[shown.each_count++] = (Shown){ .text = title,
                                                  .href = view_href(call, view->type, id->text, STR_NONE),
                                                  .hidden = !name.seen };
    }
    if (json_int(json_get(view->records, STR("count")), &count) && (size_t)count > shown.each_count) {
        Str rest = str_printf(call->ctx.arena, "%lld", (long long)count - (long long)shown.each_count);
        shown.each[shown.each_count++] = (Shown){ .text = SAY(call, "say.bulk.more", ARG("count", rest)) };
    }
    shown.text = STR("-"); /* each of them says it */
    Json *fact = json_push(facts, json_object(call->ctx.arena));
    put(call, fact, STR("fact"), in_words(call, view->type->plural));
    show_put(view->show, &shown, fact);
    return ERR_OK;
}

/* What the step is taken on: nobody confirms what they do not see. */
static Err put_about(const FormView *view)
{
    Arena      *arena = view->call->ctx.arena;
    const Type *type = view->type;
    Parts       about = parts_new(arena);
    if (view->records)
        TRY(put_several(view, about.facts));
    for (size_t i = 0; view->record && i < type->field_count; i++)
        if (stands_beside(view, &type->fields[i]))
            TRY(parts_field(view->show, view->call, &type->fields[i], view->record, false, &about));
    bool  any = about.facts->count || about.texts->count;
    Json *block = json_set(view->page, STR("about"), any ? json_object(arena) : json_null(arena));
    if (any) {
        put_block(view->call, block, STR("facts"), STR("items"), about.facts);
        json_set(block, STR("texts"), about.texts);
    }
    const Json *after = json_get(view->page, STR("after"));
    json_set_bool(arena, view->page, STR("beside"), any || (after && after->kind != JSON_NULL));
    return ERR_OK;
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
    FormView view = { .call = call,
                      .data = data,
                      .page = out->page,
                      .show = show_new(call),
                      .record = json_get(data, STR("record")),
                      .records = json_get(data, STR("records")) };
    TRY(call_type(call, 0, &view.type));
    view.action = type_action(view.type, json_text(json_get(json_get(data, STR("action")), STR("name"))));
    view.stale = view.record &&
                 str_eq(json_text(json_get(json_get(data, STR("error")), STR("type"))), STR("/errors/record.stale"));
    if (view.record) {
        Record *on = ARENA_NEW(call->ctx.arena, Record);
        TRY(find_one(&call->ctx, view.type, json_text(json_get(view.record, STR("id"))), on));
        view.on = on;
    }
    Str title = form_title(&view);
    TRY(put_frame(&view, out, title));
    put_around(&view, title);
    TRY(put_about(&view));
    put_errors(&view);
    return put_parts(&view);
}
