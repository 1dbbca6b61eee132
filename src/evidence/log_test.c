#include "evidence/log.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/testing.h"
#include "store/testing/scratch.h"

typedef struct World {
    Scratch *scratch;
    Arena   *arena;
    Db      *db;
    EnvFixed fixed;
    Env      env;
} World;

static int world_setup(void **state)
{
    static const Str migrations[] = { STR_INIT(LOG_TABLES) };
    World           *world = mem_alloc(sizeof *world);
    *world = (World){ .scratch = scratch_new(), .arena = arena_new(), .fixed = { .seed = 3 } };
    world->env = env_fixed(&world->fixed);
    assert_ok(db_open(scratch_path(world->scratch, "log.db"), DB_CREATE, &world->db));
    assert_ok(db_migrate(world->db, migrations, 1));
    *state = world;
    return 0;
}

static int world_teardown(void **state)
{
    World *world = *state;
    db_close(world->db);
    arena_free(world->arena);
    scratch_free(world->scratch);
    free(world);
    return 0;
}

static Str hex(World *world, Hash hash) { return hex_encode(world->arena, hash_str(&hash)); }

/* ---- leaves ---- */

/* The worked example of the format's description. */
static void a_leaf_is_two_digests_of_salt_and_manifest(void **state)
{
    World *world = *state;
    char   salt[LOG_SALT_SIZE];
    for (int i = 0; i < LOG_SALT_SIZE; i++)
        salt[i] = (char)i;
    LogEntry entry = log_entry((Str){ salt, sizeof salt }, STR("evidence-manifest/v1\ntype deposit\norg test\n"));
    assert_str_equal(hex_encode(world->arena, (Str){ entry.bytes, sizeof entry.bytes }),
                     STR("45564c31"
                         "13d4fa4b98f690fd770baa983f370f4f2571251d2bb7bc844ab46fc6c4f293bc"
                         "7f2108e60d1a5a1fff54c3abcc8c1284815c51b5716a3ff8e14ecc703947c2b2"));
    assert_str_equal(hex(world, merkle_leaf(MERKLE_SHA256, (Str){ entry.bytes, sizeof entry.bytes })),
                     STR("3feb68f49d8508613e8807c6a404d6d97aac4722baea86563ae9e9d84fd87a20"));
}

static void the_same_manifest_twice_gives_two_leaves_that_nobody_can_pair(void **state)
{
    World  *world = *state;
    LogLeaf one, two;
    assert_ok(log_add(world->db, world->arena, &world->env, 0, (const Str[]){ STR("same"), STR("same") }, 2));
    assert_ok(log_leaf(world->db, world->arena, 0, &one));
    assert_ok(log_leaf(world->db, world->arena, 1, &two));
    assert_int_equal(one.salt.len, LOG_SALT_SIZE);
    assert_int_equal(one.entry.len, LOG_ENTRY_SIZE);
    assert_false(str_eq(one.salt, two.salt));
    LogEntry again = log_entry(one.salt, STR("same"));
    assert_true(str_eq(one.entry, (Str){ again.bytes, sizeof again.bytes }));
    assert_false(str_eq(str_slice(one.entry, 4, 36), str_slice(two.entry, 4, 36)));
    assert_false(str_eq(str_slice(one.entry, 36, 68), str_slice(two.entry, 36, 68)));
    assert_int_equal(log_leaf(world->db, world->arena, 2, &two).code, ECODE_LOG_RANGE);
}

/* ---- the tree ---- */

static void put_entries(World *world, uint64_t from, uint64_t to) /* "entry 0", "entry 1" … as the published vectors */
{
    LogLeaf *leaves = ARENA_ARRAY(world->arena, LogLeaf, to - from);
    for (uint64_t i = from; i < to; i++)
        leaves[i - from].entry = str_printf(world->arena, "entry %llu", (unsigned long long)i);
    assert_ok(log_put(world->db, from, leaves, to - from));
}

static void assert_root(World *world, uint64_t size, Str expected)
{
    MerkleEdge edge;
    assert_ok(log_edge(world->db, &edge));
    assert_int_equal(edge.size, size);
    assert_str_equal(hex(world, merkle_edge_root(&edge)), expected);
}

static void roots_are_those_of_the_published_vectors(void **state)
{
    static const struct {
        uint64_t    size;
        const char *root;
    } known[] = { { 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
                  { 1, "773885a613489e24ce2cf76199d6a423f042e4bbf12d7eecee912ef276c65701" },
                  { 255, "cf66793e6329dff242eb3cee0a6f36ad3e3a196dcc573a1ec775e102be863f1c" },
                  { 256, "da6596d95369f5fef322ab8e4e0da3b0b50236aa9c8a3b1d246f7411c9e2e32e" },
                  { 257, "5c1fdfe835358022f2392de478dbe053fc130cfe1d3a082879a90cf6bf14bf7e" },
                  { 300, "ca393d0296bec5e0b8dcab983bd1fb7d1461f512e7267cb89631ad26fd66d848" } };
    World   *world = *state;
    uint64_t size = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        put_entries(world, size, known[i].size);
        size = known[i].size;
        assert_root(world, size, str_from(known[i].root));
    }
    assert_ok(db_begin(world->db));
    put_entries(world, 300, 70000);
    assert_ok(db_commit(world->db));
    MerkleEdge edge;
    assert_ok(log_edge(world->db, &edge));
    Hash root = merkle_edge_root(&edge);
    assert_str_equal(base64_encode(world->arena, hash_str(&root)), STR("o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao="));
}

/* Every size is reached in groups of its own lengths, and looks the same as if nobody had ever stopped. */
static void a_tree_is_the_same_however_it_grew(void **state)
{
    enum { LEAVES = 1200 };
    World     *world = *state;
    MerkleEdge whole = merkle_edge_empty(MERKLE_SHA256);
    Hash       leaves[LEAVES];
    uint64_t   steps[] = { 1, 255, 1, 3, 252, 1, 255, 256, 100, 76 }; /* 1,200 */
    uint64_t   at = 0;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        put_entries(world, at, at + steps[i]);
        for (uint64_t end = at + steps[i]; at < end; at++) {
            leaves[at] = merkle_leaf(MERKLE_SHA256, str_printf(world->arena, "entry %llu", (unsigned long long)at));
            merkle_edge_add(&whole, &leaves[at], NULL);
        }
        Hash root = merkle_edge_root(&whole);
        assert_root(world, at, hex(world, root));
        for (uint64_t size = 1; size <= at; size += size < 250 || at - size < 260 ? 1 : 97) {
            MerkleNodes nodes = log_nodes(world->db, world->arena, size);
            MerkleEdge  then;
            MerkleProof proof;
            assert_ok(merkle_edge_read(&nodes, size, &then));
            Hash root_then = merkle_edge_root(&then);
            assert_ok(merkle_prove_inclusion(&nodes, size / 2, size, &proof));
            assert_true(merkle_verify_inclusion(MERKLE_SHA256, &leaves[size / 2], size / 2, size, &proof, &root_then));
            nodes = log_nodes(world->db, world->arena, at);
            assert_ok(merkle_prove_consistency(&nodes, size, at, &proof));
            assert_true(merkle_verify_consistency(MERKLE_SHA256, size, &root_then, at, &root, &proof));
        }
    }
}

static void tiles_have_the_hashes_of_their_place(void **state)
{
    World *world = *state;
    put_entries(world, 0, 700);
    Hash hashes[TILE_WIDTH], leaf = merkle_leaf(MERKLE_SHA256, STR("entry 613"));
    assert_ok(log_tile(world->db, (Tile){ 0, 2, 188 }, hashes)); /* 700 - 512 */
    assert_memory_equal(&hashes[613 - 512], &leaf, HASH_SIZE);
    assert_ok(log_tile(world->db, (Tile){ 0, 1, 256 }, hashes));
    assert_ok(log_tile(world->db, (Tile){ 0, 1, 7 }, hashes)); /* as it was at 263 leaves */
    leaf = merkle_leaf(MERKLE_SHA256, STR("entry 262"));
    assert_memory_equal(&hashes[6], &leaf, HASH_SIZE);
    assert_ok(log_tile(world->db, (Tile){ 1, 0, 2 }, hashes));
    assert_int_equal(log_tile(world->db, (Tile){ 1, 0, 3 }, hashes).code, ECODE_LOG_DAMAGED);
    assert_int_equal(log_tile(world->db, (Tile){ 0, 2, 189 }, hashes).code, ECODE_LOG_DAMAGED);
}

static void a_bundle_has_each_entry_after_its_length(void **state)
{
    World *world = *state;
    Str    bundle;
    put_entries(world, 0, 260);
    assert_ok(log_bundle(world->db, world->arena, (Tile){ TILE_ENTRIES, 1, 2 }, &bundle));
    assert_true(str_eq(bundle, STR("\0\x9"
                                   "entry 256\0\x9"
                                   "entry 257")));
    assert_int_equal(log_bundle(world->db, world->arena, (Tile){ TILE_ENTRIES, 1, 5 }, &bundle).code,
                     ECODE_LOG_DAMAGED);
}

/* ---- what goes wrong ---- */

static void a_leaf_that_was_undone_was_never_there(void **state)
{
    World *world = *state;
    assert_ok(db_begin(world->db));
    put_entries(world, 0, 3);
    assert_ok(db_part_begin(world->db));
    put_entries(world, 3, 9);
    assert_ok(db_part_undo(world->db));
    put_entries(world, 3, 4);
    assert_ok(db_commit(world->db));
    put_entries(world, 4, 300);
    assert_root(world, 300, STR("ca393d0296bec5e0b8dcab983bd1fb7d1461f512e7267cb89631ad26fd66d848"));
}

static void a_leaf_has_its_place_and_no_other(void **state)
{
    World  *world = *state;
    LogLeaf leaf = { STR_NONE, STR_INIT("entry 2") };
    put_entries(world, 0, 2);
    assert_err(log_put(world->db, 3, &leaf, 1), ECODE_LOG_DAMAGED);
    assert_err(log_put(world->db, 1, &leaf, 1), ECODE_LOG_DAMAGED);
    assert_ok(log_put(world->db, 2, &leaf, 1));
    MerkleEdge edge;
    assert_ok(log_edge(world->db, &edge));
    assert_int_equal(edge.size, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_leaf_is_two_digests_of_salt_and_manifest, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(the_same_manifest_twice_gives_two_leaves_that_nobody_can_pair, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(roots_are_those_of_the_published_vectors, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_tree_is_the_same_however_it_grew, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(tiles_have_the_hashes_of_their_place, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_bundle_has_each_entry_after_its_length, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_leaf_that_was_undone_was_never_there, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_leaf_has_its_place_and_no_other, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
