/* kernel/pack_fields.c: second pass: the fields and states of each type, the system's first. */
#include "kernel/pack_read.h"

#include "base/limits.h"

#define POINTS_MAX  100000 /* of a text field: well below the largest body */
#define CHOICES_MAX 500
#define CODE_MAX    40

/* ---- reserved names ---- */

/* Of fields and of types: words of the expression language. */
static const Str words_reserved[] = {
    STR_INIT("and"),   STR_INIT("or"),       STR_INIT("not"),  STR_INIT("in"),    STR_INIT("is"),   STR_INIT("missing"),
    STR_INIT("where"), STR_INIT("contains"), STR_INIT("true"), STR_INIT("false"), STR_INIT("date"), STR_INIT("count"),
    STR_INIT("any"),   STR_INIT("all"),      STR_INIT("sum"),  STR_INIT("min"),   STR_INIT("max"),
};
/* Names that a database gives to every table, and members of a record in JSON. */
static const Str field_reserved[] = {
    STR_INIT("rowid"), STR_INIT("oid"), STR_INIT("type"), STR_INIT("actions"), STR_INIT("fields"),
};
/* First parts of addresses. */
static const Str type_reserved[] = {
    STR_INIT("api"),     STR_INIT("assets"), STR_INIT("check"),   STR_INIT("desk"),   STR_INIT("errors"),
    STR_INIT("healthz"), STR_INIT("log"),    STR_INIT("metrics"), STR_INIT("search"),
};

static bool among(const Str *names, size_t count, Str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}
#define AMONG(names, name) among((names), sizeof(names) / sizeof *(names), (name))

/* ---- the system's fields ---- */

static const struct {
    Str       name;
    FieldKind kind;
    Text      label;
} system_fields[SYS_COUNT] = {
    [SYS_ID] = { STR_INIT("id"), FIELD_REFERENCE, TEXT_INIT("标识", "ID") },
    [SYS_NUMBER] = { STR_INIT("number"), FIELD_TEXT, TEXT_INIT("编号", "Number") },
    [SYS_STATE] = { STR_INIT("state"), FIELD_CHOICE, TEXT_INIT("状态", "State") },
    [SYS_VERSION] = { STR_INIT("version"), FIELD_INTEGER, TEXT_INIT("版本", "Version") },
    [SYS_OWNER] = { STR_INIT("owner"), FIELD_REFERENCE, TEXT_INIT("所属机构", "Owner") },
    [SYS_CREATOR] = { STR_INIT("creator"), FIELD_REFERENCE, TEXT_INIT("登记人", "Registered by") },
    [SYS_DISCLOSURE] = { STR_INIT("disclosure"), FIELD_CHOICE, TEXT_INIT("谁可以看", "Who may see it") },
    [SYS_CREATED] = { STR_INIT("created"), FIELD_INSTANT, TEXT_INIT("登记时间", "Registered") },
    [SYS_CHANGED] = { STR_INIT("changed"), FIELD_INSTANT, TEXT_INIT("更新时间", "Updated") },
    [SYS_ERASED] = { STR_INIT("erased"), FIELD_CHOICES, TEXT_INIT("已删除的内容", "Erased") },
};

static const Choice disclosures[] = {
    /* as the classes from CLASS_PUBLIC on */
    { STR_INIT("public"), TEXT_INIT("公开", "Public") },
    { STR_INIT("summary"), TEXT_INIT("公开摘要", "Summary public") },
    { STR_INIT("nda"), TEXT_INIT("签保密协议后可见", "Under NDA") },
    { STR_INIT("secret"), TEXT_INIT("保密（只对有权角色开放）", "Confidential (entitled roles only)") },
};

static uint8_t identity_compartment(const PackLoad *load)
{
    PackLookup lookup = lookup_compartments(load);
    int        index = lookup.find(lookup.context, STR("identity"));
    return (uint8_t)(index < 0 ? 0 : index);
}

/* Who a record belongs to and who made it tell an identity: a blind reader has no clearance there. */
static void system_fields_make(const PackLoad *load, TypeDraft *draft)
{
    for (int i = 0; i < SYS_COUNT; i++)
        draft->fields[i] = (Field){
            .name = system_fields[i].name,
            .kind = system_fields[i].kind,
            .index = (uint16_t)i,
            .system = true,
            .type = draft->type,
            .label = system_fields[i].label,
            .class = CLASS_PUBLIC,
            .max_points = LIMIT_TEXT_POINTS,
            .currency_field = -1,
            .translation_of = -1,
        };
    for (int i = SYS_OWNER; i <= SYS_CREATOR; i++) {
        draft->fields[i].class = CLASS_SUMMARY;
        draft->fields[i].compartment = identity_compartment(load);
    }
    draft->fields[SYS_ERASED].class = CLASS_SECRET; /* that something was there is as hidden as what was */
    draft->fields[SYS_ID].target = draft->type;
    draft->fields[SYS_OWNER].target = pack_type(load->pack, STR("organisation"));
    draft->fields[SYS_CREATOR].target = pack_type(load->pack, STR("person"));
    draft->fields[SYS_DISCLOSURE].choices = disclosures;
    draft->fields[SYS_DISCLOSURE].choice_count = sizeof disclosures / sizeof *disclosures;
}

/* ---- a field: keys of its own by kind ---- */

static bool code_valid(Str code)
{
    for (size_t i = 0; i < code.len; i++) {
        char c = code.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (i == 0 || (c != '_' && c != '-' && c != '.')))
            return false;
    }
    return code.len > 0 && code.len <= CODE_MAX;
}

/* `choices: roles` */
static void choices_from_roles(const PackLoad *load, Field *field)
{
    Choice *choices = ARENA_ARRAY(load->arena, Choice, load->pack->role_count);
    for (size_t i = 0; i < load->pack->role_count; i++)
        choices[i] = (Choice){ load->pack->roles[i].name, load->pack->roles[i].label };
    field->choices = choices;
    field->choice_count = load->pack->role_count;
}

static void choices_read(PackLoad *load, const PackNode *map, Field *field)
{
    static const PackKey keys[] = { { STR_INIT("code"), true }, { STR_INIT("label"), true } };
    static const Text    code_like = TEXT_INIT("由字母、数字和 _ - . 组成、不超过 40 个字符的代码",
                                               "a code of letters, digits and _ - ., of at most 40");
    const PackNode      *node = pack_node_get(map, STR("choices"));
    if (node && node->kind == PACK_SCALAR && str_eq(node->text, STR("roles"))) {
        choices_from_roles(load, field);
        return;
    }
    const PackNode *list = read_list(load, map, STR("choices"), CHOICES_MAX);
    Choice         *choices = ARENA_ARRAY(load->arena, Choice, list ? list->count : 0);
    PACK_EACH(item, list) {
        if (!READ_KEYS(load, item, keys))
            continue;
        Choice *choice = &choices[field->choice_count++];
        choice->code = read_line(load, item, STR("code"));
        choice->label = read_text(load, item, STR("label"));
        if (choice->code.len && !code_valid(choice->code))
            read_misshape(load, pack_node_get(item, STR("code")), code_like);
        read_unique(load, item, STR("code"));
    }
    field->choices = choices;
}

static void text_read(PackLoad *load, const PackNode *map, Field *field)
{
    int64_t usual = field->kind == FIELD_TEXT ? LIMIT_TEXT_POINTS : LIMIT_LONG_TEXT_POINTS;
    field->max_points = read_integer(load, map, STR("max"), 1, POINTS_MAX, usual);
}

/* A bound of a number field, in units of its scale. */
static int64_t bound_read(PackLoad *load, const PackNode *map, Str key, const Field *field)
{
    const PackNode *node = pack_node_get(map, key);
    Decimal         bound;
    if (node->kind == PACK_SCALAR && decimal_parse(node->text, &bound) && decimal_rescale(bound, field->scale, &bound))
        return bound.units;
    int scale = field->scale;
    read_misshape(load, node,
                  (Text){ { str_printf(load->arena, "至多 %d 位小数的数", scale),
                            str_printf(load->arena, "a number of at most %d decimal places", scale) } });
    return 0;
}

static void number_read(PackLoad *load, const PackNode *map, Field *field)
{
    static const Text above_min = TEXT_INIT("不小于 min 的数", "a number not below min");
    if (field->kind == FIELD_DECIMAL)
        field->scale = (uint8_t)read_integer(load, map, STR("scale"), 0, DECIMAL_SCALE_MAX, 2);
    bool has_min = pack_node_get(map, STR("min")) != NULL;
    bool has_max = pack_node_get(map, STR("max")) != NULL;
    if (has_min != has_max)
        PACK_PROBLEM(load, map, ECODE_PACK_KEY_MISSING, ARG("key", has_min ? STR("max") : STR("min")));
    if (!has_min || !has_max)
        return;
    size_t before = pack_log_count(load->log);
    field->bounded = true;
    field->min = bound_read(load, map, STR("min"), field);
    field->max = bound_read(load, map, STR("max"), field);
    if (pack_log_count(load->log) == before && field->min > field->max)
        read_misshape(load, pack_node_get(map, STR("max")), above_min);
}

static void plain_read(PackLoad *load, const PackNode *map, Field *field)
{
    (void)load;
    (void)map;
    (void)field;
}

static void target_read(PackLoad *load, const PackNode *map, Field *field)
{
    int target = read_ref(load, map, STR("target"), lookup_types(load), -1);
    if (target >= 0)
        field->target = &load->pack->types[target];
}

#define COMMON_KEYS                                                                                                    \
    { STR_INIT("name"), true }, { STR_INIT("kind"), true }, { STR_INIT("label"), true }, { STR_INIT("help"), false },  \
        { STR_INIT("class"), false },                                                                                  \
    {                                                                                                                  \
        STR_INIT("compartment"), false                                                                                 \
    }
#define COMMON_COUNT 6

static const struct {
    void (*read)(PackLoad *load, const PackNode *map, Field *field);
    size_t  key_count;
    PackKey keys[COMMON_COUNT + 4];
} kinds[FIELD_KIND_COUNT] = {
    [FIELD_TEXT] = { text_read, COMMON_COUNT + 1, { COMMON_KEYS, { STR_INIT("max"), false } } },
    [FIELD_LONG_TEXT] = { text_read, COMMON_COUNT + 1, { COMMON_KEYS, { STR_INIT("max"), false } } },
    [FIELD_INTEGER] = { number_read,
                        COMMON_COUNT + 3,
                        { COMMON_KEYS,
                          { STR_INIT("unit"), false },
                          { STR_INIT("min"), false },
                          { STR_INIT("max"), false } } },
    [FIELD_DECIMAL] = { number_read,
                        COMMON_COUNT + 4,
                        { COMMON_KEYS,
                          { STR_INIT("unit"), false },
                          { STR_INIT("min"), false },
                          { STR_INIT("max"), false },
                          { STR_INIT("scale"), false } } },
    [FIELD_BOOLEAN] = { plain_read, COMMON_COUNT, { COMMON_KEYS } },
    [FIELD_DATE] = { plain_read, COMMON_COUNT, { COMMON_KEYS } },
    [FIELD_INSTANT] = { plain_read, COMMON_COUNT, { COMMON_KEYS } },
    [FIELD_CHOICE] = { choices_read, COMMON_COUNT + 1, { COMMON_KEYS, { STR_INIT("choices"), true } } },
    [FIELD_REFERENCE] = { target_read, COMMON_COUNT + 1, { COMMON_KEYS, { STR_INIT("target"), true } } },
    [FIELD_REFERENCES] = { target_read, COMMON_COUNT + 1, { COMMON_KEYS, { STR_INIT("target"), true } } },
    [FIELD_CHOICES] = { choices_read, COMMON_COUNT + 1, { COMMON_KEYS, { STR_INIT("choices"), true } } },
    [FIELD_MONEY] = { plain_read, COMMON_COUNT, { COMMON_KEYS } },
    [FIELD_ROWS] = { plain_read, COMMON_COUNT, { COMMON_KEYS } },
    [FIELD_COMPUTED] = { plain_read, COMMON_COUNT, { COMMON_KEYS } },
};

/* Of a field whose kind is not told: whatever any kind knows, so that one slip is one problem. */
static const PackKey any_keys[] = {
    COMMON_KEYS,
    { STR_INIT("unit"), false },
    { STR_INIT("min"), false },
    { STR_INIT("max"), false },
    { STR_INIT("scale"), false },
    { STR_INIT("choices"), false },
    { STR_INIT("target"), false },
};

static void field_read(PackLoad *load, const PackNode *node, Field *field)
{
    int  kind = read_enum(load, node, STR("kind"), field_kind_names, 0, FIELD_KIND_COUNT, -1);
    bool is_map = kind < 0 ? READ_KEYS(load, node, any_keys)
                           : read_keys(load, node, kinds[kind].keys, kinds[kind].key_count);
    if (!is_map)
        return;
    field->name = read_name(load, node, STR("name"));
    field->label = read_text(load, node, STR("label"));
    field->help = read_text(load, node, STR("help"));
    field->unit = read_text(load, node, STR("unit"));
    field->class = (Class)read_enum(load, node, STR("class"), class_names, CLASS_PUBLIC, CLASS_COUNT, CLASS_SUMMARY);
    int compartment = read_ref(load, node, STR("compartment"), lookup_compartments(load), 0);
    field->compartment = (uint8_t)(compartment < 0 ? 0 : compartment);
    if (kind < 0)
        return;
    field->kind = (FieldKind)kind;
    kinds[kind].read(load, node, field);
}

static void name_reserve(PackLoad *load, const PackNode *node, bool reserved)
{
    if (reserved)
        PACK_PROBLEM(load, node, ECODE_PACK_RESERVED, ARG("name", node->text));
}

static bool system_name(Str name)
{
    for (int i = 0; i < SYS_COUNT; i++)
        if (str_eq(system_fields[i].name, name))
            return true;
    return false;
}

static void fields_read(PackLoad *load, TypeDraft *draft)
{
    const PackNode *list = read_list(load, draft->node, STR("fields"), FIELDS_MAX - SYS_COUNT);
    draft->fields = ARENA_ARRAY(load->arena, Field, SYS_COUNT + (list ? list->count : 0));
    system_fields_make(load, draft);
    uint16_t count = SYS_COUNT;
    PACK_EACH(item, list) {
        Field *field = &draft->fields[count];
        field->index = count++;
        field->type = draft->type;
        field->currency_field = field->translation_of = -1;
        field_read(load, item, field);
        read_unique(load, item, STR("name"));
        const PackNode *name = pack_node_get(item, STR("name"));
        if (name && name->kind == PACK_SCALAR)
            name_reserve(load, name,
                         system_name(field->name) || AMONG(words_reserved, field->name) ||
                             AMONG(field_reserved, field->name));
    }
    draft->type->fields = draft->fields;
    draft->type->field_count = draft->type->stored_count = count;
}

static void states_read(PackLoad *load, TypeDraft *draft)
{
    static const PackKey keys[] = { { STR_INIT("name"), true }, { STR_INIT("label"), true } };
    static const Text    some = TEXT_INIT("至少一项的列表", "a list of at least one item");
    const PackNode      *list = read_list(load, draft->node, STR("states"), STATES_MAX);
    if (list && list->count == 0)
        read_misshape(load, list, some);
    State  *states = ARENA_ARRAY(load->arena, State, list ? list->count : 0);
    Choice *choices = ARENA_ARRAY(load->arena, Choice, list ? list->count : 0);
    size_t  count = 0;
    PACK_EACH(item, list) { /* one State for each item, so that the index of a state is the place of its node */
        if (READ_KEYS(load, item, keys)) {
            states[count].name = read_name(load, item, STR("name"));
            states[count].label = read_text(load, item, STR("label"));
            read_unique(load, item, STR("name"));
        }
        choices[count] = (Choice){ states[count].name, states[count].label };
        count++;
    }
    draft->type->states = states;
    draft->type->state_count = count;
    draft->fields[SYS_STATE].choices = choices;
    draft->fields[SYS_STATE].choice_count = count;
}

static void type_name_check(PackLoad *load, const TypeDraft *draft)
{
    const PackNode *node = pack_node_get(draft->node, STR("type"));
    Str             name = read_name(load, draft->node, STR("type"));
    if (!name.len || !pack_name_valid(name))
        return;
    name_reserve(load, node, AMONG(words_reserved, name) || AMONG(type_reserved, name));
    if (!str_eq(
            name,
            draft->type->name)) /* the file is called as its type: one place to look for it, and never two of a name */
        PACK_PROBLEM(load, node, ECODE_PACK_VALUE, ARG("key", STR("type")), ARG("value", name),
                     ARG("known", draft->type->name));
}

static void head_read(PackLoad *load, TypeDraft *draft)
{
    static const PackKey keys[] = {
        { STR_INIT("type"), true },     { STR_INIT("label"), true },       { STR_INIT("plural"), true },
        { STR_INIT("service"), false }, { STR_INIT("number"), false },     { STR_INIT("title"), true },
        { STR_INIT("parent"), false },  { STR_INIT("disclosure"), false }, { STR_INIT("page"), false },
        { STR_INIT("fields"), true },   { STR_INIT("states"), true },      { STR_INIT("relations"), false },
        { STR_INIT("access"), false },  { STR_INIT("actions"), true },     { STR_INIT("list"), false },
    };
    Type *type = draft->type;
    if (!READ_KEYS(load, draft->node, keys)) {
        draft->node = NULL;
        load->damaged = true;
        return;
    }
    type_name_check(load, draft);
    type->label = read_text(load, draft->node, STR("label"));
    type->plural = read_text(load, draft->node, STR("plural"));
    type->service = read_ref(load, draft->node, STR("service"), lookup_services(load), -1);
    type->page = read_name(load, draft->node, STR("page"));
    type->disclosure = (Class)read_enum(load, draft->node, STR("disclosure"), class_names, CLASS_PUBLIC, CLASS_COUNT,
                                        CLASS_SECRET);
}

void pack_fields(PackLoad *load)
{
    for (size_t i = 0; i < load->pack->type_count; i++) {
        TypeDraft *draft = &load->drafts[i];
        draft->type->parent = draft->type->reference_date = -1;
        draft->type->service = -1;
        if (draft->node)
            head_read(load, draft);
        if (!draft->node)
            continue;
        fields_read(load, draft);
        states_read(load, draft);
    }
}
