/* base/json.c: see json.h.
 *
 * The parser copies the text into the arena once and works on the copy: strings are unescaped in place (an escape is
 * never shorter than what it stands for), and the tree borrows from it. */
#include "base/json.h"

#include "base/utf8.h"

#include <assert.h>
#include <stdlib.h>

/* ---- parser ---- */

typedef struct Parser {
    Arena      *arena;
    char       *start, *at, *end;
    const char *fault; /* why the parse fails; NULL while it goes well */
} Parser;

static bool parse_value(Parser *parser, int depth, Json *out);

static bool fail(Parser *parser, const char *fault)
{
    parser->fault = fault;
    return false;
}

static void skip_space(Parser *parser)
{
    while (parser->at < parser->end &&
           (*parser->at == ' ' || *parser->at == '\n' || *parser->at == '\r' || *parser->at == '\t'))
        parser->at++;
}

static bool take(Parser *parser, char c)
{
    if (parser->at == parser->end || *parser->at != c)
        return false;
    parser->at++;
    return true;
}

static bool parse_word(Parser *parser, Str word, JsonKind kind, Json *out)
{
    Str rest = { parser->at, (size_t)(parser->end - parser->at) };
    if (!str_starts(rest, word))
        return fail(parser, "not a value");
    parser->at += word.len;
    out->kind = kind;
    return true;
}

static size_t take_digits(Parser *parser)
{
    const char *from = parser->at;
    while (parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9')
        parser->at++;
    return (size_t)(parser->at - from);
}

static bool parse_number(Parser *parser, Json *out)
{
    char *from = parser->at;
    take(parser, '-');
    bool zero = take(parser, '0');
    if (!zero && take_digits(parser) == 0)
        return fail(parser, "a number without digits");
    if (take(parser, '.') && take_digits(parser) == 0)
        return fail(parser, "a fraction without digits");
    if (take(parser, 'e') || take(parser, 'E')) {
        if (!take(parser, '+'))
            take(parser, '-');
        if (take_digits(parser) == 0)
            return fail(parser, "an exponent without digits");
    }
    out->kind = JSON_NUMBER; /* digits after a leading zero are left over, and refused as such */
    out->text = (Str){ from, (size_t)(parser->at - from) };
    return true;
}

/* ---- strings ---- */

static bool take_hex4(Parser *parser, uint32_t *out)
{
    uint32_t number = 0;
    for (int i = 0; i < 4; i++, parser->at++) {
        if (parser->at == parser->end)
            return false;
        char c = *parser->at;
        int  digit = c >= '0' && c <= '9'   ? c - '0'
                     : c >= 'a' && c <= 'f' ? c - 'a' + 10
                     : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                            : -1;
        if (digit < 0)
            return false;
        number = number << 4 | (uint32_t)digit;
    }
    *out = number;
    return true;
}

static char *put_utf8(char *out, uint32_t point)
{
    if (point < 0x80) {
        *out++ = (char)point;
        return out;
    }
    if (point < 0x800) {
        *out++ = (char)(0xC0 | point >> 6);
    } else {
        if (point < 0x10000) {
            *out++ = (char)(0xE0 | point >> 12);
        } else {
            *out++ = (char)(0xF0 | point >> 18);
            *out++ = (char)(0x80 | (point >> 12 & 0x3F));
        }
        *out++ = (char)(0x80 | (point >> 6 & 0x3F));
    }
    *out++ = (char)(0x80 | (point & 0x3F));
    return out;
}

/* After "\u": four digits, or two such escapes that form a surrogate pair. */
static bool unescape_point(Parser *parser, char **write)
{
    uint32_t point, low;
    if (!take_hex4(parser, &point))
        return fail(parser, "a bad \\u escape");
    if (point >= 0xD800 && point < 0xE000) {
        if (point >= 0xDC00 || !take(parser, '\\') || !take(parser, 'u') || !take_hex4(parser, &low) || low < 0xDC00 ||
            low >= 0xE000)
            return fail(parser, "a lone surrogate");
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    *write = put_utf8(*write, point);
    return true;
}

static bool unescape(Parser *parser, char **write)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (parser->at == parser->end)
        return fail(parser, "text without its end");
    char c = *parser->at++;
    if (c == 'u')
        return unescape_point(parser, write);
    const char *found = c ? strchr(from, c) : NULL;
    if (!found)
        return fail(parser, "an unknown escape");
    *(*write)++ = to[found - from];
    return true;
}

/* Bytes from at that stand for themselves: no quote, backslash or control character. */
static char *plain_run_end(char *at, const char *end)
{
    while (at < end && *at != '"' && *at != '\\' && (uint8_t)*at >= 0x20)
        at++;
    return at;
}

static bool parse_string(Parser *parser, Str *out)
{
    char *from = ++parser->at, *write = from;
    for (;;) {
        char *run = parser->at;
        parser->at = plain_run_end(run, parser->end);
        size_t length = (size_t)(parser->at - run);
        if (write != run)
            memmove(write, run, length);
        write += length;
        if (take(parser, '"'))
            break;
        if (parser->at == parser->end)
            return fail(parser, "text without its end");
        if (!take(parser, '\\'))
            return fail(parser, "a control character in text");
        if (!unescape(parser, &write))
            return false;
    }
    *out = (Str){ from, (size_t)(write - from) };
    return true;
}

/* ---- containers ---- */

static void append(Json *parent, Json *child)
{
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->count++;
}

static bool parse_array(Parser *parser, int depth, Json *out)
{
    out->kind = JSON_ARRAY;
    parser->at++;
    skip_space(parser);
    if (take(parser, ']'))
        return true;
    do {
        Json *item = ARENA_NEW(parser->arena, Json);
        if (!parse_value(parser, depth + 1, item))
            return false;
        append(out, item);
    } while (take(parser, ','));
    return take(parser, ']') || fail(parser, "neither , nor ] after an item");
}

/* A key with its first bytes as a number, so that most comparisons need not follow the pointer. */
typedef struct SortKey {
    uint64_t head;
    Str      key;
} SortKey;

static uint64_t key_head(Str key)
{
    uint64_t head = 0;
    for (size_t i = 0; i < 8; i++)
        head = head << 8 | (i < key.len ? (uint8_t)key.ptr[i] : 0);
    return head;
}

static int sort_key_cmp(const void *left, const void *right)
{
    const SortKey *a = left, *b = right;
    if (a->head != b->head)
        return a->head < b->head ? -1 : 1;
    return str_cmp(a->key, b->key);
}

static const Str *twin_by_pairs(const Json *object)
{
    for (const Json *a = object->first; a; a = a->next)
        for (const Json *b = a->next; b; b = b->next)
            if (str_eq(a->key, b->key))
                return &b->key;
    return NULL;
}

/* Sorting, not hashing: no choice of keys makes it slow. */
static const Str *twin_by_sorting(Arena *arena, const Json *object)
{
    SortKey *keys = ARENA_ARRAY(arena, SortKey, object->count);
    size_t   count = 0;
    JSON_EACH(member, object)
        keys[count++] = (SortKey){ key_head(member->key), member->key };
    qsort(keys, count, sizeof *keys, sort_key_cmp);
    for (size_t i = 1; i < count; i++)
        if (str_eq(keys[i - 1].key, keys[i].key))
            return &keys[i].key;
    return NULL;
}

static bool keys_differ(Parser *parser, const Json *object)
{
    enum { FEW = 16 }; /* up to here comparing all pairs is the faster way */
    OWNED(arena) Arena *scratch = object->count > FEW ? arena_new() : NULL;
    const Str          *twin = scratch ? twin_by_sorting(scratch, object) : twin_by_pairs(object);
    if (!twin)
        return true;
    parser->at = parser->start + (twin->ptr - parser->start);
    return fail(parser, "a key given twice");
}

static bool parse_member(Parser *parser, int depth, Json *object)
{
    skip_space(parser);
    if (parser->at == parser->end || *parser->at != '"')
        return fail(parser, "not a key");
    Json *member = ARENA_NEW(parser->arena, Json);
    if (!parse_string(parser, &member->key))
        return false;
    skip_space(parser);
    if (!take(parser, ':'))
        return fail(parser, "no : after a key");
    if (!parse_value(parser, depth + 1, member))
        return false;
    append(object, member);
    return true;
}

static bool parse_object(Parser *parser, int depth, Json *out)
{
    out->kind = JSON_OBJECT;
    parser->at++;
    skip_space(parser);
    if (take(parser, '}'))
        return true;
    do
        if (!parse_member(parser, depth, out))
            return false;
    while (take(parser, ','));
    if (!take(parser, '}'))
        return fail(parser, "neither , nor } after a member");
    return keys_differ(parser, out);
}

/* One value with the space around it; depth counts the containers it stands in. */
static bool parse_value(Parser *parser, int depth, Json *out)
{
    bool good;
    skip_space(parser);
    if (parser->at == parser->end)
        return fail(parser, "the text ends too early");
    char c = *parser->at;
    if ((c == '{' || c == '[') && depth == JSON_DEPTH_MAX)
        return fail(parser, "nested too deep");
    switch (c) {
    case '{': good = parse_object(parser, depth, out); break;
    case '[': good = parse_array(parser, depth, out); break;
    case '"':
        out->kind = JSON_STRING;
        good = parse_string(parser, &out->text);
        break;
    case 't': good = parse_word(parser, STR("true"), JSON_TRUE, out); break;
    case 'f': good = parse_word(parser, STR("false"), JSON_FALSE, out); break;
    case 'n': good = parse_word(parser, STR("null"), JSON_NULL, out); break;
    default: good = parse_number(parser, out); break;
    }
    if (good)
        skip_space(parser);
    return good;
}

Err json_parse(Arena *arena, Str text, Json **out)
{
    size_t valid = utf8_valid_until(text);
    if (valid < text.len)
        return err_make(ECODE_JSON_SYNTAX, "at byte %zu: not UTF-8", valid);
    char  *copy = (char *)str_dup(arena, text).ptr;
    Parser parser = { .arena = arena, .start = copy, .at = copy, .end = copy + text.len };
    Json  *value = ARENA_NEW(arena, Json);
    if (parse_value(&parser, 0, value) && parser.at < parser.end)
        fail(&parser, "more after the value");
    if (parser.fault)
        return err_make(ECODE_JSON_SYNTAX, "at byte %zu: %s", (size_t)(parser.at - parser.start), parser.fault);
    *out = value;
    return ERR_OK;
}

/* ---- reading a tree ---- */

const Json *json_get(const Json *object, Str key)
{
    if (!object || object->kind != JSON_OBJECT)
        return NULL;
    JSON_EACH(member, object)
        if (str_eq(member->key, key))
            return member;
    return NULL;
}

Str json_text(const Json *value) { return value && value->kind == JSON_STRING ? value->text : STR_NONE; }

bool json_int(const Json *value, int64_t *out)
{
    return value && value->kind == JSON_NUMBER && str_int(value->text, out);
}

bool json_truth(const Json *value, bool *out)
{
    if (!value || (value->kind != JSON_TRUE && value->kind != JSON_FALSE))
        return false;
    *out = value->kind == JSON_TRUE;
    return true;
}

/* ---- building ---- */

static Json *json_new(Arena *arena, JsonKind kind)
{
    Json *value = ARENA_NEW(arena, Json);
    value->kind = kind;
    return value;
}

Json *json_object(Arena *arena) { return json_new(arena, JSON_OBJECT); }

Json *json_array(Arena *arena) { return json_new(arena, JSON_ARRAY); }

Json *json_string(Arena *arena, Str s)
{
    Json *value = json_new(arena, JSON_STRING);
    value->text = s;
    return value;
}

Json *json_number(Arena *arena, int64_t number)
{
    Json *value = json_new(arena, JSON_NUMBER);
    value->text = str_printf(arena, "%lld", (long long)number);
    return value;
}

Json *json_bool(Arena *arena, bool truth) { return json_new(arena, truth ? JSON_TRUE : JSON_FALSE); }

Json *json_null(Arena *arena) { return json_new(arena, JSON_NULL); }

Json *json_set(Json *object, Str key, Json *value)
{
    assert(object->kind == JSON_OBJECT && !value->next);
    value->key = key;
    append(object, value);
    return value;
}

Json *json_push(Json *array, Json *value)
{
    assert(array->kind == JSON_ARRAY && !value->next);
    append(array, value);
    return value;
}

Json *json_set_str(Arena *arena, Json *object, Str key, Str value)
{
    return json_set(object, key, json_string(arena, value));
}

Json *json_set_int(Arena *arena, Json *object, Str key, int64_t value)
{
    return json_set(object, key, json_number(arena, value));
}

Json *json_set_bool(Arena *arena, Json *object, Str key, bool value)
{
    return json_set(object, key, json_bool(arena, value));
}

Json *json_dup(Arena *arena, const Json *value)
{
    Json *copy = json_new(arena, value->kind);
    copy->text = str_dup(arena, value->text);
    JSON_EACH(child, value) {
        Json *child_copy = json_dup(arena, child);
        child_copy->key = str_dup(arena, child->key);
        append(copy, child_copy);
    }
    return copy;
}

/* ---- writing ---- */

/* What to write for the character at s.ptr[at], and its length in the text; NULL when it stands for itself. */
static const char *escape_of(Str s, size_t at, size_t *length, char unicode[7])
{
    static const char hex[] = "0123456789abcdef";
    *length = 1;
    uint8_t c = (uint8_t)s.ptr[at];
    switch (c) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\b': return "\\b";
    case '\f': return "\\f";
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    case 0xE2: /* U+2028 and U+2029 end a line in older JavaScript */
        if (s.len - at < 3 || s.ptr[at + 1] != '\x80' || (s.ptr[at + 2] != '\xA8' && s.ptr[at + 2] != '\xA9'))
            return NULL;
        *length = 3;
        return s.ptr[at + 2] == '\xA8' ? "\\u2028" : "\\u2029";
    default:
        if (c >= 0x20 && c != '<' && c != '>' && c != '&')
            return NULL;
        memcpy(unicode, "\\u00", 4);
        unicode[4] = hex[c >> 4];
        unicode[5] = hex[c & 15];
        unicode[6] = '\0';
        return unicode;
    }
}

void json_write_string(Buf *buf, Str s)
{
    buf_char(buf, '"');
    size_t from = 0;
    for (size_t at = 0; at < s.len;) {
        char        unicode[7];
        size_t      length;
        const char *escape = escape_of(s, at, &length, unicode);
        if (escape) {
            buf_add(buf, str_slice(s, from, at));
            buf_add(buf, str_from(escape));
            from = at + length;
        }
        at += length;
    }
    buf_add(buf, str_slice(s, from, s.len));
    buf_char(buf, '"');
}

static void write_children(Buf *buf, const Json *value)
{
    bool object = value->kind == JSON_OBJECT;
    buf_char(buf, object ? '{' : '[');
    JSON_EACH(child, value) {
        if (child != value->first)
            buf_char(buf, ',');
        if (object) {
            json_write_string(buf, child->key);
            buf_char(buf, ':');
        }
        json_write(buf, child);
    }
    buf_char(buf, object ? '}' : ']');
}

void json_write(Buf *buf, const Json *value)
{
    switch (value->kind) {
    case JSON_NULL: buf_add(buf, STR("null")); break;
    case JSON_FALSE: buf_add(buf, STR("false")); break;
    case JSON_TRUE: buf_add(buf, STR("true")); break;
    case JSON_NUMBER: buf_add(buf, value->text); break;
    case JSON_STRING: json_write_string(buf, value->text); break;
    case JSON_ARRAY:
    case JSON_OBJECT: write_children(buf, value); break;
    }
}
