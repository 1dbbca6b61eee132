/* kernel/pack_proof.c: what a pack must prove: that somebody can have each role it names, that being refused a value
 * because it is taken tells nobody anything, and that the steps are there which the program itself takes. */
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

static bool takes(const Action *action, const Field *field)
{
    for (size_t i = 0; i < action->input_count; i++)
        if (action->inputs[i] == field->index)
            return true;
    return false;
}

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
        for (size_t w = 0; takes(action, field) && w < action->who_count; w++) {
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

void pack_proof(PackLoad *load)
{
    if (load->pack->membership)
        roles_prove(load);
    for (size_t i = 0; i < load->pack->type_count; i++)
        if (load->drafts[i].node)
            unique_prove(load, &load->drafts[i]);
}
