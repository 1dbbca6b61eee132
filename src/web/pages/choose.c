/* web/pages/choose.c: see choose.h. */
#include "web/pages/choose.h"

#include "web/pages/show.h"
#include "web/pages/view.h"
#include "web/shapes.h"

static bool may_be_column(const Call *call, const Type *type, const Field *field)
{
    bool apart = field->index == type->title || field->index == SYS_NUMBER || field->index == SYS_ID;
    return !apart && shape_field_known(call, field);
}

static bool among(const uint16_t *columns, size_t count, uint16_t index)
{
    for (size_t i = 0; i < count; i++)
        if (columns[i] == index)
            return true;
    return false;
}

static void add(const Call *call, const Field *field, uint16_t *columns, size_t *count)
{
    if (field && *count < LIMIT_LIST_COLUMNS && may_be_column(call, field->type, field) &&
        !among(columns, *count, field->index))
        columns[(*count)++] = field->index;
}

void columns_of(const Call *call, const Type *type, Str fields, uint16_t columns[LIMIT_LIST_COLUMNS], size_t *count)
{
    *count = 0;
    for (size_t i = 0; !fields.len && i < type->column_count; i++)
        add(call, &type->fields[type->columns[i]], columns, count);
    while (fields.len)
        add(call, type_field(type, str_trim(str_cut(&fields, ','))), columns, count);
}

/* As an address says it. No column at all is the name alone: empty would be the type's own choice. */
static Str fields_of(const Call *call, const Type *type, const uint16_t *columns, size_t count)
{
    Str names[LIMIT_LIST_COLUMNS];
    for (size_t i = 0; i < count; i++)
        names[i] = type->fields[columns[i]].name;
    return count ? str_join(call->ctx.arena, names, count, STR(",")) : type->fields[SYS_ID].name;
}

/* Own fields first, then the system's, as in the filter. */
static const Field *own_first(const Type *type, size_t i) { return &type->fields[(i + SYS_COUNT) % type->field_count]; }

static bool ticked(const Call *call, const Field *field)
{
    return call_query(call, str_printf(call->ctx.arena, "column[%.*s]", STR_FMT(field->name))).ptr;
}

bool columns_chosen(const Call *call, ListAddress *to)
{
    const Type *type = to->type;
    uint16_t    before[LIMIT_LIST_COLUMNS], after[LIMIT_LIST_COLUMNS];
    size_t      count, chosen = 0;
    if (!str_eq(call_query(call, STR("choosing")), STR("done")))
        return false;
    columns_of(call, type, to->fields, before, &count);
    for (size_t i = 0; i < count; i++)
        if (ticked(call, &type->fields[before[i]]))
            add(call, &type->fields[before[i]], after, &chosen);
    for (size_t i = 0; i < type->field_count; i++)
        if (ticked(call, own_first(type, i)))
            add(call, own_first(type, i), after, &chosen);
    to->fields = fields_of(call, type, after, chosen);
    return true;
}

static void put_box(const Call *call, const Field *field, bool chosen, Json *boxes)
{
    Json *box = json_push(boxes, json_object(call->ctx.arena));
    put(call, box, STR("box"), str_printf(call->ctx.arena, "column[%.*s]", STR_FMT(field->name)));
    put(call, box, STR("box_label"), in_words(call, field->label));
    json_set_bool(call->ctx.arena, box, STR("box_chosen"), chosen);
}

static void put_boxes(const Call *call, const Type *type, const uint16_t *columns, size_t count, Json *choose)
{
    Json *boxes = json_set(choose, STR("boxes"), json_array(call->ctx.arena));
    for (size_t i = 0; i < type->field_count; i++) {
        const Field *field = own_first(type, i);
        bool         chosen = among(columns, count, field->index);
        if (may_be_column(call, type, field) && (chosen || !shape_translation(field)))
            put_box(call, field, chosen, boxes);
    }
}

/* Column i, not the first, changes places with the one before; the choice stays open. */
static Str earlier_address(const Call *call, const ListAddress *at, const uint16_t *columns, size_t count, size_t i)
{
    uint16_t    moved[LIMIT_LIST_COLUMNS];
    ListAddress to = *at;
    memcpy(moved, columns, count * sizeof *columns);
    moved[i] = columns[i - 1];
    moved[i - 1] = columns[i];
    to.fields = fields_of(call, at->type, moved, count);
    to.choosing = STR("1");
    return list_address(call, &to);
}

static void put_place(const Call *call, const ListAddress *at, const uint16_t *columns, size_t count, size_t i,
                      Json *order)
{
    const Field *field = &at->type->fields[columns[i]];
    Json        *place = json_push(order, json_object(call->ctx.arena));
    put(call, place, STR("place"), in_words(call, field->label));
    put(call, place, STR("earlier_href"), i ? earlier_address(call, at, columns, count, i) : STR_NONE);
    put(call, place, STR("earlier_label"),
        i ? SAY(call, "say.list.earlier", ARG_TEXT("column", field->label)) : STR_NONE);
}

void choose_put(const Call *call, const ListAddress *at, const uint16_t *columns, size_t count, Json *page)
{
    Json       *choose = json_set(page, STR("choose"), json_object(call->ctx.arena));
    ListAddress kept = *at, usual = *at;
    kept.choosing = STR("done");
    usual.fields = STR_NONE;
    json_set_bool(call->ctx.arena, choose, STR("open"), str_eq(call_query(call, STR("choosing")), STR("1")));
    json_set(choose, STR("keep"), list_address_kept(call, &kept));
    put_boxes(call, at->type, columns, count, choose);
    Json *order = json_array(call->ctx.arena);
    for (size_t i = 0; count > 1 && i < count; i++)
        put_place(call, at, columns, count, i, order);
    put_block(call, choose, STR("order"), STR("places"), order);
    put(call, choose, STR("usual_href"), at->fields.len ? list_address(call, &usual) : STR_NONE);
    put(call, choose, STR("most"),
        SAY(call, "say.list.most", ARG("max", str_printf(call->ctx.arena, "%d", LIMIT_LIST_COLUMNS))));
}
