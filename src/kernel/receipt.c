#include "kernel/receipt.h"

#include "kernel/erase.h"
#include "kernel/evolve.h"
#include "kernel/history.h"

static const Str sql_version = STR_INIT("SELECT sequence FROM event_record WHERE record = ? AND version = ?");
static const Str sql_event = STR_INIT("SELECT manifest, person, organisation FROM event WHERE sequence = ?");
static const Str sql_items = STR_INIT("SELECT item, type, record FROM event_record WHERE sequence = ? ORDER BY item");
static const Str sql_values = STR_INIT(
    "SELECT field, salt, value FROM event_value WHERE sequence = ? AND item = ? ORDER BY field");

typedef struct Telling {
    const Ctx    *ctx;
    const Record *record;
    const Json   *shown; /* the step as the history shows it: whether it may be told is asked, not what it tells */
    ReceiptStep  *step;
    size_t        capacity;
} Telling;

static Err hidden(const char *what) { return err_make(ECODE_RECEIPT_HIDDEN, "%s", what); }

static Err find_step(const Telling *telling, int64_t version)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key[] = { value_id(record_id(telling->record)),
                                value_int(version ? version : record_version(telling->record)) };
    bool              more;
    TRY(db_query(telling->ctx->db, sql_version, key, 2, &rows));
    TRY(rows_next(rows, &more));
    if (!more)
        return err_make(ECODE_RECORD_UNSEEN, "no such version");
    telling->step->sequence = rows_int(rows, 0);
    return ERR_OK;
}

/* Who took it, of whom and of whose organisation the manifest has the ids. */
static Err check_actor(const Ctx *ctx, Str person, Str organisation)
{
    const Pack *pack = ctx->city->pack;
    bool        seen = true;
    if (!str_eq(person, STR("system")))
        TRY(access_sees_id(ctx, pack->person, person, &seen));
    if (seen && !str_eq(organisation, STR("-")))
        TRY(access_sees_id(ctx, pack->organisation, organisation, &seen));
    return seen ? ERR_OK : hidden("who took the step");
}

static Err read_event(const Telling *telling)
{
    OWNED(rows) Rows *rows = NULL;
    const Ctx        *ctx = telling->ctx;
    Value             key = value_int(telling->step->sequence);
    bool              more;
    TRY(db_query(ctx->db, sql_event, &key, 1, &rows));
    TRY(rows_next(rows, &more));
    if (!more)
        return err_make(ECODE_STORE_CORRUPT, "no event %lld", (long long)telling->step->sequence);
    telling->step->manifest = str_dup(ctx->arena, rows_borrow_text(rows, 0));
    return check_actor(ctx, str_dup(ctx->arena, rows_borrow_text(rows, 1)),
                       str_dup(ctx->arena, rows_borrow_text(rows, 2)));
}

/* {"hidden":true}, or anything that holds it: a reference to what the reader does not see. */
static bool tells_hidden(const Json *json)
{
    bool found = json->kind == JSON_OBJECT && json_get(json, STR("hidden"));
    if (json->kind == JSON_OBJECT || json->kind == JSON_ARRAY)
        JSON_EACH(part, json)
            found = found || tells_hidden(part);
    return found;
}

typedef struct ToldItem { /* one record that the step touched, as it stood after it */
    int64_t item;
    Str     type; /* as the event calls it */
    Record  then;
} ToldItem;

static Err tell_value(Telling *telling, const ToldItem *item, Str name, Str salt, Str encoded)
{
    const Ctx   *ctx = telling->ctx;
    const Field *field;
    Value        value;
    Json        *json;
    TRY(evolve_read(ctx->city->names, ctx->arena, telling->step->sequence, item->type, name, encoded, &field, &value));
    if (!field) /* dropped since: a commitment for all */
        return ERR_OK;
    if (!access_field_ever(ctx->actor, field))
        return hidden("a field");
    if (telling->shown)
        return ERR_OK;
    if (field->type != item->then.type || str_eq(encoded, STR(ERASED_MARKER)) ||
        !access_shows(&item->then.clearance, field))
        return ERR_OK;
    if (value.kind != VALUE_MISSING) {
        TRY(value_seen(ctx, field, value, &json));
        if (tells_hidden(json))
            return ERR_OK;
    }
    ReceiptStep *step = telling->step;
    ReceiptValue told = { .name = str_printf(ctx->arena, "%lld.%.*s", (long long)item->item, STR_FMT(name)),
                          .value = encoded };
    if (!base64_decode(ctx->arena, salt, &told.salt))
        return err_make(ECODE_STORE_CORRUPT, "the salt of %.*s", STR_FMT(told.name));
    ARENA_ROOM(ctx->arena, step->values, step->value_count, telling->capacity);
    step->values[step->value_count++] = told;
    return ERR_OK;
}

static Err tell_values(Telling *telling, const ToldItem *item)
{
    OWNED(rows) Rows *rows = NULL;
    Arena            *arena = telling->ctx->arena;
    Value             key[] = { value_int(telling->step->sequence), value_int(item->item) };
    TRY(db_query(telling->ctx->db, sql_values, key, 2, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        TRY(tell_value(telling, item, str_dup(arena, rows_borrow_text(rows, 0)),
                       str_dup(arena, rows_borrow_text(rows, 1)), str_dup(arena, rows_borrow_text(rows, 2))));
    }
}

static Err tell_item(Telling *telling, ToldItem *item, Str id)
{
    const Ctx    *ctx = telling->ctx;
    const Record *now = telling->record;
    bool          own = str_eq(id, record_id(now));
    Record        other;
    if (!own) {
        const Type *type = evolve_type(ctx->city->names, telling->step->sequence, item->type);
        Err         err = type ? find_one(ctx, type, id, &other) : hidden("a record of a type that is no more");
        if (err.kind == ERR_UNSEEN)
            return hidden("another record");
        TRY(err);
        now = &other;
    }
    if (own && telling->shown) /* what it was then is known: it shows, and `by` does with the creator */
        return json_get(telling->shown, STR("by")) ? tell_values(telling, item) : hidden("who took the step");
    TRY(history_then(ctx, now, telling->step->sequence, &item->then));
    if (!access_sees(&item->then.clearance))
        return own ? err_make(ECODE_RECORD_UNSEEN, "did not show then") : hidden("another record");
    if (!access_shows(&item->then.clearance, &item->then.type->fields[SYS_CREATOR]))
        return hidden("who took the step");
    return tell_values(telling, item);
}

static Err tell_step(Telling *telling)
{
    OWNED(rows) Rows *rows = NULL;
    const Ctx        *ctx = telling->ctx;
    Value             key = value_int(telling->step->sequence);
    TRY(db_query(ctx->db, sql_items, &key, 1, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        ToldItem item = { .item = rows_int(rows, 0), .type = str_dup(ctx->arena, rows_borrow_text(rows, 1)) };
        TRY(tell_item(telling, &item, str_dup(ctx->arena, rows_borrow_text(rows, 2))));
    }
    return read_event(telling);
}

Err receipt_step(const Ctx *ctx, const Record *record, int64_t version, ReceiptStep *out)
{
    Telling telling = { .ctx = ctx, .record = record, .step = out };
    *out = (ReceiptStep){ 0 };
    TRY(find_step(&telling, version));
    return tell_step(&telling);
}

Err receipt_may(const Ctx *ctx, const Record *record, const Json *shown, bool *may)
{
    ReceiptStep step = { 0 };
    Telling     telling = { .ctx = ctx, .record = record, .shown = shown, .step = &step };
    if (!json_int(json_get(shown, STR("sequence")), &step.sequence))
        return err_make(ECODE_INTERNAL, "a step without its place");
    Err err = tell_step(&telling);
    *may = !err.kind;
    return err.code == ECODE_RECEIPT_HIDDEN || err.kind == ERR_UNSEEN ? ERR_OK : err;
}
