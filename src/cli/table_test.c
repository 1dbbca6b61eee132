#include "cli/table.h"

#include "base/testing.h"

static void cells_are_aligned_by_what_they_take_on_a_terminal(void **state)
{
    Table table = table_new(*state, 3);
    table_row(&table, (const Str[]){ STR("编号"), STR("x"), STR("名称") });
    table_row(&table, (const Str[]){ STR("a"), STR("标题"), STR("b") });
    assert_str_equal(table_text(&table, true), STR("编号  x     名称\na     标题  b\n"));
}

static void in_a_pipe_tabs_separate_and_none_stands_in_a_cell(void **state)
{
    Table table = table_new(*state, 2);
    table_row(&table, (const Str[]){ STR("a\tb"), STR("c\nd") });
    table_row(&table, (const Str[]){ STR(""), STR_NONE });
    assert_str_equal(table_text(&table, false), STR("a b\tc d\n\t\n"));
}

static void many_rows_fit(void **state)
{
    Table table = table_new(*state, 1);
    for (int i = 0; i < 1000; i++)
        table_row(&table, &(Str){ "x", 1 });
    assert_int_equal(table_text(&table, true).len, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cells_are_aligned_by_what_they_take_on_a_terminal),
        TEST(in_a_pipe_tabs_separate_and_none_stands_in_a_cell),
        TEST(many_rows_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
