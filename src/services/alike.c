#include "services/alike.h"

#include "base/utf8.h"
#include "engines/resemblance/resemblance.h"

#include <stdlib.h>

/* Of a line, and of a long text, in which each stretch that is looked for costs most of the time. */
static const struct Stretches {
    size_t points, places;
} of_line = { 3, 8 }, of_long = { 4, 4 };

static bool shown_text(const Record *record, const Field *field, Str *out)
{
    Value value = record->values[field->index];
    if (!access_shows(&record->clearance, field) || value.kind != VALUE_TEXT)
        return false;
    *out = value.text;
    return true;
}

/* ---- which records are compared ---- */

/* `points` characters from the byte on; empty when they are not all there, or hold what ends a line. */
static Str stretch_at(Str text, size_t from, size_t points)
{
    size_t at = from;
    for (size_t i = 0; i < points; i++) {
        if (at >= text.len)
            return STR_NONE;
        uint32_t c = utf8_next(text, &at);
        if (c < 0x20)
            return STR_NONE;
    }
    return str_slice(text, from, at);
}

static void add_stretches(Arena *arena, Buf *filter, const Field *field, Str text)
{
    const struct Stretches *stretches = field_kinds[field->kind].lines ? &of_long : &of_line;
    size_t                  length = utf8_length(text);
    size_t                  points = length < stretches->points ? length : stretches->points;
    size_t places = length - points + 1, wanted = places < stretches->places ? places : stretches->places;
    size_t at = 0, place = 0;
    for (size_t i = 0; i < wanted; i++) {
        for (; place < i * places / wanted; place++)
            utf8_next(text, &at);
        Str stretch = stretch_at(text, at, points);
        if (stretch.len)
            buf_printf(filter, "%s%.*s contains %.*s", buf_str(filter).len ? " or " : "", STR_FMT(field->name),
                       STR_FMT(expr_quote(arena, stretch)));
    }
}

/* Over the long texts, or over the lines; empty: the record has none that could be like another. */
static Str filter_of(const Ctx *ctx, const Record *record, bool lines)
{
    const Type *type = record->type;
    Buf         filter = buf_new(ctx->arena, SIZE_MAX);
    Str         text;
    for (size_t i = 0; i < type->alike_count; i++) {
        const Field *field = &type->fields[type->alike[i]];
        if (field_kinds[field->kind].lines == lines && shown_text(record, field, &text))
            add_stretches(ctx->arena, &filter, field, text);
    }
    return buf_str(&filter);
}

/* ---- how alike they are ---- */

typedef struct Comparing {
    const Ctx *ctx;
    Pairs     *pairs; /* of the record: per field of type->alike */
    Alike     *found;
    size_t     count, capacity;
} Comparing;

static bool is_found(const Comparing *c, Str id)
{
    for (size_t i = 0; i < c->count; i++)
        if (str_eq(record_id(&c->found[i].record), id))
            return true;
    return false;
}

static void compare(Comparing *c, const Record *other, Arena *scratch)
{
    const Type *type = other->type;
    int         fields[FIELDS_MAX], most = 0;
    for (size_t i = 0; i < type->alike_count; i++) {
        Str text;
        fields[i] = -1;
        if (!c->pairs[i].count || !shown_text(other, &type->fields[type->alike[i]], &text))
            continue;
        fields[i] = resemblance(c->pairs[i], resemblance_pairs(scratch, text));
        most = fields[i] > most ? fields[i] : most;
    }
    if (most < ALIKE_FROM)
        return;
    int *kept = ARENA_ARRAY(c->ctx->arena, int, type->alike_count);
    memcpy(kept, fields, type->alike_count * sizeof *kept);
    ARENA_ROOM(c->ctx->arena, c->found, c->count, c->capacity);
    c->found[c->count++] = (Alike){ *other, most, kept };
}

/* Ids begin with the time. */
static int alike_compare(const void *left, const void *right)
{
    const Alike *a = left, *b = right;
    if (a->likeness != b->likeness)
        return b->likeness - a->likeness;
    return str_cmp(record_id(&b->record), record_id(&a->record));
}

static bool took_too_long(Err err, const Problems *problems)
{
    bool slow = err.code == ECODE_STORE_SLOW;
    for (size_t i = 0; i < problems->count; i++)
        slow = slow || problems->items[i].code == ECODE_EXPR_COST;
    return err.kind && slow;
}

static Err compare_all(Comparing *c, const Record *record, bool lines, bool *more, bool *slow)
{
    const Ctx          *ctx = c->ctx;
    OWNED(arena) Arena *scratch = arena_new();
    Problems            problems = { .arena = ctx->arena };
    Query query = { .filter = filter_of(ctx, record, lines), .sort = STR("-created"), .limit = ALIKE_MOST };
    Found found;
    if (!query.filter.len)
        return ERR_OK;
    Err err = find(ctx, record->type, &query, &found, &problems);
    *slow = took_too_long(err, &problems);
    if (*slow)
        return ERR_OK;
    TRY(err);
    for (size_t i = 0; i < found.count; i++) {
        Str id = record_id(&found.records[i]);
        if (!str_eq(id, record_id(record)) && !is_found(c, id))
            compare(c, &found.records[i], scratch);
        arena_reset(scratch);
    }
    *more = *more || found.next.len > 0;
    return ERR_OK;
}

Err alike_find(const Ctx *ctx, const Record *record, AlikeFound *out)
{
    const Type *type = record->type;
    Comparing   c = { .ctx = ctx, .pairs = ARENA_ARRAY(ctx->arena, Pairs, type->alike_count) };
    Str         text;
    *out = (AlikeFound){ 0 };
    for (size_t i = 0; i < type->alike_count; i++)
        if (shown_text(record, &type->fields[type->alike[i]], &text))
            c.pairs[i] = resemblance_pairs(ctx->arena, text);
    TRY(compare_all(&c, record, false, &out->more, &out->slow));
    if (!out->slow)
        TRY(compare_all(&c, record, true, &out->more, &out->slow));
    if (c.count)
        qsort(c.found, c.count, sizeof *c.found, alike_compare);
    out->items = c.found;
    out->count = c.count;
    return ERR_OK;
}
