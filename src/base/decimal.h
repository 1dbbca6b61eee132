/* base/decimal.h: exact decimals as 64-bit integers with a declared scale.
 *
 * Shape    units x 10^-scale, scale 0 .. DECIMAL_SCALE_MAX. 12.50 at scale 2 is units 1250.
 *          A sum has the larger scale of the two, a product the sum of theirs; less, when the number fits only then.
 * Errors   overflow is an error (false), never a wrap; nothing rounds unless its name says so. */
#ifndef FM_BASE_DECIMAL_H
#define FM_BASE_DECIMAL_H

#include "base/arena.h"

#define DECIMAL_SCALE_MAX 9

typedef struct Decimal {
    int64_t units;
    uint8_t scale;
} Decimal;

/* "-12.5", "0.50", "3"; no sign +, exponent, blanks or leading zeros. At most DECIMAL_SCALE_MAX digits after the point.
 * scale of *out = digits written. */
bool decimal_parse(Str s, Decimal *out);
/* The same number at another scale; false when digits other than zero would be lost, or on overflow. */
bool decimal_rescale(Decimal d, uint8_t scale, Decimal *out);
bool decimal_round(Decimal d, uint8_t scale, Decimal *out); /* half away from zero */
Str  decimal_text(Arena *arena, Decimal d);                 /* "1250.00": as many digits as the scale */
int  decimal_cmp(Decimal a, Decimal b);                     /* exact at any pair of scales */
bool decimal_add(Decimal a, Decimal b, Decimal *out);
bool decimal_sub(Decimal a, Decimal b, Decimal *out);
/* Exact; false when the result needs more than the maximum scale. */
bool decimal_mul(Decimal a, Decimal b, Decimal *out);
/* Rounded half away from zero; false when b is zero. */
bool decimal_div(Decimal a, Decimal b, uint8_t scale, Decimal *out);

#endif
