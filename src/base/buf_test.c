#include "base/buf.h"

#include "base/testing.h"

static void bytes_arrive_in_order(void **state)
{
    Buf buf = buf_new(*state, SIZE_MAX);
    Str whole = STR("");
    assert_str_equal(buf_str(&buf), whole);
    for (int i = 0; i < 1000; i++) {
        buf_add(&buf, STR("ab"));
        buf_char(&buf, 'c');
        buf_int(&buf, i);
        buf_printf(&buf, "<%s>", "d");
        whole = str_printf(*state, "%.*sabc%d<d>", STR_FMT(whole), i);
    }
    assert_false(buf_full(&buf));
    assert_str_equal(buf_str(&buf), whole);
}

static void a_full_buffer_keeps_a_true_beginning(void **state)
{
    Buf buf = buf_new(*state, 1000);
    for (int i = 0; i < 1000; i++)
        buf_char(&buf, 'x');
    assert_false(buf_full(&buf));
    buf_add(&buf, STR_NONE);
    assert_false(buf_full(&buf));
    buf_char(&buf, 'y');
    assert_true(buf_full(&buf));
    assert_int_equal(buf_str(&buf).len, 1000);

    buf = buf_new(*state, 5);
    buf_add(&buf, STR("abc"));
    buf_add(&buf, STR("defg"));
    buf_char(&buf, 'h'); /* would fit, but not in its place */
    assert_true(buf_full(&buf));
    assert_str_equal(buf_str(&buf), STR("abc"));
}

static void a_buffer_may_be_added_to_itself(void **state)
{
    Buf buf = buf_new(*state, SIZE_MAX);
    buf_add(&buf, STR("ab"));
    for (int i = 0; i < 10; i++)
        buf_add(&buf, buf_str(&buf));
    assert_int_equal(buf_str(&buf).len, 2048);
    assert_str_equal(str_slice(buf_str(&buf), 2044, 2048), STR("abab"));
}

static void every_size_of_number_is_written(void **state)
{
    const int64_t numbers[] = { 0, 7, -7, 10, -10, INT64_MAX, INT64_MIN };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        Buf buf = buf_new(*state, 100);
        buf_int(&buf, numbers[i]);
        assert_str_equal(buf_str(&buf), str_printf(*state, "%lld", (long long)numbers[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_arrive_in_order),
        TEST(a_full_buffer_keeps_a_true_beginning),
        TEST(a_buffer_may_be_added_to_itself),
        TEST(every_size_of_number_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
