/* base/str.c: see str.h. A Str of length 0 may hold NULL, which libc's functions do not
 * take; hence the length tests. */
#include "base/str.h"

static char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static bool ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool str_starts(Str s, Str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

bool str_ends(Str s, Str suffix)
{
    return s.len >= suffix.len && (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

bool str_eq_ascii_fold(Str a, Str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
            return false;
    return true;
}

int str_cmp(Str a, Str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int    order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

size_t str_find(Str s, Str needle)
{
    if (needle.len == 0)
        return 0;
    if (needle.len > s.len)
        return s.len;
    const char *found = memmem(s.ptr, s.len, needle.ptr, needle.len);
    return found ? (size_t)(found - s.ptr) : s.len;
}

Str str_trim(Str s)
{
    size_t from = 0, to = s.len;
    while (from < to && ascii_space(s.ptr[from]))
        from++;
    while (to > from && ascii_space(s.ptr[to - 1]))
        to--;
    return str_slice(s, from, to);
}

Str str_cut(Str *rest, char sep)
{
    Str         all = *rest;
    const char *found = all.len ? memchr(all.ptr, sep, all.len) : NULL;
    size_t      at = found ? (size_t)(found - all.ptr) : all.len;
    *rest = str_slice(all, found ? at + 1 : at, all.len);
    return str_slice(all, 0, at);
}

bool str_int(Str s, int64_t *out)
{
    bool   negative = s.len > 0 && s.ptr[0] == '-';
    size_t at = negative ? 1 : 0;
    if (at == s.len)
        return false;
    int64_t number = 0;
    for (; at < s.len; at++) {
        if (s.ptr[at] < '0' || s.ptr[at] > '9')
            return false;
        int digit = s.ptr[at] - '0';
        /* Counted on its own side of zero, so that the smallest number fits as well. */
        if (__builtin_mul_overflow(number, (int64_t)10, &number) ||
            __builtin_add_overflow(number, (int64_t)(negative ? -digit : digit), &number))
            return false;
    }
    *out = number;
    return true;
}
