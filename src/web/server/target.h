/* web/server/target.h: the target of a request line, taken apart and decoded once.
 *
 * Source   RFC 9112, 3.2; RFC 3986 for what a path may hold.
 * Errors   ECODE_HTTP_TARGET: escapes that are not %XX; %00, a control character, '/' or '\' that came as an escape;
 *          text that is not UTF-8; a '\', '#' or blank as it is; "." and ".." as segments, however spelled.
 *          ECODE_HTTP_MALFORMED: an absolute form that names another host than Host. ECODE_HTTP_UNSUPPORTED: "*". */
#ifndef FM_WEB_SERVER_TARGET_H
#define FM_WEB_SERVER_TARGET_H

#include "web/server/server.h"

/* target is visible ASCII. *out_path is decoded and starts with '/'; *out_query is as sent, its escapes checked. Both
 * borrow from target where nothing needs decoding. */
Err target_read(Arena *arena, Str target, Str host, Str *out_path, Str *out_query) MUST_CHECK;

#endif
