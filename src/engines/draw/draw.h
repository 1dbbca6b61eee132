/* engines/draw/draw.h: a draw by lot that anybody can repeat: of each group so many of its entries.
 *
 * Method   every entry is given the key SHA-256("firstmile draw 1\n" seed "\n" id "\n"), neither of which holds a line
 *          feed; of each group those with the least keys are drawn, in the order of their keys. Whoever knows the seed,
 *          the entries and the places gets the same draw, in whatever order the entries come. Where the seed was not
 *          known when the entries were fixed, the keys are as good as random, and each choice of so many entries is as
 *          likely as any other (bottom-k sampling: Cohen and Kaplan, Summarizing data using bottom-k sketches, PODC
 *          2007).
 * Source   the idea of publishing seed and pool is that of RFC 3797 (Eastlake 2004); the key is a hash of today. */
#ifndef FM_ENGINES_DRAW_H
#define FM_ENGINES_DRAW_H

#include "base/hash.h"

typedef struct DrawEntry {
    Str    id; /* each once */
    size_t group;
    /* by draw() */
    Hash key;
    bool drawn;
} DrawEntry;

/* Puts the entries in the order of their groups and keys, and marks the first places[group] of each group, or all where
 * there are fewer. */
void draw(Str seed, DrawEntry *entries, size_t count, const size_t *places);

#endif
