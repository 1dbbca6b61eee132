/* web/notation.c: see notation.h. */
#include "web/notation.h"

#include <assert.h>
#include <string.h>

typedef struct Reader {
    Arena *arena;
    Str    rest;
} Reader;

static bool next_is(const Reader *reader, char wanted) { return reader->rest.len && reader->rest.ptr[0] == wanted; }

static bool take(Reader *reader, char wanted)
{
    bool is = next_is(reader, wanted);
    if (is)
        reader->rest = str_slice(reader->rest, 1, reader->rest.len);
    return is;
}

static void must(Reader *reader, char wanted)
{
    bool there = take(reader, wanted);
    assert(there);
    (void)there;
}

static Str word(Reader *reader)
{
    size_t len = 0;
    while (len < reader->rest.len && !strchr("{}[]|,:?\"", reader->rest.ptr[len]))
        len++;
    Str found = str_slice(reader->rest, 0, len);
    reader->rest = str_slice(reader->rest, len, reader->rest.len);
    return found;
}

static Json *typed(Reader *reader, const char *type)
{
    Json *schema = json_object(reader->arena);
    json_set_str(reader->arena, schema, STR("type"), str_from(type));
    return schema;
}

static Json *named(Reader *reader, Str name)
{
    static const struct {
        const char *name, *type, *format;
    } words[] = {
        { "text", "string", NULL },   { "int", "integer", NULL },   { "bool", "boolean", NULL },
        { "null", "null", NULL },     { "date", "string", "date" }, { "time", "string", "date-time" },
        { "uuid", "string", "uuid" },
    };
    Json *schema = json_object(reader->arena);
    if (str_starts(name, STR("@"))) {
        Str of = str_slice(name, 1, name.len);
        json_set_str(reader->arena, schema, STR("$ref"),
                     str_printf(reader->arena, "#/components/schemas/%.*s", STR_FMT(of)));
        return schema;
    }
    if (str_eq(name, STR("any")))
        return schema;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (str_eq(name, str_from(words[i].name))) {
            schema = typed(reader, words[i].type);
            if (words[i].format)
                json_set_str(reader->arena, schema, STR("format"), str_from(words[i].format));
            return schema;
        }
    assert(false); /* no word of the notation */
    return schema;
}

static Json *shape(Reader *reader);

static Json *object(Reader *reader)
{
    Json *schema = typed(reader, "object");
    Json *properties = json_set(schema, STR("properties"), json_object(reader->arena));
    Json *required = json_array(reader->arena);
    bool  open = false;
    while (!next_is(reader, '}')) {
        Str  name = word(reader);
        bool optional = take(reader, '?');
        open = str_eq(name, STR("..."));
        if (!open) {
            must(reader, ':');
            json_set(properties, name, shape(reader));
        }
        if (!open && !optional)
            json_push(required, json_string(reader->arena, name));
        if (!take(reader, ','))
            break;
    }
    must(reader, '}');
    if (required->count)
        json_set(schema, STR("required"), required);
    if (!open)
        json_set_bool(reader->arena, schema, STR("additionalProperties"), false);
    return schema;
}

static Json *one(Reader *reader)
{
    if (take(reader, '{'))
        return object(reader);
    if (take(reader, '[')) {
        Json *schema = typed(reader, "array");
        json_set(schema, STR("items"), shape(reader));
        must(reader, ']');
        return schema;
    }
    if (take(reader, '"')) {
        Json *schema = json_object(reader->arena);
        json_set_str(reader->arena, schema, STR("const"), word(reader));
        must(reader, '"');
        return schema;
    }
    return named(reader, word(reader));
}

static Json *shape(Reader *reader)
{
    Json *first = one(reader);
    if (!next_is(reader, '|'))
        return first;
    Json *schema = json_object(reader->arena), *several = json_set(schema, STR("anyOf"), json_array(reader->arena));
    json_push(several, first);
    while (take(reader, '|'))
        json_push(several, one(reader));
    return schema;
}

Json *notation_schema(Arena *arena, Str text)
{
    Reader reader = { arena, text };
    Json  *schema = shape(&reader);
    assert(!reader.rest.len);
    return schema;
}
