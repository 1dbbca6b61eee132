/* web/pages/matrix.c: records of a type crossed by two sides; each number leads to the list that it counts. */
#include "web/pages/show.h"
#include "web/pages/view.h"
#include "web/shapes.h"

#define SHADES 4 /* of a cell, by its share of the fullest */

typedef struct MatrixView {
    Call       *call;
    const Json *data;
    Json       *page;
    const Type *type;
    int64_t     most; /* in one cell */
} MatrixView;

static const Json *classes_of(const MatrixView *view, Str side)
{
    return json_get(json_get(view->data, side), STR("classes"));
}

static Str side_label(const MatrixView *view, Str side)
{
    return json_text(json_get(json_get(view->data, side), STR("label")));
}

static void put_cell(const MatrixView *view, const Json *data, Str row, Str column, Json *cells)
{
    Call   *call = view->call;
    Json   *cell = json_push(cells, json_object(call->ctx.arena));
    bool    here = false;
    int64_t shade = view->most ? (view_figure_count(data) * SHADES + view->most - 1) / view->most : 0;
    view_figure_put(call, view->type, data, cell);
    put(call, cell, STR("said"), SAY(call, "say.matrix.cell", ARG("row", row), ARG("column", column)));
    put(call, cell, STR("shade"), str_printf(call->ctx.arena, "%lld", (long long)shade));
    put(call, cell, STR("column"), column);
    json_set_bool(call->ctx.arena, cell, STR("here"), json_truth(json_get(data, STR("here")), &here) && here);
}

static void put_rows(const MatrixView *view)
{
    Call       *call = view->call;
    Json       *rows = json_set(view->page, STR("rows"), json_array(call->ctx.arena));
    const Json *line = json_get(view->data, STR("cells"))->first;
    JSON_EACH(class, classes_of(view, STR("rows"))) {
        Json       *row = json_push(rows, json_object(call->ctx.arena));
        Json       *cells = json_array(call->ctx.arena);
        Str         label = json_text(json_get(class, STR("label")));
        const Json *column = classes_of(view, STR("columns"))->first;
        put(call, row, STR("label"), label);
        view_figure_put(call, view->type, class, row);
        JSON_EACH(cell, line) {
            put_cell(view, cell, label, json_text(json_get(column, STR("label"))), cells);
            column = column->next;
        }
        json_set(row, STR("cells"), cells);
        line = line->next;
    }
}

static void put_columns(const MatrixView *view)
{
    Call *call = view->call;
    Json *columns = json_set(view->page, STR("columns"), json_array(call->ctx.arena));
    JSON_EACH(class, classes_of(view, STR("columns"))) {
        Json *column = json_push(columns, json_object(call->ctx.arena));
        put(call, column, STR("label"), json_text(json_get(class, STR("label"))));
        view_figure_put(call, view->type, class, column);
    }
}

static int64_t most_in_a_cell(const Json *lines)
{
    int64_t most = 0;
    JSON_EACH(line, lines)
        JSON_EACH(cell, line)
            most = view_figure_count(cell) > most ? view_figure_count(cell) : most;
    return most;
}

Err view_matrix(Call *call, const Json *data, PageOut *out)
{
    MatrixView view = { .call = call, .data = data, .page = out->page };
    Str        filter = call_query(call, STR("filter")), label = json_text(json_get(data, STR("label")));
    TRY(call_type(call, 0, &view.type));
    view.most = most_in_a_cell(json_get(data, STR("cells")));
    TRY(view_frame(call, out, label, view.type));
    Json *crumbs = view_trail(call, out);
    view_crumbs_of(call, crumbs, view.type, true);
    view_crumb(call, crumbs, label, STR_NONE);
    put(call, out->page, STR("title"), label);
    put(call, out->page, STR("filter"), filter);
    put(call, out->page, STR("list_href"), view_filtered_href(call, view.type, filter));
    put(call, out->page, STR("row_side"), side_label(&view, STR("rows")));
    put(call, out->page, STR("column_side"), side_label(&view, STR("columns")));
    put(call, out->page, STR("date"),
        SAY(call, "say.statistics.date", ARG("date", show_spoken(call, ctx_today(&call->ctx)))));
    Json *all = json_set(out->page, STR("all"), json_object(call->ctx.arena));
    view_figure_put(call, view.type, data, all);
    put_columns(&view);
    put_rows(&view);
    return ERR_OK;
}
