#include "web/pages/changes.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "web/pages/view.h"
#include "web/shapes.h"

#define ROWS_TOLD 20 /* of one change */

typedef struct Told {
    Call        *call;
    Show        *show;
    const Field *field;
    size_t       points;
    Json        *json;
} Told;

static Str clipped(const Told *change, Str text)
{
    Str head = utf8_clip(text, change->points);
    return head.len == text.len ? text : str_printf(change->call->ctx.arena, "%.*s…", STR_FMT(head));
}

/* ---- one value ---- */

static Err put_sides(const Told *change, const Json *told)
{
    Call *call = change->call;
    Shown sides[2];
    for (int i = 0; i < 2; i++) {
        const Json *value = json_get(told, i ? STR("new") : STR("old"));
        TRY(show_value(change->show, change->field, value, SHOW_IN_TEXT, &sides[i]));
        if (sides[i].hidden || sides[i].erased)
            sides[i].text = say(call, sides[i].hidden ? "value.hidden" : "value.erased");
    }
    put(call, change->json, STR("old"), clipped(change, sides[0].text));
    put(call, change->json, STR("new"), clipped(change, sides[1].text));
    put(call, change->json, STR("text_lang"), show_lang(call, sides[1].text.len ? sides[1].text : sides[0].text));
    return ERR_OK;
}

/* ---- child rows ---- */

/* "Item: Glass; Amount: 12.50" */
static Err row_words(const Told *change, const Json *row, Str *out)
{
    const Type *type = change->field->rows;
    Buf         words = buf_new(change->call->ctx.arena, SIZE_MAX);
    for (size_t i = ROW_COLUMNS; i < type->field_count; i++) {
        Shown shown;
        TRY(show_field(change->show, &type->fields[i], row, SHOW_IN_TEXT, &shown));
        Str text = shown.hidden ? say(change->call, "value.hidden") : shown.text;
        if (!text.len)
            continue;
        buf_add(&words, words.len ? say(change->call, "say.values.between") : STR_NONE);
        buf_add(&words, SAY(change->call, "say.record.titled",
                            ARG("label", in_words(change->call, type->fields[i].label)), ARG("title", text)));
    }
    *out = clipped(change, buf_str(&words));
    return ERR_OK;
}

static Str text_of(Arena *arena, const Json *json)
{
    Buf text = buf_new(arena, SIZE_MAX);
    json_write(&text, json);
    return buf_str(&text);
}

typedef struct RowList {
    const Json **rows;
    Str         *texts; /* NULL: the other side has one like it */
    size_t       count;
} RowList;

static RowList row_list(Arena *arena, const Json *value)
{
    size_t  most = value && value->kind == JSON_ARRAY ? value->count : 0;
    RowList list = { ARENA_ARRAY(arena, const Json *, most + 1), ARENA_ARRAY(arena, Str, most + 1), 0 };
    JSON_EACH(row, most ? value : NULL) {
        list.rows[list.count] = row;
        list.texts[list.count++] = text_of(arena, row);
    }
    return list;
}

/* Rows that both have, as often as both have them, are no change. */
static void strike_same(RowList *old, RowList *new)
{
    for (size_t i = 0; i < old->count; i++)
        for (size_t k = 0; k < new->count && old->texts[i].ptr; k++)
            if (new->texts[k].ptr && str_eq(old->texts[i], new->texts[k]))
                old->texts[i] = new->texts[k] = STR_NONE;
}

static Err put_rows_of(const Told *change, const RowList *list, bool came, Json *rows, size_t *left)
{
    for (size_t i = 0; i < list->count; i++) {
        Str words;
        if (!list->texts[i].ptr)
            continue;
        if (rows->count == ROWS_TOLD) {
            (*left)++;
            continue;
        }
        TRY(row_words(change, list->rows[i], &words));
        Json *row = json_push(rows, json_object(change->call->ctx.arena));
        put(change->call, row, STR("row_old"), came ? STR_NONE : words);
        put(change->call, row, STR("row_new"), came ? words : STR_NONE);
    }
    return ERR_OK;
}

static Err put_rows(const Told *change, const Json *told, Json *rows, size_t *left)
{
    Arena  *arena = change->call->ctx.arena;
    RowList old = row_list(arena, json_get(told, STR("old"))), new = row_list(arena, json_get(told, STR("new")));
    strike_same(&old, &new);
    TRY(put_rows_of(change, &old, false, rows, left));
    return put_rows_of(change, &new, true, rows, left);
}

Err change_put(Call *call, Show *show, const Type *type, const Json *told, size_t points, Json *changes)
{
    Json  *json = json_push(changes, json_object(call->ctx.arena));
    Told   change = { call, show, type_field(type, json_text(json_get(told, STR("field")))), points, json };
    size_t left = 0;
    put(call, json, STR("changed"), in_words(call, change.field->label));
    TRY(put_sides(&change, told));
    Json *rows = json_set(json, STR("rows"), json_array(call->ctx.arena));
    if (change.field->kind == FIELD_ROWS)
        TRY(put_rows(&change, told, rows, &left));
    put(call, json, STR("rows_more"), left ? say_count(call, "say.record.rows_more", left) : STR_NONE);
    return ERR_OK;
}
