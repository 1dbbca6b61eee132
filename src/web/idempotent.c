#include "web/idempotent.h"

#include "base/limits.h"
#include "web/endpoints.h"

#define FRESH_BYTES 16

static const char HEADER[] = "Idempotency-Key";

static bool key_valid(Str key)
{
    bool valid = key.len >= 1 && key.len <= LIMIT_IDEMPOTENCY_KEY;
    for (size_t i = 0; valid && i < key.len; i++)
        valid = key.ptr[i] > ' ' && key.ptr[i] < 0x7f;
    return valid;
}

static Err key_refused(Str name, Problems *problems)
{
    PROBLEM(problems, ECODE_HTTP_PARAMETER, name, STR_NONE, ARG("name", name),
            ARG_TEXT("expected", TEXT("可见的 ASCII 字符，不超过 128 个", "at most 128 visible ASCII characters")));
    return err_make(ECODE_HTTP_PARAMETER, "key");
}

/* Signing in is never answered from what was. */
bool idempotent_takes(const Endpoint *endpoint)
{
    return endpoint->method == METHOD_POST && endpoint->permission != ALLOW_ALL;
}

Err idempotent_read(Call *call, Hash body, Str once, Problems *problems)
{
    bool form = call->endpoint->body == BODY_FORM;
    Str  key = form ? once : call_header(call, str_from(HEADER));
    if (!idempotent_takes(call->endpoint) || !key.ptr)
        return ERR_OK;
    if (!key_valid(key))
        return key_refused(form ? STR("once") : str_from(HEADER), problems);
    if (form)
        key = str_printf(call->ctx.arena, "%.*s %.*s", STR_FMT(key),
                         STR_FMT(hex_encode(call->ctx.arena, hash_str(&body))));
    IdempotencyKey *kept = ARENA_NEW(call->ctx.arena, IdempotencyKey);
    *kept = (IdempotencyKey){ .person = call->ctx.actor ? call->ctx.actor->person : STR_NONE,
                              .endpoint = str_printf(call->ctx.arena, "%.*s %.*s", STR_FMT(method_name(call->method)),
                                                     STR_FMT(call->path)),
                              .key = key,
                              .body = body };
    call->once = kept;
    return ERR_OK;
}

Str idempotent_fresh(const Call *call)
{
    char bytes[FRESH_BYTES];
    env_random(&call->ctx.city->env, bytes, sizeof bytes);
    return hex_encode(call->ctx.arena, (Str){ bytes, sizeof bytes });
}

IdempotencyKey idempotent_part(const Call *call, size_t part)
{
    IdempotencyKey key = *call->once;
    key.part = (int64_t)part;
    return key;
}
