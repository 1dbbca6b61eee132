/* kernel/duties.h: what a served city does by itself: settle clocks, deliver notices, run jobs, sweep what is left.
 *
 * A duty is a row of duties[]. While the city is served each has a thread of its own with a reading connection; it runs
 * at once, then when it said it wants to, and earlier when it is woken. Changes go through act() and the writer, as
 * everybody's do. A duty must do nothing twice when it is cut off half-way and runs again.
 *
 * Errors   one line on stderr, and the duty runs again after DUTY_RETRY_MS. */
#ifndef FM_KERNEL_DUTIES_H
#define FM_KERNEL_DUTIES_H

#include "kernel/city.h"

#define DUTY_RETRY_MS   10000
#define DUTY_AT_MOST_MS 60000 /* no duty sleeps longer: a clock that was set forward is noticed */

typedef struct Duties Duties;

typedef struct DutyRun {
    Ctx           ctx;    /* no actor; the arena is emptied after each run */
    const Duties *duties; /* for duty_ends() */
    /* Out: when to run again, by the city's clock. As given: when woken, or after a while. */
    int64_t next_ms;
} DutyRun;

typedef struct Duty {
    const char *name; /* in the log */
    Err (*run)(DutyRun *run);
} Duty;

extern const Duty   duties[];
extern const size_t duty_count;

/* Starts all of them; city->duties is set. duties_stop() waits for each to return, and comes before
 * city_close(). */
Err  duties_start(City *city) MUST_CHECK;
void duties_stop(City *city); /* when none were started does nothing */
/* Has the duty of that name run soon; NULL: all. From any thread; a city that is not served has none. */
void duties_wake(const City *city, const char *name);
typedef struct DutyStats { /* since the city is served */
    uint64_t runs, failed;
    int64_t  ended_ms, took_ms; /* of the last run; 0: none has ended */
} DutyStats;
/* Of duties[index]; all zero when the city is not served. */
DutyStats duty_stats(const City *city, size_t index);
/* Should a run return as soon as it can? What it leaves is done when the city is served again. */
bool duty_ends(const DutyRun *run);

#endif
