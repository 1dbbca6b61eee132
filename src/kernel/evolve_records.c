/* kernel/evolve_records.c: records that the pack brings, as records of the city. */
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

static void put(EvolveRecord *move, const Field *field, Value value)
{
    if (value_eq(move->touch.record.values[field->index], value))
        return;
    move->touch.record.values[field->index] = value;
    move->touch.set[field->index] = true;
}

static void put_all(EvolveRecord *move)
{
    const PackRecord *brought = move->brought;
    for (size_t i = SYS_COUNT; i < brought->type->stored_count; i++)
        if (brought->given[i])
            put(move, &brought->type->fields[i], brought->values[i]);
}

static EvolveRecord move_new(Arena *arena, UuidMaker *ids, const PackRecord *brought)
{
    const Type  *type = brought->type;
    EvolveRecord move = { .brought = brought };
    move.touch.record = (Record){ .type = type, .values = ARENA_ARRAY(arena, Value, type->field_count) };
    move.touch.set = ARENA_ARRAY(arena, bool, type->field_count);
    move.touch.record.values[SYS_ID] = value_id(uuid_make(ids, arena));
    put(&move, &type->fields[SYS_STATE], value_text(type->states[0].name));
    put(&move, &type->fields[SYS_DISCLOSURE], value_text(class_names[type->disclosure]));
    put_all(&move);
    return move;
}

static bool holds(const Record *record, const PackRecord *brought)
{
    const Field *code = type_field(record->type, STR("code")), *from = type_field(record->type, STR("valid_from"));
    if (!value_eq(record->values[code->index], value_text(brought->code)))
        return false;
    return !from || !brought->given[from->index] || value_eq(record->values[from->index], brought->values[from->index]);
}

/* The record that holds it: same code, same first day where it has one; of several one that counts. */
static const Record *record_find(const Record *records, size_t count, const PackRecord *brought)
{
    const Record *found = NULL;
    for (size_t i = 0; i < count; i++)
        if (holds(&records[i], brought) && (!found || (record_state(found) != 0 && record_state(&records[i]) == 0)))
            found = &records[i];
    return found;
}

/* What the pack would have of a record that is there; *differs false: it is so already. */
static Err move_again(Db *db, Arena *arena, const Record *record, EvolveRecord *move, bool *differs)
{
    const Type *type = record->type;
    move->touch.record = (Record){ .type = type, .values = ARENA_ARRAY(arena, Value, type->field_count) };
    memcpy(move->touch.record.values, record->values, type->field_count * sizeof(Value));
    move->touch.set = ARENA_ARRAY(arena, bool, type->field_count);
    put_all(move);
    bool new_values = false, withdrawn = record_state(record) != 0;
    for (size_t i = 0; i < type->field_count; i++)
        new_values = new_values || move->touch.set[i];
    if (new_values || withdrawn)
        TRY(changed_by_people(db, record, &move->kept));
    *differs = new_values || (withdrawn && move->kept);
    return ERR_OK;
}

const Type *evolve_brought_type(const Pack *pack, size_t *from, size_t *count)
{
    size_t first = *from + *count;
    if (first >= pack->record_count)
        return NULL;
    for (*from = first, *count = 0;
         first + *count < pack->record_count && pack->records[first + *count].type == pack->records[first].type;)
        (*count)++;
    return pack->records[first].type;
}

Err evolve_records_moves(Db *db, Arena *arena, UuidMaker *ids, const PackRecord *brought, size_t brought_count,
                         const Record *records, size_t count, EvolveRecord **out, size_t *out_count)
{
    size_t capacity = 0;
    *out = NULL;
    *out_count = 0;
    for (size_t i = 0; i < brought_count; i++) {
        EvolveRecord  move = { .brought = &brought[i] };
        const Record *record = record_find(records, count, &brought[i]);
        bool          differs = true;
        if (record)
            TRY(move_again(db, arena, record, &move, &differs));
        else
            move = move_new(arena, ids, &brought[i]);
        if (!differs)
            continue;
        ARENA_ROOM(arena, *out, *out_count, capacity);
        (*out)[(*out_count)++] = move;
    }
    return ERR_OK;
}

/* ---- doing it ---- */

static Err records_read(const EvolveWriting *writing, const Type *type, Record **out, size_t *count)
{
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

static Err type_records(const EvolveWriting *writing, UuidMaker *ids, const PackRecord *brought, size_t brought_count)
{
    Record       *records;
    EvolveRecord *moves;
    EvolveTouch   touches[EVOLVE_ITEMS];
    size_t        record_count, move_count, count = 0;
    TRY(records_read(writing, brought->type, &records, &record_count));
    TRY(evolve_records_moves(writing->db, writing->arena, ids, brought, brought_count, records, record_count, &moves,
                             &move_count));
    for (size_t i = 0; i < move_count; i++) {
        if (!moves[i].kept)
            touches[count++] = moves[i].touch;
        if (count < EVOLVE_ITEMS && i + 1 < move_count)
            continue;
        TRY(evolve_touch(writing, touches, count));
        count = 0;
    }
    return ERR_OK;
}

Err evolve_records(const EvolveWriting *writing, UuidMaker *ids)
{
    size_t from = 0, count = 0;
    while (evolve_brought_type(writing->pack, &from, &count))
        TRY(type_records(writing, ids, &writing->pack->records[from], count));
    return ERR_OK;
}
