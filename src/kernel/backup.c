#include "kernel/backup.h"

#include "kernel/bundle.h"
#include "kernel/event.h"
#include "kernel/file_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATABASE     "city.db"
#define ARENA_EVENTS 256 /* checked between two times that memory is given back */

static const Str sql_tables = STR_INIT(
    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('setting', 'pack', 'pack_file', 'event')");
static const Str sql_events = STR_INIT(
    "SELECT count(*), coalesce(max(sequence), 0), coalesce(max(time), 0) FROM event");
static const Str sql_sign_out = STR_INIT("DELETE FROM session");
/* What no record held has no bytes in a backup. */
static const Str sql_no_uploads[] = { STR_INIT("DELETE FROM upload"), STR_INIT("DELETE FROM file_loose") };
/* An empty hash is no password: nobody signs in with it (kernel/signin.h). */
static const Str sql_no_passwords = STR_INIT("UPDATE credential SET hash = ''");

/* A city has no views and triggers, which would do something of themselves, and no part of an event stands alone. */
static const Str sql_strange = STR_INIT(
    "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type IN ('view', 'trigger'))"
    " OR EXISTS (SELECT 1 FROM event_record WHERE sequence NOT IN (SELECT sequence FROM event))"
    " OR EXISTS (SELECT 1 FROM event_value WHERE sequence NOT IN (SELECT sequence FROM event))");

/* ---- is it whole? ---- */

static Err check_strange(Db *db)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    TRY(db_query(db, sql_strange, NULL, 0, &rows));
    TRY(rows_next(rows, &more));
    return rows_int(rows, 0) ? err_make(ECODE_STORE_CORRUPT, "a view, a trigger, or a part of an event alone") : ERR_OK;
}

static Err check_kind(Db *db)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    TRY(db_query(db, sql_tables, NULL, 0, &rows));
    TRY(rows_next(rows, &more));
    return more && rows_int(rows, 0) == 4 ? ERR_OK : err_make(ECODE_BACKUP_FOREIGN, "no city's tables");
}

static Err count_events(Db *db, BackupAbout *out)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    TRY(db_query(db, sql_events, NULL, 0, &rows));
    TRY(rows_next(rows, &more));
    out->events = rows_int(rows, 0);
    out->last_ms = rows_int(rows, 2);
    return rows_int(rows, 1) == out->events ? ERR_OK : err_make(ECODE_STORE_CORRUPT, "events are missing");
}

static Err check_events(Db *db, int64_t count, const DbWatch *watch)
{
    OWNED(arena) Arena *arena = arena_new();
    for (int64_t sequence = 1; sequence <= count; sequence++) {
        bool same;
        TRY(event_verify(db, arena, sequence, &same));
        if (!same)
            return err_make(ECODE_STORE_CORRUPT, "event %lld is not what its manifest says", (long long)sequence);
        if (sequence % ARENA_EVENTS)
            continue;
        arena_reset(arena);
        if (watch)
            watch->look(watch->context);
    }
    return ERR_OK;
}

static Err about_file(Arena *arena, Str file, BackupAbout *out)
{
    struct stat status;
    if (stat(str_dup_z(arena, file), &status) != 0)
        return err_make(ECODE_FILE_READ, "%.*s: %m", STR_FMT(file));
    out->bytes = status.st_size;
    return ERR_OK;
}

/* ---- writing ---- */

static Err copy_city(Str database, Str target, const DbWatch *watch)
{
    OWNED(db) Db *db = NULL;
    TRY(db_open(database, DB_READ, &db));
    return db_copy(db, target, watch);
}

static Err check_copy(Str copy, const DbWatch *watch, BackupAbout *out)
{
    OWNED(db) Db *db = NULL;
    TRY(db_open(copy, DB_READ, &db));
    TRY(db_check(db, watch));
    return count_events(db, out);
}

/* Private, as the city's own; what an earlier try has left goes. */
static Err make_empty(Str path)
{
    unlink(path.ptr);
    int fd = open(path.ptr, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_make(errno == ENOENT   ? ECODE_FILE_MISSING
                        : errno == ENOSPC ? ECODE_STORE_FULL
                                          : ECODE_FILE_READ,
                        "%.*s: %m", STR_FMT(path));
    close(fd);
    return ERR_OK;
}

/* ---- files ---- */

typedef struct FileWork { /* one file after the other */
    Str            dir;
    Bundle        *bundle;
    const DbWatch *watch;
    BackupAbout   *about;
} FileWork;

static void file_done(const FileWork *work, int64_t size)
{
    work->about->files++;
    work->about->file_bytes += size;
    if (work->watch)
        work->watch->look(work->watch->context);
}

static Err add_file(void *context, Str sha256, int64_t size)
{
    OWNED(arena) Arena *arena = arena_new();
    const FileWork     *work = context;
    Hash                hash;
    TRY(bundle_add(work->bundle, file_path_in(arena, STR_NONE, sha256), file_path_in(arena, work->dir, sha256), &hash));
    if (!str_eq(hex_encode(arena, hash_str(&hash)), sha256))
        return err_make(ECODE_STORE_CORRUPT, "file %.*s is not what it was", STR_FMT(sha256));
    file_done(work, size);
    return ERR_OK;
}

/* The files that the copy names: a later event's are not in it, and none of these goes while they are locked. */
static Err add_files(Str dir, Str copy, Bundle *bundle, const DbWatch *watch, BackupAbout *out)
{
    OWNED(db) Db *db = NULL;
    FileWork      work = { dir, bundle, watch, out };
    TRY(db_open(copy, DB_READ, &db));
    return file_held(db, add_file, &work);
}

typedef struct Writing {
    Str            dir, database, copy, file;
    const DbWatch *watch;
} Writing;

static Err write_bundle(Arena *arena, const Writing *work, BackupAbout *out)
{
    OWNED(bundle) Bundle *bundle = NULL;
    TRY(copy_city(work->database, work->copy, work->watch));
    TRY(check_copy(work->copy, work->watch, out));
    TRY(bundle_make(work->file, &bundle));
    TRY(bundle_add(bundle, STR(DATABASE), work->copy, NULL));
    TRY(add_files(work->dir, work->copy, bundle, work->watch, out));
    Bundle *whole = bundle;
    bundle = NULL;
    TRY(bundle_keep(whole));
    return about_file(arena, work->file, out);
}

/* From before the copy is made until its files are in the bundle none is swept. */
static Err write_locked(Arena *arena, const Writing *work, BackupAbout *out)
{
    int lock;
    TRY(file_store_lock(work->dir, &lock));
    Err err = write_bundle(arena, work, out);
    file_store_unlock(lock);
    return err;
}

Err backup_write(Str dir, Str file, const DbWatch *watch, BackupAbout *out)
{
    OWNED(arena) Arena *arena = arena_new();
    Str                 database = str_printf(arena, "%.*s/city.db", STR_FMT(dir)),
        copy = str_printf(arena, "%.*s" BACKUP_COPY, STR_FMT(file));
    *out = (BackupAbout){ 0 };
    if (access(database.ptr, F_OK) != 0)
        return err_make(ECODE_CITY_MISSING, "%.*s", STR_FMT(dir));
    TRY(make_empty(copy));
    Err err = write_locked(arena, &(Writing){ dir, database, copy, file, watch }, out);
    unlink(copy.ptr);
    return err;
}

/* ---- restoring ---- */

static bool is_citys(Str name) { return str_eq(name, STR(DATABASE)) || file_path_valid(name); }

/* What SQLite finds wrong with a backup is the backup's fault, not ours. */
static Err of_backup(Err err)
{
    return err.code == ECODE_STORE_CORRUPT ? err_make(ECODE_BACKUP_DAMAGED, "%s", err.context) : err;
}

static Err check_restored(Str database, const DbWatch *watch, BackupAbout *out)
{
    OWNED(db) Db *db = NULL;
    TRY(db_open(database, DB_READ, &db));
    TRY(db_check(db, watch));
    TRY(check_kind(db));
    TRY(check_strange(db));
    TRY(count_events(db, out));
    return check_events(db, out->events, watch);
}

/* Is what unpack held against the manifest also what its name says, and of its size? */
static Err check_file(void *context, Str sha256, int64_t size)
{
    OWNED(arena) Arena *arena = arena_new();
    const FileWork     *work = context;
    Str                 path = file_path_in(arena, work->dir, sha256);
    struct stat         status;
    Hash                hash;
    if (stat(path.ptr, &status) != 0 || status.st_size != size)
        return err_make(ECODE_BACKUP_DAMAGED, "file %.*s", STR_FMT(sha256));
    TRY(file_hash(path, &hash));
    if (!str_eq(hex_encode(arena, hash_str(&hash)), sha256))
        return err_make(ECODE_BACKUP_DAMAGED, "file %.*s is another", STR_FMT(sha256));
    file_done(work, size);
    return ERR_OK;
}

/* Of a database that has been opened once, and so has the tables of today. */
static Err settle_files(Str database, Str dir, const DbWatch *watch, BackupAbout *out)
{
    OWNED(db) Db *db = NULL;
    FileWork      work = { .dir = dir, .watch = watch, .about = out };
    TRY(db_open(database, DB_WRITE, &db));
    for (size_t i = 0; i < sizeof sql_no_uploads / sizeof sql_no_uploads[0]; i++)
        TRY(db_run(db, sql_no_uploads[i], NULL, 0));
    return file_held(db, check_file, &work);
}

static Err sign_everybody_out(Db *db, bool new_key)
{
    TRY(db_run(db, sql_sign_out, NULL, 0));
    return new_key ? db_run(db, sql_no_passwords, NULL, 0) : ERR_OK;
}

static Err settle(Db *db, BackupAbout *about, Str dir, Str key_dir, const Env *env)
{
    TRY(db_begin(db));
    Err err = city_key_renew(db, dir, key_dir, env, about->new_key, &about->new_log);
    if (!err.kind)
        err = sign_everybody_out(db, about->new_key);
    if (!err.kind)
        return db_commit(db);
    db_rollback(db);
    return err;
}

/* Opened once as it will be: its pack is read, its tables are of this program's shape. */
static Err open_once(Str dir, Str key_dir, Env env, BackupAbout *out)
{
    OWNED(city) City *city = NULL;
    TRY(city_open(dir, key_dir, env, &city));
    out->closed = city_writes(city);
    return ERR_OK;
}

Err backup_restore(Str file, Str dir, Str key_dir, Env env, const DbWatch *watch, BackupAbout *out)
{
    OWNED(arena) Arena *arena = arena_new();
    Str                 database = str_printf(arena, "%.*s/city.db", STR_FMT(dir));
    *out = (BackupAbout){ 0 };
    TRY(bundle_unpack(file, dir, is_citys));
    if (access(database.ptr, F_OK) != 0)
        return err_make(ECODE_BACKUP_FOREIGN, "no " DATABASE);
    TRY(about_file(arena, file, out));
    TRY(of_backup(check_restored(database, watch, out)));
    out->new_key = !city_has_key(dir, key_dir);
    OWNED(db) Db *db = NULL;
    TRY(db_open(database, DB_WRITE, &db));
    TRY(settle(db, out, dir, key_dir, &env));
    db_close(db); /* folds the write-ahead log into the file */
    db = NULL;
    TRY(open_once(dir, key_dir, env, out));
    return settle_files(database, dir, watch, out);
}
