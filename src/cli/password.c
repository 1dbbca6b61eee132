/* cli/password.c: see password.h. */
#include "cli/password.h"

#include "base/file.h"
#include "kernel/signin.h"

#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static Err too_long(Cli *cli)
{
    return CLI_FAIL(cli, err_make(ECODE_PASSWORD_LENGTH, ""),
                    ARG("min", str_printf(cli->arena, "%d", PASSWORD_POINTS_MIN)),
                    ARG("max", str_printf(cli->arena, "%d", PASSWORD_BYTES_MAX)));
}

static Err first_line(Cli *cli, Str text, Str *out)
{
    Str line = str_cut(&text, '\n');
    if (str_ends(line, STR("\r")))
        line.len--;
    if (line.len > PASSWORD_BYTES_MAX)
        return too_long(cli);
    *out = line;
    return ERR_OK;
}

static Err read_file(Cli *cli, Str path, Str *out)
{
    Str text;
    Err err = file_read(cli->arena, path, PASSWORD_BYTES_MAX + sizeof "\r\n", &text);
    if (err.code == ECODE_FILE_TOO_LARGE)
        return too_long(cli);
    return err.kind ? CLI_FAIL(cli, err, ARG("path", path)) : first_line(cli, text, out);
}

static Err read_line(Cli *cli, Str *out)
{
    char  bytes[PASSWORD_BYTES_MAX + 3];
    char *line = fgets(bytes, sizeof bytes, stdin);
    return first_line(cli, line ? str_dup(cli->arena, str_from(line)) : STR(""), out);
}

/* At a terminal, what is typed does not show. */
static Err ask_line(Cli *cli, Str *out)
{
    struct termios before, quiet;
    bool           hidden = tcgetattr(STDIN_FILENO, &before) == 0;
    fprintf(stderr, "%.*s", STR_FMT(SAY(cli, TEXT("密码：", "Password: "))));
    fflush(stderr);
    if (hidden) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    Err err = read_line(cli, out);
    if (hidden)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return err;
}

Err password_read(Cli *cli, Str file, Str *out)
{
    if (file.ptr)
        return read_file(cli, file, out);
    return isatty(STDIN_FILENO) ? ask_line(cli, out) : read_line(cli, out);
}
