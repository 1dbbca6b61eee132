/* cli/types.h: types of records as the API describes them, and values in words. */
#ifndef FM_CLI_TYPES_H
#define FM_CLI_TYPES_H

#include "cli/ask.h"

/* GET /api/v1/types/{type} as that login, in that language. */
Err types_get(Cli *cli, Client *client, Str as, Str type, Lang lang, const Json **out) MUST_CHECK;
/* GET of a record, as who the verb's --as says; references named in expand ("a,b", may be
 * empty) come with their titles. */
Err types_record(Cli *cli, Client *client, Str type, Str id, Str expand, const Json **out) MUST_CHECK;
/* Member of an array of objects whose `key` is that text; NULL when there is none. */
const Json *types_named(const Json *array, const char *key, Str value);
/* A field's value for people: labels of choices, titles of expanded references, units; "" for a missing value. */
Str types_shown(const Cli *cli, const Json *field, const Json *value);
/* The value of one of the record's fields, as above; "" when it is not among them. */
Str types_field(const Cli *cli, const Json *type, const Json *record, Str name);
/* The label of the record's state. */
Str types_state(const Json *type, const Json *record);
/* The reference that says whose child a record of the type is, for expand; empty when it is nobody's. */
Str types_parent(const Json *type);
/* What names the record: its title as above, else its parent's, which wants to be expanded. */
Str types_title(const Cli *cli, const Json *type, const Json *record);

#endif
