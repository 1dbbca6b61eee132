/* engines/expression/expression_schema.h: a small schema with records, for the tests only.
 *
 * project (children: review, and project by its parent; rows: materials; refers to a person, to its parent and to
 * several persons), review (children: task), task, person (children: review, by its reviewer). A World holds the
 * records and the parameters; it serves them to the evaluator and writes the records into SQLite. Any value and any
 * record can be hidden: `blind` says whether what is hidden is missing (as in filters) or true but marked (as in
 * explanations). */
#ifndef FM_ENGINES_EXPRESSION_SCHEMA_H
#define FM_ENGINES_EXPRESSION_SCHEMA_H

#include "engines/expression/expression.h"

#include <sqlite3.h>

#define TEST_FIELDS_MAX 18
#define TEST_PARAMS     5
#define TEST_TODAY      20151 /* 2025-03-04 */

typedef struct TestType TestType;

typedef struct TestChoice {
    Str  code;
    Text label;
} TestChoice;

typedef struct TestField {
    Str               name;
    Text              label;
    ValueKind         kind;
    uint8_t           scale;
    const TestType   *target;
    const TestChoice *choices; /* up to one without code; NULL: any text */
    bool              live, nameless;
} TestField;

struct TestType {
    Str       name;
    Text      label;
    TestField fields[TEST_FIELDS_MAX];
    size_t    field_count;
};

typedef struct TestRecord {
    const TestType *type;
    Str             id;
    Value           values[TEST_FIELDS_MAX];
    bool            hidden[TEST_FIELDS_MAX]; /* the field */
    bool            unseen;                  /* the whole record */
} TestRecord;

#define TEST_TYPES 5

typedef struct World {
    Arena       *arena;
    TestRecord **records;
    size_t       count, capacity;
    bool         blind;
    bool         never[TEST_TYPES][TEST_FIELDS_MAX + 1]; /* hidden in every record, and SQL knows; last: the type is */
    Value        params[TEST_PARAMS];                    /* of test_params */
} World;

typedef struct TestParam {
    Str      code;
    Text     label;
    ExprType type;
} TestParam;

extern const TestParam test_params[TEST_PARAMS];

extern const TestType test_types[];
extern const size_t   test_type_count;
#define TEST_PROJECT (&test_types[0])
#define TEST_PERSON  (&test_types[1])
#define TEST_REVIEW  (&test_types[2])
#define TEST_TASK    (&test_types[3])
#define TEST_ROW     (&test_types[4])

World       world_new(Arena *arena);
TestRecord *world_add(World *world, const TestType *type);
/* A record written as JSON: fields by name; a reference as an object (a new record) or null; several choices as an
 * array of codes, several references as one of objects; children and rows as an array of objects under their name;
 * "hidden": names of hidden fields; "unseen": true. NULL when a name or value does not fit. */
TestRecord *world_add_json(World *world, const TestType *type, Str json);

ExprScope test_scope(bool actor);
ExprEnv   world_env(World *world);
/* Hidden values and records are missing, as `blind` has it. world NULL: columns and visibility in their shortest
 * form. */
ExprSqlEnv world_sql_env(const World *world);
ExprRow    test_row(const TestRecord *record);
/* The children of type and link that a name means, as the scope knows them; NULL when there are none. */
const TestType *test_child(const TestType *type, Str name, const TestField **out_link);

/* An in-memory database with a table for each type: id, shown, the fields, and for each field hidden_<field>. */
sqlite3 *world_database(const World *world);
/* chosen[i]: the filter selects record i there; what is hidden is missing. What expr_sql refuses, or ECODE_INTERNAL
 * with the database's words. */
Err world_select(const World *world, sqlite3 *db, Arena *arena, const Expr *filter, const TestType *type,
                 bool *chosen) MUST_CHECK;

#endif
