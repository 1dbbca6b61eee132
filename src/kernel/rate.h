/* kernel/rate.h: so much a minute for a name, and no more.
 *
 * Method   token buckets: a name has `per_minute` tokens, which come back evenly in a minute. A set-associative table
 *          of fixed size in memory, keyed by a keyed hash; a new name takes the fullest bucket of its set, which
 *          remembers least, so a flood of names neither grows it nor can be aimed at one of them.
 * Memory   sizeof(Rate), some 400 KB. Any thread may call. */
#ifndef FM_KERNEL_RATE_H
#define FM_KERNEL_RATE_H

#include "base/err.h"
#include "base/hash.h"

typedef struct Rate Rate;

typedef struct RateSide { /* one name that is counted */
    char kind;            /* names of different kinds never meet */
    Str  name;
    int  per_minute; /* 0: no bound; the same at each call for one kind */
} RateSide;

Rate *rate_new(Hash key);
void  rate_free(Rate *rate); /* NULL does nothing */
/* Milliseconds until each of the sides has a token; 0: now. */
int64_t rate_wait_ms(Rate *rate, const RateSide *sides, size_t count, int64_t now_ms);
/* Takes a token of each side, or none at all: then the milliseconds until there would be one of each. */
int64_t rate_take(Rate *rate, const RateSide *sides, size_t count, int64_t now_ms);
/* Takes one of each, where there is one: for what turned out to be costly only when it was done. */
void rate_charge(Rate *rate, const RateSide *sides, size_t count, int64_t now_ms);
void rate_give_back(Rate *rate, const RateSide *sides, size_t count, int64_t now_ms);

#endif
