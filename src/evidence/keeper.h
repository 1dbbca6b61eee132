/* evidence/keeper.h: the key of a log, and what it has signed: the one that must never sign two logs.
 *
 * Files    in the folder of the keys, which no backup has: log-<id>.key, the signer's key (evidence/note.h), and
 *          log-<id>.state, the last checkpoint that it signed. Both for the owner alone.
 * Order    a checkpoint is of committed leaves, is written to the state, which is flushed to the disk, and only then
 *          given to anybody. Before it is signed the tree is held against the last one: it must begin with it.
 * Fork     a database that is shorter than the last checkpoint, or other than it (an old backup restored, a copy of the
 *          city run elsewhere), is told by that: nothing more is signed, and the city is read-only (keeper_closed).
 *          What this cannot see is two copies with the key and its state: witnesses do.
 * Threads  any; one signs at a time. */
#ifndef FM_EVIDENCE_KEEPER_H
#define FM_EVIDENCE_KEEPER_H

#include "evidence/checkpoint.h"
#include "store/store.h"

typedef struct Keeper Keeper;

/* A new key, whose log is called name, with its state: nothing signed but the empty tree. */
Err keeper_make(Str folder, Str id, Str name, const Env *env) MUST_CHECK;
/* Is there a key of that id? */
bool keeper_exists(Str folder, Str id);
/* Opens the key and looks whether db is what it has signed. One that must not sign opens, too, and says why. */
Err                keeper_open(Str folder, Str id, Db *db, Keeper **out) MUST_CHECK;
void               keeper_free(Keeper *keeper); /* NULL does nothing */
static inline void keeper_freep(Keeper **keeper) { keeper_free(*keeper); }

/* Why the log may not grow: ECODE_LOG_BEHIND, ECODE_LOG_FORKED, ECODE_LOG_KEYLESS; ERR_OK when it may. */
Err keeper_closed(Keeper *keeper);
/* Its verifier; false when there is no key. Valid as long as the keeper. */
bool keeper_key(const Keeper *keeper, NoteKey *out);

typedef struct KeeperWish { /* for a signed checkpoint */
    uint64_t at_least;      /* leaves */
    bool     newest;        /* not one that is older than KEEPER_PERIOD_MS, unless nothing has come since */
    int64_t  now_ms;        /* the city's time */
} KeeperWish;
#define KEEPER_PERIOD_MS 200

/* The last checkpoint, when it is as wished. Without waiting for the disk. */
bool keeper_last(Keeper *keeper, Arena *arena, KeeperWish wish, Str *note);
/* The same, or a new one over what is committed by now. db is a reading connection without an open snapshot. Errors:
 * those of keeper_closed(); ECODE_LOG_RANGE when there are not so many leaves; ECODE_LOG_DAMAGED; those of writing a
 * file. */
Err keeper_sign(Keeper *keeper, Db *db, Arena *arena, KeeperWish wish, Str *note) MUST_CHECK;
/* Leaves of the last checkpoint. */
uint64_t keeper_size(Keeper *keeper);

#endif
