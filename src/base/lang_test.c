#include "base/lang.h"

#include "base/testing.h"

static void tags_are_read_by_their_language(void **state)
{
    (void)state;
    const char *zh[] = { "zh", "zh-CN", "zh_CN.UTF-8", "ZH-hant-TW", "zh.UTF-8", "zh@pinyin" };
    const char *en[] = { "en", "en-GB", "en_US.UTF-8", "EN" };
    const char *none[] = { "", "C", "POSIX", "z", "zhx", "english", "fr", "-zh", "fr-zh" };
    Lang        lang = LANG_COUNT;
    for (size_t i = 0; i < sizeof zh / sizeof *zh; i++)
        assert_true(lang_parse(str_from(zh[i]), &lang) && lang == LANG_ZH);
    for (size_t i = 0; i < sizeof en / sizeof *en; i++)
        assert_true(lang_parse(str_from(en[i]), &lang) && lang == LANG_EN);
    lang = LANG_COUNT;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(lang_parse(str_from(none[i]), &lang));
    assert_int_equal(lang, LANG_COUNT);
    assert_false(lang_parse((Str){ "zh\0", 3 }, &lang));
}

static void every_tag_reads_as_its_language(void **state)
{
    (void)state;
    for (int i = 0; i < LANG_COUNT; i++) {
        Lang lang;
        assert_true(lang_parse(lang_tag((Lang)i), &lang));
        assert_int_equal(lang, i);
    }
}

static void the_best_accepted_language_is_taken(void **state)
{
    (void)state;
    const struct {
        const char *header;
        Lang        lang;
    } cases[] = {
        { "en", LANG_EN },
        { "zh-CN,zh;q=0.9,en;q=0.8", LANG_ZH },
        { "en-GB , en;q=0.9 , zh;q=0.8", LANG_EN },
        { "fr, zh;q=0.2, en;q=0.3", LANG_EN },
        { "zh;q=0.5,en;q=0.501", LANG_EN },
        { "en;q=0.5,zh;q=0.5", LANG_EN }, /* the first of equals */
        { "zh; q=0.1, en; Q=1.000", LANG_EN },
        { "en;q=0", LANG_ZH }, /* refused by name */
        { "zh;q=0, en;q=0.001", LANG_EN },
        { "en;q=2", LANG_ZH }, /* not a weight: the range is passed over */
        { "en;q=1.001", LANG_ZH },
        { "en;q=0.1234", LANG_ZH },
        { "en;q=", LANG_ZH },
        { "en;level=1", LANG_ZH },
        { "", LANG_ZH },
        { "*", LANG_ZH },
        { ",,;;,", LANG_ZH },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (lang_accept(str_from(cases[i].header), LANG_ZH) != cases[i].lang)
            fail_msg("\"%s\" gives the wrong language", cases[i].header);
    assert_int_equal(lang_accept(STR("fr"), LANG_EN), LANG_EN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tags_are_read_by_their_language),
        TEST(every_tag_reads_as_its_language),
        TEST(the_best_accepted_language_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
