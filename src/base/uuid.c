/* base/uuid.c: see uuid.h. */
#include "base/uuid.h"

#include <pthread.h>
#include <stdlib.h>

enum { COUNTER_MAX = 4095 };

struct UuidMaker {
    Env             env;
    pthread_mutex_t lock;    /* over the two below */
    int64_t         last_ms; /* never falls, whatever the clock does */
    int             counter;
};

UuidMaker *uuid_maker_new(Env env)
{
    UuidMaker *maker = mem_alloc(sizeof *maker);
    maker->env = env;
    maker->last_ms = -1;
    pthread_mutex_init(&maker->lock, NULL);
    return maker;
}

void uuid_maker_free(UuidMaker *maker)
{
    if (!maker)
        return;
    pthread_mutex_destroy(&maker->lock);
    free(maker);
}

/* The next pair of time and counter, later than every pair before it. A full counter borrows the next millisecond. */
static int64_t maker_next(UuidMaker *maker, int *out_counter)
{
    pthread_mutex_lock(&maker->lock);
    int64_t now_ms = env_now(&maker->env);
    if (now_ms > maker->last_ms) {
        maker->last_ms = now_ms;
        maker->counter = 0;
    } else if (maker->counter < COUNTER_MAX) {
        maker->counter++;
    } else {
        maker->last_ms++;
        maker->counter = 0;
    }
    int64_t ms = maker->last_ms;
    *out_counter = maker->counter;
    pthread_mutex_unlock(&maker->lock);
    return ms;
}

static Str uuid_text(Arena *arena, const uint8_t bytes[16])
{
    char  *text = arena_alloc(arena, UUID_TEXT_SIZE);
    size_t at = 0;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[at++] = '-';
        text[at++] = "0123456789abcdef"[bytes[i] >> 4];
        text[at++] = "0123456789abcdef"[bytes[i] & 15];
    }
    return (Str){ text, at };
}

Str uuid_make(UuidMaker *maker, Arena *arena)
{
    uint8_t bytes[16];
    env_random(&maker->env, bytes + 8, 8);
    int     counter;
    int64_t ms = maker_next(maker, &counter);
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(ms >> (40 - 8 * i) & 0xFF);
    bytes[6] = (uint8_t)(0x70 | counter >> 8); /* version 7 */
    bytes[7] = (uint8_t)(counter & 0xFF);
    bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3F)); /* variant of RFC 9562 */
    return uuid_text(arena, bytes);
}

bool uuid_valid(Str text)
{
    if (text.len != UUID_TEXT_SIZE)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}
