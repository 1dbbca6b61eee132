/* kernel/party.h: who acts. A person acts as one membership at a time: an organisation and a role, between two dates.
 *
 * Persons, organisations and memberships are records of the pack's types, made and ended by actions like any other. */
#ifndef FM_KERNEL_PARTY_H
#define FM_KERNEL_PARTY_H

#include "kernel/city.h"

struct Actor {
    Str  person, membership, organisation; /* ids */
    int  role;                             /* of the pack */
    Str  name, organisation_name;          /* for the page's head */
    bool system;                           /* init and recovery: may take any step; has no ids */
};
extern const Actor actor_system;

/* The membership as an actor; ECODE_SIGN_IN_NO_MEMBERSHIP when it is not running today. */
Err actor_load(const Ctx *ctx, Str membership, Actor *out) MUST_CHECK;
/* The person's running memberships, oldest first. */
Err actor_choices(const Ctx *ctx, Str person, Actor **out, size_t *count) MUST_CHECK;
/* Is the membership still running and still of this role? Used inside the writer. */
Err actor_recheck(Db *db, const Pack *pack, const Actor *actor, int64_t today) MUST_CHECK;

#endif
