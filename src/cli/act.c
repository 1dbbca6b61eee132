/* cli/act.c: firstmile act: one step of a record, or of each record that fits a filter. */
#include "base/limits.h"
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
static Err address(Cli *cli, Str id, AppRequest *request, const char **inputs)
{
    Str type = cli_argument(cli, "TYPE"), action = cli_argument(cli, "ACTION");
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

static Err compose(Cli *cli, Str id, AppRequest *request)
{
    const char *inputs;
    Json       *data, *body = json_object(cli->arena);
    int64_t     version;
    TRY(address(cli, id, request, &inputs));
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

/* ---- each record that fits ---- */

typedef struct Each {
    Cli    *cli;
    Client *client;
    Json   *ids;     /* found before the first step is taken: a step may change what fits */
    Json   *refused; /* {"id", "problem"} */
    int64_t taken;
} Each;

static Err find_page(Each *each, Arena *arena, Str *cursor)
{
    Cli        *cli = each->cli;
    AppRequest  request = { .method = METHOD_GET, .as = cli_option(cli, "as"), .lang = cli->lang };
    Buf         target = buf_new(arena, SIZE_MAX);
    const Json *page;
    Str         path;
    TRY(ASK_PATH(cli, &path, STR("records"), cli_argument(cli, "TYPE")));
    buf_add(&target, path);
    ask_query(&target, "filter", cli_option(cli, "filter"));
    ask_query(&target, "sort", STR("id"));
    ask_query(&target, "limit", str_printf(arena, "%d", LIMIT_LIST_ROWS));
    if (cursor->len)
        ask_query(&target, "cursor", *cursor);
    request.target = buf_str(&target);
    TRY(ask_in(cli, each->client, arena, &request, &page));
    JSON_EACH(item, json_get(page, STR("items")))
        json_push(each->ids, json_dup(cli->arena, json_get(item, STR("id"))));
    *cursor = str_dup(cli->arena, json_text(json_get(page, STR("next"))));
    return ERR_OK;
}

/* A refusal is told with the others; what is wrong with the city or the way to it ends the verb. */
static bool is_refusal(Err err)
{
    return err.kind == ERR_DENIED || err.kind == ERR_UNSEEN || err.kind == ERR_REFUSED || err.kind == ERR_STALE ||
           err.kind == ERR_INVALID;
}

/* Each reason, else what it is in all. */
static Str reasons_of(Arena *arena, const Json *problem)
{
    Buf         reasons = buf_new(arena, SIZE_MAX);
    const Json *errors = json_get(problem, STR("errors"));
    if (errors)
        JSON_EACH(error, errors) {
            buf_add(&reasons, reasons.len ? STR(" ") : STR_NONE);
            buf_add(&reasons, json_text(json_get(error, STR("text"))));
        }
    return reasons.len ? buf_str(&reasons) : json_text(json_get(problem, STR("detail")));
}

static Err take_step(Each *each, Arena *arena, AppRequest request, Str id)
{
    Cli        *cli = each->cli;
    const Json *done;
    TRY(ASK_PATH(cli, &request.target, STR("records"), cli_argument(cli, "TYPE"), id, STR("actions"),
                 cli_argument(cli, "ACTION")));
    Err err = ask_in(cli, each->client, arena, &request, &done);
    if (!is_refusal(err)) {
        each->taken += !err.kind;
        return err;
    }
    Json *one = json_push(each->refused, json_object(cli->arena));
    json_set_str(cli->arena, one, STR("id"), id);
    json_set(one, STR("problem"), json_dup(cli->arena, cli->refusal));
    if (!cli->json)
        cli_print(str_printf(arena, "%.*s\t%.*s", STR_FMT(id), STR_FMT(reasons_of(arena, cli->refusal))));
    cli->refusal = NULL;
    return ERR_OK;
}

static void print_each(const Each *each)
{
    Cli *cli = each->cli;
    if (cli->json) {
        Json *json = json_object(cli->arena);
        json_set_int(cli->arena, json, STR("taken"), each->taken);
        json_set(json, STR("refused"), each->refused);
        cli_print_json(cli, json);
        return;
    }
    cli_print(SAY(cli, TEXT("已办理 {taken} 条，未办理 {refused} 条", "{taken} taken, {refused} refused"),
                  ARG("taken", str_printf(cli->arena, "%lld", (long long)each->taken)),
                  ARG("refused", str_printf(cli->arena, "%zu", each->refused->count))));
}

static Err run_each(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    Each                  each = { .cli = cli, .ids = json_array(cli->arena), .refused = json_array(cli->arena) };
    AppRequest            request = { 0 };
    Str                   action = cli_argument(cli, "ACTION"), cursor = STR_NONE;
    if (!str_eq(cli_argument(cli, "ID"), STR("-")) || str_eq(action, STR("create")) || str_eq(action, STR("edit")))
        return CLI_USAGE(cli, TEXT("--filter 用于一个步骤，ID 写作 -，不用于 create 和 edit",
                                   "--filter is for a step, with - for ID; not for create and edit"));
    TRY(compose(cli, STR("each"), &request));
    request.lang = cli->lang;
    TRY(ask_open(cli, &client));
    each.client = client;
    do {
        OWNED(arena) Arena *arena = arena_new();
        TRY(find_page(&each, arena, &cursor));
    } while (cursor.len);
    JSON_EACH(id, each.ids) {
        OWNED(arena) Arena *arena = arena_new();
        TRY(take_step(&each, arena, request, json_text(id)));
    }
    print_each(&each);
    cli->told = true;
    return each.refused->count ? err_make(ECODE_ACTION_SOME, "%zu", each.refused->count) : ERR_OK;
}

static Err run(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    AppRequest            request = { 0 };
    const Json           *record;
    if (cli_option(cli, "filter").ptr)
        return run_each(cli);
    TRY(compose(cli, cli_argument(cli, "ID"), &request));
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
    .notes = TEXT_INIT(
        "新建：firstmile act DIR TYPE - create --data '{\"title\":\"…\"}'\n"
        "修改：firstmile act DIR TYPE ID edit --if-match N --data '{\"title\":\"…\"}'\n"
        "一次办理多条：firstmile act DIR TYPE - ACTION --filter \"state = 'pool'\"；逐条办理，不能办的列出原因",
        "To create: firstmile act DIR TYPE - create --data '{\"title\":\"…\"}'\n"
        "To edit: firstmile act DIR TYPE ID edit --if-match N --data '{\"title\":\"…\"}'\n"
        "Many at once: firstmile act DIR TYPE - ACTION --filter \"state = 'pool'\"; one after the other, "
        "those refused with the reason"),
    .arguments = { ARGUMENT_DIR,
                   ARGUMENT_TYPE,
                   ARGUMENT_ID,
                   { "ACTION", TEXT_INIT("步骤，如 submit", "the step, such as submit") } },
    .options = { { "data", "JSON", TEXT_INIT("字段的值，JSON 对象", "values of fields, a JSON object") },
                 { "if-match", "N",
                   TEXT_INIT("所依据的版本；已有更新则不办理；edit 必填",
                             "version it rests on; refused when there is a newer one; edit needs it") },
                 { "filter", "EXPR",
                   TEXT_INIT("办理所有符合条件的记录", "takes the step on every record that fits the condition") },
                 OPTION_AS,
                 OPTION_KEY_DIR },
    .run = run,
};
