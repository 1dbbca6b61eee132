/* web/pages/parts.c: see parts.h. */
#include "web/pages/parts.h"

#include "web/pages/rows.h"
#include "web/pages/view.h"
#include "web/shapes.h"

Parts parts_new(Arena *arena) { return (Parts){ json_array(arena), json_array(arena), json_array(arena) }; }

static void put_text(const Call *call, const Field *field, Str words, Json *texts)
{
    Json *text = json_push(texts, json_object(call->ctx.arena));
    put(call, text, STR("text_label"), in_words(call, field->label));
    put(call, text, STR("text"), words);
    put(call, text, STR("text_lang"), show_lang(call, words));
}

typedef struct Reads { /* labels of the fields that a formula reads, each once */
    const Call *call;
    Json       *labels;
} Reads;

static void note_read(void *context, const void *type, const void *field)
{
    Reads       *reads = context;
    const Type  *of = type;
    const Field *own = field;
    Str          label = in_words(reads->call, of->row_of && own->index == ROW_PARENT ? of->row_of->label : own->label);
    JSON_EACH(known, reads->labels)
        if (str_eq(known->text, label))
            return;
    json_push(reads->labels, json_string(reads->call->ctx.arena, label));
}

/* How a computed value comes about, for those whose role sees all that it is made of. */
static void put_formula(Call *call, const Field *field, Json *fact)
{
    if (field->kind != FIELD_COMPUTED || !shape_expr_known(call, field->formula)) {
        put_null(call, fact, STR("formula"));
        return;
    }
    Reads reads = { call, json_array(call->ctx.arena) };
    expr_fields(field->formula, note_read, &reads);
    Json *formula = json_set(fact, STR("formula"), json_object(call->ctx.arena));
    put(call, formula, STR("source"), field->formula_text);
    json_set(formula, STR("reads"), reads.labels);
}

Err parts_field(Show *show, Call *call, const Field *field, const Json *record, bool empty, const Parts *parts)
{
    const Json *value = show_member(record, field);
    Shown       shown;
    Json       *table;
    TRY(show_field(show, field, record, SHOW_IN_TEXT, &shown));
    if (!shown.text.len && !shown.hidden && !shown.erased && !empty)
        return ERR_OK;
    if (field_kinds[field->kind].lines && shown.text.len) {
        put_text(call, field, shown.text, parts->texts);
        return ERR_OK;
    }
    if (field->kind == FIELD_ROWS && value) {
        TRY(rows_table(show, call, field, value, &table));
        json_push(parts->tables, table);
        return ERR_OK;
    }
    Json *fact = json_push(parts->facts, json_object(call->ctx.arena));
    put(call, fact, STR("fact"), in_words(call, field->label));
    json_set_bool(call->ctx.arena, fact, STR("computed"), field->kind == FIELD_COMPUTED);
    put_formula(call, field, fact);
    show_put(show, &shown, fact);
    return ERR_OK;
}

void parts_put(const Call *call, Str id, Str label, const Parts *parts, Json *sections)
{
    if (!parts->texts->count && !parts->facts->count && !parts->tables->count)
        return;
    Json *section = json_push(sections, json_object(call->ctx.arena));
    put(call, section, STR("id"), str_printf(call->ctx.arena, "part-%.*s", STR_FMT(id)));
    put(call, section, STR("label"), label);
    json_set(section, STR("texts"), parts->texts);
    put_block(call, section, STR("facts"), STR("items"), parts->facts);
    json_set(section, STR("tables"), parts->tables);
}
