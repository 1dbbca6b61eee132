/* The way to a city: served, held by somebody who does not answer, or nobody's. */
#include "cli/client.h"

#include "base/testing.h"
#include "web/testing/site.h"

static AppRequest get(const char *target) { return (AppRequest){ .method = METHOD_GET, .target = str_from(target) }; }

static Str code_of(Arena *arena, const AppReply *reply)
{
    Json *json;
    assert_ok(json_parse(arena, reply->body, &json));
    return json_text(json_get(json, STR("type")));
}

static void no_folder_is_no_city(void **state)
{
    (void)state;
    Client *client;
    int     fd;
    assert_err(client_open(STR("/nowhere/at/all"), STR_NONE, env_system(), &client), ECODE_CITY_MISSING);
    assert_err(client_reach(STR("/nowhere/at/all"), &fd), ECODE_CITY_MISSING);
    assert_err(client_open(STR("/"), STR_NONE, env_system(), &client), ECODE_CITY_MISSING);
}

static void a_lock_that_is_held_in_silence_is_waited_for_and_then_told(void **state)
{
    (void)state;
    TestCity *test = test_city_new("tests/packs/mini");
    Client   *client;
    assert_ok(client_refuse_served(test->city->dir));
    assert_err(client_open(test->city->dir, STR_NONE, env_system(), &client), ECODE_CITY_LOCKED);
    test_city_free(test);
}

static void a_served_city_answers_over_its_socket(void **state)
{
    Site    *site = site_new((SignInRates){ 0 }, "");
    Str      dir = site->test->city->dir;
    Client  *client;
    AppReply reply;
    assert_err(client_refuse_served(dir), ECODE_CITY_SERVED);
    assert_ok(client_open(dir, STR_NONE, env_system(), &client));
    AppRequest request = get("/api/v1/types");
    request.as = STR("author");
    assert_ok(client_call(client, *state, &request, &reply));
    assert_int_equal(reply.status, 200);
    assert_ok(client_call(client, *state, &request, &reply)); /* the same connection again */
    assert_int_equal(reply.status, 200);
    client_close(client);
    site_free(site);
}

static void served_or_not_a_refusal_is_the_same(void **state)
{
    Site      *site = site_new((SignInRates){ 0 }, "");
    Client    *client;
    AppReply   there, here;
    AppRequest requests[] = { get("/api/v1/records/paper/01890000-0000-7000-8000-000000000000"),
                              get("/api/v1/records/paper?filter=%27"), get("/api/v1/nothing") };
    assert_ok(client_open(site->test->city->dir, STR_NONE, env_system(), &client));
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        requests[i].as = STR("author");
        requests[i].lang = LANG_EN;
        assert_ok(client_call(client, *state, &requests[i], &there));
        assert_ok(app_call(site->app, site->test->db, *state, &requests[i], &here));
        assert_int_equal(there.status, here.status);
        assert_true(there.status >= 400);
        assert_str_equal(there.body, here.body);
        assert_true(str_starts(code_of(*state, &there), STR("/errors/")));
    }
    client_close(client);
    site_free(site);
}

static void a_server_that_has_stopped_means_try_again(void **state)
{
    Site    *site = site_new((SignInRates){ 0 }, "");
    Client  *client;
    AppReply reply;
    assert_ok(client_open(site->test->city->dir, STR_NONE, env_system(), &client));
    AppRequest request = get("/healthz");
    assert_ok(client_call(client, *state, &request, &reply));
    site_free(site);
    assert_err(client_call(client, *state, &request, &reply), ECODE_SHUTTING_DOWN);
    client_close(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_folder_is_no_city),
        TEST(a_lock_that_is_held_in_silence_is_waited_for_and_then_told),
        TEST(a_served_city_answers_over_its_socket),
        TEST(served_or_not_a_refusal_is_the_same),
        TEST(a_server_that_has_stopped_means_try_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
