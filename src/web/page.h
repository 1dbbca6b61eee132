/* web/page.h: the seam between handlers and pages. Every page has its JSON twin, and one handler serves both.
 *
 * How a page is made
 *     1. The endpoint's row (web/endpoints.c) names a handler and a PageKind. The handler ends by call_data(call, status, data),
 *        with the contract's JSON, and does not know whether a person or a program reads it.
 *     2. For a program (/api/v1, or ?format=json) data is printed. For a person pages[kind].view(call, data, &ui) makes `ui`:
 *        labels, display values, columns, options of a form … all that a template shows and a program does not need. The view
 *        reads call->ctx (type declarations, find(), act_options() …), changes nothing, and has the request's snapshot.
 *     3. page_render() adds the frame's facts to ui (below) and renders pages[kind].template over the contexts, searched from the
 *        last:  texts of the program in the call's language (web/locale)  <-  { "data": …, "ui": … }.
 *     An endpoint of the type's own page (Type.page, "gate") has PAGE_RECORD; its view may set ui.template (a string) to have
 *     another template rendered.
 *
 * The frame's facts, in ui of every page (page_frame; the view finds them there already and may add to them):
 *     lang "zh"|"en", zh and en (true for the one that is shown), path, lang_links [{lang, href, current}], demo (true or absent),
 *     form_token (signed in only), actor {name, organisation, role, role_label} (signed in only), version.
 *
 * Data of each kind (what the view is given)
 *     PAGE_HOME     {"items":[…types as GET /api/v1/types…]}
 *     PAGE_SIGN_IN  {"login","next"} and "errors" after a failed attempt
 *     PAGE_LIST     the contract's list {"items","next","total"}; call->query holds filter, sort, limit, cursor; params[0] the type.
 *                   A filter or sort that is wrong gives status 422, {"items":[],…,"errors":[…]} on the same page.
 *     PAGE_RECORD   the contract's single record, with `actions`
 *     PAGE_FORM     {"type", "record" (the contract's record; absent when one is created), "action":{"name","label","help"},
 *                   "inputs":[fields as GET /api/v1/types/{type} gives them, and "required"], "values":{field: value as the
 *                   contract spells it, or the text that was sent}, "version" (to send back), "errors":[…] after a failed attempt}
 *     PAGE_ERROR    problem+json: {"type","title","status","detail","errors"}; also GET /errors/{code}, without errors
 *
 * Forms (application/x-www-form-urlencoded), all with a field `_token` = ui.form_token:
 *     POST /sign-in {login, password, next}     (no token: nobody has a session yet)
 *     POST /sign-out                            POST /sign-in/membership {membership}: act as another of one's memberships
 *     POST /{type}                              creates; field names as they are in the type
 *     POST /{type}/{id}/{action} {_version, …}  takes a step; _version (optional, needed for edit) is the version that was shown
 *     Values: text as typed; an empty value is a missing one; numbers may have thousand marks (1,234.50); booleans are "true" or
 *     "false"; dates YYYY-MM-DD; choices their code; references an id. Success answers 303 to the record. Otherwise the form is
 *     shown again with what was typed and `errors`, status 422 (fields), 409 (state, guard), 412 (somebody was faster).
 * Forms to fill in: GET /{type}/new, GET /{type}/{id}/{action}. */
#ifndef FM_WEB_PAGE_H
#define FM_WEB_PAGE_H

#include "web/call.h"

typedef enum PageKind {
    PAGE_NONE,
    PAGE_HOME,
    PAGE_SIGN_IN,
    PAGE_LIST,
    PAGE_RECORD,
    PAGE_FORM,
    PAGE_ERROR,
    PAGE_KIND_COUNT
} PageKind;

typedef struct Page {
    Str template; /* "list": web/templates/list.mustache */
    /* Adds to *ui, an object that has the frame's facts already. NULL: nothing to add. */
    Err (*view)(Call *call, const Json *data, Json **ui);
} Page;

extern const Page pages[PAGE_KIND_COUNT]; /* src/web/pages/pages.c; PAGE_NONE's row is empty */

/* Renders the page of kind over data into the call's arena. */
Err page_render(Call *call, PageKind kind, const Json *data, Str *out) MUST_CHECK;

/* The form's values as an action's input: an object of the fields by their kind, without names that start with '_'. */
Json *page_form_input(Call *call, const Type *type);

#endif
