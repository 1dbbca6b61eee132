#include "engines/merkle/merkle.h"

#include <stdio.h>

#include "base/json.h"
#include "base/testing.h"
#include "engines/merkle/testing/definition.h"

enum { LEAVES = 260, FLIPPED = 33 };

static const MerkleProof no_proof = { 0 };

static Hash hash_of(bool decoded, Str bytes)
{
    Hash hash;
    assert_true(decoded && bytes.len == HASH_SIZE);
    memcpy(hash.bytes, bytes.ptr, HASH_SIZE);
    return hash;
}

static Hash hash_from(Arena *arena, const char *hex)
{
    Str  bytes;
    bool decoded = hex_decode(arena, str_from(hex), &bytes);
    return hash_of(decoded, bytes);
}

static Hash hash_from_base64(Arena *arena, const char *text)
{
    Str  bytes;
    bool decoded = base64_decode(arena, str_from(text), &bytes);
    return hash_of(decoded, bytes);
}

static void assert_hash(Hash hash, Hash expected) { assert_memory_equal(&hash, &expected, HASH_SIZE); }

static void assert_proof(const MerkleProof *proof, const MerkleProof *expected)
{
    assert_int_equal(proof->count, expected->count);
    for (size_t i = 0; i < proof->count; i++)
        assert_hash(proof->path[i], expected->path[i]);
}

static bool nothing_known(const Hash *hash) { return memcmp(hash, &(Hash){ { 0 } }, HASH_SIZE) == 0; }

/* A tree of `count` leaves that are all different. */
static Definition *tree_of(Arena *arena, MerkleDigest digest, size_t count)
{
    Hash       *leaves = ARENA_ARRAY(arena, Hash, count);
    Definition *tree = ARENA_NEW(arena, Definition);
    for (size_t i = 0; i < count; i++)
        leaves[i] = merkle_leaf(digest, str_printf(arena, "entry %zu", i));
    *tree = definition_new(arena, digest, leaves, count);
    return tree;
}

/* ---- known answers ---- */

/* The entries of the reference implementation of Certificate Transparency (google/certificate-transparency). */
static const Str known_entries[8] = {
    STR_INIT(""),
    STR_INIT("\x00"),
    STR_INIT("\x10"),
    STR_INIT("\x20\x21"),
    STR_INIT("\x30\x31"),
    STR_INIT("\x40\x41\x42\x43"),
    STR_INIT("\x50\x51\x52\x53\x54\x55\x56\x57"),
    STR_INIT("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"),
};

static void the_known_tree_has_the_published_roots(void **state)
{
    const char *const roots[] = {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    };
    MerkleEdge edge = merkle_edge_empty(MERKLE_SHA256);
    for (size_t size = 0; size <= 8; size++) {
        assert_hash(merkle_edge_root(&edge), hash_from(*state, roots[size]));
        if (size < 8) {
            Hash leaf = merkle_leaf(MERKLE_SHA256, known_entries[size]);
            assert_true(merkle_edge_add(&edge, &leaf, NULL) > 0);
        }
    }
}

/* Worked out with the openssl command. */
static void sm3_stands_in_for_sha256(void **state)
{
    const char *const roots[] = {
        "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b",
        "2daef60e7a0b8f5e024c81cd2ab3109f2b4f155cf83adeb2ae5532f74a157fdf",
        "0b990fe0c7ad70f1bf1a1262f2c7908ea48146b14253a6db99f2917ab1f5cc4d",
        "209ec96a210d662a964772680e8544d18cab7b88ffec3e00962220349b56ea56",
    };
    MerkleEdge edge = merkle_edge_empty(MERKLE_SM3);
    for (size_t size = 0; size <= 3; size++) {
        Hash leaf = merkle_leaf(MERKLE_SM3, known_entries[size]);
        assert_hash(merkle_edge_root(&edge), hash_from(*state, roots[size]));
        assert_true(merkle_edge_add(&edge, &leaf, NULL) > 0);
    }
}

/* A path and a proof of that tree, as printed with its roots. */
static void the_known_tree_has_the_published_proofs(void **state)
{
    Hash leaves[8];
    for (size_t i = 0; i < 8; i++)
        leaves[i] = merkle_leaf(MERKLE_SHA256, known_entries[i]);
    Definition        tree = definition_new(*state, MERKLE_SHA256, leaves, 8);
    MerkleNodes       nodes = definition_nodes(&tree);
    const MerkleProof inclusion = {
        3,
        { hash_from(*state, "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
          hash_from(*state, "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
          hash_from(*state, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7") },
    };
    const MerkleProof consistency = {
        3,
        { hash_from(*state, "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
          hash_from(*state, "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
          hash_from(*state, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7") },
    };
    MerkleProof proof;
    assert_ok(merkle_prove_inclusion(&nodes, 5, 8, &proof));
    assert_proof(&proof, &inclusion);
    assert_ok(merkle_prove_consistency(&nodes, 6, 8, &proof));
    assert_proof(&proof, &consistency);
}

/* The tree of seven leaves that RFC 6962, 2.1.3 draws: d0 .. d6 with the hashes a .. f and j, and g = H(a, b), h = H(c,
 * d), i = H(e, f), k = H(g, h), l = H(i, j). */
static void the_proofs_are_those_that_the_rfc_draws(void **state)
{
    Definition *tree = tree_of(*state, MERKLE_SHA256, 7);
    MerkleNodes nodes = definition_nodes(tree);
    const Hash *d = tree->leaves, *j = &d[6];
    Hash        g = merkle_node(MERKLE_SHA256, &d[0], &d[1]), h = merkle_node(MERKLE_SHA256, &d[2], &d[3]);
    Hash        i = merkle_node(MERKLE_SHA256, &d[4], &d[5]), k = merkle_node(MERKLE_SHA256, &g, &h);
    Hash        l = merkle_node(MERKLE_SHA256, &i, j);
    const struct {
        uint64_t    from, size;
        bool        consistency;
        MerkleProof proof;
    } cases[] = {
        { 0, 7, false, { 3, { d[1], h, l } } },      { 3, 7, false, { 3, { d[2], g, l } } },
        { 4, 7, false, { 3, { d[5], *j, k } } },     { 6, 7, false, { 2, { i, k } } },
        { 3, 7, true, { 4, { d[2], d[3], g, l } } }, { 4, 7, true, { 1, { l } } },
        { 6, 7, true, { 3, { i, *j, k } } },
    };
    for (size_t at = 0; at < sizeof cases / sizeof *cases; at++) {
        MerkleProof proof = no_proof;
        assert_ok(cases[at].consistency ? merkle_prove_consistency(&nodes, cases[at].from, cases[at].size, &proof)
                                        : merkle_prove_inclusion(&nodes, cases[at].from, cases[at].size, &proof));
        assert_proof(&proof, &cases[at].proof);
    }
}

/* From the project's page on evidence, where Go's golang.org/x/mod and a shell script find the same. */
static void a_log_of_numbered_entries_is_as_others_find_it(void **state)
{
    const struct {
        uint64_t    size;
        const char *root;
    } cases[] = {
        { 1, "773885a613489e24ce2cf76199d6a423f042e4bbf12d7eecee912ef276c65701" },
        { 255, "cf66793e6329dff242eb3cee0a6f36ad3e3a196dcc573a1ec775e102be863f1c" },
        { 256, "da6596d95369f5fef322ab8e4e0da3b0b50236aa9c8a3b1d246f7411c9e2e32e" },
        { 257, "5c1fdfe835358022f2392de478dbe053fc130cfe1d3a082879a90cf6bf14bf7e" },
        { 300, "ca393d0296bec5e0b8dcab983bd1fb7d1461f512e7267cb89631ad26fd66d848" },
        { 70000, "a3920fba7f239a071a9bd10721f1341addefbaededb41c7e24437a9d16bdf00a" },
    };
    MerkleEdge edge = merkle_edge_empty(MERKLE_SHA256);
    for (size_t at = 0; at < sizeof cases / sizeof *cases; at++) {
        while (edge.size < cases[at].size) {
            char entry[32];
            int  len = snprintf(entry, sizeof entry, "entry %d", (int)edge.size);
            Hash leaf = merkle_leaf(MERKLE_SHA256, (Str){ entry, (size_t)len });
            assert_true(merkle_edge_add(&edge, &leaf, NULL) > 0);
        }
        assert_hash(merkle_edge_root(&edge), hash_from(*state, cases[at].root));
    }
}

static void its_proofs_are_as_others_find_them(void **state)
{
    const char *const inclusion[] = {
        "byywqDTjf/wOYrKvvqIQOomvjgWyphZmY9wP3u3mvmc=", "WIt80rAhzfLWAMZKtYqEUqt9zDsiR8aAwmZp95TUWzc=",
        "DSBEUTY5hE0/elclREuBapll+q6i4hRmDohxDI6axb4=", "R6PPvsyXR0xVU54IJQIfiQiuEQthLz8fb5CIAjIj3dQ=",
        "2mWW2VNp9f7zIquOTg2jsLUCNqqcijsdJG90Ecni4y4=",
    };
    Definition *tree = tree_of(*state, MERKLE_SHA256, 300);
    MerkleNodes nodes = definition_nodes(tree);
    MerkleProof proof;
    assert_ok(merkle_prove_inclusion(&nodes, 299, 300, &proof));
    assert_int_equal(proof.count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_hash(proof.path[i], hash_from_base64(*state, inclusion[i]));
    assert_ok(merkle_prove_consistency(&nodes, 256, 300, &proof));
    assert_int_equal(proof.count, 1);
    assert_hash(proof.path[0], hash_from_base64(*state, "ruluENNmx7XMmcrclg/HTCS10kkNUlBQYS+Bm3Of5NU="));
    assert_ok(merkle_prove_consistency(&nodes, 7, 300, &proof));
    assert_int_equal(proof.count, 10);
}

/* An entry as the log has them: EVL1 and two digests, 68 bytes. */
static void an_entry_of_the_log_has_its_leaf_hash(void **state)
{
    Str entry;
    assert_true(hex_decode(*state,
                           STR("45564c3113d4fa4b98f690fd770baa983f370f4f2571251d2bb7bc844ab46fc6c4f293bc"
                               "7f2108e60d1a5a1fff54c3abcc8c1284815c51b5716a3ff8e14ecc703947c2b2"),
                           &entry));
    assert_hash(merkle_leaf(MERKLE_SHA256, entry),
                hash_from(*state, "3feb68f49d8508613e8807c6a404d6d97aac4722baea86563ae9e9d84fd87a20"));
}

static void a_node_is_no_leaf(void **state)
{
    (void)state;
    Hash left = merkle_leaf(MERKLE_SHA256, STR("left")), right = merkle_leaf(MERKLE_SHA256, STR("right"));
    char both[2 * HASH_SIZE];
    memcpy(both, left.bytes, HASH_SIZE);
    memcpy(both + HASH_SIZE, right.bytes, HASH_SIZE);
    Hash node = merkle_node(MERKLE_SHA256, &left, &right),
         leaf = merkle_leaf(MERKLE_SHA256, (Str){ both, sizeof both });
    assert_memory_not_equal(&node, &leaf, HASH_SIZE);
}

/* ---- against the definition ---- */

static void the_edge_gives_the_root_at_every_size(void **state)
{
    for (MerkleDigest digest = 0; digest < MERKLE_DIGEST_COUNT; digest++) {
        Definition *tree = tree_of(*state, digest, LEAVES);
        MerkleNodes nodes = definition_nodes(tree);
        MerkleEdge  edge = merkle_edge_empty(digest), again;
        for (size_t size = 0; size <= LEAVES; size++) {
            assert_hash(merkle_edge_root(&edge), definition_root(tree, 0, size));
            assert_ok(merkle_edge_read(&nodes, size, &again));
            assert_str_equal(merkle_edge_borrow_bytes(&edge), merkle_edge_borrow_bytes(&again));
            assert_hash(merkle_edge_root(&again), definition_root(tree, 0, size));
            if (size < LEAVES)
                assert_true(merkle_edge_add(&edge, &tree->leaves[size], NULL) > 0);
        }
    }
}

static void adding_a_leaf_tells_the_nodes_that_are_whole_now(void **state)
{
    Definition *tree = tree_of(*state, MERKLE_SHA256, LEAVES);
    MerkleEdge  edge = merkle_edge_empty(MERKLE_SHA256);
    for (size_t at = 0; at < LEAVES; at++) {
        Hash   done[MERKLE_LEVELS];
        size_t count = merkle_edge_add(&edge, &tree->leaves[at], done);
        assert_int_equal(count, 1 + __builtin_ctzll(at + 1));
        for (size_t level = 0; level < count; level++) {
            size_t index = at >> level;
            assert_hash(done[level], definition_root(tree, index << level, (index + 1) << level));
        }
    }
}

static void an_edge_is_kept_as_plain_hashes(void **state)
{
    Definition *tree = tree_of(*state, MERKLE_SHA256, LEAVES);
    MerkleEdge  edge = merkle_edge_empty(MERKLE_SHA256);
    for (size_t size = 0; size < LEAVES; size++) {
        MerkleEdge again = merkle_edge_empty(MERKLE_SM3);
        Str        kept = str_dup(*state, merkle_edge_borrow_bytes(&edge));
        assert_int_equal(kept.len, HASH_SIZE * (size_t)__builtin_popcountll(size));
        assert_true(merkle_edge_from(MERKLE_SHA256, size, kept, &again));
        assert_hash(merkle_edge_root(&again), merkle_edge_root(&edge));
        assert_true(merkle_edge_add(&edge, &tree->leaves[size], NULL) ==
                    merkle_edge_add(&again, &tree->leaves[size], NULL));
        assert_hash(merkle_edge_root(&again), merkle_edge_root(&edge));
    }
}

static void kept_hashes_that_do_not_fit_are_refused(void **state)
{
    char       bytes[64 * HASH_SIZE] = { 0 };
    MerkleEdge edge = merkle_edge_empty(MERKLE_SM3);
    (void)state;
    assert_false(merkle_edge_from(MERKLE_SHA256, 0, (Str){ bytes, HASH_SIZE }, &edge));
    assert_false(merkle_edge_from(MERKLE_SHA256, 1, STR_NONE, &edge));
    assert_false(merkle_edge_from(MERKLE_SHA256, 3, (Str){ bytes, 2 * HASH_SIZE - 1 }, &edge));
    assert_false(merkle_edge_from(MERKLE_SHA256, 3, (Str){ bytes, 3 * HASH_SIZE }, &edge));
    assert_false(merkle_edge_from(MERKLE_SHA256, MERKLE_SIZE_MAX + 1, (Str){ bytes, HASH_SIZE }, &edge));
    assert_false(merkle_edge_from(MERKLE_SHA256, UINT64_MAX, (Str){ bytes, sizeof bytes }, &edge));
    assert_true(edge.digest == MERKLE_SM3 && edge.size == 0);
    assert_true(merkle_edge_from(MERKLE_SHA256, MERKLE_SIZE_MAX, (Str){ bytes, 63 * HASH_SIZE }, &edge));
}

static void every_leaf_has_a_proof_in_every_tree(void **state)
{
    for (MerkleDigest digest = 0; digest < MERKLE_DIGEST_COUNT; digest++) {
        Definition *tree = tree_of(*state, digest, LEAVES);
        MerkleNodes nodes = definition_nodes(tree);
        for (size_t size = 1; size <= LEAVES; size++) {
            Hash root = definition_root(tree, 0, size);
            for (size_t index = 0; index < size; index++) {
                MerkleProof proof, defined = definition_path(tree, index, size);
                assert_ok(merkle_prove_inclusion(&nodes, index, size, &proof));
                assert_proof(&proof, &defined);
                assert_true(merkle_verify_inclusion(digest, &tree->leaves[index], index, size, &proof, &root));
            }
        }
    }
}

static void every_tree_is_proved_to_begin_every_later_one(void **state)
{
    for (MerkleDigest digest = 0; digest < MERKLE_DIGEST_COUNT; digest++) {
        Definition *tree = tree_of(*state, digest, LEAVES);
        MerkleNodes nodes = definition_nodes(tree);
        for (size_t second = 1; second <= LEAVES; second++) {
            Hash second_root = definition_root(tree, 0, second);
            for (size_t first = 1; first <= second; first++) {
                Hash        first_root = definition_root(tree, 0, first);
                MerkleProof proof, defined = definition_proof(tree, first, second);
                assert_ok(merkle_prove_consistency(&nodes, first, second, &proof));
                assert_proof(&proof, &defined);
                assert_true(merkle_verify_consistency(digest, first, &first_root, second, &second_root, &proof));
            }
        }
    }
}

/* A number that is not the true one can lead to the same root (see merkle.h); whenever it does, the definition says so.
 * */
static void other_numbers_are_answered_as_the_definition_does(void **state)
{
    enum { SIZES = 17, REACH = 24 };
    Definition *tree = tree_of(*state, MERKLE_SHA256, SIZES);
    for (size_t size = 1; size <= SIZES; size++)
        for (size_t from = 1; from <= size; from++) {
            MerkleProof path = definition_path(tree, from - 1, size), proof = definition_proof(tree, from, size);
            Hash        root = definition_root(tree, 0, size), first_root = definition_root(tree, 0, from);
            const Hash *leaf = &tree->leaves[from - 1];
            for (uint64_t other_size = 0; other_size <= REACH; other_size++)
                for (uint64_t other = 0; other <= REACH; other++) {
                    Hash first_out, out = { { 0 } };
                    bool right = definition_leads(MERKLE_SHA256, leaf, other, other_size, &path, &out) &&
                                 memcmp(&out, &root, sizeof out) == 0;
                    assert_true(merkle_verify_inclusion(MERKLE_SHA256, leaf, other, other_size, &path, &root) == right);
                    right = definition_joins(MERKLE_SHA256, &first_root, other, other_size, &proof, &first_out, &out) &&
                            memcmp(&out, &root, sizeof out) == 0 && memcmp(&first_out, &first_root, sizeof out) == 0;
                    assert_true(merkle_verify_consistency(MERKLE_SHA256, other, &first_root, other_size, &root,
                                                          &proof) == right);
                }
        }
}

/* ---- proofs that are not as they should be ---- */

/* A proof with the means to ask whether it is accepted: a leaf in a tree (of = NULL: consistency of two trees). */
typedef struct Claim {
    MerkleProof proof;
    Hash        of, root; /* leaf, or first root; root, or second root */
    uint64_t    from, size;
    bool        consistency;
} Claim;

static bool accepted(const Claim *claim)
{
    return claim->consistency ? merkle_verify_consistency(MERKLE_SHA256, claim->from, &claim->of, claim->size,
                                                          &claim->root, &claim->proof)
                              : merkle_verify_inclusion(MERKLE_SHA256, &claim->of, claim->from, claim->size,
                                                        &claim->proof, &claim->root);
}

static void for_each_claim(Arena *arena, size_t sizes, void (*check)(Claim *claim))
{
    Definition *tree = tree_of(arena, MERKLE_SHA256, sizes);
    for (size_t size = 1; size <= sizes; size++)
        for (size_t from = 1; from <= size; from++) {
            Claim inclusion = { definition_path(tree, from - 1, size),
                                tree->leaves[from - 1],
                                definition_root(tree, 0, size),
                                from - 1,
                                size,
                                false };
            Claim consistency = {
                definition_proof(tree, from, size), definition_root(tree, 0, from), inclusion.root, from, size, true
            };
            assert_true(accepted(&inclusion) && accepted(&consistency));
            check(&inclusion);
            check(&consistency);
        }
}

static void flip_bytes(Claim *claim, Hash *hash)
{
    for (size_t at = 0; at < HASH_SIZE; at++) {
        hash->bytes[at] ^= (uint8_t)(1 << at % 8);
        assert_false(accepted(claim));
        hash->bytes[at] ^= (uint8_t)(1 << at % 8);
    }
}

static void refuses_flips(Claim *claim)
{
    for (size_t i = 0; i < claim->proof.count; i++)
        flip_bytes(claim, &claim->proof.path[i]);
    flip_bytes(claim, &claim->of);
    flip_bytes(claim, &claim->root);
}

static void every_changed_byte_is_refused(void **state) { for_each_claim(*state, FLIPPED, refuses_flips); }

static void refuses_other_lengths(Claim *claim)
{
    const Claim       true_one = *claim;
    const MerkleProof proof = claim->proof;
    for (size_t i = 0; i < proof.count; i++) { /* without one, the last included */
        claim->proof.count = proof.count - 1;
        for (size_t j = i; j + 1 < proof.count; j++)
            claim->proof.path[j] = proof.path[j + 1];
        assert_false(accepted(claim));
        *claim = true_one;
    }
    const Hash added[] = { { { 0 } }, claim->of, claim->root, proof.path[0] };
    for (size_t i = 0; i <= proof.count; i++) /* one more, at each place */
        for (size_t more = 0; more < sizeof added / sizeof *added; more++) {
            claim->proof.count = proof.count + 1;
            for (size_t j = proof.count; j > i; j--)
                claim->proof.path[j] = proof.path[j - 1];
            claim->proof.path[i] = added[more];
            assert_false(accepted(claim));
            *claim = true_one;
        }
    const size_t counts[] = { 0, MERKLE_PROOF_MAX, MERKLE_PROOF_MAX + 1, SIZE_MAX };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        claim->proof.count = counts[i];
        assert_true(accepted(claim) == (counts[i] == proof.count));
    }
    *claim = true_one;
}

static void every_other_length_is_refused(void **state) { for_each_claim(*state, 70, refuses_other_lengths); }

static void refuses_swaps(Claim *claim)
{
    const Claim true_one = *claim;
    for (size_t i = 0; i < claim->proof.count; i++)
        for (size_t j = 0; j < i; j++) {
            claim->proof.path[i] = true_one.proof.path[j];
            claim->proof.path[j] = true_one.proof.path[i];
            assert_false(accepted(claim));
            *claim = true_one;
        }
    if (claim->from != claim->size && memcmp(&claim->of, &claim->root, HASH_SIZE) != 0) {
        claim->of = true_one.root;
        claim->root = true_one.of;
        assert_false(accepted(claim));
        *claim = true_one;
    }
}

static void nothing_may_change_its_place(void **state) { for_each_claim(*state, 70, refuses_swaps); }

static void numbers_out_of_order_are_refused(void **state)
{
    const uint64_t           top = (uint64_t)1 << 63;
    const MerkleProof        one = { 1, { { { 0 } } } }, full = { MERKLE_PROOF_MAX, { { { 0 } } } };
    const MerkleProof *const proofs[] = { &no_proof, &one, &full };
    const struct {
        uint64_t from, size;
    } cases[] = {
        { 0, 0 },
        { 1, 0 },
        { 9, 8 },
        { UINT64_MAX, 8 },
        { UINT64_MAX, 0 },
        { 0, top },
        { top - 1, top },
        { top, top },
        { top + 1, top },
        { 1, UINT64_MAX },
        { top, top - 1 },
        { 0, UINT64_MAX },
        { top, top + 1 },
        { UINT64_MAX - 1, UINT64_MAX },
        { UINT64_MAX, UINT64_MAX },
    };
    Hash zero = { { 0 } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t j = 0; j < sizeof proofs / sizeof *proofs; j++) {
            uint64_t from = cases[i].from, size = cases[i].size;
            assert_false(merkle_verify_inclusion(MERKLE_SHA256, &zero, from, size, proofs[j], &zero));
            assert_false(merkle_verify_consistency(MERKLE_SHA256, from, &zero, size, &zero, proofs[j]));
        }
    assert_false(merkle_verify_inclusion(MERKLE_SHA256, &zero, 8, 8, &no_proof, &zero));
    assert_false(merkle_verify_consistency(MERKLE_SHA256, 0, &zero, 8, &zero, &no_proof));
    assert_true(merkle_verify_inclusion(MERKLE_SHA256, &zero, 0, 1, &no_proof, &zero));
    assert_true(merkle_verify_consistency(MERKLE_SHA256, top - 1, &zero, top - 1, &zero, &no_proof));
}

static void nothing_is_proved_about_numbers_out_of_order(void **state)
{
    Definition *tree = tree_of(*state, MERKLE_SHA256, 8);
    MerkleNodes nodes = definition_nodes(tree);
    MerkleProof proof = no_proof;
    MerkleEdge  edge = merkle_edge_empty(MERKLE_SHA256);
    proof.count = 7;
    assert_err(merkle_prove_inclusion(&nodes, 0, 0, &proof), ECODE_LOG_RANGE);
    assert_err(merkle_prove_inclusion(&nodes, 8, 8, &proof), ECODE_LOG_RANGE);
    assert_err(merkle_prove_inclusion(&nodes, 0, MERKLE_SIZE_MAX + 1, &proof), ECODE_LOG_RANGE);
    assert_err(merkle_prove_inclusion(&nodes, UINT64_MAX, UINT64_MAX, &proof), ECODE_LOG_RANGE);
    assert_err(merkle_prove_consistency(&nodes, 0, 8, &proof), ECODE_LOG_RANGE);
    assert_err(merkle_prove_consistency(&nodes, 8, 7, &proof), ECODE_LOG_RANGE);
    assert_err(merkle_prove_consistency(&nodes, 8, MERKLE_SIZE_MAX + 1, &proof), ECODE_LOG_RANGE);
    assert_err(merkle_edge_read(&nodes, MERKLE_SIZE_MAX + 1, &edge), ECODE_LOG_RANGE);
    assert_true(proof.count == 7 && edge.size == 0);
}

/* ---- a store that fails ---- */

typedef struct Failing {
    MerkleNodes nodes; /* that are read */
    int         left;  /* until it fails */
} Failing;

static Err read_until(void *context, int level, uint64_t index, Hash *out)
{
    Failing *failing = context;
    if (failing->left-- == 0)
        return err_make(ECODE_BUSY, "as the test asks for");
    return failing->nodes.read(failing->nodes.context, level, index, out);
}

static void a_store_that_fails_leaves_no_half_proof(void **state)
{
    Definition *tree = tree_of(*state, MERKLE_SHA256, 23);
    for (int left = 0; left < 20; left++)
        for (int what = 0; what < 3; what++) {
            Failing     failing = { definition_nodes(tree), left };
            MerkleNodes nodes = { MERKLE_SHA256, read_until, &failing };
            MerkleProof proof = { .count = 99 };
            MerkleEdge  edge = { .size = 99 };
            Err         err = what == 0   ? merkle_prove_inclusion(&nodes, 13, 23, &proof)
                              : what == 1 ? merkle_prove_consistency(&nodes, 11, 23, &proof)
                                          : merkle_edge_read(&nodes, 23, &edge);
            if (failing.left >= 0) { /* there was no need of more */
                assert_ok(err);
                continue;
            }
            assert_err(err, ECODE_BUSY);
            assert_true(proof.count == 99 && edge.size == 99 && nothing_known(&proof.path[0]));
        }
}

/* ---- trees as large as numbers go: all of whose leaves are alike ---- */

typedef struct Alike {
    Hash levels[MERKLE_LEVELS]; /* of all nodes of a level */
    int  reads;
} Alike;

static Err read_alike(void *context, int level, uint64_t index, Hash *out)
{
    Alike *alike = context;
    assert(level >= 0 && level < MERKLE_LEVELS && index < MERKLE_SIZE_MAX >> level);
    alike->reads++;
    *out = alike->levels[level];
    return ERR_OK;
}

static Alike alike_new(void)
{
    Alike alike = { .levels = { merkle_leaf(MERKLE_SHA256, STR("again")) } };
    for (int level = 1; level < MERKLE_LEVELS; level++)
        alike.levels[level] = merkle_node(MERKLE_SHA256, &alike.levels[level - 1], &alike.levels[level - 1]);
    return alike;
}

static uint64_t number_of_any_length(Rng *rng) { return (rng_next(rng) & MERKLE_SIZE_MAX) >> rng_below(rng, 63); }

static void the_largest_trees_are_proved_and_verified(void **state)
{
    (void)state;
    Rng         rng = rng_new();
    Alike       alike = alike_new();
    MerkleNodes nodes = { MERKLE_SHA256, read_alike, &alike };
    for (int i = 0; i < 2000; i++) {
        uint64_t    size = i % 4 == 0 ? MERKLE_SIZE_MAX - (uint64_t)i / 4 : number_of_any_length(&rng) + 1;
        uint64_t    from = i % 7 == 0 ? size - 1 : number_of_any_length(&rng) % size;
        MerkleEdge  first, second;
        MerkleProof proof;
        size = size > MERKLE_SIZE_MAX ? MERKLE_SIZE_MAX : size;
        assert_ok(merkle_edge_read(&nodes, size, &second));
        assert_ok(merkle_edge_read(&nodes, from + 1, &first));
        Hash root = merkle_edge_root(&second), first_root = merkle_edge_root(&first);
        alike.reads = 0;
        assert_ok(merkle_prove_inclusion(&nodes, from, size, &proof));
        assert_true(proof.count < MERKLE_PROOF_MAX && alike.reads <= 126);
        assert_true(merkle_verify_inclusion(MERKLE_SHA256, &alike.levels[0], from, size, &proof, &root));
        alike.reads = 0;
        assert_ok(merkle_prove_consistency(&nodes, from + 1, size, &proof));
        assert_true(proof.count <= MERKLE_PROOF_MAX && alike.reads <= 126);
        assert_true(merkle_verify_consistency(MERKLE_SHA256, from + 1, &first_root, size, &root, &proof));
    }
}

/* Of 2^63 leaves there would be a root, and proofs that lead to it. */
static void a_tree_that_is_too_large_is_refused_with_all_its_proofs(void **state)
{
    (void)state;
    const uint64_t size = MERKLE_SIZE_MAX + 1;
    Alike          alike = alike_new();
    const Hash    *half = &alike.levels[MERKLE_LEVELS - 1];
    Hash           root = merkle_node(MERKLE_SHA256, half, half);
    MerkleProof    inclusion = { .count = MERKLE_LEVELS }, consistency = { 1, { *half } };
    memcpy(inclusion.path, alike.levels, sizeof alike.levels);
    assert_false(merkle_verify_inclusion(MERKLE_SHA256, &alike.levels[0], 5, size, &inclusion, &root));
    assert_false(merkle_verify_consistency(MERKLE_SHA256, size / 2, half, size, &root, &consistency));
    inclusion.count--; /* of half as many there are both */
    consistency.path[0] = half[-1];
    assert_true(merkle_verify_inclusion(MERKLE_SHA256, &alike.levels[0], 5, size / 2, &inclusion, half));
    assert_true(merkle_verify_consistency(MERKLE_SHA256, size / 4, &half[-1], size / 2, half, &consistency));
}

static void the_largest_tree_takes_no_leaf(void **state)
{
    (void)state;
    Alike       alike = alike_new();
    MerkleNodes nodes = { MERKLE_SHA256, read_alike, &alike };
    MerkleEdge  edge, largest;
    Hash        done[MERKLE_LEVELS];
    assert_ok(merkle_edge_read(&nodes, MERKLE_SIZE_MAX - 1, &edge));
    assert_ok(merkle_edge_read(&nodes, MERKLE_SIZE_MAX, &largest));
    assert_int_equal(merkle_edge_add(&edge, &alike.levels[0], done), 1);
    assert_hash(merkle_edge_root(&edge), merkle_edge_root(&largest));
    assert_int_equal(merkle_edge_add(&edge, &alike.levels[0], done), 0);
    assert_true(edge.size == MERKLE_SIZE_MAX);
    assert_hash(merkle_edge_root(&edge), merkle_edge_root(&largest));
    assert_ok(merkle_edge_read(&nodes, ((uint64_t)1 << 62) - 1, &edge)); /* the highest node that can become whole */
    assert_int_equal(merkle_edge_add(&edge, &alike.levels[0], done), MERKLE_LEVELS);
    assert_hash(merkle_edge_root(&edge), alike.levels[MERKLE_LEVELS - 1]);
}

/* ---- the vectors of transparency-dev/merkle ---- */

typedef struct Vector {
    const Json *row;
    Arena      *arena;
    bool        readable; /* whatever is not 32 bytes or not a number of 64 bits is refused before any verifier */
} Vector;

static uint64_t vector_number(Vector *vector, const char *name)
{
    const Json *value = json_get(vector->row, str_from(name));
    uint64_t    number = 0;
    assert_true(value && value->kind == JSON_NUMBER);
    for (size_t i = 0; i < value->text.len; i++) {
        unsigned digit = (unsigned)value->text.ptr[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, digit, &number))
            vector->readable = false;
    }
    return number;
}

static Hash vector_bytes(Vector *vector, const Json *value)
{
    Hash hash = { { 0 } };
    Str  bytes;
    assert_true(value && (value->kind == JSON_NULL || value->kind == JSON_STRING));
    assert_true(base64_decode(vector->arena, json_text(value), &bytes));
    if (bytes.len == HASH_SIZE)
        memcpy(hash.bytes, bytes.ptr, HASH_SIZE);
    else
        vector->readable = false;
    return hash;
}

static Hash vector_hash(Vector *vector, const char *name)
{
    return vector_bytes(vector, json_get(vector->row, str_from(name)));
}

static MerkleProof vector_proof(Vector *vector)
{
    MerkleProof proof = { 0 };
    JSON_EACH(item, json_get(vector->row, STR("proof"))) {
        assert_true(proof.count < MERKLE_PROOF_MAX);
        proof.path[proof.count++] = vector_bytes(vector, item);
    }
    return proof;
}

static bool inclusion_holds(Vector *vector)
{
    MerkleProof proof = vector_proof(vector);
    Hash        leaf = vector_hash(vector, "leafHash"), root = vector_hash(vector, "root");
    uint64_t    index = vector_number(vector, "leafIdx"), size = vector_number(vector, "treeSize");
    return vector->readable && merkle_verify_inclusion(MERKLE_SHA256, &leaf, index, size, &proof, &root);
}

static bool consistency_holds(Vector *vector)
{
    MerkleProof proof = vector_proof(vector);
    Hash        first_root = vector_hash(vector, "root1"), second_root = vector_hash(vector, "root2");
    uint64_t    first = vector_number(vector, "size1"), second = vector_number(vector, "size2");
    return vector->readable &&
           merkle_verify_consistency(MERKLE_SHA256, first, &first_root, second, &second_root, &proof);
}

/* Subtrees (draft-ietf-plants-merkle-tree-certs): the leaves from start to end, where start is a multiple of the first
 * power of two that is not below their number. Such a part is hashed as a tree of its own. */
static bool is_subtree(uint64_t start, uint64_t end)
{
    uint64_t width = 1;
    if (start >= end)
        return false;
    while (width < end - start)
        width *= 2;
    return start % width == 0;
}

static bool subtree_inclusion_holds(Vector *vector)
{
    MerkleProof proof = vector_proof(vector);
    Hash        leaf = vector_hash(vector, "leafHash"), root = vector_hash(vector, "root");
    uint64_t    index = vector_number(vector, "leafIdx");
    uint64_t    start = vector_number(vector, "start"), end = vector_number(vector, "end");
    return vector->readable && is_subtree(start, end) && index >= start &&
           merkle_verify_inclusion(MERKLE_SHA256, &leaf, index - start, end - start, &proof, &root);
}

/* All that are subtrees begin at 0 here, where a subtree is an earlier tree. */
static bool subtree_consistency_holds(Vector *vector)
{
    MerkleProof proof = vector_proof(vector);
    Hash        part_root = vector_hash(vector, "root1"), root = vector_hash(vector, "root2");
    uint64_t    start = vector_number(vector, "start"), end = vector_number(vector, "end");
    uint64_t    size = vector_number(vector, "size");
    assert_true(start == 0 || !is_subtree(start, end));
    return vector->readable && is_subtree(start, end) &&
           merkle_verify_consistency(MERKLE_SHA256, end, &part_root, size, &root, &proof);
}

static void the_vectors_are_answered_as_they_say(void **state)
{
    const struct {
        Str kind;
        bool (*holds)(Vector *vector);
        size_t rows;
    } kinds[] = {
        { STR("inclusion"), inclusion_holds, 53 },
        { STR("consistency"), consistency_holds, 43 },
        { STR("subtreeinclusion"), subtree_inclusion_holds, 106 },
        { STR("subtreeconsistency"), subtree_consistency_holds, 45 },
    };
    Str lines = shared_read(*state, "vectors/merkle_rfc6962.jsonl.gz");
    for (size_t at = 0; at < sizeof kinds / sizeof *kinds; at++) {
        size_t rows = 0;
        for (Str rest = lines; rest.len;) {
            Json *row;
            bool  refused = false;
            assert_ok(json_parse(*state, str_cut(&rest, '\n'), &row));
            assert_true(json_truth(json_get(row, STR("wantErr")), &refused));
            Vector vector = { row, *state, true };
            if (!str_eq(json_text(json_get(row, STR("kind"))), kinds[at].kind))
                continue;
            rows++;
            if (kinds[at].holds(&vector) == refused)
                fail_msg("%.*s is %s", STR_FMT(json_text(json_get(row, STR("file")))),
                         refused ? "accepted" : "refused");
        }
        assert_int_equal(rows, kinds[at].rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_known_tree_has_the_published_roots),
        TEST(sm3_stands_in_for_sha256),
        TEST(the_known_tree_has_the_published_proofs),
        TEST(the_proofs_are_those_that_the_rfc_draws),
        TEST(a_log_of_numbered_entries_is_as_others_find_it),
        TEST(its_proofs_are_as_others_find_them),
        TEST(an_entry_of_the_log_has_its_leaf_hash),
        TEST(a_node_is_no_leaf),
        TEST(the_edge_gives_the_root_at_every_size),
        TEST(adding_a_leaf_tells_the_nodes_that_are_whole_now),
        TEST(an_edge_is_kept_as_plain_hashes),
        TEST(kept_hashes_that_do_not_fit_are_refused),
        TEST(every_leaf_has_a_proof_in_every_tree),
        TEST(every_tree_is_proved_to_begin_every_later_one),
        TEST(other_numbers_are_answered_as_the_definition_does),
        TEST(every_changed_byte_is_refused),
        TEST(every_other_length_is_refused),
        TEST(nothing_may_change_its_place),
        TEST(numbers_out_of_order_are_refused),
        TEST(nothing_is_proved_about_numbers_out_of_order),
        TEST(a_store_that_fails_leaves_no_half_proof),
        TEST(the_largest_trees_are_proved_and_verified),
        TEST(a_tree_that_is_too_large_is_refused_with_all_its_proofs),
        TEST(the_largest_tree_takes_no_leaf),
        TEST(the_vectors_are_answered_as_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
