#include "kernel/notice.h"

#include "base/limits.h"
#include "kernel/evolve.h"
#include "kernel/history.h"
#include "kernel/mail.h"

#define EVENTS_AT_ONCE  500  /* of one writer's job: */
#define NOTICES_AT_ONCE 2000 /* or as many as make so many notices, whole events */
#define LOOK_MS         1000 /* for new events */
#define SCAN_ROWS       1000 /* of one reader, with those that do not show: what lies behind them is not there */
#define ITEMS_MOST      4096 /* of an event: more than any has */
#define SWEEP_ROWS      1000

static const Str sql_position = STR_INIT("SELECT sequence, (SELECT coalesce(max(sequence), 0) FROM event)"
                                         " FROM notice_state");
static const Str sql_passed = STR_INIT("UPDATE notice_state SET sequence = ? WHERE sequence < ?1");
static const Str sql_events = STR_INIT("SELECT e.sequence, r.item, r.type, r.record, e.action, e.person, r.version"
                                       " FROM event e"
                                       " JOIN event_record r ON r.sequence = e.sequence"
                                       " WHERE e.sequence > ? AND e.sequence <= ? ORDER BY e.sequence, r.item");
static const Str sql_add = STR_INIT(
    "INSERT INTO notice (person, number, sequence, type, record, version, created, unread)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (person, number) DO NOTHING");
static const Str sql_list = STR_INIT("SELECT number, sequence, type, record, unread, version FROM notice"
                                     " WHERE person = ? AND number < ? ORDER BY number DESC LIMIT ?");
static const Str sql_unread = STR_INIT("SELECT number, sequence, type, record, unread, version FROM notice"
                                       " WHERE person = ? AND unread = 1 AND number < ? ORDER BY number DESC LIMIT ?");
static const Str sql_read = STR_INIT("UPDATE notice SET unread = 0 WHERE person = ? AND unread = 1 AND number <= ?");
static const Str sql_read_one = STR_INIT("UPDATE notice SET unread = 0 WHERE person = ? AND unread = 1 AND number = ?");
static const Str sql_old = STR_INIT("SELECT EXISTS (SELECT 1 FROM notice WHERE created < ?)");
static const Str sql_sweep = STR_INIT(
    "DELETE FROM notice WHERE rowid IN (SELECT rowid FROM notice WHERE created < ? ORDER BY created LIMIT ?)");

/* ---- making them ---- */

typedef struct Notice {
    Str     person, type, record;
    int64_t sequence, item, version;
} Notice;

typedef struct Batch { /* of events, in order */
    WriterJob   job;
    const City *city;
    int64_t     from, to; /* from is not of it */
    int64_t     now_ms;
    Notice     *notices;
    size_t      count, room;
} Batch;

/* Of the step itself, which its record's history tells as well: a count of notices would tell how many others have, and
 * one of the person's own how many of them they may not see. */
static int64_t number_of(const Notice *notice) { return notice->sequence * ITEMS_MOST + notice->item; }

static Err batch_write(Db *db, WriterJob *job)
{
    const Batch *batch = (const Batch *)job;
    Value        passed = value_int(batch->to);
    for (size_t i = 0; i < batch->count; i++) {
        const Notice *notice = &batch->notices[i];
        Value         row[] = { value_text(notice->person),  value_int(number_of(notice)), value_int(notice->sequence),
                                value_text(notice->type),    value_text(notice->record),   value_int(notice->version),
                                value_instant(batch->now_ms) };
        TRY(db_run(db, sql_add, row, sizeof row / sizeof row[0]));
        TRY(mail_wake(batch->city, db, notice->person, batch->now_ms));
    }
    return db_run(db, sql_passed, &passed, 1);
}

static void batch_add(const Ctx *ctx, Batch *batch, const Notice *about, Str person, Str actor)
{
    if (str_eq(person, actor))
        return;
    ARENA_ROOM(ctx->arena, batch->notices, batch->count, batch->room);
    batch->notices[batch->count] = *about;
    batch->notices[batch->count++].person = str_dup(ctx->arena, person);
}

static bool acts_as(const Actor *actors, size_t count, uint64_t roles)
{
    for (size_t i = 0; i < count; i++)
        if (roles >> actors[i].role & 1)
            return true;
    return false;
}

static Err tell_person(const Ctx *ctx, const Notify *notify, const Notice *about, Str person, Str actor, Batch *batch)
{
    Actor *actors;
    size_t count = 0;
    if (notify->roles)
        TRY(actor_choices(ctx, person, &actors, &count));
    if (!notify->roles || acts_as(actors, count, notify->roles))
        batch_add(ctx, batch, about, person, actor);
    return ERR_OK;
}

static Err tell_members(const Ctx *ctx, const Notify *notify, const Notice *about, Str organisation, Str actor,
                        Batch *batch)
{
    Actor *actors;
    size_t count;
    TRY(actor_members(ctx, organisation, &actors, &count));
    for (size_t i = 0; i < count; i++)
        if (!notify->roles || (notify->roles >> actors[i].role & 1))
            batch_add(ctx, batch, about, actors[i].person, actor);
    return ERR_OK;
}

static Err tell(const Ctx *ctx, const Notify *notify, const Record *record, const Notice *about, Str actor,
                Batch *batch)
{
    ExprEnv     env = access_env_truth(ctx);
    Value       value;
    const Type *target = expr_type(notify->to).target;
    Err         err = expr_eval(ctx->arena, notify->to, &env, (ExprRow){ record->type, record }, &value);
    if (err.code == ECODE_EXPR_OVERFLOW || err.code == ECODE_STORE_SLOW)
        return ERR_OK; /* it gives nobody */
    TRY(err);
    Str rest = value.kind == VALUE_ID || value.kind == VALUE_LIST ? value.text : STR_NONE;
    while (rest.len) {
        Str id = value_list_next(&rest);
        TRY(target == ctx->city->pack->person ? tell_person(ctx, notify, about, id, actor, batch)
                                              : tell_members(ctx, notify, about, id, actor, batch));
    }
    return ERR_OK;
}

/* What a step of before is called today; NULL: nobody is told of it. */
static const Action *step_told(const Ctx *ctx, int64_t sequence, Str type_name, Str action_name, const Type **type)
{
    *type = evolve_type(ctx->city->names, sequence, type_name);
    const Action *action = *type ? type_action(*type, action_name) : NULL;
    return action && action->notify_count ? action : NULL;
}

static Err read_event(const Ctx *ctx, const Rows *rows, Batch *batch)
{
    const Type   *type;
    Notice        about = { .sequence = rows_int(rows, 0), .item = rows_int(rows, 1), .version = rows_int(rows, 6) };
    const Action *action = step_told(ctx, about.sequence, rows_borrow_text(rows, 2), rows_borrow_text(rows, 4), &type);
    Record        record;
    bool          found;
    if (!action)
        return ERR_OK;
    about.type = str_dup(ctx->arena, rows_borrow_text(rows, 2));
    about.record = str_dup(ctx->arena, rows_borrow_text(rows, 3));
    Str actor = str_dup(ctx->arena, rows_borrow_text(rows, 5));
    TRY(record_load(ctx->db, ctx->arena, type, about.record, &record, &found));
    for (size_t i = 0; found && i < action->notify_count; i++)
        TRY(tell(ctx, &action->notifies[i], &record, &about, actor, batch));
    return ERR_OK;
}

static Err read_events(const Ctx *ctx, Batch *batch)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_int(batch->from), value_int(batch->to) };
    int64_t           last = batch->from;
    TRY(db_query(ctx->db, sql_events, params, 2, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        if (batch->count >= NOTICES_AT_ONCE && rows_int(rows, 0) > last) {
            batch->to = last;
            return ERR_OK;
        }
        last = rows_int(rows, 0);
        TRY(read_event(ctx, rows, batch));
    }
}

static Err position(Db *db, int64_t *from, int64_t *last)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    TRY(db_query(db, sql_position, NULL, 0, &rows));
    TRY(rows_next(rows, &more));
    *from = rows_int(rows, 0);
    *last = rows_int(rows, 1);
    return ERR_OK;
}

/* The next events; *more while there are others behind them. */
static Err next_batch(const DutyRun *run, bool *more)
{
    OWNED(arena) Arena *scratch = arena_new();
    Ctx                 ctx = run->ctx;
    Batch               batch = { .job = { .run = batch_write }, .city = ctx.city, .now_ms = ctx.now_ms };
    int64_t             last;
    ctx.arena = scratch;
    ctx.actor = &actor_system;
    TRY(position(ctx.db, &batch.from, &last));
    *more = batch.from < last;
    if (!*more)
        return ERR_OK;
    batch.to = batch.from + EVENTS_AT_ONCE < last ? batch.from + EVENTS_AT_ONCE : last;
    TRY(read_events(&ctx, &batch));
    return writer_run(ctx.city->writer, &batch.job);
}

typedef struct Sweep {
    WriterJob job;
    int64_t   before_ms;
} Sweep;

static Err sweep_write(Db *db, WriterJob *job)
{
    Value params[] = { value_instant(((const Sweep *)job)->before_ms), value_int(SWEEP_ROWS) };
    return db_run(db, sql_sweep, params, 2);
}

static Err sweep(const DutyRun *run)
{
    OWNED(rows) Rows *rows = NULL;
    Sweep             sweep = { .job = { .run = sweep_write }, .before_ms = run->ctx.now_ms - NOTICE_KEPT_MS };
    Value             before = value_instant(sweep.before_ms);
    bool              more;
    TRY(db_query(run->ctx.db, sql_old, &before, 1, &rows));
    TRY(rows_next(rows, &more));
    return rows_int(rows, 0) ? writer_run(run->ctx.city->writer, &sweep.job) : ERR_OK;
}

Err notice_duty(DutyRun *run)
{
    bool more = true;
    run->next_ms = run->ctx.now_ms + LOOK_MS;
    while (more && !duty_ends(run))
        TRY(next_batch(run, &more));
    return sweep(run);
}

/* ---- reading them ---- */

typedef struct Told { /* a row, while it is read */
    int64_t id, sequence, version;
    Str     type, record;
    bool    unread;
} Told;

static Told told_from(Arena *arena, const Rows *rows)
{
    return (Told){ .id = rows_int(rows, 0),
                   .sequence = rows_int(rows, 1),
                   .type = str_dup(arena, rows_borrow_text(rows, 2)),
                   .record = str_dup(arena, rows_borrow_text(rows, 3)),
                   .unread = rows_int(rows, 4) != 0,
                   .version = rows_int(rows, 5) };
}

/* The record that the notice is about; *found false when it does not show. */
static Err record_told(const Ctx *ctx, const Told *told, Record *record, bool *found)
{
    const Type *type = evolve_type(ctx->city->names, told->sequence, told->type);
    *found = type != NULL;
    Err err = type ? find_one(ctx, type, told->record, record) : ERR_OK;
    *found = type && !err.kind;
    return err.kind == ERR_UNSEEN ? ERR_OK : err;
}

/* The step as the reader may know it; NULL: it does not show. */
static Err step_seen(const Ctx *ctx, const Told *told, const Record *record, const Json **out)
{
    Json   *steps;
    int64_t next, sequence = 0;
    *out = NULL;
    Err err = history_list(ctx, record, told->sequence + 1, 1, &steps, &next);
    if (err.code == ECODE_STORE_SLOW)
        return ERR_OK;
    TRY(err);
    if (json_int(json_get(steps->first, STR("sequence")), &sequence) && sequence == told->sequence)
        *out = steps->first;
    return ERR_OK;
}

static void put_notice(const Ctx *ctx, const Told *told, const Record *record, const Json *step, Json *items)
{
    static const char *const members[] = { "time", "action", "label", "by" };
    Arena                   *arena = ctx->arena;
    Json                    *json = json_push(items, json_object(arena));
    json_set_int(arena, json, STR("id"), told->id);
    json_set_bool(arena, json, STR("read"), !told->unread);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (json_get(step, str_from(members[i])))
            json_set(json, str_from(members[i]), json_dup(arena, json_get(step, str_from(members[i]))));
    Json *about = json_set(json, STR("record"), json_object(arena));
    json_set_str(arena, about, STR("type"), record->type->name);
    json_set_str(arena, about, STR("id"), record_id(record));
    Str   title = record_title(ctx, record);
    Value number = record->values[SYS_NUMBER];
    if (title.len)
        json_set_str(arena, about, STR("title"), title);
    if (number.kind == VALUE_TEXT && access_shows(&record->clearance, &record->type->fields[SYS_NUMBER]))
        json_set_str(arena, about, STR("number"), number.text);
}

/* The next one that shows; *found false when none does. */
static Err next_shown(const Ctx *ctx, Rows *rows, Told *told, Record *record, const Json **step, bool *found)
{
    for (bool more;;) {
        *found = false;
        *step = NULL;
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        *told = told_from(ctx->arena, rows);
        TRY(record_told(ctx, told, record, found));
        if (*found)
            TRY(step_seen(ctx, told, record, step));
        *found = *step != NULL;
        if (*found)
            return ERR_OK;
    }
}

/* One more than asked for is looked for, so that `next` says that something shows there, and nothing else. */
Err notice_list(const Ctx *ctx, int64_t before, int64_t limit, Json **out, int64_t *next)
{
    OWNED(rows) Rows *rows = NULL;
    Value   params[] = { value_text(ctx->actor->person), value_int(before ? before : INT64_MAX), value_int(SCAN_ROWS) };
    int64_t last = 0;
    *out = json_array(ctx->arena);
    *next = 0;
    TRY(db_query(ctx->db, sql_list, params, 3, &rows));
    for (;;) {
        Told        told;
        Record      record;
        const Json *step;
        bool        found;
        TRY(next_shown(ctx, rows, &told, &record, &step, &found));
        if (found && (int64_t)(*out)->count == limit)
            *next = last;
        if (!found || *next)
            return ERR_OK;
        put_notice(ctx, &told, &record, step, *out);
        last = told.id;
    }
}

/* A step that nothing has followed shows where the record does: only of others the history is asked. */
static Err unread_shows(const Ctx *ctx, const Told *told, bool *out)
{
    Record      record;
    const Json *step = NULL;
    TRY(record_told(ctx, told, &record, out));
    if (!*out || record_version(&record) == told->version)
        return ERR_OK;
    TRY(step_seen(ctx, told, &record, &step));
    *out = step != NULL;
    return ERR_OK;
}

Err notice_unread(const Ctx *ctx, int64_t *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_text(ctx->actor->person), value_int(INT64_MAX), value_int(SCAN_ROWS) };
    *out = 0;
    TRY(db_query(ctx->db, sql_unread, params, 3, &rows));
    for (bool more, shows; *out <= NOTICE_COUNT_MAX;) {
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        Told told = told_from(ctx->arena, rows);
        TRY(unread_shows(ctx, &told, &shows));
        *out += shows;
    }
    return ERR_OK;
}

Err notice_read(Db *db, Str person, int64_t id)
{
    Value params[] = { value_text(person), value_int(id) };
    return db_run(db, sql_read, params, 2);
}

Err notice_read_one(Db *db, Str person, int64_t id)
{
    Value params[] = { value_text(person), value_int(id) };
    return db_run(db, sql_read_one, params, 2);
}
