#include "web/long_read.h"

#include "base/limits.h"
#include "web/dispatch.h"

#include <stdlib.h>

typedef struct LongRead LongRead;
struct LongRead {
    Call *call;
    Err (*run)(Call *copy, void *context, Problems *problems);
    void *context;
    void (*then)(Call *call, Err err, const Problems *problems);
    Problems  problems; /* in the call's arena, which the call leaves alone meanwhile */
    Err       err;
    LongRead *next;
};

struct LongReads {
    const City     *city;
    pthread_mutex_t mutex;
    pthread_cond_t  more;
    LongRead       *first, **last;
    size_t          waiting;
    bool            started;
    atomic_bool     ends;
    pthread_t       thread;
};

LongReads *long_reads_new(const City *city)
{
    LongReads *reads = mem_alloc(sizeof *reads);
    reads->city = city;
    reads->last = &reads->first;
    atomic_init(&reads->ends, false);
    pthread_mutex_init(&reads->mutex, NULL);
    pthread_cond_init(&reads->more, NULL);
    return reads;
}

/* ---- the thread ---- */

static Err read_one(LongRead *read, Db *db)
{
    OWNED(arena) Arena *arena = arena_new();
    Transport           transport = *read->call->transport;
    Call                copy = *read->call;
    copy.ctx.db = db;
    copy.ctx.arena = arena;
    copy.transport = &transport;
    transport.snapshot = false;
    return read->run(&copy, read->context, &read->problems);
}

static void go_home(LongRead *read)
{
    App *app = read->call->app;
    call_resume(read->call);
    app_comes_home(app);
}

/* The next one that waits; NULL at the end, when none does. */
static LongRead *take(LongReads *reads)
{
    pthread_mutex_lock(&reads->mutex);
    while (!reads->first && !atomic_load(&reads->ends))
        pthread_cond_wait(&reads->more, &reads->mutex);
    LongRead *read = reads->first;
    if (read) {
        reads->first = read->next;
        reads->waiting--;
        if (!reads->first)
            reads->last = &reads->first;
    }
    pthread_mutex_unlock(&reads->mutex);
    return read;
}

static void *thread_main(void *context)
{
    LongReads *reads = context;
    for (LongRead *read; (read = take(reads));) {
        Db *db = NULL;
        read->err = city_reader(reads->city, &db);
        if (!read->err.kind)
            read->err = read_one(read, db);
        db_close(db);
        go_home(read);
    }
    return NULL;
}

void long_reads_free(LongReads *reads)
{
    if (!reads)
        return;
    pthread_mutex_lock(&reads->mutex);
    atomic_store(&reads->ends, true);
    pthread_cond_broadcast(&reads->more);
    pthread_mutex_unlock(&reads->mutex);
    if (reads->started)
        pthread_join(reads->thread, NULL);
    pthread_mutex_destroy(&reads->mutex);
    pthread_cond_destroy(&reads->more);
    free(reads);
}

/* ---- asking ---- */

static Err submit(LongReads *reads, LongRead *read)
{
    Err err = ERR_OK;
    pthread_mutex_lock(&reads->mutex);
    if (!reads->started && pthread_create(&reads->thread, NULL, thread_main, reads) != 0)
        err = err_make(ECODE_BUSY, "no thread");
    else
        reads->started = true;
    if (!err.kind && reads->waiting == LIMIT_LONG_READS)
        err = err_make(ECODE_BUSY, "%d long reads wait", LIMIT_LONG_READS);
    if (!err.kind) {
        reads->waiting++;
        *reads->last = read;
        reads->last = &read->next;
        pthread_cond_signal(&reads->more);
    }
    pthread_mutex_unlock(&reads->mutex);
    return err;
}

static void resume(Call *call)
{
    LongRead *read = call->transport->lent;
    read->then(call, read->err, &read->problems);
}

void call_long_read(Call *call, Err (*run)(Call *copy, void *context, Problems *problems), void *context,
                    void (*then)(Call *call, Err err, const Problems *problems))
{
    LongRead *read = ARENA_NEW(call->ctx.arena, LongRead);
    *read = (LongRead){ .call = call, .run = run, .context = context, .then = then, .problems = call_problems(call) };
    call->transport->lent = read;
    app_goes_abroad(call->app);
    call_leave(call, resume);
    read->err = submit(call->app->long_reads, read);
    if (read->err.kind)
        go_home(read);
}

bool long_read_ends(const Call *copy) { return atomic_load(&copy->app->long_reads->ends); }
