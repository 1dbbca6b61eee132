#include "kernel/type.h"

#include "base/buf.h"
#include "base/date.h"
#include "base/json.h"
#include "base/utf8.h"
#include "kernel/file_store.h"

const Str class_names[CLASS_COUNT] = {
    [CLASS_NONE] = STR_INIT("none"), [CLASS_PUBLIC] = STR_INIT("public"), [CLASS_SUMMARY] = STR_INIT("summary"),
    [CLASS_NDA] = STR_INIT("nda"),   [CLASS_SECRET] = STR_INIT("secret"),
};

static bool text_line(Arena *arena, Str written, Str *out)
{
    (void)arena;
    if (!utf8_printable(written, false))
        return false;
    *out = written;
    return true;
}

static bool text_lines(Arena *arena, Str written, Str *out)
{
    (void)arena;
    if (!utf8_printable(written, true))
        return false;
    *out = written;
    return true;
}

const FieldTraits field_kinds[FIELD_KIND_COUNT] = {
    [FIELD_TEXT] = { STR_INIT("text"), VALUE_TEXT, TEXT_INIT("一行文字", "one line of text"), .text = text_line },
    [FIELD_LONG_TEXT] = { STR_INIT("long_text"), VALUE_TEXT, TEXT_INIT("文字", "text"), .text = text_lines,
                          .lines = true },
    [FIELD_INTEGER] = { STR_INIT("integer"), VALUE_INTEGER, TEXT_INIT("整数", "a whole number"), .number = true },
    [FIELD_DECIMAL] = { STR_INIT("decimal"), VALUE_DECIMAL, TEXT_INIT("数字，例如 12.50", "a number such as 12.50"),
                        .number = true },
    [FIELD_MONEY] = { STR_INIT("money"), VALUE_DECIMAL, TEXT_INIT("金额，例如 1234.50", "an amount such as 1234.50"),
                      .number = true },
    [FIELD_BOOLEAN] = { STR_INIT("boolean"), VALUE_BOOLEAN, TEXT_INIT("是或否（true、false）", "true or false") },
    [FIELD_DATE] = { STR_INIT("date"), VALUE_DATE, TEXT_INIT("日期，例如 2025-03-04", "a date such as 2025-03-04") },
    [FIELD_INSTANT] = { STR_INIT("instant"), VALUE_INSTANT,
                        TEXT_INIT("时刻，例如 2025-03-04T05:06:07Z", "an instant such as 2025-03-04T05:06:07Z") },
    [FIELD_CHOICE] = { STR_INIT("choice"), VALUE_TEXT, TEXT_INIT("选项之一", "one of the choices"), .codes = true },
    [FIELD_CHOICES] = { STR_INIT("choices"), VALUE_LIST, TEXT_INIT("若干选项的列表", "a list of choices"), .list = true,
                        .codes = true },
    [FIELD_REFERENCE] = { STR_INIT("reference"), VALUE_ID, TEXT_INIT("一条记录的编码（id）", "the id of a record") },
    [FIELD_REFERENCES] = { STR_INIT("references"), VALUE_LIST,
                           TEXT_INIT("若干记录编码（id）的列表", "a list of ids of records"), .list = true },
    [FIELD_ROWS] = { STR_INIT("rows"), VALUE_ROWS,
                     TEXT_INIT("若干行，每行是一个对象", "a list of rows, each an object") },
    [FIELD_FILE] = { STR_INIT("file"), VALUE_FILES,
                     TEXT_INIT("一个已上传的文件，例如 {\"id\": \"…\"}", "an uploaded file, such as {\"id\": \"…\"}"),
                     .file = true },
    [FIELD_FILES] = { STR_INIT("files"), VALUE_FILES, TEXT_INIT("若干已上传的文件的列表", "a list of uploaded files"),
                      .file = true },
    [FIELD_COMPUTED] = { STR_INIT("computed"), VALUE_MISSING },
};

const Type *pack_type(const Pack *pack, Str name)
{
    for (size_t i = 0; i < pack->type_count; i++)
        if (str_eq(pack->types[i].name, name))
            return &pack->types[i];
    return NULL;
}

const Parameter *pack_parameter(const Pack *pack, Str name)
{
    for (size_t i = 0; i < pack->parameter_count; i++)
        if (str_eq(pack->parameters[i].name, name))
            return &pack->parameters[i];
    return NULL;
}

int pack_role(const Pack *pack, Str name)
{
    for (size_t i = 0; i < pack->role_count; i++)
        if (str_eq(pack->roles[i].name, name))
            return (int)i;
    return -1;
}

const Field *type_field(const Type *type, Str name)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (str_eq(type->fields[i].name, name))
            return &type->fields[i];
    return NULL;
}

bool type_begun_there(const Type *type) { return type == type->pack->job || type == type->pack->saved_view; }

const Action *type_action(const Type *type, Str name)
{
    for (size_t i = 0; i < type->action_count; i++)
        if (str_eq(type->actions[i].name, name))
            return &type->actions[i];
    return NULL;
}

int type_state(const Type *type, Str name)
{
    for (size_t i = 0; i < type->state_count; i++)
        if (str_eq(type->states[i].name, name))
            return (int)i;
    return -1;
}

bool field_among(const uint16_t *list, size_t count, const Field *field)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == field->index)
            return true;
    return false;
}

const Choice *field_choice(const Field *field, Str code)
{
    for (size_t i = 0; i < field->choice_count; i++)
        if (str_eq(field->choices[i].code, code))
            return &field->choices[i];
    return NULL;
}

ExprType field_expr_type(const Field *field)
{
    if (field->kind == FIELD_COMPUTED)
        return field->result;
    return (ExprType){ .kind = field_kinds[field->kind].value, .scale = field->scale, .target = field->target };
}

/* A code that is no longer among the choices speaks for itself. */
static Text choice_label(const Field *field, Str code)
{
    const Choice *choice = field_choice(field, code);
    return choice ? choice->label : text_same(code);
}

static Text instant_label(Arena *arena, const Field *field, int64_t ms)
{
    int     offset = field->type->pack->utc_offset_minutes;
    int64_t day = instant_day(ms, offset);
    int64_t minute = (ms + offset * INT64_C(60000) - day * DAY_MS) / 60000;
    Str     date = date_text(arena, day);
    return text_same(str_printf(arena, "%.*s %02d:%02d", STR_FMT(date), (int)(minute / 60), (int)(minute % 60)));
}

static Text choices_label(Arena *arena, const Field *field, Str list)
{
    Buf zh = buf_new(arena, SIZE_MAX), en = buf_new(arena, SIZE_MAX);
    for (Str rest = list; rest.len;) {
        Text label = choice_label(field, value_list_next(&rest));
        buf_printf(&zh, "%.*s%s", STR_FMT(label.in[LANG_ZH]), rest.len ? "、" : "");
        buf_printf(&en, "%.*s%s", STR_FMT(label.in[LANG_EN]), rest.len ? ", " : "");
    }
    return (Text){ { buf_str(&zh), buf_str(&en) } };
}

/* How many there are: they are a table, not a phrase. */
static Text rows_label(Arena *arena, Str rows)
{
    Json  *array;
    size_t count = json_parse(arena, rows, &array).kind ? 0 : array->count;
    return (
        Text){ { str_printf(arena, "%zu 行", count), str_printf(arena, count == 1 ? "%zu row" : "%zu rows", count) } };
}

static Text number_label(Arena *arena, const Field *field, Value value)
{
    Str  number = value_plain(arena, value);
    Text unit = field->unit.in[0].len ? field->unit : text_same(field->currency), out = text_same(number);
    for (Lang lang = 0; lang < LANG_COUNT && field->currency.len; lang++)
        out.in[lang] = str_printf(arena, "%.*s %.*s", STR_FMT(number), STR_FMT(unit.in[lang]));
    return out;
}

Text value_label(Arena *arena, const Field *field, Value value)
{
    switch (value.kind) {
    case VALUE_LIST:
        return field->kind == FIELD_CHOICES ? choices_label(arena, field, value.text) : text_same(value.text);
    case VALUE_ROWS: return rows_label(arena, value.text);
    case VALUE_FILES: return text_same(file_names(arena, value));
    case VALUE_DECIMAL: return number_label(arena, field, value);
    case VALUE_TEXT: return field->kind == FIELD_CHOICE ? choice_label(field, value.text) : text_same(value.text);
    case VALUE_BOOLEAN: return value.number ? TEXT("是", "yes") : TEXT("否", "no");
    case VALUE_INSTANT: return instant_label(arena, field, value.number);
    default: return text_same(value_plain(arena, value));
    }
}

/* ---- the pack as the expression engine sees it: context is the Pack, type a Type, field a Field ---- */

/* Not the names of erased fields: whoever sees that list in its one compartment would learn of others from it. */
static bool scope_field(const void *context, const void *type, Str name, ExprField *out)
{
    (void)context;
    const Type  *of = type;
    const Field *field = type_field(of, name);
    if (field && !of->row_of && field->index == SYS_ERASED)
        return false;
    if (field)
        *out = (ExprField){ .type = field_expr_type(field),
                            .field = field,
                            .live = field->kind == FIELD_COMPUTED && !field->filterable };
    return field != NULL;
}

/* The reference by which records of child belong to one of parent: its parent field, else the only one that fits. */
static const Field *child_link(const Type *parent, const Type *child)
{
    if (child->parent >= 0 && child->fields[child->parent].target == parent)
        return &child->fields[child->parent];
    const Field *link = NULL;
    for (size_t i = SYS_COUNT; i < child->field_count; i++) {
        if (child->fields[i].kind != FIELD_REFERENCE || child->fields[i].target != parent)
            continue;
        if (link)
            return NULL; /* two ways: neither is meant */
        link = &child->fields[i];
    }
    return link;
}

/* A field of child rows comes before a type of the same name. */
static bool scope_child(const void *context, const void *type, Str name, ExprChild *out)
{
    const Field *rows = type_field(type, name);
    if (rows && rows->kind == FIELD_ROWS) {
        *out = (ExprChild){ rows->rows, &rows->rows->fields[ROW_PARENT], true };
        return true;
    }
    const Type  *child = pack_type(context, name);
    const Field *link = child ? child_link(type, child) : NULL;
    if (link)
        *out = (ExprChild){ child, link, false };
    return link != NULL;
}

static Text scope_field_label(const void *context, const void *type, const void *field)
{
    (void)context;
    (void)type;
    return ((const Field *)field)->label;
}

static Text scope_child_label(const void *context, const void *type)
{
    (void)context;
    return ((const Type *)type)->label;
}

static Text scope_value_label(const void *context, const void *type, const void *field, Value value)
{
    (void)context;
    (void)type;
    return choice_label(field, value.text); /* of a field without choices: the text itself */
}

static bool scope_code(const void *context, const void *type, const void *field, Str code)
{
    (void)context;
    (void)type;
    return !field_kinds[((const Field *)field)->kind].codes || field_choice(field, code);
}

static bool scope_parameter(const void *context, Str code, ExprType *out)
{
    const Parameter *parameter = pack_parameter(context, code);
    if (parameter)
        *out = (ExprType){ .kind = field_kinds[parameter->kind].value, .scale = parameter->scale };
    return parameter != NULL;
}

static Text scope_parameter_label(const void *context, Str code)
{
    const Parameter *parameter = pack_parameter(context, code);
    return parameter ? parameter->label : text_same(code);
}

ExprScope pack_scope(const Pack *pack, bool actor)
{
    return (ExprScope){
        .context = pack,
        .field = scope_field,
        .child = scope_child,
        .field_label = scope_field_label,
        .child_label = scope_child_label,
        .value_label = scope_value_label,
        .code = scope_code,
        .parameter = scope_parameter,
        .parameter_label = scope_parameter_label,
        .actor = actor,
    };
}
