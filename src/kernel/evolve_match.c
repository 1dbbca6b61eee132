/* kernel/evolve_match.c: what was what in the pack before. */
#include "kernel/evolve_steps.h"

typedef struct Called { /* a thing of a pack, of whatever kind */
    Str name, was;
} Called;

typedef struct Things {
    Called (*at)(const void *owner, size_t index);
    const void *owner;
    size_t      first, end;
} Things;

static int thing_find(const Things *things, Str name)
{
    for (size_t i = things->first; i < things->end; i++)
        if (str_eq(things->at(things->owner, i).name, name))
            return (int)i;
    return -1;
}

/* The thing of before that this one says it was. A `was` that the pack before had too is history. */
static int renamed_from(const Things *from, Called called)
{
    int same = thing_find(from, called.name);
    if (!called.was.len || (same >= 0 && str_eq(from->at(from->owner, (size_t)same).was, called.was)))
        return -1;
    return thing_find(from, called.was);
}

/* By what it says it was; else by its name, unless another one says that it was that. */
static int before(const Things *from, const Things *to, size_t index)
{
    Called called = to->at(to->owner, index);
    int    was = renamed_from(from, called);
    int    same = was < 0 ? thing_find(from, called.name) : was;
    for (size_t i = to->first; was < 0 && same >= 0 && i < to->end; i++)
        if (i != index && renamed_from(from, to->at(to->owner, i)) == same)
            same = -1;
    for (size_t i = to->first; was >= 0 && i < index; i++) /* two that say the same: the first is it */
        if (renamed_from(from, to->at(to->owner, i)) == was)
            same = -1;
    return same;
}

static Called type_at(const void *pack, size_t i)
{
    const Type *type = &((const Pack *)pack)->types[i];
    return (Called){ type->name, type->was };
}

static Called field_at(const void *type, size_t i)
{
    const Field *field = &((const Type *)type)->fields[i];
    return (Called){ field->name, field->was };
}

static Called state_at(const void *type, size_t i)
{
    const State *state = &((const Type *)type)->states[i];
    return (Called){ state->name, state->was };
}

static Called choice_at(const void *field, size_t i)
{
    const Choice *choice = &((const Field *)field)->choices[i];
    return (Called){ choice->code, choice->was };
}

static Things things_types(const Pack *pack) { return (Things){ type_at, pack, 0, pack->type_count }; }
static Things things_fields(const Type *type)
{
    return (Things){ field_at, type, type->row_of ? ROW_COLUMNS : SYS_COUNT, type->stored_count };
}
static Things things_states(const Type *type) { return (Things){ state_at, type, 0, type->state_count }; }
static Things things_choices(const Field *field) { return (Things){ choice_at, field, 0, field->choice_count }; }

const Type *evolve_type_before(const Pack *from, const Type *type)
{
    Things old = things_types(from), new = things_types(type->pack);
    int    index = before(&old, &new, type->index);
    return index < 0 ? NULL : &from->types[index];
}

const Field *evolve_field_before(const Type *from, const Field *field)
{
    Things old = things_fields(from), new = things_fields(field->type);
    if (field->system)
        return &from->fields[field->index];
    int index = before(&old, &new, field->index);
    return index < 0 ? NULL : &from->fields[index];
}

int evolve_state_before(const Type *from, const Type *to, size_t state)
{
    Things old = things_states(from), new = things_states(to);
    return before(&old, &new, state);
}

int evolve_choice_before(const Field *from, const Field *to, size_t choice)
{
    Things old = things_choices(from), new = things_choices(to);
    return before(&old, &new, choice);
}

/* ---- fields whose values may stay ---- */

/* Texts can become each other, so can numbers, and one value a list; all others only keep theirs. */
static bool kinds_fit(FieldKind from, FieldKind to)
{
    bool texts = field_kinds[from].text && field_kinds[to].text;
    bool numbers = field_kinds[from].number && field_kinds[to].number;
    bool choices = from == FIELD_CHOICE && to == FIELD_CHOICES;
    bool references = from == FIELD_REFERENCE && to == FIELD_REFERENCES;
    bool files = from == FIELD_FILE && to == FIELD_FILES;
    return from == to || texts || numbers || choices || references || files;
}

/* The same digits in another currency are another amount. */
static bool currencies_fit(const Field *from, const Field *to)
{
    if (from->kind != FIELD_MONEY || to->kind != FIELD_MONEY)
        return true;
    if (from->currency_field < 0 || to->currency_field < 0)
        return from->currency_field < 0 && to->currency_field < 0 && str_eq(from->currency, to->currency);
    return evolve_field_before(from->type, &to->type->fields[to->currency_field]) ==
           &from->type->fields[from->currency_field];
}

bool evolve_fields_fit(const Pack *from_pack, const Field *from, const Field *to)
{
    if (from->target && to->target && evolve_type_before(from_pack, to->target) != from->target)
        return false;
    return kinds_fit(from->kind, to->kind) && currencies_fit(from, to);
}
