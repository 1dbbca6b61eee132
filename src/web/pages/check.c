/* web/pages/check.c: what a receipt says, to whoever has one. */
#include "kernel/evolve.h"
#include "web/pages/view.h"

static bool is(const Json *data, const char *name, JsonKind wanted)
{
    const Json *json = json_get(data, str_from(name));
    return json && json->kind == wanted;
}

/* ---- the answers ---- */

typedef struct Answer {
    const char *question, *kind;
    Str         answer, why;
} Answer;

static void put_answer(Call *call, Json *answers, Answer answer)
{
    Json *json = json_push(answers, json_object(call->ctx.arena));
    put(call, json, STR("question"), say(call, answer.question));
    put(call, json, STR("kind"), str_from(answer.kind));
    put(call, json, STR("answer"), answer.answer);
    put(call, json, STR("why"), answer.why);
}

static void put_unchanged(Call *call, const Json *data, Json *answers)
{
    const Json *error = json_get(data, STR("error"));
    Answer      answer = { "say.check.q_unchanged", "done", say(call, "say.check.unchanged"),
                           say(call, "say.check.unchanged_why") };
    Str         why = json_text(json_get(error, STR("detail")));
    if (str_eq(json_text(json_get(error, STR("type"))), STR("/errors/receipt.form"))) /* where in it, is for programs */
        why = say(call, "say.check.form_why");
    if (is(data, "unchanged", JSON_FALSE))
        answer = (Answer){ answer.question, "late", json_text(json_get(error, STR("title"))), why };
    else if (!is(data, "unchanged", JSON_TRUE))
        answer = (Answer){ answer.question, "not", say(call, "say.check.unknown"), say(call, "say.check.unknown_why") };
    put_answer(call, answers, answer);
}

static Str number(Call *call, const Json *json, const char *name)
{
    int64_t n = 0;
    (void)json_int(json_get(json, str_from(name)), &n); /* the handler wrote it */
    return str_printf(call->ctx.arena, "%lld", (long long)n);
}

static void put_of_this_log(Call *call, const Json *data, Json *answers)
{
    const Json *receipt = json_get(data, STR("receipt"));
    if (is(data, "of_this_log", JSON_TRUE))
        put_answer(
            call, answers,
            (Answer){ "say.check.q_log", "done", say(call, "say.check.of_this"),
                      SAY(call, "say.check.of_this_why", ARG("log", json_text(json_get(data, STR("log")))),
                          ARG("index", number(call, receipt, "index")), ARG("size", number(call, receipt, "size"))) });
    else if (is(data, "of_this_log", JSON_FALSE))
        put_answer(call, answers,
                   (Answer){ "say.check.q_log", "late", say(call, "say.check.of_other"),
                             say(call, "say.check.of_other_why") });
}

/* "2026-11-24 02:26 UTC": it is read far from the city, too. */
static Str moment(Call *call, Str instant)
{
    return str_printf(call->ctx.arena, "%.*s %.*s UTC", STR_FMT(str_slice(instant, 0, 10)),
                      STR_FMT(str_slice(instant, 11, 19)));
}

/* Those who have signed, with when they did; or those who have not. */
static Str witnesses(Call *call, const Json *receipt, bool signed_it)
{
    Buf buf = buf_new(call->ctx.arena, SIZE_MAX);
    JSON_EACH(witness, json_get(receipt, STR("witnesses"))) {
        Str name = json_text(json_get(witness, STR("name"))), time = json_text(json_get(witness, STR("time")));
        if ((time.len > 0) != signed_it)
            continue;
        if (buf_str(&buf).len)
            buf_add(&buf, say(call, "say.check.between"));
        buf_add(&buf,
                signed_it ? SAY(call, "say.check.witness", ARG("name", name), ARG("time", moment(call, time))) : name);
    }
    return buf_str(&buf);
}

static void put_witnessed(Call *call, const Json *data, Json *answers)
{
    const Json *receipt = json_get(data, STR("receipt"));
    Answer      answer = { "say.check.q_witnessed", "not", say(call, "say.check.unasked"),
                           say(call, "say.check.unasked_why") };
    if (is(data, "witnessed", JSON_TRUE))
        answer = (Answer){ answer.question, "done", say(call, "say.check.witnessed"),
                           SAY(call, "say.check.witnessed_why", ARG("names", witnesses(call, receipt, true))) };
    else if (is(data, "witnessed", JSON_FALSE))
        answer = (Answer){ answer.question, "wait", say(call, "say.check.unwitnessed"),
                           SAY(call, "say.check.unwitnessed_why", ARG("names", witnesses(call, receipt, false))) };
    put_answer(call, answers, answer);
}

/* ---- what it tells ---- */

typedef struct Told {
    Call   *call;
    int64_t sequence;
    Str     action;
    Str     types[8]; /* of its first records, as the event calls them */
    Json   *facts, *values;
} Told;

static void put_fact(const Told *told, Json *list, Str fact, Str said)
{
    Json *json = json_push(list, json_object(told->call->ctx.arena));
    put(told->call, json, STR("fact"), fact);
    put(told->call, json, STR("said"), said);
}

static const Type *type_of(const Told *told, Str name)
{
    return evolve_type(told->call->ctx.city->names, told->sequence, name);
}

/* "record 0 result 0193… 3", without its first word: the step has its name from the first of them. */
static void put_record(Told *told, Str line)
{
    Call         *call = told->call;
    Str           item = str_cut(&line, ' '), name = str_cut(&line, ' '), id = str_cut(&line, ' ');
    int64_t       place = 0;
    const Type   *type = type_of(told, name);
    const Action *action = type ? type_action(type, told->action) : NULL;
    if (!str_int(item, &place) || place < 0)
        return;
    if (place == 0)
        put_fact(told, told->facts, say(call, "say.check.step"), action ? in_words(call, action->label) : told->action);
    if ((size_t)place < sizeof told->types / sizeof told->types[0])
        told->types[place] = name;
    put_fact(told, told->facts, say(call, "say.check.record"),
             SAY(call, "say.check.version", ARG("label", type ? in_words(call, type->label) : name), ARG("id", id),
                 ARG("version", line)));
}

static void put_head(Told *told, Str manifest)
{
    Call *call = told->call;
    for (Str rest = manifest; rest.len;) {
        Str line = str_cut(&rest, '\n'), word = str_cut(&line, ' ');
        if (str_eq(word, STR("sequence")))
            (void)str_int(line, &told->sequence);
        else if (str_eq(word, STR("time")))
            put_fact(told, told->facts, say(call, "say.check.time"), moment(call, line));
        else if (str_eq(word, STR("action")))
            told->action = line;
        else if (str_eq(word, STR("person")))
            put_fact(told, told->facts, say(call, "say.check.person"),
                     str_eq(line, STR("system")) ? say(call, "say.record.system") : line);
        else if (str_eq(word, STR("organisation")) && !str_eq(line, STR("-")))
            put_fact(told, told->facts, say(call, "say.check.organisation"), line);
        else if (str_eq(word, STR("record")))
            put_record(told, line);
    }
}

/* Codes and states by their labels, the rest as the log has it: it is not looked up what a reference names. */
static Str value_said(const Call *call, const Field *field, Str encoded)
{
    Str  rest = encoded, kind = str_cut(&rest, ':');
    bool text = str_eq(kind, STR("text"));
    if (str_eq(encoded, STR("missing")))
        return say(call, "say.check.none");
    const Choice *choice = field && text ? field_choice(field, rest) : NULL;
    if (choice)
        return in_words(call, choice->label);
    int state = field && text && field == &field->type->fields[SYS_STATE] ? type_state(field->type, rest) : -1;
    return state >= 0 ? in_words(call, field->type->states[state].label) : rest;
}

static void put_value(const Told *told, Str name, Str encoded)
{
    Call        *call = told->call;
    Str          rest = name, item = str_cut(&rest, '.');
    int64_t      place = 0;
    const Field *field = NULL;
    if (str_int(item, &place) && place >= 0 && (size_t)place < sizeof told->types / sizeof told->types[0])
        field = evolve_field(call->ctx.city->names, told->sequence, told->types[place], rest);
    put_fact(told, told->values, field ? in_words(call, field->label) : name, value_said(call, field, encoded));
}

static void put_told(Call *call, const Json *receipt, Json *page)
{
    Arena *arena = call->ctx.arena;
    Told   told = { .call = call, .facts = json_array(arena), .values = json_array(arena) };
    put_head(&told, json_text(json_get(receipt, STR("manifest"))));
    JSON_EACH(value, json_get(receipt, STR("values")))
        put_value(&told, json_text(json_get(value, STR("name"))), json_text(json_get(value, STR("value"))));
    put_block(call, page, STR("facts"), STR("items"), told.facts);
    put_block(call, page, STR("values"), STR("items"), told.values);
}

Err view_check(Call *call, const Json *data, PageOut *out)
{
    Arena      *arena = call->ctx.arena;
    const Json *receipt = json_get(data, STR("receipt"));
    bool        checked = receipt || json_get(data, STR("error"));
    Json       *answers = json_array(arena);
    Str         title = say(call, !checked                              ? "say.check.title"
                                  : receipt                             ? "say.check.right"
                                  : is(data, "of_this_log", JSON_FALSE) ? "say.check.other"
                                                                        : "say.check.wrong");
    TRY(view_frame(call, out, title, NULL));
    put(call, out->page, STR("title"), title);
    put(call, out->page, STR("key"), json_text(json_get(data, STR("key"))));
    json_set_bool(arena, out->page, STR("form"), !checked);
    if (checked) {
        put_unchanged(call, data, answers);
        put_of_this_log(call, data, answers);
    }
    if (receipt)
        put_witnessed(call, data, answers);
    put_block(call, out->page, STR("answered"), STR("answers"), answers);
    put_told(call, receipt, out->page);
    return ERR_OK;
}
