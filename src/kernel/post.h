/* kernel/post.h: sends a body to a URL that somebody has named, or a mail to the relay that the operator has set,
 * several at a time, and never where it must not.
 *
 * Guard    http and https only; no name or password in the URL; every address that is about to be connected to is
 *          asked about (kernel/address.h), after the name was looked up, so that a name which leads elsewhere the
 *          second time gains nothing; no redirect is followed, no proxy of the environment used, no connection
 *          used twice. A relay may stand anywhere; only smtp and smtps lead to it, and without `plain` nothing is said
 *          to it in the clear.
 * Bounds   LIMIT_POST_CONNECT_MS, LIMIT_POST_MS; what is answered beyond LIMIT_POST_ANSWER is not read.
 * Library  libcurl. */
#ifndef FM_KERNEL_POST_H
#define FM_KERNEL_POST_H

#include "base/buf.h"
#include "base/err.h"

#define POST_HEADERS_MAX 8

typedef struct Post {
    Str url, body;
    Str headers[POST_HEADERS_MAX]; /* "name: value" */
    bool private;                  /* networks of the operator's own are allowed */
    /* Of a mail: the two addresses, how to sign in to the relay (empty: not at all), whether it may go unencrypted. The
     * body is the whole message. */
    Str  from, to, login, password;
    bool plain;
    /* Where the answer to a request is kept, as far as it has room; NULL: its status alone is. */
    Buf *answer;
    /* Out: it has arrived; or the receiver wants no more of it (410; a mail's receiver is not there). */
    bool taken, refused;
    /* Out: the status of the answer, or 0 and why there is none: "address" (not allowed), "resolve", "connect", "tls",
     * "timeout", "sign_in" (the relay did not take login and password), "broken". */
    int         status;
    const char *problem;
    /* posts_add()'s own */
    void  *easy, *lines;
    size_t received, given;
    bool   blocked;
} Post;

/* May it be posted to? ECODE_RECORD_INVALID with a problem on the field `url`: ECODE_WEBHOOK_URL, or
 * ECODE_WEBHOOK_ADDRESS when it names an address that would be refused. http is for private targets. */
Err post_url_check(Arena *arena, Str url, bool private, Problems *problems) MUST_CHECK;

typedef struct Posts Posts; /* those under way; of one thread */
Posts               *posts_new(void);
void                 posts_free(Posts *posts); /* gives up what is under way; NULL does nothing */
static inline void   posts_freep(Posts **posts) { posts_free(*posts); }
/* Begins; post and what it names stay until posts_wait() gives it back or posts_free(). */
Err posts_add(Posts *posts, Post *post) MUST_CHECK;
/* One that has ended, at the latest after wait_ms NULL. */
Post *posts_wait(Posts *posts, int wait_ms);

#endif
