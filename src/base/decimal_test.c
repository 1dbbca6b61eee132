#include "base/decimal.h"

#include "base/testing.h"

/* ---- the oracle: whole numbers as digits, by the methods of school ---- */

enum { BIG_DIGITS = 96 };

typedef struct Big {
    bool    negative;
    uint8_t digits[BIG_DIGITS]; /* lowest first */
} Big;

static Big big_from(int64_t number)
{
    Big      big = { .negative = number < 0 };
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    for (int i = 0; rest; i++, rest /= 10)
        big.digits[i] = (uint8_t)(rest % 10);
    return big;
}

static Big big_shift(Big big, int zeros) /* times 10^zeros */
{
    Big shifted = { .negative = big.negative };
    for (int i = zeros; i < BIG_DIGITS; i++)
        shifted.digits[i] = big.digits[i - zeros];
    return shifted;
}

static int big_cmp_size(const Big *a, const Big *b)
{
    for (int i = BIG_DIGITS - 1; i >= 0; i--)
        if (a->digits[i] != b->digits[i])
            return a->digits[i] < b->digits[i] ? -1 : 1;
    return 0;
}

static bool big_is_zero(const Big *big)
{
    Big zero = { 0 };
    return big_cmp_size(big, &zero) == 0;
}

static int big_cmp(const Big *a, const Big *b)
{
    if (big_is_zero(a) && big_is_zero(b))
        return 0;
    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    return a->negative ? -big_cmp_size(a, b) : big_cmp_size(a, b);
}

static Big big_add(Big a, Big b)
{
    if (big_cmp_size(&a, &b) < 0) {
        Big swap = a;
        a = b;
        b = swap;
    }
    Big sum = { .negative = a.negative };
    int sign = a.negative == b.negative ? 1 : -1, carry = 0;
    for (int i = 0; i < BIG_DIGITS; i++) {
        int digit = a.digits[i] + sign * b.digits[i] + carry;
        carry = digit < 0 ? -1 : digit / 10;
        sum.digits[i] = (uint8_t)(digit - carry * 10);
    }
    return sum;
}

static Big big_negate(Big big)
{
    big.negative = !big.negative;
    return big;
}

static Big big_mul(Big a, Big b)
{
    Big product = { .negative = a.negative != b.negative };
    for (int i = 0; i < BIG_DIGITS / 2; i++) {
        int carry = 0;
        for (int j = 0; j < BIG_DIGITS / 2; j++) {
            int digit = product.digits[i + j] + a.digits[i] * b.digits[j] + carry;
            product.digits[i + j] = (uint8_t)(digit % 10);
            carry = digit / 10;
        }
    }
    return product;
}

/* The number counted in units of 10^-scale. */
static Big big_at(Decimal d, int scale) { return big_shift(big_from(d.units), scale - d.scale); }

/* Some Decimal is exactly this number of 10^-scale. */
static bool big_representable(Big big, int scale)
{
    Big smallest = big_from(INT64_MIN), largest = big_from(INT64_MAX);
    for (; scale >= 0; scale--) {
        if (scale <= DECIMAL_SCALE_MAX && big_cmp(&big, &smallest) >= 0 && big_cmp(&big, &largest) <= 0)
            return true;
        if (big.digits[0] != 0)
            return false;
        for (int i = 0; i < BIG_DIGITS; i++)
            big.digits[i] = i + 1 < BIG_DIGITS ? big.digits[i + 1] : 0;
    }
    return false;
}

static Decimal random_decimal(Rng *rng)
{
    static const int64_t edges[] = { 0,
                                     1,
                                     -1,
                                     5,
                                     10,
                                     INT64_MAX,
                                     INT64_MIN,
                                     INT64_MAX - 1,
                                     INT64_MIN + 1,
                                     1000000000000000000,
                                     -1000000000000000000,
                                     5000000000 };
    int64_t              units = (int64_t)rng_next(rng) >> rng_below(rng, 64);
    if (rng_below(rng, 8) == 0)
        units = edges[rng_below(rng, sizeof edges / sizeof *edges)];
    return (Decimal){ units, (uint8_t)rng_below(rng, DECIMAL_SCALE_MAX + 1) };
}

/* ---- properties ---- */

enum { ROUNDS = 10000, EXACT = 2 * DECIMAL_SCALE_MAX };

static void assert_exact(bool made, Decimal result, Big expected)
{
    assert_int_equal(made, big_representable(expected, EXACT));
    if (made) {
        Big found = big_at(result, EXACT);
        assert_true(result.scale <= DECIMAL_SCALE_MAX);
        assert_int_equal(big_cmp(&found, &expected), 0);
    }
}

static void sums_and_products_are_exact_or_refused(void **state)
{
    (void)state;
    Rng rng = rng_new();
    for (int i = 0; i < ROUNDS; i++) {
        Decimal a = random_decimal(&rng), b = random_decimal(&rng), result = { 0 };
        Big     big_a = big_at(a, EXACT), big_b = big_at(b, EXACT);
        bool    made = decimal_add(a, b, &result);
        assert_exact(made, result, big_add(big_a, big_b));
        made = decimal_sub(a, b, &result);
        assert_exact(made, result, big_add(big_a, big_negate(big_b)));
        made = decimal_mul(a, b, &result);
        assert_exact(made, result, big_shift(big_mul(big_from(a.units), big_from(b.units)), EXACT - a.scale - b.scale));
        assert_int_equal(decimal_cmp(a, b), big_cmp(&big_a, &big_b));
    }
}

/* |2 (number - quotient * by)| against |by|: at most equal, and equal only when rounded away from zero. */
static bool rounded_half_away(Big number, Big quotient, Big by)
{
    Big product = big_mul(quotient, by);
    Big rest = big_add(number, big_negate(product));
    Big twice = big_add(rest, rest);
    int order = big_cmp_size(&twice, &by);
    return order < 0 || (order == 0 && big_cmp_size(&product, &number) > 0);
}

static void assert_rounded(bool made, Decimal result, Big number, Big by)
{
    number.negative = number.negative != by.negative;
    by.negative = false;
    if (made) {
        assert_true(rounded_half_away(number, big_from(result.units), by));
        return;
    }
    /* Refused: the quotient is at or beyond half a unit past the last that fits. */
    Big past = big_from(number.negative ? INT64_MIN : INT64_MAX);
    Big twice = big_add(big_add(past, past), big_from(number.negative ? -1 : 1));
    Big limit = big_mul(twice, by), doubled = big_add(number, number);
    assert_true(big_cmp_size(&doubled, &limit) >= 0);
}

static void quotients_are_rounded_half_away_from_zero(void **state)
{
    (void)state;
    Rng rng = rng_new();
    for (int i = 0; i < ROUNDS; i++) {
        Decimal a = random_decimal(&rng), b = random_decimal(&rng), result = { 0 };
        uint8_t scale = (uint8_t)rng_below(&rng, DECIMAL_SCALE_MAX + 1);
        bool    made = decimal_div(a, b, scale, &result);
        if (b.units == 0) {
            assert_false(made);
            continue;
        }
        assert_true(!made || result.scale == scale);
        assert_rounded(made, result, big_shift(big_from(a.units), scale + b.scale),
                       big_shift(big_from(b.units), a.scale));
    }
}

static void rescaling_loses_nothing_and_rounding_least(void **state)
{
    (void)state;
    Rng rng = rng_new();
    for (int i = 0; i < ROUNDS; i++) {
        Decimal d = random_decimal(&rng), rounded = { 0 }, scaled = { 0 };
        uint8_t scale = (uint8_t)rng_below(&rng, DECIMAL_SCALE_MAX + 1);
        bool    made = decimal_round(d, scale, &rounded);
        assert_true(!made || rounded.scale == scale);
        assert_rounded(made, rounded, big_shift(big_from(d.units), scale), big_shift(big_from(1), d.scale));
        bool same = made && decimal_cmp(d, rounded) == 0;
        assert_int_equal(decimal_rescale(d, scale, &scaled), same);
        if (same)
            assert_true(scaled.units == rounded.units && scaled.scale == scale);
    }
}

static void text_reads_back_as_the_same_decimal(void **state)
{
    Rng rng = rng_new();
    for (int i = 0; i < ROUNDS; i++) {
        Decimal d = random_decimal(&rng), again = { 0 };
        assert_true(decimal_parse(decimal_text(*state, d), &again));
        assert_true(d.units == again.units && d.scale == again.scale);
    }
}

/* ---- examples ---- */

static void decimals_are_written_with_their_scale(void **state)
{
    assert_str_equal(decimal_text(*state, (Decimal){ 125000, 2 }), STR("1250.00"));
    assert_str_equal(decimal_text(*state, (Decimal){ -5, 1 }), STR("-0.5"));
    assert_str_equal(decimal_text(*state, (Decimal){ 0, 3 }), STR("0.000"));
    assert_str_equal(decimal_text(*state, (Decimal){ 3, 0 }), STR("3"));
    assert_str_equal(decimal_text(*state, (Decimal){ INT64_MIN, 9 }), STR("-9223372036.854775808"));
}

static void only_plain_decimals_are_read(void **state)
{
    (void)state;
    const struct {
        const char *text;
        Decimal     decimal;
    } good[] = { { "0", { 0, 0 } },
                 { "0.50", { 50, 2 } },
                 { "-12.5", { -125, 1 } },
                 { "-0.0", { 0, 1 } },
                 { "0.000000001", { 1, 9 } },
                 { "9223372036854775807", { INT64_MAX, 0 } },
                 { "-922337203685477580.8", { INT64_MIN, 1 } } };
    const char *bad[] = { "",
                          "-",
                          ".",
                          "1.",
                          ".5",
                          "-.5",
                          "+1",
                          "01",
                          "00",
                          "-01.5",
                          "1e3",
                          " 1",
                          "1 ",
                          "1.2.3",
                          "1,5",
                          "0x1",
                          "--1",
                          "1-",
                          "1.-5",
                          "0.0000000001",
                          "9223372036854775808",
                          "-9223372036854775809",
                          "922337203685477580.8",
                          "99999999999999999999999",
                          "١",
                          "Infinity" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        Decimal d;
        assert_true(decimal_parse(str_from(good[i].text), &d));
        assert_true(d.units == good[i].decimal.units && d.scale == good[i].decimal.scale);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Decimal d = { 7, 7 };
        if (decimal_parse(str_from(bad[i]), &d))
            fail_msg("\"%s\" is read", bad[i]);
        assert_true(d.units == 7 && d.scale == 7);
    }
}

static void scales_beyond_the_maximum_are_refused(void **state)
{
    (void)state;
    Decimal one = { 1, 0 }, result = { 7, 7 };
    assert_false(decimal_rescale(one, DECIMAL_SCALE_MAX + 1, &result));
    assert_false(decimal_round(one, DECIMAL_SCALE_MAX + 1, &result));
    assert_false(decimal_div(one, one, DECIMAL_SCALE_MAX + 1, &result));
    assert_false(decimal_mul((Decimal){ 1, 9 }, (Decimal){ 1, 1 }, &result));
    assert_true(result.units == 7 && result.scale == 7);
    assert_true(decimal_mul((Decimal){ 5, 9 }, (Decimal){ 2, 1 }, &result)); /* 0.000000005 x 0.2 = 0.000000001 */
    assert_true(result.units == 1 && result.scale == 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sums_and_products_are_exact_or_refused),     TEST(quotients_are_rounded_half_away_from_zero),
        TEST(rescaling_loses_nothing_and_rounding_least), TEST(text_reads_back_as_the_same_decimal),
        TEST(decimals_are_written_with_their_scale),      TEST(only_plain_decimals_are_read),
        TEST(scales_beyond_the_maximum_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
