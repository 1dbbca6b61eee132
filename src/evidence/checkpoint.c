#include "evidence/checkpoint.h"

#include "base/buf.h"
#include "engines/merkle/merkle.h"

#define TIME_MAX 253402300799 /* the last second of the year 9999: what is later is no time */

enum { TIME_SIZE = 8 };

Str checkpoint_text(Arena *arena, const Checkpoint *checkpoint)
{
    return str_printf(arena, "%.*s\n%llu\n%.*s\n", STR_FMT(checkpoint->origin), (unsigned long long)checkpoint->size,
                      STR_FMT(base64_encode(arena, hash_str(&checkpoint->root))));
}

Err checkpoint_parse(Str text, Checkpoint *out)
{
    OWNED(arena) Arena *arena = arena_new();
    Str                 rest = text, root;
    Checkpoint          found = { .origin = str_cut(&rest, '\n') };
    Str                 size = str_cut(&rest, '\n'), line = str_cut(&rest, '\n');
    int64_t             number;
    /* One spelling for each size: what str_int() takes besides begins with a sign or a zero. */
    if (found.origin.len == 0 || !str_ends(text, STR("\n")) || !str_int(size, &number) || number < 0 ||
        size.ptr[0] == '-' || (size.ptr[0] == '0' && size.len > 1) || !base64_decode(arena, line, &root) ||
        root.len != HASH_SIZE)
        return err_make(ECODE_LOG_NOTE, "no checkpoint");
    found.size = (uint64_t)number;
    memcpy(found.root.bytes, root.ptr, HASH_SIZE);
    *out = found;
    return ERR_OK;
}

Err checkpoint_open(Arena *arena, Str note, const NoteKey *key, Checkpoint *out, Note *note_out)
{
    Note       parsed;
    Checkpoint found;
    TRY(note_parse(arena, note, &parsed));
    TRY(checkpoint_parse(parsed.text, &found));
    if (!str_eq(found.origin, key->name))
        return err_make(ECODE_LOG_SIGNATURE, "a checkpoint of %.*s", STR_FMT(found.origin));
    TRY(note_verify(&parsed, key));
    *out = found;
    if (note_out)
        *note_out = parsed;
    return ERR_OK;
}

/* ---- witnesses ---- */

static Str cosigned_text(Arena *arena, Str text, int64_t time_s)
{
    return str_printf(arena, "cosignature/v1\ntime %lld\n%.*s", (long long)time_s, STR_FMT(text));
}

Str checkpoint_cosign(Arena *arena, const NoteSigner *witness, Str text, int64_t time_s)
{
    char blob[TIME_SIZE + NOTE_SIGNATURE_SIZE];
    for (int i = 0; i < TIME_SIZE; i++)
        blob[i] = (char)((uint64_t)time_s >> (8 * (TIME_SIZE - 1 - i)));
    note_ed25519_sign(witness, cosigned_text(arena, text, time_s), (uint8_t *)blob + TIME_SIZE);
    return note_line(arena, &witness->public, (Str){ blob, sizeof blob });
}

Err checkpoint_cosigned(const Note *note, const NoteKey *witness, int64_t *time_s)
{
    OWNED(arena) Arena *arena = arena_new();
    bool                found = false;
    for (size_t i = 0; i < note->line_count; i++) {
        Str      blob = note->lines[i].signature;
        uint64_t time = 0;
        if (!note_line_is(&note->lines[i], witness))
            continue;
        for (size_t b = 0; b < TIME_SIZE && b < blob.len; b++)
            time = time << 8 | (uint8_t)blob.ptr[b];
        if (blob.len != TIME_SIZE + NOTE_SIGNATURE_SIZE || time > TIME_MAX ||
            !note_ed25519_verify(witness, cosigned_text(arena, note->text, (int64_t)time),
                                 str_slice(blob, TIME_SIZE, blob.len)))
            return err_make(ECODE_LOG_SIGNATURE, "a cosignature of %.*s does not verify", STR_FMT(witness->name));
        *time_s = (int64_t)time;
        found = true;
    }
    return found ? ERR_OK : err_make(ECODE_LOG_SIGNATURE, "no cosignature of %.*s", STR_FMT(witness->name));
}
