/* cli/witness.c: firstmile witness: a witness of other logs, in a folder of its own that is no city. */
#include "evidence/witness.h"

#include "cli/verbs.h"
#include "web/witness.h"

#include <signal.h>
#include <stdio.h>

#define LISTEN_DEFAULT "127.0.0.1:8090"
/* clang-format off */
#define ARGUMENT_WITNESS { "DIR", TEXT_INIT("见证方所在的目录", "folder of the witness") }
/* clang-format on */

static Err fail(Cli *cli, Err err)
{
    Str dir = cli_argument(cli, "DIR");
    return CLI_FAIL(cli, err, ARG("dir", dir), ARG("path", dir));
}

static Err run_key(Cli *cli)
{
    OWNED(witness) Witness *witness = NULL;
    Err                     err = witness_open(cli_argument(cli, "DIR"), &witness);
    if (err.kind)
        return fail(cli, err);
    cli_print_named(cli, "key", note_key_text(cli->arena, witness_key(witness)));
    return ERR_OK;
}

static Err run_new(Cli *cli)
{
    Err err = witness_make(cli_argument(cli, "DIR"), cli_option(cli, "name"), &cli->env);
    return err.kind ? fail(cli, err) : run_key(cli);
}

static Err run_add(Cli *cli)
{
    OWNED(witness) Witness *witness = NULL;
    NoteKey                 log;
    Err                     err = witness_open(cli_argument(cli, "DIR"), &witness);
    if (err.kind)
        return fail(cli, err);
    err = note_key_parse(str_trim(cli_argument(cli, "LOGKEY")), &log);
    if (!err.kind)
        err = witness_watch(witness, &log);
    return err.kind ? CLI_FAIL(cli, err, ARG("name", str_from(err.context))) : ERR_OK;
}

static void print_ready(void *context, Str address)
{
    Cli  *cli = context;
    Str   url = str_printf(cli->arena, "http://%.*s", STR_FMT(address));
    Json *json = json_object(cli->arena);
    json_set_str(cli->arena, json, STR("listening"), url);
    if (cli->json)
        cli_print_json(cli, json);
    else
        cli_print(str_printf(cli->arena, "listening on %.*s", STR_FMT(url))); /* in both: programs wait for it */
    fflush(stdout);
}

static Err run_serve(Cli *cli)
{
    OWNED(witness) Witness *witness = NULL;
    Str                     listen = cli_option(cli, "listen");
    Err                     err = witness_open(cli_argument(cli, "DIR"), &witness);
    if (err.kind)
        return fail(cli, err);
    WitnessServe how = { .witness = witness,
                         .env = cli->env,
                         .listen = listen.ptr ? listen : STR(LISTEN_DEFAULT),
                         .behind_proxy = cli_option(cli, "behind-proxy"),
                         .ready = print_ready,
                         .context = cli };
    signal(SIGPIPE, SIG_IGN);
    err = witness_serve(&how);
    return err.kind ? CLI_FAIL(cli, err, ARG("address", how.listen), ARG("proxy", how.behind_proxy)) : ERR_OK;
}

const Verb verb_witness_new = {
    .name = "witness new",
    .summary = TEXT_INIT("新建见证方：为别人的日志作证", "make a witness of the logs of others"),
    .notes = TEXT_INIT("目录不是城市；打印见证方的公钥，交给日志的运营者。目录不可从备份恢复：忘了自己签过什么的\n"
                       "见证方不能作证。",
                       "The folder is no city. Prints the witness's key, for the operators of logs. Never restore the\n"
                       "folder from a backup: a witness that forgets what it has signed is none."),
    .arguments = { ARGUMENT_WITNESS },
    .options = { { "name", "NAME",
                   TEXT_INIT("见证方的网址，不带 https://，如 witness.example.org/w1",
                             "its address without https://, such as witness.example.org/w1"),
                   .needed = true } },
    .run = run_new,
};

const Verb verb_witness_add = {
    .name = "witness add",
    .summary = TEXT_INIT("让见证方见证一份日志", "have a witness watch a log"),
    .notes = TEXT_INIT("服务时也可以。", "Also while it is served."),
    .arguments = { ARGUMENT_WITNESS,
                   { "LOGKEY",
                     TEXT_INIT("日志的公钥（firstmile log DIR key）", "key of the log (firstmile log DIR key)") } },
    .run = run_add,
};

const Verb verb_witness_key = {
    .name = "witness key",
    .summary = TEXT_INIT("打印见证方的公钥", "print the key of a witness"),
    .arguments = { ARGUMENT_WITNESS },
    .run = run_key,
};

const Verb verb_witness_serve = {
    .name = "witness serve",
    .summary = TEXT_INIT("提供见证服务（C2SP tlog-witness）", "serve a witness (C2SP tlog-witness)"),
    .notes = TEXT_INIT("输出 listening on … 后即可访问。只签延续上次所签内容的检查点；签之前先写入磁盘。",
                       "Ready when it prints listening on …. Cosigns what continues the checkpoint that it cosigned\n"
                       "last, and nothing else; that is on the disk before it answers."),
    .arguments = { ARGUMENT_WITNESS },
    .options = { { "listen", "ADDR:PORT",
                   TEXT_INIT("监听地址（默认 " LISTEN_DEFAULT "；端口 0 为任选）",
                             "where to listen (default: " LISTEN_DEFAULT "; port 0 picks one)") },
                 { "behind-proxy", "ADDR",
                   TEXT_INIT("前置 TLS 代理的地址；只信任它转达的来源",
                             "address of the proxy that speaks TLS, the only one believed") } },
    .run = run_serve,
};
