/* kernel/authority.h: the time-stamping authority of a city, and the checkpoints of its log that it has stamped.
 *
 * Setting  in the table `setting`, so in a backup: where it is asked, how often, and the certificates of its CA. Those
 *          of an authority of before stay, for the tokens that it has given.
 * Duty     while the city is served, the authority is asked for a token over the newest checkpoint, at most every
 *          every_s and only when there are leaves that no stamped checkpoint has. Once a day all tokens are looked
 *          through: where the certificate that signed one has less than LIMIT_STAMP_RENEW_DAYS left, the checkpoint is
 *          stamped again (evidence/stamp.h), one a second, as long as that gains anything. Of a checkpoint whose token
 *          has ended already nothing can be saved; later ones have its leaves, too.
 * Failing  what it gives is verified before it is kept; else, as when it does not answer, the reason is logged and
 *          kept, and it is asked again after 10 s, then twice as long each time up to an hour. Nothing waits for it.
 * Kept     table log_stamp: each note that was stamped, and its tokens one after the other. Of one size there may be a
 *          note that the city alone has signed, and later the one with its witnesses. */
#ifndef FM_KERNEL_AUTHORITY_H
#define FM_KERNEL_AUTHORITY_H

#include "kernel/duties.h"

typedef struct Authority {
    Str     url, policy; /* policy: OID, or empty */
    int64_t every_s;
    Str     ca;      /* PEM */
    Str     earlier; /* PEM of authorities of before */
} Authority;

/* A text of lines `url URL`, `ca FILE`, `policy OID`, `every SECONDS`; ca holds the name of the file then.
 * ECODE_STAMP_AUTHORITY with the number of the line. */
Err authority_parse(Arena *arena, Str text, Authority *out) MUST_CHECK;
Err authority_read(Db *db, Arena *arena, Authority *out, bool *found) MUST_CHECK;
/* All that are kept, in PEM. */
Str authority_certificates(Arena *arena, const Authority *authority);
/* Of a city that nobody serves. ECODE_STAMP_CA. */
Err authority_set(const City *city, const Authority *authority) MUST_CHECK;

typedef struct StampingStands { /* how it goes */
    int64_t size;               /* leaves of the newest stamped checkpoint; 0: there is none */
    int64_t retry_ms;           /* after a failure: when it is asked again; else 0 */
    Str     problem;            /* of the last failure, when nothing came after it: code and context */
} StampingStands;
Err stamping_stands(Db *db, Arena *arena, StampingStands *out) MUST_CHECK;

typedef struct Stamped {
    Str note, tokens; /* empty: there is none */
    Str ca;           /* all certificates that are kept */
} Stamped;
/* Of the stamped checkpoints with at least so many leaves the nth, smallest first, from 0. */
Err stamped_find(Db *db, Arena *arena, uint64_t at_least, int64_t nth, Stamped *out) MUST_CHECK;

/* The duty "stamps". */
Err stamp_duty(DutyRun *run) MUST_CHECK;

#endif
