/* base/hash.h: digests, keyed digests, and the spellings of bytes. Source of the algorithms: libcrypto (OpenSSL 3). */
#ifndef FM_BASE_HASH_H
#define FM_BASE_HASH_H

#include "base/arena.h"

#define HASH_SIZE 32

typedef struct Hash {
    uint8_t bytes[HASH_SIZE];
} Hash;

Hash sha256(Str data);
Hash sm3(Str data);
/* Of the parts one after the other, as if they were one text. */
Hash sha256_parts(const Str *parts, size_t count);
Hash sm3_parts(const Str *parts, size_t count);
Hash hmac_sha256(Str key, Str data);
/* SHA-256 of what comes piece by piece. */
typedef struct Sha256 Sha256;
Sha256               *sha256_begin(void);
void                  sha256_add(Sha256 *digest, Str piece);
Hash                  sha256_end(Sha256 *digest);  /* frees it */
void                  sha256_drop(Sha256 *digest); /* instead; NULL does nothing */
/* Same length and same bytes, in time that does not depend on where they differ. */
bool bytes_eq_secret(Str a, Str b);

static inline Str hash_str(const Hash *hash) { return (Str){ (const char *)hash->bytes, HASH_SIZE }; }

Str  hex_encode(Arena *arena, Str bytes);
bool hex_decode(Arena *arena, Str text, Str *out); /* either case */
Str  base64_encode(Arena *arena, Str bytes);       /* standard alphabet with padding */
/* One spelling for each sequence of bytes: padding as in the encoding, no stray bits. */
bool base64_decode(Arena *arena, Str text, Str *out);
Str  base64url_encode(Arena *arena, Str bytes); /* URL alphabet without padding */
bool base64url_decode(Arena *arena, Str text, Str *out);

#endif
