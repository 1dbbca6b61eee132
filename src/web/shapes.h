/* web/shapes.h: the JSON shapes that several handlers share. Private to web/. */
#ifndef FM_WEB_SHAPES_H
#define FM_WEB_SHAPES_H

#include "web/call.h"

/* ---- reading a body ---- */

typedef struct Member { /* of a request body */
    const char *name;
    JsonKind    kind; /* JSON_TRUE stands for both truths */
    bool        needed;
} Member;

/* Refuses members that are not listed, of another kind, or missing though needed; null is
 * missing. ECODE_HTTP_PARAMETER… */
Err shape_check(const Json *body, const Member *members, size_t count, Problems *problems) MUST_CHECK;
#define SHAPE(body, problems, ...)                                                                                     \
    shape_check((body), (const Member[]){ __VA_ARGS__ }, sizeof((const Member[]){ __VA_ARGS__ }) / sizeof(Member),     \
                (problems))

/* ---- writing ---- */

/* The type of that name, for a program. ECODE_TYPE_UNKNOWN, with the names of those that the actor's role meets; of a
 * page that is no address: ECODE_PAGE_UNSEEN. */
Err shape_type_find(Call *call, Str name, const Type **out, Problems *problems) MUST_CHECK;
/* What it says of a name, whether it stands for nothing or for a type that the role never meets: alike. */
Err shape_type_unknown(Call *call, Problems *problems) MUST_CHECK;
/* A type as GET /api/v1/types/{type} shows it to the actor; NULL when nobody of this role ever sees or makes one. */
Json *shape_type(Call *call, const Type *type);
/* One of its fields; false when nobody of this role ever sees it. */
bool  shape_field_known(const Call *call, const Field *field);
Json *shape_field(Call *call, const Field *field);
/* May anybody of this role ever take the action? */
bool shape_action_known(const Call *call, const Action *action);

/* The record as the actor sees it, with the steps possible now, and what its type's own page shows
 * (services/views.h); sets the ETag. */
Err shape_record(Call *call, const Record *record, Json **out, Problems *problems) MUST_CHECK;

Json *shape_party(Arena *arena, Str id, Str name); /* {id, name} */
/* Adds role, role_label and organisation of a membership. */
void shape_role(Call *call, const Actor *actor, Json *json);

/* "/api/v1/records/TYPE/ID" or, for pages, "/TYPE/ID". */
Str shape_record_path(Call *call, const Type *type, Str id);

#endif
