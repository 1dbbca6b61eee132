#include "kernel/decision.h"

#include "kernel/parameter.h"

/* ---- taking down ---- */

typedef struct Place { /* of a child row, which has no id of its own to be named by */
    const void *row;
    Str         name;
} Place;

typedef struct Tape {
    Arena        *arena;
    const Type   *person;
    const Action *action;
    ExprEnv       under;   /* over true values */
    Json         *records; /* {NAME: {fields, refs, lists}} */
    Place        *places;
    size_t        count, room;
    Str          *people; /* whom a number stands for */
    size_t        people_count, people_room;
} Tape;

/* An id that a guard spells out says no more than the pack does, and is compared with. */
static bool is_spelled(const Action *action, Str id)
{
    for (size_t i = 0; i < action->guard_count; i++)
        if (str_find(action->guards[i].text, id) < action->guards[i].text.len)
            return true;
    return false;
}

#define STAND_IN "00000000-0000-7000-8000-" /* and the number in twelve digits: no id that a city gives */

/* The id that the tape holds: another one for a person, always the same for the same. */
static Str taped_id(Tape *tape, const Type *type, Str id)
{
    size_t i = 0;
    if (type != tape->person || !id.len || is_spelled(tape->action, id))
        return id;
    while (i < tape->people_count && !str_eq(tape->people[i], id))
        i++;
    if (i == tape->people_count) {
        ARENA_ROOM(tape->arena, tape->people, tape->people_count, tape->people_room);
        tape->people[tape->people_count++] = str_dup(tape->arena, id);
    }
    return str_printf(tape->arena, STAND_IN "%012zu", i + 1);
}

static Value taped_value(Tape *tape, const Field *field, Value value)
{
    Buf list = buf_new(tape->arena, SIZE_MAX);
    if (value.kind == VALUE_ID)
        value.text = taped_id(tape, field->target, value.text);
    if (value.kind != VALUE_LIST || field->target != tape->person)
        return value;
    for (Str rest = value.text; rest.len;)
        buf_printf(&list, "%s%.*s", list.len ? "," : "",
                   STR_FMT(taped_id(tape, field->target, value_list_next(&rest))));
    return value_list(buf_str(&list));
}

static Str name_of(Tape *tape, const Record *record)
{
    for (size_t i = 0; i < tape->count; i++)
        if (tape->places[i].row == record)
            return tape->places[i].name;
    Str id = taped_id(tape, record->type, record_id(record));
    return str_printf(tape->arena, "%.*s/%.*s", STR_FMT(record->type->name), STR_FMT(id));
}

static Json *member(Arena *arena, Json *object, Str name)
{
    for (Json *at = object->first; at; at = at->next)
        if (str_eq(at->key, name))
            return at;
    return json_set(object, str_dup(arena, name), json_object(arena));
}

/* What is read again has the same value: nothing is written in between. */
static void note(Json *part, Str name, Json *value)
{
    if (!json_get(part, name))
        json_set(part, name, value);
}

static Json *part_of(Tape *tape, ExprRow row, const char *part)
{
    Json *record = member(tape->arena, tape->records, name_of(tape, row.row));
    return member(tape->arena, record, str_from(part));
}

static Err tape_get(void *context, ExprRow row, const void *field, Value *out, bool *hidden)
{
    Tape        *tape = context;
    const Field *of = field;
    TRY(tape->under.get(tape->under.context, row, field, out, hidden));
    note(part_of(tape, row, "fields"), of->name,
         json_string(tape->arena, value_encode(tape->arena, taped_value(tape, of, *out))));
    return ERR_OK;
}

static Err tape_follow(void *context, ExprRow row, const void *field, ExprRow *out, bool *hidden)
{
    Tape        *tape = context;
    const Field *of = field;
    TRY(tape->under.follow(tape->under.context, row, field, out, hidden));
    if (out->row)
        member(tape->arena, tape->records, name_of(tape, out->row));
    note(part_of(tape, row, "refs"), of->name,
         out->row ? json_string(tape->arena, name_of(tape, out->row)) : json_null(tape->arena));
    return ERR_OK;
}

/* "trl_assessment.result"; of child rows the field that they stand in. */
static Str list_name(Arena *arena, const ExprChild *child)
{
    const Type  *type = child->type;
    const Field *link = child->link;
    return type->row_of ? type->row_of->name : str_printf(arena, "%.*s.%.*s", STR_FMT(type->name), STR_FMT(link->name));
}

static void place_row(Tape *tape, const void *row, Str list, Str parent, size_t index)
{
    ARENA_ROOM(tape->arena, tape->places, tape->count, tape->room);
    tape->places[tape->count++] = (Place){ row, str_printf(tape->arena, "%.*s.%.*s[%zu]", STR_FMT(parent),
                                                           STR_FMT(list), index) };
}

static Err tape_children(void *context, ExprRow row, const ExprChild *child, ExprRow **out, size_t *count, bool *hidden)
{
    Tape       *tape = context;
    const Type *type = child->type;
    TRY(tape->under.children(tape->under.context, row, child, out, count, hidden));
    if (tape->records->count + *count > COMPUTATION_RECORDS)
        return err_make(ECODE_COMPUTATION_SIZE, "%zu records", tape->records->count + *count);
    Str   list = list_name(tape->arena, child), parent = name_of(tape, row.row);
    Json *names = json_array(tape->arena);
    for (size_t i = 0; i < *count; i++) {
        if (type->row_of)
            place_row(tape, (*out)[i].row, list, parent, i);
        Str name = name_of(tape, (*out)[i].row);
        member(tape->arena, tape->records, name);
        json_push(names, json_string(tape->arena, name));
    }
    note(part_of(tape, row, "lists"), list, names);
    return ERR_OK;
}

static Err tape_parameter(void *context, ExprRow root, Str code, Value *out)
{
    const Tape *tape = context;
    return tape->under.parameter(tape->under.context, root, code, out);
}

/* ---- playing back ---- */

typedef struct Play {
    Arena      *arena;
    const Json *records, *parameters;
} Play;

static Err not_there(const char *what) { return err_make(ECODE_COMPUTATION_INPUT, "no %s", what); }

static const Json *part(ExprRow row, const char *name) { return json_get(row.row, str_from(name)); }

static Err play_get(void *context, ExprRow row, const void *field, Value *out, bool *hidden)
{
    const Field *of = field;
    (void)context;
    *hidden = false;
    bool read = value_decode(json_text(json_get(part(row, "fields"), of->name)), out);
    return read ? ERR_OK : not_there("value");
}

static Err play_row(const Play *play, const Json *name, const void *type, ExprRow *out)
{
    *out = (ExprRow){ .type = type, .row = json_get(play->records, json_text(name)) };
    return out->row ? ERR_OK : not_there("record");
}

static Err play_follow(void *context, ExprRow row, const void *field, ExprRow *out, bool *hidden)
{
    const Field *of = field;
    const Json  *name = json_get(part(row, "refs"), of->name);
    *hidden = false;
    *out = (ExprRow){ .type = of->target };
    if (!name)
        return not_there("reference");
    return name->kind == JSON_NULL ? ERR_OK : play_row(context, name, of->target, out);
}

static Err play_children(void *context, ExprRow row, const ExprChild *child, ExprRow **out, size_t *count, bool *hidden)
{
    const Play *play = context;
    const Json *names = json_get(part(row, "lists"), list_name(play->arena, child));
    *hidden = false;
    *count = 0;
    if (!names)
        return not_there("list");
    *out = ARENA_ARRAY(play->arena, ExprRow, names->count);
    JSON_EACH(name, names)
        TRY(play_row(play, name, child->type, &(*out)[(*count)++]));
    return ERR_OK;
}

static Err play_parameter(void *context, ExprRow root, Str code, Value *out)
{
    const Play *play = context;
    (void)root;
    JSON_EACH(parameter, play->parameters)
        if (str_eq(json_text(json_get(parameter, STR("code"))), code))
            return value_decode(json_text(json_get(parameter, STR("value"))), out) ? ERR_OK : not_there("parameter");
    return not_there("parameter");
}

/* "#2" is the person that the second number stands for; a true id, as older inputs hold them, is called by itself. */
static Str play_called(void *context, const void *type, Str id)
{
    const Play *play = context;
    int64_t     number;
    (void)type;
    if (!str_starts(id, STR(STAND_IN)) || !str_int(str_slice(id, strlen(STAND_IN), id.len), &number))
        return STR_NONE;
    return str_printf(play->arena, "#%lld", (long long)number);
}

/* ---- the engine ---- */

typedef struct Deciding {
    Arena      *arena;
    const Type *type;
    ExprEnv     env;
    ExprScope   scope;
    ExprRow     root;
} Deciding;

static void put_words(Arena *arena, Json *into, const char *name, Text text)
{
    Json *words = json_set(into, str_from(name), json_object(arena));
    for (Lang lang = 0; lang < LANG_COUNT; lang++)
        json_set_str(arena, words, lang_tag(lang), text.in[lang]);
}

static void put_clause(Arena *arena, const ExprClause *clause, Json *list)
{
    Json *json = json_push(list, json_object(arena));
    json_set_str(arena, json, STR("clause"), clause->source);
    json_set_bool(arena, json, STR("holds"), clause->holds);
    put_words(arena, json, "rule", clause->rule);
    put_words(arena, json, "found", clause->found);
}

static Err decide(const Deciding *deciding, const Json *guard, Json *out, bool *holds)
{
    Arena      *arena = deciding->arena;
    Problems    problems = { .arena = arena };
    Expr       *when;
    Value       value;
    ExprClause *clauses;
    size_t      count;
    TRY(expr_parse(arena, json_text(json_get(guard, STR("when"))), &when, &problems));
    TRY(expr_check(arena, when, &deciding->scope, deciding->type, VALUE_BOOLEAN, false, &problems));
    TRY(expr_eval(arena, when, &deciding->env, deciding->root, &value));
    TRY(expr_explain(arena, when, &deciding->scope, &deciding->env, deciding->root, &clauses, &count));
    *holds = value.kind == VALUE_BOOLEAN && value.number;
    json_set_bool(arena, out, STR("holds"), *holds);
    if (json_get(guard, STR("rule")))
        json_set(out, STR("rule"), json_dup(arena, json_get(guard, STR("rule"))));
    Json *list = json_set(out, STR("clauses"), json_array(arena));
    for (size_t i = 0; i < count; i++)
        put_clause(arena, &clauses[i], list);
    return ERR_OK;
}

static Err decide_all(const Deciding *deciding, const Json *guards, Json **out)
{
    Arena *arena = deciding->arena;
    bool   all = true, holds;
    *out = json_object(arena);
    Json *truth = json_set(*out, STR("holds"), json_bool(arena, true));
    Json *list = json_set(*out, STR("guards"), json_array(arena));
    JSON_EACH(guard, guards) {
        TRY(decide(deciding, guard, json_push(list, json_object(arena)), &holds));
        all = all && holds;
    }
    truth->kind = all ? JSON_TRUE : JSON_FALSE;
    return ERR_OK;
}

static Err run_decision(Arena *arena, const Pack *pack, const Json *input, const Json *parameters, Json **out)
{
    Play     play = { .arena = arena, .records = json_get(input, STR("records")), .parameters = parameters };
    Deciding deciding = { .arena = arena, .type = pack_type(pack, json_text(json_get(input, STR("type")))) };
    if (!deciding.type || !date_parse(json_text(json_get(input, STR("today"))), &deciding.env.today))
        return not_there("type or day");
    int64_t today = deciding.env.today;
    deciding.env = (ExprEnv){ .context = &play,
                              .get = play_get,
                              .follow = play_follow,
                              .children = play_children,
                              .parameter = play_parameter,
                              .called = play_called,
                              .calendar = pack->calendar,
                              .today = today,
                              .actor = json_text(json_get(input, STR("actor"))),
                              .organisation = json_text(json_get(input, STR("organisation"))) };
    deciding.scope = pack_scope(pack, true);
    TRY(play_row(&play, json_get(input, STR("root")), deciding.type, &deciding.root));
    return decide_all(&deciding, json_get(input, STR("guards")), out);
}

const Engine engine_decision = { STR_INIT("decision"), 1, run_decision };

/* ---- keeping one ---- */

static Json *input_head(const Ctx *writer, const Record *asked, Tape *tape)
{
    Arena *arena = writer->arena;
    Json  *input = json_object(arena);
    Str    actor = taped_id(tape, tape->person, tape->under.actor); /* the first, whatever is read */
    json_set_str(arena, input, STR("type"), asked->type->name);
    json_set_str(arena, input, STR("root"), name_of(tape, asked));
    json_set_str(arena, input, STR("today"), date_text(arena, tape->under.today));
    json_set_str(arena, input, STR("actor"), actor);
    json_set_str(arena, input, STR("organisation"), tape->under.organisation);
    return input;
}

/* Read as they are explained, which reads all that deciding does, and more. */
static Err take_down(Tape *tape, const Pack *pack, const Action *action, const Record *asked, Json *guards)
{
    ExprEnv   env = tape->under;
    ExprScope scope = pack_scope(pack, true);
    env.context = tape;
    env.get = tape_get;
    env.follow = tape_follow;
    env.children = tape_children;
    env.parameter = tape_parameter;
    env.called = NULL; /* a name is nothing that is decided on */
    for (size_t i = 0; i < action->guard_count; i++) {
        const Guard *guard = &action->guards[i];
        ExprClause  *clauses;
        size_t       count;
        Value        value;
        ExprRow      root = { asked->type, asked };
        Json        *json = json_push(guards, json_object(tape->arena));
        json_set_str(tape->arena, json, STR("when"), guard->text);
        if (guard->rule.in[LANG_ZH].len)
            put_words(tape->arena, json, "rule", guard->rule);
        TRY(expr_eval(tape->arena, guard->when, &env, root, &value));
        TRY(expr_explain(tape->arena, guard->when, &scope, &env, root, &clauses, &count));
    }
    return ERR_OK;
}

static void put_value(Arena *arena, Json *json, const Record *row, const char *field)
{
    const Field *of = row->values ? type_field(row->type, str_from(field)) : NULL;
    if (of && row->values[of->index].kind != VALUE_MISSING)
        json_set_str(arena, json, of->name, value_plain(arena, row->values[of->index]));
}

static void put_use(Arena *arena, const ParameterUse *use, Json *list)
{
    static const char *const told[] = { "valid_from", "valid_to", "source" };
    Str                      code = use->parameter->name;
    JSON_EACH(known, list)
        if (str_eq(json_text(json_get(known, STR("code"))), code))
            return;
    Json *json = json_push(list, json_object(arena));
    json_set_str(arena, json, STR("code"), code);
    json_set_str(arena, json, STR("value"), value_encode(arena, use->value));
    if (use->parameter->unit.in[LANG_ZH].len)
        put_words(arena, json, "unit", use->parameter->unit);
    if (use->row.values)
        json_set_str(arena, json, STR("record"), record_id(&use->row));
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        put_value(arena, json, &use->row, told[i]);
    json_set_bool(arena, json, STR("confirmed"), use->confirmed);
}

static Err parameters_used(const Ctx *writer, const Action *action, const Record *asked, Json *list)
{
    for (size_t i = 0; i < action->guard_count; i++) {
        ParameterUse *uses;
        size_t        count;
        TRY(parameter_uses(writer, action->guards[i].when, asked, &uses, &count));
        for (size_t u = 0; u < count; u++)
            put_use(writer->arena, &uses[u], list);
    }
    return ERR_OK;
}

Err decision_keep(const Ctx *writer, const Action *action, const Record *asked, Change **out)
{
    Tape  tape = { .arena = writer->arena,
                   .person = writer->city->pack->person,
                   .action = action,
                   .records = json_object(writer->arena) };
    Json *parameters = json_array(writer->arena);
    *out = NULL;
    if (!action->decides)
        return ERR_OK;
    tape.under = access_env_truth(writer);
    Json *input = input_head(writer, asked, &tape);
    Json *guards = json_set(input, STR("guards"), json_array(writer->arena));
    TRY(take_down(&tape, writer->city->pack, action, asked, guards));
    member(tape.arena, tape.records, name_of(&tape, asked)); /* also when no guard reads a field of its own */
    json_set(input, STR("records"), tape.records);
    TRY(parameters_used(writer, action, asked, parameters));
    const Computed computed = { .engine = &engine_decision, .input = input, .parameters = parameters };
    return computation_new(writer, &computed, asked, action, out);
}
