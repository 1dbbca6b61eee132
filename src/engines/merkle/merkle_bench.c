/* merkle [LEAVES]: leaves added, proofs made and proofs verified per second, in a log of 1,000,000 leaves unless said.
 *
 * The limit beside it, in the same run: libcrypto alone over messages as long as a node is (65 bytes) and over pieces
 * of 8 KiB. Adding a leaf takes two digests, of its entry and, on average, of one node; a proof out of tiles that were
 * not read before hashes each of them up. All in memory: what tiles cost to store and to read is the log's, not the
 * tree's. Prints one JSON object last. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engines/merkle/tile.h"

enum {
    LEAVES = 1000000,
    LEAVES_MIN = 1000,
    BATCH = 64,
    ENTRY = 68,
    PIECE = 8192,
    COLD = 1500,
    WARM = 50000,
    SM3 = 200000
};

typedef struct Bench {
    Arena     *arena;
    MerkleEdge edge;
    Hash      *levels[TILE_LEVELS]; /* the hashes of each level's tiles */
    size_t     counts[TILE_LEVELS];
    size_t     reads; /* of tiles */
    uint64_t   random;
} Bench;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool complain(const char *what)
{
    fprintf(stderr, "merkle: %s\n", what);
    return false;
}

static uint64_t below(Bench *bench, uint64_t bound) /* SplitMix64; every run measures the same leaves */
{
    uint64_t z = bench->random += 0x9E3779B97F4A7C15ULL;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
    return (z ^ z >> 31) % bound;
}

/* ---- libcrypto alone ---- */

static bool raw(const char *algorithm, size_t length, int count, double *per_second)
{
    static unsigned char message[PIECE];
    EVP_MD              *md = EVP_MD_fetch(NULL, algorithm, NULL);
    EVP_MD_CTX          *context = EVP_MD_CTX_new();
    bool                 well = md && context;
    double               begun = seconds();
    for (int i = 0; well && i < count; i++)
        well = EVP_DigestInit_ex2(context, md, NULL) && EVP_DigestUpdate(context, message, length) &&
               EVP_DigestFinal_ex(context, message, NULL); /* each depends on the one before */
    *per_second = count / (seconds() - begun);
    EVP_MD_CTX_free(context);
    EVP_MD_free(md);
    return well || complain("libcrypto fails");
}

/* ---- the log ---- */

static Hash leaf_of(MerkleDigest digest, uint64_t number)
{
    char entry[ENTRY] = "EVL1";
    memcpy(entry + 4, &number, sizeof number);
    return merkle_leaf(digest, (Str){ entry, sizeof entry });
}

/* As the writer does: tiles kept up, a root for each batch. */
static double leaves_add(Bench *bench, uint64_t leaves)
{
    double begun = seconds();
    while (bench->edge.size < leaves) {
        Hash   leaf = leaf_of(bench->edge.digest, bench->edge.size), done[MERKLE_LEVELS];
        size_t count = merkle_edge_add(&bench->edge, &leaf, done);
        for (size_t level = 0; TILE_HEIGHT * level < count; level++)
            bench->levels[level][bench->counts[level]++] = done[TILE_HEIGHT * level];
        if (bench->edge.size % BATCH == 0)
            bench->random ^= merkle_edge_root(&bench->edge).bytes[0];
    }
    return (double)leaves / (seconds() - begun);
}

static double leaves_add_sm3(Bench *bench)
{
    MerkleEdge edge = merkle_edge_empty(MERKLE_SM3);
    double     begun = seconds();
    while (edge.size < SM3) {
        Hash leaf = leaf_of(MERKLE_SM3, edge.size);
        merkle_edge_add(&edge, &leaf, NULL);
        if (edge.size % BATCH == 0)
            bench->random ^= merkle_edge_root(&edge).bytes[0];
    }
    return SM3 / (seconds() - begun);
}

static Err tile_read(void *context, Tile tile, Hash *hashes)
{
    Bench *bench = context;
    bench->reads++;
    memcpy(hashes, bench->levels[tile.level] + tile.index * TILE_WIDTH, (size_t)tile.width * HASH_SIZE);
    return ERR_OK;
}

static MerkleNodes nodes_of(Bench *bench, Arena *arena)
{
    return tile_nodes(arena, (TileSource){ bench->edge.digest, bench->edge.size, tile_read, bench });
}

/* ---- proofs ---- */

typedef struct Proofs {
    double inclusion_cold, consistency_cold, inclusion_warm; /* per second */
    double tiles;                                            /* read for a cold one */
    double inclusion_verified, consistency_verified;
} Proofs;

/* Each at a place of its own, nothing read before. */
static bool proofs_cold(Bench *bench, Proofs *out)
{
    OWNED(arena) Arena *arena = arena_new();
    const uint64_t      size = bench->edge.size;
    MerkleProof         proof;
    bench->reads = 0;
    double begun = seconds();
    for (int i = 0; i < COLD; i++) {
        MerkleNodes nodes = nodes_of(bench, arena);
        if (merkle_prove_inclusion(&nodes, below(bench, size), size, &proof).kind)
            return complain("no inclusion proof");
        arena_reset(arena);
    }
    out->inclusion_cold = COLD / (seconds() - begun);
    out->tiles = (double)bench->reads / COLD;
    begun = seconds();
    for (int i = 0; i < COLD; i++) {
        MerkleNodes nodes = nodes_of(bench, arena);
        if (merkle_prove_consistency(&nodes, 1 + below(bench, size), size, &proof).kind)
            return complain("no consistency proof");
        arena_reset(arena);
    }
    out->consistency_cold = COLD / (seconds() - begun);
    return true;
}

/* One leaf after the other, as when a batch gets its receipts. */
static bool proofs_warm(Bench *bench, Proofs *out)
{
    const uint64_t size = bench->edge.size;
    MerkleNodes    nodes = nodes_of(bench, bench->arena);
    MerkleProof    proof;
    double         begun = seconds();
    for (uint64_t i = 0; i < WARM; i++)
        if (merkle_prove_inclusion(&nodes, i % size, size, &proof).kind)
            return complain("no inclusion proof");
    out->inclusion_warm = WARM / (seconds() - begun);
    return true;
}

static bool proofs_verified(Bench *bench, Proofs *out)
{
    enum { PROOFS = 200, ROUNDS = 100 };
    const uint64_t size = bench->edge.size;
    MerkleNodes    nodes = nodes_of(bench, bench->arena);
    Hash           root = merkle_edge_root(&bench->edge);
    double         inclusion_s = 0, consistency_s = 0;
    for (int i = 0; i < PROOFS; i++) {
        uint64_t    index = below(bench, size);
        MerkleProof inclusion, consistency;
        MerkleEdge  first;
        if (merkle_prove_inclusion(&nodes, index, size, &inclusion).kind ||
            merkle_prove_consistency(&nodes, index + 1, size, &consistency).kind ||
            merkle_edge_read(&nodes, index + 1, &first).kind)
            return complain("no proof");
        Hash   leaf = leaf_of(bench->edge.digest, index), first_root = merkle_edge_root(&first);
        bool   well = true;
        double begun = seconds();
        for (int j = 0; j < ROUNDS; j++)
            well = well && merkle_verify_inclusion(MERKLE_SHA256, &leaf, index, size, &inclusion, &root);
        double between = seconds();
        for (int j = 0; j < ROUNDS; j++)
            well = well && merkle_verify_consistency(MERKLE_SHA256, index + 1, &first_root, size, &root, &consistency);
        consistency_s += seconds() - between;
        inclusion_s += between - begun;
        if (!well)
            return complain("a proof is refused");
    }
    out->inclusion_verified = PROOFS * ROUNDS / inclusion_s;
    out->consistency_verified = PROOFS * ROUNDS / consistency_s;
    return true;
}

static bool measure(Bench *bench, uint64_t leaves)
{
    double raw_node, raw_piece, raw_sm3;
    Proofs proofs;
    if (!raw("SHA256", 1 + 2 * HASH_SIZE, 1000000, &raw_node) || !raw("SHA256", PIECE, 20000, &raw_piece) ||
        !raw("SM3", 1 + 2 * HASH_SIZE, 300000, &raw_sm3))
        return false;
    double added = leaves_add(bench, leaves), added_sm3 = leaves_add_sm3(bench);
    if (!proofs_cold(bench, &proofs) || !proofs_warm(bench, &proofs) || !proofs_verified(bench, &proofs))
        return false;
    printf(
        "{\"leaves\":%llu,\"openssl\":{\"sha256_nodes_per_s\":%.0f,\"sha256_mb_per_s\":%.0f,\"sm3_nodes_per_s\":%.0f},"
        "\"leaves_per_s\":%.0f,\"leaves_to_openssl\":%.2f,\"sm3_leaves_per_s\":%.0f,"
        "\"inclusion\":{\"proofs_per_s\":%.0f,\"tiles_read\":%.2f,\"in_order_per_s\":%.0f,\"verified_per_s\":%.0f},"
        "\"consistency\":{\"proofs_per_s\":%.0f,\"verified_per_s\":%.0f}}\n",
        (unsigned long long)leaves, raw_node, raw_piece * PIECE / 1e6, raw_sm3, added, added * 2 / raw_node, added_sm3,
        proofs.inclusion_cold, proofs.tiles, proofs.inclusion_warm, proofs.inclusion_verified, proofs.consistency_cold,
        proofs.consistency_verified);
    return true;
}

int main(int argc, char **argv)
{
    OWNED(arena) Arena *arena = arena_new();
    Bench               bench = { .arena = arena, .edge = merkle_edge_empty(MERKLE_SHA256) };
    int64_t             leaves = LEAVES;
    if ((argc > 1 && !str_int(str_from(argv[1]), &leaves)) || leaves < LEAVES_MIN)
        return complain("at least 1000 leaves"), EXIT_FAILURE;
    for (int level = 0; level < TILE_LEVELS; level++)
        bench.levels[level] = ARENA_ARRAY(arena, Hash, (size_t)(leaves >> TILE_HEIGHT * level) + 1);
    return measure(&bench, (uint64_t)leaves) ? EXIT_SUCCESS : EXIT_FAILURE;
}
