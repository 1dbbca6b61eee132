/* http [SECONDS]: requests per second and p99 of a served demo city with 2,500 more results, 3
 * s for each case unless said.
 *
 * Two references are measured in the same run. The trivial GET is the ceiling of the server's loops and of this client,
 * which share the cores: what a read costs is its distance from it. The disk's own rate of 4 KiB appends, each with
 * fdatasync, taken right before and after the durable creates, says how many creates one of its syncs carries. Every
 * create is counted again in the city at the end. Prints one JSON object last. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "served.h"

enum { RESULTS = 2500, LIST_ROWS = 50, SYNC_BYTES = 4096 };

#define LIST_TARGET "/api/v1/records/result?limit=50"

typedef enum CaseName { TRIVIAL_GET, RECORD_READ, LIST_50, DURABLE_CREATE, CASE_COUNT } CaseName;

static const struct {
    const char *name, *title;
    double      budget_per_second; /* on two cores, this client included */
    int         status, connections;
} cases[CASE_COUNT] = {
    [TRIVIAL_GET] = { "trivial_get", "trivial GET", 40000, 200, 64 },
    [RECORD_READ] = { "record_read", "authenticated record read", 20000, 200, 64 },
    [LIST_50] = { "list_50", "list of 50", 5000, 200, 32 },
    [DURABLE_CREATE] = { "durable_create", "durable create", 5000, 201, 256 },
};

typedef struct Bench {
    Arena      *arena;
    Served      served;
    double      seconds; /* for each case */
    Str         cookie;
    Str         requests[CASE_COUNT];
    LoadFigures figures[CASE_COUNT];
    double      syncs_per_second; /* mean of before and after the creates */
    double      load;             /* of the machine in the minute before: what others took */
} Bench;

/* ---- the city ---- */

/* A text as long as the abstracts of real results are: some 300 characters. */
static const Str abstract = STR_INIT(
    "面向固态电池低外压运行的需求，提出在硫化物电解质与高镍正极之间原位生成锂磷氧氮界面层的方法。以两步退火控制界面层厚度，使界面阻抗随循环的增长"
    "低于对照样一个量级；在两兆帕外压下完成六百次循环，容量保持率不低于百分之八十。对批次间一致性、工艺窗口和成本作了测算，给出与现有卷对卷产线"
    "衔接的路线。进一步讨论界面层在潮湿环境中的稳定性，说明水分含量对离子电导率的影响规律，并提出封装条件。结果表明，该方法不依赖笨重的加压夹具，"
    "适用于电动航空器与储能电站，为下一步的中试验证提供依据。");

static bool import_results(const Bench *bench)
{
    Str path = str_printf(bench->arena, "%s/results.csv", bench->served.folder);
    Buf csv = buf_new(bench->arena, 8 << 20);
    buf_add(&csv, STR("title,discipline,keywords,abstract,claimed_level\n"));
    for (int i = 0; i < RESULTS; i++)
        buf_printf(&csv, "固态电池界面层样本 %04d,材料科学与工程,固态电池；界面层；硫化物,%.*s,%d\n", i,
                   STR_FMT(abstract), 1 + i % 9);
    assert(!buf_full(&csv));
    if (file_write(path, buf_str(&csv), 0600).kind)
        return complain("cannot write %.*s", STR_FMT(path));
    const char *const words[] = { "result", str_dup_z(bench->arena, path), "--as", "researcher" };
    return served_verb(&bench->served, "import", words, 4);
}

/* ---- requests ---- */

static Str get(const Bench *bench, const char *target)
{
    return str_printf(bench->arena, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: zh\r\n%s%.*s%s\r\n", target,
                      bench->cookie.len ? "Cookie: " : "", STR_FMT(bench->cookie), bench->cookie.len ? "\r\n" : "");
}

static Str post(const Bench *bench, const char *target, Str body)
{
    return str_printf(bench->arena,
                      "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: zh\r\nContent-Type: application/json\r\n"
                      "Content-Length: %zu\r\n%s%.*s%s\r\n%.*s",
                      target, body.len, bench->cookie.len ? "Cookie: " : "", STR_FMT(bench->cookie),
                      bench->cookie.len ? "\r\n" : "", STR_FMT(body));
}

/* The answer to one request, which must have that status and, but for an empty one, be JSON. */
static bool ask(const Bench *bench, Str request, int status, Str *head, const Json **out)
{
    Answer answer;
    Json  *json;
    if (!load_once(bench->arena, &bench->served.target, request, &answer))
        return false;
    if (answer.status != status || json_parse(bench->arena, answer.body, &json).kind)
        return complain("wanted %d and JSON: %.*s\n%.*s", status, STR_FMT(answer.head), STR_FMT(answer.body));
    if (head)
        *head = answer.head;
    *out = json;
    return true;
}

static bool sign_in(Bench *bench)
{
    Str         head;
    const Json *session;
    Str         body = str_printf(bench->arena, "{\"login\":\"researcher\",\"password\":\"%s\"}", SERVED_PASSWORD);
    if (!ask(bench, post(bench, "/api/v1/sessions", body), 201, &head, &session))
        return false;
    Str cookie = load_header(head, STR("Set-Cookie"));
    bench->cookie = str_cut(&cookie, ';');
    return bench->cookie.len > 0;
}

/* Makes the request of each case, and looks once at what it answers: a list of 50 must be one. */
static bool make_requests(Bench *bench)
{
    const Json *list, *record;
    bench->requests[TRIVIAL_GET] = get(bench, "/healthz");
    if (!sign_in(bench) || !ask(bench, get(bench, LIST_TARGET), 200, NULL, &list))
        return false;
    const Json *items = json_get(list, STR("items"));
    if (!items || items->count != LIST_ROWS)
        return complain("the list has %zu rows", items ? items->count : 0);
    Str id = json_text(json_get(items->first, STR("id")));
    Str target = str_printf(bench->arena, "/api/v1/records/result/%.*s", STR_FMT(id));
    bench->requests[LIST_50] = get(bench, LIST_TARGET);
    bench->requests[RECORD_READ] = get(bench, str_dup_z(bench->arena, target));
    if (!ask(bench, bench->requests[RECORD_READ], 200, NULL, &record) ||
        !json_text(json_get(json_get(record, STR("fields")), STR("abstract"))).len)
        return complain("the record does not show its abstract");
    Str body = str_printf(bench->arena,
                          "{\"fields\":{\"title\":\"持久登记 " LOAD_NUMBER
                          "\",\"discipline\":\"材料科学与工程\",\"claimed_level\":3,\"abstract\":\"%.*s\"}}",
                          STR_FMT(abstract));
    bench->requests[DURABLE_CREATE] = post(bench, "/api/v1/records/result", body);
    return true;
}

static bool count_results(const Bench *bench, int64_t *out)
{
    const Json *list;
    return ask(bench, get(bench, "/api/v1/records/result?limit=1&total=1"), 200, NULL, &list) &&
           json_int(json_get(list, STR("total")), out);
}

/* ---- what is measured ---- */

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Appends of SYNC_BYTES, each synced, that the disk of the city does in a second; 0 when it refuses. */
static double disk_syncs(const Bench *bench)
{
    static const char page[SYNC_BYTES];
    const char       *path = str_dup_z(bench->arena, str_printf(bench->arena, "%s/syncs", bench->served.folder));
    int               fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    double            began_s = now_s(), count = 0;
    bool              well = fd >= 0;
    while (well && now_s() - began_s < 1) {
        well = write(fd, page, sizeof page) == (ssize_t)sizeof page && fdatasync(fd) == 0;
        count++;
    }
    double took_s = now_s() - began_s;
    if (fd >= 0)
        close(fd);
    return well ? count / took_s : 0;
}

static bool measure(Bench *bench, CaseName name)
{
    LoadPlan plan = { .request = bench->requests[name],
                      .status = cases[name].status,
                      .connections = cases[name].connections,
                      .seconds = bench->seconds };
    if (!load_run(&bench->served.target, &plan, &bench->figures[name]))
        return complain("the case %s failed", cases[name].name);
    const LoadFigures *found = &bench->figures[name];
    printf("%-26s %9.0f /s   budget %6.0f   p50 %8.0f us   p99 %8.0f us   server %6.1f us cpu   %d connections\n",
           cases[name].title, found->requests_per_second, cases[name].budget_per_second, found->p50_us, found->p99_us,
           found->server_cpu_us, cases[name].connections);
    fflush(stdout);
    return true;
}

/* As the others, between two measurements of the disk; then every create must be in the city. */
static bool measure_creates(Bench *bench)
{
    int64_t before, after;
    if (!count_results(bench, &before))
        return false;
    double syncs = disk_syncs(bench);
    if (!measure(bench, DURABLE_CREATE))
        return false;
    bench->syncs_per_second = (syncs + disk_syncs(bench)) / 2;
    if (!count_results(bench, &after))
        return false;
    if (after - before != bench->figures[DURABLE_CREATE].answered)
        return complain("%lld creates were answered, the city has %lld more",
                        (long long)bench->figures[DURABLE_CREATE].answered, (long long)(after - before));
    printf("%-26s %9.0f /s   4 KiB append and fdatasync, mean of before and after\n", "the disk alone",
           bench->syncs_per_second);
    return true;
}

static void print_figures(const Bench *bench)
{
    double ceiling = bench->figures[TRIVIAL_GET].requests_per_second;
    double creates = bench->figures[DURABLE_CREATE].requests_per_second;
    double syncs = bench->syncs_per_second;
    for (int i = 0; i < CASE_COUNT; i++) {
        const LoadFigures *found = &bench->figures[i];
        printf("%s\"%s\":{\"requests_per_second\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"server_cpu_us\":%.1f,"
               "\"client_cpu_us\":%.1f,\"of_trivial_get\":%.3f,\"connections\":%d}",
               i ? "," : "{", cases[i].name, found->requests_per_second, found->p50_us, found->p99_us,
               found->server_cpu_us, found->client_cpu_us, ceiling > 0 ? found->requests_per_second / ceiling : 0,
               cases[i].connections);
    }
    printf(",\"reference\":{\"disk_syncs_per_second\":%.0f,\"creates_per_disk_sync\":%.2f,\"load_before\":%.2f},",
           syncs, syncs > 0 ? creates / syncs : 0, bench->load);
    printf("\"results\":%d,\"cores\":%ld}\n", RESULTS, sysconf(_SC_NPROCESSORS_ONLN));
}

static bool run(Bench *bench)
{
    if (!served_make(bench->arena, &bench->served) || !import_results(bench) || !served_start(&bench->served) ||
        !make_requests(bench))
        return false;
    for (CaseName name = TRIVIAL_GET; name < DURABLE_CREATE; name++)
        if (!measure(bench, name))
            return false;
    return measure_creates(bench);
}

int main(int count, char **words)
{
    int64_t seconds = 3;
    if (count > 2 || (count == 2 && (!str_int(str_from(words[1]), &seconds) || seconds < 1 || seconds > 60))) {
        fprintf(stderr, "usage: %s [SECONDS]   for each case, 1 to 60\n", words[0]);
        return 64;
    }
    Bench bench = { .arena = arena_new(), .seconds = (double)seconds };
    getloadavg(&bench.load, 1);
    bool done = run(&bench);
    done = served_end(&bench.served) && done;
    if (done)
        print_figures(&bench);
    arena_free(bench.arena);
    return done ? 0 : 1;
}
