/* kernel/type_test.c: what types say of their fields, to people and to the expression engine. */
#include "base/testing.h"

#include "base/date.h"
#include "kernel/pack.h"

static const Pack *mini(Arena *arena)
{
    PackSource  source;
    const Pack *pack;
    Problems    problems = { .arena = arena };
    assert_ok(pack_source_read(arena, STR("tests/packs/mini"), &source));
    assert_ok(pack_load(arena, &source, &pack, &problems));
    return pack;
}

static void names_are_found_or_not(void **state)
{
    const Pack *pack = mini(*state);
    const Type *paper = pack_type(pack, STR("paper"));
    assert_non_null(paper);
    assert_null(pack_type(pack, STR("papers")));
    assert_null(pack_type(pack, STR("")));
    assert_int_equal(pack_role(pack, STR("reader")), 3);
    assert_int_equal(pack_role(pack, STR("read")), -1);
    assert_int_equal(type_field(paper, STR("title"))->index, SYS_COUNT);
    assert_null(type_field(paper, STR("Title")));
    assert_int_equal(type_state(paper, STR("accepted")), 2);
    assert_int_equal(type_state(paper, STR("lost")), -1);
    assert_int_equal(type_action(paper, STR("submit"))->index, 2);
    assert_null(type_action(paper, STR("remove")));
    assert_non_null(field_choice(type_field(paper, STR("category")), STR("letter")));
    assert_null(field_choice(type_field(paper, STR("title")), STR("letter")));
}

static void every_kind_of_field_has_a_kind_of_value(void **state)
{
    const Pack *pack = mini(*state);
    const Type *paper = pack_type(pack, STR("paper"));
    ExprType    score = field_expr_type(type_field(paper, STR("score")));
    ExprType    link = field_expr_type(type_field(pack_type(pack, STR("review")), STR("paper")));
    assert_true(score.kind == VALUE_DECIMAL && score.scale == 2);
    assert_true(link.kind == VALUE_ID && link.target == paper);
    assert_int_equal(field_expr_type(&paper->fields[SYS_ID]).kind, VALUE_ID);
    assert_int_equal(field_expr_type(&paper->fields[SYS_STATE]).kind, VALUE_TEXT);
    assert_int_equal(field_expr_type(&paper->fields[SYS_VERSION]).kind, VALUE_INTEGER);
    assert_int_equal(field_expr_type(&paper->fields[SYS_CREATED]).kind, VALUE_INSTANT);
    assert_int_equal(field_expr_type(type_field(paper, STR("body"))).kind, VALUE_TEXT);
    assert_int_equal(field_expr_type(type_field(paper, STR("due"))).kind, VALUE_DATE);
    assert_int_equal(field_expr_type(type_field(paper, STR("open"))).kind, VALUE_BOOLEAN);
}

static void every_kind_has_a_row_and_traits_that_go_together(void **state)
{
    (void)state;
    for (FieldKind kind = 0; kind < FIELD_KIND_COUNT; kind++) {
        const FieldTraits *traits = &field_kinds[kind];
        bool               number = traits->value == VALUE_INTEGER || traits->value == VALUE_DECIMAL;
        assert_true(traits->name.len > 0);
        for (FieldKind other = 0; other < kind; other++)
            assert_false(str_eq(field_kinds[other].name, traits->name));
        assert_int_equal(traits->value == VALUE_MISSING, kind == FIELD_COMPUTED);
        for (Lang lang = 0; lang < LANG_COUNT; lang++)
            assert_int_equal(traits->expected.in[lang].len > 0, kind != FIELD_COMPUTED);
        assert_int_equal(traits->value == VALUE_TEXT, traits->text || (traits->codes && !traits->list));
        assert_true(traits->text || !traits->lines);
        assert_int_equal(traits->number, number);
        assert_int_equal(traits->list, traits->value == VALUE_LIST);
    }
}

static void a_text_is_kept_when_it_is_of_its_kind(void **state)
{
    Str kept = STR("before");
    assert_true(field_kinds[FIELD_TEXT].text(*state, STR("a line"), &kept));
    assert_str_equal(kept, STR("a line"));
    assert_false(field_kinds[FIELD_TEXT].text(*state, STR("two\nlines"), &kept));
    assert_str_equal(kept, STR("a line"));
    assert_true(field_kinds[FIELD_LONG_TEXT].text(*state, STR("two\nlines"), &kept));
    assert_str_equal(kept, STR("two\nlines"));
    assert_false(field_kinds[FIELD_LONG_TEXT].text(*state, STR("a\x01"), &kept));
}

static void says(Arena *arena, const Type *type, const char *field, Value value, const char *zh, const char *en)
{
    Text label = value_label(arena, type_field(type, str_from(field)), value);
    assert_str_equal(label.in[LANG_ZH], str_from(zh));
    assert_str_equal(label.in[LANG_EN], str_from(en));
}

static void values_are_told_in_both_languages(void **state)
{
    Arena      *arena = *state;
    const Type *paper = pack_type(mini(arena), STR("paper"));
    int64_t     day, ms;
    assert_true(date_parse(STR("2025-03-04"), &day));
    assert_true(instant_parse(STR("2025-03-04T17:06:07Z"), &ms));
    says(arena, paper, "category", value_text(STR("letter")), "快报", "Letter");
    says(arena, paper, "category", value_text(STR("gone")), "gone", "gone");
    says(arena, paper, "state", value_text(STR("draft")), "草稿", "Draft");
    says(arena, paper, "disclosure", value_text(STR("nda")), "签保密协议后可见", "Under NDA");
    says(arena, paper, "disclosure", value_text(STR("secret")), "保密（只对有权角色开放）",
         "Confidential (entitled roles only)");
    says(arena, paper, "title", value_text(STR("letter")), "letter", "letter");
    says(arena, paper, "open", value_bool(true), "是", "yes");
    says(arena, paper, "open", value_bool(false), "否", "no");
    says(arena, paper, "score", value_decimal((Decimal){ 850, 2 }), "8.50", "8.50");
    says(arena, paper, "pages", value_int(12), "12", "12");
    says(arena, paper, "due", value_date(day), "2025-03-04", "2025-03-04");
    says(arena, paper, "created", value_instant(ms), "2025-03-05 01:06",
         "2025-03-05 01:06"); /* the city is at +08:00 */
    says(arena, paper, "owner", value_id(STR("0193")), "0193", "0193");
    says(arena, paper, "pages", VALUE_NONE, "", "");
}

static void amounts_lists_and_rows_are_told_in_both_languages(void **state)
{
    Arena      *arena = *state;
    const Type *paper = pack_type(mini(arena), STR("paper"));
    says(arena, paper, "fee", value_decimal((Decimal){ 123450, 2 }), "1234.50 CNY", "1234.50 CNY");
    says(arena, paper, "grant", value_decimal((Decimal){ 123450, 2 }), "1234.50", "1234.50"); /* a sibling says */
    says(arena, paper, "topics", value_list(STR("ice,steam")), "冰、汽", "Ice, Steam");
    says(arena, paper, "topics", value_list(STR("gone")), "gone", "gone");
    says(arena, paper, "partners", value_list(STR("0193,0194")), "0193,0194", "0193,0194");
    says(arena, paper, "expenses", value_rows(STR("[{\"item\":\"text:a\"},{}]")), "2 行", "2 rows");
    says(arena, paper, "expenses", value_rows(STR("[{\"item\":\"text:a\"}]")), "1 行", "1 row");
    says(arena, paper, "expense_total", value_decimal((Decimal){ 50, 2 }), "0.50", "0.50");
    says(arena, paper, "lengthy", value_bool(true), "是", "yes");
}

static void an_instant_before_1970_is_told_by_the_wall_clock(void **state)
{
    const Type *paper = pack_type(mini(*state), STR("paper"));
    says(*state, paper, "created", value_instant(-1), "1970-01-01 07:59", "1970-01-01 07:59");
    says(*state, paper, "created", value_instant(-8 * INT64_C(3600000) - 1), "1969-12-31 23:59", "1969-12-31 23:59");
}

static void a_child_is_known_by_its_parent_field_or_its_only_reference(void **state)
{
    const Pack *pack = mini(*state);
    ExprScope   scope = pack_scope(pack, true);
    const Type *paper = pack_type(pack, STR("paper")), *review = pack_type(pack, STR("review"));
    ExprChild   child;
    assert_true(scope.child(scope.context, paper, STR("review"), &child));
    assert_ptr_equal(child.type, review);
    assert_ptr_equal(child.link, type_field(review, STR("paper")));
    assert_true(
        scope.child(scope.context, pack->person, STR("review"), &child)); /* its reviewer: the only way to a person */
    assert_ptr_equal(child.link, type_field(review, STR("reviewer")));
    assert_true(scope.child(scope.context, pack->organisation, STR("membership"), &child));
    assert_false(scope.child(scope.context, pack->organisation, STR("paper"), &child)); /* owner is the system's */
    assert_false(scope.child(scope.context, paper, STR("paper"), &child));              /* so is id */
    assert_false(scope.child(scope.context, paper, STR("nothing"), &child));
}

static void two_references_to_one_type_make_no_child(void **state)
{
    Type  target = { .name = STR("target"), .parent = -1 };
    Field fields[SYS_COUNT + 2] = { 0 };
    for (size_t i = SYS_COUNT; i < SYS_COUNT + 2; i++)
        fields[i] = (Field){ .kind = FIELD_REFERENCE, .target = &target };
    Type      types[] = { { .name = STR("both"), .parent = -1, .fields = fields, .field_count = SYS_COUNT + 2 } };
    Pack      pack = { .types = types, .type_count = 1 };
    ExprScope scope = pack_scope(&pack, false);
    ExprChild child;
    (void)state;
    assert_false(scope.child(scope.context, &target, STR("both"), &child));
    types[0].parent = SYS_COUNT + 1;
    assert_true(scope.child(scope.context, &target, STR("both"), &child));
    assert_ptr_equal(child.link, &fields[SYS_COUNT + 1]);
    types[0].parent = -1;
    fields[SYS_COUNT].target = NULL;
    assert_true(scope.child(scope.context, &target, STR("both"), &child));
}

static void the_engine_calls_things_as_people_do(void **state)
{
    const Pack *pack = mini(*state);
    ExprScope   scope = pack_scope(pack, false);
    const Type *paper = pack_type(pack, STR("paper"));
    ExprField   category;
    assert_false(scope.actor);
    assert_true(scope.field(scope.context, paper, STR("category"), &category));
    assert_false(scope.field(scope.context, paper, STR("colour"), &category));
    assert_ptr_equal(category.field, type_field(paper, STR("category")));
    assert_str_equal(scope.field_label(scope.context, paper, category.field).in[LANG_ZH], STR("类别"));
    assert_str_equal(scope.child_label(scope.context, paper).in[LANG_EN], STR("Paper"));
    Text label = scope.value_label(scope.context, paper, category.field, value_text(STR("article")));
    assert_str_equal(label.in[LANG_ZH], STR("文章"));
}

static void child_rows_are_children_by_the_name_of_their_field(void **state)
{
    const Pack  *pack = mini(*state);
    ExprScope    scope = pack_scope(pack, false);
    const Type  *paper = pack_type(pack, STR("paper"));
    const Field *expenses = type_field(paper, STR("expenses"));
    ExprChild    child;
    ExprField    amount;
    assert_true(scope.child(scope.context, paper, STR("expenses"), &child));
    assert_ptr_equal(child.type, expenses->rows);
    assert_ptr_equal(child.link, &expenses->rows->fields[ROW_PARENT]);
    assert_true(scope.field(scope.context, child.type, STR("amount"), &amount));
    assert_int_equal(amount.type.kind, VALUE_DECIMAL);
    assert_false(scope.child(scope.context, pack_type(pack, STR("review")), STR("expenses"), &child));
}

static void a_field_of_child_rows_hides_a_type_of_its_name(void **state)
{
    Type      rows = { .name = STR("child") }, parent = { .name = STR("parent"), .parent = -1 };
    Field     row_fields[ROW_COLUMNS] = { 0 };
    Field     field = { .name = STR("child"), .kind = FIELD_ROWS, .type = &parent, .rows = &rows };
    Field     link[SYS_COUNT + 1] = { [SYS_COUNT] = { .kind = FIELD_REFERENCE, .target = &parent } };
    Type      types[] = { { .name = STR("child"), .parent = -1, .fields = link, .field_count = SYS_COUNT + 1 } };
    Pack      pack = { .types = types, .type_count = 1 };
    ExprScope scope = pack_scope(&pack, false);
    ExprChild child;
    (void)state;
    rows.fields = row_fields;
    assert_true(scope.child(scope.context, &parent, STR("child"), &child));
    assert_ptr_equal(child.type, &types[0]);
    parent.fields = &field;
    parent.field_count = 1;
    assert_true(scope.child(scope.context, &parent, STR("child"), &child));
    assert_ptr_equal(child.type, &rows);
}

static void only_a_computed_condition_of_the_subset_is_for_filters(void **state)
{
    static const struct {
        const char *field;
        bool        live;
    } cases[] = { { "lengthy", false }, { "expense_total", true }, { "pages_left", true }, { "title", false } };
    const Pack *pack = mini(*state);
    ExprScope   scope = pack_scope(pack, false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ExprField field;
        assert_true(scope.field(scope.context, pack_type(pack, STR("paper")), str_from(cases[i].field), &field));
        assert_int_equal(field.live, cases[i].live);
    }
}

static void codes_and_parameters_are_those_of_the_pack(void **state)
{
    const Pack *pack = mini(*state);
    ExprScope   scope = pack_scope(pack, false);
    const Type *paper = pack_type(pack, STR("paper"));
    ExprType    type;
    assert_true(scope.code(scope.context, paper, type_field(paper, STR("topics")), STR("ice")));
    assert_false(scope.code(scope.context, paper, type_field(paper, STR("topics")), STR("mud")));
    assert_true(scope.code(scope.context, paper, type_field(paper, STR("state")), STR("draft")));
    assert_false(scope.code(scope.context, paper, type_field(paper, STR("state")), STR("drafted")));
    assert_true(scope.code(scope.context, paper, type_field(paper, STR("title")), STR("anything")));
    assert_true(scope.parameter(scope.context, STR("fee_rate"), &type));
    assert_true(type.kind == VALUE_DECIMAL && type.scale == 2);
    assert_false(scope.parameter(scope.context, STR("fee"), &type));
    assert_str_equal(scope.parameter_label(scope.context, STR("page_limit")).in[LANG_EN], STR("Most pages"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_are_found_or_not),
        TEST(every_kind_of_field_has_a_kind_of_value),
        TEST(every_kind_has_a_row_and_traits_that_go_together),
        TEST(a_text_is_kept_when_it_is_of_its_kind),
        TEST(values_are_told_in_both_languages),
        TEST(amounts_lists_and_rows_are_told_in_both_languages),
        TEST(an_instant_before_1970_is_told_by_the_wall_clock),
        TEST(a_child_is_known_by_its_parent_field_or_its_only_reference),
        TEST(two_references_to_one_type_make_no_child),
        TEST(the_engine_calls_things_as_people_do),
        TEST(child_rows_are_children_by_the_name_of_their_field),
        TEST(a_field_of_child_rows_hides_a_type_of_its_name),
        TEST(only_a_computed_condition_of_the_subset_is_for_filters),
        TEST(codes_and_parameters_are_those_of_the_pack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
