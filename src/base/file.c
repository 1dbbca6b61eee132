/* base/file.c: see file.h. */
#include "base/file.h"

#include "base/env.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { CHUNK = 64 * 1024 };

/* ---- reading ---- */

/* Bytes that grow on the heap, so that the arena keeps one copy of the final size and no stages. */
typedef struct Sink {
    char  *ptr;
    size_t len, capacity, max;
} Sink;

static void sink_release(Sink *sink) { free(sink->ptr); }

static void fd_release(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static Err err_too_large(Str path, size_t max)
{
    return err_make(ECODE_FILE_TOO_LARGE, "%.*s: more than %zu bytes", STR_FMT(path), max);
}

static Err err_gzip(Str path, const char *why) { return err_make(ECODE_FILE_GZIP, "%.*s: %s", STR_FMT(path), why); }

/* Room for at least one more byte and at most one past the maximum: that byte tells a full file from one too large. */
static void sink_make_room(Sink *sink)
{
    if (sink->len < sink->capacity)
        return;
    size_t most = sink->max < SIZE_MAX ? sink->max + 1 : sink->max;
    size_t capacity = sink->capacity ? sink->capacity : CHUNK;
    capacity = capacity > most / 2 ? most : capacity * 2;
    sink->ptr = mem_grow(sink->ptr, capacity);
    sink->capacity = capacity;
}

/* Up to size bytes; *out 0 at the end of the file. */
static Err read_some(int fd, Str path, void *bytes, size_t size, size_t *out)
{
    ssize_t got;
    do
        got = read(fd, bytes, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_make(ECODE_FILE_READ, "%.*s: %m", STR_FMT(path));
    *out = (size_t)got;
    return ERR_OK;
}

static Err read_plain(int fd, Str path, Sink *sink)
{
    for (size_t got = 1; got;) {
        sink_make_room(sink);
        TRY(read_some(fd, path, sink->ptr + sink->len, sink->capacity - sink->len, &got));
        sink->len += got;
        if (sink->len > sink->max)
            return err_too_large(path, sink->max);
    }
    return ERR_OK;
}

static void inflate_release(z_stream **stream) { inflateEnd(*stream); }

/* Unpacks what stands in stream->next_in, through the end of at most one member (*ended). */
static Err unpack_chunk(z_stream *stream, Str path, Sink *sink, bool *ended)
{
    *ended = false;
    do {
        sink_make_room(sink);
        size_t room = sink->capacity - sink->len;
        stream->next_out = (Bytef *)sink->ptr + sink->len;
        stream->avail_out = room < CHUNK ? (uInt)room : CHUNK;
        uInt before = stream->avail_out;
        int  status = inflate(stream, Z_NO_FLUSH);
        sink->len += before - stream->avail_out;
        if (sink->len > sink->max)
            return err_too_large(path, sink->max);
        if (status == Z_MEM_ERROR)
            return err_make(ECODE_BUSY, "%.*s: no memory to unpack", STR_FMT(path));
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            return err_gzip(path, stream->msg ? stream->msg : "not gzip");
        *ended = status == Z_STREAM_END;
    } while (!*ended && stream->avail_out == 0);
    return ERR_OK;
}

/* A gzip file is one member or several in a row (RFC 1952, 2.2), and nothing else. */
static Err read_gzip(int fd, Str path, Sink *sink)
{
    z_stream state = { 0 };
    if (inflateInit2(&state, 15 + 16) != Z_OK)
        return err_make(ECODE_BUSY, "%.*s: no memory to unpack", STR_FMT(path));
    __attribute__((cleanup(inflate_release))) z_stream *stream = &state;
    unsigned char                                       packed[CHUNK];
    bool                                                ended = false;
    for (;;) {
        if (stream->avail_in == 0) {
            size_t got;
            TRY(read_some(fd, path, packed, sizeof packed, &got));
            if (got == 0)
                return ended ? ERR_OK : err_gzip(path, "ends too early");
            stream->next_in = packed;
            stream->avail_in = (uInt)got;
        }
        if (ended && inflateReset(stream) != Z_OK)
            return err_gzip(path, "cannot start the next member");
        TRY(unpack_chunk(stream, path, sink, &ended));
    }
}

Err file_read(Arena *arena, Str path, size_t max, Str *out)
{
    if (path.len == 0 || memchr(path.ptr, '\0', path.len))
        return err_make(ECODE_FILE_MISSING, "not a path");
    __attribute__((cleanup(fd_release))) int fd = open(str_dup_z(arena, path), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        ErrCode code = errno == ENOENT || errno == ENOTDIR ? ECODE_FILE_MISSING : ECODE_FILE_READ;
        return err_make(code, "%.*s: %m", STR_FMT(path));
    }
    __attribute__((cleanup(sink_release))) Sink sink = { .max = max };
    if (str_ends(path, STR(".gz")))
        TRY(read_gzip(fd, path, &sink));
    else
        TRY(read_plain(fd, path, &sink));
    *out = str_dup(arena, (Str){ sink.ptr, sink.len });
    return ERR_OK;
}

/* ---- writing ---- */

static Err err_write(Str path)
{
    ErrCode code = errno == ENOSPC || errno == EDQUOT    ? ECODE_STORE_FULL
                   : errno == ENOENT || errno == ENOTDIR ? ECODE_FILE_MISSING
                                                         : ECODE_FILE_READ;
    return err_make(code, "writing %.*s: %m", STR_FMT(path));
}

static bool write_all(int fd, Str bytes)
{
    while (bytes.len) {
        ssize_t put = write(fd, bytes.ptr, bytes.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes = str_slice(bytes, (size_t)put, bytes.len);
    }
    return true;
}

/* False with errno when any step fails; the descriptor is closed either way. */
static bool write_and_sync(int fd, Str bytes)
{
    bool written = write_all(fd, bytes) && fsync(fd) == 0;
    int  reason = errno;
    if (close(fd) != 0 && written) {
        written = false;
        reason = errno;
    }
    errno = reason;
    return written;
}

static bool sync_folder(Arena *arena, Str path)
{
    size_t length = path.len;
    while (length && path.ptr[length - 1] != '/')
        length--;
    const char                              *folder = length ? str_dup_z(arena, str_slice(path, 0, length)) : ".";
    __attribute__((cleanup(fd_release))) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

Err file_folder_sync(Str path)
{
    OWNED(arena) Arena *arena = arena_new();
    return sync_folder(arena, path) ? ERR_OK : err_write(path);
}

Err file_rename(Str from, Str to)
{
    OWNED(arena) Arena *arena = arena_new();
    bool                renamed = rename(str_dup_z(arena, from), str_dup_z(arena, to)) == 0 && sync_folder(arena, to);
    return renamed ? ERR_OK : err_write(to);
}

Err file_write(Str path, Str bytes, unsigned mode)
{
    if (path.len == 0 || memchr(path.ptr, '\0', path.len))
        return err_make(ECODE_FILE_MISSING, "not a path");
    OWNED(arena) Arena *arena = arena_new();
    Env                 env = env_system();
    uint64_t            suffix;
    env_random(&env, &suffix, sizeof suffix);
    const char *target = str_dup_z(arena, path);
    const char *temporary = str_printf(arena, "%.*s.%016" PRIx64 ".tmp", STR_FMT(path), suffix).ptr;
    int         fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return err_write(path);
    if (!write_and_sync(fd, bytes) || rename(temporary, target) != 0) {
        Err err = err_write(path);
        unlink(temporary);
        return err;
    }
    return sync_folder(arena, path) ? ERR_OK : err_write(path);
}

/* ---- piece by piece ---- */

/* Never what stands there already: somebody else may have it open, or it leads to another file. */
Err file_part_open(Arena *arena, Str path, unsigned mode, FilePart *out)
{
    if (path.len == 0 || memchr(path.ptr, '\0', path.len))
        return err_make(ECODE_FILE_MISSING, "not a path");
    *out = (FilePart){ .path = path, .part = str_printf(arena, "%.*s.part", STR_FMT(path)) };
    if (unlink(out->part.ptr) != 0 && errno != ENOENT)
        return err_write(out->part);
    out->fd = open(out->part.ptr, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    return out->fd >= 0 ? ERR_OK : err_write(out->part);
}

Err file_part_write(FilePart *file, Str bytes) { return write_all(file->fd, bytes) ? ERR_OK : err_write(file->part); }

/* Does the name still lead to what was written? Another may have begun the same file since. */
static bool part_is_ours(const FilePart *file)
{
    struct stat written, named;
    bool        same = fstat(file->fd, &written) == 0 && lstat(file->part.ptr, &named) == 0 &&
                written.st_dev == named.st_dev && written.st_ino == named.st_ino;
    if (!same)
        errno = EBUSY;
    return same;
}

Err file_part_keep(FilePart *file)
{
    if (!part_is_ours(file)) {
        Err err = err_write(file->part);
        close(file->fd);
        return err;
    }
    Err err = write_and_sync(file->fd, STR("")) ? file_rename(file->part, file->path) : err_write(file->part);
    if (err.kind)
        unlink(file->part.ptr);
    return err;
}

void file_part_drop(FilePart *file)
{
    if (part_is_ours(file))
        unlink(file->part.ptr);
    close(file->fd);
}
