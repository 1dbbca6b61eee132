#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/arena.h"
#include "store/recall.h"

static int recall_setup(void **state)
{
    *state = recall_new();
    return 0;
}

static int recall_teardown(void **state)
{
    recall_free(*state);
    return 0;
}

static void assert_known(const Recall *recall, Str key, const int64_t *wanted, size_t wanted_count)
{
    const int64_t *numbers;
    size_t         count;
    assert_true(recall_find(recall, key, &numbers, &count));
    assert_int_equal(count, wanted_count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(numbers[i], wanted[i]);
}

static void assert_unknown(const Recall *recall, Str key)
{
    const int64_t *numbers;
    size_t         count;
    assert_false(recall_find(recall, key, &numbers, &count));
}

static void answers_are_told_apart_by_their_keys(void **state)
{
    Recall       *recall = *state;
    const int64_t one[] = { 1 }, two[] = { 2, -3 };
    assert_unknown(recall, STR("a"));
    assert_unknown(recall, STR_NONE);
    recall_keep(recall, STR("a"), one, 1);
    recall_keep(recall, STR("b\0c"), two, 2);
    recall_keep(recall, STR("nothing"), NULL, 0);
    assert_known(recall, STR("a"), one, 1);
    assert_known(recall, STR("b\0c"), two, 2);
    assert_known(recall, STR("nothing"), NULL, 0);
    assert_unknown(recall, STR("b"));
    assert_unknown(recall, STR("b\0d"));
    recall_keep(recall, STR("a"), two, 2); /* the newer one stays */
    assert_known(recall, STR("a"), two, 2);
}

static void other_contents_are_another_matter(void **state)
{
    Recall       *recall = *state;
    const int64_t one[] = { 1 };
    recall_contents(recall, 7);
    recall_keep(recall, STR("a"), one, 1);
    recall_contents(recall, 7);
    assert_known(recall, STR("a"), one, 1);
    recall_contents(recall, 8);
    assert_unknown(recall, STR("a"));
    recall_contents(recall, 7); /* not even when they look like those before */
    assert_unknown(recall, STR("a"));
}

static void what_is_beyond_the_bounds_is_not_kept(void **state)
{
    Recall *recall = *state;
    char    key[RECALL_KEY_BYTES + 1] = { 0 };
    int64_t numbers[RECALL_NUMBERS + 1] = { 0 };
    Str     fits = { key, RECALL_KEY_BYTES }, too_long = { key, RECALL_KEY_BYTES + 1 };
    recall_keep(recall, too_long, numbers, 1);
    recall_keep(recall, fits, numbers, RECALL_NUMBERS + 1);
    assert_unknown(recall, too_long);
    assert_unknown(recall, fits);
    recall_keep(recall, fits, numbers, RECALL_NUMBERS);
    assert_known(recall, fits, numbers, RECALL_NUMBERS);
}

/* The questions of a page, or of a few people at a time, are far fewer than there are slots: all are recalled. */
static void few_answers_do_not_drive_each_other_out(void **state)
{
    Recall *recall = *state;
    Arena  *arena = arena_new();
    for (int64_t i = 0; i < 32; i++)
        recall_keep(recall, str_printf(arena, "question %d", (int)i), &i, 1);
    for (int64_t i = 0; i < 32; i++)
        assert_known(recall, str_printf(arena, "question %d", (int)i), &i, 1);
    arena_free(arena);
}

static void many_answers_stay_within_their_slots(void **state)
{
    Recall *recall = *state;
    Arena  *arena = arena_new();
    size_t  kept = 0;
    for (int64_t i = 0; i < 10 * RECALL_SLOTS; i++)
        recall_keep(recall, str_printf(arena, "key %d", (int)i), &i, 1);
    for (int i = 0; i < 10 * RECALL_SLOTS; i++) {
        const int64_t *numbers;
        size_t         count;
        if (!recall_find(recall, str_printf(arena, "key %d", i), &numbers, &count))
            continue;
        assert_int_equal(numbers[0], i);
        kept++;
    }
    assert_in_range(kept, RECALL_SLOTS * 3 / 4, RECALL_SLOTS); /* the hash leaves few slots empty */
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_are_told_apart_by_their_keys, recall_setup, recall_teardown),
        cmocka_unit_test_setup_teardown(other_contents_are_another_matter, recall_setup, recall_teardown),
        cmocka_unit_test_setup_teardown(what_is_beyond_the_bounds_is_not_kept, recall_setup, recall_teardown),
        cmocka_unit_test_setup_teardown(few_answers_do_not_drive_each_other_out, recall_setup, recall_teardown),
        cmocka_unit_test_setup_teardown(many_answers_stay_within_their_slots, recall_setup, recall_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
