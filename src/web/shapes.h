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

/* Records are counted so far, for a page in about a millisecond; ?total=1 of a list counts them all. */
#define SHAPE_COUNT_MAX 5000

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
/* Does any rule let the actor's role see records of the type? */
bool shape_listed(const Call *call, const Type *type);
/* Whether the role ever sees everything that the expression reads; else its source would tell of the rest. */
bool shape_expr_known(const Call *call, const Expr *expr);
/* Has the type a matrix, and could the actor ever see all that its classes read? */
bool shape_matrix_known(const Call *call, const Type *type);
/* Can the document be had of a record in the state? -1: the state does not show, and must not by what is there. */
static inline bool shape_document_fits(const Document *document, int state)
{
    return !document->states || (state >= 0 && (document->states >> state & 1));
}
/* What stands in a document for a value that is missing, or that the actor may not see: a line to write on. */
#define SHAPE_BLANK STR("____")
/* As what its values are written: of a computed field the kind that its formula gives. */
FieldKind shape_result(const Field *field);
/* Is it one of the fields that hold another's text in one language? */
static inline bool shape_translation(const Field *field) { return field->translation_of > 0; /* 0 is the id */ }
/* May anybody of this role ever take the action? */
bool shape_action_known(const Call *call, const Action *action);

/* Could the role ever bring records of the type in by a file? Then there is a form for it. */
bool shape_imports(const Call *call, const Type *type);

/* A whole number of the query; absent leaves *out as it is. */
void shape_number(const Call *call, const char *name, int64_t min, int64_t max, int64_t *out, Problems *problems);
/* The first of the problems as the error. */
Err shape_problem(const Problems *problems) MUST_CHECK;

/* What the address asks of each record (`fields`, `expand`). */
Err shape_wanted(const Call *call, const Type *type, Wanted *out, Problems *problems) MUST_CHECK;
/* The record as the actor sees it, with the steps possible now, and what its type's own page shows
 * (services/views.h); sets the ETag. */
Err shape_record(Call *call, const Record *record, Json **out, Problems *problems) MUST_CHECK;

Json *shape_party(Arena *arena, Str id, Str name); /* {id, name} */
/* Adds role, role_label and organisation of a membership. */
void shape_role(Call *call, const Actor *actor, Json *json);

/* "/api/v1/records/TYPE/ID" or, for pages, "/TYPE/ID". */
Str shape_record_path(Call *call, const Type *type, Str id);

#endif
