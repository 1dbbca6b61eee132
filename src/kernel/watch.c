#include "kernel/watch.h"

#include "kernel/clock_steps.h"

static const Str sql_figures = STR_INIT(
    "SELECT (SELECT coalesce(max(sequence), 0) FROM event),"
    " (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size()),"
    " (SELECT count(*) FROM delivery WHERE state = 'waiting'), (SELECT count(*) FROM delivery WHERE state = 'dead'),"
    " (SELECT coalesce(max(sequence), 0) FROM event) - (SELECT sequence FROM notice_state),"
    " (SELECT count(*) FROM upload)");
static const Str sql_jobs = STR_INIT("SELECT count(*) FROM r_job WHERE state IN ('waiting', 'running')");

static Err jobs_open(const Ctx *ctx, int64_t *out)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    *out = 0;
    if (!ctx->city->pack->job)
        return ERR_OK;
    TRY(db_query(ctx->db, sql_jobs, NULL, 0, &rows));
    TRY(rows_next(rows, &more));
    *out = rows_int(rows, 0);
    return ERR_OK;
}

Err city_figures(const Ctx *ctx, CityFigures *out)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    TRY(db_query(ctx->db, sql_figures, NULL, 0, &rows));
    TRY(rows_next(rows, &more));
    *out = (CityFigures){ .events = rows_int(rows, 0),
                          .database_bytes = rows_int(rows, 1),
                          .deliveries_waiting = rows_int(rows, 2),
                          .deliveries_dead = rows_int(rows, 3),
                          .notices_behind = rows_int(rows, 4),
                          .uploads_waiting = rows_int(rows, 5) };
    TRY(jobs_open(ctx, &out->jobs_open));
    return clock_lag(ctx, &out->clock_lag_ms);
}
