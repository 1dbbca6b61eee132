/* base/sm3_many.h: SM3 of many texts at once, eight side by side in the lanes of a vector.
 *
 * Source   GB/T 32905-2016 (GM/T 0004-2012); tested against libcrypto, whose SM3 takes one text at a time.
 * Why      every event's leaf has an SM3 of about 2 KB (evidence/log.h): one by one, on the one thread that writes, an
 *          import of 100,000 rows would take a second longer. Machine: the widest of AVX-512, AVX2 and plain code. */
#ifndef FM_BASE_SM3_MANY_H
#define FM_BASE_SM3_MANY_H

#include "base/hash.h"

/* out[i] is sm3(texts[i]). */
void sm3_many(const Str *texts, size_t count, Hash *out);

typedef enum Sm3Machine { SM3_PLAIN, SM3_AVX2, SM3_AVX512, SM3_MACHINES } Sm3Machine;
/* The same by the code for that kind of machine; false, and nothing, where this is none. For tests. */
bool sm3_many_on(Sm3Machine machine, const Str *texts, size_t count, Hash *out);

#endif
