/* base/utf8.c: see utf8.h. */
#include "base/utf8.h"

#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unictype.h>
#include <uninorm.h>
#include <uniwidth.h>

/* ---- checking ---- */

/* Length of the character whose lead byte is at s.ptr[at]; 0 when it is not well-formed (RFC 3629, 4). */
static size_t sequence_length(Str s, size_t at)
{
    const uint8_t *bytes = (const uint8_t *)s.ptr + at;
    uint8_t        lead = bytes[0];
    if (lead < 0x80)
        return 1;
    if (lead < 0xC2 || lead > 0xF4)
        return 0;
    size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (s.len - at < length)
        return 0;
    /* The second byte alone excludes overlong forms, surrogates and what is beyond U+10FFFF. */
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (bytes[1] < low || bytes[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

/* Moves past whole words of ASCII. */
static size_t skip_ascii(Str s, size_t at)
{
    uint64_t word;
    for (; s.len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, s.ptr + at, sizeof word);
        if (word & 0x8080808080808080ULL)
            break;
    }
    return at;
}

size_t utf8_valid_until(Str s)
{
    size_t at = 0;
    while (at < s.len) {
        if ((uint8_t)s.ptr[at] < 0x80) {
            size_t past = skip_ascii(s, at);
            at = past > at ? past : at + 1;
            continue;
        }
        size_t length = sequence_length(s, at);
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

bool utf8_valid(Str s) { return utf8_valid_until(s) == s.len; }

/* ---- walking ---- */

uint32_t utf8_next(Str s, size_t *at)
{
    static const uint8_t lead_bits[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    uint8_t              lead = (uint8_t)s.ptr[*at];
    size_t               length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    assert(s.len - *at >= length);
    uint32_t point = lead & lead_bits[length];
    for (size_t i = 1; i < length; i++)
        point = point << 6 | ((uint8_t)s.ptr[*at + i] & 0x3F);
    *at += length;
    return point;
}

static bool begins_character(char byte) { return ((uint8_t)byte & 0xC0) != 0x80; }

size_t utf8_length(Str s)
{
    size_t points = 0;
    for (size_t i = 0; i < s.len; i++)
        points += begins_character(s.ptr[i]);
    return points;
}

size_t utf8_columns(Str s) { return (size_t)u8_width((const uint8_t *)s.ptr, s.len, "UTF-8"); }

Str utf8_clip(Str s, size_t max_points)
{
    size_t points = 0, at = 0;
    for (; at < s.len; at++)
        if (begins_character(s.ptr[at]) && points++ == max_points)
            break;
    return str_slice(s, 0, at);
}

static size_t last_start(Str s) /* of the last code point; s is not empty */
{
    size_t at = s.len - 1;
    while (at > 0 && ((uint8_t)s.ptr[at] & 0xC0) == 0x80)
        at--;
    return at;
}

Str utf8_trim(Str s)
{
    size_t first = 0;
    for (size_t at = 0; first < s.len && uc_is_property_white_space(utf8_next(s, &at));)
        first = at;
    s = str_slice(s, first, s.len);
    while (s.len) {
        size_t start = last_start(s), at = start;
        if (!uc_is_property_white_space(utf8_next(s, &at)))
            break;
        s = str_slice(s, 0, start);
    }
    return s;
}

bool utf8_visible(Str s)
{
    for (size_t at = 0; at < s.len;) {
        uint32_t point = utf8_next(s, &at);
        if (!uc_is_property_white_space(point) && !uc_is_property_default_ignorable_code_point(point))
            return true;
    }
    return false;
}

/* ---- what people type ---- */

typedef struct Range {
    uint32_t first, last;
} Range;

static bool in_ranges(uint32_t point, const Range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    return false;
}

#define IN_RANGES(point, ranges) in_ranges((point), (ranges), sizeof(ranges) / sizeof(ranges)[0])

bool utf8_printable(Str s, bool lines)
{
    static const Range refused[] = {
        { 0x0000, 0x001F }, { 0x007F, 0x009F }, { 0x2028, 0x202E }, { 0x2066, 0x2069 }, { 0xFFFE, 0xFFFF },
    };
    for (size_t at = 0; at < s.len;) {
        uint32_t point = utf8_next(s, &at);
        if (lines && (point == '\t' || point == '\n' || point == 0x2028 || point == 0x2029))
            continue;
        if (IN_RANGES(point, refused))
            return false;
    }
    return true;
}

/* ---- normal form ---- */

/* Code points that NFC leaves alone in any company of each other: quick check "yes", combining class 0. They are nearly
 * all that people write here, so nearly all text passes without libunistring. */
static bool text_surely_normal(Str s)
{
    static const Range sure[] = {
        { 0x0000, 0x02FF },                     /* Latin */
        { 0x4E00, 0x9FFF },                     /* Han */
        { 0x3000, 0x3029 },                     /* CJK punctuation */
        { 0xFF01, 0xFFEF },                     /* full and half width */
        { 0x2010, 0x2027 },                     /* dashes, quotes, ellipsis */
        { 0x3041, 0x3096 }, { 0x30A1, 0x30FA }, /* kana */
    };
    for (size_t at = 0; at < s.len;) {
        at = skip_ascii(s, at);
        if (at < s.len && !IN_RANGES(utf8_next(s, &at), sure))
            return false;
    }
    return true;
}

static Str line_ends_unified(Arena *arena, Str s)
{
    if (s.len == 0 || !memchr(s.ptr, '\r', s.len))
        return s;
    char  *text = arena_alloc(arena, s.len);
    size_t length = 0;
    for (size_t i = 0; i < s.len; i++) {
        bool before_lf = s.ptr[i] == '\r' && i + 1 < s.len && s.ptr[i + 1] == '\n';
        if (!before_lf)
            text[length++] = s.ptr[i] == '\r' ? '\n' : s.ptr[i];
    }
    return (Str){ text, length };
}

Str utf8_normal(Arena *arena, Str s)
{
    Str text = line_ends_unified(arena, s);
    if (text_surely_normal(text))
        return text;
    size_t   length = 0;
    uint8_t *composed = u8_normalize(UNINORM_NFC, (const uint8_t *)text.ptr, text.len, NULL, &length);
    if (!composed) {
        fprintf(stderr, "firstmile: text cannot be normalized: %m\n"); /* no memory, or not UTF-8 after all */
        abort();
    }
    Str normal = { (const char *)composed, length };
    if (!str_eq(normal, text))
        text = str_dup(arena, normal);
    free(composed);
    return text;
}
