#include "kernel/erase.h"

#include "kernel/evolve.h"
#include "kernel/file_store.h"
#include "kernel/mail.h"

static const Str sql_had = STR_INIT(
    "SELECT r.sequence, r.item, r.type, v.field FROM event_record r"
    " CROSS JOIN event_value v ON v.sequence = r.sequence AND v.item = r.item"
    " WHERE r.record = ? AND r.sequence < ? AND v.value NOT IN ('missing', '" ERASED_MARKER "')");
static const Str sql_erase = STR_INIT("UPDATE event_value SET salt = '', value = '" ERASED_MARKER
                                      "' WHERE sequence = ? AND item = ? AND field = ?");

typedef struct Erasure { /* of fields of one record */
    const Ctx *writer;
    Record    *record;
    bool      *fields; /* per field of the type: to be erased; later also: said to be erased */
    bool      *set;
    int64_t    sequence;
} Erasure;

typedef struct PastValue { /* a row of event_value */
    int64_t      sequence, item;
    Str          name; /* of its day */
    const Field *field;
} PastValue;

bool record_erased(const Record *record, const Field *field)
{
    return value_list_holds(record->values[SYS_ERASED], field->name);
}

/* ---- the values of before ---- */

static Err past_values(const Erasure *erasure, PastValue **out, size_t *count)
{
    OWNED(rows) Rows  *rows = NULL;
    const Ctx         *writer = erasure->writer;
    const EvolveNames *names = writer->city->names;
    Value              params[] = { value_id(record_id(erasure->record)), value_int(erasure->sequence) };
    size_t             capacity = 0;
    *out = NULL;
    *count = 0;
    TRY(db_query(writer->db, sql_had, params, 2, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        Str          name = rows_borrow_text(rows, 3);
        const Field *field = evolve_field(names, rows_int(rows, 0), rows_borrow_text(rows, 2), name);
        if (!field || field->type != erasure->record->type || !erasure->fields[field->index])
            continue;
        ARENA_ROOM(writer->arena, *out, *count, capacity);
        (*out)[(*count)++] = (PastValue){ rows_int(rows, 0), rows_int(rows, 1), str_dup(writer->arena, name), field };
    }
}

/* Clears the fields and their past; `fields` then says which of them ever had a value. */
static Err erase_fields(const Erasure *erasure)
{
    PastValue  *past;
    size_t      count;
    const Type *type = erasure->record->type;
    TRY(past_values(erasure, &past, &count));
    memset(erasure->fields, 0, type->field_count * sizeof(bool));
    for (size_t i = 0; i < count; i++) {
        Value key[] = { value_int(past[i].sequence), value_int(past[i].item), value_text(past[i].name) };
        TRY(db_run(erasure->writer->db, sql_erase, key, 3));
        TRY(file_release(erasure->writer->db, past[i].sequence, past[i].item, past[i].name));
        erasure->fields[past[i].field->index] = true;
    }
    for (size_t i = 0; i < type->field_count; i++) {
        if (!erasure->fields[i])
            continue;
        erasure->record->values[i] = VALUE_NONE;
        erasure->set[i] = true;
    }
    db_erased(erasure->writer->db);
    return ERR_OK;
}

/* ---- the list ---- */

/* Without the fields that have a value again, with those just erased; in the order of the fields. */
static void list_fields(const Erasure *erasure)
{
    Record *record = erasure->record;
    Buf     names = buf_new(erasure->writer->arena, SIZE_MAX);
    for (size_t i = 0; i < record->type->stored_count; i++) {
        const Field *field = &record->type->fields[i];
        bool         given = erasure->set[i] && record->values[i].kind != VALUE_MISSING;
        if (!erasure->fields[i] && (given || !record_erased(record, field)))
            continue;
        buf_add(&names, names.len ? STR(",") : STR_NONE);
        buf_add(&names, field->name);
    }
    Value list = names.len ? value_list(buf_str(&names)) : VALUE_NONE;
    if (value_eq(list, record->values[SYS_ERASED]))
        return;
    record->values[SYS_ERASED] = list;
    erasure->set[SYS_ERASED] = true;
}

Err erase_commit(const Ctx *writer, const Action *action, Record *record, bool *set, int64_t sequence)
{
    if (!action->erase_count && record->values[SYS_ERASED].kind == VALUE_MISSING)
        return ERR_OK;
    Erasure erasure = { .writer = writer,
                        .record = record,
                        .fields = ARENA_ARRAY(writer->arena, bool, record->type->field_count),
                        .set = set,
                        .sequence = sequence };
    for (size_t i = 0; i < action->erase_count; i++)
        erasure.fields[action->erases[i]] = true;
    if (action->erase_count)
        TRY(erase_fields(&erasure));
    if (action->erase_count && record->type == writer->city->pack->person)
        TRY(mail_end(writer->db, record_id(record))); /* an address is as personal as what goes */
    list_fields(&erasure);
    return ERR_OK;
}
