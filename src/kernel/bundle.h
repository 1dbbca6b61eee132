/* kernel/bundle.h: several files in one, which any tar opens, and which tells when a byte of it has changed.
 *
 * Format   POSIX tar (ustar, with pax headers for what is longer than ustar knows), uncompressed, by libarchive. The
 *          last entry, MANIFEST, has a line "<sha256 in hex>  <name>" for each of the others in their order, so that
 *          `tar xf FILE && sha256sum -c MANIFEST` checks it without this program.
 * Names    relative, of letters, digits, '.', '_', '-' and '/', no part of them "." or "..".
 * Hostile  what is unpacked is never larger than the bundle; nothing that is there already is written to; an entry that
 *          is no plain file, or is called otherwise, is refused. */
#ifndef FM_KERNEL_BUNDLE_H
#define FM_KERNEL_BUNDLE_H

#include "base/file.h"
#include "base/hash.h"

typedef struct Bundle Bundle;

/* The file stands under its name when it is kept (base/file.h, FilePart). */
Err bundle_make(Str path, Bundle **out) MUST_CHECK;
/* out: the hash of its bytes; or NULL. */
Err bundle_add(Bundle *bundle, Str name, Str source, Hash *out) MUST_CHECK;
/* Writes MANIFEST, and all of it to the disk. Frees the bundle, also when it fails. */
Err                bundle_keep(Bundle *bundle) MUST_CHECK;
void               bundle_drop(Bundle *bundle); /* instead; NULL does nothing */
static inline void bundle_freep(Bundle **bundle) { bundle_drop(*bundle); }

/* Unpacks all entries below folder, each with the folders of its name, on the disk when this returns, and holds them
 * against MANIFEST. knows: is it a name that belongs there? ECODE_BACKUP_FOREIGN: no bundle, or an entry that does not
 * belong there. ECODE_BACKUP_DAMAGED: ends early, or a byte is not as it was. */
Err bundle_unpack(Str path, Str folder, bool (*knows)(Str name)) MUST_CHECK;

#endif
