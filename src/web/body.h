/* web/body.h: bodies that go to the disk as they arrive: a file, or a form with files. Private to web/.
 *
 * Before the first byte is read, who asks is known, and whether they may; then every piece is written, hashed and
 * looked at as it comes (kernel/file_store.h), in constant memory. A body that ends half-way leaves nothing. */
#ifndef FM_WEB_BODY_H
#define FM_WEB_BODY_H

#include "kernel/file_store.h"
#include "web/call.h"

struct BodyFile {
    Str     field;  /* of a form, the part's name; else empty */
    Str     name;   /* as given */
    Staged *staged; /* the body's, which ends with the exchange */
    Upload  upload; /* once body_keep() has named it */
};

typedef struct Body Body;

/* See BodySink in server.h. */
Body *body_open(const Call *call, Str boundary); /* boundary empty: the body is one file */
Err   body_take(void *body, Str piece) MUST_CHECK;
void  body_end(void *body);
/* All of it is here: fills call->files, and of a form its pairs and their count. */
Err body_complete(Body *body, Call *call, const Pair **pairs, size_t *count) MUST_CHECK;
/* What tells one body from another, with the name that the address gives. */
Hash body_hash(const Body *body, Str name);

/* A form with files that is here already: each file is a value of the form, of any bytes. ECODE_HTTP_MULTIPART. */
Err body_read(const Call *call, Str boundary, Str body, const Pair **pairs, size_t *count) MUST_CHECK;

/* Names call->files and makes uploads of them, on the disk and in the database; then(call, err), with what is wrong
 * with them in problems, which the caller keeps until then. */
void body_keep(Call *call, Problems *problems, void (*then)(Call *call, Err err));

#endif
