/* base/buf.h: bytes that grow, up to a stated maximum.
 *
 * Past max the buffer is marked full and keeps what it had; the writer checks buf_full() once at the end. */
#ifndef FM_BASE_BUF_H
#define FM_BASE_BUF_H

#include "base/arena.h"

typedef struct Buf {
    Arena *arena; /* where the bytes live */
    char  *ptr;
    size_t len, capacity, max;
    bool   full;
} Buf;

Buf  buf_new(Arena *arena, size_t max);
void buf_add(Buf *buf, Str s);
void buf_char(Buf *buf, char c);
void buf_int(Buf *buf, int64_t number);
void buf_printf(Buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
Str  buf_str(const Buf *buf); /* valid until the next write */

static inline bool buf_full(const Buf *buf) { return buf->full; }

#endif
