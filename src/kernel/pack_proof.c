/* kernel/pack_proof.c: what a pack must prove: that somebody can have each role it names, that being refused a value
 * because it is taken tells nobody anything, that what binds reads a parameter, and that the steps are there which the
 * program itself takes. */
#include "kernel/pack_read.h"

/* ---- roles ---- */

static void roles_check(PackLoad *load, const Field *role, const PackNode *list)
{
    PACK_EACH(item, list)
        PACK_EACH(name, pack_node_get(item, STR("roles")))
            if (name->kind == PACK_SCALAR && pack_role(load->pack, name->text) >= 0 && !field_choice(role, name->text))
                PACK_PROBLEM(load, name, ECODE_PACK_ROLE, ARG("role", name->text));
}

static void roles_prove(PackLoad *load)
{
    const Field *role = &load->pack->membership->fields[load->pack->membership_role];
    for (size_t i = 0; i < load->pack->type_count; i++) {
        roles_check(load, role, pack_node_get(load->drafts[i].node, STR("access")));
        PACK_EACH(action, pack_node_get(load->drafts[i].node, STR("actions")))
            roles_check(load, role, pack_node_get(action, STR("who")));
    }
}

/* ---- unique values ---- */

/* Does the role see the field in every record; own: of its own organisation? */
static bool sees_all(const Field *field, size_t role, bool own)
{
    const Type *type = field->type;
    for (size_t i = 0; i < type->access_count; i++) {
        const AccessRule *rule = &type->access[i];
        bool              every = rule->who.relation == RELATION_ANY || (own && rule->who.relation == RELATION_OWN);
        bool              role_fits = !rule->who.roles || (rule->who.roles >> role & 1);
        if (every && role_fits && !rule->states && !rule->levels && rule->clearance[field->compartment] >= field->class)
            return true;
    }
    return false;
}

/* Whoever may write the value learns whether it is taken: among the records of the owner, who is one's own
 * organisation when the record is made or the step asks for that, or in the whole city. */
static bool writes_blindly(const Field *field, size_t role)
{
    const Type *type = field->type;
    for (size_t i = 0; i < type->action_count; i++) {
        const Action *action = &type->actions[i];
        for (size_t w = 0; field_among(action->inputs, action->input_count, field) && w < action->who_count; w++) {
            const Who *who = &action->who[w];
            bool       own = action->creates || who->relation == RELATION_OWN;
            if ((!who->roles || (who->roles >> role & 1)) &&
                !sees_all(field, role, field->unique == UNIQUE_OWNER && own))
                return true;
        }
    }
    return false;
}

static void unique_prove(PackLoad *load, const TypeDraft *draft)
{
    for (size_t i = SYS_COUNT; i < draft->type->stored_count; i++) {
        const Field *field = &draft->type->fields[i];
        for (size_t role = 0; field->unique && role < load->pack->role_count; role++)
            if (writes_blindly(field, role))
                PACK_PROBLEM(load, pack_node_get(draft->nodes[i], STR("unique")), ECODE_PACK_UNIQUE,
                             ARG_TEXT("field", field->label), ARG("role", load->pack->roles[role].name));
    }
}

/* ---- guards that bind ---- */

static void note_parameter(void *context, Str code)
{
    (void)code;
    *(bool *)context = true;
}

/* A guard can be binding only in what it reads of the parameters. */
static void binding_prove(PackLoad *load, const Type *type, const PackNode *node)
{
    const Action *action = type_action(type, pack_node_get(node, STR("name"))->text);
    size_t        at = 0;
    PACK_EACH(item, pack_node_get(node, STR("guard"))) {
        const Guard *guard = action && at < action->guard_count ? &action->guards[at++] : NULL;
        bool         reads = false;
        if (!guard || !guard->binding || !guard->when)
            continue;
        expr_parameters(guard->when, note_parameter, &reads);
        if (!reads)
            PACK_PROBLEM(load, pack_node_get(item, STR("binding")), ECODE_PACK_BINDING);
    }
}

static void bindings_prove(PackLoad *load, const TypeDraft *draft)
{
    PACK_EACH(action, pack_node_get(draft->node, STR("actions")))
        if (pack_node_get(action, STR("name")))
            binding_prove(load, draft->type, action);
}

/* ---- steps that the program takes by itself: people are registered and sign in, roles are given and end ---- */

#define GIVEN_MAX 5

typedef struct ProgramStep {
    Str type, action;
    Str given[GIVEN_MAX]; /* fields that it gives, and no others */
} ProgramStep;

static const ProgramStep program_steps[] = {
    { STR_INIT("person"), STR_INIT("create"), { STR_INIT("name") } },
    { STR_INIT("organisation"), STR_INIT("create"), { STR_INIT("name") } },
    { STR_INIT("membership"),
      STR_INIT("create"),
      { STR_INIT("person"), STR_INIT("organisation"), STR_INIT("role"), STR_INIT("valid_from"),
        STR_INIT("valid_to") } },
    { STR_INIT("membership"), STR_INIT("end"), { STR_INIT("valid_to") } },
};

static bool gives(const ProgramStep *step, Str field)
{
    for (size_t i = 0; i < GIVEN_MAX; i++)
        if (step->given[i].len && str_eq(step->given[i], field))
            return true;
    return false;
}

static bool step_fits(const Type *type, const Action *action, const ProgramStep *step)
{
    for (size_t i = 0; i < GIVEN_MAX && step->given[i].len; i++)
        if (!field_among(action->inputs, action->input_count, type_field(type, step->given[i])))
            return false;
    for (size_t i = 0; action->creates && i < action->required_count; i++) {
        const Field *field = &type->fields[action->required[i]];
        if (field->default_kind == DEFAULT_NONE && !gives(step, field->name))
            return false;
    }
    /* in the first state a person, an organisation, a membership counts, in the others it does not (kernel/party.c) */
    return action->creates ? action->to == 0 : (action->from & 1) && action->to > 0;
}

static void program_step_check(PackLoad *load, const ProgramStep *step)
{
    const Type   *type = pack_type(load->pack, step->type);
    const Action *action = type_action(type, step->action);
    PackPlace     place = pack_type_place(load, type);
    size_t        count = 0, index = 0;
    if (action && step_fits(type, action, step))
        return;
    PACK_EACH(item, pack_node_get(load->drafts[type->index].node, STR("actions")))
        if (action && index++ == action->index)
            place = pack_node_place(item);
    while (count < GIVEN_MAX && step->given[count].len)
        count++;
    Str  fields = str_join(load->arena, step->given, count, STR(", "));
    bool creates = str_eq(step->action, STR("create"));
    Text expected = creates ? (Text){ { str_printf(load->arena, "建出第一个状态的记录，填写 %.*s，不要求别的字段",
                                                   STR_FMT(fields)),
                                        str_printf(load->arena,
                                                   "makes a record in the first state, takes %.*s, and requires "
                                                   "nothing else",
                                                   STR_FMT(fields)) } }
                            : (Text){ { str_printf(load->arena, "从第一个状态到别的状态，填写 %.*s", STR_FMT(fields)),
                                        str_printf(load->arena, "leads from the first state to another and takes %.*s",
                                                   STR_FMT(fields)) } };
    PACK_LOG(load->log, place, ECODE_PACK_STEP, ARG("type", step->type), ARG("action", step->action),
             ARG_TEXT("expected", expected));
}

/* A person and an organisation are called by their name: the program writes and seeks it as their title. */
static void title_check(PackLoad *load, const Type *type)
{
    if (!str_eq(type->fields[type->title].name, STR("name")))
        read_misshape(load, pack_node_get(load->drafts[type->index].node, STR("title")), TEXT("name", "name"));
}

static void parties_prove(PackLoad *load)
{
    title_check(load, load->pack->person);
    title_check(load, load->pack->organisation);
    for (size_t i = 0; i < sizeof program_steps / sizeof *program_steps; i++)
        program_step_check(load, &program_steps[i]);
}

void pack_proof(PackLoad *load)
{
    if (load->pack->membership) {
        roles_prove(load);
        parties_prove(load);
    }
    for (size_t i = 0; i < load->pack->type_count; i++)
        if (load->drafts[i].node) {
            unique_prove(load, &load->drafts[i]);
            bindings_prove(load, &load->drafts[i]);
        }
}
