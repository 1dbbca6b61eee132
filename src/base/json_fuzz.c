/* base/json_fuzz.c: what parses is written, parses again to the same tree, and is then written the same. */
#include "base/json.h"

#include "base/utf8.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool trees_equal(const Json *a, const Json *b)
{
    if (a->kind != b->kind || a->count != b->count || !str_eq(a->key, b->key) || !str_eq(a->text, b->text))
        return false;
    const Json *left = a->first, *right = b->first;
    for (; left && right && trees_equal(left, right); left = left->next)
        right = right->next;
    return !left && !right;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena) Arena *arena = arena_new();
    Json               *value, *again;
    if (json_parse(arena, (Str){ (const char *)data, size }, &value).kind)
        return 0;
    Buf first = buf_new(arena, SIZE_MAX), second = buf_new(arena, SIZE_MAX);
    json_write(&first, value);
    Err err = json_parse(arena, buf_str(&first), &again);
    assert(!err.kind && trees_equal(value, again) && utf8_valid(buf_str(&first)));
    json_write(&second, json_dup(arena, again));
    assert(str_eq(buf_str(&first), buf_str(&second)));
    return 0;
}
