/* web/server/server.h: the HTTP/1.1 server: bytes in, exchanges out. It knows nothing of records, sessions or pages.
 *
 * Source   RFC 9110, RFC 9112, on libuv; every request head and every chunk is read twice, by llhttp and by
 *          head_check.h, and refused unless both accept it and agree on method, framing and length.
 * Threads  One loop thread a core. An exchange belongs to the loop thread of its connection: handle(), exchange_reply()
 *          and what exchange_post() runs all happen there, one at a time. Other threads may call exchange_post() and
 *          server_stop() only.
 * Memory   An exchange, its arena, its body and all text it gives out live until its answer has been sent or given up;
 *          the arena is then emptied and used for the next request of that loop. An idle connection holds neither.
 * Order    Answers go out in the order of their requests: the next request of a connection is not looked at before the
 *          answer to the one before it is sent.
 * Pieces   An answer may be made while it is sent: the next piece when the client has taken the one before, so that no
 *          more than one is in memory and a slow client holds up its own answer alone. Between two of them the loop
 *          serves others.
 * Limits   base/limits.h. Over a limit of size or form the client gets an answer and the connection ends; a client that
 *          is too slow is cut off without one.
 * Signals  Loop threads block all signals. server_stop() may be called from a signal handler. */
#ifndef FM_WEB_SERVER_SERVER_H
#define FM_WEB_SERVER_SERVER_H

#include "base/arena.h"
#include "base/env.h"
#include "base/err.h"

#include <signal.h>

typedef struct Server   Server;
typedef struct Exchange Exchange; /* one request and its answer */

typedef enum Method {
    METHOD_OTHER, /* only in refuse(): the request was not understood */
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_COUNT
} Method;

Str method_name(Method method); /* "GET" … */

typedef struct Header {
    Str name, value;
} Header;

/* Takes a body as it arrives, on the loop thread. */
typedef struct BodySink {
    Err (*take)(void *context, Str piece); /* an error refuses the request with it */
    void (*end)(void *context);            /* once, when the exchange ends, whatever ended it */
    void *context;
} BodySink;

/* ---- the server ---- */

/* What base/limits.h says, as numbers that a test may make smaller. */
typedef struct ServerLimits {
    size_t   connections, connections_per_address; /* TCP only; one network of 64 bits counts as one IPv6 address */
    size_t   body_bytes;                           /* where body_max() is absent */
    size_t   in_flight_bytes;
    unsigned header_ms, keep_alive_ms, slow_grace_ms, linger_ms, drain_ms;
    unsigned body_bytes_per_s, reader_bytes_per_s;
} ServerLimits;

ServerLimits server_limits(void);

typedef struct ServerConfig {
    Str                 listen;        /* "127.0.0.1:8080", "[::1]:0"; port 0 picks a free one; empty: no TCP */
    Str                 unix_path;     /* socket file with mode 0600, or empty */
    Str                 behind_proxy;  /* the one address whose X-Forwarded-For and -Proto are believed, or empty */
    bool                loopback_only; /* also behind a proxy */
    unsigned            loops;         /* loop threads; 0: as many as cores */
    const ServerLimits *limits;        /* NULL: server_limits() */
    Env                 env;
    void               *context; /* handed to every function below */

    /* Answers the request by exchange_reply(), now or later. */
    void (*handle)(Exchange *exchange, void *context);
    /* Writes the answer to a request that the server itself turns away, before it returns; NULL, or no answer given,
     * sends a line of plain text. The exchange shows no path when the target is not valid, and no method and headers
     * when the head is not. The connection ends after the answer. */
    void (*refuse)(Exchange *exchange, Err err, void *context);
    /* Largest body for this request, whose head has been read; NULL: limits->body_bytes. */
    size_t (*body_max)(const Exchange *head, void *context);
    /* Before the first byte of a body: where it goes as it comes. Out untouched: into memory, for exchange_body(). An
     * error refuses the request, its body unread. What is used here may be the exchange's arena. May be NULL. */
    Err (*body_begin)(Exchange *head, void *context, BodySink *out);
    /* State of one loop, such as its read connection to the database. Both are called by the thread in server_run(),
     * before the loop starts and after it ended; loop_close only for what loop_open made. Either may be NULL. */
    Err (*loop_open)(void *context, unsigned loop_index, void **out_state);
    void (*loop_close)(void *context, void *state);
    /* Everything listens, and no request has been taken yet; an error ends server_run() with it. May be NULL. */
    Err (*listening)(void *context);
    /* Requests are taken; address is what listen became, "127.0.0.1:43117". May be NULL. */
    void (*ready)(void *context, Str address);
} ServerConfig;

Server *server_new(const ServerConfig *config); /* copies config with its texts */
/* After server_run() has returned, and after every thread that might still call exchange_post() has ended. */
void server_free(Server *server);
/* Listens and serves until server_stop(); once for each server. Raises the soft limit of open
 * files when connections need it.
 * Errors   ECODE_PORT_REFUSED: not loopback, and no behind_proxy. ECODE_PORT_DEMO: not loopback, and loopback_only.
 *          ECODE_PORT_PROXY: behind_proxy is not an address. ECODE_INTERNAL; those of listen_tcp(), listen_unix()
 *          (listen.h) and loop_open(). */
Err server_run(Server *server) MUST_CHECK;
/* Ends server_run(), from any thread or a signal handler, before or while it runs: accepts no more, closes idle
 * connections at once, lets running requests end for drain_ms, then cuts off what is left. Exchanges cut off that way
 * stay readable for other threads until server_free(); what is posted to them no longer runs. */
void server_stop(Server *server);

typedef struct ServerSignals { /* what they did before */
    struct sigaction term, interrupt;
} ServerSignals;

/* SIGTERM and SIGINT stop this server, the only one of the process, until they are given back. */
void server_signals_take(Server *server, ServerSignals *before);
void server_signals_give_back(const ServerSignals *before);

/* ---- an exchange ---- */

Method exchange_method(const Exchange *exchange);
/* Percent-decoded, valid UTF-8, starts with '/', has no NUL, control character, backslash, escaped
 * slash, "." or ".." segment. */
Str exchange_path(const Exchange *exchange);
/* As sent, without '?'; its escapes are known to be valid. Read it by form_open(). */
Str exchange_query(const Exchange *exchange);
Str exchange_host(const Exchange *exchange); /* "name[:port]", or empty with HTTP/1.0 */
/* First header of that name in any case, without surrounding blanks; ptr is NULL when it is absent. Host,
 * Content-Length, Transfer-Encoding, Content-Type, Authorization, Cookie and Origin occur at most once in a request. */
Str           exchange_header(const Exchange *exchange, Str name);
const Header *exchange_headers(const Exchange *exchange, size_t *out_count); /* all, in order */
Str           exchange_body(const Exchange *exchange);                       /* empty when a BodySink took it */
void         *exchange_sink(const Exchange *exchange); /* context of the BodySink that took the body; or NULL */
Str           exchange_peer(const Exchange *exchange); /* IP address of the client; "unix" */
bool          address_is_loopback(Str address);        /* of what exchange_peer() gives; "unix" is not */
bool          exchange_from_unix_socket(const Exchange *exchange);
bool          exchange_secure(const Exchange *exchange);     /* the proxy says https */
Str           exchange_id(const Exchange *exchange);         /* 16 hex digits, also in X-Request-Id of the answer */
int64_t       exchange_arrived_ms(const Exchange *exchange); /* by env, when its head was complete */
Arena        *exchange_arena(const Exchange *exchange);
void         *exchange_loop_state(const Exchange *exchange);
bool          exchange_client_gone(const Exchange *exchange); /* known to be; the answer will go nowhere */

/* Answers, once, on the loop thread. headers and body must live as long as the exchange: static, or in its arena. The
 * server adds Date, Content-Length, Connection and X-Request-Id, and sends no body with HEAD, 204 and 304. A header
 * with a control character in it (an answer split in two) is answered with 500 instead. Inside handle() and posted
 * functions the exchange stays readable until they return; elsewhere it is gone after this call. */
void exchange_reply(Exchange *exchange, int status, const Header *headers, size_t header_count, Str body);

typedef struct Producer { /* of a body that is made piece by piece, on the loop thread */
    /* The next piece, of about 64 KiB at most, which stays until the next call; an empty one is the end. */
    Err (*next)(void *context, Str *out);
    void (*end)(void *context); /* once, whatever ended it: all sent, an error, the client gone, the server stopped */
    void        *context;
    const Arena *arena; /* of the pieces: what it holds counts as memory in flight */
} Producer;

/* Answers as exchange_reply() does, with such a body: in chunks, or until the connection ends for HTTP/1.0; to HEAD
 * without asking for a piece. A body that ends half-way (an error of next(), a client too slow, drain_ms over) never
 * looks whole: its last chunk is missing, and over TCP the connection is reset. */
void exchange_stream(Exchange *exchange, int status, const Header *headers, size_t header_count,
                     const Producer *producer);

/* Has run(exchange, arg) called on the loop thread of an exchange not yet answered. From any thread. */
void exchange_post(Exchange *exchange, void (*run)(Exchange *exchange, void *arg), void *arg);

/* ---- application/x-www-form-urlencoded: queries and form bodies ---- */

/* Form form = form_open(arena, exchange_query(exchange));
 * while (form_next(&form, &name, &value)) …
 * if (form.bad) …                                                        */
typedef struct Form {
    Arena *arena;
    Str    rest;
    bool   bad; /* ended at a bad escape, a NUL, or text that is not UTF-8 */
} Form;

Form form_open(Arena *arena, Str text);
/* Next pair, decoded ('+' is a blank); "name" alone has an empty value; empty pairs are skipped. False at the end. */
bool form_next(Form *form, Str *out_name, Str *out_value);

#endif
