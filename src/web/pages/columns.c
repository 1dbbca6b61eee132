/* web/pages/columns.c: the columns of a file beside its first rows, and which field each is to be. */
#include "web/pages/show.h"
#include "web/pages/view.h"
#include "web/shapes.h"

typedef struct Columns {
    Call       *call;
    const Json *data;
    const Type *type;
    Json       *page;
} Columns;

static Str counted(const Columns *view, size_t number)
{
    return show_count(view->call->ctx.arena, (int64_t)number, INT64_MAX);
}

/* What is chosen for the column: what was sent, else what it was understood as, else what may be meant. */
static Str chosen_of(const Columns *view, const Json *column, size_t at)
{
    size_t passed = 0;
    if (!json_get(view->data, STR("chosen"))) {
        Str field = json_text(json_get(column, STR("field")));
        return field.len ? field : json_text(json_get(column, STR("near")));
    }
    JSON_EACH(chosen, json_get(view->data, STR("chosen")))
        if (passed++ == at)
            return chosen->text;
    return STR_NONE;
}

static void put_options(const Columns *view, Str chosen, Json *row)
{
    Call *call = view->call;
    Json *options = json_set(row, STR("options"), json_array(call->ctx.arena));
    JSON_EACH(name, json_get(view->data, STR("fields"))) {
        const Field *field = type_field(view->type, name->text);
        Json        *option = json_push(options, json_object(call->ctx.arena));
        put(call, option, STR("code"), field->name);
        put(call, option, STR("text"),
            SAY(call, "say.columns.field", ARG("label", in_words(call, field->label)), ARG("name", field->name)));
        json_set_bool(call->ctx.arena, option, STR("chosen"), str_eq(chosen, field->name));
    }
}

static Str note_of(const Columns *view, const Json *column)
{
    bool passed = false;
    json_truth(json_get(column, STR("passed")), &passed);
    if (json_get(view->data, STR("chosen")))
        return STR_NONE;
    if (passed)
        return say(view->call, "say.columns.passed");
    return json_text(json_get(column, STR("near"))).len ? say(view->call, "say.columns.near") : STR_NONE;
}

static Str row_head(const Columns *view, size_t at)
{
    return SAY(view->call, "say.columns.row", ARG("place", counted(view, at + 1)));
}

static void put_values(const Columns *view, const Json *column, Json *row)
{
    Call  *call = view->call;
    Json  *values = json_set(row, STR("values"), json_array(call->ctx.arena));
    size_t at = 0;
    JSON_EACH(text, json_get(column, STR("values"))) {
        Json *value = json_push(values, json_object(call->ctx.arena));
        put(call, value, STR("head"), row_head(view, at++));
        put(call, value, STR("value"), text->text);
        put(call, value, STR("value_lang"), show_lang(call, text->text));
    }
}

static void put_row(const Columns *view, const Json *column, size_t at, Json *rows)
{
    Call *call = view->call;
    Json *row = json_push(rows, json_object(call->ctx.arena));
    Str   name = json_text(json_get(column, STR("column")));
    put(call, row, STR("id"), str_printf(call->ctx.arena, "c%zu", at));
    put(call, row, STR("column"),
        name.len ? name : SAY(call, "say.columns.unnamed", ARG("place", counted(view, at + 1))));
    put(call, row, STR("column_lang"), show_lang(call, name));
    put(call, row, STR("note"), note_of(view, column));
    put_options(view, chosen_of(view, column, at), row);
    put_values(view, column, row);
}

static void put_table(const Columns *view)
{
    Call       *call = view->call;
    const Json *columns = json_get(view->data, STR("columns"));
    size_t      at = 0, shown = columns->count ? json_get(columns->first, STR("values"))->count : 0;
    bool        write = false;
    if (!columns->count) {
        put_null(call, view->page, STR("table"));
        return;
    }
    Json *table = json_set(view->page, STR("table"), json_object(call->ctx.arena));
    Json *heads = json_set(table, STR("heads"), json_array(call->ctx.arena));
    Json *rows = json_set(table, STR("rows"), json_array(call->ctx.arena));
    for (size_t i = 0; i < shown; i++)
        put(call, json_push(heads, json_object(call->ctx.arena)), STR("head"), row_head(view, i));
    JSON_EACH(column, columns)
        put_row(view, column, at++, rows);
    json_truth(json_get(view->data, STR("write")), &write);
    json_set_bool(call->ctx.arena, table, STR("write"), write);
}

Err view_columns(Call *call, const Json *data, PageOut *out)
{
    const Json *error = json_get(data, STR("error"));
    const Type *type = pack_type(call_pack(call), json_text(json_get(data, STR("about"))));
    Columns     view = { .call = call, .data = data, .type = type, .page = out->page };
    Str         title = SAY(call, "say.columns.title", ARG_TEXT("label", type->plural));
    Str         job = view_href(call, call_pack(call)->job, call->params[0], STR_NONE);
    TRY(view_frame(call, out, error ? SAY(call, "say.title.error", ARG("title", title)) : title, type));
    Json *crumbs = view_trail(call, out);
    view_crumbs_of(call, crumbs, type, true);
    view_crumb(call, crumbs, say(call, "say.columns.job"), job);
    view_crumb(call, crumbs, title, STR_NONE);
    put(call, out->page, STR("title"), title);
    put(call, out->page, STR("action"), call->path);
    put(call, out->page, STR("cancel_href"), job);
    put(call, out->page, STR("again_href"),
        str_printf(call->ctx.arena, "%.*s/import", STR_FMT(view_list_href(call, type))));
    view_errors(call, error, NULL, out->page);
    put_table(&view);
    return ERR_OK;
}
