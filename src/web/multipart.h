/* web/multipart.h: the body of a form that sends a file. Private to web/.
 *
 * Source   RFC 7578, RFC 2046 5.1.1, as browsers write it: the boundary of the media type, no preamble, CRLF at the end
 *          of lines, parts whose Content-Disposition is form-data with a name, and a filename where the part is a file.
 *          Other headers of a part are passed over; a name with %22, %0D or %0A stands for that character (HTML).
 * Memory   borrowed from body, but for names with escapes. */
#ifndef FM_WEB_MULTIPART_H
#define FM_WEB_MULTIPART_H

#include "base/err.h"

#define MULTIPART_PARTS_MAX 64

typedef struct Part {
    Str  name, filename; /* filename: what the sender calls the file; no path of ours */
    Str  bytes;
    bool is_file;
} Part;

/* Is the media type multipart/form-data, and what bounds its parts? */
bool multipart_boundary(Str content_type, Str *out);
/* ECODE_HTTP_MULTIPART. */
Err multipart_read(Arena *arena, Str boundary, Str body, Part **out, size_t *count) MUST_CHECK;

#endif
