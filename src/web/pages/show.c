/* web/pages/show.c: see show.h. */
#include "web/pages/show.h"

#include "web/pages/clocks.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "kernel/access.h"
#include "kernel/erase.h"
#include "web/pages/view.h"
#include "web/shapes.h"

#define TABLE_POINTS 60 /* of a text in a table */

/* ---- numbers ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

Str show_thousands(Arena *arena, Str number)
{
    size_t from = 0, to;
    while (from < number.len && !is_digit(number.ptr[from]))
        from++;
    for (to = from; to < number.len && is_digit(number.ptr[to]);)
        to++;
    if (to - from <= 3)
        return number;
    Buf buf = buf_new(arena, SIZE_MAX);
    buf_add(&buf, str_slice(number, 0, from));
    for (size_t i = from; i < to; i++) {
        if (i > from && (to - i) % 3 == 0)
            buf_char(&buf, ',');
        buf_char(&buf, number.ptr[i]);
    }
    buf_add(&buf, str_slice(number, to, number.len));
    return buf_str(&buf);
}

Str show_count(Arena *arena, int64_t count, int64_t most)
{
    bool more = count > most;
    Str  text = show_thousands(arena, str_printf(arena, "%lld", (long long)(more ? most : count)));
    return more ? str_printf(arena, "%.*s+", STR_FMT(text)) : text;
}

/* ---- dates ---- */

static Str month_name(const Call *call, int month)
{
    const Json *name = look_texts(page_look(call), call->ctx.lang, STR("say.date.months"))->first;
    while (name && --month)
        name = name->next;
    return json_text(name);
}

Str show_spoken(const Call *call, int64_t day)
{
    Arena *arena = call->ctx.arena;
    Date   date = date_from_day(day);
    return SAY(call, "say.date.spoken", ARG("year", str_printf(arena, "%d", date.year)),
               ARG("month", month_name(call, date.month)), ARG("day", str_printf(arena, "%d", date.day)));
}

static bool city_day(const Call *call, Str instant, int64_t *out)
{
    int64_t ms;
    if (!instant_parse(instant, &ms))
        return false;
    *out = instant_day(ms, call_pack(call)->utc_offset_minutes);
    return true;
}

Str show_day(const Call *call, Str instant)
{
    int64_t day;
    return city_day(call, instant, &day) ? date_text(call->ctx.arena, day) : STR_NONE;
}

static Str date_shown(const Call *call, int64_t day, ShowAs as)
{
    return as == SHOW_IN_TEXT ? show_spoken(call, day) : date_text(call->ctx.arena, day);
}

/* ---- language ---- */

/* More Chinese characters than Latin letters: names and units of the other kind may stand in either. */
static bool is_chinese(Str text)
{
    size_t han = 0, latin = 0;
    for (size_t at = 0; at < text.len;) {
        uint32_t point = utf8_next(text, &at);
        han += (point >= 0x3400 && point <= 0x9FFF) || (point >= 0x20000 && point <= 0x323AF);
        latin += (point | 0x20) >= 'a' && (point | 0x20) <= 'z';
    }
    return han > latin;
}

Str show_lang(const Call *call, Str text)
{
    return call->ctx.lang != LANG_ZH && is_chinese(text) ? STR("zh-CN") : STR_NONE;
}

static Str unit_of(const Call *call, const Field *field)
{
    Str unit = in_words(call, field->unit);
    return unit.len ? unit : field->currency;
}

Str show_label(const Call *call, const Field *field)
{
    Str label = in_words(call, field->label), unit = unit_of(call, field);
    return unit.len ? SAY(call, "say.values.label_unit", ARG("label", label), ARG("unit", unit)) : label;
}

/* ---- names of records ---- */

typedef struct Known {
    const Type *type;
    Str         id;
    Name        name;
} Known;

struct Show {
    Call  *call;
    Known *known;
    size_t count, capacity;
};

Show *show_new(Call *call)
{
    Show *show = ARENA_NEW(call->ctx.arena, Show);
    show->call = call;
    return show;
}

/* What stands for a title that was erased: "Person (Name erased)". */
static Str title_erased(const Call *call, const Type *type)
{
    return SAY(call, "say.record.title_erased", ARG_TEXT("label", type->label),
               ARG_TEXT("field", type->fields[type->title].label));
}

static bool title_seen_erased(const Record *record)
{
    const Field *title = &record->type->fields[record->type->title];
    return access_shows(&record->clearance, title) && record_erased(record, title);
}

static Err name_look_up(const Show *show, const Type *type, Str id, Name *out)
{
    const Ctx *ctx = &show->call->ctx;
    Record     record;
    *out = (Name){ 0 };
    Err err = find_one(ctx, type, id, &record);
    if (err.kind == ERR_UNSEEN)
        return ERR_OK;
    TRY(err);
    out->seen = true;
    if (access_shows(&record.clearance, &type->fields[SYS_NUMBER]))
        out->number = record.values[SYS_NUMBER].text;
    out->title = record_title(ctx, &record);
    if (!out->title.len && !out->number.len && title_seen_erased(&record))
        out->title = title_erased(show->call, type);
    if (!out->title.len)
        out->title = out->number.len ? out->number : type->label.in[ctx->lang];
    return ERR_OK;
}

Err show_name(Show *show, const Type *type, Str id, Name *out)
{
    for (size_t i = 0; i < show->count; i++)
        if (show->known[i].type == type && str_eq(show->known[i].id, id)) {
            *out = show->known[i].name;
            return ERR_OK;
        }
    TRY(name_look_up(show, type, id, out));
    ARENA_ROOM(show->call->ctx.arena, show->known, show->count, show->capacity);
    show->known[show->count++] = (Known){ type, id, *out };
    return ERR_OK;
}

/* ---- values ---- */

/* Whose records a reference leads to; NULL for a list of codes. */
static const Type *target_of(const Field *field)
{
    return field->kind == FIELD_COMPUTED ? field->result.target : field->target;
}

static Str choice_shown(const Call *call, const Field *field, Str code)
{
    const Choice *choice = field_choice(field, code);
    return choice ? in_words(call, choice->label) : code;
}

static Str number_shown(const Call *call, Str number, Str unit, ShowAs as)
{
    Str marked = show_thousands(call->ctx.arena, number);
    if (as == SHOW_IN_TABLE || !unit.len)
        return marked;
    return SAY(call, "say.values.with_unit", ARG("value", marked), ARG("unit", unit));
}

static Str text_shown(const Call *call, Str text, ShowAs as)
{
    Str head = as == SHOW_IN_TABLE ? utf8_clip(text, TABLE_POINTS) : text;
    return head.len == text.len ? text : str_printf(call->ctx.arena, "%.*s…", STR_FMT(head));
}

static Err reference_shown(Show *show, const Type *target, const Json *value, Shown *out)
{
    Str  id = value->kind == JSON_OBJECT ? json_text(json_get(value, STR("id"))) : value->text;
    Name name = { 0 };
    if (id.len && target)
        TRY(show_name(show, target, id, &name));
    out->hidden = !name.seen;
    out->text = name.title;
    if (name.seen)
        out->href = view_href(show->call, target, id, STR_NONE);
    return ERR_OK;
}

/* Codes by their labels, references by their titles: all of them as words, and of references in text each by itself. */
static Err list_shown(Show *show, const Field *field, const Json *value, ShowAs as, Shown *out)
{
    const Call *call = show->call;
    const Type *target = target_of(field);
    Str        *words = ARENA_ARRAY(call->ctx.arena, Str, value->count);
    Shown      *each = ARENA_ARRAY(call->ctx.arena, Shown, value->count);
    size_t      count = 0;
    JSON_EACH(item, value) {
        Shown *shown = &each[count];
        if (target)
            TRY(reference_shown(show, target, item, shown));
        else
            shown->text = choice_shown(call, field, item->text);
        words[count++] = shown->hidden ? say(call, "value.hidden") : shown->text;
    }
    out->text = text_shown(call, str_join(call->ctx.arena, words, count, say(call, "say.values.between")), as);
    out->each = target && as == SHOW_IN_TEXT ? each : NULL;
    out->each_count = out->each ? count : 0;
    return ERR_OK;
}

static Str rows_shown(const Call *call, const Json *value, ShowAs as)
{
    return as == SHOW_IN_TEXT ? say_count(call, "say.values.rows", value->count)
                              : show_count(call->ctx.arena, (int64_t)value->count, LIMIT_ROWS);
}

Str show_by(const Call *call, const Json *by)
{
    Str  name = json_text(json_get(by, STR("name"))), body = json_text(json_get(by, STR("organisation_name")));
    bool system = false;
    if (json_truth(json_get(by, STR("system")), &system) && system)
        return say(call, "say.record.system");
    return name.len ? name : body.len ? body : say(call, "say.record.somebody");
}

Str show_file(const Call *call, const Json *file)
{
    static const char *const units[] = { "B", "KB", "MB" };
    int64_t                  size = 0, tenths;
    size_t                   unit = 0;
    json_int(json_get(file, STR("size")), &size);
    for (tenths = size * 10; tenths >= 10240 && unit < 2; unit++)
        tenths /= 1024;
    bool whole = unit == 0 || tenths >= 100;
    Str  shown = whole ? str_printf(call->ctx.arena, "%lld %s", (long long)tenths / 10, units[unit])
                       : str_printf(call->ctx.arena, "%lld.%lld %s", (long long)tenths / 10, (long long)tenths % 10,
                                    units[unit]);
    return SAY(call, "say.values.file", ARG("name", json_text(json_get(file, STR("name")))), ARG("size", shown));
}

/* By their names; in the text of a record, whose `type` and `id` they are then, each with its link. */
static void files_shown(const Call *call, const Json *value, ShowAs as, Shown *out)
{
    const Json *first = value->kind == JSON_ARRAY ? value->first : value;
    size_t      count = 0, most = value->kind == JSON_ARRAY ? value->count : 1;
    Str        *words = ARENA_ARRAY(call->ctx.arena, Str, most);
    Shown      *each = ARENA_ARRAY(call->ctx.arena, Shown, most);
    for (const Json *file = first; file; file = file == value ? NULL : file->next) {
        each[count].text = show_file(call, file);
        words[count] = as == SHOW_IN_TEXT ? each[count].text : json_text(json_get(file, STR("name")));
        count++;
    }
    out->text = text_shown(call, str_join(call->ctx.arena, words, count, say(call, "say.values.between")), as);
    out->each = as == SHOW_IN_TEXT ? each : NULL;
    out->each_count = out->each ? count : 0;
}

static void link_files(const Call *call, const Json *record, const Json *value, Shown *out)
{
    Str    type = json_text(json_get(record, STR("type"))), id = json_text(json_get(record, STR("id")));
    size_t at = 0;
    for (const Json *file = value && value->kind == JSON_ARRAY ? value->first : value; file && at < out->each_count;
         file = file == value ? NULL : file->next)
        out->each[at++].href = str_printf(call->ctx.arena, "/%.*s/%.*s/files/%.*s", STR_FMT(type), STR_FMT(id),
                                          STR_FMT(json_text(json_get(file, STR("id")))));
}

/* Of a job or a saved view the type of the records that it is about, which it keeps by name. */
static Str type_shown(const Call *call, const Field *field, Str text)
{
    const Pack *pack = call_pack(call);
    bool        names = !field->type->row_of && type_begun_there(field->type) && str_eq(field->name, STR("about"));
    const Type *type = names ? pack_type(pack, text) : NULL;
    return type ? in_words(call, type->plural) : text;
}

/* With what stands behind a number. */
static Err shown_with(Show *show, const Field *field, const Json *value, Str unit, ShowAs as, Shown *out)
{
    const Call *call = show->call;
    int64_t     day;
    *out = (Shown){ 0 };
    out->erased = json_get(value, STR("erased")) != NULL; /* as a history says it */
    if (!value || out->erased)
        return ERR_OK;
    switch (field_expr_type(field).kind) {
    case VALUE_ID: return reference_shown(show, target_of(field), value, out);
    case VALUE_LIST: return list_shown(show, field, value, as, out);
    case VALUE_ROWS: out->text = rows_shown(call, value, as); break;
    case VALUE_FILES: files_shown(call, value, as, out); break;
    case VALUE_INTEGER:
    case VALUE_DECIMAL: out->text = number_shown(call, value->text, unit, as); break;
    case VALUE_BOOLEAN: out->text = say(call, value->kind == JSON_TRUE ? "say.values.yes" : "say.values.no"); break;
    case VALUE_DATE: out->text = date_parse(value->text, &day) ? date_shown(call, day, as) : value->text; break;
    case VALUE_INSTANT: out->text = city_day(call, value->text, &day) ? date_shown(call, day, as) : value->text; break;
    default: /* child rows stand nowhere else: their texts are whole */
        out->text = field_kinds[field->kind].codes ? choice_shown(call, field, value->text)
                                                   : text_shown(call, type_shown(call, field, value->text),
                                                                field->type->row_of ? SHOW_IN_TEXT : as);
    }
    return ERR_OK;
}

Err show_value(Show *show, const Field *field, const Json *value, ShowAs as, Shown *out)
{
    return shown_with(show, field, value, unit_of(show->call, field), as, out);
}

static void put_each(Show *show, const Shown *shown, Json *into)
{
    Json *each = json_array(show->call->ctx.arena);
    for (size_t i = 0; i < shown->each_count; i++)
        show_put(show, &shown->each[i], json_push(each, json_object(show->call->ctx.arena)));
    put_block(show->call, into, STR("several"), STR("each"), each);
}

void show_put(Show *show, const Shown *shown, Json *into)
{
    const Call *call = show->call;
    put(call, into, STR("text"), shown->text);
    put(call, into, STR("text_href"), shown->href);
    put(call, into, STR("text_lang"), show_lang(call, shown->text));
    put_null(call, into, STR("exact"));
    json_set_bool(call->ctx.arena, into, STR("hidden"), shown->hidden);
    json_set_bool(call->ctx.arena, into, STR("erased"), shown->erased);
    put_each(show, shown, into);
}

/* ---- records ---- */

const Json *show_member(const Json *record, const Field *field)
{
    if (field->type->row_of)
        return json_get(record, field->name);
    bool head = field->system && field->index != SYS_DISCLOSURE;
    return json_get(head ? record : json_get(record, STR("fields")), field->name);
}

Str show_currency(const Call *call, const Field *field, const Json *record)
{
    if (field->kind != FIELD_MONEY || field->currency_field < 0)
        return unit_of(call, field);
    const Field *says = &field->type->fields[field->currency_field];
    return choice_shown(call, says, json_text(show_member(record, says)));
}

static bool is_erased(const Json *record, const Field *field)
{
    JSON_EACH(name, json_get(record, STR("erased")))
        if (str_eq(name->text, field->name))
            return true;
    return false;
}

/* What the field says in the reader's language, where the record has that, else what it says. */
static const Json *member_in_language(const Call *call, const Field *field, const Json *record)
{
    const Json *own = show_member(record, field), *told = NULL;
    if (field->has_translations)
        told = show_member(record, &field->type->fields[field->translations[call->ctx.lang]]);
    return told ? told : own;
}

Err show_field(Show *show, const Field *field, const Json *record, ShowAs as, Shown *out)
{
    const Call *call = show->call;
    bool        by_sibling = field->kind == FIELD_MONEY && field->currency_field >= 0;
    const Json *value = member_in_language(call, field, record);
    Str         unit = by_sibling ? show_currency(call, field, record) : unit_of(call, field);
    TRY(shown_with(show, field, value, unit, by_sibling ? SHOW_IN_TEXT : as, out));
    out->erased = out->erased || (!value && is_erased(record, field));
    if (field_kinds[field->kind].file && out->each)
        link_files(call, record, value, out);
    return ERR_OK;
}

/* Title, else number, else what stands for both. */
static Err named(Show *show, const Type *type, const Json *record, Str otherwise, Str *out)
{
    const uint16_t fields[] = { type->title, SYS_NUMBER };
    Shown          shown = { 0 };
    for (size_t i = 0; i < sizeof fields / sizeof *fields && !shown.text.len; i++)
        TRY(show_field(show, &type->fields[fields[i]], record, SHOW_IN_TEXT, &shown));
    if (!shown.text.len && is_erased(record, &type->fields[type->title]))
        otherwise = title_erased(show->call, type);
    *out = shown.text.len ? shown.text : otherwise;
    return ERR_OK;
}

Err show_title(Show *show, const Type *type, const Json *record, Str *out)
{
    return named(show, type, record, in_words(show->call, type->label), out);
}

Err show_row_name(Show *show, const Type *type, const Json *record, Str *out)
{
    return named(show, type, record, say(show->call, "say.list.no_number"), out);
}

Err show_under(Show *show, const Type *type, const Json *record, Str *out)
{
    Shown  owner;
    Str    parts[2], number = json_text(show_member(record, &type->fields[SYS_NUMBER]));
    size_t count = 0;
    TRY(show_value(show, &type->fields[SYS_OWNER], show_member(record, &type->fields[SYS_OWNER]), SHOW_IN_TEXT,
                   &owner));
    if (number.len && type->title != SYS_NUMBER)
        parts[count++] = number;
    if (owner.text.len)
        parts[count++] = owner.text;
    *out = str_join(show->call->ctx.arena, parts, count, say(show->call, "top.between"));
    return ERR_OK;
}

/* ---- cells ---- */

bool show_numeric(const Field *field)
{
    ValueKind kind = field_expr_type(field).kind;
    return kind == VALUE_INTEGER || kind == VALUE_DECIMAL || kind == VALUE_DATE || kind == VALUE_INSTANT ||
           kind == VALUE_ROWS;
}

Err show_cell(Show *show, const Field *field, const Json *record, bool drop, Json **out)
{
    const Call *call = show->call;
    Json       *cell = json_object(call->ctx.arena);
    Shown       shown;
    TRY(show_field(show, field, record, SHOW_IN_TABLE, &shown));
    show_put(show, &shown, cell);
    put(call, cell, STR("column"), show_label(call, field));
    json_set_bool(call->ctx.arena, cell, STR("numeric"), show_numeric(field));
    json_set_bool(call->ctx.arena, cell, STR("drop"), drop);
    json_set(cell, STR("clock"), clock_cell(call, field, record));
    *out = cell;
    return ERR_OK;
}
