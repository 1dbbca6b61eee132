#include "kernel/webhook.h"

#include "base/limits.h"

#define SWEEP_ROWS 1000 /* of one writer's job: a sweep holds nobody up */

#define WEBHOOK_COLUMNS                                                                                                \
    "id, person, membership, url, types, actions, private, secret, renewed, created, ended, sequence"
#define DELIVERY_COLUMNS "id, webhook, type, record, state, sequence, item, tries, next, created, ended"

static const Str sql_list = STR_INIT("SELECT " WEBHOOK_COLUMNS " FROM webhook ORDER BY created, id");
static const Str sql_find = STR_INIT("SELECT " WEBHOOK_COLUMNS " FROM webhook WHERE id = ? AND ended = 0");
static const Str sql_running = STR_INIT("SELECT count(*) FROM webhook WHERE ended = 0");
static const Str sql_add = STR_INIT("INSERT INTO webhook (" WEBHOOK_COLUMNS ")"
                                    " SELECT ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, 0, coalesce(max(sequence), 0) FROM event");
static const Str sql_renew = STR_INIT("UPDATE webhook SET secret = secret + 1, renewed = ? WHERE id = ? AND ended = 0");
static const Str sql_end = STR_INIT("UPDATE webhook SET ended = ? WHERE id = ? AND ended = 0");
static const Str sql_end_waiting = STR_INIT(
    "UPDATE delivery SET state = 'dropped', ended = ? WHERE webhook = ? AND state = 'waiting'");
static const Str sql_passed = STR_INIT("UPDATE webhook SET sequence = ? WHERE id = ?");

static const Str sql_log = STR_INIT("SELECT " DELIVERY_COLUMNS " FROM delivery WHERE webhook = ?1"
                                    " AND (?2 = '' OR state = ?2) AND (?3 = 0 OR sequence < ?3)"
                                    " ORDER BY sequence DESC, item LIMIT ?4");
static const Str sql_tries = STR_INIT(
    "SELECT time, status, problem FROM delivery_try WHERE delivery = ? ORDER BY number");
static const Str sql_due = STR_INIT("SELECT " DELIVERY_COLUMNS " FROM delivery WHERE webhook = ? AND state = 'waiting'"
                                    " AND next <= ? ORDER BY next, sequence, item LIMIT 1");
static const Str sql_waiting = STR_INIT("SELECT count(*) FROM delivery WHERE webhook = ? AND state = 'waiting'");
static const Str sql_delivery_add = STR_INIT("INSERT INTO delivery (" DELIVERY_COLUMNS
                                             ") VALUES (?, ?, ?, ?, 'waiting', ?, ?, 0, ?, ?, 0)"
                                             " ON CONFLICT (webhook, sequence, item) DO NOTHING");
static const Str sql_try = STR_INIT("INSERT INTO delivery_try (delivery, number, time, status, problem)"
                                    " SELECT ?1, count(*) + 1, ?2, ?3, ?4 FROM delivery_try WHERE delivery = ?1");
static const Str sql_tried = STR_INIT("UPDATE delivery SET state = ?, tries = ?, next = ?, ended = ?"
                                      " WHERE id = ? AND state = 'waiting'");
static const Str sql_resend = STR_INIT("UPDATE delivery SET state = 'waiting', tries = 0, next = ?, ended = 0"
                                       " WHERE id = ? AND webhook = ? AND state != 'waiting'");
static const Str sql_old = STR_INIT("SELECT EXISTS (SELECT 1 FROM delivery WHERE state != 'waiting' AND ended < ?)");
static const Str sql_sweep_tries = STR_INIT(
    "DELETE FROM delivery_try WHERE delivery IN"
    " (SELECT id FROM delivery WHERE state != 'waiting' AND ended < ? ORDER BY ended LIMIT ?)");
static const Str sql_sweep = STR_INIT(
    "DELETE FROM delivery WHERE id IN"
    " (SELECT id FROM delivery WHERE state != 'waiting' AND ended < ? ORDER BY ended LIMIT ?)");

/* ---- what it wants, how it signs ---- */

static bool names_have(Str names, Str name)
{
    if (!names.len)
        return true;
    while (names.len)
        if (str_eq(str_cut(&names, ','), name))
            return true;
    return false;
}

bool webhook_wants(const Webhook *webhook, Str type, Str action)
{
    return names_have(webhook->types, type) && names_have(webhook->actions, action);
}

static Hash webhook_key(const City *city, const Webhook *webhook, int64_t number)
{
    OWNED(arena) Arena *scratch = arena_new();
    return hmac_sha256(hash_str(&city->secret),
                       str_printf(scratch, "webhook %.*s %lld", STR_FMT(webhook->id), (long long)number));
}

Str webhook_secret(const City *city, Arena *arena, const Webhook *webhook, int64_t number)
{
    Hash key = webhook_key(city, webhook, number);
    return str_printf(arena, "whsec_%.*s", STR_FMT(base64_encode(arena, hash_str(&key))));
}

static Str sign(const City *city, Arena *arena, const Webhook *webhook, int64_t number, Str signed_text)
{
    Hash key = webhook_key(city, webhook, number);
    Hash signature = hmac_sha256(hash_str(&key), signed_text);
    return str_printf(arena, "v1,%.*s", STR_FMT(base64_encode(arena, hash_str(&signature))));
}

Str webhook_signature(const City *city, Arena *arena, const Webhook *webhook, Str id, int64_t now_ms, Str body)
{
    Str text = str_printf(arena, "%.*s.%lld.%.*s", STR_FMT(id), (long long)(now_ms / 1000), STR_FMT(body));
    Str now = sign(city, arena, webhook, webhook->secret, text);
    if (!webhook->secret || now_ms >= webhook->renewed_ms + WEBHOOK_OVERLAP_MS)
        return now;
    Str before = sign(city, arena, webhook, webhook->secret - 1, text);
    return str_printf(arena, "%.*s %.*s", STR_FMT(now), STR_FMT(before));
}

/* ---- webhooks ---- */

static Str text_at(const Rows *rows, Arena *arena, int column)
{
    return str_dup(arena, rows_borrow_text(rows, column));
}

static Webhook webhook_from(const Rows *rows, Arena *arena)
{
    return (Webhook){ .id = text_at(rows, arena, 0),
                      .person = text_at(rows, arena, 1),
                      .membership = text_at(rows, arena, 2),
                      .url = text_at(rows, arena, 3),
                      .types = text_at(rows, arena, 4),
                      .actions = text_at(rows, arena, 5),
                      .private = rows_int(rows, 6) != 0,
                      .secret = rows_int(rows, 7),
                      .renewed_ms = rows_int(rows, 8),
                      .created_ms = rows_int(rows, 9),
                      .ended_ms = rows_int(rows, 10),
                      .sequence = rows_int(rows, 11) };
}

Err webhook_list(Db *db, Arena *arena, Webhook **out, size_t *count)
{
    OWNED(rows) Rows *rows = NULL;
    Webhook          *list = NULL;
    size_t            capacity = 0;
    bool              more;
    *count = 0;
    TRY(db_query(db, sql_list, NULL, 0, &rows));
    for (;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        ARENA_ROOM(arena, list, *count, capacity);
        list[(*count)++] = webhook_from(rows, arena);
    }
    *out = list;
    return ERR_OK;
}

Err webhook_find(Db *db, Arena *arena, Str id, Webhook *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_text(id) };
    bool              found;
    TRY(db_query(db, sql_find, params, 1, &rows));
    TRY(rows_next(rows, &found));
    if (!found)
        return err_make(ECODE_RECORD_UNSEEN, "webhook");
    *out = webhook_from(rows, arena);
    return ERR_OK;
}

static Err count_of(Db *db, Str sql, const Value *params, size_t count, int64_t *out)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    TRY(db_query(db, sql, params, count, &rows));
    TRY(rows_next(rows, &more));
    *out = rows_int(rows, 0);
    return ERR_OK;
}

Err webhook_add(Db *db, const Webhook *webhook)
{
    int64_t running;
    Value   row[] = { value_text(webhook->id),      value_text(webhook->person),       value_text(webhook->membership),
                      value_text(webhook->url),     value_text(webhook->types),        value_text(webhook->actions),
                      value_bool(webhook->private), value_instant(webhook->created_ms) };
    TRY(count_of(db, sql_running, NULL, 0, &running));
    if (running >= LIMIT_WEBHOOKS)
        return err_make(ECODE_WEBHOOK_MANY, "");
    return db_run(db, sql_add, row, sizeof row / sizeof row[0]);
}

/* A statement that must meet a row. */
static Err change_one(Db *db, Str sql, const Value *params, size_t count)
{
    TRY(db_run(db, sql, params, count));
    return db_changes(db) ? ERR_OK : err_make(ECODE_RECORD_UNSEEN, "webhook");
}

Err webhook_renew(Db *db, Str id, int64_t now_ms)
{
    Value params[] = { value_instant(now_ms), value_text(id) };
    return change_one(db, sql_renew, params, 2);
}

Err webhook_end(Db *db, Str id, int64_t now_ms)
{
    Value params[] = { value_instant(now_ms), value_text(id) };
    TRY(change_one(db, sql_end, params, 2));
    return db_run(db, sql_end_waiting, params, 2);
}

Err webhook_passed(Db *db, Str id, int64_t sequence)
{
    Value params[] = { value_int(sequence), value_text(id) };
    return db_run(db, sql_passed, params, 2);
}

/* ---- deliveries ---- */

static Delivery delivery_from(const Rows *rows, Arena *arena)
{
    return (Delivery){ .id = text_at(rows, arena, 0),
                       .webhook = text_at(rows, arena, 1),
                       .type = text_at(rows, arena, 2),
                       .record = text_at(rows, arena, 3),
                       .state = text_at(rows, arena, 4),
                       .sequence = rows_int(rows, 5),
                       .item = rows_int(rows, 6),
                       .tries = rows_int(rows, 7),
                       .next_ms = rows_int(rows, 8),
                       .created_ms = rows_int(rows, 9),
                       .ended_ms = rows_int(rows, 10) };
}

static Err tries_json(Db *db, Arena *arena, Str delivery, Json *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_text(delivery) };
    bool              more;
    TRY(db_query(db, sql_tries, params, 1, &rows));
    for (;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        Json *one = json_push(out, json_object(arena));
        json_set_str(arena, one, STR("time"), instant_text(arena, rows_int(rows, 0)));
        if (rows_int(rows, 1))
            json_set_int(arena, one, STR("status"), rows_int(rows, 1));
        if (rows_borrow_text(rows, 2).len)
            json_set_str(arena, one, STR("problem"), text_at(rows, arena, 2));
    }
}

static Err delivery_json(Db *db, Arena *arena, const Delivery *delivery, Json *out)
{
    json_set_str(arena, out, STR("id"), delivery->id);
    json_set_int(arena, out, STR("event"), delivery->sequence);
    json_set_str(arena, out, STR("type"), delivery->type);
    json_set_str(arena, out, STR("record"), delivery->record);
    json_set_str(arena, out, STR("state"), delivery->state);
    json_set_str(arena, out, STR("created"), instant_text(arena, delivery->created_ms));
    if (delivery->ended_ms)
        json_set_str(arena, out, STR("ended"), instant_text(arena, delivery->ended_ms));
    else
        json_set_str(arena, out, STR("next"), instant_text(arena, delivery->next_ms));
    return tries_json(db, arena, delivery->id, json_set(out, STR("tries"), json_array(arena)));
}

Err delivery_log(Db *db, Arena *arena, Str webhook, Str state, int64_t before, Json **out)
{
    OWNED(rows) Rows *rows = NULL;
    Value params[] = { value_text(webhook), value_text(state), value_int(before), value_int(LIMIT_DELIVERIES) };
    bool  more;
    *out = json_array(arena);
    TRY(db_query(db, sql_log, params, 4, &rows));
    for (;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        Delivery delivery = delivery_from(rows, arena);
        TRY(delivery_json(db, arena, &delivery, json_push(*out, json_object(arena))));
    }
}

Err delivery_due(Db *db, Arena *arena, Str webhook, int64_t now_ms, Delivery *out, bool *found)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_text(webhook), value_instant(now_ms) };
    TRY(db_query(db, sql_due, params, 2, &rows));
    TRY(rows_next(rows, found));
    if (*found)
        *out = delivery_from(rows, arena);
    return ERR_OK;
}

Err delivery_waiting(Db *db, Str webhook, int64_t *out)
{
    Value params[] = { value_text(webhook) };
    return count_of(db, sql_waiting, params, 1, out);
}

Err delivery_any_old(Db *db, int64_t now_ms, bool *out)
{
    Value   params[] = { value_instant(now_ms - WEBHOOK_KEPT_MS) };
    int64_t any;
    TRY(count_of(db, sql_old, params, 1, &any));
    *out = any != 0;
    return ERR_OK;
}

Err delivery_add(Db *db, const Delivery *delivery)
{
    Value row[] = { value_text(delivery->id),         value_text(delivery->webhook),      value_text(delivery->type),
                    value_text(delivery->record),     value_int(delivery->sequence),      value_int(delivery->item),
                    value_instant(delivery->next_ms), value_instant(delivery->created_ms) };
    return db_run(db, sql_delivery_add, row, sizeof row / sizeof row[0]);
}

Err delivery_tried(Db *db, const Delivery *delivery, int64_t now_ms, int status, Str problem)
{
    Value a_try[] = { value_text(delivery->id), value_instant(now_ms), value_int(status), value_text(problem) };
    Value row[] = { value_text(delivery->state), value_int(delivery->tries), value_instant(delivery->next_ms),
                    value_instant(delivery->ended_ms), value_text(delivery->id) };
    TRY(db_run(db, sql_try, a_try, 4));
    return db_run(db, sql_tried, row, 5);
}

Err delivery_resend(Db *db, Str webhook, Str id, int64_t now_ms)
{
    OWNED(arena) Arena *scratch = arena_new();
    Webhook             running;
    Value               params[] = { value_instant(now_ms), value_text(id), value_text(webhook) };
    TRY(webhook_find(db, scratch, webhook, &running));
    return change_one(db, sql_resend, params, 3);
}

Err delivery_sweep(Db *db, int64_t now_ms)
{
    Value params[] = { value_instant(now_ms - WEBHOOK_KEPT_MS), value_int(SWEEP_ROWS) };
    TRY(db_run(db, sql_sweep_tries, params, 2));
    return db_run(db, sql_sweep, params, 2);
}
