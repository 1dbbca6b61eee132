#include "web/multipart.h"

#include "base/buf.h"
#include "base/utf8.h"

#define BOUNDARY_MAX 70

static Err broken(const char *where) { return err_make(ECODE_HTTP_MULTIPART, "%s", where); }

/* ---- parameters: ; name="value" ---- */

/* A quoted value ends at the next quote: browsers escape the quotes in it. */
static Str parameter_value(Str *rest)
{
    if (str_starts(*rest, STR("\""))) {
        *rest = str_slice(*rest, 1, rest->len);
        return str_cut(rest, '"');
    }
    size_t end = str_find(*rest, STR(";"));
    Str    value = str_trim(str_slice(*rest, 0, end));
    *rest = str_slice(*rest, end, rest->len);
    return value;
}

/* ptr NULL: it has none of that name. */
static Str parameter(Str text, Str name)
{
    str_cut(&text, ';');
    while (text.len) {
        Str found = str_trim(str_cut(&text, '='));
        Str value = parameter_value(&text);
        if (str_eq_ascii_fold(found, name))
            return value;
        str_cut(&text, ';');
    }
    return STR_NONE;
}

bool multipart_boundary(Str content_type, Str *out)
{
    Str rest = content_type;
    if (!str_eq_ascii_fold(str_trim(str_cut(&rest, ';')), STR("multipart/form-data")))
        return false;
    *out = parameter(content_type, STR("boundary"));
    return out->len > 0 && out->len <= BOUNDARY_MAX && str_find(*out, STR("\r")) == out->len;
}

/* ---- one part ---- */

static const struct {
    Str  escape;
    char is;
} escapes[] = { { STR_INIT("%22"), '"' }, { STR_INIT("%0D"), '\r' }, { STR_INIT("%0A"), '\n' } };

static Str unescaped(Arena *arena, Str text)
{
    if (str_find(text, STR("%")) == text.len)
        return text;
    Buf buf = buf_new(arena, SIZE_MAX);
    for (size_t at = 0; at < text.len;) {
        Str    rest = str_slice(text, at, text.len);
        size_t i = 0, count = sizeof escapes / sizeof *escapes;
        while (i < count && !str_starts(rest, escapes[i].escape))
            i++;
        buf_char(&buf, i < count ? escapes[i].is : text.ptr[at]);
        at += i < count ? escapes[i].escape.len : 1;
    }
    return buf_str(&buf);
}

static Err read_head(Arena *arena, Str head, Part *out)
{
    while (head.len) {
        size_t end = str_find(head, STR("\r\n"));
        Str    line = str_slice(head, 0, end), value = line;
        head = str_slice(head, end + 2 > head.len ? head.len : end + 2, head.len);
        if (!str_eq_ascii_fold(str_trim(str_cut(&value, ':')), STR("Content-Disposition")))
            continue;
        Str disposition = str_trim(value), kind = disposition;
        if (!str_eq_ascii_fold(str_trim(str_cut(&kind, ';')), STR("form-data")))
            return broken("disposition");
        Str file = parameter(disposition, STR("filename"));
        out->name = unescaped(arena, parameter(disposition, STR("name")));
        out->filename = unescaped(arena, file);
        out->is_file = file.ptr != NULL;
    }
    bool good = out->name.len && utf8_valid(out->name) && utf8_valid(out->filename);
    return good ? ERR_OK : broken("name of a part");
}

static Err read_part(Arena *arena, Str text, Part *out)
{
    Str    end_of_head = STR("\r\n\r\n");
    size_t at = str_find(text, end_of_head);
    if (at == text.len)
        return broken("head of a part");
    *out = (Part){ .bytes = str_slice(text, at + end_of_head.len, text.len) };
    TRY(read_head(arena, str_slice(text, 0, at), out));
    return out->is_file || utf8_valid(out->bytes) ? ERR_OK : broken("encoding");
}

/* ---- all parts ---- */

Err multipart_read(Arena *arena, Str boundary, Str body, Part **out, size_t *count)
{
    Str between = str_printf(arena, "\r\n--%.*s", STR_FMT(boundary)), line_end = STR("\r\n");
    Str first = str_slice(between, line_end.len, between.len);
    *out = ARENA_ARRAY(arena, Part, MULTIPART_PARTS_MAX);
    *count = 0;
    if (!str_starts(body, first))
        return broken("first boundary");
    Str rest = str_slice(body, first.len, body.len);
    while (!str_starts(rest, STR("--"))) {
        if (!str_starts(rest, line_end) || *count == MULTIPART_PARTS_MAX)
            return broken("boundary");
        rest = str_slice(rest, line_end.len, rest.len);
        size_t end = str_find(rest, between);
        if (end == rest.len)
            return broken("last boundary");
        TRY(read_part(arena, str_slice(rest, 0, end), &(*out)[(*count)++]));
        rest = str_slice(rest, end + between.len, rest.len);
    }
    return ERR_OK;
}
