/* kernel/pack.h: a policy pack from YAML to frozen types.
 *
 * Passes   parse (libyaml, every node keeps its line and column) -> resolve names -> check expressions -> freeze
 *          (kernel/pack_read.h lists them). All problems are reported at once, sorted; each Problem's field is
 *          its place, "types/result.yaml:12:5". A file that is no YAML stands for itself: what would refer to it
 *          is then not checked.
 * Shape    pack.yaml, roles.yaml, types/NAME.yaml, calendars/NAME.yaml, parameters/NAME.yaml, documents/NAME.yaml,
 *          records/TYPE.yaml; demo/NAME.jsonl are sample steps (kernel/demo.h). docs/PACKS.md shows every key.
 * Memory   the pack lives in the arena and needs the source no more.
 * Limits   LIMIT_PACK_FILES, LIMIT_PACK_FILE_BYTES; YAML aliases, tags and more than one document in
 *          a file are refused.
 * Errors   ECODE_PACK_INVALID when there is any problem; *out is then untouched. */
#ifndef FM_KERNEL_PACK_H
#define FM_KERNEL_PACK_H

#include "kernel/type.h"

typedef struct PackFile {
    Str path; /* "types/result.yaml" */
    Str bytes;
} PackFile;

typedef struct PackSource {
    const PackFile *files; /* sorted by path */
    size_t          count;
} PackSource;

/* All .yaml and demo/NAME.jsonl below a folder. ECODE_PACK_MISSING, file errors. */
Err pack_source_read(Arena *arena, Str dir, PackSource *out) MUST_CHECK;
Err pack_load(Arena *arena, const PackSource *source, const Pack **out, Problems *problems) MUST_CHECK;
/* A pack that a city has had accepted: what pack_proof asks of a new one is not held against it, so that a later
 * release, which asks for more, still opens the city. */
Err pack_load_frozen(Arena *arena, const PackSource *source, const Pack **out, Problems *problems) MUST_CHECK;

#endif
