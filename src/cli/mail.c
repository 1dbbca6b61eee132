/* cli/mail.c: firstmile mail: whether one's notices come by mail as well. */
#include "cli/ask.h"
#include "cli/table.h"
#include "cli/verbs.h"

#define MAIL STR("/api/v1/mail")

static Str standing(const Cli *cli, const Json *mail)
{
    bool confirmed = false, waits = false;
    json_truth(json_get(mail, STR("confirmed")), &confirmed);
    json_truth(json_get(mail, STR("waits")), &waits);
    return confirmed ? SAY(cli, TEXT("已确认", "confirmed"))
           : waits   ? SAY(cli, TEXT("待确认，确认码已发出", "waits for the code that was sent"))
                     : SAY(cli, TEXT("未确认", "not confirmed"));
}

static void print_mail(Cli *cli, const Json *mail)
{
    bool  sends = false;
    Str   address = json_text(json_get(mail, STR("address")));
    Table table = table_new(cli->arena, 3);
    json_truth(json_get(mail, STR("sends")), &sends);
    if (cli->json)
        cli_print_json(cli, mail);
    else if (!sends)
        cli_print(SAY(cli, TEXT("本城不发邮件。", "This city sends no mail.")));
    else {
        table_row(&table, (const Str[]){ address.len ? address : STR("-"), json_text(json_get(mail, STR("wants"))),
                                         address.len ? standing(cli, mail) : STR("-") });
        table_print(&table);
    }
}

static Err run_show(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *mail;
    TRY(ask_open(cli, &client));
    TRY(ask_get(cli, client, cli_option(cli, "as"), MAIL, &mail));
    print_mail(cli, mail);
    return ERR_OK;
}

const Verb verb_mail_show = {
    .name = "mail show",
    .summary = TEXT_INIT("通知是否也发邮件", "whether notices come by mail as well"),
    .notes = TEXT_INIT(
        "地址、何时发（each 有通知就发，daily 每天一封，off 不发）、是否已确认。",
        "Address, when (each: when something happens, daily: once a day, off), whether it is confirmed."),
    .arguments = { ARGUMENT_DIR },
    .options = { OPTION_AS, OPTION_KEY_DIR },
    .run = run_show,
};

static Err run_set(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *mail;
    Json                 *body = json_object(cli->arena);
    TRY(ask_open(cli, &client));
    json_set_str(cli->arena, body, STR("address"), cli_option(cli, "address"));
    json_set_str(cli->arena, body, STR("wants"), cli_option(cli, "wants"));
    TRY(ask_post(cli, client, cli_option(cli, "as"), MAIL, body, &mail));
    print_mail(cli, mail);
    return ERR_OK;
}

const Verb verb_mail_set = {
    .name = "mail set",
    .summary = TEXT_INIT("通知也发到邮箱", "have notices sent by mail as well"),
    .notes = TEXT_INIT("新地址先收到一个确认码，用 mail confirm 填入后才开始发信。",
                       "A new address is sent a code first; mail comes once it was given to mail confirm."),
    .arguments = { ARGUMENT_DIR },
    .options = { { "address", "ADDRESS", TEXT_INIT("邮箱地址", "the address"), .needed = true },
                 { "wants", "WHEN", TEXT_INIT("何时发：each、daily 或 off", "when: each, daily or off"),
                   .needed = true },
                 OPTION_AS,
                 OPTION_KEY_DIR },
    .run = run_set,
};

static Err run_confirm(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *mail;
    Json                 *body = json_object(cli->arena);
    TRY(ask_open(cli, &client));
    json_set_str(cli->arena, body, STR("code"), cli_argument(cli, "CODE"));
    TRY(ask_post(cli, client, cli_option(cli, "as"), STR("/api/v1/mail/code"), body, &mail));
    print_mail(cli, mail);
    return ERR_OK;
}

const Verb verb_mail_confirm = {
    .name = "mail confirm",
    .summary = TEXT_INIT("确认邮箱地址", "confirm the address"),
    .arguments = { ARGUMENT_DIR, { "CODE", TEXT_INIT("邮件里的确认码", "the code in the mail") } },
    .options = { OPTION_AS, OPTION_KEY_DIR },
    .run = run_confirm,
};

static Err run_end(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *nothing;
    TRY(ask_open(cli, &client));
    return ask(cli, client, (AppRequest){ .method = METHOD_DELETE, .target = MAIL, .as = cli_option(cli, "as") },
               &nothing);
}

const Verb verb_mail_end = {
    .name = "mail end",
    .summary = TEXT_INIT("不再发信，并删去地址", "send nothing more and forget the address"),
    .arguments = { ARGUMENT_DIR },
    .options = { OPTION_AS, OPTION_KEY_DIR },
    .run = run_end,
};
