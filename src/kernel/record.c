#include "kernel/record.h"

#include "kernel/rows.h"

int record_state(const Record *record) { return type_state(record->type, record->values[SYS_STATE].text); }

const Field *field_in_language(const Record *record, const Field *field, Lang lang)
{
    if (!field->has_translations || record->values[field->translations[lang]].kind == VALUE_MISSING)
        return field;
    return &record->type->fields[field->translations[lang]];
}

static void add_name(Buf *buf,
                     Str  name) /* pack names hold only a-z, 0-9 and _: quoting keeps keywords apart, nothing else */
{
    buf_char(buf, '"');
    buf_add(buf, name);
    buf_char(buf, '"');
}

static bool column_is_text(const Field *field)
{
    switch (field_expr_type(field).kind) {
    case VALUE_TEXT:
    case VALUE_ID:
    case VALUE_LIST:
    case VALUE_ROWS: return true;
    default: return false;
    }
}

static Str column_condition(const Field *field)
{
    switch (field->system ? (int)field->index : -1) {
    case SYS_ID: return STR(" PRIMARY KEY NOT NULL");
    case SYS_STATE:
    case SYS_VERSION:
    case SYS_DISCLOSURE:
    case SYS_CREATED:
    case SYS_CHANGED: return STR(" NOT NULL");
    default: return STR_NONE;
    }
}

static void add_index(Buf *buf, const Type *type, Str name, Str columns)
{
    buf_printf(buf, "CREATE INDEX \"%.*s_by_%.*s\" ON \"%.*s\" (%.*s);", STR_FMT(type->table), STR_FMT(name),
               STR_FMT(type->table), STR_FMT(columns));
}

/* Asked before a record is written: is there another one with this value? A dot in its name keeps it apart from the
 * index of a reference. */
static void add_unique_index(Buf *buf, const Type *type, const Field *field)
{
    buf_printf(buf, "CREATE INDEX \"%.*s.unique.%.*s\" ON \"%.*s\" (%s\"%.*s\");", STR_FMT(type->table),
               STR_FMT(field->name), STR_FMT(type->table), field->unique == UNIQUE_OWNER ? "\"owner\", " : "",
               STR_FMT(field->name));
}

Str record_ddl(Arena *arena, const Type *type)
{
    Buf          out = buf_new(arena, SIZE_MAX);
    const Field *fields = type->fields;
    buf_add(&out, STR("CREATE TABLE "));
    add_name(&out, type->table);
    buf_add(&out, STR(" ("));
    for (size_t i = 0; i < type->stored_count; i++) {
        buf_add(&out, i ? STR(", ") : STR_NONE);
        add_name(&out, fields[i].name);
        buf_char(&out, ' ');
        buf_add(&out, column_is_text(&fields[i]) ? STR("TEXT") : STR("INTEGER"));
        buf_add(&out, column_condition(&fields[i]));
    }
    buf_add(&out, STR(");"));
    add_index(&out, type, STR("created"), STR("\"created\", \"id\""));
    add_index(&out, type, STR("owner"), STR("\"owner\", \"created\""));
    if (type->number.len) /* length first: past 99999 the longer number is the later one */
        add_index(&out, type, STR("number"), STR("\"owner\", length(\"number\"), \"number\""));
    for (size_t i = SYS_COUNT; i < type->stored_count; i++) {
        if (fields[i].kind == FIELD_REFERENCE)
            add_index(&out, type, fields[i].name, str_printf(arena, "\"%.*s\", \"id\"", STR_FMT(fields[i].name)));
        if (fields[i].unique != UNIQUE_NO)
            add_unique_index(&out, type, &fields[i]);
        if (fields[i].kind == FIELD_ROWS)
            buf_add(&out, rows_ddl(arena, &fields[i]));
    }
    return buf_str(&out);
}

/* ---- reading ---- */

void record_columns(Buf *buf, const Type *type, Str alias)
{
    for (size_t i = 0; i < type->stored_count; i++) {
        buf_add(buf, i ? STR(", ") : STR_NONE);
        buf_add(buf, alias);
        buf_add(buf, alias.len ? STR(".") : STR_NONE);
        add_name(buf, type->fields[i].name);
    }
}

static Value column_value(Arena *arena, const Field *field, const Rows *rows, int column)
{
    if (rows_missing(rows, column))
        return VALUE_NONE;
    ExprType type = field_expr_type(field);
    Value    value = { .kind = type.kind, .scale = type.scale };
    if (column_is_text(field))
        value.text = str_dup(arena, rows_borrow_text(rows, column));
    else
        value.number = rows_int(rows, column);
    return value;
}

void record_from_row(Arena *arena, const Type *type, const Rows *rows, int first_column, Record *out)
{
    *out = (Record){ .type = type, .values = ARENA_ARRAY(arena, Value, type->field_count) };
    for (size_t i = 0; i < type->stored_count; i++)
        out->values[i] = column_value(arena, &type->fields[i], rows, first_column + (int)i);
}

/* SELECT of all columns; the caller adds the condition. */
static Buf select_all(Arena *arena, const Type *type)
{
    Buf sql = buf_new(arena, SIZE_MAX);
    buf_add(&sql, STR("SELECT "));
    record_columns(&sql, type, STR_NONE);
    buf_add(&sql, STR(" FROM "));
    add_name(&sql, type->table);
    return sql;
}

Err record_load(Db *db, Arena *arena, const Type *type, Str id, Record *out, bool *found)
{
    Buf sql = select_all(arena, type);
    buf_add(&sql, STR(" WHERE \"id\" = ?"));
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_id(id);
    TRY(db_query(db, buf_str(&sql), &key, 1, &rows));
    TRY(rows_next(rows, found));
    if (*found)
        record_from_row(arena, type, rows, 0, out);
    return ERR_OK;
}

Err record_children(Db *db, Arena *arena, const Type *type, const Field *link, Str id, Record **out, size_t *count)
{
    Buf sql = select_all(arena, type);
    buf_add(&sql, STR(" WHERE "));
    add_name(&sql, link->name);
    buf_add(&sql, STR(" = ? ORDER BY \"id\" LIMIT ?"));
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_id(id), value_int(CHILDREN_MAX + 1) };
    TRY(db_query(db, buf_str(&sql), params, 2, &rows));
    Record *records = NULL;
    size_t  used = 0, capacity = 0;
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        if (used == CHILDREN_MAX)
            return err_make(ECODE_INTERNAL, "over %d records of %.*s under one", CHILDREN_MAX, STR_FMT(type->name));
        ARENA_ROOM(arena, records, used, capacity);
        record_from_row(arena, type, rows, 0, &records[used++]);
    }
    *out = records;
    *count = used;
    return ERR_OK;
}

/* ---- writing: kernel/event.h and kernel/act.h only ---- */

/* Child rows of the fields in `set` (NULL: of all), into their tables. */
static Err store_rows(Db *db, Arena *arena, const Record *record, const bool *set)
{
    const Type *type = record->type;
    for (size_t i = SYS_COUNT; i < type->stored_count; i++)
        if (type->fields[i].kind == FIELD_ROWS && (!set || set[i]))
            TRY(rows_store(db, arena, &type->fields[i], record, !set));
    return ERR_OK;
}

Err record_insert(Db *db, Arena *arena, const Record *record)
{
    const Type *type = record->type;
    Buf         sql = buf_new(arena, SIZE_MAX);
    buf_add(&sql, STR("INSERT INTO "));
    add_name(&sql, type->table);
    buf_add(&sql, STR(" ("));
    record_columns(&sql, type, STR_NONE);
    buf_add(&sql, STR(") VALUES ("));
    for (size_t i = 0; i < type->stored_count; i++)
        buf_add(&sql, i ? STR(", ?") : STR("?"));
    buf_char(&sql, ')');
    TRY(db_run(db, buf_str(&sql), record->values, type->stored_count));
    return store_rows(db, arena, record, NULL);
}

Err record_update(Db *db, Arena *arena, const Record *record, const bool *set)
{
    const Type *type = record->type;
    Buf         sql = buf_new(arena, SIZE_MAX);
    Value      *params = ARENA_ARRAY(arena, Value, type->field_count + 1);
    size_t      count = 0;
    buf_add(&sql, STR("UPDATE "));
    add_name(&sql, type->table);
    buf_add(&sql, STR(" SET "));
    for (size_t i = 0; i < type->stored_count; i++) {
        if (!set[i])
            continue;
        buf_add(&sql, count ? STR(", ") : STR_NONE);
        add_name(&sql, type->fields[i].name);
        buf_add(&sql, STR(" = ?"));
        params[count++] = record->values[i];
    }
    buf_add(&sql, STR(" WHERE \"id\" = ?"));
    params[count++] = record->values[SYS_ID];
    TRY(db_run(db, buf_str(&sql), params, count));
    if (db_changes(db) != 1)
        return err_make(ECODE_INTERNAL, "no record %.*s to change", STR_FMT(record_id(record)));
    return store_rows(db, arena, record, set);
}
