/* web/call.c: see call.h: asking and replying. Waiting is in wait.c. */
#include "web/call.h"

#include "web/dispatch.h"
#include "web/page.h"

#include <assert.h>

#define REPLY_BYTES_MAX ((size_t)64 * 1024 * 1024)

/* ---- asking ---- */

static Str local_header(const AppRequest *request, Str name)
{
    const struct {
        Str name, value;
    } headers[] = {
        { STR("If-Match"), request->if_match },
        { STR("Firstmile-As"), request->as },
        { STR("Content-Type"), !request->body.len   ? STR_NONE
                               : request->media.len ? request->media
                                                    : STR("application/json") },
        { STR("Accept-Language"), lang_tag(request->lang) },
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (str_eq_ascii_fold(name, headers[i].name) && headers[i].value.len)
            return headers[i].value;
    return STR_NONE;
}

Str call_header(const Call *call, Str name)
{
    const Transport *transport = call->transport;
    return transport->exchange ? exchange_header(transport->exchange, name) : local_header(transport->request, name);
}

static Str pair_find(const Pair *pairs, size_t count, Str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(pairs[i].name, name))
            return pairs[i].value;
    return STR_NONE;
}

Str call_query(const Call *call, Str name) { return pair_find(call->query, call->query_count, name); }

Str call_form(const Call *call, Str name) { return pair_find(call->form, call->form_count, name); }

Str call_peer(const Call *call)
{
    return call->transport->exchange ? exchange_peer(call->transport->exchange) : STR("process");
}

Str call_cookie(const Call *call, Str name)
{
    Str rest = call_header(call, STR("Cookie"));
    while (rest.len) {
        Str pair = str_trim(str_cut(&rest, ';'));
        if (str_eq(str_cut(&pair, '='), name))
            return pair.ptr ? pair : STR("");
    }
    return STR_NONE;
}

Problems call_problems(Call *call) { return (Problems){ .arena = call->ctx.arena }; }

Err call_type(const Call *call, size_t index, const Type **out)
{
    const Type *type = pack_type(call_pack(call), call->params[index]);
    if (!type)
        return err_make(ECODE_PAGE_UNSEEN, "no type of that name");
    *out = type;
    return ERR_OK;
}

Err call_if_match(Call *call, int64_t *out, Problems *problems)
{
    Str     text = call_header(call, STR("If-Match"));
    int64_t version;
    if (!text.ptr) {
        *out = -1;
        return ERR_OK;
    }
    bool quoted = text.len > 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"';
    if (!quoted || !str_int(str_slice(text, 1, text.len - 1), &version) || version < 1) {
        PROBLEM(problems, ECODE_HTTP_PARAMETER, STR("If-Match"), STR_NONE, ARG("name", STR("If-Match")),
                ARG_TEXT("expected", TEXT("带引号的版本号，如 \"3\"", "a version in quotes, such as \"3\"")));
        return err_make(ECODE_HTTP_PARAMETER, "If-Match");
    }
    *out = version;
    return ERR_OK;
}

/* ---- replying ---- */

/* On every reply. connect-src and form-action keep a page's requests here; nothing inline runs. Under no-referrer a
 * browser sends "Origin: null" with every form, and no form of ours could be told from another site's. */
static const Header headers_always[] = {
    { STR_INIT("Content-Security-Policy"),
      STR_INIT("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
               "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; "
               "require-trusted-types-for 'script'") },
    { STR_INIT("X-Content-Type-Options"), STR_INIT("nosniff") },
    { STR_INIT("Referrer-Policy"), STR_INIT("same-origin") },
    { STR_INIT("Cross-Origin-Opener-Policy"), STR_INIT("same-origin") },
    { STR_INIT("Cross-Origin-Resource-Policy"), STR_INIT("same-origin") },
    { STR_INIT("Permissions-Policy"), STR_INIT("camera=(), microphone=(), geolocation=()") },
};
static const Header header_hsts = { STR_INIT("Strict-Transport-Security"),
                                    STR_INIT("max-age=63072000; includeSubDomains") };

void call_set_header(Call *call, Str name, Str value)
{
    for (size_t i = 0; i < call->reply.header_count; i++)
        if (str_eq(call->reply.headers[i].name, name) && !str_eq(name, STR("Set-Cookie"))) {
            call->reply.headers[i].value = value;
            return;
        }
    assert(call->reply.header_count < CALL_HEADERS_MAX);
    call->reply.headers[call->reply.header_count++] = (Header){ name, value };
}

static bool header_is_set(const Call *call, Str name)
{
    for (size_t i = 0; i < call->reply.header_count; i++)
        if (str_eq(call->reply.headers[i].name, name))
            return true;
    return false;
}

static void reply_set(Call *call, int status, Str media, Str body)
{
    assert(call->reply.status == 0); /* a handler replies once */
    if (media.len)
        call_set_header(call, STR("Content-Type"), media);
    if (!header_is_set(call, STR("Cache-Control")))
        call_set_header(call, STR("Cache-Control"), STR("no-store"));
    for (size_t i = 0; i < sizeof headers_always / sizeof headers_always[0]; i++)
        if (!header_is_set(call, headers_always[i].name))
            call_set_header(call, headers_always[i].name, headers_always[i].value);
    if (call->secure)
        call_set_header(call, header_hsts.name, header_hsts.value);
    call->reply.status = status;
    call->reply.body = body;
}

void call_bytes(Call *call, int status, Str media, Str body) { reply_set(call, status, media, body); }

void call_empty(Call *call) { reply_set(call, 204, STR_NONE, STR_NONE); }

void call_redirect(Call *call, Str location)
{
    call_set_header(call, STR("Location"), location);
    reply_set(call, 303, STR_NONE, STR_NONE);
}

static Str json_text_of(Call *call, const Json *json)
{
    Buf buf = buf_new(call->ctx.arena, REPLY_BYTES_MAX);
    json_write(&buf, json);
    buf_char(&buf, '\n');
    return buf_full(&buf) ? STR_NONE : buf_str(&buf);
}

void call_data(Call *call, int status, Json *data)
{
    Str body;
    if (!call->page) {
        body = json_text_of(call, data);
        if (body.len)
            reply_set(call, status, STR("application/json"), body);
        else
            call_fail(call, err_make(ECODE_INTERNAL, "reply over %zu bytes", REPLY_BYTES_MAX), NULL);
        return;
    }
    Err err = page_render(call, call->endpoint->page, data, &body);
    if (!err.kind) {
        reply_set(call, status, STR("text/html; charset=utf-8"), body);
        return;
    }
    call_fail(call, err_within(err, "page %s", call->endpoint->pattern), NULL);
}

void call_answer(Call *call, Err err, Json *data, const Problems *problems)
{
    if (err.kind)
        call_fail(call, err, problems);
    else
        call_data(call, 200, data);
}

void call_done(Call *call, Err err)
{
    if (err.kind)
        call_fail(call, err, NULL);
    else
        call_empty(call);
}

/* ---- errors ---- */

static Json *problem_json(Arena *arena, Lang lang, const Problem *problem)
{
    Json *json = json_object(arena);
    if (problem->rule.len)
        json_set_str(arena, json, STR("rule"), problem->rule);
    if (problem->field.len)
        json_set_str(arena, json, STR("field"), problem->field);
    json_set_str(arena, json, STR("code"), err_row(problem->code)->code);
    json_set_str(arena, json, STR("text"), problem->text.in[lang]);
    Json *values = json_set(json, STR("values"), json_object(arena));
    for (size_t i = 0; i < problem->arg_count; i++)
        json_set_str(arena, values, str_from(problem->args[i].name), problem->args[i].value.in[lang]);
    return json;
}

void call_retry_after(Call *call, int64_t wait_s, Problems *problems)
{
    Str seconds = str_printf(call->ctx.arena, "%lld", (long long)wait_s);
    call_set_header(call, STR("Retry-After"), seconds);
    PROBLEM(problems, ECODE_RATE_LIMITED, STR_NONE, STR_NONE, ARG("seconds", seconds));
}

Json *call_errors(Call *call, Err err, const Problems *problems)
{
    Json *errors = json_array(call->ctx.arena);
    for (size_t i = 0; problems && i < problems->count; i++)
        if (!problem_of_whole(&problems->items[i], err))
            json_push(errors, problem_json(call->ctx.arena, call->ctx.lang, &problems->items[i]));
    return errors;
}

Str uri_escape(Arena *arena, Str text)
{
    static const char digits[] = "0123456789ABCDEF";
    Buf               buf = buf_new(arena, SIZE_MAX);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool          plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     memchr("-._~/", c, 5);
        if (plain) {
            buf_char(&buf, (char)c);
        } else {
            buf_char(&buf, '%');
            buf_char(&buf, digits[c >> 4]);
            buf_char(&buf, digits[c & 15]);
        }
    }
    return buf_str(&buf);
}

Json *call_error(Call *call, Err err, const Problems *problems)
{
    Arena        *arena = call->ctx.arena;
    const ErrRow *row = err_row(err.code);
    Json         *errors = call_errors(call, err, problems);
    Json         *json = json_object(arena);
    json_set_str(arena, json, STR("type"), str_printf(arena, "/errors/%.*s", STR_FMT(row->code)));
    json_set_str(arena, json, STR("title"), row->title.in[call->ctx.lang]);
    json_set_int(arena, json, STR("status"), err_http(err.kind));
    json_set_str(arena, json, STR("detail"), err_detail(arena, err, problems, call->ctx.lang));
    json_set(json, STR("errors"), errors);
    return json;
}

static void headers_of_error(Call *call, Err err)
{
    if (err.kind == ERR_UNSIGNED && !call->page)
        call_set_header(call, STR("WWW-Authenticate"), STR("Bearer"));
    if (err.kind == ERR_BUSY)
        call_set_header(call, STR("Retry-After"), STR("1"));
    call_set_header(call, STR("Content-Language"), lang_tag(call->ctx.lang));
}

void call_fail(Call *call, Err err, const Problems *problems)
{
    Str   body;
    Json *data = call_error(call, err, problems);
    call->reply.err = err;
    headers_of_error(call, err);
    if (call->page && !page_render(call, PAGE_ERROR, data, &body).kind)
        reply_set(call, err_http(err.kind), STR("text/html; charset=utf-8"), body);
    else /* a program, or a page that cannot even say what went wrong */
        reply_set(call, err_http(err.kind), STR("application/problem+json"), json_text_of(call, data));
}
