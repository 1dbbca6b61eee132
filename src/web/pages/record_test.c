/* The page of a record: how much of its history it reads, which step it puts first. */
#include "web/testing/site.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants these first */
#include <cmocka.h>

static size_t count_of(Str text, const char *part)
{
    size_t count = 0;
    for (Str needle = str_from(part); text.len; count++) {
        size_t at = str_find(text, needle);
        if (at == text.len)
            break;
        text = str_slice(text, at + needle.len, text.len);
    }
    return count;
}

static void edit(Site *site, Str paper, int from, int to)
{
    for (int i = from; i < to; i++)
        test_act(site->test, &site->author, "paper", paper, "edit", str_printf(site->test->arena, "{\"pages\":%d}", i));
}

static Answer page(Site *site, Str paper, Str query)
{
    return site_as(site, &site->author, "GET",
                   str_printf(site->test->arena, "/paper/%.*s%.*s", STR_FMT(paper), STR_FMT(query)), NULL);
}

static void a_long_history_is_read_page_by_page(void **state)
{
    Site  *site = *state;
    Str    paper = site_paper(site, &site->author, "Much edited");
    Answer answer;
    edit(site, paper, 1, 20);
    answer = page(site, paper, STR("?lang=en"));
    assert_true(answer_has(&answer, "20 steps") && !answer_has(&answer, "log=all"));
    edit(site, paper, 20, 210);
    answer = page(site, paper, STR("?lang=en"));
    assert_int_equal(count_of(answer.body, "<time datetime"), 20);
    assert_true(answer_has(&answer, "The newest 20 steps") && answer_has(&answer, "?log=all#log-h"));
    answer = page(site, paper, STR("?lang=en&log=all"));
    assert_int_equal(count_of(answer.body, "<time datetime"), 200);
    Str before = str_slice(answer.body, 0, str_find(answer.body, STR("#log-h\""))), more = before;
    assert_true(before.len < answer.body.len);
    while (str_find(before, STR("?log=")) < before.len) /* the last of them */
        before = more = str_slice(before, str_find(before, STR("?log=")) + 1, before.len);
    more = str_printf(site->test->arena, "?%.*s", STR_FMT(more));
    answer = page(site, paper, str_printf(site->test->arena, "%.*s&lang=en", STR_FMT(more)));
    assert_true(answer_has(&answer, "10 earlier steps"));
    assert_int_equal(count_of(answer.body, "<time datetime"), 10);
    assert_false(answer_has(&answer, "#log-h\""));
}

/* The page of a record that the admin has just made. */
static Answer made(Site *site, const char *type, const char *input)
{
    Record record = test_act(site->test, &site->admin, type, STR_NONE, "create", str_from(input));
    Str    path = str_printf(site->test->arena, "/%s/%.*s?lang=en", type, STR_FMT(record_id(&record)));
    return site_as(site, &site->admin, "GET", path, NULL);
}

static void a_step_that_only_ends_a_record_is_not_the_main_one(void **state)
{
    Site  *site = *state;
    Answer answer = made(site, "parameter", "{\"code\":\"page_limit\",\"value\":\"7\",\"valid_from\":\"2030-01-01\"}");
    assert_true(answer_has(&answer, "Withdraw</button>") && !answer_has(&answer, "btn-main"));
    answer = made(site, "person", "{\"name\":\"Wanderer\"}");
    assert_true(answer_has(&answer, "Record that they left</button>") && !answer_has(&answer, "btn-main"));
    Str paper = site_paper(site, &site->author, "Steam");
    test_act(site->test, &site->author, "paper", paper, "edit", STR("{\"body\":\"x\"}"));
    answer = page(site, paper, STR("?lang=en"));
    assert_true(answer_has(&answer, "btn-main")); /* more is to follow */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_long_history_is_read_page_by_page, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(a_step_that_only_ends_a_record_is_not_the_main_one, site_setup, site_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
