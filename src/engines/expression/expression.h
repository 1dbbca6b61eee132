/* engines/expression/expression.h: the small typed language of guards, filters, relations and computed fields.
 *
 * Grammar  docs/EXPRESSIONS.md. Keywords lower case; text in single quotes, doubled to escape; numbers exact decimals.
 * Meaning  total and two-valued: missing is a value; any comparison with a missing value is false, `!=` is true;
 *          division by zero is missing; `and`, `or`, `not` see only true and false. No implicit conversion, save that
 *          an integer and a decimal compare and add as the numbers they are. A quotient has 6 digits after the point,
 *          or as many as its operands have, rounded half away from zero; a date plus or minus an integer is so many
 *          days later or earlier. sum, min, max pass over missing values; the sum of none is 0. No loops but
 *          count/any/all/sum/min/max over child records. A list (several codes, several references) is asked with
 *          `contains` (an item, whole) and `is missing`; its length() is the number of its items. A code that the
 *          field does not know is an error, not a condition that never holds. Working days are provisional where
 *          workdays_known() is false, and the explanation says so.
 * Passes   expr_parse -> expr_check (names and types against a Scope) -> expr_eval / expr_explain / expr_sql.
 * Pure     no I/O of its own: rows come through the caller's Env; memory is the arena's.
 * Limits   LIMIT_FILTER_BYTES, LIMIT_EXPRESSION_DEPTH, LIMIT_EXPRESSION_NODES; overflow is ECODE_EXPR_OVERFLOW.
 *
 * The caller's words: a Scope knows record types (const void *type), their fields (const void *field) and which types
 * are children of which; the engine never looks inside these pointers. */
#ifndef FM_ENGINES_EXPRESSION_H
#define FM_ENGINES_EXPRESSION_H

#include "base/buf.h"
#include "base/err.h"
#include "base/value.h"
#include "base/workdays.h"

typedef struct Expr Expr;

typedef struct ExprType {
    ValueKind   kind;
    uint8_t     scale;  /* VALUE_DECIMAL */
    const void *target; /* VALUE_ID, VALUE_LIST of references: the record type referred to, or NULL */
} ExprType;

typedef struct ExprField {
    ExprType    type;
    const void *field; /* the caller's */
    bool        live;  /* worked out when it is read: there is no column of it, so no filter takes it */
} ExprField;

typedef struct ExprChild { /* records of `type` whose reference field `link` holds the parent's id */
    const void *type;
    const void *link;
    bool        rows; /* a table of the record itself: its label names several */
} ExprChild;

typedef struct ExprScope {
    const void *context;
    bool (*field)(const void *context, const void *type, Str name, ExprField *out);
    bool (*child)(const void *context, const void *type, Str name, ExprChild *out);
    /* How people call it; a choice or state value by its label (value_text of the field), else the text itself. */
    Text (*field_label)(const void *context, const void *type, const void *field);
    Text (*child_label)(const void *context, const void *type);
    Text (*value_label)(const void *context, const void *type, const void *field, Value value);
    /* Whether a text may be a value of the field: of a choice or a state, its codes alone. */
    bool (*code)(const void *context, const void *type, const void *field, Str code);
    /* What param('code') gives; false when there is no such parameter. NULL: there are none. */
    bool (*parameter)(const void *context, Str code, ExprType *out);
    Text (*parameter_label)(const void *context, Str code);
    /* The functions actor() (person id) and organisation() may be used: relations and guards, not user filters. */
    bool actor;
} ExprScope;

/* Errors: ECODE_EXPR_SYNTAX, ECODE_EXPR_LIMIT; one Problem with position (character, counted from 1). */
Err expr_parse(Arena *arena, Str text, Expr **out, Problems *problems) MUST_CHECK;
/* Resolves every name against `type`. wanted: VALUE_BOOLEAN for guards and filters, VALUE_KIND_COUNT for any.
 * filter: refuse what is outside the subset that becomes SQL. All problems at once: ECODE_EXPR_NAME, _TYPE, _FILTER. */
Err      expr_check(Arena *arena, Expr *expr, const ExprScope *scope, const void *type, ValueKind wanted, bool filter,
                    Problems *problems) MUST_CHECK;
ExprType expr_type(const Expr *expr); /* after expr_check */
/* Visits each (type, field) that the expression reads, references it follows and links of collections included. */
void expr_fields(const Expr *expr, void (*visit)(void *context, const void *type, const void *field), void *context);

/* Visits each path that must be the acting person or organisation, or hold it, for the expression to be true: of
 * `result.owner = organisation() and reviewers contains actor()` (result, owner) and (reviewers). Conjuncts alone. */
void expr_parties(const Expr *expr, void (*visit)(void *context, const void *const *fields, size_t count),
                  void       *context);

/* Visits the code of each parameter that it reads, in the order of the text. */
void expr_parameters(const Expr *expr, void (*visit)(void *context, Str code), void *context);

/* ---- parts, for showing a filter and taking a part of it away ---- */

typedef struct ExprPart { /* one conjunct of the top-level `and`s */
    Str   source;         /* its text; joined by " and " the sources mean what the whole means */
    Str   path;           /* "title", "result.title"; empty when the part is not of the form `path sign literal` */
    Str   sign;           /* "=", "!=", "<", "<=", ">", ">=", "contains", "is missing", "is not missing" */
    Value value;          /* of the literal; missing for the last two */
} ExprPart;

/* Of what expr_parse gave; needs no check. */
void expr_parts(Arena *arena, const Expr *expr, ExprPart **out, size_t *count);
/* Text as a literal: in quotes, its own doubled. */
Str expr_quote(Arena *arena, Str text);

/* ---- evaluation ---- */

typedef struct ExprRow { /* a record as the caller has it; row NULL: no record */
    const void *type;
    const void *row;
} ExprRow;

typedef struct ExprEnv {
    void *context;
    /* Value of a field. *hidden is set when the person who will read the explanation may not see it; the
     * value is true all the same. */
    Err (*get)(void *context, ExprRow row, const void *field, Value *out, bool *hidden);
    /* The record that a reference points at; row NULL when missing. *hidden as above, for the record as a whole. */
    Err (*follow)(void *context, ExprRow row, const void *field, ExprRow *out, bool *hidden);
    /* Child records of row, oldest first. */
    Err (*children)(void *context, ExprRow row, const ExprChild *child, ExprRow **out, size_t *count, bool *hidden);
    /* The parameter's value under the rules of the day on which the case of `root` counts, the row that expr_eval was
     * given; missing when none is valid then. NULL: every parameter is missing. */
    Err (*parameter)(void *context, ExprRow root, Str code, Value *out);
    /* What the reader of the explanation calls the record of that type and id; empty: by its id. NULL: always so. */
    Str (*called)(void *context, const void *type, Str id);
    const WorkCalendar *calendar;     /* of workdays(); NULL: Monday to Friday */
    int64_t             today;        /* city day */
    Str                 actor;        /* person id */
    Str                 organisation; /* organisation id */
} ExprEnv;

Err expr_eval(Arena *arena, const Expr *expr, const ExprEnv *env, ExprRow row, Value *out) MUST_CHECK;

/* ---- explanation ---- */

typedef struct ExprClause { /* one conjunct of the top-level `and`s */
    Str  source;            /* its text */
    bool holds;             /* meaningless when hidden */
    bool hidden;            /* rests on something the reader may not see: show neither value nor truth */
    Text rule;              /* in words: "assessed level at least target level", "评定等级不低于目标等级" */
    /* The values found, in words: "assessed level 3, target level 4"; of a collection "0 of 2"
     * with the children's values. */
    Text found;
} ExprClause;

/* The clauses recombine by `and` to the result of expr_eval. */
Err expr_explain(Arena *arena, const Expr *expr, const ExprScope *scope, const ExprEnv *env, ExprRow row,
                 ExprClause **out, size_t *count) MUST_CHECK;

/* ---- SQL ---- */

typedef struct ExprSql {
    Buf    sql;
    Value *params; /* bound in order of the ?s */
    size_t count, capacity;
    size_t aliases; /* t1, t2 … given out so far; each stands once in the statement */
    Arena *arena;
} ExprSql;

ExprSql expr_sql_new(Arena *arena);
void    expr_sql_param(ExprSql *sql, Value value); /* writes ? and keeps the value */

typedef struct ExprSqlEnv {
    void *context;
    /* Writes the field's column of the row named alias ("t0"), already made missing where the reader may not see it. */
    Err (*column)(void *context, ExprSql *sql, Str alias, const void *type, const void *field);
    /* The same of a reference that is only followed: what it leads to is asked for its visibility beside it. */
    Err (*link)(void *context, ExprSql *sql, Str alias, const void *type, const void *field);
    /* Writes, before the comparison of a field with an id that is equal to its value, a condition that follows from
     * it and an index can lead by, and AND; or nothing. NULL: never anything. */
    Err (*lead)(void *context, ExprSql *sql, Str alias, const void *field, Value id);
    /* Writes the table's name (its rows' ids stand in the column `id`), and the condition under which the reader sees a
     * row of it under alias ("1" when always). */
    Err (*table)(void *context, ExprSql *sql, const void *type);
    Err (*visible)(void *context, ExprSql *sql, Str alias, const void *type);
    int64_t today;
    Str     actor, organisation;
} ExprSqlEnv;

/* Writes a condition over the row named alias that is true exactly when expr_eval is true, with hidden values missing.
 * Plain comparisons that stand in a positive place stay bare, so that an index can serve them. The expression has
 * passed expr_check(filter = true). Standard SQL that SQLite and PostgreSQL both take; references become scalar
 * subqueries, collections EXISTS or counts. */
Err expr_sql(const Expr *expr, const ExprSqlEnv *env, Str alias, ExprSql *sql) MUST_CHECK;
/* Of that condition what env->lead writes of its comparisons that must be true, for where it stands in a CASE, out of
 * reach of an index. */
Err expr_sql_leads(const Expr *expr, const ExprSqlEnv *env, Str alias, ExprSql *sql) MUST_CHECK;

/* The same condition as a search, which can begin at what the condition names and need not pass every row of the type:
 * `SELECT search.id FROM search.from WHERE search.where` gives the ids of the rows for which it is true, each perhaps
 * several times, unless `once`. `alias` names the row in it. has_row: whether that row is part of it; where there need
 * only be some child record, its reference is the id. */
typedef struct ExprSearch {
    ExprSql from, where;
    Str     id;
    bool    has_row, once;
} ExprSearch;
/* aliases: given out so far in the statement, and then also here. */
Err expr_sql_search(const Expr *expr, const ExprSqlEnv *env, const void *type, Str alias, size_t *aliases, Arena *arena,
                    ExprSearch *out) MUST_CHECK;
/* Puts a part that was written apart into a statement, with its values. */
void expr_sql_add(ExprSql *sql, const ExprSql *part);

#endif
