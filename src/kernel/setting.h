/* kernel/setting.h: what a city knows of itself beside its records: names and texts in the table `setting`. They are in
 * the backup, and no events. */
#ifndef FM_KERNEL_SETTING_H
#define FM_KERNEL_SETTING_H

#include "store/store.h"

/* In the arena; empty when it is not set. */
Err setting_get(Arena *arena, Db *db, Str name, Str *out) MUST_CHECK;
/* On the writer. */
Err setting_put(Db *db, Str name, Str value) MUST_CHECK;
Err setting_drop(Db *db, Str name) MUST_CHECK;

#endif
