/* cli/list.c: firstmile list: records of a type, a page of the API after the other until the limit. */
#include "base/limits.h"
#include "cli/table.h"
#include "cli/types.h"
#include "cli/verbs.h"

#include <stdio.h>

#define LIMIT_DEFAULT 50

typedef struct List {
    Cli        *cli;
    Client     *client;
    Str         as, type_name;
    const Json *type; /* for the table; NULL until it is asked for */
    int64_t     left; /* rows still wanted */
    Str         cursor;
} List;

/* The next page, in the arena of that page. */
static Err next_page(List *list, Arena *arena, const Json **out)
{
    Cli       *cli = list->cli;
    Str        path;
    AppRequest request = { .method = METHOD_GET, .as = list->as, .lang = cli->lang };
    int64_t    rows = list->left < LIMIT_LIST_ROWS ? list->left : LIMIT_LIST_ROWS;
    TRY(ASK_PATH(cli, &path, STR("records"), list->type_name));
    Buf target = buf_new(arena, SIZE_MAX);
    buf_add(&target, path);
    ask_query(&target, "filter", cli_option(cli, "filter"));
    ask_query(&target, "sort", cli_option(cli, "sort"));
    ask_query(&target, "limit", str_printf(arena, "%lld", (long long)rows));
    if (list->cursor.len)
        ask_query(&target, "cursor", list->cursor);
    request.target = buf_str(&target);
    TRY(ask_in(cli, list->client, arena, &request, out));
    list->left -= (int64_t)json_get(*out, STR("items"))->count;
    list->cursor = str_dup(cli->arena, json_text(json_get(*out, STR("next"))));
    return ERR_OK;
}

/* The type is asked for when there is something to show: a list that is refused says so first. */
static Err print_page(List *list, Arena *arena, const Json *items)
{
    Table table = table_new(arena, 4);
    if (items->count && !list->type)
        TRY(types_get(list->cli, list->client, list->as, list->type_name, list->cli->lang, &list->type));
    JSON_EACH(record, items)
        table_row(&table,
                  (const Str[]){ json_text(json_get(record, STR("id"))), json_text(json_get(record, STR("number"))),
                                 types_title(list->cli, list->type, record), types_state(list->type, record) });
    table_print(&table);
    return ERR_OK;
}

/* The contract's list, as if it had been one page. */
static void print_list(const List *list, Json *items)
{
    Arena *arena = list->cli->arena;
    Json  *json = json_object(arena);
    json_set(json, STR("items"), items);
    json_set(json, STR("next"), list->cursor.len ? json_string(arena, list->cursor) : json_null(arena));
    json_set(json, STR("total"), json_null(arena));
    cli_print_json(list->cli, json);
}

/* Page by page, so that a long table is on its way while the next page is read. */
static Err each_page(List *list)
{
    Cli  *cli = list->cli;
    Json *all = json_array(cli->arena);
    do {
        OWNED(arena) Arena *arena = arena_new();
        const Json         *page, *items;
        TRY(next_page(list, arena, &page));
        items = json_get(page, STR("items"));
        if (!cli->json)
            TRY(print_page(list, arena, items));
        else
            JSON_EACH(item, items)
                json_push(all, json_dup(cli->arena, item));
    } while (list->left > 0 && list->cursor.len);
    if (cli->json)
        print_list(list, all);
    return ERR_OK;
}

static Err run(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    List                  list = { .cli = cli, .as = cli_option(cli, "as"), .type_name = cli_argument(cli, "TYPE") };
    TRY(cli_number(cli, "limit", 1, INT32_MAX, LIMIT_DEFAULT, &list.left));
    TRY(ask_open(cli, &client));
    list.client = client;
    return each_page(&list);
}

const Verb verb_list = {
    .name = "list",
    .summary = TEXT_INIT("列出某一类型的记录", "list records of a type"),
    .notes = TEXT_INIT("每行：标识、编号、名称、状态；写入管道时以制表符分隔。",
                       "Each line: id, number, title, state; separated by tabs in a pipe."),
    .arguments = { ARGUMENT_DIR, ARGUMENT_TYPE },
    .options = { { "filter", "EXPR",
                   TEXT_INIT("条件，如 \"state = 'pool'\"", "a condition, such as \"state = 'pool'\"") },
                 { "sort", "FIELD", TEXT_INIT("排序字段；-FIELD 为降序", "field to sort by; -FIELD is descending") },
                 { "limit", "N", TEXT_INIT("最多几行（默认 50）", "at most so many rows (default: 50)") },
                 OPTION_AS,
                 OPTION_KEY_DIR },
    .run = run,
};
