#include "kernel/rules.h"

#include "kernel/rows.h"

/* ---- which rules and guards a step concerns ---- */

typedef struct Reading {
    const Type *type;
    const bool *fields; /* of the type */
    bool        found;
} Reading;

static void reads_visit(void *context, const void *type, const void *field)
{
    Reading     *reading = context;
    const Field *of = field;
    (void)type;
    if (of->type->row_of)
        of = of->type->row_of;
    if (of->type != reading->type || reading->found)
        return;
    if (of->kind == FIELD_COMPUTED) /* the loader refuses circles */
        expr_fields(of->formula, reads_visit, context);
    else
        reading->found = reading->fields[of->index];
}

bool rules_read(const Expr *when, const Type *type, const bool *fields)
{
    Reading reading = { .type = type, .fields = fields };
    expr_fields(when, reads_visit, &reading);
    return reading.found;
}

/* ---- rules ---- */

/* The values found in the clauses that fail; false when one rests on something hidden. */
static bool found_text(Arena *arena, const ExprClause *clauses, size_t count, Text *out)
{
    static const Text between = TEXT_INIT("；", "; ");
    Str              *parts = ARENA_ARRAY(arena, Str, count);
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        size_t failing = 0;
        for (size_t i = 0; i < count; i++) {
            if (clauses[i].hidden)
                return false;
            if (!clauses[i].holds)
                parts[failing++] = clauses[i].found.in[lang];
        }
        out->in[lang] = str_join(arena, parts, failing, between.in[lang]);
    }
    return true;
}

static Err rule_explain(const Ctx *ctx, const Rule *rule, const Record *after, bool *hidden, Problems *problems)
{
    ExprEnv     env = access_env(ctx);
    ExprScope   scope = pack_scope(ctx->city->pack, true);
    const Type *type = after->type;
    ExprClause *clauses;
    size_t      count;
    Text        found;
    TRY(expr_explain(ctx->arena, rule->when, &scope, &env, (ExprRow){ type, after }, &clauses, &count));
    if (!found_text(ctx->arena, clauses, count, &found)) {
        *hidden = true;
        return ERR_OK;
    }
    bool   at_field = rule->field >= 0 && access_shows(&after->clearance, &type->fields[rule->field]);
    ErrArg args[] = { ARG_TEXT("rule", rule->rule), ARG_TEXT("found", found), ARG_TEXT("helps", rule->helps) };
    problem_add(problems, ECODE_FIELD_RULE, at_field ? type->fields[rule->field].name : STR_NONE, rule->text, args,
                rule->helps.in[0].len ? 3 : 2);
    return ERR_OK;
}

Err rules_check(const Ctx *ctx, const Record *after, const bool *set, const bool *unread, Problems *problems)
{
    OWNED(arena) Arena *scratch = arena_new(); /* what they read is let go of: an import has many rows */
    Ctx                 inner = *ctx;
    inner.arena = scratch;
    const Type *type = after->type;
    ExprEnv     env = access_env_truth(&inner);
    bool        hidden = false;
    for (size_t i = 0; i < type->rule_count; i++) {
        const Rule *rule = &type->rules[i];
        Value       value;
        if ((set && !rules_read(rule->when, type, set)) || (unread && rules_read(rule->when, type, unread)))
            continue;
        TRY(expr_eval(scratch, rule->when, &env, (ExprRow){ type, after }, &value));
        if (value.kind != VALUE_BOOLEAN || !value.number)
            TRY(rule_explain(ctx, rule, after, &hidden, problems));
    }
    if (hidden) /* once, however many there are: their number tells something, too */
        PROBLEM(problems, ECODE_ACTION_CLAUSE_HIDDEN, STR_NONE, STR_NONE);
    return ERR_OK;
}

/* ---- values that no other record may have ---- */

static Err value_taken(const Ctx *ctx, const Record *after, const Field *field, bool *out)
{
    Value owner = after->values[SYS_OWNER];
    Value params[] = { after->values[field->index], after->values[SYS_ID], owner };
    bool  within = field->unique == UNIQUE_OWNER, owned = within && owner.kind != VALUE_MISSING;
    Str   sql = str_printf(ctx->arena, "SELECT 1 FROM \"%.*s\" WHERE \"%.*s\" = ? AND \"id\" != ?%s LIMIT 1",
                           STR_FMT(after->type->table), STR_FMT(field->name),
                         !within ? ""
                           : owned ? " AND \"owner\" = ?"
                                   : " AND \"owner\" IS NULL");
    OWNED(rows) Rows *rows = NULL;
    TRY(db_query(ctx->db, sql, params, owned ? 3 : 2, &rows));
    return rows_next(rows, out);
}

/* ---- values that no other row of the record may have ---- */

static void column_once(const Field *field, const Field *column, const Record *rows, size_t count, Problems *problems)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++) {
            Value value = rows[i].values[column->index];
            if (value.kind == VALUE_MISSING || !value_eq(value, rows[j].values[column->index]))
                continue;
            Str name = str_printf(problems->arena, "%.*s[%zu].%.*s", STR_FMT(field->name), i + 1,
                                  STR_FMT(column->name));
            PROBLEM(problems, ECODE_FIELD_TWICE, name, STR_NONE, ARG_TEXT("label", column->label),
                    ARG("row", str_printf(problems->arena, "%zu", i + 1)),
                    ARG("first", str_printf(problems->arena, "%zu", j + 1)));
            break;
        }
}

Err once_check(const Ctx *ctx, const Record *after, const bool *set, Problems *problems)
{
    const Type *type = after->type;
    for (size_t i = SYS_COUNT; i < type->stored_count; i++) {
        const Field *field = &type->fields[i];
        Record      *rows = NULL;
        size_t       count = 0;
        if (field->kind != FIELD_ROWS || (set && !set[i]) || after->values[i].kind == VALUE_MISSING)
            continue;
        for (size_t c = ROW_COLUMNS; c < field->rows->field_count; c++) {
            if (!field->rows->fields[c].once)
                continue;
            if (!rows)
                TRY(rows_read(ctx->arena, field, NULL, after->values[i], &rows, &count));
            column_once(field, &field->rows->fields[c], rows, count, problems);
        }
    }
    return ERR_OK;
}

Err unique_check(const Ctx *ctx, const Record *after, const bool *set, Problems *problems)
{
    const Type *type = after->type;
    for (size_t i = SYS_COUNT; i < type->stored_count; i++) {
        const Field *field = &type->fields[i];
        bool         taken;
        if (field->unique == UNIQUE_NO || (set && !set[i]) || after->values[i].kind == VALUE_MISSING)
            continue;
        TRY(value_taken(ctx, after, field, &taken));
        if (taken)
            PROBLEM(problems, ECODE_FIELD_UNIQUE, field->name, STR_NONE, ARG_TEXT("label", field->label));
    }
    return ERR_OK;
}
