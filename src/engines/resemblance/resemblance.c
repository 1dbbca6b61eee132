#include "engines/resemblance/resemblance.h"

#include "base/utf8.h"

#include <stdlib.h>

static bool is_ascii_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Marks of Chinese and English print; full-width letters have been made ASCII by then. */
static bool is_mark(uint32_t c)
{
    static const uint32_t ranges[][2] = { { 0x80, 0xA9 },     { 0xAB, 0xB4 },     { 0xB6, 0xB9 },
                                          { 0xBB, 0xBF },     { 0x2000, 0x2027 }, { 0x2028, 0x205F },
                                          { 0x3000, 0x301F }, { 0xFEFF, 0xFEFF }, { 0xFF01, 0xFF0F },
                                          { 0xFF1A, 0xFF20 }, { 0xFF3B, 0xFF40 }, { 0xFF5B, 0xFF65 } };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

/* 0: does not count. */
static uint32_t counted(uint32_t c)
{
    if (c >= 0xFF10 && c <= 0xFF5A)
        c = is_ascii_letter(c - 0xFEE0) ? c - 0xFEE0 : c;
    if (c < 0x80 && !is_ascii_letter(c))
        return 0;
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 'a';
    return is_mark(c) ? 0 : c;
}

static int pair_compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

Pairs resemblance_pairs(Arena *arena, Str s)
{
    uint64_t *items = ARENA_ARRAY(arena, uint64_t, utf8_length(s));
    uint32_t  before = 0;
    size_t    count = 0;
    for (size_t at = 0; at < s.len;) {
        uint32_t c = counted(utf8_next(s, &at));
        if (c && before)
            items[count++] = (uint64_t)before << 32 | c;
        before = c ? c : before;
    }
    if (count)
        qsort(items, count, sizeof *items, pair_compare);
    return (Pairs){ items, count };
}

int resemblance(Pairs a, Pairs b)
{
    size_t shared = 0;
    for (size_t i = 0, j = 0; i < a.count && j < b.count;) {
        if (a.items[i] == b.items[j]) {
            shared++;
            i++;
            j++;
        } else if (a.items[i] < b.items[j]) {
            i++;
        } else {
            j++;
        }
    }
    return a.count && b.count ? (int)(2000 * shared / (a.count + b.count)) : 0;
}
