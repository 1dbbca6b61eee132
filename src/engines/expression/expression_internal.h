/* engines/expression/expression_internal.h: the tree that the passes share. Private to this folder.
 *
 *   lex.c      text -> tokens
 *   parse.c    tokens -> Expr (Pratt: each sign has a binding power)
 *   check.c    names and types, what a filter may hold; fills the second half of each node
 *   eval.c     Expr + row -> Value
 *   explain.c  Expr + row -> clauses in words
 *   parts.c    Expr -> conjuncts, for people who edit a filter
 *   sql.c      Expr -> SQL condition
 *
 * A run of operators of one level ("a and b and c", "x + y - z") is one node with many operands. So the depth of the
 * tree, and of every recursion over it, is bounded by what nests in the text: LIMIT_EXPRESSION_DEPTH times the few
 * levels of the grammar. */
#ifndef FM_ENGINES_EXPRESSION_INTERNAL_H
#define FM_ENGINES_EXPRESSION_INTERNAL_H

#include "engines/expression/expression.h"

/* ---- tokens ---- */

typedef enum TokenKind {
    TOKEN_END,
    TOKEN_ERROR, /* reason says why */
    TOKEN_NAME,
    TOKEN_LITERAL, /* number, text, date, true, false: value */
    TOKEN_OR,
    TOKEN_AND,
    TOKEN_NOT,
    TOKEN_IN,
    TOKEN_IS,
    TOKEN_MISSING,
    TOKEN_CONTAINS,
    TOKEN_WHERE,
    TOKEN_EQ,
    TOKEN_NE,
    TOKEN_LT,
    TOKEN_LE,
    TOKEN_GT,
    TOKEN_GE,
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_TIMES,
    TOKEN_OVER,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_DOT,
    TOKEN_KIND_COUNT
} TokenKind;

typedef struct Token {
    TokenKind kind;
    size_t    from, to; /* bytes of the text */
    size_t    position; /* character, counted from 1 */
    Value     value;
    Text      reason;
} Token;

typedef struct Lexer { /* a plain value: copy it to look ahead */
    Arena *arena;
    Str    text; /* valid UTF-8 without NUL */
    size_t at, position;
} Lexer;

Lexer lexer_new(Arena *arena, Str text);
Token lexer_next(Lexer *lexer);

/* ---- tree ---- */

typedef enum NodeKind {
    NODE_LITERAL,
    NODE_PATH,
    NODE_CALL,
    NODE_COLLECTION,
    NODE_NEGATE,
    NODE_SUM,
    NODE_PRODUCT,
    NODE_COMPARE,
    NODE_IN, /* the first operand in the others */
    NODE_CONTAINS,
    NODE_MISSING,
    NODE_NOT,
    NODE_AND,
    NODE_OR,
    NODE_KIND_COUNT
} NodeKind;

typedef enum Operator {
    OPERATOR_NONE,
    OPERATOR_EQ,
    OPERATOR_NE,
    OPERATOR_LT,
    OPERATOR_LE,
    OPERATOR_GT,
    OPERATOR_GE,
    OPERATOR_ADD,
    OPERATOR_SUB,
    OPERATOR_MUL,
    OPERATOR_DIV,
    OPERATOR_COUNT
} Operator;

typedef enum FunctionId {
    FUNCTION_TODAY,
    FUNCTION_DAYS,
    FUNCTION_WORKDAYS,
    FUNCTION_PARAM,
    FUNCTION_COALESCE,
    FUNCTION_MIN,
    FUNCTION_MAX,
    FUNCTION_ABS,
    FUNCTION_ROUND,
    FUNCTION_LENGTH,
    FUNCTION_WILSON_LOW,
    FUNCTION_WILSON_HIGH,
    FUNCTION_ACTOR,
    FUNCTION_ORGANISATION,
    FUNCTION_COUNT
} FunctionId;

typedef enum CollectionKind {
    COLLECTION_COUNT,
    COLLECTION_ANY,
    COLLECTION_ALL,
    COLLECTION_SUM,
    COLLECTION_MIN,
    COLLECTION_MAX,
    COLLECTION_KIND_COUNT
} CollectionKind;

typedef struct PathStep { /* one name of a path; check fills all but the name */
    Str         name;
    size_t      position;
    const void *type; /* record type in which the name was found */
    const void *field;
    ExprType    field_type;
} PathStep;

struct Expr {
    NodeKind kind;
    Operator sign;    /* of a comparison */
    Operator join;    /* of an operand of a sum or product: what joins it to the operands before it */
    bool     negated; /* not in, is not missing */
    bool     bracketed;
    size_t   position; /* first character, counted from 1 */
    size_t   from, to; /* bytes of the text, brackets included */
    Str      source;
    Expr    *first, *last, *next; /* operands (of a collection: its condition); next operand of the same node */
    Expr    *each;                /* of a collection: what is taken of each child, instead of a field; or NULL */
    size_t   count;
    Value    value; /* NODE_LITERAL */
    Str      name;  /* NODE_CALL, NODE_COLLECTION */

    PathStep *steps; /* NODE_PATH; NODE_COLLECTION: one or two */
    size_t    step_count;

    /* by expr_check */
    ExprType       type;
    bool           constant;  /* reads no record */
    bool           condition; /* of the root: missing counts as false */
    FunctionId     function;
    CollectionKind collection;
    ExprChild      child;     /* what the collection runs over */
    bool           referred;  /* steps[0] is a reference, and the children are those of the record it names */
    bool           has_field; /* steps[1] is a field of the child */
};

/* A list of references holds ids, one of choices codes. */
static inline ValueKind list_item_kind(ExprType list) { return list.target ? VALUE_ID : VALUE_TEXT; }

static inline bool kind_is_number(ValueKind kind) { return kind == VALUE_INTEGER || kind == VALUE_DECIMAL; }

#define CONTEXT_POINTS 40 /* of an expression's text in an Err's context */

/* Digits after the point of a quotient: as many as the operands have, and at least DIVISION_SCALE. */
#define DIVISION_SCALE 6
static inline uint8_t division_scale(uint8_t left, uint8_t right)
{
    uint8_t most = left > right ? left : right;
    return most > DIVISION_SCALE ? most : DIVISION_SCALE;
}

#define WILSON_SCALE      4          /* digits of the limits of a share */
#define WILSON_TRIALS_MAX 1000000000 /* of one; more is out of range, as for arithmetic */

/* ---- evaluation, also for the other passes ---- */

typedef struct Eval {
    const ExprEnv *env;
    ExprRow        root;     /* the row given to expr_eval: parameters go by its day */
    bool           thorough; /* visit every part, also where the result is known, and take overflow as missing */
    bool           hidden;   /* something visited is hidden from the reader; complete after a thorough walk */
    size_t         visits;   /* nodes and children visited, up to EVAL_VISITS_MAX */
    Err            err;      /* why a function here returned false */
} Eval;

/* An answer must come in bounded time, however many children of children a collection walks. */
#define EVAL_VISITS_MAX 2000000

bool eval_value(Eval *eval, const Expr *expr, ExprRow row, Value *out);
bool eval_truth(Eval *eval, const Expr *expr, ExprRow row, bool *out); /* missing is false */
bool eval_children(Eval *eval, const Expr *collection, ExprRow row, ExprRow **out, size_t *count);
/* Whether a child belongs to the collection: its condition and, for count, any, all, its boolean field. */
bool eval_member(Eval *eval, const Expr *collection, ExprRow child, bool *out);
bool values_compare(Operator sign, Value left, Value right);
/* A number as a Decimal; an integer has scale 0. */
static inline Decimal value_number(Value value)
{
    return (Decimal){ value.number, value.kind == VALUE_DECIMAL ? value.scale : 0 };
}

#endif
