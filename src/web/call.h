/* web/call.h: one request and its reply, whatever brought it: the network, the city's Unix
 * socket, or a verb in this process.
 *
 * Life     web/dispatch.c makes a Call, finds its endpoint, who asks, in which language, and checks what the endpoint's
 *          row asks for (permission, cross-site rules, media type, query); then the endpoint's handler runs. A handler
 *          ends by exactly one of the replies below, at once or in a `then` of call_write() or call_act().
 * Thread   all on one thread, the exchange's loop or the caller of app_call(); only what call_write() is
 *          given runs elsewhere.
 * Memory   call->ctx.arena; it lives until the reply is sent. Whatever a Call points to may be kept until then.
 * Reads    ctx.db is the thread's own connection. While a handler or a `then` runs, one snapshot is open: everything it
 *          reads is of one moment. */
#ifndef FM_WEB_CALL_H
#define FM_WEB_CALL_H

#include "kernel/act.h"
#include "kernel/find.h"
#include "kernel/signin.h"
#include "web/server/server.h"

#define CALL_PARAMS_MAX     3     /* "{…}" in a pattern */
#define CALL_PAIRS_MAX      512   /* of a query */
#define CALL_FORM_PAIRS_MAX 16384 /* of a form: LIMIT_ROWS rows of 32 columns */
#define CALL_HEADERS_MAX    24    /* of a reply */

typedef struct App      App;      /* web/app.h */
typedef struct Endpoint Endpoint; /* web/endpoints.h */
typedef struct Call     Call;

typedef enum CallFrom {
    CALL_NETWORK, /* somebody, who must say who */
    CALL_SOCKET,  /* the operator of this machine, over DIR/socket */
    CALL_PROCESS  /* the same, in this process */
} CallFrom;

typedef enum CallAs { /* how the caller said who acts */
                      CALL_AS_NOBODY,
                      CALL_AS_SESSION, /* cookie */
                      CALL_AS_TOKEN,   /* Authorization: Bearer */
                      CALL_AS_LOGIN    /* Firstmile-As, by the operator of this machine */
} CallAs;

typedef struct BodyFile BodyFile; /* web/body.h */

typedef struct Pair { /* of a query or a form, decoded */
    Str name, value;
} Pair;

struct Call {
    App                         *app;
    const Endpoint              *endpoint; /* NULL: no such address */
    Ctx                          ctx;      /* city, connection, arena, actor, time, language */
    CallFrom                     from;
    CallAs                       as;
    Session                      session; /* CALL_AS_SESSION */
    Actor                        actor;   /* ctx.actor points here when somebody acts */
    Method                       method;
    Str                          path;
    Str                          params[CALL_PARAMS_MAX]; /* what stood for "{…}", in order */
    const Pair                  *query;                   /* names that the endpoint takes, each at most once */
    size_t                       query_count;
    const struct IdempotencyKey *once; /* the request is done once for this key (web/idempotent.h); or NULL */
    const Json                  *body; /* BODY_JSON: an object, {} when nothing was sent; else NULL */
    const Pair                  *form; /* BODY_FORM, BODY_UPLOAD, without csrf and once; each name at most once */
    size_t                       form_count;
    BodyFile                    *files; /* that came with the request, staged (web/body.h) */
    size_t                       file_count;
    struct Keeping              *keeping; /* web/body.c's */
    bool                         secure;  /* the browser came by https */
    bool                         page;    /* reply as a page rather than JSON */
    bool                         stopped; /* a count was stopped for its length; the page does without it */
    void                        *state;   /* the handler's own, between its steps */
    struct Stream               *stream;  /* of a reply in pieces (web/stream.h) */

    struct {           /* of the reply; written by the functions below */
        int    status; /* 0: none yet */
        Header headers[CALL_HEADERS_MAX];
        size_t header_count;
        Str    body;
        Str    media; /* Content-Type */
        Err    err;   /* of an error, for the log */
    } reply;

    struct Transport *transport; /* web/dispatch.c's */
};

/* ---- asking ---- */

Str call_header(const Call *call, Str name); /* ptr NULL when absent */
Str call_query(const Call *call, Str name);  /* ptr NULL when absent */
Str call_form(const Call *call, Str name);   /* ptr NULL when absent */
Str call_peer(const Call *call);             /* address of the client, for rates and logs */
/* The value of a cookie; ptr NULL when absent. */
Str                       call_cookie(const Call *call, Str name);
static inline const Pack *call_pack(const Call *call) { return call->ctx.city->pack; }
/* The type of {type}, params[index]. ECODE_PAGE_UNSEEN. */
Err call_type(const Call *call, size_t index, const Type **out) MUST_CHECK;
/* If-Match: -1 when absent; ECODE_HTTP_PARAMETER for weak tags, "*", lists, and what is not a version. */
Err      call_if_match(Call *call, int64_t *out, Problems *problems) MUST_CHECK;
Problems call_problems(Call *call); /* an empty list in the call's arena */

/* ---- replying, once ---- */

void call_set_header(Call *call, Str name, Str value); /* before the reply; both live in the arena or are static */
/* JSON; on a page's address the page instead, made from the same data (web/page.h). */
void call_data(Call *call, int status, Json *data);
/* 200 with data, or the refusal: how most handlers end. */
void call_answer(Call *call, Err err, Json *data, const Problems *problems);
/* 204, or the refusal: how a change ends that has nothing to tell. */
void call_done(Call *call, Err err);
/* application/problem+json, or the page that says the same. A Problem with err's own code and neither field nor rule
 * gives the arguments of the detail text; all others are the `errors`. problems may be NULL. */
void call_fail(Call *call, Err err, const Problems *problems);
void call_redirect(Call *call, Str location); /* 303 */
void call_empty(Call *call);                  /* 204 */
void call_bytes(Call *call, int status, Str media, Str body);
/* 200 with a body in pieces. The first is made at once, and when it fails that is the reply; each of the others when
 * the client has taken the one before. A piece is like a request of its own: next() finds ctx.arena empty, a fresh
 * snapshot, and who asks still in the same membership and role; an empty piece is the end. What must stay from piece
 * to piece is in call->state; end(), when there is one, lets go of what no arena holds, once, whatever ended it. An
 * error ends the connection half-way, and stands in the log. */
typedef Err (*CallPiece)(Call *call, Str *out, Problems *problems);
void call_stream(Call *call, Str media, CallPiece next, void (*end)(Call *call));
/* Before a reply of ECODE_RATE_LIMITED: Retry-After, and the problem whose text says it. */
void call_retry_after(Call *call, int64_t wait_s, Problems *problems);
/* `errors` of the contract: [{field|rule, code, text, values}] in the call's language. */
Json *call_errors(Call *call, Err err, const Problems *problems);

/* The whole problem+json. */
Json *call_error(Call *call, Err err, const Problems *problems);

/* ---- waiting, without blocking the thread ---- */

/* Has run(db, context) called on the writer's thread inside a savepoint, then, after COMMIT has
 * returned, then(call, err). */
void call_write(Call *call, Err (*run)(Db *db, void *context), void *context, void (*then)(Call *call, Err err));
/* Has a password compared or hashed (kernel/signin.h); job->done is the call's. then(call, err): err says whether it
 * was taken on; the answer stands in job. */
void call_password(Call *call, PasswordJob *job, void (*then)(Call *call, Err err));

typedef struct ActResult { /* how one step ended */
    Err      err;
    Record   record; /* as it stands after; only without err */
    Problems problems;
} ActResult;

/* The three phases of kernel/act.h: prepared on this thread, submitted to the writer, prepared again when contended.
 * then() has the record after the step, or why there is none. */
void call_act(Call *call, const ActRequest *request, void (*then)(Call *call, const ActResult *result));
/* Many steps, each whole or not at all, which share group commits; results in the order of
 * requests. check: prepare only. */
void call_act_many(Call *call, const ActRequest *requests, size_t count, bool check,
                   void (*then)(Call *call, const ActResult *results, size_t count));
/* Of several, none was taken: what the first says is said for all. */
bool call_none_taken(const ActResult *results, size_t count);
/* And the reason is not in what any of them is about: it is the answer to the whole request. */
bool call_all_failed(const ActResult *results, size_t count);

#endif
