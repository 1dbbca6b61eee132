/* Which patterns of numbers a pack may have; how they count is tested with the steps (act_test.c). */
#include "kernel/number.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants these first */
#include <cmocka.h>

static void a_pattern_ends_in_its_count(void **state)
{
    static const char *const good[] = { "POC-{year}-{seq:5}", "P-{seq:1}", "a/b.{year}{seq:9}", "7{seq:3}" };
    static const char *const bad[] = {
        "",           "{seq:5}",           "P-{year}",  "P-{seq}",          "P-{seq:0}",           "P-{seq:12}",
        "{seq:3}-P",  "P-{seq:3}-{seq:3}", "P {seq:3}", "P-{years}{seq:3}", "{year}{year}{seq:3}", "编-{seq:3}",
        "P-{seq:3} ", "P_{seq:3}",         "P-{seq:x}", "P-{{seq:3}"
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!number_pattern(str_from(good[i])))
            fail_msg("%s was refused", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (number_pattern(str_from(bad[i])))
            fail_msg("%s was let pass", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_pattern_ends_in_its_count) };
    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
