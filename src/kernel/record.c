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
    case VALUE_ROWS:
    case VALUE_FILES: return true;
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

/* Names of indexes and tables are the database's: what they serve stands between two dots, since no name of a pack has
 * one, and each kind has a word of its own. */
static void add_index(Buf *buf, const Type *type, Str name, Str columns)
{
    buf_printf(buf, "CREATE INDEX \"%.*s.by.%.*s\" ON \"%.*s\" (%.*s);", STR_FMT(type->table), STR_FMT(name),
               STR_FMT(type->table), STR_FMT(columns));
}

/* Of records that have a value in the field, for statements that look for one. Whoever has none pays nothing. */
static void add_index_of(Buf *buf, const Type *type, const char *kind, const Field *field, Str columns)
{
    buf_printf(buf, "CREATE INDEX \"%.*s.%s.%.*s\" ON \"%.*s\" (%.*s) WHERE \"%.*s\" IS NOT NULL;",
               STR_FMT(type->table), kind, STR_FMT(field->name), STR_FMT(type->table), STR_FMT(columns),
               STR_FMT(field->name));
}

/* Asked before a record is written: is there another one with this value? */
static void add_unique_index(Buf *buf, const Type *type, const Field *field)
{
    const char *owner = field->unique == UNIQUE_OWNER ? "\"owner\", " : "";
    add_index_of(buf, type, "unique", field, str_printf(buf->arena, "%s\"%.*s\"", owner, STR_FMT(field->name)));
}

/* From the day that is due to the records: of those whose clock runs, which are few. */
static void add_clock_index(Buf *buf, const Type *type, const Clock *clock)
{
    Str due = type->fields[clock->first + CLOCK_DUE].name;
    buf_printf(buf, "CREATE INDEX \"%.*s.clock.%.*s\" ON \"%.*s\" (\"%.*s\") WHERE \"%.*s\" IS NOT NULL;",
               STR_FMT(type->table), STR_FMT(clock->name), STR_FMT(type->table), STR_FMT(due), STR_FMT(due));
}

/* ---- indexes that serve who may see what (kernel/access.h) ---- */

#define LINKS_MAX 16

typedef struct Links { /* references of one type that a relation of another reads */
    const Type  *type, *parent;
    const Field *found[LINKS_MAX];
    size_t       count;
} Links;

static void links_visit(void *context, const void *type, const void *field)
{
    Links       *links = context;
    const Field *one = field;
    bool         known = type != links->type || one->kind != FIELD_REFERENCE || one->system;
    for (size_t i = 0; i < links->count; i++)
        known |= links->found[i] == one;
    if (!known && links->count < LINKS_MAX)
        links->found[links->count++] = one;
}

static bool pair_before(const Links *pairs, size_t count, const Field *one, const Field *other)
{
    for (size_t i = 0; i + 1 < count; i += 2)
        if (pairs->found[i] == one && pairs->found[i + 1] == other)
            return true;
    return false;
}

/* For a relation such as any(review where reviewer = actor()): from the paper and the reviewer to whether there is one,
 * and from the reviewer to the papers. */
static void add_relation_indexes(Buf *out, const Type *type)
{
    Links done = { .type = type };
    for (size_t t = 0; t < type->pack->type_count; t++) {
        const Type *parent = &type->pack->types[t];
        for (size_t r = 0; r < parent->relation_count; r++) {
            Links links = { .type = type, .parent = parent };
            expr_fields(parent->relations[r].when, links_visit, &links);
            for (size_t a = 0; parent != type && a < links.count; a++)
                for (size_t b = 0; b < links.count; b++)
                    if (links.found[a]->target == parent && a != b && done.count + 2 <= LINKS_MAX &&
                        !pair_before(&done, done.count, links.found[a], links.found[b])) {
                        done.found[done.count++] = links.found[a];
                        done.found[done.count++] = links.found[b];
                    }
        }
    }
    for (size_t i = 0; i < done.count; i++) {
        Str one = done.found[i]->name, other = done.found[i ^ 1]->name;
        buf_printf(out, "CREATE INDEX \"%.*s.both.%.*s.%.*s\" ON \"%.*s\" (\"%.*s\", \"%.*s\");", STR_FMT(type->table),
                   STR_FMT(one), STR_FMT(other), STR_FMT(type->table), STR_FMT(one), STR_FMT(other));
    }
}

/* For rules that go by level and state alone, and for those who made a record. */
static void add_access_indexes(Buf *out, const Type *type)
{
    bool levels = false, states = false, creator = false;
    for (size_t i = 0; i < type->access_count; i++) {
        const AccessRule *rule = &type->access[i];
        levels |= rule->who.relation == RELATION_ANY && rule->levels;
        states |= rule->who.relation == RELATION_ANY && rule->states && !rule->levels;
        creator |= rule->who.relation == RELATION_CREATOR;
    }
    if (levels)
        add_index(out, type, STR("disclosure"), STR("\"disclosure\", \"state\""));
    if (states)
        add_index(out, type, STR("state"), STR("\"state\""));
    if (creator)
        add_index(out, type, STR("creator"), STR("\"creator\""));
}

/* From a state in which somebody is awaited to the records of their organisation (kernel/desk.h). */
static void add_awaited_index(Buf *out, const Type *type)
{
    bool awaited = type->begun_count;
    for (size_t i = 0; i < type->action_count; i++)
        awaited |= type->actions[i].awaited;
    if (awaited)
        add_index(out, type, STR("awaited"), STR("\"state\", \"owner\""));
}

/* What its access rules ask of a record itself stands in the indexes of the orders, so that a row that does not show is
 * passed without being read. No more than that: a step that changes the state writes each index that has it. */
static Str standing(Arena *arena, const Type *type, SystemField sorted)
{
    bool asked[SYS_COUNT] = { [SYS_OWNER] = true };
    for (size_t i = 0; i < type->access_count; i++) {
        asked[SYS_STATE] |= type->access[i].states != 0;
        asked[SYS_DISCLOSURE] |= type->access[i].levels != 0;
    }
    Buf out = buf_new(arena, SIZE_MAX);
    for (int i = 0; i < SYS_COUNT; i++)
        if (asked[i] && i != (int)sorted)
            buf_printf(&out, ", \"%.*s\"", STR_FMT(type->fields[i].name));
    return buf_str(&out);
}

/* Is a relation that leads through the parent asked together with level or state? Then the index of the parent's
 * children has these, so that nothing need be read of each to count those that show. */
static bool standing_of_children(const Type *type)
{
    for (size_t i = 0; i < type->access_count; i++)
        if (type->access[i].who.relation > RELATION_CREATOR && (type->access[i].states || type->access[i].levels))
            return true;
    return false;
}

static Str link_columns(Arena *arena, const Type *type, const Field *link)
{
    bool standing = type->parent == (int)link->index && standing_of_children(type);
    return str_printf(arena, "\"%.*s\", \"id\"%s", STR_FMT(link->name), standing ? ", \"state\", \"disclosure\"" : "");
}

/* A list is read in its order until a page is full: by any of the columns it has, and by what it is sorted by at
 * first. */
static void add_order_indexes(Buf *out, const Type *type)
{
    Str          first = str_starts(type->sort, STR("-")) ? str_slice(type->sort, 1, type->sort.len) : type->sort;
    const Field *sort = type_field(type, first);
    for (size_t i = 0; i <= type->column_count; i++) {
        const Field *field = i < type->column_count ? &type->fields[type->columns[i]] : sort;
        bool         done = !field || field->index >= type->stored_count || field->index == SYS_ID ||
                    field->index == SYS_CREATED || (!field->system && field_expr_type(field).target) ||
                    field->kind == FIELD_ROWS || field_kinds[field->kind].lines;
        for (size_t k = 0; k < i && k < type->column_count; k++)
            done |= field && type->columns[k] == field->index;
        if (!done)
            buf_printf(out, "CREATE INDEX \"%.*s.sort.%.*s\" ON \"%.*s\" (\"%.*s\", \"id\"%.*s);", STR_FMT(type->table),
                       STR_FMT(field->name), STR_FMT(type->table), STR_FMT(field->name),
                       STR_FMT(standing(out->arena, type, field->index)));
    }
}

Str record_tables(Arena *arena, const Type *type)
{
    Buf out = buf_new(arena, SIZE_MAX);
    buf_add(&out, STR("CREATE TABLE "));
    add_name(&out, type->table);
    buf_add(&out, STR(" ("));
    for (size_t i = 0; i < type->stored_count; i++) {
        buf_add(&out, i ? STR(", ") : STR_NONE);
        add_name(&out, type->fields[i].name);
        buf_char(&out, ' ');
        buf_add(&out, column_is_text(&type->fields[i]) ? STR("TEXT") : STR("INTEGER"));
        buf_add(&out, column_condition(&type->fields[i]));
    }
    buf_add(&out, STR(");"));
    for (size_t i = SYS_COUNT; i < type->stored_count; i++)
        if (type->fields[i].kind == FIELD_ROWS)
            buf_add(&out, rows_ddl(arena, &type->fields[i]));
    return buf_str(&out);
}

Str record_indexes(Arena *arena, const Type *type)
{
    Buf          out = buf_new(arena, SIZE_MAX);
    const Field *fields = type->fields;
    add_index(&out, type, STR("created"),
              str_printf(arena, "\"created\", \"id\"%.*s", STR_FMT(standing(arena, type, SYS_CREATED))));
    add_index(&out, type, STR("owner"), STR("\"owner\", \"created\""));
    if (type->number.len) /* length first: past 99999 the longer number is the later one */
        add_index_of(&out, type, "by", &fields[SYS_NUMBER], STR("\"owner\", length(\"number\"), \"number\""));
    for (size_t i = SYS_COUNT; i < type->stored_count; i++) {
        if (fields[i].kind == FIELD_REFERENCE)
            add_index_of(&out, type, "by", &fields[i], link_columns(arena, type, &fields[i]));
        if (fields[i].unique != UNIQUE_NO)
            add_unique_index(&out, type, &fields[i]);
    }
    for (size_t i = 0; i < type->clock_count; i++)
        add_clock_index(&out, type, &type->clocks[i]);
    add_relation_indexes(&out, type);
    add_access_indexes(&out, type);
    add_awaited_index(&out, type);
    add_order_indexes(&out, type);
    return buf_str(&out);
}

Str record_ddl(Arena *arena, const Type *type)
{
    return str_printf(arena, "%.*s%.*s", STR_FMT(record_tables(arena, type)), STR_FMT(record_indexes(arena, type)));
}

static const Str sql_indexes = STR_INIT(
    "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL");

Err record_drop_indexes(Db *db, Arena *arena, Str table)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_text(table);
    Buf               script = buf_new(arena, SIZE_MAX);
    TRY(db_query(db, sql_indexes, &key, 1, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        buf_printf(&script, "DROP INDEX \"%.*s\";", STR_FMT(rows_borrow_text(rows, 0)));
    }
    rows_done(rows);
    rows = NULL;
    return db_script(db, buf_str(&script));
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

static Str insert_text(Arena *arena, const Type *type)
{
    Buf sql = buf_new(arena, SIZE_MAX);
    buf_add(&sql, STR("INSERT INTO "));
    add_name(&sql, type->table);
    buf_add(&sql, STR(" ("));
    record_columns(&sql, type, STR_NONE);
    buf_add(&sql, STR(") VALUES ("));
    for (size_t i = 0; i < type->stored_count; i++)
        buf_add(&sql, i ? STR(", ?") : STR("?"));
    buf_char(&sql, ')');
    return buf_str(&sql);
}

/* By insertion: a type has few fields, and is loaded once. */
static const uint16_t *fields_by_name(Arena *arena, const Type *type)
{
    uint16_t *order = ARENA_ARRAY(arena, uint16_t, type->field_count);
    for (size_t i = 0; i < type->field_count; i++) {
        size_t at = i;
        for (; at > 0 && str_cmp(type->fields[order[at - 1]].name, type->fields[i].name) > 0; at--)
            order[at] = order[at - 1];
        order[at] = (uint16_t)i;
    }
    return order;
}

void record_statements(Arena *arena, Type *type)
{
    Buf load = select_all(arena, type);
    buf_add(&load, STR(" WHERE \"id\" = ?"));
    type->load_sql = buf_str(&load);
    type->insert_sql = insert_text(arena, type);
    type->by_name = fields_by_name(arena, type);
}

Err record_load(Db *db, Arena *arena, const Type *type, Str id, Record *out, bool *found)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_id(id);
    TRY(db_query(db, type->load_sql, &key, 1, &rows));
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
            return err_make(ECODE_EXPR_OVERFLOW, "over %d records of %.*s under one", CHILDREN_MAX,
                            STR_FMT(type->name));
        ARENA_ROOM(arena, records, used, capacity);
        record_from_row(arena, type, rows, 0, &records[used++]);
    }
    *out = records;
    *count = used;
    return ERR_OK;
}

/* ---- writing: kernel/event.h and kernel/act.h only ---- */

/* Child rows of the fields in `set` (NULL: of all), into their tables. */
static Err store_rows(Db *db, const Record *record, const bool *set)
{
    const Type *type = record->type;
    for (size_t i = SYS_COUNT; i < type->stored_count; i++)
        if (type->fields[i].kind == FIELD_ROWS && (!set || set[i]))
            TRY(rows_store(db, &type->fields[i], record, !set));
    return ERR_OK;
}

Err record_insert(Db *db, const Record *record)
{
    TRY(db_run(db, record->type->insert_sql, record->values, record->type->stored_count));
    return store_rows(db, record, NULL);
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
    return store_rows(db, record, set);
}
