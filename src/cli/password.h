/* cli/password.h: a password, from a file or from standard input; never from the command line,
 * which every process may read. */
#ifndef FM_CLI_PASSWORD_H
#define FM_CLI_PASSWORD_H

#include "cli/cli.h"

/* The first line of the file, or of standard input when file.ptr is NULL; at a terminal it asks, and does not echo.
 * ECODE_PASSWORD_LENGTH when it is too long to be one; file errors. */
Err password_read(Cli *cli, Str file, Str *out) MUST_CHECK;

#endif
