/* web/idempotent.h: the key that a request brings, so that it is done once (kernel/idempotency.h).
 *
 * Programs send the header Idempotency-Key with a POST, forms a hidden field `once`. A form that is changed and sent
 * again is another request, since a person who goes back means it; so its body is part of its key. */
#ifndef FM_WEB_IDEMPOTENT_H
#define FM_WEB_IDEMPOTENT_H

#include "kernel/idempotency.h"
#include "web/call.h"

/* Do requests of this endpoint take a key? */
bool idempotent_takes(const Endpoint *endpoint);
/* Sets call->once when there is a key that counts; body: the hash of its bytes, `once` as the form sent it, or none.
 * ECODE_HTTP_PARAMETER. */
Err idempotent_read(Call *call, Hash body, Str once, Problems *problems) MUST_CHECK;
/* A key for a form that is being shown. */
Str idempotent_fresh(const Call *call);
/* The same key for one of the many things that a request does. */
IdempotencyKey idempotent_part(const Call *call, size_t part);

#endif
