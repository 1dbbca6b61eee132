#include "base/arena.h"

#include "base/testing.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void memory_is_zeroed_aligned_and_not_shared(void **state)
{
    enum { COUNT = 3000 };
    Rng                 rng = rng_new();
    OWNED(arena) Arena *arena = arena_new();
    uint8_t           **pieces = ARENA_ARRAY(*state, uint8_t *, COUNT);
    size_t             *sizes = ARENA_ARRAY(*state, size_t, COUNT);
    for (int round = 0; round < 3; round++) {
        size_t total = 0;
        for (size_t i = 0; i < COUNT; i++) {
            sizes[i] = rng_below(&rng, i % 100 == 0 ? 300000 : 200);
            pieces[i] = arena_alloc(arena, sizes[i]);
            assert_int_equal((uintptr_t)pieces[i] % 16, 0);
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(pieces[i][j], 0);
            memset(pieces[i], (int)(i % 251) + 1, sizes[i]);
            total += sizes[i];
        }
        for (size_t i = 0; i < COUNT; i++)
            for (size_t j = 0; j < sizes[i]; j += 7)
                assert_int_equal(pieces[i][j], (i % 251) + 1);
        assert_int_equal(arena_used(arena), total);
        arena_reset(arena);
        assert_int_equal(arena_used(arena), 0);
    }
}

static void growing_keeps_the_items_and_clears_the_rest(void **state)
{
    int *old = ARENA_ARRAY(*state, int, 3);
    old[0] = 7, old[1] = 8, old[2] = 9;
    int *grown = arena_grow(*state, old, 3, 1000, sizeof *old);
    assert_int_equal(grown[0] * 100 + grown[1] * 10 + grown[2], 789);
    for (int i = 3; i < 1000; i++)
        assert_int_equal(grown[i], 0);
    assert_non_null(arena_grow(*state, NULL, 0, 4, 8));
}

static void text_is_copied_printed_and_joined(void **state)
{
    char        source[] = "abc";
    Str         copy = str_dup(*state, str_from(source));
    const char *ended = str_dup_z(*state, (Str){ source, 2 });
    source[0] = 'x';
    assert_str_equal(copy, STR("abc"));
    assert_string_equal(ended, "ab");
    assert_string_equal(str_dup_z(*state, STR_NONE), "");
    assert_str_equal(str_printf(*state, "%d %.*s", 42, STR_FMT(copy)), STR("42 abc"));
    Str parts[] = { STR("a"), STR_NONE, STR("bc") };
    assert_str_equal(str_join(*state, parts, 3, STR(", ")), STR("a, , bc"));
    assert_str_equal(str_join(*state, parts, 0, STR(", ")), STR(""));
    assert_str_equal(str_join(*state, parts, 3, STR_NONE), STR("abc"));
}

static void what_was_taken_after_a_mark_is_let_go_of(void **state)
{
    (void)state;
    OWNED(arena) Arena *arena = arena_new();
    Str                 kept = str_printf(arena, "kept");
    ArenaMark           mark = arena_mark(arena);
    size_t              used = arena_used(arena);
    char               *small = arena_alloc(arena, 8);
    memset(small, 'x', 8);
    memset(arena_alloc(arena, 3000000), 'x', 3000000); /* a block of its own, and one before it */
    arena_release(arena, mark);
    assert_int_equal(arena_used(arena), used);
    assert_true(str_eq(kept, STR("kept")));
    char *again = arena_alloc(arena, 8);
    assert_ptr_equal(again, small);
    for (int i = 0; i < 8; i++)
        assert_int_equal(again[i], 0);
}

static void freeing_nothing_does_nothing(void **state)
{
    (void)state;
    arena_free(NULL);
}

/* Runs body in a child; returns what it said on stderr and how it ended. */
static int run_in_child(void (*body)(Arena *arena), char *said, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        body(arena_new());
        _exit(0);
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t got; length < size - 1 && (got = read(ends[0], said + length, size - 1 - length)) > 0;)
        length += (size_t)got;
    said[length] = '\0';
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void ask_for_an_impossible_array(Arena *arena)
{
    volatile size_t half = SIZE_MAX / 2;
    arena_array(arena, half, 4);
}

static void ask_for_an_impossible_block(Arena *arena)
{
    volatile size_t all = SIZE_MAX;
    arena_alloc(arena, all);
}

static void without_memory_the_process_ends_with_one_line(void **state)
{
    (void)state;
    void (*bodies[])(Arena *) = { ask_for_an_impossible_array, ask_for_an_impossible_block };
    for (size_t i = 0; i < 2; i++) {
        char said[4096];
        int  status = run_in_child(bodies[i], said, sizeof said);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        assert_true(str_starts(str_from(said), STR("firstmile: out of memory")));
        assert_int_equal(str_find(str_from(said), STR("\n")), strlen(said) - 1);
    }
}

static void room_is_made_one_item_at_a_time(void **state)
{
    OWNED(arena) Arena *arena = arena_new();
    uint32_t           *items = NULL;
    size_t              capacity = 0;
    (void)state;
    for (size_t count = 0; count < 1000;) {
        ARENA_ROOM(arena, items, count, capacity);
        assert_true(count < capacity);
        assert_int_equal(items[count], 0); /* what is new is cleared */
        items[count] = (uint32_t)count + 1;
        count++;
    }
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(items[i], i + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(memory_is_zeroed_aligned_and_not_shared),
        TEST(growing_keeps_the_items_and_clears_the_rest),
        TEST(room_is_made_one_item_at_a_time),
        TEST(text_is_copied_printed_and_joined),
        TEST(what_was_taken_after_a_mark_is_let_go_of),
        TEST(freeing_nothing_does_nothing),
        TEST(without_memory_the_process_ends_with_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
