#include "store/writer.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define EMPTY_AGAIN_MS 1000 /* while readers keep a log from being emptied that should be */

struct Writer {
    Db             *db;     /* the thread's alone */
    WriterFinish    finish; /* run NULL: none */
    pthread_t       thread;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t  wake;
    WriterJob      *first, *last;
    size_t          queue_max;
    bool            stopping;
    WriterStats     stats;
};

typedef struct Group { /* jobs of one transaction, in the order in which they ran */
    WriterJob *first, *last;
    size_t     count;
} Group;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- queue ---- */

static WriterJob *queue_pop(Writer *writer) /* NULL when nothing waits */
{
    pthread_mutex_lock(&writer->mutex);
    WriterJob *job = writer->first;
    if (job) {
        writer->first = job->next;
        if (!job->next)
            writer->last = NULL;
        writer->stats.waiting--;
    }
    pthread_mutex_unlock(&writer->mutex);
    return job;
}

static void group_add(Group *group, WriterJob *job)
{
    job->next = NULL;
    *(group->last ? &group->last->next : &group->first) = job;
    group->last = job;
    group->count++;
}

/* ---- one group ---- */

/* Runs a job so that its failure leaves no trace. An error of the return value means that the whole group failed. */
static Err run_job(Db *db, WriterJob *job)
{
    TRY(db_part_begin(db));
    job->err = job->run(db, job);
    TRY(db_lost(db));
    return job->err.kind ? db_part_undo(db) : db_part_keep(db);
}

/* Takes jobs into the group and runs them until one of the limits, or until nothing waits. */
static Err run_jobs(Writer *writer, Group *group)
{
    TRY(db_begin(writer->db));
    int64_t end_ms = now_ms() + WRITER_GROUP_MS;
    do {
        WriterJob *job = queue_pop(writer);
        if (!job)
            break;
        group_add(group, job);
        TRY(run_job(writer->db, job));
    } while (group->count < WRITER_GROUP && now_ms() < end_ms);
    if (writer->finish.run)
        TRY(writer->finish.run(writer->db, writer->finish.context));
    return db_commit(writer->db);
}

/* The transaction did not even begin. As many as it would have held are told, lest each
 * waits for a lock in its turn. */
static void take_unrun(Writer *writer, Group *group)
{
    WriterJob *job;
    while (group->count < WRITER_GROUP && (job = queue_pop(writer)))
        group_add(group, job);
}

static void count_group(Writer *writer, const Group *group)
{
    uint64_t failed = 0;
    for (const WriterJob *job = group->first; job; job = job->next)
        failed += job->err.kind != ERR_NONE;
    pthread_mutex_lock(&writer->mutex);
    WriterStats *stats = &writer->stats;
    stats->groups++;
    stats->jobs += group->count;
    stats->failed += failed;
    stats->longest_group = group->count > stats->longest_group ? group->count : stats->longest_group;
    stats->wal_pages = db_wal_pages(writer->db);
    pthread_mutex_unlock(&writer->mutex);
}

/* One transaction, then its answers. When it failed as a whole, that is the answer for each member: also for one that
 * was refused, because it may have been refused for what a member before it did, and that has not happened. */
static void run_group(Writer *writer)
{
    Group group = { 0 };
    Err   err = run_jobs(writer, &group);
    if (err.kind) {
        db_rollback(writer->db);
        if (!group.count)
            take_unrun(writer, &group);
        for (WriterJob *job = group.first; job; job = job->next)
            job->err = err;
    }
    count_group(writer, &group);
    for (WriterJob *job = group.first, *next; job; job = next) {
        next = job->next; /* done() may free the job */
        job->done(job, job->err);
    }
}

/* ---- the thread ---- */

/* Failing to move the log harms no answer: what is in the log is safe, and the next group tries again. */
static void checkpoint(Writer *writer, DbCheckpoint how)
{
    Err err = db_checkpoint(writer->db, how);
    (void)err;
    pthread_mutex_lock(&writer->mutex);
    writer->stats.wal_pages = db_wal_pages(writer->db);
    pthread_mutex_unlock(&writer->mutex);
}

static bool overlong(const Writer *writer) { return db_wal_pages(writer->db) > DB_WAL_PAGES_MAX; }

/* Is there a log that should be no more? */
static bool must_empty(const Writer *writer) { return overlong(writer) || db_holds_erased(writer->db); }

static void checkpoint_when_due(Writer *writer)
{
    if (db_holds_erased(writer->db) || db_wal_backlog(writer->db) > DB_CHECKPOINT_PAGES)
        checkpoint(writer, must_empty(writer) ? DB_CHECKPOINT_EMPTY : DB_CHECKPOINT_PASSIVE);
}

/* Sleeps until a job waits or the end has come; with a log to empty, until it is worth trying again. */
static void sleep_until_needed(Writer *writer, bool try_again)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += EMPTY_AGAIN_MS / 1000;
    int woken = 0;
    while (!writer->first && !writer->stopping && woken == 0)
        woken = try_again ? pthread_cond_timedwait(&writer->wake, &writer->mutex, &until)
                          : pthread_cond_wait(&writer->wake, &writer->mutex);
}

typedef enum Need { NEED_NOTHING, NEED_GROUP, NEED_END } Need;

static Need await_need(Writer *writer, bool try_again)
{
    pthread_mutex_lock(&writer->mutex);
    if (!writer->first && !writer->stopping)
        sleep_until_needed(writer, try_again);
    Need need = writer->first ? NEED_GROUP : writer->stopping ? NEED_END : NEED_NOTHING;
    pthread_mutex_unlock(&writer->mutex);
    return need;
}

static void *writer_main(void *arg)
{
    Writer *writer = arg;
    db_erased(writer->db); /* the log of a process that was killed */
    checkpoint_when_due(writer);
    for (;;) {
        switch (await_need(writer, must_empty(writer))) {
        case NEED_END: return NULL;
        case NEED_GROUP:
            run_group(writer);
            checkpoint_when_due(writer);
            break;
        case NEED_NOTHING: checkpoint(writer, DB_CHECKPOINT_EMPTY); break;
        }
    }
}

/* ---- public ---- */

/* Signals stay with the thread that started us, which knows what to do with them. */
static int start_thread(Writer *writer)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&writer->thread, NULL, writer_main, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

static void writer_free(Writer *writer)
{
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->mutex);
    free(writer);
}

Err writer_start(Db *db, size_t queue_max, const WriterFinish *finish, Writer **out)
{
    Writer *writer = mem_alloc(sizeof *writer);
    *writer = (Writer){ .db = db, .queue_max = queue_max };
    if (finish)
        writer->finish = *finish;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&writer->mutex, NULL);
    db_checkpoint_by_hand(db);
    int result = start_thread(writer);
    if (result != 0) {
        writer_free(writer);
        return err_make(ECODE_BUSY, "starting the writer's thread: %s", strerror(result));
    }
    *out = writer;
    return ERR_OK;
}

Err writer_submit(Writer *writer, WriterJob *job)
{
    Err err = ERR_OK;
    pthread_mutex_lock(&writer->mutex);
    if (writer->stopping) {
        err = err_make(ECODE_SHUTTING_DOWN, "");
    } else if (writer->stats.waiting >= writer->queue_max) {
        err = err_make(ECODE_BUSY, "%zu changes wait", writer->stats.waiting);
    } else {
        job->next = NULL;
        if (!writer->first)
            pthread_cond_signal(&writer->wake); /* it sleeps only when nothing waits */
        *(writer->first ? &writer->last->next : &writer->first) = job;
        writer->last = job;
        writer->stats.waiting++;
    }
    pthread_mutex_unlock(&writer->mutex);
    return err;
}

struct WriterTicket {
    WriterJob       job; /* the queue's view; first, so that a pointer to it is a pointer to the whole */
    WriterJob      *inner;
    pthread_mutex_t mutex;
    pthread_cond_t  wake;
    bool            finished;
    Err             err;
};

static Err ticket_run(Db *db, WriterJob *job)
{
    WriterJob *inner = ((WriterTicket *)job)->inner;
    return inner->run(db, inner);
}

static void ticket_done(WriterJob *job, Err err)
{
    WriterTicket *ticket = (WriterTicket *)job;
    pthread_mutex_lock(&ticket->mutex);
    ticket->finished = true;
    ticket->err = err;
    pthread_cond_signal(&ticket->wake);
    pthread_mutex_unlock(&ticket->mutex);
}

static void ticket_free(WriterTicket *ticket)
{
    pthread_cond_destroy(&ticket->wake);
    pthread_mutex_destroy(&ticket->mutex);
    free(ticket);
}

Err writer_begin(Writer *writer, WriterJob *job, WriterTicket **out)
{
    WriterTicket *ticket = mem_alloc(sizeof *ticket);
    *ticket = (WriterTicket){ .job = { .run = ticket_run, .done = ticket_done }, .inner = job };
    pthread_mutex_init(&ticket->mutex, NULL);
    pthread_cond_init(&ticket->wake, NULL);
    Err err = writer_submit(writer, &ticket->job);
    if (err.kind)
        ticket_free(ticket);
    else
        *out = ticket;
    return err;
}

Err writer_end(WriterTicket *ticket)
{
    pthread_mutex_lock(&ticket->mutex);
    while (!ticket->finished)
        pthread_cond_wait(&ticket->wake, &ticket->mutex);
    pthread_mutex_unlock(&ticket->mutex);
    Err err = ticket->err;
    ticket_free(ticket);
    return err;
}

Err writer_run(Writer *writer, WriterJob *job)
{
    WriterTicket *ticket = NULL;
    TRY(writer_begin(writer, job, &ticket));
    return writer_end(ticket);
}

void writer_stop(Writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_lock(&writer->mutex);
    writer->stopping = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    db_close(writer->db);
    writer_free(writer);
}

WriterStats writer_stats(Writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    WriterStats stats = writer->stats;
    pthread_mutex_unlock(&writer->mutex);
    return stats;
}

void writer_watch_slow(Writer *writer, const DbSlow *slow) { db_watch_slow(writer->db, slow); }
