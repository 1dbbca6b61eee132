/* kernel/erase.h: erasing personal data, for good and on record.
 *
 * A step with `erases` clears the fields it names. With it go, from every event of the record, the values that these
 * fields ever had and their salts: event_value keeps the row with an empty salt and the marker "erased" as its value.
 * The manifests stay as they are, with commitments that nobody can open any more, so everything else still verifies.
 * Replay takes the marker as missing; the record's own list of erased fields (SYS_ERASED) is an ordinary value of the
 * erasing event, and a field leaves it when it is given a value again. A field that never had a value is not erased:
 * the step tells nothing of it. The loader adds a translated text's translations. Rules are not asked (a rule cannot
 * keep a person's data), guards are, about the record as it was.
 * The bytes leave the database file and its log as docs/decisions/0014 says; backups made before are the operator's to
 * destroy (docs/PACKS.md). */
#ifndef FM_KERNEL_ERASE_H
#define FM_KERNEL_ERASE_H

#include "kernel/record.h"

#define ERASED_MARKER "erased" /* never the beginning of an encoded value: those begin with a kind and a colon */

/* The part of erasing in every change: on the writer, before the record and its event of that sequence are written.
 * Fields of `set` that have a value leave the list of erased ones; those that the action erases lose theirs, here and
 * in all events before, and join it. `set` grows by what changes so. */
Err erase_commit(const Ctx *writer, const Action *action, Record *record, bool *set, int64_t sequence) MUST_CHECK;
/* Whether the record says that the field's value was erased. */
bool record_erased(const Record *record, const Field *field);

#endif
