/* The value of an expression over a record. Inside, a function returns false when the caller's env or the arithmetic
 * failed and leaves the reason in Eval: an Err is large, and this is the hot path of every guard. */
#include "engines/expression/expression_internal.h"

#include "base/date.h"
#include "base/utf8.h"

static bool fail(Eval *eval, Err err)
{
    eval->err = err;
    return false;
}

/* A result out of range: an error, save in a thorough walk, which only wants to see every part. */
static bool overflow(Eval *eval, const Expr *expr, Value *out)
{
    *out = VALUE_NONE;
    return eval->thorough ||
           fail(eval, err_make(ECODE_EXPR_OVERFLOW, "%.*s", STR_FMT(utf8_clip(expr->source, CONTEXT_POINTS))));
}

/* ---- leaves ---- */

static bool eval_literal(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    (void)eval;
    (void)row;
    *out = expr->value;
    return true;
}

static bool follow(Eval *eval, const PathStep *step, ExprRow *row)
{
    bool hidden = false;
    if (!row->row)
        return true;
    Err err = eval->env->follow(eval->env->context, *row, step->field, row, &hidden);
    eval->hidden |= hidden;
    return err.kind ? fail(eval, err) : true;
}

static bool read_field(Eval *eval, const PathStep *step, ExprRow row, Value *out)
{
    bool hidden = false;
    *out = VALUE_NONE;
    if (!row.row)
        return true;
    Err err = eval->env->get(eval->env->context, row, step->field, out, &hidden);
    eval->hidden |= hidden;
    return err.kind ? fail(eval, err) : true;
}

static bool eval_path(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    size_t last = expr->step_count - 1;
    for (size_t i = 0; i < last; i++)
        if (!follow(eval, &expr->steps[i], &row))
            return false;
    return read_field(eval, &expr->steps[last], row, out);
}

/* ---- arithmetic ---- */

static bool add(Value left, Value right, bool minus, Value *out)
{
    if (left.kind != VALUE_DECIMAL && right.kind == VALUE_INTEGER) { /* integers, and days on a date */
        *out = left;
        bool over = minus ? __builtin_sub_overflow(left.number, right.number, &out->number)
                          : __builtin_add_overflow(left.number, right.number, &out->number);
        return !over && (left.kind != VALUE_DATE || (out->number >= DATE_DAY_MIN && out->number <= DATE_DAY_MAX));
    }
    Decimal sum = { 0 };
    Decimal a = value_number(left), b = value_number(right);
    bool    fits = minus ? decimal_sub(a, b, &sum) : decimal_add(a, b, &sum);
    *out = value_decimal(sum);
    return fits;
}

static bool multiply(Value left, Value right, Value *out)
{
    if (left.kind == VALUE_INTEGER && right.kind == VALUE_INTEGER) {
        *out = left;
        return !__builtin_mul_overflow(left.number, right.number, &out->number);
    }
    Decimal product = { 0 };
    bool    fits = decimal_mul(value_number(left), value_number(right), &product);
    *out = value_decimal(product);
    return fits;
}

static bool divide(Value left, Value right, Value *out)
{
    Decimal by = value_number(right), quotient = { 0 };
    *out = VALUE_NONE;
    if (by.units == 0)
        return true;
    bool fits = decimal_div(value_number(left), by, division_scale(value_number(left).scale, by.scale), &quotient);
    *out = value_decimal(quotient);
    return fits;
}

static bool join(Value left, Operator sign, Value right, Value *out)
{
    switch (sign) {
    case OPERATOR_ADD:
    case OPERATOR_SUB: return add(left, right, sign == OPERATOR_SUB, out);
    case OPERATOR_MUL: return multiply(left, right, out);
    default: return divide(left, right, out);
    }
}

static bool eval_arithmetic(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    Value value, right;
    if (!eval_value(eval, expr->first, row, &value))
        return false;
    for (const Expr *operand = expr->first->next; operand; operand = operand->next) {
        if (!eval_value(eval, operand, row, &right))
            return false;
        if (value.kind == VALUE_MISSING || right.kind == VALUE_MISSING)
            value = VALUE_NONE;
        else if (!join(value, operand->join, right, &value) && !overflow(eval, expr, &value))
            return false;
    }
    *out = value;
    return true;
}

static bool eval_negate(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    if (!eval_value(eval, expr->first, row, out))
        return false;
    if (out->kind != VALUE_MISSING && __builtin_sub_overflow((int64_t)0, out->number, &out->number))
        return overflow(eval, expr, out);
    return true;
}

/* ---- functions ---- */

/* A number as the type of the whole call: coalesce(amount, 0) has the scale of amount whichever it gives. */
static bool fit(Eval *eval, const Expr *expr, Value *value)
{
    Decimal decimal;
    if (value->kind == VALUE_MISSING || expr->type.kind != VALUE_DECIMAL)
        return true;
    if (!decimal_rescale(value_number(*value), expr->type.scale, &decimal))
        return overflow(eval, expr, value);
    *value = value_decimal(decimal);
    return true;
}

static bool eval_coalesce(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    Value value;
    *out = VALUE_NONE;
    for (const Expr *argument = expr->first; argument; argument = argument->next) {
        if (!eval_value(eval, argument, row, &value))
            return false;
        if (out->kind == VALUE_MISSING)
            *out = value;
        if (out->kind != VALUE_MISSING && !eval->thorough)
            break;
    }
    return fit(eval, expr, out);
}

static bool eval_extreme(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    Operator better = expr->function == FUNCTION_MIN ? OPERATOR_LT : OPERATOR_GT;
    Value    best = VALUE_NONE, value;
    bool     missing = false;
    for (const Expr *argument = expr->first; argument; argument = argument->next) {
        if (!eval_value(eval, argument, row, &value))
            return false;
        missing |= value.kind == VALUE_MISSING;
        if (argument == expr->first || values_compare(better, value, best))
            best = value;
    }
    *out = missing ? VALUE_NONE : best;
    return fit(eval, expr, out);
}

static bool eval_param(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    const ExprEnv *env = eval->env;
    (void)row;
    *out = VALUE_NONE;
    if (!env->parameter)
        return true;
    Err err = env->parameter(env->context, eval->root, expr->first->value.text, out);
    return err.kind ? fail(eval, err) : true;
}

static bool value_today(Eval *eval, const Expr *expr, Value first, Value second, Value *out)
{
    (void)expr, (void)first, (void)second;
    *out = value_date(eval->env->today);
    return true;
}

/* From the first to the second; days of four-digit years cannot overflow. */
static bool value_days(Eval *eval, const Expr *expr, Value first, Value second, Value *out)
{
    bool worked = expr->function == FUNCTION_WORKDAYS;
    *out = value_int(worked ? workdays_between(eval->env->calendar, first.number, second.number)
                            : second.number - first.number);
    return true;
}

static bool value_abs(Eval *eval, const Expr *expr, Value first, Value second, Value *out)
{
    (void)second;
    *out = first;
    if (first.number < 0 && __builtin_sub_overflow((int64_t)0, first.number, &out->number))
        return overflow(eval, expr, out);
    return true;
}

static bool value_round(Eval *eval, const Expr *expr, Value first, Value second, Value *out)
{
    Decimal rounded;
    if (!decimal_round(value_number(first), (uint8_t)second.number, &rounded))
        return overflow(eval, expr, out);
    *out = value_decimal(rounded);
    return true;
}

static bool value_length(Eval *eval, const Expr *expr, Value first, Value second, Value *out)
{
    (void)eval, (void)expr, (void)second;
    int64_t items = 0;
    for (Str rest = first.text; first.kind == VALUE_LIST && rest.len; items++)
        value_list_next(&rest);
    *out = value_int(first.kind == VALUE_LIST ? items : (int64_t)utf8_length(first.text));
    return true;
}

__extension__ typedef __int128 Wide;

/* The lower limit of Wilson's 95 % interval for k of n, in ten-thousandths, rounded down. A share p lies outside the
 * interval when (k - n p)^2 >= z^2 n p (1 - p), with z^2 = 3.841459, the 0.95 quantile of chi-square with one degree of
 * freedom: asked of whole numbers, and halved to the last p below k/n of which it holds, it needs no square root.
 * E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927) 209-212. */
static int64_t wilson_low(int64_t k, int64_t n)
{
    const Wide z2 = 3841459, million = 1000000, whole = 10000;
    int64_t    low = 0, high = (int64_t)whole + 1; /* it holds of low, and not of high */
    while (high - low > 1) {
        int64_t at = low + (high - low) / 2;
        Wide    short_of = k * whole - (Wide)n * at;
        bool    outside = short_of >= 0 && short_of * short_of * million >= z2 * n * at * (whole - at);
        low = outside ? at : low;
        high = outside ? high : at;
    }
    return low;
}

/* Of no trials, or of more successes than trials, there is no share. The upper limit is what failures leave. */
static bool value_wilson(Eval *eval, const Expr *expr, Value first, Value second, Value *out)
{
    int64_t k = first.number, n = second.number;
    bool    upper = expr->function == FUNCTION_WILSON_HIGH;
    if (n > WILSON_TRIALS_MAX)
        return overflow(eval, expr, out);
    if (k >= 0 && n > 0 && k <= n)
        *out = value_decimal((Decimal){ upper ? 10000 - wilson_low(n - k, n) : wilson_low(k, n), WILSON_SCALE });
    return true;
}

/* Who has no organisation, or is not signed in, is nobody. */
static bool value_party(Eval *eval, const Expr *expr, Value first, Value second, Value *out)
{
    (void)first, (void)second;
    Str id = expr->function == FUNCTION_ACTOR ? eval->env->actor : eval->env->organisation;
    *out = id.len ? value_id(id) : VALUE_NONE;
    return true;
}

/* Of at most two arguments; a missing one makes the whole missing. The others have their own way with arguments. */
static bool (*const function_values[FUNCTION_COUNT])(Eval *eval, const Expr *expr, Value first, Value second,
                                                     Value *out) = {
    [FUNCTION_TODAY] = value_today,       [FUNCTION_DAYS] = value_days,
    [FUNCTION_WORKDAYS] = value_days,     [FUNCTION_ABS] = value_abs,
    [FUNCTION_ROUND] = value_round,       [FUNCTION_LENGTH] = value_length,
    [FUNCTION_ACTOR] = value_party,       [FUNCTION_ORGANISATION] = value_party,
    [FUNCTION_WILSON_LOW] = value_wilson, [FUNCTION_WILSON_HIGH] = value_wilson,
};

static bool eval_call(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    Value values[2] = { VALUE_NONE, VALUE_NONE };
    bool  missing = false;
    switch (expr->function) {
    case FUNCTION_PARAM: return eval_param(eval, expr, row, out);
    case FUNCTION_COALESCE: return eval_coalesce(eval, expr, row, out);
    case FUNCTION_MIN:
    case FUNCTION_MAX: return eval_extreme(eval, expr, row, out);
    default: break;
    }
    for (size_t i = 0; i < expr->count; i++) {
        if (!eval_value(eval, i ? expr->last : expr->first, row, &values[i]))
            return false;
        missing |= values[i].kind == VALUE_MISSING;
    }
    *out = VALUE_NONE;
    return missing || function_values[expr->function](eval, expr, values[0], values[1], out);
}

/* ---- collections ---- */

bool eval_children(Eval *eval, const Expr *collection, ExprRow row, ExprRow **out, size_t *count)
{
    bool hidden = false;
    *out = NULL;
    *count = 0;
    if (collection->referred && !follow(eval, &collection->steps[0], &row))
        return false;
    if (!row.row)
        return true;
    Err err = eval->env->children(eval->env->context, row, &collection->child, out, count, &hidden);
    eval->hidden |= hidden;
    eval->visits += *count;
    return err.kind ? fail(eval, err) : true;
}

bool eval_member(Eval *eval, const Expr *collection, ExprRow child, bool *out)
{
    bool truth = true;
    *out = true;
    if (collection->has_field && collection->collection <= COLLECTION_ALL) {
        Value flag;
        if (!read_field(eval, &collection->steps[1], child, &flag))
            return false;
        *out = flag.kind == VALUE_BOOLEAN && flag.number;
    }
    if (collection->first && (*out || eval->thorough)) {
        if (!eval_truth(eval, collection->first, child, &truth))
            return false;
        *out &= truth;
    }
    return true;
}

typedef struct Tally {
    int64_t members;
    Value   value; /* sum, least or greatest so far */
} Tally;

/* What the collection takes of a child. */
static bool taken(Eval *eval, const Expr *expr, ExprRow child, Value *out)
{
    return expr->each ? eval_value(eval, expr->each, child, out) : read_field(eval, &expr->steps[1], child, out);
}

static bool tally_field(Eval *eval, const Expr *expr, ExprRow child, Tally *tally)
{
    Value value;
    if (!taken(eval, expr, child, &value))
        return false;
    if (value.kind == VALUE_MISSING)
        return true;
    if (expr->collection == COLLECTION_SUM)
        return tally->value.kind == VALUE_MISSING || add(tally->value, value, false, &tally->value) ||
               overflow(eval, expr, &tally->value);
    Operator better = expr->collection == COLLECTION_MIN ? OPERATOR_LT : OPERATOR_GT;
    if (tally->value.kind == VALUE_MISSING || values_compare(better, value, tally->value))
        tally->value = value;
    return true;
}

static bool eval_collection(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    ExprRow *children;
    size_t   count;
    Tally    tally = { 0, VALUE_NONE };
    if (!eval_children(eval, expr, row, &children, &count))
        return false;
    if (expr->collection == COLLECTION_SUM)
        tally.value = expr->type.kind == VALUE_INTEGER ? value_int(0) : value_decimal((Decimal){ 0, expr->type.scale });
    for (size_t i = 0; i < count; i++) {
        bool member;
        if (!eval_member(eval, expr, children[i], &member))
            return false;
        tally.members += member;
        if (member && expr->collection >= COLLECTION_SUM && !tally_field(eval, expr, children[i], &tally))
            return false;
        bool decided = (expr->collection == COLLECTION_ANY && member) ||
                       (expr->collection == COLLECTION_ALL && !member);
        if (decided && !eval->thorough)
            break;
    }
    switch (expr->collection) {
    case COLLECTION_COUNT: *out = value_int(tally.members); return true;
    case COLLECTION_ANY: *out = value_bool(tally.members > 0); return true;
    case COLLECTION_ALL: *out = value_bool((size_t)tally.members == count); return true;
    default: *out = tally.value; return true;
    }
}

/* ---- conditions ---- */

bool values_compare(Operator sign, Value left, Value right)
{
    if (left.kind == VALUE_MISSING || right.kind == VALUE_MISSING)
        return sign == OPERATOR_NE;
    int order;
    if (left.kind == VALUE_TEXT || left.kind == VALUE_ID)
        order = str_cmp(left.text, right.text);
    else if (left.kind == VALUE_DECIMAL || right.kind == VALUE_DECIMAL)
        order = decimal_cmp(value_number(left), value_number(right));
    else
        order = (left.number > right.number) - (left.number < right.number);
    switch (sign) {
    case OPERATOR_EQ: return order == 0;
    case OPERATOR_NE: return order != 0;
    case OPERATOR_LT: return order < 0;
    case OPERATOR_LE: return order <= 0;
    case OPERATOR_GT: return order > 0;
    default: return order >= 0;
    }
}

static bool eval_compare(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    Value left, right;
    if (!eval_value(eval, expr->first, row, &left) || !eval_value(eval, expr->last, row, &right))
        return false;
    *out = value_bool(values_compare(expr->sign, left, right));
    return true;
}

static bool eval_in(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    Value value, item;
    bool  found = false;
    if (!eval_value(eval, expr->first, row, &value))
        return false;
    for (const Expr *operand = expr->first->next; operand && (!found || eval->thorough); operand = operand->next) {
        if (!eval_value(eval, operand, row, &item))
            return false;
        found |= values_compare(OPERATOR_EQ, value, item);
    }
    *out = value_bool(found != expr->negated);
    return true;
}

static bool eval_contains(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    Value whole, part;
    if (!eval_value(eval, expr->first, row, &whole) || !eval_value(eval, expr->last, row, &part))
        return false;
    bool found = whole.kind != VALUE_MISSING && part.kind != VALUE_MISSING;
    if (whole.kind == VALUE_LIST)
        found = found && value_list_holds(whole, part.text);
    else
        found = found && (part.text.len == 0 || str_find(whole.text, part.text) < whole.text.len);
    *out = value_bool(found);
    return true;
}

static bool eval_missing(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    if (!eval_value(eval, expr->first, row, out))
        return false;
    *out = value_bool((out->kind == VALUE_MISSING) != expr->negated);
    return true;
}

static bool eval_not(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    bool truth;
    if (!eval_truth(eval, expr->first, row, &truth))
        return false;
    *out = value_bool(!truth);
    return true;
}

static bool eval_logic(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    bool decides = expr->kind == NODE_OR; /* the operand that settles the whole */
    bool result = !decides;
    for (const Expr *operand = expr->first; operand && (result != decides || eval->thorough); operand = operand->next) {
        bool truth;
        if (!eval_truth(eval, operand, row, &truth))
            return false;
        if (truth == decides)
            result = decides;
    }
    *out = value_bool(result);
    return true;
}

static bool (*const evals[NODE_KIND_COUNT])(Eval *eval, const Expr *expr, ExprRow row, Value *out) = {
    [NODE_LITERAL] = eval_literal,
    [NODE_PATH] = eval_path,
    [NODE_CALL] = eval_call,
    [NODE_COLLECTION] = eval_collection,
    [NODE_NEGATE] = eval_negate,
    [NODE_SUM] = eval_arithmetic,
    [NODE_PRODUCT] = eval_arithmetic,
    [NODE_COMPARE] = eval_compare,
    [NODE_IN] = eval_in,
    [NODE_CONTAINS] = eval_contains,
    [NODE_MISSING] = eval_missing,
    [NODE_NOT] = eval_not,
    [NODE_AND] = eval_logic,
    [NODE_OR] = eval_logic,
};

bool eval_value(Eval *eval, const Expr *expr, ExprRow row, Value *out)
{
    if (++eval->visits > EVAL_VISITS_MAX)
        return fail(eval, err_make(ECODE_EXPR_LIMIT, "more than %d steps of evaluation", EVAL_VISITS_MAX));
    return evals[expr->kind](eval, expr, row, out);
}

bool eval_truth(Eval *eval, const Expr *expr, ExprRow row, bool *out)
{
    Value value;
    if (!eval_value(eval, expr, row, &value))
        return false;
    *out = value.kind == VALUE_BOOLEAN && value.number;
    return true;
}

Err expr_eval(Arena *arena, const Expr *expr, const ExprEnv *env, ExprRow row, Value *out)
{
    Eval  eval;
    Value value;
    (void)arena; /* no part of a value needs memory of its own; the rows are the caller's */
    eval.env = env;
    eval.root = row;
    eval.thorough = eval.hidden = false;
    eval.visits = 0;
    if (!eval_value(&eval, expr, row, &value))
        return eval.err;
    *out = expr->condition ? value_bool(value.kind == VALUE_BOOLEAN && value.number) : value;
    return ERR_OK;
}
