#include "web/server/admission.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"

typedef struct Place { /* one address; free places are chained by next too */
    uint64_t key;
    size_t   count;
    uint32_t next; /* place after this one in its bucket, NOWHERE at the end */
} Place;

#define NOWHERE UINT32_MAX

struct Admission {
    pthread_mutex_t lock;
    size_t          connections_max, per_address_max, connections;
    uint64_t        multiplier; /* secret and odd: whoever chooses addresses does not choose buckets */
    unsigned        bucket_bits;
    uint32_t       *buckets;
    Place          *places; /* connections_max of them: each counted address has a connection */
    uint32_t        unused;
};

Admission *admission_new(const Env *env, size_t connections, size_t per_address)
{
    Admission *admission = mem_alloc(sizeof *admission);
    *admission = (Admission){ .connections_max = connections, .per_address_max = per_address, .bucket_bits = 1 };
    pthread_mutex_init(&admission->lock, NULL);
    env_random(env, &admission->multiplier, sizeof admission->multiplier);
    admission->multiplier |= 1;
    while ((size_t)1 << admission->bucket_bits < connections)
        admission->bucket_bits++;
    size_t bucket_count = (size_t)1 << admission->bucket_bits;
    admission->buckets = mem_alloc(bucket_count * sizeof *admission->buckets);
    for (size_t i = 0; i < bucket_count; i++)
        admission->buckets[i] = NOWHERE;
    admission->places = mem_alloc((connections + 1) * sizeof *admission->places);
    for (size_t i = 0; i <= connections; i++)
        admission->places[i] = (Place){ .next = i == connections ? NOWHERE : (uint32_t)(i + 1) };
    return admission;
}

void admission_free(Admission *admission)
{
    if (!admission)
        return;
    pthread_mutex_destroy(&admission->lock);
    free(admission->buckets);
    free(admission->places);
    free(admission);
}

uint64_t address_key(const struct sockaddr_storage *address)
{
    uint64_t key = 0;
    if (address->ss_family == AF_INET) {
        return 0xffffULL << 32 | ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr);
    }
    const struct in6_addr *ip = &((const struct sockaddr_in6 *)address)->sin6_addr;
    int                    from = IN6_IS_ADDR_V4MAPPED(ip) ? 8 : 0;
    for (int i = from; i < from + 8; i++)
        key = key << 8 | ip->s6_addr[i];
    return key ? key : 1; /* ::1 and its neighbours */
}

/* The link that leads to the place of key, or to NOWHERE. */
static uint32_t *find(Admission *admission, uint64_t key)
{
    uint32_t *link = &admission->buckets[key * admission->multiplier >> (64 - admission->bucket_bits)];
    while (*link != NOWHERE && admission->places[*link].key != key)
        link = &admission->places[*link].next;
    return link;
}

static Verdict enter(Admission *admission, uint64_t key)
{
    if (admission->connections >= admission->connections_max)
        return VERDICT_FULL;
    if (key) {
        uint32_t *link = find(admission, key);
        if (*link == NOWHERE) {
            uint32_t place = admission->unused;
            admission->unused = admission->places[place].next;
            admission->places[place] = (Place){ .key = key, .next = NOWHERE };
            *link = place;
        }
        Place *place = &admission->places[*link];
        if (place->count >= admission->per_address_max)
            return VERDICT_ADDRESS_FULL;
        place->count++;
    }
    admission->connections++;
    return VERDICT_WELCOME;
}

Verdict admission_enter(Admission *admission, uint64_t key)
{
    pthread_mutex_lock(&admission->lock);
    Verdict verdict = enter(admission, key);
    pthread_mutex_unlock(&admission->lock);
    return verdict;
}

void admission_leave(Admission *admission, uint64_t key)
{
    pthread_mutex_lock(&admission->lock);
    admission->connections--;
    if (key) {
        uint32_t *link = find(admission, key);
        uint32_t  place = *link;
        if (--admission->places[place].count == 0) {
            *link = admission->places[place].next;
            admission->places[place].next = admission->unused;
            admission->unused = place;
        }
    }
    pthread_mutex_unlock(&admission->lock);
}
