/* store/writer.h: the one thread that writes, with group commit.
 *
 * Jobs wait in a bounded queue. The writer takes what waits, at most WRITER_GROUP jobs or WRITER_GROUP_MS of work, runs
 * each under its own savepoint, commits once, and only then answers each by its done(). A job that fails is rolled back
 * alone. When an error has ended the whole transaction (disk full), every member of the group fails with
 * ECODE_STORE_FULL or ECODE_BUSY, whichever it was: also one that had been refused, since what it was refused for may
 * not have happened. Nothing waits for company: a single job commits at once. Every job that was taken gets exactly one
 * done(). The writer also checkpoints the write-ahead log, after it has answered, and empties it after a job that
 * called db_erased(), as soon as no reader is in the way. */
#ifndef FM_STORE_WRITER_H
#define FM_STORE_WRITER_H

#include "store/store.h"

#define WRITER_GROUP    256
#define WRITER_GROUP_MS 10

typedef struct Writer    Writer;
typedef struct WriterJob WriterJob;
struct WriterJob {
    Err (*run)(Db        *db,
               WriterJob *job); /* on the writer's thread, inside a savepoint; only the database, no other effect */
    void (*done)(WriterJob *job,
                 Err        err); /* on the writer's thread, after COMMIT has returned (or the job has failed) */
    WriterJob *next;       /* the queue's */
    Err        err;        /* the queue's */
};

typedef struct WriterStats {
    uint64_t groups, jobs, failed; /* since the start; failed jobs are among the jobs */
    uint64_t longest_group;        /* in jobs */
    size_t   waiting;              /* not yet taken into a group */
    int64_t  wal_pages;            /* pages in the write-ahead log after the last group */
} WriterStats;

/* What is done once for all jobs of a group: called in its transaction when they have run; its error is that of the
 * whole group. */
typedef struct WriterFinish {
    Err (*run)(Db *db, const void *context);
    const void *context;
} WriterFinish;

/* Takes db over (and closes it in writer_stop). queue_max as LIMIT_WRITE_QUEUE. finish: NULL for none. */
Err writer_start(Db *db, size_t queue_max, const WriterFinish *finish, Writer **out) MUST_CHECK;
/* Takes the job until its done(). ECODE_BUSY when the queue is full, ECODE_SHUTTING_DOWN after writer_stop began;
 * done() is then not called. */
Err writer_submit(Writer *writer, WriterJob *job) MUST_CHECK;
/* Submits and waits; for the command line. The answer is the return value: job->done is not called. */
Err writer_run(Writer *writer, WriterJob *job) MUST_CHECK;
/* The same in two halves, for who has other work meanwhile; after an error of the first there is no second. */
typedef struct WriterTicket WriterTicket;
Err                         writer_begin(Writer *writer, WriterJob *job, WriterTicket **out) MUST_CHECK;
Err         writer_end(WriterTicket *ticket) MUST_CHECK; /* waits for the answer, and frees the ticket */
void        writer_stop(Writer *writer);                 /* finishes what waits; NULL does nothing; not from done() */
WriterStats writer_stats(Writer *writer);
void        writer_watch_slow(Writer *writer, const DbSlow *slow); /* db_watch_slow() of its connection */

#endif
