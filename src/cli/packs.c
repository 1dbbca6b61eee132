/* cli/packs.c: see packs.h. */
#include "cli/packs.h"

#include "assets/assets.h"
#include "base/limits.h"

/* The pack inside the binary; false when there is none of that name. */
static bool shipped(Arena *arena, Str name, PackSource *out)
{
    size_t       count;
    Str          folder = str_printf(arena, "packs/%.*s/", STR_FMT(name));
    const Asset *assets = asset_below(folder, &count);
    if (!name.len || str_find(name, STR("/")) < name.len || !count)
        return false;
    PackFile *files = ARENA_ARRAY(arena, PackFile, count);
    for (size_t i = 0; i < count; i++) /* sorted by path already */
        files[i] = (PackFile){ str_slice(assets[i].path, folder.len, assets[i].path.len), assets[i].bytes };
    *out = (PackSource){ files, count };
    return true;
}

Err packs_find(Cli *cli, Str name, PackSource *out)
{
    if (shipped(cli->arena, name, out))
        return ERR_OK;
    Err err = pack_source_read(cli->arena, name, out);
    return err.kind ? CLI_FAIL(cli, err, ARG("pack", name), ARG("path", name),
                               ARG("max", str_printf(cli->arena, "%d", LIMIT_PACK_FILE_BYTES)))
                    : ERR_OK;
}

Err packs_load(Cli *cli, const PackSource *source, const Pack **out)
{
    Err err = pack_load(cli->arena, source, out, &cli->problems);
    return err.kind ? CLI_FAIL(cli, err, ARG("count", str_printf(cli->arena, "%zu", cli->problems.count))) : ERR_OK;
}
