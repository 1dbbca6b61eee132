/* web/dispatch.h: from a request to its endpoint and from the reply to the wire. Private to web/.
 *
 * Every request goes the same way, whatever brought it: address and method (404, 405), who asks
 * (identify.h), permission (401, 404), cross-site rules (origin.h, 403), media type (415), query (422), body
 * (400, 422), handler, reply. */
#ifndef FM_WEB_DISPATCH_H
#define FM_WEB_DISPATCH_H

#include "kernel/rate.h"
#include "web/app.h"
#include "web/aside.h"
#include "web/endpoints.h"

#include <pthread.h>
#include <stdatomic.h>

#define LOOPS_MAX 256

/* One thread that serves calls: its connection, and what it has counted, which /metrics reads from other threads. */
#define STATUS_CLASSES 6 /* index: status / 100 */
#define TIME_BUCKETS   8 /* see time_bounds_ms in dispatch.c; the last has no bound */
typedef struct Loop {
    Db              *db;
    _Atomic uint64_t replies[STATUS_CLASSES];
    _Atomic uint64_t times[TIME_BUCKETS];
    _Atomic uint64_t time_us;
} Loop;
extern const int64_t time_bounds_ms[TIME_BUCKETS - 1];

struct App {
    AppConfig         config;
    Arena            *arena;
    const Look       *look;
    SignInQueue      *passwords;
    SignInGate       *gate;
    Aside            *asides[ASIDE_KINDS];
    Rate             *filters; /* of persons whose filters were stopped, LIMIT_COSTLY_FILTERS */
    _Atomic(Server *) server;  /* from app_serve() to app_free() */
    atomic_bool       stopped;
    const AppServe   *serve;
    Loop             *loops[LOOPS_MAX];
    _Atomic unsigned  loop_count;
    pthread_mutex_t   mutex; /* guards abroad */
    pthread_cond_t    home;
    size_t            abroad; /* pieces of work that other threads hold for calls */
};

/* What of a call's time went where, for the log. A page that is made asks the database, too. */
typedef struct Spent {
    int64_t parse_us;  /* until it was known what is asked, by whom, and that they may */
    int64_t queue_us;  /* with other threads: the writer, the disk, long reads, passwords */
    int64_t sql_us;    /* in statements of the loop's own connection */
    int64_t render_us; /* making the page */
} Spent;

/* How a call waits and is resumed, and where its headers come from. */
typedef struct Transport {
    Exchange *exchange; /* NULL: a request of this process, below */
    Loop     *loop;
    void (*resume)(Call *call);
    void             *lent; /* web/wait.c: what another thread holds */
    const AppRequest *request;
    struct Body      *body;  /* of a request of this process: staged */
    pthread_mutex_t   mutex; /* guards resumed */
    pthread_cond_t    wake;
    bool              resumed;
    bool              waiting; /* between a call_write() or the like and its `then` */
    bool    committed; /* something of this call stands on the disk; set on the writer's thread before it hands back */
    bool    snapshot;
    int64_t start_us, left_us; /* monotonic */
    Spent   spent;
} Transport;

void   dispatch_exchange(Exchange *exchange, void *app);
void   dispatch_refuse(Exchange *exchange, Err err, void *app);
size_t dispatch_body_max(const Exchange *head, void *app);
Err    dispatch_body_begin(Exchange *head, void *app, BodySink *out) MUST_CHECK;

/* Used by web/stream.c. The snapshot of one step; and the end of a call, for the log and the figures. */
Err     call_snapshot_open(Call *call) MUST_CHECK;
void    call_snapshot_close(Call *call);
void    call_ended(const Call *call);
int64_t monotonic_us(void);

/* Used by web/wait.c: the call goes to another thread, and resume(call) runs on its own when that
 * thread calls call_resume(). */
void call_leave(Call *call, void (*resume)(Call *call));
void call_resume(Call *call); /* from any thread; the call may be gone afterwards */

/* Work that keeps the app from ending: writer jobs and password jobs. */
void app_goes_abroad(App *app);
void app_comes_home(App *app);
void app_wait_home(App *app);

#endif
