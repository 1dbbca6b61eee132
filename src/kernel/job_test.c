/* Jobs and the import over the mini pack: rows in, rows back, cut off and taken up again, cancelled, in turns. */
#include "kernel/testing/cast.h"

#include "kernel/import.h"
#include "kernel/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
/* cmocka wants these first */
#include <cmocka.h>

/* ---- helpers ---- */

static Str count_of(Cast *cast, const char *table)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    Str               sql = str_printf(cast->test->arena, "SELECT count(*) FROM %s", table);
    assert_int_equal(db_query(cast->test->db, sql, NULL, 0, &rows).kind, ERR_NONE);
    assert_int_equal(rows_next(rows, &more).kind, ERR_NONE);
    return str_printf(cast->test->arena, "%lld", (long long)rows_int(rows, 0));
}

static void assert_count(Cast *cast, const char *table, const char *wanted)
{
    Str found = count_of(cast, table);
    if (!str_eq(found, str_from(wanted)))
        fail_msg("%s: %.*s, not %s", table, STR_FMT(found), wanted);
}

static Str job_of_type(Cast *cast, const Actor *actor, const char *about, const char *file, Str text, const char *more)
{
    Str     staged;
    Arena  *arena = cast->test->arena;
    Staged *sent;
    assert_int_equal(staged_open(cast->test->city, &sent).kind, ERR_NONE);
    assert_int_equal(staged_add(sent, text).kind, ERR_NONE);
    assert_int_equal(import_stage(cast->test->city, arena, actor->person, str_from(file), STR_NONE, sent, &staged).kind,
                     ERR_NONE);
    staged_free(sent);
    Str    input = str_printf(arena,
                              "{\"title\":\"%s\",\"kind\":\"import\",\"about\":\"%s\",\"language\":\"en\",\"file\":"
                                 "\"%.*s\"%s}",
                              file, about, STR_FMT(staged), more);
    Record job = test_act(cast->test, actor, "job", STR_NONE, "create", input);
    return record_id(&job);
}

static Str job_of(Cast *cast, const char *file, Str text, const char *more)
{
    return job_of_type(cast, &cast->author, "paper", file, text, more);
}

static Err run_with(Cast *cast, Str id, JobWatch watch, void *context)
{
    Ctx ctx = test_ctx(cast->test, NULL);
    return job_run(&ctx, id, watch, context);
}

static Record job_record(Cast *cast, Str id)
{
    Record record;
    bool   found;
    assert_int_equal(
        record_load(cast->test->db, cast->test->arena, cast->test->city->pack->job, id, &record, &found).kind,
        ERR_NONE);
    assert_true(found);
    return record;
}

static void assert_state(Cast *cast, Str id, const char *state)
{
    Record job = job_record(cast, id);
    if (!str_eq(job.values[SYS_STATE].text, str_from(state)))
        fail_msg("%.*s: %.*s", STR_FMT(job.values[SYS_STATE].text), STR_FMT(job_value(&job, "reason").text));
}

/* "added updated unchanged refused" */
static void assert_counts(Cast *cast, Str id, const char *wanted)
{
    Record    job = job_record(cast, id);
    long long added = job_value(&job, "added").number, updated = job_value(&job, "updated").number;
    long long unchanged = job_value(&job, "unchanged").number, refused = job_value(&job, "refused").number;
    Str       found = str_printf(cast->test->arena, "%lld %lld %lld %lld", added, updated, unchanged, refused);
    assert_string_equal(str_dup_z(cast->test->arena, found), wanted);
}

static void run_to(Cast *cast, Str id, const char *state)
{
    Err err = run_with(cast, id, NULL, NULL);
    if (err.kind)
        fail_msg("%.*s: %s", STR_FMT(err_row(err.code)->code), err.context);
    assert_state(cast, id, state);
}

static Str numbered_rows(Cast *cast, int count)
{
    Buf text = buf_new(cast->test->arena, SIZE_MAX);
    buf_add(&text, STR("title,pages,manuscript\n"));
    for (int i = 0; i < count; i++)
        buf_printf(&text, "Paper %d,%d,M-%d\n", i, 1 + i % 500, i);
    return buf_str(&text);
}

static ImportRefusal *refusals(Cast *cast, Str id, size_t *count)
{
    ImportRefusal *out;
    Ctx            ctx = test_ctx(cast->test, &cast->author);
    assert_int_equal(import_refusals(&ctx, id, 0, 100, &out, count).kind, ERR_NONE);
    return out;
}

static Record a_paper(Cast *cast, const char *input)
{
    return test_act(cast->test, &cast->author, "paper", STR_NONE, "create", str_from(input));
}

/* ---- tests ---- */

static void good_rows_go_in_and_bad_ones_come_back(void **state)
{
    Cast  *cast = *state;
    size_t count;
    Str    text = STR("Title,Pages,Category,open\nIce,12,快报,yes\nWater,many,Letter,no\n,3,letter,\nToo,few\n");
    Str    id = job_of(cast, "papers.csv", text, "");
    run_to(cast, id, "done");
    assert_counts(cast, id, "1 0 0 3");
    assert_count(cast, "r_paper WHERE title = 'Ice' AND category = 'letter' AND open = 1", "1");
    ImportRefusal *rows = refusals(cast, id, &count);
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].line, 3);
    assert_true(str_eq(rows[0].given->first->text, STR("Water")));
    assert_true(str_starts(rows[0].reasons, STR("Pages")) && str_ends(rows[0].reasons, STR(" [pages]")));
    assert_true(str_ends(rows[1].reasons, STR(" [title]")));
    assert_int_equal(rows[2].given->count, 2);
    assert_true(str_eq(rows[2].reasons, STR("The row has 2 cells; the header has 4.")));
}

static void json_lines_go_in_too(void **state)
{
    Cast  *cast = *state;
    size_t count;
    Str    id = job_of(cast, "papers.jsonl",
                       STR("{\"title\":\"Ice\",\"topics\":[\"水\",\"ice\"]}\n\n{\"title\":\"Water\"\n[1]\n"
                              "{\"title\":\"Steam\",\"topics\":[\"smoke\"]}\n"),
                       "");
    run_to(cast, id, "done");
    assert_counts(cast, id, "1 0 0 3");
    assert_count(cast, "r_paper WHERE topics = 'ice;water' OR topics LIKE '%ice%water%'", "1");
    ImportRefusal *rows = refusals(cast, id, &count);
    assert_int_equal(rows[0].line, 3);
    assert_true(str_eq(json_text(rows[0].given), STR("{\"title\":\"Water\"")));
}

static void a_header_that_does_not_fit_fails_the_job(void **state)
{
    Cast *cast = *state;
    Str   id = job_of(cast, "papers.csv", STR("title,nothing\nIce,1\n"), "");
    run_to(cast, id, "failed");
    Record job = job_record(cast, id);
    Str    reason = job_value(&job, "reason").text;
    assert_true(str_find(reason, STR("nothing")) < reason.len);
    assert_count(cast, "r_paper", "0");
}

static void a_mapping_says_which_column_is_what(void **state)
{
    Cast *cast = *state;
    Str   id = job_of(cast, "papers.csv", STR("name,size\nIce,7\n"),
                      ",\"mapping\":\"{\\\"title\\\":\\\"name\\\",\\\"pages\\\":\\\"size\\\"}\"");
    run_to(cast, id, "done");
    assert_count(cast, "r_paper WHERE title = 'Ice' AND pages = 7", "1");
}

static void a_row_edits_the_record_that_it_names(void **state)
{
    Cast  *cast = *state;
    Record one = a_paper(cast, "{\"title\":\"One\",\"pages\":5}"), two = a_paper(cast, "{\"title\":\"Two\"}");
    Record three = a_paper(cast, "{\"title\":\"Three\",\"body\":\"b\",\"pages\":9}");
    three = test_act(cast->test, &cast->author, "paper", record_id(&three), "submit", STR_NONE);
    Str number = three.values[SYS_NUMBER].text, events = count_of(cast, "event");
    Str text = str_printf(cast->test->arena,
                          "id,number,version,title,pages,state\n%.*s,,1,One,6,draft\n%.*s,,,Two,,draft\n"
                          ",%.*s,,Three,9,submitted\n,%.*s,,Three,10,submitted\n%.*s,,7,Two,8,\n"
                          "00000000-0000-7000-8000-000000000000,,,Nobody,1,\n%.*s,,,One,,\n",
                          STR_FMT(record_id(&one)), STR_FMT(record_id(&two)), STR_FMT(number), STR_FMT(number),
                          STR_FMT(record_id(&two)), STR_FMT(record_id(&one)));
    Str id = job_of(cast, "papers.csv", text, "");
    run_to(cast, id, "done");
    /* a paper that was submitted may not be edited; a version that has passed; an id that is none */
    assert_counts(cast, id, "0 2 2 3");
    assert_count(cast, "r_paper WHERE title = 'One' AND pages IS NULL AND version = 3", "1");
    assert_count(cast, "r_paper WHERE version = 1 AND title = 'Two'", "1");
    Str     now = count_of(cast, "event");
    int64_t before = 0, after = 0;
    assert_true(str_int(events, &before) && str_int(now, &after));
    assert_int_equal(after - before, 2 + 3); /* two edits; create, start, finish of the job */
}

static bool two_turns(void *context, const JobProgress *progress)
{
    (void)progress;
    return --*(int *)context > 0;
}

static void a_job_that_was_cut_off_goes_on_and_does_nothing_twice(void **state)
{
    Cast *cast = *state;
    Str   id = job_of(cast, "papers.csv", numbered_rows(cast, 3000), "");
    for (int cuts = 0; cuts < 4; cuts++) {
        int turns = 2 + cuts % 2;
        assert_int_equal(run_with(cast, id, two_turns, &turns).kind, ERR_NONE);
        assert_state(cast, id, "running");
    }
    JobProgress progress;
    Ctx         ctx = test_ctx(cast->test, &cast->author);
    assert_int_equal(job_progress(&ctx, id, &progress).kind, ERR_NONE);
    assert_true(progress.done > 0 && progress.done < 3000);
    run_to(cast, id, "done");
    assert_counts(cast, id, "3000 0 0 0");
    assert_count(cast, "(SELECT DISTINCT manuscript FROM r_paper)", "3000");
}

static void a_dry_run_writes_nothing_and_sees_what_repeats(void **state)
{
    Cast  *cast = *state;
    size_t count;
    a_paper(cast, "{\"title\":\"There\",\"manuscript\":\"M-1\"}");
    Str id = job_of(cast, "papers.csv", STR("title,manuscript\nA,M-1\nB,M-2\nC,M-3\nD,M-2\n"), ",\"dry_run\":true");
    run_to(cast, id, "done");
    assert_counts(cast, id, "2 0 0 2");
    assert_count(cast, "r_paper", "1");
    ImportRefusal *rows = refusals(cast, id, &count);
    assert_int_equal(count, 2);
    assert_int_equal(rows[1].line, 5);
    assert_true(str_find(rows[1].reasons, STR("earlier row")) < rows[1].reasons.len);
    /* the same for real */
    id = job_of(cast, "papers.csv", STR("title,manuscript\nA,M-1\nB,M-2\nC,M-3\nD,M-2\n"), "");
    run_to(cast, id, "done");
    assert_counts(cast, id, "2 0 0 2");
}

typedef struct Cancelling {
    Cast *cast;
    Str   id;
} Cancelling;

static bool cancel_it(void *context, const JobProgress *progress)
{
    Cancelling *it = context;
    if (progress->done > 0 && it->id.len) {
        test_act(it->cast->test, &it->cast->author, "job", it->id, "cancel", STR_NONE);
        it->id = STR_NONE;
    }
    return true;
}

static void a_cancelled_job_stops_and_can_go_on(void **state)
{
    Cast      *cast = *state;
    Str        id = job_of(cast, "papers.csv", numbered_rows(cast, 3000), "");
    Cancelling it = { cast, id };
    assert_int_equal(run_with(cast, id, cancel_it, &it).kind, ERR_NONE);
    assert_state(cast, id, "cancelled");
    JobProgress progress;
    Ctx         ctx = test_ctx(cast->test, &cast->author);
    assert_int_equal(job_progress(&ctx, id, &progress).kind, ERR_NONE);
    assert_true(progress.done > 0 && progress.done < 3000);
    Str papers = str_printf(cast->test->arena, "%lld", (long long)progress.added);
    assert_count(cast, "r_paper", str_dup_z(cast->test->arena, papers));
    test_act(cast->test, &cast->author, "job", id, "resume", STR_NONE);
    run_to(cast, id, "done");
    assert_counts(cast, id, "3000 0 0 0");
    assert_count(cast, "(SELECT DISTINCT manuscript FROM r_paper)", "3000");
}

static bool end_membership(void *context, const JobProgress *progress)
{
    Cast *cast = context;
    if (progress->done > 0 && cast->author.membership.len) {
        test_act(cast->test, &cast->admin, "membership", cast->author.membership, "end",
                 STR("{\"valid_to\":\"2026-03-01\"}"));
        cast->author.membership = STR_NONE;
    }
    return true;
}

static void a_membership_that_ends_ends_the_job(void **state)
{
    Cast *cast = *state;
    Str   id = job_of(cast, "papers.csv", numbered_rows(cast, 3000), "");
    assert_int_equal(run_with(cast, id, end_membership, cast).kind, ERR_NONE);
    assert_state(cast, id, "failed");
    Record job = job_record(cast, id);
    assert_true(job_value(&job, "reason").text.len > 0);
    Str papers = str_printf(cast->test->arena, "%lld", (long long)job_value(&job, "added").number);
    assert_count(cast, "r_paper", str_dup_z(cast->test->arena, papers));
    assert_true(job_value(&job, "added").number < 3000);
}

static void rights_are_those_of_the_starter(void **state)
{
    Cast  *cast = *state;
    size_t count;
    Record paper = a_paper(cast, "{\"title\":\"Mine\"}");
    Str    text = str_printf(cast->test->arena, "id,title\n%.*s,Taken\n,New\n", STR_FMT(record_id(&paper)));
    Str    id = job_of_type(cast, &cast->reader, "paper", "papers.csv", text, "");
    run_to(cast, id, "done");
    assert_counts(cast, id, "0 0 0 2");
    ImportRefusal *rows = refusals(cast, id, &count);
    assert_true(str_eq(rows[0].reasons, err_row(ECODE_RECORD_UNSEEN)->detail.in[LANG_EN]));
    assert_int_equal(test_try(cast->test, &cast->stranger, "job", id, "cancel", STR_NONE, &paper,
                              &(Problems){ .arena = cast->test->arena })
                         .code,
                     ECODE_RECORD_UNSEEN);
}

static void jobs_take_turns_and_both_end(void **state)
{
    Cast   *cast = *state;
    Str     one = job_of(cast, "one.csv", numbered_rows(cast, 2000), "");
    Str     two = job_of_type(cast, &cast->stranger, "paper", "two.csv", numbered_rows(cast, 2000), "");
    DutyRun run = { .ctx = test_ctx(cast->test, NULL) };
    assert_int_equal(jobs_duty(&run).kind, ERR_NONE);
    assert_state(cast, one, "done");
    assert_state(cast, two, "done");
    assert_count(cast, "r_paper", "4000");
    /* in turns: neither waited for the other to end */
    assert_count(cast, "r_job WHERE state = 'done'", "2");
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    assert_int_equal(db_query(cast->test->db,
                              STR("SELECT count(*) FROM event a JOIN event b ON b.sequence = a.sequence + 1"
                                  " WHERE a.action = 'create' AND b.action = 'create' AND a.person != b.person"),
                              NULL, 0, &rows)
                         .kind,
                     ERR_NONE);
    assert_int_equal(rows_next(rows, &more).kind, ERR_NONE);
    assert_true(rows_int(rows, 0) > 2);
}

static void nobody_has_too_many_jobs(void **state)
{
    Cast    *cast = *state;
    Record   out;
    Problems problems = { .arena = cast->test->arena };
    for (int i = 0; i < 20; i++)
        job_of(cast, "papers.csv", STR("title\nIce\n"), "");
    Err err = test_try(
        cast->test, &cast->author, "job", STR_NONE, "create",
        STR("{\"title\":\"x\",\"kind\":\"import\",\"about\":\"paper\",\"language\":\"en\",\"file\":\"x\"}"), &out,
        &problems);
    assert_int_equal(err.code, ECODE_RECORD_INVALID);
    assert_true(test_has_problem(&problems, ECODE_JOB_MANY, ""));
}

static Err begin_with(Cast *cast, const Actor *actor, Str file)
{
    Record   job;
    Problems problems = { .arena = cast->test->arena };
    Str      input = str_printf(
             cast->test->arena,
             "{\"title\":\"x\",\"kind\":\"import\",\"about\":\"paper\",\"language\":\"zh\",\"file\":\"%.*s\"}",
             STR_FMT(file));
    return test_try(cast->test, actor, "job", STR_NONE, "create", input, &job, &problems);
}

/* Whoever knows what another's file is called does not come to read it. */
static void a_job_reads_a_file_that_its_starter_has_sent(void **state)
{
    Cast  *cast = *state;
    Record job = job_record(cast, job_of(cast, "papers.csv", STR("title\nIce\n"), ""));
    Str    file = job_value(&job, "file").text, uuid = str_slice(file, 0, UUID_TEXT_SIZE);
    Arena *arena = cast->test->arena;
    assert_int_equal(begin_with(cast, &cast->author, file).kind, ERR_NONE);
    assert_int_equal(begin_with(cast, &cast->admin, file).kind, ERR_INVALID);
    assert_int_equal(begin_with(cast, &cast->author, str_printf(arena, "%.*s.csv", STR_FMT(uuid))).kind, ERR_INVALID);
    assert_int_equal(begin_with(cast, &cast->author, STR("../../../../etc/passwd.csv")).kind, ERR_INVALID);
}

static bool staged_there(Cast *cast, Str id)
{
    Record job = job_record(cast, id);
    Str    path = str_printf(cast->test->arena, "%.*s/imports/%.*s", STR_FMT(cast->test->city->dir),
                             STR_FMT(job_value(&job, "file").text));
    return access(str_dup_z(cast->test->arena, path), F_OK) == 0;
}

/* By the city's clock, and by that of the files. */
static void sweep_in_days(Cast *cast, int days)
{
    Ctx ctx = test_ctx(cast->test, NULL);
    ctx.now_ms = env_now(&cast->test->city->env) + (int64_t)days * 86400000;
    assert_int_equal(import_sweep(&ctx).kind, ERR_NONE);
}

static void what_jobs_leave_behind_goes_after_a_while(void **state)
{
    Cast  *cast = *state;
    size_t count;
    Str    open = job_of(cast, "open.csv", STR("title\nIce\n"), "");
    Str    id = job_of(cast, "papers.csv", STR("title,pages\nIce,many\n"), "");
    cast->test->fixed.now_ms = (int64_t)time(NULL) * 1000;
    run_to(cast, id, "done");
    sweep_in_days(cast, 29);
    assert_true(staged_there(cast, id));
    refusals(cast, id, &count);
    assert_int_equal(count, 1);
    sweep_in_days(cast, 32);
    assert_false(staged_there(cast, id));
    assert_true(staged_there(cast, open));
    refusals(cast, id, &count);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(good_rows_go_in_and_bad_ones_come_back, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(json_lines_go_in_too, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(a_header_that_does_not_fit_fails_the_job, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(a_mapping_says_which_column_is_what, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(a_row_edits_the_record_that_it_names, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(a_job_that_was_cut_off_goes_on_and_does_nothing_twice, cast_setup,
                                        cast_teardown),
        cmocka_unit_test_setup_teardown(a_dry_run_writes_nothing_and_sees_what_repeats, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(a_cancelled_job_stops_and_can_go_on, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(a_membership_that_ends_ends_the_job, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(rights_are_those_of_the_starter, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(jobs_take_turns_and_both_end, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(what_jobs_leave_behind_goes_after_a_while, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(nobody_has_too_many_jobs, cast_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(a_job_reads_a_file_that_its_starter_has_sent, cast_setup, cast_teardown),
    };
    return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
