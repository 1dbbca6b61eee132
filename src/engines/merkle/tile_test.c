#include "engines/merkle/tile.h"

#include <stdio.h>

#include "base/testing.h"

enum { LEAVES = 70000 };

/* ---- which tiles there are ---- */

/* The example of the specification. */
static void a_tree_of_70000_leaves_has_its_tiles(void **state)
{
    const struct {
        int      level;
        uint64_t count;
        int      last;
    } cases[] = { { TILE_ENTRIES, 274, 112 }, { 0, 274, 112 }, { 1, 2, 17 }, { 2, 1, 1 }, { 3, 0, 0 }, { 7, 0, 0 } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t count = cases[i].count;
        assert_true(tile_count(cases[i].level, LEAVES) == count);
        for (uint64_t index = 0; index + 1 < count; index++)
            assert_int_equal(tile_width(cases[i].level, index, LEAVES), TILE_WIDTH);
        if (count)
            assert_int_equal(tile_width(cases[i].level, count - 1, LEAVES), cases[i].last);
        assert_int_equal(tile_width(cases[i].level, count, LEAVES), 0);
    }
}

static void a_level_that_ends_with_a_whole_tile_has_no_partial_one(void **state)
{
    (void)state;
    assert_true(tile_count(0, 256) == 1 && tile_count(1, 256) == 1 && tile_count(2, 256) == 0);
    assert_int_equal(tile_width(0, 0, 256), 256);
    assert_int_equal(tile_width(0, 1, 256), 0);
    assert_int_equal(tile_width(1, 0, 256), 1);
    assert_true(tile_count(0, 0) == 0 && tile_width(0, 0, 0) == 0 && tile_count(TILE_ENTRIES, 0) == 0);
}

static void sizes_and_levels_have_no_end_to_fall_off(void **state)
{
    (void)state;
    assert_int_equal(tile_width(7, 0, MERKLE_SIZE_MAX), 127);
    assert_int_equal(tile_width(7, 1, MERKLE_SIZE_MAX), 0);
    assert_true(tile_count(0, MERKLE_SIZE_MAX) == (uint64_t)1 << 55);
    assert_int_equal(tile_width(0, ((uint64_t)1 << 55) - 1, MERKLE_SIZE_MAX), 255);
    for (int level = TILE_LEVELS; level <= TILE_LEVEL_MAX; level++)
        assert_true(tile_count(level, UINT64_MAX) == 0 && tile_width(level, 0, UINT64_MAX) == 0);
    assert_int_equal(tile_width(0, UINT64_MAX, UINT64_MAX), 0);
}

/* ---- paths ---- */

static const struct {
    const char *path;
    Tile        tile;
} paths[] = {
    { "tile/0/000", { 0, 0, 256 } },
    { "tile/0/001", { 0, 1, 256 } },
    { "tile/0/999", { 0, 999, 256 } },
    { "tile/0/x001/000", { 0, 1000, 256 } },
    { "tile/0/x001/x234/067", { 0, 1234067, 256 } },
    { "tile/1/x001/001.p/17", { 1, 1001, 17 } },
    { "tile/2/000.p/1", { 2, 0, 1 } },
    { "tile/7/000.p/127", { 7, 0, 127 } },
    { "tile/63/000.p/255", { 63, 0, 255 } },
    { "tile/entries/000", { TILE_ENTRIES, 0, 256 } },
    { "tile/entries/x273/999.p/112", { TILE_ENTRIES, 273999, 112 } },
    { "tile/entries/x009/x223/x372/x036/x854/x775/807.p/255", { TILE_ENTRIES, INT64_MAX, 255 } },
};

static void assert_tile(Tile tile, Tile expected)
{
    if (tile.level != expected.level || tile.index != expected.index || tile.width != expected.width)
        fail_msg("%d, %llu, %d is not the tile", tile.level, (unsigned long long)tile.index, tile.width);
}

static void tiles_have_the_paths_of_the_specification(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char out[TILE_PATH_MAX];
        Tile tile;
        assert_str_equal(tile_path(paths[i].tile, out), str_from(paths[i].path));
        assert_true(tile_path_parse(str_from(paths[i].path), &tile));
        assert_tile(tile, paths[i].tile);
    }
}

static void every_path_reads_back(void **state)
{
    (void)state;
    Rng rng = rng_new();
    for (int i = 0; i < 20000; i++) {
        Tile tile = { (int)rng_below(&rng, 65) - 1, (rng_next(&rng) & INT64_MAX) >> rng_below(&rng, 63),
                      (int)rng_below(&rng, TILE_WIDTH) + 1 };
        Tile again;
        char out[TILE_PATH_MAX];
        assert_true(tile_path_parse(tile_path(tile, out), &again));
        assert_tile(again, tile);
    }
}

static void other_paths_are_refused(void **state)
{
    const char *const others[] = {
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tiles/0/000",
        "Tile/0/000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/000/",
        "tile/0//000",
        "tile/0/000 ",
        " tile/0/000",
        "tile/00/000",
        "tile/01/000",
        "tile/+1/000",
        "tile/-1/000",
        "tile/-0/000",
        "tile/64/000",
        "tile/99999999999999999999/000",
        "tile/8/0/000",
        "tile//000",
        "tile/entry/000",
        "tile/entries",
        "tile/entries/",
        "tile/0/x000/001",
        "tile/0/x000/x001/001",
        "tile/0/x001",
        "tile/0/x001/",
        "tile/0/001/002",
        "tile/0/X001/002",
        "tile/0/x001x002",
        "tile/0/x01/002",
        "tile/0/x-01/002",
        "tile/0/-01",
        "tile/0/+01",
        "tile/0/0x1",
        "tile/0/x009/x223/x372/x036/x854/x775/808", /* 2^63 */
        "tile/0/x018/x446/x744/x073/x709/x551/615",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/00",
        "tile/0/000.p/01",
        "tile/0/000.p/-1",
        "tile/0/000.p/+1",
        "tile/0/000.p/256",
        "tile/0/000.p/1000",
        "tile/0/000.p/1/",
        "tile/0/000.p/1.p/1",
        "tile/0/000p/1",
        "tile/0/000.P/1",
        "tile/0/x001.p/1/000",
        "tile/0/../../checkpoint",
        "tile/0/%30%30%30",
    };
    Tile tile = { 5, 6, 7 };
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (tile_path_parse(str_from(others[i]), &tile))
            fail_msg("\"%s\" is read", others[i]);
    assert_false(tile_path_parse(STR("tile/0/000\0"), &tile));
    assert_false(tile_path_parse(STR("tile/0/\0\0\0"), &tile));
    assert_tile(tile, (Tile){ 5, 6, 7 });
}

/* Whatever one byte is changed to: what is then read is written just so. */
static void a_changed_path_is_another_or_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        for (size_t at = 0; paths[i].path[at]; at++)
            for (int byte = 0; byte < 256; byte++) {
                char changed[TILE_PATH_MAX], out[TILE_PATH_MAX];
                Str  path = { changed, strlen(paths[i].path) };
                Tile tile;
                memcpy(changed, paths[i].path, path.len);
                changed[at] = (char)byte;
                if (tile_path_parse(path, &tile))
                    assert_str_equal(tile_path(tile, out), path);
            }
}

/* ---- proofs out of tiles ---- */

/* A log in memory, as tile.h says it grows, and its tree as it was at any time. */
typedef struct Log {
    MerkleEdge edge;
    Hash      *levels[3]; /* the hashes of each level's tiles */
    uint64_t   counts[3];
    int        reads; /* of tiles, since it was set to 0 */
    bool       broken;
} Log;

static Log *log_new(Arena *arena, MerkleDigest digest, uint64_t size)
{
    Log *log = ARENA_NEW(arena, Log);
    log->edge = merkle_edge_empty(digest);
    for (int level = 0; level < 3; level++)
        log->levels[level] = ARENA_ARRAY(arena, Hash, (size_t)(size >> 8 * level) + 1);
    while (log->edge.size < size) {
        char   entry[32];
        int    len = snprintf(entry, sizeof entry, "entry %d", (int)log->edge.size);
        Hash   leaf = merkle_leaf(digest, (Str){ entry, (size_t)len }), done[MERKLE_LEVELS];
        size_t count = merkle_edge_add(&log->edge, &leaf, done);
        for (size_t level = 0; TILE_HEIGHT * level < count; level++)
            log->levels[level][log->counts[level]++] = done[TILE_HEIGHT * level];
    }
    return log;
}

static Err log_read(void *context, Tile tile, Hash *hashes)
{
    Log *log = context;
    log->reads++;
    if (log->broken) { /* half of it came */
        memset(hashes, 0xee, (size_t)tile.width * HASH_SIZE / 2);
        return err_make(ECODE_BUSY, "as the test asks for");
    }
    assert_true(tile.level < 3 && tile.width > 0 &&
                tile.index * TILE_WIDTH + (uint64_t)tile.width <= log->counts[tile.level]);
    memcpy(hashes, log->levels[tile.level] + tile.index * TILE_WIDTH, (size_t)tile.width * HASH_SIZE);
    return ERR_OK;
}

static MerkleNodes log_nodes(Arena *arena, Log *log, uint64_t size)
{
    return tile_nodes(arena, (TileSource){ log->edge.digest, size, log_read, log });
}

static void tiles_hold_as_many_hashes_as_the_tree_has(void **state)
{
    Log *log = log_new(*state, MERKLE_SHA256, LEAVES);
    for (int level = 0; level < 3; level++)
        assert_true(log->counts[level] == (uint64_t)LEAVES >> 8 * level);
}

/* All that is proved is verified, which the test of the verifiers makes worth something; the roots come from the edge.
 * */
static void any_proof_of_any_size_comes_out_of_few_tiles(void **state)
{
    Rng rng = rng_new();
    for (MerkleDigest digest = 0; digest < MERKLE_DIGEST_COUNT; digest++) {
        Log *log = log_new(*state, digest, LEAVES);
        for (int i = 0; i < 150; i++) {
            OWNED(arena) Arena *arena = arena_new();
            const uint64_t      sizes[] = { LEAVES, 65536, 65537, 65535, 256, 257, 512, 1 };
            uint64_t            size = i < 8 ? sizes[i] : 1 + rng_below(&rng, LEAVES);
            uint64_t            index = i % 5 ? rng_below(&rng, size) : size - 1, kept = i % 3 ? size : LEAVES;
            MerkleNodes         fresh[3];
            MerkleEdge          edge, first;
            MerkleProof         proof;
            for (int j = 0; j < 3; j++) /* of the tree itself, and of one that has grown since */
                fresh[j] = log_nodes(arena, log, kept);
            assert_ok(merkle_edge_read(&fresh[0], size, &edge));
            assert_ok(merkle_edge_read(&fresh[0], index + 1, &first));
            Hash root = merkle_edge_root(&edge), first_root = merkle_edge_root(&first);
            log->reads = 0;
            assert_ok(merkle_prove_inclusion(&fresh[1], index, size, &proof));
            assert_true(log->reads <= 6);
            assert_true(merkle_verify_inclusion(digest, &log->levels[0][index], index, size, &proof, &root));
            log->reads = 0;
            assert_ok(merkle_prove_consistency(&fresh[2], index + 1, size, &proof));
            assert_true(log->reads <= 6);
            assert_true(merkle_verify_consistency(digest, index + 1, &first_root, size, &root, &proof));
        }
    }
}

static void the_root_out_of_tiles_is_that_of_the_edge(void **state)
{
    Log        *log = log_new(*state, MERKLE_SHA256, 1500);
    MerkleEdge  edge = merkle_edge_empty(MERKLE_SHA256), again;
    MerkleNodes nodes = log_nodes(*state, log, 1500);
    for (uint64_t size = 0; size <= 1500; size++) {
        assert_ok(merkle_edge_read(&nodes, size, &again));
        assert_str_equal(merkle_edge_borrow_bytes(&again), merkle_edge_borrow_bytes(&edge));
        if (size < 1500)
            assert_true(merkle_edge_add(&edge, &log->levels[0][size], NULL) > 0);
    }
}

static void proofs_near_one_another_read_each_tile_once(void **state)
{
    Log        *log = log_new(*state, MERKLE_SHA256, LEAVES);
    MerkleNodes nodes = log_nodes(*state, log, LEAVES);
    Hash        root = merkle_edge_root(&log->edge);
    log->reads = 0;
    for (uint64_t index = 512; index < 768; index++) {
        MerkleProof proof;
        assert_ok(merkle_prove_inclusion(&nodes, index, LEAVES, &proof));
        assert_true(merkle_verify_inclusion(MERKLE_SHA256, &log->levels[0][index], index, LEAVES, &proof, &root));
    }
    assert_int_equal(log->reads, 4); /* the leaves' tile and the one above; the edge's of levels 0 and 1 */
}

static void what_a_tree_does_not_hold_is_refused(void **state)
{
    Log        *log = log_new(*state, MERKLE_SHA256, 600);
    MerkleNodes nodes = log_nodes(*state, log, 300);
    MerkleProof proof;
    Hash        hash;
    assert_ok(nodes.read(nodes.context, 0, 299, &hash));
    assert_ok(nodes.read(nodes.context, 8, 0, &hash));
    assert_err(nodes.read(nodes.context, 0, 300, &hash), ECODE_LOG_RANGE);
    assert_err(nodes.read(nodes.context, 8, 1, &hash), ECODE_LOG_RANGE);
    assert_err(nodes.read(nodes.context, 3, 37, &hash), ECODE_LOG_RANGE); /* leaves 296 .. 303 */
    assert_err(nodes.read(nodes.context, 0, UINT64_MAX, &hash), ECODE_LOG_RANGE);
    assert_err(nodes.read(nodes.context, MERKLE_LEVELS, 0, &hash), ECODE_LOG_RANGE);
    assert_err(nodes.read(nodes.context, 64, 0, &hash), ECODE_LOG_RANGE);
    assert_err(nodes.read(nodes.context, -1, 0, &hash), ECODE_LOG_RANGE);
    assert_err(merkle_prove_inclusion(&nodes, 3, 301, &proof), ECODE_LOG_RANGE);
    assert_err(merkle_prove_consistency(&nodes, 300, 600, &proof), ECODE_LOG_RANGE);
}

static void a_tile_that_cannot_be_read_is_read_again(void **state)
{
    Log        *log = log_new(*state, MERKLE_SHA256, 600);
    MerkleNodes nodes = log_nodes(*state, log, 600);
    Hash        root = merkle_edge_root(&log->edge);
    MerkleProof proof;
    log->broken = true;
    assert_err(merkle_prove_inclusion(&nodes, 3, 600, &proof), ECODE_BUSY);
    log->broken = false;
    assert_ok(merkle_prove_inclusion(&nodes, 3, 600, &proof));
    log->broken = true;
    assert_err(merkle_prove_inclusion(&nodes, 300, 600, &proof), ECODE_BUSY);
    log->broken = false;
    assert_ok(merkle_prove_inclusion(&nodes, 3, 600, &proof));
    assert_true(merkle_verify_inclusion(MERKLE_SHA256, &log->levels[0][3], 3, 600, &proof, &root));
}

static void a_changed_tile_shows_in_the_proof(void **state)
{
    Log        *log = log_new(*state, MERKLE_SHA256, 600);
    Hash        root = merkle_edge_root(&log->edge), leaf = log->levels[0][3];
    MerkleProof proof;
    log->levels[0][200].bytes[31] ^= 1;
    MerkleNodes nodes = log_nodes(*state, log, 600);
    assert_ok(merkle_prove_inclusion(&nodes, 3, 600, &proof));
    assert_false(merkle_verify_inclusion(MERKLE_SHA256, &leaf, 3, 600, &proof, &root));
}

/* ---- the largest tree: all hashes of a level alike ---- */

typedef struct Alike {
    Hash levels[MERKLE_LEVELS];
    int  reads[TILE_LEVELS];
} Alike;

static Err alike_read(void *context, Tile tile, Hash *hashes)
{
    Alike *alike = context;
    assert_int_equal(tile.width, tile_width(tile.level, tile.index, MERKLE_SIZE_MAX));
    alike->reads[tile.level]++;
    for (int i = 0; i < tile.width; i++)
        hashes[i] = alike->levels[TILE_HEIGHT * tile.level];
    return ERR_OK;
}

static void the_largest_tree_needs_two_tiles_of_a_level(void **state)
{
    Alike       alike = { .levels = { merkle_leaf(MERKLE_SHA256, STR("again")) } };
    Rng         rng = rng_new();
    MerkleEdge  edge;
    MerkleProof proof;
    for (int level = 1; level < MERKLE_LEVELS; level++)
        alike.levels[level] = merkle_node(MERKLE_SHA256, &alike.levels[level - 1], &alike.levels[level - 1]);
    for (int i = 0; i < 30; i++) {
        OWNED(arena) Arena *arena = arena_new();
        MerkleNodes nodes = tile_nodes(arena, (TileSource){ MERKLE_SHA256, MERKLE_SIZE_MAX, alike_read, &alike });
        uint64_t    size = i % 3 ? MERKLE_SIZE_MAX : (rng_next(&rng) & MERKLE_SIZE_MAX) | 1;
        uint64_t    index = rng_next(&rng) % size;
        memset(alike.reads, 0, sizeof alike.reads);
        assert_ok(merkle_prove_inclusion(&nodes, index, size, &proof));
        for (int level = 0; level < TILE_LEVELS; level++)
            assert_true(alike.reads[level] <= 2);
        assert_ok(merkle_edge_read(&nodes, size, &edge));
        Hash root = merkle_edge_root(&edge);
        assert_true(merkle_verify_inclusion(MERKLE_SHA256, &alike.levels[0], index, size, &proof, &root));
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tree_of_70000_leaves_has_its_tiles),
        TEST(a_level_that_ends_with_a_whole_tile_has_no_partial_one),
        TEST(sizes_and_levels_have_no_end_to_fall_off),
        TEST(tiles_have_the_paths_of_the_specification),
        TEST(every_path_reads_back),
        TEST(other_paths_are_refused),
        TEST(a_changed_path_is_another_or_none),
        TEST(tiles_hold_as_many_hashes_as_the_tree_has),
        TEST(any_proof_of_any_size_comes_out_of_few_tiles),
        TEST(the_root_out_of_tiles_is_that_of_the_edge),
        TEST(proofs_near_one_another_read_each_tile_once),
        TEST(what_a_tree_does_not_hold_is_refused),
        TEST(a_tile_that_cannot_be_read_is_read_again),
        TEST(a_changed_tile_shows_in_the_proof),
        TEST(the_largest_tree_needs_two_tiles_of_a_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
