/* kernel/pack_steps.c: third pass: what names fields, states and roles: title, parent,
 * relations, access, actions, list. */
#include "kernel/effect.h"
#include "kernel/pack_read.h"

#include "kernel/number.h"

#define RULES_MAX   64
#define ACTIONS_MAX 64
#define GUARDS_MAX  64
#define NOTIFY_MAX  16
#define CARRIES_MAX 16
#define WHO_MAX     16
#define COLUMNS_MAX 30

/* ---- relations ---- */

static bool relation_name(const void *context, int index, Str *out)
{
    const Type *type = context;
    if ((size_t)index >= type->relation_count)
        return false;
    *out = type->relations[index].name;
    return true;
}

static PackLookup lookup_relations(const Type *type)
{
    return (PackLookup){ relation_name, type, TEXT("关系", "relation") };
}

static void relation_system(PackLoad *load, TypeDraft *draft, int index, Str name, Text label, Str when)
{
    draft->relations[index] = (Relation){ .name = name, .label = label };
    pack_expression(load, &(ExprUse){ USE_RELATION, &draft->relations[index].when, when, NULL, draft->type });
}

static void relations_read(PackLoad *load, TypeDraft *draft)
{
    static const PackKey keys[] = { { STR_INIT("name"), true },
                                    { STR_INIT("label"), true },
                                    { STR_INIT("when"), true } };
    const PackNode      *list = read_list(load, draft->node, STR("relations"), RELATIONS_MAX - 2);
    draft->relations = ARENA_ARRAY(load->arena, Relation, 2 + (list ? list->count : 0));
    relation_system(load, draft, RELATION_OWN, STR("own"), TEXT("本机构的", "of one's own organisation"),
                    STR("owner = organisation()"));
    relation_system(load, draft, RELATION_CREATOR, STR("creator"), TEXT("本人登记的", "registered by oneself"),
                    STR("creator = actor()"));
    size_t count = 2;
    PACK_EACH(item, list) {
        Relation *relation = &draft->relations[count++];
        if (!READ_KEYS(load, item, keys))
            continue;
        relation->name = read_name(load, item, STR("name"));
        relation->label = read_text(load, item, STR("label"));
        read_unique(load, item, STR("name"));
        if (str_eq(relation->name, STR("own")) || str_eq(relation->name, STR("creator")))
            PACK_PROBLEM(load, pack_node_get(item, STR("name")), ECODE_PACK_RESERVED, ARG("name", relation->name));
        read_condition(load, item, STR("when"), draft->type, USE_RELATION, &relation->when);
    }
    draft->type->relations = draft->relations;
    draft->type->relation_count = count;
}

/* ---- access ---- */

static Who who_read(PackLoad *load, const PackNode *map, const Type *type)
{
    Who who = { .roles = read_set(load, map, STR("roles"), lookup_roles(load)) };
    who.relation = read_ref(load, map, STR("relation"), lookup_relations(type), RELATION_ANY);
    return who;
}

static bool class_name(const void *context, int index, Str *out)
{
    (void)context;
    if (index >= CLASS_COUNT)
        return false;
    *out = index >= CLASS_PUBLIC ? class_names[index] : STR_NONE;
    return true;
}

/* `clearance: nda` is one class for all compartments; a mapping names them, and what it leaves out stays closed. */
static void clearance_read(PackLoad *load, const PackNode *map, AccessRule *rule)
{
    const PackLookup classes = { class_name, NULL, TEXT("级别", "class") };
    const PackLookup compartments = lookup_compartments(load);
    const PackNode  *node = pack_node_get(map, STR("clearance"));
    if (!node)
        return;
    if (node->kind != PACK_MAP) {
        int given = read_known(load, node, classes);
        if (given > 0)
            memset(rule->clearance, given, load->pack->compartment_count);
        return;
    }
    PACK_EACH(member, node) {
        int compartment = lookup_find(compartments, member->key);
        if (compartment < 0 && !load->damaged)
            lookup_unknown(load, pack_node_key_place(member), member->key, compartments);
        int given = read_known(load, member, classes);
        if (compartment >= 0 && given > 0)
            rule->clearance[compartment] = (uint8_t)given;
    }
}

static void access_read(PackLoad *load, TypeDraft *draft)
{
    static const PackKey keys[] = {
        { STR_INIT("roles"), false },  { STR_INIT("relation"), false }, { STR_INIT("states"), false },
        { STR_INIT("levels"), false }, { STR_INIT("clearance"), true },
    };
    const PackLookup levels = { class_name, NULL, TEXT("公开程度", "level of disclosure") };
    const PackNode  *list = read_list(load, draft->node, STR("access"), RULES_MAX);
    AccessRule      *rules = ARENA_ARRAY(load->arena, AccessRule, list ? list->count : 0);
    size_t           count = 0;
    PACK_EACH(item, list) {
        if (!READ_KEYS(load, item, keys))
            continue;
        AccessRule *rule = &rules[count++];
        rule->who = who_read(load, item, draft->type);
        rule->states = read_set(load, item, STR("states"), lookup_states(draft->type));
        rule->levels = (uint8_t)read_set(load, item, STR("levels"), levels);
        clearance_read(load, item, rule);
    }
    draft->type->access = rules;
    draft->type->access_count = count;
}

/* ---- actions ---- */

static bool stored_name(const void *context, int index, Str *out)
{
    const Type *type = context;
    if ((size_t)index >= type->stored_count)
        return false;
    *out = type->fields[index].name;
    return true;
}

static PackLookup lookup_stored(const Type *type)
{
    return (PackLookup){ stored_name, type, TEXT("存有值的字段", "field that holds a value") };
}

static void who_list_read(PackLoad *load, const PackNode *map, const Type *type, Action *action)
{
    static const PackKey keys[] = { { STR_INIT("roles"), false }, { STR_INIT("relation"), false } };
    const PackNode      *list = read_list(load, map, STR("who"), WHO_MAX);
    Who                 *who = ARENA_ARRAY(load->arena, Who, list ? list->count : 0);
    PACK_EACH(item, list)
        if (READ_KEYS(load, item, keys))
            who[action->who_count++] = who_read(load, item, type);
    action->who = who;
}

static void guards_read(PackLoad *load, const PackNode *map, const Type *type, Action *action)
{
    static const PackKey keys[] = {
        { STR_INIT("when"), true },   { STR_INIT("rule"), false },    { STR_INIT("source"), false },
        { STR_INIT("helps"), false }, { STR_INIT("binding"), false },
    };
    const PackNode *list = read_list(load, map, STR("guard"), GUARDS_MAX);
    Guard          *guards = ARENA_ARRAY(load->arena, Guard, list ? list->count : 0);
    PACK_EACH(item, list) {
        if (!READ_KEYS(load, item, keys))
            continue;
        Guard *guard = &guards[action->guard_count++];
        guard->text = read_condition(load, item, STR("when"), type, USE_GUARD, &guard->when);
        guard->rule = read_text(load, item, STR("rule"));
        guard->source = read_text(load, item, STR("source"));
        guard->helps = read_text(load, item, STR("helps"));
        guard->binding = read_boolean(load, item, STR("binding"));
    }
    action->guards = guards;
}

/* Only the source is read here: what it gives is known when all types are (pack_check). */
static void notifies_read(PackLoad *load, const PackNode *map, const Type *type, Action *action)
{
    static const PackKey keys[] = { { STR_INIT("to"), true }, { STR_INIT("roles"), false } };
    const PackNode      *list = read_list(load, map, STR("notify"), NOTIFY_MAX);
    Notify              *notifies = ARENA_ARRAY(load->arena, Notify, list ? list->count : 0);
    PACK_EACH(item, list) {
        if (!READ_KEYS(load, item, keys))
            continue;
        Notify *notify = &notifies[action->notify_count++];
        notify->text = read_condition(load, item, STR("to"), type, USE_NOTIFY, &notify->to);
        notify->roles = read_set(load, item, STR("roles"), lookup_roles(load));
    }
    action->notifies = notifies;
}

/* Which steps they are is known when all types are (pack_carries). */
static void carries_read(PackLoad *load, const PackNode *map, const Type *type, Action *action)
{
    const PackNode *list = read_list(load, map, STR("carries"), CARRIES_MAX);
    Carry          *carries = ARENA_ARRAY(load->arena, Carry, list ? list->count : 0);
    PACK_EACH(item, list) {
        ARENA_ROOM(load->arena, load->carries, load->carry_count, load->carry_capacity);
        load->carries[load->carry_count++] = (CarryDraft){ item, type, action, &carries[action->carry_count++] };
    }
    action->carries = carries;
}

static void effect_read(PackLoad *load, const PackNode *map, Action *action)
{
    Str names[EFFECT_COUNT];
    for (size_t i = 0; i < EFFECT_COUNT; i++)
        names[i] = effect_rows[i].name;
    action->effect = read_enum(load, map, STR("effect"), names, EFFECT_NONE + 1, EFFECT_COUNT, EFFECT_NONE);
}

/* Every field that people may write: what create and edit take unless they say. */
static void inputs_all(const PackLoad *load, const Type *type, Action *action)
{
    uint16_t *inputs = ARENA_ARRAY(load->arena, uint16_t, type->stored_count);
    for (uint16_t i = SYS_COUNT; i < type->stored_count && !type->fields[i].clock; i++)
        inputs[action->input_count++] = i;
    inputs[action->input_count++] = SYS_DISCLOSURE;
    action->inputs = inputs;
}

static bool named(const PackNode *list, Str name)
{
    PACK_EACH(item, list)
        if (item->kind == PACK_SCALAR && str_eq(item->text, name))
            return true;
    return false;
}

/* What people may fill in: the type's own fields that hold a value; of the system's, disclosure. A translated field
 * brings its siblings. */
static bool fields_filled(PackLoad *load, const PackNode *map, Str key, const Type *type, const uint16_t **out,
                          size_t *count)
{
    const PackNode *list = read_list(load, map, key, FIELDS_MAX);
    if (!list)
        return false;
    uint16_t *fields = ARENA_ARRAY(load->arena, uint16_t, list->count * (1 + LANG_COUNT));
    size_t    found = 0;
    PACK_EACH(item, list) {
        const Field *field = item->kind == PACK_SCALAR ? type_field(type, item->text) : NULL;
        if (field && (field->clock || (field->system && field->index != SYS_DISCLOSURE)))
            PACK_PROBLEM(load, item, ECODE_PACK_RESERVED, ARG("name", item->text));
        else if (field && field->index == SYS_DISCLOSURE)
            fields[found++] = SYS_DISCLOSURE;
        else if (read_known(load, item, lookup_inputs(type)) >= 0)
            fields[found++] = field->index;
        for (Lang lang = 0; field && field->has_translations && lang < LANG_COUNT; lang++)
            if (!named(list, type->fields[field->translations[lang]].name))
                fields[found++] = field->translations[lang];
    }
    *out = fields;
    *count = found;
    return true;
}

static bool holds(const uint16_t *fields, size_t count, uint16_t field)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i] == field)
            return true;
    return false;
}

/* A step that erases a field neither takes nor needs it. */
static void erases_read(PackLoad *load, const PackNode *map, const Type *type, Action *action)
{
    static const Text unused = TEXT_INIT("这一步既不填写也不要求的字段",
                                         "a field that the step neither takes nor requires");
    static const Text own = TEXT_INIT("类型自己的字段", "a field of the type's own");
    fields_filled(load, map, STR("erases"), type, &action->erases, &action->erase_count);
    PACK_EACH(item, pack_node_get(map, STR("erases"))) {
        const Field *field = item->kind == PACK_SCALAR ? type_field(type, item->text) : NULL;
        if (!field)
            continue;
        if (field->index == SYS_DISCLOSURE)
            read_misshape(load, item, own);
        else if (holds(action->inputs, action->input_count, field->index) ||
                 holds(action->required, action->required_count, field->index))
            read_misshape(load, item, unused);
    }
}

/* `create` makes a record, `edit` leaves it in its state; any other step says from where, and to where if it moves. */
static void movement_read(PackLoad *load, const PackNode *map, const Type *type, Action *action)
{
    bool edits = str_eq(action->name, STR("edit"));
    action->creates = str_eq(action->name, STR("create"));
    action->from = read_set(load, map, STR("from"), lookup_states(type));
    action->to = read_ref(load, map, STR("to"), lookup_states(type), action->creates ? 0 : -1);
    Str unwanted = action->creates ? STR("from") : edits ? STR("to") : STR_NONE;
    if (unwanted.len && pack_node_get(map, unwanted))
        PACK_LOG(load->log, pack_node_key_place(pack_node_get(map, unwanted)), ECODE_PACK_KEY_UNKNOWN,
                 ARG("key", unwanted), ARG("known", action->creates ? STR("to") : STR("from")));
    if (!action->creates && !pack_node_get(map, STR("from")))
        PACK_PROBLEM(load, map, ECODE_PACK_KEY_MISSING, ARG("key", STR("from")));
}

/* A new record is awaited on its parent: in these states, of whoever stands so to it. */
static void awaited_create_read(PackLoad *load, const PackNode *node, const Type *type, Action *action)
{
    static const PackKey keys[] = { { STR_INIT("states"), true }, { STR_INIT("relation"), true } };
    static const Text    of_parent = TEXT_INIT("上级类型的状态和关系：{states: […], relation: …}",
                                               "the parent's states and a relation to it: {states: […], relation: …}");
    if (type->parent < 0 || !type->fields[type->parent].target || node->kind != PACK_MAP) {
        read_misshape(load, node, of_parent);
        return;
    }
    TypeDraft *parent = &load->drafts[type->fields[type->parent].target->index];
    if (!parent->node || !READ_KEYS(load, node, keys))
        return;
    Who who = who_read(load, node, parent->type);
    ARENA_ROOM(load->arena, parent->begun, parent->type->begun_count, parent->begun_capacity);
    parent->type->begun = parent->begun;
    Begun *begun = &parent->begun[parent->type->begun_count++];
    *begun = (Begun){ type, action, who.relation, read_set(load, node, STR("states"), lookup_states(parent->type)) };
    if (!pack_node_get(node, STR("states"))->count)
        read_misshape(load, node, of_parent);
}

/* It waits on a record that is there, and somebody must be able to take it. */
static void awaited_read(PackLoad *load, const PackNode *map, const Type *type, Action *action)
{
    static const Text of_people = TEXT_INIT("某个状态（from）下由人（who）办理的步骤才能有的键",
                                            "a key of a step that people (who) take in some state (from)");
    const PackNode   *node = pack_node_get(map, STR("awaited"));
    if (node && action->creates)
        awaited_create_read(load, node, type, action);
    action->awaited = action->creates ? node != NULL : read_boolean(load, map, STR("awaited"));
    if (action->awaited && !load->damaged && (!(action->creates || action->from) || !action->who_count))
        read_misshape(load, node, of_people);
}

static void action_read(PackLoad *load, const PackNode *map, const Type *type, Action *action)
{
    static const PackKey keys[] = {
        { STR_INIT("name"), true },     { STR_INIT("label"), true },     { STR_INIT("help"), false },
        { STR_INIT("from"), false },    { STR_INIT("to"), false },       { STR_INIT("who"), true },
        { STR_INIT("inputs"), false },  { STR_INIT("required"), false }, { STR_INIT("guard"), false },
        { STR_INIT("erases"), false },  { STR_INIT("notify"), false },   { STR_INIT("decides"), false },
        { STR_INIT("carries"), false }, { STR_INIT("awaited"), false },  { STR_INIT("effect"), false },
    };
    if (!READ_KEYS(load, map, keys))
        return;
    action->name = read_name(load, map, STR("name"));
    action->label = read_text(load, map, STR("label"));
    action->help = read_text(load, map, STR("help"));
    read_unique(load, map, STR("name"));
    movement_read(load, map, type, action);
    who_list_read(load, map, type, action);
    bool writes = action->creates || str_eq(action->name, STR("edit"));
    if (!fields_filled(load, map, STR("inputs"), type, &action->inputs, &action->input_count) && writes)
        inputs_all(load, type, action);
    read_indexes(load, map, STR("required"), lookup_stored(type), &action->required, &action->required_count);
    erases_read(load, map, type, action);
    guards_read(load, map, type, action);
    action->decides = read_boolean(load, map, STR("decides"));
    awaited_read(load, map, type, action);
    notifies_read(load, map, type, action);
    carries_read(load, map, type, action);
    effect_read(load, map, action);
}

static void actions_read(PackLoad *load, TypeDraft *draft)
{
    const PackNode *list = read_list(load, draft->node, STR("actions"), ACTIONS_MAX);
    Action         *actions = ARENA_ARRAY(load->arena, Action, list ? list->count : 0);
    uint16_t        count = 0;
    PACK_EACH(item, list) {
        actions[count].index = count;
        action_read(load, item, draft->type, &actions[count]);
        count++;
    }
    draft->type->actions = actions;
    draft->type->action_count = count;
}

/* ---- the type's head, as far as it names fields ---- */

static void number_read(PackLoad *load, TypeDraft *draft)
{
    static const Text like = TEXT_INIT("“POC-{year}-{seq:5}”这样的编号格式，以 {seq:位数} 结尾",
                                       "a pattern like \"POC-{year}-{seq:5}\", which ends in {seq:DIGITS}");
    draft->type->number = read_line(load, draft->node, STR("number"));
    if (draft->type->number.len && !number_pattern(draft->type->number))
        read_misshape(load, pack_node_get(draft->node, STR("number")), like);
}

static void parent_read(PackLoad *load, TypeDraft *draft)
{
    static const Text reference = TEXT_INIT("引用其他类型的字段", "a field that refers to another type");
    Type             *type = draft->type;
    type->parent = read_ref(load, draft->node, STR("parent"), lookup_fields(type), -1);
    if (type->parent >= 0 &&
        (type->fields[type->parent].system || type->fields[type->parent].kind != FIELD_REFERENCE)) {
        read_misshape(load, pack_node_get(draft->node, STR("parent")), reference);
        type->parent = -1;
    }
}

/* One value that the record keeps. */
static bool field_is_plain(const Type *type, int index)
{
    FieldKind kind = type->fields[index].kind;
    return (size_t)index < type->stored_count && kind != FIELD_ROWS && !field_kinds[kind].list;
}

static const Text plain_field = TEXT_INIT("存有单个值的字段", "a field that holds one value");

static void title_read(PackLoad *load, const TypeDraft *draft)
{
    int title = read_ref(load, draft->node, STR("title"), lookup_fields(draft->type), SYS_NUMBER);
    if (title >= 0 && !field_is_plain(draft->type, title)) {
        read_misshape(load, pack_node_get(draft->node, STR("title")), plain_field);
        title = SYS_NUMBER;
    }
    draft->type->title = (uint16_t)(title < 0 ? SYS_NUMBER : title);
}

static void reference_date_read(PackLoad *load, const TypeDraft *draft)
{
    static const Text date = TEXT_INIT("日期字段", "a date field");
    Type             *type = draft->type;
    type->reference_date = read_ref(load, draft->node, STR("reference_date"), lookup_fields(type), -1);
    if (type->reference_date >= 0 && type->fields[type->reference_date].kind != FIELD_DATE) {
        read_misshape(load, pack_node_get(draft->node, STR("reference_date")), date);
        type->reference_date = -1;
    }
}

static void sort_read(PackLoad *load, const PackNode *map, Type *type)
{
    PackLookup fields = lookup_fields(type);
    Str        sort = read_line(load, map, STR("sort"));
    if (!sort.len)
        return;
    type->sort = sort;
    Str name = sort.ptr[0] == '-' ? str_slice(sort, 1, sort.len) : sort;
    int index = lookup_find(fields, name);
    if (index >= 0 && !field_is_plain(type, index))
        read_misshape(load, pack_node_get(map, STR("sort")), plain_field);
    if (index < 0)
        lookup_unknown(load, pack_node_place(pack_node_get(map, STR("sort"))), name, fields);
}

static void list_usual(const PackLoad *load, Type *type)
{
    uint16_t *columns = ARENA_ARRAY(load->arena, uint16_t, 4);
    if (type->number.len)
        columns[type->column_count++] = SYS_NUMBER;
    if (type->title != SYS_NUMBER)
        columns[type->column_count++] = type->title;
    columns[type->column_count++] = SYS_STATE;
    columns[type->column_count++] = SYS_CHANGED;
    type->columns = columns;
}

static void list_view_read(PackLoad *load, TypeDraft *draft)
{
    static const PackKey keys[] = { { STR_INIT("columns"), false }, { STR_INIT("sort"), false } };
    Type                *type = draft->type;
    const PackNode      *map = pack_node_get(draft->node, STR("list"));
    type->sort = STR("-created");
    if (map && READ_KEYS(load, map, keys)) {
        read_indexes(load, map, STR("columns"), lookup_fields(type), &type->columns, &type->column_count);
        sort_read(load, map, type);
    }
    if (type->column_count == 0)
        list_usual(load, type);
}

/* The texts by which records are compared. */
static void alike_read(PackLoad *load, TypeDraft *draft)
{
    static const Text texts = TEXT_INIT("文字字段", "fields of text");
    const PackNode   *node = pack_node_get(draft->node, STR("alike"));
    Type             *type = draft->type;
    read_indexes(load, draft->node, STR("alike"), lookup_inputs(type), &type->alike, &type->alike_count);
    for (size_t i = 0; i < type->alike_count; i++)
        if (!field_kinds[type->fields[type->alike[i]].kind].text) {
            read_misshape(load, node, texts);
            return;
        }
}

void pack_steps(PackLoad *load)
{
    for (size_t i = 0; i < load->pack->type_count; i++) {
        TypeDraft *draft = &load->drafts[i];
        if (!draft->node)
            continue;
        number_read(load, draft);
        title_read(load, draft);
        parent_read(load, draft);
        reference_date_read(load, draft);
        relations_read(load, draft);
    }
    for (size_t i = 0; i < load->pack->type_count; i++) { /* a step may name what another type has */
        TypeDraft *draft = &load->drafts[i];
        if (!draft->node)
            continue;
        access_read(load, draft);
        actions_read(load, draft);
        list_view_read(load, draft);
        alike_read(load, draft);
    }
}
