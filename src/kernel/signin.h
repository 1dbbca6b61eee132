/* kernel/signin.h: who is at the door: passwords, sessions of browsers, tokens of scripts.
 *
 * Tables   credential, session, token: operational, not events; in a backup, not rebuilt. Functions that take a Db and
 *          change something run on the writer's thread (WriterJob.run); the others on any connection.
 * Password Argon2id (RFC 9106), PASSWORD_* below; its tag then goes through HMAC-SHA-256
 * under a pepper derived from the
 *          city's secret, so that a stolen database alone cannot be guessed at. Stored as a PHC string with its own
 *          parameters: when the parameters rise, old strings still check, and are replaced at the next sign-in.
 * Secrets  sessions and tokens are 32 random bytes in base64url; the database keeps their SHA-256 only.
 * Ends     a session ends LIMIT_SESSION_IDLE_MS after it was last seen, LIMIT_SESSION_MS after sign-in, at
 *          sign-out, or when LIMIT_SESSIONS newer ones of the person exist; with the membership it acts as
 *          (actor_load says so) at once.
 * Rates    at most so many attempts a minute for a login and for an address (SignInGate); an attempt that was right
 *          costs none, so nobody can lock out a person who knows the password by being right elsewhere. */
#ifndef FM_KERNEL_SIGNIN_H
#define FM_KERNEL_SIGNIN_H

#include "kernel/party.h"

#define PASSWORD_PASSES     3
#define PASSWORD_MEMORY_KIB 65536
#define PASSWORD_LANES      1
#define PASSWORD_SALT_SIZE  16
#define PASSWORD_TEXT_MAX   192  /* bytes of a stored hash */
#define PASSWORD_POINTS_MIN 8    /* code points of a new password */
#define PASSWORD_BYTES_MAX  1024 /* of any password */
#define LOGIN_BYTES_MAX     64
#define SESSION_SEEN_MS     (60 * 1000LL) /* `seen` is written at most once in this time */
#define SECRET_TEXT_SIZE    43            /* 32 bytes in base64url */
#define TOKEN_PREFIX        "fm_"

/* ---- passwords ---- */

/* Makes a new hash; takes as long as PASSWORD_* say (a third of a second). */
Str password_hash(const City *city, Arena *arena, Str password);
/* Compares; *weak says that the parameters have risen since. stored empty or damaged: computes as
 * long as ever, and is false. */
bool password_check(const City *city, Str stored, Str password, bool *weak);

typedef struct Credential {
    Str     person, login, hash;
    int64_t created_ms;
} Credential;

/* login: 1 to LOGIN_BYTES_MAX of letters, digits, '.', '_', '-', '@'. */
bool login_valid(Str login);
Err  credential_find(Db *db, Arena *arena, Str login, Credential *out, bool *found) MUST_CHECK;
Err  credential_list(Db *db, Arena *arena, Credential **out, size_t *count) MUST_CHECK; /* by login */
/* New, or a new login and password of the person, whose sessions end. ECODE_LOGIN_TAKEN by
 * another person. On the writer. */
Err credential_put(Db *db, Str person, Str login, Str hash, int64_t now_ms) MUST_CHECK;
/* Has the login ended, or been put anew, since it was read? Then ECODE_SIGN_IN_WRONG. On the writer, for who has just
 * been right: a password takes long to check. */
Err credential_recheck(Db *db, const Credential *read) MUST_CHECK;
/* The same login with a fresh hash of the same password: sessions stay. On the writer. */
Err credential_renew(Db *db, Str login, Str old_hash, Str hash) MUST_CHECK;
/* Ends the credential, and the sessions and tokens of its person. ECODE_LOGIN_UNKNOWN. On the writer. */
Err credential_end(Db *db, Str login, int64_t now_ms) MUST_CHECK;

/* ---- checking many passwords without slowing anybody else ---- */

typedef struct SignInQueue SignInQueue;
typedef struct PasswordJob PasswordJob;
struct PasswordJob {
    Str  password;                  /* the caller keeps it until done() */
    Str  stored;                    /* compared with; empty: as long as ever, and wrong */
    bool make;                      /* no comparison: only make `fresh` */
    void (*done)(PasswordJob *job); /* on a thread of the queue */
    bool         right;
    char         fresh[PASSWORD_TEXT_MAX]; /* a new hash: when asked for by make, or when right and weak */
    size_t       fresh_len;                /* 0: none */
    void        *context;                  /* the caller's */
    PasswordJob *next;                     /* the queue's */
};

/* threads 0: as many as cores. At most queue_max jobs wait (LIMIT_SIGN_IN_QUEUE). */
Err sign_in_queue_new(const City *city, unsigned threads, size_t queue_max, SignInQueue **out) MUST_CHECK;
/* ECODE_BUSY when full: done() is then not called. */
Err  sign_in_queue_submit(SignInQueue *queue, PasswordJob *job) MUST_CHECK;
void sign_in_queue_free(SignInQueue *queue); /* finishes what waits; NULL does nothing. Nobody may submit any more */

typedef struct SignInRates {
    int per_login, per_address; /* attempts a minute; 0: no bound */
} SignInRates;
#define SIGN_IN_RATES ((SignInRates){ .per_login = 5, .per_address = 20 })

typedef struct SignInGate SignInGate; /* token buckets in memory of a fixed size; safe from any thread */
SignInGate               *sign_in_gate_new(const City *city, SignInRates rates);
void                      sign_in_gate_free(SignInGate *gate);
/* Takes one attempt of login and of address, or of neither: ECODE_RATE_LIMITED, and *wait_s says when to come back. */
Err  sign_in_gate_take(SignInGate *gate, Str login, Str address, int64_t now_ms, int64_t *wait_s) MUST_CHECK;
void sign_in_gate_give_back(SignInGate *gate, Str login, Str address, int64_t now_ms); /* it was right */

/* ---- sessions ---- */

typedef struct Session {
    Str     key; /* SHA-256 of the secret in hex: its name in the database */
    Str     person, membership;
    int64_t created_ms, seen_ms;
} Session;

/* A fresh secret for a cookie; its key by secret_key(). */
Str secret_make(const City *city, Arena *arena);
Str secret_key(Arena *arena, Str secret);
/* *found is false for none and for one that has ended. */
Err session_find(Db *db, Arena *arena, Str key, int64_t now_ms, Session *out, bool *found) MUST_CHECK;
/* On the writer: begins it, sweeps what has ended, and lets the oldest go beyond LIMIT_SESSIONS. */
Err session_start(Db *db, const Session *session) MUST_CHECK;
/* On the writer: next in the place of the session old_key. ECODE_SIGN_IN_NEEDED when that has ended meanwhile. */
Err session_replace(Db *db, Str old_key, const Session *next) MUST_CHECK;
Err session_touch(Db *db, Str key, int64_t now_ms) MUST_CHECK; /* on the writer */
Err session_end(Db *db, Str key) MUST_CHECK;                   /* on the writer; ending twice is fine */
/* What a form of this session must carry: base64url(HMAC(key derived from the city's
 * secret, "csrf" || session key)). */
Str session_form_token(const City *city, Arena *arena, Str session_key);

/* ---- tokens of scripts ---- */

typedef struct Token {
    Str     id, key; /* key: SHA-256 of the secret in hex */
    Str     person, membership, label;
    int64_t created_ms, ended_ms; /* ended_ms 0: running */
} Token;

Err token_find(Db *db, Arena *arena, Str key, Token *out, bool *found) MUST_CHECK; /* running ones */
Err token_list(Db *db, Arena *arena, Token **out, size_t *count) MUST_CHECK;       /* oldest first */
Err token_add(Db *db, const Token *token) MUST_CHECK;                              /* on the writer */
/* ECODE_RECORD_UNSEEN when there is none that runs. On the writer. */
Err token_end(Db *db, Str id, int64_t now_ms) MUST_CHECK;

#endif
