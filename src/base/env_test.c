#include "base/env.h"

#include "base/testing.h"

static void the_system_clock_tells_the_time(void **state)
{
    (void)state;
    Env             env = env_system();
    struct timespec before, after;
    clock_gettime(CLOCK_REALTIME, &before);
    int64_t now_ms = env_now(&env);
    clock_gettime(CLOCK_REALTIME, &after);
    assert_true(now_ms >= before.tv_sec * 1000LL + before.tv_nsec / 1000000);
    assert_true(now_ms <= after.tv_sec * 1000LL + after.tv_nsec / 1000000);
}

static void system_bytes_differ_and_fill_what_is_asked(void **state)
{
    Env env = env_system();
    enum { SIZE = 1 << 20 };
    uint8_t *bytes = arena_alloc(*state, SIZE);
    env_random(&env, bytes, SIZE);
    size_t counts[256] = { 0 };
    for (size_t i = 0; i < SIZE; i++)
        counts[bytes[i]]++;
    for (size_t i = 0; i < 256; i++) /* 4096 each expected; 64 is one deviation */
        assert_in_range(counts[i], 4096 - 10 * 64, 4096 + 10 * 64);
}

static void a_fixed_clock_moves_only_when_told(void **state)
{
    (void)state;
    EnvFixed fixed = { .now_ms = 1000 };
    Env      env = env_fixed(&fixed);
    assert_int_equal(env_now(&env), 1000);
    assert_int_equal(env_now(&env), 1000);
    fixed.now_ms = 2500;
    assert_int_equal(env_now(&env), 2500);
}

static void fixed_bytes_repeat_from_their_seed(void **state)
{
    (void)state;
    uint8_t bytes[3][100];
    for (int i = 0; i < 3; i++) {
        EnvFixed fixed = { .seed = i < 2 ? 7 : 8 };
        Env      env = env_fixed(&fixed);
        env_random(&env, bytes[i], 40);
        env_random(&env, bytes[i] + 40, 60);
    }
    assert_memory_equal(bytes[0], bytes[1], 100);
    assert_memory_not_equal(bytes[0], bytes[2], 40);
    assert_memory_not_equal(bytes[0], bytes[0] + 40, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_system_clock_tells_the_time),
        TEST(system_bytes_differ_and_fill_what_is_asked),
        TEST(a_fixed_clock_moves_only_when_told),
        TEST(fixed_bytes_repeat_from_their_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
