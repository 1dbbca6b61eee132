#include "kernel/past_words.h"

#include "kernel/evolve.h"

/* The record that stands for the pack has its number as its version. */
static const Str sql_in_force = STR_INIT("SELECT r.sequence, r.version FROM event_record r"
                                         " JOIN event e ON e.sequence = r.sequence"
                                         " WHERE r.record = ? AND r.type = 'pack' AND e.time < ?"
                                         " ORDER BY r.sequence DESC LIMIT 1");

typedef struct Words {
    const Ctx       *ctx;
    const Type      *type;  /* of today */
    const Type      *other; /* of then: it became this one */
    const Clearance *clearance;
    int64_t          sequence; /* of the event that brought the pack of then */
    Json            *fields, *choices, *states;
} Words;

static Err in_force(const Ctx *ctx, int64_t before_ms, int64_t *sequence, int64_t *number)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_text(ctx->city->pack->name), value_instant(before_ms) };
    bool              more;
    *number = 0;
    TRY(db_query(ctx->db, sql_in_force, params, 2, &rows));
    TRY(rows_next(rows, &more));
    if (more) {
        *sequence = rows_int(rows, 0);
        *number = rows_int(rows, 1);
    }
    return ERR_OK;
}

static void word(const Words *words, Json *into, Str name, Text then, Text now)
{
    Lang lang = words->ctx->lang;
    if (!str_eq(then.in[lang], now.in[lang]))
        json_set_str(words->ctx->arena, into, name, then.in[lang]);
}

/* What a code of then is called today; empty when it is no more. */
static Err code_now(const Words *words, Str field, Str code, Str *out)
{
    const Field *found;
    Value        value;
    Arena       *arena = words->ctx->arena;
    TRY(evolve_read(words->ctx->city->names, arena, words->sequence, words->other->name, field,
                    value_encode(arena, value_text(code)), &found, &value));
    *out = value.kind == VALUE_TEXT || value.kind == VALUE_LIST ? value.text : STR_NONE;
    return ERR_OK;
}

static const Choice *choice_of(const Field *field, Str code)
{
    for (size_t i = 0; i < field->choice_count; i++)
        if (str_eq(field->choices[i].code, code))
            return &field->choices[i];
    return NULL;
}

static Err field_choices(const Words *words, const Field *then, const Field *now)
{
    Json *into = json_object(words->ctx->arena);
    for (size_t i = 0; i < then->choice_count; i++) {
        Str code;
        TRY(code_now(words, then->name, then->choices[i].code, &code));
        const Choice *choice = choice_of(now, code);
        if (choice)
            word(words, into, code, then->choices[i].label, choice->label);
    }
    if (into->count)
        json_set(words->choices, now->name, into);
    return ERR_OK;
}

static Err field_words(const Words *words, const Field *then)
{
    const Field *now = evolve_field(words->ctx->city->names, words->sequence, words->other->name, then->name);
    if (then->system || !now || now->type != words->type || !access_shows(words->clearance, now))
        return ERR_OK;
    word(words, words->fields, now->name, then->label, now->label);
    return field_choices(words, then, now);
}

static Err state_words(const Words *words)
{
    for (size_t i = 0; i < words->other->state_count; i++) {
        const State *then = &words->other->states[i];
        Str          name;
        TRY(code_now(words, STR("state"), then->name, &name));
        int now = type_state(words->type, name);
        if (now >= 0)
            word(words, words->states, name, then->label, words->type->states[now].label);
    }
    return ERR_OK;
}

static Err type_words(Words *words, Json *into)
{
    Arena *arena = words->ctx->arena;
    words->fields = json_object(arena);
    words->choices = json_object(arena);
    words->states = json_object(arena);
    for (size_t i = 0; i < words->other->stored_count; i++)
        TRY(field_words(words, &words->other->fields[i]));
    if (access_shows(words->clearance, &words->type->fields[SYS_STATE]))
        TRY(state_words(words));
    word(words, into, STR("type"), words->other->label, words->type->label);
    Json       *parts[] = { words->fields, words->choices, words->states };
    const char *names[] = { "fields", "choices", "states" };
    for (size_t i = 0; i < 3; i++)
        if (parts[i]->count)
            json_set(into, str_from(names[i]), parts[i]);
    return ERR_OK;
}

static Err words_of(Words *words, const Pack *pack, Json *into)
{
    for (size_t i = 0; i < pack->type_count; i++) {
        words->other = &pack->types[i];
        if (evolve_type(words->ctx->city->names, words->sequence, words->other->name) == words->type)
            return type_words(words, json_set(into, STR("labels"), json_object(words->ctx->arena)));
    }
    return ERR_OK;
}

Err past_words(const Ctx *ctx, const Type *type, int64_t before_ms, const Clearance *clearance, Json *into)
{
    Words       words = { .ctx = ctx, .type = type, .clearance = clearance };
    const Pack *pack = ctx->city->pack;
    int64_t     number;
    TRY(in_force(ctx, before_ms, &words.sequence, &number));
    if (!number)
        return ERR_OK;
    if (number != ctx->city->pack_number)
        TRY(city_pack(ctx->db, ctx->arena, number, &pack));
    Json *said = json_set(into, STR("pack"), json_object(ctx->arena));
    json_set_int(ctx->arena, said, STR("number"), number);
    json_set_str(ctx->arena, said, STR("name"), pack->name);
    return pack == ctx->city->pack ? ERR_OK : words_of(&words, pack, into);
}
