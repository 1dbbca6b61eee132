/* web/dispatch.c: see dispatch.h. */
#include "web/dispatch.h"

#include "base/limits.h"
#include "web/body.h"
#include "web/idempotent.h"
#include "web/identify.h"
#include "web/multipart.h"
#include "web/origin.h"
#include "web/stream.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

const int64_t time_bounds_ms[TIME_BUCKETS - 1] = { 1, 2, 5, 10, 50, 100, 1000 };

int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- work abroad ---- */

void app_goes_abroad(App *app)
{
    pthread_mutex_lock(&app->mutex);
    app->abroad++;
    pthread_mutex_unlock(&app->mutex);
}

void app_comes_home(App *app)
{
    pthread_mutex_lock(&app->mutex);
    if (--app->abroad == 0)
        pthread_cond_broadcast(&app->home);
    pthread_mutex_unlock(&app->mutex);
}

void app_wait_home(App *app)
{
    pthread_mutex_lock(&app->mutex);
    while (app->abroad)
        pthread_cond_wait(&app->home, &app->mutex);
    pthread_mutex_unlock(&app->mutex);
}

/* ---- language ---- */

/* ?lang=, then the cookie, then Accept-Language, then Chinese. */
static void choose_language(Call *call)
{
    Str asked = call_query(call, STR("lang"));
    call->ctx.lang = LANG_ZH;
    if (asked.ptr && lang_parse(asked, &call->ctx.lang))
        return;
    if (lang_parse(call_cookie(call, STR("lang")), &call->ctx.lang))
        return;
    Str accept = call_header(call, STR("Accept-Language"));
    if (accept.len)
        call->ctx.lang = lang_accept(accept, LANG_ZH);
}

/* A language chosen on a page stays chosen. */
static void keep_language(Call *call)
{
    if (call->page && call_query(call, STR("lang")).ptr)
        call_set_header(call, STR("Set-Cookie"),
                        str_printf(call->ctx.arena, "lang=%.*s; Max-Age=31536000; SameSite=Lax; Path=/",
                                   STR_FMT(lang_tag(call->ctx.lang))));
}

/* ---- query and form ---- */

static int by_name(const void *one, const void *other)
{
    const Pair *a = *(const Pair *const *)one, *b = *(const Pair *const *)other;
    return str_cmp(a->name, b->name);
}

/* A name given twice is a problem, since readers of it would not agree on which one counts. */
static void refuse_twice(Call *call, const Pair *pairs, size_t count, Problems *problems)
{
    const Pair **sorted = ARENA_ARRAY(call->ctx.arena, const Pair *, count);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &pairs[i];
    if (count)
        qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 1; i < count; i++)
        if (str_eq(sorted[i]->name, sorted[i - 1]->name))
            PROBLEM(problems, ECODE_HTTP_PARAMETER, sorted[i]->name, STR_NONE, ARG("name", sorted[i]->name),
                    ARG_TEXT("expected", TEXT("只给一次", "given once only")));
}

static Err read_pairs(Call *call, Str text, size_t max, const Pair **out, size_t *out_count, Problems *problems)
{
    Form   form = form_open(call->ctx.arena, text);
    Pair   pair, *pairs = NULL;
    size_t count = 0, capacity = 0;
    while (form_next(&form, &pair.name, &pair.value)) {
        if (count == max)
            return err_make(ECODE_HTTP_TARGET, "over %zu pairs", max);
        ARENA_ROOM(call->ctx.arena, pairs, count, capacity);
        pairs[count++] = pair;
    }
    refuse_twice(call, pairs, count, problems);
    *out = pairs;
    *out_count = count;
    return form.bad ? err_make(ECODE_HTTP_TARGET, "escapes or encoding") : ERR_OK;
}

/* "column[]" takes column[NAME]. */
static bool name_fits(Str taken, Str name)
{
    if (str_ends(taken, STR("[]")))
        return str_starts(name, str_slice(taken, 0, taken.len - 1)) && str_ends(name, STR("]"));
    return str_eq(name, taken) || str_eq(taken, STR("*"));
}

static bool query_takes(const Call *call, Str name)
{
    if (str_eq(name, STR("lang")) || (call->endpoint->page && str_eq(name, STR("format"))))
        return true;
    for (size_t i = 0; i < ENDPOINT_QUERY_MAX && call->endpoint->query[i]; i++)
        if (name_fits(str_from(call->endpoint->query[i]), name))
            return true;
    return false;
}

static void check_one_of(const Call *call, Str name, Str first, Str second, Problems *problems)
{
    Str value = call_query(call, name);
    if (value.ptr && !str_eq(value, first) && !str_eq(value, second))
        PROBLEM(problems, ECODE_HTTP_PARAMETER, name, STR_NONE, ARG("name", name),
                ARG("expected", str_printf(problems->arena, "%.*s, %.*s", STR_FMT(first), STR_FMT(second))));
}

static Err check_query(Call *call, Problems *problems)
{
    for (size_t i = 0; i < call->query_count; i++)
        if (!query_takes(call, call->query[i].name))
            PROBLEM(problems, ECODE_HTTP_PARAMETER_UNKNOWN, call->query[i].name, STR_NONE,
                    ARG("name", call->query[i].name));
    check_one_of(call, STR("lang"), STR("zh"), STR("en"), problems);
    if (call->endpoint->page)
        check_one_of(call, STR("format"), STR("json"), STR("html"), problems);
    return problems->count ? err_make(problems->items[0].code, "query") : ERR_OK;
}

/* ---- body ---- */

static Str call_raw_body(const Call *call)
{
    return call->transport->exchange ? exchange_body(call->transport->exchange) : call->transport->request->body;
}

static Err media_refused(Problems *problems, Str media)
{
    PROBLEM(problems, ECODE_HTTP_MEDIA, STR_NONE, STR_NONE, ARG("expected", media));
    return err_make(ECODE_HTTP_MEDIA, "%.*s wanted", STR_FMT(media));
}

static Err read_json(Call *call, Problems *problems)
{
    Str   body = call_raw_body(call);
    Json *json;
    call->body = json_object(call->ctx.arena);
    if (!body.len)
        return ERR_OK;
    if (!media_is(call_header(call, STR("Content-Type")), STR("application/json")))
        return media_refused(problems, STR("application/json"));
    TRY(json_parse(call->ctx.arena, body, &json));
    call->body = json;
    if (json->kind == JSON_OBJECT)
        return ERR_OK;
    PROBLEM(problems, ECODE_HTTP_PARAMETER, STR("body"), STR_NONE, ARG("name", STR("body")),
            ARG_TEXT("expected", TEXT("JSON 对象", "a JSON object")));
    return err_make(ECODE_HTTP_PARAMETER, "body is no object");
}

/* Names of a form's pairs, each once; what came with files to keep was read on the way. */
static Err read_form_pairs(Call *call, const Pair **pairs, size_t *count, Problems *problems)
{
    Str   form_media = STR("application/x-www-form-urlencoded");
    Body *body = exchange_sink(call->transport->exchange);
    Str   media = call_header(call, STR("Content-Type"));
    Str   boundary = call->endpoint->in_memory ? multipart_boundary(media) : STR_NONE;
    if (body || boundary.len) {
        TRY(body ? body_complete(body, call, pairs, count)
                 : body_read(call, boundary, call_raw_body(call), pairs, count));
        refuse_twice(call, *pairs, *count, problems);
        return ERR_OK;
    }
    if (!media_is(media, form_media))
        return media_refused(problems, form_media);
    return read_pairs(call, call_raw_body(call), CALL_FORM_PAIRS_MAX, pairs, count, problems);
}

/* The form's pairs without its token and the key of its sending, which go to *token and *once. */
static Err read_form(Call *call, Str *token, Str *once, Problems *problems)
{
    const Pair *pairs;
    size_t      count, kept = 0;
    TRY(read_form_pairs(call, &pairs, &count, problems));
    Pair *form = ARENA_ARRAY(call->ctx.arena, Pair, count);
    for (size_t i = 0; i < count; i++) {
        if (str_eq(pairs[i].name, STR("csrf")))
            *token = pairs[i].value;
        else if (str_eq(pairs[i].name, STR("once")))
            *once = pairs[i].value;
        else
            form[kept++] = pairs[i];
    }
    call->form = form;
    call->form_count = kept;
    return problems->count ? err_make(problems->items[0].code, "form") : ERR_OK;
}

/* What must be known before it is decided whether the request comes from one of our pages. */
static Err read_token(Call *call, Str *token, Str *once, Problems *problems)
{
    return call->endpoint->body == BODY_FORM ? read_form(call, token, once, problems) : ERR_OK;
}

/* ---- a body that is a file ---- */

static bool is_json(const Call *call)
{
    return media_is(call_header(call, STR("Content-Type")), STR("application/json"));
}

/* Of a request of this process it stands in memory. */
static Err stage_local(Call *call, Body *body)
{
    call->transport->body = body;
    return body_take(body, call->transport->request->body);
}

/* A file as it is, or JSON about one. */
static Err read_file(Call *call, Problems *problems)
{
    Exchange   *exchange = call->transport->exchange;
    Body       *body = exchange ? exchange_sink(exchange) : NULL;
    const Pair *none;
    size_t      no_pairs;
    if (!body && (is_json(call) || !call_raw_body(call).len))
        return read_json(call, problems);
    if (!body) {
        body = body_open(call, STR_NONE);
        TRY(stage_local(call, body));
    }
    return body_complete(body, call, &none, &no_pairs);
}

static Err read_body(Call *call, Problems *problems)
{
    switch (call->endpoint->body) {
    case BODY_JSON: return read_json(call, problems);
    case BODY_FILE: return read_file(call, problems);
    default: return ERR_OK;
    }
}

/* What tells two bodies of one key apart. */
static Hash hash_of_body(const Call *call)
{
    const Body *body = call->transport->exchange ? exchange_sink(call->transport->exchange) : call->transport->body;
    return body ? body_hash(body, call_query(call, STR("name"))) : sha256(call_raw_body(call));
}

/* ---- permission ---- */

/* Operators of the running city see its figures from the machine itself, behind a token; everybody
 * else sees no such address. */
static bool may_watch(const Call *call)
{
    bool operates = call->ctx.actor && call->ctx.actor->role == ROLE_OPERATOR;
    return call->from != CALL_NETWORK || (operates && address_is_loopback(call_peer(call)));
}

static Err check_permission(const Call *call)
{
    switch (call->endpoint->permission) {
    case ALLOW_SIGNED_IN: return call->ctx.actor ? ERR_OK : err_make(ECODE_SIGN_IN_NEEDED, "");
    case ALLOW_OPERATOR: return call->from != CALL_NETWORK ? ERR_OK : err_make(ECODE_PAGE_UNSEEN, "");
    case ALLOW_WATCH: return may_watch(call) ? ERR_OK : err_make(ECODE_PAGE_UNSEEN, "");
    case ALLOW_ALL: break;
    }
    return ERR_OK;
}

/* ---- the way of a request ---- */

static Err find_address(Call *call, Problems *problems)
{
    unsigned allowed;
    call->endpoint = endpoint_find(call->method, call->path, call->params, &allowed);
    if (call->endpoint)
        return ERR_OK;
    if (!allowed)
        return err_make(ECODE_PAGE_UNSEEN, "");
    Str    names[METHOD_COUNT];
    size_t count = 0;
    for (Method method = METHOD_GET; method < METHOD_COUNT; method++)
        if (allowed >> method & 1)
            names[count++] = method_name(method);
    Str list = str_join(call->ctx.arena, names, count, STR(", "));
    call_set_header(call, STR("Allow"), list);
    PROBLEM(problems, ECODE_HTTP_METHOD, STR_NONE, STR_NONE, ARG("allowed", list));
    return err_make(ECODE_HTTP_METHOD, "");
}

/* Whether the reply is for a person: the address of a page, or no address at all and a browser asks. */
static bool wants_page(const Call *call)
{
    if (str_eq(call_query(call, STR("format")), STR("json")) || !call->transport->exchange)
        return false;
    if (call->endpoint)
        return call->endpoint->page != PAGE_NONE;
    Str accept = call_header(call, STR("Accept"));
    return !str_starts(call->path, STR("/api/")) && accept.ptr && str_find(accept, STR("text/html")) < accept.len;
}

Err call_snapshot_open(Call *call)
{
    TRY(db_snapshot_begin(call->ctx.db));
    call->transport->snapshot = true;
    return ERR_OK;
}

void call_snapshot_close(Call *call)
{
    if (call->transport->snapshot)
        db_snapshot_end(call->ctx.db);
    call->transport->snapshot = false;
}

static Err read_query(Call *call, Problems *problems)
{
    Str query = STR_NONE;
    if (call->transport->exchange) {
        query = exchange_query(call->transport->exchange);
    } else {
        query = call->transport->request->target;
        str_cut(&query, '?');
    }
    return query.len ? read_pairs(call, query, CALL_PAIRS_MAX, &call->query, &call->query_count, problems) : ERR_OK;
}

static Err admit(Call *call, Problems *problems)
{
    Str token = STR_NONE, once = STR_NONE;
    Err query = read_query(call, problems);
    choose_language(call);
    Err address = find_address(call, problems);
    call->page = wants_page(call);
    TRY(address);
    TRY(query);
    if (call->endpoint->permission != ALLOW_ALL || !call->endpoint->plain) {
        TRY(call_snapshot_open(call));
        Err who = identify(call);
        if (who.code == ECODE_LOGIN_UNKNOWN)
            PROBLEM(problems, ECODE_LOGIN_UNKNOWN, STR_NONE, STR_NONE,
                    ARG("login", call_header(call, STR("Firstmile-As"))));
        /* A session whose membership has ended may still sign in anew, switch, or sign out. */
        if (who.code != ECODE_SIGN_IN_NO_MEMBERSHIP || call->as != CALL_AS_SESSION ||
            call->endpoint->permission != ALLOW_ALL)
            TRY(who);
    }
    TRY(check_permission(call));
    TRY(read_token(call, &token, &once, problems));
    TRY(origin_check(call, call->endpoint->csrf, token, problems));
    TRY(check_query(call, problems));
    keep_language(call);
    TRY(read_body(call, problems));
    return call->endpoint->body == BODY_NONE ? ERR_OK : idempotent_read(call, hash_of_body(call), once, problems);
}

/* A person who must sign in first is shown where, and comes back to the page that was asked for. */
static bool led_to_sign_in(Call *call, Err err)
{
    if (!call->page || err.code != ECODE_SIGN_IN_NEEDED || !call->endpoint ||
        call_header(call, STR("Authorization")).ptr)
        return false;
    Str next = STR("/desk"); /* the first page of a person */
    if (call->method == METHOD_GET && !str_eq(call->path, STR("/"))) {
        Str query = exchange_query(call->transport->exchange);
        next = str_printf(call->ctx.arena, "%.*s%s%.*s", STR_FMT(call->path), query.len ? "?" : "", STR_FMT(query));
    }
    call_redirect(call, str_printf(call->ctx.arena, "/sign-in?next=%.*s", STR_FMT(uri_escape(call->ctx.arena, next))));
    return true;
}

static void begin(Call *call)
{
    Problems problems = call_problems(call);
    Err      err = admit(call, &problems);
    call->transport->spent.parse_us = monotonic_us() - call->transport->start_us;
    if (!err.kind && call->page && pages[call->endpoint->page].before && pages[call->endpoint->page].before(call))
        return;
    if (!err.kind)
        call->endpoint->handler(call);
    else if (!led_to_sign_in(call, err))
        call_fail(call, err, &problems);
}

/* ---- the end of a request ---- */

static bool is_logged(const Call *call, int64_t ms)
{
    int  status = call->reply.status;
    bool notable = ms > APP_SLOW_MS || status >= 500 || status == 401 || status == 403 || status == 429;
    switch (call->app->config.log) {
    case APP_LOG_NOTABLE: return notable;
    case APP_LOG_ALL: return true;
    case APP_LOG_FAULTS: return status >= 500;
    case APP_LOG_NONE: break;
    }
    return false;
}

/* A text of somebody else's as one word of the log. */
static void log_quoted(Buf *buf, Str text)
{
    buf_char(buf, '"');
    for (size_t i = 0; i < text.len; i++)
        buf_char(buf,
                 (unsigned char)text.ptr[i] < ' ' || text.ptr[i] == '"' || text.ptr[i] == 0x7f ? '?' : text.ptr[i]);
    buf_char(buf, '"');
}

/* Context of an error of ours; it may quote what a client sent. */
static Str log_context(const Call *call)
{
    Buf buf = buf_new(call->ctx.arena, SIZE_MAX);
    buf_add(&buf, STR(" context="));
    log_quoted(&buf, str_from(call->reply.err.context));
    return buf_str(&buf);
}

/* Names in a statement are in quotation marks: here in single ones. */
static void log_slow(Str sql, int64_t us)
{
    OWNED(arena) Arena *arena = arena_new();
    Buf                 text = buf_new(arena, SIZE_MAX), line = buf_new(arena, SIZE_MAX);
    Env                 env = env_system();
    for (size_t i = 0; i < sql.len; i++)
        buf_char(&text, sql.ptr[i] == '"' ? '\'' : sql.ptr[i] == '\n' ? ' ' : sql.ptr[i]);
    buf_printf(&line, "time=%.*s slow_statement_ms=%lld.%03lld sql=", STR_FMT(instant_text(arena, env_now(&env))),
               (long long)(us / 1000), (long long)(us % 1000));
    log_quoted(&line, buf_str(&text));
    fprintf(stderr, "%.*s\n", STR_FMT(buf_str(&line)));
}

const DbSlow app_slow_statements = { INT64_C(1000) * APP_SLOW_STATEMENT_MS, log_slow };

/* One line: beside its address and that context no text is the client's, so nothing in it can
 * pretend to be another line. */
static double as_ms(int64_t us) { return (double)us / 1000; }

static void log_line(const Call *call, int64_t us)
{
    const Exchange *exchange = call->transport->exchange;
    const Spent    *spent = &call->transport->spent;
    Str             actor = STR("-");
    if (call->ctx.actor && call->ctx.actor->person.len) {
        Hash hash = sha256(call->ctx.actor->person);
        actor = str_slice(hex_encode(call->ctx.arena, hash_str(&hash)), 0, 12);
    }
    Str time = instant_text(call->ctx.arena, call->ctx.now_ms), id = exchange ? exchange_id(exchange) : STR("process");
    Str code = call->reply.err.kind ? err_row(call->reply.err.code)->code : STR("-");
    Str context = call->reply.status >= 500 ? log_context(call) : STR_NONE;
    fprintf(stderr,
            "time=%.*s request=%.*s peer=%.*s method=%.*s endpoint=%s status=%d ms=%.3f parse_ms=%.3f queue_ms=%.3f"
            " sql_ms=%.3f render_ms=%.3f actor=%.*s code=%.*s%.*s\n",
            STR_FMT(time), STR_FMT(id), STR_FMT(call_peer(call)), STR_FMT(method_name(call->method)),
            call->endpoint ? call->endpoint->pattern : "-", call->reply.status, as_ms(us), as_ms(spent->parse_us),
            as_ms(spent->queue_us), as_ms(spent->sql_us), as_ms(spent->render_us), STR_FMT(actor), STR_FMT(code),
            STR_FMT(context));
}

static void count_reply(Loop *loop, int status, int64_t us)
{
    int bucket = 0;
    while (bucket < TIME_BUCKETS - 1 && us > time_bounds_ms[bucket] * 1000)
        bucket++;
    atomic_fetch_add_explicit(&loop->replies[status / 100 % STATUS_CLASSES], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&loop->times[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&loop->time_us, (uint64_t)us, memory_order_relaxed);
}

void call_ended(const Call *call)
{
    const Transport *transport = call->transport;
    int64_t          us = monotonic_us() - transport->start_us;
    if (is_logged(call, us / 1000))
        log_line(call, us);
    if (transport->loop)
        count_reply(transport->loop, call->reply.status, us);
}

static void finish(Call *call)
{
    const Transport *transport = call->transport;
    if (call->stream) {
        stream_begin(call);
        return;
    }
    call_ended(call);
    if (transport->exchange)
        exchange_reply(transport->exchange, call->reply.status, call->reply.headers, call->reply.header_count,
                       call->reply.body);
}

/* Runs one step of the call with its reads of one moment; afterwards there is a reply or
 * somebody else holds the call. */
static void step(Call *call, void (*run)(Call *call))
{
    int64_t before_us = db_statement_us(call->ctx.db);
    run(call);
    call_snapshot_close(call);
    call->transport->spent.sql_us += db_statement_us(call->ctx.db) - before_us;
    assert(call->reply.status || call->transport->waiting);
    if (call->reply.status)
        finish(call);
}

/* Without a snapshot there is no telling what the call did. Where it did nothing it is answered so, and asked again; a
 * change that is on the disk must not be, or the client makes it twice. */
static void resume(Call *call)
{
    call->transport->waiting = false;
    call->transport->spent.queue_us += monotonic_us() - call->transport->left_us;
    Err err = call_snapshot_open(call);
    if (err.kind && call->transport->committed)
        store_end_process("reading after a commit", err.context);
    if (err.kind) {
        call_fail(call, err, NULL);
        finish(call);
        return;
    }
    step(call, call->transport->resume);
}

/* ---- waiting ---- */

void call_leave(Call *call, void (*resume_by)(Call *call))
{
    call->transport->waiting = true;
    call->transport->left_us = monotonic_us();
    call->transport->resume = resume_by;
}

static void posted(Exchange *exchange, void *call)
{
    (void)exchange;
    resume(call);
}

void call_resume(Call *call)
{
    Transport *transport = call->transport;
    if (transport->exchange) {
        exchange_post(transport->exchange, posted, call);
        return;
    }
    pthread_mutex_lock(&transport->mutex);
    transport->resumed = true;
    pthread_cond_signal(&transport->wake);
    pthread_mutex_unlock(&transport->mutex);
}

/* ---- from the server ---- */

static Call *call_of_exchange(Exchange *exchange, App *app)
{
    Arena     *arena = exchange_arena(exchange);
    Call      *call = ARENA_NEW(arena, Call);
    Transport *transport = ARENA_NEW(arena, Transport);
    transport->exchange = exchange;
    transport->loop = exchange_loop_state(exchange);
    transport->start_us = monotonic_us();
    call->app = app;
    call->transport = transport;
    call->from = exchange_from_unix_socket(exchange) ? CALL_SOCKET : CALL_NETWORK;
    call->method = exchange_method(exchange);
    call->path = exchange_path(exchange);
    call->secure = exchange_secure(exchange);
    call->ctx = (Ctx){
        .city = app->config.city, .db = transport->loop->db, .arena = arena, .now_ms = exchange_arrived_ms(exchange)
    };
    return call;
}

void dispatch_exchange(Exchange *exchange, void *app) { step(call_of_exchange(exchange, app), begin); }

void dispatch_refuse(Exchange *exchange, Err err, void *app)
{
    Call    *call = call_of_exchange(exchange, app);
    Problems problems = call_problems(call);
    choose_language(call);
    if (err.code == ECODE_HTTP_BODY)
        PROBLEM(&problems, ECODE_HTTP_BODY, STR_NONE, STR_NONE,
                ARG("max", str_printf(call->ctx.arena, "%zu", dispatch_body_max(exchange, app))));
    if (err.code == ECODE_HTTP_MEDIA) /* of a file, by a session */
        PROBLEM(&problems, ECODE_HTTP_MEDIA, STR_NONE, STR_NONE, ARG("expected", STR("X-Firstmile: 1")));
    call_fail(call, err, &problems);
    finish(call);
}

/* The boundary of a form with files at the address of a form; else empty. */
static Str form_boundary(const Endpoint *endpoint, const Exchange *head)
{
    return endpoint && endpoint->files ? multipart_boundary(exchange_header(head, STR("Content-Type"))) : STR_NONE;
}

static const Endpoint *endpoint_of(const Exchange *head)
{
    Str      params[CALL_PARAMS_MAX];
    unsigned allowed;
    return endpoint_find(exchange_method(head), exchange_path(head), params, &allowed);
}

static bool sent_as_file(const Endpoint *endpoint, const Exchange *head)
{
    return endpoint && endpoint->body == BODY_FILE &&
           !media_is(exchange_header(head, STR("Content-Type")), STR("application/json"));
}

static size_t largest_body(const Endpoint *endpoint, const Exchange *head)
{
    if (form_boundary(endpoint, head).len)
        return (size_t)LIMIT_FILE_BYTES + LIMIT_FORM_FIELDS_BYTES;
    if (sent_as_file(endpoint, head))
        return endpoint->body_max;
    return endpoint ? endpoint->json_max : 0;
}

size_t dispatch_body_max(const Exchange *head, void *app)
{
    const Endpoint *endpoint = endpoint_of(head);
    size_t          most = largest_body(endpoint, head);
    (void)app;
    if (!most)
        return LIMIT_BODY_BYTES;
    /* Large bodies only from those who say who they are, but where nobody need. */
    bool somebody = endpoint->permission == ALLOW_ALL || exchange_from_unix_socket(head) ||
                    exchange_header(head, STR("Authorization")).ptr || exchange_header(head, STR("Cookie")).ptr;
    return somebody ? most : LIMIT_BODY_BYTES;
}

/* Who asks, and may they, before anything is written for them; begin() asks it all again. */
static Err body_admit(Call *call)
{
    Problems problems = call_problems(call);
    TRY(identify(call));
    TRY(check_permission(call));
    if (call->endpoint->body == BODY_FILE)
        TRY(origin_check(call, call->endpoint->csrf, STR_NONE, &problems));
    return call->endpoint->before_body ? call->endpoint->before_body(call) : ERR_OK;
}

Err dispatch_body_begin(Exchange *head, void *app, BodySink *out)
{
    const Endpoint *endpoint = endpoint_of(head);
    Str             boundary = form_boundary(endpoint, head);
    unsigned        allowed;
    if (!boundary.len && !sent_as_file(endpoint, head))
        return ERR_OK;
    Call *call = call_of_exchange(head, app);
    call->endpoint = endpoint_find(call->method, call->path, call->params, &allowed);
    TRY(call_snapshot_open(call));
    Err err = body_admit(call);
    call_snapshot_close(call);
    if (!err.kind)
        *out = (BodySink){ body_take, body_end, body_open(call, boundary) };
    return err;
}

/* ---- from this process ---- */

static Err decoded_path(Arena *arena, Str target, Str *out)
{
    Str  path = str_cut(&target, '?'), value;
    Form form = form_open(arena, str_printf(arena, "p=%.*s", STR_FMT(path))); /* a form's value has the same escapes */
    Str  name;
    if (!form_next(&form, &name, &value) || form.bad || !str_starts(value, STR("/")))
        return err_make(ECODE_HTTP_TARGET, "%.*s", STR_FMT(path));
    *out = value;
    return ERR_OK;
}

static void begin_local(Call *call)
{
    Err err = decoded_path(call->ctx.arena, call->transport->request->target, &call->path);
    if (err.kind)
        call_fail(call, err, NULL);
    else
        begin(call);
}

Err app_call(App *app, Db *db, Arena *arena, const AppRequest *request, AppReply *out)
{
    Transport *transport = ARENA_NEW(arena, Transport);
    Call      *call = ARENA_NEW(arena, Call);
    transport->request = request;
    transport->start_us = monotonic_us();
    pthread_mutex_init(&transport->mutex, NULL);
    pthread_cond_init(&transport->wake, NULL);
    *call = (Call){ .app = app, .transport = transport, .from = CALL_PROCESS, .method = request->method };
    call->ctx = (Ctx){ .city = app->config.city,
                       .db = db,
                       .arena = arena,
                       .now_ms = env_now(&app->config.city->env),
                       .lang = request->lang };
    step(call, begin_local);
    while (!call->reply.status) {
        pthread_mutex_lock(&transport->mutex);
        while (!transport->resumed)
            pthread_cond_wait(&transport->wake, &transport->mutex);
        transport->resumed = false;
        pthread_mutex_unlock(&transport->mutex);
        resume(call);
    }
    pthread_mutex_destroy(&transport->mutex);
    pthread_cond_destroy(&transport->wake);
    if (transport->body)
        body_end(transport->body);
    *out = (AppReply){ .status = call->reply.status,
                       .headers = call->reply.headers,
                       .header_count = call->reply.header_count,
                       .body = call->reply.body };
    return call->stream ? stream_run(call) : ERR_OK;
}
