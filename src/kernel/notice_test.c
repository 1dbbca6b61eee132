/* kernel/notice_test.c: who is told of a step, once, and what of it shows. */
#include "kernel/notice.h"

#include "base/buf.h"
#include "base/date.h"
#include "kernel/testing/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

static void run_duty(Cast *cast)
{
    DutyRun run = { .ctx = test_ctx(cast->test, NULL) };
    assert_int_equal(notice_duty(&run).kind, ERR_NONE);
}

static Json *notices(Cast *cast, const Actor *actor)
{
    Ctx     ctx = test_ctx(cast->test, actor);
    Json   *list;
    int64_t next;
    assert_int_equal(notice_list(&ctx, 0, 100, &list, &next).kind, ERR_NONE);
    assert_int_equal(next, 0);
    return list;
}

static int64_t unread(Cast *cast, const Actor *actor)
{
    Ctx     ctx = test_ctx(cast->test, actor);
    int64_t count;
    assert_int_equal(notice_unread(&ctx, &count).kind, ERR_NONE);
    return count;
}

static void assert_told(Cast *cast, const Actor *actor, const char *actions)
{
    Buf told = buf_new(cast->test->arena, SIZE_MAX);
    JSON_EACH(notice, notices(cast, actor))
        buf_printf(&told, "%.*s ", STR_FMT(json_text(json_get(notice, STR("action")))));
    assert_string_equal(str_dup_z(cast->test->arena, buf_str(&told)), actions);
}

static Record paper_of(Cast *cast)
{
    Record paper = test_act(cast->test, &cast->author, "paper", STR_NONE, "create",
                            STR("{\"title\":\"P\",\"body\":\"B\",\"disclosure\":\"public\"}"));
    return test_act(cast->test, &cast->author, "paper", record_id(&paper), "submit", STR("{}"));
}

static Record review_of(Cast *cast, const Record *paper)
{
    Str input = str_printf(cast->test->arena, "{\"paper\":\"%.*s\",\"reviewer\":\"%.*s\"}", STR_FMT(record_id(paper)),
                           STR_FMT(cast->reviewer.person));
    return test_act(cast->test, &cast->admin, "review", STR_NONE, "create", input);
}

static void give(Cast *cast, const Record *review)
{
    test_act(cast->test, &cast->reviewer, "review", record_id(review), "give", STR("{\"verdict\":\"accept\"}"));
}

static void a_step_is_told_to_whom_the_pack_says_once(void **state)
{
    Cast  *cast = *state;
    Record paper = paper_of(cast), review = review_of(cast, &paper);
    assert_told(cast, &cast->reviewer, "");
    run_duty(cast);
    run_duty(cast);
    assert_told(cast, &cast->reviewer, "create ");
    assert_told(cast, &cast->admin, "");
    give(cast, &review);
    run_duty(cast);
    assert_told(cast, &cast->reviewer, "create ");
    assert_told(cast, &cast->admin, "give ");
    assert_told(cast, &cast->author, "give ");
    assert_told(cast, &cast->stranger, "");
    assert_told(cast, &cast->other_reviewer, "");
}

/* Whoever is told learns of the step what they see of it: an author not who the reviewer was. */
static void a_notice_says_what_its_reader_may_know(void **state)
{
    Cast  *cast = *state;
    Record paper = paper_of(cast), review = review_of(cast, &paper);
    give(cast, &review);
    run_duty(cast);
    const Json *author = notices(cast, &cast->author)->first, *admin = notices(cast, &cast->admin)->first;
    assert_non_null(json_get(admin, STR("by")));
    assert_null(json_get(author, STR("by")));
    assert_true(str_eq(json_text(json_get(json_get(author, STR("record")), STR("id"))), record_id(&review)));
    assert_true(str_eq(json_text(json_get(author, STR("label"))), STR("Give the review")));
}

typedef struct Reading {
    WriterJob job;
    Str       person;
    int64_t   until, one;
} Reading;

static Err read_run(Db *db, WriterJob *job)
{
    const Reading *reading = (const Reading *)job;
    return reading->one ? notice_read_one(db, reading->person, reading->one)
                        : notice_read(db, reading->person, reading->until);
}

static void what_was_read_is_not_counted_again(void **state)
{
    Cast   *cast = *state;
    Record  paper = paper_of(cast), first = review_of(cast, &paper), second = review_of(cast, &paper);
    Record  third = review_of(cast, &paper);
    int64_t id, newest;
    run_duty(cast);
    assert_int_equal(unread(cast, &cast->reviewer), 3);
    const Json *all = notices(cast, &cast->reviewer);
    assert_true(json_int(json_get(all->first, STR("id")), &newest));
    Reading one = { .job = { .run = read_run }, .person = cast->reviewer.person, .one = newest };
    assert_int_equal(writer_run(cast->test->city->writer, &one.job).kind, ERR_NONE);
    assert_int_equal(unread(cast, &cast->reviewer), 2); /* those older than it stay */
    const Json *older = notices(cast, &cast->reviewer)->first->next->next;
    assert_true(json_int(json_get(older, STR("id")), &id));
    Reading reading = { .job = { .run = read_run }, .person = cast->reviewer.person, .until = id };
    assert_int_equal(writer_run(cast->test->city->writer, &reading.job).kind, ERR_NONE);
    assert_int_equal(unread(cast, &cast->reviewer), 1);
    assert_told(cast, &cast->reviewer, "create create create ");
    (void)first, (void)second, (void)third;
}

/* A notice does not outlive the right to see what it is about; nor does the number of those unread. */
static void who_may_no_longer_see_the_step_has_no_notice_of_it(void **state)
{
    Cast  *cast = *state;
    Record paper = paper_of(cast), review = review_of(cast, &paper);
    run_duty(cast);
    assert_int_equal(unread(cast, &cast->reviewer), 1);
    Actor other = cast->other_reviewer; /* the same person, acting as somebody to whom the review does not show */
    other.person = cast->reviewer.person;
    other.role = cast->stranger.role;
    other.organisation = cast->stranger.organisation;
    assert_int_equal(unread(cast, &other), 0);
    assert_told(cast, &other, "");
    (void)review;
}

/* However many there are that do not show, the number of the others, and the pages of the list, are theirs alone. */
static void what_does_not_show_leaves_no_trace(void **state)
{
    Cast   *cast = *state;
    Ctx     ctx = test_ctx(cast->test, &cast->reviewer);
    Record  paper = paper_of(cast);
    Json   *list;
    int64_t next;
    review_of(cast, &paper);
    review_of(cast, &paper);
    run_duty(cast);
    Db *db;
    assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
    Str hidden = str_printf(cast->test->arena,
                            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
                            " INSERT INTO notice SELECT '%.*s', 1000000000 + i, 1000000 + i, 'paper', 'none', 1, 0, 1"
                            " FROM n",
                            STR_FMT(cast->reviewer.person));
    assert_int_equal(db_script(db, hidden).kind, ERR_NONE);
    db_close(db);
    assert_int_equal(unread(cast, &cast->reviewer), 2);
    assert_int_equal(notice_list(&ctx, 0, 1, &list, &next).kind, ERR_NONE);
    assert_true(list->count == 1 && next > 0);
    assert_int_equal(notice_list(&ctx, next, 1, &list, &next).kind, ERR_NONE);
    assert_true(list->count == 1 && next == 0);
    assert_told(cast, &cast->reviewer, "create create ");
}

static void all_who_act_for_an_organisation_are_told(void **state)
{
    Cast  *cast = *state;
    Record paper = paper_of(cast), review = review_of(cast, &paper);
    Actor  second = test_actor(cast->test, "second", cast->college, "author");
    Actor  clerk = test_actor(cast->test, "clerk", cast->college, "reader");
    give(cast, &review);
    run_duty(cast);
    assert_told(cast, &second, "give ");
    assert_told(cast, &clerk, ""); /* in another role */
    test_act(cast->test, &cast->admin, "paper", record_id(&paper), "accept", STR("{}"));
    run_duty(cast);
    assert_told(cast, &second, "accept give ");
    assert_told(cast, &clerk, "accept ");
}

static void notices_go_after_a_while(void **state)
{
    Cast  *cast = *state;
    Record paper = paper_of(cast);
    review_of(cast, &paper);
    run_duty(cast);
    cast->test->fixed.now_ms += NOTICE_KEPT_MS - DAY_MS;
    run_duty(cast);
    assert_int_equal(notices(cast, &cast->reviewer)->count, 1);
    cast->test->fixed.now_ms += 2 * DAY_MS;
    run_duty(cast);
    assert_int_equal(notices(cast, &cast->reviewer)->count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_step_is_told_to_whom_the_pack_says_once, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(a_notice_says_what_its_reader_may_know, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(what_was_read_is_not_counted_again, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(who_may_no_longer_see_the_step_has_no_notice_of_it, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(what_does_not_show_leaves_no_trace, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(all_who_act_for_an_organisation_are_told, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(notices_go_after_a_while, cast_setup, cast_teardown),
    };
    return cmocka_run_group_tests_name("notice", tests, NULL, NULL);
}
