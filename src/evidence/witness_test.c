/* evidence/witness_test.c: a witness cosigns what continues, and nothing else; what it cosigned it remembers. */
#include "evidence/witness.h"

#include <stdio.h>

#include "base/testing.h"
#include "store/testing/scratch.h"

#define ORIGIN "log.example/evidence"
#define NOW_S  1790000000

enum { SIZE_MAX_HERE = 40 };

typedef struct Tree { /* all nodes from the leaves: the oracle's memory */
    Hash leaves[SIZE_MAX_HERE];
} Tree;

static Err read_node(void *context, int level, uint64_t index, Hash *out)
{
    const Tree *tree = context;
    if (level == 0) {
        *out = tree->leaves[index];
        return ERR_OK;
    }
    Hash left, right;
    TRY(read_node(context, level - 1, 2 * index, &left));
    TRY(read_node(context, level - 1, 2 * index + 1, &right));
    *out = merkle_node(MERKLE_SHA256, &left, &right);
    return ERR_OK;
}

typedef struct World {
    Scratch   *scratch;
    Arena     *arena;
    Str        folder;
    EnvFixed   fixed;
    Env        env;
    NoteSigner log, other;
    Tree       tree, forked; /* the same but for leaf 5 */
    Witness   *witness;
} World;

static int world_setup(void **state)
{
    World *world = mem_alloc(sizeof *world);
    *world = (World){ .scratch = scratch_new(), .arena = arena_new(), .fixed = { .seed = 7 } };
    world->env = env_fixed(&world->fixed);
    Str path = scratch_path(world->scratch, "x");
    world->folder = str_dup(world->arena, str_slice(path, 0, path.len - STR("/x").len));
    world->log = note_signer_new(&world->env, STR(ORIGIN), NOTE_ED25519);
    world->other = note_signer_new(&world->env, STR(ORIGIN), NOTE_ED25519);
    for (int i = 0; i < SIZE_MAX_HERE; i++) {
        world->tree.leaves[i] = merkle_leaf(MERKLE_SHA256, str_printf(world->arena, "entry %d", i));
        world->forked.leaves[i] = world->tree.leaves[i];
    }
    world->forked.leaves[5] = merkle_leaf(MERKLE_SHA256, STR("another"));
    assert_ok(witness_make(world->folder, STR("w.example"), &world->env));
    assert_ok(witness_open(world->folder, &world->witness));
    *state = world;
    return 0;
}

static int world_teardown(void **state)
{
    World *world = *state;
    witness_free(world->witness);
    arena_free(world->arena);
    scratch_free(world->scratch);
    free(world);
    return 0;
}

static Str signed_at(World *world, Tree *tree, const NoteSigner *log, uint64_t size)
{
    MerkleNodes nodes = { MERKLE_SHA256, read_node, tree };
    MerkleEdge  edge;
    assert_ok(merkle_edge_read(&nodes, size, &edge));
    Checkpoint checkpoint = { log->public.name, size, merkle_edge_root(&edge) };
    return note_sign(world->arena, log, checkpoint_text(world->arena, &checkpoint));
}

static MerkleProof proof_of(Tree *tree, uint64_t from, uint64_t to)
{
    MerkleNodes nodes = { MERKLE_SHA256, read_node, tree };
    MerkleProof proof = { 0 };
    if (from)
        assert_ok(merkle_prove_consistency(&nodes, from, to, &proof));
    return proof;
}

static WitnessAnswer give(World *world, Str body)
{
    WitnessAnswer answer;
    assert_ok(witness_add_checkpoint(world->witness, world->arena, body, NOW_S, &answer));
    return answer;
}

static WitnessAnswer give_step(World *world, uint64_t from, uint64_t to)
{
    MerkleProof proof = proof_of(&world->tree, from, to);
    return give(world,
                witness_request_text(world->arena, from, &proof, signed_at(world, &world->tree, &world->log, to)));
}

static void watch(World *world) { assert_ok(witness_watch(world->witness, &world->log.public)); }

static void what_continues_is_cosigned_with_the_time(void **state)
{
    World   *world = *state;
    Note     note;
    uint64_t last = 0;
    watch(world);
    for (uint64_t size = 0; size <= SIZE_MAX_HERE; size += 1 + size / 5) {
        WitnessAnswer answer = give_step(world, last, size);
        assert_int_equal(answer.status, 200);
        Str     signed_note = signed_at(world, &world->tree, &world->log, size), line;
        int64_t time_s;
        assert_ok(witness_answer_read(world->arena, signed_note, answer.body, witness_key(world->witness), &line));
        assert_str_equal(line, answer.body);
        assert_ok(
            note_parse(world->arena, str_printf(world->arena, "%.*s%.*s", STR_FMT(signed_note), STR_FMT(line)), &note));
        assert_ok(checkpoint_cosigned(&note, witness_key(world->witness), &time_s));
        assert_int_equal(time_s, NOW_S);
        last = size;
    }
}

static void every_pair_of_sizes_is_judged_by_the_one_that_was_cosigned(void **state)
{
    World *world = *state;
    for (uint64_t last = 0; last < 12; last++) {
        Checkpoint  cosigned = { STR_NONE, last, { { 0 } } };
        MerkleNodes nodes = { MERKLE_SHA256, read_node, &world->tree };
        MerkleEdge  edge;
        assert_ok(merkle_edge_read(&nodes, last, &edge));
        cosigned.root = merkle_edge_root(&edge);
        for (uint64_t old = 0; old < 12; old++)
            for (uint64_t size = 0; size < 12; size++) {
                MerkleProof    proof = old <= size ? proof_of(&world->tree, old, size) : (MerkleProof){ 0 };
                WitnessRequest request;
                Str            note = signed_at(world, &world->tree, &world->log, size);
                assert_true(witness_request_read(world->arena, witness_request_text(world->arena, old, &proof, note),
                                                 &request));
                int wanted = old > size ? 400 : old != last ? 409 : 200;
                assert_int_equal(witness_judge(&request, &world->log.public, &cosigned), wanted);
                assert_int_equal(witness_judge(&request, NULL, &cosigned), 404);
                assert_int_equal(witness_judge(&request, &world->other.public, &cosigned), 403);
                if (wanted == 200 && proof.count) {
                    request.proof.path[proof.count / 2].bytes[3] ^= 4;
                    assert_int_equal(witness_judge(&request, &world->log.public, &cosigned), 422);
                }
                arena_reset(world->arena);
            }
    }
}

static void a_second_root_of_one_size_is_refused(void **state)
{
    World *world = *state;
    watch(world);
    assert_int_equal(give_step(world, 0, 12).status, 200);
    MerkleProof none = { 0 }, proof = proof_of(&world->forked, 12, 20);
    Str         same = signed_at(world, &world->forked, &world->log, 12);
    Str         later = signed_at(world, &world->forked, &world->log, 20);
    assert_int_equal(give(world, witness_request_text(world->arena, 12, &none, same)).status, 422);
    assert_int_equal(give(world, witness_request_text(world->arena, 12, &proof, later)).status, 422);
    assert_int_equal(give(world, witness_request_text(world->arena, 0, &none, later)).status, 409);
    assert_int_equal(give_step(world, 12, 12).status, 200); /* the same once more is no second one */
    assert_int_equal(give_step(world, 12, 20).status, 200);
}

static void what_it_cosigned_it_knows_after_a_restart_and_says(void **state)
{
    World *world = *state;
    Str    note, hash;
    Hash   origin = sha256(STR(ORIGIN));
    hash = hex_encode(world->arena, hash_str(&origin));
    watch(world);
    assert_ok(witness_last(world->witness, world->arena, hash, &note));
    assert_str_equal(note, STR(""));
    WitnessAnswer given = give_step(world, 0, 7);
    witness_free(world->witness);
    assert_ok(witness_open(world->folder, &world->witness));
    WitnessAnswer answer = give_step(world, 0, 9);
    assert_int_equal(answer.status, 409);
    assert_str_equal(answer.body, STR("7\n"));
    assert_ok(witness_last(world->witness, world->arena, hash, &note));
    Str was = signed_at(world, &world->tree, &world->log, 7);
    assert_str_equal(note, str_printf(world->arena, "%.*s%.*s", STR_FMT(was), STR_FMT(given.body)));
    assert_ok(witness_last(world->witness, world->arena, STR("00"), &note));
    assert_str_equal(note, STR(""));
}

/* Its note has our log's lines and the witness's, whatever else the request carried. */
static void lines_of_others_are_not_passed_on(void **state)
{
    World *world = *state;
    Str    note, line = note_line(world->arena, &world->other.public, STR("whatever"));
    Hash   origin = sha256(STR(ORIGIN));
    watch(world);
    MerkleProof none = { 0 };
    Str         text = signed_at(world, &world->tree, &world->log, 3);
    Str         with = str_printf(world->arena, "%.*s%.*s", STR_FMT(text), STR_FMT(line));
    assert_int_equal(give(world, witness_request_text(world->arena, 0, &none, with)).status, 200);
    assert_ok(witness_last(world->witness, world->arena, hex_encode(world->arena, hash_str(&origin)), &note));
    assert_int_equal(str_find(note, line), note.len);
    assert_true(str_starts(note, text));
}

static void unknown_logs_and_other_keys_are_told_apart(void **state)
{
    World *world = *state;
    assert_int_equal(give_step(world, 0, 3).status, 404);
    watch(world);
    assert_err(witness_watch(world->witness, &world->other.public), ECODE_WITNESS_LOG);
    MerkleProof none = { 0 };
    Str         note = signed_at(world, &world->tree, &world->other, 3);
    assert_int_equal(give(world, witness_request_text(world->arena, 0, &none, note)).status, 403);
    assert_int_equal(give_step(world, 0, 3).status, 200);
}

static void what_is_no_request_is_400(void **state)
{
    World *world = *state;
    Str    note, proof = STR("yjk9Apa+xeC43KuYO9H7fRRh9RLnJny4ljGtJv1m2Eg=\n"), many = STR("old 0\n");
    watch(world);
    note = signed_at(world, &world->tree, &world->log, 3);
    const Str begins[] = { STR(""),
                           STR("\n"),
                           STR("old 0\n"),
                           STR("old  0\n\n"),
                           STR("old 00\n\n"),
                           STR("old -0\n\n"),
                           STR("old +1\n\n"),
                           STR("old\n\n"),
                           STR("new 0\n\n"),
                           STR("old 0\nAAAA\n\n"),
                           STR("old 0\r\n\n"),
                           STR("old 9223372036854775808\n\n") };
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
        assert_int_equal(give(world, str_printf(world->arena, "%.*s%.*s", STR_FMT(begins[i]), STR_FMT(note))).status,
                         400);
    for (int i = 0; i <= WITNESS_PROOF_MAX; i++) {
        int wanted = i ? 422 : 200; /* a proof from nothing is empty */
        Str body = str_printf(world->arena, "%.*s\n%.*s", STR_FMT(many), STR_FMT(note));
        if (i)
            assert_int_equal(give(world, body).status, wanted);
        many = str_printf(world->arena, "%.*s%.*s", STR_FMT(many), STR_FMT(proof));
    }
    assert_int_equal(give(world, str_printf(world->arena, "%.*s\n%.*s", STR_FMT(many), STR_FMT(note))).status, 400);
    Str good = str_printf(world->arena, "old 0\n\n%.*s", STR_FMT(note));
    for (size_t cut = 0; cut + 1 < good.len; cut += 3)
        assert_int_not_equal(give(world, str_slice(good, 0, cut)).status, 200);
    assert_int_equal(give(world, good).status, 200);
}

static void a_lying_answer_is_not_taken(void **state)
{
    World     *world = *state;
    NoteSigner liar = note_signer_new(&world->env, STR("w.example"), NOTE_COSIGNATURE);
    Str        note = signed_at(world, &world->tree, &world->log, 7), line;
    watch(world);
    Str            good = give_step(world, 0, 7).body;
    const NoteKey *key = witness_key(world->witness);
    Str            false_line = checkpoint_cosign(world->arena, &liar, STR("x\n"), NOW_S);
    liar.public = *key; /* its name and id, another's signature */
    Str forged = checkpoint_cosign(world->arena, &liar, STR("x\n"), NOW_S);
    assert_ok(witness_answer_read(world->arena, note, good, key, &line));
    assert_err(witness_answer_read(world->arena, note, false_line, key, &line), ECODE_LOG_SIGNATURE);
    assert_err(witness_answer_read(world->arena, note, forged, key, &line), ECODE_LOG_SIGNATURE);
    assert_err(witness_answer_read(world->arena, note, STR("hello\n"), key, &line), ECODE_LOG_NOTE);
    assert_err(witness_answer_read(world->arena, note, STR(""), key, &line), ECODE_LOG_SIGNATURE);
    Str both = str_printf(world->arena, "%.*s%.*s", STR_FMT(false_line), STR_FMT(good));
    assert_ok(witness_answer_read(world->arena, note, both, key, &line));
    assert_str_equal(line, good);
}

static void a_folder_has_one_witness(void **state)
{
    World   *world = *state;
    Witness *none = NULL;
    assert_err(witness_make(world->folder, STR("w2.example"), &world->env), ECODE_WITNESS_EXISTS);
    assert_err(witness_make(world->folder, STR("w 2"), &world->env), ECODE_LOG_NAME);
    assert_err(witness_open(STR("/nowhere"), &none), ECODE_WITNESS_MISSING);
    Str db = str_printf(world->arena, "%.*s/witness.db", STR_FMT(world->folder));
    witness_free(world->witness);
    world->witness = NULL;
    assert_int_equal(remove(db.ptr), 0); /* one that has forgotten is none */
    assert_err(witness_open(world->folder, &world->witness), ECODE_WITNESS_MISSING);
}

#define WITH_WORLD(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(what_continues_is_cosigned_with_the_time),
        WITH_WORLD(every_pair_of_sizes_is_judged_by_the_one_that_was_cosigned),
        WITH_WORLD(a_second_root_of_one_size_is_refused),
        WITH_WORLD(what_it_cosigned_it_knows_after_a_restart_and_says),
        WITH_WORLD(lines_of_others_are_not_passed_on),
        WITH_WORLD(unknown_logs_and_other_keys_are_told_apart),
        WITH_WORLD(what_is_no_request_is_400),
        WITH_WORLD(a_lying_answer_is_not_taken),
        WITH_WORLD(a_folder_has_one_witness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
