/* cli/main.c: the program. */
#include "cli/help.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "web/app.h"

#include <stdlib.h>

/* "firstmile webhook --help", "firstmile help webhook": of verbs of two words. */
static bool about_family(const Cli *cli, Str first)
{
    Str family = help_family(cli, verbs, verb_count, first);
    if (family.len)
        cli_print(family);
    return family.len > 0;
}

/* "firstmile help [VERB]", "firstmile --help", "firstmile version", "firstmile --version": about the program itself. */
static bool about(Cli *cli, Words words, Err *err)
{
    Str first = words.count ? str_from(words.items[0]) : STR_NONE;
    if (str_eq(first, STR("version")) || str_eq(first, STR("--version"))) {
        Json *json = json_object(cli->arena);
        json_set_str(cli->arena, json, STR("version"), STR(APP_VERSION));
        if (cli->json)
            cli_print_json(cli, json);
        else
            cli_print(STR("firstmile " APP_VERSION));
        return true;
    }
    bool asks = str_eq(first, STR("help")) || str_eq(first, STR("--help"));
    if (!asks)
        return words.count > 1 && str_eq(str_from(words.items[1]), STR("--help")) && about_family(cli, first);
    Words rest = { words.items + 1, words.count - 1 };
    if (!rest.count || words.items[1][0] == '-') {
        cli_print(help_all(cli, verbs, verb_count));
        return true;
    }
    bool alone = rest.count == 1 || rest.items[1][0] == '-';
    if (alone && about_family(cli, str_from(rest.items[0])))
        return true;
    *err = options_verb(cli, verbs, verb_count, &rest);
    if (!err->kind)
        cli_print(help_verb(cli, cli->verb));
    return true;
}

static Err run(Cli *cli, Words words)
{
    Err  err = ERR_OK;
    bool help;
    TRY(options_front(cli, &words));
    if (about(cli, words, &err))
        return err;
    TRY(options_verb(cli, verbs, verb_count, &words));
    TRY(options_read(cli, words, &help));
    if (!help)
        return cli->verb->run(cli);
    cli_print(help_verb(cli, cli->verb));
    return ERR_OK;
}

int main(int count, char **arguments)
{
    OWNED(arena) Arena *arena = arena_new();
    Cli                 cli = { .arena = arena, .env = env_system(), .problems = { .arena = arena } };
    Words               words = { (const char *const *)arguments + (count > 0), count > 0 ? (size_t)count - 1 : 0 };
    options_manner(&cli, words, getenv("LANG"));
    return cli_end(&cli, run(&cli, words));
}
