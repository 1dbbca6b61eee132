/* Clocks of records: steps start and stop them, the system acts when they run out, whoever comes first. */
#include "kernel/clock_steps.h"
#include "kernel/clock_view.h"
#include "kernel/event.h"
#include "kernel/history.h"
#include "kernel/parameter.h"
#include "kernel/rebuild.h"
#include "kernel/testing/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

/* A notice is published for three working days, in which it can be suspended; when they are over it is closed, and
 * must be archived within two days, which the system does in the end. `answer` has a parameter for its length; what is
 * to be heard is heard by `day`, and two days before somebody is reminded. */
static const char notice[] =
    "type: notice\nlabel: {zh: 公告, en: Notice}\nplural: {zh: 公告, en: Notices}\ntitle: title\ndisclosure: public\n"
    "number: \"N-{year}-{seq:3}\"\n"
    "fields:\n"
    "  - {name: title, kind: text, class: public, label: {zh: 标题, en: Title}}\n"
    "  - {name: secret, kind: text, label: {zh: 密, en: Secret}}\n"
    "  - {name: day, kind: date, label: {zh: 日, en: Day}}\n"
    "reference_date: day\n"
    "states:\n"
    "  - {name: draft, label: {zh: 草稿, en: Draft}}\n"
    "  - {name: open, label: {zh: 公示中, en: Open}}\n"
    "  - {name: closed, label: {zh: 已结束, en: Closed}}\n"
    "  - {name: archived, label: {zh: 已归档, en: Archived}}\n"
    "clocks:\n"
    "  - {name: objection, label: {zh: 异议期, en: Objection period}, days: 3, kind: working, start: [publish],\n"
    "     stop: [withdraw], pause: [suspend], resume: [resume], expires: close}\n"
    "  - {name: keeping, label: {zh: 归档期限, en: Time to archive}, days: 2, kind: calendar, start: [close],\n"
    "     expires: archive}\n"
    "  - {name: answer, label: {zh: 答复期限, en: Time to answer}, param: page_limit, kind: calendar, start: [ask],\n"
    "     stop: [tell], ends: \"17:00\", class: nda, compartment: technical}\n"
    "  - {name: hearing, label: {zh: 听取期限, en: Time to hear}, until: day, kind: calendar, start: [call]}\n"
    "  - {name: hearing_soon, label: {zh: 听取提醒, en: Reminder}, until: day, before: 2, kind: calendar,\n"
    "     start: [call], expires: remind}\n"
    "access: [{roles: [admin], clearance: secret}, {clearance: {general: public}}]\n"
    "actions:\n"
    "  - {name: create, label: {zh: 建, en: Create}, who: [{roles: [admin]}], required: [title]}\n"
    "  - {name: publish, label: {zh: 公示, en: Publish}, from: [draft], to: open, who: [{roles: [admin]}]}\n"
    "  - {name: withdraw, label: {zh: 撤回, en: Withdraw}, from: [open], to: draft, who: [{roles: [admin]}]}\n"
    "  - {name: suspend, label: {zh: 中止, en: Suspend}, from: [open], who: [{roles: [admin]}]}\n"
    "  - {name: resume, label: {zh: 恢复, en: Resume}, from: [open], who: [{roles: [admin]}]}\n"
    "  - {name: object, label: {zh: 异议, en: Object}, from: [open], who: [{roles: [admin]}], inputs: [secret]}\n"
    "  - {name: close, label: {zh: 结束, en: Close}, from: [open], to: closed, who: []}\n"
    "  - {name: archive, label: {zh: 归档, en: Archive}, from: [closed], to: archived, who: [], erases: [secret]}\n"
    "  - {name: ask, label: {zh: 询问, en: Ask}, from: [draft], who: [{roles: [admin]}]}\n"
    "  - {name: call, label: {zh: 听取, en: Call}, from: [draft], who: [{roles: [admin]}]}\n"
    "  - {name: remind, label: {zh: 提醒, en: Remind}, from: [draft, open, closed, archived], who: []}\n"
    "  - {name: tell, label: {zh: 答复, en: Tell}, from: [draft], who: [{roles: [admin]}]}\n";

#define HOUR_MS 3600000LL

static int setup(void **state)
{
    Cast *cast = mem_alloc(sizeof *cast);
    *cast = (Cast){ .test = test_city_with("tests/packs/mini", "types/notice.yaml", notice) };
    Str body = test_organisation(cast->test, "Academy");
    cast->admin = test_actor(cast->test, "Ada", body, "admin");
    cast->reader = test_actor(cast->test, "Rea", body, "reader");
    *state = cast;
    return 0;
}

static int teardown(void **state)
{
    Cast *cast = *state;
    test_city_free(cast->test);
    free(cast);
    return 0;
}

static void set_now(Cast *cast, const char *instant)
{
    assert_true(instant_parse(str_from(instant), &cast->test->fixed.now_ms));
}

static Record step(Cast *cast, Str record, const char *action, const char *input)
{
    return test_act(cast->test, &cast->admin, "notice", record, action, str_from(input));
}

static ErrCode refused(Cast *cast, Str record, const char *action)
{
    Record   out;
    Problems problems;
    return test_try(cast->test, &cast->admin, "notice", record, action, STR_NONE, &out, &problems).code;
}

static Record published(Cast *cast)
{
    Record record = step(cast, STR_NONE, "create", "{\"title\":\"On valves\",\"secret\":\"of a person\"}");
    return step(cast, record_id(&record), "publish", "");
}

static Record loaded(Cast *cast, Str id)
{
    Record record;
    bool   found;
    assert_int_equal(record_load(cast->test->db, cast->test->arena, pack_type(cast->test->city->pack, STR("notice")),
                                 id, &record, &found)
                         .kind,
                     ERR_NONE);
    assert_true(found);
    return record;
}

/* "2026-03-05", or "-" for none. */
static Str shown(Cast *cast, const Record *record, const char *field)
{
    Value value = record->values[type_field(record->type, str_from(field))->index];
    return value.kind == VALUE_MISSING ? STR("-") : value_plain(cast->test->arena, value);
}

#define assert_shown(cast, record, field, expected)                                                                    \
    assert_string_equal(str_dup_z((cast)->test->arena, shown((cast), (record), (field))), (expected))

static void settle(Cast *cast)
{
    DutyRun run = { .ctx = test_ctx(cast->test, NULL), .next_ms = cast->test->fixed.now_ms + DUTY_AT_MOST_MS };
    assert_int_equal(clock_duty(&run).kind, ERR_NONE);
}

static void a_step_starts_a_clock_and_another_stops_it(void **state)
{
    Cast  *cast = *state;
    Record record = published(cast); /* on Monday 2 March 2026 */
    assert_shown(cast, &record, "objection_from", "2026-03-02");
    assert_shown(cast, &record, "objection_days", "3");
    assert_shown(cast, &record, "objection_due", "2026-03-05");
    assert_shown(cast, &record, "objection_paused", "-");
    record = step(cast, record_id(&record), "withdraw", "");
    assert_shown(cast, &record, "objection_due", "-");
    assert_shown(cast, &record, "objection_from", "2026-03-02");
}

static Record called(Cast *cast, const char *day)
{
    Record record = step(cast, STR_NONE, "create", day);
    return step(cast, record_id(&record), "call", "");
}

static void a_clock_may_last_until_a_day_of_the_record(void **state)
{
    Cast  *cast = *state;
    Record record = called(cast, "{\"title\":\"On valves\",\"day\":\"2026-03-12\"}"); /* it is 2 March */
    assert_shown(cast, &record, "hearing_from", "2026-03-02");
    assert_shown(cast, &record, "hearing_days", "10");
    assert_shown(cast, &record, "hearing_due", "2026-03-12");
    assert_shown(cast, &record, "hearing_soon_due", "2026-03-10");
}

static void a_reminder_runs_out_before_and_the_limit_goes_on(void **state)
{
    Cast  *cast = *state;
    Record record = called(cast, "{\"title\":\"On valves\",\"day\":\"2026-03-12\"}");
    set_now(cast, "2026-03-10T01:00:00Z");
    settle(cast);
    record = loaded(cast, record_id(&record));
    assert_shown(cast, &record, "hearing_soon_due", "2026-03-10");
    set_now(cast, "2026-03-11T01:00:00Z");
    settle(cast);
    record = loaded(cast, record_id(&record));
    assert_shown(cast, &record, "hearing_soon_due", "-");
    assert_shown(cast, &record, "hearing_due", "2026-03-12");
}

static void a_reminder_whose_days_are_over_does_not_start(void **state)
{
    Cast  *cast = *state;
    Record record = called(cast, "{\"title\":\"On valves\",\"day\":\"2026-03-04\"}");
    assert_shown(cast, &record, "hearing_due", "2026-03-04");
    assert_shown(cast, &record, "hearing_soon_due", "-");
}

static void a_limit_starts_on_its_last_day_and_late_after_it(void **state)
{
    Cast  *cast = *state;
    Record record = called(cast, "{\"title\":\"On valves\",\"day\":\"2026-03-02\"}"); /* it is 2 March */
    assert_shown(cast, &record, "hearing_days", "0");
    assert_shown(cast, &record, "hearing_due", "2026-03-02");
    record = called(cast, "{\"title\":\"On valves\",\"day\":\"2026-02-27\"}");
    assert_shown(cast, &record, "hearing_days", "-3");
    assert_shown(cast, &record, "hearing_due", "2026-02-27");
    assert_shown(cast, &record, "hearing_soon_due", "-");
}

static void a_limit_until_no_day_is_refused(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Record   out, record = step(cast, STR_NONE, "create", "{\"title\":\"On valves\"}");
    Err      err = test_try(cast->test, &cast->admin, "notice", record_id(&record), "call", STR_NONE, &out, &problems);
    assert_int_equal(err.code, ECODE_ACTION_REFUSED);
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.items[0].code, ECODE_ACTION_UNTIL);
    assert_true(str_eq(problems.items[0].field, STR("day")));
}

static void a_pause_takes_its_days_whole(void **state)
{
    Cast  *cast = *state;
    Record record = published(cast);
    set_now(cast, "2026-03-04T01:00:00Z");
    record = step(cast, record_id(&record), "suspend", "");
    assert_shown(cast, &record, "objection_due", "-");
    assert_shown(cast, &record, "objection_paused", "2026-03-04");
    set_now(cast, "2026-03-20T01:00:00Z"); /* no clock that is paused runs out */
    settle(cast);
    record = step(cast, record_id(&record), "resume", "");
    assert_shown(cast, &record, "objection_from", "2026-03-20");
    assert_shown(cast, &record, "objection_days", "2");
    assert_shown(cast, &record, "objection_due", "2026-03-24");
}

static void people_write_no_field_of_a_clock(void **state)
{
    Cast    *cast = *state;
    Record   out;
    Problems problems;
    ErrCode  code = test_try(cast->test, &cast->admin, "notice", STR_NONE, "create",
                             STR("{\"title\":\"x\",\"objection_due\":\"2026-02-30\"}"), &out, &problems)
                       .code;
    assert_int_equal(code, ECODE_RECORD_INVALID);
    assert_true(test_has_problem(&problems, ECODE_FIELD_READ_ONLY, "objection_due"));
}

static void the_day_that_is_due_ends_at_midnight_in_the_city(void **state)
{
    Cast  *cast = *state;
    Record record = published(cast);
    set_now(cast, "2026-03-05T15:59:59Z"); /* 23:59:59 of 5 March */
    settle(cast);
    assert_shown(cast, &record, "state", "open");
    record = loaded(cast, record_id(&record));
    assert_shown(cast, &record, "state", "open");
    set_now(cast, "2026-03-05T16:00:00Z");
    settle(cast);
    record = loaded(cast, record_id(&record));
    assert_shown(cast, &record, "state", "closed");
    assert_shown(cast, &record, "objection_due", "-");
    assert_shown(cast, &record, "keeping_from", "2026-03-05"); /* from the day that was due */
    assert_shown(cast, &record, "keeping_due", "2026-03-07");
}

static void a_step_comes_after_what_has_lapsed(void **state)
{
    Cast  *cast = *state;
    Record record = published(cast);
    Str    id = record_id(&record);
    set_now(cast, "2026-03-06T01:00:00Z");
    assert_int_equal(refused(cast, id, "object"), ECODE_ACTION_REFUSED);
    settle(cast); /* also waits for the writer */
    record = loaded(cast, id);
    assert_shown(cast, &record, "state", "closed");
    assert_int_equal(record_version(&record), 3);
}

static void one_clock_after_the_other_runs_out_whenever_the_city_comes_to_it(void **state)
{
    Cast  *cast = *state;
    Record first = published(cast), second = published(cast);
    set_now(cast, "2030-01-01T00:00:00Z");
    assert_int_equal(refused(cast, record_id(&first), "object"), ECODE_ACTION_REFUSED);
    settle(cast);
    first = loaded(cast, record_id(&first));
    second = loaded(cast, record_id(&second));
    assert_shown(cast, &first, "state", "archived");
    assert_shown(cast, &second, "state", "archived");
    assert_shown(cast, &second, "keeping_from", "2026-03-05");
    assert_int_equal(record_version(&first), 4);
    assert_int_equal(record_version(&second), 4);
    assert_shown(cast, &second, "secret", "-"); /* archiving erases it */
    assert_shown(cast, &second, "erased", "secret");
    settle(cast);
    second = loaded(cast, record_id(&second));
    assert_int_equal(record_version(&second), 4);
}

static void the_system_is_who_did_it(void **state)
{
    Cast  *cast = *state;
    Record record = published(cast);
    set_now(cast, "2026-03-06T01:00:00Z");
    settle(cast);
    Json   *events;
    int64_t next;
    bool    system = false;
    Ctx     ctx = test_ctx(cast->test, &cast->admin);
    assert_int_equal(find_one(&ctx, record.type, record_id(&record), &record).kind, ERR_NONE);
    assert_int_equal(history_list(&ctx, &record, 0, 10, &events, &next).kind, ERR_NONE);
    const Json *last = events->first;
    assert_true(str_eq(json_text(json_get(last, STR("action"))), STR("close")));
    assert_true(json_truth(json_get(json_get(last, STR("by")), STR("system")), &system) && system);
}

static void a_length_is_the_parameters_of_the_reference_date(void **state)
{
    Cast  *cast = *state;
    Record record = step(cast, STR_NONE, "create", "{\"title\":\"x\",\"day\":\"2025-06-01\"}");
    record = step(cast, record_id(&record), "ask", "");
    Ctx     ctx = test_ctx(cast->test, &cast->admin);
    Value   length;
    int64_t day;
    assert_true(date_parse(STR("2025-06-01"), &day));
    assert_int_equal(
        parameter_on(&ctx, pack_parameter(cast->test->city->pack, STR("page_limit")), day, &length, NULL).kind,
        ERR_NONE);
    assert_int_equal(record.values[type_field(record.type, STR("answer_days"))->index].number, length.number);
    record = step(cast, STR_NONE, "create", "{\"title\":\"x\",\"day\":\"1900-01-01\"}");
    Record   out;
    Problems problems;
    ErrCode  code = test_try(cast->test, &cast->admin, "notice", record_id(&record), "ask", STR_NONE, &out, &problems)
                       .code;
    assert_int_equal(code, ECODE_ACTION_REFUSED);
    assert_true(test_has_problem(&problems, ECODE_ACTION_CLOCK, ""));
}

static void fields_of_a_clock_show_by_its_class(void **state)
{
    Cast  *cast = *state;
    Record record = published(cast);
    step(cast, record_id(&record), "withdraw", "");
    step(cast, record_id(&record), "ask", "");
    Ctx ctx = test_ctx(cast->test, &cast->reader);
    assert_int_equal(find_one(&ctx, record.type, record_id(&record), &record).kind, ERR_NONE);
    assert_true(access_shows(&record.clearance, type_field(record.type, STR("objection_due"))));
    assert_false(access_shows(&record.clearance, type_field(record.type, STR("answer_due"))));
    assert_int_equal(test_list(cast->test, &cast->reader, "notice", "answer_due is not missing", "id").len, 0);
    assert_true(test_list(cast->test, &cast->admin, "notice", "answer_due is not missing", "id").len > 0);
    assert_true(test_list(cast->test, &cast->admin, "notice", "answer_due > today()", "-answer_due").len > 0);
}

static void replay_gives_the_same_clocks(void **state)
{
    Cast *cast = *state;
    published(cast);
    set_now(cast, "2026-03-04T01:00:00Z");
    Record second = published(cast);
    step(cast, record_id(&second), "suspend", "");
    set_now(cast, "2026-03-06T01:00:00Z");
    settle(cast);
    Str     before = test_dump(cast->test);
    int64_t events;
    Db     *db;
    assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
    assert_int_equal(db_begin(db).kind, ERR_NONE);
    assert_int_equal(rebuild_tables(db, cast->test->city->pack, &events).kind, ERR_NONE);
    assert_int_equal(db_commit(db).kind, ERR_NONE);
    db_close(db);
    assert_true(str_eq(before, test_dump(cast->test)));
}

/* ---- as they are shown ---- */

static const Json *shown_clock(Cast *cast, const Record *record)
{
    Ctx   ctx = test_ctx(cast->test, &cast->admin);
    Json *clocks = clocks_json(&ctx, record, ctx.now_ms, NULL);
    return clocks ? clocks->first : NULL;
}

static void assert_said(Cast *cast, const Record *record, const char *expected)
{
    const Json *clock = shown_clock(cast, record);
    assert_non_null(clock);
    assert_string_equal(str_dup_z(cast->test->arena, json_text(json_get(clock, STR("text")))), expected);
}

static void it_says_how_many_days_are_left(void **state)
{
    Cast  *cast = *state;
    Record record = published(cast);
    assert_said(cast, &record, "3 working days left");
    set_now(cast, "2026-03-04T01:00:00Z");
    assert_said(cast, &record, "1 working day left");
    set_now(cast, "2026-03-05T01:00:00Z");
    assert_said(cast, &record, "due today");
    set_now(cast, "2026-03-07T01:00:00Z"); /* Saturday, and not settled yet */
    assert_said(cast, &record, "1 working day late");
    set_now(cast, "2026-03-05T01:00:00Z");
    record = step(cast, record_id(&record), "suspend", "");
    assert_said(cast, &record, "paused, 1 working day left");
    record = step(cast, record_id(&record), "resume", "");
    record = step(cast, record_id(&record), "withdraw", "");
    assert_null(shown_clock(cast, &record));
}

static void it_says_what_is_provisional(void **state)
{
    Cast *cast = *state;
    bool  provisional = false;
    set_now(cast, "2026-12-30T01:00:00Z"); /* the calendar knows 2025 and 2026 */
    Record record = published(cast);
    assert_said(cast, &record, "3 working days left (provisional)");
    assert_true(json_truth(json_get(shown_clock(cast, &record), STR("provisional")), &provisional) && provisional);
}

static void a_clock_may_end_within_its_day(void **state)
{
    Cast  *cast = *state;
    bool   late = false;
    Record record = step(cast, STR_NONE, "create", "{\"title\":\"x\",\"day\":\"2025-06-01\"}");
    record = step(cast, record_id(&record), "ask", ""); /* 80 days, to 17:00 of 21 May */
    set_now(cast, "2026-05-21T08:59:59Z");
    assert_said(cast, &record, "due today");
    set_now(cast, "2026-05-21T09:00:00Z");
    assert_said(cast, &record, "late");
    assert_true(json_truth(json_get(shown_clock(cast, &record), STR("late")), &late) && late);
    settle(cast); /* no step is named for it: it stays */
    record = loaded(cast, record_id(&record));
    assert_shown(cast, &record, "answer_due", "2026-05-21");
}

static void a_record_of_before_has_its_clocks_of_then(void **state)
{
    Cast   *cast = *state;
    Record  record = published(cast);
    Json   *then;
    int64_t day;
    assert_true(date_parse(STR("2026-03-03"), &day));
    set_now(cast, "2026-03-20T01:00:00Z");
    settle(cast);
    Ctx ctx = test_ctx(cast->test, &cast->admin);
    assert_int_equal(find_one(&ctx, record.type, record_id(&record), &record).kind, ERR_NONE);
    assert_int_equal(history_at(&ctx, &record, day, NULL, NULL, &then).kind, ERR_NONE);
    const Json *clock = json_get(then, STR("clocks"))->first;
    assert_string_equal(str_dup_z(cast->test->arena, json_text(json_get(clock, STR("text")))), "2 working days left");
}

/* More than one batch, and an event that names many records verifies. */
static void many_records_are_settled_in_few_events(void **state)
{
    Cast *cast = *state;
    enum { MANY = CLOCK_BATCH + 20 };
    for (int i = 0; i < MANY; i++)
        published(cast);
    set_now(cast, "2026-03-06T01:00:00Z");
    settle(cast);
    Str closed = test_list(cast->test, &cast->admin, "notice", "state = 'closed' and number is not missing", "id");
    assert_true(closed.len > 0);
    OWNED(rows) Rows *rows = NULL;
    bool              more, same;
    assert_int_equal(db_query(cast->test->db,
                              STR("SELECT count(*), (SELECT count(*) FROM r_notice WHERE state = 'open'),"
                                  " max(sequence) FROM event WHERE action = 'close'"),
                              NULL, 0, &rows)
                         .kind,
                     ERR_NONE);
    assert_int_equal(rows_next(rows, &more).kind, ERR_NONE);
    assert_int_equal(rows_int(rows, 0), 2);
    assert_int_equal(rows_int(rows, 1), 0);
    assert_int_equal(event_verify(cast->test->db, cast->test->arena, rows_int(rows, 2), &same).kind, ERR_NONE);
    assert_true(same);
}

#define CLOCK_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLOCK_TEST(a_step_starts_a_clock_and_another_stops_it),
        CLOCK_TEST(a_pause_takes_its_days_whole),
        CLOCK_TEST(a_clock_may_last_until_a_day_of_the_record),
        CLOCK_TEST(a_reminder_runs_out_before_and_the_limit_goes_on),
        CLOCK_TEST(a_reminder_whose_days_are_over_does_not_start),
        CLOCK_TEST(a_limit_starts_on_its_last_day_and_late_after_it),
        CLOCK_TEST(a_limit_until_no_day_is_refused),
        CLOCK_TEST(people_write_no_field_of_a_clock),
        CLOCK_TEST(the_day_that_is_due_ends_at_midnight_in_the_city),
        CLOCK_TEST(a_step_comes_after_what_has_lapsed),
        CLOCK_TEST(one_clock_after_the_other_runs_out_whenever_the_city_comes_to_it),
        CLOCK_TEST(the_system_is_who_did_it),
        CLOCK_TEST(a_length_is_the_parameters_of_the_reference_date),
        CLOCK_TEST(fields_of_a_clock_show_by_its_class),
        CLOCK_TEST(replay_gives_the_same_clocks),
        CLOCK_TEST(it_says_how_many_days_are_left),
        CLOCK_TEST(it_says_what_is_provisional),
        CLOCK_TEST(a_clock_may_end_within_its_day),
        CLOCK_TEST(a_record_of_before_has_its_clocks_of_then),
        CLOCK_TEST(many_records_are_settled_in_few_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
