/* cli/log.c: firstmile log: the evidence log of a city: held against everything it is about, its key, its witnesses,
 * who stamps it, another one. */
#include "base/date.h"
#include "base/limits.h"
#include "evidence/keeper.h"
#include "kernel/audit.h"
#include "kernel/authority.h"
#include "kernel/city.h"
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
    cli_print_named(cli, "key", note_key_text(cli->arena, &key));
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
    Err           err = db_open(str_printf(cli->arena, "%.*s/city.db", STR_FMT(dir)), DB_READ, &db);
    if (err.code == ECODE_FILE_MISSING)
        return err_make(ECODE_CITY_MISSING, "%.*s", STR_FMT(dir));
    TRY(err);
    TRY(cosign_policy(db, cli->arena, &text));
    if (cli->json || text.len)
        cli_print_named(cli, "policy", cli->json ? text : str_trim(text));
    else
        cli_note(SAY(cli, TEXT("没有见证策略", "there is no witness policy")));
    return ERR_OK;
}

static Err set_policy(Cli *cli, Str dir, Str path)
{
    OWNED(city) City *city = NULL;
    Str               text;
    TRY(cli_read(cli, cli->arena, path, LIMIT_POLICY_BYTES, &text));
    TRY(client_refuse_served(dir));
    TRY(city_open(dir, cli_option(cli, "key-dir"), cli->env, &city));
    Err err = cosign_policy_set(city, text);
    Str what = str_from(err.context), line = what;
    return err.kind ? CLI_FAIL(cli, err, ARG("line", str_cut(&line, ':')), ARG("name", what), ARG("log", what)) : err;
}

static Err policy(Cli *cli, Str dir)
{
    Str path = cli_argument(cli, "FILE");
    return path.ptr ? set_policy(cli, dir, path) : print_policy(cli, dir);
}

/* ---- the time-stamping authority ---- */

static void print_authority(Cli *cli, const Authority *authority, const StampingStands *stands)
{
    Json *json = json_object(cli->arena);
    Str   retry = stands->retry_ms ? instant_text(cli->arena, stands->retry_ms) : STR_NONE;
    json_set_str(cli->arena, json, STR("url"), authority->url);
    json_set_str(cli->arena, json, STR("policy"), authority->policy);
    json_set_int(cli->arena, json, STR("every"), authority->every_s);
    json_set_str(cli->arena, json, STR("ca"), authority->ca);
    json_set_int(cli->arena, json, STR("stamped"), stands->size);
    json_set_str(cli->arena, json, STR("problem"), stands->problem);
    if (cli->json) {
        cli_print_json(cli, json);
        return;
    }
    cli_print(str_printf(cli->arena, "url %.*s", STR_FMT(authority->url)));
    if (authority->policy.len)
        cli_print(str_printf(cli->arena, "policy %.*s", STR_FMT(authority->policy)));
    cli_print(
        str_printf(cli->arena, "every %lld\n%.*s", (long long)authority->every_s, STR_FMT(str_trim(authority->ca))));
    cli_print(SAY(
        cli, TEXT("# 已盖时间戳的最近一个检查点有 {size} 片叶子", "# the newest stamped checkpoint has {size} leaves"),
        ARG("size", cli_count(cli->arena, stands->size))));
    if (stands->problem.len)
        cli_print(SAY(cli, TEXT("# 上次没有成功：{problem}。{retry}", "# the last time it failed: {problem}. {retry}"),
                      ARG("problem", stands->problem), ARG("retry", retry)));
}

static Err show_authority(Cli *cli, Str dir)
{
    OWNED(db) Db  *db = NULL;
    Authority      authority;
    StampingStands stands;
    bool           found;
    TRY(db_open(str_printf(cli->arena, "%.*s/city.db", STR_FMT(dir)), DB_READ, &db));
    TRY(authority_read(db, cli->arena, &authority, &found));
    TRY(stamping_stands(db, cli->arena, &stands));
    if (found)
        print_authority(cli, &authority, &stands);
    else
        cli_note(SAY(cli, TEXT("没有设置时间戳机构，检查点不盖时间戳。",
                               "No time-stamping authority is set; checkpoints are not stamped.")));
    return ERR_OK;
}

/* What stands beside the file, unless the name says where. */
static Str beside(Arena *arena, Str file, Str name)
{
    size_t end = file.len;
    while (end && file.ptr[end - 1] != '/')
        end--;
    return str_starts(name, STR("/")) ? name
                                      : str_printf(arena, "%.*s%.*s", STR_FMT(str_slice(file, 0, end)), STR_FMT(name));
}

static Err set_authority(Cli *cli, Str dir, Str file)
{
    OWNED(city) City *city = NULL;
    Authority         authority;
    Str               text;
    TRY(cli_read(cli, cli->arena, file, LIMIT_STAMP_CA, &text));
    Err err = authority_parse(cli->arena, text, &authority);
    if (err.kind)
        return CLI_FAIL(cli, err, ARG("line", str_from(err.context)),
                        ARG("max", str_printf(cli->arena, "%d", LIMIT_STAMP_EVERY_S)));
    TRY(cli_read(cli, cli->arena, beside(cli->arena, file, authority.ca), LIMIT_STAMP_CA, &authority.ca));
    TRY(client_refuse_served(dir));
    TRY(city_open(dir, cli_option(cli, "key-dir"), cli->env, &city));
    err = authority_set(city, &authority);
    return err.kind ? CLI_FAIL(cli, err, ARG("max", cli_count(cli->arena, LIMIT_STAMP_CA))) : show_authority(cli, dir);
}

static Err authority(Cli *cli, Str dir)
{
    Str file = cli_argument(cli, "FILE");
    return file.ptr ? set_authority(cli, dir, file) : show_authority(cli, dir);
}

/* ---- the verb ---- */

static Err run(Cli *cli)
{
    static const struct {
        const char *name;
        Err (*run)(Cli *cli, Str dir);
    } calls[] = { { "check", check },
                  { "key", show_key },
                  { "new", begin_another },
                  { "policy", policy },
                  { "authority", authority } };
    Str  dir = cli_argument(cli, "DIR"), wanted = cli_argument(cli, "CALL");
    bool reads = str_eq(wanted, STR("policy")) || str_eq(wanted, STR("authority"));
    if (cli_option(cli, "name").ptr && !str_eq(wanted, STR("new")))
        return CLI_USAGE(cli, TEXT("--name 只用于 new", "--name goes with new"));
    if (cli_argument(cli, "FILE").ptr && !reads)
        return CLI_USAGE(cli, TEXT("FILE 只用于 policy 和 authority", "FILE goes with policy and authority"));
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (!str_eq(wanted, str_from(calls[i].name)))
            continue;
        Err err = calls[i].run(cli, dir);
        return err.kind && !cli->told && !cli->problems.count ? CLI_FAIL(cli, err, ARG("dir", dir), ARG("path", dir))
                                                              : err;
    }
    return CLI_USAGE(
        cli, TEXT("CALL 为 check、key、policy、authority 或 new", "CALL is check, key, policy, authority or new"));
}

const Verb verb_log = {
    .name = "log",
    .summary = TEXT_INIT("存证日志：全面核对，公钥，见证，时间戳机构，另起一份",
                         "the evidence log: check all of it, its key, its witnesses, who stamps it, begin another"),
    .notes = TEXT_INIT(
        "check 逐个核对事件、叶子、树、签名和文件，指出每一处不符；有则退出码 65。服务时也可以。\n"
        "key 打印核对回执所用的公钥。policy 打印见证策略（C2SP tlog-policy）；有 FILE 时设置，须先停止服务。\n"
        "authority FILE 设置时间戳机构（RFC 3161），不带 FILE 则打印。FILE 每行一项：url 网址，ca PEM 文件，\n"
        "policy OID（可省），every 秒数（可省，1 到 600）。服务时由机构给检查点盖时间戳。\n"
        "new 结束现有日志，用新的名称和密钥另起一份（旧回执仍可核对）。",
        "check holds events, leaves, tree, signature and files against each other and names every place that does\n"
        "not fit; exits with 65 when there is one. Also while the city is served. key prints the key that verifies\n"
        "receipts. policy prints which witnesses cosign (C2SP tlog-policy); with FILE it sets that, of a city\n"
        "that is not served. authority FILE sets the time-stamping authority (RFC 3161); without FILE it is printed.\n"
        "A line of FILE each: url URL, ca FILE.pem, policy OID (may be left out), every SECONDS (may be left out, 1\n"
        "to 600). While the city is served the authority stamps its checkpoints. new ends the log and begins another,\n"
        "with a name and key of its own; old receipts still verify."),
    .arguments = { ARGUMENT_DIR,
                   { "CALL",
                     TEXT_INIT("check、key、policy、authority 或 new", "check, key, policy, authority or new") },
                   { "FILE",
                     TEXT_INIT("policy、authority 用：所设的文件", "for policy and authority: what it is set to"),
                     .optional = true } },
    .options = { { "name", "NAME",
                   TEXT_INIT("new 用：日志的网址，不带 https://，如 log.example.org/evidence",
                             "for new: the log's address without https://, such as log.example.org/evidence") },
                 OPTION_KEY_DIR },
    .run = run,
};
