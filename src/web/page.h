/* web/page.h: the seam between handlers and pages. Every page has its JSON twin, and one handler serves both.
 *
 * How a page is made
 *     1. The endpoint's row (web/endpoints.c) names a handler and a PageKind. The handler ends by call_data(call,
 *        status, data) with the contract's JSON, and does not know whether a person or a program reads it.
 *     2. For a program (/api/v1, or ?format=json) data is printed. For a person page_render() makes the frame's
 *        facts (below) and calls pages[kind].view(call, data, out), which adds to out->ui and fills out->page with
 *        what the template shows: labels, display values, columns, options of a form … (web/templates/README.md says
 *        what each page is given). The view reads call->ctx (types, find(), act_options() …) under the request's
 *        snapshot, and changes nothing.
 *     3. Template out->template is rendered over {"ui": …, "page": …}. It is pages[kind].template unless the view names
 *        another, as the record's view does for a type with a page of its own (Type.page, "gate").
 *     pages[kind].before, when there is one, runs before the handler of a GET; true when it has replied (a list's form
 *     that adds a condition is led to the address of the joined filter).
 *
 * The frame's facts, in out->ui already: home_href, json_href (null where there is none), demo, clock,
 *     languages {zh, en: {href, here}}, csrf and once (null when nobody is signed in), desk {href, here, count} and
 *     person {name, organisation, role} or null, sign_in_href, sign_out_href. The view adds title, nav and trail. On
 *     PAGE_ERROR nothing depends on the address: a hidden record and an unknown one must give the same bytes.
 *
 * Data of each kind (what the view is given)
 *     PAGE_HOME     {"items":[…types as GET /api/v1/types gives them…]}
 *     PAGE_SIGN_IN  {"login","next"}, and "error" (a problem as under PAGE_ERROR) after a failed attempt
 *     PAGE_LIST     the contract's list {"items","next","total"}; call->query holds filter, sort, limit, cursor;
 *                   params[0] the type. A filter or sort that is wrong: status 422, no items, and "errors":[…].
 *     PAGE_BOARD    {"type","columns"} (web/figures.c); call->query holds filter, sort
 *     PAGE_MATRIX   {"type","label","rows","columns","cells"} (the same); call->query holds filter, here
 *     PAGE_STEPS    {"type","count","more","steps"}: what can be done with the records of a list; then as PAGE_FORM,
 *                   without a record and with "records":{"ids","count","named"}; at last what POST
 *                   /api/v1/records/{type}/actions/{action} gives (web/bulk.c)
 *     PAGE_STATISTICS {"today","items"} (the same)
 *     PAGE_SEARCH   {"items","stopped"}, and "like" (the title) of records that are like another (web/search.c);
 *                   call->query holds q, or type and like; of too many words: status 422, no items, and "errors"
 *     PAGE_RECORD   the contract's single record, with `actions`; call->query holds log ("all": the whole history)
 *     PAGE_FORM     {"type", "record" (the contract's record; absent when one is created),
 *                   "action":{"name","label","help"}, "inputs":[fields as GET /api/v1/types/{type} gives them, and
 *                   "required"], "values":{field: value as the contract spells it, or what was sent (filled.h)},
 *                   "version" (to send back; absent when created)}, and after a failed attempt "errors":[…] and "error"
 *                   (a problem)
 *     PAGE_IMPORT   {"type"}, and after a failed attempt "error" (a problem)
 *     PAGE_COLUMNS  {"about","columns","fields"} (services/jobs.h), and after a failed attempt "error" (a problem),
 *                   "chosen" (the field of each column) and "write"
 *     PAGE_DOCUMENT {"name","label","date" (today's),"blocks":[{"text"}, {"fields":[names]} or
 *                   {"signatures":[words]}],"record" (the contract's)}; a {field} in a text stands for its value,
 *                   "____" for what does not show
 *     PAGE_AT       the contract's record of a day in the past, with `at`; ?date=DAY leads to that day's address
 *     PAGE_DESK     {"today","due_today","late","mine","waiting","next"} (kernel/desk.h)
 *     PAGE_NOTICES  {"items","next","unread"} (kernel/notice.h); call->query holds before
 *     PAGE_MAIL     {"sends","wants","address","confirmed","waits","last"} (docs/API.md, GET /mail), and after a failed
 *                   attempt "error" (a problem) and "form" ("address" or "code"): where it was
 *     PAGE_MAIL_OFF {"person","key"} of the address in a mail, and "done" once no more mail comes
 *     PAGE_CHECK    {"log","key"} of this city; of a receipt also "unchanged","of_this_log","witnessed" (true, false,
 *                   or null where it cannot be told), and "receipt" (evidence/verify.h) or "error" (a problem)
 *     PAGE_ERROR    problem+json: {"type","title","status","detail","errors"}; also GET /errors/{code}
 *
 * Forms (application/x-www-form-urlencoded), all with the field csrf = ui.csrf, steps with once = ui.once, too:
 *     POST /sign-in {login, password, next}     (csrf may be empty: nobody has a session yet)
 *     POST /sign-in/membership {membership}     act as another of one's memberships
 *     POST /sign-out {}
 *     POST /notices {until} or {id}             one's notices up to that one, or that one alone, are read
 *     POST /mail {address, wants}               notices by mail; leads back there, as the next two do
 *     POST /mail/code {code}                    confirms the address
 *     POST /mail/forget {}                      forgets it
 *     POST /mail/off?person=ID&key=KEY {}       no more mail; nobody need be signed in
 *     POST /check {file} or {text}              multipart/form-data, read in memory; nobody need be signed in
 *     POST /{type}                              creates; field names as they are in the type
 *     POST /{type}/import {file, how}           multipart/form-data; how: "check" or "write"; leads to the job
 *     POST /jobs/{id}/columns {c0, c1, …, how}  for each column the name of a field, or nothing; leads to the new job
 *     POST /{type}/{id}/{action} {version, …}   takes a step; version (needed for edit) is the version that was shown
 *     Values: text as typed; an empty value is a missing one; numbers may have thousand marks (1,234.50); booleans are
 *     "true" or "false"; dates YYYY-MM-DD; choices their code; references an id, or the number or exact title of one
 *     record; lists and child rows as filled.h says, whose more[NAME] answers with the form and more rows. Success
 *     answers 303 to the record. Otherwise the form is shown again with what was typed and the errors, status 422
 *     (fields), 409 (state, guard), 412 (somebody was faster).
 * Forms to fill in: GET /{type}/new, GET /{type}/{id}/{action}; field values may be given in the query, as a link that
 * adds a child names its parent: /review/new?paper=ID. */
#ifndef FM_WEB_PAGE_H
#define FM_WEB_PAGE_H

#include "web/call.h"
#include "web/look/look.h"

typedef enum PageKind {
    PAGE_NONE,
    PAGE_HOME,
    PAGE_SIGN_IN,
    PAGE_LIST,
    PAGE_BOARD,
    PAGE_MATRIX,
    PAGE_STEPS,
    PAGE_SEARCH,
    PAGE_STATISTICS,
    PAGE_RECORD,
    PAGE_FORM,
    PAGE_IMPORT,
    PAGE_COLUMNS,
    PAGE_DOCUMENT,
    PAGE_AT,
    PAGE_DESK,
    PAGE_NOTICES,
    PAGE_MAIL,
    PAGE_MAIL_OFF,
    PAGE_CHECK,
    PAGE_ERROR,
    PAGE_KIND_COUNT
} PageKind;

typedef struct PageOut {
    Str template; /* "list": web/templates/list.mustache */
    Json *ui;     /* has the frame's facts */
    Json *page;   /* an empty object */
} PageOut;

typedef struct Page {
    Str template;
    Err (*view)(Call *call, const Json *data, PageOut *out);
    bool (*before)(Call *call); /* or NULL */
} Page;

extern const Page pages[PAGE_KIND_COUNT]; /* src/web/pages/pages.c; PAGE_NONE's row is empty */

/* Templates and texts, for views: look_text(page_look(call), call->ctx.lang, STR("say.list.showing")). */
const Look *page_look(const Call *call);
/* Renders the page of kind over data into the call's arena. */
Err page_render(Call *call, PageKind kind, const Json *data, Str *out) MUST_CHECK;
/* Every byte but unreserved ones and '/' as %XX, for hrefs. */
Str uri_escape(Arena *arena, Str text);

#endif
