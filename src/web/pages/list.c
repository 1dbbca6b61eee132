/* web/pages/list.c: records of a type: filtered, sorted, page by page. The address holds the whole view. */
#include "base/limits.h"
#include "web/forms.h"
#include "web/pages/choose.h"
#include "web/pages/clocks.h"
#include "web/pages/filter.h"
#include "web/pages/line.h"
#include "web/pages/list_address.h"
#include "web/pages/show.h"
#include "web/pages/tabs.h"
#include "web/pages/view.h"
#include "web/shapes.h"

typedef struct ListView {
    Call       *call;
    const Json *data;
    PageOut    *out;
    const Type *type;
    Show       *show;
    ListAddress at;           /* what the address chose */
    Str         filter, sort; /* of it */
    ExprPart   *parts;
    size_t      part_count;
    uint16_t    columns[LIMIT_LIST_COLUMNS]; /* after the name */
    size_t      column_count;
} ListView;

/* ---- addresses ---- */

/* This list with another filter, sort or page; what else the address chose stays. */
static Str address(const ListView *view, Str filter, Str sort, Str cursor)
{
    ListAddress to = view->at;
    to.filter = filter;
    to.sort = sort;
    to.cursor = cursor;
    return list_address(view->call, &to);
}

/* The same records by state ("board"), crossed ("matrix"), or to take a step on ("steps"). */
static Str beside(const ListView *view, const char *page)
{
    ListAddress to = { .type = view->type, .page = page, .filter = view->filter };
    bool        board = strcmp(page, "board") == 0;
    if (board || strcmp(page, "steps") == 0)
        to.sort = view->sort;
    if (board) {
        to.fields = view->at.fields;
        to.view = view->at.view;
    }
    return list_address(view->call, &to);
}

/* ---- the form that adds a condition ---- */

static const Sign *sign_of_code(Str code)
{
    for (size_t i = 0; i < filter_sign_count; i++)
        if (str_eq(filter_signs[i].code, code))
            return &filter_signs[i];
    return NULL;
}

/* The condition that the address adds; ECODE_RECORD_INVALID with problems when it makes no sense. */
static Err added_condition(Call *call, const Type *type, Str *out, Problems *problems)
{
    const Field *field = type_field(type, call_query(call, STR("add_field")));
    const Sign  *sign = sign_of_code(call_query(call, STR("add_is")));
    if (!field || !filter_takes(call, field)) {
        PROBLEM(problems, ECODE_FIELD_UNKNOWN, STR_NONE, STR_NONE, ARG("field", call_query(call, STR("add_field"))));
        return err_make(ECODE_RECORD_INVALID, "add_field");
    }
    if (!sign) {
        PROBLEM(problems, ECODE_HTTP_PARAMETER, STR_NONE, STR_NONE, ARG("name", STR("add_is")),
                ARG("expected", STR("eq, ne, lt, le, gt, ge, contains, missing, present")));
        return err_make(ECODE_RECORD_INVALID, "add_is");
    }
    return filter_condition(call, field, sign, call_query(call, STR("add_value")), out, problems);
}

/* The page says what is wrong, with what was typed. */
static bool adds_condition(Call *call, ListAddress *to)
{
    Str       condition;
    Problems  problems = call_problems(call);
    ExprPart *parts;
    size_t    count;
    filter_parts(call->ctx.arena, to->filter, &parts, &count);
    if ((to->filter.len && !count) || added_condition(call, to->type, &condition, &problems).kind)
        return false;
    to->filter = filter_with(call->ctx.arena, to->filter, condition);
    return true;
}

bool list_before(Call *call)
{
    const Type *type;
    if (call_type(call, 0, &type).kind)
        return false;
    ListAddress to = list_address_here(call, type, NULL);
    bool        adds = call_query(call, STR("add_field")).ptr;
    if (adds ? !adds_condition(call, &to) : !columns_chosen(call, &to) && !tabs_lead(call, &to))
        return false;
    call_redirect(call, list_address(call, &to));
    return true;
}

/* ---- chips ---- */

static Str sign_word(const ListView *view, Str sign)
{
    for (size_t i = 0; i < filter_sign_count; i++)
        if (str_eq(filter_signs[i].sign, sign))
            return say(view->call, filter_signs[i].word);
    return sign;
}

static Err chip_text(const ListView *view, const Field *field, const ExprPart *part, Str *out)
{
    Arena *arena = view->call->ctx.arena;
    Shown  shown = { 0 };
    Value  value = part->value;
    bool   list = field_kinds[field->kind].list;
    if (field->kind == FIELD_REFERENCE && value.kind == VALUE_TEXT)
        value.kind = VALUE_ID;
    if (list && value.kind == VALUE_TEXT) /* one item: "contains" */
        value.kind = VALUE_LIST;
    if (value.kind != VALUE_MISSING)
        TRY(show_value(view->show, field, value_json(arena, value), SHOW_IN_TABLE, &shown));
    if (shown.hidden)
        shown.text = say(view->call, "value.hidden");
    Str word = sign_word(view, part->sign);
    *out = shown.text.len ? str_printf(arena, "%.*s %.*s", STR_FMT(word), STR_FMT(shown.text)) : word;
    return ERR_OK;
}

static Err put_chips(ListView *view)
{
    Call *call = view->call;
    Json *chips = json_set(view->out->page, STR("chips"), json_array(call->ctx.arena));
    for (size_t i = 0; i < view->part_count; i++) {
        const ExprPart *part = &view->parts[i];
        Str             label, text = part->source;
        const Field    *field = filter_field(call, view->type, part, &label);
        if (field)
            TRY(chip_text(view, field, part, &text));
        else
            label = say(call, "list.filter");
        Json *chip = json_push(chips, json_object(call->ctx.arena));
        put(call, chip, STR("chip_label"), label);
        put(call, chip, STR("chip_text"), text);
        Str rest = filter_without(call->ctx.arena, view->parts, view->part_count, i);
        put(call, chip, STR("remove_href"), address(view, rest, view->sort, STR_NONE));
        put(call, chip, STR("remove_label"), SAY(call, "say.list.remove", ARG("label", label)));
    }
    put(call, view->out->page, STR("clear_href"),
        view->filter.len ? address(view, STR_NONE, view->sort, STR_NONE) : STR_NONE);
    return ERR_OK;
}

/* ---- the form's own ---- */

static void put_option(const ListView *view, Json *list, Str code, Str text, bool chosen)
{
    Json *option = json_push(list, json_object(view->call->ctx.arena));
    put(view->call, option, STR("code"), code);
    put(view->call, option, STR("text"), text);
    json_set_bool(view->call->ctx.arena, option, STR("chosen"), chosen);
}

static void put_suggestions(const ListView *view, const Field *field, Json *list)
{
    for (size_t i = 0; i < field->choice_count; i++) {
        Json *item = json_push(list, json_object(view->call->ctx.arena));
        put(view->call, item, STR("suggestion"), in_words(view->call, field->choices[i].label));
    }
}

/* Own fields first, then the system's. */
static void put_filter_fields(const ListView *view, Json *filter)
{
    Arena      *arena = view->call->ctx.arena;
    const Type *type = view->type;
    Str         chosen = call_query(view->call, STR("add_field"));
    Json       *fields = json_set(filter, STR("fields"), json_array(arena));
    Json       *suggestions = json_set(filter, STR("suggestions"), json_array(arena));
    for (size_t i = 0; i < type->field_count; i++) {
        const Field *field = &type->fields[(i + SYS_COUNT) % type->field_count];
        if (!filter_takes(view->call, field))
            continue;
        put_option(view, fields, field->name, show_label(view->call, field), str_eq(field->name, chosen));
        put_suggestions(view, field, suggestions);
    }
}

static void put_operators(const ListView *view, Json *filter)
{
    Json *operators = json_set(filter, STR("operators"), json_array(view->call->ctx.arena));
    Str   chosen = call_query(view->call, STR("add_is"));
    for (size_t i = 0; i < filter_sign_count; i++)
        put_option(view, operators, filter_signs[i].code, say(view->call, filter_signs[i].word),
                   str_eq(filter_signs[i].code, chosen));
}

/* All that is wrong with the address, or with the condition that was to be added; empty when nothing is. */
static Str filter_error(const ListView *view)
{
    Call    *call = view->call;
    Buf      wrong = buf_new(call->ctx.arena, SIZE_MAX);
    Str      condition;
    Problems problems = call_problems(call);
    JSON_EACH(error, json_get(view->data, STR("errors"))) {
        if (wrong.len)
            buf_char(&wrong, ' ');
        buf_add(&wrong, json_text(json_get(error, STR("text"))));
    }
    if (wrong.len || !call_query(call, STR("add_field")).ptr)
        return buf_str(&wrong);
    if (added_condition(call, view->type, &condition, &problems).kind && problems.count)
        return in_words(call, problems.items[0].text);
    return STR_NONE;
}

static bool has_error(const ListView *view, Str field)
{
    JSON_EACH(error, json_get(view->data, STR("errors")))
        if (str_eq(json_text(json_get(error, STR("field"))), field))
            return true;
    return false;
}

static Str filtered(const void *context, Str filter)
{
    const ListView *view = context;
    return address(view, filter, view->sort, STR_NONE);
}

static void put_filter(ListView *view)
{
    Call       *call = view->call;
    Str         wrong = filter_error(view);
    bool        unread = view->filter.len && (!view->part_count || has_error(view, STR("filter")));
    const Type *type = view->type;
    Json       *filter = json_set(view->out->page, STR("filter"), json_object(call->ctx.arena));
    json_set_bool(call->ctx.arena, filter, STR("open"), wrong.len > 0);
    json_set_bool(call->ctx.arena, filter, STR("expression_open"), unread);
    put(call, filter, STR("error"), wrong);
    put(call, filter, STR("expression"), view->filter);
    put(call, filter, STR("value"), call_query(call, STR("add_value")));
    put(call, filter, STR("example"),
        str_printf(call->ctx.arena, "%.*s = '%.*s'", STR_FMT(type->fields[SYS_STATE].name),
                   STR_FMT(type->states[0].name)));
    put_filter_fields(view, filter);
    put_operators(view, filter);
    clocks_ready(call, type, view->filter, filtered, view, view->out->page);
}

/* ---- columns ---- */

static void put_column(const ListView *view, const Field *field, Str label, Json *columns)
{
    Call *call = view->call;
    Str   sort = view->sort.len ? view->sort : view->type->sort;
    bool  up = str_eq(sort, field->name);
    bool  down = str_starts(sort, STR("-")) && str_eq(str_slice(sort, 1, sort.len), field->name);
    Str   other = up ? str_printf(call->ctx.arena, "-%.*s", STR_FMT(field->name)) : field->name;
    Json *column = json_push(columns, json_object(call->ctx.arena));
    put(call, column, STR("column"), label);
    json_set_bool(call->ctx.arena, column, STR("numeric"), show_numeric(field));
    put(call, column, STR("sort_href"), find_sortable(field) ? address(view, view->filter, other, STR_NONE) : STR_NONE);
    put(call, column, STR("sorted"), up ? STR("ascending") : down ? STR("descending") : STR_NONE);
    json_set_bool(call->ctx.arena, column, STR("ascending"), up);
    json_set_bool(call->ctx.arena, column, STR("descending"), down);
}

static void put_columns(const ListView *view, Json *table)
{
    const Type  *type = view->type;
    const Field *title = &type->fields[type->title];
    Json        *columns = json_set(table, STR("columns"), json_array(view->call->ctx.arena));
    put_column(view, title,
               shape_field_known(view->call, title) ? show_label(view->call, title) : say(view->call, "say.list.name"),
               columns);
    for (size_t i = 0; i < view->column_count; i++)
        put_column(view, &type->fields[view->columns[i]], show_label(view->call, &type->fields[view->columns[i]]),
                   columns);
}

/* ---- the same as a file ---- */

/* What is shown: the name and the columns. */
static Str shown_fields(const ListView *view)
{
    const Field *title = &view->type->fields[view->type->title];
    Str          names[1 + LIMIT_LIST_COLUMNS];
    size_t       count = 0;
    if (shape_field_known(view->call, title))
        names[count++] = title->name;
    for (size_t i = 0; i < view->column_count; i++)
        names[count++] = view->type->fields[view->columns[i]].name;
    return str_join(view->call->ctx.arena, names, count, STR(","));
}

static Str export_address(const ListView *view, const char *format, const char *header)
{
    const Call *call = view->call;
    const Pair  pairs[] = { { STR("header"), str_from(header) },
                            { STR("lang"), lang_tag(call->ctx.lang) },
                            { STR("filter"), view->filter },
                            { STR("sort"), view->sort },
                            { STR("fields"), shown_fields(view) } };
    Buf         buf = buf_new(call->ctx.arena, SIZE_MAX);
    buf_printf(&buf, "/api/v1/records/%.*s/export?format=%s", STR_FMT(view->type->name), format);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (pairs[i].value.len)
            buf_printf(&buf, "&%.*s=%.*s", STR_FMT(pairs[i].name),
                       STR_FMT(uri_escape(call->ctx.arena, pairs[i].value)));
    return buf_str(&buf);
}

/* ---- rows ---- */

/* On narrow pages the state, days that are due and the last column stay beside the name. */
static bool drops(const ListView *view, size_t column)
{
    return view->columns[column] != SYS_STATE && !clock_due_field(&view->type->fields[view->columns[column]]) &&
           column + 1 < view->column_count;
}

static Err put_row(const ListView *view, const Json *record, Json *rows)
{
    Call *call = view->call;
    Json *row = json_push(rows, json_object(call->ctx.arena)), *cell;
    Str   name, under;
    TRY(show_row_name(view->show, view->type, record, &name));
    TRY(show_under(view->show, view->type, record, &under));
    put(call, row, STR("name"), name);
    put(call, row, STR("name_lang"), show_lang(call, name));
    put(call, row, STR("href"), view_href(call, view->type, json_text(json_get(record, STR("id"))), STR_NONE));
    put(call, row, STR("under"), under);
    Json *cells = json_set(row, STR("cells"), json_array(call->ctx.arena));
    for (size_t i = 0; i < view->column_count; i++) {
        const Field *field = &view->type->fields[view->columns[i]];
        TRY(show_cell(view->show, field, record, drops(view, i), &cell));
        int state = field->index == SYS_STATE ? type_state(view->type, json_text(show_member(record, field))) : -1;
        json_set(json_push(cells, cell), STR("state"), line_small(call, view->type, state));
    }
    return ERR_OK;
}

/* How many there are, as far as it is counted (?total=1 counts them all); empty when counting takes too long: the rows
 * are there all the same. */
static Err total_text(const ListView *view, Str *out)
{
    Call   *call = view->call;
    int64_t total;
    bool    whole = !call_query(call, STR("cursor")).len && !json_text(json_get(view->data, STR("next"))).len;
    if (whole)
        total = (int64_t)json_get(view->data, STR("items"))->count;
    else if (!json_int(json_get(view->data, STR("total")), &total))
        return view_count(call, view->type, view->filter, out);
    *out = show_count(call->ctx.arena, total, total);
    return ERR_OK;
}

/* "1-50 of 1,284"; beyond the first page it is not known which rows these are. */
static Err showing(const ListView *view, Str *out)
{
    Call *call = view->call;
    Str   all, rows = show_count(call->ctx.arena, (int64_t)json_get(view->data, STR("items"))->count, LIMIT_LIST_ROWS);
    TRY(total_text(view, &all));
    if (!all.len)
        *out = SAY(call, "say.list.showing_rows", ARG("count", rows));
    else
        *out = call_query(call, STR("cursor")).len
                   ? SAY(call, "say.list.showing_page", ARG("count", rows), ARG("total", all))
                   : SAY(call, "say.list.showing", ARG("from", STR("1")), ARG("to", rows), ARG("total", all));
    return ERR_OK;
}

static Str caption(const ListView *view)
{
    Call        *call = view->call;
    Str          sort = view->sort.len ? view->sort : view->type->sort;
    const Field *field = type_field(view->type, str_starts(sort, STR("-")) ? str_slice(sort, 1, sort.len) : sort);
    Str          label = in_words(call, view->type->plural);
    if (!field || !shape_field_known(call, field))
        return label;
    return SAY(call, "say.list.caption", ARG("label", label), ARG_TEXT("column", field->label));
}

static Err put_table(ListView *view)
{
    Call       *call = view->call;
    const Json *items = json_get(view->data, STR("items"));
    Str         shown, next = json_text(json_get(view->data, STR("next")));
    if (!items->count) {
        put_null(call, view->out->page, STR("table"));
        return ERR_OK;
    }
    TRY(showing(view, &shown));
    Json *table = json_set(view->out->page, STR("table"), json_object(call->ctx.arena));
    put(call, table, STR("caption"), caption(view));
    put(call, table, STR("showing"), shown);
    put(call, table, STR("first_href"),
        call_query(call, STR("cursor")).len ? address(view, view->filter, view->sort, STR_NONE) : STR_NONE);
    put(call, table, STR("next_href"), next.len ? address(view, view->filter, view->sort, next) : STR_NONE);
    put(call, table, STR("xlsx_href"), export_address(view, "xlsx", "labels"));
    put(call, table, STR("csv_href"), export_address(view, "csv", "labels"));
    put(call, table, STR("lines_href"), export_address(view, "jsonl", ""));
    put_columns(view, table);
    Json *rows = json_set(table, STR("rows"), json_array(call->ctx.arena));
    JSON_EACH(record, items)
        TRY(put_row(view, record, rows));
    return ERR_OK;
}

/* Is there a step that the actor could ever take on several? */
static bool has_steps(const ListView *view)
{
    const Type *type = view->type;
    for (size_t i = 0; i < type->action_count; i++)
        if (forms_of_many(&type->actions[i]) && access_action_ever(view->call->ctx.actor, &type->actions[i]))
            return json_get(view->data, STR("items"))->count > 0;
    return false;
}

/* ---- the page ---- */

static Err put_head(ListView *view)
{
    Call         *call = view->call;
    const Type   *type = view->type;
    const Action *creates;
    Json         *page = view->out->page;
    TRY(view_frame(call, view->out, in_words(call, type->plural), type));
    view_crumbs_of(call, view_trail(call, view->out), type, false);
    TRY(view_creates(call, type, &creates));
    put(call, page, STR("label"), in_words(call, type->plural));
    if (creates)
        json_set(page, STR("create"),
                 view_link(call, in_words(call, creates->label), view_new_href(call, type, NULL, STR_NONE)));
    else
        put_null(call, page, STR("create"));
    put(call, page, STR("import_href"),
        shape_imports(call, type) ? str_printf(call->ctx.arena, "%.*s/import", STR_FMT(view_list_href(call, type)))
                                  : STR_NONE);
    bool board = type->state_count > 1 && shape_field_known(call, &type->fields[SYS_STATE]);
    put(call, page, STR("board_href"), board ? beside(view, "board") : STR_NONE);
    put(call, page, STR("steps_href"), has_steps(view) ? beside(view, "steps") : STR_NONE);
    put(call, page, STR("matrix_href"), shape_matrix_known(call, type) ? beside(view, "matrix") : STR_NONE);
    put(call, page, STR("action"), view_list_href(call, type));
    ListAddress kept = view->at; /* what a form that changes the filter carries along */
    kept.filter = STR_NONE;
    json_set(page, STR("kept"), list_address_kept(call, &kept));
    json_set_bool(call->ctx.arena, page, STR("unread"), json_get(view->data, STR("errors")) != NULL);
    return ERR_OK;
}

Err view_list(Call *call, const Json *data, PageOut *out)
{
    ListView view = { .call = call,
                      .data = data,
                      .out = out,
                      .show = show_new(call),
                      .filter = call_query(call, STR("filter")),
                      .sort = call_query(call, STR("sort")) };
    TRY(call_type(call, 0, &view.type));
    view.at = list_address_here(call, view.type, NULL);
    columns_of(call, view.type, view.at.fields, view.columns, &view.column_count);
    filter_parts(call->ctx.arena, view.filter, &view.parts, &view.part_count);
    TRY(put_head(&view));
    TRY(tabs_put(call, &view.at, out->page));
    choose_put(call, &view.at, view.columns, view.column_count, out->page);
    TRY(put_chips(&view));
    put_filter(&view);
    return put_table(&view);
}
