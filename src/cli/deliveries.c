#include "cli/deliveries.h"

#include "cli/table.h"

/* The last try: its status or what went wrong. */
static Str last_try(Cli *cli, const Json *delivery)
{
    const Json *tries = json_get(delivery, STR("tries"));
    int64_t     status;
    if (!tries || !tries->last)
        return STR("-");
    if (json_int(json_get(tries->last, STR("status")), &status))
        return str_printf(cli->arena, "%lld", (long long)status);
    return json_text(json_get(tries->last, STR("problem")));
}

Err deliveries_log(Cli *cli, Client *client, Str path)
{
    const Json *log;
    Buf         target = buf_new(cli->arena, SIZE_MAX);
    buf_add(&target, path);
    ask_query(&target, "state", cli_option(cli, "state"));
    ask_query(&target, "before", cli_option(cli, "before"));
    TRY(ask_get(cli, client, STR_NONE, buf_str(&target), &log));
    if (cli->json) {
        cli_print_json(cli, log);
        return ERR_OK;
    }
    Table table = table_new(cli->arena, 5);
    JSON_EACH(delivery, json_get(log, STR("items"))) {
        const Json *tries = json_get(delivery, STR("tries"));
        table_row(&table,
                  (const Str[]){ json_text(json_get(delivery, STR("id"))), json_text(json_get(delivery, STR("type"))),
                                 json_text(json_get(delivery, STR("state"))),
                                 cli_count(cli->arena, tries ? (int64_t)tries->count : 0), last_try(cli, delivery) });
    }
    table_print(&table);
    return ERR_OK;
}
