/* services/validation/score_review.h: the effect `score_review`: a review speaks to the criteria of its round, with the
 * weights of the round.
 *
 * Reads    of the review its `result`, and `scores` (rows: criterion, weight, score) as the reviewer gives them; of the
 *          result its `screening_round`, and of that its `criteria` (rows: criterion, weight).
 * Writes   `screening_round`; `scores`: a row for each criterion in the round's order, with the round's weight and the
 *          score that was given for it; `total`: the sum of scores times weights by a hundred, missing until all are
 *          there.
 * Refuses  a criterion that the round does not have, or one that stands there twice. */
#ifndef FM_SERVICES_VALIDATION_SCORE_REVIEW_H
#define FM_SERVICES_VALIDATION_SCORE_REVIEW_H

#include "kernel/computation.h"

Err score_review(const Ctx *ctx, Record *review, bool *set, Computed *kept, Problems *problems) MUST_CHECK;

#endif
