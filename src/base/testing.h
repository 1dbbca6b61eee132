/* base/testing.h: what test programs share: cmocka, an arena for each test, randomness with a printed seed, the real
 * data. Included by *_test.c alone. */
#ifndef FM_BASE_TESTING_H
#define FM_BASE_TESTING_H

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

/* ---- TEST(function): *state is the test's own arena, freed after it, also when it fails or is skipped ---- */

static inline int test_arena_setup(void **state)
{
    *state = arena_new();
    return 0;
}

static inline int test_arena_teardown(void **state)
{
    arena_free(*state);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, test_arena_setup, test_arena_teardown)

#define assert_str_equal(a, b)                                                                                         \
    do {                                                                                                               \
        Str a_ = (a), b_ = (b);                                                                                        \
        if (!str_eq(a_, b_))                                                                                           \
            fail_msg("\"%.*s\" is not \"%.*s\"", STR_FMT(a_), STR_FMT(b_));                                            \
    } while (0)

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        Err err_ = (call);                                                                                             \
        if (err_.kind)                                                                                                 \
            fail_msg("%.*s: %s", STR_FMT(err_row(err_.code)->code), err_.context);                                     \
    } while (0)

/* The call fails, with this code. */
#define assert_err(call, expected)                                                                                     \
    do {                                                                                                               \
        Err err_ = (call);                                                                                             \
        if (!err_.kind || err_.code != (expected))                                                                     \
            fail_msg("%.*s (%s) instead of " #expected, STR_FMT(err_row(err_.code)->code), err_.context);              \
    } while (0)

/* ---- properties: FIRSTMILE_SEED=N repeats a run ---- */

typedef struct Rng {
    uint64_t state;
} Rng;

static inline Rng rng_new(void)
{
    int64_t seed;
    if (!str_int(str_from(getenv("FIRSTMILE_SEED")), &seed)) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        seed = (now.tv_sec * 1000000007LL + now.tv_nsec) & INT64_MAX;
    }
    print_message("seed: FIRSTMILE_SEED=%lld\n", (long long)seed);
    return (Rng){ (uint64_t)seed };
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static inline uint64_t rng_next(Rng *rng)
{
    uint64_t z = rng->state += 0x9E3779B97F4A7C15ULL;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
    return z ^ z >> 31;
}

static inline size_t rng_below(Rng *rng, size_t bound) /* 0 .. bound-1 */ { return (size_t)(rng_next(rng) % bound); }

/* Up to max_length characters of the alphabet (bytes). */
static inline Str rng_text(Rng *rng, Arena *arena, Str alphabet, size_t max_length)
{
    size_t length = rng_below(rng, max_length + 1);
    char  *text = arena_alloc(arena, length);
    for (size_t i = 0; i < length; i++)
        text[i] = alphabet.ptr[rng_below(rng, alphabet.len)];
    return (Str){ text, length };
}

/* ---- real data: FIRSTMILE_SHARED, else ../shared beside the repository (tests run in its root) ---- */

/* The file of that name; without the data the test is skipped, or fails where CI=true. */
static inline Str shared_read(Arena *arena, const char *name)
{
    const char *folder = getenv("FIRSTMILE_SHARED");
    Str         path = str_printf(arena, "%s/data/%s", folder ? folder : "../shared", name);
    Str         text;
    Err         err = file_read(arena, path, 256 << 20, &text);
    if (err.kind) {
        if (str_eq(str_from(getenv("CI")), STR("true")))
            fail_msg("real data: %s", err.context);
        print_message("no real data: %s\n", err.context);
        skip();
    }
    return text;
}

#endif
