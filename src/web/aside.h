/* web/aside.h: what takes longer than a loop may be held up, and is no change: on a thread of its own. Private to web/.
 *
 * Kinds    one thread each, so that a long export keeps no upload waiting; each does one after the other.
 * Copy     run() gets a copy of the call with an arena of its own and, but for ASIDE_FILE, a connection of its own; it
 *          opens its snapshots itself (call_snapshot_open), each for a short time. What it gives back goes through its
 *          context. */
#ifndef FM_WEB_ASIDE_H
#define FM_WEB_ASIDE_H

#include "web/call.h"

typedef enum AsideKind {
    ASIDE_READ, /* many pages of a list */
    ASIDE_FILE, /* writing a file to the disk */
    ASIDE_SIGN, /* signing a checkpoint of the log */
    ASIDE_KINDS
} AsideKind;

typedef struct Aside Aside; /* the thread, and who waits for it */

/* The thread starts with the first piece of work. */
Aside *aside_new(const City *city, AsideKind kind);
void   aside_free(Aside *aside); /* ends what runs as soon as it looks (aside_ends()); NULL does nothing */

/* Has run(copy, context, problems) called there, then, on the call's thread, then(call, err, problems). ECODE_BUSY, by
 * then(), when LIMIT_ASIDE wait already, or LIMIT_SIGN_QUEUE to be signed for. */
void call_aside(Call *call, AsideKind kind, Err (*run)(Call *copy, void *context, Problems *problems), void *context,
                void (*then)(Call *call, Err err, const Problems *problems));
/* Does the program end? Then run() should return. */
bool aside_ends(const Call *copy);

#endif
