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
    assert_int_equal(input_value(&ctx, field, json, &read.value, &read.good, &read.problems).kind, ERR_NONE);
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
    assert_int_equal(input_value(&ctx, &field, json, &read.value, &read.good, &read.problems).kind, ERR_NONE);
    assert_true(!read.good && test_has_problem(&read.problems, ECODE_FIELD_ITEMS, "expenses"));
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

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, cast_setup, cast_teardown)
    const struct CMUnitTest tests[] = {
        CASE(money_is_an_exact_amount),
        CASE(codes_come_into_the_packs_order_and_none_twice),
        CASE(a_list_has_a_largest_length),
        CASE(references_stay_in_the_order_given_and_each_must_be_seen),
        CASE(child_rows_are_read_cell_by_cell),
        CASE(child_rows_are_bounded_in_number_and_bytes),
        CASE(text_from_a_form_or_a_file_is_read_alike),
        CASE(nothing_is_read_for_a_computed_field),
        CASE(what_is_no_value_is_told_what_would_be_one_of_every_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
