/* cli/import.c: firstmile import: records from a file, as a job: the file goes to the city, the job is followed to its
 * end. Where nobody serves the city this process runs the job itself. */
#include "base/file.h"
#include "base/limits.h"
#include "cli/ask.h"
#include "cli/table.h"
#include "cli/verbs.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define MAP_BYTES_MAX 65536
#define LOOK_MS_FIRST 10 /* between two looks at a job: at first, so that a short one ends soon, and later */
#define LOOK_MS_MOST  200
#define SHOW_EACH_MS  100

typedef struct Import {
    Cli        *cli;
    Client     *client;
    Str         id;     /* of the job */
    Arena      *arena;  /* of one look */
    const Json *job;    /* as last seen */
    Str         errors; /* of --errors */
    FilePart    file;
} Import;

/* ---- Ctrl-C ---- */

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static void take_interrupts(void)
{
    struct sigaction action = { .sa_handler = interrupt }; /* without SA_RESTART: a pause ends */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static void pause_ms(long ms)
{
    struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&time, NULL);
}

/* ---- beginning ---- */

static Str base_name(Str path)
{
    Str name = path;
    while (path.len)
        name = str_cut(&path, '/');
    return str_ends(name, STR(".gz")) ? str_slice(name, 0, name.len - 3) : name; /* file_read() unpacks it */
}

static bool checks_only(const Cli *cli) { return cli_switch(cli, "dry-run") || cli_switch(cli, "columns"); }

static Err send_file(Import *import, Arena *arena)
{
    Cli *cli = import->cli;
    Str  path = cli_argument(cli, "FILE"), address, bytes, mapping = STR_NONE;
    if (cli_option(cli, "map").ptr)
        TRY(cli_read(cli, arena, cli_option(cli, "map"), MAP_BYTES_MAX, &mapping));
    TRY(cli_read(cli, arena, path, LIMIT_FILE_BYTES, &bytes));
    TRY(ASK_PATH(cli, &address, STR("records"), cli_argument(cli, "TYPE"), STR("import")));
    Buf target = buf_new(arena, SIZE_MAX);
    buf_add(&target, address);
    ask_query(&target, "name", base_name(path));
    ask_query(&target, "mapping", mapping);
    ask_query(&target, "sheet", cli_option(cli, "sheet"));
    if (checks_only(cli))
        ask_query(&target, "dry_run", STR("1"));
    AppRequest  request = { .method = METHOD_POST,
                            .target = buf_str(&target),
                            .as = cli_option(cli, "as"),
                            .body = bytes.len ? bytes : STR("\n"),
                            .media = STR("application/octet-stream"),
                            .lang = cli->lang };
    const Json *job;
    TRY(ask_in(cli, import->client, arena, &request, &job));
    import->id = str_dup(cli->arena, json_text(json_get(job, STR("id"))));
    return ERR_OK;
}

static Err look(Import *import)
{
    Cli *cli = import->cli;
    Str  target;
    arena_reset(import->arena);
    TRY(ASK_PATH(cli, &target, STR("jobs"), import->id));
    AppRequest request = { .method = METHOD_GET, .target = target, .as = cli_option(cli, "as"), .lang = cli->lang };
    return ask_in(cli, import->client, import->arena, &request, &import->job);
}

static bool in_state(const Import *import, const char *state)
{
    return str_eq(json_text(json_get(import->job, STR("state"))), str_from(state));
}

static bool is_open(const Import *import) { return in_state(import, "waiting") || in_state(import, "running"); }

/* One that was cut off goes on by itself; one that was cancelled or failed is taken up again. */
static Err take_up(Import *import)
{
    Cli        *cli = import->cli;
    const Json *json;
    Str         target;
    import->id = cli_option(cli, "resume");
    TRY(look(import));
    if (is_open(import) || in_state(import, "done"))
        return ERR_OK;
    TRY(ASK_PATH(cli, &target, STR("records"), STR("job"), import->id, STR("actions"), STR("resume")));
    return ask_post(cli, import->client, cli_option(cli, "as"), target, json_object(cli->arena), &json);
}

static Err begin(Import *import)
{
    OWNED(arena) Arena *arena = arena_new(); /* the file is not kept longer than it takes to send it */
    return cli_option(import->cli, "resume").ptr ? take_up(import) : send_file(import, arena);
}

/* ---- following ---- */

static void show_progress(const Import *import, int64_t done, int64_t total)
{
    if (!isatty(STDERR_FILENO))
        return;
    Arena *arena = import->cli->arena;
    if (total < 0)
        fprintf(stderr, "\r\033[K"); /* the line is empty again */
    else
        fprintf(stderr, "\r%.*s / %.*s", STR_FMT(cli_count(arena, done)), STR_FMT(cli_count(arena, total)));
    fflush(stderr);
}

typedef struct Watched {
    const Import *import;
    int64_t       shown_ms;
} Watched;

static bool watch(void *context, const JobProgress *progress)
{
    Watched *watched = context;
    int64_t  now_ms = env_now(&watched->import->cli->env);
    if (now_ms - watched->shown_ms >= SHOW_EACH_MS) {
        show_progress(watched->import, progress->done, progress->total);
        watched->shown_ms = now_ms;
    }
    return !interrupted;
}

static int64_t number_of(const Import *import, const char *name)
{
    int64_t number = 0;
    json_int(json_get(json_get(import->job, STR("job")), str_from(name)), &number);
    return number;
}

static Err follow_there(Import *import)
{
    long ms = LOOK_MS_FIRST;
    for (;;) {
        TRY(look(import));
        if (!is_open(import) || interrupted)
            return ERR_OK;
        show_progress(import, number_of(import, "done"), number_of(import, "total"));
        pause_ms(ms);
        ms = ms * 2 < LOOK_MS_MOST ? ms * 2 : LOOK_MS_MOST;
    }
}

static Err follow(Import *import)
{
    Cli    *cli = import->cli;
    Watched watched = { .import = import };
    bool    served;
    Err     err = client_run_job(import->client, import->id, watch, &watched, &served);
    if (served)
        err = follow_there(import);
    else if (err.kind)
        err = CLI_FAIL(cli, err, ARG("dir", cli_argument(cli, "DIR")));
    show_progress(import, 0, -1);
    return err.kind ? err : look(import);
}

/* ---- the end ---- */

static Err take_errors(void *context, Str piece)
{
    Import *import = context;
    Err     err = file_part_write(&import->file, piece);
    return err.kind ? CLI_FAIL(import->cli, err, ARG("path", import->file.part)) : ERR_OK;
}

/* As the name of the file says: a table as a spreadsheet or as CSV. */
static Str errors_format(Str path)
{
    if (str_ends(path, STR(".xlsx")))
        return STR("xlsx");
    return str_ends(path, STR(".csv")) ? STR("csv") : STR_NONE;
}

/* Of a job that refused nothing an empty file. */
static Err fetch_errors(Import *import)
{
    Cli        *cli = import->cli;
    const Json *none;
    Str         target;
    TRY(ASK_PATH(cli, &target, STR("jobs"), import->id, STR("errors")));
    Buf address = buf_new(cli->arena, SIZE_MAX);
    buf_add(&address, target);
    ask_query(&address, "format", errors_format(import->errors));
    const AppSink sink = { .take = take_errors, .context = import };
    AppRequest    request = {
           .method = METHOD_GET, .target = buf_str(&address), .as = cli_option(cli, "as"), .sink = &sink
    };
    return ask(cli, import->client, request, &none);
}

static Err write_errors(Import *import)
{
    Cli *cli = import->cli;
    if (!import->errors.ptr)
        return ERR_OK;
    Err err = file_part_open(cli->arena, import->errors, 0640, &import->file);
    if (err.kind)
        return CLI_FAIL(cli, err, ARG("path", import->errors));
    err = fetch_errors(import);
    if (err.kind) {
        file_part_drop(&import->file);
        return err;
    }
    err = file_part_keep(&import->file);
    return err.kind ? CLI_FAIL(cli, err, ARG("path", import->errors)) : ERR_OK;
}

static void tell_refusals(const Import *import)
{
    Cli        *cli = import->cli;
    const Json *rows = json_get(json_get(import->job, STR("job")), STR("refusals"));
    JSON_EACH(row, rows) {
        int64_t line = 0;
        json_int(json_get(row, STR("line")), &line);
        cli_note(SAY(cli, TEXT("第 {line} 行：{why}", "line {line}: {why}"),
                     ARG("line", str_printf(import->arena, "%lld", (long long)line)),
                     ARG("why", json_text(json_get(row, STR("reasons"))))));
    }
    int64_t more = number_of(import, "refused") - (rows ? (int64_t)rows->count : 0);
    if (more > 0)
        cli_note(SAY(cli,
                     TEXT("另有 {count} 行未列出；--errors FILE 写出全部",
                          "rows not listed here: {count}; --errors FILE writes all"),
                     ARG("count", cli_count(import->arena, more))));
}

static void print_counts(const Import *import)
{
    static const char *const names[] = { "added", "updated", "unchanged", "refused" };
    Cli                     *cli = import->cli;
    Json                    *json = json_object(cli->arena);
    int64_t accepted = number_of(import, "added") + number_of(import, "updated") + number_of(import, "unchanged");
    json_set_str(cli->arena, json, STR("job"), import->id);
    json_set_str(cli->arena, json, STR("state"), json_text(json_get(import->job, STR("state"))));
    json_set_int(cli->arena, json, STR("accepted"), accepted);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_set_int(cli->arena, json, str_from(names[i]), number_of(import, names[i]));
    if (cli->json) {
        cli_print_json(cli, json);
        return;
    }
    if (checks_only(cli))
        cli_print(SAY(cli, TEXT("只是检查，没有写入", "checked only, nothing was written")));
    if (accepted != number_of(import, "added"))
        cli_print(SAY(cli,
                      TEXT("新增 {added} 行，更新 {updated} 行，未变 {unchanged} 行",
                           "{added} added, {updated} updated, {unchanged} unchanged"),
                      ARG("added", cli_count(cli->arena, number_of(import, "added"))),
                      ARG("updated", cli_count(cli->arena, number_of(import, "updated"))),
                      ARG("unchanged", cli_count(cli->arena, number_of(import, "unchanged")))));
    cli_print(SAY(cli, TEXT("接受 {accepted} 行，拒绝 {refused} 行", "{accepted} accepted, {refused} refused"),
                  ARG("accepted", cli_count(cli->arena, accepted)),
                  ARG("refused", cli_count(cli->arena, number_of(import, "refused")))));
}

/* The field, or what may be meant. */
static Str column_field(const Cli *cli, const Json *column)
{
    Str field = json_text(json_get(column, STR("field"))), near = json_text(json_get(column, STR("near")));
    if (field.len || !near.len)
        return field.len ? field : STR("-");
    return SAY(cli, TEXT("是否指 {near}？", "{near}?"), ARG("near", near));
}

static void print_columns(const Cli *cli, const Json *columns)
{
    Table table = table_new(cli->arena, 3);
    JSON_EACH(column, columns) {
        const Json *values = json_get(column, STR("values"));
        Str        *cells = ARENA_ARRAY(cli->arena, Str, values->count);
        size_t      count = 0;
        JSON_EACH(value, values)
            cells[count++] = value->text;
        table_row(&table, (const Str[]){ json_text(json_get(column, STR("column"))), column_field(cli, column),
                                         str_join(cli->arena, cells, count, STR(" | ")) });
    }
    table_print(&table);
}

static Err tell_columns(const Import *import)
{
    Cli        *cli = import->cli;
    const Json *found;
    Str         target;
    if (!cli_switch(cli, "columns"))
        return ERR_OK;
    TRY(ASK_PATH(cli, &target, STR("jobs"), import->id, STR("columns")));
    AppRequest request = { .method = METHOD_GET, .target = target, .as = cli_option(cli, "as"), .lang = cli->lang };
    TRY(ask(cli, import->client, request, &found));
    if (cli->json)
        cli_print_json(cli, found);
    else
        print_columns(cli, json_get(found, STR("columns")));
    return ERR_OK;
}

/* What the city wrote into the job. */
static Err not_finished(const Import *import)
{
    Cli *cli = import->cli;
    Str  reason = json_text(json_get(json_get(import->job, STR("fields")), STR("reason")));
    if (is_open(import))
        return CLI_FAIL(cli, err_make(ECODE_JOB_LEFT, "interrupted"), ARG("job", import->id));
    if (!reason.len)
        return err_make(ECODE_JOB_STOPPED, "cancelled");
    return CLI_FAIL(cli, err_make(ECODE_JOB_FAILED, "job"), ARG("reason", reason));
}

static Err finish(Import *import)
{
    Cli *cli = import->cli;
    TRY(tell_columns(import));
    tell_refusals(import);
    if (!is_open(import))
        TRY(write_errors(import));
    print_counts(import);
    if (!in_state(import, "done"))
        return not_finished(import);
    if (!number_of(import, "refused"))
        return ERR_OK;
    cli->told = true;
    return err_make(ECODE_IMPORT_ROWS, "%lld", (long long)number_of(import, "refused"));
}

static Err run(Cli *cli)
{
    OWNED(client) Client *client = NULL;
    OWNED(arena) Arena   *arena = arena_new();
    Import                import = { .cli = cli, .arena = arena };
    TRY(cli_file(cli, "errors", &import.errors));
    TRY(ask_open(cli, &client));
    import.client = client;
    take_interrupts();
    TRY(begin(&import));
    TRY(follow(&import));
    return finish(&import);
}

const Verb verb_import = {
    .name = "import",
    .summary = TEXT_INIT("从 CSV、XLSX 或 JSON Lines 文件导入记录",
                         "import records from a CSV, XLSX or JSON Lines file"),
    .notes = TEXT_INIT(
        "表头（或对象的成员）为字段名或中英文标签，XLSX 读第一张可见的工作表，除非用 --sheet 指明；用 --map 时为 {\"字段\": \"来源列\"}。\n"
        "合格的行写入，不合格的行连同原因列出；表头不符则一行也不写入。文件可以是 .gz，也可以是 export 的结果。\n"
        "有 id 或 number 一列的行改动那条记录中不同的值（version 一列为改前的版本）；没有的登记新记录。引用填写标识（ID）。\n"
        "导入是一项任务：城市在服务时由服务进程办理，否则由本进程办理。中断后用 --resume 继续，不会重复。",
        "The header (or the members of the objects) names fields, or their labels in either language; of an XLSX the\n"
        "first visible sheet is read, unless --sheet says which; with --map\n"
        "it is {\"field\": \"source column\"}. Good rows go in, bad rows come back with reasons; nothing goes in when"
        " the\nheader does not fit. The file may be a .gz, and what export wrote.\n"
        "A row with an id or a number changes what differs in that record (a column version: the one it had before);\n"
        "any other row makes a new record. References are given by id.\n"
        "An import is a job: the server runs it where one serves the city, else this process. --resume goes on with\n"
        "one that was cut off, and does nothing twice."),
    .arguments = { ARGUMENT_DIR,
                   ARGUMENT_TYPE,
                   { "FILE", TEXT_INIT(".csv、.xlsx 或 .jsonl 文件", "a .csv, .xlsx or .jsonl file") } },
    .options = { { "map", "FILE", TEXT_INIT("对照文件", "the mapping file") },
                 { "sheet", "SHEET",
                   TEXT_INIT("XLSX 的工作表：名称或第几张", "the sheet of an XLSX: its name, or its place from 1") },
                 { "dry-run", NULL, TEXT_INIT("只检查，不写入", "check only, write nothing") },
                 { "columns", NULL,
                   TEXT_INIT("列出各列当作哪个字段和前几行的内容；只检查，不写入",
                             "list which field each column is, with the first rows; check only, write nothing") },
                 { "errors", "FILE",
                   TEXT_INIT("把不合格的行写入此文件（.csv 或 .xlsx），附原因一列 errors",
                             "write refused rows there (.csv or .xlsx), with a column errors") },
                 { "resume", "JOB",
                   TEXT_INIT("继续这项任务（FILE 不再读取）", "go on with this job (FILE is not read)") },
                 OPTION_AS,
                 OPTION_KEY_DIR },
    .run = run,
};
