/* kernel/address.h: where a program of ours may connect to when somebody else has named the place.
 *
 * Against  server-side request forgery: an address inside the city's own network, reached by whoever may write a URL.
 * Source   IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190), IPv4 multicast (RFC 5771), IPv6
 *          global unicast 2000::/3 (RFC 4291); and addresses at which clouds tell secrets of their machines, which lie
 *          outside of these or in a range that is otherwise private.
 * Asked    of the address that is about to be connected to, not of a name: what a name leads to may change between two
 *          look-ups. */
#ifndef FM_KERNEL_ADDRESS_H
#define FM_KERNEL_ADDRESS_H

#include "base/str.h"

struct sockaddr;

typedef enum AddressReach {
    ADDRESS_NEVER,   /* nobody's, everybody's, a link's, a cloud's: no server of anybody is meant by it */
    ADDRESS_PRIVATE, /* this machine, or a network of its owner: where the operator has allowed it */
    ADDRESS_PUBLIC
} AddressReach;

/* IPv4 and IPv6; IPv4 written as IPv6 (::ffff:0:0/96, 64:ff9b::/96) is what it stands for; all other families never. */
AddressReach address_reach(const struct sockaddr *address);
/* The same of text, without brackets; false when it is a name. */
bool address_literal(Str host, AddressReach *out);

#endif
