#include "kernel/city.h"

#include "base/file.h"
#include "base/limits.h"
#include "evidence/keeper.h"
#include "kernel/event.h"
#include "kernel/evolve_steps.h"
#include "kernel/file_store.h"
#include "kernel/rebuild.h"
#include "kernel/setting.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_FILE_MAX 4096
#define RECORD_SCHEMA   "4" /* below: the shape of record tables */

static const Str sql_table = STR_INIT("SELECT 1 FROM sqlite_master WHERE name = ?");
static const Str sql_pack_put = STR_INIT("INSERT INTO pack (number, name, frozen) VALUES (?, ?, ?)");
static const Str sql_pack_last = STR_INIT("SELECT number FROM pack ORDER BY number DESC LIMIT 1");
static const Str sql_file_put = STR_INIT("INSERT INTO pack_file (pack, path, bytes) VALUES (?, ?, ?)");
static const Str sql_file_all = STR_INIT("SELECT path, bytes FROM pack_file WHERE pack = ? ORDER BY path");

static Str path_in(Arena *arena, Str dir, const char *name) { return str_printf(arena, "%.*s/%s", STR_FMT(dir), name); }

static Err make_dir(Arena *arena, Str path, mode_t mode)
{
    if (mkdir(str_dup_z(arena, path), mode) == 0 || errno == EEXIST)
        return ERR_OK;
    ErrCode code = errno == EACCES || errno == EROFS ? ECODE_STORE_READ_ONLY
                   : errno == ENOSPC                 ? ECODE_STORE_FULL
                                                     : ECODE_FILE_READ;
    return err_make(code, "mkdir %.*s: %s", STR_FMT(path), strerror(errno));
}

static Str keys_in(Arena *arena, Str dir, Str key_dir) { return key_dir.len ? key_dir : path_in(arena, dir, "keys"); }

/* ---- the key ---- */

/* What the database keeps of the key: enough to know it again, nothing to guess it from. */
static Str key_check(Arena *arena, const Hash *secret)
{
    Hash check = hmac_sha256(hash_str(secret), STR("firstmile key check"));
    return hex_encode(arena, hash_str(&check));
}

static Err read_secret(Arena *arena, Str keys, Hash *out)
{
    Str         path = path_in(arena, keys, "secret"), text, bytes;
    struct stat about;
    if (stat(str_dup_z(arena, path), &about) != 0)
        return err_make(ECODE_CITY_KEY_MISSING, "%.*s: %s", STR_FMT(path), strerror(errno));
    if (about.st_mode & (S_IRWXG | S_IRWXO))
        return err_make(ECODE_CITY_KEY_OPEN, "%.*s has mode %o", STR_FMT(path), about.st_mode & 07777);
    TRY(file_read(arena, path, SECRET_FILE_MAX, &text));
    if (!hex_decode(arena, str_trim(text), &bytes) || bytes.len != HASH_SIZE)
        return err_make(ECODE_CITY_KEY_WRONG, "%.*s is not %d bytes in hex", STR_FMT(path), HASH_SIZE);
    memcpy(out->bytes, bytes.ptr, HASH_SIZE);
    return ERR_OK;
}

/* ---- making ---- */

typedef struct Making { /* what a new city begins with */
    const Pack       *pack;
    const PackSource *source;
    const Env        *env;
    UuidMaker        *ids;
    Hash              secret;
    bool              demo;
} Making;

static Str pack_digest(Arena *arena, const PackSource *source)
{
    Buf all = buf_new(arena, SIZE_MAX);
    for (size_t i = 0; i < source->count; i++) {
        Hash file = sha256(source->files[i].bytes);
        buf_printf(&all, "%.*s %.*s\n", STR_FMT(hex_encode(arena, hash_str(&file))), STR_FMT(source->files[i].path));
    }
    Hash whole = sha256(buf_str(&all));
    return hex_encode(arena, hash_str(&whole));
}

static Err freeze_files(Db *db, const Pack *pack, int64_t number, const PackSource *source, int64_t now_ms)
{
    Value head[] = { value_int(number), value_text(pack->name), value_instant(now_ms) };
    TRY(db_run(db, sql_pack_put, head, 3));
    for (size_t i = 0; i < source->count; i++) {
        Value file[] = { value_int(number), value_text(source->files[i].path), value_text(source->files[i].bytes) };
        TRY(db_run(db, sql_file_put, file, 3));
    }
    return ERR_OK;
}

Err city_freeze(Db *db, Arena *arena, const Env *env, const Pack *pack, int64_t number, const PackSource *source,
                Str steps)
{
    EventHead head = { .pack_name = pack->name, .pack_number = number, .action = STR("pack") };
    Str       fields[] = { STR("digest"), STR("steps") };
    Value     values[] = { value_text(pack_digest(arena, source)), value_text(steps) };
    EventItem item = { .type = STR("pack"),
                       .record = pack->name,
                       .version = number,
                       .fields = fields,
                       .values = values,
                       .count = steps.len ? 2 : 1 };
    TRY(freeze_files(db, pack, number, source, env_now(env)));
    TRY(event_next(db, env_now(env), &head.sequence, &head.time_ms));
    return event_write(db, arena, env, &head, &item, 1);
}

static Err all_leaves(Db *db, const Env *env)
{
    bool all;
    return event_leaves(db, env, INT64_MAX, &all);
}

static Err fill(Db *db, Arena *arena, const Making *making)
{
    const Pack   *pack = making->pack;
    const Env    *env = making->env;
    EvolveWriting writing = { .db = db, .arena = arena, .env = env, .pack = pack, .pack_number = 1 };
    TRY(setting_put(db, STR("demo"), making->demo ? STR("yes") : STR("no")));
    TRY(setting_put(db, STR("key_check"), key_check(arena, &making->secret)));
    TRY(setting_put(db, STR("record_schema"), STR(RECORD_SCHEMA)));
    for (size_t i = 0; i < pack->type_count; i++)
        TRY(db_script(db, record_ddl(arena, &pack->types[i])));
    TRY(city_freeze(db, arena, env, pack, 1, making->source, STR_NONE));
    TRY(evolve_records(&writing, making->ids));
    return all_leaves(db, env);
}

static Err migrate_and_fill(Db *db, Arena *arena, const Making *making)
{
    TRY(db_migrate(db, kernel_migrations, kernel_migration_count));
    TRY(db_begin(db));
    Err err = fill(db, arena, making);
    if (!err.kind)
        return db_commit(db);
    db_rollback(db);
    return err;
}

static Err make_secret(Arena *arena, Str keys, const Env *env)
{
    char bytes[HASH_SIZE];
    Str  path = path_in(arena, keys, "secret");
    TRY(make_dir(arena, keys, 0700));
    if (access(str_dup_z(arena, path), F_OK) == 0) /* a key directory that serves more than one city, or a retry */
        return ERR_OK;
    env_random(env, bytes, sizeof bytes);
    return file_write(path, str_printf(arena, "%.*s\n", STR_FMT(hex_encode(arena, (Str){ bytes, sizeof bytes }))),
                      0600);
}

Err city_create(Str dir, Str key_dir, const PackSource *source, bool demo, Env env)
{
    OWNED(arena) Arena *arena = arena_new();
    OWNED(db) Db       *db = NULL;
    const Pack         *pack;
    Problems            problems = { .arena = arena };
    Str                 database = path_in(arena, dir, "city.db"), begun = path_in(arena, dir, "city.db.new");
    TRY(pack_load(arena, source, &pack, &problems));
    TRY(make_dir(arena, dir, 0750));
    if (access(str_dup_z(arena, database), F_OK) == 0)
        return err_make(ECODE_CITY_EXISTS, "%.*s", STR_FMT(dir));
    TRY(make_secret(arena, keys_in(arena, dir, key_dir), &env));
    unlink(str_dup_z(arena, begun)); /* left by an init that was cut off: nobody has used it */
    TRY(db_open(begun, DB_CREATE, &db));
    Making making = { .pack = pack, .source = source, .demo = demo, .env = &env, .ids = uuid_maker_new(env) };
    Err    err = read_secret(arena, keys_in(arena, dir, key_dir), &making.secret);
    if (!err.kind)
        err = migrate_and_fill(db, arena, &making);
    uuid_maker_free(making.ids);
    db_close(db); /* folds the write-ahead log into the file */
    db = NULL;
    if (err.kind) {
        unlink(str_dup_z(arena, begun));
        return err;
    }
    return file_rename(begun, database);
}

bool city_has_key(Str dir, Str key_dir)
{
    OWNED(arena) Arena *arena = arena_new();
    return access(str_dup_z(arena, path_in(arena, keys_in(arena, dir, key_dir), "secret")), F_OK) == 0;
}

/* ---- opening ---- */

static Err take_lock(City *city)
{
    const char *path = str_dup_z(city->arena, path_in(city->arena, city->dir, "lock"));
    city->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (city->lock_fd < 0)
        return err_make(errno == ENOENT ? ECODE_CITY_MISSING : ECODE_STORE_READ_ONLY, "%s: %s", path, strerror(errno));
    if (flock(city->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return err_make(ECODE_CITY_LOCKED, "%s: %s", path, strerror(errno));
    return ERR_OK;
}

static Err check_key(Arena *arena, Db *db, const Hash *secret)
{
    Str check;
    TRY(setting_get(arena, db, STR("key_check"), &check));
    return bytes_eq_secret(check, key_check(arena, secret))
               ? ERR_OK
               : err_make(ECODE_CITY_KEY_WRONG, "the key is another city's");
}

enum { LOG_ID_BYTES = 8 };

/* What was signed and stamped of the log before, and which its witnesses were, says nothing of this one. A backup of
 * before may not have the table. */
static Err forget_checkpoints(Db *db)
{
    OWNED(rows) Rows *rows = NULL;
    Value             name = value_text(STR("log_checkpoint"));
    bool              there;
    TRY(setting_drop(db, STR("log_policy")));
    TRY(db_query(db, sql_table, &name, 1, &rows));
    TRY(rows_next(rows, &there));
    rows_done(rows);
    rows = NULL;
    if (!there)
        return ERR_OK;
    TRY(db_run(db, STR("DELETE FROM log_stamp"), NULL, 0));
    return db_run(db, STR("DELETE FROM log_checkpoint"), NULL, 0);
}

/* A key of its own for each log, since several cities may have their keys in one folder. */
static Err make_log(Db *db, Arena *arena, Str keys, Str name, const Env *env)
{
    char bytes[LOG_ID_BYTES];
    env_random(env, bytes, sizeof bytes);
    Str id = hex_encode(arena, (Str){ bytes, sizeof bytes });
    if (!name.len)
        name = str_printf(arena, "firstmile.invalid/%.*s", STR_FMT(id));
    TRY(keeper_make(keys, id, name, env));
    TRY(forget_checkpoints(db));
    return setting_put(db, STR("log"), id);
}

Err city_key_renew(Db *db, Str dir, Str key_dir, const Env *env, bool make, bool *new_log)
{
    OWNED(arena) Arena *arena = arena_new();
    Str                 keys = keys_in(arena, dir, key_dir);
    Hash                secret;
    if (make)
        TRY(make_secret(arena, keys, env));
    TRY(read_secret(arena, keys, &secret));
    TRY(make ? setting_put(db, STR("key_check"), key_check(arena, &secret)) : check_key(arena, db, &secret));
    Str log;
    TRY(setting_get(arena, db, STR("log"), &log));
    *new_log = log.len && !keeper_exists(keys, log);
    return *new_log ? make_log(db, arena, keys, STR_NONE, env) : ERR_OK;
}

static Err read_settings(City *city, Db *db)
{
    Str demo;
    TRY(setting_get(city->arena, db, STR("demo"), &demo));
    city->demo = str_eq(demo, STR("yes"));
    return check_key(city->arena, db, &city->secret);
}

static Err read_pack_number(City *city, Db *db)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    TRY(db_query(db, sql_pack_last, NULL, 0, &rows));
    TRY(rows_next(rows, &more));
    if (!more)
        return err_make(ECODE_STORE_CORRUPT, "no pack in the city");
    city->pack_number = rows_int(rows, 0);
    return ERR_OK;
}

Err city_pack(Db *db, Arena *arena, int64_t number, const Pack **out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_int(number);
    PackFile         *files = ARENA_ARRAY(arena, PackFile, LIMIT_PACK_FILES);
    PackSource        source = { .files = files };
    TRY(db_query(db, sql_file_all, &key, 1, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more || source.count == LIMIT_PACK_FILES)
            break;
        files[source.count++] = (PackFile){ str_dup(arena, rows_borrow_text(rows, 0)),
                                            str_dup(arena, rows_borrow_text(rows, 1)) };
    }
    Problems problems = { .arena = arena };
    Err      err = pack_load_frozen(arena, &source, out, &problems);
    if (!err.kind)
        return ERR_OK;
    Str first = problems.count ? problems.items[0].field : STR_NONE;
    return err_make(ECODE_CITY_PACK, "pack %lld: %s: %.*s", (long long)number, err.context, STR_FMT(first));
}

static Err read_pack(City *city, Db *db)
{
    TRY(read_pack_number(city, db));
    TRY(city_pack(db, city->arena, city->pack_number, &city->pack));
    return evolve_names(db, city->arena, city->pack, &city->names);
}

/* ---- the shape of record tables ----
 * They follow the pack, so no numbered migration can change them: when the program makes them otherwise than the one
 * that wrote the city, they are folded anew from the events, or get other indexes where that is all.
 *     1   nine system fields
 *     2   `erased`; child rows, unique fields
 *     3   index of a parent's children with their state and level
 *     4   indexes of records that have a value only; those of orders with no more than access rules ask */
#define TABLES_SINCE 2

static Err read_record_schema(City *city, Db *db, int64_t *out)
{
    Str text;
    TRY(setting_get(city->arena, db, STR("record_schema"), &text));
    *out = 1;
    if (text.len && !str_int(text, out))
        return err_make(ECODE_STORE_CORRUPT, "record_schema %.*s", STR_FMT(text));
    return ERR_OK;
}

static Err fold_anew(const City *city, Db *db)
{
    int64_t events;
    return rebuild_tables(db, city->pack, &events);
}

static Err index_anew(const City *city, Db *db)
{
    OWNED(arena) Arena *arena = arena_new();
    for (size_t i = 0; i < city->pack->type_count; i++) {
        const Type *type = &city->pack->types[i];
        TRY(record_drop_indexes(db, arena, type->table));
        TRY(db_script(db, record_indexes(arena, type)));
    }
    return ERR_OK;
}

/* Before anything is written: a city of a newer release is left as it is. */
static Err refuse_newer_records(City *city, Db *db)
{
    int64_t found, known = 0;
    str_int(STR(RECORD_SCHEMA), &known);
    TRY(read_record_schema(city, db, &found));
    return found > known ? err_make(ECODE_STORE_NEWER, "record tables %lld", (long long)found) : ERR_OK;
}

static Err bring_up_records(City *city, Db *db)
{
    int64_t found, known = 0;
    str_int(STR(RECORD_SCHEMA), &known);
    TRY(read_record_schema(city, db, &found));
    if (found == known)
        return ERR_OK;
    TRY(db_begin(db));
    Err err = found < TABLES_SINCE ? fold_anew(city, db) : index_anew(city, db);
    if (!err.kind)
        err = setting_put(db, STR("record_schema"), STR(RECORD_SCHEMA));
    if (!err.kind)
        return db_commit(db);
    db_rollback(db);
    return err;
}

/* ---- a city of before the log ---- */

#define LEAVES_PART 10000 /* and then a commit: a city of years takes a while, and may be cut off */

static Err leaves_of_before(Db *db, const Env *env)
{
    for (bool all = false; !all;) {
        TRY(db_begin(db));
        Err err = event_leaves(db, env, LEAVES_PART, &all);
        if (err.kind) {
            db_rollback(db);
            return err;
        }
        TRY(db_commit(db));
    }
    return ERR_OK;
}

/* ---- the log ---- */

static Err open_log(City *city, Db *db)
{
    Str id;
    TRY(setting_get(city->arena, db, STR("log"), &id));
    if (!id.len) {
        TRY(make_log(db, city->arena, city->key_dir, STR_NONE, &city->env));
        TRY(setting_get(city->arena, db, STR("log"), &id));
    }
    return keeper_open(city->key_dir, id, db, &city->log);
}

Err city_writes(const City *city) { return keeper_closed(city->log); }

/* A group may have an event of whoever did not ask before. */
static Err finish_group(Db *db, const void *context)
{
    const City *city = context;
    int64_t     before = db_writes(db);
    TRY(all_leaves(db, &city->env));
    return db_writes(db) == before ? ERR_OK : city_writes(city);
}

typedef struct RenewJob {
    WriterJob   job;
    const City *city;
    Str         name;
} RenewJob;

static Err renew_run(Db *db, WriterJob *job)
{
    RenewJob *renew = (RenewJob *)job;
    return make_log(db, renew->city->arena, renew->city->key_dir, renew->name, &renew->city->env);
}

Err city_log_renew(City *city, Str name)
{
    RenewJob job = { .job = { .run = renew_run }, .city = city, .name = name };
    if (name.len && !note_name_valid(name))
        return err_make(ECODE_LOG_NAME, "%.*s", STR_FMT(name));
    return writer_run(city->writer, &job.job);
}

static Err open_in(City *city)
{
    WriterFinish leaves = { finish_group, city };
    Db          *db = NULL;
    if (access(str_dup_z(city->arena, city->database_path), F_OK) != 0)
        return err_make(ECODE_CITY_MISSING, "%.*s", STR_FMT(city->dir));
    TRY(take_lock(city));
    TRY(read_secret(city->arena, city->key_dir, &city->secret));
    TRY(file_store_open(city));
    TRY(db_open(city->database_path, DB_WRITE, &db));
    Err err = refuse_newer_records(city, db);
    if (!err.kind)
        err = db_migrate(db, kernel_migrations, kernel_migration_count);
    if (!err.kind)
        err = leaves_of_before(db, &city->env);
    if (!err.kind)
        err = open_log(city, db);
    if (!err.kind)
        err = read_settings(city, db);
    if (!err.kind)
        err = read_pack(city, db);
    if (!err.kind)
        err = bring_up_records(city, db);
    if (!err.kind)
        err = writer_start(db, LIMIT_WRITE_QUEUE, &leaves, &city->writer);
    if (err.kind)
        db_close(db);
    return err;
}

Err city_open(Str dir, Str key_dir, Env env, City **out)
{
    Arena *arena = arena_new();
    City  *city = ARENA_NEW(arena, City);
    *city = (City){ .arena = arena, .env = env, .lock_fd = -1 };
    city->dir = str_dup(arena, dir);
    city->key_dir = str_dup(arena, keys_in(arena, dir, key_dir));
    city->database_path = path_in(arena, dir, "city.db");
    city->socket_path = path_in(arena, dir, "socket");
    city->ids = uuid_maker_new(env);
    Err err = open_in(city);
    if (err.kind) {
        city_close(city);
        return err;
    }
    *out = city;
    return ERR_OK;
}

void city_close(City *city)
{
    if (!city)
        return;
    writer_stop(city->writer);
    keeper_free(city->log);
    uuid_maker_free(city->ids);
    if (city->lock_fd >= 0)
        close(city->lock_fd); /* lets go of the lock */
    arena_free(city->arena);
}

Err city_reader(const City *city, Db **out)
{
    TRY(db_open(city->database_path, DB_READ, out));
    db_watch_slow(*out, city->slow);
    return ERR_OK;
}

void city_watch_slow(City *city, const DbSlow *slow)
{
    city->slow = slow;
    writer_watch_slow(city->writer, slow);
}
