#include "kernel/duties.h"

#include "kernel/authority.h"
#include "kernel/clock_steps.h"
#include "kernel/cosign.h"
#include "kernel/file_store.h"
#include "kernel/idempotency.h"
#include "kernel/job.h"
#include "kernel/notice.h"
#include "kernel/outbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DUTIES_MAX 16

/* clang-format off */
const Duty duties[] = {
    { "jobs", jobs_duty },
    { "jobs_sweep", jobs_sweep_duty },
    { "clocks", clock_duty },
    { "keys", idempotency_duty },
    { "outbox", outbox_duty },
    { "files", files_duty },
    { "notices", notice_duty },
    { "witnesses", cosign_duty },
    { "stamps", stamp_duty },
};
/* clang-format on */
const size_t duty_count = sizeof duties / sizeof duties[0];

typedef struct DutyThread {
    Duties     *all;
    const Duty *duty;
    Db         *db;
    pthread_t   thread;
    bool        started, woken;
    DutyStats   stats; /* under the mutex */
} DutyThread;

struct Duties {
    const City     *city;
    pthread_mutex_t mutex;
    pthread_cond_t  turn;
    atomic_bool     ends;
    DutyThread      threads[DUTIES_MAX];
};

bool duty_ends(const DutyRun *run) { return run->duties && atomic_load(&run->duties->ends); }

static void count_run(DutyThread *self, int64_t began_ms, bool failed)
{
    int64_t now = env_now(&self->all->city->env);
    pthread_mutex_lock(&self->all->mutex);
    self->stats.runs++;
    self->stats.failed += failed;
    self->stats.ended_ms = now;
    self->stats.took_ms = now - began_ms;
    pthread_mutex_unlock(&self->all->mutex);
}

DutyStats duty_stats(const City *city, size_t index)
{
    Duties   *all = city->duties;
    DutyStats stats = { 0 };
    if (!all)
        return stats;
    pthread_mutex_lock(&all->mutex);
    stats = all->threads[index].stats;
    pthread_mutex_unlock(&all->mutex);
    return stats;
}

/* Milliseconds of the city's clock until the duty runs again. */
static int64_t run_once(DutyThread *self)
{
    OWNED(arena) Arena *arena = arena_new();
    int64_t             now = env_now(&self->all->city->env);
    DutyRun             run = { .ctx = { .city = self->all->city, .db = self->db, .arena = arena, .now_ms = now },
                                .duties = self->all,
                                .next_ms = now + DUTY_AT_MOST_MS };
    Err                 err = self->duty->run(&run);
    count_run(self, now, err.kind && err.code != ECODE_SHUTTING_DOWN);
    if (err.kind && err.code != ECODE_SHUTTING_DOWN) {
        fprintf(stderr, "%s: %.*s: %s\n", self->duty->name, STR_FMT(err_row(err.code)->code), err.context);
        return DUTY_RETRY_MS;
    }
    return run.next_ms - env_now(&self->all->city->env);
}

static struct timespec time_in(int64_t ms)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += ms / 1000;
    time.tv_nsec += ms % 1000 * 1000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
}

static void wait_turn(DutyThread *self, int64_t ms)
{
    Duties         *all = self->all;
    struct timespec until = time_in(ms < 0 ? 0 : ms > DUTY_AT_MOST_MS ? DUTY_AT_MOST_MS : ms);
    int             result = 0;
    pthread_mutex_lock(&all->mutex);
    while (!self->woken && !atomic_load(&all->ends) && result == 0)
        result = pthread_cond_timedwait(&all->turn, &all->mutex, &until);
    self->woken = false;
    pthread_mutex_unlock(&all->mutex);
}

static void *thread_main(void *context)
{
    DutyThread *self = context;
    while (!atomic_load(&self->all->ends))
        wait_turn(self, run_once(self));
    return NULL;
}

static Err thread_start(Duties *all, size_t index)
{
    DutyThread *self = &all->threads[index];
    *self = (DutyThread){ .all = all, .duty = &duties[index] };
    TRY(city_reader(all->city, &self->db));
    if (pthread_create(&self->thread, NULL, thread_main, self) != 0)
        return err_make(ECODE_INTERNAL, "no thread for %s", self->duty->name);
    self->started = true;
    return ERR_OK;
}

Err duties_start(City *city)
{
    Duties            *all = mem_alloc(sizeof *all);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&all->mutex, NULL);
    pthread_cond_init(&all->turn, &attributes);
    pthread_condattr_destroy(&attributes);
    atomic_init(&all->ends, false);
    all->city = city;
    city->duties = all;
    Err err = duty_count <= DUTIES_MAX ? ERR_OK : err_make(ECODE_INTERNAL, "over %d duties", DUTIES_MAX);
    for (size_t i = 0; i < duty_count && !err.kind; i++)
        err = thread_start(all, i);
    if (err.kind)
        duties_stop(city);
    return err;
}

void duties_wake(const City *city, const char *name)
{
    Duties *all = city->duties;
    if (!all)
        return;
    pthread_mutex_lock(&all->mutex);
    for (size_t i = 0; i < duty_count; i++)
        if (!name || strcmp(duties[i].name, name) == 0)
            all->threads[i].woken = true;
    pthread_cond_broadcast(&all->turn);
    pthread_mutex_unlock(&all->mutex);
}

void duties_stop(City *city)
{
    Duties *all = city->duties;
    if (!all)
        return;
    pthread_mutex_lock(&all->mutex);
    atomic_store(&all->ends, true);
    pthread_cond_broadcast(&all->turn);
    pthread_mutex_unlock(&all->mutex);
    for (size_t i = 0; i < duty_count; i++) {
        if (all->threads[i].started)
            pthread_join(all->threads[i].thread, NULL);
        db_close(all->threads[i].db);
    }
    city->duties = NULL;
    pthread_mutex_destroy(&all->mutex);
    pthread_cond_destroy(&all->turn);
    free(all);
}
