/* kernel/outbox_test.c: what has happened is told, to whom it may be told, and again until it is heard. */
#include "kernel/outbox.h"

#include "base/limits.h"
#include "kernel/delivery.h"
#include "kernel/post.h"
#include "kernel/testing/dossier.h"
#include "kernel/webhook.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
/* cmocka wants these first */
#include <cmocka.h>

typedef struct Step { /* a change of an operational table */
    WriterJob   job;
    Webhook     webhook;
    const char *what;
    Str         id;
    int64_t     now_ms;
} Step;

static Err step_run(Db *db, WriterJob *job)
{
    const Step *step = (const Step *)job;
    switch (step->what[0]) {
    case 'a': return webhook_add(db, &step->webhook);
    case 'n': return webhook_renew(db, step->webhook.id, step->now_ms);
    case 'e': return webhook_end(db, step->webhook.id, step->now_ms);
    default: return webhook_resend(db, step->webhook.id, step->id, step->now_ms);
    }
}

static Err change(TestCity *test, const char *what, const Webhook *webhook, Str id)
{
    Step step = {
        .job = { .run = step_run }, .webhook = *webhook, .what = what, .id = id, .now_ms = test->fixed.now_ms
    };
    return writer_run(test->city->writer, &step.job);
}

static Webhook webhook_new(TestCity *test, const Actor *actor, const char *url, const char *types, const char *actions)
{
    Webhook webhook = { .id = uuid_make(test->city->ids, test->arena),
                        .person = actor->person,
                        .membership = actor->membership,
                        .url = str_dup(test->arena, str_from(url)),
                        .types = str_from(types),
                        .actions = str_from(actions),
                        .private = true,
                        .created_ms = test->fixed.now_ms };
    assert_int_equal(change(test, "add", &webhook, STR_NONE).kind, ERR_NONE);
    assert_int_equal(webhook_find(test->db, test->arena, webhook.id, &webhook).kind, ERR_NONE);
    return webhook;
}

/* A port at which nobody listens, held so that nobody will. */
static int closed_port(char *url, size_t size)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t          length = sizeof address;
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    snprintf(url, size, "http://127.0.0.1:%d/hook", ntohs(address.sin_port));
    return fd;
}

static void run_duty(TestCity *test)
{
    DutyRun run = { .ctx = test_ctx(test, NULL) };
    assert_int_equal(outbox_duty(&run).kind, ERR_NONE);
}

static const Json *log_of(TestCity *test, const Webhook *webhook)
{
    Json *log;
    assert_int_equal(delivery_log(test->db, test->arena, webhook->id, STR_NONE, STR_NONE, &log).kind, ERR_NONE);
    return log;
}

static Str text_of(const Json *delivery, const char *name) { return json_text(json_get(delivery, str_from(name))); }

static void expect_state(const Json *delivery, const char *state)
{
    Str found = text_of(delivery, "state");
    if (!str_eq(found, str_from(state)))
        fail_msg("%.*s, not %s", STR_FMT(found), state);
}

static Record create(Cast *cast, const char *title)
{
    return test_act(cast->test, &cast->author, "dossier", STR_NONE, "create",
                    str_printf(cast->test->arena, "{\"title\":\"%s\"}", title));
}

static void what_nobody_hears_is_tried_again_later_and_later_then_is_dead_and_can_be_sent_again(void **state)
{
    Cast     *cast = *state;
    TestCity *test = cast->test;
    char      url[64];
    int       fd = closed_port(url, sizeof url);
    Webhook   webhook = webhook_new(test, &cast->admin, url, "", "");
    int64_t   next, waited = 0;
    Delivery  due;
    bool      found;
    create(cast, "T");
    for (int tries = 1; tries <= DELIVERY_TRIES; tries++) {
        run_duty(test);
        const Json *one = log_of(test, &webhook)->first;
        assert_int_equal(json_get(one, STR("tries"))->count, tries);
        assert_true(str_eq(text_of(json_get(one, STR("tries"))->last, "problem"), STR("connect")));
        if (tries == DELIVERY_TRIES)
            break;
        expect_state(one, "waiting");
        assert_int_equal(delivery_due(test->db, test->arena, webhook.id, INT64_MAX, &due, &found).kind, ERR_NONE);
        assert_true(found);
        next = due.next_ms - test->fixed.now_ms;
        assert_true(next >= DELIVERY_FIRST_MS * 4 / 5 && next <= DELIVERY_LATER_MS * 6 / 5);
        assert_true(next > waited || next >= DELIVERY_LATER_MS * 4 / 5); /* three times as long beats any jitter */
        waited = next;
        test->fixed.now_ms = due.next_ms - 1;
        run_duty(test); /* not yet */
        assert_int_equal(json_get(log_of(test, &webhook)->first, STR("tries"))->count, tries);
        test->fixed.now_ms = due.next_ms;
    }
    const Json *dead = log_of(test, &webhook)->first;
    expect_state(dead, "dead");
    run_duty(test);
    assert_int_equal(json_get(log_of(test, &webhook)->first, STR("tries"))->count, DELIVERY_TRIES);
    assert_int_equal(change(test, "resend", &webhook, text_of(dead, "id")).kind, ERR_NONE);
    run_duty(test);
    const Json *again = log_of(test, &webhook)->first;
    assert_true(str_eq(text_of(again, "id"), text_of(dead, "id")));
    assert_int_equal(json_get(again, STR("tries"))->count, DELIVERY_TRIES + 1);
    expect_state(again, "waiting");
    close(fd);
}

typedef struct Damage {
    WriterJob job;
    Str       record;
} Damage;

static Err damage_run(Db *db, WriterJob *job)
{
    Value record = value_text(((const Damage *)job)->record);
    return db_run(db,
                  STR("UPDATE event_value SET value = 'x:?' WHERE field = 'title' AND (sequence, item) IN"
                      " (SELECT sequence, item FROM event_record WHERE record = ?)"),
                  &record, 1);
}

/* What cannot be read is that delivery's trouble: those behind it are sent. */
static void a_step_that_cannot_be_read_holds_up_no_other(void **state)
{
    Cast     *cast = *state;
    TestCity *test = cast->test;
    char      url[64];
    int       fd = closed_port(url, sizeof url);
    Webhook   webhook = webhook_new(test, &cast->admin, url, "", "");
    Record    damaged = create(cast, "D"), whole = create(cast, "W");
    Damage    damage = { .job = { .run = damage_run }, .record = record_id(&damaged) };
    assert_int_equal(writer_run(test->city->writer, &damage.job).kind, ERR_NONE);
    run_duty(test);
    JSON_EACH(one, log_of(test, &webhook)) {
        bool hurt = str_eq(text_of(one, "record"), record_id(&damaged));
        expect_state(one, "waiting");
        assert_true(
            str_eq(text_of(json_get(one, STR("tries"))->first, "problem"), str_from(hurt ? "unreadable" : "connect")));
        assert_true(hurt || str_eq(text_of(one, "record"), record_id(&whole)));
    }
    assert_int_equal(log_of(test, &webhook)->count, 2);
    close(fd);
}

static void only_what_it_wants_is_sent_and_only_from_then_on(void **state)
{
    Cast     *cast = *state;
    TestCity *test = cast->test;
    char      url[64];
    int       fd = closed_port(url, sizeof url);
    create(cast, "before");
    Webhook webhook = webhook_new(test, &cast->admin, url, "dossier,other", "close");
    Record  record = create(cast, "after");
    test_act(test, &cast->author, "dossier", record_id(&record), "close", STR_NONE);
    run_duty(test);
    const Json *log = log_of(test, &webhook);
    assert_int_equal(log->count, 1);
    assert_true(str_eq(text_of(log->first, "record"), record_id(&record)));
    close(fd);
}

static void what_its_membership_may_not_see_is_dropped(void **state)
{
    Cast     *cast = *state;
    TestCity *test = cast->test;
    char      url[64];
    int       fd = closed_port(url, sizeof url);
    Webhook   webhook = webhook_new(test, &cast->reader, url, "dossier", "");
    Record    record = create(cast, "hidden");
    run_duty(test);
    expect_state(log_of(test, &webhook)->first, "dropped");
    /* the step in which it opened shows, and is tried; the one before it stays what it was then */
    test_act(test, &cast->author, "dossier", record_id(&record), "edit", STR("{\"disclosure\":\"public\"}"));
    run_duty(test);
    const Json *log = log_of(test, &webhook);
    assert_int_equal(log->count, 2);
    expect_state(log->first, "waiting");
    expect_state(log->last, "dropped");
    /* by the rights of the moment it is sent: hidden again, nothing more leaves */
    test_act(test, &cast->author, "dossier", record_id(&record), "edit", STR("{\"disclosure\":\"secret\"}"));
    test->fixed.now_ms += DELIVERY_LATER_MS;
    run_duty(test);
    JSON_EACH(one, log_of(test, &webhook))
        expect_state(one, "dropped");
    close(fd);
}

static void with_its_end_what_waits_is_dropped(void **state)
{
    Cast     *cast = *state;
    TestCity *test = cast->test;
    char      url[64];
    int       fd = closed_port(url, sizeof url);
    Webhook   webhook = webhook_new(test, &cast->admin, url, "", "");
    create(cast, "T");
    run_duty(test);
    Str id = text_of(log_of(test, &webhook)->first, "id");
    assert_int_equal(change(test, "end", &webhook, STR_NONE).kind, ERR_NONE);
    expect_state(log_of(test, &webhook)->first, "dropped");
    assert_int_equal(change(test, "end", &webhook, STR_NONE).code, ECODE_RECORD_UNSEEN);
    assert_int_equal(change(test, "resend", &webhook, id).code, ECODE_RECORD_UNSEEN);
    create(cast, "U");
    run_duty(test);
    assert_int_equal(log_of(test, &webhook)->count, 1);
    close(fd);
}

/* The name is only looked up when something is sent: what it leads to is asked about then. */
static void a_name_that_leads_inside_is_not_connected_to(void **state)
{
    Cast     *cast = *state;
    TestCity *test = cast->test;
    Webhook   webhook = webhook_new(test, &cast->admin, "https://localhost:8443/", "", "");
    Webhook   outside = webhook;
    outside.id = uuid_make(test->city->ids, test->arena);
    outside.private = false;
    assert_int_equal(change(test, "end", &webhook, STR_NONE).kind, ERR_NONE);
    assert_int_equal(change(test, "add", &outside, STR_NONE).kind, ERR_NONE);
    create(cast, "T");
    run_duty(test);
    const Json *one = log_of(test, &outside)->first;
    expect_state(one, "waiting");
    assert_true(str_eq(text_of(json_get(one, STR("tries"))->first, "problem"), STR("address")));
}

static void urls_are_refused_where_they_must_not_lead(void **state)
{
    Cast *cast = *state;
    static const struct {
        const char *url;
        bool private;
        ErrCode code; /* ERR_CODE_COUNT: taken */
    } cases[] = {
        { "https://example.org/hook?x=1", false, ERR_CODE_COUNT },
        { "https://example.org:8443/", false, ERR_CODE_COUNT },
        { "https://8.8.8.8/", false, ERR_CODE_COUNT },
        { "http://example.org/", false, ECODE_WEBHOOK_URL },
        { "ftp://example.org/", true, ECODE_WEBHOOK_URL },
        { "file:///etc/passwd", true, ECODE_WEBHOOK_URL },
        { "example.org", true, ECODE_WEBHOOK_URL },
        { "", true, ECODE_WEBHOOK_URL },
        { "https://a:b@example.org/", false, ECODE_WEBHOOK_URL },
        { "https://a@example.org/", false, ECODE_WEBHOOK_URL },
        { "https://example.org/#part", false, ECODE_WEBHOOK_URL },
        { "https://example.org:25/", false, ECODE_WEBHOOK_URL },
        { "https://example.org/a b", false, ECODE_WEBHOOK_URL },
        { "https://example.org/\r\nX: y", false, ECODE_WEBHOOK_URL },
        { "https://127.0.0.1/", false, ECODE_WEBHOOK_ADDRESS },
        { "https://127.1/", false, ECODE_WEBHOOK_ADDRESS },
        { "https://0x7f000001/", false, ECODE_WEBHOOK_ADDRESS },
        { "https://2130706433/", false, ECODE_WEBHOOK_ADDRESS },
        { "https://017700000001/", false, ECODE_WEBHOOK_ADDRESS },
        { "https://10.0.0.1/", false, ECODE_WEBHOOK_ADDRESS },
        { "https://[::1]/", false, ECODE_WEBHOOK_ADDRESS },
        { "https://[::ffff:127.0.0.1]/", false, ECODE_WEBHOOK_ADDRESS },
        { "https://169.254.169.254/latest/meta-data", false, ECODE_WEBHOOK_ADDRESS },
        { "http://169.254.169.254/latest/meta-data", true, ECODE_WEBHOOK_ADDRESS },
        { "http://10.0.0.1/", true, ERR_CODE_COUNT },
        { "http://[::1]:8080/", true, ERR_CODE_COUNT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Problems problems = { .arena = cast->test->arena };
        Err      err = post_url_check(cast->test->arena, str_from(cases[i].url), cases[i].private, &problems);
        if (cases[i].code == ERR_CODE_COUNT ? err.kind != ERR_NONE
                                            : problems.count != 1 || problems.items[0].code != cases[i].code)
            fail_msg("%s", cases[i].url);
    }
    char     long_url[LIMIT_POST_URL + 64] = "https://example.org/";
    Problems problems = { .arena = cast->test->arena };
    memset(long_url + 20, 'a', LIMIT_POST_URL);
    assert_int_equal(post_url_check(cast->test->arena, str_from(long_url), false, &problems).kind, ERR_INVALID);
}

static void both_secrets_sign_for_a_while(void **state)
{
    Cast     *cast = *state;
    TestCity *test = cast->test;
    Webhook   webhook = webhook_new(test, &cast->admin, "https://example.org/", "", "");
    int64_t   now = test->fixed.now_ms;
    Str       first = webhook_signature(test->city, test->arena, &webhook, STR("msg_1"), now, STR("{}")), key;
    Str       secret = webhook_secret(test->city, test->arena, &webhook, 0);
    assert_true(base64_decode(test->arena, str_slice(secret, strlen("whsec_"), secret.len), &key));
    Hash expected = hmac_sha256(key, str_printf(test->arena, "msg_1.%lld.{}", (long long)(now / 1000)));
    assert_true(
        str_eq(first, str_printf(test->arena, "v1,%.*s", STR_FMT(base64_encode(test->arena, hash_str(&expected))))));
    assert_int_equal(change(test, "new secret", &webhook, STR_NONE).kind, ERR_NONE);
    assert_int_equal(webhook_find(test->db, test->arena, webhook.id, &webhook).kind, ERR_NONE);
    Str both = webhook_signature(test->city, test->arena, &webhook, STR("msg_1"), now, STR("{}"));
    assert_true(str_ends(both, first) && both.len == 2 * first.len + 1);
    assert_false(str_eq(webhook_secret(test->city, test->arena, &webhook, 1), secret));
    now += WEBHOOK_OVERLAP_MS;
    assert_int_equal(webhook_signature(test->city, test->arena, &webhook, STR("msg_1"), now, STR("{}")).len, first.len);
}

static void what_has_ended_long_ago_is_swept(void **state)
{
    Cast     *cast = *state;
    TestCity *test = cast->test;
    Webhook   webhook = webhook_new(test, &cast->reader, "https://example.org/", "dossier", "");
    create(cast, "hidden");
    run_duty(test);
    assert_int_equal(log_of(test, &webhook)->count, 1);
    test->fixed.now_ms += DELIVERY_KEPT_MS;
    run_duty(test);
    assert_int_equal(log_of(test, &webhook)->count, 1);
    test->fixed.now_ms++;
    run_duty(test);
    assert_int_equal(log_of(test, &webhook)->count, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, dossier_setup, cast_teardown)
    const struct CMUnitTest tests[] = {
        CASE(what_nobody_hears_is_tried_again_later_and_later_then_is_dead_and_can_be_sent_again),
        CASE(a_step_that_cannot_be_read_holds_up_no_other),
        CASE(only_what_it_wants_is_sent_and_only_from_then_on),
        CASE(what_its_membership_may_not_see_is_dropped),
        CASE(with_its_end_what_waits_is_dropped),
        CASE(a_name_that_leads_inside_is_not_connected_to),
        CASE(urls_are_refused_where_they_must_not_lead),
        CASE(both_secrets_sign_for_a_while),
        CASE(what_has_ended_long_ago_is_swept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
