/* Passwords, sessions, tokens and the gate, over the mini pack. */
#include "base/limits.h"
#include "kernel/signin.h"

#include "base/file.h"
#include "kernel/testing/testing.h"

#include <argon2.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* cmocka wants these first */
#include <cmocka.h>

typedef struct World {
    TestCity *test;
    Actor     author;
} World;

static int setup(void **state)
{
    World *world = mem_alloc(sizeof *world);
    world->test = test_city_new("tests/packs/mini");
    world->author = test_actor(world->test, "Author", test_organisation(world->test, "College"), "author");
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    World *world = *state;
    test_city_free(world->test);
    free(world);
    return 0;
}

/* ---- on the writer ---- */

typedef struct Work {
    WriterJob job;
    Err (*run)(Db *db, void *context);
    void *context;
} Work;

static Err work_run(Db *db, WriterJob *job) { return ((Work *)job)->run(db, ((Work *)job)->context); }

static Err write_by(World *world, Err (*run)(Db *db, void *context), void *context)
{
    Work work = { .job = { .run = work_run }, .run = run, .context = context };
    return writer_run(world->test->city->writer, &work.job);
}

static void must(Err err)
{
    if (err.kind)
        fail_msg("%.*s: %s", STR_FMT(err_row(err.code)->code), err.context);
}

typedef struct Login {
    Str     person, login, hash;
    int64_t now_ms;
} Login;

static Err put_login(Db *db, void *context)
{
    Login *login = context;
    return credential_put(db, login->person, login->login, login->hash, login->now_ms);
}

static Err start(Db *db, void *context) { return session_start(db, context); }

static Err stop(Db *db, void *context) { return session_end(db, ((Session *)context)->key); }

static Err end_login(Db *db, void *context)
{
    return credential_end(db, ((Login *)context)->login, ((Login *)context)->now_ms);
}

static Err add_token(Db *db, void *context) { return token_add(db, context); }

static Err stop_token(Db *db, void *context) { return token_end(db, ((Token *)context)->id, 5); }

static Session begin(World *world)
{
    TestCity *test = world->test;
    Session   session = { .key = secret_key(test->arena, secret_make(test->city, test->arena)),
                          .person = world->author.person,
                          .membership = world->author.membership,
                          .created_ms = test->fixed.now_ms,
                          .seen_ms = test->fixed.now_ms };
    must(write_by(world, start, &session));
    return session;
}

static bool runs(World *world, Str key)
{
    Session session;
    bool    found;
    must(session_find(world->test->db, world->test->arena, key, world->test->fixed.now_ms, &session, &found));
    return found;
}

/* ---- passwords ---- */

static void a_hash_checks_its_password_and_no_other(void **state)
{
    World *world = *state;
    City  *city = world->test->city;
    bool   weak;
    Str    hash = password_hash(city, world->test->arena, STR("correct horse"));
    assert_true(str_starts(hash, STR("$argon2id-hmac-sha256$v=19$m=65536,t=3,p=1$")));
    assert_true(hash.len <= PASSWORD_TEXT_MAX);
    assert_true(password_check(city, hash, STR("correct horse"), &weak));
    assert_false(weak);
    assert_false(password_check(city, hash, STR("correct horsf"), &weak));
    assert_false(str_eq(hash, password_hash(city, world->test->arena, STR("correct horse"))));
}

static void a_hash_is_worthless_without_the_secret_of_the_city(void **state)
{
    World *world = *state;
    City   thief = *world->test->city;
    bool   weak;
    Str    hash = password_hash(world->test->city, world->test->arena, STR("password 1"));
    thief.secret.bytes[0] ^= 1;
    assert_false(password_check(&thief, hash, STR("password 1"), &weak));
}

static void letters_composed_in_another_way_are_the_same_password(void **state)
{
    World *world = *state;
    bool   weak;
    Str    hash = password_hash(world->test->city, world->test->arena, STR("caf\xc3\xa9 au lait"));
    assert_true(password_check(world->test->city, hash, STR("cafe\xcc\x81 au lait"), &weak));
}

/* A hash as an older release with weaker parameters would have stored it, by the library alone. */
static Str weak_hash(World *world, Str password)
{
    Arena  *arena = world->test->arena;
    uint8_t salt[PASSWORD_SALT_SIZE] = "0123456789abcdef", raw[32];
    assert_int_equal(argon2id_hash_raw(1, 8192, 1, password.ptr, password.len, salt, sizeof salt, raw, sizeof raw),
                     ARGON2_OK);
    Hash pepper = hmac_sha256(hash_str(&world->test->city->secret), STR("firstmile password pepper 1"));
    Hash tag = hmac_sha256(hash_str(&pepper), (Str){ (const char *)raw, sizeof raw });
    Str  salt_text = base64_encode(arena, (Str){ (const char *)salt, sizeof salt }),
        tag_text = base64_encode(arena, hash_str(&tag));
    return str_printf(arena, "$argon2id-hmac-sha256$v=19$m=8192,t=1,p=1$%.*s$%.*s", 22, salt_text.ptr, 43,
                      tag_text.ptr);
}

static void a_hash_of_weaker_parameters_checks_and_says_so(void **state)
{
    World *world = *state;
    bool   weak;
    Str    hash = weak_hash(world, STR("long ago"));
    assert_true(password_check(world->test->city, hash, STR("long ago"), &weak));
    assert_true(weak);
    assert_false(password_check(world->test->city, hash, STR("long ago!"), &weak));
}

static void a_damaged_hash_is_never_right(void **state)
{
    World                   *world = *state;
    static const char *const damaged[] = { "",
                                           "$",
                                           "secret",
                                           "$argon2id-hmac-sha256$v=19$m=0,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$x",
                                           "$argon2id-hmac-sha256$v=19$m=99999999,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$x",
                                           "$argon2id-hmac-sha256$v=19$m=8192,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" };
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        bool weak;
        assert_false(password_check(world->test->city, str_from(damaged[i]), STR(""), &weak));
    }
}

static void logins_are_short_and_plain(void **state)
{
    (void)state;
    assert_true(login_valid(STR("expert2")));
    assert_true(login_valid(STR("li.ming@example-city_1")));
    assert_false(login_valid(STR("")));
    assert_false(login_valid(STR("two words")));
    assert_false(login_valid(STR("李明")));
    assert_false(login_valid(STR("a\nb")));
    char text[LOGIN_BYTES_MAX + 1];
    memset(text, 'x', sizeof text);
    assert_true(login_valid((Str){ text, LOGIN_BYTES_MAX }));
    assert_false(login_valid((Str){ text, LOGIN_BYTES_MAX + 1 }));
}

/* ---- credentials ---- */

static void a_login_belongs_to_one_person(void **state)
{
    World     *world = *state;
    Login      one = { world->author.person, STR("author"), STR("h1"), 1 };
    Login      other = { STR("0193b2a0-0000-7000-8000-000000000001"), STR("author"), STR("h2"), 2 };
    Credential found;
    bool       there;
    must(write_by(world, put_login, &one));
    assert_int_equal(write_by(world, put_login, &other).code, ECODE_LOGIN_TAKEN);
    one.login = STR("writer");
    must(write_by(world, put_login, &one));
    must(credential_find(world->test->db, world->test->arena, STR("author"), &found, &there));
    assert_false(there);
    must(write_by(world, put_login, &other));
    must(credential_find(world->test->db, world->test->arena, STR("writer"), &found, &there));
    assert_true(there && str_eq(found.person, world->author.person));
}

static void a_new_password_ends_the_sessions_and_the_end_of_a_login_ends_everything(void **state)
{
    World *world = *state;
    Login  login = { world->author.person, STR("author"), STR("h1"), 1 };
    Token  token = {
         .id = STR("t1"), .key = STR("k1"), .person = login.person, .membership = STR("m"), .label = STR("")
    };
    bool found;
    must(write_by(world, put_login, &login));
    Session session = begin(world);
    must(write_by(world, add_token, &token));
    assert_true(runs(world, session.key));
    must(write_by(world, put_login, &login));
    assert_false(runs(world, session.key));
    must(token_find(world->test->db, world->test->arena, STR("k1"), &token, &found));
    assert_true(found);
    session = begin(world);
    must(write_by(world, end_login, &login));
    assert_false(runs(world, session.key));
    must(token_find(world->test->db, world->test->arena, STR("k1"), &token, &found));
    assert_false(found);
    assert_int_equal(write_by(world, end_login, &login).code, ECODE_LOGIN_UNKNOWN);
}

static Err recheck(Db *db, void *context) { return credential_recheck(db, context); }

/* While a password is being checked its login may end or be put anew; what was right then opens nothing now. */
static void a_login_that_changed_since_it_was_read_is_wrong(void **state)
{
    World     *world = *state;
    Login      login = { world->author.person, STR("author"), STR("h1"), 1 };
    Credential read;
    bool       found;
    must(write_by(world, put_login, &login));
    must(credential_find(world->test->db, world->test->arena, login.login, &read, &found));
    assert_true(found);
    must(write_by(world, recheck, &read));
    login.now_ms = 2;
    must(write_by(world, put_login, &login));
    assert_int_equal(write_by(world, recheck, &read).code, ECODE_SIGN_IN_WRONG);
    must(credential_find(world->test->db, world->test->arena, login.login, &read, &found));
    must(write_by(world, recheck, &read));
    must(write_by(world, end_login, &login));
    assert_int_equal(write_by(world, recheck, &read).code, ECODE_SIGN_IN_WRONG);
}

/* ---- sessions ---- */

typedef struct Replacing {
    Str     old_key;
    Session next;
} Replacing;

static Err replace(Db *db, void *context)
{
    const Replacing *replacing = context;
    return session_replace(db, replacing->old_key, &replacing->next);
}

static void a_session_that_has_ended_is_not_replaced(void **state)
{
    World    *world = *state;
    Session   session = begin(world), next = session;
    Replacing replacing = { session.key, next };
    replacing.next.key = STR("another");
    must(write_by(world, replace, &replacing));
    assert_false(runs(world, session.key));
    assert_true(runs(world, STR("another")));
    replacing.next.key = STR("a third");
    assert_int_equal(write_by(world, replace, &replacing).code, ECODE_SIGN_IN_NEEDED);
    assert_false(runs(world, STR("a third")));
}

static Err touch(Db *db, void *context)
{
    Session *session = context;
    return session_touch(db, session->key, session->seen_ms);
}

static void a_session_ends_when_idle_and_when_old(void **state)
{
    World    *world = *state;
    EnvFixed *clock = &world->test->fixed;
    Session   session = begin(world);
    clock->now_ms += LIMIT_SESSION_IDLE_MS - 1;
    assert_true(runs(world, session.key));
    clock->now_ms += 1;
    assert_false(runs(world, session.key));
    while (clock->now_ms < session.created_ms + LIMIT_SESSION_MS) {
        session.seen_ms = clock->now_ms;
        must(write_by(world, touch, &session));
        assert_true(runs(world, session.key));
        clock->now_ms += LIMIT_SESSION_IDLE_MS / 2;
    }
    assert_false(runs(world, session.key));
}

static void a_session_ends_at_once_when_it_is_ended(void **state)
{
    World  *world = *state;
    Session session = begin(world), other = begin(world);
    must(write_by(world, stop, &session));
    must(write_by(world, stop, &session));
    assert_false(runs(world, session.key));
    assert_true(runs(world, other.key));
}

static void the_oldest_session_goes_when_there_are_too_many(void **state)
{
    World  *world = *state;
    Session sessions[LIMIT_SESSIONS + 2];
    for (int i = 0; i < LIMIT_SESSIONS + 2; i++) {
        world->test->fixed.now_ms += 1000;
        sessions[i] = begin(world);
    }
    for (int i = 0; i < LIMIT_SESSIONS + 2; i++)
        assert_int_equal(runs(world, sessions[i].key), i >= 2);
}

static bool in_file(World *world, const char *name, Str text)
{
    Str bytes, path = str_printf(world->test->arena, "%s/%s", world->test->dir, name);
    must(file_read(world->test->arena, path, 64 * 1024 * 1024, &bytes));
    return str_find(bytes, text) < bytes.len;
}

static void the_secret_of_a_session_is_not_in_the_database(void **state)
{
    World    *world = *state;
    TestCity *test = world->test;
    Str       secret = secret_make(test->city, test->arena);
    Session   session = { .key = secret_key(test->arena, secret),
                          .person = world->author.person,
                          .membership = world->author.membership,
                          .created_ms = test->fixed.now_ms,
                          .seen_ms = test->fixed.now_ms };
    assert_int_equal(secret.len, SECRET_TEXT_SIZE);
    assert_false(str_eq(secret, secret_make(test->city, test->arena)));
    must(write_by(world, start, &session));
    assert_true(in_file(world, "city.db", session.key) || in_file(world, "city.db-wal", session.key));
    assert_false(in_file(world, "city.db", secret) || in_file(world, "city.db-wal", secret));
}

static void a_form_token_fits_one_session_of_one_city(void **state)
{
    World *world = *state;
    City   other = *world->test->city;
    Arena *arena = world->test->arena;
    Str    token = session_form_token(&other, arena, STR("a"));
    assert_true(str_eq(token, session_form_token(&other, arena, STR("a"))));
    assert_false(str_eq(token, session_form_token(&other, arena, STR("b"))));
    other.secret.bytes[31] ^= 1;
    assert_false(str_eq(token, session_form_token(&other, arena, STR("a"))));
}

static void a_token_runs_until_it_is_ended(void **state)
{
    World *world = *state;
    Token  token = { .id = STR("t9"),
                     .key = STR("k9"),
                     .person = STR("p"),
                     .membership = STR("m"),
                     .label = STR("nightly") },
          found;
    Token *list;
    size_t count;
    bool   there;
    must(write_by(world, add_token, &token));
    must(token_find(world->test->db, world->test->arena, STR("k9"), &found, &there));
    assert_true(there && str_eq(found.label, STR("nightly")));
    must(write_by(world, stop_token, &token));
    must(token_find(world->test->db, world->test->arena, STR("k9"), &found, &there));
    assert_false(there);
    assert_int_equal(write_by(world, stop_token, &token).code, ECODE_RECORD_UNSEEN);
    must(token_list(world->test->db, world->test->arena, &list, &count));
    assert_int_equal(count, 1);
    assert_int_equal(list[0].ended_ms, 5);
}

/* ---- the gate ---- */

static Err take(SignInGate *gate, const char *login, const char *address, int64_t now_ms)
{
    int64_t wait_s;
    Err     err = sign_in_gate_take(gate, str_from(login), str_from(address), now_ms, &wait_s);
    assert_int_equal(err.kind != ERR_NONE, wait_s > 0);
    return err;
}

static void five_attempts_a_minute_pass_for_a_login(void **state)
{
    World      *world = *state;
    SignInGate *gate = sign_in_gate_new(world->test->city, SIGN_IN_RATES);
    for (int i = 0; i < 5; i++)
        assert_int_equal(take(gate, "ann", "10.0.0.1", 1000).kind, ERR_NONE);
    assert_int_equal(take(gate, "ann", "10.0.0.2", 1000).code, ECODE_RATE_LIMITED);
    assert_int_equal(take(gate, "bob", "10.0.0.1", 1000).kind, ERR_NONE);
    assert_int_equal(take(gate, "ann", "10.0.0.2", 1000 + 11999).code, ECODE_RATE_LIMITED);
    assert_int_equal(take(gate, "ann", "10.0.0.2", 1000 + 12000).kind, ERR_NONE);
    assert_int_equal(take(gate, "ann", "10.0.0.2", 1000 + 12000).code, ECODE_RATE_LIMITED);
    sign_in_gate_free(gate);
}

static void twenty_attempts_a_minute_pass_for_an_address_and_an_ipv6_network(void **state)
{
    World      *world = *state;
    SignInGate *gate = sign_in_gate_new(world->test->city, SIGN_IN_RATES);
    char        login[16], address[40];
    for (int i = 0; i < 20; i++) {
        snprintf(login, sizeof login, "user%d", i);
        snprintf(address, sizeof address, "2001:db8:1:2::%x", i + 1);
        assert_int_equal(take(gate, login, address, 5).kind, ERR_NONE);
        assert_int_equal(take(gate, login, "192.0.2.7", 5).kind, ERR_NONE);
    }
    assert_int_equal(take(gate, "late", "2001:db8:1:2:ffff::1", 5).code, ECODE_RATE_LIMITED);
    assert_int_equal(take(gate, "late", "192.0.2.7", 5).code, ECODE_RATE_LIMITED);
    assert_int_equal(take(gate, "late", "2001:db8:1:3::1", 5).kind, ERR_NONE);
    sign_in_gate_free(gate);
}

static void being_right_gives_back_one_attempt_and_no_more(void **state)
{
    World      *world = *state;
    SignInGate *gate = sign_in_gate_new(world->test->city, SIGN_IN_RATES);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(take(gate, "ann", "10.0.0.1", 1000).kind, ERR_NONE);
        sign_in_gate_give_back(gate, STR("ann"), STR("10.0.0.1"), 1000);
    }
    for (int i = 0; i < 5; i++)
        assert_int_equal(take(gate, "mallory", "10.0.0.1", 1000).kind, ERR_NONE);
    assert_int_equal(take(gate, "ann", "10.0.0.1", 1000).kind, ERR_NONE);
    sign_in_gate_give_back(gate, STR("ann"), STR("10.0.0.1"), 1000);
    for (int i = 0; i < 3; i++) { /* the address has 15 left, whatever was right in between */
        char login[16];
        for (int n = 0; n < 5; n++) {
            snprintf(login, sizeof login, "m%d", i);
            assert_int_equal(take(gate, login, "10.0.0.1", 1000).kind, ERR_NONE);
        }
    }
    assert_int_equal(take(gate, "m9", "10.0.0.1", 1000).code, ECODE_RATE_LIMITED);
    sign_in_gate_free(gate);
}

static void a_flood_of_names_does_not_open_the_gate(void **state)
{
    World      *world = *state;
    SignInGate *gate = sign_in_gate_new(world->test->city, (SignInRates){ .per_login = 5 });
    char        login[24];
    for (int i = 0; i < 5; i++)
        assert_int_equal(take(gate, "ann", "10.0.0.1", 1000).kind, ERR_NONE);
    for (int i = 0; i < 10000; i++) {
        snprintf(login, sizeof login, "flood%d", i);
        assert_int_equal(take(gate, login, "10.0.0.1", 1000).kind, ERR_NONE);
    }
    assert_int_equal(take(gate, "ann", "10.0.0.1", 1000).code, ECODE_RATE_LIMITED);
    sign_in_gate_free(gate);
}

/* ---- the queue ---- */

typedef struct Waiting {
    pthread_mutex_t mutex;
    pthread_cond_t  done;
    int             left;
} Waiting;

static void job_done(PasswordJob *job)
{
    Waiting *waiting = job->context;
    pthread_mutex_lock(&waiting->mutex);
    waiting->left--;
    pthread_cond_signal(&waiting->done);
    pthread_mutex_unlock(&waiting->mutex);
}

static void the_queue_answers_each_and_refuses_when_it_is_full(void **state)
{
    World       *world = *state;
    Waiting      waiting = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };
    SignInQueue *queue;
    Str          old = weak_hash(world, STR("long ago"));
    PasswordJob  jobs[8];
    int          refused = 0;
    must(sign_in_queue_new(world->test->city, 1, 3, &queue));
    for (int i = 0; i < 8; i++) {
        jobs[i] = (PasswordJob){
            .password = i % 2 ? STR("long ago") : STR("wrong"), .stored = old, .done = job_done, .context = &waiting
        };
        pthread_mutex_lock(&waiting.mutex);
        waiting.left++;
        pthread_mutex_unlock(&waiting.mutex);
        Err err = sign_in_queue_submit(queue, &jobs[i]);
        if (!err.kind)
            continue;
        assert_int_equal(err.code, ECODE_BUSY);
        jobs[i].done = NULL;
        refused++;
        pthread_mutex_lock(&waiting.mutex);
        waiting.left--;
        pthread_mutex_unlock(&waiting.mutex);
    }
    assert_true(refused >= 1 && refused <= 5);
    pthread_mutex_lock(&waiting.mutex);
    while (waiting.left)
        pthread_cond_wait(&waiting.done, &waiting.mutex);
    pthread_mutex_unlock(&waiting.mutex);
    for (int i = 0; i < 8; i++) {
        if (!jobs[i].done)
            continue;
        assert_int_equal(jobs[i].right, i % 2);
        assert_int_equal(jobs[i].fresh_len > 0, i % 2); /* right, and weaker than today: a new hash comes with it */
    }
    sign_in_queue_free(queue);
}

int main(void)
{
#define WORLD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        WORLD(a_hash_checks_its_password_and_no_other),
        WORLD(a_hash_is_worthless_without_the_secret_of_the_city),
        WORLD(letters_composed_in_another_way_are_the_same_password),
        WORLD(a_hash_of_weaker_parameters_checks_and_says_so),
        WORLD(a_damaged_hash_is_never_right),
        cmocka_unit_test(logins_are_short_and_plain),
        WORLD(a_login_belongs_to_one_person),
        WORLD(a_new_password_ends_the_sessions_and_the_end_of_a_login_ends_everything),
        WORLD(a_login_that_changed_since_it_was_read_is_wrong),
        WORLD(a_session_that_has_ended_is_not_replaced),
        WORLD(a_session_ends_when_idle_and_when_old),
        WORLD(a_session_ends_at_once_when_it_is_ended),
        WORLD(the_oldest_session_goes_when_there_are_too_many),
        WORLD(the_secret_of_a_session_is_not_in_the_database),
        WORLD(a_form_token_fits_one_session_of_one_city),
        WORLD(a_token_runs_until_it_is_ended),
        WORLD(five_attempts_a_minute_pass_for_a_login),
        WORLD(twenty_attempts_a_minute_pass_for_an_address_and_an_ipv6_network),
        WORLD(being_right_gives_back_one_attempt_and_no_more),
        WORLD(a_flood_of_names_does_not_open_the_gate),
        WORLD(the_queue_answers_each_and_refuses_when_it_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
