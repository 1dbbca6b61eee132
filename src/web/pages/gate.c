/* web/pages/gate.c: a gate that opens when two sides pass: the ruling, the sides criterion by criterion, and what is missing. */
#include "web/pages/gate.h"

#include "base/utf8.h"
#include "web/pages/line.h"
#include "web/pages/steps.h"
#include "web/pages/view.h"

#define NEED_POINTS 16 /* of what was found, beside a need; more stands with the step that is refused */

typedef struct GateView {
    Call         *call;
    Show         *show;
    const Record *record;
    const Json   *data;
    Json         *page;
    const Json   *opening; /* the actor's step that opens the gate; NULL when it is not theirs */
    bool          open;
} GateView;

/* How a verdict, or the result of a criterion, is shown. */
static const struct Verdict {
    Str         code;
    Str         kind;
    const char *word;
} verdicts[] = {
    { STR_INIT("pass"), STR_INIT("done"), "say.gate.pass" },
    { STR_INIT("missing"), STR_INIT("wait"), "say.gate.not_yet" },
    { STR_INIT("fail"), STR_INIT("late"), "say.gate.fail" },
    { STR_INIT("hidden"), STR_INIT("not"), "say.gate.hidden" },
};
#define VERDICT_HIDDEN 3

static const struct Verdict *verdict_of(const Json *json, Str key)
{
    size_t i = 0;
    while (i < VERDICT_HIDDEN && !str_eq(verdicts[i].code, json_text(json_get(json, key))))
        i++;
    return &verdicts[i];
}

static const struct {
    Str         name;
    const char *label;
    bool        levels; /* what is required is the least that passes */
} sides[] = {
    { STR_INIT("technical"), "say.gate.technical", true },
    { STR_INIT("market"), "say.gate.market", false },
};
#define SIDE_COUNT (sizeof sides / sizeof *sides)

static const Json *side_data(const GateView *view, size_t side)
{
    return json_get(json_get(view->data, STR("gate")), sides[side].name);
}

static bool side_is(const GateView *view, size_t side, Str verdict)
{
    return str_eq(json_text(json_get(side_data(view, side), STR("verdict"))), verdict);
}

/* ---- criteria ---- */

static Str required_words(const GateView *view, size_t side, const Json *criterion)
{
    Str required = json_text(json_get(criterion, STR("required")));
    return required.len && sides[side].levels ? SAY(view->call, "say.gate.at_least", ARG("value", required)) : required;
}

static Err put_criterion(const GateView *view, size_t side, const Json *criterion, Json *rows)
{
    Call       *call = view->call;
    const Type *type = pack_type(call_pack(call), json_text(json_get(criterion, STR("type"))));
    Str         id = json_text(json_get(criterion, STR("record")));
    Json       *row = json_push(rows, json_object(call->ctx.arena));
    Name        name = { 0 };
    if (type)
        TRY(show_name(view->show, type, id, &name));
    const struct Verdict *result = verdict_of(criterion, STR("result"));
    put(call, row, STR("criterion"), json_text(json_get(criterion, STR("criterion"))));
    put(call, row, STR("evidence"), name.number.len ? name.number : type ? in_words(call, type->label) : STR_NONE);
    put(call, row, STR("evidence_href"), name.seen ? view_href(call, type, id, STR_NONE) : STR_NONE);
    put(call, row, STR("required"), required_words(view, side, criterion));
    put(call, row, STR("found"), json_text(json_get(criterion, STR("found"))));
    put(call, row, STR("result"), say(call, result->word));
    put(call, row, STR("result_kind"), result->kind);
    return ERR_OK;
}

/* ---- a side ---- */

static Str tally(const GateView *view, const Json *side)
{
    int64_t passed, of;
    if (!json_int(json_get(side, STR("passed")), &passed) || !json_int(json_get(side, STR("of")), &of) || !of)
        return STR_NONE;
    return SAY(view->call, "say.gate.tally",
               ARG("passed", str_printf(view->call->ctx.arena, "%lld", (long long)passed)),
               ARG("count", str_printf(view->call->ctx.arena, "%lld", (long long)of)));
}

/* One sentence under the table: what the side rests on, or the first criterion that holds it up. */
static Str summary(const GateView *view, size_t side, const Json *data)
{
    Call *call = view->call;
    JSON_EACH(criterion, json_get(data, STR("criteria"))) {
        Str name = json_text(json_get(criterion, STR("criterion"))),
            found = json_text(json_get(criterion, STR("found")));
        Str result = json_text(json_get(criterion, STR("result")));
        if (str_eq(result, STR("hidden")))
            return STR_NONE;
        if (str_eq(result, STR("fail")) && found.len)
            return SAY(call, "say.gate.short", ARG("criterion", name), ARG("found", found),
                       ARG("required", required_words(view, side, criterion)));
    }
    if (side_is(view, side, STR("pass")))
        return say(call, "say.gate.side_passes");
    return side_is(view, side, STR("missing")) ? say(call, "say.gate.side_waits") : STR_NONE;
}

/* The step that makes the side's first record, with the gate's result filled in. */
static Err put_add(const GateView *view, const Json *data, Json *json)
{
    Call         *call = view->call;
    const Type   *type = pack_type(call_pack(call), json_text(json_get(data, STR("type"))));
    const Action *creates = NULL;
    const Json   *of = view->record->type->parent < 0
                           ? NULL
                           : show_member(view->data, &view->record->type->fields[view->record->type->parent]);
    if (type && type->parent >= 0 && of && of->kind == JSON_STRING && !view->open &&
        !json_get(data, STR("criteria"))->count)
        TRY(view_creates(call, type, &creates));
    if (creates)
        json_set(json, STR("add"),
                 view_link(call, in_words(call, creates->label),
                           view_new_href(call, type, &type->fields[type->parent], json_text(of))));
    else
        put_null(call, json, STR("add"));
    return ERR_OK;
}

static Err put_side(const GateView *view, size_t side, Json *list)
{
    Call                 *call = view->call;
    const Json           *data = side_data(view, side), *criteria = json_get(data, STR("criteria"));
    const struct Verdict *verdict = verdict_of(data, STR("verdict"));
    bool                  empty = !criteria->count && side_is(view, side, STR("missing"));
    Json                 *json = json_push(list, json_object(call->ctx.arena)), *rows = json_array(call->ctx.arena);
    put(call, json, STR("id"), sides[side].name);
    put(call, json, STR("side"), say(call, sides[side].label));
    put(call, json, STR("kind"), empty ? STR("not") : verdict->kind);
    put(call, json, STR("verdict"), say(call, empty ? "say.gate.no_record" : verdict->word));
    put(call, json, STR("tally"), tally(view, data));
    put(call, json, STR("summary"), empty ? STR_NONE : summary(view, side, data));
    JSON_EACH(criterion, criteria)
        TRY(put_criterion(view, side, criterion, rows));
    put_block(call, json, STR("criteria"), STR("rows"), rows);
    return put_add(view, data, json);
}

/* ---- what is missing ---- */

static void put_need(const GateView *view, Json *missing, Str need, Str text)
{
    Json *json = json_push(missing, json_object(view->call->ctx.arena));
    put(view->call, json, STR("need"), say_sentence(view->call, need));
    put(view->call, json, STR("need_text"), utf8_length(text) > NEED_POINTS ? STR_NONE : text);
}

/* For somebody who may open it, the conditions of the step; for others, the sides that do not pass. */
static Json *missing_of(const GateView *view)
{
    Call *call = view->call;
    Json *missing = json_array(call->ctx.arena);
    if (view->open)
        return missing;
    JSON_EACH(reason, json_get(view->opening, STR("reasons"))) {
        Str rule = json_text(json_get(reason, STR("rule")));
        put_need(view, missing, rule.len ? rule : json_text(json_get(reason, STR("text"))),
                 json_text(json_get(reason, STR("found"))));
    }
    for (size_t i = 0; !view->opening && i < SIDE_COUNT; i++)
        if (!side_is(view, i, STR("pass")))
            put_need(view, missing, say(call, sides[i].label),
                     say(call, verdict_of(side_data(view, i), STR("verdict"))->word));
    return missing;
}

static void put_decision(const GateView *view, Json *missing)
{
    Call *call = view->call;
    Json *decision = json_set(view->page, STR("decision"), json_object(call->ctx.arena));
    json_set(decision, STR("missing"), missing);
    JSON_EACH(reason, json_get(view->opening, STR("reasons"))) {
        Str helps = json_text(json_get(reason, STR("helps")));
        if (!helps.len || view->open)
            continue;
        Json *next = json_set(decision, STR("next"), json_object(call->ctx.arena));
        put(call, next, STR("next"), say_sentence(call, helps));
        put(call, next, STR("next_text"), json_text(json_get(reason, STR("source"))));
        return;
    }
    put_null(call, decision, STR("next"));
}

/* ---- the ruling ---- */

static void put_ruling_words(const GateView *view, Str kind, Str ruling, Str text)
{
    Json *json = json_set(view->page, STR("ruling"), json_object(view->call->ctx.arena));
    put(view->call, json, STR("kind"), kind);
    put(view->call, json, STR("ruling"), ruling);
    put(view->call, json, STR("ruling_text"), text);
}

static void put_ruling(const GateView *view, size_t missing)
{
    Call *call = view->call;
    bool  hidden = side_is(view, 0, STR("hidden")) || side_is(view, 1, STR("hidden"));
    if (view->open)
        put_ruling_words(view, STR("done"), say(call, "say.gate.opened"), say(call, "say.gate.opened_text"));
    else if (hidden && !view->opening)
        put_null(call, view->page, STR("ruling"));
    else if (missing)
        put_ruling_words(view, STR("wait"), say_count(call, "say.gate.closed", missing),
                         say(call, "say.gate.closed_text"));
    else if (view->opening)
        put_ruling_words(
            view, STR("done"), say(call, "say.gate.ready"),
            SAY(call, "say.gate.ready_text", ARG("action", json_text(json_get(view->opening, STR("label"))))));
    else
        put_ruling_words(view, STR("done"), say(call, "say.gate.ready"), say(call, "say.gate.ready_others"));
}

/* ---- all of it ---- */

Err gate_put(Call *call, Show *show, const Record *record, const Json *data, Json *page)
{
    int      state = json_get(data, STR("state")) ? record_state(record) : -1;
    GateView view = { .call = call,
                      .show = show,
                      .record = record,
                      .data = data,
                      .page = page,
                      .opening = steps_forward(record->type, state, data),
                      .open = state >= 0 && str_eq(line_kind(record->type, state), STR("done")) };
    Json    *list = json_set(page, STR("sides"), json_array(call->ctx.arena));
    for (size_t i = 0; i < SIDE_COUNT; i++)
        TRY(put_side(&view, i, list));
    Json *missing = missing_of(&view);
    put_ruling(&view, missing->count);
    put_decision(&view, missing);
    return ERR_OK;
}
