#include "web/server/target.h"

#include "base/utf8.h"

#define BAD_TARGET(...) err_make(ECODE_HTTP_TARGET, __VA_ARGS__)

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Undoes %XX, and '+' where plus_is_blank; false for a bad escape, a NUL, and text that is not UTF-8. */
static bool unescape(Arena *arena, Str s, bool plus_is_blank, Str *out)
{
    char  *to = arena_alloc(arena, s.len);
    size_t length = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '%') {
            int high = i + 2 < s.len ? hex_value(s.ptr[i + 1]) : -1;
            int low = i + 2 < s.len ? hex_value(s.ptr[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        if (c == '\0')
            return false;
        to[length++] = c;
    }
    *out = (Str){ to, length };
    return utf8_valid(*out);
}

/* An escaped slash or backslash: data to whoever splits first and decodes then, a separator to
 * whoever does it the other way. */
static bool escapes_separator(Str path)
{
    for (size_t i = 0; i + 2 < path.len; i++) {
        if (path.ptr[i] != '%')
            continue;
        Str hex = str_slice(path, i + 1, i + 3);
        if (str_eq_ascii_fold(hex, STR("2f")) || str_eq_ascii_fold(hex, STR("5c")))
            return true;
    }
    return false;
}

static Err check_segments(Str path)
{
    for (size_t i = 0; i < path.len; i++)
        if ((unsigned char)path.ptr[i] < 0x20 || path.ptr[i] == 0x7f)
            return BAD_TARGET("control character in the path");
    for (Str rest = str_slice(path, 1, path.len); rest.len;) {
        Str segment = str_cut(&rest, '/');
        if (str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
            return BAD_TARGET("dot segment");
    }
    return ERR_OK;
}

static Err read_path(Arena *arena, Str path, Str *out)
{
    if (path.len == 0 || path.ptr[0] != '/')
        return BAD_TARGET("path does not start with a slash");
    if (memchr(path.ptr, '%', path.len)) {
        if (escapes_separator(path))
            return BAD_TARGET("escaped slash or backslash");
        if (!unescape(arena, path, false, &path))
            return BAD_TARGET("escape in the path");
    }
    TRY(check_segments(path));
    *out = path;
    return ERR_OK;
}

/* "http://host/path?query": cuts the target down to "/path?query" when host is the one of Host. */
static Err cut_authority(Str *target, Str host)
{
    Str    rest = *target;
    Str    scheme = str_cut(&rest, ':');
    size_t end = 2;
    if (!(str_eq_ascii_fold(scheme, STR("http")) || str_eq_ascii_fold(scheme, STR("https"))) ||
        !str_starts(rest, STR("//")))
        return BAD_TARGET("neither a path nor an http address");
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    if (host.len == 0 || !str_eq_ascii_fold(str_slice(rest, 2, end), host))
        return err_make(ECODE_HTTP_MALFORMED, "the target names another host than Host");
    *target = str_slice(rest, end, rest.len);
    return ERR_OK;
}

Err target_read(Arena *arena, Str target, Str host, Str *out_path, Str *out_query)
{
    if (str_eq(target, STR("*")))
        return err_make(ECODE_HTTP_UNSUPPORTED, "target *");
    if (memchr(target.ptr, '\\', target.len) || memchr(target.ptr, '#', target.len))
        return BAD_TARGET("backslash or fragment");
    bool absolute = target.ptr[0] != '/';
    if (absolute)
        TRY(cut_authority(&target, host));
    Str query = target;
    Str path = str_cut(&query, '?');
    Str unused;
    if (absolute && path.len == 0)
        path = STR("/");
    if (query.len && memchr(query.ptr, '%', query.len) && !unescape(arena, query, true, &unused))
        return BAD_TARGET("escape in the query");
    TRY(read_path(arena, path, out_path));
    *out_query = query;
    return ERR_OK;
}

/* ---- forms ---- */

Form form_open(Arena *arena, Str text) { return (Form){ .arena = arena, .rest = text }; }

bool form_next(Form *form, Str *out_name, Str *out_value)
{
    Str pair = STR_NONE;
    while (form->rest.len && pair.len == 0)
        pair = str_cut(&form->rest, '&');
    if (pair.len == 0 || form->bad)
        return false;
    Str value = pair;
    Str name = str_cut(&value, '=');
    form->bad = !unescape(form->arena, name, true, out_name) || !unescape(form->arena, value, true, out_value);
    return !form->bad;
}
