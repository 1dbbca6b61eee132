/* base/env.h: the clock and the source of randomness, injected, so that a run can be repeated. */
#ifndef FM_BASE_ENV_H
#define FM_BASE_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Env {
    int64_t (*now_ms)(void *context); /* wall clock, milliseconds since 1970 UTC */
    /* Cryptographic in production; never fails (it ends the process). */
    void (*random)(void *context, void *out, size_t size);
    void *context;
} Env;

Env env_system(void); /* CLOCK_REALTIME and getrandom; safe from any thread */

/* A clock that only moves when told, and repeatable bytes from a seed (SHA-256 in counter mode). For tests. */
typedef struct EnvFixed {
    int64_t  now_ms;
    uint64_t seed, counter;
} EnvFixed;
Env env_fixed(EnvFixed *state);

/* The machine's, ahead by as much as was asked for. Any thread. */
typedef struct EnvAhead {
    int64_t ahead_ms;
} EnvAhead;
Env env_ahead(EnvAhead *state);
/* Sets its clock to now_ms, and never back: false, and nothing happens, when it is later already. */
bool env_advance(EnvAhead *state, int64_t now_ms);

static inline int64_t env_now(const Env *env) { return env->now_ms(env->context); }
static inline void    env_random(const Env *env, void *out, size_t size) { env->random(env->context, out, size); }

#endif
