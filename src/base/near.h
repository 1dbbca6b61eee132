/* base/near.h: which of the words that there are somebody may have meant.
 *
 * Source   optimal string alignment: the least number of characters put in, left out, put for another, or changed
 *          about with their neighbour (Damerau 1964), in which no part is changed twice; here of code points, without
 *          regard to ASCII case.
 * Near     one character may differ, and of a longer word every third one: 标提 is near 标题, titel near title. */
#ifndef FM_BASE_NEAR_H
#define FM_BASE_NEAR_H

#include "base/str.h"

#define NEAR_POINTS 64 /* of a word that is compared; longer ones are near nothing */

/* The nearest of the known words, the first of equals; ptr NULL when none is near. All are valid UTF-8. */
Str near_word(Str word, const Str *known, size_t count);

#endif
