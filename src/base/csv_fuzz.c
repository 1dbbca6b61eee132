/* base/csv_fuzz.c: rows that are read and written are read again as the same rows. */
#include "base/csv.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All rows of text written again; false when some row is refused. */
static bool rewrite(Arena *arena, Str text, Buf *out)
{
    Csv csv = csv_open(text);
    for (;;) {
        Str   *cells;
        size_t count;
        bool   more;
        if (csv_next(&csv, arena, &cells, &count, &more).kind)
            return false;
        if (!more)
            return true;
        for (size_t i = 0; i < count; i++) {
            if (i)
                buf_char(out, ',');
            csv_write_cell(out, cells[i]);
        }
        buf_char(out, '\n');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena) Arena *arena = arena_new();
    Buf                 first = buf_new(arena, SIZE_MAX), second = buf_new(arena, SIZE_MAX);
    if (!rewrite(arena, (Str){ (const char *)data, size }, &first))
        return 0;
    bool again = rewrite(arena, buf_str(&first), &second);
    assert(again && str_eq(buf_str(&first), buf_str(&second)));
    return 0;
}
