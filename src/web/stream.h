/* web/stream.h: replies in pieces, from call_stream() (call.h) to the wire or to a sink. Private to web/. */
#ifndef FM_WEB_STREAM_H
#define FM_WEB_STREAM_H

#include "web/app.h"

/* The reply of a call from the server: from here on its exchange asks for the pieces. */
void stream_begin(Call *call);
/* Between two pieces: ECODE_SIGN_IN_NEEDED when who asks is not the same any more. What it reads is in call's arena. */
Err stream_still_allowed(const Call *call) MUST_CHECK;
/* Of a call from this process: hands all pieces to the sink of its request, here and now. Errors as app_call(). */
Err stream_run(Call *call) MUST_CHECK;

#endif
