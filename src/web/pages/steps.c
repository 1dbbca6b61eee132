/* web/pages/steps.c: see steps.h. */
#include "web/pages/steps.h"

#include "web/pages/line.h"
#include "web/pages/view.h"

static bool is_allowed(const Json *option)
{
    bool allowed = false;
    return json_truth(json_get(option, STR("allowed")), &allowed) && allowed;
}

static const Action *option_action(const Type *type, const Json *option)
{
    return type_action(type, json_text(json_get(option, STR("name"))));
}

static bool has_code(const Json *option, Str code)
{
    JSON_EACH(reason, json_get(option, STR("reasons")))
        if (str_eq(json_text(json_get(reason, STR("code"))), code))
            return true;
    return false;
}

static bool is_denied(const Json *option) { return has_code(option, STR("action.denied")); }

static bool is_edit(const Action *action) { return str_eq(action->name, STR("edit")); }

/* Does the action lead further along the line? */
static bool goes_forward(const Type *type, const Action *action, int state)
{
    Line line;
    line_of(type, &line);
    int from = line_at(&line, state), to = action->to < 0 ? -1 : line_at(&line, action->to);
    return from >= 0 && to > from && (action->from >> state & 1);
}

const Json *steps_forward(const Type *type, int state, const Json *data)
{
    JSON_EACH(option, json_get(data, STR("actions"))) {
        const Action *action = option_action(type, option);
        if (action && state >= 0 && !is_denied(option) && goes_forward(type, action, state))
            return option;
    }
    return NULL;
}

/* Is it more likely to end the record (withdrawn, left, closed) than to complete it? Nothing follows, the line has come
 * by no stop before, and nothing guards the step. */
static bool just_ends(const Type *type, const Action *action)
{
    Line line;
    line_of(type, &line);
    uint64_t others = ~(UINT64_C(1) << action->to);
    return line.count == 2 && !action->guard_count && !line_reaches(type, action->to, others);
}

/* ---- what can be done ---- */

static Err can_push(Call *call, const Record *record, const Action *action, bool main, Json *items)
{
    uint16_t *inputs;
    size_t    count;
    TRY(act_inputs(&call->ctx, action, record->type, record, &inputs, &count));
    Json *step = json_push(items, json_object(call->ctx.arena));
    Str   href = view_href(call, record->type, record_id(record), action->name);
    bool  asks = count || action->erase_count; /* what cannot be undone is asked once more, on the step's form */
    put(call, step, STR("label"), in_words(call, action->label));
    json_set_bool(call->ctx.arena, step, STR("main"), main);
    put(call, step, STR("post"), asks ? STR_NONE : href);
    put(call, step, STR("href"), asks ? href : STR_NONE);
    put(call, step, STR("help"), in_words(call, action->help));
    return ERR_OK;
}

/* ---- what cannot be done yet ---- */

static bool is_not_yet(const Type *type, const Action *action, int state, const Json *option)
{
    if (is_denied(option) || action->to == state || state < 0)
        return false;
    return line_reaches(type, state, action->from);
}

static Json *clause_of(const Call *call, const Json *reason)
{
    static const char *const names[] = { "found", "needed", "source", "helps" };
    Json                    *clause = json_object(call->ctx.arena);
    Str                      rule = json_text(json_get(reason, STR("rule")));
    bool                     unseen = str_eq(json_text(json_get(reason, STR("code"))), STR("action.clause_hidden"));
    put(call, clause, STR("rule"),
        say_sentence(call, unseen || rule.len ? rule : json_text(json_get(reason, STR("text")))));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put(call, clause, str_from(names[i]), say_sentence(call, json_text(json_get(reason, str_from(names[i])))));
    json_set_bool(call->ctx.arena, clause, STR("unseen"), unseen);
    return clause;
}

static void cannot_push(const Call *call, const Json *option, Json *items)
{
    const Json *reasons = json_get(option, STR("reasons"));
    bool        state = has_code(option, STR("action.state"));
    Json       *refusal = json_push(items, json_object(call->ctx.arena));
    put(call, refusal, STR("label"), json_text(json_get(option, STR("label"))));
    put(call, refusal, STR("because"),
        state ? json_text(json_get(reasons->first, STR("text")))
              : say_count(call, "say.steps.refused", reasons->count));
    Json *clauses = json_set(refusal, STR("clauses"), json_array(call->ctx.arena));
    JSON_EACH(reason, reasons)
        if (!state)
            json_push(clauses, clause_of(call, reason));
}

/* ---- both ---- */

Err steps_put(Call *call, const Record *record, const Json *data, Json *page)
{
    const Type *type = record->type;
    int         state = json_get(data, STR("state")) ? record_state(record) : -1;
    const Json *forward = steps_forward(type, state, data);
    Json       *can = json_array(call->ctx.arena), *cannot = json_array(call->ctx.arena);
    Json       *edit = json_null(call->ctx.arena);
    JSON_EACH(option, json_get(data, STR("actions"))) {
        const Action *action = option_action(type, option);
        bool          allowed = is_allowed(option);
        if (allowed && is_edit(action))
            edit = view_link(call, say(call, "say.record.edit"),
                             view_href(call, type, record_id(record), action->name));
        else if (allowed)
            TRY(can_push(call, record, action, option == forward && !just_ends(type, action), can));
        else if (is_not_yet(type, action, state, option))
            cannot_push(call, option, cannot);
    }
    json_set(page, STR("edit"), edit);
    if (!can->count && !cannot->count) {
        put_null(call, page, STR("steps"));
        return ERR_OK;
    }
    Json *steps = json_set(page, STR("steps"), json_object(call->ctx.arena));
    put_block(call, steps, STR("can"), STR("items"), can);
    put_block(call, steps, STR("cannot"), STR("items"), cannot);
    return ERR_OK;
}
