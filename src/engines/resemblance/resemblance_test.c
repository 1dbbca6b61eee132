/* How alike two texts are, against published figures and the definition counted out by hand. */
#include "engines/resemblance/resemblance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants these first */
#include <cmocka.h>

static int alike(Arena *arena, const char *a, const char *b)
{
    return resemblance(resemblance_pairs(arena, str_from(a)), resemblance_pairs(arena, str_from(b)));
}

static void published_pairs_have_their_figure(void **state)
{
    OWNED(arena) Arena *arena = arena_new();
    (void)state;
    assert_int_equal(alike(arena, "night", "nacht"), 250);     /* ht of 4 and 4 */
    assert_int_equal(alike(arena, "context", "contact"), 500); /* co on nt of 6 and 6 */
    assert_int_equal(alike(arena, "France", "French"), 400);   /* White, How to strike a match, 1997 */
    assert_int_equal(alike(arena, "aaaa", "aa"), 500);         /* one pair, as often as both have it: 2 of 3 and 1 */
}

static void case_width_blanks_and_marks_do_not_count(void **state)
{
    OWNED(arena) Arena *arena = arena_new();
    (void)state;
    assert_int_equal(alike(arena, "CT 伪影校正", "ｃｔ伪影、校正。"), 1000);
    assert_int_equal(alike(arena, "All-solid-state battery", "all solid state  battery!"), 1000);
    assert_int_equal(alike(arena, "全固态电池界面层", "全固态电池的界面层"), 800); /* 6 of 7 and 8 */
    assert_int_equal(alike(arena, "电池", "电机"), 0);
    assert_int_equal(alike(arena, "", "电机"), 0);
    assert_int_equal(alike(arena, "池", "池"), 0); /* no pair */
    assert_int_equal(alike(arena, "，。 -", "，。 -"), 0);
}

/* ---- the definition, counted out ---- */

static uint32_t next_random(uint32_t *seed) { return *seed = *seed * 1664525u + 1013904223u; }

/* Crosses out each pair of b that a has, one by one. */
static int counted_out(const char *a, const char *b)
{
    size_t a_pairs = strlen(a) - 1, b_pairs = strlen(b) - 1, shared = 0;
    bool   gone[64] = { false };
    for (size_t i = 0; i < a_pairs; i++)
        for (size_t j = 0; j < b_pairs; j++)
            if (!gone[j] && a[i] == b[j] && a[i + 1] == b[j + 1]) {
                gone[j] = true;
                shared++;
                break;
            }
    return (int)(2000 * shared / (a_pairs + b_pairs));
}

static void it_is_what_the_definition_says(void **state)
{
    uint32_t seed = 7;
    (void)state;
    for (int run = 0; run < 5000; run++) {
        OWNED(arena) Arena *arena = arena_new();
        char                texts[2][64] = { { 0 } };
        for (int t = 0; t < 2; t++) {
            size_t length = 2 + next_random(&seed) / 65536 % 40;
            for (size_t i = 0; i < length; i++)
                texts[t][i] = (char)('a' + next_random(&seed) / 65536 % 4);
        }
        int found = alike(arena, texts[0], texts[1]);
        assert_int_equal(found, counted_out(texts[0], texts[1]));
        assert_int_equal(found, alike(arena, texts[1], texts[0]));
        assert_int_equal(alike(arena, texts[0], texts[0]), 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_pairs_have_their_figure),
        cmocka_unit_test(case_width_blanks_and_marks_do_not_count),
        cmocka_unit_test(it_is_what_the_definition_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
