/* web/origin.h: requests that other web sites make in a browser's name. Private to web/.
 *
 * Rule     a request that changes something and rests on a cookie must not come from another site: Sec-Fetch-Site, when
 *          there, is same-origin or none; Origin, when there, is this host. Beyond that, /api/v1 wants what no form of
 *          another site can send (JSON or the header X-Firstmile), and pages want the form token of the session.
 *          Tokens and the operator of this machine are not a browser's, and are let through. */
#ifndef FM_WEB_ORIGIN_H
#define FM_WEB_ORIGIN_H

#include "web/endpoints.h"

/* form_token: what the form carried; ptr NULL when nothing. ECODE_HTTP_CROSS_SITE, ECODE_HTTP_MEDIA. */
Err origin_check(const Call *call, Csrf rule, Str form_token, Problems *problems) MUST_CHECK;
/* Content-Type is media, with no other parameter than charset=utf-8. */
bool media_is(Str content_type, Str media);

#endif
