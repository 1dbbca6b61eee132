/* kernel/evolve_clocks.c: clocks that run, when days are counted otherwise than before. */
#include "kernel/clock.h"
#include "kernel/evolve_steps.h"

/* ---- before: how many ---- */

/* The columns of before for the clock's fields, in the order of ClockField; false when one of them was not there. */
static bool columns_before(Arena *arena, const Type *from, const Type *to, const Clock *clock, const Field **out)
{
    const Field **fields = evolve_turn_fields(arena, from, to);
    for (int i = 0; i < CLOCK_FIELDS; i++) {
        out[i] = fields[clock->first + i];
        if (!out[i])
            return false;
    }
    return true;
}

Err evolve_clock_count(Db *db, Arena *arena, const Type *from, const Type *to, const Clock *clock, int64_t *out)
{
    OWNED(rows) Rows *rows = NULL;
    const Field      *columns[CLOCK_FIELDS];
    Buf               sql = buf_new(arena, SIZE_MAX);
    int64_t           due;
    *out = 0;
    if (!columns_before(arena, from, to, clock, columns))
        return ERR_OK;
    buf_printf(&sql, "SELECT \"%.*s\", \"%.*s\", \"%.*s\"", STR_FMT(columns[CLOCK_FROM]->name),
               STR_FMT(columns[CLOCK_DAYS]->name), STR_FMT(columns[CLOCK_DUE]->name));
    buf_printf(&sql, " FROM \"%.*s\" WHERE \"%.*s\" IS NOT NULL", STR_FMT(from->table),
               STR_FMT(columns[CLOCK_DUE]->name));
    TRY(db_query(db, buf_str(&sql), NULL, 0, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        *out += clock_due(clock, to->pack->calendar, rows_int(rows, 0), rows_int(rows, 1), &due) &&
                due != rows_int(rows, 2);
    }
}

/* ---- after ---- */

/* False when the clock is due on the day that it says. */
static bool turn(const Clock *clock, Arena *arena, const Record *record, EvolveTouch *out)
{
    ClockStand stand = clock_stand(clock, record->values);
    int64_t    due;
    if (!clock_due(clock, record->type->pack->calendar, stand.from, stand.days, &due) || due == stand.due)
        return false;
    stand.due = due;
    *out = (EvolveTouch){ *record, ARENA_ARRAY(arena, bool, record->type->field_count) };
    clock_keep(clock, &stand, out->record.values, out->set);
    return true;
}

/* Records whose clock runs, in the order of their ids, and the event of those whose day is another. */
static Err turn_batch(const EvolveWriting *writing, const Type *type, const Clock *clock, Buf *after, size_t *count)
{
    OWNED(rows) Rows *rows = NULL;
    Arena            *arena = writing->arena;
    EvolveTouch      *touches = ARENA_ARRAY(arena, EvolveTouch, EVOLVE_ITEMS);
    Value             params[] = { value_id(buf_str(after)), value_int(EVOLVE_ITEMS) };
    size_t            touched = 0;
    Record            record = { 0 };
    Buf               sql = buf_new(arena, SIZE_MAX);
    buf_add(&sql, STR("SELECT "));
    record_columns(&sql, type, STR_NONE);
    buf_printf(&sql, " FROM \"%.*s\" WHERE \"%.*s\" IS NOT NULL AND \"id\" > ? ORDER BY \"id\" LIMIT ?",
               STR_FMT(type->table), STR_FMT(clock_field(type, clock, CLOCK_DUE)->name));
    TRY(db_query(writing->db, buf_str(&sql), params, 2, &rows));
    *count = 0;
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        record_from_row(arena, type, rows, 0, &record);
        touched += turn(clock, arena, &record, &touches[touched]);
        (*count)++;
    }
    rows_done(rows);
    rows = NULL;
    after->len = 0;
    buf_add(after, *count ? record_id(&record) : STR_NONE);
    TRY(evolve_touch(writing, touches, touched));
    arena_reset(arena);
    return ERR_OK;
}

Err evolve_clocks(const EvolveWriting *writing)
{
    OWNED(arena) Arena *kept = arena_new();
    for (size_t t = 0; t < writing->pack->type_count; t++) {
        const Type *type = &writing->pack->types[t];
        for (size_t c = 0; c < type->clock_count; c++) {
            Buf    after = buf_new(kept, SIZE_MAX);
            size_t count = EVOLVE_ITEMS;
            while (count == EVOLVE_ITEMS)
                TRY(turn_batch(writing, type, &type->clocks[c], &after, &count));
        }
    }
    return ERR_OK;
}
