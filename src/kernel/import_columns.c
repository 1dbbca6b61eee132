/* kernel/import_columns.c: from the cells or members of a row to the fields of a type. */
#include "base/near.h"
#include "kernel/access.h"
#include "kernel/import.h"
#include "kernel/input.h"

#define NEAR_COLUMNS 20 /* of more, most are of another table, and near nothing */

typedef struct Link {
    const Field *field; /* SYS_ID, SYS_NUMBER and SYS_VERSION name the record; others are given to it */
    size_t       column;
} Link;

struct ImportLinks {
    const Type *type;
    const Str  *columns;
    size_t      column_count;
    Link       *links;
    size_t      link_count;
};

/* ---- columns ---- */

/* By name, or by label in either language. A field that could never show to the actor is called nothing. */
static const Field *field_called(const Actor *actor, const Type *type, Str word)
{
    const Field *field = type_field(type, word);
    for (size_t i = 0; !field && i < type->field_count; i++)
        for (int lang = 0; lang < LANG_COUNT; lang++)
            if (str_eq(type->fields[i].label.in[lang], word) && access_field_ever(actor, &type->fields[i]))
                field = &type->fields[i];
    return field && access_field_ever(actor, field) ? field : NULL;
}

static bool names_record(const Field *field)
{
    return field->system && (field->index == SYS_ID || field->index == SYS_NUMBER || field->index == SYS_VERSION);
}

/* Nobody gives it: the city keeps it, or works it out. */
static bool is_kept(const Field *field)
{
    return field->kind == FIELD_COMPUTED || field_kinds[field->kind].file ||
           (field->system && field->index != SYS_DISCLOSURE);
}

static bool is_known(const Field *field) { return !is_kept(field) || names_record(field); }

/* Could the actor ever give it, to a record that is made or changed? */
static bool may_write(const Actor *actor, const Field *field)
{
    static const Str names[] = { STR_INIT("create"), STR_INIT("edit") };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const Action *action = type_action(field->type, names[i]);
        if (action && field_among(action->inputs, action->input_count, field) && access_action_ever(actor, action))
            return is_known(field) && access_field_ever(actor, field);
    }
    return false;
}

static size_t writable(const Actor *actor, Arena *arena, const Type *type, const Field ***out)
{
    size_t count = 0;
    *out = ARENA_ARRAY(arena, const Field *, type->field_count);
    for (size_t i = 0; i < type->field_count; i++)
        if (may_write(actor, &type->fields[i]))
            (*out)[count++] = &type->fields[i];
    return count;
}

/* Names of the fields, then what else a column may be called. */
static Str *words_of(Arena *arena, const Field *const *fields, size_t count)
{
    Str *words = ARENA_ARRAY(arena, Str, count * (1 + LANG_COUNT));
    for (size_t i = 0; i < count; i++) {
        words[i] = fields[i]->name;
        for (int lang = 0; lang < LANG_COUNT; lang++)
            words[count * (1 + (size_t)lang) + i] = fields[i]->label.in[lang];
    }
    return words;
}

/* The columns, each with the word that may be meant. */
static Text with_near(Arena *arena, const Str *columns, size_t count, const Str *words, size_t word_count)
{
    Str *in[LANG_COUNT];
    Text text;
    for (int lang = 0; lang < LANG_COUNT; lang++)
        in[lang] = ARENA_ARRAY(arena, Str, count);
    for (size_t i = 0; i < count; i++) {
        Str near = i < NEAR_COLUMNS ? near_word(columns[i], words, word_count) : STR_NONE;
        in[LANG_ZH][i] = in[LANG_EN][i] = columns[i];
        if (!near.ptr)
            continue;
        in[LANG_ZH][i] = str_printf(arena, "%.*s（是否指 %.*s？）", STR_FMT(columns[i]), STR_FMT(near));
        in[LANG_EN][i] = str_printf(arena, "%.*s (did you mean %.*s?)", STR_FMT(columns[i]), STR_FMT(near));
    }
    for (int lang = 0; lang < LANG_COUNT; lang++)
        text.in[lang] = str_join(arena, in[lang], count, STR(", "));
    return text;
}

/* One problem for all of them: a header of another system has dozens. */
static void unknown_columns(const Actor *actor, const Type *type, const Str *columns, size_t count, Problems *problems)
{
    const Field **fields;
    Arena        *arena = problems->arena;
    if (!count)
        return;
    size_t field_count = writable(actor, arena, type, &fields);
    Str   *words = words_of(arena, fields, field_count);
    PROBLEM(problems, ECODE_IMPORT_HEADER, STR_NONE, STR_NONE, ARG_TEXT("type", type->label),
            ARG_TEXT("columns", with_near(arena, columns, count, words, field_count * (1 + LANG_COUNT))),
            ARG("known", str_join(arena, words, field_count, STR(", "))));
}

static void link_add(ImportLinks *links, const Field *field, size_t column, Problems *problems)
{
    for (size_t i = 0; i < links->link_count; i++)
        if (links->links[i].field == field) {
            PROBLEM(problems, ECODE_IMPORT_TWICE, links->columns[column], STR_NONE,
                    ARG("column", links->columns[column]), ARG("other", links->columns[links->links[i].column]),
                    ARG_TEXT("field", field->label));
            return;
        }
    links->links[links->link_count++] = (Link){ field, column };
}

static void link_by_names(const Actor *actor, ImportLinks *links, Problems *problems)
{
    Str   *unknown = ARENA_ARRAY(problems->arena, Str, links->column_count);
    size_t count = 0;
    for (size_t i = 0; i < links->column_count; i++) {
        const Field *field = field_called(actor, links->type, links->columns[i]);
        if (field && is_known(field))
            link_add(links, field, i, problems);
        else if (!field && !str_eq(links->columns[i], IMPORT_ERRORS))
            unknown[count++] = links->columns[i];
    }
    unknown_columns(actor, links->type, unknown, count, problems);
}

static bool column_of(const ImportLinks *links, Str name, size_t from, size_t *out)
{
    for (*out = from; *out < links->column_count; (*out)++)
        if (str_eq(links->columns[*out], name))
            return true;
    return false;
}

static void link_by_map(const Actor *actor, ImportLinks *links, const Json *mapping, Problems *problems)
{
    Str   *unknown = ARENA_ARRAY(problems->arena, Str, mapping->count);
    size_t count = 0, column, other;
    JSON_EACH(entry, mapping) {
        const Field *field = field_called(actor, links->type, entry->key);
        if (!field || !is_known(field))
            unknown[count++] = entry->key;
        else if (column_of(links, entry->text, 0, &column) && column_of(links, entry->text, column + 1, &other))
            PROBLEM(problems, ECODE_IMPORT_SAME, entry->key, STR_NONE, ARG("column", entry->text));
        else if (column == links->column_count)
            PROBLEM(problems, ECODE_IMPORT_COLUMN, entry->key, STR_NONE, ARG("column", entry->text),
                    ARG("known", str_join(problems->arena, links->columns, links->column_count, STR(", "))));
        else
            link_add(links, field, column, problems);
    }
    unknown_columns(actor, links->type, unknown, count, problems);
}

/* ---- what each column may be ---- */

/* The fields that a column may be led to: what names a record, then what the actor could ever write. */
static size_t choices_of(const Actor *actor, Arena *arena, const Type *type, const Field ***out)
{
    const Field **fields;
    size_t        count = 0, field_count = writable(actor, arena, type, &fields);
    *out = ARENA_ARRAY(arena, const Field *, field_count + SYS_COUNT);
    for (size_t i = 0; i < SYS_COUNT; i++)
        if (names_record(&type->fields[i]))
            (*out)[count++] = &type->fields[i];
    for (size_t i = 0; i < field_count; i++)
        (*out)[count++] = fields[i];
    return count;
}

static bool is_among(const Field *const *fields, size_t count, const Field *field)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i] == field)
            return true;
    return false;
}

static const Field *near_field(Arena *arena, Str column, const Field *const *fields, size_t count)
{
    Str *words = words_of(arena, fields, count);
    Str  near = near_word(column, words, count * (1 + LANG_COUNT));
    for (size_t i = 0; near.ptr && i < count * (1 + LANG_COUNT); i++)
        if (str_eq(words[i], near))
            return fields[i % count];
    return NULL;
}

static const Field *mapped(const Actor *actor, const Type *type, const Json *mapping, Str column)
{
    JSON_EACH(entry, mapping)
        if (str_eq(json_text(entry), column))
            return field_called(actor, type, entry->key);
    return NULL;
}

void import_match(const Ctx *ctx, const Type *type, const Json *columns, const Json *mapping, ImportMatch *out)
{
    Arena *arena = ctx->arena;
    size_t at = 0, asked = 0;
    *out = (ImportMatch){ .columns = ARENA_ARRAY(arena, ImportColumn, columns->count), .count = columns->count };
    out->field_count = choices_of(ctx->actor, arena, type, &out->fields);
    JSON_EACH(json, columns) {
        ImportColumn *column = &out->columns[at++];
        const Field  *field = mapping ? mapped(ctx->actor, type, mapping, json->text)
                                      : field_called(ctx->actor, type, json->text);
        column->name = json->text;
        column->passed = !mapping && field && !is_known(field);
        if (is_among(out->fields, out->field_count, field))
            column->field = field;
        else if (!mapping && !field && asked++ < NEAR_COLUMNS)
            column->near = near_field(arena, json->text, out->fields, out->field_count);
    }
}

static Err check_map(const Json *mapping)
{
    if (mapping->kind != JSON_OBJECT || !mapping->count)
        return err_make(ECODE_IMPORT_MAP, "no object, or an empty one");
    JSON_EACH(entry, mapping)
        if (entry->kind != JSON_STRING)
            return err_make(ECODE_IMPORT_MAP, "%.*s is no string", STR_FMT(entry->key));
    return ERR_OK;
}

Err import_link(const Ctx *ctx, Arena *arena, const Type *type, const Str *columns, size_t count, const Json *mapping,
                ImportLinks **out, Problems *problems)
{
    size_t       before = problems->count;
    ImportLinks *links = ARENA_NEW(arena, ImportLinks);
    *links = (ImportLinks){ .type = type, .columns = columns, .column_count = count };
    links->links = ARENA_ARRAY(arena, Link, type->field_count);
    if (mapping) {
        TRY(check_map(mapping));
        link_by_map(ctx->actor, links, mapping, problems);
    } else {
        link_by_names(ctx->actor, links, problems);
    }
    if (problems->count > before)
        return err_make(problems->items[before].code, "columns");
    *out = links;
    return ERR_OK;
}

/* ---- values ---- */

static const struct {
    Str  word;
    bool truth;
} truths[] = {
    { STR_INIT("yes"), true },
    { STR_INIT("是"), true },
    { STR_INIT("no"), false },
    { STR_INIT("否"), false },
};

/* What a person may write for true and false, beside what the API takes. */
static Json *truth_value(Arena *arena, Json *value)
{
    for (size_t i = 0; value->kind == JSON_STRING && i < sizeof truths / sizeof *truths; i++)
        if (str_eq_ascii_fold(truths[i].word, value->text))
            return json_bool(arena, truths[i].truth);
    if (value->kind == JSON_STRING && str_eq_ascii_fold(value->text, STR("true")))
        return json_bool(arena, true);
    if (value->kind == JSON_STRING && str_eq_ascii_fold(value->text, STR("false")))
        return json_bool(arena, false);
    return value;
}

static Str choice_code(const Field *field, Str word)
{
    if (field_choice(field, word))
        return word;
    for (size_t i = 0; i < field->choice_count; i++)
        for (int lang = 0; lang < LANG_COUNT; lang++)
            if (str_eq(field->choices[i].label.in[lang], word))
                return field->choices[i].code;
    return word;
}

/* Codes in place of labels. */
static Json *with_codes(Arena *arena, const Field *field, Json *value)
{
    if (!field->choice_count || (value->kind != JSON_STRING && value->kind != JSON_ARRAY))
        return value;
    if (value->kind == JSON_STRING)
        return json_string(arena, choice_code(field, value->text));
    Json *codes = json_array(arena);
    JSON_EACH(item, value)
        json_push(codes, item->kind == JSON_STRING ? json_string(arena, choice_code(field, item->text))
                                                   : json_dup(arena, item));
    return codes;
}

static Json *hidden_value(Arena *arena, Json *word)
{
    if (!str_eq(word->text, STR(ACCESS_HIDDEN)))
        return word;
    Json *hidden = json_object(arena);
    json_set_bool(arena, hidden, STR("hidden"), true);
    return hidden;
}

/* An export writes a word where the reader does not see the record that is referred to. */
static Json *with_hidden(Arena *arena, Json *value)
{
    if (value->kind == JSON_STRING)
        return hidden_value(arena, value);
    if (value->kind != JSON_ARRAY)
        return value;
    Json *items = json_array(arena);
    JSON_EACH(item, value)
        json_push(items, hidden_value(arena, json_dup(arena, item)));
    return items;
}

/* A spreadsheet knows no time zone: a time without one is the city's. */
static Str in_city_time(Arena *arena, const Field *field, Str cell)
{
    Str     text = str_trim(cell), zoned = str_printf(arena, "%.*sZ", STR_FMT(text));
    int64_t ms;
    if (field->kind != FIELD_INSTANT || !instant_parse(zoned, &ms))
        return cell;
    return instant_text(arena, ms - (int64_t)field->type->pack->utc_offset_minutes * 60000);
}

static Json *cell_value(Arena *arena, const Field *field, Str cell)
{
    Json *value = input_from_text(arena, field, in_city_time(arena, field, cell));
    if (field->kind == FIELD_BOOLEAN)
        return truth_value(arena, value);
    return field->target ? with_hidden(arena, value) : with_codes(arena, field, value);
}

static Str joined(Arena *arena, const Json *array)
{
    Str   *parts = ARENA_ARRAY(arena, Str, array->count);
    size_t count = 0;
    JSON_EACH(item, array)
        parts[count++] = item->text;
    return str_join(arena, parts, count, STR("；"));
}

static bool all_words(const Json *array)
{
    JSON_EACH(item, array)
        if (item->kind != JSON_STRING && item->kind != JSON_NUMBER)
            return false;
    return true;
}

static Json *member_value(Arena *arena, const Field *field, const Json *value)
{
    if (value->kind == JSON_ARRAY && field_kinds[field->kind].text && all_words(value))
        return value->count ? json_string(arena, joined(arena, value)) : json_null(arena);
    return with_codes(arena, field, json_dup(arena, value));
}

/* ---- rows ---- */

static void name_record(const Field *field, Str word, ImportRow *row, Problems *problems)
{
    if (field->index == SYS_ID)
        row->id = word;
    else if (field->index == SYS_NUMBER)
        row->number = word;
    else if (word.len && (!str_int(word, &row->version) || row->version < 1))
        PROBLEM(problems, ECODE_FIELD_KIND, field->name, STR_NONE, ARG_TEXT("label", field->label),
                ARG_TEXT("expected", field_kinds[FIELD_INTEGER].expected));
}

bool import_cells(const ImportLinks *links, Arena *arena, const Str *cells, size_t count, ImportRow *out,
                  Problems *problems)
{
    size_t before = problems->count;
    Json  *fields = json_object(arena);
    *out = (ImportRow){ .version = -1, .fields = fields };
    if (count != links->column_count) {
        PROBLEM(problems, ECODE_IMPORT_CELLS, STR_NONE, STR_NONE, ARG("found", str_printf(arena, "%zu", count)),
                ARG("expected", str_printf(arena, "%zu", links->column_count)));
        return false;
    }
    for (size_t i = 0; i < links->link_count; i++) {
        const Link *link = &links->links[i];
        Str         cell = cells[link->column];
        if (names_record(link->field))
            name_record(link->field, str_trim(cell), out, problems);
        else
            json_set(fields, link->field->name, cell_value(arena, link->field, cell));
    }
    return problems->count == before;
}

static Str word_of(const Json *value) { return value && value->kind == JSON_NUMBER ? value->text : json_text(value); }

const Json *import_member(const Type *type, const Json *object, Str column)
{
    const Json *inner = json_get(object, STR("fields"));
    bool        record = inner && inner->kind == JSON_OBJECT && !type_field(type, STR("fields"));
    const Json *value = record ? json_get(inner, column) : NULL;
    return value ? value : json_get(object, column);
}

bool import_object(const ImportLinks *links, Arena *arena, const Json *object, ImportRow *out, Problems *problems)
{
    size_t before = problems->count;
    Json  *fields = json_object(arena);
    *out = (ImportRow){ .version = -1, .fields = fields };
    if (object->kind != JSON_OBJECT) {
        PROBLEM(problems, ECODE_IMPORT_LINE, STR_NONE, STR_NONE);
        return false;
    }
    for (size_t i = 0; i < links->link_count; i++) {
        const Link *link = &links->links[i];
        const Json *value = import_member(links->type, object, links->columns[link->column]);
        if (value && names_record(link->field))
            name_record(link->field, word_of(value), out, problems);
        else if (value)
            json_set(fields, link->field->name, member_value(arena, link->field, value));
    }
    return problems->count == before;
}
