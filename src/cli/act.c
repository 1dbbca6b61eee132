/* cli/act.c: firstmile act: one step of a record. */
#include "cli/types.h"
#include "cli/verbs.h"

/* The values of --data, an object of fields; {} when nothing is given. */
static Err read_data(Cli *cli, Json **out)
{
    Str text = cli_option(cli, "data");
    *out = json_object(cli->arena);
    if (!text.ptr)
        return ERR_OK;
    TRY(json_parse(cli->arena, text, out));
    if ((*out)->kind == JSON_OBJECT)
        return ERR_OK;
    return CLI_FAIL(cli, err_make(ECODE_HTTP_PARAMETER, "--data"), ARG("name", STR("--data")),
                    ARG_TEXT("expected", TEXT("JSON 对象", "a JSON object")));
}

/* Where the step goes: creating, editing and the others each have an address of their own (contract, section 3). */
static Err address(Cli *cli, AppRequest *request, const char **inputs)
{
    Str type = cli_argument(cli, "TYPE"), id = cli_argument(cli, "ID"), action = cli_argument(cli, "ACTION");
    *inputs = "fields";
    request->method = METHOD_POST;
    if (str_eq(action, STR("create")) != str_eq(id, STR("-")))
        return CLI_USAGE(
            cli, TEXT("create 的 ID 写作 -，其他步骤须写明 ID", "create takes - for ID, every other step an id"));
    if (str_eq(action, STR("create")))
        return ASK_PATH(cli, &request->target, STR("records"), type);
    if (str_eq(action, STR("edit"))) {
        if (!cli_option(cli, "if-match").ptr)
            return CLI_USAGE(
                cli, TEXT("修改须写明所依据的版本：--if-match N", "edit needs the version it rests on: --if-match N"));
        request->method = METHOD_PATCH;
        return ASK_PATH(cli, &request->target, STR("records"), type, id);
    }
    *inputs = "input";
    return ASK_PATH(cli, &request->target, STR("records"), type, id, STR("actions"), action);
}

static Err compose(Cli *cli, AppRequest *request)
{
    const char *inputs;
    Json       *data, *body = json_object(cli->arena);
    int64_t     version;
    TRY(address(cli, request, &inputs));
    TRY(cli_number(cli, "if-match", 1, INT64_MAX, -1, &version));
    TRY(read_data(cli, &data));
    json_set(body, str_from(inputs), data);
    Buf buf = buf_new(cli->arena, SIZE_MAX);
    json_write(&buf, body);
    request->body = buf_str(&buf);
    request->as = cli_option(cli, "as");
    if (version >= 0)
        request->if_match = str_printf(cli->arena, "\"%lld\"", (long long)version);
    return ERR_OK;
}

/* Its number, else what names it: for that the record is asked for once more, with its parent. */
static Err name_of(Cli *cli, Client *client, const Json *type, const Json *record, Str *out)
{
    *out = json_text(json_get(record, STR("number")));
    if (out->len)
        return ERR_OK;
    TRY(types_record(cli, client, cli_argument(cli, "TYPE"), json_text(json_get(record, STR("id"))), types_parent(type),
                     &record));
    *out = types_title(cli, type, record);
    return ERR_OK;
}

/* "成果 POC-2026-00002：已入池，第 3 版" and the id; a record that the step took out of sight has its id alone. */
static Err print_text(Cli *cli, Client *client, const Json *record)
{
    const Json *type;
    int64_t     version;
    Str         name;
    cli_print(json_text(json_get(record, STR("id"))));
    if (!json_int(json_get(record, STR("version")), &version))
        return ERR_OK;
    TRY(types_get(cli, client, cli_option(cli, "as"), cli_argument(cli, "TYPE"), cli->lang, &type));
    TRY(name_of(cli, client, type, record, &name));
    cli_print(SAY(cli, TEXT("{type} {name}：{state}，第 {version} 版", "{type} {name}: {state}, version {version}"),
                  ARG("type", json_text(json_get(type, STR("label")))), ARG("name", name),
                  ARG("state", types_state(type, record)),
                  ARG("version", str_printf(cli->arena, "%lld", (long long)version))));
    return ERR_OK;
}

static Err run(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    AppRequest            request = { 0 };
    const Json           *record;
    TRY(compose(cli, &request));
    TRY(ask_open(cli, &client));
    TRY(ask(cli, client, request, &record));
    if (!cli->json)
        return print_text(cli, client, record);
    cli_print_json(cli, record);
    return ERR_OK;
}

const Verb verb_act = {
    .name = "act",
    .summary = TEXT_INIT("办理一个步骤", "take a step"),
    .notes = TEXT_INIT("新建：firstmile act DIR TYPE - create --data '{\"title\":\"…\"}'\n"
                       "修改：firstmile act DIR TYPE ID edit --if-match N --data '{\"title\":\"…\"}'",
                       "To create: firstmile act DIR TYPE - create --data '{\"title\":\"…\"}'\n"
                       "To edit: firstmile act DIR TYPE ID edit --if-match N --data '{\"title\":\"…\"}'"),
    .arguments = { ARGUMENT_DIR,
                   ARGUMENT_TYPE,
                   ARGUMENT_ID,
                   { "ACTION", TEXT_INIT("步骤，如 submit", "the step, such as submit") } },
    .options = { { "data", "JSON", TEXT_INIT("字段的值，JSON 对象", "values of fields, a JSON object") },
                 { "if-match", "N",
                   TEXT_INIT("所依据的版本；已有更新则不办理；edit 必填",
                             "version it rests on; refused when there is a newer one; edit needs it") },
                 OPTION_AS,
                 OPTION_KEY_DIR },
    .run = run,
};
