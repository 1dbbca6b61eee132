#include "engines/trials/trials.h"

__extension__ typedef unsigned __int128 Wide;

/* ---- numbers of 256 bits ---- */

#define LIMBS 4

typedef struct Big {
    uint64_t limb[LIMBS]; /* the lowest first */
} Big;

static Big big(uint64_t number) { return (Big){ { number } }; }

static Big big_times(Big a, uint64_t b)
{
    Wide carry = 0;
    for (size_t i = 0; i < LIMBS; i++) {
        carry += (Wide)a.limb[i] * b;
        a.limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return a;
}

static Big big_plus(Big a, Big b)
{
    Wide carry = 0;
    for (size_t i = 0; i < LIMBS; i++) {
        carry += (Wide)a.limb[i] + b.limb[i];
        a.limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return a;
}

static Big big_divided(Big a, uint64_t b)
{
    Wide rest = 0;
    for (size_t i = LIMBS; i-- > 0;) {
        rest = rest << 64 | a.limb[i];
        a.limb[i] = (uint64_t)(rest / b);
        rest %= b;
    }
    return a;
}

static bool big_less(const Big *a, const Big *b)
{
    size_t i = LIMBS - 1;
    while (i && a->limb[i] == b->limb[i])
        i--;
    return a->limb[i] < b->limb[i];
}

static Big hundreds(size_t power) /* 100^power */
{
    Big one = big(1);
    while (power--)
        one = big_times(one, 100);
    return one;
}

/* number / 100^power, half up. */
static int64_t rounded(Big number, size_t power)
{
    Big twice = big_plus(big_times(number, 2), hundreds(power));
    while (power--)
        twice = big_divided(twice, 100);
    return (int64_t)big_divided(twice, 2).limb[0];
}

/* ---- what comes after what ---- */

static uint32_t bit(size_t trial) { return UINT32_C(1) << trial; }

/* What is left when trials that wait for none of the rest are taken away, one by one; or, the other way round, those
 * that none of the rest waits for. */
static uint32_t peeled(const Trial *trials, size_t count, uint32_t left, bool from_front)
{
    bool any = true;
    while (any) {
        any = false;
        for (size_t i = 0; i < count; i++) {
            bool waits = from_front && (trials[i].after & left);
            for (size_t k = 0; k < count && !from_front; k++)
                waits = waits || ((left & bit(k)) && (trials[k].after & bit(i)));
            if ((left & bit(i)) && !waits) {
                left &= ~bit(i);
                any = true;
            }
        }
    }
    return left;
}

uint32_t trials_circle(const Trial *trials, size_t count)
{
    uint32_t all = (uint32_t)((UINT64_C(1) << count) - 1);
    return peeled(trials, count, peeled(trials, count, all, true), false);
}

typedef struct Plan {
    const Trial *trials;
    size_t       count;
    int32_t      chances[TRIALS_MAX];
    uint32_t     before[TRIALS_MAX]; /* all that a trial comes after */
    uint32_t     behind[TRIALS_MAX]; /* all that come after it */
} Plan;

static void close_over(Plan *plan)
{
    size_t n = plan->count;
    for (size_t i = 0; i < n; i++)
        plan->before[i] = plan->trials[i].after;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < n; i++)
            if (plan->before[i] & bit(k))
                plan->before[i] |= plan->before[k];
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            if (plan->before[k] & bit(i))
                plan->behind[i] |= bit(k);
}

/* By cost per chance of failing. */
static bool goes_before(const Plan *plan, size_t a, size_t b)
{
    int64_t cost_a = plan->trials[a].cost, cost_b = plan->trials[b].cost;
    int32_t chance_a = plan->chances[a], chance_b = plan->chances[b];
    if (!chance_a || !chance_b)
        return !chance_a == !chance_b ? a < b : chance_a > 0;
    int64_t left = cost_a * chance_b, right = cost_b * chance_a;
    return left != right ? left < right : a < b;
}

/* What must have been done before each, its better twins among it. */
static void waits(const Plan *plan, uint32_t *out)
{
    for (size_t i = 0; i < plan->count; i++) {
        out[i] = plan->before[i];
        for (size_t k = 0; k < plan->count; k++) {
            bool twins = k != i && plan->before[i] == plan->before[k] && plan->behind[i] == plan->behind[k];
            if (twins && goes_before(plan, k, i))
                out[i] |= bit(k);
        }
    }
}

/* ---- the sets of trials that can have been done ---- */

#define SLOTS 32768 /* a power of two, three times as many as sets */

typedef struct Sets {
    uint32_t waits[TRIALS_MAX];
    uint32_t done[TRIALS_SETS_MAX]; /* by how many they are */
    uint16_t slots[SLOTS];          /* 1 + which; 0: free */
    size_t   count;
    Big      value[TRIALS_SETS_MAX]; /* still to be expected, in 100^-(trials left) */
    uint8_t  next[TRIALS_SETS_MAX];
} Sets;

/* Its slot, or the free one where it would stand. */
static uint16_t *slot_of(Sets *sets, uint32_t done)
{
    size_t at = (done * UINT32_C(2654435769)) >> 17;
    while (sets->slots[at] && sets->done[sets->slots[at] - 1] != done)
        at = (at + 1) % SLOTS;
    return &sets->slots[at];
}

static bool may_follow(const Sets *sets, uint32_t done, size_t trial)
{
    return !(done & bit(trial)) && !(sets->waits[trial] & ~done);
}

static Err find_sets(const Plan *plan, Sets *sets)
{
    memset(sets->slots, 0, sizeof sets->slots);
    sets->done[0] = 0;
    sets->count = 1;
    *slot_of(sets, 0) = 1;
    for (size_t s = 0; s < sets->count; s++)
        for (size_t i = 0; i < plan->count; i++) {
            uint32_t done = sets->done[s] | bit(i);
            if (!may_follow(sets, sets->done[s], i) || *slot_of(sets, done))
                continue;
            if (sets->count == TRIALS_SETS_MAX)
                return err_make(ECODE_TRIALS_SETS, "more than %d sets", TRIALS_SETS_MAX);
            sets->done[sets->count] = done;
            *slot_of(sets, done) = (uint16_t)++sets->count;
        }
    return ERR_OK;
}

static void value_set(const Plan *plan, Sets *sets, size_t s, const Big *scales)
{
    size_t left = plan->count - (size_t)__builtin_popcount(sets->done[s]);
    bool   any = false;
    sets->value[s] = big(0);
    for (size_t i = 0; i < plan->count; i++) {
        if (!may_follow(sets, sets->done[s], i))
            continue;
        size_t then = *slot_of(sets, sets->done[s] | bit(i)) - 1u;
        Big    value = big_plus(big_times(scales[left], (uint64_t)plan->trials[i].cost),
                                big_times(sets->value[then], (uint64_t)(100 - plan->chances[i])));
        if (any && !big_less(&value, &sets->value[s]))
            continue;
        any = true;
        sets->value[s] = value;
        sets->next[s] = (uint8_t)i;
    }
}

/* From every set that can have been done, the best that can follow. */
static Err solve(const Plan *plan, Sets *sets)
{
    Big scales[TRIALS_MAX + 1];
    for (size_t i = 0; i <= plan->count; i++)
        scales[i] = hundreds(i);
    waits(plan, sets->waits);
    TRY(find_sets(plan, sets));
    for (size_t s = sets->count; s-- > 0;)
        value_set(plan, sets, s, scales);
    return ERR_OK;
}

/* ---- telling it ---- */

static void put_steps(const Plan *plan, const size_t *order, TrialOrder *out)
{
    Big reach = big(1), so_far = big(0);
    for (size_t i = 0; i < plan->count; i++) {
        const Trial *trial = &plan->trials[order[i]];
        so_far = big_plus(big_times(so_far, 100), big_times(reach, (uint64_t)trial->cost));
        out->steps[i] = (TrialStep){ .trial = order[i],
                                     .reach = rounded(big_times(reach, 1000), i),
                                     .so_far = rounded(so_far, i) };
        reach = big_times(reach, (uint64_t)(100 - plan->chances[order[i]]));
        out->expected = out->steps[i].so_far;
    }
    out->count = plan->count;
}

/* Of those that may follow always the first. */
static int64_t cost_as_entered(const Plan *plan)
{
    size_t     order[TRIALS_MAX] = { 0 }, count = 0;
    uint32_t   done = 0;
    TrialOrder told = { 0 };
    while (count < plan->count) {
        size_t i = 0;
        while ((done & bit(i)) || (plan->before[i] & ~done))
            i++;
        order[count++] = i;
        done |= bit(i);
    }
    put_steps(plan, order, &told);
    return told.expected;
}

static void read_order(const Plan *plan, Sets *sets, size_t *order)
{
    uint32_t done = 0;
    for (size_t i = 0; i < plan->count; i++) {
        order[i] = sets->next[*slot_of(sets, done) - 1];
        done |= bit(order[i]);
    }
}

/* Which trial is first with each chance a step lower and higher. */
static Err ask_worlds(const Plan *plan, Sets *sets, TrialOrder *out)
{
    for (size_t i = 0; i < plan->count; i++) {
        TrialStep *step = &out->steps[i];
        int32_t    chance = plan->chances[step->trial];
        for (int32_t by = -TRIALS_STEP; by <= TRIALS_STEP; by += 2 * TRIALS_STEP) {
            Plan    other = *plan;
            int32_t then = chance + by < 0 ? 0 : chance + by > 100 ? 100 : chance + by;
            if (then == chance)
                continue;
            other.chances[step->trial] = then;
            TRY(solve(&other, sets));
            bool same = sets->next[0] == out->steps[0].trial;
            step->decides = step->decides || !same;
            out->worlds++;
            out->kept += same;
        }
    }
    return ERR_OK;
}

static Err check(const Trial *trials, size_t count)
{
    if (count > TRIALS_MAX)
        return err_make(ECODE_TRIALS_MANY, "%zu trials", count);
    bool sound = count > 0;
    for (size_t i = 0; i < count; i++)
        sound = sound && trials[i].cost >= 0 && trials[i].cost <= TRIALS_COST_MAX && trials[i].chance >= 0 &&
                trials[i].chance <= 100 && !((uint64_t)trials[i].after >> count);
    if (!sound)
        return err_make(ECODE_EXPR_OVERFLOW, "trials beyond their bounds");
    return trials_circle(trials, count) ? err_make(ECODE_TRIALS_CYCLE, "a circle") : ERR_OK;
}

Err trials_order(Arena *arena, const Trial *trials, size_t count, TrialOrder *out)
{
    TRY(check(trials, count));
    Plan       plan = { .trials = trials, .count = count };
    Sets      *sets = ARENA_NEW(arena, Sets);
    TrialOrder found = { 0 };
    size_t     order[TRIALS_MAX] = { 0 };
    for (size_t i = 0; i < count; i++) {
        plan.chances[i] = trials[i].chance;
        found.whole += trials[i].cost;
    }
    close_over(&plan);
    TRY(solve(&plan, sets));
    read_order(&plan, sets, order);
    put_steps(&plan, order, &found);
    found.entered = cost_as_entered(&plan);
    TRY(ask_worlds(&plan, sets, &found));
    *out = found;
    return ERR_OK;
}
