/* Time-stamp tokens, answers of an authority, and certificates from anywhere: refused, or read. */
#include "evidence/stamp.h"

#include "base/date.h"

#include <assert.h>

#define AT_MS (21000 * DAY_MS) /* in 2027 */

/* Of the authority whose tokens over "hello\n" are in the corpus, until 2126. */
static const Str ca = STR_INIT("-----BEGIN CERTIFICATE-----\n"
                               "MIIBYDCCAQagAwIBAgIUcnX64OuWZcrTLe/yE6vOyuYz0h4wCgYIKoZIzj0EAwIw\n"
                               "DTELMAkGA1UEAwwCQ0EwIBcNMjYxMTI4MDcxMjA4WhgPMjEyNjExMDQwNzEyMDha\n"
                               "MA0xCzAJBgNVBAMMAkNBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAOm+4DUP\n"
                               "Iztmc7VtMoUAeUKz6OoQwuI0owZM49UaaENf0ZJ20n8mls1xLbJLWMFYlSVMRQBc\n"
                               "ccrGVIGkrP9sL6NCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYw\n"
                               "HQYDVR0OBBYEFFJBmIOTKIeV7/ZxLIoTopah7gQuMAoGCCqGSM49BAMCA0gAMEUC\n"
                               "IQCY1h+L1pYR9B/tvLnasK2jggK58KUbG1ll2aAUey0ESwIgFFUeR0Zw52CWHaV8\n"
                               "dcRe7RZhaBz6+wL83JnBJppvUN8=\n"
                               "-----END CERTIFICATE-----\n");

static void check_tokens(Str tokens)
{
    Str    rest = tokens, token;
    Stamps stamps, again;
    size_t count = 0;
    while (rest.len && stamp_next(&rest, &token))
        count += token.len;
    assert(count + rest.len == tokens.len);
    if (stamps_verify(STR("hello\n"), tokens, ca, AT_MS, &stamps).kind)
        return;
    assert(!rest.len && stamps.count && stamps.time_ms <= stamps.newest_ms && stamps.newest_ms <= stamps.end_ms);
    assert(!stamps_verify(STR("hello\n"), tokens, STR_NONE, AT_MS, &again).kind && again.time_ms == stamps.time_ms);
    assert(stamps_verify(STR("hullo\n"), tokens, ca, AT_MS, &again).code == ECODE_STAMP_IMPRINT);
}

/* Whatever it answers, it cannot know the nonce of this request. */
static void check_answer(Arena *arena, Str answer)
{
    EnvFixed clock = { .seed = 1 };
    Env      env = env_fixed(&clock);
    StampAsk ask = { .note = STR("hello\n") };
    Str      token;
    stamp_ask(arena, &env, &ask);
    assert(stamp_accept(arena, &ask, answer, ca, AT_MS, &token).kind);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena) Arena *arena = arena_new();
    const Str           text = { (const char *)data, size };
    check_tokens(text);
    check_answer(arena, text);
    if (!stamp_ca_check(text).kind)
        assert(size > 0);
    stamp_policy_valid(text);
    return 0;
}
