/* cli/relay.c: firstmile relay: where the city hands over its mail. */
#include "cli/deliveries.h"
#include "cli/password.h"
#include "cli/table.h"
#include "cli/verbs.h"

#define RELAY STR("/api/v1/local/relay")

static void print_relay(Cli *cli, const Json *relay)
{
    static const char *const members[] = { "url", "from", "link", "login" };
    bool                     sends = false, plain = false;
    Table                    table = table_new(cli->arena, 2);
    json_truth(json_get(relay, STR("sends")), &sends);
    json_truth(json_get(relay, STR("plain")), &plain);
    if (cli->json) {
        cli_print_json(cli, relay);
        return;
    }
    if (!sends) {
        cli_print(SAY(cli, TEXT("没有设置邮件中继，不发邮件。", "No mail relay is set; no mail is sent.")));
        return;
    }
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (json_get(relay, str_from(members[i])))
            table_row(&table, (const Str[]){ str_from(members[i]), json_text(json_get(relay, str_from(members[i]))) });
    if (plain)
        table_row(&table, (const Str[]){ STR("plain"), SAY(cli, TEXT("不加密", "unencrypted")) });
    table_print(&table);
}

static void set_option(Cli *cli, Json *body, const char *option)
{
    if (cli_option(cli, option).ptr)
        json_set_str(cli->arena, body, str_from(option), cli_option(cli, option));
}

static Err run_set(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *relay;
    Json                 *body = json_object(cli->arena);
    Str                   password;
    set_option(cli, body, "url");
    set_option(cli, body, "from");
    set_option(cli, body, "link");
    if (cli_option(cli, "login").ptr) {
        set_option(cli, body, "login");
        TRY(password_read(cli, cli_option(cli, "password-file"), &password));
        json_set_str(cli->arena, body, STR("password"), password);
    }
    json_set_bool(cli->arena, body, STR("plain"), cli_switch(cli, "plain"));
    TRY(ask_open(cli, &client));
    TRY(ask_post(cli, client, STR_NONE, RELAY, body, &relay));
    print_relay(cli, relay);
    return ERR_OK;
}

const Verb verb_relay_set = {
    .name = "relay set",
    .summary = TEXT_INIT("设置邮件中继：通知也发邮件", "set the mail relay: notices go by mail as well"),
    .notes = TEXT_INIT(
        "存放在密钥目录里，不进备份。密码从文件或标准输入读。",
        "Kept in the key directory and in no backup. The password is read from a file or standard input."),
    .arguments = { ARGUMENT_DIR },
    .options = { { "url", "URL",
                   TEXT_INIT("smtp://主机[:端口] 或 smtps://主机[:端口]", "smtp://HOST[:PORT] or smtps://HOST[:PORT]"),
                   .needed = true },
                 { "from", "ADDRESS", TEXT_INIT("发件人地址", "address of the sender"), .needed = true },
                 { "link", "URL",
                   TEXT_INIT("邮件里的链接以此开头，如 https://firstmile.example",
                             "what links in mails begin with, such as https://firstmile.example"),
                   .needed = true },
                 { "login", "NAME", TEXT_INIT("中继的用户名", "sign-in at the relay") },
                 { "password-file", "FILE", TEXT_INIT("密码所在的文件", "file that holds the password") },
                 { "plain", NULL, TEXT_INIT("不加密，只用于本机上的中继", "unencrypted, for a relay on this machine") },
                 OPTION_KEY_DIR },
    .run = run_set,
};

static Err run_show(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *relay;
    TRY(ask_open(cli, &client));
    TRY(ask_get(cli, client, STR_NONE, RELAY, &relay));
    print_relay(cli, relay);
    return ERR_OK;
}

const Verb verb_relay_show = {
    .name = "relay show",
    .summary = TEXT_INIT("邮件中继的设置（不含密码）", "how the mail relay is set (without the password)"),
    .arguments = { ARGUMENT_DIR },
    .options = { OPTION_KEY_DIR },
    .run = run_show,
};

static Err run_end(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *nothing;
    TRY(ask_open(cli, &client));
    return ask(cli, client, (AppRequest){ .method = METHOD_DELETE, .target = RELAY }, &nothing);
}

const Verb verb_relay_end = {
    .name = "relay end",
    .summary = TEXT_INIT("不再发邮件", "send no more mail"),
    .arguments = { ARGUMENT_DIR },
    .options = { OPTION_KEY_DIR },
    .run = run_end,
};

static Err run_log(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    TRY(ask_open(cli, &client));
    return deliveries_log(cli, client, STR("/api/v1/local/relay/deliveries"));
}

const Verb verb_relay_log = {
    .name = "relay log",
    .summary = TEXT_INIT("邮件的发送记录", "what became of mails"),
    .notes = DELIVERY_STATES_NOTE,
    .arguments = { ARGUMENT_DIR },
    .options = { OPTION_STATE, OPTION_BEFORE, OPTION_KEY_DIR },
    .run = run_log,
};

static Err run_resend(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *nothing;
    Str                   target;
    TRY(ask_open(cli, &client));
    TRY(ASK_PATH(cli, &target, STR("local"), STR("relay"), STR("deliveries"), cli_argument(cli, "DELIVERY"),
                 STR("resend")));
    return ask_post(cli, client, STR_NONE, target, json_object(cli->arena), &nothing);
}

const Verb verb_relay_resend = {
    .name = "relay resend",
    .summary = TEXT_INIT("再次发送一封邮件", "send a mail again"),
    .arguments = { ARGUMENT_DIR,
                   { "DELIVERY", TEXT_INIT("发送的标识（relay log）", "id of the delivery (relay log)") } },
    .options = { OPTION_KEY_DIR },
    .run = run_resend,
};
