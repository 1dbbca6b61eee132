/* cli/receipt.c: firstmile receipt: the evidence of one step of a record, as one file. firstmile verify: checks such a
 * file, without city or network. */
#include "evidence/receipt.h"
#include "base/file.h"
#include "base/limits.h"
#include "cli/ask.h"
#include "cli/verbs.h"

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

static Err read_key(Cli *cli, const Receipt *receipt, NoteKey *out)
{
    Str given = cli_option(cli, "key");
    return note_key_parse(given.ptr ? str_trim(given) : receipt->key, out);
}

static Err verify(Cli *cli, Receipt *receipt, NoteKey *key, Checkpoint *head)
{
    Str path = cli_argument(cli, "RECEIPT"), text;
    Err err = file_read(cli->arena, path, LIMIT_RECEIPT_BYTES, &text);
    if (err.kind)
        return CLI_FAIL(cli, err, ARG("path", path), ARG("max", cli_count(cli->arena, LIMIT_RECEIPT_BYTES)));
    err = receipt_parse(cli->arena, text, receipt);
    if (!err.kind)
        err = read_key(cli, receipt, key);
    if (!err.kind)
        err = receipt_verify(cli->arena, receipt, key, head);
    return err.kind ? CLI_FAIL(cli, err, ARG("where", str_from(err.context)), ARG("name", str_from(err.context)))
                    : ERR_OK;
}

/* The manifest's lines before its commitments: what happened, when, and to what. */
static Str manifest_head(Str manifest)
{
    Str    rest = manifest;
    size_t end = 0;
    str_cut(&rest, '\n');
    while (rest.len) {
        size_t begun = manifest.len - rest.len;
        Str    line = str_cut(&rest, '\n'), word = line;
        if (str_find(str_cut(&word, ' '), STR(".")) < line.len - word.len - 1)
            break;
        end = begun + line.len;
    }
    return str_slice(manifest, 0, end);
}

static void print_found(Cli *cli, const Receipt *receipt, const NoteKey *key, const Checkpoint *head)
{
    Json *json = json_object(cli->arena);
    bool  own = !cli_option(cli, "key").ptr;
    json_set_str(cli->arena, json, STR("log"), key->name);
    json_set_str(cli->arena, json, STR("key"), note_key_text(cli->arena, key));
    json_set_bool(cli->arena, json, STR("key_from_receipt"), own);
    json_set_int(cli->arena, json, STR("index"), (int64_t)receipt->index);
    json_set_int(cli->arena, json, STR("size"), (int64_t)head->size);
    json_set_str(cli->arena, json, STR("manifest"), receipt->manifest);
    Json *values = json_set(json, STR("values"), json_array(cli->arena));
    for (size_t i = 0; i < receipt->value_count; i++) {
        Json *one = json_push(values, json_object(cli->arena));
        json_set_str(cli->arena, one, STR("name"), receipt->values[i].name);
        json_set_str(cli->arena, one, STR("value"), receipt->values[i].value);
    }
    if (cli->json) {
        cli_print_json(cli, json);
        return;
    }
    cli_print(manifest_head(receipt->manifest));
    for (size_t i = 0; i < receipt->value_count; i++)
        cli_print(
            str_printf(cli->arena, "%.*s = %.*s", STR_FMT(receipt->values[i].name), STR_FMT(receipt->values[i].value)));
    cli_print(SAY(cli,
                  TEXT("真实：是日志 {log} 的第 {index} 片叶子，该日志签署时共有 {size} 片",
                       "true: leaf {index} of the log {log}, which had {size} when it signed"),
                  ARG("log", key->name), ARG("index", cli_count(cli->arena, (int64_t)receipt->index)),
                  ARG("size", cli_count(cli->arena, (int64_t)head->size))));
    if (own)
        cli_note(SAY(cli,
                     TEXT("公钥取自回执本身；请与日志运营者公布的对照，或用 --key 给出：{key}",
                          "the key is the receipt's own: compare it with the one that the log's operator has made "
                          "known, or give that by --key: {key}"),
                     ARG("key", note_key_text(cli->arena, key))));
}

static Err run_verify(Cli *cli)
{
    Receipt    receipt;
    NoteKey    key;
    Checkpoint head;
    TRY(verify(cli, &receipt, &key, &head));
    print_found(cli, &receipt, &key, &head);
    return ERR_OK;
}

const Verb verb_verify = {
    .name = "verify",
    .summary = TEXT_INIT("核对一张存证回执，不需要城市和网络", "check a receipt, without a city or a network"),
    .notes = TEXT_INIT("真实时退出码 0，不符时 65。", "Exits with 0 when it is true, with 65 when it is not."),
    .arguments = { { "RECEIPT", TEXT_INIT("回执文件", "the receipt's file") } },
    .options = { { "key", "VKEY",
                   TEXT_INIT("日志的公钥（默认取回执里的，并予提示）",
                             "key of the log (default: the one in the receipt, which is said)") } },
    .run = run_verify,
};
