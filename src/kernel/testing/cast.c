#include "kernel/testing/cast.h"

#include <stdlib.h>

int cast_setup_with(void **state, const char *path, const char *more)
{
    Cast *cast = mem_alloc(sizeof *cast);
    *cast = (Cast){ .test = test_city_with("tests/packs/mini", path, more) };
    cast->press = test_organisation(cast->test, "Press");
    cast->college = test_organisation(cast->test, "College");
    cast->admin = test_actor(cast->test, "Admin", cast->press, "admin");
    cast->author = test_actor(cast->test, "Author", cast->college, "author");
    cast->stranger = test_actor(cast->test, "Stranger", cast->press, "author");
    cast->reviewer = test_actor(cast->test, "Reviewer", cast->press, "reviewer");
    cast->other_reviewer = test_actor(cast->test, "Other", cast->press, "reviewer");
    cast->reader = test_actor(cast->test, "Reader", cast->press, "reader");
    *state = cast;
    return 0;
}

int cast_setup(void **state) { return cast_setup_with(state, NULL, NULL); }

int cast_teardown(void **state)
{
    Cast *cast = *state;
    test_city_free(cast->test);
    free(cast);
    return 0;
}
