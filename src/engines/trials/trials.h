/* engines/trials/trials.h: the order of trials that finds a failure at the least expected cost.
 *
 * Problem  trials one after the other, until one fails or all have held. Each has a cost, which is spent when it is
 *          begun, and a chance of failing, independent of the others; some come after others. Wanted is the order with
 *          the least expected cost: the sum of each trial's cost times the chance that all before it have held.
 * Method   without precedence, by rising cost per chance of failing (Mitten, An analytic solution to the least cost
 *          testing sequence problem, Journal of Industrial Engineering 11, 1960); what cannot fail goes last. With
 *          precedence that rule is wrong and the problem hard in general (Rostami, Creemers, Wei and Leus, Sequential
 *          testing of n-out-of-n systems: precedence theorems and exact methods, KU Leuven 2018, and Kelly 1982 there);
 *          every set of trials that can have been done is then solved, from the last back to none (dynamic programming,
 *          exact).
 * Twins    trials that come after the same ones and before the same ones, in all, are taken in the order of that rule
 *          alone. Some best order has them so: let b go before its better twin a, with trials U between them. Two
 *          neighbouring stretches are in the right order if the first has the smaller cost per chance of failing, as
 *          trials have; so that either b and U, or U and a, can change places at no loss, and then a and b. Nothing
 *          in U comes after b or before a, as the same would then come after a or before b. So without precedence there
 *          are as many sets as trials.
 * Ties     between twins of the same cost per chance, and between steps from which the same is to be expected, the one
 *          that was entered first.
 * Exact    whole numbers alone: expected costs are kept in 100^-n of the unit, 256 bits. Given out rounded, half up.
 * Firmness the same with one chance 10 points lower, and 10 higher, trial by trial, where that is another chance (0 and
 *          100 are the ends): in how many of these worlds the first trial stays first, and which chances turn it. */
#ifndef FM_ENGINES_TRIALS_H
#define FM_ENGINES_TRIALS_H

#include "base/arena.h"
#include "base/err.h"

#define TRIALS_MAX      30
#define TRIALS_SETS_MAX 10000 /* of trials that can have been done; more take longer than anybody waits */
#define TRIALS_COST_MAX INT64_C(1000000000000000)
#define TRIALS_STEP     10 /* points of a chance, for its firmness */

typedef struct Trial {
    int64_t  cost;   /* 0 .. TRIALS_COST_MAX */
    int32_t  chance; /* of failing; per cent, 0 .. 100 */
    uint32_t after;  /* bit i: after trial i */
} Trial;

typedef struct TrialStep {
    size_t  trial;
    int64_t reach;   /* chance to get so far that it is begun; tenths of a per cent */
    int64_t so_far;  /* expected cost with it and all before it */
    bool    decides; /* with its chance 10 points lower or higher another trial would be first */
} TrialStep;

typedef struct TrialOrder {
    size_t    count;
    TrialStep steps[TRIALS_MAX];
    int64_t   expected;
    int64_t   entered;      /* the same in the order in which they were entered, as far as precedence lets it be */
    int64_t   whole;        /* all of them */
    size_t    worlds, kept; /* in how many the first is as it is */
} TrialOrder;

/* trials: 1 .. TRIALS_MAX of them. ECODE_TRIALS_MANY; ECODE_TRIALS_CYCLE where some come after each other in a circle
 * (trials_circle); ECODE_TRIALS_SETS; ECODE_EXPR_OVERFLOW for a cost or chance beyond its bounds, or an `after` that is
 * no trial. *out is then untouched. */
Err trials_order(Arena *arena, const Trial *trials, size_t count, TrialOrder *out) MUST_CHECK;

/* Which of them stand in a circle or between two; 0: none. At most TRIALS_MAX. */
uint32_t trials_circle(const Trial *trials, size_t count);

#endif
