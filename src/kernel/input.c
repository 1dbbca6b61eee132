#include "kernel/input.h"

#include "base/utf8.h"
#include "kernel/find.h"

static const Text expected[FIELD_KIND_COUNT] = {
    [FIELD_TEXT] = TEXT_INIT("一行文字", "one line of text"),
    [FIELD_LONG_TEXT] = TEXT_INIT("文字", "text"),
    [FIELD_INTEGER] = TEXT_INIT("整数", "a whole number"),
    [FIELD_DECIMAL] = TEXT_INIT("数字，例如 12.50", "a number such as 12.50"),
    [FIELD_BOOLEAN] = TEXT_INIT("是或否（true、false）", "true or false"),
    [FIELD_DATE] = TEXT_INIT("日期，例如 2025-03-04", "a date such as 2025-03-04"),
    [FIELD_INSTANT] = TEXT_INIT("时刻，例如 2025-03-04T05:06:07Z", "an instant such as 2025-03-04T05:06:07Z"),
    [FIELD_CHOICE] = TEXT_INIT("选项之一", "one of the choices"),
    [FIELD_REFERENCE] = TEXT_INIT("一条记录的编码（id）", "the id of a record"),
};

typedef struct Input {
    const Ctx   *ctx;
    const Field *field;
    const Json  *given;
    Problems    *problems;
    Value        value; /* what was read; missing stands for "none given" */
    Err          err;
} Input;

static bool refuse(Input *in, ErrCode code, const ErrArg *extra, size_t count)
{
    ErrArg args[4] = { ARG_TEXT("label", in->field->label) };
    for (size_t i = 0; i < count; i++)
        args[i + 1] = extra[i];
    problem_add(in->problems, code, in->field->name, STR_NONE, args, count + 1);
    return false;
}

static bool refuse_kind(Input *in)
{
    return refuse(in, ECODE_FIELD_KIND, &ARG_TEXT("expected", expected[in->field->kind]), 1);
}

static Str number_text(Input *in, int64_t number)
{
    Decimal d = { number, in->field->scale };
    return decimal_text(in->ctx->arena, d);
}

static bool in_range(Input *in, int64_t number)
{
    const Field *field = in->field;
    if (!field->bounded || (number >= field->min && number <= field->max))
        return true;
    ErrArg args[] = { ARG("min", number_text(in, field->min)), ARG("max", number_text(in, field->max)),
                      ARG("found", number_text(in, number)) };
    return refuse(in, ECODE_FIELD_RANGE, args, 3);
}

static bool read_text(Input *in)
{
    Arena *arena = in->ctx->arena;
    if (in->given->kind != JSON_STRING)
        return refuse_kind(in);
    Str text = utf8_trim(utf8_normal(arena, in->given->text));
    if (!utf8_printable(text, in->field->kind == FIELD_LONG_TEXT))
        return refuse(in, ECODE_FIELD_TEXT, NULL, 0);
    int64_t length = (int64_t)utf8_length(text);
    if (length > in->field->max_points) {
        ErrArg args[] = { ARG("found", str_printf(arena, "%lld", (long long)length)),
                          ARG("max", str_printf(arena, "%lld", (long long)in->field->max_points)) };
        return refuse(in, ECODE_FIELD_LONG, args, 2);
    }
    in->value = utf8_visible(text) ? value_text(text) : VALUE_NONE;
    return true;
}

static bool read_integer(Input *in)
{
    int64_t number;
    if (!json_int(in->given, &number))
        return refuse_kind(in);
    in->value = value_int(number);
    return in_range(in, number);
}

static bool read_decimal(Input *in) /* "12.50", or a JSON number as it is written */
{
    Decimal number;
    bool    shape = in->given->kind == JSON_STRING || in->given->kind == JSON_NUMBER;
    if (!shape || !decimal_parse(in->given->text, &number) || !decimal_rescale(number, in->field->scale, &number))
        return refuse_kind(in);
    in->value = value_decimal(number);
    return in_range(in, number.units);
}

static bool read_boolean(Input *in)
{
    bool truth;
    if (!json_truth(in->given, &truth))
        return refuse_kind(in);
    in->value = value_bool(truth);
    return true;
}

static bool read_date(Input *in)
{
    int64_t day;
    if (in->given->kind != JSON_STRING || !date_parse(in->given->text, &day))
        return refuse_kind(in);
    in->value = value_date(day);
    return true;
}

static bool read_instant(Input *in)
{
    int64_t ms;
    if (in->given->kind != JSON_STRING || !instant_parse(in->given->text, &ms))
        return refuse_kind(in);
    in->value = value_instant(ms);
    return true;
}

static bool read_choice(Input *in)
{
    const Field *field = in->field;
    if (in->given->kind == JSON_STRING && field_choice(field, in->given->text)) {
        in->value = value_text(in->given->text);
        return true;
    }
    if (in->given->kind != JSON_STRING)
        return refuse_kind(in);
    Text known;
    Str *names = ARENA_ARRAY(in->ctx->arena, Str, field->choice_count);
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        for (size_t i = 0; i < field->choice_count; i++)
            names[i] = str_printf(in->ctx->arena, "%.*s (%.*s)", STR_FMT(field->choices[i].code),
                                  STR_FMT(field->choices[i].label.in[lang]));
        known.in[lang] = str_join(in->ctx->arena, names, field->choice_count, STR(", "));
    }
    return refuse(in, ECODE_FIELD_CHOICE, &ARG_TEXT("known", known), 1);
}

static bool read_reference(Input *in)
{
    Record target;
    if (in->given->kind != JSON_STRING)
        return refuse_kind(in);
    Err err = find_one(in->ctx, in->field->target, in->given->text, &target);
    if (err.kind == ERR_UNSEEN)
        return refuse(in, ECODE_FIELD_REFERENCE, NULL, 0);
    in->err = err;
    in->value = value_id(in->given->text);
    return true;
}

static bool (*const readers[FIELD_KIND_COUNT])(Input *) = {
    [FIELD_TEXT] = read_text,       [FIELD_LONG_TEXT] = read_text,  [FIELD_INTEGER] = read_integer,
    [FIELD_DECIMAL] = read_decimal, [FIELD_BOOLEAN] = read_boolean, [FIELD_DATE] = read_date,
    [FIELD_INSTANT] = read_instant, [FIELD_CHOICE] = read_choice,   [FIELD_REFERENCE] = read_reference,
};

Err input_value(const Ctx *ctx, const Field *field, const Json *given, Value *out, bool *good, Problems *problems)
{
    Input in = { .ctx = ctx, .field = field, .given = given, .problems = problems };
    *good = given->kind == JSON_NULL || readers[field->kind](&in);
    *out = in.value;
    return in.err;
}

Json *input_from_text(Arena *arena, const Field *field, Str text)
{
    Str     cell = utf8_trim(text);
    Json   *json = json_string(arena, cell);
    int64_t number;
    if (cell.len == 0)
        return json_null(arena);
    if (field->kind == FIELD_INTEGER && str_int(cell, &number))
        return json_number(arena, number);
    if (field->kind == FIELD_BOOLEAN && (str_eq(cell, STR("true")) || str_eq(cell, STR("false"))))
        return json_bool(arena, str_eq(cell, STR("true")));
    return json;
}
