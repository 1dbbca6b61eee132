#include "engines/draw/draw.h"

#include "base/arena.h"
#include "base/buf.h"

#include <stdlib.h>

static Hash key_of(Arena *arena, Str seed, Str id)
{
    return sha256(str_printf(arena, "firstmile draw 1\n%.*s\n%.*s\n", STR_FMT(seed), STR_FMT(id)));
}

static int by_group_and_key(const void *left, const void *right)
{
    const DrawEntry *a = left, *b = right;
    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    return memcmp(a->key.bytes, b->key.bytes, sizeof a->key.bytes);
}

void draw(Str seed, DrawEntry *entries, size_t count, const size_t *places)
{
    OWNED(arena) Arena *arena = arena_new();
    size_t              taken = 0;
    for (size_t i = 0; i < count; i++)
        entries[i].key = key_of(arena, seed, entries[i].id);
    if (count)
        qsort(entries, count, sizeof *entries, by_group_and_key);
    for (size_t i = 0; i < count; i++) {
        taken = i && entries[i].group == entries[i - 1].group ? taken + 1 : 0;
        entries[i].drawn = taken < places[entries[i].group];
    }
}
