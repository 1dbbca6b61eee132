/* cli/packs.h: policy packs by name or folder, for the verbs init and pack check. */
#ifndef FM_CLI_PACKS_H
#define FM_CLI_PACKS_H

#include "cli/cli.h"
#include "kernel/pack.h"

/* A pack that ships with the program ("shanghai"), or else the folder of that name. ECODE_PACK_MISSING, file errors. */
Err packs_find(Cli *cli, Str name, PackSource *out) MUST_CHECK;
/* Loads it; every problem stands in cli->problems, its field the place "types/result.yaml:12:5". ECODE_PACK_INVALID. */
Err packs_load(Cli *cli, const PackSource *source, const Pack **out) MUST_CHECK;

#endif
