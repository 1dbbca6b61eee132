/* cli/http.c: see http.h. */
#include "cli/http.h"

#include "base/utf8.h"

#include <errno.h>
#include <sys/socket.h>

/* ---- asking ---- */

static bool is_visible(Str text) /* no blank, no control character: it stays on its line */
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7F)
            return false;
    return true;
}

static void header_line(Buf *buf, const char *name, Str value)
{
    if (value.len)
        buf_printf(buf, "%s: %.*s\r\n", name, STR_FMT(value));
}

Err http_request(Arena *arena, const AppRequest *request, Str *out)
{
    if (!is_visible(request->target) || !is_visible(request->as) || !is_visible(request->if_match))
        return err_make(ECODE_INTERNAL, "request with a blank or control character");
    Buf buf = buf_new(arena, SIZE_MAX);
    buf_printf(&buf, "%.*s %.*s HTTP/1.1\r\nHost: localhost\r\n", STR_FMT(method_name(request->method)),
               STR_FMT(request->target));
    header_line(&buf, "Accept-Language", lang_tag(request->lang));
    header_line(&buf, "Firstmile-As", request->as);
    header_line(&buf, "If-Match", request->if_match);
    if (request->body.len)
        header_line(&buf, "Content-Type", request->media.len ? request->media : STR("application/json"));
    if (request->body.len || request->method != METHOD_GET)
        buf_printf(&buf, "Content-Length: %zu\r\n", request->body.len);
    buf_add(&buf, STR("\r\n"));
    buf_add(&buf, request->body);
    *out = buf_str(&buf);
    return ERR_OK;
}

/* ---- reading the head ---- */

static Err malformed(const char *what) { return err_make(ECODE_INTERNAL, "answer of the city: %s", what); }

/* "HTTP/1.1 200 OK" */
static Err status_line(Str line, int *status)
{
    int64_t number;
    Str     rest = line, version = str_cut(&rest, ' '), digits = str_cut(&rest, ' ');
    if (!str_eq(version, STR("HTTP/1.1")) || digits.len != 3 || !str_int(digits, &number) || number < 200 ||
        number > 599)
        return malformed("status line");
    *status = (int)number;
    return ERR_OK;
}

static Err header_of(Str line, Header *out)
{
    size_t colon = str_find(line, STR(":"));
    if (colon == 0 || colon == line.len || !is_visible(str_slice(line, 0, colon)))
        return malformed("header line");
    *out = (Header){ str_slice(line, 0, colon), str_trim(str_slice(line, colon + 1, line.len)) };
    return ERR_OK;
}

/* What the header says of the answer's length and of the connection. */
static Err framing(const Header *header, HttpHead *head, bool *length_known)
{
    int64_t number;
    if (str_eq_ascii_fold(header->name, STR("Transfer-Encoding"))) {
        if (*length_known || !str_eq(header->value, STR("chunked")))
            return malformed("transfer encoding");
        *length_known = head->chunked = true;
    }
    if (str_eq_ascii_fold(header->name, STR("Connection")))
        head->closes = str_eq_ascii_fold(header->value, STR("close"));
    if (!str_eq_ascii_fold(header->name, STR("Content-Length")))
        return ERR_OK;
    if (*length_known || !str_int(header->value, &number) || number < 0 || (uint64_t)number > HTTP_BODY_MAX)
        return malformed("length");
    *length_known = true;
    head->body_len = (size_t)number;
    return ERR_OK;
}

static Err head_lines(Arena *arena, Str rest, HttpHead *head)
{
    Header *headers = ARENA_ARRAY(arena, Header, HTTP_HEADERS_MAX);
    bool    length_known = false;
    size_t  count = 0, end = str_find(rest, STR("\r\n"));
    TRY(status_line(str_slice(rest, 0, end), &head->reply.status));
    for (rest = str_slice(rest, end + 2, rest.len); rest.len; rest = str_slice(rest, end + 2, rest.len)) {
        end = str_find(rest, STR("\r\n"));
        if (count == HTTP_HEADERS_MAX)
            return malformed("too many headers");
        TRY(header_of(str_slice(rest, 0, end), &headers[count]));
        TRY(framing(&headers[count++], head, &length_known));
    }
    if (!length_known && head->reply.status != 204)
        return malformed("no length");
    head->reply.headers = headers;
    head->reply.header_count = count;
    return ERR_OK;
}

Err http_head(Arena *arena, Str bytes, HttpHead *out, bool *whole)
{
    size_t end = str_find(bytes, STR("\r\n\r\n"));
    *whole = end < bytes.len;
    if (!*whole)
        return bytes.len < HTTP_HEAD_MAX ? ERR_OK : malformed("head too long");
    HttpHead head = { .head_len = end + 4 };
    TRY(head_lines(arena, str_slice(bytes, 0, end + 2), &head));
    *out = head;
    return ERR_OK;
}

/* ---- over the socket ---- */

static Err cut_off(const char *what)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return err_make(ECODE_CITY_LOCKED, "%s: no answer in time", what);
    return err_make(ECODE_SHUTTING_DOWN, "%s: %m", what);
}

static Err send_all(int fd, Str bytes)
{
    while (bytes.len) {
        ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return cut_off("send");
        bytes = str_slice(bytes, (size_t)sent, bytes.len);
    }
    return ERR_OK;
}

static Err receive_some(int fd, char *room, size_t size, size_t *out)
{
    ssize_t got;
    do
        got = recv(fd, room, size, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return cut_off("recv");
    if (got == 0)
        return err_make(ECODE_SHUTTING_DOWN, "recv: the connection was closed");
    *out = (size_t)got;
    return ERR_OK;
}

static Err receive(int fd, Buf *buf)
{
    char   bytes[HTTP_READ_BYTES];
    size_t got = 0;
    TRY(receive_some(fd, bytes, sizeof bytes, &got));
    buf_add(buf, (Str){ bytes, got });
    return buf_full(buf) ? malformed("too long") : ERR_OK;
}

/* ---- chunks ---- */

typedef struct Wire { /* what has been read and is not yet used: bytes[from .. end) */
    int    fd;
    size_t from, end;
    char   bytes[HTTP_READ_BYTES];
} Wire;

static Str wire_has(const Wire *wire) { return (Str){ wire->bytes + wire->from, wire->end - wire->from }; }

static Err wire_more(Wire *wire)
{
    Str left = wire_has(wire);
    memmove(wire->bytes, left.ptr, left.len);
    wire->from = 0;
    wire->end = left.len;
    size_t got = 0;
    TRY(receive_some(wire->fd, wire->bytes + wire->end, sizeof wire->bytes - wire->end, &got));
    wire->end += got;
    return ERR_OK;
}

static int hex_digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

/* "1f4\r\n" */
static Err chunk_size(Wire *wire, size_t *out)
{
    enum { DIGITS_MAX = 8 };
    size_t end;
    while ((end = str_find(wire_has(wire), STR("\r\n"))) == wire->end - wire->from) {
        if (end > DIGITS_MAX + 1)
            return malformed("size of a chunk");
        TRY(wire_more(wire));
    }
    *out = 0;
    for (size_t i = 0; i < end; i++) {
        int digit = hex_digit(wire->bytes[wire->from + i]);
        if (digit < 0 || end > DIGITS_MAX)
            return malformed("size of a chunk");
        *out = *out * 16 + (size_t)digit;
    }
    wire->from += end + 2;
    return end ? ERR_OK : malformed("size of a chunk");
}

static Err chunk_data(Wire *wire, size_t size, const AppSink *sink)
{
    while (size) {
        if (wire->from == wire->end)
            TRY(wire_more(wire));
        Str has = wire_has(wire), piece = str_slice(has, 0, size < has.len ? size : has.len);
        TRY(sink->take(sink->context, piece));
        wire->from += piece.len;
        size -= piece.len;
    }
    return ERR_OK;
}

static Err chunk_end(Wire *wire)
{
    while (wire->end - wire->from < 2)
        TRY(wire_more(wire));
    if (!str_starts(wire_has(wire), STR("\r\n")))
        return malformed("end of a chunk");
    wire->from += 2;
    return ERR_OK;
}

static Err read_chunks(int fd, Str begun, const AppSink *sink)
{
    Wire wire = { .fd = fd, .end = begun.len };
    memcpy(wire.bytes, begun.ptr, begun.len);
    for (size_t size = 1; size;) {
        TRY(chunk_size(&wire, &size));
        TRY(chunk_data(&wire, size, sink));
        TRY(chunk_end(&wire));
    }
    return wire.from == wire.end ? ERR_OK : malformed("more than its chunks");
}

/* ---- one request and its answer ---- */

static Err read_body(int fd, Buf *buf, HttpHead *head, const AppSink *sink)
{
    if (head->chunked) {
        if (!sink)
            return malformed("nobody takes what comes in chunks");
        return read_chunks(fd, str_slice(buf_str(buf), head->head_len, buf->len), sink);
    }
    while (buf->len < head->head_len + head->body_len)
        TRY(receive(fd, buf));
    if (buf->len > head->head_len + head->body_len)
        return malformed("more than its length");
    head->reply.body = str_slice(buf_str(buf), head->head_len, buf->len);
    return ERR_OK;
}

Err http_exchange(int fd, Arena *arena, const AppRequest *request, AppReply *out, bool *closes)
{
    Str      bytes;
    HttpHead head = { 0 };
    Buf      buf = buf_new(arena, HTTP_HEAD_MAX + HTTP_BODY_MAX);
    TRY(http_request(arena, request, &bytes));
    TRY(send_all(fd, bytes));
    for (bool whole = false; !whole;) {
        TRY(receive(fd, &buf));
        TRY(http_head(arena, buf_str(&buf), &head, &whole));
    }
    TRY(read_body(fd, &buf, &head, request->sink));
    *out = head.reply;
    *closes = head.closes;
    return ERR_OK;
}
