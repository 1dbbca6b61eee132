/* engines/merkle/tile.c: see tile.h. */
#include "engines/merkle/tile.h"

#include <stdio.h>

/* ---- which tiles there are ---- */

static uint64_t hash_count(int level, uint64_t size)
{
    int shift = level == TILE_ENTRIES ? 0 : level * TILE_HEIGHT;
    return shift < 64 ? size >> shift : 0;
}

uint64_t tile_count(int level, uint64_t size)
{
    uint64_t hashes = hash_count(level, size);
    return hashes / TILE_WIDTH + (hashes % TILE_WIDTH != 0);
}

int tile_width(int level, uint64_t index, uint64_t size)
{
    uint64_t hashes = hash_count(level, size), whole = hashes / TILE_WIDTH;
    if (index < whole)
        return TILE_WIDTH;
    return index == whole ? (int)(hashes % TILE_WIDTH) : 0;
}

/* ---- paths ---- */

enum { GROUP = 1000, GROUP_DIGITS = 3, GROUPS_MAX = 7 }; /* seven groups hold INT64_MAX */

Str tile_path(Tile tile, char out[TILE_PATH_MAX])
{
    assert(tile.level >= TILE_ENTRIES && tile.level <= TILE_LEVEL_MAX && tile.index <= INT64_MAX && tile.width >= 1 &&
           tile.width <= TILE_WIDTH);
    unsigned groups[GROUPS_MAX];
    int      count = 0, len;
    for (uint64_t rest = tile.index; count == 0 || rest > 0; rest /= GROUP)
        groups[count++] = (unsigned)(rest % GROUP);
    if (tile.level == TILE_ENTRIES)
        len = snprintf(out, TILE_PATH_MAX, "tile/entries");
    else
        len = snprintf(out, TILE_PATH_MAX, "tile/%d", tile.level);
    while (count-- > 0)
        len += snprintf(out + len, (size_t)(TILE_PATH_MAX - len), "/%s%03u", count ? "x" : "", groups[count]);
    if (tile.width < TILE_WIDTH)
        len += snprintf(out + len, (size_t)(TILE_PATH_MAX - len), ".p/%d", tile.width);
    return (Str){ out, (size_t)len };
}

/* The groups at the beginning of *rest, which moves on to what stands behind the last. */
static bool index_parse(Str *rest, uint64_t *out)
{
    uint64_t index = 0;
    for (int group = 0; group < GROUPS_MAX; group++) {
        bool    more = str_starts(*rest, STR("x"));
        int64_t value;
        if (more)
            *rest = str_slice(*rest, 1, rest->len);
        if (rest->len < GROUP_DIGITS || !str_int(str_slice(*rest, 0, GROUP_DIGITS), &value) || value < 0 ||
            index > ((uint64_t)INT64_MAX - (uint64_t)value) / GROUP)
            return false;
        index = index * GROUP + (uint64_t)value;
        *rest = str_slice(*rest, GROUP_DIGITS, rest->len);
        *out = index;
        if (!more)
            return true;
        if (!str_starts(*rest, STR("/")))
            return false;
        *rest = str_slice(*rest, 1, rest->len);
    }
    return false;
}

bool tile_path_parse(Str path, Tile *out)
{
    Tile    tile = { .width = TILE_WIDTH };
    Str     rest = path;
    int64_t level = TILE_ENTRIES, width = TILE_WIDTH;
    if (path.len > TILE_PATH_MAX || !str_eq(str_cut(&rest, '/'), STR("tile")))
        return false;
    Str word = str_cut(&rest, '/');
    if (!str_eq(word, STR("entries")) && (!str_int(word, &level) || level < 0 || level > TILE_LEVEL_MAX))
        return false;
    if (!index_parse(&rest, &tile.index))
        return false;
    if (str_starts(rest, STR(".p/")) &&
        (!str_int(str_slice(rest, 3, rest.len), &width) || width < 1 || width >= TILE_WIDTH))
        return false;
    tile.level = (int)level;
    tile.width = (int)width;
    /* What is spelled otherwise (leading zeros, a sign, something behind) is not the tile's path. */
    char again[TILE_PATH_MAX];
    if (!str_eq(tile_path(tile, again), path))
        return false;
    *out = tile;
    return true;
}

/* ---- nodes ---- */

/* A tile with what it is hashed up to: 256 hashes, then 128 of the level above, and so on to 2. */
typedef struct Slot {
    bool     filled;
    uint64_t index; /* of the tile */
    Hash     nodes[2 * TILE_WIDTH];
} Slot;

typedef struct TileCache {
    Arena     *arena;
    TileSource source;
    Slot      *slots[TILE_LEVELS][2]; /* the tile at the right edge of the tree, where a proof always looks; another */
} TileCache;

static size_t slot_place(int height, uint64_t index) { return (2 * TILE_WIDTH - (2 * TILE_WIDTH >> height)) + index; }

static void slot_hash_up(Slot *slot, int width, MerkleDigest digest)
{
    for (int height = 1; height < TILE_HEIGHT; height++)
        for (uint64_t i = 0; i < (uint64_t)width >> height; i++) {
            const Hash *halves = &slot->nodes[slot_place(height - 1, 2 * i)];
            slot->nodes[slot_place(height, i)] = merkle_node(digest, &halves[0], &halves[1]);
        }
}

static Err slot_get(TileCache *cache, int level, uint64_t index, const Slot **out)
{
    const TileSource *source = &cache->source;
    Slot            **place = &cache->slots[level][index + 1 != tile_count(level, source->size)];
    if (!*place)
        *place = ARENA_NEW(cache->arena, Slot);
    Slot *slot = *place;
    if (!slot->filled || slot->index != index) {
        Tile tile = { level, index, tile_width(level, index, source->size) };
        slot->filled = false; /* until all of it is there */
        TRY(source->read(source->context, tile, slot->nodes));
        slot_hash_up(slot, tile.width, source->digest);
        slot->filled = true;
        slot->index = index;
    }
    *out = slot;
    return ERR_OK;
}

static Err cache_node(void *context, int level, uint64_t index, Hash *out)
{
    TileCache *cache = context;
    if (level < 0 || level >= MERKLE_LEVELS || index >= cache->source.size >> level)
        return err_make(ECODE_LOG_RANGE, "node %d, %llu of %llu leaves", level, (unsigned long long)index,
                        (unsigned long long)cache->source.size);
    int         height = level % TILE_HEIGHT, to_tile = TILE_HEIGHT - height;
    const Slot *slot;
    TRY(slot_get(cache, level / TILE_HEIGHT, index >> to_tile, &slot));
    *out = slot->nodes[slot_place(height, index & (((uint64_t)1 << to_tile) - 1))];
    return ERR_OK;
}

MerkleNodes tile_nodes(Arena *arena, TileSource source)
{
    TileCache *cache = ARENA_NEW(arena, TileCache);
    cache->arena = arena;
    cache->source = source;
    return (MerkleNodes){ source.digest, cache_node, cache };
}
