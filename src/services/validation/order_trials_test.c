#include "services/validation/order_trials.h"

#include "base/testing.h"

static Err run(Arena *arena, const char *input, Json **out)
{
    Json *json = NULL;
    TRY(json_parse(arena, str_from(input), &json));
    return engine_trials.run(arena, NULL, json, NULL, out);
}

static void an_order_by_hand(void **state)
{
    Json *out = NULL;
    Buf   text = buf_new(*state, SIZE_MAX);
    assert_ok(run(*state,
                  "{\"trials\":[{\"trial\":\"a\",\"cost\":10000,\"chance\":10,\"after\":[]},"
                  "{\"trial\":\"b\",\"cost\":10000,\"chance\":50,\"after\":[\"c\"]},"
                  "{\"trial\":\"c\",\"cost\":1000,\"chance\":0,\"after\":[]}]}",
                  &out));
    json_write(&text, out);
    assert_str_equal(buf_str(&text),
                     STR("{\"expected\":16000,\"entered\":19900,\"whole\":21000,\"worlds\":5,\"kept\":5,\"steps\":["
                         "{\"trial\":\"c\",\"reach\":1000,\"so_far\":1000,\"decides\":false},"
                         "{\"trial\":\"b\",\"reach\":1000,\"so_far\":11000,\"decides\":false},"
                         "{\"trial\":\"a\",\"reach\":500,\"so_far\":16000,\"decides\":false}]}"));
}

/* What somebody has changed may be no input at all. */
static void what_is_no_input_is_refused(void **state)
{
    static const char *const wrong[] = {
        "{}",
        "[]",
        "{\"trials\":[]}",
        "{\"trials\":{\"a\":1}}",
        "{\"trials\":[1]}",
        "{\"trials\":[{\"trial\":\"\",\"cost\":1,\"chance\":1}]}",
        "{\"trials\":[{\"trial\":\"a\",\"cost\":-1,\"chance\":1}]}",
        "{\"trials\":[{\"trial\":\"a\",\"cost\":1000000000000001,\"chance\":1}]}",
        "{\"trials\":[{\"trial\":\"a\",\"cost\":1,\"chance\":101}]}",
        "{\"trials\":[{\"trial\":\"a\",\"cost\":1,\"chance\":1.5}]}",
        "{\"trials\":[{\"trial\":\"a\",\"cost\":1}]}",
        "{\"trials\":[{\"trial\":\"a\",\"cost\":1,\"chance\":1,\"after\":[\"b\"]}]}",
    };
    Json *out = NULL;
    assert_ok(run(*state, "{\"trials\":[{\"trial\":\"a\",\"cost\":1,\"chance\":1}]}", &out));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_err(run(*state, wrong[i], &out), ECODE_COMPUTATION_INPUT);
    assert_err(run(*state, "{\"trials\":[{\"trial\":\"a\",\"cost\":1,\"chance\":1,\"after\":[\"a\"]}]}", &out),
               ECODE_TRIALS_CYCLE);
    Buf many = buf_new(*state, SIZE_MAX);
    for (int i = 0; i < 31; i++)
        buf_printf(&many, "%s{\"trial\":\"%d\",\"cost\":1,\"chance\":1}", i ? "," : "{\"trials\":[", i);
    buf_printf(&many, "]}");
    assert_err(run(*state, str_dup_z(*state, buf_str(&many)), &out), ECODE_TRIALS_MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_order_by_hand),
        TEST(what_is_no_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
