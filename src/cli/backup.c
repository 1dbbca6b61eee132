/* cli/backup.c: firstmile backup and restore: a city in one file, and back (kernel/backup.h). */
#include "kernel/backup.h"

#include "cli/cli.h"
#include "cli/staging.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS 250 /* between two signs of life on a terminal */
#define MB      1000000

typedef struct Progress {
    Cli    *cli;
    Str     growing; /* the file that is being written */
    int64_t next_ms;
    bool    shown;
} Progress;

static void progress_look(void *context)
{
    Progress   *progress = context;
    int64_t     now = env_now(&progress->cli->env);
    struct stat status;
    if (now < progress->next_ms || stat(progress->growing.ptr, &status) != 0)
        return;
    progress->next_ms = now + LOOK_MS;
    progress->shown = true;
    fprintf(stderr, "\r%lld MB", (long long)status.st_size / MB);
    fflush(stderr);
}

static Progress progress_of(Cli *cli, Str path, const char *suffix)
{
    return (Progress){ .cli = cli,
                       .growing = str_printf(cli->arena, "%.*s%s", STR_FMT(path), suffix),
                       .next_ms = env_now(&cli->env) + LOOK_MS };
}

static void progress_end(const Progress *progress)
{
    if (progress->shown)
        fprintf(stderr, "\r\033[K");
}

static Json *about_json(Arena *arena, const BackupAbout *about)
{
    Json *json = json_object(arena);
    json_set_int(arena, json, STR("events"), about->events);
    if (about->last_ms)
        json_set_str(arena, json, STR("last_event"), instant_text(arena, about->last_ms));
    json_set_int(arena, json, STR("files"), about->files);
    json_set_int(arena, json, STR("bytes"), about->bytes);
    return json;
}

#define ABOUT_ARGS(cli, about)                                                                                         \
    ARG("files", cli_count((cli)->arena, (about)->files)), ARG("events", cli_count((cli)->arena, (about)->events)),    \
        ARG("bytes", cli_count((cli)->arena, (about)->bytes)),                                                         \
        ARG("last", (about)->last_ms ? instant_text((cli)->arena, (about)->last_ms) : STR("-"))

/* ---- backup ---- */

static Err run_backup(Cli *cli)
{
    Str         dir = cli_argument(cli, "DIR"), file = cli_argument(cli, "FILE");
    Progress    progress = progress_of(cli, file, BACKUP_COPY);
    DbWatch     watch = { progress_look, &progress };
    BackupAbout about;
    TRY(cli_outside(cli, "FILE", file));
    Err err = backup_write(dir, file, isatty(STDERR_FILENO) ? &watch : NULL, &about);
    progress_end(&progress);
    if (err.kind)
        return CLI_FAIL(cli, err, ARG("dir", dir), ARG("path", err.code == ECODE_CITY_MISSING ? dir : file));
    if (cli->json)
        cli_print_json(cli, about_json(cli->arena, &about));
    else
        cli_print(SAY(
            cli,
            TEXT(
                "已备份并核对：{events} 个事件，最后一个在 {last}，{files} 个文件，共 {bytes} 字节。密钥不在备份里，请另行保管。",
                "backed up and checked: {events} events, the last one at {last}, files: {files}, {bytes} bytes. Keys "
                "are not in it: keep them elsewhere."),
            ABOUT_ARGS(cli, &about)));
    return ERR_OK;
}

const Verb verb_backup = {
    .name = "backup",
    .summary = TEXT_INIT("备份一座城市，服务时也可以", "back up a city, also while it is served"),
    .notes = TEXT_INIT(
        "FILE 是一个文件，核对无误并写入磁盘后才出现；原来同名的文件到那时才被替换。",
        "FILE is one file, which appears when it is checked and on the disk; one of that name is replaced\n"
        "only then."),
    .arguments = { ARGUMENT_DIR, { "FILE", TEXT_INIT("备份文件", "the backup") } },
    .run = run_backup,
};

/* ---- restore ---- */

static Err build(Cli *cli, Str file, Str dir, BackupAbout *about)
{
    OWNED(staging) Staging staging = { .fd = -1 };
    TRY(staging_open(cli->arena, dir, &staging));
    Progress progress = progress_of(cli, staging.dir, "/city.db");
    DbWatch  watch = { progress_look, &progress };
    Err      err = backup_restore(file, staging.dir, cli_option(cli, "key-dir"), cli->env,
                             isatty(STDERR_FILENO) ? &watch : NULL, about);
    progress_end(&progress);
    TRY(err);
    return staging_keep(&staging);
}

static Err run_restore(Cli *cli)
{
    Str         dir = cli_argument(cli, "DIR"), file = cli_argument(cli, "FILE");
    BackupAbout about;
    Err         err = build(cli, file, dir, &about);
    if (err.kind)
        return CLI_FAIL(cli, err, ARG("dir", dir), ARG("file", file),
                        ARG("path", err.code == ECODE_FILE_MISSING ? file : dir));
    Json *json = about_json(cli->arena, &about);
    json_set_bool(cli->arena, json, STR("new_key"), about.new_key);
    json_set_bool(cli->arena, json, STR("new_log"), about.new_log);
    if (about.closed.kind)
        json_set_str(cli->arena, json, STR("read_only"), err_row(about.closed.code)->code);
    if (cli->json) {
        cli_print_json(cli, json);
        return ERR_OK;
    }
    cli_print(SAY(
        cli,
        TEXT("已恢复并核对：{dir}，{events} 个事件，最后一个在 {last}，{files} 个文件。所有会话已结束。",
             "restored and checked: {dir}, {events} events, the last one at {last}, files: {files}. All sessions have "
             "ended."),
        ABOUT_ARGS(cli, &about), ARG("dir", dir)));
    if (about.new_key)
        cli_print(
            SAY(cli, TEXT("没有原来的密钥，已生成新的：每个人都要重设密码（user list，user add --person）。",
                          "Without the city's key, a new one was made: everybody needs a new password (user list, "
                          "user add --person).")));
    if (about.new_log)
        cli_print(SAY(cli, TEXT("没有原来的日志密钥，已另起一份存证日志：以前的回执仍可核对，新的回执用新公钥。",
                                "Without the key of the city's log, another log was begun: receipts of before still "
                                "verify, new ones do by the new key.")));
    if (about.closed.kind)
        cli_print(err_row(about.closed.code)->detail.in[cli->lang]);
    return ERR_OK;
}

const Verb verb_restore = {
    .name = "restore",
    .summary = TEXT_INIT("由备份恢复一座城市", "make a city from its backup"),
    .notes = TEXT_INIT(
        "DIR 必须还不存在，或是空目录。逐页检查数据库，逐个核对事件，全部无误才出现 DIR。\n"
        "原城市的密钥放在 --key-dir 里时，密码照旧有效。",
        "DIR must be new, or an empty folder. Every page and every event is checked, and DIR appears only when all\n"
        "are right. With the city's key in --key-dir, passwords stay as they were."),
    .arguments = { { "FILE", TEXT_INIT("备份文件", "the backup") }, ARGUMENT_DIR },
    .options = { OPTION_KEY_DIR },
    .run = run_restore,
};
