/* store/store.h: what we need of a database, and no more. SQLite stands behind it; PostgreSQL may later.
 *
 * Shape    a Db is one connection and belongs to one thread at a time. A statement is text that takes values by
 *          binding; each connection prepares a text once and keeps it (at most DB_STATEMENTS, least used goes
 *          first). Values bind as: text and id -> TEXT, integer, decimal units, boolean, day, milliseconds ->
 *          INTEGER, missing -> NULL.
 * Time     a reader's statement that took LIMIT_READ_MS of the processor is stopped: ECODE_STORE_SLOW.
 *          Writers are not watched.
 * Errors   ECODE_STORE_FULL and ECODE_STORE_READ_ONLY (503), ECODE_BUSY (503), ECODE_STORE_CORRUPT,
 *          ECODE_STORE_CONSTRAINT, ECODE_INTERNAL (500). A failed fsync or no memory ends the process at once: what is
 *          on the disk is then unknown, and a restart finds out.
 * Durable  write-ahead log, synchronous=FULL: when COMMIT has returned, the change survives power loss.
 * Files    a new database is readable by its owner alone; it is made of path, path-wal and path-shm. */
#ifndef FM_STORE_STORE_H
#define FM_STORE_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/value.h"

#define DB_STATEMENTS 256
#define DB_PARAMS_MAX 512

/* Crash only: one line to stderr and abort(). For a change of which it is not known whether it is on the disk, and for
 * one that is there and cannot be answered as such: an answer would differ from the disk, and a restart finds out. */
_Noreturn void store_end_process(const char *doing, const char *why);

typedef struct Db   Db;
typedef struct Rows Rows; /* a running statement */

typedef enum DbMode {
    DB_CREATE, /* made when absent; reads and writes */
    DB_WRITE,  /* must exist; reads and writes */
    DB_READ    /* must exist; any write is refused by the database */
} DbMode;

/* ECODE_FILE_MISSING when there is no such file, or no folder to make it in. */
Err                db_open(Str path, DbMode mode, Db **out) MUST_CHECK;
void               db_close(Db *db); /* NULL does nothing */
static inline void db_freep(Db **db) { db_close(*db); }

/* Runs a statement that gives no rows. */
Err     db_run(Db *db, Str sql, const Value *params, size_t count) MUST_CHECK;
int64_t db_changes(const Db *db); /* rows that the last db_run changed */
int64_t db_writes(const Db *db);  /* rows changed since the connection was opened, also those that were undone */
/* Starts a statement that gives rows. The Rows stay valid until rows_done(); never more than
 * 16 at once per connection. */
Err                db_query(Db *db, Str sql, const Value *params, size_t count, Rows **out) MUST_CHECK;
Err                rows_next(Rows *rows, bool *more) MUST_CHECK;
void               rows_done(Rows *rows);                        /* NULL does nothing */
static inline void rows_freep(Rows **rows) { rows_done(*rows); } /* OWNED(rows) */

/* The first column of all rows, as rows_int(): copied to the arena. In a reader's snapshot it is asked once: as long as
 * nobody has changed the database, the next snapshots of the connection recall what it gave (store/recall.h), to the
 * same asker alone: how long it takes must not tell what others ask. The statement must depend on the database and its
 * values alone. */
typedef struct Numbers {
    int64_t *items;
    size_t   count;
} Numbers;
Err  db_numbers(Db *db, Arena *arena, Str asker, Str sql, const Value *params, size_t count, Numbers *out) MUST_CHECK;
void db_forget(Db *db); /* what was asked: for those who measure how long it takes to ask */

bool    rows_missing(const Rows *rows, int column);
int64_t rows_int(const Rows *rows, int column);         /* 0 for NULL */
Str     rows_borrow_text(const Rows *rows, int column); /* until the next rows_next() or rows_done(); NULL is empty */

/* Several statements without values in one text: migrations and pragmas only. */
Err db_script(Db *db, Str sql) MUST_CHECK;

/* ---- transactions ----
 * From db_begin() to db_commit() all happens or nothing. An error may make the database end the transaction by itself
 * (disk full); it is then lost, and every call gives that same error until db_rollback(), so that nothing that follows
 * can slip through as a change of its own. */
Err  db_begin(Db *db) MUST_CHECK;  /* takes the right to write at once: ECODE_BUSY here, and not half-way */
Err  db_commit(Db *db) MUST_CHECK; /* no Rows may be open; the transaction is over also when this fails */
void db_rollback(Db *db);          /* without a transaction does nothing */
Err  db_lost(const Db *db);        /* the error that ended the transaction, or ERR_OK */
/* A part of the transaction that can be undone alone. Parts nest: keep and undo end the innermost. */
Err db_part_begin(Db *db) MUST_CHECK;
Err db_part_keep(Db *db) MUST_CHECK;
Err db_part_undo(Db *db) MUST_CHECK;

/* One snapshot for several reads, as of this call; end it within a second (architecture, section 5). */
Err  db_snapshot_begin(Db *db) MUST_CHECK;
void db_snapshot_end(Db *db);

/* Runs the steps that the database has not seen, each in a transaction of its own together with its number.
 * ECODE_STORE_NEWER when the database has seen more than there are. */
Err db_migrate(Db *db, const Str *steps, size_t count) MUST_CHECK;

/* ---- copying ----
 * Who waits for long work is told of it now and then, on the same thread; NULL: nobody. */
typedef struct DbWatch {
    void (*look)(void *context);
    void *context;
} DbWatch;

/* One snapshot as a database of its own, without what was erased or deleted. target: an empty file, or none; it is not
 * yet on the disk when this returns. Any connection; others read and write meanwhile. */
Err db_copy(Db *db, Str target, const DbWatch *watch) MUST_CHECK;
/* Reads every page. ECODE_STORE_CORRUPT with what is wrong first. */
Err db_check(Db *db, const DbWatch *watch) MUST_CHECK;

/* ---- write-ahead log ----
 * Its pages are moved to the database every DB_CHECKPOINT_PAGES, by the commit that reaches that number or, after
 * db_checkpoint_by_hand(), by db_checkpoint() alone. */
#define DB_CHECKPOINT_PAGES 1000
#define DB_WAL_PAGES_MAX    16384 /* 64 MiB: more than this the log should not keep on the disk */

typedef enum DbCheckpoint {
    DB_CHECKPOINT_PASSIVE, /* what can be moved without waiting for anybody */
    DB_CHECKPOINT_EMPTY    /* the same, and when no reader needs the log any more its file is cut to nothing */
} DbCheckpoint;

void    db_checkpoint_by_hand(Db *db);
Err     db_checkpoint(Db *db, DbCheckpoint how) MUST_CHECK; /* a reader in the way is no error */
int64_t db_wal_pages(const Db *db);                         /* pages in the write-ahead log at the last commit */
int64_t db_wal_backlog(const Db *db);                       /* of these, not yet moved */

/* ---- how long it takes ---- */

typedef struct DbSlow { /* who wants to hear of slow statements, and from when on */
    int64_t us;
    /* On the thread that ran it; sql has marks in place of values. */
    void (*tell)(Str sql, int64_t us);
} DbSlow;

/* slow lives as long as db; from any thread. */
void db_watch_slow(Db *db, const DbSlow *slow);
/* Microseconds spent in statements of db so far, without what was done between their rows. */
int64_t db_statement_us(const Db *db);

/* ---- erasing ----
 * What a change deletes or replaces is overwritten in the database file, and pages lose the copies that moving rows
 * left in them (store/scrub.h). The log holds it until it is emptied: whoever erases says so, and db_holds_erased() is
 * true until a DB_CHECKPOINT_EMPTY found no reader in its way. */
void db_erased(Db *db);
bool db_holds_erased(const Db *db);

#endif
