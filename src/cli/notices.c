/* cli/notices.c: firstmile notices: what one was told of; with --read those unread are then read. */
#include "cli/ask.h"
#include "cli/table.h"
#include "cli/verbs.h"

static Err mark_read(Cli *cli, Client *client, const Json *items)
{
    const Json *answer;
    int64_t     newest = 0;
    if (!items->first || !json_int(json_get(items->first, STR("id")), &newest))
        return ERR_OK;
    Json *body = json_object(cli->arena);
    json_set_int(cli->arena, body, STR("until"), newest);
    return ask_post(cli, client, cli_option(cli, "as"), STR("/api/v1/notices/read"), body, &answer);
}

static Str who_of(const Cli *cli, const Json *by)
{
    Str name = json_text(json_get(by, STR("name")));
    if (name.len)
        return name;
    return json_get(by, STR("system")) ? SAY(cli, TEXT("系统", "the system")) : STR("-");
}

static void print_items(Cli *cli, const Json *items)
{
    Table table = table_new(cli->arena, 6);
    JSON_EACH(item, items) {
        const Json *record = json_get(item, STR("record"));
        Str         title = json_text(json_get(record, STR("title")));
        bool        read = false;
        json_truth(json_get(item, STR("read")), &read);
        Str about = str_printf(cli->arena, "%.*s/%.*s", STR_FMT(json_text(json_get(record, STR("type")))),
                               STR_FMT(json_text(json_get(record, STR("id")))));
        table_row(&table, (const Str[]){ read ? STR("-") : SAY(cli, TEXT("未读", "unread")),
                                         json_text(json_get(item, STR("time"))), who_of(cli, json_get(item, STR("by"))),
                                         json_text(json_get(item, STR("label"))), about, title });
    }
    table_print(&table);
}

static Err run(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *answer;
    TRY(ask_open(cli, &client));
    TRY(ask_get(cli, client, cli_option(cli, "as"), STR("/api/v1/notices"), &answer));
    if (cli_option(cli, "read").ptr)
        TRY(mark_read(cli, client, json_get(answer, STR("items"))));
    if (cli->json)
        cli_print_json(cli, answer);
    else if (!json_get(answer, STR("items"))->count)
        cli_print(SAY(cli, TEXT("没有通知。", "No notices.")));
    else
        print_items(cli, json_get(answer, STR("items")));
    return ERR_OK;
}

const Verb verb_notices = {
    .name = "notices",
    .summary = TEXT_INIT("列出通知", "list what one was told of"),
    .notes = TEXT_INIT("每行：是否未读、时间、谁、步骤、记录（type/id）、名称。最近的 50 条。",
                       "Each line: whether unread, when, who, step, record (type/id), name. The newest 50."),
    .arguments = { ARGUMENT_DIR },
    .options = { { "read", NULL, TEXT_INIT("列出后标为已读", "mark them as read once they are listed") },
                 OPTION_AS,
                 OPTION_KEY_DIR },
    .run = run,
};
