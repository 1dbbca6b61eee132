#include "kernel/rows.h"

#include "base/json.h"

/* ---- text to rows ---- */

/* As the column holds it: a decimal at the column's scale. False when it is no value of that kind. */
static bool cell_read(const Field *column, Str text, Value *out)
{
    ExprType type = field_expr_type(column);
    Decimal  decimal;
    if (!value_decode(text, out) || out->kind != type.kind)
        return false;
    if (out->kind != VALUE_DECIMAL)
        return true;
    if (!decimal_rescale((Decimal){ out->number, out->scale }, type.scale, &decimal))
        return false;
    *out = value_decimal(decimal);
    return true;
}

static bool row_read(Arena *arena, const Type *type, const Json *json, Record *row)
{
    row->values = ARENA_ARRAY(arena, Value, type->field_count);
    JSON_EACH(cell, json) {
        const Field *column = type_field(type, cell->key);
        if (column && column->index >= ROW_COLUMNS && !cell_read(column, json_text(cell), &row->values[column->index]))
            return false;
    }
    return json->kind == JSON_OBJECT;
}

Err rows_read(Arena *arena, const Field *field, const Record *parent, Value value, Record **out, size_t *count)
{
    Json  *list;
    size_t used = 0;
    *out = NULL;
    *count = 0;
    if (value.kind == VALUE_MISSING)
        return ERR_OK;
    if (json_parse(arena, value.text, &list).kind || list->kind != JSON_ARRAY)
        return err_make(ECODE_STORE_CORRUPT, "rows of %.*s", STR_FMT(field->name));
    Record *rows = ARENA_ARRAY(arena, Record, list->count);
    JSON_EACH(item, list) {
        Record *row = &rows[used++];
        *row = (Record){ .type = field->rows };
        if (!row_read(arena, field->rows, item, row))
            return err_make(ECODE_STORE_CORRUPT, "row %zu of %.*s", used, STR_FMT(field->name));
        if (parent) {
            row->clearance = parent->clearance;
            row->values[ROW_PARENT] = value_id(record_id(parent));
        }
        row->values[ROW_POSITION] = value_int((int64_t)used);
    }
    *out = rows;
    *count = used;
    return ERR_OK;
}

/* ---- rows to text ---- */

Value rows_value(Arena *arena, const Field *field, const Record *rows, size_t count)
{
    Json *list = json_array(arena);
    Buf   text = buf_new(arena, SIZE_MAX);
    for (size_t r = 0; r < count; r++) {
        Json *row = json_push(list, json_object(arena));
        for (size_t c = ROW_COLUMNS; c < field->rows->field_count; c++)
            if (rows[r].values[c].kind != VALUE_MISSING)
                json_set_str(arena, row, field->rows->fields[c].name, value_encode(arena, rows[r].values[c]));
    }
    json_write(&text, list);
    return count ? value_rows(buf_str(&text)) : VALUE_NONE;
}

/* ---- their table ---- */

static Str column_type(const Field *column)
{
    ValueKind kind = field_expr_type(column).kind;
    return kind == VALUE_TEXT || kind == VALUE_ID ? STR("TEXT") : STR("INTEGER");
}

Str rows_ddl(Arena *arena, const Field *field)
{
    const Type *type = field->rows;
    Buf         out = buf_new(arena, SIZE_MAX);
    buf_printf(&out, "CREATE TABLE \"%.*s\" (", STR_FMT(type->table));
    for (size_t i = 0; i < type->field_count; i++)
        buf_printf(&out, "\"%.*s\" %.*s%s, ", STR_FMT(type->fields[i].name), STR_FMT(column_type(&type->fields[i])),
                   i < ROW_COLUMNS ? " NOT NULL" : "");
    buf_printf(&out, "PRIMARY KEY (\"%.*s\", \"%.*s\")) WITHOUT ROWID;", STR_FMT(type->fields[ROW_PARENT].name),
               STR_FMT(type->fields[ROW_POSITION].name));
    return buf_str(&out);
}

static Str insert_sql(Arena *arena, const Type *type)
{
    Buf sql = buf_new(arena, SIZE_MAX);
    buf_printf(&sql, "INSERT INTO \"%.*s\" (", STR_FMT(type->table));
    for (size_t i = 0; i < type->field_count; i++)
        buf_printf(&sql, "%s\"%.*s\"", i ? ", " : "", STR_FMT(type->fields[i].name));
    buf_add(&sql, STR(") VALUES ("));
    for (size_t i = 0; i < type->field_count; i++)
        buf_add(&sql, i ? STR(", ?") : STR("?"));
    buf_char(&sql, ')');
    return buf_str(&sql);
}

Err rows_store(Db *db, const Field *field, const Record *parent, bool is_new)
{
    OWNED(arena) Arena *arena = arena_new();
    const Type         *type = field->rows;
    Record             *rows;
    size_t              count;
    TRY(rows_read(arena, field, parent, parent->values[field->index], &rows, &count));
    if (!is_new) {
        Value key = value_id(record_id(parent));
        Str   sql = str_printf(arena, "DELETE FROM \"%.*s\" WHERE \"%.*s\" = ?", STR_FMT(type->table),
                               STR_FMT(type->fields[ROW_PARENT].name));
        TRY(db_run(db, sql, &key, 1));
    }
    Str sql = count ? insert_sql(arena, type) : STR_NONE;
    for (size_t i = 0; i < count; i++)
        TRY(db_run(db, sql, rows[i].values, type->field_count));
    return ERR_OK;
}
