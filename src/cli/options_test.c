/* Words of a command line to verbs, arguments and options; and the tables of all verbs. */
#include "cli/options.h"

#include "base/testing.h"
#include "base/utf8.h"
#include "cli/help.h"
#include "cli/verbs.h"

static Err ran(Cli *cli)
{
    (void)cli;
    return ERR_OK;
}

static const Verb verb_move = {
    .name = "move",
    .summary = TEXT_INIT("移动", "move"),
    .arguments = { { "FROM", TEXT_INIT("从", "from") }, { "TO", TEXT_INIT("到", "to") } },
    .options = { { "speed", "N", TEXT_INIT("速度", "speed") },
                 { "quiet", NULL, TEXT_INIT("安静", "quiet") },
                 { "who", "LOGIN", TEXT_INIT("谁", "who"), .needed = true } },
    .run = ran,
};
static const Verb        verb_user_move = { .name = "user move",
                                            .summary = TEXT_INIT("移人", "move users"),
                                            .arguments = { { "AWAY", TEXT_INIT("去处", "where to"), .optional = true } },
                                            .run = ran };
static const Verb *const table[] = { &verb_move, &verb_user_move };

#define WORDS(...)                                                                                                     \
    (Words)                                                                                                            \
    {                                                                                                                  \
        (const char *const[]){ "", ##__VA_ARGS__ } + 1,                                                                \
            sizeof((const char *const[]){ "", ##__VA_ARGS__ }) / sizeof(char *) - 1                                    \
    }

static Cli cli_new(Arena *arena) { return (Cli){ .arena = arena, .problems = { .arena = arena } }; }

/* Finds the verb and reads the rest, as main() does. */
static Err read_all(Cli *cli, Words words, bool *help)
{
    *help = false;
    options_manner(cli, words, NULL);
    TRY(options_front(cli, &words));
    TRY(options_verb(cli, table, 2, &words));
    return options_read(cli, words, help);
}

static Str told(const Cli *cli) /* the last problem, in English */
{
    return cli->problems.count ? cli->problems.items[cli->problems.count - 1].text.in[LANG_EN] : STR("");
}

static bool has(Str text, const char *part) { return str_find(text, str_from(part)) < text.len; }

static void arguments_and_options_come_in_any_order(void **state)
{
    Cli  cli = cli_new(*state);
    bool help;
    assert_ok(read_all(&cli, WORDS("move", "--who=ada", "a", "--speed", "-3", "b", "--quiet"), &help));
    assert_false(help);
    assert_str_equal(cli_argument(&cli, "FROM"), STR("a"));
    assert_str_equal(cli_argument(&cli, "TO"), STR("b"));
    assert_str_equal(cli_option(&cli, "speed"), STR("-3"));
    assert_str_equal(cli_option(&cli, "who"), STR("ada"));
    assert_true(cli_switch(&cli, "quiet"));
}

static void what_is_not_given_is_absent(void **state)
{
    Cli  cli = cli_new(*state);
    bool help;
    assert_ok(read_all(&cli, WORDS("move", "a", "b", "--who", ""), &help));
    assert_null(cli_option(&cli, "speed").ptr);
    assert_non_null(cli_option(&cli, "who").ptr);
    assert_int_equal(cli_option(&cli, "who").len, 0);
    assert_false(cli_switch(&cli, "quiet"));
}

static void an_optional_argument_is_there_or_not(void **state)
{
    Cli  cli = cli_new(*state), other = cli_new(*state);
    bool help;
    assert_ok(read_all(&cli, WORDS("user", "move"), &help));
    assert_null(cli_argument(&cli, "AWAY").ptr);
    assert_ok(read_all(&other, WORDS("user", "move", "far"), &help));
    assert_str_equal(cli_argument(&other, "AWAY"), STR("far"));
    assert_err(read_all(&other, WORDS("user", "move", "far", "off"), &help), ECODE_USAGE);
    assert_true(has(help_verb(&other, &verb_user_move), "user move [AWAY] "));
}

static void a_dash_is_an_argument_and_two_end_the_options(void **state)
{
    Cli  cli = cli_new(*state);
    bool help;
    assert_ok(read_all(&cli, WORDS("move", "--who", "x", "-", "--", "--help"), &help));
    assert_false(help);
    assert_str_equal(cli_argument(&cli, "FROM"), STR("-"));
    assert_str_equal(cli_argument(&cli, "TO"), STR("--help"));
}

static void verbs_of_two_words_are_found(void **state)
{
    Cli  cli = cli_new(*state);
    bool help;
    assert_ok(read_all(&cli, WORDS("user", "move"), &help));
    assert_ptr_equal(cli.verb, &verb_user_move);
    assert_err(read_all(&cli, WORDS("user", "jump"), &help), ECODE_USAGE);
    assert_true(has(told(&cli), "known are user move"));
    assert_err(read_all(&cli, WORDS(), &help), ECODE_USAGE);
    assert_true(has(told(&cli), "move, user move"));
}

static void wrong_usage_says_what_is_wrong(void **state)
{
    static const struct {
        const char *words[6];
        size_t      count;
        const char *says;
    } cases[] = {
        { { "move", "a", "b", "--who", "x", "c" }, 6, "one argument too many: c" },
        { { "move", "a", "--who", "x" }, 4, "argument TO is missing" },
        { { "move", "a", "b" }, 3, "option --who is missing" },
        { { "move", "a", "b", "--who" }, 4, "--who needs a value: LOGIN" },
        { { "move", "a", "b", "--quiet=no" }, 4, "--quiet takes no value" },
        { { "move", "a", "b", "--fast" }, 4, "known are --speed, --quiet, --who, --help, --json, --lang" },
        { { "move", "a", "b", "-q" }, 4, "there is no option -q" },
        { { "move", "--speed=1", "--speed=2" }, 3, "--speed is given twice" },
        { { "move", "a", "b", "--lang", "fr" }, 5, "--lang must be zh or en" },
        { { "jump" }, 1, "there is no verb jump" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Cli  cli = cli_new(*state);
        bool help;
        assert_err(read_all(&cli, (Words){ cases[i].words, cases[i].count }, &help), ECODE_USAGE);
        if (!has(told(&cli), cases[i].says))
            fail_msg("\"%.*s\" does not say \"%s\"", STR_FMT(told(&cli)), cases[i].says);
    }
}

static void language_and_json_may_stand_in_front_of_the_verb(void **state)
{
    Cli  cli = cli_new(*state);
    bool help;
    assert_ok(read_all(&cli, WORDS("--lang", "en", "--json", "user", "move"), &help));
    assert_ptr_equal(cli.verb, &verb_user_move);
    assert_int_equal(cli.lang, LANG_EN);
    assert_true(cli.json);
    assert_err(read_all(&cli, WORDS("--lang=fr", "user", "move"), &help), ECODE_USAGE);
    assert_true(has(told(&cli), "zh or en"));
    assert_err(read_all(&cli, WORDS("--lang"), &help), ECODE_USAGE);
    assert_true(has(told(&cli), "--lang needs a value"));
    assert_err(read_all(&cli, WORDS("--who", "x", "user", "move"), &help), ECODE_USAGE);
    assert_true(has(told(&cli), "no verb --who"));
}

static void help_is_given_whatever_else_is_wrong(void **state)
{
    Cli  cli = cli_new(*state);
    bool help;
    assert_ok(read_all(&cli, WORDS("move", "--frob", "--help"), &help));
    assert_true(help);
}

static void words_that_are_no_text_are_refused(void **state)
{
    Cli  cli = cli_new(*state);
    bool help;
    assert_err(read_all(&cli, WORDS("move", "\xff", "b", "--who", "x"), &help), ECODE_TEXT_ENCODING);
}

static void the_language_is_that_of_the_option_then_of_the_environment_then_chinese(void **state)
{
    Cli cli = cli_new(*state);
    options_manner(&cli, WORDS("move"), NULL);
    assert_int_equal(cli.lang, LANG_ZH);
    options_manner(&cli, WORDS("move"), "C.UTF-8");
    assert_int_equal(cli.lang, LANG_ZH);
    options_manner(&cli, WORDS("move"), "en_GB.UTF-8");
    assert_int_equal(cli.lang, LANG_EN);
    options_manner(&cli, WORDS("move", "--lang", "zh"), "en_GB.UTF-8");
    assert_int_equal(cli.lang, LANG_ZH);
    options_manner(&cli, WORDS("move", "--lang=en", "--json"), NULL);
    assert_int_equal(cli.lang, LANG_EN);
    assert_true(cli.json);
    cli.json = false;
    options_manner(&cli, WORDS("move", "--", "--json"), NULL);
    assert_false(cli.json);
}

static void numbers_are_whole_and_in_range(void **state)
{
    Cli     cli = cli_new(*state);
    bool    help;
    int64_t number;
    assert_ok(read_all(&cli, WORDS("move", "a", "b", "--who", "x", "--speed", "7"), &help));
    assert_ok(cli_number(&cli, "speed", 1, 10, 5, &number));
    assert_int_equal(number, 7);
    assert_err(cli_number(&cli, "speed", 1, 6, 5, &number), ECODE_USAGE);
    cli.options[0] = STR("7.5");
    assert_err(cli_number(&cli, "speed", 1, 10, 5, &number), ECODE_USAGE);
    cli.options[0] = STR_NONE;
    assert_ok(cli_number(&cli, "speed", 1, 10, 5, &number));
    assert_int_equal(number, 5);
}

static void counts_have_thousand_marks(void **state)
{
    assert_str_equal(cli_count(*state, 0), STR("0"));
    assert_str_equal(cli_count(*state, 999), STR("999"));
    assert_str_equal(cli_count(*state, 1000), STR("1,000"));
    assert_str_equal(cli_count(*state, 68000123), STR("68,000,123"));
    assert_str_equal(cli_count(*state, -1000), STR("-1,000"));
}

/* ---- the real tables ---- */

static void check_text(const char *verb, Text text)
{
    for (Lang lang = 0; lang < LANG_COUNT; lang++)
        if (!text.in[lang].len || !utf8_valid(text.in[lang]))
            fail_msg("%s has no %.*s text", verb, STR_FMT(lang_tag(lang)));
}

static void every_verb_explains_itself_in_both_languages(void **state)
{
    (void)state;
    for (size_t i = 0; i < verb_count; i++) {
        const Verb *verb = verbs[i];
        assert_non_null(verb->run);
        check_text(verb->name, verb->summary);
        assert_int_equal(verb->notes.in[LANG_ZH].len > 0, verb->notes.in[LANG_EN].len > 0);
        for (size_t k = 0; k < ARGUMENTS_MAX && verb->arguments[k].name; k++)
            check_text(verb->name, verb->arguments[k].help);
        for (size_t k = 0; k < OPTIONS_MAX && verb->options[k].name; k++)
            check_text(verb->name, verb->options[k].help);
    }
}

static void no_two_verbs_and_no_two_options_are_called_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i < verb_count; i++) {
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(verbs[i]->name, verbs[k]->name);
        for (size_t k = 0; k < OPTIONS_MAX && verbs[i]->options[k].name; k++) {
            for (size_t m = 0; m < k; m++)
                assert_string_not_equal(verbs[i]->options[k].name, verbs[i]->options[m].name);
            for (size_t m = 0; m < COMMON_COUNT; m++)
                assert_string_not_equal(verbs[i]->options[k].name, options_common[m].name);
        }
    }
}

static void help_names_every_argument_and_option(void **state)
{
    Cli cli = cli_new(*state);
    for (size_t i = 0; i < verb_count; i++) {
        Str text = help_verb(&cli, verbs[i]);
        for (size_t k = 0; k < ARGUMENTS_MAX && verbs[i]->arguments[k].name; k++)
            assert_true(has(text, verbs[i]->arguments[k].name));
        for (size_t k = 0; k < OPTIONS_MAX && verbs[i]->options[k].name; k++)
            assert_true(has(text, str_printf(*state, "--%s", verbs[i]->options[k].name).ptr));
        assert_true(has(help_all(&cli, verbs, verb_count), verbs[i]->name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(arguments_and_options_come_in_any_order),
        TEST(what_is_not_given_is_absent),
        TEST(an_optional_argument_is_there_or_not),
        TEST(a_dash_is_an_argument_and_two_end_the_options),
        TEST(verbs_of_two_words_are_found),
        TEST(wrong_usage_says_what_is_wrong),
        TEST(language_and_json_may_stand_in_front_of_the_verb),
        TEST(help_is_given_whatever_else_is_wrong),
        TEST(words_that_are_no_text_are_refused),
        TEST(the_language_is_that_of_the_option_then_of_the_environment_then_chinese),
        TEST(numbers_are_whole_and_in_range),
        TEST(counts_have_thousand_marks),
        TEST(every_verb_explains_itself_in_both_languages),
        TEST(no_two_verbs_and_no_two_options_are_called_alike),
        TEST(help_names_every_argument_and_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
