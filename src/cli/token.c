/* cli/token.c: firstmile token: what scripts sign in with. */
#include "cli/parties.h"
#include "cli/table.h"
#include "cli/types.h"
#include "cli/verbs.h"

static Err run_add(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *made;
    Json                 *body = json_object(cli->arena);
    TRY(ask_open(cli, &client));
    json_set_str(cli->arena, body, STR("login"), cli_option(cli, "as"));
    if (cli_option(cli, "membership").ptr)
        json_set_str(cli->arena, body, STR("membership"), cli_option(cli, "membership"));
    if (cli_option(cli, "label").ptr)
        json_set_str(cli->arena, body, STR("label"), cli_option(cli, "label"));
    TRY(ask_post(cli, client, STR_NONE, STR("/api/v1/local/tokens"), body, &made));
    if (cli->json)
        cli_print_json(cli, made);
    else
        cli_print(json_text(json_get(made, STR("token"))));
    return ERR_OK;
}

const Verb verb_token_add = {
    .name = "token add",
    .summary = TEXT_INIT("为脚本生成令牌", "make a token for scripts"),
    .notes = TEXT_INIT("令牌只显示这一次；请求时写 Authorization: Bearer 令牌。",
                       "The token is shown this once; requests carry it as Authorization: Bearer TOKEN."),
    .arguments = { ARGUMENT_DIR },
    .options = { { "as", "LOGIN", TEXT_INIT("以谁的身份办事", "as whom it acts"), .needed = true },
                 { "membership", "ID",
                   TEXT_INIT("以其哪一项任职（默认最早的一项）",
                             "as which of their memberships (default: the oldest)") },
                 { "label", "TEXT", TEXT_INIT("用途，便于日后辨认", "what it is for, to know it by later") },
                 OPTION_KEY_DIR },
    .run = run_add,
};

static Err run_list(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *tokens, *users;
    TRY(ask_open(cli, &client));
    TRY(ask_get(cli, client, STR_NONE, STR("/api/v1/local/tokens"), &tokens));
    if (cli->json) {
        cli_print_json(cli, tokens);
        return ERR_OK;
    }
    TRY(ask_get(cli, client, STR_NONE, STR("/api/v1/local/users"), &users));
    Table table = table_new(cli->arena, 5);
    JSON_EACH(token, json_get(tokens, STR("items"))) {
        Str         person = json_text(json_get(token, STR("person")));
        const Json *user = types_named(json_get(users, STR("items")), "person", person);
        table_row(&table, (const Str[]){ json_text(json_get(token, STR("id"))), json_text(json_get(user, STR("login"))),
                                         json_text(json_get(token, STR("label"))),
                                         json_text(json_get(token, STR("created"))), parties_standing(cli, token) });
    }
    table_print(&table);
    return ERR_OK;
}

const Verb verb_token_list = {
    .name = "token list",
    .summary = TEXT_INIT("列出令牌", "list tokens"),
    .notes = TEXT_INIT("每行：标识、登录名、用途、生成时间、是否有效。",
                       "Each line: id, login, label, when it was made, whether it runs."),
    .arguments = { ARGUMENT_DIR },
    .options = { OPTION_KEY_DIR },
    .run = run_list,
};

static Err run_end(Cli *cli) { return parties_end(cli, STR("tokens"), "ID"); }

const Verb verb_token_end = {
    .name = "token end",
    .summary = TEXT_INIT("终止令牌", "end a token"),
    .arguments = { ARGUMENT_DIR, { "ID", TEXT_INIT("令牌的标识（token list）", "id of the token (token list)") } },
    .options = { OPTION_KEY_DIR },
    .run = run_end,
};
