/* cli/show.c: firstmile show: one record: its fields by their labels, the steps possible now, and those
 * that are not, with reasons; or, with --at, as it stood at the end of a day. */
#include "cli/types.h"
#include "cli/verbs.h"

/* References of the type, to be shown by their titles. */
static Str references(Arena *arena, const Json *type)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    JSON_EACH(field, json_get(type, STR("fields"))) {
        Str  kind = json_text(json_get(field, STR("kind")));
        bool own = str_eq(json_text(json_get(field, STR("name"))), STR("id"));
        if (!own && (str_eq(kind, STR("reference")) || str_eq(kind, STR("references"))))
            buf_printf(&buf, "%s%.*s", buf.len ? "," : "", STR_FMT(json_text(json_get(field, STR("name")))));
    }
    return buf_str(&buf);
}

static Err fetch(Cli *cli, Client *client, Str expand, const Json **out)
{
    Str type = cli_argument(cli, "TYPE"), id = cli_argument(cli, "ID"), day = cli_option(cli, "at"), path;
    if (!day.ptr)
        return types_record(cli, client, type, id, expand, out);
    TRY(ASK_PATH(cli, &path, STR("records"), type, id, STR("at"), day));
    Buf target = buf_new(cli->arena, SIZE_MAX);
    buf_add(&target, path);
    if (expand.len)
        ask_query(&target, "expand", expand);
    if (cli_option(cli, "since").len)
        ask_query(&target, "since", cli_option(cli, "since"));
    return ask_get(cli, client, cli_option(cli, "as"), buf_str(&target), out);
}

static void print_line(const Cli *cli, Str label, Str value)
{
    if (value.len)
        cli_print(SAY(cli, TEXT("{label}：{value}", "{label}: {value}"), ARG("label", label), ARG("value", value)));
}

/* A member that the record has beside its fields (number, state, owner …), by the label of the field of that name. */
static void print_own(const Cli *cli, const Json *type, const Json *record, const char *name)
{
    const Json *field = types_named(json_get(type, STR("fields")), "name", str_from(name));
    if (field)
        print_line(cli, json_text(json_get(field, STR("label"))),
                   types_shown(cli, field, json_get(record, str_from(name))));
}

static void print_fields(const Cli *cli, const Json *type, const Json *record)
{
    JSON_EACH(field, json_get(type, STR("fields")))
        print_line(cli, json_text(json_get(field, STR("label"))),
                   types_shown(cli, field,
                               json_get(json_get(record, STR("fields")), json_text(json_get(field, STR("name"))))));
}

static void print_clocks(const Cli *cli, const Json *record)
{
    JSON_EACH(clock, json_get(record, STR("clocks")))
        print_line(cli, json_text(json_get(clock, STR("label"))), json_text(json_get(clock, STR("text"))));
}

static void print_erased(const Cli *cli, const Json *type, const Json *record)
{
    JSON_EACH(name, json_get(record, STR("erased"))) {
        const Json *field = types_named(json_get(type, STR("fields")), "name", name->text);
        print_line(cli, json_text(json_get(field, STR("label"))), SAY(cli, TEXT("（已删除）", "(erased)")));
    }
}

static void print_day(const Cli *cli, const Json *record)
{
    Str day = json_text(json_get(record, STR("at")));
    if (day.len)
        cli_print(SAY(cli, TEXT("{day} 日终时的状态", "as it stood at the end of {day}"), ARG("day", day)));
}

/* One side of a change. */
static Str side_of(const Cli *cli, const Json *field, const Json *value)
{
    if (!value)
        return SAY(cli, TEXT("（无）", "(none)"));
    return json_get(value, STR("erased")) ? SAY(cli, TEXT("（已删除）", "(erased)")) : types_shown(cli, field, value);
}

static void print_changes(const Cli *cli, const Json *type, const Json *record)
{
    const Json *since = json_get(record, STR("since"));
    if (!since)
        return;
    cli_print(SAY(cli, TEXT("自 {day} 起的变化：", "what changed since {day}:"), ARG("day", since->text)));
    JSON_EACH(change, json_get(record, STR("changes"))) {
        const Json *field = types_named(json_get(type, STR("fields")), "name",
                                        json_text(json_get(change, STR("field"))));
        print_line(cli, json_text(json_get(change, STR("label"))),
                   str_printf(cli->arena, "%.*s -> %.*s", STR_FMT(side_of(cli, field, json_get(change, STR("old")))),
                              STR_FMT(side_of(cli, field, json_get(change, STR("new"))))));
    }
}

static void print_steps(const Cli *cli, const Json *record, bool allowed)
{
    JSON_EACH(step, json_get(record, STR("actions"))) {
        bool may = false;
        json_truth(json_get(step, STR("allowed")), &may);
        if (may != allowed)
            continue;
        ErrArg name = ARG("name", json_text(json_get(step, STR("name"))));
        ErrArg label = ARG("label", json_text(json_get(step, STR("label"))));
        cli_print(may ? SAY(cli, TEXT("可以办理：{label}（{name}）", "possible: {label} ({name})"), label, name)
                      : SAY(cli, TEXT("不能办理：{label}（{name}）", "not possible: {label} ({name})"), label, name));
        JSON_EACH(reason, json_get(step, STR("reasons")))
            cli_print(cli_problem(cli, reason));
    }
}

static Err print_text(Cli *cli, Client *client)
{
    const Json *type, *record;
    TRY(types_get(cli, client, cli_option(cli, "as"), cli_argument(cli, "TYPE"), cli->lang, &type));
    TRY(fetch(cli, client, references(cli->arena, type), &record));
    print_line(cli, json_text(json_get(type, STR("label"))), json_text(json_get(record, STR("id"))));
    print_day(cli, record);
    const char *const own[] = { "number", "state", "version", "owner" };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        print_own(cli, type, record, own[i]);
    print_fields(cli, type, record);
    print_clocks(cli, record);
    print_erased(cli, type, record);
    print_changes(cli, type, record);
    print_steps(cli, record, true);
    print_steps(cli, record, false);
    return ERR_OK;
}

static Err run(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *record;
    if (cli_option(cli, "since").ptr && !cli_option(cli, "at").ptr)
        return CLI_USAGE(cli, TEXT("--since 须与 --at 合用", "--since goes with --at"));
    TRY(ask_open(cli, &client));
    if (!cli->json)
        return print_text(cli, client);
    TRY(fetch(cli, client, STR_NONE, &record));
    cli_print_json(cli, record);
    return ERR_OK;
}

const Verb verb_show = {
    .name = "show",
    .summary = TEXT_INIT("显示一条记录，以及现在能办和不能办的步骤；或其某日的状态",
                         "show a record, and the steps possible now and not; or as it stood on a day"),
    .arguments = { ARGUMENT_DIR, ARGUMENT_TYPE, ARGUMENT_ID },
    .options = { { "at", "DATE",
                   TEXT_INIT("当时的状态：该日终时，如 2026-03-31",
                             "as it stood at the end of that day, such as 2026-03-31") },
                 { "since", "DATE",
                   TEXT_INIT("与 --at 合用：自该日终时起的变化", "with --at: what changed since the end of that day") },
                 OPTION_AS,
                 OPTION_KEY_DIR },
    .run = run,
};
