/* evidence/note.h: signed notes, and the keys that sign and verify them.
 *
 * Source   C2SP signed-note v1.0.0; Go's golang.org/x/mod/sumdb/note reads and writes the same. Ed25519 (RFC 8032) by
 *          libcrypto.
 * Note     text of lines, an empty line, then signature lines: "— <name> <base64(id[4] || signature)>". What is signed
 *          is the text with its last LF, without the empty line. UTF-8; no control character but LF.
 * Keys     id is SHA-256(name || LF || type || public key)[0:4].
 *          verifier   <name>+<id in hex>+<base64(type || public key)>
 *          signer     PRIVATE+KEY+<name>+<id in hex>+<base64(type || seed)>, as in Go
 *          Names have neither spaces nor plus signs; base64 may have a plus sign.
 * Hostile  everything that is read here may come from anywhere, and is bounded. */
#ifndef FM_EVIDENCE_NOTE_H
#define FM_EVIDENCE_NOTE_H

#include "base/env.h"
#include "base/err.h"
#include "base/hash.h"

#define NOTE_KEY_SIZE       32 /* Ed25519: public key and seed */
#define NOTE_SIGNATURE_SIZE 64
#define NOTE_NAME_MAX       200
#define NOTE_BYTES_MAX      65536
#define NOTE_SIGNATURES_MAX 100

typedef enum NoteKind { /* the type byte of a key */
                        NOTE_ED25519 = 0x01,
                        NOTE_COSIGNATURE = 0x04 /* of a witness: Ed25519 with a time (evidence/checkpoint.h) */
} NoteKind;

typedef struct NoteKey { /* who verifies with it */
    Str      name;
    NoteKind kind;
    uint8_t  id[4];
    uint8_t  key[NOTE_KEY_SIZE];
} NoteKey;

typedef struct NoteSigner {
    NoteKey public;
    uint8_t seed[NOTE_KEY_SIZE];
} NoteSigner;

bool note_name_valid(Str name);
/* A new key; the name is valid and outlives it. */
NoteSigner note_signer_new(const Env *env, Str name, NoteKind kind);

/* ECODE_LOG_KEY when it is none. The name is a part of the text. */
Err note_key_parse(Str text, NoteKey *out) MUST_CHECK;
Err note_signer_parse(Str text, NoteSigner *out) MUST_CHECK;
Str note_key_text(Arena *arena, const NoteKey *key);
Str note_signer_text(Arena *arena, const NoteSigner *signer);

/* Ed25519 alone, of any bytes. */
void note_ed25519_sign(const NoteSigner *signer, Str message, uint8_t out[NOTE_SIGNATURE_SIZE]);
bool note_ed25519_verify(const NoteKey *key, Str message, Str signature);

/* A signature line with its LF. signature: what stands behind the id. */
Str note_line(Arena *arena, const NoteKey *key, Str signature);
/* text, which ends in LF, as a note with this one signature. */
Str note_sign(Arena *arena, const NoteSigner *signer, Str text);

typedef struct NoteLine {
    Str     name;
    uint8_t id[4];
    Str     signature;
} NoteLine;

typedef struct Note {
    Str       text;
    NoteLine *lines;
    size_t    line_count;
} Note;

/* ECODE_LOG_NOTE when it is none. Parts of the note, signatures in the arena. */
Err note_parse(Arena *arena, Str note, Note *out) MUST_CHECK;
/* Is the line one of that key's? */
bool note_line_is(const NoteLine *line, const NoteKey *key);
/* Has it a line of that key, and does each of these verify? Lines of others say nothing. ECODE_LOG_SIGNATURE. */
Err note_verify(const Note *note, const NoteKey *key) MUST_CHECK;

#endif
