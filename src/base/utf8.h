/* base/utf8.h: UTF-8, checked once at the door. */
#ifndef FM_BASE_UTF8_H
#define FM_BASE_UTF8_H

#include "base/arena.h"

bool   utf8_valid(Str s);       /* RFC 3629: no overlong forms, no surrogates, at most U+10FFFF */
size_t utf8_valid_until(Str s); /* bytes before the first fault; s.len when there is none */
/* Next code point and its length in bytes; s is valid and *at < s.len. */
uint32_t utf8_next(Str s, size_t *at);
size_t   utf8_length(Str s);                  /* code points */
Str      utf8_clip(Str s, size_t max_points); /* at most so many code points */
size_t   utf8_columns(Str s); /* on a terminal: two for an East Asian wide character, none for a control */
/* s without white space at both ends, that of other scripts too (U+3000, U+00A0 …). Source: Unicode's White_Space. */
Str utf8_trim(Str s);
/* Is there anything to see: a point that is neither white space nor one that is drawn as nothing
 * (U+200B, U+FEFF, U+3164 …)? */
bool utf8_visible(Str s);
/* Text as a person may type it into a one-line or many-line field: false for control characters (tab and line feed pass
 * where lines is true, as do U+2028 and U+2029), NUL, U+FFFE/F and bidirectional overrides U+202A-E, U+2066-9. */
bool utf8_printable(Str s, bool lines);
/* Canonical composition (NFC); CRLF and CR become LF. Returns s itself when nothing changes. Source: libunistring. */
Str utf8_normal(Arena *arena, Str s);

#endif
