/* base/value.h: the values that fields, expressions and statements share.
 *
 * Missing is a value. A choice is the text of its code, a reference the text of its id. */
#ifndef FM_BASE_VALUE_H
#define FM_BASE_VALUE_H

#include "base/decimal.h"
#include "base/str.h"

typedef enum ValueKind {
    VALUE_MISSING,
    VALUE_TEXT,    /* text */
    VALUE_INTEGER, /* number */
    VALUE_DECIMAL, /* number = units, scale */
    VALUE_BOOLEAN, /* number 0 or 1 */
    VALUE_DATE,    /* number = day */
    VALUE_INSTANT, /* number = milliseconds */
    VALUE_ID,      /* text: a UUID in its 36-character form */
    VALUE_LIST,    /* text: codes or ids joined by commas, none twice, at least one: "a,b"; of none it is missing */
    VALUE_ROWS,    /* text: child rows as kernel/rows.h writes them */
    VALUE_FILES,   /* text: files as kernel/file_store.h writes them */
    VALUE_KIND_COUNT
} ValueKind;

typedef struct Value {
    ValueKind kind;
    uint8_t   scale;
    int64_t   number;
    Str       text;
} Value;

#define VALUE_NONE ((Value){ .kind = VALUE_MISSING })

static inline Value value_text(Str s) { return (Value){ .kind = VALUE_TEXT, .text = s }; }
static inline Value value_id(Str s) { return (Value){ .kind = VALUE_ID, .text = s }; }
static inline Value value_list(Str s) { return (Value){ .kind = VALUE_LIST, .text = s }; }
static inline Value value_rows(Str s) { return (Value){ .kind = VALUE_ROWS, .text = s }; }
static inline Value value_files(Str s) { return (Value){ .kind = VALUE_FILES, .text = s }; }
static inline Value value_int(int64_t n) { return (Value){ .kind = VALUE_INTEGER, .number = n }; }
static inline Value value_bool(bool b) { return (Value){ .kind = VALUE_BOOLEAN, .number = b }; }
static inline Value value_date(int64_t day) { return (Value){ .kind = VALUE_DATE, .number = day }; }
static inline Value value_instant(int64_t ms) { return (Value){ .kind = VALUE_INSTANT, .number = ms }; }
static inline Value value_decimal(Decimal d)
{
    return (Value){ .kind = VALUE_DECIMAL, .number = d.units, .scale = d.scale };
}

/* Same kind and same value; decimals compare as numbers. Two missing values are equal. */
bool value_eq(Value a, Value b);
/* Canonical, self-describing text, kept in events for good: "missing", "text:…", "integer:12", "decimal:12.50",
 * "boolean:true", "date:2025-03-04", "instant:2025-03-04T05:06:07.000Z", "id:0193…", "list:a,b", "rows:[…]",
 * "files:[…]".
 * decode(encode(v)) = v. */
Str  value_encode(Arena *arena, Value value);
bool value_decode(Str encoded, Value *out);
/* For people and logs, without language: the text, the number, "true". Missing is "". */
Str value_plain(Arena *arena, Value value);
/* Reads what value_plain() writes, also where it is not written so shortly ("012", "1.5" at scale 2), of the kinds from
 * text to instant. False, and *out as it was, when it is none of the kind; empty text is none. */
bool value_parse(ValueKind kind, uint8_t scale, Str text, Value *out);
/* Whether the list holds the item; false of any other kind. */
bool value_list_holds(Value list, Str item);
/* Cuts the first item from what is left of a list's text. */
Str value_list_next(Str *rest);

#endif
