/* The list's page over a served mini pack. */
#include "base/limits.h"
#include "base/testing.h"
#include "web/testing/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

/* ---- saved views ---- */

/* Saves a view of papers; its id. */
static Str saved(Site *site, const Actor *actor, const char *fields)
{
    char body[600];
    snprintf(body, sizeof body, "{\"fields\":{\"about\":\"paper\",%s}}", fields);
    Answer answer = site_as(site, actor, "POST", STR("/api/v1/records/saved_view"), body);
    assert_int_equal(answer.status, 201);
    return json_text(json_get(answer_json(site, &answer), STR("id")));
}

static int stepped(Site *site, const Actor *actor, Str view, const char *action)
{
    Str path = str_printf(site->test->arena, "/api/v1/records/saved_view/%.*s/actions/%s", STR_FMT(view), action);
    return site_as(site, actor, "POST", path, "{\"input\":{}}").status;
}

static Answer opened(Site *site, const Actor *actor, const char *path, Str view)
{
    return site_as(site, actor, "GET", str_printf(site->test->arena, "%s?view=%.*s", path, STR_FMT(view)), NULL);
}

static bool has(Str text, const char *part) { return str_find(text, str_from(part)) < text.len; }

static Str led_by(Site *site, const Actor *actor, Str view)
{
    Answer answer = opened(site, actor, "/paper", view);
    return answer.status == 303 ? answer_header(&answer, "Location") : STR_NONE;
}

static bool gone_for(Site *site, const Actor *actor, Str view)
{
    Answer answer = opened(site, actor, "/paper", view);
    return answer_has(&answer, "没有这个视图");
}

/* The page without what differs from one request to the next: keys of forms, and the id that was asked for. */
static Str page_told(Site *site, const Answer *answer, Str id)
{
    Buf told = buf_new(site->test->arena, SIZE_MAX);
    for (Str rest = answer->body; rest.len;) {
        Str line = str_cut(&rest, '\n');
        if (has(line, "name=\"csrf\""))
            continue;
        for (size_t at = str_find(line, id); at < line.len; at = str_find(line, id)) {
            buf_add(&told, str_slice(line, 0, at));
            line = str_slice(line, at + id.len, line.len);
        }
        buf_add(&told, line);
        buf_char(&told, '\n');
    }
    return buf_str(&told);
}

static void a_view_leads_to_the_list_that_it_holds(void **state)
{
    Site  *site = *state;
    Str    list = saved(site, &site->stranger,
                        "\"title\":\"Long ones\",\"layout\":\"list\",\"filter\":\"pages > 50\",\"sort\":\"-pages\","
                           "\"columns\":\"state,pages\"");
    Answer led = opened(site, &site->stranger, "/paper", list);
    Str    to = answer_header(&led, "Location");
    assert_int_equal(led.status, 303);
    assert_true(str_starts(to, STR("/paper?filter=pages%20%3E%2050&sort=-pages&fields=state%2Cpages&view=")));
    Answer page = site_as(site, &site->stranger, "GET", to, NULL);
    assert_true(answer_has(&page, "aria-current=\"page\">Long ones</a>"));
    Str board = saved(site, &site->stranger, "\"title\":\"By state\",\"layout\":\"board\",\"filter\":\"pages > 50\"");
    Answer on = opened(site, &site->stranger, "/paper", board);
    assert_true(str_starts(answer_header(&on, "Location"), STR("/paper/board?filter=pages%20%3E%2050&view=")));
    Str    plain = saved(site, &site->stranger, "\"title\":\"Everything\"");
    Answer here = opened(site, &site->stranger, "/paper", plain);
    assert_int_equal(here.status, 200); /* it leads to itself */
    assert_true(answer_has(&here, "aria-current=\"page\">Everything</a>"));
}

static void anothers_view_leaves_no_trace(void **state)
{
    Site        *site = *state;
    Str          id = saved(site, &site->stranger, "\"title\":\"Secret plans\",\"filter\":\"pages > 50\"");
    Str          nobody = STR("01900000-0000-7000-8000-000000000000");
    const Actor *others[] = { &site->admin, &site->author, &site->reviewer, &site->reader };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        Answer page = site_as(site, others[i], "GET", STR("/paper"), NULL);
        assert_false(answer_has(&page, "Secret plans"));
        const char *paths[] = { "/paper", "/paper/board" };
        for (size_t p = 0; p < 2; p++) {
            Answer foreign = opened(site, others[i], paths[p], id), none = opened(site, others[i], paths[p], nobody);
            assert_int_equal(foreign.status, 200);
            assert_int_equal(none.status, 200);
            assert_true(answer_has(&foreign, "没有这个视图"));
            assert_true(str_eq(page_told(site, &foreign, id), page_told(site, &none, nobody)));
        }
        assert_int_equal(stepped(site, others[i], id, "remove"), 404);
    }
}

static void a_shared_view_is_the_organisations(void **state)
{
    Site *site = *state;
    Str   id = saved(site, &site->stranger, "\"title\":\"Ours\",\"filter\":\"pages > 50\"");
    Str   kept = saved(site, &site->reader, "\"title\":\"Mine\"");
    assert_int_equal(stepped(site, &site->reader, kept, "share"), 403); /* not who keeps the house */
    assert_int_equal(stepped(site, &site->stranger, id, "share"), 200);
    Answer page = site_as(site, &site->reader, "GET", STR("/paper"), NULL);
    assert_true(answer_has(&page, "Ours<small>"));
    page = site_as(site, &site->author, "GET", STR("/paper"), NULL); /* of the college */
    assert_false(answer_has(&page, "Ours"));
    assert_int_equal(opened(site, &site->author, "/paper", id).status, 200);
    assert_int_equal(opened(site, &site->reader, "/paper", id).status, 303);
    assert_int_equal(stepped(site, &site->reader, id, "keep"), 403);
    assert_int_equal(stepped(site, &site->admin, id, "keep"), 200); /* of the same house */
    page = site_as(site, &site->reader, "GET", STR("/paper"), NULL);
    assert_false(answer_has(&page, "Ours"));
}

/* What it asks for is the maker's alone, unless each field of it is the reader's, too. */
static void what_a_view_asks_for_is_left_out_where_it_does_not_show(void **state)
{
    Site *site = *state;
    Str   hidden = saved(site, &site->stranger,
                         "\"title\":\"Ours\",\"filter\":\"authors contains 'CANARY'\",\"sort\":\"authors\","
                           "\"columns\":\"authors,state\"");
    Str   nowhere = saved(site, &site->stranger,
                          "\"title\":\"Ours\",\"filter\":\"writers contains 'CANARY'\",\"sort\":\"writers\","
                            "\"columns\":\"writers,state\"");
    Str   broken = saved(site, &site->stranger, "\"title\":\"Odd\",\"filter\":\"pages >\",\"sort\":\"expenses\"");
    assert_true(str_starts(led_by(site, &site->stranger, hidden), STR("/paper?filter=authors")));
    assert_int_equal(stepped(site, &site->stranger, hidden, "share"), 200);
    assert_int_equal(stepped(site, &site->stranger, nowhere, "share"), 200);
    Str ids[] = { hidden, nowhere };
    for (size_t i = 0; i < 2; i++) { /* alike */
        Str to = led_by(site, &site->reader, ids[i]);
        assert_str_equal(to, str_printf(site->test->arena, "/paper?fields=state&view=%.*s", STR_FMT(ids[i])));
        Answer page = site_as(site, &site->reader, "GET", to, NULL);
        assert_int_equal(page.status, 200);
        assert_true(answer_has(&page, "这个视图的一部分已略去"));
        assert_false(answer_has(&page, "CANARY") || answer_has(&page, "authors") || answer_has(&page, "writers"));
        Answer record = site_as(site, &site->reader, "GET",
                                str_printf(site->test->arena, "/api/v1/records/saved_view/%.*s", STR_FMT(ids[i])),
                                NULL);
        assert_int_equal(record.status, 200);
        assert_false(answer_has(&record, "CANARY") || answer_has(&record, "filter"));
    }
    Answer odd = opened(site, &site->stranger, "/paper", broken);
    assert_int_equal(odd.status, 200);
    assert_true(answer_has(&odd, "这个视图的一部分已略去"));
    assert_true(answer_has(&odd, "/edit")); /* and what shows can be saved into it */
}

static void a_removed_view_is_gone(void **state)
{
    Site *site = *state;
    Str   id = saved(site, &site->stranger, "\"title\":\"Ours\",\"filter\":\"pages > 50\"");
    assert_int_equal(stepped(site, &site->stranger, id, "share"), 200);
    assert_int_equal(stepped(site, &site->stranger, id, "remove"), 200);
    assert_true(gone_for(site, &site->reader, id) && gone_for(site, &site->stranger, id));
    assert_int_equal(stepped(site, &site->stranger, id, "restore"), 200);
    assert_int_equal(opened(site, &site->stranger, "/paper", id).status, 303);
    assert_true(gone_for(site, &site->reader, id)); /* restored for oneself */
    Answer other = opened(site, &site->stranger, "/review", id);
    assert_true(answer_has(&other, "没有这个视图")); /* of another list it is none */
}

/* ---- columns ---- */

static void columns_stand_in_the_order_of_the_address(void **state)
{
    Site *site = *state;
    site_paper(site, &site->author, "Shown");
    Answer page = site_as(site, &site->author, "GET", STR("/paper?fields=state,pages,grant,state,id"), NULL);
    Str    row = str_slice(page.body, str_find(page.body, STR("<thead>")), str_find(page.body, STR("</thead>")));
    assert_true(str_find(row, STR("sort=state")) < str_find(row, STR("sort=pages")));
    assert_true(str_find(row, STR("sort=pages")) < str_find(row, STR("sort=grant")));
    assert_false(has(row, "category"));
    assert_true(answer_has(&page, ">Shown</a>")); /* its name stands first, asked for or not */
    assert_true(answer_has(&page, "fields=title%2Cstate%2Cpages%2Cgrant\""));
}

static void a_choice_of_columns_becomes_an_address(void **state)
{
    static const struct {
        const char *asked, *wanted;
    } cases[] = {
        { "/paper?sort=title&choosing=done&fields=state,pages&column[pages]=1&column[fee]=1&column[state]=1",
          "/paper?sort=title&fields=state%2Cpages%2Cfee" },
        { "/paper?choosing=done&fields=state,pages&column[pages]=1", "/paper?fields=pages" },
        { "/paper?choosing=done", "/paper?fields=id" },
        { "/paper?choosing=done&column[nosuch]=1&column[authors]=1", "/paper?fields=id" }, /* a reader's */
        { "/paper?choosing=done&column[title_zh]=1&column[category]=1&column[topics]=1&column[pages]=1&column[score]=1"
          "&column[due]=1&column[open]=1&column[body]=1&column[manuscript]=1&column[received]=1&column[language]=1"
          "&column[grant]=1&column[grant_currency]=1&column[expenses]=1&column[state]=1&column[created]=1"
          "&column[changed]=1&column[version]=1",
          "/paper?fields=category%2Cpages%2Cstate%2Cchanged%2Ctitle_zh%2Cbody%2Cscore%2Cdue%2Copen%2Ctopics"
          "%2Cmanuscript%2Creceived%2Clanguage%2Cgrant%2Cgrant_currency%2Cexpenses" },
    };
    Site *site = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Answer answer = site_as(site, i == 3 || i == 4 ? &site->reader : &site->author, "GET", str_from(cases[i].asked),
                                NULL);
        assert_int_equal(answer.status, 303);
        assert_str_equal(answer_header(&answer, "Location"), str_from(cases[i].wanted));
    }
    assert_int_equal(site_as(site, &site->author, "GET", STR("/paper?columns=a"), NULL).status, 422);
    assert_int_equal(site_as(site, &site->author, "GET", STR("/paper?column[pages=1"), NULL).status, 422);
}

static void a_column_moves_one_place(void **state)
{
    Site  *site = *state;
    Answer page = site_as(site, &site->author, "GET", STR("/paper?fields=state,pages,fee&choosing=1"), NULL);
    assert_true(answer_has(&page, "id=\"columns\" open"));
    assert_true(answer_has(&page, "/paper?fields=pages%2Cstate%2Cfee&amp;choosing=1#columns"));
    assert_true(answer_has(&page, "/paper?fields=state%2Cfee%2Cpages&amp;choosing=1#columns"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_view_leads_to_the_list_that_it_holds, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(anothers_view_leaves_no_trace, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(a_shared_view_is_the_organisations, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(what_a_view_asks_for_is_left_out_where_it_does_not_show, site_setup,
                                        site_teardown),
        cmocka_unit_test_setup_teardown(a_removed_view_is_gone, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(columns_stand_in_the_order_of_the_address, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(a_choice_of_columns_becomes_an_address, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(a_column_moves_one_place, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(all_that_is_wrong_with_a_filter_is_told, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(a_list_tells_how_many_it_has, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(what_takes_too_long_to_count_is_shown_without_a_total, site_setup,
                                        site_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
