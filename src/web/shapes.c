/* web/shapes.c: see shapes.h. */
#include "web/shapes.h"

#include "kernel/file_type.h"
#include "kernel/parameter.h"
#include "services/views.h"

/* ---- reading a body ---- */

static const struct {
    JsonKind kind;
    Text     what;
} kind_words[] = {
    { JSON_STRING, TEXT_INIT("文本", "a string") },
    { JSON_NUMBER, TEXT_INIT("数", "a number") },
    { JSON_TRUE, TEXT_INIT("true 或 false", "true or false") },
    { JSON_OBJECT, TEXT_INIT("对象", "an object") },
    { JSON_ARRAY, TEXT_INIT("数组", "an array") },
};

static void member_wrong(const Member *member, Problems *problems)
{
    Str name = str_from(member->name);
    for (size_t i = 0; i < sizeof kind_words / sizeof kind_words[0]; i++)
        if (kind_words[i].kind == member->kind)
            PROBLEM(problems, ECODE_HTTP_PARAMETER, name, STR_NONE, ARG("name", name),
                    ARG_TEXT("expected", kind_words[i].what));
}

static bool member_fits(const Member *member, const Json *value)
{
    if (!value || value->kind == JSON_NULL)
        return !member->needed;
    JsonKind kind = value->kind == JSON_FALSE ? JSON_TRUE : value->kind;
    return kind == member->kind;
}

static bool member_listed(const Member *members, size_t count, Str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(name, str_from(members[i].name)))
            return true;
    return false;
}

Err shape_check(const Json *body, const Member *members, size_t count, Problems *problems)
{
    size_t before = problems->count;
    JSON_EACH(member, body)
        if (!member_listed(members, count, member->key))
            PROBLEM(problems, ECODE_HTTP_PARAMETER_UNKNOWN, member->key, STR_NONE, ARG("name", member->key));
    for (size_t i = 0; i < count; i++)
        if (!member_fits(&members[i], json_get(body, str_from(members[i].name))))
            member_wrong(&members[i], problems);
    return problems->count > before ? err_make(problems->items[before].code, "body") : ERR_OK;
}

/* ---- types ---- */

bool shape_field_known(const Call *call, const Field *field) { return access_field_ever(call->ctx.actor, field); }

bool shape_expr_known(const Call *call, const Expr *expr) { return access_expr_ever(call->ctx.actor, expr); }

bool shape_matrix_known(const Call *call, const Type *type)
{
    bool known = type->matrix;
    for (int side = 0; known && side < MATRIX_AXES; side++)
        for (size_t i = 0; i < type->matrix->axes[side].count; i++)
            known = known && shape_expr_known(call, type->matrix->axes[side].classes[i].when);
    return known;
}

bool shape_action_known(const Call *call, const Action *action) { return access_action_ever(call->ctx.actor, action); }

bool shape_imports(const Call *call, const Type *type)
{
    const Action *create = type_action(type, STR("create")), *edit = type_action(type, STR("edit"));
    const Type   *job = call_pack(call)->job;
    return job && type != job &&
           ((create && shape_action_known(call, create)) || (edit && shape_action_known(call, edit)));
}

bool shape_listed(const Call *call, const Type *type)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (shape_field_known(call, &type->fields[i]))
            return true;
    return false;
}

static bool type_known(const Call *call, const Type *type)
{
    if (shape_listed(call, type))
        return true;
    for (size_t i = 0; i < type->action_count; i++)
        if (shape_action_known(call, &type->actions[i]))
            return true;
    return false;
}

Err shape_type_unknown(Call *call, Problems *problems)
{
    const Pack *pack = call_pack(call);
    Str        *names = ARENA_ARRAY(problems->arena, Str, pack->type_count);
    size_t      count = 0;
    for (size_t i = 0; i < pack->type_count; i++)
        if (type_known(call, &pack->types[i]))
            names[count++] = pack->types[i].name;
    /* the asked name is not repeated: a type that the role never meets answers byte for byte as one that is none */
    PROBLEM(problems, ECODE_TYPE_UNKNOWN, STR_NONE, STR_NONE,
            ARG("known", str_join(problems->arena, names, count, STR(", "))));
    return err_make(ECODE_TYPE_UNKNOWN, "");
}

Err shape_type_find(Call *call, Str name, const Type **out, Problems *problems)
{
    const Type *type = pack_type(call_pack(call), name);
    if (!type)
        return call->page ? err_make(ECODE_PAGE_UNSEEN, "no type of that name") : shape_type_unknown(call, problems);
    *out = type;
    return ERR_OK;
}

static void set_text(Call *call, Json *json, Str key, Text text)
{
    if (text.in[call->ctx.lang].len)
        json_set_str(call->ctx.arena, json, key, text.in[call->ctx.lang]);
}

static void field_bounds(Call *call, const Field *field, Json *json)
{
    Arena    *arena = call->ctx.arena;
    ValueKind kind = field_expr_type(field).kind;
    if (field_kinds[field->kind].text)
        json_set_int(arena, json, STR("max_length"), field->max_points);
    if (field_kinds[field->kind].value == VALUE_DECIMAL)
        json_set_int(arena, json, STR("scale"), field->scale);
    if (!field->bounded)
        return;
    json_set(json, STR("min"), value_json(arena, (Value){ .kind = kind, .scale = field->scale, .number = field->min }));
    json_set(json, STR("max"), value_json(arena, (Value){ .kind = kind, .scale = field->scale, .number = field->max }));
}

static void field_choices(Call *call, const Field *field, Json *json)
{
    if (!field->choice_count)
        return;
    Json *choices = json_set(json, STR("choices"), json_array(call->ctx.arena));
    for (size_t i = 0; i < field->choice_count; i++) {
        Json *choice = json_push(choices, json_object(call->ctx.arena));
        json_set_str(call->ctx.arena, choice, STR("code"), field->choices[i].code);
        set_text(call, choice, STR("label"), field->choices[i].label);
    }
}

/* A currency of its own, or the field beside it that says which. */
static void field_currency(Call *call, const Field *field, Json *json)
{
    if (field->kind != FIELD_MONEY)
        return;
    const Field *says = field->currency_field < 0 ? NULL : &field->type->fields[field->currency_field];
    if (field->currency.len)
        json_set_str(call->ctx.arena, json, STR("currency"), field->currency);
    if (says && shape_field_known(call, says))
        json_set_str(call->ctx.arena, json, STR("currency_field"), says->name);
}

/* What a new record has when nothing is given: a value, or a word for what is only known then. */
static void field_default(Call *call, const Field *field, Json *json)
{
    static const Str words[] = { [DEFAULT_TODAY] = STR_INIT("today"),
                                 [DEFAULT_NOW] = STR_INIT("now"),
                                 [DEFAULT_ACTOR] = STR_INIT("actor"),
                                 [DEFAULT_ORGANISATION] = STR_INIT("organisation") };
    if (field->default_kind == DEFAULT_VALUE)
        json_set(json, STR("default"), value_json(call->ctx.arena, field->default_value));
    else if (field->default_kind != DEFAULT_NONE)
        json_set_str(call->ctx.arena, json, STR("default_from"), words[field->default_kind]);
}

static void field_translations(Call *call, const Field *field, Json *json)
{
    Arena *arena = call->ctx.arena;
    if (shape_translation(field))
        json_set_str(arena, json, STR("translation_of"), field->type->fields[field->translation_of].name);
    if (!field->has_translations)
        return;
    Json *names = json_set(json, STR("translations"), json_object(arena));
    for (Lang lang = 0; lang < LANG_COUNT; lang++)
        json_set_str(arena, names, lang_tag(lang), field->type->fields[field->translations[lang]].name);
}

/* The formula tells of what it reads: of fields that the role never sees there is no trace. */
static void field_formula(Call *call, const Field *field, Json *json)
{
    if (field->kind != FIELD_COMPUTED)
        return;
    json_set_str(call->ctx.arena, json, STR("result"), field_kinds[shape_result(field)].name);
    if (field->result.target)
        json_set_str(call->ctx.arena, json, STR("target"), ((const Type *)field->result.target)->name);
    if (shape_expr_known(call, field->formula))
        json_set_str(call->ctx.arena, json, STR("value"), field->formula_text);
}

static void field_columns(Call *call, const Field *field, Json *json)
{
    if (field->kind != FIELD_ROWS)
        return;
    Json *columns = json_set(json, STR("columns"), json_array(call->ctx.arena));
    for (size_t i = ROW_COLUMNS; i < field->rows->field_count; i++)
        json_push(columns, shape_field(call, &field->rows->fields[i]));
}

/* What may be put into it. */
static void field_files(Call *call, const Field *field, Json *json)
{
    Arena *arena = call->ctx.arena;
    if (!field_kinds[field->kind].file)
        return;
    json_set_int(arena, json, STR("max_bytes"), field->max_bytes);
    json_set_int(arena, json, STR("max_files"), (int64_t)field->max_files);
    Json *types = json_set(json, STR("types"), json_array(arena));
    for (size_t i = 0; i < file_type_count; i++)
        if (field->file_types >> i & 1)
            json_push(types, json_string(arena, file_types[i].code));
}

FieldKind shape_result(const Field *field)
{
    static const FieldKind kinds[VALUE_KIND_COUNT] = {
        [VALUE_TEXT] = FIELD_TEXT,       [VALUE_INTEGER] = FIELD_INTEGER, [VALUE_DECIMAL] = FIELD_DECIMAL,
        [VALUE_BOOLEAN] = FIELD_BOOLEAN, [VALUE_DATE] = FIELD_DATE,       [VALUE_INSTANT] = FIELD_INSTANT,
        [VALUE_ID] = FIELD_REFERENCE,    [VALUE_LIST] = FIELD_REFERENCES, [VALUE_ROWS] = FIELD_ROWS,
        [VALUE_FILES] = FIELD_FILES,
    };
    return field->kind == FIELD_COMPUTED ? kinds[field->result.kind] : field->kind;
}

Json *shape_field(Call *call, const Field *field)
{
    static const Str reach[] = { [UNIQUE_OWNER] = STR_INIT("owner"), [UNIQUE_CITY] = STR_INIT("city") };
    Arena           *arena = call->ctx.arena;
    Json            *json = json_object(arena);
    json_set_str(arena, json, STR("name"), field->name);
    set_text(call, json, STR("label"), field->label);
    json_set_str(arena, json, STR("kind"), field_kinds[field->kind].name);
    json_set_bool(arena, json, STR("system"), field->system || field->clock);
    set_text(call, json, STR("help"), field->help);
    set_text(call, json, STR("unit"), field->unit);
    json_set_str(arena, json, STR("class"), class_names[field->class]);
    json_set_str(arena, json, STR("compartment"), call_pack(call)->compartments[field->compartment].name);
    field_bounds(call, field, json);
    field_currency(call, field, json);
    field_default(call, field, json);
    if (field->unique != UNIQUE_NO)
        json_set_str(arena, json, STR("unique"), reach[field->unique]);
    field_translations(call, field, json);
    if (field->target)
        json_set_str(arena, json, STR("target"), field->target->name);
    field_choices(call, field, json);
    field_formula(call, field, json);
    field_columns(call, field, json);
    field_files(call, field, json);
    return json;
}

static Json *field_names(Call *call, const Type *type, const uint16_t *fields, size_t count)
{
    Json *names = json_array(call->ctx.arena);
    for (size_t i = 0; i < count; i++)
        if (shape_field_known(call, &type->fields[fields[i]]))
            json_push(names, json_string(call->ctx.arena, type->fields[fields[i]].name));
    return names;
}

static Json *shape_action(Call *call, const Type *type, const Action *action)
{
    Arena *arena = call->ctx.arena;
    Json  *json = json_object(arena);
    json_set_str(arena, json, STR("name"), action->name);
    set_text(call, json, STR("label"), action->label);
    set_text(call, json, STR("help"), action->help);
    json_set_bool(arena, json, STR("creates"), action->creates);
    Json *from = json_set(json, STR("from"), json_array(arena));
    for (size_t i = 0; i < type->state_count; i++)
        if (action->from >> i & 1)
            json_push(from, json_string(arena, type->states[i].name));
    if (action->to >= 0)
        json_set_str(arena, json, STR("to"), type->states[action->to].name);
    json_set(json, STR("inputs"), field_names(call, type, action->inputs, action->input_count));
    json_set(json, STR("required"), field_names(call, type, action->required, action->required_count));
    if (action->erase_count)
        json_set(json, STR("erases"), field_names(call, type, action->erases, action->erase_count));
    return json;
}

/* In words; a rule over fields that the role never sees would tell of them. */
static void type_rules(Call *call, const Type *type, Json *json)
{
    Json *rules = json_set(json, STR("rules"), json_array(call->ctx.arena));
    for (size_t i = 0; i < type->rule_count; i++) {
        const Rule *rule = &type->rules[i];
        if (!shape_expr_known(call, rule->when))
            continue;
        Json *shown = json_push(rules, json_object(call->ctx.arena));
        json_set_str(call->ctx.arena, shown, STR("when"), rule->text);
        set_text(call, shown, STR("rule"), rule->rule);
        set_text(call, shown, STR("helps"), rule->helps);
        if (rule->field >= 0 && shape_field_known(call, &type->fields[rule->field]))
            json_set_str(call->ctx.arena, shown, STR("field"), type->fields[rule->field].name);
    }
}

static void type_sections(Call *call, const Type *type, Json *json)
{
    Json *sections = json_set(json, STR("sections"), json_array(call->ctx.arena));
    for (size_t i = 0; i < type->section_count; i++) {
        const Section *section = &type->sections[i];
        Json          *names = field_names(call, type, section->fields, section->field_count);
        if (!names->count)
            continue;
        Json *shown = json_push(sections, json_object(call->ctx.arena));
        set_text(call, shown, STR("label"), section->label);
        set_text(call, shown, STR("help"), section->help);
        json_set(shown, STR("fields"), names);
    }
}

static void type_documents(Call *call, const Type *type, Json *json)
{
    Json *documents = json_set(json, STR("documents"), json_array(call->ctx.arena));
    for (size_t i = 0; i < type->document_count; i++) {
        const Document *document = &type->documents[i];
        Json           *shown = json_push(documents, json_object(call->ctx.arena));
        json_set_str(call->ctx.arena, shown, STR("name"), document->name);
        set_text(call, shown, STR("label"), document->label);
        Json *states = json_set(shown, STR("states"), json_array(call->ctx.arena));
        for (size_t s = 0; s < type->state_count; s++)
            if (!document->states || (document->states >> s & 1))
                json_push(states, json_string(call->ctx.arena, type->states[s].name));
    }
}

static void type_head(Call *call, const Type *type, Json *json)
{
    Arena *arena = call->ctx.arena;
    json_set_str(arena, json, STR("name"), type->name);
    set_text(call, json, STR("label"), type->label);
    set_text(call, json, STR("plural"), type->plural);
    if (type->service >= 0)
        json_set_str(arena, json, STR("service"), call_pack(call)->services[type->service].name);
    if (type->parent >= 0 && shape_field_known(call, &type->fields[type->parent]))
        json_set_str(arena, json, STR("parent"), type->fields[type->parent].name);
    if (shape_field_known(call, &type->fields[type->title]))
        json_set_str(arena, json, STR("title"), type->fields[type->title].name);
    if (type->reference_date >= 0 && shape_field_known(call, &type->fields[type->reference_date]))
        json_set_str(arena, json, STR("reference_date"), type->fields[type->reference_date].name);
    json_set_str(arena, json, STR("sort"), type->sort);
    json_set(json, STR("columns"), field_names(call, type, type->columns, type->column_count));
}

Json *shape_type(Call *call, const Type *type)
{
    if (!type_known(call, type))
        return NULL;
    Arena *arena = call->ctx.arena;
    Json  *json = json_object(arena);
    type_head(call, type, json);
    Json *fields = json_set(json, STR("fields"), json_array(arena));
    for (size_t i = 0; i < type->field_count; i++)
        if (shape_field_known(call, &type->fields[i]))
            json_push(fields, shape_field(call, &type->fields[i]));
    Json *states = json_set(json, STR("states"), json_array(arena));
    for (size_t i = 0; i < type->state_count; i++) {
        Json *state = json_push(states, json_object(arena));
        json_set_str(arena, state, STR("name"), type->states[i].name);
        set_text(call, state, STR("label"), type->states[i].label);
    }
    Json *actions = json_set(json, STR("actions"), json_array(arena));
    for (size_t i = 0; i < type->action_count; i++)
        if (shape_action_known(call, &type->actions[i]))
            json_push(actions, shape_action(call, type, &type->actions[i]));
    type_sections(call, type, json);
    type_rules(call, type, json);
    type_documents(call, type, json);
    return json;
}

/* ---- records ---- */

Err shape_wanted(const Call *call, const Type *type, Wanted *out, Problems *problems)
{
    return find_wanted(&call->ctx, type, call_query(call, STR("fields")), call_query(call, STR("expand")), out,
                       problems);
}

Err shape_record(Call *call, const Record *record, Json **out, Problems *problems)
{
    Json  *json, *actions, *parameters, *shown;
    Wanted wanted;
    TRY(shape_wanted(call, record->type, &wanted, problems));
    TRY(record_json(&call->ctx, record, &wanted, &json));
    TRY(act_options(&call->ctx, record, &actions));
    json_set(json, STR("actions"), actions);
    TRY(parameters_json(&call->ctx, record, &parameters));
    if (parameters->count)
        json_set(json, STR("parameters"), parameters);
    ServiceView view = service_view(record->type->page);
    if (view) {
        TRY(view(&call->ctx, record, &shown));
        json_set(json, record->type->page, shown);
    }
    call_set_header(call, STR("ETag"), str_printf(call->ctx.arena, "\"%lld\"", (long long)record_version(record)));
    *out = json;
    return ERR_OK;
}

Str shape_record_path(Call *call, const Type *type, Str id)
{
    return str_printf(call->ctx.arena, "%s/%.*s/%.*s", call->page ? "" : "/api/v1/records", STR_FMT(type->name),
                      STR_FMT(id));
}

/* ---- parties ---- */

Json *shape_party(Arena *arena, Str id, Str name)
{
    Json *json = json_object(arena);
    json_set_str(arena, json, STR("id"), id);
    json_set_str(arena, json, STR("name"), name);
    return json;
}

void shape_role(Call *call, const Actor *actor, Json *json)
{
    Arena       *arena = call->ctx.arena;
    const Named *role = &call_pack(call)->roles[actor->role];
    json_set_str(arena, json, STR("role"), role->name);
    json_set_str(arena, json, STR("role_label"), role->label.in[call->ctx.lang]);
    json_set(json, STR("organisation"), shape_party(arena, actor->organisation, actor->organisation_name));
}

/* ---- the address ---- */

void shape_number(const Call *call, const char *name, int64_t min, int64_t max, int64_t *out, Problems *problems)
{
    Str     key = str_from(name), text = call_query(call, key);
    int64_t number;
    if (!text.ptr)
        return;
    if (str_int(text, &number) && number >= min && number <= max)
        *out = number;
    else
        PROBLEM(problems, ECODE_HTTP_PARAMETER, key, STR_NONE, ARG("name", key),
                ARG("expected", str_printf(problems->arena, "%lld–%lld", (long long)min, (long long)max)));
}

Err shape_problem(const Problems *problems)
{
    return problems->count ? err_make(problems->items[0].code, "query") : ERR_OK;
}
