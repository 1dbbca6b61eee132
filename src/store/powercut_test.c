/* The power goes in the midst of a write, some hundred times; then a restart judges what is there. The same with every
 * single call to the disk failing in its turn.
 * FIRSTMILE_CUTS=n cuts n times in the safe mode; FIRSTMILE_SEED=n repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "store/testing/fault_disk.h"
#include "store/testing/ledger.h"
#include "store/testing/scratch.h"
#include "store/writer.h"

#define SAFE        "FULL"
#define ENTRIES     5000 /* of a child whose power is cut: more than it ever comes to */
#define CUT_AT_MOST 5000 /* changes to the disk; by the middle the log has been moved to the database once */

static void assert_done(Err err)
{
    if (err.kind)
        fail_msg("%.*s: %s", STR_FMT(err_row(err.code)->code), err.context);
}

static uint64_t number_from_env(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static uint64_t mix(uint64_t n) /* splitmix64: neighbouring seeds give unrelated runs */
{
    n += 0x9E3779B97F4A7C15u;
    n = (n ^ n >> 30) * 0xBF58476D1CE4E5B9u;
    n = (n ^ n >> 27) * 0x94D049BB133111EBu;
    return n ^ n >> 31;
}

/* ---- a child that writes and reports ---- */

typedef struct Plan {
    Str       path;
    FaultDisk disk;
    Str       pragma;    /* run after opening */
    int64_t   from;      /* first number to add */
    size_t    entries;   /* how many */
    int       in_flight; /* entries that wait for their answers: the size of the groups */
    sem_t     room;
} Plan;

typedef struct Job {
    WriterJob job; /* first */
    Plan     *plan;
    int64_t   number;
} Job;

static Err add(Db *db, WriterJob *job) { return ledger_add(db, ((Job *)job)->number); }

/* Reports number when it was acknowledged, and -number when it was refused. */
static void report(WriterJob *base, Err err)
{
    Job *job = (Job *)base;
    child_report(err.kind ? -job->number : job->number);
    sem_post(&job->plan->room);
    free(job);
}

static void await(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        continue;
}

enum { OPEN_FAILED = 3, START_FAILED = 4 }; /* exit statuses */
enum { UNHARMED = 0 };                      /* last report: no call failed */

static void write_entries(void *arg)
{
    Plan   *plan = arg;
    Db     *db = NULL;
    Writer *writer = NULL;
    fault_disk_install(&plan->disk);
    atomic_store(&plan->disk.armed, true);
    if (db_open(plan->path, DB_WRITE, &db).kind || db_script(db, plan->pragma).kind)
        _exit(OPEN_FAILED);
    if (writer_start(db, LIMIT_WRITE_QUEUE, NULL, &writer).kind ||
        sem_init(&plan->room, 0, (unsigned)plan->in_flight) != 0)
        _exit(START_FAILED);
    for (size_t i = 0; i < plan->entries; i++) {
        Job *job = mem_alloc(sizeof *job);
        *job = (Job){ .job = { .run = add, .done = report }, .plan = plan, .number = plan->from + (int64_t)i };
        await(&plan->room);
        if (writer_submit(writer, &job->job).kind)
            _exit(START_FAILED);
    }
    for (int i = 0; i < plan->in_flight; i++)
        await(&plan->room);
    writer_stop(writer);
    if (atomic_load(&plan->disk.failed) == 0)
        child_report(UNHARMED);
}

/* ---- power cuts ---- */

typedef struct Tally {
    int64_t cuts, acknowledged, lost, damaged;
} Tally;

static void judge(Scratch *scratch, const char *name, int64_t acknowledged, Tally *tally)
{
    LedgerState seen = { 0 };
    Db         *db = NULL;
    Err         err = db_open(scratch_path(scratch, name), DB_WRITE, &db);
    if (!err.kind)
        err = ledger_check(db, &seen);
    db_close(db);
    tally->cuts++;
    tally->acknowledged += acknowledged;
    /* The numbers come in their order, so all are there up to the highest, or there is a gap. */
    if (err.kind || !seen.intact || seen.entries != seen.highest)
        tally->damaged++;
    else if (seen.highest < acknowledged)
        tally->lost += acknowledged - seen.highest;
}

static void cut_once(Scratch *scratch, Str pragma, uint64_t seed, Tally *tally)
{
    char    name[32], message[512];
    int64_t number, acknowledged = 0;
    snprintf(name, sizeof name, "cut%lld", (long long)tally->cuts);
    Str path = scratch_path(scratch, name);
    assert_done(ledger_make(path));
    Plan plan = {
        .path = path, .pragma = pragma, .from = 1, .entries = ENTRIES, .in_flight = 1 + (int)(mix(seed + 2) % 4)
    };
    plan.disk = (FaultDisk){ .holds_writes = true,
                             .cut_at = 1 + (long)(mix(seed) % CUT_AT_MOST),
                             .seed = mix(seed + 1) };
    Child child = child_start(write_entries, &plan);
    while (child_next(&child, &number)) {
        assert_int_equal(number, acknowledged + 1);
        acknowledged = number;
    }
    int status = child_end(&child, message, sizeof message);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != FAULT_CUT_STATUS)
        fail_msg("seed %llu: status %d: %s", (unsigned long long)seed, status, message);
    judge(scratch, name, acknowledged, tally);
}

static Tally cut(uint64_t cuts, const char *mode)
{
    Scratch *scratch = scratch_new();
    Tally    tally = { 0 };
    uint64_t seed = number_from_env("FIRSTMILE_SEED", (uint64_t)time(NULL));
    char     pragma[64] = ""; /* the safe mode is what db_open() gives */
    if (strcmp(mode, SAFE) != 0)
        snprintf(pragma, sizeof pragma, "PRAGMA synchronous=%s", mode);
    for (uint64_t i = 0; i < cuts; i++) {
        Tally before = tally;
        cut_once(scratch, str_from(pragma), seed + i, &tally);
        if (strcmp(mode, SAFE) == 0 && (tally.lost > before.lost || tally.damaged > before.damaged))
            print_message("seed=%" PRIu64 " test=powercut fault=cut\n", seed + i);
    }
    print_message("synchronous=%s: %lld cuts, %lld acknowledged, %lld lost, %lld damaged (seed %llu)\n", mode,
                  (long long)tally.cuts, (long long)tally.acknowledged, (long long)tally.lost, (long long)tally.damaged,
                  (unsigned long long)seed);
    scratch_free(scratch);
    return tally;
}

static void nothing_acknowledged_is_lost_by_a_power_cut(void **state)
{
    (void)state;
    Tally tally = cut(number_from_env("FIRSTMILE_CUTS", 200), SAFE);
    assert_int_equal(tally.lost, 0);
    assert_int_equal(tally.damaged, 0);
    assert_true(tally.acknowledged > tally.cuts); /* there was something to lose */
}

/* A harness that cannot find a loss proves nothing: what is not synced must be seen to go. */
static void without_syncs_the_harness_finds_losses(void **state)
{
    (void)state;
    assert_true(cut(30, "NORMAL").lost > 0);
    Tally off = cut(30, "OFF");
    assert_true(off.lost > 0);
    assert_true(off.damaged > 0);
}

/* ---- every call fails once, and from then on ---- */

#define FEW 8 /* entries of one run */

typedef struct Outcome {
    bool   added[FEW + 1], refused[FEW + 1];
    size_t answers;
    bool   unharmed; /* no call failed: the fault lies behind the end of the run */
    int    status;
    char   message[512];
} Outcome;

static Outcome run_failing(Str path, FaultDisk disk)
{
    Outcome outcome = { 0 };
    int64_t number;
    Plan    plan = { .path = path, .disk = disk, .from = 1, .entries = FEW, .in_flight = 1 };
    Child   child = child_start(write_entries, &plan);
    while (child_next(&child, &number)) {
        if (number == UNHARMED) {
            outcome.unharmed = true;
            continue;
        }
        (number > 0 ? outcome.added : outcome.refused)[llabs(number)] = true;
        outcome.answers++;
    }
    outcome.status = child_end(&child, outcome.message, sizeof outcome.message);
    return outcome;
}

/* Acknowledged is there, refused is not, unanswered may be either; never half of one; and writing goes on. */
static void assert_truthful(Str path, const Outcome *outcome, const char *fault)
{
    LedgerState seen;
    Db         *db = NULL;
    assert_done(db_open(path, DB_WRITE, &db));
    assert_done(ledger_check(db, &seen));
    if (!seen.intact)
        fail_msg("%s: the ledger is damaged", fault);
    for (int64_t number = 1; number <= FEW; number++) {
        bool there = false;
        assert_done(ledger_has(db, number, &there));
        if ((outcome->added[number] && !there) || (outcome->refused[number] && there))
            fail_msg("%s: number %lld was %s", fault, (long long)number,
                     there ? "refused and is there" : "acknowledged and is lost");
    }
    assert_done(ledger_add(db, FEW + 1));
    db_close(db);
}

/* false when the run ended before the fault. */
static bool fail_at(Scratch *scratch, FaultDisk disk)
{
    char fault[80];
    snprintf(fault, sizeof fault, "call=%d result=%d at=%ld for_good=%d", disk.call, disk.result, disk.at,
             disk.for_good);
    Str path = scratch_path(scratch, fault);
    assert_done(ledger_make(path));
    Outcome outcome = run_failing(path, disk);
    bool    ended = WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == 0;
    bool    refused = WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == OPEN_FAILED;
    bool    aborted = WIFSIGNALED(outcome.status) && WTERMSIG(outcome.status) == SIGABRT;
    if (!ended && !refused && !aborted)
        fail_msg("%s: status %d: %s", fault, outcome.status, outcome.message);
    if (ended && outcome.answers != FEW)
        fail_msg("%s: %zu answers", fault, outcome.answers);
    assert_truthful(path, &outcome, fault);
    return !outcome.unharmed;
}

static void every_failing_call_leaves_all_or_nothing(void **state)
{
    (void)state;
    static const struct {
        FaultCall call;
        int       result;
    } faults[] = {
        { FAULT_OPEN, SQLITE_CANTOPEN },        { FAULT_DELETE, SQLITE_IOERR_DELETE },
        { FAULT_READ, SQLITE_IOERR_READ },      { FAULT_WRITE, SQLITE_IOERR_WRITE },
        { FAULT_WRITE, SQLITE_FULL },           { FAULT_SYNC, SQLITE_IOERR_FSYNC },
        { FAULT_LOCK, SQLITE_IOERR_LOCK },      { FAULT_TRUNCATE, SQLITE_IOERR_TRUNCATE },
        { FAULT_SHM_MAP, SQLITE_IOERR_SHMMAP }, { FAULT_SHM_MAP, SQLITE_IOERR_SHMSIZE },
    };
    Scratch *scratch = scratch_new();
    long     met = 0;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        FaultDisk disk = { .call = faults[i].call, .result = faults[i].result };
        for (disk.at = 1, disk.for_good = false; fail_at(scratch, disk); disk.at++)
            met++;
        for (disk.at = 1, disk.for_good = true; fail_at(scratch, disk); disk.at++)
            met++;
    }
    print_message("%ld faults\n", met);
    assert_true(met > 100);
    scratch_free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost_by_a_power_cut),
        cmocka_unit_test(without_syncs_the_harness_finds_losses),
        cmocka_unit_test(every_failing_call_leaves_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
