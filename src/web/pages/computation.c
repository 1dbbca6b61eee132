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

/* ---- of a screening (services/validation/screening.h) ---- */

#define RESULTS_SHOWN 100

static Str number_text(const Call *call, const Json *json, const char *name)
{
    int64_t number = 0;
    json_int(json_get(json, str_from(name)), &number);
    return str_printf(call->ctx.arena, "%lld", (long long)number);
}

/* "81.77 ± 2.31"; without an error where there is none. */
static Str with_error(const Call *call, const Json *json, const char *name)
{
    Str value = json_text(json_get(json, str_from(name))), error = json_text(json_get(json, STR("error")));
    return error.len ? str_printf(call->ctx.arena, "%.*s ± %.*s", STR_FMT(value), STR_FMT(error)) : value;
}

/* Groups are told where there are several, which nothing joins. */
static Str group_text(const Call *call, const Json *result, const Json *one)
{
    int64_t components = 1, component = 0;
    json_int(json_get(result, STR("components")), &components);
    json_int(json_get(one, STR("component")), &component);
    Str number = str_printf(call->ctx.arena, "%lld", (long long)component + 1);
    return components > 1 ? SAY(call, "say.computation.group", ARG("number", number)) : STR_NONE;
}

static void put_judges(Call *call, const Json *result, Json *into)
{
    Json   *items = json_array(call->ctx.arena);
    int64_t at = 0;
    JSON_EACH(judge, json_get(result, STR("judges"))) {
        Json *item = json_push(items, json_object(call->ctx.arena));
        Str   number = str_printf(call->ctx.arena, "%lld", (long long)++at);
        put(call, item, STR("judge"), SAY(call, "say.computation.judge", ARG("number", number)));
        put(call, item, STR("severity"), with_error(call, judge, "severity"));
        put(call, item, STR("reviews"),
            SAY(call, "say.computation.reviews", ARG("count", number_text(call, judge, "reviews"))));
        put(call, item, STR("group"), group_text(call, result, judge));
    }
    put_block(call, into, STR("judges"), STR("items"), items);
}

static Err put_results(Call *call, Show *show, const Json *result, Json *into)
{
    const Type *type = pack_type(call_pack(call), STR("result"));
    Json       *items = json_array(call->ctx.arena);
    JSON_EACH(one, json_get(result, STR("results"))) {
        Name name = { 0 };
        if (!json_get(one, STR("corrected")) || items->count == RESULTS_SHOWN)
            break;
        if (type)
            TRY(show_name(show, type, json_text(json_get(one, STR("result"))), &name));
        Json *item = json_push(items, json_object(call->ctx.arena));
        put(call, item, STR("result_title"), name.title);
        put(call, item, STR("title_lang"), show_lang(call, name.title));
        put(call, item, STR("place"), number_text(call, one, "place"));
        put(call, item, STR("corrected"), with_error(call, one, "corrected"));
        put(call, item, STR("mean"),
            SAY(call, "say.computation.mean", ARG("mean", json_text(json_get(one, STR("mean")))),
                ARG("count", number_text(call, one, "reviews"))));
        put(call, item, STR("group"), group_text(call, result, one));
    }
    put_block(call, into, STR("corrected"), STR("items"), items);
    return ERR_OK;
}

Err computation_put(Call *call, Show *show, const Json *data, Json *page)
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
    const Json *result = held(call, data, STR("result"));
    put_list(call, json_get(result, STR("guards")), STR("guards"), put_guard, json);
    put_list(call, held(call, data, STR("parameters")), STR("used"), put_parameter, json);
    bool screening = str_eq(json_text(json_get(json_get(data, STR("fields")), STR("engine"))), STR("screening"));
    put_judges(call, screening ? result : NULL, json);
    return put_results(call, show, screening ? result : NULL, json);
}
