/* store/testing/fault_disk.h: a disk that fails on order. Tests only.
 *
 * A SQLite VFS in front of the real one, the default while it is installed. Three faults, which may be combined:
 *   a call of one kind fails, once or from then on;
 *   the disk is full: every write is refused until it is not;
 *   the power is cut. The disk then holds writes back until xSync, promises nothing (no atomic or ordered
 *   sectors), and at the cut each write that is held is applied, dropped, or torn at a sector of 512 bytes,
 *   at random; the process ends.
 * Limits   with held writes a file may be open once only. Deleting a file lasts at once. The shared memory of the log
 *          is passed through: a restart does not trust it anyway. */
#ifndef FM_STORE_TESTING_FAULT_DISK_H
#define FM_STORE_TESTING_FAULT_DISK_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "base/str.h"

#define FAULT_CUT_STATUS 77 /* exit status of a process whose power was cut */

typedef enum FaultCall {
    FAULT_NONE,
    FAULT_OPEN,
    FAULT_DELETE,
    FAULT_READ,
    FAULT_WRITE,
    FAULT_SYNC,
    FAULT_TRUNCATE,
    FAULT_LOCK,
    FAULT_SHM_MAP,
    FAULT_CALL_COUNT
} FaultCall;

typedef struct FaultDisk {
    /* set by the test, before the disk is in use */
    FaultCall call; /* which kind fails */
    int       result;
    long      at;       /* the first one that fails, from 1 */
    bool      for_good; /* and all after it */
    bool      holds_writes;
    long      cut_at; /* the write, truncation or sync at which the power goes, from 1; 0 never */
    uint64_t  seed;
    /* may be set at any time, from any thread */
    atomic_bool armed; /* calls are counted, and fail, only while it is set */
    atomic_bool full;
    atomic_long failed; /* calls that did */
    /* the disk's */
    sqlite3_vfs       vfs, *real;
    atomic_long       calls, changes;
    struct FaultFile *files;
} FaultDisk;

void           fault_disk_install(FaultDisk *disk);
void           fault_disk_remove(FaultDisk *disk);
_Noreturn void fault_disk_cut(FaultDisk *disk);

#endif
