#include "engines/draw/draw.h"

#include "base/testing.h"

#include <stdio.h>

/* Keys worked out by Python's hashlib. */
static void keys_are_as_documented(void **state)
{
    static const struct {
        Str id, key;
    } known[] = {
        { STR_INIT("a"), STR_INIT("513a0f69c879acaa0ae344a585202ff7f87410be34f3524ef90b9a81b5710ae4") },
        { STR_INIT("b"), STR_INIT("4cd11a3f984b1396054d64049021abc3034e974ce9b72f6f2d02c2ea4e18bf01") },
        { STR_INIT("c"), STR_INIT("3bd50a07ab09de8a8bbf493c452355786a8153d3afa6880fad2889205935e406") },
    };
    OWNED(arena) Arena *arena = arena_new();
    DrawEntry           entries[3] = { { .id = known[0].id }, { .id = known[1].id }, { .id = known[2].id } };
    (void)state;
    draw(STR("2026-11-27"), entries, 3, (const size_t[]){ 1 });
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++)
            if (str_eq(entries[i].id, known[k].id))
                assert_str_equal(hex_encode(arena, hash_str(&entries[i].key)), known[k].key);
    assert_true(entries[0].drawn && !entries[1].drawn && !entries[2].drawn);
}

static size_t entries_make(Arena *arena, DrawEntry *entries, size_t count, size_t groups)
{
    for (size_t i = 0; i < count; i++)
        entries[i] = (DrawEntry){ .id = str_printf(arena, "expert-%zu", i), .group = i % groups };
    return count;
}

static void the_order_of_the_entries_does_not_matter(void **state)
{
    OWNED(arena) Arena *arena = arena_new();
    DrawEntry           first[40], again[40];
    Rng                 rng = rng_new();
    const size_t        places[] = { 3, 0, 30 };
    size_t              drawn[3] = { 0 };
    (void)state;
    entries_make(arena, first, 40, 3);
    memcpy(again, first, sizeof again);
    for (size_t i = 39; i > 0; i--) {
        size_t    other = rng_below(&rng, i + 1);
        DrawEntry moved = again[i];
        again[i] = again[other];
        again[other] = moved;
    }
    draw(STR("seed"), first, 40, places);
    draw(STR("seed"), again, 40, places);
    for (size_t i = 0; i < 40; i++) {
        assert_str_equal(first[i].id, again[i].id);
        assert_int_equal(first[i].drawn, again[i].drawn);
        drawn[first[i].group] += first[i].drawn;
    }
    assert_int_equal(drawn[0], 3);
    assert_int_equal(drawn[1], 0);
    assert_int_equal(drawn[2], 13); /* all there are */
    draw(STR("seed"), first, 0, places);
}

/* Every choice of 3 of 7 comes about as often as any other: chi-square of 35 classes over 35,000 seeds, below the
 * 99.99 % point of 34 degrees of freedom (71.6). The seeds are fixed, so the outcome is. */
static void every_choice_is_as_likely(void **state)
{
    OWNED(arena) Arena *arena = arena_new();
    int                 seen[1 << 7] = { 0 };
    double              chi = 0;
    int                 classes = 0;
    (void)state;
    for (int i = 0; i < 35000; i++) {
        DrawEntry entries[7];
        unsigned  choice = 0;
        char      seed[16];
        arena_reset(arena);
        entries_make(arena, entries, 7, 1);
        snprintf(seed, sizeof seed, "%d", i);
        draw(str_from(seed), entries, 7, (const size_t[]){ 3 });
        for (size_t e = 0; e < 7; e++)
            if (entries[e].drawn)
                choice |= 1u << (entries[e].id.ptr[7] - '0');
        seen[choice]++;
    }
    for (int i = 0; i < 1 << 7; i++) {
        if (!seen[i])
            continue;
        classes++;
        chi += (seen[i] - 1000.0) * (seen[i] - 1000.0) / 1000.0;
    }
    print_message("chi-square of 34 degrees of freedom: %.1f\n", chi);
    assert_int_equal(classes, 35);
    assert_true(chi < 71.6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_are_as_documented),
        TEST(the_order_of_the_entries_does_not_matter),
        TEST(every_choice_is_as_likely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
