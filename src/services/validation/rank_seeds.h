/* services/validation/rank_seeds.h: the effect `rank_seeds`: the results of a screening round in the order of their
 * scores, the first so many on a list.
 *
 * Reads    of the list its `screening_round`, of the round its `places`; of the reviews of that round those in the
 *          state `submitted` that the actor sees: `result` and `total`.
 * Method   mean of the totals, and their sample standard deviation as the spread (missing for a single one), both to
 *          two digits, half away from zero. Higher means come first, among equals the smaller spread, one
 *          without any last, then the smaller id.
 * Writes   `items` (rows: place, result, reviews, mean, spread), at most LIMIT_ROWS of them.
 * Refuses  a round without a submitted review. */
#ifndef FM_SERVICES_VALIDATION_RANK_SEEDS_H
#define FM_SERVICES_VALIDATION_RANK_SEEDS_H

#include "kernel/effect.h"

Err rank_seeds(const Ctx *ctx, Record *list, bool *set, Problems *problems) MUST_CHECK;

#endif
