/* kernel/rebuild.h: drops the record tables and folds the events into new ones. The city is not served meanwhile. */
#ifndef FM_KERNEL_REBUILD_H
#define FM_KERNEL_REBUILD_H

#include "kernel/city.h"

Err rebuild(const City *city, int64_t *events) MUST_CHECK;
/* The same in a transaction of the caller's; tables of no type of the pack go, too. */
Err rebuild_tables(Db *db, const Pack *pack, int64_t *events) MUST_CHECK;

#endif
