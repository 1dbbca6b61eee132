/* web/server/head_check.h: what a request's bytes must look like, stricter than llhttp.
 *
 * Whoever stands in front of a server and reads the same bytes another way can be made to smuggle a request
 * past it. So all that two readers might see differently is refused: one spelling of a line's end, of a
 * length, of a chunk, of a host.
 *
 * Source   RFC 9112 (message syntax, 2-7), RFC 9110 (Host 7.2, methods 9); leading zeros of a Content-Length, blanks in
 *          chunk lines, empty hosts and second copies of some headers, which the RFCs allow, are refused as well.
 * Pure     no I/O, no allocation; results borrow from the bytes given.
 * Errors   ECODE_HTTP_MALFORMED 400, _HEADERS 431, _UNSUPPORTED 501, _VERSION 505. After an error the connection must
 *          end: where its next request starts is not known. */
#ifndef FM_WEB_SERVER_HEAD_CHECK_H
#define FM_WEB_SERVER_HEAD_CHECK_H

#include "base/limits.h"
#include "web/server/server.h"

typedef struct Head {
    Method   method;
    Str      target; /* as sent: visible ASCII; its form is target.h's matter */
    int      minor;  /* of HTTP/1.minor */
    Str      host;   /* value of Host; ptr is NULL when HTTP/1.0 has none */
    uint64_t content_length;
    bool     chunked;
    bool     says_close, says_keep_alive; /* in Connection */
    bool     keep_alive;                  /* what follows from these and the version */
    bool     expects_continue;
    size_t   header_count;
    Header   headers[LIMIT_HEADER_COUNT];
} Head;

/* Looks for the end of a head at the start of bytes. *scanned, 0 at first, keeps how far it has looked, so that bytes
 * may come one at a time. *out_length is the length of the head with its blank line, or 0: more bytes are needed. Line
 * ends other than CRLF, and heads too long, are refused as soon as they show. */
Err head_scan(Str bytes, size_t *scanned, size_t *out_length) MUST_CHECK;

/* Reads a head that head_scan() found. One empty line before it is skipped (RFC 9112, 2.2).
 * *out is unspecified on error. */
Err head_check(Str head, Head *out) MUST_CHECK;

/* ---- chunked bodies ---- */

typedef struct ChunkCheck { /* all zero: before the first chunk */
    int      state;
    uint64_t left;        /* bytes of this chunk's data still to come */
    size_t   line_length; /* of the size line */
    size_t   digits;
    size_t   trailer_bytes;
    bool     done;
} ChunkCheck;

/* Follows a chunked body over its next bytes; *out_used is how many of them belong to it. check->done at its end. */
Err chunk_check(ChunkCheck *check, Str bytes, size_t *out_used) MUST_CHECK;

#endif
