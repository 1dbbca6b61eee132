/* kernel/pack_clocks.c: clocks of a type: their fields, which pack_fields asks for, and the steps that move them, once
 * those are read. */
#include "kernel/clock.h"
#include "kernel/pack_read.h"

#include "base/limits.h"

/* ---- fields ---- */

static const struct {
    Str       end;
    FieldKind kind;
    Text      label; /* behind the clock's */
} clock_fields[CLOCK_FIELDS] = {
    [CLOCK_FROM] = { STR_INIT("_from"), FIELD_DATE, TEXT_INIT("起算日", "counted from") },
    [CLOCK_DAYS] = { STR_INIT("_days"), FIELD_INTEGER, TEXT_INIT("天数", "days") },
    [CLOCK_DUE] = { STR_INIT("_due"), FIELD_DATE, TEXT_INIT("截止日", "due") },
    [CLOCK_PAUSED] = { STR_INIT("_paused"), FIELD_DATE, TEXT_INIT("中止日", "paused since") },
};
static const Text day_unit = TEXT_INIT("天", "days"), workday_unit = TEXT_INIT("个工作日", "working days");

typedef struct ClockHead { /* what all fields of a clock share */
    Clock *clock;
    Class class;
    int compartment;
} ClockHead;

static Field clock_field_make(const PackLoad *load, const TypeDraft *draft, const ClockHead *head, int kind,
                              uint16_t index)
{
    const Clock *clock = head->clock;
    Field field = { .name = str_printf(load->arena, "%.*s%.*s", STR_FMT(clock->name), STR_FMT(clock_fields[kind].end)),
                    .kind = clock_fields[kind].kind,
                    .index = index,
                    .type = draft->type,
                    .class = head->class,
                    .compartment = (uint8_t)head->compartment,
                    .currency_field = -1,
                    .translation_of = -1,
                    .clock = clock };
    for (Lang lang = 0; lang < LANG_COUNT; lang++)
        field.label.in[lang] = str_printf(load->arena, lang == LANG_ZH ? "%.*s：%.*s" : "%.*s: %.*s",
                                          STR_FMT(clock->label.in[lang]), STR_FMT(clock_fields[kind].label.in[lang]));
    if (kind == CLOCK_DAYS)
        field.unit = clock->working ? workday_unit : day_unit;
    if (clock->was.len)
        field.was = str_printf(load->arena, "%.*s%.*s", STR_FMT(clock->was), STR_FMT(clock_fields[kind].end));
    return field;
}

static ClockHead clock_head_read(PackLoad *load, const PackNode *node, Clock *clock)
{
    static const Str kinds[] = { STR_INIT("working"), STR_INIT("calendar") };
    clock->expires = -1;
    clock->name = read_name(load, node, STR("name"));
    clock->label = read_text(load, node, STR("label"));
    clock->source = read_text(load, node, STR("source"));
    clock->was = read_name(load, node, STR("was"));
    clock->working = read_enum(load, node, STR("kind"), kinds, 0, 2, 0) == 0;
    read_unique(load, node, STR("name"));
    ClockHead head = { .clock = clock };
    head.class = (Class)read_enum(load, node, STR("class"), class_names, CLASS_PUBLIC, CLASS_COUNT, CLASS_PUBLIC);
    head.compartment = read_ref(load, node, STR("compartment"), lookup_compartments(load), 0);
    head.compartment = head.compartment < 0 ? 0 : head.compartment;
    return head;
}

static const PackNode *clock_list(PackLoad *load, const PackNode *type)
{
    return read_list(load, type, STR("clocks"), CLOCKS_MAX);
}

size_t clocks_room(PackLoad *load, const PackNode *type)
{
    const PackNode *list = clock_list(load, type);
    return list ? list->count * CLOCK_FIELDS : 0;
}

/* One clock for each item, so that the index of a clock is the place of its node. */
void clocks_make(PackLoad *load, TypeDraft *draft, uint16_t *count)
{
    static const PackKey keys[] = {
        { STR_INIT("name"), true },   { STR_INIT("label"), true },        { STR_INIT("days"), false },
        { STR_INIT("param"), false }, { STR_INIT("kind"), true },         { STR_INIT("start"), true },
        { STR_INIT("stop"), false },  { STR_INIT("pause"), false },       { STR_INIT("resume"), false },
        { STR_INIT("rolls"), false }, { STR_INIT("expires"), false },     { STR_INIT("ends"), false },
        { STR_INIT("class"), false }, { STR_INIT("compartment"), false }, { STR_INIT("source"), false },
        { STR_INIT("was"), false },   { STR_INIT("until"), false },       { STR_INIT("before"), false },
        { STR_INIT("waits"), false },
    };
    const PackNode *list = pack_node_get(draft->node, STR("clocks"));
    if (!list || list->kind != PACK_LIST || list->count > CLOCKS_MAX)
        return;
    Clock *clocks = ARENA_ARRAY(load->arena, Clock, list->count);
    Type  *type = draft->type;
    type->clocks = clocks;
    PACK_EACH(item, list) {
        Clock *clock = &clocks[type->clock_count++];
        clock->first = *count;
        clock->expires = -1;
        if (!READ_KEYS(load, item, keys)) {
            load->damaged = true;
            continue;
        }
        ClockHead head = clock_head_read(load, item, clock);
        for (int kind = 0; kind < CLOCK_FIELDS; kind++) {
            draft->nodes[*count] = item;
            draft->fields[*count] = clock_field_make(load, draft, &head, kind, *count);
            (*count)++;
        }
    }
}

/* ---- how long ---- */

static bool parameter_at(const void *context, int index, Str *out)
{
    const Pack *pack = context;
    if ((size_t)index >= pack->parameter_count)
        return false;
    *out = pack->parameters[index].kind == FIELD_INTEGER ? pack->parameters[index].name : STR_NONE;
    return true;
}

/* A row of the parameter is a length that a clock can have. */
static bool rows_fit(const Parameter *parameter)
{
    for (size_t i = 0; i < parameter->row_count; i++)
        if (parameter->rows[i].value.number < 1 || parameter->rows[i].value.number > LIMIT_CLOCK_DAYS)
            return false;
    return true;
}

static void until_read(PackLoad *load, const PackNode *node, const Type *type, Clock *clock)
{
    static const Text calendar = TEXT_INIT("只用于 kind: calendar 的键", "a key of `kind: calendar` only");
    if (read_condition(load, node, STR("until"), type, USE_UNTIL, &clock->until).len && clock->working)
        read_misshape(load, pack_node_get(node, STR("until")), calendar);
}

static void length_read(PackLoad *load, const PackNode *node, Clock *clock)
{
    static const Text one = TEXT_INIT("days、param、until 之一", "one of days, param and until, and no second");
    static const Text whole = TEXT_INIT("各行都是天数（1 到 36,500）的参数",
                                        "a parameter whose rows are all numbers of days, from 1 to 36,500");
    const PackLookup  lookup = { parameter_at, load->pack, TEXT("整数参数", "parameter that is a whole number") };
    const PackNode   *days = pack_node_get(node, STR("days")), *param = pack_node_get(node, STR("param"));
    const PackNode   *until = pack_node_get(node, STR("until"));
    if (!!days + !!param + !!until != 1)
        read_misshape(load, days ? days : param ? param : node, one);
    clock->days = read_integer(load, node, STR("days"), 1, LIMIT_CLOCK_DAYS, 1);
    int index = param ? read_known(load, param, lookup) : -1;
    if (index < 0)
        return;
    clock->length = &load->pack->parameters[index];
    if (!rows_fit(clock->length))
        read_misshape(load, param, whole);
}

static void rolls_read(PackLoad *load, const PackNode *node, Clock *clock)
{
    static const Text calendar = TEXT_INIT("只用于 kind: calendar 的键", "a key of `kind: calendar` only");
    clock->rolls = read_boolean(load, node, STR("rolls"));
    if (clock->rolls && clock->working)
        read_misshape(load, pack_node_get(node, STR("rolls")), calendar);
}

/* "17:00"; 24:00 when it does not say. */
static void ends_read(PackLoad *load, const PackNode *node, Clock *clock)
{
    static const Text hour = TEXT_INIT("00:01 到 24:00 之间的时刻，例如 17:00",
                                       "a time from 00:01 to 24:00, such as 17:00");
    Str               text = read_line(load, node, STR("ends"));
    int64_t           hours, minutes;
    clock->ends = CLOCK_DAY_MINUTES;
    if (!text.len)
        return;
    bool read = text.len == 5 && text.ptr[2] == ':' && str_int(str_slice(text, 0, 2), &hours) &&
                str_int(str_slice(text, 3, 5), &minutes) && hours >= 0 && minutes >= 0 && minutes < 60;
    int64_t ends = read ? hours * 60 + minutes : 0;
    if (ends < 1 || ends > CLOCK_DAY_MINUTES)
        read_misshape(load, pack_node_get(node, STR("ends")), hour);
    else
        clock->ends = (int)ends;
}

/* ---- what moves it ---- */

static bool action_name(const void *context, int index, Str *out)
{
    const Type *type = context;
    if ((size_t)index >= type->action_count)
        return false;
    *out = type->actions[index].name;
    return true;
}

static PackLookup lookup_actions(const Type *type) { return (PackLookup){ action_name, type, TEXT("步骤", "action") }; }

typedef struct Movers { /* of one clock: actions that one of its lists has named */
    uint64_t taken;
} Movers;

/* A step does one thing to a clock. */
static uint64_t movers_read(PackLoad *load, const PackNode *node, Str key, const Type *type, Movers *movers)
{
    static const Text once = TEXT_INIT("每个步骤在一个时钟里只出现一次", "actions that stand only once in a clock");
    uint64_t set = read_set(load, node, key, lookup_actions(type));
    if (set & movers->taken)
        read_misshape(load, pack_node_get(node, key), once);
    movers->taken |= set;
    return set;
}

static void moves_read(PackLoad *load, const PackNode *node, const Type *type, Clock *clock)
{
    static const Text some = TEXT_INIT("至少一项的列表", "a list of at least one item");
    static const Text both = TEXT_INIT("与 pause 一并给出的列表", "a list beside one of pause");
    Movers            movers = { 0 };
    clock->starts = movers_read(load, node, STR("start"), type, &movers);
    clock->stops = movers_read(load, node, STR("stop"), type, &movers);
    clock->pauses = movers_read(load, node, STR("pause"), type, &movers);
    clock->resumes = movers_read(load, node, STR("resume"), type, &movers);
    const PackNode *start = pack_node_get(node, STR("start")), *resume = pack_node_get(node, STR("resume"));
    if (start && start->kind == PACK_LIST && start->count == 0)
        read_misshape(load, start, some);
    if (!pack_node_get(node, STR("pause")) != !resume)
        read_misshape(load, resume ? resume : pack_node_get(node, STR("pause")), both);
}

/* ---- what happens when it has run out ---- */

/* States in which the clock can run: those that a step which starts it or lets it go on leads to, and whatever other
 * steps make of them, but for those that end the run. */
static uint64_t states_running(const Type *type, const Clock *clock)
{
    uint64_t states = 0;
    for (uint64_t before = ~states; before != states;) {
        before = states;
        for (size_t i = 0; i < type->action_count; i++) {
            const Action *action = &type->actions[i];
            uint64_t      bit = UINT64_C(1) << i;
            uint64_t      from = (clock->starts | clock->resumes) & bit ? action->from : states & action->from;
            if (((clock->stops | clock->pauses) & bit) || clock->expires == (int)i)
                continue;
            if (action->creates && (clock->starts & bit))
                states |= UINT64_C(1) << (action->to < 0 ? 0 : action->to);
            else if (!action->creates)
                states |= action->to < 0 || !from ? from : UINT64_C(1) << action->to;
        }
    }
    return states;
}

static Text state_labels(const PackLoad *load, const Type *type, uint64_t states)
{
    Str    names[STATES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < type->state_count; i++)
        if (states >> i & 1)
            names[count++] = type->states[i].name;
    return (Text){ { str_join(load->arena, names, count, STR("、")), str_join(load->arena, names, count, STR(", ")) } };
}

/* Nobody is asked when time is up: the step must be one that can always be taken, wherever the clock can run. */
static void expires_read(PackLoad *load, const PackNode *node, const Type *type, Clock *clock)
{
    static const Text always = TEXT_INIT("既无 guard 也无 required，且不是 create 或 edit 的步骤",
                                         "an action without guard and required, neither create nor edit");
    static const Text other = TEXT_INIT("不启动、不中止、不恢复本时钟的步骤",
                                        "an action that neither starts, pauses nor resumes this clock");
    const PackNode   *expires = pack_node_get(node, STR("expires"));
    clock->expires = read_ref(load, node, STR("expires"), lookup_actions(type), -1);
    if (clock->expires < 0)
        return;
    const Action *action = &type->actions[clock->expires];
    if (action->guard_count || action->required_count || action->creates || str_eq(action->name, STR("edit")))
        read_misshape(load, expires, always);
    if ((clock->starts | clock->pauses | clock->resumes) >> clock->expires & 1)
        read_misshape(load, expires, other);
    uint64_t beyond = states_running(type, clock) & ~action->from;
    if (beyond)
        PACK_PROBLEM(load, expires, ECODE_PACK_CLOCK, ARG("action", action->name),
                     ARG_TEXT("states", state_labels(load, type, beyond)));
}

/* A reminder without a step would tell nobody. What others have time for, the system does not end. */
static void before_read(PackLoad *load, const PackNode *node, Clock *clock)
{
    static const Text step = TEXT_INIT("与 expires 一并给出", "beside expires");
    static const Text alone = TEXT_INIT("不与 expires 一并给出", "without expires");
    clock->waits = read_boolean(load, node, STR("waits"));
    if (clock->waits && pack_node_get(node, STR("expires")))
        read_misshape(load, pack_node_get(node, STR("waits")), alone);
    clock->before = read_integer(load, node, STR("before"), 1, LIMIT_CLOCK_DAYS, 0);
    if (clock->before && !pack_node_get(node, STR("expires")))
        read_misshape(load, pack_node_get(node, STR("before")), step);
}

static void clock_read(PackLoad *load, const PackNode *node, const Type *type, Clock *clock)
{
    until_read(load, node, type, clock);
    length_read(load, node, clock);
    rolls_read(load, node, clock);
    ends_read(load, node, clock);
    moves_read(load, node, type, clock);
    expires_read(load, node, type, clock);
    before_read(load, node, clock);
}

void pack_clocks(PackLoad *load)
{
    for (size_t i = 0; i < load->pack->type_count; i++) {
        const Type     *type = load->drafts[i].type;
        const PackNode *item = pack_node_get(load->drafts[i].node, STR("clocks"));
        item = item && type->clock_count ? item->first : NULL;
        for (size_t k = 0; k < type->clock_count && item; k++, item = item->next)
            if (item->kind == PACK_MAP)
                clock_read(load, item, type, (Clock *)&type->clocks[k]);
    }
}
