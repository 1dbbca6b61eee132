/* kernel/input_test.c: values from outside, against the fields of the mini pack. */
#include "kernel/input.h"

#include "base/limits.h"
#include "kernel/testing/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

typedef struct Read {
    Value    value;
    bool     good;
    Problems problems;
} Read;

static Read read_as(Cast *cast, const Actor *who, const char *name, Json *json)
{
    Read         read = { .problems = { .arena = cast->test->arena } };
    Ctx          ctx = test_ctx(cast->test, who);
    const Field *field = type_field(pack_type(cast->test->city->pack, STR("paper")), str_from(name));
    assert_int_equal(input_value(&ctx, field, json, VALUE_NONE, &read.value, &read.good, &read.problems).kind,
                     ERR_NONE);
    assert_int_equal(read.good, read.problems.count == 0);
    return read;
}

static Read read_json(Cast *cast, const char *name, Str text)
{
    Json *json;
    assert_int_equal(json_parse(cast->test->arena, text, &json).kind, ERR_NONE);
    return read_as(cast, &cast->author, name, json);
}

static Read read_text(Cast *cast, const char *name, const char *text)
{
    const Field *field = type_field(pack_type(cast->test->city->pack, STR("paper")), str_from(name));
    return read_as(cast, &cast->author, name, input_from_text(cast->test->arena, field, str_from(text)));
}

static Str plain(Cast *cast, Read read) { return value_encode(cast->test->arena, read.value); }

static void assert_gives(Cast *cast, const char *field, const char *json, const char *encoded)
{
    Str found = plain(cast, read_json(cast, field, str_from(json)));
    assert_string_equal(str_dup_z(cast->test->arena, found), encoded);
}

static void assert_refused(Cast *cast, const char *field, Str json, ErrCode code, const char *name)
{
    Read read = read_json(cast, field, json);
    assert_false(read.good);
    assert_true(test_has_problem(&read.problems, code, name));
    assert_int_equal(read.value.kind, VALUE_MISSING);
}

static void money_is_an_exact_amount(void **state)
{
    assert_gives(*state, "fee", "\"1234.5\"", "decimal:1234.50");
    assert_gives(*state, "fee", "7", "decimal:7.00");
    assert_gives(*state, "fee", "null", "missing");
    assert_refused(*state, "fee", STR("\"1.005\""), ECODE_FIELD_KIND, "fee");
    assert_refused(*state, "fee", STR("\"-1\""), ECODE_FIELD_RANGE, "fee");
    assert_refused(*state, "fee", STR("\"CNY 1\""), ECODE_FIELD_KIND, "fee");
}

static void codes_come_into_the_packs_order_and_none_twice(void **state)
{
    assert_gives(*state, "topics", "[\"steam\",\"ice\",\"steam\"]", "list:ice,steam");
    assert_gives(*state, "topics", "[]", "missing");
    assert_refused(*state, "topics", STR("[\"ice\",\"fire\"]"), ECODE_FIELD_CHOICE, "topics");
    assert_refused(*state, "topics", STR("\"ice\""), ECODE_FIELD_KIND, "topics");
    assert_refused(*state, "topics", STR("[1]"), ECODE_FIELD_KIND, "topics");
}

static void a_list_has_a_largest_length(void **state)
{
    Cast *cast = *state;
    Buf   list = buf_new(cast->test->arena, SIZE_MAX);
    for (int i = 0; i <= LIMIT_LIST_ITEMS; i++)
        buf_add(&list, i ? STR(",\"ice\"") : STR("[\"ice\""));
    buf_char(&list, ']');
    assert_refused(cast, "topics", buf_str(&list), ECODE_FIELD_ITEMS, "topics");
}

static void references_stay_in_the_order_given_and_each_must_be_seen(void **state)
{
    Cast  *cast = *state;
    Arena *arena = cast->test->arena;
    Str    both = str_printf(arena, "[\"%.*s\",\"%.*s\",\"%.*s\"]", STR_FMT(cast->press), STR_FMT(cast->college),
                             STR_FMT(cast->press));
    Read   read = read_json(cast, "partners", both);
    Str    found = plain(cast, read);
    assert_string_equal(
        str_dup_z(arena, found),
        str_dup_z(arena, str_printf(arena, "list:%.*s,%.*s", STR_FMT(cast->press), STR_FMT(cast->college))));
    Str unknown = str_printf(arena, "[\"%.*s\",\"0190a0a0-0000-7000-8000-000000000000\"]", STR_FMT(cast->press));
    assert_refused(cast, "partners", unknown, ECODE_FIELD_REFERENCE, "partners");
    assert_refused(cast, "partners", STR("[\"nonsense\"]"), ECODE_FIELD_REFERENCE, "partners");
    /* of another type, and of a person whom the author does not see: as unknown as no record at all */
    assert_refused(cast, "contact", str_printf(arena, "\"%.*s\"", STR_FMT(cast->press)), ECODE_FIELD_REFERENCE,
                   "contact");
    assert_refused(cast, "contact", str_printf(arena, "\"%.*s\"", STR_FMT(cast->admin.person)), ECODE_FIELD_REFERENCE,
                   "contact");
    assert_true(read_json(cast, "contact", str_printf(arena, "\"%.*s\"", STR_FMT(cast->author.person))).good);
}

static void child_rows_are_read_cell_by_cell(void **state)
{
    Cast *cast = *state;
    assert_gives(cast, "expenses", "[{\"amount\":\"3.5\",\"item\":\" Pump \"},{},{\"spent\":\"2026-03-01\"}]",
                 "rows:[{\"item\":\"text:Pump\",\"amount\":\"decimal:3.50\"},{\"spent\":\"date:2026-03-01\"}]");
    assert_gives(cast, "expenses", "[{\"item\":null}]", "missing");
    Read read = read_json(cast, "expenses",
                          STR("[{\"item\":\"Pump\"},{\"amount\":\"much\",\"colour\":\"red\",\"parent\":\"x\"},"
                              "{\"paid_by\":\"0190a0a0-0000-7000-8000-000000000000\"}]"));
    assert_int_equal(read.problems.count, 4);
    assert_true(test_has_problem(&read.problems, ECODE_FIELD_KIND, "expenses[2].amount"));
    assert_true(test_has_problem(&read.problems, ECODE_FIELD_UNKNOWN, "expenses[2].colour"));
    assert_true(test_has_problem(&read.problems, ECODE_FIELD_UNKNOWN, "expenses[2].parent"));
    assert_true(test_has_problem(&read.problems, ECODE_FIELD_REFERENCE, "expenses[3].paid_by"));
    assert_refused(cast, "expenses", STR("[1]"), ECODE_FIELD_KIND, "expenses");
    assert_refused(cast, "expenses", STR("{}"), ECODE_FIELD_KIND, "expenses");
}

static Str rows_of(Cast *cast, int count, const char *row)
{
    Buf list = buf_new(cast->test->arena, SIZE_MAX);
    for (int i = 0; i < count; i++)
        buf_printf(&list, "%c%s", i ? ',' : '[', row);
    buf_char(&list, ']');
    return buf_str(&list);
}

static void child_rows_are_bounded_in_number_and_bytes(void **state)
{
    Cast *cast = *state;
    assert_refused(cast, "expenses", rows_of(cast, LIMIT_ROWS + 1, "{\"item\":\"x\"}"), ECODE_FIELD_ITEMS, "expenses");
    assert_true(read_json(cast, "expenses", rows_of(cast, LIMIT_ROWS, "{\"item\":\"x\"}")).good);

    /* the same column with room for more text than a row may bring */
    Field *columns = ARENA_ARRAY(cast->test->arena, Field, 16);
    Field  field = *type_field(pack_type(cast->test->city->pack, STR("paper")), STR("expenses"));
    Type   wide = *field.rows;
    memcpy(columns, wide.fields, wide.field_count * sizeof *columns);
    columns[ROW_COLUMNS].max_points = 1000;
    wide.fields = columns;
    field.rows = &wide;
    Read  read = { .problems = { .arena = cast->test->arena } };
    Ctx   ctx = test_ctx(cast->test, &cast->author);
    Json *json;
    Str   text = rows_of(cast, LIMIT_ROWS,
                         str_dup_z(cast->test->arena, str_printf(cast->test->arena, "{\"item\":\"%0600d\"}", 7)));
    assert_int_equal(json_parse(cast->test->arena, text, &json).kind, ERR_NONE);
    assert_int_equal(input_value(&ctx, &field, json, VALUE_NONE, &read.value, &read.good, &read.problems).kind,
                     ERR_NONE);
    assert_true(!read.good && test_has_problem(&read.problems, ECODE_FIELD_ITEMS, "expenses"));
}

/* Each would be looked up, or told with all the codes there are, for nobody to see. */
static void behind_as_many_problems_as_are_told_no_rows_are_read(void **state)
{
    Cast        *cast = *state;
    const Field *field = type_field(pack_type(cast->test->city->pack, STR("paper")), STR("expenses"));
    Read         read = { .problems = { .arena = cast->test->arena } };
    Ctx          ctx = test_ctx(cast->test, &cast->author);
    Json        *json;
    for (size_t i = 0; i < PROBLEMS_MAX; i++)
        PROBLEM(&read.problems, ECODE_FIELD_UNKNOWN, STR("x"), STR_NONE);
    assert_int_equal(json_parse(cast->test->arena, STR("[{\"item\":\"Pump\"}]"), &json).kind, ERR_NONE);
    assert_int_equal(input_value(&ctx, field, json, VALUE_NONE, &read.value, &read.good, &read.problems).kind,
                     ERR_NONE);
    assert_true(!read.good && read.value.kind == VALUE_MISSING);
}

static void text_from_a_form_or_a_file_is_read_alike(void **state)
{
    Cast *cast = *state;
    Str   found = plain(cast, read_text(cast, "topics", " steam ;; ice; "));
    assert_true(str_eq(found, STR("list:ice,steam")));
    assert_int_equal(read_text(cast, "topics", " ").value.kind, VALUE_MISSING);
    assert_int_equal(read_text(cast, "fee", "12.50").value.number, 1250);
    Read read = read_text(cast, "expenses", "[{\"item\":\"Pump\"}]");
    assert_true(str_eq(read.value.text, STR("[{\"item\":\"text:Pump\"}]")));
    read = read_text(cast, "expenses", "Pump; Valve");
    assert_true(test_has_problem(&read.problems, ECODE_FIELD_KIND, "expenses"));
    read = read_text(cast, "expenses", "[{\"item\":");
    assert_true(test_has_problem(&read.problems, ECODE_FIELD_KIND, "expenses"));
}

static void nothing_is_read_for_a_computed_field(void **state)
{
    assert_refused(*state, "lengthy", STR("true"), ECODE_FIELD_READ_ONLY, "lengthy");
}

static void what_is_no_value_is_told_what_would_be_one_of_every_kind(void **state)
{
    Cast       *cast = *state;
    const Type *paper = pack_type(cast->test->city->pack, STR("paper"));
    bool        seen[FIELD_KIND_COUNT] = { false };
    for (size_t i = SYS_COUNT; i < paper->stored_count; i++) {
        const char *name = str_dup_z(cast->test->arena, paper->fields[i].name);
        assert_refused(cast, name, STR("{\"a\":1}"), ECODE_FIELD_KIND, name);
        seen[paper->fields[i].kind] = true;
    }
    for (FieldKind kind = 0; kind < FIELD_KIND_COUNT; kind++)
        assert_int_equal(seen[kind], kind != FIELD_COMPUTED);
}

/* ---- what one does not see of a record, one cannot take away ----
 * An author sees of all persons themself alone. The admin has put others into a panel that is the author's, too. */

static const char panel[] =
    "type: panel\n"
    "label: {zh: 小组, en: Panel}\n"
    "plural: {zh: 小组, en: Panels}\n"
    "title: title\n"
    "fields:\n"
    "  - {name: title, kind: text, label: {zh: 名称, en: Title}}\n"
    "  - {name: chair, kind: reference, target: person, label: {zh: 组长, en: Chair}}\n"
    "  - {name: members, kind: references, target: person, label: {zh: 成员, en: Members}}\n"
    "  - name: talks\n"
    "    kind: rows\n"
    "    label: {zh: 报告, en: Talks}\n"
    "    columns:\n"
    "      - {name: topic, kind: text, label: {zh: 题目, en: Topic}}\n"
    "      - {name: speaker, kind: reference, target: person, label: {zh: 报告人, en: Speaker}}\n"
    "states:\n"
    "  - {name: open, label: {zh: 在办, en: Open}}\n"
    "access:\n"
    "  - {roles: [admin], clearance: secret}\n"
    "  - {roles: [author], relation: own, clearance: secret}\n"
    "actions:\n"
    "  - {name: create, label: {zh: 登记, en: Register}, who: [{roles: [admin]}], required: [title]}\n"
    "  - {name: edit, label: {zh: 编辑, en: Edit}, from: [open], who: [{roles: [author], relation: own}, {roles: "
    "[admin]}]}\n";

static int panel_setup(void **state) { return cast_setup_with(state, "types/panel.yaml", panel); }

/* A, R, O, S: the admin, two reviewers, and the stranger, who is an author of the same organisation. Quotes become
 * double. */
static Str with_ids(const Cast *cast, const char *text)
{
    Buf out = buf_new(cast->test->arena, SIZE_MAX);
    for (; *text; text++) {
        const Actor *who = *text == 'A'   ? &cast->admin
                           : *text == 'R' ? &cast->reviewer
                           : *text == 'O' ? &cast->other_reviewer
                           : *text == 'S' ? &cast->stranger
                                          : NULL;
        if (who)
            buf_add(&out, who->person);
        else
            buf_char(&out, (char)(*text == '\'' ? '"' : *text));
    }
    return buf_str(&out);
}

static Record panel_of(Cast *cast, const char *fields)
{
    return test_act(cast->test, &cast->admin, "panel", STR_NONE, "create", with_ids(cast, fields));
}

static Value value_of(const Record *record, const char *field)
{
    return record->values[type_field(record->type, str_from(field))->index];
}

/* What the author's edit makes of the field. */
static void assert_edit(Cast *cast, const char *before, const char *edit, const char *field, const char *after)
{
    Record record = panel_of(cast, before);
    record = test_act(cast->test, &cast->stranger, "panel", record_id(&record), "edit", with_ids(cast, edit));
    Str found = value_encode(cast->test->arena, value_of(&record, field));
    assert_string_equal(str_dup_z(cast->test->arena, found), str_dup_z(cast->test->arena, with_ids(cast, after)));
}

static void assert_edit_refused(Cast *cast, const char *before, const char *edit, ErrCode code, const char *field)
{
    Record   record = panel_of(cast, before), out;
    Problems problems = { .arena = cast->test->arena };
    Err err = test_try(cast->test, &cast->stranger, "panel", record_id(&record), "edit", with_ids(cast, edit), &out,
                       &problems);
    assert_int_equal(err.code, ECODE_RECORD_INVALID);
    assert_true(test_has_problem(&problems, code, field));
}

static void what_one_does_not_see_of_a_list_stays_whatever_is_given(void **state)
{
    Cast                    *cast = *state;
    static const char        had[] = "{'title':'x','members':['A','S','R']}";
    static const char *const cases[][2] = {
        { "{'members':null}", "list:A,R" },
        { "{'members':[]}", "list:A,R" },
        { "{'members':['S']}", "list:A,S,R" }, /* all that is seen, as it was */
        { "{'members':['S','S']}", "list:A,S,R" },
        { "{'members':[{'hidden':true},'S',{'hidden':true}]}", "list:A,S,R" },
        { "{'members':['S',{'hidden':true}]}", "list:S,A,R" },
        { "{'members':[{'hidden':true}]}", "list:A,R" },
        { "{'title':'y'}", "list:A,S,R" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_edit(cast, had, cases[i][0], "members", cases[i][1]);
    assert_edit(cast, "{'title':'x','members':['A']}", "{'members':['S']}", "members", "list:S,A");
    assert_edit_refused(cast, had, "{'members':[{'hidden':true},{'hidden':true},{'hidden':true}]}",
                        ECODE_FIELD_REFERENCE, "members");
    assert_edit_refused(cast, had, "{'members':['S','A']}", ECODE_FIELD_REFERENCE, "members");
    assert_edit_refused(cast, had, "{'members':[{'hidden':true},'A']}", ECODE_FIELD_REFERENCE, "members"); /* a guess */
    assert_edit_refused(cast, had, "{'members':[{'hidden':false}]}", ECODE_FIELD_KIND, "members");
    assert_edit_refused(cast, had, "{'members':[{'hidden':true,'id':'A'}]}", ECODE_FIELD_KIND, "members");
    Record all = panel_of(cast, had); /* who sees them all takes them away */
    all = test_act(cast->test, &cast->admin, "panel", record_id(&all), "edit", with_ids(cast, "{'members':['R']}"));
    assert_true(str_eq(value_of(&all, "members").text, cast->reviewer.person));
}

static void what_one_does_not_see_counts_among_the_items_of_a_list(void **state)
{
    Cast        *cast = *state;
    const Field *field = type_field(pack_type(cast->test->city->pack, STR("panel")), STR("members"));
    Read         read = { .problems = { .arena = cast->test->arena } };
    Ctx          ctx = test_ctx(cast->test, &cast->stranger);
    Buf          ids = buf_new(cast->test->arena, SIZE_MAX);
    Json        *given;
    for (int i = 0; i < LIMIT_LIST_ITEMS; i++)
        buf_printf(&ids, "%s0190a0a0-0000-7000-8000-%012d", i ? "," : "", i);
    assert_int_equal(json_parse(cast->test->arena, with_ids(cast, "['S']"), &given).kind, ERR_NONE);
    assert_int_equal(
        input_value(&ctx, field, given, value_list(buf_str(&ids)), &read.value, &read.good, &read.problems).kind,
        ERR_NONE);
    assert_true(!read.good && test_has_problem(&read.problems, ECODE_FIELD_ITEMS, "members"));
}

static void a_hidden_reference_may_be_sent_back_as_it_is_shown(void **state)
{
    Cast *cast = *state;
    assert_edit(cast, "{'title':'x','chair':'A'}", "{'chair':{'hidden':true},'title':'y'}", "chair", "id:A");
    assert_edit(cast, "{'title':'x','chair':'A'}", "{'chair':'S'}", "chair", "id:S");
    assert_edit_refused(cast, "{'title':'x','chair':'S'}", "{'chair':{'hidden':true}}", ECODE_FIELD_REFERENCE, "chair");
    assert_edit_refused(cast, "{'title':'x'}", "{'chair':{'hidden':true}}", ECODE_FIELD_REFERENCE, "chair");
}

#define ROW(topic, speaker) "{\"topic\":\"text:" topic "\",\"speaker\":\"id:" speaker "\"}"

static void a_row_keeps_a_reference_that_is_not_seen(void **state)
{
    Cast                    *cast = *state;
    static const char        had[] = "{'title':'x','talks':[{'topic':'ice','speaker':'A'},{'topic':'hidden'},"
                                     "{'topic':'ice','speaker':'R'},{'topic':'fog','speaker':'O'}]}";
    static const char *const cases[][2] = {
        /* as it was shown */
        { "{'talks':[{'topic':'ice','speaker':{'hidden':true}},{'topic':'hidden'},"
          "{'topic':'ice','speaker':{'hidden':true}},{'topic':'fog','speaker':{'hidden':true}}]}",
          "rows:[" ROW("ice", "A") ",{\"topic\":\"text:hidden\"}," ROW("ice", "R") "," ROW("fog", "O") "]" },
        /* in another order, with one taken out */
        { "{'talks':[{'topic':'fog','speaker':{'hidden':true}},{'topic':'ice','speaker':{'hidden':true}}]}",
          "rows:[" ROW("fog", "O") "," ROW("ice", "A") "]" },
        /* changed in its place; a row that was emptied keeps the places of the others */
        { "{'talks':[{'topic':'ice','speaker':{'hidden':true}},{},{'topic':'rime','speaker':{'hidden':true}},"
          "{'topic':'fog','speaker':'S'}]}",
          "rows:[" ROW("ice", "A") "," ROW("rime", "R") "," ROW("fog", "S") "]" },
        { "{'talks':[{'topic':'sun','speaker':{'hidden':true}},{},{},{'speaker':{'hidden':true}},{'topic':'new'}]}",
          "rows:[" ROW("sun", "A") ",{\"speaker\":\"id:O\"},{\"topic\":\"text:new\"}]" },
        { "{'talks':null}", "missing" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_edit(cast, had, cases[i][0], "talks", cases[i][1]);
    /* changed, and rows taken out before it; of no such row; of a row twice; where all is seen; in a new record */
    assert_edit_refused(cast, had, "{'talks':[{'topic':'rime','speaker':{'hidden':true}}]}", ECODE_FIELD_REFERENCE,
                        "talks[1].speaker");
    assert_edit_refused(cast, had, "{'talks':[{},{},{},{},{'topic':'fog2','speaker':{'hidden':true}}]}",
                        ECODE_FIELD_REFERENCE, "talks[5].speaker");
    assert_edit_refused(cast, had, "{'talks':[{},{'topic':'x','speaker':{'hidden':true}},{},{}]}",
                        ECODE_FIELD_REFERENCE, "talks[2].speaker");
    assert_edit_refused(
        cast, "{'title':'x','talks':[{'topic':'ice','speaker':'A'}]}",
        "{'talks':[{'topic':'ice','speaker':{'hidden':true}},{'topic':'ice','speaker':{'hidden':true}}]}",
        ECODE_FIELD_REFERENCE, "talks[2].speaker");
    assert_edit_refused(cast, "{'title':'x','talks':[{'topic':'ice','speaker':'S'}]}",
                        "{'talks':[{'topic':'ice','speaker':{'hidden':true}}]}", ECODE_FIELD_REFERENCE,
                        "talks[1].speaker");
    assert_edit_refused(cast, "{'title':'x'}", "{'talks':[{'topic':{'hidden':true}}]}", ECODE_FIELD_KIND,
                        "talks[1].topic");
}

int main(void)
{
#define PANEL(name) cmocka_unit_test_setup_teardown(name, panel_setup, cast_teardown)
#define CASE(name)  cmocka_unit_test_setup_teardown(name, cast_setup, cast_teardown)
    const struct CMUnitTest tests[] = {
        CASE(money_is_an_exact_amount),
        CASE(codes_come_into_the_packs_order_and_none_twice),
        CASE(a_list_has_a_largest_length),
        CASE(references_stay_in_the_order_given_and_each_must_be_seen),
        CASE(child_rows_are_read_cell_by_cell),
        CASE(child_rows_are_bounded_in_number_and_bytes),
        CASE(behind_as_many_problems_as_are_told_no_rows_are_read),
        CASE(text_from_a_form_or_a_file_is_read_alike),
        CASE(nothing_is_read_for_a_computed_field),
        CASE(what_is_no_value_is_told_what_would_be_one_of_every_kind),
        PANEL(what_one_does_not_see_of_a_list_stays_whatever_is_given),
        PANEL(what_one_does_not_see_counts_among_the_items_of_a_list),
        PANEL(a_hidden_reference_may_be_sent_back_as_it_is_shown),
        PANEL(a_row_keeps_a_reference_that_is_not_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
