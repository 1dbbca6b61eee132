/* web/pages/rows.c: see rows.h. */
#include "web/pages/rows.h"

#include "base/decimal.h"
#include "web/pages/view.h"

static void put_columns(const Call *call, const Type *type, Json *table)
{
    Json *columns = json_set(table, STR("columns"), json_array(call->ctx.arena));
    for (size_t i = ROW_COLUMNS; i < type->field_count; i++) {
        Json *column = json_push(columns, json_object(call->ctx.arena));
        put(call, column, STR("column"), show_label(call, &type->fields[i]));
        json_set_bool(call->ctx.arena, column, STR("numeric"), show_numeric(&type->fields[i]));
    }
}

static Err put_line(Show *show, const Call *call, const Type *type, const Json *row, Json *lines)
{
    Json *line = json_push(lines, json_object(call->ctx.arena)), *cell;
    put(call, line, STR("line"), str_printf(call->ctx.arena, "%zu", lines->count));
    Json *cells = json_set(line, STR("cells"), json_array(call->ctx.arena));
    for (size_t i = ROW_COLUMNS; i < type->field_count; i++) {
        TRY(show_cell(show, &type->fields[i], row, false, &cell));
        json_push(cells, cell);
    }
    return ERR_OK;
}

/* The sum of a column of money with its currency; empty when there is none, or no single one. */
static Str column_total(const Call *call, const Field *field, const Json *rows)
{
    Decimal sum = { 0, field->scale }, one;
    Str     currency = STR_NONE;
    size_t  amounts = 0;
    JSON_EACH(row, rows) {
        const Json *value = show_member(row, field);
        if (!value)
            continue;
        Str of = show_currency(call, field, row);
        if ((amounts && !str_eq(of, currency)) || !decimal_parse(value->text, &one) || !decimal_add(sum, one, &sum))
            return STR_NONE;
        currency = of;
        amounts++;
    }
    if (amounts < 2)
        return STR_NONE;
    Str  total = show_thousands(call->ctx.arena, decimal_text(call->ctx.arena, sum));
    bool said = field->currency_field < 0; /* in the heading */
    return said || !currency.len ? total
                                 : SAY(call, "say.values.with_unit", ARG("value", total), ARG("unit", currency));
}

static void put_total(const Call *call, const Type *type, const Json *rows, Json *table)
{
    Json *cells = json_array(call->ctx.arena);
    bool  any = false;
    for (size_t i = ROW_COLUMNS; i < type->field_count; i++) {
        bool  money = type->fields[i].kind == FIELD_MONEY;
        Str   total = money ? column_total(call, &type->fields[i], rows) : STR_NONE;
        Json *cell = json_push(cells, json_object(call->ctx.arena));
        put(call, cell, STR("sum"), total);
        put(call, cell, STR("column"), show_label(call, &type->fields[i]));
        any = any || total.len;
    }
    put_block(call, table, STR("total"), STR("cells"), any ? cells : json_array(call->ctx.arena));
}

Err rows_table(Show *show, const Call *call, const Field *field, const Json *rows, Json **out)
{
    Json *table = json_object(call->ctx.arena);
    put(call, table, STR("table_id"), str_printf(call->ctx.arena, "rows-%.*s", STR_FMT(field->name)));
    put(call, table, STR("table_label"), in_words(call, field->label));
    put_columns(call, field->rows, table);
    Json *lines = json_set(table, STR("lines"), json_array(call->ctx.arena));
    JSON_EACH(row, rows)
        TRY(put_line(show, call, field->rows, row, lines));
    put_total(call, field->rows, rows, table);
    *out = table;
    return ERR_OK;
}
