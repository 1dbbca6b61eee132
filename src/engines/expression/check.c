/* Names and types. A node whose type cannot be known has the kind VALUE_MISSING: its problem is reported once, and
 * whatever stands above it is silent about it, so that one mistake gives one problem and several mistakes give all of
 * theirs. */
#include "engines/expression/expression_internal.h"

#include "base/utf8.h"
#include "base/uuid.h"

typedef struct Checker {
    Arena           *arena;
    const ExprScope *scope;
    const void      *type; /* record type in which names are sought */
    bool             filter;
    Str              source; /* of the whole expression */
    Problems        *problems;
    Err              err; /* the first problem */
} Checker;

/* What the SQL of a filter may nest: SQLite's parser holds 100 open symbols, and each level opens so many of them at
 * most. The rest is left to what the caller writes for columns and visibility. */
enum { FILTER_NESTING_MAX = 60, NESTING_LOGIC = 3, NESTING_REFERENCE = 9, NESTING_COLLECTION = 11 };

static const Text kind_names[VALUE_KIND_COUNT] = {
    [VALUE_MISSING] = TEXT_INIT("空", "nothing"),
    [VALUE_TEXT] = TEXT_INIT("文本", "text"),
    [VALUE_INTEGER] = TEXT_INIT("整数", "an integer"),
    [VALUE_DECIMAL] = TEXT_INIT("小数", "a decimal"),
    [VALUE_BOOLEAN] = TEXT_INIT("是非", "true or false"),
    [VALUE_DATE] = TEXT_INIT("日期", "a date"),
    [VALUE_INSTANT] = TEXT_INIT("时刻", "an instant"),
    [VALUE_ID] = TEXT_INIT("记录", "a record"),
    [VALUE_LIST] = TEXT_INIT("列表（请用 contains）", "a list (ask it with contains)"),
    [VALUE_ROWS] = TEXT_INIT("子表（请用 any、count 等）", "child rows (ask them with any, count …)"),
    [VALUE_FILES] = TEXT_INIT("文件（请用 is missing）", "files (ask them with is missing)"),
};

static const Str operator_signs[OPERATOR_COUNT] = {
    [OPERATOR_NONE] = STR_INIT(""), [OPERATOR_EQ] = STR_INIT("="),  [OPERATOR_NE] = STR_INIT("!="),
    [OPERATOR_LT] = STR_INIT("<"),  [OPERATOR_LE] = STR_INIT("<="), [OPERATOR_GT] = STR_INIT(">"),
    [OPERATOR_GE] = STR_INIT(">="), [OPERATOR_ADD] = STR_INIT("+"), [OPERATOR_SUB] = STR_INIT("-"),
    [OPERATOR_MUL] = STR_INIT("*"), [OPERATOR_DIV] = STR_INIT("/"),
};

/* ---- problems ---- */

static Str position_text(Checker *checker, ErrCode code, size_t position)
{
    if (!checker->err.kind)
        checker->err = err_make(code, "character %zu of \"%.*s\"", position,
                                STR_FMT(utf8_clip(checker->source, CONTEXT_POINTS)));
    return str_printf(checker->arena, "%zu", position);
}

static void report(Checker *checker, ErrCode code, size_t position, ErrArg first, ErrArg second)
{
    Str where = position_text(checker, code, position);
    if (second.name)
        PROBLEM(checker->problems, code, STR_NONE, checker->source, ARG("position", where), first, second);
    else
        PROBLEM(checker->problems, code, STR_NONE, checker->source, ARG("position", where), first);
}

static void report_name(Checker *checker, size_t position, Str name)
{
    report(checker, ECODE_EXPR_NAME, position, ARG("name", name), (ErrArg){ 0 });
}

static void report_type(Checker *checker, size_t position, Text left, Text right)
{
    report(checker, ECODE_EXPR_TYPE, position, ARG_TEXT("left", left), ARG_TEXT("right", right));
}

static void report_filter(Checker *checker, size_t position, Text what)
{
    report(checker, ECODE_EXPR_FILTER, position, ARG_TEXT("what", what), (ErrArg){ 0 });
}

static void report_form(Checker *checker, size_t position, Text reason)
{
    report(checker, ECODE_EXPR_SYNTAX, position, ARG_TEXT("reason", reason), (ErrArg){ 0 });
}

/* ---- types ---- */

static const ExprType type_unknown = { .kind = VALUE_MISSING };

static bool known(const Expr *expr) { return expr->type.kind != VALUE_MISSING; }

static uint8_t scale_of(ExprType type) { return type.kind == VALUE_DECIMAL ? type.scale : 0; }

static bool is_ordered(ValueKind kind)
{
    return kind_is_number(kind) || kind == VALUE_TEXT || kind == VALUE_DATE || kind == VALUE_INSTANT;
}

static bool is_whole(ValueKind kind) /* one value, not several */
{
    return kind != VALUE_LIST && kind != VALUE_ROWS && kind != VALUE_FILES;
}

/* Both are numbers or both of one kind; then *out holds either. */
static bool unify(ExprType left, ExprType right, ExprType *out)
{
    if (kind_is_number(left.kind) && kind_is_number(right.kind)) {
        uint8_t scale = scale_of(left) > scale_of(right) ? scale_of(left) : scale_of(right);
        bool    whole = left.kind == VALUE_INTEGER && right.kind == VALUE_INTEGER;
        *out = whole ? left : (ExprType){ .kind = VALUE_DECIMAL, .scale = scale };
        return true;
    }
    *out = left;
    if (left.kind != right.kind || !is_whole(left.kind)) /* lists are of one sort when their items are */
        return left.kind == VALUE_LIST && right.kind == VALUE_LIST && left.target == right.target;
    if (left.target != right.target)
        out->target = NULL;
    return true;
}

static void require(Checker *checker, const Expr *expr, ValueKind kind)
{
    if (known(expr) && expr->type.kind != kind)
        report_type(checker, expr->position, kind_names[expr->type.kind], kind_names[kind]);
}

static bool is_text_literal(const Expr *expr) { return expr->kind == NODE_LITERAL && expr->value.kind == VALUE_TEXT; }

/* A text literal that is a UUID may stand for a record. */
static void take_uuid(Expr *expr, ValueKind wanted)
{
    if (wanted == VALUE_ID && is_text_literal(expr) && uuid_valid(expr->value.text))
        expr->type = (ExprType){ .kind = VALUE_ID };
}

/* A text that the field can never be, or contain as an item: most likely a code misspelt. */
static void check_code(Checker *checker, const Expr *literal, const Expr *path)
{
    const ExprScope *scope = checker->scope;
    if (!scope->code || !is_text_literal(literal) || path->kind != NODE_PATH)
        return;
    const PathStep *step = &path->steps[path->step_count - 1];
    if (!scope->code(scope->context, step->type, step->field, literal->value.text))
        report(checker, ECODE_EXPR_CODE, literal->position,
               ARG_TEXT("label", scope->field_label(scope->context, step->type, step->field)),
               ARG("code", literal->value.text));
}

static void check_pair(Checker *checker, Expr *left, Expr *right, Operator sign)
{
    take_uuid(left, right->type.kind);
    take_uuid(right, left->type.kind);
    ExprType both;
    if (!known(left) || !known(right))
        return;
    bool equality = sign == OPERATOR_EQ || sign == OPERATOR_NE;
    if (!unify(left->type, right->type, &both))
        report_type(checker, right->position, kind_names[left->type.kind], kind_names[right->type.kind]);
    else if (!is_whole(both.kind) || (!equality && !is_ordered(both.kind)))
        report_type(checker, right->position, kind_names[both.kind], text_same(operator_signs[sign]));
    else if (checker->filter && !left->constant && !right->constant && scale_of(left->type) != scale_of(right->type))
        report_filter(checker, right->position,
                      TEXT("小数位数不同的字段互相比较", "a comparison of fields with different decimal places"));
    else if (equality && both.kind == VALUE_TEXT) {
        check_code(checker, left, right);
        check_code(checker, right, left);
    }
}

/* ---- nodes ---- */

static void check(Checker *checker, Expr *expr);

static void check_literal(Checker *checker, Expr *expr)
{
    (void)checker;
    expr->type = (ExprType){ .kind = expr->value.kind, .scale = expr->value.scale };
}

static bool find_field(Checker *checker, PathStep *step, const void *type)
{
    ExprField field = { 0 };
    if (!type || !checker->scope->field(checker->scope->context, type, step->name, &field)) {
        report_name(checker, step->position, step->name);
        return false;
    }
    step->type = type;
    step->field = field.field;
    step->field_type = field.type;
    if (checker->filter && field.live)
        report_filter(checker, step->position, TEXT("计算得出的值", "a computed value"));
    return true;
}

static void check_path(Checker *checker, Expr *expr)
{
    const void *type = checker->type;
    expr->constant = false;
    expr->type = type_unknown;
    for (size_t i = 0; i < expr->step_count; i++) {
        if (!find_field(checker, &expr->steps[i], type))
            return;
        type = expr->steps[i].field_type.kind == VALUE_ID ? expr->steps[i].field_type.target : NULL;
    }
    expr->type = expr->steps[expr->step_count - 1].field_type;
}

/* ---- functions ---- */

typedef struct Function {
    Str     name;
    uint8_t least, most; /* arguments */
    bool    in_filter;   /* of constants, which are worked out beforehand; false: not even so */
    void (*check)(Checker *checker, Expr *call);
} Function;

static void check_today(Checker *checker, Expr *call)
{
    (void)checker;
    call->type = (ExprType){ .kind = VALUE_DATE };
}

static void check_days(Checker *checker, Expr *call)
{
    for (const Expr *argument = call->first; argument; argument = argument->next)
        require(checker, argument, VALUE_DATE);
    call->type = (ExprType){ .kind = VALUE_INTEGER };
}

static void check_same(Checker *checker, Expr *call)
{
    call->type = call->first->type;
    for (Expr *argument = call->first->next; argument; argument = argument->next) {
        ExprType before = call->type;
        if (before.kind == VALUE_MISSING || !known(argument))
            call->type = type_unknown;
        else if (!unify(before, argument->type, &call->type)) {
            report_type(checker, argument->position, kind_names[before.kind], kind_names[argument->type.kind]);
            call->type = type_unknown;
        }
    }
}

static void check_extreme(Checker *checker, Expr *call)
{
    check_same(checker, call);
    if (known(call) && !is_ordered(call->type.kind)) {
        report_type(checker, call->position, kind_names[call->type.kind], text_same(call->name));
        call->type = type_unknown;
    }
}

static void check_number(Checker *checker, Expr *call)
{
    const Expr *number = call->first;
    if (known(number) && !kind_is_number(number->type.kind))
        report_type(checker, number->position, kind_names[number->type.kind], text_same(call->name));
    else
        call->type = number->type;
}

/* round(x, n): n is written out, so that the scale of the result is known before there is a value. */
static void check_round(Checker *checker, Expr *call)
{
    const Expr *digits = call->last;
    check_number(checker, call);
    if (digits->kind != NODE_LITERAL || digits->value.kind != VALUE_INTEGER ||
        digits->value.number > DECIMAL_SCALE_MAX) {
        report_form(
            checker, digits->position,
            TEXT("round 的第二个参数应为 0 到 9 的数字", "the second argument of round must be a digit from 0 to 9"));
        call->type = type_unknown;
    } else if (known(call)) {
        call->type = (ExprType){ .kind = VALUE_DECIMAL, .scale = (uint8_t)digits->value.number };
    }
}

static void check_length(Checker *checker, Expr *call)
{
    if (call->first->type.kind != VALUE_LIST)
        require(checker, call->first, VALUE_TEXT);
    call->type = (ExprType){ .kind = VALUE_INTEGER };
}

/* wilson_low(k, n): so many of so many. */
static void check_share(Checker *checker, Expr *call)
{
    require(checker, call->first, VALUE_INTEGER);
    require(checker, call->last, VALUE_INTEGER);
    call->type = (ExprType){ .kind = VALUE_DECIMAL, .scale = WILSON_SCALE };
}

/* param('code'): the name is written out, so that its type is known before there is a value. */
static void check_param(Checker *checker, Expr *call)
{
    const ExprScope *scope = checker->scope;
    const Expr      *code = call->first;
    if (!is_text_literal(code))
        report_form(checker, code->position,
                    TEXT("param 的参数应为单引号内的参数名", "the argument of param must be a name in quotes"));
    else if (!scope->parameter || !scope->parameter(scope->context, code->value.text, &call->type))
        report(checker, ECODE_EXPR_PARAMETER, code->position, ARG("code", code->value.text), (ErrArg){ 0 });
}

static void check_party(Checker *checker, Expr *call)
{
    if (checker->scope->actor)
        call->type = (ExprType){ .kind = VALUE_ID };
    else
        report_name(checker, call->position, call->name);
}

enum { ARGUMENTS_MAX = 16 };

static const Function functions[FUNCTION_COUNT] = {
    [FUNCTION_TODAY] = { STR_INIT("today"), 0, 0, true, check_today },
    [FUNCTION_DAYS] = { STR_INIT("days"), 2, 2, true, check_days },
    [FUNCTION_WORKDAYS] = { STR_INIT("workdays"), 2, 2, false, check_days },
    [FUNCTION_PARAM] = { STR_INIT("param"), 1, 1, false, check_param },
    [FUNCTION_COALESCE] = { STR_INIT("coalesce"), 2, ARGUMENTS_MAX, true, check_same },
    [FUNCTION_MIN] = { STR_INIT("min"), 2, ARGUMENTS_MAX, true, check_extreme },
    [FUNCTION_MAX] = { STR_INIT("max"), 2, ARGUMENTS_MAX, true, check_extreme },
    [FUNCTION_ABS] = { STR_INIT("abs"), 1, 1, true, check_number },
    [FUNCTION_ROUND] = { STR_INIT("round"), 2, 2, true, check_round },
    [FUNCTION_LENGTH] = { STR_INIT("length"), 1, 1, true, check_length },
    [FUNCTION_WILSON_LOW] = { STR_INIT("wilson_low"), 2, 2, true, check_share },
    [FUNCTION_WILSON_HIGH] = { STR_INIT("wilson_high"), 2, 2, true, check_share },
    [FUNCTION_ACTOR] = { STR_INIT("actor"), 0, 0, true, check_party },
    [FUNCTION_ORGANISATION] = { STR_INIT("organisation"), 0, 0, true, check_party },
};

static void report_arguments(Checker *checker, const Expr *call, const Function *function)
{
    Arena *arena = checker->arena;
    Str    name = function->name;
    Str    range = function->least == function->most ? str_printf(arena, "%d", function->least)
                                                     : str_printf(arena, "%d–%d", function->least, function->most);
    report_form(checker, call->position,
                (Text){ { str_printf(arena, "%.*s 须有 %.*s 个参数", STR_FMT(name), STR_FMT(range)),
                          str_printf(arena, "%.*s takes %.*s %s", STR_FMT(name), STR_FMT(range),
                                     function->most == 1 ? "argument" : "arguments") } });
}

static void check_call(Checker *checker, Expr *expr)
{
    expr->type = type_unknown;
    for (FunctionId id = 0; id < FUNCTION_COUNT; id++) {
        const Function *function = &functions[id];
        if (!str_eq(expr->name, function->name))
            continue;
        expr->function = id;
        if (expr->count < function->least || expr->count > function->most)
            report_arguments(checker, expr, function);
        else
            function->check(checker, expr);
        if (checker->filter && !(expr->constant && function->in_filter))
            report_filter(checker, expr->position,
                          text_same(str_printf(checker->arena, "%.*s()", STR_FMT(expr->name))));
        return;
    }
    report_name(checker, expr->position, expr->name);
}

/* ---- collections ---- */

static const struct {
    Str  name;
    bool of_field; /* works on the values of a field, not on the children themselves */
} collections[COLLECTION_KIND_COUNT] = {
    [COLLECTION_COUNT] = { STR_INIT("count"), false }, [COLLECTION_ANY] = { STR_INIT("any"), false },
    [COLLECTION_ALL] = { STR_INIT("all"), false },     [COLLECTION_SUM] = { STR_INIT("sum"), true },
    [COLLECTION_MIN] = { STR_INIT("min"), true },      [COLLECTION_MAX] = { STR_INIT("max"), true },
};

/* "child", "child.field" or "reference.child", in this order. */
static bool find_children(Checker *checker, Expr *expr)
{
    const ExprScope *scope = checker->scope;
    PathStep        *first = &expr->steps[0], *second = &expr->steps[1];
    if (scope->child(scope->context, checker->type, first->name, &expr->child)) {
        expr->has_field = expr->step_count == 2;
        return !expr->has_field || find_field(checker, second, expr->child.type);
    }
    if (expr->step_count == 1) {
        report_name(checker, first->position, first->name);
        return false;
    }
    if (!find_field(checker, first, checker->type))
        return false;
    expr->referred = true;
    ExprType link = first->field_type;
    if (link.kind == VALUE_ID && link.target && scope->child(scope->context, link.target, second->name, &expr->child))
        return true;
    report_name(checker, second->position, second->name);
    return false;
}

static Text collection_form(Checker *checker, const Expr *expr, const char *zh, const char *en)
{
    return (Text){ { str_printf(checker->arena, "%.*s %s", STR_FMT(expr->name), zh),
                     str_printf(checker->arena, "%.*s %s", STR_FMT(expr->name), en) } };
}

/* What is taken of each child, and where it stands. */
static ExprType taken_type(const Expr *expr, size_t *position)
{
    *position = expr->each ? expr->each->position : expr->has_field ? expr->steps[1].position : expr->position;
    return expr->each ? expr->each->type : expr->has_field ? expr->steps[1].field_type : type_unknown;
}

static ExprType collection_type(Checker *checker, Expr *expr)
{
    size_t   position;
    ExprType field = taken_type(expr, &position);
    if (collections[expr->collection].of_field) {
        if (!expr->has_field && !expr->each) {
            report_form(checker, expr->position,
                        collection_form(checker, expr, "须写明子记录的字段，如 amount：子记录.amount",
                                        "needs a field of the child records, as in child.amount"));
            return type_unknown;
        }
        bool fits = expr->collection == COLLECTION_SUM ? kind_is_number(field.kind) : is_ordered(field.kind);
        if (!fits && field.kind != VALUE_MISSING)
            report_type(checker, position, kind_names[field.kind], text_same(expr->name));
        return fits ? field : type_unknown;
    }
    if (expr->each)
        report_form(checker, position, collection_form(checker, expr, "不能用 of", "takes no of"));
    if (expr->has_field && field.kind != VALUE_BOOLEAN && field.kind != VALUE_MISSING)
        report_type(checker, expr->steps[1].position, kind_names[field.kind], kind_names[VALUE_BOOLEAN]);
    if (expr->has_field && expr->first && expr->collection == COLLECTION_ALL)
        report_form(checker, expr->position,
                    collection_form(checker, expr, "不能同时写字段和 where", "takes a field or where, not both"));
    return (ExprType){ .kind = expr->collection == COLLECTION_COUNT ? VALUE_INTEGER : VALUE_BOOLEAN };
}

static void check_collection(Checker *checker, Expr *expr)
{
    expr->constant = expr->referred = expr->has_field = false;
    expr->type = type_unknown;
    for (CollectionKind kind = 0; kind < COLLECTION_KIND_COUNT; kind++)
        if (str_eq(expr->name, collections[kind].name))
            expr->collection = kind;
    if (!find_children(checker, expr))
        return;
    const void *outer = checker->type;
    checker->type = expr->child.type;
    if (expr->each)
        check(checker, expr->each);
    if (expr->first) {
        check(checker, expr->first);
        require(checker, expr->first, VALUE_BOOLEAN);
    }
    checker->type = outer;
    expr->type = collection_type(checker, expr);
    if (checker->filter && collections[expr->collection].of_field)
        report_filter(checker, expr->position, text_same(str_printf(checker->arena, "%.*s()", STR_FMT(expr->name))));
}

/* ---- arithmetic ---- */

/* Reports arithmetic on fields once, at the innermost node, which then counts as constant. */
static void refuse_arithmetic(Checker *checker, Expr *expr)
{
    if (!checker->filter || expr->constant || !known(expr))
        return;
    report_filter(checker, expr->position, TEXT("对字段的运算", "arithmetic on fields"));
    expr->constant = true;
}

static void check_negate(Checker *checker, Expr *expr)
{
    expr->type = type_unknown;
    if (known(expr->first) && !kind_is_number(expr->first->type.kind))
        report_type(checker, expr->first->position, kind_names[expr->first->type.kind], TEXT("-", "-"));
    else
        expr->type = expr->first->type;
    refuse_arithmetic(checker, expr);
}

static bool sum_type(ExprType left, ExprType right, ExprType *out)
{
    if (left.kind == VALUE_DATE && right.kind == VALUE_INTEGER) { /* so many days later or earlier */
        *out = left;
        return true;
    }
    return kind_is_number(left.kind) && unify(left, right, out);
}

static bool product_type(ExprType left, ExprType right, Operator join, ExprType *out)
{
    if (!kind_is_number(left.kind) || !kind_is_number(right.kind))
        return false;
    if (join == OPERATOR_DIV) {
        *out = (ExprType){ .kind = VALUE_DECIMAL, .scale = division_scale(scale_of(left), scale_of(right)) };
        return true;
    }
    int scale = scale_of(left) + scale_of(right);
    *out = left.kind == VALUE_INTEGER && right.kind == VALUE_INTEGER
               ? left
               : (ExprType){ .kind = VALUE_DECIMAL,
                             .scale = (uint8_t)(scale < DECIMAL_SCALE_MAX ? scale : DECIMAL_SCALE_MAX) };
    return true;
}

static void check_arithmetic(Checker *checker, Expr *expr)
{
    expr->type = expr->first->type;
    for (Expr *operand = expr->first->next; operand; operand = operand->next) {
        ExprType left = expr->type, right = operand->type;
        expr->type = type_unknown;
        if (left.kind == VALUE_MISSING || right.kind == VALUE_MISSING)
            continue;
        bool fits = expr->kind == NODE_SUM ? sum_type(left, right, &expr->type)
                                           : product_type(left, right, operand->join, &expr->type);
        if (!fits) {
            report_type(checker, operand->position, kind_names[left.kind], kind_names[right.kind]);
            expr->type = type_unknown;
        }
    }
    refuse_arithmetic(checker, expr);
}

/* ---- conditions ---- */

static void check_compare(Checker *checker, Expr *expr)
{
    check_pair(checker, expr->first, expr->last, expr->sign);
    expr->type = (ExprType){ .kind = VALUE_BOOLEAN };
}

static void check_in(Checker *checker, Expr *expr)
{
    for (Expr *item = expr->first->next; item; item = item->next)
        check_pair(checker, expr->first, item, OPERATOR_EQ);
    expr->type = (ExprType){ .kind = VALUE_BOOLEAN };
}

/* A list contains an item, a text a part. */
static void check_contains(Checker *checker, Expr *expr)
{
    Expr     *whole = expr->first, *part = expr->last;
    bool      list = whole->type.kind == VALUE_LIST;
    ValueKind wanted = list ? list_item_kind(whole->type) : VALUE_TEXT;
    if (!list)
        require(checker, whole, VALUE_TEXT);
    else if (wanted == VALUE_TEXT)
        check_code(checker, part, whole);
    take_uuid(part, wanted);
    require(checker, part, wanted);
    expr->type = (ExprType){ .kind = VALUE_BOOLEAN };
}

static void check_missing(Checker *checker, Expr *expr)
{
    (void)checker;
    expr->type = (ExprType){ .kind = VALUE_BOOLEAN };
}

static void check_logic(Checker *checker, Expr *expr)
{
    for (const Expr *operand = expr->first; operand; operand = operand->next)
        require(checker, operand, VALUE_BOOLEAN);
    expr->type = (ExprType){ .kind = VALUE_BOOLEAN };
}

static void (*const checks[NODE_KIND_COUNT])(Checker *checker, Expr *expr) = {
    [NODE_LITERAL] = check_literal,
    [NODE_PATH] = check_path,
    [NODE_CALL] = check_call,
    [NODE_COLLECTION] = check_collection,
    [NODE_NEGATE] = check_negate,
    [NODE_SUM] = check_arithmetic,
    [NODE_PRODUCT] = check_arithmetic,
    [NODE_COMPARE] = check_compare,
    [NODE_IN] = check_in,
    [NODE_CONTAINS] = check_contains,
    [NODE_MISSING] = check_missing,
    [NODE_NOT] = check_logic,
    [NODE_AND] = check_logic,
    [NODE_OR] = check_logic,
};

static void check(Checker *checker, Expr *expr)
{
    expr->constant = true;
    for (Expr *operand = expr->kind == NODE_COLLECTION ? NULL : expr->first; operand; operand = operand->next) {
        check(checker, operand);
        expr->constant &= operand->constant;
    }
    checks[expr->kind](checker, expr);
}

/* ---- what a filter may nest ---- */

static int nesting(const Expr *expr)
{
    int deepest = 0;
    for (const Expr *operand = expr->first; operand; operand = operand->next) {
        int below = nesting(operand);
        deepest = below > deepest ? below : deepest;
    }
    if (expr->kind == NODE_PATH)
        return (int)(expr->step_count - 1) * NESTING_REFERENCE;
    if (expr->kind == NODE_COLLECTION)
        return deepest + NESTING_COLLECTION + (expr->referred ? NESTING_REFERENCE : 0);
    return expr->count && !expr->constant ? deepest + NESTING_LOGIC : deepest;
}

static void check_nesting(Checker *checker, const Expr *expr)
{
    if (nesting(expr) <= FILTER_NESTING_MAX)
        return;
    int levels = FILTER_NESTING_MAX / NESTING_LOGIC;
    checker->err = err_make(ECODE_EXPR_LIMIT, "a filter nests at most %d levels", levels);
    PROBLEM(checker->problems, ECODE_EXPR_LIMIT, STR_NONE, checker->source);
}

Err expr_check(Arena *arena, Expr *expr, const ExprScope *scope, const void *type, ValueKind wanted, bool filter,
               Problems *problems)
{
    Checker checker = {
        .arena = arena, .scope = scope, .type = type, .filter = filter, .source = expr->source, .problems = problems
    };
    check(&checker, expr);
    if (wanted != VALUE_KIND_COUNT)
        require(&checker, expr, wanted);
    if (filter && !checker.err.kind)
        check_nesting(&checker, expr);
    expr->condition = wanted == VALUE_BOOLEAN;
    return checker.err;
}

ExprType expr_type(const Expr *expr) { return expr->type; }

/* ---- what it reads ---- */

void expr_fields(const Expr *expr, void (*visit)(void *context, const void *type, const void *field), void *context)
{
    if (expr->kind == NODE_PATH)
        for (size_t i = 0; i < expr->step_count; i++)
            visit(context, expr->steps[i].type, expr->steps[i].field);
    if (expr->kind == NODE_COLLECTION) {
        if (expr->referred)
            visit(context, expr->steps[0].type, expr->steps[0].field);
        visit(context, expr->child.type, expr->child.link);
        if (expr->has_field)
            visit(context, expr->steps[1].type, expr->steps[1].field);
    }
    if (expr->each)
        expr_fields(expr->each, visit, context);
    for (const Expr *operand = expr->first; operand; operand = operand->next)
        expr_fields(operand, visit, context);
}

void expr_parameters(const Expr *expr, void (*visit)(void *context, Str code), void *context)
{
    if (expr->kind == NODE_CALL && expr->function == FUNCTION_PARAM)
        visit(context, expr->first->value.text);
    if (expr->each)
        expr_parameters(expr->each, visit, context);
    for (const Expr *operand = expr->first; operand; operand = operand->next)
        expr_parameters(operand, visit, context);
}
