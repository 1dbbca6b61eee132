#include "kernel/bundle.h"

#include "base/buf.h"
#include "base/hash.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE        ((size_t)64 * 1024)
#define MANIFEST     "MANIFEST"
#define NAME_MAX_LEN 200
#define ENTRIES_MAX  100000000 /* a manifest of some 10 GB: the loop is bounded by the file itself long before */

struct Bundle {
    Arena          *arena;
    FilePart        file;
    struct archive *out;
    Buf             manifest;
};

static void manifest_line(Buf *manifest, const Hash *hash, Str name)
{
    OWNED(arena) Arena *scratch = arena_new();
    buf_printf(manifest, "%.*s  %.*s\n", STR_FMT(hex_encode(scratch, hash_str(hash))), STR_FMT(name));
}

/* ---- making ---- */

static Err err_out(const Bundle *bundle)
{
    int code = archive_errno(bundle->out);
    return err_make(code == ENOSPC ? ECODE_STORE_FULL : ECODE_FILE_READ, "%.*s: %s", STR_FMT(bundle->file.part),
                    archive_error_string(bundle->out));
}

Err bundle_make(Str path, Bundle **out)
{
    Bundle *bundle = mem_alloc(sizeof *bundle);
    bundle->arena = arena_new();
    bundle->manifest = buf_new(bundle->arena, SIZE_MAX);
    Err err = file_part_open(bundle->arena, str_dup(bundle->arena, path), 0600, &bundle->file);
    if (err.kind) {
        bundle->file.fd = -1;
        bundle_drop(bundle);
        return err;
    }
    bundle->out = archive_write_new();
    *out = bundle;
    if (archive_write_set_format_pax_restricted(bundle->out) == ARCHIVE_OK &&
        archive_write_open_fd(bundle->out, bundle->file.fd) == ARCHIVE_OK)
        return ERR_OK;
    err = err_out(bundle);
    bundle_drop(bundle);
    return err;
}

static Err begin_entry(Bundle *bundle, Str name, int64_t size)
{
    OWNED(arena) Arena   *scratch = arena_new();
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, str_dup_z(scratch, name));
    archive_entry_set_size(entry, size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0600);
    int result = archive_write_header(bundle->out, entry);
    archive_entry_free(entry);
    return result == ARCHIVE_OK ? ERR_OK : err_out(bundle);
}

static Err add_bytes(Bundle *bundle, Str bytes)
{
    return archive_write_data(bundle->out, bytes.ptr, bytes.len) == (la_ssize_t)bytes.len ? ERR_OK : err_out(bundle);
}

static Err add_from(Bundle *bundle, int fd, Str source, Sha256 *digest)
{
    char    piece[PIECE];
    ssize_t got;
    while ((got = read(fd, piece, sizeof piece)) > 0 || (got < 0 && errno == EINTR)) {
        if (got < 0)
            continue;
        sha256_add(digest, (Str){ piece, (size_t)got });
        TRY(add_bytes(bundle, (Str){ piece, (size_t)got }));
    }
    return got == 0 ? ERR_OK : err_make(ECODE_FILE_READ, "%.*s: %m", STR_FMT(source));
}

static Err add_file(Bundle *bundle, Str name, int fd, Str source, Hash *out)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return err_make(ECODE_FILE_READ, "%.*s: %m", STR_FMT(source));
    TRY(begin_entry(bundle, name, status.st_size));
    Sha256 *digest = sha256_begin();
    Err     err = add_from(bundle, fd, source, digest);
    Hash    hash = sha256_end(digest);
    manifest_line(&bundle->manifest, &hash, name);
    if (out)
        *out = hash;
    return err;
}

Err bundle_add(Bundle *bundle, Str name, Str source, Hash *out)
{
    OWNED(arena) Arena *scratch = arena_new();
    int                 fd = open(str_dup_z(scratch, source), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_make(errno == ENOENT ? ECODE_FILE_MISSING : ECODE_FILE_READ, "%.*s: %m", STR_FMT(source));
    Err err = add_file(bundle, name, fd, source, out);
    close(fd);
    return err;
}

static Err finish(Bundle *bundle)
{
    Str manifest = buf_str(&bundle->manifest);
    TRY(begin_entry(bundle, STR(MANIFEST), (int64_t)manifest.len));
    TRY(add_bytes(bundle, manifest));
    return archive_write_close(bundle->out) == ARCHIVE_OK ? ERR_OK : err_out(bundle);
}

static void bundle_free(Bundle *bundle)
{
    if (bundle->out)
        archive_write_free(bundle->out);
    arena_free(bundle->arena);
    free(bundle);
}

Err bundle_keep(Bundle *bundle)
{
    Err err = finish(bundle);
    if (err.kind)
        file_part_drop(&bundle->file);
    else
        err = file_part_keep(&bundle->file);
    bundle_free(bundle);
    return err;
}

void bundle_drop(Bundle *bundle)
{
    if (!bundle)
        return;
    if (bundle->file.fd >= 0)
        file_part_drop(&bundle->file);
    bundle_free(bundle);
}

/* ---- unpacking ---- */

typedef struct Unpacking {
    Arena          *arena;
    struct archive *in;
    Str             folder;
    bool (*knows)(Str name);
    int64_t room;     /* bytes that may still come: an entry of holes says more than there is */
    Buf     manifest; /* as it should be, of what came so far */
    Buf     found;    /* as it is */
    bool    ended;    /* found has come */
} Unpacking;

static Err damaged(const char *why) { return err_make(ECODE_BACKUP_DAMAGED, "%s", why); }

static bool part_valid(Str part)
{
    bool valid = part.len && !str_eq(part, STR(".")) && !str_eq(part, STR(".."));
    for (size_t i = 0; valid && i < part.len; i++) {
        char c = part.ptr[i];
        valid = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                c == '-';
    }
    return valid;
}

static bool name_valid(Str name)
{
    bool valid = name.len && name.len <= NAME_MAX_LEN && name.ptr[0] != '/' && !str_ends(name, STR("/"));
    for (Str rest = name; valid && rest.len;)
        valid = part_valid(str_cut(&rest, '/'));
    return valid;
}

/* The folders on the way to name, which were not there, or are ours from an entry before. */
static Err make_folders(const Unpacking *work, Str name)
{
    OWNED(arena) Arena *scratch = arena_new();
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] != '/')
            continue;
        Str folder = str_printf(scratch, "%.*s/%.*s", STR_FMT(work->folder), STR_FMT(str_slice(name, 0, i)));
        if (mkdir(folder.ptr, 0750) != 0 && errno != EEXIST)
            return err_make(errno == ENOSPC ? ECODE_STORE_FULL : ECODE_FILE_READ, "mkdir %.*s: %m", STR_FMT(folder));
    }
    return ERR_OK;
}

static Err write_piece(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t done = write(fd, bytes, size);
        if (done < 0 && errno != EINTR)
            return err_make(errno == ENOSPC ? ECODE_STORE_FULL : ECODE_FILE_READ, "writing: %m");
        bytes += done > 0 ? done : 0;
        size -= done > 0 ? (size_t)done : 0;
    }
    return ERR_OK;
}

static Err unpack_bytes(Unpacking *work, int fd, Sha256 *digest)
{
    char       piece[PIECE];
    la_ssize_t got;
    while ((got = archive_read_data(work->in, piece, sizeof piece)) > 0) {
        work->room -= got;
        if (work->room < 0)
            return damaged("an entry larger than the file");
        sha256_add(digest, (Str){ piece, (size_t)got });
        TRY(write_piece(fd, piece, (size_t)got));
    }
    return got < 0 ? damaged(archive_error_string(work->in)) : ERR_OK;
}

static Err unpack_file(Unpacking *work, Str name)
{
    OWNED(arena) Arena *scratch = arena_new();
    Str                 path = str_printf(scratch, "%.*s/%.*s", STR_FMT(work->folder), STR_FMT(name));
    TRY(make_folders(work, name));
    int fd = open(path.ptr, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return damaged("a name comes twice");
    if (fd < 0)
        return err_make(errno == ENOSPC ? ECODE_STORE_FULL : ECODE_FILE_READ, "%.*s: %m", STR_FMT(path));
    Sha256 *digest = sha256_begin();
    Err     err = unpack_bytes(work, fd, digest);
    Hash    hash = sha256_end(digest);
    close(fd);
    manifest_line(&work->manifest, &hash, name);
    return err;
}

static Err read_manifest(Unpacking *work)
{
    char       piece[PIECE];
    la_ssize_t got = 0;
    work->ended = true;
    work->found = buf_new(work->arena, work->manifest.len); /* a longer one differs anyway */
    while (!work->found.full && (got = archive_read_data(work->in, piece, sizeof piece)) > 0)
        buf_add(&work->found, (Str){ piece, (size_t)got });
    return work->found.full ? damaged("a longer manifest") : got < 0 ? damaged(archive_error_string(work->in)) : ERR_OK;
}

static Err unpack_entry(Unpacking *work, struct archive_entry *entry)
{
    const char *path = archive_entry_pathname(entry);
    Str         name = str_from(path);
    if (work->ended)
        return damaged("something behind the manifest");
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) || !name_valid(name))
        return damaged("an entry that is no plain file");
    if (str_eq(name, STR(MANIFEST)))
        return read_manifest(work);
    return work->knows(name) ? unpack_file(work, name) : err_make(ECODE_BACKUP_FOREIGN, "%.*s", STR_FMT(name));
}

static Err unpack_all(Unpacking *work)
{
    for (int64_t i = 0; i < ENTRIES_MAX; i++) {
        struct archive_entry *entry;
        int                   result = archive_read_next_header(work->in, &entry);
        if (result == ARCHIVE_EOF)
            break;
        if (result != ARCHIVE_OK)
            return i ? damaged(archive_error_string(work->in)) : err_make(ECODE_BACKUP_FOREIGN, "no tar");
        TRY(unpack_entry(work, entry));
    }
    if (!work->ended)
        return damaged("no manifest at its end");
    return str_eq(buf_str(&work->found), buf_str(&work->manifest)) ? ERR_OK : damaged("not what its manifest says");
}

static Err unpack_from(Unpacking *work, Str path)
{
    if (archive_read_support_format_tar(work->in) != ARCHIVE_OK)
        return err_make(ECODE_INTERNAL, "libarchive without tar");
    if (archive_read_open_filename(work->in, str_dup_z(work->arena, path), PIECE) != ARCHIVE_OK)
        return err_make(ECODE_BACKUP_FOREIGN, "%s", archive_error_string(work->in));
    return unpack_all(work);
}

/* Of all that was written, the names of folders and files, too. */
static Err sync_all(Str folder)
{
    OWNED(arena) Arena *scratch = arena_new();
    int                 fd = open(str_dup_z(scratch, folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool                synced = fd >= 0 && syncfs(fd) == 0;
    Err                 err = synced ? ERR_OK : err_make(ECODE_FILE_READ, "sync %.*s: %m", STR_FMT(folder));
    if (fd >= 0)
        close(fd);
    return err;
}

Err bundle_unpack(Str path, Str folder, bool (*knows)(Str name))
{
    OWNED(arena) Arena *arena = arena_new();
    Unpacking           work = { .arena = arena, .in = archive_read_new(), .folder = folder, .knows = knows };
    struct stat         status;
    Err                 err;
    work.manifest = buf_new(arena, SIZE_MAX);
    if (stat(str_dup_z(arena, path), &status) == 0) {
        work.room = status.st_size;
        err = unpack_from(&work, path);
        if (!err.kind)
            err = sync_all(folder);
    } else {
        err = err_make(ECODE_FILE_MISSING, "%.*s: %m", STR_FMT(path));
    }
    archive_read_free(work.in);
    return err;
}
