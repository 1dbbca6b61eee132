/* web/look/look.h: the product's templates, words and public files, ready to use.
 *
 * Source   web/templates, web/locale and web/, as they stand in the binary (assets/assets.h). web/templates/README.md
 *          says what each page is given.
 * Memory   the arena given to look_new(); afterwards only read, by any number of threads. */
#ifndef FM_WEB_LOOK_LOOK_H
#define FM_WEB_LOOK_LOOK_H

#include "assets/assets.h"
#include "base/json.h"

typedef struct Look Look;

/* Errors   those of mustache_compile(), mustache_set_link() and json_parse(): a template or a locale is wrong. */
Err look_new(Arena *arena, Look **out) MUST_CHECK;

/* Renders web/templates/{page}.mustache. context holds "ui" and "page"; the words come beside it as "t".
 * Errors   ECODE_PAGE_UNSEEN when there is no such template; ECODE_TEMPLATE_LIMIT. */
Err look_render(const Look *look, Str page, Lang lang, const Json *context, Buf *out) MUST_CHECK;

/* A text of the locale by its path, "say.list.showing"; "{name}" marks are the caller's to fill (text_fill). A path
 * that does not name a text is a mistake of ours. */
Str look_text(const Look *look, Lang lang, Str path);
/* As look_text, for what is a list of texts: "say.error.busy". */
const Json *look_texts(const Look *look, Lang lang, Str path);

/* What /assets/{name} answers; NULL when there is none. Templates and locales are not public files. */
const Asset *look_asset(Str name);

#endif
