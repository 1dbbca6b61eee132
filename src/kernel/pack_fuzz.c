/* kernel/pack_fuzz.c: any bytes as one type's file of an otherwise sound pack. A pack that loads holds together; one
 * that does not says why, at places that are in the file. */
#include "kernel/pack_yaml.h"

#include "base/utf8.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD(type) "type: " type "\nlabel: {zh: 甲, en: A}\nplural: {zh: 甲, en: A}\n"
#define TAIL                                                                                                           \
    "states: [{name: active, label: {zh: 甲, en: A}}]\n"                                                              \
    "actions: [{name: create, label: {zh: 甲, en: A}, who: [{roles: [admin]}]}]\n"
#define ENDED                                                                                                          \
    "states: [{name: current, label: {zh: 甲, en: A}}, {name: ended, label: {zh: 乙, en: B}}]\n"                     \
    "actions:\n"                                                                                                       \
    "  - {name: create, label: {zh: 甲, en: A}, who: [{roles: [admin]}]}\n"                                           \
    "  - {name: end, label: {zh: 甲, en: A}, from: [current], to: ended, who: [], inputs: [valid_to]}\n"
#define FIELD(name, rest) "  - {name: " name ", label: {zh: 甲, en: A}, " rest "}\n"

static const PackFile sound[] = {
    { STR_INIT("pack.yaml"),
      STR_INIT("pack: fuzz\nversion: 1\nlabel: {zh: 甲, en: A}\nutc_offset: '+08:00'\n"
               "compartments: [{name: general, label: {zh: 甲, en: A}},"
               " {name: identity, label: {zh: 乙, en: B}}, {name: technical, label: {zh: 丙, en: C}}]\n"
               "services: [{name: papers, label: {zh: 甲, en: A}}]\n") },
    { STR_INIT("roles.yaml"), STR_INIT("roles: [{name: admin, label: {zh: 甲, en: A}},"
                                       " {name: author, label: {zh: 乙, en: B}}]\n") },
    { STR_INIT("types/membership.yaml"),
      STR_INIT(HEAD("membership") "title: role\nfields:\n" FIELD("person", "kind: reference, target: person") FIELD(
          "organisation", "kind: reference, target: organisation") FIELD("role", "kind: choice, choices: roles")
                   FIELD("valid_from", "kind: date") FIELD("valid_to", "kind: date") ENDED) },
    { STR_INIT("types/organisation.yaml"),
      STR_INIT(HEAD("organisation") "title: name\nfields:\n" FIELD("name", "kind: text") TAIL) },
    { STR_INIT("types/person.yaml"),
      STR_INIT(HEAD("person") "title: name\nfields:\n" FIELD("name", "kind: text") TAIL) },
};
#define SOUND_COUNT (sizeof sound / sizeof *sound)

static void fields_known(const Type *type, const uint16_t *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert(fields[i] < type->field_count);
}

static void action_holds(const Type *type, const Action *action)
{
    assert(action->to < (int)type->state_count && action->to >= -1);
    assert(type->state_count == 64 || action->from >> type->state_count == 0);
    assert(action->creates == (action->from == 0) || !action->creates);
    fields_known(type, action->inputs, action->input_count);
    fields_known(type, action->required, action->required_count);
    fields_known(type, action->erases, action->erase_count);
    for (size_t i = 0; i < action->guard_count; i++)
        assert(action->guards[i].when);
    for (size_t i = 0; i < action->who_count; i++)
        assert(action->who[i].relation < (int)type->relation_count);
}

/* Each field of the type's own in one section, a translation right behind what it translates. */
static void sections_hold(const Type *type)
{
    size_t seen[FIELDS_MAX] = { 0 };
    for (size_t s = 0; s < type->section_count; s++) {
        const Section *section = &type->sections[s];
        fields_known(type, section->fields, section->field_count);
        for (size_t i = 0; i < section->field_count; i++) {
            int of = type->fields[section->fields[i]].translation_of;
            assert(of < 0 || (i > 0 && (section->fields[i - 1] == of ||
                                        type->fields[section->fields[i - 1]].translation_of == of)));
            seen[section->fields[i]]++;
        }
    }
    for (size_t i = 0; i < type->field_count; i++)
        assert(seen[i] == (i >= SYS_COUNT && !type->fields[i].clock));
}

static bool of_choices(const Field *field, Value value)
{
    Str rest = value.text;
    while (rest.len)
        if (!field_choice(field, value_list_next(&rest)))
            return false;
    return value.text.len > 0;
}

static void default_holds(const Field *field)
{
    const Value *value = &field->default_value;
    if (field->default_kind != DEFAULT_VALUE)
        return;
    assert(value->kind == field_expr_type(field).kind && value->scale == field->scale);
    assert(!field->bounded || (value->number >= field->min && value->number <= field->max));
    if (field_kinds[field->kind].codes)
        assert(of_choices(field, *value));
}

static void rows_hold(const Field *field)
{
    const Type *rows = field->rows;
    assert(rows->row_of == field && rows->field_count > ROW_COLUMNS && rows->fields[ROW_PARENT].target == field->type);
    for (size_t i = 0; i < rows->field_count; i++)
        assert(rows->fields[i].type == rows && rows->fields[i].index == i && rows->fields[i].class == field->class &&
               type_field(rows, rows->fields[i].name) == &rows->fields[i] && rows->fields[i].kind != FIELD_ROWS);
}

/* What a kind must have. */
static void kind_holds(const Field *field)
{
    bool refers = field->kind == FIELD_REFERENCE || field->kind == FIELD_REFERENCES;
    assert((field->index >= field->type->stored_count) == (field->kind == FIELD_COMPUTED));
    assert(!refers || field->target);
    assert(field->kind != FIELD_COMPUTED || (field->formula && field->result.kind != VALUE_MISSING));
    assert(field->kind != FIELD_MONEY || (field->currency.len == 3) != (field->currency_field >= 0));
    if (field->kind == FIELD_ROWS)
        rows_hold(field);
    default_holds(field);
}

static void type_holds(const Type *type)
{
    assert(type->state_count > 0 && type->title < type->field_count && type->parent < (int)type->field_count);
    fields_known(type, type->columns, type->column_count);
    for (size_t i = 0; i < type->relation_count; i++)
        assert(type->relations[i].when);
    for (size_t i = 0; i < type->action_count; i++)
        action_holds(type, &type->actions[i]);
    for (size_t i = 0; i < type->rule_count; i++)
        assert(type->rules[i].when && type->rules[i].field < (int)type->stored_count);
    sections_hold(type);
    for (size_t i = 0; i < type->field_count; i++) {
        const Field *field = &type->fields[i];
        assert(field->index == i && field->type == type && type_field(type, field->name) == field);
        kind_holds(field);
        assert(field->class >= CLASS_PUBLIC && utf8_valid(field->label.in[LANG_ZH]));
    }
}

/* Each character of each scalar has a place inside the file. */
static void places_hold(const PackNode *node, size_t size)
{
    PACK_EACH(item, node)
        places_hold(item, size);
    for (size_t position = 1; node->kind == PACK_SCALAR && position < 40 && position <= node->text.len; position += 7) {
        PackPlace place = pack_node_place_in(node, position);
        assert(place.line >= node->line && place.line <= size + 1 && place.column >= 1 && place.column <= size + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena) Arena *arena = arena_new();
    PackFile            files[SOUND_COUNT + 1];
    files[0] = (PackFile){ STR("types/paper.yaml"), { (const char *)data, size } };
    for (size_t i = 0; i < SOUND_COUNT; i++)
        files[i + 1] = sound[i];
    const Pack *pack;
    Problems    problems = { .arena = arena };
    Err         err = pack_load(arena, &(PackSource){ files, SOUND_COUNT + 1 }, &pack, &problems);
    assert((err.kind == ERR_NONE) == (problems.count == 0));
    for (size_t i = 0; i < problems.count; i++)
        assert(str_starts(problems.items[i].field, STR("types/")) && problems.items[i].text.in[LANG_EN].len);
    for (size_t i = 0; !err.kind && i < pack->type_count; i++)
        type_holds(&pack->types[i]);
    const PackNode *tree = pack_yaml_parse(arena, &files[0], pack_log_new(arena));
    if (tree)
        places_hold(tree, size);
    return 0;
}
