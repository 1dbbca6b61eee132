/* disclosure [RECORDS]: what it costs that a reader sees only what they may. Lists of 50 records out of 30,000 (unless
 * said), with 1,000,000 child records beside them, as the administrator and as members of several kinds, in one run.
 *
 * The pack is tests/packs/mini: papers, and reviews as their children. The records are written as the events'
 * projection holds them, through record_insert(); access reads nothing else. People and memberships are made by
 * steps. A list is find() and the JSON of its records; its figure is the median of the processor time of this thread.
 * The member's is divided by the administrator's of the same case, in turns with it.
 *
 * What a connection recalls (db_numbers()) is forgotten before each list, which is therefore as when it is asked for
 * the first time; before those named after_commit something is written as well, so that the database's pages are read
 * again. At the end the city is served, and what a person asks for is measured over HTTP: the server's processor time
 * for the list as JSON and as the page, with its counts, asked again and again while nobody writes. Prints one JSON
 * object last. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "kernel/act.h"
#include "kernel/find.h"
#include "kernel/signin.h"
#include "served.h"

enum {
    RECORDS = 30000,
    CHILDREN = 1000000,
    CROWD = 40,     /* reviewers of everything else */
    REGISTRARS = 5, /* of them, who register what an organisation has */
    BATCH = 5000,   /* records in one transaction */
    RUNS_LEAST = 7,
    RUNS_MOST = 41,
    BUDGET_MS = 400, /* of a case, after the least number of runs */
    ROUNDS = 3,      /* of a case over HTTP */
};

typedef enum MemberName {
    ADMINISTRATOR,
    BY_LEVELS, /* sees 98 of 100 by their level, of some the text alone */
    OWNER,     /* sees their organisation's half */
    OF_MOST,   /* reviewed nine papers out of ten */
    OF_300,
    OF_ONE,
    OF_NONE,
    NEWCOMER, /* of an organisation that has no paper */
    MEMBER_COUNT
} MemberName;

static const struct {
    const char *name, *organisation, *role;
} members[MEMBER_COUNT] = {
    [ADMINISTRATOR] = { "administrator", "Press", "admin" }, [BY_LEVELS] = { "by_levels", "Press", "reader" },
    [OWNER] = { "owner_of_half", "College", "author" },      [OF_MOST] = { "reviewer_of_most", "Press", "reviewer" },
    [OF_300] = { "reviewer_of_300", "Press", "reviewer" },   [OF_ONE] = { "reviewer_of_1", "Press", "reviewer" },
    [OF_NONE] = { "reviewer_of_0", "Press", "reviewer" },    [NEWCOMER] = { "owner_of_0", "Newcomers", "author" },
};

static const struct {
    const char *name;
    Query       query;
    bool        after_commit;
} cases[] = {
    { "newest", { .sort = STR_INIT("-created") } },
    { "oldest", { .sort = STR_INIT("created") } },
    { "by_title", { .sort = STR_INIT("title") } },
    { "by_authors", { .sort = STR_INIT("authors") } }, /* hidden from reviewers and readers */
    { "by_pages_down", { .sort = STR_INIT("-pages") } },
    { "where_half", { .sort = STR_INIT("-created"), .filter = STR_INIT("category = 'letter'") } },
    { "where_few", { .sort = STR_INIT("-created"), .filter = STR_INIT("pages = 77") } },
    { "where_authors", { .sort = STR_INIT("-created"), .filter = STR_INIT("authors contains 'Author 7'") } },
    { "where_any_child", { .sort = STR_INIT("-created"), .filter = STR_INIT("any(review where verdict = 'accept')") } },
    { "where_count",
      { .sort = STR_INIT("-created"), .filter = STR_INIT("count(review where verdict = 'accept') > 1") } },
    { "total", { .sort = STR_INIT("-created"), .total = true } },
    { "newest_after_commit", { .sort = STR_INIT("-created") }, true },
    { "by_title_after_commit", { .sort = STR_INIT("title") }, true },
    { "total_after_commit", { .sort = STR_INIT("-created"), .total = true }, true },
};
#define CASES (sizeof cases / sizeof *cases)

static const struct {
    const char *name, *target;
} answers[] = {
    { "http_newest", "/api/v1/records/paper?sort=-created" },
    { "http_by_title", "/api/v1/records/paper?sort=title" },
    { "http_total", "/api/v1/records/paper?sort=-created&total=1" },
    { "http_page", "/paper" },
    { "http_page_newest", "/paper?sort=-created" },
    { "http_desk", "/api/v1/desk" }, /* a third of all papers and half of all reviews await somebody */
    { "http_desk_page", "/desk" },
};
#define ANSWERS   (sizeof answers / sizeof *answers)
#define ANSWER_S  0.3 /* of a round */
#define ALL_CASES (CASES + ANSWERS)

typedef struct Figure {
    double  ms;
    size_t  rows;
    int64_t total;
} Figure;

typedef struct Bench {
    Arena   *arena;
    City    *city;
    Db      *db;
    int64_t  records;
    Actor    actors[MEMBER_COUNT];
    Str      crowd[CROWD]; /* ids of people */
    Str      college, press;
    Str     *papers; /* ids */
    uint64_t random;
    Served   served;
    Str      secrets[MEMBER_COUNT]; /* of sessions */
    Figure   figures[ALL_CASES][MEMBER_COUNT];
} Bench;

static void must(Err err)
{
    if (!err.kind)
        return;
    fprintf(stderr, "%.*s: %s\n", STR_FMT(err_row(err.code)->code), err.context);
    exit(1);
}

static uint64_t random_below(Bench *bench, uint64_t n) /* xorshift: the same city each time */
{
    bench->random ^= bench->random << 13;
    bench->random ^= bench->random >> 7;
    bench->random ^= bench->random << 17;
    return bench->random % n;
}

/* ---- people ---- */

static Ctx reader(const Bench *bench, Arena *arena, const Actor *actor)
{
    return (Ctx){ .city = bench->city,
                  .db = bench->db,
                  .arena = arena,
                  .actor = actor,
                  .now_ms = env_now(&bench->city->env),
                  .lang = LANG_EN };
}

static Str create(const Bench *bench, const char *type, Str fields)
{
    Ctx        ctx = reader(bench, bench->arena, &actor_system);
    Problems   problems = { .arena = bench->arena };
    Json      *json;
    Record     record;
    ActRequest request = { .type = pack_type(bench->city->pack, str_from(type)),
                           .action = STR("create"),
                           .if_match = -1 };
    must(json_parse(bench->arena, fields, &json));
    request.input = json;
    must(act(&ctx, &request, &record, &problems));
    return record_id(&record);
}

static Str named(const Bench *bench, const char *type, const char *name)
{
    return create(bench, type, str_printf(bench->arena, "{\"name\":\"%s\"}", name));
}

static void make_people(Bench *bench)
{
    Ctx ctx = reader(bench, bench->arena, &actor_system);
    Str newcomers = named(bench, "organisation", "Newcomers");
    bench->press = named(bench, "organisation", "Press");
    bench->college = named(bench, "organisation", "College");
    for (int i = 0; i < CROWD; i++)
        bench->crowd[i] = named(bench, "person", "Reviewer");
    for (int i = 0; i < MEMBER_COUNT; i++) {
        char organisation = members[i].organisation[0];
        Str  of = organisation == 'P' ? bench->press : organisation == 'C' ? bench->college : newcomers;
        Str  person = named(bench, "person", members[i].name);
        Str  input = str_printf(
             bench->arena,
             "{\"person\":\"%.*s\",\"organisation\":\"%.*s\",\"role\":\"%s\",\"valid_from\":\"2026-01-01\"}",
             STR_FMT(person), STR_FMT(of), members[i].role);
        Str membership = create(bench, "membership", input);
        must(actor_load(&ctx, membership, &bench->actors[i]));
    }
}

/* ---- records ---- */

static Record blank(const Bench *bench, Arena *arena, const char *type, int64_t number)
{
    const Type *of = pack_type(bench->city->pack, str_from(type));
    Record      record = { .type = of, .values = ARENA_ARRAY(arena, Value, of->field_count) };
    int64_t     created_ms = 1767225600000 + number * 1000; /* from 2026-01-01 */
    record.values[SYS_ID] = value_id(uuid_make(bench->city->ids, arena));
    record.values[SYS_VERSION] = value_int(1);
    record.values[SYS_CREATED] = value_instant(created_ms);
    record.values[SYS_CHANGED] = value_instant(created_ms + 1000000);
    return record;
}

static void put(Record *record, const char *field, Value value)
{
    record->values[type_field(record->type, str_from(field))->index] = value;
}

/* A text as long as the abstracts of real results are: some 300 characters. */
static const Str body = STR_INIT(
    "Facing the need of solid state batteries for operation at low external pressure, this work proposes a method that "
    "forms an interlayer in situ between the sulfide electrolyte and the cathode. Two steps of annealing control its "
    "thickness, so that the impedance grows an order of magnitude more slowly than in the reference sample.");

static Record make_paper(Bench *bench, Arena *arena, int64_t number)
{
    static const char *const states[] = { "draft", "submitted", "accepted" };
    Record                   paper = blank(bench, arena, "paper", number);
    uint64_t                 level = random_below(bench, 100);
    Str  opened = level < 40 ? STR("public") : level < 80 ? STR("summary") : level < 98 ? STR("nda") : STR("secret");
    bool mine = random_below(bench, 2);
    paper.values[SYS_STATE] = value_text(str_from(states[random_below(bench, 3)]));
    paper.values[SYS_OWNER] = value_id(mine ? bench->college : bench->press);
    paper.values[SYS_CREATOR] = value_id(bench->crowd[number % REGISTRARS + (mine ? REGISTRARS : 0)]);
    paper.values[SYS_DISCLOSURE] = value_text(opened);
    paper.values[SYS_NUMBER] = value_text(str_printf(arena, "P-2026-%05d", (int)number));
    put(&paper, "title", value_text(str_printf(arena, "On interlayers, part %05d", (int)random_below(bench, 99999))));
    put(&paper, "authors", value_text(str_printf(arena, "Author %d", (int)random_below(bench, 999))));
    put(&paper, "body", value_text(body));
    put(&paper, "pages", value_int(1 + (int64_t)random_below(bench, 500)));
    put(&paper, "category", value_text(random_below(bench, 2) ? STR("letter") : STR("article")));
    return paper;
}

/* Whose the review is: the members' places lie apart from each other, at random papers. */
static Str reviewer_of(Bench *bench, int64_t number)
{
    int64_t paper = number % bench->records, round = number / bench->records;
    if (round == 0 && paper % 10 != 0)
        return bench->actors[OF_MOST].person;
    if (round == 1 && (paper * 7919) % bench->records < 300)
        return bench->actors[OF_300].person;
    if (round == 2 && paper == bench->records / 3)
        return bench->actors[OF_ONE].person;
    return bench->crowd[random_below(bench, CROWD)];
}

static Record make_review(Bench *bench, Arena *arena, int64_t number)
{
    Record review = blank(bench, arena, "review", number);
    review.values[SYS_STATE] = value_text(random_below(bench, 2) ? STR("given") : STR("asked"));
    review.values[SYS_OWNER] = value_id(bench->press);
    review.values[SYS_CREATOR] = value_id(bench->crowd[number % REGISTRARS]);
    review.values[SYS_DISCLOSURE] = value_text(STR("secret"));
    put(&review, "paper", value_id(bench->papers[number % bench->records]));
    put(&review, "reviewer", value_id(reviewer_of(bench, number)));
    if (random_below(bench, 4))
        put(&review, "verdict", value_text(random_below(bench, 20) ? STR("reject") : STR("accept")));
    return review;
}

typedef struct Batch {
    WriterJob job;
    Bench    *bench;
    int64_t   first, last;
    bool      children;
} Batch;

static Err write_batch(Db *db, WriterJob *job)
{
    Batch *batch = (Batch *)job;
    Arena *arena = arena_new();
    Err    err = ERR_OK;
    for (int64_t i = batch->first; !err.kind && i < batch->last; i++) {
        Record record = batch->children ? make_review(batch->bench, arena, i) : make_paper(batch->bench, arena, i);
        if (!batch->children)
            batch->bench->papers[i] = str_dup(batch->bench->arena, record_id(&record));
        err = record_insert(db, &record);
        arena_reset(arena);
    }
    arena_free(arena);
    return err;
}

static void write_all(Bench *bench, bool children, int64_t count)
{
    for (int64_t first = 0; first < count; first += BATCH) {
        int64_t last = first + BATCH < count ? first + BATCH : count;
        Batch   batch = { .job.run = write_batch, .bench = bench, .first = first, .last = last, .children = children };
        must(writer_run(bench->city->writer, &batch.job));
    }
}

/* ---- what is measured ---- */

static double processor_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* One list as the API answers it, in one snapshot. */
static double list(const Bench *bench, MemberName member, const Query *query, Figure *out)
{
    Arena      *arena = arena_new();
    Ctx         ctx = reader(bench, arena, &bench->actors[member]);
    Problems    problems = { .arena = arena };
    Found       found;
    Json       *json;
    const Type *type = pack_type(bench->city->pack, STR("paper"));
    db_forget(bench->db);
    double began_ms = processor_ms();
    must(db_snapshot_begin(bench->db));
    find_remember(&ctx);
    must(find(&ctx, type, query, &found, &problems));
    for (size_t i = 0; i < found.count; i++)
        must(record_json(&ctx, &found.records[i], NULL, &json));
    db_snapshot_end(bench->db);
    double took_ms = processor_ms() - began_ms;
    out->rows = found.count;
    out->total = found.total;
    arena_free(arena);
    return took_ms;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static Err write_little(Db *db, WriterJob *job)
{
    (void)job;
    return db_run(db, STR("UPDATE session SET seen = seen + 1"), NULL, 0);
}

static double list_of_case(Bench *bench, size_t number, MemberName member)
{
    WriterJob job = { .run = write_little };
    if (cases[number].after_commit)
        must(writer_run(bench->city->writer, &job));
    return list(bench, member, &cases[number].query, &bench->figures[number][member]);
}

/* By turns, so that what slows the machine for a while slows all. */
static void measure(Bench *bench, size_t number)
{
    double times[MEMBER_COUNT][RUNS_MOST], spent_ms = 0;
    int    runs = 0;
    for (int warm = 0; warm < MEMBER_COUNT; warm++)
        list_of_case(bench, number, (MemberName)warm);
    while (runs < RUNS_MOST && (runs < RUNS_LEAST || spent_ms < BUDGET_MS)) {
        for (int i = 0; i < MEMBER_COUNT; i++)
            spent_ms += times[i][runs] = list_of_case(bench, number, (MemberName)i);
        runs++;
    }
    for (int i = 0; i < MEMBER_COUNT; i++) {
        qsort(times[i], (size_t)runs, sizeof *times[i], by_size);
        bench->figures[number][i].ms = times[i][runs / 2];
    }
}

static const char *case_name(size_t number)
{
    return number < CASES ? cases[number].name : answers[number - CASES].name;
}

static void show(const Bench *bench, size_t number)
{
    const Figure *of = bench->figures[number];
    printf("%s\n", case_name(number));
    for (int i = 0; i < MEMBER_COUNT; i++)
        printf("    %-18s %9.3f ms   %5.2f x   %3zu rows%s\n", members[i].name, of[i].ms, of[i].ms / of->ms, of[i].rows,
               i && of[i].ms > of->ms * 1.2 ? "   over 1.2 x" : "");
    fflush(stdout);
}

/* ---- over HTTP ---- */

typedef struct SignIn {
    WriterJob job;
    Session   session;
} SignIn;

static Err sign_in(Db *db, WriterJob *job) { return session_start(db, &((SignIn *)job)->session); }

static void sign_in_all(Bench *bench)
{
    int64_t now_ms = env_now(&bench->city->env);
    for (int i = 0; i < MEMBER_COUNT; i++) {
        bench->secrets[i] = secret_make(bench->city, bench->arena);
        SignIn job = { .job.run = sign_in,
                       .session = { .key = secret_key(bench->arena, bench->secrets[i]),
                                    .person = bench->actors[i].person,
                                    .membership = bench->actors[i].membership,
                                    .created_ms = now_ms,
                                    .seen_ms = now_ms } };
        must(writer_run(bench->city->writer, &job.job));
    }
}

static bool ask(Bench *bench, size_t number, MemberName member, double *out)
{
    LoadFigures found;
    LoadPlan    plan = { .request = str_printf(bench->arena,
                                               "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sid=%.*s\r\n\r\n",
                                               answers[number].target, STR_FMT(bench->secrets[member])),
                         .status = 200,
                         .connections = 1,
                         .seconds = ANSWER_S };
    bool        well = load_run(&bench->served.target, &plan, &found);
    *out = found.server_cpu_us / 1e3;
    return well;
}

static bool measure_answer(Bench *bench, size_t number)
{
    double times[MEMBER_COUNT][ROUNDS];
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < MEMBER_COUNT; i++)
            if (!ask(bench, number, (MemberName)i, &times[i][round]))
                return false;
    for (int i = 0; i < MEMBER_COUNT; i++) {
        qsort(times[i], ROUNDS, sizeof *times[i], by_size);
        bench->figures[CASES + number][i].ms = times[i][ROUNDS / 2];
        bench->figures[CASES + number][i].rows = bench->figures[0][i].rows;
    }
    show(bench, CASES + number);
    return true;
}

static bool measure_answers(Bench *bench)
{
    bool well = served_start(&bench->served);
    for (size_t i = 0; well && i < ANSWERS; i++)
        well = measure_answer(bench, i);
    return well;
}

static void print_figures(const Bench *bench)
{
    for (size_t c = 0; c < ALL_CASES; c++) {
        printf("%s\"%s\":{", c ? "," : "{", case_name(c));
        for (int i = 0; i < MEMBER_COUNT; i++) {
            const Figure *of = &bench->figures[c][i];
            printf("%s\"%s\":{\"ms\":%.3f", i ? "," : "", members[i].name, of->ms);
            if (i)
                printf(",\"ratio\":%.2f", of->ms / bench->figures[c]->ms);
            printf("}");
        }
        printf("}");
    }
    printf(",\"records\":%lld,\"children\":%d}\n", (long long)bench->records, CHILDREN);
}

static void run(Bench *bench)
{
    Arena     *arena = bench->arena;
    PackSource source;
    Str        city = str_from(bench->served.city);
    must(pack_source_read(arena, STR("tests/packs/mini"), &source));
    must(city_create(city, STR_NONE, &source, false, env_system()));
    must(city_open(city, STR_NONE, env_system(), &bench->city));
    must(city_reader(bench->city, &bench->db));
    make_people(bench);
    bench->papers = ARENA_ARRAY(arena, Str, (size_t)bench->records);
    write_all(bench, false, bench->records);
    write_all(bench, true, CHILDREN);
    sign_in_all(bench);
    for (size_t i = 0; i < CASES; i++) {
        measure(bench, i);
        show(bench, i);
    }
    db_close(bench->db);
    city_close(bench->city);
}

int main(int count, char **words)
{
    Bench bench = { .arena = arena_new(), .random = 88172645463325252, .records = RECORDS };
    if (count > 2 || (count == 2 && (!str_int(str_from(words[1]), &bench.records) || bench.records < 1000))) {
        fprintf(stderr, "usage: %s [RECORDS]   1,000 or more\n", words[0]);
        return 64;
    }
    bool done = served_place(bench.arena, &bench.served);
    if (done) {
        run(&bench);
        done = measure_answers(&bench);
        done = served_end(&bench.served) && done;
    }
    if (done)
        print_figures(&bench);
    arena_free(bench.arena);
    return done ? 0 : 1;
}
