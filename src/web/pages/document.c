/* web/pages/document.c: a document of a record, to be printed: no frame around it, nothing that paper cannot show. */
#include "web/pages/rows.h"
#include "web/pages/show.h"
#include "web/pages/view.h"
#include "web/shapes.h"

typedef struct DocumentView {
    Call       *call;
    Show       *show;
    const Type *type;
    const Json *record;
} DocumentView;

static Err field_words(const DocumentView *view, Str name, Str *out)
{
    const Field *field = type_field(view->type, name);
    Shown        shown = { 0 };
    if (field)
        TRY(show_field(view->show, field, view->record, SHOW_IN_TEXT, &shown));
    *out = shown.text.len ? shown.text : SHAPE_BLANK;
    return ERR_OK;
}

/* The text with the values of its {field}s, one paragraph a line. */
static Err put_text(const DocumentView *view, Str text, Json *block)
{
    Arena *arena = view->call->ctx.arena;
    Json  *paragraphs = json_array(arena);
    while (text.len) {
        Str line = str_cut(&text, '\n'), value;
        Buf buf = buf_new(arena, SIZE_MAX);
        while (line.len) {
            bool more = str_find(line, STR("{")) < line.len;
            buf_add(&buf, str_cut(&line, '{'));
            if (!more)
                break;
            TRY(field_words(view, str_cut(&line, '}'), &value));
            buf_add(&buf, value);
        }
        if (buf.len)
            json_push(paragraphs, json_string(arena, buf_str(&buf)));
    }
    put_block(view->call, block, STR("text"), STR("paragraphs"), paragraphs);
    return ERR_OK;
}

static Err put_field(const DocumentView *view, const Field *field, Json *facts, Json *tables)
{
    const Json *value = show_member(view->record, field);
    Shown       shown;
    Json       *table;
    if (field->kind == FIELD_ROWS && value) {
        TRY(rows_table(view->show, view->call, field, value, &table));
        json_push(tables, table);
        return ERR_OK;
    }
    TRY(show_field(view->show, field, view->record, SHOW_IN_TEXT, &shown));
    Json *fact = json_push(facts, json_object(view->call->ctx.arena));
    put(view->call, fact, STR("fact"), in_words(view->call, field->label));
    put(view->call, fact, STR("said"), shown.text.len ? shown.text : SHAPE_BLANK);
    put(view->call, fact, STR("said_lang"), show_lang(view->call, shown.text));
    return ERR_OK;
}

static Err put_fields(const DocumentView *view, const Json *names, Json *block)
{
    Json *facts = json_array(view->call->ctx.arena), *tables = json_array(view->call->ctx.arena);
    JSON_EACH(name, names)
        TRY(put_field(view, type_field(view->type, name->text), facts, tables));
    put_block(view->call, block, STR("facts"), STR("items"), facts);
    json_set(block, STR("tables"), tables);
    return ERR_OK;
}

static void put_signatures(const DocumentView *view, const Json *names, Json *block)
{
    Json *signatures = json_array(view->call->ctx.arena);
    JSON_EACH(name, names)
        put(view->call, json_push(signatures, json_object(view->call->ctx.arena)), STR("signature"), name->text);
    put_block(view->call, block, STR("signatures"), STR("items"), signatures);
}

Err view_document(Call *call, const Json *data, PageOut *out)
{
    DocumentView view = { .call = call, .show = show_new(call), .record = json_get(data, STR("record")) };
    Str          label = json_text(json_get(data, STR("label"))), day = json_text(json_get(data, STR("date")));
    int64_t      date;
    TRY(call_type(call, 0, &view.type));
    put(call, out->ui, STR("title"), label);
    put(call, out->page, STR("title"), label);
    put(call, out->page, STR("number"), json_text(json_get(view.record, STR("number"))));
    put(call, out->page, STR("instant"), day);
    put(call, out->page, STR("date"), date_parse(day, &date) ? show_spoken(call, date) : day);
    put(call, out->page, STR("back_href"),
        view_href(call, view.type, json_text(json_get(view.record, STR("id"))), STR_NONE));
    Json *blocks = json_set(out->page, STR("blocks"), json_array(call->ctx.arena));
    JSON_EACH(given, json_get(data, STR("blocks"))) {
        Json *block = json_push(blocks, json_object(call->ctx.arena));
        TRY(put_text(&view, json_text(json_get(given, STR("text"))), block));
        TRY(put_fields(&view, json_get(given, STR("fields")), block));
        put_signatures(&view, json_get(given, STR("signatures")), block);
    }
    return ERR_OK;
}
