/* kernel/clock_view.c: see clock_view.h. */
#include "kernel/clock_view.h"

#include "kernel/clock.h"

/* ---- in words ---- */

typedef enum Word { WORD_LEFT, WORD_LAST, WORD_OVER, WORD_LATE, WORD_ENDS, WORD_PAST, WORD_PAUSED, WORD_COUNT } Word;

/* of days of all kinds, and of working days; one, and several */
static const struct {
    Text one[2], several[2];
} words[WORD_COUNT] = {
    [WORD_LEFT] = { { TEXT_INIT("还剩 1 天", "1 day left"), TEXT_INIT("还剩 1 个工作日", "1 working day left") },
                    { TEXT_INIT("还剩 {n} 天", "{n} days left"),
                      TEXT_INIT("还剩 {n} 个工作日", "{n} working days left") } },
    [WORD_LAST] = { { TEXT_INIT("今天截止", "due today"), TEXT_INIT("今天截止", "due today") },
                    { TEXT_INIT("今天截止", "due today"), TEXT_INIT("今天截止", "due today") } },
    [WORD_OVER] = { { TEXT_INIT("已逾期", "late"), TEXT_INIT("已逾期", "late") },
                    { TEXT_INIT("已逾期", "late"), TEXT_INIT("已逾期", "late") } },
    [WORD_LATE] = { { TEXT_INIT("逾期 1 天", "1 day late"), TEXT_INIT("逾期 1 个工作日", "1 working day late") },
                    { TEXT_INIT("逾期 {n} 天", "{n} days late"),
                      TEXT_INIT("逾期 {n} 个工作日", "{n} working days late") } },
    [WORD_ENDS] = { { TEXT_INIT("今天届满", "ends today"), TEXT_INIT("今天届满", "ends today") },
                    { TEXT_INIT("今天届满", "ends today"), TEXT_INIT("今天届满", "ends today") } },
    [WORD_PAST] = { { TEXT_INIT("已届满", "over"), TEXT_INIT("已届满", "over") },
                    { TEXT_INIT("已届满", "over"), TEXT_INIT("已届满", "over") } },
    [WORD_PAUSED] = { { TEXT_INIT("已中止，还剩 1 天", "paused, 1 day left"),
                        TEXT_INIT("已中止，还剩 1 个工作日", "paused, 1 working day left") },
                      { TEXT_INIT("已中止，还剩 {n} 天", "paused, {n} days left"),
                        TEXT_INIT("已中止，还剩 {n} 个工作日", "paused, {n} working days left") } },
};

static Word word_of(const Clock *clock, const ClockStand *stand, int64_t left, bool over)
{
    if (stand->paused)
        return WORD_PAUSED;
    if (over)
        return clock->waits ? WORD_PAST : left < 0 ? WORD_LATE : WORD_OVER;
    return left > 0 ? WORD_LEFT : clock->waits ? WORD_ENDS : WORD_LAST;
}

static Str clock_words(const Ctx *ctx, const Clock *clock, const ClockStand *stand, int64_t left, bool over)
{
    Word    word = word_of(clock, stand, left, over);
    int64_t days = left < 0 ? -left : left;
    Text    text = days == 1 ? words[word].one[clock->working] : words[word].several[clock->working];
    ErrArg  n = ARG("n", str_printf(ctx->arena, "%lld", (long long)days));
    Str     said = text_fill(ctx->arena, text.in[ctx->lang], &n, 1, ctx->lang);
    if (!clock_provisional(clock, ctx->city->pack->calendar, stand))
        return said;
    return str_printf(ctx->arena, ctx->lang == LANG_ZH ? "%.*s（暂定）" : "%.*s (provisional)", STR_FMT(said));
}

/* ---- as JSON ---- */

static void put_day(const Ctx *ctx, Json *json, const char *name, int64_t day)
{
    json_set_str(ctx->arena, json, str_from(name), date_text(ctx->arena, day));
}

static Json *clock_json(const Ctx *ctx, const Clock *clock, const ClockStand *stand, int64_t now_ms)
{
    const Pack *pack = ctx->city->pack;
    int64_t     today = instant_day(now_ms, pack->utc_offset_minutes);
    int64_t     left = clock_left(clock, pack->calendar, stand, today);
    bool        over = stand->runs && stand->due <= clock_ended(clock, now_ms, pack->utc_offset_minutes);
    Json       *json = json_object(ctx->arena);
    json_set_str(ctx->arena, json, STR("name"), clock->name);
    json_set_str(ctx->arena, json, STR("label"), clock->label.in[ctx->lang]);
    json_set_str(ctx->arena, json, STR("kind"), clock->working ? STR("working") : STR("calendar"));
    put_day(ctx, json, "from", stand->from);
    json_set_int(ctx->arena, json, STR("days"), stand->days);
    put_day(ctx, json, stand->paused ? "paused" : "due", stand->paused ? stand->since : stand->due);
    json_set_int(ctx->arena, json, STR("days_left"), left);
    json_set_bool(ctx->arena, json, STR("late"), over && clock_limits(clock));
    json_set_bool(ctx->arena, json, STR("provisional"), clock_provisional(clock, pack->calendar, stand));
    json_set_str(ctx->arena, json, STR("text"), clock_words(ctx, clock, stand, left, over));
    if (clock->source.in[ctx->lang].len)
        json_set_str(ctx->arena, json, STR("source"), clock->source.in[ctx->lang]);
    return json;
}

Json *clock_stand_json(const Ctx *ctx, const Record *record, const Clock *clock)
{
    ClockStand stand = clock_stand(clock, record->values);
    return clock_json(ctx, clock, &stand, ctx->now_ms);
}

Json *clocks_json(const Ctx *ctx, const Record *record, int64_t now_ms, const Wanted *wanted)
{
    Json *list = NULL;
    for (size_t i = 0; i < record->type->clock_count; i++) {
        const Clock *clock = &record->type->clocks[i];
        ClockStand   stand = clock_stand(clock, record->values);
        bool         asked = !wanted || !wanted->fields || wanted->fields[clock->first + CLOCK_DUE] ||
                     wanted->fields[clock->first + CLOCK_PAUSED];
        if (!asked || clock_reminds(clock) || !(stand.runs || stand.paused) ||
            !access_shows(&record->clearance, clock_field(record->type, clock, CLOCK_DUE)))
            continue;
        list = list ? list : json_array(ctx->arena);
        json_push(list, clock_json(ctx, clock, &stand, now_ms));
    }
    return list;
}
