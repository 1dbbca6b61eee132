#include "base/uuid.h"

#include "base/testing.h"

#include <pthread.h>

static void ids_have_the_layout_of_version_7(void **state)
{
    EnvFixed   fixed = { .now_ms = 0x017F22E279B0LL, .seed = 1 }; /* the example time of RFC 9562, A.6 */
    UuidMaker *maker = uuid_maker_new(env_fixed(&fixed));
    Str        first = uuid_make(maker, *state), second = uuid_make(maker, *state);
    assert_true(uuid_valid(first) && uuid_valid(second));
    assert_str_equal(str_slice(first, 0, 18), STR("017f22e2-79b0-7000"));
    assert_str_equal(str_slice(second, 0, 18), STR("017f22e2-79b0-7001"));
    assert_non_null(strchr("89ab", first.ptr[19]));
    assert_false(str_eq(str_slice(first, 19, 36), str_slice(second, 19, 36)));
    uuid_maker_free(maker);
}

static void ids_sort_as_made_whatever_the_clock_does(void **state)
{
    Rng        rng = rng_new();
    EnvFixed   fixed = { .now_ms = 1700000000000LL, .seed = rng_next(&rng) };
    UuidMaker *maker = uuid_maker_new(env_fixed(&fixed));
    Str        last = STR("");
    for (int i = 0; i < 30000; i++) { /* stands still for more than 4096, forward, back */
        if (i > 10000 && rng_below(&rng, 10) == 0)
            fixed.now_ms += (int64_t)rng_below(&rng, 9) - 4;
        Str next = uuid_make(maker, *state);
        assert_true(str_cmp(last, next) < 0);
        last = next;
    }
    uuid_maker_free(maker);
}

enum { THREADS = 4, EACH = 3000 };

typedef struct Worker {
    UuidMaker *maker;
    Arena     *arena;
    Str       *ids;
} Worker;

static void *make_ids(void *context)
{
    Worker *worker = context;
    for (int i = 0; i < EACH; i++)
        worker->ids[i] = uuid_make(worker->maker, worker->arena);
    return NULL;
}

static int compare_ids(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

static void threads_never_make_the_same_id(void **state)
{
    EnvFixed   fixed = { .now_ms = 1700000000000LL };
    UuidMaker *maker = uuid_maker_new(env_fixed(&fixed));
    Str       *ids = ARENA_ARRAY(*state, Str, THREADS * EACH);
    Worker     workers[THREADS];
    pthread_t  threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (Worker){ maker, arena_new(), ids + i * EACH };
        assert_int_equal(pthread_create(&threads[i], NULL, make_ids, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS * EACH; i++)
        if (i % EACH)
            assert_true(str_cmp(ids[i - 1], ids[i]) < 0); /* each thread sees its own in order */
    qsort(ids, THREADS * EACH, sizeof *ids, compare_ids);
    for (int i = 1; i < THREADS * EACH; i++)
        assert_false(
            str_eq(str_slice(ids[i - 1], 0, 18), str_slice(ids[i], 0, 18))); /* not even the random part is needed */
    for (int i = 0; i < THREADS; i++)
        arena_free(workers[i].arena);
    uuid_maker_free(maker);
}

static void only_the_lower_case_form_is_valid(void **state)
{
    (void)state;
    assert_true(uuid_valid(STR("01890a5d-ac96-774b-bcce-b302099a8057")));
    assert_true(uuid_valid(STR("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")));
    const char *bad[] = { "",
                          "01890A5D-AC96-774B-BCCE-B302099A8057",
                          "01890a5dac96774bbcceb302099a8057",
                          "01890a5d-ac96-774b-bcce-b302099a805",
                          "01890a5d-ac96-774b-bcce-b302099a80571",
                          "01890a5d-ac96-774b-bcce_b302099a8057",
                          "g1890a5d-ac96-774b-bcce-b302099a8057",
                          "01890a5d-ac96-774b-bcce-b302099a805-",
                          "{1890a5d-ac96-774b-bcce-b302099a805}" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(uuid_valid(str_from(bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ids_have_the_layout_of_version_7),
        TEST(ids_sort_as_made_whatever_the_clock_does),
        TEST(threads_never_make_the_same_id),
        TEST(only_the_lower_case_form_is_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
