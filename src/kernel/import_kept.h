/* kernel/import_kept.h: what an import leaves beside its job: the first rows of the file, and those that it refused.
 * Private to kernel/import*; who reads them looks into kernel/import.h. */
#ifndef FM_KERNEL_IMPORT_KEPT_H
#define FM_KERNEL_IMPORT_KEPT_H

#include "kernel/act.h"
#include "kernel/import_file.h"

/* Columns and first rows, which are read ahead of their turn; what an earlier opening of the job kept is replaced. */
Err import_sample_put(const Ctx *ctx, Str job, const Type *type, ImportFile *file) MUST_CHECK;
/* On the writer. */
Err import_refusals_clear(Db *db, Str job) MUST_CHECK;
Err import_refusal_put(Db *db, Str job, Arena *arena, const ImportGiven *given, Str reasons) MUST_CHECK;

#endif
