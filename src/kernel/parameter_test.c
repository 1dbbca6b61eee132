/* kernel/parameter_test.c: which row of a parameter counts, and what may be one; over the mini pack, whose page_limit
 * is a whole number and whose fee_rate has two digits. */
#include "kernel/parameter.h"

#include "kernel/testing/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

static Record row(Cast *cast, const char *code, const char *value, const char *dates)
{
    return test_act(cast->test, &cast->admin, "parameter", STR_NONE, "create",
                    str_printf(cast->test->arena, "{\"code\":\"%s\",\"value\":\"%s\",%s}", code, value, dates));
}

static const Parameter *parameter(Cast *cast, const char *code)
{
    const Parameter *found = pack_parameter(cast->test->city->pack, str_from(code));
    assert_non_null(found);
    return found;
}

/* The value that counts on a day, as text; "missing" when there is none. */
static const char *on(Cast *cast, const char *code, const char *day_text, Record *record)
{
    Ctx     ctx = test_ctx(cast->test, &cast->reader);
    Value   value;
    int64_t day;
    assert_true(date_parse(str_from(day_text), &day));
    assert_int_equal(parameter_on(&ctx, parameter(cast, code), day, &value, record).kind, ERR_NONE);
    return str_dup_z(cast->test->arena, value_encode(cast->test->arena, value));
}

static void a_day_has_the_row_that_is_valid_on_it(void **state)
{
    Cast  *cast = *state;
    Record early = row(cast, "page_limit", "30", "\"valid_from\":\"2019-01-01\",\"valid_to\":\"2019-12-31\"");
    Record late = row(cast, "page_limit", "40", "\"valid_from\":\"2020-01-01\",\"valid_to\":\"2020-12-31\""), found;
    assert_string_equal(on(cast, "page_limit", "2018-12-31", NULL), "missing");
    assert_string_equal(on(cast, "page_limit", "2019-01-01", &found), "integer:30");
    assert_true(str_eq(record_id(&found), record_id(&early)));
    assert_string_equal(on(cast, "page_limit", "2019-12-31", NULL), "integer:30");
    assert_string_equal(on(cast, "page_limit", "2020-01-01", &found), "integer:40");
    assert_true(str_eq(record_id(&found), record_id(&late)));
    assert_string_equal(on(cast, "page_limit", "2021-01-01", NULL), "missing");
    assert_string_equal(on(cast, "fee_rate", "2019-06-01", NULL), "missing"); /* of another parameter */
}

/* A row without a last day holds until the next one begins. */
static void of_several_rows_the_one_that_begins_last_counts(void **state)
{
    Cast  *cast = *state;
    Record later = row(cast, "fee_rate", "3.5", "\"valid_from\":\"2020-06-01\",\"valid_to\":\"2020-12-31\"");
    row(cast, "fee_rate", "2", "\"valid_from\":\"2020-01-01\"");
    assert_string_equal(on(cast, "fee_rate", "2020-05-31", NULL), "decimal:2.00");
    assert_string_equal(on(cast, "fee_rate", "2020-06-01", NULL), "decimal:3.50");
    assert_string_equal(on(cast, "fee_rate", "2021-06-01", NULL), "decimal:2.00");
    test_act(cast->test, &cast->admin, "parameter", record_id(&later), "withdraw", STR_NONE);
    assert_string_equal(on(cast, "fee_rate", "2020-06-01", NULL), "decimal:2.00");
}

static bool overlaps(Cast *cast, const char *dates)
{
    Problems problems;
    Record   out;
    Err      err = test_try(cast->test, &cast->admin, "parameter", STR_NONE, "create",
                            str_printf(cast->test->arena, "{\"code\":\"page_limit\",\"value\":\"1\",%s}", dates), &out,
                            &problems);
    if (err.kind)
        assert_true(problems.count == 1 && test_has_problem(&problems, ECODE_PARAMETER_OVERLAP, "valid_from"));
    else
        test_act(cast->test, &cast->admin, "parameter", record_id(&out), "withdraw", STR_NONE);
    return err.kind != ERR_NONE;
}

static void two_rows_for_one_day_are_refused(void **state)
{
    static const struct {
        const char *dates;
        bool        refused;
    } cases[] = {
        { "\"valid_from\":\"2019-01-01\",\"valid_to\":\"2019-03-31\"", true }, /* begins with it */
        { "\"valid_from\":\"2019-12-31\",\"valid_to\":\"2020-03-31\"", true }, /* its last day */
        { "\"valid_from\":\"2018-01-01\",\"valid_to\":\"2019-01-01\"", true }, /* its first day */
        { "\"valid_from\":\"2019-05-01\",\"valid_to\":\"2019-06-01\"", true }, /* within */
        { "\"valid_from\":\"2018-01-01\",\"valid_to\":\"2020-12-31\"", true }, /* around */
        { "\"valid_from\":\"2019-06-01\"", true },
        { "\"valid_from\":\"2018-01-01\"", false }, /* holds until it begins */
        { "\"valid_from\":\"2020-01-01\"", false },
        { "\"valid_from\":\"2018-01-01\",\"valid_to\":\"2018-12-31\"", false },
    };
    Cast  *cast = *state;
    Record kept = row(cast, "page_limit", "30", "\"valid_from\":\"2019-01-01\",\"valid_to\":\"2019-12-31\"");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (overlaps(cast, cases[i].dates) != cases[i].refused)
            fail_msg("%s", cases[i].dates);
    test_act(cast->test, &cast->admin, "parameter", record_id(&kept), "withdraw", STR_NONE);
    assert_false(overlaps(cast, cases[0].dates));
}

static void a_value_that_the_parameter_cannot_have_is_refused(void **state)
{
    static const struct {
        const char *code, *value, *field;
        ErrCode     problem;
    } wrong[] = {
        { "page_limit", "many", "value", ECODE_FIELD_KIND }, { "page_limit", "1.5", "value", ECODE_FIELD_KIND },
        { "fee_rate", "1.005", "value", ECODE_FIELD_KIND },  { "fee_rate", "2026-01-01", "value", ECODE_FIELD_KIND },
        { "colour_limit", "7", "code", ECODE_FIELD_CHOICE },
    };
    Cast *cast = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        Problems problems;
        Record   out;
        Str input = str_printf(cast->test->arena, "{\"code\":\"%s\",\"value\":\"%s\",\"valid_from\":\"2019-01-01\"}",
                               wrong[i].code, wrong[i].value);
        Err err = test_try(cast->test, &cast->admin, "parameter", STR_NONE, "create", input, &out, &problems);
        assert_int_equal(err.code, ECODE_RECORD_INVALID);
        assert_int_equal(problems.count, 1);
        assert_true(test_has_problem(&problems, wrong[i].problem, wrong[i].field));
    }
}

static void a_row_of_a_parameter_that_is_gone_can_be_withdrawn_and_counts_as_none(void **state)
{
    Cast  *cast = *state;
    Record record = row(cast, "page_limit", "30", "\"valid_from\":\"2019-01-01\",\"valid_to\":\"2019-12-31\"");
    Db    *db;
    Value  id = value_id(record_id(&record));
    assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
    assert_int_equal(db_run(db, STR("UPDATE r_parameter SET value = 'many' WHERE id = ?"), &id, 1).kind, ERR_NONE);
    assert_string_equal(on(cast, "page_limit", "2019-06-01", NULL), "missing");
    assert_int_equal(db_run(db, STR("UPDATE r_parameter SET code = 'gone' WHERE id = ?"), &id, 1).kind, ERR_NONE);
    db_close(db);
    record = test_act(cast->test, &cast->admin, "parameter", record_id(&record), "withdraw", STR_NONE);
    assert_true(str_eq(record.values[SYS_STATE].text, STR("withdrawn")));
}

static void every_kind_is_read_as_it_is_spelled(void **state)
{
    static const struct {
        FieldKind   kind;
        const char *text, *value; /* NULL: none */
    } cases[] = {
        { FIELD_TEXT, "CNY", "text:CNY" },
        { FIELD_TEXT, "", NULL },
        { FIELD_INTEGER, "-7", "integer:-7" },
        { FIELD_INTEGER, "7.0", NULL },
        { FIELD_DECIMAL, "12.5", "decimal:12.50" },
        { FIELD_DECIMAL, "12.505", NULL },
        { FIELD_BOOLEAN, "false", "boolean:false" },
        { FIELD_BOOLEAN, "no", NULL },
        { FIELD_DATE, "2026-02-28", "date:2026-02-28" },
        { FIELD_DATE, "2026-02-30", NULL },
        { FIELD_ROWS, "[]", NULL },
    };
    Cast *cast = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Parameter of = { .kind = cases[i].kind, .scale = 2 };
        Value     value;
        bool      good = parameter_parse(&of, str_from(cases[i].text), &value);
        assert_int_equal(good, cases[i].value != NULL);
        if (good)
            assert_true(str_eq(value_encode(cast->test->arena, value), str_from(cases[i].value)));
    }
}

static void a_value_is_remembered_by_parameter_and_day(void **state)
{
    Cast            *cast = *state;
    Ctx              ctx = test_ctx(cast->test, &cast->reader);
    ParameterMemory *memory = parameter_memory(ctx.arena);
    const Parameter *limit = parameter(cast, "page_limit"), *rate = parameter(cast, "fee_rate");
    Value            value;
    Record           first = row(cast, "page_limit", "30", "\"valid_from\":\"1970-01-02\",\"valid_to\":\"1970-01-02\"");
    assert_int_equal(parameter_value(&ctx, memory, limit, 1, &value).kind, ERR_NONE);
    assert_int_equal(value.number, 30);
    test_act(cast->test, &cast->admin, "parameter", record_id(&first), "withdraw", STR_NONE);
    row(cast, "page_limit", "40", "\"valid_from\":\"1970-01-02\"");
    assert_int_equal(parameter_value(&ctx, memory, limit, 1, &value).kind, ERR_NONE);
    assert_int_equal(value.number, 30); /* not looked up again */
    assert_int_equal(parameter_value(&ctx, memory, limit, 2, &value).kind, ERR_NONE);
    assert_int_equal(value.number, 40);
    assert_int_equal(parameter_value(&ctx, memory, rate, 1, &value).kind, ERR_NONE);
    assert_int_equal(value.kind, VALUE_MISSING);
    assert_int_equal(parameter_value(&ctx, NULL, limit, 1, &value).kind, ERR_NONE);
    assert_int_equal(value.number, 40);
}

/* pages_left is the limit of the day on which the paper was received, less its pages. */
static void a_case_counts_by_the_rules_of_its_reference_date(void **state)
{
    Cast *cast = *state;
    row(cast, "page_limit", "30", "\"valid_from\":\"2019-01-01\",\"valid_to\":\"2019-12-31\"");
    row(cast, "page_limit", "90", "\"valid_from\":\"2026-02-01\"");
    Ctx                      ctx = test_ctx(cast->test, &cast->author);
    static const char *const received[] = { "\"2019-06-01\"", "\"2018-06-01\"", "null" };
    static const char *const left[] = { "integer:23", "missing", "integer:83" }; /* null: today's */
    for (size_t i = 0; i < 3; i++) {
        Record paper = test_act(
            cast->test, &cast->author, "paper", STR_NONE, "create",
            str_printf(cast->test->arena, "{\"title\":\"P\",\"pages\":7,\"received\":%s}", received[i]));
        assert_int_equal(find_one(&ctx, paper.type, record_id(&paper), &paper).kind, ERR_NONE);
        Str found = value_encode(cast->test->arena, paper.values[type_field(paper.type, STR("pages_left"))->index]);
        assert_string_equal(str_dup_z(cast->test->arena, found), left[i]);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, cast_setup, cast_teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_day_has_the_row_that_is_valid_on_it),
        CASE(of_several_rows_the_one_that_begins_last_counts),
        CASE(two_rows_for_one_day_are_refused),
        CASE(a_value_that_the_parameter_cannot_have_is_refused),
        CASE(a_row_of_a_parameter_that_is_gone_can_be_withdrawn_and_counts_as_none),
        CASE(every_kind_is_read_as_it_is_spelled),
        CASE(a_value_is_remembered_by_parameter_and_day),
        CASE(a_case_counts_by_the_rules_of_its_reference_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
