/* cli/http.h: the client's half of HTTP/1.1, over the socket of a serving city.
 *
 * Source   RFC 9112, as strict as our own server is: a status line, header lines that end in CRLF, one of
 *          Content-Length and Transfer-Encoding: chunked, once; chunks without extensions or trailers; no interim
 *          answers. Anything else is ECODE_INTERNAL.
 * Pieces   A body in chunks goes to the sink of the request as it comes; no more than HTTP_READ_BYTES of it are here.
 * Limits   HTTP_HEAD_MAX, HTTP_BODY_MAX. */
#ifndef FM_CLI_HTTP_H
#define FM_CLI_HTTP_H

#include "web/app.h"

#define HTTP_HEAD_MAX    65536
#define HTTP_HEADERS_MAX 64
#define HTTP_BODY_MAX    ((size_t)64 * 1024 * 1024)
#define HTTP_READ_BYTES  65536

/* The request as bytes. ECODE_INTERNAL when target or a header holds a blank or a control character. */
Err http_request(Arena *arena, const AppRequest *request, Str *out) MUST_CHECK;

typedef struct HttpHead {
    AppReply reply; /* without its body */
    size_t   head_len, body_len;
    bool     chunked;
    bool     closes; /* the connection ends with this answer */
} HttpHead;

/* Reads the head of an answer from the front of bytes; *whole is false while more of it must come. */
Err http_head(Arena *arena, Str bytes, HttpHead *out, bool *whole) MUST_CHECK;

/* Sends one request over fd and reads its answer into the arena, or its chunks into the sink; *closes as above. The
 * connection is of no more use after an error: ECODE_SHUTTING_DOWN when it was cut, ECODE_CITY_LOCKED when nothing came
 * in time (SO_RCVTIMEO of fd), those of the sink. */
Err http_exchange(int fd, Arena *arena, const AppRequest *request, AppReply *out, bool *closes) MUST_CHECK;

#endif
