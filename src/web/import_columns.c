/* web/import_columns.c: how the columns of a file were understood, and the same file again with a map made by hand. */
#include "kernel/import.h"
#include "kernel/job.h"
#include "services/jobs.h"
#include "web/handlers.h"
#include "web/imports.h"
#include "web/shapes.h"

typedef struct Mapped {
    Record      job;
    const Type *about;
    Json       *data; /* jobs_columns() */
    Json       *mapping;
    Json       *chosen; /* in the form: for each column the name of a field, or nothing */
    bool        dry_run;
} Mapped;

static Err read_job(Call *call, Mapped *out)
{
    TRY(jobs_find_own(&call->ctx, call->params[0], &out->job));
    TRY(jobs_columns(&call->ctx, &out->job, &out->data));
    out->about = pack_type(call_pack(call), job_value(&out->job, "about").text);
    return shape_imports(call, out->about) ? ERR_OK : err_make(ECODE_RECORD_UNSEEN, "imports nothing");
}

void import_columns_show(Call *call)
{
    Mapped mapped;
    Err    err = read_job(call, &mapped);
    call_answer(call, err, err.kind ? NULL : mapped.data, NULL);
}

/* ---- the map ---- */

/* All that is wrong with it is found here, before there is a job. */
static Err check_map(Call *call, const Mapped *mapped, Problems *problems)
{
    const Json  *columns = json_get(mapped->data, STR("columns"));
    Str         *names = ARENA_ARRAY(call->ctx.arena, Str, columns->count);
    size_t       count = 0;
    ImportLinks *links;
    JSON_EACH(column, columns)
        names[count++] = json_text(json_get(column, STR("column")));
    Err err = import_link(&call->ctx, call->ctx.arena, mapped->about, names, count, mapped->mapping, &links, problems);
    if (err.code == ECODE_IMPORT_MAP && !problems->count)
        PROBLEM(problems, err.code, STR("mapping"), STR_NONE);
    return err;
}

static void begin(Call *call, const Mapped *mapped, void (*then)(Call *call, const ActResult *result))
{
    Arena *arena = call->ctx.arena;
    Json  *input = jobs_again(&call->ctx, &mapped->job);
    Buf    mapping = buf_new(arena, SIZE_MAX);
    json_write(&mapping, mapped->mapping);
    json_set_str(arena, input, STR("mapping"), buf_str(&mapping));
    json_set_bool(arena, input, STR("dry_run"), mapped->dry_run);
    ActRequest request = { .type = mapped->job.type, .action = STR("create"), .input = input, .if_match = -1 };
    call_act(call, &request, then);
}

static Err read_body(Call *call, Mapped *out, Problems *problems)
{
    TRY(read_job(call, out));
    TRY(SHAPE(call->body, problems, { "mapping", JSON_OBJECT, true }, { "dry_run", JSON_TRUE, false }));
    out->mapping = json_dup(call->ctx.arena, json_get(call->body, STR("mapping")));
    json_truth(json_get(call->body, STR("dry_run")), &out->dry_run);
    return check_map(call, out, problems);
}

void import_columns_map(Call *call)
{
    Mapped   mapped = { 0 };
    Problems problems = call_problems(call);
    Err      err = read_body(call, &mapped, &problems);
    if (err.kind)
        call_fail(call, err, &problems);
    else
        begin(call, &mapped, imports_begun);
}

/* ---- the form ---- */

/* Field of the form for the column at this place. */
static Str input_name(Arena *arena, size_t at) { return str_printf(arena, "c%zu", at); }

/* A second column for the same field is no map. */
static void map_column(Call *call, Mapped *mapped, Str column, Problems *problems)
{
    Arena       *arena = call->ctx.arena;
    Str          input = input_name(arena, mapped->chosen->count), field = call_form(call, input);
    const Json  *other = json_get(mapped->mapping, field);
    const Field *known = field.len ? type_field(mapped->about, field) : NULL;
    json_push(mapped->chosen, json_string(arena, field));
    if (known && other)
        PROBLEM(problems, ECODE_IMPORT_TWICE, input, STR_NONE, ARG("column", column), ARG("other", other->text),
                ARG_TEXT("field", known->label));
    else if (field.len)
        json_set_str(arena, mapped->mapping, field, column);
}

static Err read_form(Call *call, Mapped *out, Problems *problems)
{
    TRY(read_job(call, out));
    out->mapping = json_object(call->ctx.arena);
    out->chosen = json_array(call->ctx.arena);
    out->dry_run = !str_eq(call_form(call, STR("how")), STR("write"));
    JSON_EACH(column, json_get(out->data, STR("columns")))
        map_column(call, out, json_text(json_get(column, STR("column"))), problems);
    return problems->count ? err_make(ECODE_IMPORT_TWICE, "columns") : check_map(call, out, problems);
}

static void form_refused(Call *call, const Mapped *mapped, Err err, const Problems *problems)
{
    json_set(mapped->data, STR("error"), call_error(call, err, problems));
    json_set(mapped->data, STR("chosen"), mapped->chosen);
    json_set_bool(call->ctx.arena, mapped->data, STR("write"), !mapped->dry_run);
    call_data(call, 422, mapped->data);
}

static void form_begun(Call *call, const ActResult *result)
{
    const Mapped *mapped = call->state;
    if (!result->err.kind)
        imports_follow(call, &result->record);
    else if (result->err.kind == ERR_INVALID)
        form_refused(call, mapped, result->err, &result->problems);
    else
        call_fail(call, result->err, &result->problems);
}

void import_columns_send(Call *call)
{
    Problems problems = call_problems(call);
    Mapped  *mapped = ARENA_NEW(call->ctx.arena, Mapped);
    Err      err = read_form(call, mapped, &problems);
    call->state = mapped;
    if (!err.kind)
        begin(call, mapped, form_begun);
    else if (mapped->mapping && err.kind == ERR_INVALID)
        form_refused(call, mapped, err, &problems);
    else
        call_fail(call, err, &problems);
}
