#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "store/recall.h"
#include "store/scrub.h"
#include "store/statement.h"

#define ROWS_MAX 16

struct Rows {
    Db        *db;
    Statement *statement; /* NULL: this place is free */
    bool       ended;     /* another step would run the statement again from its start */
    int64_t    spent_ns;
};

struct Db {
    sqlite3                *sqlite;
    Statements             *statements;
    Recall                 *recall;
    bool                    recalls; /* in a snapshot whose contents it knows */
    DbMode                  mode;
    int64_t                 changes;
    bool                    in_transaction; /* between db_begin() and its end */
    Err                     lost;           /* why the database ended that transaction */
    bool                    by_hand;
    int64_t                 wal_pages, wal_moved;
    bool                    erased;        /* the log may hold what was erased */
    Scrub                   scrub;         /* of what writes */
    int64_t                 busy_since_us; /* when the watch first looked at the running statement; 0: not yet */
    int64_t                 spent_ns;      /* in statements */
    _Atomic(const DbSlow *) slow;
    size_t                  rows_open;
    Rows                    rows[ROWS_MAX];
};

/* ---- errors ---- */

/* After these the state of the disk is unknown, or there is no memory; neither may be answered with a guess. */
static const int fatal_results[] = { SQLITE_NOMEM, SQLITE_IOERR_NOMEM, SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC,
                                     SQLITE_IOERR_WRITE };

static const struct {
    int     result; /* extended, or a primary one for all its extended ones */
    ErrCode code;
} error_map[] = {
    { SQLITE_IOERR_SHMSIZE, ECODE_STORE_FULL }, /* the log's index could not grow */
    { SQLITE_IOERR_CORRUPTFS, ECODE_STORE_CORRUPT },
    { SQLITE_IOERR_DATA, ECODE_STORE_CORRUPT },
    { SQLITE_FULL, ECODE_STORE_FULL },
    { SQLITE_READONLY, ECODE_STORE_READ_ONLY },
    { SQLITE_CANTOPEN, ECODE_STORE_READ_ONLY },
    { SQLITE_PERM, ECODE_STORE_READ_ONLY },
    { SQLITE_BUSY, ECODE_BUSY },
    { SQLITE_LOCKED, ECODE_BUSY },
    { SQLITE_CORRUPT, ECODE_STORE_CORRUPT },
    { SQLITE_NOTADB, ECODE_STORE_CORRUPT },
    { SQLITE_CONSTRAINT, ECODE_STORE_CONSTRAINT },
    { SQLITE_INTERRUPT, ECODE_STORE_SLOW }, /* by watch() */
};

static ErrCode code_of(int result)
{
    for (size_t i = 0; i < sizeof error_map / sizeof *error_map; i++)
        if (error_map[i].result == result || error_map[i].result == (result & 0xff))
            return error_map[i].code;
    return ECODE_INTERNAL;
}

void store_end_process(const char *doing, const char *why)
{
    fprintf(stderr, "store: %s: %s; the process ends, so that no answer differs from the disk\n", doing, why);
    abort();
}

static _Noreturn void die(const char *doing, int result)
{
    char why[160];
    snprintf(why, sizeof why, "%s (sqlite %d)", sqlite3_errstr(result), result);
    store_end_process(doing, why);
}

static bool is_fatal(int result)
{
    for (size_t i = 0; i < sizeof fatal_results / sizeof *fatal_results; i++)
        if (fatal_results[i] == result)
            return true;
    return false;
}

/* Turns a result code into an error, ends the process where that is the rule, and notices a lost transaction. */
static Err fail(Db *db, int result, const char *doing)
{
    if (is_fatal(result))
        die(doing, result);
    const char *message = sqlite3_extended_errcode(db->sqlite) == result ? sqlite3_errmsg(db->sqlite)
                                                                         : sqlite3_errstr(result);
    Err         err = err_make(code_of(result), "%s: %s (sqlite %d)", doing, message, result);
    if (db->in_transaction && sqlite3_get_autocommit(db->sqlite) && !db->lost.kind)
        db->lost = err;
    return err;
}

/* ---- opening and closing ---- */

static pthread_once_t sqlite_once = PTHREAD_ONCE_INIT;

/* No statistics of memory, because they cost a lock for each allocation. Fails only when somebody in this process has
 * used SQLite before; SQLITE_OPEN_NOMUTEX then still holds for each connection. */
static void sqlite_setup(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static const struct {
    int option, on;
} safety[] = {
    { SQLITE_DBCONFIG_DEFENSIVE, 1 },
    { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
    { SQLITE_DBCONFIG_DQS_DML, 0 },
    { SQLITE_DBCONFIG_DQS_DDL, 0 },
    { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
    { SQLITE_DBCONFIG_ENABLE_FKEY, 0 },
    { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
};

static const struct {
    int limit, value;
} bounds[] = {
    { SQLITE_LIMIT_LENGTH, 33554432 }, /* a row: twice the longest body */
    { SQLITE_LIMIT_SQL_LENGTH, DB_SQL_BYTES },  { SQLITE_LIMIT_COLUMN, 1000 },
    { SQLITE_LIMIT_COMPOUND_SELECT, 64 },       { SQLITE_LIMIT_VDBE_OP, 1000000 },
    { SQLITE_LIMIT_FUNCTION_ARG, 100 },         { SQLITE_LIMIT_ATTACHED, 1 }, /* VACUUM INTO attaches its target */
    { SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 8192 }, { SQLITE_LIMIT_VARIABLE_NUMBER, DB_PARAMS_MAX },
    { SQLITE_LIMIT_TRIGGER_DEPTH, 1 },          { SQLITE_LIMIT_WORKER_THREADS, 0 },
};

/* A writer waits for a checkpoint or a shell beside it; a reader meets a lock only while a crashed log is recovered. */
static const int busy_ms[] = { [DB_CREATE] = 2000, [DB_WRITE] = 2000, [DB_READ] = 250 };

/* Caches: at most 64 + 4 + 4 MB for a writer and two readers. With less, one change of many records would write out
 * pages of its indexes and read them again. No mapped files: a reader maps anew after each commit of the writer, which
 * doubled the cost of a query beside 4,500 commits a second (19 us for 8) to save 1.3 us in quiet. */
#define WRITER_SCRIPT                                                                                                  \
    "PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-64000;"                                     \
    "PRAGMA journal_size_limit=67108864; PRAGMA secure_delete=ON; PRAGMA max_page_count="
#define TEXT_OF(number)        #number
#define WITH_NUMBER(s, number) (s TEXT_OF(number))
static const char *const open_scripts[] = {
    [DB_CREATE] = WITH_NUMBER(WRITER_SCRIPT, SCRUB_PAGES_MAX),
    [DB_WRITE] = WITH_NUMBER(WRITER_SCRIPT, SCRUB_PAGES_MAX),
    [DB_READ] = "PRAGMA query_only=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-4000;"
                "SELECT 1 FROM sqlite_schema LIMIT 1",
};

/* Runs after each commit, when its locks are gone. Its result would be the commit's, which has
 * happened: always success. */
static int on_commit(void *arg, sqlite3 *sqlite, const char *schema, int pages)
{
    (void)sqlite;
    (void)schema;
    Db *db = arg;
    if (pages < db->wal_moved) /* the log has begun again from its start */
        db->wal_moved = 0;
    db->wal_pages = pages;
    if (!db->by_hand && db_wal_backlog(db) >= DB_CHECKPOINT_PAGES) {
        Err err = db_checkpoint(db, DB_CHECKPOINT_PASSIVE);
        (void)err; /* the change is safe in the log; the next commit tries again */
    }
    return SQLITE_OK;
}

/* ---- no statement may keep a reader for long ---- */

#define WATCH_STEPS 10000 /* of SQLite's machine, some 0.2 ms: a short statement is never looked at */

static int64_t processor_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A filter of a few words can ask for more than a machine ever computes, and its thread serves others too. The
 * processor's time counts, not the wall's: on a machine that is busy elsewhere nothing is stopped that did little. */
static int watch(void *arg)
{
    Db     *db = arg;
    int64_t now = processor_us();
    if (!db->busy_since_us)
        db->busy_since_us = now;
    return now - db->busy_since_us > LIMIT_READ_MS * 1000LL;
}

static void watch_statements(Db *db)
{
    if (db->mode == DB_READ)
        sqlite3_progress_handler(db->sqlite, WATCH_STEPS, watch, db);
    else
        sqlite3_progress_handler(db->sqlite, 0, NULL, NULL);
}

/* "synchronous=FULL" promises what it says only with the log, and the log needs shared memory: not
 * every file system has it. */
static Err wal_turn_on(Db *db)
{
    Rows *rows = NULL;
    bool  more;
    TRY(db_query(db, STR("PRAGMA journal_mode=WAL"), NULL, 0, &rows));
    Err err = rows_next(rows, &more);
    if (!err.kind && !(more && str_eq(rows_borrow_text(rows, 0), STR("wal"))))
        err = err_make(ECODE_STORE_READ_ONLY, "no write-ahead log on this file system");
    rows_done(rows);
    return err;
}

static Err configure(Db *db)
{
    sqlite3_extended_result_codes(db->sqlite, 1);
    sqlite3_busy_timeout(db->sqlite, busy_ms[db->mode]);
    for (size_t i = 0; i < sizeof safety / sizeof *safety; i++)
        sqlite3_db_config(db->sqlite, safety[i].option, safety[i].on, NULL);
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
        sqlite3_limit(db->sqlite, bounds[i].limit, bounds[i].value);
    if (db->mode != DB_READ) {
        if (sqlite3_db_readonly(db->sqlite, "main"))
            return err_make(ECODE_STORE_READ_ONLY, "no permission to write the file");
        int result = scrub_install(db->sqlite, &db->scrub);
        if (result != SQLITE_OK)
            return fail(db, result, "standing before the file");
        TRY(wal_turn_on(db));
        sqlite3_wal_hook(db->sqlite, on_commit, db);
    }
    watch_statements(db);
    return db_script(db, str_from(open_scripts[db->mode]));
}

/* NUL-terminated, and never ":memory:" or "file:…", which SQLite would take for something else than a path. */
static Err path_name(Str path, char *out, size_t size)
{
    if (path.len == 0 || memchr(path.ptr, '\0', path.len) || path.len + sizeof "./" > size)
        return err_make(ECODE_FILE_MISSING, "path of %zu bytes", path.len);
    snprintf(out, size, "%s%.*s", path.ptr[0] == '/' ? "" : "./", STR_FMT(path));
    return ERR_OK;
}

/* Made here and not by SQLite, whose new files anybody may read. Only a file that did not exist is opened: closing any
 * descriptor of a database drops the locks that this process holds on it. */
static void make_private(const char *name)
{
    int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
}

Err db_open(Str path, DbMode mode, Db **out)
{
    static const int flags[] = { [DB_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                 [DB_WRITE] = SQLITE_OPEN_READWRITE,
                                 [DB_READ] = SQLITE_OPEN_READONLY };
    char             name[PATH_MAX];
    TRY(path_name(path, name, sizeof name));
    pthread_once(&sqlite_once, sqlite_setup);
    if (mode == DB_CREATE)
        make_private(name);
    Db *db = mem_alloc(sizeof *db);
    *db = (Db){ .mode = mode };
    int result = sqlite3_open_v2(name, &db->sqlite, flags[mode] | SQLITE_OPEN_NOMUTEX, NULL);
    Err err;
    if (!db->sqlite) {
        die("opening the database", SQLITE_NOMEM);
    } else if (result != SQLITE_OK) {
        bool missing = access(name, F_OK) != 0 && errno == ENOENT;
        err = missing ? err_make(ECODE_FILE_MISSING, "no such file")
                      : fail(db, sqlite3_extended_errcode(db->sqlite), "opening");
    } else {
        db->statements = statements_new(db->sqlite);
        db->recall = recall_new();
        err = configure(db);
    }
    if (err.kind) {
        db_close(db);
        return err_within(err, "database %.*s", STR_FMT(path));
    }
    *out = db;
    return ERR_OK;
}

void db_close(Db *db)
{
    if (!db)
        return;
    assert(db->rows_open == 0);
    statements_free(db->statements);
    recall_free(db->recall);
    int result = sqlite3_close(db->sqlite);
    assert(result == SQLITE_OK); /* anything else is a statement that was not given back */
    (void)result;
    free(db);
}

/* ---- statements ---- */

/* copies: the values outlive the call only as copies, when rows are still to come. */
static int bind_value(sqlite3_stmt *stmt, int at, const Value *value, bool copies)
{
    switch (value->kind) {
    case VALUE_TEXT:
    case VALUE_LIST:
    case VALUE_ROWS:
    case VALUE_FILES:
    case VALUE_ID: /* a NULL pointer would bind NULL: empty text is a value */
        return sqlite3_bind_text64(stmt, at, value->text.len ? value->text.ptr : "", value->text.len,
                                   copies ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8);
    case VALUE_INTEGER:
    case VALUE_DECIMAL:
    case VALUE_BOOLEAN:
    case VALUE_DATE:
    case VALUE_INSTANT: return sqlite3_bind_int64(stmt, at, value->number);
    case VALUE_MISSING:
    case VALUE_KIND_COUNT: break;
    }
    return sqlite3_bind_null(stmt, at);
}

/* Takes the statement of sql and binds its values. with_rows: whether the caller expects rows, so that db_run() of a
 * query and db_query() of a change are found at their first run. */
static Err start(Db *db, Str sql, const Value *params, size_t count, bool with_rows, Statement **out)
{
    if (db->lost.kind)
        return db->lost;
    db->busy_since_us = 0;
    Statement *statement = NULL;
    int        result = statement_take(db->statements, sql, &statement);
    if (result != SQLITE_OK)
        return fail(db, result, "preparing a statement");
    sqlite3_stmt *stmt = statement_borrow(statement);
    size_t        wanted = (size_t)sqlite3_bind_parameter_count(stmt);
    Err           err = ERR_OK;
    if (wanted != count)
        err = err_make(ECODE_INTERNAL, "%zu values for a statement with %zu: %.*s", count, wanted, STR_FMT(sql));
    else if ((sqlite3_column_count(stmt) > 0) != with_rows)
        err = err_make(ECODE_INTERNAL, "statement gives %s: %.*s", with_rows ? "no rows" : "rows", STR_FMT(sql));
    for (size_t i = 0; !err.kind && i < count; i++) {
        result = bind_value(stmt, (int)i + 1, &params[i], with_rows);
        if (result != SQLITE_OK)
            err = fail(db, result, "binding a value");
    }
    if (err.kind)
        statement_give(statement);
    else
        *out = statement;
    return err;
}

/* ---- how long it takes ---- */

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* One step; *spent_ns of its statement grows. */
static int step(Db *db, Statement *statement, int64_t *spent_ns)
{
    int64_t began = now_ns();
    int     result = sqlite3_step(statement_borrow(statement));
    int64_t took = now_ns() - began;
    *spent_ns += took;
    db->spent_ns += took;
    return result;
}

/* Of a statement that has ended. */
static void tell_slow(const Db *db, const Statement *statement, int64_t spent_ns)
{
    const DbSlow *slow = atomic_load_explicit(&db->slow, memory_order_acquire);
    if (slow && spent_ns / 1000 >= slow->us)
        slow->tell(str_from(sqlite3_sql(statement_borrow(statement))), spent_ns / 1000);
}

void db_watch_slow(Db *db, const DbSlow *slow) { atomic_store_explicit(&db->slow, slow, memory_order_release); }

int64_t db_statement_us(const Db *db) { return db->spent_ns / 1000; }

/* ---- running ---- */

Err db_run(Db *db, Str sql, const Value *params, size_t count)
{
    Statement *statement = NULL;
    TRY(start(db, sql, params, count, false, &statement));
    int64_t before = sqlite3_total_changes64(db->sqlite);
    int64_t spent_ns = 0;
    int     result = step(db, statement, &spent_ns);
    Err     err = result == SQLITE_DONE ? ERR_OK : fail(db, result, "running a statement");
    /* SQLite keeps the number of the last change also over statements that change nothing, such as CREATE TABLE. */
    db->changes = sqlite3_total_changes64(db->sqlite) == before ? 0 : sqlite3_changes64(db->sqlite);
    tell_slow(db, statement, spent_ns);
    statement_give(statement);
    return err;
}

int64_t db_changes(const Db *db) { return db->changes; }

int64_t db_writes(const Db *db) { return sqlite3_total_changes64(db->sqlite); }

Err db_query(Db *db, Str sql, const Value *params, size_t count, Rows **out)
{
    Rows *rows = db->rows;
    while (rows < db->rows + ROWS_MAX && rows->statement)
        rows++;
    assert(rows < db->rows + ROWS_MAX);
    Statement *statement = NULL;
    TRY(start(db, sql, params, count, true, &statement));
    *rows = (Rows){ .db = db, .statement = statement };
    db->rows_open++;
    *out = rows;
    return ERR_OK;
}

Err rows_next(Rows *rows, bool *more)
{
    *more = false;
    if (rows->db->lost.kind)
        return rows->db->lost;
    if (rows->ended)
        return ERR_OK;
    int result = step(rows->db, rows->statement, &rows->spent_ns);
    *more = result == SQLITE_ROW;
    rows->ended = !*more;
    return result == SQLITE_ROW || result == SQLITE_DONE ? ERR_OK : fail(rows->db, result, "reading rows");
}

void rows_done(Rows *rows)
{
    if (!rows || !rows->statement)
        return;
    tell_slow(rows->db, rows->statement, rows->spent_ns);
    statement_give(rows->statement);
    rows->statement = NULL;
    rows->db->rows_open--;
}

/* ---- numbers ---- */

/* Who asks, a statement and its values, such that no two have the same bytes. */
static Str recall_key(Arena *arena, Str asker, Str sql, const Value *params, size_t count)
{
    Buf key = buf_new(arena, SIZE_MAX);
    buf_printf(&key, "%zu:", asker.len);
    buf_add(&key, asker);
    buf_add(&key, sql);
    for (size_t i = 0; i < count; i++) {
        buf_char(&key, '\0');
        buf_printf(&key, "%d:%lld:%zu:", (int)params[i].kind, (long long)params[i].number, params[i].text.len);
        buf_add(&key, params[i].text);
    }
    return buf_str(&key);
}

static Err numbers_ask(Db *db, Arena *arena, Str sql, const Value *params, size_t count, Numbers *out)
{
    OWNED(rows) Rows *rows = NULL;
    size_t            capacity = 0;
    *out = (Numbers){ 0 };
    TRY(db_query(db, sql, params, count, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        ARENA_ROOM(arena, out->items, out->count, capacity);
        out->items[out->count++] = rows_int(rows, 0);
    }
}

Err db_numbers(Db *db, Arena *arena, Str asker, Str sql, const Value *params, size_t count, Numbers *out)
{
    if (!db->recalls)
        return numbers_ask(db, arena, sql, params, count, out);
    Str            key = recall_key(arena, asker, sql, params, count);
    const int64_t *known;
    if (!recall_find(db->recall, key, &known, &out->count)) {
        TRY(numbers_ask(db, arena, sql, params, count, out));
        recall_keep(db->recall, key, out->items, out->count);
        return ERR_OK;
    }
    out->items = ARENA_ARRAY(arena, int64_t, out->count);
    if (out->count)
        memcpy(out->items, known, out->count * sizeof *known);
    return ERR_OK;
}

void db_forget(Db *db)
{
    recall_free(db->recall);
    db->recall = recall_new();
    db->recalls = false;
}

bool rows_missing(const Rows *rows, int column)
{
    return sqlite3_column_type(statement_borrow(rows->statement), column) == SQLITE_NULL;
}

int64_t rows_int(const Rows *rows, int column)
{
    return sqlite3_column_int64(statement_borrow(rows->statement), column);
}

Str rows_borrow_text(const Rows *rows, int column)
{
    sqlite3_stmt *stmt = statement_borrow(rows->statement);
    const char   *text = (const char *)sqlite3_column_text(stmt, column);
    if (!text && sqlite3_errcode(rows->db->sqlite) == SQLITE_NOMEM)
        die("reading a column", SQLITE_NOMEM);
    return (Str){ text, text ? (size_t)sqlite3_column_bytes(stmt, column) : 0 };
}

Err db_script(Db *db, Str sql)
{
    if (db->lost.kind)
        return db->lost;
    if (sql.len && memchr(sql.ptr, '\0', sql.len))
        return err_make(ECODE_INTERNAL, "a NUL in a script");
    char *text = mem_alloc(sql.len + 1);
    memcpy(text, sql.ptr, sql.len);
    text[sql.len] = '\0';
    int result = sqlite3_exec(db->sqlite, text, NULL, NULL, NULL);
    free(text);
    return result == SQLITE_OK ? ERR_OK : fail(db, result, "running a script");
}

/* ---- copying ---- */

static int look_on(void *arg)
{
    const DbWatch *watch = arg;
    watch->look(watch->context);
    return 0;
}

/* Long work that is meant to be long: nothing stops it. */
static void look_on_begin(Db *db, const DbWatch *watch)
{
    sqlite3_progress_handler(db->sqlite, watch ? WATCH_STEPS : 0, watch ? look_on : NULL, (void *)watch);
}

Err db_copy(Db *db, Str target, const DbWatch *watch)
{
    char  name[PATH_MAX];
    Value path;
    TRY(path_name(target, name, sizeof name));
    path = value_text(str_from(name));
    if (db->mode == DB_READ) /* it is the target that is written */
        TRY(db_script(db, STR("PRAGMA query_only=OFF")));
    look_on_begin(db, watch);
    Err err = db_run(db, STR("VACUUM INTO ?"), &path, 1);
    watch_statements(db);
    if (db->mode != DB_READ)
        return err;
    Err again = db_script(db, STR("PRAGMA query_only=ON"));
    return err.kind ? err : again;
}

static Err integrity(Db *db)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    TRY(db_query(db, STR("PRAGMA integrity_check(1)"), NULL, 0, &rows));
    TRY(rows_next(rows, &more));
    Str said = more ? rows_borrow_text(rows, 0) : STR("no answer");
    return str_eq(said, STR("ok")) ? ERR_OK : err_make(ECODE_STORE_CORRUPT, "%.*s", STR_FMT(said));
}

Err db_check(Db *db, const DbWatch *watch)
{
    look_on_begin(db, watch);
    Err err = integrity(db);
    watch_statements(db);
    return err;
}

/* ---- transactions ---- */

Err db_begin(Db *db)
{
    assert(!db->in_transaction);
    TRY(db_run(db, STR("BEGIN IMMEDIATE"), NULL, 0));
    db->in_transaction = true;
    return ERR_OK;
}

/* A commit that failed on input or output may have put its last page into the log all the same: a restart would then
 * find the change that we reported as not done. "Full" and "busy" are known to have left nothing. */
static Err commit(Db *db)
{
    Err err = db_run(db, STR("COMMIT"), NULL, 0);
    int result = sqlite3_extended_errcode(db->sqlite);
    if (err.kind && (result & 0xff) == SQLITE_IOERR)
        die("committing", result);
    return err;
}

Err db_commit(Db *db)
{
    assert(db->in_transaction && db->rows_open == 0);
    Err err = db->lost.kind ? db->lost : commit(db);
    if (err.kind)
        db_rollback(db);
    db->in_transaction = false;
    return err;
}

void db_rollback(Db *db)
{
    if (!db->in_transaction)
        return;
    db->in_transaction = false;
    db->lost = ERR_OK;
    if (sqlite3_get_autocommit(db->sqlite))
        return;
    Err err = db_run(db, STR("ROLLBACK"), NULL, 0);
    if (err.kind && !sqlite3_get_autocommit(db->sqlite))
        die("rolling back", sqlite3_extended_errcode(db->sqlite)); /* what comes next would join a half-done change */
}

Err db_lost(const Db *db) { return db->lost; }

Err db_part_begin(Db *db) { return db_run(db, STR("SAVEPOINT part"), NULL, 0); }

Err db_part_keep(Db *db) { return db_run(db, STR("RELEASE part"), NULL, 0); }

Err db_part_undo(Db *db)
{
    TRY(db_run(db, STR("ROLLBACK TO part"), NULL, 0));
    return db_run(db, STR("RELEASE part"), NULL, 0);
}

/* BEGIN alone would let the first read choose the snapshot. */
/* Of one that writes the version stays the same over its own changes. */
static void recall_begin(Db *db)
{
    uint32_t version;
    if (db->mode != DB_READ ||
        sqlite3_file_control(db->sqlite, "main", SQLITE_FCNTL_DATA_VERSION, &version) != SQLITE_OK)
        return;
    recall_contents(db->recall, version);
    db->recalls = true;
}

Err db_snapshot_begin(Db *db)
{
    Rows *rows = NULL;
    bool  more;
    TRY(db_run(db, STR("BEGIN"), NULL, 0));
    Err err = db_query(db, STR("SELECT 1 FROM sqlite_schema LIMIT 1"), NULL, 0, &rows);
    if (!err.kind)
        err = rows_next(rows, &more);
    rows_done(rows);
    if (err.kind)
        db_snapshot_end(db);
    else
        recall_begin(db);
    return err;
}

void db_snapshot_end(Db *db)
{
    db->recalls = false;
    if (sqlite3_get_autocommit(db->sqlite))
        return;
    Err err = db_run(db, STR("COMMIT"), NULL, 0);
    if (err.kind)
        die("ending a snapshot", sqlite3_extended_errcode(db->sqlite)); /* it would never end, nor let the log shrink */
}

/* ---- migrations ---- */

/* The number of steps seen stands in the header of the database file and is part of the transaction. */
static Err steps_seen(Db *db, int64_t *out)
{
    Rows *rows = NULL;
    bool  more;
    TRY(db_query(db, STR("PRAGMA user_version"), NULL, 0, &rows));
    Err err = rows_next(rows, &more);
    if (!err.kind)
        *out = rows_int(rows, 0);
    rows_done(rows);
    return err;
}

static Err set_steps_seen(Db *db, int64_t seen)
{
    char text[64]; /* a pragma takes no bound values */
    snprintf(text, sizeof text, "PRAGMA user_version=%lld", (long long)seen);
    return db_script(db, str_from(text));
}

/* Inside a transaction; *done when there was no step left, which another process may have seen to. */
static Err next_step(Db *db, const Str *steps, size_t count, bool *done)
{
    int64_t seen = 0;
    TRY(steps_seen(db, &seen));
    if (seen < 0 || (uint64_t)seen > count)
        return err_make(ECODE_STORE_NEWER, "schema %lld, this program knows %zu", (long long)seen, count);
    *done = (uint64_t)seen == count;
    if (*done)
        return ERR_OK;
    Err err = db_script(db, steps[seen]);
    if (!err.kind && sqlite3_get_autocommit(db->sqlite))
        err = err_make(ECODE_INTERNAL, "the step ended its transaction");
    if (!err.kind)
        err = set_steps_seen(db, seen + 1);
    return err.kind ? err_within(err, "migration %lld", (long long)seen + 1) : ERR_OK;
}

Err db_migrate(Db *db, const Str *steps, size_t count)
{
    for (bool done = false; !done;) {
        TRY(db_begin(db));
        Err err = next_step(db, steps, count, &done);
        if (err.kind) {
            db_rollback(db);
            return err;
        }
        TRY(db_commit(db));
    }
    return ERR_OK;
}

/* ---- write-ahead log ---- */

void db_checkpoint_by_hand(Db *db) { db->by_hand = true; }

Err db_checkpoint(Db *db, DbCheckpoint how)
{
    static const int modes[] = {
        [DB_CHECKPOINT_PASSIVE] = SQLITE_CHECKPOINT_PASSIVE, [DB_CHECKPOINT_EMPTY] = SQLITE_CHECKPOINT_TRUNCATE
    };
    int log = -1, moved = -1;
    sqlite3_busy_timeout(db->sqlite, 0);
    int result = sqlite3_wal_checkpoint_v2(db->sqlite, "main", modes[how], &log, &moved);
    sqlite3_busy_timeout(db->sqlite, busy_ms[db->mode]);
    if (log >= 0) {
        db->wal_pages = log;
        db->wal_moved = moved;
    }
    if (how == DB_CHECKPOINT_EMPTY && result == SQLITE_OK) {
        db->erased = false;
        sqlite3_db_release_memory(db->sqlite); /* pages in the cache were not scrubbed */
    }
    return result == SQLITE_OK || result == SQLITE_BUSY ? ERR_OK : fail(db, result, "moving the write-ahead log");
}

void db_erased(Db *db) { db->erased = true; }

bool db_holds_erased(const Db *db) { return db->erased; }

int64_t db_wal_pages(const Db *db) { return db->wal_pages; }

int64_t db_wal_backlog(const Db *db) { return db->wal_pages - db->wal_moved; }
