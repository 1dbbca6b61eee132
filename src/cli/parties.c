/* cli/parties.c: see parties.h. */
#include "cli/parties.h"

#include "base/uuid.h"
#include "cli/types.h"

static Err by_name(Cli *cli, Client *client, Str name, const Json **items)
{
    const Json *found;
    Buf         target = buf_new(cli->arena, SIZE_MAX);
    buf_add(&target, STR("/api/v1/local/organisations"));
    ask_query(&target, "name", name);
    TRY(ask_get(cli, client, STR_NONE, buf_str(&target), &found));
    *items = json_get(found, STR("items"));
    return ERR_OK;
}

Err parties_organisation(Cli *cli, Client *client, Str given, Str *out)
{
    const Json *items;
    *out = given;
    if (uuid_valid(given))
        return ERR_OK;
    TRY(by_name(cli, client, given, &items));
    if (items->count == 0) {
        PROBLEM(&cli->problems, ECODE_FIELD_REFERENCE, STR("organisation"), STR_NONE,
                ARG_TEXT("label", TEXT("机构", "Organisation")));
        return err_make(ECODE_FIELD_REFERENCE, "no organisation is called %.*s", STR_FMT(given));
    }
    *out = json_text(json_get(items->first, STR("id")));
    if (items->count == 1)
        return ERR_OK;
    Str   *ids = ARENA_ARRAY(cli->arena, Str, items->count);
    size_t count = 0;
    JSON_EACH(item, items)
        ids[count++] = json_text(json_get(item, STR("id")));
    return CLI_USAGE(cli,
                     TEXT("有 {count} 个机构叫“{name}”，请写标识：{ids}",
                          "{count} organisations are called “{name}”; give an id: {ids}"),
                     ARG("count", cli_count(cli->arena, (int64_t)count)), ARG("name", given),
                     ARG("ids", str_join(cli->arena, ids, count, STR(", "))));
}

Err parties_user(Cli *cli, Client *client, Str login, const Json **out)
{
    const Json *users;
    TRY(ask_get(cli, client, STR_NONE, STR("/api/v1/local/users"), &users));
    *out = types_named(json_get(users, STR("items")), "login", login);
    return *out ? ERR_OK : CLI_FAIL(cli, err_make(ECODE_LOGIN_UNKNOWN, ""), ARG("login", login));
}

Err parties_end(Cli *cli, Str what, const char *argument)
{
    OWNED(client) Client *client = NULL;
    const Json           *nothing;
    AppRequest            request = { .method = METHOD_DELETE };
    TRY(ask_open(cli, &client));
    TRY(ASK_PATH(cli, &request.target, STR("local"), what, cli_argument(cli, argument)));
    return ask(cli, client, request, &nothing);
}

Str parties_standing(const Cli *cli, const Json *item)
{
    Str ended = json_text(json_get(item, STR("ended")));
    return ended.len ? SAY(cli, TEXT("终止于 {when}", "ended {when}"), ARG("when", ended))
                     : SAY(cli, TEXT("有效", "running"));
}
