/* web/server/read_all.h: reads bytes as a connection does, a few at a time; for tests and fuzzing. */
#ifndef FM_WEB_SERVER_READ_ALL_H
#define FM_WEB_SERVER_READ_ALL_H

#include "base/buf.h"
#include "web/server/reader.h"
#include "web/server/target.h"

typedef struct ReadAll {
    Err    err;      /* of the last request */
    size_t requests; /* whose heads are good */
    size_t used;     /* bytes of complete heads and of bodies */
    Buf    text;     /* path, query and body of each */
} ReadAll;

static inline Err read_all_body(void *context, Str piece)
{
    buf_add(&((ReadAll *)context)->text, piece);
    return ERR_OK;
}

static inline Err read_all_head(Arena *arena, Reader *reader, Str head, ReadAll *out)
{
    Head read;
    Str  path, query;
    TRY(reader_head(reader, head, &read));
    TRY(target_read(arena, read.target, read.host, &path, &query));
    out->requests++;
    buf_printf(&out->text, "\n%.*s %.*s ", STR_FMT(path), STR_FMT(query));
    return ERR_OK;
}

/* Each turn there are step more bytes, as if they had just come in. */
static inline ReadAll read_all(Arena *arena, Str bytes, size_t step)
{
    ReadAll all = { .err = ERR_OK, .text = buf_new(arena, 2 * bytes.len + 16) };
    Reader  reader;
    size_t  scanned = 0, end = 0, length = 0;
    bool    in_body = false;
    while (end < bytes.len && !all.err.kind) {
        end = bytes.len - end < step ? bytes.len : end + step;
        while (all.used < end && !all.err.kind) {
            Str rest = str_slice(bytes, all.used, end);
            length = 0;
            if (in_body) {
                all.err = reader_body(&reader, rest, read_all_body, &all, &length);
            } else {
                all.err = head_scan(rest, &scanned, &length);
                if (!all.err.kind && length)
                    all.err = read_all_head(arena, &reader, str_slice(rest, 0, length), &all);
            }
            if (all.err.kind || length == 0)
                break;
            scanned = 0;
            in_body = !reader_done(&reader);
            all.used += length;
        }
    }
    return all;
}

#endif
