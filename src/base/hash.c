/* base/hash.c: see hash.h. Looking an algorithm up costs OpenSSL 3 more than hashing a short text does, so each is
 * fetched once, and each thread keeps one context, released when the thread ends. */
#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Digests {
    EVP_MD       *sha256, *sm3;
    pthread_key_t context; /* EVP_MD_CTX of the thread */
} Digests;

static Digests        digests; /* written once, by digests_start */
static pthread_once_t digests_once = PTHREAD_ONCE_INIT;

static _Noreturn void end_without_digest(const char *what)
{
    fprintf(stderr, "firstmile: libcrypto fails at %s\n", what);
    abort();
}

static void context_free(void *context) { EVP_MD_CTX_free(context); }

static void digests_start(void)
{
    digests.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    digests.sm3 = EVP_MD_fetch(NULL, "SM3", NULL);
    if (!digests.sha256 || !digests.sm3)
        end_without_digest("fetching SHA-256 and SM3");
    if (pthread_key_create(&digests.context, context_free) != 0)
        end_without_digest("making a thread key");
}

static const Digests *digests_get(void)
{
    pthread_once(&digests_once, digests_start);
    return &digests;
}

static EVP_MD_CTX *context_new(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context)
        end_without_digest("making a context");
    return context;
}

static EVP_MD_CTX *thread_context(const Digests *all)
{
    EVP_MD_CTX *context = pthread_getspecific(all->context);
    if (!context) {
        context = context_new();
        if (pthread_setspecific(all->context, context) != 0)
            end_without_digest("keeping a context");
    }
    return context;
}

/* ---- digests ---- */

static void digest_start(EVP_MD_CTX *context, const EVP_MD *algorithm)
{
    if (!EVP_DigestInit_ex2(context, algorithm, NULL))
        end_without_digest("starting a digest");
}

static void digest_add(EVP_MD_CTX *context, Str data)
{
    if (data.len && !EVP_DigestUpdate(context, data.ptr, data.len))
        end_without_digest("adding to a digest");
}

static Hash digest_end(EVP_MD_CTX *context)
{
    Hash hash;
    if (!EVP_DigestFinal_ex(context, hash.bytes, NULL))
        end_without_digest("ending a digest");
    return hash;
}

static Hash digest_parts(const EVP_MD *algorithm, const Str *parts, size_t count)
{
    EVP_MD_CTX *context = thread_context(digests_get());
    digest_start(context, algorithm);
    for (size_t i = 0; i < count; i++)
        digest_add(context, parts[i]);
    return digest_end(context);
}

Hash sha256_parts(const Str *parts, size_t count) { return digest_parts(digests_get()->sha256, parts, count); }
Hash sm3_parts(const Str *parts, size_t count) { return digest_parts(digests_get()->sm3, parts, count); }
Hash sha256(Str data) { return sha256_parts(&data, 1); }
Hash sm3(Str data) { return sm3_parts(&data, 1); }

struct Sha256 {
    EVP_MD_CTX *context;
};

Sha256 *sha256_begin(void)
{
    Sha256 *digest = mem_alloc(sizeof *digest);
    digest->context = context_new();
    digest_start(digest->context, digests_get()->sha256);
    return digest;
}

void sha256_add(Sha256 *digest, Str piece) { digest_add(digest->context, piece); }

Hash sha256_end(Sha256 *digest)
{
    Hash hash = digest_end(digest->context);
    sha256_drop(digest);
    return hash;
}

void sha256_drop(Sha256 *digest)
{
    if (!digest)
        return;
    EVP_MD_CTX_free(digest->context);
    free(digest);
}

Hash hmac_sha256(Str key, Str data)
{
    Hash hash;
    /* OpenSSL counts a key with int; RFC 2104 replaces a key longer than a block by its digest anyway. */
    Hash short_key;
    if (key.len > 64) {
        short_key = sha256(key);
        key = hash_str(&short_key);
    }
    const void          *key_bytes = key.len ? key.ptr : "";
    const unsigned char *data_bytes = (const unsigned char *)(data.len ? data.ptr : "");
    if (!HMAC(digests_get()->sha256, key_bytes, (int)key.len, data_bytes, data.len, hash.bytes, NULL))
        end_without_digest("HMAC");
    return hash;
}

bool bytes_eq_secret(Str a, Str b) { return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0); }

/* ---- hexadecimal ---- */

Str hex_encode(Arena *arena, Str bytes)
{
    char *text = arena_array(arena, bytes.len, 2);
    for (size_t i = 0; i < bytes.len; i++) {
        text[2 * i] = "0123456789abcdef"[(uint8_t)bytes.ptr[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes.ptr[i] & 15];
    }
    return (Str){ text, 2 * bytes.len };
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_decode(Arena *arena, Str text, Str *out)
{
    if (text.len % 2 != 0)
        return false;
    char *bytes = arena_alloc(arena, text.len / 2);
    for (size_t i = 0; i < text.len / 2; i++) {
        int high = hex_digit(text.ptr[2 * i]), low = hex_digit(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (char)(high << 4 | low);
    }
    *out = (Str){ bytes, text.len / 2 };
    return true;
}

/* ---- base64 (RFC 4648, 4 and 5); one spelling for each sequence of bytes: bits that say nothing must be zero ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static Str sextets_encode(Arena *arena, Str bytes, const char *letters, bool padded)
{
    char  *text = arena_array(arena, bytes.len / 3 + 1, 4);
    size_t length = 0;
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t   count = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t group = (uint32_t)(uint8_t)bytes.ptr[i] << 16;
        if (count > 1)
            group |= (uint32_t)(uint8_t)bytes.ptr[i + 1] << 8;
        if (count > 2)
            group |= (uint8_t)bytes.ptr[i + 2];
        for (size_t j = 0; j < 4; j++)
            text[length + j] = j <= count ? letters[group >> (18 - 6 * j) & 63] : '=';
        length += padded ? 4 : count + 1;
    }
    return (Str){ text, length };
}

static int sextet(char c, const char *letters)
{
    const char *found = c ? strchr(letters, c) : NULL;
    return found ? (int)(found - letters) : -1;
}

static bool sextets_decode(Arena *arena, Str text, const char *letters, Str *out)
{
    if (text.len % 4 == 1)
        return false;
    char    *bytes = arena_alloc(arena, text.len / 4 * 3 + 2);
    size_t   length = 0;
    uint32_t pending = 0;
    int      pending_bits = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = sextet(text.ptr[i], letters);
        if (value < 0)
            return false;
        pending = (pending << 6 | (uint32_t)value) & 0xFFFFFF;
        pending_bits += 6;
        if (pending_bits >= 8) {
            pending_bits -= 8;
            bytes[length++] = (char)(pending >> pending_bits & 0xFF);
        }
    }
    if (pending & ((1U << pending_bits) - 1))
        return false;
    *out = (Str){ bytes, length };
    return true;
}

Str base64_encode(Arena *arena, Str bytes) { return sextets_encode(arena, bytes, alphabet, true); }

bool base64_decode(Arena *arena, Str text, Str *out)
{
    if (text.len % 4 != 0)
        return false;
    for (int padding = 0; padding < 2 && str_ends(text, STR("=")); padding++)
        text.len--;
    return sextets_decode(arena, text, alphabet, out);
}

Str base64url_encode(Arena *arena, Str bytes) { return sextets_encode(arena, bytes, url_alphabet, false); }

bool base64url_decode(Arena *arena, Str text, Str *out) { return sextets_decode(arena, text, url_alphabet, out); }
