/* web/pages/testing/stage.h: for the tests of pages: a call as somebody, over a small city, without a server. */
#ifndef FM_WEB_PAGES_TESTING_STAGE_H
#define FM_WEB_PAGES_TESTING_STAGE_H

#include "kernel/testing/testing.h"
#include "web/dispatch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

typedef struct Stage {
    TestCity   *test;
    App         app;
    Call        call; /* as the author, in English */
    Actor       admin, author, reviewer, reader;
    const Type *paper, *review;
} Stage;

/* With a file more in the city's pack. */
static inline int stage_setup_with(void **state, const char *path, const char *more)
{
    Stage *stage = mem_alloc(sizeof *stage);
    Look  *look;
    stage->test = test_city_with("tests/packs/mini", path, more);
    assert_int_equal(look_new(stage->test->arena, &look).kind, ERR_NONE);
    Str press = test_organisation(stage->test, "Press"), college = test_organisation(stage->test, "College");
    stage->admin = test_actor(stage->test, "Admin", press, "admin");
    stage->author = test_actor(stage->test, "Author", college, "author");
    stage->reviewer = test_actor(stage->test, "Reviewer", press, "reviewer");
    stage->reader = test_actor(stage->test, "Reader", press, "reader");
    stage->app.look = look;
    stage->paper = pack_type(stage->test->city->pack, STR("paper"));
    stage->review = pack_type(stage->test->city->pack, STR("review"));
    stage->call = (Call){ .app = &stage->app, .ctx = test_ctx(stage->test, &stage->author) };
    stage->call.ctx.lang = LANG_EN;
    *state = stage;
    return 0;
}

static inline int stage_setup(void **state) { return stage_setup_with(state, NULL, NULL); }

static inline int stage_teardown(void **state)
{
    Stage *stage = *state;
    test_city_free(stage->test);
    free(stage);
    return 0;
}

/* The same call as somebody else, in a language. */
static inline Call *stage_call(Stage *stage, const Actor *actor, Lang lang)
{
    stage->call.ctx = test_ctx(stage->test, actor);
    stage->call.ctx.lang = lang;
    return &stage->call;
}

#define assert_str(found, wanted)                                                                                      \
    do {                                                                                                               \
        Str found_ = (found);                                                                                          \
        assert_string_equal(str_dup_z(stage->test->arena, found_), (wanted));                                          \
    } while (0)

#endif
