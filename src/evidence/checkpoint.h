/* evidence/checkpoint.h: what a log signs: how long it is, and the root of its tree.
 *
 * Source   C2SP tlog-checkpoint v1.0.0: "<origin>\n<size>\n<base64 of root>\n", signed as a note whose key has the
 *          origin for its name. Lines after the third are extensions: ours has none, of others' they are not read.
 * Cosignature of a witness (C2SP tlog-cosignature, cosignature/v1): id || time, 8 bytes, the higher first || Ed25519
 *          signature of "cosignature/v1\ntime <t>\n" and the checkpoint's text. */
#ifndef FM_EVIDENCE_CHECKPOINT_H
#define FM_EVIDENCE_CHECKPOINT_H

#include "evidence/note.h"

typedef struct Checkpoint {
    Str      origin;
    uint64_t size;
    Hash     root;
} Checkpoint;

/* The text that is signed. */
Str checkpoint_text(Arena *arena, const Checkpoint *checkpoint);
/* ECODE_LOG_NOTE; the origin is a part of the text. */
Err checkpoint_parse(Str text, Checkpoint *out) MUST_CHECK;
/* A note that is a checkpoint of the log with this key: ECODE_LOG_NOTE, ECODE_LOG_SIGNATURE. note_out may be NULL. */
Err checkpoint_open(Arena *arena, Str note, const NoteKey *key, Checkpoint *out, Note *note_out) MUST_CHECK;

/* A witness's line under a checkpoint; time in seconds since 1970. */
Str checkpoint_cosign(Arena *arena, const NoteSigner *witness, Str text, int64_t time_s);
/* Does the note carry a cosignature of that witness? Its time; ECODE_LOG_SIGNATURE. */
Err checkpoint_cosigned(const Note *note, const NoteKey *witness, int64_t *time_s) MUST_CHECK;

#endif
