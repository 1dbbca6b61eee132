/* assets/assets.h: the files that ship inside the binary: everything below web/ and packs/, but notes (*.md).
 *
 * Source   tools/embed.py writes the table when a file, or the list of files, has changed.
 * Shape    sorted by path in byte order, so a folder is one run of rows.
 * Memory   constant, for the life of the program. */
#ifndef FM_ASSETS_ASSETS_H
#define FM_ASSETS_ASSETS_H

#include "base/str.h"

typedef struct Asset {
    Str path; /* from the root of the repository: "web/style/firstmile.css", "packs/shanghai/pack.yaml" */
    Str bytes;
    Str etag;       /* first 16 hexadecimal digits of the SHA-256 of bytes, without quotes */
    Str media_type; /* "text/css; charset=utf-8" */
} Asset;

extern const Asset  asset_table[];
extern const size_t asset_table_count;

const Asset *asset_find(Str path); /* NULL when there is none */

/* The run of rows whose path begins with prefix ("web/templates/"): the first of them, and how many in *count. */
const Asset *asset_below(Str prefix, size_t *count);

#endif
