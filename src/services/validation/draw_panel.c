#include "services/validation/draw_panel.h"

#include "base/limits.h"
#include "engines/draw/draw.h"
#include "kernel/effect.h"
#include "kernel/find.h"
#include "kernel/rows.h"

#include <stdlib.h>

typedef struct Draw {
    const Ctx *ctx;
    Record    *round;
    bool      *set;
    Str       *groups; /* codes, each once */
    size_t    *places, group_count;
    Str       *conflicted; /* persons */
    size_t     conflicted_count, conflicted_capacity;
    Str       *persons; /* who take part; of fix_pool alone */
    DrawEntry *entries;
    size_t     count, capacity, entry_capacity;
} Draw;

static Value of(const Record *record, const char *field)
{
    return record->values[type_field(record->type, str_from(field))->index];
}

static bool group_index(const Draw *draw, Str group, size_t *out)
{
    for (*out = 0; *out < draw->group_count; (*out)++)
        if (str_eq(draw->groups[*out], group))
            return true;
    return false;
}

static Err read_seats(Draw *draw)
{
    Arena       *arena = draw->ctx->arena;
    const Field *seats = type_field(draw->round->type, STR("seats"));
    Record      *rows;
    size_t       count, at;
    TRY(rows_read(arena, seats, NULL, draw->round->values[seats->index], &rows, &count));
    draw->groups = ARENA_ARRAY(arena, Str, count);
    draw->places = ARENA_ARRAY(arena, size_t, count);
    for (size_t i = 0; i < count; i++) {
        Value group = of(&rows[i], "group"), places = of(&rows[i], "places");
        if (group.kind == VALUE_MISSING || places.kind == VALUE_MISSING || places.number < 0)
            continue;
        if (!group_index(draw, group.text, &at))
            draw->groups[draw->group_count++] = group.text;
        draw->places[at] += (size_t)places.number;
    }
    return ERR_OK;
}

/* ---- who takes part ---- */

/* Adds the persons of the type's records that name the organisation which holds the round and stand in the state. */
static Err read_persons(Draw *draw, const Type *type, Str state)
{
    Arena  *arena = draw->ctx->arena;
    Str     owner = draw->round->values[SYS_OWNER].text;
    Record *found;
    size_t  count;
    if (!owner.len)
        return ERR_OK;
    TRY(record_children(draw->ctx->db, arena, type, type_field(type, STR("organisation")), owner, &found, &count));
    for (size_t i = 0; i < count; i++) {
        if (!str_eq(found[i].values[SYS_STATE].text, state))
            continue;
        ARENA_ROOM(arena, draw->conflicted, draw->conflicted_count, draw->conflicted_capacity);
        draw->conflicted[draw->conflicted_count++] = of(&found[i], "person").text;
    }
    return ERR_OK;
}

/* Who has declared a conflict with that organisation, or also acts for it: an expert of one house may be employed by
 * another. */
static Err read_conflicted(Draw *draw)
{
    const Pack *pack = draw->ctx->city->pack;
    TRY(read_persons(draw, pack_type(pack, STR("conflict")), STR("declared")));
    return read_persons(draw, pack->membership, pack->membership->states[0].name);
}

static bool is_among(const Str *ids, size_t count, Str id)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(ids[i], id))
            return true;
    return false;
}

static void add_expert(Draw *draw, const Record *expert)
{
    Arena *arena = draw->ctx->arena;
    Value  group = of(expert, "group"), person = of(expert, "person");
    size_t at;
    if (group.kind == VALUE_MISSING || person.kind == VALUE_MISSING || !group_index(draw, group.text, &at) ||
        value_eq(of(expert, "organisation"), draw->round->values[SYS_OWNER]) ||
        is_among(draw->conflicted, draw->conflicted_count, person.text) ||
        is_among(draw->persons, draw->count, person.text))
        return;
    ARENA_ROOM(arena, draw->persons, draw->count, draw->capacity);
    ARENA_ROOM(arena, draw->entries, draw->count, draw->entry_capacity);
    draw->persons[draw->count] = person.text;
    draw->entries[draw->count++] = (DrawEntry){ .id = record_id(expert), .group = at };
}

/* The roster as it is, not as the actor sees it. */
static Err read_roster(Draw *draw)
{
    Ctx      ctx = *draw->ctx;
    Found    found = { .next = STR_NONE };
    Problems problems = { .arena = ctx.arena };
    ctx.actor = &actor_system;
    do {
        Query query = {
            .filter = STR("state = 'active'"), .sort = STR("id"), .limit = LIMIT_LIST_ROWS, .cursor = found.next
        };
        TRY(find(&ctx, pack_type(ctx.city->pack, STR("expert")), &query, &found, &problems));
        for (size_t i = 0; i < found.count; i++)
            add_expert(draw, &found.records[i]);
    } while (found.next.len);
    return ERR_OK;
}

static Err check_groups(const Draw *draw, Problems *problems)
{
    const Field *group = type_field(pack_type(draw->ctx->city->pack, STR("expert")), STR("group"));
    size_t       before = problems->count;
    for (size_t g = 0; g < draw->group_count; g++) {
        size_t found = 0;
        for (size_t i = 0; i < draw->count; i++)
            found += draw->entries[i].group == g;
        if (found < draw->places[g])
            PROBLEM(problems, ECODE_SCREENING_FEW, STR("seats"), STR_NONE,
                    ARG_TEXT("group", value_label(problems->arena, group, value_text(draw->groups[g]))),
                    ARG("found", str_printf(problems->arena, "%zu", found)),
                    ARG("needed", str_printf(problems->arena, "%zu", draw->places[g])));
    }
    return problems->count == before ? ERR_OK : err_make(ECODE_ACTION_REFUSED, "too few experts");
}

Err fix_pool(const Ctx *ctx, Record *round, bool *set, Computed *kept, Problems *problems)
{
    Draw drawing = { .ctx = ctx, .round = round, .set = set };
    (void)kept; /* pool and seed are the round's own */
    Buf pool = buf_new(ctx->arena, SIZE_MAX);
    TRY(read_seats(&drawing));
    TRY(read_conflicted(&drawing));
    TRY(read_roster(&drawing));
    TRY(check_groups(&drawing, problems));
    for (size_t i = 0; i < drawing.count; i++)
        buf_printf(&pool, "%s%.*s %.*s", i ? "\n" : "", STR_FMT(drawing.entries[i].id),
                   STR_FMT(drawing.groups[drawing.entries[i].group]));
    effect_set(round, set, type_field(round->type, STR("pool")),
               drawing.count ? value_text(buf_str(&pool)) : VALUE_NONE);
    return ERR_OK;
}

/* ---- the draw ---- */

/* Lines that are none of ours are no entries. */
static void read_pool(Draw *draw)
{
    Str rest = of(draw->round, "pool").text;
    while (rest.len) {
        Str    group = str_cut(&rest, '\n'), id = str_cut(&group, ' ');
        size_t at;
        if (!uuid_valid(id) || !group_index(draw, group, &at))
            continue;
        ARENA_ROOM(draw->ctx->arena, draw->entries, draw->count, draw->entry_capacity);
        draw->entries[draw->count++] = (DrawEntry){ .id = id, .group = at };
    }
}

static Err person_of(const Draw *draw, Str expert, Value *out)
{
    Record found;
    Ctx    ctx = *draw->ctx;
    ctx.actor = &actor_system;
    TRY(find_one(&ctx, pack_type(ctx.city->pack, STR("expert")), expert, &found));
    *out = of(&found, "person");
    return ERR_OK;
}

static void put(Record *row, const char *column, Value value)
{
    row->values[type_field(row->type, str_from(column))->index] = value;
}

static Err write_drawn(const Draw *draw)
{
    Arena       *arena = draw->ctx->arena;
    const Field *drawn = type_field(draw->round->type, STR("drawn"));
    Record      *rows = ARENA_ARRAY(arena, Record, draw->count);
    Str         *persons = ARENA_ARRAY(arena, Str, draw->count);
    size_t       count = 0;
    for (size_t i = 0; i < draw->count; i++) {
        const DrawEntry *entry = &draw->entries[i];
        Value            person;
        if (!entry->drawn)
            continue;
        TRY(person_of(draw, entry->id, &person));
        Record *row = &rows[count];
        *row = (Record){ .type = drawn->rows, .values = ARENA_ARRAY(arena, Value, drawn->rows->field_count) };
        persons[count++] = person.text;
        put(row, "place", value_int((int64_t)count));
        put(row, "expert", value_id(entry->id));
        put(row, "group", value_text(draw->groups[entry->group]));
    }
    effect_set(draw->round, draw->set, drawn, rows_value(arena, drawn, rows, count));
    effect_set(draw->round, draw->set, type_field(draw->round->type, STR("panel")),
               count ? value_list(str_join(arena, persons, count, STR(","))) : VALUE_NONE);
    return ERR_OK;
}

Err draw_panel(const Ctx *ctx, Record *round, bool *set, Computed *kept, Problems *problems)
{
    Draw drawing = { .ctx = ctx, .round = round, .set = set };
    (void)kept;
    (void)problems;
    TRY(read_seats(&drawing));
    read_pool(&drawing);
    draw(of(round, "seed").text, drawing.entries, drawing.count, drawing.places);
    return write_drawn(&drawing);
}
