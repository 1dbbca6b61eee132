/* clocks [RECORDS]: clocks settled per second. 100,000 open records (unless said), each with a clock that has run out,
 * are closed by the duty that does it in a served city, durably.
 *
 * In the same run, on the same disk and in the same city: the plain durable creates by which the records come to be,
 * many in flight, which the writer commits in groups; and the same settling one record an event. In this process,
 * without a server. Prints one JSON object last. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "kernel/act.h"
#include "kernel/clock_steps.h"
#include "served.h"

enum { RECORDS = 100000, IN_FLIGHT = 256, SINGLE = 2000, DAYS = 15 };

static const char notice[] =
    "type: notice\nlabel: {zh: 公告, en: Notice}\nplural: {zh: 公告, en: Notices}\ntitle: title\ndisclosure: public\n"
    "fields: [{name: title, kind: text, class: public, label: {zh: 标题, en: Title}}]\n"
    "states: [{name: open, label: {zh: 公示中, en: Open}}, {name: closed, label: {zh: 已结束, en: Closed}}]\n"
    "clocks: [{name: objection, label: {zh: 异议期, en: Objection period}, days: 15, kind: working, start: [create],\n"
    "  expires: close}]\n"
    "access: [{roles: [operator], clearance: secret}, {clearance: {general: public}}]\n"
    "actions:\n"
    "  - {name: create, label: {zh: 公示, en: Publish}, who: [{roles: [operator]}], required: [title]}\n"
    "  - {name: close, label: {zh: 结束, en: Close}, from: [open], to: closed, who: []}\n";

typedef struct Bench {
    Arena      *arena;
    const char *folder;
    City       *city;
    Db         *db;
    int64_t     records, ahead_ms; /* of the real time */
    Env         real;
} Bench;

static bool well(Err err) { return !err.kind || complain("%.*s: %s", STR_FMT(err_row(err.code)->code), err.context); }

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- the city: Shanghai's parties and calendar, and a type with a clock; its time can be set forward ---- */

static int64_t now_ahead(void *context)
{
    const Bench *bench = context;
    return env_now(&bench->real) + bench->ahead_ms;
}

static void random_real(void *context, void *out, size_t size)
{
    env_random(&((const Bench *)context)->real, out, size);
}

static bool city_ready(Bench *bench)
{
    Env        env = { now_ahead, random_real, bench };
    Str        dir = str_printf(bench->arena, "%s/city", bench->folder);
    PackSource source;
    if (!well(pack_source_read(bench->arena, STR("packs/shanghai"), &source)))
        return false;
    PackFile *files = ARENA_ARRAY(bench->arena, PackFile, source.count + 1);
    size_t    count = 0;
    for (size_t i = 0; i < source.count; i++) /* without its sample steps */
        if (!str_starts(source.files[i].path, STR("demo/")))
            files[count++] = source.files[i];
    size_t at = count;
    for (; at > 0 && str_cmp(files[at - 1].path, STR("types/notice.yaml")) > 0; at--)
        files[at] = files[at - 1];
    files[at] = (PackFile){ STR("types/notice.yaml"), str_from(notice) };
    source = (PackSource){ files, count + 1 };
    return well(city_create(dir, STR_NONE, &source, false, env)) && well(city_open(dir, STR_NONE, env, &bench->city)) &&
           well(city_reader(bench->city, &bench->db));
}

/* ---- creates ---- */

typedef struct Create {
    WriterJob     job;
    Change       *change;
    WriterTicket *ticket;
} Create;

static Err create_run(Db *db, WriterJob *job) { return act_commit(db, ((Create *)job)->change); }

static Err create_some(const Bench *bench, Arena *arena, int64_t first, int count)
{
    Ctx      ctx = { .city = bench->city, .db = bench->db, .arena = arena, .actor = &actor_system };
    Create  *creates = ARENA_ARRAY(arena, Create, (size_t)count);
    Problems problems = { .arena = arena };
    ctx.now_ms = env_now(&bench->city->env);
    for (int i = 0; i < count; i++) {
        Json      *fields = json_object(arena);
        ActRequest request = { .type = pack_type(bench->city->pack, STR("notice")),
                               .action = STR("create"),
                               .input = fields,
                               .if_match = -1 };
        json_set_str(arena, fields, STR("title"), str_printf(arena, "关于拟转让成果的公示 %lld", (long long)first + i));
        TRY(act_prepare(&ctx, &request, &creates[i].change, &problems));
        creates[i].job = (WriterJob){ .run = create_run };
    }
    int begun = 0;
    Err err = ERR_OK;
    for (; begun < count && !err.kind; begun++)
        err = writer_begin(bench->city->writer, &creates[begun].job, &creates[begun].ticket);
    for (int i = 0; i < begun - (err.kind != 0); i++) {
        Err ended = writer_end(creates[i].ticket);
        err = err.kind ? err : ended;
    }
    return err;
}

/* The writer works on one lot while the next is prepared only after it: what one client's pipeline would send. */
static bool create_all(const Bench *bench, double *rate)
{
    OWNED(arena) Arena *arena = arena_new();
    double              begun = seconds();
    for (int64_t i = 0; i < bench->records; i += IN_FLIGHT) {
        int count = bench->records - i < IN_FLIGHT ? (int)(bench->records - i) : IN_FLIGHT;
        if (!well(create_some(bench, arena, i, count)))
            return false;
        arena_reset(arena);
    }
    *rate = (double)bench->records / (seconds() - begun);
    return true;
}

/* ---- settling ---- */

typedef struct Single {
    WriterJob     job;
    const Bench  *bench;
    Arena        *arena;
    Str           id;
    WriterTicket *ticket;
} Single;

static Err single_run(Db *db, WriterJob *job)
{
    const Single *single = (const Single *)job;
    const City   *city = single->bench->city;
    Ctx           writer = {
                  .city = city, .db = db, .arena = single->arena, .actor = &actor_system, .now_ms = env_now(&city->env)
    };
    return clock_settle(&writer, pack_type(city->pack, STR("notice")), single->id);
}

static const Str sql_open = STR_INIT("SELECT id FROM r_notice WHERE state = 'open' LIMIT ?");
static const Str sql_left = STR_INIT(
    "SELECT count(*) FROM r_notice WHERE state <> 'closed' OR objection_due IS NOT NULL");

static Err singles_read(const Bench *bench, Single *out, size_t *count)
{
    OWNED(rows) Rows *rows = NULL;
    Value             most = value_int(SINGLE);
    TRY(db_query(bench->db, sql_open, &most, 1, &rows));
    for (*count = 0;; (*count)++) {
        bool more;
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        out[*count] = (Single){ .job = { .run = single_run },
                                .bench = bench,
                                .arena = bench->arena,
                                .id = str_dup(bench->arena, rows_borrow_text(rows, 0)) };
    }
}

/* Some records one by one, as many in flight as the writer takes into a group. */
static bool settle_singles(const Bench *bench, double *rate)
{
    Single *singles = ARENA_ARRAY(bench->arena, Single, SINGLE);
    size_t  count = 0;
    if (!well(singles_read(bench, singles, &count)))
        return false;
    double begun = seconds();
    for (size_t i = 0; i < count; i++)
        if (!well(writer_begin(bench->city->writer, &singles[i].job, &singles[i].ticket)))
            return false;
    for (size_t i = 0; i < count; i++)
        if (!well(writer_end(singles[i].ticket)))
            return false;
    *rate = (double)count / (seconds() - begun);
    return true;
}

static bool all_closed(const Bench *bench)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    if (!well(db_query(bench->db, sql_left, NULL, 0, &rows)) || !well(rows_next(rows, &more)))
        return false;
    return rows_int(rows, 0) == 0 || complain("%lld are not settled", (long long)rows_int(rows, 0));
}

static bool settle_rest(const Bench *bench, int64_t count, double *rate)
{
    OWNED(arena) Arena *arena = arena_new();
    DutyRun             run = { .ctx = { .city = bench->city, .db = bench->db, .arena = arena } };
    double              begun = seconds();
    if (!well(clock_duty(&run)))
        return false;
    *rate = (double)count / (seconds() - begun);
    return all_closed(bench);
}

static bool measure(Bench *bench)
{
    double creates, singles, settled;
    if (!create_all(bench, &creates))
        return false;
    bench->ahead_ms += (DAYS + 60) * DAY_MS;
    if (!settle_singles(bench, &singles) || !settle_rest(bench, bench->records - SINGLE, &settled))
        return false;
    printf("{\"records\":%lld,\"creates_per_s\":%.0f,\"settled_one_by_one_per_s\":%.0f,\"settled_per_s\":%.0f,"
           "\"settled_to_creates\":%.1f}\n",
           (long long)bench->records, creates, singles, settled, settled / creates);
    return true;
}

int main(int argc, char **argv)
{
    OWNED(arena) Arena *arena = arena_new();
    Bench               bench = { .arena = arena, .real = env_system(), .records = RECORDS };
    if ((argc > 1 && !str_int(str_from(argv[1]), &bench.records)) || bench.records < SINGLE)
        return complain("at least %d records", SINGLE), EXIT_FAILURE;
    bool done = scratch_make(arena, &bench.folder) && city_ready(&bench) && measure(&bench);
    db_close(bench.db);
    city_close(bench.city);
    done = bench.folder && scratch_remove(bench.folder) && done;
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
