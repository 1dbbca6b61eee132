#include "kernel/file_store.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "kernel/party.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEX_SIZE       (2 * HASH_SIZE)
#define HASH_PIECE     ((size_t)64 * 1024)
#define SWEEP_ROWS     100
#define SWEEP_AGAIN_MS (INT64_C(10) * 1000)
#define SWEEP_MS       (INT64_C(60) * 1000)

static const Str sql_upload_put = STR_INIT(
    "INSERT INTO upload (id, sha256, name, size, person, created) VALUES (?, ?, ?, ?, ?, ?)");
static const Str sql_upload_get = STR_INIT(
    "SELECT name, size, sha256 FROM upload WHERE id = ? AND person = ? AND created >= ?");
static const Str sql_upload_sum = STR_INIT("SELECT count(*), coalesce(sum(size), 0) FROM upload WHERE person = ?");
static const Str sql_upload_used = STR_INIT("DELETE FROM upload WHERE id = ?");
static const Str sql_upload_old = STR_INIT("DELETE FROM upload WHERE created < ?");
static const Str sql_loose_put = STR_INIT("INSERT INTO file_loose (sha256, due) VALUES (?, ?)"
                                          " ON CONFLICT (sha256) DO UPDATE SET due = max(due, excluded.due)");
static const Str sql_loose_held = STR_INIT(
    "DELETE FROM file_loose WHERE sha256 = ?1 AND NOT EXISTS (SELECT 1 FROM upload u WHERE u.sha256 = ?1)");
static const Str sql_loose_due = STR_INIT("SELECT sha256 FROM file_loose WHERE due <= ? ORDER BY due LIMIT ?");
static const Str sql_loose_gone = STR_INIT("DELETE FROM file_loose WHERE sha256 = ? AND due <= ?");
static const Str sql_hold = STR_INIT(
    "INSERT INTO file_hold (sha256, sequence, item, field, size) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
static const Str sql_held_by = STR_INIT(
    "INSERT INTO file_loose (sha256, due) SELECT DISTINCT sha256, 0 FROM file_hold"
    " WHERE sequence = ? AND item = ? AND field = ? ON CONFLICT (sha256) DO NOTHING");
static const Str sql_release = STR_INIT("DELETE FROM file_hold WHERE sequence = ? AND item = ? AND field = ?");
static const Str sql_needed = STR_INIT("SELECT EXISTS (SELECT 1 FROM file_hold WHERE sha256 = ?1)"
                                       " OR EXISTS (SELECT 1 FROM file_loose WHERE sha256 = ?1 AND due > ?2)");
static const Str sql_has_holds = STR_INIT("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'file_hold'");
static const Str sql_held = STR_INIT("SELECT sha256, max(size) FROM file_hold GROUP BY sha256 ORDER BY sha256");

struct FileStore {
    _Atomic int64_t staging; /* bytes of files on their way */
    atomic_bool     walked;  /* by the first sweep */
};

struct Staged {
    struct FileStore *store;
    char             *path;
    int               fd;
    int64_t           size;
    Sha256           *digest;
    Hash              hash;
    FileSniff         sniff;
    bool              hashed;
};

static Err disk_err(const char *doing, const char *path)
{
    return err_make(errno == ENOSPC || errno == EDQUOT ? ECODE_STORE_FULL : ECODE_FILE_READ, "%s %s: %m", doing, path);
}

/* ---- arriving ---- */

Err staged_open(const City *city, Staged **out)
{
    OWNED(arena) Arena *arena = arena_new();
    Str path = str_printf(arena, "%.*s/staging/%.*s", STR_FMT(city->dir), STR_FMT(uuid_make(city->ids, arena)));
    if (atomic_load(&city->files->staging) >= LIMIT_STAGING_BYTES)
        return err_make(ECODE_BUSY, "too much is being uploaded");
    int fd = open(path.ptr, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return disk_err("open", path.ptr);
    Staged *staged = mem_alloc(sizeof *staged);
    *staged = (Staged){ .store = city->files, .path = strdup(path.ptr), .fd = fd, .digest = sha256_begin() };
    *out = staged;
    return ERR_OK;
}

Err staged_add(Staged *staged, Str piece)
{
    int64_t before = atomic_fetch_add(&staged->store->staging, (int64_t)piece.len);
    staged->size += (int64_t)piece.len;
    if (before + (int64_t)piece.len > LIMIT_STAGING_BYTES)
        return err_make(ECODE_BUSY, "too much is being uploaded");
    sha256_add(staged->digest, piece);
    file_sniff_add(&staged->sniff, piece);
    while (piece.len) {
        ssize_t put = write(staged->fd, piece.ptr, piece.len);
        if (put < 0 && errno != EINTR)
            return disk_err("write", staged->path);
        piece = str_slice(piece, put > 0 ? (size_t)put : 0, piece.len);
    }
    return ERR_OK;
}

void staged_free(Staged *staged)
{
    if (!staged)
        return;
    if (staged->fd >= 0)
        close(staged->fd);
    if (staged->path)
        unlink(staged->path);
    free(staged->path);
    if (!staged->hashed)
        sha256_drop(staged->digest);
    atomic_fetch_sub(&staged->store->staging, staged->size);
    free(staged);
}

/* What the disk could not take is told here too: close(2) of some file systems has errors of before. */
Err staged_flush(Staged *staged)
{
    Err err = fsync(staged->fd) == 0 ? ERR_OK : disk_err("fsync", staged->path);
    if (close(staged->fd) != 0 && !err.kind)
        err = disk_err("close", staged->path);
    staged->fd = -1;
    return err;
}

int64_t          staged_size(const Staged *staged) { return staged->size; }
const FileSniff *staged_sniff(const Staged *staged) { return &staged->sniff; }

Hash staged_hash(Staged *staged)
{
    if (!staged->hashed)
        staged->hash = sha256_end(staged->digest);
    staged->hashed = true;
    return staged->hash;
}

Err staged_move(Staged *staged, Str path)
{
    TRY(file_rename(str_from(staged->path), path));
    free(staged->path);
    staged->path = NULL;
    return ERR_OK;
}

/* ---- where they stand ---- */

static Str hex_of(Arena *arena, const Hash *hash) { return hex_encode(arena, hash_str(hash)); }

Str file_path_in(Arena *arena, Str dir, Str sha256)
{
    return str_printf(arena, "%.*s%sfiles/%.*s/%.*s", STR_FMT(dir), dir.len ? "/" : "",
                      STR_FMT(str_slice(sha256, 0, 2)), STR_FMT(str_slice(sha256, 2, sha256.len)));
}

Str file_path(const City *city, Arena *arena, Str sha256) { return file_path_in(arena, city->dir, sha256); }

static bool is_hex(Str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!memchr("0123456789abcdef", text.ptr[i], 16))
            return false;
    return true;
}

bool file_path_valid(Str name)
{
    Str rest = name, files = str_cut(&rest, '/'), first = str_cut(&rest, '/');
    return str_eq(files, STR("files")) && first.len == 2 && rest.len == HEX_SIZE - 2 && is_hex(first) && is_hex(rest);
}

Err file_hash(Str path, Hash *out)
{
    OWNED(arena) Arena *arena = arena_new();
    char               *piece = arena_alloc(arena, HASH_PIECE);
    Sha256             *digest = sha256_begin();
    ssize_t             got = -1;
    int                 fd = open(str_dup_z(arena, path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    while (fd >= 0 && ((got = read(fd, piece, HASH_PIECE)) > 0 || (got < 0 && errno == EINTR)))
        sha256_add(digest, (Str){ piece, got > 0 ? (size_t)got : 0 });
    Err err = got == 0 ? ERR_OK : disk_err("read", str_dup_z(arena, path));
    *out = sha256_end(digest);
    if (fd >= 0)
        close(fd);
    return err;
}

static Err make_folder(const char *path)
{
    if (mkdir(path, 0750) == 0)
        return file_folder_sync(str_from(path));
    return errno == EEXIST ? ERR_OK : disk_err("mkdir", path);
}

static Err lock_folder(Str dir, int how, int *out)
{
    OWNED(arena) Arena *arena = arena_new();
    Str                 path = str_printf(arena, "%.*s/files", STR_FMT(dir));
    *out = open(path.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*out < 0)
        return errno == ENOENT ? ERR_OK : disk_err("open", path.ptr);
    while (flock(*out, how) != 0) {
        if (errno == EINTR)
            continue;
        Err err = errno == EWOULDBLOCK ? err_make(ECODE_BUSY, "files are locked") : disk_err("lock", path.ptr);
        close(*out);
        *out = -1;
        return err;
    }
    return ERR_OK;
}

Err file_store_lock(Str dir, int *out) { return lock_folder(dir, LOCK_SH, out); }

void file_store_unlock(int lock)
{
    if (lock >= 0)
        close(lock);
}

Err staged_keep(Staged *staged, const City *city)
{
    OWNED(arena) Arena *arena = arena_new();
    Hash                hash = staged_hash(staged);
    Str                 path = file_path(city, arena, hex_of(arena, &hash));
    int                 lock;
    TRY(make_folder(str_dup_z(arena, str_slice(path, 0, path.len - (HEX_SIZE - 1)))));
    TRY(file_store_lock(city->dir, &lock));
    Err err = staged_move(staged, path);
    file_store_unlock(lock);
    return err;
}

/* ---- uploads ---- */

static Err refuse_upload(ErrCode code, Str field, Str name, Problems *problems)
{
    Buf known = buf_new(problems->arena, SIZE_MAX);
    for (size_t i = 0; i < file_type_count; i++)
        buf_printf(&known, "%s%.*s", i ? ", " : "", STR_FMT(file_types[i].code));
    PROBLEM(problems, code, field, STR_NONE, ARG("name", name), ARG("known", buf_str(&known)));
    return err_make(code, "upload");
}

Err upload_name(const Ctx *ctx, Staged *staged, Str name, Str field, Upload *out, Problems *problems)
{
    Str             clean = file_name_clean(ctx->arena, name);
    const FileType *type = file_type_of(clean);
    if (!clean.len)
        return refuse_upload(ECODE_FILE_NAME, field, clean, problems);
    if (!type)
        return refuse_upload(ECODE_FILE_TYPE, field, clean, problems);
    if (!staged->size)
        return refuse_upload(ECODE_FILE_EMPTY, field, clean, problems);
    if (!file_sniff_fits(&staged->sniff, type))
        return refuse_upload(ECODE_FILE_CONTENT, field, clean, problems);
    Hash hash = staged_hash(staged);
    *out = (Upload){ .file = { .id = uuid_make(ctx->city->ids, ctx->arena),
                               .name = clean,
                               .sha256 = hex_of(ctx->arena, &hash),
                               .size = staged->size },
                     .person = ctx->actor->person,
                     .created_ms = ctx->now_ms };
    return ERR_OK;
}

static Err has_room(Db *db, Str person)
{
    OWNED(rows) Rows *rows = NULL;
    Value             param = value_text(person);
    bool              more;
    TRY(db_query(db, sql_upload_sum, &param, 1, &rows));
    TRY(rows_next(rows, &more));
    bool full = more && (rows_int(rows, 0) >= LIMIT_PENDING_FILES || rows_int(rows, 1) >= LIMIT_PENDING_BYTES);
    return full ? err_make(ECODE_FILE_PENDING, "") : ERR_OK;
}

Err upload_admit(const Ctx *ctx) { return has_room(ctx->db, ctx->actor->person); }

Err upload_write(Db *db, const Upload *upload)
{
    Value row[] = { value_text(upload->file.id),  value_text(upload->file.sha256), value_text(upload->file.name),
                    value_int(upload->file.size), value_text(upload->person),      value_instant(upload->created_ms) };
    Value loose[] = { value_text(upload->file.sha256), value_instant(upload->created_ms + UPLOAD_KEPT_MS) };
    TRY(has_room(db, upload->person)); /* many may have come at once */
    TRY(db_run(db, sql_upload_put, row, 6));
    return db_run(db, sql_loose_put, loose, 2);
}

Err upload_find(const Ctx *ctx, Str id, FileRef *out, bool *found)
{
    OWNED(rows) Rows *rows = NULL;
    Value params[] = { value_text(id), value_text(ctx->actor->person), value_instant(ctx->now_ms - UPLOAD_MS) };
    TRY(db_query(ctx->db, sql_upload_get, params, 3, &rows));
    TRY(rows_next(rows, found));
    if (*found)
        *out = (FileRef){ .id = str_dup(ctx->arena, id),
                          .name = str_dup(ctx->arena, rows_borrow_text(rows, 0)),
                          .size = rows_int(rows, 1),
                          .sha256 = str_dup(ctx->arena, rows_borrow_text(rows, 2)) };
    return ERR_OK;
}

/* ---- values ---- */

Json *file_ref_json(Arena *arena, const FileRef *file)
{
    Json *json = json_object(arena);
    json_set_str(arena, json, STR("id"), file->id);
    json_set_str(arena, json, STR("name"), file->name);
    json_set_int(arena, json, STR("size"), file->size);
    json_set_str(arena, json, STR("sha256"), file->sha256);
    return json;
}

Value file_value(Arena *arena, const FileRef *files, size_t count)
{
    Json *list = json_array(arena);
    Buf   text = buf_new(arena, SIZE_MAX);
    for (size_t i = 0; i < count; i++)
        json_push(list, file_ref_json(arena, &files[i]));
    json_write(&text, list);
    return count ? value_files(buf_str(&text)) : VALUE_NONE;
}

static bool ref_read(const Json *json, FileRef *out)
{
    *out = (FileRef){ .id = json_text(json_get(json, STR("id"))),
                      .name = json_text(json_get(json, STR("name"))),
                      .sha256 = json_text(json_get(json, STR("sha256"))) };
    const Json *size = json_get(json, STR("size"));
    return size && json_int(size, &out->size) && uuid_valid(out->id) && out->sha256.len == HEX_SIZE &&
           is_hex(out->sha256);
}

Err file_refs(Arena *arena, Value value, FileRef **out, size_t *count)
{
    Json *list;
    *out = NULL;
    *count = 0;
    if (value.kind != VALUE_FILES)
        return ERR_OK;
    if (json_parse(arena, value.text, &list).kind || list->kind != JSON_ARRAY)
        return err_make(ECODE_STORE_CORRUPT, "no files");
    *out = ARENA_ARRAY(arena, FileRef, list->count);
    JSON_EACH(item, list)
        if (!ref_read(item, &(*out)[(*count)++]))
            return err_make(ECODE_STORE_CORRUPT, "no file");
    return ERR_OK;
}

Err file_json(Arena *arena, Value value, bool several, Json **out)
{
    FileRef *files;
    size_t   count;
    TRY(file_refs(arena, value, &files, &count));
    *out = several ? json_array(arena) : json_null(arena);
    for (size_t i = 0; several && i < count; i++)
        json_push(*out, file_ref_json(arena, &files[i]));
    if (!several && count)
        *out = file_ref_json(arena, &files[0]);
    return ERR_OK;
}

Str file_names(Arena *arena, Value value)
{
    FileRef *files;
    size_t   count;
    Buf      names = buf_new(arena, SIZE_MAX);
    if (file_refs(arena, value, &files, &count).kind)
        return STR_NONE;
    for (size_t i = 0; i < count; i++)
        buf_printf(&names, "%s%.*s", i ? "; " : "", STR_FMT(files[i].name));
    return buf_str(&names);
}

/* ---- holds ---- */

Err file_hold(Db *db, int64_t sequence, int64_t item, Str field, Value value)
{
    OWNED(arena) Arena *arena = arena_new();
    FileRef            *files;
    size_t              count;
    TRY(file_refs(arena, value, &files, &count));
    for (size_t i = 0; i < count; i++) {
        Value id = value_text(files[i].id), hash = value_text(files[i].sha256);
        Value row[] = { hash, value_int(sequence), value_int(item), value_text(field), value_int(files[i].size) };
        TRY(db_run(db, sql_hold, row, 5));
        TRY(db_run(db, sql_upload_used, &id, 1));
        TRY(db_run(db, sql_loose_held, &hash, 1));
    }
    return ERR_OK;
}

Err file_release(Db *db, int64_t sequence, int64_t item, Str field)
{
    Value key[] = { value_int(sequence), value_int(item), value_text(field) };
    TRY(db_run(db, sql_held_by, key, 3));
    return db_run(db, sql_release, key, 3);
}

static Err has_holds(Db *db, bool *out)
{
    OWNED(rows) Rows *rows = NULL;
    TRY(db_query(db, sql_has_holds, NULL, 0, &rows));
    return rows_next(rows, out);
}

Err file_held(Db *db, Err (*each)(void *context, Str sha256, int64_t size), void *context)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    TRY(has_holds(db, &more));
    if (!more)
        return ERR_OK;
    TRY(db_query(db, sql_held, NULL, 0, &rows));
    for (;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        TRY(each(context, rows_borrow_text(rows, 0), rows_int(rows, 1)));
    }
}

/* ---- sweeping ---- */

static Err is_needed(const DutyRun *run, Str sha256, bool *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_text(sha256), value_instant(run->ctx.now_ms) };
    bool              more;
    TRY(db_query(run->ctx.db, sql_needed, params, 2, &rows));
    TRY(rows_next(rows, &more));
    *out = !more || rows_int(rows, 0);
    return ERR_OK;
}

/* Asked and removed under one lock: who keeps the same bytes again has written that down before asking for the lock. */
static Err remove_unneeded(const DutyRun *run, Str sha256)
{
    OWNED(arena) Arena *scratch = arena_new();
    int                 lock;
    bool                needed = true;
    Str                 path = file_path(run->ctx.city, scratch, sha256);
    TRY(lock_folder(run->ctx.city->dir, LOCK_EX | LOCK_NB, &lock));
    Err err = is_needed(run, sha256, &needed);
    if (!err.kind && !needed && unlink(path.ptr) != 0 && errno != ENOENT)
        err = disk_err("unlink", path.ptr);
    file_store_unlock(lock);
    return err;
}

typedef struct Forget {
    WriterJob  job;
    const Str *hashes;
    size_t     count;
    int64_t    now_ms;
} Forget;

static Err forget_run(Db *db, WriterJob *job)
{
    const Forget *forget = (const Forget *)job;
    Value         old = value_instant(forget->now_ms - UPLOAD_KEPT_MS);
    for (size_t i = 0; i < forget->count; i++) {
        Value row[] = { value_text(forget->hashes[i]), value_instant(forget->now_ms) };
        TRY(db_run(db, sql_loose_gone, row, 2));
    }
    return db_run(db, sql_upload_old, &old, 1);
}

static Err due_read(const DutyRun *run, Str out[SWEEP_ROWS], size_t *count)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_instant(run->ctx.now_ms), value_int(SWEEP_ROWS) };
    *count = 0;
    TRY(db_query(run->ctx.db, sql_loose_due, params, 2, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more || *count == SWEEP_ROWS)
            return ERR_OK;
        out[(*count)++] = str_dup(run->ctx.arena, rows_borrow_text(rows, 0));
    }
}

/* ---- what no table knows: kept just before a process died ---- */

static Err walk_one(const DutyRun *run, Str first)
{
    OWNED(arena) Arena *arena = arena_new();
    Str                 path = str_printf(arena, "%.*s/files/%.*s", STR_FMT(run->ctx.city->dir), STR_FMT(first));
    DIR                *folder = opendir(path.ptr);
    Err                 err = ERR_OK;
    for (struct dirent *entry; folder && !err.kind && (entry = readdir(folder));) {
        Str hash = str_printf(arena, "%.*s%s", STR_FMT(first), entry->d_name);
        if (hash.len == HEX_SIZE && is_hex(hash))
            err = remove_unneeded(run, hash);
    }
    if (folder)
        closedir(folder);
    return err;
}

static Err walk(const DutyRun *run)
{
    for (unsigned first = 0; first < 256 && !duty_ends(run); first++)
        TRY(walk_one(run, str_printf(run->ctx.arena, "%02x", first)));
    atomic_store(&run->ctx.city->files->walked, true);
    return ERR_OK;
}

static Err sweep_files(const DutyRun *run)
{
    Str    due[SWEEP_ROWS];
    size_t count = 0;
    do {
        TRY(due_read(run, due, &count));
        for (size_t i = 0; i < count; i++)
            TRY(remove_unneeded(run, due[i]));
        Forget forget = { .job = { .run = forget_run }, .hashes = due, .count = count, .now_ms = run->ctx.now_ms };
        if (count)
            TRY(writer_run(run->ctx.city->writer, &forget.job));
    } while (count == SWEEP_ROWS && !duty_ends(run));
    return atomic_load(&run->ctx.city->files->walked) ? ERR_OK : walk(run);
}

/* While a backup reads the files, or an upload takes its name, none goes: later, and no fault. */
Err files_duty(DutyRun *run)
{
    Err err = sweep_files(run);
    run->next_ms = run->ctx.now_ms + (err.code == ECODE_BUSY ? SWEEP_AGAIN_MS : SWEEP_MS);
    return err.code == ECODE_BUSY ? ERR_OK : err;
}

/* ---- opening ---- */

static void clear_staging(const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
}

Err file_store_open(City *city)
{
    const char *staging = str_printf(city->arena, "%.*s/staging", STR_FMT(city->dir)).ptr;
    city->files = ARENA_NEW(city->arena, struct FileStore);
    TRY(make_folder(str_printf(city->arena, "%.*s/files", STR_FMT(city->dir)).ptr));
    TRY(make_folder(staging));
    clear_staging(staging);
    return ERR_OK;
}
