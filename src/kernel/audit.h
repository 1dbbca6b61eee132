/* kernel/audit.h: holds everything that proves something against everything else, and names each place that does not
 * fit.
 *
 * Looked at  the database page by page; each event against its manifest; each leaf against manifest and salt; the
 *            tiles and the right edge against the leaves; the last signed checkpoint, and those that are kept with
 *            their time stamps, against the tree; each file that an event holds against its hash. Record tables are a
 *            projection of the events and can be made anew (kernel/rebuild.h).
 * Reads      by a connection of its own, whether another process serves the city or not; changes nothing. Memory does
 *            not grow with the log. */
#ifndef FM_KERNEL_AUDIT_H
#define FM_KERNEL_AUDIT_H

#include "base/err.h"
#include "base/lang.h"
#include "store/store.h"

typedef struct AuditAbout {
    int64_t events, leaves, tiles, files, damaged; /* damaged: places told of */
} AuditAbout;

typedef struct AuditTell {
    /* place: "event 12", "leaf 11", "tile/0/003", "edge", "checkpoint", "checkpoint 12", "file <sha256>", "database" */
    void (*damage)(void *context, Str place, Text what);
    void *context;
} AuditTell;

/* Errors are those of not being able to look at all: ECODE_CITY_MISSING, and what reading gives. */
Err audit(Str dir, Str key_dir, const AuditTell *tell, const DbWatch *watch, AuditAbout *out) MUST_CHECK;

#endif
