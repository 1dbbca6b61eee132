/* kernel/evolve_names.c: what events of before say, in the terms of today. */
#include "base/json.h"
#include "kernel/erase.h"
#include "kernel/evolve_steps.h"

const Str evolve_kind_names[EVOLVE_KIND_COUNT] = {
    [EVOLVE_TYPE_ADD] = STR_INIT("type_add"),
    [EVOLVE_TYPE_RENAME] = STR_INIT("type_rename"),
    [EVOLVE_TYPE_DROP] = STR_INIT("type_drop"),
    [EVOLVE_FIELD_ADD] = STR_INIT("field_add"),
    [EVOLVE_FIELD_RENAME] = STR_INIT("field_rename"),
    [EVOLVE_FIELD_DROP] = STR_INIT("field_drop"),
    [EVOLVE_FIELD_CHANGE] = STR_INIT("field_change"),
    [EVOLVE_STATE_ADD] = STR_INIT("state_add"),
    [EVOLVE_STATE_RENAME] = STR_INIT("state_rename"),
    [EVOLVE_STATE_DROP] = STR_INIT("state_drop"),
    [EVOLVE_CODE_RENAME] = STR_INIT("code_rename"),
    [EVOLVE_CODE_DROP] = STR_INIT("code_drop"),
    [EVOLVE_DEFAULT] = STR_INIT("default"),
    [EVOLVE_RULES] = STR_INIT("rules"),
    [EVOLVE_RECORD] = STR_INIT("record"),
    [EVOLVE_KEPT] = STR_INIT("kept"),
    [EVOLVE_CLOCK] = STR_INIT("clock"),
};

static const bool changes_names[EVOLVE_KIND_COUNT] = {
    [EVOLVE_TYPE_RENAME] = true,  [EVOLVE_TYPE_DROP] = true,  [EVOLVE_FIELD_RENAME] = true, [EVOLVE_FIELD_DROP] = true,
    [EVOLVE_STATE_RENAME] = true, [EVOLVE_STATE_DROP] = true, [EVOLVE_CODE_RENAME] = true,  [EVOLVE_CODE_DROP] = true,
};

bool evolve_step_names(EvolveKind kind) { return changes_names[kind]; }

typedef struct NameStep { /* as in EvolveStep */
    EvolveKind kind;
    Str        type, name, to;
} NameStep;

typedef struct NameChange { /* of one pack event: all its steps, which may be none, happen at once */
    int64_t   sequence;
    NameStep *steps;
    size_t    count, capacity;
} NameChange;

struct EvolveNames {
    const Pack *pack;
    NameChange *changes; /* by sequence */
    size_t      count, capacity;
};

/* ---- the text of an event's steps ---- */

Str evolve_steps_text(Arena *arena, const EvolveStep *steps, size_t count)
{
    Json *list = json_array(arena);
    for (size_t i = 0; i < count; i++) {
        if (!evolve_step_names(steps[i].kind))
            continue;
        Json *step = json_push(list, json_object(arena));
        json_set_str(arena, step, STR("step"), evolve_kind_names[steps[i].kind]);
        json_set_str(arena, step, STR("type"), steps[i].type);
        if (steps[i].name.len)
            json_set_str(arena, step, STR("name"), steps[i].name);
        if (steps[i].to.len)
            json_set_str(arena, step, STR("to"), steps[i].to);
    }
    Buf text = buf_new(arena, SIZE_MAX);
    if (list->count)
        json_write(&text, list);
    return buf_str(&text);
}

static bool step_kind(Str name, EvolveKind *out)
{
    for (int kind = 0; kind < EVOLVE_KIND_COUNT; kind++) {
        if (changes_names[kind] && str_eq(evolve_kind_names[kind], name)) {
            *out = (EvolveKind)kind;
            return true;
        }
    }
    return false;
}

static NameStep *step_add(Arena *arena, NameChange *change)
{
    ARENA_ROOM(arena, change->steps, change->count, change->capacity);
    return &change->steps[change->count++];
}

static NameChange *change_add(Arena *arena, EvolveNames *names, int64_t sequence)
{
    ARENA_ROOM(arena, names->changes, names->count, names->capacity);
    NameChange *change = &names->changes[names->count++];
    *change = (NameChange){ .sequence = sequence };
    return change;
}

static Err change_read(Arena *arena, NameChange *change, Str encoded)
{
    Value text;
    Json *list;
    bool  good = value_decode(encoded, &text) && text.kind == VALUE_TEXT && !json_parse(arena, text.text, &list).kind;
    JSON_EACH(item, good ? list : NULL) {
        NameStep *step = step_add(arena, change);
        good = good && step_kind(json_text(json_get(item, STR("step"))), &step->kind);
        step->type = json_text(json_get(item, STR("type")));
        step->name = json_text(json_get(item, STR("name")));
        step->to = json_text(json_get(item, STR("to")));
    }
    return good ? ERR_OK : err_make(ECODE_STORE_CORRUPT, "the steps of pack event %lld", (long long)change->sequence);
}

/* ---- all of them ---- */

/* Changes without a name among them count as well: kinds, scales and the order of choices may be others. */
static const Str sql_steps = STR_INIT(
    "SELECT r.sequence, v.value FROM event_record r"
    " LEFT JOIN event_value v ON v.sequence = r.sequence AND v.item = r.item AND v.field = 'steps'"
    " WHERE r.record = ? AND r.type = 'pack' AND r.version > 1 ORDER BY r.sequence");

Err evolve_names(Db *db, Arena *arena, const Pack *pack, const EvolveNames **out)
{
    EvolveNames      *names = ARENA_NEW(arena, EvolveNames);
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_text(pack->name);
    *names = (EvolveNames){ .pack = pack };
    TRY(db_query(db, sql_steps, &key, 1, &rows));
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        NameChange *change = change_add(arena, names, rows_int(rows, 0));
        if (!rows_missing(rows, 1))
            TRY(change_read(arena, change, str_dup(arena, rows_borrow_text(rows, 1))));
    }
    *out = names;
    return ERR_OK;
}

const EvolveNames *evolve_names_planned(Arena *arena, const Pack *to, const EvolveStep *steps, size_t count)
{
    EvolveNames *names = ARENA_NEW(arena, EvolveNames);
    *names = (EvolveNames){ .pack = to };
    NameChange *change = change_add(arena, names, INT64_MAX);
    for (size_t i = 0; i < count; i++)
        if (evolve_step_names(steps[i].kind))
            *step_add(arena, change) = (NameStep){ steps[i].kind, steps[i].type, steps[i].name, steps[i].to };
    return names;
}

/* ---- one change ---- */

static const NameStep *step_find(const NameChange *change, EvolveKind rename, EvolveKind drop, Str type, Str name)
{
    for (size_t i = 0; i < change->count; i++) {
        const NameStep *step = &change->steps[i];
        if ((step->kind == rename || step->kind == drop) && str_eq(step->type, type) && str_eq(step->name, name))
            return step;
    }
    return NULL;
}

/* What the name becomes: itself, another one, or empty when it is dropped. */
static Str name_after(const NameStep *step, Str name) { return step ? step->to : name; }

static Str type_after(const NameChange *change, Str type)
{
    return name_after(step_find(change, EVOLVE_TYPE_RENAME, EVOLVE_TYPE_DROP, type, STR_NONE), type);
}

static Str field_after(const NameChange *change, Str type, Str field)
{
    return name_after(step_find(change, EVOLVE_FIELD_RENAME, EVOLVE_FIELD_DROP, type, field), field);
}

static Str path(Arena *arena, Str before, Str name)
{
    return str_printf(arena, "%.*s.%.*s", STR_FMT(before), STR_FMT(name));
}

static Str code_after(const NameChange *change, Arena *arena, Str type, Str field, Str code)
{
    return name_after(step_find(change, EVOLVE_CODE_RENAME, EVOLVE_CODE_DROP, type, path(arena, field, code)), code);
}

/* ---- values through one change ---- */

typedef struct Move { /* of one value, from change to change */
    Arena *arena;
    Str    type, field; /* names before the change at hand; field empty: dropped */
    Value  value;
} Move;

/* Lists of codes; of the record's erased fields, whose codes are names of fields. */
static Value list_after(const Move *move, const NameChange *change, bool fields)
{
    Buf out = buf_new(move->arena, SIZE_MAX);
    for (Str rest = move->value.text; rest.len;) {
        Str item = value_list_next(&rest);
        Str to = fields ? field_after(change, move->type, item)
                        : code_after(change, move->arena, move->type, move->field, item);
        if (!to.len)
            continue;
        buf_add(&out, out.len ? STR(",") : STR_NONE);
        buf_add(&out, to);
    }
    return out.len ? value_list(buf_str(&out)) : VALUE_NONE;
}

static Value text_after(const Move *move, const NameChange *change)
{
    Str to = code_after(change, move->arena, move->type, move->field, move->value.text);
    return to.len || !move->value.text.len ? value_text(to) : VALUE_NONE;
}

static Value state_after(const Move *move, const NameChange *change)
{
    const NameStep *step = step_find(change, EVOLVE_STATE_RENAME, EVOLVE_STATE_DROP, move->type, move->value.text);
    return value_text(name_after(step, move->value.text));
}

static Value value_after(const Move *move, const NameChange *change);

/* One cell of child rows: column and value may both be called otherwise. */
static void cell_after(const Move *move, const NameChange *change, const Json *cell, Json *row)
{
    Move            inner = { move->arena, move->type, path(move->arena, move->field, cell->key), VALUE_NONE };
    const NameStep *step = step_find(change, EVOLVE_FIELD_RENAME, EVOLVE_FIELD_DROP, move->type, inner.field);
    Str             to = name_after(step, cell->key);
    if (!to.len || !value_decode(cell->text, &inner.value))
        return;
    Value after = value_after(&inner, change);
    if (after.kind != VALUE_MISSING)
        json_set_str(move->arena, row, to, value_encode(move->arena, after));
}

static Value rows_after(const Move *move, const NameChange *change)
{
    Json *rows, *out = json_array(move->arena);
    if (json_parse(move->arena, move->value.text, &rows).kind)
        return move->value;
    JSON_EACH(row, rows) {
        Json *to = json_push(out, json_object(move->arena));
        JSON_EACH(cell, row)
            cell_after(move, change, cell, to);
    }
    Buf text = buf_new(move->arena, SIZE_MAX);
    json_write(&text, out);
    return value_rows(buf_str(&text));
}

static Value value_after(const Move *move, const NameChange *change)
{
    switch (move->value.kind) {
    case VALUE_TEXT: return str_eq(move->field, STR("state")) ? state_after(move, change) : text_after(move, change);
    case VALUE_LIST: return list_after(move, change, str_eq(move->field, STR("erased")));
    case VALUE_ROWS: return rows_after(move, change);
    default: return move->value; /* files, too: no name in them is the pack's */
    }
}

static void move_over(Move *move, const NameChange *change)
{
    if (change->count == 0)
        return;
    move->value = value_after(move, change);
    move->field = field_after(change, move->type, move->field);
    move->type = type_after(change, move->type);
    if (!move->type.len)
        move->field = STR_NONE;
}

/* ---- from then to now ---- */

/* Leads over all changes after the sequence; false when there was none. */
static bool move_to_today(const EvolveNames *names, int64_t sequence, Move *move)
{
    bool moved = false;
    for (size_t i = 0; i < names->count && move->field.len; i++) {
        if (names->changes[i].sequence <= sequence)
            continue;
        move_over(move, &names->changes[i]);
        moved = true;
    }
    return moved;
}

const Type *evolve_type(const EvolveNames *names, int64_t sequence, Str type)
{
    for (size_t i = 0; i < names->count && type.len; i++)
        if (names->changes[i].sequence > sequence)
            type = type_after(&names->changes[i], type);
    return type.len ? pack_type(names->pack, type) : NULL;
}

static const Field *field_today(const EvolveNames *names, const Move *move)
{
    const Type  *type = move->field.len ? pack_type(names->pack, move->type) : NULL;
    const Field *field = type ? type_field(type, move->field) : NULL;
    return field && field->index < type->stored_count ? field : NULL;
}

const Field *evolve_field(const EvolveNames *names, int64_t sequence, Str type, Str field)
{
    for (size_t i = 0; i < names->count && field.len && type.len; i++) {
        if (names->changes[i].sequence <= sequence)
            continue;
        field = field_after(&names->changes[i], type, field);
        type = type_after(&names->changes[i], type);
    }
    Move move = { .type = type, .field = type.len ? field : STR_NONE };
    return field_today(names, &move);
}

Err evolve_read(const EvolveNames *names, Arena *arena, int64_t sequence, Str type, Str name, Str encoded,
                const Field **field, Value *out)
{
    Move move = { arena, type, name, VALUE_NONE };
    if (!str_eq(encoded, STR(ERASED_MARKER)) && !value_decode(str_dup(arena, encoded), &move.value))
        return err_make(ECODE_STORE_CORRUPT, "event %lld holds a value that cannot be read", (long long)sequence);
    bool moved = move_to_today(names, sequence, &move);
    *field = field_today(names, &move);
    *out = *field ? move.value : VALUE_NONE;
    if (*field && moved)
        evolve_fit(arena, *field, move.value, out);
    return ERR_OK;
}

static bool step_turns(const NameStep *step, const Field *before, Str within)
{
    bool state = step->kind == EVOLVE_STATE_RENAME || step->kind == EVOLVE_STATE_DROP;
    bool field = step->kind == EVOLVE_FIELD_RENAME || step->kind == EVOLVE_FIELD_DROP;
    if (!str_eq(step->type, before->type->name))
        return false;
    switch (before->system ? (int)before->index : -1) {
    case SYS_STATE: return state;
    case SYS_ERASED: return field;
    default: return !state && str_starts(step->name, within);
    }
}

bool evolve_names_turn(const EvolveNames *planned, Arena *arena, const Field *before)
{
    Str within = str_printf(arena, "%.*s.", STR_FMT(before->name));
    for (size_t i = 0; i < planned->count; i++)
        for (size_t s = 0; s < planned->changes[i].count; s++)
            if (step_turns(&planned->changes[i].steps[s], before, within))
                return true;
    return false;
}

void evolve_value_planned(const EvolveNames *planned, Arena *arena, const Field *before, Value value,
                          const Field **field, Value *out, bool *fits)
{
    Move move = { arena, before->type->name, before->name, value };
    move_to_today(planned, 0, &move);
    *field = field_today(planned, &move);
    *out = VALUE_NONE;
    *fits = !*field || evolve_fit(arena, *field, move.value, out);
}

/* ---- from now to then ---- */

static Str type_before(const NameChange *change, Str type)
{
    for (size_t i = 0; i < change->count; i++)
        if (change->steps[i].kind == EVOLVE_TYPE_RENAME && str_eq(change->steps[i].to, type))
            return change->steps[i].type;
    return step_find(change, EVOLVE_TYPE_RENAME, EVOLVE_TYPE_DROP, type, STR_NONE) ? STR_NONE : type;
}

/* Empty when the change made it: whatever had the name before was something else. */
static Str field_before(const NameChange *change, Str type, Str field)
{
    for (size_t i = 0; i < change->count; i++) {
        const NameStep *step = &change->steps[i];
        if (step->kind == EVOLVE_FIELD_RENAME && str_eq(step->type, type) && str_eq(step->to, field) &&
            str_find(step->name, STR(".")) == step->name.len)
            return step->name;
    }
    return step_find(change, EVOLVE_FIELD_RENAME, EVOLVE_FIELD_DROP, type, field) ? STR_NONE : field;
}

const Str *evolve_field_names(const EvolveNames *names, Arena *arena, const Field *field, size_t *count)
{
    Str *out = ARENA_ARRAY(arena, Str, names->count + 1);
    Str  type = field->type->name, name = field->name;
    *count = 0;
    out[(*count)++] = name;
    for (size_t i = names->count; i-- > 0;) {
        type = type_before(&names->changes[i], type);
        name = type.len ? field_before(&names->changes[i], type, name) : STR_NONE;
        if (!name.len)
            break;
        bool known = false;
        for (size_t k = 0; k < *count; k++)
            known = known || str_eq(out[k], name);
        if (!known)
            out[(*count)++] = name;
    }
    return out;
}
