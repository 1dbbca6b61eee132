/* kernel/pack_kinds.c: what a field says: keys that all have, and those of its kind. */
#include "kernel/pack_read.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "kernel/file_type.h"

#define POINTS_MAX  100000 /* of a text field: well below the largest body */
#define CHOICES_MAX 500
#define CODE_MAX    40
#define COLUMNS_MAX 40 /* of child rows */

#define MEGABYTE      INT64_C(1048576)
#define FILE_MB_USUAL 20
#define FILES_USUAL   20

/* ---- texts, numbers ---- */

static void text_read(PackLoad *load, const PackNode *map, Field *field)
{
    int64_t usual = field_kinds[field->kind].lines ? LIMIT_LONG_TEXT_POINTS : LIMIT_TEXT_POINTS;
    field->max_points = read_integer(load, map, STR("max"), 1, POINTS_MAX, usual);
    field->has_translations = read_boolean(load, map, STR("translate"));
    field->given = read_boolean(load, map, STR("given"));
}

static void bounds_read(PackLoad *load, const PackNode *map, Field *field)
{
    static const Text above_min = TEXT_INIT("不小于 min 的数", "a number not below min");
    const PackNode   *low = pack_node_get(map, STR("min")), *high = pack_node_get(map, STR("max"));
    if (!low != !high)
        PACK_PROBLEM(load, map, ECODE_PACK_KEY_MISSING, ARG("key", low ? STR("max") : STR("min")));
    if (!low || !high)
        return;
    Value min, max;
    bool  has_min = read_literal(load, low, FIELD_DECIMAL, field->scale, &min);
    bool  has_max = read_literal(load, high, FIELD_DECIMAL, field->scale, &max);
    if (!has_min || !has_max)
        return;
    field->bounded = true;
    field->min = min.number;
    field->max = max.number;
    if (field->min > field->max)
        read_misshape(load, high, above_min);
}

static void integer_read(PackLoad *load, const PackNode *map, Field *field)
{
    bounds_read(load, map, field);
    field->given = read_boolean(load, map, STR("given"));
}

static void decimal_read(PackLoad *load, const PackNode *map, Field *field)
{
    field->scale = (uint8_t)read_integer(load, map, STR("scale"), 0, DECIMAL_SCALE_MAX, 2);
    bounds_read(load, map, field);
}

bool currency_code(Str code)
{
    for (size_t i = 0; i < code.len; i++)
        if (code.ptr[i] < 'A' || code.ptr[i] > 'Z')
            return false;
    return code.len == 3;
}

/* What is no code names a sibling: field_link(). */
static void money_read(PackLoad *load, const PackNode *map, Field *field)
{
    Str currency = read_line(load, map, STR("currency"));
    if (currency_code(currency))
        field->currency = currency;
    for (size_t i = 0; i < load->pack->currency_count; i++)
        if (str_eq(load->pack->currencies[i].name, currency))
            field->unit = load->pack->currencies[i].label;
    decimal_read(load, map, field);
}

static void plain_read(PackLoad *load, const PackNode *map, Field *field)
{
    (void)load;
    (void)map;
    (void)field;
}

/* ---- choices ---- */

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
    const Named *roles = load->pack->roles;
    Choice      *choices = ARENA_ARRAY(load->arena, Choice, load->pack->role_count);
    for (size_t i = 0; i < load->pack->role_count; i++)
        choices[i] = (Choice){ .code = roles[i].name, .label = roles[i].label, .was = roles[i].was };
    field->choices = choices;
    field->choice_count = load->pack->role_count;
}

static Str code_read(PackLoad *load, const PackNode *map, Str key)
{
    static const Text like = TEXT_INIT("由字母、数字和 _ - . 组成、不超过 40 个字符的代码",
                                       "a code of letters, digits and _ - ., of at most 40");
    Str               code = read_line(load, map, key);
    if (code.len && !code_valid(code))
        read_misshape(load, pack_node_get(map, key), like);
    return code;
}

static void choices_read(PackLoad *load, const PackNode *map, Field *field)
{
    static const PackKey keys[] = { { STR_INIT("code"), true },
                                    { STR_INIT("label"), true },
                                    { STR_INIT("was"), false } };
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
        choice->code = code_read(load, item, STR("code"));
        choice->label = read_text(load, item, STR("label"));
        choice->was = code_read(load, item, STR("was"));
        read_unique(load, item, STR("code"));
    }
    field->choices = choices;
}

/* ---- files ---- */

static bool file_type_name(const void *context, int index, Str *out)
{
    (void)context;
    if ((size_t)index >= file_type_count)
        return false;
    *out = file_types[index].code;
    return true;
}

static void file_read(PackLoad *load, const PackNode *map, Field *field)
{
    const PackNode *list = pack_node_get(map, STR("types"))
                               ? read_list(load, map, STR("types"), (size_t)file_type_count)
                               : NULL;
    field->max_bytes = read_integer(load, map, STR("max_mb"), 1, LIMIT_FILE_BYTES / MEGABYTE, FILE_MB_USUAL) * MEGABYTE;
    field->max_files = 1;
    PACK_EACH(item, list) {
        const FileType *type = item->kind == PACK_SCALAR ? file_type_coded(item->text) : NULL;
        if (type)
            field->file_types |= UINT64_C(1) << (type - file_types);
        else if (item->kind == PACK_SCALAR)
            lookup_unknown(load, pack_node_place(item), item->text,
                           (PackLookup){ file_type_name, NULL, TEXT("文件类型", "file type") });
        else
            read_misshape(load, item, TEXT("一个文件类型", "a file type"));
    }
    if (!field->file_types)
        field->file_types = (UINT64_C(1) << file_type_count) - 1;
}

static void files_read(PackLoad *load, const PackNode *map, Field *field)
{
    file_read(load, map, field);
    field->max_files = (size_t)read_integer(load, map, STR("max"), 1, LIMIT_LIST_ITEMS, FILES_USUAL);
}

/* ---- references, child rows ---- */

static void target_read(PackLoad *load, const PackNode *map, Field *field)
{
    int target = read_ref(load, map, STR("target"), lookup_types(load), -1);
    if (target >= 0)
        field->target = &load->pack->types[target];
}

static Field row_field(const Type *rows, RowField index, Str name, Text label)
{
    return (Field){ .name = name,
                    .kind = index == ROW_PARENT ? FIELD_REFERENCE : FIELD_INTEGER,
                    .index = (uint16_t)index,
                    .system = true,
                    .type = rows,
                    .label = label,
                    .class = rows->row_of->class,
                    .compartment = rows->row_of->compartment,
                    .target = index == ROW_PARENT ? rows->row_of->type : NULL,
                    .currency_field = -1,
                    .translation_of = -1 };
}

static void column_read(PackLoad *load, const PackNode *node, Type *rows, Field *column)
{
    *column = (Field){ .index = (uint16_t)rows->field_count++,
                       .type = rows,
                       .class = rows->row_of->class,
                       .compartment = rows->row_of->compartment,
                       .currency_field = -1,
                       .translation_of = -1 };
    field_read(load, node, column, true);
    read_unique(load, node, STR("name"));
    field_name_check(load, node);
    if (str_eq(column->name, STR("parent")) || str_eq(column->name, STR("position")))
        PACK_PROBLEM(load, pack_node_get(node, STR("name")), ECODE_PACK_RESERVED, ARG("name", column->name));
}

static Type *rows_type(const PackLoad *load, const Field *field)
{
    Type *rows = ARENA_NEW(load->arena, Type);
    *rows = (Type){ .name = field->name,
                    .label = field->label,
                    .plural = field->label,
                    .pack = load->pack,
                    .index = UINT16_MAX,
                    .table = str_printf(load->arena, "%.*s.%.*s", STR_FMT(field->type->table), STR_FMT(field->name)),
                    .service = -1,
                    .parent = ROW_PARENT,
                    .title = ROW_POSITION,
                    .row_of = field,
                    .reference_date = -1 };
    return rows;
}

/* Class and compartment of the field are known by now: its columns have them too. */
static void rows_read(PackLoad *load, const PackNode *map, Field *field)
{
    static const Text some = TEXT_INIT("至少一项的列表", "a list of at least one item");
    Type             *rows = rows_type(load, field);
    const PackNode   *list = read_list(load, map, STR("columns"), COLUMNS_MAX);
    if (list && list->count == 0)
        read_misshape(load, list, some);
    Field *columns = ARENA_ARRAY(load->arena, Field, ROW_COLUMNS + (list ? list->count : 0));
    columns[ROW_PARENT] = row_field(rows, ROW_PARENT, STR("parent"), TEXT("所属记录", "Record"));
    columns[ROW_POSITION] = row_field(rows, ROW_POSITION, STR("position"), TEXT("序号", "No."));
    rows->field_count = ROW_COLUMNS;
    PACK_EACH(item, list)
        column_read(load, item, rows, &columns[rows->field_count]);
    size_t i = ROW_COLUMNS;
    PACK_EACH(item, list)
        field_link(load, item, columns, rows->field_count, &columns[i++]);
    rows->fields = columns;
    rows->stored_count = rows->field_count;
    field->rows = rows;
}

/* The author of a pack declares what may be read of a computed value: it may open what it is computed from. */
static void computed_read(PackLoad *load, const PackNode *map, Field *field)
{
    if (!pack_node_get(map, STR("class")))
        PACK_PROBLEM(load, map, ECODE_PACK_KEY_MISSING, ARG("key", STR("class")));
    field->formula_text = read_line(load, map, STR("value"));
}

/* ---- defaults ---- */

static const struct {
    Str         word;
    FieldKind   kind;
    Str         target; /* of references */
    DefaultKind means;
} default_words[] = {
    { STR_INIT("today"), FIELD_DATE, STR_INIT(""), DEFAULT_TODAY },
    { STR_INIT("now"), FIELD_INSTANT, STR_INIT(""), DEFAULT_NOW },
    { STR_INIT("actor"), FIELD_REFERENCE, STR_INIT("person"), DEFAULT_ACTOR },
    { STR_INIT("organisation"), FIELD_REFERENCE, STR_INIT("organisation"), DEFAULT_ORGANISATION },
};

static bool default_word(const PackNode *node, Field *field)
{
    Str target = field->target ? field->target->name : STR("");
    for (size_t i = 0; i < sizeof default_words / sizeof *default_words; i++)
        if (node->kind == PACK_SCALAR && str_eq(node->text, default_words[i].word) &&
            field->kind == default_words[i].kind && str_eq(target, default_words[i].target))
            field->default_kind = default_words[i].means;
    return field->default_kind != DEFAULT_NONE;
}

static bool choice_name(const void *context, int index, Str *out)
{
    const Field *field = context;
    if ((size_t)index >= field->choice_count)
        return false;
    *out = field->choices[index].code;
    return true;
}

static bool code_known(PackLoad *load, const PackNode *node, const Field *field)
{
    bool known = node->kind == PACK_SCALAR && field_choice(field, node->text);
    if (!known && node->kind != PACK_SCALAR)
        read_misshape(load, node, TEXT("一个代码", "a code"));
    else if (!known)
        lookup_unknown(load, pack_node_place(node), node->text,
                       (PackLookup){ choice_name, field, TEXT("选项", "choice") });
    return known;
}

/* Codes in the order of the choices, joined as a list holds them. */
static bool codes_read(PackLoad *load, const PackNode *map, Str key, const Field *field, Value *out)
{
    const PackNode *list = read_list(load, map, key, LIMIT_LIST_ITEMS);
    bool           *chosen = ARENA_ARRAY(load->arena, bool, field->choice_count);
    bool            known = list != NULL;
    PACK_EACH(item, list) {
        if (code_known(load, item, field))
            chosen[field_choice(field, item->text) - field->choices] = true;
        else
            known = false;
    }
    Buf codes = buf_new(load->arena, SIZE_MAX);
    for (size_t i = 0; i < field->choice_count; i++)
        if (chosen[i])
            buf_printf(&codes, "%s%.*s", buf_str(&codes).len ? "," : "", STR_FMT(field->choices[i].code));
    *out = value_list(buf_str(&codes));
    return known && out->text.len;
}

static bool value_fits(PackLoad *load, const PackNode *node, const Field *field, const Value *value)
{
    static const Text within = TEXT_INIT("符合本字段 min、max 的值", "a value within the min and max of the field");
    bool              fits = field_kinds[field->kind].text
                                 ? (int64_t)utf8_length(value->text) <= field->max_points
                                 : !field->bounded || (value->number >= field->min && value->number <= field->max);
    if (!fits)
        read_misshape(load, node, within);
    return fits;
}

bool read_field_value(PackLoad *load, const PackNode *map, Str key, const Field *field, Value *out)
{
    const PackNode *node = pack_node_get(map, key);
    switch (field->kind) {
    case FIELD_CHOICE: *out = value_text(node->text); return code_known(load, node, field);
    case FIELD_CHOICES: return codes_read(load, map, key, field, out);
    default: return read_literal(load, node, field->kind, field->scale, out) && value_fits(load, node, field, out);
    }
}

static void default_read(PackLoad *load, const PackNode *map, Field *field)
{
    static const Text party = TEXT_INIT("actor 或 organisation，且与所引用的类型相符",
                                        "actor or organisation, as fits the type referred to");
    const PackNode   *node = pack_node_get(map, STR("default"));
    if (!node || default_word(node, field))
        return;
    if (field->kind == FIELD_REFERENCE && !load->damaged)
        read_misshape(load, node, party);
    if (field->kind != FIELD_REFERENCE && read_field_value(load, map, STR("default"), field, &field->default_value))
        field->default_kind = DEFAULT_VALUE;
}

/* ---- kinds ---- */

#define OWN_MAX 6

static const struct {
    void (*read)(PackLoad *load, const PackNode *map, Field *field);
    bool    column;        /* may stand in child rows */
    PackKey keys[OWN_MAX]; /* of its own */
    PackKey more[OWN_MAX]; /* of its own, but not in child rows */
    bool    given;         /* may be given in child rows */
} kinds[FIELD_KIND_COUNT] = {
    [FIELD_TEXT] = { text_read,
                     true,
                     { { STR_INIT("max"), false } },
                     { { STR_INIT("translate"), false },
                       { STR_INIT("default"), false },
                       { STR_INIT("unique"), false } },
                     true },
    [FIELD_LONG_TEXT] = { text_read,
                          true,
                          { { STR_INIT("max"), false } },
                          { { STR_INIT("translate"), false }, { STR_INIT("default"), false } } },
    [FIELD_INTEGER] = { integer_read,
                        true,
                        { { STR_INIT("unit"), false }, { STR_INIT("min"), false }, { STR_INIT("max"), false } },
                        { { STR_INIT("default"), false }, { STR_INIT("unique"), false } },
                        true },
    [FIELD_DECIMAL] = { decimal_read,
                        true,
                        { { STR_INIT("unit"), false },
                          { STR_INIT("min"), false },
                          { STR_INIT("max"), false },
                          { STR_INIT("scale"), false } },
                        { { STR_INIT("default"), false } } },
    [FIELD_MONEY] = { money_read,
                      true,
                      { { STR_INIT("currency"), true },
                        { STR_INIT("min"), false },
                        { STR_INIT("max"), false },
                        { STR_INIT("scale"), false } },
                      { { STR_INIT("default"), false } } },
    [FIELD_BOOLEAN] = { plain_read, true, { { { 0 }, false } }, { { STR_INIT("default"), false } } },
    [FIELD_DATE] = { plain_read,
                     true,
                     { { { 0 }, false } },
                     { { STR_INIT("default"), false }, { STR_INIT("unique"), false } } },
    [FIELD_INSTANT] = { plain_read, true, { { { 0 }, false } }, { { STR_INIT("default"), false } } },
    [FIELD_CHOICE] = { choices_read,
                       true,
                       { { STR_INIT("choices"), true } },
                       { { STR_INIT("default"), false }, { STR_INIT("unique"), false } } },
    [FIELD_CHOICES] = { choices_read, false, { { STR_INIT("choices"), true } }, { { STR_INIT("default"), false } } },
    [FIELD_REFERENCE] = { target_read,
                          true,
                          { { STR_INIT("target"), true } },
                          { { STR_INIT("default"), false }, { STR_INIT("unique"), false } } },
    [FIELD_REFERENCES] = { target_read, false, { { STR_INIT("target"), true } }, { { { 0 }, false } } },
    [FIELD_ROWS] = { rows_read,
                     false,
                     { { STR_INIT("columns"), true }, { STR_INIT("filled_from"), false } },
                     { { { 0 }, false } } },
    [FIELD_FILE] = { file_read,
                     false,
                     { { STR_INIT("max_mb"), false }, { STR_INIT("types"), false } },
                     { { { 0 }, false } } },
    [FIELD_FILES] = { files_read,
                      false,
                      { { STR_INIT("max_mb"), false }, { STR_INIT("types"), false }, { STR_INIT("max"), false } },
                      { { { 0 }, false } } },
    [FIELD_COMPUTED] = { computed_read,
                         false,
                         { { STR_INIT("value"), true }, { STR_INIT("unit"), false } },
                         { { { 0 }, false } } },
};

static const PackKey common_keys[] = {
    { STR_INIT("name"), true },
    { STR_INIT("kind"), true },
    { STR_INIT("label"), true },
    { STR_INIT("help"), false },
};
static const PackKey given_key = { STR_INIT("given"), false };
static const PackKey once_key = { STR_INIT("once"), false };
static const PackKey was_key = { STR_INIT("was"), false }; /* of all that store a value */
static const PackKey access_keys[] = { { STR_INIT("class"), false }, { STR_INIT("compartment"), false } };

#define COMMON_COUNT (sizeof common_keys / sizeof *common_keys)
#define ACCESS_COUNT (sizeof access_keys / sizeof *access_keys)
#define KEYS_MAX     (COMMON_COUNT + 3 + ACCESS_COUNT + 2 * OWN_MAX)

static size_t keys_add(PackKey *keys, size_t count, const PackKey *more, size_t most)
{
    for (size_t i = 0; i < most && more[i].name.len; i++)
        keys[count++] = more[i];
    return count;
}

/* Where a kind has no such key it is an unknown one, and not looked at further: one slip is one problem. */
static bool kind_has(FieldKind kind, Str key)
{
    for (size_t i = 0; i < OWN_MAX && kinds[kind].more[i].name.len; i++)
        if (str_eq(kinds[kind].more[i].name, key))
            return true;
    return false;
}

/* Of a field whose kind is not told: only that it is a mapping, so that one slip is one problem. */
static bool keys_check(PackLoad *load, const PackNode *node, int kind, bool column)
{
    PackKey keys[KEYS_MAX];
    if (kind < 0 && node->kind == PACK_MAP)
        return true;
    size_t count = keys_add(keys, 0, common_keys, COMMON_COUNT);
    if (kind >= 0) {
        count = keys_add(keys, count, access_keys, column ? 0 : ACCESS_COUNT);
        count = keys_add(keys, count, kinds[kind].keys, OWN_MAX);
        count = keys_add(keys, count, kinds[kind].more, column ? 0 : OWN_MAX);
        count = keys_add(keys, count, &given_key, column && kinds[kind].given);
        count = keys_add(keys, count, &once_key, column && kind_has((FieldKind)kind, STR("unique")));
        count = keys_add(keys, count, &was_key, kind != FIELD_COMPUTED);
    }
    return read_keys(load, node, keys, count);
}

static int kind_read(PackLoad *load, const PackNode *node, bool column)
{
    static const Text one_value = TEXT_INIT("只有一个值的类型", "a kind of one value");
    Str               names[FIELD_KIND_COUNT];
    for (FieldKind i = 0; i < FIELD_KIND_COUNT; i++)
        names[i] = field_kinds[i].name;
    int kind = read_enum(load, node, STR("kind"), names, 0, FIELD_KIND_COUNT, -1);
    if (kind < 0 || !column || kinds[kind].column)
        return kind;
    read_misshape(load, pack_node_get(node, STR("kind")), one_value);
    return -1;
}

bool field_read(PackLoad *load, const PackNode *node, Field *field, bool column)
{
    static const Str uniques[] = { STR_INIT("no"), STR_INIT("owner"), STR_INIT("city") };
    int              kind = kind_read(load, node, column);
    if (!keys_check(load, node, kind, column))
        return false;
    field->name = read_name(load, node, STR("name"));
    field->label = read_text(load, node, STR("label"));
    field->help = read_text(load, node, STR("help"));
    field->unit = read_text(load, node, STR("unit"));
    if (!column) {
        field->class = (Class)read_enum(load, node, STR("class"), class_names, CLASS_PUBLIC, CLASS_COUNT,
                                        CLASS_SUMMARY);
        int compartment = read_ref(load, node, STR("compartment"), lookup_compartments(load), 0);
        field->compartment = (uint8_t)(compartment < 0 ? 0 : compartment);
    }
    if (kind < 0)
        return true;
    field->kind = (FieldKind)kind;
    kinds[kind].read(load, node, field);
    field->was = read_name(load, node, STR("was"));
    field->once = column && kind_has(field->kind, STR("unique")) && read_boolean(load, node, STR("once"));
    if (column)
        return true;
    if (kind_has(field->kind, STR("default")))
        default_read(load, node, field);
    if (kind_has(field->kind, STR("unique")))
        field->unique = (Unique)read_enum(load, node, STR("unique"), uniques, UNIQUE_OWNER, UNIQUE_CITY + 1, UNIQUE_NO);
    return true;
}

static bool choices_are_currencies(const Field *field)
{
    for (size_t i = 0; i < field->choice_count; i++)
        if (!currency_code(field->choices[i].code))
            return false;
    return field->choice_count > 0;
}

void field_link(PackLoad *load, const PackNode *node, Field *fields, size_t count, Field *field)
{
    static const Text like = TEXT_INIT("CNY 这样的币种代码，或以这种代码为选项的单选字段",
                                       "a currency code like CNY, or a choice field whose codes are such codes");
    const PackNode   *currency = field->kind == FIELD_MONEY ? pack_node_get(node, STR("currency")) : NULL;
    if (!currency || currency->kind != PACK_SCALAR || field->currency.len)
        return;
    for (size_t i = 0; i < count; i++)
        if (str_eq(fields[i].name, currency->text) && fields[i].kind == FIELD_CHOICE &&
            choices_are_currencies(&fields[i]))
            field->currency_field = (int)i;
    if (field->currency_field < 0)
        read_misshape(load, currency, like);
}
