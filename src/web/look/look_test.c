#include "web/look/look.h"

#include "base/testing.h"

static Look *look_loaded(Arena *arena)
{
    Look *look;
    Err   err = look_new(arena, &look);
    if (err.kind)
        fail_msg("%s", err.context);
    return look;
}

static Str render(Arena *arena, const Look *look, Str page, Lang lang, Str context)
{
    Json *value;
    assert_int_equal(json_parse(arena, context, &value).kind, ERR_NONE);
    Buf out = buf_new(arena, 1 << 20);
    Err err = look_render(look, page, lang, value, &out);
    if (err.kind)
        fail_msg("%s", err.context);
    return buf_str(&out);
}

static bool holds(Str text, Str part) { return str_find(text, part) < text.len; }

static void a_page_speaks_the_language_it_is_asked_in(void **state)
{
    Look *look = look_loaded(*state);
    Str   context = STR(
          "{\"ui\":{\"title\":\"x\"},\"page\":{\"title\":\"<x>\",\"next\":{\"href\":\"/\",\"label\":\"y\"}}}");
    Str zh = render(*state, look, STR("message"), LANG_ZH, context);
    Str en = render(*state, look, STR("message"), LANG_EN, context);
    assert_true(str_starts(zh, STR("<!doctype html>\n<html lang=\"zh-CN\">")));
    assert_true(str_starts(en, STR("<!doctype html>\n<html lang=\"en\">")));
    assert_true(holds(zh, STR("跳到正文")) && !holds(en, STR("跳到正文")));
    assert_true(holds(en, STR("Skip to content")) && !holds(zh, STR("Skip to content")));
    assert_true(holds(zh, STR("<h1>&lt;x&gt;</h1>")));
}

static void no_template_writes_a_value_without_escaping_it(void **state)
{
    (void)state;
    size_t       count, seen = 0;
    const Asset *assets = asset_below(STR("web/templates/"), &count);
    for (size_t i = 0; i < count; i++) {
        if (!str_ends(assets[i].path, STR(".mustache")))
            continue;
        seen++;
        /* Without another delimiter there are two spellings of a raw value. */
        Str spellings[] = { STR("{{{"), STR("{{&"), STR("{{ &"), STR("{{=") };
        for (size_t k = 0; k < sizeof spellings / sizeof *spellings; k++) {
            if (holds(assets[i].bytes, spellings[k]))
                fail_msg("%.*s holds %.*s", STR_FMT(assets[i].path), STR_FMT(spellings[k]));
        }
    }
    assert_true(seen >= 8);
}

static void the_words_of_a_path_come_in_both_languages(void **state)
{
    Look *look = look_loaded(*state);
    assert_true(str_eq(look_text(look, LANG_ZH, STR("steps.can")), STR("现在可以办")));
    assert_true(str_eq(look_text(look, LANG_EN, STR("steps.can")), STR("Possible now")));
    assert_int_equal(look_texts(look, LANG_ZH, STR("say.error.unseen"))->count, 2);
}

static void an_unknown_page_is_an_error(void **state)
{
    Look *look = look_loaded(*state);
    Buf   out = buf_new(*state, 100);
    assert_int_equal(look_render(look, STR("nothing"), LANG_ZH, NULL, &out).code, ECODE_PAGE_UNSEEN);
}

static void only_public_files_are_served(void **state)
{
    (void)state;
    static const char *const names[] = { "firstmile.css", "icons.svg", "keys.js", "mark.svg" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_non_null(look_asset(str_from(names[i])));
    assert_null(look_asset(STR("list.mustache")));
    assert_null(look_asset(STR("zh.json")));
    assert_null(look_asset(STR("../web/icons.svg")));
    assert_null(look_asset(STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_speaks_the_language_it_is_asked_in),
        TEST(no_template_writes_a_value_without_escaping_it),
        TEST(the_words_of_a_path_come_in_both_languages),
        TEST(an_unknown_page_is_an_error),
        TEST(only_public_files_are_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
