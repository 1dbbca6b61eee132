/* web/server/reader.h: one request read by two readers.
 *
 * llhttp takes the body out of its framing; head_check.h reads the same bytes on its own. What only
 * one of them accepts, and what they see differently, is ECODE_HTTP_MALFORMED. No I/O, so that tests
 * and fuzzing reach all of it. */
#ifndef FM_WEB_SERVER_READER_H
#define FM_WEB_SERVER_READER_H

#include <llhttp.h>

#include "web/server/head_check.h"

/* Takes the next piece of a body; an error ends the request with it. */
typedef Err (*BodyTaker)(void *context, Str piece);

typedef struct Reader {
    llhttp_t   llhttp;
    ChunkCheck chunks;
    uint64_t   left; /* of a body with Content-Length */
    bool       chunked;
    bool       head_agreed, message_done; /* what llhttp found */
    Head      *head;                      /* while it reads the head */
    BodyTaker  take;
    void      *context;
    Err        failure; /* of take(), while llhttp unwinds */
} Reader;

/* A head as head_scan() found it; makes reader ready for its body. */
Err reader_head(Reader *reader, Str head, Head *out) MUST_CHECK;
/* The next bytes of the body; *out_used is how many belong to it. */
Err reader_body(Reader *reader, Str bytes, BodyTaker take, void *context, size_t *out_used) MUST_CHECK;
/* The request is complete. */
bool reader_done(const Reader *reader);

#endif
