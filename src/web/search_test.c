/* A search over all types, in a served mini pack. */
#include "base/limits.h"
#include "base/testing.h"
#include "web/page.h"
#include "web/testing/site.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants these first */
#include <cmocka.h>

static Answer searched(Site *site, const Actor *actor, const char *page, const char *words)
{
    Str q = uri_escape(site->test->arena, str_from(words));
    return site_as(site, actor, "GET", str_printf(site->test->arena, "%s?q=%.*s", page, STR_FMT(q)), NULL);
}

/* Of the papers, by the API; 0 also when there is no group of them. */
static size_t papers(Site *site, const Actor *actor, const char *words)
{
    Answer answer = searched(site, actor, "/api/v1/search", words);
    assert_int_equal(answer.status, 200);
    JSON_EACH(group, json_get(answer_json(site, &answer), STR("items"))) {
        assert_true(json_get(group, STR("items"))->count > 0); /* nothing found is no group */
        if (str_eq(json_text(json_get(group, STR("type"))), STR("paper")))
            return json_get(group, STR("items"))->count;
    }
    return 0;
}

static void words_are_found_in_titles_and_numbers(void **state)
{
    Site *site = *state;
    Str   id = site_paper(site, &site->author, "Water on Ice");
    site_paper(site, &site->author, "Steam");
    assert_int_equal(papers(site, &site->author, "Water"), 1);
    assert_int_equal(papers(site, &site->author, "  ice\twATer "), 1); /* each of them, in letters of any size */
    assert_int_equal(papers(site, &site->author, "Water Steam"), 0);
    assert_int_equal(papers(site, &site->author, "e"), 2);
    assert_int_equal(papers(site, &site->author, "Fog"), 0);
    assert_int_equal(papers(site, &site->author, "it's 100% \\ \""), 0); /* nothing in it is an operator */
    test_act(site->test, &site->author, "paper", id, "edit", STR("{\"body\":\"x\",\"title_zh\":\"冰上的水\"}"));
    assert_int_equal(papers(site, &site->author, "冰上\xe3\x80\x80Ice"), 1);
    test_act(site->test, &site->author, "paper", id, "submit", STR("{}"));
    assert_int_equal(papers(site, &site->author, "p-20"), 1);
}

/* What does not show is not searched: no word of a hidden title finds its record, and none finds another's. */
static void what_is_hidden_is_not_found(void **state)
{
    Site *site = *state;
    Str   id = site_paper(site, &site->author, "Secret water");
    test_act(site->test, &site->author, "paper", id, "edit", STR("{\"body\":\"x\",\"disclosure\":\"nda\"}"));
    const Actor *others[] = { &site->stranger, &site->reviewer, &site->reader };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        Answer found = searched(site, others[i], "/api/v1/search", "Secret");
        Answer none = searched(site, others[i], "/api/v1/search", "Nobody");
        assert_int_equal(papers(site, others[i], "Secret"), 0);
        assert_str_equal(found.body, none.body);
    }
    Answer seen = site_as(site, &site->reader, "GET",
                          str_printf(site->test->arena, "/api/v1/records/paper/%.*s", STR_FMT(id)), NULL);
    assert_int_equal(seen.status, 200); /* though it is there for the reader, without its title */
}

static void a_search_is_bounded(void **state)
{
    Site *site = *state;
    char  many[LIMIT_SEARCH_POINTS + 2] = { 0 };
    memset(many, 'x', sizeof many - 1);
    for (int i = 0; i < 7; i++)
        site_paper(site, &site->author, "One of seven");
    Answer answer = searched(site, &site->author, "/api/v1/search", "seven");
    Json  *group = json_get(answer_json(site, &answer), STR("items"))->first;
    bool   more = false;
    assert_int_equal(json_get(group, STR("items"))->count, 5);
    assert_true(json_truth(json_get(group, STR("more")), &more) && more);
    assert_int_equal(searched(site, &site->author, "/api/v1/search", many).status, 422);
    assert_int_equal(searched(site, &site->author, "/api/v1/search", "a b c d e").status, 422);
    assert_int_equal(searched(site, &site->author, "/api/v1/search", "a b c d").status, 200);
    Answer page = searched(site, &site->author, "/search", "a b c d e");
    assert_int_equal(page.status, 422);
    assert_true(answer_has(&page, "最多 4 个词"));
    Answer type = site_as(site, &site->author, "GET", STR("/api/v1/search?q=e&type=nothing"), NULL);
    assert_int_equal(type.status, 404);
}

static void a_page_groups_them_by_type_and_leads_to_all(void **state)
{
    Site *site = *state;
    for (int i = 0; i < 7; i++)
        site_paper(site, &site->author, "One of seven");
    Answer page = searched(site, &site->author, "/search", "Seven");
    assert_int_equal(page.status, 200);
    assert_true(answer_has(&page, "One of seven</a>") && answer_has(&page, "id=\"of-paper\""));
    assert_true(answer_has(&page, "href=\"/paper?filter=") && answer_has(&page, "论文：打开找到的全部"));
    assert_true(answer_has(&page, "name=\"q\" type=\"search\" data-key=\"/\" value=\"Seven\""));
    Answer none = searched(site, &site->author, "/search", "<b>");
    assert_true(answer_has(&none, "没有找到") && answer_has(&none, "&lt;b&gt;") && !answer_has(&none, "<b>\""));
    Answer empty = site_as(site, &site->author, "GET", STR("/search"), NULL);
    assert_int_equal(empty.status, 200);
    assert_false(answer_has(&empty, "没有找到"));
    assert_int_equal(site_ask(site, "GET", STR("/api/v1/search?q=e"), STR_NONE, NULL).status, 401);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(words_are_found_in_titles_and_numbers, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(what_is_hidden_is_not_found, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(a_search_is_bounded, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(a_page_groups_them_by_type_and_leads_to_all, site_setup, site_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
