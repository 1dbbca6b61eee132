/* web/export_sheet.c: a list as a spreadsheet, and the empty one to be filled in; see export.h.
 *
 * A packed file has no first byte before its last row, so it is written into the city's folder, page by page, aside
 * (ASIDE_READ), and then sent from there. That thread does one after the other, so one name is enough, and what a
 * killed process left, under a name of libzip's too, goes with the next export. */
#include "base/limits.h"
#include "sheet/xlsx_write.h"
#include "web/aside.h"
#include "web/dispatch.h"
#include "web/export.h"
#include "web/handlers.h"
#include "web/shapes.h"
#include "web/stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "exports"
#define PIECE  ((size_t)64 * 1024)

/* ---- columns ---- */

static XlsxKind kind_of(const Field *field)
{
    switch (field_expr_type(field).kind) {
    case VALUE_INTEGER:
    case VALUE_DECIMAL: return XLSX_NUMBER;
    case VALUE_DATE: return XLSX_DATE;
    case VALUE_BOOLEAN: return XLSX_TRUTH;
    default: return XLSX_TEXT;
    }
}

static XlsxColumn column_of(const Field *field, Str head)
{
    return (XlsxColumn){ .head = head, .kind = kind_of(field), .scale = field->scale };
}

/* ---- rows ---- */

static Str begun_path(Arena *arena, const City *city)
{
    return str_printf(arena, "%.*s/" FOLDER "/next.xlsx", STR_FMT(city->dir));
}

static void empty(Str folder)
{
    DIR                 *dir = opendir(folder.ptr);
    const struct dirent *one;
    while (dir && (one = readdir(dir)))
        unlinkat(dirfd(dir), one->d_name, 0);
    if (dir)
        closedir(dir);
}

static Err begin(Call *copy, Str sheet, const XlsxColumn *columns, size_t count, XlsxWriter **out)
{
    Arena *arena = copy->ctx.arena;
    Str    folder = str_printf(arena, "%.*s/" FOLDER, STR_FMT(copy->ctx.city->dir));
    empty(folder);
    if (mkdir(folder.ptr, 0700) != 0 && errno != EEXIST)
        return err_make(errno == ENOSPC ? ECODE_STORE_FULL : ECODE_FILE_READ, "%s: %m", folder.ptr);
    return xlsx_begin(begun_path(arena, copy->ctx.city), folder, sheet, columns, count, out);
}

static Err sheet_head(Export *export, const Call *call, Buf *out)
{
    (void)export, (void)call, (void)out; /* written by begin(), before the first page is known */
    return ERR_OK;
}

/* People read labels; programs asked for names, and get codes. */
static Str cell_text(Arena *arena, const Export *export, const ExportColumn *column, const Json *value, Lang lang)
{
    Str           text = export_cell_text(arena, column, value);
    const Choice *choice = export->labels && column->field->kind == FIELD_CHOICE ? field_choice(column->field, text)
                                                                                 : NULL;
    return choice ? choice->label.in[lang] : text;
}

static Err sheet_row(Export *export, const Call *call, const Json *record, Buf *out)
{
    const Json **cells = export_cells(out->arena, export, record);
    Str         *texts = ARENA_ARRAY(out->arena, Str, export->count);
    for (size_t i = 0; i < export->count; i++)
        texts[i] = cell_text(out->arena, export, &export->columns[i], cells[i], call->ctx.lang);
    return xlsx_add(export->sheet, texts);
}

const ExportFormat export_xlsx = { "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                                   sheet_head, sheet_row };

/* One page under one snapshot; who asks must still be who they were. */
static Err one_page(Call *copy, Export *export, Problems *problems)
{
    OWNED(arena) Arena *arena = arena_new();
    Call                page = *copy;
    Buf                 none = buf_new(arena, SIZE_MAX);
    page.ctx.arena = arena;
    TRY(call_snapshot_open(copy));
    page.ctx.now_ms = env_now(&copy->ctx.city->env);
    Err err = stream_still_allowed(&page);
    if (!err.kind)
        err = export_page(&page, export, &none, problems);
    call_snapshot_close(copy);
    return err;
}

static Err all_pages(Call *copy, void *context, XlsxWriter *writer, Problems *problems)
{
    Export *export = context;
    export->sheet = writer;
    while (!export->ended) {
        if (aside_ends(copy))
            return err_make(ECODE_SHUTTING_DOWN, "an export");
        TRY(one_page(copy, export, problems));
    }
    return ERR_OK;
}

/* Nobody finds it under a name; it goes when it is closed. */
static Err take_file(const City *city, Arena *arena, int *fd)
{
    Str path = begun_path(arena, city);
    *fd = open(path.ptr, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return err_make(ECODE_FILE_READ, "%s: %m", path.ptr);
    unlink(path.ptr);
    return ERR_OK;
}

/* ---- one file ---- */

typedef struct SheetReply {
    SheetSource source;
    int         fd; /* of what is sent; -1: none */
    int64_t     sent;
} SheetReply;

static Err write_sheet(Call *copy, void *context, Problems *problems)
{
    SheetReply        *reply = context;
    const SheetSource *source = &reply->source;
    XlsxWriter        *writer;
    TRY(begin(copy, source->sheet, source->columns, source->count, &writer));
    Err err = source->rows ? source->rows(copy, source->context, writer, problems) : ERR_OK;
    if (err.kind) {
        xlsx_drop(writer);
        return err;
    }
    TRY(xlsx_finish(writer));
    return take_file(copy->ctx.city, copy->ctx.arena, &reply->fd);
}

static Err send_piece(Call *call, Str *out, Problems *problems)
{
    SheetReply *reply = call->state;
    char       *bytes = arena_alloc(call->ctx.arena, PIECE);
    ssize_t     got = pread(reply->fd, bytes, PIECE, reply->sent);
    (void)problems;
    if (got < 0)
        return err_make(ECODE_FILE_READ, "export: %m");
    reply->sent += got;
    *out = (Str){ bytes, (size_t)got };
    return ERR_OK;
}

static void send_end(Call *call)
{
    SheetReply *reply = call->state;
    if (reply->fd >= 0)
        close(reply->fd);
    reply->fd = -1;
}

static void written(Call *call, Err err, const Problems *problems)
{
    const SheetReply *reply = call->state;
    if (err.kind) {
        call_fail(call, err, problems);
        return;
    }
    export_attach(call, reply->source.name);
    call_stream(call, str_from(export_xlsx.media), send_piece, send_end);
}

void sheet_send(Call *call, const SheetSource *source)
{
    SheetReply *reply = ARENA_NEW(call->ctx.arena, SheetReply);
    *reply = (SheetReply){ .source = *source, .fd = -1 };
    call->state = reply;
    call_aside(call, ASIDE_READ, write_sheet, reply, written);
}

/* ---- a list ---- */

static SheetSource source_of(Call *call, const Type *type, const XlsxColumn *columns, size_t count)
{
    return (SheetSource){ .name = export_name(call, type, export_xlsx.name),
                          .sheet = type->plural.in[call->ctx.lang],
                          .columns = columns,
                          .count = count };
}

void export_sheet(Call *call, Export *export)
{
    XlsxColumn *columns = ARENA_ARRAY(call->ctx.arena, XlsxColumn, export->count);
    for (size_t i = 0; i < export->count; i++) {
        const Field *field = export->columns[i].field;
        columns[i] = column_of(field, export->labels ? field->label.in[call->ctx.lang] : field->name);
    }
    SheetSource source = source_of(call, export->type, columns, export->count);
    source.rows = all_pages;
    source.context = export;
    sheet_send(call, &source);
}

/* ---- the empty one ---- */

/* What it is, what to write, and whether it is needed. */
static Str note_of(Call *call, const Field *field, bool required)
{
    Lang   lang = call->ctx.lang;
    Str    parts[3];
    size_t count = 0;
    if (field->help.in[lang].len)
        parts[count++] = field->help.in[lang];
    if (field_kinds[field->kind].expected.in[lang].len)
        parts[count++] = field_kinds[field->kind].expected.in[lang];
    if (required)
        parts[count++] = lang == LANG_ZH ? STR("必填") : STR("required");
    return str_join(call->ctx.arena, parts, count, STR("\n"));
}

static void add_words(Call *call, const Field *field, XlsxColumn *column)
{
    if (field->kind != FIELD_CHOICE)
        return;
    Str *words = ARENA_ARRAY(call->ctx.arena, Str, field->choice_count);
    for (size_t i = 0; i < field->choice_count; i++)
        words[i] = field->choices[i].label.in[call->ctx.lang];
    column->words = words;
    column->word_count = field->choice_count;
}

/* What a new record takes, but for files, which go into no cell. */
static Err template_read(Call *call, Export *out, Problems *problems)
{
    const Action *create;
    uint16_t     *inputs;
    size_t        count;
    bool          may;
    TRY(shape_type_find(call, call->params[0], &out->type, problems));
    create = type_action(out->type, STR("create"));
    TRY(act_may_create(&call->ctx, out->type, &may));
    if (!create || !may) {
        PROBLEM(problems, ECODE_ACTION_UNKNOWN, STR_NONE, STR_NONE, ARG("action", STR("create")));
        return err_make(ECODE_ACTION_UNKNOWN, "nobody creates it");
    }
    TRY(act_inputs(&call->ctx, create, out->type, NULL, &inputs, &count));
    out->labels = true;
    out->columns = ARENA_ARRAY(call->ctx.arena, ExportColumn, count);
    for (size_t i = 0; i < count; i++) {
        const Field *field = &out->type->fields[inputs[i]];
        if (!field_kinds[field->kind].file)
            out->columns[out->count++] = (ExportColumn){ .field = field };
    }
    return ERR_OK;
}

static void template_sheet(Call *call, const Export *export)
{
    const Action *create = type_action(export->type, STR("create"));
    XlsxColumn   *columns = ARENA_ARRAY(call->ctx.arena, XlsxColumn, export->count);
    for (size_t i = 0; i < export->count; i++) {
        const Field *field = export->columns[i].field;
        columns[i] = column_of(field, field->label.in[call->ctx.lang]);
        columns[i].note = note_of(call, field, field_among(create->required, create->required_count, field));
        add_words(call, field, &columns[i]);
    }
    SheetSource source = source_of(call, export->type, columns, export->count);
    sheet_send(call, &source);
}

void records_template(Call *call)
{
    static const Str formats[] = { STR_INIT("xlsx"), STR_INIT("csv") };
    Problems         problems = call_problems(call);
    Export *export = ARENA_NEW(call->ctx.arena, Export);
    Err    err = template_read(call, export, &problems);
    size_t format = err.kind ? 0 : export_word(call, "format", formats, 2, &problems);
    if (!err.kind && problems.count)
        err = err_make(ECODE_QUERY_INVALID, "template");
    if (err.kind)
        call_fail(call, err, &problems);
    else if (format == 1)
        export_head(call, export);
    else
        template_sheet(call, export);
}
