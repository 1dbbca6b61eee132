#include "services/validation/draw_panel.h"

#include "base/limits.h"
#include "engines/draw/draw.h"
#include "kernel/find.h"
#include "kernel/rows.h"

#include <stdlib.h>

typedef struct Draw {
    const Ctx  *ctx;
    Record     *round;
    bool       *set;
    const Type *expert;
    Str        *groups; /* codes, each once */
    size_t     *places, group_count;
    Record     *pool; /* experts who take part */
    DrawEntry  *entries;
    size_t      count, capacity, entry_capacity;
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

/* Who works for the organisation that holds the round, or has declared an interest in it, takes no part. */
static Str pool_filter(const Draw *draw)
{
    Str owner = draw->round->values[SYS_OWNER].text;
    if (!owner.len)
        return STR("state = 'active'");
    bool declared = type_field(draw->expert, STR("interests")) != NULL;
    return str_printf(draw->ctx->arena, "state = 'active' and organisation != '%.*s'%s%.*s%s", STR_FMT(owner),
                      declared ? " and not (interests contains '" : "", declared ? (int)owner.len : 0, owner.ptr,
                      declared ? "')" : "");
}

/* Who stands on the roster twice takes part once. */
static bool is_in_pool(const Draw *draw, Str person)
{
    for (size_t i = 0; i < draw->count; i++)
        if (str_eq(of(&draw->pool[i], "person").text, person))
            return true;
    return false;
}

static void add_expert(Draw *draw, const Record *expert)
{
    Arena *arena = draw->ctx->arena;
    Value  group = of(expert, "group"), person = of(expert, "person");
    size_t at;
    if (group.kind == VALUE_MISSING || person.kind == VALUE_MISSING || !group_index(draw, group.text, &at) ||
        is_in_pool(draw, person.text))
        return;
    ARENA_ROOM(arena, draw->pool, draw->count, draw->capacity);
    ARENA_ROOM(arena, draw->entries, draw->count, draw->entry_capacity);
    draw->pool[draw->count] = *expert;
    draw->entries[draw->count++] = (DrawEntry){ .id = record_id(expert), .group = at };
}

static Err read_pool(Draw *draw)
{
    Found    found = { .next = STR_NONE };
    Problems problems = { .arena = draw->ctx->arena };
    do {
        Query query = {
            .filter = pool_filter(draw), .sort = STR("id"), .limit = LIMIT_LIST_ROWS, .cursor = found.next
        };
        TRY(find(draw->ctx, draw->expert, &query, &found, &problems));
        for (size_t i = 0; i < found.count; i++)
            add_expert(draw, &found.records[i]);
    } while (found.next.len);
    return ERR_OK;
}

/* ---- what came of it ---- */

static void write_pool(const Draw *draw)
{
    Buf buf = buf_new(draw->ctx->arena, SIZE_MAX);
    for (size_t i = 0; i < draw->count; i++)
        buf_printf(&buf, "%s%.*s %.*s", i ? "\n" : "", STR_FMT(draw->entries[i].id),
                   STR_FMT(draw->groups[draw->entries[i].group]));
    effect_set(draw->round, draw->set, type_field(draw->round->type, STR("pool")), value_text(buf_str(&buf)));
}

static Str person_of(const Draw *draw, Str expert)
{
    for (size_t i = 0; i < draw->count; i++)
        if (str_eq(record_id(&draw->pool[i]), expert))
            return of(&draw->pool[i], "person").text;
    return STR_NONE;
}

static void put(Record *row, const char *column, Value value)
{
    row->values[type_field(row->type, str_from(column))->index] = value;
}

static void write_drawn(const Draw *draw)
{
    Arena       *arena = draw->ctx->arena;
    const Field *drawn = type_field(draw->round->type, STR("drawn"));
    Record      *rows = ARENA_ARRAY(arena, Record, draw->count);
    Str         *persons = ARENA_ARRAY(arena, Str, draw->count);
    size_t       count = 0;
    for (size_t i = 0; i < draw->count; i++) {
        const DrawEntry *entry = &draw->entries[i];
        if (!entry->drawn)
            continue;
        Record *row = &rows[count];
        *row = (Record){ .type = drawn->rows, .values = ARENA_ARRAY(arena, Value, drawn->rows->field_count) };
        persons[count++] = person_of(draw, entry->id);
        put(row, "place", value_int((int64_t)count));
        put(row, "expert", value_id(entry->id));
        put(row, "group", value_text(draw->groups[entry->group]));
        put(row, "key", value_text(hex_encode(arena, hash_str(&entry->key))));
    }
    effect_set(draw->round, draw->set, drawn, rows_value(arena, drawn, rows, count));
    effect_set(draw->round, draw->set, type_field(draw->round->type, STR("panel")),
               count ? value_list(str_join(arena, persons, count, STR(","))) : VALUE_NONE);
}

static Err check_groups(const Draw *draw, Problems *problems)
{
    const Field *group = type_field(draw->expert, STR("group"));
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

Err draw_panel(const Ctx *ctx, Record *round, bool *set, Problems *problems)
{
    Draw drawing = { .ctx = ctx, .round = round, .set = set, .expert = pack_type(ctx->city->pack, STR("expert")) };
    if (!drawing.expert)
        return err_make(ECODE_INTERNAL, "the pack has no experts");
    TRY(read_seats(&drawing));
    TRY(read_pool(&drawing));
    TRY(check_groups(&drawing, problems));
    write_pool(&drawing);
    draw(of(round, "seed").text, drawing.entries, drawing.count, drawing.places);
    write_drawn(&drawing);
    return ERR_OK;
}
