/* cli/types.c: see types.h. */
#include "cli/types.h"

Err types_get(Cli *cli, Client *client, Str as, Str type, Lang lang, const Json **out)
{
    AppRequest request = { .method = METHOD_GET, .as = as, .lang = lang };
    TRY(ASK_PATH(cli, &request.target, STR("types"), type));
    return ask_in(cli, client, cli->arena, &request, out);
}

Err types_record(Cli *cli, Client *client, Str type, Str id, Str expand, const Json **out)
{
    Str path;
    TRY(ASK_PATH(cli, &path, STR("records"), type, id));
    Buf target = buf_new(cli->arena, SIZE_MAX);
    buf_add(&target, path);
    if (expand.len)
        ask_query(&target, "expand", expand);
    return ask_get(cli, client, cli_option(cli, "as"), buf_str(&target), out);
}

const Json *types_named(const Json *array, const char *key, Str value)
{
    JSON_EACH(one, array)
        if (str_eq(json_text(json_get(one, str_from(key))), value))
            return one;
    return NULL;
}

/* {"hidden":true}, {"id","type","number","title"} of a reference that was expanded, or {"id","name",…} of a file. */
static Str shown_reference(const Cli *cli, const Json *value)
{
    Str title = json_text(json_get(value, STR("title"))), number = json_text(json_get(value, STR("number")));
    if (json_get(value, STR("hidden")))
        return SAY(cli, TEXT("（不可见）", "(hidden)"));
    if (title.len && number.len)
        return SAY(cli, TEXT("{title}（{number}）", "{title} ({number})"), ARG("title", title), ARG("number", number));
    Str name = json_text(json_get(value, STR("name")));
    return title.len ? title : number.len ? number : name.len ? name : json_text(json_get(value, STR("id")));
}

/* A child row: "Item: reagent, Amount: 1200.00", by the columns of its field. */
static Str shown_row(const Cli *cli, const Json *field, const Json *row)
{
    Buf buf = buf_new(cli->arena, SIZE_MAX);
    JSON_EACH(column, json_get(field, STR("columns"))) {
        Str shown = types_shown(cli, column, json_get(row, json_text(json_get(column, STR("name")))));
        if (!shown.len)
            continue;
        buf_add(&buf, buf.len ? SAY(cli, TEXT("，", ", ")) : STR_NONE);
        buf_add(&buf, SAY(cli, TEXT("{label}：{value}", "{label}: {value}"),
                          ARG("label", json_text(json_get(column, STR("label")))), ARG("value", shown)));
    }
    return buf_str(&buf);
}

/* Codes, references or child rows, one after the other. */
static Str shown_items(const Cli *cli, const Json *field, const Json *list)
{
    Buf  buf = buf_new(cli->arena, SIZE_MAX);
    bool rows = json_get(field, STR("columns")) != NULL;
    JSON_EACH(item, list) {
        buf_add(&buf, !buf.len ? STR_NONE : rows ? SAY(cli, TEXT("；", "; ")) : SAY(cli, TEXT("、", ", ")));
        buf_add(&buf, rows ? shown_row(cli, field, item) : types_shown(cli, field, item));
    }
    return buf_str(&buf);
}

Str types_shown(const Cli *cli, const Json *field, const Json *value)
{
    Str         unit = json_text(json_get(field, STR("unit"))), currency = json_text(json_get(field, STR("currency")));
    const Json *choice;
    if (!value)
        return STR("");
    unit = unit.len ? unit : currency;
    switch (value->kind) {
    case JSON_TRUE: return SAY(cli, TEXT("是", "yes"));
    case JSON_FALSE: return SAY(cli, TEXT("否", "no"));
    case JSON_OBJECT: return shown_reference(cli, value);
    case JSON_STRING:
    case JSON_NUMBER: break;
    case JSON_ARRAY: return shown_items(cli, field, value);
    case JSON_NULL: return STR("");
    }
    choice = types_named(json_get(field, STR("choices")), "code", value->text);
    if (choice)
        return json_text(json_get(choice, STR("label")));
    return unit.len ? str_printf(cli->arena, "%.*s %.*s", STR_FMT(value->text), STR_FMT(unit)) : value->text;
}

Str types_state(const Json *type, const Json *record)
{
    Str         state = json_text(json_get(record, STR("state")));
    const Json *named = types_named(json_get(type, STR("states")), "name", state);
    return named ? json_text(json_get(named, STR("label"))) : state;
}

Str types_parent(const Json *type) { return json_text(json_get(type, STR("parent"))); }

Str types_field(const Cli *cli, const Json *type, const Json *record, Str name)
{
    const Json *field = types_named(json_get(type, STR("fields")), "name", name);
    const Json *value = json_get(json_get(record, STR("fields")), name);
    return types_shown(cli, field, value ? value : json_get(record, name)); /* the system's stand beside them */
}

Str types_title(const Cli *cli, const Json *type, const Json *record)
{
    Str title = types_field(cli, type, record, json_text(json_get(type, STR("title"))));
    return title.len ? title : types_field(cli, type, record, types_parent(type));
}
