#include "kernel/event.h"

#include "base/hash.h"
#include "evidence/log.h"
#include "kernel/erase.h"
#include "kernel/evolve.h"
#include "kernel/file_store.h"

#include <stdlib.h>

/* Numbered, append-only: a step that has shipped is never edited. Record tables are not here: they follow the pack
 * (kernel/record.h). credential, session, token, job_progress, job_refusal, job_sample, upload, file_hold, file_loose,
 * notice, notice_state, mail, log_checkpoint and log_stamp are operational: in the backup, not events, not rebuilt. */
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
    STR_INIT("CREATE TABLE job_progress (job TEXT PRIMARY KEY NOT NULL, total INTEGER NOT NULL, done INTEGER NOT NULL,"
             " added INTEGER NOT NULL, updated INTEGER NOT NULL, unchanged INTEGER NOT NULL, refused INTEGER NOT NULL)"
             " WITHOUT ROWID;"
             "CREATE TABLE job_refusal (job TEXT NOT NULL, line INTEGER NOT NULL, cells TEXT NOT NULL,"
             " reasons TEXT NOT NULL, PRIMARY KEY (job, line)) WITHOUT ROWID;"),
    STR_INIT(
        "CREATE TABLE idempotency (person TEXT NOT NULL, endpoint TEXT NOT NULL, key TEXT NOT NULL,"
        " part INTEGER NOT NULL, body TEXT NOT NULL, type TEXT NOT NULL, record TEXT NOT NULL, time INTEGER NOT NULL,"
        " PRIMARY KEY (person, endpoint, key, part)) WITHOUT ROWID;"
        "CREATE INDEX idempotency_by_time ON idempotency (time);"),
    STR_INIT("CREATE TABLE webhook (id TEXT PRIMARY KEY NOT NULL, person TEXT NOT NULL, membership TEXT NOT NULL,"
             " url TEXT NOT NULL, types TEXT NOT NULL, actions TEXT NOT NULL, private INTEGER NOT NULL,"
             " secret INTEGER NOT NULL, renewed INTEGER NOT NULL, created INTEGER NOT NULL, ended INTEGER NOT NULL,"
             " sequence INTEGER NOT NULL) WITHOUT ROWID;"
             "CREATE TABLE delivery (id TEXT PRIMARY KEY NOT NULL, webhook TEXT NOT NULL, type TEXT NOT NULL,"
             " record TEXT NOT NULL, state TEXT NOT NULL, sequence INTEGER NOT NULL, item INTEGER NOT NULL,"
             " tries INTEGER NOT NULL, next INTEGER NOT NULL, created INTEGER NOT NULL, ended INTEGER NOT NULL)"
             " WITHOUT ROWID;"
             "CREATE UNIQUE INDEX delivery_by_event ON delivery (webhook, sequence, item);"
             "CREATE INDEX delivery_by_turn ON delivery (webhook, next) WHERE state = 'waiting';"
             "CREATE INDEX delivery_by_end ON delivery (ended) WHERE state != 'waiting';"
             "CREATE TABLE delivery_try (delivery TEXT NOT NULL, number INTEGER NOT NULL, time INTEGER NOT NULL,"
             " status INTEGER NOT NULL, problem TEXT NOT NULL, PRIMARY KEY (delivery, number)) WITHOUT ROWID;"),
    STR_INIT("CREATE TABLE upload (id TEXT PRIMARY KEY NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL,"
             " size INTEGER NOT NULL, person TEXT NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;"
             "CREATE INDEX upload_by_person ON upload (person);"
             "CREATE INDEX upload_by_hash ON upload (sha256);"
             "CREATE TABLE file_hold (sha256 TEXT NOT NULL, sequence INTEGER NOT NULL, item INTEGER NOT NULL,"
             " field TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (sha256, sequence, item, field)) WITHOUT ROWID;"
             "CREATE INDEX file_hold_by_event ON file_hold (sequence, item, field);"
             "CREATE TABLE file_loose (sha256 TEXT PRIMARY KEY NOT NULL, due INTEGER NOT NULL) WITHOUT ROWID;"
             "CREATE INDEX file_loose_by_due ON file_loose (due);"),
    STR_INIT("CREATE TABLE notice (person TEXT NOT NULL, number INTEGER NOT NULL, sequence INTEGER NOT NULL,"
             " type TEXT NOT NULL, record TEXT NOT NULL, version INTEGER NOT NULL, created INTEGER NOT NULL,"
             " unread INTEGER NOT NULL, PRIMARY KEY (person, number));"
             "CREATE INDEX notice_unread ON notice (person, number) WHERE unread = 1;"
             "CREATE INDEX notice_by_created ON notice (created);"
             "CREATE TABLE notice_state (sequence INTEGER NOT NULL);"
             "INSERT INTO notice_state SELECT coalesce(max(sequence), 0) FROM event;"),
    STR_INIT("ALTER TABLE delivery RENAME COLUMN webhook TO target;"
             "DROP INDEX delivery_by_event;"
             "CREATE UNIQUE INDEX delivery_by_event ON delivery (target, sequence, item, record);"
             "CREATE INDEX delivery_by_target ON delivery (target, id);"
             "CREATE INDEX delivery_by_record ON delivery (record, target);"
             "CREATE INDEX delivery_dead ON delivery (target) WHERE state = 'dead';"
             "CREATE TABLE mail (person TEXT PRIMARY KEY NOT NULL, address TEXT NOT NULL, wants TEXT NOT NULL,"
             " lang INTEGER NOT NULL, confirmed INTEGER NOT NULL, told INTEGER NOT NULL, due INTEGER NOT NULL,"
             " codes INTEGER NOT NULL, codes_since INTEGER NOT NULL, code INTEGER NOT NULL, sent INTEGER NOT NULL,"
             " tries INTEGER NOT NULL) WITHOUT ROWID;"
             "CREATE INDEX mail_by_due ON mail (due) WHERE due > 0;"),
    STR_INIT("CREATE TABLE job_sample (job TEXT PRIMARY KEY NOT NULL, is_table INTEGER NOT NULL, columns TEXT NOT NULL,"
             " rows TEXT NOT NULL) WITHOUT ROWID;"
             "INSERT INTO job_sample SELECT job, 1, cells, '[]' FROM job_refusal WHERE line = 0;"
             "DELETE FROM job_refusal WHERE line = 0;"),
    STR_INIT(LOG_TABLES),
    STR_INIT(LOG_CHECKPOINT_TABLES),
};
const size_t kernel_migration_count = sizeof kernel_migrations / sizeof kernel_migrations[0];

static const Str sql_last = STR_INIT("SELECT sequence, time FROM event ORDER BY sequence DESC LIMIT 1");
static const Str sql_event = STR_INIT(
    "INSERT INTO event (sequence, time, pack, action, person, membership, organisation, manifest)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
/* Written for INSERT_MOST rows; for fewer the last ones are cut off (insert_rows), since to run a statement costs
 * about as much as the row that it writes. OR FAIL since SQLite otherwise keeps for each statement what undoes it
 * alone, which costs more than that again: after any error the savepoint of the writer's job undoes all of it. */
#define ROW         "(?, ?, ?, ?, ?)"
#define ROW_CELLS   5
#define NEXT_ROW    ", " ROW
#define TWICE(rows) rows rows
#define ROWS_32                                                                                                        \
    ROW TWICE(TWICE(TWICE(NEXT_ROW NEXT_ROW))) TWICE(TWICE(NEXT_ROW NEXT_ROW)) TWICE(NEXT_ROW NEXT_ROW)                \
        NEXT_ROW NEXT_ROW NEXT_ROW
#define INSERT_MOST 32
static const Str sql_item = STR_INIT(
    "INSERT OR FAIL INTO event_record (sequence, item, type, record, version) VALUES " ROWS_32);
static const Str sql_value = STR_INIT(
    "INSERT OR FAIL INTO event_value (sequence, item, field, salt, value) VALUES " ROWS_32);
static const Str sql_manifests = STR_INIT(
    "SELECT sequence, manifest FROM event WHERE sequence > ? ORDER BY sequence LIMIT ?");
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

#define SALT_SIZE 16

/* ---- manifest ---- */

typedef struct ManifestItem {
    Str     type, record;
    int64_t version;
} ManifestItem;

typedef struct ManifestValue {
    Str name, commitment;
} ManifestValue;

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const ManifestValue *)a)->name, ((const ManifestValue *)b)->name);
}

/* salt: as bytes. */
static Str commitment(Arena *arena, Str name, Str salt, Str value)
{
    Str  parts[] = { salt, name, { "\0", 1 }, value };
    Hash hash = sha256(str_join(arena, parts, 4, STR_NONE));
    return base64_encode(arena, hash_str(&hash));
}

static Str item_place(Arena *arena, int64_t index) /* "<item>." */
{
    Buf out = buf_new(arena, SIZE_MAX);
    buf_int(&out, index);
    buf_char(&out, '.');
    return buf_str(&out);
}

static Str value_name(Arena *arena, Str place, Str field) /* "<item>.<field>" */
{
    Str parts[] = { place, field };
    return str_join(arena, parts, 2, STR_NONE);
}

static Str or_else(Str s, Str other) { return s.len ? s : other; }

static void add_text(Buf *out, Str before, Str text)
{
    buf_add(out, before);
    buf_add(out, text);
}

static void add_number(Buf *out, Str before, int64_t number)
{
    buf_add(out, before);
    buf_int(out, number);
}

static void head_text(Buf *out, const EventHead *head)
{
    add_number(out, STR("\nsequence "), head->sequence);
    add_text(out, STR("\ntime "), instant_text(out->arena, head->time_ms));
    add_text(out, STR("\npack "), head->pack_name);
    add_number(out, STR(" "), head->pack_number);
    add_text(out, STR("\naction "), head->action);
    add_text(out, STR("\nperson "), or_else(head->person, STR("system")));
    add_text(out, STR("\nmembership "), or_else(head->membership, STR("-")));
    add_text(out, STR("\norganisation "), or_else(head->organisation, STR("-")));
}

/* Of one record its names come sorted already. */
static void sort_values(ManifestValue *values, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (by_name(&values[i - 1], &values[i]) > 0) {
            qsort(values, count, sizeof *values, by_name);
            return;
        }
}

/* Sorts values by name; the layout stands in event.h and never changes for version 1. */
static Str manifest_text(Arena *arena, const EventHead *head, const ManifestItem *items, size_t item_count,
                         ManifestValue *values, size_t value_count)
{
    Buf out = buf_new(arena, SIZE_MAX);
    buf_add(&out, STR("evidence-manifest/v1"));
    head_text(&out, head);
    for (size_t i = 0; i < item_count; i++) {
        add_number(&out, STR("\nrecord "), (int64_t)i);
        add_text(&out, STR(" "), items[i].type);
        add_text(&out, STR(" "), items[i].record);
        add_number(&out, STR(" "), items[i].version);
    }
    buf_char(&out, '\n');
    sort_values(values, value_count);
    for (size_t i = 0; i < value_count; i++) {
        buf_add(&out, values[i].name);
        buf_char(&out, ' ');
        buf_add(&out, values[i].commitment);
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

typedef struct WrittenValue {
    size_t           item;
    const EventSeal *seal;
} WrittenValue;

typedef struct Written { /* an event on its way */
    int64_t          sequence;
    const EventItem *items;
    size_t           count;
    WrittenValue    *values; /* of all items, in their order */
    size_t           value_count;
} Written;

typedef void (*RowCells)(const Written *event, size_t at, Value cells[ROW_CELLS]);

static void item_cells(const Written *event, size_t at, Value cells[ROW_CELLS])
{
    const EventItem *item = &event->items[at];
    cells[0] = value_int(event->sequence);
    cells[1] = value_int((int64_t)at);
    cells[2] = value_text(item->type);
    cells[3] = value_text(item->record);
    cells[4] = value_int(item->version);
}

static void value_cells(const Written *event, size_t at, Value cells[ROW_CELLS])
{
    const WrittenValue *value = &event->values[at];
    cells[0] = value_int(event->sequence);
    cells[1] = value_int((int64_t)value->item);
    cells[2] = value_text(value->seal->field);
    cells[3] = value_text(value->seal->salt);
    cells[4] = value_text(value->seal->value);
}

static Err insert_rows(Db *db, Str sql, const Written *event, RowCells fill, size_t count)
{
    Value cells[INSERT_MOST * ROW_CELLS];
    for (size_t at = 0; at < count;) {
        size_t rows = count - at < INSERT_MOST ? count - at : INSERT_MOST;
        size_t cut = (INSERT_MOST - rows) * STR(NEXT_ROW).len;
        for (size_t i = 0; i < rows; i++)
            fill(event, at++, cells + i * ROW_CELLS);
        TRY(db_run(db, str_slice(sql, 0, sql.len - cut), cells, rows * ROW_CELLS));
    }
    return ERR_OK;
}

static EventSeal seal_value(Arena *arena, Str place, Str field, Value value, Str salt)
{
    EventSeal seal = { .of = value, .field = field, .value = value_encode(arena, value) };
    seal.name = value_name(arena, place, field);
    seal.salt = base64_encode(arena, salt);
    seal.commitment = commitment(arena, seal.name, salt, seal.value);
    return seal;
}

/* Is it of this very value? Texts are compared by where they are: nobody writes into one. */
static bool seals(const EventSeal *seal, Value value)
{
    return seal && seal->of.kind == value.kind && seal->of.scale == value.scale && seal->of.number == value.number &&
           seal->of.text.ptr == value.text.ptr && seal->of.text.len == value.text.len;
}

void event_seal(Arena *arena, const Env *env, size_t index, const EventItem *item, EventSeal *out)
{
    char *salts = ARENA_ARRAY(arena, char, item->count *SALT_SIZE);
    Str   place = item_place(arena, (int64_t)index);
    env_random(env, salts, item->count * SALT_SIZE);
    for (size_t v = 0; v < item->count; v++, salts += SALT_SIZE)
        out[v] = seal_value(arena, place, item->fields[v], item->values[v], (Str){ salts, SALT_SIZE });
}

static size_t list_values(Arena *arena, Written *event) /* how many of them have no seal yet */
{
    size_t total = 0, open = 0;
    for (size_t i = 0; i < event->count; i++)
        total += event->items[i].count;
    event->values = ARENA_ARRAY(arena, WrittenValue, total);
    for (size_t i = 0; i < event->count; i++) {
        const EventItem *item = &event->items[i];
        for (size_t v = 0; v < item->count; v++) {
            const EventSeal *seal = item->seals ? item->seals[v] : NULL;
            bool             good = seals(seal, item->values[v]);
            open += !good;
            event->values[event->value_count++] = (WrittenValue){ i, good ? seal : NULL };
        }
    }
    return open;
}

/* What no seal came with gets one here. */
static void seal_rest(Arena *arena, const Env *env, Written *event, size_t open)
{
    EventSeal    *made = ARENA_ARRAY(arena, EventSeal, open);
    char         *salts = ARENA_ARRAY(arena, char, open *SALT_SIZE);
    WrittenValue *value = event->values;
    env_random(env, salts, open * SALT_SIZE);
    for (size_t i = 0; i < event->count; i++) {
        const EventItem *item = &event->items[i];
        Str              place = item_place(arena, (int64_t)i);
        for (size_t v = 0; v < item->count; v++, value++) {
            if (value->seal)
                continue;
            *made = seal_value(arena, place, item->fields[v], item->values[v], (Str){ salts, SALT_SIZE });
            value->seal = made++;
            salts += SALT_SIZE;
        }
    }
}

static Str manifest_of(Arena *arena, const EventHead *head, const Written *event)
{
    ManifestItem  *items = ARENA_ARRAY(arena, ManifestItem, event->count);
    ManifestValue *values = ARENA_ARRAY(arena, ManifestValue, event->value_count);
    for (size_t i = 0; i < event->count; i++)
        items[i] = (ManifestItem){ event->items[i].type, event->items[i].record, event->items[i].version };
    for (size_t i = 0; i < event->value_count; i++)
        values[i] = (ManifestValue){ event->values[i].seal->name, event->values[i].seal->commitment };
    return manifest_text(arena, head, items, event->count, values, event->value_count);
}

static Err hold_files(Db *db, const Written *event)
{
    for (size_t i = 0; i < event->count; i++) {
        const EventItem *item = &event->items[i];
        for (size_t v = 0; v < item->count; v++)
            if (item->values[v].kind == VALUE_FILES)
                TRY(file_hold(db, event->sequence, (int64_t)i, item->fields[v], item->values[v]));
    }
    return ERR_OK;
}

Err event_write(Db *db, Arena *arena, const Env *env, const EventHead *head, const EventItem *items, size_t count)
{
    Written event = { .sequence = head->sequence, .items = items, .count = count };
    seal_rest(arena, env, &event, list_values(arena, &event));
    TRY(insert_rows(db, sql_item, &event, item_cells, count));
    TRY(insert_rows(db, sql_value, &event, value_cells, event.value_count));
    TRY(hold_files(db, &event));
    Value row[] = { value_int(head->sequence),
                    value_int(head->time_ms),
                    value_int(head->pack_number),
                    value_text(head->action),
                    value_text(or_else(head->person, STR("system"))),
                    value_text(or_else(head->membership, STR("-"))),
                    value_text(or_else(head->organisation, STR("-"))),
                    value_text(manifest_of(arena, head, &event)) };
    return db_run(db, sql_event, row, 8);
}

/* ---- leaves ---- */

#define LEAVES_AT_ONCE 256 /* of which the manifests are in memory */

/* Leaves for the next events after `after`, at most LEAVES_AT_ONCE: *last is that of the last one. */
static Err leaves_next(Db *db, const Env *env, int64_t after, int64_t *last)
{
    OWNED(arena) Arena *arena = arena_new();
    OWNED(rows) Rows   *rows = NULL;
    Value               from[] = { value_int(after), value_int(LEAVES_AT_ONCE) };
    Str                 manifests[LEAVES_AT_ONCE];
    bool                more;
    TRY(db_query(db, sql_manifests, from, 2, &rows));
    for (*last = after;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        if (rows_int(rows, 0) != *last + 1)
            return err_make(ECODE_STORE_CORRUPT, "no event %lld", (long long)*last + 1);
        manifests[(*last)++ - after] = str_dup(arena, rows_borrow_text(rows, 1));
    }
    return *last == after ? ERR_OK : log_add(db, arena, env, (uint64_t)after, manifests, (size_t)(*last - after));
}

Err event_leaves(Db *db, const Env *env, int64_t most, bool *all)
{
    MerkleEdge edge;
    TRY(log_edge(db, &edge));
    int64_t after = (int64_t)edge.size, last = after;
    for (int64_t begun = after; after - begun < most; after = last) {
        TRY(leaves_next(db, env, after, &last));
        *all = last - after < LEAVES_AT_ONCE;
        if (*all)
            return ERR_OK;
    }
    return ERR_OK;
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

/* The commitment in the manifest's line of that name; empty when it has no such line. */
static Str manifest_commitment(Arena *arena, Str manifest, Str name)
{
    Str    line = str_printf(arena, "\n%.*s ", STR_FMT(name));
    size_t at = str_find(manifest, line);
    if (at == manifest.len)
        return STR_NONE;
    Str rest = str_slice(manifest, at + line.len, manifest.len);
    return str_cut(&rest, '\n');
}

/* A value as it is committed to; false when its salt is none, or it is said to be erased and no commitment tells of
 * it, which nobody can compute any more. */
static bool value_from_row(Arena *arena, const Rows *rows, Str manifest, ManifestValue *out)
{
    Str salt = rows_borrow_text(rows, 2), value = rows_borrow_text(rows, 3), bytes;
    out->name = value_name(arena, item_place(arena, rows_int(rows, 0)), rows_borrow_text(rows, 1));
    if (str_eq(value, STR(ERASED_MARKER))) {
        out->commitment = manifest_commitment(arena, manifest, out->name);
        return salt.len == 0 && base64_decode(arena, out->commitment, &bytes) && bytes.len == sizeof(Hash);
    }
    bool good = base64_decode(arena, salt, &bytes);
    out->commitment = good ? commitment(arena, out->name, bytes, value) : STR_NONE;
    return good;
}

static Err values_read(Db *db, Arena *arena, int64_t sequence, Str manifest, ManifestValue **out, size_t *count,
                       bool *intact)
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
        *intact &= value_from_row(arena, rows, manifest, &(*out)[(*count)++]);
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
    TRY(values_read(db, arena, sequence, stored, &values, &value_count, &intact));
    *same = intact && str_eq(stored, manifest_text(arena, &head, items, item_count, values, value_count));
    return ERR_OK;
}

/* ---- folding ---- */

/* One touched record while its values come in, row by row. */
typedef struct Fold {
    Db                *db;
    Arena             *arena; /* emptied after each record */
    const EvolveNames *names;
    Record             record;
    Str                type; /* as the event calls it */
    bool              *set;
    int64_t            sequence, item;
    bool               open;
} Fold;

static Err fold_flush(Fold *fold)
{
    if (!fold->open)
        return ERR_OK;
    fold->open = false;
    Err err = record_version(&fold->record) == 1 ? record_insert(fold->db, &fold->record)
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
    fold->type = str_dup(fold->arena, rows_borrow_text(rows, 2));
    const Type *type = evolve_type(fold->names, fold->sequence, fold->type);
    if (!type) /* dropped since, or an event of the city itself: its pack */
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
    const Field *field;
    Value        value;
    TRY(evolve_read(fold->names, fold->arena, fold->sequence, fold->type, rows_borrow_text(rows, 5),
                    rows_borrow_text(rows, 6), &field, &value));
    if (!field) /* dropped since */
        return ERR_OK;
    fold->record.values[field->index] = value;
    fold->set[field->index] = true;
    return ERR_OK;
}

Err event_fold(Db *db, const Pack *pack, int64_t *events)
{
    OWNED(arena) Arena *kept = arena_new();
    OWNED(arena) Arena *arena = arena_new();
    OWNED(rows) Rows   *rows = NULL;
    Fold                fold = { .db = db, .arena = arena, .item = -1 };
    *events = 0;
    TRY(evolve_names(db, kept, pack, &fold.names));
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
