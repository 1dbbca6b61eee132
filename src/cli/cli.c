/* cli/cli.c: see cli.h. */
#include "cli/cli.h"

#include "base/file.h"
#include "web/call.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define OUTPUT_BYTES_MAX SIZE_MAX

/* ---- what was given ---- */

Str cli_argument(const Cli *cli, const char *name)
{
    for (size_t i = 0; i < ARGUMENTS_MAX && cli->verb->arguments[i].name; i++)
        if (strcmp(cli->verb->arguments[i].name, name) == 0)
            return cli->arguments[i];
    assert(false); /* the verb has no such argument */
    return STR_NONE;
}

Str cli_option(const Cli *cli, const char *name)
{
    for (size_t i = 0; i < OPTIONS_MAX && cli->verb->options[i].name; i++)
        if (strcmp(cli->verb->options[i].name, name) == 0)
            return cli->options[i];
    assert(false); /* the verb has no such option */
    return STR_NONE;
}

bool cli_switch(const Cli *cli, const char *name) { return cli_option(cli, name).ptr != NULL; }

Err cli_number(Cli *cli, const char *name, int64_t min, int64_t max, int64_t fallback, int64_t *out)
{
    Str     text = cli_option(cli, name);
    int64_t number = fallback;
    if (text.ptr && (!str_int(text, &number) || number < min || number > max))
        return CLI_USAGE(
            cli, TEXT("--{name} 应为 {min} 到 {max} 之间的整数", "--{name} must be a whole number from {min} to {max}"),
            ARG("name", str_from(name)), ARG("min", str_printf(cli->arena, "%lld", (long long)min)),
            ARG("max", str_printf(cli->arena, "%lld", (long long)max)));
    *out = number;
    return ERR_OK;
}

static bool is_there(Arena *arena, Str folder, const char *name)
{
    return access(str_dup_z(arena, str_printf(arena, "%.*s%s", STR_FMT(folder), name)), F_OK) == 0;
}

Err cli_outside(Cli *cli, const char *name, Str path)
{
    size_t length = path.len;
    while (length && path.ptr[length - 1] != '/')
        length--;
    Str folder = length ? str_slice(path, 0, length) : STR("./");
    if (is_there(cli->arena, folder, "city.db") || is_there(cli->arena, folder, "../city.db"))
        return CLI_USAGE(cli, TEXT("{name} 不能写入城市的目录：{path}", "{name} writes nothing into a city: {path}"),
                         ARG("name", str_from(name)), ARG("path", path));
    return ERR_OK;
}

Err cli_file(Cli *cli, const char *name, Str *out)
{
    *out = cli_option(cli, name);
    return out->ptr ? cli_outside(cli, str_printf(cli->arena, "--%s", name).ptr, *out) : ERR_OK;
}

/* ---- words ---- */

Str cli_words(const Cli *cli, Text text, const ErrArg *args, size_t arg_count)
{
    return text_fill(cli->arena, text.in[cli->lang], args, arg_count, cli->lang);
}

Str cli_count(Arena *arena, int64_t number)
{
    Str digits = str_printf(arena, "%lld", (long long)number);
    Buf buf = buf_new(arena, SIZE_MAX);
    for (size_t i = 0; i < digits.len; i++) {
        if (i && (digits.len - i) % 3 == 0 && digits.ptr[i - 1] != '-')
            buf_char(&buf, ',');
        buf_char(&buf, digits.ptr[i]);
    }
    return buf_str(&buf);
}

/* ---- output ---- */

void cli_print(Str line)
{
    fwrite(line.ptr, 1, line.len, stdout);
    putchar('\n');
}

void cli_print_json(Cli *cli, const Json *json)
{
    Buf buf = buf_new(cli->arena, OUTPUT_BYTES_MAX);
    json_write(&buf, json);
    cli_print(buf_str(&buf));
}

void cli_print_named(Cli *cli, const char *name, Str text)
{
    Json *json = json_object(cli->arena);
    json_set_str(cli->arena, json, str_from(name), text);
    if (cli->json)
        cli_print_json(cli, json);
    else
        cli_print(text);
}

void cli_note(Str line) { fprintf(stderr, "%.*s\n", STR_FMT(line)); }

/* Values of a problem that are shown below its text; the words are those of the pages. */
static const struct {
    Str  name;
    Text label;
} problem_lines[] = {
    { STR_INIT("source"), TEXT_INIT("依据", "Source") },
    { STR_INIT("helps"), TEXT_INIT("怎样才行", "What helps") },
};

Str cli_problem(const Cli *cli, const Json *problem)
{
    Buf         buf = buf_new(cli->arena, SIZE_MAX);
    const Json *values = json_get(problem, STR("values")); /* a reason has them among its own members */
    Str         field = json_text(json_get(problem, STR("field"))), text = json_text(json_get(problem, STR("text")));
    buf_add(&buf, field.len
                      ? SAY(cli, TEXT("  {field}：{text}", "  {field}: {text}"), ARG("field", field), ARG("text", text))
                      : SAY(cli, TEXT("  {text}", "  {text}"), ARG("text", text)));
    for (size_t i = 0; i < sizeof problem_lines / sizeof problem_lines[0]; i++) {
        Str value = json_text(json_get(values ? values : problem, problem_lines[i].name));
        if (value.len)
            buf_add(&buf, SAY(cli, TEXT("\n    {label}：{value}", "\n    {label}: {value}"),
                              ARG_TEXT("label", problem_lines[i].label), ARG("value", value)));
    }
    return buf_str(&buf);
}

/* ---- failing ---- */

Err cli_fail(Cli *cli, Err err, const ErrArg *args, size_t arg_count)
{
    problem_add(&cli->problems, err.code, STR_NONE, STR_NONE, args, arg_count);
    return err;
}

Err cli_usage(Cli *cli, Text reason, const ErrArg *args, size_t arg_count)
{
    Text filled;
    for (Lang lang = 0; lang < LANG_COUNT; lang++)
        filled.in[lang] = text_fill(cli->arena, reason.in[lang], args, arg_count, lang);
    return CLI_FAIL(cli, err_make(ECODE_USAGE, "%.*s", STR_FMT(filled.in[LANG_EN])), ARG_TEXT("reason", filled));
}

/* The same document that the API answers with. */
static const Json *document(Cli *cli, Err err)
{
    if (cli->refusal)
        return cli->refusal;
    Call call = { .ctx = { .arena = cli->arena, .lang = cli->lang } };
    return call_error(&call, err, &cli->problems);
}

static void say_failure(const Cli *cli, Err err, const Json *json)
{
    Str detail = json_text(json_get(json, STR("detail")));
    cli_note(SAY(cli, TEXT("firstmile：{title}：{detail}", "firstmile: {title}: {detail}"),
                 ARG("title", json_text(json_get(json, STR("title")))), ARG("detail", detail)));
    JSON_EACH(problem, json_get(json, STR("errors")))
        if (!str_eq(json_text(json_get(problem, STR("text"))), detail)) /* it has been said */
            cli_note(cli_problem(cli, problem));
    bool machine = err.kind == ERR_INTERNAL || err.kind == ERR_BUSY; /* of use to who runs the machine */
    if (machine && !cli->refusal && err.context[0])
        fprintf(stderr, "  (%s)\n", err.context);
    if (err.kind == ERR_USAGE)
        cli_note(SAY(cli, TEXT("用法见：firstmile {verb}--help", "Usage: firstmile {verb}--help"),
                     ARG("verb", cli->verb ? str_printf(cli->arena, "%s ", cli->verb->name) : STR(""))));
}

int cli_end(Cli *cli, Err err)
{
    if (!err.kind && (fflush(stdout) != 0 || ferror(stdout)))
        err = CLI_FAIL(cli, err_make(errno == ENOSPC ? ECODE_STORE_FULL : ECODE_FILE_READ, "stdout: %m"),
                       ARG("path", STR("stdout")));
    if (err.kind && !cli->told) {
        const Json *json = document(cli, err);
        if (cli->json)
            cli_print_json(cli, json);
        else
            say_failure(cli, err, json);
    }
    fflush(stdout);
    return err_exit(err.kind);
}

Err cli_read(Cli *cli, Arena *arena, Str path, size_t max, Str *out)
{
    Err err = file_read(arena, path, max, out);
    return err.kind ? CLI_FAIL(cli, err, ARG("path", path), ARG("max", cli_count(cli->arena, (int64_t)max))) : ERR_OK;
}
