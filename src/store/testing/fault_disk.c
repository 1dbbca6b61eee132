#include "store/testing/fault_disk.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"

#define SECTOR 512

typedef struct HeldWrite HeldWrite;
struct HeldWrite {
    HeldWrite *next;
    int64_t    offset;
    size_t     length;
    bool       truncates; /* the file ends at offset */
    char       bytes[];
};

typedef struct FaultFile {
    sqlite3_file      base; /* first: SQLite's view */
    FaultDisk        *disk;
    sqlite3_file     *real;
    struct FaultFile *next;
    char             *image; /* with held writes: the file as SQLite sees it */
    int64_t           size;
    HeldWrite        *first, **end;
} FaultFile;

static FaultFile *file_of(sqlite3_file *file) { return (FaultFile *)file; }

/* ---- ordered failures ---- */

static bool fails(FaultDisk *disk, FaultCall call)
{
    if (call != disk->call || !atomic_load(&disk->armed))
        return false;
    long number = atomic_fetch_add(&disk->calls, 1) + 1;
    bool hit = disk->for_good ? number >= disk->at : number == disk->at;
    if (hit)
        atomic_fetch_add(&disk->failed, 1);
    return hit;
}

/* ---- held writes ---- */

static void image_resize(FaultFile *file, int64_t size)
{
    if (size > file->size) {
        file->image = mem_grow(file->image, (size_t)size);
        memset(file->image + file->size, 0, (size_t)(size - file->size));
    }
    file->size = size;
}

static int image_load(FaultFile *file)
{
    sqlite3_int64 size = 0;
    int           result = file->real->pMethods->xFileSize(file->real, &size);
    image_resize(file, size);
    file->end = &file->first;
    return result == SQLITE_OK && size > 0 ? file->real->pMethods->xRead(file->real, file->image, (int)size, 0)
                                           : result;
}

static void hold(FaultFile *file, const void *bytes, size_t length, int64_t offset, bool truncates)
{
    HeldWrite *held = mem_alloc(sizeof *held + length);
    *held = (HeldWrite){ .offset = offset, .length = length, .truncates = truncates };
    if (length)
        memcpy(held->bytes, bytes, length);
    *file->end = held;
    file->end = &held->next;
}

static int apply(FaultFile *file, const HeldWrite *held)
{
    if (held->truncates)
        return file->real->pMethods->xTruncate(file->real, held->offset);
    return file->real->pMethods->xWrite(file->real, held->bytes, (int)held->length, held->offset);
}

static int release(FaultFile *file) /* what xSync promises: all that was held is on the disk */
{
    int result = SQLITE_OK;
    for (HeldWrite *held = file->first, *next; held; held = next) {
        next = held->next;
        if (result == SQLITE_OK)
            result = apply(file, held);
        free(held);
    }
    file->first = NULL;
    file->end = &file->first;
    return result;
}

/* ---- the cut ---- */

static uint64_t chance(FaultDisk *disk, uint64_t below) /* xorshift64*: repeatable from the seed */
{
    disk->seed ^= disk->seed >> 12;
    disk->seed ^= disk->seed << 25;
    disk->seed ^= disk->seed >> 27;
    return (disk->seed * 0x2545F4914F6CDD1Du >> 32) % below;
}

static void tear(FaultFile *file, const HeldWrite *held)
{
    int64_t end = held->offset + (int64_t)held->length;
    for (int64_t at = held->offset, next; at < end; at = next) {
        next = (at / SECTOR + 1) * SECTOR;
        next = next < end ? next : end;
        if (chance(file->disk, 2))
            file->real->pMethods->xWrite(file->real, held->bytes + (at - held->offset), (int)(next - at), at);
    }
}

_Noreturn void fault_disk_cut(FaultDisk *disk)
{
    enum { APPLIED, DROPPED, TORN, FATES };
    for (FaultFile *file = disk->files; file; file = file->next) {
        for (const HeldWrite *held = file->first; held; held = held->next) {
            uint64_t fate = chance(disk, FATES);
            if (fate == APPLIED)
                apply(file, held);
            else if (fate == TORN && !held->truncates)
                tear(file, held);
        }
    }
    _exit(FAULT_CUT_STATUS);
}

static void change(FaultDisk *disk) /* counts one change of the disk, at which the power may go */
{
    if (disk->cut_at && atomic_load(&disk->armed) && atomic_fetch_add(&disk->changes, 1) + 1 == disk->cut_at)
        fault_disk_cut(disk);
}

/* ---- methods of a file ---- */

static int disk_close(sqlite3_file *base)
{
    FaultFile  *file = file_of(base);
    FaultFile **at = &file->disk->files;
    while (*at && *at != file)
        at = &(*at)->next;
    if (*at)
        *at = file->next;
    if (file->disk->holds_writes)
        (void)release(file); /* a close in order; tests that cut the power never come here */
    free(file->image);
    return file->real->pMethods->xClose(file->real);
}

static int disk_read(sqlite3_file *base, void *bytes, int length, sqlite3_int64 offset)
{
    FaultFile *file = file_of(base);
    if (fails(file->disk, FAULT_READ))
        return file->disk->result;
    if (!file->disk->holds_writes)
        return file->real->pMethods->xRead(file->real, bytes, length, offset);
    int64_t there = file->size - offset < length ? file->size - offset : length;
    there = there > 0 ? there : 0;
    if (there)
        memcpy(bytes, file->image + offset, (size_t)there);
    memset((char *)bytes + there, 0, (size_t)(length - there));
    return there == length ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int disk_write(sqlite3_file *base, const void *bytes, int length, sqlite3_int64 offset)
{
    FaultFile *file = file_of(base);
    if (fails(file->disk, FAULT_WRITE))
        return file->disk->result;
    if (atomic_load(&file->disk->full))
        return SQLITE_FULL;
    if (!file->disk->holds_writes)
        return file->real->pMethods->xWrite(file->real, bytes, length, offset);
    hold(file, bytes, (size_t)length, offset, false);
    image_resize(file, offset + length > file->size ? offset + length : file->size);
    memcpy(file->image + offset, bytes, (size_t)length);
    change(file->disk);
    return SQLITE_OK;
}

static int disk_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    FaultFile *file = file_of(base);
    if (fails(file->disk, FAULT_TRUNCATE))
        return file->disk->result;
    if (!file->disk->holds_writes)
        return file->real->pMethods->xTruncate(file->real, size);
    hold(file, NULL, 0, size, true);
    image_resize(file, size);
    change(file->disk);
    return SQLITE_OK;
}

static int disk_sync(sqlite3_file *base, int flags)
{
    FaultFile *file = file_of(base);
    if (fails(file->disk, FAULT_SYNC))
        return file->disk->result;
    if (!file->disk->holds_writes)
        return file->real->pMethods->xSync(file->real, flags);
    change(file->disk);
    return release(file); /* the machine stays up: real syncs would only take time */
}

static int disk_file_size(sqlite3_file *base, sqlite3_int64 *size)
{
    FaultFile *file = file_of(base);
    if (!file->disk->holds_writes)
        return file->real->pMethods->xFileSize(file->real, size);
    *size = file->size;
    return SQLITE_OK;
}

static int disk_lock(sqlite3_file *base, int level)
{
    FaultFile *file = file_of(base);
    return fails(file->disk, FAULT_LOCK) ? file->disk->result : file->real->pMethods->xLock(file->real, level);
}

static int disk_unlock(sqlite3_file *base, int level)
{
    return file_of(base)->real->pMethods->xUnlock(file_of(base)->real, level);
}

static int disk_check_reserved(sqlite3_file *base, int *held)
{
    return file_of(base)->real->pMethods->xCheckReservedLock(file_of(base)->real, held);
}

static int disk_control(sqlite3_file *base, int operation, void *arg)
{
    FaultFile *file = file_of(base);
    /* A hint to grow the file would get past the held writes. */
    if (file->disk->holds_writes && (operation == SQLITE_FCNTL_SIZE_HINT || operation == SQLITE_FCNTL_CHUNK_SIZE))
        return SQLITE_OK;
    return file->real->pMethods->xFileControl(file->real, operation, arg);
}

static int disk_sector_size(sqlite3_file *base)
{
    FaultFile *file = file_of(base);
    return file->disk->holds_writes ? SECTOR : file->real->pMethods->xSectorSize(file->real);
}

static int disk_traits(sqlite3_file *base)
{
    FaultFile *file = file_of(base);
    return file->disk->holds_writes ? 0 : file->real->pMethods->xDeviceCharacteristics(file->real);
}

static int disk_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **out)
{
    FaultFile *file = file_of(base);
    if (fails(file->disk, FAULT_SHM_MAP))
        return file->disk->result;
    return file->real->pMethods->xShmMap(file->real, region, size, extend, out);
}

static int disk_shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    return file_of(base)->real->pMethods->xShmLock(file_of(base)->real, offset, count, flags);
}

static void disk_shm_barrier(sqlite3_file *base) { file_of(base)->real->pMethods->xShmBarrier(file_of(base)->real); }

static int disk_shm_unmap(sqlite3_file *base, int deletes)
{
    return file_of(base)->real->pMethods->xShmUnmap(file_of(base)->real, deletes);
}

static const sqlite3_io_methods disk_methods = {
    .iVersion = 2, /* with shared memory, without mapped files */
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_file_size,
    .xLock = disk_lock,
    .xUnlock = disk_unlock,
    .xCheckReservedLock = disk_check_reserved,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector_size,
    .xDeviceCharacteristics = disk_traits,
    .xShmMap = disk_shm_map,
    .xShmLock = disk_shm_lock,
    .xShmBarrier = disk_shm_barrier,
    .xShmUnmap = disk_shm_unmap,
};

/* ---- the disk ---- */

static int disk_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *base, int flags, int *out_flags)
{
    FaultDisk *disk = vfs->pAppData;
    FaultFile *file = file_of(base);
    base->pMethods = NULL; /* SQLite then does not close what was not opened */
    if (fails(disk, FAULT_OPEN))
        return disk->result;
    *file = (FaultFile){ .disk = disk, .real = (sqlite3_file *)(file + 1), .next = disk->files };
    int result = disk->real->xOpen(disk->real, name, file->real, flags, out_flags);
    if (result != SQLITE_OK)
        return result;
    base->pMethods = &disk_methods;
    disk->files = file;
    return disk->holds_writes ? image_load(file) : SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    FaultDisk *disk = vfs->pAppData;
    return fails(disk, FAULT_DELETE) ? disk->result : disk->real->xDelete(disk->real, name, sync_folder);
}

void fault_disk_install(FaultDisk *disk)
{
    disk->real = sqlite3_vfs_find(NULL);
    disk->vfs = *disk->real;
    disk->vfs.pNext = NULL;
    disk->vfs.zName = "fault";
    disk->vfs.szOsFile = (int)sizeof(FaultFile) + disk->real->szOsFile;
    disk->vfs.pAppData = disk;
    disk->vfs.xOpen = disk_open;
    disk->vfs.xDelete = disk_delete;
    disk->seed = disk->seed ? disk->seed : 1; /* the generator cannot leave 0 */
    int result = sqlite3_vfs_register(&disk->vfs, 1);
    assert(result == SQLITE_OK);
    (void)result;
}

void fault_disk_remove(FaultDisk *disk)
{
    sqlite3_vfs_unregister(&disk->vfs);
    sqlite3_vfs_register(disk->real, 1);
}
