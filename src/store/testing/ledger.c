#include "store/testing/ledger.h"

const Str ledger_steps[1] = {
    STR_INIT("CREATE TABLE entry(number INTEGER PRIMARY KEY, payload TEXT NOT NULL) STRICT;"
             "CREATE TABLE tally(entries INTEGER NOT NULL) STRICT;"
             "INSERT INTO tally(entries) VALUES (0)"),
};

#define PAYLOAD_MAX 4000

static const Str sql_add = STR_INIT("INSERT INTO entry(number, payload) VALUES (?, ?)");
static const Str sql_count = STR_INIT("UPDATE tally SET entries = entries + 1");
static const Str sql_has = STR_INIT("SELECT 1 FROM entry WHERE number = ?");
static const Str sql_totals = STR_INIT(
    "SELECT count(*), coalesce(max(number), 0), (SELECT entries FROM tally) FROM entry");
static const Str sql_entries = STR_INIT("SELECT number, payload FROM entry");
static const Str sql_integrity = STR_INIT("PRAGMA integrity_check");

Err ledger_make(Str path)
{
    Db *db = NULL;
    TRY(db_open(path, DB_CREATE, &db));
    Err err = db_migrate(db, ledger_steps, 1);
    db_close(db);
    return err;
}

/* From no bytes to more than a page, so that entries share pages, fill them, and overflow them. */
static Str payload_of(int64_t number, char buffer[PAYLOAD_MAX])
{
    uint64_t mixed = (uint64_t)number * 0x9E3779B97F4A7C15u;
    size_t   len = (mixed >> 32) % PAYLOAD_MAX;
    if (mixed % 4)
        len %= 200;
    for (size_t i = 0; i < len; i++)
        buffer[i] = (char)('a' + (mixed >> 40) * (i + 1) % 26);
    return (Str){ buffer, len };
}

Err ledger_add(Db *db, int64_t number)
{
    char  buffer[PAYLOAD_MAX];
    Value values[] = { value_int(number), value_text(payload_of(number, buffer)) };
    TRY(db_run(db, sql_add, values, 2));
    return db_run(db, sql_count, NULL, 0);
}

Err ledger_has(Db *db, int64_t number, bool *out)
{
    Rows *rows = NULL;
    Value key = value_int(number);
    TRY(db_query(db, sql_has, &key, 1, &rows));
    Err err = rows_next(rows, out);
    rows_done(rows);
    return err;
}

static Err check_totals(Db *db, LedgerState *state)
{
    Rows *rows = NULL;
    bool  more = false;
    TRY(db_query(db, sql_totals, NULL, 0, &rows));
    Err err = rows_next(rows, &more);
    if (!err.kind) {
        state->entries = rows_int(rows, 0);
        state->highest = rows_int(rows, 1);
        state->intact &= more && rows_int(rows, 2) == state->entries;
    }
    rows_done(rows);
    return err;
}

static Err check_payloads(Db *db, LedgerState *state)
{
    Rows *rows = NULL;
    bool  more = false;
    char  buffer[PAYLOAD_MAX];
    Err   err = db_query(db, sql_entries, NULL, 0, &rows);
    while (!err.kind && !(err = rows_next(rows, &more)).kind && more)
        state->intact &= str_eq(rows_borrow_text(rows, 1), payload_of(rows_int(rows, 0), buffer));
    rows_done(rows);
    return err;
}

static Err check_database(Db *db, LedgerState *state)
{
    Rows *rows = NULL;
    bool  more = false;
    TRY(db_query(db, sql_integrity, NULL, 0, &rows));
    Err err = rows_next(rows, &more);
    state->intact &= !err.kind && more && str_eq(rows_borrow_text(rows, 0), STR("ok"));
    rows_done(rows);
    return err;
}

Err ledger_check(Db *db, LedgerState *out)
{
    *out = (LedgerState){ .intact = true };
    TRY(check_database(db, out));
    TRY(check_totals(db, out));
    return check_payloads(db, out);
}
