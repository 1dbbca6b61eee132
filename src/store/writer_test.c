#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "store/testing/fault_disk.h"
#include "store/testing/ledger.h"
#include "store/testing/scratch.h"
#include "store/writer.h"

#define JOBS_MAX 2000

/* One world for each test: a writer over an empty ledger, and the answers in their order. */
typedef struct World {
    Scratch *scratch;
    char     path[512];
    Writer  *writer;
    sem_t    told; /* one for each answer */
    sem_t    gate; /* a gate job waits here */
    sem_t    at_gate;
    size_t   answers;
    int64_t  order[JOBS_MAX]; /* numbers as they were answered; the writer's thread alone writes */
} World;

typedef struct Job {
    WriterJob job; /* first */
    World    *world;
    int64_t   number;
    Str       script; /* run as well, when not empty */
    ErrCode   refuse; /* ends with this error, after it has written */
    uint64_t  group;  /* groups before the one that it ran in */
    int       answers;
    Err       answer;
} Job;

static Err job_run(Db *db, WriterJob *base)
{
    Job *job = (Job *)base;
    job->group = writer_stats(job->world->writer).groups;
    TRY(ledger_add(db, job->number));
    if (job->script.len)
        TRY(db_script(db, job->script));
    return job->refuse ? err_make(job->refuse, "number %lld", (long long)job->number) : ERR_OK;
}

static void job_done(WriterJob *base, Err err)
{
    Job   *job = (Job *)base;
    World *world = job->world;
    job->answer = err;
    job->answers++;
    world->order[world->answers++ % JOBS_MAX] = job->number;
    sem_post(&world->told);
}

static Job job_of(World *world, int64_t number)
{
    return (Job){ .job = { .run = job_run, .done = job_done }, .world = world, .number = number };
}

/* Writes nothing, and holds the writer inside its transaction until the gate opens: what is
 * submitted meanwhile waits. */
static Err gate_run(Db *db, WriterJob *base)
{
    (void)db;
    World *world = ((Job *)base)->world;
    sem_post(&world->at_gate);
    sem_wait(&world->gate);
    return ERR_OK;
}

static Job gate_of(World *world)
{
    Job gate = job_of(world, 0);
    gate.job.run = gate_run;
    return gate;
}

static void await(World *world, size_t answers)
{
    for (size_t i = 0; i < answers; i++)
        while (sem_wait(&world->told) != 0)
            continue;
}

static void assert_done(Err err)
{
    if (err.kind)
        fail_msg("%.*s: %s", STR_FMT(err_row(err.code)->code), err.context);
}

static void assert_answer(const Job *job, ErrCode code)
{
    assert_int_equal(job->answers, 1);
    if (job->answer.code != code)
        fail_msg("number %lld: expected %.*s, got %.*s: %s", (long long)job->number, STR_FMT(err_row(code)->code),
                 STR_FMT(err_row(job->answer.code)->code), job->answer.context);
}

static void start_writer(World *world, size_t queue_max)
{
    Db *db = NULL;
    assert_done(db_open(str_from(world->path), DB_WRITE, &db));
    assert_done(writer_start(db, queue_max, NULL, &world->writer));
}

static World *world_new(void)
{
    World *world = mem_alloc(sizeof *world);
    world->scratch = scratch_new();
    Str path = scratch_path(world->scratch, "ledger");
    memcpy(world->path, path.ptr, path.len + 1);
    assert_done(ledger_make(path));
    sem_init(&world->told, 0, 0);
    sem_init(&world->gate, 0, 0);
    sem_init(&world->at_gate, 0, 0);
    return world;
}

static int world_setup(void **state)
{
    World *world = world_new();
    start_writer(world, LIMIT_WRITE_QUEUE);
    *state = world;
    return 0;
}

static int quiet_world_setup(void **state) /* without a writer: for tests that fork or start their own */
{
    *state = world_new();
    return 0;
}

static int world_teardown(void **state)
{
    World *world = *state;
    writer_stop(world->writer);
    sem_destroy(&world->told);
    sem_destroy(&world->gate);
    sem_destroy(&world->at_gate);
    scratch_free(world->scratch);
    free(world);
    return 0;
}

static LedgerState ledger_state(World *world)
{
    LedgerState state;
    Db         *db = NULL;
    assert_done(db_open(str_from(world->path), DB_READ, &db));
    assert_done(ledger_check(db, &state));
    db_close(db);
    return state;
}

static bool ledger_holds(World *world, int64_t number)
{
    bool holds = false;
    Db  *db = NULL;
    assert_done(db_open(str_from(world->path), DB_READ, &db));
    assert_done(ledger_has(db, number, &holds));
    db_close(db);
    return holds;
}

/* ---- order and groups ---- */

static void jobs_are_answered_in_their_order(void **state)
{
    World *world = *state;
    Job   *jobs = calloc(JOBS_MAX, sizeof *jobs);
    for (int64_t i = 0; i < JOBS_MAX; i++) {
        jobs[i] = job_of(world, i + 1);
        assert_done(writer_submit(world->writer, &jobs[i].job));
    }
    await(world, JOBS_MAX);
    for (int64_t i = 0; i < JOBS_MAX; i++) {
        assert_int_equal(world->order[i], i + 1);
        assert_answer(&jobs[i], ECODE_OK);
    }
    LedgerState seen = ledger_state(world);
    assert_true(seen.intact);
    assert_int_equal(seen.entries, JOBS_MAX);
    free(jobs);
}

/* Submits count jobs while a gate job holds the writer, so that they make groups of known size, and waits for all. */
static void submit_together(World *world, Job *jobs, size_t count)
{
    Job gate = gate_of(world);
    assert_done(writer_submit(world->writer, &gate.job));
    while (sem_wait(&world->at_gate) != 0)
        continue;
    for (size_t i = 0; i < count; i++)
        assert_done(writer_submit(world->writer, &jobs[i].job));
    assert_int_equal(writer_stats(world->writer).waiting, count);
    sem_post(&world->gate);
    await(world, count + 1);
    assert_int_equal(gate.answers, 1); /* as its group's: it may share in a failure */
}

static void what_waits_is_committed_together(void **state)
{
    World *world = *state;
    Job    jobs[40];
    for (size_t i = 0; i < 40; i++)
        jobs[i] = job_of(world, (int64_t)i + 1);
    submit_together(world, jobs, 40);
    WriterStats stats = writer_stats(world->writer);
    assert_int_equal(stats.jobs, 41);
    assert_int_equal(stats.failed, 0);
    assert_int_equal(stats.waiting, 0);
    assert_in_range(stats.groups, 1,
                    10); /* one or two, unless the machine takes longer than WRITER_GROUP_MS in the midst */
    assert_in_range(stats.longest_group, 5, 41);
    assert_true(stats.wal_pages > 0);
}

static void a_group_has_its_limit(void **state)
{
    World *world = *state;
    size_t count = 3 * WRITER_GROUP;
    Job   *jobs = calloc(count, sizeof *jobs);
    for (size_t i = 0; i < count; i++)
        jobs[i] = job_of(world, (int64_t)i + 1);
    submit_together(world, jobs, count);
    WriterStats stats = writer_stats(world->writer);
    assert_in_range(stats.longest_group, 2, WRITER_GROUP);
    assert_true(stats.groups > 3);
    assert_int_equal(ledger_state(world).entries, count);
    free(jobs);
}

static void a_single_job_does_not_wait_for_company(void **state)
{
    World *world = *state;
    for (int64_t i = 1; i <= 5; i++) {
        Job job = job_of(world, i);
        assert_done(writer_run(world->writer, &job.job));
        assert_int_equal(job.answers, 0); /* the caller has the answer instead */
        assert_int_equal(writer_stats(world->writer).groups, i);
    }
    Job twice = job_of(world, 5);
    assert_int_equal(writer_run(world->writer, &twice.job).code, ECODE_STORE_CONSTRAINT);
}

static void a_failing_job_is_rolled_back_alone(void **state)
{
    World *world = *state;
    Job    jobs[30];
    for (size_t i = 0; i < 30; i++) {
        jobs[i] = job_of(world, (int64_t)i + 1);
        if (i % 3 == 1)
            jobs[i].refuse = ECODE_BUSY;
        if (i % 3 == 2)
            jobs[i].number = (int64_t)i - 1; /* there already: the database refuses */
    }
    submit_together(world, jobs, 30);
    for (size_t i = 0; i < 30; i++) {
        static const ErrCode expected[] = { ECODE_OK, ECODE_BUSY, ECODE_STORE_CONSTRAINT };
        assert_answer(&jobs[i], expected[i % 3]);
    }
    LedgerState seen = ledger_state(world);
    assert_true(seen.intact);
    assert_int_equal(seen.entries, 10);
    assert_int_equal(writer_stats(world->writer).failed, 20);
}

/* ---- the queue ---- */

static void a_full_queue_is_busy(void **state)
{
    World *world = *state;
    start_writer(world, 3);
    Job gate = gate_of(world), jobs[4];
    assert_done(writer_submit(world->writer, &gate.job));
    while (sem_wait(&world->at_gate) != 0)
        continue;
    for (size_t i = 0; i < 4; i++)
        jobs[i] = job_of(world, (int64_t)i + 1);
    for (size_t i = 0; i < 3; i++)
        assert_done(writer_submit(world->writer, &jobs[i].job));
    assert_int_equal(writer_submit(world->writer, &jobs[3].job).code, ECODE_BUSY);
    assert_int_equal(writer_run(world->writer, &jobs[3].job).code, ECODE_BUSY);
    sem_post(&world->gate);
    await(world, 4);
    assert_int_equal(jobs[3].answers, 0);
    assert_done(writer_submit(world->writer, &jobs[3].job)); /* there is room again */
    await(world, 1);
    assert_answer(&jobs[3], ECODE_OK);
}

static void *stop_it(void *arg)
{
    writer_stop(arg);
    return NULL;
}

static void stopping_finishes_what_waits(void **state)
{
    World    *world = *state;
    Job       gate = gate_of(world), jobs[1000];
    size_t    accepted = 0;
    pthread_t stopper = 0;
    Err       err = ERR_OK;
    assert_done(writer_submit(world->writer, &gate.job));
    while (sem_wait(&world->at_gate) != 0)
        continue;
    /* The writer stands at the gate, so stopping can begin but not end, at some moment after the first hundred. */
    for (; !err.kind && accepted < 1000; accepted += !err.kind) {
        if (accepted == 100)
            assert_int_equal(pthread_create(&stopper, NULL, stop_it, world->writer), 0);
        if (accepted > 100)
            usleep(1000);
        jobs[accepted] = job_of(world, (int64_t)accepted + 1);
        err = writer_submit(world->writer, &jobs[accepted].job);
    }
    assert_int_equal(err.code, ECODE_SHUTTING_DOWN);
    sem_post(&world->gate);
    pthread_join(stopper, NULL);
    world->writer = NULL;
    for (size_t i = 0; i < accepted; i++)
        assert_answer(&jobs[i], ECODE_OK);
    assert_int_equal(jobs[accepted].answers, 0);
    LedgerState seen = ledger_state(world);
    assert_true(seen.intact);
    assert_int_equal(seen.entries, accepted);
}

/* Each of them submits and waits, as the requests of a server do. */
typedef struct Submitter {
    World    *world;
    pthread_t thread;
    int64_t   from;
    int       failures;
} Submitter;

static void *submit_in_turn(void *arg)
{
    Submitter *submitter = arg;
    for (int64_t i = 0; i < 50; i++) {
        Job job = job_of(submitter->world, submitter->from + i);
        submitter->failures += writer_run(submitter->world->writer, &job.job).kind != ERR_NONE;
    }
    return NULL;
}

static void many_threads_submit(void **state)
{
    World    *world = *state;
    Submitter submitters[16];
    for (int i = 0; i < 16; i++) {
        submitters[i] = (Submitter){ .world = world, .from = 1 + i * 50 };
        assert_int_equal(pthread_create(&submitters[i].thread, NULL, submit_in_turn, &submitters[i]), 0);
    }
    for (int i = 0; i < 16; i++) {
        pthread_join(submitters[i].thread, NULL);
        assert_int_equal(submitters[i].failures, 0);
    }
    LedgerState seen = ledger_state(world);
    assert_true(seen.intact);
    assert_int_equal(seen.entries, 800);
    assert_int_equal(seen.highest, 800);
}

/* ---- disk full ---- */

static void a_full_database_tells_every_member(void **state)
{
    World *world = *state;
    Job    jobs[30];
    Job    limit = job_of(world, 1), lift = job_of(world, 100);
    limit.script = STR("PRAGMA max_page_count=8");
    lift.script = STR("PRAGMA max_page_count=1000000");
    assert_done(writer_run(world->writer, &limit.job));
    for (size_t i = 0; i < 30; i++)
        jobs[i] = job_of(world, (int64_t)i + 2);
    jobs[3].refuse = ECODE_RATE_LIMITED; /* refused for what may not have happened: it shares the answer of the group */
    /* The script, and not the ledger, runs into the limit, in the middle of the group. */
    jobs[5].script = STR("INSERT INTO entry VALUES (-1, hex(zeroblob(100000)))");
    submit_together(world, jobs, 30);
    assert_answer(&jobs[5], ECODE_STORE_FULL);
    for (size_t i = 0; i < 30; i++) {
        assert_int_equal(jobs[i].answers, 1);
        if (jobs[i].group == jobs[5].group)
            assert_answer(&jobs[i], ECODE_STORE_FULL);
        assert_int_equal(ledger_holds(world, jobs[i].number), jobs[i].answer.kind == ERR_NONE);
    }
    LedgerState seen = ledger_state(world);
    assert_true(seen.intact);
    assert_false(ledger_holds(world, -1));
    assert_done(writer_run(world->writer, &lift.job));
    for (size_t i = 0; i < 30; i++) {
        if (!jobs[i].answer.kind)
            continue;
        Job again = job_of(world, jobs[i].number);
        assert_done(writer_run(world->writer, &again.job));
    }
    seen = ledger_state(world);
    assert_true(seen.intact);
    assert_int_equal(seen.entries, 32);
}

static void a_full_disk_is_told_and_got_over(void **state)
{
    World    *world = *state;
    FaultDisk disk = { 0 };
    Job       jobs[30];
    fault_disk_install(&disk);
    start_writer(world, LIMIT_WRITE_QUEUE);
    Job before = job_of(world, 1);
    assert_done(writer_run(world->writer, &before.job));
    for (size_t i = 0; i < 30; i++) {
        jobs[i] = job_of(world, (int64_t)i + 2);
        if (i % 4 == 3)
            jobs[i].refuse = ECODE_RATE_LIMITED;
    }
    atomic_store(&disk.full, true); /* COMMIT finds no room in the log */
    submit_together(world, jobs, 30);
    for (size_t i = 0; i < 30; i++)
        assert_int_equal(jobs[i].answers, 1);
    for (size_t i = 0; i < 30; i++) /* a group that has nothing to write may still say why */
        assert_true(jobs[i].answer.code == ECODE_STORE_FULL ||
                    (jobs[i].refuse && jobs[i].answer.code == jobs[i].refuse));
    LedgerState seen = ledger_state(world); /* reading goes on */
    assert_true(seen.intact);
    assert_int_equal(seen.entries, 1);
    atomic_store(&disk.full, false);
    for (size_t i = 0; i < 30; i++) {
        Job again = job_of(world, jobs[i].number);
        assert_done(writer_run(world->writer, &again.job));
    }
    writer_stop(world->writer);
    world->writer = NULL;
    fault_disk_remove(&disk);
    seen = ledger_state(world);
    assert_true(seen.intact);
    assert_int_equal(seen.entries, 31);
}

static void a_database_that_is_locked_tells_all_that_wait(void **state)
{
    World *world = *state;
    Db    *other = NULL, *own = NULL;
    Job    jobs[30];
    assert_done(db_open(str_from(world->path), DB_WRITE, &own));
    assert_done(db_script(own, STR("PRAGMA busy_timeout=20")));
    assert_done(writer_start(own, LIMIT_WRITE_QUEUE, NULL, &world->writer));
    for (size_t i = 0; i < 30; i++)
        jobs[i] = job_of(world, (int64_t)i + 1);
    assert_done(db_open(str_from(world->path), DB_WRITE, &other));
    assert_done(db_begin(other));
    for (size_t i = 0; i < 30; i++)
        assert_done(writer_submit(world->writer, &jobs[i].job));
    await(world, 30);
    for (size_t i = 0; i < 30; i++)
        assert_answer(&jobs[i], ECODE_BUSY);
    assert_in_range(writer_stats(world->writer).groups, 1, 5); /* not one wait each */
    db_rollback(other);
    db_close(other);
    for (size_t i = 0; i < 30; i++)
        assert_done(writer_run(world->writer, &jobs[i].job));
    assert_int_equal(ledger_state(world).entries, 30);
}

/* ---- the log ---- */

static int64_t log_bytes(World *world)
{
    struct stat info;
    char        path[sizeof world->path + 8];
    snprintf(path, sizeof path, "%s-wal", world->path);
    return stat(path, &info) == 0 ? (int64_t)info.st_size : 0;
}

static void the_log_is_moved_to_the_database(void **state)
{
    World *world = *state;
    for (int64_t i = 1; i <= 40; i++) {
        Job job = job_of(world, i);
        job.script = STR("INSERT OR REPLACE INTO entry VALUES (-1, hex(zeroblob(200000)))"); /* a hundred pages */
        assert_done(writer_run(world->writer, &job.job));
    }
    assert_in_range(writer_stats(world->writer).wal_pages, 1, 2 * DB_CHECKPOINT_PAGES);
    assert_in_range(log_bytes(world), 1, 2 * DB_CHECKPOINT_PAGES * 4120);
}

static void an_overlong_log_is_cut_once_readers_let_it_go(void **state)
{
    World *world = *state;
    Db    *reader = NULL;
    assert_done(db_open(str_from(world->path), DB_READ, &reader));
    assert_done(db_snapshot_begin(reader));
    for (int64_t i = 1; i <= 9; i++) {
        Job job = job_of(world, i);
        job.script = STR("INSERT OR REPLACE INTO entry VALUES (-1, hex(zeroblob(4000000)))"); /* two thousand pages */
        assert_done(writer_run(world->writer, &job.job));
    }
    assert_true(log_bytes(world) > (int64_t)DB_WAL_PAGES_MAX * 4096);
    db_snapshot_end(reader);
    db_close(reader);
    for (int tries = 0; writer_stats(world->writer).wal_pages > 0 && tries < 500; tries++)
        usleep(10000); /* the writer tries each second */
    assert_int_equal(log_bytes(world), 0);
    assert_int_equal(writer_stats(world->writer).wal_pages, 0);
    Job after = job_of(world, 10);
    assert_done(writer_run(world->writer, &after.job));
    assert_true(ledger_holds(world, 10));
}

/* ---- the end of the process ---- */

static void report_done(WriterJob *base, Err err)
{
    Job *job = (Job *)base;
    child_report(err.kind ? -job->number : job->number);
    free(job);
}

static void submit_reported(World *world, int64_t number)
{
    Job *job = mem_alloc(sizeof *job);
    *job = job_of(world, number);
    job->job.done = report_done;
    while (writer_submit(world->writer, &job->job).kind)
        usleep(1000);
}

typedef struct Doom {
    World    *world;
    FaultCall call;
    int       result;
} Doom;

static void commit_on_a_failing_disk(void *arg)
{
    Doom     *doom = arg;
    FaultDisk disk = { .call = doom->call, .result = doom->result, .at = 1, .for_good = true };
    Db       *db = NULL;
    fault_disk_install(&disk);
    if (db_open(str_from(doom->world->path), DB_WRITE, &db).kind ||
        writer_start(db, LIMIT_WRITE_QUEUE, NULL, &doom->world->writer).kind)
        _exit(1);
    Job first = job_of(doom->world, 1);
    if (writer_run(doom->world->writer, &first.job).kind)
        _exit(2);
    atomic_store(&disk.armed, true);
    child_report(1);
    for (int64_t number = 2; number < 50; number++)
        submit_reported(doom->world, number);
    sleep(5);
}

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void a_failed_sync_or_write_ends_the_process_unanswered(void **state)
{
    static const struct {
        FaultCall call;
        int       result;
    } cases[] = { { FAULT_SYNC, SQLITE_IOERR_FSYNC },
                  { FAULT_SYNC, SQLITE_IOERR_DIR_FSYNC },
                  { FAULT_WRITE, SQLITE_IOERR_WRITE } };
    World *world = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scratch_free(world->scratch);
        world->scratch = scratch_new();
        Str path = scratch_path(world->scratch, "ledger");
        memcpy(world->path, path.ptr, path.len + 1);
        assert_done(ledger_make(path));
        Doom    doom = { world, cases[i].call, cases[i].result };
        Child   child = child_start(commit_on_a_failing_disk, &doom);
        int64_t number = 0;
        char    message[512];
        assert_true(child_next(&child, &number));
        assert_int_equal(number, 1);
        int64_t began_ms = clock_ms();
        assert_false(child_next(&child, &number)); /* no answer, neither yes nor no */
        assert_in_range(clock_ms() - began_ms, 0, 100);
        int status = child_end(&child, message, sizeof message);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
        assert_ptr_equal(strchr(message, '\n'), message + strlen(message) - 1); /* one line */
        LedgerState seen = ledger_state(world);
        assert_true(seen.intact);
        assert_true(ledger_holds(world, 1));
    }
}

static void submit_without_end(void *arg)
{
    World      *world = arg;
    Db         *db = NULL;
    int64_t     highest = 0;
    LedgerState seen;
    if (db_open(str_from(world->path), DB_WRITE, &db).kind || ledger_check(db, &seen).kind)
        _exit(1);
    highest = seen.highest;
    if (writer_start(db, 64, NULL, &world->writer).kind)
        _exit(2);
    for (;;)
        submit_reported(world, ++highest);
}

static void nothing_acknowledged_is_lost_by_a_kill(void **state)
{
    World   *world = *state;
    int64_t  acknowledged = 0; /* all numbers up to this one: there is one submitter, and the queue keeps its order */
    unsigned seed = (unsigned)time(NULL);
    print_message("seed %u\n", seed);
    for (int round = 0; round < 20; round++) {
        Child   child = child_start(submit_without_end, world);
        int64_t number;
        char    message[512];
        assert_true(child_next(&child, &number)); /* it runs */
        usleep((useconds_t)(rand_r(&seed) % 30000));
        kill(child.pid, SIGKILL);
        do {
            assert_true(number > acknowledged);
            acknowledged = number;
        } while (child_next(&child, &number));
        int status = child_end(&child, message, sizeof message);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
            fail_msg("status %d: %s", status, message);
        LedgerState seen = ledger_state(world);
        assert_true(seen.intact);
        assert_int_equal(seen.entries, seen.highest); /* each once, none left out */
        assert_true(seen.highest >= acknowledged);
    }
    print_message("%lld acknowledged\n", (long long)acknowledged);
}

#define WITH_WRITER(test)    cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
#define WITHOUT_WRITER(test) cmocka_unit_test_setup_teardown(test, quiet_world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITHOUT_WRITER(a_failed_sync_or_write_ends_the_process_unanswered),
        WITHOUT_WRITER(nothing_acknowledged_is_lost_by_a_kill),
        WITH_WRITER(jobs_are_answered_in_their_order),
        WITH_WRITER(what_waits_is_committed_together),
        WITH_WRITER(a_group_has_its_limit),
        WITH_WRITER(a_single_job_does_not_wait_for_company),
        WITH_WRITER(a_failing_job_is_rolled_back_alone),
        WITHOUT_WRITER(a_full_queue_is_busy),
        WITH_WRITER(stopping_finishes_what_waits),
        WITH_WRITER(many_threads_submit),
        WITH_WRITER(a_full_database_tells_every_member),
        WITHOUT_WRITER(a_full_disk_is_told_and_got_over),
        WITHOUT_WRITER(a_database_that_is_locked_tells_all_that_wait),
        WITH_WRITER(the_log_is_moved_to_the_database),
        WITH_WRITER(an_overlong_log_is_cut_once_readers_let_it_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
