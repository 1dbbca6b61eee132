#include "kernel/act_steps.h"

void delta_set(Delta *delta, SystemField field, Value value)
{
    delta->record.values[field] = value;
    delta->set[field] = true;
}

bool delta_empty(const Delta *delta)
{
    for (size_t i = 0; i < delta->record.type->field_count; i++)
        if (delta->set[i])
            return false;
    return true;
}

bool delta_days_change(const Delta *delta)
{
    const Type *type = delta->record.type;
    return delta->set[SYS_STATE] || delta->set[type_field(type, STR("code"))->index] ||
           delta->set[type_field(type, STR("valid_from"))->index] ||
           delta->set[type_field(type, STR("valid_to"))->index];
}

/* Id and version stand with the record's name. */
static bool is_kept(const Delta *delta, size_t field)
{
    return delta->set[field] && field != SYS_ID && field != SYS_VERSION;
}

EventItem delta_item(Arena *arena, const Delta *delta)
{
    const Type       *type = delta->record.type;
    Str              *fields = ARENA_ARRAY(arena, Str, type->field_count);
    Value            *values = ARENA_ARRAY(arena, Value, type->field_count);
    const EventSeal **seals = delta->seals ? ARENA_ARRAY(arena, const EventSeal *, type->field_count) : NULL;
    EventItem         item = { .type = type->name,
                               .record = record_id(&delta->record),
                               .version = record_version(&delta->record),
                               .fields = fields,
                               .values = values,
                               .seals = seals };
    for (size_t at = 0; at < type->field_count; at++) {
        size_t i = type->by_name[at];
        if (!is_kept(delta, i))
            continue;
        if (seals)
            seals[item.count] = delta->seals[i];
        fields[item.count] = type->fields[i].name;
        values[item.count++] = delta->record.values[i];
    }
    return item;
}

void change_seal(const Ctx *ctx, Change *change)
{
    for (size_t d = 0; d < change->delta_count; d++) {
        Delta     *delta = &change->deltas[d];
        EventItem  item = delta_item(ctx->arena, delta);
        EventSeal *seals = ARENA_ARRAY(ctx->arena, EventSeal, item.count);
        event_seal(ctx->arena, &ctx->city->env, d, &item, seals);
        delta->seals = ARENA_ARRAY(ctx->arena, const EventSeal *, delta->record.type->field_count);
        for (size_t i = 0; i < delta->record.type->field_count; i++) {
            size_t field = delta->record.type->by_name[i];
            if (is_kept(delta, field))
                delta->seals[field] = seals++;
        }
    }
}
