/* web/pages/computation.c: see computation.h. */
#include "web/pages/computation.h"

#include "web/pages/view.h"

static const Str raw[] = { STR_INIT("parameters"), STR_INIT("input"), STR_INIT("result") };

bool computation_raw(const Field *field)
{
    bool found = false;
    for (size_t i = 0; i < sizeof raw / sizeof raw[0]; i++)
        found = found || str_eq(field->name, raw[i]);
    return found && field->type == field->type->pack->computation;
}

/* The JSON in a field, where the reader sees it and it is some. */
static const Json *held(Call *call, const Json *data, Str field)
{
    Json *json;
    Str   text = json_text(json_get(json_get(data, STR("fields")), field));
    return text.len && !json_parse(call->ctx.arena, text, &json).kind ? json : NULL;
}

static Str words(const Call *call, const Json *texts) { return json_text(json_get(texts, lang_tag(call->ctx.lang))); }

/* A condition, by the pack's words for it or else by its own; and what was found. */
static void put_guard(Call *call, const Json *guard, Json *list)
{
    Json *item = json_push(list, json_object(call->ctx.arena));
    Buf   rule = buf_new(call->ctx.arena, SIZE_MAX), found = buf_new(call->ctx.arena, SIZE_MAX);
    bool  holds = false;
    json_truth(json_get(guard, STR("holds")), &holds);
    JSON_EACH(clause, json_get(guard, STR("clauses"))) {
        buf_printf(&rule, "%s%.*s", rule.len ? "; " : "", STR_FMT(words(call, json_get(clause, STR("rule")))));
        buf_printf(&found, "%s%.*s", found.len ? "; " : "", STR_FMT(words(call, json_get(clause, STR("found")))));
    }
    Str given = words(call, json_get(guard, STR("rule")));
    put(call, item, STR("rule"), given.len ? given : buf_str(&rule));
    put(call, item, STR("found"), buf_str(&found));
    put(call, item, STR("kind"), holds ? STR("done") : STR("late"));
}

static void put_parameter(Call *call, const Json *used, Json *list)
{
    const Parameter *parameter = pack_parameter(call_pack(call), json_text(json_get(used, STR("code"))));
    Str   encoded = json_text(json_get(used, STR("value"))), from = json_text(json_get(used, STR("valid_from")));
    Value value = VALUE_NONE;
    bool  known = value_decode(encoded, &value);
    Json *item = json_push(list, json_object(call->ctx.arena));
    put(call, item, STR("parameter"),
        parameter ? in_words(call, parameter->label) : json_text(json_get(used, STR("code"))));
    put(call, item, STR("value"), known ? value_plain(call->ctx.arena, value) : encoded);
    put(call, item, STR("unit"), words(call, json_get(used, STR("unit"))));
    put(call, item, STR("since"), from.len ? SAY(call, "say.computation.since", ARG("day", from)) : STR_NONE);
    put(call, item, STR("source"), json_text(json_get(used, STR("source"))));
}

static void put_list(Call *call, const Json *from, Str name, void (*each)(Call *, const Json *, Json *), Json *into)
{
    Json *items = json_array(call->ctx.arena);
    JSON_EACH(one, from)
        each(call, one, items);
    put_block(call, into, name, STR("items"), items);
}

void computation_put(Call *call, const Json *data, Json *page)
{
    const Json *check = json_get(data, STR("computation"));
    bool        same = false, known = false, hidden = false;
    json_truth(json_get(check, STR("hidden")), &hidden);
    json_truth(json_get(check, STR("same")), &same);
    json_truth(json_get(check, STR("known")), &known);
    Json *json = json_set(page, STR("computation"), json_object(call->ctx.arena));
    put(call, json, STR("kind"), same ? STR("done") : hidden ? STR("not") : STR("late"));
    put(call, json, STR("outcome"),
        say(call, same     ? "say.computation.same"
                  : hidden ? "say.computation.hidden"
                  : known  ? "say.computation.differs"
                           : "say.computation.unknown"));
    put_list(call, json_get(held(call, data, STR("result")), STR("guards")), STR("guards"), put_guard, json);
    put_list(call, held(call, data, STR("parameters")), STR("used"), put_parameter, json);
}
