/* cli/export.c: firstmile export: all records of a list into a file or on stdout, as they come. */
#include "base/file.h"
#include "cli/ask.h"
#include "cli/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

typedef struct Export {
    Cli     *cli;
    bool     to_file;
    FilePart file;
    bool     packed; /* XLSX: its rows cannot be counted as they pass */
    bool     lines;  /* JSON Lines, not CSV */
    bool     quoted; /* CSV: inside a cell in quotes, where a line may end without ending the row */
    bool     shows;  /* how far it is, on the terminal */
    int64_t  rows, bytes;
} Export;

/* ---- what comes ---- */

/* Rows end with their line; a JSON text never holds a line's end. */
static void count_rows(Export *export, Str piece)
{
    for (size_t i = 0; i < piece.len; i++) {
        export->quoted ^= !export->lines && piece.ptr[i] == '"';
        export->rows += piece.ptr[i] == '\n' && !export->quoted;
    }
    export->bytes += (int64_t)piece.len;
}

/* Of CSV without its header. */
static int64_t rows_of(const Export *export)
{
    return export->lines || !export->rows ? export->rows : export->rows - 1;
}

static void show_progress(const Export *export, bool done)
{
    if (!export->shows)
        return;
    OWNED(arena) Arena *arena = arena_new();
    Str                 rows = cli_count(arena, rows_of(export));
    if (done)
        fprintf(stderr, "\r\033[K"); /* the line is empty again */
    else
        fprintf(stderr, "\r%.*s", STR_FMT(rows));
    fflush(stderr);
}

static Err print_piece(Cli *cli, Str piece)
{
    if (fwrite(piece.ptr, 1, piece.len, stdout) == piece.len)
        return ERR_OK;
    ErrCode code = errno == ENOSPC ? ECODE_STORE_FULL : ECODE_FILE_READ;
    return CLI_FAIL(cli, err_make(code, "stdout: %m"), ARG("path", STR("stdout")));
}

static Err take(void *context, Str piece)
{
    Export *export = context;
    if (export->to_file) {
        Err err = file_part_write(&export->file, piece);
        if (err.kind)
            return CLI_FAIL(export->cli, err, ARG("path", export->file.part));
    } else {
        TRY(print_piece(export->cli, piece));
    }
    count_rows(export, piece);
    show_progress(export, false);
    return ERR_OK;
}

/* ---- the verb ---- */

/* As the name of the file says, unless --format does; an empty table is a spreadsheet otherwise. */
static Str template_format(const Cli *cli)
{
    Str format = cli_option(cli, "format"), path = cli_option(cli, "out");
    if (format.ptr)
        return format;
    return str_ends(path, STR(".csv")) ? STR("csv") : STR("xlsx");
}

static Err ask_for_all(Export *export, Client *client)
{
    static const char *const parameters[] = { "format", "filter", "sort", "fields" };
    Cli                     *cli = export->cli;
    const Json              *none;
    Str                      path;
    bool                     empty = cli_switch(cli, "template");
    TRY(ASK_PATH(cli, &path, STR("records"), cli_argument(cli, "TYPE"), empty ? STR("template") : STR("export")));
    Buf target = buf_new(cli->arena, SIZE_MAX);
    buf_add(&target, path);
    if (empty)
        ask_query(&target, "format", template_format(cli));
    for (size_t i = 0; !empty && i < sizeof parameters / sizeof parameters[0]; i++)
        ask_query(&target, parameters[i], cli_option(cli, parameters[i]));
    const AppSink sink = { .take = take, .context = export };
    AppRequest    request = {
           .method = METHOD_GET, .target = buf_str(&target), .as = cli_option(cli, "as"), .sink = &sink
    };
    Err err = ask(cli, client, request, &none);
    show_progress(export, true);
    return err;
}

static Err into_file(Export *export, Client *client, Str path)
{
    Cli *cli = export->cli;
    Err  err = file_part_open(cli->arena, path, 0640, &export->file);
    if (err.kind)
        return CLI_FAIL(cli, err, ARG("path", path));
    export->to_file = true;
    err = ask_for_all(export, client);
    if (err.kind) {
        file_part_drop(&export->file);
        return err;
    }
    err = file_part_keep(&export->file);
    return err.kind ? CLI_FAIL(cli, err, ARG("path", path)) : ERR_OK;
}

static void print_counts(const Export *export)
{
    Cli  *cli = export->cli;
    Json *json = json_object(cli->arena);
    if (!export->packed)
        json_set_int(cli->arena, json, STR("rows"), rows_of(export));
    json_set_int(cli->arena, json, STR("bytes"), export->bytes);
    if (cli->json)
        cli_print_json(cli, json);
    else if (export->packed)
        cli_print(SAY(cli, TEXT("已写入 {path}，{bytes} 字节", "{path} written, {bytes} bytes"),
                      ARG("bytes", cli_count(cli->arena, export->bytes)), ARG("path", export->file.path)));
    else
        cli_print(SAY(cli, TEXT("导出 {rows} 行到 {path}", "{rows} rows exported to {path}"),
                      ARG("rows", cli_count(cli->arena, rows_of(export))), ARG("path", export->file.path)));
}

static Err run(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    Str                   path;
    Export export = { .cli = cli, .lines = str_eq(cli_option(cli, "format"), STR("jsonl")) };
    TRY(cli_file(cli, "out", &path));
    Str format = cli_switch(cli, "template") ? template_format(cli) : cli_option(cli, "format");
    export.packed = str_eq(format, STR("xlsx"));
    if (export.packed && !path.ptr && isatty(STDOUT_FILENO))
        return CLI_USAGE(cli, TEXT("XLSX 不能显示在终端上，请用 --out 写入文件",
                                   "XLSX is nothing for a terminal: name a file with --out"));
    export.shows = !export.packed && isatty(STDERR_FILENO) && (path.ptr || !isatty(STDOUT_FILENO));
    TRY(ask_open(cli, &client));
    if (!path.ptr)
        return ask_for_all(&export, client);
    TRY(into_file(&export, client, path));
    print_counts(&export);
    return ERR_OK;
}

const Verb verb_export = {
    .name = "export",
    .summary = TEXT_INIT("把记录导出为 CSV、XLSX 或 JSON Lines", "export records as CSV, XLSX or JSON Lines"),
    .notes = TEXT_INIT(
        "写到标准输出，或用 --out 写入文件：写完整之前名为 FILE.part。import 可以读入所导出的文件：有 id 或编号的行改动那条记录，其余作为新记录。",
        "Writes to stdout, or with --out into a file, which is FILE.part until it is whole. What is exported,\n"
        "import can read: a row with an id or a number changes that record, any other makes a new one."),
    .arguments = { ARGUMENT_DIR, ARGUMENT_TYPE },
    .options = { { "format", "FORMAT", TEXT_INIT("csv（默认）、xlsx 或 jsonl", "csv (the default), xlsx or jsonl") },
                 { "filter", "EXPR",
                   TEXT_INIT("条件，如 \"state = 'pool'\"", "a condition, such as \"state = 'pool'\"") },
                 { "sort", "FIELD", TEXT_INIT("排序字段；-FIELD 为降序", "field to sort by; -FIELD is descending") },
                 { "fields", "A,B", TEXT_INIT("只导出这些字段", "these fields alone") },
                 { "template", NULL,
                   TEXT_INIT(
                       "不要记录，要一份可填写的空表（XLSX；FILE 以 .csv 结尾或 --format csv 时为 CSV）",
                       "no records: an empty table to be filled in (XLSX; CSV with --format csv or a FILE.csv)") },
                 { "out", "FILE", TEXT_INIT("写入此文件", "the file to write") },
                 OPTION_AS,
                 OPTION_KEY_DIR },
    .run = run,
};
