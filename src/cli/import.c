/* cli/import.c: firstmile import: many new records from a file. Good rows go in, bad rows come back with reasons. */
#include "base/file.h"
#include "base/limits.h"
#include "cli/sheet.h"
#include "cli/types.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define CHUNK_BYTES   (LIMIT_BULK_BODY_BYTES / 2 - 64) /* a request is sent when it has more; of one row, at most */
#define REFUSED_SHOWN 20                               /* rows whose reasons are shown; --errors has all */
#define TRIES         6                                /* when the city is busy: 0.1, 0.2 … 1.6 s between them */

typedef struct Import {
    Cli    *cli;
    Client *client;
    Str     target; /* of each request */
    bool    dry_run;
    Sheet   sheet;
    int64_t accepted, refused;
    Buf     errors; /* of --errors */
    Str     errors_path;
    /* the rows of the next request: */
    Arena    *arena;
    SheetRow *rows; /* also those that are wrong by themselves and are not sent */
    size_t    row_count, sent_count;
    Buf       body;
} Import;

/* ---- refused rows ---- */

/* "标题：…。 学科：…。" */
static Str reasons(const Import *import, const Json *errors)
{
    const Cli *cli = import->cli;
    Buf        buf = buf_new(import->arena, SIZE_MAX);
    JSON_EACH(error, errors) {
        Str field = json_text(json_get(error, STR("field"))), text = json_text(json_get(error, STR("text")));
        if (buf.len)
            buf_char(&buf, ' ');
        buf_add(&buf, field.len
                          ? SAY(cli, TEXT("{field}：{text}", "{field}: {text}"), ARG("field", field), ARG("text", text))
                          : text);
    }
    return buf_str(&buf);
}

static Str own_reasons(const Import *import, const SheetRow *row)
{
    Buf buf = buf_new(import->arena, SIZE_MAX);
    for (size_t i = 0; i < row->problems.count; i++)
        buf_printf(&buf, "%s%.*s", i ? " " : "", STR_FMT(row->problems.items[i].text.in[import->cli->lang]));
    return buf_str(&buf);
}

static void refuse(Import *import, const SheetRow *row, Str why)
{
    import->refused++;
    sheet_refused_row(&import->sheet, &import->errors, row, why);
    if (import->refused > REFUSED_SHOWN)
        return;
    Str line = SAY(import->cli, TEXT("第 {line} 行：{why}", "line {line}: {why}"),
                   ARG("line", str_printf(import->arena, "%zu", row->line)), ARG("why", why));
    cli_note(line);
}

/* ---- one request ---- */

static void pause_ms(long ms)
{
    struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&time, NULL);
}

/* A busy city has taken nothing of the request, which says so as a whole (web/records.c); then it may be sent again. */
static Err send_rows(Import *import, const Json **out)
{
    AppRequest request = { .method = METHOD_POST,
                           .target = import->target,
                           .as = cli_option(import->cli, "as"),
                           .body = buf_str(&import->body),
                           .lang = import->cli->lang };
    Err        err = ask_in(import->cli, import->client, import->arena, &request, out);
    for (int tries = 1; tries < TRIES && import->cli->refusal && (err.kind == ERR_BUSY || err.kind == ERR_RATE);
         tries++) {
        pause_ms(50L << tries);
        import->cli->refusal = NULL;
        err = ask_in(import->cli, import->client, import->arena, &request, out);
    }
    return err;
}

/* Goes through the rows in their order: wrong by themselves, refused (the answer lists them by their
 * place in the request), or in. */
static void tell_rows(Import *import, const Json *answer)
{
    const Json *refused = json_get(answer, STR("refused")), *next = refused ? refused->first : NULL;
    int64_t     sent = 0, at = -1;
    for (size_t i = 0; i < import->row_count; i++) {
        const SheetRow *row = &import->rows[i];
        if (!row->fields) {
            refuse(import, row, own_reasons(import, row));
            continue;
        }
        if (next)
            json_int(json_get(next, STR("row")), &at);
        if (next && at == sent) {
            refuse(import, row, reasons(import, json_get(next, STR("errors"))));
            next = next->next;
        } else {
            import->accepted++;
        }
        sent++;
    }
}

static void show_progress(const Import *import, bool done)
{
    if (!isatty(STDERR_FILENO))
        return;
    Arena *arena = import->cli->arena;
    Str    so_far = cli_count(arena, import->accepted + import->refused);
    Str    all = cli_count(arena, (int64_t)import->sheet.rows);
    if (done)
        fprintf(stderr, "\r\033[K"); /* the line is empty again */
    else
        fprintf(stderr, "\r%.*s / %.*s", STR_FMT(so_far), STR_FMT(all));
    fflush(stderr);
}

static void chunk_begin(Import *import)
{
    arena_reset(import->arena);
    import->rows = ARENA_ARRAY(import->arena, SheetRow, LIMIT_IMPORT_CHUNK_ROWS);
    import->row_count = import->sent_count = 0;
    import->body = buf_new(import->arena, SIZE_MAX);
    buf_printf(&import->body, "{\"dry_run\":%s,\"rows\":[", import->dry_run ? "true" : "false");
}

static Err chunk_end(Import *import)
{
    const Json *answer = NULL;
    buf_add(&import->body, STR("]}"));
    if (import->sent_count)
        TRY(send_rows(import, &answer));
    show_progress(import, true);
    tell_rows(import, answer);
    show_progress(import, false);
    chunk_begin(import);
    return ERR_OK;
}

/* ---- all rows ---- */

static Str row_json(Arena *arena, const Json *fields)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    buf_add(&buf, STR("{\"fields\":"));
    json_write(&buf, fields);
    buf_char(&buf, '}');
    return buf_str(&buf);
}

static void too_large(SheetRow *row)
{
    row->fields = NULL;
    PROBLEM(&row->problems, ECODE_HTTP_BODY, STR_NONE, STR_NONE,
            ARG("max", str_printf(row->problems.arena, "%d", LIMIT_BULK_BODY_BYTES)));
}

static void chunk_add(Import *import, const SheetRow *row, Str json)
{
    import->rows[import->row_count++] = *row;
    if (!row->fields)
        return;
    if (import->sent_count++)
        buf_char(&import->body, ',');
    buf_add(&import->body, json);
}

static Err each_row(Import *import)
{
    SheetRow row;
    chunk_begin(import);
    while (sheet_next(&import->sheet, import->arena, &row)) {
        Str json = row.fields ? row_json(import->arena, row.fields) : STR("");
        if (json.len > CHUNK_BYTES)
            too_large(&row);
        chunk_add(import, &row, json);
        bool full = import->row_count == LIMIT_IMPORT_CHUNK_ROWS || import->body.len > CHUNK_BYTES;
        if (full)
            TRY(chunk_end(import));
    }
    return chunk_end(import);
}

/* ---- the verb ---- */

static Err open_sheet(Import *import)
{
    Cli        *cli = import->cli;
    SheetType  *type = ARENA_NEW(cli->arena, SheetType);
    const Json *described[LANG_COUNT];
    for (int i = 0; i < LANG_COUNT; i++) { /* that of the user first: a refusal is in the language of the question */
        Lang lang = (Lang)((cli->lang + i) % LANG_COUNT);
        TRY(types_get(cli, import->client, cli_option(cli, "as"), cli_argument(cli, "TYPE"), lang, &described[lang]));
    }
    *type = sheet_type(cli->arena, described);
    TRY(ASK_PATH(cli, &import->target, STR("records"), cli_argument(cli, "TYPE"), STR("import")));
    return sheet_open(cli->arena, cli_argument(cli, "FILE"), cli_option(cli, "map"), type, &import->sheet,
                      &cli->problems);
}

static Err write_errors(const Import *import)
{
    Cli *cli = import->cli;
    if (!import->errors_path.ptr)
        return ERR_OK;
    Err err = file_write(import->errors_path, buf_str(&import->errors), 0640);
    return err.kind ? CLI_FAIL(cli, err, ARG("path", import->errors_path)) : ERR_OK;
}

static void print_counts(const Import *import)
{
    Cli  *cli = import->cli;
    Json *json = json_object(cli->arena);
    json_set_int(cli->arena, json, STR("accepted"), import->accepted);
    json_set_int(cli->arena, json, STR("refused"), import->refused);
    if (cli->json) {
        cli_print_json(cli, json);
        return;
    }
    if (import->refused > REFUSED_SHOWN)
        cli_print(SAY(cli,
                      TEXT("另有 {count} 行未列出；--errors FILE 写出全部",
                           "rows not listed here: {count}; --errors FILE writes all"),
                      ARG("count", cli_count(cli->arena, import->refused - REFUSED_SHOWN))));
    if (import->dry_run)
        cli_print(SAY(cli, TEXT("只是检查，没有写入", "checked only, nothing was written")));
    cli_print(SAY(cli, TEXT("接受 {accepted} 行，拒绝 {refused} 行", "{accepted} accepted, {refused} refused"),
                  ARG("accepted", cli_count(cli->arena, import->accepted)),
                  ARG("refused", cli_count(cli->arena, import->refused))));
}

/* A refusal half-way says in its document, too, how far the import came (RFC 9457, 3.2: members of its own). */
static void count_in_refusal(const Import *import)
{
    Cli *cli = import->cli;
    if (!cli->refusal)
        return;
    Json *document = json_dup(cli->arena, cli->refusal);
    json_set_int(cli->arena, document, STR("accepted"), import->accepted);
    json_set_int(cli->arena, document, STR("refused"), import->refused);
    cli->refusal = document;
}

/* Whatever ends the import, what is in is counted. */
static Err finish(Import *import, Err err)
{
    Cli *cli = import->cli;
    show_progress(import, true);
    if (err.kind && cli->json) {
        count_in_refusal(import);
        return err;
    }
    if (!err.kind)
        err = write_errors(import);
    print_counts(import);
    if (err.kind || !import->refused)
        return err;
    cli->told = true;
    return err_make(ECODE_IMPORT_ROWS, "%lld", (long long)import->refused);
}

/* Of an export: numbers and states are given anew. */
static void tell_passed_over(const Import *import)
{
    const Sheet *sheet = &import->sheet;
    if (sheet->passed_count)
        cli_note(SAY(import->cli, TEXT("不导入的列：{columns}", "columns that are not imported: {columns}"),
                     ARG("columns", str_join(import->arena, sheet->passed_over, sheet->passed_count, STR(", ")))));
}

static Err run(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    OWNED(arena) Arena   *arena = arena_new();
    Import                import = { .cli = cli, .arena = arena, .dry_run = cli_switch(cli, "dry-run") };
    import.errors = buf_new(cli->arena, SIZE_MAX);
    TRY(cli_file(cli, "errors", &import.errors_path));
    TRY(ask_open(cli, &client));
    import.client = client;
    TRY(open_sheet(&import));
    tell_passed_over(&import);
    sheet_refused_head(&import.sheet, &import.errors);
    return finish(&import, each_row(&import));
}

const Verb verb_import = {
    .name = "import",
    .summary = TEXT_INIT("从 CSV 或 JSON Lines 文件导入记录", "import records from a CSV or JSON Lines file"),
    .notes = TEXT_INIT(
        "表头（或对象的成员）为字段名或中英文标签；用 --map 时为 {\"字段\": \"来源列\"}。\n"
        "合格的行写入，不合格的行连同原因列出；表头不符则一行也不写入。文件可以是 .gz，也可以是 export 的结果。\n"
        "每一行登记一条新记录，已有的记录不变：export 的结果改后导入，得到的是新记录。引用填写标识（ID），选项填写代码。\n"
        "--dry-run 逐行检查：不得重复的值在文件里出现两次，写入时才会发现。",
        "The header (or the members of the objects) names fields, or their labels in either language; with --map\n"
        "it is {\"field\": \"source column\"}. Good rows go in, bad rows come back with reasons; nothing goes in when"
        " the\n"
        "header does not fit. The file may be a .gz, and what export wrote.\n"
        "Each row makes a new record, and none that is there changes: what export wrote, edited, makes new ones.\n"
        "References are given by id, choices by their code.\n"
        "--dry-run checks each row by itself: a value that must be unique and stands in two rows is found when they go "
        "in."),
    .arguments = { ARGUMENT_DIR, ARGUMENT_TYPE, { "FILE", TEXT_INIT(".csv 或 .jsonl 文件", "a .csv or .jsonl file") } },
    .options = { { "map", "FILE", TEXT_INIT("对照文件", "the mapping file") },
                 { "dry-run", NULL, TEXT_INIT("只检查，不写入", "check only, write nothing") },
                 { "errors", "FILE",
                   TEXT_INIT("把不合格的行写入此文件，附原因一列 errors",
                             "write refused rows there, with a column errors") },
                 OPTION_AS,
                 OPTION_KEY_DIR },
    .run = run,
};
