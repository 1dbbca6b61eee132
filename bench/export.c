/* export [ROWS]: rows per second of an export of 100,000 results (unless said), as CSV and as JSON Lines, in this
 * process, without a server and its reader.
 *
 * In the same run: the pages of a list that come to the same rows, of 1,000 each, which is what an export spares the
 * reader; an export in an order that no index has; and the least that any export must do, a loop that reads every
 * column of the table and writes it as a cell, without rights or kinds. Figures are the best of RUNS, by the processor
 * time of this thread. Prints one JSON object last. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/csv.h"
#include "served.h"
#include "web/app.h"

enum { ROWS = 100000, RUNS = 3, RAW_PAGE = 1000, ID_ROOM = 40 };

static const Str raw_select = STR_INIT("SELECT * FROM r_result WHERE id > ? ORDER BY id LIMIT ?");

#define EXPORT "/api/v1/records/result/export?format="
#define LIST   "/api/v1/records/result?limit=1000"

typedef struct Bench {
    Arena  *arena;
    Served  served;
    City   *city;
    App    *app;
    Db     *db;
    int64_t rows; /* imported; the demo city has some of its own */
    int64_t bytes;
} Bench;

static bool well(Err err) { return !err.kind || complain("%.*s: %s", STR_FMT(err_row(err.code)->code), err.context); }

/* ---- the city ---- */

/* As long as the abstracts of real results are: some 150 characters. */
static const char abstract[] =
    "面向固态电池低外压运行的需求，提出在硫化物电解质与高镍正极之间原位生成锂磷氧氮界面层的方法。以两步退火控制界面层厚度，使界面阻抗随循环的增长"
    "低于对照样一个量级；在两兆帕外压下完成六百次循环，容量保持率不低于百分之八十。对批次间一致性、工艺窗口和成本作了测算，给出与现有产线衔接的路线。";

static bool import_results(const Bench *bench)
{
    const char *path = str_dup_z(bench->arena, str_printf(bench->arena, "%s/results.csv", bench->served.folder));
    FILE       *file = fopen(path, "w");
    if (!file)
        return complain("cannot write %s", path);
    fprintf(file, "title,discipline,keywords,abstract,claimed_level\n");
    for (int64_t i = 0; i < bench->rows; i++)
        fprintf(file, "固态电池界面层样本 %06d,材料科学与工程,固态电池；界面层；批次 %06d,%s,%d\n",
                (int)(i * 7919 % bench->rows), (int)(i * 104729 % bench->rows), abstract, (int)(1 + i % 9));
    if (fclose(file) != 0)
        return complain("cannot write %s", path);
    const char *const words[] = { "result", path, "--as", "researcher" };
    return served_verb(&bench->served, "import", words, 4);
}

static bool city_ready(Bench *bench)
{
    AppConfig config = { .log = APP_LOG_FAULTS };
    if (!well(city_open(str_from(bench->served.city), STR_NONE, env_system(), &bench->city)))
        return false;
    config.city = bench->city;
    return well(app_new(&config, &bench->app)) && well(city_reader(bench->city, &bench->db));
}

/* ---- what is measured ---- */

static double processor_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static Err count_bytes(void *context, Str piece)
{
    *(int64_t *)context += (int64_t)piece.len;
    return ERR_OK;
}

static bool call(const Bench *bench, Arena *arena, Str target, AppReply *out, int64_t *bytes)
{
    const AppSink sink = { .take = count_bytes, .context = bytes };
    AppRequest    request = { .method = METHOD_GET, .target = target, .as = STR("researcher"), .sink = &sink };
    if (!well(app_call(bench->app, bench->db, arena, &request, out)))
        return false;
    return out->status == 200 || complain("%.*s: status %d", STR_FMT(target), out->status);
}

static bool export_all(Bench *bench, Str target)
{
    OWNED(arena) Arena *arena = arena_new();
    AppReply            reply;
    return call(bench, arena, target, &reply, &bench->bytes);
}

/* From cursor to cursor, as a reader of pages would. */
static bool list_all(Bench *bench, Str target)
{
    OWNED(arena) Arena *arena = arena_new();
    char                next[1024] = "";
    do {
        AppReply reply;
        Json    *page;
        arena_reset(arena);
        Str asked = str_printf(arena, "%.*s%s%s", STR_FMT(target), next[0] ? "&cursor=" : "", next);
        if (!call(bench, arena, asked, &reply, &bench->bytes) || !well(json_parse(arena, reply.body, &page)))
            return false;
        bench->bytes += (int64_t)reply.body.len;
        snprintf(next, sizeof next, "%.*s", STR_FMT(json_text(json_get(page, STR("next")))));
    } while (next[0]);
    return true;
}

/* Every column of the next rows into a cell; last is the id that they ended with. */
static bool raw_page(Bench *bench, Arena *arena, int columns, char last[ID_ROOM], int *out_count)
{
    OWNED(rows) Rows *rows = NULL;
    const Value       params[] = { value_text(str_from(last)), value_int(RAW_PAGE) };
    Buf               buf = buf_new(arena, SIZE_MAX);
    if (!well(db_query(bench->db, raw_select, params, 2, &rows)))
        return false;
    for (*out_count = 0;; (*out_count)++) {
        bool more;
        if (!well(rows_next(rows, &more)))
            return false;
        if (!more)
            break;
        for (int i = 0; i < columns; i++) {
            csv_write_cell(&buf, rows_borrow_text(rows, i));
            buf_char(&buf, ',');
        }
        buf_add(&buf, STR("\r\n"));
        snprintf(last, ID_ROOM, "%.*s", STR_FMT(rows_borrow_text(rows, 0)));
    }
    bench->bytes += (int64_t)buf.len;
    return true;
}

static bool raw_all(Bench *bench, Str type)
{
    OWNED(arena) Arena *arena = arena_new();
    int                 columns = (int)pack_type(bench->city->pack, type)->stored_count;
    char                last[ID_ROOM] = "";
    for (int count = RAW_PAGE; count == RAW_PAGE;) {
        arena_reset(arena);
        if (!raw_page(bench, arena, columns, last, &count))
            return false;
    }
    return true;
}

static const struct {
    const char *name, *title;
    bool (*run)(Bench *bench, Str target);
    Str target;
} cases[] = {
    { "csv", "export as CSV", export_all, STR_INIT(EXPORT "csv") },
    { "jsonl", "export as JSON Lines", export_all, STR_INIT(EXPORT "jsonl") },
    { "csv_by_keywords", "CSV, in an order without index", export_all, STR_INIT(EXPORT "csv&sort=keywords") },
    { "list_pages", "pages of a list", list_all, STR_INIT(LIST) },
    { "raw", "every column, without rights", raw_all, STR_INIT("result") },
};
enum { CASES = sizeof cases / sizeof cases[0] };

static bool measure(Bench *bench, double best_s[CASES])
{
    for (int run = 0; run < RUNS; run++)
        for (int i = 0; i < CASES; i++) {
            double began_s = processor_s();
            bench->bytes = 0;
            if (!cases[i].run(bench, cases[i].target))
                return complain("the case %s failed", cases[i].name);
            double took_s = processor_s() - began_s;
            if (run == 0 || took_s < best_s[i])
                best_s[i] = took_s;
            if (run + 1 == RUNS)
                printf("%-32s %9.0f rows/s   %7.1f MB   %6.3f s\n", cases[i].title, (double)bench->rows / best_s[i],
                       (double)bench->bytes / 1e6, best_s[i]);
        }
    return true;
}

static void print_figures(const Bench *bench, const double best_s[CASES])
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    for (int i = 0; i < CASES; i++)
        printf("%s\"%s\":{\"rows_per_second\":%.0f,\"of_raw\":%.3f}", i ? "," : "{", cases[i].name,
               (double)bench->rows / best_s[i], best_s[CASES - 1] / best_s[i]);
    printf(",\"peak_rss_mb\":%.1f,\"rows\":%lld}\n", (double)used.ru_maxrss / 1024, (long long)bench->rows);
}

int main(int count, char **words)
{
    Bench  bench = { .arena = arena_new(), .rows = ROWS };
    double best_s[CASES];
    if (count > 2 || (count == 2 && (!str_int(str_from(words[1]), &bench.rows) || bench.rows < 1000))) {
        fprintf(stderr, "usage: %s [ROWS]   1,000 or more\n", words[0]);
        return 64;
    }
    bool done = served_make(bench.arena, &bench.served) && import_results(&bench) && city_ready(&bench) &&
                measure(&bench, best_s);
    db_close(bench.db);
    app_free(bench.app);
    city_close(bench.city);
    done = served_end(&bench.served) && done;
    if (done)
        print_figures(&bench, best_s);
    arena_free(bench.arena);
    return done ? 0 : 1;
}
