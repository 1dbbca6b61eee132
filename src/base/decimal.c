/* base/decimal.c: exact decimals. All sums are made in 128 bits, which no pair of operands can leave (64 bits times
 * 10^18 is under 2^124), and brought back to 64 at the end. */
#include "base/decimal.h"

#include <assert.h>

__extension__ typedef __int128 Wide;

/* of ten, 0 .. 18 */
static const int64_t powers[] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
};

static bool wide_narrow(Wide number, int64_t *out)
{
    if (number < INT64_MIN || number > INT64_MAX)
        return false;
    *out = (int64_t)number;
    return true;
}

static Wide wide_divide_half_away(Wide number, Wide by)
{
    Wide quotient = number / by, rest = number % by;
    Wide rest_size = rest < 0 ? -rest : rest, by_size = by < 0 ? -by : by;
    if (rest_size * 2 >= by_size)
        quotient += (number < 0) == (by < 0) ? 1 : -1;
    return quotient;
}

/* The exact number in the widest form that holds it: zeros at the end are given up when the
 * scale or the size needs it. */
static bool decimal_fit(Wide units, int scale, Decimal *out)
{
    int64_t narrow;
    while (scale > DECIMAL_SCALE_MAX || !wide_narrow(units, &narrow)) {
        if (scale == 0 || units % 10 != 0)
            return false;
        units /= 10;
        scale--;
    }
    *out = (Decimal){ narrow, (uint8_t)scale };
    return true;
}

bool decimal_parse(Str s, Decimal *out)
{
    Str  whole = s;
    bool negative = str_starts(s, STR("-"));
    if (negative)
        whole = str_slice(s, 1, s.len);
    size_t point = str_find(whole, STR("."));
    bool   has_fraction = point < whole.len;
    size_t fraction = has_fraction ? whole.len - point - 1 : 0;
    if (point == 0 || (point > 1 && whole.ptr[0] == '0') || (has_fraction && fraction == 0) ||
        fraction > DECIMAL_SCALE_MAX)
        return false;
    int64_t units = 0;
    for (size_t i = 0; i < whole.len; i++) {
        if (i == point)
            continue;
        if (whole.ptr[i] < '0' || whole.ptr[i] > '9')
            return false;
        int digit = whole.ptr[i] - '0';
        if (__builtin_mul_overflow(units, (int64_t)10, &units) ||
            __builtin_add_overflow(units, (int64_t)(negative ? -digit : digit), &units))
            return false;
    }
    *out = (Decimal){ units, (uint8_t)fraction };
    return true;
}

bool decimal_rescale(Decimal d, uint8_t scale, Decimal *out)
{
    if (scale > DECIMAL_SCALE_MAX)
        return false;
    if (scale < d.scale && d.units % powers[d.scale - scale] != 0)
        return false;
    return decimal_round(d, scale, out);
}

bool decimal_round(Decimal d, uint8_t scale, Decimal *out)
{
    if (scale > DECIMAL_SCALE_MAX)
        return false;
    Wide    units = scale >= d.scale ? (Wide)d.units * powers[scale - d.scale]
                                     : wide_divide_half_away(d.units, powers[d.scale - scale]);
    int64_t narrow;
    if (!wide_narrow(units, &narrow))
        return false;
    *out = (Decimal){ narrow, scale };
    return true;
}

Str decimal_text(Arena *arena, Decimal d)
{
    assert(d.scale <= DECIMAL_SCALE_MAX);
    uint64_t    size = d.units < 0 ? -(uint64_t)d.units : (uint64_t)d.units;
    uint64_t    unit = (uint64_t)powers[d.scale];
    const char *sign = d.units < 0 ? "-" : "";
    if (d.scale == 0)
        return str_printf(arena, "%s%llu", sign, (unsigned long long)size);
    return str_printf(arena, "%s%llu.%0*llu", sign, (unsigned long long)(size / unit), (int)d.scale,
                      (unsigned long long)(size % unit));
}

/* Both numbers at the larger of the two scales. */
static int wide_align(Decimal a, Decimal b, Wide *out_a, Wide *out_b)
{
    int scale = a.scale > b.scale ? a.scale : b.scale;
    *out_a = (Wide)a.units * powers[scale - a.scale];
    *out_b = (Wide)b.units * powers[scale - b.scale];
    return scale;
}

int decimal_cmp(Decimal a, Decimal b)
{
    Wide left, right;
    wide_align(a, b, &left, &right);
    return (left > right) - (left < right);
}

bool decimal_add(Decimal a, Decimal b, Decimal *out)
{
    Wide left, right;
    int  scale = wide_align(a, b, &left, &right);
    return decimal_fit(left + right, scale, out);
}

bool decimal_sub(Decimal a, Decimal b, Decimal *out)
{
    Wide left, right;
    int  scale = wide_align(a, b, &left, &right);
    return decimal_fit(left - right, scale, out);
}

bool decimal_mul(Decimal a, Decimal b, Decimal *out)
{
    return decimal_fit((Wide)a.units * b.units, a.scale + b.scale, out);
}

bool decimal_div(Decimal a, Decimal b, uint8_t scale, Decimal *out)
{
    if (b.units == 0 || scale > DECIMAL_SCALE_MAX)
        return false;
    int     shift = scale + b.scale - a.scale; /* -9 .. 18 */
    Wide    number = shift > 0 ? (Wide)a.units * powers[shift] : a.units;
    Wide    by = shift < 0 ? (Wide)b.units * powers[-shift] : b.units;
    int64_t narrow;
    if (!wide_narrow(wide_divide_half_away(number, by), &narrow))
        return false;
    *out = (Decimal){ narrow, scale };
    return true;
}
