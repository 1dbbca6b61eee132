/* kernel/desk.c: see desk.h. */
#include "kernel/desk.h"

#include <stdlib.h>

#include "kernel/act.h"
#include "kernel/clock.h"
#include "kernel/clock_view.h"
#include "kernel/find.h"

typedef enum Pile { PILE_LATE, PILE_MINE, PILE_WAITING, PILE_COUNT } Pile;
static const Str pile_names[PILE_COUNT] = { STR_INIT("late"), STR_INIT("mine"), STR_INIT("waiting") };

typedef struct Ways {
    AccessRule *items;
    size_t      count;
} Ways;

typedef struct Part { /* of a desk: one type that has awaited steps */
    const Type *type;
    Ways        mine, waiting; /* rows of either list; of the second also: not the first, and one of `stands` */
    Ways        stands;
    AccessPlan *plan;
    bool        more[PILE_COUNT]; /* of `mine` and `waiting`: more rows fit than are looked at */
    int64_t     counts[PILE_COUNT], due_today;
} Part;

typedef struct Row {
    const Part *part;
    Record      record;
    bool        limited;
    int64_t     key; /* limit_sql() */
} Row;

typedef struct Desk {
    const Ctx *ctx;
    Part      *parts;
    size_t     part_count;
    Row       *rows[PILE_COUNT];
    size_t     row_counts[PILE_COUNT], row_capacities[PILE_COUNT];
    size_t     read_bytes; /* of the arena, when all rows had been read */
} Desk;

/* ---- ways ---- */

static void ways_add(Arena *arena, Ways *ways, Who who, uint64_t states)
{
    AccessRule *grown = ARENA_ARRAY(arena, AccessRule, ways->count + 1);
    for (size_t i = 0; i < ways->count; i++)
        grown[i] = ways->items[i];
    grown[ways->count++] = (AccessRule){ .who = who, .states = states };
    ways->items = grown;
}

static uint64_t awaiting_states(const Type *type)
{
    uint64_t states = 0;
    for (size_t i = 0; i < type->action_count; i++)
        states |= type->actions[i].awaited ? type->actions[i].from : 0;
    return states;
}

static Who who_begins(const Begun *begun, size_t who)
{
    return (Who){ .roles = begun->action->who[who].roles, .relation = begun->relation };
}

static Part part_of(const Ctx *ctx, const Type *type)
{
    Arena *arena = ctx->arena;
    Part   part = { .type = type };
    for (size_t i = 0; i < type->action_count; i++) {
        const Action *action = &type->actions[i];
        for (size_t w = 0; !action->creates && w < action->who_count; w++) {
            ways_add(arena, &part.stands, action->who[w], 0);
            if (action->awaited)
                ways_add(arena, &part.mine, action->who[w], action->from);
        }
    }
    for (size_t i = 0; i < type->begun_count; i++)
        for (size_t w = 0; w < type->begun[i].action->who_count; w++)
            ways_add(arena, &part.mine, who_begins(&type->begun[i], w), type->begun[i].states);
    ways_add(arena, &part.stands, (Who){ .relation = RELATION_CREATOR }, 0);
    if (awaiting_states(type)) /* whom a new record is awaited of, nobody else is told */
        ways_add(arena, &part.waiting, (Who){ .relation = RELATION_OWN }, awaiting_states(type));
    return part;
}

static bool ever_seen(const Ctx *ctx, const Type *type)
{
    return (awaiting_states(type) || type->begun_count) && access_field_ever(ctx->actor, &type->fields[SYS_STATE]);
}

static Desk desk_new(const Ctx *ctx)
{
    const Pack *pack = ctx->city->pack;
    Desk        desk = { .ctx = ctx, .parts = ARENA_ARRAY(ctx->arena, Part, pack->type_count) };
    for (size_t i = 0; ctx->actor && !ctx->actor->system && i < pack->type_count; i++)
        if (ever_seen(ctx, &pack->types[i]))
            desk.parts[desk.part_count++] = part_of(ctx, &pack->types[i]);
    return desk;
}

/* ---- limits ---- */

/* Is it a limit that an awaited step stops, or one that none does? */
static bool limits(const Type *type, const Clock *clock, bool stopped)
{
    bool found = false;
    for (size_t i = 0; i < type->action_count; i++)
        found = found || (type->actions[i].awaited && (clock->stops >> i & 1));
    return found == stopped && clock_limits(clock);
}

#define NO_LIMIT INT64_MAX

static int64_t ended_day(const Ctx *ctx, const Clock *clock)
{
    return clock_ended(clock, ctx->now_ms, ctx->city->pack->utc_offset_minutes);
}

/* Twice the day that is due, and one more unless it is over: odd is on time, and what is due first is least. */
static Err clock_sql(const Ctx *ctx, ExprSql *sql, const Type *type, const Clock *clock)
{
    const Field *due = clock_field(type, clock, CLOCK_DUE);
    buf_add(&sql->sql, STR("coalesce(2 * "));
    TRY(access_sql_column(ctx, sql, STR("t0"), due));
    buf_add(&sql->sql, STR(" + ("));
    TRY(access_sql_column(ctx, sql, STR("t0"), due));
    buf_add(&sql->sql, STR(" > "));
    expr_sql_param(sql, value_int(ended_day(ctx, clock)));
    buf_add(&sql->sql, STR("), "));
    expr_sql_param(sql, value_int(NO_LIMIT));
    buf_char(&sql->sql, ')');
    return ERR_OK;
}

/* The least of the clocks that an awaited step stops, or that none does; NO_LIMIT stands beside them, for min() of one
 * value is another function. */
static Err clocks_sql(const Ctx *ctx, ExprSql *sql, const Type *type, bool stopped)
{
    buf_add(&sql->sql, STR("min("));
    expr_sql_param(sql, value_int(NO_LIMIT));
    buf_add(&sql->sql, STR(", "));
    expr_sql_param(sql, value_int(NO_LIMIT));
    for (size_t i = 0; i < type->clock_count; i++) {
        if (!limits(type, &type->clocks[i], stopped))
            continue;
        buf_add(&sql->sql, STR(", "));
        TRY(clock_sql(ctx, sql, type, &type->clocks[i]));
    }
    buf_char(&sql->sql, ')');
    return ERR_OK;
}

/* The limit of the row, missing when it has none. */
static Err limit_sql(const Ctx *ctx, ExprSql *sql, const Type *type)
{
    if (!type->clock_count) {
        buf_add(&sql->sql, STR("NULL"));
        return ERR_OK;
    }
    for (int stopped = 1; stopped >= 0; stopped--) {
        buf_add(&sql->sql, stopped ? STR("coalesce(nullif(") : STR("nullif("));
        TRY(clocks_sql(ctx, sql, type, stopped));
        buf_add(&sql->sql, STR(", "));
        expr_sql_param(sql, value_int(NO_LIMIT));
        buf_add(&sql->sql, stopped ? STR("), ") : STR("))"));
    }
    return ERR_OK;
}

/* The clock of a row that limit_sql() found. */
static const Clock *limit_of(const Ctx *ctx, const Record *record)
{
    const Type *type = record->type;
    for (int stopped = 1; stopped >= 0; stopped--) {
        const Clock *first = NULL;
        int64_t      due = 0;
        for (size_t i = 0; i < type->clock_count; i++) {
            const Clock *clock = &type->clocks[i];
            ClockStand   stand = clock_stand(clock, record->values);
            bool         shows = access_shows(&record->clearance, clock_field(type, clock, CLOCK_DUE));
            int64_t      key = 2 * stand.due + (stand.due > ended_day(ctx, clock));
            if (stand.runs && shows && limits(type, clock, stopped) && (!first || key < due)) {
                first = clock;
                due = key;
            }
        }
        if (first)
            return first;
    }
    return NULL;
}

/* ---- statements ---- */

static void add_limit(ExprSql *sql, int64_t most)
{
    buf_add(&sql->sql, STR(" LIMIT "));
    expr_sql_param(sql, value_int(most));
}

/* Rows whose ways fit, to be looked at; *out false when the actor's role has none. */
static Err looked_sql(const Ctx *ctx, ExprSql *sql, const Part *part, bool waiting, bool *out)
{
    const Ways *ways = waiting ? &part->waiting : &part->mine;
    return access_sql_fitting(ctx, sql, part->type, ways->items, ways->count, DESK_LOOKED + 1, out);
}

/* The same, of all rows that are over some limit: those that fit may be too many to be looked at. */
static void over_sql(const Ctx *ctx, ExprSql *sql, const Type *type)
{
    for (size_t i = 0; i < type->clock_count; i++) {
        const Clock *clock = &type->clocks[i];
        buf_printf(&sql->sql, "%sSELECT rowid AS \"row\" FROM \"%.*s\" WHERE \"%.*s\" <= ", i ? " UNION " : "",
                   STR_FMT(type->table), STR_FMT(clock_field(type, clock, CLOCK_DUE)->name));
        expr_sql_param(sql, value_int(ended_day(ctx, clock)));
    }
}

/* " WHERE …": those that show, with their state, and stand on the list. */
static Err where_sql(const Ctx *ctx, ExprSql *sql, const Part *part, bool waiting, bool all)
{
    const Type *type = part->type;
    buf_add(&sql->sql, STR(" WHERE t0.rowid = asked.\"row\" AND "));
    TRY(access_sql_visible(ctx, sql, STR("t0"), type));
    buf_add(&sql->sql, STR(" AND "));
    TRY(access_sql_shows(ctx, sql, STR("t0"), &type->fields[SYS_STATE]));
    if (!waiting && !all)
        return ERR_OK;
    buf_add(&sql->sql, waiting ? STR(" AND NOT coalesce(") : STR(" AND coalesce("));
    TRY(access_sql_fits(ctx, sql, STR("t0"), type, part->mine.items, part->mine.count));
    buf_add(&sql->sql, STR(", FALSE)"));
    if (!waiting)
        return ERR_OK;
    for (int field = SYS_OWNER; field <= SYS_CREATOR; field++) { /* whose it is must not show by its standing there */
        buf_add(&sql->sql, STR(" AND "));
        TRY(access_sql_shows(ctx, sql, STR("t0"), &type->fields[field]));
    }
    buf_add(&sql->sql, STR(" AND "));
    return access_sql_fits(ctx, sql, STR("t0"), type, part->stands.items, part->stands.count);
}

/* " FROM … WHERE …": rows of the list, late or not. */
static Err from_sql(const Ctx *ctx, ExprSql *sql, const Part *part, Pile pile, bool *out)
{
    bool over = pile == PILE_LATE && part->more[pile];
    *out = true;
    buf_add(&sql->sql, STR(" FROM ("));
    if (over)
        over_sql(ctx, sql, part->type);
    else
        TRY(looked_sql(ctx, sql, part, pile == PILE_WAITING, out));
    buf_printf(&sql->sql, ") AS asked CROSS JOIN \"%.*s\" AS t0", STR_FMT(part->type->table));
    return where_sql(ctx, sql, part, pile == PILE_WAITING, over);
}

/* The limit as a column, and " FROM … WHERE …" of the rows of a list. */
static Err pile_sql(const Ctx *ctx, ExprSql *sql, const Part *part, Pile pile, bool *out)
{
    TRY(limit_sql(ctx, sql, part->type));
    buf_add(&sql->sql, STR(" AS \"limit\""));
    TRY(from_sql(ctx, sql, part, pile, out));
    if (pile == PILE_LATE)
        buf_add(&sql->sql, STR(" AND \"limit\" % 2 = 0"));
    if (pile == PILE_MINE)
        buf_add(&sql->sql, STR(" AND coalesce(\"limit\" % 2, 1) = 1"));
    return ERR_OK;
}

static bool never(const Part *part, Pile pile) { return pile == PILE_LATE && !part->type->clock_count; }

/* Are there more that fit than are looked at? */
static Err pile_probe(const Ctx *ctx, Part *part, Pile pile)
{
    ExprSql           sql = expr_sql_new(ctx->arena);
    OWNED(rows) Rows *rows = NULL;
    bool              some;
    buf_add(&sql.sql, STR("SELECT 1 FROM ("));
    TRY(looked_sql(ctx, &sql, part, pile == PILE_WAITING, &some));
    if (!some)
        return ERR_OK;
    buf_add(&sql.sql, STR(") LIMIT 1 OFFSET "));
    expr_sql_param(&sql, value_int(DESK_LOOKED));
    TRY(db_query(ctx->db, buf_str(&sql.sql), sql.params, sql.count, &rows));
    return rows_next(rows, &part->more[pile]);
}

static Err pile_count(const Ctx *ctx, Part *part, Pile pile)
{
    ExprSql           sql = expr_sql_new(ctx->arena);
    OWNED(rows) Rows *rows = NULL;
    bool              some;
    if (never(part, pile))
        return ERR_OK;
    buf_add(&sql.sql, STR("SELECT count(*), sum(\"limit\" = "));
    expr_sql_param(&sql, value_int(2 * ctx_today(ctx) + 1));
    buf_add(&sql.sql, STR(") FROM (SELECT "));
    TRY(pile_sql(ctx, &sql, part, pile, &some));
    if (!some)
        return ERR_OK;
    add_limit(&sql, DESK_COUNT_MAX + 1);
    buf_char(&sql.sql, ')');
    TRY(db_query(ctx->db, buf_str(&sql.sql), sql.params, sql.count, &rows));
    TRY(rows_next(rows, &some));
    part->counts[pile] = rows_int(rows, 0);
    part->due_today += pile == PILE_MINE ? rows_int(rows, 1) : 0;
    return ERR_OK;
}

/* Which rows come first is found before they are read. */
static Err first_sql(const Ctx *ctx, ExprSql *sql, const Part *part, Pile pile)
{
    bool some;
    buf_add(&sql->sql, STR(" FROM (SELECT asked.\"row\", "));
    TRY(pile_sql(ctx, sql, part, pile, &some));
    buf_add(&sql->sql, STR(" ORDER BY \"limit\" IS NULL, \"limit\", t0.\"changed\", t0.\"id\""));
    add_limit(sql, DESK_ROWS);
    buf_printf(&sql->sql, ") AS first CROSS JOIN \"%.*s\" AS t0 WHERE t0.rowid = first.\"row\"",
               STR_FMT(part->type->table));
    return ERR_OK;
}

static Err pile_read(Desk *desk, Part *part, Pile pile)
{
    const Ctx        *ctx = desk->ctx;
    const Type       *type = part->type;
    ExprSql           sql = expr_sql_new(ctx->arena);
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    TRY(access_plan(ctx, type, &part->plan));
    int end = (int)type->stored_count + access_plan_width(part->plan);
    buf_add(&sql.sql, STR("SELECT "));
    record_columns(&sql.sql, type, STR("t0"));
    TRY(access_plan_columns(part->plan, &sql, STR("t0")));
    buf_add(&sql.sql, STR(", first.\"limit\""));
    TRY(first_sql(ctx, &sql, part, pile));
    TRY(db_query(ctx->db, buf_str(&sql.sql), sql.params, sql.count, &rows));
    for (;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        ARENA_ROOM(ctx->arena, desk->rows[pile], desk->row_counts[pile], desk->row_capacities[pile]);
        Row *row = &desk->rows[pile][desk->row_counts[pile]++];
        *row = (Row){ .part = part, .limited = !rows_missing(rows, end), .key = rows_int(rows, end) };
        record_from_row(ctx->arena, type, rows, 0, &row->record);
        access_plan_clearance(part->plan, rows, (int)type->stored_count, &row->record);
    }
}

static int by_limit(const void *a, const void *b)
{
    const Row *x = a, *y = b;
    int64_t    x_changed = x->record.values[SYS_CHANGED].number, y_changed = y->record.values[SYS_CHANGED].number;
    if (x->limited != y->limited)
        return x->limited ? -1 : 1;
    if (x->limited && x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x_changed != y_changed)
        return x_changed < y_changed ? -1 : 1;
    return str_cmp(record_id(&x->record), record_id(&y->record));
}

static Err part_read(Desk *desk, Part *part, Pile pile)
{
    if (pile == PILE_MINE)
        part->more[pile] = part->more[PILE_LATE]; /* they fit in the same ways */
    else
        TRY(pile_probe(desk->ctx, part, pile));
    TRY(pile_count(desk->ctx, part, pile));
    return part->counts[pile] ? pile_read(desk, part, pile) : ERR_OK;
}

static Err desk_read(Desk *desk)
{
    for (Pile pile = PILE_LATE; pile < PILE_COUNT; pile++) {
        for (size_t i = 0; i < desk->part_count; i++)
            TRY(part_read(desk, &desk->parts[i], pile));
        if (desk->row_counts[pile])
            qsort(desk->rows[pile], desk->row_counts[pile], sizeof *desk->rows[pile], by_limit);
        if (desk->row_counts[pile] > DESK_ROWS)
            desk->row_counts[pile] = DESK_ROWS;
    }
    return ERR_OK;
}

/* ---- who is awaited ---- */

typedef struct Names { /* of the persons and organisations that a relation names */
    const Ctx    *ctx;
    const Record *record;
    Json         *out;
    Err           err;
} Names;

static Err name_add(const Names *names, const Type *type, Str id)
{
    Record party;
    Err    err = find_one(names->ctx, type, id, &party);
    if (err.kind == ERR_UNSEEN)
        return ERR_OK;
    TRY(err);
    Str title = record_title(names->ctx, &party);
    JSON_EACH(known, names->out)
        if (str_eq(json_text(known), title))
            return ERR_OK;
    if (title.len)
        json_push(names->out, json_string(names->ctx->arena, title));
    return ERR_OK;
}

/* Along the references, as far as the actor sees. */
static Err name_path(const Names *names, const void *const *fields, size_t count)
{
    Record at = *names->record;
    for (size_t i = 0; i < count; i++) {
        const Field *field = fields[i];
        Value        value = at.values[field->index];
        if (!access_shows(&at.clearance, field) || value.kind == VALUE_MISSING)
            return ERR_OK;
        if (i + 1 == count) {
            for (Str rest = value.text; rest.len;)
                TRY(name_add(names, field->target, value_list_next(&rest)));
            return ERR_OK;
        }
        Err err = find_one(names->ctx, field->target, value.text, &at);
        if (err.kind)
            return err.kind == ERR_UNSEEN ? ERR_OK : err;
    }
    return ERR_OK;
}

static void name_visit(void *context, const void *const *fields, size_t count)
{
    Names *names = context;
    if (!names->err.kind)
        names->err = name_path(names, fields, count);
}

static Str roles_label(const Ctx *ctx, const Who *who)
{
    const Pack *pack = ctx->city->pack;
    Str         labels[ROLES_MAX];
    size_t      count = 0;
    for (size_t i = 0; i < pack->role_count; i++)
        if (who->roles >> i & 1)
            labels[count++] = pack->roles[i].label.in[ctx->lang];
    return str_join(ctx->arena, labels, count, ctx->lang == LANG_ZH ? STR("、") : STR(", "));
}

static Err who_json(const Ctx *ctx, const Record *record, const Who *who, Json *list)
{
    Json *item = json_object(ctx->arena);
    Names names = { .ctx = ctx, .record = record, .out = json_array(ctx->arena) };
    json_set_str(ctx->arena, item, STR("label"), roles_label(ctx, who));
    json_set(item, STR("names"), names.out);
    if (who->relation != RELATION_ANY)
        expr_parties(record->type->relations[who->relation].when, name_visit, &names);
    TRY(names.err);
    json_push(list, item);
    return ERR_OK;
}

static bool who_before(const Action *action, size_t count, const Type *type, int state)
{
    const Who *who = &action->who[count];
    for (size_t a = 0; a <= action->index; a++) {
        const Action *other = &type->actions[a];
        for (size_t w = 0; w < (other == action ? count : other->who_count); w++)
            if (other->awaited && (other->from >> state & 1) && other->who[w].roles == who->roles &&
                other->who[w].relation == who->relation)
                return true;
    }
    return false;
}

static Err awaits_json(const Ctx *ctx, const Record *record, Json **out)
{
    const Type *type = record->type;
    int         state = record_state(record);
    *out = json_array(ctx->arena);
    for (size_t i = 0; i < type->action_count; i++) {
        const Action *action = &type->actions[i];
        if (!action->awaited || !(action->from >> state & 1))
            continue;
        for (size_t w = 0; w < action->who_count; w++)
            if (!who_before(action, w, type, state))
                TRY(who_json(ctx, record, &action->who[w], *out));
    }
    return ERR_OK;
}

/* ---- as JSON ---- */

static bool is_allowed(const Json *option)
{
    bool allowed = false;
    return json_truth(json_get(option, STR("allowed")), &allowed) && allowed;
}

/* The step itself, where it is not looked at whether it can be taken. */
static Json *step_named(const Ctx *ctx, const Action *action)
{
    Json *step = json_object(ctx->arena);
    json_set_str(ctx->arena, step, STR("name"), action->name);
    json_set_str(ctx->arena, step, STR("label"), action->label.in[ctx->lang]);
    return step;
}

static Err begun_json(const Ctx *ctx, const Record *record, Json **out)
{
    const Type *type = record->type;
    for (size_t i = 0; i < type->begun_count; i++) {
        const Begun *begun = &type->begun[i];
        for (size_t w = 0; w < begun->action->who_count; w++) {
            Who  who = who_begins(begun, w);
            bool is = begun->states >> record_state(record) & 1;
            if (is)
                TRY(access_stands(ctx, &who, record, &is));
            if (!is)
                continue;
            *out = step_named(ctx, begun->action);
            json_set_str(ctx->arena, *out, STR("type"), begun->type->name);
            json_set_bool(ctx->arena, *out, STR("allowed"), true);
            return ERR_OK;
        }
    }
    return ERR_OK;
}

static Err step_json(const Desk *desk, const Record *record, Json **out)
{
    const Ctx  *ctx = desk->ctx;
    const Type *type = record->type;
    int         state = record_state(record);
    Json       *others = NULL; /* whoever can take several decides where the record can be read, not on the desk */
    *out = NULL;
    for (size_t i = 0; i < type->action_count; i++) {
        const Action *action = &type->actions[i];
        Permit        permit;
        Json         *option;
        if (!action->awaited || !(action->from >> state & 1))
            continue;
        TRY(access_permits(ctx, action, record, &permit));
        if (permit != PERMIT_YES)
            continue;
        if (arena_used(ctx->arena) - desk->read_bytes > DESK_STEPS_BYTES) {
            *out = *out ? *out : step_named(ctx, action);
            return ERR_OK;
        }
        TRY(act_option(ctx, action, record, &option));
        if (*out && is_allowed(*out) && is_allowed(option))
            json_push(others = others ? others : json_set(*out, STR("or"), json_array(ctx->arena)),
                      json_string(ctx->arena, action->label.in[ctx->lang]));
        else if (!*out || is_allowed(option))
            *out = option;
    }
    return *out ? ERR_OK : begun_json(ctx, record, out);
}

/* What the parent is called, of a record that is part of another. */
static Err parent_title(const Ctx *ctx, const Record *record, Str *out)
{
    const Type *type = record->type;
    Record      parent;
    *out = STR_NONE;
    if (type->parent < 0 || !access_shows(&record->clearance, &type->fields[type->parent]))
        return ERR_OK;
    Err err = find_one(ctx, type->fields[type->parent].target, record->values[type->parent].text, &parent);
    if (!err.kind)
        *out = record_title(ctx, &parent);
    return err.kind == ERR_UNSEEN ? ERR_OK : err;
}

static Err head_json(const Ctx *ctx, const Record *record, Json *json)
{
    const Type *type = record->type;
    Str         title = record_title(ctx, record), number = record->values[SYS_NUMBER].text, of;
    TRY(parent_title(ctx, record, &of));
    json_set_str(ctx->arena, json, STR("id"), record_id(record));
    json_set_str(ctx->arena, json, STR("type"), type->name);
    if (number.len && access_shows(&record->clearance, &type->fields[SYS_NUMBER]))
        json_set_str(ctx->arena, json, STR("number"), number);
    if (title.len)
        json_set_str(ctx->arena, json, STR("title"), title);
    if (of.len)
        json_set_str(ctx->arena, json, STR("of"), of);
    json_set_str(ctx->arena, json, STR("state"), record->values[SYS_STATE].text);
    json_set_str(ctx->arena, json, STR("state_label"), type->states[record_state(record)].label.in[ctx->lang]);
    return ERR_OK;
}

static Err row_json(const Desk *desk, const Row *row, bool waiting, Json *items)
{
    const Ctx    *ctx = desk->ctx;
    const Record *record = &row->record;
    const Clock  *clock = limit_of(ctx, record);
    Json         *json = json_object(ctx->arena), *more;
    TRY(head_json(ctx, record, json_set(json, STR("record"), json_object(ctx->arena))));
    TRY(waiting ? awaits_json(ctx, record, &more) : step_json(desk, record, &more));
    if (more)
        json_set(json, waiting ? STR("awaits") : STR("step"), more);
    json_set(json, STR("limit"), clock ? clock_stand_json(ctx, record, clock) : json_null(ctx->arena));
    json_set(json, STR("since"), value_json(ctx->arena, record->values[SYS_CHANGED]));
    json_push(items, json);
    return ERR_OK;
}

static bool more_than_counted(const Part *part, Pile pile)
{
    return part->counts[pile] > DESK_COUNT_MAX || (pile != PILE_LATE && part->more[pile]);
}

static int64_t counted(int64_t count) { return count < DESK_COUNT_MAX ? count : DESK_COUNT_MAX; }

static void put_total(const Ctx *ctx, Json *json, int64_t total, bool more)
{
    json_set_int(ctx->arena, json, STR("total"), total);
    json_set_bool(ctx->arena, json, STR("more"), more);
}

static Json *states_json(const Ctx *ctx, const Part *part, Pile pile)
{
    const Ways *ways = pile == PILE_WAITING ? &part->waiting : &part->mine;
    uint64_t    states = 0;
    Json       *json = json_array(ctx->arena);
    for (size_t i = 0; i < ways->count; i++)
        if (ctx->actor && (!ways->items[i].who.roles || ways->items[i].who.roles >> ctx->actor->role & 1))
            states |= ways->items[i].states;
    for (size_t i = 0; i < part->type->state_count; i++)
        if (states >> i & 1)
            json_push(json, json_string(ctx->arena, part->type->states[i].name));
    return json;
}

static Err pile_json(const Desk *desk, Pile pile, Json *into)
{
    const Ctx *ctx = desk->ctx;
    Json      *json = json_set(into, pile_names[pile], json_object(ctx->arena));
    Json      *items = json_set(json, STR("items"), json_array(ctx->arena));
    Json      *types = json_array(ctx->arena);
    int64_t    total = 0;
    bool       more = false;
    for (size_t i = 0; i < desk->row_counts[pile]; i++)
        TRY(row_json(desk, &desk->rows[pile][i], pile == PILE_WAITING, items));
    for (size_t i = 0; i < desk->part_count; i++) {
        const Part *part = &desk->parts[i];
        bool        some_more = more_than_counted(part, pile);
        more |= some_more;
        total += counted(part->counts[pile]);
        if (!part->counts[pile])
            continue;
        Json *type = json_push(types, json_object(ctx->arena));
        json_set_str(ctx->arena, type, STR("type"), part->type->name);
        json_set_str(ctx->arena, type, STR("label"), part->type->plural.in[ctx->lang]);
        json_set(type, STR("states"), states_json(ctx, part, pile));
        put_total(ctx, type, counted(part->counts[pile]), some_more);
    }
    put_total(ctx, json, total, more);
    json_set(json, STR("types"), types);
    return ERR_OK;
}

/* What a service is for is likelier than what only an operator keeps, and what stands alone than what is part of
 * another record. */
static int unlikely(const Type *type) { return (type->service < 0) * 2 + (type->parent >= 0); }

static Err next_json(const Ctx *ctx, Json *list)
{
    const Pack *pack = ctx->city->pack;
    for (int turn = 0; turn < 4; turn++)
        for (size_t i = 0; i < pack->type_count; i++) {
            const Type *type = &pack->types[i];
            bool        may = false;
            if (unlikely(type) != turn || type_begun_there(type))
                continue;
            TRY(act_may_create(ctx, type, &may));
            if (!may)
                continue;
            Json *item = json_push(list, json_object(ctx->arena));
            json_set_str(ctx->arena, item, STR("type"), type->name);
            json_set_str(ctx->arena, item, STR("label"), type_action(type, STR("create"))->label.in[ctx->lang]);
        }
    return ERR_OK;
}

Err desk_json(const Ctx *ctx, Json **out)
{
    Desk    desk = desk_new(ctx);
    int64_t due_today = 0;
    TRY(desk_read(&desk));
    desk.read_bytes = arena_used(ctx->arena);
    for (size_t i = 0; i < desk.part_count; i++)
        due_today += desk.parts[i].due_today;
    Json *json = json_object(ctx->arena);
    json_set_str(ctx->arena, json, STR("today"), date_text(ctx->arena, ctx_today(ctx)));
    json_set_int(ctx->arena, json, STR("due_today"), due_today);
    for (Pile pile = PILE_LATE; pile < PILE_COUNT; pile++)
        TRY(pile_json(&desk, pile, json));
    *out = json;
    return next_json(ctx, json_set(json, STR("next"), json_array(ctx->arena)));
}

Err desk_count(const Ctx *ctx, int64_t *out)
{
    Desk desk = desk_new(ctx);
    *out = 0;
    for (size_t i = 0; i < desk.part_count && *out <= DESK_FRAME_MAX; i++) {
        ExprSql sql = expr_sql_new(ctx->arena);
        Numbers counted;
        bool    some;
        buf_add(&sql.sql, STR("SELECT count(*) FROM (SELECT 1"));
        TRY(from_sql(ctx, &sql, &desk.parts[i], PILE_MINE, &some));
        if (!some)
            continue;
        add_limit(&sql, DESK_FRAME_MAX + 1 - *out);
        buf_char(&sql.sql, ')');
        TRY(access_numbers(ctx, &sql, &counted));
        *out += counted.items[0];
    }
    return ERR_OK;
}
