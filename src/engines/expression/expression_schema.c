/* The schema and the records of the expression tests. */
#include "engines/expression/expression_schema.h"

#include "base/date.h"
#include "base/json.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define FIELD(name, zh, en, kind, ...)                                                                                 \
    {                                                                                                                  \
        STR_INIT(name), TEXT_INIT(zh, en), kind, ##__VA_ARGS__                                                         \
    }

static const TestChoice states[] = {
    { STR_INIT("draft"), TEXT_INIT("草稿", "Draft") },
    { STR_INIT("submitted"), TEXT_INIT("已提交", "Submitted") },
    { STR_INIT(""), TEXT_INIT("", "") },
};

static const TestChoice topics[] = {
    { STR_INIT("ai"), TEXT_INIT("人工智能", "AI") },
    { STR_INIT("battery"), TEXT_INIT("电池", "Batteries") },
    { STR_INIT("bio"), TEXT_INIT("生物医药", "Biomedicine") },
    { STR_INIT(""), TEXT_INIT("", "") },
};

const TestType test_types[] = {
    { STR_INIT("project"),
      TEXT_INIT("项目", "Project"),
      { FIELD("title", "名称", "Title", VALUE_TEXT), FIELD("state", "状态", "State", VALUE_TEXT, .choices = states),
        FIELD("level", "评定等级", "Assessed level", VALUE_INTEGER),
        FIELD("target", "目标等级", "Target level", VALUE_INTEGER), FIELD("budget", "预算", "Budget", VALUE_DECIMAL, 2),
        FIELD("spent", "支出", "Spent", VALUE_DECIMAL, 2), FIELD("rate", "费率", "Rate", VALUE_DECIMAL, 4),
        FIELD("due", "截止日", "Due date", VALUE_DATE), FIELD("created", "建立时刻", "Created", VALUE_INSTANT),
        FIELD("active", "在办", "Active", VALUE_BOOLEAN), FIELD("lead", "负责人", "Lead", VALUE_ID, 0, TEST_PERSON),
        FIELD("parent", "上级项目", "Parent project", VALUE_ID, 0, TEST_PROJECT),
        FIELD("tags", "标签", "Tags", VALUE_LIST, .choices = topics),
        FIELD("partners", "合作人", "Partners", VALUE_LIST, 0, TEST_PERSON),
        FIELD("materials", "材料", "Materials", VALUE_ROWS),
        FIELD("score", "得分", "Score", VALUE_INTEGER, .live = true),
        FIELD("ready", "可办", "Ready", VALUE_BOOLEAN, .live = true) },
      17 },
    { STR_INIT("person"),
      TEXT_INIT("人员", "Person"),
      { FIELD("name", "姓名", "Name", VALUE_TEXT), FIELD("age", "年龄", "Age", VALUE_INTEGER),
        FIELD("hired", "入职日", "Hired", VALUE_DATE), FIELD("active", "在职", "Active", VALUE_BOOLEAN),
        FIELD("boss", "上级", "Boss", VALUE_ID, 0, TEST_PERSON) },
      5 },
    { STR_INIT("review"),
      TEXT_INIT("TRL评定", "TRL assessment"),
      { FIELD("project", "项目", "Project", VALUE_ID, 0, TEST_PROJECT),
        FIELD("reviewer", "评审人", "Reviewer", VALUE_ID, 0, TEST_PERSON),
        FIELD("state", "状态", "State", VALUE_TEXT, .choices = states),
        FIELD("level", "评定等级", "Assessed level", VALUE_INTEGER),
        FIELD("weight", "权重", "Weight", VALUE_DECIMAL, 1), FIELD("passed", "通过", "Passed", VALUE_BOOLEAN),
        FIELD("day", "日期", "Day", VALUE_DATE), FIELD("marks", "标注", "Marks", VALUE_LIST, .choices = topics) },
      8 },
    { STR_INIT("task"),
      TEXT_INIT("任务", "Task"),
      { FIELD("review", "评定", "Review", VALUE_ID, 0, TEST_REVIEW), FIELD("name", "名称", "Name", VALUE_TEXT),
        FIELD("hours", "工时", "Hours", VALUE_INTEGER), FIELD("done", "完成", "Done", VALUE_BOOLEAN),
        FIELD("x", "标记", "Mark", VALUE_BOOLEAN) },
      5 },
    { STR_INIT("project_row"),
      TEXT_INIT("材料", "Material"),
      { FIELD("project", "项目", "Project", VALUE_ID, 0, TEST_PROJECT, .nameless = true),
        FIELD("name", "品名", "Name", VALUE_TEXT), FIELD("cost", "费用", "Cost", VALUE_DECIMAL, 2),
        FIELD("pieces", "件数", "Pieces", VALUE_INTEGER), FIELD("vital", "必需", "Vital", VALUE_BOOLEAN) },
      5 },
};
const size_t test_type_count = sizeof test_types / sizeof *test_types;
_Static_assert(sizeof test_types / sizeof *test_types == TEST_TYPES, "as the header says");

static const struct { /* records of type `child`, by their field `link`, belong to one of `parent` under this name */
    const TestType *parent;
    Str             name;
    const TestType *child;
    size_t          link;
} families[] = {
    { TEST_PROJECT, STR_INIT("review"), TEST_REVIEW, 0 }, { TEST_PROJECT, STR_INIT("project"), TEST_PROJECT, 11 },
    { TEST_PROJECT, STR_INIT("materials"), TEST_ROW, 0 }, { TEST_PERSON, STR_INIT("review"), TEST_REVIEW, 1 },
    { TEST_REVIEW, STR_INIT("task"), TEST_TASK, 0 },
};

const TestParam test_params[TEST_PARAMS] = {
    { STR_INIT("min_level"), TEXT_INIT("最低等级", "Minimum level"), { .kind = VALUE_INTEGER } },
    { STR_INIT("fee_cap"), TEXT_INIT("费用上限", "Fee cap"), { .kind = VALUE_DECIMAL, .scale = 2 } },
    { STR_INIT("opening"), TEXT_INIT("受理起始日", "Opening day"), { .kind = VALUE_DATE } },
    { STR_INIT("intake"), TEXT_INIT("开放受理", "Intake open"), { .kind = VALUE_BOOLEAN } },
    { STR_INIT("topic"), TEXT_INIT("重点方向", "Topic of the year"), { .kind = VALUE_TEXT } },
};

/* The days around 2025-03-04: Spring Festival, and the Tomb-sweeping Day of which the calendar knows. */
#define OFF(number, name)                                                                                              \
    {                                                                                                                  \
        number, false, name                                                                                            \
    }
#define ON(number, name)                                                                                               \
    {                                                                                                                  \
        number, true, name                                                                                             \
    }
#define SPRING TEXT_INIT("春节", "Spring Festival")
#define TOMBS  TEXT_INIT("清明", "Tomb-sweeping Day")
static const WorkException exceptions[] = {
    ON(20114, SPRING),  OFF(20116, SPRING), OFF(20117, SPRING), OFF(20118, SPRING), OFF(20119, SPRING),
    OFF(20120, SPRING), OFF(20121, SPRING), OFF(20122, SPRING), OFF(20123, SPRING), ON(20127, SPRING),
    OFF(20182, TOMBS),  OFF(20183, TOMBS),  OFF(20184, TOMBS),
};
static const int known_years[] = { 2025 };

static const WorkCalendar calendar = { .week = WORK_WEEK_USUAL,
                                       .exceptions = exceptions,
                                       .exception_count = sizeof exceptions / sizeof *exceptions,
                                       .years = known_years,
                                       .year_count = 1 };

/* ---- scope ---- */

static const TestField *find_field(const TestType *type, Str name)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (str_eq(type->fields[i].name, name))
            return &type->fields[i];
    return NULL;
}

const TestType *test_child(const TestType *type, Str name, const TestField **out_link)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        if (families[i].parent != type || !str_eq(families[i].name, name))
            continue;
        *out_link = &families[i].child->fields[families[i].link];
        return families[i].child;
    }
    return NULL;
}

static bool scope_field(const void *context, const void *type, Str name, ExprField *out)
{
    (void)context;
    const TestField *field = find_field(type, name);
    if (!field || field->nameless)
        return false;
    *out = (ExprField){ .type = { field->kind, field->scale, field->target }, .field = field, .live = field->live };
    return true;
}

static bool scope_child(const void *context, const void *type, Str name, ExprChild *out)
{
    (void)context;
    const TestField *link;
    const TestType  *child = test_child(type, name, &link);
    if (child)
        *out = (ExprChild){ child, link, false };
    return child;
}

static Text scope_field_label(const void *context, const void *type, const void *field)
{
    (void)context;
    (void)type;
    return ((const TestField *)field)->label;
}

static Text scope_child_label(const void *context, const void *type)
{
    (void)context;
    return ((const TestType *)type)->label;
}

static const TestChoice *find_choice(const TestField *field, Str code)
{
    for (const TestChoice *choice = field->choices; choice && choice->code.len; choice++)
        if (str_eq(choice->code, code))
            return choice;
    return NULL;
}

static Text scope_value_label(const void *context, const void *type, const void *field, Value value)
{
    (void)context;
    (void)type;
    const TestChoice *choice = find_choice(field, value.text);
    return choice ? choice->label : text_same(value.text);
}

static bool scope_code(const void *context, const void *type, const void *field, Str code)
{
    (void)context;
    (void)type;
    return !((const TestField *)field)->choices || find_choice(field, code);
}

static const TestParam *find_param(Str code)
{
    for (size_t i = 0; i < TEST_PARAMS; i++)
        if (str_eq(test_params[i].code, code))
            return &test_params[i];
    return NULL;
}

static bool scope_parameter(const void *context, Str code, ExprType *out)
{
    (void)context;
    const TestParam *param = find_param(code);
    if (param)
        *out = param->type;
    return param;
}

static Text scope_parameter_label(const void *context, Str code)
{
    (void)context;
    return find_param(code)->label;
}

ExprScope test_scope(bool actor)
{
    return (ExprScope){ .field = scope_field,
                        .child = scope_child,
                        .field_label = scope_field_label,
                        .child_label = scope_child_label,
                        .value_label = scope_value_label,
                        .code = scope_code,
                        .parameter = scope_parameter,
                        .parameter_label = scope_parameter_label,
                        .actor = actor };
}

/* ---- records ---- */

World world_new(Arena *arena) { return (World){ .arena = arena }; }

TestRecord *world_add(World *world, const TestType *type)
{
    if (world->count == world->capacity) {
        size_t capacity = world->capacity ? world->capacity * 2 : 64;
        world->records = arena_grow(world->arena, world->records, world->count, capacity, sizeof *world->records);
        world->capacity = capacity;
    }
    TestRecord *record = ARENA_NEW(world->arena, TestRecord);
    record->type = type;
    record->id = str_printf(world->arena, "00000000-0000-7000-8000-%012zu", world->count);
    world->records[world->count++] = record;
    return record;
}

static TestRecord *find_record(const World *world, Str id)
{
    int64_t place = -1; /* the last group of the id */
    if (id.len != 36 || !str_int(str_slice(id, 24, 36), &place) || (size_t)place >= world->count)
        return NULL;
    return str_eq(world->records[place]->id, id) ? world->records[place] : NULL;
}

static TestRecord *add_object(World *world, const TestType *type, const Json *object);

static bool set_list(World *world, const TestField *field, const Json *array, Value *out)
{
    Buf items = buf_new(world->arena, 4096);
    JSON_EACH(json, array) {
        const TestRecord *target = field->target ? add_object(world, field->target, json) : NULL;
        buf_add(&items, items.len ? STR(",") : STR(""));
        buf_add(&items, target ? target->id : json_text(json));
    }
    *out = value_list(buf_str(&items));
    return items.len > 0;
}

static bool set_value(World *world, const TestField *field, const Json *json, Value *out)
{
    Decimal decimal;
    bool    truth = false;
    *out = (Value){ .kind = json->kind == JSON_NULL ? VALUE_MISSING : field->kind };
    switch (out->kind) {
    case VALUE_TEXT: out->text = json->text; return json->kind == JSON_STRING;
    case VALUE_INTEGER: return json_int(json, &out->number);
    case VALUE_DECIMAL:
        if (!decimal_parse(json_text(json), &decimal) || !decimal_rescale(decimal, field->scale, &decimal))
            return false;
        *out = value_decimal(decimal);
        return true;
    case VALUE_BOOLEAN:
        if (!json_truth(json, &truth))
            return false;
        *out = value_bool(truth);
        return true;
    case VALUE_DATE: return date_parse(json_text(json), &out->number);
    case VALUE_INSTANT: return instant_parse(json_text(json), &out->number);
    case VALUE_ID: {
        const TestRecord *target = add_object(world, field->target, json);
        out->text = target ? target->id : STR_NONE;
        return target;
    }
    case VALUE_LIST: return set_list(world, field, json, out);
    default: return true;
    }
}

static bool add_children(World *world, TestRecord *record, const Json *array)
{
    const TestField *link;
    const TestType  *type = test_child(record->type, array->key, &link);
    if (!type || array->kind != JSON_ARRAY)
        return false;
    JSON_EACH(item, array) {
        TestRecord *child = add_object(world, type, item);
        if (!child)
            return false;
        child->values[link - type->fields] = value_id(record->id);
    }
    return true;
}

static bool hide_fields(TestRecord *record, const Json *names)
{
    JSON_EACH(name, names) {
        const TestField *field = find_field(record->type, json_text(name));
        if (!field)
            return false;
        record->hidden[field - record->type->fields] = true;
    }
    return true;
}

static TestRecord *add_object(World *world, const TestType *type, const Json *object)
{
    TestRecord *record = world_add(world, type);
    if (object->kind != JSON_OBJECT)
        return NULL;
    JSON_EACH(member, object) {
        const TestField *field = find_field(type, member->key);
        bool             fits;
        if (str_eq(member->key, STR("hidden")))
            fits = hide_fields(record, member);
        else if (str_eq(member->key, STR("unseen")))
            fits = json_truth(member, &record->unseen);
        else if (field && field->kind == VALUE_ROWS) {
            record->values[field - type->fields] = value_rows(STR("[…]")); /* only asked whether it is missing */
            fits = add_children(world, record, member);
        } else if (field)
            fits = set_value(world, field, member, &record->values[field - type->fields]);
        else
            fits = add_children(world, record, member);
        if (!fits)
            return NULL;
    }
    return record;
}

TestRecord *world_add_json(World *world, const TestType *type, Str json)
{
    Json *object;
    if (json_parse(world->arena, json, &object).kind)
        return NULL;
    return add_object(world, type, object);
}

/* ---- what the evaluator asks ---- */

ExprRow test_row(const TestRecord *record) { return (ExprRow){ record ? record->type : NULL, record }; }

static Value value_of(const World *world, const TestRecord *record, const TestField *field, bool *hidden)
{
    size_t place = (size_t)(field - record->type->fields);
    assert(place < record->type->field_count);
    *hidden = record->hidden[place];
    return *hidden && world->blind ? VALUE_NONE : record->values[place];
}

static Err env_get(void *context, ExprRow row, const void *field, Value *out, bool *hidden)
{
    *out = value_of(context, row.row, field, hidden);
    return ERR_OK;
}

static Err env_follow(void *context, ExprRow row, const void *field, ExprRow *out, bool *hidden)
{
    const World      *world = context;
    Value             id = value_of(world, row.row, field, hidden);
    const TestRecord *record = id.kind == VALUE_ID ? find_record(world, id.text) : NULL;
    if (record && record->unseen) {
        *hidden = true;
        record = world->blind ? NULL : record;
    }
    *out = test_row(record);
    return ERR_OK;
}

static Err env_children(void *context, ExprRow row, const ExprChild *child, ExprRow **out, size_t *count, bool *hidden)
{
    const World *world = context;
    ExprRow     *rows = ARENA_ARRAY(world->arena, ExprRow, world->count);
    Str          parent = ((const TestRecord *)row.row)->id;
    *count = 0;
    for (size_t i = 0; i < world->count; i++) {
        const TestRecord *record = world->records[i];
        bool              hidden_link;
        if (record->type != child->type)
            continue;
        Value link = value_of(world, record, child->link, &hidden_link);
        if (link.kind != VALUE_ID || !str_eq(link.text, parent) || (record->unseen && world->blind))
            continue;
        *hidden |= record->unseen || hidden_link;
        rows[(*count)++] = test_row(record);
    }
    *out = rows;
    return ERR_OK;
}

static Err env_parameter(void *context, ExprRow root, Str code, Value *out)
{
    assert(root.row);
    *out = ((const World *)context)->params[find_param(code) - test_params];
    return ERR_OK;
}

ExprEnv world_env(World *world)
{
    return (ExprEnv){ .context = world,
                      .get = env_get,
                      .follow = env_follow,
                      .children = env_children,
                      .parameter = env_parameter,
                      .calendar = &calendar,
                      .today = TEST_TODAY,
                      .actor = STR("00000000-0000-7000-8000-000000000001"),
                      .organisation = STR("00000000-0000-7000-8000-000000000002") };
}

/* ---- SQL ---- */

static bool never_shown(const World *world, const TestType *type, const TestField *field)
{
    size_t place = field ? (size_t)(field - type->fields) : TEST_FIELDS_MAX;
    return world->never[type - test_types][place];
}

static Err sql_column(void *context, ExprSql *sql, Str alias, const void *type, const void *field)
{
    Str name = ((const TestField *)field)->name;
    if (never_shown(context, type, field))
        buf_add(&sql->sql, STR("NULL"));
    else
        buf_printf(&sql->sql, "CASE WHEN %.*s.hidden_%.*s THEN NULL ELSE %.*s.%.*s END", STR_FMT(alias), STR_FMT(name),
                   STR_FMT(alias), STR_FMT(name));
    return ERR_OK;
}

static Err sql_plain_column(void *context, ExprSql *sql, Str alias, const void *type, const void *field)
{
    (void)context;
    (void)type;
    buf_printf(&sql->sql, "%.*s.%.*s", STR_FMT(alias), STR_FMT(((const TestField *)field)->name));
    return ERR_OK;
}

static Err sql_table(void *context, ExprSql *sql, const void *type)
{
    (void)context;
    buf_add(&sql->sql, ((const TestType *)type)->name);
    return ERR_OK;
}

/* With a bound value, so that the tests see the values in the order of their marks. */
static Err sql_visible(void *context, ExprSql *sql, Str alias, const void *type)
{
    if (never_shown(context, type, NULL)) {
        buf_add(&sql->sql, STR("FALSE"));
        return ERR_OK;
    }
    buf_add(&sql->sql, alias);
    buf_add(&sql->sql, STR(".shown = "));
    expr_sql_param(sql, value_bool(true));
    return ERR_OK;
}

static Err sql_plain_visible(void *context, ExprSql *sql, Str alias, const void *type)
{
    (void)context;
    (void)type;
    buf_printf(&sql->sql, "%.*s.shown", STR_FMT(alias));
    return ERR_OK;
}

ExprSqlEnv world_sql_env(const World *world)
{
    World   none = { 0 };
    ExprEnv env = world_env(&none);
    return (ExprSqlEnv){ .context = (void *)world,
                         .column = world ? sql_column : sql_plain_column,
                         .link = world ? sql_column : sql_plain_column,
                         .table = sql_table,
                         .visible = world ? sql_visible : sql_plain_visible,
                         .today = env.today,
                         .actor = env.actor,
                         .organisation = env.organisation };
}

static void run(sqlite3 *db, Str sql)
{
    char *message = NULL;
    char *text = strndup(sql.ptr, sql.len);
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", message, text);
        abort();
    }
    free(text);
}

static bool kind_is_text(ValueKind kind)
{
    return kind == VALUE_TEXT || kind == VALUE_ID || kind == VALUE_LIST || kind == VALUE_ROWS;
}

static void create_table(sqlite3 *db, Arena *arena, const TestType *type)
{
    Buf sql = buf_new(arena, 4096);
    buf_printf(&sql, "CREATE TABLE %.*s (id TEXT PRIMARY KEY, shown INTEGER", STR_FMT(type->name));
    for (size_t i = 0; i < type->field_count; i++) {
        const TestField *field = &type->fields[i];
        bool             text = kind_is_text(field->kind);
        buf_printf(&sql, ", %.*s %s, hidden_%.*s INTEGER", STR_FMT(field->name), text ? "TEXT" : "INTEGER",
                   STR_FMT(field->name));
    }
    buf_add(&sql, STR(")"));
    run(db, buf_str(&sql));
}

static void insert_record(sqlite3 *db, Arena *arena, const TestRecord *record)
{
    Buf sql = buf_new(arena, 65536);
    buf_printf(&sql, "INSERT INTO %.*s VALUES ('%.*s', %d", STR_FMT(record->type->name), STR_FMT(record->id),
               !record->unseen);
    for (size_t i = 0; i < record->type->field_count; i++) {
        Value value = record->values[i];
        if (value.kind == VALUE_MISSING)
            buf_add(&sql, STR(", NULL"));
        else if (kind_is_text(value.kind))
            buf_printf(&sql, ", '%.*s'", STR_FMT(value.text)); /* the tests' texts hold no quotes */
        else
            buf_printf(&sql, ", %lld", (long long)value.number);
        buf_printf(&sql, ", %d", record->hidden[i]);
    }
    buf_add(&sql, STR(")"));
    run(db, buf_str(&sql));
}

sqlite3 *world_database(const World *world)
{
    sqlite3 *db;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK)
        abort();
    for (size_t i = 0; i < test_type_count; i++)
        create_table(db, world->arena, &test_types[i]);
    run(db, STR("BEGIN"));
    for (size_t i = 0; i < world->count; i++)
        insert_record(db, world->arena, world->records[i]);
    run(db, STR("COMMIT"));
    return db;
}

static void bind(sqlite3_stmt *statement, const ExprSql *sql)
{
    for (size_t i = 0; i < sql->count; i++) {
        Value value = sql->params[i];
        int   place = (int)i + 1;
        if (kind_is_text(value.kind))
            sqlite3_bind_text(statement, place, value.text.len ? value.text.ptr : "", (int)value.text.len,
                              SQLITE_STATIC);
        else
            sqlite3_bind_int64(statement, place, value.number);
    }
}

Err world_select(const World *world, sqlite3 *db, Arena *arena, const Expr *filter, const TestType *type, bool *chosen)
{
    ExprSqlEnv    env = world_sql_env(world);
    ExprSql       sql = expr_sql_new(arena);
    sqlite3_stmt *statement = NULL;
    buf_printf(&sql.sql, "SELECT id FROM %.*s AS t0 WHERE ", STR_FMT(type->name));
    TRY(expr_sql(filter, &env, STR("t0"), &sql));
    if (sqlite3_prepare_v2(db, buf_str(&sql.sql).ptr, (int)sql.sql.len, &statement, NULL) != SQLITE_OK)
        return err_make(ECODE_INTERNAL, "%s: %.*s", sqlite3_errmsg(db), STR_FMT(buf_str(&sql.sql)));
    assert((size_t)sqlite3_bind_parameter_count(statement) == sql.count);
    bind(statement, &sql);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        int64_t place = 0; /* the last group of the id */
        Str     id = str_from((const char *)sqlite3_column_text(statement, 0));
        if (str_int(str_slice(id, 24, id.len), &place))
            chosen[place] = true;
    }
    if (sqlite3_finalize(statement) != SQLITE_OK)
        return err_make(ECODE_INTERNAL, "%s", sqlite3_errmsg(db));
    return ERR_OK;
}
