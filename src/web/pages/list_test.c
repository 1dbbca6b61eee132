/* The list's page over a served mini pack. */
#include "base/limits.h"
#include "web/testing/site.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants these first */
#include <cmocka.h>

/* Each review passes by counting, two deep, the reviews of its paper: 160,000 rows for each of the two that
 * a page of one reads, 64,000,000 for all 400. */
#define SLOW_TO_COUNT                                                                                                  \
    STR("/review?limit=1&filter=count(paper.review%20where%20count(paper.review)%20%3C%200)%20%3D%200")
#define CHEAP STR("/review?limit=1&filter=state%20%3D%20%27asked%27")

static void what_takes_too_long_to_count_is_shown_without_a_total(void **state)
{
    Site *site = *state;
    Str   paper = site_paper(site, &site->author, "Much reviewed");
    Str   ask = str_printf(site->test->arena, "{\"paper\":\"%.*s\",\"reviewer\":\"%.*s\"}", STR_FMT(paper),
                           STR_FMT(site->reviewer.person));
    for (int i = 0; i < 400; i++)
        test_act(site->test, &site->admin, "review", STR_NONE, "create", ask);
    Answer answer = site_as(site, &site->admin, "GET", CHEAP, NULL);
    assert_int_equal(answer.status, 200);
    assert_true(answer_has(&answer, "共 400 条"));
    for (int i = 0; i < LIMIT_COSTLY_FILTERS; i++) {
        answer = site_as(site, &site->admin, "GET", SLOW_TO_COUNT, NULL);
        assert_int_equal(answer.status, 200);
        assert_true(answer_has(&answer, "本页 1 条") && !answer_has(&answer, "条，共") &&
                    answer_has(&answer, "cursor="));
    }
    /* it was not free all the same */
    assert_int_equal(site_as(site, &site->admin, "GET", CHEAP, NULL).status, 429);
}

/* On every page of it, also on the last, which is shorter. */
static void a_list_tells_how_many_it_has(void **state)
{
    Site  *site = *state;
    Arena *arena = site->test->arena;
    for (int i = 0; i < 3; i++)
        site_paper(site, &site->author, "One of three");
    Answer whole = site_as(site, &site->author, "GET", STR("/paper?limit=3"), NULL);
    assert_true(answer_has(&whole, "第 1–3 条，共 3 条"));
    Answer first = site_as(site, &site->author, "GET", STR("/paper?limit=2"), NULL);
    assert_true(answer_has(&first, "第 1–2 条，共 3 条"));
    Answer told = site_as(site, &site->author, "GET", STR("/api/v1/records/paper?limit=2"), NULL);
    Str    next = json_text(json_get(answer_json(site, &told), STR("next")));
    Answer last = site_as(site, &site->author, "GET", str_printf(arena, "/paper?limit=2&cursor=%.*s", STR_FMT(next)),
                          NULL);
    assert_true(answer_has(&last, "本页 1 条，共 3 条"));
    Answer few = site_as(site, &site->author, "GET", STR("/paper?filter=title%20contains%20%27three%27&limit=2"), NULL);
    assert_true(answer_has(&few, "第 1–2 条，共 3 条"));
    Answer others = site_as(site, &site->reviewer, "GET", STR("/paper"), NULL);
    assert_false(answer_has(&others, "共 3 条"));
}

static void all_that_is_wrong_with_a_filter_is_told(void **state)
{
    Site  *site = *state;
    Answer answer = site_as(site, &site->author, "GET",
                            STR("/paper?filter=pagse%20%3E%201%20and%20state%20%3D%20%27x%27"), NULL);
    assert_true(answer_has(&answer, "没有名为 pagse 的字段。 第 23 个字符处："));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_that_is_wrong_with_a_filter_is_told, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(a_list_tells_how_many_it_has, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(what_takes_too_long_to_count_is_shown_without_a_total, site_setup,
                                        site_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
