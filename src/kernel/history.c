#include "kernel/history.h"

#include "kernel/access.h"
#include "kernel/erase.h"
#include "kernel/evolve.h"
#include "kernel/file_store.h"
#include "kernel/past_words.h"

static const Str sql_steps = STR_INIT(
    "SELECT e.sequence, e.time, e.action, e.person, e.organisation, r.version, r.item, r.type FROM event_record r"
    " JOIN event e ON e.sequence = r.sequence"
    " WHERE r.record = ? AND r.sequence < ? ORDER BY r.sequence DESC, r.item DESC");
static const Str sql_step_values = STR_INIT(
    "SELECT field, value FROM event_value WHERE sequence = ? AND item = ? ORDER BY field");
static const Str sql_value_before = STR_INIT(
    "SELECT r.sequence, r.type, v.field, v.value FROM event_record r"
    " CROSS JOIN event_value v ON v.sequence = r.sequence AND v.item = r.item AND v.field = ?"
    " WHERE r.record = ? AND r.sequence < ? ORDER BY r.sequence DESC");
/* The last value of each name, found by the keys alone: however often a long text was changed, it is read once. Under
 * another pack a name may have been another field's. */
#define SQL_LAST_VALUES(bound)                                                                                         \
    STR_INIT("SELECT last.sequence, last.type, v.field, v.value, last.version FROM"                                    \
             " (SELECT max(r.sequence) AS sequence, r.item, r.type, r.version, v.field FROM event_record r"            \
             " CROSS JOIN event_value v ON v.sequence = r.sequence AND v.item = r.item"                                \
             " JOIN event e ON e.sequence = r.sequence"                                                                \
             " WHERE r.record = ?1 AND r.sequence < " bound " GROUP BY r.type, v.field, e.pack) last"                  \
             " CROSS JOIN event_value v ON v.sequence = last.sequence AND v.item = last.item AND v.field = last.field" \
             " ORDER BY last.sequence")
static const Str sql_before_sequence = SQL_LAST_VALUES("?2");
static const Str sql_before_time = SQL_LAST_VALUES(
    "ifnull((SELECT min(r.sequence) FROM event_record r JOIN event e ON e.sequence = r.sequence"
    " WHERE r.record = ?1 AND e.time >= ?2), 9223372036854775807)");

/* ---- values of events, in the terms of today ---- */

typedef struct Past { /* what a field held after a step */
    Value value;
    bool  erased; /* it had one, and what it was is gone; value is missing */
} Past;

/* Columns sequence, type, field, value from the first on. *field is NULL when it was dropped since. */
static Err past_read(const Ctx *ctx, int64_t sequence, Str type, Str name, Str encoded, const Field **field, Past *out)
{
    out->erased = str_eq(encoded, STR(ERASED_MARKER));
    return evolve_read(ctx->city->names, ctx->arena, sequence, type, name, encoded, field, &out->value);
}

static void past_apply(Record *record, const Field *field, const Past *past)
{
    if (field && field->type == record->type)
        record->values[field->index] = past->value;
}

/* The record as the events before a place left it, by one of the two statements; *erased, of a flag per field, says
 * whose value is gone. Version 0: it was not there yet. */
static Err past_record(const Ctx *ctx, const Record *record, Str sql, int64_t bound, Record *out, bool *erased)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_id(record_id(record)), value_int(bound) };
    int64_t           version = 0;
    *out = (Record){ .type = record->type, .values = ARENA_ARRAY(ctx->arena, Value, record->type->field_count) };
    TRY(db_query(ctx->db, sql, params, 2, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        const Field *field;
        Past         past;
        TRY(past_read(ctx, rows_int(rows, 0), rows_borrow_text(rows, 1), rows_borrow_text(rows, 2),
                      rows_borrow_text(rows, 3), &field, &past));
        past_apply(out, field, &past);
        if (field && field->type == record->type)
            erased[field->index] = past.erased;
        version = rows_int(rows, 4) > version ? rows_int(rows, 4) : version;
    }
    out->values[SYS_ID] = record->values[SYS_ID];
    out->values[SYS_VERSION] = value_int(version);
    return ERR_OK;
}

/* The lower of what the reader sees now and would have seen then: a name that was taken out before a record was shown
 * to blind reviewers is not in its history either. */
static Err past_clearance(const Ctx *ctx, const Record *now, Record *then)
{
    TRY(access_clearance(ctx, then, &then->clearance));
    for (size_t i = 0; i < COMPARTMENTS_MAX; i++)
        if (then->clearance.in[i] > now->clearance.in[i])
            then->clearance.in[i] = now->clearance.in[i];
    return ERR_OK;
}

Err history_then(const Ctx *ctx, const Record *record, int64_t sequence, Record *out)
{
    bool *erased = ARENA_ARRAY(ctx->arena, bool, record->type->field_count);
    TRY(past_record(ctx, record, sql_before_sequence, sequence + 1, out, erased));
    return past_clearance(ctx, record, out);
}

/* ---- step by step ----
 * Read backwards, from the newest step: the record as it stood after a step is what it is after the next one, with the
 * values that the next one changed put back. So a page costs what it shows, however long the history is. */

typedef struct HistoryChange {
    const Field *field;
    Past         old, new;
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
    Str     action, person, organisation, type;
} HistoryStep;

static HistoryStep history_step(Arena *arena, const Rows *rows)
{
    return (HistoryStep){ .sequence = rows_int(rows, 0),
                          .time_ms = rows_int(rows, 1),
                          .action = str_dup(arena, rows_borrow_text(rows, 2)),
                          .person = str_dup(arena, rows_borrow_text(rows, 3)),
                          .organisation = str_dup(arena, rows_borrow_text(rows, 4)),
                          .version = rows_int(rows, 5),
                          .item = rows_int(rows, 6),
                          .type = str_dup(arena, rows_borrow_text(rows, 7)) };
}

/* The last value under one of the field's names; a name may have been another field's before. *at moves up to the
 * sequence of its event. */
static Err history_before_as(const History *history, const Field *field, Str name, int64_t sequence, int64_t *at,
                             Past *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_text(name), value_id(record_id(history->record)), value_int(sequence) };
    TRY(db_query(history->ctx->db, sql_value_before, params, 3, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more || rows_int(rows, 0) < *at)
            return ERR_OK;
        const Field *found;
        Past         past;
        TRY(past_read(history->ctx, rows_int(rows, 0), rows_borrow_text(rows, 1), rows_borrow_text(rows, 2),
                      rows_borrow_text(rows, 3), &found, &past));
        if (found != field)
            continue;
        *at = rows_int(rows, 0);
        *out = past;
        return ERR_OK;
    }
}

/* What the field held before the step of that sequence; missing when no step before has set it. */
static Err history_before(const History *history, const Field *field, int64_t sequence, Past *out)
{
    size_t     count;
    const Str *names = evolve_field_names(history->ctx->city->names, history->ctx->arena, field, &count);
    int64_t    at = 0;
    *out = (Past){ .value = VALUE_NONE };
    for (size_t i = 0; i < count; i++)
        TRY(history_before_as(history, field, names[i], sequence, &at, out));
    return ERR_OK;
}

/* The record as it stood before the step of that sequence; 0: as it stands. */
static Err history_start(History *history, int64_t before)
{
    const Ctx    *ctx = history->ctx;
    const Record *record = history->record;
    size_t        count = record->type->field_count;
    history->changes = ARENA_ARRAY(ctx->arena, HistoryChange, count);
    if (before) {
        TRY(past_record(ctx, record, sql_before_sequence, before, &history->then,
                        ARENA_ARRAY(ctx->arena, bool, count)));
    } else {
        history->then = (Record){ .type = record->type, .values = ARENA_ARRAY(ctx->arena, Value, count) };
        memcpy(history->then.values, record->values, count * sizeof(Value));
    }
    return past_clearance(ctx, record, &history->then);
}

/* What the step changed, by field. */
static Err history_read(History *history, const HistoryStep *step)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_int(step->sequence), value_int(step->item) };
    history->change_count = 0;
    TRY(db_query(history->ctx->db, sql_step_values, params, 2, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        HistoryChange change;
        TRY(past_read(history->ctx, step->sequence, step->type, rows_borrow_text(rows, 0), rows_borrow_text(rows, 1),
                      &change.field, &change.new));
        if (!change.field || change.field->type != history->record->type) /* dropped since */
            continue;
        TRY(history_before(history, change.field, step->sequence, &change.old));
        history->changes[history->change_count++] = change;
    }
}

static void history_undo(History *history)
{
    for (size_t i = 0; i < history->change_count; i++)
        history->then.values[history->changes[i].field->index] = history->changes[i].old.value;
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

/* One side of a change; nothing when it was missing. */
static Err history_side(const Ctx *ctx, const Field *field, const Past *past, Str key, Json *into)
{
    Json *shown;
    if (past->erased) {
        json_set_bool(ctx->arena, json_set(into, key, json_object(ctx->arena)), STR("erased"), true);
        return ERR_OK;
    }
    if (past->value.kind == VALUE_MISSING)
        return ERR_OK;
    TRY(value_seen(ctx, field, past->value, &shown));
    json_set(into, key, shown);
    return ERR_OK;
}

/* The entry's own time says what was created and changed; each change says what was erased, to whom its field shows. */
static bool history_told(const Field *field)
{
    return field->index == SYS_CREATED || field->index == SYS_CHANGED || field->index == SYS_ERASED;
}

static Err history_change(const History *history, const HistoryChange *change, const Clearance *after,
                          const Clearance *before, Json *changes)
{
    const Ctx   *ctx = history->ctx;
    const Field *field = change->field;
    bool         same = value_eq(change->old.value, change->new.value) && !change->old.erased && !change->new.erased;
    if (history_told(field) || same || !access_shows(after, field))
        return ERR_OK;
    Json *json = json_push(changes, json_object(ctx->arena));
    json_set_str(ctx->arena, json, STR("field"), field->name);
    json_set_str(ctx->arena, json, STR("label"), field->label.in[ctx->lang]);
    if (access_shows(before, field))
        TRY(history_side(ctx, field, &change->old, STR("old"), json));
    return history_side(ctx, field, &change->new, STR("new"), json);
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
        TRY(past_clearance(history->ctx, history->record, &history->then));
    return access_sees(&after) ? history_entry(history, step, &after, &history->then.clearance) : ERR_OK;
}

/* What is read for one page, with the steps that the reader may not see. */
#define HISTORY_STEPS_MAX 10000
#define HISTORY_BYTES_MAX (64 << 20)

Err history_list(const Ctx *ctx, const Record *record, int64_t before, int64_t limit, Json **out, int64_t *next)
{
    History           history = { .ctx = ctx, .record = record, .list = json_array(ctx->arena) };
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_id(record_id(record)), value_int(before ? before : INT64_MAX) };
    size_t            begun = arena_used(ctx->arena);
    bool              more = true;
    int64_t           last = 0; /* of those shown: what is not shown is not told of */
    TRY(history_start(&history, before));
    TRY(db_query(ctx->db, sql_steps, params, 2, &rows));
    for (int read = 0; (int64_t)history.list->count < limit; read++) {
        TRY(rows_next(rows, &more));
        bool full = read == HISTORY_STEPS_MAX || arena_used(ctx->arena) - begun > HISTORY_BYTES_MAX;
        if (!more || (full && last))
            break;
        if (full)
            return err_make(ECODE_STORE_SLOW, "%d steps of %.*s, none shown", read, STR_FMT(record_id(record)));
        HistoryStep step = history_step(ctx->arena, rows);
        size_t      shown = history.list->count;
        TRY(history_back(&history, &step));
        last = history.list->count > shown ? step.sequence : last;
    }
    *out = history.list;
    *next = more ? last : 0;
    return ERR_OK;
}

/* ---- on a day ---- */

/* The list of erased fields says of a past state also what it lacks by now. */
static void at_erased(const Ctx *ctx, Record *then, const bool *erased)
{
    Buf names = buf_new(ctx->arena, SIZE_MAX);
    for (size_t i = 0; i < then->type->stored_count; i++) {
        const Field *field = &then->type->fields[i];
        if (!erased[i] && !record_erased(then, field))
            continue;
        buf_add(&names, names.len ? STR(",") : STR_NONE);
        buf_add(&names, field->name);
    }
    then->values[SYS_ERASED] = names.len ? value_list(buf_str(&names)) : VALUE_NONE;
}

typedef struct Moment { /* the end of a day */
    int64_t end_ms;
    Record  record; /* of then, with what the reader sees of it: nothing before it was there */
    bool   *erased; /* a flag per field */
} Moment;

static Err moment_read(const Ctx *ctx, const Record *record, int64_t day, Moment *out)
{
    out->end_ms = (day + 1) * DAY_MS - ctx->city->pack->utc_offset_minutes * 60000LL;
    out->erased = ARENA_ARRAY(ctx->arena, bool, record->type->field_count);
    TRY(past_record(ctx, record, sql_before_time, out->end_ms, &out->record, out->erased));
    return record_version(&out->record) ? past_clearance(ctx, record, &out->record) : ERR_OK;
}

/* Field by field what is otherwise at the later moment, each side as it showed then. What did not show then counts as
 * not there, so that nobody learns whether it was the same. */
static Err moment_changes(const Ctx *ctx, const Moment *before, const Moment *after, Json *changes)
{
    const Type *type = after->record.type;
    History     history = { .ctx = ctx, .record = &after->record };
    for (size_t i = 0; i < type->stored_count; i++) {
        HistoryChange change = { .field = &type->fields[i], .new = { after->record.values[i], after->erased[i] } };
        if (access_shows(&before->record.clearance, change.field))
            change.old = (Past){ before->record.values[i], before->erased[i] };
        bool gone = change.old.erased && change.new.erased; /* whether they differed nobody knows any more */
        if (i != SYS_ID && i != SYS_VERSION && !gone)
            TRY(history_change(&history, &change, &after->record.clearance, &before->record.clearance, changes));
    }
    return ERR_OK;
}

static Err put_since(const Ctx *ctx, const Record *record, int64_t since, const Moment *after, Json *into)
{
    Moment before;
    TRY(moment_read(ctx, record, since, &before));
    json_set_str(ctx->arena, into, STR("since"), date_text(ctx->arena, since));
    return moment_changes(ctx, &before, after, json_set(into, STR("changes"), json_array(ctx->arena)));
}

Err history_at(const Ctx *ctx, const Record *record, int64_t day, const int64_t *since, const Wanted *wanted,
               Json **out)
{
    Moment moment;
    TRY(moment_read(ctx, record, day, &moment));
    Record *then = &moment.record;
    if (!access_sees(&then->clearance))
        return err_make(ECODE_RECORD_UNSEEN, "%.*s on that day", STR_FMT(record->type->name));
    at_erased(ctx, then, moment.erased);
    TRY(record_json_then(ctx, then, wanted, moment.end_ms - 1 < ctx->now_ms ? moment.end_ms - 1 : ctx->now_ms, out));
    json_set_str(ctx->arena, *out, STR("at"), date_text(ctx->arena, day));
    TRY(past_words(ctx, record->type, moment.end_ms, &then->clearance, *out));
    if (since)
        TRY(put_since(ctx, record, *since, &moment, *out));
    return ERR_OK;
}

/* ---- files ---- */

static const Str sql_files = STR_INIT(
    "SELECT r.sequence, r.type, v.field, v.value FROM event_record r"
    " CROSS JOIN event_value v ON v.sequence = r.sequence AND v.item = r.item"
    " WHERE r.record = ? AND substr(v.value, 1, 6) = 'files:' AND instr(v.value, ?) > 0"
    " ORDER BY r.sequence DESC LIMIT ?");
#define HISTORY_FILES_MAX 50 /* steps that named the file: each may be looked at */

static Err file_in(const Ctx *ctx, Value value, Str id, FileRef *out, bool *found)
{
    FileRef *files;
    size_t   count;
    TRY(file_refs(ctx->arena, value, &files, &count));
    for (size_t i = 0; i < count && !*found; i++) {
        *found = str_eq(files[i].id, id);
        if (*found)
            *out = files[i];
    }
    return ERR_OK;
}

static Err file_now(const Ctx *ctx, const Record *record, Str id, FileRef *out, bool *found)
{
    for (size_t i = SYS_COUNT; i < record->type->stored_count && !*found; i++) {
        const Field *field = &record->type->fields[i];
        if (field_kinds[field->kind].file && access_shows(&record->clearance, field))
            TRY(file_in(ctx, record->values[i], id, out, found));
    }
    return ERR_OK;
}

/* Of a field that does not show now nothing more is asked: it takes no longer than for a file that is not there. */
static Err file_then(const Ctx *ctx, const Record *record, const Rows *rows, Str id, FileRef *out, bool *found)
{
    const Field *field;
    Past         past;
    Record       then;
    int64_t      sequence = rows_int(rows, 0);
    TRY(past_read(ctx, sequence, rows_borrow_text(rows, 1), rows_borrow_text(rows, 2),
                  str_dup(ctx->arena, rows_borrow_text(rows, 3)), &field, &past));
    if (!field || field->type != record->type || !access_shows(&record->clearance, field))
        return ERR_OK;
    TRY(history_then(ctx, record, sequence, &then));
    return access_shows(&then.clearance, field) ? file_in(ctx, past.value, id, out, found) : ERR_OK;
}

Err history_file(const Ctx *ctx, const Record *record, Str id, FileRef *out, bool *found)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_id(record_id(record)), value_text(id), value_int(HISTORY_FILES_MAX) };
    *found = false;
    if (!uuid_valid(id))
        return ERR_OK;
    TRY(file_now(ctx, record, id, out, found));
    if (*found)
        return ERR_OK;
    TRY(db_query(ctx->db, sql_files, params, 3, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more || *found)
            return ERR_OK;
        TRY(file_then(ctx, record, rows, id, out, found));
    }
}
