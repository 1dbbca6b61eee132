/* web/openapi.c: the interface as OpenAPI 3.1, made from the table of endpoints and from the types
 * that the actor's role knows. */
#include "base/limits.h"
#include "web/dispatch.h"
#include "web/handlers.h"
#include "web/idempotent.h"
#include "web/shapes.h"

#include <ctype.h>

static Json *set_object(Arena *arena, Json *into, const char *key)
{
    return json_set(into, str_from(key), json_object(arena));
}

static void set_text(Arena *arena, Json *into, const char *key, const char *text)
{
    json_set_str(arena, into, str_from(key), str_from(text));
}

static Json *schema_of_kind(Arena *arena, const char *kind)
{
    Json *schema = json_object(arena);
    set_text(arena, schema, "type", kind);
    return schema;
}

static Json *schema_ref(Arena *arena, Str name)
{
    Json *schema = json_object(arena);
    json_set_str(arena, schema, STR("$ref"), str_printf(arena, "#/components/schemas/%.*s", STR_FMT(name)));
    return schema;
}

static void add_content(Arena *arena, Json *into, const char *media, Json *schema)
{
    json_set(set_object(arena, set_object(arena, into, "content"), media), STR("schema"), schema);
}

/* ---- operations ---- */

static void add_parameter(Arena *arena, Json *parameters, Str name, const char *in, bool required)
{
    Json *parameter = json_push(parameters, json_object(arena));
    json_set_str(arena, parameter, STR("name"), name);
    set_text(arena, parameter, "in", in);
    json_set_bool(arena, parameter, STR("required"), required);
    json_set(parameter, STR("schema"), schema_of_kind(arena, "string"));
}

static void add_parameters(Arena *arena, const Endpoint *endpoint, Json *operation)
{
    Json *parameters = json_set(operation, STR("parameters"), json_array(arena));
    Str   rest = str_from(endpoint->pattern);
    while (rest.len) {
        Str segment = str_cut(&rest, '/');
        if (str_starts(segment, STR("{")))
            add_parameter(arena, parameters, str_slice(segment, 1, segment.len - 1), "path", true);
    }
    for (size_t i = 0; i < ENDPOINT_QUERY_MAX && endpoint->query[i]; i++)
        add_parameter(arena, parameters, str_from(endpoint->query[i]), "query", false);
    add_parameter(arena, parameters, STR("lang"), "query", false);
    if (idempotent_takes(endpoint))
        add_parameter(arena, parameters, STR("Idempotency-Key"), "header", false);
}

static Json *operation_json(Arena *arena, const Endpoint *endpoint)
{
    Json *operation = json_object(arena);
    set_text(arena, operation, "summary", endpoint->summary);
    add_parameters(arena, endpoint, operation);
    if (endpoint->body == BODY_JSON || endpoint->body == BODY_FILE)
        add_content(arena, set_object(arena, operation, "requestBody"), "application/json",
                    schema_of_kind(arena, "object"));
    Json *responses = set_object(arena, operation, "responses");
    set_text(arena, set_object(arena, responses, "2XX"), "description", "done");
    Json *problem = set_object(arena, responses, "default");
    set_text(arena, problem, "description", "not done, and why");
    add_content(arena, problem, "application/problem+json", schema_ref(arena, STR("problem")));
    if (endpoint->permission == ALLOW_ALL)
        json_set(operation, STR("security"), json_array(arena));
    return operation;
}

static bool documented(const Call *call, const Endpoint *endpoint)
{
    bool local = endpoint->permission == ALLOW_OPERATOR;
    return endpoint->page == PAGE_NONE && endpoint->body != BODY_FORM && (!local || call->from != CALL_NETWORK);
}

static Json *paths_json(Call *call)
{
    Arena *arena = call->ctx.arena;
    Json  *paths = json_object(arena);
    for (size_t i = 0; i < endpoint_count; i++) {
        const Endpoint *endpoint = &endpoints[i];
        Str             pattern = str_from(endpoint->pattern);
        if (!documented(call, endpoint))
            continue;
        Json *path = (Json *)json_get(paths, pattern); /* of the tree that is being built here */
        if (!path)
            path = json_set(paths, pattern, json_object(arena));
        char  *method = (char *)str_dup_z(arena, method_name(endpoint->method));
        size_t len = strlen(method);
        for (size_t c = 0; c < len; c++)
            method[c] = (char)tolower(method[c]);
        json_set(path, (Str){ method, len }, operation_json(arena, endpoint));
    }
    return paths;
}

/* ---- schemas ---- */

static const char *const json_types[VALUE_KIND_COUNT] = {
    [VALUE_TEXT] = "string", [VALUE_INTEGER] = "integer", [VALUE_DECIMAL] = "string", [VALUE_BOOLEAN] = "boolean",
    [VALUE_DATE] = "string", [VALUE_INSTANT] = "string",  [VALUE_ID] = "string",      [VALUE_LIST] = "array",
    [VALUE_ROWS] = "array",  [VALUE_FILES] = "array",
};

/* Kinds whose text has a form that JSON Schema knows by name. */
static const char *const formats[FIELD_KIND_COUNT] = {
    [FIELD_DATE] = "date",
    [FIELD_INSTANT] = "date-time",
    [FIELD_REFERENCE] = "uuid",
};

static Json *field_schema(Call *call, const Field *field);

static void add_codes(Arena *arena, const Field *field, Json *schema)
{
    if (!field->choice_count)
        return;
    Json *codes = json_set(schema, STR("enum"), json_array(arena));
    for (size_t i = 0; i < field->choice_count; i++)
        json_push(codes, json_string(arena, field->choices[i].code));
}

/* An exact number as text: so many digits after the point, at most. */
static void add_pattern(Arena *arena, const Field *field, Json *schema)
{
    json_set_str(arena, schema, STR("pattern"),
                 field->scale ? str_printf(arena, "^-?[0-9]+(\\.[0-9]{1,%d})?$", field->scale) : STR("^-?[0-9]+$"));
    if (field->currency.len)
        json_set_str(arena, schema, STR("x-currency"), field->currency);
}

static void add_items(Arena *arena, const Field *field, Json *schema)
{
    Json *items = json_set(schema, STR("items"), schema_of_kind(arena, "string"));
    if (field_kinds[field->kind].codes)
        add_codes(arena, field, items);
    else
        set_text(arena, items, "format", "uuid");
    json_set_int(arena, schema, STR("maxItems"), LIMIT_LIST_ITEMS);
    json_set_bool(arena, schema, STR("uniqueItems"), true);
}

static void add_columns(Call *call, const Field *field, Json *schema)
{
    Arena *arena = call->ctx.arena;
    Json  *items = json_set(schema, STR("items"), schema_of_kind(arena, "object"));
    Json  *properties = set_object(arena, items, "properties");
    for (size_t i = ROW_COLUMNS; i < field->rows->field_count; i++)
        json_set(properties, field->rows->fields[i].name, field_schema(call, &field->rows->fields[i]));
    json_set_bool(arena, items, STR("additionalProperties"), false);
    json_set_int(arena, schema, STR("maxItems"), LIMIT_ROWS);
}

/* Given by its id alone; told whole. */
static void add_file(Arena *arena, const Field *field, Json *schema)
{
    static const char *const members[] = { "id", "name", "size", "sha256" };
    bool                     several = field->kind == FIELD_FILES;
    Json                    *one = several ? json_set(schema, STR("items"), schema_of_kind(arena, "object")) : schema;
    Json                    *properties = set_object(arena, one, "properties");
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        json_set(properties, str_from(members[i]), schema_of_kind(arena, i == 2 ? "integer" : "string"));
    json_push(json_set(one, STR("required"), json_array(arena)), json_string(arena, STR("id")));
    if (several)
        json_set_int(arena, schema, STR("maxItems"), (int64_t)field->max_files);
}

static void add_kind(Call *call, const Field *field, Json *schema)
{
    Arena             *arena = call->ctx.arena;
    const FieldTraits *kind = &field_kinds[field->kind];
    if (kind->text)
        json_set_int(arena, schema, STR("maxLength"), field->max_points);
    else if (kind->value == VALUE_DECIMAL)
        add_pattern(arena, field, schema);
    else if (kind->list)
        add_items(arena, field, schema);
    else if (kind->codes)
        add_codes(arena, field, schema);
    else if (field->kind == FIELD_ROWS)
        add_columns(call, field, schema);
    else if (kind->file)
        add_file(arena, field, schema);
}

static Json *field_schema(Call *call, const Field *field)
{
    Arena      *arena = call->ctx.arena;
    bool        one_file = field->kind == FIELD_FILE;
    Json       *schema = schema_of_kind(arena, one_file ? "object" : json_types[field_expr_type(field).kind]);
    const char *format = formats[shape_result(field)];
    if (format)
        set_text(arena, schema, "format", format);
    json_set_str(arena, schema, STR("title"), field->label.in[call->ctx.lang]);
    if (field->help.in[call->ctx.lang].len)
        json_set_str(arena, schema, STR("description"), field->help.in[call->ctx.lang]);
    add_kind(call, field, schema);
    if (field->default_kind == DEFAULT_VALUE)
        json_set(schema, STR("default"), value_json(arena, field->default_value));
    if (field->system || field->clock || field->kind == FIELD_COMPUTED)
        json_set_bool(arena, schema, STR("readOnly"), field->index != SYS_DISCLOSURE);
    return schema;
}

static void add_type_schema(Call *call, const Type *type, Json *schemas)
{
    Arena *arena = call->ctx.arena;
    if (!call->ctx.actor || !shape_type(call, type))
        return;
    Json *schema = schema_of_kind(arena, "object");
    json_set_str(arena, schema, STR("title"), type->label.in[call->ctx.lang]);
    Json *properties = set_object(arena, schema, "properties");
    for (size_t i = 0; i < type->field_count; i++) {
        const Field *field = &type->fields[i];
        bool         head = field->system && i != SYS_DISCLOSURE; /* stands beside `fields`, not in them */
        if (!head && shape_field_known(call, field))
            json_set(properties, field->name, field_schema(call, field));
    }
    json_set(schemas, str_printf(arena, "fields_of_%.*s", STR_FMT(type->name)), schema);
}

static Json *problem_schema(Arena *arena)
{
    Json *schema = schema_of_kind(arena, "object"), *properties = set_object(arena, schema, "properties");
    json_set(properties, STR("type"), schema_of_kind(arena, "string"));
    json_set(properties, STR("title"), schema_of_kind(arena, "string"));
    json_set(properties, STR("status"), schema_of_kind(arena, "integer"));
    json_set(properties, STR("detail"), schema_of_kind(arena, "string"));
    Json *errors = json_set(properties, STR("errors"), schema_of_kind(arena, "array"));
    json_set(errors, STR("items"), schema_of_kind(arena, "object"));
    return schema;
}

static Json *schemas_json(Call *call)
{
    Json *schemas = json_object(call->ctx.arena);
    json_set(schemas, STR("problem"), problem_schema(call->ctx.arena));
    for (size_t i = 0; i < call_pack(call)->type_count; i++)
        add_type_schema(call, &call_pack(call)->types[i], schemas);
    return schemas;
}

static void add_security(Arena *arena, Json *components, Json *document)
{
    Json *schemes = set_object(arena, components, "securitySchemes"), *token = set_object(arena, schemes, "token");
    set_text(arena, token, "type", "http");
    set_text(arena, token, "scheme", "bearer");
    Json *session = set_object(arena, schemes, "session");
    set_text(arena, session, "type", "apiKey");
    set_text(arena, session, "in", "cookie");
    set_text(arena, session, "name", "sid");
    Json *security = json_set(document, STR("security"), json_array(arena));
    json_set(json_push(security, json_object(arena)), STR("token"), json_array(arena));
    json_set(json_push(security, json_object(arena)), STR("session"), json_array(arena));
}

void about_openapi(Call *call)
{
    Arena *arena = call->ctx.arena;
    Json  *document = json_object(arena);
    set_text(arena, document, "openapi", "3.1.0");
    Json *info = set_object(arena, document, "info");
    json_set_str(arena, info, STR("title"), call_pack(call)->label.in[call->ctx.lang]);
    set_text(arena, info, "version", APP_VERSION);
    json_set(document, STR("paths"), paths_json(call));
    Json *components = set_object(arena, document, "components");
    json_set(components, STR("schemas"), schemas_json(call));
    add_security(arena, components, document);
    call_data(call, 200, document);
}
