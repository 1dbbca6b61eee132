/* cli/membership.c: firstmile membership: who acts for which organisation, in which role. */
#include "base/limits.h"
#include "cli/parties.h"
#include "cli/table.h"
#include "cli/types.h"
#include "cli/verbs.h"

/* ---- add ---- */

static Err person_of(Cli *cli, Client *client, Str *out)
{
    Str         login = cli_option(cli, "login"), person = cli_option(cli, "person");
    const Json *user;
    if (!login.ptr == !person.ptr)
        return CLI_USAGE(cli, TEXT("须给出 --login 或 --person 之一", "one of --login and --person must be given"));
    *out = person;
    if (person.ptr)
        return ERR_OK;
    TRY(parties_user(cli, client, login, &user));
    *out = json_text(json_get(user, STR("person")));
    return ERR_OK;
}

static Err run_add(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    Str                   person = STR_NONE, organisation = STR_NONE;
    const Json           *made;
    Json                 *body = json_object(cli->arena);
    TRY(ask_open(cli, &client));
    TRY(person_of(cli, client, &person));
    TRY(parties_organisation(cli, client, cli_option(cli, "organisation"), &organisation));
    json_set_str(cli->arena, body, STR("person"), person);
    json_set_str(cli->arena, body, STR("organisation"), organisation);
    json_set_str(cli->arena, body, STR("role"), cli_option(cli, "role"));
    if (cli_option(cli, "from").ptr)
        json_set_str(cli->arena, body, STR("valid_from"), cli_option(cli, "from"));
    if (cli_option(cli, "to").ptr)
        json_set_str(cli->arena, body, STR("valid_to"), cli_option(cli, "to"));
    TRY(ask_post(cli, client, STR_NONE, STR("/api/v1/local/memberships"), body, &made));
    if (cli->json)
        cli_print_json(cli, made);
    else
        cli_print(json_text(json_get(made, STR("id"))));
    return ERR_OK;
}

const Verb verb_membership_add = {
    .name = "membership add",
    .summary = TEXT_INIT("登记任职", "let a person act for an organisation"),
    .arguments = { ARGUMENT_DIR },
    .options = { { "login", "LOGIN", TEXT_INIT("谁：登录名", "who, by login") },
                 { "person", "ID", TEXT_INIT("谁：人员的标识", "who, by the id of the person") },
                 { "organisation", "ID|NAME", TEXT_INIT("机构", "the organisation"), .needed = true },
                 { "role", "ROLE", TEXT_INIT("角色，如 researcher", "the role, such as researcher"), .needed = true },
                 { "from", "DATE", TEXT_INIT("起始日（默认今天）", "first day (default: today)") },
                 { "to", "DATE", TEXT_INIT("截止日（默认无）", "last day (default: none)") },
                 OPTION_KEY_DIR },
    .run = run_add,
};

/* ---- list ---- */

static Err next_page(Cli *cli, Client *client, Str cursor, const Json **out)
{
    Buf target = buf_new(cli->arena, SIZE_MAX);
    buf_add(&target, STR("/api/v1/records/membership"));
    ask_query(&target, "expand", STR("person,organisation"));
    ask_query(&target, "limit", str_printf(cli->arena, "%d", LIMIT_LIST_ROWS));
    if (cursor.len)
        ask_query(&target, "cursor", cursor);
    return ask_get(cli, client, cli_option(cli, "as"), buf_str(&target), out);
}

static void add_row(const Cli *cli, const Json *type, const Json *record, Table *table)
{
    const Json       *fields = json_get(record, STR("fields")), *known = json_get(type, STR("fields"));
    const char *const shown[] = { "person", "role", "organisation", "valid_from", "valid_to" };
    Str               cells[7] = { json_text(json_get(record, STR("id"))) };
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        cells[i + 1] = types_shown(cli, types_named(known, "name", str_from(shown[i])),
                                   json_get(fields, str_from(shown[i])));
    cells[6] = types_state(type, record);
    table_row(table, cells);
}

static Err run_list(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *type, *page;
    Str                   cursor = STR_NONE;
    Table                 table = table_new(cli->arena, 7);
    Json                 *all = json_object(cli->arena), *items = json_set(all, STR("items"), json_array(cli->arena));
    TRY(ask_open(cli, &client));
    TRY(types_get(cli, client, cli_option(cli, "as"), STR("membership"), cli->lang, &type));
    do {
        TRY(next_page(cli, client, cursor, &page));
        cursor = json_text(json_get(page, STR("next")));
        JSON_EACH(record, json_get(page, STR("items"))) {
            add_row(cli, type, record, &table);
            json_push(items, json_dup(cli->arena, record));
        }
    } while (cursor.len);
    if (cli->json)
        cli_print_json(cli, all);
    else
        table_print(&table);
    return ERR_OK;
}

const Verb verb_membership_list = {
    .name = "membership list",
    .summary = TEXT_INIT("列出任职", "list memberships"),
    .notes = TEXT_INIT("每行：标识、人员、角色、机构、起始日、截止日、状态。",
                       "Each line: id, person, role, organisation, first day, last day, state."),
    .arguments = { ARGUMENT_DIR },
    .options = { OPTION_AS, OPTION_KEY_DIR },
    .run = run_list,
};

/* ---- end ---- */

static Err run_end(Cli *cli) { return parties_end(cli, STR("memberships"), "ID"); }

const Verb verb_membership_end = {
    .name = "membership end",
    .summary = TEXT_INIT("终止任职，今天为截止日", "end a membership; today is its last day"),
    .arguments = { ARGUMENT_DIR, ARGUMENT_ID },
    .options = { OPTION_KEY_DIR },
    .run = run_end,
};
