/* web/pages/field.c: see field.h. */
#include "web/pages/field.h"

#include "base/limits.h"
#include "kernel/file_type.h"
#include "web/filled.h"
#include "web/pages/view.h"
#include "web/shapes.h"

#define RADIO_MAX      5   /* choices that stand side by side; more are a list */
#define RECORDS_MAX    200 /* records to choose from; beyond, one types a number or title */
#define CELL_RECORDS   20  /* the same in each cell of a column */
#define BOXES_FRAME    12  /* boxes that stand open; more are in a frame that scrolls */
#define AREA_ROWS      4
#define AREA_ROWS_LONG 8
#define AREA_ROWS_CELL 2
#define AREA_LONG      5000 /* characters of a text that gets the taller field */
#define ROWS_EMPTY     3    /* rows to fill in behind those that are there */

/* ---- what is wrong ---- */

Str field_id(Arena *arena, Str name)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    buf_add(&buf, STR("f-"));
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] != ']')
            buf_char(&buf, name.ptr[i] == '[' || name.ptr[i] == '.' ? '-' : name.ptr[i]);
    return buf_str(&buf);
}

Str field_error_text(const Call *call, const Json *error)
{
    Str text = say_sentence(call, json_text(json_get(error, STR("text")))),
        helps = json_text(json_get(json_get(error, STR("values")), STR("helps")));
    if (!helps.len)
        return text;
    return SAY(call, "say.form.helps", ARG("text", text), ARG("helps", helps));
}

Str field_error(const Call *call, const Json *data, Str name, bool items)
{
    JSON_EACH(error, json_get(data, STR("errors"))) {
        Str at = json_text(json_get(error, STR("field"))), whole = at;
        if (items)
            whole = str_slice(at, 0, str_find(at, STR("[")));
        if (str_eq(whole, name))
            return field_error_text(call, error);
    }
    return STR_NONE;
}

/* ---- what stands there ---- */

static bool is_hidden(const Json *value) { return value && value->kind == JSON_OBJECT; }

static Str text_in(const Asked *asked)
{
    const Call *call = asked->call;
    const Json *value = asked->value;
    bool        typed = call->form != NULL;
    int64_t     ms;
    if (!value)
        return asked->first;
    if (value->kind == JSON_TRUE || value->kind == JSON_FALSE)
        return value->kind == JSON_TRUE ? STR("true") : STR("false");
    if (!typed && field_kinds[asked->field->kind].number)
        return show_thousands(call->ctx.arena, value->text);
    if (!typed && asked->field->kind == FIELD_INSTANT && instant_parse(value->text, &ms))
        return filled_instant(call->ctx.arena, ms, call_pack(call)->utc_offset_minutes);
    return value->text;
}

/* ---- choices ---- */

static void put_choice(const Asked *asked, Json *choices, Str code, Str label, bool chosen)
{
    Json *choice = json_push(choices, json_object(asked->call->ctx.arena));
    put(asked->call, choice, STR("code"), code);
    put(asked->call, choice, STR("choice"), label);
    put(asked->call, choice, STR("choice_lang"), show_lang(asked->call, label));
    put_null(asked->call, choice, STR("about"));
    json_set_bool(asked->call->ctx.arena, choice, STR("chosen"), chosen);
}

/* A group of buttons cannot be emptied by itself: one more button stands for "not given" where that is allowed. */
static void put_unset(const Asked *asked, Json *choices, Str value)
{
    if (!asked->required && !asked->cell)
        put_choice(asked, choices, STR_NONE, say(asked->call, "value.none"), !value.len);
}

static Str put_choices(const Asked *asked, Str value, Json *choices)
{
    const Field *field = asked->field;
    bool         radio = field->choice_count <= RADIO_MAX && !asked->cell;
    for (size_t i = 0; i < field->choice_count; i++)
        put_choice(asked, choices, field->choices[i].code, in_words(asked->call, field->choices[i].label),
                   str_eq(field->choices[i].code, value));
    if (radio)
        put_unset(asked, choices, value);
    return radio ? STR("radio") : STR("select");
}

static Str put_truths(const Asked *asked, Str value, Json *choices)
{
    put_choice(asked, choices, STR("true"), say(asked->call, "say.values.yes"), str_eq(value, STR("true")));
    put_choice(asked, choices, STR("false"), say(asked->call, "say.values.no"), str_eq(value, STR("false")));
    put_unset(asked, choices, value);
    return asked->cell ? STR("select") : STR("radio");
}

static bool holds(const Json *list, Str item)
{
    if (list && list->kind == JSON_STRING) /* as the address gives it */
        return str_eq(list->text, item);
    JSON_EACH(each, list)
        if (str_eq(each->text, item))
            return true;
    return false;
}

static void put_boxes(const Asked *asked, Json *choices)
{
    const Field *field = asked->field;
    for (size_t i = 0; i < field->choice_count; i++)
        put_choice(asked, choices, field->choices[i].code, in_words(asked->call, field->choices[i].label),
                   holds(asked->value, field->choices[i].code));
}

/* ---- references ---- */

/* Records that the actor sees, newest first. */
static Err records_of(Call *call, const Field *field, bool cell, Found *out)
{
    Problems none = call_problems(call);
    Query    query = { .sort = STR("-created"), .limit = cell ? CELL_RECORDS : RECORDS_MAX };
    return find(&call->ctx, field->target, &query, out, &none);
}

/* Leaves out what the step would refuse; but what stands there already only where its lack is asked about, or the form
 * would clear it without a word. */
static Err keep_fitting(const Asked *asked, Str value, Found *found)
{
    const Ctx *ctx = &asked->call->ctx;
    bool      *fits = ARENA_ARRAY(ctx->arena, bool, found->count);
    size_t     kept = 0;
    if (!asked->action || found->next.len)
        return ERR_OK;
    TRY(act_fits(ctx, asked->action, asked->record, asked->field, found->records, found->count, fits));
    for (size_t i = 0; i < found->count; i++)
        if (fits[i] || (!asked->required && str_eq(record_id(&found->records[i]), value)))
            found->records[kept++] = found->records[i];
    found->count = kept;
    return ERR_OK;
}

static Str reference_label(const Call *call, const Name *name)
{
    if (!name->number.len || str_eq(name->number, name->title))
        return name->title;
    return SAY(call, "say.form.reference", ARG("title", name->title), ARG("number", name->number));
}

/* One that has no other title than its number is known by whose it is: "Self-healing film (PM-2026-00003)". */
static Err name_parent(const Asked *asked, const Record *record, Name *name)
{
    const Type  *type = record->type;
    const Field *parent = type->parent < 0 || type->title != SYS_NUMBER ? NULL : &type->fields[type->parent];
    Name         of = { 0 };
    if (parent && access_shows(&record->clearance, parent) && record->values[parent->index].kind == VALUE_ID)
        TRY(show_name(asked->show, parent->target, record->values[parent->index].text, &of));
    if (of.seen)
        name->title = of.title;
    return ERR_OK;
}

static Err put_record(const Asked *asked, const Record *record, bool chosen, Json *choices)
{
    Name name;
    Str  id = record_id(record);
    TRY(show_name(asked->show, asked->field->target, id, &name));
    if (name.seen)
        TRY(name_parent(asked, record, &name));
    if (name.seen)
        put_choice(asked, choices, id, reference_label(asked->call, &name), chosen);
    return ERR_OK;
}

static const Record *among(const Found *found, Str id)
{
    for (size_t i = 0; i < found->count; i++)
        if (str_eq(record_id(&found->records[i]), id))
            return &found->records[i];
    return NULL;
}

/* How to name a record, where there are too many to choose from. */
static Str by_number(const Asked *asked, const Name *now)
{
    const Call  *call = asked->call;
    const Field *field = asked->field;
    if (asked->cell)
        return STR_NONE;
    if (now->seen)
        return SAY(call, "say.form.by_number_now", ARG("title", reference_label(call, now)));
    bool parent = (int)field->index == field->type->parent;
    return SAY(call, parent ? "say.form.by_parent" : "say.form.by_number", ARG_TEXT("label", field->target->label));
}

static Err put_reference(const Asked *asked, Str value, Json *choices, Str *widget, Str *help)
{
    const Field *field = asked->field;
    Found        found;
    Name         name = { 0 };
    if (asked->records)
        found = *asked->records;
    else
        TRY(records_of(asked->call, field, asked->cell, &found));
    TRY(keep_fitting(asked, value, &found));
    if (value.len && uuid_valid(value))
        TRY(show_name(asked->show, field->target, value, &name));
    *widget = found.next.len ? STR("line") : STR("select");
    if (is_hidden(asked->value))
        *help = say(asked->call, "say.form.keep_hidden");
    else if (!found.count && asked->action)
        *help = SAY(asked->call, "say.form.none_fits", ARG_TEXT("label", field->target->label));
    else if (found.next.len)
        *help = by_number(asked, &name);
    for (size_t i = 0; !found.next.len && i < found.count; i++)
        TRY(put_record(asked, &found.records[i], str_eq(record_id(&found.records[i]), value), choices));
    return ERR_OK;
}

/* One a line: the number that people know the record by, else its id; what was typed as it was. */
static Err typed_lines(const Asked *asked, Str *out)
{
    Buf buf = buf_new(asked->call->ctx.arena, SIZE_MAX);
    JSON_EACH(item, asked->value) {
        Name name = { 0 };
        if (is_hidden(item))
            continue;
        if (uuid_valid(item->text))
            TRY(show_name(asked->show, asked->field->target, item->text, &name));
        buf_add(&buf, buf.len ? STR("\n") : STR_NONE);
        buf_add(&buf, name.number.len ? name.number : item->text);
    }
    *out = buf_str(&buf);
    return ERR_OK;
}

/* Those chosen first, in their order, so that it stays; then the others, newest first. */
static Err put_references(const Asked *asked, Json *choices, Str *widget, Str *value, Str *help)
{
    const Call *call = asked->call;
    Found       found;
    bool        hidden = false;
    TRY(records_of(asked->call, asked->field, false, &found));
    bool typed = found.next.len > 0;
    JSON_EACH(item, asked->value) {
        hidden = hidden || is_hidden(item);
        typed = typed || (!is_hidden(item) && !among(&found, item->text));
    }
    *widget = typed ? STR("area") : STR("boxes");
    if (typed)
        TRY(typed_lines(asked, value));
    JSON_EACH(item, typed ? NULL : asked->value)
        if (!is_hidden(item))
            TRY(put_record(asked, among(&found, item->text), true, choices));
    for (size_t i = 0; !typed && i < found.count; i++)
        if (!asked->value || asked->value->kind != JSON_ARRAY || !holds(asked->value, record_id(&found.records[i])))
            TRY(put_record(asked, &found.records[i], holds(asked->value, record_id(&found.records[i])), choices));
    if (hidden)
        *help = say(call, "say.form.some_hidden");
    else if (typed)
        *help = SAY(call, "say.form.by_numbers", ARG_TEXT("label", asked->field->target->label));
    return ERR_OK;
}

/* ---- rows ---- */

static void put_columns(const Asked *asked, Json *table)
{
    const Call *call = asked->call;
    const Type *type = asked->field->rows;
    Json       *columns = json_set(table, STR("columns"), json_array(call->ctx.arena));
    for (size_t i = ROW_COLUMNS; i < type->field_count; i++) {
        Json *column = json_push(columns, json_object(call->ctx.arena));
        put(call, column, STR("column"), show_label(call, &type->fields[i]));
        put(call, column, STR("column_help"), in_words(call, type->fields[i].help));
        json_set_bool(call->ctx.arena, column, STR("numeric"),
                      field_kinds[type->fields[i].kind].number && !type->fields[i].given);
    }
}

/* What tells a row from the others: the text that the city has given it, or else its place. */
static Str cell_label(const Asked *asked, const Field *column, Str number, const Json *values)
{
    const Call *call = asked->call;
    const Type *type = asked->field->rows;
    for (size_t i = ROW_COLUMNS; i < type->field_count; i++) {
        const Field *field = &type->fields[i];
        Str          given = json_text(json_get(values, field->name));
        if (field->given && field->kind == FIELD_TEXT && field != column && given.len)
            return SAY(call, "say.form.cell_of", ARG("row", given), ARG("column", show_label(call, column)));
    }
    return SAY(call, "say.form.cell", ARG("row", number), ARG("column", show_label(call, column)));
}

static Err put_cell(const Asked *asked, const Field *column, size_t row, const Json *values, const Found *records,
                    Json *cells)
{
    Call *call = asked->call;
    Json *cell = json_push(cells, json_object(call->ctx.arena));
    Str   help = STR_NONE, number = str_printf(call->ctx.arena, "%zu", row + 1);
    Asked one = { .call = call,
                  .show = asked->show,
                  .field = column,
                  .value = json_get(values, column->name),
                  .cell = true,
                  .records = records };
    one.name = str_printf(call->ctx.arena, "%.*s[%zu].%.*s", STR_FMT(asked->name), row + 1, STR_FMT(column->name));
    put(call, cell, STR("id"), field_id(call->ctx.arena, one.name));
    put(call, cell, STR("name"), one.name);
    put(call, cell, STR("column"), show_label(call, column));
    put(call, cell, STR("cell_label"), cell_label(asked, column, number, values));
    put(call, cell, STR("error"), field_error(call, asked->data, one.name, false));
    json_set_bool(call->ctx.arena, cell, STR("required"), false);
    TRY(field_put(&one, &help, cell));
    put(call, cell, STR("help"), help);
    return ERR_OK;
}

static Err put_row(const Asked *asked, size_t row, const Json *values, const Found *records, Json *lines)
{
    Call       *call = asked->call;
    const Type *type = asked->field->rows;
    Json       *line = json_push(lines, json_object(call->ctx.arena));
    Str         name = str_printf(call->ctx.arena, "%.*s[%zu]", STR_FMT(asked->name), row + 1);
    put(call, line, STR("line"), str_printf(call->ctx.arena, "%zu", row + 1));
    put(call, line, STR("line_id"), field_id(call->ctx.arena, name));
    put(call, line, STR("line_error"), field_error(call, asked->data, name, false));
    Json *cells = json_set(line, STR("cells"), json_array(call->ctx.arena));
    for (size_t i = ROW_COLUMNS; i < type->field_count; i++)
        TRY(put_cell(asked, &type->fields[i], row, values, &records[i], cells));
    return ERR_OK;
}

static bool any_hidden(const Json *rows)
{
    JSON_EACH(row, rows)
        JSON_EACH(cell, row)
            if (is_hidden(cell))
                return true;
    return false;
}

/* Rows that the city has made: what is asked for stands beside what is given. */
static bool are_given(const Type *type)
{
    for (size_t i = ROW_COLUMNS; i < type->field_count; i++)
        if (type->fields[i].given)
            return true;
    return false;
}

static Err put_table(const Asked *asked, Json *json, Str *help)
{
    Call       *call = asked->call;
    const Type *type = asked->field->rows;
    Found      *records = ARENA_ARRAY(call->ctx.arena, Found, type->field_count);
    const Json *rows = asked->value && asked->value->kind == JSON_ARRAY ? asked->value : NULL;
    size_t      row = 0;
    for (size_t i = ROW_COLUMNS; i < type->field_count; i++)
        if (type->fields[i].kind == FIELD_REFERENCE)
            TRY(records_of(call, &type->fields[i], true, &records[i]));
    Json *table = json_set(json, STR("table"), json_object(call->ctx.arena));
    put_columns(asked, table);
    Json *lines = json_set(table, STR("lines"), json_array(call->ctx.arena));
    JSON_EACH(values, rows)
        TRY(put_row(asked, row++, values, records, lines));
    bool given = are_given(type);
    for (size_t i = 0; i < ROWS_EMPTY && row < LIMIT_ROWS && !given; i++)
        TRY(put_row(asked, row++, NULL, records, lines));
    put(call, table, STR("more"),
        row < LIMIT_ROWS && !given ? str_printf(call->ctx.arena, "more[%.*s]", STR_FMT(asked->name)) : STR_NONE);
    put(call, table, STR("more_href"),
        str_printf(call->ctx.arena, "%.*s#%.*s", STR_FMT(asked->more),
                   STR_FMT(field_id(call->ctx.arena, asked->name))));
    if (any_hidden(rows))
        *help = say(call, "say.form.some_hidden");
    return ERR_OK;
}

/* ---- files ---- */

/* Those that stand there, each to be kept or not, and a place for more. */
static Err put_files(const Asked *asked, Json *choices, Json *json, Str *help)
{
    const Call  *call = asked->call;
    const Field *field = asked->field;
    const Json  *value = asked->value;
    Buf          accept = buf_new(call->ctx.arena, SIZE_MAX), known = buf_new(call->ctx.arena, SIZE_MAX);
    for (const Json *file = value && value->kind == JSON_ARRAY ? value->first : value; file;
         file = file == value ? NULL : file->next)
        if (json_get(file, STR("id")))
            put_choice(asked, choices, json_text(json_get(file, STR("id"))), show_file(call, file), true);
    for (size_t i = 0; i < file_type_count; i++)
        if (field->file_types >> i & 1) {
            Str code = file_types[i].code;
            buf_printf(&accept, "%s.%.*s%s", accept.len ? "," : "", STR_FMT(code),
                       str_eq(code, STR("jpg")) ? ",.jpeg" : "");
            buf_printf(&known, "%s%.*s", known.len ? ", " : "", STR_FMT(code));
        }
    put(call, json, STR("accept"), buf_str(&accept));
    json_set_bool(call->ctx.arena, json, STR("several_files"), field->kind == FIELD_FILES);
    if (!help->len)
        *help = SAY(call, field->kind == FIELD_FILES ? "say.form.files" : "say.form.file",
                    ARG("max", str_printf(call->ctx.arena, "%lld", (long long)(field->max_bytes >> 20))),
                    ARG("known", buf_str(&known)), ARG("most", str_printf(call->ctx.arena, "%zu", field->max_files)));
    return ERR_OK;
}

/* ---- the control ---- */

/* What stands behind a number: its unit, or the currency that it or the record says; and behind a date in which order
 * it is typed. */
static Str unit_of(const Asked *asked)
{
    Str unit = in_words(asked->call, asked->field->unit);
    if (asked->field->kind == FIELD_DATE && !asked->cell)
        return say(asked->call, "say.form.date");
    if (asked->cell || unit.len || asked->field->kind != FIELD_MONEY)
        return asked->cell ? STR_NONE : unit;
    return show_currency(asked->call, asked->field, json_get(asked->data, STR("record")));
}

/* That another field says the currency, as long as it does not. */
static Str currency_help(const Asked *asked, Str help)
{
    const Field *field = asked->field;
    if (asked->cell || help.len || field->currency_field < 0 || unit_of(asked).len)
        return help;
    return SAY(asked->call, "say.form.currency", ARG_TEXT("label", field->type->fields[field->currency_field].label));
}

/* Adds the choices and says which control serves the field. */
static Err put_widget(const Asked *asked, Json *choices, Json *json, Str *widget, Str *value, Str *help)
{
    *widget = STR("line");
    switch (asked->field->kind) {
    case FIELD_LONG_TEXT: *widget = STR("area"); break;
    case FIELD_INTEGER:
    case FIELD_DECIMAL: *widget = STR("number"); break;
    case FIELD_MONEY:
        *widget = STR("number");
        *help = currency_help(asked, *help);
        break;
    case FIELD_DATE: *widget = STR("date"); break;
    case FIELD_CHOICE: *widget = put_choices(asked, *value, choices); break;
    case FIELD_BOOLEAN: *widget = put_truths(asked, *value, choices); break;
    case FIELD_REFERENCE: return put_reference(asked, *value, choices, widget, help);
    case FIELD_REFERENCES: return put_references(asked, choices, widget, value, help);
    case FIELD_CHOICES:
        *widget = STR("boxes");
        put_boxes(asked, choices);
        break;
    case FIELD_INSTANT: *help = help->len ? *help : say(asked->call, "say.form.instant"); break;
    case FIELD_ROWS: *widget = STR("table"); return put_table(asked, json, help);
    case FIELD_FILE:
    case FIELD_FILES: *widget = STR("file"); return put_files(asked, choices, json, help);
    case FIELD_TEXT:
    case FIELD_COMPUTED:
    case FIELD_KIND_COUNT: break;
    }
    return ERR_OK;
}

static int area_rows(const Asked *asked)
{
    if (asked->cell)
        return AREA_ROWS_CELL;
    return asked->field->max_points > AREA_LONG ? AREA_ROWS_LONG : AREA_ROWS;
}

Err field_put(const Asked *asked, Str *help, Json *json)
{
    static const Str widgets[] = { STR_INIT("line"),  STR_INIT("number"), STR_INIT("date"),
                                   STR_INIT("area"),  STR_INIT("select"), STR_INIT("radio"),
                                   STR_INIT("boxes"), STR_INIT("file"),   STR_INIT("given") };
    const Call      *call = asked->call;
    const Field     *field = asked->field;
    Json            *choices = json_array(call->ctx.arena);
    Str              value = text_in(asked), widget;
    TRY(put_widget(asked, choices, json, &widget, &value, help));
    if (field->given)
        widget = STR("given");
    put(call, json, STR("value"), value);
    put(call, json, STR("value_lang"), show_lang(call, value));
    put(call, json, STR("unit"), unit_of(asked));
    put(call, json, STR("size"), field->kind == FIELD_INSTANT ? STR("s") : STR_NONE);
    if (field_kinds[field->kind].text)
        json_set_int(call->ctx.arena, json, STR("max"), field->max_points);
    else
        put_null(call, json, STR("max"));
    json_set_int(call->ctx.arena, json, STR("rows"), area_rows(asked));
    put(call, json, STR("unset"),
        say(call, is_hidden(asked->value) ? "say.form.keep"
                  : asked->cell           ? "value.none"
                                          : "say.form.choose"));
    json_set(json, STR("choices"), choices);
    json_set_bool(call->ctx.arena, json, STR("many"), choices->count > BOXES_FRAME);
    for (size_t i = 0; i < sizeof widgets / sizeof *widgets; i++)
        json_set_bool(call->ctx.arena, json, widgets[i], str_eq(widgets[i], widget));
    if (!str_eq(widget, STR("table")))
        put_null(call, json, STR("table"));
    if (!str_eq(widget, STR("file"))) {
        put_null(call, json, STR("accept"));
        json_set_bool(call->ctx.arena, json, STR("several_files"), false);
    }
    return ERR_OK;
}
