/* kernel/evolve_plan.c: what a new pack changes, and what stands against it. */
#include "base/limits.h"
#include "kernel/evolve_steps.h"

typedef struct Planning { /* on the writer, which no clock stops */
    WriterJob   job;
    const Ctx  *ctx;
    Db         *db;
    Arena      *arena; /* the plan's */
    const Pack *from, *to;
    EvolvePlan *plan;
    size_t      capacity;
    Problems   *problems;
    size_t      refused; /* things that stand against it */
} Planning;

/* ---- steps ---- */

static const Text step_texts[EVOLVE_KIND_COUNT] = {
    [EVOLVE_TYPE_ADD] = TEXT_INIT("新增类型 {type}", "adds the type {type}"),
    [EVOLVE_TYPE_RENAME] = TEXT_INIT("类型 {type} 改名为 {to}，{records} 条记录",
                                     "renames the type {type} to {to}; records: {records}"),
    [EVOLVE_TYPE_DROP] = TEXT_INIT("去掉类型 {type}，连同 {records} 条记录",
                                   "drops the type {type}, and records of it: {records}"),
    [EVOLVE_FIELD_ADD] = TEXT_INIT("{type} 新增字段 {name}", "adds the field {name} to {type}"),
    [EVOLVE_FIELD_RENAME] = TEXT_INIT("{type} 的字段 {name} 改名为 {to}，{records} 条记录有值",
                                      "renames the field {name} of {type} to {to}; records with a value: {records}"),
    [EVOLVE_FIELD_DROP] = TEXT_INIT("去掉 {type} 的字段 {name}，连同 {records} 条记录的值",
                                    "drops the field {name} of {type}, and its values in records: {records}"),
    [EVOLVE_FIELD_CHANGE] = TEXT_INIT(
        "{type} 的字段 {name} 改为 {to}，{records} 条记录的值随之改写",
        "makes the field {name} of {type} {to}; records whose value is rewritten: {records}"),
    [EVOLVE_STATE_ADD] = TEXT_INIT("{type} 新增状态 {name}", "adds the state {name} to {type}"),
    [EVOLVE_STATE_RENAME] = TEXT_INIT("{type} 的状态 {name} 改名为 {to}，{records} 条记录",
                                      "renames the state {name} of {type} to {to}; records: {records}"),
    [EVOLVE_STATE_DROP] = TEXT_INIT("去掉 {type} 的状态 {name}，{records} 条记录回到 {to}",
                                    "drops the state {name} of {type}; records that go back to {to}: {records}"),
    [EVOLVE_CODE_RENAME] = TEXT_INIT("{type} 的选项 {name} 改为 {to}，{records} 条记录",
                                     "renames the choice {name} of {type} to {to}; records: {records}"),
    [EVOLVE_CODE_DROP] = TEXT_INIT("去掉 {type} 的选项 {name}，连同 {records} 条记录的值",
                                   "drops the choice {name} of {type}, and its values in records: {records}"),
    [EVOLVE_DEFAULT] = TEXT_INIT("{type} 的新字段 {name} 填入默认值 {to}，{records} 条记录",
                                 "fills the new field {name} of {type} with its default {to}; records: {records}"),
    [EVOLVE_RULES] = TEXT_INIT("文字、权限、步骤等有改动的文件：{name}",
                               "changes labels, rights, steps and the like in: {name}"),
    [EVOLVE_RECORD] = TEXT_INIT("{type} 的 {name} 设为 {to}", "sets {name} of {type} to {to}"),
    [EVOLVE_KEPT] = TEXT_INIT("{type} 的 {name} 在本市改过，保留不动；政策包里是 {to}",
                              "keeps {name} of {type} as it was changed in the city; the pack has {to}"),
    [EVOLVE_CLOCK] = TEXT_INIT("{type} 的时钟 {name} 重新计算最后一天，{records} 条记录",
                               "counts the clock {name} of {type} anew; records whose last day is another: {records}"),
};

/* The plan may be told when the city is closed, and the names of before are the city's. */
static void step_add(Planning *p, EvolveStep step)
{
    step.type = str_dup(p->arena, step.type);
    step.name = str_dup(p->arena, step.name);
    step.to = str_dup(p->arena, step.to);
    ARENA_ROOM(p->arena, p->plan->steps, p->plan->count, p->capacity);
    p->plan->steps[p->plan->count++] = step;
}

/* Once all numbers are known. */
static void steps_word(const Planning *p)
{
    for (size_t i = 0; i < p->plan->count; i++) {
        EvolveStep *step = &p->plan->steps[i];
        ErrArg      args[] = { ARG("type", step->type), ARG("name", step->name), ARG("to", step->to),
                               ARG("records", str_printf(p->arena, "%lld", (long long)step->records)) };
        for (Lang lang = 0; lang < LANG_COUNT; lang++)
            step->text.in[lang] = text_fill(p->arena, step_texts[step->kind].in[lang], args, 4, lang);
    }
}

static EvolveStep *step_of_field(const Planning *p, EvolveKind kind, const Field *field)
{
    for (size_t i = 0; i < p->plan->count; i++) {
        EvolveStep *step = &p->plan->steps[i];
        if (step->kind == kind && str_eq(step->type, field->type->name) && str_eq(step->name, field->name))
            return step;
    }
    return NULL;
}

/* ---- what stands against it ---- */

static Text named(const Planning *p, Text what, Str path, Text label)
{
    Text out;
    for (Lang lang = 0; lang < LANG_COUNT; lang++)
        out.in[lang] = str_printf(p->arena, lang == LANG_ZH ? "%.*s %.*s（%.*s）" : "%.*s %.*s (%.*s)",
                                  STR_FMT(what.in[lang]), STR_FMT(path), STR_FMT(label.in[lang]));
    return out;
}

static void refuse(Planning *p, ErrCode code, Str path, Text what, int64_t records)
{
    p->refused++;
    PROBLEM(p->problems, code, path, STR_NONE, ARG_TEXT("what", what),
            ARG("records", str_printf(p->arena, "%lld", (long long)records)));
}

static void refuse_change(Planning *p, Str path, Text what, Str from, Str to, int64_t records)
{
    p->refused++;
    PROBLEM(p->problems, ECODE_PACK_CHANGE, path, STR_NONE, ARG_TEXT("what", what), ARG("from", from), ARG("to", to),
            ARG("records", str_printf(p->arena, "%lld", (long long)records)));
}

static bool among(const Str *names, size_t count, Str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

static Str dotted(const Planning *p, Str before, Str name)
{
    return before.len ? str_printf(p->arena, "%.*s.%.*s", STR_FMT(before), STR_FMT(name)) : name;
}

/* Who somebody is and what they may do rests on these: nothing of them goes while it is in use. */
static bool party(const Type *type)
{
    return type == type->pack->person || type == type->pack->organisation || type == type->pack->membership;
}

/* ---- counting ---- */

static Err count_where(const Planning *p, const Type *type, Str condition, Str given, int64_t *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             param = value_text(given);
    bool              more;
    Str               sql = str_printf(p->arena, "SELECT count(*) FROM \"%.*s\" WHERE %.*s", STR_FMT(type->table),
                                       STR_FMT(condition));
    TRY(db_query(p->db, sql, &param, given.len ? 1 : 0, &rows));
    TRY(rows_next(rows, &more));
    *out = rows_int(rows, 0);
    return ERR_OK;
}

static Err count_records(const Planning *p, const Type *type, int64_t *out)
{
    return count_where(p, type, STR("TRUE"), STR_NONE, out);
}

/* Records that hold a value of the field; of the column, of a field of child rows. */
static Err count_values(const Planning *p, const Field *field, int64_t *out)
{
    const Field *rows = field->type->row_of;
    if (!rows)
        return count_where(p, field->type, str_printf(p->arena, "\"%.*s\" IS NOT NULL", STR_FMT(field->name)), STR_NONE,
                           out);
    return count_where(p, rows->type, str_printf(p->arena, "instr(\"%.*s\", ?) > 0", STR_FMT(rows->name)),
                       str_printf(p->arena, "\"%.*s\":", STR_FMT(field->name)), out);
}

/* Records whose value of the field is, or has among others, the code. */
static Err count_code(const Planning *p, const Field *field, Str code, int64_t *out)
{
    const Field *rows = field->type->row_of;
    if (rows)
        return count_where(p, rows->type, str_printf(p->arena, "instr(\"%.*s\", ?) > 0", STR_FMT(rows->name)),
                           str_printf(p->arena, "\"%.*s\":\"text:%.*s\"", STR_FMT(field->name), STR_FMT(code)), out);
    if (field->kind == FIELD_CHOICE)
        return count_where(p, field->type, str_printf(p->arena, "\"%.*s\" = ?", STR_FMT(field->name)), code, out);
    return count_where(p, field->type,
                       str_printf(p->arena, "instr(',' || \"%.*s\" || ',', ?) > 0", STR_FMT(field->name)),
                       str_printf(p->arena, ",%.*s,", STR_FMT(code)), out);
}

/* ---- fields ---- */

/* As the pack writes it, with what bounds its values. */
static Str described(const Planning *p, const Field *field)
{
    const FieldTraits *traits = &field_kinds[field->kind];
    Buf                out = buf_new(p->arena, SIZE_MAX);
    buf_add(&out, traits->name);
    if (traits->text)
        buf_printf(&out, ", max %lld", (long long)field->max_points);
    if (traits->value == VALUE_DECIMAL)
        buf_printf(&out, ", scale %d", field->scale);
    if (field->bounded)
        buf_printf(&out, ", %.*s to %.*s", STR_FMT(decimal_text(p->arena, (Decimal){ field->min, field->scale })),
                   STR_FMT(decimal_text(p->arena, (Decimal){ field->max, field->scale })));
    if (field->kind == FIELD_MONEY)
        buf_printf(&out, ", %.*s",
                   STR_FMT(field->currency.len ? field->currency : field->type->fields[field->currency_field].name));
    if (field->target)
        buf_printf(&out, " to %.*s", STR_FMT(field->target->name));
    for (size_t i = ROW_COLUMNS; field->rows && i < field->rows->field_count; i++)
        buf_printf(&out, "%s%.*s %.*s", i == ROW_COLUMNS ? " of " : ", ", STR_FMT(field->rows->fields[i].name),
                   STR_FMT(field_kinds[field->rows->fields[i].kind].name));
    if (field->unique != UNIQUE_NO)
        buf_printf(&out, ", unique %s", field->unique == UNIQUE_OWNER ? "owner" : "city");
    return buf_str(&out);
}

typedef struct Pair { /* a type of before and what it becomes; of child rows too */
    const Type   *from, *to;
    const Type   *record_from, *record_to; /* the record type that they are, or belong to */
    Str           path;                    /* what stands before the names of its fields: "materials", or nothing */
    const Field **fields;                  /* evolve_turn_fields() */
} Pair;

static Pair pair_of(const Planning *p, const Type *from, const Type *to)
{
    return (Pair){ from, to, from, to, STR_NONE, evolve_turn_fields(p->arena, from, to) };
}

static bool may_drop(const Pair *pair, Str path)
{
    return among(pair->record_to->drops, pair->record_to->drop_count, path);
}

static Str place(const Planning *p, const Pair *pair, Str path) { return dotted(p, pair->record_from->name, path); }

/* ---- codes ---- */

static Err code_drop(Planning *p, const Pair *pair, const Field *field, Str path, const Choice *choice)
{
    static const Text what = TEXT_INIT("选项", "The choice");
    const Pack       *pack = p->from;
    Str               name = dotted(p, path, choice->code);
    bool              role = field == &pack->membership->fields[pack->membership_role];
    int64_t           records;
    TRY(count_code(p, field, choice->code, &records));
    step_add(p, (EvolveStep){ EVOLVE_CODE_DROP, pair->record_from->name, name, STR_NONE, records });
    if (records && (role || !may_drop(pair, name)))
        refuse(p, role ? ECODE_PACK_HELD : ECODE_PACK_LOSS, place(p, pair, name),
               named(p, what, place(p, pair, name), choice->label), records);
    return ERR_OK;
}

static Err codes_compare(Planning *p, const Pair *pair, const Field *from, const Field *to, Str path)
{
    bool *stays = ARENA_ARRAY(p->arena, bool, from->choice_count);
    for (size_t i = 0; i < to->choice_count; i++) {
        int     before = evolve_choice_before(from, to, i);
        int64_t records;
        if (before < 0)
            continue;
        stays[before] = true;
        Str old = from->choices[before].code;
        if (str_eq(old, to->choices[i].code))
            continue;
        TRY(count_code(p, from, old, &records));
        step_add(p, (EvolveStep){ EVOLVE_CODE_RENAME, pair->record_from->name, dotted(p, path, old),
                                  to->choices[i].code, records });
    }
    for (size_t i = 0; i < from->choice_count; i++)
        if (!stays[i])
            TRY(code_drop(p, pair, from, path, &from->choices[i]));
    return ERR_OK;
}

/* ---- one field ---- */

static Err fields_compare(Planning *p, const Pair *pair);

static Err rows_compare(Planning *p, const Pair *pair, const Field *from, const Field *to)
{
    Pair rows = pair_of(p, from->rows, to->rows);
    rows.record_from = pair->record_from;
    rows.record_to = pair->record_to;
    rows.path = from->name;
    return fields_compare(p, &rows);
}

static Err field_compare(Planning *p, const Pair *pair, const Field *from, const Field *to)
{
    Str     path = dotted(p, pair->path, from->name), was = described(p, from), is = described(p, to);
    int64_t records;
    TRY(count_values(p, from, &records));
    if (!str_eq(from->name, to->name))
        step_add(p, (EvolveStep){ EVOLVE_FIELD_RENAME, pair->record_from->name, path, to->name, records });
    if (!str_eq(was, is))
        step_add(p, (EvolveStep){ EVOLVE_FIELD_CHANGE, pair->record_from->name, path, is, 0 });
    if (field_kinds[from->kind].codes && field_kinds[to->kind].codes)
        TRY(codes_compare(p, pair, from, to, path));
    return from->kind == FIELD_ROWS ? rows_compare(p, pair, from, to) : ERR_OK;
}

static Err field_new(Planning *p, const Pair *pair, const Field *field)
{
    int64_t records;
    step_add(
        p, (EvolveStep){ EVOLVE_FIELD_ADD, pair->record_from->name, dotted(p, pair->path, field->name), STR_NONE, 0 });
    if (field->default_kind != DEFAULT_VALUE)
        return ERR_OK;
    TRY(count_records(p, pair->record_from, &records));
    step_add(p, (EvolveStep){ EVOLVE_DEFAULT, pair->record_from->name, field->name,
                              value_plain(p->arena, field->default_value), records });
    return ERR_OK;
}

/* The field of the new pack that has its place but cannot have its values. */
static const Field *replaced_by(const Pair *pair, const Field *from)
{
    for (size_t i = from->type->row_of ? ROW_COLUMNS : SYS_COUNT; i < pair->to->stored_count; i++)
        if (evolve_field_before(pair->from, &pair->to->fields[i]) == from)
            return &pair->to->fields[i];
    return NULL;
}

static Err field_drop(Planning *p, const Pair *pair, const Field *from)
{
    static const Text what = TEXT_INIT("字段", "The field");
    const Field      *other = replaced_by(pair, from);
    Str               path = dotted(p, pair->path, from->name);
    Text              name = named(p, what, place(p, pair, path), from->label);
    int64_t           records;
    TRY(count_values(p, from, &records));
    step_add(p, (EvolveStep){ EVOLVE_FIELD_DROP, pair->record_from->name, path, STR_NONE, records });
    if (!records || may_drop(pair, path) || (from->clock && may_drop(pair, from->clock->name)))
        return ERR_OK;
    if (other)
        refuse_change(p, place(p, pair, path), name, described(p, from), described(p, other), records);
    else
        refuse(p, ECODE_PACK_LOSS, place(p, pair, path), name, records);
    return ERR_OK;
}

static Err fields_compare(Planning *p, const Pair *pair)
{
    size_t first = pair->from->row_of ? ROW_COLUMNS : SYS_COUNT;
    bool  *stays = ARENA_ARRAY(p->arena, bool, pair->from->stored_count);
    for (size_t i = first; i < pair->to->stored_count; i++)
        if (pair->fields[i])
            stays[pair->fields[i]->index] = true;
    for (size_t i = first; i < pair->from->stored_count; i++)
        if (!stays[i])
            TRY(field_drop(p, pair, &pair->from->fields[i]));
    for (size_t i = first; i < pair->to->stored_count; i++)
        TRY(pair->fields[i] ? field_compare(p, pair, pair->fields[i], &pair->to->fields[i])
                            : field_new(p, pair, &pair->to->fields[i]));
    return ERR_OK;
}

/* ---- states ---- */

static Err state_drop(Planning *p, const Pair *pair, const State *state)
{
    static const Text what = TEXT_INIT("状态", "The state");
    const Field      *field = &pair->from->fields[SYS_STATE];
    Str               path = place(p, pair, state->name);
    bool              held = party(pair->from);
    int64_t           records;
    TRY(count_code(p, field, state->name, &records));
    step_add(p, (EvolveStep){ EVOLVE_STATE_DROP, pair->from->name, state->name, pair->to->states[0].name, records });
    if (records && (held || !may_drop(pair, state->name)))
        refuse(p, held ? ECODE_PACK_HELD : ECODE_PACK_LOSS, path, named(p, what, path, state->label), records);
    return ERR_OK;
}

static Err states_compare(Planning *p, const Pair *pair)
{
    const Type *from = pair->from, *to = pair->to;
    bool       *stays = ARENA_ARRAY(p->arena, bool, from->state_count);
    for (size_t i = 0; i < to->state_count; i++) {
        int     before = evolve_state_before(from, to, i);
        int64_t records;
        if (before < 0) {
            step_add(p, (EvolveStep){ EVOLVE_STATE_ADD, from->name, to->states[i].name, STR_NONE, 0 });
            continue;
        }
        stays[before] = true;
        Str old = from->states[before].name;
        if (str_eq(old, to->states[i].name))
            continue;
        TRY(count_code(p, &from->fields[SYS_STATE], old, &records));
        step_add(p, (EvolveStep){ EVOLVE_STATE_RENAME, from->name, old, to->states[i].name, records });
    }
    for (size_t i = 0; i < from->state_count; i++)
        if (!stays[i])
            TRY(state_drop(p, pair, &from->states[i]));
    return ERR_OK;
}

/* ---- unique values ---- */

/* Was it not unique before, or in a smaller circle? */
static bool newly_unique(const Field *before, const Field *field)
{
    if (field->unique == UNIQUE_NO || (!before && field->default_kind != DEFAULT_VALUE))
        return false;
    return !before || before->unique == UNIQUE_NO || (before->unique == UNIQUE_OWNER && field->unique == UNIQUE_CITY);
}

static Err unique_check(Planning *p, const Pair *pair, const Field *before, const Field *field)
{
    static const Text what = TEXT_INIT("字段", "The field");
    OWNED(rows) Rows *rows = NULL;
    bool              more, owner = field->unique == UNIQUE_OWNER;
    /* a new one is the same in all records: its default */
    Str column = before ? str_printf(p->arena, "\"%.*s\"", STR_FMT(before->name)) : STR("'default'");
    Str sql = str_printf(p->arena,
                         "SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM \"%.*s\" WHERE %.*s IS NOT NULL"
                         " GROUP BY %s%.*s HAVING count(*) > 1)",
                         STR_FMT(pair->from->table), STR_FMT(column), owner ? "\"owner\", " : "", STR_FMT(column));
    TRY(db_query(p->db, sql, NULL, 0, &rows));
    TRY(rows_next(rows, &more));
    int64_t records = rows_int(rows, 0);
    Str     path = place(p, pair, before ? before->name : field->name);
    if (records)
        refuse_change(p, path, named(p, what, path, field->label), before ? described(p, before) : STR("-"),
                      described(p, field), records);
    return ERR_OK;
}

static Err uniques_check(Planning *p, const Pair *pair)
{
    for (size_t i = SYS_COUNT; i < pair->to->stored_count; i++)
        if (newly_unique(pair->fields[i], &pair->to->fields[i]))
            TRY(unique_check(p, pair, pair->fields[i], &pair->to->fields[i]));
    return ERR_OK;
}

/* ---- types ---- */

static Err type_compare(Planning *p, const Type *from, const Type *to)
{
    Pair    pair = pair_of(p, from, to);
    int64_t records;
    TRY(count_records(p, from, &records));
    if (!str_eq(from->name, to->name))
        step_add(p, (EvolveStep){ EVOLVE_TYPE_RENAME, from->name, STR_NONE, to->name, records });
    TRY(fields_compare(p, &pair));
    TRY(states_compare(p, &pair));
    return uniques_check(p, &pair);
}

static Err type_drop(Planning *p, const Type *type)
{
    static const Text what = TEXT_INIT("类型", "The type");
    bool              held = party(type);
    int64_t           records;
    TRY(count_records(p, type, &records));
    step_add(p, (EvolveStep){ EVOLVE_TYPE_DROP, type->name, STR_NONE, STR_NONE, records });
    if (records && (held || !among(p->to->drops, p->to->drop_count, type->name)))
        refuse(p, held ? ECODE_PACK_HELD : ECODE_PACK_LOSS, type->name, named(p, what, type->name, type->label),
               records);
    return ERR_OK;
}

static Err types_compare(Planning *p)
{
    bool *stays = ARENA_ARRAY(p->arena, bool, p->from->type_count);
    for (size_t i = 0; i < p->to->type_count; i++) {
        const Type *to = &p->to->types[i], *from = evolve_type_before(p->from, to);
        if (from)
            stays[from->index] = true;
        else
            step_add(p, (EvolveStep){ EVOLVE_TYPE_ADD, to->name, STR_NONE, STR_NONE, 0 });
        TRY(from ? type_compare(p, from, to) : ERR_OK);
    }
    for (size_t i = 0; i < p->from->type_count; i++)
        if (!stays[i])
            TRY(type_drop(p, &p->from->types[i]));
    return ERR_OK;
}

/* ---- values: each record of a type whose values may become others is turned, and nothing written ---- */

typedef struct Tally { /* of one type */
    int64_t *misfits;  /* per field of before */
    int64_t *changed;  /* per field of after */
} Tally;

static void tally_add(const EvolveTurn *turn, const EvolveTurned *turned, size_t count, Tally *tally)
{
    for (size_t r = 0; r < count; r++) {
        for (size_t i = 0; i < turn->from->stored_count; i++)
            tally->misfits[i] += turned[r].misfits[i];
        for (size_t i = 0; i < turn->to->stored_count; i++)
            tally->changed[i] += turned[r].set[i];
    }
}

static Err tally_read(const Planning *p, const EvolveTurn *turn, Tally *tally)
{
    OWNED(arena) Arena *batch = arena_new();
    Buf                 after = buf_new(p->arena, SIZE_MAX);
    EvolveTurned       *turned;
    for (size_t count = EVOLVE_ITEMS; count == EVOLVE_ITEMS;) {
        TRY(evolve_turn_read(turn, p->db, batch, turn->from->table, buf_str(&after), &turned, &count));
        tally_add(turn, turned, count, tally);
        after.len = 0;
        if (count)
            buf_add(&after, record_id(&turned[count - 1].before));
        arena_reset(batch);
    }
    return ERR_OK;
}

/* Do steps tell of the field's codes or columns? Those of columns that are rewritten say in how many records. */
static bool told_within(Planning *p, const Field *before, int64_t records)
{
    Str  within = str_printf(p->arena, "%.*s.", STR_FMT(before->name));
    bool told = false;
    for (size_t i = 0; i < p->plan->count; i++) {
        EvolveStep *step = &p->plan->steps[i];
        if (!str_eq(step->type, before->type->name) || !str_starts(step->name, within))
            continue;
        told = true;
        if (step->kind == EVOLVE_FIELD_CHANGE)
            step->records = records;
    }
    return told;
}

static void tally_field(Planning *p, const EvolveTurn *turn, const Tally *tally, const Field *field)
{
    static const Text what = TEXT_INIT("字段", "The field");
    const Field      *before = turn->fields[field->index];
    Str               path = before ? dotted(p, turn->from->name, before->name) : STR_NONE;
    EvolveStep       *step = before ? step_of_field(p, EVOLVE_FIELD_CHANGE, before) : NULL;
    if (before && tally->misfits[before->index])
        refuse_change(p, path, named(p, what, path, before->label), described(p, before), described(p, field),
                      tally->misfits[before->index]);
    if (step)
        step->records = tally->changed[field->index];
    else if (before && tally->changed[field->index] && !told_within(p, before, tally->changed[field->index]))
        step_add(p, (EvolveStep){ EVOLVE_FIELD_CHANGE, turn->from->name, before->name, described(p, field),
                                  tally->changed[field->index] });
}

static Err values_check(Planning *p, const EvolveNames *names, const Type *from, const Type *to)
{
    EvolveTurn turn = evolve_turn(names, p->arena, from, to);
    Tally      tally = { ARENA_ARRAY(p->arena, int64_t, from->stored_count),
                         ARENA_ARRAY(p->arena, int64_t, to->stored_count) };
    if (!turn.any)
        return ERR_OK;
    TRY(tally_read(p, &turn, &tally));
    for (size_t i = SYS_COUNT; i < to->stored_count; i++)
        tally_field(p, &turn, &tally, &to->fields[i]);
    return ERR_OK;
}

static Err all_values_check(Planning *p)
{
    const EvolveNames *names = evolve_names_planned(p->arena, p->to, p->plan->steps, p->plan->count);
    for (size_t i = 0; i < p->to->type_count; i++) {
        const Type *from = evolve_type_before(p->from, &p->to->types[i]);
        TRY(from ? values_check(p, names, from, &p->to->types[i]) : ERR_OK);
    }
    return ERR_OK;
}

/* ---- records that the pack brings ---- */

static Err records_then(const Planning *p, const Type *from, const Type *to, Record **out, size_t *count)
{
    const EvolveNames *names = evolve_names_planned(p->arena, p->to, p->plan->steps, p->plan->count);
    EvolveTurn         turn = evolve_turn(names, p->arena, from, to);
    EvolveTurned      *turned;
    size_t             capacity = 0, batch = EVOLVE_ITEMS;
    Str                after = STR_NONE;
    while (batch == EVOLVE_ITEMS) {
        TRY(evolve_turn_read(&turn, p->db, p->arena, from->table, after, &turned, &batch));
        for (size_t i = 0; i < batch; i++) {
            ARENA_ROOM(p->arena, *out, *count, capacity);
            (*out)[(*count)++] = turned[i].after;
        }
        after = batch ? record_id(&turned[batch - 1].before) : after;
    }
    return ERR_OK;
}

/* A row of a parameter says from which day it holds, and what; any other record what it is called. */
static void record_step(Planning *p, const EvolveRecord *move)
{
    const PackRecord *brought = move->brought;
    const Type       *type = brought->type;
    const Field      *from = type_field(type, STR("valid_from")), *value = type_field(type, STR("value"));
    Str               name = brought->code;
    if (from && brought->given[from->index])
        name = str_printf(p->arena, "%.*s (%.*s)", STR_FMT(name),
                          STR_FMT(value_plain(p->arena, brought->values[from->index])));
    const Field *told = value && brought->given[value->index] ? value : &type->fields[type->title];
    step_add(p, (EvolveStep){ move->kept ? EVOLVE_KEPT : EVOLVE_RECORD, type->name, name,
                              value_plain(p->arena, brought->values[told->index]), 1 });
}

static Err type_records_compare(Planning *p, const PackRecord *brought, size_t brought_count)
{
    const Type   *from = evolve_type_before(p->from, brought->type);
    Record       *records = NULL;
    EvolveRecord *moves;
    size_t        record_count = 0, count;
    if (from)
        TRY(records_then(p, from, brought->type, &records, &record_count));
    TRY(evolve_records_moves(p->db, p->arena, p->ctx->city->ids, brought, brought_count, records, record_count, &moves,
                             &count));
    for (size_t i = 0; i < count; i++)
        record_step(p, &moves[i]);
    return ERR_OK;
}

static Err records_compare(Planning *p)
{
    size_t from = 0, count = 0;
    while (evolve_brought_type(p->to, &from, &count))
        TRY(type_records_compare(p, &p->to->records[from], count));
    return ERR_OK;
}

/* ---- clocks ---- */

static Err clocks_compare(Planning *p)
{
    for (size_t t = 0; t < p->to->type_count; t++) {
        const Type *to = &p->to->types[t], *from = evolve_type_before(p->from, to);
        for (size_t c = 0; from && c < to->clock_count; c++) {
            int64_t records;
            TRY(evolve_clock_count(p->db, p->arena, from, to, &to->clocks[c], &records));
            if (records)
                step_add(p, (EvolveStep){ EVOLVE_CLOCK, from->name, to->clocks[c].name, STR_NONE, records });
        }
    }
    return ERR_OK;
}

/* ---- files: what changed, and no step tells of ---- */

static const Str sql_file = STR_INIT("SELECT bytes FROM pack_file WHERE pack = ? AND path = ?");
static const Str sql_paths = STR_INIT("SELECT path FROM pack_file WHERE pack = ? ORDER BY path");

static Err file_same(const Planning *p, const PackFile *file, bool *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_int(p->ctx->city->pack_number), value_text(file->path) };
    TRY(db_query(p->db, sql_file, params, 2, &rows));
    TRY(rows_next(rows, out));
    *out = *out && str_eq(rows_borrow_text(rows, 0), file->bytes);
    return ERR_OK;
}

static bool file_told(const Planning *p, Str path)
{
    for (size_t i = 0; i < p->to->type_count; i++) {
        const Type *to = &p->to->types[i], *from = evolve_type_before(p->from, to);
        if (!str_eq(path, str_printf(p->arena, "types/%.*s.yaml", STR_FMT(to->name))))
            continue;
        for (size_t s = 0; s < p->plan->count; s++)
            if (str_eq(p->plan->steps[s].type, from ? from->name : to->name))
                return true;
    }
    return false;
}

static void untold_add(Buf *names, Str path) { buf_printf(names, "%s%.*s", names->len ? ", " : "", STR_FMT(path)); }

static bool source_has(const PackSource *source, Str path)
{
    for (size_t i = 0; i < source->count; i++)
        if (str_eq(source->files[i].path, path))
            return true;
    return false;
}

/* Files of before that the new pack has not; of types a step tells. */
static Err files_gone(const Planning *p, bool *same, Buf *untold)
{
    OWNED(rows) Rows *rows = NULL;
    Value             number = value_int(p->ctx->city->pack_number);
    TRY(db_query(p->db, sql_paths, &number, 1, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        Str path = rows_borrow_text(rows, 0);
        if (source_has(p->plan->source, path))
            continue;
        *same = false;
        if (!str_starts(path, STR("types/")))
            untold_add(untold, path);
    }
}

/* *same: not a byte of the pack is another. */
static Err files_compare(const Planning *p, bool *same, Str *untold)
{
    Buf  names = buf_new(p->arena, SIZE_MAX);
    bool unchanged;
    *same = true;
    for (size_t i = 0; i < p->plan->source->count; i++) {
        const PackFile *file = &p->plan->source->files[i];
        TRY(file_same(p, file, &unchanged));
        *same = *same && unchanged;
        if (!unchanged && !file_told(p, file->path))
            untold_add(&names, file->path);
    }
    TRY(files_gone(p, same, &names));
    *untold = buf_str(&names);
    return ERR_OK;
}

/* ---- the plan ---- */

static Err plan_all(Planning *p)
{
    bool same;
    Str  untold;
    TRY(files_compare(p, &same, &untold));
    if (same)
        return ERR_OK;
    TRY(types_compare(p));
    TRY(all_values_check(p));
    TRY(records_compare(p));
    TRY(clocks_compare(p));
    TRY(files_compare(p, &same, &untold));
    if (untold.len)
        step_add(p, (EvolveStep){ EVOLVE_RULES, STR_NONE, untold, STR_NONE, 0 });
    steps_word(p);
    return p->refused ? err_make(ECODE_PACK_LOSES, "%zu places", p->refused) : ERR_OK;
}

static Err plan_run(Db *db, WriterJob *job)
{
    Planning *p = (Planning *)job;
    p->db = db;
    return plan_all(p);
}

Err evolve_plan(const Ctx *ctx, const PackSource *source, EvolvePlan *out, Problems *problems)
{
    const City *city = ctx->city;
    Planning    planning = { .job = { .run = plan_run },
                             .ctx = ctx,
                             .arena = ctx->arena,
                             .from = city->pack,
                             .plan = out,
                             .problems = problems };
    TRY(pack_load(ctx->arena, source, &planning.to, problems));
    if (!str_eq(planning.to->name, city->pack->name)) {
        PROBLEM(problems, ECODE_PACK_OTHER, STR_NONE, STR_NONE, ARG("city", city->pack->name),
                ARG("pack", planning.to->name));
        return err_make(ECODE_PACK_OTHER, "%.*s", STR_FMT(planning.to->name));
    }
    *out = (EvolvePlan){ .from = city->pack, .to = planning.to, .source = source };
    return writer_run(city->writer, &planning.job);
}
