/* kernel/pack_check.c: last pass: what can only be told when every type is there. */
#include "kernel/effect.h"
#include "kernel/pack_read.h"

/* ---- expressions ---- */

/* The place of a problem in the pack's file; expressions count characters from 1 and say so in `position`. */
static PackPlace problem_place(const ExprUse *use, const Problem *problem)
{
    int64_t position;
    for (size_t i = 0; i < problem->arg_count; i++)
        if (str_eq(str_from(problem->args[i].name), STR("position")) &&
            str_int(problem->args[i].value.in[LANG_EN], &position) && position > 0)
            return pack_node_place_in(use->node, (size_t)position);
    return pack_node_place(use->node);
}

void expression_check(PackLoad *load, const ExprScope *scope, const ExprUse *use, ValueKind wanted, bool filter)
{
    Problems problems = { .arena = load->arena };
    Expr    *expr = NULL;
    Err      err = expr_parse(load->arena, use->text, &expr, &problems);
    if (!err.kind)
        err = expr_check(load->arena, expr, scope, use->type, wanted, filter, &problems);
    *use->out = err.kind ? NULL : expr;
    if (!use->node)
        return;
    for (size_t i = 0; i < problems.count; i++) {
        ErrArg reason = ARG_TEXT("reason", problems.items[i].text);
        pack_log_add(load->log, problem_place(use, &problems.items[i]), ECODE_PACK_EXPRESSION, use->text, &reason, 1);
    }
}

/* Persons, or organisations. */
static void notify_check(PackLoad *load, const ExprUse *use)
{
    static const Text party = TEXT_INIT("得出人员或机构的表达式",
                                        "an expression that gives a person or an organisation, or several");
    const Expr       *to = *use->out;
    ExprType          type = to ? expr_type(to) : (ExprType){ 0 };
    bool              record = type.kind == VALUE_ID || type.kind == VALUE_LIST;
    const Type       *target = record ? type.target : NULL;
    if (!to || (target && (str_eq(target->name, STR("person")) || str_eq(target->name, STR("organisation")))))
        return;
    *use->out = NULL;
    if (use->node && (!record || target || type.kind == VALUE_LIST)) /* else the reference has a problem of its own */
        read_misshape(load, use->node, party);
}

/* A rule speaks of the record, whoever acts, and so do limits and whom a step is told to; a relation becomes SQL. Of
 * system's own two, only a pack without its party types fails here, and is told so. */
static void conditions_check(PackLoad *load)
{
    static const struct {
        bool      actor, filter;
        ValueKind wanted;
    } kinds[USE_COUNT] = {
        [USE_RELATION] = { true, true, VALUE_BOOLEAN },    [USE_GUARD] = { true, false, VALUE_BOOLEAN },
        [USE_RULE] = { false, false, VALUE_BOOLEAN },      [USE_FILTER] = { false, true, VALUE_BOOLEAN },
        [USE_NOTIFY] = { false, false, VALUE_KIND_COUNT }, [USE_UNTIL] = { false, false, VALUE_DATE },
    };
    for (size_t i = 0; i < load->use_count; i++) {
        const ExprUse *use = &load->uses[i];
        ExprScope      scope = pack_scope(load->pack, kinds[use->kind].actor);
        expression_check(load, &scope, use, kinds[use->kind].wanted, kinds[use->kind].filter);
        if (use->kind == USE_NOTIFY)
            notify_check(load, use);
    }
}

/* ---- states ---- */

static uint64_t states_reached(const Type *type)
{
    uint64_t reached = 0;
    for (size_t i = 0; i < type->action_count; i++)
        if (type->actions[i].creates && type->actions[i].to >= 0)
            reached |= UINT64_C(1) << type->actions[i].to;
    if (!reached && !type_action(type, STR("create")))
        reached = 1; /* nobody creates it by hand: a record of it begins in the first state */
    for (uint64_t before = ~reached; before != reached;) {
        before = reached;
        for (size_t i = 0; i < type->action_count; i++)
            if (type->actions[i].to >= 0 && (type->actions[i].from & reached))
                reached |= UINT64_C(1) << type->actions[i].to;
    }
    return reached;
}

static void states_check(PackLoad *load, const TypeDraft *draft)
{
    uint64_t reached = states_reached(draft->type);
    size_t   i = 0;
    PACK_EACH(item, pack_node_get(draft->node, STR("states"))) {
        if (i < draft->type->state_count && draft->type->states[i].name.len && !(reached >> i & 1))
            PACK_PROBLEM(load, item, ECODE_PACK_UNREACHABLE, ARG("state", draft->type->states[i].name));
        i++;
    }
}

/* ---- the party types ---- */

typedef enum PartyType { PARTY_PERSON, PARTY_ORGANISATION, PARTY_MEMBERSHIP, PARTY_COUNT } PartyType;

static const Str party_names[PARTY_COUNT] = {
    [PARTY_PERSON] = STR_INIT("person"),
    [PARTY_ORGANISATION] = STR_INIT("organisation"),
    [PARTY_MEMBERSHIP] = STR_INIT("membership"),
};

static const struct {
    PartyType type;
    Str       field;
    FieldKind kind;
    PartyType target; /* references */
} party_fields[] = {
    { PARTY_PERSON, STR_INIT("name"), FIELD_TEXT, 0 },
    { PARTY_ORGANISATION, STR_INIT("name"), FIELD_TEXT, 0 },
    { PARTY_MEMBERSHIP, STR_INIT("person"), FIELD_REFERENCE, PARTY_PERSON },
    { PARTY_MEMBERSHIP, STR_INIT("organisation"), FIELD_REFERENCE, PARTY_ORGANISATION },
    { PARTY_MEMBERSHIP, STR_INIT("role"), FIELD_CHOICE, 0 },
    { PARTY_MEMBERSHIP, STR_INIT("valid_from"), FIELD_DATE, 0 },
    { PARTY_MEMBERSHIP, STR_INIT("valid_to"), FIELD_DATE, 0 },
};

static bool choices_are_roles(const Pack *pack, const Field *field)
{
    for (size_t i = 0; i < field->choice_count; i++)
        if (pack_role(pack, field->choices[i].code) < 0)
            return false;
    return true;
}

static bool party_field_fits(const Pack *pack, size_t row)
{
    const Type  *type = pack_type(pack, party_names[party_fields[row].type]);
    const Field *field = type ? type_field(type, party_fields[row].field) : NULL;
    if (!field || field->kind != party_fields[row].kind)
        return false;
    if (field->kind == FIELD_REFERENCE)
        return field->target && field->target == pack_type(pack, party_names[party_fields[row].target]);
    return field->kind != FIELD_CHOICE || choices_are_roles(pack, field);
}

PackPlace pack_type_place(const PackLoad *load, const Type *type)
{
    for (size_t i = 0; i < load->pack->type_count; i++)
        if (load->drafts[i].type == type && load->drafts[i].node)
            return pack_node_place(load->drafts[i].node);
    return (PackPlace){ load->pack_file ? load->pack_file->path : STR("pack.yaml"), 1, 1 };
}

static uint16_t membership_field(const Pack *pack, Str name) { return type_field(pack->membership, name)->index; }

static void parties_check(PackLoad *load)
{
    Pack  *pack = load->pack;
    size_t before = pack_log_count(load->log);
    for (size_t i = 0; i < sizeof party_fields / sizeof *party_fields; i++) {
        if (party_field_fits(pack, i))
            continue;
        Str type = party_names[party_fields[i].type];
        PACK_LOG(load->log, pack_type_place(load, pack_type(pack, type)), ECODE_PACK_PARTY, ARG("type", type),
                 ARG("field", party_fields[i].field));
    }
    if (pack_log_count(load->log) > before)
        return;
    pack->person = pack_type(pack, STR("person"));
    pack->organisation = pack_type(pack, STR("organisation"));
    pack->membership = pack_type(pack, STR("membership"));
    pack->membership_person = membership_field(pack, STR("person"));
    pack->membership_organisation = membership_field(pack, STR("organisation"));
    pack->membership_role = membership_field(pack, STR("role"));
    pack->membership_from = membership_field(pack, STR("valid_from"));
    pack->membership_to = membership_field(pack, STR("valid_to"));
}

/* ---- the type of the rows of parameters ---- */

static void parameter_type_check(PackLoad *load)
{
    static const struct {
        Str       field;
        FieldKind kind;
    } wanted[] = {
        { STR_INIT("code"), FIELD_TEXT },
        { STR_INIT("value"), FIELD_TEXT },
        { STR_INIT("valid_from"), FIELD_DATE },
        { STR_INIT("valid_to"), FIELD_DATE },
    };
    Pack       *pack = load->pack;
    const Type *type = pack_type(pack, STR("parameter"));
    if (pack->parameter_count == 0)
        return;
    pack->parameter = type;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const Field *field = type ? type_field(type, wanted[i].field) : NULL;
        if (!field || field->kind != wanted[i].kind)
            PACK_LOG(load->log, pack_type_place(load, type), ECODE_PACK_PARTY, ARG("type", STR("parameter")),
                     ARG("field", wanted[i].field));
    }
}

/* ---- types that the program itself writes ---- */

static void part_missing(PackLoad *load, const Type *type, Str part)
{
    PACK_LOG(load->log, pack_type_place(load, type), ECODE_PACK_PARTY, ARG("type", type->name), ARG("field", part));
}

typedef struct Wanted {
    Str       field;
    FieldKind kind;
} Wanted;

static void fields_wanted(PackLoad *load, const Type *type, const Wanted *wanted, size_t count)
{
    for (size_t i = 0; type && i < count; i++) {
        const Field *field = type_field(type, wanted[i].field);
        if (!field || field->kind != wanted[i].kind)
            part_missing(load, type, wanted[i].field);
    }
}

/* Long work (kernel/job.h). */

static void job_type_check(PackLoad *load)
{
    static const Wanted wanted[] = {
        { STR_INIT("kind"), FIELD_CHOICE },     { STR_INIT("about"), FIELD_TEXT },
        { STR_INIT("file"), FIELD_TEXT },       { STR_INIT("mapping"), FIELD_LONG_TEXT },
        { STR_INIT("dry_run"), FIELD_BOOLEAN }, { STR_INIT("language"), FIELD_CHOICE },
        { STR_INIT("total"), FIELD_INTEGER },   { STR_INIT("added"), FIELD_INTEGER },
        { STR_INIT("updated"), FIELD_INTEGER }, { STR_INIT("unchanged"), FIELD_INTEGER },
        { STR_INIT("refused"), FIELD_INTEGER }, { STR_INIT("reason"), FIELD_LONG_TEXT },
    };
    static const Str states[] = { STR_INIT("waiting"), STR_INIT("running"), STR_INIT("done"), STR_INIT("failed"),
                                  STR_INIT("cancelled") };
    static const Str actions[] = { STR_INIT("create"), STR_INIT("start"),  STR_INIT("finish"),
                                   STR_INIT("fail"),   STR_INIT("cancel"), STR_INIT("resume") };
    Pack            *pack = load->pack;
    const Type      *type = pack->job = pack_type(pack, STR("job"));
    fields_wanted(load, type, wanted, sizeof wanted / sizeof *wanted);
    const Field *sheet = type ? type_field(type, STR("sheet")) : NULL; /* packs of an earlier release have none */
    if (sheet && sheet->kind != FIELD_TEXT)
        part_missing(load, type, sheet->name);
    for (size_t i = 0; type && i < sizeof states / sizeof *states; i++)
        if (type_state(type, states[i]) < 0)
            part_missing(load, type, states[i]);
    for (size_t i = 0; type && i < sizeof actions / sizeof *actions; i++)
        if (!type_action(type, actions[i]))
            part_missing(load, type, actions[i]);
}

/* Lists kept under a name (services/saved_views.h). */
static void saved_view_type_check(PackLoad *load)
{
    static const Wanted wanted[] = {
        { STR_INIT("title"), FIELD_TEXT },    { STR_INIT("about"), FIELD_TEXT },
        { STR_INIT("layout"), FIELD_CHOICE }, { STR_INIT("filter"), FIELD_LONG_TEXT },
        { STR_INIT("sort"), FIELD_TEXT },     { STR_INIT("columns"), FIELD_TEXT },
    };
    static const Str states[] = { STR_INIT("own"), STR_INIT("shared") };
    const Type      *type = load->pack->saved_view = pack_type(load->pack, STR("saved_view"));
    fields_wanted(load, type, wanted, sizeof wanted / sizeof *wanted);
    for (size_t i = 0; type && i < sizeof states / sizeof *states; i++)
        if (type_state(type, states[i]) < 0)
            part_missing(load, type, states[i]);
}

/* Kept results (kernel/computation.h). */
static void computation_type_check(PackLoad *load)
{
    static const Wanted wanted[] = {
        { STR_INIT("title"), FIELD_TEXT },
        { STR_INIT("engine"), FIELD_TEXT },
        { STR_INIT("engine_version"), FIELD_INTEGER },
        { STR_INIT("step"), FIELD_TEXT },
        { STR_INIT("pack"), FIELD_INTEGER },
        { STR_INIT("day"), FIELD_DATE },
        { STR_INIT("seed"), FIELD_TEXT },
        { STR_INIT("parameters"), FIELD_LONG_TEXT },
        { STR_INIT("input"), FIELD_LONG_TEXT },
        { STR_INIT("input_sha256"), FIELD_TEXT },
        { STR_INIT("result"), FIELD_LONG_TEXT },
        { STR_INIT("result_sha256"), FIELD_TEXT },
    };
    const Type *type = load->pack->computation = pack_type(load->pack, STR("computation"));
    fields_wanted(load, type, wanted, sizeof wanted / sizeof *wanted);
    if (type && (!type_action(type, STR("create")) || type_action(type, STR("create"))->who_count))
        part_missing(load, type, STR("create"));
    if (type && !str_eq(type->page, STR("computation")))
        part_missing(load, type, STR("page"));
}

static void note_erasable(void *context, const void *type, const void *field)
{
    const Type *of = type;
    for (size_t a = 0; a < of->action_count; a++)
        *(bool *)context |= field_among(of->actions[a].erases, of->actions[a].erase_count, field);
}

/* What a decision rests on is kept for good: it must not be something that may have to be erased. */
static void decides_check(PackLoad *load, const Type *type, const Action *action)
{
    bool erasable = false;
    for (size_t g = 0; g < action->guard_count; g++)
        if (action->guards[g].when)
            expr_fields(action->guards[g].when, note_erasable, &erasable);
    if (!load->pack->computation || !action->guard_count || erasable)
        PACK_LOG(load->log, pack_type_place(load, type), ECODE_PACK_DECIDES, ARG("action", action->name));
}

static void decisions_check(PackLoad *load)
{
    for (size_t t = 0; t < load->pack->type_count; t++)
        for (size_t a = 0; a < load->pack->types[t].action_count; a++)
            if (load->pack->types[t].actions[a].decides)
                decides_check(load, &load->pack->types[t], &load->pack->types[t].actions[a]);
}

/* ---- effects ---- */

static bool effect_field_fits(const EffectField *wanted, const Type *type)
{
    const Field *rows = type && wanted->rows ? type_field(type, str_from(wanted->rows)) : NULL;
    if (wanted->rows)
        type = rows && rows->kind == FIELD_ROWS ? rows->rows : NULL;
    const Field *field = type ? type_field(type, str_from(wanted->field)) : NULL;
    return field && field->kind == wanted->kind &&
           (!wanted->target || (field->target && str_eq(field->target->name, str_from(wanted->target))));
}

/* What an effect reads and writes must be there: the program relies on it. */
static void effect_check(PackLoad *load, const Type *type, const Action *action)
{
    const EffectRow *row = &effect_rows[action->effect];
    for (size_t i = 0; i < row->field_count; i++) {
        const EffectField *wanted = &row->fields[i];
        const Type        *of = wanted->type ? pack_type(load->pack, str_from(wanted->type)) : type;
        Str                dot = wanted->rows ? STR(".") : STR("");
        if (effect_field_fits(wanted, of))
            continue;
        PACK_LOG(load->log, pack_type_place(load, type), ECODE_PACK_EFFECT, ARG("effect", row->name),
                 ARG("type", wanted->type ? str_from(wanted->type) : type->name),
                 ARG("field", str_printf(load->arena, "%s%.*s%s", wanted->rows ? wanted->rows : "", STR_FMT(dot),
                                         wanted->field)),
                 ARG("kind", field_kinds[wanted->kind].name));
    }
}

static void effects_check(PackLoad *load)
{
    for (size_t t = 0; t < load->pack->type_count; t++)
        for (size_t a = 0; a < load->pack->types[t].action_count; a++)
            effect_check(load, &load->pack->types[t], &load->pack->types[t].actions[a]);
}

void pack_check(PackLoad *load)
{
    if (load->damaged) /* half a pack: what is missing here may stand in the file that could not be read */
        return;
    pack_formulas(load);
    conditions_check(load);
    pack_carries(load);
    for (size_t i = 0; i < load->pack->type_count; i++)
        states_check(load, &load->drafts[i]);
    parties_check(load);
    parameter_type_check(load);
    job_type_check(load);
    saved_view_type_check(load);
    computation_type_check(load);
    decisions_check(load);
    effects_check(load);
    if (!load->frozen)
        pack_proof(load);
}
