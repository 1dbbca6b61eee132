#include "kernel/rebuild.h"

#include "kernel/event.h"
#include "kernel/record.h"

/* Those of records and of child rows, of whatever pack they are. */
static const Str sql_tables = STR_INIT(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'r\\_%' ESCAPE '\\'");

static Err drop_tables(Db *db, Arena *arena)
{
    OWNED(rows) Rows *rows = NULL;
    Buf               script = buf_new(arena, SIZE_MAX);
    TRY(db_query(db, sql_tables, NULL, 0, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        buf_printf(&script, "DROP TABLE \"%.*s\";", STR_FMT(rows_borrow_text(rows, 0)));
    }
    rows_done(rows); /* a table that is being read cannot be dropped */
    rows = NULL;
    return db_script(db, buf_str(&script));
}

Err rebuild_tables(Db *db, const Pack *pack, int64_t *events)
{
    OWNED(arena) Arena *arena = arena_new();
    TRY(drop_tables(db, arena));
    for (size_t i = 0; i < pack->type_count; i++)
        TRY(db_script(db, record_ddl(arena, &pack->types[i])));
    return event_fold(db, pack, events);
}

typedef struct RebuildJob {
    WriterJob   job;
    const City *city;
    int64_t     events;
} RebuildJob;

static Err rebuild_run(Db *db, WriterJob *job)
{
    RebuildJob *rebuild = (RebuildJob *)job;
    return rebuild_tables(db, rebuild->city->pack, &rebuild->events);
}

Err rebuild(const City *city, int64_t *events)
{
    RebuildJob job = { .job = { .run = rebuild_run }, .city = city };
    TRY(writer_run(city->writer, &job.job));
    *events = job.events;
    return ERR_OK;
}
