/* web/long_read.h: reading that takes longer than a loop may be held up, on one thread of its own. Private to web/.
 *
 * run() gets a copy of the call with a connection of the thread's and an arena of its own, and opens its snapshots
 * itself (call_snapshot_open), each for a short time. What it gives back goes through its context. */
#ifndef FM_WEB_LONG_READ_H
#define FM_WEB_LONG_READ_H

#include "web/call.h"

typedef struct LongReads LongReads; /* the thread, and who waits for it */

LongReads *long_reads_new(const City *city);
void long_reads_free(LongReads *reads); /* ends what runs as soon as it looks (long_read_ends()); NULL does nothing */

/* Has run(copy, context, problems) called there, then, on the call's thread, then(call, err, problems). ECODE_BUSY, by
 * then(), when LIMIT_LONG_READS wait already. */
void call_long_read(Call *call, Err (*run)(Call *copy, void *context, Problems *problems), void *context,
                    void (*then)(Call *call, Err err, const Problems *problems));
/* Nobody waits for it any more: the client is gone, or the program ends. */
bool long_read_ends(const Call *copy);

#endif
