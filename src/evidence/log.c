#include "evidence/log.h"

#include "base/buf.h"
#include "base/sm3_many.h"

#define COMMIT_BEGIN "evidence-commit/v1\n"
#define COMMIT_SALT  (sizeof COMMIT_BEGIN - 1) /* where the salt stands */

/* Bytes travel as text and are stored as what they are. */
#define LEAF         "(?, CAST(? AS BLOB), CAST(? AS BLOB))"
#define LEAF_CELLS   3
#define NEXT_LEAF    ", " LEAF
#define TWICE(texts) texts texts
/* Sixteen at once, of fewer the last ones are cut off; OR FAIL since any error undoes the whole transaction. For both
 * see kernel/event.c. */
#define LEAVES_MOST 16
static const Str sql_append = STR_INIT("INSERT OR FAIL INTO log_leaf (number, salt, entry) VALUES " LEAF TWICE(
    TWICE(TWICE(NEXT_LEAF))) TWICE(TWICE(NEXT_LEAF)) TWICE(NEXT_LEAF) NEXT_LEAF);
static const Str sql_leaf = STR_INIT("SELECT salt, entry FROM log_leaf WHERE number = ?");
static const Str sql_between = STR_INIT(
    "SELECT number, entry FROM log_leaf WHERE number >= ? AND number < ? ORDER BY number");
static const Str sql_edge = STR_INIT("SELECT size, peaks FROM log_edge");
static const Str sql_edge_put = STR_INIT("UPDATE log_edge SET size = ?, peaks = CAST(? AS BLOB)");
static const Str sql_tile = STR_INIT("SELECT hashes FROM log_tile WHERE level = ? AND number = ?");
static const Str sql_tile_put = STR_INIT("INSERT INTO log_tile (level, number, hashes) VALUES (?, ?, CAST(? AS BLOB))"
                                         " ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes");

static Str bytes_of(const void *bytes, size_t size) { return (Str){ bytes, size }; }

static Err damaged(const char *what, uint64_t number)
{
    return err_make(ECODE_LOG_DAMAGED, "%s %llu", what, (unsigned long long)number);
}

static LogEntry entry_of(const Hash *sha, const Hash *sm)
{
    LogEntry entry = { "EVL1" };
    memcpy(entry.bytes + 4, sha, HASH_SIZE);
    memcpy(entry.bytes + 4 + HASH_SIZE, sm, HASH_SIZE);
    return entry;
}

LogEntry log_entry(Str salt, Str manifest)
{
    const Str parts[] = { STR_INIT(COMMIT_BEGIN), salt, manifest };
    Hash      sha = sha256_parts(parts, 3), sm = sm3_parts(parts, 3);
    return entry_of(&sha, &sm);
}

/* ---- growing ---- */

typedef struct Growing {
    Db        *db;
    MerkleEdge edge;
    uint64_t   first;            /* leaf of this time */
    Hash       last[TILE_WIDTH]; /* hashes of the last tile of level 0, as far as they are of this time */
} Growing;

static Err leaf_hashes(Db *db, uint64_t first, uint64_t end, Hash *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             range[] = { value_int((int64_t)first), value_int((int64_t)end) };
    TRY(db_query(db, sql_between, range, 2, &rows));
    for (uint64_t at = first; at < end; at++) {
        bool more;
        TRY(rows_next(rows, &more));
        if (!more || (uint64_t)rows_int(rows, 0) != at)
            return damaged("no leaf", at);
        out[at - first] = merkle_leaf(MERKLE_SHA256, rows_borrow_text(rows, 1));
    }
    return ERR_OK;
}

static Err tile_put(Db *db, int level, uint64_t number, const Hash *hashes, size_t count)
{
    Value row[] = { value_int(level), value_int((int64_t)number), value_text(bytes_of(hashes, count * HASH_SIZE)) };
    return db_run(db, sql_tile_put, row, 3);
}

/* The first width hashes of a stored tile, which may have more. */
static Err tile_get(Db *db, int level, uint64_t number, int width, Hash *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key[] = { value_int(level), value_int((int64_t)number) };
    bool              more;
    TRY(db_query(db, sql_tile, key, 2, &rows));
    TRY(rows_next(rows, &more));
    Str bytes = more ? rows_borrow_text(rows, 0) : STR_NONE;
    if (bytes.len < (size_t)width * HASH_SIZE)
        return damaged("no tile", number);
    memcpy(out, bytes.ptr, (size_t)width * HASH_SIZE);
    return ERR_OK;
}

/* Adds a hash to a tile above level 0, of which there are `at` already. */
static Err tile_add(Db *db, int level, uint64_t number, int at, const Hash *hash)
{
    Hash hashes[TILE_WIDTH];
    if (at)
        TRY(tile_get(db, level, number, at, hashes));
    hashes[at] = *hash;
    return tile_put(db, level, number, hashes, (size_t)at + 1);
}

/* The leaf that was added last has made a tile of level 0 whole, and perhaps of others: done as of merkle_edge_add. */
static Err tiles_close(Growing *growing, const Hash *done, size_t levels)
{
    uint64_t size = growing->edge.size, begin = size - TILE_WIDTH;
    if (begin < growing->first)
        TRY(leaf_hashes(growing->db, begin, growing->first, growing->last));
    TRY(tile_put(growing->db, 0, begin / TILE_WIDTH, growing->last, TILE_WIDTH));
    for (int level = 1; (size_t)level * TILE_HEIGHT < levels; level++) {
        uint64_t at = (size - 1) >> (level * TILE_HEIGHT);
        TRY(tile_add(growing->db, level, at / TILE_WIDTH, (int)(at % TILE_WIDTH), &done[level * TILE_HEIGHT]));
    }
    return ERR_OK;
}

/* The texts that are hashed for a leaf, one behind the other, and in each the salt. */
static Str *commit_texts(Arena *arena, const Env *env, const Str *manifests, size_t count)
{
    const Str begin = STR(COMMIT_BEGIN);
    Str      *texts = ARENA_ARRAY(arena, Str, count);
    char     *salts = ARENA_ARRAY(arena, char, count *LOG_SALT_SIZE);
    env_random(env, salts, count * LOG_SALT_SIZE);
    for (size_t i = 0; i < count; i++) {
        const Str parts[] = { begin, { salts + i * LOG_SALT_SIZE, LOG_SALT_SIZE }, manifests[i] };
        texts[i] = str_join(arena, parts, 3, STR_NONE);
    }
    return texts;
}

static Err insert_leaves(Db *db, uint64_t from, const LogLeaf *leaves, size_t count)
{
    Value cells[LEAVES_MOST * LEAF_CELLS];
    for (size_t at = 0; at < count;) {
        size_t rows = count - at < LEAVES_MOST ? count - at : LEAVES_MOST;
        size_t cut = (LEAVES_MOST - rows) * STR(NEXT_LEAF).len;
        for (size_t i = 0; i < rows; i++, at++) {
            cells[i * LEAF_CELLS] = value_int((int64_t)(from + at));
            cells[i * LEAF_CELLS + 1] = value_text(leaves[at].salt);
            cells[i * LEAF_CELLS + 2] = value_text(leaves[at].entry);
        }
        TRY(db_run(db, str_slice(sql_append, 0, sql_append.len - cut), cells, rows * LEAF_CELLS));
    }
    return ERR_OK;
}

static Err take_in(Growing *growing, Str entry)
{
    Hash done[MERKLE_LEVELS], hash = merkle_leaf(MERKLE_SHA256, entry);
    growing->last[growing->edge.size % TILE_WIDTH] = hash;
    size_t levels = merkle_edge_add(&growing->edge, &hash, done);
    return levels > TILE_HEIGHT ? tiles_close(growing, done, levels) : ERR_OK;
}

Err log_put(Db *db, uint64_t from, const LogLeaf *leaves, size_t count)
{
    Growing growing = { .db = db, .first = from };
    TRY(log_edge(db, &growing.edge));
    if (growing.edge.size != from)
        return damaged("no leaf", growing.edge.size);
    TRY(insert_leaves(db, from, leaves, count));
    for (size_t i = 0; i < count; i++)
        TRY(take_in(&growing, leaves[i].entry));
    Value row[] = { value_int((int64_t)growing.edge.size), value_text(merkle_edge_borrow_bytes(&growing.edge)) };
    return db_run(db, sql_edge_put, row, 2);
}

Err log_add(Db *db, Arena *arena, const Env *env, uint64_t from, const Str *manifests, size_t count)
{
    Str      *texts = commit_texts(arena, env, manifests, count);
    Hash     *sm = ARENA_ARRAY(arena, Hash, count);
    LogEntry *entries = ARENA_ARRAY(arena, LogEntry, count);
    LogLeaf  *leaves = ARENA_ARRAY(arena, LogLeaf, count);
    sm3_many(texts, count, sm);
    for (size_t i = 0; i < count; i++) {
        Hash sha = sha256(texts[i]);
        entries[i] = entry_of(&sha, &sm[i]);
        leaves[i] = (LogLeaf){ str_slice(texts[i], COMMIT_SALT, COMMIT_SALT + LOG_SALT_SIZE),
                               bytes_of(entries[i].bytes, LOG_ENTRY_SIZE) };
    }
    return log_put(db, from, leaves, count);
}

/* ---- reading ---- */

Err log_leaf(Db *db, Arena *arena, uint64_t number, LogLeaf *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_int((int64_t)number);
    bool              more;
    TRY(db_query(db, sql_leaf, &key, 1, &rows));
    TRY(rows_next(rows, &more));
    if (!more)
        return err_make(ECODE_LOG_RANGE, "leaf %llu", (unsigned long long)number);
    *out = (LogLeaf){ str_dup(arena, rows_borrow_text(rows, 0)), str_dup(arena, rows_borrow_text(rows, 1)) };
    return ERR_OK;
}

Err log_edge(Db *db, MerkleEdge *out)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    TRY(db_query(db, sql_edge, NULL, 0, &rows));
    TRY(rows_next(rows, &more));
    if (!more || !merkle_edge_from(MERKLE_SHA256, (uint64_t)rows_int(rows, 0), rows_borrow_text(rows, 1), out))
        return damaged("no edge of the tree", 0);
    return ERR_OK;
}

Err log_tile(Db *db, Tile tile, Hash *hashes)
{
    uint64_t first = tile.index * TILE_WIDTH;
    if (tile.level == 0 && tile.width < TILE_WIDTH)
        return leaf_hashes(db, first, first + (uint64_t)tile.width, hashes);
    return tile_get(db, tile.level, tile.index, tile.width, hashes);
}

Err log_bundle(Db *db, Arena *arena, Tile tile, Str *out)
{
    OWNED(rows) Rows *rows = NULL;
    uint64_t          first = tile.index * TILE_WIDTH, end = first + (uint64_t)tile.width;
    Value             range[] = { value_int((int64_t)first), value_int((int64_t)end) };
    Buf               bundle = buf_new(arena, SIZE_MAX);
    TRY(db_query(db, sql_between, range, 2, &rows));
    for (uint64_t at = first; at < end; at++) {
        bool more;
        TRY(rows_next(rows, &more));
        Str entry = more ? rows_borrow_text(rows, 1) : STR_NONE;
        if (!more || (uint64_t)rows_int(rows, 0) != at || entry.len > UINT16_MAX)
            return damaged("no leaf", at);
        buf_char(&bundle, (char)(entry.len >> 8));
        buf_char(&bundle, (char)(entry.len & 255));
        buf_add(&bundle, entry);
    }
    *out = buf_str(&bundle);
    return ERR_OK;
}

static Err read_tile(void *context, Tile tile, Hash *hashes) { return log_tile(context, tile, hashes); }

MerkleNodes log_nodes(Db *db, Arena *arena, uint64_t size)
{
    return tile_nodes(arena, (TileSource){ MERKLE_SHA256, size, read_tile, db });
}
