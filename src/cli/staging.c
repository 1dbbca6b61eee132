/* cli/staging.c: see staging.h. */
#include "cli/staging.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/uuid.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* All that making a city writes (kernel/city.h, store/store.h); nothing else is ever removed. */
static const char *const leavings[] = {
    "city.db",     "city.db-journal",     "city.db-wal",     "city.db-shm",     "lock",
    "city.db.new", "city.db.new-journal", "city.db.new-wal", "city.db.new-shm",
};

static bool is_hex(Str name, size_t length)
{
    for (size_t i = 0; i < name.len; i++)
        if (!strchr("0123456789abcdef", name.ptr[i]))
            return false;
    return name.len == length;
}

/* Also of a write that was cut off. */
static bool is_key(Str name)
{
    enum { LOG_ID = 16 }; /* evidence/keeper.h */
    size_t at = STR("log-").len;
    return str_starts(name, STR("secret")) || (str_starts(name, STR("log-")) && name.len > at + LOG_ID &&
                                               is_hex(str_slice(name, at, at + LOG_ID), LOG_ID));
}

/* kernel/file_store.h: files/ab/cdef…, by a SHA-256 in hex. */
static bool is_file_folder(Str name) { return is_hex(name, 2); }
static bool is_file(Str name) { return is_hex(name, 2 * HASH_SIZE - 2); }

static Err err_file(const char *what, Str path)
{
    ErrCode code = errno == ENOSPC                                       ? ECODE_STORE_FULL
                   : errno == EACCES || errno == EROFS || errno == EPERM ? ECODE_STORE_READ_ONLY
                                                                         : ECODE_FILE_READ;
    return err_make(code, "%s %.*s: %m", what, STR_FMT(path));
}

/* ECODE_CITY_FOLDER unless path is an empty folder. */
static Err must_be_empty(Arena *arena, Str path)
{
    DIR *dir = opendir(str_dup_z(arena, path));
    if (!dir)
        return err_make(ECODE_CITY_FOLDER, "%.*s: %m", STR_FMT(path));
    Err err = ERR_OK;
    for (const struct dirent *entry; !err.kind && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            err = err_make(ECODE_CITY_FOLDER, "%.*s holds %s", STR_FMT(path), entry->d_name);
    closedir(dir);
    return err;
}

/* What rename(2) cannot replace is refused here, before a city is built: "." and "..", and a
 * link, also to an empty folder. */
static bool may_be_replaced(Str target, mode_t mode)
{
    bool itself = str_eq(target, STR(".")) || str_eq(target, STR("..")) || str_eq(target, STR("/")) ||
                  str_ends(target, STR("/.")) || str_ends(target, STR("/.."));
    return !itself && S_ISDIR(mode);
}

static Err check_target(Arena *arena, Str target)
{
    struct stat status;
    if (lstat(str_dup_z(arena, target), &status) != 0)
        return errno == ENOENT ? ERR_OK : err_file("looking at", target);
    if (access(str_dup_z(arena, str_printf(arena, "%.*s/city.db", STR_FMT(target))), F_OK) == 0)
        return err_make(ECODE_CITY_EXISTS, "%.*s", STR_FMT(target));
    if (!may_be_replaced(target, status.st_mode))
        return err_make(ECODE_CITY_FOLDER, "%.*s is not a folder, or not by its name", STR_FMT(target));
    return must_be_empty(arena, target);
}

/* What is ours in a folder, or of each folder in it that is ours what is below, and the folder when nothing else is. */
static void remove_folder(int parent, const char *name, bool (*ours)(Str name), bool (*below)(Str name))
{
    int  fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(dir));) {
        if (!ours(str_from(entry->d_name)))
            continue;
        if (below)
            remove_folder(fd, entry->d_name, below, NULL);
        else
            unlinkat(fd, entry->d_name, 0);
    }
    closedir(dir);
    unlinkat(parent, name, AT_REMOVEDIR);
}

static void remove_leavings(const Staging *staging)
{
    for (size_t i = 0; i < sizeof leavings / sizeof leavings[0]; i++)
        unlinkat(staging->fd, leavings[i], 0);
    remove_folder(staging->fd, "keys", is_key, NULL);
    remove_folder(staging->fd, "staging", uuid_valid, NULL);
    remove_folder(staging->fd, "files", is_file_folder, is_file);
}

static Err take_folder(Staging *staging)
{
    const char *path = str_dup_z(staging->arena, staging->dir);
    if (mkdir(path, 0750) != 0 && errno != EEXIST)
        return err_file("mkdir", staging->dir);
    staging->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (staging->fd < 0)
        return err_make(ECODE_CITY_FOLDER, "%s: %m", path);
    if (flock(staging->fd, LOCK_EX | LOCK_NB) == 0)
        return ERR_OK;
    Err err = err_make(ECODE_CITY_LOCKED, "%s: %m", path);
    close(staging->fd);
    staging->fd = -1; /* it is the other's to remove */
    return err;
}

Err staging_open(Arena *arena, Str target, Staging *out)
{
    while (target.len > 1 && target.ptr[target.len - 1] == '/')
        target.len--;
    Staging staging = { arena, target, str_printf(arena, "%.*s.init", STR_FMT(target)), -1 };
    TRY(check_target(arena, target));
    TRY(take_folder(&staging));
    remove_leavings(&staging);
    Err err = must_be_empty(arena, staging.dir);
    if (err.kind) {
        close(staging.fd);
        return err;
    }
    *out = staging;
    return ERR_OK;
}

Err staging_keep(Staging *staging)
{
    if (fsync(staging->fd) != 0)
        return err_file("fsync", staging->dir);
    TRY(file_rename(staging->dir, staging->target));
    close(staging->fd);
    staging->fd = -1;
    return ERR_OK;
}

void staging_drop(Staging *staging)
{
    if (staging->fd < 0)
        return;
    remove_leavings(staging);
    close(staging->fd);
    rmdir(str_dup_z(staging->arena, staging->dir));
    staging->fd = -1;
}
