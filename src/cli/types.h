/* cli/types.h: types of records as the API describes them, and values in words. */
#ifndef FM_CLI_TYPES_H
#define FM_CLI_TYPES_H

#include "cli/ask.h"

/* GET /api/v1/types/{type} as that login, in that language. */
Err types_get(Cli *cli, Client *client, Str as, Str type, Lang lang, const Json **out) MUST_CHECK;
/* Member of an array of objects whose `key` is that text; NULL when there is none. */
const Json *types_named(const Json *array, const char *key, Str value);
/* A field's value for people: labels of choices, titles of expanded references, units; "" for a missing value. */
Str types_shown(const Cli *cli, const Json *field, const Json *value);
/* The label of the record's state. */
Str types_state(const Json *type, const Json *record);
/* What names the record: its title as above. */
Str types_title(const Cli *cli, const Json *type, const Json *record);

#endif
