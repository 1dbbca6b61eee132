/* store/testing/ledger.h: what the crash tests write, and how they judge what a crash left. Tests only.
 *
 * Each change adds one numbered entry and raises a tally, in two tables: half a change shows as a tally that differs
 * from the number of entries. The payload follows from the number, so that a torn one shows too. */
#ifndef FM_STORE_TESTING_LEDGER_H
#define FM_STORE_TESTING_LEDGER_H

#include "store/store.h"

extern const Str ledger_steps[1]; /* for db_migrate() */

Err ledger_make(Str path) MUST_CHECK; /* an empty ledger in a new database */
Err ledger_add(Db *db, int64_t number) MUST_CHECK;
Err ledger_has(Db *db, int64_t number, bool *out) MUST_CHECK;

typedef struct LedgerState {
    int64_t entries, highest; /* entries count from 1: without gaps both are equal */
    bool    intact;           /* the database's own check, the tally and every payload are right */
} LedgerState;

Err ledger_check(Db *db, LedgerState *out) MUST_CHECK;

#endif
