/* log: events written durably per second with their leaves, in groups of 1, 64 and 1,024, and beside it, in the same
 * run, the limit: the same rows alone (raw). An event here is one row with a manifest as long as that of a record of 30
 * fields; what writing it costs besides (record, values) is not the log's. Then SM3 of such manifests, many at once and
 * as libcrypto does it; and, in the log that this has made, proofs made and verified. Prints one JSON object last. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/sm3_many.h"
#include "evidence/log.h"

enum { MANIFEST = 1700, SECONDS = 2, HASHED = 50000, PROVED = 5000, PATH_BYTES = 64 };

static const size_t groups[] = { 1, 64, 1024 };
#define GROUPS (sizeof groups / sizeof groups[0])

typedef struct Bench {
    Arena   *arena;
    Db      *db;
    Env      env;
    char     manifest[MANIFEST];
    uint64_t events;
} Bench;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool well(Err err)
{
    if (err.kind)
        fprintf(stderr, "log: %.*s: %s\n", STR_FMT(err_row(err.code)->code), err.context);
    return !err.kind;
}

/* ---- writing ---- */

static Err write_group(Bench *bench, size_t count, bool leaves)
{
    static const Str    insert = STR_INIT("INSERT INTO event (manifest) VALUES (?)");
    OWNED(arena) Arena *arena = arena_new();
    Str                *manifests = ARENA_ARRAY(arena, Str, count);
    TRY(db_begin(bench->db));
    for (size_t i = 0; i < count; i++) {
        manifests[i] = (Str){ bench->manifest, MANIFEST };
        Value row = value_text(manifests[i]);
        TRY(db_run(bench->db, insert, &row, 1));
    }
    if (leaves)
        TRY(log_add(bench->db, arena, &bench->env, bench->events, manifests, count));
    TRY(db_commit(bench->db));
    bench->events += leaves ? count : 0;
    return ERR_OK;
}

static bool write_for(Bench *bench, size_t count, bool leaf, double *per_second)
{
    double begun = seconds(), now = begun;
    size_t written = 0;
    while (now < begun + SECONDS) {
        if (!well(write_group(bench, count, leaf)))
            return false;
        written += count;
        now = seconds();
    }
    *per_second = (double)written / (now - begun);
    return true;
}

/* ---- the parts ---- */

static double hash_for(const Bench *bench, double *one_by_one)
{
    enum { SIDE_BY_SIDE = 64 };
    Str    texts[SIDE_BY_SIDE];
    Hash   hashes[SIDE_BY_SIDE];
    double begun = seconds();
    for (int i = 0; i < SIDE_BY_SIDE; i++)
        texts[i] = (Str){ bench->manifest, MANIFEST };
    for (int i = 0; i < HASHED; i += SIDE_BY_SIDE)
        sm3_many(texts, SIDE_BY_SIDE, hashes);
    double middle = seconds();
    for (int i = 0; i < HASHED; i++)
        hashes[0] = sm3(texts[i % SIDE_BY_SIDE]);
    *one_by_one = HASHED / (seconds() - middle);
    return HASHED / (middle - begun);
}

static Err prove_for(Bench *bench, double *proofs, double *verified)
{
    OWNED(arena) Arena *arena = arena_new();
    MerkleEdge          edge;
    double              begun = seconds(), verifying = 0;
    TRY(log_edge(bench->db, &edge));
    Hash root = merkle_edge_root(&edge);
    for (uint64_t i = 0; i < PROVED; i++) {
        MerkleProof proof;
        LogLeaf     leaf;
        uint64_t    number = (i * 7919) % edge.size;
        MerkleNodes nodes = log_nodes(bench->db, arena, edge.size);
        TRY(log_leaf(bench->db, arena, number, &leaf));
        TRY(merkle_prove_inclusion(&nodes, number, edge.size, &proof));
        double made = seconds();
        Hash   hash = merkle_leaf(MERKLE_SHA256, leaf.entry);
        if (!merkle_verify_inclusion(MERKLE_SHA256, &hash, number, edge.size, &proof, &root))
            return err_make(ECODE_LOG_DAMAGED, "leaf %llu", (unsigned long long)number);
        verifying += seconds() - made;
        arena_reset(arena);
    }
    *proofs = PROVED / (seconds() - begun - verifying);
    *verified = PROVED / verifying;
    return ERR_OK;
}

/* ---- the whole ---- */

static Err begin(Bench *bench, const char *path)
{
    static const Str tables[] = {
        STR_INIT(LOG_TABLES), STR_INIT("CREATE TABLE event (sequence INTEGER PRIMARY KEY, manifest TEXT NOT NULL)")
    };
    TRY(db_open(str_from(path), DB_CREATE, &bench->db));
    return db_migrate(bench->db, tables, 2);
}

static bool measure(Bench *bench)
{
    double durable[GROUPS], raw[GROUPS], proofs = 0, verified = 0;
    for (size_t i = 0; i < GROUPS; i++)
        if (!write_for(bench, groups[i], false, &raw[i]) || !write_for(bench, groups[i], true, &durable[i]))
            return false;
    double sm3_one, hashed = hash_for(bench, &sm3_one);
    if (!well(prove_for(bench, &proofs, &verified)))
        return false;
    for (size_t i = 0; i < GROUPS; i++)
        printf("groups of %zu: %.0f events/s, alone %.0f\n", groups[i], durable[i], raw[i]);
    printf(
        "{\"events\":%llu,\"durable_per_s\":{\"by_1\":%.0f,\"by_64\":%.0f,\"by_1024\":%.0f},"
        "\"raw_per_s\":{\"by_1\":%.0f,\"by_64\":%.0f,\"by_1024\":%.0f},\"sm3_per_s\":%.0f,\"sm3_libcrypto_per_s\":%.0f,"
        "\"proofs_per_s\":%.0f,\"verified_per_s\":%.0f}\n",
        (unsigned long long)bench->events, durable[0], durable[1], durable[2], raw[0], raw[1], raw[2], hashed, sm3_one,
        proofs, verified);
    return true;
}

int main(void)
{
    Bench bench = { .arena = arena_new(), .env = env_system() };
    char  folder[] = "/tmp/firstmile-log-XXXXXX", path[PATH_BYTES];
    memset(bench.manifest, 'm', MANIFEST);
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    snprintf(path, sizeof path, "%s/log.db", folder);
    bool done = well(begin(&bench, path)) && measure(&bench);
    db_close(bench.db);
    unlink(path);
    rmdir(folder);
    arena_free(bench.arena);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
