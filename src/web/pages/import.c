/* web/pages/import.c: the form that sends a file of records. */
#include "web/pages/view.h"
#include "web/shapes.h"

/* What a new record takes. */
static void put_columns(Call *call, const Type *type, Json *page)
{
    Json         *columns = json_set(page, STR("columns"), json_array(call->ctx.arena));
    const Action *create = type_action(type, STR("create"));
    for (size_t i = 0; create && i < create->input_count; i++) {
        const Field *field = &type->fields[create->inputs[i]];
        if (!shape_field_known(call, field))
            continue;
        Json *column = json_push(columns, json_object(call->ctx.arena));
        put(call, column, STR("column"), in_words(call, field->label));
        put(call, column, STR("name"), field->name);
    }
}

static bool is_about(const Json *error, Str field)
{
    JSON_EACH(part, json_get(error, STR("errors")))
        if (str_eq(json_text(json_get(part, STR("field"))), field))
            return true;
    return false;
}

/* Of the file, unless it is the sheet. */
static void put_errors(Call *call, const Json *error, Json *page)
{
    bool sheet = error && is_about(error, STR("sheet"));
    view_errors(call, error, sheet ? "sheet" : "file", page);
    json_set_bool(call->ctx.arena, page, STR("file_bad"), error && !sheet);
    json_set_bool(call->ctx.arena, page, STR("sheet_bad"), sheet);
}

Err view_import(Call *call, const Json *data, PageOut *out)
{
    const Type   *type;
    const Action *creates;
    const Json   *error = json_get(data, STR("error"));
    TRY(call_type(call, 0, &type));
    Str title = SAY(call, "say.import.title", ARG_TEXT("label", type->plural));
    Str tab = error ? SAY(call, "say.title.error", ARG("title", title)) : title;
    TRY(view_frame(call, out, tab, type));
    Json *crumbs = view_trail(call, out);
    view_crumbs_of(call, crumbs, type, true);
    view_crumb(call, crumbs, title, STR_NONE);
    put(call, out->page, STR("title"), title);
    put(call, out->page, STR("action"),
        str_printf(call->ctx.arena, "%.*s/import", STR_FMT(view_list_href(call, type))));
    put(call, out->page, STR("cancel_href"), view_list_href(call, type));
    TRY(view_creates(call, type, &creates));
    put(call, out->page, STR("template_href"),
        creates ? str_printf(call->ctx.arena, "/api/v1/records/%.*s/template?lang=%.*s", STR_FMT(type->name),
                             STR_FMT(lang_tag(call->ctx.lang)))
                : STR_NONE);
    put_errors(call, error, out->page);
    put_columns(call, type, out->page);
    return ERR_OK;
}
