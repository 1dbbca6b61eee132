/* import [ROWS]: rows per second of an import of 100,000 results (unless said) of 12 columns with every check, as CSV
 * and as XLSX, by the program in a process of its own, which nobody serves; and its peak memory.
 *
 * In the same run: the least that any import must do, a loop that inserts the same cells into a table of 12 columns, a
 * thousand rows a commit, as durable as the city is; and what a person who creates records waits (p50, p99) while the
 * city is served and imports, beside the same without the import. Prints one JSON object last. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "results.h"
#include "served.h"
#include "store/store.h"

enum { ROWS = 100000, RAW_GROUP = 1000, PEOPLE_S = 5 };

typedef struct Bench {
    Arena      *arena;
    Served      served;
    int64_t     rows;
    Str         csv, xlsx;
    Str         cookie;
    double      csv_s, xlsx_s, raw_s, peak_mb;
    LoadFigures alone, beside;
} Bench;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- what is measured ---- */

static bool import_file(const Bench *bench, Str path, double *out_s)
{
    const char *const words[] = { "result", str_dup_z(bench->arena, path), "--as", "researcher" };
    double            began_s = now_s();
    if (!served_verb(&bench->served, "import", words, 4))
        return false;
    *out_s = now_s() - began_s;
    return true;
}

static bool raw_rows(Db *db, const Bench *bench, int64_t from)
{
    static const Str    insert = STR_INIT("INSERT INTO raw VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    OWNED(arena) Arena *arena = arena_new();
    if (!well(db_begin(db)))
        return false;
    for (int64_t at = from; at < from + RAW_GROUP && at < bench->rows; at++) {
        Str   cells[RESULT_COLUMNS];
        Value values[RESULT_COLUMNS];
        arena_reset(arena);
        result_cells(arena, bench->rows, at, cells);
        for (int i = 0; i < RESULT_COLUMNS; i++)
            values[i] = value_text(cells[i]);
        if (!well(db_run(db, insert, values, RESULT_COLUMNS)))
            return false;
    }
    return well(db_commit(db));
}

static bool raw_insert(Bench *bench)
{
    OWNED(db) Db *db = NULL;
    Str           path = str_printf(bench->arena, "%s/raw.db", bench->served.folder);
    if (!well(db_open(path, DB_CREATE, &db)) ||
        !well(db_script(db, STR("CREATE TABLE raw (a TEXT, b TEXT, c TEXT, d TEXT, e TEXT, f TEXT, g TEXT, h TEXT,"
                                " i TEXT, j TEXT, k TEXT, l TEXT)"))))
        return false;
    double began_s = now_s();
    for (int64_t at = 0; at < bench->rows; at += RAW_GROUP)
        if (!raw_rows(db, bench, at))
            return false;
    bench->raw_s = now_s() - began_s;
    return true;
}

/* ---- people beside it ---- */

static Str post(const Bench *bench, const char *target, Str body)
{
    return str_printf(bench->arena,
                      "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                      "%s%.*s%s\r\n%.*s",
                      target, body.len, bench->cookie.len ? "Cookie: " : "", STR_FMT(bench->cookie),
                      bench->cookie.len ? "\r\n" : "", STR_FMT(body));
}

static bool sign_in(Bench *bench)
{
    Answer answer;
    Str    body = str_printf(bench->arena, "{\"login\":\"researcher\",\"password\":\"%s\"}", SERVED_PASSWORD);
    if (!load_once(bench->arena, &bench->served.target, post(bench, "/api/v1/sessions", body), &answer))
        return false;
    Str cookie = load_header(answer.head, STR("Set-Cookie"));
    bench->cookie = str_cut(&cookie, ';');
    return bench->cookie.len > 0 || complain("nobody could sign in: %.*s", STR_FMT(answer.head));
}

static bool people(const Bench *bench, LoadFigures *out)
{
    LoadPlan plan = { .request = post(bench, "/api/v1/records/result",
                                      STR("{\"fields\":{\"title\":\"一件 " LOAD_NUMBER "\",\"discipline\":\"化学\"}}")),
                      .status = 201,
                      .connections = 1,
                      .seconds = PEOPLE_S };
    return load_run(&bench->served.target, &plan, out);
}

/* The import goes on in the server while people work, until they have; then it is waited for. */
static bool beside_people(Bench *bench)
{
    if (!served_start(&bench->served) || !sign_in(bench) || !people(bench, &bench->alone))
        return false;
    pid_t child = fork();
    if (child == 0) {
        double took_s;
        _exit(import_file(bench, bench->csv, &took_s) ? 0 : 1);
    }
    usleep(300000); /* the file has come in */
    int  status = 1;
    bool done = people(bench, &bench->beside);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0 && done;
}

static void print_figures(const Bench *bench)
{
    double rows = (double)bench->rows;
    printf("CSV   %8.0f rows/s   %6.2f s\nXLSX  %8.0f rows/s   %6.2f s\nraw   %8.0f rows/s   %6.2f s\n",
           rows / bench->csv_s, bench->csv_s, rows / bench->xlsx_s, bench->xlsx_s, rows / bench->raw_s, bench->raw_s);
    printf("a person's create: p50 %.1f ms, p99 %.1f ms; beside an import p50 %.1f ms, p99 %.1f ms\n",
           bench->alone.p50_us / 1e3, bench->alone.p99_us / 1e3, bench->beside.p50_us / 1e3,
           bench->beside.p99_us / 1e3);
    printf("{\"csv\":{\"rows_per_second\":%.0f,\"seconds\":%.2f},\"xlsx\":{\"rows_per_second\":%.0f,\"seconds\":%.2f},"
           "\"raw\":{\"rows_per_second\":%.0f},\"of_raw\":%.3f,\"import_peak_mb\":%.1f,"
           "\"people\":{\"p99_alone_ms\":%.2f,\"p50_beside_ms\":%.2f,\"p99_beside_ms\":%.2f},\"rows\":%lld}\n",
           rows / bench->csv_s, bench->csv_s, rows / bench->xlsx_s, bench->xlsx_s, rows / bench->raw_s,
           bench->raw_s / bench->csv_s, bench->peak_mb, bench->alone.p99_us / 1e3, bench->beside.p50_us / 1e3,
           bench->beside.p99_us / 1e3, (long long)bench->rows);
}

int main(int count, char **words)
{
    Bench         bench = { .arena = arena_new(), .rows = ROWS };
    struct rusage used = { 0 };
    if (count > 2 || (count == 2 && (!str_int(str_from(words[1]), &bench.rows) || bench.rows < 1000))) {
        fprintf(stderr, "usage: %s [ROWS]   1,000 or more\n", words[0]);
        return 64;
    }
    bool done = served_make(bench.arena, &bench.served);
    bench.csv = str_printf(bench.arena, "%s/results.csv", bench.served.folder);
    bench.xlsx = str_printf(bench.arena, "%s/results.xlsx", bench.served.folder);
    done = done && results_csv(bench.arena, bench.csv, bench.rows) &&
           results_xlsx(str_from(bench.served.folder), bench.xlsx, bench.rows) &&
           import_file(&bench, bench.csv, &bench.csv_s) && import_file(&bench, bench.xlsx, &bench.xlsx_s);
    getrusage(RUSAGE_CHILDREN, &used);
    bench.peak_mb = (double)used.ru_maxrss / 1024;
    done = done && raw_insert(&bench) && beside_people(&bench);
    done = served_end(&bench.served) && done;
    if (done)
        print_figures(&bench);
    arena_free(bench.arena);
    return done ? 0 : 1;
}
