/* cli/verbs.c: see verbs.h. */
#include "cli/verbs.h"

const Verb *const verbs[] = {
    &verb_init,
    &verb_serve,
};
const size_t verb_count = sizeof verbs / sizeof verbs[0];
