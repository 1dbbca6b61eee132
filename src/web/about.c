/* web/about.c: the program about itself: health, figures, error codes, its interface as OpenAPI,
 * and the files of its pages. */
#include "kernel/duties.h"
#include "kernel/watch.h"
#include "web/dispatch.h"
#include "web/handlers.h"
#include "web/shapes.h"

#define METRICS_BYTES_MAX 65536

void about_health(Call *call)
{
    call_bytes(call, 200, STR("application/json"), STR("{\"status\":\"ok\",\"version\":\"" APP_VERSION "\"}\n"));
}

void about_asset(Call *call)
{
    const Asset *asset = look_asset(call->params[0]);
    if (!asset) {
        call_fail(call, err_make(ECODE_PAGE_UNSEEN, "asset"), NULL);
        return;
    }
    Str etag = str_printf(call->ctx.arena, "\"%.*s\"", STR_FMT(asset->etag));
    Str known = call_header(call, STR("If-None-Match"));
    call_set_header(call, STR("ETag"), etag);
    call_set_header(call, STR("Cache-Control"), STR("public, max-age=300"));
    if (known.ptr && str_find(known, etag) < known.len)
        call_bytes(call, 304, STR_NONE, STR_NONE);
    else
        call_bytes(call, 200, asset->media_type, asset->bytes);
}

/* ---- figures ---- */

static void figure(Buf *buf, const char *name, const char *kind, const char *help, uint64_t value)
{
    buf_printf(buf, "# HELP firstmile_%s %s\n# TYPE firstmile_%s %s\nfirstmile_%s %llu\n", name, help, name, kind, name,
               (unsigned long long)value);
}

static void figures_of_requests(const App *app, Buf *buf)
{
    uint64_t replies[STATUS_CLASSES] = { 0 }, times[TIME_BUCKETS] = { 0 }, time_us = 0, sum = 0;
    unsigned loops = atomic_load(&app->loop_count);
    for (unsigned l = 0; l < loops; l++) {
        for (int i = 0; i < STATUS_CLASSES; i++)
            replies[i] += atomic_load_explicit(&app->loops[l]->replies[i], memory_order_relaxed);
        for (int i = 0; i < TIME_BUCKETS; i++)
            times[i] += atomic_load_explicit(&app->loops[l]->times[i], memory_order_relaxed);
        time_us += atomic_load_explicit(&app->loops[l]->time_us, memory_order_relaxed);
    }
    buf_add(
        buf,
        STR("# HELP firstmile_replies_total Replies by class of status.\n# TYPE firstmile_replies_total counter\n"));
    for (int i = 1; i < STATUS_CLASSES; i++)
        buf_printf(buf, "firstmile_replies_total{status=\"%dxx\"} %llu\n", i, (unsigned long long)replies[i]);
    buf_add(buf, STR("# HELP firstmile_reply_seconds From the request's head to its reply.\n"
                     "# TYPE firstmile_reply_seconds histogram\n"));
    for (int i = 0; i < TIME_BUCKETS; i++) {
        sum += times[i];
        if (i < TIME_BUCKETS - 1)
            buf_printf(buf, "firstmile_reply_seconds_bucket{le=\"%g\"} %llu\n", (double)time_bounds_ms[i] / 1000,
                       (unsigned long long)sum);
    }
    buf_printf(buf,
               "firstmile_reply_seconds_bucket{le=\"+Inf\"} %llu\nfirstmile_reply_seconds_sum %.6f\n"
               "firstmile_reply_seconds_count %llu\n",
               (unsigned long long)sum, (double)time_us / 1e6, (unsigned long long)sum);
}

/* One line a duty, of each of four names. */
static void figures_of_duties(const City *city, Buf *buf)
{
    static const struct {
        const char *name, *kind, *help;
    } figures[] = { { "duty_runs_total", "counter", "Runs of what the city does by itself." },
                    { "duty_failures_total", "counter", "Runs that failed." },
                    { "duty_last_timestamp_seconds", "gauge", "When the last run ended." },
                    { "duty_last_seconds", "gauge", "How long it took." } };
    for (size_t f = 0; f < sizeof figures / sizeof figures[0]; f++) {
        buf_printf(buf, "# HELP firstmile_%s %s\n# TYPE firstmile_%s %s\n", figures[f].name, figures[f].help,
                   figures[f].name, figures[f].kind);
        for (size_t i = 0; i < duty_count; i++) {
            DutyStats    stats = duty_stats(city, i);
            const double values[] = { (double)stats.runs, (double)stats.failed, (double)stats.ended_ms / 1000,
                                      (double)stats.took_ms / 1000 };
            buf_printf(buf, "firstmile_%s{duty=\"%s\"} %.*f\n", figures[f].name, duties[i].name, f < 2 ? 0 : 3,
                       values[f]);
        }
    }
}

static Err figures_of_city(const Ctx *ctx, Buf *buf)
{
    CityFigures city;
    TRY(city_figures(ctx, &city));
    figure(buf, "events_total", "counter", "Events of the city.", (uint64_t)city.events);
    figure(buf, "database_bytes", "gauge", "Size of the database, without its log.", (uint64_t)city.database_bytes);
    figure(buf, "deliveries_waiting", "gauge", "Deliveries of webhooks and mails that wait.",
           (uint64_t)city.deliveries_waiting);
    figure(buf, "deliveries_dead", "gauge", "Deliveries of webhooks and mails that were given up.",
           (uint64_t)city.deliveries_dead);
    figure(buf, "notices_behind", "gauge", "Events not yet read for notices.", (uint64_t)city.notices_behind);
    figure(buf, "uploads_waiting", "gauge", "Uploaded files that no record holds yet.", (uint64_t)city.uploads_waiting);
    figure(buf, "jobs_open", "gauge", "Jobs that wait or run.", (uint64_t)city.jobs_open);
    figure(buf, "clock_lag_seconds", "gauge", "For how long a clock has run out that is not settled.",
           (uint64_t)(city.clock_lag_ms / 1000));
    return ERR_OK;
}

void about_metrics(Call *call)
{
    Buf         buf = buf_new(call->ctx.arena, METRICS_BYTES_MAX);
    WriterStats writer = writer_stats(call->ctx.city->writer);
    Err         err = figures_of_city(&call->ctx, &buf);
    if (err.kind) {
        call_fail(call, err, NULL);
        return;
    }
    figures_of_requests(call->app, &buf);
    figures_of_duties(call->ctx.city, &buf);
    figure(&buf, "writer_groups_total", "counter", "Commits of the writer.", writer.groups);
    figure(&buf, "writer_jobs_total", "counter", "Changes given to the writer.", writer.jobs);
    figure(&buf, "writer_failed_total", "counter", "Changes that were refused or failed.", writer.failed);
    figure(&buf, "writer_longest_group", "gauge", "Most changes in one commit.", writer.longest_group);
    figure(&buf, "writer_waiting", "gauge", "Changes waiting for the writer.", writer.waiting);
    figure(&buf, "wal_pages", "gauge", "Pages in the write-ahead log.", (uint64_t)writer.wal_pages);
    call_bytes(call, 200, STR("text/plain; version=0.0.4; charset=utf-8"), buf_str(&buf));
}

/* ---- error codes ---- */

void about_error(Call *call)
{
    Arena *arena = call->ctx.arena;
    for (ErrCode code = 0; code < ERR_CODE_COUNT; code++) {
        const ErrRow *row = err_row(code);
        if (row->kind == ERR_NONE || !str_eq(row->code, call->params[0]))
            continue;
        Json *json = json_object(arena);
        json_set_str(arena, json, STR("type"), str_printf(arena, "/errors/%.*s", STR_FMT(row->code)));
        json_set_str(arena, json, STR("title"), row->title.in[call->ctx.lang]);
        json_set_int(arena, json, STR("status"), err_http(row->kind));
        json_set_str(arena, json, STR("detail"), text_without_marks(arena, row->detail.in[call->ctx.lang]));
        call_data(call, 200, json);
        return;
    }
    call_fail(call, err_make(ECODE_PAGE_UNSEEN, "error code"), NULL);
}

/* ---- the test clock ---- */

static Err advance(Call *call, Problems *problems)
{
    int64_t   now;
    EnvAhead *clock = call->app->config.test_clock;
    if (!clock)
        return err_make(ECODE_PAGE_UNSEEN, "no test clock");
    TRY(SHAPE(call->body, problems, { "now", JSON_STRING, true }));
    if (!instant_parse(json_text(json_get(call->body, STR("now"))), &now)) {
        PROBLEM(problems, ECODE_HTTP_PARAMETER, STR("now"), STR_NONE, ARG("name", STR("now")),
                ARG("expected", STR("YYYY-MM-DDTHH:MM:SSZ")));
        return err_make(ECODE_HTTP_PARAMETER, "now");
    }
    if (env_advance(clock, now))
        return ERR_OK;
    PROBLEM(problems, ECODE_CLOCK_BACK, STR_NONE, STR_NONE,
            ARG("now", instant_text(problems->arena, env_now(&call->ctx.city->env))));
    return err_make(ECODE_CLOCK_BACK, "");
}

void about_test_clock(Call *call)
{
    Problems problems = call_problems(call);
    Json    *json = json_object(call->ctx.arena);
    Err      err = advance(call, &problems);
    if (!err.kind) {
        duties_wake(call->ctx.city, NULL);
        json_set_str(call->ctx.arena, json, STR("now"), instant_text(call->ctx.arena, env_now(&call->ctx.city->env)));
    }
    call_answer(call, err, json, &problems);
}
