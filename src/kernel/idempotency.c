#include "kernel/idempotency.h"

#define DUTY_MS    (INT64_C(3600) * 1000)
#define SWEEP_ROWS 1000 /* of one writer's job: a sweep holds nobody up */

static const Str sql_find = STR_INIT("SELECT body, type, record, time FROM idempotency"
                                     " WHERE person = ? AND endpoint = ? AND key = ? AND time >= ?"
                                     " AND (part = ? OR body != ?) ORDER BY body = ? LIMIT 1");
static const Str sql_keep = STR_INIT(
    "INSERT INTO idempotency (person, endpoint, key, part, body, type, record, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (person, endpoint, key, part) DO UPDATE SET body = excluded.body, type = excluded.type,"
    " record = excluded.record, time = excluded.time");
static const Str sql_sweep = STR_INIT(
    "DELETE FROM idempotency WHERE (person, endpoint, key, part) IN"
    " (SELECT person, endpoint, key, part FROM idempotency WHERE time < ? ORDER BY time LIMIT ?)");

static Str body_text(Arena *arena, const IdempotencyKey *key) { return hex_encode(arena, hash_str(&key->body)); }

Err idempotency_find(Db *db, Arena *arena, const IdempotencyKey *key, int64_t now_ms, IdempotencyDone *out, bool *found)
{
    OWNED(rows) Rows *rows = NULL;
    Value             body = value_text(body_text(arena, key));
    Value             params[] = { value_text(key->person),
                                   value_text(key->endpoint),
                                   value_text(key->key),
                                   value_instant(now_ms - IDEMPOTENCY_KEPT_MS),
                                   value_int(key->part),
                                   body,
                                   body };
    *out = (IdempotencyDone){ 0 };
    TRY(db_query(db, sql_find, params, 7, &rows));
    TRY(rows_next(rows, found));
    if (!*found)
        return ERR_OK;
    if (!str_eq(rows_borrow_text(rows, 0), body.text))
        return err_make(ECODE_KEY_REUSED, "");
    out->type = str_dup(arena, rows_borrow_text(rows, 1));
    out->record = str_dup(arena, rows_borrow_text(rows, 2));
    out->time_ms = rows_int(rows, 3);
    return ERR_OK;
}

Err idempotency_keep(Db *db, const IdempotencyKey *key, int64_t now_ms, const IdempotencyDone *done)
{
    OWNED(arena) Arena *scratch = arena_new();
    Value               row[] = { value_text(key->person),
                                  value_text(key->endpoint),
                                  value_text(key->key),
                                  value_int(key->part),
                                  value_text(body_text(scratch, key)),
                                  value_text(done->type),
                                  value_text(done->record),
                                  value_instant(now_ms) };
    return db_run(db, sql_keep, row, 8);
}

/* ---- forgetting ---- */

typedef struct Sweep {
    WriterJob job;
    int64_t   before, gone;
} Sweep;

static Err sweep_run(Db *db, WriterJob *job)
{
    Sweep *sweep = (Sweep *)job;
    Value  params[] = { value_instant(sweep->before), value_int(SWEEP_ROWS) };
    TRY(db_run(db, sql_sweep, params, 2));
    sweep->gone = db_changes(db);
    return ERR_OK;
}

Err idempotency_duty(DutyRun *run)
{
    Sweep sweep = { .job = { .run = sweep_run }, .before = run->ctx.now_ms - IDEMPOTENCY_KEPT_MS };
    run->next_ms = run->ctx.now_ms + DUTY_MS;
    do {
        TRY(writer_run(run->ctx.city->writer, &sweep.job));
    } while (sweep.gone == SWEEP_ROWS && !duty_ends(run));
    return ERR_OK;
}
