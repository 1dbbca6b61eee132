/* services/validation/rank_seeds.h: the effect `rank_seeds`: the results of a screening round in the order of their
 * scores, the first so many on a list.
 *
 * Reads    of the list its `screening_round`, of the round its `places`; of the reviews of that round those in the
 *          state `submitted` that the actor sees: `result` and `total`.
 * Method   mean of the totals, and their sample standard deviation as the spread (missing for a single one), both to
 *          two digits, half away from zero. Higher means come first, among equals the smaller spread, one
 *          without any last, then the smaller id.
 * Firmness in what share of so many worlds each would be among those listed (engines/rank/rank.h), where every
 *          criterion of the round has a weight and every review a score for it: weights of up to a fifth more or less,
 *          the round's seed, the results in their order, their reviews by their ids. 4,000 worlds; where there are more
 *          than 1,000 reviews fewer, down to 200 from 20,000 on, which bounds the work to 4 million draws up to there.
 * Writes   `items` (rows: place, result, reviews, mean, spread, acceptability), at most LIMIT_ROWS of them; `worlds`.
 * Refuses  a round without a submitted review. */
#ifndef FM_SERVICES_VALIDATION_RANK_SEEDS_H
#define FM_SERVICES_VALIDATION_RANK_SEEDS_H

#include "kernel/effect.h"

Err rank_seeds(const Ctx *ctx, Record *list, bool *set, Problems *problems) MUST_CHECK;

#endif
