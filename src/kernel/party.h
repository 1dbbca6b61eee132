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

/* What actor_load() asks: made once, when the pack is loaded. */
void actor_statement(Arena *arena, Pack *pack);
/* The membership as an actor; ECODE_SIGN_IN_NO_MEMBERSHIP when it is not running today. */
Err actor_load(const Ctx *ctx, Str membership, Actor *out) MUST_CHECK;
#define ACTOR_CHOICES_MAX 32
/* The person's running memberships, oldest first, at most ACTOR_CHOICES_MAX. */
Err actor_choices(const Ctx *ctx, Str person, Actor **out, size_t *count) MUST_CHECK;
#define ACTOR_MEMBERS_MAX 500
/* The running memberships of an organisation, oldest first, at most ACTOR_MEMBERS_MAX. */
Err actor_members(const Ctx *ctx, Str organisation, Actor **out, size_t *count) MUST_CHECK;
/* Is the actor's membership still running, and still the same role in the same organisation? Inside the writer. */
Err actor_recheck(const Ctx *writer) MUST_CHECK;

#endif
