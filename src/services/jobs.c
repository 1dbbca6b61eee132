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

Err jobs_find_own(const Ctx *ctx, Str id, Record *out)
{
    const Type *type = ctx->city->pack->job;
    if (!type)
        return err_make(ECODE_RECORD_UNSEEN, "no jobs");
    TRY(find_one(ctx, type, id, out));
    return jobs_own(ctx, out) ? ERR_OK : err_make(ECODE_RECORD_UNSEEN, "another's");
}

Json *jobs_again(const Ctx *ctx, const Record *job)
{
    static const char *const same[] = { "title", "kind", "about", "file", "mapping", "sheet", "language" };
    Json                    *input = json_object(ctx->arena);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        Value value = job_value(job, same[i]);
        if (value.kind != VALUE_MISSING)
            json_set_str(ctx->arena, input, str_from(same[i]), value.text);
    }
    return input;
}

/* ---- columns ---- */

static void put_name(Arena *arena, Json *json, Str key, const Field *field)
{
    json_set(json, key, field ? json_string(arena, field->name) : json_null(arena));
}

/* The cells of one column, of all rows. */
static Json *column_values(Arena *arena, const Json *rows, size_t column)
{
    Json *values = json_array(arena);
    JSON_EACH(row, rows) {
        size_t at = 0;
        JSON_EACH(cell, row)
            if (at++ == column)
                json_push(values, json_string(arena, json_text(cell)));
    }
    return values;
}

static void put_columns(Arena *arena, const ImportMatch *match, const Json *rows, Json *json)
{
    Json *columns = json_set(json, STR("columns"), json_array(arena));
    Json *fields = json_set(json, STR("fields"), json_array(arena));
    for (size_t i = 0; i < match->count; i++) {
        Json *column = json_push(columns, json_object(arena));
        json_set_str(arena, column, STR("column"), match->columns[i].name);
        put_name(arena, column, STR("field"), match->columns[i].field);
        put_name(arena, column, STR("near"), match->columns[i].near);
        json_set_bool(arena, column, STR("passed"), match->columns[i].passed);
        json_set(column, STR("values"), column_values(arena, rows, i));
    }
    for (size_t i = 0; i < match->field_count; i++)
        json_push(fields, json_string(arena, match->fields[i]->name));
}

/* What cannot be read maps nothing: the job has failed for that reason, and says so. */
static const Json *mapping_of(const Ctx *ctx, const Record *job)
{
    Json *mapping = NULL;
    Value text = job_value(job, "mapping");
    if (text.kind == VALUE_MISSING || json_parse(ctx->arena, text.text, &mapping).kind)
        return NULL;
    return mapping->kind == JSON_OBJECT ? mapping : NULL;
}

Err jobs_columns(const Ctx *ctx, const Record *job, Json **out)
{
    bool         found;
    ImportSample sample;
    ImportMatch  match = { 0 };
    const Type  *type = pack_type(ctx->city->pack, job_value(job, "about").text);
    if (!type || !str_eq(job_value(job, "kind").text, job_import.name))
        return err_make(ECODE_RECORD_UNSEEN, "no import");
    TRY(import_sample(ctx, record_id(job), &sample, &found));
    if (found)
        import_match(ctx, type, sample.columns, mapping_of(ctx, job), &match);
    *out = json_object(ctx->arena);
    json_set_str(ctx->arena, *out, STR("about"), type->name);
    put_columns(ctx->arena, &match, sample.rows, *out);
    return ERR_OK;
}
