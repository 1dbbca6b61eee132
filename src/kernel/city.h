/* kernel/city.h: a city on disk, opened by one process.
 *
 * Files    DIR/city.db (database), DIR/lock (flock: one process writes), DIR/socket (of a serving process),
 *          DIR/files and DIR/staging (kernel/file_store.h),
 *          DIR/keys/secret (32 bytes in hex, mode 0600; --key-dir may place keys elsewhere) and beside it the key of
 *          the city's log (evidence/keeper.h). The pack is frozen in the database by city_create.
 * Log      a city whose data its log's key has signed otherwise is read-only: no event can be written, everything else
 *          goes on (city_writes).
 * Threads  everything in City but the writer's inside is read-only once opened. Each thread reads through
 *          a Db of its own. */
#ifndef FM_KERNEL_CITY_H
#define FM_KERNEL_CITY_H

#include "base/date.h"
#include "base/env.h"
#include "base/hash.h"
#include "base/uuid.h"
#include "kernel/pack.h"
#include "store/writer.h"

typedef struct City {
    Arena                    *arena;                                    /* owns what follows */
    Str                       dir, key_dir, database_path, socket_path; /* key_dir: where the keys are */
    const Pack               *pack;
    int64_t                   pack_number; /* of the frozen pack in this city: 1, 2 … */
    const struct EvolveNames *names;       /* what names events of before have (kernel/evolve.h) */
    Env                       env;
    UuidMaker                *ids;
    Hash                      secret; /* signs cursors and form tokens, peppers passwords */
    bool                      demo;   /* listens on loopback only and says so on each page */
    Writer                   *writer;
    struct FileStore         *files; /* kernel/file_store.h */
    struct Keeper            *log;   /* evidence/keeper.h */
    const DbSlow             *slow;  /* of a served city: who hears of slow statements (city_watch_slow) */
    const struct Effects
                  *effects; /* kernel/effect.h; whoever opens the city to have steps taken gives it its services' */
    struct Duties *duties;  /* of a served city (kernel/duties.h); NULL otherwise */
    int            lock_fd;
} City;

typedef struct Actor Actor;

/* What one request or command reads with: who asks, when, in which words, through which connection. */
typedef struct Ctx {
    const City  *city;
    Db          *db;    /* a reading connection of this thread */
    Arena       *arena; /* the request's */
    const Actor *actor; /* NULL: not signed in, sees nothing */
    int64_t      now_ms;
    Lang         lang;
    struct Seen *seen; /* what references led to (find_remember); NULL: every one is looked up */
} Ctx;

/* Makes a city: folder, keys, database, frozen pack, and the event that says so. The pack must have passed pack_load.
 * ECODE_CITY_EXISTS. key_dir may be empty. */
Err city_create(Str dir, Str key_dir, const PackSource *source, bool demo, Env env) MUST_CHECK;
/* Takes the lock, brings the database up to this version of the program, and starts the writer. ECODE_CITY_MISSING,
 * ECODE_CITY_LOCKED (held by another process), ECODE_STORE_NEWER. */
Err                city_open(Str dir, Str key_dir, Env env, City **out) MUST_CHECK;
void               city_close(City *city); /* finishes what waits in the writer; NULL does nothing */
static inline void city_freep(City **city) { city_close(*city); }
Err                city_reader(const City *city, Db **out) MUST_CHECK; /* a new reading connection */
/* Of connections that are opened from now on, and of the writer's; slow outlives the city. Before it is served. */
void city_watch_slow(City *city, const DbSlow *slow);
/* The pack of that number, from before or today's, anew in the arena: some milliseconds. ECODE_CITY_PACK. */
Err city_pack(Db *db, Arena *arena, int64_t number, const Pack **out) MUST_CHECK;
/* ERR_OK, or why no event can be written: ECODE_LOG_BEHIND, ECODE_LOG_FORKED, ECODE_LOG_KEYLESS. */
Err city_writes(const City *city);
/* Ends the city's log and begins another of that name (empty: one of its own), over all events that there are. To be
 * closed and opened again. ECODE_LOG_NAME. */
Err city_log_renew(City *city, Str name) MUST_CHECK;
/* Is there a key of the city in dir? */
bool city_has_key(Str dir, Str key_dir);
/* Makes a new key, and has the database know it; or, where there is one, looks whether it is the city's
 * (ECODE_CITY_KEY_WRONG). Where the key of the log is not, the city gets another log. For a database that nobody has
 * open (kernel/backup.h). */
Err city_key_renew(Db *db, Str dir, Str key_dir, const Env *env, bool make, bool *new_log) MUST_CHECK;
/* Freezes the pack under that number, with the event that says so (kernel/evolve.h); steps may be empty. On the
 * writer. */
Err city_freeze(Db *db, Arena *arena, const Env *env, const Pack *pack, int64_t number, const PackSource *source,
                Str steps) MUST_CHECK;

static inline int64_t ctx_today(const Ctx *ctx) /* the city's date */
{
    return instant_day(ctx->now_ms, ctx->city->pack->utc_offset_minutes);
}

#endif
