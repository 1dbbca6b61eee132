/* web/filled.c: see filled.h. */
#include "web/filled.h"

#include "base/date.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "kernel/input.h"
#include "web/body.h"

/* ---- names ---- */

typedef struct Part { /* of a field's value */
    Str field;        /* "expenses" */
    Str item;         /* "2", "physics"; ptr NULL: the whole field */
    Str column;       /* "amount"; empty: none */
} Part;

static Part part_of(Str name)
{
    Str rest = name;
    if (str_find(name, STR("[")) == name.len || str_find(name, STR("]")) == name.len)
        return (Part){ .field = name };
    Part part = { .field = str_cut(&rest, '[') };
    part.item = str_cut(&rest, ']');
    if (str_starts(rest, STR(".")))
        part.column = str_slice(rest, 1, rest.len);
    return part;
}

bool filled_more(const Call *call)
{
    for (size_t i = 0; i < call->form_count; i++)
        if (str_starts(call->form[i].name, STR("more[")))
            return true;
    return false;
}

static bool more_of(const Call *call, const Field *field)
{
    return call_form(call, str_printf(call->ctx.arena, "more[%.*s]", STR_FMT(field->name))).ptr != NULL;
}

/* ---- numbers ---- */

/* "-1,234,567": one to three digits, then groups of three. */
static bool has_thousand_marks(Str whole)
{
    if (str_ends(whole, STR(",")))
        return false;
    Str first = str_cut(&whole, ',');
    if (str_starts(first, STR("-")))
        first = str_slice(first, 1, first.len);
    bool fits = first.len >= 1 && first.len <= 3 && whole.len;
    while (fits && whole.len)
        fits = str_cut(&whole, ',').len == 3;
    return fits;
}

Str filled_number(Arena *arena, Str text)
{
    Str number = str_trim(text);
    Str whole = str_slice(number, 0, str_find(number, STR(".")));
    if (!has_thousand_marks(whole))
        return text;
    Buf buf = buf_new(arena, SIZE_MAX);
    Str fraction = str_slice(number, whole.len, number.len);
    while (whole.len)
        buf_add(&buf, str_cut(&whole, ','));
    buf_add(&buf, fraction);
    return buf_str(&buf);
}

/* ---- dates ---- */

/* One of the signs between the parts of a date; how long it is, 0: none. */
static size_t date_sign(Str rest)
{
    static const Str signs[] = { STR_INIT("-"), STR_INIT("/"), STR_INIT("."), STR_INIT("年"), STR_INIT("月") };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (str_starts(rest, signs[i]))
            return signs[i].len;
    return 0;
}

static size_t digits_of(Str text, size_t most)
{
    size_t count = 0;
    while (count < most && count < text.len && text.ptr[count] >= '0' && text.ptr[count] <= '9')
        count++;
    return count;
}

Str filled_date(Arena *arena, Str text)
{
    Str  rest = str_trim(text), parts[3];
    bool bare = rest.len == 8 && digits_of(rest, 8) == 8;
    for (size_t i = 0; i < 3; i++) {
        size_t digits = digits_of(rest, i ? 2 : 4);
        if (!digits || (i == 0 && digits < 4))
            return text;
        parts[i] = str_slice(rest, 0, digits);
        rest = str_slice(rest, digits, rest.len);
        size_t sign = i < 2 && !bare ? date_sign(rest) : 0;
        if (i < 2 && !bare && !sign)
            return text;
        rest = str_slice(rest, sign, rest.len);
    }
    if (rest.len && !str_eq(rest, STR("日")))
        return text;
    return str_printf(arena, "%.*s-%s%.*s-%s%.*s", STR_FMT(parts[0]), parts[1].len < 2 ? "0" : "", STR_FMT(parts[1]),
                      parts[2].len < 2 ? "0" : "", STR_FMT(parts[2]));
}

/* ---- instants ---- */

Str filled_instant(Arena *arena, int64_t ms, int offset_minutes)
{
    int64_t local = ms + (int64_t)offset_minutes * 60000;
    Str     text = instant_text(arena, local); /* "2025-03-04T05:06:07.089Z" */
    int64_t parts = (local % DAY_MS + DAY_MS) % DAY_MS % 60000;
    Str     time = str_slice(text, 11, parts == 0 ? 16 : parts % 1000 == 0 ? 19 : 23);
    return str_printf(arena, "%.*s %.*s", 10, text.ptr, STR_FMT(time));
}

/* A time on the city's wall as an instant; what is none stays for the kernel to refuse. */
static Str instant_typed(const Call *call, Str typed)
{
    Arena  *arena = call->ctx.arena;
    int     offset = call_pack(call)->utc_offset_minutes, away = offset < 0 ? -offset : offset;
    int64_t ms;
    Str     text = str_trim(typed), time = text, day = str_cut(&time, ' ');
    Str     whole = str_printf(arena, "%.*sT%.*s%s%c%02d:%02d", STR_FMT(day), STR_FMT(str_trim(time)),
                           str_trim(time).len == 5 ? ":00" : "", offset < 0 ? '-' : '+', away / 60, away % 60);
    return instant_parse(whole, &ms) ? instant_text(arena, ms) : typed;
}

/* ---- references ---- */

Err filled_called(Call *call, const Type *type, Str name, Found *out)
{
    const uint16_t names[] = { SYS_NUMBER, type->title };
    *out = (Found){ 0 };
    for (size_t i = 0; i < sizeof names / sizeof *names && !out->count; i++) {
        const Field *field = &type->fields[names[i]];
        Problems     none = call_problems(call);
        Query        query = { .limit = 2,
                               .filter = str_printf(call->ctx.arena, "%.*s = %.*s", STR_FMT(field->name),
                                                    STR_FMT(expr_quote(call->ctx.arena, name))) };
        Err          err = field_kinds[field->kind].text ? find(&call->ctx, type, &query, out, &none) : ERR_OK;
        if (err.kind && err.kind != ERR_INVALID) /* what makes no filter names nothing */
            return err;
    }
    return ERR_OK;
}

#define NAMES_MAX 100 /* different ones of one form: each costs a list or two. A sentence below says it, too. */

typedef struct Called { /* a name that was looked up */
    const Type *type;
    Str         name;
    size_t      count; /* of records called so: 0, 1, or 2 for several */
    Str         id;    /* of the first */
} Called;

typedef struct Names { /* of one form */
    Problems *problems;
    Called    known[NAMES_MAX];
    size_t    count;
} Names;

/* *out is NULL when there are too many of them. */
static Err look_up(Call *call, Names *names, const Type *type, Str name, const Called **out)
{
    Found found;
    for (size_t i = 0; i < names->count; i++)
        if (names->known[i].type == type && str_eq(names->known[i].name, name)) {
            *out = &names->known[i];
            return ERR_OK;
        }
    *out = NULL;
    if (names->count == NAMES_MAX)
        return ERR_OK;
    TRY(filled_called(call, type, name, &found));
    Called *named = &names->known[names->count++];
    *named = (Called){ .type = type, .name = name, .count = found.count };
    if (found.count)
        named->id = record_id(&found.records[0]);
    *out = named;
    return ERR_OK;
}

/* People know a record by its number or title: where one is typed, the id stands in its place. `at` names the value to
 * the problems. */
static Err reference_typed(Call *call, const Field *field, Str at, Str *value, Names *names)
{
    Problems     *problems = names->problems;
    Str           name = utf8_normal(call->ctx.arena, utf8_trim(*value));
    const Called *found;
    if (!name.len || uuid_valid(name))
        return ERR_OK;
    TRY(look_up(call, names, field->target, name, &found));
    if (!found)
        PROBLEM(problems, ECODE_FIELD_KIND, at, STR_NONE, ARG_TEXT("label", field->label),
                ARG_TEXT("expected", TEXT("编号（id）：一张表单最多认 100 个不同的名称",
                                          "an id: of one form at most 100 different names are looked up")));
    else if (found->count == 1)
        *value = found->id;
    else if (found->count)
        PROBLEM(problems, ECODE_FIELD_KIND, at, STR_NONE, ARG_TEXT("label", field->label),
                ARG_TEXT("expected", TEXT("编号：叫这个名称的不止一条", "a number: more than one has this title")));
    else
        PROBLEM(problems, ECODE_FIELD_REFERENCE, at, STR_NONE, ARG_TEXT("label", field->label),
                ARG_TEXT("helps", TEXT("写编号或完整名称", "give its number or its exact title")));
    return ERR_OK;
}

/* ---- what stands there before ---- */

/* What a new record has in the field when nothing is given. */
static Value default_of(const Call *call, const Field *field)
{
    const Ctx *ctx = &call->ctx;
    switch (field->default_kind) {
    case DEFAULT_VALUE: return field->default_value;
    case DEFAULT_TODAY: return value_date(ctx_today(ctx));
    case DEFAULT_NOW: return value_instant(ctx->now_ms - ctx->now_ms % 60000); /* as people write the time */
    case DEFAULT_ACTOR: return value_id(ctx->actor->person);
    case DEFAULT_ORGANISATION: return value_id(ctx->actor->organisation);
    case DEFAULT_NONE: break;
    }
    return VALUE_NONE;
}

Err filled_before(Call *call, const Record *record, const Field *field, Json **out)
{
    Value value = record->values ? record->values[field->index] : default_of(call, field);
    *out = NULL;
    return value.kind == VALUE_MISSING ? ERR_OK : value_seen(&call->ctx, field, value, out);
}

/* ---- one text ---- */

static Err input_of(Call *call, const Field *field, Str at, Str typed, Json **out, Names *names)
{
    Arena             *arena = call->ctx.arena;
    const FieldTraits *kind = &field_kinds[field->kind];
    if (kind->number)
        typed = filled_number(arena, typed);
    else if (kind->lines) /* a browser's end in CRLF */
        typed = utf8_normal(arena, typed);
    else if (field->kind == FIELD_DATE)
        typed = filled_date(arena, typed);
    else if (field->kind == FIELD_INSTANT)
        typed = instant_typed(call, typed);
    else if (field->kind == FIELD_REFERENCE)
        TRY(reference_typed(call, field, at, &typed, names));
    *out = input_from_text(arena, field, typed);
    return ERR_OK;
}

/* ---- lists ---- */

Json *filled_lines(Arena *arena, Str text)
{
    Json *items = json_array(arena);
    while (text.len) {
        Str line = utf8_trim(str_cut(&text, '\n'));
        if (line.len)
            json_push(items, json_string(arena, line));
    }
    return items;
}

static Json *list_sent(const Call *call, const Field *field)
{
    Json *items = filled_lines(call->ctx.arena, call_form(call, field->name));
    for (size_t i = 0; i < call->form_count; i++) {
        Part part = part_of(call->form[i].name);
        if (part.item.ptr && str_eq(part.field, field->name) && !part.column.len && call->form[i].value.len)
            json_push(items, json_string(call->ctx.arena, part.item));
    }
    return items;
}

/* With those that stay: they do not show, and are not sent. */
static Err list_again(Call *call, const Record *record, const Field *field, Json **out)
{
    Json *before;
    TRY(filled_before(call, record, field, &before));
    *out = list_sent(call, field);
    JSON_EACH(item, before)
        if (input_hidden(item))
            json_push(*out, json_dup(call->ctx.arena, item));
    return ERR_OK;
}

static Err list_input(Call *call, const Field *field, Json **out, Names *names)
{
    Json *list = json_array(call->ctx.arena);
    JSON_EACH(item, list_sent(call, field)) {
        Str value = item->text;
        if (field->kind == FIELD_REFERENCES)
            TRY(reference_typed(call, field, field->name, &value, names));
        json_push(list, json_string(call->ctx.arena, value));
    }
    *out = list->count ? list : json_null(call->ctx.arena);
    return ERR_OK;
}

/* ---- files ----
 * Of those that stand in the form each has a box, NAME[ID]; a new one comes as a part of its own (web/body.h), called
 * FIELD after it was kept. Of a field of one file the new one counts. */

static Err file_of(Call *call, const Record *record, const Field *field, Str id, FileRef *out, bool *found)
{
    FileRef *before = NULL;
    size_t   count = 0;
    if (record->values)
        TRY(file_refs(call->ctx.arena, record->values[field->index], &before, &count));
    for (size_t i = 0; i < count; i++) {
        *found = str_eq(before[i].id, id);
        *out = before[i];
        if (*found)
            return ERR_OK;
    }
    return uuid_valid(id) ? upload_find(&call->ctx, id, out, found) : ERR_OK;
}

static bool file_fits(const Field *field, const FileRef *file)
{
    const FileType *type = file_type_of(file->name);
    return type && (field->file_types >> (type - file_types) & 1) && file->size <= field->max_bytes;
}

/* As the contract spells them: those of the form that are there, then the new ones. fitting: without those that the
 * field does not take, so that a form that is shown again does not offer them. */
static Err files_sent(Call *call, const Record *record, const Field *field, bool fitting, Json **out)
{
    *out = json_array(call->ctx.arena);
    JSON_EACH(item, list_sent(call, field)) {
        FileRef file = { .id = item->text };
        bool    found = false;
        TRY(file_of(call, record, field, item->text, &file, &found));
        if (found || !fitting)
            json_push(*out, file_ref_json(call->ctx.arena, &file));
    }
    for (size_t i = 0; i < call->file_count; i++) {
        const BodyFile *file = &call->files[i];
        if (str_eq(file->field, field->name) && file->upload.file.id.ptr &&
            (!fitting || file_fits(field, &file->upload.file)))
            json_push(*out, file_ref_json(call->ctx.arena, &file->upload.file));
    }
    return ERR_OK;
}

static Err files_input(Call *call, const Record *record, const Field *field, Json **out)
{
    Json *sent;
    TRY(files_sent(call, record, field, false, &sent));
    *out = sent->count ? sent : json_null(call->ctx.arena);
    if (field->kind == FIELD_FILE && sent->count)
        JSON_EACH(file, sent)
            *out = json_dup(call->ctx.arena, file);
    return ERR_OK;
}

/* ---- rows ---- */

/* The cell's row and column; false when the name is none of the field's cells. */
static bool cell_of(const Field *field, const Part *part, int64_t *row)
{
    const Field *column = part->column.len ? type_field(field->rows, part->column) : NULL;
    return column && column->index >= ROW_COLUMNS && str_int(part->item, row) && *row >= 1 && *row <= LIMIT_ROWS;
}

static bool is_filled(const Json *row)
{
    JSON_EACH(cell, row)
        if (utf8_trim(cell->text).len || input_hidden(cell))
            return true;
    return false;
}

/* The row as it was sent, `was` as the actor saw it in its place, or NULL: an empty cell keeps the reference that they
 * do not see. */
static Json *row_kept(Arena *arena, const Json *sent, const Json *was)
{
    Json *row = json_object(arena);
    JSON_EACH(cell, sent)
        if (utf8_trim(cell->text).len || !input_hidden(json_get(was, cell->key)))
            json_set(row, cell->key, json_dup(arena, cell));
    JSON_EACH(cell, was)
        if (input_hidden(cell) && !json_get(row, cell->key))
            json_set(row, cell->key, json_dup(arena, cell));
    return row;
}

/* The texts of each row that was sent, by its number less one; NULL where none was. *count: to the last one. */
static Json **rows_typed(const Call *call, const Field *field, size_t *count)
{
    Json **sent = ARENA_ARRAY(call->ctx.arena, Json *, LIMIT_ROWS);
    *count = 0;
    for (size_t i = 0; i < call->form_count; i++) {
        Part    part = part_of(call->form[i].name);
        int64_t row;
        if (!part.item.ptr || !str_eq(part.field, field->name) || !cell_of(field, &part, &row))
            continue;
        if (!sent[row - 1])
            sent[row - 1] = json_object(call->ctx.arena);
        json_set_str(call->ctx.arena, sent[row - 1], part.column, call->form[i].value);
        *count = (size_t)row > *count ? (size_t)row : *count;
    }
    return sent;
}

/* The same, each with what it keeps. */
static Err rows_sent(Call *call, const Record *record, const Field *field, Json ***out, size_t *count)
{
    Json *before;
    *out = rows_typed(call, field, count);
    TRY(filled_before(call, record, field, &before));
    const Json *was = before ? before->first : NULL;
    for (size_t i = 0; i < *count; i++) {
        if ((*out)[i])
            (*out)[i] = row_kept(call->ctx.arena, (*out)[i], was);
        was = was ? was->next : NULL;
    }
    return ERR_OK;
}

static Err rows_again(Call *call, const Record *record, const Field *field, Json **out)
{
    Json **sent;
    size_t count;
    TRY(rows_sent(call, record, field, &sent, &count));
    while (count && !more_of(call, field) && !(sent[count - 1] && is_filled(sent[count - 1])))
        count--;
    *out = json_array(call->ctx.arena);
    for (size_t i = 0; i < count; i++)
        json_push(*out, sent[i] ? sent[i] : json_object(call->ctx.arena));
    return ERR_OK;
}

static Err row_input(Call *call, const Field *field, size_t number, const Json *sent, Json *row, Names *names)
{
    Arena *arena = call->ctx.arena;
    for (size_t i = ROW_COLUMNS; i < field->rows->field_count; i++) {
        const Field *column = &field->rows->fields[i];
        const Json  *cell = json_get(sent, column->name);
        Str          at = str_printf(arena, "%.*s[%zu].%.*s", STR_FMT(field->name), number, STR_FMT(column->name));
        Json        *value;
        if (input_hidden(cell))
            value = json_dup(arena, cell);
        else
            TRY(input_of(call, column, at, json_text(cell), &value, names));
        if (value->kind != JSON_NULL)
            json_set(row, column->name, value);
    }
    return ERR_OK;
}

/* Each row in its place, also behind one that was emptied: by their places the kernel knows rows again. */
static Err rows_input(Call *call, const Record *record, const Field *field, Json **out, Names *names)
{
    Json **sent;
    size_t count;
    TRY(rows_sent(call, record, field, &sent, &count));
    *out = json_array(call->ctx.arena);
    for (size_t i = 0; i < count; i++) {
        Json *row = json_push(*out, json_object(call->ctx.arena));
        if (sent[i])
            TRY(row_input(call, field, i + 1, sent[i], row, names));
    }
    return ERR_OK;
}

/* ---- the whole ---- */

/* A reference that the actor may not see stands in the form as an empty field. Left empty, it stays; in a new record
 * too, where it is what the field begins with. */
static Err stays(Call *call, const Record *record, const Field *field, const Json *input, bool *out)
{
    Json *before = NULL;
    if (field->kind == FIELD_REFERENCE && input->kind == JSON_NULL)
        TRY(filled_before(call, record, field, &before));
    *out = input_hidden(before);
    return ERR_OK;
}

/* A name that is no field's, and no part of one: the kernel says that there is no such field. */
static bool is_part(const Type *type, const Part *part)
{
    const Field *field = part->item.ptr ? type_field(type, part->field) : NULL;
    int64_t      row;
    if (field && (field_kinds[field->kind].list || field_kinds[field->kind].file))
        return part->column.len == 0;
    return field && field->kind == FIELD_ROWS && cell_of(field, part, &row);
}

Err filled_input(Call *call, const Type *type, const Record *record, Json **out, Problems *problems)
{
    Json  *input = json_object(call->ctx.arena), *value;
    Names *names = ARENA_NEW(call->ctx.arena, Names);
    names->problems = problems;
    for (size_t i = 0; i < call->form_count; i++) {
        Pair         pair = call->form[i];
        Part         part = part_of(pair.name);
        const Field *field = type_field(type, pair.name);
        bool         kept;
        if (str_eq(pair.name, STR("version")) || is_part(type, &part))
            continue;
        if (!field) {
            json_set_str(call->ctx.arena, input, pair.name, pair.value);
            continue;
        }
        if (field_kinds[field->kind].list)
            TRY(list_input(call, field, &value, names));
        else if (field->kind == FIELD_ROWS)
            TRY(rows_input(call, record, field, &value, names));
        else if (field_kinds[field->kind].file)
            TRY(files_input(call, record, field, &value));
        else
            TRY(input_of(call, field, field->name, pair.value, &value, names));
        TRY(stays(call, record, field, value, &kept));
        if (!kept)
            json_set(input, field->name, value);
    }
    *out = input;
    return ERR_OK;
}

/* A text as it was sent; where it keeps a reference that does not show, that one. */
static Err text_again(Call *call, const Record *record, const Field *field, Str sent, Json **out)
{
    Json *before = NULL;
    if (field->kind == FIELD_REFERENCE && !utf8_trim(sent).len)
        TRY(filled_before(call, record, field, &before));
    *out = input_hidden(before) ? before : json_string(call->ctx.arena, sent);
    return ERR_OK;
}

Err filled_again(Call *call, const Record *record, const Field *field, Json **out)
{
    Str sent = call_form(call, field->name);
    *out = NULL;
    if (!sent.ptr)
        return ERR_OK;
    if (field_kinds[field->kind].list)
        return list_again(call, record, field, out);
    if (field_kinds[field->kind].file)
        return files_sent(call, record, field, true, out);
    return field->kind == FIELD_ROWS ? rows_again(call, record, field, out)
                                     : text_again(call, record, field, sent, out);
}
