/* cli/http.c: see http.h. */
#include "cli/http.h"

#include "base/utf8.h"

#include <errno.h>
#include <sys/socket.h>

enum { READ_BYTES = 65536 };

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
        header_line(&buf, "Content-Type", STR("application/json"));
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
    if (str_eq_ascii_fold(header->name, STR("Transfer-Encoding")))
        return malformed("transfer encoding");
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

static Err receive(int fd, Buf *buf)
{
    char    bytes[READ_BYTES];
    ssize_t got;
    do
        got = recv(fd, bytes, sizeof bytes, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return cut_off("recv");
    if (got == 0)
        return err_make(ECODE_SHUTTING_DOWN, "recv: the connection was closed");
    buf_add(buf, (Str){ bytes, (size_t)got });
    return buf_full(buf) ? malformed("too long") : ERR_OK;
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
    while (buf.len < head.head_len + head.body_len)
        TRY(receive(fd, &buf));
    if (buf.len > head.head_len + head.body_len)
        return malformed("more than its length");
    head.reply.body = str_slice(buf_str(&buf), head.head_len, buf.len);
    *out = head.reply;
    *closes = head.closes;
    return ERR_OK;
}
