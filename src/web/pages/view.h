/* web/pages/view.h: what the views of pages share: words, and the chrome that the frame's facts leave
 * to them. Private to web/pages.
 *
 * Words    every text that people read comes from web/locale, from the pack, or from a record; none stands in C.
 * Shapes   web/templates/README.md: an item of a list carries every key of its shape, null where it has nothing. */
#ifndef FM_WEB_PAGES_VIEW_H
#define FM_WEB_PAGES_VIEW_H

#include "web/page.h"

Err view_home(Call *call, const Json *data, PageOut *out) MUST_CHECK;
Err view_sign_in(Call *call, const Json *data, PageOut *out) MUST_CHECK;
Err view_list(Call *call, const Json *data, PageOut *out) MUST_CHECK;
/* Records of a type by state. */
Err view_board(Call *call, const Json *data, PageOut *out) MUST_CHECK;
/* Records of a type crossed by two sides. */
Err view_matrix(Call *call, const Json *data, PageOut *out) MUST_CHECK;
/* Steps on the records of a list: which there are, the form of one, and what came of it. */
Err view_bulk(Call *call, const Json *data, PageOut *out) MUST_CHECK;
/* Records of all types by words. */
Err view_search(Call *call, const Json *data, PageOut *out) MUST_CHECK;
/* All types in numbers. */
Err view_statistics(Call *call, const Json *data, PageOut *out) MUST_CHECK;
Err view_record(Call *call, const Json *data, PageOut *out) MUST_CHECK;
Err view_form(Call *call, const Json *data, PageOut *out) MUST_CHECK;
/* The form that sends a file. */
Err view_import(Call *call, const Json *data, PageOut *out) MUST_CHECK;
/* The form that maps the columns of such a file by hand. */
Err view_columns(Call *call, const Json *data, PageOut *out) MUST_CHECK;
/* What a record is printed as. */
Err view_document(Call *call, const Json *data, PageOut *out) MUST_CHECK;
Err view_desk(Call *call, const Json *data, PageOut *out) MUST_CHECK;
Err view_notices(Call *call, const Json *data, PageOut *out) MUST_CHECK;
Err view_mail(Call *call, const Json *data, PageOut *out) MUST_CHECK;
Err view_check(Call *call, const Json *data, PageOut *out) MUST_CHECK;
Err view_mail_off(Call *call, const Json *data, PageOut *out) MUST_CHECK;
/* A record as it stood on a day. */
Err view_at(Call *call, const Json *data, PageOut *out) MUST_CHECK;
Err view_error(Call *call, const Json *data, PageOut *out) MUST_CHECK;
/* The list's form that adds a condition: led to the address of the joined filter when the condition is sound. */
bool list_before(Call *call);
/* The form that asks for a day: led to the address of that day. */
bool at_before(Call *call);
/* What that form is given, {action, first, last, day}: from the record's first day to today; day empty: today. */
void at_pick(const Call *call, const Type *type, const Json *record, Str day, Json *into);

/* ---- words ---- */

/* The text at path of the locale: say(call, "say.home.title"). */
Str say(const Call *call, const char *path);
Str say_filled(const Call *call, const char *path, const ErrArg *args, size_t count);
#define SAY(call, path, ...)                                                                                           \
    say_filled((call), (path), (const ErrArg[]){ __VA_ARGS__ },                                                        \
               sizeof((const ErrArg[]){ __VA_ARGS__ }) / sizeof(ErrArg))
/* Fills {count}; for one, the text at path with "_one" behind it. */
Str say_count(const Call *call, const char *path, size_t count);
/* A phrase of the pack as a sentence of its own: English begins with a capital. */
Str               say_sentence(const Call *call, Str phrase);
static inline Str in_words(const Call *call, Text text) { return text.in[call->ctx.lang]; }

/* ---- building ---- */

/* Under key the text, or null when there is none. */
void put(const Call *call, Json *json, Str key, Str text);
void put_null(const Call *call, Json *json, Str key);
/* Makes items the list `name` of a block under key; null when there are no items. */
void put_block(const Call *call, Json *json, Str key, Str name, Json *items);
/* Under `errors` what was wrong with a form: each part, or the whole where nothing else is said; null without a
 * problem. They lead to the input `to`, or where that is NULL each to that of its own field. */
void view_errors(Call *call, const Json *problem, const char *to, Json *page);
/* A hidden input of a form: {keep_name, keep_value}. */
void view_keep(const Call *call, Json *list, Str name, Str value);
/* {label, href} */
Json *view_link(const Call *call, Str label, Str href);

/* ---- chrome ---- */

/* How many records of the type pass the filter, counted so far: "284", "1,000+"; empty when counting takes too long: a
 * page does without the number. Of a filter that is stopped call->stopped tells. One bound for all pages, so that side
 * bar and list ask the same, which is asked once (db_numbers()). */
#define VIEW_COUNT_MAX 1000
Err view_count(Call *call, const Type *type, Str filter, Str *out) MUST_CHECK;
/* A count of web/figures.c: "1,284", "5,000+"; empty when it is not known. */
Str view_figure(const Call *call, const Json *figure);
/* Its number; 0 when it is not known. */
int64_t view_figure_count(const Json *figure);
/* Sets count and href: the list that it counts; one that is not known, or is none, opens nothing. */
void view_figure_put(const Call *call, const Type *type, const Json *figure, Json *into);
/* Title of the tab and the side bar, with the service of `here` open (NULL: none). */
Err view_frame(Call *call, PageOut *out, Str title, const Type *here) MUST_CHECK;
/* Where am I: the steps from the first page to this one; the last has no href. */
Json *view_trail(const Call *call, PageOut *out);
void  view_crumb(const Call *call, Json *crumbs, Str crumb, Str href);
/* The service of the type and its list. */
void view_crumbs_of(const Call *call, Json *crumbs, const Type *type, bool linked);

/* Services as the first page and the side bar list them: those that hold a type which the actor may list or make. */
typedef struct ServiceTypes {
    Str          name, label, icon;
    const Type **types;
    size_t       count;
} ServiceTypes;
void view_services(const Call *call, ServiceTypes **out, size_t *count);

/* "/TYPE", "/TYPE?filter=…", "/TYPE/ID", "/TYPE/ID/STEP" */
Str view_list_href(const Call *call, const Type *type);
Str view_filtered_href(const Call *call, const Type *type, Str filter);
Str view_href(const Call *call, const Type *type, Str id, Str step);
/* "/TYPE/steps" */
Str view_steps_href(const Call *call, const Type *type);
/* "/TYPE/new", or with field=id filled in. */
Str view_new_href(const Call *call, const Type *type, const Field *field, Str id);
/* The step that makes records of the type when the actor's role may take it, else NULL. */
Err view_creates(const Call *call, const Type *type, const Action **out) MUST_CHECK;

#endif
