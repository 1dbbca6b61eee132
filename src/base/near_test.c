#include "base/near.h"

#include "base/buf.h"
#include "base/testing.h"

static const Str known[] = { STR_INIT("title"), STR_INIT("abstract"), STR_INIT("标题"), STR_INIT("摘要"),
                             STR_INIT("x") };

static void assert_near(const char *word, const char *wanted)
{
    Str found = near_word(str_from(word), known, sizeof known / sizeof *known);
    if (!str_eq(found, str_from(wanted)))
        fail_msg("%s: '%.*s', not '%s'", word, STR_FMT(found), wanted);
}

static void a_slip_is_near(void **state)
{
    (void)state;
    assert_near("titel", "title");  /* changed about */
    assert_near("Titl", "title");   /* left out */
    assert_near("tittle", "title"); /* put in */
    assert_near("标提", "标题");    /* put for another */
    assert_near("标题：", "标题");
    assert_near("abstrakt", "abstract");
    assert_near("asbtrcat", "abstract"); /* two in a longer word */
}

static void what_is_something_else_is_near_nothing(void **state)
{
    (void)state;
    assert_near("", "");
    assert_near("y", ""); /* each letter is one away from each other */
    assert_near("amount", "");
    assert_near("作者", "");
    assert_near("tiger", "");
}

static void a_long_word_is_compared_with_nothing(void **state)
{
    Buf text = buf_new(*state, SIZE_MAX);
    for (size_t i = 0; i <= NEAR_POINTS; i++)
        buf_add(&text, STR("长"));
    Str same = buf_str(&text);
    assert_true(near_word(same, &same, 1).ptr == NULL);
    Str fits = str_slice(same, 0, NEAR_POINTS * strlen("长"));
    assert_true(near_word(fits, &fits, 1).ptr == fits.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_slip_is_near),
        TEST(what_is_something_else_is_near_nothing),
        TEST(a_long_word_is_compared_with_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
