/* web/multipart.h: multipart/form-data, piece by piece: what a browser sends when a form has files.
 *
 * Source   RFC 7578, RFC 2046 5.1; names and file names as browsers write them (HTML, "multipart form data").
 * Memory   constant: what of a part has come is handed on at once, but for the few bytes that may begin a delimiter.
 *          The head of a part has MULTIPART_HEAD bytes at most.
 * Hostile  whatever comes is read or refused with ECODE_HTTP_MULTIPART; nothing of it is looked at twice. */
#ifndef FM_WEB_MULTIPART_H
#define FM_WEB_MULTIPART_H

#include "base/err.h"

#define MULTIPART_BOUNDARY 70 /* RFC 2046 */
#define MULTIPART_HEAD     4096

typedef struct MultipartTaker {
    /* A part begins. file.ptr is NULL where it is no file; of one that was not chosen it is empty. Both are valid UTF-8
     * and stay until the next call. */
    Err (*begin)(void *context, Str name, Str file);
    Err (*data)(void *context, Str bytes);
    Err (*end)(void *context);
    void *context;
} MultipartTaker;

typedef struct Multipart Multipart;

/* The boundary of a Content-Type; empty when it is no multipart/form-data, or has none that may be. */
Str        multipart_boundary(Str content_type);
Multipart *multipart_new(Str boundary, const MultipartTaker *taker);
void       multipart_free(Multipart *form); /* NULL does nothing */
Err        multipart_add(Multipart *form, Str piece) MUST_CHECK;
Err        multipart_end(const Multipart *form) MUST_CHECK; /* was it whole? */

#endif
