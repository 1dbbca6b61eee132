#include "kernel/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_MAX 64

typedef struct AddressRange {
    uint8_t      start[16];
    uint8_t      bits;
    AddressReach reach;
} AddressRange;

/* The first that fits is taken; what fits none is public. */
static const AddressRange ranges_v4[] = {
    { { 168, 63, 129, 16 }, 32, ADDRESS_NEVER },   /* a cloud's agent */
    { { 100, 100, 100, 200 }, 32, ADDRESS_NEVER }, /* a cloud's metadata */
    { { 0 }, 8, ADDRESS_NEVER },                   /* this network */
    { { 10 }, 8, ADDRESS_PRIVATE },                /* RFC 1918 */
    { { 100, 64 }, 10, ADDRESS_PRIVATE },          /* shared by a carrier's customers, RFC 6598 */
    { { 127 }, 8, ADDRESS_PRIVATE },               /* this machine */
    { { 169, 254 }, 16, ADDRESS_NEVER },           /* link-local, and the metadata of most clouds */
    { { 172, 16 }, 12, ADDRESS_PRIVATE },          /* RFC 1918 */
    { { 192, 0, 0 }, 24, ADDRESS_NEVER },          /* protocol assignments */
    { { 192, 0, 2 }, 24, ADDRESS_NEVER },          /* documentation */
    { { 192, 88, 99 }, 24, ADDRESS_NEVER },        /* 6to4 relays, withdrawn */
    { { 192, 168 }, 16, ADDRESS_PRIVATE },         /* RFC 1918 */
    { { 198, 18 }, 15, ADDRESS_NEVER },            /* benchmarks */
    { { 198, 51, 100 }, 24, ADDRESS_NEVER },       /* documentation */
    { { 203, 0, 113 }, 24, ADDRESS_NEVER },        /* documentation */
    { { 224 }, 3, ADDRESS_NEVER },                 /* multicast, reserved, broadcast */
};
static const AddressRange ranges_v6[] = {
    { { [15] = 1 }, 128, ADDRESS_PRIVATE },                                       /* this machine */
    { { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54 }, 128, ADDRESS_NEVER }, /* a cloud's metadata */
    { { 0xfc }, 7, ADDRESS_PRIVATE },                                             /* unique local */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDRESS_NEVER },                            /* documentation */
    { { 0x20, 0x01 }, 23, ADDRESS_NEVER },                                        /* protocol assignments, Teredo */
    { { 0x20, 0x02 }, 16, ADDRESS_NEVER },                                        /* 6to4 */
    { { 0x3f, 0xff }, 20, ADDRESS_NEVER },                                        /* documentation */
    { { 0x20 }, 3, ADDRESS_PUBLIC },                                              /* global unicast */
    { { 0 }, 0, ADDRESS_NEVER }, /* unspecified, discard, link-local, site-local, multicast, and not yet given out */
};
static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };   /* ::ffff:0:0/96 */
static const uint8_t translated[12] = { 0x00, 0x64, 0xff, 0x9b }; /* 64:ff9b::/96 */

static bool in_range(const uint8_t *address, const AddressRange *range)
{
    size_t whole = range->bits / 8;
    int    rest = range->bits % 8;
    if (memcmp(address, range->start, whole) != 0)
        return false;
    return rest == 0 || (address[whole] ^ range->start[whole]) >> (8 - rest) == 0;
}

static AddressReach reach_in(const uint8_t *address, const AddressRange *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (in_range(address, &ranges[i]))
            return ranges[i].reach;
    return ADDRESS_PUBLIC;
}

static AddressReach reach_v4(const uint8_t *address)
{
    return reach_in(address, ranges_v4, sizeof ranges_v4 / sizeof ranges_v4[0]);
}

static AddressReach reach_v6(const uint8_t *address)
{
    if (memcmp(address, mapped, sizeof mapped) == 0 || memcmp(address, translated, sizeof translated) == 0)
        return reach_v4(address + sizeof mapped);
    return reach_in(address, ranges_v6, sizeof ranges_v6 / sizeof ranges_v6[0]);
}

AddressReach address_reach(const struct sockaddr *address)
{
    struct sockaddr_in  v4;
    struct sockaddr_in6 v6;
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        return reach_v4((const uint8_t *)&v4.sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof v6);
        return reach_v6(v6.sin6_addr.s6_addr);
    }
    return ADDRESS_NEVER;
}

bool address_literal(Str host, AddressReach *out)
{
    char    text[ADDRESS_TEXT_MAX];
    uint8_t bytes[16];
    if (str_ends(host, STR("."))) /* the root of names: it is the same host */
        host.len--;
    if (host.len >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", STR_FMT(host));
    if (inet_pton(AF_INET, text, bytes) == 1)
        *out = reach_v4(bytes);
    else if (inet_pton(AF_INET6, text, bytes) == 1)
        *out = reach_v6(bytes);
    else
        return false;
    return true;
}
