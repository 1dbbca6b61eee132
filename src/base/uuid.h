/* base/uuid.h: UUID version 7 (RFC 9562, 5.7) as 36 characters of text.
 *
 * 48 bits of milliseconds, then 12 bits that count up within one millisecond, then 62 random bits: ids made by one
 * generator sort in the order in which they were made, also when the clock stands still or steps back. */
#ifndef FM_BASE_UUID_H
#define FM_BASE_UUID_H

#include "base/arena.h"
#include "base/env.h"

#define UUID_TEXT_SIZE 36

typedef struct UuidMaker UuidMaker; /* safe from any thread */

UuidMaker *uuid_maker_new(Env env);
void       uuid_maker_free(UuidMaker *maker);
Str        uuid_make(UuidMaker *maker, Arena *arena);
bool       uuid_valid(Str text); /* lower-case 8-4-4-4-12 of any version */

#endif
