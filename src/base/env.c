/* base/env.c: see env.h. */
#include "base/env.h"

#include "base/hash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

/* ---- the machine ---- */

static int64_t system_now_ms(void *context)
{
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void system_random(void *context, void *out, size_t size)
{
    (void)context;
    char *at = out;
    while (size) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            fprintf(stderr, "firstmile: the system gives no random bytes: %m\n");
            abort();
        }
        at += got;
        size -= (size_t)got;
    }
}

Env env_system(void) { return (Env){ .now_ms = system_now_ms, .random = system_random }; }

/* ---- the machine, ahead ---- */

static int64_t ahead_now_ms(void *context)
{
    const EnvAhead *state = context;
    return system_now_ms(NULL) + __atomic_load_n(&state->ahead_ms, __ATOMIC_SEQ_CST);
}

Env env_ahead(EnvAhead *state) { return (Env){ .now_ms = ahead_now_ms, .random = system_random, .context = state }; }

bool env_advance(EnvAhead *state, int64_t now_ms)
{
    int64_t before = __atomic_load_n(&state->ahead_ms, __ATOMIC_SEQ_CST), ahead;
    do {
        ahead = now_ms - system_now_ms(NULL);
        if (ahead < before)
            return false;
    } while (!__atomic_compare_exchange_n(&state->ahead_ms, &before, ahead, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    return true;
}

/* ---- tests ---- */

static int64_t fixed_now_ms(void *context)
{
    const EnvFixed *state = context;
    return __atomic_load_n(&state->now_ms, __ATOMIC_RELAXED);
}

static void put_u64(char *bytes, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(number >> 8 * i & 0xFF);
}

static void fixed_random(void *context, void *out, size_t size)
{
    EnvFixed *state = context;
    char     *at = out;
    while (size) {
        char block[16];
        put_u64(block, state->seed);
        put_u64(block + 8, __atomic_fetch_add(&state->counter, 1, __ATOMIC_RELAXED));
        Hash   hash = sha256((Str){ block, sizeof block });
        size_t part = size < HASH_SIZE ? size : HASH_SIZE;
        memcpy(at, hash.bytes, part);
        at += part;
        size -= part;
    }
}

Env env_fixed(EnvFixed *state) { return (Env){ .now_ms = fixed_now_ms, .random = fixed_random, .context = state }; }
