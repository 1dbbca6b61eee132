/* xlsx [ROWS]: rows per second of an export of 100,000 results (unless said), all columns, as a spreadsheet, by the
 * program that asks the server for it and writes the file; and the server's peak memory meanwhile.
 *
 * In the same run: the same as CSV; an import of the spreadsheet of 12 columns that bench/import measures, by the
 * program alone; and the least that a spreadsheet must cost, the same cells written by the writer of this tree
 * without a city. Prints one JSON object last. */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "results.h"
#include "served.h"

enum { ROWS = 100000 };

typedef struct Bench {
    Arena  *arena;
    Served  served;
    int64_t rows;
    double  in_s, out_s, csv_s, raw_s, import_peak_mb, peak_mb;
} Bench;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static Str path_of(const Bench *bench, const char *name)
{
    return str_printf(bench->arena, "%s/%s", bench->served.folder, name);
}

static bool bring_in(Bench *bench)
{
    Str           path = path_of(bench, "results.xlsx");
    double        began_s = now_s();
    struct rusage used;
    if (!results_xlsx(str_from(bench->served.folder), path, bench->rows))
        return false;
    bench->raw_s = now_s() - began_s;
    const char *const words[] = { "result", str_dup_z(bench->arena, path), "--as", "researcher" };
    began_s = now_s();
    if (!served_verb(&bench->served, "import", words, 4))
        return false;
    bench->in_s = now_s() - began_s;
    getrusage(RUSAGE_CHILDREN, &used);
    bench->import_peak_mb = (double)used.ru_maxrss / 1024;
    return true;
}

/* The most that the server has had, in MB; 0 when the system does not say. */
static double server_peak(const Bench *bench)
{
    char    line[256], path[64];
    int64_t kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)bench->served.target.pid);
    FILE *status = fopen(path, "r");
    while (status && fgets(line, sizeof line, status)) {
        Str number = str_from(line), name = str_cut(&number, ':');
        number = str_trim(number);
        if (str_eq(name, STR("VmHWM")) && str_int(str_cut(&number, ' '), &kilobytes))
            break;
    }
    if (status)
        fclose(status);
    return (double)kilobytes / 1024;
}

static bool take_out(const Bench *bench, const char *format, double *out_s)
{
    const char       *path = str_dup_z(bench->arena, path_of(bench, str_printf(bench->arena, "out.%s", format).ptr));
    const char *const words[] = { "result", "--format", format, "--out", path, "--as", "researcher" };
    double            began_s = now_s();
    if (!served_verb(&bench->served, "export", words, 7))
        return false;
    *out_s = now_s() - began_s;
    return true;
}

static bool run(Bench *bench)
{
    if (!bring_in(bench) || !served_start(&bench->served) || !take_out(bench, "xlsx", &bench->out_s))
        return false;
    bench->peak_mb = server_peak(bench);
    return take_out(bench, "csv", &bench->csv_s);
}

static void print_figures(const Bench *bench)
{
    double rows = (double)bench->rows;
    printf("out as XLSX %8.0f rows/s, the server's peak %.1f MB; as CSV %8.0f rows/s\n", rows / bench->out_s,
           bench->peak_mb, rows / bench->csv_s);
    printf("in  as XLSX %8.0f rows/s, peak %.1f MB; the cells alone written %8.0f rows/s\n", rows / bench->in_s,
           bench->import_peak_mb, rows / bench->raw_s);
    printf("{\"in\":{\"seconds\":%.2f,\"peak_mb\":%.1f},\"out\":{\"rows_per_second\":%.0f,\"peak_mb\":%.1f},"
           "\"csv_out\":{\"rows_per_second\":%.0f},\"written\":{\"rows_per_second\":%.0f},\"rows\":%lld}\n",
           bench->in_s, bench->import_peak_mb, rows / bench->out_s, bench->peak_mb, rows / bench->csv_s,
           rows / bench->raw_s, (long long)bench->rows);
}

int main(int count, char **words)
{
    Bench bench = { .arena = arena_new(), .rows = ROWS };
    if (count > 2 || (count == 2 && (!str_int(str_from(words[1]), &bench.rows) || bench.rows < 1000))) {
        fprintf(stderr, "usage: %s [ROWS]   1,000 or more\n", words[0]);
        return 64;
    }
    bool done = served_make(bench.arena, &bench.served) && run(&bench);
    done = served_end(&bench.served) && done;
    if (done)
        print_figures(&bench);
    arena_free(bench.arena);
    return done ? 0 : 1;
}
