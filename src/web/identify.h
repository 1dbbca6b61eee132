/* web/identify.h: who asks. Private to web/.
 *
 * One of: Authorization: Bearer TOKEN; the session cookie; or, for the operator of this machine (socket, same process),
 * the header Firstmile-As, by default the first login whose membership has the pack's first role. A cookie without a
 * running session is nobody; a token that does not run is refused. */
#ifndef FM_WEB_IDENTIFY_H
#define FM_WEB_IDENTIFY_H

#include "web/call.h"

/* Fills call->as, session, actor and ctx.actor. Errors   ECODE_SIGN_IN_NEEDED (bad token), ECODE_SIGN_IN_NO_MEMBERSHIP,
 * ECODE_HTTP_MALFORMED (Firstmile-As from the network), ECODE_LOGIN_UNKNOWN. */
Err identify(Call *call) MUST_CHECK;

/* The cookie that carries the session; name is "__Host-sid" where the browser came by https, else "sid". */
Str  cookie_name(const Call *call);
void cookie_set(Call *call, Str secret);
void cookie_clear(Call *call);

#endif
