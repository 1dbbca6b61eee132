/* cli/user.c: firstmile user: who may sign in. */
#include "cli/parties.h"
#include "cli/password.h"
#include "cli/table.h"
#include "cli/verbs.h"

/* ---- add ---- */

/* A new person, with their organisation and role. */
static Err new_user(Cli *cli, Client *client, Json *body, Str *target)
{
    const char *const needed[] = { "name", "organisation", "role" };
    Str               organisation;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (!cli_option(cli, needed[i]).ptr)
            return CLI_USAGE(cli,
                             TEXT("缺少 --{name}（或用 --person 指明已有人员）",
                                  "--{name} is missing (or name somebody who is there by --person)"),
                             ARG("name", str_from(needed[i])));
    TRY(parties_organisation(cli, client, cli_option(cli, "organisation"), &organisation));
    json_set_str(cli->arena, body, STR("name"), cli_option(cli, "name"));
    json_set_str(cli->arena, body, STR("organisation"), organisation);
    json_set_str(cli->arena, body, STR("role"), cli_option(cli, "role"));
    *target = STR("/api/v1/local/users");
    return ERR_OK;
}

static Err run_add(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    Str                   password, target = STR("/api/v1/local/credentials");
    const Json           *made;
    Json                 *body = json_object(cli->arena);
    TRY(ask_open(cli, &client));
    json_set_str(cli->arena, body, STR("login"), cli_option(cli, "login"));
    if (cli_option(cli, "person").ptr)
        json_set_str(cli->arena, body, STR("person"), cli_option(cli, "person"));
    else
        TRY(new_user(cli, client, body, &target));
    TRY(password_read(cli, cli_option(cli, "password-file"), &password));
    json_set_str(cli->arena, body, STR("password"), password);
    TRY(ask_post(cli, client, STR_NONE, target, body, &made));
    if (cli->json)
        cli_print_json(cli, made);
    else
        cli_print(SAY(cli, TEXT("{login} 可以登录了（人员 {person}）", "{login} may sign in now (person {person})"),
                      ARG("login", json_text(json_get(made, STR("login")))),
                      ARG("person", json_text(json_get(made, STR("person"))))));
    return ERR_OK;
}

const Verb verb_user_add = {
    .name = "user add",
    .summary = TEXT_INIT("让一个人可以登录", "let a person sign in"),
    .notes = TEXT_INIT(
        "新人员须给出 --name、--organisation、--role；已有人员用 --person，原有的登录名和密码即被替换。\n"
        "密码取自 --password-file 或标准输入的第一行。",
        "Somebody new needs --name, --organisation and --role; --person gives somebody who is there a new login and\n"
        "password. The password is the first line of --password-file or of standard input."),
    .arguments = { ARGUMENT_DIR },
    .options = { { "login", "LOGIN", TEXT_INIT("登录名", "the login"), .needed = true },
                 { "name", "NAME", TEXT_INIT("姓名", "name of the person") },
                 { "organisation", "ID|NAME", TEXT_INIT("所属机构", "their organisation") },
                 { "role", "ROLE", TEXT_INIT("角色，如 researcher", "their role, such as researcher") },
                 { "person", "ID", TEXT_INIT("已有的人员", "a person who is there") },
                 { "password-file", "FILE", TEXT_INIT("密码所在的文件", "file with the password") },
                 OPTION_KEY_DIR },
    .run = run_add,
};

/* ---- list ---- */

/* "科研人员·临港理工大学, …" of the running memberships */
static Str memberships(const Cli *cli, const Json *user)
{
    Buf buf = buf_new(cli->arena, SIZE_MAX);
    JSON_EACH(one, json_get(user, STR("memberships")))
        buf_printf(&buf, "%s%.*s · %.*s", buf.len ? ", " : "", STR_FMT(json_text(json_get(one, STR("role_label")))),
                   STR_FMT(json_text(json_get(json_get(one, STR("organisation")), STR("name")))));
    return buf_str(&buf);
}

static Err run_list(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *users;
    TRY(ask_open(cli, &client));
    TRY(ask_get(cli, client, STR_NONE, STR("/api/v1/local/users"), &users));
    if (cli->json) {
        cli_print_json(cli, users);
        return ERR_OK;
    }
    Table table = table_new(cli->arena, 3);
    JSON_EACH(user, json_get(users, STR("items")))
        table_row(&table, (const Str[]){ json_text(json_get(user, STR("login"))),
                                         json_text(json_get(user, STR("name"))), memberships(cli, user) });
    table_print(&table);
    return ERR_OK;
}

const Verb verb_user_list = {
    .name = "user list",
    .summary = TEXT_INIT("列出可以登录的人", "list who may sign in"),
    .arguments = { ARGUMENT_DIR },
    .options = { OPTION_KEY_DIR },
    .run = run_list,
};

/* ---- end ---- */

static Err run_end(Cli *cli) { return parties_end(cli, STR("credentials"), "LOGIN"); }

const Verb verb_user_end = {
    .name = "user end",
    .summary = TEXT_INIT("终止登录，及其会话和令牌", "end a sign-in, with its sessions and tokens"),
    .arguments = { ARGUMENT_DIR, { "LOGIN", TEXT_INIT("登录名", "the login") } },
    .options = { OPTION_KEY_DIR },
    .run = run_end,
};
