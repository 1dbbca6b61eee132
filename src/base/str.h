/* base/str.h: text as slices.
 *
 * A Str borrows bytes that somebody else owns; it is not NUL-terminated and may hold any byte. Text that entered the
 * program through a checked door (JSON, form, pack, database) is valid UTF-8; fields hold no NUL. */
#ifndef FM_BASE_STR_H
#define FM_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct Str {
    const char *ptr;
    size_t      len;
} Str;

/* clang-format off */
#define STR(literal)      ((Str){ "" literal, sizeof(literal) - 1 })
#define STR_INIT(literal) { "" literal, sizeof(literal) - 1 } /* for static tables */
#define STR_FMT(s)        (int)(s).len, (s).ptr               /* the arguments of "%.*s" */
#define STR_NONE          ((Str){ NULL, 0 })
/* clang-format on */

static inline Str str_from(const char *text) /* borrows NUL-terminated text; NULL gives STR_NONE */
{
    return (Str){ text, text ? strlen(text) : 0 };
}
static inline bool str_eq(Str a, Str b) { return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0); }
static inline Str  str_slice(Str s, size_t from, size_t to) /* bytes from .. to-1; the caller keeps from <= to <= len */
{
    return (Str){ from ? s.ptr + from : s.ptr, to - from }; /* C has no NULL + 0 */
}
bool str_starts(Str s, Str prefix);
bool str_ends(Str s, Str suffix);
bool str_eq_ascii_fold(Str a, Str b); /* ASCII letters compared without case */
/* Byte order, which for UTF-8 is the order of code points: < 0, 0, > 0. */
int str_cmp(Str a, Str b);
/* Index of the first needle, or s.len when there is none. */
size_t str_find(Str s, Str needle);
Str    str_trim(Str s); /* without ASCII white space at both ends */
/* Returns the text before the first sep and moves *rest past it; without sep, all of it.
 * rest "fi/record/12": str_cut(&rest, '/') gives "fi" and leaves "record/12". */
Str str_cut(Str *rest, char sep);
/* Whole text as a decimal number, optional leading '-'; false when it is anything else or overflows. */
bool str_int(Str s, int64_t *out);

#endif
