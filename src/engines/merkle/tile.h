/* engines/merkle/tile.h: the stored form of the tree, 256 hashes at a time, and the names under which tiles are served.
 *
 * Source   C2SP tlog-tiles (c2sp.org/tlog-tiles).
 * Shape    a tile (level, index) holds the nodes (8 * level, index * 256 ..), up to 256 of them, 32 bytes each; what is
 *          between two levels is hashed again where it is needed. A tree of size leaves has size >> 8 * level hashes at
 *          a level; those of a level's end that are fewer than 256 are its partial tile, and are not hashed upwards.
 *          There is no tile without hashes. So the leaf that makes a tree of size s adds done[8 * level]
 *          (merkle_edge_add) to the tile (level, s - 1 >> 8 * level + 8), for each level for which there is one.
 * Entries  the entries themselves are served in bundles as wide as the tiles of level 0; TILE_ENTRIES stands for their
 *          level. */
#ifndef FM_ENGINES_TILE_H
#define FM_ENGINES_TILE_H

#include "engines/merkle/merkle.h"

#define TILE_WIDTH     256
#define TILE_HEIGHT    8
#define TILE_LEVELS    8  /* of the largest tree */
#define TILE_LEVEL_MAX 63 /* that a path may name */
#define TILE_PATH_MAX  64
#define TILE_ENTRIES   (-1)

typedef struct Tile {
    int      level; /* TILE_ENTRIES, 0 .. TILE_LEVEL_MAX */
    uint64_t index; /* up to INT64_MAX */
    int      width; /* 1 .. TILE_WIDTH */
} Tile;

/* Tiles that the tree has at that level, the partial one counted. */
uint64_t tile_count(int level, uint64_t size);
/* Hashes in the tile, 0 where the tree has no such tile. */
int tile_width(int level, uint64_t index, uint64_t size);

/* tile/0/x001/x234/067, tile/3/012.p/17, tile/entries/000: written to out, of which the result is a part. */
Str tile_path(Tile tile, char out[TILE_PATH_MAX]);
/* Reads what tile_path() writes and nothing else; false leaves out untouched. Whether a tree has it is another question
 * (tile_width). */
bool tile_path_parse(Str path, Tile *out);

/* ---- nodes for proofs, out of tiles ---- */

typedef struct TileSource {
    MerkleDigest digest;
    uint64_t     size; /* of the tree that the tiles are of */
    /* Fills hashes with those of the tile, which is one of that tree, tile.width of them. Of a stored tile that has
     * grown since, its beginning. */
    Err (*read)(void *context, Tile tile, Hash *hashes);
    void *context;
} TileSource;

/* Any proof for a tree of up to size leaves reads at most two tiles of a level; two of each are kept in the arena,
 * hashed up (16 KB each), so that proofs near one another read little. A node that is not whole in that tree is
 * ECODE_LOG_RANGE. One thread at a time. */
MerkleNodes tile_nodes(Arena *arena, TileSource source);

#endif
