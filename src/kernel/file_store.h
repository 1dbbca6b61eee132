/* kernel/file_store.h: files of people, from the first byte that arrives to the last that is forgotten.
 *
 * Way      staged   DIR/staging/<uuid>: written as it arrives, hashed and looked at on the way, in constant memory
 *          flushed  on the disk
 *          upload   a row of the operational table `upload`: its uploader, and nobody else, may put it into a field by
 *                   a step, within UPLOAD_MS
 *          kept     renamed to DIR/files/<ab>/<cdef…> by its SHA-256: the same bytes are there once
 *          held     a committed event names it. Only now does anybody else see it: through the record's field, where
 *                   that shows (kernel/access.h)
 * Value    of a field of kind file or files: VALUE_FILES, canonical text, the array of the contract's objects:
 *              [{"id":"…","name":"报告.pdf","size":12345,"sha256":"<hex>"}]
 *          Its type is what the ending of its name says (kernel/file_type.h).
 * Holds    the operational table `file_hold` says which value of which event names which bytes; it is written with the
 *          event, and erasing a value (kernel/erase.h) takes its holds away.
 * Sweep    bytes that nothing holds and no upload waits for stand in `file_loose` with the time when they go; a duty
 *          removes them. A sweep locks DIR/files, and so does who keeps a file there or backs the city up, so that none
 *          takes what another needs. What a dead process has staged goes when the city is opened.
 * Threads  all of it from any; a Staged from one at a time.
 * Errors   ECODE_STORE_FULL, ECODE_FILE_READ: of the disk. Nothing half is left: a file under its hash is whole. */
#ifndef FM_KERNEL_FILE_STORE_H
#define FM_KERNEL_FILE_STORE_H

#include "base/json.h"
#include "kernel/city.h"
#include "kernel/duties.h"
#include "kernel/file_type.h"

#define UPLOAD_MS      (INT64_C(24) * 3600 * 1000)
#define UPLOAD_KEPT_MS (2 * UPLOAD_MS) /* bytes outlive the leave to use them: a step may be on its way */

typedef struct FileRef { /* what a field's value says of a file */
    Str     id, name, sha256;
    int64_t size;
} FileRef;

/* ---- arriving ---- */

typedef struct Staged Staged;

/* ECODE_BUSY: LIMIT_STAGING_BYTES are on their way. */
Err  staged_open(const City *city, Staged **out) MUST_CHECK;
Err  staged_add(Staged *staged, Str piece) MUST_CHECK;
void staged_free(Staged *staged); /* removes it, unless it was kept; NULL does nothing */
/* fsync: waits for the disk, so not on a loop's thread. */
Err              staged_flush(Staged *staged) MUST_CHECK;
int64_t          staged_size(const Staged *staged);
Hash             staged_hash(Staged *staged); /* of all that came; nothing is added afterwards */
const FileSniff *staged_sniff(const Staged *staged);
/* Gives the flushed file another name on this disk, such as a job's own; its bytes are then the caller's. */
Err staged_move(Staged *staged, Str path) MUST_CHECK;

/* ---- uploads ---- */

typedef struct Upload {
    FileRef file;
    Str     person;
    int64_t created_ms;
} Upload;

/* What the staged file is as an upload of ctx's actor under that name. ECODE_FILE_NAME, ECODE_FILE_EMPTY,
 * ECODE_FILE_TYPE, ECODE_FILE_CONTENT, with a problem on field. */
Err upload_name(const Ctx *ctx, Staged *staged, Str name, Str field, Upload *out, Problems *problems) MUST_CHECK;
/* May the actor upload one more? ECODE_FILE_PENDING: LIMIT_PENDING_FILES or LIMIT_PENDING_BYTES wait already. */
Err upload_admit(const Ctx *ctx) MUST_CHECK;
/* On the writer, after the flush and before staged_keep(). */
Err upload_write(Db *db, const Upload *upload) MUST_CHECK;
Err staged_keep(Staged *staged, const City *city) MUST_CHECK;
/* An upload that ctx's actor may put into a field. */
Err upload_find(const Ctx *ctx, Str id, FileRef *out, bool *found) MUST_CHECK;

/* ---- values ---- */

Value file_value(Arena *arena, const FileRef *files, size_t count); /* missing when there are none */
Err   file_refs(Arena *arena, Value value, FileRef **out, size_t *count) MUST_CHECK;
/* As the API shows it: an object, or of a field of several an array. */
Err   file_json(Arena *arena, Value value, bool several, Json **out) MUST_CHECK;
Json *file_ref_json(Arena *arena, const FileRef *file);
/* Names, as an export and a page without links write them. */
Str file_names(Arena *arena, Value value);
/* DIR/files/ab/cdef… */
Str file_path(const City *city, Arena *arena, Str sha256);

/* ---- holds: on the writer, by kernel/event.h and kernel/erase.h ---- */

Err file_hold(Db *db, int64_t sequence, int64_t item, Str field, Value value) MUST_CHECK;
Err file_release(Db *db, int64_t sequence, int64_t item, Str field) MUST_CHECK;

/* ---- the folder ---- */

/* Of a city that is being opened: makes the folders, removes what a dead process has staged. */
Err file_store_open(City *city) MUST_CHECK;
/* A row of duties[]. */
Err files_duty(DutyRun *run) MUST_CHECK;
/* For a backup: while the lock is held nothing is swept. -1: there are no files. */
Err  file_store_lock(Str dir, int *out) MUST_CHECK;
void file_store_unlock(int lock);
/* Every file that an event of this database holds, in the order of their hashes; one of an older release may know of
 * none. */
Err file_held(Db *db, Err (*each)(void *context, Str sha256, int64_t size), void *context) MUST_CHECK;
/* "files/ab/cdef…" */
bool file_path_valid(Str name);
/* Empty dir: the same name. */
Str file_path_in(Arena *arena, Str dir, Str sha256);
Err file_hash(Str path, Hash *out) MUST_CHECK; /* of what stands there */

#endif
