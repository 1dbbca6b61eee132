/* cli/options.h: from the words of a command line to a verb, its arguments and its options.
 *
 * Form     firstmile VERB [ARGUMENT | --option VALUE | --option=VALUE | --switch] …, in any order; after "--" all are
 *          arguments. "-" alone is an argument. Verbs of two words ("user add") stand in the table as such. --json and
 *          --lang may stand before the verb. */
#ifndef FM_CLI_OPTIONS_H
#define FM_CLI_OPTIONS_H

#include "cli/cli.h"

/* What every verb takes. */
typedef enum Common { COMMON_HELP, COMMON_JSON, COMMON_LANG, COMMON_COUNT } Common;
extern const Option options_common[COMMON_COUNT];

typedef struct Words { /* the command line without the program's name */
    const char *const *items;
    size_t             count;
} Words;

/* Sets lang and json as far as the words say so, whatever else is wrong with them: errors are told in that language. */
void options_manner(Cli *cli, Words words, const char *environment_lang);
/* Takes --json and --lang from the front of *words, where they may stand before any verb. ECODE_USAGE. */
Err options_front(Cli *cli, Words *words) MUST_CHECK;
/* Finds the verb and takes its words from the front of *words. ECODE_USAGE: none, or not known. */
Err options_verb(Cli *cli, const Verb *const *verbs, size_t verb_count, Words *words) MUST_CHECK;
/* Reads the rest into cli->arguments and cli->options. *help: --help was asked for, and nothing
 * else counts. ECODE_USAGE. */
Err options_read(Cli *cli, Words words, bool *help) MUST_CHECK;

#endif
