/* cli/parties.h: people and organisations by the words that the operator of this machine knows them by. */
#ifndef FM_CLI_PARTIES_H
#define FM_CLI_PARTIES_H

#include "cli/ask.h"

/* The id of an organisation given by id or name. ECODE_FIELD_REFERENCE; ECODE_USAGE with their ids
 * when several have that name. */
Err parties_organisation(Cli *cli, Client *client, Str given, Str *out) MUST_CHECK;
/* The user with that login (GET /api/v1/local/users). ECODE_LOGIN_UNKNOWN. */
Err parties_user(Cli *cli, Client *client, Str login, const Json **out) MUST_CHECK;

/* The verb that ends one of the machine's /api/v1/local/{what}, whose id is the argument of that name. */
Err parties_end(Cli *cli, Str what, const char *argument) MUST_CHECK;
/* "running", or since when it is not: of what has `ended`. */
Str parties_standing(const Cli *cli, const Json *item);

#endif
