/* web/origin.c: see origin.h. */
#include "web/origin.h"

#include "web/dispatch.h"

bool media_is(Str content_type, Str media)
{
    Str rest = content_type, name = str_trim(str_cut(&rest, ';'));
    if (!str_eq_ascii_fold(name, media))
        return false;
    rest = str_trim(rest);
    return rest.len == 0 || str_eq_ascii_fold(rest, STR("charset=utf-8")) ||
           str_eq_ascii_fold(rest, STR("charset=\"utf-8\""));
}

/* Origin is scheme://host[:port] as the browser sees this site; its Host header leaves out the same default port. */
static bool origin_is_ours(const Call *call, Str origin)
{
    Str scheme = call->secure ? STR("https://") : STR("http://");
    Str host = exchange_host(call->transport->exchange);
    return str_starts(origin, scheme) && str_eq_ascii_fold(str_slice(origin, scheme.len, origin.len), host);
}

static bool from_other_site(const Call *call)
{
    Str fetch = call_header(call, STR("Sec-Fetch-Site")), origin = call_header(call, STR("Origin"));
    if (fetch.ptr && !str_eq(fetch, STR("same-origin")) && !str_eq(fetch, STR("none")))
        return true;
    return origin.ptr && !origin_is_ours(call, origin);
}

/* A form of another site cannot send a PATCH or DELETE, nor JSON, nor a header of its own making. */
static bool api_only_ours_can_send(const Call *call)
{
    return call->method != METHOD_POST || media_is(call_header(call, STR("Content-Type")), STR("application/json")) ||
           call_header(call, STR("X-Firstmile")).ptr;
}

Err origin_check(const Call *call, Csrf rule, Str form_token, Problems *problems)
{
    if (rule == CSRF_NONE || call->from != CALL_NETWORK || call->as == CALL_AS_TOKEN)
        return ERR_OK;
    if (from_other_site(call))
        return err_make(ECODE_HTTP_CROSS_SITE, "Origin or Sec-Fetch-Site");
    if (rule == CSRF_OPEN || call->as != CALL_AS_SESSION)
        return ERR_OK;
    if (rule == CSRF_JSON && api_only_ours_can_send(call))
        return ERR_OK;
    if (rule == CSRF_JSON) {
        PROBLEM(problems, ECODE_HTTP_MEDIA, STR_NONE, STR_NONE, ARG("expected", STR("application/json")));
        return err_make(ECODE_HTTP_MEDIA, "with a cookie");
    }
    Str token = session_form_token(call->ctx.city, call->ctx.arena, call->session.key);
    return form_token.ptr && bytes_eq_secret(token, form_token) ? ERR_OK
                                                                : err_make(ECODE_HTTP_CROSS_SITE, "form token");
}
