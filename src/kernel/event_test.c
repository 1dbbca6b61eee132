/* kernel/event_test.c: every event has its leaf in the log, whatever wrote it. */
#include "kernel/event.h"

#include "evidence/keeper.h"
#include "evidence/log.h"
#include "kernel/testing/dossier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

static void must(Err err)
{
    if (err.kind)
        fail_msg("%.*s: %s", STR_FMT(err_row(err.code)->code), err.context);
}

static void create(Cast *cast, int count)
{
    for (int i = 0; i < count; i++)
        test_act(cast->test, &cast->author, "dossier", STR_NONE, "create", STR("{\"title\":\"Case\"}"));
}

/* Each leaf is that of its event's manifest, there is none more, and the tree is over these. How many there are. */
static uint64_t assert_leaves(Cast *cast)
{
    static const Str  sql = STR_INIT("SELECT sequence, manifest FROM event ORDER BY sequence");
    Db               *db = cast->test->db;
    Arena            *arena = cast->test->arena;
    OWNED(rows) Rows *rows = NULL;
    MerkleEdge        kept, made = merkle_edge_empty(MERKLE_SHA256);
    must(db_query(db, sql, NULL, 0, &rows));
    for (bool more;;) {
        LogLeaf leaf;
        must(rows_next(rows, &more));
        if (!more)
            break;
        assert_int_equal(rows_int(rows, 0), made.size + 1);
        must(log_leaf(db, arena, made.size, &leaf));
        LogEntry entry = log_entry(leaf.salt, rows_borrow_text(rows, 1));
        assert_true(str_eq(leaf.entry, (Str){ entry.bytes, sizeof entry.bytes }));
        Hash hash = merkle_leaf(MERKLE_SHA256, leaf.entry);
        merkle_edge_add(&made, &hash, NULL);
    }
    LogLeaf none;
    assert_int_equal(log_leaf(db, arena, made.size, &none).code, ECODE_LOG_RANGE);
    must(log_edge(db, &kept));
    assert_int_equal(kept.size, made.size);
    assert_true(str_eq(merkle_edge_borrow_bytes(&kept), merkle_edge_borrow_bytes(&made)));
    return made.size;
}

static void each_event_has_its_leaf(void **state)
{
    Cast    *cast = *state;
    uint64_t begun = assert_leaves(cast);
    assert_true(begun > 10); /* the pack, its parameters, people */
    create(cast, 300);
    assert_int_equal(assert_leaves(cast), begun + 300);
}

static void a_step_that_is_refused_leaves_none(void **state)
{
    Cast    *cast = *state;
    uint64_t begun = assert_leaves(cast);
    Record   record;
    Problems problems;
    assert_int_equal(test_try(cast->test, &cast->reader, "dossier", STR_NONE, "create", STR("{\"title\":\"No\"}"),
                              &record, &problems)
                         .kind,
                     ERR_DENIED);
    assert_int_equal(assert_leaves(cast), begun);
}

static void a_city_of_before_the_log_gets_its_leaves(void **state)
{
    static const char *const forget[] = { "DELETE FROM log_leaf", "DELETE FROM log_tile",
                                          "UPDATE log_edge SET size = 0, peaks = x''" };
    Cast                    *cast = *state;
    create(cast, 600);
    uint64_t all = assert_leaves(cast);
    Db      *db;
    must(db_open(cast->test->city->database_path, DB_WRITE, &db));
    for (size_t i = 0; i < sizeof forget / sizeof forget[0]; i++)
        must(db_run(db, str_from(forget[i]), NULL, 0));
    db_close(db);
    test_city_reopen(cast->test);
    assert_int_equal(assert_leaves(cast), all);
    create(cast, 1);
    assert_int_equal(assert_leaves(cast), all + 1);
}

static Str sign(Cast *cast)
{
    Str note;
    must(keeper_sign(cast->test->city->log, cast->test->db, cast->test->arena,
                     (KeeperWish){ .at_least = assert_leaves(cast) }, &note));
    return note;
}

static void rename_file(Cast *cast, const char *from, const char *to)
{
    Arena *arena = cast->test->arena;
    assert_int_equal(rename(str_printf(arena, "%s/%s", cast->test->dir, from).ptr,
                            str_printf(arena, "%s/%s", cast->test->dir, to).ptr),
                     0);
}

/* The database of before a few events, as a backup has it, takes the place of today's. */
static void an_old_database_beside_the_key_is_read_only_until_another_log_is_begun(void **state)
{
    Cast    *cast = *state;
    Record   record;
    Problems problems;
    NoteKey  before, after;
    create(cast, 3);
    sign(cast);
    uint64_t old = assert_leaves(cast);
    must(db_copy(cast->test->db, str_printf(cast->test->arena, "%s/old.db", cast->test->dir), NULL));
    create(cast, 1);
    sign(cast);
    db_close(cast->test->db);
    city_close(cast->test->city);
    rename_file(cast, "city.db", "new.db");
    rename_file(cast, "old.db", "city.db");
    test_city_open(cast->test);
    assert_int_equal(city_writes(cast->test->city).code, ECODE_LOG_BEHIND);
    Err err = test_try(cast->test, &cast->author, "dossier", STR_NONE, "create", STR("{\"title\":\"No\"}"), &record,
                       &problems);
    assert_int_equal(err.code, ECODE_LOG_BEHIND);
    assert_int_equal(assert_leaves(cast), old);
    assert_true(test_list(cast->test, &cast->author, "dossier", "", "title").len > 0);

    assert_true(keeper_key(cast->test->city->log, &before));
    assert_int_equal(city_log_renew(cast->test->city, STR("not a name")).code, ECODE_LOG_NAME);
    must(city_log_renew(cast->test->city, STR("log.example/two")));
    test_city_reopen(cast->test);
    must(city_writes(cast->test->city));
    create(cast, 1);
    assert_int_equal(assert_leaves(cast), old + 1);
    assert_true(keeper_key(cast->test->city->log, &after));
    assert_true(str_eq(after.name, STR("log.example/two")));
    Checkpoint checkpoint;
    must(checkpoint_open(cast->test->arena, sign(cast), &after, &checkpoint, NULL));
    assert_int_equal(checkpoint.size, old + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_event_has_its_leaf, dossier_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(a_step_that_is_refused_leaves_none, dossier_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(a_city_of_before_the_log_gets_its_leaves, dossier_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(an_old_database_beside_the_key_is_read_only_until_another_log_is_begun,
                                        dossier_setup, cast_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
