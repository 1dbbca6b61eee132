/* Pratt parser: parse_operand reads what starts an expression, parse_chain and parse_comparison what continues it, and
 * an operator continues only when it binds at least as strongly as asked.
 * Source: V. Pratt, "Top down operator precedence", 1973. */
#include "engines/expression/expression_internal.h"

#include "base/limits.h"
#include "base/utf8.h"

typedef enum Power { /* weakest first; 0 does not continue an expression */
                     POWER_NONE,
                     POWER_OR,
                     POWER_AND,
                     POWER_NOT,
                     POWER_COMPARE,
                     POWER_SUM,
                     POWER_PRODUCT,
                     POWER_NEGATE
} Power;

typedef struct Parser {
    Arena    *arena;
    Lexer     lexer;
    Token     token;    /* the one to look at */
    size_t    last_end; /* byte after the token before it */
    size_t    depth, nodes;
    bool      failed;
    Problems *problems;
    Err       err;
} Parser;

static const struct {
    Power    power;
    NodeKind kind;
    Operator sign;
} infixes[TOKEN_KIND_COUNT] = {
    [TOKEN_OR] = { POWER_OR, NODE_OR, OPERATOR_NONE },
    [TOKEN_AND] = { POWER_AND, NODE_AND, OPERATOR_NONE },
    [TOKEN_EQ] = { POWER_COMPARE, NODE_COMPARE, OPERATOR_EQ },
    [TOKEN_NE] = { POWER_COMPARE, NODE_COMPARE, OPERATOR_NE },
    [TOKEN_LT] = { POWER_COMPARE, NODE_COMPARE, OPERATOR_LT },
    [TOKEN_LE] = { POWER_COMPARE, NODE_COMPARE, OPERATOR_LE },
    [TOKEN_GT] = { POWER_COMPARE, NODE_COMPARE, OPERATOR_GT },
    [TOKEN_GE] = { POWER_COMPARE, NODE_COMPARE, OPERATOR_GE },
    [TOKEN_IN] = { POWER_COMPARE, NODE_IN, OPERATOR_NONE },
    [TOKEN_NOT] = { POWER_COMPARE, NODE_IN, OPERATOR_NONE }, /* not in */
    [TOKEN_IS] = { POWER_COMPARE, NODE_MISSING, OPERATOR_NONE },
    [TOKEN_CONTAINS] = { POWER_COMPARE, NODE_CONTAINS, OPERATOR_NONE },
    [TOKEN_PLUS] = { POWER_SUM, NODE_SUM, OPERATOR_ADD },
    [TOKEN_MINUS] = { POWER_SUM, NODE_SUM, OPERATOR_SUB },
    [TOKEN_TIMES] = { POWER_PRODUCT, NODE_PRODUCT, OPERATOR_MUL },
    [TOKEN_OVER] = { POWER_PRODUCT, NODE_PRODUCT, OPERATOR_DIV },
};

static Expr *parse_expr(Parser *parser, Power power);

/* ---- failing: once, with the first reason ---- */

static void *fail(Parser *parser, Text reason)
{
    if (parser->failed)
        return NULL;
    parser->failed = true;
    if (parser->token.kind == TOKEN_ERROR)
        reason = parser->token.reason;
    Str position = str_printf(parser->arena, "%zu", parser->token.position);
    PROBLEM(parser->problems, ECODE_EXPR_SYNTAX, STR_NONE, parser->lexer.text, ARG("position", position),
            ARG_TEXT("reason", reason));
    parser->err = err_make(ECODE_EXPR_SYNTAX, "character %zu: %.*s", parser->token.position,
                           STR_FMT(reason.in[LANG_EN]));
    return NULL;
}

static void *fail_expected(Parser *parser, Text what)
{
    Str found = str_slice(parser->lexer.text, parser->token.from, parser->token.to);
    if (parser->token.kind == TOKEN_END)
        return fail(parser, (Text){ { str_printf(parser->arena, "表达式在此结束，缺少%.*s", STR_FMT(what.in[LANG_ZH])),
                                      str_printf(parser->arena, "the expression ends where %.*s is expected",
                                                 STR_FMT(what.in[LANG_EN])) } });
    return fail(parser, (Text){ { str_printf(parser->arena, "此处应为%.*s，却是“%.*s”", STR_FMT(what.in[LANG_ZH]),
                                             STR_FMT(found)),
                                  str_printf(parser->arena, "%.*s is expected here, not “%.*s”",
                                             STR_FMT(what.in[LANG_EN]), STR_FMT(found)) } });
}

static void *fail_limit(Parser *parser, long max, const char *what)
{
    if (parser->failed)
        return NULL;
    parser->failed = true;
    PROBLEM(parser->problems, ECODE_EXPR_LIMIT, STR_NONE, STR_NONE);
    parser->err = err_make(ECODE_EXPR_LIMIT, "more than %ld %s", max, what);
    return NULL;
}

/* ---- moving on ---- */

static void advance(Parser *parser)
{
    parser->last_end = parser->token.to;
    parser->token = lexer_next(&parser->lexer);
}

static bool accept(Parser *parser, TokenKind kind)
{
    if (parser->token.kind != kind)
        return false;
    advance(parser);
    return true;
}

static bool expect(Parser *parser, TokenKind kind, Text what)
{
    if (accept(parser, kind))
        return true;
    fail_expected(parser, what);
    return false;
}

static bool enter(Parser *parser)
{
    if (++parser->depth <= LIMIT_EXPRESSION_DEPTH)
        return true;
    fail_limit(parser, LIMIT_EXPRESSION_DEPTH, "levels");
    return false;
}

static void leave(Parser *parser) { parser->depth--; }

/* ---- nodes ---- */

static bool count_node(Parser *parser)
{
    if (++parser->nodes <= LIMIT_EXPRESSION_NODES)
        return true;
    fail_limit(parser, LIMIT_EXPRESSION_NODES, "nodes");
    return false;
}

static Expr *node_new(Parser *parser, NodeKind kind, size_t from, size_t position)
{
    if (!count_node(parser))
        return NULL;
    Expr *node = ARENA_NEW(parser->arena, Expr);
    node->kind = kind;
    node->from = from;
    node->position = position;
    return node;
}

static Expr *node_end(Parser *parser, Expr *node)
{
    node->to = parser->last_end;
    node->source = str_slice(parser->lexer.text, node->from, node->to);
    return node;
}

static void node_push(Expr *node, Expr *operand)
{
    if (node->last)
        node->last->next = operand;
    else
        node->first = operand;
    node->last = operand;
    node->count++;
}

/* ---- what starts an expression ---- */

static bool parse_step(Parser *parser, PathStep *out)
{
    if (parser->token.kind != TOKEN_NAME) {
        fail_expected(parser, TEXT("名称", "a name"));
        return false;
    }
    *out = (PathStep){ .name = str_slice(parser->lexer.text, parser->token.from, parser->token.to),
                       .position = parser->token.position };
    advance(parser);
    return count_node(parser);
}

/* Each reference followed is a level of nesting: it becomes one in SQL. */
static Expr *parse_path(Parser *parser)
{
    PathStep steps[LIMIT_EXPRESSION_DEPTH];
    size_t   count = 0;
    Expr    *path = node_new(parser, NODE_PATH, parser->token.from, parser->token.position);
    if (!path)
        return NULL;
    do {
        if (count == LIMIT_EXPRESSION_DEPTH)
            return fail_limit(parser, LIMIT_EXPRESSION_DEPTH, "names in a path");
        if (!parse_step(parser, &steps[count]))
            return NULL;
        count++;
    } while (accept(parser, TOKEN_DOT));
    path->steps = ARENA_ARRAY(parser->arena, PathStep, count);
    memcpy(path->steps, steps, count * sizeof *steps);
    path->step_count = count;
    return node_end(parser, path);
}

/* name "(" [ expr { "," expr } ] ")", the opening bracket read */
static Expr *parse_call(Parser *parser, Expr *call)
{
    if (!enter(parser))
        return NULL;
    if (parser->token.kind != TOKEN_CLOSE) {
        do {
            Expr *argument = parse_expr(parser, POWER_OR);
            if (!argument)
                return NULL;
            node_push(call, argument);
        } while (accept(parser, TOKEN_COMMA));
    }
    leave(parser);
    return expect(parser, TOKEN_CLOSE, TEXT("“)”", "“)”")) ? node_end(parser, call) : NULL;
}

/* `of` is a word of its own there alone. */
static bool accept_of(Parser *parser)
{
    Str word = str_slice(parser->lexer.text, parser->token.from, parser->token.to);
    if (parser->token.kind != TOKEN_NAME || !str_eq(word, STR("of")))
        return false;
    advance(parser);
    return true;
}

/* collection "(" name [ "." name | "of" sum ] [ "where" expr ] ")", the opening bracket read */
static Expr *parse_collection(Parser *parser, Expr *node)
{
    node->kind = NODE_COLLECTION;
    node->steps = ARENA_ARRAY(parser->arena, PathStep, 2);
    if (!enter(parser) || !parse_step(parser, &node->steps[0]))
        return NULL;
    node->step_count = 1;
    if (accept(parser, TOKEN_DOT)) {
        if (!parse_step(parser, &node->steps[1]))
            return NULL;
        node->step_count = 2;
    } else if (accept_of(parser)) {
        node->each = parse_expr(parser, POWER_SUM);
        if (!node->each)
            return NULL;
    }
    if (accept(parser, TOKEN_WHERE)) {
        Expr *where = parse_expr(parser, POWER_OR);
        if (!where)
            return NULL;
        node_push(node, where);
    }
    leave(parser);
    return expect(parser, TOKEN_CLOSE, TEXT("“)”", "“)”")) ? node_end(parser, node) : NULL;
}

/* `min` and `max` are functions and collections: a lone "name" or "name.name", or one with `of` or `where`, is a
 * collection. */
static bool collection_ahead(const Parser *parser, Str name)
{
    static const Str always[] = { STR_INIT("count"), STR_INIT("any"), STR_INIT("all"), STR_INIT("sum") };
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (str_eq(name, always[i]))
            return true;
    if ((!str_eq(name, STR("min")) && !str_eq(name, STR("max"))) || parser->token.kind != TOKEN_NAME)
        return false;
    Lexer look = parser->lexer;
    Token token = lexer_next(&look);
    if (token.kind == TOKEN_DOT && lexer_next(&look).kind == TOKEN_NAME)
        token = lexer_next(&look);
    return token.kind == TOKEN_CLOSE || token.kind == TOKEN_WHERE || token.kind == TOKEN_NAME;
}

static Expr *parse_name(Parser *parser)
{
    Lexer look = parser->lexer;
    if (lexer_next(&look).kind != TOKEN_OPEN)
        return parse_path(parser);
    Expr *node = node_new(parser, NODE_CALL, parser->token.from, parser->token.position);
    if (!node)
        return NULL;
    node->name = str_slice(parser->lexer.text, parser->token.from, parser->token.to);
    advance(parser);
    advance(parser);
    return collection_ahead(parser, node->name) ? parse_collection(parser, node) : parse_call(parser, node);
}

static Expr *parse_brackets(Parser *parser)
{
    size_t from = parser->token.from, position = parser->token.position;
    advance(parser);
    if (!enter(parser))
        return NULL;
    Expr *inner = parse_expr(parser, POWER_OR);
    if (!inner)
        return NULL;
    leave(parser);
    if (!expect(parser, TOKEN_CLOSE, TEXT("“)”", "“)”")))
        return NULL;
    inner->bracketed = true;
    inner->from = from;
    inner->position = position;
    return node_end(parser, inner);
}

/* An operator before its operand: `not`, `-`. */
static Expr *parse_prefix(Parser *parser, NodeKind kind, Power power)
{
    Expr *node = node_new(parser, kind, parser->token.from, parser->token.position);
    advance(parser);
    if (!node || !enter(parser))
        return NULL;
    Expr *operand = parse_expr(parser, power);
    if (!operand)
        return NULL;
    leave(parser);
    node_push(node, operand);
    return node_end(parser, node);
}

static Expr *parse_literal(Parser *parser)
{
    Expr *literal = node_new(parser, NODE_LITERAL, parser->token.from, parser->token.position);
    if (!literal)
        return NULL;
    literal->value = parser->token.value;
    advance(parser);
    return node_end(parser, literal);
}

static Expr *parse_operand(Parser *parser, Power power)
{
    switch (parser->token.kind) {
    case TOKEN_LITERAL: return parse_literal(parser);
    case TOKEN_NAME: return parse_name(parser);
    case TOKEN_OPEN: return parse_brackets(parser);
    case TOKEN_MINUS: return parse_prefix(parser, NODE_NEGATE, POWER_NEGATE);
    case TOKEN_NOT:
        if (power <= POWER_NOT) /* `a = not b` needs brackets */
            return parse_prefix(parser, NODE_NOT, POWER_NOT);
        break;
    default: break;
    }
    return fail_expected(parser, TEXT("字段、值或括号", "a field, a value or a bracket"));
}

/* ---- what continues it ---- */

static Expr *parse_chain(Parser *parser, Expr *left, NodeKind kind, Operator sign, Power power)
{
    Expr *chain = left;
    if (left->kind != kind || left->bracketed) {
        chain = node_new(parser, kind, left->from, left->position);
        if (!chain)
            return NULL;
        node_push(chain, left);
    }
    advance(parser);
    Expr *right = parse_expr(parser, power + 1);
    if (!right)
        return NULL;
    right->join = sign;
    node_push(chain, right);
    return node_end(parser, chain);
}

static bool parse_items(Parser *parser, Expr *node)
{
    if (!expect(parser, TOKEN_OPEN, TEXT("“(”", "“(”")) || !enter(parser))
        return false;
    do {
        Expr *item = parse_expr(parser, POWER_SUM);
        if (!item)
            return false;
        node_push(node, item);
    } while (accept(parser, TOKEN_COMMA));
    leave(parser);
    return expect(parser, TOKEN_CLOSE, TEXT("“)”", "“)”"));
}

static Expr *parse_comparison(Parser *parser, Expr *left, NodeKind kind, Operator sign)
{
    if (left->kind >= NODE_COMPARE && left->kind <= NODE_MISSING && !left->bracketed)
        return fail(parser, TEXT("比较不能连写，请用 and 连接", "comparisons do not chain; join two of them with and"));
    Expr *node = node_new(parser, kind, left->from, left->position);
    if (!node)
        return NULL;
    node->sign = sign;
    node_push(node, left);
    bool negated = accept(parser, TOKEN_NOT);
    if (negated && parser->token.kind != TOKEN_IN)
        return fail_expected(parser, TEXT("in", "in"));
    advance(parser);
    if (kind == NODE_IN) {
        node->negated = negated;
        return parse_items(parser, node) ? node_end(parser, node) : NULL;
    }
    if (kind == NODE_MISSING) {
        node->negated = accept(parser, TOKEN_NOT);
        return expect(parser, TOKEN_MISSING, TEXT("missing", "missing")) ? node_end(parser, node) : NULL;
    }
    Expr *right = parse_expr(parser, POWER_SUM);
    if (!right)
        return NULL;
    node_push(node, right);
    return node_end(parser, node);
}

static Expr *parse_expr(Parser *parser, Power power)
{
    Expr *left = parse_operand(parser, power);
    while (left && infixes[parser->token.kind].power >= power) {
        NodeKind kind = infixes[parser->token.kind].kind;
        Operator sign = infixes[parser->token.kind].sign;
        Power    own = infixes[parser->token.kind].power;
        left = own == POWER_COMPARE ? parse_comparison(parser, left, kind, sign)
                                    : parse_chain(parser, left, kind, sign, own);
    }
    return left;
}

Err expr_parse(Arena *arena, Str text, Expr **out, Problems *problems)
{
    Parser parser = { .arena = arena, .problems = problems };
    if (text.len > LIMIT_FILTER_BYTES) {
        fail_limit(&parser, LIMIT_FILTER_BYTES, "bytes");
        return parser.err;
    }
    parser.token.position = 1;
    if (!utf8_valid(text) || (text.len && memchr(text.ptr, '\0', text.len))) {
        fail(&parser, TEXT("文字不是有效的 UTF-8", "the text is not valid UTF-8"));
        return parser.err;
    }
    parser.lexer = lexer_new(arena, str_dup(arena, text));
    advance(&parser);
    Expr *expr = parse_expr(&parser, POWER_OR);
    if (expr && parser.token.kind != TOKEN_END)
        expr = fail_expected(&parser, TEXT("表达式的结尾或 and、or 等连接词", "the end, or a word such as and, or"));
    if (!expr)
        return parser.err;
    *out = expr;
    return ERR_OK;
}
