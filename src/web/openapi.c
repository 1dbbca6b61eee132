/* web/openapi.c: the interface as OpenAPI 3.1, made from the table of endpoints and from the types
 * that the actor's role knows. */
#include "base/limits.h"
#include "web/dispatch.h"
#include "web/handlers.h"
#include "web/idempotent.h"
#include "web/notation.h"
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

static void add_content(Arena *arena, Json *into, const char *media, Json *schema)
{
    json_set(set_object(arena, set_object(arena, into, "content"), media), STR("schema"), schema);
}

/* ---- operations ---- */

typedef struct Kind { /* of a parameter, by its name */
    const char *name, *shape, *says;
} Kind;

static const Kind kinds[] = {
    { "id", "uuid", "Of the record" },
    { "file", "uuid", "Of the file" },
    { "date", "date", "The day" },
    { "since", "date", "An earlier day, with which to compare" },
    { "limit", "int", "How many at most" },
    { "before", "int", "From where the page before went on" },
    { "total", "\"0\"|\"1\"", "1: also how many there are" },
    { "dry_run", "\"0\"|\"1\"", "1: checks, and writes nothing" },
    { "filter", "text", "An expression (docs/EXPRESSIONS.md)" },
    { "sort", "text", "A field; with - in front the other way round" },
    { "cursor", "text", "From where the page before went on" },
    { "fields", "text", "Names of fields, with commas between" },
    { "expand", "text", "Names of references to be told whole, with commas between" },
    { "format", "\"csv\"|\"xlsx\"|\"jsonl\"", "Of the file" },
    { "header", "\"names\"|\"labels\"", "What stands above the columns" },
    { "lang", "\"zh\"|\"en\"", "The language of the answer; else Accept-Language" },
};

static Json *add_parameter(Arena *arena, Json *parameters, Str name, const char *in, bool required)
{
    Json       *parameter = json_push(parameters, json_object(arena));
    const char *shape = "text", *says = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (str_eq(name, str_from(kinds[i].name))) {
            shape = kinds[i].shape;
            says = kinds[i].says;
        }
    json_set_str(arena, parameter, STR("name"), name);
    set_text(arena, parameter, "in", in);
    json_set_bool(arena, parameter, STR("required"), required);
    if (says)
        set_text(arena, parameter, "description", says);
    json_set(parameter, STR("schema"), notation_schema(arena, str_from(shape)));
    return parameter;
}

static void add_header(Arena *arena, Json *parameters, const char *name, bool required, const char *says)
{
    set_text(arena, add_parameter(arena, parameters, str_from(name), "header", required), "description", says);
}

static bool is_literal(Str segment) { return segment.len && segment.ptr[0] != '{'; }

static void add_parameters(Arena *arena, const Endpoint *endpoint, Json *operation)
{
    Json *parameters = json_set(operation, STR("parameters"), json_array(arena));
    Str   rest = str_from(endpoint->pattern);
    while (rest.len) {
        Str segment = str_cut(&rest, '/');
        if (segment.len && !is_literal(segment))
            add_parameter(arena, parameters, str_slice(segment, 1, segment.len - 1), "path", true);
    }
    for (size_t i = 0; i < ENDPOINT_QUERY_MAX && endpoint->query[i]; i++)
        add_parameter(arena, parameters, str_from(endpoint->query[i]), "query", false);
    add_parameter(arena, parameters, STR("lang"), "query", false);
    if (idempotent_takes(endpoint))
        add_header(arena, parameters, "Idempotency-Key", false, "Done once for this key, however often it is sent");
    if (endpoint->if_match)
        add_header(arena, parameters, "If-Match", endpoint->method == METHOD_PATCH,
                   "The version that is meant, in quotes");
}

/* "201 @record", "204", "200 text/csv,application/x-ndjson" */
static void add_answer(Arena *arena, Str answer, Json *responses)
{
    Str   status = str_cut(&answer, ' ');
    Json *response = set_object(arena, responses, (const char *)str_dup_z(arena, status));
    set_text(arena, response, "description", answer.len ? "Done" : "Done; there is nothing to tell");
    if (!answer.len)
        return;
    if (str_find(answer, STR("/")) == answer.len) {
        add_content(arena, response, "application/json", notation_schema(arena, answer));
        return;
    }
    Json *content = set_object(arena, response, "content");
    while (answer.len)
        set_object(arena, content, (const char *)str_dup_z(arena, str_cut(&answer, ',')));
}

static void add_responses(Arena *arena, const Endpoint *endpoint, Json *operation)
{
    Json *responses = set_object(arena, operation, "responses");
    Str   rest = str_from(endpoint->gives);
    while (rest.len)
        add_answer(arena, str_cut(&rest, ';'), responses);
    json_set_str(arena, set_object(arena, responses, "default"), STR("$ref"), STR("#/components/responses/problem"));
}

static void add_body(Arena *arena, const Endpoint *endpoint, Json *operation)
{
    bool file = endpoint->body == BODY_FILE;
    if (!endpoint->takes && !file)
        return;
    Json *body = set_object(arena, operation, "requestBody");
    json_set_bool(arena, body, STR("required"), true);
    if (endpoint->takes)
        add_content(arena, body, "application/json", notation_schema(arena, str_from(endpoint->takes)));
    if (file)
        set_object(arena,
                   (Json *)(endpoint->takes ? json_get(body, STR("content")) : set_object(arena, body, "content")),
                   "application/octet-stream");
}

/* "get_records_type_id_events" */
static Str operation_id(Arena *arena, const Endpoint *endpoint, Str method)
{
    Buf id = buf_new(arena, SIZE_MAX);
    Str rest = str_from(endpoint->pattern);
    buf_add(&id, method);
    while (rest.len) {
        Str segment = str_cut(&rest, '/');
        if (segment.len && !is_literal(segment))
            segment = str_slice(segment, 1, segment.len - 1);
        if (segment.len && !str_eq(segment, STR("api")) && !str_eq(segment, STR("v1"))) {
            buf_char(&id, '_');
            for (size_t i = 0; i < segment.len; i++)
                buf_char(&id, isalnum((unsigned char)segment.ptr[i]) ? segment.ptr[i] : '_');
        }
    }
    return buf_str(&id);
}

/* The first word of the address under the interface: what the operation is about. */
static Str tag_of(const Endpoint *endpoint)
{
    Str rest = str_from(endpoint->pattern), segment = STR_NONE;
    while (rest.len) {
        segment = str_cut(&rest, '/');
        if (segment.len && !str_eq(segment, STR("api")) && !str_eq(segment, STR("v1")))
            break;
    }
    return segment;
}

static Json *operation_json(Arena *arena, const Endpoint *endpoint, Str method)
{
    Json *operation = json_object(arena);
    json_set_str(arena, operation, STR("operationId"), operation_id(arena, endpoint, method));
    json_push(json_set(operation, STR("tags"), json_array(arena)), json_string(arena, tag_of(endpoint)));
    set_text(arena, operation, "summary", endpoint->summary);
    add_parameters(arena, endpoint, operation);
    add_body(arena, endpoint, operation);
    add_responses(arena, endpoint, operation);
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
        json_set(path, (Str){ method, len }, operation_json(arena, endpoint, (Str){ method, len }));
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
        json_set(schema, STR("items"), notation_schema(arena, STR("@reference")));
    json_set_int(arena, schema, STR("maxItems"), LIMIT_LIST_ITEMS);
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
    if (field->bounded && kind->value == VALUE_INTEGER) {
        json_set_int(arena, schema, STR("minimum"), field->min);
        json_set_int(arena, schema, STR("maximum"), field->max);
    }
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

/* Missing in an answer, null in what clears it. */
static void may_be_null(Arena *arena, Json *schema)
{
    Json *codes = (Json *)json_get(schema, STR("enum")), *types = json_array(arena);
    Str   type = json_text(json_get(schema, STR("type")));
    if (codes)
        json_push(codes, json_null(arena));
    json_push(types, json_string(arena, type));
    json_push(types, json_string(arena, STR("null")));
    if (type.len)
        json_set(schema, STR("type"), types);
}

static Json *value_schema(Call *call, const Field *field)
{
    Arena      *arena = call->ctx.arena;
    FieldKind   result = shape_result(field);
    const char *format = formats[result];
    if (result == FIELD_REFERENCE)
        return notation_schema(arena, STR("@reference|null"));
    Json *schema = schema_of_kind(arena,
                                  field->kind == FIELD_FILE ? "object" : json_types[field_expr_type(field).kind]);
    if (format)
        set_text(arena, schema, "format", format);
    add_kind(call, field, schema);
    may_be_null(arena, schema);
    return schema;
}

static Json *field_schema(Call *call, const Field *field)
{
    Arena *arena = call->ctx.arena;
    Json  *schema = value_schema(call, field);
    json_set_str(arena, schema, STR("title"), field->label.in[call->ctx.lang]);
    if (field->help.in[call->ctx.lang].len)
        json_set_str(arena, schema, STR("description"), field->help.in[call->ctx.lang]);
    if (field->default_kind == DEFAULT_VALUE)
        json_set(schema, STR("default"), value_json(arena, field->default_value));
    if (field->system || field->clock || field->kind == FIELD_COMPUTED)
        json_set_bool(arena, schema, STR("readOnly"), field->index != SYS_DISCLOSURE);
    return schema;
}

static void add_fields_schema(Call *call, const Type *type, Json *schemas)
{
    Arena *arena = call->ctx.arena;
    Json  *schema = schema_of_kind(arena, "object");
    json_set_str(arena, schema, STR("title"), type->label.in[call->ctx.lang]);
    Json *properties = set_object(arena, schema, "properties");
    for (size_t i = 0; i < type->field_count; i++) {
        const Field *field = &type->fields[i];
        bool         head = field->system && i != SYS_DISCLOSURE; /* stands beside `fields`, not in them */
        if (!head && shape_field_known(call, field))
            json_set(properties, field->name, field_schema(call, field));
    }
    json_set_bool(arena, schema, STR("additionalProperties"), false);
    json_set(schemas, str_printf(arena, "fields_of_%.*s", STR_FMT(type->name)), schema);
}

#define RECORD_HEAD                                                                                                    \
    "number?:text,state?:text,version:int,owner?:@reference,creator?:@reference,created?:time,changed?:time,"
#define RECORD_TAIL                                                                                                    \
    "actions?:[@step],clocks?:[@clock],erased?:[text],parameters?:[@parameter_use],computation?:@recomputed,"          \
    "job?:@progress,at?:date,pack?:{number:int,name:text},labels?:@labels,since?:date,changes?:[@change]"

/* With what its page shows besides, under the page's name. */
static void add_record_schema(Call *call, const Type *type, Json *schemas)
{
    Arena *arena = call->ctx.arena;
    Str    page = type->page.len ? str_printf(arena, ",%.*s?:any", STR_FMT(type->page)) : STR_NONE;
    Str shape = str_printf(arena, "{id:uuid,type:\"%.*s\"," RECORD_HEAD "fields:@fields_of_%.*s," RECORD_TAIL "%.*s}",
                           STR_FMT(type->name), STR_FMT(type->name), STR_FMT(page));
    json_set(schemas, str_printf(arena, "record_of_%.*s", STR_FMT(type->name)), notation_schema(arena, shape));
}

/* Schemas that stand for one of those of all types that the reader's role meets. */
static void add_types(Call *call, Json *schemas)
{
    Arena *arena = call->ctx.arena;
    Buf    records = buf_new(arena, SIZE_MAX), fields = buf_new(arena, SIZE_MAX);
    for (size_t i = 0; call->ctx.actor && i < call_pack(call)->type_count; i++) {
        const Type *type = &call_pack(call)->types[i];
        if (!shape_type(call, type))
            continue;
        add_fields_schema(call, type, schemas);
        add_record_schema(call, type, schemas);
        buf_printf(&records, "%s@record_of_%.*s", records.len ? "|" : "", STR_FMT(type->name));
        buf_printf(&fields, "%s@fields_of_%.*s", fields.len ? "|" : "", STR_FMT(type->name));
    }
    json_set(schemas, STR("record"), notation_schema(arena, records.len ? buf_str(&records) : STR("{...}")));
    json_set(schemas, STR("fields"), notation_schema(arena, fields.len ? buf_str(&fields) : STR("{...}")));
}

static const struct {
    const char *name, *shape;
} shapes[] = {
    /* values */
    { "hidden", "{hidden:bool}" },
    { "erased", "{erased:bool}" },
    { "target", "{id:uuid,type:text,number?:text,title?:text}" },
    { "reference", "uuid|@hidden|@target" },
    { "file", "{id:uuid,name:text,size:int,sha256:text,field?:text}" },
    /* what was refused, and why */
    { "reason", "{code:text,text:text,field?:text,clause?:text,values?:{...},...}" },
    { "problem", "{type:text,title:text,status:int,detail?:text,errors?:[@reason],...}" },
    { "row_refused", "{row:int,errors:[@reason],more?:bool}" },
    /* people */
    { "party", "{id:uuid,name:text}" },
    { "membership", "{id:uuid,role:text,role_label:text,organisation:@party,current?:bool}" },
    { "session",
      "{person:@party,membership:uuid,role:text,role_label:text,organisation:@party,memberships:[@membership]}" },
    { "by", "{system?:bool,person?:uuid,name?:text,organisation?:uuid,organisation_name?:text}" },
    /* types */
    { "field", "{name:text,label:text,kind:text,system:bool,class?:text,compartment?:text,...}" },
    { "state", "{name:text,label:text}" },
    { "action", "{name:text,label:text,help?:text,creates:bool,from:[text],to?:text,inputs:[text],required:[text],"
                "erases?:[text]}" },
    { "section", "{label?:text,help?:text,fields:[text]}" },
    { "rule", "{when?:text,rule?:text,helps?:text,field?:text}" },
    { "document", "{name:text,label:text,states:[text]}" },
    { "type", "{name:text,label:text,plural:text,service?:text,parent?:text,title?:text,reference_date?:text,sort:text,"
              "columns:[text],fields:[@field],states:[@state],actions:[@action],sections:[@section],rules:[@rule],"
              "documents:[@document]}" },
    { "types", "{items:[@type]}" },
    /* records */
    { "unseen", "{id:uuid,type:text}" }, /* a step took it out of its taker's sight */
    { "step", "{name:text,label:text,allowed:bool,reasons:[@reason]}" },
    { "clock",
      "{name:text,label:text,kind:text,from:date,days:int,due?:date,days_left?:int,late?:bool,provisional?:bool,"
      "paused?:date,text:text,source?:text}" },
    { "parameter_use",
      "{code:text,label:text,unit?:text,day:date,record?:uuid,value?:text,valid_from?:date,valid_to?:date,"
      "source?:text,confirmed?:bool}" },
    { "recomputed", "{hidden:bool}|{engine:text,engine_version:text,known:bool,same:bool,differs:[text],"
                    "input_sha256?:text,result_sha256?:text,recomputed_sha256?:text}" },
    { "progress", "{total:int|null,done:int,added:int,updated:int,unchanged:int,refused:int,"
                  "refusals:[{line:int,reasons:text}],errors?:text,...}" },
    { "labels", "{type?:text,fields:{...},choices:{...},states:{...}}" },
    { "change", "{field:text,label:text,old?:any,new?:any,...}" },
    { "event", "{sequence:int,time:time,action:text,label:text,by?:@by,version:int,changes:[@change]}" },
    { "events", "{items:[@event],next:int|null}" },
    { "records", "{items:[@record],next:text|null,total:int|null}" },
    { "likeness", "{id:uuid,percent:int,fields:[{field:text,label:text,percent:int}]}" },
    { "files", "{items:[@file]}" },
    { "import_rows", "{rows:[{id?:uuid,number?:text,version?:int,fields:@fields}],dry_run?:bool}" },
    { "imported", "{accepted:int,added:int,updated:int,unchanged:int,ids:[uuid|null],refused:[@row_refused]}" },
    { "column", "{column:text,field:text|null,near?:text|null,passed:bool,values:[text]}" },
    { "columns", "{about:text,columns:[@column],fields:[text],...}" },
    { "axis", "{label:text,classes:[{name:text,label:text,filter:text,count:int|null,more:bool}]}" },
    /* one's own */
    { "head", "{id:uuid,type:text,number?:text,title?:text,of?:text,state:text,state_label:text}" },
    { "asked", "{name:text,label:text,allowed?:bool,reasons?:[@reason],or?:[text],type?:text}" },
    { "awaited", "{label:text,names:[text]}" },
    { "waits", "{record:@head,step?:@asked,awaits?:[@awaited],limit:@clock|null,since:time}" },
    { "counted", "{type:text,label:text,states:[text],total:int,more:bool}" },
    { "pile", "{items:[@waits],total:int,more:bool,types:[@counted]}" },
    { "desk", "{today:date,due_today:int,late:@pile,mine:@pile,waiting:@pile,next:[{type:text,label:text}]}" },
    { "notice", "{id:int,read:bool,time:time,action:text,label:text,by?:@by,"
                "record:{type:text,id:uuid,title?:text,number?:text}}" },
    { "notices", "{items:[@notice],next:int|null,unread:int}" },
    { "receipt", "{log:text,key:text,key_from_receipt:bool,index:int,size:int,manifest:text,"
                 "stamped:bool,time_checked:bool,time?:time,until?:time,values:[{name:text,value:text}],"
                 "quorum?:bool,policy_from_receipt?:bool,witnesses?:[{name:text,time?:time}]}" },
    { "mail", "{sends:bool,address?:text,wants:text,confirmed?:bool,waits?:bool,"
              "last?:{state:text,time:time,status?:int,problem?:text}}" },
    /* the operator's */
    { "user", "{login:text,person:uuid,name:text,created:time,memberships:[@membership]}" },
    { "token", "{id:uuid,person:uuid,membership:uuid,label:text,created:time,ended?:time}" },
    { "webhook", "{id:uuid,url:text,person:uuid,membership:uuid,types:[text],actions:[text],private:bool,created:time,"
                 "ended?:time}" },
    { "delivery",
      "{id:uuid,event?:int,type:text,record?:uuid,person?:uuid,state:text,created:time,ended?:time,next?:time,"
      "tries:[{time:time,status?:int,problem?:text}]}" },
    { "relay", "{sends:bool,url?:text,from?:text,link?:text,login?:text,plain?:bool}" },
};

static Json *schemas_json(Call *call)
{
    Arena *arena = call->ctx.arena;
    Json  *schemas = json_object(arena);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        json_set(schemas, str_from(shapes[i].name), notation_schema(arena, str_from(shapes[i].shape)));
    add_types(call, schemas);
    return schemas;
}

static void add_problem(Arena *arena, Json *components)
{
    Json *problem = set_object(arena, set_object(arena, components, "responses"), "problem");
    set_text(
        arena, problem, "description",
        "Not done, and why. 401: sign in; 404: not there, or not shown; 409: cannot be done now; 412 and 428: which "
        "version is meant; 422: what was sent is wrong; 429 and 503: later");
    Json *retry = set_object(arena, set_object(arena, problem, "headers"), "Retry-After");
    set_text(arena, retry, "description", "Seconds to wait, with 429 and 503");
    json_set(retry, STR("schema"), schema_of_kind(arena, "integer"));
    add_content(arena, problem, "application/problem+json", notation_schema(arena, STR("@problem")));
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
    add_problem(arena, components);
    add_security(arena, components, document);
    call_data(call, 200, document);
}
