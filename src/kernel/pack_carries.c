/* kernel/pack_carries.c: of the last pass: the steps that an action takes along. */
#include "kernel/pack_read.h"

typedef struct Reading { /* one of them */
    PackLoad         *load;
    const CarryDraft *draft;
    const Type       *over; /* what its expressions speak of: the child, else the record acted upon */
} Reading;

/* An expression under key; NULL, with a problem or without, when there is none that could be used. */
static Expr *carried_expr(const Reading *r, const PackNode *map, Str key, ValueKind wanted)
{
    Expr     *out = NULL;
    ExprScope scope = pack_scope(r->load->pack, true);
    Str       text = read_line(r->load, map, key);
    if (text.len)
        expression_check(r->load, &scope, &(ExprUse){ USE_GUARD, &out, text, pack_node_get(map, key), r->over }, wanted,
                         false);
    return out;
}

static bool each_read(Reading *r, Carry *carry)
{
    static const Text children = TEXT_INIT("子记录的类型，或子行的字段",
                                           "a type of child records, or a field of child rows");
    ExprScope         scope = pack_scope(r->load->pack, true);
    Str               name = read_line(r->load, r->draft->node, STR("each"));
    if (!name.len)
        return true;
    carry->has_each = scope.child(scope.context, r->draft->type, name, &carry->each);
    if (carry->has_each)
        r->over = carry->each.type;
    else
        read_misshape(r->load, pack_node_get(r->draft->node, STR("each")), children);
    return carry->has_each;
}

/* The type of the records: of what `on` gives, else of the children. */
static const Type *carried_type(const Reading *r, const Carry *carry)
{
    static const Text records = TEXT_INIT("得出一条或几条记录的表达式",
                                          "an expression that gives a record, or several");
    const PackNode   *on = pack_node_get(r->draft->node, STR("on"));
    if (!on && carry->has_each && type_field(r->over, STR("state")))
        return r->over;
    ExprType type = carry->on ? expr_type(carry->on) : (ExprType){ 0 };
    if (type.target && (type.kind == VALUE_ID || type.kind == VALUE_LIST))
        return type.target;
    if (!on || carry->on)
        read_misshape(r->load, on ? on : r->draft->node, records);
    return NULL;
}

/* A step of theirs that stands alone: it makes no record, erases nothing, decides nothing and takes none along. */
static const Action *carried_action(const Reading *r, const Type *type)
{
    static const Text alone = TEXT_INIT("该类型的一个步骤，它不登记、不删除信息、不留存决定，也不带动别的步骤",
                                        "a step of that type which makes no record, erases and decides nothing and"
                                        " carries no step itself");
    Str               name = read_line(r->load, r->draft->node, STR("step"));
    const Action     *action = type_action(type, name);
    if (action && !action->creates && !action->erase_count && !action->decides && !action->carry_count &&
        !str_eq(name, STR("edit")))
        return action;
    if (name.len)
        read_misshape(r->load, pack_node_get(r->draft->node, STR("step")), alone);
    return NULL;
}

static bool kinds_fit(const Field *field, ExprType type)
{
    ExprType wanted = field_expr_type(field);
    bool     number = wanted.kind == VALUE_DECIMAL && type.kind == VALUE_INTEGER;
    return (wanted.kind == type.kind || number) && wanted.target == type.target && type.scale <= wanted.scale;
}

static void set_read(const Reading *r, const PackNode *map, const PackNode *item, const Action *action, Carry *carry,
                     CarrySet *sets)
{
    static const Text input = TEXT_INIT("这一步所填的字段，取值同类", "a field that the step takes, of the same kind");
    const Field *field = type_field(carry->type, item->key);
    Expr        *value = carried_expr(r, map, item->key, VALUE_KIND_COUNT);
    if (!field || !field_among(action->inputs, action->input_count, field) ||
        (value && !kinds_fit(field, expr_type(value))))
        read_misshape(r->load, item, input);
    else if (value)
        sets[carry->set_count++] = (CarrySet){ field->index, value };
}

/* Rows of an import are steps that are refused before they write anything; what is carried could be refused later. */
static bool may_carry(PackLoad *load, const CarryDraft *draft)
{
    static const Text alone = TEXT_INIT("登记和修改以外的步骤所带", "of a step other than create and edit");
    bool              other = !draft->action->creates && !str_eq(draft->action->name, STR("edit"));
    if (!other)
        read_misshape(load, draft->node, alone);
    return other;
}

static void carry_read(PackLoad *load, const CarryDraft *draft)
{
    static const PackKey keys[] = {
        { STR_INIT("step"), true }, { STR_INIT("each"), false }, { STR_INIT("when"), false },
        { STR_INIT("on"), false },  { STR_INIT("with"), false },
    };
    Reading r = { load, draft, draft->type };
    Carry   carry = { 0 };
    if (!READ_KEYS(load, draft->node, keys) || !may_carry(load, draft) || !each_read(&r, &carry))
        return;
    carry.when = carried_expr(&r, draft->node, STR("when"), VALUE_BOOLEAN);
    carry.on = carried_expr(&r, draft->node, STR("on"), VALUE_KIND_COUNT);
    carry.type = carried_type(&r, &carry);
    carry.action = carry.type ? carried_action(&r, carry.type) : NULL;
    if (!carry.action)
        return;
    const PackNode *with = pack_node_get(draft->node, STR("with"));
    CarrySet       *sets = ARENA_ARRAY(load->arena, CarrySet, with ? with->count : 0);
    PACK_EACH(item, with)
        set_read(&r, with, item, carry.action, &carry, sets);
    carry.sets = sets;
    *draft->out = carry;
}

void pack_carries(PackLoad *load)
{
    for (size_t i = 0; i < load->carry_count; i++)
        carry_read(load, &load->carries[i]);
}
