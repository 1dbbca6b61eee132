#include "kernel/history.h"

#include "kernel/access.h"

static const Str sql_history = STR_INIT(
    "SELECT e.sequence, e.time, e.action, e.person, e.organisation, r.version, r.item FROM event_record r"
    " JOIN event e ON e.sequence = r.sequence"
    " WHERE r.record = ? AND r.sequence < ? ORDER BY r.sequence DESC, r.item DESC");
static const Str sql_history_values = STR_INIT(
    "SELECT field, value FROM event_value WHERE sequence = ? AND item = ? ORDER BY field");
static const Str sql_value_before = STR_INIT(
    "SELECT v.value FROM event_record r"
    " CROSS JOIN event_value v ON v.sequence = r.sequence AND v.item = r.item AND v.field = ?"
    " WHERE r.record = ? AND r.sequence < ? ORDER BY r.sequence DESC LIMIT 1");

/* Read backwards, from the newest step: the record as it stood after a step is what it is after the next one, with the
 * values that the next one changed put back. So a page costs what it shows, however long the history is. */

typedef struct HistoryChange {
    const Field *field;
    Value        old, new;
} HistoryChange;

typedef struct History {
    const Ctx     *ctx;
    const Record  *record;  /* with the reader's clearance */
    Record         then;    /* as it stood after the step being read, with what the reader would have seen of it */
    HistoryChange *changes; /* of that step; room for one a field */
    size_t         change_count;
    Json          *list;
} History;

typedef struct HistoryStep { /* one step that touched the record */
    int64_t sequence, time_ms, version, item;
    Str     action, person, organisation;
} HistoryStep;

static HistoryStep history_step(Arena *arena, const Rows *rows)
{
    return (HistoryStep){ .sequence = rows_int(rows, 0),
                          .time_ms = rows_int(rows, 1),
                          .action = str_dup(arena, rows_borrow_text(rows, 2)),
                          .person = str_dup(arena, rows_borrow_text(rows, 3)),
                          .organisation = str_dup(arena, rows_borrow_text(rows, 4)),
                          .version = rows_int(rows, 5),
                          .item = rows_int(rows, 6) };
}

static Err history_decode(const History *history, Str text, Value *out)
{
    if (value_decode(str_dup(history->ctx->arena, text), out))
        return ERR_OK;
    return err_make(ECODE_STORE_CORRUPT, "the history of %.*s holds a value that cannot be read",
                    STR_FMT(record_id(history->record)));
}

/* What the field held before the step of that sequence; missing when no step before has set it. */
static Err history_before(const History *history, const Field *field, int64_t sequence, Value *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_text(field->name), value_id(record_id(history->record)), value_int(sequence) };
    bool              more;
    *out = VALUE_NONE;
    TRY(db_query(history->ctx->db, sql_value_before, params, 3, &rows));
    TRY(rows_next(rows, &more));
    return more ? history_decode(history, rows_borrow_text(rows, 0), out) : ERR_OK;
}

/* The record as it stood before the step of that sequence; 0: as it stands. */
static Err history_start(History *history, int64_t before)
{
    const Type *type = history->record->type;
    Arena      *arena = history->ctx->arena;
    history->changes = ARENA_ARRAY(arena, HistoryChange, type->field_count);
    history->then = (Record){ .type = type, .values = ARENA_ARRAY(arena, Value, type->field_count) };
    memcpy(history->then.values, history->record->values, type->field_count * sizeof(Value));
    for (size_t i = 0; before && i < type->field_count; i++)
        if (i != SYS_ID && i != SYS_VERSION)
            TRY(history_before(history, &type->fields[i], before, &history->then.values[i]));
    return ERR_OK;
}

/* What the step changed, by field. */
static Err history_read(History *history, const HistoryStep *step)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_int(step->sequence), value_int(step->item) };
    history->change_count = 0;
    TRY(db_query(history->ctx->db, sql_history_values, params, 2, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        const Field *field = type_field(history->record->type, rows_borrow_text(rows, 0));
        if (!field) /* a pack of before had it */
            continue;
        HistoryChange *change = &history->changes[history->change_count++];
        change->field = field;
        TRY(history_decode(history, rows_borrow_text(rows, 1), &change->new));
        TRY(history_before(history, field, step->sequence, &change->old));
    }
}

static void history_undo(History *history)
{
    for (size_t i = 0; i < history->change_count; i++)
        history->then.values[history->changes[i].field->index] = history->changes[i].old;
}

/* The lower of what the reader sees now and would have seen then: a name that was taken out before a record was shown
 * to blind reviewers is not in its history either. */
static Err history_clearance(History *history)
{
    Clearance *then = &history->then.clearance;
    TRY(access_clearance(history->ctx, &history->then, then));
    for (size_t i = 0; i < COMPARTMENTS_MAX; i++)
        if (then->in[i] > history->record->clearance.in[i])
            then->in[i] = history->record->clearance.in[i];
    return ERR_OK;
}

/* The record's id and name under two keys; neither when the reader does not see the record. */
static Err put_party(const Ctx *ctx, const Type *type, Str id, const char *id_key, const char *name_key, Json *into)
{
    Record record;
    Err    err = find_one(ctx, type, id, &record);
    if (err.kind == ERR_UNSEEN)
        return ERR_OK;
    TRY(err);
    json_set_str(ctx->arena, into, str_from(id_key), id);
    json_set_str(ctx->arena, into, str_from(name_key), record_title(ctx, &record));
    return ERR_OK;
}

static Err history_by(const Ctx *ctx, const HistoryStep *step, Json *by)
{
    const Pack *pack = ctx->city->pack;
    if (str_eq(step->person, STR("system"))) {
        json_set_bool(ctx->arena, by, STR("system"), true);
        return ERR_OK;
    }
    TRY(put_party(ctx, pack->person, step->person, "person", "name", by));
    return put_party(ctx, pack->organisation, step->organisation, "organisation", "organisation_name", by);
}

static Err history_change(const History *history, const HistoryChange *change, const Clearance *after,
                          const Clearance *before, Json *changes)
{
    const Ctx   *ctx = history->ctx;
    const Field *field = change->field;
    bool         told = field->index == SYS_CREATED || field->index == SYS_CHANGED; /* the entry's own time says it */
    if (told || value_eq(change->old, change->new) || !access_shows(after, field))
        return ERR_OK;
    Json *json = json_push(changes, json_object(ctx->arena)), *shown;
    json_set_str(ctx->arena, json, STR("field"), field->name);
    json_set_str(ctx->arena, json, STR("label"), field->label.in[ctx->lang]);
    if (change->old.kind != VALUE_MISSING && access_shows(before, field)) {
        TRY(value_seen(ctx, field, change->old, &shown));
        json_set(json, STR("old"), shown);
    }
    if (change->new.kind != VALUE_MISSING) {
        TRY(value_seen(ctx, field, change->new, &shown));
        json_set(json, STR("new"), shown);
    }
    return ERR_OK;
}

static Err history_entry(const History *history, const HistoryStep *step, const Clearance *after,
                         const Clearance *before)
{
    const Ctx    *ctx = history->ctx;
    Arena        *arena = ctx->arena;
    const Action *action = type_action(history->record->type, step->action);
    Json         *entry = json_push(history->list, json_object(arena));
    json_set_int(arena, entry, STR("sequence"), step->sequence);
    json_set_str(arena, entry, STR("time"), instant_text(arena, step->time_ms));
    json_set_str(arena, entry, STR("action"), step->action);
    json_set_str(arena, entry, STR("label"), action ? action->label.in[ctx->lang] : step->action);
    json_set_int(arena, entry, STR("version"), step->version);
    /* who did it names a person: it follows the creator's compartment */
    if (access_shows(after, &history->record->type->fields[SYS_CREATOR]))
        TRY(history_by(ctx, step, json_set(entry, STR("by"), json_object(arena))));
    Json *changes = json_set(entry, STR("changes"), json_array(arena));
    for (size_t i = 0; i < history->change_count; i++)
        TRY(history_change(history, &history->changes[i], after, before, changes));
    return ERR_OK;
}

/* Goes back over one step, and tells of it when the reader would have seen the record after it. */
static Err history_back(History *history, const HistoryStep *step)
{
    Clearance after = history->then.clearance;
    TRY(history_read(history, step));
    history_undo(history);
    history->then.clearance = (Clearance){ 0 };
    if (step->version > 1) /* before the first there was no record to see */
        TRY(history_clearance(history));
    return access_sees(&after) ? history_entry(history, step, &after, &history->then.clearance) : ERR_OK;
}

/* Steps that are read for one page: those that the reader may not see are read as well. */
#define HISTORY_STEPS_MAX 10000

Err history_list(const Ctx *ctx, const Record *record, int64_t before, int64_t limit, Json **out)
{
    History           history = { .ctx = ctx, .record = record, .list = json_array(ctx->arena) };
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_id(record_id(record)), value_int(before ? before : INT64_MAX) };
    TRY(history_start(&history, before));
    TRY(history_clearance(&history));
    TRY(db_query(ctx->db, sql_history, params, 2, &rows));
    for (int read = 0; (int64_t)history.list->count < limit; read++) {
        bool more;
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        if (read == HISTORY_STEPS_MAX)
            return err_make(ECODE_STORE_SLOW, "over %d steps of %.*s that are not shown", read,
                            STR_FMT(record_id(record)));
        HistoryStep step = history_step(ctx->arena, rows);
        TRY(history_back(&history, &step));
    }
    *out = history.list;
    return ERR_OK;
}
