#include "web/mustache/mustache.h"

#include "base/testing.h"

static Json *parse(Arena *arena, Str text)
{
    Json *value = NULL;
    assert_int_equal(json_parse(arena, text, &value).kind, ERR_NONE);
    return value;
}

/* Compiles source and partials (an object of name and source), renders them over value. */
static Str render(Arena *arena, Str source, const Json *partials, const Json *value)
{
    Template    *page;
    TemplateSet *set = mustache_set_new(arena);
    Err          err = mustache_compile(arena, STR("page"), source, &page);
    if (err.kind)
        fail_msg("%s", err.context);
    mustache_set_add(set, page);
    JSON_EACH(each, partials) {
        Template *partial;
        assert_int_equal(mustache_compile(arena, each->key, each->text, &partial).kind, ERR_NONE);
        mustache_set_add(set, partial);
    }
    err = mustache_set_link(set);
    assert_true(!err.kind || err.code == ECODE_TEMPLATE_PARTIAL);
    Buf out = buf_new(arena, 1 << 20);
    err = mustache_render(page, &value, 1, &out);
    assert_int_equal(err.kind, ERR_NONE);
    return buf_str(&out);
}

static void assert_renders(Arena *arena, const char *source, const char *value, const char *expected)
{
    Str found = render(arena, str_from(source), NULL, parse(arena, str_from(value)));
    if (!str_eq(found, str_from(expected)))
        fail_msg("%s over %s gives \"%.*s\", not \"%s\"", source, value, STR_FMT(found), expected);
}

static void every_case_of_the_specification_renders_as_expected(void **state)
{
    Str    lines = shared_read(*state, "conformance/mustache.jsonl");
    size_t cases = 0;
    while (lines.len > 0) {
        const Json *test = parse(*state, str_cut(&lines, '\n'));
        if (str_starts(json_text(json_get(test, STR("file"))), STR("~"))) /* an optional module */
            continue;
        cases++;
        Str expected = json_text(json_get(test, STR("expected")));
        Str found = render(*state, json_text(json_get(test, STR("template"))), json_get(test, STR("partials")),
                           json_get(test, STR("data")));
        if (!str_eq(found, expected))
            fail_msg("%.*s, %.*s: \"%.*s\" instead of \"%.*s\"", STR_FMT(json_text(json_get(test, STR("file")))),
                     STR_FMT(json_text(json_get(test, STR("name")))), STR_FMT(found), STR_FMT(expected));
    }
    assert_int_equal(cases, 136);
}

static void what_people_wrote_cannot_become_markup(void **state)
{
    assert_renders(*state, "<p title='{{a}}'>{{a}}</p>", "{\"a\":\"<b x=\\\"1\\\">&'\"}",
                   "<p title='&lt;b x=&quot;1&quot;&gt;&amp;&#39;'>&lt;b x=&quot;1&quot;&gt;&amp;&#39;</p>");
    assert_renders(*state, "{{a}}", "{\"a\":\"{{b}}\",\"b\":\"seen\"}", "{{b}}");
}

static void empty_values_leave_a_section_out_and_zero_does_not(void **state)
{
    static const char *const absent[] = { "{}", "{\"a\":null}", "{\"a\":false}", "{\"a\":\"\"}", "{\"a\":[]}" };
    static const char *const present[] = { "{\"a\":true}", "{\"a\":0}", "{\"a\":\"0\"}", "{\"a\":{}}",
                                           "{\"a\":[null]}" };
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_renders(*state, "{{#a}}yes{{/a}}{{^a}}no{{/a}}", absent[i], "no");
    for (size_t i = 0; i < sizeof present / sizeof *present; i++)
        assert_renders(*state, "{{#a}}yes{{/a}}{{^a}}no{{/a}}", present[i], "yes");
}

static void a_null_hides_the_same_name_further_out(void **state)
{
    assert_renders(*state, "{{#rows}}{{href}};{{/rows}}",
                   "{\"href\":\"/out\",\"rows\":[{\"href\":null},{\"href\":\"/in\"},{}]}", ";/in;/out;");
}

static void numbers_keep_every_digit_of_their_source(void **state)
{
    assert_renders(*state, "{{a}} {{b}}", "{\"a\":1234567890123456789.10,\"b\":-0.0}", "1234567890123456789.10 -0.0");
}

static void a_name_is_looked_up_in_the_last_context_first(void **state)
{
    Arena      *arena = *state;
    const Json *contexts[] = { parse(arena, STR("{\"t\":{\"x\":\"text\"},\"a\":\"1\"}")),
                               parse(arena, STR("{\"a\":\"2\"}")) };
    Template   *page;
    assert_int_equal(mustache_compile(arena, STR("page"), STR("{{t.x}} {{a}}"), &page).kind, ERR_NONE);
    Buf out = buf_new(arena, 100);
    assert_int_equal(mustache_render(page, contexts, 2, &out).kind, ERR_NONE);
    assert_true(str_eq(buf_str(&out), STR("text 2")));
}

static void lines_of_nested_partials_are_indented_once_each(void **state)
{
    const Json *partials = parse(
        *state, STR("{\"outer\":\"a\\n {{>inner}}\\n{{v}}\\n\",\"inner\":\"{{#rows}}\\n-{{.}}\\n{{/rows}}\\n\"}"));
    const Json *value = parse(*state, STR("{\"rows\":[1,2],\"v\":\"x\\ny\"}"));
    Str         found = render(*state, STR("  {{>outer}}\nend"), partials, value);
    assert_string_equal(str_dup_z(*state, found), "  a\n   -1\n   -2\n  x\ny\nend");
}

static void malformed_templates_are_refused_with_their_line(void **state)
{
    static const struct {
        const char *source, *says;
    } cases[] = {
        { "a\n{{#b}}", "page:2: a section is not closed" },
        { "{{/b}}", "page:1: this section was not opened" },
        { "{{#a}}\n{{#b}}\n{{/a}}", "page:3: another section is open" },
        { "\n\n{{a", "page:3: a tag does not end" },
        { "{{{a}}", "page:1: a tag does not end" },
        { "{{}}", "page:1: a tag is empty" },
        { "{{# }}", "page:1: a tag is empty" },
        { "{{a..b}}", "page:1: a name is empty" },
        { "{{.a}}", "page:1: a name is empty" },
        { "{{=a}}", "page:1: a tag that sets delimiters ends with =" },
        { "{{=a=}}", "page:1: delimiters are two words without =" },
        { "{{= a b c =}}", "page:1: delimiters are two words without =" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Template *page = NULL;
        Err       err = mustache_compile(*state, STR("page"), str_from(cases[i].source), &page);
        assert_int_equal(err.code, ECODE_TEMPLATE_SYNTAX);
        assert_string_equal(err.context, cases[i].says);
        assert_null(page);
    }
    Buf deep = buf_new(*state, 1 << 12);
    for (int i = 0; i <= MUSTACHE_NEST_MAX; i++)
        buf_add(&deep, STR("{{#a}}"));
    Template *page;
    assert_int_equal(mustache_compile(*state, STR("page"), buf_str(&deep), &page).code, ECODE_TEMPLATE_SYNTAX);
}

static void a_missing_partial_is_named_when_the_set_is_linked(void **state)
{
    Template    *page;
    TemplateSet *set = mustache_set_new(*state);
    assert_int_equal(mustache_compile(*state, STR("page"), STR("{{>gone}}"), &page).kind, ERR_NONE);
    mustache_set_add(set, page);
    Err err = mustache_set_link(set);
    assert_int_equal(err.code, ECODE_TEMPLATE_PARTIAL);
    assert_string_equal(err.context, "page asks for gone");
    assert_ptr_equal(mustache_set_find(set, STR("page")), page);
    assert_null(mustache_set_find(set, STR("gone")));
}

/* Compiles source as the partial of itself and renders it with at most max bytes. */
static Err render_recursive(Arena *arena, Str source, const Json *value, size_t max)
{
    Template    *page;
    TemplateSet *set = mustache_set_new(arena);
    assert_int_equal(mustache_compile(arena, STR("self"), source, &page).kind, ERR_NONE);
    mustache_set_add(set, page);
    assert_int_equal(mustache_set_link(set).kind, ERR_NONE);
    Buf out = buf_new(arena, max);
    return mustache_render(page, &value, 1, &out);
}

static void rendering_ends_at_its_limits(void **state)
{
    const Json *value = parse(*state, STR("{\"a\":[1,2,3,4,5,6,7,8]}"));
    static const struct {
        const char *source, *says;
        size_t      max;
    } cases[] = {
        { "{{>self}}", "partials are nested too deep", 1000 },
        { "{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{>self}}"
          "{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}",
          "sections are nested too deep", 1000 },
        { "                {{>self}}\n", "partials are indented too far", 1000 },
        { "{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}",
          "the page takes too many steps", 1000 },
        { "{{#a}}twelve bytes{{/a}}", "the page is too long", 95 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Err err = render_recursive(*state, str_from(cases[i].source), value, cases[i].max);
        assert_int_equal(err.code, ECODE_TEMPLATE_LIMIT);
        assert_string_equal(err.context, cases[i].says);
    }
    assert_int_equal(render_recursive(*state, STR("{{#a}}twelve bytes{{/a}}"), value, 96).kind, ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_case_of_the_specification_renders_as_expected),
        TEST(what_people_wrote_cannot_become_markup),
        TEST(empty_values_leave_a_section_out_and_zero_does_not),
        TEST(a_null_hides_the_same_name_further_out),
        TEST(numbers_keep_every_digit_of_their_source),
        TEST(a_name_is_looked_up_in_the_last_context_first),
        TEST(lines_of_nested_partials_are_indented_once_each),
        TEST(malformed_templates_are_refused_with_their_line),
        TEST(a_missing_partial_is_named_when_the_set_is_linked),
        TEST(rendering_ends_at_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
