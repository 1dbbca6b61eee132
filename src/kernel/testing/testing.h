/* kernel/testing/testing.h: a small city in a temporary folder, for tests. Asserts by
 * cmocka; not part of the program. */
#ifndef FM_KERNEL_TESTING_H
#define FM_KERNEL_TESTING_H

#include "kernel/act.h"
#include "kernel/find.h"

typedef struct TestCity {
    City    *city;
    Db      *db; /* reading */
    Arena   *arena;
    EnvFixed fixed; /* 2026-03-02T01:00:00Z at first; tests move it */
    char     dir[64];
} TestCity;

/* From a pack below the source root ("tests/packs/mini"); skips the test when it is not run from there. */
TestCity *test_city_new(const char *pack_dir);
/* The same with more text at the end of one of the pack's files, or with a file more ("types/panel.yaml"). */
TestCity *test_city_with(const char *pack_dir, const char *path, const char *more);
void      test_city_free(TestCity *test);
void      test_city_open(TestCity *test); /* after the test has closed it */
/* Closes the city and opens it again from its files. */
void test_city_reopen(TestCity *test);

Str test_organisation(TestCity *test, const char *name); /* its id */
/* A person with a running membership, as an actor. */
Actor test_actor(TestCity *test, const char *name, Str organisation, const char *role);
Ctx   test_ctx(TestCity *test, const Actor *actor);

/* One step, `input` as JSON text; record NULL: create. */
Err    test_try(TestCity *test, const Actor *actor, const char *type, Str record, const char *action, Str input,
                Record *out, Problems *problems);
Record test_act(TestCity *test, const Actor *actor, const char *type, Str record, const char *action, Str input);
/* Ids of a list, comma-separated; "!" and the error code when it is refused. */
Str  test_list(TestCity *test, const Actor *actor, const char *type, const char *filter, const char *sort);
bool test_has_problem(const Problems *problems, ErrCode code, const char *field);
/* All record tables as text, in their row order. */
Str test_dump(TestCity *test);

#endif
