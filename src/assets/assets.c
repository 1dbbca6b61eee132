#include "assets/assets.h"

/* Index of the first row whose path is not below `path` in byte order. */
static size_t lower_bound(Str path)
{
    size_t low = 0, high = asset_table_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_cmp(asset_table[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const Asset *asset_find(Str path)
{
    size_t at = lower_bound(path);
    return at < asset_table_count && str_eq(asset_table[at].path, path) ? &asset_table[at] : NULL;
}

const Asset *asset_below(Str prefix, size_t *count)
{
    size_t first = lower_bound(prefix), end = first;
    while (end < asset_table_count && str_starts(asset_table[end].path, prefix))
        end++;
    *count = end - first;
    return &asset_table[first];
}
