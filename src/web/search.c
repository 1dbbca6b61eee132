/* web/search.c: one search over all types that one sees, by number and by what names a record; and one for records that
 * are like another (services/alike.h).
 *
 * Words    each must be in the record's number or title, or in the title of what it is called by (a gate is called by
 *          its result). Letters are compared as they stand; those of ASCII also small, capital, and with the first one
 *          capital, so that "poc" finds POC-2026-00001.
 * Rights   each type is searched by find() with the filter that the answer tells, so that what is found is what a list
 *          shows with it, and what is hidden is missing. Fields that never show to the role are not in it.
 * Bounds   SEARCH_WORDS words, LIMIT_SEARCH_POINTS; so many records a type; SEARCH_US for all types, and for each what
 *          a filter may take: `stopped` says that not all was looked through. */
#include "base/limits.h"
#include "base/utf8.h"
#include "services/alike.h"
#include "web/costly.h"
#include "web/handlers.h"
#include "web/shapes.h"

#define SEARCH_WORDS 4
#define SEARCH_US    (2 * LIMIT_READ_MS * 1000)

enum { SHOWN = 5, SHOWN_ALIKE = 20, SHOWN_MOST = 50 };

typedef struct Search {
    Call   *call;
    Str     words[SEARCH_WORDS];
    size_t  count;
    int64_t limit;
    bool    stopped;
} Search;

/* ---- words ---- */

/* The next word: between blanks, control characters and the wide blank of Chinese text. */
static Str next_word(Str *rest)
{
    static const Str wide = STR_INIT("\xe3\x80\x80");
    while (rest->len && ((unsigned char)rest->ptr[0] <= ' ' || str_starts(*rest, wide)))
        *rest = str_slice(*rest, (unsigned char)rest->ptr[0] <= ' ' ? 1 : wide.len, rest->len);
    size_t end = 0;
    while (end < rest->len && (unsigned char)rest->ptr[end] > ' ' &&
           !str_starts(str_slice(*rest, end, rest->len), wide))
        end++;
    Str word = str_slice(*rest, 0, end);
    *rest = str_slice(*rest, end, rest->len);
    return word;
}

static Err read_words(Search *search, Problems *problems)
{
    Arena *arena = search->call->ctx.arena;
    Str    q = call_query(search->call, STR("q")), rest = utf8_normal(arena, q);
    bool   long_one = utf8_length(q) > LIMIT_SEARCH_POINTS;
    for (Str word = next_word(&rest); word.len && !long_one; word = next_word(&rest)) {
        if (search->count == SEARCH_WORDS)
            long_one = true;
        else
            search->words[search->count++] = word;
    }
    if (!long_one)
        return ERR_OK;
    PROBLEM(problems, ECODE_SEARCH_LONG, STR("q"), STR_NONE,
            ARG("words", str_printf(problems->arena, "%d", SEARCH_WORDS)),
            ARG("points", str_printf(problems->arena, "%d", LIMIT_SEARCH_POINTS)));
    return err_make(ECODE_SEARCH_LONG, "q");
}

/* ---- the filter of a type ---- */

typedef enum Letters { AS_TYPED, SMALL, CAPITAL, FIRST_CAPITAL, LETTERS_COUNT } Letters;

static Str lettered(Arena *arena, Str word, Letters letters)
{
    Str   copy = str_dup(arena, word);
    char *ptr = (char *)copy.ptr;
    for (size_t i = 0; letters != AS_TYPED && i < copy.len; i++) {
        bool up = letters == CAPITAL || (letters == FIRST_CAPITAL && i == 0);
        if (up && ptr[i] >= 'a' && ptr[i] <= 'z')
            ptr[i] = (char)(ptr[i] - 'a' + 'A');
        else if (!up && ptr[i] >= 'A' && ptr[i] <= 'Z')
            ptr[i] = (char)(ptr[i] - 'A' + 'a');
    }
    return copy;
}

/* "path contains 'word' or …", each way of writing it once. */
static void add_ways(Arena *arena, Buf *buf, Str path, Str word)
{
    Str ways[LETTERS_COUNT];
    for (Letters letters = AS_TYPED; letters < LETTERS_COUNT; letters++) {
        bool again = false;
        ways[letters] = lettered(arena, word, letters);
        for (Letters before = AS_TYPED; before < letters; before++)
            again = again || str_eq(ways[before], ways[letters]);
        if (!again)
            buf_printf(buf, "%s%.*s contains %.*s", buf->len ? " or " : "", STR_FMT(path),
                       STR_FMT(expr_quote(arena, ways[letters])));
    }
}

static bool is_text(const Field *field) { return field->kind == FIELD_TEXT || field->kind == FIELD_LONG_TEXT; }

/* A field, and its text in either language. */
static void add_text(const Search *search, Buf *buf, Str before, const Field *field, Str word)
{
    Arena *arena = search->call->ctx.arena;
    if (!is_text(field) || !shape_field_known(search->call, field))
        return;
    add_ways(arena, buf, str_printf(arena, "%.*s%.*s", STR_FMT(before), STR_FMT(field->name)), word);
    for (Lang lang = 0; field->has_translations && lang < LANG_COUNT; lang++)
        add_text(search, buf, before, &field->type->fields[field->translations[lang]], word);
}

static Str word_filter(const Search *search, const Type *type, Str word)
{
    Arena       *arena = search->call->ctx.arena;
    const Field *title = &type->fields[type->title], *number = &type->fields[SYS_NUMBER];
    Buf          buf = buf_new(arena, SIZE_MAX);
    if (type->number.len && title != number)
        add_text(search, &buf, STR_NONE, number, word);
    if (title->kind == FIELD_REFERENCE && shape_field_known(search->call, title))
        add_text(search, &buf, str_printf(arena, "%.*s.", STR_FMT(title->name)),
                 &title->target->fields[title->target->title], word);
    else
        add_text(search, &buf, STR_NONE, title, word);
    return buf_str(&buf);
}

/* Empty when records of the type have neither number nor title that the role could see. */
static Str type_filter(const Search *search, const Type *type)
{
    Buf buf = buf_new(search->call->ctx.arena, SIZE_MAX);
    for (size_t i = 0; i < search->count; i++) {
        Str word = word_filter(search, type, search->words[i]);
        if (!word.len)
            return STR_NONE;
        bool one = search->count == 1;
        buf_printf(&buf, "%s%s%.*s%s", i ? " and " : "", one ? "" : "(", STR_FMT(word), one ? "" : ")");
    }
    return buf_str(&buf);
}

/* ---- the answer ---- */

/* What names a record on a page: its title, in each language. */
static Wanted named_by(const Search *search, const Type *type)
{
    Arena       *arena = search->call->ctx.arena;
    const Field *title = &type->fields[type->title];
    bool        *named = ARENA_ARRAY(arena, bool, type->field_count);
    named[type->title] = true;
    for (Lang lang = 0; title->has_translations && lang < LANG_COUNT; lang++)
        named[title->translations[lang]] = true;
    return (Wanted){ .fields = named, .expanded = ARENA_ARRAY(arena, bool, type->field_count) };
}

static Json *put_group(const Search *search, const Type *type, Str filter, bool more, Json *items)
{
    const Ctx *ctx = &search->call->ctx;
    Json      *group = json_push(items, json_object(ctx->arena));
    json_set_str(ctx->arena, group, STR("type"), type->name);
    json_set_str(ctx->arena, group, STR("label"), type->plural.in[ctx->lang]);
    json_set_str(ctx->arena, group, STR("filter"), filter);
    json_set_bool(ctx->arena, group, STR("more"), more);
    return group;
}

static Err put_found(const Search *search, const Type *type, Str filter, const Found *found, Json *items)
{
    Ctx    ctx = search->call->ctx;
    Wanted wanted = named_by(search, type);
    Json  *group = put_group(search, type, filter, found->next.len > 0, items);
    Json  *records = json_set(group, STR("items"), json_array(ctx.arena));
    find_remember(&ctx);
    for (size_t i = 0; i < found->count; i++) {
        Json *record;
        TRY(record_json(&ctx, &found->records[i], &wanted, &record));
        json_push(records, record);
    }
    return ERR_OK;
}

static bool took_too_long(Err err, const Problems *problems)
{
    bool slow = err.kind && err.code == ECODE_STORE_SLOW;
    for (size_t i = 0; i < problems->count; i++)
        slow = slow || problems->items[i].code == ECODE_EXPR_COST;
    return slow;
}

static Err search_type(Search *search, const Type *type, Json *items)
{
    Found    found;
    Problems none = call_problems(search->call);
    Query    query = { .filter = type_filter(search, type), .limit = search->limit };
    if (!query.filter.len || !shape_listed(search->call, type))
        return ERR_OK;
    Err err = find(&search->call->ctx, type, &query, &found, &none);
    if (took_too_long(err, &none)) {
        search->stopped = search->call->stopped = true;
        return ERR_OK;
    }
    TRY(err);
    return found.count ? put_found(search, type, query.filter, &found, items) : ERR_OK;
}

/* ---- records that are like another ---- */

/* {id, percent, fields: [{field, label, percent}]}: by which of its texts it is how much alike. */
static Json *likeness_json(const Call *call, const Alike *alike)
{
    Arena      *arena = call->ctx.arena;
    const Type *type = alike->record.type;
    Json       *json = json_object(arena);
    json_set_str(arena, json, STR("id"), record_id(&alike->record));
    json_set(json, STR("percent"), json_number(arena, alike->likeness / 10));
    Json *fields = json_set(json, STR("fields"), json_array(arena));
    for (size_t i = 0; i < type->alike_count; i++) {
        if (alike->fields[i] < 0)
            continue;
        const Field *field = &type->fields[type->alike[i]];
        Json        *one = json_push(fields, json_object(arena));
        json_set_str(arena, one, STR("field"), field->name);
        json_set_str(arena, one, STR("label"), field->label.in[call->ctx.lang]);
        json_set(one, STR("percent"), json_number(arena, alike->fields[i] / 10));
    }
    return json;
}

static Err put_alike(const Search *search, const Type *type, const AlikeFound *found, Json *items)
{
    Ctx    ctx = search->call->ctx;
    size_t shown = found->count < (size_t)search->limit ? found->count : (size_t)search->limit;
    if (!found->count)
        return ERR_OK;
    Wanted wanted = named_by(search, type);
    Json  *group = put_group(search, type, STR_NONE, found->count > shown, items);
    Json  *records = json_set(group, STR("items"), json_array(ctx.arena));
    Json  *likeness = json_set(group, STR("likeness"), json_array(ctx.arena));
    find_remember(&ctx);
    for (size_t i = 0; i < shown; i++) {
        Json *record;
        TRY(record_json(&ctx, &found->items[i].record, &wanted, &record));
        json_push(records, record);
        json_push(likeness, likeness_json(search->call, &found->items[i]));
    }
    return ERR_OK;
}

static Err search_like(Search *search, const Type *type, Str id, Json *out, Json *items, Problems *problems)
{
    Call      *call = search->call;
    Record     record;
    AlikeFound found;
    TRY(find_one(&call->ctx, type, id, &record));
    TRY(costly_admit(call, problems));
    TRY(alike_find(&call->ctx, &record, &found));
    call->stopped = call->stopped || found.slow;
    search->stopped = found.slow || found.more;
    json_set_str(call->ctx.arena, out, STR("like"), record_title(&call->ctx, &record));
    return put_alike(search, type, &found, items);
}

/* ---- the answer to either ---- */

static Err search_words(Search *search, const Type *only, Json *items, Problems *problems)
{
    Call       *call = search->call;
    const Pack *pack = call_pack(call);
    int64_t     begun_us = db_statement_us(call->ctx.db);
    TRY(read_words(search, problems));
    TRY(costly_admit(call, problems));
    for (size_t i = 0; search->count && i < pack->type_count; i++) {
        if (only && only != &pack->types[i])
            continue;
        if (db_statement_us(call->ctx.db) - begun_us > SEARCH_US) {
            search->stopped = call->stopped = true;
            break;
        }
        TRY(search_type(search, &pack->types[i], items));
    }
    return ERR_OK;
}

static Err search_data(Call *call, Json **out, Problems *problems)
{
    Str         like = call_query(call, STR("like"));
    Search      search = { .call = call, .limit = like.len ? SHOWN_ALIKE : SHOWN };
    const Type *only = NULL;
    Str         named = call_query(call, STR("type"));
    if (named.len || like.len)
        TRY(shape_type_find(call, named, &only, problems));
    shape_number(call, "limit", 1, SHOWN_MOST, &search.limit, problems);
    TRY(shape_problem(problems));
    *out = json_object(call->ctx.arena);
    Json *items = json_set(*out, STR("items"), json_array(call->ctx.arena));
    if (like.len)
        TRY(search_like(&search, only, like, *out, items, problems));
    else
        TRY(search_words(&search, only, items, problems));
    json_set_bool(call->ctx.arena, *out, STR("stopped"), search.stopped);
    return ERR_OK;
}

/* A page says what was wrong with the words beside them. */
static void search_refused(Call *call, Err err, const Problems *problems)
{
    Json *json = json_object(call->ctx.arena);
    json_set(json, STR("items"), json_array(call->ctx.arena));
    json_set_bool(call->ctx.arena, json, STR("stopped"), false);
    json_set(json, STR("errors"), call_errors(call, err, problems));
    call_data(call, err_http(err.kind), json);
}

void search_show(Call *call)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    Err      err = search_data(call, &json, &problems);
    if (err.kind == ERR_INVALID && call->page && problems.count)
        search_refused(call, err, &problems);
    else
        call_answer(call, err, json, &problems);
    costly_charge(call, &problems);
}
