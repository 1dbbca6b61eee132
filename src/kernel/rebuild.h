/* kernel/rebuild.h: drops the record tables and folds the events into new ones. The city is not served meanwhile. */
#ifndef FM_KERNEL_REBUILD_H
#define FM_KERNEL_REBUILD_H

#include "kernel/city.h"

Err rebuild(const City *city, int64_t *events) MUST_CHECK;

#endif
