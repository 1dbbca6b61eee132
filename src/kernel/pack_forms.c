/* kernel/pack_forms.c: rules of a type, and the sections of its form and record page. */
#include "kernel/pack_read.h"

#define RULES_MAX    64
#define SECTIONS_MAX 40

/* ---- rules ---- */

static void rule_read(PackLoad *load, const PackNode *node, const Type *type, Rule *rule)
{
    static const PackKey keys[] = {
        { STR_INIT("when"), true },
        { STR_INIT("rule"), true },
        { STR_INIT("helps"), false },
        { STR_INIT("field"), false },
    };
    rule->field = -1;
    if (!READ_KEYS(load, node, keys))
        return;
    rule->text = read_condition(load, node, STR("when"), type, USE_RULE, &rule->when);
    rule->rule = read_text(load, node, STR("rule"));
    rule->helps = read_text(load, node, STR("helps"));
    rule->field = read_ref(load, node, STR("field"), lookup_inputs(type), -1);
}

static void rules_read(PackLoad *load, TypeDraft *draft)
{
    const PackNode *list = read_list(load, draft->node, STR("rules"), RULES_MAX);
    Rule           *rules = ARENA_ARRAY(load->arena, Rule, list ? list->count : 0);
    PACK_EACH(item, list)
        rule_read(load, item, draft->type, &rules[draft->type->rule_count++]);
    draft->type->rules = rules;
}

/* ---- sections ---- */

typedef struct Layout { /* of one type, on its way */
    const TypeDraft *draft;
    Section         *sections;
    size_t           count;
    const PackNode **placed; /* of each field, where a section names it; NULL: not yet */
} Layout;

static void section_add(Section *section, uint16_t *fields, const Type *type, uint16_t index)
{
    fields[section->field_count++] = index;
    for (Lang lang = 0; type->fields[index].has_translations && lang < LANG_COUNT; lang++)
        fields[section->field_count++] = type->fields[index].translations[lang];
}

/* A field of the type's own; a translation stands behind what it translates and is not named by itself, and clocks have
 * a place of their own. */
static const Field *section_field(PackLoad *load, const Layout *layout, const PackNode *item)
{
    int          index = read_known(load, item, lookup_fields(layout->draft->type));
    const Field *field = index < 0 ? NULL : &layout->draft->type->fields[index];
    if (!field)
        return NULL;
    if (field->system || field->clock || field->translation_of >= 0) {
        PACK_PROBLEM(load, item, ECODE_PACK_RESERVED, ARG("name", item->text));
        return NULL;
    }
    if (layout->placed[index]) {
        Str where = pack_place_text(load->arena, pack_node_place(layout->placed[index]));
        PACK_PROBLEM(load, item, ECODE_PACK_DUPLICATE, ARG("name", item->text), ARG("where", where));
        return NULL;
    }
    return field;
}

static void section_read(PackLoad *load, Layout *layout, const PackNode *node)
{
    static const PackKey keys[] = { { STR_INIT("section"), true },
                                    { STR_INIT("help"), false },
                                    { STR_INIT("fields"), true } };
    if (!READ_KEYS(load, node, keys))
        return;
    const Type     *type = layout->draft->type;
    Section        *section = &layout->sections[layout->count++];
    const PackNode *list = read_list(load, node, STR("fields"), FIELDS_MAX);
    uint16_t       *fields = ARENA_ARRAY(load->arena, uint16_t, type->field_count);
    section->label = read_text(load, node, STR("section"));
    section->help = read_text(load, node, STR("help"));
    PACK_EACH(item, list) {
        const Field *field = section_field(load, layout, item);
        if (!field)
            continue;
        layout->placed[field->index] = item;
        section_add(section, fields, type, field->index);
    }
    section->fields = fields;
}

/* What no section names follows in one of its own, which needs no heading where it is the only one. */
static void section_rest(const PackLoad *load, Layout *layout)
{
    const Type *type = layout->draft->type;
    Section     section = { 0 };
    uint16_t   *fields = ARENA_ARRAY(load->arena, uint16_t, type->field_count);
    for (size_t i = SYS_COUNT; i < type->field_count; i++)
        if (!layout->placed[i] && type->fields[i].translation_of < 0 && !type->fields[i].clock)
            section_add(&section, fields, type, (uint16_t)i);
    section.fields = fields;
    if (layout->count)
        section.label = TEXT("其他", "Other");
    if (section.field_count)
        layout->sections[layout->count++] = section;
}

static void form_read(PackLoad *load, TypeDraft *draft)
{
    const PackNode *list = read_list(load, draft->node, STR("form"), SECTIONS_MAX);
    Layout          layout = {
                 .draft = draft,
                 .sections = ARENA_ARRAY(load->arena, Section, (list ? list->count : 0) + 1),
                 .placed = ARENA_ARRAY(load->arena, const PackNode *, draft->type->field_count),
    };
    PACK_EACH(item, list)
        section_read(load, &layout, item);
    section_rest(load, &layout);
    draft->type->sections = layout.sections;
    draft->type->section_count = layout.count;
}

void pack_forms(PackLoad *load)
{
    for (size_t i = 0; i < load->pack->type_count; i++) {
        if (!load->drafts[i].node)
            continue;
        rules_read(load, &load->drafts[i]);
        form_read(load, &load->drafts[i]);
    }
}
