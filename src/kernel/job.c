#include "kernel/job.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "kernel/import.h"

#include <time.h>

/* A batch: short enough that who waits for the writer hardly notices, long enough that its commit is worth it. */
#define ROWS_LEAST 16
#define ROWS_FIRST 128
#define ROWS_MOST  4096

#define REASON_POINTS 2000 /* of the field */
#define LOOK_MS       1000 /* for jobs that a plain step has made or taken up again */

static const JobKind *const job_kinds[] = { &job_import };

static const Str sql_open = STR_INIT(
    "SELECT id FROM r_job j WHERE state IN ('waiting', 'running') AND NOT EXISTS (SELECT 1 FROM r_job o WHERE"
    " o.creator = j.creator AND o.state IN ('waiting', 'running') AND (o.created, o.id) < (j.created, j.id))"
    " ORDER BY created, id LIMIT ?");
static const Str sql_waiting = STR_INIT(
    "SELECT count(*) FROM r_job WHERE state IN ('waiting', 'running') AND creator = ?");
static const Str sql_state = STR_INIT("SELECT state FROM r_job WHERE id = ?");
static const Str sql_membership = STR_INIT(
    "SELECT e.membership FROM event_record r JOIN event e ON e.sequence = r.sequence"
    " WHERE r.record = ? AND e.action IN ('create', 'resume') ORDER BY r.sequence DESC LIMIT 1");
static const Str sql_progress = STR_INIT(
    "SELECT total, done, added, updated, unchanged, refused FROM job_progress WHERE job = ?");
static const Str sql_progress_put = STR_INIT(
    "INSERT INTO job_progress (job, total, done, added, updated, unchanged, refused) VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (job) DO UPDATE SET total = excluded.total, done = excluded.done, added = excluded.added,"
    " updated = excluded.updated, unchanged = excluded.unchanged, refused = excluded.refused");

/* ---- the record ---- */

Value job_value(const Record *job, const char *field)
{
    const Field *of = type_field(job->type, str_from(field));
    return of ? job->values[of->index] : VALUE_NONE;
}

Lang job_lang(const Record *job)
{
    Lang lang = LANG_ZH;
    lang_parse(job_value(job, "language").text, &lang);
    return lang;
}

static const JobKind *kind_named(Str name)
{
    for (size_t i = 0; i < sizeof job_kinds / sizeof *job_kinds; i++)
        if (str_eq(job_kinds[i]->name, name))
            return job_kinds[i];
    return NULL;
}

static bool in_state(const Record *job, const char *state)
{
    return str_eq(job->values[SYS_STATE].text, str_from(state));
}

static bool job_open(const Record *job) { return in_state(job, "waiting") || in_state(job, "running"); }

static Err count_waiting(const Ctx *ctx, Str person, int64_t *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_id(person);
    bool              more;
    TRY(db_query(ctx->db, sql_waiting, &key, 1, &rows));
    TRY(rows_next(rows, &more));
    *out = rows_int(rows, 0);
    return ERR_OK;
}

Err job_check(const Ctx *ctx, const Record *job, Problems *problems)
{
    Value        kind = job_value(job, "kind"), about = job_value(job, "about");
    const Field *field = type_field(job->type, STR("about"));
    int64_t      waiting = 0;
    if (kind.kind != VALUE_MISSING && !kind_named(kind.text))
        PROBLEM(problems, ECODE_FIELD_CHOICE, STR("kind"), STR_NONE,
                ARG_TEXT("label", type_field(job->type, STR("kind"))->label));
    if (about.kind != VALUE_MISSING && !pack_type(ctx->city->pack, about.text))
        PROBLEM(problems, ECODE_FIELD_REFERENCE, STR("about"), STR_NONE, ARG_TEXT("label", field->label));
    Value file = job_value(job, "file");
    if (file.kind != VALUE_MISSING && !import_is_of(ctx->city, ctx->arena, file.text, job->values[SYS_CREATOR].text))
        PROBLEM(problems, ECODE_FIELD_REFERENCE, STR("file"), STR_NONE,
                ARG_TEXT("label", type_field(job->type, STR("file"))->label));
    TRY(count_waiting(ctx, job->values[SYS_CREATOR].text, &waiting));
    if (waiting >= LIMIT_JOBS_WAITING)
        PROBLEM(problems, ECODE_JOB_MANY, STR_NONE, STR_NONE,
                ARG("max", str_printf(problems->arena, "%d", LIMIT_JOBS_WAITING)));
    return ERR_OK;
}

/* ---- progress ---- */

static const JobProgress progress_none = { .total = -1 };

static Err progress_read(Db *db, Str id, JobProgress *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_id(id);
    bool              more;
    *out = progress_none;
    TRY(db_query(db, sql_progress, &key, 1, &rows));
    TRY(rows_next(rows, &more));
    if (more)
        *out = (JobProgress){ rows_int(rows, 0), rows_int(rows, 1), rows_int(rows, 2),
                              rows_int(rows, 3), rows_int(rows, 4), rows_int(rows, 5) };
    return ERR_OK;
}

Err job_progress(const Ctx *ctx, Str id, JobProgress *out) { return progress_read(ctx->db, id, out); }

static Err progress_write(Db *db, Str id, const JobProgress *p)
{
    Value row[] = { value_id(id),          value_int(p->total),     value_int(p->done),   value_int(p->added),
                    value_int(p->updated), value_int(p->unchanged), value_int(p->refused) };
    return db_run(db, sql_progress_put, row, sizeof row / sizeof *row);
}

/* ---- a batch ---- */

/* A cancel that came first ends the job before this batch. */
static Err still_running(Db *db, Str id)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_id(id);
    bool              more;
    TRY(db_query(db, sql_state, &key, 1, &rows));
    TRY(rows_next(rows, &more));
    if (more && str_eq(rows_borrow_text(rows, 0), STR("running")))
        return ERR_OK;
    return err_make(ECODE_JOB_STOPPED, "job %.*s", STR_FMT(id));
}

/* Of the processor: on a machine that has much else to do a batch is no larger for taking longer, and smaller ones
 * would only add commits. */
static int64_t thread_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static Err batch_run(Db *db, WriterJob *job)
{
    JobBatch *batch = (JobBatch *)job;
    Str       id = record_id(&batch->run->job);
    int64_t   began_ms = thread_ms();
    TRY(still_running(db, id));
    TRY(batch->write(db, batch));
    batch->took_ms = thread_ms() - began_ms;
    /* Here, where nobody has taken yet what came meanwhile: once the batch has ended the writer is quicker than we. */
    batch->waited += writer_stats(batch->run->ctx.city->writer).waiting;
    return progress_write(db, id, &batch->after);
}

static void pause_ms(long ms)
{
    struct timespec time = { .tv_nsec = ms * 1000000 };
    nanosleep(&time, NULL);
}

Err job_begin(JobBatch *batch)
{
    Writer *writer = batch->run->ctx.city->writer;
    batch->job = (WriterJob){ .run = batch_run };
    batch->waited = writer_stats(writer).waiting;
    for (int waited_ms = 0; waited_ms < JOB_YIELD_MS && writer_stats(writer).waiting; waited_ms++)
        pause_ms(1);
    return writer_begin(writer, &batch->job, &batch->ticket);
}

Err job_end(JobBatch *batch)
{
    WriterTicket *ticket = batch->ticket;
    batch->ticket = NULL;
    TRY(writer_end(ticket));
    JobRun *run = batch->run;
    int64_t most_ms = run->ctx.city->duties ? JOB_BATCH_MS : JOB_ALONE_MS;
    run->progress = batch->after;
    size_t rows = batch->waited              ? run->rows / 2
                  : batch->took_ms > most_ms ? run->rows - run->rows / 4
                                             : run->rows + run->rows / 4;
    run->rows = rows < ROWS_LEAST ? ROWS_LEAST : rows > ROWS_MOST ? ROWS_MOST : rows;
    return ERR_OK;
}

size_t job_batch_rows(const JobRun *run) { return run->rows; }

/* ---- steps of the city ---- */

static Err city_step(const Ctx *ctx, Str id, Str action, const Json *input)
{
    Problems   problems = { .arena = ctx->arena };
    Ctx        city = *ctx;
    Record     after;
    ActRequest request = {
        .type = ctx->city->pack->job, .record = id, .action = action, .input = input, .if_match = -1
    };
    city.actor = &actor_system;
    return act(&city, &request, &after, &problems);
}

static Json *counts_json(Arena *arena, const JobProgress *p)
{
    Json *json = json_object(arena);
    json_set_int(arena, json, STR("total"), p->total < 0 ? 0 : p->total);
    json_set_int(arena, json, STR("added"), p->added);
    json_set_int(arena, json, STR("updated"), p->updated);
    json_set_int(arena, json, STR("unchanged"), p->unchanged);
    json_set_int(arena, json, STR("refused"), p->refused);
    return json;
}

/* ---- one job, open ---- */

/* In whose membership it was started, or last taken up again. */
static Err load_actor(JobRun *run)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_id(record_id(&run->job));
    bool              more;
    TRY(db_query(run->ctx.db, sql_membership, &key, 1, &rows));
    TRY(rows_next(rows, &more));
    Str membership = more ? str_dup(run->ctx.arena, rows_borrow_text(rows, 0)) : STR_NONE;
    run->ctx.actor = &run->actor;
    return actor_load(&run->ctx, membership, &run->actor);
}

static Err begin_turn(JobRun *run)
{
    arena_reset(run->ctx.arena);
    run->ctx.now_ms = env_now(&run->ctx.city->env);
    *run->problems = (Problems){ .arena = run->ctx.arena };
    return load_actor(run);
}

static JobRun *run_new(const Ctx *ctx)
{
    Arena  *arena = arena_new();
    JobRun *run = ARENA_NEW(arena, JobRun);
    run->arena = arena;
    run->ctx = *ctx;
    run->ctx.arena = arena_new();
    run->ctx.seen = NULL;
    run->rows = ROWS_FIRST;
    run->problems = ARENA_NEW(arena, Problems);
    return run;
}

/* What is under way ends first: then the progress is what the city holds. */
static void run_close(JobRun *run)
{
    if (run->kind)
        run->kind->close(run);
    run->kind = NULL;
}

static void run_free(JobRun *run)
{
    if (!run)
        return;
    run_close(run);
    arena_free(run->ctx.arena);
    arena_free(run->arena);
}

/* What nobody has to mend: the job goes on by itself, later. */
static bool passes(Err err) { return err.kind == ERR_BUSY || err.code == ECODE_RECORD_CONTENDED; }

static Err run_fail(JobRun *run, Err err)
{
    Arena *arena = run->ctx.arena;
    Lang   lang = job_lang(&run->job);
    Buf    reason = buf_new(arena, SIZE_MAX);
    Json  *input = counts_json(arena, &run->progress);
    buf_add(&reason, err_detail(arena, err, run->problems, lang));
    for (size_t i = 0; i < run->problems->count; i++) {
        if (problem_of_whole(&run->problems->items[i], err))
            continue;
        buf_char(&reason, '\n');
        buf_add(&reason, run->problems->items[i].text.in[lang]);
    }
    Str text = utf8_clip(buf_str(&reason), REASON_POINTS);
    if (!utf8_printable(text, true)) /* it speaks of words of the file, which may be anything */
        text = err_row(err.code)->title.in[lang];
    json_set_str(arena, input, STR("reason"), text);
    return city_step(&run->ctx, record_id(&run->job), STR("fail"), input);
}

/* *ended: the job needs no further turn, whatever became of it. */
static Err run_ends(JobRun *run, Err err, bool *ended)
{
    *ended = true;
    run_close(run);
    if (!err.kind)
        return city_step(&run->ctx, record_id(&run->job), STR("finish"), counts_json(run->ctx.arena, &run->progress));
    if (err.code == ECODE_JOB_STOPPED)
        return ERR_OK;
    return passes(err) ? err : run_fail(run, err);
}

static Err run_start(JobRun *run, Str id)
{
    Ctx *ctx = &run->ctx;
    bool found;
    TRY(record_load(ctx->db, run->arena, ctx->city->pack->job, id, &run->job, &found));
    if (!found || !job_open(&run->job))
        return err_make(ECODE_JOB_STOPPED, "job %.*s", STR_FMT(id));
    run->ctx.lang = job_lang(&run->job);
    TRY(progress_read(ctx->db, id, &run->progress));
    TRY(begin_turn(run));
    if (in_state(&run->job, "waiting"))
        TRY(city_step(ctx, id, STR("start"), NULL));
    const JobKind *kind = kind_named(job_value(&run->job, "kind").text);
    if (!kind)
        return err_make(ECODE_INTERNAL, "job %.*s is of no kind", STR_FMT(id));
    run->kind = kind;
    return kind->open(run);
}

/* *out NULL: it has ended. */
static Err run_open(const Ctx *ctx, Str id, JobRun **out)
{
    JobRun *run = run_new(ctx);
    Err     err = run_start(run, id);
    bool    ended = false;
    if (err.kind)
        err = run_ends(run, err, &ended);
    if (ended) {
        run_free(run);
        run = NULL;
    }
    *out = run;
    return err;
}

static Err run_turn(JobRun *run, bool *ended)
{
    Err err = begin_turn(run);
    *ended = false;
    if (!err.kind)
        err = run->kind->step(run, ended);
    return err.kind || *ended ? run_ends(run, err, ended) : ERR_OK;
}

Err job_run(const Ctx *ctx, Str id, JobWatch watch, void *context)
{
    JobRun *run = NULL;
    Str     kept = str_dup(ctx->arena, id);
    TRY(run_open(ctx, kept, &run));
    Err  err = ERR_OK;
    bool ended = !run, goes_on = true;
    while (!ended && goes_on) {
        err = run_turn(run, &ended);
        goes_on = !err.kind && (!watch || watch(context, &run->progress));
    }
    run_free(run);
    return err;
}

/* ---- all jobs, in turns ---- */

typedef struct Table { /* of the open jobs, and of those that are left for later */
    JobRun *open[JOBS_OPEN];
    Str     later[JOBS_OPEN];
    size_t  open_count, later_count;
} Table;

static bool on_table(const Table *table, Str id)
{
    for (size_t i = 0; i < table->open_count; i++)
        if (str_eq(record_id(&table->open[i]->job), id))
            return true;
    for (size_t i = 0; i < table->later_count; i++)
        if (str_eq(table->later[i], id))
            return true;
    return false;
}

/* A job that cannot go on just now keeps its place from nobody. */
static void leave_for_later(Table *table, Arena *arena, Str id, Err err)
{
    if (err.kind && table->later_count < JOBS_OPEN)
        table->later[table->later_count++] = str_dup(arena, id);
}

static Err due_jobs(const Ctx *ctx, Str ids[2 * JOBS_OPEN], size_t *count)
{
    OWNED(rows) Rows *rows = NULL;
    Value             most = value_int(2 * JOBS_OPEN);
    *count = 0;
    TRY(db_query(ctx->db, sql_open, &most, 1, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        ids[(*count)++] = str_dup(ctx->arena, rows_borrow_text(rows, 0));
    }
}

static Err fill_table(Table *table, const Ctx *ctx, Err *first)
{
    OWNED(arena) Arena *arena = arena_new();
    Ctx                 inner = *ctx;
    Str                 ids[2 * JOBS_OPEN];
    size_t              count;
    inner.arena = arena;
    TRY(due_jobs(&inner, ids, &count));
    for (size_t i = 0; i < count && table->open_count < JOBS_OPEN; i++) {
        if (on_table(table, ids[i]))
            continue;
        JobRun *run;
        Err     err = run_open(&inner, ids[i], &run);
        leave_for_later(table, ctx->arena, ids[i], err);
        if (err.kind && !first->kind)
            *first = err;
        if (run)
            table->open[table->open_count++] = run;
    }
    return ERR_OK;
}

static void table_turn(Table *table, const Ctx *ctx, Err *first)
{
    size_t left = 0;
    for (size_t i = 0; i < table->open_count; i++) {
        JobRun *run = table->open[i];
        bool    ended;
        Err     err = run_turn(run, &ended);
        leave_for_later(table, ctx->arena, record_id(&run->job), err);
        if (err.kind && !first->kind)
            *first = err;
        if (ended || err.kind)
            run_free(run);
        else
            table->open[left++] = run;
    }
    table->open_count = left;
}

Err jobs_duty(DutyRun *duty)
{
    Table table = { .open_count = 0 };
    Err   err, first = ERR_OK;
    duty->next_ms = env_now(&duty->ctx.city->env) + LOOK_MS;
    if (!duty->ctx.city->pack->job)
        return ERR_OK;
    do {
        err = fill_table(&table, &duty->ctx, &first);
        table_turn(&table, &duty->ctx, &first);
    } while (!err.kind && table.open_count && !duty_ends(duty));
    for (size_t i = 0; i < table.open_count; i++)
        run_free(table.open[i]);
    return err.kind ? err : first;
}

Err jobs_sweep_duty(DutyRun *duty) { return duty->ctx.city->pack->job ? import_sweep(&duty->ctx) : ERR_OK; }
