/* The first byte says how long the boundary is that stands behind it; the rest is a body. All that is read lies in
 * it. */
#include "web/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena) Arena *arena = arena_new();
    Str                 all = { (const char *)data, size }, boundary;
    Part               *parts;
    size_t              count;
    (void)multipart_boundary(all, &boundary);
    if (!size || data[0] == 0 || (size_t)data[0] + 1 > size)
        return 0;
    boundary = str_slice(all, 1, (size_t)data[0] + 1);
    Str body = str_slice(all, (size_t)data[0] + 1, size);
    if (multipart_read(arena, boundary, body, &parts, &count).kind)
        return 0;
    for (size_t i = 0; i < count; i++)
        assert(parts[i].bytes.ptr >= body.ptr && parts[i].bytes.ptr + parts[i].bytes.len <= body.ptr + body.len);
    return 0;
}
