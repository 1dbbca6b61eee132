#include "web/server/reader.h"

static const uint8_t llhttp_methods[METHOD_COUNT] = {
    [METHOD_GET] = HTTP_GET,         [METHOD_HEAD] = HTTP_HEAD,   [METHOD_POST] = HTTP_POST,
    [METHOD_PUT] = HTTP_PUT,         [METHOD_PATCH] = HTTP_PATCH, [METHOD_DELETE] = HTTP_DELETE,
    [METHOD_OPTIONS] = HTTP_OPTIONS,
};

static bool agree(const llhttp_t *llhttp, const Head *head)
{
    return llhttp->method == llhttp_methods[head->method] && llhttp->http_major == 1 &&
           llhttp->http_minor == head->minor && llhttp->content_length == head->content_length &&
           !!(llhttp->flags & F_CHUNKED) == head->chunked;
}

static int on_headers_complete(llhttp_t *llhttp)
{
    Reader *reader = llhttp->data;
    reader->head_agreed = agree(llhttp, reader->head);
    reader->head->keep_alive &= !!llhttp_should_keep_alive(llhttp);
    llhttp->upgrade = 0; /* no other protocol is offered here; the request is served as HTTP/1.1 (RFC 9110, 7.8) */
    return 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t length)
{
    Reader *reader = llhttp->data;
    reader->failure = reader->take(reader->context, (Str){ at, length });
    return reader->failure.kind ? HPE_USER : HPE_OK;
}

static int on_message_complete(llhttp_t *llhttp)
{
    Reader *reader = llhttp->data;
    reader->message_done = true;
    return 0;
}

static const llhttp_settings_t settings = {
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

Err reader_head(Reader *reader, Str head, Head *out)
{
    TRY(head_check(head, out));
    *reader = (Reader){ .left = out->content_length, .chunked = out->chunked, .head = out };
    llhttp_init(&reader->llhttp, HTTP_REQUEST, &settings);
    reader->llhttp.data = reader;
    if (llhttp_execute(&reader->llhttp, head.ptr, head.len) != HPE_OK)
        return err_make(ECODE_HTTP_MALFORMED, "llhttp: %s", llhttp_get_error_reason(&reader->llhttp));
    if (!reader->head_agreed || reader->message_done != reader_done(reader))
        return err_make(ECODE_HTTP_MALFORMED, "two readers of the head differ");
    return ERR_OK;
}

Err reader_body(Reader *reader, Str bytes, BodyTaker take, void *context, size_t *out_used)
{
    size_t used = reader->left < bytes.len ? (size_t)reader->left : bytes.len;
    if (reader->chunked)
        TRY(chunk_check(&reader->chunks, bytes, &used));
    reader->take = take;
    reader->context = context;
    llhttp_errno_t ended = llhttp_execute(&reader->llhttp, bytes.ptr, used);
    TRY(reader->failure);
    if (ended != HPE_OK)
        return err_make(ECODE_HTTP_MALFORMED, "llhttp: %s", llhttp_get_error_reason(&reader->llhttp));
    if (!reader->chunked)
        reader->left -= used;
    if (reader->message_done != reader_done(reader))
        return err_make(ECODE_HTTP_MALFORMED, "two readers of the body differ");
    *out_used = used;
    return ERR_OK;
}

bool reader_done(const Reader *reader) { return reader->chunked ? reader->chunks.done : reader->left == 0; }
