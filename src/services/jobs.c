#include "services/jobs.h"

#include "kernel/import.h"
#include "kernel/job.h"

bool jobs_own(const Ctx *ctx, const Record *job)
{
    Str creator = job->values[SYS_CREATOR].text;
    return ctx->actor && creator.len && str_eq(creator, ctx->actor->person);
}

static Err put_refusals(const Ctx *ctx, const Record *job, Json *json)
{
    ImportRefusal *rows;
    size_t         count;
    TRY(import_refusals(ctx, record_id(job), 0, JOBS_REFUSED_SHOWN, &rows, &count));
    Json *list = json_set(json, STR("refusals"), json_array(ctx->arena));
    for (size_t i = 0; i < count; i++) {
        Json *row = json_push(list, json_object(ctx->arena));
        json_set_int(ctx->arena, row, STR("line"), rows[i].line);
        json_set_str(ctx->arena, row, STR("reasons"), rows[i].reasons);
    }
    json_set_str(ctx->arena, json, STR("errors"),
                 str_printf(ctx->arena, "/api/v1/jobs/%.*s/errors", STR_FMT(record_id(job))));
    return ERR_OK;
}

Err jobs_view(const Ctx *ctx, const Record *record, Json **out)
{
    JobProgress progress;
    Arena      *arena = ctx->arena;
    Json       *json = json_object(arena);
    TRY(job_progress(ctx, record_id(record), &progress));
    if (progress.total < 0)
        json_set(json, STR("total"), json_null(arena));
    else
        json_set_int(arena, json, STR("total"), progress.total);
    json_set_int(arena, json, STR("done"), progress.done);
    json_set_int(arena, json, STR("added"), progress.added);
    json_set_int(arena, json, STR("updated"), progress.updated);
    json_set_int(arena, json, STR("unchanged"), progress.unchanged);
    json_set_int(arena, json, STR("refused"), progress.refused);
    *out = json;
    return progress.refused && jobs_own(ctx, record) ? put_refusals(ctx, record, json) : ERR_OK;
}
