/* kernel/erase_test.c: personal data goes from a record and from all its events, and everything else stays provable. */
#include "kernel/erase.h"

#include "kernel/event.h"
#include "kernel/history.h"
#include "kernel/rebuild.h"
#include "kernel/testing/dossier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

static bool has(Str text, const char *part) { return str_find(text, str_from(part)) < text.len; }

static Record step(Cast *cast, const Record *record, const char *action, const char *input)
{
    return test_act(cast->test, &cast->author, "dossier", record ? record_id(record) : STR_NONE, action,
                    str_from(input));
}

/* A dossier with everything in it, edited twice. */
static Record full_dossier(Cast *cast)
{
    Arena *arena = cast->test->arena;
    Record record = step(cast, NULL, "create",
                         "{\"title\":\"Case\",\"phone\":\"PHONE-1\",\"nickname\":\"NICK-1\",\"remarks\":\"REMARK-1\","
                         "\"contacts\":[{\"address\":\"ADDRESS-1\"}],\"needs\":[\"ramp\"]}");
    step(cast, &record, "edit",
         str_dup_z(arena, str_printf(arena,
                                     "{\"phone\":\"PHONE-2\",\"nickname_zh\":\"NICK-2\",\"helpers\":[\"%.*s\"],"
                                     "\"consultant\":\"%.*s\"}",
                                     STR_FMT(cast->press), STR_FMT(cast->author.person))));
    return step(cast, &record, "edit",
                "{\"phone\":\"PHONE-3\",\"remarks\":null,\"contacts\":[{\"address\":\"ADDRESS-2\"}]}");
}

/* All of a table's rows as text. */
static Str table(Cast *cast, const char *sql)
{
    OWNED(rows) Rows *rows = NULL;
    Buf               out = buf_new(cast->test->arena, SIZE_MAX);
    assert_int_equal(db_query(cast->test->db, str_from(sql), NULL, 0, &rows).kind, ERR_NONE);
    for (bool more;;) {
        assert_int_equal(rows_next(rows, &more).kind, ERR_NONE);
        if (!more)
            return buf_str(&out);
        buf_printf(&out, "%.*s\n", STR_FMT(rows_borrow_text(rows, 0)));
    }
}

static Str values_of_events(Cast *cast) { return table(cast, "SELECT field || '=' || value FROM event_value"); }

/* Every event verifies but for so many. */
static void assert_verified(Cast *cast, size_t lost)
{
    size_t all = 0, bad = 0;
    bool   same;
    while (event_verify(cast->test->db, cast->test->arena, (int64_t)all + 1, &same).kind == ERR_NONE) {
        all++;
        bad += !same;
    }
    assert_true(all > 15);
    assert_int_equal(bad, lost);
}

static Str history_of(Cast *cast, const Actor *actor, const Record *record)
{
    Ctx     ctx = test_ctx(cast->test, actor);
    Record  seen;
    Json   *list;
    int64_t next;
    Buf     out = buf_new(cast->test->arena, SIZE_MAX);
    assert_int_equal(find_one(&ctx, record->type, record_id(record), &seen).kind, ERR_NONE);
    assert_int_equal(history_list(&ctx, &seen, 0, 100, &list, &next).kind, ERR_NONE);
    json_write(&out, list);
    return buf_str(&out);
}

static Str json_of(Cast *cast, const Actor *actor, const Record *record)
{
    Ctx    ctx = test_ctx(cast->test, actor);
    Record seen;
    Json  *json;
    Buf    out = buf_new(cast->test->arena, SIZE_MAX);
    assert_int_equal(find_one(&ctx, record->type, record_id(record), &seen).kind, ERR_NONE);
    assert_int_equal(record_json(&ctx, &seen, NULL, &json).kind, ERR_NONE);
    json_write(&out, json);
    return buf_str(&out);
}

static const char *const personal[] = { "PHONE-", "NICK-", "REMARK-", "ADDRESS-", "ramp" };

static void the_values_leave_the_record_and_all_its_events(void **state)
{
    Cast  *cast = *state;
    Record record = full_dossier(cast);
    for (size_t i = 0; i < sizeof personal / sizeof *personal; i++)
        assert_true(has(values_of_events(cast), personal[i]));
    step(cast, &record, "erase", "");
    Str left = str_join(cast->test->arena,
                        (Str[]){ values_of_events(cast), test_dump(cast->test), json_of(cast, &cast->admin, &record),
                                 history_of(cast, &cast->admin, &record),
                                 table(cast, "SELECT address FROM \"r_dossier.contacts\"") },
                        5, STR("\n"));
    for (size_t i = 0; i < sizeof personal / sizeof *personal; i++)
        assert_false(has(left, personal[i]));
    assert_true(has(left, "Case"));
    assert_string_equal(str_dup_z(cast->test->arena, table(cast, "SELECT DISTINCT salt FROM event_value"
                                                                 " WHERE value = 'erased'")),
                        "\n");
    assert_true(has(values_of_events(cast), "helpers=erased") && has(values_of_events(cast), "consultant=erased"));
}

static void every_event_still_verifies_and_nothing_else_may_change(void **state)
{
    Cast  *cast = *state;
    Record record = full_dossier(cast);
    step(cast, &record, "erase", "");
    assert_verified(cast, 0);
    static const char *const forgeries[] = {
        "UPDATE event_value SET value = 'text:other' WHERE field = 'title' AND value = 'text:Case'",
        "UPDATE event_value SET value = 'text:PHONE-1' WHERE field = 'phone' AND value = 'erased'",
        "UPDATE event_value SET salt = 'AAAA' WHERE field = 'phone' AND value = 'erased'",
        "UPDATE event_value SET field = 'unheard' WHERE field = 'phone' AND value = 'erased'",
        "DELETE FROM event_value WHERE field = 'phone' AND value = 'erased'",
    };
    for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++) {
        Db *db;
        assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
        assert_int_equal(db_script(db, STR("CREATE TABLE kept AS SELECT * FROM event_value")).kind, ERR_NONE);
        assert_int_equal(db_run(db, str_from(forgeries[i]), NULL, 0).kind, ERR_NONE);
        size_t changed = (size_t)db_changes(db);
        assert_true(changed > 0);
        assert_verified(cast, changed);
        assert_int_equal(db_script(db, STR("DELETE FROM event_value; INSERT INTO event_value SELECT * FROM kept;"
                                           "DROP TABLE kept"))
                             .kind,
                         ERR_NONE);
        assert_verified(cast, 0);
        db_close(db);
    }
}

static void the_record_says_which_fields_those_who_may_see_them(void **state)
{
    Cast  *cast = *state;
    Record record = full_dossier(cast);
    Str    blind = history_of(cast, &cast->reviewer, &record), seen = json_of(cast, &cast->reviewer, &record);
    step(cast, &record, "edit", "{\"disclosure\":\"public\"}");
    Str open = history_of(cast, &cast->reviewer, &record);
    step(cast, &record, "erase", "");
    assert_true(has(json_of(cast, &cast->admin, &record),
                    "\"erased\":[\"phone\",\"nickname\",\"nickname_zh\",\"remarks\",\"contacts\",\"helpers\","
                    "\"consultant\",\"needs\"]"));
    /* the reader sees the remarks and needs, but no secret: also not that there was one */
    assert_true(has(json_of(cast, &cast->reader, &record), "\"erased\":[\"remarks\",\"needs\"]"));
    /* who never saw any of it learns nothing: the step alone is there */
    assert_false(has(json_of(cast, &cast->reviewer, &record), "\"erased\""));
    assert_false(has(seen, "\"erased\"") || has(blind, "\"erased\""));
    Str after = history_of(cast, &cast->reviewer, &record);
    assert_true(str_ends(after, str_slice(open, 1, open.len)));
    assert_false(has(str_slice(after, 0, after.len - open.len), "\"field\""));
}

static void a_history_shows_what_was_erased_as_such(void **state)
{
    Cast  *cast = *state;
    Record record = full_dossier(cast);
    step(cast, &record, "erase", "");
    Str history = history_of(cast, &cast->admin, &record);
    assert_true(
        has(history, "\"field\":\"phone\",\"label\":\"Phone\",\"old\":{\"erased\":true},\"new\":{\"erased\":true}}"));
    assert_true(has(history, "\"field\":\"phone\",\"label\":\"Phone\",\"old\":{\"erased\":true}}"));
    assert_true(has(history, "\"field\":\"phone\",\"label\":\"Phone\",\"new\":{\"erased\":true}}"));
    assert_false(has(history, "\"field\":\"erased\""));
}

static void a_field_that_never_had_a_value_is_not_erased(void **state)
{
    Cast  *cast = *state;
    Record record = step(cast, NULL, "create", "{\"title\":\"Case\",\"phone\":\"PHONE-1\"}");
    record = step(cast, &record, "erase", "");
    assert_true(str_eq(record.values[SYS_ERASED].text, STR("phone")));
    assert_true(record_erased(&record, type_field(record.type, STR("phone"))));
    assert_false(record_erased(&record, type_field(record.type, STR("remarks"))));
    assert_false(has(history_of(cast, &cast->admin, &record), "remarks"));
    assert_false(has(values_of_events(cast), "remarks"));
    /* a value that had been taken away before is erased like one that was there */
    record = step(cast, NULL, "create", "{\"title\":\"Case\",\"remarks\":\"REMARK-1\"}");
    step(cast, &record, "edit", "{\"remarks\":null}");
    record = step(cast, &record, "erase", "");
    assert_true(str_eq(record.values[SYS_ERASED].text, STR("remarks")));
    assert_false(has(values_of_events(cast), "REMARK-1"));
}

static void a_field_leaves_the_list_when_it_has_a_value_again_and_can_be_erased_anew(void **state)
{
    Cast  *cast = *state;
    Record record = full_dossier(cast);
    step(cast, &record, "erase", "");
    record = step(cast, &record, "edit", "{\"phone\":\"PHONE-4\"}");
    assert_false(record_erased(&record, type_field(record.type, STR("phone"))));
    assert_true(record_erased(&record, type_field(record.type, STR("nickname"))));
    record = step(cast, &record, "edit", "{\"phone\":null}");
    assert_false(record_erased(&record, type_field(record.type, STR("phone"))));
    record = step(cast, &record, "erase", "");
    assert_true(record_erased(&record, type_field(record.type, STR("phone"))));
    assert_false(has(values_of_events(cast), "PHONE-"));
    int64_t version = record_version(&record);
    record = step(cast, &record, "erase", ""); /* nothing left: a step all the same, that tells nothing */
    assert_int_equal(record_version(&record), version + 1);
    assert_verified(cast, 0);
}

static void other_records_keep_theirs(void **state)
{
    Cast  *cast = *state;
    Record one = full_dossier(cast), other = full_dossier(cast);
    Str    before = json_of(cast, &cast->admin, &other);
    step(cast, &one, "erase", "");
    assert_true(str_eq(json_of(cast, &cast->admin, &other), before));
    assert_true(has(history_of(cast, &cast->admin, &other), "PHONE-1"));
}

static void a_rebuild_arrives_at_the_same_tables(void **state)
{
    Cast   *cast = *state;
    Record  record = full_dossier(cast);
    int64_t events;
    step(cast, &record, "erase", "");
    step(cast, &record, "edit", "{\"phone\":\"PHONE-4\"}");
    Str before = test_dump(cast->test);
    assert_int_equal(rebuild(cast->test->city, &events).kind, ERR_NONE);
    assert_string_equal(str_dup_z(cast->test->arena, test_dump(cast->test)), str_dup_z(cast->test->arena, before));
    assert_true(has(before, "list:nickname,nickname_zh"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, dossier_setup, cast_teardown)
    const struct CMUnitTest tests[] = {
        CASE(the_values_leave_the_record_and_all_its_events),
        CASE(every_event_still_verifies_and_nothing_else_may_change),
        CASE(the_record_says_which_fields_those_who_may_see_them),
        CASE(a_history_shows_what_was_erased_as_such),
        CASE(a_field_that_never_had_a_value_is_not_erased),
        CASE(a_field_leaves_the_list_when_it_has_a_value_again_and_can_be_erased_anew),
        CASE(other_records_keep_theirs),
        CASE(a_rebuild_arrives_at_the_same_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
