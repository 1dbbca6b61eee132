/* cli/recompute.c: firstmile recompute: works a kept result out again, and says whether it is the same. */
#include "cli/ask.h"
#include "cli/table.h"
#include "cli/verbs.h"

static Str differing(const Cli *cli, const Json *check)
{
    static const struct {
        const char *what;
        Text        words;
    } all[] = {
        { "input", TEXT_INIT("输入与其 SHA-256 不符", "the input is not what its SHA-256 says") },
        { "result", TEXT_INIT("结果与其 SHA-256 不符", "the result is not what its SHA-256 says") },
        { "recomputed", TEXT_INIT("重新算出的结果与留存的不同", "what is worked out now is another result") },
    };
    Buf out = buf_new(cli->arena, SIZE_MAX);
    JSON_EACH(what, json_get(check, STR("differs")))
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
            if (str_eq(what->text, str_from(all[i].what)))
                buf_printf(&out, "%s%.*s", out.len ? "; " : "", STR_FMT(SAY(cli, all[i].words)));
    return buf_str(&out);
}

static void print_check(Cli *cli, const Json *check)
{
    static const char *const hashes[] = { "input_sha256", "result_sha256", "recomputed_sha256" };
    int64_t                  version = 0;
    if (cli->json) {
        cli_print_json(cli, check);
        return;
    }
    json_int(json_get(check, STR("engine_version")), &version);
    Table table = table_new(cli->arena, 2);
    Str   engine = str_printf(cli->arena, "%.*s %lld", STR_FMT(json_text(json_get(check, STR("engine")))),
                              (long long)version);
    table_row(&table, (const Str[]){ STR("engine"), engine });
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++)
        if (json_get(check, str_from(hashes[i])))
            table_row(&table, (const Str[]){ str_from(hashes[i]), json_text(json_get(check, str_from(hashes[i]))) });
    table_print(&table);
}

static Err run(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *record;
    Str                   target;
    bool                  same = false, known = false;
    TRY(ask_open(cli, &client));
    TRY(ASK_PATH(cli, &target, STR("records"), STR("computation"), cli_argument(cli, "ID")));
    TRY(ask_get(cli, client, cli_option(cli, "as"), target, &record));
    const Json *check = json_get(record, STR("computation"));
    if (json_get(check, STR("hidden")))
        return CLI_FAIL(cli, err_make(ECODE_COMPUTATION_HIDDEN, ""));
    json_truth(json_get(check, STR("same")), &same);
    json_truth(json_get(check, STR("known")), &known);
    if (!known)
        return CLI_FAIL(cli, err_make(ECODE_COMPUTATION_ENGINE, ""));
    print_check(cli, check);
    if (!same)
        return CLI_FAIL(cli, err_make(ECODE_COMPUTATION_DIFFERS, ""), ARG("what", differing(cli, check)));
    if (!cli->json)
        cli_print(SAY(cli, TEXT("相同", "same")));
    return ERR_OK;
}

const Verb verb_recompute = {
    .name = "recompute",
    .summary = TEXT_INIT("重新算出一项留存的结果，看是否相同",
                         "work a kept result out again, and see whether it is the same"),
    .notes = TEXT_INIT(
        "只用留存的输入和当时冻结的政策包。相同时退出码 0，不同时 70。",
        "From the kept input and the frozen pack of then alone. Exits with 0 when it is the same, else 70."),
    .arguments = { ARGUMENT_DIR, { "ID", TEXT_INIT("复算记录的标识", "id of the computation") } },
    .options = { OPTION_AS, OPTION_KEY_DIR },
    .run = run,
};
