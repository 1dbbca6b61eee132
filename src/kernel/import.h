/* kernel/import.h: many records of one type from rows that somebody sends: of a file, as a job (kernel/job.h), or of a
 * request.
 *
 * Row      one that names a record, by `id` or else by `number`, edits it: of what it gives, only what differs from the
 *          record counts, and a row that differs in nothing is no step and leaves no event. A `version` beside it is
 *          the one that the record must still have. Any other row creates a record. Each row is a step of whoever
 *          started it, with every check of act(), whole or not at all.
 * Columns  of a file: the header; of JSON Lines every member that some object has. Without a map each is the name of a
 *          field, or its label in either language; one that is none is a fault of the whole file, found before its
 *          first row is read. A column "errors" that is no field is passed over, so that a file of refused rows can be
 *          mended and sent as it is; and so are columns of what the city keeps itself or works out, so that what was
 *          exported can be. An object with an object `fields` is a record as the API shows it.
 * Map      {field: column}; then only mapped columns are read.
 * Hidden   a field that could never show to the actor is no field: neither known, nor near, nor mapped.
 * Values   of cells by the field's kind, as input_from_text() reads them; truths are also yes, no, 是, 否, choices also
 *          their labels. JSON values go as they are; an array for a text field is joined by "；". An empty cell and
 *          null are missing: a new record gets the field's default or nothing, a record that is there loses the value.
 *          What does not fit is left as text, for act() to refuse with its reason. */
#ifndef FM_KERNEL_IMPORT_H
#define FM_KERNEL_IMPORT_H

#include "kernel/act.h"
#include "kernel/file_store.h"

#define IMPORT_ERRORS STR("errors") /* column of the file of refused rows that says why; an import passes over it */

/* ---- one row ---- */

typedef struct ImportRow {
    Str         id, number; /* empty: not given */
    int64_t     version;    /* -1: not given */
    const Json *fields;     /* an object */
} ImportRow;

typedef enum ImportStep { IMPORT_CREATE, IMPORT_EDIT, IMPORT_NOTHING } ImportStep;

/* The step that the row asks for; *out is not set for IMPORT_NOTHING. Errors: ECODE_RECORD_UNSEEN,
 * ECODE_IMPORT_AMBIGUOUS (the number is of several records), ECODE_RECORD_STALE. */
Err import_step(const Ctx *ctx, const Type *type, const ImportRow *row, ImportStep *step, ActRequest *out,
                Problems *problems) MUST_CHECK;
/* Does the error refuse the row alone? Any other stops the whole. */
bool import_refuses(Err err);

/* ---- columns ---- */

typedef struct ImportLinks ImportLinks; /* which column is which field */

/* mapping: the parsed map, or NULL. *out is in arena. problems get all that is wrong
 * with the columns, with the fields that the actor could ever write, and which of them may be meant. ECODE_IMPORT_MAP,
 * _HEADER, _COLUMN, _SAME, _TWICE. */
Err import_link(const Ctx *ctx, Arena *arena, const Type *type, const Str *columns, size_t count, const Json *mapping,
                ImportLinks **out, Problems *problems) MUST_CHECK;
/* False, with a problem, when it is no row: of cells their number is wrong, of JSON it is no object. */
bool import_cells(const ImportLinks *links, Arena *arena, const Str *cells, size_t count, ImportRow *out,
                  Problems *problems);
bool import_object(const ImportLinks *links, Arena *arena, const Json *object, ImportRow *out, Problems *problems);
/* What an object of JSON Lines has in the column; NULL: nothing. */
const Json *import_member(const Type *type, const Json *object, Str column);

/* What each column is understood as, for whoever maps them by hand. */
typedef struct ImportColumn {
    Str          name;
    const Field *field;  /* NULL: none */
    const Field *near;   /* of one that is none: which may be meant; NULL: nothing is near */
    bool         passed; /* the city keeps it or works it out: it is passed over */
} ImportColumn;

typedef struct ImportMatch {
    ImportColumn *columns; /* in the order of the file */
    size_t        count;
    const Field **fields; /* that a column may be: what names a record, then what the actor could ever write */
    size_t        field_count;
} ImportMatch;

/* columns as import_sample() gives them; mapping: the parsed map, or NULL. What lies in ctx->arena. */
void import_match(const Ctx *ctx, const Type *type, const Json *columns, const Json *mapping, ImportMatch *out);

/* ---- a file, as a job ---- */

extern const struct JobKind job_import; /* kernel/job.h */

/* Keeps the file among the city's until a job reads it; *out is its name there, the job's `file`, which is good for
 * jobs of that person alone, whoever comes to know it. name says the format; sheet, which may be empty, is for one that
 * has sheets. ECODE_IMPORT_FORMAT, _SHEET, and those of kernel/file_store.h. Takes the staged file, which is then no
 * more. */
Err import_stage(const City *city, Arena *arena, Str person, Str name, Str sheet, Staged *staged, Str *out) MUST_CHECK;
/* Has the person sent the file of that name? */
bool import_is_of(const City *city, Arena *arena, Str file, Str person);

/* What is no longer of use goes: files that no job reads any more, and the refused rows of jobs that ended longer than
 * LIMIT_JOB_KEPT_DAYS ago; so do the files that came in and became no job. */
Err import_sweep(const Ctx *ctx) MUST_CHECK;

/* The rows that a job refused, by their place in the file, from behind the line `after`: the cells or the object as
 * they were, and the reasons in the language of its starter. At most `most`; *count is less at the end. */
typedef struct ImportRefusal {
    int64_t     line;
    const Json *given; /* an array of cells, or an object; a string when the line could not be read */
    Str         reasons;
} ImportRefusal;
Err import_refusals(const Ctx *ctx, Str job, int64_t after, size_t most, ImportRefusal **out, size_t *count) MUST_CHECK;
/* What a file begins with, kept when its job begins and as long as its refused rows. */
#define IMPORT_SAMPLE_ROWS 5
typedef struct ImportSample {
    bool        is_table; /* not JSON Lines */
    const Json *columns;  /* an array of their names */
    const Json *rows;     /* the first ones, each an array with a text for each column; long ones cut short */
} ImportSample;
/* *found is false before the job has begun, and after LIMIT_JOB_KEPT_DAYS. */
Err import_sample(const Ctx *ctx, Str job, ImportSample *out, bool *found) MUST_CHECK;
/* The columns of a table, as an array; NULL for JSON Lines, and where there is no sample. */
Err import_columns(const Ctx *ctx, Str job, const Json **out) MUST_CHECK;
/* The most cells that a refused row of a table has, or its header. */
Err import_widest(const Ctx *ctx, Str job, size_t *out) MUST_CHECK;

#endif
