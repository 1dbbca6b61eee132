/* web/documents.c: what can be printed of a record, as the actor sees it. */
#include "web/handlers.h"
#include "web/shapes.h"

typedef struct Printing {
    Call           *call;
    const Type     *type;
    const Document *document;
    Json           *record; /* the contract's */
} Printing;

static Err find_document(Printing *printing, Problems *problems)
{
    Call  *call = printing->call;
    Record record;
    TRY(shape_type_find(call, call->params[0], &printing->type, problems));
    TRY(find_one(&call->ctx, printing->type, call->params[1], &record));
    TRY(record_json(&call->ctx, &record, NULL, &printing->record));
    int state = json_get(printing->record, STR("state")) ? record_state(&record) : -1;
    for (size_t i = 0; i < printing->type->document_count && !printing->document; i++) {
        const Document *document = &printing->type->documents[i];
        if (str_eq(document->name, call->params[2]) && shape_document_fits(document, state))
            printing->document = document;
    }
    return printing->document ? ERR_OK : err_make(ECODE_PAGE_UNSEEN, "no such document");
}

static bool shows(const Printing *printing, const Field *field)
{
    const Json *fields = json_get(printing->record, STR("fields"));
    const Json *value = json_get(fields, field->name);
    for (Lang lang = 0; field->has_translations && lang < LANG_COUNT && !value; lang++)
        value = json_get(fields, printing->type->fields[field->translations[lang]].name);
    if (!value && field->system)
        value = json_get(printing->record, field->name);
    return value && !json_get(value, STR("hidden"));
}

/* The text with its {field}s, each one that does not show a blank: no name is left of a field that the role never
 * sees. */
static Str text_shown(const Printing *printing, Str text)
{
    Buf buf = buf_new(printing->call->ctx.arena, SIZE_MAX);
    while (text.len) {
        bool more = str_find(text, STR("{")) < text.len;
        buf_add(&buf, str_cut(&text, '{'));
        if (!more)
            break;
        Str          name = str_cut(&text, '}');
        const Field *field = type_field(printing->type, name);
        if (field && shows(printing, field))
            buf_printf(&buf, "{%.*s}", STR_FMT(name));
        else
            buf_add(&buf, SHAPE_BLANK);
    }
    return buf_str(&buf);
}

static void put_fields(const Printing *printing, const DocumentBlock *block, Json *json)
{
    Json *fields = json_set(json, STR("fields"), json_array(printing->call->ctx.arena));
    for (size_t i = 0; i < block->field_count; i++) {
        const Field *field = &printing->type->fields[block->fields[i]];
        if (shape_field_known(printing->call, field))
            json_push(fields, json_string(printing->call->ctx.arena, field->name));
    }
}

static void put_signatures(const Printing *printing, const DocumentBlock *block, Json *json)
{
    const Call *call = printing->call;
    Json       *signatures = json_set(json, STR("signatures"), json_array(call->ctx.arena));
    for (size_t i = 0; i < block->signature_count; i++)
        json_push(signatures, json_string(call->ctx.arena, block->signatures[i].in[call->ctx.lang]));
}

static Json *document_json(const Printing *printing)
{
    const Call     *call = printing->call;
    Arena          *arena = call->ctx.arena;
    const Document *document = printing->document;
    Json           *json = json_object(arena);
    json_set_str(arena, json, STR("name"), document->name);
    json_set_str(arena, json, STR("label"), document->label.in[call->ctx.lang]);
    json_set_str(arena, json, STR("date"), date_text(arena, ctx_today(&call->ctx)));
    Json *blocks = json_set(json, STR("blocks"), json_array(arena));
    for (size_t i = 0; i < document->block_count; i++) {
        const DocumentBlock *block = &document->blocks[i];
        Json                *shown = json_push(blocks, json_object(arena));
        switch (block->kind) {
        case BLOCK_TEXT:
            json_set_str(arena, shown, STR("text"), text_shown(printing, block->text.in[call->ctx.lang]));
            break;
        case BLOCK_FIELDS: put_fields(printing, block, shown); break;
        case BLOCK_SIGNATURES: put_signatures(printing, block, shown); break;
        case BLOCK_KIND_COUNT: break;
        }
    }
    json_set(json, STR("record"), printing->record);
    return json;
}

void documents_show(Call *call)
{
    Printing printing = { .call = call };
    Problems problems = call_problems(call);
    Err      err = find_document(&printing, &problems);
    if (err.kind)
        call_fail(call, err, &problems);
    else
        call_data(call, 200, document_json(&printing));
}
