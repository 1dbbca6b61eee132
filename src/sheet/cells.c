#include "sheet/cells.h"

#include "base/buf.h"
#include "base/date.h"
#include "base/utf8.h"

#define COLUMNS         16384
#define LINES           1048576
#define DIGITS          15 /* significant, that spreadsheets keep */
#define EXPONENT_MAX    40
#define DAY_S           86400
#define SERIAL_MAX      2958465 /* 9999-12-31, counted from 1900 */
#define SERIAL_DIGITS   7
#define FRACTION_DIGITS 12
#define FRACTION        INT64_C(1000000000000)

bool cell_place(Str reference, size_t *column, size_t *line)
{
    size_t at = 0, letters = 0, number = 0;
    for (; at < reference.len && reference.ptr[at] >= 'A' && reference.ptr[at] <= 'Z' && letters <= COLUMNS; at++)
        letters = letters * 26 + (size_t)(reference.ptr[at] - 'A' + 1);
    bool good = at > 0 && at < reference.len && letters <= COLUMNS;
    for (; good && at < reference.len; at++) {
        good = reference.ptr[at] >= '0' && reference.ptr[at] <= '9';
        number = number * 10 + (size_t)(reference.ptr[at] - '0');
        good = good && number <= LINES;
    }
    if (!good || number == 0)
        return false;
    *column = letters - 1;
    *line = number;
    return true;
}

Str cell_name(Arena *arena, size_t column, size_t line)
{
    char   letters[8];
    size_t at = sizeof letters;
    for (size_t rest = column + 1; rest; rest = (rest - 1) / 26)
        letters[--at] = (char)('A' + (rest - 1) % 26);
    return str_printf(arena, "%.*s%zu", (int)(sizeof letters - at), letters + at, line);
}

/* ---- formats ---- */

CellFormat cell_format_built_in(int64_t id)
{
    static const struct {
        int64_t    first, last;
        CellFormat format;
    } known[] = {
        { 14, 17, CELL_DATE }, { 18, 21, CELL_TIME }, { 22, 22, CELL_DATE_TIME }, { 27, 31, CELL_DATE },
        { 32, 35, CELL_TIME }, { 36, 36, CELL_DATE }, { 45, 47, CELL_TIME },      { 50, 54, CELL_DATE },
        { 55, 56, CELL_TIME }, { 57, 58, CELL_DATE },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (id >= known[i].first && id <= known[i].last)
            return known[i].format;
    return CELL_PLAIN;
}

/* The end of what stands for itself from `at` on ("text", [Red], \\x, _x, *x); `at` for none. [h] counts hours. */
static size_t passed_over(Str code, size_t at)
{
    char c = code.ptr[at];
    if (c == '\\' || c == '_' || c == '*')
        return at + 2;
    if (c != '"' && c != '[')
        return at;
    char   end = c == '"' ? '"' : ']';
    size_t to = at + 1;
    while (to < code.len && code.ptr[to] != end)
        to++;
    bool counts = c == '[' && at + 1 < code.len && strchr("hmsHMS", code.ptr[at + 1]) && to <= at + 3;
    return counts ? at : to + 1;
}

CellFormat cell_format_of(Str code)
{
    bool date = false, time = false;
    for (size_t at = 0; at < code.len && code.ptr[at] != ';';) { /* the first section is that of positive numbers */
        size_t past = passed_over(code, at);
        if (past > at) {
            at = past;
            continue;
        }
        char c = code.ptr[at++];
        date = date || c == 'y' || c == 'Y' || c == 'd' || c == 'D';
        time = time || c == 'h' || c == 'H' || c == 's' || c == 'S';
        if (c == 'G' || c == 'g') /* General */
            return CELL_PLAIN;
    }
    return date ? (time ? CELL_DATE_TIME : CELL_DATE) : time ? CELL_TIME : CELL_PLAIN;
}

/* ---- numbers ---- */

typedef struct Number { /* 0.d1d2… times ten to the exponent; no digits: zero */
    bool minus;
    char digits[DIGITS]; /* without zeros at either end */
    int  count, exponent;
} Number;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Takes a whole number with its sign; within some thousands. */
static bool take_exponent(Str *rest, int *out)
{
    bool minus = rest->len && rest->ptr[0] == '-', sign = minus || (rest->len && rest->ptr[0] == '+');
    Str  digits = str_slice(*rest, sign, rest->len);
    int  number = 0;
    if (!digits.len || digits.len > 4)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (!is_digit(digits.ptr[i]))
            return false;
        number = number * 10 + digits.ptr[i] - '0';
    }
    *out = minus ? -number : number;
    return true;
}

static void drop_zeros(Number *number)
{
    while (number->count && number->digits[number->count - 1] == '0')
        number->count--;
}

/* The digit behind the last one kept is five or more. */
static void round_up(Number *number)
{
    int at = number->count - 1;
    while (at >= 0 && number->digits[at] == '9')
        at--;
    number->count = at + 1;
    if (at >= 0) {
        number->digits[at]++;
        return;
    }
    number->digits[number->count++] = '1';
    number->exponent++;
}

/* Digits with at most one point. Of more than DIGITS the rest is rounded. */
static bool take_digits(Str text, Number *out)
{
    bool any = false, point = false, began = false, up = false;
    int  passed = 0; /* digits behind the last one kept */
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(c))
            return false;
        any = true;
        began = began || c != '0';
        if (began && out->count < DIGITS)
            out->digits[out->count++] = c;
        else if (began && passed++ == 0)
            up = c >= '5';
        out->exponent += (began && !point) - (!began && point);
    }
    if (up)
        round_up(out);
    drop_zeros(out);
    return any;
}

static bool number_parse(Str text, Number *out)
{
    *out = (Number){ 0 };
    int exponent = 0;
    out->minus = text.len && text.ptr[0] == '-';
    Str    rest = str_slice(text, out->minus || (text.len && text.ptr[0] == '+'), text.len);
    size_t at = 0;
    while (at < rest.len && rest.ptr[at] != 'e' && rest.ptr[at] != 'E')
        at++;
    Str power = at < rest.len ? str_slice(rest, at + 1, rest.len) : STR("0");
    if (!take_exponent(&power, &exponent) || !take_digits(str_slice(rest, 0, at), out))
        return false;
    out->exponent += exponent;
    return true;
}

/* Plain already, and with no more digits than are shown. */
static bool is_plain(Str s)
{
    size_t digits = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == 'e' || s.ptr[i] == 'E' || s.ptr[i] == '+')
            return false;
        digits += is_digit(s.ptr[i]);
    }
    return digits <= DIGITS && s.ptr[0] != '.' && s.ptr[s.len - 1] != '.';
}

static Str number_text(Arena *arena, const Number *number)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    if (number->minus)
        buf_char(&buf, '-');
    if (number->exponent <= 0)
        buf_add(&buf, STR("0."));
    for (int i = 0; i > number->exponent; i--)
        buf_char(&buf, '0');
    for (int i = 0; i < number->count || i < number->exponent; i++) {
        if (i > 0 && i == number->exponent)
            buf_char(&buf, '.');
        buf_char(&buf, i < number->count ? number->digits[i] : '0');
    }
    return buf_str(&buf);
}

Str cell_number(Arena *arena, Str stored)
{
    Number number;
    if (!number_parse(stored, &number) || is_plain(stored))
        return stored;
    if (number.count == 0)
        return STR("0");
    return number.exponent > -EXPONENT_MAX && number.exponent < EXPONENT_MAX ? number_text(arena, &number) : stored;
}

/* ---- dates ---- */

/* The day of a whole serial number. In the system of 1900 the year 1900 has a 29 February, number 60, which no calendar
 * has; so what lies before it is one day later than its number says. */
static bool serial_day(int64_t serial, bool since_1904, int64_t *out)
{
    static const Date first_1900 = { 1899, 12, 30 }, first_1904 = { 1904, 1, 1 };
    if (serial < 0 || serial > SERIAL_MAX || (!since_1904 && (serial == 0 || serial == 60)))
        return false;
    *out = date_to_day(since_1904 ? first_1904 : first_1900) + serial + (!since_1904 && serial < 60 ? 1 : 0);
    return *out <= DATE_DAY_MAX;
}

/* Whole days, and the seconds of the day that the fraction is, to the nearest. */
static bool days_and_seconds(Str stored, int64_t *days, int64_t *seconds)
{
    Number  number;
    int64_t fraction = 0;
    if (!number_parse(stored, &number) || number.minus || number.exponent > SERIAL_DIGITS)
        return false;
    *days = 0;
    for (int i = 0; i < number.exponent; i++)
        *days = *days * 10 + (i < number.count ? number.digits[i] - '0' : 0);
    for (int i = 0; i < FRACTION_DIGITS; i++) {
        int at = i + number.exponent;
        fraction = fraction * 10 + (at >= 0 && at < number.count ? number.digits[at] - '0' : 0);
    }
    *seconds = (fraction * DAY_S + FRACTION / 2) / FRACTION;
    return *days <= SERIAL_MAX;
}

bool cell_date(Arena *arena, Str stored, CellFormat format, bool since_1904, Str *out)
{
    int64_t serial, seconds, day;
    if (format == CELL_PLAIN || !days_and_seconds(stored, &serial, &seconds))
        return false;
    if (seconds == DAY_S && format != CELL_DATE) {
        serial++;
        seconds = 0;
    }
    Str time = str_printf(arena, "%02d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60),
                          (int)(seconds % 60));
    if (format == CELL_TIME && serial == 0) {
        *out = time;
        return true;
    }
    if (!serial_day(serial, since_1904, &day))
        return false;
    *out = format == CELL_DATE || seconds == 0
               ? date_text(arena, day)
               : str_printf(arena, "%.*sT%.*s", STR_FMT(date_text(arena, day)), STR_FMT(time));
    return true;
}

/* ---- text ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

static bool escape_at(Str text, size_t at, uint32_t *out)
{
    *out = 0;
    if (at + 7 > text.len || text.ptr[at + 1] != 'x' || text.ptr[at + 6] != '_')
        return false;
    for (size_t i = at + 2; i < at + 6; i++) {
        if (hex_digit(text.ptr[i]) < 0)
            return false;
        *out = *out * 16 + (uint32_t)hex_digit(text.ptr[i]);
    }
    return *out > 0 && !(*out >= 0xD800 && *out <= 0xDFFF);
}

/* One of the first 65,536, as UTF-8. */
static void add_point(Buf *buf, uint32_t point)
{
    if (point < 0x80) {
        buf_char(buf, (char)point);
        return;
    }
    if (point < 0x800) {
        buf_char(buf, (char)(0xC0 | point >> 6));
    } else {
        buf_char(buf, (char)(0xE0 | point >> 12));
        buf_char(buf, (char)(0x80 | (point >> 6 & 0x3F)));
    }
    buf_char(buf, (char)(0x80 | (point & 0x3F)));
}

Str cell_unescape(Arena *arena, Str text)
{
    Buf      buf = buf_new(arena, SIZE_MAX);
    uint32_t point;
    if (!memchr(text.len ? text.ptr : "", '_', text.len))
        return text;
    for (size_t at = 0; at < text.len; at++) {
        if (text.ptr[at] == '_' && escape_at(text, at, &point)) {
            add_point(&buf, point);
            at += 6;
        } else {
            buf_char(&buf, text.ptr[at]);
        }
    }
    return buf_str(&buf);
}

bool cell_escapes(Str text, size_t at)
{
    uint32_t point;
    return text.ptr[at] == '_' && escape_at(text, at, &point);
}

Str cell_escape(Arena *arena, Str text)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    if (!memchr(text.len ? text.ptr : "", '_', text.len))
        return text;
    for (size_t at = 0; at < text.len; at++) {
        if (cell_escapes(text, at))
            buf_add(&buf, STR("_x005F"));
        buf_char(&buf, text.ptr[at]);
    }
    return buf_str(&buf);
}

size_t cell_units(Str text)
{
    size_t units = 0;
    for (size_t at = 0; at < text.len;)
        units += utf8_next(text, &at) > 0xFFFF ? 2 : 1;
    return units;
}
