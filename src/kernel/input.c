#include "kernel/input.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "kernel/file_store.h"
#include "kernel/rows.h"

typedef struct Input {
    const Ctx   *ctx;
    const Field *field;
    Str          name; /* by which problems call it: the field's, "materials[2].cost" */
    const Json  *given;
    Value        before; /* what the record has there */
    Problems    *problems;
    Value        value; /* what was read; missing stands for "none given" */
    Err          err;
} Input;

static bool refuse(Input *in, ErrCode code, const ErrArg *extra, size_t count)
{
    ErrArg args[4] = { ARG_TEXT("label", in->field->label) };
    for (size_t i = 0; i < count; i++)
        args[i + 1] = extra[i];
    problem_add(in->problems, code, in->name, STR_NONE, args, count + 1);
    return false;
}

static bool refuse_kind(Input *in)
{
    return refuse(in, ECODE_FIELD_KIND, &ARG_TEXT("expected", field_kinds[in->field->kind].expected), 1);
}

static Str number_text(Input *in, int64_t number)
{
    Decimal d = { number, in->field->scale };
    return decimal_text(in->ctx->arena, d);
}

static bool in_range(Input *in, int64_t number)
{
    const Field *field = in->field;
    if (!field->bounded || (number >= field->min && number <= field->max))
        return true;
    ErrArg args[] = { ARG("min", number_text(in, field->min)), ARG("max", number_text(in, field->max)),
                      ARG("found", number_text(in, number)) };
    return refuse(in, ECODE_FIELD_RANGE, args, 3);
}

static bool read_text(Input *in)
{
    Arena             *arena = in->ctx->arena;
    const FieldTraits *kind = &field_kinds[in->field->kind];
    if (in->given->kind != JSON_STRING)
        return refuse_kind(in);
    Str text = utf8_trim(utf8_normal(arena, in->given->text));
    if (!text.len)
        return true;
    if (!kind->text(arena, text, &text))
        return utf8_printable(text, kind->lines) ? refuse_kind(in) : refuse(in, ECODE_FIELD_TEXT, NULL, 0);
    int64_t length = (int64_t)utf8_length(text);
    if (length > in->field->max_points) {
        ErrArg args[] = { ARG("found", str_printf(arena, "%lld", (long long)length)),
                          ARG("max", str_printf(arena, "%lld", (long long)in->field->max_points)) };
        return refuse(in, ECODE_FIELD_LONG, args, 2);
    }
    in->value = utf8_visible(text) ? value_text(text) : VALUE_NONE;
    return true;
}

static bool read_integer(Input *in)
{
    int64_t number;
    if (!json_int(in->given, &number))
        return refuse_kind(in);
    in->value = value_int(number);
    return in_range(in, number);
}

static bool read_decimal(Input *in) /* "12.50", or a JSON number as it is written */
{
    Decimal number;
    bool    shape = in->given->kind == JSON_STRING || in->given->kind == JSON_NUMBER;
    if (!shape || !decimal_parse(in->given->text, &number) || !decimal_rescale(number, in->field->scale, &number))
        return refuse_kind(in);
    in->value = value_decimal(number);
    return in_range(in, number.units);
}

static bool read_boolean(Input *in)
{
    bool truth;
    if (!json_truth(in->given, &truth))
        return refuse_kind(in);
    in->value = value_bool(truth);
    return true;
}

static bool read_date(Input *in)
{
    int64_t day;
    if (in->given->kind != JSON_STRING || !date_parse(in->given->text, &day))
        return refuse_kind(in);
    in->value = value_date(day);
    return true;
}

static bool read_instant(Input *in)
{
    int64_t ms;
    if (in->given->kind != JSON_STRING || !instant_parse(in->given->text, &ms))
        return refuse_kind(in);
    in->value = value_instant(ms);
    return true;
}

static bool refuse_choice(Input *in)
{
    const Field *field = in->field;
    Text         known;
    Str         *names = ARENA_ARRAY(in->ctx->arena, Str, field->choice_count);
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        for (size_t i = 0; i < field->choice_count; i++)
            names[i] = str_printf(in->ctx->arena, "%.*s (%.*s)", STR_FMT(field->choices[i].code),
                                  STR_FMT(field->choices[i].label.in[lang]));
        known.in[lang] = str_join(in->ctx->arena, names, field->choice_count, STR(", "));
    }
    return refuse(in, ECODE_FIELD_CHOICE, &ARG_TEXT("known", known), 1);
}

static bool read_choice(Input *in)
{
    if (in->given->kind != JSON_STRING)
        return refuse_kind(in);
    in->value = value_text(in->given->text);
    return field_choice(in->field, in->given->text) || refuse_choice(in);
}

bool input_hidden(const Json *given)
{
    bool hidden = false;
    return given && given->kind == JSON_OBJECT && given->count == 1 &&
           json_truth(json_get(given, STR(ACCESS_HIDDEN)), &hidden) && hidden;
}

/* Is there a record of that id that the actor sees? False also after an error. */
static bool target_seen(Input *in, const Type *target, Str id)
{
    bool seen = false;
    if (!in->err.kind)
        in->err = access_sees_id(in->ctx, target, id, &seen);
    return seen;
}

static bool target_known(Input *in, Str id)
{
    return target_seen(in, in->field->target, id) || in->err.kind || refuse(in, ECODE_FIELD_REFERENCE, NULL, 0);
}

static bool read_reference(Input *in)
{
    if (input_hidden(in->given)) {
        bool kept = in->before.kind == VALUE_ID && !target_seen(in, in->field->target, in->before.text);
        in->value = in->before;
        return kept || refuse(in, ECODE_FIELD_REFERENCE, NULL, 0);
    }
    if (in->given->kind != JSON_STRING)
        return refuse_kind(in);
    in->value = value_id(in->given->text);
    return target_known(in, in->given->text);
}

/* ---- lists ---- */

static bool refuse_items(Input *in, size_t found, size_t max)
{
    ErrArg args[] = { ARG("found", str_printf(in->ctx->arena, "%zu", found)),
                      ARG("max", str_printf(in->ctx->arena, "%zu", max)) };
    return refuse(in, ECODE_FIELD_ITEMS, args, 2);
}

/* null is an empty list. */
static bool list_shape(Input *in, JsonKind item_kind, size_t max)
{
    if (in->given->kind != JSON_ARRAY && in->given->kind != JSON_NULL)
        return refuse_kind(in);
    JSON_EACH(item, in->given)
        if (item->kind != item_kind && !(in->field->target && input_hidden(item)))
            return refuse_kind(in);
    return in->given->count <= max || refuse_items(in, in->given->count, max);
}

static Value list_value(Arena *arena, const Str *items, size_t count)
{
    return count ? value_list(str_join(arena, items, count, STR(","))) : VALUE_NONE;
}

static bool read_choices(Input *in) /* in the pack's order, so that equal sets are equal values */
{
    const Field *field = in->field;
    if (!list_shape(in, JSON_STRING, LIMIT_LIST_ITEMS))
        return false;
    bool  *chosen = ARENA_ARRAY(in->ctx->arena, bool, field->choice_count);
    Str   *codes = ARENA_ARRAY(in->ctx->arena, Str, field->choice_count);
    size_t count = 0;
    JSON_EACH(item, in->given) {
        const Choice *choice = field_choice(field, item->text);
        if (!choice)
            return refuse_choice(in);
        chosen[choice - field->choices] = true;
    }
    for (size_t i = 0; i < field->choice_count; i++)
        if (chosen[i])
            codes[count++] = field->choices[i].code;
    in->value = list_value(in->ctx->arena, codes, count);
    return true;
}

static bool among(const Str *items, size_t count, Str item)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(items[i], item))
            return true;
    return false;
}

/* The items of before that the actor does not see, in their order, and those that they see. */
static size_t unseen_items(Input *in, Str **out, Str *seen)
{
    Arena *arena = in->ctx->arena;
    Str    rest = in->before.text, *items = *out = ARENA_ARRAY(arena, Str, LIMIT_LIST_ITEMS);
    Buf    others = buf_new(arena, SIZE_MAX);
    size_t count = 0;
    while (rest.len && count < LIMIT_LIST_ITEMS) {
        Str id = value_list_next(&rest);
        if (!target_seen(in, in->field->target, id)) {
            items[count++] = id;
            continue;
        }
        buf_add(&others, others.len ? STR(",") : STR_NONE);
        buf_add(&others, id);
    }
    *seen = buf_str(&others);
    return count;
}

/* What one does not see one cannot take away: those of before that no {"hidden":true} stands for come behind, and who
 * gives all that they see as it was gives the list as it was. */
static bool read_references(Input *in)
{
    Str   *unseen, *ids, seen;
    size_t taken = 0, count = 0;
    if (!list_shape(in, JSON_STRING, LIMIT_LIST_ITEMS))
        return false;
    size_t unseen_count = unseen_items(in, &unseen, &seen);
    ids = ARENA_ARRAY(in->ctx->arena, Str, in->given->count + unseen_count);
    JSON_EACH(item, in->given) {
        Str id = item->text;
        if (input_hidden(item)) {
            if (taken == unseen_count)
                return refuse(in, ECODE_FIELD_REFERENCE, NULL, 0);
            id = unseen[taken++];
        } else if (!target_known(in, id)) { /* also one that has come already: it may be hidden, and guessed */
            return false;
        } else if (among(ids, count, id)) {
            continue;
        }
        ids[count++] = id;
    }
    if (unseen_count && !taken && str_eq(list_value(in->ctx->arena, ids, count).text, seen)) {
        in->value = in->before;
        return true;
    }
    while (taken < unseen_count)
        ids[count++] = unseen[taken++];
    in->value = list_value(in->ctx->arena, ids, count);
    return count <= LIMIT_LIST_ITEMS || refuse_items(in, count, LIMIT_LIST_ITEMS);
}

/* ---- child rows ---- */

static bool read(Input *in);

static const Value unseen_cell = { .kind = VALUE_ID, .text = STR_INIT(ACCESS_HIDDEN) };

static bool is_unseen(Value value) { return value_eq(value, unseen_cell); }

static bool read_cell(Input *in, const Json *given, size_t position, Record *row)
{
    const Field *column = type_field(in->field->rows, given->key);
    Input        cell = { .ctx = in->ctx, .field = column, .given = given, .problems = in->problems };
    cell.name = str_printf(in->ctx->arena, "%.*s[%zu].%.*s", STR_FMT(in->name), position, STR_FMT(given->key));
    if (!column || column->index < ROW_COLUMNS) {
        PROBLEM(in->problems, ECODE_FIELD_UNKNOWN, cell.name, STR_NONE, ARG("field", given->key));
        return false;
    }
    if (column->kind == FIELD_REFERENCE && input_hidden(given)) { /* keep_unseen() finds what stands there */
        row->values[column->index] = unseen_cell;
        return true;
    }
    bool good = read(&cell);
    in->err = cell.err;
    row->values[column->index] = cell.value;
    return good;
}

static bool row_empty(const Record *row)
{
    for (size_t i = ROW_COLUMNS; i < row->type->field_count; i++)
        if (row->values[i].kind != VALUE_MISSING)
            return false;
    return true;
}

/* ---- cells that the actor does not see ----
 * Rows have no name, so {"hidden":true} in one does not say which row of before it was. It is the one that the actor
 * sees just as it is given; when there is none, as they changed what they see of it, the one in the same place, unless
 * rows were taken out, so that the places no longer say. */

typedef struct Before { /* a row of the record */
    Record row;
    Value *seen; /* its values as the actor sees them */
    bool   taken;
} Before;

static void before_read(Input *in, Before **out, size_t *count)
{
    Arena      *arena = in->ctx->arena;
    const Type *type = in->field->rows;
    Record     *rows = NULL;
    if (!in->err.kind)
        in->err = rows_read(arena, in->field, NULL, in->before, &rows, count);
    *count = in->err.kind ? 0 : *count;
    *out = ARENA_ARRAY(arena, Before, *count);
    for (size_t r = 0; r < *count; r++) {
        Value *seen = ARENA_ARRAY(arena, Value, type->field_count);
        memcpy(seen, rows[r].values, type->field_count * sizeof *seen);
        for (size_t c = ROW_COLUMNS; c < type->field_count; c++)
            if (seen[c].kind == VALUE_ID && !target_seen(in, type->fields[c].target, seen[c].text))
                seen[c] = unseen_cell;
        (*out)[r] = (Before){ .row = rows[r], .seen = seen };
    }
}

/* Could the given row have been that one: alike in all that the actor sees; or else unseen where it is said to be? */
static bool before_fits(const Before *before, const Record *row, bool alike)
{
    for (size_t c = ROW_COLUMNS; c < row->type->field_count; c++)
        if ((alike || is_unseen(row->values[c])) && !value_eq(row->values[c], before->seen[c]))
            return false;
    return !before->taken;
}

static void before_take(Before *before, Record *row)
{
    for (size_t c = ROW_COLUMNS; c < row->type->field_count; c++)
        if (is_unseen(row->values[c]))
            row->values[c] = before->row.values[c];
    before->taken = true;
}

static size_t first_unseen(const Record *row)
{
    for (size_t c = ROW_COLUMNS; c < row->type->field_count; c++)
        if (is_unseen(row->values[c]))
            return c;
    return 0;
}

static bool refuse_unseen(Input *in, const Record *row)
{
    Input cell = *in;
    cell.field = &row->type->fields[first_unseen(row)];
    cell.name = str_printf(in->ctx->arena, "%.*s[%lld].%.*s", STR_FMT(in->name),
                           (long long)row->values[ROW_POSITION].number, STR_FMT(cell.field->name));
    return refuse(&cell, ECODE_FIELD_REFERENCE, NULL, 0);
}

/* Rows have their place in what was given as their position. */
static bool keep_unseen(Input *in, Record *rows, size_t count)
{
    Before *before;
    size_t  before_count;
    bool    good = true, any = false;
    for (size_t i = 0; i < count; i++)
        any |= first_unseen(&rows[i]) > 0;
    if (!any)
        return true;
    before_read(in, &before, &before_count);
    for (size_t i = 0; i < count; i++)
        for (size_t b = 0; b < before_count && first_unseen(&rows[i]); b++)
            if (before_fits(&before[b], &rows[i], true))
                before_take(&before[b], &rows[i]);
    for (size_t i = 0; i < count; i++) {
        size_t place = (size_t)rows[i].values[ROW_POSITION].number - 1;
        if (!first_unseen(&rows[i]))
            continue;
        if (in->given->count >= before_count && place < before_count && before_fits(&before[place], &rows[i], false))
            before_take(&before[place], &rows[i]);
        else
            good = refuse_unseen(in, &rows[i]);
    }
    return good;
}

static bool read_rows(Input *in)
{
    OWNED(arena) Arena *scratch = arena_new();
    if (!list_shape(in, JSON_OBJECT, LIMIT_ROWS))
        return false;
    Record *rows = ARENA_ARRAY(scratch, Record, in->given->count);
    size_t  position = 0, count = 0;
    bool    good = true;
    JSON_EACH(item, in->given) {
        if (in->problems->count == PROBLEMS_MAX) /* of more nothing would be told */
            return false;
        Record *row = &rows[count];
        *row = (Record){ .type = in->field->rows, .values = ARENA_ARRAY(scratch, Value, in->field->rows->field_count) };
        row->values[ROW_POSITION] = value_int((int64_t)++position);
        for (const Json *cell = item->first; cell && !in->err.kind; cell = cell->next)
            good &= read_cell(in, cell, position, row);
        count += !row_empty(row);
    }
    good &= keep_unseen(in, rows, count);
    in->value = rows_value(scratch, in->field, rows, count);
    in->value.text = str_dup(in->ctx->arena, in->value.text);
    if (in->value.text.len > LIMIT_ROWS_BYTES) /* many long rows: as many as would fit is the best that can be said */
        return refuse_items(in, count, count * LIMIT_ROWS_BYTES / in->value.text.len);
    return good;
}

/* ---- files ----
 * Each is given as {"id":"…"}; what else stands in the object, as it was read, is passed over. One that the record has
 * stays; any other is an upload of who acts. */

static bool refuse_file(Input *in, ErrCode code, const FileRef *file)
{
    Buf known = buf_new(in->ctx->arena, SIZE_MAX);
    for (size_t i = 0; i < file_type_count; i++)
        if (in->field->file_types >> i & 1)
            buf_printf(&known, "%s%.*s", known.len ? ", " : "", STR_FMT(file_types[i].code));
    ErrArg args[] = { ARG("name", file->name), ARG("known", buf_str(&known)),
                      ARG("max", str_printf(in->ctx->arena, "%lld", (long long)(in->field->max_bytes >> 20))) };
    return refuse(in, code, args, 3);
}

static bool file_taken(Input *in, const FileRef *file)
{
    const FileType *type = file_type_of(file->name);
    if (!type || !(in->field->file_types >> (type - file_types) & 1))
        return refuse_file(in, ECODE_FIELD_FILE_TYPE, file);
    return file->size <= in->field->max_bytes || refuse_file(in, ECODE_FIELD_FILE_SIZE, file);
}

static bool read_one_file(Input *in, const Json *given, const FileRef *before, size_t before_count, FileRef *out)
{
    const Json *id = json_get(given, STR("id"));
    bool        found = false;
    if (given->kind != JSON_OBJECT || !id || id->kind != JSON_STRING)
        return refuse_kind(in);
    for (size_t i = 0; i < before_count; i++) {
        *out = before[i];
        if (str_eq(before[i].id, id->text))
            return true;
    }
    if (uuid_valid(id->text))
        in->err = upload_find(in->ctx, id->text, out, &found);
    if (in->err.kind)
        return false;
    return found ? file_taken(in, out) : refuse(in, ECODE_FIELD_FILE, NULL, 0);
}

static bool among_files(const FileRef *files, size_t count, Str id)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(files[i].id, id))
            return true;
    return false;
}

static bool read_files(Input *in)
{
    Arena      *arena = in->ctx->arena;
    bool        several = in->field->kind == FIELD_FILES;
    const Json *first = in->given;
    size_t      before_count, count = 0;
    FileRef    *before;
    if (several && !list_shape(in, JSON_OBJECT, in->field->max_files))
        return false;
    in->err = file_refs(arena, in->before, &before, &before_count);
    if (in->err.kind)
        return false;
    FileRef *files = ARENA_ARRAY(arena, FileRef, several ? first->count : 1);
    for (const Json *item = several ? first->first : first; item; item = several ? item->next : NULL) {
        if (!read_one_file(in, item, before, before_count, &files[count]))
            return false;
        count += !among_files(files, count, files[count].id);
    }
    in->value = file_value(arena, files, count);
    return true;
}

/* By what the record keeps, and whether that is a code; of what is worked out there is no reader. */
static bool (*const readers[VALUE_KIND_COUNT][2])(Input *) = {
    [VALUE_TEXT] = { read_text, read_choice },
    [VALUE_LIST] = { read_references, read_choices },
    [VALUE_INTEGER] = { read_integer },
    [VALUE_DECIMAL] = { read_decimal },
    [VALUE_BOOLEAN] = { read_boolean },
    [VALUE_DATE] = { read_date },
    [VALUE_INSTANT] = { read_instant },
    [VALUE_ID] = { read_reference },
    [VALUE_ROWS] = { read_rows },
    [VALUE_FILES] = { read_files },
};

static bool read(Input *in)
{
    if (in->given->kind == JSON_NULL && in->field->kind != FIELD_REFERENCES)
        return true;
    const FieldTraits *kind = &field_kinds[in->field->kind];
    if (!readers[kind->value][kind->codes])
        return refuse(in, ECODE_FIELD_READ_ONLY, NULL, 0);
    bool good = readers[kind->value][kind->codes](in);
    if (!good)
        in->value = VALUE_NONE;
    return good;
}

Err input_value(const Ctx *ctx, const Field *field, const Json *given, Value before, Value *out, bool *good,
                Problems *problems)
{
    Input in = {
        .ctx = ctx, .field = field, .name = field->name, .given = given, .before = before, .problems = problems
    };
    *good = read(&in);
    *out = in.value;
    return in.err;
}

/* ---- from text ---- */

static Json *items_from_text(Arena *arena, Str text)
{
    Json *list = json_array(arena);
    while (text.len) {
        Str item = utf8_trim(str_cut(&text, ';'));
        if (item.len)
            json_push(list, json_string(arena, item));
    }
    return list;
}

Json *input_from_text(Arena *arena, const Field *field, Str text)
{
    Str     cell = utf8_trim(text);
    Json   *rows;
    int64_t number;
    if (cell.len == 0)
        return json_null(arena);
    if (field->kind == FIELD_INTEGER && str_int(cell, &number))
        return json_number(arena, number);
    if (field->kind == FIELD_BOOLEAN && (str_eq(cell, STR("true")) || str_eq(cell, STR("false"))))
        return json_bool(arena, str_eq(cell, STR("true")));
    if (field_kinds[field->kind].list)
        return items_from_text(arena, cell);
    if (field->kind == FIELD_ROWS && !json_parse(arena, cell, &rows).kind)
        return rows;
    return json_string(arena, cell); /* for rows no list: input_value says what it should be */
}
