#include "web/aside.h"

#include "base/limits.h"
#include "web/dispatch.h"

#include <stdlib.h>

typedef struct AsideWork AsideWork;
struct AsideWork {
    Call *call;
    Err (*run)(Call *copy, void *context, Problems *problems);
    void *context;
    void (*then)(Call *call, Err err, const Problems *problems);
    Problems   problems; /* in the call's arena, which the call leaves alone meanwhile */
    Err        err;
    AsideWork *next;
};

struct Aside {
    const City     *city;
    AsideKind       kind;
    pthread_mutex_t mutex;
    pthread_cond_t  more;
    AsideWork      *first, **last;
    size_t          waiting;
    bool            started;
    atomic_bool     ends;
    pthread_t       thread;
};

Aside *aside_new(const City *city, AsideKind kind)
{
    Aside *aside = mem_alloc(sizeof *aside);
    aside->city = city;
    aside->kind = kind;
    aside->last = &aside->first;
    atomic_init(&aside->ends, false);
    pthread_mutex_init(&aside->mutex, NULL);
    pthread_cond_init(&aside->more, NULL);
    return aside;
}

/* ---- the thread ---- */

static Err work_on(const Aside *aside, AsideWork *work)
{
    OWNED(arena) Arena *arena = arena_new();
    OWNED(db) Db       *db = NULL;
    Transport           transport = *work->call->transport;
    Call                copy = *work->call;
    if (aside->kind != ASIDE_FILE)
        TRY(city_reader(aside->city, &db));
    copy.ctx.db = db;
    copy.ctx.arena = arena;
    copy.transport = &transport;
    transport.snapshot = false;
    return work->run(&copy, work->context, &work->problems);
}

static void go_home(AsideWork *work)
{
    App *app = work->call->app;
    call_resume(work->call);
    app_comes_home(app);
}

/* The next one that waits; NULL at the end, when none does. */
static AsideWork *take(Aside *aside)
{
    pthread_mutex_lock(&aside->mutex);
    while (!aside->first && !atomic_load(&aside->ends))
        pthread_cond_wait(&aside->more, &aside->mutex);
    AsideWork *work = aside->first;
    if (work) {
        aside->first = work->next;
        aside->waiting--;
        if (!aside->first)
            aside->last = &aside->first;
    }
    pthread_mutex_unlock(&aside->mutex);
    return work;
}

static void *thread_main(void *context)
{
    Aside *aside = context;
    for (AsideWork *work; (work = take(aside));) {
        work->err = work_on(aside, work);
        go_home(work);
    }
    return NULL;
}

void aside_free(Aside *aside)
{
    if (!aside)
        return;
    pthread_mutex_lock(&aside->mutex);
    atomic_store(&aside->ends, true);
    pthread_cond_broadcast(&aside->more);
    pthread_mutex_unlock(&aside->mutex);
    if (aside->started)
        pthread_join(aside->thread, NULL);
    pthread_mutex_destroy(&aside->mutex);
    pthread_cond_destroy(&aside->more);
    free(aside);
}

/* ---- asking ---- */

static const size_t waiting_max[ASIDE_KINDS] = {
    [ASIDE_READ] = LIMIT_ASIDE,
    [ASIDE_FILE] = LIMIT_ASIDE,
    [ASIDE_SIGN] = LIMIT_SIGN_QUEUE, /* one signature serves all who wait */
};

static Err submit(Aside *aside, AsideWork *work)
{
    Err err = ERR_OK;
    pthread_mutex_lock(&aside->mutex);
    if (!aside->started && pthread_create(&aside->thread, NULL, thread_main, aside) != 0)
        err = err_make(ECODE_BUSY, "no thread");
    else
        aside->started = true;
    if (!err.kind && aside->waiting == waiting_max[aside->kind])
        err = err_make(ECODE_BUSY, "%zu pieces of work wait", aside->waiting);
    if (!err.kind) {
        aside->waiting++;
        *aside->last = work;
        aside->last = &work->next;
        pthread_cond_signal(&aside->more);
    }
    pthread_mutex_unlock(&aside->mutex);
    return err;
}

static void resume(Call *call)
{
    AsideWork *work = call->transport->lent;
    work->then(call, work->err, &work->problems);
}

void call_aside(Call *call, AsideKind kind, Err (*run)(Call *copy, void *context, Problems *problems), void *context,
                void (*then)(Call *call, Err err, const Problems *problems))
{
    AsideWork *work = ARENA_NEW(call->ctx.arena, AsideWork);
    *work = (AsideWork){ .call = call, .run = run, .context = context, .then = then, .problems = call_problems(call) };
    call->transport->lent = work;
    app_goes_abroad(call->app);
    call_leave(call, resume);
    Err err = submit(call->app->asides[kind], work); /* from here on the work is the thread's, its error too */
    if (!err.kind)
        return;
    work->err = err;
    go_home(work);
}

bool aside_ends(const Call *copy) { return atomic_load(&copy->app->asides[ASIDE_READ]->ends); }
