/* kernel/import_row.c: from a row to the step that it asks for. */
#include "kernel/find.h"
#include "kernel/import.h"
#include "kernel/input.h"

#define NUMBERED_MOST 16 /* records of one number that are looked at: numbers are given for each organisation */

bool import_refuses(Err err)
{
    switch (err.kind) {
    case ERR_NONE:
    case ERR_BUSY:
    case ERR_RATE:
    case ERR_UNSIGNED:
    case ERR_INTERNAL: return err.code == ECODE_STORE_SLOW;
    default: return err.code != ECODE_SIGN_IN_NO_MEMBERSHIP;
    }
}

/* ---- which record ---- */

static Str quoted(Arena *arena, Str text)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    buf_char(&buf, '\'');
    for (size_t i = 0; i < text.len; i++) {
        buf_char(&buf, text.ptr[i]);
        if (text.ptr[i] == '\'')
            buf_char(&buf, '\'');
    }
    buf_char(&buf, '\'');
    return buf_str(&buf);
}

/* One's own organisation's, else the only one that shows. */
static Err find_numbered(const Ctx *ctx, const Type *type, Str number, Record *out, Problems *problems)
{
    Query query = { .filter = str_printf(ctx->arena, "number = %.*s", STR_FMT(quoted(ctx->arena, number))),
                    .limit = NUMBERED_MOST };
    Found found;
    TRY(find(ctx, type, &query, &found, problems));
    if (found.count == 0)
        return err_make(ECODE_RECORD_UNSEEN, "number %.*s", STR_FMT(number));
    for (size_t i = 0; i < found.count; i++)
        if (str_eq(found.records[i].values[SYS_OWNER].text, ctx->actor->organisation)) {
            *out = found.records[i];
            return ERR_OK;
        }
    *out = found.records[0];
    if (found.count == 1)
        return ERR_OK;
    PROBLEM(problems, ECODE_IMPORT_AMBIGUOUS, STR("number"), STR_NONE, ARG("number", number));
    return err_make(ECODE_IMPORT_AMBIGUOUS, "number %.*s", STR_FMT(number));
}

static Err find_named(const Ctx *ctx, const Type *type, const ImportRow *row, Record *out, Problems *problems)
{
    return row->id.len ? find_one(ctx, type, row->id, out) : find_numbered(ctx, type, row->number, out, problems);
}

/* ---- what differs ---- */

/* Is it what the record has, as far as who asks can see? */
static Err is_same(const Ctx *ctx, const Record *before, const Json *given, bool *out)
{
    const Field *field = type_field(before->type, given->key);
    Problems     scratch = { .arena = ctx->arena };
    Value        value;
    bool         good;
    *out = false;
    if (!field || field->kind == FIELD_COMPUTED)
        return ERR_OK;
    if (!access_shows(&before->clearance, field)) { /* an export leaves its cell empty */
        *out = given->kind == JSON_NULL;
        return ERR_OK;
    }
    TRY(input_value(ctx, field, given, before->values[field->index], &value, &good, &scratch));
    *out = good && value_eq(value, before->values[field->index]);
    return ERR_OK;
}

static Err differing(const Ctx *ctx, const Record *before, const Json *fields, Json **out)
{
    *out = json_object(ctx->arena);
    JSON_EACH(given, fields) {
        bool same;
        TRY(is_same(ctx, before, given, &same));
        if (!same)
            json_set(*out, given->key, json_dup(ctx->arena, given));
    }
    return ERR_OK;
}

/* A new record gets defaults for what an empty cell leaves open. */
static const Json *without_missing(Arena *arena, const Json *fields)
{
    bool any = false;
    JSON_EACH(given, fields)
        any |= given->kind == JSON_NULL;
    if (!any)
        return fields;
    Json *out = json_object(arena);
    JSON_EACH(given, fields)
        if (given->kind != JSON_NULL)
            json_set(out, given->key, json_dup(arena, given));
    return out;
}

/* ---- the step ---- */

Err import_step(const Ctx *ctx, const Type *type, const ImportRow *row, ImportStep *step, ActRequest *out,
                Problems *problems)
{
    *out = (ActRequest){ .type = type, .if_match = -1 };
    if (!row->id.len && !row->number.len) {
        *step = IMPORT_CREATE;
        out->action = STR("create");
        out->input = without_missing(ctx->arena, row->fields);
        return ERR_OK;
    }
    Record before;
    Json  *changed;
    TRY(find_named(ctx, type, row, &before, problems));
    TRY(differing(ctx, &before, row->fields, &changed));
    *step = changed->count ? IMPORT_EDIT : IMPORT_NOTHING;
    out->action = STR("edit");
    out->record = record_id(&before);
    out->input = changed;
    out->if_match = row->version;
    return ERR_OK;
}
