#include "kernel/event.h"

#include "base/hash.h"
#include "kernel/access.h"
#include "kernel/find.h"

#include <stdlib.h>

/* Numbered, append-only: a step that has shipped is never edited. Record tables are not here: they follow the pack
 * (kernel/record.h). credential, session and token are operational: in the backup, not events, not rebuilt. */
const Str kernel_migrations[] = {
    STR_INIT(
        "CREATE TABLE setting (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE pack (number INTEGER PRIMARY KEY, name TEXT NOT NULL, frozen INTEGER NOT NULL);"
        "CREATE TABLE pack_file (pack INTEGER NOT NULL, path TEXT NOT NULL, bytes TEXT NOT NULL,"
        " PRIMARY KEY (pack, path));"
        "CREATE TABLE event (sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, pack INTEGER NOT NULL,"
        " action TEXT NOT NULL, person TEXT NOT NULL, membership TEXT NOT NULL, organisation TEXT NOT NULL,"
        " manifest TEXT NOT NULL);"
        "CREATE TABLE event_record (sequence INTEGER NOT NULL, item INTEGER NOT NULL, type TEXT NOT NULL,"
        " record TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (sequence, item)) WITHOUT ROWID;"
        "CREATE INDEX event_record_by_record ON event_record (record, sequence);"
        "CREATE TABLE event_value (sequence INTEGER NOT NULL, item INTEGER NOT NULL, field TEXT NOT NULL,"
        " salt TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (sequence, item, field)) WITHOUT ROWID;"
        "CREATE TABLE credential (person TEXT PRIMARY KEY NOT NULL, login TEXT NOT NULL UNIQUE, hash TEXT NOT NULL,"
        " created INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE session (token TEXT PRIMARY KEY NOT NULL, person TEXT NOT NULL, membership TEXT NOT NULL,"
        " created INTEGER NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE INDEX session_by_person ON session (person, created);"
        "CREATE TABLE token (id TEXT PRIMARY KEY NOT NULL, hash TEXT NOT NULL UNIQUE, person TEXT NOT NULL,"
        " membership TEXT NOT NULL, label TEXT NOT NULL, created INTEGER NOT NULL, ended INTEGER) WITHOUT ROWID;"),
};
const size_t kernel_migration_count = sizeof kernel_migrations / sizeof kernel_migrations[0];

static const Str sql_last = STR_INIT("SELECT sequence, time FROM event ORDER BY sequence DESC LIMIT 1");
static const Str sql_event = STR_INIT(
    "INSERT INTO event (sequence, time, pack, action, person, membership, organisation, manifest)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
static const Str sql_item = STR_INIT(
    "INSERT INTO event_record (sequence, item, type, record, version) VALUES (?, ?, ?, ?, ?)");
static const Str sql_value = STR_INIT(
    "INSERT INTO event_value (sequence, item, field, salt, value) VALUES (?, ?, ?, ?, ?)");
static const Str sql_head = STR_INIT(
    "SELECT e.sequence, e.time, e.pack, p.name, e.action, e.person, e.membership, e.organisation,"
    " e.manifest FROM event e JOIN pack p ON p.number = e.pack WHERE e.sequence = ?");
static const Str sql_items = STR_INIT(
    "SELECT item, type, record, version FROM event_record WHERE sequence = ? ORDER BY item");
static const Str sql_values = STR_INIT(
    "SELECT item, field, salt, value FROM event_value WHERE sequence = ? ORDER BY item, field");
static const Str sql_fold = STR_INIT(
    "SELECT r.sequence, r.item, r.type, r.record, r.version, v.field, v.value FROM event_record r"
    " LEFT JOIN event_value v ON v.sequence = r.sequence AND v.item = r.item"
    " ORDER BY r.sequence, r.item, v.field");
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

#define SALT_SIZE 16

/* ---- manifest ---- */

typedef struct ManifestItem {
    Str     type, record;
    int64_t version;
} ManifestItem;

typedef struct ManifestValue {
    Str name; /* "<item>.<field>" */
    Str salt; /* SALT_SIZE bytes */
    Str value;
} ManifestValue;

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const ManifestValue *)a)->name, ((const ManifestValue *)b)->name);
}

static Str commitment(Arena *arena, const ManifestValue *value)
{
    Buf bytes = buf_new(arena, value->salt.len + value->name.len + 1 + value->value.len);
    buf_add(&bytes, value->salt);
    buf_add(&bytes, value->name);
    buf_char(&bytes, '\0');
    buf_add(&bytes, value->value);
    Hash hash = sha256(buf_str(&bytes));
    return base64_encode(arena, hash_str(&hash));
}

static Str or_else(Str s, Str other) { return s.len ? s : other; }

/* Sorts values by name; the layout stands in event.h and never changes for version 1. */
static Str manifest_text(Arena *arena, const EventHead *head, const ManifestItem *items, size_t item_count,
                         ManifestValue *values, size_t value_count)
{
    Buf out = buf_new(arena, SIZE_MAX);
    buf_printf(&out, "evidence-manifest/v1\nsequence %lld\ntime %.*s\n", (long long)head->sequence,
               STR_FMT(instant_text(arena, head->time_ms)));
    buf_printf(&out, "pack %.*s %lld\naction %.*s\n", STR_FMT(head->pack_name), (long long)head->pack_number,
               STR_FMT(head->action));
    buf_printf(&out, "person %.*s\nmembership %.*s\norganisation %.*s\n", STR_FMT(or_else(head->person, STR("system"))),
               STR_FMT(or_else(head->membership, STR("-"))), STR_FMT(or_else(head->organisation, STR("-"))));
    for (size_t i = 0; i < item_count; i++)
        buf_printf(&out, "record %zu %.*s %.*s %lld\n", i, STR_FMT(items[i].type), STR_FMT(items[i].record),
                   (long long)items[i].version);
    if (value_count)
        qsort(values, value_count, sizeof *values, by_name);
    for (size_t i = 0; i < value_count; i++) {
        buf_add(&out, values[i].name);
        buf_char(&out, ' ');
        buf_add(&out, commitment(arena, &values[i]));
        buf_char(&out, '\n');
    }
    return buf_str(&out);
}

/* ---- writing ---- */

Err event_next(Db *db, int64_t now_ms, int64_t *sequence, int64_t *time_ms)
{
    OWNED(rows) Rows *rows = NULL;
    TRY(db_query(db, sql_last, NULL, 0, &rows));
    bool more;
    TRY(rows_next(rows, &more));
    *sequence = more ? rows_int(rows, 0) + 1 : 1;
    *time_ms = more && rows_int(rows, 1) > now_ms ? rows_int(rows, 1) : now_ms;
    return ERR_OK;
}

static Err item_write(Db *db, Arena *arena, const EventHead *head, int64_t index, const EventItem *item,
                      const char *salts, ManifestValue *out)
{
    Value row[] = { value_int(head->sequence), value_int(index), value_text(item->type), value_text(item->record),
                    value_int(item->version) };
    TRY(db_run(db, sql_item, row, 5));
    for (size_t i = 0; i < item->count; i++) {
        out[i] = (ManifestValue){ .name = str_printf(arena, "%lld.%.*s", (long long)index, STR_FMT(item->fields[i])),
                                  .salt = { salts + i * SALT_SIZE, SALT_SIZE },
                                  .value = value_encode(arena, item->values[i]) };
        Value cells[] = { value_int(head->sequence), value_int(index), value_text(item->fields[i]),
                          value_text(base64_encode(arena, out[i].salt)), value_text(out[i].value) };
        TRY(db_run(db, sql_value, cells, 5));
    }
    return ERR_OK;
}

Err event_write(Db *db, Arena *arena, const Env *env, const EventHead *head, const EventItem *items, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += items[i].count;
    char *salts = ARENA_ARRAY(arena, char, total *SALT_SIZE);
    env_random(env, salts, total * SALT_SIZE);

    ManifestItem  *touched = ARENA_ARRAY(arena, ManifestItem, count);
    ManifestValue *values = ARENA_ARRAY(arena, ManifestValue, total);
    size_t         at = 0;
    for (size_t i = 0; i < count; i++) {
        touched[i] = (ManifestItem){ items[i].type, items[i].record, items[i].version };
        TRY(item_write(db, arena, head, (int64_t)i, &items[i], salts + at * SALT_SIZE, values + at));
        at += items[i].count;
    }
    Value row[] = { value_int(head->sequence),
                    value_int(head->time_ms),
                    value_int(head->pack_number),
                    value_text(head->action),
                    value_text(or_else(head->person, STR("system"))),
                    value_text(or_else(head->membership, STR("-"))),
                    value_text(or_else(head->organisation, STR("-"))),
                    value_text(manifest_text(arena, head, touched, count, values, total)) };
    return db_run(db, sql_event, row, 8);
}

/* ---- checking ---- */

static Err head_read(Db *db, Arena *arena, int64_t sequence, EventHead *out, Str *manifest)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_int(sequence);
    TRY(db_query(db, sql_head, &key, 1, &rows));
    bool more;
    TRY(rows_next(rows, &more));
    if (!more)
        return err_make(ECODE_RECORD_UNSEEN, "no event %lld", (long long)sequence);
    *out = (EventHead){ .sequence = rows_int(rows, 0),
                        .time_ms = rows_int(rows, 1),
                        .pack_number = rows_int(rows, 2),
                        .pack_name = str_dup(arena, rows_borrow_text(rows, 3)),
                        .action = str_dup(arena, rows_borrow_text(rows, 4)),
                        .person = str_dup(arena, rows_borrow_text(rows, 5)),
                        .membership = str_dup(arena, rows_borrow_text(rows, 6)),
                        .organisation = str_dup(arena, rows_borrow_text(rows, 7)) };
    *manifest = str_dup(arena, rows_borrow_text(rows, 8));
    return ERR_OK;
}

static Err items_read(Db *db, Arena *arena, int64_t sequence, ManifestItem **out, size_t *count)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_int(sequence);
    TRY(db_query(db, sql_items, &key, 1, &rows));
    size_t capacity = 0;
    *out = NULL;
    *count = 0;
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        ARENA_ROOM(arena, *out, *count, capacity);
        (*out)[(*count)++] = (ManifestItem){ str_dup(arena, rows_borrow_text(rows, 1)),
                                             str_dup(arena, rows_borrow_text(rows, 2)), rows_int(rows, 3) };
    }
}

static Err values_read(Db *db, Arena *arena, int64_t sequence, ManifestValue **out, size_t *count, bool *intact)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_int(sequence);
    TRY(db_query(db, sql_values, &key, 1, &rows));
    size_t capacity = 0;
    *out = NULL;
    *count = 0;
    *intact = true;
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        ARENA_ROOM(arena, *out, *count, capacity);
        ManifestValue *value = &(*out)[(*count)++];
        value->name = str_printf(arena, "%lld.%.*s", (long long)rows_int(rows, 0), STR_FMT(rows_borrow_text(rows, 1)));
        value->value = str_dup(arena, rows_borrow_text(rows, 3));
        if (!base64_decode(arena, rows_borrow_text(rows, 2), &value->salt))
            *intact = false;
    }
}

Err event_verify(Db *db, Arena *arena, int64_t sequence, bool *same)
{
    EventHead      head;
    Str            stored;
    ManifestItem  *items;
    ManifestValue *values;
    size_t         item_count, value_count;
    bool           intact;
    TRY(head_read(db, arena, sequence, &head, &stored));
    TRY(items_read(db, arena, sequence, &items, &item_count));
    TRY(values_read(db, arena, sequence, &values, &value_count, &intact));
    *same = intact && str_eq(stored, manifest_text(arena, &head, items, item_count, values, value_count));
    return ERR_OK;
}

/* ---- folding ---- */

/* One touched record while its values come in, row by row. */
typedef struct Fold {
    Db         *db;
    Arena      *arena; /* emptied after each record */
    const Pack *pack;
    Record      record;
    bool       *set;
    int64_t     sequence, item;
    bool        open;
} Fold;

static Err fold_flush(Fold *fold)
{
    if (!fold->open)
        return ERR_OK;
    fold->open = false;
    Err err = record_version(&fold->record) == 1 ? record_insert(fold->db, fold->arena, &fold->record)
                                                 : record_update(fold->db, fold->arena, &fold->record, fold->set);
    if (err.kind)
        return err_within(err, "folding event %lld", (long long)fold->sequence);
    arena_reset(fold->arena);
    return ERR_OK;
}

static Err fold_open(Fold *fold, const Rows *rows)
{
    fold->sequence = rows_int(rows, 0);
    fold->item = rows_int(rows, 1);
    const Type *type = pack_type(fold->pack, rows_borrow_text(rows, 2));
    if (!type) /* an event of the city itself: its pack */
        return ERR_OK;
    fold->record = (Record){ .type = type, .values = ARENA_ARRAY(fold->arena, Value, type->field_count) };
    fold->set = ARENA_ARRAY(fold->arena, bool, type->field_count);
    fold->record.values[SYS_ID] = value_id(str_dup(fold->arena, rows_borrow_text(rows, 3)));
    fold->record.values[SYS_VERSION] = value_int(rows_int(rows, 4));
    fold->set[SYS_VERSION] = true;
    fold->open = true;
    return ERR_OK;
}

static Err fold_value(Fold *fold, const Rows *rows)
{
    if (!fold->open || rows_missing(rows, 5))
        return ERR_OK;
    const Field *field = type_field(fold->record.type, rows_borrow_text(rows, 5));
    Value        value;
    if (!field || !value_decode(str_dup(fold->arena, rows_borrow_text(rows, 6)), &value))
        return err_make(ECODE_STORE_CORRUPT, "event %lld holds a value that cannot be read", (long long)fold->sequence);
    fold->record.values[field->index] = value;
    fold->set[field->index] = true;
    return ERR_OK;
}

Err event_fold(Db *db, const Pack *pack, int64_t *events)
{
    OWNED(arena) Arena *arena = arena_new();
    OWNED(rows) Rows   *rows = NULL;
    Fold                fold = { .db = db, .arena = arena, .pack = pack, .item = -1 };
    *events = 0;
    TRY(db_query(db, sql_fold, NULL, 0, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return fold_flush(&fold);
        bool next_event = rows_int(rows, 0) != fold.sequence;
        *events += next_event;
        if (next_event || rows_int(rows, 1) != fold.item) {
            TRY(fold_flush(&fold));
            TRY(fold_open(&fold, rows));
        }
        TRY(fold_value(&fold, rows));
    }
}

/* ---- history ----
 * Read backwards, from the newest step: the record as it stood after a step is what it is after the next one, with the
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

Err event_list(const Ctx *ctx, const Record *record, int64_t before, int64_t limit, Json **out)
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
