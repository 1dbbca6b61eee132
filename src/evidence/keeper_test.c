/* evidence/keeper_test.c: one key never signs two logs. */
#include "evidence/keeper.h"

#include <stdio.h>

#include "base/testing.h"
#include "evidence/log.h"
#include "store/testing/scratch.h"

#define ID   "00112233"
#define NAME "log.example/evidence"

typedef struct World {
    Scratch *scratch;
    Arena   *arena;
    Str      folder;
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
    Str path = scratch_path(world->scratch, "log.db");
    world->folder = str_dup(world->arena, str_slice(path, 0, path.len - STR("/log.db").len));
    assert_ok(db_open(path, DB_CREATE, &world->db));
    assert_ok(db_migrate(world->db, migrations, 1));
    assert_ok(keeper_make(world->folder, STR(ID), STR(NAME), &world->env));
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

static void grow(World *world, uint64_t to, const char *what)
{
    MerkleEdge edge;
    assert_ok(log_edge(world->db, &edge));
    for (uint64_t at = edge.size; at < to; at++) {
        Str manifest = str_printf(world->arena, "%s %llu", what, (unsigned long long)at);
        assert_ok(log_add(world->db, world->arena, &world->env, at, &manifest, 1));
    }
}

static void forget_all(World *world)
{
    assert_ok(db_script(world->db, STR("DELETE FROM log_leaf; DELETE FROM log_tile; UPDATE log_edge SET size = 0,"
                                       " peaks = x''")));
}

static Keeper *open_keeper(World *world)
{
    Keeper *keeper = NULL;
    assert_ok(keeper_open(world->folder, STR(ID), world->db, &keeper));
    return keeper;
}

static Err sign(World *world, Keeper *keeper, uint64_t at_least, int64_t now_ms, Str *note)
{
    return keeper_sign(keeper, world->db, world->arena, (KeeperWish){ .at_least = at_least, .now_ms = now_ms }, note);
}

static Err sign_newest(World *world, Keeper *keeper, int64_t now_ms, Str *note)
{
    return keeper_sign(keeper, world->db, world->arena, (KeeperWish){ .newest = true, .now_ms = now_ms }, note);
}

static Checkpoint assert_signed(World *world, Keeper *keeper, Str note, uint64_t size)
{
    NoteKey    key;
    Checkpoint found;
    MerkleEdge edge;
    assert_true(keeper_key(keeper, &key));
    assert_ok(checkpoint_open(world->arena, note, &key, &found, NULL));
    assert_ok(log_edge(world->db, &edge));
    assert_int_equal(found.size, size);
    Hash root = merkle_edge_root(&edge);
    if (edge.size == size)
        assert_memory_equal(&found.root, &root, sizeof root);
    return found;
}

static void what_is_there_is_signed_when_it_is_asked_for(void **state)
{
    World                *world = *state;
    OWNED(keeper) Keeper *keeper = open_keeper(world);
    Str                   note;
    assert_ok(keeper_closed(keeper));
    assert_ok(sign_newest(world, keeper, 1000, &note));
    assert_signed(world, keeper, note, 0);
    grow(world, 300, "event");
    assert_true(keeper_last(keeper, world->arena, (KeeperWish){ 0, true, 1199 }, &note));
    assert_signed(world, keeper, note, 0);
    assert_false(keeper_last(keeper, world->arena, (KeeperWish){ .at_least = 1 }, &note));
    assert_false(keeper_last(keeper, world->arena, (KeeperWish){ 0, true, 1200 }, &note));
    assert_ok(sign(world, keeper, 12, 1100, &note));
    assert_signed(world, keeper, note, 300);
    assert_true(keeper_last(keeper, world->arena, (KeeperWish){ 300, true, 1100 }, &note));
    assert_int_equal(keeper_size(keeper), 300);
    assert_err(sign(world, keeper, 301, 1200, &note), ECODE_LOG_RANGE);
}

static void what_was_signed_is_known_after_a_restart(void **state)
{
    World  *world = *state;
    Keeper *keeper = open_keeper(world);
    Str     note, again;
    grow(world, 5, "event");
    assert_ok(sign(world, keeper, 5, 1000, &note));
    keeper_free(keeper);
    grow(world, 7, "event");
    keeper = open_keeper(world);
    assert_ok(keeper_closed(keeper));
    assert_true(keeper_last(keeper, world->arena, (KeeperWish){ .at_least = 5 }, &again));
    assert_str_equal(again, note);
    assert_ok(sign(world, keeper, 7, 2000, &note));
    assert_signed(world, keeper, note, 7);
    keeper_free(keeper);
}

static void a_shorter_log_is_never_signed_over(void **state)
{
    World  *world = *state;
    Keeper *keeper = open_keeper(world);
    Str     note;
    grow(world, 9, "event");
    assert_ok(sign(world, keeper, 9, 1000, &note));
    keeper_free(keeper);
    forget_all(world);
    grow(world, 8, "event");
    keeper = open_keeper(world);
    assert_err(keeper_closed(keeper), ECODE_LOG_BEHIND);
    assert_false(keeper_last(keeper, world->arena, (KeeperWish){ .at_least = 0 }, &note));
    assert_err(sign_newest(world, keeper, 2000, &note), ECODE_LOG_BEHIND);
    grow(world, 20, "other"); /* growing past it does not help */
    assert_err(sign_newest(world, keeper, 2000, &note), ECODE_LOG_BEHIND);
    keeper_free(keeper);
    keeper = open_keeper(world);
    assert_err(keeper_closed(keeper), ECODE_LOG_FORKED);
    keeper_free(keeper);
}

/* While it is open, too: a leaf is another than it was. */
static void another_log_is_never_signed(void **state)
{
    World                *world = *state;
    OWNED(keeper) Keeper *keeper = open_keeper(world);
    Str                   note;
    grow(world, 9, "event");
    assert_ok(sign(world, keeper, 9, 1000, &note));
    forget_all(world);
    grow(world, 12, "other");
    assert_err(sign(world, keeper, 12, 2000, &note), ECODE_LOG_FORKED);
    assert_err(keeper_closed(keeper), ECODE_LOG_FORKED);
}

static void remove_file(World *world, const char *name)
{
    assert_int_equal(remove(scratch_path(world->scratch, name).ptr), 0);
}

static void without_key_or_state_nothing_is_signed(void **state)
{
    static const char *const names[] = { "log-" ID ".state", "log-" ID ".key" };
    World                   *world = *state;
    Str                      note;
    assert_true(keeper_exists(world->folder, STR(ID)));
    for (size_t i = 0; i < 2; i++) {
        OWNED(keeper) Keeper *keeper = NULL;
        remove_file(world, names[i]);
        keeper = open_keeper(world);
        assert_err(keeper_closed(keeper), ECODE_LOG_KEYLESS);
        assert_err(sign(world, keeper, 0, 1000, &note), ECODE_LOG_KEYLESS);
    }
    assert_false(keeper_exists(world->folder, STR(ID)));
}

/* A state that somebody has edited is none: its signature does not verify. */
static void a_state_that_was_edited_is_none(void **state)
{
    World                *world = *state;
    OWNED(keeper) Keeper *keeper = NULL;
    Str                   text, path = scratch_path(world->scratch, "log-" ID ".state");
    assert_ok(file_read(world->arena, path, 4096, &text));
    char *edited = (char *)str_dup(world->arena, text).ptr;
    edited[STR(NAME "\n").len] = '7';
    assert_ok(file_write(scratch_path(world->scratch, "log-" ID ".state"), (Str){ edited, text.len }, 0600));
    keeper = open_keeper(world);
    assert_err(keeper_closed(keeper), ECODE_LOG_KEYLESS);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD(what_is_there_is_signed_when_it_is_asked_for), WORLD(what_was_signed_is_known_after_a_restart),
        WORLD(a_shorter_log_is_never_signed_over),           WORLD(another_log_is_never_signed),
        WORLD(without_key_or_state_nothing_is_signed),       WORLD(a_state_that_was_edited_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
