/* kernel/pack_names.c: first pass: the name of the pack, its roles, compartments and
 * services, and its types by name. */
#include "kernel/pack_read.h"

#include "base/limits.h"

#define OFFSET_MAX_MINUTES (14 * 60)
#define VERSION_MAX        1000000
#define USERS_MAX          99
#define SERVICES_MAX       32
#define CURRENCIES_MAX     32

/* "+08:00" */
static bool offset_parse(Str text, int *out)
{
    int64_t hours, minutes;
    if (text.len != 6 || (text.ptr[0] != '+' && text.ptr[0] != '-') || text.ptr[3] != ':' ||
        !str_int(str_slice(text, 1, 3), &hours) || !str_int(str_slice(text, 4, 6), &minutes))
        return false;
    if (hours < 0 || minutes < 0 || minutes > 59 || hours * 60 + minutes > OFFSET_MAX_MINUTES)
        return false;
    *out = (int)(hours * 60 + minutes) * (text.ptr[0] == '-' ? -1 : 1);
    return true;
}

static void offset_read(PackLoad *load, const PackNode *map)
{
    static const Text like = TEXT_INIT("“+08:00”这样的时差", "an offset like \"+08:00\"");
    Str               text = read_line(load, map, STR("utc_offset"));
    if (text.len && !offset_parse(text, &load->pack->utc_offset_minutes))
        read_misshape(load, pack_node_get(map, STR("utc_offset")), like);
}

/* A list of named things; what else an item may say is the caller's. */
static Named *named_read(PackLoad *load, const PackNode *map, Str key, const PackKey *keys, size_t key_count,
                         size_t max, size_t *count)
{
    const PackNode *list = read_list(load, map, key, max);
    Named          *items = ARENA_ARRAY(load->arena, Named, list ? list->count : 0);
    *count = 0;
    PACK_EACH(item, list) {
        if (!read_keys(load, item, keys, key_count))
            continue;
        Named *named = &items[(*count)++];
        named->name = read_name(load, item, STR("name"));
        named->label = read_text(load, item, STR("label"));
        read_unique(load, item, STR("name"));
    }
    return items;
}

static void compartments_read(PackLoad *load, const PackNode *map)
{
    static const PackKey keys[] = { { STR_INIT("name"), true }, { STR_INIT("label"), true } };
    static const Text    some = TEXT_INIT("至少一项的列表", "a list of at least one item");
    Pack                *pack = load->pack;
    pack->compartments = named_read(load, map, STR("compartments"), keys, 2, COMPARTMENTS_MAX,
                                    &pack->compartment_count);
    const PackNode *node = pack_node_get(map, STR("compartments"));
    if (node && node->kind == PACK_LIST && node->count == 0)
        read_misshape(load, node, some);
}

static void services_read(PackLoad *load, const PackNode *map)
{
    static const PackKey keys[] = { { STR_INIT("name"), true },
                                    { STR_INIT("label"), true },
                                    { STR_INIT("icon"), false } };
    Pack                *pack = load->pack;
    Named               *services = named_read(load, map, STR("services"), keys, 3, SERVICES_MAX, &pack->service_count);
    size_t               i = 0;
    PACK_EACH(item, pack_node_get(map, STR("services")))
        if (item->kind == PACK_MAP && i < pack->service_count)
            services[i++].icon = read_line(load, item, STR("icon"));
    pack->services = services;
}

static void currencies_read(PackLoad *load, const PackNode *map)
{
    static const PackKey keys[] = { { STR_INIT("code"), true }, { STR_INIT("label"), true } };
    static const Text capitals = TEXT_INIT("三个大写字母的货币代码", "a currency code of three capital letters");
    const PackNode *list = read_list(load, map, STR("currencies"), CURRENCIES_MAX);
    Named          *currencies = ARENA_ARRAY(load->arena, Named, list ? list->count : 0);
    PACK_EACH(item, list) {
        if (!READ_KEYS(load, item, keys))
            continue;
        Named *currency = &currencies[load->pack->currency_count++];
        currency->name = read_line(load, item, STR("code"));
        currency->label = read_text(load, item, STR("label"));
        read_unique(load, item, STR("code"));
        if (!currency_code(currency->name))
            read_misshape(load, pack_node_get(item, STR("code")), capitals);
    }
    load->pack->currencies = currencies;
}

static void roles_read(PackLoad *load, const PackNode *map)
{
    static const PackKey file_keys[] = { { STR_INIT("roles"), true } };
    static const PackKey keys[] = { { STR_INIT("name"), true },
                                    { STR_INIT("label"), true },
                                    { STR_INIT("users"), false },
                                    { STR_INIT("was"), false } };
    Pack                *pack = load->pack;
    if (!READ_KEYS(load, map, file_keys))
        return;
    Named *roles = named_read(load, map, STR("roles"), keys, 4, ROLES_MAX, &pack->role_count);
    size_t i = 0;
    PACK_EACH(item, pack_node_get(map, STR("roles"))) {
        if (item->kind != PACK_MAP || i == pack->role_count)
            continue;
        roles[i].users = (int)read_integer(load, item, STR("users"), 0, USERS_MAX, 1);
        roles[i++].was = read_name(load, item, STR("was"));
    }
    pack->roles = roles;
}

/* ---- the types: named by their files, ordered by `order`, the rest by name after them ---- */

static size_t order_rank(const PackNode *order, Str name)
{
    size_t rank = 0;
    PACK_EACH(item, order) {
        if (item->kind == PACK_SCALAR && str_eq(item->text, name))
            return rank;
        rank++;
    }
    return rank;
}

static void drafts_order(PackLoad *load, const PackNode *order)
{
    for (size_t i = 1; i < load->pack->type_count; i++) { /* insertion: few, stable, and sorted by name before */
        TypeDraft draft = load->drafts[i];
        size_t    at = i;
        for (; at > 0 && order_rank(order, load->drafts[at - 1].type->name) > order_rank(order, draft.type->name); at--)
            load->drafts[at] = load->drafts[at - 1];
        load->drafts[at] = draft;
    }
    Type *types = ARENA_ARRAY(load->arena, Type, load->pack->type_count);
    for (size_t i = 0; i < load->pack->type_count; i++) {
        types[i] = *load->drafts[i].type;
        types[i].index = (uint16_t)i;
        types[i].pack = load->pack;
        load->drafts[i].type = &types[i];
    }
    load->pack->types = types;
}

static void order_read(PackLoad *load, const PackNode *map)
{
    const PackNode *order = map ? read_list(load, map, STR("order"), LIMIT_PACK_FILES) : NULL;
    drafts_order(load, order);
    PACK_EACH(item, order)
        read_known(load, item, lookup_types(load));
}

void pack_names(PackLoad *load, const PackNode *pack_node, const PackNode *roles_node)
{
    static const PackKey keys[] = {
        { STR_INIT("pack"), true },         { STR_INIT("version"), true },   { STR_INIT("label"), true },
        { STR_INIT("utc_offset"), true },   { STR_INIT("services"), false }, { STR_INIT("order"), false },
        { STR_INIT("compartments"), true }, { STR_INIT("calendar"), false }, { STR_INIT("drops"), false },
        { STR_INIT("currencies"), false },
    };
    const PackNode *map = pack_node && READ_KEYS(load, pack_node, keys) ? pack_node : NULL;
    load->pack_node = map;
    if (map) {
        load->pack->name = read_name(load, map, STR("pack"));
        load->pack->version = read_integer(load, map, STR("version"), 1, VERSION_MAX, 1);
        load->pack->label = read_text(load, map, STR("label"));
        offset_read(load, map);
        compartments_read(load, map);
        services_read(load, map);
        currencies_read(load, map);
        read_names(load, map, STR("drops"), &load->pack->drops, &load->pack->drop_count);
    }
    if (roles_node)
        roles_read(load, roles_node);
    order_read(load, map);
}
