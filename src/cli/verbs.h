/* cli/verbs.h: the verbs there are. A new one is a file, a line here, and a line in verbs.c. */
#ifndef FM_CLI_VERBS_H
#define FM_CLI_VERBS_H

#include "cli/cli.h"

extern const Verb verb_init, verb_serve;

extern const Verb *const verbs[]; /* in the order of the help */
extern const size_t      verb_count;

#endif
