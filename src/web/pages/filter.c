/* web/pages/filter.c: see filter.h. */
#include "web/pages/filter.h"

#include "kernel/input.h"
#include "web/filled.h"
#include "web/pages/view.h"
#include "web/shapes.h"

const Sign filter_signs[] = {
    { STR_INIT("eq"), STR_INIT("="), "say.operators.eq" },
    { STR_INIT("ne"), STR_INIT("!="), "say.operators.ne" },
    { STR_INIT("lt"), STR_INIT("<"), "say.operators.lt" },
    { STR_INIT("le"), STR_INIT("<="), "say.operators.le" },
    { STR_INIT("gt"), STR_INIT(">"), "say.operators.gt" },
    { STR_INIT("ge"), STR_INIT(">="), "say.operators.ge" },
    { STR_INIT("contains"), STR_INIT("contains"), "say.operators.contains" },
    { STR_INIT("missing"), STR_INIT("is missing"), "say.operators.missing" },
    { STR_INIT("present"), STR_INIT("is not missing"), "say.operators.present" },
};
const size_t filter_sign_count = sizeof filter_signs / sizeof *filter_signs;

/* ---- taking apart and joining ---- */

void filter_parts(Arena *arena, Str filter, ExprPart **out, size_t *count)
{
    Problems problems = { .arena = arena };
    Expr    *expr;
    *out = NULL;
    *count = 0;
    if (str_trim(filter).len && !expr_parse(arena, filter, &expr, &problems).kind)
        expr_parts(arena, expr, out, count);
}

static void join(Buf *buf, Str part)
{
    buf_add(buf, buf->len ? STR(" and ") : STR_NONE);
    buf_add(buf, part);
}

Str filter_without(Arena *arena, const ExprPart *parts, size_t count, size_t gone)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    for (size_t i = 0; i < count; i++)
        if (i != gone)
            join(&buf, parts[i].source);
    return buf_str(&buf);
}

Str filter_with(Arena *arena, Str filter, Str condition)
{
    ExprPart *parts;
    size_t    count;
    Buf       buf = buf_new(arena, SIZE_MAX);
    filter_parts(arena, filter, &parts, &count);
    for (size_t i = 0; i < count; i++)
        if (!str_eq(parts[i].source, condition))
            join(&buf, parts[i].source);
    join(&buf, condition);
    return buf_str(&buf);
}

/* ---- reading a part ---- */

/* "result.title" is what people call by the reference alone. */
static bool names_target(const Field *reference, const Field *field)
{
    return reference && reference->target && field->index == reference->target->title;
}

const Field *filter_field(const Call *call, const Type *type, const ExprPart *part, Str *label)
{
    Str          path = part->path;
    const Field *field = NULL;
    *label = STR_NONE;
    while (path.len) {
        const Field *reference = field;
        field = type ? type_field(type, str_trim(str_cut(&path, '.'))) : NULL;
        if (!field || !shape_field_known(call, field))
            return NULL;
        type = field->target;
        if (!names_target(reference, field))
            *label = label->len ? SAY(call, "say.list.of", ARG("label", *label), ARG_TEXT("field", field->label))
                                : in_words(call, field->label);
    }
    return field;
}

/* ---- making a condition ---- */

/* An instant has no way to be written in an expression; the id means nothing to people; child rows are asked by what
 * they hold; what is worked out when it is read has no column. */
bool filter_takes(const Call *call, const Field *field)
{
    if (field->kind == FIELD_COMPUTED && !field->filterable)
        return false;
    return shape_field_known(call, field) && field->kind != FIELD_INSTANT && field->kind != FIELD_ROWS &&
           field->index != SYS_ID && field->index != SYS_VERSION;
}

/* What people write, as input_value reads it. */
static Str as_input(const Call *call, const Field *field, Str value)
{
    bool truth = field_expr_type(field).kind == VALUE_BOOLEAN;
    if (field_kinds[field->kind].number)
        return filled_number(call->ctx.arena, value);
    if (field_expr_type(field).kind == VALUE_DATE)
        return filled_date(call->ctx.arena, value);
    if (truth && str_eq_ascii_fold(value, say(call, "say.values.yes")))
        return STR("true");
    if (truth && str_eq_ascii_fold(value, say(call, "say.values.no")))
        return STR("false");
    for (size_t i = 0; i < field->choice_count; i++)
        if (str_eq_ascii_fold(value, in_words(call, field->choices[i].label)))
            return field->choices[i].code;
    return value;
}

static Str literal(Arena *arena, Value value)
{
    if (value.kind == VALUE_TEXT || value.kind == VALUE_ID || value.kind == VALUE_LIST) /* of a list one item */
        return expr_quote(arena, value.text);
    Str plain = value_plain(arena, value);
    return value.kind == VALUE_DATE ? str_printf(arena, "date %.*s", STR_FMT(expr_quote(arena, plain))) : plain;
}

/* A record is called by its number or title; what names none, or several, stays as it is and is refused. */
static Err read_record(Call *call, const Field *field, Str *value)
{
    Found found;
    if (uuid_valid(*value))
        return ERR_OK;
    TRY(filled_called(call, field->target, *value, &found));
    if (found.count == 1)
        *value = record_id(&found.records[0]);
    return ERR_OK;
}

static Err read_value(Call *call, const Field *field, Str given, Value *out, Problems *problems)
{
    bool good;
    Str  input = as_input(call, field, str_trim(given));
    if (field->kind == FIELD_REFERENCES && input.len)
        TRY(read_record(call, field, &input));
    if (!input.len) {
        PROBLEM(problems, ECODE_FIELD_REQUIRED, field->name, STR_NONE, ARG_TEXT("label", field->label));
        return err_make(ECODE_RECORD_INVALID, "no value");
    }
    Field asked = *field;
    asked.kind = shape_result(field); /* a computed one is asked as what its formula gives */
    TRY(input_value(&call->ctx, &asked, input_from_text(call->ctx.arena, &asked, input), VALUE_NONE, out, &good,
                    problems));
    return good ? ERR_OK : err_make(ECODE_RECORD_INVALID, "value of %.*s", STR_FMT(field->name));
}

/* Does the condition make sense, as the list will read it? */
static Err check(Call *call, const Type *type, Str condition, Problems *problems)
{
    Expr     *expr;
    ExprScope scope = pack_scope(call_pack(call), false);
    TRY(expr_parse(call->ctx.arena, condition, &expr, problems));
    return expr_check(call->ctx.arena, expr, &scope, type, VALUE_BOOLEAN, true, problems);
}

Err filter_condition(Call *call, const Field *field, const Sign *sign, Str value, Str *out, Problems *problems)
{
    Arena      *arena = call->ctx.arena;
    const Type *type = field->type;
    Str         path = field->name;
    Value       read;
    Str         word = field_kinds[field->kind].list && str_eq(sign->sign, STR("=")) ? STR("contains") : sign->sign;
    bool        bare = str_starts(sign->sign, STR("is "));
    if (!bare && field->kind == FIELD_REFERENCE && !uuid_valid(str_trim(value))) {
        field = &field->target->fields[field->target->title];
        path = str_printf(arena, "%.*s.%.*s", STR_FMT(path), STR_FMT(field->name));
    }
    if (!bare)
        TRY(read_value(call, field, value, &read, problems));
    *out = str_printf(arena, "%.*s %.*s%s%.*s", STR_FMT(path), STR_FMT(word), bare ? "" : " ",
                      STR_FMT(bare ? STR_NONE : literal(arena, read)));
    return check(call, type, *out, problems);
}
