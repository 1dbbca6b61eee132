/* kernel/evolve_fit.c: a value of one field as another field holds it. */
#include "base/json.h"
#include "base/utf8.h"
#include "kernel/evolve_steps.h"
#include "kernel/rows.h"

typedef bool Fit(Arena *arena, const Field *field, Value value, Value *out);

static bool fit_text(Arena *arena, const Field *field, Value value, Value *out)
{
    bool text = value.kind == VALUE_TEXT;
    *out = text ? value : VALUE_NONE;
    return text && field_kinds[field->kind].text(arena, value.text, &out->text) &&
           (int64_t)utf8_length(out->text) <= field->max_points;
}

/* Whole numbers and decimals. */
static bool fit_number(Arena *arena, const Field *field, Value value, Value *out)
{
    (void)arena;
    Decimal number = { value.number, value.kind == VALUE_DECIMAL ? value.scale : 0 };
    bool    whole = field->kind == FIELD_INTEGER;
    bool    shape = value.kind == VALUE_INTEGER || value.kind == VALUE_DECIMAL;
    *out = VALUE_NONE;
    if (!shape || !decimal_rescale(number, whole ? 0 : field->scale, &number))
        return false;
    *out = whole ? value_int(number.units) : value_decimal(number);
    return !field->bounded || (number.units >= field->min && number.units <= field->max);
}

static bool fit_same(Arena *arena, const Field *field, Value value, Value *out)
{
    (void)arena;
    bool same = value.kind == field_expr_type(field).kind;
    *out = same ? value : VALUE_NONE;
    return same;
}

static bool fit_choice(Arena *arena, const Field *field, Value value, Value *out)
{
    return fit_same(arena, field, value, out) && field_choice(field, value.text);
}

/* A list of one, of a choice or a reference; else the list. */
static bool fit_list(Arena *arena, const Field *field, Value value, Value *out)
{
    (void)arena;
    (void)field;
    bool shape = value.kind == VALUE_TEXT || value.kind == VALUE_ID || value.kind == VALUE_LIST;
    *out = shape && value.text.len ? value_list(value.text) : VALUE_NONE;
    return shape;
}

/* In the pack's order; a code that is no choice any more stays behind the others. */
static bool fit_choices(Arena *arena, const Field *field, Value value, Value *out)
{
    Value list;
    Buf   text = buf_new(arena, SIZE_MAX);
    bool  known = true;
    if (!fit_list(arena, field, value, &list) || list.kind == VALUE_MISSING) {
        *out = VALUE_NONE;
        return false;
    }
    for (size_t i = 0; i < field->choice_count; i++)
        if (value_list_holds(list, field->choices[i].code))
            buf_printf(&text, "%s%.*s", text.len ? "," : "", STR_FMT(field->choices[i].code));
    for (Str rest = list.text; rest.len;) {
        Str code = value_list_next(&rest);
        if (field_choice(field, code))
            continue;
        buf_printf(&text, "%s%.*s", text.len ? "," : "", STR_FMT(code));
        known = false;
    }
    *out = value_list(buf_str(&text));
    return known;
}

static bool fit_row(Arena *arena, const Field *field, const Json *json, Record *row)
{
    const Type *type = field->rows;
    bool        fits = true;
    *row = (Record){ .type = type, .values = ARENA_ARRAY(arena, Value, type->field_count) };
    for (size_t i = ROW_COLUMNS; i < type->field_count; i++) {
        Value       value;
        const Json *cell = json_get(json, type->fields[i].name);
        if (!cell)
            continue;
        fits = value_decode(json_text(cell), &value) && fits;
        fits = evolve_fit(arena, &type->fields[i], value, &row->values[i]) && fits;
    }
    return fits;
}

static bool fit_rows(Arena *arena, const Field *field, Value value, Value *out)
{
    Json  *list;
    size_t count = 0;
    bool   fits = true;
    *out = VALUE_NONE;
    if (value.kind != VALUE_ROWS || json_parse(arena, value.text, &list).kind || list->kind != JSON_ARRAY)
        return false;
    Record *rows = ARENA_ARRAY(arena, Record, list->count);
    JSON_EACH(item, list)
        fits = fit_row(arena, field, item, &rows[count++]) && fits;
    *out = rows_value(arena, field, rows, count);
    return fits;
}

/* By what the record keeps, and whether that is a code; computed fields, which keep nothing, are never asked. */
static Fit *const fits[VALUE_KIND_COUNT][2] = {
    [VALUE_TEXT] = { fit_text, fit_choice },
    [VALUE_LIST] = { fit_list, fit_choices },
    [VALUE_INTEGER] = { fit_number },
    [VALUE_DECIMAL] = { fit_number },
    [VALUE_BOOLEAN] = { fit_same },
    [VALUE_DATE] = { fit_same },
    [VALUE_INSTANT] = { fit_same },
    [VALUE_ID] = { fit_same },
    [VALUE_ROWS] = { fit_rows },
    [VALUE_FILES] = { fit_same },
};

bool evolve_fit(Arena *arena, const Field *field, Value value, Value *out)
{
    if (value.kind == VALUE_MISSING) {
        *out = value;
        return true;
    }
    const FieldTraits *kind = &field_kinds[field->kind];
    return fits[kind->value][kind->codes](arena, field, value, out);
}
