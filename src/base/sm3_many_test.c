#include "base/sm3_many.h"

#include "base/testing.h"

static void assert_same(const Str *texts, size_t count)
{
    for (int machine = 0; machine <= SM3_MACHINES; machine++) { /* the last: whichever is chosen */
        Hash found[64];
        if (machine == SM3_MACHINES)
            sm3_many(texts, count, found);
        else if (!sm3_many_on((Sm3Machine)machine, texts, count, found))
            continue;
        for (size_t i = 0; i < count; i++) {
            Hash one = sm3(texts[i]);
            if (memcmp(&one, &found[i], sizeof one) != 0)
                fail_msg("machine %d, text %zu of %zu, %zu bytes", machine, i, count, texts[i].len);
        }
    }
}

static void the_published_examples_come_out(void **state)
{
    Arena *arena = *state;
    Str    texts[8];
    Hash   found[8];
    for (int i = 0; i < 8; i++)
        texts[i] = i % 2 ? STR("abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd") : STR("abc");
    sm3_many(texts, 8, found);
    for (int i = 0; i < 8; i++)
        assert_str_equal(hex_encode(arena, hash_str(&found[i])),
                         i % 2 ? STR("debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732")
                               : STR("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"));
}

/* Every length around the ends of blocks, in every lane. */
static void each_length_is_hashed_as_libcrypto_does(void **state)
{
    char bytes[300];
    Str  texts[8];
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + 1);
    for (size_t length = 0; length + 8 < sizeof bytes; length++) {
        for (size_t i = 0; i < 8; i++)
            texts[i] = (Str){ bytes + i, length };
        assert_same(texts, 8);
    }
}

static void any_number_of_any_length_side_by_side(void **state)
{
    Arena *arena = *state;
    Rng    rng = rng_new();
    for (int round = 0; round < 200; round++) {
        Str    texts[64];
        size_t count = rng_below(&rng, 64);
        for (size_t i = 0; i < count; i++)
            texts[i] = rng_text(&rng, arena,
                                STR("\0a\xff"
                                    "0z"),
                                rng_below(&rng, 4) ? 200 : 5000);
        assert_same(texts, count);
        arena_reset(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_published_examples_come_out),
        TEST(each_length_is_hashed_as_libcrypto_does),
        TEST(any_number_of_any_length_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
