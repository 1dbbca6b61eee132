/* services/alike.h: records of the same type that may be the same thing, written down again.
 *
 * Compared the texts that the type names under `alike`, field by field, as they show to who looks: what is hidden of
 *          either record counts as not there. A record is as alike as its most alike text (engines/resemblance).
 *          Texts count as they were first written, not their translations.
 * Found    those that have one of eight stretches of three characters in common with a line, or one of four of four
 *          characters with a long text, spread over it; of each the latest ALIKE_MOST. Two texts that are half alike
 *          have far more in common than one such stretch. Lines are looked through first: in a city so large that the
 *          long texts take too long, what is alike by its lines is told.
 * Told     from ALIKE_FROM on, the most alike first; of equals the latest. It is a hint for people: nothing rests on
 *          it. */
#ifndef FM_SERVICES_ALIKE_H
#define FM_SERVICES_ALIKE_H

#include "kernel/find.h"

#define ALIKE_FROM 500 /* per mille */
#define ALIKE_MOST 600 /* records that are compared */

typedef struct Alike {
    Record     record;
    int        likeness; /* per mille: the greatest of the fields */
    const int *fields;   /* per field of type->alike: per mille; -1: not there in both */
} Alike;

typedef struct AlikeFound {
    Alike *items;
    size_t count;
    bool   more; /* further records had a stretch in common and were not compared */
    bool   slow; /* not all was looked through: it took too long */
} AlikeFound;

Err alike_find(const Ctx *ctx, const Record *record, AlikeFound *out) MUST_CHECK;

#endif
