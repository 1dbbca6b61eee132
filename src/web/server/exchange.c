#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "web/server/listen.h"
#include "web/server/loop.h"
#include "web/server/target.h"

enum {
    SPARE_MAX = 64,         /* exchanges that a loop keeps for later */
    SMALL_BODY = 16 * 1024, /* up to here a body of known length lives in the arena */
    FIRST_BODY = 16 * 1024, /* first size of any other */
};

/* ---- one request ---- */

static void write_id(uint64_t number, char out[16])
{
    for (int i = 15; i >= 0; i--, number >>= 4)
        out[i] = "0123456789abcdef"[number & 15];
}

/* splitmix64 (Steele, Lea, Flood 2014): each state gives another id. Ids tell requests apart; nothing
 * rests on their being secret. */
static uint64_t next_id(Loop *loop)
{
    uint64_t z = loop->id_state += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

static Exchange *take_spare(Loop *loop)
{
    Exchange *exchange = loop->spare;
    if (!exchange) {
        exchange = mem_alloc(sizeof *exchange);
        exchange->arena = arena_new();
        return exchange;
    }
    loop->spare = exchange->next;
    loop->spare_count--;
    return exchange;
}

Exchange *exchange_new(Connection *connection)
{
    Loop     *loop = connection->loop;
    Exchange *exchange = take_spare(loop);
    *exchange = (Exchange){ .loop = loop,
                            .connection = connection,
                            .arena = exchange->arena,
                            .next = loop->exchanges,
                            .from_unix = connection->arrival.from_unix,
                            .arrived_ms = env_now(&loop->server->config.env) };
    memcpy(exchange->peer, connection->arrival.peer, sizeof exchange->peer);
    write_id(next_id(loop), exchange->id);
    if (loop->exchanges)
        loop->exchanges->previous = exchange;
    loop->exchanges = exchange;
    return exchange;
}

static bool body_in_arena(const Exchange *exchange)
{
    return !exchange->head.chunked && exchange->head.content_length <= SMALL_BODY;
}

void exchange_free(Exchange *exchange)
{
    Loop *loop = exchange->loop;
    if (exchange->previous)
        exchange->previous->next = exchange->next;
    else
        loop->exchanges = exchange->next;
    if (exchange->next)
        exchange->next->previous = exchange->previous;
    if (exchange->sink.end)
        exchange->sink.end(exchange->sink.context);
    if (exchange->body && !body_in_arena(exchange)) {
        memory_give(loop->server, exchange->body_capacity);
        free(exchange->body);
    }
    memory_give(loop->server, exchange->answer_taken);
    if (loop->spare_count >= SPARE_MAX) {
        arena_free(exchange->arena);
        free(exchange);
        return;
    }
    arena_reset(exchange->arena);
    exchange->next = loop->spare;
    loop->spare = exchange;
    loop->spare_count++;
}

/* Who the proxy says it speaks for: the last address in the last X-Forwarded-For, which it wrote itself; those
 * before came with the request. */
static void read_forwarded(Exchange *exchange)
{
    Str peer = STR_NONE, scheme = STR_NONE;
    for (size_t i = 0; i < exchange->head.header_count; i++) {
        Header header = exchange->head.headers[i];
        if (str_eq_ascii_fold(header.name, STR("X-Forwarded-For")))
            peer = header.value;
        else if (str_eq_ascii_fold(header.name, STR("X-Forwarded-Proto")))
            scheme = header.value;
    }
    for (Str rest = peer; rest.len;)
        peer = str_trim(str_cut(&rest, ','));
    struct sockaddr_storage address;
    if (address_parse(peer, &address)) {
        Str text = address_text(exchange->arena, &address, false);
        memcpy(exchange->peer, text.ptr, text.len);
        exchange->peer[text.len] = '\0';
    }
    exchange->secure = str_eq_ascii_fold(scheme, STR("https"));
}

Err exchange_read_head(Exchange *exchange, Reader *reader, Str bytes)
{
    Head *head = &exchange->head;
    Err   err = reader_head(reader, str_dup(exchange->arena, bytes), head);
    if (err.kind) {
        *head = (Head){ .method = METHOD_OTHER };
        return err;
    }
    Str proxy = exchange->loop->server->proxy;
    if (proxy.len && !exchange->from_unix && str_eq(proxy, str_from(exchange->peer)))
        read_forwarded(exchange);
    return target_read(exchange->arena, head->target, head->host, &exchange->path, &exchange->query);
}

static bool body_grow(Exchange *exchange, size_t needed)
{
    size_t known = exchange->head.chunked ? exchange->body_max : (size_t)exchange->head.content_length;
    if (body_in_arena(exchange)) {
        exchange->body = arena_alloc(exchange->arena, known);
        exchange->body_capacity = known;
        return true;
    }
    size_t capacity = exchange->body_capacity ? exchange->body_capacity * 2 : FIRST_BODY;
    capacity = capacity < needed ? needed : capacity > known ? known : capacity;
    if (!memory_take(exchange->loop->server, capacity - exchange->body_capacity))
        return false;
    exchange->body = mem_grow(exchange->body, capacity);
    exchange->body_capacity = capacity;
    return true;
}

Err exchange_take_body(void *context, Str piece)
{
    Exchange *exchange = context;
    size_t    needed = exchange->body_length + piece.len;
    if (needed > exchange->body_max)
        return err_make(ECODE_HTTP_BODY, "body over %zu bytes", exchange->body_max);
    if (exchange->sink.take) {
        exchange->body_length = needed;
        return exchange->sink.take(exchange->sink.context, piece);
    }
    if (needed > exchange->body_capacity && !body_grow(exchange, needed))
        return err_make(ECODE_BUSY, "no memory in flight left for a body");
    memcpy(exchange->body + exchange->body_length, piece.ptr, piece.len);
    exchange->body_length = needed;
    return ERR_OK;
}

/* ---- the application's code on it ---- */

static void settle(Exchange *exchange)
{
    if (!exchange->sent || exchange->held)
        return;
    Loop       *loop = exchange->loop;
    Connection *connection = exchange->connection;
    exchange_free(exchange);
    if (connection) {
        connection->exchange = NULL;
        connection_next(connection);
    }
    loop_check_idle(loop);
}

void exchange_handle(Exchange *exchange)
{
    const ServerConfig *config = &exchange->loop->server->config;
    exchange->held = true;
    config->handle(exchange, config->context);
    exchange->held = false;
    settle(exchange);
}

void exchange_run(const Post *post)
{
    Exchange *exchange = post->exchange;
    exchange->held = true;
    post->run(exchange, post->arg);
    exchange->held = false;
    settle(exchange);
}

void exchange_sent(Exchange *exchange)
{
    exchange->sent = true;
    settle(exchange);
}

static void reply_plain(Exchange *exchange, Err err)
{
    static const Header headers[] = {
        { STR_INIT("Content-Type"), STR_INIT("text/plain; charset=utf-8") },
        { STR_INIT("Retry-After"), STR_INIT("1") }, /* last: of 503 alone */
    };
    Str text = str_printf(exchange->arena, "%.*s\n", STR_FMT(err_row(err.code)->title.in[LANG_EN]));
    exchange_reply(exchange, err_http(err.kind), headers, err.kind == ERR_BUSY ? 2 : 1, text);
}

void exchange_refuse(Exchange *exchange, Err err)
{
    const ServerConfig *config = &exchange->loop->server->config;
    exchange->refused = true;
    exchange->held = true;
    if (config->refuse)
        config->refuse(exchange, err, config->context);
    assert(exchange->held); /* answered or not, it is still here */
    if (!exchange->replied)
        reply_plain(exchange, err);
    exchange->held = false;
    settle(exchange);
}

/* ---- its answer ---- */

static const struct {
    int status;
    Str reason;
} reasons[] = {
    { 200, STR_INIT("OK") },
    { 201, STR_INIT("Created") },
    { 204, STR_INIT("No Content") },
    { 303, STR_INIT("See Other") },
    { 304, STR_INIT("Not Modified") },
    { 400, STR_INIT("Bad Request") },
    { 401, STR_INIT("Unauthorized") },
    { 403, STR_INIT("Forbidden") },
    { 404, STR_INIT("Not Found") },
    { 405, STR_INIT("Method Not Allowed") },
    { 409, STR_INIT("Conflict") },
    { 412, STR_INIT("Precondition Failed") },
    { 413, STR_INIT("Content Too Large") },
    { 415, STR_INIT("Unsupported Media Type") },
    { 422, STR_INIT("Unprocessable Content") },
    { 428, STR_INIT("Precondition Required") },
    { 429, STR_INIT("Too Many Requests") },
    { 431, STR_INIT("Request Header Fields Too Large") },
    { 500, STR_INIT("Internal Server Error") },
    { 501, STR_INIT("Not Implemented") },
    { 503, STR_INIT("Service Unavailable") },
    { 505, STR_INIT("HTTP Version Not Supported") },
};

static Str reason_of(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return STR("-");
}

static bool headers_clean(const Header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t at = 0; at < headers[i].name.len; at++)
            if ((unsigned char)headers[i].name.ptr[at] <= ' ' || headers[i].name.ptr[at] == ':')
                return false;
        for (size_t at = 0; at < headers[i].value.len; at++)
            if ((unsigned char)headers[i].value.ptr[at] < ' ' || headers[i].value.ptr[at] == 0x7f)
                return false;
    }
    return true;
}

static void put(char **at, Str s)
{
    if (s.len)
        memcpy(*at, s.ptr, s.len);
    *at += s.len;
}

static void put_header(char **at, Str name, Str value)
{
    put(at, name);
    put(at, STR(": "));
    put(at, value);
    put(at, STR("\r\n"));
}

static Str decimal(uint64_t number, char room[20])
{
    size_t at = 20;
    do
        room[--at] = (char)('0' + number % 10);
    while (number /= 10);
    return (Str){ &room[at], 20 - at };
}

enum { OWN_HEADERS_MAX = 256 }; /* the status line and all that the server adds */

/* IN_PIECES: of an answer whose length nobody knows yet. */
#define IN_PIECES SIZE_MAX

static Str answer_head(Exchange *exchange, int status, const Header *headers, size_t count, size_t body_length)
{
    size_t size = OWN_HEADERS_MAX;
    for (size_t i = 0; i < count; i++)
        size += headers[i].name.len + headers[i].value.len + 4;
    char *start = arena_alloc(exchange->arena, size);
    char *at = start;
    char  room[20];
    put(&at, STR("HTTP/1.1 "));
    put(&at, decimal((uint64_t)status, room));
    put(&at, STR(" "));
    put(&at, reason_of(status));
    put(&at, STR("\r\n"));
    put(&at, loop_date_line(exchange->loop));
    for (size_t i = 0; i < count; i++)
        put_header(&at, headers[i].name, headers[i].value);
    if (body_length == IN_PIECES && exchange->head.minor > 0)
        put_header(&at, STR("Transfer-Encoding"), STR("chunked"));
    else if (body_length != IN_PIECES && status != 204 && status != 304)
        put_header(&at, STR("Content-Length"), decimal(body_length, room));
    put_header(&at, STR("Connection"), exchange->connection->keep_alive ? STR("keep-alive") : STR("close"));
    put_header(&at, STR("X-Request-Id"), exchange_id(exchange));
    put(&at, STR("\r\n"));
    return (Str){ start, (size_t)(at - start) };
}

/* What follows the answer; one that only the connection's end can end keeps no connection. */
static void decide_end(Exchange *exchange, bool ends_itself)
{
    Connection *connection = exchange->connection;
    bool        wanted = exchange->head.keep_alive && !exchange->refused;
    connection->keep_alive = wanted && ends_itself && !exchange->loop->draining;
    connection->linger = !connection->keep_alive && (wanted || exchange->refused);
}

static void send_answer(Exchange *exchange, int status, const Header *headers, size_t count, Str body)
{
    Connection *connection = exchange->connection;
    decide_end(exchange, true);
    Str      head = answer_head(exchange, status, headers, count, body.len);
    bool     bodiless = exchange->head.method == METHOD_HEAD || status == 204 || status == 304 || body.len == 0;
    uv_buf_t parts[2] = { uv_buf_init((char *)head.ptr, (unsigned)head.len),
                          uv_buf_init((char *)body.ptr, (unsigned)body.len) };
    connection_send(connection, parts, bodiless ? 1 : 2);
}

void exchange_reply(Exchange *exchange, int status, const Header *headers, size_t header_count, Str body)
{
    assert(!exchange->replied && status >= 200 && status <= 599 && body.len <= INT32_MAX / 2);
    if (!headers_clean(headers, header_count)) {
        reply_plain(exchange, err_make(ECODE_INTERNAL, "control character in a header of an answer"));
        return;
    }
    exchange->replied = true;
    if (exchange->connection)
        send_answer(exchange, status, headers, header_count, body);
    else
        exchange_sent(exchange);
}

/* ---- its answer in pieces ---- */

static void producer_end(Exchange *exchange)
{
    if (exchange->producer.end)
        exchange->producer.end(exchange->producer.context);
    exchange->producer = (Producer){ 0 };
}

/* What stands before a chunk: the end of the one before, and its own size. Of no bytes it is the last. */
static Str chunk_line(Exchange *exchange, size_t length)
{
    if (exchange->head.minor == 0)
        return STR("");
    int written = snprintf(exchange->chunk_line, sizeof exchange->chunk_line, "%s%zx\r\n%s",
                           exchange->has_piece ? "\r\n" : "", length, length ? "" : "\r\n");
    exchange->has_piece = true;
    return (Str){ exchange->chunk_line, (size_t)written };
}

/* Counts the memory that the next piece holds instead of that of the last one. */
static bool piece_count(Exchange *exchange)
{
    Server *server = exchange->loop->server;
    size_t  held = arena_used(exchange->arena);
    if (exchange->producer.arena)
        held += arena_used(exchange->producer.arena);
    memory_give(server, exchange->answer_taken);
    exchange->answer_taken = memory_take_piece(server, held) ? held : 0;
    return exchange->answer_taken == held;
}

static void pieces_end(Exchange *exchange)
{
    producer_end(exchange);
    exchange_sent(exchange);
}

/* The next piece, with `head` before the first one. */
static void send_piece(Exchange *exchange, Str head)
{
    Str piece = STR_NONE;
    Err err = exchange->producer.next(exchange->producer.context, &piece);
    if (err.kind || !piece_count(exchange)) {
        connection_close(exchange->connection);
        pieces_end(exchange);
        return;
    }
    Str      line = chunk_line(exchange, piece.len);
    uv_buf_t parts[] = { uv_buf_init((char *)head.ptr, (unsigned)head.len),
                         uv_buf_init((char *)line.ptr, (unsigned)line.len),
                         uv_buf_init((char *)piece.ptr, (unsigned)piece.len) };
    exchange->last_piece = piece.len == 0;
    connection_send_piece(exchange->connection, parts, sizeof parts / sizeof parts[0]);
}

void exchange_piece_sent(Exchange *exchange)
{
    if (exchange->last_piece || exchange->connection->closing)
        pieces_end(exchange);
    else
        send_piece(exchange, STR(""));
}

void exchange_stream(Exchange *exchange, int status, const Header *headers, size_t header_count,
                     const Producer *producer)
{
    assert(!exchange->replied && status >= 200 && status <= 599);
    exchange->producer = *producer;
    if (!headers_clean(headers, header_count)) {
        producer_end(exchange);
        reply_plain(exchange, err_make(ECODE_INTERNAL, "control character in a header of an answer"));
        return;
    }
    exchange->replied = true;
    if (!exchange->connection) {
        pieces_end(exchange);
        return;
    }
    decide_end(exchange, exchange->head.minor > 0 || exchange->head.method == METHOD_HEAD);
    Str head = answer_head(exchange, status, headers, header_count, IN_PIECES);
    if (exchange->head.method == METHOD_HEAD) {
        uv_buf_t parts[2] = { uv_buf_init((char *)head.ptr, (unsigned)head.len) };
        producer_end(exchange);
        connection_send(exchange->connection, parts, 1);
        return;
    }
    exchange->in_pieces = true;
    connection_begin_pieces(exchange->connection);
    send_piece(exchange, head);
}

/* ---- what the application asks of it ---- */

Method exchange_method(const Exchange *exchange) { return exchange->head.method; }
Str    exchange_path(const Exchange *exchange) { return exchange->path; }
Str    exchange_query(const Exchange *exchange) { return exchange->query; }
Str    exchange_host(const Exchange *exchange) { return exchange->head.host; }

Str exchange_body(const Exchange *exchange)
{
    return exchange->sink.take ? STR_NONE : (Str){ exchange->body, exchange->body_length };
}

void   *exchange_sink(const Exchange *exchange) { return exchange->sink.context; }
Str     exchange_peer(const Exchange *exchange) { return str_from(exchange->peer); }
bool    exchange_from_unix_socket(const Exchange *exchange) { return exchange->from_unix; }
bool    exchange_secure(const Exchange *exchange) { return exchange->secure; }
Str     exchange_id(const Exchange *exchange) { return (Str){ exchange->id, sizeof exchange->id }; }
int64_t exchange_arrived_ms(const Exchange *exchange) { return exchange->arrived_ms; }
Arena  *exchange_arena(const Exchange *exchange) { return exchange->arena; }
void   *exchange_loop_state(const Exchange *exchange) { return exchange->loop->state; }

bool exchange_client_gone(const Exchange *exchange) { return !exchange->connection || exchange->connection->closing; }

Str exchange_header(const Exchange *exchange, Str name)
{
    for (size_t i = 0; i < exchange->head.header_count; i++)
        if (str_eq_ascii_fold(exchange->head.headers[i].name, name))
            return exchange->head.headers[i].value;
    return STR_NONE;
}

const Header *exchange_headers(const Exchange *exchange, size_t *out_count)
{
    *out_count = exchange->head.header_count;
    return exchange->head.headers;
}
