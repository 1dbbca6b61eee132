#include "kernel/delivery.h"

#include "base/limits.h"

#define SWEEP_ROWS 1000 /* of one writer's job: a sweep holds nobody up */

#define COLUMNS "id, target, type, record, state, sequence, item, tries, next, created, ended"

static const Str sql_log = STR_INIT("SELECT " COLUMNS " FROM delivery WHERE target = ?1"
                                    " AND (?2 = '' OR state = ?2) AND (?3 = '' OR id < ?3) ORDER BY id DESC LIMIT ?4");
static const Str sql_newest = STR_INIT("SELECT " COLUMNS " FROM delivery WHERE record = ? AND target = ?"
                                       " ORDER BY id DESC LIMIT 1");
static const Str sql_tries = STR_INIT(
    "SELECT time, status, problem FROM delivery_try WHERE delivery = ? ORDER BY number");
static const Str sql_due = STR_INIT("SELECT " COLUMNS " FROM delivery WHERE target = ? AND state = 'waiting'"
                                    " AND next <= ? ORDER BY next, sequence, item LIMIT 1");
static const Str sql_waiting = STR_INIT("SELECT count(*) FROM delivery WHERE target = ? AND state = 'waiting'");
static const Str sql_add = STR_INIT("INSERT INTO delivery (" COLUMNS
                                    ") VALUES (?, ?, ?, ?, 'waiting', ?, ?, 0, ?, ?, 0)"
                                    " ON CONFLICT (target, sequence, item, record) DO NOTHING");
static const Str sql_try = STR_INIT("INSERT INTO delivery_try (delivery, number, time, status, problem)"
                                    " SELECT ?1, count(*) + 1, ?2, ?3, ?4 FROM delivery_try WHERE delivery = ?1");
static const Str sql_tried = STR_INIT("UPDATE delivery SET state = ?, tries = ?, next = ?, ended = ?"
                                      " WHERE id = ? AND state = 'waiting'");
static const Str sql_resend = STR_INIT("UPDATE delivery SET state = 'waiting', tries = 0, next = ?, ended = 0"
                                       " WHERE id = ? AND target = ? AND state != 'waiting'");
static const Str sql_drop = STR_INIT(
    "UPDATE delivery SET state = 'dropped', ended = ? WHERE target = ? AND state = 'waiting'");
static const Str sql_old = STR_INIT("SELECT EXISTS (SELECT 1 FROM delivery WHERE state != 'waiting' AND ended < ?)");
static const Str sql_sweep_tries = STR_INIT(
    "DELETE FROM delivery_try WHERE delivery IN"
    " (SELECT id FROM delivery WHERE state != 'waiting' AND ended < ? ORDER BY ended LIMIT ?)");
static const Str sql_sweep = STR_INIT(
    "DELETE FROM delivery WHERE id IN"
    " (SELECT id FROM delivery WHERE state != 'waiting' AND ended < ? ORDER BY ended LIMIT ?)");

static Str text_at(const Rows *rows, Arena *arena, int column)
{
    return str_dup(arena, rows_borrow_text(rows, column));
}

static Delivery delivery_from(const Rows *rows, Arena *arena)
{
    return (Delivery){ .id = text_at(rows, arena, 0),
                       .target = text_at(rows, arena, 1),
                       .type = text_at(rows, arena, 2),
                       .record = text_at(rows, arena, 3),
                       .state = text_at(rows, arena, 4),
                       .sequence = rows_int(rows, 5),
                       .item = rows_int(rows, 6),
                       .tries = rows_int(rows, 7),
                       .next_ms = rows_int(rows, 8),
                       .created_ms = rows_int(rows, 9),
                       .ended_ms = rows_int(rows, 10) };
}

/* ---- the log ---- */

static Err tries_json(Db *db, Arena *arena, Str delivery, Json *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_text(delivery) };
    bool              more;
    TRY(db_query(db, sql_tries, params, 1, &rows));
    for (;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        Json *one = json_push(out, json_object(arena));
        json_set_str(arena, one, STR("time"), instant_text(arena, rows_int(rows, 0)));
        if (rows_int(rows, 1))
            json_set_int(arena, one, STR("status"), rows_int(rows, 1));
        if (rows_borrow_text(rows, 2).len)
            json_set_str(arena, one, STR("problem"), text_at(rows, arena, 2));
    }
}

static void about_json(Arena *arena, const Delivery *delivery, Json *out)
{
    bool mail = str_eq(delivery->target, DELIVERY_MAIL);
    if (!mail)
        json_set_int(arena, out, STR("event"), delivery->sequence);
    json_set_str(arena, out, STR("type"), delivery->type);
    json_set_str(arena, out, mail ? STR("person") : STR("record"), delivery->record);
}

static Err delivery_json(Db *db, Arena *arena, const Delivery *delivery, Json *out)
{
    json_set_str(arena, out, STR("id"), delivery->id);
    about_json(arena, delivery, out);
    json_set_str(arena, out, STR("state"), delivery->state);
    json_set_str(arena, out, STR("created"), instant_text(arena, delivery->created_ms));
    if (delivery->ended_ms)
        json_set_str(arena, out, STR("ended"), instant_text(arena, delivery->ended_ms));
    else
        json_set_str(arena, out, STR("next"), instant_text(arena, delivery->next_ms));
    return tries_json(db, arena, delivery->id, json_set(out, STR("tries"), json_array(arena)));
}

Err delivery_log(Db *db, Arena *arena, Str target, Str state, Str before, Json **out)
{
    OWNED(rows) Rows *rows = NULL;
    Value params[] = { value_text(target), value_text(state), value_text(before), value_int(LIMIT_DELIVERIES) };
    bool  more;
    *out = json_array(arena);
    TRY(db_query(db, sql_log, params, 4, &rows));
    for (;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        Delivery delivery = delivery_from(rows, arena);
        TRY(delivery_json(db, arena, &delivery, json_push(*out, json_object(arena))));
    }
}

Err delivery_newest(Db *db, Arena *arena, Str target, Str record, Json **out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_text(record), value_text(target) };
    bool              found;
    *out = NULL;
    TRY(db_query(db, sql_newest, params, 2, &rows));
    TRY(rows_next(rows, &found));
    if (!found)
        return ERR_OK;
    Delivery delivery = delivery_from(rows, arena);
    *out = json_object(arena);
    return delivery_json(db, arena, &delivery, *out);
}

/* ---- what waits ---- */

Err delivery_due(Db *db, Arena *arena, Str target, int64_t now_ms, Delivery *out, bool *found)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_text(target), value_instant(now_ms) };
    TRY(db_query(db, sql_due, params, 2, &rows));
    TRY(rows_next(rows, found));
    if (*found)
        *out = delivery_from(rows, arena);
    return ERR_OK;
}

static Err number_of(Db *db, Str sql, Value param, int64_t *out)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    TRY(db_query(db, sql, &param, 1, &rows));
    TRY(rows_next(rows, &more));
    *out = rows_int(rows, 0);
    return ERR_OK;
}

Err delivery_waiting(Db *db, Str target, int64_t *out) { return number_of(db, sql_waiting, value_text(target), out); }

Err delivery_any_old(Db *db, int64_t now_ms, bool *out)
{
    int64_t any;
    TRY(number_of(db, sql_old, value_instant(now_ms - DELIVERY_KEPT_MS), &any));
    *out = any != 0;
    return ERR_OK;
}

/* ---- on the writer ---- */

Err delivery_add(Db *db, const Delivery *delivery)
{
    Value row[] = { value_text(delivery->id),         value_text(delivery->target),       value_text(delivery->type),
                    value_text(delivery->record),     value_int(delivery->sequence),      value_int(delivery->item),
                    value_instant(delivery->next_ms), value_instant(delivery->created_ms) };
    return db_run(db, sql_add, row, sizeof row / sizeof row[0]);
}

Err delivery_tried(Db *db, const Delivery *delivery, int64_t now_ms, int status, Str problem)
{
    Value a_try[] = { value_text(delivery->id), value_instant(now_ms), value_int(status), value_text(problem) };
    Value row[] = { value_text(delivery->state), value_int(delivery->tries), value_instant(delivery->next_ms),
                    value_instant(delivery->ended_ms), value_text(delivery->id) };
    TRY(db_run(db, sql_try, a_try, 4));
    return db_run(db, sql_tried, row, 5);
}

Err delivery_resend(Db *db, Str target, Str id, int64_t now_ms)
{
    Value params[] = { value_instant(now_ms), value_text(id), value_text(target) };
    TRY(db_run(db, sql_resend, params, 3));
    return db_changes(db) ? ERR_OK : err_make(ECODE_RECORD_UNSEEN, "delivery");
}

Err delivery_drop(Db *db, Str target, int64_t now_ms)
{
    Value params[] = { value_instant(now_ms), value_text(target) };
    return db_run(db, sql_drop, params, 2);
}

Err delivery_sweep(Db *db, int64_t now_ms)
{
    Value params[] = { value_instant(now_ms - DELIVERY_KEPT_MS), value_int(SWEEP_ROWS) };
    TRY(db_run(db, sql_sweep_tries, params, 2));
    return db_run(db, sql_sweep, params, 2);
}
