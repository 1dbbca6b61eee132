/* The clauses of a guard in words: what it asks, and what was found. Patterns with "{name}" marks, one for each
 * language, are filled with the labels of the scope; no sentence is glued together from words of one language only.
 *
 * A clause is walked three times: thoroughly, to learn whether any part of it is hidden (then nothing is said about
 * it); as expr_eval walks it, for its truth; and for its words. */
#include "engines/expression/expression_internal.h"

#include "base/date.h"
#include "base/utf8.h"

enum { CHILDREN_SHOWN_MAX = 3, ITEMS_SHOWN_MAX = 8, VALUE_POINTS_MAX = 60 };

typedef struct Explain {
    Arena           *arena;
    const ExprScope *scope;
    Eval             eval;
} Explain;

typedef struct TextList {
    Text  *items;
    size_t count, capacity;
} TextList;

/* ---- text in two languages ---- */

static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static bool is_ascii_word(char c) { return is_upper(c) || is_lower(c) || (c >= '0' && c <= '9'); }

static Text fill(const Explain *x, Text pattern, Text a, Text b)
{
    const ErrArg args[] = { ARG_TEXT("a", a), ARG_TEXT("b", b) };
    Text         out;
    for (Lang lang = 0; lang < LANG_COUNT; lang++)
        out.in[lang] = text_fill(x->arena, pattern.in[lang], args, 2, lang);
    return out;
}

static Text fill_one(const Explain *x, Text pattern, Text a) { return fill(x, pattern, a, TEXT("", "")); }

static Text number_text(const Explain *x, int64_t number)
{
    return text_same(str_printf(x->arena, "%lld", (long long)number));
}

static bool text_eq(Text a, Text b)
{
    return str_eq(a.in[LANG_ZH], b.in[LANG_ZH]) && str_eq(a.in[LANG_EN], b.in[LANG_EN]);
}

/* Chinese keeps a space between its characters and a number or a Latin word: one where `text` has such an edge. */
static Text spaced(const Explain *x, Text text, bool before, bool after)
{
    Str  zh = text.in[LANG_ZH];
    bool starts = before && zh.len && is_ascii_word(zh.ptr[0]);
    bool ends = after && zh.len && is_ascii_word(zh.ptr[zh.len - 1]);
    if (starts || ends)
        text.in[LANG_ZH] = str_printf(x->arena, "%s%.*s%s", starts ? " " : "", STR_FMT(zh), ends ? " " : "");
    return text;
}

/* What is already in the list is not said twice. */
static void list_add(const Explain *x, TextList *list, Text text)
{
    for (size_t i = 0; i < list->count; i++)
        if (text_eq(list->items[i], text))
            return;
    ARENA_ROOM(x->arena, list->items, list->count, list->capacity);
    list->items[list->count++] = text;
}

static Text list_join(const Explain *x, const TextList *list, Text separator)
{
    Text out;
    for (Lang lang = 0; lang < LANG_COUNT; lang++) {
        Str *parts = ARENA_ARRAY(x->arena, Str, list->count);
        for (size_t i = 0; i < list->count; i++)
            parts[i] = list->items[i].in[lang];
        out.in[lang] = str_join(x->arena, parts, list->count, separator.in[lang]);
    }
    return out;
}

/* ---- labels and values ---- */

/* "Assessed level" inside a sentence is "assessed level"; "TRL" stays. */
static Text inside_sentence(const Explain *x, Text label)
{
    Str en = label.in[LANG_EN];
    if (en.len > 1 && is_upper(en.ptr[0]) && is_lower(en.ptr[1]))
        label.in[LANG_EN] = str_printf(x->arena, "%c%.*s", en.ptr[0] - 'A' + 'a', STR_FMT(str_slice(en, 1, en.len)));
    return label;
}

static Text step_label(const Explain *x, const PathStep *step)
{
    return inside_sentence(x, x->scope->field_label(x->scope->context, step->type, step->field));
}

/* "Registered by": what belongs to it stands before it. */
static bool hangs(Str label)
{
    static const Str ends[] = { STR_INIT(" by"), STR_INIT(" on"), STR_INIT(" from"), STR_INIT(" until"),
                                STR_INIT(" to") };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_ends(label, ends[i]))
            return true;
    return false;
}

static Text path_label(const Explain *x, const Expr *path)
{
    Text label = step_label(x, &path->steps[0]);
    for (size_t i = 1; i < path->step_count; i++) {
        Text own = step_label(x, &path->steps[i]);
        label = fill(x, hangs(own.in[LANG_EN]) ? TEXT("{a}的{b}", "{a} {b}") : TEXT("{a}的{b}", "{b} of {a}"), label,
                     own);
    }
    return label;
}

static Text children_label(const Explain *x, const Expr *collection)
{
    Text label = inside_sentence(x, x->scope->child_label(x->scope->context, collection->child.type));
    if (!collection->referred)
        return label;
    return fill(x, TEXT("{a}的{b}", "{b} of {a}"), step_label(x, &collection->steps[0]), label);
}

/* One of them, in a sentence; several of them. */
static Text child_label(const Explain *x, const Expr *collection)
{
    Text label = children_label(x, collection);
    return collection->child.rows ? fill_one(x, TEXT("{a}", "row of {a}"), label) : label;
}
static Text many_label(const Explain *x, const Expr *collection)
{
    Text label = children_label(x, collection);
    return collection->child.rows ? label : fill_one(x, TEXT("{a}", "{a} records"), label);
}

static Str clipped(const Explain *x, Str text)
{
    Str head = utf8_clip(text, VALUE_POINTS_MAX);
    return head.len == text.len ? text : str_printf(x->arena, "%.*s…", STR_FMT(head));
}

static Text quoted(const Explain *x, Text text)
{
    Text out;
    for (Lang lang = 0; lang < LANG_COUNT; lang++)
        out.in[lang] = str_printf(x->arena, "“%.*s”", STR_FMT(clipped(x, text.in[lang])));
    return out;
}

/* A code, an id or a text as the field calls it; step NULL when it belongs to no field. */
static Text quoted_label(const Explain *x, Value value, const PathStep *step)
{
    const ExprEnv *env = x->eval.env;
    Str            called = value.kind == VALUE_ID && step && env->called
                                ? env->called(env->context, step->field_type.target, value.text)
                                : STR_NONE;
    if (called.len)
        return quoted(x, text_same(called));
    return quoted(x, step ? x->scope->value_label(x->scope->context, step->type, step->field, value)
                          : text_same(value.text));
}

/* The first few items of a list, and how many there are when these are not all. */
static Text list_words(const Explain *x, Value list, const PathStep *step)
{
    bool     ids = step && list_item_kind(step->field_type) == VALUE_ID;
    int64_t  count = 0;
    TextList items = { 0 };
    for (Str rest = list.text; rest.len; count++) {
        Str item = value_list_next(&rest);
        if (count < ITEMS_SHOWN_MAX)
            list_add(x, &items, quoted_label(x, ids ? value_id(item) : value_text(item), step));
    }
    Text out = list_join(x, &items, TEXT("、", ", "));
    return count <= ITEMS_SHOWN_MAX ? out
                                    : fill(x, TEXT("{a}等 {b} 项", "{a} … ({b} in all)"), out, number_text(x, count));
}

/* A value as the field calls it; step NULL when it belongs to no field. */
static Text value_words(const Explain *x, Value value, const PathStep *step)
{
    if (value.kind == VALUE_MISSING)
        return TEXT("未填写", "missing");
    if (value.kind == VALUE_BOOLEAN)
        return value.number ? TEXT("“是”", "“yes”") : TEXT("“否”", "“no”");
    if (value.kind == VALUE_LIST)
        return list_words(x, value, step);
    if (value.kind == VALUE_ROWS || value.kind == VALUE_FILES)
        return TEXT("已填写", "filled in");
    if (value.kind == VALUE_TEXT || value.kind == VALUE_ID)
        return quoted_label(x, value, step);
    return text_same(value_plain(x->arena, value));
}

static const PathStep *last_step(const Expr *path)
{
    return path->kind == NODE_PATH ? &path->steps[path->step_count - 1] : NULL;
}

/* ---- operands ---- */

static Text rule(const Explain *x, const Expr *expr, bool negated);
static Text phrase(const Explain *x, const Expr *expr, const Expr *beside);

static Text bracketed(const Explain *x, Text text) { return fill_one(x, TEXT("（{a}）", "({a})"), text); }

static Text arguments(const Explain *x, const Expr *call)
{
    TextList list = { 0 };
    for (const Expr *argument = call->first; argument; argument = argument->next)
        list_add(x, &list, phrase(x, argument, call->first));
    return spaced(x, list_join(x, &list, TEXT("、", ", ")), false, true);
}

static Text param_label(const Explain *x, const Expr *call)
{
    return inside_sentence(x, x->scope->parameter_label(x->scope->context, call->first->value.text));
}

static Text call_phrase(const Explain *x, const Expr *call)
{
    static const Text patterns[FUNCTION_COUNT] = {
        [FUNCTION_TODAY] = TEXT_INIT("今天", "today"),
        [FUNCTION_DAYS] = TEXT_INIT("从{a}到{b}的天数", "the number of days from {a} to {b}"),
        [FUNCTION_WORKDAYS] = TEXT_INIT("从{a}到{b}的工作日数", "the number of working days from {a} to {b}"),
        [FUNCTION_COALESCE] = TEXT_INIT("{a}中第一个已填写的", "the first of {a} that is filled in"),
        [FUNCTION_MIN] = TEXT_INIT("{a}中最小的", "the least of {a}"),
        [FUNCTION_MAX] = TEXT_INIT("{a}中最大的", "the greatest of {a}"),
        [FUNCTION_ABS] = TEXT_INIT("{a}的绝对值", "the absolute value of {a}"),
        [FUNCTION_ROUND] = TEXT_INIT("{a}（保留 {b} 位小数）", "{a} (rounded, {b} after the point)"),
        [FUNCTION_LENGTH] = TEXT_INIT("{a}的字数", "the length of {a}"),
        [FUNCTION_WILSON_LOW] = TEXT_INIT("{a}占{b}的 95% 置信下限", "the lower 95 % limit of {a} in {b}"),
        [FUNCTION_WILSON_HIGH] = TEXT_INIT("{a}占{b}的 95% 置信上限", "the upper 95 % limit of {a} in {b}"),
        [FUNCTION_ACTOR] = TEXT_INIT("办理人", "the person acting"),
        [FUNCTION_ORGANISATION] = TEXT_INIT("办理单位", "the organisation acting"),
    };
    if (call->function == FUNCTION_PARAM)
        return param_label(x, call);
    Text none = TEXT("", "");
    bool list = call->function == FUNCTION_COALESCE || call->function == FUNCTION_MIN || call->function == FUNCTION_MAX;
    Text first = call->count == 0 ? none : list ? arguments(x, call) : phrase(x, call->first, NULL);
    Text second = call->count == 2 && !list ? phrase(x, call->last, NULL) : none;
    if (call->function == FUNCTION_LENGTH && call->first->type.kind == VALUE_LIST)
        return fill_one(x, TEXT("{a}的项数", "the number of items in {a}"), first);
    return fill(x, patterns[call->function], first, second);
}

/* What a member of the collection fulfils, {flag} and {where}; false when any child is one. */
static bool member_rule(const Explain *x, const Expr *collection, Text *out)
{
    bool flagged = collection->has_field && collection->collection <= COLLECTION_ALL;
    if (flagged)
        *out = fill_one(x, TEXT("{a}为“是”", "{a} is “yes”"), step_label(x, &collection->steps[1]));
    if (collection->first) {
        Text where = rule(x, collection->first, false);
        if (flagged && collection->first->kind == NODE_OR)
            where = bracketed(x, where);
        *out = flagged ? fill(x, TEXT("{a}且{b}", "{a} and {b}"), *out, where) : where;
    }
    return flagged || collection->first;
}

static Text collection_phrase(const Explain *x, const Expr *collection)
{
    static const Text patterns[COLLECTION_KIND_COUNT] = {
        [COLLECTION_COUNT] = TEXT_INIT("{a}的条数", "the number of {a}"),
        [COLLECTION_SUM] = TEXT_INIT("{a}的{b}合计", "the sum of {b} over {a}"),
        [COLLECTION_MIN] = TEXT_INIT("{a}的最小{b}", "the least {b} of {a}"),
        [COLLECTION_MAX] = TEXT_INIT("{a}的最大{b}", "the greatest {b} of {a}"),
    };
    Text where, field = collection->each        ? phrase(x, collection->each, NULL)
                        : collection->has_field ? step_label(x, &collection->steps[1])
                                                : TEXT("", "");
    Text out = fill(x, patterns[collection->collection], many_label(x, collection), field);
    if (member_rule(x, collection, &where))
        out = fill(x, TEXT("{a}（限{b}）", "{a} where {b}"), out, where);
    return out;
}

static Text chain_phrase(const Explain *x, const Expr *chain)
{
    static const Text patterns[OPERATOR_COUNT] = {
        [OPERATOR_ADD] = TEXT_INIT("{a} + {b}", "{a} + {b}"),
        [OPERATOR_SUB] = TEXT_INIT("{a} − {b}", "{a} − {b}"),
        [OPERATOR_MUL] = TEXT_INIT("{a} × {b}", "{a} × {b}"),
        [OPERATOR_DIV] = TEXT_INIT("{a} ÷ {b}", "{a} ÷ {b}"),
    };
    Text out = phrase(x, chain->first, NULL);
    for (const Expr *operand = chain->first->next; operand; operand = operand->next)
        out = fill(x, patterns[operand->join], out, phrase(x, operand, NULL));
    return chain->bracketed ? bracketed(x, out) : out;
}

/* A value in words. beside: what it is compared with; a literal is called by its label there. */
static Text phrase(const Explain *x, const Expr *expr, const Expr *beside)
{
    Value value;
    switch (expr->kind) {
    case NODE_LITERAL:
        value = expr->value;
        if (expr->type.kind == VALUE_ID)
            value.kind = VALUE_ID;
        return value_words(x, value, beside ? last_step(beside) : NULL);
    case NODE_PATH: return path_label(x, expr);
    case NODE_CALL: return call_phrase(x, expr);
    case NODE_NEGATE: return fill_one(x, TEXT("−{a}", "−{a}"), phrase(x, expr->first, NULL));
    case NODE_SUM:
    case NODE_PRODUCT: return chain_phrase(x, expr);
    case NODE_COLLECTION:
        if (expr->collection != COLLECTION_ANY && expr->collection != COLLECTION_ALL)
            return collection_phrase(x, expr);
        break;
    default: break;
    }
    return bracketed(x, rule(x, expr, false));
}

/* ---- conditions ---- */

typedef enum Manner { MANNER_SAME, MANNER_NUMBER, MANNER_TIME, MANNER_TEXT, MANNER_COUNT } Manner;

static const Text comparisons[MANNER_COUNT][OPERATOR_COUNT] = {
    [MANNER_SAME] = {
        [OPERATOR_EQ] = TEXT_INIT("{a}为{b}", "{a} is {b}"),
        [OPERATOR_NE] = TEXT_INIT("{a}不是{b}", "{a} is not {b}"),
    },
    [MANNER_NUMBER] = {
        [OPERATOR_EQ] = TEXT_INIT("{a}等于{b}", "{a} is {b}"),
        [OPERATOR_NE] = TEXT_INIT("{a}不等于{b}", "{a} is not {b}"),
        [OPERATOR_LT] = TEXT_INIT("{a}低于{b}", "{a} is below {b}"),
        [OPERATOR_LE] = TEXT_INIT("{a}不高于{b}", "{a} is at most {b}"),
        [OPERATOR_GT] = TEXT_INIT("{a}高于{b}", "{a} is above {b}"),
        [OPERATOR_GE] = TEXT_INIT("{a}不低于{b}", "{a} is at least {b}"),
    },
    [MANNER_TIME] = {
        [OPERATOR_EQ] = TEXT_INIT("{a}为{b}", "{a} is {b}"),
        [OPERATOR_NE] = TEXT_INIT("{a}不是{b}", "{a} is not {b}"),
        [OPERATOR_LT] = TEXT_INIT("{a}早于{b}", "{a} is before {b}"),
        [OPERATOR_LE] = TEXT_INIT("{a}不晚于{b}", "{a} is no later than {b}"),
        [OPERATOR_GT] = TEXT_INIT("{a}晚于{b}", "{a} is after {b}"),
        [OPERATOR_GE] = TEXT_INIT("{a}不早于{b}", "{a} is no earlier than {b}"),
    },
    [MANNER_TEXT] = {
        [OPERATOR_EQ] = TEXT_INIT("{a}为{b}", "{a} is {b}"),
        [OPERATOR_NE] = TEXT_INIT("{a}不是{b}", "{a} is not {b}"),
        [OPERATOR_LT] = TEXT_INIT("{a}排在{b}之前", "{a} sorts before {b}"),
        [OPERATOR_LE] = TEXT_INIT("{a}不排在{b}之后", "{a} does not sort after {b}"),
        [OPERATOR_GT] = TEXT_INIT("{a}排在{b}之后", "{a} sorts after {b}"),
        [OPERATOR_GE] = TEXT_INIT("{a}不排在{b}之前", "{a} does not sort before {b}"),
    },
};

static Manner manner_of(ValueKind kind)
{
    if (kind_is_number(kind))
        return MANNER_NUMBER;
    if (kind == VALUE_DATE || kind == VALUE_INSTANT)
        return MANNER_TIME;
    return kind == VALUE_TEXT ? MANNER_TEXT : MANNER_SAME;
}

static Text denied(const Explain *x, Text text)
{
    return fill_one(x, TEXT("并非：{a}", "it is not so that {a}"), text);
}

static Text compare_rule(const Explain *x, const Expr *expr, bool negated)
{
    Operator sign = expr->sign;
    bool     equality = sign == OPERATOR_EQ || sign == OPERATOR_NE;
    if (negated && equality) /* each is the other's opposite, also of a missing value; `<` and `>=` are not */
        sign = sign == OPERATOR_EQ ? OPERATOR_NE : OPERATOR_EQ;
    Text left = spaced(x, phrase(x, expr->first, expr->last), false, true);
    Text right = spaced(x, phrase(x, expr->last, expr->first), true, false);
    Text text = fill(x, comparisons[manner_of(expr->first->type.kind)][sign], left, right);
    return negated && !equality ? denied(x, text) : text;
}

static Text in_rule(const Explain *x, const Expr *expr, bool negated)
{
    TextList items = { 0 };
    for (const Expr *item = expr->first->next; item; item = item->next)
        list_add(x, &items, phrase(x, item, expr->first));
    Text pattern = negated != expr->negated ? TEXT("{a}不是{b}之一", "{a} is none of {b}")
                                            : TEXT("{a}为{b}之一", "{a} is one of {b}");
    Text left = spaced(x, phrase(x, expr->first, expr->first->next), false, true);
    return fill(x, pattern, left, spaced(x, list_join(x, &items, TEXT("、", ", ")), true, true));
}

static Text contains_rule(const Explain *x, const Expr *expr, bool negated)
{
    static const Text patterns[2][2] = {
        /* of a list, negated */
        { TEXT_INIT("{a}包含{b}", "{a} contains {b}"), TEXT_INIT("{a}不含{b}", "{a} does not contain {b}") },
        { TEXT_INIT("{a}中有{b}", "{b} is among {a}"), TEXT_INIT("{a}中没有{b}", "{b} is not among {a}") },
    };
    bool list = expr->first->type.kind == VALUE_LIST;
    Text left = spaced(x, phrase(x, expr->first, NULL), false, true);
    Text right = spaced(x, phrase(x, expr->last, list ? expr->first : NULL), true, false);
    return fill(x, patterns[list][negated], left, right);
}

static Text collection_rule(const Explain *x, const Expr *expr, bool negated)
{
    static const Text patterns[2][2][2] = {
        /* all, negated, with a condition */
        {
            { TEXT_INIT("至少有一条{a}", "there is at least one {a}"),
              TEXT_INIT("至少有一条{a}：{b}", "there is at least one {a} where {b}") },
            { TEXT_INIT("没有任何{a}", "there is no {a}"), TEXT_INIT("没有任何{a}：{b}", "there is no {a} where {b}") },
        },
        {
            { TEXT_INIT("每条{a}都可", "any {a} will do"), TEXT_INIT("每条{a}都满足：{b}", "for every {a}, {b}") },
            { TEXT_INIT("不可能满足", "this cannot be met"),
              TEXT_INIT("并非每条{a}都满足：{b}", "not for every {a} it holds that {b}") },
        },
    };
    Text where = TEXT("", "");
    bool limited = member_rule(x, expr, &where);
    return fill(x, patterns[expr->collection == COLLECTION_ALL][negated][limited], child_label(x, expr), where);
}

static Text logic_rule(const Explain *x, const Expr *expr, bool negated)
{
    TextList parts = { 0 };
    for (const Expr *operand = expr->first; operand; operand = operand->next) {
        Text part = rule(x, operand, false);
        bool other = operand->kind == NODE_AND || operand->kind == NODE_OR;
        part = other ? bracketed(x, part) : part;
        list_add(x, &parts, spaced(x, part, operand != expr->first, operand->next));
    }
    Text text = list_join(x, &parts, expr->kind == NODE_AND ? TEXT("且", " and ") : TEXT("或", " or "));
    return negated ? denied(x, bracketed(x, text)) : text;
}

static Text rule(const Explain *x, const Expr *expr, bool negated)
{
    switch (expr->kind) {
    case NODE_AND:
    case NODE_OR: return logic_rule(x, expr, negated);
    case NODE_NOT: return rule(x, expr->first, !negated);
    case NODE_COMPARE: return compare_rule(x, expr, negated);
    case NODE_IN: return in_rule(x, expr, negated);
    case NODE_CONTAINS: return contains_rule(x, expr, negated);
    case NODE_MISSING:
        return fill_one(
            x, negated != expr->negated ? TEXT("{a}已填写", "{a} is filled in") : TEXT("{a}未填写", "{a} is missing"),
            spaced(x, phrase(x, expr->first, NULL), false, true));
    case NODE_COLLECTION: return collection_rule(x, expr, negated);
    case NODE_LITERAL:
        return (expr->value.number != 0) != negated ? TEXT("总是成立", "this always holds")
                                                    : TEXT("从不成立", "this never holds");
    default:
        return fill_one(x, negated ? TEXT("{a}不为“是”", "{a} is not “yes”") : TEXT("{a}为“是”", "{a} is “yes”"),
                        phrase(x, expr, NULL));
    }
}

/* ---- what was found ---- */

static bool add_found(Explain *x, const Expr *expr, ExprRow row, bool negated, bool inside, TextList *found);

static Text labelled(const Explain *x, Text label, Value value, const PathStep *step)
{
    bool apart = kind_is_number(value.kind) || value.kind == VALUE_DATE || value.kind == VALUE_INSTANT;
    return fill(x, apart ? TEXT("{a} {b}", "{a} {b}") : TEXT("{a}{b}", "{a} {b}"), label, value_words(x, value, step));
}

/* The values of one child that its collection looks at. */
static bool child_found(Explain *x, const Expr *collection, ExprRow child, size_t place, Text *out)
{
    TextList values = { 0 };
    if (collection->has_field) {
        const Expr field = { .kind = NODE_PATH, .steps = &collection->steps[1], .step_count = 1 };
        if (!add_found(x, &field, child, false, true, &values))
            return false;
    }
    if (collection->each && !add_found(x, collection->each, child, false, true, &values))
        return false;
    if (collection->first && !add_found(x, collection->first, child, false, true, &values))
        return false;
    *out = fill(x, TEXT("第 {a} 条：{b}", "{a}: {b}"), number_text(x, (int64_t)place + 1),
                list_join(x, &values, TEXT("、", ", ")));
    return true;
}

/* The first few children of one sort: those that belong to the collection, or those that do not. */
static bool children_found(Explain *x, const Expr *collection, const ExprRow *children, const bool *members,
                           size_t count, bool belonging, TextList *out)
{
    for (size_t i = 0; i < count && out->count < CHILDREN_SHOWN_MAX; i++) {
        Text text;
        if (members[i] != belonging)
            continue;
        if (!child_found(x, collection, children[i], i, &text))
            return false;
        list_add(x, out, text);
    }
    return true;
}

static Text tally_found(Explain *x, const Expr *collection, size_t count, size_t members)
{
    Text label = children_label(x, collection), total = number_text(x, (int64_t)count), met;
    if (!member_rule(x, collection, &met))
        return fill(x, TEXT("{a}共 {b} 条", "{a}: {b} in all"), label, total);
    total = fill(x, TEXT("{a}共 {b} 条", "{a}: {b} in all"), label, total);
    return fill(x, TEXT("{a}，符合 {b} 条", "{a}, {b} matching"), total, number_text(x, (int64_t)members));
}

/* negated: the clause asks that there be none, so the ones that belong are what the reader looks for. inside: a
 * collection in a child of another; its own children would be too much. */
static bool collection_found(Explain *x, const Expr *expr, ExprRow row, bool negated, bool inside, TextList *found)
{
    ExprRow *children;
    size_t   count, members = 0;
    if (!eval_children(&x->eval, expr, row, &children, &count))
        return false;
    bool *member = ARENA_ARRAY(x->arena, bool, count);
    for (size_t i = 0; i < count; i++) {
        if (!eval_member(&x->eval, expr, children[i], &member[i]))
            return false;
        members += member[i];
    }
    Text text = tally_found(x, expr, count, members);
    if (expr->collection >= COLLECTION_SUM) {
        Value value;
        if (!eval_value(&x->eval, expr, row, &value))
            return false;
        list_add(x, found, labelled(x, collection_phrase(x, expr), value, expr->each ? NULL : &expr->steps[1]));
    }
    TextList shown = { 0 };
    if (!inside && (expr->first || expr->has_field || expr->each)) {
        bool belonging = negated && expr->collection == COLLECTION_ANY;
        belonging |= members == count;
        if (!children_found(x, expr, children, member, count, belonging, &shown))
            return false;
    }
    if (shown.count)
        text = fill(x, TEXT("{a}（{b}）", "{a} ({b})"), text, list_join(x, &shown, TEXT("；", "; ")));
    list_add(x, found, text);
    return true;
}

/* Whether holidays not yet known may still change the number. */
static bool workdays_provisional(Explain *x, const Expr *call, ExprRow row, bool *out)
{
    Value from, to;
    if (!eval_value(&x->eval, call->first, row, &from) || !eval_value(&x->eval, call->last, row, &to))
        return false;
    *out = from.kind == VALUE_DATE && to.kind == VALUE_DATE &&
           !workdays_known(x->eval.env->calendar, from.number, to.number);
    return true;
}

static bool workdays_found(Explain *x, const Expr *call, ExprRow row, TextList *found)
{
    Value value;
    bool  provisional;
    if (!eval_value(&x->eval, call, row, &value) || !workdays_provisional(x, call, row, &provisional))
        return false;
    Text text = labelled(x, phrase(x, call, NULL), value, NULL);
    if (provisional)
        text = fill_one(x, TEXT("{a}（暂定，节假日尚未全部公布）", "{a} (provisional: not all holidays are known yet)"),
                        text);
    list_add(x, found, text);
    return true;
}

static bool leaf_found(Explain *x, const Expr *expr, ExprRow row, TextList *found)
{
    bool  param = expr->kind == NODE_CALL && expr->function == FUNCTION_PARAM;
    Value value;
    if (!eval_value(&x->eval, expr, row, &value))
        return false;
    Text label = phrase(x, expr, NULL);
    list_add(x, found,
             param && value.kind == VALUE_MISSING ? fill_one(x, TEXT("{a}尚无有效值", "{a} not in force"), label)
                                                  : labelled(x, label, value, last_step(expr)));
    return true;
}

/* Adds the value of each field, collection, parameter and day that the expression reads, in the order of the text; and
 * of working days their number, which no reader works out from the dates. */
static bool add_found(Explain *x, const Expr *expr, ExprRow row, bool negated, bool inside, TextList *found)
{
    FunctionId function = expr->kind == NODE_CALL ? expr->function : FUNCTION_COUNT;
    if (expr->kind == NODE_COLLECTION)
        return collection_found(x, expr, row, negated, inside, found);
    if (expr->kind == NODE_PATH || function == FUNCTION_TODAY || function == FUNCTION_PARAM)
        return leaf_found(x, expr, row, found);
    if (function == FUNCTION_WORKDAYS && !workdays_found(x, expr, row, found))
        return false;
    negated ^= expr->kind == NODE_NOT;
    for (const Expr *operand = expr->first; operand; operand = operand->next)
        if (!add_found(x, operand, row, negated, inside, found))
            return false;
    return true;
}

/* ---- clauses ---- */

static size_t count_clauses(const Expr *expr)
{
    size_t count = 0;
    if (expr->kind != NODE_AND)
        return 1;
    for (const Expr *operand = expr->first; operand; operand = operand->next)
        count += count_clauses(operand);
    return count;
}

static bool explain_hidden(Explain *x, const Expr *expr, ExprRow row, bool *out)
{
    bool truth;
    x->eval.thorough = true;
    x->eval.hidden = false;
    bool done = eval_truth(&x->eval, expr, row, &truth);
    x->eval.thorough = false;
    *out = x->eval.hidden;
    return done;
}

static bool explain_clause(Explain *x, const Expr *expr, ExprRow row, ExprClause *out)
{
    TextList found = { 0 };
    *out = (ExprClause){ .source = expr->source };
    if (!explain_hidden(x, expr, row, &out->hidden))
        return false;
    bool overflow = false;
    if (!eval_truth(&x->eval, expr, row, &out->holds)) {
        overflow = x->eval.err.code == ECODE_EXPR_OVERFLOW;
        if (!overflow)
            return false;
    }
    if (out->hidden)
        return true;
    out->rule = rule(x, expr, false);
    x->eval.thorough = true; /* an overflow shows as what it is: no value */
    bool done = add_found(x, expr, row, false, false, &found);
    x->eval.thorough = false;
    if (overflow)
        list_add(x, &found, inside_sentence(x, err_row(ECODE_EXPR_OVERFLOW)->title));
    out->found = list_join(x, &found, TEXT("，", ", "));
    return done;
}

static bool explain_all(Explain *x, const Expr *expr, ExprRow row, ExprClause **next)
{
    if (expr->kind != NODE_AND)
        return explain_clause(x, expr, row, (*next)++);
    for (const Expr *operand = expr->first; operand; operand = operand->next)
        if (!explain_all(x, operand, row, next))
            return false;
    return true;
}

Err expr_explain(Arena *arena, const Expr *expr, const ExprScope *scope, const ExprEnv *env, ExprRow row,
                 ExprClause **out, size_t *count)
{
    Explain     x = { .arena = arena, .scope = scope, .eval = { .env = env, .root = row } };
    size_t      total = count_clauses(expr);
    ExprClause *clauses = ARENA_ARRAY(arena, ExprClause, total), *next = clauses;
    if (!explain_all(&x, expr, row, &next))
        return x.eval.err;
    *out = clauses;
    *count = total;
    return ERR_OK;
}
