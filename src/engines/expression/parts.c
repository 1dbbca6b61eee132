/* The conjuncts of a filter as they were written: shown one by one, and joined again without
 * the one that is taken away. */
#include "engines/expression/expression_internal.h"

static const Str signs[OPERATOR_COUNT] = {
    [OPERATOR_EQ] = STR_INIT("="),  [OPERATOR_NE] = STR_INIT("!="), [OPERATOR_LT] = STR_INIT("<"),
    [OPERATOR_LE] = STR_INIT("<="), [OPERATOR_GT] = STR_INIT(">"),  [OPERATOR_GE] = STR_INIT(">="),
};

static Str sign_of(const Expr *expr)
{
    switch (expr->kind) {
    case NODE_COMPARE: return signs[expr->sign];
    case NODE_CONTAINS: return STR("contains");
    case NODE_MISSING: return expr->negated ? STR("is not missing") : STR("is missing");
    default: return STR_NONE;
    }
}

/* A literal, or one behind a minus. */
static bool literal_of(const Expr *expr, Value *out)
{
    const Expr *literal = expr->kind == NODE_NEGATE ? expr->first : expr;
    if (literal->kind != NODE_LITERAL)
        return false;
    *out = literal->value;
    if (expr->kind == NODE_NEGATE)
        out->number = -out->number; /* a literal is never negative */
    return true;
}

static ExprPart part_of(Arena *arena, const Expr *expr)
{
    Value       value = VALUE_NONE;
    Str         sign = sign_of(expr);
    const Expr *left = expr->first;
    ExprPart    part = { .source = expr->source };
    if (expr->kind == NODE_OR && !expr->bracketed)
        part.source = str_printf(arena, "(%.*s)", STR_FMT(expr->source));
    bool simple = sign.len && left->kind == NODE_PATH && !left->bracketed;
    if (simple && (expr->kind == NODE_MISSING || literal_of(left->next, &value))) {
        part.path = left->source;
        part.sign = sign;
        part.value = value;
    }
    return part;
}

static size_t count_parts(const Expr *expr)
{
    size_t count = 0;
    if (expr->kind != NODE_AND)
        return 1;
    for (const Expr *operand = expr->first; operand; operand = operand->next)
        count += count_parts(operand);
    return count;
}

static ExprPart *add_parts(Arena *arena, const Expr *expr, ExprPart *next)
{
    if (expr->kind != NODE_AND) {
        *next = part_of(arena, expr);
        return next + 1;
    }
    for (const Expr *operand = expr->first; operand; operand = operand->next)
        next = add_parts(arena, operand, next);
    return next;
}

void expr_parts(Arena *arena, const Expr *expr, ExprPart **out, size_t *count)
{
    *count = count_parts(expr);
    *out = ARENA_ARRAY(arena, ExprPart, *count);
    add_parts(arena, expr, *out);
}

#define PARTY_STEPS_MAX 8

static bool is_party(const Expr *expr)
{
    return expr->kind == NODE_CALL && (expr->function == FUNCTION_ACTOR || expr->function == FUNCTION_ORGANISATION);
}

void expr_parties(const Expr *expr, void (*visit)(void *context, const void *const *fields, size_t count),
                  void       *context)
{
    const void *fields[PARTY_STEPS_MAX];
    if (expr->kind == NODE_AND)
        for (const Expr *part = expr->first; part; part = part->next)
            expr_parties(part, visit, context);
    bool equal = expr->kind == NODE_COMPARE && expr->sign == OPERATOR_EQ;
    if (!equal && expr->kind != NODE_CONTAINS)
        return;
    bool        turned = equal && is_party(expr->first);
    const Expr *path = turned ? expr->last : expr->first, *party = turned ? expr->first : expr->last;
    if (path->kind != NODE_PATH || path->step_count > PARTY_STEPS_MAX || !is_party(party))
        return;
    for (size_t i = 0; i < path->step_count; i++)
        fields[i] = path->steps[i].field;
    visit(context, fields, path->step_count);
}

Str expr_quote(Arena *arena, Str text)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    buf_char(&buf, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'')
            buf_char(&buf, '\'');
        buf_char(&buf, text.ptr[i]);
    }
    buf_char(&buf, '\'');
    return buf_str(&buf);
}
