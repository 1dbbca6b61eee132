/* bench/load.h: HTTP load from one thread, and single requests beside it.
 *
 * Shape    closed loop: so many keep-alive connections, one request under way on each; the next is sent when the
 *          answer is whole. What is asked is one request text; the digits of its "{number}" mark count up, so
 *          that no two are alike.
 * Judged   every answer must have the wanted status and a body of Content-Length bytes; the first that
 *          has not ends the run.
 * Figures  of the answers that came whole within the measured time, which starts after a warm-up. A latency runs from
 *          the first byte sent to the last byte received, as the client sees it.
 * Errors   false, with the reason on stderr. */
#ifndef FM_BENCH_LOAD_H
#define FM_BENCH_LOAD_H

#include <sys/types.h>

#include "base/arena.h"

#define LOAD_NUMBER      "0000000000" /* stands in a request where the running number goes, and nowhere else */
#define LOAD_ANSWER_MAX  (4 << 20)
#define LOAD_WARM_UP_S   0.5
#define LOAD_CONNECTIONS 512

typedef struct LoadTarget {
    uint16_t port; /* on 127.0.0.1 */
    pid_t    pid;  /* the server's, for the time of its processor */
} LoadTarget;

typedef struct LoadPlan {
    Str    request; /* whole: head and body; at most 4 KiB, so that a socket always takes it at once */
    int    status;  /* wanted */
    int    connections;
    double seconds;
} LoadPlan;

typedef struct LoadFigures {
    double  requests_per_second, p50_us, p99_us;
    double  server_cpu_us, client_cpu_us; /* processor time for one request */
    int64_t answered;                     /* in all, warm-up and last answers too */
} LoadFigures;

typedef struct Answer {
    int status;
    Str head, body;
} Answer;

/* Says on stderr why something failed; false. */
bool complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

bool load_run(const LoadTarget *target, const LoadPlan *plan, LoadFigures *out);
/* One request on a connection of its own. */
bool load_once(Arena *arena, const LoadTarget *target, Str request, Answer *out);
/* Value of the first header of that name in an answer's head; STR_NONE when there is none. */
Str load_header(Str head, Str name);

#endif
