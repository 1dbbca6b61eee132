#include "kernel/find.h"

#include "base/hash.h"
#include "base/limits.h"
#include "kernel/act.h"
#include "kernel/clock_view.h"
#include "kernel/file_store.h"
#include "kernel/rows.h"

#define LIST_ROWS_DEFAULT 50

/* ---- sorting ---- */

typedef struct Sort {
    const Field *field;
    bool         descending;
} Sort;

bool find_sortable(const Field *field)
{
    if (field->system && field->index == SYS_ERASED) /* as in expressions: pack_scope */
        return false;
    switch (field->kind) {
    case FIELD_ROWS:
    case FIELD_FILE:
    case FIELD_FILES:
    case FIELD_REFERENCES: return false;
    case FIELD_COMPUTED: return field->filterable;
    default: return true;
    }
}

static void sort_parse(const Type *type, Str text, Sort *out, Problems *problems)
{
    Str name = text.len ? text : type->sort.len ? type->sort : STR("-created");
    out->descending = str_starts(name, STR("-"));
    if (out->descending)
        name = str_slice(name, 1, name.len);
    out->field = type_field(type, name);
    if (!out->field)
        PROBLEM(problems, ECODE_FIELD_UNKNOWN, STR("sort"), STR_NONE, ARG("field", text));
    else if (!find_sortable(out->field))
        PROBLEM(problems, ECODE_QUERY_SORT, STR("sort"), STR_NONE, ARG_TEXT("label", out->field->label));
}

/* ---- the cursor: where the page before ended, signed and bound to the list ---- */

#define CURSOR_MAC 16

static Hash cursor_mac(const Ctx *ctx, const Type *type, const Query *query, Str payload)
{
    Buf bytes = buf_new(ctx->arena, SIZE_MAX);
    Str parts[] = { STR("cursor"), type->name, query->filter, query->sort, ctx->actor->membership, payload };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        buf_add(&bytes, parts[i]);
        buf_char(&bytes, '\0');
    }
    return hmac_sha256(hash_str(&ctx->city->secret), buf_str(&bytes));
}

static Str cursor_write(const Ctx *ctx, const Type *type, const Query *query, Value last, Str id)
{
    Str  payload = str_printf(ctx->arena, "%.*s\n%.*s", STR_FMT(id), STR_FMT(value_encode(ctx->arena, last)));
    Hash mac = cursor_mac(ctx, type, query, payload);
    Buf  bytes = buf_new(ctx->arena, SIZE_MAX);
    buf_add(&bytes, str_slice(hash_str(&mac), 0, CURSOR_MAC));
    buf_add(&bytes, payload);
    return base64url_encode(ctx->arena, buf_str(&bytes));
}

static Err cursor_read(const Ctx *ctx, const Type *type, const Query *query, Value *last, Str *id)
{
    Str bytes;
    if (!base64url_decode(ctx->arena, query->cursor, &bytes) || bytes.len <= CURSOR_MAC)
        return err_make(ECODE_HTTP_CURSOR, "not a cursor");
    Str  payload = str_slice(bytes, CURSOR_MAC, bytes.len);
    Hash mac = cursor_mac(ctx, type, query, payload);
    if (!bytes_eq_secret(str_slice(bytes, 0, CURSOR_MAC), str_slice(hash_str(&mac), 0, CURSOR_MAC)))
        return err_make(ECODE_HTTP_CURSOR, "signed for another list");
    *id = str_cut(&payload, '\n');
    return value_decode(payload, last) ? ERR_OK : err_make(ECODE_HTTP_CURSOR, "value cannot be read");
}

/* ---- building the statement ---- */

static const Str row_alias = STR_INIT("t0");

typedef struct List {
    const Ctx   *ctx;
    const Type  *type;
    const Query *query;
    Sort         sort;
    Expr        *filter; /* or NULL */
    ExprSql      where;  /* it as SQL */
    AccessPlan  *plan;
    int64_t      limit;
    bool         none; /* the filter holds of no row that this reader could see */
    bool         few;  /* access_few() */
} List;

static Err filter_sql(List *list)
{
    ExprSqlEnv env = access_sql_env(list->ctx);
    list->where = expr_sql_new(list->ctx->arena);
    TRY(expr_sql(list->filter, &env, row_alias, &list->where));
    list->none = str_eq(buf_str(&list->where.sql), STR("FALSE"));
    return ERR_OK;
}

static Err list_filter(List *list, Problems *problems)
{
    if (list->query->filter.len == 0)
        return ERR_OK;
    Problems  found = { .arena = list->ctx->arena };
    ExprScope scope = pack_scope(list->ctx->city->pack, false);
    Err       err = expr_parse(list->ctx->arena, list->query->filter, &list->filter, &found);
    if (!err.kind)
        err = expr_check(list->ctx->arena, list->filter, &scope, list->type, VALUE_BOOLEAN, true, &found);
    for (size_t i = 0; i < found.count; i++)
        problem_add(problems, found.items[i].code, STR("filter"), STR_NONE, found.items[i].args,
                    found.items[i].arg_count);
    return err.kind ? err : filter_sql(list);
}

static Err list_prepare(const Ctx *ctx, const Type *type, const Query *query, List *list, Problems *problems)
{
    *list = (List){
        .ctx = ctx, .type = type, .query = query, .limit = query->limit ? query->limit : LIST_ROWS_DEFAULT
    };
    size_t before = problems->count;
    if (list->limit < 1 || list->limit > LIMIT_LIST_ROWS)
        PROBLEM(problems, ECODE_HTTP_PARAMETER, STR("limit"), STR_NONE, ARG("name", STR("limit")),
                ARG("expected", str_printf(ctx->arena, "1–%d", LIMIT_LIST_ROWS)));
    sort_parse(type, query->sort, &list->sort, problems);
    Err err = list_filter(list, problems);
    if (problems->count > before || err.kind)
        return err_make(ECODE_QUERY_INVALID, "list of %.*s", STR_FMT(type->name));
    TRY(access_few(ctx, type, &list->few));
    return access_plan(ctx, type, &list->plan);
}

static Err add_visible(const List *list, ExprSql *sql)
{
    return access_sql_visible(list->ctx, sql, row_alias, list->type);
}

static Err add_sort_shows(const List *list, ExprSql *sql)
{
    return access_sql_shows(list->ctx, sql, row_alias, list->sort.field);
}

/* CROSS JOIN: from the rows that are looked up to what is in them, and not the other way round. */
static Err add_from(const List *list, ExprSql *sql)
{
    buf_add(&sql->sql, STR(" FROM "));
    if (list->few) {
        buf_char(&sql->sql, '(');
        TRY(access_sql_rows(list->ctx, sql, list->type));
        buf_add(&sql->sql, STR(") AS seen CROSS JOIN "));
    }
    buf_printf(&sql->sql, "\"%.*s\" AS %.*s WHERE ", STR_FMT(list->type->table), STR_FMT(row_alias));
    if (list->few)
        buf_printf(&sql->sql, "%.*s.rowid = seen.\"row\" AND ", STR_FMT(row_alias));
    return ERR_OK;
}

/* A statement of the list; the filter has its own aliases. */
static ExprSql list_statement(const List *list, Str head)
{
    ExprSql sql = expr_sql_new(list->ctx->arena);
    sql.aliases = list->where.aliases;
    buf_add(&sql.sql, head);
    return sql;
}

static void add_filter(const List *list, ExprSql *sql)
{
    buf_char(&sql->sql, '(');
    if (list->filter)
        expr_sql_add(sql, &list->where);
    else
        buf_add(&sql->sql, STR("TRUE"));
    buf_char(&sql->sql, ')');
}

/* A condition on the reader's rights, and the filter, apart from the indexes, so that the statement passes the rows in
 * the order of the list and ends when it has enough, or those that a reference in the filter leads to. The filter is
 * looked at in the rows alone that stand the condition: how long it takes must not tell what is in the others, and the
 * database would begin with what it takes to be cheaper. */
static Err add_apart(const List *list, ExprSql *sql, Err (*condition)(const List *list, ExprSql *sql))
{
    ExprSqlEnv env = access_sql_env(list->ctx);
    if (list->none) {
        buf_add(&sql->sql, STR("FALSE"));
        return ERR_OK;
    }
    if (list->filter)
        TRY(expr_sql_leads(list->filter, &env, row_alias, sql));
    buf_add(&sql->sql, STR("CASE WHEN "));
    TRY(condition(list, sql));
    buf_add(&sql->sql, STR(" THEN "));
    add_filter(list, sql);
    buf_add(&sql->sql, STR(" ELSE FALSE END"));
    return ERR_OK;
}

/* Of the rows that add_from() reads those of the list. */
static Err add_those(const List *list, ExprSql *sql)
{
    if (!list->few && !access_always(list->ctx, list->type))
        return add_apart(list, sql, add_visible);
    add_filter(list, sql);
    return ERR_OK;
}

/* "SELECT … FROM … WHERE …": one row for each of the list, to count them. */
static Err add_all(const List *list, ExprSql *sql)
{
    buf_add(&sql->sql, STR("SELECT 1"));
    TRY(add_from(list, sql));
    return add_those(list, sql);
}

/* The same, of what is known of it before it is asked whether they are few. */
static Err add_counted(List *list, ExprSql *sql)
{
    bool done = false;
    if (!list->filter)
        TRY(access_sql_counted(list->ctx, sql, list->type, &done));
    if (done)
        return ERR_OK;
    TRY(access_few(list->ctx, list->type, &list->few));
    return add_all(list, sql);
}

/* A list is read in two stretches: the rows in which the reader finds a value to sort by, in its order, and those where
 * it is missing or hidden, by their ids; the latter first, going up. Each is a range of an index. */
typedef enum Stretch { STRETCH_MISSING, STRETCH_VALUE } Stretch;

typedef struct Place { /* behind which a page begins */
    bool  given;
    Value value; /* missing: in the stretch without values */
    Str   id;
} Place;

static Stretch stretch_of(const Place *place)
{
    return place->value.kind == VALUE_MISSING ? STRETCH_MISSING : STRETCH_VALUE;
}

static bool never_missing(const List *list)
{
    const Field *field = list->sort.field;
    bool         kept = field->index == SYS_ID || field->index == SYS_STATE || field->index == SYS_VERSION ||
                field->index == SYS_DISCLOSURE || field->index == SYS_CREATED || field->index == SYS_CHANGED;
    return kept && access_field_always(list->ctx, field);
}

/* Where the field by which the list is sorted shows, the row does. */
static Err add_stretch(const List *list, ExprSql *sql, Stretch stretch)
{
    const Field *field = list->sort.field;
    bool         always = access_field_always(list->ctx, field);
    bool         shown = stretch == STRETCH_VALUE && !always;
    if (shown)
        TRY(add_apart(list, sql, add_sort_shows));
    else
        TRY(add_those(list, sql));
    buf_add(&sql->sql, STR(" AND "));
    if (stretch == STRETCH_MISSING)
        TRY(access_sql_column(list->ctx, sql, row_alias, field));
    else
        TRY(access_sql_value(list->ctx, sql, row_alias, field));
    buf_add(&sql->sql, stretch == STRETCH_MISSING ? STR(" IS NULL") : STR(" IS NOT NULL"));
    return ERR_OK;
}

static Err add_after(const List *list, ExprSql *sql, const Place *place)
{
    const char *beyond = list->sort.descending ? "<" : ">";
    bool        value = stretch_of(place) == STRETCH_VALUE;
    buf_add(&sql->sql, value ? STR(" AND (") : STR(" AND "));
    if (value) {
        TRY(access_sql_value(list->ctx, sql, row_alias, list->sort.field));
        buf_add(&sql->sql, STR(", "));
    }
    buf_printf(&sql->sql, value ? "t0.\"id\") %s (" : "t0.\"id\" %s ", beyond);
    if (value) {
        expr_sql_param(sql, place->value);
        buf_add(&sql->sql, STR(", "));
    }
    expr_sql_param(sql, value_id(place->id));
    buf_add(&sql->sql, value ? STR(")") : STR_NONE);
    return ERR_OK;
}

static Err add_order(const List *list, ExprSql *sql, Stretch stretch)
{
    const char *way = list->sort.descending ? "DESC" : "ASC";
    buf_add(&sql->sql, STR(" ORDER BY "));
    if (stretch == STRETCH_VALUE) {
        TRY(access_sql_value(list->ctx, sql, row_alias, list->sort.field));
        buf_printf(&sql->sql, " %s, ", way);
    }
    buf_printf(&sql->sql, "t0.\"id\" %s", way);
    return ERR_OK;
}

static Err add_columns(const List *list, ExprSql *sql)
{
    record_columns(&sql->sql, list->type, row_alias);
    return access_plan_columns(list->plan, sql, row_alias);
}

static void add_limit(ExprSql *sql, int64_t most)
{
    buf_add(&sql->sql, STR(" LIMIT "));
    expr_sql_param(sql, value_int(most));
}

/* Where the rows of one stretch lie. */
static Err stretch_sql(const List *list, ExprSql *sql, Stretch stretch, const Place *after, int64_t most)
{
    TRY(add_from(list, sql));
    TRY(add_stretch(list, sql, stretch));
    if (after->given && stretch_of(after) == stretch)
        TRY(add_after(list, sql, after));
    TRY(add_order(list, sql, stretch));
    add_limit(sql, most);
    return ERR_OK;
}

/* ---- few rows: looked up and sorted, those without a value among them ---- */

static Err add_key(const List *list, ExprSql *sql)
{
    return access_sql_column(list->ctx, sql, row_alias, list->sort.field);
}

/* " AND (…)": what comes after the place. */
static Err add_few_after(const List *list, ExprSql *sql, const Place *place)
{
    bool down = list->sort.descending, value = stretch_of(place) == STRETCH_VALUE;
    buf_add(&sql->sql, value ? STR(" AND ((") : STR(" AND ("));
    TRY(add_key(list, sql));
    if (value) {
        buf_add(&sql->sql, down ? STR(", t0.\"id\") < (") : STR(", t0.\"id\") > ("));
        expr_sql_param(sql, place->value);
        buf_add(&sql->sql, STR(", "));
    } else {
        buf_add(&sql->sql, down ? STR(" IS NULL AND t0.\"id\" < ") : STR(" IS NOT NULL OR t0.\"id\" > "));
    }
    expr_sql_param(sql, value_id(place->id));
    buf_add(&sql->sql, value ? STR(")") : STR_NONE);
    if (value && down) {
        buf_add(&sql->sql, STR(" OR "));
        TRY(add_key(list, sql));
        buf_add(&sql->sql, STR(" IS NULL"));
    }
    buf_char(&sql->sql, ')');
    return ERR_OK;
}

/* All of them are sorted. */
static Err few_sql(const List *list, ExprSql *sql, const Place *after, int64_t most)
{
    bool down = list->sort.descending;
    TRY(add_from(list, sql));
    add_filter(list, sql);
    if (after->given)
        TRY(add_few_after(list, sql, after));
    buf_add(&sql->sql, STR(" ORDER BY "));
    TRY(add_key(list, sql));
    buf_add(&sql->sql, down ? STR(" DESC NULLS LAST, t0.\"id\" DESC") : STR(" ASC NULLS FIRST, t0.\"id\" ASC"));
    add_limit(sql, most);
    return ERR_OK;
}

/* ---- lists: where the rows of a page lie, which is asked once (db_numbers()), and then these rows alone ---- */

/* In the order of their places. */
static Err rows_at_sql(const List *list, ExprSql *sql, const Numbers *places)
{
    Buf json = buf_new(list->ctx->arena, SIZE_MAX);
    for (size_t i = 0; i < places->count; i++)
        buf_printf(&json, "%c%lld", i ? ',' : '[', (long long)places->items[i]);
    buf_char(&json, ']');
    TRY(add_columns(list, sql));
    buf_add(&sql->sql, STR(" FROM json_each("));
    expr_sql_param(sql, value_text(buf_str(&json)));
    buf_printf(&sql->sql, ") AS page CROSS JOIN \"%.*s\" AS %.*s WHERE %.*s.rowid = page.value",
               STR_FMT(list->type->table), STR_FMT(row_alias), STR_FMT(row_alias));
    return ERR_OK;
}

typedef struct Page {
    Found *found;
    size_t capacity, bytes; /* room in found; of the values in it that show */
} Page;

/* It has one record more than it may show: there is a next page. */
static bool page_full(const List *list, const Page *page)
{
    return (int64_t)page->found->count > list->limit || (page->found->count > 1 && page->bytes > LIMIT_PAGE_BYTES);
}

/* Of what shows: where a page ends must not tell how long the rest is. */
static size_t values_bytes(const Record *record)
{
    size_t bytes = 0;
    for (size_t i = 0; i < record->type->stored_count; i++)
        bytes += access_shows(&record->clearance, &record->type->fields[i]) ? record->values[i].text.len : 0;
    return bytes;
}

static Err list_read(const List *list, const Numbers *places, Page *page)
{
    Arena            *arena = list->ctx->arena;
    Found            *out = page->found;
    ExprSql           sql = list_statement(list, STR("SELECT "));
    OWNED(rows) Rows *rows = NULL;
    TRY(rows_at_sql(list, &sql, places));
    if (buf_full(&sql.sql))
        return err_make(ECODE_INTERNAL, "statement too long");
    TRY(db_query(list->ctx->db, buf_str(&sql.sql), sql.params, sql.count, &rows));
    for (bool more; !page_full(list, page);) {
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        ARENA_ROOM(arena, out->records, out->count, page->capacity);
        Record *record = &out->records[out->count++];
        record_from_row(arena, list->type, rows, 0, record);
        access_plan_clearance(list->plan, rows, (int)list->type->stored_count, record);
        page->bytes += values_bytes(record);
    }
    return ERR_OK;
}

/* Statements of places name no column but the row's place. */
static Err list_places(const List *list, const ExprSql *sql, Page *page)
{
    Numbers places;
    TRY(access_numbers(list->ctx, sql, &places));
    return places.count ? list_read(list, &places, page) : ERR_OK;
}

static Err list_stretch(const List *list, Stretch stretch, const Place *after, Page *page)
{
    ExprSql sql = list_statement(list, STR("SELECT t0.rowid"));
    TRY(stretch_sql(list, &sql, stretch, after, list->limit + 1 - (int64_t)page->found->count));
    return list_places(list, &sql, page);
}

static Err list_few(const List *list, const Place *after, Page *page)
{
    ExprSql sql = list_statement(list, STR("SELECT t0.rowid"));
    TRY(few_sql(list, &sql, after, list->limit + 1));
    return list_places(list, &sql, page);
}

/* One stretch after the other, until the page is full. */
static Err list_read_all(const List *list, Page *page)
{
    bool    down = list->sort.descending;
    Stretch first = down ? STRETCH_VALUE : STRETCH_MISSING, last = down ? STRETCH_MISSING : STRETCH_VALUE;
    Place   after = { .given = list->query->cursor.len > 0 };
    if (after.given)
        TRY(cursor_read(list->ctx, list->type, list->query, &after.value, &after.id));
    if (list->few)
        return list_few(list, &after, page);
    bool begun = after.given && stretch_of(&after) == last;
    if (!begun && !(first == STRETCH_MISSING && never_missing(list)))
        TRY(list_stretch(list, first, &after, page));
    if (page_full(list, page) || (last == STRETCH_MISSING && never_missing(list)))
        return ERR_OK;
    return list_stretch(list, last, &after, page);
}

static Err list_rows(const List *list, Found *out)
{
    Page page = { .found = out };
    TRY(list_read_all(list, &page));
    size_t shown = out->count - page_full(list, &page), done;
    TRY(access_computed(list->ctx, out->records, shown, &done));
    bool beyond = done < out->count;
    out->count = done;
    if (!beyond)
        return ERR_OK;
    const Record *last = &out->records[out->count - 1];
    Value         key;
    TRY(access_seen(list->ctx, last, list->sort.field, &key));
    out->next = cursor_write(list->ctx, list->type, list->query, key, record_id(last));
    return ERR_OK;
}

#define COUNT_ALL INT64_MAX /* needs no second loop in the database, as a bound does */

static Err list_count(List *list, int64_t most, int64_t *out)
{
    ExprSql sql = list_statement(list, STR("SELECT count(*) FROM ("));
    TRY(add_counted(list, &sql));
    if (most != COUNT_ALL)
        add_limit(&sql, most);
    buf_char(&sql.sql, ')');
    Numbers counted;
    TRY(access_numbers(list->ctx, &sql, &counted));
    *out = counted.items[0];
    return ERR_OK;
}

/* A statement that was stopped for its length: where there is a filter, that is what made it long. */
static Err list_slow(const List *list, Err err, Problems *problems)
{
    if (err.code != ECODE_STORE_SLOW || !list->filter)
        return err;
    PROBLEM(problems, ECODE_EXPR_COST, STR("filter"), STR_NONE,
            ARG("max", str_printf(problems->arena, "%d", LIMIT_READ_MS)));
    return err_make(ECODE_QUERY_INVALID, "list of %.*s", STR_FMT(list->type->name));
}

Err find(const Ctx *ctx, const Type *type, const Query *query, Found *out, Problems *problems)
{
    if (!ctx->actor)
        return err_make(ECODE_SIGN_IN_NEEDED, "list of %.*s", STR_FMT(type->name));
    List list;
    TRY(list_prepare(ctx, type, query, &list, problems));
    Found found = { .total = -1 };
    Err   err = list_rows(&list, &found);
    if (!err.kind && query->total)
        err = list_count(&list, COUNT_ALL, &found.total);
    if (err.kind)
        return list_slow(&list, err, problems);
    *out = found;
    return ERR_OK;
}

Err find_count(const Ctx *ctx, const Type *type, Str filter, int64_t most, int64_t *out, Problems *problems)
{
    if (!ctx->actor)
        return err_make(ECODE_SIGN_IN_NEEDED, "count of %.*s", STR_FMT(type->name));
    Query query = { .filter = filter };
    List  list = { .ctx = ctx, .type = type, .query = &query };
    TRY(list_filter(&list, problems));
    return list_count(&list, most + 1, out);
}

/* ---- one record ---- */

Err find_one(const Ctx *ctx, const Type *type, Str id, Record *out)
{
    Record record;
    size_t done;
    bool   found = false;
    if (!ctx->actor)
        return err_make(ECODE_SIGN_IN_NEEDED, "record of %.*s", STR_FMT(type->name));
    if (uuid_valid(id))
        TRY(record_load(ctx->db, ctx->arena, type, id, &record, &found));
    if (found) {
        TRY(access_clearance(ctx, &record, &record.clearance));
        found = access_sees(&record.clearance);
    }
    if (!found)
        return err_make(ECODE_RECORD_UNSEEN, "%.*s", STR_FMT(type->name));
    TRY(access_computed(ctx, &record, 1, &done));
    *out = record;
    return ERR_OK;
}

Err find_children(const Ctx *ctx, const Record *record, const Type *type, Record **out, size_t *count)
{
    if (type->parent < 0 || type->fields[type->parent].target != record->type)
        return err_make(ECODE_INTERNAL, "%.*s is no child", STR_FMT(type->name));
    Record *all;
    size_t  total, done, kept = 0;
    TRY(record_children(ctx->db, ctx->arena, type, &type->fields[type->parent], record_id(record), &all, &total));
    for (size_t i = 0; i < total; i++) {
        TRY(access_clearance(ctx, &all[i], &all[i].clearance));
        /* the link itself must show, or the list would tell what the record hides */
        if (access_sees(&all[i].clearance) && access_shows(&all[i].clearance, &type->fields[type->parent]))
            all[kept++] = all[i];
    }
    *out = all;
    *count = kept;
    TRY(access_computed(ctx, all, kept, &done));
    return done == kept ? ERR_OK : err_make(ECODE_STORE_SLOW, "children of %.*s", STR_FMT(record_id(record)));
}

/* ---- as JSON ---- */

Str record_title(const Ctx *ctx, const Record *record)
{
    const Field *field = field_in_language(record, &record->type->fields[record->type->title], ctx->lang);
    Record       named;
    if (!access_shows(&record->clearance, field))
        return STR_NONE;
    if (field->kind != FIELD_REFERENCE)
        return value_label(ctx->arena, field, record->values[field->index]).in[ctx->lang];
    bool seen = record->values[field->index].kind == VALUE_ID &&
                field->target->fields[field->target->title].kind != FIELD_REFERENCE &&
                !find_one(ctx, field->target, record->values[field->index].text, &named).kind;
    return seen ? record_title(ctx, &named) : STR_NONE;
}

static Json *list_json(Arena *arena, Str items)
{
    Json *list = json_array(arena);
    while (items.len)
        json_push(list, json_string(arena, value_list_next(&items)));
    return list;
}

Json *value_json(Arena *arena, Value value)
{
    switch (value.kind) {
    case VALUE_INTEGER: return json_number(arena, value.number);
    case VALUE_BOOLEAN: return json_bool(arena, value.number != 0);
    case VALUE_TEXT:
    case VALUE_ID: return json_string(arena, value.text);
    case VALUE_LIST: return list_json(arena, value.text);
    default: /* decimals, dates, instants: as text; missing is left out by the caller */
        return json_string(arena, value_plain(arena, value));
    }
}

/* What the actor could never see is as unknown as what is not there; what every type has is known to everybody. */
static bool name_known(const Ctx *ctx, const Field *field)
{
    return field->system || access_field_ever(ctx->actor, field);
}

/* "a,b,c" */
static const bool *names_read(const Ctx *ctx, const Type *type, Str names, Str parameter, Problems *problems)
{
    bool *named = ARENA_ARRAY(ctx->arena, bool, type->field_count), references = str_eq(parameter, STR("expand"));
    while (names.len) {
        Str          name = str_trim(str_cut(&names, ','));
        const Field *field = type_field(type, name);
        if (!field || !name_known(ctx, field) || (references && !field->target))
            PROBLEM(problems, ECODE_FIELD_UNKNOWN, parameter, STR_NONE, ARG("field", name));
        else
            named[field->index] = true;
    }
    return named;
}

Err find_wanted(const Ctx *ctx, const Type *type, Str fields, Str expand, Wanted *out, Problems *problems)
{
    size_t before = problems->count;
    out->fields = fields.len ? names_read(ctx, type, fields, STR("fields"), problems) : NULL;
    out->expanded = names_read(ctx, type, expand, STR("expand"), problems);
    return problems->count == before ? ERR_OK : err_make(ECODE_QUERY_INVALID, "fields or expand");
}

static Json *hidden_json(Arena *arena)
{
    Json *hidden = json_object(arena);
    json_set_bool(arena, hidden, STR("hidden"), true);
    return hidden;
}

/* ---- what references led to, direct-mapped by id: a list refers to few records, many times ---- */

#define SEEN_SLOTS 256

struct Seen {
    struct {
        Str   id;
        bool  expand;
        Json *shown;
    } slots[SEEN_SLOTS];
};

void find_remember(Ctx *ctx) { ctx->seen = ARENA_NEW(ctx->arena, struct Seen); }

static size_t seen_slot(Str id) /* the random end of a UUID spreads by itself */
{
    size_t sum = 0;
    for (size_t i = id.len < 8 ? 0 : id.len - 8; i < id.len; i++)
        sum = sum * 31 + (unsigned char)id.ptr[i];
    return sum % SEEN_SLOTS;
}

static Err reference_expand(const Ctx *ctx, const Type *type, Str id, Json **out)
{
    Record target;
    Err    err = find_one(ctx, type, id, &target);
    if (err.kind == ERR_UNSEEN) {
        *out = hidden_json(ctx->arena);
        return ERR_OK;
    }
    TRY(err);
    Json *object = json_object(ctx->arena);
    json_set_str(ctx->arena, object, STR("id"), id);
    json_set_str(ctx->arena, object, STR("type"), type->name);
    if (target.values[SYS_NUMBER].text.len && access_shows(&target.clearance, &type->fields[SYS_NUMBER]))
        json_set_str(ctx->arena, object, STR("number"), target.values[SYS_NUMBER].text);
    Str title = record_title(ctx, &target);
    if (title.len)
        json_set_str(ctx->arena, object, STR("title"), title);
    *out = object;
    return ERR_OK;
}

static Err reference_look(const Ctx *ctx, const Type *type, Str id, bool expand, Json **out)
{
    bool seen;
    if (expand)
        return reference_expand(ctx, type, id, out);
    TRY(access_sees_id(ctx, type, id, &seen));
    *out = seen ? json_string(ctx->arena, id) : hidden_json(ctx->arena);
    return ERR_OK;
}

static Err reference_json(const Ctx *ctx, const Type *type, Str id, bool expand, Json **out)
{
    if (!expand && access_always(ctx, type)) {
        *out = json_string(ctx->arena, id);
        return ERR_OK;
    }
    if (!ctx->seen)
        return reference_look(ctx, type, id, expand, out);
    size_t slot = seen_slot(id);
    bool   known = ctx->seen->slots[slot].expand == expand && str_eq(ctx->seen->slots[slot].id, id);
    if (!known) {
        TRY(reference_look(ctx, type, id, expand, &ctx->seen->slots[slot].shown));
        ctx->seen->slots[slot].id = id;
        ctx->seen->slots[slot].expand = expand;
    }
    *out = json_dup(ctx->arena, ctx->seen->slots[slot].shown);
    return ERR_OK;
}

static Err references_json(const Ctx *ctx, const Type *type, Str ids, bool expand, Json **out)
{
    Json *list = json_array(ctx->arena), *shown;
    while (ids.len) {
        TRY(reference_json(ctx, type, value_list_next(&ids), expand, &shown));
        json_push(list, shown);
    }
    *out = list;
    return ERR_OK;
}

static Err shown_json(const Ctx *ctx, const Field *field, Value value, bool expand, Json **out);

static Err rows_json(const Ctx *ctx, const Field *field, Value value, Json **out)
{
    Json   *list = json_array(ctx->arena), *shown;
    Record *rows;
    size_t  count;
    TRY(rows_read(ctx->arena, field, NULL, value, &rows, &count));
    for (size_t r = 0; r < count; r++) {
        Json *row = json_push(list, json_object(ctx->arena));
        for (size_t c = ROW_COLUMNS; c < field->rows->field_count; c++) {
            if (rows[r].values[c].kind == VALUE_MISSING)
                continue;
            TRY(shown_json(ctx, &field->rows->fields[c], rows[r].values[c], false, &shown));
            json_set(row, field->rows->fields[c].name, shown);
        }
    }
    *out = list;
    return ERR_OK;
}

static Err shown_json(const Ctx *ctx, const Field *field, Value value, bool expand, Json **out)
{
    if (value.kind == VALUE_ROWS)
        return rows_json(ctx, field, value, out);
    if (value.kind == VALUE_FILES)
        return file_json(ctx->arena, value, field->kind == FIELD_FILES, out);
    if (field->target && value.kind == VALUE_ID)
        return reference_json(ctx, field->target, value.text, expand, out);
    if (field->target && value.kind == VALUE_LIST)
        return references_json(ctx, field->target, value.text, expand, out);
    *out = value_json(ctx->arena, value);
    return ERR_OK;
}

Err value_seen(const Ctx *ctx, const Field *field, Value value, Json **out)
{
    return shown_json(ctx, field, value, false, out);
}

static Err field_json(const Ctx *ctx, const Record *record, const Field *field, const Wanted *wanted, Json *into)
{
    Value value = record->values[field->index];
    if (value.kind == VALUE_MISSING || !access_shows(&record->clearance, field))
        return ERR_OK;
    Json *shown;
    TRY(shown_json(ctx, field, value, wanted && wanted->expanded[field->index], &shown));
    json_set(into, field->name, shown);
    return ERR_OK;
}

/* That a value was erased is told to whom the field would show. */
static void erased_json(const Ctx *ctx, const Record *record, Json *into)
{
    Json *names = json_array(ctx->arena);
    for (Str rest = record->values[SYS_ERASED].text; rest.len;) {
        const Field *field = type_field(record->type, value_list_next(&rest));
        if (field && access_shows(&record->clearance, field))
            json_push(names, json_string(ctx->arena, field->name));
    }
    if (names->count)
        json_set(into, STR("erased"), names);
}

Err record_json_then(const Ctx *ctx, const Record *record, const Wanted *wanted, int64_t now_ms, Json **out)
{
    static const SystemField head[] = { SYS_NUMBER,  SYS_STATE,   SYS_VERSION, SYS_OWNER,
                                        SYS_CREATOR, SYS_CREATED, SYS_CHANGED };
    const Type              *type = record->type;
    Json                    *json = json_object(ctx->arena);
    json_set_str(ctx->arena, json, STR("id"), record_id(record));
    json_set_str(ctx->arena, json, STR("type"), type->name);
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        TRY(field_json(ctx, record, &type->fields[head[i]], wanted, json));
    erased_json(ctx, record, json);
    Json *shown = json_set(json, STR("fields"), json_object(ctx->arena));
    for (size_t i = 0; i < type->field_count; i++) {
        bool asked = !wanted || !wanted->fields || wanted->fields[i];
        if (asked && (i >= SYS_COUNT || i == SYS_DISCLOSURE))
            TRY(field_json(ctx, record, &type->fields[i], wanted, shown));
    }
    Json *clocks = clocks_json(ctx, record, now_ms, wanted);
    if (clocks)
        json_set(json, STR("clocks"), clocks);
    *out = json;
    return ERR_OK;
}

Err record_json(const Ctx *ctx, const Record *record, const Wanted *wanted, Json **out)
{
    return record_json_then(ctx, record, wanted, ctx->now_ms, out);
}
