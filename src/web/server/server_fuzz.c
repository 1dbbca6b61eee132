/* Any bytes: both readers must survive them, and see the same requests however the bytes are cut up on their way. */
#include <stdlib.h>

#include "web/server/read_all.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena) Arena *arena = arena_new();
    Str                 bytes = { (const char *)data, size };
    ReadAll             whole = read_all(arena, bytes, size);
    ReadAll             cut = read_all(arena, bytes, size > 4096 ? 97 : 1);
    if (whole.err.kind != cut.err.kind || whole.requests != cut.requests)
        abort();
    if (!whole.err.kind && (whole.used != cut.used || !str_eq(buf_str(&whole.text), buf_str(&cut.text))))
        abort();
    Str  name, value;
    Form form = form_open(arena, bytes);
    while (form_next(&form, &name, &value)) {}
    return 0;
}
