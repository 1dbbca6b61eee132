/* web/endpoints.h: the one table of addresses. A request that fits no row is not served; dispatch, permissions,
 * cross-site rules, 405, the OpenAPI document and the authorisation tests all read this table, so they cannot disagree.
 *
 * Pattern  segments after '/'; "{name}" stands for one segment, "{name...}", at the end, for one or more. The first row
 *          that fits wins: literal segments stand above. */
#ifndef FM_WEB_ENDPOINTS_H
#define FM_WEB_ENDPOINTS_H

#include "web/page.h"

typedef enum Permission {
    ALLOW_ALL,       /* nobody need sign in */
    ALLOW_SIGNED_IN, /* 401, or the sign-in page; what they may do there is the kernel's business */
    ALLOW_WATCH,     /* the next, and signed-in operators from the machine itself: figures */
    ALLOW_OPERATOR   /* the operator of this machine: socket or same process; elsewhere the address does not exist */
} Permission;

typedef enum Csrf {
    CSRF_NONE, /* changes nothing: GET */
    CSRF_JSON, /* with a cookie: Content-Type application/json or the header X-Firstmile, and no other site's Origin */
    CSRF_FORM, /* form token of the session, and no other site's Origin */
    CSRF_OPEN  /* no session yet (sign-in): no other site's Origin */
} Csrf;

typedef enum BodyKind {
    BODY_NONE,
    BODY_JSON, /* an object; application/json, or nothing at all */
    BODY_FORM, /* application/x-www-form-urlencoded; where files may come with it, multipart/form-data: call->files */
    BODY_FILE  /* a file of any media type, to the disk as it comes: call->files; application/json: as BODY_JSON */
} BodyKind;

#define ENDPOINT_QUERY_MAX 16

struct Endpoint {
    Method      method; /* a GET row serves HEAD too */
    const char *pattern;
    void (*handler)(Call *call);
    Permission  permission;
    Csrf        csrf;
    BodyKind    body;
    size_t      body_max;  /* BODY_FILE: of the file */
    size_t      json_max;  /* of JSON or a form; 0: LIMIT_BODY_BYTES */
    bool        files;     /* BODY_FORM: may come with files, which go to the disk as they come */
    bool        in_memory; /* BODY_FORM: may come with files, each a value of the form, of any bytes */
    bool        plain;     /* asks neither the database nor who it is for */
    PageKind    page;      /* PAGE_NONE: JSON only */
    bool        if_match;  /* heeds the header If-Match; PATCH demands it */
    const char *summary;   /* one line for the OpenAPI document */
    const char *takes;     /* the JSON of its body (web/notation.h); NULL: none */
    const char *gives;     /* when done: "201 @record;204", each a status, and a shape, media types or nothing */
    /* Names that it takes; "box[]": each box[NAME] of a form; "*": the handler looks at them. `lang` is taken
     * everywhere, `format` on pages. */
    const char *query[ENDPOINT_QUERY_MAX];
    /* BODY_FILE: asked before the first byte is read, with who asks known. */
    Err (*before_body)(Call *call);
};

extern const Endpoint endpoints[];
extern const size_t   endpoint_count;

/* The row for a request and what stood for its "{…}". When no row fits, NULL; *allowed has a bit per Method that other
 * rows of the same address take: none means that there is no such address. */
const Endpoint *endpoint_find(Method method, Str path, Str params[CALL_PARAMS_MAX], unsigned *allowed);

#endif
