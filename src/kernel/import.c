/* kernel/import.c: the rows of a file as a job.
 *
 * Two batches take turns: while the writer is at one, the next is read and prepared. A batch is one transaction of all
 * its rows, of the refused ones with their reasons, and of the cursor. A row whose record has changed meanwhile, by
 * somebody else or by a row before it, is prepared anew there. */
#include "kernel/import.h"

#include "base/csv.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "kernel/job.h"
#include "sheet/xlsx_read.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const Str sql_refusals_clear = STR_INIT("DELETE FROM job_refusal WHERE job = ?");
static const Str sql_refusal_put = STR_INIT("INSERT INTO job_refusal (job, line, cells, reasons) VALUES (?, ?, ?, ?)");
static const Str sql_refusals = STR_INIT(
    "SELECT line, cells, reasons FROM job_refusal WHERE job = ? AND line > ? ORDER BY line LIMIT ?");
static const Str sql_widest = STR_INIT(
    "SELECT coalesce(max(json_array_length(cells)), 0) FROM job_refusal WHERE job = ?");

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

/* ---- the rows of the file ---- */

typedef enum Format { FORMAT_CSV, FORMAT_LINES, FORMAT_XLSX } Format; /* lines: JSON Lines */

typedef struct Reader {
    Format      format;
    Csv         csv;
    Str         rest; /* of the lines */
    XlsxReader *xlsx;
    Str        *columns;
    size_t      column_count, line;
    Problems   *problems; /* of what is wrong with the file as a whole */
} Reader;

typedef struct Given { /* a row as it was */
    size_t      line;
    Str        *cells; /* of CSV and XLSX */
    size_t      cell_count;
    const Json *object; /* of JSON Lines; NULL: the line cannot be read */
    Str         text;
} Given;

static bool is_blank(const Given *given) { return given->cell_count == 1 && str_trim(given->cells[0]).len == 0; }

static Err cells_fault(const Reader *reader, size_t line, Err err)
{
    Arena *arena = reader->problems->arena;
    PROBLEM(reader->problems, err.code, STR_NONE, STR_NONE, ARG("line", str_printf(arena, "%zu", line)),
            ARG("found", str_printf(arena, "> %d", CSV_CELLS_MAX)),
            ARG("expected", str_printf(arena, "<= %d", CSV_CELLS_MAX)));
    return err;
}

static Err next_csv(Reader *reader, Arena *arena, Given *out, bool *more)
{
    do {
        Err err = csv_next(&reader->csv, arena, &out->cells, &out->cell_count, more);
        if (err.kind)
            return cells_fault(reader, reader->csv.line, err);
    } while (*more && is_blank(out));
    out->line = reader->csv.line;
    return ERR_OK;
}

static Err next_line(Reader *reader, Arena *arena, Given *out, bool *more)
{
    Json *object;
    do {
        *more = reader->rest.len > 0;
        out->text = str_trim(str_cut(&reader->rest, '\n'));
        out->line = ++reader->line;
    } while (*more && !out->text.len);
    if (*more && !json_parse(arena, out->text, &object).kind)
        out->object = object;
    return ERR_OK;
}

/* A row of a spreadsheet ends at its last value; the cells behind it are empty. */
static Err next_xlsx(Reader *reader, Arena *arena, Given *out, bool *more)
{
    XlsxRow row;
    TRY(xlsx_next(reader->xlsx, arena, &row, more, reader->problems));
    if (!*more)
        return ERR_OK;
    size_t count = row.count < reader->column_count ? reader->column_count : row.count;
    out->line = row.line;
    out->cells = ARENA_ARRAY(arena, Str, count);
    out->cell_count = count;
    for (size_t i = 0; i < count; i++)
        out->cells[i] = i < row.count ? row.cells[i] : STR("");
    return ERR_OK;
}

static Err reader_next(Reader *reader, Arena *arena, Given *out, bool *more)
{
    static Err (*const next[])(Reader *, Arena *, Given *, bool *) = {
        [FORMAT_CSV] = next_csv, [FORMAT_LINES] = next_line, [FORMAT_XLSX] = next_xlsx
    };
    *out = (Given){ 0 };
    return next[reader->format](reader, arena, out, more);
}

static Err add_column(Reader *reader, Arena *arena, Str name)
{
    for (size_t i = 0; i < reader->column_count; i++)
        if (str_eq(reader->columns[i], name))
            return ERR_OK;
    if (reader->column_count == CSV_CELLS_MAX)
        return cells_fault(reader, (size_t)reader->line, err_make(ECODE_CSV_CELLS, "members"));
    reader->columns[reader->column_count++] = str_dup(arena, name);
    return ERR_OK;
}

/* Members of the object; of a record as the API shows it what names it, and its `fields`. */
static Err add_columns(Reader *reader, Arena *arena, const Json *object)
{
    static const Str names[] = { STR_INIT("id"), STR_INIT("number"), STR_INIT("version") };
    const Json      *fields = json_get(object, STR("fields"));
    bool             record = fields && fields->kind == JSON_OBJECT;
    JSON_EACH(member, record ? fields : object)
        TRY(add_column(reader, arena, member->key));
    for (size_t i = 0; record && i < sizeof names / sizeof *names; i++)
        if (json_get(object, names[i]))
            TRY(add_column(reader, arena, names[i]));
    return ERR_OK;
}

/* Reads all of a text once: what cannot be read at all is found before its first row goes in. */
static Err scan_text(Reader *reader, Arena *arena, int64_t *rows)
{
    OWNED(arena) Arena *scratch = arena_new();
    Reader              ahead = *reader;
    Given               given;
    *rows = 0;
    for (bool more;;) {
        arena_reset(scratch);
        TRY(reader_next(&ahead, scratch, &given, &more));
        if (!more)
            return ERR_OK;
        if (given.object && given.object->kind == JSON_OBJECT)
            TRY(add_columns(reader, arena, given.object));
        ++*rows;
    }
}

/* The first row of a table names its columns. */
static Err read_head(Reader *reader, Arena *arena)
{
    Given head;
    bool  more;
    TRY(reader_next(reader, arena, &head, &more));
    if (!more)
        return err_make(ECODE_IMPORT_HEADLESS, "no row at all");
    reader->column_count = head.cell_count;
    reader->columns = ARENA_ARRAY(arena, Str, reader->column_count);
    for (size_t i = 0; i < reader->column_count; i++)
        reader->columns[i] = str_dup(arena, str_trim(head.cells[i]));
    return ERR_OK;
}

static Err open_text(Reader *reader, Arena *arena, Str path, int64_t *rows)
{
    Str text;
    TRY(file_read(arena, path, LIMIT_IMPORT_FILE_BYTES, &text));
    if (str_starts(text, STR(CSV_BYTE_ORDER_MARK)))
        text = str_slice(text, strlen(CSV_BYTE_ORDER_MARK), text.len);
    if (!utf8_valid(text))
        return err_make(ECODE_TEXT_ENCODING, "import");
    reader->rest = text;
    reader->csv = csv_open(text);
    if (reader->format == FORMAT_CSV)
        TRY(read_head(reader, arena));
    else
        reader->columns = ARENA_ARRAY(arena, Str, CSV_CELLS_MAX);
    return scan_text(reader, arena, rows);
}

static Err open_xlsx(Reader *reader, Arena *arena, Str path, Str sheet, int64_t *rows)
{
    XlsxWork work;
    TRY(xlsx_open(path, sheet, &reader->xlsx, &work, reader->problems));
    *rows = work.rows ? (int64_t)work.rows - 1 : 0;
    return read_head(reader, arena);
}

/* ---- a row on its way ---- */

typedef struct Row {
    Given      given;
    bool       readable; /* what it gives stands in asked */
    ImportRow  asked;
    ImportStep step;
    Change    *change; /* NULL: nothing to write */
    Err        err;    /* it is refused */
    Problems   problems;
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
    Reader       reader;
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

/* Without what keeps a cell of CSV from being a formula. */
static const Str *plain_cells(const Reader *reader, Arena *arena, const Given *given)
{
    if (reader->format != FORMAT_CSV)
        return given->cells;
    Str *cells = ARENA_ARRAY(arena, Str, given->cell_count);
    for (size_t i = 0; i < given->cell_count; i++)
        cells[i] = csv_text(str_trim(given->cells[i]));
    return cells;
}

static Err read_row(Import *import, Batch *batch, Row *row)
{
    Problems     *problems = &row->problems;
    const Reader *reader = &import->reader;
    *problems = (Problems){ .arena = batch->arena };
    if (reader->format != FORMAT_LINES)
        row->readable = import_cells(import->links, batch->arena, plain_cells(reader, batch->arena, &row->given),
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

static Str row_reasons(const Row *row, Lang lang)
{
    Arena *arena = row->problems.arena;
    Buf    out = buf_new(arena, SIZE_MAX);
    size_t told = row->problems.count < LIMIT_IMPORT_ROW_ERRORS ? row->problems.count : LIMIT_IMPORT_ROW_ERRORS;
    for (size_t i = 0; i < told; i++) {
        const Problem *problem = &row->problems.items[i];
        if (out.len)
            buf_char(&out, ' ');
        if (problem->field.len)
            buf_printf(&out, "%.*s%s", STR_FMT(problem->field), lang == LANG_ZH ? "：" : ": ");
        buf_add(&out, problem->text.in[lang]);
    }
    if (!out.len)
        buf_add(&out, err_detail(arena, row->err, &row->problems, lang));
    if (told < row->problems.count)
        buf_add(&out, STR(" …"));
    return buf_str(&out);
}

static Str given_text(Arena *arena, const Given *given)
{
    Json *cells = json_array(arena);
    Buf   out = buf_new(arena, SIZE_MAX);
    for (size_t i = 0; i < given->cell_count; i++)
        json_push(cells, json_string(arena, given->cells[i]));
    if (given->cells)
        json_write(&out, cells);
    else if (given->object)
        json_write(&out, given->object);
    else
        json_write_string(&out, given->text);
    return buf_str(&out);
}

static Err refusal_put(Db *db, const JobRun *run, size_t line, Str cells, Str reasons)
{
    Value row[] = { value_id(record_id(&run->job)), value_int((int64_t)line), value_text(cells), value_text(reasons) };
    return db_run(db, sql_refusal_put, row, 4);
}

static Err refuse_row(Db *db, const Import *import, const Row *row)
{
    return refusal_put(db, import->run, row->given.line, given_text(row->problems.arena, &row->given),
                       row_reasons(row, job_lang(&import->run->job)));
}

/* Before the first row: what an earlier dry run has left goes, and the columns stand as line 0. */
static Err refusals_begin(Db *db, const Import *import, Arena *arena)
{
    const JobRun *run = import->run;
    Value         job = value_id(record_id(&run->job));
    Given         head = { .cells = import->reader.columns, .cell_count = import->reader.column_count };
    TRY(db_run(db, sql_refusals_clear, &job, 1));
    return import->reader.format == FORMAT_LINES ? ERR_OK : refusal_put(db, run, 0, given_text(arena, &head), STR_NONE);
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
        return refuse_row(db, import, row);
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
        TRY(refusals_begin(db, import, batch->arena));
    for (size_t i = 0; i < batch->count; i++)
        TRY(write_row(db, import, batch, &batch->rows[i]));
    return ERR_OK;
}

/* ---- a batch ---- */

#define BATCH_BYTES (8 * 1024 * 1024) /* of rows that are prepared and wait */

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
    size_t most = job_batch_rows(import->run);
    while (batch->count < most && arena_used(batch->arena) < BATCH_BYTES) {
        Row *row = &batch->rows[batch->count];
        bool more;
        TRY(reader_next(&import->reader, batch->arena, &row->given, &more));
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
    Given               given;
    bool                more = true;
    for (int64_t i = 0; i < count && more; i++) {
        arena_reset(scratch);
        TRY(reader_next(&import->reader, scratch, &given, &more));
    }
    return ERR_OK;
}

/* ---- the file ---- */

static const struct Suffix {
    Str    suffix;
    Format format;
} suffixes[] = {
    { STR_INIT(".csv"), FORMAT_CSV },        { STR_INIT(".csv.gz"), FORMAT_CSV }, { STR_INIT(".jsonl"), FORMAT_LINES },
    { STR_INIT(".jsonl.gz"), FORMAT_LINES }, { STR_INIT(".xlsx"), FORMAT_XLSX },
};

static const struct Suffix *suffix_of(Str name)
{
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (str_ends(name, suffixes[i].suffix))
            return &suffixes[i];
    return NULL;
}

static Str staged_path(const City *city, Arena *arena, Str staged)
{
    return str_printf(arena, "%.*s/imports/%.*s", STR_FMT(city->dir), STR_FMT(staged));
}

Err import_stage(const City *city, Arena *arena, Str name, Str sheet, Staged *staged, Str *out)
{
    const struct Suffix *suffix = suffix_of(name);
    if (!suffix)
        return err_make(ECODE_IMPORT_FORMAT, "%.*s", STR_FMT(name));
    if (sheet.len && suffix->format != FORMAT_XLSX)
        return err_make(ECODE_IMPORT_SHEET, "%.*s", STR_FMT(name));
    const char *folder = str_dup_z(arena, str_printf(arena, "%.*s/imports", STR_FMT(city->dir)));
    if (mkdir(folder, 0750) != 0 && errno != EEXIST)
        return err_make(errno == ENOSPC ? ECODE_STORE_FULL : ECODE_FILE_READ, "%s: %m", folder);
    *out = str_printf(arena, "%.*s%.*s", STR_FMT(uuid_make(city->ids, arena)), STR_FMT(suffix->suffix));
    TRY(staged_flush(staged));
    return staged_move(staged, staged_path(city, arena, *out));
}

/* The name is ours, however it came into the record. */
static Err file_open(JobRun *run, Reader *out, int64_t *rows)
{
    Str                  staged = job_value(&run->job, "file").text;
    const struct Suffix *suffix = suffix_of(staged);
    if (!suffix || staged.len != UUID_TEXT_SIZE + suffix->suffix.len ||
        !uuid_valid(str_slice(staged, 0, UUID_TEXT_SIZE)))
        return err_make(ECODE_FILE_MISSING, "%.*s", STR_FMT(staged));
    Str path = staged_path(run->ctx.city, run->arena, staged);
    *out = (Reader){ .format = suffix->format, .problems = run->problems };
    if (suffix->format == FORMAT_XLSX)
        return open_xlsx(out, run->arena, path, job_value(&run->job, "sheet").text, rows);
    return open_text(out, run->arena, path, rows);
}

/* ---- the job ---- */

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
    TRY(file_open(run, &import->reader, &rows));
    TRY(import_link(&run->ctx, run->arena, import->type, import->reader.columns, import->reader.column_count, mapping,
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
        xlsx_close(import->reader.xlsx);
    }
}

const JobKind job_import = { STR_INIT("import"), import_open, import_turn, import_close };

/* ---- sweeping ---- */

#define SWEEP_ROWS     1000   /* of one writer's job */
#define SENT_LATELY_MS DAY_MS /* a file that may yet become a job's */

static const Str sql_refusals_old = STR_INIT(
    "DELETE FROM job_refusal WHERE (job, line) IN (SELECT job, line FROM job_refusal WHERE job IN"
    " (SELECT id FROM r_job WHERE state NOT IN ('waiting', 'running') AND changed < ?) LIMIT ?)");
static const Str sql_file_wanted = STR_INIT(
    "SELECT 1 FROM r_job WHERE file = ? AND (state IN ('waiting', 'running') OR changed >= ?) LIMIT 1");

static const Str sql_refusals_there = STR_INIT(
    "SELECT 1 FROM job_refusal WHERE job IN (SELECT id FROM r_job WHERE state NOT IN ('waiting', 'running')"
    " AND changed < ?) LIMIT 1");

typedef struct Sweep {
    WriterJob job;
    int64_t   before_ms;
} Sweep;

static Err sweep_rows(Db *db, WriterJob *job)
{
    Value params[] = { value_instant(((Sweep *)job)->before_ms), value_int(SWEEP_ROWS) };
    return db_run(db, sql_refusals_old, params, 2);
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
    const char *path = str_dup_z(ctx->arena, staged_path(ctx->city, ctx->arena, name));
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
    DIR *folder = opendir(str_dup_z(ctx->arena, staged_path(ctx->city, ctx->arena, STR(""))));
    Err  err = ERR_OK;
    for (struct dirent *entry; folder && !err.kind && (entry = readdir(folder));)
        err = sweep_file(ctx, str_dup(ctx->arena, str_from(entry->d_name)), before_ms);
    if (folder)
        closedir(folder);
    return err;
}

/* Asked first, so that a city without any is not written to. */
static Err rows_there(const Ctx *ctx, int64_t before_ms, bool *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             before = value_instant(before_ms);
    TRY(db_query(ctx->db, sql_refusals_there, &before, 1, &rows));
    return rows_next(rows, out);
}

Err import_sweep(const Ctx *ctx)
{
    Sweep sweep = { .job = { .run = sweep_rows }, .before_ms = ctx->now_ms - LIMIT_JOB_KEPT_DAYS * DAY_MS };
    bool  there = true;
    while (there) {
        TRY(rows_there(ctx, sweep.before_ms, &there));
        if (there)
            TRY(writer_run(ctx->city->writer, &sweep.job));
    }
    return sweep_files(ctx, sweep.before_ms);
}

/* ---- what it refused ---- */

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

Err import_columns(const Ctx *ctx, Str job, const Json **out)
{
    ImportRefusal *head;
    size_t         count;
    TRY(import_refusals(ctx, job, -1, 1, &head, &count));
    *out = count && head->line == 0 ? head->given : NULL;
    return ERR_OK;
}

Err import_widest(const Ctx *ctx, Str job, size_t *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             param = value_id(job);
    bool              found;
    TRY(db_query(ctx->db, sql_widest, &param, 1, &rows));
    TRY(rows_next(rows, &found));
    *out = (size_t)rows_int(rows, 0);
    return ERR_OK;
}
