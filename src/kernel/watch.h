/* kernel/watch.h: how a city stands, for those who watch over it: what waits, and how large it is. Figures, no data. */
#ifndef FM_KERNEL_WATCH_H
#define FM_KERNEL_WATCH_H

#include "kernel/city.h"

typedef struct CityFigures {
    int64_t events, database_bytes;
    int64_t deliveries_waiting, deliveries_dead; /* of webhooks and mail */
    int64_t notices_behind;                      /* events that have not been read for notices yet */
    int64_t uploads_waiting;                     /* files that no record holds yet */
    int64_t jobs_open;                           /* waiting or running */
    int64_t clock_lag_ms;                        /* kernel/clock_steps.h */
} CityFigures;

Err city_figures(const Ctx *ctx, CityFigures *out) MUST_CHECK;

#endif
