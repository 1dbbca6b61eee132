/* web/costly.c: see costly.h. */
#include "web/costly.h"

#include "base/limits.h"
#include "web/dispatch.h"

static RateSide filter_side(const Call *call)
{
    return (RateSide){ 'p', call->ctx.actor->person, LIMIT_COSTLY_FILTERS };
}

/* The words of a search become filters. */
static bool filters(const Call *call) { return call_query(call, STR("filter")).len || call_query(call, STR("q")).len; }

Err costly_admit(Call *call, Problems *problems)
{
    Str      filter = call_query(call, STR("filter"));
    RateSide side = filter_side(call);
    if (filter.len > LIMIT_FILTER_BYTES) {
        PROBLEM(problems, ECODE_EXPR_LIMIT, STR("filter"), STR_NONE);
        return err_make(ECODE_EXPR_LIMIT, "query");
    }
    int64_t wait_ms = filters(call) ? rate_wait_ms(call->app->filters, &side, 1, call->ctx.now_ms) : 0;
    if (!wait_ms)
        return ERR_OK;
    call_retry_after(call, (wait_ms + 999) / 1000, problems);
    return err_make(ECODE_RATE_LIMITED, "filter, %lld ms", (long long)wait_ms);
}

/* Was one of this call's statements stopped: the list's, or on a page one that counts it? */
static bool stopped(const Call *call, const Problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        if (problems->items[i].code == ECODE_EXPR_COST)
            return true;
    bool slow = call->reply.err.kind && call->reply.err.code == ECODE_STORE_SLOW;
    return (slow || call->stopped) && filters(call);
}

void costly_charge(Call *call, const Problems *problems)
{
    if (!stopped(call, problems))
        return;
    RateSide side = filter_side(call);
    rate_charge(call->app->filters, &side, 1, call->ctx.now_ms);
}
