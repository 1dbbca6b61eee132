#include "kernel/import_kept.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "kernel/import.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the first rows ---- */

#define SHOWN_POINTS  80     /* of a cell: enough to know what it is */
#define COLUMNS_BYTES 262144 /* of a head; of a longer one there is no sample */

static const Str sql_sample_put = STR_INIT(
    "INSERT OR REPLACE INTO job_sample (job, is_table, columns, rows) VALUES (?, ?, ?, ?)");
static const Str sql_sample = STR_INIT("SELECT is_table, columns, rows FROM job_sample WHERE job = ?");

typedef struct Sample {
    WriterJob job;
    Str       id;
    bool      is_table;
    Str       columns, rows;
} Sample;

static Err sample_write(Db *db, WriterJob *job)
{
    const Sample *sample = (const Sample *)job;
    Value         row[] = { value_id(sample->id), value_bool(sample->is_table), value_text(sample->columns),
                            value_text(sample->rows) };
    return db_run(db, sql_sample_put, row, 4);
}

static Json *shown(Arena *arena, Str cell)
{
    Str text = utf8_clip(str_trim(cell), SHOWN_POINTS);
    return json_string(arena, text.len < str_trim(cell).len ? str_printf(arena, "%.*s…", STR_FMT(text)) : text);
}

static Str member_text(Arena *arena, const Json *value)
{
    Buf out = buf_new(arena, SIZE_MAX);
    if (!value || value->kind == JSON_NULL)
        return STR("");
    if (value->kind == JSON_STRING)
        return value->text;
    json_write(&out, value);
    return buf_str(&out);
}

/* A cell for each column: of a row that is too short an empty one. */
static Json *shown_row(Arena *arena, const Type *type, const ImportFile *file, const ImportGiven *given)
{
    Json *row = json_array(arena);
    for (size_t i = 0; i < file->column_count; i++) {
        Str cell = STR("");
        if (given->object)
            cell = member_text(arena, import_member(type, given->object, file->columns[i]));
        else if (i < given->cell_count)
            cell = import_plain(file, given->cells[i]);
        json_push(row, shown(arena, cell));
    }
    return row;
}

static Str written(Arena *arena, const Json *json)
{
    Buf out = buf_new(arena, SIZE_MAX);
    json_write(&out, json);
    return buf_str(&out);
}

Err import_sample_put(const Ctx *ctx, Str job, const Type *type, ImportFile *file)
{
    Arena *arena = ctx->arena;
    Json  *columns = json_array(arena), *rows = json_array(arena);
    Sample sample = { .job = { .run = sample_write }, .id = job, .is_table = file->format != IMPORT_LINES };
    size_t bytes = 0;
    for (size_t i = 0; i < file->column_count; i++)
        bytes += file->columns[i].len;
    bool shown = bytes <= COLUMNS_BYTES;
    for (size_t i = 0; i < file->column_count && shown; i++)
        json_push(columns, json_string(arena, file->columns[i]));
    for (size_t i = 0; i < file->ahead_count && shown; i++)
        json_push(rows, shown_row(arena, type, file, &file->ahead[i]));
    sample.columns = written(arena, columns);
    sample.rows = written(arena, rows);
    return writer_run(ctx->city->writer, &sample.job);
}

Err import_sample(const Ctx *ctx, Str job, ImportSample *out, bool *found)
{
    OWNED(rows) Rows *rows = NULL;
    Json             *columns, *cells;
    Value             param = value_id(job);
    *out = (ImportSample){ 0 };
    TRY(db_query(ctx->db, sql_sample, &param, 1, &rows));
    TRY(rows_next(rows, found));
    if (!*found)
        return ERR_OK;
    TRY(json_parse(ctx->arena, rows_borrow_text(rows, 1), &columns));
    TRY(json_parse(ctx->arena, rows_borrow_text(rows, 2), &cells));
    *out = (ImportSample){ rows_int(rows, 0) != 0, columns, cells };
    return ERR_OK;
}

Err import_columns(const Ctx *ctx, Str job, const Json **out)
{
    ImportSample sample;
    bool         found;
    TRY(import_sample(ctx, job, &sample, &found));
    *out = sample.is_table ? sample.columns : NULL;
    return ERR_OK;
}

/* ---- what it refused ---- */

static const Str sql_refusals_clear = STR_INIT("DELETE FROM job_refusal WHERE job = ?");
static const Str sql_refusal_put = STR_INIT("INSERT INTO job_refusal (job, line, cells, reasons) VALUES (?, ?, ?, ?)");
static const Str sql_refusals = STR_INIT(
    "SELECT line, cells, reasons FROM job_refusal WHERE job = ? AND line > ? ORDER BY line LIMIT ?");
static const Str sql_widest = STR_INIT(
    "SELECT max(coalesce((SELECT max(json_array_length(cells)) FROM job_refusal WHERE job = ?), 0),"
    " coalesce((SELECT json_array_length(columns) FROM job_sample WHERE job = ?), 0))");

Err import_refusals_clear(Db *db, Str job)
{
    Value param = value_id(job);
    return db_run(db, sql_refusals_clear, &param, 1);
}

static Str given_text(Arena *arena, const ImportGiven *given)
{
    Json *cells = json_array(arena);
    if (!given->cells)
        return written(arena, given->object ? given->object : json_string(arena, given->text));
    for (size_t i = 0; i < given->cell_count; i++)
        json_push(cells, json_string(arena, given->cells[i]));
    return written(arena, cells);
}

Err import_refusal_put(Db *db, Str job, Arena *arena, const ImportGiven *given, Str reasons)
{
    Value row[] = { value_id(job), value_int((int64_t)given->line), value_text(given_text(arena, given)),
                    value_text(reasons) };
    return db_run(db, sql_refusal_put, row, 4);
}

Err import_refusals(const Ctx *ctx, Str job, int64_t after, size_t most, ImportRefusal **out, size_t *count)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_id(job), value_int(after), value_int((int64_t)most) };
    *out = ARENA_ARRAY(ctx->arena, ImportRefusal, most);
    *count = 0;
    TRY(db_query(ctx->db, sql_refusals, params, 3, &rows));
    for (bool more;;) {
        Json *given;
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        TRY(json_parse(ctx->arena, rows_borrow_text(rows, 1), &given));
        (*out)[(*count)++] = (ImportRefusal){ rows_int(rows, 0), given,
                                              str_dup(ctx->arena, rows_borrow_text(rows, 2)) };
    }
}

Err import_widest(const Ctx *ctx, Str job, size_t *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_id(job), value_id(job) };
    bool              found;
    TRY(db_query(ctx->db, sql_widest, params, 2, &rows));
    TRY(rows_next(rows, &found));
    *out = (size_t)rows_int(rows, 0);
    return ERR_OK;
}

/* ---- sweeping ---- */

#define SWEEP_ROWS     1000   /* of one writer's job */
#define SENT_LATELY_MS DAY_MS /* a file that may yet become a job's */

#define OLD_JOBS "(SELECT id FROM r_job WHERE state NOT IN ('waiting', 'running') AND changed < ?)"

/* Asked first, so that a city without any is not written to. */
static const Str sql_old_there = STR_INIT("SELECT EXISTS (SELECT 1 FROM job_refusal WHERE job IN " OLD_JOBS ")"
                                          " OR EXISTS (SELECT 1 FROM job_sample WHERE job IN " OLD_JOBS ")");
static const Str sql_old[] = {
    STR_INIT("DELETE FROM job_refusal WHERE (job, line) IN (SELECT job, line FROM job_refusal WHERE job IN " OLD_JOBS
             " LIMIT ?)"),
    STR_INIT("DELETE FROM job_sample WHERE job IN (SELECT job FROM job_sample WHERE job IN " OLD_JOBS " LIMIT ?)"),
};
static const Str sql_file_wanted = STR_INIT(
    "SELECT 1 FROM r_job WHERE file = ? AND (state IN ('waiting', 'running') OR changed >= ?) LIMIT 1");

typedef struct Sweep {
    WriterJob job;
    int64_t   before_ms;
} Sweep;

static Err sweep_rows(Db *db, WriterJob *job)
{
    Value params[] = { value_instant(((Sweep *)job)->before_ms), value_int(SWEEP_ROWS) };
    for (size_t i = 0; i < sizeof sql_old / sizeof *sql_old; i++)
        TRY(db_run(db, sql_old[i], params, 2));
    return ERR_OK;
}

static Err file_wanted(const Ctx *ctx, Str name, int64_t before_ms, bool *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_text(name), value_instant(before_ms) };
    TRY(db_query(ctx->db, sql_file_wanted, params, 2, &rows));
    return rows_next(rows, out);
}

static Err sweep_file(const Ctx *ctx, Str name, int64_t before_ms)
{
    struct stat about;
    bool        wanted;
    const char *path = str_dup_z(ctx->arena, import_path(ctx->city, ctx->arena, name));
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode) ||
        (int64_t)about.st_mtime * 1000 > ctx->now_ms - SENT_LATELY_MS)
        return ERR_OK;
    TRY(file_wanted(ctx, name, before_ms, &wanted));
    if (!wanted)
        unlink(path);
    return ERR_OK;
}

static Err sweep_files(const Ctx *ctx, int64_t before_ms)
{
    DIR *folder = opendir(str_dup_z(ctx->arena, import_path(ctx->city, ctx->arena, STR(""))));
    Err  err = ERR_OK;
    for (struct dirent *entry; folder && !err.kind && (entry = readdir(folder));)
        err = sweep_file(ctx, str_dup(ctx->arena, str_from(entry->d_name)), before_ms);
    if (folder)
        closedir(folder);
    return err;
}

static Err old_there(const Ctx *ctx, int64_t before_ms, bool *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             before[] = { value_instant(before_ms), value_instant(before_ms) };
    TRY(db_query(ctx->db, sql_old_there, before, 2, &rows));
    TRY(rows_next(rows, out));
    *out = rows_int(rows, 0) != 0;
    return ERR_OK;
}

Err import_sweep(const Ctx *ctx)
{
    Sweep sweep = { .job = { .run = sweep_rows }, .before_ms = ctx->now_ms - LIMIT_JOB_KEPT_DAYS * DAY_MS };
    bool  there = true;
    while (there) {
        TRY(old_there(ctx, sweep.before_ms, &there));
        if (there)
            TRY(writer_run(ctx->city->writer, &sweep.job));
    }
    return sweep_files(ctx, sweep.before_ms);
}
