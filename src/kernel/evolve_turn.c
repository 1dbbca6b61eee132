/* kernel/evolve_turn.c: the records of a type that changes, one by one. */
#include "kernel/evolve_steps.h"

/* ---- which fields may become others ---- */

static bool choices_differ(const Field *from, const Field *to)
{
    if (from->choice_count != to->choice_count)
        return true;
    for (size_t i = 0; i < to->choice_count; i++)
        if (!str_eq(from->choices[i].code, to->choices[i].code))
            return true;
    return false;
}

static bool limits_differ(const Field *from, const Field *to)
{
    bool bounds = to->bounded && (!from->bounded || from->min != to->min || from->max != to->max);
    return from->kind != to->kind || from->scale != to->scale || to->max_points < from->max_points || bounds;
}

static bool columns_differ(const Type *from, const Type *to)
{
    if (from->field_count != to->field_count)
        return true;
    for (size_t i = ROW_COLUMNS; i < to->field_count; i++)
        if (!str_eq(from->fields[i].name, to->fields[i].name) || limits_differ(&from->fields[i], &to->fields[i]) ||
            choices_differ(&from->fields[i], &to->fields[i]))
            return true;
    return false;
}

static bool values_may_differ(const Field *from, const Field *to)
{
    bool rows = from->kind == FIELD_ROWS && to->kind == FIELD_ROWS && columns_differ(from->rows, to->rows);
    return limits_differ(from, to) || choices_differ(from, to) || rows;
}

const Field **evolve_turn_fields(Arena *arena, const Type *from, const Type *to)
{
    const Field **fields = ARENA_ARRAY(arena, const Field *, to->stored_count);
    for (size_t i = 0; i < to->stored_count; i++) {
        const Field *field = &to->fields[i], *before = evolve_field_before(from, field);
        if (before && (field->system || evolve_fields_fit(from->pack, before, field)))
            fields[i] = before;
    }
    return fields;
}

EvolveTurn evolve_turn(const EvolveNames *names, Arena *arena, const Type *from, const Type *to)
{
    EvolveTurn turn = { .names = names,
                        .from = from,
                        .to = to,
                        .fields = evolve_turn_fields(arena, from, to),
                        .turns = ARENA_ARRAY(arena, bool, from->stored_count) };
    for (size_t i = 0; i < to->stored_count; i++) {
        const Field *before = turn.fields[i];
        bool turns = before ? values_may_differ(before, &to->fields[i]) || evolve_names_turn(names, arena, before)
                            : to->fields[i].default_kind == DEFAULT_VALUE;
        if (before)
            turn.turns[before->index] = turns;
        turn.any = turn.any || turns;
    }
    return turn;
}

/* ---- a record ---- */

/* To the last bit: 12.5 and 12.50 are the same number, and not the same column. */
static bool stored_alike(Value a, Value b)
{
    return a.kind == b.kind && a.scale == b.scale && a.number == b.number && str_eq(a.text, b.text);
}

static void turn_field(const EvolveTurn *turn, Arena *arena, size_t index, EvolveTurned *out)
{
    const Field *field = &turn->to->fields[index], *before = turn->fields[index], *same;
    Value       *value = &out->after.values[index];
    bool         fits;
    if (!before) {
        *value = field->default_kind == DEFAULT_VALUE ? field->default_value : VALUE_NONE;
        out->set[index] = value->kind != VALUE_MISSING;
    } else if (!turn->turns[before->index]) {
        *value = out->before.values[before->index];
    } else {
        evolve_value_planned(turn->names, arena, before, out->before.values[before->index], &same, value, &fits);
        out->misfits[before->index] = !fits;
        out->set[index] = !stored_alike(*value, out->before.values[before->index]);
    }
    out->touched = out->touched || out->set[index];
}

static void turn_record(const EvolveTurn *turn, Arena *arena, EvolveTurned *out)
{
    out->after = (Record){ .type = turn->to, .values = ARENA_ARRAY(arena, Value, turn->to->field_count) };
    out->set = ARENA_ARRAY(arena, bool, turn->to->field_count);
    out->misfits = ARENA_ARRAY(arena, bool, turn->from->field_count);
    for (size_t i = 0; i < turn->to->stored_count; i++)
        turn_field(turn, arena, i, out);
}

Err evolve_turn_read(const EvolveTurn *turn, Db *db, Arena *arena, Str table, Str after, EvolveTurned **out,
                     size_t *count)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_id(after), value_int(EVOLVE_ITEMS) };
    Buf               sql = buf_new(arena, SIZE_MAX);
    buf_add(&sql, STR("SELECT "));
    record_columns(&sql, turn->from, STR_NONE);
    buf_printf(&sql, " FROM \"%.*s\" WHERE \"id\" > ? ORDER BY \"id\" LIMIT ?", STR_FMT(table));
    TRY(db_query(db, buf_str(&sql), params, 2, &rows));
    *out = ARENA_ARRAY(arena, EvolveTurned, EVOLVE_ITEMS);
    *count = 0;
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        EvolveTurned *turned = &(*out)[(*count)++];
        record_from_row(arena, turn->from, rows, 0, &turned->before);
        turn_record(turn, arena, turned);
    }
}
