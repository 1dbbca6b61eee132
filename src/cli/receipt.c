/* cli/receipt.c: firstmile receipt: the evidence of one step of a record, as one file. firstmile verify: checks such a
 * file, without city or network. */
#include "base/date.h"
#include "base/file.h"
#include "base/limits.h"
#include "cli/ask.h"
#include "cli/verbs.h"
#include "evidence/verify.h"

/* ---- receipt ---- */

static Err fetch(Cli *cli, Str *out)
{
    OWNED(client) Client *client = NULL;
    Str                   path;
    TRY(ask_open(cli, &client));
    TRY(ASK_PATH(cli, &path, STR("records"), cli_argument(cli, "TYPE"), cli_argument(cli, "ID"), STR("receipt")));
    Buf target = buf_new(cli->arena, SIZE_MAX);
    buf_add(&target, path);
    ask_query(&target, "version", cli_option(cli, "version"));
    return ask_text(cli, client, cli_option(cli, "as"), buf_str(&target), out);
}

static Err run_receipt(Cli *cli)
{
    Str text, file;
    TRY(cli_file(cli, "out", &file));
    TRY(fetch(cli, &text));
    if (!file.ptr) {
        cli_print(str_slice(text, 0, text.len - 1)); /* its last LF is printed with it */
        return ERR_OK;
    }
    Err err = file_write(file, text, 0640);
    return err.kind ? CLI_FAIL(cli, err, ARG("path", file)) : ERR_OK;
}

const Verb verb_receipt = {
    .name = "receipt",
    .summary = TEXT_INIT("取一条记录某一步的存证回执", "the evidence of a step of a record, as one file"),
    .notes = TEXT_INIT("默认是最近一步。回执只写明索取人能看到的值。",
                       "Of the newest step unless said. A receipt tells only what the one who asks may see."),
    .arguments = { ARGUMENT_DIR, ARGUMENT_TYPE, ARGUMENT_ID },
    .options = { { "out", "FILE", TEXT_INIT("写入文件（默认标准输出）", "into a file (default: standard output)") },
                 { "version", "N", TEXT_INIT("成为第 N 版的那一步", "of the step that made version N") },
                 OPTION_AS,
                 OPTION_KEY_DIR },
    .run = run_receipt,
};

/* ---- verify ---- */

static Err fail(Cli *cli, Err err)
{
    Str what = str_from(err.context), line = what;
    return CLI_FAIL(cli, err, ARG("where", what), ARG("name", what), ARG("names", what), ARG("log", what),
                    ARG("why", what), ARG("max", cli_count(cli->arena, LIMIT_STAMP_CA)),
                    ARG("line", str_cut(&line, ':')));
}

/* As of when certificates are judged: now, the instant that is given, or the end of the day that is. */
static Err read_moment(Cli *cli, int64_t *out)
{
    Str     given = cli_option(cli, "at");
    int64_t day;
    *out = env_now(&cli->env);
    if (!given.ptr || instant_parse(given, out))
        return ERR_OK;
    if (!date_parse(given, &day))
        return CLI_USAGE(cli,
                         TEXT("--at 写作 2026-11-28 或 2026-11-28T08:00:00Z：{given}",
                              "--at is written as 2026-11-28 or 2026-11-28T08:00:00Z: {given}"),
                         ARG("given", given));
    *out = (day + 1) * DAY_MS - 1;
    return ERR_OK;
}

static Err read_option(Cli *cli, const char *name, size_t max, Str *out)
{
    Str path = cli_option(cli, name);
    *out = STR_NONE;
    return path.ptr ? cli_read(cli, cli->arena, path, max, out) : ERR_OK;
}

static Err verify(Cli *cli, Verified *out)
{
    Str     text, policy, ca;
    int64_t at_ms;
    if (cli_option(cli, "at").ptr && !cli_option(cli, "ca").ptr)
        return CLI_USAGE(cli, TEXT("--at 与 --ca 同用", "--at goes with --ca"));
    TRY(read_moment(cli, &at_ms));
    TRY(cli_read(cli, cli->arena, cli_argument(cli, "RECEIPT"), LIMIT_RECEIPT_BYTES, &text));
    TRY(read_option(cli, "policy", LIMIT_POLICY_BYTES, &policy));
    TRY(read_option(cli, "ca", LIMIT_STAMP_CA, &ca));
    Err err = verify_receipt(cli->arena, text, str_trim(cli_option(cli, "key")), out);
    if (!err.kind)
        err = verify_witnesses(cli->arena, policy, out);
    if (!err.kind && policy.ptr && !out->seen.met)
        err = err_make(ECODE_LOG_UNWITNESSED, "%.*s", STR_FMT(policy_missing(cli->arena, &out->policy, &out->seen)));
    if (!err.kind)
        err = verify_time(ca, at_ms, out);
    return err.kind ? fail(cli, err) : ERR_OK;
}

static void print_witnesses(Cli *cli, const Verified *found)
{
    Str missing = policy_missing(cli->arena, &found->policy, &found->seen);
    for (size_t i = 0; i < found->policy.witness_count; i++)
        if (found->seen.times_s[i])
            cli_print(SAY(cli, TEXT("见证：{name} 于 {time} 见到这份日志", "witness {name} saw this log at {time}"),
                          ARG("name", found->policy.witnesses[i].name),
                          ARG("time", instant_text(cli->arena, found->seen.times_s[i] * 1000))));
    if (!found->seen.met)
        cli_print(SAY(cli,
                      TEXT("见证不足：未达到回执所附策略的要求；缺少：{names}",
                           "not witnessed enough: less than the receipt's own policy asks; missing are: {names}"),
                      ARG("names", missing)));
    else if (missing.len)
        cli_print(SAY(cli, TEXT("未见证：{names}；策略的要求已达到", "not by {names}; it is enough for the policy"),
                      ARG("names", missing)));
    if (found->own_policy)
        cli_note(SAY(cli, TEXT("见证策略取自回执本身；请用 --policy 给出可信的策略",
                               "the witness policy is the receipt's own: give the one that you trust by --policy")));
}

static void print_time(Cli *cli, const Verified *found)
{
    Str since = instant_text(cli->arena, found->stamps.time_ms), until = instant_text(cli->arena, found->stamps.end_ms);
    if (found->timed)
        cli_print(
            SAY(cli,
                TEXT("时间：{since} 时已经存在（时间戳 {count} 个，最近一个的证书到 {until}）",
                     "time: was there at {since} (time stamps: {count}; the newest one's certificate ends {until})"),
                ARG("since", since), ARG("until", until),
                ARG("count", cli_count(cli->arena, (int64_t)found->stamps.count))));
    else if (found->stamped)
        cli_note(SAY(cli,
                     TEXT("时间未核对：时间戳写明 {since}，但没有用 --ca 给出时间戳机构的 CA 证书",
                          "time not checked: a time stamp says {since}; give the CA of its authority by --ca"),
                     ARG("since", since)));
}

static void print_found(Cli *cli, const Verified *found)
{
    const Receipt *receipt = &found->receipt;
    cli_print(verified_head(found));
    for (size_t i = 0; i < receipt->value_count; i++)
        cli_print(
            str_printf(cli->arena, "%.*s = %.*s", STR_FMT(receipt->values[i].name), STR_FMT(receipt->values[i].value)));
    cli_print(SAY(cli,
                  TEXT("真实：是日志 {log} 的第 {index} 片叶子，该日志签署时共有 {size} 片",
                       "true: leaf {index} of the log {log}, which had {size} when it signed"),
                  ARG("log", found->key.name), ARG("index", cli_count(cli->arena, (int64_t)receipt->index)),
                  ARG("size", cli_count(cli->arena, (int64_t)found->head.size))));
    if (found->asked)
        print_witnesses(cli, found);
    print_time(cli, found);
    if (found->own_key)
        cli_note(SAY(cli,
                     TEXT("公钥取自回执本身；请与日志运营者公布的对照，或用 --key 给出：{key}",
                          "the key is the receipt's own: compare it with the one that the log's operator has made "
                          "known, or give that by --key: {key}"),
                     ARG("key", note_key_text(cli->arena, &found->key))));
}

static Err run_verify(Cli *cli)
{
    Verified *found = ARENA_NEW(cli->arena, Verified);
    TRY(verify(cli, found));
    if (cli->json)
        cli_print_json(cli, verified_json(cli->arena, found));
    else
        print_found(cli, found);
    return ERR_OK;
}

const Verb verb_verify = {
    .name = "verify",
    .summary = TEXT_INIT("核对一张存证回执，不需要城市和网络", "check a receipt, without a city or a network"),
    .notes = TEXT_INIT("真实时退出码 0，不符时 65。", "Exits with 0 when it is true, with 65 when it is not."),
    .arguments = { { "RECEIPT", TEXT_INIT("回执文件", "the receipt's file") } },
    .options = { { "key", "VKEY",
                   TEXT_INIT("日志的公钥（默认取回执里的，并予提示）",
                             "key of the log (default: the one in the receipt, which is said)") },
                 { "policy", "FILE",
                   TEXT_INIT("见证策略（C2SP tlog-policy）：其要求须达到",
                             "witness policy (C2SP tlog-policy) that must be met") },
                 { "ca", "FILE",
                   TEXT_INIT("时间戳机构的 CA 证书（PEM）", "certificates of the time-stamping authority's CA (PEM)") },
                 { "at", "DATE",
                   TEXT_INIT("按哪一日判断证书（默认现在）", "as of when to judge certificates (default: now)") } },
    .run = run_verify,
};
