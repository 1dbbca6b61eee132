#include "kernel/webhook.h"

#include "base/limits.h"
#include "kernel/delivery.h"

#define WEBHOOK_COLUMNS                                                                                                \
    "id, person, membership, url, types, actions, private, secret, renewed, created, ended, sequence"

static const Str sql_list = STR_INIT("SELECT " WEBHOOK_COLUMNS " FROM webhook ORDER BY created, id");
static const Str sql_find = STR_INIT("SELECT " WEBHOOK_COLUMNS " FROM webhook WHERE id = ? AND ended = 0");
static const Str sql_known = STR_INIT("SELECT 1 FROM webhook WHERE id = ?");
static const Str sql_running = STR_INIT("SELECT count(*) FROM webhook WHERE ended = 0");
static const Str sql_add = STR_INIT("INSERT INTO webhook (" WEBHOOK_COLUMNS ")"
                                    " SELECT ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, 0, coalesce(max(sequence), 0) FROM event");
static const Str sql_renew = STR_INIT("UPDATE webhook SET secret = secret + 1, renewed = ? WHERE id = ? AND ended = 0");
static const Str sql_end = STR_INIT("UPDATE webhook SET ended = ? WHERE id = ? AND ended = 0");
static const Str sql_passed = STR_INIT("UPDATE webhook SET sequence = ? WHERE id = ?");

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
    return (!type.len || names_have(webhook->types, type)) && names_have(webhook->actions, action);
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

Err webhook_known(Db *db, Str id, bool *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_text(id);
    TRY(db_query(db, sql_known, &key, 1, &rows));
    return rows_next(rows, out);
}

static Err running_count(Db *db, int64_t *out)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    TRY(db_query(db, sql_running, NULL, 0, &rows));
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
    TRY(running_count(db, &running));
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
    return delivery_drop(db, id, now_ms);
}

Err webhook_passed(Db *db, Str id, int64_t sequence)
{
    Value params[] = { value_int(sequence), value_text(id) };
    return db_run(db, sql_passed, params, 2);
}

Err webhook_resend(Db *db, Str id, Str delivery, int64_t now_ms)
{
    OWNED(arena) Arena *scratch = arena_new();
    Webhook             running;
    TRY(webhook_find(db, scratch, id, &running));
    return delivery_resend(db, id, delivery, now_ms);
}
