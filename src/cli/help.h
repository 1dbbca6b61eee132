/* cli/help.h: help texts, made from the tables of the verbs. */
#ifndef FM_CLI_HELP_H
#define FM_CLI_HELP_H

#include "cli/cli.h"

/* All verbs, a line each. */
Str help_all(const Cli *cli, const Verb *const *verbs, size_t verb_count);
/* The verbs of two words that begin with that one ("webhook"), a line each; empty when there are none. */
Str help_family(const Cli *cli, const Verb *const *verbs, size_t verb_count, Str first);
/* One verb: how it is written, what its arguments and options are. */
Str help_verb(const Cli *cli, const Verb *verb);

#endif
