#include "kernel/parameter.h"

bool parameter_parse(const Parameter *parameter, Str text, Value *out)
{
    return value_parse(field_kinds[parameter->kind].value, parameter->scale, text, out);
}

/* ---- the row that counts ---- */

/* Of several the one that begins last; of two that begin on one day the one that was made last. A row without a
 * beginning has always been valid. */
static Str row_sql(Arena *arena, const Type *type)
{
    Buf sql = buf_new(arena, SIZE_MAX);
    buf_add(&sql, STR("SELECT "));
    record_columns(&sql, type, STR_NONE);
    buf_printf(&sql,
               " FROM \"%.*s\" WHERE \"code\" = ? AND \"state\" = ? AND coalesce(\"valid_from\" <= ?, TRUE)"
               " AND coalesce(\"valid_to\" >= ?, TRUE) ORDER BY \"valid_from\" DESC, \"id\" DESC LIMIT 1",
               STR_FMT(type->table));
    return buf_str(&sql);
}

Err parameter_on(const Ctx *ctx, const Parameter *parameter, int64_t day, Value *out, Record *record)
{
    const Type *type = ctx->city->pack->parameter;
    *out = VALUE_NONE;
    if (!type)
        return ERR_OK;
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_text(parameter->name), value_text(type->states[0].name), value_date(day),
                                   value_date(day) };
    bool              more;
    TRY(db_query(ctx->db, row_sql(ctx->arena, type), params, 4, &rows));
    TRY(rows_next(rows, &more));
    if (!more)
        return ERR_OK;
    Record found;
    record_from_row(ctx->arena, type, rows, 0, &found);
    /* parameter_check() lets no other value in; one that was written under another kind counts as none */
    if (parameter_parse(parameter, found.values[type_field(type, STR("value"))->index].text, out) && record)
        *record = found;
    return ERR_OK;
}

/* ---- values that were looked up ---- */

#define REMEMBERED_MAX 32

struct ParameterMemory {
    Arena *arena; /* of the values: who asks may let go of his own */
    struct {
        const Parameter *parameter;
        int64_t          day;
        Value            value;
    } known[REMEMBERED_MAX];
    size_t count;
};

ParameterMemory *parameter_memory(Arena *arena)
{
    ParameterMemory *memory = ARENA_NEW(arena, ParameterMemory);
    memory->arena = arena;
    return memory;
}

Err parameter_value(const Ctx *ctx, ParameterMemory *memory, const Parameter *parameter, int64_t day, Value *out)
{
    for (size_t i = 0; memory && i < memory->count; i++)
        if (memory->known[i].parameter == parameter && memory->known[i].day == day) {
            *out = memory->known[i].value;
            return ERR_OK;
        }
    TRY(parameter_on(ctx, parameter, day, out, NULL));
    if (!memory || memory->count == REMEMBERED_MAX)
        return ERR_OK;
    if (out->kind == VALUE_TEXT)
        out->text = str_dup(memory->arena, out->text);
    memory->known[memory->count].parameter = parameter;
    memory->known[memory->count].day = day;
    memory->known[memory->count++].value = *out;
    return ERR_OK;
}

int64_t reference_day(const Ctx *ctx, const Record *record)
{
    int   field = record ? record->type->reference_date : -1;
    Value day = field < 0 ? VALUE_NONE : record->values[field];
    return day.kind == VALUE_DATE ? day.number : ctx_today(ctx);
}

/* ---- before a row is written ---- */

static Str known_codes(Arena *arena, const Pack *pack)
{
    Str *names = ARENA_ARRAY(arena, Str, pack->parameter_count);
    for (size_t i = 0; i < pack->parameter_count; i++)
        names[i] = pack->parameters[i].name;
    return str_join(arena, names, pack->parameter_count, STR(", "));
}

void parameter_check(const Ctx *ctx, const Record *record, Problems *problems)
{
    const Pack      *pack = ctx->city->pack;
    const Field     *code = type_field(record->type, STR("code")), *text = type_field(record->type, STR("value"));
    Value            given = record->values[code->index], value = record->values[text->index];
    const Parameter *parameter = pack_parameter(pack, given.text);
    if (given.kind == VALUE_MISSING)
        return; /* what must be there is the action's to say */
    if (!parameter) {
        PROBLEM(problems, ECODE_FIELD_CHOICE, code->name, STR_NONE, ARG_TEXT("label", code->label),
                ARG("known", known_codes(ctx->arena, pack)));
        return;
    }
    if (value.kind != VALUE_MISSING && !parameter_parse(parameter, value.text, &value))
        PROBLEM(problems, ECODE_FIELD_KIND, text->name, STR_NONE, ARG_TEXT("label", text->label),
                ARG_TEXT("expected", field_kinds[parameter->kind].expected));
}

/* ---- overlapping rows ---- */

static const char overlap_sql[] =
    "SELECT \"valid_from\", \"valid_to\" FROM \"%.*s\" WHERE \"code\" = ?1 AND \"state\" = ?2 AND \"id\" <> ?3"
    " AND (\"valid_from\" IS ?4"
    " OR (coalesce(\"valid_from\" < ?4, \"valid_from\" IS NULL) AND \"valid_to\" >= ?4)"
    " OR (coalesce(\"valid_from\" > ?4, ?4 IS NULL) AND \"valid_from\" <= ?5)) LIMIT 1";

static Str day_or_open(Arena *arena, const Rows *rows, int column)
{
    return rows_missing(rows, column) ? STR("…") : date_text(arena, rows_int(rows, column));
}

Err parameter_overlap(const Ctx *ctx, const Record *record, Problems *problems)
{
    OWNED(rows) Rows *rows = NULL;
    const Type       *type = record->type;
    Value             code = record->values[type_field(type, STR("code"))->index];
    const Field      *from = type_field(type, STR("valid_from")), *to = type_field(type, STR("valid_to"));
    Value params[] = { code, value_text(type->states[0].name), record->values[SYS_ID], record->values[from->index],
                       record->values[to->index] };
    bool  more;
    if (record_state(record) != 0 || code.kind == VALUE_MISSING)
        return ERR_OK;
    TRY(db_query(ctx->db, str_printf(ctx->arena, overlap_sql, STR_FMT(type->table)), params, 5, &rows));
    TRY(rows_next(rows, &more));
    if (more)
        PROBLEM(problems, ECODE_PARAMETER_OVERLAP, from->name, STR_NONE, ARG("code", code.text),
                ARG("from", day_or_open(ctx->arena, rows, 0)), ARG("to", day_or_open(ctx->arena, rows, 1)));
    return ERR_OK;
}
