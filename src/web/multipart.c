#include "web/multipart.h"

#include "base/arena.h"
#include "base/utf8.h"

#include <stdlib.h>

typedef enum State { STATE_BEFORE, STATE_PART, STATE_DELIMITER, STATE_HEAD, STATE_END } State;

struct Multipart {
    MultipartTaker taker;
    Arena         *arena; /* of the texts of one head */
    State          state;
    char           delimiter[4 + MULTIPART_BOUNDARY]; /* "\r\n--boundary" */
    size_t         delimiter_len;
    char          *held; /* come, and not yet used: from `used` on */
    size_t         used, held_len, held_room;
};

static Err malformed(const char *why) { return err_make(ECODE_HTTP_MULTIPART, "%s", why); }

/* ---- the boundary ---- */

static bool boundary_valid(Str boundary)
{
    for (size_t i = 0; i < boundary.len; i++) {
        char c = boundary.ptr[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!plain && (!c || !strchr("'()+_,-./:=?", c)))
            return false;
    }
    return boundary.len > 0 && boundary.len <= MULTIPART_BOUNDARY;
}

Str multipart_boundary(Str content_type)
{
    Str rest = content_type;
    if (!str_eq_ascii_fold(str_trim(str_cut(&rest, ';')), STR("multipart/form-data")))
        return STR_NONE;
    while (rest.len) {
        Str value = str_trim(str_cut(&rest, ';'));
        Str name = str_cut(&value, '=');
        if (!str_eq_ascii_fold(name, STR("boundary")))
            continue;
        if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
            value = str_slice(value, 1, value.len - 1);
        return boundary_valid(value) ? value : STR_NONE;
    }
    return STR_NONE;
}

/* ---- the head of a part ---- */

/* name="…": a quotation mark in it is %22 or \", a line's end %0D%0A. */
static bool quoted(Arena *arena, Str *rest, Str *out)
{
    char  *text = ARENA_ARRAY(arena, char, rest->len);
    size_t length = 0, at = 1;
    if (!rest->len || rest->ptr[0] != '"')
        return false;
    for (; at < rest->len && rest->ptr[at] != '"'; at++) {
        Str left = str_slice(*rest, at, rest->len);
        if (str_starts(left, STR("\\\""))) {
            text[length++] = '"';
            at++;
        } else if (str_starts(left, STR("%22"))) {
            text[length++] = '"';
            at += 2;
        } else {
            text[length++] = rest->ptr[at];
        }
    }
    if (at == rest->len)
        return false;
    *rest = str_slice(*rest, at + 1, rest->len);
    *out = (Str){ text, length };
    return utf8_valid(*out);
}

/* form-data; name="…"; filename="…" */
static bool disposition(Arena *arena, Str value, Str *name, Str *file)
{
    Str rest = value;
    if (!str_eq_ascii_fold(str_trim(str_cut(&rest, ';')), STR("form-data")))
        return false;
    for (rest = str_trim(rest); rest.len; rest = str_trim(rest)) {
        Str key = str_trim(str_cut(&rest, '=')), text;
        if (!quoted(arena, &rest, &text))
            return false;
        Str *known = str_eq_ascii_fold(key, STR("name")) ? name : str_eq_ascii_fold(key, STR("filename")) ? file : NULL;
        if (known && known->ptr)
            return false;
        if (known)
            *known = text;
        rest = str_trim(rest);
        if (rest.len && rest.ptr[0] != ';')
            return false;
        str_cut(&rest, ';');
    }
    return name->len > 0;
}

static Err read_head(Multipart *form, Str head)
{
    Str name = STR_NONE, file = STR_NONE;
    arena_reset(form->arena);
    while (head.len) {
        size_t end = str_find(head, STR("\r\n"));
        Str    line = str_slice(head, 0, end), value = line, key = str_cut(&value, ':');
        head = str_slice(head, end + 2 < head.len ? end + 2 : head.len, head.len);
        if (!str_eq_ascii_fold(key, STR("Content-Disposition")))
            continue;
        if (name.ptr || !disposition(form->arena, value, &name, &file))
            return malformed("Content-Disposition of a part");
    }
    if (!name.ptr)
        return malformed("a part without a name");
    return form->taker.begin(form->taker.context, name, file);
}

/* ---- step by step ---- */

static Str unused(const Multipart *form) { return (Str){ form->held + form->used, form->held_len - form->used }; }

static void use(Multipart *form, size_t count) { form->used += count; }

static Err hand_on(Multipart *form, size_t count)
{
    Err err = form->state == STATE_PART && count
                  ? form->taker.data(form->taker.context, str_slice(unused(form), 0, count))
                  : ERR_OK;
    use(form, count);
    return err;
}

/* Up to the next delimiter, or as far as none can begin. */
static Err step_part(Multipart *form, bool *more)
{
    Str    held = unused(form);
    size_t at = str_find(held, (Str){ form->delimiter, form->delimiter_len });
    size_t open = form->delimiter_len - 1; /* may be the beginning of one */
    *more = at < held.len;
    if (!*more)
        return hand_on(form, held.len > open ? held.len - open : 0);
    TRY(hand_on(form, at));
    use(form, form->delimiter_len);
    if (form->state == STATE_PART)
        TRY(form->taker.end(form->taker.context));
    form->state = STATE_DELIMITER;
    return ERR_OK;
}

static Err step_delimiter(Multipart *form, bool *more)
{
    Str held = unused(form);
    *more = held.len >= 2;
    if (!*more)
        return ERR_OK;
    bool last = str_starts(held, STR("--"));
    if (!last && !str_starts(held, STR("\r\n")))
        return malformed("behind a delimiter");
    use(form, 2);
    form->state = last ? STATE_END : STATE_HEAD;
    return ERR_OK;
}

static Err step_head(Multipart *form, bool *more)
{
    Str    held = unused(form);
    size_t end = str_find(held, STR("\r\n\r\n"));
    *more = end < held.len;
    if (end > (*more ? MULTIPART_HEAD : MULTIPART_HEAD + 3)) /* three bytes of its end may be there */
        return malformed("head of a part");
    if (!*more)
        return ERR_OK;
    Err err = read_head(form, str_slice(held, 0, end));
    use(form, end + 4);
    form->state = STATE_PART;
    return err;
}

static Err step(Multipart *form, bool *more)
{
    switch (form->state) {
    case STATE_BEFORE:
    case STATE_PART: return step_part(form, more);
    case STATE_DELIMITER: return step_delimiter(form, more);
    case STATE_HEAD: return step_head(form, more);
    case STATE_END: break;
    }
    *more = false;
    use(form, unused(form).len); /* what stands behind the last delimiter is nothing */
    return ERR_OK;
}

/* What was used makes room, once for each piece that comes. */
static void hold(Multipart *form, Str piece)
{
    if (form->used)
        memmove(form->held, form->held + form->used, form->held_len - form->used);
    form->held_len -= form->used;
    form->used = 0;
    if (form->held_len + piece.len > form->held_room) {
        form->held_room = form->held_len + piece.len;
        form->held = mem_grow(form->held, form->held_room);
    }
    if (piece.len)
        memcpy(form->held + form->held_len, piece.ptr, piece.len);
    form->held_len += piece.len;
}

Multipart *multipart_new(Str boundary, const MultipartTaker *taker)
{
    Multipart *form = mem_alloc(sizeof *form);
    assert(boundary.len && boundary.len <= MULTIPART_BOUNDARY);
    *form = (Multipart){ .taker = *taker, .arena = arena_new(), .delimiter_len = 4 + boundary.len };
    memcpy(form->delimiter, "\r\n--", 4);
    memcpy(form->delimiter + 4, boundary.ptr, boundary.len);
    hold(form, STR("\r\n")); /* the first delimiter may stand at the very beginning */
    return form;
}

void multipart_free(Multipart *form)
{
    if (!form)
        return;
    arena_free(form->arena);
    free(form->held);
    free(form);
}

Err multipart_add(Multipart *form, Str piece)
{
    bool more = true;
    hold(form, piece);
    while (more)
        TRY(step(form, &more));
    return ERR_OK;
}

Err multipart_end(const Multipart *form) { return form->state == STATE_END ? ERR_OK : malformed("no last delimiter"); }
