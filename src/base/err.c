/* base/err.c: see err.h. */
#include "base/err.h"

#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

#undef err_make /* the wrappers of err.h */
#undef err_within

/* ---- tables ---- */

static const ErrRow rows[ERR_CODE_COUNT] = {
#define ERR_CODE_ROW(symbol, code, kind, title_zh, title_en, detail_zh, detail_en)                                     \
    [ECODE_##symbol] = { STR_INIT(code), kind, TEXT_INIT(title_zh, title_en), TEXT_INIT(detail_zh, detail_en) },
    ERR_CODES(ERR_CODE_ROW)
#undef ERR_CODE_ROW
};

static const struct {
    int http, exit;
} outcomes[ERR_KIND_COUNT] = {
    [ERR_NONE] = { 200, EX_OK },           [ERR_MALFORMED] = { 400, EX_DATAERR },
    [ERR_UNSIGNED] = { 401, EX_NOPERM },   [ERR_DENIED] = { 403, EX_NOPERM },
    [ERR_UNSEEN] = { 404, EX_NOINPUT },    [ERR_METHOD] = { 405, EX_DATAERR },
    [ERR_REFUSED] = { 409, EX_DATAERR },   [ERR_STALE] = { 412, EX_TEMPFAIL },
    [ERR_TOO_LARGE] = { 413, EX_DATAERR }, [ERR_MEDIA] = { 415, EX_DATAERR },
    [ERR_INVALID] = { 422, EX_DATAERR },   [ERR_PRECONDITION] = { 428, EX_USAGE },
    [ERR_RATE] = { 429, EX_TEMPFAIL },     [ERR_HEADERS] = { 431, EX_DATAERR },
    [ERR_INTERNAL] = { 500, EX_SOFTWARE }, [ERR_UNSUPPORTED] = { 501, EX_DATAERR },
    [ERR_BUSY] = { 503, EX_TEMPFAIL },     [ERR_VERSION] = { 505, EX_DATAERR },
    [ERR_USAGE] = { 400, EX_USAGE },
};

const ErrRow *err_row(ErrCode code)
{
    assert((unsigned)code < ERR_CODE_COUNT);
    return &rows[code];
}

int err_http(ErrKind kind)
{
    assert((unsigned)kind < ERR_KIND_COUNT);
    return outcomes[kind].http;
}

int err_exit(ErrKind kind)
{
    assert((unsigned)kind < ERR_KIND_COUNT);
    return outcomes[kind].exit;
}

/* ---- contexts ---- */

/* Takes back a character that the end of the buffer cut in two. */
static void drop_half_character(char *text)
{
    size_t end = strlen(text), start = end;
    while (start > 0 && ((uint8_t)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return;
    uint8_t lead = (uint8_t)text[start - 1];
    size_t  expected = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (expected > end - start + 1)
        text[start - 1] = '\0';
}

Err err_make(ErrCode code, const char *format, ...)
{
    Err     err = { .kind = err_row(code)->kind, .code = code };
    va_list args;
    va_start(args, format);
    int length = vsnprintf(err.context, sizeof err.context, format, args);
    va_end(args);
    if (length >= (int)sizeof err.context)
        drop_half_character(err.context);
    return err;
}

Err err_within(Err err, const char *format, ...)
{
    char inner[sizeof err.context];
    memcpy(inner, err.context, sizeof inner);
    va_list args;
    va_start(args, format);
    int length = vsnprintf(err.context, sizeof err.context, format, args);
    va_end(args);
    if (length >= 0 && length < (int)sizeof err.context) {
        size_t room = sizeof err.context - (size_t)length;
        length += snprintf(err.context + length, room, "%s%s", inner[0] ? ": " : "", inner);
    }
    if (length >= (int)sizeof err.context)
        drop_half_character(err.context);
    return err;
}

/* ---- problems ---- */

static const ErrArg *arg_named(Str name, const ErrArg *args, size_t arg_count)
{
    for (size_t i = 0; i < arg_count; i++)
        if (str_eq(str_from(args[i].name), name))
            return &args[i];
    return NULL;
}

Str text_fill(Arena *arena, Str pattern, const ErrArg *args, size_t arg_count, Lang lang)
{
    Buf text = buf_new(arena, SIZE_MAX);
    while (pattern.len) {
        size_t open = str_find(pattern, STR("{"));
        buf_add(&text, str_slice(pattern, 0, open));
        pattern = str_slice(pattern, open, pattern.len);
        size_t close = str_find(pattern, STR("}"));
        if (close == pattern.len)
            break;
        const ErrArg *arg = arg_named(str_slice(pattern, 1, close), args, arg_count);
        /* An unknown mark is left, but only its brace is passed over: "{a{b}" still fills b. */
        size_t end = arg ? close + 1 : 1;
        buf_add(&text, arg ? arg->value.in[lang] : str_slice(pattern, 0, end));
        pattern = str_slice(pattern, end, pattern.len);
    }
    buf_add(&text, pattern);
    return buf_str(&text);
}

static const ErrArg *args_dup(Arena *arena, const ErrArg *args, size_t count)
{
    ErrArg *copies = ARENA_ARRAY(arena, ErrArg, count);
    for (size_t i = 0; i < count; i++) {
        copies[i].name = str_dup_z(arena, str_from(args[i].name));
        for (int lang = 0; lang < LANG_COUNT; lang++)
            copies[i].value.in[lang] = str_dup(arena, args[i].value.in[lang]);
    }
    return copies;
}

void problem_add(Problems *problems, ErrCode code, Str field, Str rule, const ErrArg *args, size_t arg_count)
{
    if (problems->count == PROBLEMS_MAX)
        return;
    Arena *arena = problems->arena;
    ARENA_ROOM(arena, problems->items, problems->count, problems->capacity);
    Problem *problem = &problems->items[problems->count++];
    *problem = (Problem){
        .code = code,
        .field = str_dup(arena, field),
        .rule = str_dup(arena, rule),
        .args = args_dup(arena, args, arg_count),
        .arg_count = arg_count,
    };
    for (int lang = 0; lang < LANG_COUNT; lang++)
        problem->text.in[lang] = text_fill(arena, err_row(code)->detail.in[lang], args, arg_count, (Lang)lang);
}

Str text_without_marks(Arena *arena, Str text)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    while (text.len) {
        buf_add(&buf, str_cut(&text, '{'));
        if (text.len == 0)
            break;
        str_cut(&text, '}');
        buf_add(&buf, STR("…"));
    }
    return buf_str(&buf);
}

bool problem_of_whole(const Problem *problem, Err err)
{
    return problem->code == err.code && !problem->field.len && !problem->rule.len;
}

Str err_detail(Arena *arena, Err err, const Problems *problems, Lang lang)
{
    const Problem *like = NULL;
    size_t         count = 0;
    for (size_t i = 0; problems && i < problems->count; i++) {
        if (problem_of_whole(&problems->items[i], err))
            return problems->items[i].text.in[lang];
        count++;
        if (!like && problems->items[i].code == err.code)
            like = &problems->items[i];
    }
    if (like)
        return like->text.in[lang];
    ErrArg arg = ARG("count", str_printf(arena, "%zu", count));
    return text_without_marks(arena, text_fill(arena, err_row(err.code)->detail.in[lang], &arg, 1, lang));
}
