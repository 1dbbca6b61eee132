/* kernel/evolve_parameters.c: the pack's rows of parameters as records of the city. */
#include "base/utf8.h"
#include "kernel/evolve_steps.h"

/* Did a person ever change the record? What the system wrote it may write again. */
static const Str sql_by_people = STR_INIT("SELECT 1 FROM event_record r JOIN event e ON e.sequence = r.sequence"
                                          " WHERE r.record = ? AND e.person <> 'system' LIMIT 1");

static Err changed_by_people(Db *db, const Record *record, bool *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             id = value_id(record_id(record));
    TRY(db_query(db, sql_by_people, &id, 1, &rows));
    return rows_next(rows, out);
}

static Value value_at(const Record *record, Str field)
{
    return record->values[type_field(record->type, field)->index];
}

static void put(EvolveParameter *move, const Field *field, Value value)
{
    if (value_eq(move->touch.record.values[field->index], value))
        return;
    move->touch.record.values[field->index] = value;
    move->touch.set[field->index] = true;
}

/* Where the type has a field for it; in both languages when it has room for one only. */
static void put_words(EvolveParameter *move, Arena *arena, Str name, Text words)
{
    const Type  *type = move->touch.record.type;
    const Field *field = type_field(type, name);
    if (!field || !field_kinds[field->kind].text || !words.in[LANG_ZH].len)
        return;
    bool both = !field->has_translations && !str_eq(words.in[LANG_ZH], words.in[LANG_EN]);
    Str  text = both ? str_printf(arena, "%.*s / %.*s", STR_FMT(words.in[LANG_ZH]), STR_FMT(words.in[LANG_EN]))
                     : words.in[LANG_ZH];
    put(move, field, value_text(utf8_clip(text, (size_t)field->max_points)));
    for (Lang lang = 0; field->has_translations && lang < LANG_COUNT; lang++)
        put(move, &type->fields[field->translations[lang]],
            value_text(utf8_clip(words.in[lang], (size_t)field->max_points)));
}

static void put_row(EvolveParameter *move, Arena *arena)
{
    const Type         *type = move->touch.record.type;
    const ParameterRow *row = move->row;
    put(move, type_field(type, STR("code")), value_text(move->parameter->name));
    put(move, type_field(type, STR("value")), value_text(value_plain(arena, row->value)));
    put(move, type_field(type, STR("valid_from")), value_date(row->from));
    put(move, type_field(type, STR("valid_to")), row->to == INT64_MAX ? VALUE_NONE : value_date(row->to));
    put_words(move, arena, STR("name"), move->parameter->label);
    put_words(move, arena, STR("unit"), move->parameter->unit);
    put_words(move, arena, STR("source"), row->source);
}

static EvolveParameter row_new(Arena *arena, UuidMaker *ids, const Type *type, const Parameter *parameter,
                               const ParameterRow *row)
{
    EvolveParameter move = { .parameter = parameter, .row = row };
    move.touch.record = (Record){ .type = type, .values = ARENA_ARRAY(arena, Value, type->field_count) };
    move.touch.set = ARENA_ARRAY(arena, bool, type->field_count);
    move.touch.record.values[SYS_ID] = value_id(uuid_make(ids, arena));
    put(&move, &type->fields[SYS_STATE], value_text(type->states[0].name));
    put(&move, &type->fields[SYS_DISCLOSURE], value_text(class_names[type->disclosure]));
    put_row(&move, arena);
    return move;
}

/* The record that holds the row: same code, same first day; of several one that counts. */
static const Record *row_find(const Record *records, size_t count, const Parameter *parameter, const ParameterRow *row)
{
    const Record *found = NULL;
    for (size_t i = 0; i < count; i++) {
        bool same = value_eq(value_at(&records[i], STR("code")), value_text(parameter->name)) &&
                    value_eq(value_at(&records[i], STR("valid_from")), value_date(row->from));
        if (same && (!found || (record_state(found) != 0 && record_state(&records[i]) == 0)))
            found = &records[i];
    }
    return found;
}

/* What the pack would have of a record that is there; *differs false: it is so already. */
static Err row_again(Db *db, Arena *arena, const Record *record, EvolveParameter *move, bool *differs)
{
    const Type *type = record->type;
    move->touch.record = (Record){ .type = type, .values = ARENA_ARRAY(arena, Value, type->field_count) };
    memcpy(move->touch.record.values, record->values, type->field_count * sizeof(Value));
    move->touch.set = ARENA_ARRAY(arena, bool, type->field_count);
    put_row(move, arena);
    bool new_values = false, withdrawn = record_state(record) != 0;
    for (size_t i = 0; i < type->field_count; i++)
        new_values = new_values || move->touch.set[i];
    if (new_values || withdrawn)
        TRY(changed_by_people(db, record, &move->kept));
    *differs = new_values || (withdrawn && move->kept);
    return ERR_OK;
}

Err evolve_parameter_rows(Db *db, Arena *arena, UuidMaker *ids, const Pack *pack, const Record *records, size_t count,
                          EvolveParameter **out, size_t *out_count)
{
    size_t capacity = 0;
    *out = NULL;
    *out_count = 0;
    for (size_t p = 0; p < pack->parameter_count; p++) {
        const Parameter *parameter = &pack->parameters[p];
        for (size_t r = 0; r < parameter->row_count; r++) {
            EvolveParameter move = { .parameter = parameter, .row = &parameter->rows[r] };
            const Record   *record = row_find(records, count, parameter, move.row);
            bool            differs = true;
            if (record)
                TRY(row_again(db, arena, record, &move, &differs));
            else
                move = row_new(arena, ids, pack->parameter, parameter, move.row);
            if (!differs)
                continue;
            ARENA_ROOM(arena, *out, *out_count, capacity);
            (*out)[(*out_count)++] = move;
        }
    }
    return ERR_OK;
}

/* ---- doing it ---- */

static Err records_read(const EvolveWriting *writing, Record **out, size_t *count)
{
    const Type       *type = writing->pack->parameter;
    OWNED(rows) Rows *rows = NULL;
    Buf               sql = buf_new(writing->arena, SIZE_MAX);
    size_t            capacity = 0;
    buf_add(&sql, STR("SELECT "));
    record_columns(&sql, type, STR_NONE);
    buf_printf(&sql, " FROM \"%.*s\" ORDER BY \"id\"", STR_FMT(type->table));
    TRY(db_query(writing->db, buf_str(&sql), NULL, 0, &rows));
    *out = NULL;
    *count = 0;
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        ARENA_ROOM(writing->arena, *out, *count, capacity);
        record_from_row(writing->arena, type, rows, 0, &(*out)[(*count)++]);
    }
}

Err evolve_parameters(const EvolveWriting *writing, UuidMaker *ids)
{
    Record          *records;
    EvolveParameter *rows;
    EvolveTouch      touches[EVOLVE_ITEMS];
    size_t           record_count, row_count, count = 0;
    if (!writing->pack->parameter)
        return ERR_OK;
    TRY(records_read(writing, &records, &record_count));
    TRY(evolve_parameter_rows(writing->db, writing->arena, ids, writing->pack, records, record_count, &rows,
                              &row_count));
    for (size_t i = 0; i < row_count; i++) {
        if (!rows[i].kept)
            touches[count++] = rows[i].touch;
        if (count < EVOLVE_ITEMS && i + 1 < row_count)
            continue;
        TRY(evolve_touch(writing, touches, count));
        count = 0;
    }
    return ERR_OK;
}
