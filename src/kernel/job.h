/* kernel/job.h: long work of the city that somebody started, and may follow, cancel and take up again.
 *
 * A job is a record of the pack's type `job`: of what kind, about which type, from which file and in which language,
 * how it stands, and at its end what came of it. Its steps are actions: whoever started it takes create, cancel and
 * resume; the city takes start, finish and fail.
 *
 * Cursor   how far it is stands in the operational table job_progress. A batch of its work and the cursor behind it are
 *          one transaction: a job that was cut off goes on from there, nothing is done twice and nothing left out.
 * Turns    at most JOBS_OPEN jobs of a city are open, the oldest of each person, oldest first, and take turns of one
 *          batch each: whoever has begun many holds up nobody but themself.
 * Yields   a batch is kept to about JOB_BATCH_MS of the writer (JOB_ALONE_MS where nobody is served), less while people
 *          change records (job_batch_rows), and is not handed over while changes of theirs wait there, for JOB_YIELD_MS
 *          at most.
 * Rights   the starter's, in the membership of the start, asked anew for each batch; a job whose membership has ended
 *          fails with that reason.
 * Cancel   a batch asks inside its transaction whether its job is still running: after a cancel none comes.
 * Errors   what the file or the starter has to mend fails the job with its reason. When the city is busy or its disk
 *          full the job stays as it is, and is taken up later. */
#ifndef FM_KERNEL_JOB_H
#define FM_KERNEL_JOB_H

#include "kernel/act.h"
#include "kernel/duties.h"

#define JOBS_OPEN    4
#define JOB_BATCH_MS 25  /* of the writer, when nobody waits for it */
#define JOB_ALONE_MS 300 /* the same where nobody can: in a process that serves nobody */
#define JOB_YIELD_MS 100 /* longer a batch does not wait for people's changes: both come forward */

typedef struct JobProgress {
    int64_t total;                              /* units of work there are; -1: not known yet */
    int64_t done;                               /* units behind the cursor */
    int64_t added, updated, unchanged, refused; /* records, of these */
} JobProgress;

typedef struct JobKind JobKind;

typedef struct JobRun { /* an open job, between its turns */
    const JobKind *kind;
    Ctx            ctx;      /* as who started it; the arena is emptied before each turn */
    Arena         *arena;    /* lives as long as the job is open; holds what follows */
    Record         job;      /* as it stood when it was opened */
    JobProgress    progress; /* as committed */
    Problems      *problems; /* what goes with an error of open or step */
    size_t         rows;     /* see job_batch_rows() */
    Actor          actor;    /* loaded anew for each turn; copy it for what outlives the turn */
    void          *state;    /* the kind's own */
} JobRun;

struct JobKind {
    Str name; /* code of the field `kind` */
    Err (*open)(JobRun *run);
    Err (*step)(JobRun *run, bool *ended); /* one batch */
    void (*close)(JobRun *run);            /* what open made, also after an error of it; waits for what is under way */
};

/* ---- for kinds: a batch on its way to the writer ---- */

typedef struct JobBatch {
    WriterJob     job;
    WriterTicket *ticket; /* NULL: not under way */
    JobRun       *run;
    Err (*write)(Db *db, struct JobBatch *batch); /* in the batch's savepoint; an error undoes all of it */
    JobProgress after;                            /* what is committed with it; write may still count */
    int64_t     took_ms;                          /* of the writer's processor */
    size_t      waited;                           /* changes of people that waited beside it */
} JobBatch;

/* Waits while people's changes wait, then submits; batch lives until job_end(). */
Err job_begin(JobBatch *batch) MUST_CHECK;
/* The answer: run->progress is then `after`. ECODE_JOB_STOPPED when the job is no longer running. */
Err job_end(JobBatch *batch) MUST_CHECK;
/* How many units the next batch should take: fewer while people change records, so that each of them waits little. */
size_t job_batch_rows(const JobRun *run);
/* The words in the starter's language. */
Lang job_lang(const Record *job);
/* A field of the job by its name; missing when it has none. */
Value job_value(const Record *job, const char *field);

/* ---- running ---- */

/* A row of duties[]: the jobs of the city, until none is left. */
Err jobs_duty(DutyRun *run) MUST_CHECK;
/* Another: what jobs have left behind goes after a while (kernel/import.h). */
Err jobs_sweep_duty(DutyRun *run) MUST_CHECK;
/* Runs one job in this thread until it has ended; without a server. watch is called after each turn and may say false:
 * the job then stays as it is, and can be run again. Errors are those for which jobs_duty() would try again. */
typedef bool (*JobWatch)(void *context, const JobProgress *progress);
Err job_run(const Ctx *ctx, Str id, JobWatch watch, void *context) MUST_CHECK;

/* Checks a record of the type `job` before it is made: kind and type are known, the file is one that the person has
 * sent, and not too many of theirs wait. */
Err job_check(const Ctx *ctx, const Record *job, Problems *problems) MUST_CHECK;
/* All zero, with total -1, before it began. */
Err job_progress(const Ctx *ctx, Str id, JobProgress *out) MUST_CHECK;

#endif
