#include "kernel/rebuild.h"

#include "kernel/event.h"
#include "kernel/record.h"

typedef struct RebuildJob {
    WriterJob   job;
    const City *city;
    int64_t     events;
} RebuildJob;

static Err rebuild_run(Db *db, WriterJob *job)
{
    RebuildJob         *rebuild = (RebuildJob *)job;
    const Pack         *pack = rebuild->city->pack;
    OWNED(arena) Arena *arena = arena_new();
    for (size_t i = 0; i < pack->type_count; i++) {
        const Type *type = &pack->types[i];
        TRY(db_script(db, str_printf(arena, "DROP TABLE IF EXISTS \"%.*s\"", STR_FMT(type->table))));
        TRY(db_script(db, record_ddl(arena, type)));
    }
    return event_fold(db, pack, &rebuild->events);
}

Err rebuild(const City *city, int64_t *events)
{
    RebuildJob job = { .job = { .run = rebuild_run }, .city = city };
    TRY(writer_run(city->writer, &job.job));
    *events = job.events;
    return ERR_OK;
}
