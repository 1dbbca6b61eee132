/* kernel/testing/dossier.h: the cast, and a type of record full of personal data, for tests of erasing and of the past.
 *
 * dossier: title; of compartment identity phone, nickname (translated), remarks, contacts (rows), helpers (references),
 * consultant (reference), needs (choices), scan (file), secret all of them but needs and remarks; computed
 * `reachable`.
 * States open, closed. Steps create, edit, close, reopen, and erase (all of the personal fields) in either state.
 * The admin sees all, the author their own, the reviewer the general compartment alone, the reader what is disclosed.
 */
#ifndef FM_KERNEL_TESTING_DOSSIER_H
#define FM_KERNEL_TESTING_DOSSIER_H

#include "kernel/testing/cast.h"

/* cmocka's: *state is the Cast. */
int dossier_setup(void **state);

#endif
