/* Random well-typed expressions over random records: what the evaluator says and what SQLite selects must agree, hidden
 * values being missing in both; and the clauses of an explanation must recombine to the result. */
#include "engines/expression/expression_schema.h"

#include "base/testing.h"

enum {
    WORLDS = 100,
    EXPRESSIONS = 120, /* in each world: 12,000 in all */
    RECORDS = 40       /* of any type, in each world */
};

/* FIRSTMILE_WORLDS=N for a longer run. */
static size_t worlds(void)
{
    int64_t count = WORLDS;
    return str_int(str_from(getenv("FIRSTMILE_WORLDS")), &count) ? (size_t)count : WORLDS;
}

/* ---- random records ---- */

static const char *const texts[] = { "a",         "ab", "b",    "",     "固态",  "draft",
                                     "submitted", "ai", "a,ab", "ab,a", "ai,ab", "," };
static const char *const items[] = { "ai", "a", "ab" };
#define ANY_OF(rng, array) ((array)[rng_below((rng), sizeof(array) / sizeof *(array))])

static Str random_reference(Rng *rng, const World *world, const TestType *wanted)
{
    for (int tries = 0; tries < 8; tries++) { /* most lead somewhere */
        const TestRecord *target = world->records[rng_below(rng, world->count)];
        if (target->type == wanted)
            return target->id;
    }
    return STR("00000000-0000-7000-8000-999999999999");
}

/* One to three items in some order, none twice. */
static Value random_list(Rng *rng, const World *world, const TestField *field)
{
    Buf list = buf_new(world->arena, 256);
    for (size_t left = 1 + rng_below(rng, 3); left > 0; left--) {
        Str item = field->target ? random_reference(rng, world, field->target) : str_from(ANY_OF(rng, items));
        if (value_list_holds(value_list(buf_str(&list)), item))
            continue;
        buf_add(&list, list.len ? STR(",") : STR(""));
        buf_add(&list, item);
    }
    return value_list(buf_str(&list));
}

static Value random_value(Rng *rng, const World *world, const TestField *field)
{
    static const int64_t units[] = { 0, 1, 100, 101, 250, -100, -101 };
    if (rng_below(rng, 4) == 0)
        return VALUE_NONE;
    switch (field->kind) {
    case VALUE_TEXT: return value_text(str_from(ANY_OF(rng, texts)));
    case VALUE_INTEGER: return value_int((int64_t)rng_below(rng, 6));
    case VALUE_DECIMAL: return value_decimal((Decimal){ ANY_OF(rng, units), field->scale });
    case VALUE_BOOLEAN: return value_bool(rng_below(rng, 2));
    case VALUE_DATE: return value_date(TEST_TODAY - 2 + (int64_t)rng_below(rng, 5));
    case VALUE_INSTANT: return value_instant(1700000000000 + (int64_t)rng_below(rng, 3));
    case VALUE_LIST: return random_list(rng, world, field);
    case VALUE_ROWS: return value_rows(STR("[{}]"));
    default: return value_id(random_reference(rng, world, field->target));
    }
}

static void random_parameters(Rng *rng, World *world)
{
    for (size_t i = 0; i < TEST_PARAMS; i++) {
        const TestField like = { .kind = test_params[i].type.kind, .scale = test_params[i].type.scale };
        world->params[i] = random_value(rng, world, &like);
    }
}

static World random_world(Rng *rng, Arena *arena)
{
    World world = world_new(arena);
    for (size_t i = 0; i < TEST_TYPES * (TEST_FIELDS_MAX + 1); i++)
        world.never[i / (TEST_FIELDS_MAX + 1)][i % (TEST_FIELDS_MAX + 1)] = rng_below(rng, 12) == 0;
    for (size_t i = 0; i < RECORDS; i++) {
        size_t type = rng_below(rng, test_type_count);
        world_add(&world, &test_types[type])->unseen = rng_below(rng, 8) == 0 || world.never[type][TEST_FIELDS_MAX];
    }
    for (size_t i = 0; i < RECORDS; i++) {
        TestRecord *record = world.records[i];
        for (size_t field = 0; field < record->type->field_count; field++) {
            record->values[field] = random_value(rng, &world, &record->type->fields[field]);
            record->hidden[field] = rng_below(rng, 8) == 0 || world.never[record->type - test_types][field];
        }
    }
    random_parameters(rng, &world);
    return world;
}

/* ---- random expressions ---- */

typedef struct Writer {
    Rng *rng;
    Buf  text;
    bool filter; /* only what becomes SQL */
} Writer;

static void condition(Writer *writer, const TestType *type, int depth);

static void put(Writer *writer, const char *text) { buf_add(&writer->text, str_from(text)); }

static bool chance(Writer *writer, size_t one_in) { return rng_below(writer->rng, one_in) == 0; }

static const TestField *random_field(Writer *writer, const TestType *type, ValueKind kind)
{
    const TestField *fields[TEST_FIELDS_MAX];
    size_t           count = 0;
    for (size_t i = 0; i < type->field_count; i++) {
        const TestField *field = &type->fields[i];
        if (field->kind == kind && !field->nameless && !(writer->filter && field->live))
            fields[count++] = field;
    }
    return count ? fields[rng_below(writer->rng, count)] : NULL;
}

/* A path to a field of that kind, now and then through references; false when there is none. */
static bool path(Writer *writer, const TestType *type, ValueKind kind)
{
    size_t           start = writer->text.len;
    const TestField *link = random_field(writer, type, VALUE_ID);
    if (link && chance(writer, 4)) {
        buf_printf(&writer->text, "%.*s.", STR_FMT(link->name));
        if (path(writer, link->target, kind))
            return true;
        writer->text.len = start;
    }
    const TestField *field = random_field(writer, type, kind);
    if (field)
        buf_add(&writer->text, field->name);
    return field;
}

static void literal(Writer *writer, ValueKind kind)
{
    static const char *const numbers[] = { "0",   "1",  "2",      "3",     "1.00",  "1.005", "-1.005",
                                           "2.5", "-1", "0.0001", "7 - 4", "5 / 2", "1 / 0" };
    static const char *const dates[] = { "today()", "date '2025-03-03'", "today() - 1", "date '2025-03-04' + 1" };
    switch (kind) {
    case VALUE_TEXT: buf_printf(&writer->text, "'%s'", ANY_OF(writer->rng, texts)); break;
    case VALUE_BOOLEAN: put(writer, chance(writer, 2) ? "true" : "false"); break;
    case VALUE_DATE: put(writer, ANY_OF(writer->rng, dates)); break;
    case VALUE_ID: put(writer, chance(writer, 2) ? "actor()" : "'00000000-0000-7000-8000-000000000003'"); break;
    default: put(writer, ANY_OF(writer->rng, numbers)); break;
    }
}

/* "child" or "reference.child"; the type of the child, or NULL and nothing written. */
static const TestType *children(Writer *writer, const TestType *type)
{
    static const char *const names[] = { "review", "project", "task", "materials" };
    const TestField         *link = random_field(writer, type, VALUE_ID), *own;
    const TestType          *parent = type;
    Str                      name = str_from(ANY_OF(writer->rng, names));
    bool                     referred = link && chance(writer, 3);
    if (referred)
        parent = link->target;
    const TestType *child = test_child(parent, name, &own);
    if (!child)
        return NULL;
    if (referred)
        buf_printf(&writer->text, "%.*s.", STR_FMT(link->name));
    buf_add(&writer->text, name);
    return child;
}

/* name(children [ where … ]); of_field: name(child.field …) or name(child of …). False, and nothing written, when the
 * type has no such children. */
static bool collection(Writer *writer, const TestType *type, const char *name, ValueKind of_field, int depth)
{
    size_t start = writer->text.len;
    buf_printf(&writer->text, "%s(", name);
    const TestType  *child = children(writer, type);
    const TestField *field = child && of_field ? random_field(writer, child, of_field) : NULL;
    bool             referred = child && memchr(writer->text.ptr + start, '.', writer->text.len - start);
    if (!child || (of_field && (!field || referred))) {
        writer->text.len = start;
        return false;
    }
    if (field && of_field == VALUE_INTEGER && chance(writer, 3))
        buf_printf(&writer->text, " of %.*s * 2 - %.*s", STR_FMT(field->name), STR_FMT(field->name));
    else if (field)
        buf_printf(&writer->text, ".%.*s", STR_FMT(field->name));
    if (!chance(writer, 3) && !(field && strcmp(name, "all") == 0)) {
        put(writer, " where ");
        condition(writer, child, depth - 1);
    }
    put(writer, ")");
    return true;
}

static void number(Writer *writer, const TestType *type, int depth);

/* A number that comes from no number. */
static void measure(Writer *writer, const TestType *type)
{
    static const char *const params[] = { "param('min_level')", "param('fee_cap')" };
    size_t                   choice = rng_below(writer->rng, 4);
    if (choice == 0) {
        put(writer, ANY_OF(writer->rng, params));
        return;
    }
    put(writer, choice == 1 ? "length(" : choice == 2 ? "workdays(" : "days(");
    ValueKind kind = choice == 1 ? (chance(writer, 2) ? VALUE_TEXT : VALUE_LIST) : VALUE_DATE;
    if (!path(writer, type, kind))
        literal(writer, kind == VALUE_DATE ? VALUE_DATE : VALUE_TEXT);
    put(writer, choice == 1 ? ")" : chance(writer, 2) ? ", today())" : ", param('opening'))");
}

/* What only guards and computed fields may hold. */
static void computed(Writer *writer, const TestType *type, int depth)
{
    static const char *const signs[] = { " + ", " - ", " * ", " / " };
    static const char *const functions[] = { "coalesce(", "min(", "max(" };
    static const char *const collected[] = { "sum", "min", "max" };
    switch (rng_below(writer->rng, 7)) {
    case 6:
        put(writer, chance(writer, 2) ? "wilson_low(" : "wilson_high(");
        if (!path(writer, type, VALUE_INTEGER))
            put(writer, "2");
        put(writer, ", ");
        if (!collection(writer, type, "count", VALUE_MISSING, depth))
            put(writer, "3");
        put(writer, ")");
        return;
    case 0:
        put(writer, ANY_OF(writer->rng, functions));
        number(writer, type, depth - 1);
        put(writer, ", ");
        number(writer, type, depth - 1);
        put(writer, " + 1)"); /* not a lone name, which would be a collection */
        return;
    case 1:
        put(writer, chance(writer, 2) ? "abs(" : "-(");
        number(writer, type, depth - 1);
        put(writer, ")");
        return;
    case 2:
        if (collection(writer, type, ANY_OF(writer->rng, collected), VALUE_INTEGER, depth))
            return;
        break;
    case 3: measure(writer, type); return;
    default: break;
    }
    put(writer, "(");
    number(writer, type, depth - 1);
    put(writer, ANY_OF(writer->rng, signs));
    number(writer, type, depth - 1);
    put(writer, ")");
}

static void number(Writer *writer, const TestType *type, int depth)
{
    if (!writer->filter && depth > 0 && chance(writer, 2))
        computed(writer, type, depth);
    else if (depth > 0 && chance(writer, 5) && collection(writer, type, "count", VALUE_MISSING, depth))
        return;
    else if (!path(writer, type, chance(writer, 2) ? VALUE_INTEGER : VALUE_DECIMAL))
        literal(writer, VALUE_INTEGER);
}

static void operand(Writer *writer, const TestType *type, ValueKind kind, int depth)
{
    if (kind == VALUE_INTEGER)
        number(writer, type, depth);
    else if (!path(writer, type, kind))
        literal(writer, kind == VALUE_INSTANT ? VALUE_TEXT : kind);
}

static void other(Writer *writer, const TestType *type, ValueKind kind)
{
    if (kind == VALUE_INSTANT || chance(writer, 4))
        operand(writer, type, kind, 0);
    else
        literal(writer, kind);
}

static void comparison(Writer *writer, const TestType *type, int depth)
{
    static const ValueKind kinds[] = { VALUE_TEXT, VALUE_INTEGER, VALUE_INTEGER, VALUE_DATE, VALUE_BOOLEAN, VALUE_ID };
    static const char *const signs[] = { " = ", " != ", " < ", " <= ", " > ", " >= " };
    ValueKind                kind = ANY_OF(writer->rng, kinds);
    bool                     mirrored = chance(writer, 5);
    size_t                   usable = kind == VALUE_BOOLEAN || kind == VALUE_ID ? 2 : 6;
    if (type == TEST_PROJECT && chance(writer, 10)) { /* the only type with an instant */
        put(writer, "created");
        put(writer, ANY_OF(writer->rng, signs));
        put(writer, "parent.created");
        return;
    }
    if (mirrored)
        other(writer, type, kind);
    else
        operand(writer, type, kind, depth);
    if (chance(writer, 5)) {
        put(writer, chance(writer, 2) ? " in (" : " not in (");
        for (size_t left = 1 + rng_below(writer->rng, 3); left > 0; left--) {
            other(writer, type, kind);
            put(writer, left > 1 ? ", " : ")");
        }
        return;
    }
    put(writer, signs[rng_below(writer->rng, usable)]);
    if (mirrored)
        operand(writer, type, kind, depth);
    else
        other(writer, type, kind);
}

static void logic(Writer *writer, const TestType *type, int depth)
{
    const char *word = chance(writer, 2) ? " and " : " or ";
    put(writer, "(");
    for (size_t left = 2 + rng_below(writer->rng, 2); left > 0; left--) {
        condition(writer, type, depth - 1);
        put(writer, left > 1 ? word : ")");
    }
}

/* List of texts, or of references; false when the type has none. */
static bool list_contains(Writer *writer, const TestType *type)
{
    size_t           start = writer->text.len;
    const TestField *link = random_field(writer, type, VALUE_ID);
    const TestField *list = random_field(writer, type, VALUE_LIST);
    if (link && chance(writer, 4)) {
        buf_printf(&writer->text, "%.*s.", STR_FMT(link->name));
        list = random_field(writer, link->target, VALUE_LIST);
    }
    if (!list) {
        writer->text.len = start;
        return false;
    }
    buf_add(&writer->text, list->name);
    put(writer, " contains ");
    if (chance(writer, 2) && path(writer, type, list->target ? VALUE_ID : VALUE_TEXT))
        return true;
    if (list->target)
        literal(writer, VALUE_ID);
    else if (!writer->filter && chance(writer, 4))
        put(writer, "param('topic')");
    else
        buf_printf(&writer->text, "'%s'", chance(writer, 2) ? ANY_OF(writer->rng, items) : ANY_OF(writer->rng, texts));
    return true;
}

static void test_of_path(Writer *writer, const TestType *type)
{
    static const ValueKind kinds[] = { VALUE_TEXT, VALUE_INTEGER, VALUE_DECIMAL, VALUE_BOOLEAN,
                                       VALUE_DATE, VALUE_ID,      VALUE_LIST,    VALUE_ROWS };
    ValueKind              kind = ANY_OF(writer->rng, kinds);
    if (!random_field(writer, type, kind)) /* no literal has the kind of a list */
        kind = VALUE_INTEGER;
    operand(writer, type, kind, 0);
    put(writer, chance(writer, 2) ? " is missing" : " is not missing");
}

static void condition(Writer *writer, const TestType *type, int depth)
{
    static const char *const collected[] = { "any", "all" };
    size_t                   choice = rng_below(writer->rng, depth > 0 ? 12 : 6);
    if (choice >= 10 || choice == 0) {
        ValueKind of_field = chance(writer, 3) ? VALUE_BOOLEAN : VALUE_MISSING;
        if (choice && collection(writer, type, ANY_OF(writer->rng, collected), of_field, depth))
            return;
        choice = 1;
    }
    switch (choice) {
    case 1: test_of_path(writer, type); return;
    case 2:
        if (path(writer, type, VALUE_BOOLEAN))
            return;
        break;
    case 3:
        if (chance(writer, 2) && list_contains(writer, type))
            return;
        operand(writer, type, VALUE_TEXT, 0);
        put(writer, " contains ");
        other(writer, type, VALUE_TEXT);
        return;
    case 6:
        put(writer, "not ");
        condition(writer, type, depth - 1);
        return;
    case 7: logic(writer, type, depth); return;
    case 8:
        put(writer, "not ");
        logic(writer, type, depth);
        return;
    case 9:
        put(writer, "(");
        condition(writer, type, depth - 1);
        put(writer, chance(writer, 2) ? ") = (" : ") != (");
        condition(writer, type, depth - 1);
        put(writer, ")");
        return;
    default: break;
    }
    comparison(writer, type, depth);
}

static Str random_condition(Rng *rng, Arena *arena, const TestType *type, bool filter)
{
    Writer writer = { .rng = rng, .text = buf_new(arena, 65536), .filter = filter };
    condition(&writer, type, (int)rng_below(rng, 4));
    for (size_t more = rng_below(rng, 3); more > 0; more--) {
        put(&writer, " and ");
        condition(&writer, type, 1);
    }
    return buf_str(&writer.text);
}

/* NULL when it is not a filter after all (columns of different scales) or too large; any other refusal is a failure. */
static Expr *checked(Arena *arena, Str text, const TestType *type, bool filter)
{
    Problems  problems = { .arena = arena };
    ExprScope scope = test_scope(true);
    Expr     *expr = NULL;
    Err       err = expr_parse(arena, text, &expr, &problems);
    scope.code = NULL; /* the texts here are no codes */
    if (!err.kind)
        err = expr_check(arena, expr, &scope, type, VALUE_BOOLEAN, filter, &problems);
    for (size_t i = 0; i < problems.count; i++)
        if (problems.items[i].code != ECODE_EXPR_FILTER && problems.items[i].code != ECODE_EXPR_LIMIT)
            fail_msg("%.*s\n  %.*s", STR_FMT(text), STR_FMT(problems.items[i].text.in[LANG_EN]));
    return err.kind ? NULL : expr;
}

/* ---- evaluator against SQL ---- */

typedef struct Tally {
    size_t expressions, pairs, truths, refused, hidden;
} Tally;

static void compare_with_sql(Rng *rng, World *world, sqlite3 *db, Tally *tally)
{
    OWNED(arena) Arena *arena = arena_new();
    const TestType     *type = &test_types[rng_below(rng, test_type_count)];
    Str                 text = random_condition(rng, arena, type, true);
    const Expr         *expr = checked(arena, text, type, true);
    ExprEnv             env = world_env(world);
    bool                chosen[RECORDS] = { false };
    tally->expressions++;
    if (!expr) {
        tally->refused++;
        return;
    }
    Err err = world_select(world, db, arena, expr, type, chosen);
    if (err.kind)
        fail_msg("%.*s\n  %s", STR_FMT(text), err.context);
    for (size_t i = 0; i < RECORDS; i++) {
        Value value;
        if (world->records[i]->type != type)
            continue;
        assert_ok(expr_eval(arena, expr, &env, test_row(world->records[i]), &value));
        if ((value.number != 0) != chosen[i])
            fail_msg("record %zu: evaluator %s, SQL %s\n  %.*s", i, value.number ? "true" : "false",
                     chosen[i] ? "true" : "false", STR_FMT(text));
        tally->pairs++;
        tally->truths += chosen[i];
    }
}

static void evaluator_and_sql_agree(void **state)
{
    Rng   rng = rng_new();
    Tally tally = { 0 };
    (void)state;
    for (size_t i = 0; i < worlds(); i++) {
        OWNED(arena) Arena *arena = arena_new();
        World               world = random_world(&rng, arena);
        sqlite3            *db = world_database(&world);
        world.blind = true;
        for (int n = 0; n < EXPRESSIONS; n++)
            compare_with_sql(&rng, &world, db, &tally);
        sqlite3_close(db);
    }
    print_message("%zu expressions, %zu refused; %zu pairs, %zu true\n", tally.expressions, tally.refused, tally.pairs,
                  tally.truths);
    assert_in_range(tally.truths, tally.pairs / 10, tally.pairs * 9 / 10);
    assert_in_range(tally.refused, 0, tally.expressions / 20);
}

/* ---- explanations ---- */

static void explain_record(Arena *arena, World *world, const Expr *expr, Str text, ExprRow row, Tally *tally)
{
    ExprScope   scope = test_scope(true);
    ExprEnv     env = world_env(world);
    ExprClause *clauses;
    size_t      count;
    Value       open, blind;
    bool        holds = true, hidden = false;
    world->blind = false;
    if (expr_eval(arena, expr, &env, row, &open).kind) /* the arithmetic left its range */
        return;
    assert_ok(expr_explain(arena, expr, &scope, &env, row, &clauses, &count));
    for (size_t i = 0; i < count; i++) {
        const ExprClause *clause = &clauses[i];
        holds &= clause->holds;
        hidden |= clause->hidden;
        for (Lang lang = 0; lang < LANG_COUNT; lang++)
            if (clause->hidden ? clause->rule.in[lang].len || clause->found.in[lang].len : !clause->rule.in[lang].len)
                fail_msg("the words of a clause: %.*s", STR_FMT(clause->source));
    }
    if (holds != (open.number != 0))
        fail_msg("clauses %d, evaluator %d: %.*s", holds, (int)open.number, STR_FMT(text));
    world->blind = true;
    Err err = expr_eval(arena, expr, &env, row, &blind);
    if (!err.kind && blind.number != open.number && !hidden) /* only what is hidden can make the difference */
        fail_msg("no clause is hidden: %.*s", STR_FMT(text));
    tally->pairs++;
    tally->truths += holds;
    tally->hidden += hidden;
}

static void clauses_recombine_to_the_result(void **state)
{
    Rng   rng = rng_new();
    Tally tally = { 0 };
    (void)state;
    for (size_t i = 0; i < worlds(); i++) {
        OWNED(arena) Arena *arena = arena_new();
        World               world = random_world(&rng, arena);
        for (int n = 0; n < EXPRESSIONS; n++) {
            OWNED(arena) Arena *own = arena_new();
            const TestType     *type = &test_types[rng_below(&rng, test_type_count)];
            Str                 text = random_condition(&rng, own, type, false);
            const Expr         *expr = checked(own, text, type, false);
            tally.expressions++;
            for (size_t record = 0; expr && record < RECORDS; record++)
                if (world.records[record]->type == type)
                    explain_record(own, &world, expr, text, test_row(world.records[record]), &tally);
        }
    }
    print_message("%zu expressions, %zu explanations, %zu hold, %zu with hidden clauses\n", tally.expressions,
                  tally.pairs, tally.truths, tally.hidden);
    assert_in_range(tally.truths, tally.pairs / 10, tally.pairs * 9 / 10);
    assert_in_range(tally.hidden, tally.pairs / 10, tally.pairs * 9 / 10);
}

/* ---- the limits of a share ---- */

static int64_t limit_of(Arena *arena, const char *function, int64_t k, int64_t n)
{
    Problems  problems = { .arena = arena };
    World     world = world_new(arena);
    ExprScope scope = test_scope(true);
    ExprEnv   env = world_env(&world);
    Expr     *expr;
    Value     value;
    Str       text = str_printf(arena, "%s(%lld, %lld)", function, (long long)k, (long long)n);
    assert_ok(expr_parse(arena, text, &expr, &problems));
    assert_ok(expr_check(arena, expr, &scope, &test_types[0], VALUE_DECIMAL, false, &problems));
    assert_ok(expr_eval(arena, expr, &env, test_row(world_add(&world, &test_types[0])), &value));
    assert_int_equal(value.scale, 4);
    return value.number;
}

/* How far the share p lies outside the interval of k in n, by its definition; negative inside. Doubles do here: what
 * is asked of them is a ten-thousandth away from zero. */
static double outside(int64_t k, int64_t n, double p)
{
    double short_of = (double)k - (double)n * p;
    return short_of * short_of - 3.841459 * (double)n * p * (1 - p);
}

/* Each limit is the nearest ten-thousandth that the interval does not pass; more successes never lower one, and
 * failures are successes seen from the other side. */
static void limits_of_a_share_are_those_of_the_interval(void **state)
{
    Rng rng = rng_new();
    (void)state;
    for (int i = 0; i < 3000; i++) {
        OWNED(arena) Arena *arena = arena_new();
        int64_t             n = 1 + (int64_t)rng_below(&rng, i % 2 ? 12 : 5000);
        int64_t             k = (int64_t)rng_below(&rng, (size_t)n + 1);
        int64_t             low = limit_of(arena, "wilson_low", k, n), high = limit_of(arena, "wilson_high", k, n);
        assert_true(low * n <= k * 10000 && k * 10000 <= high * n);
        assert_true(low == 0 || outside(k, n, (double)low / 1e4) > -1e-6);
        assert_true(k == 0 || outside(k, n, (double)(low + 1) / 1e4) < 1e-6);
        assert_true(high == 10000 || outside(k, n, (double)high / 1e4) > -1e-6);
        assert_true(k == n || outside(k, n, (double)(high - 1) / 1e4) < 1e-6);
        assert_int_equal(high, 10000 - limit_of(arena, "wilson_low", n - k, n));
        assert_true(k == n || limit_of(arena, "wilson_low", k + 1, n) >= low);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(evaluator_and_sql_agree),
        TEST(clauses_recombine_to_the_result),
        TEST(limits_of_a_share_are_those_of_the_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
