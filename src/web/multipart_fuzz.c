/* A first byte that says how large the pieces are, then a body with the boundary "b". The parts do not depend on the
 * size of the pieces, and none has more bytes than the body. */
#include "web/multipart.h"

#include "base/hash.h"

typedef struct Seen {
    Sha256 *digest;
    size_t  bytes;
} Seen;

static Err begin(void *context, Str name, Str file)
{
    Seen *seen = context;
    sha256_add(seen->digest, name);
    sha256_add(seen->digest, file.ptr ? STR("1") : STR("0"));
    sha256_add(seen->digest, file);
    return ERR_OK;
}

static Err data(void *context, Str bytes)
{
    Seen *seen = context;
    seen->bytes += bytes.len;
    sha256_add(seen->digest, bytes);
    return ERR_OK;
}

static Err end(void *context)
{
    sha256_add(((Seen *)context)->digest, STR("."));
    return ERR_OK;
}

static bool read_in(Str body, size_t size, Hash *out)
{
    Seen       seen = { .digest = sha256_begin() };
    Multipart *form = multipart_new(STR("b"), &(MultipartTaker){ begin, data, end, &seen });
    Err        err = ERR_OK;
    for (size_t at = 0; !err.kind && at < body.len; at += size)
        err = multipart_add(form, str_slice(body, at, at + size < body.len ? at + size : body.len));
    if (!err.kind)
        err = multipart_end(form);
    multipart_free(form);
    assert(seen.bytes <= body.len);
    *out = sha256_end(seen.digest);
    return !err.kind;
}

int LLVMFuzzerTestOneInput(const uint8_t *data_in, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data_in, size_t size)
{
    Str  all = { (const char *)data_in, size };
    Hash whole, pieces;
    (void)multipart_boundary(all);
    if (!size || !data_in[0])
        return 0;
    Str  body = str_slice(all, 1, size);
    bool good = read_in(body, body.len + 1, &whole);
    bool again = read_in(body, data_in[0], &pieces);
    assert(again == good);
    assert(!good || memcmp(&whole, &pieces, sizeof whole) == 0);
    return 0;
}
