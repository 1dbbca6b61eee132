/* kernel/pack_formulas.c: computed fields. What a formula gives can be told once what it reads is known, so a formula
 * that reads another computed field, of its own type or of any, has that one checked first; where that leads back, the
 * fields are computed from themselves. */
#include "kernel/pack_read.h"

#include "base/buf.h"

#define DEPTH_MAX 16 /* computed fields that one may go through: they are worked out within each other */

typedef struct Open { /* a formula that is being checked */
    const Field *field;
    Formula     *formula;
} Open;

typedef struct Formulas { /* the context of the scope */
    PackLoad *load;
    ExprScope scope; /* of the pack */
    Open      open[DEPTH_MAX];
    size_t    count;
} Formulas;

static void formula_check(Formulas *formulas, const Field *field);

static TypeDraft *draft_of(const Formulas *formulas, const Field *field)
{
    return &formulas->load->drafts[field->type->index];
}

static Formula *formula_of(const Formulas *formulas, const Field *field)
{
    return &draft_of(formulas, field)->formulas[field->index - field->type->stored_count];
}

static Str dotted(const Formulas *formulas, const Field *field)
{
    return str_printf(formulas->load->arena, "%.*s.%.*s", STR_FMT(field->type->name), STR_FMT(field->name));
}

/* "paper.total → review.share → paper.total", told where the first of them says its formula. */
static void cycle_report(Formulas *formulas, const Field *field)
{
    PackLoad *load = formulas->load;
    Buf       path = buf_new(load->arena, SIZE_MAX);
    size_t    first = 0;
    while (formulas->open[first].field != field)
        first++;
    for (size_t i = first; i < formulas->count; i++)
        buf_printf(&path, "%.*s → ", STR_FMT(dotted(formulas, formulas->open[i].field)));
    buf_add(&path, dotted(formulas, field));
    PACK_PROBLEM(load, formulas->open[first].formula->node, ECODE_PACK_CYCLE, ARG("field", dotted(formulas, field)),
                 ARG("path", buf_str(&path)));
}

static void depth_report(const Formulas *formulas, const Formula *formula)
{
    static const Text few = TEXT_INIT("至多经过 16 个计算字段的表达式",
                                      "an expression that goes through at most 16 computed fields");
    read_misshape(formulas->load, formula->node, few);
}

/* A computed field is read by the formula that is open: its own is checked before. What goes too deep is told once, not
 * again by those that read it. */
static void formula_read(Formulas *formulas, const Field *field)
{
    Formula *formula = formula_of(formulas, field), *reader = formulas->open[formulas->count - 1].formula;
    if (!formula->node)
        return;
    if (formula->state == FORMULA_OPEN) {
        cycle_report(formulas, field);
        return;
    }
    bool deep = formula->state == FORMULA_WAITING && formulas->count == DEPTH_MAX;
    if (!deep)
        formula_check(formulas, field);
    if ((deep || formula->depth == DEPTH_MAX) && reader->depth <= DEPTH_MAX)
        depth_report(formulas, reader);
    int depth = deep || formula->depth >= DEPTH_MAX ? DEPTH_MAX + 1 : formula->depth + 1;
    reader->depth = depth > reader->depth ? depth : reader->depth;
}

/* The checker asks a scope for names and types alone; labels are for explanations, which nobody asks for here. */
static bool scope_field(const void *context, const void *type, Str name, ExprField *out)
{
    Formulas    *formulas = (Formulas *)context; /* the scope's own, lent as const */
    const Field *field = type_field(type, name);
    if (field && field->kind == FIELD_COMPUTED)
        formula_read(formulas, field);
    return formulas->scope.field(formulas->scope.context, type, name, out);
}

static bool scope_child(const void *context, const void *type, Str name, ExprChild *out)
{
    const Formulas *formulas = context;
    return formulas->scope.child(formulas->scope.context, type, name, out);
}

static bool scope_code(const void *context, const void *type, const void *field, Str code)
{
    const Formulas *formulas = context;
    return formulas->scope.code(formulas->scope.context, type, field, code);
}

static bool scope_parameter(const void *context, Str code, ExprType *out)
{
    const Formulas *formulas = context;
    return formulas->scope.parameter(formulas->scope.context, code, out);
}

static bool kind_is_one_value(ValueKind kind)
{
    return kind != VALUE_ID && kind != VALUE_LIST && kind != VALUE_ROWS && kind != VALUE_FILES && kind != VALUE_MISSING;
}

/* Twice: a condition of the filter subset may stand in a filter, anything else is worked out when it is read. */
static void formula_take(Formulas *formulas, Field *field, const Formula *formula)
{
    static const Text one_value = TEXT_INIT("得出文本、数、是非、日期或时刻的表达式",
                                            "an expression that gives a text, number, truth, date or instant");
    PackLoad         *load = formulas->load;
    Problems          ignored = { .arena = load->arena };
    Expr             *condition = NULL;
    ExprScope         scope = { .context = formulas,
                                .field = scope_field,
                                .child = scope_child,
                                .code = scope_code,
                                .parameter = scope_parameter };
    ExprUse use = { .out = &field->formula, .text = field->formula_text, .node = formula->node, .type = field->type };
    expression_check(load, &scope, &use, VALUE_KIND_COUNT, false);
    if (!field->formula)
        return;
    field->result = expr_type(field->formula);
    if (!kind_is_one_value(field->result.kind)) {
        if (field->result.kind != VALUE_MISSING) /* else what it reads has a problem of its own */
            read_misshape(load, formula->node, one_value);
        field->result = (ExprType){ .kind = VALUE_MISSING };
        return;
    }
    field->scale = field->result.scale;
    field->filterable =
        field->result.kind == VALUE_BOOLEAN &&
        !expr_parse(load->arena, field->formula_text, &condition, &ignored).kind &&
        !expr_check(load->arena, condition, &formulas->scope, field->type, VALUE_BOOLEAN, true, &ignored).kind;
    if (field->filterable)
        field->formula = condition;
}

static void formula_check(Formulas *formulas, const Field *field)
{
    Formula *formula = formula_of(formulas, field);
    if (formula->state != FORMULA_WAITING || !formula->node || !field->formula_text.len)
        return;
    formula->state = FORMULA_OPEN;
    formula->depth = 1;
    formulas->open[formulas->count++] = (Open){ field, formula };
    formula_take(formulas, &draft_of(formulas, field)->fields[field->index], formula);
    formulas->count--;
    formula->state = FORMULA_DONE;
}

void pack_formulas(PackLoad *load)
{
    Formulas formulas = { .load = load, .scope = pack_scope(load->pack, false) };
    for (size_t i = 0; i < load->pack->type_count; i++) {
        const Type *type = load->drafts[i].type;
        for (size_t f = type->stored_count; f < type->field_count; f++)
            formula_check(&formulas, &type->fields[f]);
    }
}
