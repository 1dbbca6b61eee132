/* cli/options.c: see options.h. */
#include "cli/options.h"

#include "base/utf8.h"

const Option options_common[COMMON_COUNT] = {
    [COMMON_HELP] = { "help", NULL, TEXT_INIT("显示本命令的用法", "show how the verb is used") },
    [COMMON_JSON] = { "json", NULL, TEXT_INIT("以 JSON 输出，出错时也是", "print JSON, also when something fails") },
    [COMMON_LANG] = { "lang", "zh|en",
                      TEXT_INIT("语言（默认取自 LANG，否则中文）", "language (default: from LANG, else Chinese)") },
};

/* ---- one word ---- */

typedef struct Given { /* "--name" or "--name=value" */
    Str name, value;   /* value.ptr NULL: none in the same word */
} Given;

static bool is_option(Str word) { return word.len > 1 && word.ptr[0] == '-'; }

static Given given_of(Str word)
{
    Str    rest = str_slice(word, strlen("--"), word.len);
    size_t equals = str_find(rest, STR("="));
    return (Given){ .name = str_slice(rest, 0, equals),
                    .value = equals < rest.len ? str_slice(rest, equals + 1, rest.len) : STR_NONE };
}

static const Option *find_in(const Option *options, size_t max, Str name, size_t *at)
{
    for (*at = 0; *at < max && options[*at].name; (*at)++)
        if (str_eq(str_from(options[*at].name), name))
            return &options[*at];
    return NULL;
}

/* ---- manner ---- */

void options_manner(Cli *cli, Words words, const char *environment_lang)
{
    cli->lang = LANG_ZH;
    lang_parse(str_from(environment_lang), &cli->lang);
    for (size_t i = 0; i < words.count; i++) {
        Str word = str_from(words.items[i]);
        if (str_eq(word, STR("--")))
            return;
        if (str_eq(word, STR("--json")))
            cli->json = true;
        Given given = str_starts(word, STR("--")) ? given_of(word) : (Given){ .name = STR("") };
        if (!str_eq(given.name, STR("lang")))
            continue;
        if (!given.value.ptr && i + 1 < words.count)
            given.value = str_from(words.items[++i]);
        lang_parse(given.value, &cli->lang);
    }
}

/* ---- the verb ---- */

/* How many of the verb's words stand at the front: all of them (its length), or 0. */
static size_t verb_fits(const Verb *verb, Words words)
{
    Str    rest = str_from(verb->name);
    size_t count = 0;
    while (rest.len) {
        Str word = str_cut(&rest, ' ');
        if (count == words.count || !str_eq(word, str_from(words.items[count])))
            return 0;
        count++;
    }
    return count;
}

/* Names of the verbs, all or those that begin with the word. */
static Str verb_names(Arena *arena, const Verb *const *verbs, size_t verb_count, Str first)
{
    Str   *names = ARENA_ARRAY(arena, Str, verb_count);
    size_t count = 0;
    for (size_t i = 0; i < verb_count; i++) {
        Str rest = str_from(verbs[i]->name);
        if (!first.len || (str_eq(str_cut(&rest, ' '), first) && rest.len))
            names[count++] = str_from(verbs[i]->name);
    }
    return str_join(arena, names, count, STR(", "));
}

Err options_verb(Cli *cli, const Verb *const *verbs, size_t verb_count, Words *words)
{
    for (size_t i = 0; i < verb_count; i++) {
        size_t used = verb_fits(verbs[i], *words);
        if (!used)
            continue;
        cli->verb = verbs[i];
        words->items += used;
        words->count -= used;
        return ERR_OK;
    }
    Str all = verb_names(cli->arena, verbs, verb_count, STR_NONE);
    if (!words->count)
        return CLI_USAGE(cli, TEXT("缺少命令；可用：{known}", "a verb is missing; known are {known}"),
                         ARG("known", all));
    Str first = str_from(words->items[0]), family = verb_names(cli->arena, verbs, verb_count, first);
    return CLI_USAGE(cli, TEXT("不认识命令 {verb}；可用：{known}", "there is no verb {verb}; known are {known}"),
                     ARG("verb", first), ARG("known", family.len ? family : all));
}

/* ---- the rest ---- */

static Str option_names(Arena *arena, const Verb *verb)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    for (size_t i = 0; i < OPTIONS_MAX && verb->options[i].name; i++)
        buf_printf(&buf, "--%s, ", verb->options[i].name);
    for (size_t i = 0; i < COMMON_COUNT; i++)
        buf_printf(&buf, "--%s%s", options_common[i].name, i + 1 < COMMON_COUNT ? ", " : "");
    return buf_str(&buf);
}

static Err option_unknown(Cli *cli, Str word)
{
    return CLI_USAGE(cli, TEXT("不认识选项 {option}；可用：{known}", "there is no option {option}; known are {known}"),
                     ARG("option", word), ARG("known", option_names(cli->arena, cli->verb)));
}

/* The option's value: from the same word, or the next one, which *at then passes. */
static Err option_value(Cli *cli, const Option *option, Given given, Words words, size_t *at, Str *out)
{
    ErrArg name = ARG("name", str_from(option->name));
    if (!option->value && given.value.ptr)
        return CLI_USAGE(cli, TEXT("--{name} 不带值", "--{name} takes no value"), name);
    if (!option->value) {
        *out = STR("yes");
        return ERR_OK;
    }
    if (!given.value.ptr && *at + 1 == words.count)
        return CLI_USAGE(cli, TEXT("--{name} 缺少值 {value}", "--{name} needs a value: {value}"), name,
                         ARG("value", str_from(option->value)));
    *out = given.value.ptr ? given.value : str_from(words.items[++*at]);
    return ERR_OK;
}

/* lang and json have been read by options_manner(); here a wrong language is told. */
static Err take_common(Cli *cli, size_t which, Str value)
{
    Lang lang;
    if (which == COMMON_LANG && !lang_parse(value, &lang))
        return CLI_USAGE(cli, TEXT("--lang 应为 zh 或 en", "--lang must be zh or en"));
    return ERR_OK;
}

Err options_front(Cli *cli, Words *words)
{
    size_t at = 0, which;
    for (Str value; at < words->count; at++) {
        Str           word = str_from(words->items[at]);
        Given         given = str_starts(word, STR("--")) ? given_of(word) : (Given){ .name = STR("") };
        const Option *shared = find_in(options_common, COMMON_COUNT, given.name, &which);
        if (!shared || which == COMMON_HELP)
            break;
        TRY(option_value(cli, shared, given, *words, &at, &value));
        TRY(take_common(cli, which, value));
    }
    words->items += at;
    words->count -= at;
    return ERR_OK;
}

static Err take_option(Cli *cli, Words words, size_t *at)
{
    Str    word = str_from(words.items[*at]), value = STR_NONE;
    size_t own, common;
    if (!str_starts(word, STR("--")))
        return option_unknown(cli, word);
    Given         given = given_of(word);
    const Option *option = find_in(cli->verb->options, OPTIONS_MAX, given.name, &own);
    const Option *shared = find_in(options_common, COMMON_COUNT, given.name, &common);
    if (!option && !shared)
        return option_unknown(cli, word);
    TRY(option_value(cli, option ? option : shared, given, words, at, &value));
    if (!option)
        return take_common(cli, common, value);
    if (cli->options[own].ptr)
        return CLI_USAGE(cli, TEXT("--{name} 给了两次", "--{name} is given twice"), ARG("name", given.name));
    cli->options[own] = value;
    return ERR_OK;
}

static Err take_argument(Cli *cli, Str word, size_t *count)
{
    if (*count == ARGUMENTS_MAX || !cli->verb->arguments[*count].name)
        return CLI_USAGE(cli, TEXT("多余的参数 {word}", "one argument too many: {word}"), ARG("word", word));
    cli->arguments[(*count)++] = word;
    return ERR_OK;
}

static bool asks_help(Words words)
{
    for (size_t i = 0; i < words.count && strcmp(words.items[i], "--") != 0; i++)
        if (strcmp(words.items[i], "--help") == 0)
            return true;
    return false;
}

static Err check_all_given(Cli *cli, size_t arguments)
{
    if (arguments < ARGUMENTS_MAX && cli->verb->arguments[arguments].name && !cli->verb->arguments[arguments].optional)
        return CLI_USAGE(cli, TEXT("缺少参数 {name}", "the argument {name} is missing"),
                         ARG("name", str_from(cli->verb->arguments[arguments].name)));
    for (size_t i = 0; i < OPTIONS_MAX && cli->verb->options[i].name; i++)
        if (cli->verb->options[i].needed && !cli->options[i].ptr)
            return CLI_USAGE(cli, TEXT("缺少选项 --{name}", "the option --{name} is missing"),
                             ARG("name", str_from(cli->verb->options[i].name)));
    return ERR_OK;
}

Err options_read(Cli *cli, Words words, bool *help)
{
    size_t given = 0;
    bool   only_arguments = false;
    *help = asks_help(words);
    if (*help)
        return ERR_OK;
    for (size_t at = 0; at < words.count; at++) {
        Str word = str_from(words.items[at]);
        if (!utf8_valid(word))
            return err_make(ECODE_TEXT_ENCODING, "argument %zu", at + 1);
        if (!only_arguments && str_eq(word, STR("--")))
            only_arguments = true;
        else if (!only_arguments && is_option(word))
            TRY(take_option(cli, words, &at));
        else
            TRY(take_argument(cli, word, &given));
    }
    return check_all_given(cli, given);
}
