/* cli/desk.c: firstmile desk: what waits for one: late, one's own, waiting for others. */
#include "cli/ask.h"
#include "cli/table.h"
#include "cli/verbs.h"

static const struct {
    const char *name;
    Text        title;
} piles[] = {
    { "late", TEXT_INIT("逾期", "Late") },
    { "mine", TEXT_INIT("等我办", "Mine") },
    { "waiting", TEXT_INIT("等他人", "Waiting for others") },
};

static Str name_of(const Json *record)
{
    Str title = json_text(json_get(record, STR("title"))), number = json_text(json_get(record, STR("number")));
    Str of = json_text(json_get(record, STR("of")));
    return title.len && !str_eq(title, number) ? title : of.len ? of : number.len ? number : STR("-");
}

static Str limit_text(const Cli *cli, const Json *item)
{
    const Json *limit = json_get(item, STR("limit"));
    Str         said = json_text(json_get(limit, STR("text")));
    if (!said.len)
        return SAY(cli, TEXT("自 {date} 起", "since {date}"), ARG("date", json_text(json_get(item, STR("since")))));
    return str_printf(cli->arena, "%.*s %.*s", STR_FMT(json_text(json_get(limit, STR("due")))), STR_FMT(said));
}

/* "Transfer manager (Lingang Tech), Officer" */
static void add_awaited(const Cli *cli, const Json *awaits, Buf *buf)
{
    Str label = json_text(json_get(awaits, STR("label"))), before = STR_NONE;
    if (buf->len)
        buf_add(buf, cli->lang == LANG_ZH ? STR("、") : STR(", "));
    buf_add(buf, label);
    const Json *names = json_get(awaits, STR("names"));
    if (label.len && names->count)
        before = cli->lang == LANG_ZH ? STR("（") : STR(" (");
    JSON_EACH(name, names) {
        buf_add(buf, before);
        buf_add(buf, json_text(name));
        before = cli->lang == LANG_ZH ? STR("、") : STR(", ");
    }
    if (label.len && names->count)
        buf_add(buf, cli->lang == LANG_ZH ? STR("）") : STR(")"));
}

/* The step asked, marked where it cannot be taken yet; or who is awaited. */
static Str step_text(const Cli *cli, const Json *item)
{
    const Json *step = json_get(item, STR("step"));
    Buf         who = buf_new(cli->arena, SIZE_MAX);
    bool        allowed = true;
    JSON_EACH(awaits, json_get(item, STR("awaits")))
        add_awaited(cli, awaits, &who);
    if (!step)
        return who.len ? buf_str(&who) : SAY(cli, TEXT("他人", "others"));
    Str name = json_text(json_get(step, STR("name"))), label = json_text(json_get(step, STR("label")));
    Str not_yet = SAY(cli, TEXT("（尚不能办）", " (not yet)"));
    json_truth(json_get(step, STR("allowed")), &allowed);
    Str type = json_text(json_get(step, STR("type"))); /* of a record to be made */
    return str_printf(cli->arena, "%.*s%s%.*s: %.*s%.*s", STR_FMT(name), type.len ? " " : "", STR_FMT(type),
                      STR_FMT(label), STR_FMT(allowed ? STR_NONE : not_yet));
}

static void print_pile(Cli *cli, Text title, const Json *pile)
{
    Table   table = table_new(cli->arena, 4);
    int64_t total = 0;
    bool    more = false;
    json_int(json_get(pile, STR("total")), &total);
    json_truth(json_get(pile, STR("more")), &more);
    cli_print(str_printf(cli->arena, "%.*s: %lld%s", STR_FMT(title.in[cli->lang]), (long long)total, more ? "+" : ""));
    JSON_EACH(item, json_get(pile, STR("items"))) {
        const Json *record = json_get(item, STR("record"));
        Str         about = str_printf(cli->arena, "%.*s/%.*s", STR_FMT(json_text(json_get(record, STR("type")))),
                                       STR_FMT(json_text(json_get(record, STR("id")))));
        table_row(&table, (const Str[]){ about, name_of(record), step_text(cli, item), limit_text(cli, item) });
    }
    table_print(&table);
}

static Err run(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    const Json           *answer;
    TRY(ask_open(cli, &client));
    TRY(ask_get(cli, client, cli_option(cli, "as"), STR("/api/v1/desk"), &answer));
    if (cli->json) {
        cli_print_json(cli, answer);
        return ERR_OK;
    }
    bool some = false;
    for (size_t i = 0; i < sizeof piles / sizeof *piles; i++) {
        const Json *pile = json_get(answer, str_from(piles[i].name));
        if (!json_get(pile, STR("items"))->count)
            continue;
        print_pile(cli, piles[i].title, pile);
        some = true;
    }
    if (!some)
        cli_print(SAY(cli, TEXT("没有等着办的事。", "Nothing waits for you.")));
    return ERR_OK;
}

const Verb verb_desk = {
    .name = "desk",
    .summary = TEXT_INIT("列出待办：逾期、等我办、等他人",
                         "list what waits for one: late, one's own, waiting for others"),
    .notes = TEXT_INIT(
        "每行：记录（type/id）、名称、要办的步骤或等谁、时限。每组最多 50 条。",
        "Each line: record (type/id), name, the step asked or who is awaited, the limit. At most 50 of each."),
    .arguments = { ARGUMENT_DIR },
    .options = { OPTION_AS, OPTION_KEY_DIR },
    .run = run,
};
