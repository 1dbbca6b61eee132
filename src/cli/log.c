/* cli/log.c: firstmile log: the evidence log of a city: held against everything it is about, its key, its witnesses,
 * another one. */
#include "base/file.h"
#include "evidence/keeper.h"
#include "kernel/audit.h"
#include "kernel/cosign.h"

#include "cli/client.h"
#include "cli/verbs.h"

/* ---- check ---- */

typedef struct Told {
    Cli  *cli;
    Json *list;
} Told;

static void tell(void *context, Str place, Text what)
{
    Told *told = context;
    Cli  *cli = told->cli;
    Json *one = json_push(told->list, json_object(cli->arena));
    json_set_str(cli->arena, one, STR("place"), str_dup(cli->arena, place)); /* the audit lets go of it */
    json_set_str(cli->arena, one, STR("text"), what.in[cli->lang]);
    if (!cli->json)
        cli_print(
            SAY(cli, TEXT("{place}：{what}", "{place}: {what}"), ARG("place", place), ARG("what", what.in[cli->lang])));
}

static Err check(Cli *cli, Str dir)
{
    Json      *json = json_object(cli->arena);
    Told       told = { cli, json_set(json, STR("damaged"), json_array(cli->arena)) };
    AuditAbout about;
    TRY(audit(dir, cli_option(cli, "key-dir"), &(AuditTell){ tell, &told }, NULL, &about));
    json_set_int(cli->arena, json, STR("events"), about.events);
    json_set_int(cli->arena, json, STR("tiles"), about.tiles);
    json_set_int(cli->arena, json, STR("files"), about.files);
    if (cli->json)
        cli_print_json(cli, json);
    else if (!about.damaged)
        cli_print(SAY(cli, TEXT("完好：{events} 个事件，{files} 个文件", "intact: {events} events, {files} files"),
                      ARG("events", cli_count(cli->arena, about.events)),
                      ARG("files", cli_count(cli->arena, about.files))));
    if (!about.damaged)
        return ERR_OK;
    cli->told = true;
    return err_make(ECODE_LOG_CHECK, "%lld places", (long long)about.damaged);
}

/* ---- the key ---- */

static Err print_key(Cli *cli, const City *city)
{
    NoteKey key;
    if (!keeper_key(city->log, &key))
        return keeper_closed(city->log);
    Str   text = note_key_text(cli->arena, &key);
    Json *json = json_object(cli->arena);
    json_set_str(cli->arena, json, STR("key"), text);
    if (cli->json)
        cli_print_json(cli, json);
    else
        cli_print(text);
    return ERR_OK;
}

static Err show_key(Cli *cli, Str dir)
{
    OWNED(city) City *city = NULL;
    TRY(client_refuse_served(dir));
    TRY(city_open(dir, cli_option(cli, "key-dir"), cli->env, &city));
    return print_key(cli, city);
}

static Err begin_another(Cli *cli, Str dir)
{
    OWNED(city) City *city = NULL;
    TRY(client_refuse_served(dir));
    TRY(city_open(dir, cli_option(cli, "key-dir"), cli->env, &city));
    TRY(city_log_renew(city, cli_option(cli, "name")));
    city_close(city);
    city = NULL;
    return show_key(cli, dir);
}

/* ---- its witnesses ---- */

static Err print_policy(Cli *cli, Str dir)
{
    OWNED(db) Db *db = NULL; /* read beside a server */
    Str           text;
    Json         *json = json_object(cli->arena);
    Err           err = db_open(str_printf(cli->arena, "%.*s/city.db", STR_FMT(dir)), DB_READ, &db);
    if (err.code == ECODE_FILE_MISSING)
        return err_make(ECODE_CITY_MISSING, "%.*s", STR_FMT(dir));
    TRY(err);
    TRY(cosign_policy(db, cli->arena, &text));
    json_set_str(cli->arena, json, STR("policy"), text);
    if (cli->json)
        cli_print_json(cli, json);
    else if (text.len)
        cli_print(str_trim(text));
    else
        cli_note(SAY(cli, TEXT("没有见证策略", "there is no witness policy")));
    return ERR_OK;
}

static Err set_policy(Cli *cli, Str dir, Str path)
{
    OWNED(city) City *city = NULL;
    Str               text;
    Err               err = file_read(cli->arena, path, LIMIT_POLICY_BYTES, &text);
    if (err.kind)
        return CLI_FAIL(cli, err, ARG("path", path), ARG("max", cli_count(cli->arena, LIMIT_POLICY_BYTES)));
    TRY(client_refuse_served(dir));
    TRY(city_open(dir, cli_option(cli, "key-dir"), cli->env, &city));
    err = cosign_policy_set(city, text);
    Str what = str_from(err.context), line = what;
    return err.kind ? CLI_FAIL(cli, err, ARG("line", str_cut(&line, ':')), ARG("name", what), ARG("log", what)) : err;
}

static Err policy(Cli *cli, Str dir)
{
    Str path = cli_argument(cli, "FILE");
    return path.ptr ? set_policy(cli, dir, path) : print_policy(cli, dir);
}

/* ---- the verb ---- */

static Err run(Cli *cli)
{
    static const struct {
        const char *name;
        Err (*run)(Cli *cli, Str dir);
    } calls[] = { { "check", check }, { "key", show_key }, { "new", begin_another }, { "policy", policy } };
    Str dir = cli_argument(cli, "DIR"), wanted = cli_argument(cli, "CALL");
    if (cli_option(cli, "name").ptr && !str_eq(wanted, STR("new")))
        return CLI_USAGE(cli, TEXT("--name 只用于 new", "--name goes with new"));
    if (cli_argument(cli, "FILE").ptr && !str_eq(wanted, STR("policy")))
        return CLI_USAGE(cli, TEXT("FILE 只用于 policy", "FILE goes with policy"));
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (!str_eq(wanted, str_from(calls[i].name)))
            continue;
        Err err = calls[i].run(cli, dir);
        return err.kind && !cli->told && !cli->problems.count ? CLI_FAIL(cli, err, ARG("dir", dir), ARG("path", dir))
                                                              : err;
    }
    return CLI_USAGE(cli, TEXT("CALL 为 check、key、policy 或 new", "CALL is check, key, policy or new"));
}

const Verb verb_log = {
    .name = "log",
    .summary = TEXT_INIT("存证日志：全面核对，公钥，见证，另起一份",
                         "the evidence log: check all of it, its key, its witnesses, begin another"),
    .notes = TEXT_INIT(
        "check 逐个核对事件、叶子、树、签名和文件，指出每一处不符；有则退出码 65。服务时也可以。\n"
        "key 打印核对回执所用的公钥。policy 打印见证策略（C2SP tlog-policy）；有 FILE 时设置，须先停止服务。\n"
        "new 结束现有日志，用新的名称和密钥另起一份（旧回执仍可核对）。",
        "check holds events, leaves, tree, signature and files against each other and names every place that does\n"
        "not fit; exits with 65 when there is one. Also while the city is served. key prints the key that verifies\n"
        "receipts. policy prints which witnesses cosign (C2SP tlog-policy); with FILE it sets that, of a city\n"
        "that is not served. new ends the log and begins another, with a name and key of its own; old receipts still\n"
        "verify."),
    .arguments = { ARGUMENT_DIR,
                   { "CALL", TEXT_INIT("check、key、policy 或 new", "check, key, policy or new") },
                   { "FILE", TEXT_INIT("policy 用：策略文件", "for policy: its file"), .optional = true } },
    .options = { { "name", "NAME",
                   TEXT_INIT("new 用：日志的网址，不带 https://，如 log.example.org/evidence",
                             "for new: the log's address without https://, such as log.example.org/evidence") },
                 OPTION_KEY_DIR },
    .run = run,
};
