#include "kernel/rate.h"

#include <pthread.h>
#include <stdlib.h>

#define RATE_SETS 2048
#define RATE_WAYS 8
#define TOKEN     60000LL /* units: a rate a minute refills that many units a millisecond */

typedef struct Bucket {
    uint64_t key; /* 0: never used */
    int64_t  at_ms;
    int64_t  spent; /* units missing from a full bucket, at at_ms */
} Bucket;

struct Rate {
    Hash            key;
    pthread_mutex_t mutex;
    Bucket          buckets[RATE_SETS][RATE_WAYS];
};

Rate *rate_new(Hash key)
{
    Rate *rate = mem_alloc(sizeof *rate);
    rate->key = key;
    pthread_mutex_init(&rate->mutex, NULL);
    return rate;
}

void rate_free(Rate *rate)
{
    if (!rate)
        return;
    pthread_mutex_destroy(&rate->mutex);
    free(rate);
}

static uint64_t side_key(const Rate *rate, const RateSide *side)
{
    uint64_t key;
    Hash     named = hmac_sha256(hash_str(&rate->key), side->name);
    named.bytes[0] = (uint8_t)(named.bytes[0] ^ side->kind);
    memcpy(&key, named.bytes, sizeof key);
    return key ? key : 1;
}

static int64_t bucket_spent(const Bucket *bucket, int per_minute, int64_t now_ms)
{
    int64_t waited = now_ms > bucket->at_ms ? now_ms - bucket->at_ms : 0;
    if (waited >= TOKEN) /* a minute refills any bucket */
        return 0;
    int64_t spent = bucket->spent - waited * per_minute;
    return spent > 0 ? spent : 0;
}

static Bucket *bucket_of(Rate *rate, const RateSide *side, int64_t now_ms)
{
    uint64_t key = side_key(rate, side);
    Bucket  *set = rate->buckets[key % RATE_SETS], *fullest = &set[0];
    for (Bucket *bucket = set; bucket < set + RATE_WAYS; bucket++) {
        if (bucket->key == key) {
            bucket->spent = bucket_spent(bucket, side->per_minute, now_ms);
            bucket->at_ms = now_ms;
            return bucket;
        }
        if (bucket_spent(bucket, side->per_minute, now_ms) < bucket_spent(fullest, side->per_minute, now_ms))
            fullest = bucket;
    }
    *fullest = (Bucket){ .key = key, .at_ms = now_ms };
    return fullest;
}

static int64_t bucket_wait_ms(const Bucket *bucket, int per_minute)
{
    int64_t missing = bucket->spent + TOKEN - per_minute * TOKEN;
    return missing > 0 ? (missing + per_minute - 1) / per_minute : 0;
}

/* With the mutex. */
static int64_t longest_wait(Rate *rate, const RateSide *sides, size_t count, int64_t now_ms)
{
    int64_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        if (!sides[i].per_minute)
            continue;
        int64_t wait = bucket_wait_ms(bucket_of(rate, &sides[i], now_ms), sides[i].per_minute);
        longest = wait > longest ? wait : longest;
    }
    return longest;
}

/* With the mutex. A bucket is never more than empty, nor more than full. */
static void spend(Rate *rate, const RateSide *sides, size_t count, int64_t now_ms, int64_t units)
{
    for (size_t i = 0; i < count; i++) {
        if (!sides[i].per_minute)
            continue;
        Bucket *bucket = bucket_of(rate, &sides[i], now_ms);
        int64_t spent = bucket->spent + units, most = sides[i].per_minute * TOKEN;
        bucket->spent = spent < 0 ? 0 : spent > most ? most : spent;
    }
}

int64_t rate_wait_ms(Rate *rate, const RateSide *sides, size_t count, int64_t now_ms)
{
    pthread_mutex_lock(&rate->mutex);
    int64_t wait = longest_wait(rate, sides, count, now_ms);
    pthread_mutex_unlock(&rate->mutex);
    return wait;
}

int64_t rate_take(Rate *rate, const RateSide *sides, size_t count, int64_t now_ms)
{
    pthread_mutex_lock(&rate->mutex);
    int64_t wait = longest_wait(rate, sides, count, now_ms);
    if (!wait)
        spend(rate, sides, count, now_ms, TOKEN);
    pthread_mutex_unlock(&rate->mutex);
    return wait;
}

void rate_charge(Rate *rate, const RateSide *sides, size_t count, int64_t now_ms)
{
    pthread_mutex_lock(&rate->mutex);
    spend(rate, sides, count, now_ms, TOKEN);
    pthread_mutex_unlock(&rate->mutex);
}

void rate_give_back(Rate *rate, const RateSide *sides, size_t count, int64_t now_ms)
{
    pthread_mutex_lock(&rate->mutex);
    spend(rate, sides, count, now_ms, -TOKEN);
    pthread_mutex_unlock(&rate->mutex);
}
