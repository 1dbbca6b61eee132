#include <assert.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "web/server/loop.h"

enum {
    INPUT_FIRST = 1024,
    LINGER_BYTES = 1024 * 1024,
    UNSENT_BYTES = 128 * 1024, /* of an answer in pieces: what the kernel takes ahead of the client. Left to itself it
                                  takes megabytes, and then nothing until a slow reader has come through a third */
};

static void set_phase(Connection *connection, Phase phase)
{
    connection->phase = phase;
    connection->phase_start = uv_now(&connection->loop->uv);
}

/* The application or the client's slowness has the connection: what comes in waits. */
static bool is_busy(const Connection *connection)
{
    return connection->phase == PHASE_WORK || connection->phase == PHASE_SEND;
}

/* ---- bytes that wait ---- */

static size_t input_length(const Connection *connection) { return connection->input_end - connection->input_from; }

static void input_free(Connection *connection)
{
    memory_give(connection->loop->server, connection->input_capacity);
    free(connection->input);
    connection->input = NULL;
    connection->input_from = connection->input_end = connection->input_capacity = 0;
}

/* There is always room for them: no more is read than the input may hold. False: no memory in flight left. */
static bool input_add(Connection *connection, Str bytes)
{
    size_t length = input_length(connection);
    assert(length + bytes.len <= READ_BYTES);
    if (connection->input_from) {
        memmove(connection->input, connection->input + connection->input_from, length);
        connection->input_from = 0;
        connection->input_end = length;
    }
    size_t capacity = connection->input_capacity ? connection->input_capacity : INPUT_FIRST;
    while (capacity < length + bytes.len)
        capacity *= 2;
    if (capacity != connection->input_capacity) {
        if (!memory_take(connection->loop->server, capacity - connection->input_capacity))
            return false;
        connection->input = mem_grow(connection->input, capacity);
        connection->input_capacity = capacity;
    }
    memcpy(connection->input + length, bytes.ptr, bytes.len);
    connection->input_end += bytes.len;
    return true;
}

/* ---- requests ---- */

static void refuse(Connection *connection, Err err)
{
    if (!connection->exchange)
        connection->exchange = exchange_new(connection);
    set_phase(connection, PHASE_WORK);
    exchange_refuse(connection->exchange, err);
}

static void handle(Connection *connection)
{
    set_phase(connection, PHASE_WORK);
    exchange_handle(connection->exchange);
}

static Err begin_body(Connection *connection, bool body_is_here)
{
    static const char   go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    Exchange           *exchange = connection->exchange;
    const Server       *server = connection->loop->server;
    const ServerConfig *config = &server->config;
    exchange->body_max = config->body_max ? config->body_max(exchange, config->context) : server->limits.body_bytes;
    if (exchange->head.content_length > exchange->body_max)
        return err_make(ECODE_HTTP_BODY, "body of %ju bytes", (uintmax_t)exchange->head.content_length);
    if (config->body_begin)
        TRY(config->body_begin(exchange, config->context, &exchange->sink));
    if (exchange->head.expects_continue && !body_is_here) {
        uv_buf_t part = uv_buf_init((char *)go_on, sizeof go_on - 1);
        if (uv_try_write(&connection->handle.stream, &part, 1) != (int)part.len) {
            connection_close(connection); /* it does not read what it asked for */
            return ERR_OK;
        }
    }
    set_phase(connection, PHASE_BODY);
    return ERR_OK;
}

static size_t read_head(Connection *connection, Str bytes)
{
    size_t length;
    Err    err = head_scan(bytes, &connection->scanned, &length);
    if (err.kind) {
        refuse(connection, err);
        return 0;
    }
    if (length == 0)
        return 0;
    connection->scanned = 0;
    connection->exchange = exchange_new(connection);
    err = exchange_read_head(connection->exchange, &connection->reader, str_slice(bytes, 0, length));
    bool complete = !err.kind && reader_done(&connection->reader);
    if (!err.kind && !complete)
        err = begin_body(connection, bytes.len > length);
    if (err.kind)
        refuse(connection, err);
    else if (complete)
        handle(connection);
    return length;
}

static size_t read_body(Connection *connection, Str bytes)
{
    size_t used;
    Err    err = reader_body(&connection->reader, bytes, exchange_take_body, connection->exchange, &used);
    if (err.kind) {
        refuse(connection, err);
        return 0;
    }
    if (reader_done(&connection->reader))
        handle(connection);
    return used;
}

/* Uses bytes as far as it can; returns how many. */
static size_t read_requests(Connection *connection, Str bytes)
{
    size_t used = 0, step = 1;
    while (step && used < bytes.len && connection->phase <= PHASE_BODY && !connection->closing) {
        if (connection->phase == PHASE_IDLE)
            set_phase(connection, PHASE_HEAD);
        Str rest = str_slice(bytes, used, bytes.len);
        step = connection->phase == PHASE_BODY ? read_body(connection, rest) : read_head(connection, rest);
        used += step;
    }
    return used;
}

/* Neither its requests nor its answer can be kept. */
static void give_up(Connection *connection)
{
    if (connection->phase <= PHASE_HEAD)
        refuse(connection, err_make(ECODE_BUSY, "no memory in flight left for a head"));
    else
        connection_close(connection);
}

/* Reads requests from what waits, or when nothing does, from fresh, whose rest then waits. */
static void advance(Connection *connection, Str fresh)
{
    bool waiting = input_length(connection) > 0;
    Str  bytes = waiting ? (Str){ connection->input + connection->input_from, input_length(connection) } : fresh;
    connection->advancing = true;
    size_t used = read_requests(connection, bytes);
    bool   dropped = connection->closing || connection->phase == PHASE_LINGER;
    if (waiting && !dropped)
        connection->input_from += used;
    else if (!dropped && used < bytes.len && !input_add(connection, str_slice(bytes, used, bytes.len)))
        give_up(connection);
    if (connection->input && (input_length(connection) == 0 || connection->phase == PHASE_LINGER))
        input_free(connection);
    connection->advancing = false;
    if (connection->phase == PHASE_HEAD && !connection->input)
        set_phase(connection, PHASE_IDLE);
    if (connection->ended_by_client && !is_busy(connection))
        connection_close(connection); /* in the middle of a request, or after the last */
}

/* ---- reading ---- */

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    const Connection *connection = handle->data;
    *out = uv_buf_init(connection->loop->read_buffer, (unsigned)(READ_BYTES - input_length(connection)));
}

static void stop_reading(Connection *connection)
{
    uv_read_stop(&connection->handle.stream);
    connection->reading = false;
}

static void on_end(Connection *connection, ssize_t error)
{
    connection->ended_by_client = true;
    if (error == UV_EOF && is_busy(connection))
        stop_reading(connection); /* it may still want its answer */
    else
        connection_close(connection);
}

static void on_linger(Connection *connection, size_t length)
{
    connection->lingered += length;
    if (connection->lingered > LINGER_BYTES)
        connection_close(connection);
}

/* A body that goes to the disk comes as fast as it can be sent. Others get their turn after each piece: without this a
 * read is followed by up to 32 more. */
static void on_turn(uv_idle_t *turn)
{
    Loop *loop = turn->data;
    uv_idle_stop(turn);
    connections_resume(loop);
}

static void rest(Connection *connection)
{
    Loop *loop = connection->loop;
    stop_reading(connection);
    connection->rests_next = loop->resting;
    loop->resting = connection;
    uv_idle_start(&loop->turn, on_turn);
}

static void rest_no_more(const Connection *connection)
{
    for (Connection **at = &connection->loop->resting; *at; at = &(*at)->rests_next)
        if (*at == connection) {
            *at = connection->rests_next;
            return;
        }
}

static bool sends_to_disk(const Connection *connection)
{
    return connection->phase == PHASE_BODY && connection->exchange && connection->exchange->sink.take;
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    Connection *connection = stream->data;
    if (length == 0)
        return;
    if (length < 0) {
        on_end(connection, length);
        return;
    }
    Str fresh = { buffer->base, (size_t)length };
    if (connection->phase == PHASE_LINGER) {
        on_linger(connection, fresh.len);
        return;
    }
    if (is_busy(connection) || input_length(connection)) {
        if (!input_add(connection, fresh)) {
            give_up(connection);
            return;
        }
        fresh = STR_NONE;
    }
    if (!is_busy(connection))
        advance(connection, fresh);
    else if (input_length(connection) == READ_BYTES)
        stop_reading(connection);
    if (!connection->closing && connection->reading && sends_to_disk(connection))
        rest(connection);
}

static void start_reading(Connection *connection)
{
    connection->reading = uv_read_start(&connection->handle.stream, on_room, on_read) == 0;
    if (!connection->reading)
        connection_close(connection);
}

void connections_resume(Loop *loop)
{
    while (loop->resting) {
        Connection *connection = loop->resting;
        loop->resting = connection->rests_next;
        if (!connection->closing)
            start_reading(connection);
    }
}

/* ---- answering ---- */

static void on_written(uv_write_t *request, int status)
{
    Connection *connection = request->data;
    if (status < 0)
        connection_close(connection);
    exchange_sent(connection->exchange);
}

/* Leaves of parts what is still to be sent. */
static void skip_sent(uv_buf_t parts[2], size_t sent)
{
    for (int i = 0; i < 2; i++) {
        size_t step = sent < parts[i].len ? sent : parts[i].len;
        parts[i].base += step;
        parts[i].len -= step;
        sent -= step;
    }
}

void connection_send(Connection *connection, uv_buf_t parts[2], unsigned count)
{
    Exchange *exchange = connection->exchange;
    size_t    size = parts[0].len + (count > 1 ? parts[1].len : 0);
    int       sent = uv_try_write(&connection->handle.stream, parts, count);
    if (sent == (int)size) {
        exchange_sent(exchange);
        return;
    }
    bool   going = sent >= 0 || sent == UV_EAGAIN;
    size_t kept = arena_used(exchange->arena);
    if (going && memory_take(connection->loop->server, kept)) {
        exchange->answer_taken = kept;
        skip_sent(parts, sent > 0 ? (size_t)sent : 0);
        connection->send_size = size - (sent > 0 ? (size_t)sent : 0);
        set_phase(connection, PHASE_SEND);
        connection->write.data = connection;
        if (uv_write(&connection->write, &connection->handle.stream, parts, count, on_written) == 0)
            return;
    }
    connection_close(connection);
    exchange_sent(exchange);
}

static void on_piece_written(uv_write_t *request, int status)
{
    Connection *connection = request->data;
    if (status < 0)
        connection_close(connection);
    exchange_piece_sent(connection->exchange);
}

void connection_begin_pieces(Connection *connection)
{
    int fd, bytes = UNSENT_BYTES;
    if (!connection->arrival.from_unix && uv_fileno((uv_handle_t *)&connection->handle.stream, &fd) == 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
}

/* By way of the loop also when the client takes it at once: others have their turn between two pieces. Each piece has
 * its own time, so that having been fast is no leave to stand still; it counts as sent what the kernel may hold of the
 * pieces before, which the client must take first. */
void connection_send_piece(Connection *connection, const uv_buf_t *parts, unsigned count)
{
    connection->send_size = UNSENT_BYTES;
    for (unsigned i = 0; i < count; i++)
        connection->send_size += parts[i].len;
    set_phase(connection, PHASE_SEND);
    connection->write.data = connection;
    if (uv_write(&connection->write, &connection->handle.stream, parts, count, on_piece_written) != 0)
        on_piece_written(&connection->write, UV_ECANCELED);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    if (status < 0 && status != UV_ECANCELED)
        connection_close(request->data);
}

/* Ends sending and waits for the client to end too: closing with bytes of its still unread would make the kernel throw
 * away the answer on its way (RFC 9112, 9.6). */
static void linger(Connection *connection)
{
    set_phase(connection, PHASE_LINGER);
    if (connection->input && !connection->advancing)
        input_free(connection);
    connection->shutdown.data = connection;
    if (uv_shutdown(&connection->shutdown, &connection->handle.stream, on_shutdown) != 0)
        connection_close(connection);
    else if (!connection->reading)
        start_reading(connection);
}

void connection_next(Connection *connection)
{
    if (connection->closing)
        return;
    bool stay = connection->keep_alive && !connection->loop->draining;
    if (!stay && (connection->linger || connection->keep_alive) && !connection->ended_by_client) {
        linger(connection);
        return;
    }
    bool more = input_length(connection) > 0;
    if (!stay || (connection->ended_by_client && !more && !connection->advancing)) {
        connection_close(connection);
        return;
    }
    set_phase(connection, more ? PHASE_HEAD : PHASE_IDLE);
    if (!connection->reading && !connection->ended_by_client)
        start_reading(connection);
    if (more && !connection->advancing && !connection->closing)
        advance(connection, STR_NONE);
}

/* ---- open and closed ---- */

static void on_closed(uv_handle_t *handle)
{
    Connection *connection = handle->data;
    Loop       *loop = connection->loop;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        loop->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    if (!connection->arrival.from_unix)
        admission_leave(loop->server->admission, connection->arrival.key);
    atomic_fetch_sub(&loop->connection_count, 1);
    input_free(connection);
    free(connection);
    loop_check_idle(loop);
}

void connection_close(Connection *connection)
{
    Exchange *exchange = connection->exchange;
    if (connection->closing)
        return;
    connection->closing = true;
    rest_no_more(connection);
    bool half = exchange && exchange->in_pieces && !exchange->sent && !connection->arrival.from_unix;
    if (!half || uv_tcp_close_reset(&connection->handle.tcp, on_closed) != 0)
        uv_close((uv_handle_t *)&connection->handle.stream, on_closed);
    if (!exchange || exchange->replied)
        return; /* none, or its write ends now */
    connection->exchange = NULL;
    exchange->connection = NULL;
    if (connection->phase != PHASE_WORK)
        exchange_free(exchange); /* the application has not seen it */
}

void connection_open(Loop *loop, const Arrival *arrival)
{
    Connection *connection = mem_alloc(sizeof *connection);
    *connection = (Connection){ .loop = loop, .arrival = *arrival, .next = loop->connections };
    if (connection->next)
        connection->next->previous = connection;
    loop->connections = connection;
    int failed = 0;
    if (arrival->from_unix) {
        uv_pipe_init(&loop->uv, &connection->handle.pipe, 0);
        failed = uv_pipe_open(&connection->handle.pipe, arrival->fd);
    } else {
        uv_tcp_init(&loop->uv, &connection->handle.tcp);
        failed = uv_tcp_open(&connection->handle.tcp, arrival->fd);
    }
    connection->handle.stream.data = connection;
    set_phase(connection, PHASE_HEAD);
    if (failed) {
        close(arrival->fd);
        connection_close(connection);
        return;
    }
    start_reading(connection);
}

void connection_drain(Connection *connection)
{
    bool quiet = connection->phase == PHASE_IDLE || (connection->phase == PHASE_HEAD && !connection->input);
    if (quiet)
        connection_close(connection);
}

/* Milliseconds a transfer may have taken after so many bytes. */
static uint64_t time_for(const ServerLimits *limits, size_t bytes, unsigned bytes_per_s)
{
    return limits->slow_grace_ms + (uint64_t)bytes * 1000 / bytes_per_s;
}

static uint64_t time_allowed(const Connection *connection)
{
    const ServerLimits *limits = &connection->loop->server->limits;
    switch (connection->phase) {
    case PHASE_IDLE: return limits->keep_alive_ms;
    case PHASE_HEAD: return limits->header_ms;
    case PHASE_BODY: return time_for(limits, connection->exchange->body_length, limits->body_bytes_per_s);
    case PHASE_SEND: {
        size_t unsent = uv_stream_get_write_queue_size(&connection->handle.stream);
        return time_for(limits, connection->send_size - unsent, limits->reader_bytes_per_s);
    }
    case PHASE_LINGER: return limits->linger_ms;
    default: return UINT64_MAX; /* PHASE_WORK: the application's own business */
    }
}

void connection_check_time(Connection *connection)
{
    if (!connection->closing && uv_now(&connection->loop->uv) - connection->phase_start > time_allowed(connection))
        connection_close(connection);
}
