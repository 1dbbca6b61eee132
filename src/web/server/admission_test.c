#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "web/server/admission.h"
#include "web/server/listen.h"

static uint64_t key_of(const char *text)
{
    struct sockaddr_storage address;
    assert_true(address_parse(str_from(text), &address));
    return address_key(&address);
}

static void an_address_is_counted_as_one_client(void **state)
{
    (void)state;
    assert_int_equal(key_of("192.0.2.1"), key_of("::ffff:192.0.2.1"));
    assert_int_not_equal(key_of("192.0.2.1"), key_of("192.0.2.2"));
    assert_int_equal(key_of("2001:db8:1:2::1"), key_of("2001:db8:1:2:ffff::9"));
    assert_int_not_equal(key_of("2001:db8:1:2::1"), key_of("2001:db8:1:3::1"));
    assert_int_not_equal(key_of("::1"), 0);
    assert_int_not_equal(key_of("0.0.0.0"), 0);
}

static void both_bounds_hold_and_places_come_free(void **state)
{
    (void)state;
    enum { ALL = 300, EACH = 3, ADDRESSES = 100 };
    Env        env = env_system();
    Admission *admission = admission_new(&env, ALL, EACH);
    for (int round = 0; round < 50; round++) {
        for (uint64_t key = 1; key <= ADDRESSES; key++) {
            for (int i = 0; i < EACH; i++)
                assert_int_equal(admission_enter(admission, key * 1000), VERDICT_WELCOME);
            if (key < ADDRESSES)
                assert_int_equal(admission_enter(admission, key * 1000), VERDICT_ADDRESS_FULL);
        }
        assert_int_equal(admission_enter(admission, 7), VERDICT_FULL);
        assert_int_equal(admission_enter(admission, 0), VERDICT_FULL);
        for (uint64_t key = ADDRESSES; key >= 1; key--)
            for (int i = 0; i < EACH; i++)
                admission_leave(admission, key * 1000);
    }
    admission_free(admission);
}

static void some_are_counted_in_all_alone(void **state)
{
    (void)state;
    Env        env = env_system();
    Admission *admission = admission_new(&env, 10, 2);
    for (int i = 0; i < 10; i++)
        assert_int_equal(admission_enter(admission, 0), VERDICT_WELCOME);
    assert_int_equal(admission_enter(admission, 0), VERDICT_FULL);
    admission_leave(admission, 0);
    assert_int_equal(admission_enter(admission, 5), VERDICT_WELCOME);
    admission_free(admission);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_counted_as_one_client),
        cmocka_unit_test(both_bounds_hold_and_places_come_free),
        cmocka_unit_test(some_are_counted_in_all_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
