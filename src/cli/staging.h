/* cli/staging.h: a new folder, whole or not at all.
 *
 * What will be DIR is built in DIR.init beside it, and renamed when it is complete: DIR never holds half a city. When
 * building fails, DIR.init is removed; when the process is killed it stays, and the next init of the same DIR takes it
 * over. Two at the same time cannot: the folder is locked (flock) by who builds in it. */
#ifndef FM_CLI_STAGING_H
#define FM_CLI_STAGING_H

#include "base/err.h"

typedef struct Staging {
    Arena *arena;
    Str    target; /* DIR, without '/' at its end */
    Str    dir;    /* where to build */
    int    fd;     /* of dir, locked; -1: none */
} Staging;

/* ECODE_CITY_EXISTS: DIR holds a city. ECODE_CITY_FOLDER: DIR or DIR.init is there and not an empty folder, or DIR is a
 * link, "." or "..". ECODE_CITY_LOCKED: another process builds it. Errors of the file system. */
Err staging_open(Arena *arena, Str target, Staging *out) MUST_CHECK;
/* Nothing in dir may be open any more. Durable when it returns. */
Err  staging_keep(Staging *staging) MUST_CHECK;
void staging_drop(Staging *staging); /* after staging_keep() does nothing */

static inline void staging_freep(Staging *staging) { staging_drop(staging); } /* OWNED(staging) */

#endif
