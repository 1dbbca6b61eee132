/* cli/rebuild.c: firstmile rebuild: folds the events into new record tables. */
#include "kernel/rebuild.h"

#include "cli/client.h"
#include "cli/verbs.h"

static Err fold(Cli *cli, Str dir, int64_t *events)
{
    OWNED(city) City *city = NULL;
    TRY(client_refuse_served(dir));
    TRY(city_open(dir, cli_option(cli, "key-dir"), cli->env, &city));
    return rebuild(city, events);
}

static Err run(Cli *cli)
{
    Str     dir = cli_argument(cli, "DIR");
    int64_t events;
    Err     err = fold(cli, dir, &events);
    if (err.kind)
        return CLI_FAIL(cli, err, ARG("dir", dir), ARG("path", dir));
    Json *json = json_object(cli->arena);
    json_set_int(cli->arena, json, STR("events"), events);
    if (cli->json)
        cli_print_json(cli, json);
    else
        cli_print(SAY(cli, TEXT("已由 {count} 个事件重建", "rebuilt from {count} events"),
                      ARG("count", cli_count(cli->arena, events))));
    return ERR_OK;
}

const Verb verb_rebuild = {
    .name = "rebuild",
    .summary = TEXT_INIT("由事件重建全部记录表", "rebuild all record tables from the events"),
    .notes = TEXT_INIT("先停止 serve。", "Stop serve first."),
    .arguments = { ARGUMENT_DIR },
    .options = { OPTION_KEY_DIR },
    .run = run,
};
