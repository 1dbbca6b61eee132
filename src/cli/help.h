/* cli/help.h: help texts, made from the tables of the verbs. */
#ifndef FM_CLI_HELP_H
#define FM_CLI_HELP_H

#include "cli/cli.h"

/* All verbs, a line each. */
Str help_all(const Cli *cli, const Verb *const *verbs, size_t verb_count);
/* One verb: how it is written, what its arguments and options are. */
Str help_verb(const Cli *cli, const Verb *verb);

#endif
