/* kernel/pack_log.h: the problems of a pack, each at its place, in any order of finding; private to the loader.
 *
 * Passes find problems in their own order; people read them by file and line. At most PROBLEMS_MAX are kept. */
#ifndef FM_KERNEL_PACK_LOG_H
#define FM_KERNEL_PACK_LOG_H

#include "base/err.h"

typedef struct PackPlace {
    Str      file;         /* "types/result.yaml" */
    uint32_t line, column; /* from 1, in characters */
} PackPlace;

typedef struct PackLog PackLog;

PackLog *pack_log_new(Arena *arena);
/* args are copied; source is the text of an expression, or empty. */
void   pack_log_add(PackLog *log, PackPlace place, ErrCode code, Str source, const ErrArg *args, size_t arg_count);
size_t pack_log_count(const PackLog *log);
/* Appends all to *out, by file, line and column; a Problem's field is then "types/result.yaml:12:5". */
void pack_log_sorted(const PackLog *log, Problems *out);
Str  pack_place_text(Arena *arena, PackPlace place);

#define PACK_LOG(log, place, code, ...)                                                                                \
    pack_log_add((log), (place), (code), STR_NONE, (const ErrArg[]){ { 0 }, ##__VA_ARGS__ } + 1,                       \
                 sizeof((const ErrArg[]){ { 0 }, ##__VA_ARGS__ }) / sizeof(ErrArg) - 1)

#endif
