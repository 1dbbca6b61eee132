#include "kernel/find.h"
#include "kernel/parameter.h"

/* ---- of an expression ---- */

typedef struct Uses {
    const Pack   *pack;
    ParameterUse *items; /* each parameter of the pack at most once */
    size_t        count;
} Uses;

static Uses *uses_new(const Ctx *ctx)
{
    Uses *uses = ARENA_NEW(ctx->arena, Uses);
    *uses = (Uses){ .pack = ctx->city->pack };
    uses->items = ARENA_ARRAY(ctx->arena, ParameterUse, uses->pack->parameter_count);
    return uses;
}

static void note_use(void *context, Str code)
{
    Uses            *uses = context;
    const Parameter *parameter = pack_parameter(uses->pack, code);
    for (size_t i = 0; i < uses->count; i++)
        if (uses->items[i].parameter == parameter)
            return;
    if (parameter)
        uses->items[uses->count++] = (ParameterUse){ .parameter = parameter };
}

static Err look_up(const Ctx *ctx, int64_t day, ParameterUse *use)
{
    const Type *type = ctx->city->pack->parameter;
    TRY(parameter_on(ctx, use->parameter, day, &use->value, &use->row));
    const Field *by = type ? type_field(type, STR("confirmed_by")) : NULL;
    use->confirmed = use->row.values && by && use->row.values[by->index].kind != VALUE_MISSING;
    return ERR_OK;
}

static Err look_up_all(const Ctx *ctx, const Record *record, Uses *uses)
{
    int64_t day = reference_day(ctx, record);
    for (size_t i = 0; i < uses->count; i++)
        TRY(look_up(ctx, day, &uses->items[i]));
    return ERR_OK;
}

Err parameter_uses(const Ctx *ctx, const Expr *expr, const Record *record, ParameterUse **out, size_t *count)
{
    Uses *uses = uses_new(ctx);
    expr_parameters(expr, note_use, uses);
    TRY(look_up_all(ctx, record, uses));
    *out = uses->items;
    *count = uses->count;
    return ERR_OK;
}

/* ---- of a record, for its reader ---- */

static Err note_steps(const Ctx *ctx, const Record *record, Uses *uses)
{
    for (size_t i = 0; i < record->type->action_count; i++) {
        const Action *action = &record->type->actions[i];
        Permit        permit = PERMIT_NEVER;
        if (!action->creates)
            TRY(access_permits(ctx, action, record, &permit));
        for (size_t g = 0; permit != PERMIT_NEVER && g < action->guard_count; g++)
            expr_parameters(action->guards[g].when, note_use, uses);
    }
    return ERR_OK;
}

static void note_computed(const Record *record, Uses *uses)
{
    for (size_t i = record->type->stored_count; i < record->type->field_count; i++)
        if (access_shows(&record->clearance, &record->type->fields[i]))
            expr_parameters(record->type->fields[i].formula, note_use, uses);
}

/* Of the row what the reader may see of that record. */
static Err row_json(const Ctx *ctx, const ParameterUse *use, Json *json)
{
    static const char *const told[] = { "value", "valid_from", "valid_to", "source" };
    Record                   row;
    const Type              *type = use->row.type;
    Err                      err = find_one(ctx, type, record_id(&use->row), &row);
    if (err.code == ECODE_RECORD_UNSEEN)
        return ERR_OK;
    TRY(err);
    json_set_str(ctx->arena, json, STR("record"), record_id(&row));
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        const Field *field = type_field(type, str_from(told[i]));
        const Field *shown = field ? field_in_language(&row, field, ctx->lang) : NULL;
        Value        value = shown ? row.values[shown->index] : VALUE_NONE;
        if (shown && access_shows(&row.clearance, shown) && value.kind != VALUE_MISSING)
            json_set(json, str_from(told[i]), value_json(ctx->arena, value));
    }
    const Field *confirmed = type_field(type, STR("confirmed"));
    if (!confirmed || access_shows(&row.clearance, confirmed))
        json_set_bool(ctx->arena, json, STR("confirmed"), use->confirmed);
    return ERR_OK;
}

static Err use_json(const Ctx *ctx, const Record *record, const ParameterUse *use, Json *list)
{
    Json            *json = json_push(list, json_object(ctx->arena));
    const Parameter *parameter = use->parameter;
    json_set_str(ctx->arena, json, STR("code"), parameter->name);
    json_set_str(ctx->arena, json, STR("label"), parameter->label.in[ctx->lang]);
    if (parameter->unit.in[ctx->lang].len)
        json_set_str(ctx->arena, json, STR("unit"), parameter->unit.in[ctx->lang]);
    json_set_str(ctx->arena, json, STR("day"), date_text(ctx->arena, reference_day(ctx, record)));
    return use->row.values ? row_json(ctx, use, json) : ERR_OK;
}

Err parameters_json(const Ctx *ctx, const Record *record, Json **out)
{
    Uses *uses = uses_new(ctx);
    *out = json_array(ctx->arena);
    note_computed(record, uses);
    TRY(note_steps(ctx, record, uses));
    TRY(look_up_all(ctx, record, uses));
    for (size_t i = 0; i < uses->count; i++)
        TRY(use_json(ctx, record, &uses->items[i], *out));
    return ERR_OK;
}
