#include "evidence/note.h"

#include "base/buf.h"
#include "base/utf8.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#define DASH    "\xe2\x80\x94" /* U+2014 */
#define PRIVATE "PRIVATE+KEY+"

enum { ID_SIZE = 4, ID_HEX = 8 };

static _Noreturn void end_without_key(const char *what)
{
    fprintf(stderr, "firstmile: libcrypto fails at %s\n", what);
    abort();
}

/* ---- Ed25519 ---- */

static void public_of(const uint8_t seed[NOTE_KEY_SIZE], uint8_t out[NOTE_KEY_SIZE])
{
    size_t    size = NOTE_KEY_SIZE;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, NOTE_KEY_SIZE);
    if (!key || !EVP_PKEY_get_raw_public_key(key, out, &size) || size != NOTE_KEY_SIZE)
        end_without_key("an Ed25519 key");
    EVP_PKEY_free(key);
}

void note_ed25519_sign(const NoteSigner *signer, Str message, uint8_t out[NOTE_SIGNATURE_SIZE])
{
    size_t      size = NOTE_SIGNATURE_SIZE;
    EVP_PKEY   *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, signer->seed, NOTE_KEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!key || !context || EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 ||
        EVP_DigestSign(context, out, &size, (const uint8_t *)message.ptr, message.len) != 1 ||
        size != NOTE_SIGNATURE_SIZE)
        end_without_key("an Ed25519 signature");
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

bool note_ed25519_verify(const NoteKey *key, Str message, Str signature)
{
    if (signature.len != NOTE_SIGNATURE_SIZE)
        return false;
    /* Bytes that are no point of the curve make no key here, or one that verifies nothing. */
    EVP_PKEY *public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->key, NOTE_KEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context)
        end_without_key("a context");
    bool good = public && EVP_DigestVerifyInit(context, NULL, NULL, NULL, public) == 1 &&
                EVP_DigestVerify(context, (const uint8_t *)signature.ptr, signature.len, (const uint8_t *)message.ptr,
                                 message.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public);
    return good;
}

/* ---- keys ---- */

bool note_name_valid(Str name)
{
    if (name.len == 0 || name.len > NOTE_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] > '~' || name.ptr[i] == '+')
            return false;
    return true;
}

static void set_id(NoteKey *key)
{
    const char type = (char)key->kind;
    const Str  parts[] = { key->name, { "\n", 1 }, { &type, 1 }, { (const char *)key->key, NOTE_KEY_SIZE } };
    Hash       hash = sha256_parts(parts, 4);
    memcpy(key->id, hash.bytes, ID_SIZE);
}

NoteSigner note_signer_new(const Env *env, Str name, NoteKind kind)
{
    NoteSigner signer = { .public = { .name = name, .kind = kind } };
    env_random(env, signer.seed, sizeof signer.seed);
    public_of(signer.seed, signer.public.key);
    set_id(&signer.public);
    return signer;
}

static bool known_kind(char type) { return type == NOTE_ED25519 || type == NOTE_COSIGNATURE; }

/* <name>+<id>+<base64(type || bytes)>: split at the first two plus signs, since base64 may have more. */
static bool key_split(Str text, NoteKey *out, char id[ID_HEX], uint8_t bytes[NOTE_KEY_SIZE])
{
    OWNED(arena) Arena *arena = arena_new();
    Str                 rest = text, decoded;
    if (text.len > NOTE_NAME_MAX + 100)
        return false;
    Str name = str_cut(&rest, '+'), hex = str_cut(&rest, '+');
    if (!note_name_valid(name) || hex.len != ID_HEX || !base64_decode(arena, rest, &decoded) ||
        decoded.len != 1 + NOTE_KEY_SIZE || !known_kind(decoded.ptr[0]))
        return false;
    *out = (NoteKey){ .name = name, .kind = (NoteKind)decoded.ptr[0] };
    memcpy(id, hex.ptr, ID_HEX);
    memcpy(bytes, decoded.ptr + 1, NOTE_KEY_SIZE);
    return true;
}

static bool id_is(const NoteKey *key, const char hex[ID_HEX])
{
    OWNED(arena) Arena *arena = arena_new();
    return str_eq(hex_encode(arena, (Str){ (const char *)key->id, ID_SIZE }), (Str){ hex, ID_HEX });
}

Err note_key_parse(Str text, NoteKey *out)
{
    NoteKey key;
    char    id[ID_HEX];
    uint8_t bytes[NOTE_KEY_SIZE];
    if (!key_split(text, &key, id, bytes))
        return err_make(ECODE_LOG_KEY, "not a verifier key");
    memcpy(key.key, bytes, NOTE_KEY_SIZE);
    set_id(&key);
    if (!id_is(&key, id))
        return err_make(ECODE_LOG_KEY, "the id is of another key");
    *out = key;
    return ERR_OK;
}

Err note_signer_parse(Str text, NoteSigner *out)
{
    NoteSigner signer;
    char       id[ID_HEX];
    if (!str_starts(text, STR(PRIVATE)) ||
        !key_split(str_slice(text, STR(PRIVATE).len, text.len), &signer.public, id, signer.seed))
        return err_make(ECODE_LOG_KEY, "not a signer's key");
    public_of(signer.seed, signer.public.key);
    set_id(&signer.public);
    if (!id_is(&signer.public, id))
        return err_make(ECODE_LOG_KEY, "the id is of another key");
    *out = signer;
    return ERR_OK;
}

static Str key_text(Arena *arena, const NoteKey *key, const uint8_t bytes[NOTE_KEY_SIZE])
{
    char typed[1 + NOTE_KEY_SIZE] = { (char)key->kind };
    memcpy(typed + 1, bytes, NOTE_KEY_SIZE);
    return str_printf(arena, "%.*s+%.*s+%.*s", STR_FMT(key->name),
                      STR_FMT(hex_encode(arena, (Str){ (const char *)key->id, ID_SIZE })),
                      STR_FMT(base64_encode(arena, (Str){ typed, sizeof typed })));
}

Str note_key_text(Arena *arena, const NoteKey *key) { return key_text(arena, key, key->key); }

Str note_signer_text(Arena *arena, const NoteSigner *signer)
{
    return str_printf(arena, PRIVATE "%.*s", STR_FMT(key_text(arena, &signer->public, signer->seed)));
}

/* ---- writing ---- */

Str note_line(Arena *arena, const NoteKey *key, Str signature)
{
    Str parts[] = { { (const char *)key->id, ID_SIZE }, signature };
    return str_printf(arena, DASH " %.*s %.*s\n", STR_FMT(key->name),
                      STR_FMT(base64_encode(arena, str_join(arena, parts, 2, STR_NONE))));
}

Str note_sign(Arena *arena, const NoteSigner *signer, Str text)
{
    uint8_t signature[NOTE_SIGNATURE_SIZE];
    note_ed25519_sign(signer, text, signature);
    Str line = note_line(arena, &signer->public, (Str){ (const char *)signature, sizeof signature });
    return str_printf(arena, "%.*s\n%.*s", STR_FMT(text), STR_FMT(line));
}

/* ---- reading ---- */

static Err bad_note(const char *why) { return err_make(ECODE_LOG_NOTE, "%s", why); }

static bool plain_text(Str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' && text.ptr[i] != '\n')
            return false;
    return utf8_valid(text);
}

/* Where the text ends: behind the LF before the last empty line; 0: nowhere. */
static size_t text_end(Str note)
{
    for (size_t at = note.len; at > 1; at--)
        if (note.ptr[at - 1] == '\n' && note.ptr[at - 2] == '\n')
            return at - 1;
    return 0;
}

static bool line_parse(Arena *arena, Str line, NoteLine *out)
{
    Str rest = line, bytes;
    if (!str_starts(line, STR(DASH " ")))
        return false;
    rest = str_slice(line, STR(DASH " ").len, line.len);
    out->name = str_cut(&rest, ' ');
    if (out->name.len == 0 || str_find(out->name, STR("+")) < out->name.len || !base64_decode(arena, rest, &bytes) ||
        bytes.len <= ID_SIZE)
        return false;
    memcpy(out->id, bytes.ptr, ID_SIZE);
    out->signature = str_slice(bytes, ID_SIZE, bytes.len);
    return true;
}

Err note_parse(Arena *arena, Str note, Note *out)
{
    if (note.len > NOTE_BYTES_MAX)
        return bad_note("too long");
    size_t end = text_end(note);
    if (!end || !str_ends(note, STR("\n")) || !plain_text(note))
        return bad_note("no text and signatures");
    Str    lines = str_slice(note, end + 1, note.len);
    size_t capacity = 0;
    *out = (Note){ .text = str_slice(note, 0, end) };
    while (lines.len) {
        NoteLine line;
        if (out->line_count == NOTE_SIGNATURES_MAX || !line_parse(arena, str_cut(&lines, '\n'), &line))
            return bad_note("not a signature line");
        ARENA_ROOM(arena, out->lines, out->line_count, capacity);
        out->lines[out->line_count++] = line;
    }
    return out->line_count ? ERR_OK : bad_note("no signature");
}

bool note_line_is(const NoteLine *line, const NoteKey *key)
{
    return str_eq(line->name, key->name) && memcmp(line->id, key->id, ID_SIZE) == 0;
}

Err note_verify(const Note *note, const NoteKey *key)
{
    size_t good = 0;
    for (size_t i = 0; i < note->line_count; i++) {
        if (!note_line_is(&note->lines[i], key))
            continue;
        if (!note_ed25519_verify(key, note->text, note->lines[i].signature))
            return err_make(ECODE_LOG_SIGNATURE, "a signature of %.*s does not verify", STR_FMT(key->name));
        good++;
    }
    return good ? ERR_OK : err_make(ECODE_LOG_SIGNATURE, "no signature of %.*s", STR_FMT(key->name));
}
