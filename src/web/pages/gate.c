/* web/pages/gate.c: a gate that opens when two sides pass: the ruling, the sides criterion by
 * criterion, and what is missing. */
#include "web/pages/gate.h"

#include "base/utf8.h"
#include "web/pages/line.h"
#include "web/pages/steps.h"
#include "web/pages/view.h"
#include "web/shapes.h"

#define NEED_POINTS 16 /* of what was found, beside a need; more stands with the step that is refused */

typedef struct GateView {
    Call         *call;
    Show         *show;
    const Record *record;
    const Json   *data;
    Json         *page;
    const Json   *opening;   /* the actor's step that opens the gate; NULL when it is not theirs */
    bool          open, off; /* off: it will not be opened any more */
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

/* "Interviews 8", "Share confirming 62.50 %", … */
static void put_figures(const GateView *view, const Json *criterion, Json *row)
{
    Arena *arena = view->call->ctx.arena;
    Json  *list = json_set(row, STR("figures"), json_array(arena));
    JSON_EACH(figure, json_get(criterion, STR("figures")))
        put(view->call, json_push(list, json_object(arena)), STR("figure"),
            str_printf(arena, "%.*s %.*s", STR_FMT(json_text(json_get(figure, STR("label")))),
                       STR_FMT(json_text(json_get(figure, STR("value"))))));
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
    put_figures(view, criterion, row);
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

static bool is_empty(const GateView *view, size_t side)
{
    return !json_get(side_data(view, side), STR("criteria"))->count && side_is(view, side, STR("missing"));
}

static Str verdict_word(const GateView *view, size_t side)
{
    return say(view->call,
               is_empty(view, side) ? "say.gate.no_record" : verdict_of(side_data(view, side), STR("verdict"))->word);
}

static Err put_side(const GateView *view, size_t side, Json *list)
{
    Call                 *call = view->call;
    const Json           *data = side_data(view, side), *criteria = json_get(data, STR("criteria"));
    const struct Verdict *verdict = verdict_of(data, STR("verdict"));
    bool                  empty = is_empty(view, side);
    Json                 *json = json_push(list, json_object(call->ctx.arena)), *rows = json_array(call->ctx.arena);
    put(call, json, STR("id"), sides[side].name);
    put(call, json, STR("side"), say(call, sides[side].label));
    put(call, json, STR("kind"), empty ? STR("not") : verdict->kind);
    put(call, json, STR("verdict"), verdict_word(view, side));
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

/* The sides that do not pass, alike for all who see them; when both do, what else the step asks
 * of those who may take it. */
static Json *missing_of(const GateView *view)
{
    Call *call = view->call;
    Json *missing = json_array(call->ctx.arena);
    for (size_t i = 0; !view->open && i < SIDE_COUNT; i++)
        if (!side_is(view, i, STR("pass")))
            put_need(view, missing, say(call, sides[i].label), verdict_word(view, i));
    if (view->open || missing->count)
        return missing;
    JSON_EACH(reason, json_get(view->opening, STR("reasons"))) {
        Str rule = json_text(json_get(reason, STR("rule")));
        put_need(view, missing, rule.len ? rule : json_text(json_get(reason, STR("text"))),
                 json_text(json_get(reason, STR("found"))));
    }
    return missing;
}

/* ---- the next step ---- */

static void put_next(const GateView *view, Str next, Str text, Str href, Json *decision)
{
    Json *json = json_set(decision, STR("next"), json_object(view->call->ctx.arena));
    put(view->call, json, STR("next"), say_sentence(view->call, next));
    put(view->call, json, STR("next_text"), text);
    put(view->call, json, STR("next_href"), href);
}

/* The side's first criterion whose record has not left its first state; NULL when the side wants more
 * than a draft's completion. */
static Err draft_of(const GateView *view, size_t side, const Json **out)
{
    Record record;
    *out = NULL;
    JSON_EACH(criterion, json_get(side_data(view, side), STR("criteria"))) {
        const Type *type = pack_type(call_pack(view->call), json_text(json_get(criterion, STR("type"))));
        if (*out || !side_is(view, side, STR("missing")))
            break;
        TRY(find_one(&view->call->ctx, type, json_text(json_get(criterion, STR("record"))), &record));
        if (record_state(&record) == 0)
            *out = criterion;
    }
    return ERR_OK;
}

/* Criteria of the draft's record that nothing was filled in for. */
static Str unfilled(const GateView *view, size_t side, const Json *draft)
{
    Call       *call = view->call;
    const Json *criteria = json_get(side_data(view, side), STR("criteria"));
    Str        *names = ARENA_ARRAY(call->ctx.arena, Str, criteria->count);
    size_t      count = 0;
    JSON_EACH(criterion, criteria)
        if (str_eq(json_text(json_get(criterion, STR("record"))), json_text(json_get(draft, STR("record")))) &&
            !json_get(criterion, STR("found")))
            names[count++] = json_text(json_get(criterion, STR("criterion")));
    Str fields = str_join(call->ctx.arena, names, count, say(call, "top.between"));
    return count ? SAY(call, "say.gate.finish_text", ARG("fields", fields)) : STR_NONE;
}

/* Nothing costs less than to complete a draft that is there; else the first condition that says what helps. */
static Err put_decision(const GateView *view, Json *missing)
{
    Call       *call = view->call;
    const Json *draft;
    Json       *decision = json_set(view->page, STR("decision"), json_object(call->ctx.arena));
    json_set(decision, STR("missing"), missing);
    for (size_t i = 0; !view->open && !view->off && i < SIDE_COUNT; i++) {
        TRY(draft_of(view, i, &draft));
        if (!draft)
            continue;
        const Type *type = pack_type(call_pack(call), json_text(json_get(draft, STR("type"))));
        put_next(view, SAY(call, "say.gate.finish", ARG_TEXT("label", type->label)), unfilled(view, i, draft),
                 view_href(call, type, json_text(json_get(draft, STR("record"))), STR_NONE), decision);
        return ERR_OK;
    }
    JSON_EACH(reason, json_get(view->opening, STR("reasons"))) {
        Str helps = json_text(json_get(reason, STR("helps")));
        if (!helps.len || view->open)
            continue;
        put_next(view, helps, json_text(json_get(reason, STR("source"))), STR_NONE, decision);
        return ERR_OK;
    }
    put_null(call, decision, STR("next"));
    return ERR_OK;
}

/* ---- among its peers ---- */

/* The matrix of all that a gate is about, with the cell of this one marked. */
static Str peers_href(const GateView *view)
{
    const Call  *call = view->call;
    const Type  *type = view->record->type;
    const Field *parent = type->parent < 0 ? NULL : &type->fields[type->parent];
    const Json  *of = parent ? show_member(view->data, parent) : NULL;
    if (!of || of->kind != JSON_STRING || !shape_matrix_known(call, parent->target))
        return STR_NONE;
    return str_printf(call->ctx.arena, "%.*s/matrix?here=%.*s", STR_FMT(view_list_href(call, parent->target)),
                      STR_FMT(json_text(of)));
}

/* ---- the ruling ---- */

static void put_ruling_words(const GateView *view, Str kind, Str ruling, Str text)
{
    Json *json = json_set(view->page, STR("ruling"), json_object(view->call->ctx.arena));
    put(view->call, json, STR("kind"), kind);
    put(view->call, json, STR("ruling"), ruling);
    put(view->call, json, STR("ruling_text"), text);
    put(view->call, json, STR("ruling_href"), view->open ? STR_NONE : STR("#decide"));
}

static void put_ruling(const GateView *view, size_t missing)
{
    Call *call = view->call;
    bool  hidden = side_is(view, 0, STR("hidden")) || side_is(view, 1, STR("hidden"));
    if (view->open)
        put_ruling_words(view, STR("done"), say(call, "say.gate.opened"), say(call, "say.gate.opened_text"));
    else if (hidden || view->off)
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
    view.off = state > 0 && !view.open;
    for (size_t i = 0; i < SIDE_COUNT; i++)
        TRY(put_side(&view, i, list));
    put(call, page, STR("peers_href"), peers_href(&view));
    Json *missing = missing_of(&view);
    put_ruling(&view, missing->count);
    return put_decision(&view, missing);
}
