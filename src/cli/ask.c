/* cli/ask.c: see ask.h. */
#include "cli/ask.h"

#include "web/page.h"

/* ---- the city ---- */

Err ask_open(Cli *cli, Client **out)
{
    Str dir = cli_argument(cli, "DIR");
    Err err = client_open(dir, cli_option(cli, "key-dir"), cli->env, out);
    return err.kind ? CLI_FAIL(cli, err, ARG("dir", dir), ARG("path", dir)) : ERR_OK;
}

/* ---- addresses ---- */

static bool is_segment(Str part)
{
    return part.len && str_find(part, STR("/")) == part.len && str_find(part, STR("\\")) == part.len &&
           !str_eq(part, STR(".")) && !str_eq(part, STR(".."));
}

Err ask_path(Cli *cli, const Str *parts, size_t count, Str *out)
{
    Buf buf = buf_new(cli->arena, SIZE_MAX);
    buf_add(&buf, STR("/api/v1"));
    for (size_t i = 0; i < count; i++) {
        if (!is_segment(parts[i]))
            return CLI_FAIL(cli, err_make(ECODE_RECORD_UNSEEN, "\"%.*s\"", STR_FMT(parts[i])));
        buf_char(&buf, '/');
        buf_add(&buf, uri_escape(cli->arena, parts[i]));
    }
    *out = buf_str(&buf);
    return ERR_OK;
}

void ask_query(Buf *target, const char *name, Str value)
{
    if (!value.ptr)
        return;
    bool first = str_find(buf_str(target), STR("?")) == target->len;
    buf_printf(target, "%c%s=%.*s", first ? '?' : '&', name, STR_FMT(uri_escape(target->arena, value)));
}

/* ---- asking ---- */

/* The Err of a status and, when it is one of ours, the code of its document ("/errors/record.unseen"). */
static Err err_of(int status, const Json *document)
{
    Err err = err_make(ECODE_INTERNAL, "status %d", status);
    for (ErrKind kind = ERR_NONE + 1; kind < ERR_KIND_COUNT; kind++)
        if (err_http(kind) == status) {
            err.kind = kind;
            break;
        }
    Str type = json_text(json_get(document, STR("type"))), prefix = STR("/errors/");
    for (ErrCode code = 0; str_starts(type, prefix) && code < ERR_CODE_COUNT; code++)
        if (str_eq(err_row(code)->code, str_slice(type, prefix.len, type.len)))
            err.code = code;
    return err;
}

/* An answer that does not refuse. */
static Err ask_reply(Cli *cli, Client *client, Arena *arena, const AppRequest *request, AppReply *out)
{
    Json *json = NULL;
    Err   err = client_call(client, arena, request, out);
    if (err.kind)
        return CLI_FAIL(cli, err, ARG("dir", cli_argument(cli, "DIR")));
    if (out->status < 400)
        return ERR_OK;
    if (out->body.len)
        TRY(json_parse(arena, out->body, &json));
    cli->refusal = json ? json_dup(cli->arena, json) : NULL;
    return err_of(out->status, cli->refusal);
}

Err ask_in(Cli *cli, Client *client, Arena *arena, const AppRequest *request, const Json **out)
{
    AppReply reply;
    Json    *json = NULL;
    TRY(ask_reply(cli, client, arena, request, &reply));
    if (reply.body.len)
        TRY(json_parse(arena, reply.body, &json));
    *out = json;
    return ERR_OK;
}

Err ask_text(Cli *cli, Client *client, Str as, Str target, Str *out)
{
    AppRequest request = { .method = METHOD_GET, .target = target, .as = as, .lang = cli->lang };
    AppReply   reply;
    TRY(ask_reply(cli, client, cli->arena, &request, &reply));
    *out = reply.body;
    return ERR_OK;
}

Err ask(Cli *cli, Client *client, AppRequest request, const Json **out)
{
    request.lang = cli->lang;
    return ask_in(cli, client, cli->arena, &request, out);
}

Err ask_get(Cli *cli, Client *client, Str as, Str target, const Json **out)
{
    return ask(cli, client, (AppRequest){ .method = METHOD_GET, .target = target, .as = as }, out);
}

Err ask_post(Cli *cli, Client *client, Str as, Str target, const Json *body, const Json **out)
{
    Buf buf = buf_new(cli->arena, SIZE_MAX);
    json_write(&buf, body);
    return ask(cli, client, (AppRequest){ .method = METHOD_POST, .target = target, .as = as, .body = buf_str(&buf) },
               out);
}
