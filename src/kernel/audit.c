#include "kernel/audit.h"

#include "base/env.h"
#include "evidence/keeper.h"
#include "evidence/log.h"
#include "evidence/stamp.h"
#include "kernel/authority.h"
#include "kernel/event.h"
#include "kernel/file_store.h"
#include "kernel/setting.h"

#include <unistd.h>

#define AT_ONCE 256 /* leaves between two times that memory is given back */

static const Str sql_count = STR_INIT("SELECT coalesce(max(sequence), 0) FROM event");
static const Str sql_manifest = STR_INIT("SELECT manifest FROM event WHERE sequence = ?");
static const Str sql_checkpoints = STR_INIT("SELECT size, note, NULL FROM log_checkpoint UNION ALL"
                                            " SELECT size, note, token FROM log_stamp ORDER BY size");
static const Str sql_tiles = STR_INIT("SELECT count(*) FROM log_tile");
static const Str sql_kept_table = STR_INIT("SELECT count(*) FROM sqlite_master WHERE name = 'log_checkpoint'");
static const Str sql_tile_size = STR_INIT("SELECT length(hashes) FROM log_tile WHERE level = ? AND number = ?");

typedef struct Audit {
    Str              dir;
    Db              *db;
    Arena           *arena; /* emptied now and then */
    const AuditTell *tell;
    const DbWatch   *watch;
    AuditAbout      *about;
    MerkleEdge       edge;                           /* made from the leaves */
    Hash             tiles[TILE_LEVELS][TILE_WIDTH]; /* of each level, the tile that grows */
} Audit;

static void damage(const Audit *audit, Str place, Text what)
{
    audit->about->damaged++;
    audit->tell->damage(audit->tell->context, place, what);
}

static void damage_number(const Audit *audit, const char *kind, uint64_t number, Text what)
{
    damage(audit, str_printf(audit->arena, "%s %llu", kind, (unsigned long long)number), what);
}

static void damage_tile(const Audit *audit, int level, uint64_t number)
{
    char path[TILE_PATH_MAX];
    damage(audit, tile_path((Tile){ level, number, TILE_WIDTH }, path),
           TEXT("与叶子算出的不同", "is not what the leaves make"));
}

static Err number_of(Db *db, Str sql, const Value *params, size_t count, int64_t *out)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    TRY(db_query(db, sql, params, count, &rows));
    TRY(rows_next(rows, &more));
    *out = more ? rows_int(rows, 0) : 0;
    return ERR_OK;
}

/* ---- events and leaves ---- */

static Err check_event(const Audit *audit, int64_t sequence)
{
    bool same = false;
    Err  err = event_verify(audit->db, audit->arena, sequence, &same);
    if (err.kind == ERR_UNSEEN)
        damage_number(audit, "event", (uint64_t)sequence, TEXT("没有了", "is gone"));
    else if (!err.kind && !same)
        damage_number(audit, "event", (uint64_t)sequence, TEXT("与其清单不符", "is not what its manifest says"));
    return err.kind == ERR_UNSEEN ? ERR_OK : err;
}

static Err manifest_of(const Audit *audit, int64_t sequence, Str *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_int(sequence);
    bool              more;
    TRY(db_query(audit->db, sql_manifest, &key, 1, &rows));
    TRY(rows_next(rows, &more));
    *out = more ? str_dup(audit->arena, rows_borrow_text(rows, 0)) : STR_NONE;
    return ERR_OK;
}

/* Its hash, also when it is not that of its event: the tree says which of the two was changed. */
static Err check_leaf(const Audit *audit, uint64_t number, Hash *out)
{
    Str     manifest;
    LogLeaf leaf;
    Err     err = log_leaf(audit->db, audit->arena, number, &leaf);
    *out = (Hash){ { 0 } };
    if (err.code == ECODE_LOG_RANGE) {
        damage_number(audit, "leaf", number, TEXT("没有了", "is gone"));
        return ERR_OK;
    }
    TRY(err);
    TRY(manifest_of(audit, (int64_t)number + 1, &manifest));
    LogEntry entry = log_entry(leaf.salt, manifest);
    if (!str_eq(leaf.entry, (Str){ entry.bytes, sizeof entry.bytes }))
        damage_number(audit, "leaf", number,
                      TEXT("与盐和事件清单不符", "is not what its salt and the manifest of its event make"));
    *out = merkle_leaf(MERKLE_SHA256, leaf.entry);
    return ERR_OK;
}

/* ---- tiles ---- */

/* Is the stored tile that of these hashes, no shorter and no longer? */
static Err check_tile(const Audit *audit, int level, uint64_t number, int width)
{
    Hash    stored[TILE_WIDTH];
    Value   key[] = { value_int(level), value_int((int64_t)number) };
    int64_t size;
    TRY(number_of(audit->db, sql_tile_size, key, 2, &size));
    Err err = size == (int64_t)width * HASH_SIZE ? ERR_OK : err_make(ECODE_LOG_DAMAGED, "another size");
    if (!err.kind) { /* level 0 of less than a whole tile is never stored, so this reads a row */
        Tile tile = { level, number, width };
        err = log_tile(audit->db, tile, stored);
    }
    if (err.code == ECODE_LOG_DAMAGED ||
        (!err.kind && memcmp(stored, audit->tiles[level], (size_t)width * HASH_SIZE) != 0))
        damage_tile(audit, level, number);
    return err.code == ECODE_LOG_DAMAGED ? ERR_OK : err;
}

static Err take_leaf(Audit *audit, const Hash *leaf)
{
    Hash   done[MERKLE_LEVELS];
    size_t levels = merkle_edge_add(&audit->edge, leaf, done);
    for (int level = 0; (size_t)level * TILE_HEIGHT < levels; level++) {
        uint64_t at = (audit->edge.size - 1) >> (level * TILE_HEIGHT);
        audit->tiles[level][at % TILE_WIDTH] = done[level * TILE_HEIGHT];
        if (at % TILE_WIDTH == TILE_WIDTH - 1) {
            audit->about->tiles++;
            TRY(check_tile(audit, level, at / TILE_WIDTH, TILE_WIDTH));
        }
    }
    return ERR_OK;
}

/* Those of upper levels that are not whole yet; and there must be no more than all these. */
static Err check_last_tiles(const Audit *audit)
{
    int64_t stored;
    for (int level = 1; level < TILE_LEVELS && audit->edge.size >> (level * TILE_HEIGHT); level++) {
        uint64_t hashes = audit->edge.size >> (level * TILE_HEIGHT);
        if (hashes % TILE_WIDTH == 0)
            continue;
        audit->about->tiles++;
        TRY(check_tile(audit, level, hashes / TILE_WIDTH, (int)(hashes % TILE_WIDTH)));
    }
    TRY(number_of(audit->db, sql_tiles, NULL, 0, &stored));
    if (stored != audit->about->tiles)
        damage(audit, STR("tile"), TEXT("多了或少了", "one too many, or one is gone"));
    return ERR_OK;
}

/* ---- the whole log ---- */

static Err check_log(Audit *audit, uint64_t size)
{
    for (uint64_t number = 0; number < size; number++) {
        Hash leaf;
        TRY(check_event(audit, (int64_t)number + 1));
        TRY(check_leaf(audit, number, &leaf));
        TRY(take_leaf(audit, &leaf));
        audit->about->events++;
        audit->about->leaves++;
        if (number % AT_ONCE)
            continue;
        arena_reset(audit->arena);
        if (audit->watch)
            audit->watch->look(audit->watch->context);
    }
    return check_last_tiles(audit);
}

static Err check_edge(const Audit *audit)
{
    MerkleEdge stored;
    Err        err = log_edge(audit->db, &stored);
    bool       same = !err.kind && stored.size == audit->edge.size &&
                str_eq(merkle_edge_borrow_bytes(&stored), merkle_edge_borrow_bytes(&audit->edge));
    if (!same && (!err.kind || err.code == ECODE_LOG_DAMAGED))
        damage(audit, STR("edge"), TEXT("与叶子算出的不同", "is not what the leaves make"));
    return err.code == ECODE_LOG_DAMAGED ? ERR_OK : err;
}

/* What must stand of each checkpoint that is kept. */
typedef struct Signers {
    NoteKey key;
    Str     ca; /* of all authorities so far */
} Signers;

/* As of when the last of them was given. */
static bool tokens_stand(Str note, Str tokens, Str ca)
{
    Stamps stamps;
    return !stamps_verify(note, tokens, STR_NONE, STAMP_LATEST_MS, &stamps).kind &&
           !stamps_verify(note, tokens, ca, stamps.newest_ms, &stamps).kind;
}

/* Is the note what the log signed of its first `size` leaves, and are the tokens over it? */
static bool checkpoint_stands(const Audit *audit, const Signers *signers, uint64_t size, Str note, Str tokens)
{
    Checkpoint  found;
    MerkleEdge  edge;
    MerkleNodes nodes = log_nodes(audit->db, audit->arena, size);
    if (checkpoint_open(audit->arena, note, &signers->key, &found, NULL).kind || found.size != size ||
        merkle_edge_read(&nodes, size, &edge).kind)
        return false;
    Hash root = merkle_edge_root(&edge);
    return memcmp(&root, &found.root, sizeof root) == 0 && (!tokens.len || tokens_stand(note, tokens, signers->ca));
}

static Err check_checkpoints(const Audit *audit, const Keeper *keeper)
{
    OWNED(arena) Arena *arena = arena_new();
    OWNED(rows) Rows   *rows = NULL;
    Signers             signers;
    Authority           authority;
    bool                found;
    int64_t             table;
    if (!keeper_key(keeper, &signers.key))
        return ERR_OK;
    TRY(number_of(audit->db, sql_kept_table, NULL, 0, &table));
    if (!table) /* a city of before, not opened since */
        return ERR_OK;
    TRY(authority_read(audit->db, arena, &authority, &found));
    signers.ca = authority_certificates(arena, &authority);
    TRY(db_query(audit->db, sql_checkpoints, NULL, 0, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        ArenaMark mark = arena_mark(audit->arena);
        uint64_t  size = (uint64_t)rows_int(rows, 0);
        if (!checkpoint_stands(audit, &signers, size, rows_borrow_text(rows, 1), rows_borrow_text(rows, 2)))
            damage_number(audit, "checkpoint", size,
                          TEXT("或其时间戳与日志不符", "or its time stamp does not fit the log"));
        arena_release(audit->arena, mark);
    }
}

static Err check_signed(const Audit *audit, Str key_dir)
{
    OWNED(keeper) Keeper *keeper = NULL;
    Str log, keys = key_dir.len ? key_dir : str_printf(audit->arena, "%.*s/keys", STR_FMT(audit->dir));
    TRY(setting_get(audit->arena, audit->db, STR("log"), &log));
    if (!log.len)
        return ERR_OK;
    TRY(keeper_open(keys, log, audit->db, &keeper));
    Err closed = keeper_closed(keeper);
    if (closed.kind)
        damage(audit, STR("checkpoint"), err_row(closed.code)->title);
    return check_checkpoints(audit, keeper);
}

static Err check_file(void *context, Str sha256, int64_t size)
{
    const Audit        *audit = context;
    OWNED(arena) Arena *arena = arena_new();
    Hash                hash;
    Str                 place = str_printf(arena, "file %.*s", STR_FMT(sha256));
    (void)size;
    audit->about->files++;
    Str  path = file_path_in(arena, audit->dir, sha256);
    bool gone = access(path.ptr, F_OK) != 0;
    Err  err = gone ? ERR_OK : file_hash(path, &hash);
    if (gone)
        damage(audit, place, TEXT("没有了", "is gone"));
    else if (!err.kind && !str_eq(hex_encode(arena, hash_str(&hash)), sha256))
        damage(audit, place, TEXT("与其哈希不符", "is not what its hash says"));
    return err;
}

static Err check_pages(const Audit *audit)
{
    Err err = db_check(audit->db, audit->watch);
    if (err.code != ECODE_STORE_CORRUPT)
        return err;
    Str said = str_printf(audit->arena, "database: %s", err.context);
    damage(audit, said, TEXT("数据库文件损坏", "the database file is damaged"));
    return ERR_OK;
}

static Err look_at_all(Audit *audit, Str key_dir)
{
    int64_t events;
    TRY(check_pages(audit));
    TRY(number_of(audit->db, sql_count, NULL, 0, &events));
    TRY(check_log(audit, (uint64_t)events));
    TRY(check_edge(audit));
    TRY(check_signed(audit, key_dir));
    return file_held(audit->db, check_file, audit);
}

Err audit(Str dir, Str key_dir, const AuditTell *tell, const DbWatch *watch, AuditAbout *out)
{
    OWNED(arena) Arena *arena = arena_new();
    OWNED(arena) Arena *kept = arena_new();
    OWNED(db) Db       *db = NULL;
    Str                 database = str_printf(kept, "%.*s/city.db", STR_FMT(dir));
    Audit              *all = ARENA_NEW(kept, Audit);
    *out = (AuditAbout){ 0 };
    if (access(database.ptr, F_OK) != 0)
        return err_make(ECODE_CITY_MISSING, "%.*s", STR_FMT(dir));
    TRY(db_open(database, DB_READ, &db));
    all->dir = dir;
    all->db = db;
    all->arena = arena;
    all->tell = tell;
    all->watch = watch;
    all->about = out;
    all->edge = merkle_edge_empty(MERKLE_SHA256);
    return look_at_all(all, key_dir);
}
