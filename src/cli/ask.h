/* cli/ask.h: requests of a verb: as whom, in which language, and what a refusal means. */
#ifndef FM_CLI_ASK_H
#define FM_CLI_ASK_H

#include "cli/cli.h"
#include "cli/client.h"

/* The city of the verb's DIR and --key-dir. Errors come with what their text needs. */
Err ask_open(Cli *cli, Client **out) MUST_CHECK;

/* "/api/v1/records/result/…" of parts that are data: each is escaped. A part that cannot be one segment names nothing:
 * ECODE_RECORD_UNSEEN. */
Err ask_path(Cli *cli, const Str *parts, size_t count, Str *out) MUST_CHECK;
#define ASK_PATH(cli, out, ...)                                                                                        \
    ask_path((cli), (const Str[]){ __VA_ARGS__ }, sizeof((const Str[]){ __VA_ARGS__ }) / sizeof(Str), (out))
/* Adds "?name=value" or "&name=value", escaped; nothing when value.ptr is NULL. */
void ask_query(Buf *target, const char *name, Str value);

/* One request in the verb's language; request->lang is set. *out NULL: an answer without body. An answer that refuses
 * becomes the Err of its code, and is shown as it came. */
Err ask(Cli *cli, Client *client, AppRequest request, const Json **out) MUST_CHECK;
/* The same with values of its own: arena for what need not stay, lang. */
Err ask_in(Cli *cli, Client *client, Arena *arena, const AppRequest *request, const Json **out) MUST_CHECK;
Err ask_get(Cli *cli, Client *client, Str as, Str target, const Json **out) MUST_CHECK;
/* The same where the answer is no JSON. */
Err ask_text(Cli *cli, Client *client, Str as, Str target, Str *out) MUST_CHECK;
Err ask_post(Cli *cli, Client *client, Str as, Str target, const Json *body, const Json **out) MUST_CHECK;

#endif
