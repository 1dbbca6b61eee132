/* base/json.h: JSON as a tree in an arena, and a writer.
 *
 * Source   RFC 8259, strict; UTF-8 only, without byte order mark. Refused as malformed (400): duplicate keys, depth
 *          over JSON_DEPTH_MAX, lone surrogates, anything after the value. Numbers keep their source text, so
 *          decimals lose nothing. Text may hold NUL ("\\u0000"), as the format allows: fields refuse it where it is
 *          read (utf8_printable).
 * Memory   the tree lives in the arena whole, text included; the source text is not needed any more.
 * Errors   ECODE_JSON_SYNTAX with the byte position in the context; *out is untouched. */
#ifndef FM_BASE_JSON_H
#define FM_BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"

#define JSON_DEPTH_MAX 64

typedef enum JsonKind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } JsonKind;

typedef struct Json Json;
struct Json {
    JsonKind kind;
    Str      key;                 /* name when it is the member of an object */
    Str      text;                /* JSON_STRING: unescaped; JSON_NUMBER: as written */
    Json    *first, *last, *next; /* children in order; next sibling */
    size_t   count;               /* children */
};

Err json_parse(Arena *arena, Str text, Json **out) MUST_CHECK;

/* Member by name; NULL when there is none or object is not an object (NULL included). */
const Json *json_get(const Json *object, Str key);
Str         json_text(const Json *value);              /* of a string, else STR_NONE */
bool        json_int(const Json *value, int64_t *out); /* whole numbers only, no fraction, no exponent */
bool        json_truth(const Json *value, bool *out);  /* true, false; anything else returns false */
#define JSON_EACH(item, parent) for (const Json *item = (parent) ? (parent)->first : NULL; item; item = item->next)

/* ---- building ---- */
Json *json_object(Arena *arena);
Json *json_array(Arena *arena);
Json *json_string(Arena *arena, Str s); /* borrows s */
Json *json_number(Arena *arena, int64_t number);
Json *json_bool(Arena *arena, bool truth);
Json *json_null(Arena *arena);
/* Appends value under key (borrowed); returns value. A key must not be there yet: the writer does not look. */
Json *json_set(Json *object, Str key, Json *value);
Json *json_push(Json *array, Json *value);
Json *json_set_str(Arena *arena, Json *object, Str key, Str value);
Json *json_set_int(Arena *arena, Json *object, Str key, int64_t value);
Json *json_set_bool(Arena *arena, Json *object, Str key, bool value);
Json *json_dup(Arena *arena, const Json *value); /* deep copy */

/* ---- writing: compact; what was parsed and is written parses to the same tree ---- */
void json_write(Buf *buf, const Json *value);
/* With quotes and escapes; also escapes <, >, & and U+2028/9 for safe embedding. */
void json_write_string(Buf *buf, Str s);

#endif
