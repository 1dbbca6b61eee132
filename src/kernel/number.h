/* kernel/number.h: the numbers by which people call records, such as POC-2025-00042: counted from 1
 * for each type, owner and year.
 *
 * Pattern  letters, digits, '-', '/' and '.', with {year} (of the city's date) at most once, and at its end {seq:N}:
 *          the count, padded with zeros to N digits, 1 to 9. Past its width a number grows: after POC-2025-99999 comes
 *          POC-2025-100000. */
#ifndef FM_KERNEL_NUMBER_H
#define FM_KERNEL_NUMBER_H

#include "kernel/city.h"

/* Can number_next() fill it? The loader of packs refuses any other. */
bool number_pattern(Str pattern);
/* The next number of the type for records of owner, which may be empty. Inside the writer, so
 * that no two get the same. */
Err number_next(const Ctx *writer, const Type *type, Str owner, Value *out) MUST_CHECK;

#endif
