/* kernel/rules_test.c: what must hold after every step: the rules of the mini pack, and its unique manuscript. */
#include "kernel/rules.h"

#include "kernel/testing/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

static Record paper(Cast *cast, const Actor *who, const char *more)
{
    return test_act(cast->test, who, "paper", STR_NONE, "create",
                    str_printf(cast->test->arena, "{\"title\":\"Paper\"%s}", more));
}

static ErrCode edit(Cast *cast, const Record *record, const char *input, Problems *problems)
{
    Record out;
    return test_try(cast->test, &cast->author, "paper", record_id(record), "edit", str_from(input), &out, problems)
        .code;
}

static void a_broken_rule_is_told_at_its_field_with_what_was_found(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Record   record = paper(cast, &cast->author, "");
    assert_int_equal(edit(cast, &record, "{\"grant\":\"5\"}", &problems), ECODE_RECORD_INVALID);
    assert_int_equal(problems.count, 1);
    assert_true(test_has_problem(&problems, ECODE_FIELD_RULE, "grant_currency"));
    Str text = problems.items[0].text.in[LANG_EN];
    assert_true(str_find(text, STR("a grant says its currency")) < text.len && str_find(text, STR("5.00")) < text.len);
    assert_true(str_eq(problems.items[0].rule, STR("grant is missing or grant_currency is not missing")));
    assert_int_equal(problems.items[0].arg_count, 3); /* rule, found, helps */
    assert_int_equal(edit(cast, &record, "{\"grant\":\"5\",\"grant_currency\":\"USD\"}", &problems), 0);
    /* what leads out of the rule again is a step like any other */
    assert_int_equal(edit(cast, &record, "{\"grant_currency\":null}", &problems), ECODE_RECORD_INVALID);
    assert_int_equal(edit(cast, &record, "{\"grant_currency\":null,\"grant\":null}", &problems), 0);
}

static void a_rule_over_child_rows_is_asked_when_they_change(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Record   record = paper(cast, &cast->author, ",\"expenses\":[{\"item\":\"Pump\",\"amount\":\"1\"}]"), out;
    assert_int_equal(edit(cast, &record, "{\"expenses\":[{\"amount\":\"-1\"}]}", &problems), ECODE_RECORD_INVALID);
    assert_true(test_has_problem(&problems, ECODE_FIELD_RULE, "expenses"));
    Str input = STR("{\"title\":\"P\",\"expenses\":[{\"amount\":\"-1\"}]}");
    Err err = test_try(cast->test, &cast->author, "paper", STR_NONE, "create", input, &out, &problems);
    assert_int_equal(err.code, ECODE_RECORD_INVALID);
}

static void rules_and_fields_are_told_together_and_what_was_not_read_breaks_no_rule(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Record   record = paper(cast, &cast->author, ""), out;
    assert_int_equal(edit(cast, &record, "{\"grant\":\"5\",\"pages\":\"x\"}", &problems), ECODE_RECORD_INVALID);
    assert_int_equal(problems.count, 2);
    assert_int_equal(edit(cast, &record, "{\"grant\":\"5\",\"grant_currency\":\"yen\"}", &problems),
                     ECODE_RECORD_INVALID);
    assert_int_equal(problems.count, 1);
    assert_true(test_has_problem(&problems, ECODE_FIELD_CHOICE, "grant_currency"));
    (void)out;
}

/* Damages the record behind the kernel's back. */
static void set_column(Cast *cast, const char *sql, const Record *record)
{
    Db   *db;
    Value id = value_id(record_id(record));
    assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
    assert_int_equal(db_run(db, str_from(sql), &id, 1).kind, ERR_NONE);
    db_close(db);
}

static void a_step_that_touches_nothing_of_a_rule_is_not_held_up_by_it(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Record   record = paper(cast, &cast->author, "");
    set_column(cast, "UPDATE r_paper SET \"grant\" = 500 WHERE id = ?", &record);
    assert_int_equal(edit(cast, &record, "{\"pages\":7}", &problems), 0);
    assert_int_equal(edit(cast, &record, "{\"grant\":\"6\"}", &problems), ECODE_RECORD_INVALID);
}

static Err prepare(Cast *cast, const Actor *who, const char *type, Str record, const char *action, const char *input,
                   Change **out, Problems *problems)
{
    Ctx   ctx = test_ctx(cast->test, who);
    Json *json;
    *problems = (Problems){ .arena = cast->test->arena };
    assert_int_equal(json_parse(cast->test->arena, str_from(input), &json).kind, ERR_NONE);
    ActRequest request = { .type = pack_type(cast->test->city->pack, str_from(type)),
                           .record = record,
                           .action = str_from(action),
                           .input = json,
                           .if_match = -1 };
    return act_prepare(&ctx, &request, out, problems);
}

static ErrCode commit(Cast *cast, Change *change)
{
    Db *db;
    assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
    ErrCode code = act_commit(db, change).code;
    db_close(db);
    return code;
}

static const char by_siblings[] = "rules:\n"
                                  "  - {when: \"verdict is missing or not any(paper.review where verdict = 'reject')\","
                                  " rule: {zh: 退稿后不再提交意见, en: no verdict follows a rejection}}\n";

static int setup_siblings(void **state) { return cast_setup_with(state, "types/review.yaml", by_siblings); }

static Record ask_review(Cast *cast, const Record *of, const Actor *reviewer)
{
    return test_act(cast->test, &cast->admin, "review", STR_NONE, "create",
                    str_printf(cast->test->arena, "{\"paper\":\"%.*s\",\"reviewer\":\"%.*s\"}", STR_FMT(record_id(of)),
                               STR_FMT(reviewer->person)));
}

static void a_rule_is_asked_again_where_it_is_written(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Change  *change;
    Record   record = paper(cast, &cast->author, "");
    Record mine = ask_review(cast, &record, &cast->reviewer), other = ask_review(cast, &record, &cast->other_reviewer);
    const char *accept = "{\"verdict\":\"accept\"}";
    assert_int_equal(
        prepare(cast, &cast->reviewer, "review", record_id(&mine), "give", accept, &change, &problems).kind, ERR_NONE);
    test_act(cast->test, &cast->other_reviewer, "review", record_id(&other), "give", STR("{\"verdict\":\"reject\"}"));
    assert_int_equal(commit(cast, change), ECODE_RECORD_CONTENDED);
    assert_int_equal(
        prepare(cast, &cast->reviewer, "review", record_id(&mine), "give", accept, &change, &problems).code,
        ECODE_RECORD_INVALID);
}

static const char over_secrets[] = "rules:\n"
                                   "  - {when: \"verdict is missing or paper.authors != 'CANARY'\","
                                   " rule: {zh: 规则甲, en: rule A}, field: verdict}\n"
                                   "  - {when: \"remark is missing or paper.authors != 'CANARY'\","
                                   " rule: {zh: 规则乙, en: rule B}, field: remark}\n";

static int setup_secrets(void **state) { return cast_setup_with(state, "types/review.yaml", over_secrets); }

static void a_rule_over_what_is_hidden_tells_only_that_there_is_a_condition(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Record   record = paper(cast, &cast->author, ",\"authors\":\"CANARY\""), out;
    Record   review = ask_review(cast, &record, &cast->reviewer);
    Err      err = test_try(cast->test, &cast->reviewer, "review", record_id(&review), "give",
                            STR("{\"verdict\":\"accept\",\"remark\":\"Good.\"}"), &out, &problems);
    assert_int_equal(err.code, ECODE_RECORD_INVALID);
    assert_int_equal(problems.count, 1); /* for both rules */
    assert_int_equal(problems.items[0].code, ECODE_ACTION_CLAUSE_HIDDEN);
    assert_int_equal(problems.items[0].field.len + problems.items[0].rule.len, 0);
}

static void a_value_is_unique_within_its_owner(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Change  *change;
    Record   first = paper(cast, &cast->author, ",\"manuscript\":\"M-1\"");
    Record   second = paper(cast, &cast->author, "");
    assert_int_equal(edit(cast, &second, "{\"manuscript\":\"M-1\",\"pages\":0}", &problems), ECODE_RECORD_INVALID);
    assert_true(test_has_problem(&problems, ECODE_FIELD_UNIQUE, "manuscript"));
    assert_true(test_has_problem(&problems, ECODE_FIELD_RANGE, "pages"));
    assert_int_equal(prepare(cast, &cast->author, "paper", STR_NONE, "create",
                             "{\"title\":\"P\",\"manuscript\":\"M-1\"}", &change, &problems)
                         .code,
                     ECODE_RECORD_INVALID);
    paper(cast, &cast->stranger, ",\"manuscript\":\"M-1\""); /* of another organisation */
    assert_int_equal(edit(cast, &second, "{\"manuscript\":\"M-2\"}", &problems), 0);
    assert_int_equal(edit(cast, &first, "{\"manuscript\":\"M-1\",\"pages\":3}", &problems), 0); /* its own */
    assert_int_equal(edit(cast, &first, "{\"manuscript\":null}", &problems), 0);
    assert_int_equal(edit(cast, &second, "{\"manuscript\":null}", &problems), 0); /* missing is never the same */
    assert_int_equal(edit(cast, &second, "{\"manuscript\":\"M-1\"}", &problems), 0);
}

static void of_two_who_take_a_value_at_once_the_second_is_told(void **state)
{
    Cast    *cast = *state;
    Problems of_first, of_second;
    Change  *first, *second;
    Str      before;
    assert_int_equal(prepare(cast, &cast->author, "paper", STR_NONE, "create",
                             "{\"title\":\"A\",\"manuscript\":\"M-1\"}", &first, &of_first)
                         .kind,
                     ERR_NONE);
    assert_int_equal(prepare(cast, &cast->author, "paper", STR_NONE, "create",
                             "{\"title\":\"B\",\"manuscript\":\"M-1\"}", &second, &of_second)
                         .kind,
                     ERR_NONE);
    assert_int_equal(commit(cast, first), 0);
    before = test_dump(cast->test);
    assert_int_equal(commit(cast, second), ECODE_RECORD_INVALID);
    assert_int_equal(of_first.count, 0);
    assert_int_equal(of_second.count, 1);
    assert_true(test_has_problem(&of_second, ECODE_FIELD_UNIQUE, "manuscript"));
    Str after = test_dump(cast->test);
    assert_true(str_eq(before, after));
}

int main(void)
{
#define CASE(name)             cmocka_unit_test_setup_teardown(name, cast_setup, cast_teardown)
#define CASE_WITH(setup, name) cmocka_unit_test_setup_teardown(name, setup, cast_teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_broken_rule_is_told_at_its_field_with_what_was_found),
        CASE(a_rule_over_child_rows_is_asked_when_they_change),
        CASE(rules_and_fields_are_told_together_and_what_was_not_read_breaks_no_rule),
        CASE(a_step_that_touches_nothing_of_a_rule_is_not_held_up_by_it),
        CASE_WITH(setup_siblings, a_rule_is_asked_again_where_it_is_written),
        CASE_WITH(setup_secrets, a_rule_over_what_is_hidden_tells_only_that_there_is_a_condition),
        CASE(a_value_is_unique_within_its_owner),
        CASE(of_two_who_take_a_value_at_once_the_second_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
