#include "kernel/pack_read.h"

#include "base/buf.h"
#include "base/utf8.h"

#include "base/date.h"

#define NAME_MAX_LENGTH       40
#define LINE_MAX_POINTS       4096 /* as one_line says; an expression of so many is the engine's to judge */
#define PARAGRAPHS_MAX_POINTS 20000
#define NAMES_MAX             500

static const Text a_mapping = TEXT_INIT("一组键和值", "a mapping of keys to values");
static const Text a_list = TEXT_INIT("列表", "a list");
static const Text one_line = TEXT_INIT("一行文字，至多 4,096 个字符", "one line of text, at most 4,096 characters");
static const Text some_lines = TEXT_INIT("一段或多段文字", "one or more paragraphs of text");

void read_misshape(PackLoad *load, const PackNode *node, Text expected)
{
    Str  name = pack_node_name(node);
    Text key = text_same(name);
    if (node->parent && node->key_line == 0)
        key = (Text){ { str_printf(load->arena, "%.*s 的每一项", STR_FMT(name)),
                        str_printf(load->arena, "each item of %.*s", STR_FMT(name)) } };
    PACK_PROBLEM(load, node, ECODE_PACK_SHAPE, ARG_TEXT("key", key), ARG_TEXT("expected", expected));
}

/* ---- mappings ---- */

static Text known_keys(PackLoad *load, const PackKey *keys, size_t count)
{
    Str *names = ARENA_ARRAY(load->arena, Str, count);
    for (size_t i = 0; i < count; i++)
        names[i] = keys[i].name;
    return (Text){ { str_join(load->arena, names, count, STR("、")), str_join(load->arena, names, count, STR(", ")) } };
}

static bool key_known(const PackKey *keys, size_t count, Str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(keys[i].name, name))
            return true;
    return false;
}

bool read_keys(PackLoad *load, const PackNode *node, const PackKey *keys, size_t count)
{
    if (node->kind != PACK_MAP) {
        read_misshape(load, node, a_mapping);
        return false;
    }
    PACK_EACH(member, node)
        if (!key_known(keys, count, member->key))
            PACK_LOG(load->log, pack_node_key_place(member), ECODE_PACK_KEY_UNKNOWN, ARG("key", member->key),
                     ARG_TEXT("known", known_keys(load, keys, count)));
    for (size_t i = 0; i < count; i++)
        if (keys[i].needed && !pack_node_get(node, keys[i].name))
            PACK_PROBLEM(load, node, ECODE_PACK_KEY_MISSING, ARG("key", keys[i].name));
    return true;
}

/* ---- values ---- */

static bool line_valid(const PackNode *node)
{
    return node->kind == PACK_SCALAR && node->text.len > 0 && utf8_printable(node->text, false) &&
           utf8_length(node->text) <= LINE_MAX_POINTS;
}

Str read_line(PackLoad *load, const PackNode *map, Str key)
{
    const PackNode *node = pack_node_get(map, key);
    if (!node)
        return STR_NONE;
    if (line_valid(node))
        return node->text;
    read_misshape(load, node, one_line);
    return STR_NONE;
}

/* Text of one or, with `lines`, of several lines. */
static Str text_of(PackLoad *load, const PackNode *map, Str key, bool lines)
{
    if (!lines)
        return read_line(load, map, key);
    const PackNode *node = pack_node_get(map, key);
    if (!node)
        return STR_NONE;
    if (node->kind == PACK_SCALAR && node->text.len && utf8_printable(node->text, true) &&
        utf8_length(node->text) <= PARAGRAPHS_MAX_POINTS)
        return str_trim(node->text);
    read_misshape(load, node, some_lines);
    return STR_NONE;
}

static Text languages_read(PackLoad *load, const PackNode *node, bool lines)
{
    static const PackKey languages[] = { { STR_INIT("zh"), false }, { STR_INIT("en"), false } };
    if (!node || !READ_KEYS(load, node, languages))
        return (Text){ 0 };
    Text text = { { text_of(load, node, STR("zh"), lines), text_of(load, node, STR("en"), lines) } };
    if (!pack_node_get(node, STR("zh")) || !pack_node_get(node, STR("en")))
        PACK_PROBLEM(load, node, ECODE_PACK_LABEL, ARG("key", pack_node_name(node)));
    return text;
}

Text read_text(PackLoad *load, const PackNode *map, Str key)
{
    return languages_read(load, pack_node_get(map, key), false);
}

Text read_text_node(PackLoad *load, const PackNode *node) { return languages_read(load, node, false); }

Text read_paragraphs(PackLoad *load, const PackNode *map, Str key)
{
    return languages_read(load, pack_node_get(map, key), true);
}

int64_t read_integer(PackLoad *load, const PackNode *map, Str key, int64_t min, int64_t max, int64_t fallback)
{
    const PackNode *node = pack_node_get(map, key);
    int64_t         number;
    if (!node)
        return fallback;
    if (node->kind == PACK_SCALAR && str_int(node->text, &number) && number >= min && number <= max)
        return number;
    long long from = min, to = max;
    read_misshape(load, node,
                  (Text){ { str_printf(load->arena, "从 %lld 到 %lld 的整数", from, to),
                            str_printf(load->arena, "a whole number from %lld to %lld", from, to) } });
    return fallback;
}

int read_enum(PackLoad *load, const PackNode *map, Str key, const Str *names, int first, int count, int fallback)
{
    const PackNode *node = pack_node_get(map, key);
    if (!node)
        return fallback;
    if (node->kind != PACK_SCALAR) {
        read_misshape(load, node, one_line);
        return fallback;
    }
    for (int i = first; i < count; i++)
        if (str_eq(names[i], node->text))
            return i;
    Str known = str_join(load->arena, names + first, (size_t)(count - first), STR(", "));
    PACK_PROBLEM(load, node, ECODE_PACK_VALUE, ARG("key", key), ARG("value", node->text), ARG("known", known));
    return fallback;
}

const PackNode *read_list(PackLoad *load, const PackNode *map, Str key, size_t max)
{
    const PackNode *node = pack_node_get(map, key);
    if (!node)
        return NULL;
    if (node->kind != PACK_LIST) {
        read_misshape(load, node, a_list);
        return NULL;
    }
    if (node->count > max) {
        read_misshape(load, node,
                      (Text){ { str_printf(load->arena, "至多 %zu 项的列表", max),
                                str_printf(load->arena, "a list of at most %zu items", max) } });
        return NULL;
    }
    return node;
}

bool pack_name_valid(Str name)
{
    if (name.len == 0 || name.len > NAME_MAX_LENGTH || name.ptr[0] < 'a' || name.ptr[0] > 'z')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return true;
}

Str read_name(PackLoad *load, const PackNode *map, Str key)
{
    Str name = read_line(load, map, key);
    if (name.len && !pack_name_valid(name))
        PACK_PROBLEM(load, pack_node_get(map, key), ECODE_PACK_NAME, ARG("name", name));
    return name;
}

/* A name, and where it goes on the codes and columns within: "category.letter". */
static bool path_valid(Str path)
{
    Str  rest = path, name = str_cut(&rest, '.');
    bool valid = pack_name_valid(name) && rest.len <= 2 * NAME_MAX_LENGTH + 1;
    for (size_t i = 0; i < rest.len && valid; i++) {
        char c = rest.ptr[i];
        valid = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                c == '.';
    }
    return valid;
}

void read_names(PackLoad *load, const PackNode *map, Str key, const Str **out, size_t *count)
{
    const PackNode *list = read_list(load, map, key, NAMES_MAX);
    Str            *names = ARENA_ARRAY(load->arena, Str, list ? list->count : 0);
    *count = 0;
    PACK_EACH(item, list) {
        if (item->kind != PACK_SCALAR)
            read_misshape(load, item, one_line);
        else if (!path_valid(item->text))
            PACK_PROBLEM(load, item, ECODE_PACK_NAME, ARG("name", item->text));
        else
            names[(*count)++] = item->text;
    }
    *out = names;
}

void read_file_name(PackLoad *load, const PackNode *map, Str key, Str name)
{
    Str given = read_name(load, map, key);
    if (given.len && pack_name_valid(given) && !str_eq(given, name))
        PACK_PROBLEM(load, pack_node_get(map, key), ECODE_PACK_VALUE, ARG("key", key), ARG("value", given),
                     ARG("known", name));
}

/* ---- literals ---- */

static bool literal_parse(Arena *arena, const PackNode *node, FieldKind kind, uint8_t scale, Value *out)
{
    ValueKind value = field_kinds[kind].value;
    if (value != VALUE_TEXT)
        return value_parse(value, scale, node->text, out);
    *out = value_text(node->text);
    return line_valid(node) && field_kinds[kind].text(arena, node->text, &out->text);
}

bool read_literal(PackLoad *load, const PackNode *node, FieldKind kind, uint8_t scale, Value *out)
{
    if (node->kind == PACK_SCALAR && literal_parse(load->arena, node, kind, scale, out))
        return true;
    const FieldTraits *traits = &field_kinds[kind];
    int                places = scale;
    Text expected = traits->lines ? one_line : traits->expected; /* all texts of a pack's values are of one line */
    if (traits->value == VALUE_DECIMAL)
        expected = (Text){ { str_printf(load->arena, "至多 %d 位小数的数", places),
                             str_printf(load->arena, "a number of at most %d decimal places", places) } };
    read_misshape(load, node, expected);
    return false;
}

bool read_boolean(PackLoad *load, const PackNode *map, Str key)
{
    const PackNode *node = pack_node_get(map, key);
    Value           truth = value_bool(false);
    return node && read_literal(load, node, FIELD_BOOLEAN, 0, &truth) && truth.number;
}

/* ---- names of things defined elsewhere ---- */

static bool named_at(const Named *items, size_t count, int index, Str *out)
{
    if ((size_t)index >= count)
        return false;
    *out = items[index].name;
    return true;
}

static bool role_name(const void *context, int index, Str *out)
{
    const Pack *pack = context;
    return named_at(pack->roles, pack->role_count, index, out);
}

static bool compartment_name(const void *context, int index, Str *out)
{
    const Pack *pack = context;
    return named_at(pack->compartments, pack->compartment_count, index, out);
}

static bool service_name(const void *context, int index, Str *out)
{
    const Pack *pack = context;
    return named_at(pack->services, pack->service_count, index, out);
}

static bool type_name(const void *context, int index, Str *out)
{
    const Pack *pack = context;
    if ((size_t)index >= pack->type_count)
        return false;
    *out = pack->types[index].name;
    return true;
}

static bool field_name(const void *context, int index, Str *out)
{
    const Type *type = context;
    if ((size_t)index >= type->field_count)
        return false;
    *out = type->fields[index].name;
    return true;
}

static bool input_name(const void *context, int index, Str *out)
{
    const Type *type = context;
    if ((size_t)index >= type->stored_count || !field_name(type, index, out))
        return false;
    if (type->fields[index].system || type->fields[index].clock)
        *out = STR_NONE;
    return true;
}

static bool state_name(const void *context, int index, Str *out)
{
    const Type *type = context;
    if ((size_t)index >= type->state_count)
        return false;
    *out = type->states[index].name;
    return true;
}

PackLookup lookup_roles(const PackLoad *load) { return (PackLookup){ role_name, load->pack, TEXT("角色", "role") }; }
PackLookup lookup_compartments(const PackLoad *load)
{
    return (PackLookup){ compartment_name, load->pack, TEXT("分区", "compartment") };
}
PackLookup lookup_services(const PackLoad *load)
{
    return (PackLookup){ service_name, load->pack, TEXT("服务", "service") };
}
PackLookup lookup_types(const PackLoad *load)
{
    return (PackLookup){ type_name, load->pack, TEXT("记录类型", "type") };
}
PackLookup lookup_fields(const Type *type) { return (PackLookup){ field_name, type, TEXT("字段", "field") }; }
PackLookup lookup_inputs(const Type *type)
{
    return (PackLookup){ input_name, type, TEXT("可填写的字段", "field that people fill in") };
}
PackLookup lookup_states(const Type *type) { return (PackLookup){ state_name, type, TEXT("状态", "state") }; }

int lookup_find(PackLookup lookup, Str name)
{
    Str there;
    for (int i = 0; lookup.name(lookup.context, i, &there); i++)
        if (name.len && str_eq(there, name))
            return i;
    return -1;
}

#define NAMES_TOLD_MAX 60

void lookup_unknown(PackLoad *load, PackPlace place, Str name, PackLookup lookup)
{
    Str    names[NAMES_TOLD_MAX + 1], there;
    size_t count = 0;
    for (int i = 0; count < NAMES_TOLD_MAX && lookup.name(lookup.context, i, &there); i++)
        if (there.len)
            names[count++] = there;
    if (count == NAMES_TOLD_MAX)
        names[count++] = STR("…");
    PACK_LOG(load->log, place, ECODE_PACK_UNKNOWN, ARG("name", name), ARG_TEXT("what", lookup.what),
             ARG("known", count ? str_join(load->arena, names, count, STR(", ")) : STR("-")));
}

int read_known(PackLoad *load, const PackNode *scalar, PackLookup lookup)
{
    if (!line_valid(scalar)) {
        read_misshape(load, scalar, one_line);
        return -1;
    }
    int index = lookup_find(lookup, scalar->text);
    if (index < 0 && !load->damaged)
        lookup_unknown(load, pack_node_place(scalar), scalar->text, lookup);
    return index;
}

int read_ref(PackLoad *load, const PackNode *map, Str key, PackLookup lookup, int fallback)
{
    const PackNode *node = pack_node_get(map, key);
    return node ? read_known(load, node, lookup) : fallback;
}

uint64_t read_set(PackLoad *load, const PackNode *map, Str key, PackLookup lookup)
{
    uint64_t set = 0;
    PACK_EACH(item, read_list(load, map, key, 64)) {
        int index = read_known(load, item, lookup);
        if (index >= 0)
            set |= UINT64_C(1) << index;
    }
    return set;
}

bool read_indexes(PackLoad *load, const PackNode *map, Str key, PackLookup lookup, const uint16_t **out, size_t *count)
{
    const PackNode *list = read_list(load, map, key, FIELDS_MAX);
    if (!list)
        return false;
    uint16_t *indexes = ARENA_ARRAY(load->arena, uint16_t, list->count);
    size_t    found = 0;
    PACK_EACH(item, list) {
        int index = read_known(load, item, lookup);
        if (index >= 0)
            indexes[found++] = (uint16_t)index;
    }
    *out = indexes;
    *count = found;
    return true;
}

/* ---- problems ---- */

void read_unique(PackLoad *load, const PackNode *item, Str by)
{
    const PackNode *name = pack_node_get(item, by);
    if (!name || name->kind != PACK_SCALAR)
        return;
    for (const PackNode *other = item->parent->first; other != item; other = other->next) {
        const PackNode *first = pack_node_get(other, by);
        if (first && first->kind == PACK_SCALAR && str_eq(first->text, name->text)) {
            Str where = pack_place_text(load->arena, pack_node_place(first));
            PACK_PROBLEM(load, name, ECODE_PACK_DUPLICATE, ARG("name", name->text), ARG("where", where));
            return;
        }
    }
}

Str read_condition(PackLoad *load, const PackNode *map, Str key, const Type *type, ExprUseKind kind, Expr **out)
{
    Str text = read_line(load, map, key);
    if (text.len)
        pack_expression(load, &(ExprUse){ kind, out, text, pack_node_get(map, key), type });
    return text;
}

void pack_expression(PackLoad *load, const ExprUse *use)
{
    ARENA_ROOM(load->arena, load->uses, load->use_count, load->use_capacity);
    load->uses[load->use_count++] = *use;
}
