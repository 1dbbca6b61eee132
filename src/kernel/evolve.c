/* kernel/evolve.c: carrying a planned change out. */
#include "kernel/evolve_steps.h"
#include "kernel/rows.h"

/* ---- touched records ---- */

/* The fields of the touch as the event tells them. */
static EventItem touch_item(Arena *arena, const EvolveTouch *touch)
{
    const Type *type = touch->record.type;
    Str        *fields = ARENA_ARRAY(arena, Str, type->stored_count);
    Value      *values = ARENA_ARRAY(arena, Value, type->stored_count);
    EventItem   item = { .type = type->name,
                         .record = record_id(&touch->record),
                         .version = record_version(&touch->record),
                         .fields = fields,
                         .values = values };
    for (size_t i = 0; i < type->stored_count; i++) {
        if (!touch->set[i] || i == SYS_ID || i == SYS_VERSION)
            continue;
        fields[item.count] = type->fields[i].name;
        values[item.count++] = touch->record.values[i];
    }
    return item;
}

static void touch_set(EvolveTouch *touch, SystemField field, Value value)
{
    touch->record.values[field] = value;
    touch->set[field] = true;
}

static Err touch_record(const EvolveWriting *writing, EvolveTouch *touch, int64_t time_ms)
{
    bool is_new = touch->record.values[SYS_VERSION].kind == VALUE_MISSING;
    touch_set(touch, SYS_VERSION, value_int(is_new ? 1 : record_version(&touch->record) + 1));
    touch_set(touch, SYS_CHANGED, value_instant(time_ms));
    if (is_new)
        touch_set(touch, SYS_CREATED, value_instant(time_ms));
    return is_new ? record_insert(writing->db, &touch->record)
                  : record_update(writing->db, writing->arena, &touch->record, touch->set);
}

Err evolve_touch(const EvolveWriting *writing, EvolveTouch *touches, size_t count)
{
    EventHead head = { .pack_name = writing->pack->name, .pack_number = writing->pack_number, .action = STR("pack") };
    EventItem items[EVOLVE_ITEMS];
    if (count == 0)
        return ERR_OK;
    TRY(event_next(writing->db, env_now(writing->env), &head.sequence, &head.time_ms));
    for (size_t i = 0; i < count; i++) {
        TRY(touch_record(writing, &touches[i], head.time_ms));
        items[i] = touch_item(writing->arena, &touches[i]);
    }
    return event_write(writing->db, writing->arena, writing->env, &head, items, count);
}

/* ---- tables: all old ones are moved away first, since names may change places ---- */

typedef struct EvolveTables { /* of one type */
    const Type *from, *to;    /* NULL: the type is new; it is dropped */
    Str         old;          /* where its records of before are */
    bool        anew;         /* the table is made again */
} EvolveTables;

typedef struct EvolveJob {
    WriterJob          job;
    const EvolvePlan  *plan;
    const EvolveWatch *watch;
    UuidMaker         *ids;
    Arena             *arena; /* of the whole change */
    EvolveWriting      writing;
    EvolveTables      *tables;
    size_t             table_count;
    int64_t            records; /* done so far */
} EvolveJob;

/* May the table stay? Two fields that change places, or one that comes in place of another, can leave the same columns
 * with other values. */
static bool table_stays(Arena *arena, const Type *from, const Type *to)
{
    if (!str_eq(record_tables(arena, from), record_tables(arena, to)))
        return false;
    const Field **fields = evolve_turn_fields(arena, from, to);
    for (size_t i = 0; i < to->stored_count; i++)
        if (!fields[i] || !str_eq(fields[i]->name, to->fields[i].name))
            return false;
    return true;
}

static void tables_add(EvolveJob *job, const Type *from, const Type *to)
{
    EvolveTables *tables = &job->tables[job->table_count];
    bool          same = from && to && table_stays(job->arena, from, to);
    *tables = (EvolveTables){ .from = from, .to = to, .anew = !same };
    if (from)
        tables->old = same ? from->table : str_printf(job->arena, "before_%zu", job->table_count);
    job->table_count++;
}

static void tables_list(EvolveJob *job)
{
    const Pack *from = job->plan->from, *to = job->plan->to;
    bool       *stays = ARENA_ARRAY(job->arena, bool, from->type_count);
    job->tables = ARENA_ARRAY(job->arena, EvolveTables, from->type_count + to->type_count);
    for (size_t i = 0; i < to->type_count; i++) {
        const Type *before = evolve_type_before(from, &to->types[i]);
        if (before)
            stays[before->index] = true;
        tables_add(job, before, &to->types[i]);
    }
    for (size_t i = 0; i < from->type_count; i++)
        if (!stays[i])
            tables_add(job, &from->types[i], NULL);
}

/* A table that stays gets the indexes that the rights of today want. */
static Err indexes_anew(const EvolveJob *job, const EvolveTables *tables)
{
    const Type *from = tables->from, *to = tables->to;
    if (tables->anew || str_eq(record_indexes(job->arena, from), record_indexes(job->arena, to)))
        return ERR_OK;
    TRY(record_drop_indexes(job->writing.db, job->arena, from->table));
    return db_script(job->writing.db, record_indexes(job->arena, to));
}

/* Child rows are in the records' own columns, too: their tables can go at once. */
static Err tables_away(const EvolveJob *job, const EvolveTables *tables)
{
    const Type *from = tables->from;
    Buf         script = buf_new(job->arena, SIZE_MAX);
    if (!from || !tables->anew)
        return ERR_OK;
    TRY(record_drop_indexes(job->writing.db, job->arena, from->table));
    for (size_t i = SYS_COUNT; i < from->stored_count; i++)
        if (from->fields[i].kind == FIELD_ROWS)
            buf_printf(&script, "DROP TABLE \"%.*s\";", STR_FMT(from->fields[i].rows->table));
    buf_printf(&script, "ALTER TABLE \"%.*s\" RENAME TO \"%.*s\";", STR_FMT(from->table), STR_FMT(tables->old));
    return db_script(job->writing.db, buf_str(&script));
}

static void add_column(Buf *sql, bool first, const Field *field)
{
    buf_printf(sql, field ? "%s\"%.*s\"" : "%sNULL", first ? "" : ", ", STR_FMT(field ? field->name : STR_NONE));
}

/* The columns as they are; whatever means something else under the new fields is turned afterwards. */
static Err tables_fill(const EvolveJob *job, const EvolveTables *tables)
{
    const Field **fields = evolve_turn_fields(job->arena, tables->from, tables->to);
    Buf           sql = buf_new(job->arena, SIZE_MAX);
    buf_printf(&sql, "INSERT INTO \"%.*s\" (", STR_FMT(tables->to->table));
    record_columns(&sql, tables->to, STR_NONE);
    buf_add(&sql, STR(") SELECT "));
    for (size_t i = 0; i < tables->to->stored_count; i++)
        add_column(&sql, i == 0, fields[i]);
    buf_printf(&sql, " FROM \"%.*s\"", STR_FMT(tables->old));
    return db_run(job->writing.db, buf_str(&sql), NULL, 0);
}

static Err tables_make(const EvolveJob *job, const EvolveTables *tables)
{
    if (!tables->to || !tables->anew)
        return ERR_OK;
    TRY(db_script(job->writing.db, record_ddl(job->arena, tables->to)));
    return tables->from ? tables_fill(job, tables) : ERR_OK;
}

static Err tables_drop_old(const EvolveJob *job, const EvolveTables *tables)
{
    if (!tables->from || !tables->anew)
        return ERR_OK;
    return db_script(job->writing.db, str_printf(job->arena, "DROP TABLE \"%.*s\"", STR_FMT(tables->old)));
}

/* ---- records that become others ---- */

static void tell(EvolveJob *job, size_t records)
{
    job->records += (int64_t)records;
    if (job->watch)
        job->watch->tell(job->watch->context, job->records);
}

/* A batch of them, and the event of those that are touched. */
static Err turn_batch(EvolveJob *job, const EvolveTurn *turn, Str table, Buf *after, size_t *count)
{
    Arena        *arena = job->writing.arena;
    EvolveTurned *turned;
    EvolveTouch  *touches = ARENA_ARRAY(arena, EvolveTouch, EVOLVE_ITEMS);
    size_t        touched = 0;
    TRY(evolve_turn_read(turn, job->writing.db, arena, table, buf_str(after), &turned, count));
    for (size_t i = 0; i < *count; i++)
        if (turned[i].touched)
            touches[touched++] = (EvolveTouch){ turned[i].after, turned[i].set };
    TRY(evolve_touch(&job->writing, touches, touched));
    after->len = 0;
    if (*count)
        buf_add(after, record_id(&turned[*count - 1].before));
    tell(job, *count);
    arena_reset(arena);
    return ERR_OK;
}

static Err turn_records(EvolveJob *job, const EvolveNames *names, const EvolveTables *tables)
{
    Buf    after = buf_new(job->arena, SIZE_MAX);
    size_t count = EVOLVE_ITEMS;
    if (!tables->from || !tables->to)
        return ERR_OK;
    EvolveTurn turn = evolve_turn(names, job->arena, tables->from, tables->to);
    while (turn.any && count == EVOLVE_ITEMS)
        TRY(turn_batch(job, &turn, tables->old, &after, &count));
    return ERR_OK;
}

/* ---- child rows ---- */

static Err rows_batch(EvolveJob *job, const Field *field, Buf *after, size_t *count)
{
    Arena            *arena = job->writing.arena;
    const Type       *type = field->type;
    Record           *records = ARENA_ARRAY(arena, Record, EVOLVE_ITEMS);
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_id(buf_str(after)), value_int(EVOLVE_ITEMS) };
    Buf               sql = buf_new(arena, SIZE_MAX);
    buf_add(&sql, STR("SELECT "));
    record_columns(&sql, type, STR_NONE);
    buf_printf(&sql, " FROM \"%.*s\" WHERE \"id\" > ? AND \"%.*s\" IS NOT NULL ORDER BY \"id\" LIMIT ?",
               STR_FMT(type->table), STR_FMT(field->name));
    TRY(db_query(job->writing.db, buf_str(&sql), params, 2, &rows));
    *count = 0;
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        record_from_row(arena, type, rows, 0, &records[(*count)++]);
    }
    for (size_t i = 0; i < *count; i++)
        TRY(rows_store(job->writing.db, field, &records[i], false));
    after->len = 0;
    if (*count)
        buf_add(after, record_id(&records[*count - 1]));
    arena_reset(arena);
    return ERR_OK;
}

/* Into their tables, from the records' own columns. */
static Err rows_fill(EvolveJob *job, const EvolveTables *tables)
{
    const Type *type = tables->to;
    if (!type || !tables->from || !tables->anew)
        return ERR_OK;
    for (size_t i = SYS_COUNT; i < type->stored_count; i++) {
        Buf    after = buf_new(job->arena, SIZE_MAX);
        size_t count = EVOLVE_ITEMS;
        while (type->fields[i].kind == FIELD_ROWS && count == EVOLVE_ITEMS)
            TRY(rows_batch(job, &type->fields[i], &after, &count));
    }
    return ERR_OK;
}

/* ---- all of it ---- */

static Err each_table(EvolveJob *job, Err (*step)(const EvolveJob *job, const EvolveTables *tables))
{
    for (size_t i = 0; i < job->table_count; i++)
        TRY(step(job, &job->tables[i]));
    return ERR_OK;
}

static Err apply(EvolveJob *job)
{
    const EvolvePlan  *plan = job->plan;
    const EvolveNames *names = evolve_names_planned(job->arena, plan->to, plan->steps, plan->count);
    Str                steps = evolve_steps_text(job->arena, plan->steps, plan->count);
    TRY(city_freeze(job->writing.db, job->arena, job->writing.env, plan->to, job->writing.pack_number, plan->source,
                    steps));
    tables_list(job);
    TRY(each_table(job, tables_away));
    TRY(each_table(job, tables_make));
    for (size_t i = 0; i < job->table_count; i++)
        TRY(turn_records(job, names, &job->tables[i]));
    TRY(each_table(job, tables_drop_old));
    TRY(each_table(job, indexes_anew));
    for (size_t i = 0; i < job->table_count; i++)
        TRY(rows_fill(job, &job->tables[i]));
    TRY(evolve_clocks(&job->writing));
    return evolve_records(&job->writing, job->ids);
}

static Err apply_run(Db *db, WriterJob *job)
{
    EvolveJob          *evolve = (EvolveJob *)job;
    OWNED(arena) Arena *arena = arena_new();
    OWNED(arena) Arena *batch = arena_new();
    evolve->arena = arena;
    evolve->writing.arena = batch;
    evolve->writing.db = db;
    return apply(evolve);
}

Err evolve_apply(const Ctx *ctx, const EvolvePlan *plan, const EvolveWatch *watch)
{
    const City *city = ctx->city;
    EvolveJob   job = { .job = { .run = apply_run },
                        .plan = plan,
                        .watch = watch,
                        .ids = city->ids,
                        .writing = { .env = &city->env, .pack = plan->to, .pack_number = city->pack_number + 1 } };
    return plan->count ? writer_run(city->writer, &job.job) : ERR_OK;
}
