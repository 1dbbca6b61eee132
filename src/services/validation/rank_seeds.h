/* services/validation/rank_seeds.h: the effect `rank_seeds`: the results of a screening round in the order of their
 * scores, the first so many on a list.
 *
 * Reads    of the list its `screening_round`; of the round its `places`, where the pack has them its `aggregation`
 *          (else by the mean), `seed` and the weights of its `criteria`; of the reviews of that round those in the
 *          state `submitted` that the actor sees: `result`, `total`, and where the pack has them `reviewer` and the
 *          `scores`.
 * Method   the engine `screening` (services/validation/screening.h).
 * Writes   `items` (rows: place, result, reviews, mean, spread), at most LIMIT_ROWS of them; spread where there are
 *          SCREENING_REVIEWS at least, since of two reviews it tells both with their mean; where the pack has them in
 *          `items` ranked_score and error (of a corrected mean alone), where another rule than the mean ranks, and
 *          acceptability; `worlds`; `ranked_by`.
 * Keeps    the engine's input and result. Judges are numbers there; who may read it is for the pack to say: whoever
 *          knows who judged what, and how severe each is, can tell who gave which score.
 * Refuses  a round without a submitted review. */
#ifndef FM_SERVICES_VALIDATION_RANK_SEEDS_H
#define FM_SERVICES_VALIDATION_RANK_SEEDS_H

#include "kernel/computation.h"

Err rank_seeds(const Ctx *ctx, Record *list, bool *set, Computed *kept, Problems *problems) MUST_CHECK;

#endif
