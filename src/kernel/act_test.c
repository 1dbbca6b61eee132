/* The write path over the mini pack: who, state, fields, guard, version, number, event. */
#include "kernel/testing/cast.h"

#include "base/file.h"
#include "base/limits.h"
#include "kernel/event.h"
#include "kernel/rebuild.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka wants these first */
#include <cmocka.h>

static Record draft(Cast *cast)
{
    return test_act(cast->test, &cast->author, "paper", STR_NONE, "create",
                    STR("{\"title\":\"On valves\",\"pages\":12}"));
}

static ErrCode code_of(Cast *cast, const Actor *actor, const char *type, Str record, const char *action, Str input,
                       Problems *problems)
{
    Record out;
    return test_try(cast->test, actor, type, record, action, input, &out, problems).code;
}

static void a_draft_needs_only_its_title(void **state)
{
    Record record = draft(*state);
    assert_int_equal(record_version(&record), 1);
    assert_true(str_eq(record.values[SYS_STATE].text, STR("draft")));
    assert_int_equal(record.values[SYS_NUMBER].kind, VALUE_MISSING);
}

static void a_cleared_disclosure_is_the_types_own(void **state)
{
    Cast  *cast = *state;
    Record record = test_act(cast->test, &cast->author, "paper", STR_NONE, "create",
                             STR("{\"title\":\"On valves\",\"disclosure\":null}"));
    assert_true(str_eq(record.values[SYS_DISCLOSURE].text, class_names[record.type->disclosure]));
}

static void every_wrong_field_is_named_at_once(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Str      input = STR("{\"title\":\"\",\"pages\":501,\"score\":\"10.001\",\"due\":\"2026-02-30\",\"open\":\"yes\","
                              "\"category\":\"poem\",\"nonsense\":1,\"number\":\"P-1\",\"body\":7}");
    assert_int_equal(code_of(cast, &cast->author, "paper", STR_NONE, "create", input, &problems), ECODE_RECORD_INVALID);
    assert_true(test_has_problem(&problems, ECODE_FIELD_REQUIRED, "title"));
    assert_true(test_has_problem(&problems, ECODE_FIELD_RANGE, "pages"));
    assert_true(test_has_problem(&problems, ECODE_FIELD_KIND, "score"));
    assert_true(test_has_problem(&problems, ECODE_FIELD_KIND, "due"));
    assert_true(test_has_problem(&problems, ECODE_FIELD_KIND, "open"));
    assert_true(test_has_problem(&problems, ECODE_FIELD_CHOICE, "category"));
    assert_true(test_has_problem(&problems, ECODE_FIELD_UNKNOWN, "nonsense"));
    assert_true(test_has_problem(&problems, ECODE_FIELD_READ_ONLY, "number"));
    assert_true(test_has_problem(&problems, ECODE_FIELD_KIND, "body"));
    assert_int_equal(problems.count, 9);
}

static void a_refusal_changes_nothing(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Record   record = draft(cast);
    Str      before = test_dump(cast->test);
    assert_int_equal(code_of(cast, &cast->author, "paper", record_id(&record), "submit", STR_NONE, &problems),
                     ECODE_RECORD_INVALID);
    assert_true(test_has_problem(&problems, ECODE_FIELD_REQUIRED, "body"));
    Str after = test_dump(cast->test);
    assert_true(str_eq(before, after));
}

static void a_guard_names_the_clause_and_what_was_found(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Record   record = draft(cast);
    Str      input = STR("{\"pages\":101,\"body\":\"Long.\"}");
    test_act(cast->test, &cast->author, "paper", record_id(&record), "edit", input);
    assert_int_equal(code_of(cast, &cast->author, "paper", record_id(&record), "submit", STR_NONE, &problems),
                     ECODE_ACTION_REFUSED);
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.items[0].code, ECODE_ACTION_CLAUSE);
    assert_true(str_find(problems.items[0].text.in[LANG_ZH], STR("不超过 100 页")) <
                problems.items[0].text.in[LANG_ZH].len);
    assert_true(str_find(problems.items[0].text.in[LANG_EN], STR("101")) < problems.items[0].text.in[LANG_EN].len);
}

static Record submitted(Cast *cast)
{
    Record record = draft(cast);
    test_act(cast->test, &cast->author, "paper", record_id(&record), "edit",
             STR("{\"body\":\"Text.\",\"authors\":\"A; B\"}"));
    return test_act(cast->test, &cast->author, "paper", record_id(&record), "submit", STR_NONE);
}

static void a_number_comes_with_the_first_step_out_of_draft_and_counts_per_organisation(void **state)
{
    Cast  *cast = *state;
    Record first = submitted(cast), second = submitted(cast);
    assert_true(str_eq(first.values[SYS_NUMBER].text, STR("P-2026-001")));
    assert_true(str_eq(second.values[SYS_NUMBER].text, STR("P-2026-002")));
    Record other = test_act(cast->test, &cast->stranger, "paper", STR_NONE, "create",
                            STR("{\"title\":\"Other\",\"body\":\"x\"}"));
    other = test_act(cast->test, &cast->stranger, "paper", record_id(&other), "submit", STR_NONE);
    assert_true(str_eq(other.values[SYS_NUMBER].text, STR("P-2026-001")));
}

static void renumber(Cast *cast, const Record *record, const char *number)
{
    Db *db;
    assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
    Value row[] = { value_text(str_from(number)), value_id(record_id(record)) };
    assert_int_equal(db_run(db, STR("UPDATE r_paper SET number = ? WHERE id = ?"), row, 2).kind, ERR_NONE);
    db_close(db);
}

static void numbers_given_under_another_pattern_do_not_count(void **state)
{
    Cast  *cast = *state;
    Record first = submitted(cast), second = submitted(cast);
    renumber(cast, &second, "P-2026-07-0031");
    second = submitted(cast);
    assert_true(str_eq(second.values[SYS_NUMBER].text, STR("P-2026-002")));
    renumber(cast, &first, "P-2026-x");
    renumber(cast, &second, "P-2026-1/2");
    second = submitted(cast);
    assert_true(str_eq(second.values[SYS_NUMBER].text, STR("P-2026-001")));
}

static void numbers_go_on_past_their_width(void **state)
{
    Cast  *cast = *state;
    Record record = submitted(cast);
    renumber(cast, &record, "P-2026-999");
    record = submitted(cast);
    assert_true(str_eq(record.values[SYS_NUMBER].text, STR("P-2026-1000")));
    record = submitted(cast);
    assert_true(str_eq(record.values[SYS_NUMBER].text, STR("P-2026-1001")));
}

static void a_stale_version_is_refused(void **state)
{
    Cast  *cast = *state;
    Record record = draft(cast), out;
    test_act(cast->test, &cast->author, "paper", record_id(&record), "edit", STR("{\"pages\":13}"));
    Ctx        ctx = test_ctx(cast->test, &cast->author);
    Problems   problems = { .arena = cast->test->arena };
    ActRequest request = { .type = record.type, .record = record_id(&record), .action = STR("edit"), .if_match = 1 };
    assert_int_equal(act(&ctx, &request, &out, &problems).code, ECODE_RECORD_STALE);
    request.if_match = -1;
    request.must_match = true;
    assert_int_equal(act(&ctx, &request, &out, &problems).code, ECODE_RECORD_NO_MATCH);
}

static void an_edit_that_changes_nothing_leaves_no_event(void **state)
{
    Cast  *cast = *state;
    Record record = draft(cast);
    Record same = test_act(cast->test, &cast->author, "paper", record_id(&record), "edit", STR("{\"pages\":12}"));
    assert_int_equal(record_version(&same), 1);
}

static const char visit[] =
    "type: visit\n"
    "label: {zh: 走访, en: Visit}\n"
    "plural: {zh: 走访, en: Visits}\n"
    "title: title\n"
    "fields: [{name: title, kind: text, label: {zh: 题名, en: Title}}]\n"
    "states: [{name: open, label: {zh: 在办, en: Open}}]\n"
    "access: [{clearance: secret}]\n"
    "actions:\n"
    "  - {name: create, label: {zh: 登记, en: Register}, who: [{roles: [author]}]}\n"
    "  - {name: check, label: {zh: 核对, en: Check}, from: [open], inputs: [title], who: [{roles: [author]}]}\n";

static int visit_setup(void **state) { return cast_setup_with(state, "types/visit.yaml", visit); }

static const char outing[] =
    "type: outing\n"
    "label: {zh: 外出, en: Outing}\n"
    "plural: {zh: 外出, en: Outings}\n"
    "title: title\n"
    "fields:\n"
    "  - {name: title, kind: text, label: {zh: 题名, en: Title}}\n"
    "  - {name: paper, kind: reference, target: paper, label: {zh: 论文, en: Paper}}\n"
    "states: [{name: open, label: {zh: 在办, en: Open}}]\n"
    "access: [{clearance: secret}]\n"
    "actions:\n"
    "  - name: create\n"
    "    label: {zh: 登记, en: Register}\n"
    "    who: [{roles: [author]}]\n"
    "    guard:\n"
    "      - {when: \"paper is missing or paper.pages < 20\", rule: {zh: 短, en: it is short}}\n"
    "      - {when: \"title is missing or paper.pages < 5\", rule: {zh: 相称, en: they go together}}\n"
    "      - {when: \"paper is missing or paper.pages * 4611686018427387904 != 0\", rule: {zh: 数, en: it counts}}\n";

static int outing_setup(void **state) { return cast_setup_with(state, "types/outing.yaml", outing); }

/* Only by guards that this field decides alone, and not by what cannot be worked out. */
static void a_reference_fits_unless_a_guard_of_it_fails(void **state)
{
    Cast       *cast = *state;
    const Type *type = pack_type(cast->test->city->pack, STR("outing"));
    const char *pages[] = { "1", "12", "20" };
    Record      papers[3];
    bool        fits[3];
    for (int i = 0; i < 3; i++)
        papers[i] = test_act(cast->test, &cast->author, "paper", STR_NONE, "create",
                             str_printf(cast->test->arena, "{\"title\":\"x\",\"pages\":%s}", pages[i]));
    Ctx ctx = test_ctx(cast->test, &cast->author);
    assert_int_equal(
        act_fits(&ctx, type_action(type, STR("create")), NULL, type_field(type, STR("paper")), papers, 3, fits).kind,
        ERR_NONE);
    assert_true(fits[0] && fits[1] && !fits[2]);
    Problems problems = { .arena = cast->test->arena };
    Str      input = str_printf(cast->test->arena, "{\"paper\":\"%.*s\"}", STR_FMT(record_id(&papers[1])));
    assert_int_equal(code_of(cast, &cast->author, "outing", STR_NONE, "create", input, &problems), ECODE_EXPR_OVERFLOW);
}

static void a_step_is_an_event_also_when_it_changes_nothing(void **state)
{
    Cast  *cast = *state;
    Record record = test_act(cast->test, &cast->author, "visit", STR_NONE, "create", STR("{\"title\":\"x\"}"));
    record = test_act(cast->test, &cast->author, "visit", record_id(&record), "check", STR("{\"title\":\"x\"}"));
    assert_int_equal(record_version(&record), 2);
    record = test_act(cast->test, &cast->author, "visit", record_id(&record), "check", STR_NONE);
    assert_int_equal(record_version(&record), 3);
    bool    same;
    int64_t last = 0, time_ms;
    assert_int_equal(event_next(cast->test->db, 0, &last, &time_ms).kind, ERR_NONE);
    assert_int_equal(event_verify(cast->test->db, cast->test->arena, last - 1, &same).kind, ERR_NONE);
    assert_true(same);
}

static void a_change_prepared_on_an_old_version_is_contended(void **state)
{
    Cast    *cast = *state;
    Record   record = draft(cast);
    Change  *first, *second;
    Json    *input;
    Problems problems = { .arena = cast->test->arena };
    Ctx      ctx = test_ctx(cast->test, &cast->author);
    assert_int_equal(json_parse(cast->test->arena, STR("{\"pages\":99}"), &input).kind, ERR_NONE);
    ActRequest request = {
        .type = record.type, .record = record_id(&record), .action = STR("edit"), .input = input, .if_match = -1
    };
    assert_int_equal(act_prepare(&ctx, &request, &first, &problems).kind, ERR_NONE);
    assert_int_equal(act_prepare(&ctx, &request, &second, &problems).kind, ERR_NONE);
    Db *db;
    assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
    assert_int_equal(act_commit(db, first).kind, ERR_NONE);
    assert_int_equal(act_commit(db, second).code, ECODE_RECORD_CONTENDED);
    db_close(db);
}

/* A value is sealed when it is prepared; when it has become another one since, the event keeps that. */
static void an_event_keeps_the_value_that_is_committed(void **state)
{
    Cast    *cast = *state;
    Record   record = draft(cast);
    Change  *change;
    Json    *input;
    Problems problems = { .arena = cast->test->arena };
    Ctx      ctx = test_ctx(cast->test, &cast->author);
    bool     same = false;
    int64_t  events;
    assert_int_equal(json_parse(cast->test->arena, STR("{\"pages\":99,\"title\":\"Sealed\"}"), &input).kind, ERR_NONE);
    ActRequest request = {
        .type = record.type, .record = record_id(&record), .action = STR("edit"), .input = input, .if_match = -1
    };
    assert_int_equal(act_prepare(&ctx, &request, &change, &problems).kind, ERR_NONE);
    Value *values = change->deltas[0].record.values;
    values[type_field(record.type, STR("pages"))->index] = value_int(98);
    values[type_field(record.type, STR("title"))->index] = value_text(STR("Salted"));
    Db *db;
    assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
    assert_int_equal(act_commit(db, change).kind, ERR_NONE);
    db_close(db);
    assert_int_equal(event_verify(cast->test->db, cast->test->arena, change->sequence, &same).kind, ERR_NONE);
    assert_true(same);
    Str before = test_dump(cast->test);
    assert_int_equal(rebuild(cast->test->city, &events).kind, ERR_NONE);
    assert_true(str_eq(before, test_dump(cast->test)));
    assert_true(str_find(before, STR("Salted")) < before.len);
}

static void a_right_that_ended_meanwhile_stops_the_commit(void **state)
{
    Cast    *cast = *state;
    Record   record = draft(cast);
    Change  *change;
    Json    *input;
    Problems problems = { .arena = cast->test->arena };
    Ctx      ctx = test_ctx(cast->test, &cast->author);
    assert_int_equal(json_parse(cast->test->arena, STR("{\"pages\":99}"), &input).kind, ERR_NONE);
    ActRequest request = {
        .type = record.type, .record = record_id(&record), .action = STR("edit"), .input = input, .if_match = -1
    };
    assert_int_equal(act_prepare(&ctx, &request, &change, &problems).kind, ERR_NONE);
    test_act(cast->test, &actor_system, "membership", cast->author.membership, "end",
             STR("{\"valid_to\":\"2026-03-01\"}"));
    Db *db;
    assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
    assert_int_equal(act_commit(db, change).code, ECODE_SIGN_IN_NO_MEMBERSHIP);
    db_close(db);
}

static void an_unseen_record_is_an_unknown_record(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Record   record = draft(cast);
    ErrCode  hidden = code_of(cast, &cast->stranger, "paper", record_id(&record), "edit", STR("{\"pages\":1}"),
                              &problems);
    ErrCode  unknown = code_of(cast, &cast->stranger, "paper", STR("0190a0a0-0000-7000-8000-000000000000"), "edit",
                               STR("{\"pages\":1}"), &problems);
    assert_int_equal(hidden, ECODE_RECORD_UNSEEN);
    assert_int_equal(unknown, ECODE_RECORD_UNSEEN);
}

static void a_reference_to_an_unseen_record_is_an_unknown_id(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Str      input = str_printf(cast->test->arena, "{\"paper\":\"%s\",\"reviewer\":\"%.*s\"}",
                                "0190a0a0-0000-7000-8000-000000000000", STR_FMT(cast->reviewer.person));
    assert_int_equal(code_of(cast, &cast->admin, "review", STR_NONE, "create", input, &problems), ECODE_RECORD_INVALID);
    assert_true(test_has_problem(&problems, ECODE_FIELD_REFERENCE, "paper"));
}

static void not_ones_role_is_denied(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Record   record = submitted(cast);
    assert_int_equal(code_of(cast, &cast->author, "paper", record_id(&record), "accept", STR_NONE, &problems),
                     ECODE_ACTION_DENIED);
    assert_int_equal(code_of(cast, &cast->author, "paper", record_id(&record), "melt", STR_NONE, &problems),
                     ECODE_ACTION_UNKNOWN);
}

static void acceptance_follows_the_reviews(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Record   record = submitted(cast);
    assert_int_equal(code_of(cast, &cast->admin, "paper", record_id(&record), "accept", STR_NONE, &problems),
                     ECODE_ACTION_REFUSED);
    assert_int_equal(problems.count, 1);
    Str input = str_printf(cast->test->arena, "{\"paper\":\"%.*s\",\"reviewer\":\"%.*s\"}", STR_FMT(record_id(&record)),
                           STR_FMT(cast->reviewer.person));
    Record review = test_act(cast->test, &cast->admin, "review", STR_NONE, "create", input);
    test_act(cast->test, &cast->reviewer, "review", record_id(&review), "give",
             STR("{\"verdict\":\"accept\",\"remark\":\"Good.\"}"));
    Record accepted = test_act(cast->test, &cast->admin, "paper", record_id(&record), "accept",
                               STR("{\"score\":\"9.5\"}"));
    assert_true(str_eq(accepted.values[SYS_STATE].text, STR("accepted")));
}

static void every_manifest_recomputes_and_a_changed_value_does_not(void **state)
{
    Cast *cast = *state;
    submitted(cast);
    bool    same = false;
    int64_t sequence = 1;
    while (event_verify(cast->test->db, cast->test->arena, sequence, &same).kind == ERR_NONE) {
        assert_true(same);
        sequence++;
    }
    assert_true(sequence > 10);
    Db *db;
    assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
    assert_int_equal(db_run(db, STR("UPDATE event_value SET value = 'text:other' WHERE field = 'title'"), NULL, 0).kind,
                     ERR_NONE);
    assert_true(db_changes(db) > 0);
    db_close(db);
    size_t changed = 0;
    for (int64_t i = 1; i < sequence; i++) {
        assert_int_equal(event_verify(cast->test->db, cast->test->arena, i, &same).kind, ERR_NONE);
        changed += !same;
    }
    assert_int_equal(changed, 1);
}

static void rebuild_heals_what_was_damaged_by_hand(void **state)
{
    Cast  *cast = *state;
    Record first = submitted(cast), second = draft(cast);
    Str    before = test_dump(cast->test);
    Db    *db;
    assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
    Value one = value_id(record_id(&first)), two = value_id(record_id(&second));
    assert_int_equal(db_run(db, STR("DELETE FROM r_paper WHERE id = ?"), &one, 1).kind, ERR_NONE);
    assert_int_equal(db_run(db, STR("UPDATE r_paper SET pages = 77 WHERE id = ?"), &two, 1).kind, ERR_NONE);
    db_close(db);
    Str damaged = test_dump(cast->test);
    assert_false(str_eq(before, damaged));
    int64_t events;
    assert_int_equal(rebuild(cast->test->city, &events).kind, ERR_NONE);
    Str after = test_dump(cast->test);
    assert_true(str_eq(before, after));
    assert_true(events > 10);
}

/* ---- the kinds of fields that are more than one value ---- */

static Str field_of(Cast *cast, const Record *record, const char *name) /* as it stands now */
{
    Ctx    ctx = test_ctx(cast->test, &cast->author);
    Record now;
    assert_int_equal(find_one(&ctx, record->type, record_id(record), &now).kind, ERR_NONE);
    return value_encode(cast->test->arena, now.values[type_field(record->type, str_from(name))->index]);
}

static void what_a_new_record_is_not_given_has_its_default(void **state)
{
    Cast  *cast = *state;
    Record record = draft(cast);
    assert_true(str_eq(field_of(cast, &record, "language"), STR("text:zh")));
    assert_true(str_eq(field_of(cast, &record, "received"), STR("date:2026-03-02"))); /* on the city's wall */
    assert_true(str_eq(field_of(cast, &record, "logged"), STR("instant:2026-03-02T01:00:00.000Z")));
    assert_true(str_eq(record.values[type_field(record.type, STR("contact"))->index].text, cast->author.person));
    record = test_act(cast->test, &cast->author, "paper", STR_NONE, "create",
                      STR("{\"title\":\"On pumps\",\"language\":\"en\",\"received\":null,\"contact\":null}"));
    assert_true(str_eq(field_of(cast, &record, "language"), STR("text:en")));
    assert_true(str_eq(field_of(cast, &record, "received"), STR("missing")));
    assert_true(str_eq(field_of(cast, &record, "contact"), STR("missing")));
    record = test_act(cast->test, &cast->author, "paper", record_id(&record), "edit", STR("{\"pages\":1}"));
    assert_true(str_eq(field_of(cast, &record, "received"), STR("missing"))); /* a default is for what is new */
}

/* Amounts in the side table of expenses, in their order. */
static Str amounts(Cast *cast, const Record *record)
{
    Buf               out = buf_new(cast->test->arena, SIZE_MAX);
    OWNED(rows) Rows *rows = NULL;
    Value             id = value_id(record_id(record));
    Str               sql = STR("SELECT amount FROM \"r_paper.expenses\" WHERE parent = ? ORDER BY position");
    assert_int_equal(db_query(cast->test->db, sql, &id, 1, &rows).kind, ERR_NONE);
    for (bool more;;) {
        assert_int_equal(rows_next(rows, &more).kind, ERR_NONE);
        if (!more)
            return buf_str(&out);
        buf_printf(&out, "%lld ", (long long)rows_int(rows, 0));
    }
}

static void an_edit_of_child_rows_puts_all_of_them_in_place_of_the_old_ones(void **state)
{
    Cast  *cast = *state;
    Record record = test_act(cast->test, &cast->author, "paper", STR_NONE, "create",
                             STR("{\"title\":\"P\",\"expenses\":[{\"amount\":\"1\"},{\"amount\":\"2.5\"}]}"));
    Str    total = field_of(cast, &record, "expense_total");
    assert_true(str_eq(total, STR("decimal:3.50")));
    assert_true(str_eq(amounts(cast, &record), STR("100 250 ")));
    Record same = test_act(cast->test, &cast->author, "paper", record_id(&record), "edit",
                           STR("{\"expenses\":[{\"amount\":\"1.00\"},{},{\"amount\":\"2.50\"}]}"));
    assert_int_equal(record_version(&same), 1); /* nothing differs */
    Record changed = test_act(cast->test, &cast->author, "paper", record_id(&record), "edit",
                              STR("{\"expenses\":[{\"amount\":\"7\"}]}"));
    assert_int_equal(record_version(&changed), 2);
    assert_true(str_eq(amounts(cast, &record), STR("700 ")));
    test_act(cast->test, &cast->author, "paper", record_id(&record), "edit", STR("{\"expenses\":[]}"));
    assert_true(str_eq(amounts(cast, &record), STR("")));
}

static void rebuild_writes_child_rows_anew(void **state)
{
    Cast  *cast = *state;
    Record record = test_act(cast->test, &cast->author, "paper", STR_NONE, "create",
                             STR("{\"title\":\"P\",\"topics\":[\"steam\",\"ice\"],\"expenses\":[{\"amount\":\"1\"}]}"));
    Str    before = test_dump(cast->test);
    Db    *db;
    assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
    assert_int_equal(db_script(db, STR("DELETE FROM \"r_paper.expenses\"")).kind, ERR_NONE);
    db_close(db);
    assert_true(str_eq(amounts(cast, &record), STR("")));
    int64_t events;
    assert_int_equal(rebuild(cast->test->city, &events).kind, ERR_NONE);
    assert_true(str_eq(amounts(cast, &record), STR("100 ")));
    Str after = test_dump(cast->test);
    assert_true(str_eq(before, after));
}

static void a_computed_field_takes_no_input(void **state)
{
    Cast    *cast = *state;
    Problems problems;
    Record   record = draft(cast);
    assert_int_equal(code_of(cast, &cast->author, "paper", record_id(&record), "edit",
                             STR("{\"lengthy\":true,\"pages\":13}"), &problems),
                     ECODE_RECORD_INVALID);
    assert_int_equal(problems.count, 1);
    assert_true(test_has_problem(&problems, ECODE_FIELD_READ_ONLY, "lengthy"));
}

static void a_closed_city_opens_as_it_was(void **state)
{
    Cast *cast = *state;
    submitted(cast);
    Str before = test_dump(cast->test);
    test_city_reopen(cast->test);
    Str after = test_dump(cast->test);
    assert_true(str_eq(before, after));
}

static void a_second_process_cannot_open_the_city(void **state)
{
    Cast *cast = *state;
    City *second = NULL;
    Err   err = city_open(cast->test->city->dir, STR_NONE, cast->test->city->env, &second);
    assert_int_equal(err.code, ECODE_CITY_LOCKED);
}

static void who_has_left_or_whose_organisation_is_closed_acts_no_more(void **state)
{
    Cast *cast = *state;
    Ctx   ctx = test_ctx(cast->test, &actor_system);
    Actor out;
    assert_int_equal(actor_load(&ctx, cast->author.membership, &out).kind, ERR_NONE);
    test_act(cast->test, &actor_system, "person", cast->author.person, "leave", STR_NONE);
    assert_int_equal(actor_load(&ctx, cast->author.membership, &out).code, ECODE_SIGN_IN_NO_MEMBERSHIP);
    assert_int_equal(actor_load(&ctx, cast->reader.membership, &out).kind, ERR_NONE);
    test_act(cast->test, &actor_system, "organisation", cast->press, "close", STR_NONE);
    assert_int_equal(actor_load(&ctx, cast->reader.membership, &out).code, ECODE_SIGN_IN_NO_MEMBERSHIP);
}

static void change_key(Cast *cast, const char *text, unsigned mode)
{
    Str path = str_printf(cast->test->arena, "%.*s/keys/secret", STR_FMT(cast->test->city->dir));
    assert_int_equal(file_write(path, str_from(text), mode).kind, ERR_NONE);
}

static ErrCode open_again(Cast *cast, Str dir, Env env)
{
    City *city = NULL;
    Err   err = city_open(dir, STR_NONE, env, &city);
    city_close(city);
    (void)cast;
    return err.code;
}

static void a_city_opens_with_its_own_key_alone_and_only_while_it_is_secret(void **state)
{
    static const char other[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
    Cast             *cast = *state;
    Str               dir = str_dup(cast->test->arena, cast->test->city->dir), key;
    Env               env = cast->test->city->env;
    Str               path = str_printf(cast->test->arena, "%.*s/keys/secret", STR_FMT(dir));
    assert_int_equal(file_read(cast->test->arena, path, 4096, &key).kind, ERR_NONE);
    const char *own = str_dup_z(cast->test->arena, key);
    change_key(cast, other, 0600);
    city_close(cast->test->city);
    assert_int_equal(open_again(cast, dir, env), ECODE_CITY_KEY_WRONG);
    assert_int_equal(chmod(str_dup_z(cast->test->arena, path), 0644), 0);
    assert_int_equal(open_again(cast, dir, env), ECODE_CITY_KEY_OPEN);
    assert_int_equal(unlink(str_dup_z(cast->test->arena, path)), 0);
    assert_int_equal(open_again(cast, dir, env), ECODE_CITY_KEY_MISSING);
    assert_int_equal(file_write(path, str_from(own), 0600).kind, ERR_NONE);
    assert_int_equal(city_open(dir, STR_NONE, env, &cast->test->city).kind, ERR_NONE);
}

static void the_clock_of_events_never_steps_back(void **state)
{
    Cast  *cast = *state;
    Record first = draft(cast);
    cast->test->fixed.now_ms -= 3600000;
    Record second = draft(cast);
    assert_true(second.values[SYS_CREATED].number >= first.values[SYS_CREATED].number);
}

/* An import has many such rows at once, and all wait for the writer with what they hold. */
static void a_step_with_many_child_rows_holds_little_memory(void **state)
{
    Cast  *cast = *state;
    Arena *arena = cast->test->arena;
    Buf    input = buf_new(arena, SIZE_MAX);
    buf_add(&input, STR("{\"title\":\"x\",\"expenses\":["));
    for (int i = 0; i < LIMIT_ROWS; i++)
        buf_printf(&input, "%s{\"item\":\"i\",\"amount\":\"1\"}", i ? "," : "");
    buf_add(&input, STR("]}"));
    size_t before = arena_used(arena);
    test_act(cast->test, &cast->author, "paper", STR_NONE, "create", buf_str(&input));
    assert_true(arena_used(arena) - before < 30 * input.len);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, cast_setup, cast_teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_draft_needs_only_its_title),
        CASE(a_cleared_disclosure_is_the_types_own),
        CASE(every_wrong_field_is_named_at_once),
        CASE(a_refusal_changes_nothing),
        CASE(a_guard_names_the_clause_and_what_was_found),
        CASE(a_number_comes_with_the_first_step_out_of_draft_and_counts_per_organisation),
        CASE(numbers_given_under_another_pattern_do_not_count),
        CASE(numbers_go_on_past_their_width),
        CASE(a_stale_version_is_refused),
        CASE(an_edit_that_changes_nothing_leaves_no_event),
        cmocka_unit_test_setup_teardown(a_reference_fits_unless_a_guard_of_it_fails, outing_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(a_step_is_an_event_also_when_it_changes_nothing, visit_setup, cast_teardown),
        CASE(a_change_prepared_on_an_old_version_is_contended),
        CASE(an_event_keeps_the_value_that_is_committed),
        CASE(a_right_that_ended_meanwhile_stops_the_commit),
        CASE(an_unseen_record_is_an_unknown_record),
        CASE(a_reference_to_an_unseen_record_is_an_unknown_id),
        CASE(not_ones_role_is_denied),
        CASE(acceptance_follows_the_reviews),
        CASE(every_manifest_recomputes_and_a_changed_value_does_not),
        CASE(rebuild_heals_what_was_damaged_by_hand),
        CASE(what_a_new_record_is_not_given_has_its_default),
        CASE(an_edit_of_child_rows_puts_all_of_them_in_place_of_the_old_ones),
        CASE(rebuild_writes_child_rows_anew),
        CASE(a_computed_field_takes_no_input),
        CASE(a_closed_city_opens_as_it_was),
        CASE(a_second_process_cannot_open_the_city),
        CASE(who_has_left_or_whose_organisation_is_closed_acts_no_more),
        CASE(a_city_opens_with_its_own_key_alone_and_only_while_it_is_secret),
        CASE(the_clock_of_events_never_steps_back),
        CASE(a_step_with_many_child_rows_holds_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
