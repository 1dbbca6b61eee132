/* web/mustache/mustache.h: logic-less templates, compiled once at start and rendered over JSON.
 *
 * Source   mustache(5) and the mustache specification: comments, delimiters, interpolation, sections, inverted sections
 *          and partials with their indentation. The optional modules (inheritance, dynamic names, lambdas) are left
 *          out: a page is put together from partials.
 * Shape    a template is a flat array of instructions. Dotted names are split and jumps are counted when it is
 *          compiled, and partials are bound to their templates by mustache_set_link(), so rendering looks up
 *          nothing but values.
 * Values   {{name}} escapes & < > " and '; {{{name}}} and {{&name}} do not, and no page of ours uses them (a test
 *          says so). A number is written as it stands in its source, true and false as these words; missing, null,
 *          arrays and objects write nothing. A section is left out for what is missing, null, false, "" or []; 0 is a
 *          value like any other.
 * Memory   the arena given to mustache_compile() holds the template, which borrows its name and source. After linking a
 *          set is only read, by any number of threads.
 * Limits   the constants below; output ends at the Buf's own maximum. */
#ifndef FM_WEB_MUSTACHE_MUSTACHE_H
#define FM_WEB_MUSTACHE_MUSTACHE_H

#include "base/json.h"

#define MUSTACHE_SOURCE_MAX  (1024 * 1024) /* bytes of a template */
#define MUSTACHE_NEST_MAX    32            /* sections within sections of one template */
#define MUSTACHE_PARTIAL_MAX 32            /* partials within partials, recursion included */
#define MUSTACHE_CONTEXT_MAX 256           /* values that names are looked up in: those given, and one a section */
#define MUSTACHE_INDENT_MAX  256           /* bytes that nested partials may indent a line by */
#define MUSTACHE_STEP_MAX    2000000       /* instructions of one rendering */

typedef struct Template    Template;
typedef struct TemplateSet TemplateSet;

/* Errors   ECODE_TEMPLATE_SYNTAX with the line in the context; *out is untouched. */
Err mustache_compile(Arena *arena, Str name, Str source, Template **out) MUST_CHECK;

TemplateSet *mustache_set_new(Arena *arena);
/* The name must not be in the set yet. */
void mustache_set_add(TemplateSet *set, Template *added);
/* Binds every partial to its template, and must come before the first rendering. A template belongs to one set.
 * Errors   ECODE_TEMPLATE_PARTIAL names the first partial that is not in the set. The set can be used all the same:
 *          such a partial renders as nothing, as the specification asks. */
Err             mustache_set_link(TemplateSet *set) MUST_CHECK;
const Template *mustache_set_find(const TemplateSet *set, Str name); /* NULL */

/* Renders page into out. Names are looked up in contexts from the last to the first: texts of the program, then what is
 * shown, so that neither has to be copied into the other.
 * Errors   ECODE_TEMPLATE_LIMIT when a limit above or the maximum of out was met; what is in out is then incomplete. */
Err mustache_render(const Template *page, const Json *const *contexts, size_t context_count, Buf *out) MUST_CHECK;

#endif
