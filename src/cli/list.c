/* cli/list.c: firstmile list: records of a type, a page of the API after the other until the limit. */
#include "base/limits.h"
#include "cli/table.h"
#include "cli/types.h"
#include "cli/verbs.h"

#define LIMIT_DEFAULT 50
#define HEADS         4 /* columns of every table: id, number, title, state */

typedef struct List {
    Cli        *cli;
    Client     *client;
    Str         as, type_name;
    const Json *type; /* for the table; NULL when this role never meets it */
    int64_t     left; /* rows still wanted */
    bool        some; /* there were rows */
    Str         cursor;
    Str         fields; /* asked for; of a table, with what its title is made of */
    Str         expand; /* of a table: the references among them */
    Str        *shown;  /* of a table: a column for each that was asked for */
    size_t      shown_count;
} List;

static Str with(const List *list, Str names, Str name)
{
    return !names.len || !name.len ? (names.len ? names : name)
                                   : str_printf(list->cli->arena, "%.*s,%.*s", STR_FMT(names), STR_FMT(name));
}

/* What is asked of the API; whether there are such fields it says itself. */
static void choose_fields(List *list)
{
    const Json *fields = json_get(list->type, STR("fields"));
    Str         rest = list->fields = cli_option(list->cli, "fields");
    list->expand = types_parent(list->type);
    if (!list->type || !rest.len)
        return;
    list->shown = ARENA_ARRAY(list->cli->arena, Str, rest.len);
    while (rest.len) {
        Str name = str_trim(str_cut(&rest, ','));
        list->shown[list->shown_count++] = name;
        const Json *field = types_named(fields, "name", name);
        if (json_get(field, STR("target")) && !json_get(field, STR("result"))) /* nothing computed is expanded */
            list->expand = with(list, list->expand, name);
    }
    list->fields = with(list, list->fields, json_text(json_get(list->type, STR("title"))));
    list->fields = with(list, list->fields, types_parent(list->type));
}

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
    ask_query(&target, "fields", list->fields);
    if (list->expand.len)
        ask_query(&target, "expand", list->expand);
    ask_query(&target, "limit", str_printf(arena, "%lld", (long long)rows));
    if (list->cursor.len)
        ask_query(&target, "cursor", list->cursor);
    request.target = buf_str(&target);
    TRY(ask_in(cli, list->client, arena, &request, out));
    size_t count = json_get(*out, STR("items"))->count;
    list->left -= (int64_t)count;
    list->some = list->some || count;
    list->cursor = str_dup(cli->arena, json_text(json_get(*out, STR("next"))));
    return ERR_OK;
}

/* A type that is not there for this role: the list itself says so, or is empty. */
static Err learn_type(List *list)
{
    Err err = types_get(list->cli, list->client, list->as, list->type_name, list->cli->lang, &list->type);
    if (err.kind != ERR_UNSEEN)
        return err;
    list->cli->refusal = NULL;
    return ERR_OK;
}

static void print_page(const List *list, Arena *arena, const Json *items)
{
    Table table = table_new(arena, HEADS + list->shown_count);
    Str  *cells = ARENA_ARRAY(arena, Str, HEADS + list->shown_count);
    JSON_EACH(record, items) {
        cells[0] = json_text(json_get(record, STR("id")));
        cells[1] = json_text(json_get(record, STR("number")));
        cells[2] = types_title(list->cli, list->type, record);
        cells[3] = types_state(list->type, record);
        for (size_t i = 0; i < list->shown_count; i++)
            cells[HEADS + i] = types_field(list->cli, list->type, record, list->shown[i]);
        table_row(&table, cells);
    }
    table_print(&table);
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
            print_page(list, arena, items);
        else
            JSON_EACH(item, items)
                json_push(all, json_dup(cli->arena, item));
    } while (list->left > 0 && list->cursor.len);
    if (cli->json)
        print_list(list, all);
    else if (!list->some && !list->as.ptr)
        cli_note(SAY(cli, TEXT("以平台管理员身份看不到记录；用 --as LOGIN 指明身份",
                               "nothing to see as the operator; say who looks with --as LOGIN")));
    return ERR_OK;
}

static Err run(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    List                  list = { .cli = cli, .as = cli_option(cli, "as"), .type_name = cli_argument(cli, "TYPE") };
    TRY(cli_number(cli, "limit", 1, INT32_MAX, LIMIT_DEFAULT, &list.left));
    TRY(ask_open(cli, &client));
    list.client = client;
    if (!cli->json) /* the table has words of the type */
        TRY(learn_type(&list));
    choose_fields(&list);
    return each_page(&list);
}

const Verb verb_list = {
    .name = "list",
    .summary = TEXT_INIT("列出某一类型的记录", "list records of a type"),
    .notes = TEXT_INIT(
        "每行：标识、编号、名称、状态，再是 --fields 所列各字段；写入管道时以制表符分隔。",
        "Each line: id, number, title, state, then the fields of --fields; separated by tabs in a pipe."),
    .arguments = { ARGUMENT_DIR, ARGUMENT_TYPE },
    .options = { { "filter", "EXPR",
                   TEXT_INIT("条件，如 \"state = 'pool'\"", "a condition, such as \"state = 'pool'\"") },
                 { "sort", "FIELD", TEXT_INIT("排序字段；-FIELD 为降序", "field to sort by; -FIELD is descending") },
                 { "limit", "N", TEXT_INIT("最多几行（默认 50）", "at most so many rows (default: 50)") },
                 { "fields", "A,B",
                   TEXT_INIT("再列出这些字段；JSON 中只有这些字段", "these fields, too; in JSON these alone") },
                 OPTION_AS,
                 OPTION_KEY_DIR },
    .run = run,
};
