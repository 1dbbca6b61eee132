/* web/files.c: files of records: up, and down again. */
#include "base/limits.h"
#include "kernel/history.h"
#include "kernel/idempotency.h"
#include "web/body.h"
#include "web/handlers.h"
#include "web/page.h"
#include "web/shapes.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)64 * 1024)

static Err record_of(Call *call, Record *out, Problems *problems)
{
    const Type *type;
    TRY(shape_type_find(call, call->params[0], &type, problems));
    return find_one(&call->ctx, type, call->params[1], out);
}

/* ---- up ---- */

static bool takes_files(const Action *action, const Record *record)
{
    for (size_t i = 0; i < action->input_count; i++) {
        const Field *field = &record->type->fields[action->inputs[i]];
        if (field_kinds[field->kind].file && access_shows(&record->clearance, field))
            return true;
    }
    return false;
}

/* Is there a step on the record that the actor may take, and that takes a file? */
Err files_may_add(Call *call)
{
    Problems problems = call_problems(call);
    Record   record;
    Permit   permit;
    TRY(record_of(call, &record, &problems));
    TRY(upload_admit(&call->ctx));
    for (size_t i = 0; i < record.type->action_count; i++) {
        const Action *action = &record.type->actions[i];
        if (action->creates || !takes_files(action, &record))
            continue;
        TRY(access_permits(&call->ctx, action, &record, &permit));
        if (permit == PERMIT_YES)
            return ERR_OK;
    }
    return err_make(ECODE_FILE_NOT_TAKEN, "%.*s", STR_FMT(record.type->name));
}

static void added(Call *call, Err err)
{
    const Problems *problems = call->state;
    if (err.kind)
        call_fail(call, err, problems);
    else
        call_data(call, 201, file_ref_json(call->ctx.arena, &call->files[0].upload.file));
}

void files_add(Call *call)
{
    Problems *problems = ARENA_NEW(call->ctx.arena, Problems);
    *problems = call_problems(call);
    call->state = problems;
    Err err = files_may_add(call);
    if (!err.kind && !call->file_count) {
        PROBLEM(problems, ECODE_FILE_EMPTY, STR("name"), STR_NONE, ARG("name", call_query(call, STR("name"))));
        err = err_make(ECODE_FILE_EMPTY, "no body");
    }
    if (err.kind) {
        call_fail(call, err, problems);
        return;
    }
    call->files[0].field = STR("name");
    call->files[0].name = call_query(call, STR("name"));
    body_keep(call, problems, added);
}

/* ---- what there is ---- */

static Err field_files(Call *call, const Record *record, const Field *field, Json *items)
{
    FileRef *files;
    size_t   count;
    TRY(file_refs(call->ctx.arena, record->values[field->index], &files, &count));
    for (size_t i = 0; i < count; i++)
        json_set_str(call->ctx.arena, json_push(items, file_ref_json(call->ctx.arena, &files[i])), STR("field"),
                     field->name);
    return ERR_OK;
}

static Err list_data(Call *call, Json **out, Problems *problems)
{
    Record record;
    TRY(record_of(call, &record, problems));
    *out = json_object(call->ctx.arena);
    Json *items = json_set(*out, STR("items"), json_array(call->ctx.arena));
    for (size_t i = SYS_COUNT; i < record.type->stored_count; i++)
        if (field_kinds[record.type->fields[i].kind].file && access_shows(&record.clearance, &record.type->fields[i]))
            TRY(field_files(call, &record, &record.type->fields[i], items));
    return ERR_OK;
}

void files_list(Call *call)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    Err      err = list_data(call, &json, &problems);
    call_answer(call, err, json, &problems);
}

/* ---- down ---- */

typedef struct Download {
    const char *path;
    int64_t     size, sent;
} Download;

static Err read_at(const Download *download, char *bytes, size_t size, ssize_t *got)
{
    int fd = open(download->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_make(ECODE_INTERNAL, "%s: %m", download->path);
    do
        *got = pread(fd, bytes, size, download->sent);
    while (*got < 0 && errno == EINTR);
    close(fd);
    return *got > 0 ? ERR_OK : err_make(ECODE_INTERNAL, "%s ends early: %m", download->path);
}

static Err piece_next(Call *call, Str *out, Problems *problems)
{
    Download *download = call->state;
    char     *bytes = ARENA_ARRAY(call->ctx.arena, char, PIECE_BYTES);
    ssize_t   got;
    (void)problems;
    if (download->sent == download->size)
        return ERR_OK;
    TRY(read_at(download, bytes, PIECE_BYTES, &got));
    download->sent += got;
    *out = (Str){ bytes, (size_t)got };
    return ERR_OK;
}

/* RFC 6266: for who reads UTF-8 the name, for others its ASCII. */
static Str disposition(Arena *arena, Str name)
{
    char *plain = ARENA_ARRAY(arena, char, name.len);
    for (size_t i = 0; i < name.len; i++)
        plain[i] = (char)((unsigned char)name.ptr[i] < 0x80 && name.ptr[i] != '"' && name.ptr[i] != '\\' ? name.ptr[i]
                                                                                                         : '_');
    return str_printf(arena, "attachment; filename=\"%.*s\"; filename*=UTF-8''%.*s", (int)name.len, plain,
                      STR_FMT(uri_escape(arena, name)));
}

/* Saved, never shown: whatever the bytes are, no browser runs them as this site's. */
static void show(Call *call, const FileRef *file)
{
    const FileType *type = file_type_of(file->name);
    Download       *download = ARENA_NEW(call->ctx.arena, Download);
    *download = (Download){ .path = file_path(call->ctx.city, call->ctx.arena, file->sha256).ptr, .size = file->size };
    call->state = download;
    call_set_header(call, STR("Content-Disposition"), disposition(call->ctx.arena, file->name));
    call_set_header(call, STR("Content-Security-Policy"), STR("default-src 'none'; sandbox"));
    call_set_header(call, STR("ETag"), str_printf(call->ctx.arena, "\"%.*s\"", STR_FMT(file->sha256)));
    call_stream(call, type ? type->media : STR("application/octet-stream"), piece_next, NULL);
}

void files_show(Call *call)
{
    Problems problems = call_problems(call);
    Record   record;
    FileRef  file;
    bool     found = false;
    Err      err = record_of(call, &record, &problems);
    if (!err.kind)
        err = history_file(&call->ctx, &record, call->params[2], &file, &found);
    if (!err.kind && !found)
        err = err_make(ECODE_RECORD_UNSEEN, "no such file");
    if (err.kind)
        call_fail(call, err, &problems);
    else
        show(call, &file);
}
