/* kernel/signin.c: see signin.h. */
#include "kernel/signin.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "kernel/rate.h"

#include <argon2.h>
#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TAG_SIZE 32

/* ---- statements ---- */

typedef enum Statement {
    CREDENTIAL_FIND,
    CREDENTIAL_LIST,
    CREDENTIAL_PUT,
    CREDENTIAL_RENEW,
    CREDENTIAL_END,
    SESSION_FIND,
    SESSION_ADD,
    SESSION_SWEEP,
    SESSION_OLDEST_GO,
    SESSION_TOUCH,
    SESSION_END,
    SESSION_END_PERSON,
    TOKEN_FIND,
    TOKEN_LIST,
    TOKEN_ADD,
    TOKEN_END,
    TOKEN_END_PERSON,
    STATEMENT_COUNT
} Statement;

static const Str statements[STATEMENT_COUNT] = {
    [CREDENTIAL_FIND] = STR_INIT("SELECT person, login, hash, created FROM credential WHERE login = ?1"),
    [CREDENTIAL_LIST] = STR_INIT("SELECT person, login, hash, created FROM credential ORDER BY login"),
    [CREDENTIAL_PUT] = STR_INIT("INSERT INTO credential (person, login, hash, created) VALUES (?1, ?2, ?3, ?4) "
                                "ON CONFLICT (person) DO UPDATE SET login = ?2, hash = ?3, created = ?4"),
    [CREDENTIAL_RENEW] = STR_INIT("UPDATE credential SET hash = ?3 WHERE login = ?1 AND hash = ?2"),
    [CREDENTIAL_END] = STR_INIT("DELETE FROM credential WHERE login = ?1"),
    [SESSION_FIND] = STR_INIT("SELECT person, membership, created, seen FROM session WHERE token = ?1"),
    [SESSION_ADD] = STR_INIT(
        "INSERT INTO session (token, person, membership, created, seen) VALUES (?1, ?2, ?3, ?4, ?5)"),
    [SESSION_SWEEP] = STR_INIT("DELETE FROM session WHERE created <= ?1 OR seen <= ?2"),
    [SESSION_OLDEST_GO] = STR_INIT(
        "DELETE FROM session WHERE person = ?1 AND token NOT IN (SELECT token FROM session WHERE person = ?1 "
        "ORDER BY token = ?2 DESC, created DESC, seen DESC, token LIMIT ?3)"),
    [SESSION_TOUCH] = STR_INIT("UPDATE session SET seen = ?2 WHERE token = ?1 AND seen < ?2"),
    [SESSION_END] = STR_INIT("DELETE FROM session WHERE token = ?1"),
    [SESSION_END_PERSON] = STR_INIT("DELETE FROM session WHERE person = ?1"),
    [TOKEN_FIND] = STR_INIT("SELECT id, hash, person, membership, label, created, ended FROM token "
                            "WHERE hash = ?1 AND ended IS NULL"),
    [TOKEN_LIST] = STR_INIT(
        "SELECT id, hash, person, membership, label, created, ended FROM token ORDER BY created, id"),
    [TOKEN_ADD] = STR_INIT("INSERT INTO token (id, hash, person, membership, label, created) "
                           "VALUES (?1, ?2, ?3, ?4, ?5, ?6)"),
    [TOKEN_END] = STR_INIT("UPDATE token SET ended = ?2 WHERE id = ?1 AND ended IS NULL"),
    [TOKEN_END_PERSON] = STR_INIT("UPDATE token SET ended = ?2 WHERE person = ?1 AND ended IS NULL"),
};

#define RUN(db, statement, ...)                                                                                        \
    db_run((db), statements[statement], (const Value[]){ __VA_ARGS__ },                                                \
           sizeof((const Value[]){ __VA_ARGS__ }) / sizeof(Value))

static Str row_text(Arena *arena, const Rows *rows, int column)
{
    return str_dup(arena, rows_borrow_text(rows, column));
}

/* ---- passwords ---- */

/* $argon2id-hmac-sha256$v=19$m=65536,t=3,p=1$<salt>$<tag>: the PHC string format, its base64 without padding. */
typedef struct Phc {
    uint32_t memory_kib, passes, lanes;
    uint8_t  salt[PASSWORD_SALT_SIZE];
    Str      tag; /* as text */
} Phc;

#define PHC_START     "$argon2id-hmac-sha256$v=19$"
#define PHC_MEMORY    (1024 * 1024) /* most that a stored string may ask for: 1 GiB, 64 passes, 16 lanes */
#define PHC_PASSES    64
#define PHC_LANES     16
#define SALT_TEXT_LEN 22

static Hash derived_key(const City *city, Str purpose) { return hmac_sha256(hash_str(&city->secret), purpose); }

static Str base64_bare(Arena *arena, Str bytes)
{
    Str text = base64_encode(arena, bytes);
    while (text.len && text.ptr[text.len - 1] == '=')
        text.len--;
    return text;
}

/* "m=65536" of rest up to sep, as a number from 1 to max. */
static bool phc_number(Str *rest, char sep, char name, int64_t max, uint32_t *out)
{
    Str     part = str_cut(rest, sep);
    int64_t number;
    if (part.len < 3 || part.ptr[0] != name || part.ptr[1] != '=' || !str_int(str_slice(part, 2, part.len), &number) ||
        number < 1 || number > max)
        return false;
    *out = (uint32_t)number;
    return true;
}

static bool phc_parse(Arena *arena, Str stored, Phc *out)
{
    if (!str_starts(stored, STR(PHC_START)))
        return false;
    Str rest = str_slice(stored, sizeof(PHC_START) - 1, stored.len);
    if (!phc_number(&rest, ',', 'm', PHC_MEMORY, &out->memory_kib) ||
        !phc_number(&rest, ',', 't', PHC_PASSES, &out->passes) || !phc_number(&rest, '$', 'p', PHC_LANES, &out->lanes))
        return false;
    Str text = str_cut(&rest, '$'), salt;
    out->tag = rest;
    if (text.len != SALT_TEXT_LEN || !rest.len ||
        !base64_decode(arena, str_printf(arena, "%.*s==", STR_FMT(text)), &salt) || salt.len != sizeof out->salt)
        return false;
    memcpy(out->salt, salt.ptr, sizeof out->salt);
    return true;
}

/* The peppered tag as text. The same letters typed on another keyboard are the same
 * password: it is normalised first. */
static Str password_tag(const City *city, Arena *arena, const Phc *phc, Str password)
{
    uint8_t raw[TAG_SIZE];
    Str     normal = utf8_valid(password) ? utf8_normal(arena, password) : password;
    int     status = argon2id_hash_raw(phc->passes, phc->memory_kib, phc->lanes, normal.ptr, normal.len, phc->salt,
                                       sizeof phc->salt, raw, sizeof raw);
    if (normal.ptr != password.ptr)
        explicit_bzero((char *)normal.ptr, normal.len);
    if (status !=
        ARGON2_OK) { /* the parameters are in range, so it is memory: as for every allocation, the process ends */
        fprintf(stderr, "firstmile: argon2: %s\n", argon2_error_message(status));
        abort();
    }
    Hash pepper = derived_key(city, STR("firstmile password pepper 1"));
    Hash tag = hmac_sha256(hash_str(&pepper), (Str){ (const char *)raw, sizeof raw });
    explicit_bzero(raw, sizeof raw);
    return base64_bare(arena, hash_str(&tag));
}

static const Phc phc_now = { .memory_kib = PASSWORD_MEMORY_KIB, .passes = PASSWORD_PASSES, .lanes = PASSWORD_LANES };

Str password_hash(const City *city, Arena *arena, Str password)
{
    Phc phc = phc_now;
    env_random(&city->env, phc.salt, sizeof phc.salt);
    Str salt = base64_bare(arena, (Str){ (const char *)phc.salt, sizeof phc.salt });
    Str tag = password_tag(city, arena, &phc, password);
    return str_printf(arena, PHC_START "m=%d,t=%d,p=%d$%.*s$%.*s", PASSWORD_MEMORY_KIB, PASSWORD_PASSES, PASSWORD_LANES,
                      STR_FMT(salt), STR_FMT(tag));
}

bool password_check(const City *city, Str stored, Str password, bool *weak)
{
    OWNED(arena) Arena *arena = arena_new();
    Phc                 phc = phc_now;
    bool                known = phc_parse(arena, stored, &phc);
    if (!known)
        phc = phc_now; /* a damaged string may have half filled it */
    Str tag = password_tag(city, arena, &phc, password);
    *weak = phc.memory_kib < PASSWORD_MEMORY_KIB || phc.passes < PASSWORD_PASSES;
    return known && bytes_eq_secret(tag, phc.tag);
}

/* ---- credentials ---- */

bool login_valid(Str login)
{
    if (login.len == 0 || login.len > LOGIN_BYTES_MAX)
        return false;
    for (size_t i = 0; i < login.len; i++) {
        char c = login.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && !memchr("._-@", c, 4))
            return false;
    }
    return true;
}

static Credential credential_row(Arena *arena, const Rows *rows)
{
    return (Credential){ .person = row_text(arena, rows, 0),
                         .login = row_text(arena, rows, 1),
                         .hash = row_text(arena, rows, 2),
                         .created_ms = rows_int(rows, 3) };
}

Err credential_find(Db *db, Arena *arena, Str login, Credential *out, bool *found)
{
    OWNED(rows) Rows *rows = NULL;
    Value             param = value_text(login);
    TRY(db_query(db, statements[CREDENTIAL_FIND], &param, 1, &rows));
    TRY(rows_next(rows, found));
    if (*found)
        *out = credential_row(arena, rows);
    return ERR_OK;
}

Err credential_list(Db *db, Arena *arena, Credential **out, size_t *count)
{
    OWNED(rows) Rows *rows = NULL;
    Credential       *list = NULL;
    size_t            n = 0, capacity = 0;
    TRY(db_query(db, statements[CREDENTIAL_LIST], NULL, 0, &rows));
    for (;;) {
        bool more;
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        ARENA_ROOM(arena, list, n, capacity);
        list[n++] = credential_row(arena, rows);
    }
    *out = list;
    *count = n;
    return ERR_OK;
}

Err credential_put(Db *db, Str person, Str login, Str hash, int64_t now_ms)
{
    OWNED(arena) Arena *arena = arena_new();
    Credential          held;
    bool                found;
    TRY(credential_find(db, arena, login, &held, &found));
    if (found && !str_eq(held.person, person))
        return err_make(ECODE_LOGIN_TAKEN, "%.*s", STR_FMT(login));
    TRY(RUN(db, CREDENTIAL_PUT, value_text(person), value_text(login), value_text(hash), value_int(now_ms)));
    return RUN(db, SESSION_END_PERSON, value_text(person));
}

Err credential_recheck(Db *db, const Credential *read)
{
    OWNED(arena) Arena *arena = arena_new();
    Credential          now;
    bool                found;
    TRY(credential_find(db, arena, read->login, &now, &found));
    bool same = found && str_eq(now.person, read->person) && now.created_ms == read->created_ms;
    return same ? ERR_OK : err_make(ECODE_SIGN_IN_WRONG, "%.*s changed meanwhile", STR_FMT(read->login));
}

Err credential_renew(Db *db, Str login, Str old_hash, Str hash)
{
    return RUN(db, CREDENTIAL_RENEW, value_text(login), value_text(old_hash), value_text(hash));
}

Err credential_end(Db *db, Str login, int64_t now_ms)
{
    OWNED(arena) Arena *arena = arena_new();
    Credential          held;
    bool                found;
    TRY(credential_find(db, arena, login, &held, &found));
    if (!found)
        return err_make(ECODE_LOGIN_UNKNOWN, "%.*s", STR_FMT(login));
    db_erased(db); /* a login may be a name or a telephone number */
    TRY(RUN(db, CREDENTIAL_END, value_text(login)));
    TRY(RUN(db, SESSION_END_PERSON, value_text(held.person)));
    return RUN(db, TOKEN_END_PERSON, value_text(held.person), value_int(now_ms));
}

/* ---- the queue ---- */

struct SignInQueue {
    const City     *city;
    pthread_mutex_t mutex;
    pthread_cond_t  work;
    PasswordJob    *first, *last;
    size_t          waiting, max;
    bool            ending;
    unsigned        thread_count;
    pthread_t       threads[];
};

static void fresh_set(const City *city, PasswordJob *job)
{
    OWNED(arena) Arena *arena = arena_new();
    Str                 fresh = password_hash(city, arena, job->password);
    assert(fresh.len <= sizeof job->fresh);
    memcpy(job->fresh, fresh.ptr, fresh.len);
    job->fresh_len = fresh.len;
}

static void job_run(const City *city, PasswordJob *job)
{
    bool weak = false;
    job->fresh_len = 0;
    job->right = !job->make && password_check(city, job->stored, job->password, &weak);
    if (job->make || (job->right && weak))
        fresh_set(city, job);
}

static void *queue_thread(void *arg)
{
    SignInQueue *queue = arg;
    for (;;) {
        pthread_mutex_lock(&queue->mutex);
        while (!queue->first && !queue->ending)
            pthread_cond_wait(&queue->work, &queue->mutex);
        PasswordJob *job = queue->first;
        if (job) {
            queue->first = job->next;
            if (!queue->first)
                queue->last = NULL;
            queue->waiting--;
        }
        pthread_mutex_unlock(&queue->mutex);
        if (!job)
            return NULL;
        job_run(queue->city, job);
        job->done(job); /* the job may be gone after this */
    }
}

Err sign_in_queue_new(const City *city, unsigned threads, size_t queue_max, SignInQueue **out)
{
    if (threads == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        threads = cores > 0 ? (unsigned)cores : 1;
    }
    SignInQueue *queue = mem_alloc(sizeof *queue + threads * sizeof queue->threads[0]);
    queue->city = city;
    queue->max = queue_max;
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->work, NULL);
    for (; queue->thread_count < threads; queue->thread_count++) {
        int status = pthread_create(&queue->threads[queue->thread_count], NULL, queue_thread, queue);
        if (status) {
            sign_in_queue_free(queue);
            return err_make(ECODE_INTERNAL, "sign-in thread: %s", strerror(status));
        }
    }
    *out = queue;
    return ERR_OK;
}

Err sign_in_queue_submit(SignInQueue *queue, PasswordJob *job)
{
    pthread_mutex_lock(&queue->mutex);
    bool full = queue->waiting >= queue->max;
    if (!full) {
        job->next = NULL;
        if (queue->last)
            queue->last->next = job;
        else
            queue->first = job;
        queue->last = job;
        queue->waiting++;
        pthread_cond_signal(&queue->work);
    }
    pthread_mutex_unlock(&queue->mutex);
    return full ? err_make(ECODE_BUSY, "%zu passwords wait", queue->max) : ERR_OK;
}

void sign_in_queue_free(SignInQueue *queue)
{
    if (!queue)
        return;
    pthread_mutex_lock(&queue->mutex);
    queue->ending = true;
    pthread_cond_broadcast(&queue->work);
    pthread_mutex_unlock(&queue->mutex);
    for (unsigned i = 0; i < queue->thread_count; i++)
        pthread_join(queue->threads[i], NULL);
    pthread_mutex_destroy(&queue->mutex);
    pthread_cond_destroy(&queue->work);
    free(queue);
}

/* ---- the gate ---- */

struct SignInGate {
    SignInRates rates;
    Rate       *rate;
};

SignInGate *sign_in_gate_new(const City *city, SignInRates rates)
{
    SignInGate *gate = mem_alloc(sizeof *gate);
    *gate = (SignInGate){ .rates = rates, .rate = rate_new(derived_key(city, STR("firstmile sign-in gate 1"))) };
    return gate;
}

void sign_in_gate_free(SignInGate *gate)
{
    if (!gate)
        return;
    rate_free(gate->rate);
    free(gate);
}

typedef struct GateSides {
    struct in6_addr network; /* where an address is counted by its network */
    RateSide        side[2];
} GateSides;

/* Whoever has an IPv6 network has 2^64 addresses: the network counts. */
static Str counted_address(Str address, struct in6_addr *network)
{
    char text[INET6_ADDRSTRLEN];
    if (!address.len || address.len >= sizeof text || !memchr(address.ptr, ':', address.len))
        return address;
    memcpy(text, address.ptr, address.len);
    text[address.len] = '\0';
    return inet_pton(AF_INET6, text, network) == 1 ? (Str){ (const char *)network->s6_addr, 8 } : address;
}

static void gate_sides(const SignInGate *gate, Str login, Str address, GateSides *out)
{
    out->side[0] = (RateSide){ 'l', login, gate->rates.per_login };
    out->side[1] = (RateSide){ 'a', counted_address(address, &out->network), gate->rates.per_address };
}

Err sign_in_gate_take(SignInGate *gate, Str login, Str address, int64_t now_ms, int64_t *wait_s)
{
    GateSides sides;
    gate_sides(gate, login, address, &sides);
    int64_t wait_ms = rate_take(gate->rate, sides.side, 2, now_ms);
    *wait_s = (wait_ms + 999) / 1000;
    return wait_ms ? err_make(ECODE_RATE_LIMITED, "sign-in, %lld s", (long long)*wait_s) : ERR_OK;
}

void sign_in_gate_give_back(SignInGate *gate, Str login, Str address, int64_t now_ms)
{
    GateSides sides;
    gate_sides(gate, login, address, &sides);
    rate_give_back(gate->rate, sides.side, 2, now_ms);
}

/* ---- sessions ---- */

Str secret_make(const City *city, Arena *arena)
{
    uint8_t bytes[32];
    env_random(&city->env, bytes, sizeof bytes);
    Str text = base64url_encode(arena, (Str){ (const char *)bytes, sizeof bytes });
    explicit_bzero(bytes, sizeof bytes);
    return text;
}

Str secret_key(Arena *arena, Str secret)
{
    Hash hash = sha256(secret);
    return hex_encode(arena, hash_str(&hash));
}

Err session_find(Db *db, Arena *arena, Str key, int64_t now_ms, Session *out, bool *found)
{
    OWNED(rows) Rows *rows = NULL;
    Value             param = value_text(key);
    TRY(db_query(db, statements[SESSION_FIND], &param, 1, &rows));
    TRY(rows_next(rows, found));
    if (!*found)
        return ERR_OK;
    int64_t created = rows_int(rows, 2), seen = rows_int(rows, 3);
    *found = now_ms < created + LIMIT_SESSION_MS && now_ms < seen + LIMIT_SESSION_IDLE_MS;
    if (*found)
        *out = (Session){ .key = key,
                          .person = row_text(arena, rows, 0),
                          .membership = row_text(arena, rows, 1),
                          .created_ms = created,
                          .seen_ms = seen };
    return ERR_OK;
}

Err session_start(Db *db, const Session *session)
{
    TRY(RUN(db, SESSION_SWEEP, value_int(session->seen_ms - LIMIT_SESSION_MS),
            value_int(session->seen_ms - LIMIT_SESSION_IDLE_MS)));
    TRY(RUN(db, SESSION_ADD, value_text(session->key), value_text(session->person), value_text(session->membership),
            value_int(session->created_ms), value_int(session->seen_ms)));
    return RUN(db, SESSION_OLDEST_GO, value_text(session->person), value_text(session->key), value_int(LIMIT_SESSIONS));
}

Err session_replace(Db *db, Str old_key, const Session *next)
{
    TRY(session_end(db, old_key));
    return db_changes(db) ? session_start(db, next) : err_make(ECODE_SIGN_IN_NEEDED, "the session ended meanwhile");
}

Err session_touch(Db *db, Str key, int64_t now_ms)
{
    return RUN(db, SESSION_TOUCH, value_text(key), value_int(now_ms));
}

Err session_end(Db *db, Str key) { return RUN(db, SESSION_END, value_text(key)); }

Str session_form_token(const City *city, Arena *arena, Str session_key)
{
    Hash key = derived_key(city, STR("firstmile form token 1"));
    Hash token = hmac_sha256(hash_str(&key), str_printf(arena, "csrf%.*s", STR_FMT(session_key)));
    return base64url_encode(arena, hash_str(&token));
}

/* ---- tokens ---- */

static Token token_row(Arena *arena, const Rows *rows)
{
    return (Token){ .id = row_text(arena, rows, 0),
                    .key = row_text(arena, rows, 1),
                    .person = row_text(arena, rows, 2),
                    .membership = row_text(arena, rows, 3),
                    .label = row_text(arena, rows, 4),
                    .created_ms = rows_int(rows, 5),
                    .ended_ms = rows_int(rows, 6) };
}

Err token_find(Db *db, Arena *arena, Str key, Token *out, bool *found)
{
    OWNED(rows) Rows *rows = NULL;
    Value             param = value_text(key);
    TRY(db_query(db, statements[TOKEN_FIND], &param, 1, &rows));
    TRY(rows_next(rows, found));
    if (*found)
        *out = token_row(arena, rows);
    return ERR_OK;
}

Err token_list(Db *db, Arena *arena, Token **out, size_t *count)
{
    OWNED(rows) Rows *rows = NULL;
    Token            *list = NULL;
    size_t            n = 0, capacity = 0;
    TRY(db_query(db, statements[TOKEN_LIST], NULL, 0, &rows));
    for (;;) {
        bool more;
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        ARENA_ROOM(arena, list, n, capacity);
        list[n++] = token_row(arena, rows);
    }
    *out = list;
    *count = n;
    return ERR_OK;
}

Err token_add(Db *db, const Token *token)
{
    return RUN(db, TOKEN_ADD, value_text(token->id), value_text(token->key), value_text(token->person),
               value_text(token->membership), value_text(token->label), value_int(token->created_ms));
}

Err token_end(Db *db, Str id, int64_t now_ms)
{
    TRY(RUN(db, TOKEN_END, value_text(id), value_int(now_ms)));
    return db_changes(db) ? ERR_OK : err_make(ECODE_RECORD_UNSEEN, "token %.*s", STR_FMT(id));
}
