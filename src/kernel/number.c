#include "kernel/number.h"

static const Str year_mark = STR_INIT("{year}");

/* "{seq:N}" at the end: where it begins, and N. */
static bool seq_mark(Str pattern, size_t *at, int *digits)
{
    Str    mark = STR("{seq:");
    size_t length = mark.len + 2;
    if (pattern.len < length || !str_ends(pattern, STR("}")))
        return false;
    *at = pattern.len - length;
    *digits = pattern.ptr[pattern.len - 2] - '0';
    return str_eq(str_slice(pattern, *at, *at + mark.len), mark) && *digits >= 1 && *digits <= 9;
}

static bool plain(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '/' ||
           c == '.';
}

bool number_pattern(Str pattern)
{
    size_t at;
    int    digits;
    if (!seq_mark(pattern, &at, &digits))
        return false;
    Str    prefix = str_slice(pattern, 0, at);
    size_t year = str_find(prefix, year_mark);
    for (size_t i = 0; i < prefix.len; i++) {
        bool in_year = year < prefix.len && i >= year && i < year + year_mark.len;
        if (!in_year && !plain(prefix.ptr[i]))
            return false;
    }
    return prefix.len > 0;
}

static Str number_prefix(const Ctx *writer, Str pattern, size_t at)
{
    Buf    out = buf_new(writer->arena, SIZE_MAX);
    Str    rest = str_slice(pattern, 0, at);
    size_t year = str_find(rest, year_mark);
    buf_add(&out, str_slice(rest, 0, year));
    if (year < rest.len) {
        buf_printf(&out, "%04d", date_from_day(ctx_today(writer)).year);
        buf_add(&out, str_slice(rest, year + year_mark.len, rest.len));
    }
    return buf_str(&out);
}

/* The numbers with this prefix lie between it and the same with ':', the character after '9'; those given under another
 * pattern may too ("P-2025-001" for "P-{seq:3}"), but are not all digits behind it. The longest is the highest. */
static Err last_number(const Ctx *writer, const Type *type, Str owner, Str prefix, Rows **out)
{
    Str   sql = str_printf(writer->arena,
                           "SELECT \"number\" FROM \"%.*s\" WHERE \"owner\" %s AND \"number\" >= ? AND \"number\" < ?"
                             " AND substr(\"number\", %zu) NOT GLOB '*[^0-9]*'"
                             " ORDER BY length(\"number\") DESC, \"number\" DESC LIMIT 1",
                           STR_FMT(type->table), owner.len ? "= ?" : "IS NULL", prefix.len + 1);
    Value params[] = { value_id(owner), value_text(prefix),
                       value_text(str_printf(writer->arena, "%.*s:", STR_FMT(prefix))) };
    return owner.len ? db_query(writer->db, sql, params, 3, out) : db_query(writer->db, sql, params + 1, 2, out);
}

Err number_next(const Ctx *writer, const Type *type, Str owner, Value *out)
{
    size_t  at;
    int     digits;
    int64_t last = 0;
    bool    more;
    if (!seq_mark(type->number, &at, &digits))
        return err_make(ECODE_INTERNAL, "the loader let pass the number %.*s", STR_FMT(type->number));
    Str               prefix = number_prefix(writer, type->number, at);
    OWNED(rows) Rows *rows = NULL;
    TRY(last_number(writer, type, owner, prefix, &rows));
    TRY(rows_next(rows, &more));
    if (more) {
        Str number = rows_borrow_text(rows, 0);
        if (!str_int(str_slice(number, prefix.len, number.len), &last))
            return err_make(ECODE_INTERNAL, "number %.*s does not follow %.*s", STR_FMT(number), STR_FMT(type->number));
    }
    *out = value_text(str_printf(writer->arena, "%.*s%0*lld", STR_FMT(prefix), digits, (long long)last + 1));
    return ERR_OK;
}
