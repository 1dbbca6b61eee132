/* kernel/pack_fields.c: second pass: the fields and states of each type, the system's first. */
#include "kernel/pack_read.h"

#include "base/limits.h"

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
/* First parts of addresses; and what events call the city's pack. */
static const Str type_reserved[] = {
    STR_INIT("api"),     STR_INIT("assets"), STR_INIT("check"),  STR_INIT("desk"),       STR_INIT("errors"),
    STR_INIT("healthz"), STR_INIT("jobs"),   STR_INIT("log"),    STR_INIT("mail"),       STR_INIT("metrics"),
    STR_INIT("notices"), STR_INIT("pack"),   STR_INIT("search"), STR_INIT("statistics"),
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
    int index = lookup_find(lookup_compartments(load), STR("identity"));
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

/* ---- the type's own fields ---- */

static bool system_name(Str name)
{
    for (int i = 0; i < SYS_COUNT; i++)
        if (str_eq(system_fields[i].name, name))
            return true;
    return false;
}

static void name_reserve(PackLoad *load, const PackNode *node, bool reserved)
{
    if (reserved)
        PACK_PROBLEM(load, node, ECODE_PACK_RESERVED, ARG("name", node->text));
}

void field_name_check(PackLoad *load, const PackNode *field)
{
    const PackNode *name = pack_node_get(field, STR("name"));
    if (name && name->kind == PACK_SCALAR)
        name_reserve(load, name,
                     system_name(name->text) || AMONG(words_reserved, name->text) || AMONG(field_reserved, name->text));
}

/* A text that is there in either language beside what was first written: "Title (English)". */
static Field translation(const PackLoad *load, const Field *field, Lang lang)
{
    static const Str  ends[LANG_COUNT] = { [LANG_ZH] = STR_INIT("_zh"), [LANG_EN] = STR_INIT("_en") };
    static const Text names[LANG_COUNT] = {
        [LANG_ZH] = TEXT_INIT("中文", "Chinese"), [LANG_EN] = TEXT_INIT("英文", "English")
    };
    Field sibling = *field;
    sibling.name = str_printf(load->arena, "%.*s%.*s", STR_FMT(field->name), STR_FMT(ends[lang]));
    sibling.label = (Text){
        { str_printf(load->arena, "%.*s（%.*s）", STR_FMT(field->label.in[LANG_ZH]), STR_FMT(names[lang].in[LANG_ZH])),
          str_printf(load->arena, "%.*s (%.*s)", STR_FMT(field->label.in[LANG_EN]), STR_FMT(names[lang].in[LANG_EN])) }
    };
    sibling.has_translations = false;
    sibling.translation_of = field->index;
    sibling.default_kind = DEFAULT_NONE;
    sibling.default_value = VALUE_NONE;
    sibling.unique = UNIQUE_NO;
    if (field->was.len)
        sibling.was = str_printf(load->arena, "%.*s%.*s", STR_FMT(field->was), STR_FMT(ends[lang]));
    return sibling;
}

static void translations_make(PackLoad *load, TypeDraft *draft, const PackNode *node, uint16_t base, uint16_t *count)
{
    for (Lang lang = 0; lang < LANG_COUNT; lang++) {
        Field sibling = translation(load, &draft->fields[base], lang);
        sibling.index = *count;
        draft->fields[base].translations[lang] = *count;
        if (!pack_name_valid(sibling.name))
            PACK_PROBLEM(load, pack_node_get(node, STR("name")), ECODE_PACK_NAME, ARG("name", sibling.name));
        draft->fields[*count] = sibling;
        draft->nodes[(*count)++] = node;
    }
}

static void own_field_read(PackLoad *load, TypeDraft *draft, const PackNode *node, uint16_t *count)
{
    uint16_t index = *count;
    Field   *field = &draft->fields[index];
    *field = (Field){ .index = index, .type = draft->type, .currency_field = -1, .translation_of = -1 };
    draft->nodes[(*count)++] = node;
    field_read(load, node, field, false);
    read_unique(load, node, STR("name"));
    field_name_check(load, node);
    if (field->has_translations && field->name.len)
        translations_make(load, draft, node, index, count);
}

static bool is_computed(const PackNode *node)
{
    const PackNode *kind = pack_node_get(node, STR("kind"));
    return kind && kind->kind == PACK_SCALAR && str_eq(kind->text, field_kinds[FIELD_COMPUTED].name);
}

/* A field of the pack may be called as the sibling of another, or as that of a clock. */
static void siblings_check(PackLoad *load, const TypeDraft *draft)
{
    const Type *type = draft->type;
    for (size_t i = SYS_COUNT; i < type->field_count; i++) {
        const Field *first = type_field(type, type->fields[i].name);
        const Field *field = &type->fields[i];
        bool         made = first &&
                    (first->translation_of >= 0 || field->translation_of >= 0 || !first->clock != !field->clock);
        if (!made || first == field)
            continue;
        Str where = pack_place_text(load->arena, pack_node_place(draft->nodes[first->index]));
        PACK_PROBLEM(load, draft->nodes[i], ECODE_PACK_DUPLICATE, ARG("name", first->name), ARG("where", where));
    }
}

/* A type says that fields of its own were erased: the choices of `erased` are their names. */
static void erased_make(const PackLoad *load, TypeDraft *draft)
{
    const Type *type = draft->type;
    Choice     *choices = ARENA_ARRAY(load->arena, Choice, type->stored_count);
    size_t      count = 0;
    for (size_t i = SYS_COUNT; i < type->stored_count && !type->fields[i].clock; i++)
        choices[count++] = (Choice){ .code = type->fields[i].name,
                                     .label = type->fields[i].label,
                                     .was = type->fields[i].was };
    draft->fields[SYS_ERASED].choices = choices;
    draft->fields[SYS_ERASED].choice_count = count;
}

/* The fields that hold a value in the order written, each with its siblings behind it; those of the clocks; then the
 * computed ones. */
static void fields_read(PackLoad *load, TypeDraft *draft)
{
    static const Text few = TEXT_INIT("至多 190 个字段（连同译文和时钟）",
                                      "at most 190 fields, translations and clocks included");
    const PackNode   *list = read_list(load, draft->node, STR("fields"), FIELDS_MAX - SYS_COUNT);
    size_t            most = SYS_COUNT + (list ? list->count * (1 + LANG_COUNT) : 0) + clocks_room(load, draft->node);
    draft->fields = ARENA_ARRAY(load->arena, Field, most);
    draft->nodes = ARENA_ARRAY(load->arena, const PackNode *, most);
    system_fields_make(load, draft);
    uint16_t count = SYS_COUNT;
    PACK_EACH(item, list)
        if (!is_computed(item))
            own_field_read(load, draft, item, &count);
    clocks_make(load, draft, &count);
    draft->type->stored_count = count;
    PACK_EACH(item, list)
        if (is_computed(item))
            own_field_read(load, draft, item, &count);
    draft->type->fields = draft->fields;
    draft->type->field_count = count;
    if (count > FIELDS_MAX)
        read_misshape(load, list, few);
    for (size_t i = SYS_COUNT; i < count; i++)
        if (!draft->fields[i].clock)
            field_link(load, draft->nodes[i], draft->fields, count, &draft->fields[i]);
    siblings_check(load, draft);
    erased_make(load, draft);
    draft->formulas = ARENA_ARRAY(load->arena, Formula, count - draft->type->stored_count);
    for (size_t i = draft->type->stored_count; i < count; i++)
        draft->formulas[i - draft->type->stored_count].node = pack_node_get(draft->nodes[i], STR("value"));
}

static void states_read(PackLoad *load, TypeDraft *draft)
{
    static const PackKey keys[] = { { STR_INIT("name"), true },
                                    { STR_INIT("label"), true },
                                    { STR_INIT("was"), false } };
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
            states[count].was = read_name(load, item, STR("was"));
            read_unique(load, item, STR("name"));
        }
        choices[count] = (Choice){ .code = states[count].name, .label = states[count].label, .was = states[count].was };
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
    if (node && node->kind == PACK_SCALAR)
        name_reserve(load, node, AMONG(words_reserved, node->text) || AMONG(type_reserved, node->text));
    read_file_name(load, draft->node, STR("type"), draft->type->name);
}

static void head_read(PackLoad *load, TypeDraft *draft)
{
    static const PackKey keys[] = {
        { STR_INIT("type"), true },     { STR_INIT("label"), true },       { STR_INIT("plural"), true },
        { STR_INIT("service"), false }, { STR_INIT("number"), false },     { STR_INIT("title"), true },
        { STR_INIT("parent"), false },  { STR_INIT("disclosure"), false }, { STR_INIT("page"), false },
        { STR_INIT("fields"), true },   { STR_INIT("states"), true },      { STR_INIT("relations"), false },
        { STR_INIT("access"), false },  { STR_INIT("actions"), true },     { STR_INIT("list"), false },
        { STR_INIT("rules"), false },   { STR_INIT("form"), false },       { STR_INIT("reference_date"), false },
        { STR_INIT("was"), false },     { STR_INIT("drops"), false },      { STR_INIT("clocks"), false },
        { STR_INIT("matrix"), false },  { STR_INIT("alike"), false },
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
    type->was = read_name(load, draft->node, STR("was"));
    read_names(load, draft->node, STR("drops"), &type->drops, &type->drop_count);
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
