/* base/buf.c: see buf.h. What does not fit is dropped whole, and so is all that follows: the
 * bytes stay a true beginning. */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { CAPACITY_FIRST = 256 };

Buf buf_new(Arena *arena, size_t max) { return (Buf){ .arena = arena, .max = max }; }

/* Room for size more bytes; false, and full, when that is past the maximum. */
static bool buf_reserve(Buf *buf, size_t size)
{
    if (buf->full || size > buf->max - buf->len) {
        buf->full = true;
        return false;
    }
    size_t needed = buf->len + size;
    if (needed <= buf->capacity)
        return true;
    size_t capacity = buf->capacity ? buf->capacity : CAPACITY_FIRST;
    while (capacity < needed)
        capacity = capacity > buf->max / 2 ? buf->max : capacity * 2;
    buf->ptr = arena_grow(buf->arena, buf->ptr, buf->len, capacity, 1);
    buf->capacity = capacity;
    return true;
}

void buf_add(Buf *buf, Str s)
{
    if (s.len == 0 || !buf_reserve(buf, s.len))
        return;
    memcpy(buf->ptr + buf->len, s.ptr, s.len);
    buf->len += s.len;
}

void buf_char(Buf *buf, char c)
{
    if (buf_reserve(buf, 1))
        buf->ptr[buf->len++] = c;
}

void buf_int(Buf *buf, int64_t number)
{
    char     digits[20]; /* "-9223372036854775808" */
    size_t   at = sizeof digits;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0)
        digits[--at] = '-';
    buf_add(buf, (Str){ digits + at, sizeof digits - at });
}

void buf_printf(Buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(length >= 0);
    /* vsnprintf ends its text with NUL: one byte more than is kept. */
    char *text = arena_alloc(buf->arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    buf_add(buf, (Str){ text, (size_t)length });
}

Str buf_str(const Buf *buf) { return (Str){ buf->ptr ? buf->ptr : "", buf->len }; }
