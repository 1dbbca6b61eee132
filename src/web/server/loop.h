/* web/server/loop.h: what the files of this folder share: server, loop, connection, exchange.
 *
 * A loop and all that hangs on it is its thread's alone; what other threads touch is named: inbox, connection_count,
 * and the server's admission, in_flight and stop_fd.
 *
 *   server.c      starts and ends everything
 *   loop.c        a thread: accepts, hands on, ticks, drains
 *   connection.c  bytes of one client into requests, and answers out, in order
 *   exchange.c    one request and its answer */
#ifndef FM_WEB_SERVER_LOOP_H
#define FM_WEB_SERVER_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "web/server/admission.h"
#include "web/server/reader.h"

typedef struct Loop       Loop;
typedef struct Connection Connection;

struct Server {
    Arena        *arena; /* of the texts in config */
    ServerConfig  config;
    ServerLimits  limits;
    Str           proxy;           /* config.behind_proxy as a peer would be written, or empty */
    int           stop_fd;         /* readable once the server is to stop */
    int           tcp_fd, unix_fd; /* -1: none */
    Loop         *loops;
    unsigned      loop_count;
    Admission    *admission;
    atomic_size_t in_flight; /* bytes of bodies, waiting requests and answers being sent */
};

/* Counts size more bytes, or refuses. */
bool memory_take(Server *server, size_t size);
/* Of an answer in pieces, which who reads it slowly holds for hours: only while half of it all is free, so that however
 * many there are, bodies and other answers find room. */
bool memory_take_piece(Server *server, size_t size);
void memory_give(Server *server, size_t size);

/* ---- loop ---- */

typedef struct Post {
    Exchange *exchange;
    void (*run)(Exchange *exchange, void *arg);
    void *arg;
} Post;

enum { PEER_TEXT = 46 };

typedef struct Arrival { /* an accepted socket on its way to the loop that will serve it */
    int      fd;
    bool     from_unix; /* not counted in admission: the owner always gets in */
    uint64_t key;       /* in admission */
    char     peer[PEER_TEXT];
} Arrival;

typedef struct Posts {
    Post  *items;
    size_t count, capacity;
} Posts;

typedef struct Arrivals {
    Arrival *items;
    size_t   count, capacity;
} Arrivals;

typedef struct Inbox { /* what other threads leave for a loop; its wake handle says that there is something */
    pthread_mutex_t lock;
    bool            open;
    Posts           posts;
    Arrivals        arrivals;
} Inbox;

enum { READ_BYTES = LIMIT_WAITING_BYTES, DATE_LINE = 37, DATE_ROOM = 64 };

struct Loop {
    Server     *server;
    pthread_t   thread;
    uv_loop_t   uv;
    uv_async_t  wake;
    uv_timer_t  tick; /* runs while there are connections */
    uv_idle_t   turn; /* runs while connections rest */
    uv_poll_t   stop_poll, tcp_poll, unix_poll;
    void       *state; /* the application's */
    Inbox       inbox;
    Posts       posts; /* taken from the inbox */
    Arrivals    arrivals;
    atomic_uint connection_count; /* those on their way to it included */
    Connection *connections;
    Connection *resting;   /* by rests_next: they read again in the next turn of the loop */
    Exchange   *exchanges; /* in use */
    Exchange   *spare;     /* to be used again */
    size_t      spare_count;
    char       *read_buffer; /* READ_BYTES; one read at a time */
    int         spare_fd;    /* given up for a moment when the process has no more */
    uint64_t    id_state;
    int64_t     date_s;
    char        date_line[DATE_ROOM]; /* "Date: …\r\n" of date_s */
    bool        draining, cut_off, ended;
    uint64_t    drain_until; /* uv_now() */
};

/* Makes the loop ready, its thread not yet running; everything is undone on error. */
Err  loop_open(Loop *loop, Server *server, unsigned index) MUST_CHECK;
Err  loop_start(Loop *loop) MUST_CHECK;
void loop_join(Loop *loop);
void loop_close(Loop *loop); /* after its thread has ended, or when it was never started */
void loop_free(Loop *loop);  /* what exchange_post() may still have reached after that */
/* "Date: …\r\n", until the next call. */
Str loop_date_line(Loop *loop);
/* Called when a connection or an exchange has gone: stops the tick of an idle loop, ends a
 * draining one that has done all. */
void loop_check_idle(Loop *loop);

/* ---- connection ---- */

typedef enum Phase {
    PHASE_IDLE, /* between requests */
    PHASE_HEAD, /* part of a head is here, or the connection is new */
    PHASE_BODY,
    PHASE_WORK,  /* the application has the request */
    PHASE_SEND,  /* the client has not yet taken all of the answer */
    PHASE_LINGER /* the answer is out and sending is shut down; what still comes in is thrown away */
} Phase;

struct Connection {
    union {
        uv_stream_t stream;
        uv_tcp_t    tcp;
        uv_pipe_t   pipe;
    } handle;
    Loop         *loop;
    Connection   *previous, *next, *rests_next;
    Arrival       arrival; /* its fd is handle's now */
    Phase         phase;
    uint64_t      phase_start; /* uv_now() */
    bool          reading, advancing, ended_by_client, closing;
    bool          keep_alive, linger; /* what follows the answer */
    Exchange     *exchange;           /* of the request being read or answered */
    Reader        reader;
    size_t        scanned; /* by head_scan(), of the bytes not yet used */
    char         *input;   /* bytes read and not yet used: from input_from to input_end */
    size_t        input_from, input_end, input_capacity;
    size_t        lingered, send_size;
    uv_write_t    write;
    uv_shutdown_t shutdown;
};

void connection_open(Loop *loop, const Arrival *arrival);
void connection_close(Connection *connection);
/* Those that rest read on; called by the turn. */
void connections_resume(Loop *loop);
/* Closes connections that have been too slow; called by the tick. */
void connection_check_time(Connection *connection);
/* Closes it unless it is in the middle of something. */
void connection_drain(Connection *connection);
/* Sends the answer of its exchange: the parts one after the other. */
void connection_send(Connection *connection, uv_buf_t parts[2], unsigned count);
/* An answer in pieces is to follow. */
void connection_begin_pieces(Connection *connection);
/* Sends a piece of it, the parts one after the other; exchange_piece_sent() follows. */
void connection_send_piece(Connection *connection, const uv_buf_t *parts, unsigned count);
/* Its answer is out: on to the next request, or the end. */
void connection_next(Connection *connection);

/* ---- exchange ---- */

enum { CHUNK_LINE_ROOM = 32 };

struct Exchange {
    Loop       *loop;
    Connection *connection; /* NULL: the client is gone */
    Exchange   *previous, *next;
    Arena      *arena;
    Head        head;
    Str         path, query;
    char        peer[PEER_TEXT];
    bool        secure, from_unix;
    char        id[16];
    int64_t     arrived_ms;
    char       *body;
    size_t      body_length, body_capacity, body_max;
    BodySink    sink;         /* takes the body instead of memory */
    size_t      answer_taken; /* bytes counted while the answer is being sent */
    Producer    producer;     /* of an answer in pieces, while it is being sent */
    bool        in_pieces, has_piece, last_piece;
    char        chunk_line[CHUNK_LINE_ROOM];
    bool        refused, replied, sent;
    bool        held; /* the application's code runs on it: it stays readable */
};

Exchange *exchange_new(Connection *connection);
/* Reads the head into the exchange; called once. */
Err exchange_read_head(Exchange *exchange, Reader *reader, Str head) MUST_CHECK;
/* A BodyTaker. */
Err  exchange_take_body(void *exchange, Str piece);
void exchange_handle(Exchange *exchange);
void exchange_refuse(Exchange *exchange, Err err);
/* Runs what was posted. */
void exchange_run(const Post *post);
/* A piece of the answer is out; or not, and the connection is closed. */
void exchange_piece_sent(Exchange *exchange);
/* All of the answer is out, or there is nobody left to send it to. */
void exchange_sent(Exchange *exchange);
void exchange_free(Exchange *exchange);

#endif
