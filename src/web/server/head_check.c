#include "web/server/head_check.h"

#include "base/utf8.h"

#define MALFORMED(...) err_make(ECODE_HTTP_MALFORMED, __VA_ARGS__)

/* RFC 9110, 5.6.2: tchar */
static const bool token_chars[256] = {
    ['!'] = true,         ['#' ... '\''] = true, ['*'] = true,         ['+'] = true, ['-'] = true, ['.'] = true,
    ['0' ... '9'] = true, ['A' ... 'Z'] = true,  ['^' ... 'z'] = true, ['|'] = true, ['~'] = true,
};
/* What a host may hold outside brackets: RFC 3986's reg-name without escapes and sub-delims, which no real host has. */
static const bool host_chars[256] = {
    ['-'] = true, ['.'] = true, ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['_'] = true, ['a' ... 'z'] = true,
};
static const bool bracket_chars[256] = {
    ['.'] = true,
    ['0' ... ':'] = true,
    ['A' ... 'F'] = true,
    ['a' ... 'f'] = true,
};

static bool all_in(Str s, const bool chars[256])
{
    for (size_t i = 0; i < s.len; i++)
        if (!chars[(unsigned char)s.ptr[i]])
            return false;
    return s.len > 0;
}

static bool field_char(unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); }

static Str trim_blanks(Str s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = str_slice(s, 1, s.len);
    while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* ---- where a head ends ---- */

enum {
    HEAD_MAX = LIMIT_REQUEST_LINE + LIMIT_HEADER_BYTES + 4 /* the request line's CRLF, and one empty line before it */
};

/* True when an empty line ends at `at`, the index of its LF; the one that may come before a head does not count. */
static bool ends_head(Str bytes, size_t at) { return at >= 3 && bytes.ptr[at - 2] == '\n'; }

Err head_scan(Str bytes, size_t *scanned, size_t *out_length)
{
    size_t end = bytes.len < HEAD_MAX ? bytes.len : HEAD_MAX;
    *out_length = 0;
    if (end && !token_chars[(unsigned char)bytes.ptr[0]] && bytes.ptr[0] != '\r')
        return MALFORMED("byte 0x%02x where a method starts", (unsigned char)bytes.ptr[0]);
    while (*scanned < end) {
        const char *lf = memchr(bytes.ptr + *scanned, '\n', end - *scanned);
        size_t      line_end = lf ? (size_t)(lf - bytes.ptr) : end;
        const char *cr = memchr(bytes.ptr + *scanned, '\r', line_end - *scanned);
        if (cr && (size_t)(cr - bytes.ptr) + 1 < line_end)
            return MALFORMED("CR without LF at byte %zu", (size_t)(cr - bytes.ptr));
        if (!lf) {
            *scanned = cr ? line_end - 1 : line_end; /* a CR at the end is looked at again, with what follows */
            break;
        }
        if (!cr)
            return MALFORMED("LF without CR at byte %zu", line_end);
        *scanned = line_end + 1;
        if (ends_head(bytes, line_end)) {
            *out_length = line_end + 1;
            return ERR_OK;
        }
    }
    enum { FIRST_LINE_MAX = LIMIT_REQUEST_LINE + 4 };
    if (end >= FIRST_LINE_MAX && !memchr(bytes.ptr + 2, '\n', FIRST_LINE_MAX - 2))
        return MALFORMED("request line over %d bytes", LIMIT_REQUEST_LINE);
    return end == HEAD_MAX ? err_make(ECODE_HTTP_HEADERS, "no end within %d bytes", HEAD_MAX) : ERR_OK;
}

/* ---- request line ---- */

static const struct {
    Str    name;
    Method method;
} methods[] = {
    { STR_INIT("GET"), METHOD_GET },         { STR_INIT("HEAD"), METHOD_HEAD },   { STR_INIT("POST"), METHOD_POST },
    { STR_INIT("PUT"), METHOD_PUT },         { STR_INIT("PATCH"), METHOD_PATCH }, { STR_INIT("DELETE"), METHOD_DELETE },
    { STR_INIT("OPTIONS"), METHOD_OPTIONS },
};

static Err read_version(Str version, int *out_minor)
{
    bool formed = version.len == 8 && str_starts(version, STR("HTTP/")) && version.ptr[6] == '.' &&
                  version.ptr[5] >= '0' && version.ptr[5] <= '9' && version.ptr[7] >= '0' && version.ptr[7] <= '9';
    if (!formed)
        return MALFORMED("no version at the end of the request line");
    if (version.ptr[5] != '1' || version.ptr[7] > '1')
        return err_make(ECODE_HTTP_VERSION, "%.*s", STR_FMT(version));
    *out_minor = version.ptr[7] - '0';
    return ERR_OK;
}

static Err read_method(Str name, Method *out)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (str_eq(methods[i].name, name)) {
            *out = methods[i].method;
            return ERR_OK;
        }
    if (!all_in(name, token_chars))
        return MALFORMED("method");
    return err_make(ECODE_HTTP_UNSUPPORTED, "method %.*s", (int)(name.len < 32 ? name.len : 32), name.ptr);
}

static Err read_request_line(Str line, Head *out)
{
    if (line.len > LIMIT_REQUEST_LINE)
        return MALFORMED("request line of %zu bytes", line.len);
    Str rest = line;
    Str method = str_cut(&rest, ' ');
    Str target = str_cut(&rest, ' ');
    for (size_t i = 0; i < target.len; i++)
        if ((unsigned char)target.ptr[i] <= 0x20 || (unsigned char)target.ptr[i] >= 0x7f)
            return MALFORMED("byte 0x%02x in the target", (unsigned char)target.ptr[i]);
    if (target.len == 0)
        return MALFORMED("no target");
    TRY(read_version(rest, &out->minor));
    out->target = target;
    return read_method(method, &out->method);
}

/* ---- header lines ---- */

/* Plain decimal, below 2^63. */
static Err read_content_length(Str value, Head *out)
{
    if (value.len == 0 || value.len > 19 || (value.ptr[0] == '0' && value.len > 1))
        return MALFORMED("Content-Length");
    uint64_t length = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9')
            return MALFORMED("Content-Length");
        length = length * 10 + (uint64_t)(value.ptr[i] - '0'); /* 19 digits fit into 64 bits */
    }
    if (length > INT64_MAX)
        return MALFORMED("Content-Length over 2^63");
    out->content_length = length;
    return ERR_OK;
}

static Err read_transfer_encoding(Str value, Head *out)
{
    if (!str_eq_ascii_fold(value, STR("chunked")))
        return err_make(ECODE_HTTP_UNSUPPORTED, "Transfer-Encoding other than chunked");
    out->chunked = true;
    return ERR_OK;
}

static bool port_valid(Str port)
{
    int64_t number;
    return port.len >= 1 && port.len <= 5 && port.ptr[0] >= '0' && port.ptr[0] <= '9' && str_int(port, &number) &&
           number <= 65535;
}

static Err read_host(Str value, Head *out)
{
    Str rest = value;
    if (value.len && value.ptr[0] == '[') {
        rest = str_slice(value, 1, value.len);
        Str address = str_cut(&rest, ']');
        if (address.len + 1 == value.len || !all_in(address, bracket_chars) || (rest.len && rest.ptr[0] != ':'))
            return MALFORMED("Host");
    } else {
        Str name = str_slice(value, 0, str_find(value, STR(":")));
        if (!all_in(name, host_chars))
            return MALFORMED("Host");
        rest = str_slice(value, name.len, value.len);
    }
    if (rest.len && !port_valid(str_slice(rest, 1, rest.len)))
        return MALFORMED("Host");
    out->host = value;
    return ERR_OK;
}

static Err read_connection(Str value, Head *out)
{
    while (value.len) {
        Str option = trim_blanks(str_cut(&value, ','));
        if (str_eq_ascii_fold(option, STR("close")))
            out->says_close = true;
        else if (str_eq_ascii_fold(option, STR("keep-alive")))
            out->says_keep_alive = true;
    }
    return ERR_OK;
}

static Err read_expect(Str value, Head *out)
{
    out->expects_continue = out->minor >= 1 && str_eq_ascii_fold(value, STR("100-continue"));
    return ERR_OK;
}

/* Headers that frame or address the request, and those whose second copy would leave it open which one counts. */
enum { HOST, LENGTH, ENCODING, CONNECTION, EXPECT, MEDIA_TYPE, AUTHORIZATION, COOKIE, ORIGIN, KNOWN_HEADERS };
static const struct {
    Str  name;
    bool repeats;
    Err (*read)(Str value, Head *out);
} known_headers[KNOWN_HEADERS] = {
    [HOST] = { STR_INIT("Host"), .read = read_host },
    [LENGTH] = { STR_INIT("Content-Length"), .read = read_content_length },
    [ENCODING] = { STR_INIT("Transfer-Encoding"), .read = read_transfer_encoding },
    [CONNECTION] = { STR_INIT("Connection"), .repeats = true, .read = read_connection },
    [EXPECT] = { STR_INIT("Expect"), .read = read_expect },
    [MEDIA_TYPE] = { STR_INIT("Content-Type") },
    [AUTHORIZATION] = { STR_INIT("Authorization") },
    [COOKIE] = { STR_INIT("Cookie") },
    [ORIGIN] = { STR_INIT("Origin") },
};

static Err read_known_header(Header header, unsigned *seen, Head *out)
{
    for (unsigned i = 0; i < KNOWN_HEADERS; i++) {
        if (!str_eq_ascii_fold(known_headers[i].name, header.name))
            continue;
        if (!known_headers[i].repeats && (*seen & (1U << i)))
            return MALFORMED("second %.*s", STR_FMT(known_headers[i].name));
        *seen |= 1U << i;
        return known_headers[i].read ? known_headers[i].read(header.value, out) : ERR_OK;
    }
    return ERR_OK;
}

/* A line that starts with a blank would continue the one before it (obs-fold); its name is then not a token. */
static Err read_header_line(Str line, Header *out)
{
    Str value = line;
    Str name = str_cut(&value, ':');
    if (name.len == line.len || !all_in(name, token_chars))
        return MALFORMED("name of a header");
    bool ascii = true;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (!field_char(c))
            return MALFORMED("byte 0x%02x in the header %.*s", c, (int)(name.len < 40 ? name.len : 40), name.ptr);
        ascii &= c < 0x80;
    }
    if (!ascii && !utf8_valid(value))
        return MALFORMED("header that is not UTF-8");
    *out = (Header){ name, trim_blanks(value) };
    return ERR_OK;
}

static Str cut_line(Str *rest) /* the caller knows that every LF has its CR */
{
    Str line = str_cut(rest, '\n');
    line.len--;
    return line;
}

Err head_check(Str head, Head *out)
{
    Str rest = str_starts(head, STR("\r\n")) ? str_slice(head, 2, head.len) : head;
    *out = (Head){ 0 };
    TRY(read_request_line(cut_line(&rest), out));
    if (rest.len > LIMIT_HEADER_BYTES)
        return err_make(ECODE_HTTP_HEADERS, "%zu bytes of headers", rest.len);
    unsigned seen = 0;
    for (Str line = cut_line(&rest); line.len; line = cut_line(&rest)) {
        if (out->header_count == LIMIT_HEADER_COUNT)
            return err_make(ECODE_HTTP_HEADERS, "over %d headers", LIMIT_HEADER_COUNT);
        Header *header = &out->headers[out->header_count++];
        TRY(read_header_line(line, header));
        TRY(read_known_header(*header, &seen, out));
    }
    if (out->minor >= 1 && !(seen & 1U << HOST))
        return MALFORMED("no Host");
    if ((seen & 1U << ENCODING) && ((seen & 1U << LENGTH) || out->minor == 0))
        return MALFORMED("Transfer-Encoding with Content-Length or HTTP/1.0");
    out->keep_alive = !out->says_close && (out->minor >= 1 || out->says_keep_alive);
    return ERR_OK;
}

Str method_name(Method method)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (methods[i].method == method)
            return methods[i].name;
    return STR("-");
}

/* ---- chunked bodies ---- */

/* RFC 9112, 7.1, as states: what the next byte may be. */
enum {
    CHUNK_SIZE,      /* a digit, or after one the line's end or an extension */
    CHUNK_EXTENSION, /* after ';' */
    CHUNK_SIZE_LF,   /* of the size line */
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_TRAILER, /* first byte of a trailer line, or of the last line */
    CHUNK_TRAILER_NAME,
    CHUNK_TRAILER_VALUE,
    CHUNK_TRAILER_LF,
    CHUNK_LAST_LF,
};

static int hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Returns the state after byte c, or -1 where c may not stand. */
static int size_next(ChunkCheck *check, unsigned char c)
{
    int digit = hex_digit(c);
    if (digit >= 0 && check->digits < 16 && check->left <= (uint64_t)INT64_MAX >> 4) {
        check->digits++;
        check->left = check->left << 4 | (uint64_t)digit;
        return CHUNK_SIZE;
    }
    if (check->digits == 0 || digit >= 0)
        return -1;
    return c == '\r' ? CHUNK_SIZE_LF : c == ';' ? CHUNK_EXTENSION : -1;
}

static int chunk_next(ChunkCheck *check, unsigned char c)
{
    switch (check->state) {
    case CHUNK_SIZE: return size_next(check, c);
    case CHUNK_EXTENSION: return c == '\r' ? CHUNK_SIZE_LF : c > 0x20 && c < 0x7f ? CHUNK_EXTENSION : -1;
    case CHUNK_SIZE_LF: return c != '\n' ? -1 : check->left ? CHUNK_DATA : CHUNK_TRAILER;
    case CHUNK_DATA_CR: return c == '\r' ? CHUNK_DATA_LF : -1;
    case CHUNK_DATA_LF: return c == '\n' ? CHUNK_SIZE : -1;
    case CHUNK_TRAILER: return c == '\r' ? CHUNK_LAST_LF : token_chars[c] ? CHUNK_TRAILER_NAME : -1;
    case CHUNK_TRAILER_NAME: return c == ':' ? CHUNK_TRAILER_VALUE : token_chars[c] ? CHUNK_TRAILER_NAME : -1;
    case CHUNK_TRAILER_VALUE: return c == '\r' ? CHUNK_TRAILER_LF : field_char(c) ? CHUNK_TRAILER_VALUE : -1;
    case CHUNK_TRAILER_LF: return c == '\n' ? CHUNK_TRAILER : -1;
    default: check->done = c == '\n'; return check->done ? CHUNK_LAST_LF : -1;
    }
}

static Err chunk_byte(ChunkCheck *check, unsigned char c)
{
    int next = chunk_next(check, c);
    if (next < 0)
        return MALFORMED("byte 0x%02x in a chunked body", c);
    if (check->state <= CHUNK_SIZE_LF && ++check->line_length > LIMIT_CHUNK_LINE)
        return MALFORMED("chunk size line over %d bytes", LIMIT_CHUNK_LINE);
    if (check->state >= CHUNK_TRAILER && ++check->trailer_bytes > LIMIT_TRAILER_BYTES)
        return err_make(ECODE_HTTP_HEADERS, "trailers over %d bytes", LIMIT_TRAILER_BYTES);
    if (check->state == CHUNK_DATA_LF)
        check->digits = check->line_length = 0;
    check->state = next;
    return ERR_OK;
}

Err chunk_check(ChunkCheck *check, Str bytes, size_t *out_used)
{
    size_t at = 0;
    while (at < bytes.len && !check->done) {
        if (check->state == CHUNK_DATA) {
            size_t step = bytes.len - at < check->left ? bytes.len - at : (size_t)check->left;
            check->left -= step;
            at += step;
            if (check->left == 0)
                check->state = CHUNK_DATA_CR;
        } else {
            TRY(chunk_byte(check, (unsigned char)bytes.ptr[at++]));
        }
    }
    *out_used = at;
    return ERR_OK;
}
