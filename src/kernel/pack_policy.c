/* kernel/pack_policy.c: calendars/NAME.yaml and parameters/NAME.yaml: dated facts that expressions ask. */
#include "kernel/pack_read.h"

#include "base/date.h"

#include <stdlib.h>

#define YEARS_MAX      200
#define SPELLS_MAX     2000
#define SPELL_DAYS_MAX 100
#define PARAMETERS_MAX 500
#define ROWS_MAX       200

/* ---- days ---- */

/* map[key]; false, with a problem when it is there and no date. */
static bool day_read(PackLoad *load, const PackNode *map, Str key, int64_t *out)
{
    const PackNode *node = pack_node_get(map, key);
    Value           day;
    if (!node || !read_literal(load, node, FIELD_DATE, 0, &day))
        return false;
    *out = day.number;
    return true;
}

/* `from` and `to`, both included; without `to` it is `otherwise`, or the first day when that is earlier. */
static bool days_read(PackLoad *load, const PackNode *map, int64_t otherwise, int64_t *from, int64_t *to)
{
    static const Text after = TEXT_INIT("不早于 from 的日期", "a date not before from");
    if (!day_read(load, map, STR("from"), from))
        return false;
    *to = otherwise > *from ? otherwise : *from;
    if (pack_node_get(map, STR("to")) && !day_read(load, map, STR("to"), to))
        return false;
    if (*to >= *from)
        return true;
    read_misshape(load, pack_node_get(map, STR("to")), after);
    return false;
}

/* ---- calendars ---- */

typedef struct Almanac { /* a calendar on its way */
    WorkCalendar  *calendar;
    WorkException *exceptions;
    size_t         capacity;
} Almanac;

static const Str weekdays[] = {
    STR_INIT("monday"), STR_INIT("tuesday"),  STR_INIT("wednesday"), STR_INIT("thursday"),
    STR_INIT("friday"), STR_INIT("saturday"), STR_INIT("sunday"),
};

static bool weekday_name(const void *context, int index, Str *out)
{
    (void)context;
    if (index >= (int)(sizeof weekdays / sizeof *weekdays))
        return false;
    *out = weekdays[index];
    return true;
}

static int int_compare(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;
    return a < b ? -1 : a > b;
}

static void years_read(PackLoad *load, const PackNode *map, WorkCalendar *calendar)
{
    static const Text year = TEXT_INIT("年份", "a year");
    const PackNode   *list = read_list(load, map, STR("years"), YEARS_MAX);
    int              *years = ARENA_ARRAY(load->arena, int, list ? list->count : 0);
    PACK_EACH(item, list) {
        int64_t number;
        if (item->kind == PACK_SCALAR && str_int(item->text, &number) && number >= 1 && number <= 9999)
            years[calendar->year_count++] = (int)number;
        else
            read_misshape(load, item, year);
    }
    qsort(years, calendar->year_count, sizeof *years, int_compare);
    calendar->years = years;
}

static bool year_known(const WorkCalendar *calendar, int64_t day)
{
    int year = date_from_day(day).year;
    for (size_t i = 0; i < calendar->year_count; i++)
        if (calendar->years[i] == year)
            return true;
    return false;
}

static bool day_listed(const Almanac *almanac, int64_t day)
{
    for (size_t i = 0; i < almanac->calendar->exception_count; i++)
        if (almanac->exceptions[i].day == day)
            return true;
    return false;
}

/* A day that its week has so already is no exception: a holiday of three days may well hold a Saturday. */
static void day_add(PackLoad *load, Almanac *almanac, WorkException exception)
{
    WorkCalendar *calendar = almanac->calendar;
    bool          usual = calendar->week >> (date_weekday(exception.day) - 1) & 1;
    if (usual == exception.works)
        return;
    ARENA_ROOM(load->arena, almanac->exceptions, calendar->exception_count, almanac->capacity);
    almanac->exceptions[calendar->exception_count++] = exception;
}

static void spell_read(PackLoad *load, Almanac *almanac, const PackNode *node, bool works)
{
    static const PackKey keys[] = { { STR_INIT("name"), true }, { STR_INIT("from"), true }, { STR_INIT("to"), false } };
    static const Text    few = TEXT_INIT("至多 100 天的一段", "a spell of at most 100 days");
    static const Text    known = TEXT_INIT("所列年份中的日期", "a date in one of the years listed");
    static const Text    once = TEXT_INIT("只列一次的日期", "a date that is listed once");
    int64_t              from, to;
    if (!READ_KEYS(load, node, keys))
        return;
    Text name = read_text(load, node, STR("name"));
    if (!days_read(load, node, INT64_MIN, &from, &to))
        return;
    const PackNode *at = pack_node_get(node, STR("from"));
    if (to - from >= SPELL_DAYS_MAX) {
        read_misshape(load, at, few);
        return;
    }
    for (int64_t day = from; day <= to; day++) {
        if (!year_known(almanac->calendar, day) || day_listed(almanac, day)) {
            read_misshape(load, at, day_listed(almanac, day) ? once : known);
            return;
        }
        day_add(load, almanac, (WorkException){ day, works, name });
    }
}

static int exception_compare(const void *left, const void *right)
{
    int64_t a = ((const WorkException *)left)->day, b = ((const WorkException *)right)->day;
    return a < b ? -1 : a > b;
}

static const WorkCalendar *calendar_read(PackLoad *load, const NamedFile *file)
{
    static const PackKey keys[] = {
        { STR_INIT("calendar"), true },     { STR_INIT("label"), true }, { STR_INIT("source"), true },
        { STR_INIT("years"), true },        { STR_INIT("week"), false }, { STR_INIT("days_off"), false },
        { STR_INIT("days_worked"), false },
    };
    const PackLookup days = { weekday_name, NULL, TEXT("星期", "day of the week") };
    if (!READ_KEYS(load, file->node, keys))
        return NULL;
    WorkCalendar *calendar = ARENA_NEW(load->arena, WorkCalendar);
    Almanac       almanac = { .calendar = calendar };
    calendar->name = file->name;
    calendar->label = read_text(load, file->node, STR("label"));
    calendar->week = (uint8_t)read_set(load, file->node, STR("week"), days);
    if (!pack_node_get(file->node, STR("week")))
        calendar->week = WORK_WEEK_USUAL;
    read_file_name(load, file->node, STR("calendar"), file->name);
    read_text(load, file->node, STR("source")); /* for who reads the pack */
    years_read(load, file->node, calendar);
    PACK_EACH(item, read_list(load, file->node, STR("days_off"), SPELLS_MAX))
        spell_read(load, &almanac, item, false);
    PACK_EACH(item, read_list(load, file->node, STR("days_worked"), SPELLS_MAX))
        spell_read(load, &almanac, item, true);
    if (calendar->exception_count)
        qsort(almanac.exceptions, calendar->exception_count, sizeof *almanac.exceptions, exception_compare);
    calendar->exceptions = almanac.exceptions;
    return calendar;
}

static bool calendar_name(const void *context, int index, Str *out)
{
    const PackLoad *load = context;
    if ((size_t)index >= load->calendars.count)
        return false;
    *out = load->calendars.items[index].name;
    return true;
}

/* The one that the pack names; the only one when there is one. */
static void calendars_read(PackLoad *load)
{
    const PackLookup     lookup = { calendar_name, load, TEXT("日历", "calendar") };
    const WorkCalendar **all = ARENA_ARRAY(load->arena, const WorkCalendar *, load->calendars.count);
    for (size_t i = 0; i < load->calendars.count; i++)
        all[i] = calendar_read(load, &load->calendars.items[i]);
    if (!load->pack_node)
        return;
    int chosen = read_ref(load, load->pack_node, STR("calendar"), lookup, load->calendars.count == 1 ? 0 : -1);
    if (chosen >= 0)
        load->pack->calendar = all[chosen];
    else if (load->calendars.count > 1 && !pack_node_get(load->pack_node, STR("calendar")))
        PACK_PROBLEM(load, load->pack_node, ECODE_PACK_KEY_MISSING, ARG("key", STR("calendar")));
}

/* ---- parameters ---- */

static bool row_read(PackLoad *load, const PackNode *node, const Parameter *parameter, ParameterRow *row)
{
    static const PackKey keys[] = {
        { STR_INIT("value"), true }, { STR_INIT("from"), true }, { STR_INIT("to"), false }, { STR_INIT("source"), true }
    };
    if (!READ_KEYS(load, node, keys))
        return false;
    const PackNode *value = pack_node_get(node, STR("value"));
    bool            fits = value && read_literal(load, value, parameter->kind, parameter->scale, &row->value);
    row->source = read_text(load, node, STR("source"));
    return days_read(load, node, INT64_MAX, &row->from, &row->to) && fits;
}

static void rows_read(PackLoad *load, const PackNode *map, Parameter *parameter)
{
    static const Text some = TEXT_INIT("至少一项的列表", "a list of at least one item");
    static const Text later = TEXT_INIT("晚于上一行最后一天的日期", "a date after the last day of the row before");
    const PackNode *list = read_list(load, map, STR("rows"), ROWS_MAX);
    ParameterRow   *rows = ARENA_ARRAY(load->arena, ParameterRow, list ? list->count : 0);
    if (list && list->count == 0)
        read_misshape(load, list, some);
    PACK_EACH(item, list) {
        ParameterRow *row = &rows[parameter->row_count];
        if (!row_read(load, item, parameter, row))
            continue;
        if (parameter->row_count && row->from <= row[-1].to)
            read_misshape(load, pack_node_get(item, STR("from")), later);
        parameter->row_count++;
    }
    parameter->rows = rows;
}

static void parameter_read(PackLoad *load, const PackNode *node, Parameter *parameter)
{
    static const PackKey keys[] = {
        { STR_INIT("name"), true }, { STR_INIT("label"), true },  { STR_INIT("unit"), false },
        { STR_INIT("kind"), true }, { STR_INIT("scale"), false }, { STR_INIT("rows"), true },
    };
    static const Str       kinds[] = { STR_INIT("text"), STR_INIT("integer"), STR_INIT("decimal"), STR_INIT("boolean"),
                                       STR_INIT("date") };
    static const FieldKind means[] = { FIELD_TEXT, FIELD_INTEGER, FIELD_DECIMAL, FIELD_BOOLEAN, FIELD_DATE };
    if (!READ_KEYS(load, node, keys))
        return;
    int kind = read_enum(load, node, STR("kind"), kinds, 0, (int)(sizeof kinds / sizeof *kinds), -1);
    parameter->name = read_name(load, node, STR("name"));
    parameter->label = read_text(load, node, STR("label"));
    parameter->unit = read_text(load, node, STR("unit"));
    if (kind < 0)
        return;
    parameter->kind = means[kind];
    const PackNode *scale = pack_node_get(node, STR("scale"));
    if (parameter->kind == FIELD_DECIMAL)
        parameter->scale = (uint8_t)read_integer(load, node, STR("scale"), 0, DECIMAL_SCALE_MAX, 2);
    else if (scale)
        PACK_LOG(load->log, pack_node_key_place(scale), ECODE_PACK_KEY_UNKNOWN, ARG("key", STR("scale")),
                 ARG("known", STR("name, label, unit, kind, rows")));
    rows_read(load, node, parameter);
}

/* Of all files together: a name stands once. */
static void parameter_once(PackLoad *load, const PackNode **nodes, size_t index)
{
    const Parameter *parameters = load->pack->parameters;
    for (size_t i = 0; i < index; i++)
        if (parameters[index].name.len && str_eq(parameters[i].name, parameters[index].name)) {
            Str where = pack_place_text(load->arena, pack_node_place(pack_node_get(nodes[i], STR("name"))));
            PACK_PROBLEM(load, pack_node_get(nodes[index], STR("name")), ECODE_PACK_DUPLICATE,
                         ARG("name", parameters[i].name), ARG("where", where));
            return;
        }
}

static const PackNode *parameter_list(PackLoad *load, const NamedFile *file)
{
    static const PackKey keys[] = { { STR_INIT("parameters"), true } };
    return READ_KEYS(load, file->node, keys) ? read_list(load, file->node, STR("parameters"), PARAMETERS_MAX) : NULL;
}

static void parameters_read(PackLoad *load)
{
    const NamedFiles *files = &load->parameters;
    const PackNode  **lists = ARENA_ARRAY(load->arena, const PackNode *, files->count);
    size_t            most = 0;
    for (size_t i = 0; i < files->count; i++) {
        lists[i] = parameter_list(load, &files->items[i]);
        most += lists[i] ? lists[i]->count : 0;
    }
    Parameter       *parameters = ARENA_ARRAY(load->arena, Parameter, most);
    const PackNode **nodes = ARENA_ARRAY(load->arena, const PackNode *, most);
    load->pack->parameters = parameters;
    for (size_t i = 0; i < files->count; i++)
        PACK_EACH(item, lists[i]) {
            size_t index = load->pack->parameter_count++;
            nodes[index] = item;
            parameter_read(load, item, &parameters[index]);
            parameter_once(load, nodes, index);
        }
}

void pack_policy(PackLoad *load)
{
    calendars_read(load);
    parameters_read(load);
}
