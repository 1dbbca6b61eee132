/* kernel/pack_records.c: records that the pack brings: records/TYPE.yaml, and the rows of its parameters. */
#include "kernel/pack_read.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "kernel/rows.h"

#define RECORDS_MAX 1000

static const Str  code_name = STR_INIT("code");
static const Text a_mapping = TEXT_INIT("映射", "a mapping");

static PackRecord record_new(PackLoad *load, const Type *type, Str code)
{
    return (PackRecord){ type, code, ARENA_ARRAY(load->arena, Value, type->field_count),
                         ARENA_ARRAY(load->arena, bool, type->field_count) };
}

static PackRecord *record_add(PackLoad *load, const Type *type, Str code)
{
    Pack *pack = load->pack;
    ARENA_ROOM(load->arena, pack->records, pack->record_count, load->record_capacity);
    PackRecord *record = &pack->records[pack->record_count++];
    *record = record_new(load, type, code);
    return record;
}

static void put(PackRecord *record, const Field *field, Value value)
{
    record->values[field->index] = value;
    record->given[field->index] = true;
}

/* Has the field room for one language only, so that both stand in it? */
static bool stand_together(const Field *field, Text words)
{
    return !field->has_translations && !str_eq(words.in[LANG_ZH], words.in[LANG_EN]);
}

static bool words_room(const Field *field, Text words)
{
    size_t most = (size_t)field->max_points, zh = utf8_length(words.in[LANG_ZH]), en = utf8_length(words.in[LANG_EN]);
    return stand_together(field, words) ? zh + en + 3 <= most : zh <= most && en <= most;
}

/* Where there is such a field, and it is a text. */
static void put_words(PackLoad *load, PackRecord *record, const Field *field, Text words)
{
    if (!field || !field_kinds[field->kind].text || !words.in[LANG_ZH].len)
        return;
    Str text = words.in[LANG_ZH];
    if (stand_together(field, words))
        text = str_printf(load->arena, "%.*s / %.*s", STR_FMT(text), STR_FMT(words.in[LANG_EN]));
    put(record, field, value_text(utf8_clip(text, (size_t)field->max_points)));
    for (Lang lang = 0; field->has_translations && lang < LANG_COUNT; lang++)
        put(record, &record->type->fields[field->translations[lang]],
            value_text(utf8_clip(words.in[lang], (size_t)field->max_points)));
}

/* ---- rows of parameters ---- */

static void parameter_row(PackLoad *load, const Parameter *parameter, const ParameterRow *row)
{
    const Type *type = load->pack->parameter;
    PackRecord *record = record_add(load, type, parameter->name);
    put(record, type_field(type, code_name), value_text(parameter->name));
    put(record, type_field(type, STR("value")), value_text(value_plain(load->arena, row->value)));
    put(record, type_field(type, STR("valid_from")), value_date(row->from));
    put(record, type_field(type, STR("valid_to")), row->to == INT64_MAX ? VALUE_NONE : value_date(row->to));
    put_words(load, record, type_field(type, STR("name")), parameter->label);
    put_words(load, record, type_field(type, STR("unit")), parameter->unit);
    put_words(load, record, type_field(type, STR("source")), row->source);
}

/* ---- records/TYPE.yaml ---- */

/* The field that a key names; NULL, with a problem, when there is none that holds a value. */
static const Field *key_field(PackLoad *load, const Type *type, const PackNode *node)
{
    PackLookup lookup = lookup_inputs(type);
    int        index = lookup_find(lookup, node->key);
    if (index >= 0)
        return &type->fields[index];
    lookup_unknown(load, pack_node_key_place(node), node->key, lookup);
    return NULL;
}

static void value_put(PackLoad *load, PackRecord *record, const Field *field, const PackNode *map);

static PackRecord row_read(PackLoad *load, const Type *type, const PackNode *node)
{
    PackRecord row = record_new(load, type, STR_NONE);
    PACK_EACH(cell, node) {
        const Field *column = type_field(type, cell->key);
        if (column && !column->system)
            value_put(load, &row, column, node);
        else
            lookup_unknown(load, pack_node_key_place(cell), cell->key, lookup_inputs(type));
    }
    return row;
}

static void rows_put(PackLoad *load, PackRecord *record, const Field *field, const PackNode *map)
{
    static const Text shorter = TEXT_INIT("更短的列表", "a shorter list");
    const PackNode   *list = read_list(load, map, field->name, LIMIT_ROWS);
    Record           *rows = ARENA_ARRAY(load->arena, Record, list ? list->count : 0);
    size_t            count = 0;
    PACK_EACH(item, list) {
        if (item->kind == PACK_MAP)
            rows[count++] = (Record){ .type = field->rows, .values = row_read(load, field->rows, item).values };
        else
            read_misshape(load, item, a_mapping);
    }
    Value value = rows_value(load->arena, field, rows, count);
    if (value.kind == VALUE_ROWS && value.text.len > LIMIT_ROWS_BYTES)
        read_misshape(load, list, shorter);
    else
        put(record, field, value);
}

static void words_put(PackLoad *load, PackRecord *record, const Field *field, const PackNode *map)
{
    static const Text shorter = TEXT_INIT("不超过本字段长度的文字", "words no longer than the field takes");
    Text              words = read_paragraphs(load, map, field->name);
    if (words_room(field, words))
        put_words(load, record, field, words);
    else
        read_misshape(load, pack_node_get(map, field->name), shorter);
}

/* map[field->name] goes into the record. */
static void value_put(PackLoad *load, PackRecord *record, const Field *field, const PackNode *map)
{
    static const Text writable = TEXT_INIT("政策包能写的字段", "a field that a pack can write");
    const PackNode   *node = pack_node_get(map, field->name);
    Value             value;
    if (field->kind == FIELD_ROWS)
        rows_put(load, record, field, map);
    else if (field_kinds[field->kind].text && node->kind == PACK_MAP)
        words_put(load, record, field, map);
    else if (field->target || field_kinds[field->kind].file)
        read_misshape(load, node, writable);
    else if (read_field_value(load, map, field->name, field, &value))
        put(record, field, value);
}

static void record_read(PackLoad *load, const Type *type, const PackNode *node)
{
    if (node->kind != PACK_MAP) {
        read_misshape(load, node, a_mapping);
        return;
    }
    read_unique(load, node, code_name);
    if (!pack_node_get(node, code_name))
        PACK_PROBLEM(load, node, ECODE_PACK_KEY_MISSING, ARG("key", code_name));
    PackRecord *record = record_add(load, type, read_name(load, node, code_name));
    PACK_EACH(item, node) {
        const Field *field = key_field(load, type, item);
        if (field)
            value_put(load, record, field, node);
    }
}

/* A type that holds such records says with `code` which is which. */
static bool type_fits(PackLoad *load, const NamedFile *file, const Type *type)
{
    static const Text kind = TEXT_INIT("有文字字段 code 的类型", "a type with a text field code");
    const Field      *code = type_field(type, code_name);
    if (code && code->kind == FIELD_TEXT)
        return true;
    read_misshape(load, pack_node_get(file->node, STR("type")), kind);
    return false;
}

static void file_read(PackLoad *load, const NamedFile *file)
{
    static const PackKey keys[] = { { STR_INIT("type"), true }, { STR_INIT("records"), true } };
    if (!READ_KEYS(load, file->node, keys))
        return;
    read_file_name(load, file->node, STR("type"), file->name);
    int type = lookup_find(lookup_types(load), file->name);
    if (type < 0)
        lookup_unknown(load, pack_node_place(file->node), file->name, lookup_types(load));
    if (type < 0 || !load->drafts[type].node || !type_fits(load, file, load->drafts[type].type))
        return;
    PACK_EACH(item, read_list(load, file->node, STR("records"), RECORDS_MAX))
        record_read(load, load->drafts[type].type, item);
}

/* ---- rows that are taken from another record ---- */

/* REFERENCE.ROWS, where the two have a column of one name and kind. */
static bool fill_read(const Field *fields, size_t count, const Field *field, Str path, Fill *out)
{
    size_t dot = str_find(path, STR("."));
    if (dot == path.len)
        return false;
    for (size_t i = SYS_COUNT; i < count; i++) {
        if (!str_eq(fields[i].name, str_slice(path, 0, dot)) || fields[i].kind != FIELD_REFERENCE || !fields[i].target)
            continue;
        const Field *rows = type_field(fields[i].target, str_slice(path, dot + 1, path.len));
        for (size_t c = ROW_COLUMNS; rows && rows->kind == FIELD_ROWS && c < rows->rows->field_count; c++) {
            const Field *column = type_field(field->rows, rows->rows->fields[c].name);
            *out = (Fill){ fields[i].index, rows->index };
            if (column && column->kind == rows->rows->fields[c].kind)
                return true;
        }
    }
    return false;
}

static void fills_read(PackLoad *load, TypeDraft *draft)
{
    static const Text path = TEXT_INIT("本类型的引用字段和所引类型的子行字段，例如 rubric.criteria，有同名同类的列",
                                       "a reference of this type and child rows of its target, such as "
                                       "rubric.criteria, with a column of the same name and kind");
    for (size_t i = SYS_COUNT; draft->node && i < draft->type->stored_count; i++) {
        Field          *field = &draft->fields[i];
        const PackNode *node = field->kind == FIELD_ROWS ? pack_node_get(draft->nodes[i], STR("filled_from")) : NULL;
        Fill            fill;
        if (!node || load->damaged)
            continue;
        if (node->kind == PACK_SCALAR &&
            fill_read(draft->fields, draft->type->stored_count, field, node->text, &fill)) {
            Fill *kept = ARENA_NEW(load->arena, Fill);
            *kept = fill;
            field->fill = kept;
        } else {
            read_misshape(load, node, path);
        }
    }
}

void pack_records(PackLoad *load)
{
    Pack *pack = load->pack;
    for (size_t i = 0; i < pack->type_count; i++)
        fills_read(load, &load->drafts[i]);
    for (size_t i = 0; i < load->records.count; i++)
        file_read(load, &load->records.items[i]);
    for (size_t p = 0; pack->parameter && pack_log_count(load->log) == 0 && p < pack->parameter_count; p++)
        for (size_t r = 0; r < pack->parameters[p].row_count; r++)
            parameter_row(load, &pack->parameters[p], &pack->parameters[p].rows[r]);
}
