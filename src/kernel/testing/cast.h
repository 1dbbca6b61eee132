/* kernel/testing/cast.h: everybody in a small city of the mini pack, for tests of the two paths. */
#ifndef FM_KERNEL_TESTING_CAST_H
#define FM_KERNEL_TESTING_CAST_H

#include "kernel/testing/testing.h"

typedef struct Cast {
    TestCity *test;
    Str       press, college; /* the author is of the college, all others of the press */
    Actor     admin, author, stranger, reviewer, other_reviewer, reader;
} Cast;

/* cmocka's: *state is the Cast. */
int cast_setup(void **state);
/* With more text at the end of one of the mini pack's files, or with a file more. */
int cast_setup_with(void **state, const char *path, const char *more);
int cast_teardown(void **state);

#endif
