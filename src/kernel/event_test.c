/* kernel/event_test.c: every event has its leaf in the log, whatever wrote it. */
#include "kernel/event.h"

#include "evidence/log.h"
#include "kernel/testing/dossier.h"

#include <setjmp.h>
#include <stdarg.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_event_has_its_leaf, dossier_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(a_step_that_is_refused_leaves_none, dossier_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(a_city_of_before_the_log_gets_its_leaves, dossier_setup, cast_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
