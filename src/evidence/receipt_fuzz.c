/* A receipt from anywhere: refused, or read; and what was read writes the same receipt. So with notes and keys. */
#include "evidence/receipt.h"

#include <assert.h>

static void check_receipt(Arena *arena, Str text)
{
    Receipt    receipt;
    NoteKey    key;
    Checkpoint head;
    if (receipt_parse(arena, text, &receipt).kind)
        return;
    assert(str_eq(receipt_text(arena, &receipt), text));
    if (note_key_parse(receipt.key, &key).kind)
        return;
    if (!receipt_verify(arena, &receipt, &key, &head).kind)
        assert(receipt.index < head.size && str_eq(head.origin, key.name));
}

static void check_note(Arena *arena, Str text)
{
    Note       note;
    Checkpoint checkpoint;
    NoteKey    key;
    if (!note_key_parse(text, &key).kind)
        assert(str_eq(note_key_text(arena, &key), text));
    if (note_parse(arena, text, &note).kind)
        return;
    assert(note.line_count > 0 && note.line_count <= NOTE_SIGNATURES_MAX && str_ends(note.text, STR("\n")));
    if (!checkpoint_parse(note.text, &checkpoint).kind)
        assert(str_starts(note.text, checkpoint_text(arena, &checkpoint)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena) Arena *arena = arena_new();
    const Str           text = { (const char *)data, size };
    check_receipt(arena, text);
    check_note(arena, text);
    return 0;
}
