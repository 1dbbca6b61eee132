/* base/value.c: see value.h. The encoding is kept in events for good, so decode takes the canonical spelling alone:
 * encode(decode(s)) = s as well. */
#include "base/value.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/uuid.h"

bool value_eq(Value a, Value b)
{
    if (a.kind != b.kind)
        return false;
    switch (a.kind) {
    case VALUE_MISSING: return true;
    case VALUE_TEXT:
    case VALUE_ID:
    case VALUE_LIST:
    case VALUE_ROWS:
    case VALUE_FILES: return str_eq(a.text, b.text);
    case VALUE_DECIMAL: return decimal_cmp((Decimal){ a.number, a.scale }, (Decimal){ b.number, b.scale }) == 0;
    case VALUE_BOOLEAN: return !a.number == !b.number;
    case VALUE_INTEGER:
    case VALUE_DATE:
    case VALUE_INSTANT:
    case VALUE_KIND_COUNT: break;
    }
    return a.number == b.number;
}

/* ---- one row a kind: its tag, how its content is written, how it is read ---- */

static Str plain_missing(Arena *arena, Value value)
{
    (void)arena, (void)value;
    return STR("");
}

static Str plain_text(Arena *arena, Value value) /* its own, not a copy */
{
    (void)arena;
    return value.text;
}

static Str plain_integer(Arena *arena, Value value)
{
    Buf out = buf_new(arena, SIZE_MAX);
    buf_int(&out, value.number);
    return buf_str(&out);
}

static Str plain_decimal(Arena *arena, Value value)
{
    return decimal_text(arena, (Decimal){ value.number, value.scale });
}

static Str plain_boolean(Arena *arena, Value value)
{
    (void)arena;
    return value.number ? STR("true") : STR("false");
}

static Str plain_date(Arena *arena, Value value) { return date_text(arena, value.number); }

static Str plain_instant(Arena *arena, Value value) { return instant_text(arena, value.number); }

static bool read_text(Str s, Value *out)
{
    out->text = s;
    return true;
}

static bool read_id(Str s, Value *out)
{
    out->text = s;
    return uuid_valid(s);
}

static bool read_integer(Str s, Value *out)
{
    Str  digits = str_starts(s, STR("-")) ? str_slice(s, 1, s.len) : s;
    bool leading_zero = str_starts(digits, STR("0")) && s.len > 1; /* "-0" too */
    return !leading_zero && str_int(s, &out->number);
}

static bool read_decimal(Str s, Value *out)
{
    Decimal decimal;
    if (!decimal_parse(s, &decimal) || (decimal.units == 0 && str_starts(s, STR("-"))))
        return false;
    out->number = decimal.units;
    out->scale = decimal.scale;
    return true;
}

static bool read_boolean(Str s, Value *out)
{
    out->number = str_eq(s, STR("true"));
    return out->number || str_eq(s, STR("false"));
}

static bool read_date(Str s, Value *out) { return date_parse(s, &out->number); }

static bool read_instant(Str s, Value *out)
{
    return s.len == strlen("2025-03-04T05:06:07.000Z") && str_ends(s, STR("Z")) && instant_parse(s, &out->number);
}

static bool read_list(Str s, Value *out)
{
    for (Str rest = s; rest.len;) {
        Str item = value_list_next(&rest);
        if (item.len == 0 || value_list_holds(value_list(rest), item))
            return false;
    }
    out->text = s;
    return s.len > 0 && !str_ends(s, STR(","));
}

static bool read_array(Str s, Value *out) /* what it holds is kernel/rows.h's to read, and kernel/file_store.h's */
{
    out->text = s;
    return str_starts(s, STR("[")) && str_ends(s, STR("]"));
}

static const struct {
    Str tag; /* with its colon; a missing value has no content */
    Str (*plain)(Arena *arena, Value value);
    bool (*read)(Str s, Value *out);
} kinds[VALUE_KIND_COUNT] = {
    [VALUE_MISSING] = { STR_INIT("missing"), plain_missing, NULL },
    [VALUE_TEXT] = { STR_INIT("text:"), plain_text, read_text },
    [VALUE_INTEGER] = { STR_INIT("integer:"), plain_integer, read_integer },
    [VALUE_DECIMAL] = { STR_INIT("decimal:"), plain_decimal, read_decimal },
    [VALUE_BOOLEAN] = { STR_INIT("boolean:"), plain_boolean, read_boolean },
    [VALUE_DATE] = { STR_INIT("date:"), plain_date, read_date },
    [VALUE_INSTANT] = { STR_INIT("instant:"), plain_instant, read_instant },
    [VALUE_ID] = { STR_INIT("id:"), plain_text, read_id },
    [VALUE_LIST] = { STR_INIT("list:"), plain_text, read_list },
    [VALUE_ROWS] = { STR_INIT("rows:"), plain_text, read_array },
    [VALUE_FILES] = { STR_INIT("files:"), plain_text, read_array },
};

Str value_encode(Arena *arena, Value value)
{
    Str parts[] = { kinds[value.kind].tag, kinds[value.kind].plain(arena, value) };
    return str_join(arena, parts, 2, STR_NONE);
}

bool value_decode(Str encoded, Value *out)
{
    if (str_eq(encoded, kinds[VALUE_MISSING].tag)) {
        *out = VALUE_NONE;
        return true;
    }
    for (int kind = VALUE_MISSING + 1; kind < VALUE_KIND_COUNT; kind++) {
        if (!str_starts(encoded, kinds[kind].tag))
            continue;
        Value value = { .kind = (ValueKind)kind };
        if (!kinds[kind].read(str_slice(encoded, kinds[kind].tag.len, encoded.len), &value))
            return false;
        *out = value;
        return true;
    }
    return false;
}

Str value_plain(Arena *arena, Value value) { return str_dup(arena, kinds[value.kind].plain(arena, value)); }

static bool parse_decimal(Str text, uint8_t scale, Value *out)
{
    Decimal decimal;
    if (!decimal_parse(text, &decimal) || !decimal_rescale(decimal, scale, &decimal))
        return false;
    *out = value_decimal(decimal);
    return true;
}

bool value_parse(ValueKind kind, uint8_t scale, Str text, Value *out)
{
    Value value = { .kind = kind, .text = text };
    bool  good = text.len > 0;
    switch (kind) {
    case VALUE_TEXT: break;
    case VALUE_INTEGER: good = str_int(text, &value.number); break;
    case VALUE_DECIMAL: good = parse_decimal(text, scale, &value); break;
    case VALUE_BOOLEAN: good = read_boolean(text, &value); break;
    case VALUE_DATE: good = read_date(text, &value); break;
    case VALUE_INSTANT: good = instant_parse(text, &value.number); break;
    default: good = false;
    }
    if (kind != VALUE_TEXT)
        value.text = STR_NONE;
    if (good)
        *out = value;
    return good;
}

Str value_list_next(Str *rest) { return str_cut(rest, ','); }

bool value_list_holds(Value list, Str item)
{
    for (Str rest = list.kind == VALUE_LIST ? list.text : STR_NONE; rest.len;)
        if (str_eq(value_list_next(&rest), item))
            return true;
    return false;
}
