/* engines/merkle/tile_fuzz.c: a path that is read is written the same. */
#include "engines/merkle/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str  path = { (const char *)data, size };
    Tile tile, again;
    char out[TILE_PATH_MAX];
    if (!tile_path_parse(path, &tile))
        return 0;
    assert(str_eq(tile_path(tile, out), path));
    assert(tile_path_parse((Str){ out, size }, &again) && again.index == tile.index);
    assert(tile_width(tile.level, tile.index, MERKLE_SIZE_MAX) <= TILE_WIDTH);
    return 0;
}
