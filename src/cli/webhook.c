/* cli/webhook.c: firstmile webhook: programs elsewhere that are told what happens. */
#include "cli/deliveries.h"
#include "cli/parties.h"
#include "cli/table.h"
#include "cli/verbs.h"

#define WEBHOOKS STR("/api/v1/local/webhooks")
/* clang-format off */
#define ARGUMENT_WEBHOOK { "WEBHOOK", TEXT_INIT("网络通知的标识（webhook list）", "id of the webhook (webhook list)") }
/* clang-format on */

static void set_names(Cli *cli, Json *body, const char *option)
{
    Str names = cli_option(cli, option);
    if (!names.ptr)
        return;
    Json *list = json_set(body, str_from(option), json_array(cli->arena));
    while (names.len)
        json_push(list, json_string(cli->arena, str_trim(str_cut(&names, ','))));
}

static Err run_add(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *made;
    Json                 *body = json_object(cli->arena);
    TRY(ask_open(cli, &client));
    json_set_str(cli->arena, body, STR("login"), cli_option(cli, "as"));
    json_set_str(cli->arena, body, STR("url"), cli_option(cli, "url"));
    if (cli_option(cli, "membership").ptr)
        json_set_str(cli->arena, body, STR("membership"), cli_option(cli, "membership"));
    set_names(cli, body, "types");
    set_names(cli, body, "actions");
    json_set_bool(cli->arena, body, STR("private"), cli_switch(cli, "private"));
    TRY(ask_post(cli, client, STR_NONE, WEBHOOKS, body, &made));
    if (cli->json) {
        cli_print_json(cli, made);
        return ERR_OK;
    }
    cli_print(json_text(json_get(made, STR("id"))));
    cli_print(json_text(json_get(made, STR("secret"))));
    return ERR_OK;
}

const Verb verb_webhook_add = {
    .name = "webhook add",
    .summary = TEXT_INIT("把发生的事通知另一个程序", "tell a program elsewhere what happens"),
    .notes = TEXT_INIT("打印标识和签名密钥；密钥只显示这一次。发送的内容不超出该任职所能看到的。",
                       "Prints the id and the secret that signs, which is shown this once. What is sent is what that "
                       "membership may see."),
    .arguments = { ARGUMENT_DIR },
    .options = { { "url", "URL", TEXT_INIT("发往何处", "where to"), .needed = true },
                 { "as", "LOGIN", TEXT_INIT("以谁的权限", "by whose rights"), .needed = true },
                 { "membership", "ID",
                   TEXT_INIT("以其哪一项任职（默认最早的一项）",
                             "as which of their memberships (default: the oldest)") },
                 { "types", "NAMES",
                   TEXT_INIT("只通知这些记录类型，逗号分隔", "these types of record only, with commas between") },
                 { "actions", "NAMES", TEXT_INIT("只通知这些步骤，逗号分隔", "these steps only, with commas between") },
                 { "private", NULL,
                   TEXT_INIT("允许内网地址和 http://", "allow an address in a private network, and http://") },
                 OPTION_KEY_DIR },
    .run = run_add,
};

static Str names_text(Cli *cli, const Json *list)
{
    Buf out = buf_new(cli->arena, SIZE_MAX);
    JSON_EACH(name, list) {
        if (out.len)
            buf_char(&out, ',');
        buf_add(&out, name->text);
    }
    return out.len ? buf_str(&out) : STR("*");
}

static Err run_list(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *webhooks;
    TRY(ask_open(cli, &client));
    TRY(ask_get(cli, client, STR_NONE, WEBHOOKS, &webhooks));
    if (cli->json) {
        cli_print_json(cli, webhooks);
        return ERR_OK;
    }
    Table table = table_new(cli->arena, 5);
    JSON_EACH(webhook, json_get(webhooks, STR("items"))) {
        table_row(&table,
                  (const Str[]){ json_text(json_get(webhook, STR("id"))), json_text(json_get(webhook, STR("url"))),
                                 names_text(cli, json_get(webhook, STR("types"))),
                                 names_text(cli, json_get(webhook, STR("actions"))), parties_standing(cli, webhook) });
    }
    table_print(&table);
    return ERR_OK;
}

const Verb verb_webhook_list = {
    .name = "webhook list",
    .summary = TEXT_INIT("列出网络通知", "list webhooks"),
    .notes = TEXT_INIT("每行：标识、网址、记录类型、步骤、是否有效。",
                       "Each line: id, URL, types, steps, whether it runs."),
    .arguments = { ARGUMENT_DIR },
    .options = { OPTION_KEY_DIR },
    .run = run_list,
};

static Err run_end(Cli *cli) { return parties_end(cli, STR("webhooks"), "WEBHOOK"); }

const Verb verb_webhook_end = {
    .name = "webhook end",
    .summary = TEXT_INIT("终止网络通知", "end a webhook"),
    .arguments = { ARGUMENT_DIR, ARGUMENT_WEBHOOK },
    .options = { OPTION_KEY_DIR },
    .run = run_end,
};

static Err run_renew(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *made;
    Str                   target;
    TRY(ask_open(cli, &client));
    TRY(ASK_PATH(cli, &target, STR("local"), STR("webhooks"), cli_argument(cli, "WEBHOOK"), STR("secret")));
    TRY(ask_post(cli, client, STR_NONE, target, json_object(cli->arena), &made));
    if (cli->json)
        cli_print_json(cli, made);
    else
        cli_print(json_text(json_get(made, STR("secret"))));
    return ERR_OK;
}

const Verb verb_webhook_renew = {
    .name = "webhook renew",
    .summary = TEXT_INIT("换签名密钥", "make a new secret for a webhook"),
    .notes = TEXT_INIT("打印新密钥，只显示这一次；此后一天内新旧密钥同时签名。",
                       "Prints the new secret, this once; for a day both the new and the old one sign."),
    .arguments = { ARGUMENT_DIR, ARGUMENT_WEBHOOK },
    .options = { OPTION_KEY_DIR },
    .run = run_renew,
};

static Err run_log(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    Str                   path;
    TRY(ask_open(cli, &client));
    TRY(ASK_PATH(cli, &path, STR("local"), STR("webhooks"), cli_argument(cli, "WEBHOOK"), STR("deliveries")));
    return deliveries_log(cli, client, path);
}

const Verb verb_webhook_log = {
    .name = "webhook log",
    .summary = TEXT_INIT("网络通知的发送记录", "what became of a webhook's deliveries"),
    .notes = DELIVERY_STATES_NOTE,
    .arguments = { ARGUMENT_DIR, ARGUMENT_WEBHOOK },
    .options = { OPTION_STATE, OPTION_BEFORE, OPTION_KEY_DIR },
    .run = run_log,
};

static Err run_resend(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *nothing;
    Str                   target;
    TRY(ask_open(cli, &client));
    TRY(ASK_PATH(cli, &target, STR("local"), STR("webhooks"), cli_argument(cli, "WEBHOOK"), STR("deliveries"),
                 cli_argument(cli, "DELIVERY"), STR("resend")));
    return ask_post(cli, client, STR_NONE, target, json_object(cli->arena), &nothing);
}

const Verb verb_webhook_resend = {
    .name = "webhook resend",
    .summary = TEXT_INIT("再次发送", "send a delivery again"),
    .arguments = { ARGUMENT_DIR,
                   ARGUMENT_WEBHOOK,
                   { "DELIVERY", TEXT_INIT("发送的标识（webhook log）", "id of the delivery (webhook log)") } },
    .options = { OPTION_KEY_DIR },
    .run = run_resend,
};
