#include "web/testing/site.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
/* cmocka wants some of these first */
#include <cmocka.h>

#define SITE_NOW_MS 1772413200000LL /* 2026-03-02T01:00:00Z */

static void must(Err err)
{
    if (err.kind)
        fail_msg("%.*s: %s", STR_FMT(err_row(err.code)->code), err.context);
}

/* ---- a clock that tests move, and true randomness, for several threads ---- */

static _Atomic int64_t site_clock = SITE_NOW_MS;

static int64_t site_now(void *context)
{
    (void)context;
    return atomic_load(&site_clock);
}

static Env site_env(void) { return (Env){ .now_ms = site_now, .random = env_system().random }; }

int site_setup(void **state)
{
    *state = site_new((SignInRates){ 0 }, "");
    return 0;
}

int site_teardown(void **state)
{
    site_free(*state);
    return 0;
}

void site_pass(Site *site, int64_t ms)
{
    atomic_fetch_add(&site_clock, ms);
    site->test->fixed.now_ms = atomic_load(&site_clock);
}

/* ---- the city ---- */

static TestCity *city_with_clock(void)
{
    TestCity  *test = mem_alloc(sizeof *test);
    PackSource source;
    *test = (TestCity){ .arena = arena_new(), .fixed = { .now_ms = atomic_load(&site_clock) } };
    snprintf(test->dir, sizeof test->dir, "/tmp/firstmile-site-XXXXXX");
    assert_non_null(mkdtemp(test->dir));
    must(pack_source_read(test->arena, STR("tests/packs/mini"), &source));
    must(city_create(str_from(test->dir), STR_NONE, &source, false, site_env()));
    must(city_open(str_from(test->dir), STR_NONE, site_env(), &test->city));
    must(city_reader(test->city, &test->db));
    return test;
}

typedef struct Write {
    WriterJob job;
    Err (*run)(Db *db, const void *context);
    const void *context;
} Write;

static Err write_run(Db *db, WriterJob *job) { return ((Write *)job)->run(db, ((Write *)job)->context); }

static void write_by(Site *site, Err (*run)(Db *db, const void *context), const void *context)
{
    Write write = { .job = { .run = write_run }, .run = run, .context = context };
    must(writer_run(site->test->city->writer, &write.job));
}

static Err put_credential(Db *db, const void *context)
{
    const Credential *c = context;
    return credential_put(db, c->person, c->login, c->hash, c->created_ms);
}

void site_credential(Site *site, const Actor *actor, const char *login, Str hash)
{
    Credential credential = { actor->person, str_from(login), hash, SITE_NOW_MS };
    write_by(site, put_credential, &credential);
}

static void cast_one(Site *site, const char *login, Str organisation, Str hash, Actor *out)
{
    *out = test_actor(site->test, login, organisation, strcmp(login, "stranger") == 0 ? "author" : login);
    site_credential(site, out, login, hash);
}

static void cast_all(Site *site)
{
    Str hash = password_hash(site->test->city, site->test->arena,
                             STR(SITE_PASSWORD)); /* one for all: it takes a while */
    site->press = test_organisation(site->test, "Press");
    site->college = test_organisation(site->test, "College");
    cast_one(site, "admin", site->press, hash, &site->admin);
    cast_one(site, "author", site->college, hash, &site->author);
    cast_one(site, "stranger", site->press, hash, &site->stranger);
    cast_one(site, "reviewer", site->press, hash, &site->reviewer);
    cast_one(site, "reader", site->press, hash, &site->reader);
}

/* ---- the server ---- */

static void site_ready(void *context, Str address)
{
    Site   *site = context;
    Str     port = address;
    int64_t number = 0;
    str_cut(&port, ':');
    str_int(port, &number);
    pthread_mutex_lock(&site->mutex);
    snprintf(site->address, sizeof site->address, "%.*s", STR_FMT(address));
    site->port = (int)number;
    pthread_cond_signal(&site->started);
    pthread_mutex_unlock(&site->mutex);
}

static void *site_thread(void *context)
{
    Site *site = context;
    site->ended = app_serve(site->app, &site->serve);
    pthread_mutex_lock(&site->mutex);
    if (site->ended.kind)
        site->port = -1;
    pthread_cond_signal(&site->started);
    pthread_mutex_unlock(&site->mutex);
    return NULL;
}

Site *site_new(SignInRates rates, const char *behind_proxy)
{
    Site *site = mem_alloc(sizeof *site);
    site->test = city_with_clock();
    cast_all(site);
    must(app_new(&(AppConfig){ .city = site->test->city, .rates = rates, .log = APP_LOG_NONE }, &site->app));
    site->serve = (AppServe){ .listen = STR("127.0.0.1:0"),
                              .behind_proxy = str_from(behind_proxy),
                              .loops = 2,
                              .ready = site_ready,
                              .context = site };
    pthread_mutex_init(&site->mutex, NULL);
    pthread_cond_init(&site->started, NULL);
    assert_int_equal(pthread_create(&site->thread, NULL, site_thread, site), 0);
    pthread_mutex_lock(&site->mutex);
    while (!site->port)
        pthread_cond_wait(&site->started, &site->mutex);
    pthread_mutex_unlock(&site->mutex);
    if (site->port < 0)
        must(site->ended);
    return site;
}

void site_free(Site *site)
{
    app_stop(site->app);
    pthread_join(site->thread, NULL);
    must(site->ended);
    app_free(site->app);
    test_city_free(site->test);
    pthread_mutex_destroy(&site->mutex);
    pthread_cond_destroy(&site->started);
    free(site);
}

/* ---- the client ---- */

static Err start_session(Db *db, const void *context) { return session_start(db, context); }

Str site_cookie(Site *site, const Actor *actor)
{
    TestCity *test = site->test;
    Str       secret = secret_make(test->city, test->arena);
    Session   session = { .key = secret_key(test->arena, secret),
                          .person = actor->person,
                          .membership = actor->membership,
                          .created_ms = test->fixed.now_ms,
                          .seen_ms = test->fixed.now_ms };
    write_by(site, start_session, &session);
    return str_printf(test->arena, "Cookie: sid=%.*s\r\n", STR_FMT(secret));
}

static void send_all(int fd, Str text)
{
    while (text.len) {
        ssize_t sent = send(fd, text.ptr, text.len, MSG_NOSIGNAL);
        if (sent <= 0) /* the server has answered and closed; what it said is still to be read */
            return;
        text = str_slice(text, (size_t)sent, text.len);
    }
}

static Str read_all(Arena *arena, int fd)
{
    Buf  buf = buf_new(arena, SIZE_MAX);
    char chunk[16384];
    for (;;) {
        ssize_t got = recv(fd, chunk, sizeof chunk, 0);
        if (got <= 0)
            return buf_str(&buf);
        buf_add(&buf, (Str){ chunk, (size_t)got });
    }
}

static Answer ask_on(Site *site, int fd, const char *method, Str target, Str headers, const char *body)
{
    Arena *arena = site->test->arena;
    Buf    buf = buf_new(arena, SIZE_MAX);
    Answer answer = { 0 };
    buf_printf(&buf, "%s %.*s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%.*s", method, STR_FMT(target),
               site->address, STR_FMT(headers));
    if (body)
        buf_printf(&buf, "Content-Length: %zu\r\n", strlen(body));
    buf_add(&buf, STR("\r\n"));
    buf_add(&buf, str_from(body));
    send_all(fd, buf_str(&buf));
    Str    all = read_all(arena, fd);
    size_t end = str_find(all, STR("\r\n\r\n"));
    close(fd);
    assert_true(end + 4 <= all.len);
    answer.head = str_slice(all, 0, end + 2);
    answer.body = str_slice(all, end + 4, all.len);
    int64_t status = 0;
    str_int(str_slice(all, 9, 12), &status);
    answer.status = (int)status;
    return answer;
}

Answer site_ask(Site *site, const char *method, Str target, Str headers, const char *body)
{
    int                fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)site->port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return ask_on(site, fd, method, target, headers, body);
}

Answer site_ask_socket(Site *site, const char *method, Str target, Str headers, const char *body)
{
    int                fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    snprintf(to.sun_path, sizeof to.sun_path, "%.*s", STR_FMT(site->test->city->socket_path));
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return ask_on(site, fd, method, target, headers, body);
}

Answer site_as(Site *site, const Actor *actor, const char *method, Str target, const char *body)
{
    Str cookie = site_cookie(site, actor);
    Str headers = str_printf(site->test->arena, "%.*s%s", STR_FMT(cookie),
                             body ? "Content-Type: application/json\r\n" : "");
    return site_ask(site, method, target, headers, body);
}

static Err collect(void *buf, Str piece)
{
    buf_add(buf, piece);
    return ERR_OK;
}

Answer site_call(Site *site, Method method, Str target, Str as, const char *body)
{
    AppReply   reply;
    Buf        pieces = buf_new(site->test->arena, SIZE_MAX);
    AppSink    sink = { .take = collect, .context = &pieces };
    AppRequest request = {
        .method = method, .target = target, .as = as, .body = str_from(body), .lang = LANG_EN, .sink = &sink
    };
    Err err = app_call(site->app, site->test->db, site->test->arena, &request, &reply);
    assert_int_equal(err.kind, ERR_NONE);
    Buf head = buf_new(site->test->arena, SIZE_MAX);
    buf_add(&head, STR("\r\n"));
    for (size_t i = 0; i < reply.header_count; i++)
        buf_printf(&head, "%.*s: %.*s\r\n", STR_FMT(reply.headers[i].name), STR_FMT(reply.headers[i].value));
    return (
        Answer){ .status = reply.status, .head = buf_str(&head), .body = pieces.len ? buf_str(&pieces) : reply.body };
}

/* ---- answers ---- */

bool answer_has(const Answer *answer, const char *part)
{
    return str_find(answer->body, str_from(part)) < answer->body.len;
}

Str answer_header(const Answer *answer, const char *name)
{
    Str rest = answer->head;
    while (rest.len) {
        Str line = str_trim(str_cut(&rest, '\n'));
        if (str_eq_ascii_fold(str_cut(&line, ':'), str_from(name)))
            return str_trim(line);
    }
    return STR_NONE;
}

Json *answer_json(Site *site, const Answer *answer)
{
    Json *json;
    Err   err = json_parse(site->test->arena, answer->body, &json);
    if (err.kind)
        fail_msg("no JSON (status %d): %.*s", answer->status, STR_FMT(answer->body));
    return json;
}

Str answer_error(Site *site, const Answer *answer, size_t index)
{
    const Json *errors = json_get(answer_json(site, answer), STR("errors"));
    JSON_EACH(error, errors)
        if (index-- == 0)
            return json_text(json_get(error, STR("code")));
    return STR_NONE;
}

Str site_paper(Site *site, const Actor *actor, const char *title)
{
    const char *body = str_dup_z(site->test->arena,
                                 str_printf(site->test->arena, "{\"fields\":{\"title\":\"%s\"}}", title));
    Answer      answer = site_as(site, actor, "POST", STR("/api/v1/records/paper"), body);
    if (answer.status != 201)
        fail_msg("paper: %d %.*s", answer.status, STR_FMT(answer.body));
    return json_text(json_get(answer_json(site, &answer), STR("id")));
}
