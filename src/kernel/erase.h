/* kernel/erase.h: erasing personal data, for good and on record.
 *
 * A step with `erases` clears the fields it names. With it go, from every event of the record, the values that these
 * fields ever had and their salts: event_value keeps the row with an empty salt and the marker "erased" as its value.
 * The manifests stay as they are, with commitments that nobody can open any more, so everything else still verifies.
 * Replay takes the marker as missing; the record's own list of erased fields (SYS_ERASED) is an ordinary value of the
 * erasing event, and a field leaves it when it is given a value again.
 * Freed pages are overwritten (secure_delete) and the write-ahead log is emptied after the commit; backups made before
 * are the operator's to destroy (docs/PACKS.md). */
#ifndef FM_KERNEL_ERASE_H
#define FM_KERNEL_ERASE_H

#include "kernel/record.h"

#define ERASED_MARKER "erased" /* never the beginning of an encoded value: those begin with a kind and a colon */

/* Takes the fields' values out of all events of the record before `sequence`. On the writer, in the savepoint of the
 * erasing event. */
Err erase_values(Db *db, Arena *arena, const Record *record, const uint16_t *fields, size_t count,
                 int64_t sequence) MUST_CHECK;
/* Whether the record says that the field's value was erased. */
bool record_erased(const Record *record, const Field *field);

#endif
