/* kernel/import.c: the rows of a file as a job.
 *
 * Two batches take turns: while the writer is at one, the next is read and prepared. A batch is one transaction of all
 * its rows, of the refused ones with their reasons, and of the cursor. A row whose record has changed meanwhile, by
 * somebody else or by a row before it, is prepared anew there. */
#include "kernel/import.h"

#include "base/hash.h"
#include "base/limits.h"
#include "kernel/import_file.h"
#include "kernel/import_kept.h"
#include "kernel/job.h"

#include <stdlib.h>

/* ---- a set of keys: what stood in the file before ---- */

typedef struct Seen { /* open addressing; a free place is all zero */
    uint64_t (*keys)[2];
    size_t capacity, count;
} Seen;

static bool seen_place(const Seen *seen, const uint64_t key[2], size_t *out)
{
    size_t mask = seen->capacity - 1;
    for (size_t at = key[0] & mask;; at = (at + 1) & mask) {
        *out = at;
        if (!seen->keys[at][0] && !seen->keys[at][1])
            return false;
        if (seen->keys[at][0] == key[0] && seen->keys[at][1] == key[1])
            return true;
    }
}

static void seen_grow(Seen *seen)
{
    Seen larger = { .capacity = seen->capacity ? seen->capacity * 2 : 1024, .count = seen->count };
    larger.keys = mem_alloc(larger.capacity * sizeof *larger.keys);
    for (size_t i = 0; i < seen->capacity; i++) {
        size_t at;
        if (!seen->keys[i][0] && !seen->keys[i][1])
            continue;
        seen_place(&larger, seen->keys[i], &at);
        memcpy(larger.keys[at], seen->keys[i], sizeof larger.keys[at]);
    }
    free(seen->keys);
    *seen = larger;
}

/* Was it there before? It is now. */
static bool seen_add(Seen *seen, Str text)
{
    size_t   at;
    Hash     hash = sha256(text);
    uint64_t key[2];
    memcpy(key, hash.bytes, sizeof key);
    key[1] |= 1; /* no key is all zero */
    if (seen->count * 2 >= seen->capacity)
        seen_grow(seen);
    if (seen_place(seen, key, &at))
        return true;
    memcpy(seen->keys[at], key, sizeof key);
    seen->count++;
    return false;
}

/* ---- a row on its way ---- */

typedef struct Row {
    ImportGiven given;
    bool        readable; /* what it gives stands in asked */
    ImportRow   asked;
    ImportStep  step;
    Change     *change; /* NULL: nothing to write */
    Err         err;    /* it is refused */
    Problems    problems;
} Row;

typedef struct Batch {
    JobBatch job; /* first: the job's view is the whole */
    Arena   *arena;
    Ctx      ctx;
    Actor    actor;
    Row     *rows;
    size_t   count;
} Batch;

typedef struct Import {
    JobRun      *run;
    const Type  *type;
    ImportFile   file;
    ImportLinks *links;
    bool         dry_run;
    Seen         seen; /* unique values of the rows before: a dry run writes none of them */
    Batch        batches[2];
    int          turn;
} Import;

/* A value that must be unique and stood in a row before. */
static void check_again(Import *import, Row *row)
{
    const Record *after = row->change ? &row->change->deltas[0].record : NULL;
    for (size_t i = SYS_COUNT; after && i < import->type->stored_count; i++) {
        const Field *field = &import->type->fields[i];
        if (field->unique == UNIQUE_NO || after->values[i].kind == VALUE_MISSING)
            continue;
        Arena *arena = row->problems.arena;
        Str    owner = field->unique == UNIQUE_OWNER ? after->values[SYS_OWNER].text : STR_NONE;
        Str key = str_printf(arena, "%zu %.*s %.*s", i, STR_FMT(owner), STR_FMT(value_encode(arena, after->values[i])));
        if (!seen_add(&import->seen, key))
            continue;
        PROBLEM(&row->problems, ECODE_IMPORT_AGAIN, field->name, STR_NONE, ARG_TEXT("label", field->label));
        row->err = err_make(ECODE_RECORD_INVALID, "twice in the file");
    }
}

/* The error is one that stops the whole; a refusal stands in the row. */
static Err prepare_row(const Ctx *ctx, const Type *type, Row *row)
{
    ActRequest request;
    row->problems = (Problems){ .arena = ctx->arena };
    row->change = NULL;
    Err err = import_step(ctx, type, &row->asked, &row->step, &request, &row->problems);
    if (!err.kind && row->step != IMPORT_NOTHING)
        err = act_prepare(ctx, &request, &row->change, &row->problems);
    if (!err.kind && row->change && row->change->delta_count == 0) {
        row->change = NULL;
        row->step = IMPORT_NOTHING;
    }
    row->err = err;
    return err.kind && !import_refuses(err) ? err : ERR_OK;
}

static const Str *plain_cells(const ImportFile *file, Arena *arena, const ImportGiven *given)
{
    Str *cells = ARENA_ARRAY(arena, Str, given->cell_count);
    for (size_t i = 0; i < given->cell_count; i++)
        cells[i] = import_plain(file, given->cells[i]);
    return cells;
}

static Err read_row(Import *import, Batch *batch, Row *row)
{
    Problems         *problems = &row->problems;
    const ImportFile *file = &import->file;
    *problems = (Problems){ .arena = batch->arena };
    if (file->format != IMPORT_LINES)
        row->readable = import_cells(import->links, batch->arena, plain_cells(file, batch->arena, &row->given),
                                     row->given.cell_count, &row->asked, problems);
    else if (row->given.object)
        row->readable = import_object(import->links, batch->arena, row->given.object, &row->asked, problems);
    else
        PROBLEM(problems, ECODE_IMPORT_LINE, STR_NONE, STR_NONE);
    if (!row->readable) {
        row->err = err_make(ECODE_RECORD_INVALID, "not readable");
        return ERR_OK;
    }
    TRY(prepare_row(&batch->ctx, import->type, row));
    if (import->dry_run && !row->err.kind)
        check_again(import, row);
    return ERR_OK;
}

/* ---- what was wrong ---- */

/* "Claimed readiness must be a whole number. [claimed_level]": the label for people, once, and the name for programs.
 * Of child rows it is that of the field that holds them; a name that is no field's, or of a field that the actor could
 * never see, has none. */
static void add_problem(Buf *out, const Import *import, const Batch *batch, const Problem *problem, Lang lang)
{
    Str          rest = problem->field, text = problem->text.in[lang];
    const Field *field = type_field(import->type, str_cut(&rest, '['));
    Str          label = field && access_field_ever(&batch->actor, field) ? field->label.in[lang] : STR_NONE;
    if (label.len && str_find(text, label) == text.len)
        buf_printf(out, lang == LANG_ZH ? "%.*s：" : "%.*s: ", STR_FMT(label));
    buf_add(out, text);
    if (problem->field.len)
        buf_printf(out, " [%.*s]", STR_FMT(problem->field));
}

static Str row_reasons(const Import *import, const Batch *batch, const Row *row)
{
    Lang   lang = job_lang(&import->run->job);
    Arena *arena = row->problems.arena;
    Buf    out = buf_new(arena, SIZE_MAX);
    size_t told = row->problems.count < LIMIT_IMPORT_ROW_ERRORS ? row->problems.count : LIMIT_IMPORT_ROW_ERRORS;
    for (size_t i = 0; i < told; i++) {
        const Problem *problem = &row->problems.items[i];
        if (out.len)
            buf_char(&out, ' ');
        add_problem(&out, import, batch, problem, lang);
    }
    if (!out.len)
        buf_add(&out, err_detail(arena, row->err, &row->problems, lang));
    if (told < row->problems.count)
        buf_add(&out, STR(" …"));
    return buf_str(&out);
}

static Err refuse_row(Db *db, const Import *import, const Batch *batch, const Row *row)
{
    return import_refusal_put(db, record_id(&import->run->job), row->problems.arena, &row->given,
                              row_reasons(import, batch, row));
}

/* ---- on the writer ---- */

/* What refuses a change is found before its first write, so a refused row needs no part of its own to be undone, which
 * would cost a fifth of all; what fails later is our fault, and undoes the batch. */
static Err commit_change(Db *db, Row *row)
{
    int64_t before = db_writes(db);
    Err     err = act_commit(db, row->change);
    TRY(db_lost(db));
    if (err.kind && db_writes(db) != before)
        return err_make(ECODE_INTERNAL, "failed half-way: %s", err.context);
    return err;
}

/* What has changed meanwhile, also by a row before it, is read anew here, where nobody else writes. */
static Err commit_row(Db *db, const Import *import, const Batch *batch, Row *row)
{
    Err err = commit_change(db, row);
    if (err.code == ECODE_RECORD_CONTENDED) {
        Ctx now = batch->ctx;
        now.db = db;
        TRY(prepare_row(&now, import->type, row));
        err = row->err.kind || !row->change ? row->err : commit_change(db, row);
    }
    row->err = err;
    return err.kind && !import_refuses(err) ? err : ERR_OK;
}

static Err write_row(Db *db, const Import *import, Batch *batch, Row *row)
{
    JobProgress *after = &batch->job.after;
    if (!row->err.kind && row->change && !import->dry_run)
        TRY(commit_row(db, import, batch, row));
    after->done++;
    if (row->err.kind) {
        after->refused++;
        return refuse_row(db, import, batch, row);
    }
    int64_t *counts[] = {
        [IMPORT_CREATE] = &after->added, [IMPORT_EDIT] = &after->updated, [IMPORT_NOTHING] = &after->unchanged
    };
    ++*counts[row->step];
    return ERR_OK;
}

static Err batch_write(Db *db, JobBatch *job)
{
    Batch        *batch = (Batch *)job;
    const Import *import = job->run->state;
    job->after = job->run->progress;
    if (job->after.done == 0)
        TRY(import_refusals_clear(db, record_id(&job->run->job))); /* of an earlier dry run */
    for (size_t i = 0; i < batch->count; i++)
        TRY(write_row(db, import, batch, &batch->rows[i]));
    return ERR_OK;
}

/* ---- a batch ---- */

#define BATCH_BYTES (8 * 1024 * 1024)  /* of rows that are prepared and wait */
#define ALONE_BYTES (32 * 1024 * 1024) /* the same where nobody is served, so that there is one job */

/* The turn's actor is gone when the batch is still under way. */
static Actor actor_dup(Arena *arena, const Actor *actor)
{
    Actor copy = *actor;
    copy.person = str_dup(arena, actor->person);
    copy.membership = str_dup(arena, actor->membership);
    copy.organisation = str_dup(arena, actor->organisation);
    copy.name = str_dup(arena, actor->name);
    copy.organisation_name = str_dup(arena, actor->organisation_name);
    return copy;
}

static void batch_begin(Import *import, Batch *batch)
{
    JobRun *run = import->run;
    arena_reset(batch->arena);
    batch->actor = actor_dup(batch->arena, run->ctx.actor);
    batch->ctx = run->ctx;
    batch->ctx.arena = batch->arena;
    batch->ctx.actor = &batch->actor;
    batch->job = (JobBatch){ .run = run, .write = batch_write };
    batch->rows = ARENA_ARRAY(batch->arena, Row, job_batch_rows(run));
    batch->count = 0;
}

static Err batch_fill(Import *import, Batch *batch)
{
    batch_begin(import, batch);
    size_t most = job_batch_rows(import->run), room = import->run->ctx.city->duties ? BATCH_BYTES : ALONE_BYTES;
    while (batch->count < most && arena_used(batch->arena) < room) {
        Row *row = &batch->rows[batch->count];
        bool more;
        TRY(import_file_next(&import->file, batch->arena, &row->given, &more));
        if (!more)
            break;
        TRY(read_row(import, batch, row));
        batch->count++;
    }
    return ERR_OK;
}

static Err batch_settle(Batch *batch) { return batch->job.ticket ? job_end(&batch->job) : ERR_OK; }

/* ---- before its first turn ---- */

static Err read_mapping(JobRun *run, const Json **out)
{
    Value text = job_value(&run->job, "mapping");
    Json *mapping;
    *out = NULL;
    if (text.kind == VALUE_MISSING)
        return ERR_OK;
    Err err = json_parse(run->arena, text.text, &mapping);
    if (err.kind)
        return err_make(ECODE_IMPORT_MAP, "%s", err.context);
    *out = mapping;
    return ERR_OK;
}

static Err skip_rows(Import *import, int64_t count)
{
    OWNED(arena) Arena *scratch = arena_new();
    ImportGiven         given;
    bool                more = true;
    for (int64_t i = 0; i < count && more; i++) {
        arena_reset(scratch);
        TRY(import_file_next(&import->file, scratch, &given, &more));
    }
    return ERR_OK;
}

/* ---- the job ---- */

/* Before anything is said of the columns: whoever maps them by hand looks at it. */
static Err sample_keep(Import *import)
{
    JobRun *run = import->run;
    Ctx     ctx = run->ctx;
    if (run->progress.done && !import->dry_run)
        return ERR_OK;
    ctx.arena = run->arena;
    TRY(import_file_ahead(&import->file, run->arena, IMPORT_SAMPLE_ROWS));
    return import_sample_put(&ctx, record_id(&run->job), import->type, &import->file);
}

static Err import_begin(Import *import)
{
    JobRun     *run = import->run;
    int64_t     rows;
    const Json *mapping;
    Value       dry_run = job_value(&run->job, "dry_run");
    import->type = pack_type(run->ctx.city->pack, job_value(&run->job, "about").text);
    if (!import->type)
        return err_make(ECODE_PAGE_UNSEEN, "type");
    import->dry_run = dry_run.kind == VALUE_BOOLEAN && dry_run.number;
    TRY(read_mapping(run, &mapping));
    TRY(import_file_open(run->ctx.city, run->arena, job_value(&run->job, "file").text,
                         job_value(&run->job, "sheet").text, run->problems, &import->file, &rows));
    TRY(sample_keep(import));
    TRY(import_link(&run->ctx, run->arena, import->type, import->file.columns, import->file.column_count, mapping,
                    &import->links, run->problems));
    if (import->dry_run) /* it wrote nothing, so it begins anew */
        run->progress = (JobProgress){ .total = -1 };
    run->progress.total = rows;
    return skip_rows(import, run->progress.done);
}

static Err import_open(JobRun *run)
{
    Import *import = run->state = ARENA_NEW(run->arena, Import);
    import->run = run;
    for (int i = 0; i < 2; i++)
        import->batches[i].arena = arena_new();
    return import_begin(import);
}

static Err import_turn(JobRun *run, bool *ended)
{
    Import *import = run->state;
    Batch  *batch = &import->batches[import->turn], *before = &import->batches[!import->turn];
    TRY(batch_fill(import, batch));
    TRY(batch_settle(before));
    *ended = batch->count == 0;
    if (*ended)
        return ERR_OK;
    import->turn = !import->turn;
    return job_begin(&batch->job);
}

static void import_close(JobRun *run)
{
    Import *import = run->state;
    for (int i = 0; import && i < 2; i++) {
        Err err = batch_settle(&import->batches[i]);
        (void)err; /* the cursor says what became of it */
        arena_free(import->batches[i].arena);
    }
    if (import) {
        free(import->seen.keys);
        import_file_close(&import->file);
    }
}

const JobKind job_import = { STR_INIT("import"), import_open, import_turn, import_close };
