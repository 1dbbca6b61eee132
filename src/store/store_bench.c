/* What the store costs: a kept statement, a point query, durable inserts through the writer.
 * Prints one JSON object last. */
#include <assert.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "store/statement.h"
#include "store/testing/scratch.h"
#include "store/writer.h"

#define ROWS        100000
#define CACHED_ROWS 5000 /* fit a reader's cache; all do not */
#define QUERIES     200000
#define LOOKUPS     2000000
#define SUBMITTERS  64
#define SECONDS     2

static const Str sql_make = STR_INIT(
    "CREATE TABLE record(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT");
static const Str sql_insert = STR_INIT("INSERT INTO record(number, id, body) VALUES (?, ?, ?)");
static const Str sql_point = STR_INIT("SELECT number, id, body FROM record WHERE id = ?");
/* As long as the statements of a list page are. */
static const Str sql_long = STR_INIT(
    "SELECT id, number, state, version, owner, title, created, updated, discipline, level FROM record WHERE "
    "(class <= ? OR owner = ?) AND state IN (?, ?, ?) AND created >= ? AND created < ? ORDER BY created DESC, id "
    "LIMIT ? -- and as many bytes again, so that the text is about as long as the longest of them: ......");

static void must(Err err)
{
    if (!err.kind)
        return;
    fprintf(stderr, "%s: %s\n", err_row(err.code)->code.ptr, err.context);
    exit(1);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- statements and queries ---- */

static double lookup_ns(void)
{
    sqlite3   *sqlite = NULL;
    Statement *statement = NULL;
    char       other[64];
    sqlite3_open_v2(":memory:", &sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    sqlite3_exec(
        sqlite,
        "CREATE TABLE record(id, number, state, version, owner, title, created, updated, discipline, level, class)",
        NULL, NULL, NULL);
    Statements *statements = statements_new(sqlite);
    for (int i = 0; i < DB_STATEMENTS / 2; i++) { /* a cache in use */
        snprintf(other, sizeof other, "SELECT number + %d FROM record", i);
        statement_take(statements, str_from(other), &statement);
        statement_give(statement);
    }
    double began_s = now_s();
    for (int i = 0; i < LOOKUPS; i++) {
        int result = statement_take(statements, sql_long, &statement);
        assert(result == SQLITE_OK);
        (void)result;
        statement_give(statement);
    }
    double took_ns = (now_s() - began_s) * 1e9 / LOOKUPS;
    statements_free(statements);
    sqlite3_close(sqlite);
    return took_ns;
}

static Str id_of(int64_t number, char out[37])
{
    snprintf(out, 37, "01956f3a-7c00-7000-8000-%012llx", (unsigned long long)number);
    return (Str){ out, 36 };
}

/* Two hundred bytes, as a small record has. */
static const Str body = STR_INIT(
    "概念验证: ............................................................................................"
    "............................................................................................");

static Err insert(Db *db, int64_t number)
{
    char  id[37];
    Value values[] = { value_int(number), value_id(id_of(number, id)), value_text(body) };
    return db_run(db, sql_insert, values, 3);
}

static double query_us(Db *db, int64_t rows_asked, bool one_snapshot)
{
    double began_s = now_s();
    if (one_snapshot)
        must(db_snapshot_begin(db));
    for (int64_t i = 0; i < QUERIES; i++) {
        char  id[37];
        Rows *rows = NULL;
        bool  more = false;
        Value key = value_id(id_of(1 + i * 7919 % rows_asked, id));
        must(db_query(db, sql_point, &key, 1, &rows));
        must(rows_next(rows, &more));
        assert(more && rows_borrow_text(rows, 2).len == body.len);
        rows_done(rows);
    }
    db_snapshot_end(db);
    return (now_s() - began_s) * 1e6 / QUERIES;
}

/* ---- inserts ---- */

typedef struct Load {
    Writer         *writer;
    pthread_mutex_t mutex;
    int64_t         next_number;
    double          end_s;
    sem_t           room;
} Load;

typedef struct InsertJob {
    WriterJob job; /* first */
    Load     *load;
    int64_t   number;
} InsertJob;

static Err insert_run(Db *db, WriterJob *job) { return insert(db, ((InsertJob *)job)->number); }

static void insert_done(WriterJob *job, Err err)
{
    must(err);
    sem_post(&((InsertJob *)job)->load->room);
    free(job);
}

static int64_t take_number(Load *load)
{
    pthread_mutex_lock(&load->mutex);
    int64_t number = load->next_number++;
    pthread_mutex_unlock(&load->mutex);
    return number;
}

static void *submit_and_wait(void *arg) /* one of many threads, each with one change under way */
{
    Load *load = arg;
    while (now_s() < load->end_s) {
        InsertJob job = { .job = { .run = insert_run }, .load = load, .number = take_number(load) };
        must(writer_run(load->writer, &job.job));
    }
    return NULL;
}

static void load_by_threads(Load *load)
{
    pthread_t threads[SUBMITTERS];
    for (int i = 0; i < SUBMITTERS; i++)
        pthread_create(&threads[i], NULL, submit_and_wait, load);
    for (int i = 0; i < SUBMITTERS; i++)
        pthread_join(threads[i], NULL);
}

static void load_by_loop(Load *load) /* one thread with many changes under way, as an event loop has them */
{
    sem_init(&load->room, 0, SUBMITTERS);
    while (now_s() < load->end_s) {
        InsertJob *job = mem_alloc(sizeof *job);
        *job = (InsertJob){ .job = { .run = insert_run, .done = insert_done },
                            .load = load,
                            .number = take_number(load) };
        sem_wait(&load->room);
        must(writer_submit(load->writer, &job->job));
    }
    for (int i = 0; i < SUBMITTERS; i++)
        sem_wait(&load->room);
    sem_destroy(&load->room);
}

static void print_load(Load *load, const char *name, void (*run)(Load *load))
{
    WriterStats before = writer_stats(load->writer);
    double      began_s = now_s();
    load->end_s = began_s + SECONDS;
    run(load);
    double      took_s = now_s() - began_s;
    WriterStats after = writer_stats(load->writer);
    uint64_t    jobs = after.jobs - before.jobs, groups = after.groups - before.groups;
    printf(", \"%s\": {\"inserts_per_second\": %.0f, \"group_mean\": %.1f, \"group_longest\": %llu}", name,
           (double)jobs / took_s, (double)jobs / (double)groups, (unsigned long long)after.longest_group);
}

static void fill(Db *db)
{
    must(db_script(db, sql_make));
    must(db_begin(db));
    for (int64_t number = 1; number <= ROWS; number++)
        must(insert(db, number));
    must(db_commit(db));
}

int main(void)
{
    Scratch *scratch = scratch_new();
    Db      *db = NULL, *reader = NULL;
    Load     load = { .mutex = PTHREAD_MUTEX_INITIALIZER, .next_number = ROWS + 1 };
    must(db_open(scratch_path(scratch, "bench"), DB_CREATE, &db));
    fill(db);
    must(db_open(scratch_path(scratch, "bench"), DB_READ, &reader));
    printf("{\"statement_ns\": %.0f", lookup_ns());
    query_us(reader, CACHED_ROWS, true); /* fills the cache */
    printf(", \"point_query_us\": {\"alone\": %.2f, \"in_snapshot\": %.2f", query_us(reader, CACHED_ROWS, false),
           query_us(reader, CACHED_ROWS, true));
    printf(", \"beyond_cache\": %.2f}", query_us(reader, ROWS, false));
    must(writer_start(db, LIMIT_WRITE_QUEUE, NULL, &load.writer));
    print_load(&load, "threads_64", load_by_threads);
    print_load(&load, "in_flight_64", load_by_loop);
    printf("}\n");
    db_close(reader);
    writer_stop(load.writer);
    scratch_free(scratch);
    return 0;
}
