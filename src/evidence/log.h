/* evidence/log.h: the append-only log of a city: a leaf for each event, and the tree over them.
 *
 * Leaf     68 bytes, "EVL1" || SHA-256(c) || SM3(c), where c is "evidence-commit/v1\n" || salt || manifest and the salt
 *          32 random bytes of this leaf alone. Nothing in it tells of what it is about; who holds salt and manifest can
 *          show what was committed to. Leaf i is the event of sequence i + 1, and every event has one.
 * Tree     RFC 6962 over SHA-256 (engines/merkle); its stored form are tiles (engines/merkle/tile.h). Kept are whole
 *          tiles of level 0, tiles of the levels above, whole or not, and the right edge. The last tile of level 0 is
 *          hashed from the leaves when it is asked for, so that a change of one record writes no tile.
 * Moment   the leaf, and the tree over it, are written in the transaction of its event: for all events of one group of
 *          the writer together (kernel/event.h), since an SM3 of many texts at once takes a quarter of the time.
 * Damage   ECODE_LOG_DAMAGED for tables that do not fit one another. That they do is no proof: proofs made from them
 *          are verified before they go out. */
#ifndef FM_EVIDENCE_LOG_H
#define FM_EVIDENCE_LOG_H

#include "base/env.h"
#include "engines/merkle/tile.h"
#include "store/store.h"

#define LOG_ENTRY_SIZE 68
#define LOG_SALT_SIZE  32

/* Its tables, as a step of the city's migrations. */
#define LOG_TABLES                                                                                                     \
    "CREATE TABLE log_leaf (number INTEGER PRIMARY KEY, salt BLOB NOT NULL, entry BLOB NOT NULL);"                     \
    "CREATE TABLE log_tile (level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL,"                    \
    " PRIMARY KEY (level, number));"                                                                                   \
    "CREATE TABLE log_edge (size INTEGER NOT NULL, peaks BLOB NOT NULL);"                                              \
    "INSERT INTO log_edge VALUES (0, x'');"
/* Checkpoints that are kept: with what witnesses have signed (kernel/cosign.h), as they are given out; and what stamps
 * all of a note (kernel/authority.h), of which there may be several of one size: a proof of a time stays one. */
#define LOG_CHECKPOINT_TABLES                                                                                          \
    "CREATE TABLE log_checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL);"                                      \
    "CREATE TABLE log_stamp (number INTEGER PRIMARY KEY, size INTEGER NOT NULL, note TEXT NOT NULL UNIQUE,"            \
    " token BLOB NOT NULL);"                                                                                           \
    "CREATE INDEX log_stamp_size ON log_stamp (size);"

typedef struct LogEntry {
    char bytes[LOG_ENTRY_SIZE];
} LogEntry;

typedef struct LogLeaf { /* as it is kept */
    Str salt, entry;
} LogLeaf;

/* What a leaf says of a manifest. */
LogEntry log_entry(Str salt, Str manifest);

/* ---- growing: on the writer, in a transaction ---- */

/* Leaves for the manifests of events that follow one another; the first is leaf number `from`, which the tree must not
 * have yet but all before it. ECODE_LOG_DAMAGED. */
Err log_add(Db *db, Arena *arena, const Env *env, uint64_t from, const Str *manifests, size_t count) MUST_CHECK;
/* The same with leaves that are made already. */
Err log_put(Db *db, uint64_t from, const LogLeaf *leaves, size_t count) MUST_CHECK;

/* ---- reading ---- */

/* ECODE_LOG_RANGE when there is no such leaf. */
Err log_leaf(Db *db, Arena *arena, uint64_t number, LogLeaf *out) MUST_CHECK;
/* The tree as it stands. */
Err log_edge(Db *db, MerkleEdge *out) MUST_CHECK;
/* The hashes of a tile of the tree as it stands or once was. */
Err log_tile(Db *db, Tile tile, Hash *hashes) MUST_CHECK;
/* The entries of a bundle (TILE_ENTRIES) as they are served: each after its length, two bytes, the higher first. */
Err log_bundle(Db *db, Arena *arena, Tile tile, Str *out) MUST_CHECK;
/* Nodes of the tree of that size, which is at most that of today, for proofs. db outlives them. */
MerkleNodes log_nodes(Db *db, Arena *arena, uint64_t size);

#endif
