/* kernel/clock_steps.c: see clock_steps.h. */
#include "kernel/clock_steps.h"

#include "base/limits.h"
#include "kernel/act.h"
#include "kernel/parameter.h"

/* ---- what a step does ---- */

static bool moves(uint64_t actions, const Action *action) { return actions >> action->index & 1; }

#define NO_LENGTH INT64_MIN /* none that can be used */

/* Whoever takes the step, a limit is what it is. */
static Err until(const Ctx *ctx, const Clock *clock, const Record *record, int64_t day, Value *out)
{
    ExprEnv env = access_env_truth(ctx);
    Value   last;
    TRY(expr_eval(ctx->arena, clock->until, &env, (ExprRow){ record->type, record }, &last));
    *out = last.kind == VALUE_DATE ? value_int(last.number - day) : VALUE_NONE;
    return ERR_OK;
}

/* From that day on. */
static Err length_of(const Ctx *ctx, const Clock *clock, const Record *record, int64_t day, int64_t *out)
{
    Value value = value_int(clock->days);
    if (clock->length)
        TRY(parameter_value(ctx, NULL, clock->length, reference_day(ctx, record), &value));
    if (clock->until)
        TRY(until(ctx, clock, record, day, &value));
    *out = value.kind == VALUE_INTEGER ? value.number - clock->before : NO_LENGTH;
    return ERR_OK;
}

typedef struct Read { /* what an expression reads */
    const Type  *type;
    const Field *field; /* the last */
    size_t       count;
} Read;

static void read_note(void *context, const void *type, const void *field)
{
    Read *read = context;
    *read = (Read){ type, field, read->count + 1 };
}

static void until_problem(const Clock *clock, const Record *record, Problems *problems)
{
    Read read = { 0 };
    expr_fields(clock->until, read_note, &read);
    Str own = read.count == 1 && read.type == record->type ? read.field->name : STR_NONE;
    PROBLEM(problems, ECODE_ACTION_UNTIL, own, STR_NONE, ARG_TEXT("clock", clock->label),
            ARG_TEXT("label", read.field ? read.field->label : clock->label),
            ARG("most", str_printf(problems->arena, "%d", LIMIT_CLOCK_DAYS)));
}

static void length_problem(const Ctx *ctx, const Clock *clock, const Record *record, Problems *problems)
{
    if (clock->until) {
        until_problem(clock, record, problems);
        return;
    }
    PROBLEM(problems, ECODE_ACTION_CLOCK, STR_NONE, STR_NONE, ARG_TEXT("clock", clock->label),
            ARG("parameter", clock->length ? clock->length->name : STR("-")),
            ARG("day", date_text(problems->arena, reference_day(ctx, record))),
            ARG("most", str_printf(problems->arena, "%d", LIMIT_CLOCK_DAYS)));
}

Err clock_steps_check(const Ctx *ctx, const Action *action, const Record *record, Problems *problems)
{
    size_t before = problems->count;
    for (size_t i = 0; i < record->type->clock_count; i++) {
        const Clock *clock = &record->type->clocks[i];
        int64_t      days, due;
        if (!moves(clock->starts, action))
            continue;
        TRY(length_of(ctx, clock, record, ctx_today(ctx), &days));
        if (clock_reminds(clock) && days < 1) /* it does not start */
            continue;
        if (!clock_due(clock, ctx->city->pack->calendar, ctx_today(ctx), days, &due))
            length_problem(ctx, clock, record, problems);
    }
    return problems->count == before ? ERR_OK : err_make(ECODE_ACTION_REFUSED, "clock");
}

static Err move(const Ctx *writer, const Clock *clock, const Action *action, const Record *record, int64_t day,
                ClockStand *stand)
{
    const WorkCalendar *calendar = writer->city->pack->calendar;
    int64_t             days;
    bool                can = true;
    if (moves(clock->starts, action)) {
        TRY(length_of(writer, clock, record, day, &days));
        if (clock_reminds(clock) && days < 1)
            clock_stop(stand);
        else
            can = clock_start(clock, calendar, day, days, stand);
    } else if (moves(clock->stops, action)) {
        clock_stop(stand);
    } else if (moves(clock->pauses, action)) {
        clock_pause(day, stand);
    } else if (moves(clock->resumes, action)) {
        can = clock_resume(clock, calendar, day, stand);
    }
    return can ? ERR_OK : err_make(ECODE_RECORD_CONTENDED, "%.*s cannot be counted", STR_FMT(clock->name));
}

Err clock_steps(const Ctx *writer, const Action *action, Record *record, bool *set, int64_t day)
{
    for (size_t i = 0; i < record->type->clock_count; i++) {
        const Clock *clock = &record->type->clocks[i];
        ClockStand   stand = clock_stand(clock, record->values);
        TRY(move(writer, clock, action, record, day, &stand));
        clock_keep(clock, &stand, record->values, set);
    }
    return ERR_OK;
}

/* ---- what has lapsed ---- */

static int64_t ended(const Ctx *ctx, const Clock *clock)
{
    return clock_ended(clock, ctx->now_ms, ctx->city->pack->utc_offset_minutes);
}

static const Action *expiry(const Type *type, const Clock *clock)
{
    return clock->expires < 0 ? NULL : &type->actions[clock->expires];
}

static bool settles(const Ctx *ctx, const Record *record, const Clock *clock, ClockStand *stand)
{
    const Action *action = expiry(record->type, clock);
    int           state = record_state(record);
    *stand = clock_stand(clock, record->values);
    return action && stand->runs && stand->due <= ended(ctx, clock) && state >= 0 && (action->from >> state & 1);
}

const Clock *clock_lapsed(const Ctx *ctx, const Record *record)
{
    const Clock *first = NULL;
    int64_t      first_due = 0;
    for (size_t i = 0; i < record->type->clock_count; i++) {
        const Clock *clock = &record->type->clocks[i];
        ClockStand   stand;
        if (!settles(ctx, record, clock, &stand) || (first && stand.due >= first_due))
            continue;
        first = clock;
        first_due = stand.due;
    }
    return first;
}

/* ---- settling ---- */

/* What the record becomes when the clock has run out. */
static Err expire(const Ctx *writer, const Clock *clock, const Record *record, Delta *out)
{
    const Type   *type = record->type;
    const Action *action = expiry(type, clock);
    ClockStand    stand = clock_stand(clock, record->values);
    int64_t       due = stand.due;
    *out = (Delta){ .record = *record,
                    .set = ARENA_ARRAY(writer->arena, bool, type->field_count),
                    .base_version = record_version(record) };
    out->record.values = ARENA_ARRAY(writer->arena, Value, type->field_count);
    memcpy(out->record.values, record->values, type->field_count * sizeof(Value));
    clock_stop(&stand);
    clock_keep(clock, &stand, out->record.values, out->set);
    if (action->to >= 0 && action->to != record_state(record)) {
        out->record.values[SYS_STATE] = value_text(type->states[action->to].name);
        out->set[SYS_STATE] = true;
    }
    return clock_steps(writer, action, &out->record, out->set, due);
}

static Err expire_all(const Ctx *writer, const Type *type, const Clock *clock, const Record *records, size_t count)
{
    Change change = { .city = writer->city,
                      .action = expiry(type, clock),
                      .actor = actor_system,
                      .expiry = true,
                      .deltas = ARENA_ARRAY(writer->arena, Delta, count),
                      .arena = writer->arena };
    for (size_t i = 0; i < count; i++)
        if (clock_lapsed(writer, &records[i]) == clock)
            TRY(expire(writer, clock, &records[i], &change.deltas[change.delta_count++]));
    return change.delta_count ? act_write(writer, &change) : ERR_OK;
}

Err clock_settle(const Ctx *writer, const Type *type, Str id)
{
    for (;;) {
        Record record;
        bool   found;
        TRY(record_load(writer->db, writer->arena, type, id, &record, &found));
        const Clock *clock = found ? clock_lapsed(writer, &record) : NULL;
        if (!clock)
            return ERR_OK;
        TRY(expire_all(writer, type, clock, &record, 1));
    }
}

static Ctx system_writes(const City *city, Db *db, Arena *arena)
{
    return (Ctx){ .city = city, .db = db, .arena = arena, .actor = &actor_system, .now_ms = env_now(&city->env) };
}

/* ---- one record, from a thread that reads ---- */

typedef struct SettleJob { /* nobody waits for it */
    WriterJob   job;
    Arena      *arena; /* its own, with the job in it */
    const City *city;
    const Type *type;
    Str         id;
} SettleJob;

static Err settle_run(Db *db, WriterJob *job)
{
    const SettleJob *settle = (const SettleJob *)job;
    Ctx              writer = system_writes(settle->city, db, settle->arena);
    return clock_settle(&writer, settle->type, settle->id);
}

/* When it fails, the step that was asked for settles the record itself, or the duty does. */
static void settle_done(WriterJob *job, Err err)
{
    (void)err;
    arena_free(((SettleJob *)job)->arena);
}

static void settle_soon(const Ctx *ctx, const Record *record)
{
    Arena     *arena = arena_new();
    SettleJob *settle = ARENA_NEW(arena, SettleJob);
    *settle = (SettleJob){ .job = { .run = settle_run, .done = settle_done },
                           .arena = arena,
                           .city = ctx->city,
                           .type = record->type,
                           .id = str_dup(arena, record_id(record)) };
    if (writer_submit(ctx->city->writer, &settle->job).kind)
        arena_free(arena);
}

/* As the writer will have it, but for what only the writer gives: number, times and the names of erased fields. */
static Err expired(const Ctx *ctx, const Clock *clock, Record *record)
{
    const Action *action = expiry(record->type, clock);
    Delta         delta;
    TRY(expire(ctx, clock, record, &delta));
    *record = delta.record;
    record->values[SYS_VERSION].number++;
    for (size_t i = 0; i < action->erase_count; i++)
        record->values[action->erases[i]] = VALUE_NONE;
    return ERR_OK;
}

Err clock_settled(const Ctx *ctx, Record *record)
{
    const Clock *clock = clock_lapsed(ctx, record);
    size_t       done;
    if (!clock)
        return ERR_OK;
    settle_soon(ctx, record);
    for (; clock; clock = clock_lapsed(ctx, record))
        TRY(expired(ctx, clock, record));
    TRY(access_clearance(ctx, record, &record->clearance));
    if (!access_sees(&record->clearance))
        return err_make(ECODE_RECORD_UNSEEN, "%.*s", STR_FMT(record->type->name));
    return access_computed(ctx, record, 1, &done);
}

/* ---- many of them ---- */

/* " FROM … WHERE …" of the records whose clock has lapsed and whose action can be taken. */
static void add_lapsed(Buf *sql, const Type *type, const Clock *clock)
{
    const Action *action = expiry(type, clock);
    const char   *between = "";
    buf_printf(sql, " FROM \"%.*s\" WHERE \"%.*s\" <= ? AND \"state\" IN (", STR_FMT(type->table),
               STR_FMT(clock_field(type, clock, CLOCK_DUE)->name));
    for (size_t i = 0; i < type->state_count; i++)
        if (action->from >> i & 1) {
            buf_printf(sql, "%s'%.*s'", between, STR_FMT(type->states[i].name));
            between = ", ";
        }
    buf_char(sql, ')');
}

Err clock_settle_batch(const Ctx *writer, const Type *type, const Clock *clock, size_t *settled)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_date(ended(writer, clock)), value_int(CLOCK_BATCH) };
    Record           *records = ARENA_ARRAY(writer->arena, Record, CLOCK_BATCH);
    Buf               sql = buf_new(writer->arena, SIZE_MAX);
    *settled = 0;
    buf_add(&sql, STR("SELECT "));
    record_columns(&sql, type, STR_NONE);
    add_lapsed(&sql, type, clock);
    buf_add(&sql, STR(" LIMIT ?"));
    TRY(db_query(writer->db, buf_str(&sql), params, 2, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        record_from_row(writer->arena, type, rows, 0, &records[(*settled)++]);
    }
    rows_done(rows);
    rows = NULL;
    return expire_all(writer, type, clock, records, *settled);
}

/* ---- the duty ---- */

typedef struct BatchJob {
    WriterJob    job;
    const City  *city;
    const Type  *type;
    const Clock *clock;
    size_t       settled;
} BatchJob;

static Err batch_run(Db *db, WriterJob *job)
{
    BatchJob           *batch = (BatchJob *)job;
    OWNED(arena) Arena *arena = arena_new();
    Ctx                 writer = system_writes(batch->city, db, arena);
    return clock_settle_batch(&writer, batch->type, batch->clock, &batch->settled);
}

/* The first day on which a clock of those that make the system act is due; INT64_MAX: none runs. */
static Err first_due(const Ctx *ctx, const Type *type, const Clock *clock, int64_t *out)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    Str               due = clock_field(type, clock, CLOCK_DUE)->name;
    Buf               sql = buf_new(ctx->arena, SIZE_MAX);
    buf_printf(&sql, "SELECT \"%.*s\" FROM \"%.*s\" WHERE ", STR_FMT(due), STR_FMT(type->table));
    buf_printf(&sql, "\"%.*s\" IS NOT NULL ORDER BY \"%.*s\" LIMIT 1", STR_FMT(due), STR_FMT(due));
    TRY(db_query(ctx->db, buf_str(&sql), NULL, 0, &rows));
    TRY(rows_next(rows, &more));
    *out = more ? rows_int(rows, 0) : INT64_MAX;
    return ERR_OK;
}

/* Some of those whose end has come; or when the first of them ends. Batch after batch as long as there are full ones:
 * those that stay lapsed, since their action cannot be taken, are none of a batch. */
static Err clock_run(DutyRun *run, const Type *type, const Clock *clock, size_t *settled)
{
    const City *city = run->ctx.city;
    int64_t     due;
    TRY(first_due(&run->ctx, type, clock, &due));
    if (due > clock_ended(clock, env_now(&city->env), city->pack->utc_offset_minutes)) {
        int64_t ends = due == INT64_MAX ? run->next_ms : clock_ends(clock, due, city->pack->utc_offset_minutes);
        run->next_ms = ends < run->next_ms ? ends : run->next_ms;
        return ERR_OK;
    }
    for (size_t last = CLOCK_BATCH; last == CLOCK_BATCH && !duty_ends(run);) {
        BatchJob batch = { .job = { .run = batch_run }, .city = city, .type = type, .clock = clock };
        TRY(writer_run(city->writer, &batch.job));
        last = batch.settled;
        *settled += last;
    }
    return ERR_OK;
}

Err clock_duty(DutyRun *run)
{
    const Pack *pack = run->ctx.city->pack;
    for (size_t settled = 1; settled && !duty_ends(run);) { /* what an action starts may have lapsed, too */
        settled = 0;
        for (size_t t = 0; t < pack->type_count; t++)
            for (size_t c = 0; c < pack->types[t].clock_count; c++)
                if (pack->types[t].clocks[c].expires >= 0)
                    TRY(clock_run(run, &pack->types[t], &pack->types[t].clocks[c], &settled));
    }
    return ERR_OK;
}

static Err lag_of(const Ctx *ctx, const Type *type, const Clock *clock, int64_t *lag_ms)
{
    int64_t due, offset = ctx->city->pack->utc_offset_minutes;
    TRY(first_due(ctx, type, clock, &due));
    int64_t late = due == INT64_MAX ? 0 : ctx->now_ms - clock_ends(clock, due, (int)offset);
    *lag_ms = late > *lag_ms ? late : *lag_ms;
    return ERR_OK;
}

Err clock_lag(const Ctx *ctx, int64_t *lag_ms)
{
    const Pack *pack = ctx->city->pack;
    *lag_ms = 0;
    for (size_t t = 0; t < pack->type_count; t++)
        for (size_t c = 0; c < pack->types[t].clock_count; c++)
            if (pack->types[t].clocks[c].expires >= 0)
                TRY(lag_of(ctx, &pack->types[t], &pack->types[t].clocks[c], lag_ms));
    return ERR_OK;
}
